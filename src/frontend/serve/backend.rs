//! One session's dealings with PostgreSQL: which connection, which transaction, and how a failed statement is undone.
//!
//! # Why a failed statement leaves the transaction as MySQL would
//! PostgreSQL aborts a transaction at the first error; MySQL undoes the statement alone. So a transaction always has a
//! *restore point* that loses nothing but the failed statement:
//!
//! * while nothing has been written or locked, the beginning itself: ROLLBACK, and BEGIN again before the next
//!   statement. At READ COMMITTED this can't be told from having gone on.
//! * after that, a savepoint taken after the last write. It is sent in front of the next statement in the same flight,
//!   so it never costs a round trip, and it serves all reads until the next write.
//!
//! Our own savepoint is released before the next one is set, and before one of the client's, so ours never nest and
//! never take one of the client's with them.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::error::{About, Aftermath, MysqlError, from_target};
use super::result::Sink;
use super::settings::{SET_LOCAL, SET_LOCAL_TYPES, Settings};
use super::{Peer, Serving};
use crate::observe::without_values;
use crate::target::{Answer, Event, Lease, Pool, Raised, Request, TargetError, TransactionStatus};

/// Our own savepoint.
const OWN_SAVEPOINT: &str = "_bascule";

/// What a statement does to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Read,
    /// Locks rows: undoing it together with an earlier statement would let go of locks.
    Lock,
    Write,
}

/// A transaction's progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// None is open.
    None,
    /// The client began one; PostgreSQL hears of it with the first statement.
    Announced,
    Open,
}

/// To what a failed statement can be undone without losing more.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Restore {
    Beginning,
    Savepoint(String),
    /// A savepoint must be set first.
    Nothing,
}

/// A statement for PostgreSQL with its values.
#[derive(Clone, Debug)]
pub(super) struct Statement<'a> {
    pub(super) sql: Cow<'a, str>,
    pub(super) types: Vec<u32>,
    pub(super) parameters: Vec<Option<Bytes>>,
    pub(super) effect: Effect,
}

/// One session's side of PostgreSQL.
pub(super) struct Backend {
    pub(super) phase: Phase,
    /// `BEGIN …` of the transaction that was announced.
    begin: String,
    lease: Option<Lease>,
    restore: Restore,
    own_savepoint: bool,
    /// MySQL's name in lower case and PostgreSQL's.
    savepoints: Vec<(String, String)>,
    numbered: u64,
    /// Settings of the open transaction; `None` when a rollback made them uncertain.
    applied: Option<Arc<Settings>>,
    /// What the last statement raised for SHOW WARNINGS.
    raised: Raised,
}

/// Text with values that goes in front of a statement.
struct Step {
    sql: Cow<'static, str>,
    types: &'static [u32],
    parameters: Vec<Option<Bytes>>,
}

impl Step {
    fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), types: &[], parameters: Vec::new() }
    }

    fn request(&self) -> Request<'_> {
        Request { sql: &self.sql, types: self.types, parameters: &self.parameters, binary: false }
    }
}

/// What the session gives to each call.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) serving: &'a Arc<Serving>,
    pub(super) peer: &'a Peer,
    pub(super) settings: &'a Arc<Settings>,
    pub(super) about: About<'a>,
}

/// An error, and whether the client's connection must end with it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: MysqlError,
    pub(super) ends_connection: bool,
    /// The plan doesn't fit its values; nothing has been executed.
    pub(super) unbound: bool,
}

impl From<MysqlError> for Failure {
    fn from(error: MysqlError) -> Self {
        Self { error, ends_connection: false, unbound: false }
    }
}

impl Failure {
    /// An error after which the session can't go on.
    pub(super) const fn fatal(error: MysqlError) -> Self {
        Self { error, ends_connection: true, unbound: false }
    }

    /// What was interrupted because Bascule ends, as MySQL says it when it ends itself.
    pub(super) fn of_shutdown(self) -> Self {
        if self.error.code == 1317 {
            return Self::fatal(MysqlError::new(1053, "08S01", "Server shutdown in progress"));
        }
        self
    }

    /// A plan that doesn't fit its values.
    pub(super) const fn unbound(error: MysqlError) -> Self {
        Self { error, ends_connection: false, unbound: true }
    }
}

/// Why a flight didn't end well.
enum Flown {
    Target(TargetError),
    /// The client's own socket failed while rows were sent to it.
    Client,
    Refused(MysqlError),
}

impl Backend {
    pub(super) const fn new() -> Self {
        Self {
            phase: Phase::None,
            begin: String::new(),
            lease: None,
            restore: Restore::Beginning,
            own_savepoint: false,
            savepoints: Vec::new(),
            numbered: 0,
            applied: None,
            raised: Raised { kept: Vec::new(), beyond: 0, last_insert_id: None },
        }
    }

    /// Takes the warnings and notes of the last statement, whether it succeeded or not.
    pub(super) fn take_raised(&mut self) -> Raised {
        std::mem::take(&mut self.raised)
    }

    /// True inside a transaction, begun by the client or by a statement under autocommit = 0.
    pub(super) fn in_transaction(&self) -> bool {
        self.phase != Phase::None
    }

    /// Begins a transaction with `begin`; nothing is sent yet.
    pub(super) fn announce(&mut self, begin: String) {
        self.phase = Phase::Announced;
        self.begin = begin;
        self.restore = Restore::Beginning;
        self.own_savepoint = false;
        self.savepoints.clear();
        self.applied = Some(Settings::none());
    }

    /// Executes one statement, inside the transaction if there is one. Returns the command tag's count.
    pub(super) async fn perform(
        &mut self,
        call: Call<'_>,
        statement: &Statement<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<u64, Failure> {
        let mut first = true;
        loop {
            let outcome = self.attempt(call, statement, sink).await;
            let flown = match outcome {
                Ok(affected) => return Ok(affected),
                Err(flown) => flown,
            };
            match flown {
                Flown::Client => {
                    self.abandon();
                    let error = MysqlError::new(1160, "08S01", "Got an error writing communication packets");
                    return Err(Failure::fatal(error));
                }
                Flown::Refused(error) => return Err(self.after(call, Aftermath::Statement, error).await),
                Flown::Target(error) => {
                    let again = first && error.is_stale_plan() && !sink.has_started();
                    let (told, aftermath) = from_target(&error, call.about);
                    log(&error, &told);
                    let failure = self.after(call, aftermath, told).await;
                    if !again || failure.ends_connection {
                        return Err(failure);
                    }
                    first = false;
                }
            }
        }
    }

    /// One flight: what must go in front, and the statement.
    async fn attempt(&mut self, call: Call<'_>, statement: &Statement<'_>, sink: &mut Sink<'_>) -> Result<u64, Flown> {
        let mut lease = match self.lease.take() {
            Some(lease) => lease,
            None => call.serving.pool.take().await.map_err(Flown::Target)?,
        };
        let steps = self.steps(call.settings);
        let mut requests: Vec<Request<'_>> = steps.iter().map(Step::request).collect();
        requests.push(Request {
            sql: &statement.sql,
            types: &statement.types,
            parameters: &statement.parameters,
            binary: false,
        });
        call.peer.set_running(Some(lease.cancel_handle())).await;
        let flown = fly(&mut lease, &requests, sink).await;
        self.raised = lease.take_raised();
        call.peer.set_running(None).await;
        if self.in_transaction() {
            self.lease = Some(lease);
            if matches!(flown, Ok(_) | Err(Flown::Refused(_))) {
                self.succeeded(statement.effect, call.settings);
            }
        }
        flown
    }

    /// What goes in front of the next statement.
    fn steps(&mut self, settings: &Arc<Settings>) -> Vec<Step> {
        let mut steps = Vec::new();
        let present = match self.phase {
            Phase::None => Some(Settings::none()),
            Phase::Announced => {
                steps.push(Step::new(self.begin.clone()));
                Some(Settings::none())
            }
            Phase::Open => self.applied.clone(),
        };
        // The savepoint comes first: whatever fails after it is undone to it.
        if self.phase == Phase::Open && self.restore == Restore::Nothing {
            if self.own_savepoint {
                steps.push(Step::new(format!("RELEASE SAVEPOINT {OWN_SAVEPOINT}")));
            }
            steps.push(Step::new(format!("SAVEPOINT {OWN_SAVEPOINT}")));
        }
        for parameters in settings.changes(present.as_deref()) {
            let parameters = parameters.to_vec();
            steps.push(Step { sql: SET_LOCAL.into(), types: &SET_LOCAL_TYPES, parameters });
        }
        steps
    }

    /// The flight arrived inside a transaction.
    fn succeeded(&mut self, effect: Effect, settings: &Arc<Settings>) {
        if self.phase == Phase::Open && self.restore == Restore::Nothing {
            self.own_savepoint = true;
            self.restore = Restore::Savepoint(OWN_SAVEPOINT.to_owned());
        }
        self.phase = Phase::Open;
        self.applied = Some(Arc::clone(settings));
        if effect != Effect::Read {
            self.restore = Restore::Nothing;
        }
    }

    /// Undoes what the error calls for.
    async fn after(&mut self, call: Call<'_>, aftermath: Aftermath, error: MysqlError) -> Failure {
        let lost = self.lease.as_ref().is_some_and(|lease| !lease.is_usable());
        if aftermath == Aftermath::Connection || (self.phase == Phase::Open && lost) {
            self.abandon();
            return Failure::fatal(error);
        }
        if !self.in_transaction() {
            return error.into();
        }
        if aftermath == Aftermath::Transaction {
            self.rollback_quietly().await;
            return error.into();
        }
        let failed = self.lease.as_ref().is_some_and(|lease| lease.status() == TransactionStatus::Failed);
        if !failed {
            return error.into();
        }
        match self.undo_statement().await {
            Ok(()) => error.into(),
            Err(failure) => {
                let (told, _) = from_target(&failure, call.about);
                self.abandon();
                Failure::fatal(told)
            }
        }
    }

    /// Back to the restore point. A failed first statement of a flight with SAVEPOINT in front has that savepoint: it
    /// was set before the statement failed.
    async fn undo_statement(&mut self) -> Result<(), TargetError> {
        let beginning = self.phase == Phase::Announced || self.restore == Restore::Beginning;
        let Some(lease) = self.lease.as_mut() else { return Ok(()) };
        if beginning {
            lease.query(&Request::new("ROLLBACK")).await?;
            self.lease = None;
            self.phase = Phase::Announced;
            self.own_savepoint = false;
            self.restore = Restore::Beginning;
            self.applied = Some(Settings::none());
            return Ok(());
        }
        let name = match &self.restore {
            Restore::Savepoint(name) => name.clone(),
            Restore::Beginning | Restore::Nothing => OWN_SAVEPOINT.to_owned(),
        };
        lease.query(&Request::new(&format!("ROLLBACK TO SAVEPOINT {name}"))).await?;
        if name == OWN_SAVEPOINT {
            self.own_savepoint = true;
        }
        self.restore = Restore::Savepoint(name);
        self.applied = None;
        Ok(())
    }

    /// COMMIT. Until PostgreSQL has said so, the outcome isn't known, and a lost connection is told as such.
    pub(super) async fn commit(&mut self, call: Call<'_>) -> Result<(), Failure> {
        self.end(call, "COMMIT").await.map_err(|error| {
            let (told, aftermath) = from_target(&error, call.about);
            log(&error, &told);
            Failure { error: told, ends_connection: aftermath == Aftermath::Connection, unbound: false }
        })
    }

    /// PREPARE TRANSACTION, also of one in which nothing has happened: it's found under its name, a quoted literal.
    /// If that fails, PostgreSQL has undone it.
    pub(super) async fn hand_over(&mut self, call: Call<'_>, name: &str) -> Result<(), TargetError> {
        if self.phase == Phase::Announced {
            let mut lease = call.serving.pool.take().await?;
            lease.query(&Request::new(&self.begin)).await?;
            self.lease = Some(lease);
            self.phase = Phase::Open;
        }
        self.end(call, &format!("PREPARE TRANSACTION {name}")).await
    }

    /// Ends the transaction with a statement that does so.
    async fn end(&mut self, call: Call<'_>, sql: &str) -> Result<(), TargetError> {
        let phase = std::mem::replace(&mut self.phase, Phase::None);
        self.savepoints.clear();
        let Some(mut lease) = self.lease.take() else { return Ok(()) };
        if phase != Phase::Open {
            return Ok(());
        }
        call.peer.set_running(Some(lease.cancel_handle())).await;
        let ended = lease.query(&Request::new(sql)).await;
        call.peer.set_running(None).await;
        ended.map(|_| ())
    }

    /// Runs a statement on a connection of its own, outside of any transaction: COMMIT PREPARED stands for itself.
    pub(super) async fn outside(&mut self, call: Call<'_>, sql: &str) -> Result<(), TargetError> {
        let mut lease = call.serving.pool.take().await?;
        call.peer.set_running(Some(lease.cancel_handle())).await;
        let answer = lease.query(&Request::new(sql)).await;
        call.peer.set_running(None).await;
        answer.map(|_| ())
    }

    /// ROLLBACK. A connection that can't even do that is closed, which undoes as much.
    pub(super) async fn rollback_quietly(&mut self) {
        let phase = std::mem::replace(&mut self.phase, Phase::None);
        self.savepoints.clear();
        let Some(mut lease) = self.lease.take() else { return };
        let open = phase == Phase::Open || lease.status() != TransactionStatus::Idle;
        if open && let Err(error) = lease.query(&Request::new("ROLLBACK")).await {
            tracing::debug!(%error, "a transaction ended with its connection");
            lease.discard();
        }
    }

    /// Closes the connection; PostgreSQL undoes what was open.
    pub(super) fn abandon(&mut self) {
        self.phase = Phase::None;
        self.savepoints.clear();
        if let Some(lease) = self.lease.take() {
            lease.discard();
        }
    }

    /// SAVEPOINT: a name that is used again means the new one, as in MySQL.
    pub(super) async fn savepoint(&mut self, call: Call<'_>, name: &str) -> Result<(), Failure> {
        let own = format!("s{}", self.numbered);
        self.numbered += 1;
        let statement = format!("SAVEPOINT {own}");
        self.release_own(call).await?;
        // The client's savepoint is a restore point itself: none of ours is needed in front of it.
        if self.phase == Phase::Open {
            self.restore = Restore::Savepoint(own.clone());
        }
        self.control(call, &statement).await?;
        let lower = name.to_lowercase();
        self.savepoints.retain(|(known, _)| *known != lower);
        self.savepoints.push((lower, own.clone()));
        self.restore = Restore::Savepoint(own);
        Ok(())
    }

    /// ROLLBACK TO: later savepoints vanish, this one stays.
    pub(super) async fn rollback_to(&mut self, call: Call<'_>, name: &str) -> Result<(), Failure> {
        let (position, own) = self.find(name)?;
        self.restore = Restore::Savepoint(own.clone());
        self.control(call, &format!("ROLLBACK TO SAVEPOINT {own}")).await?;
        self.savepoints.truncate(position + 1);
        self.own_savepoint = false;
        self.applied = None;
        self.restore = Restore::Savepoint(own);
        Ok(())
    }

    /// RELEASE: it and the later ones vanish, what was done stays.
    pub(super) async fn release(&mut self, call: Call<'_>, name: &str) -> Result<(), Failure> {
        let (position, own) = self.find(name)?;
        self.restore = Restore::Savepoint(own.clone());
        self.control(call, &format!("RELEASE SAVEPOINT {own}")).await?;
        self.savepoints.truncate(position);
        self.own_savepoint = false;
        self.restore = Restore::Nothing;
        Ok(())
    }

    fn find(&self, name: &str) -> Result<(usize, String), MysqlError> {
        let lower = name.to_lowercase();
        let position = self.savepoints.iter().position(|(known, _)| *known == lower);
        let missing = || MysqlError::new(1305, "42000", format!("SAVEPOINT {name} does not exist"));
        let position = position.ok_or_else(missing)?;
        let own = self.savepoints.get(position).map(|(_, own)| own.clone()).ok_or_else(missing)?;
        Ok((position, own))
    }

    async fn release_own(&mut self, call: Call<'_>) -> Result<(), Failure> {
        if !std::mem::take(&mut self.own_savepoint) {
            return Ok(());
        }
        // It's the innermost one: the client's later savepoints released it already.
        self.restore = Restore::Savepoint(OWN_SAVEPOINT.to_owned());
        self.control(call, &format!("RELEASE SAVEPOINT {OWN_SAVEPOINT}")).await
    }

    async fn control(&mut self, call: Call<'_>, sql: &str) -> Result<(), Failure> {
        let statement = Statement { sql: sql.into(), types: Vec::new(), parameters: Vec::new(), effect: Effect::Read };
        self.perform(call, &statement, &mut Sink::Nothing).await.map(|_| ())
    }

    /// Runs several statements as one transaction of their own, on a connection of `pool`: one of the serving pool may be
    /// asked for only while no transaction is open.
    /// Answers with what each of them answered.
    pub(super) async fn alone(
        &mut self,
        call: Call<'_>,
        pool: &Arc<Pool>,
        requests: &[Request<'_>],
    ) -> Result<Vec<Answer>, Failure> {
        let told = |error: &TargetError| {
            let (told, aftermath) = from_target(error, call.about);
            log(error, &told);
            Failure { error: told, ends_connection: aftermath == Aftermath::Connection, unbound: false }
        };
        let mut lease = pool.take().await.map_err(|error| told(&error))?;
        let settings: Vec<Step> = call
            .settings
            .changes(Some(&Settings::default()))
            .into_iter()
            .map(|parameters| Step { sql: SET_LOCAL.into(), types: &SET_LOCAL_TYPES, parameters: parameters.to_vec() })
            .collect();
        let mut all = vec![Request::new("BEGIN")];
        all.extend(settings.iter().map(Step::request));
        let before = all.len();
        all.extend_from_slice(requests);
        all.push(Request::new("COMMIT"));
        call.peer.set_running(Some(lease.cancel_handle())).await;
        let outcome = lease.pipeline(&all).await;
        call.peer.set_running(None).await;
        self.raised = lease.take_raised();
        match outcome {
            Ok(answers) => Ok(answers.into_iter().skip(before).take(requests.len()).collect()),
            Err(error) => {
                if lease.is_usable()
                    && lease.status() != TransactionStatus::Idle
                    && let Err(error) = lease.query(&Request::new("ROLLBACK")).await
                {
                    tracing::debug!(%error, "a transaction ended with its connection");
                }
                Err(told(&error))
            }
        }
    }
}

/// Sends the requests and gives the rows of the last one to `sink`.
async fn fly(lease: &mut Lease, requests: &[Request<'_>], sink: &mut Sink<'_>) -> Result<u64, Flown> {
    let last = requests.len() - 1;
    let mut flight = lease.start(requests).map_err(Flown::Target)?;
    let mut affected = 0;
    let mut refused = None;
    loop {
        let wanted = flight.request() == last && refused.is_none();
        match flight.next().await.map_err(Flown::Target)? {
            None => break,
            Some(Event::Columns(types)) if wanted => sink.columns(&types),
            Some(Event::Row(row)) if wanted => match sink.row(row).await {
                Ok(()) => {}
                Err(super::result::SinkError::Client) => return Err(Flown::Client),
                // The flight is read to its end all the same, so that the connection stays usable.
                Err(super::result::SinkError::Refused(error)) => refused = Some(error),
            },
            Some(Event::Complete { affected: count }) if wanted => affected = count,
            Some(_) => {}
        }
    }
    refused.map_or(Ok(affected), |error| Err(Flown::Refused(error)))
}

/// PostgreSQL's words go to the log only. Values in DETAIL stay out of it.
fn log(error: &TargetError, told: &MysqlError) {
    match error.server() {
        Some(server) => {
            tracing::debug!(sqlstate = %server.sqlstate, message = %server.message, told = told.code, "PostgreSQL refused a statement");
        }
        None => tracing::warn!(error = without_values(error), told = told.code, "a PostgreSQL connection failed"),
    }
}
