//! Whether changing a column's type keeps every value, and the PostgreSQL expression that does it.
//!
//! Three answers: PostgreSQL's own assignment cast is exact or raises an error; an expression is needed; or the two
//! servers would store different values, and the change is refused by name.

use crate::schema::quote::{identifier, literal};
use crate::schema::types::{integer_range, pg_type};
use crate::schema::{Column, ColumnType};

/// The expression after USING (`None`: none needed), or what isn't carried.
pub(super) fn using(old: &Column, new: &Column) -> Result<Option<String>, String> {
    use ColumnType as T;
    let name = identifier(&new.name);
    let refused = || Err(format!("changing a column from {} to {}", old.type_text, new.type_text));
    if !characters_survive(old, new) {
        return refused();
    }
    match (&old.column_type, &new.column_type) {
        (left, right) if left == right => Ok(None),
        (T::Year, _) | (_, T::Year) => refused(),
        (left, right) if integer_range(left).is_some() && integer_range(right).is_some() => Ok(cast(&name, right)),
        (left, T::Decimal { .. }) if integer_range(left).is_some() => Ok(None),
        (T::Decimal { .. }, T::Decimal { .. }) => Ok(None),
        (T::Decimal { .. }, right) if integer_range(right).is_some() => Ok(cast(&name, right)),
        (left, T::Double { .. }) if integer_range(left).is_some() => Ok(cast(&name, &new.column_type)),
        (T::Decimal { .. } | T::Float { .. } | T::Double { .. }, T::Double { .. })
        | (T::Float { .. }, T::Float { .. }) => Ok(None),
        (left, T::VarChar { .. } | T::TinyText | T::Text | T::MediumText | T::LongText)
            if integer_range(left).is_some() && !matches!(left, T::Bit { .. }) =>
        {
            Ok(Some(format!("{name}::text")))
        }
        (left, T::Char { .. }) if is_text(left) => Ok(Some(format!("rtrim({name}, ' ')"))),
        (left, right) if is_text(left) && is_text(right) => Ok(None),
        (T::Enum { .. }, T::Enum { .. }) => Ok(None),
        (T::Set { labels: left }, T::Set { labels: right }) => {
            if keeps_order(left, right) {
                Ok(None)
            } else {
                refused()
            }
        }
        (T::Enum { .. } | T::Set { .. }, right) if is_text(right) => Ok(None),
        (left, T::Enum { .. }) if is_text(left) => Ok(None),
        (left, right) if is_variable_binary(left) && is_variable_binary(right) => Ok(None),
        (T::Date, T::DateTime { .. }) => Ok(cast(&name, &new.column_type)),
        (T::DateTime { fraction: left }, T::DateTime { fraction: right })
        | (T::Timestamp { fraction: left }, T::Timestamp { fraction: right })
        | (T::Time { fraction: left }, T::Time { fraction: right })
            if left <= right =>
        {
            Ok(None)
        }
        (T::DateTime { fraction: 0 }, T::Date) => Ok(cast(&name, &new.column_type)),
        (left, T::Json) if is_text(left) => {
            // MySQL names the table that the ALTER is filling.
            let place = literal(&format!("in value for column '#sql.{}'", new.name));
            Ok(Some(format!("\"mysql\".json_document({name}::text, {place})")))
        }
        (_, _) => refused(),
    }
}

/// True when some values of the old type don't fit into the new one, where PostgreSQL's own error would know neither the
/// column nor the row, and where without strict mode they are changed.
pub(super) fn narrows(old: &Column, new: &Column) -> bool {
    use ColumnType as T;
    let (left, right) = (&old.column_type, &new.column_type);
    if let (Some(left), Some(right)) = (integer_range(left), integer_range(right)) {
        return left.0 < right.0 || left.1 > right.1;
    }
    if let (Some(left), Some(right)) = (characters(left), characters(right)) {
        return left > right;
    }
    match (left, right) {
        (
            T::Decimal { precision, scale, unsigned },
            T::Decimal { precision: all, scale: behind, unsigned: positive },
        ) => {
            behind < scale || all.saturating_sub(*behind) < precision.saturating_sub(*scale) || (*positive && !unsigned)
        }
        (T::Decimal { .. }, right) => integer_range(right).is_some(),
        (left, T::Decimal { .. }) => integer_range(left).is_some(),
        (left, T::Enum { .. }) => is_text(left),
        (_, _) => false,
    }
}

/// The longest text of a type, in characters; binary strings in bytes.
fn characters(column_type: &ColumnType) -> Option<u64> {
    use ColumnType as T;
    Some(match column_type {
        T::Char { length } | T::VarChar { length } | T::VarBinary { length } => u64::from(*length),
        T::TinyText | T::TinyBlob => 255,
        T::Text | T::Blob => 65_535,
        T::MediumText | T::MediumBlob => 16_777_215,
        T::LongText | T::LongBlob => u64::from(u32::MAX),
        _other => return None,
    })
}

fn cast(name: &str, column_type: &ColumnType) -> Option<String> {
    pg_type(column_type).map(|pg| format!("{name}::{}", pg.name))
}

fn is_text(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Char { .. }
            | ColumnType::VarChar { .. }
            | ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
    )
}

/// BINARY(n) pads, so it isn't among them.
fn is_variable_binary(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::VarBinary { .. }
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
            | ColumnType::Geometry { .. }
    )
}

/// SET values are stored in the order of the labels.
fn keeps_order(old: &[String], new: &[String]) -> bool {
    let places: Vec<usize> = old.iter().filter_map(|label| new.iter().position(|other| other == label)).collect();
    places.is_sorted()
}

/// True when the new character set has every character that the old one has. PostgreSQL keeps all of Unicode, so a
/// narrower set would keep what MySQL replaces or refuses.
pub(super) fn characters_survive(old: &Column, new: &Column) -> bool {
    let (Some(old), Some(new)) = (old.charset.as_deref(), new.charset.as_deref()) else {
        return true;
    };
    let unicode = ["utf8mb4", "utf16", "utf16le", "utf32"];
    old == new || unicode.contains(&new) || old == "ascii" || (old == "latin1" && new == "utf8mb3")
}
