//! Tables that are copied again as a whole, in one transaction with what must be committed with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::tables::dropped;
use super::transfer::Transfer;
use super::{Copied, OnProgress, Progress, SnapshotError, at, preparing, set_sequence, stored_columns, tables_of};
use crate::schema::{Catalogue, SchemaError, Table, TableName, ddl, quote};
use crate::source::chunks::KeyRange;
use crate::source::lent::LentRows;
use crate::source::snapshot::Reader;
use crate::target::Bulk;

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
    let Refresh { catalogue, tables, with } = refresh;
    let again = Recopy { before: catalogue, after: catalogue, tables, with };
    recopy(reader, target, again, on_progress).await
}

/// What is made anew with other definitions, and what is committed with it.
#[derive(Clone, Debug)]
pub struct Recopy<'a> {
    /// The definitions that the target has.
    pub before: &'a Catalogue,
    /// Those that it gets; a table that isn't among them goes.
    pub after: &'a Catalogue,
    pub tables: &'a [TableName],
    /// Statements that take effect together with the new rows, such as the new position.
    pub with: &'a str,
}

/// Replaces tables, definitions and rows, by those that `reader` sees, in one transaction.
///
/// # Errors
/// The first refusal or failure; the target is then as it was.
pub async fn recopy(
    reader: &mut Reader,
    target: &Bulk,
    recopy: Recopy<'_>,
    on_progress: OnProgress,
) -> Result<Copied, SnapshotError> {
    target.run("BEGIN").await.map_err(preparing("beginning a refresh"))?;
    let replaced = replace(reader, target, &recopy, &on_progress).await;
    let end = if replaced.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = target.run(end).await.map_err(preparing("ending a refresh"));
    let copied = replaced?;
    ended?;
    Ok(copied)
}

async fn replace(
    reader: &mut Reader,
    target: &Bulk,
    recopy: &Recopy<'_>,
    on_progress: &OnProgress,
) -> Result<Copied, SnapshotError> {
    const ACTION: &str = "replacing tables";
    let replaced: BTreeSet<&TableName> = recopy.tables.iter().collect();
    let tables: Vec<Arc<Table>> =
        tables_of(recopy.after).into_iter().filter(|table| replaced.contains(&table.name)).collect();
    let (mut before, _) = foreign_keys_around(&tables_of(recopy.before), &replaced)?;
    let (_, added) = foreign_keys_around(&tables_of(recopy.after), &replaced)?;
    let mut emptied = Vec::new();
    let mut keys = Vec::new();
    for name in &replaced {
        let (old, new) = (find(recopy.before, name), find(recopy.after, name));
        match (old, new) {
            (Some(old), Some(new)) if Arc::ptr_eq(old, new) => emptied.push(quote::table(name)),
            (old, new) => {
                before.extend(old.into_iter().flat_map(|old| dropped(old)));
                if let Some(new) = new {
                    let made = ddl::table(new)?;
                    before.push(ddl::schema(&new.name.database));
                    before.extend(dropped(new));
                    before.extend(made.create);
                    keys.extend(made.keys.into_iter().chain(made.indexes));
                }
            }
        }
    }
    if !emptied.is_empty() {
        before.push(format!("TRUNCATE {}", emptied.join(", ")));
    }
    if !before.is_empty() {
        target.run(&before.join(";\n")).await.map_err(preparing(ACTION))?;
    }
    let mut copied = Copied::default();
    for table in &tables {
        copied.add(copy_table(reader, target, table, on_progress).await?);
        if let Some(next) = reader.auto_increment(table).await?
            && let Some(statement) = set_sequence(table, next)
        {
            target.run(&statement).await.map_err(at(&table.name))?;
        }
    }
    let mut after = keys;
    after.extend(added);
    after.push(recopy.with.to_owned());
    target.run(&after.join(";\n")).await.map_err(preparing(ACTION))?;
    Ok(copied)
}

fn find<'c>(catalogue: &'c Catalogue, name: &TableName) -> Option<&'c Arc<Table>> {
    catalogue.databases.get(&name.database)?.tables.get(&name.table)
}

/// The statements that drop every foreign key that touches one of the `replaced` tables, and those that add them again.
pub(in crate::replicate) fn foreign_keys_around(
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

async fn copy_table(
    reader: &mut Reader,
    target: &Bulk,
    table: &Arc<Table>,
    on_progress: &OnProgress,
) -> Result<Copied, SnapshotError> {
    let name = &table.name;
    let estimated_rows = reader.estimated_rows(table).await?;
    let stored = stored_columns(table);
    let so_far = std::sync::atomic::AtomicU64::new(0);
    let progress = |rows: u64, bytes: u64, done: bool| {
        on_progress(Progress { table: name.clone(), rows, bytes, estimated_rows, done });
    };
    let tell = |more: u64, bytes: u64| {
        let rows = more + so_far.fetch_add(more, std::sync::atomic::Ordering::Relaxed);
        progress(rows, bytes, false);
    };
    let rows = reader.chunk(&stored, None, &KeyRange::default()).await?;
    let (written, bytes) = store(rows, target, &stored, &tell).await?;
    progress(written, bytes, true);
    Ok(Copied { tables: 1, rows: written, bytes })
}

/// Writes rows of `table`, which has no generated columns, by one COPY; how many they were, and their bytes.
pub(in crate::replicate) async fn store(
    mut rows: LentRows<'_>,
    target: &Bulk,
    table: &Table,
    tell: &(dyn Fn(u64, u64) + Sync),
) -> Result<(u64, u64), SnapshotError> {
    let name = &table.name;
    let columns = quote::identifiers(table.columns.iter().map(|column| column.name.as_str()));
    let sql = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", quote::table(name));
    let mut copy = target.copy_in(&sql).await.map_err(at(name))?;
    let large = Semaphore::new(1);
    let read = Transfer::new(table, &large).run(&mut rows, &mut copy, tell).await?;
    let (stored, bytes) = copy.finish().await.map_err(at(name))?;
    if stored != read {
        return Err(SnapshotError::Count { table: name.clone(), read, stored });
    }
    Ok((stored, bytes))
}
