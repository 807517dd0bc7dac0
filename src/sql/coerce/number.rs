//! Values on their way into numeric columns.
//!
//! MySQL's rules by source: text is read as far as it's a number, a garbage tail is 1265 for integers and 1366 for the
//! others; exact numbers round half away from zero; doubles round half to even into integers. A number outside of the
//! range becomes the nearest one inside, with 1264.

use crate::schema::ColumnType;
use crate::schema::types::integer_range;
use crate::value::Value;

use super::super::bind::{bytes_of, number_prefix, text};
use super::super::plan::SqlError;
use super::super::temporal;
use super::rules::Target;

const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}'];

/// A text read as far as it is a number.
struct Read<'v> {
    /// `0` when there's none.
    digits: &'v str,
    /// Nothing of the text is a number.
    nothing: bool,
    /// Something follows the number that isn't a blank.
    tail: bool,
    /// All that follows is an `e` without digits, which integers read as part of the number.
    exponent_only: bool,
}

fn read(text: &str) -> Read<'_> {
    let trimmed = text.trim_start_matches(BLANKS);
    let digits = number_prefix(trimmed);
    // Text that begins with no number has the prefix "0", which isn't part of it.
    let nothing = !trimmed.starts_with(digits);
    let rest = if nothing { trimmed } else { trimmed.get(digits.len()..).unwrap_or_default() };
    let exponent_only = rest
        .strip_prefix(['e', 'E'])
        .is_some_and(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest).trim_start_matches(BLANKS).is_empty());
    let digits = if nothing { "0" } else { digits };
    Read { digits, nothing, tail: !rest.trim_start_matches(BLANKS).is_empty(), exponent_only }
}

/// A number in digits, for values that aren't text.
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

/// A date or time as an integer is rounded to whole seconds first, so that 59.5 seconds make a minute.
fn whole_seconds(value: &Value) -> Value {
    match value {
        Value::DateTime(date, clock) => temporal::round(*date, *clock, 0)
            .map_or_else(|| value.clone(), |(date, clock)| Value::DateTime(date, clock)),
        Value::Time { negative, clock } => Value::Time { negative: *negative, clock: temporal::round_clock(*clock, 0) },
        other => other.clone(),
    }
}

/// The whole number, or its sign when it's beyond all columns.
fn whole_number(value: &Value, digits: &str, unsigned: bool) -> Result<i128, bool> {
    let negative = digits.starts_with('-');
    if let Ok(number) = digits.parse::<i128>() {
        return Ok(number);
    }
    let rounded = match value {
        Value::Double(number) => whole_double(number.round_ties_even()),
        Value::Float(number) => whole_double(f64::from(*number).round_ties_even()),
        Value::Text(_) | Value::Bytes(_) | Value::Decimal(_) => {
            plain_digits(digits).and_then(|plain| round_decimal(&plain, 0).parse().ok())
        }
        _number_or_time => round_decimal(digits, 0).parse().ok(),
    };
    match rounded {
        // An exact number below zero is out of an unsigned column's range before it's rounded to zero.
        Some(0) if unsigned && negative && matches!(value, Value::Decimal(_)) => Err(true),
        Some(number) => Ok(number),
        None => Err(negative),
    }
}

fn whole_double(number: f64) -> Option<i128> {
    format!("{number:.0}").parse().ok()
}

pub(super) fn integer(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let value = &whole_seconds(value);
    let written = written(value)?;
    let read = read(&written);
    let (low, high) = integer_range(&target.column.column_type).unwrap_or((i128::MIN, i128::MAX));
    let number = match whole_number(value, read.digits, low == 0) {
        Ok(number) if (low..=high).contains(&number) => number,
        outside => {
            target.out_of_range()?;
            return Ok(
                if outside.map_or_else(|negative| negative, |number| number < low) { low } else { high }.to_string()
            );
        }
    };
    report_text(&read, "integer", value, target)?;
    Ok(number.to_string())
}

/// What integers say of text that isn't one.
fn report_text(read: &Read<'_>, kind: &str, value: &Value, target: &Target<'_>) -> Result<(), SqlError> {
    if read.nothing {
        target.incorrect(kind, value)
    } else if read.tail && !read.exponent_only {
        target.truncated()
    } else {
        Ok(())
    }
}

/// Rounds decimal digits half away from zero and pads to `scale` digits.
pub(in crate::sql) fn round_decimal(digits: &str, scale: usize) -> String {
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

pub(super) fn decimal(
    value: &Value,
    (precision, scale, unsigned): (u8, u8, bool),
    target: &Target<'_>,
) -> Result<String, SqlError> {
    let written = written(value)?;
    let read = read(&written);
    let is_text = matches!(value, Value::Text(_) | Value::Bytes(_));
    let plain = plain_digits(read.digits);
    let beyond_all = plain.is_none() && !read.digits.starts_with('-');
    if is_text && (read.nothing || (target.rules.strict && (read.tail || beyond_all))) {
        target.incorrect("decimal", value)?;
    } else if is_text && read.tail {
        target.note_truncated();
    }
    let largest = || {
        let nines = "9".repeat(usize::from(precision));
        let (whole, fraction) = nines.split_at(usize::from(precision.saturating_sub(scale)));
        let whole = if whole.is_empty() { "0" } else { whole };
        if scale == 0 { whole.to_owned() } else { format!("{whole}.{fraction}") }
    };
    let negative = read.digits.starts_with('-');
    let beyond = || match (negative, unsigned) {
        (true, true) => "0".to_owned(),
        (true, false) => format!("-{}", largest()),
        (false, _) => largest(),
    };
    let Some(plain) = plain else {
        if !is_text || !target.rules.strict {
            target.out_of_range()?;
        }
        return Ok(beyond());
    };
    let rounded = round_decimal(&plain, usize::from(scale));
    let whole = rounded.trim_start_matches('-').split('.').next().unwrap_or_default();
    let fits = whole == "0" || whole.len() <= usize::from(precision.saturating_sub(scale));
    let below = negative && plain.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if !fits || (unsigned && below) {
        target.out_of_range()?;
        return Ok(beyond());
    }
    let fraction = plain.split_once('.').map_or("", |(_, fraction)| fraction);
    let cut = fraction.bytes().skip(usize::from(scale)).any(|digit| digit != b'0');
    if cut {
        target.note_truncated();
    }
    Ok(rounded)
}

/// Moves the point as the exponent says. `None` for numbers no decimal column could hold.
pub(in crate::sql) fn plain_digits(digits: &str) -> Option<String> {
    let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) else { return Some(digits.to_owned()) };
    let exponent: i32 = exponent.parse().ok()?;
    if !(-100..=100).contains(&exponent) {
        return if exponent < 0 { Some("0".to_owned()) } else { None };
    }
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let unsigned = unsigned.strip_prefix('+').unwrap_or(unsigned);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let all = format!("{whole}{fraction}");
    Some(match usize::try_from(point) {
        Ok(point) if point >= all.len() => format!("{sign}{all}{}", "0".repeat(point - all.len())),
        Ok(point) => format!("{sign}{}.{}", all.get(..point)?, all.get(point..)?),
        Err(_) => format!("{sign}0.{}{all}", "0".repeat(usize::try_from(-point).ok()?)),
    })
}

pub(super) fn floating(
    value: &Value,
    (kind, limit): (&str, f64),
    unsigned: bool,
    target: &Target<'_>,
) -> Result<String, SqlError> {
    let written = written(value)?;
    let read = read(&written);
    let number: f64 = read.digits.parse().unwrap_or(0.0);
    if read.nothing || read.tail {
        target.incorrect(kind, value)?;
    }
    if unsigned && number < 0.0 {
        target.out_of_range()?;
        return Ok("0".to_owned());
    }
    // (M,D) may be the narrower limit.
    let narrower = target.column.digits().is_some_and(|(digits, decimals)| {
        10_f64.powi(i32::try_from(digits.saturating_sub(decimals)).unwrap_or(i32::MAX)) <= limit
    });
    if number.abs() > limit && !narrower {
        target.out_of_range()?;
        return Ok(if number < 0.0 { -limit } else { limit }.to_string());
    }
    Ok(number.to_string())
}

/// A number of single precision: the nearest one, which may be zero.
pub(super) fn single(text: String) -> String {
    text.parse::<f64>().map_or(text, |number| (number as f32).to_string())
}

/// FLOAT(M,D) and DOUBLE(M,D) keep D digits behind the point, rounded as MySQL does it: the fraction alone, half to
/// even.
pub(super) fn rounded(text: String, target: &Target<'_>) -> Result<String, SqlError> {
    let Some((digits, decimals)) = target.column.digits() else { return Ok(text) };
    let Ok(number) = text.parse::<f64>() else { return Ok(text) };
    let power = |exponent: u32| 10_f64.powi(i32::try_from(exponent).unwrap_or(i32::MAX));
    let scale = power(decimals);
    let most = power(digits.saturating_sub(decimals)) - 1.0 / scale;
    let whole = number.floor();
    let near = number.abs() <= most + 1.0;
    let number = if near { whole + ((number - whole) * scale).round_ties_even() / scale } else { number };
    if number.abs() > most {
        target.out_of_range()?;
        return Ok(if number < 0.0 { -most } else { most }.to_string());
    }
    Ok(number.to_string())
}

pub(super) fn bit(value: &Value, bits: u8, target: &Target<'_>) -> Result<String, SqlError> {
    let most = (1_u128 << bits) - 1;
    if matches!(value, Value::Decimal(digits) if digits.starts_with('-')) {
        target.out_of_range()?;
        return Ok("0".to_owned());
    }
    let number = match value {
        Value::Text(_) | Value::Bytes(_) => {
            let bytes = bytes_of(value)?;
            let significant = bytes.iter().skip_while(|byte| **byte == 0);
            if significant.clone().count() > 8 {
                None
            } else {
                Some(significant.fold(0_u128, |number, byte| number << 8 | u128::from(*byte)))
            }
        }
        other => {
            let rounded = match other {
                Value::Double(number) => whole_double(number.trunc()),
                _exact => plain_digits(&written(other)?).and_then(|plain| round_decimal(&plain, 0).parse().ok()),
            };
            // A number below zero is its two's complement.
            rounded.and_then(|number: i128| match number {
                0.. => u128::try_from(number).ok(),
                _negative => i64::try_from(number).ok().map(|number| u128::from(number.cast_unsigned())),
            })
        }
    };
    match number {
        Some(number) if number <= most => Ok(number.to_string()),
        _outside => {
            if target.rules.strict {
                target.too_long()?;
            } else {
                target.out_of_range()?;
            }
            Ok(most.to_string())
        }
    }
}

pub(super) fn year(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let value = &match value {
        Value::Date(date) | Value::DateTime(date, _) => Value::Int(i64::from(date.year)),
        Value::Time { .. } => return Err(SqlError::unsupported("a TIME in a YEAR column")),
        Value::Double(number) if *number >= 0.0 => Value::Double(number.trunc()),
        other => other.clone(),
    };
    let written = written(value)?;
    let read = read(&written);
    let below = match value {
        Value::Decimal(digits) => digits.starts_with('-'),
        Value::Double(number) => *number < 0.0,
        _other => false,
    };
    let number = if below { -1 } else { whole_number(value, read.digits, false).unwrap_or(-1) };
    let text = matches!(value, Value::Text(_) | Value::Bytes(_));
    let stored = match number {
        0 if text && !read.nothing && written.trim().len() != 4 => 2000,
        0 => 0,
        1..=69 => number + 2000,
        70..=99 => number + 1900,
        1901..=2155 => number,
        _other => {
            target.out_of_range()?;
            return Ok("0".to_owned());
        }
    };
    report_text(&read, "integer", value, target)?;
    Ok(stored.to_string())
}

/// True for columns in which a hexadecimal or bit literal is a number.
pub(in crate::sql) const fn is_numeric(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::TinyInt { .. }
            | ColumnType::SmallInt { .. }
            | ColumnType::MediumInt { .. }
            | ColumnType::Int { .. }
            | ColumnType::BigInt { .. }
            | ColumnType::Decimal { .. }
            | ColumnType::Float { .. }
            | ColumnType::Double { .. }
            | ColumnType::Year
    )
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
