//! PostgreSQL's numeric in its binary form: groups of four digits around the point, the weight of the first group, sign
//! and scale. Digits go to digits; nothing is allocated, since tables are full of prices.

use bytes::{BufMut as _, BytesMut};

use super::ValueRefusal;

const NEGATIVE: u16 = 0x4000;
/// DECIMAL(65,30) has 17 groups before the point and 8 behind it at most.
const GROUPS: usize = 64;

/// Appends `[-]ddd[.ddd]`.
pub(super) fn put(value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    let (negative, body) = match value.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        Some(_) | None => (false, value),
    };
    let point = body.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (body.get(..at).unwrap_or_default(), body.get(at + 1..).unwrap_or_default()),
        None => (body, &[][..]),
    };
    if whole.is_empty() && fraction.is_empty() || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(ValueRefusal::Malformed);
    }
    let zeros = whole.iter().take_while(|byte| **byte == b'0').count();
    let whole = whole.get(zeros..).unwrap_or_default();
    let mut groups = [0_i16; GROUPS];
    let whole_groups = whole.len().div_ceil(4);
    let count = whole_groups + fraction.len().div_ceil(4);
    let groups = groups.get_mut(..count).ok_or(ValueRefusal::Malformed)?;
    let (before, behind) = groups.split_at_mut(whole_groups);
    for (group, digits) in before.iter_mut().rev().zip(whole.rchunks(4)) {
        *group = number(digits);
    }
    for (group, digits) in behind.iter_mut().zip(fraction.chunks(4)) {
        // A group at the end has its digits on the left.
        *group = number(digits) * [1, 1000, 100, 10, 1].get(digits.len()).copied().unwrap_or(1);
    }
    let first = groups.iter().position(|group| *group != 0).unwrap_or(count);
    let last = groups.iter().rposition(|group| *group != 0).map_or(first, |at| at + 1);
    let kept = groups.get(first..last).unwrap_or_default();
    let small = |number: usize| i16::try_from(number).map_err(|_| ValueRefusal::OutOfRange);
    out.put_i16(small(kept.len())?);
    out.put_i16(if kept.is_empty() { 0 } else { small(whole_groups)? - 1 - small(first)? });
    out.put_u16(if negative && !kept.is_empty() { NEGATIVE } else { 0 });
    out.put_i16(small(fraction.len())?);
    kept.iter().for_each(|group| out.put_i16(*group));
    Ok(())
}

/// Up to four digits.
fn number(digits: &[u8]) -> i16 {
    digits.iter().fold(0, |sum, digit| sum * 10 + i16::from(digit - b'0'))
}
