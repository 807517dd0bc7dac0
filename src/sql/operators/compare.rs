//! Comparison: in which PostgreSQL types two values meet.
//!
//! MySQL decides by the classes of both sides: character data meets character data under a collation, bytes meet
//! anything but numbers as bytes, a date or time meets a constant as a date or time, and everything else meets as
//! numbers — exact ones when both are exact, doubles otherwise.

use super::*;
use crate::sql::plan::ValueClass;

impl Lowering<'_> {
    /// A comparison as a PostgreSQL condition.
    pub(in crate::sql) fn compare(
        &mut self,
        op: &str,
        left: &Expression,
        right: &Expression,
    ) -> Result<String, SqlError> {
        if let Some(text) = self.bytes_as_text(left, right)? {
            return self.compare(op, &text, right);
        }
        if let Some(text) = self.bytes_as_text(right, left)? {
            return self.compare(op, left, &text);
        }
        if let Some(shown) = self.time_beside(left, right)? {
            return self.compare_as_is(op, &shown, right);
        }
        if let Some(shown) = self.time_beside(right, left)? {
            return self.compare_as_is(op, left, &shown);
        }
        self.compare_as_is(op, left, right)
    }

    pub(super) fn compare_as_is(
        &mut self,
        op: &str,
        left: &Expression,
        right: &Expression,
    ) -> Result<String, SqlError> {
        if left.is_null() || right.is_null() {
            return Ok(match (op, left.is_null() && right.is_null()) {
                ("IS NOT DISTINCT FROM", true) => "TRUE".to_owned(),
                ("IS NOT DISTINCT FROM", false) => {
                    let side = if left.is_null() { right } else { left };
                    format!("({} IS NULL)", self.own(side)?)
                }
                (_, _) => "NULL::boolean".to_owned(),
            });
        }
        if let Some(decimals) = fixed_decimals(&left.ty, &right.ty) {
            return self.compare_fixed(op, decimals, left, right);
        }
        let (left, right) = self.meeting(if op == "IS NOT DISTINCT FROM" { "<=>" } else { op }, left, right)?;
        Ok(format!("({left} {op} {right})"))
    }

    /// Floating-point numbers with a fixed number of digits are equal when they round to the same: `f = 10.3` finds the
    /// FLOAT(5,2) that holds it.
    fn compare_fixed(
        &mut self,
        op: &str,
        decimals: u8,
        left: &Expression,
        right: &Expression,
    ) -> Result<String, SqlError> {
        let nullable = left.nullable || right.nullable;
        let (left, right) = (self.render(left, Carrier::Float8)?, self.render(right, Carrier::Float8)?);
        let (apart, least) = (format!("({left} - {right})"), format!("5e-{}::float8", u32::from(decimals) + 1));
        let same = format!("(abs{apart} < {least})");
        Ok(match op {
            "=" => same,
            "<>" => format!("(NOT {same})"),
            "<" => format!("({apart} <= -({least}))"),
            "<=" => format!("({apart} < {least})"),
            ">" => format!("({apart} >= {least})"),
            ">=" => format!("({apart} > -({least}))"),
            "IS NOT DISTINCT FROM" if nullable => format!("COALESCE({same}, {left} IS NULL AND {right} IS NULL)"),
            "IS NOT DISTINCT FROM" => same,
            other => return Err(SqlError::unsupported(format_args!("{other} of floating-point numbers"))),
        })
    }

    /// Text for a comparison: of the type that ignores trailing blanks where they don't count.
    pub(super) fn comparable_text(&mut self, side: &Expression, pads: bool) -> Result<String, SqlError> {
        let sql = self.text(side)?;
        Ok(if pads { format!("({sql})::bpchar") } else { sql })
    }

    /// A floating-point value of the client that is a whole number.
    fn is_whole(&self, side: &Expression) -> bool {
        let Body::Parameter(ParameterSource::Client(position)) = &side.body else { return false };
        self.context.parameters.class(*position) == Some(ValueClass::Whole)
    }

    /// In which types two values meet.
    pub(super) fn domain(&self, left: &Expression, right: &Expression) -> Result<Domain, SqlError> {
        use Class::{Bytes, Date, DateTime, Decimal, Integer, Json, Null, Open, Real, Text, Time};
        let both = |carrier| Ok(Domain::Own(carrier, carrier));
        let (left_carrier, right_carrier) = (left.ty.carrier, right.ty.carrier);
        match (left.ty.class, right.ty.class) {
            (Json, _) | (_, Json) => both(Carrier::Json),
            (Null | Open | Text, Null | Open | Text) => Ok(Domain::Text),
            (Integer | Decimal, Real) if self.is_whole(right) => Ok(Domain::Own(left_carrier, Carrier::Int8)),
            (Real, Integer | Decimal) if self.is_whole(left) => Ok(Domain::Own(Carrier::Int8, right_carrier)),
            (Integer | Decimal | Real, Open | Null) => Ok(Domain::Own(left_carrier, self.open_carrier(left, right))),
            (Open | Null, Integer | Decimal | Real) => Ok(Domain::Own(self.open_carrier(right, left), right_carrier)),
            (Integer | Decimal | Real, Text) if right.ty.is_enum() => Ok(Domain::Own(left_carrier, Carrier::Int8)),
            (Text, Integer | Decimal | Real) if left.ty.is_enum() => Ok(Domain::Own(Carrier::Int8, right_carrier)),
            (Integer | Decimal | Real, Text) if right.is_flexible() => {
                Ok(Domain::Own(left_carrier, constant_carrier(left, right)))
            }
            (Text, Integer | Decimal | Real) if left.is_flexible() => {
                Ok(Domain::Own(constant_carrier(right, left), right_carrier))
            }
            (Integer | Decimal | Real, Text) | (Text, Integer | Decimal | Real) => both(Carrier::Float8),
            (Integer | Decimal, Bytes) if is_number_literal(right) => Ok(Domain::Own(left_carrier, Carrier::Numeric)),
            (Bytes, Integer | Decimal) if is_number_literal(left) => Ok(Domain::Own(Carrier::Numeric, right_carrier)),
            (Integer | Decimal | Real, Bytes) | (Bytes, Integer | Decimal | Real) => both(Carrier::Float8),
            (Integer, Integer) => Ok(Domain::Own(integer_carrier(left), integer_carrier(right))),
            (Integer | Decimal, Integer | Decimal) => Ok(Domain::Own(exact_carrier(left), exact_carrier(right))),
            (Integer | Decimal | Real, Integer | Decimal | Real) => both(Carrier::Float8),
            (Bytes, Bytes | Text | Open | Null) | (Text | Open | Null, Bytes) => both(Carrier::Bytes),
            (Date, Text | Open | Null) if right.is_flexible() => Ok(date_domain(right, false)),
            (Text | Open | Null, Date) if left.is_flexible() => Ok(date_domain(left, true)),
            (Date | DateTime, Text | Open | Null | Integer) if right.is_flexible() => both(left_carrier),
            (Text | Open | Null | Integer, Date | DateTime) if left.is_flexible() => both(right_carrier),
            (Date | DateTime, Text) | (Text, Date | DateTime) => both(Carrier::Timestamp),
            (Time, Text | Open | Null) | (Text | Open | Null, Time) | (Time, Time) => both(Carrier::Interval),
            (Date, Date) => both(Carrier::Date),
            (DateTime, DateTime) => Ok(Domain::Own(left_carrier, right_carrier)),
            (Date, DateTime) => Ok(Domain::Own(Carrier::Timestamp, right_carrier)),
            (DateTime, Date) => Ok(Domain::Own(left_carrier, Carrier::Timestamp)),
            (Date | DateTime, Time) => Ok(Domain::TimeOfDay { left_is_time: false }),
            (Time, Date | DateTime) => Ok(Domain::TimeOfDay { left_is_time: true }),
            (Date | DateTime | Time, Integer | Decimal | Real) | (Integer | Decimal | Real, Date | DateTime | Time) => {
                both(Carrier::Float8)
            }
            (_, _) => Err(SqlError::unsupported(format_args!(
                "comparison of {} with {}",
                left_carrier.name(),
                right_carrier.name()
            ))),
        }
    }

    /// Both sides of a comparison as PostgreSQL text, in types that its operators take.
    pub(super) fn meeting(
        &mut self,
        op: &str,
        left: &Expression,
        right: &Expression,
    ) -> Result<(String, String), SqlError> {
        if let Some((left, right)) = self.moment_beside(left, right)? {
            return self.meeting(op, &left, &right);
        }
        if let Some((right, left)) = self.moment_beside(right, left)? {
            return self.meeting(op, &left, &right);
        }
        if let Some(read) = self.read_text(left, right)? {
            return self.meeting(op, &read, right);
        }
        if let Some(read) = self.read_text(right, left)? {
            return self.meeting(op, left, &read);
        }
        if let Some(days) = self.year_as_date(left, right)? {
            return self.meeting(op, &days, right);
        }
        if let Some(days) = self.year_as_date(right, left)? {
            return self.meeting(op, left, &days);
        }
        match self.domain(left, right)? {
            Domain::Text => {
                let collated = self.collate(left, right, op)?;
                let left = self.comparable_text(left, collated.pads)?;
                let right = self.comparable_text(right, collated.pads)?;
                // A collation that is said inside the right side would meet ours as its equal.
                let right = if right.contains(" COLLATE ") { format!("{right}{}", collated.clause) } else { right };
                Ok((format!("{left}{}", collated.clause), right))
            }
            Domain::Own(Carrier::Json, Carrier::Json) => self.json_meeting(op, left, right),
            Domain::Own(left_carrier, right_carrier) => {
                Ok((self.render(left, left_carrier)?, self.render(right, right_carrier)?))
            }
            Domain::TimeOfDay { left_is_time: true } => {
                Ok((self.today_at(left)?, self.render(right, Carrier::Timestamp)?))
            }
            Domain::TimeOfDay { left_is_time: false } => {
                Ok((self.render(left, Carrier::Timestamp)?, self.today_at(right)?))
            }
        }
    }

    /// A YEAR column that is compared with a column of dates: as the number of a date without month and day.
    fn year_as_date(&mut self, year: &Expression, date: &Expression) -> Result<Option<Expression>, SqlError> {
        let zeros = match date.ty.class {
            Class::Date => "0000",
            Class::DateTime => "0000000000",
            Class::Null | Class::Open | Class::Integer | Class::Decimal | Class::Real => return Ok(None),
            Class::Text | Class::Bytes | Class::Time | Class::Json => return Ok(None),
        };
        if year.ty.field != FieldType::Year || year.origin.is_none() || date.origin.is_none() {
            return Ok(None);
        }
        let number = format!("({}::int8 * 1{zeros})", self.render(year, Carrier::Int2)?);
        Ok(Some(Expression::sql(number, Type::integer(21), year.nullable)))
    }

    /// A TIME as a time of the current day.
    fn today_at(&mut self, time: &Expression) -> Result<String, SqlError> {
        let now = self.parameter(&ParameterSource::Now { fraction: 0 }, Carrier::Timestamp.oid());
        Ok(format!("(({now})::date + {})", self.render(time, Carrier::Interval)?))
    }
}

/// How many digits two numbers have behind the point, when one is floating-point and both have a fixed number.
fn fixed_decimals(left: &Type, right: &Type) -> Option<u8> {
    let number = |side: &Type| matches!(side.class, Class::Integer | Class::Decimal | Class::Real);
    let decimals = left.decimals.max(right.decimals);
    let real = left.class == Class::Real || right.class == Class::Real;
    (real && number(left) && number(right) && decimals < crate::sql::types::NOT_FIXED).then_some(decimals)
}

/// In which PostgreSQL types two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// As character data under their common collation.
    Text,
    Own(Carrier, Carrier),
    /// A TIME is a time of the current day; the carriers of both sides, with the interval marked by its place.
    TimeOfDay {
        left_is_time: bool,
    },
}
