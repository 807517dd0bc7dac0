//! Copying again what isn't as in MySQL: whole tables that couldn't be followed, or the parts of tables in which a
//! comparison found differences.
//!
//! Both happen at a barrier: MySQL is read in a snapshot, the applier stands at the very position of the snapshot, and so
//! what follows fits the new rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::observe::without_values;
use crate::position::GtidSet;
use crate::replicate::{Refreshed, mend, snapshot};
use crate::schema::{Catalogue, CatalogueChange, Table, TableName};
use crate::source::inspect;
use crate::source::snapshot::{Reader, Snapshot};
use crate::store::statement;
use crate::target::Bulk;

use super::api::{MirrorPhase, TableState};
use super::director::close;
use super::{CutoverError, Director};

impl Director {
    /// Replaces the rows of parts of tables by those of MySQL at one position.
    pub(super) async fn mend(self: &Arc<Self>, parts: &[mend::Parts]) -> Result<(), CutoverError> {
        let target = Bulk::connect(&self.config().target).await?;
        let (source, _, barrier) = self.open_at_barrier().await?;
        let mut reader = only_reader(source).await?;
        let catalogue = self.parts.catalogue.load_full();
        let mended = mend::mend(&mut reader, &target, &catalogue, parts).await;
        drop(barrier);
        reader.close().await;
        let copied = mended?;
        tracing::info!(tables = parts.len(), rows = copied.rows, "parts of tables that differed are copied again");
        Ok(())
    }

    /// Replaces the rows of `tables` by those of MySQL at one position.
    pub(super) async fn repair(self: &Arc<Self>, tables: &[TableName]) -> Result<(), CutoverError> {
        if let Some(table) = tables.iter().find(|table| !self.is_carried(table)) {
            return Err(CutoverError::state(format!("table {table} isn't carried: everything must be copied again")));
        }
        for table in tables {
            self.table_state(table, TableState::Copying, None);
        }
        // One that has a trigger before or after may have had it at the position; one that gets it later is halted anew.
        let mut triggered = self.triggered().await?;
        let (source, position, barrier) = self.open_at_barrier().await?;
        triggered.append(&mut self.triggered().await?);
        let changes = self.trigger_changes(tables, &triggered);
        self.replace_rows(source, &position, (tables, &changes)).await?;
        self.parts.catalogue.rcu(|present| {
            let mut after = Catalogue::clone(present);
            changes.iter().for_each(|change| after.apply(change));
            Arc::new(after)
        });
        barrier.reposition(self.decided(&position), Refreshed::Tables(tables.to_vec()));
        for table in tables {
            self.table_state(table, TableState::Mirrored, None);
        }
        Ok(())
    }

    /// Whether PostgreSQL has the table. One whose definition was refused is halted and can't be copied by itself.
    pub(super) fn is_carried(&self, table: &TableName) -> bool {
        self.parts.catalogue.load().base_table(&table.database, &table.table).is_some()
    }

    async fn triggered(&self) -> Result<BTreeSet<TableName>, CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let found = inspect::triggered(&mut conn, &source.databases).await;
        close(conn).await;
        Ok(found?)
    }

    /// Notes in the catalogue which of these tables have triggers now: writes to them can't be repeated.
    fn trigger_changes(&self, tables: &[TableName], triggered: &BTreeSet<TableName>) -> Vec<CatalogueChange> {
        let catalogue = self.parts.catalogue.load();
        let found = tables.iter().filter_map(|name| catalogue.base_table(&name.database, &name.table));
        let changed = found.filter(|table| table.has_triggers != triggered.contains(&table.name));
        let put = |table: &Arc<Table>| {
            let has_triggers = !table.has_triggers;
            CatalogueChange::PutTable(Arc::new(Table { has_triggers, ..Table::clone(table) }))
        };
        changed.map(put).collect()
    }

    /// Replaces rows, the applied set, the tables' states and what has changed of them in one transaction.
    async fn replace_rows(
        self: &Arc<Self>,
        source: Snapshot,
        position: &GtidSet,
        (tables, changes): (&[TableName], &[CatalogueChange]),
    ) -> Result<(), CutoverError> {
        let mut reader = only_reader(source).await?;
        let catalogue = self.parts.catalogue.load_full();
        let mut with = vec![statement::checkpoint(&self.decided(position)).inline()];
        with.extend(tables.iter().map(|table| statement::clear_table(table).inline()));
        with.extend(changes.iter().map(|change| statement::catalogue(change).inline()));
        let with = with.join(";\n");
        let target = Bulk::connect(&self.config().target).await?;
        let refresh = snapshot::Refresh { catalogue: &catalogue, tables, with: &with };
        snapshot::refresh(&mut reader, &target, refresh, self.on_progress()).await?;
        reader.close().await;
        Ok(())
    }

    /// Repairs in the background; halts the mirror with the reason when that fails.
    pub(super) fn spawn_repair(self: &Arc<Self>, tables: Vec<TableName>) {
        let director = Arc::clone(self);
        self.parts.tasks.spawn(async move {
            let turn = Arc::clone(&director.turn).lock_owned().await;
            let ended = tokio::select! {
                ended = director.repair(&tables) => ended,
                () = director.parts.shutdown.cancelled() => return,
            };
            drop(turn);
            if let Err(error) = ended {
                tracing::error!(error = without_values(&error), "copying tables again has failed; forwarding goes on");
                for table in &tables {
                    director.table_state(table, TableState::NeedsResync, Some(error.to_string()));
                }
                director.picture.lock().phase = Some(MirrorPhase::Streaming);
            }
        });
    }

    /// Sets a table's state in the picture.
    pub(super) fn table_state(&self, table: &TableName, state: TableState, reason: Option<String>) {
        let mut picture = self.picture.lock();
        let entry = picture.tables.entry(table.clone()).or_insert_with(|| super::picture::TableProgress::new(state));
        entry.state = state;
        entry.reason = reason;
    }

    /// Tables by the names an operator gives: `database.table`, or `table` when only one database has it.
    pub(super) fn named_tables(&self, names: &[String]) -> Result<Vec<TableName>, CutoverError> {
        let catalogue = self.parts.catalogue.load();
        names.iter().map(|name| find(&catalogue, name)).collect()
    }
}

/// One table by an operator's name for it.
fn find(catalogue: &Catalogue, name: &str) -> Result<TableName, CutoverError> {
    let matches: Vec<TableName> = catalogue
        .databases
        .values()
        .flat_map(|database| database.tables.values())
        .map(|table| table.name.clone())
        .filter(|table| table.to_string() == name || table.table == name)
        .collect();
    match matches.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(CutoverError::state(format!("no table `{name}` is mirrored"))),
        [_, _, ..] => Err(CutoverError::state(format!("`{name}` is in several databases: say database.table"))),
    }
}

/// One reader of a snapshot; the others are closed.
pub(super) async fn only_reader(source: Snapshot) -> Result<Reader, CutoverError> {
    let mut readers = source.readers.into_iter();
    let reader = readers.next().ok_or_else(|| CutoverError::state("the snapshot has no reader"))?;
    for spare in readers {
        spare.close().await;
    }
    Ok(reader)
}
