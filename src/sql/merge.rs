//! Statements on MERGE tables: how they stand in PostgreSQL is told in [`super::ddl`]'s part of the same name.

use std::sync::Arc;

use crate::schema::{Catalogue, Table};

use super::expression::Lowering;
use super::plan::SqlError;

/// Error 1168, as MySQL has it when a MERGE table is opened whose tables below aren't there or aren't the same.
pub(super) fn opened(catalogue: &Catalogue, table: &Table) -> Result<(), SqlError> {
    let Some(merge) = &table.merge else { return Ok(()) };
    let below = |name: &String| catalogue.table(&table.name.database, name);
    if merge.tables.iter().all(|name| below(name).is_some_and(|found| fits(table, found))) {
        return Ok(());
    }
    let text = "Unable to open underlying table which is differently defined or of non-MyISAM type or doesn't exist";
    Err(SqlError::new(1168, "HY000", text.to_owned()))
}

/// Whether a table may stand below a MERGE table: of MyISAM, with the same columns.
pub(super) fn fits(parent: &Table, child: &Table) -> bool {
    child.engine == "MyISAM"
        && child.columns.len() == parent.columns.len()
        && child.columns.iter().zip(&parent.columns).all(|(own, wanted)| {
            own.name == wanted.name
                && own.column_type == wanted.column_type
                && own.nullable == wanted.nullable
                && own.collation == wanted.collation
                && own.generated.is_none()
                && wanted.generated.is_none()
        })
}

impl Lowering<'_> {
    /// The table that takes the rows which are inserted into `table`.
    pub(super) fn receiver(&self, table: Arc<Table>) -> Result<Arc<Table>, SqlError> {
        let Some(merge) = &table.merge else { return Ok(table) };
        let read_only = || SqlError::new(1036, "HY000", format!("Table '{}' is read only", table.name.table));
        let name = merge.insert.as_ref().ok_or_else(read_only)?;
        let found = self.context.catalogue.table(&table.name.database, name);
        found.cloned().ok_or_else(|| SqlError::no_table(&table.name.database, name))
    }
}

/// A MERGE table as UPDATE and DELETE see it: its keys don't tell its rows apart, since each table below has its own.
pub(super) fn written(table: Arc<Table>) -> Arc<Table> {
    if table.merge.is_none() {
        return table;
    }
    let mut bare = Table::clone(&table);
    bare.keys.clear();
    bare.columns.iter_mut().for_each(|column| column.auto_increment = false);
    Arc::new(bare)
}

/// Refuses what needs a row's place, which isn't one in a family of tables.
pub(super) fn check_placeless(table: &Table, what: &str) -> Result<(), SqlError> {
    if table.merge.is_some() {
        return Err(SqlError::unsupported(format_args!("{what} on a MERGE table")));
    }
    Ok(())
}
