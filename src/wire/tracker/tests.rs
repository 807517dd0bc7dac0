//! The machine against an oracle that reads whole packets, over generated replies cut at random places, and against
//! replies recorded from MySQL 9.7.4.

use bytes::{BufMut, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::wire::packet;
use crate::wire::reader::{put_lenenc, put_lenenc_bytes};

const EOF_STYLE: Capabilities = Capabilities::PROTOCOL_41;
const OK_STYLE: Capabilities = Capabilities::PROTOCOL_41.with(Capabilities::DEPRECATE_EOF);

/// Feeds `bytes` in pieces and returns the passed bytes, the kinds in order, and whether the reply was complete
/// exactly at the end.
fn run(
    shape: ReplyShape,
    capabilities: Capabilities,
    bytes: &[u8],
    cuts: &[usize],
) -> Result<(usize, Vec<Kind>), String> {
    let mut tracker = ReplyTracker::new(shape, capabilities);
    let (mut buffer, mut consumed, mut kinds, mut fed) = (BytesMut::new(), 0, Vec::new(), 0);
    let mut cut = cuts.iter().cycle();
    while fed < bytes.len() {
        let piece = cut.next().copied().unwrap_or(7).clamp(1, bytes.len() - fed);
        buffer.put_slice(&bytes[fed..fed + piece]);
        fed += piece;
        loop {
            let gone = match tracker.step(&buffer).map_err(|error| error.to_string())? {
                Step::More => break,
                Step::Pass(length) => length,
                Step::Packet { length, kind } => {
                    kinds.push(kind);
                    length
                }
            };
            let _ = buffer.split_to(gone);
            consumed += gone;
            if tracker.is_done() && consumed < bytes.len() {
                return Err(format!("done after {consumed} of {} bytes", bytes.len()));
            }
        }
    }
    if tracker.is_done() { Ok((consumed, kinds)) } else { Err(format!("not done after {consumed} bytes")) }
}

/// Writes replies packet by packet.
struct Script {
    bytes: BytesMut,
    sequence: u8,
    capabilities: Capabilities,
    kinds: Vec<Kind>,
}

impl Script {
    fn new(capabilities: Capabilities) -> Self {
        Self { bytes: BytesMut::new(), sequence: 1, capabilities, kinds: Vec::new() }
    }

    fn packet(&mut self, payload: &[u8]) {
        self.sequence = packet::put(&mut self.bytes, payload, self.sequence);
    }

    fn ok(&mut self, header: u8, status: u16) {
        let mut payload = BytesMut::new();
        payload.put_u8(header);
        put_lenenc(&mut payload, 70_000);
        put_lenenc(&mut payload, 3);
        payload.put_u16_le(status);
        payload.put_u16_le(0);
        if self.capabilities.contains(Capabilities::SESSION_TRACK) {
            put_lenenc_bytes(&mut payload, b"info");
        }
        self.packet(&payload);
        self.kinds.push(Kind::Ok);
    }

    /// The end of rows in the connection's style.
    fn end(&mut self, status: u16) {
        if self.capabilities.contains(Capabilities::DEPRECATE_EOF) {
            self.ok(0xfe, status);
        } else {
            self.eof(status);
        }
    }

    fn eof(&mut self, status: u16) {
        let [low, high] = status.to_le_bytes();
        self.packet(&[0xfe, 0, 0, low, high]);
        self.kinds.push(Kind::Eof);
    }

    fn definitions_end(&mut self, status: u16) {
        if !self.capabilities.contains(Capabilities::DEPRECATE_EOF) {
            self.eof(status);
            self.kinds.pop();
            self.kinds.push(Kind::DefinitionsEnd);
        }
    }

    fn rows(&mut self, columns: usize, described: bool, rows: &[Vec<u8>], more: u16) {
        let mut head = BytesMut::new();
        put_lenenc(&mut head, columns as u64);
        if self.capabilities.contains(Capabilities::OPTIONAL_RESULTSET_METADATA) {
            head.put_u8(u8::from(described));
        }
        self.packet(&head);
        for _ in 0..if described { columns } else { 0 } {
            self.packet(b"\x03def\x00\x00\x00\x01?");
        }
        self.definitions_end(more);
        for row in rows {
            self.packet(row);
        }
        self.end(more);
    }

    fn err(&mut self) {
        self.packet(b"\xff\x28\x04#42000no");
        self.kinds.push(Kind::Err);
    }
}

#[derive(Clone, Debug)]
enum Part {
    Ok,
    Rows { columns: usize, described: bool, rows: Vec<Vec<u8>> },
    Infile,
}

fn row() -> impl Strategy<Value = Vec<u8>> {
    // First bytes that mean something elsewhere; a row that begins with 0xfe or 0xff is at least 16 MB long.
    (prop_oneof![Just(0u8), Just(0xfb), Just(0xfc), Just(0xfd), 0u8..=0xfd], prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(first, mut rest)| {
            rest.insert(0, first);
            rest
        })
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        2 => Just(Part::Ok),
        4 => (1usize..300, any::<bool>(), prop::collection::vec(row(), 0..12))
            .prop_map(|(columns, described, rows)| Part::Rows { columns, described, rows }),
        1 => Just(Part::Infile),
    ]
}

fn styles() -> impl Strategy<Value = Capabilities> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(eof, metadata, track)| {
        let mut flags = EOF_STYLE;
        for (set, flag) in [
            (eof, Capabilities::DEPRECATE_EOF),
            (metadata, Capabilities::OPTIONAL_RESULTSET_METADATA),
            (track, Capabilities::SESSION_TRACK),
        ] {
            flags = if set { flags.with(flag) } else { flags };
        }
        flags
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_end_of_results_is_found_however_the_bytes_are_cut(
        capabilities in styles(),
        parts in prop::collection::vec(part(), 1..5),
        fails in any::<bool>(),
        cuts in prop::collection::vec(1usize..3000, 1..20),
    ) {
        let mut script = Script::new(capabilities);
        for (index, part) in parts.iter().enumerate() {
            let more = if index + 1 < parts.len() || fails { 8 } else { 0 };
            match part {
                Part::Ok => script.ok(0, 2 | more),
                Part::Rows { columns, described, rows } => {
                    let described = *described || !capabilities.contains(Capabilities::OPTIONAL_RESULTSET_METADATA);
                    script.rows(*columns, described, rows, 2 | more);
                }
                Part::Infile => {
                    script.packet(b"\xfb/tmp/file");
                    script.kinds.push(Kind::LocalInfile);
                    script.ok(0, 2 | more);
                }
            }
        }
        if fails {
            script.err();
        }
        let found = run(ReplyShape::Results, capabilities, &script.bytes, &cuts);
        prop_assert_eq!(found, Ok((script.bytes.len(), script.kinds)));
    }

    #[test]
    fn prepare_is_counted(
        capabilities in styles(),
        columns in 0u16..300,
        parameters in 0u16..300,
        described in any::<bool>(),
        cuts in prop::collection::vec(1usize..300, 1..20),
    ) {
        let optional = capabilities.contains(Capabilities::OPTIONAL_RESULTSET_METADATA);
        let described = described || !optional;
        let mut script = Script::new(capabilities);
        let mut head = BytesMut::from(&[0, 1, 0, 0, 0][..]);
        head.put_u16_le(columns);
        head.put_u16_le(parameters);
        head.put_slice(&[0, 0, 0]);
        if optional {
            head.put_u8(u8::from(described));
        }
        script.packet(&head);
        for count in [parameters, columns] {
            for _ in 0..if described { count } else { 0 } {
                script.packet(b"\x03def\x00");
            }
            if count > 0 && !capabilities.contains(Capabilities::DEPRECATE_EOF) {
                script.packet(&[0xfe, 0, 0, 2, 0]);
            }
        }
        let found = run(ReplyShape::Prepare, capabilities, &script.bytes, &cuts);
        prop_assert_eq!(found, Ok((script.bytes.len(), vec![Kind::Prepared])));
    }

    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), capabilities in styles()) {
        let shapes = [ReplyShape::Results, ReplyShape::Prepare, ReplyShape::Rows, ReplyShape::Text, ReplyShape::Simple];
        for shape in shapes {
            let _ = run(shape, capabilities, &bytes, &[3, 1, 50]);
        }
    }
}

#[test]
fn rows_of_sixteen_megabytes_and_more_are_one_row() {
    for capabilities in [EOF_STYLE, OK_STYLE] {
        for length in [MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 5, 2 * MAX_PAYLOAD] {
            let mut row = vec![0xfeu8; length];
            row[0] = if length < MAX_PAYLOAD { 0xfd } else { 0xfe };
            let mut script = Script::new(capabilities);
            script.rows(1, true, &[row, b"\x011".to_vec()], 2);
            let found = run(ReplyShape::Results, capabilities, &script.bytes, &[100_003, 5, 70_000]);
            assert_eq!(found, Ok((script.bytes.len(), script.kinds)), "{length}");
        }
    }
}

/// Each byte sequence was read from the wire of MySQL 9.7.4.
#[test]
fn recorded_replies_end_where_they_end() {
    let optional = Capabilities::OPTIONAL_RESULTSET_METADATA;
    let cases: [(&str, ReplyShape, Capabilities, &[&[u8]]); 12] = [
        (
            "no metadata",
            ReplyShape::Results,
            EOF_STYLE.with(optional),
            &[b"\x02\x00", b"\xfe\0\0\x02\0", b"\x011\x012", b"\xfe\0\0\x02\0"],
        ),
        (
            "no metadata, ok",
            ReplyShape::Results,
            OK_STYLE.with(optional),
            &[b"\x02\x00", b"\x011\x012", b"\xfe\0\0\x02\0\0\0"],
        ),
        (
            "prepare, no metadata",
            ReplyShape::Prepare,
            EOF_STYLE.with(optional),
            &[b"\0\x01\0\0\0\x02\0\x01\0\0\0\0\0", b"\xfe\0\0\x02\0", b"\xfe\0\0\x02\0"],
        ),
        (
            "prepare, no metadata, ok",
            ReplyShape::Prepare,
            OK_STYLE.with(optional),
            &[b"\0\x01\0\0\0\x02\0\x01\0\0\0\0\0"],
        ),
        ("cursor", ReplyShape::Results, EOF_STYLE, &[b"\x01", b"\x03def", b"\xfe\0\0b\0"]),
        ("cursor, ok", ReplyShape::Results, OK_STYLE, &[b"\x01", b"\x03def", b"\xfe\0\0b\0\0\0"]),
        ("fetch", ReplyShape::Rows, EOF_STYLE, &[b"\0\0\x07\0\0\0\0\0\0\0", b"\xfe\0\0B\0"]),
        ("last fetch, ok", ReplyShape::Rows, OK_STYLE, &[b"\0\0\x03\0\0\0\0\0\0\0", b"\xfe\0\0\x82\0\0\0"]),
        ("no cursor", ReplyShape::Rows, OK_STYLE, &[b"\xff\x8d\x05#HY000The statement (1) has no open cursor."]),
        ("field list", ReplyShape::Rows, EOF_STYLE, &[b"\x03def\x01t", b"\x03def\x01t\xfb", b"\xfe\0\0\x02\0"]),
        ("statistics", ReplyShape::Text, EOF_STYLE, &[b"Uptime: 514  Threads: 2"]),
        ("set option", ReplyShape::Simple, OK_STYLE, &[b"\xfe\0\0\x02\0\0\0"]),
    ];
    for (name, shape, capabilities, packets) in cases {
        let mut script = Script::new(capabilities);
        packets.iter().for_each(|payload| script.packet(payload));
        for cut in 1..script.bytes.len() {
            let found = run(shape, capabilities, &script.bytes, &[cut]).map(|(length, _)| length);
            assert_eq!(found, Ok(script.bytes.len()), "{name}, pieces of {cut}");
        }
    }
}

/// As MySQL 9.7.4 answers the execution of CALL with an OUT parameter: the EOF after the row has lost its flags.
#[test]
fn an_ok_follows_out_parameters_though_the_eof_before_it_does_not_say_so() {
    let mut script = Script::new(EOF_STYLE);
    script.packet(&[1]);
    script.packet(b"\x03def\x01d\x01r\x01r\x01a\x01a\x0c?\0\x0b\0\0\0\x03\0\0\0\0\0");
    script.definitions_end(0x100a);
    script.packet(&[0, 0, 7, 0, 0, 0]);
    script.eof(0x0002);
    script.ok(0x00, 0x0002);
    let reply = script.bytes.clone();
    let ran = run(ReplyShape::Results, EOF_STYLE, &reply, &[3, 1, 9]).expect("it ends");
    assert_eq!(ran, (reply.len(), vec![Kind::DefinitionsEnd, Kind::Eof, Kind::Ok]));
}
