//! One connection on which the server sends its binary log: asked for everything beyond a set of GTIDs.

use std::time::Duration;

use bytes::{BufMut as _, Bytes};

use crate::binlog::Framing;
use crate::config::Source;
use crate::position::{GtidSet, GtidSource};
use crate::source::inspect::Family;
use crate::source::login::{LoginError, Session, refusal};

use super::mariadb;

/// A server that is silent for so long is gone. It says that it's there four times as often when it has nothing else to
/// say.
pub(super) const SILENCE: Duration = Duration::from_secs(20);
const HEARTBEATS: u32 = 4;
/// The largest event: a row is limited by max_allowed_packet, at most a gigabyte.
const LARGEST: usize = (1 << 30) + (1 << 20);
const COM_BINLOG_DUMP_GTID: u8 = 0x1e;

/// A running dump.
#[derive(Debug)]
pub(super) struct Dump {
    session: Session,
    silence: Duration,
}

/// Who we are to the server. The same on each connection, so that the server ends an older one of ours.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    server_id: u32,
    uuid: String,
    /// How long a server may say nothing.
    pub(super) silence: Duration,
}

impl Identity {
    /// One that no other replica has, as good as surely: the server knows replicas by their UUID.
    pub(super) fn random() -> Self {
        let uuid = GtidSource::Server { uuid: rand::random(), tag: String::new() }.to_string();
        Self { server_id: rand::random::<u32>() | 1 << 31, uuid, silence: SILENCE }
    }
}

impl Dump {
    /// Asks for everything that isn't in `from`.
    pub(super) async fn open(
        source: &Source,
        identity: &Identity,
        from: &GtidSet,
        (family, framing): (Family, Framing),
    ) -> Result<Self, LoginError> {
        let mut session = Session::open(source).await?;
        let checksum = match framing {
            Framing::Plain => "NONE",
            Framing::Crc32 => "CRC32",
        };
        let period = (identity.silence / HEARTBEATS).as_nanos();
        let uuid = &identity.uuid;
        // Servers before 8.0.26 know the older names only. A slow target makes the server wait for us.
        let settings = format!(
            "SET @source_binlog_checksum = '{checksum}', @master_binlog_checksum = '{checksum}', \
             @source_heartbeat_period = {period}, @master_heartbeat_period = {period}, \
             @replica_uuid = '{uuid}', @slave_uuid = '{uuid}', \
             SESSION net_write_timeout = 86400, SESSION net_read_timeout = 86400"
        );
        session.execute(&settings).await?;
        match family {
            Family::MySql => session.command(&request(identity.server_id, from)).await?,
            Family::MariaDb => {
                session.execute(&mariadb::greeting(from)).await?;
                session.command(&mariadb::request(identity.server_id)).await?;
            }
        }
        Ok(Self { session, silence: identity.silence })
    }

    /// The next event's bytes. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Result<Bytes, LoginError> {
        let packet = tokio::time::timeout(self.silence, self.session.packet(LARGEST)).await;
        event(packet.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))?)
    }

    /// The next event's bytes if they're there.
    pub(super) fn ready(&mut self) -> Result<Option<Bytes>, LoginError> {
        self.session.ready(LARGEST)?.map(event).transpose()
    }
}

/// Takes the byte that says what it is off an event.
fn event(packet: Bytes) -> Result<Bytes, LoginError> {
    refusal(&packet)?;
    match packet.first() {
        Some(0) => Ok(packet.slice(1..)),
        Some(0xfe) => Err(LoginError::Io(std::io::ErrorKind::UnexpectedEof.into())),
        Some(_) | None => Err(LoginError::Protocol("a packet that is no event")),
    }
}

fn request(server_id: u32, from: &GtidSet) -> Vec<u8> {
    const THROUGH_GTID: u16 = 4;
    const FIRST_POSITION: u64 = 4;
    let set = encode(from);
    let mut out = vec![COM_BINLOG_DUMP_GTID];
    out.put_u16_le(THROUGH_GTID);
    out.put_u32_le(server_id);
    out.put_u32_le(0);
    out.put_u64_le(FIRST_POSITION);
    out.put_u32_le(u32::try_from(set.len()).unwrap_or(u32::MAX));
    out.extend(set);
    out
}

/// A GTID set as the protocol has it: sources with their intervals, whose ends are exclusive. With tags there's a format
/// number around the number of sources, and each source's tag behind its UUID.
fn encode(set: &GtidSet) -> Vec<u8> {
    const TAGGED: u64 = 1;
    let mut sources: Vec<(&GtidSource, Vec<(u64, u64)>)> = Vec::new();
    for (source, low, high) in set.ranges() {
        match sources.last_mut() {
            Some((last, intervals)) if *last == source => intervals.push((low, high + 1)),
            Some(_) | None => sources.push((source, vec![(low, high + 1)])),
        }
    }
    let tagged = sources.iter().any(|(source, _)| source.is_tagged());
    let count = sources.len() as u64;
    let mut out = Vec::new();
    out.put_u64_le(if tagged { TAGGED << 56 | count << 8 | TAGGED } else { count });
    for (source, intervals) in sources {
        // MySQL's sets have no others.
        let GtidSource::Server { uuid, tag } = source else { continue };
        out.put_slice(uuid);
        if tagged {
            // A number of one byte: the lowest bit says that no more bytes follow.
            out.put_u8(u8::try_from(tag.len() << 1).unwrap_or(u8::MAX));
            out.put_slice(tag.as_bytes());
        }
        out.put_u64_le(intervals.len() as u64);
        for (low, end) in intervals {
            out.put_u64_le(low);
            out.put_u64_le(end);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_encoded_with_and_without_tags() {
        let uuid = "565dd9c7-e69f-11f1-900a-02fc00000001";
        let plain = encode(&format!("{uuid}:1-5:9").parse().expect("a set"));
        assert_eq!(plain.len(), 8 + 16 + 8 + 32);
        assert_eq!((plain[0], plain[24], plain[40], plain[48]), (1, 2, 6, 9));
        let tagged = encode(&format!("{uuid}:1-5,{uuid}:blue:7").parse().expect("a set"));
        assert_eq!((tagged[0], tagged[1], tagged[7]), (1, 2, 1));
        assert_eq!(tagged.len(), 8 + (16 + 1 + 8 + 16) + (16 + 5 + 8 + 16));
    }
}
