//! What the applier shows: position, lag, halted tables, gaps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;

use crate::change::Head;
use crate::position::GtidSet;
use crate::schema::TableName;

/// What the applier is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplyState {
    /// Not started, or stopped by its owner. Set by `start` and `stop`.
    #[default]
    Stopped,
    /// Follows the feed.
    Running,
    /// PostgreSQL can't be reached or is out of resources; it's tried again, and the rest goes on by itself then.
    Retrying,
    /// Everything up to a barrier is applied, and nothing beyond it until the barrier is dropped.
    Paused,
    /// The feed can't go on; only a resync helps.
    Failed,
}

impl ApplyState {
    /// The name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Paused => "paused",
            Self::Failed => "failed",
        }
    }
}

/// How replication stands.
#[derive(Clone, Debug, Default)]
pub struct Status {
    pub state: ApplyState,
    /// Everything that the tables hold, except what `bypassed` and `halted` say.
    pub applied: GtidSet,
    /// Those of them that prepared a branch of XA which is neither committed nor rolled back.
    pub undecided: GtidSet,
    /// Transactions applied by this process.
    pub applied_transactions: u64,
    /// Statements applied by this process.
    pub applied_statements: u64,
    /// Transactions read and not applied yet. What is behind them is in `waiting_bytes`.
    pub waiting_transactions: u64,
    /// Bytes of the spool or the binary log that haven't been read.
    pub waiting_bytes: u64,
    /// Transactions that the source has executed and that aren't applied, as far as it's known.
    pub lag_transactions: u64,
    /// Age of the oldest transaction that was read and isn't applied.
    pub lag_seconds: f64,
    /// Transactions that MySQL committed and nobody captured: writers bypass the proxy.
    pub bypassed: GtidSet,
    /// Tables that aren't followed any more, and why.
    pub halted: BTreeMap<TableName, String>,
    /// Set when transactions were lost, so that everything needs a resync.
    pub lost: Option<String>,
    /// What went wrong last, while retrying or failed.
    pub last_error: Option<String>,
}

impl Status {
    /// True when the target can't be trusted to hold what the source holds, whatever the position says.
    #[must_use]
    pub fn needs_resync(&self) -> bool {
        self.lost.is_some() || !self.bypassed.is_empty() || !self.halted.is_empty()
    }
}

/// The part of the status that changes with every transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) status: Status,
    /// MySQL's time of the oldest waiting transaction, in microseconds since the epoch.
    pub(super) oldest_micros: Option<i64>,
    /// What the source has, where the lane asks for it.
    pub(super) head: Option<Arc<ArcSwap<Head>>>,
    /// Everything up to the limit is applied and the applier stands.
    pub(super) at_limit: bool,
}

impl Progress {
    pub(super) fn status(&self) -> Status {
        let mut status = self.status.clone();
        status.lag_transactions = status.waiting_transactions;
        if let Some(head) = self.head.as_ref().map(|head| head.load()) {
            let missing = head.executed.minus(&status.applied).count();
            status.lag_transactions = status.lag_transactions.max(missing);
            status.waiting_bytes = status.waiting_bytes.max(head.bytes);
        }
        if let Some(oldest) = self.oldest_micros {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let age = i64::try_from(now.as_micros()).unwrap_or(i64::MAX).saturating_sub(oldest);
            status.lag_seconds = age.max(0) as f64 / 1e6;
        }
        status
    }
}
