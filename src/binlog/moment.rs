//! Packed dates and times as MySQL's text, TIMESTAMP in UTC.

use super::{BinlogError, big_endian, little_endian};

/// Bytes of a fraction of so many digits.
pub(super) fn fraction_length(digits: u16) -> Result<usize, BinlogError> {
    if digits > 6 { Err(BinlogError::Malformed("the fraction of a time")) } else { Ok(usize::from(digits).div_ceil(2)) }
}

/// Year, month and day in three bytes.
pub(super) fn date(bytes: &[u8]) -> String {
    let packed = little_endian(bytes);
    format!("{:04}-{:02}-{:02}", packed >> 9, packed >> 5 & 15, packed & 31)
}

/// One byte; 0 is the year 0000.
pub(super) fn year(bytes: &[u8]) -> String {
    match bytes.first() {
        None | Some(0) => "0000".to_owned(),
        Some(years) => (1900 + u16::from(*years)).to_string(),
    }
}

/// The digits of a fraction that is stored in steps of a hundredth.
fn fraction(stored: u64, digits: u16) -> String {
    if digits == 0 {
        return String::new();
    }
    let bytes = u32::from(digits).div_ceil(2);
    let micros = stored * 100_u64.pow(3 - bytes.min(3));
    let all = format!("{micros:06}");
    format!(".{}", all.get(..usize::from(digits)).unwrap_or(&all))
}

/// DATETIME: 17 bits of months, 5 of days, 5 of hours, 6 of minutes, 6 of seconds; then the fraction.
pub(super) fn date_time(bytes: &[u8], digits: u16) -> Result<String, BinlogError> {
    const OFFSET: u64 = 0x80_0000_0000;
    let (whole, rest) = bytes.split_at_checked(5).ok_or(BinlogError::Malformed("a DATETIME"))?;
    let packed = big_endian(whole).checked_sub(OFFSET).ok_or(BinlogError::Malformed("a DATETIME below zero"))?;
    let (days, clock) = (packed >> 17, packed & 0x1_ffff);
    let (months, day) = (days >> 5, days & 31);
    Ok(format!(
        "{:04}-{:02}-{day:02} {:02}:{:02}:{:02}{}",
        months / 13,
        months % 13,
        clock >> 12,
        clock >> 6 & 63,
        clock & 63,
        fraction(big_endian(rest), digits)
    ))
}

/// TIME: sign, 10 bits of hours, 6 of minutes, 6 of seconds, then the fraction; all of it as one number that is negative
/// for negative times.
pub(super) fn time(bytes: &[u8], digits: u16) -> Result<String, BinlogError> {
    let length = fraction_length(digits)?;
    if bytes.len() != 3 + length {
        return Err(BinlogError::Malformed("a TIME"));
    }
    let bits = 8 * length;
    let zero = 0x80_0000_u64 << bits;
    let stored = big_endian(bytes);
    let (negative, packed) = if stored >= zero { (false, stored - zero) } else { (true, zero - stored) };
    let whole = packed >> bits;
    let sign = if negative { "-" } else { "" };
    let (hours, minutes, seconds) = (whole >> 12 & 0x3ff, whole >> 6 & 63, whole & 63);
    let part = packed & ((1 << bits) - 1);
    Ok(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(part, digits)))
}

/// TIMESTAMP: seconds since the epoch, then the fraction. Zero is the zero date.
pub(super) fn timestamp(bytes: &[u8], digits: u16) -> Result<String, BinlogError> {
    let (whole, rest) = bytes.split_at_checked(4).ok_or(BinlogError::Malformed("a TIMESTAMP"))?;
    let (seconds, part) = (big_endian(whole), big_endian(rest));
    let tail = fraction(part, digits);
    if seconds == 0 && part == 0 {
        return Ok(format!("0000-00-00 00:00:00{tail}"));
    }
    let (year, month, day) = civil(seconds / 86_400);
    let clock = seconds % 86_400;
    Ok(format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}{tail}", clock / 3600, clock / 60 % 60, clock % 60))
}

/// The date so many days after 1970-01-01, counted in years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + next, month, day)
}

/// The packed form that a JSON document has for DATE, DATETIME and TIMESTAMP: months, days, clock, microseconds.
pub(super) fn json_date_time(packed: i64) -> Result<(String, String), BinlogError> {
    let packed = u64::try_from(packed).map_err(|_| BinlogError::Malformed("a date below zero"))?;
    let (whole, micros) = (packed >> 24, packed & 0xff_ffff);
    let (days, clock) = (whole >> 17, whole & 0x1_ffff);
    let (months, day) = (days >> 5, days & 31);
    let date = format!("{:04}-{:02}-{day:02}", months / 13, months % 13);
    let time = format!("{:02}:{:02}:{:02}.{micros:06}", clock >> 12, clock >> 6 & 63, clock & 63);
    Ok((date, time))
}

/// As above for TIME.
pub(super) fn json_time(packed: i64) -> String {
    let sign = if packed < 0 { "-" } else { "" };
    let size = packed.unsigned_abs();
    let (whole, micros) = (size >> 24, size & 0xff_ffff);
    format!("{sign}{:02}:{:02}:{:02}.{micros:06}", whole >> 12 & 0x3ff, whole >> 6 & 63, whole & 63)
}
