//! Column defaults as PostgreSQL expressions, or the reason why one isn't carried.

use super::quote::{bytes, literal};
use super::types::{integer_range, is_binary, is_character};
use super::{Column, ColumnDefault, ColumnType};
use crate::value::json::{self, Writer};

/// The expression after DEFAULT; `None` when there is no default or it is NULL. The error says what isn't carried.
pub(super) fn sql(column: &Column) -> Result<Option<String>, String> {
    match &column.default {
        ColumnDefault::None | ColumnDefault::Null => Ok(None),
        ColumnDefault::Constant(text) => {
            constant(&column.column_type, text).map(Some).ok_or_else(|| format!("default '{text}'"))
        }
        ColumnDefault::Now(fraction) => now(&column.column_type, *fraction)
            .map(Some)
            .ok_or_else(|| format!("default CURRENT_TIMESTAMP on type {}", column.type_text)),
        ColumnDefault::Expression(_) if !column.default_sql.is_empty() => Ok(Some(column.default_sql.clone())),
        ColumnDefault::Expression(text) => {
            expression(column, text).map(Some).ok_or_else(|| format!("default ({text})"))
        }
    }
}

/// A constant of the column's type, in the text that information_schema prints. TIMESTAMP constants are in UTC.
fn constant(column_type: &ColumnType, text: &str) -> Option<String> {
    if is_character(column_type) {
        return Some(literal(text));
    }
    if is_binary(column_type) {
        return binary(column_type, text);
    }
    if let Some((low, high)) = integer_range(column_type) {
        let number = match text.strip_prefix("b'").and_then(|rest| rest.strip_suffix('\'')) {
            Some(bits) => i128::from_str_radix(bits, 2).ok()?,
            None => text.parse::<i128>().ok()?,
        };
        return (low..=high).contains(&number).then(|| number.to_string());
    }
    let zero_date = || text.starts_with("0000") || text.contains("-00");
    match column_type {
        ColumnType::Decimal { .. } => is_decimal(text).then(|| text.to_owned()),
        ColumnType::Float { .. } | ColumnType::Double { .. } => {
            text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| literal(text))
        }
        // The zero date is the earliest of all, and so is PostgreSQL's.
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. }
            if text.starts_with("0000-00-00") =>
        {
            Some("'-infinity'".to_owned())
        }
        ColumnType::Date | ColumnType::DateTime { .. } => (!zero_date()).then(|| literal(text)),
        ColumnType::Timestamp { .. } => (!zero_date()).then(|| literal(&format!("{text}+00"))),
        ColumnType::Time { .. } => Some(literal(text)),
        _ => None,
    }
}

/// `0x6162` as information_schema prints it, or the text itself; BINARY(n) is padded as MySQL stores it.
fn binary(column_type: &ColumnType, text: &str) -> Option<String> {
    let mut value = match text.strip_prefix("0x") {
        Some(digits) if digits.len() % 2 == 0 => {
            let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
            (0..digits.len()).step_by(2).map(pair).collect::<Option<Vec<u8>>>()?
        }
        Some(_) => return None,
        None => text.as_bytes().to_vec(),
    };
    if let ColumnType::Binary { length } = column_type {
        value.resize(value.len().max(usize::try_from(*length).ok()?), 0);
    }
    Some(bytes(&value))
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.matches('.').count() <= 1
}

/// CURRENT_TIMESTAMP of the statement, cut to its digits as MySQL does (a cast would round).
fn now(column_type: &ColumnType, fraction: u8) -> Option<String> {
    let instant = instant(fraction)?;
    match column_type {
        ColumnType::Timestamp { .. } => Some(instant),
        ColumnType::DateTime { .. } => Some(format!("{instant}::timestamp")),
        _ => None,
    }
}

/// The statement's time with so many digits, as `timestamptz`.
#[must_use]
pub fn instant(fraction: u8) -> Option<String> {
    Some(match fraction {
        0 => "date_trunc('second', statement_timestamp())".to_owned(),
        3 => "date_trunc('milliseconds', statement_timestamp())".to_owned(),
        6 => "statement_timestamp()".to_owned(),
        1 | 2 | 4 | 5 => {
            let unit = 10_u32.pow(6 - u32::from(fraction));
            format!(
                "(statement_timestamp() - (extract(microseconds FROM statement_timestamp())::integer % {unit}) * \
                 interval '1 microsecond')"
            )
        }
        _ => return None,
    })
}

/// `DEFAULT (expr)` for the few expressions whose meaning is beyond doubt.
fn expression(column: &Column, text: &str) -> Option<String> {
    let plain = text.trim().to_ascii_lowercase();
    match (plain.as_str(), &column.column_type) {
        ("uuid()", ColumnType::Char { length } | ColumnType::VarChar { length }) if *length >= 36 => {
            Some("gen_random_uuid()::text".to_owned())
        }
        ("json_object()", ColumnType::Json) => Some("'{}'::jsonb".to_owned()),
        ("json_array()", ColumnType::Json) => Some("'[]'::jsonb".to_owned()),
        ("now()" | "current_timestamp()" | "current_timestamp", column_type) => now(column_type, 0),
        ("curdate()" | "current_date()" | "current_date", ColumnType::Date) => {
            Some("statement_timestamp()::date".to_owned())
        }
        (_, column_type) if integer_range(column_type).is_some() => constant(column_type, text),
        (_, ColumnType::Json) => {
            string_expression(text).and_then(|text| json::carried(&text, Writer::Client).ok()).map(
                // The kinds of the numbers are MySQL's, not those that jsonb would read.
                |document| literal(&document),
            )
        }
        (_, column_type) if is_character(column_type) => string_expression(text).map(|value| literal(&value)),
        _ => None,
    }
}

/// `_utf8mb4\'text\'` as information_schema prints a string literal; `None` for anything more than a literal or with
/// an escape in it.
fn string_expression(text: &str) -> Option<String> {
    let unescaped = text.replace("\\'", "'");
    let body = unescaped.strip_prefix("_utf8mb4").unwrap_or(&unescaped);
    let inner = body.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\'', '\\'])).then(|| inner.to_owned())
}
