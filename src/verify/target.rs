//! The target's side: a fixed view, and rows as canonical text.

use std::sync::Arc;

use super::VerifyError;
use crate::schema::{Bound, Column, ColumnType, Table, quote, types};
use crate::source::snapshot::Selection;
use crate::target::{Bulk, RowScan};

/// A connection whose view of the target is fixed.
pub struct TargetView {
    target: Bulk,
}

impl TargetView {
    /// Fixes the connection's view at this moment.
    ///
    /// The tables are locked against TRUNCATE and ALTER TABLE first: those empty or rewrite a table for every view, so
    /// a view alone would show rows as missing. Who wants to change a table waits until the view is closed.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn open(target: Bulk, tables: &[Arc<Table>]) -> Result<Self, VerifyError> {
        let mut begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ".to_owned();
        if !tables.is_empty() {
            let names: Vec<String> = tables.iter().map(|table| quote::table(&table.name)).collect();
            begin.push_str(&format!("LOCK TABLE {} IN ACCESS SHARE MODE; ", names.join(", ")));
        }
        // The view is taken by the first query, neither by BEGIN nor by LOCK.
        begin.push_str("SELECT pg_current_snapshot()");
        target.run(&begin).await.map_err(VerifyError::target("opening a view"))?;
        Ok(Self { target })
    }

    /// Gives the connection back.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn close(self) -> Result<Bulk, VerifyError> {
        self.target.run("COMMIT").await.map_err(VerifyError::target("closing a view"))?;
        Ok(self.target)
    }

    pub(super) async fn rows(&self, selection: Selection<'_>) -> Result<TargetRows, VerifyError> {
        let action = || format!("reading {}", selection.table.name);
        let scan = self.target.rows(&select(selection)).await.map_err(VerifyError::target(action()))?;
        Ok(TargetRows { scan, action: action() })
    }
}

/// Rows of the target as they arrive.
pub(super) struct TargetRows {
    scan: RowScan,
    action: String,
}

impl TargetRows {
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Option<Vec<u8>>>>, VerifyError> {
        self.scan.next().await.map_err(VerifyError::target(self.action.as_str()))
    }
}

fn select(selection: Selection<'_>) -> String {
    let Selection { table, order, range } = selection;
    let columns: Vec<String> = table.columns.iter().map(expression).collect();
    let mut sql = format!("SELECT {} FROM {} AS this", columns.join(", "), quote::table(&table.name));
    if let Some(column) = table.cut_along() {
        let name = format!("this.{}", quote::identifier(&column.name));
        sql.push_str(&range.condition(&name, Bound::for_target));
    }
    if !order.is_empty() {
        let order: Vec<String> = order.iter().map(|column| order_expression(column)).collect();
        sql.push_str(" ORDER BY ");
        sql.push_str(&order.join(", "));
    }
    sql
}

fn expression(column: &Column) -> String {
    let name = quote::identifier(&column.name);
    match &column.column_type {
        ColumnType::Time { .. } => format!("(extract(epoch FROM {name}) * 1000000)::bigint::text"),
        ColumnType::Timestamp { .. } => format!("({name} AT TIME ZONE 'UTC')::text"),
        column_type if types::is_binary(column_type) => name,
        _ => format!("{name}::text"),
    }
}

/// The order of the source's side: character data by its bytes. A bare name would mean the selected text, which has the
/// column's name, and sort numbers as text.
fn order_expression(column: &Column) -> String {
    let name = format!("this.{}", quote::identifier(&column.name));
    if types::is_character(&column.column_type) { format!("{name} COLLATE \"C\"") } else { name }
}
