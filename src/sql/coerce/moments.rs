//! Values on their way into DATE, DATETIME, TIMESTAMP and TIME columns.
//!
//! Zero dates are PostgreSQL's `-infinity`; partial ones (`2024-00-00`) and days that no calendar has can't be stored
//! there and are refused by name where the mode allows them.

use jiff::tz::{Offset, TimeZone};

use crate::schema::ColumnType;
use crate::value::{Clock, Date, Value};

use super::super::bind::text;
use super::super::plan::SqlError;
use super::super::temporal::read::{self, Duration, Moment, Status, Taken};
use super::super::temporal::{self, datetime_text};
use super::rules::Target;

/// How a zero date is stored.
const ZERO: &str = "-infinity";

fn is_huge(value: &Value) -> bool {
    matches!(value, Value::Double(number) if number.abs() > 1e15)
}

fn is_negative(value: &Value) -> bool {
    match value {
        Value::Decimal(digits) => digits.starts_with('-'),
        Value::Double(number) => *number < 0.0,
        _other => false,
    }
}

/// A number's whole part and its fraction as microseconds and tenths of one.
fn parts_of_number(value: &Value) -> Option<(i128, u32, u8)> {
    match value {
        Value::Int(number) => Some((i128::from(*number), 0, 0)),
        Value::UInt(number) => Some((i128::from(*number), 0, 0)),
        Value::Decimal(digits) => {
            let plain = super::number::plain_digits(digits)?;
            let (whole, fraction) = plain.split_once('.').unwrap_or((plain.as_str(), ""));
            let padded = format!("{fraction:0<7}");
            let whole = if whole.is_empty() || whole == "-" { "0" } else { whole };
            Some((whole.parse().ok()?, padded.get(..6)?.parse().ok()?, padded.get(6..7)?.parse().ok()?))
        }
        Value::Double(number) => double_parts(*number),
        Value::Float(number) => double_parts(f64::from(*number)),
        _not_a_number => None,
    }
}

fn double_parts(number: f64) -> Option<(i128, u32, u8)> {
    let text = format!("{number:.6}");
    let (whole, fraction) = text.split_once('.')?;
    Some((whole.parse().ok()?, fraction.parse().ok()?, 0))
}

fn taken(target: &Target<'_>) -> Taken {
    let rules = target.rules;
    Taken {
        no_zero_date: rules.no_zero_date,
        no_zero_in_date: rules.no_zero_in_date,
        invalid_dates: rules.invalid_dates,
    }
}

/// What a value is as a date, with what MySQL says of it.
fn moment(value: &Value, target: &Target<'_>) -> Result<(Option<Moment>, Status), SqlError> {
    let plain = |date: Date, clock: Clock| {
        let moment = Moment { date, clock, tenths: 0, has_time: true, displacement: None };
        (Some(moment), Status::default())
    };
    Ok(match value {
        Value::Date(date) => plain(*date, Clock::default()),
        Value::DateTime(date, clock) => plain(*date, *clock),
        Value::Time { .. } => return Err(SqlError::unsupported("a TIME stored as a date")),
        Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Float(_) | Value::Double(_) => {
            match parts_of_number(value) {
                Some((number, micros, tenths)) if !(number == 0 && is_negative(value)) => {
                    read::moment_of_number(number, micros, tenths, taken(target))
                }
                Some(_) | None => (None, Status { out_of_range: true, ..Status::default() }),
            }
        }
        Value::Null | Value::Text(_) | Value::Bytes(_) => read::moment(&readable(value), taken(target)),
    })
}

/// The text to read; bytes that are no text end it.
fn readable(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => text(other).unwrap_or_default(),
    }
}

/// The value in a message; a date with a time of day has as many digits as the column.
fn shown(value: &Value, target: &Target<'_>) -> String {
    let fraction = match &target.column.column_type {
        ColumnType::DateTime { fraction } | ColumnType::Timestamp { fraction } | ColumnType::Time { fraction } => {
            *fraction
        }
        _date => 0,
    };
    match value {
        Value::DateTime(date, clock) => {
            let whole = datetime_text(*date, Clock { micros: 0, ..*clock });
            temporal::text_with(&whole, clock, fraction)
        }
        Value::Bytes(bytes) => bytes
            .iter()
            .map(|byte| match byte {
                0x20..=0x7e => char::from(*byte).to_string(),
                _other => format!("\\x{byte:02X}"),
            })
            .collect(),
        other => text(other).unwrap_or_default(),
    }
}

/// Reports what MySQL says of a temporal value; `kind` is its word for the column's type.
fn report(status: &Status, kind: &str, value: &Value, target: &Target<'_>) -> Result<(), SqlError> {
    if let Some(delimiter) = &status.delimiter
        && !(target.rules.strict && status.warns())
    {
        warn_delimiter(delimiter, value, target);
    }
    if !status.warns() {
        return Ok(());
    }
    if target.rules.strict {
        return target.named(1292, &format!("Incorrect {kind} value: '{}'", shown(value, target)));
    }
    if status.truncated { target.truncated() } else { target.out_of_range() }
}

fn warn_delimiter(delimiter: &read::Delimiter, value: &Value, target: &Target<'_>) {
    let place = format!(
        "Delimiter '{}' in position {} in datetime value '{}' at row {} is",
        delimiter.found,
        delimiter.position,
        shown(value, target),
        target.row
    );
    match delimiter.standard {
        Some(standard) => target.warn(4095, format!("{place} deprecated. Prefer the standard '{standard}'.")),
        None => target.warn(4096, format!("{place} superfluous and is deprecated. Please remove.")),
    }
}

/// The note that a part was dropped.
fn note_dropped(kind: &str, value: &Value, target: &Target<'_>) {
    let message = if target.rules.strict {
        target.place(&format!("Incorrect {kind} value: '{}'", shown(value, target)))
    } else {
        target.place("Data truncated")
    };
    let code = if target.rules.strict { 1292 } else { 1265 };
    target.warnings.borrow_mut().push(crate::wire::condition::Condition::note(code, message));
}

/// Rounds or cuts to the column's digits. `None` past the last day.
fn fitted(moment: &Moment, fraction: u8, target: &Target<'_>) -> Option<(Date, Clock)> {
    if target.rules.truncate_fraction {
        let unit = 10_u32.pow(u32::from(6 - fraction.min(6)));
        return Some((moment.date, Clock { micros: moment.clock.micros / unit * unit, ..moment.clock }));
    }
    let micros = if fraction >= 6 && moment.tenths >= 5 { moment.clock.micros + 1 } else { moment.clock.micros };
    if micros >= 1_000_000 {
        return temporal::round(moment.date, Clock { micros: 999_999, ..moment.clock }, 0);
    }
    let rounded = temporal::round(moment.date, Clock { micros, ..moment.clock }, fraction)?;
    (rounded.0.year <= 9999).then_some(rounded)
}

fn overflow(target: &Target<'_>) -> Result<(), SqlError> {
    target.raise(1441, "Datetime function: datetime field overflow".to_owned())
}

/// Zero dates are stored as such, those that PostgreSQL can't hold are refused.
fn storable(date: Date) -> Result<bool, SqlError> {
    if (Date { year: 0, month: 0, day: 0 }) == date {
        return Ok(false);
    }
    if temporal::exists(date) {
        Ok(true)
    } else {
        Err(SqlError::unsupported("a partial zero date or a day that isn't in the calendar"))
    }
}

pub(super) fn date(value: &Value, target: &Target<'_>) -> Result<String, SqlError> {
    let (found, status) = moment(value, target)?;
    report(&status, "date", value, target)?;
    let Some(found) = found else { return Ok(ZERO.to_owned()) };
    storable(found.date)?;
    // A time of day that rounds up makes it the next day.
    let Some((date, clock)) =
        fitted(&found, 0, target).filter(|_| found.clock.micros > 0).or(Some((found.date, found.clock)))
    else {
        return Ok(ZERO.to_owned());
    };
    if found.clock.micros > 0 && fitted(&found, 0, target).is_none() {
        overflow(target)?;
        return Ok(ZERO.to_owned());
    }
    if clock != Clock::default() && !status.warns() {
        note_dropped("date", value, target);
    }
    if storable(date)? { Ok(temporal::date_text(date)) } else { Ok(ZERO.to_owned()) }
}

pub(super) fn datetime(
    value: &Value,
    fraction: u8,
    target: &Target<'_>,
    zone: &dyn Fn() -> Result<TimeZone, SqlError>,
) -> Result<String, SqlError> {
    let (found, status) = moment(value, target)?;
    report(&status, "datetime", value, target)?;
    let Some(found) = found else { return Ok(ZERO.to_owned()) };
    storable(found.date)?;
    let Some((date, clock)) = fitted(&found, fraction, target) else {
        if storable(found.date)? {
            overflow(target)?;
        } else {
            // There's no second after a zero date.
            report(&Status { zero: true, ..Status::default() }, "datetime", value, target)?;
        }
        return Ok(ZERO.to_owned());
    };
    if !storable(date)? {
        return if clock == Clock::default() {
            Ok(ZERO.to_owned())
        } else {
            Err(SqlError::unsupported("a time of day on a zero date"))
        };
    }
    let Some(seconds) = found.displacement else { return Ok(datetime_text(date, clock)) };
    let own =
        TimeZone::fixed(Offset::from_seconds(seconds).map_err(|_| SqlError::unsupported("this time zone offset"))?);
    let local =
        temporal::instant_micros(date, clock, &own).and_then(|micros| temporal::local(micros, 6, &zone().ok()?));
    local
        .map(|(date, clock)| datetime_text(date, clock))
        .ok_or_else(|| SqlError::unsupported("a time outside of the calendar"))
}

/// A TIMESTAMP lies between 1970 and 2038; a text may end with an offset of its own.
pub(super) fn timestamp(value: &Value, fraction: u8, target: &Target<'_>, zone: &TimeZone) -> Result<String, SqlError> {
    let (found, mut status) = moment(value, target)?;
    // A date without month or day is none for a TIMESTAMP, whatever stands between its parts.
    if found.as_ref().is_some_and(|found| found.date.year > 0 && (found.date.month == 0 || found.date.day == 0)) {
        status.delimiter = None;
    }
    report(&status, "datetime", value, target)?;
    let Some(found) = found else { return Ok(ZERO.to_owned()) };
    let outside = || {
        if target.rules.strict {
            target.named(1292, &format!("Incorrect datetime value: '{}'", shown(value, target)))?;
        } else {
            target.out_of_range()?;
        }
        Ok(ZERO.to_owned())
    };
    let zero = (Date { year: 0, month: 0, day: 0 }) == found.date;
    if zero {
        let whole = Clock { micros: 0, ..found.clock } == Clock::default();
        let unit = 10_u32.pow(u32::from(6 - fraction.min(6)));
        let least = if target.rules.truncate_fraction { unit } else { unit.div_ceil(2) };
        return if whole && found.clock.micros < least { Ok(ZERO.to_owned()) } else { outside() };
    }
    let Some((date, clock)) = fitted(&found, fraction, target) else {
        overflow(target)?;
        return outside();
    };
    if (Date { year: 0, month: 0, day: 0 }) == date && clock == Clock::default() {
        return Ok(ZERO.to_owned());
    }
    if !temporal::exists(date) {
        // A number that is no whole date is cut, in MySQL's words.
        if matches!(value, Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Double(_))
            && !target.rules.strict
        {
            target.truncated()?;
            return Ok(ZERO.to_owned());
        }
        return outside();
    }
    let own = match found.displacement {
        Some(seconds) => Some(TimeZone::fixed(
            Offset::from_seconds(seconds).map_err(|_| SqlError::unsupported("this time zone offset"))?,
        )),
        None => None,
    };
    match temporal::instant_micros(date, clock, own.as_ref().unwrap_or(zone)) {
        Some(micros) if (1_000_000..2_147_483_648_000_000).contains(&micros) => {
            temporal::instant(micros, 6).ok_or_else(|| SqlError::unsupported("a time outside of the calendar"))
        }
        Some(_) => outside(),
        // A time of day that the zone skips.
        None => match outside() {
            Err(error) => Err(error),
            Ok(_) => Err(SqlError::unsupported("a time of day that the time zone skips")),
        },
    }
}

pub(super) fn time(value: &Value, fraction: u8, target: &Target<'_>) -> Result<String, SqlError> {
    let plain = |negative: bool, clock: Clock| (Some(Duration { negative, clock, tenths: 0 }), Status::default());
    let (found, status) = match value {
        Value::Time { negative, clock } => plain(*negative, *clock),
        Value::DateTime(_, clock) => plain(false, *clock),
        Value::Date(_) => plain(false, Clock::default()),
        Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Float(_) | Value::Double(_) => {
            match parts_of_number(value) {
                Some((number, micros, tenths)) => {
                    let (found, status) = read::duration_of_number(number, micros, tenths);
                    (found.map(|found| Duration { negative: found.negative || is_negative(value), ..found }), status)
                }
                None if is_huge(value) => {
                    let negative = matches!(value, Value::Double(number) if *number < 0.0);
                    let longest = Duration { negative, clock: read::LONGEST, tenths: 0 };
                    (Some(longest), Status { out_of_range: true, ..Status::default() })
                }
                None => (None, Status { out_of_range: true, ..Status::default() }),
            }
        }
        Value::Null | Value::Text(_) | Value::Bytes(_) => read::duration(&readable(value)),
    };
    if status.displaced {
        return Err(SqlError::unsupported("a time with a time zone offset in a TIME column"));
    }
    report(&status, "time", value, target)?;
    let Some(found) = found else { return Ok("00:00:00".to_owned()) };
    if status.date_dropped && !status.warns() {
        note_dropped("time", value, target);
    }
    let rounded = if target.rules.truncate_fraction {
        let unit = 10_u32.pow(u32::from(6 - fraction.min(6)));
        Clock { micros: found.clock.micros / unit * unit, ..found.clock }
    } else {
        let micros = found.clock.micros + u32::from(fraction >= 6 && found.tenths >= 5);
        temporal::round_clock(Clock { micros, ..found.clock }, fraction)
    };
    if rounded > read::LONGEST {
        let beyond = Status { out_of_range: true, ..Status::default() };
        report(&beyond, "time", value, target)?;
        return Ok(temporal::time_text(found.negative, read::LONGEST));
    }
    Ok(temporal::time_text(found.negative, rounded))
}
