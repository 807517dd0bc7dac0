//! MySQL's text form of dates, times and numbers, read exactly. Pure.
//!
//! Only the canonical texts are read that a MySQL server prints for its own columns: `2024-01-31`,
//! `2024-01-31 10:00:00.25`, `-838:59:59`, `-12.30`. What clients may write is wider and belongs to `sql`.

use super::{Clock, Date};

/// `YYYY-MM-DD`; zero and partial dates are read as they are.
#[must_use]
pub fn date(text: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    Some(Date {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(number(&[*m1, *m2])?).ok()?,
        day: u8::try_from(number(&[*d1, *d2])?).ok()?,
    })
}

/// `YYYY-MM-DD hh:mm:ss[.ffffff]`.
#[must_use]
pub fn date_time(text: &[u8]) -> Option<(Date, Clock)> {
    let (day, rest) = text.split_at_checked(10)?;
    let clock = clock(rest.strip_prefix(b" ")?)?;
    (clock.hours < 24).then_some((date(day)?, clock))
}

/// `[-]h…hh:mm:ss[.ffffff]`: the sign and the clock.
#[must_use]
pub fn time(text: &[u8]) -> Option<(bool, Clock)> {
    match text.strip_prefix(b"-") {
        Some(rest) => Some((true, clock(rest)?)),
        None => Some((false, clock(text)?)),
    }
}

fn clock(text: &[u8]) -> Option<Clock> {
    let (whole, fraction) = match text.iter().position(|byte| *byte == b'.') {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, &[][..]),
    };
    let mut parts = whole.split(|byte| *byte == b':');
    let hours = number(parts.next()?)?;
    let minutes = u8::try_from(number(parts.next()?)?).ok()?;
    let seconds = u8::try_from(number(parts.next()?)?).ok()?;
    if parts.next().is_some() || minutes > 59 || seconds > 59 || fraction.len() > 6 {
        return None;
    }
    let scale = 10_u32.pow(6 - u32::try_from(fraction.len()).ok()?);
    let micros = if fraction.is_empty() { 0 } else { number(fraction)? * scale };
    Some(Clock { hours, minutes, seconds, micros })
}

/// Up to nine digits.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0_u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

impl Date {
    /// Days since 2000-01-01 in the proleptic Gregorian calendar that both servers use; `None` for zero, partial and
    /// impossible dates, and for year 0, which PostgreSQL doesn't have.
    #[must_use]
    pub fn days_since_2000(self) -> Option<i32> {
        const DAYS: [u8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let year = i32::from(self.year);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = *DAYS.get(usize::from(self.month.checked_sub(1)?))? + u8::from(leap && self.month == 2);
        if self.day == 0 || self.day > length || year == 0 {
            return None;
        }
        // Counted in years that begin in March, so that the leap day comes last.
        let (shifted, month) = if self.month > 2 { (year, self.month - 3) } else { (year - 1, self.month + 9) };
        let day_of_year = (153 * i32::from(month) + 2) / 5 + i32::from(self.day) - 1;
        let days = 365 * shifted + shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
        Some(days + day_of_year - 730_425)
    }
}

impl Clock {
    /// Microseconds since its beginning.
    #[must_use]
    pub fn total_micros(self) -> i64 {
        let seconds = i64::from(self.hours) * 3600 + i64::from(self.minutes) * 60 + i64::from(self.seconds);
        seconds * 1_000_000 + i64::from(self.micros)
    }
}

/// A decimal number as sign, digits and scale: `-12.30` is `(true, "1230", 2)`, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecimalDigits {
    pub negative: bool,
    /// Digit values 0 to 9; the last `scale` of them follow the point.
    pub digits: Vec<u8>,
    pub scale: usize,
}

/// `[-]ddd[.ddd]`.
#[must_use]
pub fn decimal(text: &[u8]) -> Option<DecimalDigits> {
    let (negative, body) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix(b"+").unwrap_or(text)),
    };
    let point = body.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (body.get(..at)?, body.get(at + 1..)?),
        None => (body, &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let digits: Vec<u8> = whole.iter().chain(fraction).map(|byte| byte - b'0').collect();
    let leading = digits.iter().take(whole.len()).take_while(|digit| **digit == 0).count();
    let digits = digits.get(leading..)?.to_vec();
    Some(DecimalDigits { negative: negative && digits.iter().any(|digit| *digit != 0), digits, scale: fraction.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> Option<i32> {
        date(text.as_bytes())?.days_since_2000()
    }

    #[test]
    fn dates_are_counted_from_2000() {
        assert_eq!(days("2000-01-01"), Some(0));
        assert_eq!(days("2000-02-29"), Some(59));
        assert_eq!(days("2024-03-01"), Some(8826));
        assert_eq!(days("1970-01-01"), Some(-10_957));
        assert_eq!(days("0001-01-01"), Some(-730_119));
        assert_eq!(days("9999-12-31"), Some(2_921_939));
        for impossible in ["0000-00-00", "2024-00-10", "2024-02-30", "1900-02-29", "0000-05-05"] {
            assert_eq!(days(impossible), None, "{impossible}");
        }
    }

    #[test]
    fn times_keep_sign_and_fraction() {
        let micros = |text: &str| time(text.as_bytes()).map(|(negative, clock)| (negative, clock.total_micros()));
        assert_eq!(micros("-00:00:01.5"), Some((true, 1_500_000)));
        assert_eq!(micros("838:59:59"), Some((false, 3_020_399_000_000)));
        assert_eq!(micros("10:60:00"), None);
        assert_eq!(date_time(b"2024-01-01 24:00:00"), None);
        assert_eq!(date_time(b"2024-01-0"), None);
    }

    #[test]
    fn decimals_lose_leading_zeros_only() {
        let digits = decimal(b"-0012.30").expect("a decimal");
        assert_eq!((digits.negative, digits.digits, digits.scale), (true, vec![1, 2, 3, 0], 2));
        assert_eq!(decimal(b"-0.00").map(|digits| digits.negative), Some(false));
        assert_eq!(decimal(b"1e5"), None);
        assert_eq!(decimal(b"."), None);
    }
}
