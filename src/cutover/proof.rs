//! Proof that both sides hold the same rows, under load, and the repair of tables that don't.
//!
//! # Why a difference is a difference and not lag
//! A snapshot of MySQL is opened while commits are held, so it stands at one exact position. The applier is told to
//! stop at that position; there PostgreSQL holds what MySQL's snapshot holds, or something is wrong. A snapshot of
//! PostgreSQL is taken, both sides go on, and the two snapshots are compared at leisure.
//!
//! A table is repaired at the same kind of barrier: its rows are replaced by those of MySQL's snapshot while the
//! applier stands at that very position, so what follows fits the new rows.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use crate::position::GtidSet;
use crate::replicate::{Refreshed, snapshot};
use crate::schema::{Catalogue, CatalogueChange, Table, TableName};
use crate::source::inspect;
use crate::source::snapshot::{Reader, Snapshot};
use crate::store::statement;
use crate::target::Bulk;
use crate::verify::{self, TableReport, TargetView, VerifyReport};

use super::api::{MirrorPhase, TableDifferences, TableState, VerifyProgress, VerifySummary};
use super::director::close;
use super::picture::Verified;
use super::{CutoverError, Director};

impl Director {
    /// Compares tables, all that are followed when none is named, and repairs those that differ if that's wished: they
    /// are copied again and compared once more.
    pub(super) async fn verify(
        self: &Arc<Self>,
        named: &[TableName],
        repair: bool,
    ) -> Result<VerifySummary, CutoverError> {
        let began = Instant::now();
        let found = self.prove(named).await;
        let mut summary = self.told(found)?;
        let differing: Vec<TableName> = self.tables_of(&summary.differing);
        if repair && !differing.is_empty() {
            tracing::warn!(tables = differing.len(), rows = summary.differences, "copying tables that differ again");
            self.repair(&differing).await?;
            let again = self.prove(&differing).await;
            let again = self.told(again)?;
            summary.repaired = std::mem::replace(&mut summary.differing, again.differing);
            summary.differences = again.differences;
            summary.skipped.extend(again.skipped);
        }
        summary.seconds = began.elapsed().as_secs_f64();
        Ok(summary)
    }

    /// Notes the outcome of a comparison for the status; also a failed one is over.
    fn told(&self, found: Result<VerifySummary, CutoverError>) -> Result<VerifySummary, CutoverError> {
        let mut picture = self.picture.lock();
        picture.verifying = None;
        let found = found?;
        picture.last_verified = Some(Verified {
            at: Instant::now(),
            tables: found.tables,
            rows: found.rows,
            differences: found.differences,
            skipped: found.skipped.len() as u64,
        });
        Ok(found)
    }

    fn tables_of(&self, differing: &[TableDifferences]) -> Vec<TableName> {
        let catalogue = self.parts.catalogue.load();
        let names: BTreeSet<&str> = differing.iter().map(|table| table.table.as_str()).collect();
        let tables = catalogue.databases.values().flat_map(|database| database.tables.values());
        tables.map(|table| table.name.clone()).filter(|name| names.contains(name.to_string().as_str())).collect()
    }

    /// Compares at one position. Tables that are halted there aren't at the position; they are named instead.
    async fn prove(&self, named: &[TableName]) -> Result<VerifySummary, CutoverError> {
        let target = Bulk::connect(&self.config().target).await?;
        let (source, _, barrier) = self.open_at_barrier().await?;
        let halted = self.replicator().status().halted;
        let followed = self.parts.catalogue.load_full();
        let mut tables = snapshot::tables_of(&followed);
        tables.retain(|table| named.is_empty() || named.contains(&table.name));
        let skipped = halted.iter().filter(|(name, _)| named.is_empty() || named.contains(name));
        let skipped = skipped.map(|(table, reason)| format!("{table} needs a resync: {reason}")).collect();
        tables.retain(|table| !halted.contains_key(&table.name));
        let target = TargetView::open(target, &tables).await?;
        drop(barrier);
        let mut reader = only_reader(source).await?;
        let definitions = self.definitions_that_changed(&mut reader, &tables).await?;
        let watching = Watching { director: self, tables: tables.len() as u64 };
        let report = verify::compare(&mut reader, &target, &tables, &watching).await?;
        reader.close().await;
        target.close().await?;
        Ok(VerifySummary { skipped, definitions, ..summary(report) })
    }

    /// Tables that MySQL defines otherwise now than they are mirrored: somebody changed them past Bascule.
    async fn definitions_that_changed(
        &self,
        reader: &mut Reader,
        tables: &[Arc<Table>],
    ) -> Result<Vec<String>, CutoverError> {
        let now = reader.catalogue(&self.source()?.databases).await?;
        let changed = tables.iter().filter_map(|table| {
            let Some(other) = now.base_table(&table.name.database, &table.name.table) else {
                return Some(format!("{}: MySQL has no such table any more", table.name));
            };
            let parts = differing_parts(table, other);
            (!parts.is_empty()).then(|| format!("{}: {} changed in MySQL", table.name, parts.join(", ")))
        });
        Ok(changed.collect())
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
                tracing::error!(%error, "copying tables again has failed; forwarding goes on");
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
async fn only_reader(source: Snapshot) -> Result<Reader, CutoverError> {
    let mut readers = source.readers.into_iter();
    let reader = readers.next().ok_or_else(|| CutoverError::state("the snapshot has no reader"))?;
    for spare in readers {
        spare.close().await;
    }
    Ok(reader)
}

/// Shows in the picture how far a comparison is.
struct Watching<'a> {
    director: &'a Director,
    tables: u64,
}

impl verify::Watcher for Watching<'_> {
    fn begins(&self, table: &TableName) {
        let mut picture = self.director.picture.lock();
        let (number, rows) = picture.verifying.as_ref().map_or((0, 0), |before| (before.number, before.rows));
        let table = table.to_string();
        picture.verifying = Some(VerifyProgress { table, number: number + 1, tables: self.tables, rows });
    }

    fn rows(&self, more: u64) {
        if let Some(progress) = &mut self.director.picture.lock().verifying {
            progress.rows += more;
        }
    }
}

/// The columns and keys by which two definitions of a table differ.
fn differing_parts(ours: &Table, theirs: &Table) -> Vec<String> {
    let mut parts = Vec::new();
    let columns = ours.columns.iter().chain(&theirs.columns).map(|column| &column.name);
    for name in columns.collect::<BTreeSet<_>>() {
        if ours.column(name) != theirs.column(name) {
            parts.push(format!("column {name}"));
        }
    }
    let keys = ours.keys.iter().chain(&theirs.keys).map(|key| &key.name);
    for name in keys.collect::<BTreeSet<_>>() {
        let key =
            |table: &Table| table.keys.iter().find(|key| key.name == *name).map(|key| (key.kind, key.parts.clone()));
        if key(ours) != key(theirs) {
            parts.push(format!("key {name}"));
        }
    }
    parts
}

/// The report in the operator's words.
fn summary(report: VerifyReport) -> VerifySummary {
    VerifySummary {
        tables: report.tables.len() as u64,
        rows: report.rows(),
        differences: report.differing(),
        differing: report.tables.into_iter().filter(|table| table.differing > 0).map(differences).collect(),
        ..VerifySummary::default()
    }
}

fn differences(table: TableReport) -> TableDifferences {
    TableDifferences {
        table: table.table.to_string(),
        rows_source: table.rows_source,
        rows_target: table.rows_target,
        differing: table.differing,
        examples: table.examples,
    }
}
