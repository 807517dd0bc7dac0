//! Decimal numbers as text: exact rounding without floating point.

use super::spec::Literal;

/// Largest exponent that is read; anything beyond fits no MySQL type.
const EXPONENT_LIMIT: i32 = 400;

/// A decimal number: digits × 10^-scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    /// Most significant first, without leading zeros.
    digits: Vec<u8>,
    scale: i32,
}

impl Number {
    /// The number that a literal is; `None` when it's none.
    pub(super) fn of(literal: &Literal) -> Option<Self> {
        match literal {
            Literal::Text(text) => Self::parse(text.trim_matches(' ')),
            Literal::Number(text) => Self::parse(text),
            Literal::Bytes(bytes) if bytes.len() <= 8 => {
                let value = bytes.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
                Self::parse(&value.to_string())
            }
            Literal::Bytes(_) => None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        if exponent.abs() > EXPONENT_LIMIT || mantissa.len() > 512 {
            return None;
        }
        let negative = mantissa.starts_with('-');
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        Some(Self { negative, digits, scale: i32::try_from(fraction.len()).ok()? - exponent })
    }

    /// With exactly `scale` digits after the point, rounded half away from zero.
    pub(super) fn rounded(&self, scale: usize) -> String {
        let wanted = i32::try_from(scale).unwrap_or(i32::MAX);
        let mut digits = self.digits.clone();
        if self.scale <= wanted {
            let zeros = usize::try_from(wanted - self.scale).unwrap_or(0);
            if !digits.is_empty() {
                digits.extend(std::iter::repeat_n(b'0', zeros));
            }
        } else {
            let dropped = usize::try_from(self.scale - wanted).unwrap_or(usize::MAX);
            if dropped > digits.len() {
                digits.clear();
            } else {
                let kept = digits.len() - dropped;
                let up = digits.get(kept).is_some_and(|digit| *digit >= b'5');
                digits.truncate(kept);
                if up {
                    increment(&mut digits);
                }
            }
        }
        write(self.negative, &digits, scale)
    }

    /// Without exponent and without zeros that mean nothing.
    pub(super) fn plain(&self) -> String {
        let scale = usize::try_from(self.scale.max(0)).unwrap_or(0);
        let text = self.rounded(scale);
        if !text.contains('.') {
            return text;
        }
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

fn write(negative: bool, digits: &[u8], scale: usize) -> String {
    let mut padded = vec![b'0'; (scale + 1).saturating_sub(digits.len())];
    padded.extend_from_slice(digits);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let sign = if negative && !digits.is_empty() { "-" } else { "" };
    let whole = String::from_utf8_lossy(whole);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if scale == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", String::from_utf8_lossy(fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(text: &str, scale: usize) -> String {
        Number::parse(text).expect("a number").rounded(scale)
    }

    #[test]
    fn rounds_half_away_from_zero() {
        assert_eq!(rounded("1.239", 2), "1.24");
        assert_eq!(rounded("-.5", 2), "-0.50");
        assert_eq!(rounded("1.5", 0), "2");
        assert_eq!(rounded("-1.5", 0), "-2");
        assert_eq!(rounded("9.99", 1), "10.0");
        assert_eq!(rounded("0.04", 1), "0.0");
        assert_eq!(rounded("1e2", 0), "100");
        assert_eq!(rounded("-0", 0), "0");
        assert_eq!(rounded("007", 2), "7.00");
        assert_eq!(rounded("0.6", 0), "1");
    }

    #[test]
    fn plain_has_no_exponent() {
        assert_eq!(Number::parse("1e3").expect("a number").plain(), "1000");
        assert_eq!(Number::parse("1.10").expect("a number").plain(), "1.1");
        assert_eq!(Number::parse("0.5e-1").expect("a number").plain(), "0.05");
        assert_eq!(Number::parse("x"), None);
        assert_eq!(Number::parse(""), None);
    }
}
