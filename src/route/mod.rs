//! Who serves a statement now: the mode, the gate and the registry of sessions.
//!
//! # Why a command can't slip past the gate
//! A session first counts itself (as active, or as committing) and then looks at the gate; whoever closes the gate
//! first closes it and then waits for the count to reach zero. Both use sequentially consistent atomics, so either
//! the session sees the closed gate and steps back, or the closer sees the session in the count and waits for it.
//! There is no third order. The count has a part for each thread; who is in it is in one part from before the gate was
//! closed, so the sum is zero only when nobody is.
//!
//! # Two gates
//! *Shut* stops sessions at a transaction boundary: transactions that are open go on to their end, nothing new
//! begins. It's the gate of the cutover. *Hold* stops only what can commit, also inside transactions, for
//! milliseconds: while it's held and nothing is in flight, MySQL's `gtid_executed` can't move through the proxy, so
//! a snapshot opened then has exactly that position. Both open when their guard is dropped, also by a panic or a
//! cancelled task.
//!
//! # Generations
//! Capturing starts at a transaction boundary of each session. Switching it on raises the capture generation;
//! a transaction carries the generation under which it began, and the snapshot waits until none is older.

mod gate;
mod info;
mod session;
mod users;

pub use gate::{Hold, Shut};
pub use info::{Blocker, Hindrance, SessionInfo, TransactionInfo, TransactionState, some_of};
pub use session::{Admission, Session, Standing};

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// The operator's mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// MySQL serves; nothing is captured. Set by the operator; survives a restart.
    Passthrough,
    /// MySQL serves; writes are captured and replayed. Set by the operator; survives a restart.
    Mirror,
    /// PostgreSQL serves. Set by the cutover, or from the start without a source; survives a restart.
    Postgres,
}

impl Mode {
    /// The name used on the command line, in the API and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passthrough => "passthrough",
            Self::Mirror => "mirror",
            Self::Postgres => "postgres",
        }
    }

    const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Passthrough,
            1 => Self::Mirror,
            _ => Self::Postgres,
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Passthrough => 0,
            Self::Mirror => 1,
            Self::Postgres => 2,
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

/// Which database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServingSide {
    Source,
    Target,
}

/// The shared state behind every session's decision. Reading it is cheap; only [`Control`] changes it.
#[derive(Debug)]
pub struct Route {
    mode: AtomicU8,
    epoch: AtomicU64,
    /// 0 while nothing is captured; raised each time capturing starts.
    generation: AtomicU64,
    /// The highest generation ever given out.
    last_generation: AtomicU64,
    gates: gate::Gates,
    sessions: DashMap<u64, Arc<session::Entry>>,
    next_session: AtomicU64,
    users: Arc<users::Users>,
    /// Wakes those who wait for a session to reach a boundary.
    moved: Notify,
    /// How many those are: each command would ask [`Route::moved`], which has a lock.
    settling: AtomicUsize,
}

/// The right to change the mode. There is one, and `cutover` holds it.
#[derive(Debug)]
pub struct Control {
    route: Arc<Route>,
}

impl Route {
    /// A route in `mode`, and the only handle that can change it.
    #[must_use]
    pub fn new(mode: Mode, epoch: u64) -> (Arc<Self>, Control) {
        let route = Arc::new(Self {
            mode: AtomicU8::new(mode.byte()),
            epoch: AtomicU64::new(epoch),
            generation: AtomicU64::new(0),
            last_generation: AtomicU64::new(0),
            gates: gate::Gates::default(),
            sessions: DashMap::new(),
            next_session: AtomicU64::new(1),
            users: Arc::default(),
            moved: Notify::new(),
            settling: AtomicUsize::new(0),
        });
        let control = Control { route: Arc::clone(&route) };
        (route, control)
    }

    /// The mode now.
    #[must_use]
    pub fn mode(&self) -> Mode {
        Mode::from_byte(self.mode.load(Ordering::SeqCst))
    }

    /// Raised by each flip.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Who answers a session that is at a transaction boundary.
    #[must_use]
    pub fn serving(&self) -> ServingSide {
        match self.mode() {
            Mode::Passthrough | Mode::Mirror => ServingSide::Source,
            Mode::Postgres => ServingSide::Target,
        }
    }

    /// True while new transactions are captured.
    #[must_use]
    pub fn capturing(&self) -> bool {
        self.generation.load(Ordering::SeqCst) != 0
    }

    /// Registers a session. It leaves the registry when the handle is dropped.
    #[must_use]
    pub fn open_session(self: &Arc<Self>, info: SessionInfo) -> Session {
        Session::open(Arc::clone(self), info)
    }

    /// What every session is doing, ordered by id.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        let mut all: Vec<SessionInfo> = self.sessions.iter().map(|entry| entry.value().info()).collect();
        all.sort_by_key(|info| info.id);
        all
    }

    /// Number of registered sessions.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Holds everything that can commit and waits until nothing that can commit is in flight. Commits go on when
    /// the guard is dropped. The caller bounds the wait; dropping the future lets go.
    pub async fn hold_commits(self: &Arc<Self>) -> Hold {
        let hold = Hold::close(Arc::clone(self));
        self.gates.commits_idle().await;
        hold
    }

    /// Shuts the gate for new transactions and autocommit statements, and waits until no session is inside one.
    /// The caller bounds the wait; dropping the future lets go.
    pub async fn shut(self: &Arc<Self>) -> Shut {
        let shut = Shut::close(Arc::clone(self));
        self.gates.sessions_idle().await;
        shut
    }

    /// Sessions that are inside a transaction or statement now: what a drain waits for.
    #[must_use]
    pub fn active_sessions(&self) -> Vec<SessionInfo> {
        self.sessions().into_iter().filter(|info| info.active).collect()
    }
}

impl Control {
    /// The route it controls.
    #[must_use]
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// Sets the mode and the epoch. For a flip the gate must be shut, which holding a [`Shut`] proves; the other
    /// modes all serve from the source and need no gate.
    pub fn set_mode(&self, mode: Mode, epoch: u64) {
        self.route.epoch.store(epoch, Ordering::SeqCst);
        self.route.mode.store(mode.byte(), Ordering::SeqCst);
    }

    /// Starts capturing: transactions that begin from now on are captured whole.
    pub fn start_capturing(&self) {
        let generation = self.route.last_generation.fetch_add(1, Ordering::SeqCst) + 1;
        self.route.generation.store(generation, Ordering::SeqCst);
    }

    /// Stops capturing.
    pub fn stop_capturing(&self) {
        self.route.generation.store(0, Ordering::SeqCst);
    }

    /// Waits until every open transaction began under the present generation. The caller bounds the wait.
    pub async fn generation_settled(&self) {
        let _settling = Settling::new(&self.route.settling);
        let generation = self.route.generation.load(Ordering::SeqCst);
        loop {
            let moved = self.route.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            if !self.route.sessions.iter().any(|entry| entry.value().older_than(generation)) {
                return;
            }
            moved.await;
        }
    }
}

/// Counted among those who wait, while it lives.
struct Settling<'a>(&'a AtomicUsize);

impl<'a> Settling<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
