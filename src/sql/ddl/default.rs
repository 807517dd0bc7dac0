//! Defaults: from the literal in the statement to the text that information_schema prints, checked as MySQL checks it.
//!
//! The canonical text matters: it's what the catalogue holds for tables read from MySQL, so a table made here and the
//! same table inspected there are equal, and an unchanged MODIFY changes nothing. What can't be brought into that text
//! beyond doubt (times whose value depends on the session's zone, unusual date formats, rounded floats) is refused.

use super::super::plan::SqlError;
use super::number::Number;
use super::spec::{DefaultSpec, Literal};
use super::temporal;
use crate::schema::types::{integer_range, is_binary, is_character};
use crate::schema::{Column, ColumnDefault, ColumnType};

/// Why a literal doesn't become a default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reject {
    /// Error 1067.
    Invalid,
    /// MySQL may accept it; Bascule can't say what it would store.
    Unsure,
}

/// The default that a column of this type gets from `spec`.
pub(super) fn resolve(column: &Column, spec: &DefaultSpec, sql_mode: &str) -> Result<ColumnDefault, SqlError> {
    let invalid = || SqlError::new(1067, "42000", format!("Invalid default value for '{}'", column.name));
    if column.auto_increment {
        return Err(invalid());
    }
    let no_literals = matches!(
        column.column_type,
        ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
            | ColumnType::Geometry { .. }
            | ColumnType::Json
    );
    match spec {
        DefaultSpec::Null if column.nullable => Ok(ColumnDefault::Null),
        DefaultSpec::Null => Err(invalid()),
        DefaultSpec::Now(digits) => match &column.column_type {
            ColumnType::DateTime { fraction } | ColumnType::Timestamp { fraction } if fraction == digits => {
                Ok(ColumnDefault::Now(*fraction))
            }
            _other => Err(invalid()),
        },
        // What isn't known by its text is read when all columns are known.
        DefaultSpec::Expression(text) => {
            let known = expression(text).filter(|known| !(is_binary(&column.column_type) && known.starts_with('_')));
            Ok(ColumnDefault::Expression(known.unwrap_or_else(|| text.clone())))
        }
        DefaultSpec::Literal(_) if no_literals => Err(SqlError::new(
            1101,
            "42000",
            format!("BLOB, TEXT, GEOMETRY or JSON column '{}' can't have a default value", column.name),
        )),
        DefaultSpec::Literal(literal) => match constant(column, literal, sql_mode) {
            Ok(text) => Ok(ColumnDefault::Constant(text)),
            Err(Reject::Invalid) => Err(invalid()),
            Err(Reject::Unsure) => Err(SqlError::unsupported(format!(
                "this default of column '{}' of type {}",
                column.name, column.type_text
            ))),
        },
    }
}

fn constant(column: &Column, literal: &Literal, sql_mode: &str) -> Result<String, Reject> {
    let column_type = &column.column_type;
    if let ColumnType::Enum { labels } | ColumnType::Set { labels } = column_type {
        let Literal::Text(text) = literal else {
            return Err(Reject::Invalid);
        };
        let members = matches!(column_type, ColumnType::Set { .. });
        return choice(labels, text, members, column.collation.as_deref().unwrap_or_default());
    }
    if is_character(column_type) {
        return character(column, literal);
    }
    if is_binary(column_type) {
        return binary(column_type, literal);
    }
    match column_type {
        ColumnType::Bit { bits } => bit(*bits, literal),
        ColumnType::Year => temporal::year(literal),
        ColumnType::Date => temporal::date(literal, sql_mode),
        ColumnType::DateTime { fraction } => temporal::datetime(literal, *fraction, sql_mode),
        // Any other constant depends on the session's time zone.
        ColumnType::Timestamp { fraction } => {
            let text = temporal::datetime(literal, *fraction, sql_mode)?;
            if text.starts_with("0000-00-00") { Ok(text) } else { Err(Reject::Unsure) }
        }
        ColumnType::Time { fraction } => temporal::time(literal, *fraction),
        ColumnType::Decimal { precision, scale, unsigned } => {
            let number = Number::of(literal).ok_or(Reject::Invalid)?;
            let text = number.rounded(usize::from(*scale));
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let whole = digits.saturating_sub(usize::from(*scale));
            let whole = if text.trim_start_matches('-').starts_with('0') { 0 } else { whole };
            if whole > usize::from(precision - scale) || (*unsigned && text.starts_with('-')) {
                return Err(Reject::Invalid);
            }
            Ok(text)
        }
        ColumnType::Float { unsigned } | ColumnType::Double { unsigned } => {
            let digits = if matches!(column_type, ColumnType::Float { .. }) { 6 } else { 15 };
            match column.digits() {
                Some((most, decimals)) => fixed_floating(literal, (most, decimals), digits, *unsigned),
                None => floating(literal, digits, *unsigned),
            }
        }
        other => integer(other, literal, column),
    }
}

fn integer(column_type: &ColumnType, literal: &Literal, column: &Column) -> Result<String, Reject> {
    let (low, high) = integer_range(column_type).ok_or(Reject::Unsure)?;
    let number = Number::of(literal).ok_or(Reject::Invalid)?;
    let value: i128 = number.rounded(0).parse().map_err(|_| Reject::Invalid)?;
    if value < low || value > high {
        return Err(Reject::Invalid);
    }
    let width = column.zerofill().and_then(|width| usize::try_from(width).ok()).unwrap_or(0);
    Ok(format!("{value:0>width$}"))
}

/// FLOAT(M,D): rounded to D digits, within M.
fn fixed_floating(
    literal: &Literal,
    (most, decimals): (u32, u32),
    digits: usize,
    unsigned: bool,
) -> Result<String, Reject> {
    let number = Number::of(literal).ok_or(Reject::Invalid)?;
    let scale = usize::try_from(decimals).unwrap_or(30);
    let text = number.rounded(scale);
    let significant = text.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    let whole = text.trim_start_matches('-').split('.').next().unwrap_or_default().trim_start_matches('0').len();
    if (unsigned && text.starts_with('-')) || whole > usize::try_from(most - decimals).unwrap_or(0) {
        return Err(Reject::Invalid);
    }
    if significant > digits { Err(Reject::Unsure) } else { Ok(text) }
}

/// Numbers whose shortest text is beyond doubt, written as MySQL writes them: from 1e15 on and below 1e-15 with an
/// exponent.
fn floating(literal: &Literal, digits: usize, unsigned: bool) -> Result<String, Reject> {
    let number = Number::of(literal).ok_or(Reject::Invalid)?;
    let text = number.plain();
    if unsigned && text.starts_with('-') {
        return Err(Reject::Invalid);
    }
    let bare = text.trim_start_matches('-');
    let shown = bare.trim_start_matches(['0', '.']).trim_end_matches('0');
    let significant = shown.bytes().filter(u8::is_ascii_digit).count();
    let value: f64 = text.parse().map_err(|_| Reject::Unsure)?;
    let (least, most) =
        if digits < 15 { (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)) } else { (f64::MIN_POSITIVE, f64::MAX) };
    // Below the least normal number there are fewer digits.
    if significant > digits || value != 0.0 && !(least..=most).contains(&value.abs()) {
        return Err(Reject::Unsure);
    }
    if value != 0.0 && !(1e-15..1e15).contains(&value.abs()) {
        return Ok(format!("{value:e}"));
    }
    Ok(text)
}

fn character(column: &Column, literal: &Literal) -> Result<String, Reject> {
    let text = match literal {
        Literal::Text(text) => text.clone(),
        Literal::Number(digits) if digits.contains(['e', 'E']) => return Err(Reject::Unsure),
        Literal::Number(digits) if digits.contains('.') => digits.clone(),
        Literal::Number(digits) => digits.parse::<i128>().map_err(|_| Reject::Unsure)?.to_string(),
        Literal::Bytes(bytes) => String::from_utf8(bytes.clone()).map_err(|_| Reject::Unsure)?,
    };
    let (length, fixed) = match &column.column_type {
        ColumnType::Char { length } => (*length, true),
        ColumnType::VarChar { length } => (*length, false),
        _other => return Err(Reject::Unsure),
    };
    let length = usize::try_from(length).map_err(|_| Reject::Unsure)?;
    let mut text = text;
    while text.ends_with(' ') && (fixed || text.chars().count() > length) {
        text.pop();
    }
    if text.chars().count() > length { Err(Reject::Invalid) } else { Ok(text) }
}

fn binary(column_type: &ColumnType, literal: &Literal) -> Result<String, Reject> {
    use std::fmt::Write as _;
    let bytes = match literal {
        Literal::Text(text) => text.as_bytes().to_vec(),
        Literal::Number(digits) => digits.clone().into_bytes(),
        Literal::Bytes(bytes) => bytes.clone(),
    };
    let most = match column_type {
        ColumnType::Binary { length } | ColumnType::VarBinary { length } => *length,
        _other => return Err(Reject::Unsure),
    };
    if u32::try_from(bytes.len()).map_or(true, |length| length > most) {
        return Err(Reject::Invalid);
    }
    // information_schema prints the value up to its first zero byte.
    let shown = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    if shown.len() != bytes.len() && bytes.iter().skip(shown.len()).any(|byte| *byte != 0) {
        return Err(Reject::Unsure);
    }
    if shown.is_empty() {
        return Ok(if matches!(column_type, ColumnType::Binary { .. }) { "0x".to_owned() } else { String::new() });
    }
    let mut text = String::from("0x");
    for byte in shown {
        write!(text, "{byte:02X}").expect("writing to a String can't fail");
    }
    Ok(text)
}

fn bit(bits: u8, literal: &Literal) -> Result<String, Reject> {
    let bytes = match literal {
        Literal::Text(text) => text.clone().into_bytes(),
        Literal::Number(digits) => digits.parse::<u64>().map_err(|_| Reject::Invalid)?.to_be_bytes().to_vec(),
        Literal::Bytes(bytes) => bytes.clone(),
    };
    let trimmed: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let Some(padding) = 8_usize.checked_sub(trimmed.len()) else {
        return Err(Reject::Invalid);
    };
    let value = trimmed.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    if bits < 64 && (padding == 0 || value >> bits != 0) {
        return Err(Reject::Invalid);
    }
    Ok(format!("b'{value:b}'"))
}

/// ENUM and SET: the labels in the spelling of the definition, members in its order.
fn choice(labels: &[String], text: &str, members: bool, collation: &str) -> Result<String, Reject> {
    let exact = collation.ends_with("_bin") || collation.ends_with("_cs");
    let same = |label: &str, word: &str| label == word || (!exact && label.eq_ignore_ascii_case(word));
    if members && text.is_empty() {
        return Ok(String::new());
    }
    let words: Vec<&str> = if members { text.split(',').collect() } else { vec![text] };
    let words: Vec<&str> = words.into_iter().map(|word| word.trim_end_matches(' ')).collect();
    if !words.iter().all(|word| labels.iter().any(|label| same(label, word))) {
        return Err(if exact || text.is_ascii() { Reject::Invalid } else { Reject::Unsure });
    }
    let chosen = labels.iter().filter(|label| words.iter().any(|word| same(label, word)));
    Ok(chosen.map(String::as_str).collect::<Vec<_>>().join(","))
}

/// `DEFAULT (expr)` in the text that information_schema prints, for expressions that the schema room carries.
fn expression(text: &str) -> Option<String> {
    let squeezed: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let lower = squeezed.to_ascii_lowercase();
    let canonical = match lower.as_str() {
        "uuid()" => "uuid()",
        "json_array()" => "json_array()",
        "json_object()" => "json_object()",
        "now()"
        | "current_timestamp()"
        | "current_timestamp"
        | "localtime"
        | "localtime()"
        | "localtimestamp"
        | "localtimestamp()" => "now()",
        "curdate()" | "current_date()" | "current_date" => "curdate()",
        other => return literal_expression(text, other),
    };
    Some(canonical.to_owned())
}

fn literal_expression(text: &str, squeezed: &str) -> Option<String> {
    if let Ok(number) = squeezed.parse::<i64>() {
        return (number >= 0).then(|| number.to_string());
    }
    let body = text.trim();
    let body = body.strip_prefix("_utf8mb4").unwrap_or(body);
    let inner = body.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\'', '\\'])).then(|| format!("_utf8mb4\\'{inner}\\'"))
}
