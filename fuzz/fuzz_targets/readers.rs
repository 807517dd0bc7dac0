//! Feeds bytes to everything that parses what a client or a server sent. Nothing may panic, hang or take more memory
//! than the input justifies; what is read back from what was written must be the same.
//!
//! Used by the fuzz target and, with seeded random bytes, by the ordinary tests.

use std::collections::BTreeMap;

use bascule::binlog::{Decoder, Event, Framing};
use bascule::wire::Capabilities;
use bascule::wire::command::{StatementCommand, query_text};
use bascule::wire::execute::{self, Known};
use bascule::wire::handshake::{AuthSwitch, ChangeUser, Greeting, HandshakeResponse};
use bascule::wire::packet;
use bascule::wire::reply::{EofPacket, ErrPacket, OkPacket};
use bascule::wire::tracker::{ReplyShape, ReplyTracker, Step};
use bytes::BytesMut;

const LIMIT: usize = 1 << 20;

/// Reads `data` in every way. The first bytes choose capabilities and sizes.
pub fn read(data: &[u8]) {
    let Some((choice, data)) = data.split_first_chunk::<6>() else { return };
    let [a, b, c, d, shape, chunk] = *choice;
    let capabilities = Capabilities(u32::from_le_bytes([a, b, c, d]));
    packets(data);
    payload(data, capabilities);
    replies(data, capabilities, shape, usize::from(chunk) + 1);
    events(data, shape);
}

/// Events of the binary log: a table map and what follows it, with sizes that fit so that the bodies are read.
fn events(data: &[u8], code: u8) {
    let mut decoder = Decoder::new(Framing::Plain);
    for (code, body) in [19, code].into_iter().zip(data.chunks(data.len().div_ceil(2).max(1))) {
        let mut event = vec![0; 19];
        event[4] = code;
        event.extend(body);
        let length = u32::try_from(event.len()).unwrap_or(u32::MAX).to_le_bytes();
        event[9..13].copy_from_slice(&length);
        match decoder.event(&event.into()) {
            Ok(Event::Rows(rows)) => drop(rows.rows().map(|rows| rows.len())),
            Ok(Event::Payload(mut payload)) => while let Ok(Some(_)) = payload.event() {},
            Ok(_) | Err(_) => {}
        }
    }
}

fn packets(data: &[u8]) {
    let mut buffer = BytesMut::from(data);
    while let Ok(Some(packet)) = packet::take(&mut buffer, LIMIT) {
        let _ = packet;
    }
    let mut out = BytesMut::new();
    packet::put(&mut out, data, 0);
    let back = packet::take(&mut out, LIMIT);
    assert!(data.len() > LIMIT || back.is_ok_and(|packet| packet.is_some()), "what was put can be taken");
    assert!(data.len() > LIMIT || out.is_empty());
}

fn payload(data: &[u8], capabilities: Capabilities) {
    if let Ok(greeting) = Greeting::parse(data) {
        let again = greeting.encode();
        assert!(Greeting::parse(&again).is_ok(), "a greeting that was understood can be written and understood");
    }
    if let Ok(response) = HandshakeResponse::parse(data, capabilities) {
        drop(response.encode());
    }
    let _ = ChangeUser::parse(data, capabilities);
    if let Ok(switch) = AuthSwitch::parse(data) {
        drop(switch.encode());
    }
    if let Ok(ok) = OkPacket::parse(data, capabilities) {
        ok.trackers().for_each(drop);
    }
    let _ = EofPacket::parse(data);
    let _ = ErrPacket::parse(data);
    let _ = query_text(data, capabilities);
    let _ = StatementCommand::parse(data);
    let parameters = data.first().copied().map_or(0, usize::from);
    let long_data = BTreeMap::new();
    for query_attributes in [false, true] {
        let known = Known { parameters, types: &[], long_data: &long_data, query_attributes };
        let _ = execute::decode(data, known);
    }
}

fn replies(data: &[u8], capabilities: Capabilities, shape: u8, chunk: usize) {
    let shapes = [ReplyShape::Results, ReplyShape::Simple, ReplyShape::Prepare, ReplyShape::Rows, ReplyShape::Text];
    let shape = shapes.get(usize::from(shape) % shapes.len()).copied().unwrap_or(ReplyShape::Results);
    let mut tracker = ReplyTracker::new(shape, capabilities);
    let mut open = Vec::new();
    for piece in data.chunks(chunk) {
        open.extend_from_slice(piece);
        loop {
            match tracker.step(&open) {
                Ok(Step::Pass(length) | Step::Packet { length, .. }) => {
                    assert!(0 < length && length <= open.len(), "progress within what is there");
                    open.drain(..length);
                }
                Ok(Step::More) => break,
                Err(_) => return,
            }
        }
        if tracker.is_done() {
            return;
        }
    }
}
