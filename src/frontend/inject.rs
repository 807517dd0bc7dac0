//! Commands of our own on the client's connection to MySQL. The client never sees them; they go out together with
//! its own, so they cost no round trip of their own where that can be helped.
//!
//! At the start of a session, and again whenever MySQL has reset it, they switch on the trackers that
//! [`super::facts`] lives from, and read the values of the variables that are followed.

use std::io;

use bytes::{BufMut, BytesMut};

use super::end::{End, framed};
use super::facts::{Facts, Heard};
use super::variables::{FOLLOWED, Wanted};
use crate::source::connect::ServerStream;
use crate::wire::reader::Reader;
use crate::wire::reply::{EofPacket, OkPacket};
use crate::wire::tracker::Kind;
use crate::wire::{Capabilities, Command, StatusFlags};

/// Largest packet of an answer to a command of ours.
const ANSWER_LIMIT: usize = 1 << 20;
/// Session settings that decide what the client's own OK packets carry, then the default database.
const SETTINGS: [&str; 5] = [
    "@@session_track_system_variables",
    "@@session_track_gtids",
    "@@session_track_transaction_info",
    "@@session_track_schema",
    "DATABASE()",
];

/// What MySQL answered to a command of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    /// One row of text; `None` is NULL.
    Row(Vec<Option<Vec<u8>>>),
    Failed(u16),
}

/// A COM_QUERY of ours, framed.
pub(super) fn query(text: &str, capabilities: Capabilities) -> bytes::Bytes {
    let mut payload = BytesMut::with_capacity(text.len() + 3);
    payload.put_u8(Command::Query as u8);
    if capabilities.contains(Capabilities::QUERY_ATTRIBUTES) {
        payload.put_slice(&[0, 1]);
    }
    payload.put_slice(text.as_bytes());
    framed(&payload, 0)
}

/// A COM_PING, framed. Its OK carries the live status flags, which an ERR before it didn't.
pub(super) fn ping() -> bytes::Bytes {
    framed(&[Command::Ping as u8], 0)
}

/// Reads the answer to one command of ours and notes what it says. Answers have one result of at most one row.
///
/// # Errors
/// What the connection reports, and `InvalidData` for something that isn't such an answer.
pub(super) async fn answer(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Reply> {
    let mut heard = Heard::default();
    let first = server.packet(ANSWER_LIMIT).await?.payload;
    match first.first() {
        Some(0x00) => {
            facts.hear(Kind::Ok, &first, &mut heard).map_err(io::Error::other)?;
            return Ok(Reply::Done);
        }
        Some(0xff) => {
            let code = crate::wire::reply::ErrPacket::parse(&first).map_err(io::Error::other)?.code;
            return Ok(Reply::Failed(code));
        }
        _ => {}
    }
    let capabilities = facts.server_capabilities;
    let mut head = Reader::new(&first);
    let columns = head.lenenc().map_err(io::Error::other)?;
    let described = !capabilities.contains(Capabilities::OPTIONAL_RESULTSET_METADATA) || head.u8() != Ok(0);
    let old_style = !capabilities.contains(Capabilities::DEPRECATE_EOF);
    for _ in 0..if described { columns } else { 0 } + u64::from(old_style) {
        server.packet(ANSWER_LIMIT).await?;
    }
    let mut row = Vec::new();
    loop {
        let packet = server.packet(ANSWER_LIMIT).await?.payload;
        match packet.first() {
            Some(0xfe) if old_style => {
                let eof = EofPacket::parse(&packet).map_err(io::Error::other)?;
                facts.note_status(eof.status, &mut heard);
                return Ok(Reply::Row(row));
            }
            Some(0xfe) => {
                let ok = OkPacket::parse(&packet, capabilities).map_err(io::Error::other)?;
                facts.note_status(StatusFlags(ok.status.0), &mut heard);
                return Ok(Reply::Row(row));
            }
            Some(0xff) => return Ok(Reply::Failed(0)),
            _ => row = cells(&packet, columns)?,
        }
    }
}

fn cells(packet: &[u8], columns: u64) -> io::Result<Vec<Option<Vec<u8>>>> {
    let mut reader = Reader::new(packet);
    let mut row = Vec::new();
    for _ in 0..columns {
        if reader.rest().first() == Some(&0xfb) {
            reader.u8().map_err(io::Error::other)?;
            row.push(None);
        } else {
            row.push(Some(reader.lenenc_bytes().map_err(io::Error::other)?.to_vec()));
        }
    }
    Ok(row)
}

/// Whether the trackers are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    Needed,
    Done,
}

/// The commands that begin a session, framed one after the other.
pub(super) fn setup_commands(capabilities: Capabilities) -> BytesMut {
    let mut columns: Vec<String> = SETTINGS.iter().map(|&setting| setting.to_owned()).collect();
    columns.extend(FOLLOWED.iter().map(|name| format!("@@SESSION.{name}")));
    let mut out = BytesMut::new();
    out.put(query(&format!("SELECT {}", columns.join(",")), capabilities));
    out.put(query(&set_trackers(&FOLLOWED.join(",")), capabilities));
    out
}

fn set_trackers(variables: &str) -> String {
    format!(
        "SET session_track_gtids=OWN_GTID, session_track_transaction_info=STATE, session_track_schema=ON, \
         session_track_system_variables='{variables}'"
    )
}

/// Reads the answers to [`setup_commands`] and asks for the client's own variables too, if it follows others.
///
/// # Errors
/// What the connection reports.
pub(super) async fn finish_setup(server: &mut End<ServerStream>, facts: &mut Facts) -> io::Result<Setup> {
    let values = answer(server, facts).await?;
    let switched = answer(server, facts).await?;
    let (Reply::Row(values), Reply::Done) = (values, switched) else { return Ok(Setup::Needed) };
    let text = |index: usize| {
        let value: Option<&Vec<u8>> = values.get(index).and_then(Option::as_ref);
        value.map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let tracked = text(0).unwrap_or_default();
    let [gtids, transaction, schema] = [1, 2, 3].map(|index| text(index).unwrap_or_default());
    facts.wanted = Wanted::new(&tracked, &gtids, &transaction).with_schema(schema == "1");
    facts.database = text(4);
    for (index, name) in FOLLOWED.iter().enumerate() {
        let value = values.get(SETTINGS.len() + index).and_then(Option::as_deref);
        facts.variables.set(name.as_bytes(), value);
    }
    let followed = |name: &str| FOLLOWED.iter().any(|known| known.eq_ignore_ascii_case(name.trim()));
    let all_followed = tracked.split(',').all(|name| name.trim().is_empty() || followed(name));
    if all_followed || !facts.client_capabilities.contains(Capabilities::SESSION_TRACK) {
        return Ok(Setup::Done);
    }
    let plain =
        tracked.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b',' | b'*' | b' ' | b'.'));
    let both = match (plain, tracked.contains('*')) {
        (true, true) => "*".to_owned(),
        (true, false) => format!("{},{tracked}", FOLLOWED.join(",")),
        (false, _) => return Ok(Setup::Done),
    };
    server.send(&query(&set_trackers(&both), facts.server_capabilities)).await?;
    answer(server, facts).await?;
    Ok(Setup::Done)
}
