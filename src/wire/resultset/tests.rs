//! Payloads compared with what MySQL 9.7.4 sent for the statements named beside them.

use super::*;
use crate::wire::constants::column_flags;

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ascii"), 16).expect("hex"))
        .collect()
}

fn ok(ok: &Ok, capabilities: Capabilities) -> Vec<u8> {
    let mut out = BytesMut::new();
    ok.put(&mut out, capabilities);
    out.to_vec()
}

const PLAIN: Capabilities = Capabilities::PROTOCOL_41;
const TRACKING: Capabilities = Capabilities::PROTOCOL_41.with(Capabilities::SESSION_TRACK);

#[test]
fn ok_packets_are_mysqls() {
    let base = Ok { status: StatusFlags::AUTOCOMMIT, ..Ok::default() };
    // USE t
    assert_eq!(ok(&base, PLAIN), hex("00000002000000"));
    // BEGIN
    let begun = Ok { status: StatusFlags(3), ..Ok::default() };
    assert_eq!(ok(&begun, PLAIN), hex("00000003000000"));
    // INSERT INTO x(n) VALUES ('a'),('b')
    let inserted = Ok {
        affected_rows: 2,
        insert_id: 1,
        info: "Records: 2  Duplicates: 0  Warnings: 0".to_owned(),
        ..base.clone()
    };
    let expected = "00020102000000265265636f7264733a203220204475706c6963617465733a203020205761726e696e67733a2030";
    assert_eq!(ok(&inserted, PLAIN), hex(expected));
    assert_eq!(ok(&inserted, TRACKING), hex(expected));
    // DROP TABLE IF EXISTS x
    assert_eq!(ok(&Ok { warnings: 1, ..base.clone() }, PLAIN), hex("00000002000100"));
    // USE t, with session tracking
    let used = Ok { changes: vec![StateChange::Schema("t".to_owned())], ..base };
    assert_eq!(ok(&used, TRACKING), hex("00000002400000000401020174"));
    assert_eq!(ok(&used, PLAIN), hex("00000002000000"));
    // SET autocommit = 0, with session tracking
    let set = Ok { changes: vec![StateChange::Variable("autocommit".to_owned(), "OFF".to_owned())], ..Ok::default() };
    assert_eq!(ok(&set, TRACKING), hex("000000004000000011000f0a6175746f636f6d6d6974034f4646"));
}

#[test]
fn results_end_as_in_mysql() {
    let mut out = BytesMut::new();
    put_eof(&mut out, StatusFlags(0x22), 0);
    assert_eq!(out.to_vec(), hex("fe00002200"));
    out.clear();
    Ok { status: StatusFlags::AUTOCOMMIT, ..Ok::default() }.put_end(&mut out, PLAIN);
    assert_eq!(out.to_vec(), hex("fe000002000000"));
}

#[test]
fn column_definitions_are_mysqls() {
    let definition = |name, collation, length, field, flags, decimals| {
        let mut out = BytesMut::new();
        let base = ColumnDefinition {
            schema: "t",
            table: "x",
            org_table: "x",
            name,
            org_name: name,
            collation,
            length,
            field,
            flags,
            decimals,
        };
        base.put(&mut out);
        out.to_vec()
    };
    use column_flags as f;
    let id = f::NOT_NULL | f::PRI_KEY | f::UNSIGNED | f::AUTO_INCREMENT | f::PART_KEY;
    assert_eq!(
        definition("id", 63, 10, FieldType::Long, id, 0),
        hex("036465660174017801780269640269640c3f000a000000032342000000")
    );
    let unique = f::UNIQUE_KEY | f::PART_KEY;
    assert_eq!(
        definition("n", 255, 80, FieldType::VarString, unique, 0),
        hex("03646566017401780178016e016e0cff0050000000fd0440000000")
    );
    assert_eq!(
        definition("d", 63, 12, FieldType::NewDecimal, 0, 2),
        hex("03646566017401780178016401640c3f000c000000f60000020000")
    );
    assert_eq!(
        definition("b", 63, 65_535, FieldType::Blob, f::BLOB | f::BINARY, 0),
        hex("03646566017401780178016201620c3f00ffff0000fc9000000000")
    );
    assert_eq!(
        definition("e", 255, 8, FieldType::Enum, f::ENUM, 0),
        hex("03646566017401780178016501650cff0008000000fe0001000000")
    );
    assert_eq!(
        definition("bi", 63, 9, FieldType::Bit, f::UNSIGNED, 0),
        hex("036465660174017801780262690262690c3f0009000000102000000000")
    );
}

#[test]
fn frames_of_every_size_are_whole_packets() {
    for length in [0, 1, MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1] {
        let mut out = BytesMut::from(&b"before"[..]);
        let mut sequence = 1;
        frame(&mut out, &mut sequence, |payload| {
            payload.put_bytes(9, length);
            Result::<(), ()>::Ok(())
        })
        .expect("nothing fails");
        assert_eq!(usize::from(sequence), 2 + length / MAX_PAYLOAD, "length {length}");
        let mut rest = out.split_off(6);
        let packet = packet::take(&mut rest, usize::MAX).expect("no limit").expect("whole");
        assert_eq!(packet.payload.len(), length);
        assert!(rest.is_empty());
    }
}

#[test]
fn a_frame_that_fails_leaves_nothing() {
    let mut out = BytesMut::from(&b"before"[..]);
    let mut sequence = 5;
    let failed = frame(&mut out, &mut sequence, |payload| {
        payload.put_u8(1);
        Err("no")
    });
    assert_eq!((failed, &out[..], sequence), (Err("no"), &b"before"[..], 5));
}
