//! What the director knows and the operator asks about: phases, tables, the last attempts. Memory only; what must
//! survive is in the store.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::replicate::snapshot::Progress;
use crate::schema::TableName;

use super::api::{CutoverReport, MirrorPhase, TableState, TableStatus, VerifyProgress};

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
    pub(super) bytes: u64,
    pub(super) estimated: Option<u64>,
    pub(super) reason: Option<String>,
    /// When this process' first rows came, and how many were there before.
    began: Option<(Instant, u64)>,
    /// How long its copy took.
    took: Option<Duration>,
}

impl TableProgress {
    pub(super) const fn new(state: TableState) -> Self {
        Self { state, rows: 0, bytes: 0, estimated: None, reason: None, began: None, took: None }
    }

    /// Notes how far the copy is.
    pub(super) fn copied(&mut self, progress: &Progress) {
        self.state = if progress.done { TableState::Mirrored } else { TableState::Copying };
        self.estimated = Some(progress.estimated_rows);
        if progress.rows < self.rows {
            // It's copied again.
            self.began = None;
        }
        (self.rows, self.bytes) = (progress.rows, progress.bytes);
        let (began, _) = self.began.get_or_insert((Instant::now(), progress.rows));
        self.took = progress.done.then(|| began.elapsed());
    }

    /// Rows of a second, and the seconds that the rest will take at this rate, if MySQL's estimate is right.
    fn rate(&self) -> (Option<f64>, Option<f64>) {
        let Some((began, before)) = self.began else { return (None, None) };
        let seconds = self.took.unwrap_or_else(|| began.elapsed()).as_secs_f64();
        let rate = Some(self.rows.saturating_sub(before) as f64 / seconds).filter(|rate| *rate > 0.0 && seconds > 0.0);
        let left = self.estimated.map(|estimated| estimated.saturating_sub(self.rows));
        let left = rate.zip(left).filter(|_| self.state == TableState::Copying).map(|(rate, left)| left as f64 / rate);
        (rate.filter(|_| self.state == TableState::Copying), left)
    }

    /// As the operator sees it.
    pub(super) fn shown(&self, name: String) -> TableStatus {
        let (rows_per_second, seconds_left) = self.rate();
        TableStatus {
            name,
            state: self.state,
            reason: self.reason.clone(),
            rows_copied: self.rows,
            rows_estimated: self.estimated,
            bytes_copied: self.bytes,
            rows_per_second,
            seconds_left,
        }
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
