//! Tables, keys and indexes in PostgreSQL, in the order in which a copy needs them.

use std::sync::Arc;

use super::{SnapshotError, at};
use crate::schema::{Catalogue, Key, KeyKind, SchemaError, Table, ddl, quote};
use crate::store::{TableStage, statement};
use crate::target::Bulk;

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
    let mut statements = ddl::collations();
    statements.extend(catalogue.databases.keys().map(|database| ddl::schema(database)));
    for table in &tables {
        statements.extend(dropped(table));
    }
    for table in &tables {
        statements.extend(ddl::table(table)?.create);
    }
    in_transaction(target, &statements).await.map_err(super::preparing(ACTION))
}

/// The statements that remove a table and what belongs to it, if it's there.
pub(super) fn dropped(table: &Table) -> Vec<String> {
    let mut statements = vec![format!("DROP TABLE IF EXISTS {} CASCADE", quote::table(&table.name))];
    statements.extend(ddl::sequence(table).map(|sequence| format!("DROP SEQUENCE IF EXISTS {sequence} CASCADE")));
    statements
}

/// Adds keys and indexes, then foreign keys, and gathers statistics.
///
/// # Errors
/// When something isn't carried or PostgreSQL refuses, for example because two values that MySQL holds apart are equal
/// under the column's collation in PostgreSQL.
pub async fn finish(target: &Bulk, tables: &[Arc<Table>]) -> Result<(), SnapshotError> {
    for table in tables {
        add_keys(target, table, |_| true, None).await?;
    }
    finish_foreign_keys(target, tables).await
}

/// Adds the keys that a table of a copy in parts lacks, once its rows are those of one moment.
///
/// # Errors
/// As [`finish`].
pub async fn finish_keys(target: &Bulk, table: &Table) -> Result<(), SnapshotError> {
    let row_key = table.row_key();
    let missing = |key: &Key| {
        key.kind == KeyKind::Unique && row_key.is_none_or(|known| known.name != key.name)
            || key.kind == KeyKind::Primary && row_key.is_none_or(|known| known.name != key.name)
    };
    add_keys(target, table, missing, Some(TableStage::Whole)).await
}

/// Adds foreign keys, in place of those that are there, and gathers statistics.
///
/// # Errors
/// As [`finish`].
pub async fn finish_foreign_keys(target: &Bulk, tables: &[Arc<Table>]) -> Result<(), SnapshotError> {
    for table in tables {
        for key in &table.foreign_keys {
            let statements = [ddl::drop_foreign_key(&table.name, key), ddl::foreign_key(table, key)?];
            in_transaction(target, &statements).await.map_err(at(&table.name))?;
        }
    }
    for table in tables {
        target.run(&format!("ANALYZE {}", quote::table(&table.name))).await.map_err(at(&table.name))?;
    }
    Ok(())
}

/// The keys that may stand while the rows of a table are of different moments: the one that tells rows apart, and
/// those that hold against nothing.
pub(super) fn may_stand(table: &Table) -> impl Fn(&Key) -> bool + use<> {
    let row_key = table.row_key().map(|key| key.name.clone());
    move |key: &Key| match key.kind {
        KeyKind::Primary | KeyKind::Unique => row_key.as_deref() == Some(key.name.as_str()),
        KeyKind::Secondary | KeyKind::Fulltext | KeyKind::Spatial => true,
    }
}

/// Adds the keys of a table that are wanted, all or none of them, and notes that if it's to be noted.
pub(super) async fn add_keys(
    target: &Bulk,
    table: &Table,
    wanted: impl Fn(&Key) -> bool,
    noted: Option<TableStage>,
) -> Result<(), SnapshotError> {
    let mut statements = Vec::new();
    for key in table.keys.iter().filter(|key| ddl::has_index(key) && wanted(key)) {
        statements.push(ddl::key(table, key)?);
    }
    if let Some(stage) = noted {
        statements.push(statement::copied_table(&table.name, stage).inline());
    }
    if statements.is_empty() {
        return Ok(());
    }
    // Sorting in memory is several times faster than on disk.
    const MEMORY: &str = "SELECT set_config('maintenance_work_mem', '256MB', true) \
                          WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')";
    statements.insert(0, MEMORY.to_owned());
    in_transaction(target, &statements).await.map_err(at(&table.name))
}

/// The statement that makes `next` the next value of a table's AUTO_INCREMENT; `None` when it has none.
#[must_use]
pub fn set_sequence(table: &Table, next: u64) -> Option<String> {
    let sequence = ddl::sequence(table)?;
    Some(format!("SELECT setval({}, {}, false)", quote::literal(&sequence), next.max(1)))
}

/// All of the statements or none.
pub(super) async fn in_transaction(target: &Bulk, statements: &[String]) -> Result<(), crate::target::TargetError> {
    let done = target.run(&format!("BEGIN;\n{};\nCOMMIT", statements.join(";\n"))).await;
    if done.is_err() {
        // The error is what matters; a connection that can't roll back is closed by its owner.
        let _ = target.run("ROLLBACK").await;
    }
    done
}
