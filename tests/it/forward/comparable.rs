//! What of a reply can be compared between two connections.
//!
//! * Answers about the schema say whether an index was found, and that depends on what other tests have made.
//! * Numbers of GTIDs go on.
//! * MariaDB numbers statements from where an earlier connection of its thread ended, and writes its reports of changed
//!   variables in the order of a hash of those that are tracked; Bascule tracks more of them.
//! * MariaDB says `SERVER_SESSION_STATE_CHANGED` in EOF packets, which hold no reports, also to clients that track nothing:
//!   for views, whose use switches variables to and fro. Bascule can't know whether it's that, and never says it.

use bascule::sandbox::mysql::Flavour;
use bascule::wire::packet::{HEADER_LENGTH, Header};
use bascule::wire::reply::{OkPacket, Tracker};
use bascule::wire::{Capabilities, Command, StatusFlags};
use bytes::{Bytes, BytesMut};

use super::raw::Raw;

/// The reply to a line's command without what differs from connection to connection.
pub(super) fn comparable(flavour: Flavour, client: &mut Raw, (line, payload): (&str, &[u8]), reply: &[u8]) -> Bytes {
    let of_schema = line.starts_with("Q SHOW") || line.contains("information_schema");
    let mut reply = BytesMut::from(reply);
    if of_schema {
        without_plan(&mut reply);
    }
    if flavour == Flavour::MySql {
        return without_gtids(reply, client.capabilities).freeze();
    }
    if payload.first() == Some(&(Command::StmtPrepare as u8)) {
        let id = reply.get(5..9).filter(|_| reply[4] == 0).and_then(|id| id.first_chunk::<4>());
        client.prepared.push(id.map(|id| u32::from_le_bytes(*id)));
        if let (Some(0), Some(id)) = (reply.get(4).copied(), reply.get_mut(5..9)) {
            id.fill(0);
        }
    }
    let numbered = [&b"handler ("[..], b"statement ("]
        .into_iter()
        .find_map(|before| reply.windows(before.len()).position(|window| window == before).map(|at| at + before.len()));
    if let (Some(0xff), Some(number)) = (reply.get(HEADER_LENGTH), numbered) {
        // The number's length is in the header, too.
        return Bytes::copy_from_slice(&reply[HEADER_LENGTH..number]);
    }
    in_order(reply, client.capabilities).freeze()
}

/// Every packet's place in the reply.
fn packets(reply: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(header) = reply.get(at..).and_then(Header::peek) {
        found.push((at + HEADER_LENGTH, (at + HEADER_LENGTH + header.length).min(reply.len())));
        at += HEADER_LENGTH + header.length;
    }
    found
}

/// Without the flags that tell of indexes.
fn without_plan(reply: &mut [u8]) {
    for (start, _) in packets(reply) {
        // At the end of rows, counts are of one byte each.
        if let (Some(0xfe), Some(flags)) = (reply.get(start).copied(), reply.get_mut(start + 3)) {
            *flags &= !0x30;
        }
    }
}

/// With the numbers of GTIDs left out, where an OK packet reports one.
fn without_gtids(reply: BytesMut, capabilities: Capabilities) -> BytesMut {
    let ok = reply.get(HEADER_LENGTH..).filter(|payload| payload.first() == Some(&0));
    let Some(ok) = ok.and_then(|payload| OkPacket::parse(payload, capabilities).ok()) else { return reply };
    let reports: Vec<_> = ok.trackers().filter_map(Result::ok).collect();
    if !reports.iter().any(|report| matches!(report, Tracker::Gtids(_))) {
        return reply;
    }
    let reports: Vec<String> = reports
        .iter()
        .map(|report| match report {
            Tracker::Gtids(text) => format!("GTIDs {:?}", text.split(|&byte| byte == b':').next()),
            report => format!("{report:?}"),
        })
        .collect();
    let counted = [ok.affected_rows, ok.insert_id, u64::from(ok.status.0), u64::from(ok.warnings)];
    BytesMut::from(format!("{counted:?} {reports:?}").as_bytes())
}

/// With the reports of each OK packet in alphabetical order, and EOF packets without their flag of changes.
fn in_order(mut reply: BytesMut, capabilities: Capabilities) -> BytesMut {
    for (start, end) in packets(&reply) {
        let packet = &reply[start..end];
        let tracks = capabilities.contains(Capabilities::SESSION_TRACK);
        if packet.len() == 5 && packet[0] == 0xfe && !tracks {
            reply[start + 4] &= !StatusFlags::SESSION_STATE_CHANGED.0.to_le_bytes()[1];
        } else if matches!(packet.first(), Some(0 | 0xfe)) && tracks && start == HEADER_LENGTH {
            let Ok(ok) = OkPacket::parse(packet, capabilities) else { continue };
            let mut reports: Vec<String> = ok.trackers().map(|tracker| format!("{tracker:?}")).collect();
            reports.sort();
            let counted = [ok.affected_rows, ok.insert_id, u64::from(ok.status.0), u64::from(ok.warnings)];
            reply = BytesMut::from(format!("{counted:?} {reports:?}").as_bytes());
            return reply;
        }
    }
    reply
}
