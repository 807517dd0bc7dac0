//! CAST and CONVERT.

use sqlparser::ast::{DataType, Expr};

use super::super::expression::{Expression, Lowering};
use super::super::lower::Place;
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Coercibility, Collation, Type};
use crate::schema::quote;
use crate::sql::calendar::Kind;
use crate::wire::FieldType;

impl Lowering<'_> {
    /// CAST and CONVERT.
    pub(in crate::sql) fn cast_to(
        &mut self,
        inner: &Expr,
        wanted: &DataType,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let title = self.naming.take();
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
            "DECIMAL" | "DEC" | "NUMERIC" => self.cast_to_decimal(&value, (first, second), title.as_deref())?,
            "REAL" if !self.modes.real_as_float => {
                Expression::sql(self.render(&value, Carrier::Float8)?, Type::double(), nullable)
            }
            "DOUBLE" | "DOUBLE PRECISION" => {
                Expression::sql(self.render(&value, Carrier::Float8)?, Type::double(), nullable)
            }
            "FLOAT" | "REAL" => match first {
                Some(54..) => {
                    let message = "Too-big precision 54 specified for 'FLOAT'. Maximum is 53.".to_owned();
                    return Err(SqlError::new(1426, "42000", message));
                }
                Some(25..) => Expression::sql(self.render(&value, Carrier::Float8)?, Type::double(), nullable),
                Some(_) | None => {
                    let sql = self.render(&value, Carrier::Float8)?;
                    let ty = Type { carrier: Carrier::Float4, field: FieldType::Float, length: 12, ..Type::double() };
                    Expression::sql(format!("({sql})::float4"), ty, nullable)
                }
            },
            "YEAR" => self.cast_to_year(&value)?,
            "NCHAR" | "NATIONAL CHAR" | "NATIONAL CHARACTER" => {
                let converted = self.convert_using(&value, "utf8mb3")?;
                self.cast_to_text(&converted, first)?
            }
            "CHAR" | "VARCHAR" | "CHARACTER" => {
                // It has the connection's collation, whatever the value's is.
                let text = self.cast_to_text(&value, first)?;
                let collation = Collation { name: self.context.collation.clone(), coercibility: Coercibility::Column };
                Expression { ty: Type { collation: Some(collation), ..text.ty.clone() }, ..text }
            }
            "BINARY" | "VARBINARY" => self.cast_to_bytes(&value, first)?,
            charset if charset.starts_with("CHAR__") => {
                let name = charset.trim_start_matches("CHAR__").to_ascii_lowercase();
                if name == "binary" {
                    self.cast_to_bytes(&value, first)?
                } else {
                    let converted = self.convert_using(&value, &name)?;
                    match first {
                        Some(_) => self.cast_to_text(&converted, first)?,
                        None => converted,
                    }
                }
            }
            "DATE" => {
                let sql = self.cast_to_moment(&value, Kind::Date)?;
                Expression::sql(format!("({sql})::date"), Type::date(), true)
            }
            "DATETIME" | "TIMESTAMP" => {
                let sql = self.cast_to_moment(&value, Kind::DateTime)?;
                Expression::sql(self.with_fraction(&sql, fraction), Type::datetime(fraction), true)
            }
            "TIME" => {
                let word = if self.modes.truncate_fraction { "cut" } else { "rounded" };
                let sql = format!("\"mysql\".{word}_time({}, {fraction})", self.time_of(&value)?);
                Expression::sql(sql, Type::time(fraction), true)
            }
            "JSON" => self.cast_to_json(&value)?,
            other => return Err(SqlError::unsupported(format_args!("CAST AS {other}"))),
        })
    }

    /// A number 0 is the zero date, where the mode has one.
    fn cast_to_moment(&mut self, value: &Expression, kind: Kind) -> Result<String, SqlError> {
        let number = matches!(value.ty.class, Class::Integer | Class::Decimal | Class::Real);
        if !number || value.ty.field == FieldType::Year || self.quiet || !self.modes.no_zero_date {
            return self.moment_of(value, kind);
        }
        let number = self.render(value, Carrier::Numeric)?;
        Ok(format!("\"mysql\".nonzero_moment_of_number({number})"))
    }

    fn cast_to_decimal(
        &mut self,
        value: &Expression,
        (precision, scale): (Option<u32>, Option<u32>),
        title: Option<&str>,
    ) -> Result<Expression, SqlError> {
        let (precision, scale) = (precision.unwrap_or(10), scale.unwrap_or(0));
        let wrong = |code: u16, message: String| Err(SqlError::new(code, "42000", message));
        if scale > 30 {
            return wrong(
                1425,
                format!("Too big scale {scale} specified for column 'cast as decimal'. Maximum is 30."),
            );
        }
        if precision > 65 {
            let message = format!("Too-big precision {precision} specified for 'cast as decimal'. Maximum is 65.");
            return wrong(1426, message);
        }
        let precision = if precision == 0 { 10 } else { precision };
        if scale > precision {
            let message = "For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '').".to_owned();
            return wrong(1427, message);
        }
        let text = matches!(value.ty.class, Class::Text | Class::Open) && !value.ty.is_enum() && !self.quiet;
        let sql = if text && value.constant().is_some() {
            format!("\"mysql\".decimal_of({}, 'DECIMAL')", self.text(value)?)
        } else {
            self.render(value, Carrier::Numeric)?
        };
        let ty = Type::decimal(precision, u8::try_from(scale).unwrap_or(30));
        let sql = if self.quiet || fits_decimal(&value.ty, precision, scale) {
            format!("\"mysql\".to_decimal({sql}, {precision}, {scale})")
        } else {
            let title = quote::literal(title.unwrap_or("(null)"));
            format!("\"mysql\".told_decimal({sql}, {precision}, {scale}, {title})")
        };
        Ok(Expression::sql(sql, ty, value.nullable))
    }

    fn cast_to_text(&mut self, value: &Expression, length: Option<u32>) -> Result<Expression, SqlError> {
        let nullable = value.nullable || self.modes.strict;
        let sql = self.text(value)?;
        let ty = if value.ty.is_text() {
            self.text_like(value)
        } else {
            Type::text(value.ty.length, &self.context.collation)
        };
        Ok(match length {
            Some(length) => {
                let limit = length.min(i32::MAX.unsigned_abs());
                let sql = if self.quiet {
                    format!("left({sql}, {limit})")
                } else {
                    format!("\"mysql\".char_of({sql}, {limit})")
                };
                Expression::sql(sql, Type { length, ..ty }, nullable)
            }
            None => Expression::sql(sql, ty, nullable),
        })
    }

    fn cast_to_bytes(&mut self, value: &Expression, length: Option<u32>) -> Result<Expression, SqlError> {
        let nullable = value.nullable || self.modes.strict;
        let sql = self.render(value, Carrier::Bytes)?;
        Ok(match length {
            Some(length) if length > 16_777_216 => {
                return Err(SqlError::unsupported("CAST AS BINARY of more than 16 MiB"));
            }
            Some(_) if self.quiet => return Err(SqlError::unsupported("CAST AS BINARY(n) in a definition")),
            Some(length) => {
                Expression::sql(format!("\"mysql\".binary_of({sql}, {length})"), Type::bytes(length), nullable)
            }
            None => {
                let length = value.ty.length.saturating_mul(crate::sql::charset::width(&value.ty));
                Expression::sql(sql, Type::bytes(length), nullable)
            }
        })
    }

    fn cast_to_year(&mut self, value: &Expression) -> Result<Expression, SqlError> {
        crate::sql::geometry::refuse_shapes("cast_as_year", [value])?;
        let ty = Type::year();
        if matches!(value.ty.class, Class::Date | Class::DateTime) {
            let sql = self.render(value, Carrier::Timestamp)?;
            let year = format!("extract(year FROM {sql})::int2");
            let sql = format!("(CASE WHEN {year} BETWEEN 1901 AND 2155 THEN {year} END)");
            return Ok(Expression::sql(sql, ty, true));
        }
        if self.quiet || value.ty.is_enum() || matches!(value.ty.class, Class::Time | Class::Json) {
            return Err(SqlError::unsupported("CAST of this type AS YEAR"));
        }
        let quoted = matches!(value.ty.class, Class::Text | Class::Open | Class::Bytes);
        let text = self.text(value)?;
        let number =
            if quoted { format!("\"mysql\".exact_number({text})") } else { self.render(value, Carrier::Numeric)? };
        Ok(Expression::sql(format!("\"mysql\".year_of({number}, {text}, {quoted})"), ty, true))
    }

    fn cast_to_integer(&mut self, value: &Expression, unsigned: bool) -> Result<Expression, SqlError> {
        let wide = value.ty.carrier == Carrier::Numeric;
        let word = if unsigned { "unsigned" } else { "signed" };
        let literal = value.ty.class == Class::Bytes && value.ty.unsigned;
        let sql = match value.ty.class {
            Class::Null => if unsigned { "NULL::numeric" } else { "NULL::int8" }.to_owned(),
            Class::Integer | Class::Bytes if value.ty.class == Class::Integer || literal => {
                match (unsigned, wide || literal || value.is_flexible()) {
                    (true, true) => format!("\"mysql\".to_unsigned({})", self.render(value, Carrier::Numeric)?),
                    (true, false) => format!("\"mysql\".unsigned({})", self.render(value, Carrier::Int8)?),
                    (false, true) => format!("\"mysql\".bits({})", self.render(value, Carrier::Numeric)?),
                    (false, false) => self.render(value, Carrier::Int8)?,
                }
            }
            Class::Decimal => format!("\"mysql\".to_{word}(round({}))", self.render(value, Carrier::Numeric)?),
            Class::Real if unsigned => {
                format!("\"mysql\".unsigned(\"mysql\".real_signed({}))", self.render(value, Carrier::Float8)?)
            }
            Class::Real => format!("\"mysql\".real_signed({})", self.render(value, Carrier::Float8)?),
            Class::Text if value.ty.is_enum() => {
                let sql = self.render(value, Carrier::Int8)?;
                if unsigned { format!("({sql})::numeric") } else { sql }
            }
            Class::Text | Class::Open if self.quiet => format!("\"mysql\".sure_{word}({})", self.text(value)?),
            Class::Bytes if self.quiet => {
                return Err(SqlError::unsupported("CAST of bytes to an integer in a definition"));
            }
            Class::Text | Class::Open => format!("\"mysql\".{word}_of({})", self.text(value)?),
            Class::Integer | Class::Bytes => {
                format!("\"mysql\".{word}_of(encode({}, 'escape'))", self.render(value, Carrier::Bytes)?)
            }
            Class::Date | Class::DateTime | Class::Time => {
                format!("\"mysql\".to_{word}({}::numeric)", self.render(value, Carrier::Int8)?)
            }
            Class::Json => return Err(SqlError::unsupported("CAST of this type AS SIGNED")),
        };
        let ty = if unsigned {
            Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) }
        } else {
            Type::integer(21)
        };
        Ok(Expression::sql(sql, ty, value.nullable))
    }
}

/// True when every number of the type has a place in a DECIMAL.
fn fits_decimal(ty: &Type, precision: u32, scale: u32) -> bool {
    let exact = matches!(ty.class, Class::Integer | Class::Decimal);
    let own = u32::from(ty.scale());
    let (whole, room) = (ty.precision().saturating_sub(own), precision - scale);
    ty.class == Class::Null || exact && (whole < room || whole == room && own <= scale)
}
