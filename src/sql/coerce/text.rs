//! Values on their way into character, binary, ENUM, SET and JSON columns.

use crate::schema::{ColumnType, charset};
use crate::value::Value;
use crate::value::json::{Problem, Writer, carried};

use super::super::bind::{bytes_of, hexadecimal, text};
use super::super::plan::SqlError;
use super::rules::Target;

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// At most `length` characters; blanks beyond are cut, in VARCHAR with a note.
pub(super) fn characters(value: &Value, length: u32, target: &Target<'_>) -> Result<String, SqlError> {
    let mut text = character_data(value, target)?;
    if let Some(narrowed) = narrowed(value, text.len(), size(length), target)? {
        text = narrowed;
    }
    let fixed = matches!(target.column.column_type, ColumnType::Char { .. });
    if let Some((end, _)) = text.char_indices().nth(size(length)) {
        if text.bytes().skip(end).any(|byte| byte != b' ') {
            target.too_long()?;
        } else if !fixed {
            target.note_truncated();
        }
        text.truncate(end);
    }
    if fixed {
        text.truncate(text.trim_end_matches(' ').len());
    }
    Ok(text)
}

/// A floating-point number that is too long, in so many characters.
fn narrowed(value: &Value, used: usize, width: usize, target: &Target<'_>) -> Result<Option<String>, SqlError> {
    let number = match value {
        Value::Double(number) => *number,
        Value::Float(number) => f64::from(*number),
        Value::Null
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Date(_)
        | Value::DateTime(..)
        | Value::Time { .. } => return Ok(None),
    };
    if used <= width {
        return Ok(None);
    }
    let (text, lost) = super::narrow::narrowed(number, width);
    if lost {
        target.too_long()?;
    }
    Ok(Some(text))
}

/// A TEXT's limit is in bytes of its charset.
pub(super) fn bounded(value: &Value, limit: usize, target: &Target<'_>) -> Result<String, SqlError> {
    let mut text = character_data(value, target)?;
    let narrow = target.column.charset.as_deref().and_then(charset::find).is_some_and(charset::Charset::is_narrow);
    let mut end = 0;
    let fits = text.char_indices().enumerate().all(|(count, (at, character))| {
        let used = if narrow { count + 1 } else { at + character.len_utf8() };
        end = if used <= limit { at + character.len_utf8() } else { end };
        used <= limit
    });
    if !fits {
        if text.bytes().skip(end).any(|byte| byte != b' ') {
            target.too_long()?;
        } else {
            target.note_truncated();
        }
        text.truncate(end);
    }
    Ok(text)
}

/// The first character that the column's character set doesn't have.
fn foreign(text: &str, target: &Target<'_>) -> Result<Option<usize>, SqlError> {
    let Some(charset) = target.column.charset.as_deref().and_then(charset::find) else { return Ok(None) };
    for (at, character) in text.char_indices() {
        match charset.has(character) {
            Some(true) => {}
            Some(false) => return Ok(Some(at)),
            None => {
                let what = format!("text beyond ASCII in a column of character set {}", charset.name);
                return Err(SqlError::unsupported(what));
            }
        }
    }
    Ok(None)
}

/// Up to six bytes of a text in a message, as MySQL prints them.
fn shown_bytes(bytes: &[u8]) -> String {
    let mut shown: String = bytes
        .iter()
        .take(6)
        .map(|byte| match byte {
            0x20..=0x7e => char::from(*byte).to_string(),
            _other => format!("\\x{byte:02X}"),
        })
        .collect();
    if bytes.len() > 6 {
        shown.push_str("...");
    }
    shown
}

fn character_data(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let text = match value {
        Value::Bytes(bytes) => match String::from_utf8(bytes.clone()) {
            Ok(text) => text,
            Err(error) => {
                let from = error.utf8_error().valid_up_to();
                let rest = bytes.get(from..).unwrap_or_default();
                target.named(1366, &format!("Incorrect string value: '{}'", shown_bytes(rest)))?;
                // MySQL keeps what came before the broken bytes.
                String::from_utf8_lossy(bytes.get(..from).unwrap_or_default()).into_owned()
            }
        },
        Value::Float(number) => crate::sql::bind::double_text(f64::from(*number)),
        other => text(other)?,
    };
    if text.contains('\0') {
        return Err(SqlError::unsupported("a NUL character in text"));
    }
    let Some(at) = foreign(&text, target)? else { return Ok(text) };
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    target.named(1366, &format!("Incorrect string value: '{}'", shown_bytes(rest)))?;
    let charset = target.column.charset.as_deref().and_then(charset::find);
    let has = |character: &char| charset.is_some_and(|charset| charset.has(*character) == Some(true));
    Ok(text.chars().map(|character| if has(&character) { character } else { '?' }).collect())
}

pub(super) fn binary(value: &Value, limit: usize, pad: usize, target: &Target<'_>) -> Result<String, SqlError> {
    let mut bytes = bytes_of(value)?;
    if let Some(narrowed) = narrowed(value, bytes.len(), limit, target)? {
        bytes = narrowed.into_bytes();
    }
    if bytes.len() > limit {
        target.too_long()?;
        bytes.truncate(limit);
    }
    bytes.resize(bytes.len().max(pad), 0);
    Ok(hexadecimal(&bytes))
}

/// A label by its text, else by its number; anything else is the empty label, with 1265.
pub(super) fn label(value: &Value, labels: &[String], target: &Target<'_>) -> Result<String, SqlError> {
    let by_number = |number: i128| usize::try_from(number).ok()?.checked_sub(1).and_then(|at| labels.get(at)).cloned();
    let found = match value {
        Value::Int(number) => by_number(i128::from(*number)),
        Value::UInt(number) => by_number(i128::from(*number)),
        Value::Double(number) if number.abs() < 1e6 => by_number(number.trunc() as i128),
        Value::Float(number) if number.abs() < 1e6 => by_number(number.trunc() as i128),
        Value::Decimal(digits) => {
            super::number::plain_digits(digits).and_then(|plain| by_number(plain.split('.').next()?.parse().ok()?))
        }
        other => {
            let text = lossy(other)?;
            let trimmed = text.trim_end_matches(' ');
            let exact = labels.iter().find(|label| *label == trimmed);
            let folded = || labels.iter().find(|label| same_label(label, trimmed, target));
            exact.or_else(folded).cloned().or_else(|| match trimmed.parse() {
                Ok(0_i128) => Some(String::new()),
                Ok(number) => by_number(number),
                Err(_) => None,
            })
        }
    };
    if let Some(found) = found {
        return Ok(found);
    }
    target.truncated()?;
    Ok(String::new())
}

/// The text of a value, whatever its bytes are: what is no text is no label.
fn lossy(value: &Value) -> Result<String, SqlError> {
    match value {
        Value::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        other => text(other),
    }
}

fn same_label(label: &str, text: &str, target: &Target<'_>) -> bool {
    let binary = target
        .column
        .collation
        .as_deref()
        .is_some_and(|collation| collation.ends_with("_bin") || collation.ends_with("_cs"));
    !binary && label.to_lowercase() == text.to_lowercase()
}

/// The members of a set in the order of the definition; unknown ones are 1265.
pub(super) fn members(value: &Value, labels: &[String], target: &Target<'_>) -> Result<String, SqlError> {
    let known =
        u32::try_from(labels.len()).ok().and_then(|count| 1_u64.checked_shl(count)).map_or(u64::MAX, |next| next - 1);
    let of_bits = |bits: u64| -> Vec<&str> {
        labels.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, label)| label.as_str()).collect()
    };
    let by_bits = |bits: u64| -> Result<Vec<&str>, SqlError> {
        if bits & !known != 0 {
            target.truncated()?;
        }
        Ok(of_bits(bits & known))
    };
    let chosen: Vec<&str> = match value {
        Value::Int(bits) => by_bits(bits.cast_unsigned())?,
        Value::UInt(bits) => by_bits(*bits)?,
        Value::Double(number) => by_bits(number.trunc() as i64 as u64)?,
        Value::Float(number) => by_bits(number.trunc() as i64 as u64)?,
        Value::Decimal(digits) => {
            let plain = super::number::plain_digits(digits).unwrap_or_default();
            let whole = plain.split('.').next().unwrap_or_default();
            by_bits(whole.parse::<i64>().unwrap_or(-1).cast_unsigned())?
        }
        other => {
            let text = lossy(other)?;
            let wanted: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split(',').collect() };
            let matching = |label: &String, member: &str| label == member || same_label(label, member, target);
            let unknown = wanted.iter().any(|member| !labels.iter().any(|label| matching(label, member)));
            let zero = text.strip_prefix('-').is_some_and(|rest| rest.parse::<u64>() == Ok(0));
            match text.trim_start().parse::<u64>() {
                _any if zero => Vec::new(),
                Ok(bits) if unknown && bits & !known == 0 => of_bits(bits),
                Ok(_) | Err(_) => {
                    if unknown {
                        target.truncated()?;
                    }
                    labels
                        .iter()
                        .filter(|label| wanted.iter().any(|member| matching(label, member)))
                        .map(String::as_str)
                        .collect()
                }
            }
        }
    };
    Ok(chosen.join(","))
}

/// A JSON document. No mode stores text that isn't one.
pub(super) fn json(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let column = || format!("{}.{}", target.table.title().table, target.column.name);
    let invalid = |what: &str, position: usize| {
        let message =
            format!("Invalid JSON text: \"{what}\" at position {position} in value for column '{}'.", column());
        SqlError::new(3140, "22032", message)
    };
    let Value::Text(text) = value else {
        if matches!(value, Value::Bytes(_)) {
            return Err(super::super::json::binary_document());
        }
        return Err(invalid("not a JSON text, may need CAST", 0));
    };
    carried(text, Writer::Client).map_err(|problem| match problem {
        Problem::Syntax(what, position) => invalid(what, position),
        Problem::Depth => SqlError::new(3157, "22032", "The JSON document exceeds the maximum depth.".to_owned()),
        Problem::Uncarried(what) => SqlError::unsupported(what),
    })
}
