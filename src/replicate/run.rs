//! The applier's loop: events in, transactions out.
//!
//! Transactions that hold nothing but rows go through the pipeline ([`super::pipeline`]), where the next group is made, and
//! may be executed, while one is under way. Everything else waits until the pipeline is empty and is applied here, one
//! PostgreSQL transaction after the other: definitions, statements, gaps, transactions of many rows, and groups that failed
//! in the pipeline. Only here tables are halted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::change::{Feed, LoggedChange, ManyRows, SourceEvent};
use crate::config::Target;
use crate::observe::without_values;
use crate::position::GtidSet;
use crate::schema::{Catalogue, TableName};
use crate::target::{Client, Request, TargetError};

use super::execute::{Execution, Failure};
use super::pipeline::Pipeline;
use super::prepare::{Builder, Prepared, State, gtids};
use super::status::{ApplyState, Progress};
use super::{Edit, Refreshed, Shared};

/// Transactions of statements in one PostgreSQL commit when the applier is behind.
const GROUP: usize = 128;
/// Bytes of events in a group; it's exceeded by a single large transaction only.
pub(super) const GROUP_BYTES: usize = 4 << 20;
/// Bytes that are read before they're applied.
const READ_AHEAD_BYTES: usize = 4 * GROUP_BYTES;
/// Events that are read in one turn of the loop.
const TURN: usize = 512;
/// First and last distance of attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(3));
/// Why the loop ends when the stored state is somebody else's.
pub(super) const FENCED: &str = "another Bascule decides about this target now";
const APPLICATION_NAME: &str = "bascule apply";

/// One run of the applier, from `start` to `stop`.
pub(super) struct Runner<F> {
    pub(super) shared: Arc<Shared>,
    pub(super) feed: F,
    /// Read, and in no group yet.
    pub(super) waiting: VecDeque<SourceEvent>,
    /// What is committed.
    pub(super) state: State,
    /// Connections that stand idle. All of them are of a time in which the stored position was as expected.
    pub(super) idle: Vec<Client>,
    pub(super) pipeline: Pipeline,
    /// What a commit would have led to whose answer hasn't come.
    pub(super) attempted: Option<(State, Arc<Catalogue>)>,
    pub(super) stop: CancellationToken,
}

/// Why the loop ends.
pub(super) enum End {
    Stopped,
    Failed(String),
}

/// Why a transaction wasn't applied.
pub(super) enum Trouble {
    Again(String),
    End(End),
}

impl<F: Feed> Runner<F> {
    /// Runs until it's stopped or can't go on.
    pub(super) async fn run(mut self) {
        let end = self.follow().await;
        self.settle().await;
        self.shared.progress.send_modify(|progress| {
            progress.at_limit = false;
            match end {
                End::Stopped => progress.status.state = ApplyState::Stopped,
                End::Failed(reason) => {
                    tracing::error!(
                        reason = without_values(&reason),
                        "changes aren't applied any more: a resync is needed"
                    );
                    progress.status.state = ApplyState::Failed;
                    progress.status.last_error = Some(reason);
                }
            }
        });
    }

    async fn follow(&mut self) -> End {
        let mut limit = self.shared.limit.subscribe();
        let mut delay = BACKOFF.0;
        loop {
            match self.turn(&mut limit).await {
                Ok(true) => delay = BACKOFF.0,
                Ok(false) => {}
                Err(Trouble::End(end)) => return end,
                Err(Trouble::Again(reason)) => {
                    self.retrying(&reason);
                    tokio::select! {
                        () = self.stop.cancelled() => return End::Stopped,
                        () = tokio::time::sleep(delay) => {}
                    }
                    delay = (delay * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// One turn of the loop. True when something was committed.
    async fn turn(&mut self, limit: &mut watch::Receiver<Option<GtidSet>>) -> Result<bool, Trouble> {
        if self.pipeline.is_empty() {
            self.take_edits();
        }
        let more = self.read().await.map_err(Trouble::End)?;
        self.recall_beyond(limit).await;
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Trouble::End(End::Stopped)),
            filled = self.fill(limit, more) => filled?,
        }
        self.publish(limit);
        if !self.pipeline.is_empty() {
            return self.watch_pipeline(limit, more).await;
        }
        let count = self.admissible(limit);
        if count == 0 {
            return self.idle(limit).await.map(|()| false).map_err(Trouble::End);
        }
        tokio::select! {
            () = stop.cancelled() => return Err(Trouble::End(End::Stopped)),
            applied = self.apply(count) => applied?,
        }
        self.pipeline.mended(count);
        self.waiting.drain(..count);
        self.publish(limit);
        self.feed.acknowledge(&self.state.applied).await;
        Ok(true)
    }

    /// Reads what is there without waiting. True when there may be more.
    async fn read(&mut self) -> Result<bool, End> {
        let mut bytes: usize = self.waiting.iter().map(weight).sum();
        for _ in 0..TURN {
            if self.waiting.len() >= 2 * self.pipeline.sizes.group.max(GROUP) || bytes >= READ_AHEAD_BYTES {
                return Ok(false);
            }
            match self.feed.ready().await {
                Ok(Some(event)) => {
                    bytes += weight(&event);
                    self.waiting.push_back(event);
                }
                Ok(None) => return Ok(false),
                // It's told again when it's waited for; what was read before must be applied first.
                Err(_) if !self.waiting.is_empty() || !self.pipeline.is_empty() => return Ok(false),
                Err(error) => return Err(End::Failed(error.to_string())),
            }
        }
        Ok(true)
    }

    /// Waits for something to do.
    async fn idle(&mut self, limit: &mut watch::Receiver<Option<GtidSet>>) -> Result<(), End> {
        if self.waiting.is_empty() {
            tokio::select! {
                () = self.stop.cancelled() => Err(End::Stopped),
                _ = limit.changed() => Ok(()),
                event = self.feed.next() => match event {
                    Ok(event) => {
                        self.waiting.push_back(event);
                        Ok(())
                    }
                    Err(error) => Err(End::Failed(error.to_string())),
                },
            }
        } else {
            tokio::select! {
                () = self.stop.cancelled() => Err(End::Stopped),
                _ = limit.changed() => Ok(()),
            }
        }
    }

    /// How many of the waiting events may be applied now, together, outside of the pipeline.
    fn admissible(&mut self, limit: &watch::Receiver<Option<GtidSet>>) -> usize {
        let limit = limit.borrow().clone();
        if let Some(limit) = &limit {
            self.split_first(limit);
        }
        let most = self.pipeline.to_mend().unwrap_or(GROUP);
        let mut bytes = 0;
        let within = self.waiting.iter().take(most).take_while(|event| {
            bytes += weight(event);
            bytes <= GROUP_BYTES && limit.as_ref().is_none_or(|limit| limit.contains_all(&gtids(event)))
        });
        let count = within.count();
        if count > 0 {
            return count;
        }
        // A single transaction beyond the size goes alone.
        let first = self.waiting.front();
        usize::from(first.is_some_and(|first| limit.as_ref().is_none_or(|limit| limit.contains_all(&gtids(first)))))
    }

    /// Cuts a gap that reaches over the limit in two.
    fn split_first(&mut self, limit: &GtidSet) {
        let Some(first) = self.waiting.front() else { return };
        let all = gtids(first);
        let beyond = all.minus(limit);
        let within = all.minus(&beyond);
        if beyond.is_empty() || within.is_empty() {
            return;
        }
        let piece = |gtids: GtidSet| match first {
            SourceEvent::Bypassed { .. } => Some(SourceEvent::Bypassed { gtids }),
            SourceEvent::InDoubt { candidates, .. } => {
                Some(SourceEvent::InDoubt { gtids, candidates: candidates.clone() })
            }
            SourceEvent::Transaction(_) | SourceEvent::Logged(_) | SourceEvent::Lost { .. } => None,
        };
        if let (Some(within), Some(beyond)) = (piece(within), piece(beyond)) {
            self.waiting.pop_front();
            self.waiting.push_front(beyond);
            self.waiting.push_front(within);
        }
    }

    /// Applies the first `count` events: together if that works, else in halves, down to those that fail.
    async fn apply(&mut self, count: usize) -> Result<(), Trouble> {
        let mut open = vec![(0, count)];
        while let Some((from, to)) = open.pop() {
            if to - from == 1 {
                self.apply_one(from).await?;
            } else if self.attempt(from, to, self.state.clone()).await?.is_some() {
                tracing::debug!(count = to - from, "a group of transactions is applied in halves");
                let middle = from + (to - from) / 2;
                open.push((middle, to));
                open.push((from, middle));
            }
        }
        Ok(())
    }

    /// Applies one event; tables that fail are halted, and the rest of the transaction is applied without them.
    async fn apply_one(&mut self, index: usize) -> Result<(), Trouble> {
        let mut state = self.state.clone();
        while let Some((tables, reason)) = self.attempt(index, index + 1, state.clone()).await? {
            let catalogue = self.shared.catalogue.load_full();
            let before = state.halted.len();
            tables.iter().for_each(|table| state.halt(table, &reason, &catalogue));
            if state.halted.len() == before {
                // The same failure again though its tables are left out: the cause isn't where it seems to be.
                state.halt_affected(&crate::change::Affected::All, &reason, &catalogue);
            }
            if state.halted.len() == before {
                return Err(Trouble::Again(reason));
            }
        }
        Ok(())
    }

    /// One PostgreSQL transaction. `Some` are tables that can't be followed, and why; nothing was committed then.
    async fn attempt(
        &mut self,
        from: usize,
        to: usize,
        state: State,
    ) -> Result<Option<(Vec<TableName>, String)>, Trouble> {
        let mut client = match self.idle.pop() {
            Some(client) => client,
            None => self.connect().await?,
        };
        let catalogue = self.shared.catalogue.load_full();
        // Another state than ours comes from an apply whose answer was lost.
        let state = if state.applied == self.state.applied { state } else { self.state.clone() };
        let result = self.transaction(&mut client, from..to, state, &catalogue).await;
        if client.is_usable() {
            self.attempted = None;
        }
        match result {
            Ok(prepared) => {
                self.adopt(prepared.state, prepared.catalogue);
                self.idle.push(client);
                self.committed(prepared.transactions, prepared.statements);
                Ok(None)
            }
            Err(Failure::Tables { tables, reason }) => {
                self.idle.push(client);
                Ok(Some((tables, reason)))
            }
            Err(Failure::Again(error)) => {
                // A connection that isn't idle again is dropped, and PostgreSQL rolls back. The position is asked anew.
                if client.is_usable() && !error.is_fatal() {
                    self.idle.push(client);
                } else {
                    self.idle.clear();
                }
                Err(Trouble::Again(error.to_string()))
            }
            Err(Failure::Unreadable(reason)) => Err(Trouble::End(End::Failed(reason))),
            Err(Failure::Fenced) => Err(Trouble::End(End::Failed(FENCED.to_owned()))),
            Err(Failure::Abandoned) => Err(Trouble::Again("a transaction was given up".to_owned())),
        }
    }

    /// Executes events as one transaction and commits it. The rows of a large one are sent as they're read.
    async fn transaction(
        &mut self,
        client: &mut Client,
        range: std::ops::Range<usize>,
        state: State,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Prepared, Failure> {
        let planner = Arc::clone(&self.shared.planner);
        let mut builder = Builder::new(state, catalogue, &*planner);
        let mut execution = Execution::new(client);
        for event in self.waiting.range(range) {
            let applied = builder.is_applied(&gtids(event));
            builder.event(event);
            for many in many_rows(event).filter(|_| !applied) {
                let mut position = 0;
                loop {
                    let read = many.0.read(position);
                    let Some((rows, next)) = (match read {
                        Ok(read) => read,
                        Err(error) => {
                            execution.abandon().await?;
                            return Err(Failure::Unreadable(error.to_string()));
                        }
                    }) else {
                        break;
                    };
                    position = next;
                    builder.rows(&rows);
                    if let Some(steps) = builder.take_steps(GROUP_BYTES) {
                        execution.run(&steps).await?;
                    }
                }
            }
        }
        let prepared = builder.finish(&self.state);
        execution.run(&prepared.steps).await?;
        self.attempted = Some((prepared.state.clone(), Arc::clone(&prepared.catalogue)));
        execution.commit().await?;
        Ok(prepared)
    }

    /// Connects, and asks for the position: a commit whose answer was lost may have happened.
    pub(super) async fn connect(&mut self) -> Result<Client, Trouble> {
        let again = |error: TargetError| Trouble::Again(error.to_string());
        let mut client = open(&self.shared.target).await.map_err(again)?;
        let answer = client.query(&Request::new("SELECT applied FROM bascule.state")).await.map_err(again)?;
        let text = answer.rows.first().and_then(|row| row.get(0)).and_then(|text| std::str::from_utf8(text).ok());
        let stored: GtidSet = text
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Trouble::End(End::Failed("the stored position can't be read".into())))?;
        if stored == self.state.applied {
            self.attempted = None;
            return Ok(client);
        }
        match self.attempted.take() {
            Some((state, catalogue)) if state.applied == stored => {
                self.adopt(state, catalogue);
                Ok(client)
            }
            Some(_) | None => {
                let reason =
                    "PostgreSQL holds another position than the one that was reached (restored or failed over?)";
                Err(Trouble::End(End::Failed(reason.into())))
            }
        }
    }

    /// A commit has happened.
    pub(super) fn adopt(&mut self, state: State, catalogue: Arc<Catalogue>) {
        // Views and routines are others' to change.
        self.shared.catalogue.rcu(|present| {
            let same = Arc::ptr_eq(present, &catalogue);
            if same { Arc::clone(&catalogue) } else { Arc::new(catalogue.with_definitions_of(present)) }
        });
        self.state = state;
    }

    fn edits(&self) -> std::sync::MutexGuard<'_, Vec<Edit>> {
        self.shared.edits.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Edits are made while everything stands at a limit, so nothing is under way.
    fn take_edits(&mut self) {
        let edits = std::mem::take(&mut *self.edits());
        for Edit { applied, refreshed } in edits {
            self.state.applied.union(&applied);
            match refreshed {
                Refreshed::Everything => {
                    self.state.halted.clear();
                    self.state.bypassed = GtidSet::default();
                    self.state.lost = None;
                }
                Refreshed::Tables(tables) => self.state.halted.retain(|table, _| !tables.contains(table)),
            }
        }
    }

    pub(super) fn committed(&self, transactions: u64, statements: u64) {
        self.shared.progress.send_modify(|progress| {
            let status = &mut progress.status;
            status.applied_transactions += transactions;
            status.applied_statements += statements;
            status.last_error = None;
            self.copy_state(progress);
        });
    }

    pub(super) fn publish(&self, limit: &watch::Receiver<Option<GtidSet>>) {
        let reached = limit.borrow().as_ref().is_some_and(|limit| self.state.reached().contains_all(limit));
        // Who waits at the limit reads the state too: what was edited before the limit was set must be in it. An edit's
        // barrier has ended by now, so the loop comes round again.
        let at_limit = reached && self.edits().is_empty() && self.pipeline.is_empty();
        let oldest = self.pipeline.first().or_else(|| self.waiting.front()).and_then(|event| match event {
            SourceEvent::Transaction(transaction) => transaction.statements.first().map(|first| first.time_micros),
            SourceEvent::Logged(transaction) => Some(transaction.committed_micros).filter(|micros| *micros > 0),
            SourceEvent::Bypassed { .. } | SourceEvent::InDoubt { .. } | SourceEvent::Lost { .. } => None,
        });
        self.shared.progress.send_modify(|progress| {
            self.copy_state(progress);
            progress.at_limit = at_limit;
            progress.oldest_micros = oldest;
            progress.status.waiting_transactions = (self.pipeline.events() + self.waiting.len()) as u64;
            progress.status.waiting_bytes = self.feed.backlog().bytes;
            if at_limit {
                progress.status.state = ApplyState::Paused;
            } else if progress.status.state != ApplyState::Retrying {
                progress.status.state = ApplyState::Running;
            }
        });
    }

    fn copy_state(&self, progress: &mut Progress) {
        let status = &mut progress.status;
        status.applied = self.state.reached();
        status.undecided.clone_from(&self.state.undecided);
        status.bypassed.clone_from(&self.state.bypassed);
        status.halted.clone_from(&self.state.halted);
        status.lost.clone_from(&self.state.lost);
        if status.last_error.is_none() && status.state == ApplyState::Retrying {
            status.state = ApplyState::Running;
        }
    }

    fn retrying(&self, reason: &str) {
        self.shared.progress.send_modify(|progress| {
            if progress.status.state != ApplyState::Retrying {
                tracing::warn!(
                    reason = without_values(reason),
                    "PostgreSQL doesn't take changes for now; they're kept and tried again"
                );
            }
            progress.status.state = ApplyState::Retrying;
            progress.status.last_error = Some(reason.to_owned());
        });
    }
}

/// Connects.
pub(super) async fn open(target: &Target) -> Result<Client, TargetError> {
    // Written under any server setting: dates in ISO form, instants in UTC, commits that a crash can't undo. Triggers
    // have been fired in MySQL. Whoever waits for a lock longer than this tells it and tries again.
    let settings = [
        ("synchronous_commit", "on"),
        ("DateStyle", "ISO"),
        ("TimeZone", "UTC"),
        ("bascule.repeats", "on"),
        ("lock_timeout", "3s"),
    ];
    Client::connect_with(target, APPLICATION_NAME, &settings).await
}

/// Rows of an event that are kept elsewhere.
fn many_rows(event: &SourceEvent) -> impl Iterator<Item = &ManyRows> {
    let changes = match event {
        SourceEvent::Logged(transaction) => transaction.changes.as_slice(),
        SourceEvent::Transaction(_)
        | SourceEvent::Bypassed { .. }
        | SourceEvent::InDoubt { .. }
        | SourceEvent::Lost { .. } => &[],
    };
    changes.iter().filter_map(|change| match change {
        LoggedChange::Many(many) => Some(many),
        LoggedChange::Rows(_) | LoggedChange::Statement(_) => None,
    })
}

/// Bytes of an event, roughly.
pub(super) fn weight(event: &SourceEvent) -> usize {
    match event {
        SourceEvent::Transaction(transaction) => {
            transaction.statements.iter().map(|statement| 64 + statement.text.len()).sum()
        }
        // One with rows elsewhere goes alone.
        SourceEvent::Logged(_) if many_rows(event).next().is_some() => GROUP_BYTES + 1,
        SourceEvent::Logged(transaction) => transaction.changes.iter().map(LoggedChange::weight).sum(),
        SourceEvent::Bypassed { .. } | SourceEvent::InDoubt { .. } | SourceEvent::Lost { .. } => 0,
    }
}
