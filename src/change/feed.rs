//! What a lane hands to `replicate`: transactions in MySQL's commit order, and everything that a lane knows it
//! doesn't know. A gap is an event of its own, so that nobody can overlook it. Pure.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};

use crate::position::GtidSet;
use crate::schema::TableName;

use super::{CapturedStatement, LoggedTransaction, SourceTransaction};

/// Which tables something touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Affected {
    /// It isn't known: all of them.
    All,
    /// These and no others.
    Tables(Vec<TableName>),
}

impl Affected {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Tables(mut mine), Self::Tables(theirs)) => {
                mine.extend(theirs);
                mine.sort();
                mine.dedup();
                Self::Tables(mine)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }
}

/// Why a transaction's statements don't tell everything that it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inexact {
    /// For the operator.
    pub reason: String,
    /// What must be copied again.
    pub tables: Affected,
}

impl Inexact {
    /// Adds another reason; the first one is the one that's told.
    pub fn add(known: &mut Option<Self>, reason: String, tables: Affected) {
        *known = Some(match known.take() {
            None => Self { reason, tables },
            Some(first) => Self { reason: first.reason, tables: first.tables.and(tables) },
        });
    }
}

/// How the reason of a table begins that is halted because of a [`Doubtful`] transaction. It's stored with the table,
/// and a start that finds it copies the table again.
pub const UNKNOWN_OUTCOME: &str = "it isn't known whether a transaction was committed";

/// How the reason of a table begins that is halted because it was written from another one that is.
pub const UNFOLLOWED_ORIGIN: &str = "it was written from a table that isn't followed";

/// A transaction of which it isn't known whether MySQL committed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubtful {
    /// What it would have done.
    pub statements: Vec<CapturedStatement>,
    /// Set when that isn't all.
    pub inexact: Option<Inexact>,
    /// Why the outcome isn't known.
    pub reason: String,
}

/// What happened on the source, in the order in which it must be taken.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceEvent {
    /// A committed transaction; the next of its [`crate::position::GtidSource`].
    Transaction(SourceTransaction),
    /// A committed transaction as the binary log has it.
    Logged(LoggedTransaction),
    /// MySQL committed these, and nothing that the lane saw could have been them: a writer bypasses the proxy.
    Bypassed {
        /// The missing transactions.
        gtids: GtidSet,
    },
    /// MySQL committed these, and they may be some of the `candidates`; which ones, and in what order, isn't known.
    InDoubt {
        /// The transactions that can't be told apart.
        gtids: GtidSet,
        /// Whose tables must be copied again.
        candidates: Vec<Doubtful>,
    },
    /// The lane lost transactions, e.g. because its disk is full: everything must be copied again.
    Lost {
        /// For the operator.
        reason: String,
    },
}

/// A lane that can't go on.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct FeedError {
    /// What went wrong, e.g. a damaged record and where it is.
    pub message: String,
}

/// A lane's end that `replicate` reads.
///
/// # Contract
/// * Events of one GTID source come in the order of their numbers, each number once, counted from the position at
///   which the feed was opened; a transaction that did nothing is an event too, so that its number isn't missing.
/// * [`Feed::next`] waits for the next event and may be dropped while it waits: nothing is lost by that.
/// * Nothing that hasn't been acknowledged is forgotten: a feed that is opened again at an older position gives the
///   same events again.
pub trait Feed: Send {
    /// The next event.
    fn next(&mut self) -> impl Future<Output = Result<SourceEvent, FeedError>> + Send;

    /// The next event if it's there without waiting.
    fn ready(&mut self) -> impl Future<Output = Result<Option<SourceEvent>, FeedError>> + Send;

    /// Everything in `applied` is durable in the target; the lane may forget it.
    fn acknowledge(&mut self, applied: &GtidSet) -> impl Future<Output = ()> + Send;

    /// Bytes and transactions that wait, as far as the lane knows: for the lag.
    fn backlog(&self) -> Backlog;

    /// What the source has, where the lane asks it now and then; begins to ask. For the lag too.
    fn head(&mut self) -> Option<Arc<ArcSwap<Head>>> {
        None
    }
}

/// How far the source is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Everything that it has executed, as of a moment ago.
    pub executed: GtidSet,
    /// Bytes of its log that the lane hasn't read.
    pub bytes: u64,
}

/// What waits in a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Bytes on disk that haven't been read.
    pub bytes: u64,
}
