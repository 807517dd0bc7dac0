//! What of a MySQL schema isn't carried, by name.

use super::TableName;

/// A part of a table that has no exact counterpart in PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A column's type, collation, default or property.
    #[error("{table}.{column}: {what} isn't carried")]
    Column { table: TableName, column: String, what: String },
    /// A key or foreign key.
    #[error("{table}: key {key}: {what} isn't carried")]
    Key { table: TableName, key: String, what: String },
    /// Something that is more than a table, such as a sequence of MariaDB.
    #[error("{table}: a {kind} isn't carried")]
    Special { table: TableName, kind: String },
    /// A storage engine that is more than a way to store rows.
    #[error("{table}: ENGINE={engine} isn't carried")]
    Engine { table: TableName, engine: String },
}

impl SchemaError {
    /// What isn't carried, for "This version of MySQL doesn't yet support '…'".
    #[must_use]
    pub fn what(&self) -> &str {
        match self {
            SchemaError::Column { what, .. } | SchemaError::Key { what, .. } => what,
            SchemaError::Special { kind, .. } => kind,
            SchemaError::Engine { engine, .. } => engine,
        }
    }
}
