//! The verbs of the flip, performed on the real parts, and rehearsed on them.
//!
//! A rehearsal drains, waits and checks exactly as the flip does, measures the pause that users would see, and then
//! releases everybody to MySQL without having written anything: the verbs from `sequences` on do nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::position::GtidSet;
use crate::route::{Mode, Shut};

use super::Director;
use super::steps::{Halt, Verbs};

/// Whether the flip is real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Perform,
    Rehearse,
}

/// A flip in progress. Dropping it opens the gate.
pub(super) struct Performer {
    director: Arc<Director>,
    purpose: Purpose,
    shut: Option<Shut>,
    /// When clients must be let go at the latest.
    deadline: Instant,
    epoch: u64,
}

impl Performer {
    pub(super) fn new(director: Arc<Director>, purpose: Purpose) -> Self {
        let epoch = director.route().epoch() + 1;
        Self { director, purpose, shut: None, deadline: Instant::now(), epoch }
    }

    /// Time left of the pause that the operator allowed.
    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Who is still inside a transaction, for the operator.
    fn stragglers(&self) -> String {
        let active = self.director.route().active_sessions();
        let named: Vec<String> = active
            .iter()
            .take(5)
            .map(|info| format!("{}@{} (connection {})", info.user, info.client, info.connection_id))
            .collect();
        format!("{} session(s) still inside a transaction: {}", active.len(), named.join(", "))
    }

    /// Makes the decision durable, or resolves that it wasn't made.
    async fn decide(&self, position: &GtidSet) -> Result<(), Halt> {
        self.director
            .marker()
            .note_flipping(self.epoch)
            .map_err(|error| Halt::new(format!("the local note can't be written: {error}")))?;
        let Err(error) = self.director.store().flip(self.epoch, position).await else { return Ok(()) };
        // The row may or may not be there: ask, as long as clients can be held.
        while self.left() > Duration::ZERO {
            match tokio::time::timeout(self.left(), self.director.store().load()).await {
                Ok(Ok(facts)) if facts.epoch == self.epoch && facts.mode == Mode::Postgres => return Ok(()),
                Ok(Ok(_)) => {
                    self.note_source()?;
                    return Err(Halt::new(format!("PostgreSQL refused the journal row: {error}")));
                }
                Ok(Err(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(_) => break,
            }
        }
        self.declare_void()?;
        Err(Halt::new(format!(
            "PostgreSQL can't be asked whether the flip was recorded ({error}); it is declared void"
        )))
    }

    /// Notes that MySQL goes on serving after a flip that surely wasn't recorded.
    fn note_source(&self) -> Result<(), Halt> {
        let route = self.director.route();
        let noted = self.director.marker().note_source(route.mode(), route.epoch());
        noted.map_err(|error| Halt::new(format!("the local note can't be written: {error}")))
    }

    /// Notes durably that this epoch's flip doesn't count, so that MySQL may go on serving.
    fn declare_void(&self) -> Result<(), Halt> {
        self.director
            .marker()
            .note_void(self.epoch)
            .map_err(|error| Halt::new(format!("the local note can't be written: {error}")))
    }
}

impl Verbs for Performer {
    async fn drain(&mut self) -> Result<(), Halt> {
        let limits = self.director.config().now().cutover.clone();
        self.deadline = Instant::now() + limits.pause_limit;
        let wait = limits.drain_limit.min(limits.pause_limit);
        match tokio::time::timeout(wait, self.director.route().shut()).await {
            Ok(shut) => {
                self.shut = Some(shut);
                Ok(())
            }
            Err(_) => Err(Halt::new(format!("after {} ms {}", wait.as_millis(), self.stragglers()))),
        }
    }

    async fn position(&mut self) -> Result<GtidSet, Halt> {
        match tokio::time::timeout(self.left(), self.director.source_position()).await {
            Ok(read) => read.map_err(|error| Halt::new(format!("MySQL's position can't be read: {error}"))),
            Err(_) => Err(Halt::new("MySQL didn't tell its position in time")),
        }
    }

    async fn catch_up(&mut self, position: &GtidSet) -> Result<(), Halt> {
        match tokio::time::timeout(self.left(), self.director.replicator().wait_applied(position)).await {
            Ok(applied) => applied.map_err(|error| Halt::new(format!("PostgreSQL can't catch up: {error}"))),
            Err(_) => Err(Halt::new(format!(
                "PostgreSQL is behind: not applied within the allowed pause: {}",
                position.minus(&self.director.replicator().applied())
            ))),
        }
    }

    async fn final_checks(&mut self, position: &GtidSet) -> Result<(), Halt> {
        match tokio::time::timeout(self.left(), self.director.written_since(position)).await {
            Ok(Ok(more)) if more.is_empty() => {}
            Ok(Ok(more)) => {
                return Err(Halt::new(format!("a writer bypasses the proxy ({more}): stop it, then flip")));
            }
            Ok(Err(error)) => return Err(Halt::new(format!("MySQL's position can't be read: {error}"))),
            Err(_) => return Err(Halt::new("MySQL didn't tell its position in time")),
        }
        match tokio::time::timeout(self.left(), self.director.red()).await.as_deref().map(<[_]>::first) {
            Ok(None) => Ok(()),
            Ok(Some(red)) => Err(Halt::new(format!("{}: {}", red.subject, red.reason))),
            Err(_) => Err(Halt::new("MySQL didn't tell in time what its sessions hold")),
        }
    }

    async fn sequences(&mut self) -> Result<(), Halt> {
        if self.purpose == Purpose::Rehearse {
            return Ok(());
        }
        match tokio::time::timeout(self.left(), self.director.move_sequences()).await {
            Ok(moved) => moved.map_err(|error| Halt::new(format!("sequences can't be moved: {error}"))),
            Err(_) => Err(Halt::new("sequences weren't moved in time")),
        }
    }

    async fn triggers(&mut self) -> Result<(), Halt> {
        if self.purpose == Purpose::Rehearse {
            return Ok(());
        }
        match tokio::time::timeout(self.left(), self.director.carry_triggers()).await {
            Ok(made) => made.map_err(|error| Halt::new(format!("triggers can't be made: {error}"))),
            Err(_) => Err(Halt::new("triggers weren't made in time")),
        }
    }

    async fn journal(&mut self, position: &GtidSet) -> Result<(), Halt> {
        match self.purpose {
            Purpose::Rehearse => Ok(()),
            Purpose::Perform => self.decide(position).await,
        }
    }

    fn swap(&mut self) {
        if self.purpose == Purpose::Perform {
            self.director.serve_from_target(self.epoch);
        }
    }

    fn reopen(&mut self) {
        self.shut = None;
    }
}
