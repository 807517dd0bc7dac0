//! Giving this process' place to another one, and taking that of another.
//!
//! # What has one owner
//! The store's lock in PostgreSQL, the spool, the applier with its position, the note of the mode, and the right to change
//! the mode. They stay with the process that goes until its last session has ended; then they're free, as after any
//! orderly end, and the new process takes them up as any start does. So there is never a moment with two owners, and what
//! was open in the old process at the end is settled by the same steps as after a restart.
//!
//! # What the old one promises
//! From the moment it agrees until it's gone nothing changes: it holds the operations' turn ([`Leave`]), so no mode is set, no
//! flip is begun and no table is copied again, in either process. The new one can't flip before it has the store, and it
//! has that only when the old one's sessions are gone.
//!
//! # What it waits for, and what it doesn't
//! Operations that would be lost half-way are refused by name: a flip, a resync, a comparison, and the copy of the
//! statement lane, which begins anew after a restart. The copy of the row lane goes on with the parts that are missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::capture::Recovery;
use crate::config::Lane;
use crate::observe::{with_causes, without_values};
use crate::route::{Mode, Shut};
use crate::store::StoreError;

use super::api::{MirrorPhase, OperationError, Refusal};
use super::recover::{RETRY, Start};
use super::{CutoverError, Desk, Director};

/// How long PostgreSQL may take to notice that the connections of the process before are gone.
const NOTICE: Duration = Duration::from_secs(20);

/// While this lives, no operation begins.
#[derive(Debug)]
pub struct Leave {
    director: Arc<Director>,
    _turn: OwnedMutexGuard<()>,
    _comparison: OwnedMutexGuard<()>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.director.leaving.store(false, Ordering::SeqCst);
    }
}

impl Desk {
    /// Stops operations from beginning, so that another process can take this one's place.
    ///
    /// # Errors
    /// What is under way and can't be gone on with there.
    pub fn leave(&self) -> Result<Leave, OperationError> {
        let director = &self.0;
        let under_way = |what: &str| {
            OperationError::new(Refusal::NotNow, format!("{what}: it would be lost half-way by a hand-over"))
                .hint("bascule status, then try again")
        };
        let turn = Arc::clone(&director.turn).try_lock_owned();
        let turn = turn.map_err(|_| {
            let leaving = director.leaving.load(Ordering::SeqCst);
            let which = if leaving { "another hand-over" } else { "a flip, a change of mode or a resync" };
            under_way(&format!("an operation ({which}) is under way"))
        })?;
        let comparison = Arc::clone(&director.comparison).try_lock_owned();
        let comparison = comparison.map_err(|_| under_way("a comparison is under way"))?;
        let phase = director.picture.lock().phase;
        if director.route().mode() == Mode::Mirror && director.lane() == Lane::Statements {
            match phase {
                Some(MirrorPhase::Preparing | MirrorPhase::Copying) => {
                    return Err(under_way("the copy of existing rows is under way, and would begin anew"));
                }
                Some(MirrorPhase::CatchingUp | MirrorPhase::Streaming | MirrorPhase::Halted) | None => {}
            }
        }
        director.leaving.store(true, Ordering::SeqCst);
        Ok(Leave { director: Arc::clone(director), _turn: turn, _comparison: comparison })
    }
}

impl Director {
    /// Forwards as the process before does, of which sessions may be at work still: nothing is captured, and nobody may
    /// change the mode until [`Director::succeed`]. Where sessions are captured, the gate stays shut as long, so that only
    /// one process ever executes.
    ///
    /// # Errors
    /// When PostgreSQL serves: then there's one set of sessions at a time.
    pub async fn stand_in(&self, mode: Mode, epoch: u64, lane_before: Lane) -> Result<Option<Shut>, CutoverError> {
        self.source()?;
        let captured = self.lane() == Lane::Statements || lane_before == Lane::Statements;
        let shut = match mode {
            Mode::Postgres => return Err(CutoverError::state("PostgreSQL serves")),
            Mode::Mirror if captured => Some(self.route().shut().await),
            Mode::Mirror | Mode::Passthrough => None,
        };
        self.parts.control.set_mode(mode, epoch);
        Ok(shut)
    }

    /// Waits until PostgreSQL has noticed that the process before is gone, which had the store.
    pub async fn await_store(&self) {
        let deadline = tokio::time::Instant::now() + NOTICE;
        while let Err(StoreError::Driven) = self.store().open().await {
            if tokio::time::Instant::now() > deadline {
                return;
            }
            tokio::time::sleep(RETRY / 10).await;
        }
    }

    /// The start of a process that forwards already, after its predecessor has ended. What can't be taken up is told;
    /// forwarding goes on.
    pub async fn succeed(self: &Arc<Self>, recovery: Option<Recovery>) {
        self.await_store().await;
        match self.start(recovery).await {
            Ok(Start::Known) => {}
            Ok(Start::SourceOnly) => tracing::warn!("PostgreSQL is away; the mirror is taken up when it is back"),
            Err(error) => {
                let error = with_causes(&error);
                tracing::error!(error = without_values(&error), "the mirror can't be taken up; forwarding goes on");
                self.stop_capture(&format!("the mirror couldn't be taken up: {error}"));
                self.picture.halt(error);
            }
        }
    }
}
