//! Packed numbers as MySQL's text.

use super::{BinlogError, big_endian, little_endian};

/// An integer of 1 to 8 bytes.
pub(super) fn integer(bytes: &[u8], unsigned: bool) -> String {
    let value = little_endian(bytes);
    if unsigned {
        return value.to_string();
    }
    let unused = 64 - 8 * u32::try_from(bytes.len().clamp(1, 8)).unwrap_or(8);
    (value << unused).cast_signed().wrapping_shr(unused).to_string()
}

/// Bytes that nine decimal digits take, by how many there are.
const DIGIT_BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// Bytes of a DECIMAL.
pub(super) fn decimal_length(precision: u8, scale: u8) -> Result<usize, BinlogError> {
    if precision == 0 || precision > 65 || scale > precision || scale > 30 {
        return Err(BinlogError::Malformed("the precision of a DECIMAL"));
    }
    let part = |digits: u8| usize::from(digits / 9) * 4 + DIGIT_BYTES[usize::from(digits % 9)];
    Ok(part(precision - scale) + part(scale))
}

/// A DECIMAL: groups of nine digits in four bytes, the first group of the whole part and the last of the fraction
/// shorter. The first bit is the sign, turned over; a negative number has every bit turned over.
pub(super) fn decimal(bytes: &[u8], precision: u8, scale: u8) -> Result<String, BinlogError> {
    let malformed = BinlogError::Malformed("a DECIMAL");
    let first = *bytes.first().ok_or_else(|| malformed.clone())?;
    let negative = first & 0x80 == 0;
    let mut plain: Vec<u8> = bytes.iter().map(|byte| if negative { !byte } else { *byte }).collect();
    if let Some(first) = plain.first_mut() {
        *first ^= 0x80;
    }
    let whole_digits = precision - scale;
    let mut at = 0;
    let mut group = |digits: u8, out: &mut String| -> Result<(), BinlogError> {
        let length = DIGIT_BYTES[usize::from(digits)];
        let number = big_endian(plain.get(at..at + length).ok_or_else(|| malformed.clone())?);
        at += length;
        if number >= 10_u64.pow(u32::from(digits)) {
            return Err(malformed.clone());
        }
        if digits > 0 {
            out.push_str(&format!("{number:0width$}", width = usize::from(digits)));
        }
        Ok(())
    };
    let mut whole = String::new();
    group(whole_digits % 9, &mut whole)?;
    for _ in 0..whole_digits / 9 {
        group(9, &mut whole)?;
    }
    let mut fraction = String::new();
    for _ in 0..scale / 9 {
        group(9, &mut fraction)?;
    }
    group(scale % 9, &mut fraction)?;
    let whole = whole.trim_start_matches('0');
    let zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    let mut text = String::with_capacity(whole.len() + fraction.len() + 3);
    if negative && !zero {
        text.push('-');
    }
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        text.push('.');
        text.push_str(&fraction);
    }
    Ok(text)
}
