//! Groups of transactions of rows, several at a time, committed in the source's order.
//!
//! While a group is executed and committed, the next one is read and made. If nothing that it touches is touched by those
//! under way ([`super::write_set`]) it's executed beside them, on a connection of its own. It waits with its position
//! and its commit until every group in front of it is committed, so commits come in the source's order, each with the
//! position that it leads to, and a crash at any moment leaves the position of some group and exactly its rows.
//!
//! # When something fails
//! Then the group may have been executed too early, or PostgreSQL wouldn't have taken it anyway. Either way all groups
//! under way are rolled back, and the failed one's transactions are applied by the loop of [`super::run`] with nothing
//! beside it, which finds out.
//!
//! # Limits
//! A group that reaches beyond a limit isn't made. One that was made before is rolled back as soon as the limit is seen,
//! and no group is allowed to commit without a look at the limit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::change::{Branch, Feed, LoggedChange, SourceEvent};
use crate::position::GtidSet;
use crate::schema::Catalogue;
use crate::target::Client;

use super::execute::{Execution, Failure};
use super::layout::Layout;
use super::prepare::{Builder, Prepared, State, Step};
use super::run::{End, GROUP_BYTES, Runner, Trouble, open, weight};
use super::write_set::WriteSet;

/// How long the end of a run waits for a commit under way.
const PATIENCE: Duration = Duration::from_secs(3);

/// How much is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Transactions in a group.
    pub group: usize,
    /// How many must wait for a group of their own while another one is under way; fewer are gathered meanwhile.
    pub beside: usize,
    /// Groups at a time, each on its own connection.
    pub workers: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { group: 2_000, beside: 64, workers: 4 }
    }
}

/// The groups under way, in their order.
#[derive(Default)]
pub(super) struct Pipeline {
    pub(super) sizes: Sizes,
    flying: VecDeque<Flying>,
    /// Made, and not yet executed since it touches what one under way touches.
    next: Option<Group>,
    /// Layouts of the last group, good as long as the catalogue is the same.
    layouts: Option<(Arc<Catalogue>, Vec<Arc<Layout>>)>,
    /// So many transactions are to be applied outside of the pipeline.
    mending: usize,
    /// The feed has failed, and tells it again once nothing is under way.
    feed_failed: bool,
}

/// Transactions that are applied together.
struct Group {
    events: Vec<SourceEvent>,
    gtids: GtidSet,
    steps: Vec<Step>,
    state: State,
    catalogue: Arc<Catalogue>,
    counts: (u64, u64),
    touched: WriteSet,
}

/// A group on its way.
struct Flying {
    events: Vec<SourceEvent>,
    gtids: GtidSet,
    state: State,
    catalogue: Arc<Catalogue>,
    counts: (u64, u64),
    touched: WriteSet,
    /// Everything but the position is executed.
    executed: Option<oneshot::Receiver<()>>,
    /// Lets it commit; dropped, it's rolled back.
    turn: Option<oneshot::Sender<()>>,
    task: AbortOnDropHandle<(Box<Client>, Result<(), Failure>)>,
}

/// What became of the first group.
enum Report {
    /// It waits for its turn.
    Executed,
    Ended(Option<Box<Client>>, Result<(), Failure>),
}

impl Pipeline {
    pub(super) fn new(sizes: Sizes) -> Self {
        Self { sizes, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flying.is_empty() && self.next.is_none()
    }

    /// Events of all its groups.
    pub(super) fn events(&self) -> usize {
        let flying: usize = self.flying.iter().map(|flying| flying.events.len()).sum();
        flying + self.next.as_ref().map_or(0, |next| next.events.len())
    }

    /// The oldest event.
    pub(super) fn first(&self) -> Option<&SourceEvent> {
        let flying = self.flying.front().map(|flying| &flying.events);
        flying.or_else(|| self.next.as_ref().map(|next| &next.events)).and_then(|events| events.first())
    }

    /// How many transactions are to be applied outside of it, if any are.
    pub(super) fn to_mend(&self) -> Option<usize> {
        (self.mending > 0).then_some(self.mending)
    }

    /// So many were.
    pub(super) fn mended(&mut self, count: usize) {
        self.mending = self.mending.saturating_sub(count);
    }
}

impl Flying {
    /// Waits for what comes next of it. May be dropped while it waits.
    async fn advance(&mut self) -> Report {
        if let Some(executed) = &mut self.executed {
            let executed = executed.await.is_ok();
            self.executed = None;
            if executed {
                return Report::Executed;
            }
        }
        match (&mut self.task).await {
            Ok((client, result)) => Report::Ended(Some(client), result),
            Err(error) => {
                tracing::error!(%error, "a group of transactions ended abnormally");
                Report::Ended(None, Err(Failure::Abandoned))
            }
        }
    }
}

impl<F: Feed> Runner<F> {
    /// Sends groups on their way, as many as can be.
    pub(super) async fn fill(&mut self, limit: &watch::Receiver<Option<GtidSet>>, more: bool) -> Result<(), Trouble> {
        while self.pipeline.flying.len() < self.pipeline.sizes.workers.max(1) && self.pipeline.mending == 0 {
            if self.pipeline.next.is_none() {
                let count = self.pure_rows(limit);
                let behind = !self.pipeline.flying.is_empty();
                // What is already there is read first, and few aren't worth a commit of their own.
                let Sizes { group, beside, .. } = self.pipeline.sizes;
                let gather = count == self.waiting.len() && count < group && (more || count < beside);
                if count == 0 || (behind && gather) {
                    return Ok(());
                }
                if !self.make(count) {
                    return Ok(());
                }
            }
            let Some(next) = &self.pipeline.next else { return Ok(()) };
            if self.pipeline.flying.iter().any(|flying| flying.touched.conflicts(&next.touched)) {
                return Ok(());
            }
            let client = match self.idle.pop() {
                Some(client) => client,
                // The position is asked where nothing is under way.
                None if self.pipeline.flying.is_empty() => match self.connect().await {
                    Ok(client) => client,
                    Err(trouble) => {
                        self.recall(0).await;
                        return Err(trouble);
                    }
                },
                None => match open(&self.shared.target).await {
                    Ok(client) => client,
                    // Those under way go on without it.
                    Err(_) => return Ok(()),
                },
            };
            if let Some(next) = self.pipeline.next.take() {
                self.pipeline.flying.push_back(launch(client, next));
            }
        }
        Ok(())
    }

    /// How many events at the front hold rows only and may be applied now, up to a group.
    fn pure_rows(&self, limit: &watch::Receiver<Option<GtidSet>>) -> usize {
        let limit = limit.borrow();
        let mut bytes = 0;
        let fitting = self.waiting.iter().take(self.pipeline.sizes.group).take_while(|event| {
            bytes += weight(event);
            let within = |gtid| limit.as_ref().is_none_or(|limit| limit.contains(gtid));
            let SourceEvent::Logged(transaction) = event else { return false };
            let rows = transaction.changes.iter().all(|change| matches!(change, LoggedChange::Rows(_)));
            let plain = transaction.inexact.is_none() && transaction.branch == Branch::None;
            plain && rows && bytes <= GROUP_BYTES && within(&transaction.gtid)
        });
        fitting.count()
    }

    /// Makes a group of the first events. False when they must be applied outside of the pipeline.
    fn make(&mut self, count: usize) -> bool {
        let planner = Arc::clone(&self.shared.planner);
        let (before, catalogue) = match self.pipeline.flying.back() {
            Some(last) => (last.state.clone(), Arc::clone(&last.catalogue)),
            None => (self.state.clone(), self.shared.catalogue.load_full()),
        };
        let events: Vec<SourceEvent> = self.waiting.drain(..count).collect();
        let mut gtids = GtidSet::default();
        let mut builder = Builder::new(before.clone(), &catalogue, &*planner);
        if let Some((_, layouts)) = self.pipeline.layouts.take().filter(|(of, _)| Arc::ptr_eq(of, &catalogue)) {
            builder.layouts = layouts;
        }
        for event in &events {
            if let SourceEvent::Logged(transaction) = event {
                gtids.advance(&transaction.gtid);
            }
            builder.event(event);
        }
        if builder.state.halted != before.halted || builder.state.lost != before.lost {
            // It's told where it's done.
            self.put_back(events);
            self.pipeline.mending = count;
            return false;
        }
        self.pipeline.layouts = Some((Arc::clone(&catalogue), builder.layouts.clone()));
        let Prepared { steps, state, catalogue, transactions, statements, touched } = builder.finish(&before);
        let counts = (transactions, statements);
        self.pipeline.next = Some(Group { events, gtids, steps, state, catalogue, counts, touched });
        true
    }

    fn put_back(&mut self, events: Vec<SourceEvent>) {
        events.into_iter().rev().for_each(|event| self.waiting.push_front(event));
    }

    /// Waits until something happens. True when a group was committed.
    pub(super) async fn watch_pipeline(
        &mut self,
        limit: &mut watch::Receiver<Option<GtidSet>>,
        more: bool,
    ) -> Result<bool, Trouble> {
        let room = !more && self.waiting.len() < self.pipeline.sizes.beside && !self.pipeline.feed_failed;
        let Some(first) = self.pipeline.flying.front_mut() else {
            // The next one is made and couldn't be sent: there was no connection.
            self.recall(0).await;
            return Ok(false);
        };
        let report = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Trouble::End(End::Stopped)),
            report = first.advance() => report,
            () = std::future::ready(()), if more => return Ok(false),
            _ = limit.changed() => return Ok(false),
            event = self.feed.next(), if room => {
                self.pipeline.feed_failed = event.is_err();
                self.waiting.extend(event.ok());
                return Ok(false);
            }
        };
        match report {
            Report::Executed => {
                self.recall_beyond(limit).await;
                if let Some(first) = self.pipeline.flying.front_mut()
                    && let Some(turn) = first.turn.take()
                {
                    self.attempted = Some((first.state.clone(), Arc::clone(&first.catalogue)));
                    // A task that's gone tells it by its end.
                    let _ = turn.send(());
                }
                Ok(false)
            }
            Report::Ended(client, result) => self.ended(client, result).await,
        }
    }

    /// The first group has ended.
    async fn ended(&mut self, client: Option<Box<Client>>, result: Result<(), Failure>) -> Result<bool, Trouble> {
        let Some(first) = self.pipeline.flying.pop_front() else { return Ok(false) };
        self.pipeline.feed_failed = false;
        match result {
            Ok(()) => {
                self.attempted = None;
                self.state = first.state;
                self.idle.extend(client.map(|client| *client));
                self.committed(first.counts.0, first.counts.1);
                self.feed.acknowledge(&self.state.applied).await;
                Ok(true)
            }
            Err(failure) => {
                self.recall(0).await;
                let count = first.events.len();
                self.put_back(first.events);
                self.pipeline.mending = count;
                let usable = client.filter(|client| client.is_usable());
                if usable.is_some() {
                    self.attempted = None;
                    self.idle.extend(usable.map(|client| *client));
                } else {
                    // The position is asked anew.
                    self.idle.clear();
                }
                match failure {
                    Failure::Tables { reason, .. } => {
                        tracing::debug!(%reason, count, "a group of transactions is applied again by itself");
                        Ok(false)
                    }
                    Failure::Abandoned => Ok(false),
                    Failure::Again(error) => Err(Trouble::Again(error.to_string())),
                    Failure::Unreadable(reason) => Err(Trouble::End(End::Failed(reason))),
                    Failure::Fenced => Err(Trouble::End(End::Failed(super::run::FENCED.to_owned()))),
                }
            }
        }
    }

    /// A commit that was allowed is waited for, so that whoever asks for the position next gets the last one.
    pub(super) async fn settle(&mut self) {
        let Some(mut first) = self.pipeline.flying.pop_front().filter(|first| first.turn.is_none()) else { return };
        if let Ok(Report::Ended(_, Ok(()))) = tokio::time::timeout(PATIENCE, first.advance()).await {
            self.state = first.state;
            self.committed(first.counts.0, first.counts.1);
        }
    }

    /// Rolls back what reaches beyond the limit and may not be committed yet.
    pub(super) async fn recall_beyond(&mut self, limit: &watch::Receiver<Option<GtidSet>>) {
        let Some(limit) = limit.borrow().clone() else { return };
        let beyond = |gtids: &GtidSet| !limit.contains_all(gtids);
        let flying = self.pipeline.flying.iter();
        let kept = flying.take_while(|flying| flying.turn.is_none() || !beyond(&flying.gtids)).count();
        let next = self.pipeline.next.as_ref().is_some_and(|next| beyond(&next.gtids));
        if kept < self.pipeline.flying.len() || next {
            self.recall(kept).await;
        }
    }

    /// Rolls back all groups but the first `kept`; their transactions wait again.
    pub(super) async fn recall(&mut self, kept: usize) {
        if let Some(next) = self.pipeline.next.take() {
            self.put_back(next.events);
        }
        let mut recalled = self.pipeline.flying.split_off(kept.min(self.pipeline.flying.len()));
        // All of them are told first: one may wait for a row that another holds.
        recalled.iter_mut().for_each(|flying| flying.turn = None);
        while let Some(mut flying) = recalled.pop_back() {
            loop {
                match flying.advance().await {
                    Report::Executed => {}
                    Report::Ended(client, _) => {
                        self.idle.extend(client.filter(|client| client.is_usable()).map(|client| *client));
                        break;
                    }
                }
            }
            self.put_back(flying.events);
        }
    }
}

/// Begins to execute a group.
fn launch(mut client: Client, group: Group) -> Flying {
    let Group { events, gtids, mut steps, state, catalogue, counts, touched } = group;
    let (turn, granted) = oneshot::channel();
    let (tell, executed) = oneshot::channel();
    let last = steps.pop();
    let task = tokio::spawn(async move {
        let result = carry_out(&mut client, &steps, last.as_slice(), (tell, granted)).await;
        (Box::new(client), result)
    });
    let (executed, turn) = (Some(executed), Some(turn));
    Flying { events, gtids, state, catalogue, counts, touched, executed, turn, task: AbortOnDropHandle::new(task) }
}

/// Executes a group, waits for its turn, and commits it with the position.
async fn carry_out(
    client: &mut Client,
    steps: &[Step],
    position: &[Step],
    (tell, turn): (oneshot::Sender<()>, oneshot::Receiver<()>),
) -> Result<(), Failure> {
    let mut execution = Execution::new(client);
    execution.run(steps).await?;
    // Nobody listens when the group was recalled meanwhile.
    let _ = tell.send(());
    if turn.await.is_err() {
        execution.abandon().await?;
        return Err(Failure::Abandoned);
    }
    execution.run(position).await?;
    execution.commit().await
}
