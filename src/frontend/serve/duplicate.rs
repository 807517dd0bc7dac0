//! The values in "Duplicate entry '…' for key '…'".
//!
//! They come from PostgreSQL's DETAIL, `Key (a, b)=(1, x) already exists.`, and are shown as MySQL shows them: fractions
//! with all their digits, instants without their zone, bytes as text where they are text. A text may contain
//! PostgreSQL's separator itself; numbers and dates can't, so what is too much is the first text's.

use crate::schema::quote::bytea;
use crate::schema::types::is_character;
use crate::schema::{Column, ColumnType, Key, Table};

/// Longest entry, in characters.
const LIMIT: usize = 64;

/// The entry that `detail` tells of.
pub(super) fn entry(detail: &str, key: Option<(&Table, &Key)>) -> Option<String> {
    let (columns, rest) = detail.strip_prefix("Key (")?.split_once(")=(")?;
    // The second is what making an index says.
    let values = rest.strip_suffix(") already exists.").or_else(|| rest.strip_suffix(") is duplicated."))?;
    let count = key.map_or_else(|| columns.matches(", ").count() + 1, |(_, key)| key.parts.len());
    let column = |at: usize| key.and_then(|(table, key)| table.column(key.parts.get(at)?.column.as_deref()?));
    let is_text = |at: usize| column(at).is_none_or(|column| is_character(&column.column_type));
    let before = (0..count.saturating_sub(1)).take_while(|at| !is_text(*at)).count();
    let mut pieces: Vec<&str> = values.splitn(before + 1, ", ").collect();
    let rest = pieces.pop().unwrap_or_default();
    let mut tail: Vec<&str> = rest.rsplitn(count.saturating_sub(before).max(1), ", ").collect();
    tail.reverse();
    pieces.extend(tail);
    let parts = pieces
        .into_iter()
        .enumerate()
        .map(|(at, value)| column(at).map_or_else(|| value.to_owned(), |column| shown(value, column)));
    // MySQL writes no dash behind parts that are empty at the beginning.
    let parts: Vec<String> = parts.collect();
    let filled = parts.iter().position(|part| !part.is_empty()).unwrap_or(parts.len().saturating_sub(1));
    Some(parts.get(filled..).unwrap_or_default().join("-").chars().take(LIMIT).collect())
}

/// One value as MySQL shows it.
fn shown(value: &str, column: &Column) -> String {
    match &column.column_type {
        ColumnType::Binary { .. }
        | ColumnType::VarBinary { .. }
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob
        | ColumnType::Geometry { .. } => {
            bytea(value.as_bytes()).map_or_else(|| value.to_owned(), |bytes| printed(&bytes))
        }
        ColumnType::Bit { bits } => {
            let Ok(number) = value.parse::<u64>() else { return value.to_owned() };
            let length = usize::from(*bits).div_ceil(8).min(8);
            printed(number.to_be_bytes().get(8 - length..).unwrap_or_default())
        }
        ColumnType::Timestamp { fraction } => {
            let local = value.rfind(['+', '-']).filter(|at| *at > 10).and_then(|at| value.get(..at));
            with_digits(local.unwrap_or(value), *fraction)
        }
        ColumnType::DateTime { fraction } | ColumnType::Time { fraction } => with_digits(value, *fraction),
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Decimal { .. }
        | ColumnType::Float { .. }
        | ColumnType::Double { .. }
        | ColumnType::Year
        | ColumnType::Date
        | ColumnType::Char { .. }
        | ColumnType::VarChar { .. }
        | ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. }
        | ColumnType::Json
        | ColumnType::Unsupported { .. } => value.to_owned(),
    }
}

/// PostgreSQL leaves zeros at the end of a fraction out.
fn with_digits(value: &str, fraction: u8) -> String {
    let digits = value.rsplit_once('.').map_or(0, |(_, digits)| digits.len());
    let missing = usize::from(fraction).saturating_sub(digits);
    let point = if digits == 0 && missing > 0 { "." } else { "" };
    format!("{value}{point}{}", "0".repeat(missing))
}

fn printed(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| if (32..127).contains(byte) { char::from(*byte).to_string() } else { format!("\\x{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_show_as_in_mysql() {
        let plain = |detail| entry(detail, None).expect("a known form");
        assert_eq!(plain("Key (id)=(1) already exists."), "1");
        assert_eq!(plain("Key (u, v)=(1, x) already exists."), "1-x");
        assert_eq!(plain("Key (a)=(2) is duplicated."), "2");
        assert_eq!(plain("Key (u)=(a, b) already exists."), "a, b");
        assert_eq!(entry("something else", None), None);
        assert_eq!(printed(&bytea(b"\\x00ff41").expect("digits")), "\\x00\\xFFA");
        assert_eq!(with_digits("2020-01-01 10:00:00.5", 3), "2020-01-01 10:00:00.500");
        assert_eq!(with_digits("10:00:00", 2), "10:00:00.00");
    }
}
