//! The statement lane: a session's writes, sealed into transactions at commit and spooled durably.
//!
//! # The order of steps, and why none may be left out
//! 1. Before anything that can commit is forwarded, the transaction's writes are on disk as an *intent*.
//! 2. MySQL commits and answers with the transaction's GTID.
//! 3. The *outcome* with that GTID is on disk before the client sees OK.
//!
//! So a transaction that a client was told about has its writes and its place in the order on local disk, whatever
//! dies next. Between 1 and 3 a crash leaves an intent without outcome: whether MySQL committed it is decided by
//! `gtid_executed`, never by guessing (see [`order`]).
//!
//! # What it must never do
//! Delay or fail forwarding because of its own trouble: when the spool can't be written, capturing stops loudly and
//! the mirror needs a resync.

mod feed;
mod order;
mod record;
mod session;
mod spool;

pub use feed::CaptureFeed;
pub use session::SessionCapture;
pub use spool::SpoolError;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::change::StatementContext;
use crate::config;
use crate::observe::without_values;
use crate::position::GtidSet;
use crate::value::Value;

use record::{Outcome, Record};
use spool::Spool;

/// Capturing has failed; forwarding goes on regardless.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CaptureError {
    /// The spool can't take or give records.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// A write that is about to be forwarded and commits by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingWrite {
    /// MySQL text in UTF-8.
    pub text: String,
    /// Values of `?` in order; empty for text statements.
    pub parameters: Vec<Value>,
    /// The session as the statement will see it.
    pub context: Arc<StatementContext>,
    /// MySQL's NOW(6) of the statement, in microseconds since the epoch.
    pub time_micros: i64,
    /// True when that time was set on the MySQL session.
    pub time_exact: bool,
}

/// What a start finds in the spool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// MySQL connections whose last commit has no outcome. When they are gone from MySQL, [`Capture::settle`] decides.
    pub connections: Vec<u64>,
    /// Bytes of a record that a crash cut off and that nobody was told was durable.
    pub torn_bytes: u64,
    /// Records kept.
    pub records: u64,
    /// Set when capturing stopped earlier: everything needs a resync and [`Capture::reset`].
    pub stopped: Option<String>,
}

/// The statement lane of one Bascule.
#[derive(Debug)]
pub struct Capture {
    /// Set once. Until then nothing may be captured: another process still has the folder.
    spool: OnceLock<Spool>,
}

impl Capture {
    /// Opens the spool. What an earlier process left without an outcome is in the answer.
    pub fn open(config: &config::Spool) -> Result<(Arc<Self>, Recovery), CaptureError> {
        let capture = Self::unopened();
        let recovery = capture.take(config)?;
        Ok((capture, recovery))
    }

    /// A lane whose spool another process still has. Sessions can hold on to it, but nothing may be captured until
    /// [`Capture::take`]: whoever records meanwhile is refused as by a spool that has stopped.
    #[must_use]
    pub fn unopened() -> Arc<Self> {
        Arc::new(Self { spool: OnceLock::new() })
    }

    /// As [`Capture::open`], for a lane that has no spool yet.
    pub fn take(&self, config: &config::Spool) -> Result<Recovery, CaptureError> {
        let mut unsettled = Unsettled::default();
        let (spool, found) = Spool::open(config, |sequence, payload| {
            Record::decode(payload).map(|record| unsettled.take(sequence, record)).map_err(|_| ())
        })?;
        let recovery = Recovery {
            connections: unsettled.connections(),
            torn_bytes: found.torn_bytes,
            records: found.records,
            stopped: found.stopped,
        };
        if recovery.torn_bytes > 0 {
            tracing::info!(bytes = recovery.torn_bytes, "a record that a crash had cut off was removed from the spool");
        }
        if let Some(reason) = &recovery.stopped {
            tracing::info!(reason = without_values(reason), "capturing stays stopped until a mirror begins anew");
        } else if recovery.records > 0 {
            spool.append_unattended(Record::Restarted.encode())?;
        }
        if self.spool.set(spool).is_err() {
            return Err(SpoolError::Stopped { reason: "the spool is open already".into() }.into());
        }
        Ok(recovery)
    }

    fn spool(&self) -> Result<&Spool, SpoolError> {
        let waiting = || SpoolError::Stopped { reason: "another process still has the spool".into() };
        self.spool.get().ok_or_else(waiting)
    }

    /// The capturing end of one client session; `connection` is MySQL's connection id.
    #[must_use]
    pub fn session(self: &Arc<Self>, connection: u64) -> SessionCapture {
        SessionCapture::new(Arc::clone(self), connection)
    }

    /// The reading end, for everything beyond `from`. There is one at a time.
    pub fn feed(&self, from: GtidSet) -> Result<CaptureFeed, CaptureError> {
        Ok(CaptureFeed::new(self.spool()?.reader()?, from))
    }

    /// Tells the lane what MySQL has executed, read after everything that this Bascule forwarded was recorded. A
    /// transaction in it that no session can account for came another way, and is found at once instead of at the
    /// next commit.
    pub async fn executed(&self, executed: GtidSet) -> Result<(), CaptureError> {
        self.spool()?.append(Record::Executed(executed).encode())?.durable().await?;
        Ok(())
    }

    /// Decides transactions whose outcome isn't known: `connections` don't exist on MySQL any more, and `executed` was
    /// read after they had gone. If every executed transaction is accounted for, they were rolled back; if not, their
    /// tables need a resync.
    pub async fn settle(&self, connections: Vec<u64>, executed: GtidSet) -> Result<(), CaptureError> {
        let spool = self.spool()?;
        spool.append_unattended(Record::Executed(executed).encode())?;
        spool.append(Record::Gone { connections }.encode())?.durable().await?;
        Ok(())
    }

    /// Says that a session changed rows outside MySQL's binary log, so that no GTID will ever tell.
    pub fn lose(&self, reason: &str) {
        tracing::error!(reason = without_values(reason), "a write can't be mirrored: everything needs a resync");
        // A spool that has stopped already says the same.
        let lost = Record::Lost { reason: reason.to_owned() };
        let _ = self.spool().and_then(|spool| spool.append_unattended(lost.encode()));
    }

    /// Why nothing is captured any more.
    #[must_use]
    pub fn stopped(&self) -> Option<Arc<str>> {
        self.spool.get().and_then(Spool::stopped)
    }

    /// Stops recording, e.g. because the mirror was given up; forwarding isn't touched.
    pub fn stop(&self, reason: &str) {
        if let Some(spool) = self.spool.get() {
            spool.stop(reason);
        }
    }

    /// Bytes of the spool on disk.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.spool.get().map_or(0, Spool::stored_bytes)
    }

    /// Forgets everything and captures anew, also after having stopped. Feeds end. Only right when everything that
    /// is forgotten will be copied again or isn't mirrored.
    pub async fn reset(&self) -> Result<(), CaptureError> {
        Ok(self.spool()?.reset().await?)
    }
}

/// Finds the connections of intents without a known outcome.
#[derive(Debug, Default)]
struct Unsettled {
    intents: BTreeMap<u64, u64>,
}

impl Unsettled {
    fn take(&mut self, sequence: u64, record: Record) {
        match record {
            Record::Intent(intent) => {
                self.intents.insert(sequence, intent.connection);
            }
            Record::Outcome { intent, result: Outcome::Committed { .. } | Outcome::Nothing } => {
                self.intents.remove(&intent);
            }
            Record::Gone { connections } => {
                self.intents.retain(|_, connection| !connections.contains(connection));
            }
            Record::Outcome { result: Outcome::Unknown { .. }, .. }
            | Record::Executed(_)
            | Record::Restarted
            | Record::Lost { .. } => {}
        }
    }

    fn connections(&self) -> Vec<u64> {
        self.intents.values().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
