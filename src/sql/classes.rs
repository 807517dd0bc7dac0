//! What a value is to MySQL's conversions before it's known: its class, and the type that an expression of it has.

use crate::value::Value;

use super::bind::number_prefix;
use super::plan::{Numeral, ValueClass};
use super::types::{Carrier, Type};

/// Whole floating-point numbers below are integers of 64 bits: MySQL compares them with integers as such.
const EXACT: f64 = 9.2e18;

impl ValueClass {
    /// The class of a value. NULL counts as text: it converts to everything.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Text(Numeral::Other),
            Value::Int(_) => Self::Integer,
            Value::UInt(number) if i64::try_from(*number).is_ok() => Self::Integer,
            Value::UInt(_) => Self::Unsigned,
            Value::Double(number) if number.fract() == 0.0 && number.abs() < EXACT => Self::Whole,
            Value::Float(_) | Value::Double(_) => Self::Real,
            Value::Decimal(digits) => {
                let scale = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let precision = digits.bytes().filter(u8::is_ascii_digit).count();
                let bounded = |number: usize, most: u8| u8::try_from(number).unwrap_or(most).min(most);
                Self::Decimal { precision: bounded(precision, 65), scale: bounded(scale, 30) }
            }
            Value::Text(text) => Self::Text(numeral(text)),
            Value::Bytes(_) => Self::Bytes,
            Value::Date(_) => Self::Date,
            Value::DateTime(..) => Self::DateTime,
            Value::Time { .. } => Self::Time,
        }
    }

    /// The type of an expression that is such a value; character data takes the type of what it meets.
    pub(super) fn expression_type(self) -> Type {
        match self {
            Self::Integer => Type::integer(20),
            Self::Unsigned => Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(20) },
            Self::Decimal { precision, scale } => Type::decimal(u32::from(precision), scale),
            Self::Real | Self::Whole => Type::double(),
            Self::Text(_) | Self::Bytes => Type::open(),
            Self::Date => Type::date(),
            Self::DateTime => Type::datetime(6),
            Self::Time => Type::time(6),
        }
    }
}

/// What number a text is.
fn numeral(text: &str) -> Numeral {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r']);
    let prefix = number_prefix(trimmed);
    if prefix != trimmed || prefix.contains(['e', 'E']) {
        Numeral::Other
    } else if prefix.parse::<i64>().is_ok() {
        Numeral::Integer
    } else {
        Numeral::Decimal
    }
}
