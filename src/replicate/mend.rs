//! Replacing parts of tables: what a comparison found to differ, and nothing else.
//!
//! The caller holds the applier at exactly the position of `reader`'s view. So the rows of a part are those that the table
//! must have at this position, and what is applied afterwards fits them; the position itself doesn't change. All parts
//! are emptied before the first is filled: a unique value that has moved from one part to another finds its place free.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::snapshot::{Copied, SnapshotError, foreign_keys_around, preparing, store, stored_columns, tables_of};
use crate::schema::{Bound, Catalogue, Range, Table, TableName, quote};
use crate::source::snapshot::{Reader, Selection};
use crate::target::Bulk;

/// Parts of one table.
pub type Parts = (TableName, Vec<Range>);

/// Replaces the rows of `parts` by those that `reader` sees, in one transaction. Tables that the catalogue hasn't got are
/// passed over.
///
/// # Errors
/// The first refusal or failure; the target is then as it was.
pub async fn mend(
    reader: &mut Reader,
    target: &Bulk,
    catalogue: &Catalogue,
    parts: &[Parts],
) -> Result<Copied, SnapshotError> {
    target.run("BEGIN").await.map_err(preparing("beginning a repair"))?;
    let replaced = replace(reader, target, catalogue, parts).await;
    let end = if replaced.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = target.run(end).await.map_err(preparing("ending a repair"));
    let copied = replaced?;
    ended?;
    Ok(copied)
}

async fn replace(
    reader: &mut Reader,
    target: &Bulk,
    catalogue: &Catalogue,
    parts: &[Parts],
) -> Result<Copied, SnapshotError> {
    let all = tables_of(catalogue);
    let (mut before, after) =
        foreign_keys_around(&all, &parts.iter().map(|(table, _)| table).collect::<BTreeSet<_>>())?;
    let of_table = |name: &TableName| all.iter().find(|table| table.name == *name);
    let parts: Vec<(&Arc<Table>, &Range)> = parts
        .iter()
        .filter_map(|(name, ranges)| Some((of_table(name)?, ranges)))
        .flat_map(|(table, ranges)| ranges.iter().map(move |range| (table, range)))
        .collect();
    before.extend(parts.iter().map(|(table, range)| empty(table, range)));
    target.run(&before.join(";\n")).await.map_err(preparing("emptying parts of tables"))?;
    let mut copied = Copied::default();
    for (table, range) in parts {
        let rows = fill(reader, target, table, range).await?;
        copied.rows += rows;
    }
    target.run(&after.join(";\n")).await.map_err(preparing("adding foreign keys again"))?;
    Ok(copied)
}

/// The statement that deletes the rows of a part.
fn empty(table: &Table, range: &Range) -> String {
    let condition = table
        .cut_along()
        .map(|column| range.condition(&quote::identifier(&column.name), Bound::for_target))
        .unwrap_or_default();
    format!("DELETE FROM {}{condition}", quote::table(&table.name))
}

async fn fill(reader: &mut Reader, target: &Bulk, table: &Table, range: &Range) -> Result<u64, SnapshotError> {
    let stored = stored_columns(table);
    let rows = reader.lent(Selection { range, ..Selection::all(&stored) }).await?;
    let (written, _) = store(rows, target, &stored, &|_, _| {}).await?;
    Ok(written)
}
