//! Proof that both sides hold the same rows, under load.
//!
//! # Why a difference is a difference and not lag
//! A snapshot of MySQL is opened while commits are held for milliseconds, so it stands at one exact position. The applier
//! is told to stop at that position; there PostgreSQL holds what MySQL's snapshot holds, or something is wrong. A snapshot
//! of PostgreSQL is taken, both sides go on, and the two snapshots are compared.
//!
//! # Why it may take days
//! Tables are compared in parts, each within one pair of snapshots; after [`VIEW_AGE`] the pair is replaced by a new one.
//! So neither server keeps old versions of rows for long, and a change of a table never waits for long. Nothing is
//! written to MySQL and nothing is locked there, so a source that only may be read is proven like any other. Between parts
//! it pauses, as long as the operator's share of the time says.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::replicate::{mend, snapshot};
use crate::schema::{Catalogue, Table, TableName};
use crate::source::snapshot::Reader;
use crate::target::Bulk;
use crate::verify::{self, Slices, TableReport, TargetView, VerifyReport};

use super::api::{TableDifferences, VerifyProgress, VerifyRequest, VerifySummary};
use super::operations::TURN_PATIENCE;
use super::picture::Verified;
use super::repair::only_reader;
use super::{CutoverError, Director};

/// So long a pair of snapshots is used.
const VIEW_AGE: Duration = Duration::from_secs(10);
/// A pause between two parts is never longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is left to be compared, in this order.
type Work = VecDeque<(TableName, Slices)>;

/// A pair of snapshots at one position, and the tables as they are there.
struct Views {
    source: Reader,
    target: TargetView,
    catalogue: Arc<Catalogue>,
    opened: Instant,
}

/// What has been found so far.
#[derive(Default)]
struct Found {
    report: VerifyReport,
    skipped: Vec<String>,
    definitions: Vec<String>,
}

impl Director {
    /// Compares tables, all that are followed when none is named, and repairs those that differ if that's wished: the
    /// parts that differ are copied again and compared once more.
    pub(super) async fn verify(
        self: &Arc<Self>,
        named: &[TableName],
        request: &VerifyRequest,
    ) -> Result<VerifySummary, CutoverError> {
        let began = Instant::now();
        let share = request.share.unwrap_or(self.config().now().verify.share);
        let found = self.prove(self.whole(named), share).await;
        let (mut summary, parts) = self.told(found)?;
        if request.repair && !parts.is_empty() {
            tracing::warn!(tables = parts.len(), rows = summary.differences, "copying what differs again");
            let turn = self.turn_to_compare().await?;
            self.mend(&parts).await?;
            drop(turn);
            let again = parts.into_iter().map(|(table, ranges)| (table, Slices::Only(ranges.into()))).collect();
            let again = self.prove(again, share).await;
            let (again, _) = self.told(again)?;
            summary.repaired = std::mem::replace(&mut summary.differing, again.differing);
            summary.differences = again.differences;
            summary.skipped.extend(again.skipped);
        }
        summary.seconds = began.elapsed().as_secs_f64();
        Ok(summary)
    }

    /// Every table that is followed, or those that are named.
    fn whole(&self, named: &[TableName]) -> Work {
        let catalogue = self.parts.catalogue.load();
        let mut tables: Vec<TableName> =
            snapshot::tables_of(&catalogue).iter().map(|table| table.name.clone()).collect();
        tables.retain(|table| named.is_empty() || named.contains(table));
        tables.into_iter().map(|table| (table, Slices::all())).collect()
    }

    /// Notes the outcome of a comparison for the status. The parts are those that differ.
    fn told(&self, found: Result<Found, CutoverError>) -> Result<(VerifySummary, Vec<mend::Parts>), CutoverError> {
        let mut picture = self.picture.lock();
        let Found { report, skipped, definitions } = found?;
        let differing = report.tables.iter().filter(|table| table.differing > 0);
        let parts = differing.map(|table| (table.table.clone(), table.differing_parts.clone())).collect();
        let summary = VerifySummary { skipped, definitions, ..summary(report) };
        picture.last_verified = Some(Verified {
            at: Instant::now(),
            tables: summary.tables,
            rows: summary.rows,
            differences: summary.differences,
            skipped: summary.skipped.len() as u64,
        });
        Ok((summary, parts))
    }

    /// Compares everything in `work`, using `share` percent of the time.
    async fn prove(self: &Arc<Self>, mut work: Work, share: u8) -> Result<Found, CutoverError> {
        let _shown = Shown(self);
        let mut found = Found::default();
        let tables = work.len() as u64;
        let mut first = true;
        while !work.is_empty() {
            let mut views = self.open_views(&mut work, &mut found.skipped).await?;
            if std::mem::take(&mut first) {
                found.definitions = self.definitions_that_changed(&mut views, &work).await?;
            }
            let compared = self.compare_for_a_while(&mut views, &mut work, (&mut found, tables, share)).await;
            views.source.close().await;
            compared?;
            views.target.close().await?;
        }
        Ok(found)
    }

    /// Opens a pair of snapshots in which the tables of `work` can be compared. Those that aren't followed any more are
    /// taken from it.
    async fn open_views(self: &Arc<Self>, work: &mut Work, skipped: &mut Vec<String>) -> Result<Views, CutoverError> {
        let turn = self.turn_to_compare().await?;
        let target = Bulk::connect(&self.config().target).await?;
        let (source, _, barrier) = self.open_at_barrier().await?;
        let halted = self.replicator().status().halted;
        let catalogue = self.parts.catalogue.load_full();
        let known = |name: &TableName| catalogue.base_table(&name.database, &name.table).cloned();
        work.retain(|(table, _)| match halted.get(table) {
            Some(reason) => {
                skipped.push(format!("{table} needs a resync: {reason}"));
                false
            }
            // One that was dropped meanwhile is gone on both sides.
            None => known(table).is_some(),
        });
        let tables: Vec<Arc<Table>> = work.iter().filter_map(|(table, _)| known(table)).collect();
        let target = TargetView::open(target, &tables).await?;
        drop((barrier, turn));
        Ok(Views { source: only_reader(source).await?, target, catalogue, opened: Instant::now() })
    }

    /// The turn, while MySQL is followed: a flip that begins ends the comparison.
    async fn turn_to_compare(&self) -> Result<tokio::sync::OwnedMutexGuard<()>, CutoverError> {
        let turn = tokio::time::timeout(TURN_PATIENCE, Arc::clone(&self.turn).lock_owned()).await;
        let turn = turn.map_err(|_| CutoverError::state("another operation is under way: the comparison has ended"))?;
        self.require_streaming().map_err(|error| CutoverError::state(error.message))?;
        Ok(turn)
    }

    /// Compares parts until nothing is left or the views are old.
    async fn compare_for_a_while(
        &self,
        views: &mut Views,
        work: &mut Work,
        (found, tables, share): (&mut Found, u64, u8),
    ) -> Result<(), CutoverError> {
        while views.opened.elapsed() < VIEW_AGE
            && let Some((name, slices)) = work.front_mut()
        {
            let Some(table) = views.catalogue.base_table(&name.database, &name.table) else {
                work.pop_front();
                continue;
            };
            let reports = &mut found.report.tables;
            if reports.last().is_none_or(|last| last.table != *name) {
                reports.push(TableReport::new(name.clone()));
                self.compares(name, (reports.len() as u64, tables), share);
            }
            let Some(report) = reports.last_mut() else { return Ok(()) };
            let began = Instant::now();
            let (part, last) = slices.next(&mut views.source, table).await.map_err(verify::VerifyError::from)?;
            let sides = (&mut views.source, &views.target);
            verify::compare_part(sides, (table, part.clone()), report, &Watching(self)).await?;
            slices.advance(part, began.elapsed());
            if last {
                work.pop_front();
            }
            pause(began.elapsed(), share).await;
        }
        Ok(())
    }

    /// Shows in the picture whose turn it is.
    fn compares(&self, table: &TableName, (number, tables): (u64, u64), share: u8) {
        let mut picture = self.picture.lock();
        let rows = picture.verifying.as_ref().map_or(0, |before| before.rows);
        picture.verifying = Some(VerifyProgress { table: table.to_string(), number, tables, rows, share });
    }

    /// Tables that MySQL defines otherwise now than they are mirrored: somebody changed them past Bascule.
    async fn definitions_that_changed(&self, views: &mut Views, work: &Work) -> Result<Vec<String>, CutoverError> {
        let now = views.source.catalogue(&self.source()?.databases).await?;
        let tables = work.iter().filter_map(|(name, _)| views.catalogue.base_table(&name.database, &name.table));
        let changed = tables.filter_map(|table| {
            let Some(other) = now.base_table(&table.name.database, &table.name.table) else {
                return Some(format!("{}: MySQL has no such table any more", table.name));
            };
            let parts = differing_parts(table, other);
            (!parts.is_empty()).then(|| format!("{}: {} changed in MySQL", table.name, parts.join(", ")))
        });
        Ok(changed.collect())
    }
}

/// Shows in the picture how far a comparison is.
struct Watching<'a>(&'a Director);

impl verify::Watcher for Watching<'_> {
    fn begins(&self, _: &TableName) {}

    fn rows(&self, more: u64) {
        if let Some(progress) = &mut self.0.picture.lock().verifying {
            progress.rows += more;
        }
    }
}

/// Takes a comparison out of the picture when it's over, also when nobody waited for its end.
struct Shown<'a>(&'a Director);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        self.0.picture.lock().verifying = None;
    }
}

/// Waits so long that `worked` was `share` percent of the time.
async fn pause(worked: Duration, share: u8) {
    let share = u32::from(share.clamp(1, 100));
    let pause = worked * (100 - share) / share;
    if !pause.is_zero() {
        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
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
        parts: report.tables.iter().map(|table| table.parts).sum(),
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
