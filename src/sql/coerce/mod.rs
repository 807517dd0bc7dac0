//! Values on their way into columns: stored exactly, rounded where MySQL rounds, and where they don't fit refused with
//! MySQL's error or changed with MySQL's warning, as `sql_mode` says. Checked against MySQL case by case.

mod geometry;
mod moments;
mod narrow;
mod number;
mod rules;
mod text;

use jiff::tz::TimeZone;

use crate::schema::ColumnType;
use crate::value::Value;

use super::plan::SqlError;

pub(super) use number::is_numeric;
pub use rules::Rules;
pub(super) use rules::Target;

/// A value as PostgreSQL reads it into the column; `None` is NULL. `zone` is the session's time zone.
pub(super) fn store(
    value: &Value,
    target: &Target<'_>,
    zone: &dyn Fn() -> Result<TimeZone, SqlError>,
) -> Result<Option<String>, SqlError> {
    if *value == Value::Null {
        return null(target).map(|stored| stored.map(str::to_owned));
    }
    // An exact zero has no sign.
    let unsigned = match value {
        Value::Decimal(digits) => {
            digits.strip_prefix('-').filter(|rest| rest.bytes().all(|byte| b"0.".contains(&byte)))
        }
        _other => None,
    };
    let zero = unsigned.map(|digits| Value::Decimal(digits.to_owned()));
    let value = zero.as_ref().unwrap_or(value);
    let stored = match &target.column.column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. } => number::integer(value, target)?,
        ColumnType::Decimal { precision, scale, unsigned } => {
            number::decimal(value, (*precision, *scale, *unsigned), target)?
        }
        ColumnType::Float { unsigned } => {
            let number = number::floating(value, ("FLOAT", f64::from(f32::MAX)), *unsigned, target)?;
            number::single(number::rounded(number, target)?)
        }
        ColumnType::Double { unsigned } => {
            number::rounded(number::floating(value, ("DOUBLE", f64::MAX), *unsigned, target)?, target)?
        }
        ColumnType::Bit { bits } => number::bit(value, *bits, target)?,
        ColumnType::Year => number::year(value, target)?,
        ColumnType::Date => moments::date(value, target)?,
        ColumnType::DateTime { fraction } => moments::datetime(value, *fraction, target, zone)?,
        ColumnType::Timestamp { fraction } => moments::timestamp(value, *fraction, target, &zone()?)?,
        ColumnType::Time { fraction } => moments::time(value, *fraction, target)?,
        ColumnType::Char { length } | ColumnType::VarChar { length } => text::characters(value, *length, target)?,
        ColumnType::TinyText => text::bounded(value, 255, target)?,
        ColumnType::Text => text::bounded(value, 65_535, target)?,
        ColumnType::MediumText => text::bounded(value, 16_777_215, target)?,
        ColumnType::LongText => text::bounded(value, usize::MAX, target)?,
        ColumnType::Binary { length } => text::binary(value, size(*length), size(*length), target)?,
        ColumnType::VarBinary { length } => text::binary(value, size(*length), 0, target)?,
        ColumnType::TinyBlob => text::binary(value, 255, 0, target)?,
        ColumnType::Blob => text::binary(value, 65_535, 0, target)?,
        ColumnType::MediumBlob => text::binary(value, 16_777_215, 0, target)?,
        ColumnType::LongBlob => text::binary(value, usize::MAX, 0, target)?,
        ColumnType::Enum { labels } => text::label(value, labels, target)?,
        ColumnType::Set { labels } => text::members(value, labels, target)?,
        ColumnType::Json => text::json(value, target)?,
        ColumnType::Geometry { kind, srid } => geometry::checked(value, &target.column.name, kind, *srid)?,
        ColumnType::Unsupported { name } => return Err(SqlError::unsupported(format_args!("type {name}"))),
    };
    Ok(Some(stored))
}

fn size(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// NULL: itself, an error, or the type's own default with a warning.
fn null(target: &Target<'_>) -> Result<Option<&'static str>, SqlError> {
    if target.column.nullable {
        return Ok(None);
    }
    if !target.rules.null_becomes_default {
        return Err(SqlError::null_column(target.column));
    }
    let stored = implicit(&target.column.column_type)?;
    target.warn(1048, format!("Column '{}' cannot be null", target.column.name));
    Ok(Some(stored))
}

/// What MySQL stores in a NOT NULL column for NULL without strict mode. An ENUM gets its empty label here, unlike a
/// column that isn't given.
pub(super) fn implicit(column_type: &ColumnType) -> Result<&'static str, SqlError> {
    Ok(match column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Decimal { .. }
        | ColumnType::Float { .. }
        | ColumnType::Double { .. }
        | ColumnType::Bit { .. }
        | ColumnType::Year => "0",
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => "-infinity",
        ColumnType::Time { .. } => "00:00:00",
        ColumnType::Char { .. }
        | ColumnType::VarChar { .. }
        | ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. } => "",
        ColumnType::VarBinary { .. }
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob => "\\x",
        ColumnType::Json => "null",
        ColumnType::Geometry { .. } | ColumnType::Binary { .. } | ColumnType::Unsupported { .. } => {
            return Err(SqlError::unsupported("NULL as the default of this type"));
        }
    })
}
