//! What the statement is resolved against: the catalogue, the session's settings and what the plan is for.

use std::sync::Arc;

use super::super::plan::{Context, Purpose, SqlError};
use super::charset::Charset;
use super::spec::QualifiedName;
use crate::schema::{Database, ForeignKey, Table, TableName};

/// Whether MySQL's session checked foreign keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignKeyChecks {
    /// `foreign_key_checks=1`.
    On,
    /// `foreign_key_checks=0`: parents may be dropped before their children.
    Off,
}

/// The surroundings of one statement.
#[derive(Clone, Copy, Debug)]
pub(in crate::sql) struct Scope<'a> {
    pub(in crate::sql) context: &'a Context,
    pub(in crate::sql) checks: ForeignKeyChecks,
}

impl<'a> Scope<'a> {
    /// True when the plan repeats what MySQL did.
    pub(in crate::sql) fn replays(&self) -> bool {
        self.context.purpose == Purpose::Replay
    }

    /// The database of that name, or error 1049.
    pub(in crate::sql) fn database(&self, name: &str) -> Result<&'a Database, SqlError> {
        self.context.catalogue.database(name).ok_or_else(|| SqlError::unknown_database(name))
    }

    /// The database's defaults for new tables.
    pub(in crate::sql) fn database_charset(&self, name: &str) -> Result<Charset, SqlError> {
        let database = self.database(name)?;
        if database.charset.is_empty() || database.collation.is_empty() {
            return Ok(Charset::new("utf8mb4", "utf8mb4_0900_ai_ci"));
        }
        Ok(Charset::new(&database.charset, &database.collation))
    }

    /// The full name of a table that need not exist; error 1046 without a default database.
    pub(in crate::sql) fn name(&self, name: &QualifiedName) -> Result<TableName, SqlError> {
        let database = match (&name.0, &self.context.database) {
            (Some(database), _) | (None, Some(database)) => database.clone(),
            (None, None) => return Err(SqlError::no_database()),
        };
        // The catalogue's spelling of the database counts.
        let spelled = self.context.catalogue.databases.keys().find(|known| {
            **known == database
                || (self.context.catalogue.lower_case_table_names != 0 && known.eq_ignore_ascii_case(&database))
        });
        let table =
            if self.context.catalogue.lower_case_table_names == 1 { name.1.to_lowercase() } else { name.1.clone() };
        Ok(TableName { database: spelled.cloned().unwrap_or(database), table })
    }

    /// The base table of that full name, if it exists.
    pub(in crate::sql) fn find(&self, name: &TableName) -> Option<&'a Arc<Table>> {
        self.context.catalogue.base_table(&name.database, &name.table)
    }

    /// The session's temporary table of that full name, if it exists.
    pub(in crate::sql) fn temporary(&self, name: &TableName) -> Option<&'a Arc<Table>> {
        let catalogue = &self.context.catalogue;
        catalogue.session.get(&name.database, &name.table, catalogue.lower_case_table_names != 0)
    }

    /// The table that a statement names, a temporary one first, or error 1049 or 1146.
    pub(in crate::sql) fn table(&self, name: &QualifiedName) -> Result<&'a Arc<Table>, SqlError> {
        match self.temporary(&self.name(name)?) {
            Some(own) => Ok(own),
            None => self.base_table(name),
        }
    }

    /// The base table that a statement names, or error 1049 or 1146.
    pub(in crate::sql) fn base_table(&self, name: &QualifiedName) -> Result<&'a Arc<Table>, SqlError> {
        let name = self.name(name)?;
        self.find(&name).ok_or_else(|| {
            if self.context.catalogue.view(&name.database, &name.table).is_some() {
                return SqlError::new(1347, "HY000", format!("'{name}' is not BASE TABLE"));
            }
            if self.context.catalogue.database(&name.database).is_none() {
                return SqlError::unknown_database(&name.database);
            }
            SqlError::no_table(&name.database, &name.table)
        })
    }

    /// True for two spellings of one table.
    pub(in crate::sql) fn same(&self, left: &TableName, right: &TableName) -> bool {
        if self.context.catalogue.lower_case_table_names == 0 {
            return left == right;
        }
        left.database.eq_ignore_ascii_case(&right.database) && left.table.eq_ignore_ascii_case(&right.table)
    }

    /// Foreign keys of other tables that refer to `name`.
    pub(in crate::sql) fn children(&self, name: &TableName) -> Vec<(&'a Arc<Table>, &'a ForeignKey)> {
        let tables = self.context.catalogue.databases.values().flat_map(|database| database.tables.values());
        tables
            .filter(|table| !self.same(&table.name, name))
            .flat_map(|table| table.foreign_keys.iter().map(move |foreign_key| (table, foreign_key)))
            .filter(|(_, foreign_key)| self.same(&foreign_key.references, name))
            .collect()
    }
}
