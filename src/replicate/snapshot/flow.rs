//! The copy of many tables: one task finds the parts, workers copy them, and others make keys as tables become complete.
//!
//! # Why nothing is lost and nothing is doubled when each part is read at its own moment
//! A part's rows and its note are one transaction. After a broken connection it isn't known whether that was committed;
//! the note says so, and is asked for before the part is copied again. Every row key lies in exactly one part
//! ([`crate::source::chunks`]), each part is there once, and a query of MySQL sees one moment, so no key comes twice.
//!
//! A table whose definition isn't that of the target any more is given up and left for later: its rows so far are of no
//! use, and the log says what has happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task::JoinSet;

use super::brake::Watch;
use super::plan::{Planner, TableCopy, estimates, largest_first};
use super::retry::Retry;
use super::tables::{add_keys, may_stand};
use super::work::Worker;
use super::{Copied, OnProgress, SnapshotError, at, tables_of, uncounted};
use crate::schema::{Table, TableName, quote};
use crate::source::snapshot::Reader;
use crate::store::{CopiedChunk, TableStage};
use crate::target::Bulk;

/// Bytes of a part, if nobody says otherwise.
const PART_BYTES: u64 = 16 << 20;
/// Connections that make keys and indexes while rows are copied.
const KEY_MAKERS: usize = 2;

/// Which keys are made when a table has its rows.
#[derive(Clone, Debug)]
pub enum Keys {
    /// None: the caller makes them.
    Later,
    /// All: the rows are of one moment.
    All,
    /// Those that may stand while rows are of different moments; each part is noted with its rows. What was noted before
    /// is there already.
    MayStand { chunks: Vec<CopiedChunk>, keyed: BTreeSet<TableName> },
}

/// A copy to be made.
pub struct Copy {
    /// Connections that read, each with one that writes.
    pub workers: Vec<(Reader, Bulk)>,
    pub tables: Vec<Arc<Table>>,
    pub keys: Keys,
    /// Of a part, by MySQL's estimate.
    pub part_bytes: u64,
    /// It waits while MySQL works on more statements of others than these.
    pub most_running: Option<u64>,
    pub on_progress: OnProgress,
}

/// Tables that weren't copied, since MySQL defines them otherwise by now.
pub type Left = Vec<TableName>;

/// Copies the rows of `tables`, which are all tables of their databases, one worker for each pair of reader and target
/// connection. The readers see one moment; they come back.
///
/// # Errors
/// The first refusal or failure; the other workers are stopped.
pub async fn copy(
    workers: Vec<(Reader, Bulk)>,
    tables: Vec<Arc<Table>>,
    on_progress: OnProgress,
) -> Result<(Vec<Reader>, Copied), SnapshotError> {
    let (readers, copied, _) =
        Copy { workers, tables, keys: Keys::Later, part_bytes: PART_BYTES, most_running: None, on_progress }
            .run()
            .await?;
    Ok((readers, copied))
}

impl Copy {
    /// Copies.
    ///
    /// # Errors
    /// The first refusal or failure; the other tasks are stopped.
    pub async fn run(self) -> Result<(Vec<Reader>, Copied, Left), SnapshotError> {
        let Self { mut workers, tables, keys, part_bytes, most_running, on_progress } = self;
        let count = workers.len();
        let Some((reader, target)) = workers.first_mut() else {
            return Err(SnapshotError::Task("there are no workers".to_owned()));
        };
        let noted = matches!(keys, Keys::MayStand { .. });
        if !noted {
            check_unchanged(reader, &tables).await?;
        }
        let copies = largest_first(tables.clone(), estimates(reader, &tables).await?);
        let (parts, given) = mpsc::channel(2 * count);
        let (complete, completed) = mpsc::channel(copies.len().max(1));
        let mut running: JoinSet<Result<Option<Reader>, SnapshotError>> = JoinSet::new();
        let (done, keyed) = match &keys {
            Keys::MayStand { chunks, keyed } => (by_table(chunks), keyed.clone()),
            Keys::Later | Keys::All => (BTreeMap::new(), BTreeSet::new()),
        };
        if !matches!(keys, Keys::Later) {
            let completed = Arc::new(Mutex::new(completed));
            for _ in 0..KEY_MAKERS {
                let (target, keyed) = (target.another().await.map_err(super::preparing("connecting"))?, keyed.clone());
                let maker = KeyMaker { target, completed: Arc::clone(&completed), noted, keyed };
                running.spawn(async move { maker.run().await.map(|()| None) });
            }
        }
        let planner = Planner {
            reader: reader.another().await?,
            parts,
            complete: complete.clone(),
            on_progress: Arc::clone(&on_progress),
            part_bytes,
            patient: noted,
        };
        let watch = match most_running {
            Some(most) => Some(Watch::begin(reader.another().await?, most)),
            None => None,
        };
        let brake = watch.as_ref().map(Watch::brake).unwrap_or_default();
        let planned = copies.clone();
        running.spawn(async move { planner.run(planned, done).await.map(|()| None) });
        let (given, large) = (Arc::new(Mutex::new(given)), Arc::new(Semaphore::new(1)));
        for (reader, target) in workers {
            let (parts, large, complete) = (Arc::clone(&given), Arc::clone(&large), complete.clone());
            let (brake, on_progress) = (brake.clone(), Arc::clone(&on_progress));
            let worker = Worker { reader, target, parts, complete, large, noted, brake, on_progress };
            running.spawn(async move { worker.run().await.map(Some) });
        }
        // The makers of keys end when nobody is left who could complete a table.
        drop((complete, given));
        let mut readers = Vec::new();
        while let Some(ended) = running.join_next().await {
            readers.extend(ended.map_err(|error| SnapshotError::Task(error.to_string()))??);
        }
        let mut copied = Copied::default();
        for table in copies.iter().filter(|table| !table.is_left()) {
            let (rows, bytes) = table.sum();
            copied.add(Copied { tables: 1, rows, bytes });
        }
        let left = copies.iter().filter(|table| table.is_left()).map(|table| table.name().clone()).collect();
        Ok((readers, copied, left))
    }
}

fn by_table(chunks: &[CopiedChunk]) -> BTreeMap<TableName, Vec<CopiedChunk>> {
    let mut tables: BTreeMap<TableName, Vec<CopiedChunk>> = BTreeMap::new();
    for chunk in chunks {
        tables.entry(chunk.table.clone()).or_default().push(chunk.clone());
    }
    tables.values_mut().for_each(|chunks| chunks.sort_by_key(|chunk| chunk.number));
    tables
}

/// Makes the keys of tables that have all their rows.
struct KeyMaker {
    target: Bulk,
    completed: Arc<Mutex<mpsc::Receiver<Arc<TableCopy>>>>,
    noted: bool,
    /// Of an earlier process.
    keyed: BTreeSet<TableName>,
}

impl KeyMaker {
    async fn run(mut self) -> Result<(), SnapshotError> {
        loop {
            let next = self.completed.lock().await.recv().await;
            let Some(copy) = next else { return Ok(()) };
            if copy.is_left() || self.keyed.contains(copy.name()) {
                continue;
            }
            if !self.noted {
                add_keys(&self.target, &copy.table, |_| true, None).await?;
                continue;
            }
            let mut retry = Retry::new();
            while let Err(error) = self.keys(&copy.table).await {
                // They may be there although the answer was lost.
                if !error.is_outage() {
                    if self.is_keyed(&copy.table).await.unwrap_or(false) {
                        break;
                    }
                    return Err(error);
                }
                retry.after(error).await?;
                if let Ok(another) = self.target.another().await {
                    self.target = another;
                }
            }
        }
    }

    /// Makes those that may stand, unless that was done in an attempt whose answer was lost.
    async fn keys(&self, table: &Table) -> Result<(), SnapshotError> {
        if self.is_keyed(table).await? {
            return Ok(());
        }
        add_keys(&self.target, table, may_stand(table), Some(TableStage::Keyed)).await
    }

    async fn is_keyed(&self, table: &Table) -> Result<bool, SnapshotError> {
        let noted = format!(
            "SELECT stage FROM bascule.copied_table WHERE database = {} AND name = {}",
            quote::literal(&table.name.database),
            quote::literal(&table.name.table)
        );
        Ok(self.target.text(&noted).await.map_err(at(&table.name))?.is_some())
    }
}

/// Compares definitions, but for counters, with what MySQL says now.
async fn check_unchanged(reader: &mut Reader, tables: &[Arc<Table>]) -> Result<(), SnapshotError> {
    let databases: BTreeSet<&String> = tables.iter().map(|table| &table.name.database).collect();
    let databases: Vec<String> = databases.into_iter().cloned().collect();
    let now = tables_of(&reader.catalogue(&databases).await?);
    let known = |table: &Table| (table.name.clone(), uncounted(table));
    let mut expected: BTreeMap<TableName, Table> = tables.iter().map(|table| known(table)).collect();
    for table in now {
        let (name, table) = known(&table);
        if expected.remove(&name).as_ref() != Some(&table) {
            return Err(SnapshotError::Changed { table: name });
        }
    }
    match expected.into_keys().next() {
        Some(table) => Err(SnapshotError::Changed { table }),
        None => Ok(()),
    }
}
