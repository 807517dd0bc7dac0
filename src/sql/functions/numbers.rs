//! Functions on numbers.

use crate::value::Value;

use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};
use super::Returns::{Double, Integer};
use super::{Plain, nullable, plain};

#[rustfmt::skip]
pub(super) const PLAIN: &[Plain] = &[
    nullable("SQRT", "D", "(CASE WHEN {0} >= 0 THEN sqrt({0}) END)", Double),
    nullable("EXP", "D", "exp({0})", Double),
    nullable("LN", "D", "(CASE WHEN {0} > 0 THEN ln({0}) END)", Double),
    nullable("LOG10", "D", "(CASE WHEN {0} > 0 THEN log({0}) END)", Double),
    nullable("LOG2", "D", "\"mysql\".log2({0})", Double),
    nullable("POW", "DD", "power({0}, {1})", Double),
    nullable("POWER", "DD", "power({0}, {1})", Double),
    nullable("LOG", "Dd", "\"mysql\".log({*})", Double),
    nullable("ACOS", "D", "(CASE WHEN {0} BETWEEN -1 AND 1 THEN acos({0}) END)", Double),
    nullable("ASIN", "D", "(CASE WHEN {0} BETWEEN -1 AND 1 THEN asin({0}) END)", Double),
    nullable("COT", "D", "\"mysql\".cot({0})", Double),
    nullable("SIN", "D", "sin({0})", Double),
    nullable("COS", "D", "cos({0})", Double),
    nullable("TAN", "D", "tan({0})", Double),
    nullable("ATAN", "Dd", "\"mysql\".atan({*})", Double),
    nullable("ATAN2", "DD", "atan2({0}, {1})", Double),
    nullable("RADIANS", "D", "radians({0})", Double),
    nullable("DEGREES", "D", "degrees({0})", Double),
    plain("SIGN", "D", "sign({0})::int8", Integer(21)),
];

impl Lowering<'_> {
    /// Functions whose result has the type of a number they're given.
    pub(super) fn number_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        if name == "PI" && arguments.is_empty() {
            let ty = Type { length: 8, decimals: 6, ..Type::double() };
            return Ok(Some(Expression::sql("pi()", ty, false)));
        }
        let Some(first) = arguments.first() else { return Ok(None) };
        let any_null = arguments.iter().any(|argument| argument.nullable);
        let (ty, carrier) = match first.ty.class {
            Class::Integer => (
                Type { unsigned: first.ty.unsigned, ..Type::integer(21) },
                if first.ty.carrier == Carrier::Numeric { Carrier::Numeric } else { Carrier::Int8 },
            ),
            Class::Decimal => (first.ty.clone(), Carrier::Numeric),
            Class::Null
            | Class::Open
            | Class::Real
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => (Type::double(), Carrier::Float8),
        };
        Ok(Some(match (name, arguments) {
            ("ABS", [value]) => {
                let sql = self.render(value, carrier)?;
                let ty = if value.ty.class == Class::Real { Type::fixed_double(value.ty.decimals) } else { ty };
                Expression::sql(format!("abs({sql})"), ty, any_null)
            }
            ("CEIL" | "CEILING" | "FLOOR", [value]) => {
                let function = if name == "FLOOR" { "floor" } else { "ceil" };
                match ty.class {
                    Class::Integer => Expression { origin: None, ..value.clone() },
                    Class::Decimal if ty.precision() <= 18 => {
                        let sql = self.render(value, Carrier::Numeric)?;
                        Expression::sql(format!("{function}({sql})::int8"), Type::integer(17), any_null)
                    }
                    _wide_or_real => {
                        let sql = self.render(value, carrier)?;
                        let ty = if ty.class == Class::Decimal { Type::decimal(ty.precision(), 0) } else { ty };
                        Expression::sql(format!("{function}({sql})"), ty, any_null)
                    }
                }
            }
            ("ROUND" | "TRUNCATE", [value]) | ("ROUND" | "TRUNCATE", [value, _]) => {
                let digits = match arguments.get(1) {
                    None => Some(0),
                    Some(digits) => match digits.constant() {
                        Some(Value::Int(digits)) => i32::try_from(*digits).ok(),
                        Some(_) | None => None,
                    },
                };
                let Some(digits) = digits else {
                    return Err(SqlError::unsupported(format_args!(
                        "{name} to a number of digits that isn't constant"
                    )));
                };
                let function = if name == "ROUND" { "round" } else { "trunc" };
                let sql = self.render(value, carrier)?;
                let scale = u8::try_from(digits.clamp(0, 30)).unwrap_or(0);
                match ty.class {
                    Class::Integer if digits >= 0 => Expression::sql(sql, ty, any_null),
                    Class::Integer if ty.unsigned => {
                        let shown = crate::schema::quote::literal(&format!("{}(…, {digits})", name.to_lowercase()));
                        let sql = format!("\"mysql\".in_unsigned({function}(({sql})::numeric, {digits}), {shown})");
                        Expression::sql(sql, Type { carrier: Carrier::Numeric, ..ty }, any_null)
                    }
                    Class::Integer => {
                        Expression::sql(format!("{function}({sql}::numeric, {digits})::int8"), ty, any_null)
                    }
                    Class::Decimal => {
                        let scale = scale.min(ty.decimals);
                        // Rounded up it may need another digit.
                        let carry = u32::from(name == "ROUND" && scale < ty.decimals);
                        let precision = ty.precision() - u32::from(ty.decimals) + u32::from(scale) + carry;
                        Expression::sql(
                            format!("{function}({sql}, {})", digits.min(i32::from(ty.decimals))),
                            Type::decimal(precision, scale),
                            any_null,
                        )
                    }
                    _real if digits == 0 && name == "ROUND" => Expression::sql(format!("round({sql})"), ty, any_null),
                    _real => Expression::sql(rounded_double(function, &sql, digits), ty, any_null),
                }
            }
            ("MOD", [left, right]) => self.modulo(left, right)?,
            (_, _) => return Ok(None),
        }))
    }
}

/// ROUND or TRUNCATE of a floating-point number: MySQL multiplies, rounds to the even neighbour, and divides again.
fn rounded_double(function: &str, sql: &str, digits: i32) -> String {
    match digits {
        0 => format!("{function}({sql})"),
        1..=308 => format!("\"mysql\".{function}_double({sql}, 1e{digits})"),
        -308..0 => format!("\"mysql\".{function}_tens({sql}, 1e{})", digits.unsigned_abs()),
        309.. => sql.to_owned(),
        _below => format!("({sql} * 0)"),
    }
}
