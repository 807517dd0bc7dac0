//! The two gates and their counts. See the module doc of [`super`] for why the order of the steps matters.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::Route;
use crate::observe::Striped;

/// Closers and counts.
#[derive(Debug, Default)]
pub(super) struct Gates {
    shut: Gate,
    hold: Gate,
}

/// One gate: closed while anybody holds it closed.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closers: AtomicUsize,
    inside: Striped,
    opened: Notify,
    emptied: Notify,
}

impl Gate {
    /// Counts the caller in if the gate is open.
    fn try_enter(&self) -> bool {
        self.inside.increment();
        if self.closers.load(Ordering::SeqCst) == 0 {
            return true;
        }
        self.leave();
        false
    }

    /// Waits until the gate is open and counts the caller in.
    pub(super) async fn enter(&self) {
        while !self.try_enter() {
            let opened = self.opened.notified();
            tokio::pin!(opened);
            opened.as_mut().enable();
            if self.closers.load(Ordering::SeqCst) > 0 {
                opened.await;
            }
        }
    }

    /// Counts the caller out. Who waits for the last one counts again at each.
    pub(super) fn leave(&self) {
        self.inside.decrement();
        if self.closers.load(Ordering::SeqCst) > 0 {
            self.emptied.notify_waiters();
        }
    }

    fn close(&self) {
        self.closers.fetch_add(1, Ordering::SeqCst);
    }

    fn open(&self) {
        if self.closers.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.opened.notify_waiters();
        }
    }

    /// Waits until nobody is inside; the gate must be closed, or the answer is stale at once.
    async fn idle(&self) {
        loop {
            let emptied = self.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if self.inside.sum() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Gates {
    /// The gate that sessions pass at a transaction boundary.
    pub(super) const fn boundary(&self) -> &Gate {
        &self.shut
    }

    /// The gate that commits pass.
    pub(super) const fn commits(&self) -> &Gate {
        &self.hold
    }

    pub(super) async fn commits_idle(&self) {
        self.hold.idle().await;
    }

    pub(super) async fn sessions_idle(&self) {
        self.shut.idle().await;
    }
}

/// Commits are held while this lives.
#[derive(Debug)]
pub struct Hold {
    route: Arc<Route>,
}

impl Hold {
    pub(super) fn close(route: Arc<Route>) -> Self {
        route.gates.hold.close();
        Self { route }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.route.gates.hold.open();
    }
}

/// New transactions wait while this lives.
#[derive(Debug)]
pub struct Shut {
    route: Arc<Route>,
}

impl Shut {
    pub(super) fn close(route: Arc<Route>) -> Self {
        route.gates.shut.close();
        Self { route }
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        self.route.gates.shut.open();
    }
}
