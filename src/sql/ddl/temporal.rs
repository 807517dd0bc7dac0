//! Date and time literals in column defaults: the plain formats, canonical as information_schema prints them.

use super::default::Reject;
use super::spec::Literal;

/// DEFAULT of a YEAR column.
pub(super) fn year(literal: &Literal) -> Result<String, Reject> {
    let (text, quoted) = match literal {
        Literal::Text(text) => (text.as_str(), true),
        Literal::Number(text) => (text.as_str(), false),
        Literal::Bytes(_) => return Err(Reject::Unsure),
    };
    let number: u32 = text.parse().map_err(|_| Reject::Invalid)?;
    let year = match number {
        0 if quoted && text.len() < 4 => 2000,
        0 => 0,
        1..=69 => 2000 + number,
        70..=99 => 1900 + number,
        1901..=2155 => number,
        _outside => return Err(Reject::Invalid),
    };
    Ok(format!("{year:04}"))
}

/// DEFAULT of a DATE column.
pub(super) fn date(literal: &Literal, sql_mode: &str) -> Result<String, Reject> {
    let moment = moment(literal)?;
    moment.check(sql_mode)?;
    Ok(moment.date())
}

/// DEFAULT of a DATETIME column.
pub(super) fn datetime(literal: &Literal, fraction: u8, sql_mode: &str) -> Result<String, Reject> {
    let moment = moment(literal)?;
    moment.check(sql_mode)?;
    Ok(format!(
        "{} {:02}:{:02}:{:02}{}",
        moment.date(),
        moment.hour,
        moment.minute,
        moment.second,
        moment.digits(fraction)?
    ))
}

/// DEFAULT of a TIME column.
pub(super) fn time(literal: &Literal, fraction: u8) -> Result<String, Reject> {
    let text = match literal {
        Literal::Text(text) => text.trim().to_owned(),
        Literal::Number(text) => text.clone(),
        Literal::Bytes(_) => return Err(Reject::Unsure),
    };
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let (clock, digits) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (days, clock) = match clock.split_once(' ') {
        Some((days, clock)) => (number(days)?, clock),
        None => (0, clock),
    };
    let (hour, minute, second) = match clock.split(':').collect::<Vec<_>>().as_slice() {
        [hour, minute, second] => (number(hour)?, number(minute)?, number(second)?),
        [hour, minute] if digits.is_empty() => (number(hour)?, number(minute)?, 0),
        [packed] if days == 0 => {
            let packed = number(packed)?;
            (packed / 10_000, packed / 100 % 100, packed % 100)
        }
        _unusual => return Err(Reject::Unsure),
    };
    let hour = days.checked_mul(24).and_then(|hours| hours.checked_add(hour)).ok_or(Reject::Invalid)?;
    if hour > 838 || minute > 59 || second > 59 {
        return Err(Reject::Invalid);
    }
    let zero = hour == 0 && minute == 0 && second == 0 && digits.bytes().all(|digit| digit == b'0');
    let sign = if zero { "" } else { sign };
    Ok(format!("{sign}{hour:02}:{minute:02}:{second:02}{}", fractional(digits, fraction)?))
}

/// A point in time as written.
#[derive(Clone, Debug, Default)]
struct Moment {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    fraction: String,
}

impl Moment {
    fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn digits(&self, fraction: u8) -> Result<String, Reject> {
        fractional(&self.fraction, fraction)
    }

    /// Zero dates depend on `sql_mode`; PostgreSQL holds the one that is zero throughout.
    fn check(&self, sql_mode: &str) -> Result<(), Reject> {
        if self.month == 0 || self.day == 0 {
            let mode = |name: &str| sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(name));
            let strict = mode("STRICT_TRANS_TABLES") || mode("STRICT_ALL_TABLES") || mode("TRADITIONAL");
            let zero = self.year == 0 && self.month == 0 && self.day == 0;
            if zero && (self.hour, self.minute, self.second) == (0, 0, 0) && self.fraction.is_empty() {
                return match (mode("NO_ZERO_DATE") || mode("TRADITIONAL"), strict) {
                    (false, _) => Ok(()),
                    (true, true) => Err(Reject::Invalid),
                    (true, false) => Err(Reject::Unsure),
                };
            }
            let forbidden = strict && (mode("NO_ZERO_IN_DATE") || mode("TRADITIONAL"));
            return Err(if forbidden { Reject::Invalid } else { Reject::Unsure });
        }
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _long => 31,
        };
        let valid = self.month <= 12 && self.day <= days && self.hour <= 23 && self.minute <= 59 && self.second <= 59;
        if !valid {
            return Err(Reject::Invalid);
        }
        if self.year == 0 { Err(Reject::Unsure) } else { Ok(()) }
    }
}

fn moment(literal: &Literal) -> Result<Moment, Reject> {
    match literal {
        Literal::Text(text) => written(text.trim()),
        Literal::Number(text) => packed(text),
        Literal::Bytes(_) => Err(Reject::Unsure),
    }
}

fn written(text: &str) -> Result<Moment, Reject> {
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(Reject::Invalid);
    }
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return Err(Reject::Unsure);
    };
    if year.len() != 4 {
        return Err(Reject::Unsure);
    }
    let mut moment = Moment { year: number(year)?, month: number(month)?, day: number(day)?, ..Moment::default() };
    if let Some(time) = time {
        let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
        let parts: Vec<&str> = clock.split(':').collect();
        let (hour, minute, second) = match parts.as_slice() {
            [hour, minute, second] => (hour, minute, *second),
            [hour, minute] if fraction.is_empty() => (hour, minute, "0"),
            _unusual => return Err(Reject::Unsure),
        };
        moment.hour = number(hour)?;
        moment.minute = number(minute)?;
        moment.second = number(second)?;
        moment.fraction = fraction.to_owned();
    }
    Ok(moment)
}

/// `YYYYMMDD` and `YYYYMMDDhhmmss`.
fn packed(text: &str) -> Result<Moment, Reject> {
    let number: u64 = text.parse().map_err(|_| Reject::Unsure)?;
    let (date, time) = match text.len() {
        8 => (number, 0),
        14 => (number / 1_000_000, number % 1_000_000),
        _unusual if number == 0 => (0, 0),
        _unusual => return Err(Reject::Unsure),
    };
    let part = |value: u64| u32::try_from(value).map_err(|_| Reject::Unsure);
    Ok(Moment {
        year: part(date / 10_000)?,
        month: part(date / 100 % 100)?,
        day: part(date % 100)?,
        hour: part(time / 10_000)?,
        minute: part(time / 100 % 100)?,
        second: part(time % 100)?,
        fraction: String::new(),
    })
}

/// A number of one to four digits, or more for packed times.
fn number(text: &str) -> Result<u32, Reject> {
    if text.is_empty() || text.len() > 7 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(if text.bytes().all(|byte| byte.is_ascii_digit()) { Reject::Unsure } else { Reject::Invalid });
    }
    text.parse().map_err(|_| Reject::Unsure)
}

/// `.fff` with the column's digits; a value that would have to be rounded isn't carried.
fn fractional(written: &str, digits: u8) -> Result<String, Reject> {
    let digits = usize::from(digits);
    if !written.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reject::Invalid);
    }
    let significant = written.trim_end_matches('0');
    if significant.len() > digits {
        return Err(Reject::Unsure);
    }
    Ok(if digits == 0 { String::new() } else { format!(".{significant:0<digits$}") })
}
