//! Text and numbers read as dates and times, the way MySQL reads them: what was found, and what MySQL says of it.
//!
//! A text is read as a date when its first parts can be one, with any punctuation between them; a time of up to 838
//! hours may be a whole date with a time of day, of which the date is then dropped. What doesn't stop the reading
//! (a garbage tail, a delimiter that isn't the standard's) is noted in [`Status`], and what it means, an error, a
//! warning or nothing, is decided by those who read.

use crate::value::{Clock, Date};

/// What MySQL says of a value beside its reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::sql) struct Status {
    /// A part wasn't used, or nothing could be read.
    pub(in crate::sql) truncated: bool,
    /// A part is outside of its range.
    pub(in crate::sql) out_of_range: bool,
    /// Zero where the mode forbids it.
    pub(in crate::sql) zero: bool,
    /// A date with a time of day was read as a time.
    pub(in crate::sql) date_dropped: bool,
    /// That date had a time zone offset.
    pub(in crate::sql) displaced: bool,
    /// The first delimiter that MySQL calls deprecated.
    pub(in crate::sql) delimiter: Option<Delimiter>,
}

impl Status {
    pub(in crate::sql) const fn warns(&self) -> bool {
        self.truncated || self.out_of_range || self.zero
    }
}

/// A delimiter out of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Delimiter {
    pub(in crate::sql) found: char,
    /// 0-based.
    pub(in crate::sql) position: usize,
    /// What the standard has there; `None` when nothing should be there.
    pub(in crate::sql) standard: Option<char>,
}

/// Which dates are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::sql) struct Taken {
    pub(in crate::sql) no_zero_date: bool,
    pub(in crate::sql) no_zero_in_date: bool,
    pub(in crate::sql) invalid_dates: bool,
}

/// A date with its time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Moment {
    pub(in crate::sql) date: Date,
    pub(in crate::sql) clock: Clock,
    /// Tenths of a microsecond beyond the clock's.
    pub(in crate::sql) tenths: u8,
    /// The text has a time of day.
    pub(in crate::sql) has_time: bool,
    /// Seconds east of Greenwich that the text ends with.
    pub(in crate::sql) displacement: Option<i32>,
}

/// A duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Duration {
    pub(in crate::sql) negative: bool,
    pub(in crate::sql) clock: Clock,
    pub(in crate::sql) tenths: u8,
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

struct Scan<'t> {
    text: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn nth(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn digit(&self) -> Option<u32> {
        self.peek().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'))
    }

    fn blanks(&mut self) -> usize {
        let begun = self.at;
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
        self.at - begun
    }

    fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Digits as a number, at most `most` of them; `None` beyond ten million million.
    fn number(&mut self, most: usize) -> Option<(u64, usize)> {
        let (mut number, begun) = (0_u64, self.at);
        while self.at - begun < most
            && let Some(digit) = self.digit()
        {
            number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
            self.at += 1;
        }
        Some((number, self.at - begun))
    }

    /// The fraction's digits, the first seven of which count.
    fn fraction(&mut self) -> (u32, u8) {
        let (mut micros, mut tenths, mut count) = (0_u32, 0_u8, 0_u32);
        while let Some(digit) = self.digit() {
            if count < 6 {
                micros = micros * 10 + digit;
            } else if count == 6 {
                tenths = u8::try_from(digit).unwrap_or(0);
            }
            count += 1;
            self.at += 1;
        }
        (micros * 10_u32.pow(6_u32.saturating_sub(count)), tenths)
    }
}

/// Reads a date with or without a time of day. `None` when there's none; the status says why.
pub(in crate::sql) fn moment(text: &str, taken: Taken) -> (Option<Moment>, Status) {
    let mut status = Status::default();
    let found = scan_moment(text.as_bytes(), taken, &mut status);
    if found.is_none() {
        status.delimiter = None;
    }
    (found, status)
}

/// The parts of a date as they were written.
#[derive(Default)]
struct Parts {
    numbers: [u64; 6],
    count: usize,
    year_digits: usize,
    micros: u32,
    tenths: u8,
    displacement: Option<i32>,
}

fn scan_moment(text: &[u8], taken: Taken, status: &mut Status) -> Option<Moment> {
    let mut scan = Scan { text, at: 0 };
    if scan.blanks() > 0 {
        deprecated(status, text, 0, None);
    }
    if scan.digit().is_none() {
        status.truncated = true;
        return None;
    }
    let run = text.get(scan.at..)?.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'T').count();
    let after = scan.nth(run);
    let compact = matches!(after, None | Some(b'.'));
    let parts = if compact { compact_parts(&mut scan, run, status) } else { delimited_parts(&mut scan, status) };
    let Some(parts) = parts else {
        status.truncated = true;
        return None;
    };
    finish(&mut scan, &parts, taken, status)
}

/// `20240131102030.5`: fields of fixed width.
fn compact_parts(scan: &mut Scan<'_>, run: usize, status: &mut Status) -> Option<Parts> {
    let mut parts = Parts { year_digits: if run == 4 || run == 8 || run >= 14 { 4 } else { 2 }, ..Parts::default() };
    for index in 0..6 {
        let width = if index == 0 { parts.year_digits } else { 2 };
        let (number, digits) = scan.number(width)?;
        if digits == 0 {
            break;
        }
        *parts.numbers.get_mut(index)? = number;
        parts.count = index + 1;
        if index == 2 && scan.peek() == Some(b'T') {
            scan.at += 1;
        } else if index < 5 {
            skip_points(scan, if index < 2 { '-' } else { ':' }, status);
        }
    }
    if parts.count == 6 && scan.peek() == Some(b'.') {
        scan.at += 1;
        (parts.micros, parts.tenths) = scan.fraction();
        parts.displacement = displacement(scan)?;
    } else if parts.count == 6 {
        parts.displacement = displacement(scan)?;
    }
    Some(parts)
}

/// Points between the parts of `2024.01.31`.
fn skip_points(scan: &mut Scan<'_>, standard: char, status: &mut Status) {
    let mut seen = 0;
    while scan.peek().is_some_and(|byte| byte.is_ascii_punctuation()) {
        deprecated(status, scan.text, scan.at, (seen == 0).then_some(standard));
        seen += 1;
        scan.at += 1;
    }
}

/// `2024-01-31 10:20:30.5`: numbers with anything between them.
fn delimited_parts(scan: &mut Scan<'_>, status: &mut Status) -> Option<Parts> {
    let mut parts = Parts::default();
    for index in 0..6 {
        let (number, digits) = scan.number(usize::MAX).filter(|(number, _)| *number <= 999_999)?;
        if digits == 0 {
            break;
        }
        *parts.numbers.get_mut(index)? = number;
        parts.count = index + 1;
        if index == 0 {
            parts.year_digits = digits;
        }
        if scan.at_end() {
            break;
        }
        if index == 2 && scan.peek() == Some(b'T') {
            scan.at += 1;
            continue;
        }
        if index == 5 {
            if scan.peek() == Some(b'.') {
                scan.at += 1;
                (parts.micros, parts.tenths) = scan.fraction();
            }
            parts.displacement = displacement(scan)?;
            break;
        }
        let standard = match index {
            0 | 1 => '-',
            2 => ' ',
            _time => ':',
        };
        let last = scan.at;
        let mut seen = 0;
        while let Some(byte) = scan.peek().filter(|byte| byte.is_ascii_punctuation() || is_blank(*byte)) {
            if is_blank(byte) && index != 2 {
                // A blank after the last part is only a tail.
                if text_ends(scan) {
                    scan.at = last;
                    return Some(parts);
                }
                return None;
            }
            if seen > 0 {
                deprecated(status, scan.text, scan.at, None);
            } else if char::from(byte) != standard {
                deprecated(status, scan.text, scan.at, Some(standard));
            }
            seen += 1;
            scan.at += 1;
        }
        if scan.digit().is_none() {
            break;
        }
    }
    Some(parts)
}

fn text_ends(scan: &Scan<'_>) -> bool {
    scan.text.get(scan.at..).is_none_or(|rest| rest.iter().copied().all(is_blank))
}

fn deprecated(status: &mut Status, text: &[u8], position: usize, standard: Option<char>) {
    if status.delimiter.is_none() {
        let found = text.get(position).map_or(' ', |byte| char::from(*byte));
        status.delimiter = Some(Delimiter { found, position, standard });
    }
}

/// `+02:00` after the seconds; `None` when it begins like one and isn't.
fn displacement(scan: &mut Scan<'_>) -> Option<Option<i32>> {
    let Some(sign @ (b'+' | b'-')) = scan.peek() else { return Some(None) };
    let rest = scan.text.get(scan.at + 1..)?;
    let [a, b, b':', c, d] = rest else { return None };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    let (hours, minutes) = (digit(a)? * 10 + digit(b)?, digit(c)? * 10 + digit(d)?);
    let seconds = hours * 3600 + minutes * 60;
    let minus_zero = seconds == 0 && sign == b'-';
    if minutes > 59 || seconds > 14 * 3600 || minus_zero {
        return None;
    }
    scan.at = scan.text.len();
    Some(Some(if sign == b'-' { -seconds } else { seconds }))
}

/// Checks the parts and what follows them.
fn finish(scan: &mut Scan<'_>, parts: &Parts, taken: Taken, status: &mut Status) -> Option<Moment> {
    let part = |at: usize| parts.numbers.get(at).copied().unwrap_or(0);
    let not_zero = parts.numbers.iter().any(|number| *number != 0) || parts.micros != 0;
    let year = match part(0) {
        year if parts.year_digits <= 2 && not_zero => year + if year < 70 { 2000 } else { 1900 },
        year => year,
    };
    let in_range = year <= 9999 && part(1) <= 12 && part(2) <= 31 && part(3) <= 23 && part(4) <= 59 && part(5) <= 59;
    if parts.count < 3 || !in_range {
        let garbage = !text_ends(scan);
        if not_zero || garbage {
            status.truncated = true;
        } else {
            status.zero = true;
        }
        return None;
    }
    let small = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    let date = Date { year: u16::try_from(year).unwrap_or(u16::MAX), month: small(part(1)), day: small(part(2)) };
    check(date, not_zero, taken, status)?;
    if !scan.at_end() {
        if text_ends(scan) {
            deprecated(status, scan.text, scan.at, None);
        } else {
            status.truncated = true;
        }
    }
    let clock = Clock {
        hours: u32::from(small(part(3))),
        minutes: small(part(4)),
        seconds: small(part(5)),
        micros: parts.micros,
    };
    Some(Moment { date, clock, tenths: parts.tenths, has_time: parts.count > 3, displacement: parts.displacement })
}

/// Whether the mode takes this date.
fn check(date: Date, not_zero: bool, taken: Taken, status: &mut Status) -> Option<()> {
    if !not_zero {
        if taken.no_zero_date {
            status.zero = true;
            return None;
        }
        return Some(());
    }
    if date.month == 0 || date.day == 0 {
        if taken.no_zero_in_date {
            status.zero = true;
            return None;
        }
        return Some(());
    }
    if !taken.invalid_dates && date.day > days_in_month(date) {
        status.out_of_range = true;
        return None;
    }
    Some(())
}

const fn days_in_month(date: Date) -> u8 {
    let leap = date.year.is_multiple_of(4) && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
    match date.month {
        2 if leap && date.year != 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _long => 31,
    }
}

/// A number as a date: `20240131`, `240131`, `20240131102030`, with its fraction.
pub(in crate::sql) fn moment_of_number(
    number: i128,
    micros: u32,
    tenths: u8,
    taken: Taken,
) -> (Option<Moment>, Status) {
    let mut status = Status::default();
    if !(0..=99_991_231_235_959).contains(&number) {
        status.out_of_range = true;
        return (None, status);
    }
    let found = scan_number(number, (micros, tenths), taken, &mut status);
    if found.is_none() && (number != 0 || !status.warns()) {
        status.truncated = true;
    }
    (found, status)
}

fn scan_number(number: i128, fraction: (u32, u8), taken: Taken, status: &mut Status) -> Option<Moment> {
    let wide = match number {
        0 => 0,
        101..=691_231 => (number + 20_000_000) * 1_000_000,
        700_101..=991_231 => (number + 19_000_000) * 1_000_000,
        1_000_101..=99_991_231 => number * 1_000_000,
        101_000_000..=691_231_235_959 => number + 20_000_000_000_000,
        700_101_000_000..=991_231_235_959 => number + 19_000_000_000_000,
        10_000_101_000_000..=99_991_231_235_959 => number,
        _other => return None,
    };
    let part = |divisor: i128, modulus: i128| u64::try_from(wide / divisor % modulus).unwrap_or(u64::MAX);
    let small = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    let year = u16::try_from(part(10_000_000_000, 10_000)).ok()?;
    let date = Date { year, month: small(part(100_000_000, 100)), day: small(part(1_000_000, 100)) };
    let clock = Clock {
        hours: u32::from(small(part(10_000, 100))),
        minutes: small(part(100, 100)),
        seconds: small(part(1, 100)),
        micros: fraction.0,
    };
    if date.month > 12 || date.day > 31 || clock.hours > 23 || clock.minutes > 59 || clock.seconds > 59 {
        return None;
    }
    check(date, wide != 0, taken, status)?;
    let has_time = number > 99_991_231;
    if !has_time && number != 0 && fraction != (0, 0) {
        status.truncated = true;
        return Some(Moment { date, clock: Clock::default(), tenths: 0, has_time, displacement: None });
    }
    Some(Moment { date, clock, tenths: fraction.1, has_time, displacement: None })
}

/// The longest duration.
pub(in crate::sql) const LONGEST: Clock = Clock { hours: 838, minutes: 59, seconds: 59, micros: 0 };

/// Reads a duration: `10:20`, `-10:20:30.5`, `1 10:20:30`, `102030`. `None` when there's none.
pub(in crate::sql) fn duration(text: &str) -> (Option<Duration>, Status) {
    let mut status = Status::default();
    // Where nothing is noted MySQL says nothing either: an empty text and a number beyond all times are zero.
    let found = scan_duration(text.as_bytes(), &mut status);
    if found.is_none() {
        status.delimiter = None;
    }
    (found, status)
}

fn scan_duration(text: &[u8], status: &mut Status) -> Option<Duration> {
    let mut scan = Scan { text, at: 0 };
    if scan.blanks() > 0 {
        deprecated(status, text, 0, None);
    }
    let negative = scan.peek() == Some(b'-');
    scan.at += usize::from(negative);
    if scan.at_end() {
        return None;
    }
    if text.len() - scan.at >= 12
        && let Some(found) = whole_date(&scan, status)
    {
        return found;
    }
    let begun = scan.at;
    let (first, digits) = scan.number(usize::MAX).filter(|(number, _)| *number <= u64::from(u32::MAX))?;
    let mut numbers = [0_u64; 4];
    let after_digits = scan.at;
    let blanks = scan.blanks();
    if blanks > 0 && digits > 0 && scan.digit().is_some() && text.len() - scan.at > 1 {
        if let Some(days) = numbers.first_mut() {
            *days = first;
        }
        clock_parts(&mut scan, &mut numbers, 1);
    } else if scan.peek() == Some(b':') && scan.nth(1).is_some_and(|byte| byte.is_ascii_digit()) {
        numbers = [0, first, 0, 0];
        scan.at += 1;
        clock_parts(&mut scan, &mut numbers, 2);
    } else {
        scan.at = after_digits;
        numbers = [0, first / 10_000, first / 100 % 100, first % 100];
    }
    let (mut micros, mut tenths) = (0, 0);
    if scan.peek() == Some(b'.') && (scan.nth(1).is_none() || scan.nth(1).is_some_and(|byte| byte.is_ascii_digit())) {
        scan.at += 1;
        (micros, tenths) = scan.fraction();
    }
    if matches!(scan.peek(), Some(b'e' | b'E')) && exponent_follows(&scan) {
        return None;
    }
    let [days, hours, minutes, seconds] = numbers;
    if minutes > 59 || seconds > 59 {
        status.out_of_range = true;
        return None;
    }
    if !scan.at_end() {
        if text_ends(&scan) {
            let at = scan.at;
            deprecated(status, text, at, None);
        } else {
            status.truncated = true;
            if scan.at == begun {
                return None;
            }
        }
    }
    let hours = days.saturating_mul(24).saturating_add(hours);
    Some(clamped(negative, hours, (minutes, seconds), (micros, tenths), status))
}

fn exponent_follows(scan: &Scan<'_>) -> bool {
    let digit = |ahead| scan.nth(ahead).is_some_and(|byte| byte.is_ascii_digit());
    digit(1) || (matches!(scan.nth(1), Some(b'+' | b'-')) && digit(2))
}

/// Hours (or what follows the days), minutes and seconds.
fn clock_parts(scan: &mut Scan<'_>, numbers: &mut [u64; 4], from: usize) {
    let mut at = from;
    loop {
        let Some((number, _)) = scan.number(usize::MAX) else { return };
        if let Some(place) = numbers.get_mut(at) {
            *place = number;
        }
        at += 1;
        if at >= 4 || scan.peek() != Some(b':') || !scan.nth(1).is_some_and(|byte| byte.is_ascii_digit()) {
            return;
        }
        scan.at += 1;
    }
}

fn clamped(
    negative: bool,
    hours: u64,
    (minutes, seconds): (u64, u64),
    (micros, tenths): (u32, u8),
    status: &mut Status,
) -> Duration {
    let small = |number: u64| u8::try_from(number).unwrap_or(59);
    let hours = u32::try_from(hours).unwrap_or(u32::MAX);
    let clock = Clock { hours, minutes: small(minutes), seconds: small(seconds), micros };
    if clock > LONGEST {
        status.out_of_range = true;
        return Duration { negative, clock: LONGEST, tenths: 0 };
    }
    Duration { negative, clock, tenths }
}

/// A text that is a date with a time of day: the time of day is the duration. `Some(None)` when no day or hour is
/// like that, `None` when it must be read otherwise.
fn whole_date(scan: &Scan<'_>, status: &mut Status) -> Option<Option<Duration>> {
    let rest = scan.text.get(scan.at..)?;
    let mut own = Status::default();
    let blank = rest.iter().copied().any(is_blank);
    let compact = rest.iter().take(12).all(u8::is_ascii_digit);
    if !blank && !compact {
        return None;
    }
    let found = scan_moment(rest, Taken { invalid_dates: true, ..Taken::default() }, &mut own);
    let dated = blank && rest.iter().take_while(|byte| !is_blank(**byte)).any(|byte| *byte == b'-');
    let Some(found) = found else {
        if !dated {
            return None;
        }
        status.truncated = true;
        return Some(None);
    };
    if !found.has_time {
        return None;
    }
    let tail = own.truncated;
    *status = Status {
        truncated: tail,
        displaced: found.displacement.is_some(),
        date_dropped: found.date.year > 0 || found.date.month > 0 || found.date.day > 0,
        ..own
    };
    Some(Some(Duration { negative: false, clock: found.clock, tenths: found.tenths }))
}

/// A number as a duration: `102030`.
pub(in crate::sql) fn duration_of_number(number: i128, micros: u32, tenths: u8) -> (Option<Duration>, Status) {
    let mut status = Status::default();
    let negative = number < 0;
    let size = number.unsigned_abs();
    if size > 8_385_959 {
        if size >= 10_000_000_000
            && !negative
            && let (Some(found), mut own) = moment_of_number(number, micros, tenths, Taken::default())
        {
            own.date_dropped = true;
            return (Some(Duration { negative, clock: found.clock, tenths }), own);
        }
        status.out_of_range = true;
        return (Some(Duration { negative, clock: LONGEST, tenths: 0 }), status);
    }
    let size = u64::try_from(size).unwrap_or(0);
    if size % 100 > 59 || size / 100 % 100 > 59 {
        status.out_of_range = true;
        return (None, status);
    }
    let found = clamped(negative, size / 10_000, (size / 100 % 100, size % 100), (micros, tenths), &mut status);
    (Some(found), status)
}
