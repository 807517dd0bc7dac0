//! Tables without a key: rows are a multiset, compared by their hashes.
//!
//! Memory is bounded by comparing one part of the hashes at a time. A second pass over a part that differs finds the
//! rows behind the first differing hashes.

use std::collections::HashMap;

use super::canonical::{RowHash, of_source, of_target};
use super::{Cause, Difference, TableReport, TargetView, VerifyError};
use crate::schema::Table;
use crate::source::snapshot::{Reader, Selection};
use crate::target::copy::display;

/// So many hashes are held at once, about.
const PART_ROWS: u64 = 1_000_000;

/// How many more rows of a hash the source has than the target.
type Surplus = HashMap<u128, i64>;

pub(super) async fn compare(
    source: &mut Reader,
    target: &TargetView,
    table: &Table,
    report: &mut TableReport,
) -> Result<(), VerifyError> {
    let parts = u128::from(report.rows_source.max(report.rows_target) / PART_ROWS + 1);
    for part in 0..parts {
        let mut surplus = Surplus::new();
        let wanted = |hash: &u128| hash % parts == part;
        visit_source(source, table, |hash, _| {
            if wanted(&hash) {
                *surplus.entry(hash).or_default() += 1;
            }
        })
        .await?;
        visit_target(target, table, |hash, _| {
            if wanted(&hash) {
                *surplus.entry(hash).or_default() -= 1;
            }
        })
        .await?;
        surplus.retain(|_, count| *count != 0);
        report.differing += surplus.values().map(|count| count.unsigned_abs()).sum::<u64>();
        if !surplus.is_empty() && report.examples.len() < TableReport::EXAMPLES {
            examples(source, target, table, (surplus, report)).await?;
        }
    }
    Ok(())
}

async fn examples(
    source: &mut Reader,
    target: &TargetView,
    table: &Table,
    (mut surplus, report): (Surplus, &mut TableReport),
) -> Result<(), VerifyError> {
    let here = || Some("a row".to_owned());
    let mut found = Vec::new();
    visit_source(source, table, |hash, row| {
        if let Some(count) = surplus.get_mut(&hash).filter(|count| **count > 0) {
            *count -= 1;
            keep(&mut found, || Difference {
                key: row(),
                column: None,
                source: here(),
                target: None,
                cause: Cause::MissingRow,
            });
        }
    })
    .await?;
    visit_target(target, table, |hash, row| {
        if let Some(count) = surplus.get_mut(&hash).filter(|count| **count < 0) {
            *count += 1;
            keep(&mut found, || Difference {
                key: row(),
                column: None,
                source: None,
                target: here(),
                cause: Cause::ExtraRow,
            });
        }
    })
    .await?;
    let room = TableReport::EXAMPLES.saturating_sub(report.examples.len());
    report.examples.extend(found.into_iter().take(room));
    Ok(())
}

/// Half the room is for each side, so that both are seen.
fn keep(found: &mut Vec<Difference>, difference: impl FnOnce() -> Difference) {
    let difference = difference();
    let of_side = found.iter().filter(|other| other.source.is_some() == difference.source.is_some()).count();
    if of_side < TableReport::EXAMPLES / 2 {
        found.push(difference);
    }
}

async fn visit_source(
    source: &mut Reader,
    table: &Table,
    mut visit: impl FnMut(u128, &dyn Fn() -> String),
) -> Result<(), VerifyError> {
    let mut rows = source.rows(Selection::all(table)).await?;
    let mut hash = RowHash::default();
    while let Some(row) = rows.next().await? {
        let sum = hash.row(table, of_source, |index| row.cell(index));
        visit(sum, &|| row_text(table, |index| row.cell(index)));
    }
    Ok(())
}

async fn visit_target(
    target: &TargetView,
    table: &Table,
    mut visit: impl FnMut(u128, &dyn Fn() -> String),
) -> Result<(), VerifyError> {
    let mut rows = target.rows(Selection::all(table)).await?;
    let mut hash = RowHash::default();
    while let Some(row) = rows.next().await? {
        let cell = |index: usize| row.get(index)?.as_deref();
        let sum = hash.row(table, of_target, cell);
        visit(sum, &|| row_text(table, cell));
    }
    Ok(())
}

fn row_text<'a>(table: &Table, cell: impl Fn(usize) -> Option<&'a [u8]>) -> String {
    let part = |index: usize| cell(index).map_or("NULL".to_owned(), |value| display(value).into_owned());
    (0..table.columns.len()).map(part).collect::<Vec<_>>().join(", ")
}
