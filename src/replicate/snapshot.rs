//! The first copy of the source's tables into the target, and the later replacement of single tables.
//!
//! The copy is made in three steps: bare tables ([`create_tables`]), their rows ([`copy`]), then keys, indexes and
//! foreign keys over the finished data ([`finish`]). Definitions are read before the snapshot is opened and once more
//! after: one that has changed in between ends the copy, since the rows might not be those of the table that was made.
//! (A change that comes later still is captured, and MySQL itself refuses to read the old rows under the new form.)
//! A start that broke off at any point is begun again from the first
//! step, which drops what the earlier one left; each table's rows come in one COPY and so are there all or not at all.
//! The rows are exact or the copy ends with a [`Refusal`] that names the first value that PostgreSQL can't hold.
//!
//! [`refresh`] replaces tables inside one PostgreSQL transaction together with whatever the caller must commit with
//! them, such as the new position. Foreign keys that touch the tables are dropped and added again within it, so the
//! order of the tables doesn't matter and the result has been checked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use crate::schema::{Catalogue, SchemaError, Table, TableName, ddl, quote};
use crate::source::SourceError;
use crate::source::snapshot::{Reader, Selection};
use crate::target::copy::{Refusal, RowEncoder};
use crate::target::{Bulk, TargetError};

/// Why a copy ended early.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("PostgreSQL failed with table {table}")]
    Target {
        table: TableName,
        #[source]
        cause: TargetError,
    },
    #[error("PostgreSQL failed while {action}")]
    Preparation {
        action: &'static str,
        #[source]
        cause: TargetError,
    },
    #[error(transparent)]
    Schema(#[from] SchemaError),
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    #[error("table {table}: {read} rows were read and {stored} stored")]
    Count { table: TableName, read: u64, stored: u64 },
    #[error("table {table} was created, changed or dropped while the copy began; start again")]
    Changed { table: TableName },
    #[error("a copying task ended: {0}")]
    Task(String),
}

/// How far a table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub table: TableName,
    /// Rows read so far.
    pub rows: u64,
    /// Bytes sent to PostgreSQL so far.
    pub bytes: u64,
    /// MySQL's estimate; may be wrong by half.
    pub estimated_rows: u64,
    pub done: bool,
}

/// Called now and then while tables are copied; must not block.
pub type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// The sum of a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    pub tables: u64,
    pub rows: u64,
    pub bytes: u64,
}

/// Everything in the catalogue that isn't carried: one error for each table that has something.
#[must_use]
pub fn refusals(catalogue: &Catalogue) -> Vec<SchemaError> {
    let check = |table: &Table| {
        ddl::table(table)?;
        table.foreign_keys.iter().try_for_each(|key| ddl::check_foreign_key(catalogue, table, key))
    };
    tables_of(catalogue).iter().filter_map(|table| check(table).err()).collect()
}

/// Every table of the catalogue.
#[must_use]
pub fn tables_of(catalogue: &Catalogue) -> Vec<Arc<Table>> {
    catalogue.databases.values().flat_map(|database| database.tables.values().cloned()).collect()
}

/// Creates collations, schemas and bare tables in one transaction. Tables of the same names are dropped first: they
/// are what an earlier, unfinished start left.
///
/// # Errors
/// When something isn't carried, before anything is done; or when PostgreSQL refuses.
pub async fn create_tables(target: &Bulk, catalogue: &Catalogue) -> Result<(), SnapshotError> {
    const ACTION: &str = "creating tables";
    let tables = tables_of(catalogue);
    let mut statements = vec!["BEGIN".to_owned()];
    statements.extend(ddl::collations());
    statements.extend(catalogue.databases.keys().map(|database| ddl::schema(database)));
    for table in &tables {
        statements.push(format!("DROP TABLE IF EXISTS {} CASCADE", quote::table(&table.name)));
    }
    for table in &tables {
        if let Some(sequence) = ddl::sequence(table) {
            statements.push(format!("DROP SEQUENCE IF EXISTS {sequence} CASCADE"));
        }
        statements.extend(ddl::table(table)?.create);
    }
    statements.push("COMMIT".to_owned());
    in_transaction(target, ACTION, &statements.join(";\n")).await
}

/// Copies the rows of `tables`, which are all tables of their databases, one worker for each pair of reader and target
/// connection. The readers come back.
///
/// # Errors
/// The first refusal or failure; the other workers are stopped.
pub async fn copy(
    workers: Vec<(Reader, Bulk)>,
    tables: Vec<Arc<Table>>,
    on_progress: OnProgress,
) -> Result<(Vec<Reader>, Copied), SnapshotError> {
    let mut workers = workers;
    let queue = match workers.first_mut() {
        Some((reader, _)) => {
            check_unchanged(reader, &tables).await?;
            largest_first(reader, tables).await?
        }
        None => return Err(SnapshotError::Task("there are no workers".to_owned())),
    };
    let queue = Arc::new(Mutex::new(queue));
    let mut running = JoinSet::new();
    for (mut reader, target) in workers {
        let (queue, on_progress) = (Arc::clone(&queue), Arc::clone(&on_progress));
        running.spawn(async move {
            let mut sum = Copied::default();
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((table, estimate)) = next else {
                    return Ok::<_, SnapshotError>((reader, sum));
                };
                sum.add(copy_table(&mut reader, &target, &table, estimate, &on_progress).await?);
            }
        });
    }
    let (mut readers, mut sum) = (Vec::new(), Copied::default());
    while let Some(ended) = running.join_next().await {
        let (reader, part) = ended.map_err(|error| SnapshotError::Task(error.to_string()))??;
        readers.push(reader);
        sum.add(part);
    }
    Ok((readers, sum))
}

/// Adds keys and indexes, then foreign keys, and gathers statistics.
///
/// # Errors
/// When something isn't carried or PostgreSQL refuses, for example because two values that MySQL holds apart are equal
/// under the column's collation in PostgreSQL.
pub async fn finish(target: &Bulk, tables: &[Arc<Table>]) -> Result<(), SnapshotError> {
    let plans = tables.iter().map(|table| Ok((table, ddl::table(table)?))).collect::<Result<Vec<_>, SchemaError>>()?;
    for (table, ddl) in &plans {
        for statement in ddl.keys.iter().chain(&ddl.indexes) {
            target.run(statement).await.map_err(at(table))?;
        }
    }
    for (table, ddl) in &plans {
        for statement in &ddl.foreign_keys {
            target.run(statement).await.map_err(at(table))?;
        }
    }
    for (table, _) in &plans {
        target.run(&format!("ANALYZE {}", quote::table(&table.name))).await.map_err(at(table))?;
    }
    Ok(())
}

/// What a refresh replaces, and what is committed with it.
#[derive(Clone, Debug)]
pub struct Refresh<'a> {
    /// Holds the definitions of the tables and of those that refer to them.
    pub catalogue: &'a Catalogue,
    pub tables: &'a [TableName],
    /// Statements that take effect together with the new rows, such as the new position.
    pub with: &'a str,
}

/// Replaces the rows of tables by those that `reader` sees, in one transaction.
///
/// # Errors
/// The first refusal or failure; the target is then as it was.
pub async fn refresh(
    reader: &mut Reader,
    target: &Bulk,
    refresh: Refresh<'_>,
    on_progress: OnProgress,
) -> Result<Copied, SnapshotError> {
    target.run("BEGIN").await.map_err(preparing("beginning a refresh"))?;
    let replaced = replace(reader, target, &refresh, &on_progress).await;
    let end = if replaced.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = target.run(end).await.map_err(preparing("ending a refresh"));
    let copied = replaced?;
    ended?;
    Ok(copied)
}

/// The statement that makes `next` the next value of a table's AUTO_INCREMENT; `None` when it has none.
#[must_use]
pub fn set_sequence(table: &Table, next: u64) -> Option<String> {
    let sequence = ddl::sequence(table)?;
    Some(format!("SELECT setval({}, {}, false)", quote::literal(&sequence), next.max(1)))
}

impl Copied {
    fn add(&mut self, other: Self) {
        self.tables += other.tables;
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// Compares definitions, but for counters, with what MySQL says now.
async fn check_unchanged(reader: &mut Reader, tables: &[Arc<Table>]) -> Result<(), SnapshotError> {
    let databases: BTreeSet<&String> = tables.iter().map(|table| &table.name.database).collect();
    let databases: Vec<String> = databases.into_iter().cloned().collect();
    let now = tables_of(&reader.catalogue(&databases).await?);
    let known = |table: &Table| (table.name.clone(), Table { auto_increment: None, ..table.clone() });
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

/// The largest tables begin first, so that none is left alone at the end.
async fn largest_first(
    reader: &mut Reader,
    tables: Vec<Arc<Table>>,
) -> Result<VecDeque<(Arc<Table>, u64)>, SnapshotError> {
    let mut estimated = Vec::with_capacity(tables.len());
    for table in tables {
        let estimate = reader.estimated_rows(&table).await?;
        estimated.push((table, estimate));
    }
    estimated.sort_by_key(|(_, estimate)| std::cmp::Reverse(*estimate));
    Ok(estimated.into())
}

async fn copy_table(
    reader: &mut Reader,
    target: &Bulk,
    table: &Arc<Table>,
    estimated_rows: u64,
    on_progress: &OnProgress,
) -> Result<Copied, SnapshotError> {
    const REPORT_EVERY: u64 = 10_000;
    let stored = stored_columns(table);
    let table = &stored;
    let columns = quote::identifiers(table.columns.iter().map(|column| column.name.as_str()));
    let sql = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", quote::table(&table.name));
    let mut progress = Progress { table: table.name.clone(), rows: 0, bytes: 0, estimated_rows, done: false };
    let mut rows = reader.rows(Selection::all(table)).await?;
    let mut copy = target.copy_in(&sql).await.map_err(at(table))?;
    let mut encoder = RowEncoder::new(table);
    while let Some(row) = rows.next().await? {
        encoder.row(|index| row.cell(index), copy.buffer())?;
        copy.flush_if_full().await.map_err(at(table))?;
        progress.rows += 1;
        if progress.rows.is_multiple_of(REPORT_EVERY) {
            progress.bytes = copy.sent_bytes();
            on_progress(progress.clone());
        }
    }
    progress.bytes = copy.sent_bytes();
    let (stored, bytes) = copy.finish().await.map_err(at(table))?;
    if stored != progress.rows {
        return Err(SnapshotError::Count { table: table.name.clone(), read: progress.rows, stored });
    }
    on_progress(Progress { bytes, done: true, ..progress });
    Ok(Copied { tables: 1, rows: stored, bytes })
}

/// The table without its generated columns, whose values PostgreSQL makes itself.
pub(super) fn stored_columns(table: &Table) -> Table {
    let mut stored = table.clone();
    stored.columns.retain(|column| column.generated.is_none());
    stored
}

async fn replace(
    reader: &mut Reader,
    target: &Bulk,
    refresh: &Refresh<'_>,
    on_progress: &OnProgress,
) -> Result<Copied, SnapshotError> {
    const ACTION: &str = "replacing tables";
    let replaced: BTreeSet<&TableName> = refresh.tables.iter().collect();
    let all = tables_of(refresh.catalogue);
    let (mut drop, mut add) = foreign_keys_around(&all, &replaced)?;
    let tables: Vec<&Arc<Table>> = all.iter().filter(|table| replaced.contains(&table.name)).collect();
    if tables.is_empty() {
        return Ok(Copied::default());
    }
    let names: Vec<String> = tables.iter().map(|table| quote::table(&table.name)).collect();
    drop.push(format!("TRUNCATE {}", names.join(", ")));
    target.run(&drop.join(";\n")).await.map_err(preparing(ACTION))?;
    let mut copied = Copied::default();
    for table in tables {
        let estimate = reader.estimated_rows(table).await?;
        copied.add(copy_table(reader, target, table, estimate, on_progress).await?);
        if let Some(next) = reader.auto_increment(table).await?
            && let Some(statement) = set_sequence(table, next)
        {
            target.run(&statement).await.map_err(at(table))?;
        }
    }
    add.push(refresh.with.to_owned());
    target.run(&add.join(";\n")).await.map_err(preparing(ACTION))?;
    Ok(copied)
}

/// The statements that drop every foreign key that touches one of the `replaced` tables, and those that add them again.
pub(super) fn foreign_keys_around(
    all: &[Arc<Table>],
    replaced: &BTreeSet<&TableName>,
) -> Result<(Vec<String>, Vec<String>), SchemaError> {
    let (mut drop, mut add) = (Vec::new(), Vec::new());
    for table in all {
        for key in &table.foreign_keys {
            if replaced.contains(&table.name) || replaced.contains(&key.references) {
                drop.push(ddl::drop_foreign_key(&table.name, key));
                add.push(ddl::foreign_key(table, key)?);
            }
        }
    }
    Ok((drop, add))
}

async fn in_transaction(target: &Bulk, action: &'static str, statements: &str) -> Result<(), SnapshotError> {
    if let Err(cause) = target.run(statements).await {
        // The error is what matters; a connection that can't roll back is closed by its owner.
        let _ = target.run("ROLLBACK").await;
        return Err(SnapshotError::Preparation { action, cause });
    }
    Ok(())
}

pub(super) fn at(table: &Table) -> impl FnOnce(TargetError) -> SnapshotError {
    let table = table.name.clone();
    move |cause| SnapshotError::Target { table, cause }
}

pub(super) fn preparing(action: &'static str) -> impl FnOnce(TargetError) -> SnapshotError {
    move |cause| SnapshotError::Preparation { action, cause }
}
