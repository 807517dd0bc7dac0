//! The operator's wishes, one function each.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use crate::replicate::ApplyState;
use crate::route::{Mode, SessionInfo};

use super::api::{
    CutoverReport, LastVerified, MirrorPhase, MirrorStatus, OperationError, Operations, Refusal, Rehearsal, Reply,
    Status, StepReport, TableState, TableStatus, VerifyRequest, VerifySummary,
};
use super::flip::{Performer, Purpose};
use super::mirror::Begin;
use super::picture::TableProgress;
use super::steps::{self, Flip};
use super::{CutoverError, Director};

/// How long a comparison waits for another operation to end.
pub(super) const TURN_PATIENCE: Duration = Duration::from_secs(5);

/// The director as the doors hold it.
#[derive(Clone, Debug)]
pub struct Desk(pub Arc<Director>);

impl From<CutoverError> for OperationError {
    fn from(error: CutoverError) -> Self {
        Self::new(Refusal::Failed, error.to_string())
    }
}

impl Operations for Desk {
    fn status(&self) -> Reply<'_, Status> {
        Box::pin(async { Ok(self.0.status()) })
    }

    fn set_mode(&self, mode: Mode) -> Reply<'_, Status> {
        Box::pin(async move {
            match mode {
                Mode::Mirror => self.0.mirror().await?,
                Mode::Passthrough => self.0.passthrough().await?,
                Mode::Postgres => {
                    return Err(OperationError::new(Refusal::Invalid, "the mode postgres isn't set but reached")
                        .hint("bascule cutover"));
                }
            }
            Ok(self.0.status())
        })
    }

    fn cutover(&self, rehearsal: Rehearsal) -> Reply<'_, CutoverReport> {
        let director = Arc::clone(&self.0);
        // A caller that goes away must not leave a flip half-way: it runs in a task of its own.
        let running = self.0.parts.tasks.spawn(async move { director.cutover(rehearsal).await });
        Box::pin(async move {
            running.await.map_err(|_| OperationError::new(Refusal::Failed, "Bascule is being shut down"))?
        })
    }

    fn resync(&self, tables: Vec<String>) -> Reply<'_, Status> {
        Box::pin(async move {
            self.0.resync(&tables).await?;
            Ok(self.0.status())
        })
    }

    fn verify(&self, request: VerifyRequest) -> Reply<'_, VerifySummary> {
        Box::pin(async move {
            let _comparison =
                self.0.comparison.try_lock().map_err(|_| self.0.busy("another comparison is under way"))?;
            self.0.require_streaming()?;
            let named = self.0.named_tables(&request.tables);
            let named = named.map_err(|error| OperationError::new(Refusal::Invalid, error.to_string()))?;
            Ok(self.0.verify(&named, &request).await?)
        })
    }

    fn sessions(&self) -> Reply<'_, Vec<SessionInfo>> {
        Box::pin(async { Ok(self.0.known_sessions().await) })
    }
}

impl Director {
    /// The refusal of what can't be done at the same time.
    fn busy(&self, what: &str) -> OperationError {
        let leaving = self.leaving.load(Ordering::SeqCst);
        let what = if leaving { "another process takes this one's place, which ends" } else { what };
        OperationError::new(Refusal::Busy, what).hint("bascule status, then try again")
    }

    /// The right to change something, or *busy*.
    fn take_turn(&self) -> Result<OwnedMutexGuard<()>, OperationError> {
        Arc::clone(&self.turn).try_lock_owned().map_err(|_| self.busy("another operation is under way"))
    }

    /// As [`Director::take_turn`], but waits a little: a repair that has just ended may not have left yet, and a
    /// comparison takes the turn for moments.
    async fn await_turn(&self) -> Result<OwnedMutexGuard<()>, OperationError> {
        match tokio::time::timeout(TURN_PATIENCE, Arc::clone(&self.turn).lock_owned()).await {
            Ok(turn) => Ok(turn),
            Err(_) => self.take_turn(),
        }
    }

    pub(super) fn require_streaming(&self) -> Result<(), OperationError> {
        if self.route().mode() == Mode::Mirror && self.picture.lock().phase == Some(MirrorPhase::Streaming) {
            return Ok(());
        }
        Err(OperationError::new(Refusal::NotNow, "the mirror doesn't follow MySQL now").hint("bascule status"))
    }

    async fn mirror(self: &Arc<Self>) -> Result<(), OperationError> {
        let _turn = self.await_turn().await?;
        let halted = self.picture.lock().phase == Some(MirrorPhase::Halted);
        match self.route().mode() {
            Mode::Postgres => Err(OperationError::new(Refusal::NotNow, "PostgreSQL serves already")),
            Mode::Mirror if !halted => Ok(()),
            Mode::Mirror | Mode::Passthrough => {
                self.source()?;
                self.settle_on_source(Mode::Mirror).await?;
                let begin = if halted { self.begin_again().await? } else { Begin::Anew };
                self.spawn_mirror(begin);
                Ok(())
            }
        }
    }

    async fn passthrough(&self) -> Result<(), OperationError> {
        let _turn = self.await_turn().await?;
        match self.route().mode() {
            Mode::Postgres => Err(OperationError::new(Refusal::NotNow, "PostgreSQL serves; MySQL is behind")),
            Mode::Passthrough => Ok(()),
            Mode::Mirror => Ok(self.end_mirror().await?),
        }
    }

    async fn resync(self: &Arc<Self>, names: &[String]) -> Result<(), OperationError> {
        let turn = self.await_turn().await?;
        if self.route().mode() != Mode::Mirror {
            return Err(OperationError::new(Refusal::NotNow, "nothing is mirrored").hint("bascule mode mirror"));
        }
        let replay = self.replicator().status();
        let everything = self.picture.lock().phase == Some(MirrorPhase::Halted)
            || replay.lost.is_some()
            || !replay.bypassed.is_empty()
            || replay.state == ApplyState::Failed
            || replay.halted.keys().any(|table| !self.is_carried(table))
            || self.parts.capture.as_ref().is_some_and(|capture| capture.stopped().is_some());
        if everything {
            self.spawn_mirror(Begin::Anew);
            return Ok(());
        }
        self.require_streaming()?;
        let tables = if names.is_empty() {
            self.replicator().status().halted.into_keys().collect()
        } else {
            self.named_tables(names).map_err(|error| OperationError::new(Refusal::Invalid, error.to_string()))?
        };
        drop(turn);
        if !tables.is_empty() {
            self.spawn_repair(tables);
        }
        Ok(())
    }

    /// Flips, or rehearses.
    async fn cutover(self: &Arc<Self>, rehearsal: Rehearsal) -> Result<CutoverReport, OperationError> {
        let _turn = self.await_turn().await?;
        let mut report = CutoverReport { dry_run: rehearsal == Rehearsal::DryRun, ..CutoverReport::default() };
        self.picture.lock().left_behind.clear();
        report.blockers = self.red().await;
        if report.blockers.is_empty() {
            self.look_at_what_is_left().await?;
            report.blockers = self.red().await;
        }
        if report.blockers.is_empty() {
            let purpose = match rehearsal {
                Rehearsal::DryRun => Purpose::Rehearse,
                Rehearsal::Perform => Purpose::Perform,
            };
            self.refresh_definitions().await?;
            self.refresh_variables().await?;
            let flip = steps::run(&mut Performer::new(Arc::clone(self), purpose)).await;
            tracing::info!(decided = flip.decided, pause_ms = flip.pause_ms, ?purpose, "cutover");
            tell(&mut report, &flip, purpose);
            if report.performed {
                self.end_following().await;
            }
        }
        self.picture.lock().last_cutover = Some(report.clone());
        Ok(report)
    }

    /// After the flip there is nothing left to replay and nothing to record: first the applier stops, so that the end
    /// of the recording isn't news to it.
    async fn end_following(&self) {
        drop(self.fresh_mirror_token());
        self.replicator().stop().await;
        self.stop_capture("PostgreSQL serves");
    }

    /// What is going on, from memory.
    fn status(&self) -> Status {
        let route = self.route();
        let commands = self.parts.metrics.commands.get();
        let mirror = (route.mode() == Mode::Mirror).then(|| self.mirror_status());
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: route.mode(),
            serving: route.serving().into(),
            epoch: route.epoch(),
            uptime_seconds: self.began.elapsed().as_secs(),
            sessions: route.session_count() as u64,
            active_sessions: route.active_sessions().len() as u64,
            commands,
            commands_per_second: self.rate.look(commands),
            warnings: self.warnings(mirror.as_ref()),
            mirror,
            last_cutover: self.picture.lock().last_cutover.clone(),
        }
    }

    fn mirror_status(&self) -> MirrorStatus {
        let replay = self.replicator().status();
        let picture = self.picture.lock();
        let mut tables: Vec<TableStatus> =
            picture.tables.iter().map(|(name, progress)| progress.shown(name.to_string())).collect();
        for (halted, reason) in &replay.halted {
            let name = halted.to_string();
            let (state, reason) = (Self::shown_state(picture.phase, reason), Some(reason.clone()));
            match tables.iter_mut().find(|table| table.name == name) {
                // It's being repaired.
                Some(table) if table.state == TableState::Copying => table.reason = reason,
                Some(table) => (table.state, table.reason) = (state, reason),
                None => tables.push(TableStatus { reason, ..TableProgress::new(state).shown(name) }),
            }
        }
        MirrorStatus {
            lane: self.lane().name().to_owned(),
            phase: picture.phase.unwrap_or(MirrorPhase::Preparing),
            reason: picture.reason.clone().or_else(|| replay.last_error.clone()).or_else(|| self.log_trouble()),
            tables,
            applied: replay.applied.to_string(),
            transactions_applied: replay.applied_transactions,
            lag_transactions: replay.lag_transactions,
            lag_bytes: replay.waiting_bytes,
            lag_seconds: replay.lag_seconds,
            gaps: (!replay.bypassed.is_empty()).then(|| replay.bypassed.to_string()),
            spool_bytes: self.parts.capture.as_ref().map_or(0, |capture| capture.stored_bytes()),
            verifying: picture.verifying.clone(),
            last_verified: picture.last_verified.map(|last| LastVerified {
                seconds_ago: last.at.elapsed().as_secs(),
                tables: last.tables,
                rows: last.rows,
                differences: last.differences,
                skipped: last.skipped,
            }),
        }
    }

    /// What a person should look at, most important first.
    fn warnings(&self, mirror: Option<&MirrorStatus>) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(reason) = self.parts.capture.as_ref().and_then(|capture| capture.stopped())
            && mirror.is_some()
        {
            warnings.push(format!("resync needed: {reason}"));
        }
        if let Some(mirror) = mirror {
            if let Some(gaps) = &mirror.gaps {
                warnings.push(format!("writers bypass the proxy ({gaps}): the mirror misses their changes"));
            }
            for table in mirror.tables.iter().filter(|table| table.state == TableState::NeedsResync) {
                let reason = table.reason.as_deref().unwrap_or("unknown");
                warnings.push(format!("table {} needs a resync: {reason}", table.name));
            }
        }
        let picture = self.picture.lock();
        warnings.extend(picture.findings.iter().chain(&picture.definitions).cloned());
        warnings
    }
}

/// Tells a flip in the report.
fn tell(report: &mut CutoverReport, flip: &Flip, purpose: Purpose) {
    report.performed = flip.decided && purpose == Purpose::Perform;
    report.pause_ms = flip.pause_ms;
    report.abandoned = flip.halted().map(str::to_owned);
    report.steps = flip
        .steps
        .iter()
        .map(|taken| StepReport { name: taken.step.describe().to_owned(), duration_ms: taken.took_ms })
        .collect();
}
