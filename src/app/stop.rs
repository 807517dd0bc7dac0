//! The orderly end: no more clients, sessions to the end of their transaction, the rest cut off, then the mirror.
//!
//! The order matters. Whatever sessions commit must reach the spool before it's closed, so the door ends before the
//! mirror does; the operator's door is open until the end, so that it can be asked how far it is.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::config::Live;
use crate::frontend::OpenDoor;
use crate::frontend::serve::Serving;
use crate::observe::shortened;
use crate::replicate::Replicator;
use crate::route::{Route, SessionInfo};

/// How long background work may take to end.
const WORK_PATIENCE: Duration = Duration::from_secs(10);
/// How long statements that are cancelled in PostgreSQL may take to answer.
const CANCEL_PATIENCE: Duration = Duration::from_secs(2);
/// How long busy clients may go on between two transactions while others wait for this process' end.
const AWAITED_PATIENCE: Duration = Duration::from_secs(2);
/// How often it's told how many sessions are left.
const PROGRESS: Duration = Duration::from_secs(5);
/// Sessions that are named when they're cut off.
const NAMED: usize = 20;

/// What ends, and how.
pub(super) struct Ending {
    pub(super) config: Arc<Live>,
    pub(super) route: Arc<Route>,
    pub(super) serving: Arc<Serving>,
    pub(super) replicator: Arc<Replicator>,
    /// No more clients, and sessions end between two transactions when their client is silent.
    pub(super) sessions: CancellationToken,
    /// Sessions end between two transactions.
    pub(super) boundary: CancellationToken,
    /// Sessions end wherever they are.
    pub(super) cut: CancellationToken,
    /// Everything else ends.
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// How the end comes, which says how long busy clients may go on between two transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// By its operator: nobody takes care of clients after this.
    Ordered,
    /// Another process serves beside this one.
    BesideAnother,
    /// Another process has the clients that come, and they wait for this one's end.
    AwaitedByAnother,
}

impl Manner {
    /// The time in which a session ends only when its client is silent.
    fn patience(self, limit: Duration) -> Duration {
        match self {
            Self::Ordered => Duration::ZERO,
            Self::BesideAnother => limit / 2,
            Self::AwaitedByAnother => AWAITED_PATIENCE.min(limit / 2),
        }
    }
}

impl Ending {
    /// Ends everything in order.
    pub(super) async fn run(self, door: OpenDoor, manner: Manner) {
        let limit = self.config.load().listen.limits.shutdown_timeout;
        let patience = manner.patience(limit);
        if patience.is_zero() {
            self.boundary.cancel();
        }
        self.sessions.cancel();
        let count = self.route.session_count();
        let now = match manner {
            Manner::Ordered => "no more clients are let in; sessions may finish",
            Manner::BesideAnother | Manner::AwaitedByAnother => "clients go to the other process; sessions may finish",
        };
        info!(sessions = count, limit_seconds = limit.as_secs(), "{now}");
        let closed = door.closed();
        tokio::pin!(closed);
        let impatient = tokio::time::sleep(patience);
        tokio::pin!(impatient);
        let over = tokio::time::sleep(limit);
        tokio::pin!(over);
        let mut progress = tokio::time::interval_at(tokio::time::Instant::now() + PROGRESS, PROGRESS);
        loop {
            tokio::select! {
                () = &mut closed => break,
                () = &mut over => {
                    self.tell_cut();
                    // PostgreSQL lets go of what it executes, and the sessions tell their clients.
                    let served = tokio::time::timeout(CANCEL_PATIENCE, self.serving.cut()).await.unwrap_or(1);
                    if served > 0 && tokio::time::timeout(CANCEL_PATIENCE, &mut closed).await.is_ok() {
                        break;
                    }
                    self.cut.cancel();
                    if tokio::time::timeout(CANCEL_PATIENCE, &mut closed).await.is_err() {
                        warn!("some sessions didn't end");
                    }
                    break;
                }
                () = &mut impatient, if !self.boundary.is_cancelled() => self.boundary.cancel(),
                _ = progress.tick() => info!(sessions = self.route.session_count(), "waiting for sessions to end"),
            }
        }
        self.shutdown.cancel();
        self.replicator.stop().await;
        self.tasks.close();
        if tokio::time::timeout(WORK_PATIENCE, self.tasks.wait()).await.is_err() {
            warn!("some background work didn't end in time");
        }
    }

    /// The limit has passed: whoever is left is named.
    fn tell_cut(&self) {
        let left = self.route.sessions();
        warn!(sessions = left.len(), which = named(&left), "sessions didn't end in time and are cut off");
    }
}

/// Sessions in one line, for the log.
fn named(sessions: &[SessionInfo]) -> String {
    let mut text = String::new();
    for info in sessions.iter().take(NAMED) {
        let state = if info.in_transaction { "in transaction" } else { "in statement" };
        let comma = if text.is_empty() { "" } else { ", " };
        let user = shortened(&info.user, 32);
        // Writing into a string can't fail.
        let _ = write!(text, "{comma}{} ({user}@{}, {state})", info.connection_id, info.client);
    }
    if sessions.len() > NAMED {
        let _ = write!(text, " and {} more", sessions.len() - NAMED);
    }
    text
}
