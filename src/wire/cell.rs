//! One cell on its way from PostgreSQL's text output to MySQL's text and binary protocols.
//!
//! The MySQL type decides the form, the PostgreSQL type says how the text is to be read. A text that doesn't fit is an
//! error with the column's position; nothing is cut or rounded silently.

use bytes::{BufMut, BytesMut};

use crate::value::json;

use super::FieldType;
use super::reader::put_lenenc_bytes;

/// PostgreSQL's `bool`.
const BOOL: u32 = 16;
/// PostgreSQL's `bytea`.
const BYTEA: u32 = 17;
/// PostgreSQL's `date`.
const DATE: u32 = 1082;
/// PostgreSQL's `timestamp`.
const TIMESTAMP: u32 = 1114;
/// PostgreSQL's `bit` and `varbit`.
const BITS: [u32; 2] = [1560, 1562];
/// Decimal digits of the seconds' fraction that MySQL has at most.
const MAX_FRACTION: u8 = 6;
/// Decimals that mean "as many as needed".
const NOT_FIXED: u8 = 31;

/// A value that the column's MySQL type can't show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value of column {column} doesn't fit its type")]
pub struct CellError {
    /// From 0.
    pub column: usize,
}

/// A text that isn't a value of the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unfit;

/// How the cells of one column are converted; chosen once for a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellFormat {
    field: FieldType,
    reading: Reading,
    /// ZEROFILL's width, or 0.
    zeros: usize,
}

/// How PostgreSQL's text becomes MySQL's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Same,
    Boolean,
    Hex,
    /// With `decimals` digits behind the point, or the shortest text.
    Float {
        decimals: Option<u8>,
    },
    Double {
        decimals: Option<u8>,
    },
    /// The number whose big-endian bytes are sent.
    Bit {
        bytes: usize,
    },
    Year,
    Json,
    Date,
    DateTime {
        fraction: u8,
    },
    Time {
        fraction: u8,
    },
}

impl CellFormat {
    /// The format for a MySQL column of `field` with `length` and `decimals`, read from PostgreSQL type `oid`.
    #[must_use]
    pub fn new(field: FieldType, length: u32, decimals: u8, oid: u32) -> Self {
        let fraction = decimals.min(MAX_FRACTION);
        let fixed = (decimals < NOT_FIXED).then_some(decimals);
        let reading = match field {
            _ if oid == BOOL => Reading::Boolean,
            _ if oid == BYTEA => Reading::Hex,
            FieldType::Float => Reading::Float { decimals: fixed },
            FieldType::Double => Reading::Double { decimals: fixed },
            FieldType::Bit if BITS.contains(&oid) => Reading::Same,
            FieldType::Bit => Reading::Bit { bytes: (length as usize).div_ceil(8).clamp(1, 8) },
            FieldType::Year => Reading::Year,
            FieldType::Json => Reading::Json,
            FieldType::Date | FieldType::NewDate => Reading::Date,
            FieldType::DateTime | FieldType::Timestamp => Reading::DateTime { fraction },
            FieldType::Time => Reading::Time { fraction },
            // Dates that MySQL describes as text.
            FieldType::VarString if oid == DATE => Reading::Date,
            FieldType::VarString if oid == TIMESTAMP => Reading::DateTime { fraction },
            _ => Reading::Same,
        };
        Self { field, reading, zeros: 0 }
    }

    /// The same for a ZEROFILL column: the text protocol fills numbers with zeros to this width.
    #[must_use]
    pub fn zero_filled(self, width: u32) -> Self {
        Self { zeros: width.min(255) as usize, ..self }
    }

    /// Appends the cell as the text protocol sends it.
    fn put_text(self, out: &mut BytesMut, text: &[u8]) -> Result<(), Unfit> {
        if self.zeros > 0 && !matches!(self.reading, Reading::Year | Reading::Bit { .. }) {
            let shown = self.mysql_text(text)?;
            let mut filled = vec![b'0'; self.zeros.saturating_sub(shown.len())];
            filled.extend_from_slice(&shown);
            put_lenenc_bytes(out, &filled);
            return Ok(());
        }
        match self.reading {
            Reading::Same => put_lenenc_bytes(out, text),
            Reading::Hex => put_hex(out, text)?,
            Reading::Json => {
                let text = std::str::from_utf8(text).map_err(|_| Unfit)?;
                if json::is_printed(text) {
                    put_lenenc_bytes(out, text.as_bytes());
                } else {
                    put_lenenc_bytes(out, json::printed(text).as_bytes());
                }
            }
            _ => put_lenenc_bytes(out, &self.mysql_text(text)?),
        }
        Ok(())
    }

    /// The cell as MySQL shows it; `None` for a value that the column can't show.
    #[must_use]
    pub fn shown(self, text: &[u8]) -> Option<Vec<u8>> {
        self.mysql_text(text).ok()
    }

    /// MySQL's text of a cell that needs a conversion.
    fn mysql_text(self, text: &[u8]) -> Result<Vec<u8>, Unfit> {
        let utf8 = || std::str::from_utf8(text).map_err(|_| Unfit);
        Ok(match self.reading {
            Reading::Same | Reading::Hex | Reading::Json => text.to_vec(),
            Reading::Boolean => vec![if text == b"t" { b'1' } else { b'0' }],
            Reading::Float { decimals: None } => float_text(utf8()?.parse().map_err(|_| Unfit)?)?.into_bytes(),
            Reading::Double { decimals: None } => double_text(utf8()?.parse().map_err(|_| Unfit)?)?.into_bytes(),
            Reading::Float { decimals: Some(decimals) } => {
                let number: f32 = utf8()?.parse().map_err(|_| Unfit)?;
                fixed_text(f64::from(number), decimals).into_bytes()
            }
            Reading::Double { decimals: Some(decimals) } => {
                let number: f64 = utf8()?.parse().map_err(|_| Unfit)?;
                fixed_text(number, decimals).into_bytes()
            }
            Reading::Bit { bytes } => {
                let number: u64 = utf8()?.parse().map_err(|_| Unfit)?;
                number.to_be_bytes()[8 - bytes..].to_vec()
            }
            // A column's year has four digits; a computed one of 0 is just that.
            Reading::Year => {
                format!("{:0width$}", utf8()?.parse::<u16>().map_err(|_| Unfit)?, width = self.zeros).into_bytes()
            }
            Reading::Date => Moment::parse(utf8()?)?.date_text().into_bytes(),
            Reading::DateTime { fraction } => Moment::parse(utf8()?)?.text(fraction).into_bytes(),
            Reading::Time { fraction } => Duration::parse(utf8()?)?.text(fraction).into_bytes(),
        })
    }

    /// Appends the cell as the binary protocol sends it.
    fn put_binary(self, out: &mut BytesMut, text: &[u8]) -> Result<(), Unfit> {
        let utf8 = || std::str::from_utf8(text).map_err(|_| Unfit);
        let boolean = self.reading == Reading::Boolean;
        let integer = || if boolean { Ok(i128::from(text == b"t")) } else { integer(utf8()?) };
        match self.field {
            FieldType::Tiny => out.put_slice(&integer()?.to_le_bytes()[..1]),
            FieldType::Short | FieldType::Year => out.put_slice(&integer()?.to_le_bytes()[..2]),
            FieldType::Long | FieldType::Int24 => out.put_slice(&integer()?.to_le_bytes()[..4]),
            FieldType::LongLong => out.put_slice(&integer()?.to_le_bytes()[..8]),
            FieldType::Float => out.put_f32_le(utf8()?.parse().map_err(|_| Unfit)?),
            FieldType::Double => out.put_f64_le(utf8()?.parse().map_err(|_| Unfit)?),
            FieldType::Date | FieldType::NewDate => Moment::parse(utf8()?)?.put_date(out),
            FieldType::DateTime | FieldType::Timestamp => Moment::parse(utf8()?)?.put(out),
            FieldType::Time => Duration::parse(utf8()?)?.put(out),
            _ => self.put_text(out, text)?,
        }
        Ok(())
    }
}

/// A number with so many digits behind the point: its shortest digits, with zeros behind them.
fn fixed_text(number: f64, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let mut shortest = number.to_string();
    let fraction = shortest.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if fraction > decimals || !number.is_finite() {
        return format!("{number:.decimals$}");
    }
    if fraction == 0 && decimals > 0 {
        shortest.push('.');
    }
    shortest.extend(std::iter::repeat_n('0', decimals - fraction));
    shortest
}

/// Appends a text protocol row. `cell` gives PostgreSQL's text of each column, `None` for NULL.
///
/// # Errors
/// [`CellError`] for a value that its column can't show; `out` then holds part of a row.
pub fn text_row<'a>(
    out: &mut BytesMut,
    formats: &[CellFormat],
    cell: impl Fn(usize) -> Option<&'a [u8]>,
) -> Result<(), CellError> {
    for (column, format) in formats.iter().enumerate() {
        match cell(column) {
            None => out.put_u8(0xfb),
            Some(text) => format.put_text(out, text).map_err(|Unfit| CellError { column })?,
        }
    }
    Ok(())
}

/// Appends a binary protocol row. `cell` gives PostgreSQL's text of each column, `None` for NULL.
///
/// # Errors
/// As [`text_row`].
pub fn binary_row<'a>(
    out: &mut BytesMut,
    formats: &[CellFormat],
    cell: impl Fn(usize) -> Option<&'a [u8]>,
) -> Result<(), CellError> {
    // The NULL bitmap of result rows starts at bit 2.
    out.put_u8(0);
    let bitmap = out.len();
    out.put_bytes(0, (formats.len() + 9) / 8);
    for (column, format) in formats.iter().enumerate() {
        match cell(column) {
            None => out[bitmap + (column + 2) / 8] |= 1 << ((column + 2) % 8),
            Some(text) => format.put_binary(out, text).map_err(|Unfit| CellError { column })?,
        }
    }
    Ok(())
}

/// An integer; digits after a point are accepted when they are zeros.
fn integer(text: &str) -> Result<i128, Unfit> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.bytes().any(|digit| digit != b'0') {
        return Err(Unfit);
    }
    whole.parse().map_err(|_| Unfit)
}

/// `\x0aff` as bytes with their length in front.
fn put_hex(out: &mut BytesMut, text: &[u8]) -> Result<(), Unfit> {
    let digits = text.strip_prefix(b"\\x").ok_or(Unfit)?;
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(Unfit);
    for pair in digits.chunks(2) {
        let &[high, low] = pair else { return Err(Unfit) };
        bytes.push(nibble(high)? << 4 | nibble(low)?);
    }
    put_lenenc_bytes(out, &bytes);
    Ok(())
}

/// DOUBLE as MySQL prints it: the shortest digits that read back the same.
fn double_text(value: f64) -> Result<String, Unfit> {
    if value.is_finite() { decimal_or_exponent(&format!("{value:e}")) } else { Err(Unfit) }
}

/// FLOAT as MySQL prints it: six significant digits.
fn float_text(value: f32) -> Result<String, Unfit> {
    if value.is_finite() { decimal_or_exponent(&format!("{value:.5e}")) } else { Err(Unfit) }
}

/// Rewrites `d.ddde±x`: MySQL uses an exponent from 1e15 upwards and below 1e-15.
fn decimal_or_exponent(scientific: &str) -> Result<String, Unfit> {
    let (mantissa, exponent) = scientific.split_once('e').ok_or(Unfit)?;
    let exponent: i32 = exponent.parse().map_err(|_| Unfit)?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return Ok(format!("{sign}0"));
    }
    if !(-15..15).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return Ok(format!("{sign}{first}{point}{rest}e{exponent}"));
    }
    let Ok(whole) = usize::try_from(exponent + 1) else {
        return Ok(format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)));
    };
    Ok(match digits.len() {
        _ if whole == 0 => format!("{sign}0.{digits}"),
        length if length <= whole => format!("{sign}{digits}{}", "0".repeat(whole - length)),
        _ => format!("{sign}{}.{}", &digits[..whole], &digits[whole..]),
    })
}

/// A date with a time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moment {
    year: u16,
    month: u8,
    day: u8,
    hours: u8,
    minutes: u8,
    seconds: u8,
    micros: u32,
}

impl Moment {
    /// Reads `2024-01-02`, `2024-01-02 03:04:05.6`, the same with a zone, and `-infinity`, which stands for MySQL's
    /// zero date.
    fn parse(text: &str) -> Result<Self, Unfit> {
        if text == "-infinity" {
            return Ok(Self::default());
        }
        let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let mut parts = date.splitn(3, '-');
        let mut moment = Self {
            year: number(parts.next())?,
            month: number(parts.next())?,
            day: number(parts.next())?,
            ..Self::default()
        };
        if moment.year > 9999 {
            return Err(Unfit);
        }
        if !time.is_empty() {
            let zone = time.find(['+', '-', 'Z']).unwrap_or(time.len());
            let (clock, fraction) = time[..zone].split_once('.').unwrap_or((&time[..zone], ""));
            let mut parts = clock.splitn(3, ':');
            moment.hours = number(parts.next())?;
            moment.minutes = number(parts.next())?;
            moment.seconds = number(parts.next())?;
            moment.micros = micros(fraction)?;
        }
        Ok(moment)
    }

    fn date_text(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn text(self, fraction: u8) -> String {
        let mut text = format!("{} {:02}:{:02}:{:02}", self.date_text(), self.hours, self.minutes, self.seconds);
        push_fraction(&mut text, self.micros, fraction);
        text
    }

    fn put_date(self, out: &mut BytesMut) {
        if (self.year, self.month, self.day) == (0, 0, 0) {
            out.put_u8(0);
            return;
        }
        out.put_u8(4);
        out.put_u16_le(self.year);
        out.put_slice(&[self.month, self.day]);
    }

    fn put(self, out: &mut BytesMut) {
        if (self.hours, self.minutes, self.seconds, self.micros) == (0, 0, 0, 0) {
            return self.put_date(out);
        }
        out.put_u8(if self.micros == 0 { 7 } else { 11 });
        out.put_u16_le(self.year);
        out.put_slice(&[self.month, self.day, self.hours, self.minutes, self.seconds]);
        if self.micros != 0 {
            out.put_u32_le(self.micros);
        }
    }
}

/// MySQL's TIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Duration {
    micros: i64,
}

impl Duration {
    /// Reads an interval in PostgreSQL's own style: `-01:02:03.5`, `838:59:59`, `1 day 02:00:00`, `-2 days`.
    fn parse(text: &str) -> Result<Self, Unfit> {
        let mut total = 0i64;
        let mut words = text.split(' ');
        while let Some(word) = words.next() {
            let part = if word.contains(':') {
                clock_micros(word)?
            } else {
                let count: i64 = word.parse().map_err(|_| Unfit)?;
                match words.next() {
                    Some("day" | "days") => count.checked_mul(86_400_000_000).ok_or(Unfit)?,
                    _ => return Err(Unfit),
                }
            };
            total = total.checked_add(part).ok_or(Unfit)?;
        }
        Ok(Self { micros: total })
    }

    /// Hours, minutes, seconds and microseconds without the sign.
    const fn parts(self) -> (u64, u64, u64, u32) {
        let all = self.micros.unsigned_abs();
        let seconds = all / 1_000_000;
        (seconds / 3600, seconds / 60 % 60, seconds % 60, (all % 1_000_000) as u32)
    }

    fn text(self, fraction: u8) -> String {
        let (hours, minutes, seconds, micros) = self.parts();
        let sign = if self.micros < 0 { "-" } else { "" };
        let mut text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
        push_fraction(&mut text, micros, fraction);
        text
    }

    fn put(self, out: &mut BytesMut) {
        if self.micros == 0 {
            out.put_u8(0);
            return;
        }
        let (hours, minutes, seconds, micros) = self.parts();
        out.put_u8(if micros == 0 { 8 } else { 12 });
        out.put_u8(u8::from(self.micros < 0));
        out.put_u32_le(u32::try_from(hours / 24).unwrap_or(u32::MAX));
        for part in [hours % 24, minutes, seconds] {
            out.put_u8(u8::try_from(part).unwrap_or(u8::MAX));
        }
        if micros != 0 {
            out.put_u32_le(micros);
        }
    }
}

/// `[+-]HH:MM:SS[.ffffff]` in microseconds.
fn clock_micros(word: &str) -> Result<i64, Unfit> {
    let (negative, rest) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let (clock, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut parts = clock.splitn(3, ':');
    let hours: i64 = number(parts.next())?;
    let minutes: i64 = number(parts.next())?;
    let seconds: i64 = number(parts.next())?;
    let whole = hours.checked_mul(3600).and_then(|total| total.checked_add(minutes * 60 + seconds)).ok_or(Unfit)?;
    let fraction = i64::from(micros(fraction)?);
    let total = whole.checked_mul(1_000_000).and_then(|total| total.checked_add(fraction)).ok_or(Unfit)?;
    Ok(if negative { -total } else { total })
}

fn number<T: std::str::FromStr>(part: Option<&str>) -> Result<T, Unfit> {
    part.filter(|digits| digits.len() <= 10 && digits.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or(Unfit)
}

/// Up to six digits after the point, in microseconds.
fn micros(fraction: &str) -> Result<u32, Unfit> {
    if fraction.len() > 6 {
        return Err(Unfit);
    }
    if fraction.is_empty() { Ok(0) } else { number(Some(&format!("{fraction:0<6}"))) }
}

fn push_fraction(text: &mut String, micros: u32, fraction: u8) {
    if fraction > 0 {
        let digits = format!("{micros:06}");
        text.push('.');
        text.push_str(&digits[..usize::from(fraction)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(field: FieldType, length: u32, decimals: u8, oid: u32, cell: &str) -> Option<Vec<u8>> {
        let mut out = BytesMut::new();
        let format = CellFormat::new(field, length, decimals, oid);
        text_row(&mut out, &[format], |_| Some(cell.as_bytes())).ok()?;
        Some(out[1..].to_vec())
    }

    fn binary(field: FieldType, cell: &str) -> Option<Vec<u8>> {
        let mut out = BytesMut::new();
        let format = CellFormat::new(field, 20, 6, 25);
        binary_row(&mut out, &[format], |_| Some(cell.as_bytes())).ok()?;
        Some(out[2..].to_vec())
    }

    #[test]
    fn doubles_and_floats_print_as_in_mysql() {
        for (cell, expected) in [
            ("1e+15", "1e15"),
            ("100000000000000", "100000000000000"),
            ("1e-13", "0.0000000000001"),
            ("1e-15", "0.000000000000001"),
            ("1e-16", "1e-16"),
            ("1.2345678901234568e+17", "1.2345678901234568e17"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("-0.3333333333333333", "-0.3333333333333333"),
            ("99999999999999.9", "99999999999999.9"),
            ("999999999999999.9", "999999999999999.9"),
            ("1.7976931348623157e+308", "1.7976931348623157e308"),
            ("0", "0"),
            ("5", "5"),
        ] {
            assert_eq!(text(FieldType::Double, 22, 31, 701, cell).as_deref(), Some(expected.as_bytes()), "{cell}");
        }
        for (cell, expected) in [
            ("1.6777216e+07", "16777200"),
            ("1.1", "1.1"),
            ("1e+10", "10000000000"),
            ("1e-05", "0.00001"),
            ("123456.7", "123457"),
            ("1.234567e+06", "1234570"),
            ("3.4e+38", "3.4e38"),
            ("1e+15", "1e15"),
        ] {
            assert_eq!(text(FieldType::Float, 12, 31, 700, cell).as_deref(), Some(expected.as_bytes()), "{cell}");
        }
        assert_eq!(text(FieldType::Double, 22, 31, 701, "NaN"), None);
    }

    #[test]
    fn times_of_every_form_are_read() {
        for (cell, decimals, expected) in [
            ("00:00:00", 0, "00:00:00"),
            ("-01:02:03.5", 1, "-01:02:03.5"),
            ("838:59:59", 0, "838:59:59"),
            ("1 day 02:00:00", 0, "26:00:00"),
            ("-1 days +02:00:00", 0, "-22:00:00"),
            ("2 days", 3, "48:00:00.000"),
        ] {
            assert_eq!(text(FieldType::Time, 10, decimals, 1186, cell).as_deref(), Some(expected.as_bytes()), "{cell}");
        }
        assert_eq!(text(FieldType::Time, 10, 0, 1186, "1 mon"), None);
        assert_eq!(binary(FieldType::Time, "-26:00:01"), Some(vec![8, 1, 1, 0, 0, 0, 2, 0, 1]));
        assert_eq!(binary(FieldType::Time, "00:00:00"), Some(vec![0]));
    }

    #[test]
    fn moments_keep_their_fraction_and_lose_their_zone() {
        let cases = [
            ("2024-02-29 13:14:15.5+00", 6, "2024-02-29 13:14:15.500000"),
            ("2024-02-29 13:14:15-03:30", 0, "2024-02-29 13:14:15"),
            ("-infinity", 0, "0000-00-00 00:00:00"),
        ];
        for (cell, decimals, expected) in cases {
            assert_eq!(text(FieldType::DateTime, 19, decimals, 1184, cell).as_deref(), Some(expected.as_bytes()));
        }
        assert_eq!(text(FieldType::Date, 10, 0, 1082, "-infinity").as_deref(), Some(&b"0000-00-00"[..]));
        assert_eq!(text(FieldType::Date, 10, 0, 1082, "10000-01-01"), None);
        assert_eq!(binary(FieldType::DateTime, "2024-01-02 00:00:00"), Some(vec![4, 0xe8, 7, 1, 2]));
        assert_eq!(binary(FieldType::DateTime, "2024-01-02 03:04:05"), Some(vec![7, 0xe8, 7, 1, 2, 3, 4, 5]));
        assert_eq!(binary(FieldType::DateTime, "-infinity"), Some(vec![0]));
    }

    #[test]
    fn bits_bytes_and_booleans() {
        assert_eq!(text(FieldType::Bit, 10, 0, 20, "513"), Some(vec![2, 1]));
        assert_eq!(text(FieldType::Bit, 64, 0, 1700, "18446744073709551615"), Some(vec![0xff; 8]));
        assert_eq!(text(FieldType::VarString, 10, 0, BYTEA, "\\x00ff10"), Some(vec![0, 0xff, 0x10]));
        assert_eq!(text(FieldType::VarString, 10, 0, BYTEA, "\\x0"), None);
        assert_eq!(text(FieldType::LongLong, 1, 0, BOOL, "t").as_deref(), Some(&b"1"[..]));
        assert_eq!(text(FieldType::Year, 4, 0, 21, "0").as_deref(), Some(&b"0"[..]));
        let column = CellFormat::new(FieldType::Year, 4, 0, 21).zero_filled(4);
        let mut out = BytesMut::new();
        assert!(column.put_text(&mut out, b"0").is_ok());
        assert_eq!(&out[1..], b"0000");
    }

    #[test]
    fn integers_take_their_width() {
        assert_eq!(binary(FieldType::Tiny, "-1"), Some(vec![0xff]));
        assert_eq!(binary(FieldType::Short, "258"), Some(vec![2, 1]));
        assert_eq!(binary(FieldType::Long, "-2"), Some(vec![0xfe, 0xff, 0xff, 0xff]));
        assert_eq!(binary(FieldType::LongLong, "18446744073709551615"), Some(vec![0xff; 8]));
        assert_eq!(binary(FieldType::LongLong, "12.00").map(|bytes| bytes[0]), Some(12));
        assert_eq!(binary(FieldType::LongLong, "12.5"), None);
    }

    #[test]
    fn nulls_set_their_bit_from_the_third_on() {
        let formats = vec![CellFormat::new(FieldType::Tiny, 4, 0, 21); 9];
        let mut out = BytesMut::new();
        binary_row(&mut out, &formats, |column| (column == 1).then_some(&b"7"[..])).expect("fits");
        assert_eq!(&out[..], [0, 0b1111_0100, 0b0000_0111, 7]);
    }
}
