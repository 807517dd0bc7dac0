//! CAST and CONVERT.

use sqlparser::ast::{DataType, Expr};

use super::super::expression::{Expression, Lowering};
use super::super::lower::Place;
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};

impl Lowering<'_> {
    /// CAST and CONVERT.
    pub(in crate::sql) fn cast_to(
        &mut self,
        inner: &Expr,
        wanted: &DataType,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let value = self.lower(inner, place)?;
        let nullable = value.nullable;
        let text = wanted.to_string().to_ascii_uppercase();
        let (word, argument) = text.split_once('(').unwrap_or((text.as_str(), ""));
        let mut numbers = argument.trim_end_matches(')').split(',').map(|number| number.trim().parse::<u32>().ok());
        let first = numbers.next().flatten();
        let second = numbers.next().flatten();
        let fraction = u8::try_from(first.unwrap_or(0).min(6)).unwrap_or(6);
        if value.ty.class == Class::Json
            && let Some(found) = self.cast_from_json(&value, word.trim(), (first, second))?
        {
            return Ok(found);
        }
        Ok(match word.trim() {
            "SIGNED" | "SIGNED INTEGER" | "INTEGER" | "INT" | "BIGINT" => self.cast_to_integer(&value, false)?,
            "UNSIGNED" | "UNSIGNED INTEGER" | "INT UNSIGNED" | "BIGINT UNSIGNED" => {
                self.cast_to_integer(&value, true)?
            }
            "DECIMAL" | "DEC" | "NUMERIC" => {
                let (precision, scale) = (first.unwrap_or(10), u8::try_from(second.unwrap_or(0)).unwrap_or(0));
                let sql = self.render(&value, Carrier::Numeric)?;
                Expression::sql(
                    format!("\"mysql\".to_decimal({sql}, {precision}, {scale})"),
                    Type::decimal(precision, scale),
                    nullable,
                )
            }
            "DOUBLE" | "DOUBLE PRECISION" | "REAL" => {
                Expression::sql(self.render(&value, Carrier::Float8)?, Type::double(), nullable)
            }
            "CHAR" | "NCHAR" | "VARCHAR" | "CHARACTER" => {
                let sql = self.text(&value)?;
                let length = first.unwrap_or(value.ty.length);
                let sql = if let Some(length) = first { format!("left({sql}, {length})") } else { sql };
                let ty = Type { length, ..self.text_like(&value) };
                Expression::sql(sql, ty, nullable)
            }
            "BINARY" | "VARBINARY" => {
                let sql = self.render(&value, Carrier::Bytes)?;
                Expression::sql(sql, Type::bytes(value.ty.length.saturating_mul(4)), nullable)
            }
            "DATE" => Expression::sql(self.render(&value, Carrier::Date)?, Type::date(), true),
            "DATETIME" | "TIMESTAMP" => {
                let sql = self.render(&value, Carrier::Timestamp)?;
                Expression::sql(format!("({sql})::timestamp({fraction})"), Type::datetime(fraction), true)
            }
            "TIME" => Expression::sql(self.render(&value, Carrier::Interval)?, Type::time(fraction), true),
            "JSON" => self.cast_to_json(&value)?,
            other => return Err(SqlError::unsupported(format_args!("CAST AS {other}"))),
        })
    }

    fn cast_to_integer(&mut self, value: &Expression, unsigned: bool) -> Result<Expression, SqlError> {
        let sql = match (value.ty.class, value.constant()) {
            (Class::Integer, _) => {
                self.render(value, if value.ty.carrier == Carrier::Numeric { Carrier::Numeric } else { Carrier::Int8 })?
            }
            (Class::Decimal | Class::Real, _) => format!("round({})", self.render(value, Carrier::Numeric)?),
            (Class::Text | Class::Open, _) => format!("\"mysql\".integer_prefix({})", self.text(value)?),
            (Class::Date | Class::DateTime, _) => self.render(value, Carrier::Int8)?,
            (Class::Null, _) => "NULL::int8".to_owned(),
            (Class::Json | Class::Time | Class::Bytes, _) => {
                return Err(SqlError::unsupported("CAST of this type AS SIGNED"));
            }
        };
        let (ty, sql) = if unsigned {
            let ty = Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) };
            (ty, format!("\"mysql\".to_unsigned({sql}::numeric)"))
        } else {
            (Type::integer(21), format!("\"mysql\".to_signed({sql}::numeric)"))
        };
        Ok(Expression::sql(sql, ty, value.nullable))
    }
}
