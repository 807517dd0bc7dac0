//! Proof of sameness: every row of the source against every row of the target.
//!
//! Both sides are read from fixed views ([`crate::source::snapshot::Reader`] and [`TargetView`]) that the caller opened
//! at one position: with everything up to it applied and nothing beyond. The comparison itself then takes as long as it
//! takes, while both servers go on.
//!
//! A table is compared in parts where both servers agree on an order ([`Slices`]), else at once. A part is first compared
//! as a whole: both sides are streamed in whatever order the servers like, each row becomes a
//! 128-bit hash over a canonical text ([`canonical`]), and the sums of the hashes and the counts are compared. A sum
//! doesn't depend on order and, unlike exclusive or, counts duplicates. Only when they differ are rows compared one by
//! one: merged in key order ([`ordered`]), or as a multiset for tables without a key ([`unordered`]).

mod canonical;
mod cause;
mod error;
mod ordered;
mod report;
mod sequences;
mod slices;
mod target;
mod unordered;

use std::sync::Arc;

use crate::schema::{Column, Key, KeyKind, Range, Table, TableName};
use crate::source::snapshot::{Reader, Selection};

pub use cause::Cause;
pub use error::VerifyError;
pub use report::{Difference, TableReport, VerifyReport};
pub use sequences::{SequenceReport, advance_sequences, compare_sequences};
pub use slices::Slices;
pub use target::TargetView;

use canonical::RowHash;

/// Watches a comparison; its calls come from the task that compares.
pub trait Watcher: Send + Sync {
    /// A table's turn has come.
    fn begins(&self, table: &TableName);
    /// So many more rows of MySQL have been read; not called for each.
    fn rows(&self, more: u64);
}

/// Watches nothing.
impl Watcher for () {
    fn begins(&self, _: &TableName) {}
    fn rows(&self, _: u64) {}
}

/// Compares tables. A table that isn't carried is an error, a difference is part of the report.
///
/// # Errors
/// When one of the servers fails.
pub async fn compare(
    source: &mut Reader,
    target: &TargetView,
    tables: &[Arc<Table>],
    watcher: &dyn Watcher,
) -> Result<VerifyReport, VerifyError> {
    let mut report = VerifyReport::default();
    for table in tables {
        watcher.begins(&table.name);
        let mut of_table = TableReport::new(table.name.clone());
        compare_part((&mut *source, target), (table, Range::EVERYTHING), &mut of_table, watcher).await?;
        report.tables.push(of_table);
    }
    Ok(report)
}

/// Compares a part of a table and adds what is found to the table's report.
///
/// # Errors
/// When one of the servers fails.
pub async fn compare_part(
    (source, target): (&mut Reader, &TargetView),
    (table, range): (&Table, Range),
    report: &mut TableReport,
    watcher: &dyn Watcher,
) -> Result<(), VerifyError> {
    let selection = Selection { range: &range, ..Selection::all(table) };
    let (ours, theirs) = tokio::try_join!(source_sum(source, selection, watcher), target_sum(target, selection))?;
    report.parts += 1;
    report.rows_source += ours.rows;
    report.rows_target += theirs.rows;
    if ours == theirs {
        return Ok(());
    }
    match order(table) {
        Some(order) => ordered::compare(source, target, Selection { order: &order, ..selection }, report).await?,
        None => unordered::compare(source, target, table, report).await?,
    }
    report.differing_parts.push(range);
    Ok(())
}

/// Number of rows and wrapping sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    hash: u128,
}

impl Sum {
    fn add(&mut self, hash: u128) {
        self.rows += 1;
        self.hash = self.hash.wrapping_add(hash);
    }
}

/// The watcher is told of so many rows at once.
const TOLD_ROWS: u64 = 1024;

async fn source_sum(source: &mut Reader, selection: Selection<'_>, watcher: &dyn Watcher) -> Result<Sum, VerifyError> {
    let table = selection.table;
    let mut rows = source.rows(selection).await?;
    let (mut sum, mut hash) = (Sum::default(), RowHash::default());
    while let Some(row) = rows.next().await? {
        sum.add(hash.row(table, canonical::of_source, |index| row.cell(index)));
        if sum.rows % TOLD_ROWS == 0 {
            watcher.rows(TOLD_ROWS);
        }
    }
    watcher.rows(sum.rows % TOLD_ROWS);
    Ok(sum)
}

async fn target_sum(target: &TargetView, selection: Selection<'_>) -> Result<Sum, VerifyError> {
    let table = selection.table;
    let mut rows = target.rows(selection).await?;
    let (mut sum, mut hash) = (Sum::default(), RowHash::default());
    while let Some(row) = rows.next().await? {
        sum.add(hash.row(table, canonical::of_target, |index| row.get(index)?.as_deref()));
    }
    Ok(sum)
}

/// The columns of the first key that tells every row apart; JSON can't be part of one.
fn order(table: &Table) -> Option<Vec<&Column>> {
    let columns = |key: &Key| -> Option<Vec<&Column>> {
        key.parts.iter().map(|part| table.column(part.column.as_deref()?)).collect()
    };
    let unique = table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique));
    unique.filter_map(columns).find(|columns| columns.iter().all(|column| !column.nullable))
}
