use super::*;
use crate::wire::FieldType;

fn encoded(column_type: &ColumnType, value: &str) -> Result<Vec<u8>, ValueRefusal> {
    let mut out = BytesMut::new();
    encode(column_type, value.as_bytes(), &mut out).map(|()| out.to_vec())
}

const DECIMAL: ColumnType = ColumnType::Decimal { precision: 65, scale: 30, unsigned: false };

/// PostgreSQL's reading of the bytes, for the tests: digits around the point with the stated scale.
fn read_numeric(bytes: &[u8]) -> String {
    let word = |at: usize| i16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (count, weight, scale) = (word(0), word(2), word(6));
    let group = |power: i16| {
        let at = weight - power;
        if (0..count).contains(&at) { word(8 + 2 * usize::try_from(at).expect("in range")) } else { 0 }
    };
    let mut whole: String = (0..=weight.max(0)).rev().map(|power| format!("{:04}", group(power))).collect();
    whole = whole.trim_start_matches('0').to_owned();
    let fraction: String = (1..=scale / 4 + 1).map(|power| format!("{:04}", group(-power))).collect();
    let sign = if word(4) == 0x4000 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    let whole = if whole.is_empty() { "0" } else { &whole };
    format!("{sign}{whole}{point}{}", &fraction[..usize::try_from(scale).expect("not negative")])
}

#[test]
fn decimals_go_from_digits_to_digits() {
    let values = [
        "0",
        "0.00",
        "1",
        "-1",
        "10000",
        "9999",
        "0.0001",
        "0.00001",
        "-0.000000000000000000000000000001",
        "12345678901234567890123456789012345.123456789012345678901234567890",
        "100000000.5",
        "18446744073709551615",
    ];
    for value in values {
        assert_eq!(read_numeric(&encoded(&DECIMAL, value).expect("encoded")), value);
    }
    assert_eq!(encoded(&DECIMAL, "x"), Err(ValueRefusal::Malformed));
}

#[test]
fn zero_dates_are_minus_infinity_and_partial_ones_are_refused() {
    let moment = ColumnType::DateTime { fraction: 6 };
    assert_eq!(encoded(&ColumnType::Date, "0000-00-00"), Ok(i32::MIN.to_be_bytes().to_vec()));
    assert_eq!(encoded(&moment, "0000-00-00 00:00:00.000000"), Ok(i64::MIN.to_be_bytes().to_vec()));
    assert_eq!(encoded(&moment, "0000-00-00 00:00:00.000001"), Err(ValueRefusal::PartialDate));
    assert_eq!(encoded(&ColumnType::Date, "2024-00-00"), Err(ValueRefusal::PartialDate));
    assert_eq!(encoded(&ColumnType::Date, "0000-01-01"), Err(ValueRefusal::Date));
    assert_eq!(encoded(&ColumnType::DateTime { fraction: 0 }, "2024-02-30 00:00:00"), Err(ValueRefusal::Date));
    assert_eq!(encoded(&ColumnType::Date, "2000-01-02"), Ok(vec![0, 0, 0, 1]));
}

#[test]
fn text_with_nul_is_refused() {
    assert_eq!(encoded(&ColumnType::Text, "a\0b"), Err(ValueRefusal::NulInText));
    assert_eq!(encoded(&ColumnType::Json, r#"{"a\u0000": 1}"#), Err(ValueRefusal::NulInJson));
    assert!(encoded(&ColumnType::Json, r#""a\u0000""#).is_ok());
    assert!(encoded(&ColumnType::Json, r#""a\\u0000""#).is_ok());
    assert!(encoded(&ColumnType::Json, r#"{"a": -0.0, "b": "-0.0"}"#).is_ok());
}

#[test]
fn floats_must_be_exact() {
    let real = ColumnType::Float { unsigned: false };
    assert_eq!(encoded(&real, "0.10000000149011612"), Ok(0.1_f32.to_be_bytes().to_vec()));
    assert_eq!(encoded(&real, "0.1"), Err(ValueRefusal::OutOfRange));
    assert_eq!(encoded(&real, "-0"), Ok((-0.0_f32).to_be_bytes().to_vec()));
}

#[test]
fn encodings_are_of_the_types_that_tables_get() {
    use crate::schema::types::{oid, pg_type};
    let types = [
        ColumnType::TinyInt { unsigned: true, width: None },
        ColumnType::SmallInt { unsigned: true },
        ColumnType::SmallInt { unsigned: false },
        ColumnType::Int { unsigned: true },
        ColumnType::Int { unsigned: false },
        ColumnType::BigInt { unsigned: true },
        ColumnType::BigInt { unsigned: false },
        ColumnType::Bit { bits: 63 },
        ColumnType::Bit { bits: 64 },
        ColumnType::Year,
        DECIMAL,
    ];
    for column_type in types {
        let expected = match Encoding::of(&column_type) {
            Encoding::SmallInt => oid::SMALLINT,
            Encoding::Integer => oid::INTEGER,
            Encoding::BigInt | Encoding::Bits => oid::BIGINT,
            _ => oid::NUMERIC,
        };
        assert_eq!(pg_type(&column_type).map(|pg| pg.oid), Some(expected), "{column_type:?}");
    }
}

#[test]
fn integers_keep_their_whole_range() {
    let big = ColumnType::BigInt { unsigned: false };
    assert_eq!(encoded(&big, "-9223372036854775808"), Ok(i64::MIN.to_be_bytes().to_vec()));
    assert_eq!(encoded(&big, "9223372036854775807"), Ok(i64::MAX.to_be_bytes().to_vec()));
    assert_eq!(encoded(&big, "9223372036854775808"), Err(ValueRefusal::OutOfRange));
    assert_eq!(encoded(&big, "007"), Ok(7_i64.to_be_bytes().to_vec()));
    assert_eq!(encoded(&big, "-"), Err(ValueRefusal::Malformed));
    assert_eq!(encoded(&ColumnType::Year, "40000"), Err(ValueRefusal::OutOfRange));
}

/// Wherever a text is cut, the outcome is that of the whole.
#[test]
fn texts_are_checked_in_pieces_as_in_one() {
    for text in ["aé😀b".as_bytes(), b"a\xffb", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"a\0b", b""] {
        let whole = TextCheck::default().whole(text);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut check = TextCheck::default();
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                let outcome = pieces.iter().try_for_each(|piece| check.piece(piece)).and_then(|()| check.end());
                assert_eq!(outcome.is_ok(), whole.is_ok(), "{text:?} cut at {first} and {second}");
            }
        }
    }
}

#[test]
fn a_row_that_is_refused_says_which_one_it_is() {
    let column = |name: &str, column_type: ColumnType| crate::schema::Column {
        name: name.to_owned(),
        column_type,
        type_text: String::new(),
        nullable: true,
        default: crate::schema::ColumnDefault::None,
        on_update_now: None,
        auto_increment: false,
        generated: None,
        charset: None,
        collation: None,
        comment: String::new(),
        invisible: false,
        explicit_collation: false,
        default_sql: String::new(),
    };
    let name = TableName { database: "d".to_owned(), table: "t".to_owned() };
    let columns = vec![column("v", ColumnType::Text), column("w", ColumnType::Year)];
    let table = Table { name, columns, ..Table::default() };
    let mut encoder = RowEncoder::new(&table);
    let mut out = BytesMut::new();
    let columns = [FieldType::Blob, FieldType::Year].map(|field| Column { field, unsigned: true });
    encoder.row(&columns, b"\0\x08\x01a", &mut out).expect("a row");
    assert_eq!(&out[..], b"\0\x02\0\0\0\x01a\xff\xff\xff\xff");
    let error = encoder.row(&columns, b"\0\x08\x01\0", &mut out).expect_err("refused").to_string();
    assert!(error.contains("t.v of the row with key (row 2 of a table without"), "{error}");
    for malformed in [&b"\0\0\x01a"[..], b"\0\x08\x01ab", b"\x01\x08\x01a", b""] {
        assert!(matches!(encoder.row(&columns, malformed, &mut out), Err(RowError::Malformed(_))));
    }
    assert!(matches!(encoder.row(&columns[..1], b"\0\0\x01a", &mut out), Err(RowError::Malformed(_))));
}
