//! Rows in PostgreSQL's binary COPY format, made from MySQL's text values.
//!
//! Every value is either encoded exactly or refused by name: nothing is rounded, padded, cut or replaced. Decimals go
//! from digits to digits, never through a float. FLOAT values must arrive as the text of the equal DOUBLE, because
//! MySQL prints a FLOAT with six digits only; the reader of the snapshot sees to it.
//!
//! A zero date is `-infinity`, as everywhere in Bascule: it sorts below every other date on both servers.
//!
//! What PostgreSQL can't hold: partial and impossible dates, year 0 and a time of day on a zero date; NUL in character
//! data and in the names of JSON members.

use bytes::{BufMut as _, BytesMut};

use crate::schema::types::{oid, pg_type};
use crate::schema::{ColumnType, Table, TableName};
use crate::value::json::Problem;
use crate::value::{Date, text};

/// What begins a binary COPY: signature, no flags, no header extension.
pub const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What ends it.
pub const TRAILER: &[u8] = &[0xff, 0xff];

/// Why PostgreSQL can't hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueRefusal {
    #[error("a partial date, or a zero date with a time of day")]
    PartialDate,
    #[error("a date that isn't in PostgreSQL's calendar")]
    Date,
    #[error("a NUL character in text")]
    NulInText,
    #[error("text that isn't UTF-8")]
    NotUtf8,
    #[error("a NUL character in the name of a JSON member")]
    NulInJson,
    #[error("a number out of its type's range")]
    OutOfRange,
    #[error("text that isn't a value of its type")]
    Malformed,
    #[error("a value of more than one gigabyte")]
    TooLarge,
}

/// A value that can't be carried, with the place where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} of the row with key ({key}) holds {reason}, which PostgreSQL can't store")]
pub struct Refusal {
    pub table: TableName,
    pub column: String,
    /// The row's primary key, values separated by commas; or the row's number when there is no key.
    pub key: String,
    pub reason: ValueRefusal,
}

/// PostgreSQL's least number of days or microseconds stands for `-infinity`.
const ZERO_DATE: Date = Date { year: 0, month: 0, day: 0 };

/// Encodes the rows of one table. Cells come in the order of the table's columns.
#[derive(Debug)]
pub struct RowEncoder {
    name: TableName,
    columns: Vec<(String, ColumnType)>,
    /// Positions of the primary key's columns.
    key: Vec<usize>,
    rows: u64,
}

impl RowEncoder {
    /// An encoder for rows of `table`.
    #[must_use]
    pub fn new(table: &Table) -> Self {
        let position = |name: &str| table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        let parts = table.primary_key().map_or(&[][..], |key| key.parts.as_slice());
        Self {
            name: table.name.clone(),
            columns: table.columns.iter().map(|column| (column.name.clone(), column.column_type.clone())).collect(),
            key: parts.iter().filter_map(|part| position(part.column.as_deref()?)).collect(),
            rows: 0,
        }
    }

    /// Appends one row to `out`.
    ///
    /// # Errors
    /// [`Refusal`] for the first value that PostgreSQL can't hold; what was appended of the row must not be sent.
    pub fn row<'a>(
        &mut self,
        cell: impl Fn(usize) -> Option<&'a [u8]>,
        out: &mut BytesMut,
    ) -> Result<(), Box<Refusal>> {
        self.rows += 1;
        out.put_i16(i16::try_from(self.columns.len()).expect("MySQL tables have at most 4096 columns"));
        for (index, (name, column_type)) in self.columns.iter().enumerate() {
            let Some(value) = cell(index) else {
                out.put_i32(-1);
                continue;
            };
            let start = out.len();
            out.put_i32(0);
            encode(column_type, value, out).map_err(|reason| {
                Box::new(Refusal { table: self.name.clone(), column: name.clone(), key: self.key_text(&cell), reason })
            })?;
            let length = i32::try_from(out.len() - start - 4).expect("values are limited to a gigabyte");
            if let Some(prefix) = out.get_mut(start..start + 4) {
                prefix.copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }

    fn key_text<'a>(&self, cell: impl Fn(usize) -> Option<&'a [u8]>) -> String {
        if self.key.is_empty() {
            return format!("row {} of a table without a primary key", self.rows);
        }
        let part = |index: &usize| cell(*index).map_or("NULL".to_owned(), |value| display(value).into_owned());
        self.key.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

/// A value for a message: text when it is text, else hexadecimal, and never long.
pub(crate) fn display(value: &[u8]) -> std::borrow::Cow<'_, str> {
    const LIMIT: usize = 64;
    match std::str::from_utf8(value) {
        Ok(text) if text.chars().count() <= LIMIT && !text.contains('\0') => text.into(),
        Ok(text) if !text.contains('\0') => format!("{}…", text.chars().take(LIMIT).collect::<String>()).into(),
        _ => {
            let shown = value.iter().take(LIMIT).map(|byte| format!("{byte:02x}")).collect::<String>();
            let more = if value.len() > LIMIT { "…" } else { "" };
            format!("0x{shown}{more}").into()
        }
    }
}

/// Appends the binary form of one value, without its length.
///
/// # Errors
/// The reason why PostgreSQL can't hold it.
pub fn encode(column_type: &ColumnType, value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    const GIGABYTE: usize = 1 << 30;
    if value.len() >= GIGABYTE {
        return Err(ValueRefusal::TooLarge);
    }
    match column_type {
        ColumnType::Bit { .. } => return bit(column_type, value, out),
        ColumnType::Float { .. } => out.put_f32(float(value)?),
        ColumnType::Double { .. } => out.put_f64(ascii(value)?.parse().map_err(|_| ValueRefusal::Malformed)?),
        ColumnType::Date => {
            let date = text::date(value).ok_or(ValueRefusal::Malformed)?;
            out.put_i32(if date == ZERO_DATE { i32::MIN } else { days(date)? });
        }
        ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => {
            const DAY: i64 = 86_400_000_000;
            let (date, clock) = text::date_time(value).ok_or(ValueRefusal::Malformed)?;
            let zero = date == ZERO_DATE && clock.total_micros() == 0;
            out.put_i64(if zero { i64::MIN } else { i64::from(days(date)?) * DAY + clock.total_micros() });
        }
        ColumnType::Time { .. } => {
            let (negative, clock) = text::time(value).ok_or(ValueRefusal::Malformed)?;
            let micros = clock.total_micros();
            out.put_i64(if negative { -micros } else { micros });
            // No days and no months: a TIME is hours, however many.
            out.put_i64(0);
        }
        ColumnType::Json => {
            out.put_u8(1);
            out.put_slice(json(value)?.as_bytes());
        }
        ColumnType::Char { .. }
        | ColumnType::VarChar { .. }
        | ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. } => {
            if memchr::memchr(0, value).is_some() {
                return Err(ValueRefusal::NulInText);
            }
            std::str::from_utf8(value).map_err(|_| ValueRefusal::NotUtf8)?;
            out.put_slice(value);
        }
        ColumnType::Binary { .. }
        | ColumnType::VarBinary { .. }
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob
        | ColumnType::Geometry { .. } => out.put_slice(value),
        ColumnType::Decimal { .. } => numeric(value, out)?,
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Year => integer(column_type, value, out)?,
        ColumnType::Unsupported { .. } => return Err(ValueRefusal::Malformed),
    }
    Ok(())
}

fn ascii(value: &[u8]) -> Result<&str, ValueRefusal> {
    std::str::from_utf8(value).map_err(|_| ValueRefusal::Malformed)
}

fn integer(column_type: &ColumnType, value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    let pg = pg_type(column_type).ok_or(ValueRefusal::Malformed)?;
    if pg.oid == oid::NUMERIC {
        return numeric(value, out);
    }
    let number: i64 = ascii(value)?.parse().map_err(|_| ValueRefusal::Malformed)?;
    put_integer(pg.oid, number, out)
}

fn put_integer(oid: u32, number: i64, out: &mut BytesMut) -> Result<(), ValueRefusal> {
    match oid {
        oid::SMALLINT => out.put_i16(i16::try_from(number).map_err(|_| ValueRefusal::OutOfRange)?),
        oid::INTEGER => out.put_i32(i32::try_from(number).map_err(|_| ValueRefusal::OutOfRange)?),
        _ => out.put_i64(number),
    }
    Ok(())
}

/// MySQL sends BIT(n) as big-endian bytes.
fn bit(column_type: &ColumnType, value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    let number = bit_number(value).ok_or(ValueRefusal::Malformed)?;
    if pg_type(column_type).is_some_and(|pg| pg.oid == oid::NUMERIC) {
        return numeric(number.to_string().as_bytes(), out);
    }
    out.put_i64(i64::try_from(number).map_err(|_| ValueRefusal::OutOfRange)?);
    Ok(())
}

/// The number that the big-endian bytes of a BIT value spell.
pub(crate) fn bit_number(value: &[u8]) -> Option<u64> {
    (value.len() <= 8).then(|| value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
}

fn float(value: &[u8]) -> Result<f32, ValueRefusal> {
    let wide: f64 = ascii(value)?.parse().map_err(|_| ValueRefusal::Malformed)?;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be exact just below")]
    let narrow = wide as f32;
    if f64::from(narrow) == wide { Ok(narrow) } else { Err(ValueRefusal::OutOfRange) }
}

fn days(date: Date) -> Result<i32, ValueRefusal> {
    if date.month == 0 || date.day == 0 {
        return Err(ValueRefusal::PartialDate);
    }
    date.days_since_2000().ok_or(ValueRefusal::Date)
}

/// PostgreSQL's numeric: groups of four digits around the point, the weight of the first group, sign and scale.
fn numeric(value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    const NEGATIVE: u16 = 0x4000;
    let decimal = text::decimal(value).ok_or(ValueRefusal::Malformed)?;
    let whole = decimal.digits.len() - decimal.scale;
    let lead = (4 - whole % 4) % 4;
    let mut padded = vec![0_u8; lead];
    padded.extend_from_slice(&decimal.digits);
    padded.resize(padded.len().next_multiple_of(4), 0);
    let groups: Vec<i16> = padded
        .chunks_exact(4)
        .map(|group| group.iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(*digit)))
        .collect();
    let first = groups.iter().position(|group| *group != 0).unwrap_or(groups.len());
    let last = groups.iter().rposition(|group| *group != 0).map_or(first, |at| at + 1);
    let kept = groups.get(first..last).unwrap_or(&[]);
    let small = |number: usize| i16::try_from(number).map_err(|_| ValueRefusal::OutOfRange);
    let weight = if kept.is_empty() { 0 } else { small((whole + lead) / 4)? - 1 - small(first)? };
    out.put_i16(small(kept.len())?);
    out.put_i16(weight);
    out.put_u16(if decimal.negative { NEGATIVE } else { 0 });
    out.put_i16(small(decimal.scale)?);
    for group in kept {
        out.put_i16(*group);
    }
    Ok(())
}

/// A document in the form that jsonb carries.
fn json(value: &[u8]) -> Result<String, ValueRefusal> {
    let text = std::str::from_utf8(value).map_err(|_| ValueRefusal::NotUtf8)?;
    crate::value::json::carried(text, crate::value::json::Writer::Mysql).map_err(|problem| match problem {
        Problem::Uncarried(_) => ValueRefusal::NulInJson,
        Problem::Syntax(..) | Problem::Depth => ValueRefusal::Malformed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
