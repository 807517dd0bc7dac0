//! Transactions as the binary log tells them: rows beside statements, and rows too many to be kept in memory.

use std::sync::Arc;

use crate::binlog::RowsEvent;
use crate::position::Gtid;

use super::{CapturedStatement, FeedError, Inexact};

/// One committed transaction of the row lane. A change and its position are one value.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedTransaction {
    pub gtid: Gtid,
    /// In the order of the log.
    pub changes: Vec<LoggedChange>,
    /// Set when the log doesn't tell everything that the transaction did.
    pub inexact: Option<Inexact>,
    /// What it does to a branch of XA, if it's about one.
    pub branch: Branch,
    /// When the source committed it, in microseconds since the epoch; 0 when it doesn't say.
    pub committed_micros: i64,
}

/// XA's two phases, each a transaction with a number of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Branch {
    /// It isn't about one.
    #[default]
    None,
    /// A branch was prepared. Its changes come when it's committed; until then the number mustn't be forgotten, so that a
    /// lane that is opened again gives it again.
    Prepared,
    /// The branch that was prepared under this number is committed or rolled back.
    Decided(Gtid),
}

/// A statement of the log. What MySQL answered to it isn't there, but for the first id that it generated.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedStatement {
    pub statement: CapturedStatement,
    /// Why it can't be repeated exactly, as far as the log tells.
    pub unrepeatable: Option<&'static str>,
}

/// What a transaction did.
#[derive(Clone, Debug, PartialEq)]
pub enum LoggedChange {
    /// A statement that is logged as such: DDL, or a write of a session that doesn't log rows.
    Statement(LoggedStatement),
    /// Rows of one table.
    Rows(RowsEvent),
    /// Many rows of any tables.
    Many(ManyRows),
}

impl LoggedChange {
    /// Bytes in memory, roughly.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Statement(logged) => 64 + logged.statement.text.len(),
            Self::Rows(rows) => 64 + rows.size(),
            // They're read piece by piece.
            Self::Many(_) => 0,
        }
    }
}

/// Rows that are kept elsewhere, to be read in their order as often as needed.
pub trait StoredRows: Send + Sync + std::fmt::Debug {
    /// Reads the event at `position` (0 is the first) and says where the next one is; `None` behind the last.
    ///
    /// # Errors
    /// When what was stored can't be read back.
    fn read(&self, position: u64) -> Result<Option<(RowsEvent, u64)>, FeedError>;
}

/// A handle on [`StoredRows`].
#[derive(Clone, Debug)]
pub struct ManyRows(pub Arc<dyn StoredRows>);

impl PartialEq for ManyRows {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
