//! What DDL does in PostgreSQL and to the catalogue.

use crate::schema::{CatalogueChange, TableName};

use super::{TargetSql, WritePlan};

/// DDL: executed in one PostgreSQL transaction of its own, with the catalogue change.
#[derive(Clone, Debug)]
pub struct DdlPlan {
    /// False for CREATE TEMPORARY TABLE and DROP TEMPORARY TABLE, which an open transaction survives.
    pub commits: bool,
    pub statements: Vec<TargetSql>,
    pub changes: Vec<CatalogueChange>,
    /// Warnings as MySQL would count them, e.g. 1050 for IF NOT EXISTS.
    pub notes: Vec<Notice>,
    pub records: Records,
    /// CREATE TABLE … SELECT: what fills the new table, after everything else.
    pub fill: Option<Box<WritePlan>>,
    /// The table that TRUNCATE empties.
    pub emptied: Option<TableName>,
}

impl DdlPlan {
    /// The stored tables and views that LOCK TABLES must have locked for writing. With a rename that's the old name only.
    pub fn altered(&self) -> impl Iterator<Item = &TableName> {
        let dropped: Vec<&TableName> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                CatalogueChange::DropTable(name) | CatalogueChange::DropView(name) => Some(name),
                _other => None,
            })
            .collect();
        let put = self.changes.iter().find_map(|change| match change {
            CatalogueChange::PutTable(table) if table.temporary.is_none() => Some(&table.name),
            CatalogueChange::PutView(view) => Some(&view.name),
            _other => None,
        });
        let put = put.filter(|_| dropped.is_empty());
        dropped.into_iter().chain(put).chain(&self.emptied)
    }
}

/// What DDL reports of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Records {
    /// Nothing, as CREATE and DROP do.
    #[default]
    Silent,
    /// A number without more: CREATE DATABASE is one, DROP DATABASE the number of its tables.
    Affected(u64),
    /// `Records: 0`: MySQL wouldn't have copied the table.
    Zero,
    /// The rows that MySQL would have copied, counted by a query before anything else.
    Of(TargetSql),
}

/// A warning that DDL leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// `Note` or `Warning`.
    pub level: &'static str,
    pub code: u16,
    pub message: String,
}
