//! Tables in doubt, and servers that are away for a while.
//!
//! A connection to MySQL that breaks during a commit leaves its outcome unknown: Bascule was killed, or MySQL was. Nobody
//! can tell what became of it but the rows themselves, so the tables that the transaction would have touched are copied
//! again, without being asked: at a start for what the earlier process left, and later whenever it happens. Until then
//! they're halted, and a flip is refused.
//!
//! A server that is away meanwhile costs time and nothing else: what was begun is begun again when it's back.

use std::sync::Arc;
use std::time::Duration;

use crate::change::{UNFOLLOWED_ORIGIN, UNKNOWN_OUTCOME};
use crate::observe::without_values;
use crate::schema::TableName;

use super::api::TableState;
use super::recover::RETRY;
use super::{CutoverError, Director};

/// How often tables in doubt are copied again, one time right after the other, before it's left to the operator.
const REPAIRS: usize = 8;
/// How long the applier may take to follow a table again.
const FOLLOW_PATIENCE: Duration = Duration::from_secs(2);

impl Director {
    /// Copies the tables in doubt again whenever there are some. Ends only by an error that isn't an outage.
    pub(super) async fn watch_doubt(self: &Arc<Self>) -> Result<(), CutoverError> {
        loop {
            tokio::time::sleep(RETRY).await;
            if self.doubtful().is_empty() {
                continue;
            }
            self.repair_doubtful().await?;
            if !self.doubtful().is_empty() {
                tracing::error!("tables are in doubt again and again: it's left to the operator (bascule resync)");
                return Ok(());
            }
        }
    }

    /// Copies the tables in doubt again. That takes a moment, in which tables that are written from them are halted
    /// too, so it's done until none is left.
    pub(super) async fn repair_doubtful(self: &Arc<Self>) -> Result<(), CutoverError> {
        let mut repairs = 0;
        while repairs < REPAIRS {
            let doubtful = self.doubtful();
            if doubtful.is_empty() {
                return Ok(());
            }
            tracing::warn!(tables = doubtful.len(), "commits were in doubt: their tables are copied again");
            let turn = Arc::clone(&self.turn).lock_owned().await;
            let repaired = self.repair(&doubtful).await;
            // Whoever wants to do something else needn't wait until the server is back.
            drop(turn);
            match repaired {
                Ok(()) => {
                    repairs += 1;
                    self.wait_followed(&doubtful).await;
                }
                Err(error) if error.is_outage() => {
                    doubtful.iter().for_each(|table| self.table_state(table, TableState::NeedsResync, None));
                    self.wait_out(&error).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The tables that a copy would bring back. One that is written from a table that the operator must look after would
    /// be halted again at once.
    fn doubtful(&self) -> Vec<TableName> {
        let halted = self.replicator().status().halted;
        let unknown = |reason: &str| reason.starts_with(UNKNOWN_OUTCOME);
        let follows = |reason: &str| reason.starts_with(UNFOLLOWED_ORIGIN);
        let every = halted.values().all(|reason| unknown(reason) || follows(reason));
        halted.into_iter().filter(|(_, reason)| unknown(reason) || every).map(|(table, _)| table).collect()
    }

    /// Waits until the applier has taken tables up again. One that is halted anew meanwhile ends the wait by time.
    pub(super) async fn wait_followed(&self, tables: &[TableName]) {
        let followed = async {
            while self.replicator().status().halted.keys().any(|halted| tables.contains(halted)) {
                let changed = self.replicator().changed();
                let _ = tokio::time::timeout(Duration::from_millis(50), changed).await;
            }
        };
        let _ = tokio::time::timeout(FOLLOW_PATIENCE, followed).await;
    }

    /// Waits a moment because a server is away.
    pub(super) async fn wait_out(&self, outage: &CutoverError) {
        tracing::warn!(error = without_values(outage), "a server is away; it's tried again");
        tokio::time::sleep(RETRY).await;
    }
}
