//! A session's place in the registry and its way through the gates.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::info::{Blocker, Hindrance, SessionInfo, TransactionInfo, TransactionState};
use super::users::{Place, Users};
use super::{Route, ServingSide};

/// How a session stands after a command, in one byte: it's told after each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing(u8);

impl Standing {
    /// A transaction is open.
    pub const OPEN: Self = Self(1);
    /// A transaction may be open.
    pub const UNKNOWN: Self = Self(2);
    /// The transaction may only read.
    pub const READ_ONLY: Self = Self(4);
    /// The transaction has written.
    pub const WROTE: Self = Self(8);
    /// MySQL doesn't tell any more what the transaction does.
    pub const BLIND: Self = Self(16);
    /// The session commits each statement by itself.
    pub const AUTOCOMMIT: Self = Self(32);
    /// LOCK TABLES is in force.
    pub const LOCKED: Self = Self(64);
    /// SET TRANSACTION waits for its transaction.
    pub const NEXT_IS_SET: Self = Self(128);

    /// With another one, if `condition` holds.
    #[must_use]
    pub const fn with(self, other: Self, condition: bool) -> Self {
        if condition { Self(self.0 | other.0) } else { self }
    }

    /// Without one, if `condition` holds.
    #[must_use]
    pub const fn without(self, other: Self, condition: bool) -> Self {
        if condition { Self(self.0 & !other.0) } else { self }
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn transaction(self, seconds: f64) -> TransactionInfo {
        let state = match (self.has(Self::OPEN), self.has(Self::UNKNOWN)) {
            (_, true) => TransactionState::Unknown,
            (true, false) => TransactionState::Open,
            (false, false) => TransactionState::None,
        };
        let inside = state != TransactionState::None;
        TransactionInfo {
            state,
            read_only: inside && self.has(Self::READ_ONLY),
            wrote: match (self.has(Self::WROTE), inside && self.has(Self::BLIND)) {
                (true, _) => Some(true),
                (false, true) => None,
                (false, false) => Some(false),
            },
            next_is_set: self.has(Self::NEXT_IS_SET),
            seconds: inside.then_some(seconds),
        }
    }
}

/// The shared part of a session. What changes with each command is in atomics; the rest changes seldom.
#[derive(Debug)]
pub(super) struct Entry {
    /// 0 at a boundary, else 1 + the capture generation under which the transaction or statement began.
    state: AtomicU64,
    commands: AtomicU64,
    standing: AtomicU8,
    /// A command is under way.
    running: AtomicBool,
    /// When the last command was asked, and when the last transaction or statement began: microseconds after `opened`.
    asked: AtomicU64,
    began: AtomicU64,
    opened: Instant,
    info: Mutex<SessionInfo>,
}

impl Entry {
    fn new(info: SessionInfo) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            state: zero(),
            commands: zero(),
            standing: AtomicU8::new(0),
            running: AtomicBool::new(false),
            asked: zero(),
            began: zero(),
            opened: Instant::now(),
            info: Mutex::new(info),
        }
    }

    pub(super) fn info(&self) -> SessionInfo {
        let now = self.now();
        let since = |then: &AtomicU64| now.saturating_sub(then.load(Ordering::Relaxed)) as f64 / 1e6;
        // Before the standing: that of a command which isn't under way any more is there.
        let running = self.running.load(Ordering::Acquire);
        let standing = Standing(self.standing.load(Ordering::Relaxed));
        let mut info = self.lock().clone();
        info.active = self.state.load(Ordering::SeqCst) != 0;
        info.running = running;
        info.commands = self.commands.load(Ordering::Relaxed);
        info.seconds = Some(since(&self.asked));
        info.transaction = standing.transaction(since(&self.began));
        info.in_transaction = info.transaction.state != TransactionState::None;
        info.autocommit = info.autocommit.map(|_| standing.has(Standing::AUTOCOMMIT));
        info.tables_locked = standing.has(Standing::LOCKED);
        info
    }

    fn lock(&self) -> MutexGuard<'_, SessionInfo> {
        self.info.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX)
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
    /// Among the sessions of its user, once it has logged in.
    place: Option<Place>,
}

impl Session {
    pub(super) fn open(route: Arc<Route>, mut info: SessionInfo) -> Self {
        let id = route.next_session.fetch_add(1, Ordering::Relaxed);
        info.id = id;
        let entry = Arc::new(Entry::new(info));
        route.sessions.insert(id, Arc::clone(&entry));
        Self { route, entry, id, active: false, committing: false, captured: false, place: None }
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
        let now = self.entry.now();
        self.entry.asked.store(now, Ordering::Relaxed);
        self.entry.running.store(true, Ordering::Relaxed);
        if !self.active {
            self.entry.began.store(now, Ordering::Relaxed);
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

    /// The command has been answered; `in_transaction` says whether a transaction is still open.
    pub fn leave(&mut self, in_transaction: bool) {
        self.leave_as(in_transaction, Standing::default().with(Standing::OPEN, in_transaction));
    }

    /// The command has been answered. `inside` says whether the session must stay where it is, `standing` why, and what
    /// else is new of it.
    pub fn leave_as(&mut self, inside: bool, standing: Standing) {
        self.entry.standing.store(standing.0, Ordering::Relaxed);
        self.entry.running.store(false, Ordering::Release);
        if self.committing {
            self.committing = false;
            self.route.gates.commits().leave();
        }
        if self.active && !inside {
            self.active = false;
            self.entry.state.store(0, Ordering::SeqCst);
            self.route.gates.boundary().leave();
            // Who waits for a boundary has said so before it looks: a session that doesn't see it has left before.
            if self.route.settling.load(Ordering::SeqCst) > 0 {
                self.route.moved.notify_waiters();
            }
        }
    }

    /// Counts the session among those of `user`, instead of the one before, and tells the operator. False when the user has
    /// `most` sessions already: it's counted nowhere then.
    #[must_use]
    pub fn log_in(&mut self, user: &str, most: Option<usize>) -> bool {
        self.place = None;
        self.place = Users::take(&self.route.users, user, most.unwrap_or(usize::MAX));
        user.clone_into(&mut self.entry.lock().user);
        self.place.is_some()
    }

    /// Changes what the operator sees.
    pub fn update(&self, change: impl FnOnce(&mut SessionInfo)) {
        change(&mut self.entry.lock());
    }

    /// Notes something that would hinder a flip, or what is new of it. A certain one isn't made less certain.
    pub fn block(&self, hindrance: Hindrance) {
        self.update(|info| match info.blockers.iter_mut().find(|known| known.what == hindrance.what) {
            Some(known) if known.certain && !hindrance.certain => {}
            Some(known) => *known = hindrance,
            None => info.blockers.push(hindrance),
        });
    }

    /// Forgets blockers: all of them after COM_RESET_CONNECTION or COM_CHANGE_USER, or one that ended.
    pub fn unblock(&self, ended: impl Fn(Blocker) -> bool) {
        self.update(|info| info.blockers.retain(|hindrance| !ended(hindrance.what)));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.leave(false);
        self.route.sessions.remove(&self.id);
    }
}
