//! The first copy of the source's tables into the target, and the later replacement of single tables.
//!
//! The copy is made in steps: bare tables ([`create_tables`]), their rows ([`Copy`]) and, as soon as a table has all of
//! them, its keys and indexes while others are still copied; foreign keys last ([`finish`]). Large tables are cut into
//! parts by their key (`plan`), which several connections copy side by side, each part in one COPY and one transaction.
//! The rows are exact or the copy ends with a [`Refusal`] that names the first value that PostgreSQL can't hold.
//!
//! # Two ways of reading
//! * **One moment.** All readers see the same snapshot, and the copy is the state at its position. The views die with
//!   their connections, so a copy that breaks off is begun again from empty tables. Definitions are read before the
//!   snapshot is opened and once more after: one that has changed in between ends the copy, since the rows might not be
//!   those of the table that was made. (A change that comes later still is captured, and MySQL itself refuses to read the
//!   old rows under the new form.)
//! * **Each part at its own moment.** Nothing is held open for hours, and each part is noted with its rows, so a copy
//!   that breaks off goes on with the parts that are missing. The tables are then not those of any one moment: whoever
//!   applies the log makes them equal ([`Window`](crate::store::Window)). Until then only the key by which rows are found
//!   may stand: rows that MySQL had at different moments can break every other unique key and every foreign key. What
//!   can't be made equal that way is left for later ([`Left`]).
//!
//! [`refresh`] and [`recopy`] replace tables inside one PostgreSQL transaction together with whatever the caller must
//! commit with them, such as the new position. Foreign keys that touch the tables are dropped and added again within it,
//! so the order of the tables doesn't matter and the result has been checked.

mod brake;
mod flow;
mod plan;
mod replace;
mod retry;
mod tables;
mod transfer;
mod work;

pub use flow::{Copy, Keys, Left, copy};
pub use replace::{Recopy, Refresh, recopy, refresh};
pub(super) use replace::{foreign_keys_around, store};
pub use tables::{create_tables, finish, finish_foreign_keys, finish_keys, refusals, set_sequence, tables_of};

use std::sync::Arc;

use crate::schema::{SchemaError, Table, TableName};
use crate::source::SourceError;
use crate::target::TargetError;
use crate::target::copy::{Refusal, RowError};

/// Why a copy ended early.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("PostgreSQL failed with table {table}: {cause}")]
    Target {
        table: TableName,
        #[source]
        cause: TargetError,
    },
    #[error("PostgreSQL failed while {action}: {cause}")]
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
    #[error("a row of {0} has other cells than its table has columns")]
    Malformed(TableName),
    #[error("what is noted of the copy of {0} can't be read")]
    Noted(TableName),
    #[error("a copying task ended: {0}")]
    Task(String),
}

impl From<RowError> for SnapshotError {
    fn from(error: RowError) -> Self {
        match error {
            RowError::Refused(refusal) => Self::Refused(refusal),
            RowError::Malformed(table) => Self::Malformed(table),
        }
    }
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

impl Copied {
    fn add(&mut self, other: Self) {
        self.tables += other.tables;
        self.rows += other.rows;
        self.bytes += other.bytes;
    }
}

/// The table without its generated columns, whose values PostgreSQL makes itself.
pub(super) fn stored_columns(table: &Table) -> Table {
    let mut stored = table.clone();
    stored.columns.retain(|column| column.generated.is_none());
    stored
}

/// A definition without its counter, which isn't a part of it.
fn uncounted(table: &Table) -> Table {
    Table { auto_increment: None, ..table.clone() }
}

pub(super) fn at(table: &TableName) -> impl FnOnce(TargetError) -> SnapshotError {
    let table = table.clone();
    move |cause| SnapshotError::Target { table, cause }
}

pub(super) fn preparing(action: &'static str) -> impl FnOnce(TargetError) -> SnapshotError {
    move |cause| SnapshotError::Preparation { action, cause }
}
