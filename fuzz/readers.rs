//! Everything that reads bytes from a socket, fed with bytes of any kind. Nothing may panic, hang or take more memory
//! than the input justifies; what is read back from what was written must be the same; and how bytes are cut on their
//! way must not matter.
//!
//! Each target takes six bytes that choose capabilities, a shape and the length of pieces, and then its input. Used by the
//! fuzz targets and, with seeded random and mutated bytes, by the ordinary tests.

use std::collections::BTreeMap;

use bascule::binlog::{Decoder, Event, Framing};
use bascule::schema::Catalogue;
use bascule::sql;
use bascule::wire::command::{StatementCommand, query_text};
use bascule::wire::execute::{self, Known};
use bascule::wire::handshake::{self, AuthSwitch, ChangeUser, Greeting, HandshakeResponse};
use bascule::wire::packet;
use bascule::wire::reply::{EofPacket, ErrPacket, OkPacket};
use bascule::wire::tracker::{PreparedHead, ReplyShape, ReplyTracker, Step};
use bascule::wire::{Capabilities, Command};
use bytes::BytesMut;

const LIMIT: usize = 1 << 20;

/// A target by name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; the names are those of the folders in `fuzz/corpus`.
pub const TARGETS: [Target; 7] = [
    ("packets", packets),
    ("requests", requests),
    ("replies", replies),
    ("handshakes", handshakes),
    ("executions", executions),
    ("events", events),
    ("rows", rows),
];

/// What the first six bytes choose.
struct Choice {
    capabilities: Capabilities,
    shape: u8,
    piece: usize,
}

fn choice(data: &[u8]) -> Option<(Choice, &[u8])> {
    let ([a, b, c, d, shape, piece], data) = data.split_first_chunk::<6>()?;
    let capabilities = Capabilities(u32::from_le_bytes([*a, *b, *c, *d]));
    Some((Choice { capabilities, shape: *shape, piece: usize::from(*piece) + 1 }, data))
}

/// The payloads in a stream of packets that arrives in pieces, and whether it ended in an error.
fn payloads(data: &[u8], piece: usize) -> (Vec<BytesMut>, bool) {
    let (mut buffer, mut found) = (BytesMut::new(), Vec::new());
    for piece in data.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            match packet::take(&mut buffer, LIMIT) {
                Ok(Some(packet)) => found.push(packet.payload),
                Ok(None) => break,
                Err(_) => return (found, true),
            }
        }
    }
    (found, false)
}

/// Packets: the same however they're cut, and what is put can be taken.
pub fn packets(data: &[u8]) {
    let Some((choice, data)) = choice(data) else { return };
    assert_eq!(payloads(data, choice.piece), payloads(data, data.len().max(1)), "pieces don't matter");
    let mut out = BytesMut::new();
    packet::put(&mut out, data, choice.shape);
    let back = packet::take(&mut out, LIMIT);
    assert!(data.len() > LIMIT || back.is_ok_and(|packet| packet.is_some_and(|packet| packet.payload == data)));
    assert!(data.len() > LIMIT || out.is_empty());
}

/// A client's commands: what they are, and what is learned from their texts.
pub fn requests(data: &[u8]) {
    let Some((choice, data)) = choice(data) else { return };
    for payload in payloads(data, choice.piece).0 {
        let Some((&first, body)) = payload.split_first() else { continue };
        let _ = StatementCommand::parse(&payload);
        let shape = ReplyShape::of(Command::from_byte(first));
        assert!(Command::from_byte(first).is_some() || shape == ReplyShape::Simple, "an ERR answers what isn't known");
        texts(body);
        if let Ok(text) = query_text(body, choice.capabilities) {
            texts(text);
        }
    }
}

/// Every look at a text.
fn texts(text: &[u8]) {
    let _ = (sql::classify(text), sql::can_be_prepared(text), sql::savepoint_name(text));
    let _ = (sql::may_call_function(text), sql::glance(text));
    let whole = text.as_ptr_range();
    for piece in sql::split(text) {
        let piece = piece.as_ptr_range();
        assert!(whole.start <= piece.start && piece.end <= whole.end, "statements are parts of the text");
    }
    if let Ok(text) = std::str::from_utf8(text) {
        let _ = sql::depends_on_time(text, &Catalogue::default(), None);
    }
}

/// The greeting and what follows it.
pub fn handshakes(data: &[u8]) {
    let Some((choice, data)) = choice(data) else { return };
    if let Ok(greeting) = Greeting::parse(data) {
        let again = greeting.encode();
        assert!(Greeting::parse(&again).is_ok(), "a greeting that was understood can be written and understood");
    }
    let _ = (handshake::is_ssl_request(data), handshake::capabilities(data));
    if let Ok(response) = HandshakeResponse::parse(data, choice.capabilities) {
        drop(response.encode());
    }
    let _ = ChangeUser::parse(data, choice.capabilities);
    if let Ok(switch) = AuthSwitch::parse(data) {
        assert_eq!(AuthSwitch::parse(&switch.encode()).as_ref(), Ok(&switch));
    }
}

/// COM_STMT_EXECUTE of a statement with so many parameters, with and without attributes.
pub fn executions(data: &[u8]) {
    let Some((choice, data)) = choice(data) else { return };
    let (parameters, long_data) = (usize::from(choice.shape), BTreeMap::new());
    for query_attributes in [false, true] {
        let known = Known { parameters, types: &[], long_data: &long_data, query_attributes };
        let Ok(types) = execute::types(data, known) else { continue };
        let known = Known { parameters, types: &types, long_data: &long_data, query_attributes };
        let _ = execute::decode(data, known);
    }
}

/// A reply: its end and the packets that count are found wherever it's cut.
pub fn replies(data: &[u8]) {
    let Some((choice, data)) = choice(data) else { return };
    let shapes = [ReplyShape::Results, ReplyShape::Simple, ReplyShape::Prepare, ReplyShape::Rows, ReplyShape::Text];
    let shape = shapes[usize::from(choice.shape) % shapes.len()];
    let followed = follow(data, choice.capabilities, shape, choice.piece);
    assert_eq!(followed, follow(data, choice.capabilities, shape, data.len().max(1)), "pieces don't matter");
    if let Ok(ok) = OkPacket::parse(data, choice.capabilities) {
        ok.trackers().for_each(drop);
        let _ = (ok.reports(), ok.matched_rows());
    }
    let _ = (EofPacket::parse(data), ErrPacket::parse(data), PreparedHead::parse(data));
}

/// The packets that were handed over, with their ends, and where the reply ended; `None` for what can't be followed.
fn follow(
    data: &[u8],
    capabilities: Capabilities,
    shape: ReplyShape,
    piece: usize,
) -> (Vec<(String, usize)>, Option<usize>) {
    let mut tracker = ReplyTracker::new(shape, capabilities);
    let (mut found, mut consumed, mut open) = (Vec::new(), 0, Vec::new());
    for piece in data.chunks(piece) {
        open.extend_from_slice(piece);
        loop {
            let length = match tracker.step(&open) {
                Ok(Step::Pass(length)) => length,
                Ok(Step::Packet { length, kind }) => {
                    found.push((format!("{kind:?}"), consumed + length));
                    length
                }
                Ok(Step::More) => break,
                Err(_) => return (found, None),
            };
            assert!(0 < length && length <= open.len(), "progress within what is there");
            open.drain(..length);
            consumed += length;
        }
        if tracker.is_done() {
            break;
        }
    }
    (found, Some(consumed))
}

/// Events of the binary log, one behind the other, with lengths that fit so that the bodies are read.
pub fn events(data: &[u8]) {
    let Some((choice, mut data)) = choice(data) else { return };
    let framing = if choice.shape.is_multiple_of(2) { Framing::Plain } else { Framing::Crc32 };
    let mut decoder = Decoder::new(framing);
    while data.len() >= 19 {
        let told = u32::from_le_bytes([data[9], data[10], data[11], data[12]]);
        let length = usize::try_from(told).unwrap_or(usize::MAX).clamp(19, data.len());
        let (event, rest) = data.split_at(length);
        data = rest;
        decode(&mut decoder, event.to_vec());
    }
}

/// A table map and an event behind it, of the code that is chosen.
pub fn rows(data: &[u8]) {
    let Some((choice, data)) = choice(data) else { return };
    let mut decoder = Decoder::new(Framing::Plain);
    for (code, body) in [19, choice.shape].into_iter().zip(data.chunks(data.len().div_ceil(2).max(1))) {
        let mut event = vec![0; 19];
        event[4] = code;
        event.extend(body);
        decode(&mut decoder, event);
    }
}

fn decode(decoder: &mut Decoder, mut event: Vec<u8>) {
    let length = u32::try_from(event.len()).unwrap_or(u32::MAX).to_le_bytes();
    event[9..13].copy_from_slice(&length);
    match decoder.event(&event.into()) {
        Ok(Event::Rows(rows)) => drop(rows.rows().map(|rows| rows.len())),
        Ok(Event::Payload(mut payload)) => while let Ok(Some(_)) = payload.event() {},
        Ok(_) | Err(_) => {}
    }
}
