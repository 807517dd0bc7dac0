//! A session's place in the registry and its way through the gates.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::users::{Place, Users};
use super::{Route, ServingSide};

/// Why a session can't be carried over a flip as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// CREATE TEMPORARY TABLE was used.
    TemporaryTables,
    /// LOCK TABLES is in force.
    LockedTables,
    /// GET_LOCK was used.
    NamedLocks,
    /// `@x` was assigned: its value lives in MySQL only.
    UserVariables,
    /// A text-protocol PREPARE was used.
    TextPrepared,
    /// XA START was used.
    Xa,
    /// A server-side cursor is open.
    OpenCursor,
    /// A statement that Bascule doesn't understand ran, so the session's state isn't fully known.
    UnknownStatement,
}

/// What the operator sees of a session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Bascule's own number of the session.
    pub id: u64,
    /// MySQL's connection id that the client sees; 0 before it's known.
    pub connection_id: u64,
    pub user: String,
    /// The client's address.
    pub client: String,
    pub database: Option<String>,
    /// Inside a transaction or statement.
    pub active: bool,
    /// Inside a transaction.
    pub in_transaction: bool,
    /// Commands so far.
    pub commands: u64,
    /// What would hinder a flip of this session.
    pub blockers: Vec<Blocker>,
}

/// The shared part of a session.
#[derive(Debug)]
pub(super) struct Entry {
    /// 0 at a boundary, else 1 + the capture generation under which the transaction or statement began.
    state: AtomicU64,
    commands: AtomicU64,
    info: Mutex<SessionInfo>,
}

impl Entry {
    pub(super) fn info(&self) -> SessionInfo {
        let mut info = self.info.lock().unwrap_or_else(PoisonError::into_inner).clone();
        info.active = self.state.load(Ordering::SeqCst) != 0;
        info.commands = self.commands.load(Ordering::Relaxed);
        info
    }

    /// True when it's inside a transaction that began before `generation`.
    pub(super) fn older_than(&self, generation: u64) -> bool {
        let state = self.state.load(Ordering::SeqCst);
        state != 0 && state - 1 < generation
    }
}

/// How a command was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Who answers it.
    pub side: ServingSide,
    /// True when the transaction that it belongs to is captured.
    pub captured: bool,
}

/// A session's handle; owned by the session's task.
///
/// Around each command: [`Session::enter`], the command, [`Session::leave`]. Dropping the handle at any moment
/// leaves the counts right.
#[derive(Debug)]
pub struct Session {
    route: Arc<Route>,
    entry: Arc<Entry>,
    id: u64,
    active: bool,
    committing: bool,
    captured: bool,
    /// As the operator was told.
    in_transaction: bool,
    /// Among the sessions of its user, once it has logged in.
    place: Option<Place>,
}

impl Session {
    pub(super) fn open(route: Arc<Route>, mut info: SessionInfo) -> Self {
        let id = route.next_session.fetch_add(1, Ordering::Relaxed);
        info.id = id;
        let entry = Arc::new(Entry { state: AtomicU64::new(0), commands: AtomicU64::new(0), info: Mutex::new(info) });
        route.sessions.insert(id, Arc::clone(&entry));
        Self { route, entry, id, active: false, committing: false, captured: false, in_transaction: false, place: None }
    }

    /// Bascule's number of this session.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// True between [`Session::enter`] and the [`Session::leave`] that reports no open transaction.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.active
    }

    /// Waits for the gates and says who answers. `may_commit` is true for everything that can commit on the source:
    /// COMMIT, writes under autocommit, DDL, CALL, and whatever isn't understood.
    ///
    /// Cancelling the wait leaves the session where it was.
    pub async fn enter(&mut self, may_commit: bool) -> Admission {
        if !self.active {
            self.route.gates.boundary().enter().await;
            self.active = true;
            self.captured = self.begin();
        }
        let side = self.route.serving();
        if may_commit && side == ServingSide::Source && !self.committing {
            self.route.gates.commits().enter().await;
            self.committing = true;
        }
        self.entry.commands.fetch_add(1, Ordering::Relaxed);
        Admission { side, captured: self.captured }
    }

    /// Marks the session active under the present generation and returns whether it is captured.
    fn begin(&self) -> bool {
        loop {
            let generation = self.route.generation.load(Ordering::SeqCst);
            self.entry.state.store(generation + 1, Ordering::SeqCst);
            if self.route.generation.load(Ordering::SeqCst) == generation {
                return generation != 0;
            }
            self.route.moved.notify_waiters();
        }
    }

    /// The command has been answered; `in_transaction` says whether MySQL still has a transaction open.
    pub fn leave(&mut self, in_transaction: bool) {
        if self.committing {
            self.committing = false;
            self.route.gates.commits().leave();
        }
        if self.active && !in_transaction {
            self.active = false;
            self.entry.state.store(0, Ordering::SeqCst);
            self.route.gates.boundary().leave();
            // Who waits for a boundary has said so before it looks: a session that doesn't see it has left before.
            if self.route.settling.load(Ordering::SeqCst) > 0 {
                self.route.moved.notify_waiters();
            }
        }
        if self.in_transaction != in_transaction
            && let Ok(mut info) = self.entry.info.try_lock()
        {
            (self.in_transaction, info.in_transaction) = (in_transaction, in_transaction);
        }
    }

    /// Counts the session among those of `user`, instead of the one before, and tells the operator. False when the user has
    /// `most` sessions already: it's counted nowhere then.
    #[must_use]
    pub fn log_in(&mut self, user: &str, most: Option<usize>) -> bool {
        self.place = None;
        self.place = Users::take(&self.route.users, user, most.unwrap_or(usize::MAX));
        user.clone_into(&mut self.entry.info.lock().unwrap_or_else(PoisonError::into_inner).user);
        self.place.is_some()
    }

    /// Changes what the operator sees.
    pub fn update(&self, change: impl FnOnce(&mut SessionInfo)) {
        change(&mut self.entry.info.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes something that would hinder a flip.
    pub fn block(&self, blocker: Blocker) {
        self.update(|info| {
            if !info.blockers.contains(&blocker) {
                info.blockers.push(blocker);
            }
        });
    }

    /// Forgets blockers: all of them after COM_RESET_CONNECTION or COM_CHANGE_USER, or one that ended.
    pub fn unblock(&self, ended: impl Fn(Blocker) -> bool) {
        self.update(|info| info.blockers.retain(|&blocker| !ended(blocker)));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.leave(false);
        self.route.sessions.remove(&self.id);
    }
}
