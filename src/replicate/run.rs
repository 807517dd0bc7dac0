//! The applier's loop: events in, transactions out, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::change::{Feed, LoggedChange, ManyRows, SourceEvent};
use crate::position::GtidSet;
use crate::schema::{Catalogue, TableName};
use crate::target::{Client, Request, TargetError};

use super::execute::{Execution, Failure};
use super::prepare::{Builder, Prepared, State, gtids};
use super::status::{ApplyState, Progress};
use super::{Edit, Refreshed, Shared};

/// Transactions in one PostgreSQL commit when the applier is behind.
const GROUP: usize = 128;
/// Bytes of statement text in a group; it's exceeded by a single large transaction only.
const GROUP_BYTES: usize = 4 << 20;
/// Bytes that are read before they're applied.
const READ_AHEAD: usize = 4 * GROUP_BYTES;
/// First and last distance of attempts.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(3));
const APPLICATION_NAME: &str = "bascule apply";

/// One run of the applier, from `start` to `stop`.
pub(super) struct Runner<F> {
    pub(super) shared: Arc<Shared>,
    pub(super) feed: F,
    pub(super) waiting: VecDeque<SourceEvent>,
    pub(super) state: State,
    pub(super) client: Option<Client>,
    /// What a commit would have led to whose answer hasn't come.
    pub(super) attempted: Option<(State, Arc<Catalogue>)>,
    pub(super) stop: CancellationToken,
}

/// Why the loop ends.
enum End {
    Stopped,
    Failed(String),
}

/// Why a transaction wasn't applied.
enum Trouble {
    Again(String),
    End(End),
}

impl<F: Feed> Runner<F> {
    /// Runs until it's stopped or can't go on.
    pub(super) async fn run(mut self) {
        let end = self.follow().await;
        self.shared.progress.send_modify(|progress| {
            progress.at_limit = false;
            match end {
                End::Stopped => progress.status.state = ApplyState::Stopped,
                End::Failed(reason) => {
                    tracing::error!(%reason, "changes aren't applied any more: a resync is needed");
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
            self.take_edits();
            if let Err(end) = self.read().await {
                return end;
            }
            let count = self.admissible(&limit);
            self.publish(&limit);
            if count == 0 {
                match self.idle(&mut limit).await {
                    Ok(()) => continue,
                    Err(end) => return end,
                }
            }
            let stop = self.stop.clone();
            let applied = tokio::select! {
                () = stop.cancelled() => return End::Stopped,
                applied = self.apply(count) => applied,
            };
            match applied {
                Ok(()) => {
                    delay = BACKOFF.0;
                    self.waiting.drain(..count);
                    self.publish(&limit);
                    self.feed.acknowledge(&self.state.applied).await;
                }
                Err(Trouble::End(end)) => return end,
                Err(Trouble::Again(reason)) => {
                    self.retrying(&reason);
                    tokio::select! {
                        () = stop.cancelled() => return End::Stopped,
                        () = tokio::time::sleep(delay) => {}
                    }
                    delay = (delay * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// Reads what is there without waiting, up to a group.
    async fn read(&mut self) -> Result<(), End> {
        let mut bytes: usize = self.waiting.iter().map(weight).sum();
        while self.waiting.len() < GROUP && bytes < READ_AHEAD {
            match self.feed.ready().await {
                Ok(Some(event)) => {
                    bytes += weight(&event);
                    self.waiting.push_back(event);
                }
                Ok(None) => break,
                // It's told again when it's waited for; what was read before must be applied first.
                Err(_) if !self.waiting.is_empty() => break,
                Err(error) => return Err(End::Failed(error.to_string())),
            }
        }
        Ok(())
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

    /// How many of the waiting events may be applied now, together.
    fn admissible(&mut self, limit: &watch::Receiver<Option<GtidSet>>) -> usize {
        let limit = limit.borrow().clone();
        if let Some(limit) = &limit {
            self.split_first(limit);
        }
        let mut bytes = 0;
        let within = self.waiting.iter().take(GROUP).take_while(|event| {
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

    /// Applies the first `count` events: together if that works, else one after the other.
    async fn apply(&mut self, count: usize) -> Result<(), Trouble> {
        if count > 1 {
            match self.attempt(0, count, self.state.clone()).await? {
                None => return Ok(()),
                Some(_) => tracing::debug!(count, "a group of transactions is applied one by one"),
            }
        }
        for index in 0..count {
            self.apply_one(index).await?;
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
        let mut client = match self.client.take() {
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
                self.client = Some(client);
                self.committed(prepared.transactions, prepared.statements);
                Ok(None)
            }
            Err(Failure::Tables { tables, reason }) => {
                self.client = Some(client);
                Ok(Some((tables, reason)))
            }
            Err(Failure::Again(error)) => {
                // A connection that isn't idle again is dropped, and PostgreSQL rolls back.
                self.client = (client.is_usable() && !error.is_fatal()).then_some(client);
                Err(Trouble::Again(error.to_string()))
            }
            Err(Failure::Unreadable(reason)) => Err(Trouble::End(End::Failed(reason))),
            Err(Failure::Fenced) => {
                Err(Trouble::End(End::Failed("another Bascule decides about this target now".into())))
            }
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
    async fn connect(&mut self) -> Result<Client, Trouble> {
        let again = |error: TargetError| Trouble::Again(error.to_string());
        // Written under any server setting: dates in ISO form, instants in UTC, commits that a crash can't undo. Triggers
        // have been fired in MySQL.
        let settings =
            [("synchronous_commit", "on"), ("DateStyle", "ISO"), ("TimeZone", "UTC"), ("bascule.repeats", "on")];
        let target = &self.shared.target;
        let mut client = Client::connect_with(target, APPLICATION_NAME, &settings).await.map_err(again)?;
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
    fn adopt(&mut self, state: State, catalogue: Arc<Catalogue>) {
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

    fn committed(&self, transactions: u64, statements: u64) {
        self.shared.progress.send_modify(|progress| {
            let status = &mut progress.status;
            status.applied_transactions += transactions;
            status.applied_statements += statements;
            status.last_error = None;
            self.copy_state(progress);
        });
    }

    fn publish(&self, limit: &watch::Receiver<Option<GtidSet>>) {
        let reached = limit.borrow().as_ref().is_some_and(|limit| self.state.reached().contains_all(limit));
        // Who waits at the limit reads the state too: what was edited before the limit was set must be in it. An edit's
        // barrier has ended by now, so the loop comes round again.
        let at_limit = reached && self.edits().is_empty();
        let oldest = self.waiting.front().and_then(|event| match event {
            SourceEvent::Transaction(transaction) => transaction.statements.first().map(|first| first.time_micros),
            SourceEvent::Logged(transaction) => Some(transaction.committed_micros).filter(|micros| *micros > 0),
            SourceEvent::Bypassed { .. } | SourceEvent::InDoubt { .. } | SourceEvent::Lost { .. } => None,
        });
        self.shared.progress.send_modify(|progress| {
            self.copy_state(progress);
            progress.at_limit = at_limit;
            progress.oldest_micros = oldest;
            progress.status.waiting_transactions = self.waiting.len() as u64;
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
                tracing::warn!(%reason, "PostgreSQL doesn't take changes for now; they're kept and tried again");
            }
            progress.status.state = ApplyState::Retrying;
            progress.status.last_error = Some(reason.to_owned());
        });
    }
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
fn weight(event: &SourceEvent) -> usize {
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
