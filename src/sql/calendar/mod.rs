//! Arguments of date and time functions: whatever the argument is, PostgreSQL gets a timestamp or an interval.
//!
//! MySQL reads text and numbers as dates, warns of what isn't one and goes on with NULL. Text that is written in the
//! statement is read here, by the same rules as values that are stored; other text is read by helper functions in
//! PostgreSQL. Zero dates are `-infinity`, whose year, month and hour are 0 and which has no weekday.

mod functions;
mod locales;

pub(super) use functions::number_digits;
pub use locales::Locale;

use crate::value::Value;
use crate::wire::FieldType;
use crate::wire::condition::Condition;

use super::expression::{Expression, Lowering};
use super::plan::{ParameterSource, SqlError};
use super::temporal::read::{self, Moment, Status, Taken};
use super::temporal::{self, datetime_text, time_text};
use super::types::{Carrier, Class};

/// As what an argument is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A date whose time of day doesn't matter.
    Date,
    DateTime,
}

impl Kind {
    /// How MySQL calls a text that is none.
    pub(super) const fn bad(self) -> &'static str {
        match self {
            Self::Date => "Truncated incorrect date",
            Self::DateTime => "Incorrect datetime",
        }
    }
}

impl Lowering<'_> {
    /// The argument as a timestamp; a zero date is `-infinity`.
    pub(super) fn moment_of(&mut self, argument: &Expression, kind: Kind) -> Result<String, SqlError> {
        if let Some(Value::Text(text)) = argument.constant() {
            return self.constant_moment(&text.clone(), kind);
        }
        let read = matches!(
            argument.ty.class,
            Class::Text | Class::Open | Class::Bytes | Class::Integer | Class::Decimal | Class::Real | Class::Time
        );
        if self.quiet && read {
            return Err(SqlError::unsupported("text or a number read as a date in a definition"));
        }
        match argument.ty.class {
            Class::Null => Ok("NULL::timestamp".to_owned()),
            Class::Text | Class::Open | Class::Bytes => {
                let text = self.render(argument, Carrier::Text)?;
                Ok(format!("\"mysql\".as_moment({text}, '{}')", kind.bad()))
            }
            // A year is its first day; the year 0 can't be carried as a date.
            Class::Integer if argument.ty.field == FieldType::Year => {
                let year = self.render(argument, Carrier::Int4)?;
                Ok(format!("\"mysql\".moment_of_parts({year}, 1, 1, 0, 0, 0, 0)"))
            }
            Class::Integer | Class::Decimal | Class::Real => {
                let number = self.render(argument, Carrier::Numeric)?;
                Ok(format!("\"mysql\".moment_of_number({number})"))
            }
            Class::Time => {
                self.deterministic("a TIME read as a date")?;
                let today = self.parameter(&ParameterSource::Now { fraction: 0 }, Carrier::Timestamp.oid());
                let time = self.render(argument, Carrier::Interval)?;
                Ok(format!("(date_trunc('day', {today}) + {time})"))
            }
            Class::Date | Class::DateTime => self.render(argument, Carrier::Timestamp),
            Class::Json => Err(SqlError::unsupported("a JSON value read as a date")),
        }
    }

    /// The argument as a timestamp; a zero date is NULL.
    pub(super) fn dated(&mut self, argument: &Expression, kind: Kind) -> Result<String, SqlError> {
        let moment = self.moment_of(argument, kind)?;
        Ok(format!("\"mysql\".dated({moment})"))
    }

    /// The argument as an interval.
    pub(super) fn time_of(&mut self, argument: &Expression) -> Result<String, SqlError> {
        if let Some(Value::Text(text)) = argument.constant() {
            return self.constant_time(&text.clone());
        }
        let read = matches!(
            argument.ty.class,
            Class::Text | Class::Open | Class::Bytes | Class::Integer | Class::Decimal | Class::Real | Class::Time
        );
        if self.quiet && read && argument.ty.class != Class::Time {
            return Err(SqlError::unsupported("text or a number read as a date in a definition"));
        }
        match argument.ty.class {
            Class::Null => Ok("NULL::interval".to_owned()),
            Class::Text | Class::Open | Class::Bytes => {
                let text = self.render(argument, Carrier::Text)?;
                Ok(format!("\"mysql\".as_time({text})"))
            }
            Class::Integer if argument.ty.field == FieldType::Year => {
                Err(SqlError::unsupported("a YEAR read as a time"))
            }
            Class::Integer | Class::Decimal | Class::Real => {
                let number = self.render(argument, Carrier::Numeric)?;
                Ok(format!("\"mysql\".time_of_number({number})"))
            }
            Class::Time => self.render(argument, Carrier::Interval),
            Class::Date | Class::DateTime => {
                let moment = self.render(argument, Carrier::Timestamp)?;
                Ok(format!("\"mysql\".time_of_day({moment})"))
            }
            Class::Json => Err(SqlError::unsupported("a JSON value read as a time")),
        }
    }

    fn warn_value(&mut self, what: &str, text: &str) {
        // An expression may be looked at more than once on its way through a statement.
        let warning = Condition::warning(1292, format!("{what} value: '{text}'"));
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The fractional digits of an argument that is read: text may have all six.
    pub(super) fn digits_of(argument: &Expression) -> u8 {
        match (argument.constant(), argument.ty.class) {
            (Some(Value::Text(text)), _) => digits_of_text(text),
            (_, Class::Text | Class::Real | Class::Open | Class::Bytes) => 6,
            (_, _) => argument.ty.decimals.min(6),
        }
    }

    fn constant_moment(&mut self, text: &str, kind: Kind) -> Result<String, SqlError> {
        let (found, status) = read::moment(
            text,
            Taken { no_zero_date: self.modes.no_zero_date, no_zero_in_date: false, invalid_dates: false },
        );
        let Some(found) = found else {
            self.warn_value(kind.bad(), text);
            return Ok("NULL::timestamp".to_owned());
        };
        self.tell(&found, &status, text);
        let found = Moment { tenths: self.tenths(found.tenths), ..found };
        let Some(seconds) = found.displacement else { return moment_literal(&found) };
        // The local time of an instant.
        self.deterministic("a text with a time zone offset")?;
        if self.quiet {
            return Err(SqlError::unsupported("a text with a time zone offset in a definition"));
        }
        let local = moment_literal(&Moment { displacement: None, ..found })?;
        Ok(format!("(({local} - interval '{seconds} seconds') AT TIME ZONE 'UTC')::timestamp"))
    }

    /// Warns of a tail that wasn't read.
    fn tell(&mut self, found: &Moment, status: &Status, text: &str) {
        if status.truncated {
            self.warn_value(
                if found.has_time { "Truncated incorrect datetime" } else { "Truncated incorrect date" },
                text,
            );
        }
    }

    /// What is beyond microseconds is rounded, or dropped where the mode says so.
    const fn tenths(&self, tenths: u8) -> u8 {
        if self.modes.truncate_fraction { 0 } else { tenths }
    }

    /// A moment with so many digits of a fraction, rounded or cut.
    pub(in crate::sql) fn with_fraction(&self, moment: &str, digits: u8) -> String {
        if self.modes.truncate_fraction {
            format!("\"mysql\".cut_moment({moment}, {digits})")
        } else {
            // PostgreSQL rounds halves away from 2000, MySQL up: so they are rounded two thousand years later.
            const LATER: &str = "interval '730485 days'";
            format!("((({moment}) + {LATER})::timestamp({digits}) - {LATER})")
        }
    }

    fn constant_time(&mut self, text: &str) -> Result<String, SqlError> {
        let (found, status) = read::duration(text);
        if status.displaced {
            let moment = self.constant_moment(text, Kind::DateTime)?;
            return Ok(format!("\"mysql\".time_of_day({moment})"));
        }
        if status.warns() {
            self.warn_value("Truncated incorrect time", text);
        }
        let Some(found) = found else { return Ok("NULL::interval".to_owned()) };
        let tenths = self.tenths(found.tenths);
        let clock = crate::value::Clock { micros: found.clock.micros + u32::from(tenths >= 5), ..found.clock };
        Ok(format!("'{}'::interval", time_text(found.negative, temporal::round_clock(clock, 6))))
    }
}

/// The fractional digits that a text shows.
fn digits_of_text(text: &str) -> u8 {
    let fraction = text.rsplit_once('.').map_or("", |(_, fraction)| fraction);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    u8::try_from(digits.min(6)).unwrap_or(6)
}

fn moment_literal(found: &Moment) -> Result<String, SqlError> {
    let zero = found.date == crate::value::Date { year: 0, month: 0, day: 0 };
    if zero && found.clock == crate::value::Clock::default() {
        return Ok("'-infinity'::timestamp".to_owned());
    }
    if !temporal::exists(found.date) {
        return Err(SqlError::unsupported("a partial zero date"));
    }
    let clock = crate::value::Clock { micros: found.clock.micros + u32::from(found.tenths >= 5), ..found.clock };
    let (date, clock) = if clock.micros > 999_999 {
        temporal::round(found.date, found.clock, 0)
            .ok_or_else(|| SqlError::unsupported("a time outside of the calendar"))?
    } else {
        (found.date, clock)
    };
    Ok(format!("'{}'::timestamp", datetime_text(date, clock)))
}
