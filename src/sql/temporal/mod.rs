//! Dates and times as text, the way MySQL reads and writes them, and the session's time zone.

pub(super) mod read;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use crate::value::{Clock, Date, Value};

/// The zone of a session: an offset, a name, or SYSTEM. `None` when it isn't known.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("SYSTEM") {
        return Some(TimeZone::system());
    }
    if let Some((sign, rest)) =
        name.strip_prefix('+').map(|rest| (1, rest)).or_else(|| name.strip_prefix('-').map(|rest| (-1, rest)))
    {
        let (hours, minutes) = rest.split_once(':')?;
        let seconds = hours.parse::<i32>().ok()?.checked_mul(3600)? + minutes.parse::<i32>().ok()? * 60;
        return Some(TimeZone::fixed(Offset::from_seconds(sign * seconds).ok()?));
    }
    TimeZone::get(name).ok()
}

/// Cuts microseconds to a number of digits.
fn cut(micros: i64, fraction: u8) -> i64 {
    let unit = 10_i64.pow(u32::from(6 - fraction.min(6)));
    micros.div_euclid(unit) * unit
}

/// An instant in a zone as date and time of day, cut to `fraction` digits.
pub(super) fn local(micros: i64, fraction: u8, zone: &TimeZone) -> Option<(Date, Clock)> {
    let at = zone.to_datetime(Timestamp::from_microsecond(cut(micros, fraction)).ok()?);
    let date = Date {
        year: u16::try_from(at.year()).ok()?,
        month: u8::try_from(at.month()).ok()?,
        day: u8::try_from(at.day()).ok()?,
    };
    let clock = Clock {
        hours: u32::try_from(at.hour()).ok()?,
        minutes: u8::try_from(at.minute()).ok()?,
        seconds: u8::try_from(at.second()).ok()?,
        micros: u32::try_from(at.subsec_nanosecond() / 1000).ok()?,
    };
    Some((date, clock))
}

/// An instant as PostgreSQL reads it, cut to `fraction` digits.
pub(super) fn instant(micros: i64, fraction: u8) -> Option<String> {
    let (date, clock) = local(micros, fraction, &TimeZone::UTC)?;
    Some(format!("{}+00", datetime_text(date, clock)))
}

/// A date and time of day in a zone as microseconds since the epoch. Times that the zone skips don't exist.
pub(super) fn instant_micros(date: Date, clock: Clock, zone: &TimeZone) -> Option<i64> {
    let civil = civil::DateTime::new(
        i16::try_from(date.year).ok()?,
        i8::try_from(date.month).ok()?,
        i8::try_from(date.day).ok()?,
        i8::try_from(clock.hours).ok()?,
        i8::try_from(clock.minutes).ok()?,
        i8::try_from(clock.seconds).ok()?,
        i32::try_from(clock.micros).ok()? * 1000,
    )
    .ok()?;
    let zoned = civil.to_zoned(zone.clone()).ok()?;
    (zoned.datetime() == civil).then(|| zoned.timestamp().as_microsecond())
}

/// The same as PostgreSQL reads it.
pub(super) fn to_instant(date: Date, clock: Clock, zone: &TimeZone) -> Option<String> {
    instant_micros(date, clock, zone).and_then(|micros| instant(micros, 6))
}

/// Rounds the microseconds of a duration to `fraction` digits, half up.
pub(super) fn round_clock(clock: Clock, fraction: u8) -> Clock {
    let unit = 10_u32.pow(u32::from(6 - fraction.min(6)));
    let rounded = (clock.micros + unit / 2) / unit * unit;
    if rounded < 1_000_000 {
        return Clock { micros: rounded, ..clock };
    }
    let total = clock.hours * 3600 + u32::from(clock.minutes) * 60 + u32::from(clock.seconds) + 1;
    let (minutes, seconds) = (u8::try_from(total / 60 % 60), u8::try_from(total % 60));
    Clock { hours: total / 3600, minutes: minutes.unwrap_or(0), seconds: seconds.unwrap_or(0), micros: 0 }
}

/// `2024-01-31`.
pub(super) fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn micros_text(micros: u32) -> String {
    if micros == 0 { String::new() } else { format!(".{micros:06}") }
}

/// `2024-01-31 12:30:00`, with a fraction when there is one.
pub(super) fn datetime_text(date: Date, clock: Clock) -> String {
    format!(
        "{} {:02}:{:02}:{:02}{}",
        date_text(date),
        clock.hours,
        clock.minutes,
        clock.seconds,
        micros_text(clock.micros)
    )
}

/// `-838:59:59`.
pub(super) fn time_text(negative: bool, clock: Clock) -> String {
    let sign = if negative { "-" } else { "" };
    format!("{sign}{:02}:{:02}:{:02}{}", clock.hours, clock.minutes, clock.seconds, micros_text(clock.micros))
}

/// Appends `digits` digits of the clock's fraction.
pub(super) fn text_with(whole: &str, clock: &Clock, digits: u8) -> String {
    if digits == 0 {
        return whole.to_owned();
    }
    let fraction: String = format!("{:06}", clock.micros).chars().take(usize::from(digits)).collect();
    format!("{whole}.{fraction}")
}

/// True for a date that the calendar has; zero dates aren't in it.
pub(super) fn exists(date: Date) -> bool {
    let (Ok(year), Ok(month), Ok(day)) = (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day))
    else {
        return false;
    };
    date.year > 0 && civil::Date::new(year, month, day).is_ok()
}

/// Rounds microseconds to `fraction` digits, half up, as MySQL does when it stores.
pub(super) fn round(date: Date, clock: Clock, fraction: u8) -> Option<(Date, Clock)> {
    let unit = 10_u32.pow(u32::from(6 - fraction.min(6)));
    let rounded = (clock.micros + unit / 2) / unit * unit;
    if rounded < 1_000_000 {
        return Some((date, Clock { micros: rounded, ..clock }));
    }
    let civil = civil::DateTime::new(
        i16::try_from(date.year).ok()?,
        i8::try_from(date.month).ok()?,
        i8::try_from(date.day).ok()?,
        i8::try_from(clock.hours).ok()?,
        i8::try_from(clock.minutes).ok()?,
        i8::try_from(clock.seconds).ok()?,
        0,
    );
    let next = civil.ok()?.checked_add(jiff::Span::new().seconds(1)).ok()?;
    let micros = next.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
    local(micros, 6, &TimeZone::UTC)
}

/// Reads a date with or without time of day: `2024-1-5`, `2024-01-05 10:20`, `20240105`, `20240105102030`,
/// with any punctuation between the parts. `None` when MySQL wouldn't read it either.
pub(super) fn parse_datetime(text: &str) -> Option<(Date, Option<Clock>)> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.split('.').next().is_some_and(|whole| whole.len() >= 6)
    {
        return parse_digits(text);
    }
    let mut numbers: Vec<&str> = Vec::with_capacity(7);
    let (mut rest, mut fraction) = (text, None);
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        if number.is_empty() {
            return None;
        }
        if numbers.len() == 6 {
            fraction = Some(number);
            rest = tail;
            break;
        }
        numbers.push(number);
        let mut characters = tail.chars();
        rest = match characters.next() {
            None => "",
            Some(separator) if separator.is_ascii_punctuation() || separator == 'T' || separator == ' ' => {
                characters.as_str().trim_start()
            }
            Some(_) => return None,
        };
    }
    if !rest.is_empty() {
        return None;
    }
    let part = |at: usize| numbers.get(at).map_or(Some(0), |number| number.parse::<u32>().ok());
    let (year_text, _month, _day) = (numbers.first()?, numbers.get(1)?, numbers.get(2)?);
    let year = full_year(part(0)?, year_text.len());
    let date = Date {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(part(1)?).ok()?,
        day: u8::try_from(part(2)?).ok()?,
    };
    let clock = clock(part(3)?, part(4)?, part(5)?, fraction)?;
    (valid(date) && clock.hours < 24).then_some((date, (numbers.len() > 3).then_some(clock)))
}

fn parse_digits(text: &str) -> Option<(Date, Option<Clock>)> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let year_digits = match whole.len() {
        6 | 12 => 2,
        8 | 14 => 4,
        _other => return None,
    };
    let number = |from: usize, to: usize| whole.get(from..to)?.parse::<u32>().ok();
    let year = full_year(number(0, year_digits)?, year_digits);
    let at = year_digits;
    let date = Date {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(number(at, at + 2)?).ok()?,
        day: u8::try_from(number(at + 2, at + 4)?).ok()?,
    };
    let clock = if whole.len() > 8 {
        Some(clock(number(at + 4, at + 6)?, number(at + 6, at + 8)?, number(at + 8, at + 10)?, fraction)?)
    } else {
        None
    };
    (valid(date) && clock.is_none_or(|clock| clock.hours < 24)).then_some((date, clock))
}

/// Two digits stand for 1970 to 2069.
fn full_year(year: u32, digits: usize) -> u32 {
    match (digits, year) {
        (1 | 2, 0..=69) => year + 2000,
        (1 | 2, _) => year + 1900,
        (_, _) => year,
    }
}

fn valid(date: Date) -> bool {
    exists(date) || date == Date { year: 0, month: 0, day: 0 }
}

fn clock(hours: u32, minutes: u32, seconds: u32, fraction: Option<&str>) -> Option<Clock> {
    let micros = match fraction {
        None | Some("") => 0,
        Some(digits) => {
            let mut padded: String = digits.chars().take(6).collect();
            while padded.len() < 6 {
                padded.push('0');
            }
            padded.parse().ok()?
        }
    };
    let (minutes, seconds) = (u8::try_from(minutes).ok()?, u8::try_from(seconds).ok()?);
    (minutes < 60 && seconds < 60).then_some(Clock { hours, minutes, seconds, micros })
}

/// Reads a duration: `10:20`, `-10:20:30.5`, `1 10:20:30`, `102030`.
pub(super) fn parse_time(text: &str) -> Option<(bool, Clock)> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (days, text) = match text.split_once(' ') {
        Some((days, rest)) => (days.parse::<u32>().ok()?, rest.trim_start()),
        None => (0, text),
    };
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let parts: Vec<u32> = whole.split(':').map(|part| part.parse::<u32>().ok()).collect::<Option<_>>()?;
    let found = match parts.as_slice() {
        [hours, minutes] => clock(*hours, *minutes, 0, fraction)?,
        [hours, minutes, seconds] => clock(*hours, *minutes, *seconds, fraction)?,
        [digits] => clock(digits / 10_000, digits / 100 % 100, digits % 100, fraction)?,
        _other => return None,
    };
    let hours = found.hours.checked_add(days.checked_mul(24)?)?;
    (hours <= 838).then_some((negative, Clock { hours, ..found }))
}

/// A value as a date with time of day.
pub(super) fn to_datetime(value: &Value) -> Option<(Date, Clock)> {
    let parsed = |text: &str| parse_datetime(text).map(|(date, clock)| (date, clock.unwrap_or_default()));
    match value {
        Value::Date(date) => Some((*date, Clock::default())),
        Value::DateTime(date, clock) => Some((*date, *clock)),
        Value::Text(text) => parsed(text),
        Value::Bytes(bytes) => parsed(std::str::from_utf8(bytes).ok()?),
        Value::Int(number) => parsed(&number.to_string()),
        Value::UInt(number) => parsed(&number.to_string()),
        Value::Decimal(digits) => parsed(digits),
        Value::Null | Value::Float(_) | Value::Double(_) | Value::Time { .. } => None,
    }
}
