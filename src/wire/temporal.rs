//! Moments and times as the binary protocol writes them: as many bytes as are needed behind their number.

use super::reader::{Malformed, Reader};
use crate::value::{Clock, Date};

/// A date and time of 0, 4, 7 or 11 bytes.
///
/// # Errors
/// [`Malformed`] for another length, and for what no date or time of day can be. Zero and partial dates are dates.
pub fn moment(bytes: &[u8]) -> Result<(Date, Clock), Malformed> {
    let mut reader = Reader::new(bytes);
    let mut date = Date { year: 0, month: 0, day: 0 };
    let mut clock = Clock::default();
    if !matches!(bytes.len(), 0 | 4 | 7 | 11) {
        return Err(Malformed);
    }
    if bytes.len() >= 4 {
        date = Date { year: reader.u16()?, month: reader.u8()?, day: reader.u8()? };
    }
    if bytes.len() >= 7 {
        clock = Clock { hours: reader.u8()?.into(), minutes: reader.u8()?, seconds: reader.u8()?, micros: 0 };
    }
    if bytes.len() == 11 {
        clock.micros = reader.u32()?;
    }
    let legal = date.year <= 9999 && date.month <= 12 && date.day <= 31;
    if legal && clock.hours < 24 && is_clock(clock) { Ok((date, clock)) } else { Err(Malformed) }
}

/// A TIME of 0, 8 or 12 bytes: whether it's negative, and how much. Hours may be more than a day's.
///
/// # Errors
/// [`Malformed`] for another length, and for more minutes, seconds or microseconds than there are.
pub fn time(bytes: &[u8]) -> Result<(bool, Clock), Malformed> {
    if bytes.is_empty() {
        return Ok((false, Clock::default()));
    }
    if !matches!(bytes.len(), 8 | 12) {
        return Err(Malformed);
    }
    let mut reader = Reader::new(bytes);
    let negative = reader.u8()? != 0;
    let days = reader.u32()?;
    let hours = u32::from(reader.u8()?);
    let mut clock = Clock {
        hours: days.checked_mul(24).and_then(|of_days| of_days.checked_add(hours)).ok_or(Malformed)?,
        minutes: reader.u8()?,
        seconds: reader.u8()?,
        micros: 0,
    };
    if bytes.len() == 12 {
        clock.micros = reader.u32()?;
    }
    if is_clock(clock) { Ok((negative, clock)) } else { Err(Malformed) }
}

const fn is_clock(clock: Clock) -> bool {
    clock.minutes < 60 && clock.seconds < 60 && clock.micros < 1_000_000
}
