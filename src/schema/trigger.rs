//! Triggers as the catalogue holds them: a table's own, in the order in which MySQL fires those of one time and event.

use serde::{Deserialize, Serialize};

use super::{Catalogue, Table, TableName};
use std::sync::Arc;

/// Whether a trigger fires before or after its row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerTime {
    Before,
    After,
}

impl TriggerTime {
    /// MySQL's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "BEFORE",
            Self::After => "AFTER",
        }
    }
}

/// What fires a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerEvent {
    Insert,
    Update,
    Delete,
}

impl TriggerEvent {
    /// MySQL's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Unique in its database.
    pub name: String,
    pub time: TriggerTime,
    pub event: TriggerEvent,
    /// The statement that it consists of, as it was written.
    pub body: String,
    /// Columns that the body assigns to as `NEW.column`.
    pub assigns: Vec<String>,
    /// Tables that the body writes: a statement that fires it can't read them.
    pub writes: Vec<TableName>,
    /// `user@host`.
    pub definer: String,
    /// The `sql_mode` that the body is read and executed under.
    pub sql_mode: String,
    /// `character_set_client` when it was made.
    pub charset: String,
    /// `collation_connection` when it was made, under which it is executed.
    pub collation: String,
    /// The database's collation when it was made.
    pub database_collation: String,
    /// Microseconds since the epoch; 0 until the session says it.
    pub created: i64,
}

impl Table {
    /// The triggers of a time and event, in the order in which they fire.
    pub fn triggers_of(&self, time: TriggerTime, event: TriggerEvent) -> impl Iterator<Item = &Trigger> {
        self.triggers.iter().filter(move |trigger| trigger.time == time && trigger.event == event)
    }
}

impl Catalogue {
    /// The trigger of that name and its table; the name's case doesn't count.
    #[must_use]
    pub fn trigger(&self, database: &str, name: &str) -> Option<(&Arc<Table>, &Trigger)> {
        let lower = name.to_lowercase();
        let own = |table: &&Arc<Table>| table.triggers.iter().any(|trigger| trigger.name.to_lowercase() == lower);
        let table = self.database(database)?.tables.values().find(own)?;
        table.triggers.iter().find(|trigger| trigger.name.to_lowercase() == lower).map(|trigger| (table, trigger))
    }
}
