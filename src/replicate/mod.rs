//! From the source to the target: the first copy ([`snapshot`]), then every committed transaction in MySQL's order.
//!
//! # What is promised
//! * Whole transactions, in the order of their GTIDs, each once: the rows and the applied GTID set commit in the same
//!   PostgreSQL transaction, and what is in the set is skipped.
//! * Never silently wrong: every statement's counts are compared with MySQL's answer before the commit. A table that
//!   can't be followed exactly is halted with the reason, durably, from the transaction that it misses; the others go
//!   on.
//! * A target that is down or overloaded costs nothing but time: what waits is in the lane, and the applier catches up
//!   by itself.
//!
//! # Groups
//! When it's behind, the applier puts many transactions into one PostgreSQL commit. That changes nothing but the
//! moments at which others can look: the order of statements is the same, and a crash leaves the position of the last
//! group. If anything in a group fails, its transactions are applied one by one.

mod batch;
mod execute;
mod expect;
mod layout;
pub mod mend;
mod pipeline;
mod plan;
mod prepare;
mod rows;
mod run;
pub mod snapshot;
mod status;
mod touched;
mod write_set;

pub use pipeline::Sizes;
pub use plan::Planner;
pub use prepare::{COPIED_LATER, FOLLOWED_ORIGIN, REDEFINED};
pub use status::{ApplyState, Status};

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::change::Feed;
use crate::config;
use crate::position::GtidSet;
use crate::schema::{Catalogue, TableName};
use crate::store::Facts;

use pipeline::Pipeline;
use prepare::State;
use run::Runner;
use status::Progress;

/// Why a wait for the applier ended without what was waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplicateError {
    /// Nothing is applied any more.
    #[error("changes aren't applied any more: {reason}")]
    Ended { reason: String },
    /// A barrier is for a position that has been passed.
    #[error("transactions beyond the position have been applied already")]
    Passed,
    /// One barrier at a time.
    #[error("another barrier is in force")]
    Busy,
}

/// Applies what a lane delivers. One for each target; starts and stops with the mirror.
pub struct Replicator {
    shared: Arc<Shared>,
    sizes: Sizes,
    running: Mutex<Option<Running>>,
}

impl std::fmt::Debug for Replicator {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Replicator").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// What the loop and its watchers share.
struct Shared {
    target: config::Target,
    planner: Arc<dyn Planner>,
    catalogue: Arc<ArcSwap<Catalogue>>,
    progress: watch::Sender<Progress>,
    /// Nothing beyond it may be applied.
    limit: watch::Sender<Option<GtidSet>>,
    edits: Mutex<Vec<Edit>>,
}

/// A change of the state that somebody else made durable while the applier stood.
struct Edit {
    applied: GtidSet,
    refreshed: Refreshed,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// What was copied again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// These tables.
    Tables(Vec<TableName>),
    /// Every table: gaps and losses before are made good too.
    Everything,
}

impl Replicator {
    /// An applier that stands. `catalogue` is shared with everybody who resolves names; DDL changes it.
    #[must_use]
    pub fn new(target: config::Target, catalogue: Arc<ArcSwap<Catalogue>>, planner: Arc<dyn Planner>) -> Arc<Self> {
        Self::with_sizes(target, catalogue, planner, Sizes::default())
    }

    /// The same with other sizes of groups.
    #[must_use]
    pub fn with_sizes(
        target: config::Target,
        catalogue: Arc<ArcSwap<Catalogue>>,
        planner: Arc<dyn Planner>,
        sizes: Sizes,
    ) -> Arc<Self> {
        let shared = Shared {
            target,
            planner,
            catalogue,
            progress: watch::Sender::new(Progress::default()),
            limit: watch::Sender::new(None),
            edits: Mutex::new(Vec::new()),
        };
        Arc::new(Self { shared: Arc::new(shared), sizes, running: Mutex::new(None) })
    }

    /// Starts applying what `feed` gives beyond the applied set of `facts`, which must be the store's and the position
    /// at which the feed was opened. Ends a run before.
    pub async fn start(&self, mut feed: impl Feed + 'static, facts: &Facts) {
        self.stop().await;
        let head = feed.head();
        let state = State {
            applied: facts.applied.clone(),
            undecided: GtidSet::default(),
            bypassed: facts.bypassed.clone(),
            halted: facts.tables.iter().cloned().collect::<BTreeMap<_, _>>(),
            lost: None,
            window: facts.window.clone().map(Arc::new),
        };
        self.shared.edits.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.progress.send_modify(|progress| {
            *progress = Progress { head, ..Progress::default() };
            progress.status.state = ApplyState::Running;
            progress.status.applied.clone_from(&state.applied);
            progress.status.bypassed.clone_from(&state.bypassed);
            progress.status.halted.clone_from(&state.halted);
        });
        let stop = CancellationToken::new();
        let runner = Runner {
            shared: Arc::clone(&self.shared),
            feed,
            waiting: VecDeque::new(),
            state,
            idle: Vec::new(),
            pipeline: Pipeline::new(self.sizes),
            attempted: None,
            stop: stop.clone(),
        };
        let task = tokio::spawn(runner.run());
        *self.lock() = Some(Running { stop, task });
    }

    /// Stops; a transaction under way is rolled back or was committed whole. The feed is given up.
    pub async fn stop(&self) {
        let running = self.lock().take();
        if let Some(Running { stop, task }) = running {
            stop.cancel();
            if let Err(error) = task.await {
                tracing::error!(%error, "the applier ended abnormally");
            }
        }
    }

    /// Everything that has been applied.
    #[must_use]
    pub fn applied(&self) -> GtidSet {
        self.shared.progress.borrow().status.applied.clone()
    }

    /// Waits until everything in `position` has been applied; woken by the applier, without polling.
    pub async fn wait_applied(&self, position: &GtidSet) -> Result<(), ReplicateError> {
        self.wait(|progress| progress.status.applied.contains_all(position)).await
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.progress.borrow().status()
    }

    /// Waits for a change of the status.
    pub async fn changed(&self) {
        // The sender lives as long as this.
        let _ = self.shared.progress.subscribe().changed().await;
    }

    /// Sets a limit at once: nothing beyond `position` is applied until the guard is dropped. Set it while commits are
    /// held, so that nothing beyond can have been applied.
    pub fn limit(self: &Arc<Self>, position: GtidSet) -> Result<Barrier, ReplicateError> {
        let mut busy = false;
        self.shared.limit.send_if_modified(|limit| {
            busy = limit.is_some();
            if !busy {
                *limit = Some(position.clone());
            }
            !busy
        });
        if busy {
            return Err(ReplicateError::Busy);
        }
        Ok(Barrier { shared: Arc::clone(&self.shared), position })
    }

    /// Waits until everything in `position` is applied, and keeps the applier from going on until the guard is
    /// dropped.
    pub async fn barrier(self: &Arc<Self>, position: GtidSet) -> Result<Barrier, ReplicateError> {
        let barrier = self.limit(position)?;
        barrier.reached().await?;
        Ok(barrier)
    }

    async fn wait(&self, reached: impl Fn(&Progress) -> bool) -> Result<(), ReplicateError> {
        wait(&self.shared, reached).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Replicator {
    fn drop(&mut self) {
        if let Some(running) = self.lock().take() {
            running.stop.cancel();
        }
    }
}

async fn wait(shared: &Shared, reached: impl Fn(&Progress) -> bool) -> Result<(), ReplicateError> {
    let mut progress = shared.progress.subscribe();
    let seen = progress.wait_for(|progress| reached(progress) || has_ended(progress)).await;
    match seen {
        Ok(progress) if reached(&progress) => Ok(()),
        Ok(progress) => {
            let reason = progress.status.last_error.clone().unwrap_or_else(|| "the applier is stopped".into());
            Err(ReplicateError::Ended { reason })
        }
        Err(_) => Err(ReplicateError::Ended { reason: "the applier is gone".into() }),
    }
}

fn has_ended(progress: &Progress) -> bool {
    match progress.status.state {
        ApplyState::Stopped | ApplyState::Failed => true,
        ApplyState::Running | ApplyState::Retrying | ApplyState::Paused => false,
    }
}

/// Nothing beyond its position is applied while it lives.
pub struct Barrier {
    shared: Arc<Shared>,
    position: GtidSet,
}

impl std::fmt::Debug for Barrier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Barrier").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Barrier {
    /// Where the applier stands, or will stand.
    #[must_use]
    pub const fn position(&self) -> &GtidSet {
        &self.position
    }

    /// Waits until exactly the position is applied.
    pub async fn reached(&self) -> Result<(), ReplicateError> {
        if !self.position.contains_all(&self.shared.progress.borrow().status.applied) {
            return Err(ReplicateError::Passed);
        }
        wait(&self.shared, |progress| progress.at_limit && progress.status.applied.contains_all(&self.position)).await
    }

    /// Tables were copied again, and the store says so already: `applied` is what they hold. Everything in it is
    /// skipped from now on, so it may go beyond the barrier's position only when every table was copied. Ends the
    /// barrier.
    pub fn reposition(self, applied: GtidSet, refreshed: Refreshed) {
        let edit = Edit { applied, refreshed };
        self.shared.edits.lock().unwrap_or_else(PoisonError::into_inner).push(edit);
        // Dropping the barrier wakes the applier.
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        self.shared.limit.send_replace(None);
    }
}
