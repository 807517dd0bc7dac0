//! What triggers mean for the writes that fire them.
//!
//! A write's plan must touch exactly the rows that MySQL's write touches: MySQL fires UPDATE triggers also for rows that
//! stay as they are, and INSERT triggers before it looks for duplicates. Forms of a write whose plan does otherwise are
//! refused by name on such tables.

use std::sync::Arc;

use sqlparser::ast::{Insert, OnInsert};

use crate::schema::{ColumnDefault, Table, Trigger, TriggerEvent, TriggerTime};

use super::expression::Lowering;
use super::plan::{Purpose, SqlError, Verb, WritePlan};

impl Lowering<'_> {
    fn fires(&self, table: &Table, event: TriggerEvent) -> bool {
        self.context.purpose == Purpose::Serve && table.triggers.iter().any(|trigger| trigger.event == event)
    }

    /// Refuses an UPDATE that is carried out so that it leaves out rows which stay as they are.
    pub(super) fn check_update_fires(&self, table: &Table, form: &str) -> Result<(), SqlError> {
        if self.fires(table, TriggerEvent::Update) {
            return Err(SqlError::unsupported(format_args!("{form} of a table with UPDATE triggers")));
        }
        Ok(())
    }

    /// The columns that triggers before an UPDATE may change beside the statement's own.
    pub(super) fn fired_columns(&self, table: &Table) -> Vec<usize> {
        if self.context.purpose == Purpose::Replay {
            return Vec::new();
        }
        let triggers = table.triggers_of(TriggerTime::Before, TriggerEvent::Update);
        assigned(table, triggers)
    }

    /// 1442 for a table that the statement reads and a trigger that it fires writes. MySQL finds it when it comes to the
    /// trigger's statement, which it hardly ever doesn't.
    pub(super) fn check_fired_reads(&self, plan: &WritePlan) -> Result<(), SqlError> {
        if self.context.purpose == Purpose::Replay || self.read.is_empty() {
            return Ok(());
        }
        for name in &plan.tables {
            let Some(table) = self.context.catalogue.table(&name.database, &name.table) else { continue };
            let fired = table.triggers.iter().filter(|trigger| fires(plan.verb, trigger.event));
            if let Some(read) = fired.flat_map(|trigger| &trigger.writes).find(|written| self.read.contains(written)) {
                return Err(SqlError::used_by_trigger(&read.table));
            }
        }
        Ok(())
    }

    /// The table as an INSERT sees it: columns that a trigger sets may be NULL before. PostgreSQL checks them
    /// afterwards.
    pub(super) fn before_triggers(&self, table: Arc<Table>, insert: &Insert) -> Result<Arc<Table>, SqlError> {
        if self.context.purpose == Purpose::Replay || table.triggers.is_empty() {
            return Ok(table);
        }
        let columns = assigned(&table, table.triggers_of(TriggerTime::Before, TriggerEvent::Insert));
        if insert.replace_into {
            return Err(SqlError::unsupported("REPLACE of rows of a table with triggers"));
        }
        if matches!(insert.on, Some(OnInsert::DuplicateKeyUpdate(_))) {
            self.check_update_fires(&table, "INSERT … ON DUPLICATE KEY UPDATE")?;
        }
        let searched = insert.ignore || insert.on.is_some();
        if searched && !columns.is_empty() {
            return Err(SqlError::unsupported(
                "INSERT IGNORE and ON DUPLICATE KEY UPDATE of a table whose triggers set columns",
            ));
        }
        let needed = |at: &usize| table.columns.get(*at).is_some_and(|column| !column.nullable);
        if !columns.iter().any(needed) {
            return Ok(table);
        }
        if !self.rules().strict {
            return Err(SqlError::unsupported(
                "INSERT without strict mode into a table whose triggers set columns that are NOT NULL",
            ));
        }
        let mut relaxed = Table::clone(&table);
        for at in columns {
            if let Some(column) = relaxed.columns.get_mut(at).filter(|column| !column.nullable) {
                column.nullable = true;
                if column.default == ColumnDefault::None {
                    column.default = ColumnDefault::Null;
                }
            }
        }
        Ok(Arc::new(relaxed))
    }
}

fn fires(verb: Verb, event: TriggerEvent) -> bool {
    match verb {
        Verb::Insert | Verb::InsertIgnore => event == TriggerEvent::Insert,
        Verb::Upsert => event != TriggerEvent::Delete,
        Verb::Replace => true,
        Verb::Update => event == TriggerEvent::Update,
        Verb::Delete => event == TriggerEvent::Delete,
    }
}

/// Positions of the columns that triggers assign to.
fn assigned<'t>(table: &Table, triggers: impl Iterator<Item = &'t Trigger>) -> Vec<usize> {
    let mut found = Vec::new();
    for name in triggers.flat_map(|trigger| &trigger.assigns) {
        let at = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        found.extend(at.filter(|at| !found.contains(at)));
    }
    found
}
