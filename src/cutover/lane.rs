//! What differs between the two lanes: where changes come from, and what must be known of the source before they do.
//!
//! * **Statements**: the proxy captures each session's writes and spools them. Every writer must come through it.
//! * **Rows**: MySQL's binary log is followed. Sessions needn't be captured, there's no spool, and whoever else writes to
//!   MySQL is followed too. For a snapshot MySQL itself holds the writers for those milliseconds (FLUSH TABLES WITH READ
//!   LOCK), where the account has the privilege; without it, a commit beside the proxy is noticed by its GTID and the
//!   snapshot is opened once more.
//!
//! Both store the same position, the set of applied GTIDs, so a mirror may be taken up by the other lane after a restart.

use std::sync::PoisonError;

use crate::binlog;
use crate::config::Lane;
use crate::position::GtidSet;
use crate::replicate::snapshot;
use crate::schema::Catalogue;
use crate::source::binlog::BinlogFeed;
use crate::source::{self, inspect};
use crate::store::Facts;
use crate::target::Bulk;

use super::director::close;
use super::{CutoverError, Director};

impl Director {
    /// Refuses, with everything that hinders it, a source or a target that the lane can't work with.
    pub(super) async fn check_lane(&self, catalogue: &Catalogue, target: &Bulk) -> Result<(), CutoverError> {
        if self.lane() == Lane::Statements {
            return Ok(());
        }
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let problems = source::binlog::problems(&mut conn).await;
        let executed = inspect::gtid_executed(&mut conn).await;
        close(conn).await;
        let mut problems = problems?;
        problems.extend(snapshot::tables_of(catalogue).iter().flat_map(|table| binlog::uncarried(table)));
        const MAY: &str = "SELECT (current_setting('is_superuser') = 'on' OR \
                           has_parameter_privilege('session_replication_role', 'SET'))::text";
        if target.text(MAY).await?.as_deref() != Some("true") {
            problems.push(
                "PostgreSQL's role can't write rows that MySQL wrote without checks: as a superuser, GRANT SET ON PARAMETER \
                 session_replication_role TO it"
                    .to_owned(),
            );
        }
        if problems.is_empty()
            && let Err(error) = self.feed(executed?)?.probe().await
        {
            problems.push(error.to_string());
        }
        if problems.is_empty() { Ok(()) } else { Err(CutoverError::state(problems.join("; "))) }
    }

    /// Refuses to go on from a position behind which the log isn't whole any more.
    pub(super) async fn check_log(&self, from: GtidSet) -> Result<(), CutoverError> {
        self.feed(from)?.probe().await.map_err(|error| {
            CutoverError::state(format!("the copy can't be gone on with ({error}): begin it anew, bascule resync"))
        })
    }

    fn feed(&self, from: GtidSet) -> Result<BinlogFeed, CutoverError> {
        Ok(BinlogFeed::new(self.source()?, from, self.config().spool.directory.clone()))
    }

    /// Starts the applier on the lane, at the stored position.
    pub(super) async fn start_applying(&self, facts: &Facts) -> Result<(), CutoverError> {
        match self.capture() {
            Some(capture) => self.replicator().start(capture.feed(facts.applied.clone())?, facts).await,
            None => {
                let feed = self.feed(facts.applied.clone())?;
                *self.log_health.lock().unwrap_or_else(PoisonError::into_inner) = Some(feed.health());
                self.replicator().start(feed, facts).await;
            }
        }
        Ok(())
    }

    /// Why the binary log can't be read for now, if it can't.
    pub(super) fn log_trouble(&self) -> Option<String> {
        let health = self.log_health.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = health.as_ref().and_then(|health| health.borrow().clone());
        trouble.map(|reason| format!("MySQL's binary log can't be read for now: {reason}"))
    }

    /// The part of a position that is done with: a branch of XA that is undecided isn't.
    pub(super) fn decided(&self, position: &GtidSet) -> GtidSet {
        position.without(&self.replicator().status().undecided)
    }

    /// Forgets what was captured before.
    pub(super) async fn forget_captured(&self) -> Result<(), CutoverError> {
        match self.capture() {
            Some(capture) => Ok(capture.reset().await?),
            None => Ok(()),
        }
    }

    /// Ends the recording.
    pub(super) fn stop_capture(&self, reason: &str) {
        if let Some(capture) = self.capture() {
            capture.stop(reason);
        }
    }

    /// Sessions are captured from their beginning on.
    pub(super) fn capture_again(&self) {
        if self.lane() == Lane::Statements {
            self.parts.control.start_capturing();
        }
    }

    /// A position up to which everything is known to the lane, once the earlier process' connections are gone.
    pub(super) async fn settled_position(&self, connections: Vec<u64>) -> Result<GtidSet, CutoverError> {
        match self.capture() {
            Some(capture) => {
                let executed = self.quiet_position().await?;
                capture.settle(connections, executed.clone()).await?;
                Ok(executed)
            }
            None => self.source_position().await,
        }
    }

    /// What MySQL has committed beyond `position`. The statement lane notices it by itself.
    pub(super) async fn written_since(&self, position: &GtidSet) -> Result<GtidSet, CutoverError> {
        match self.lane() {
            Lane::Statements => Ok(GtidSet::default()),
            Lane::Binlog => Ok(self.source_position().await?.minus(position)),
        }
    }
}
