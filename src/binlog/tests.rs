//! Events that a MySQL 9.7 wrote (`tests/binlog`), read back and compared with what was written; and the same bytes
//! damaged at random.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::schema::{Column, ColumnDefault, Generated, Table, TableName, column_type};

/// Every type, both row formats of JSON, a compressed transaction, a tag, a MINIMAL image, XA.
const TYPES: &str = include_str!("../../tests/binlog/types.hex");
/// A file without checksums, and a definition.
const PLAIN: &str = include_str!("../../tests/binlog/plain.hex");

const COLUMNS: &str = "id mediumint|t1 tinyint|tu tinyint unsigned|si smallint|mu mediumint unsigned|i int|\
    iu int unsigned|bi bigint|bu bigint unsigned|d decimal(65,30)|d2 decimal(9,4)|f float|db double|b1 bit(1)|\
    b11 bit(11)|b64 bit(64)|y year|da date|ti time|t3 time(3)|dt datetime|dt6 datetime(6)|ts timestamp|\
    ts2 timestamp(2)|c char(10)|v varchar(300)|l1 varchar(20)|u16 varchar(10)|bn binary(8)|vb varbinary(20)|tx text|\
    bl blob|e enum('a','b c','it''s')|s set('x','y','z')|j json|p point|c300 char(100)|g int";

fn table() -> Table {
    let column = |text: &str| {
        let (name, type_text) = text.split_once(' ').expect("a name and a type");
        let charset = match name {
            "l1" => "latin1",
            "u16" => "utf16le",
            _ => "utf8mb4",
        };
        Column {
            name: name.to_owned(),
            column_type: column_type(type_text),
            type_text: type_text.to_owned(),
            nullable: true,
            default: ColumnDefault::Null,
            on_update_now: None,
            auto_increment: false,
            generated: (name == "g").then(|| Generated {
                expression: "(`id` + 1)".to_owned(),
                stored: false,
                sql: String::new(),
            }),
            charset: Some(charset.to_owned()),
            collation: None,
            comment: String::new(),
            invisible: false,
            explicit_collation: false,
            default_sql: String::new(),
        }
    };
    let name = TableName { database: "bl".to_owned(), table: "t".to_owned() };
    Table { name, columns: COLUMNS.split('|').map(column).collect(), charset: "utf8mb4".to_owned(), ..Table::default() }
}

/// The events of a file, behind its first four bytes.
fn events(file: &str) -> Vec<Bytes> {
    let digits: Vec<u8> = file.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    let mut rest = Bytes::from(bytes).slice(4..);
    let mut events = Vec::new();
    while rest.len() > 19 {
        let length = usize::try_from(little_endian(&rest[9..13])).expect("a length");
        events.push(rest.split_to(length));
    }
    events
}

/// Decodes all events, those of compressed transactions too.
fn decoded(file: &str) -> Vec<Event> {
    let mut decoder = Decoder::new(Framing::Crc32);
    let mut all = Vec::new();
    for event in events(file) {
        match decoder.event(&event).expect("a good event") {
            Event::Payload(mut payload) => {
                while let Some(inner) = payload.event().expect("a good payload") {
                    all.push(decoder.inner(&inner).expect("a good event"));
                }
            }
            other => all.push(other),
        }
    }
    all
}

fn show(cells: &shape::Cells<'_>) -> Vec<String> {
    let text = |cell: &[u8]| match std::str::from_utf8(cell) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => cell.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    cells.iter().map(|cell| cell.as_deref().map_or("NULL".to_owned(), text)).collect()
}

type Shown = (Option<Vec<String>>, Result<Option<Vec<String>>, BinlogError>);

/// Every row's cells: before and after.
fn rows() -> Vec<Shown> {
    let table = table();
    let mut found = Vec::new();
    for event in decoded(TYPES) {
        let Event::Rows(rows) = event else { continue };
        let shape = Shape::new(&rows.map, &table).expect("both descriptions agree");
        for row in rows.rows().expect("good rows") {
            let before = row.before.as_ref().map(|image| show(&shape.cells(image, None).unwrap_or_default()));
            let after =
                row.after.as_ref().map(|image| shape.cells(image, row.before.as_ref()).map(|cells| show(&cells)));
            found.push((before, after.transpose()));
        }
    }
    found
}

#[test]
fn every_type_is_read_as_the_server_prints_it() {
    let rows = rows();
    let first = rows[0].1.clone().expect("whole").expect("inserted");
    let expected = [
        "-1",
        "-128",
        "255",
        "-32768",
        "16777215",
        "-2147483648",
        "4294967295",
        "-9223372036854775808",
        "18446744073709551615",
        "-12345678901234567890123456789012345.123456789012345678901234567890",
        "-0.0001",
        "0.10000000149011612",
        &f64::MAX.to_string(),
        "01",
        "0401",
        "ffffffffffffffff",
        "0000",
        "0000-00-00",
        "-838:59:59",
        "-00:00:01.500",
        "2024-05-00 10:00:00",
        "9999-12-31 23:59:59.999999",
        "2038-01-19 03:14:07",
        "1970-01-01 00:00:01.25",
        "ab",
        "emoji 😀",
        "é€",
        "aЖ😀",
        "dead000000000000",
        "00ff00",
        "text",
        "00",
        "it's",
        "x,z",
        "{\"b\": 1, \"c\": {\"x\": 1e100}, \"aa\": [1, 2.5, \"é\", null, true, -5000000000, 18446744073709551615]}",
        "000000000101000000000000000000f03f0000000000000040",
        "é",
        "0",
    ];
    assert_eq!(first, expected);
    let second = rows[1].1.clone().expect("whole").expect("inserted");
    let document =
        "[\"2024-01-02\", \"10:11:12.500000\", \"2024-01-02 10:11:12.000001\", 1.50, \"base64:type15:3q0=\"]";
    let expected = [
        "-8388608",
        "127",
        "0",
        "32767",
        "0",
        "2147483647",
        "0",
        "9223372036854775807",
        "0",
        "0.000000000000000000000000000000",
        "99999.9999",
        &f64::from(-3.402_823_4e38_f32).to_string(),
        "-0.00000000025",
        "00",
        "0000",
        "0000000000000000",
        "1901",
        "1000-01-01",
        "838:59:59",
        "12:34:56.789",
        "1000-01-01 00:00:00",
        "2024-01-02 03:04:05.000001",
        "0000-00-00 00:00:00",
        "NULL",
        "",
        "",
        "",
        "",
        "0000000000000000",
        "",
        "",
        "",
        "",
        "",
        document,
        "NULL",
        "NULL",
        "-8388607",
    ];
    assert_eq!(second, expected);
    let third = rows[2].1.clone().expect("whole").expect("inserted");
    assert_eq!((third[0].as_str(), third[16].as_str(), third[18].as_str()), ("7", "2155", "-00:00:01"));
}

#[test]
fn changes_of_documents_lead_to_the_servers_own_result() {
    let documents: Vec<String> =
        rows()[3..6].iter().map(|(_, after)| after.clone().expect("whole").expect("updated")[34].clone()).collect();
    assert_eq!(
        documents,
        [
            "{\"n\": {\"k\": \"v\"}, \"gone\": 0, \"list\": [1, 2, 3]}",
            "{\"n\": {\"k\": \"w\", \"a b\": \"2024-01-02\"}, \"list\": [1, \"new\", 2, 3]}",
            "{\"n\": 5, \"list\": [1, \"new\", 2, 3]}",
        ]
    );
}

#[test]
fn compressed_tagged_minimal_and_xa_transactions_are_seen() {
    let rows = rows();
    assert_eq!(rows[6].0.as_ref().expect("deleted")[0], "-1");
    let compressed: Vec<String> =
        rows[7..10].iter().map(|(_, after)| after.clone().expect("whole").expect("inserted")[25].clone()).collect();
    assert_eq!(compressed, ["x".repeat(300), "y".repeat(300), "z".to_owned()]);
    let error = rows[11].1.clone().expect_err("a MINIMAL image");
    assert!(error.to_string().contains("binlog_row_image"), "{error}");
    let all = decoded(TYPES);
    let gtids: Vec<String> = all
        .iter()
        .filter_map(|event| match event {
            Event::Gtid(gtid) => Some(gtid.gtid.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(gtids.len(), 11);
    assert!(gtids[6].ends_with(":blue:1"), "{gtids:?}");
    let prepared: Vec<&XaPrepared> = all
        .iter()
        .filter_map(|event| match event {
            Event::XaPrepared(prepared) => Some(prepared),
            _ => None,
        })
        .collect();
    assert_eq!(prepared[0], &XaPrepared { one_phase: false, xid: "X'61',X'62',7".to_owned() });
    assert_eq!(prepared[1], &XaPrepared { one_phase: true, xid: "X'6f6e65',X'',1".to_owned() });
    let queries: Vec<&QueryEvent> = all
        .iter()
        .filter_map(|event| match event {
            Event::Query(query) => Some(query),
            _ => None,
        })
        .collect();
    assert!(queries.iter().any(|query| query.text == "XA COMMIT X'61',X'62',7"));
}

#[test]
fn a_file_without_checksums_is_read_and_a_definition_has_its_session() {
    let all = decoded(PLAIN);
    let definition = all.iter().find_map(|event| match event {
        Event::Query(query) if query.text.starts_with("create") => Some(query.clone()),
        _ => None,
    });
    let definition = definition.expect("a definition");
    assert_eq!(definition.text, "create table plain(a int)");
    assert_eq!(definition.database.as_deref(), Some("bl"));
    assert_eq!(definition.collation, "utf8mb4_0900_ai_ci");
    assert!(definition.foreign_key_checks && definition.sql_mode.contains("ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES"));
    assert!(definition.time_micros > 1_700_000_000_000_000);
    assert_eq!(all.iter().filter(|event| matches!(event, Event::Rows(_))).count(), 1);
}

#[test]
fn damage_is_noticed() {
    for event in events(TYPES) {
        for at in [4, 19, event.len() / 2, event.len() - 1] {
            let mut decoder = Decoder::new(Framing::Crc32);
            let mut damaged = event.to_vec();
            damaged[at] ^= 0x10;
            assert!(decoder.event(&damaged.into()).is_err(), "byte {at} of {event:?}");
        }
    }
}

#[test]
fn another_definition_is_refused() {
    let map = decoded(TYPES).into_iter().find_map(|event| match event {
        Event::Table(map) => Some(map),
        _ => None,
    });
    let map = map.expect("a table map");
    assert_eq!(TableMap::parse(map.bytes()).expect("the same"), *map);
    for (name, other) in [("id", "mediumint unsigned"), ("d2", "decimal(9,3)"), ("dt6", "datetime"), ("v", "text")] {
        let mut table = table();
        let column = table.columns.iter_mut().find(|column| column.name == name).expect("a column");
        column.column_type = column_type(other);
        let error = Shape::new(&map, &table).expect_err("they differ");
        assert!(error.to_string().contains(name), "{error}");
    }
    let mut table = table();
    table.columns.pop();
    assert!(Shape::new(&map, &table).is_err());
    let mut uncarried = self::table();
    uncarried.columns[25].charset = Some("gbk".to_owned());
    assert!(Shape::new(&map, &uncarried).expect_err("refused").to_string().contains("gbk"));
}

/// Reads everything that can be read of an event.
fn exhaust(decoder: &mut Decoder, event: &Bytes, table: &Table) {
    match decoder.event(event) {
        Ok(Event::Payload(mut payload)) => {
            for _ in 0..64 {
                let Ok(Some(inner)) = payload.event() else { break };
                if let Ok(Event::Rows(rows)) = decoder.inner(&inner) {
                    read(&rows, table);
                }
            }
        }
        Ok(Event::Rows(rows)) => read(&rows, table),
        Ok(_) | Err(_) => {}
    }
}

fn read(rows: &RowsEvent, table: &Table) {
    let (Ok(shape), Ok(images)) = (Shape::new(&rows.map, table), rows.rows()) else { return };
    for row in &images {
        let before = row.before.as_ref();
        for image in before.iter().copied().chain(&row.after) {
            let _ = shape.cells(image, before);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn damaged_events_never_panic(hits in prop::collection::vec((any::<u16>(), any::<u8>()), 1..12), cut in any::<u16>()) {
        let table = table();
        // Without checksums, so that the damage gets through.
        let mut decoder = Decoder::new(Framing::Plain);
        for event in events(TYPES).iter().skip(1) {
            let whole = event.slice(..event.len() - 4);
            let mut damaged = whole.to_vec();
            for (at, byte) in &hits {
                let at = usize::from(*at) % damaged.len();
                // The type and the size stay, or nothing is read at all.
                if !(4..13).contains(&at) {
                    damaged[at] = *byte;
                }
            }
            if usize::from(cut) % 3 == 0 {
                damaged.truncate(usize::from(cut) % damaged.len());
            }
            if damaged.len() > 13 {
                let length = u32::try_from(damaged.len()).expect("small").to_le_bytes();
                damaged[9..13].copy_from_slice(&length);
            }
            exhaust(&mut decoder, &damaged.into(), &table);
        }
    }

    #[test]
    fn random_bytes_never_panic(code in any::<u8>(), body in prop::collection::vec(any::<u8>(), 0..400)) {
        let table = table();
        let mut event = vec![0; 19];
        event[4] = code;
        event.extend(&body);
        let length = u32::try_from(event.len()).expect("small").to_le_bytes();
        event[9..13].copy_from_slice(&length);
        exhaust(&mut Decoder::new(Framing::Plain), &event.into(), &table);
        let _ = json::Document::parse(&body).map(|document| document.to_string());
    }
}
