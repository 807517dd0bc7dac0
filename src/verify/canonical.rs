//! One text for one value, whichever server it came from.
//!
//! Integers, decimals, character data and bytes are the same text on both sides already. Fractions of a second lose
//! trailing zeros, which PostgreSQL doesn't print; a zero date is PostgreSQL's `-infinity`; a TIME is its microseconds; BIT is its number; floating-point numbers
//! are read and printed again by one printer. JSON text differs only in how numbers are written (1e20), since both
//! servers order keys by length and bytes, put one blank after colon and comma, and escape strings alike: so numbers
//! are brought to digits and exponent, and nothing else is touched.
//!
//! A text that can't be read as its type is left as it is, so that it shows up as a difference.

use std::borrow::Cow;

use xxhash_rust::xxh3::Xxh3;

use crate::schema::{ColumnType, Table};
use crate::target::copy::bit_number;
use crate::value::{json, text};

/// Makes a cell canonical; one function for each side.
pub(super) type Canonical = for<'a> fn(&ColumnType, &'a [u8]) -> Cow<'a, [u8]>;

/// Of MySQL's text value.
pub(super) fn of_source<'a>(column_type: &ColumnType, value: &'a [u8]) -> Cow<'a, [u8]> {
    let made = match column_type {
        ColumnType::Bit { .. } => bit_number(value).map(|number| number.to_string().into_bytes()),
        ColumnType::Year => {
            ascii(value).and_then(|text| text.parse::<u16>().ok()).map(|year| year.to_string().into_bytes())
        }
        ColumnType::Time { .. } => text::time(value).map(|(negative, clock)| {
            let sign = if negative && clock.total_micros() != 0 { "-" } else { "" };
            format!("{sign}{}", clock.total_micros()).into_bytes()
        }),
        _ => return of_both(column_type, value),
    };
    made.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// Of PostgreSQL's text, as [`super::target`] selects it.
pub(super) fn of_target<'a>(column_type: &ColumnType, value: &'a [u8]) -> Cow<'a, [u8]> {
    match column_type {
        ColumnType::Bit { .. } | ColumnType::Year | ColumnType::Time { .. } => Cow::Borrowed(value),
        ColumnType::Date if value == b"-infinity" => Cow::Borrowed(b"0000-00-00"),
        ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } if value == b"-infinity" => {
            Cow::Borrowed(b"0000-00-00 00:00:00")
        }
        _ => of_both(column_type, value),
    }
}

fn of_both<'a>(column_type: &ColumnType, value: &'a [u8]) -> Cow<'a, [u8]> {
    let made = match column_type {
        // MySQL's side is the text of the equal DOUBLE; reading that as FLOAT is exact.
        ColumnType::Float { .. } => {
            ascii(value).and_then(|text| text.parse::<f32>().ok()).map(|number| format!("{number:e}"))
        }
        ColumnType::Double { .. } => {
            ascii(value).and_then(|text| text.parse::<f64>().ok()).map(|number| format!("{number:e}"))
        }
        ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } if value.contains(&b'.') => {
            let end = value.iter().rposition(|byte| *byte != b'0').map_or(0, |at| at + 1);
            let kept = value.get(..end).unwrap_or(value);
            return Cow::Borrowed(kept.strip_suffix(b".").unwrap_or(kept));
        }
        ColumnType::Json => return json(value),
        _ => return Cow::Borrowed(value),
    };
    made.map_or(Cow::Borrowed(value), |text| Cow::Owned(text.into_bytes()))
}

fn ascii(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

/// Rewrites the numbers of a JSON text; strings are copied.
fn json(value: &[u8]) -> Cow<'_, [u8]> {
    let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(byte) = rest.first() {
        let taken = match byte {
            b'"' => string_length(rest),
            b'0'..=b'9' | b'-' => rest.iter().position(|byte| !is_number(byte)).unwrap_or(rest.len()),
            _ => 1,
        };
        let (head, tail) = rest.split_at(taken.clamp(1, rest.len()));
        match byte {
            b'0'..=b'9' | b'-' => json_number(head, &mut out),
            b'"' => out.extend_from_slice(json::string_printed(head).as_ref()),
            _ => out.extend_from_slice(head),
        }
        rest = tail;
    }
    Cow::Owned(out)
}

/// Length of the string that `text` begins with, with both quotes.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Sign, digits without zeros at either end, and exponent: `-1.50e3` and `-1500` are both `-15e2`.
fn json_number(number: &[u8], out: &mut Vec<u8>) {
    if number == json::NEGATIVE_ZERO.as_bytes() {
        out.extend_from_slice(b"-0");
        return;
    }
    let split = number.iter().position(|byte| byte.eq_ignore_ascii_case(&b'e')).unwrap_or(number.len());
    let (mantissa, exponent) = number.split_at(split);
    let exponent = ascii(exponent.get(1..).unwrap_or(b"")).unwrap_or("");
    let exponent = if exponent.is_empty() { Some(0) } else { exponent.parse::<i64>().ok() };
    let (Some(decimal), Some(exponent)) = (text::decimal(mantissa), exponent) else {
        out.extend_from_slice(number);
        return;
    };
    let end = decimal.digits.iter().rposition(|digit| *digit != 0).map_or(0, |at| at + 1);
    let start = decimal.digits.iter().position(|digit| *digit != 0).unwrap_or(end);
    if number.starts_with(b"-") {
        out.push(b'-');
    }
    if start == end {
        out.push(b'0');
        return;
    }
    let power = exponent + i64::try_from(decimal.digits.len() - end).unwrap_or(i64::MAX)
        - i64::try_from(decimal.scale).unwrap_or(i64::MAX);
    out.extend(decimal.digits.iter().take(end).skip(start).map(|digit| digit + b'0'));
    out.extend_from_slice(format!("e{power}").as_bytes());
}

/// Hashes rows: each cell with its length, NULL apart from the empty text.
#[derive(Default)]
pub(super) struct RowHash {
    state: Xxh3,
}

impl RowHash {
    pub(super) fn row<'a>(
        &mut self,
        table: &Table,
        canonical: Canonical,
        cell: impl Fn(usize) -> Option<&'a [u8]>,
    ) -> u128 {
        self.state.reset();
        for (index, column) in table.columns.iter().enumerate() {
            match cell(index) {
                None => self.state.update(&[0]),
                Some(value) => {
                    let value = canonical(&column.column_type, value);
                    self.state.update(&[1]);
                    self.state.update(&(value.len() as u64).to_le_bytes());
                    self.state.update(&value);
                }
            }
        }
        self.state.digest128()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(column_type: &ColumnType, source: &str, target: &str) -> (Vec<u8>, Vec<u8>) {
        (of_source(column_type, source.as_bytes()).into_owned(), of_target(column_type, target.as_bytes()).into_owned())
    }

    #[test]
    fn equal_values_have_one_text() {
        let cases = [
            (ColumnType::Float { unsigned: false }, "0.10000000149011612", "0.1"),
            (ColumnType::Float { unsigned: false }, "3.4028234663852886e38", "3.4028235e+38"),
            (ColumnType::Double { unsigned: false }, "1.7976931348623157e308", "1.7976931348623157e+308"),
            (ColumnType::DateTime { fraction: 6 }, "2024-01-01 10:00:00.500000", "2024-01-01 10:00:00.5"),
            (ColumnType::DateTime { fraction: 3 }, "2024-01-01 10:00:00.000", "2024-01-01 10:00:00"),
            (ColumnType::Date, "0000-00-00", "-infinity"),
            (ColumnType::Timestamp { fraction: 2 }, "0000-00-00 00:00:00.00", "-infinity"),
            (ColumnType::Time { fraction: 1 }, "-00:00:01.5", "-1500000"),
            (ColumnType::Year, "0000", "0"),
            (ColumnType::Bit { bits: 3 }, "\u{5}", "5"),
            (
                ColumnType::Json,
                r#"{"a": 1e20, "b": [1.50, "1e5"]}"#,
                r#"{"a": 100000000000000000000, "b": [1.5, "1e5"]}"#,
            ),
        ];
        for (column_type, source, target) in cases {
            let (source, target) = both(&column_type, source, target);
            assert_eq!(source, target, "{column_type:?}");
        }
    }

    #[test]
    fn different_values_have_different_texts() {
        let cases = [
            (ColumnType::Json, "[1, 10]", "[11, 0]"),
            (ColumnType::Json, "-0.0", "0"),
            (ColumnType::Json, "\"1.0\"", "\"1\""),
            (ColumnType::Double { unsigned: false }, "-0", "0"),
            (ColumnType::VarChar { length: 5 }, "a", "a "),
        ];
        for (column_type, source, target) in cases {
            let (source, target) = both(&column_type, source, target);
            assert_ne!(source, target, "{column_type:?}");
        }
    }

    #[test]
    fn broken_json_ends() {
        for text in ["\"abc", "\"a\\", "-", "1e", "{"] {
            let _ = of_source(&ColumnType::Json, text.as_bytes());
        }
    }
}
