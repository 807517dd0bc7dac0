//! Row by row in key order: both sides are merged like two sorted lists, so every missing, extra or changed row is found
//! in one pass and constant memory.

use std::cmp::Ordering;

use super::canonical::{of_source, of_target};
use super::{Cause, Difference, TableReport, TargetView, VerifyError, cause};
use crate::schema::{Column, ColumnType, Table};
use crate::source::snapshot::{Reader, Rows, Selection};
use crate::target::copy::display;
use crate::value::text;

/// A row of canonical cells.
type Row = Vec<Option<Vec<u8>>>;

pub(super) async fn compare(
    source: &mut Reader,
    target: &TargetView,
    selection: Selection<'_>,
    report: &mut TableReport,
) -> Result<(), VerifyError> {
    let Selection { table, order, .. } = selection;
    let key: Vec<usize> =
        order.iter().filter_map(|wanted| table.columns.iter().position(|column| column.name == wanted.name)).collect();
    let mut ours = source.rows(selection).await?;
    let mut theirs = target.rows(selection).await?;
    let mut left = next_source(&mut ours, table).await?;
    let mut right = next_target(&mut theirs, table).await?;
    loop {
        let ordering = match (&left, &right) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => compare_keys(table, &key, left, right),
        };
        if let (Ordering::Equal, Some(left), Some(right)) = (ordering, &left, &right) {
            if left != right {
                report.differ(changed(table, &key, left, right));
            }
        } else if let (Ordering::Less, Some(left)) = (ordering, &left) {
            report.differ([one_sided(&key, left, Side::Source)]);
        } else if let Some(right) = &right {
            report.differ([one_sided(&key, right, Side::Target)]);
        }
        if ordering != Ordering::Greater {
            left = next_source(&mut ours, table).await?;
        }
        if ordering != Ordering::Less {
            right = next_target(&mut theirs, table).await?;
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Side {
    Source,
    Target,
}

async fn next_source(rows: &mut Rows<'_>, table: &Table) -> Result<Option<Row>, VerifyError> {
    let Some(row) = rows.next().await? else {
        return Ok(None);
    };
    let cell = |(index, column): (usize, &Column)| {
        row.cell(index).map(|value| of_source(&column.column_type, value).into_owned())
    };
    Ok(Some(table.columns.iter().enumerate().map(cell).collect()))
}

async fn next_target(rows: &mut super::target::TargetRows, table: &Table) -> Result<Option<Row>, VerifyError> {
    let Some(row) = rows.next().await? else {
        return Ok(None);
    };
    let cell = |(value, column): (Option<Vec<u8>>, &Column)| {
        value.map(|value| of_target(&column.column_type, &value).into_owned())
    };
    Ok(Some(row.into_iter().zip(&table.columns).map(cell).collect()))
}

fn changed(table: &Table, key: &[usize], left: &Row, right: &Row) -> Vec<Difference> {
    let text = |cell: &Option<Vec<u8>>| cell.as_deref().map(|value| display(value).into_owned());
    let mut differences = Vec::new();
    for ((left_cell, right_cell), column) in left.iter().zip(right).zip(&table.columns) {
        if left_cell != right_cell {
            differences.push(Difference {
                key: key_text(key, left),
                column: Some(column.name.clone()),
                source: text(left_cell),
                target: text(right_cell),
                cause: cause::of_values(&column.column_type, left_cell.as_deref(), right_cell.as_deref()),
            });
        }
    }
    differences
}

fn one_sided(key: &[usize], row: &Row, side: Side) -> Difference {
    let here = Some("a row".to_owned());
    let (source, target, cause) = match side {
        Side::Source => (here, None, Cause::MissingRow),
        Side::Target => (None, here, Cause::ExtraRow),
    };
    Difference { key: key_text(key, row), column: None, source, target, cause }
}

fn key_text(key: &[usize], row: &Row) -> String {
    let part = |index: &usize| match row.get(*index) {
        Some(Some(value)) => display(value).into_owned(),
        _ => "NULL".to_owned(),
    };
    key.iter().map(part).collect::<Vec<_>>().join(", ")
}

fn compare_keys(table: &Table, key: &[usize], left: &Row, right: &Row) -> Ordering {
    for index in key {
        let cells = (left.get(*index).and_then(Option::as_deref), right.get(*index).and_then(Option::as_deref));
        let ordering = match (cells, table.columns.get(*index)) {
            ((Some(left), Some(right)), Some(column)) => compare_cells(&column.column_type, left, right),
            ((left, right), _) => left.is_some().cmp(&right.is_some()),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

/// The order in which both servers send canonical values: numbers by size, everything else by bytes. Dates and times
/// of day have fixed widths, and a fraction only follows where its absence is smaller.
fn compare_cells(column_type: &ColumnType, left: &[u8], right: &[u8]) -> Ordering {
    match column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Decimal { .. }
        | ColumnType::Bit { .. }
        | ColumnType::Year
        | ColumnType::Time { .. } => compare_decimals(left, right),
        ColumnType::Float { .. } | ColumnType::Double { .. } => {
            let number = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
            number(left).partial_cmp(&number(right)).unwrap_or(Ordering::Equal)
        }
        _ => left.cmp(right),
    }
}

fn compare_decimals(left: &[u8], right: &[u8]) -> Ordering {
    let (Some(left), Some(right)) = (text::decimal(left), text::decimal(right)) else {
        return left.cmp(right);
    };
    if left.negative != right.negative {
        return right.negative.cmp(&left.negative);
    }
    let whole = |number: &text::DecimalDigits| number.digits.len().saturating_sub(number.scale);
    let sizes = whole(&left).cmp(&whole(&right)).then_with(|| left.digits.cmp(&right.digits));
    if left.negative { sizes.reverse() } else { sizes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_size() {
        let ascending = ["-10.5", "-9.99", "-0.01", "0.00", "0.01", "1.00", "9.99", "10.00", "100.00"];
        for (index, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                let found = compare_decimals(left.as_bytes(), right.as_bytes());
                assert_eq!(found, index.cmp(&other), "{left} {right}");
            }
        }
    }
}
