//! Which parts of which tables are to be copied: the largest tables first, each cut by its key into parts of about the
//! same size in bytes, found while others are already copied.
//!
//! What was copied before stays: between two parts that are there everything that is missing is one part, since only the
//! few that were under way when the copy broke off are missing there; behind the last one the table is cut on. Parts of
//! the same table have rising numbers in the order of the key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::schema::{Table, TableName};
use crate::source::chunks::{ChunkKey, KeyBound, KeyRange};
use crate::source::snapshot::Reader;
use crate::store::CopiedChunk;

use super::retry::Retry;
use super::{OnProgress, Progress, SnapshotError, stored_columns};

/// Rows of a part at least and at most, should the estimate be wrong.
const PART_ROWS: std::ops::RangeInclusive<u64> = 100..=500_000;

/// A part of a table.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) table: Arc<TableCopy>,
    pub(super) number: i64,
    pub(super) range: KeyRange,
}

/// A table while it's copied.
#[derive(Debug)]
pub(super) struct TableCopy {
    /// As the target has it.
    pub(super) table: Arc<Table>,
    /// Without generated columns: what is read and written.
    pub(super) stored: Table,
    pub(super) key: Option<ChunkKey>,
    estimate: Estimate,
    state: Mutex<State>,
}

/// What MySQL thinks of a table's size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimate {
    rows: u64,
    row_bytes: u64,
}

#[derive(Debug, Default)]
struct State {
    rows: u64,
    bytes: u64,
    /// Parts that were given out and aren't copied.
    open: u64,
    /// Every part was given out.
    planned: bool,
    /// It can't be copied in parts: what is left of it is of no use.
    left: bool,
}

impl TableCopy {
    pub(super) fn new(table: Arc<Table>, estimate: Estimate) -> Self {
        let key = table.row_key().and_then(|key| ChunkKey::new(&table, key));
        Self { stored: stored_columns(&table), key, table, estimate, state: Mutex::default() }
    }

    pub(super) fn name(&self) -> &TableName {
        &self.table.name
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows of a part of so many bytes.
    fn part_rows(&self, bytes: u64) -> u64 {
        (bytes / self.estimate.row_bytes.max(1)).clamp(*PART_ROWS.start(), *PART_ROWS.end())
    }

    /// More rows were read, or fewer count since a part is read again.
    pub(super) fn moved(&self, rows: i64, bytes: i64, on_progress: &OnProgress) {
        let progress = {
            let mut state = self.state();
            state.rows = state.rows.saturating_add_signed(rows);
            state.bytes = state.bytes.saturating_add_signed(bytes);
            self.progress(&state, false)
        };
        on_progress(progress);
    }

    /// A part is there. True when it was the last one.
    pub(super) fn part_done(&self) -> bool {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        state.open == 0 && state.planned
    }

    /// Every part was given out. True when all of them are there.
    fn all_planned(&self) -> bool {
        let mut state = self.state();
        state.planned = true;
        state.open == 0
    }

    /// Gives the table up. True for the first who does.
    pub(super) fn leave(&self) -> bool {
        !std::mem::replace(&mut self.state().left, true)
    }

    pub(super) fn is_left(&self) -> bool {
        self.state().left
    }

    /// Rows and bytes so far.
    pub(super) fn sum(&self) -> (u64, u64) {
        let state = self.state();
        (state.rows, state.bytes)
    }

    pub(super) fn tell(&self, done: bool, on_progress: &OnProgress) {
        let progress = self.progress(&self.state(), done);
        on_progress(progress);
    }

    fn progress(&self, state: &State, done: bool) -> Progress {
        let estimated_rows = self.estimate.rows;
        Progress { table: self.name().clone(), rows: state.rows, bytes: state.bytes, estimated_rows, done }
    }
}

/// What MySQL estimates of every table of these databases.
pub(super) async fn estimates(
    reader: &mut Reader,
    tables: &[Arc<Table>],
) -> Result<BTreeMap<TableName, Estimate>, SnapshotError> {
    let mut databases: Vec<&str> = tables.iter().map(|table| table.name.database.as_str()).collect();
    databases.sort_unstable();
    databases.dedup();
    let mut estimates = BTreeMap::new();
    for database in databases {
        for (table, rows, row_bytes) in reader.sizes(database).await? {
            let name = TableName { database: database.to_owned(), table };
            estimates.insert(name, Estimate { rows, row_bytes });
        }
    }
    Ok(estimates)
}

/// The tables, largest first, so that none is left alone at the end.
pub(super) fn largest_first(
    tables: Vec<Arc<Table>>,
    mut estimates: BTreeMap<TableName, Estimate>,
) -> Vec<Arc<TableCopy>> {
    let estimated = |table: Arc<Table>| {
        let estimate = estimates.remove(&table.name).unwrap_or_default();
        Arc::new(TableCopy::new(table, estimate))
    };
    let mut copies: Vec<Arc<TableCopy>> = tables.into_iter().map(estimated).collect();
    copies.sort_by_key(|copy| std::cmp::Reverse(copy.estimate.rows.saturating_mul(copy.estimate.row_bytes)));
    copies
}

/// What is missing of a table: parts between those that are there, and where the rest begins, if it isn't there.
#[derive(Debug, Default, PartialEq, Eq)]
struct Missing {
    between: Vec<(i64, KeyRange)>,
    rest: Option<(i64, Option<KeyBound>)>,
}

/// Finds what is missing between and behind the parts that are there, which come in their order.
fn missing(done: &[CopiedChunk]) -> Option<Missing> {
    let bound = |text: &Option<String>| -> Option<Option<KeyBound>> {
        text.as_deref().map(serde_json::from_str).transpose().ok()
    };
    let mut missing = Missing::default();
    // Where the parts reach to without a gap.
    let mut reached: (i64, Option<String>) = (0, None);
    for part in done {
        if part.lower != reached.1 {
            let range = KeyRange { lower: bound(&reached.1)?, upper: bound(&part.lower)? };
            missing.between.push((reached.0, range));
        }
        reached = (part.number + 1, part.upper.clone());
    }
    if done.last().is_none_or(|last| last.upper.is_some()) {
        missing.rest = Some((reached.0, bound(&reached.1)?));
    }
    Some(missing)
}

/// Gives out the parts of tables.
pub(super) struct Planner {
    pub(super) reader: Reader,
    pub(super) parts: tokio::sync::mpsc::Sender<Part>,
    /// Where tables go that are there already.
    pub(super) complete: tokio::sync::mpsc::Sender<Arc<TableCopy>>,
    pub(super) on_progress: OnProgress,
    /// Of a part, by MySQL's estimate of a row.
    pub(super) part_bytes: u64,
    /// The reader may be replaced by another one.
    pub(super) patient: bool,
}

impl Planner {
    /// Gives out what is missing of every table.
    pub(super) async fn run(
        mut self,
        tables: Vec<Arc<TableCopy>>,
        mut done: BTreeMap<TableName, Vec<CopiedChunk>>,
    ) -> Result<(), SnapshotError> {
        for table in tables {
            let done = done.remove(table.name()).unwrap_or_default();
            self.table(&table, &done).await?;
            if table.all_planned() {
                // Nobody waits for it when the copy has failed.
                let _ = self.complete.send(table).await;
            }
        }
        Ok(())
    }

    async fn table(&mut self, table: &Arc<TableCopy>, done: &[CopiedChunk]) -> Result<(), SnapshotError> {
        let missing = missing(done).ok_or_else(|| SnapshotError::Noted(table.name().clone()))?;
        let there = |of: fn(&CopiedChunk) -> u64| done.iter().map(of).sum::<u64>().cast_signed();
        table.moved(there(|part| part.rows), there(|part| part.bytes), &self.on_progress);
        for (number, range) in missing.between {
            self.give(table, number, range).await;
        }
        let Some((mut number, mut lower)) = missing.rest else { return Ok(()) };
        while let Some(key) = &table.key {
            if table.is_left()
                || lower.is_none() && table.estimate.rows < table.part_rows(self.part_bytes).saturating_mul(3) / 2
            {
                break;
            }
            let range = KeyRange { lower: lower.clone(), upper: None };
            let Some(upper) = self.bound(table, key, &range).await? else { break };
            self.give(table, number, KeyRange { lower, upper: Some(upper.clone()) }).await;
            number += 1;
            lower = Some(upper);
        }
        self.give(table, number, KeyRange { lower, upper: None }).await;
        Ok(())
    }

    /// The next bound; `None` when a part would be larger than what is left. A table that can't be read any more is
    /// for those to judge who copy it.
    async fn bound(
        &mut self,
        table: &TableCopy,
        key: &ChunkKey,
        range: &KeyRange,
    ) -> Result<Option<KeyBound>, SnapshotError> {
        let mut retry = Retry::new();
        loop {
            match key.bound(&mut self.reader, range, table.part_rows(self.part_bytes)).await {
                Ok(bound) => return Ok(bound),
                Err(error) if self.patient && error.is_outage() => {
                    retry.after(error.into()).await?;
                    if let Ok(another) = self.reader.another().await {
                        self.reader = another;
                    }
                }
                Err(_) if self.patient => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn give(&self, table: &Arc<TableCopy>, number: i64, range: KeyRange) {
        table.state().open += 1;
        // Nobody takes parts any more when the copy has failed.
        let _ = self.parts.send(Part { table: Arc::clone(table), number, range }).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: i64, lower: Option<&str>, upper: Option<&str>) -> CopiedChunk {
        let text = |bound: Option<&str>| bound.map(|value| format!("[\"{value}\"]"));
        let (lower, upper) = (text(lower), text(upper));
        CopiedChunk { table: TableName::default(), number, lower, upper, rows: 1, bytes: 1 }
    }

    fn shown(done: &[CopiedChunk]) -> (Vec<String>, Option<String>) {
        let text = |bound: &Option<KeyBound>| serde_json::to_string(bound).expect("a bound is JSON");
        let missing = missing(done).expect("readable");
        let between = missing.between.iter();
        let between = between.map(|(number, range)| format!("{number}: {} {}", text(&range.lower), text(&range.upper)));
        (between.collect(), missing.rest.map(|(number, lower)| format!("{number}: {}", text(&lower))))
    }

    #[test]
    fn what_is_missing_is_found_between_and_behind() {
        assert_eq!(shown(&[]), (vec![], Some("0: null".to_owned())));
        assert_eq!(shown(&[part(0, None, None)]), (vec![], None));
        let done = [part(1, Some("5"), Some("9")), part(2, Some("9"), Some("20")), part(5, Some("40"), Some("50"))];
        let between = vec!["0: null [\"5\"]".to_owned(), "3: [\"20\"] [\"40\"]".to_owned()];
        assert_eq!(shown(&done), (between, Some("6: [\"50\"]".to_owned())));
        let done = [part(0, None, Some("1")), part(3, Some("1"), Some("2")), part(7, Some("3"), None)];
        assert_eq!(shown(&done), (vec!["4: [\"2\"] [\"3\"]".to_owned()], None));
        let broken = CopiedChunk { lower: Some("?".to_owned()), ..part(1, None, None) };
        assert_eq!(missing(&[broken]), None);
    }
}
