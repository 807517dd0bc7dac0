//! Tables that are copied again as a whole, with the definition that MySQL has now, at a position where the applier
//! stands.
//!
//! Definitions have no snapshot. They are read before the snapshot is opened and once more after; if they are the same,
//! they are those of the snapshot's position. One that changes later changes behind it in the log, too, where the applier
//! meets it; if MySQL can't read the old rows under the new form any more, it says so, and everything is tried again.

use std::sync::Arc;

use crate::replicate::{Refreshed, snapshot};
use crate::schema::{Catalogue, CatalogueChange, Table, TableName};
use crate::source::inspect;
use crate::store::statement;
use crate::target::Bulk;

use super::api::TableState;
use super::director::close;
use super::initial::same_definitions;
use super::{CutoverError, Director};

/// How often it's tried while definitions change.
const ATTEMPTS: usize = 5;
/// MySQL's errors when a definition has changed under a reader: no such table, unknown column, changed definition.
const CHANGED: [u16; 3] = [1146, 1054, 1412];

impl Director {
    /// Replaces definitions and rows of `tables` by those of MySQL at one position. Tables that MySQL doesn't have any
    /// more go.
    pub(super) async fn recopy(self: &Arc<Self>, tables: &[TableName]) -> Result<(), CutoverError> {
        for table in tables {
            self.table_state(table, TableState::Copying, None);
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self.try_recopy(tables).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(CutoverError::Snapshot(snapshot::SnapshotError::Source(error)))
                    if error.mysql_code().is_some_and(|code| CHANGED.contains(&code)) =>
                {
                    last = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        let detail = last.map(|error| format!(" ({error})")).unwrap_or_default();
        Err(CutoverError::state(format!("definitions change again and again while tables are copied{detail}")))
    }

    async fn source_definitions(&self) -> Result<Catalogue, CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let found = inspect::catalogue(&mut conn, &source.databases).await;
        close(conn).await;
        Ok(found?)
    }

    /// False when definitions changed meanwhile.
    async fn try_recopy(self: &Arc<Self>, tables: &[TableName]) -> Result<bool, CutoverError> {
        let defined = self.source_definitions().await?;
        let (mut source, position, barrier) = self.open_at_barrier().await?;
        if !same_definitions(&defined, &self.source_definitions().await?) {
            source.close().await;
            return Ok(false);
        }
        let before = self.parts.catalogue.load_full();
        let changes = changes(&before, &defined, tables);
        let mut after = Catalogue::clone(&before);
        changes.iter().for_each(|change| after.apply(change));
        let refused: Vec<String> = snapshot::refusals(&after).iter().map(ToString::to_string).collect();
        if !refused.is_empty() {
            return Err(CutoverError::state(refused.join("; ")));
        }
        let mut with = vec![statement::checkpoint(&self.decided(&position)).inline()];
        with.extend(tables.iter().map(|table| statement::clear_table(table).inline()));
        with.extend(changes.iter().map(|change| statement::catalogue(change).inline()));
        let with = with.join(";\n");
        let target = Bulk::connect(&self.config().target).await?;
        let again = snapshot::Recopy { before: &before, after: &after, tables, with: &with };
        let reader = source.readers.first_mut().ok_or_else(|| CutoverError::state("the snapshot has no reader"))?;
        snapshot::recopy(reader, &target, again, self.on_progress()).await?;
        source.close().await;
        // Tables that were made anew have no CHECK constraints yet.
        self.carry_checks(&mut after).await?;
        self.parts.catalogue.store(Arc::new(after));
        barrier.reposition(self.decided(&position), Refreshed::Tables(tables.to_vec()));
        for table in tables {
            if defined.base_table(&table.database, &table.table).is_some() {
                self.table_state(table, TableState::Mirrored, None);
            } else {
                self.picture.lock().tables.remove(table);
            }
        }
        Ok(true)
    }
}

/// What must change so that these tables are as MySQL defines them.
fn changes(before: &Catalogue, defined: &Catalogue, tables: &[TableName]) -> Vec<CatalogueChange> {
    let mut changes = Vec::new();
    for name in tables {
        let old = before.base_table(&name.database, &name.table);
        match (old, defined.base_table(&name.database, &name.table)) {
            (Some(old), Some(new)) if bare(old) == bare(new) => {}
            (_, Some(new)) => changes.push(CatalogueChange::PutTable(Arc::clone(new))),
            (Some(_), None) => changes.push(CatalogueChange::DropTable(name.clone())),
            (None, None) => {}
        }
    }
    changes
}

/// A definition without what is carried by other ways, and without its counter.
fn bare(table: &Table) -> Table {
    Table { auto_increment: None, checks: Vec::new(), triggers: Vec::new(), ..table.clone() }
}
