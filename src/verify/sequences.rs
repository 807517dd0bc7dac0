//! AUTO_INCREMENT counters and the sequences that stand for them.
//!
//! While MySQL serves, ids come from MySQL and the sequences stand still. Before PostgreSQL serves, each is moved past
//! everything that was ever handed out: MySQL's counter and the largest id in the table. A sequence never moves back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::VerifyError;
use crate::schema::types::{integer_range, oid, pg_type};
use crate::schema::{Catalogue, Table, TableName, ddl, quote};
use crate::target::Bulk;

/// A table's next id on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SequenceReport {
    pub table: TableName,
    /// What MySQL would hand out next.
    pub source_next: u64,
    /// What PostgreSQL would.
    pub target_next: u64,
}

impl SequenceReport {
    /// True when PostgreSQL can't hand out an id that MySQL has handed out.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.target_next >= self.source_next
    }
}

/// Next ids on both sides, for every table that has a counter. `source_next` comes from
/// [`crate::source::inspect::auto_increments`].
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn compare_sequences(
    target: &Bulk,
    catalogue: &Catalogue,
    source_next: &BTreeMap<TableName, u64>,
) -> Result<Vec<SequenceReport>, VerifyError> {
    let mut reports = Vec::new();
    for table in counted(catalogue) {
        let Some(sequence) = ddl::sequence(table) else { continue };
        let sql = format!("SELECT (last_value + is_called::integer)::text FROM {sequence}");
        let target_next = number(target, table, &sql).await?;
        let source_next = source_next.get(&table.name).copied().unwrap_or(1);
        reports.push(SequenceReport { table: table.name.clone(), source_next, target_next });
    }
    Ok(reports)
}

/// Moves every sequence past MySQL's counter and the largest id in its table; the next ids after that.
///
/// Nothing else may take ids from the sequences meanwhile.
///
/// # Errors
/// When PostgreSQL refuses, or a counter is beyond what a sequence can give.
pub async fn advance_sequences(
    target: &Bulk,
    catalogue: &Catalogue,
    source_next: &BTreeMap<TableName, u64>,
) -> Result<Vec<SequenceReport>, VerifyError> {
    let mut reports = Vec::new();
    for table in counted(catalogue) {
        let (Some(sequence), Some(column)) = (ddl::sequence(table), table.auto_increment_column()) else { continue };
        let next = source_next.get(&table.name).copied().unwrap_or(1).max(1);
        let Ok(floor) = i64::try_from(next) else {
            return Err(VerifyError::SequenceExhausted { table: table.name.clone(), next });
        };
        // MySQL's counter stays at the type's largest value once it is used up, and so does the sequence: the next
        // INSERT is a duplicate on either side.
        let limit = match pg_type(&column.column_type).map(|pg| pg.oid) {
            Some(oid::SMALLINT) => i64::from(i16::MAX),
            Some(oid::INTEGER) => i64::from(i32::MAX),
            _ => i64::MAX,
        };
        let highest = integer_range(&column.column_type).and_then(|(_, high)| i64::try_from(high).ok());
        let limit = highest.map_or(limit, |highest| highest.min(limit));
        let sql = format!(
            "SELECT setval({}, least({limit}, greatest({floor}, (SELECT coalesce(max({}), 0)::numeric + 1 FROM {}), \
             (SELECT last_value::numeric + is_called::integer FROM {sequence})))::bigint, false)::text",
            quote::literal(&sequence),
            quote::identifier(&column.name),
            quote::table(&table.name),
        );
        let target_next = number(target, table, &sql).await?;
        reports.push(SequenceReport { table: table.name.clone(), source_next: next, target_next });
    }
    Ok(reports)
}

fn counted(catalogue: &Catalogue) -> impl Iterator<Item = &Table> {
    let tables = catalogue.databases.values().flat_map(|database| database.tables.values());
    tables.map(AsRef::as_ref).filter(|table| table.auto_increment_column().is_some())
}

async fn number(target: &Bulk, table: &Table, sql: &str) -> Result<u64, VerifyError> {
    let action = format!("reading the sequence of {}", table.name);
    let text = target.text(sql).await.map_err(VerifyError::target(action))?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}
