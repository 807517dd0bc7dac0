//! In which PostgreSQL type the two sides of an operator meet.

use super::*;
use crate::sql::plan::{Numeral, ParameterSource, ValueClass};
use crate::wire::FieldType;

/// The carrier of a parameter that meets a number: the column's family, so that indexes serve.
pub(super) fn parameter_carrier(number: &Expression) -> Carrier {
    match number.ty.carrier {
        Carrier::Int2 | Carrier::Int4 | Carrier::Int8 => Carrier::Int8,
        Carrier::Float4 | Carrier::Float8 => Carrier::Float8,
        Carrier::Numeric
        | Carrier::Text
        | Carrier::Bytes
        | Carrier::Date
        | Carrier::Timestamp
        | Carrier::TimestampTz
        | Carrier::Interval
        | Carrier::Json => Carrier::Numeric,
    }
}

impl Lowering<'_> {
    /// The carrier of a client's character value that meets a number, as the number that it is: an integer meets an
    /// integer column as one, so that indexes serve, and what isn't a number is compared as a double.
    pub(super) fn open_carrier(&self, number: &Expression, open: &Expression) -> Carrier {
        let fallback = parameter_carrier(number);
        let Body::Parameter(ParameterSource::Client(position)) = open.body else { return fallback };
        match (fallback, self.context.parameters.class(position)) {
            (Carrier::Float8, _) => Carrier::Float8,
            (_, Some(ValueClass::Text(Numeral::Decimal))) => Carrier::Numeric,
            (_, Some(ValueClass::Text(Numeral::Other) | ValueClass::Bytes)) => Carrier::Float8,
            (_, _) => fallback,
        }
    }
}

/// The carrier of a quoted number that meets a number: integer if it is one, so that `id = '5'` uses the index.
pub(super) fn constant_carrier(number: &Expression, text: &Expression) -> Carrier {
    let fallback = parameter_carrier(number);
    let Some(Value::Text(text)) = text.constant() else { return fallback };
    let prefix = crate::sql::bind::number_prefix(text);
    if fallback == Carrier::Float8 || prefix.contains(['e', 'E']) {
        Carrier::Float8
    } else if prefix.parse::<i64>().is_ok() {
        fallback
    } else if number.ty.class == Class::Integer && !is_whole(prefix, number.ty.unsigned) {
        // What no integer column holds is compared as a double, with its rounding. In WHERE MySQL compares exactly, and
        // so do lifted literals.
        Carrier::Float8
    } else {
        Carrier::Numeric
    }
}

/// True for the digits of an integer of 64 bits.
fn is_whole(digits: &str, unsigned: bool) -> bool {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fits = whole.parse::<i64>().is_ok() || (unsigned && whole.parse::<u64>().is_ok());
    fits && fraction.bytes().all(|digit| digit == b'0')
}

pub(super) fn integer_carrier(side: &Expression) -> Carrier {
    match (side.ty.carrier, side.is_flexible()) {
        (Carrier::Numeric, _) => Carrier::Numeric,
        (_, true) => Carrier::Int8,
        (own, false) => own,
    }
}

pub(super) fn exact_carrier(side: &Expression) -> Carrier {
    if side.is_flexible() && side.ty.class == Class::Integer { Carrier::Int8 } else { side.ty.carrier }
}

/// A text beside a DATE column: compared as dates when it has no time of day.
pub(super) fn date_domain(text: &Expression, text_first: bool) -> Domain {
    let has_time = matches!(text.constant(), Some(Value::Text(text)) if text.trim().len() > 10);
    let has_time = has_time || text.constant().is_none();
    let (date, other) =
        if has_time { (Carrier::Timestamp, Carrier::Timestamp) } else { (Carrier::Date, Carrier::Date) };
    if text_first { Domain::Own(other, date) } else { Domain::Own(date, other) }
}

/// As what two operands of arithmetic are calculated.
pub(super) fn number_class(left: &Expression, right: &Expression) -> Result<Class, SqlError> {
    use Class::{Bytes, Date, DateTime, Decimal, Integer, Json, Null, Open, Real, Text, Time};
    // A date that is described as text is calculated with as a double.
    let described = |side: &Expression| side.ty.is_temporal() && side.ty.field == FieldType::VarString;
    if described(left) || described(right) {
        return Ok(Real);
    }
    Ok(match (left.ty.class, right.ty.class) {
        (Real | Text | Bytes | Json, _) if !is_number_literal(left) => Real,
        (_, Real | Text | Bytes | Json) if !is_number_literal(right) => Real,
        (Decimal, _) | (_, Decimal) => Decimal,
        (DateTime | Time, _) if left.ty.decimals > 0 => Decimal,
        (_, DateTime | Time) if right.ty.decimals > 0 => Decimal,
        (Integer | Date | DateTime | Time | Bytes, _) | (_, Integer | Date | DateTime | Time | Bytes) => Integer,
        (Open | Null | Real | Text | Json, Open | Null | Real | Text | Json) => Real,
    })
}

/// A hexadecimal or bit literal: binary text that is a number beside numbers.
pub(super) fn is_number_literal(side: &Expression) -> bool {
    side.ty.class == Class::Bytes && side.ty.unsigned
}
