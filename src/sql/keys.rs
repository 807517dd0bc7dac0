//! What a write needs to know about a table's keys and about values that aren't given.

use crate::schema::{Column, ColumnType, ForeignKey, Key, KeyKind, ReferentialAction, Table, quote};
use crate::value::{Clock, Date, Value};

use super::plan::SqlError;

/// The unique keys in the order in which MySQL checks them: PRIMARY, those without NULLs, those without prefixes, the
/// others; otherwise as they were defined.
pub(super) fn unique_keys(table: &Table) -> Vec<&Key> {
    let mut keys: Vec<&Key> =
        table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique)).collect();
    let nullable = |key: &Key| {
        let column = |part: &crate::schema::KeyPart| part.column.as_deref().and_then(|name| table.column(name));
        key.parts.iter().any(|part| column(part).is_none_or(|column| column.nullable))
    };
    keys.sort_by_key(|key| {
        (key.kind != KeyKind::Primary, nullable(key), key.parts.iter().any(|part| part.prefix.is_some()))
    });
    keys
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
        ColumnType::Geometry { .. } | ColumnType::Unsupported { .. } => {
            return Err(SqlError::unsupported(format_args!("the implicit default of column {}", column.name)));
        }
    })
}

/// A foreign key as SHOW CREATE TABLE writes it.
#[must_use]
pub fn foreign_key_clause(table: &Table, key: &ForeignKey) -> String {
    let list = |columns: &[String]| columns.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let parent = if key.references.database == table.name.database {
        quoted(&key.references.table)
    } else {
        format!("{}.{}", quoted(&key.references.database), quoted(&key.references.table))
    };
    let mut clause = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {parent} ({})",
        quoted(&key.name),
        list(&key.columns),
        list(&key.referenced_columns)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            // MySQL doesn't print its default.
            ReferentialAction::NoAction => continue,
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
        };
        clause.push_str(&format!(" ON {event} {action}"));
    }
    clause
}

/// A name in MySQL's quotes.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
