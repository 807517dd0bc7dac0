//! Values on their way into columns, under strict mode: stored exactly, rounded where MySQL rounds, or refused with
//! MySQL's error. Checked against MySQL case by case.

use jiff::tz::TimeZone;

use crate::schema::types::integer_range;
use crate::schema::{Column, ColumnType, Table};
use crate::value::json::{Problem, Writer, carried};
use crate::value::{Clock, Date, Value};

use super::bind::{bytes_of, hexadecimal, number_prefix, text};
use super::plan::SqlError;
use super::temporal;

/// The column that a value is stored in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'t> {
    pub(super) table: &'t Table,
    pub(super) column: &'t Column,
    /// 1-based.
    pub(super) row: usize,
}

impl Target<'_> {
    fn out_of_range(&self) -> SqlError {
        self.error(1264, "22003", "Out of range value")
    }

    fn truncated(&self) -> SqlError {
        self.error(1265, "01000", "Data truncated")
    }

    fn too_long(&self) -> SqlError {
        self.error(1406, "22001", "Data too long")
    }

    fn error(&self, code: u16, sqlstate: &'static str, what: &str) -> SqlError {
        SqlError::new(code, sqlstate, format!("{what} for column '{}' at row {}", self.column.name, self.row))
    }

    fn incorrect(&self, code: u16, kind: &str, value: &Value) -> SqlError {
        let shown = text(value).unwrap_or_else(|_| "?".to_owned());
        let sqlstate = if code == 1292 { "22007" } else { "HY000" };
        self.error(code, sqlstate, &format!("Incorrect {kind} value: '{shown}'"))
    }
}

/// A value as PostgreSQL reads it into the column; `None` is NULL. `zone` is the session's time zone.
pub(super) fn store(
    value: &Value,
    target: &Target<'_>,
    zone: &dyn Fn() -> Result<TimeZone, SqlError>,
) -> Result<Option<String>, SqlError> {
    if *value == Value::Null {
        return if target.column.nullable { Ok(None) } else { Err(SqlError::null_column(&target.column.name)) };
    }
    let stored = match &target.column.column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. } => integer(value, target)?,
        ColumnType::Decimal { precision, scale, unsigned } => decimal(value, (*precision, *scale, *unsigned), target)?,
        ColumnType::Float { unsigned } => {
            rounded(floating(value, "FLOAT", f64::from(f32::MAX), *unsigned, target)?, target)?
        }
        ColumnType::Double { unsigned } => rounded(floating(value, "DOUBLE", f64::MAX, *unsigned, target)?, target)?,
        ColumnType::Bit { bits } => bit(value, *bits, target)?,
        ColumnType::Year => year(value, target)?,
        ColumnType::Date => {
            let (date, _) = temporal::to_datetime(value).ok_or_else(|| target.incorrect(1292, "date", value))?;
            temporal::date_text(real_date(date, "date", value, target)?)
        }
        ColumnType::DateTime { fraction } => {
            let (date, clock) = datetime(value, *fraction, target)?;
            temporal::datetime_text(date, clock)
        }
        ColumnType::Timestamp { fraction } => timestamp(value, *fraction, target, &zone()?)?,
        ColumnType::Time { fraction } => time(value, *fraction, target)?,
        ColumnType::Char { length } => characters(value, *length, target)?.trim_end_matches(' ').to_owned(),
        ColumnType::VarChar { length } => characters(value, *length, target)?,
        ColumnType::TinyText => bounded(value, 255, target)?,
        ColumnType::Text => bounded(value, 65_535, target)?,
        ColumnType::MediumText => bounded(value, 16_777_215, target)?,
        ColumnType::LongText => bounded(value, usize::MAX, target)?,
        ColumnType::Binary { length } => binary(value, size(*length), size(*length), target)?,
        ColumnType::VarBinary { length } => binary(value, size(*length), 0, target)?,
        ColumnType::TinyBlob => binary(value, 255, 0, target)?,
        ColumnType::Blob => binary(value, 65_535, 0, target)?,
        ColumnType::MediumBlob => binary(value, 16_777_215, 0, target)?,
        ColumnType::LongBlob => binary(value, usize::MAX, 0, target)?,
        ColumnType::Enum { labels } => label(value, labels, target)?,
        ColumnType::Set { labels } => members(value, labels, target)?,
        ColumnType::Json => json(value, target)?,
        ColumnType::Unsupported { name } => return Err(SqlError::unsupported(format_args!("type {name}"))),
    };
    Ok(Some(stored))
}

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// A number as written, or why the text isn't one. `kind` is MySQL's word for the type.
fn number<'v>(value: &Value, written: &'v str, kind: &str, target: &Target<'_>) -> Result<&'v str, SqlError> {
    let trimmed = written.trim_matches([' ', '\t', '\n', '\r']);
    let prefix = number_prefix(trimmed);
    // Text that begins with no number has the prefix "0", so the texts are compared and not only their lengths.
    let complete = prefix == trimmed;
    if complete {
        return Ok(prefix);
    }
    let starts =
        trimmed.starts_with(|first: char| first.is_ascii_digit() || first == '-' || first == '+' || first == '.');
    if kind == "integer" && starts && prefix != "0" {
        Err(target.truncated())
    } else {
        Err(target.incorrect(1366, kind, value))
    }
}

fn written(value: &Value) -> Result<String, SqlError> {
    Ok(match value {
        Value::Date(_) | Value::DateTime(..) | Value::Time { .. } => text(value)?.replace(['-', ':', ' '], ""),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Null | Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Text(_) | Value::Bytes(_) => {
            text(value)?
        }
    })
}

fn integer(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let text = written(value)?;
    let digits = number(value, &text, "integer", target)?;
    let number = if let Ok(number) = digits.parse::<i128>() {
        number
    } else if matches!(value, Value::Double(_) | Value::Float(_)) {
        // Doubles round half to even, decimals and text half away from zero.
        let number: f64 = digits.parse().map_err(|_| target.out_of_range())?;
        whole(number.round_ties_even(), target)?
    } else if digits.contains(['e', 'E']) {
        let number: f64 = digits.parse().map_err(|_| target.out_of_range())?;
        whole(number.round(), target)?
    } else {
        let rounded = round_decimal(digits, 0);
        if digits.starts_with('-') && is_unsigned(&target.column.column_type) {
            return Err(target.out_of_range());
        }
        rounded.parse::<i128>().map_err(|_| target.out_of_range())?
    };
    let (low, high) = integer_range(&target.column.column_type).ok_or_else(|| target.out_of_range())?;
    if (low..=high).contains(&number) { Ok(number.to_string()) } else { Err(target.out_of_range()) }
}

fn is_unsigned(column_type: &ColumnType) -> bool {
    integer_range(column_type).is_some_and(|(low, _)| low == 0)
}

/// A whole double as an integer.
fn whole(number: f64, target: &Target<'_>) -> Result<i128, SqlError> {
    format!("{number:.0}").parse().map_err(|_| target.out_of_range())
}

/// Rounds decimal digits half away from zero and pads to `scale` digits.
fn round_decimal(digits: &str, scale: usize) -> String {
    let (sign, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut kept: Vec<u8> = whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(scale)).collect();
    if fraction.as_bytes().get(scale).is_some_and(|next| *next >= b'5') {
        let mut carried = true;
        for digit in kept.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                carried = false;
                break;
            }
        }
        if carried {
            kept.insert(0, b'1');
        }
    }
    let kept: String = kept.into_iter().map(char::from).collect();
    let (whole, fraction) = kept.split_at(kept.len().saturating_sub(scale));
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let zero = whole == "0" && fraction.bytes().all(|digit| digit == b'0');
    let sign = if zero { "" } else { sign };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn decimal(
    value: &Value,
    (precision, scale, unsigned): (u8, u8, bool),
    target: &Target<'_>,
) -> Result<String, SqlError> {
    let text = written(value)?;
    let digits = number(value, &text, "decimal", target)?;
    let plain = plain_digits(digits).ok_or_else(|| target.out_of_range())?;
    let rounded = round_decimal(&plain, usize::from(scale));
    let whole = rounded.trim_start_matches('-').split('.').next().unwrap_or_default();
    let fits = whole == "0" || whole.len() <= usize::from(precision.saturating_sub(scale));
    if !fits || (unsigned && plain.starts_with('-') && rounded.starts_with('-')) {
        return Err(target.out_of_range());
    }
    Ok(rounded)
}

/// Moves the point as the exponent says. `None` for numbers no decimal column could hold.
fn plain_digits(digits: &str) -> Option<String> {
    let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) else { return Some(digits.to_owned()) };
    let exponent: i32 = exponent.parse().ok()?;
    if !(-100..=100).contains(&exponent) {
        return if exponent < 0 { Some("0".to_owned()) } else { None };
    }
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let all = format!("{whole}{fraction}");
    Some(match usize::try_from(point) {
        Ok(point) if point >= all.len() => format!("{sign}{all}{}", "0".repeat(point - all.len())),
        Ok(point) => format!("{sign}{}.{}", all.get(..point)?, all.get(point..)?),
        Err(_) => format!("{sign}0.{}{all}", "0".repeat(usize::try_from(-point).ok()?)),
    })
}

fn floating(value: &Value, kind: &str, limit: f64, unsigned: bool, target: &Target<'_>) -> Result<String, SqlError> {
    let text = written(value)?;
    let digits = number(value, &text, kind, target)?;
    let number: f64 = digits.parse().map_err(|_| target.out_of_range())?;
    if number.abs() > limit || (unsigned && number < 0.0) {
        return Err(target.out_of_range());
    }
    Ok(number.to_string())
}

/// FLOAT(M,D) and DOUBLE(M,D) keep D digits behind the point, rounded as MySQL does it: the fraction alone, half to
/// even.
fn rounded(text: String, target: &Target<'_>) -> Result<String, SqlError> {
    let Some((digits, decimals)) = target.column.digits() else { return Ok(text) };
    let number: f64 = text.parse().map_err(|_| target.out_of_range())?;
    let power = |exponent: u32| 10_f64.powi(i32::try_from(exponent).unwrap_or(i32::MAX));
    let scale = power(decimals);
    let most = power(digits.saturating_sub(decimals)) - 1.0 / scale;
    let whole = number.floor();
    let number = whole + ((number - whole) * scale).round_ties_even() / scale;
    if number.abs() > most { Err(target.out_of_range()) } else { Ok(number.to_string()) }
}

fn bit(value: &Value, bits: u8, target: &Target<'_>) -> Result<String, SqlError> {
    let number = match value {
        Value::Text(_) | Value::Bytes(_) => {
            let bytes = bytes_of(value)?;
            if bytes.len() > 8 {
                return Err(target.too_long());
            }
            bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte))
        }
        other => {
            let text = written(other)?;
            let rounded = round_decimal(&plain_digits(&text).ok_or_else(|| target.too_long())?, 0);
            rounded.parse().map_err(|_| target.too_long())?
        }
    };
    if number >> bits == 0 { Ok(number.to_string()) } else { Err(target.too_long()) }
}

fn year(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let text = written(value)?;
    let digits = number(value, &text, "integer", target)?;
    let number: u32 = round_decimal(digits, 0).parse().map_err(|_| target.out_of_range())?;
    let quoted_zero = matches!(value, Value::Text(text) if text.trim().len() < 4);
    match number {
        0 if quoted_zero => Ok("2000".to_owned()),
        0 => Ok("0".to_owned()),
        1..=69 => Ok((number + 2000).to_string()),
        70..=99 => Ok((number + 1900).to_string()),
        1901..=2155 => Ok(number.to_string()),
        _other => Err(target.out_of_range()),
    }
}

fn real_date(date: Date, kind: &str, value: &Value, target: &Target<'_>) -> Result<Date, SqlError> {
    if temporal::exists(date) { Ok(date) } else { Err(target.incorrect(1292, kind, value)) }
}

fn datetime(value: &Value, fraction: u8, target: &Target<'_>) -> Result<(Date, Clock), SqlError> {
    let wrong = || target.incorrect(1292, "datetime", value);
    let (date, clock) = temporal::to_datetime(value).ok_or_else(wrong)?;
    let date = real_date(date, "datetime", value, target)?;
    temporal::round(date, clock, fraction).ok_or_else(wrong)
}

/// A TIMESTAMP lies between 1970 and 2038; a text may end with an offset of its own.
fn timestamp(value: &Value, fraction: u8, target: &Target<'_>, zone: &TimeZone) -> Result<String, SqlError> {
    let wrong = || target.incorrect(1292, "datetime", value);
    let (value, own_zone) = match value {
        Value::Text(text) => match offset_of(text) {
            Some((plain, zone)) => (&Value::Text(plain), Some(zone)),
            None => (value, None),
        },
        other => (other, None),
    };
    let (date, clock) = datetime(value, fraction, target)?;
    let instant = temporal::to_instant(date, clock, own_zone.as_ref().unwrap_or(zone)).ok_or_else(wrong)?;
    let in_range = ("1970-01-01 00:00:01".."2038-01-19 03:14:08").contains(&instant.as_str());
    if in_range { Ok(instant) } else { Err(wrong()) }
}

/// Splits `2024-01-01 10:00:00+02:00`.
fn offset_of(text: &str) -> Option<(String, TimeZone)> {
    let at = text.len().checked_sub(6)?;
    let (plain, offset) = (text.get(..at)?, text.get(at..)?);
    let sign = offset.starts_with(['+', '-']) && offset.get(3..4) == Some(":");
    (sign && plain.len() >= 16).then(|| Some((plain.to_owned(), temporal::zone(offset)?))).flatten()
}

fn time(value: &Value, fraction: u8, target: &Target<'_>) -> Result<String, SqlError> {
    let wrong = || target.incorrect(1292, "time", value);
    let (negative, clock) = match value {
        Value::Time { negative, clock } => (*negative, *clock),
        Value::DateTime(_, clock) => (false, *clock),
        other => temporal::parse_time(&text(other)?).ok_or_else(wrong)?,
    };
    let unit = 10_u32.pow(u32::from(6 - fraction.min(6)));
    let rounded = (clock.micros + unit / 2) / unit * unit;
    if rounded >= 1_000_000 {
        let total = clock.hours * 3600 + u32::from(clock.minutes) * 60 + u32::from(clock.seconds) + 1;
        let (minutes, seconds) = (u8::try_from(total / 60 % 60), u8::try_from(total % 60));
        let clock =
            Clock { hours: total / 3600, minutes: minutes.unwrap_or(0), seconds: seconds.unwrap_or(0), micros: 0 };
        return Ok(temporal::time_text(negative, clock));
    }
    Ok(temporal::time_text(negative, Clock { micros: rounded, ..clock }))
}

/// At most `length` characters; blanks beyond are cut.
fn characters(value: &Value, length: u32, target: &Target<'_>) -> Result<String, SqlError> {
    let text = character_data(value, target)?;
    let Some((end, _)) = text.char_indices().nth(size(length)) else { return Ok(text) };
    let (kept, beyond) = text.split_at(end);
    if beyond.bytes().all(|byte| byte == b' ') { Ok(kept.to_owned()) } else { Err(target.too_long()) }
}

fn bounded(value: &Value, limit: usize, target: &Target<'_>) -> Result<String, SqlError> {
    let text = character_data(value, target)?;
    if text.len() <= limit { Ok(text) } else { Err(target.too_long()) }
}

fn character_data(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let text = match value {
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).map_err(|error| {
            let from = error.utf8_error().valid_up_to();
            let shown: String = bytes.iter().skip(from).take(6).map(|byte| format!("\\x{byte:02X}")).collect();
            target.error(1366, "HY000", &format!("Incorrect string value: '{shown}'"))
        })?,
        other => text(other)?,
    };
    if text.contains('\0') {
        return Err(SqlError::unsupported("a NUL character in text"));
    }
    Ok(text)
}

fn binary(value: &Value, limit: usize, pad: usize, target: &Target<'_>) -> Result<String, SqlError> {
    let mut bytes = bytes_of(value)?;
    if bytes.len() > limit {
        return Err(target.too_long());
    }
    bytes.resize(bytes.len().max(pad), 0);
    Ok(hexadecimal(&bytes))
}

fn label(value: &Value, labels: &[String], target: &Target<'_>) -> Result<String, SqlError> {
    let by_number = |number: i128| usize::try_from(number).ok()?.checked_sub(1).and_then(|at| labels.get(at)).cloned();
    let found = match value {
        Value::Int(number) => by_number(i128::from(*number)),
        Value::UInt(number) => by_number(i128::from(*number)),
        other => {
            let text = text(other)?;
            let text = text.trim_end_matches(' ');
            let exact = labels.iter().find(|label| *label == text);
            let folded = || labels.iter().find(|label| label.to_lowercase() == text.to_lowercase());
            exact.or_else(folded).cloned().or_else(|| by_number(text.parse().ok()?))
        }
    };
    found.ok_or_else(|| target.truncated())
}

fn members(value: &Value, labels: &[String], target: &Target<'_>) -> Result<String, SqlError> {
    let chosen: Vec<&str> = match value {
        Value::Int(_) | Value::UInt(_) => {
            let bits: u64 = written(value)?.parse().map_err(|_| target.truncated())?;
            let known = u32::try_from(labels.len())
                .ok()
                .and_then(|count| 1_u64.checked_shl(count))
                .map_or(u64::MAX, |next| next - 1);
            if bits & !known != 0 {
                return Err(target.truncated());
            }
            labels.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, label)| label.as_str()).collect()
        }
        other => {
            let text = text(other)?;
            let wanted: Vec<String> =
                text.split(',').filter(|member| !member.is_empty()).map(str::to_lowercase).collect();
            if wanted.iter().any(|member| !labels.iter().any(|label| label.to_lowercase() == *member)) {
                return Err(target.truncated());
            }
            labels.iter().filter(|label| wanted.contains(&label.to_lowercase())).map(String::as_str).collect()
        }
    };
    Ok(chosen.join(","))
}

fn json(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let invalid = |what: &str, position: usize| {
        let column = format!("{}.{}", target.table.name.table, target.column.name);
        SqlError::new(
            3140,
            "22032",
            format!("Invalid JSON text: \"{what}\" at position {position} in value for column '{column}'."),
        )
    };
    let Value::Text(text) = value else {
        if matches!(value, Value::Bytes(_)) {
            return Err(super::json::binary_document());
        }
        return Err(invalid("not a JSON text, may need CAST", 0));
    };
    carried(text, Writer::Client).map_err(|problem| match problem {
        Problem::Syntax(what, position) => invalid(what, position),
        Problem::Depth => SqlError::new(3157, "22032", "The JSON document exceeds the maximum depth.".to_owned()),
        Problem::Uncarried(what) => SqlError::unsupported(what),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_half_away_from_zero() {
        for (digits, scale, rounded) in [
            ("1.005", 2, "1.01"),
            ("-1.005", 2, "-1.01"),
            ("99.995", 2, "100.00"),
            ("0.4", 0, "0"),
            ("-0.4", 0, "0"),
            ("2.5", 0, "3"),
            (".5", 1, "0.5"),
            ("007", 2, "7.00"),
        ] {
            assert_eq!(round_decimal(digits, scale), rounded, "{digits}");
        }
        assert_eq!(plain_digits("1.5e3").as_deref(), Some("1500"));
        assert_eq!(plain_digits("-15e-3").as_deref(), Some("-0.015"));
    }
}
