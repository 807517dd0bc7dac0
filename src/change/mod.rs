//! What the source did, as values: transactions in MySQL's commit order, whatever lane they came by. Pure.

mod feed;
mod logged;

pub use feed::{
    Affected, Backlog, Doubtful, Feed, FeedError, Head, Inexact, SourceEvent, UNFOLLOWED_ORIGIN, UNKNOWN_OUTCOME,
};

pub use logged::{Branch, LoggedChange, LoggedStatement, LoggedTransaction, ManyRows, StoredRows};

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::position::Gtid;
use crate::value::Value;

/// One committed MySQL transaction. A change and its position are one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceTransaction {
    /// MySQL's own number of the commit; orders transactions.
    pub gtid: Gtid,
    /// In execution order; rolled-back statements aren't here.
    pub statements: Vec<CapturedStatement>,
    /// Set when the statements aren't all that the transaction did: its tables must be copied again.
    pub inexact: Option<Inexact>,
}

/// A write that MySQL accepted, with everything needed to repeat it exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapturedStatement {
    /// MySQL text in UTF-8.
    pub text: String,
    /// Values of `?` in order; empty for text statements.
    pub parameters: Vec<Value>,
    /// The session as the statement saw it.
    pub context: Arc<StatementContext>,
    /// MySQL's NOW(6) of the statement, in microseconds since the epoch.
    pub time_micros: i64,
    /// True when `time_micros` was set on the MySQL session, so that NOW() had exactly this value there.
    pub time_exact: bool,
    /// MySQL's answer.
    pub answer: WriteAnswer,
}

/// The session variables that change what a write means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementContext {
    /// Default database.
    pub database: Option<String>,
    /// `sql_mode`, MySQL's comma list.
    pub sql_mode: String,
    /// `time_zone`: an offset, a name, or `SYSTEM`.
    pub time_zone: String,
    /// `transaction_isolation` of the transaction, e.g. `REPEATABLE-READ`.
    pub isolation: String,
    /// `auto_increment_increment`: the distance between generated ids.
    pub auto_increment_increment: u64,
    /// `foreign_key_checks`.
    pub foreign_key_checks: bool,
    /// `collation_connection`.
    pub collation: String,
    /// The user of the connection, `name@host`, for reports.
    pub user: String,
    /// LAST_INSERT_ID() before the statement.
    pub last_insert_id: u64,
    /// The client set CLIENT_FOUND_ROWS: affected rows count matched rows.
    pub found_rows: bool,
}

/// The OK packet of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteAnswer {
    /// MySQL's affected rows (changed rows, or matched ones under CLIENT_FOUND_ROWS).
    pub affected_rows: u64,
    /// First generated id, or 0.
    pub insert_id: u64,
    /// "Rows matched" of an UPDATE's info text.
    pub matched_rows: Option<u64>,
    /// Warning count.
    pub warnings: u16,
}
