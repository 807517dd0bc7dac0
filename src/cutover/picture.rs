//! What the director knows and the operator asks about: phases, tables, the last attempts. Memory only; what must
//! survive is in the store.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::schema::TableName;

use super::api::{CutoverReport, MirrorPhase, TableState, VerifyProgress};

/// The picture, behind a lock that is never held across an await.
#[derive(Debug, Default)]
pub(super) struct Picture(Mutex<Inner>);

/// Its content.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// `None` while nothing is mirrored.
    pub(super) phase: Option<MirrorPhase>,
    /// Why it's halted.
    pub(super) reason: Option<String>,
    pub(super) tables: BTreeMap<TableName, TableProgress>,
    pub(super) last_cutover: Option<CutoverReport>,
    pub(super) verifying: Option<VerifyProgress>,
    pub(super) last_verified: Option<Verified>,
    /// Found at the start of mirroring and worth a look.
    pub(super) findings: Vec<String>,
    /// What isn't carried although rows depend on it, as of the last look before a flip.
    pub(super) left_behind: Vec<LeftBehind>,
    /// Views and routines that can't be carried, with the reason.
    pub(super) definitions: Vec<String>,
}

/// What the last comparison found, in numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified {
    pub(super) at: std::time::Instant,
    pub(super) tables: u64,
    pub(super) rows: u64,
    pub(super) differences: u64,
    pub(super) skipped: u64,
}

/// Something of the source that PostgreSQL won't have.
#[derive(Clone, Debug)]
pub(super) struct LeftBehind {
    /// One of [`crate::config::LEFT_BEHIND`].
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) reason: String,
}

/// A table's copy.
#[derive(Clone, Debug)]
pub(super) struct TableProgress {
    pub(super) state: TableState,
    pub(super) rows: u64,
    pub(super) estimated: Option<u64>,
    pub(super) reason: Option<String>,
}

impl TableProgress {
    pub(super) const fn new(state: TableState) -> Self {
        Self { state, rows: 0, estimated: None, reason: None }
    }
}

impl Picture {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a phase.
    pub(super) fn phase(&self, phase: MirrorPhase) {
        let mut inner = self.lock();
        inner.phase = Some(phase);
        inner.reason = None;
    }

    /// Halts mirroring with a reason; forwarding goes on.
    pub(super) fn halt(&self, reason: String) {
        let mut inner = self.lock();
        inner.phase = Some(MirrorPhase::Halted);
        inner.reason = Some(reason);
    }

    /// Nothing is mirrored any more.
    pub(super) fn idle(&self) {
        let mut inner = self.lock();
        inner.phase = None;
        inner.reason = None;
        inner.tables.clear();
        inner.findings.clear();
        inner.definitions.clear();
        inner.left_behind.clear();
        inner.last_verified = None;
    }
}
