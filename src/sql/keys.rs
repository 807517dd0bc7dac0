//! What a write needs to know about a table's keys and about values that aren't given.

use crate::schema::{Column, ColumnType, Key, KeyKind, Table, quote};
use crate::value::{Clock, Date, Value};

use super::plan::SqlError;

/// PRIMARY and the unique keys, in MySQL's order.
pub(super) fn unique_keys(table: &Table) -> impl Iterator<Item = &Key> {
    table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique))
}

/// The column of each part; `None` when a part is an expression or a prefix.
pub(super) fn key_columns(table: &Table, key: &Key) -> Option<Vec<usize>> {
    key.parts
        .iter()
        .map(|part| {
            let name = part.column.as_ref().filter(|_| part.prefix.is_none())?;
            table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
        })
        .collect()
}

/// The columns of a key as PostgreSQL infers its index from them.
pub(super) fn arbiter(key: &Key) -> Result<String, SqlError> {
    let mut parts = Vec::with_capacity(key.parts.len());
    for part in &key.parts {
        match (&part.column, part.prefix) {
            (Some(column), None) => parts.push(quote::identifier(column)),
            (_, _) => return Err(SqlError::unsupported("ON DUPLICATE KEY UPDATE over a key prefix or expression")),
        }
    }
    Ok(parts.join(", "))
}

/// What MySQL stores without strict mode when a column has no default.
pub(super) fn implicit_default(column: &Column) -> Result<Value, SqlError> {
    Ok(match &column.column_type {
        ColumnType::Enum { labels } => Value::Text(labels.first().cloned().unwrap_or_default()),
        ColumnType::Char { .. }
        | ColumnType::VarChar { .. }
        | ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Set { .. } => Value::Text(String::new()),
        ColumnType::Binary { .. }
        | ColumnType::VarBinary { .. }
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob => Value::Bytes(Vec::new()),
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Decimal { .. }
        | ColumnType::Float { .. }
        | ColumnType::Double { .. }
        | ColumnType::Bit { .. }
        | ColumnType::Year => Value::Int(0),
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => {
            Value::Date(Date { year: 0, month: 0, day: 0 })
        }
        ColumnType::Time { .. } => Value::Time { negative: false, clock: Clock::default() },
        ColumnType::Json => Value::Text("null".to_owned()),
        ColumnType::Unsupported { .. } => {
            return Err(SqlError::unsupported(format_args!("the implicit default of column {}", column.name)));
        }
    })
}
