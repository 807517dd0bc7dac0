//! Executes one prepared transaction and decides what an error means.
//!
//! Everything up to the checkpoint travels in few flights; PostgreSQL's counts are compared before COMMIT is sent, so
//! a transaction that did something else than MySQL's is never committed. Commits are synchronous: once a position is
//! shown as applied, a flip may rely on it, whatever crashes next. What that costs is shared by the transactions of a
//! group.

use std::collections::BTreeSet;

use crate::schema::TableName;
use crate::target::{Answer, Client, Request, TargetError};

use super::expect;
use super::prepare::{Answered, Step, write_plan};

/// Requests in one flight.
const FLIGHT_REQUESTS: usize = 1024;
/// Bytes in one flight; it's exceeded by a single large request only.
const FLIGHT_BYTES: usize = 4 << 20;

/// Why nothing was committed, or whether that isn't known.
#[derive(Debug)]
pub(super) enum Failure {
    /// Worth another try, on a new connection if this one is gone. After a lost connection the commit may have
    /// happened; the stored position tells.
    Again(TargetError),
    /// Never the same as MySQL: these tables can't be followed. None when it can't be told which.
    Tables { tables: Vec<TableName>, reason: String },
    /// What was to be applied can't be read any more.
    Unreadable(String),
    /// The state row couldn't be changed: somebody else decides now.
    Fenced,
    /// It was given up before it was committed.
    Abandoned,
}

/// One PostgreSQL transaction under way. It's begun with its first steps.
pub(super) struct Execution<'c> {
    client: &'c mut Client,
    begun: bool,
    /// The tables that were changed, for an error that doesn't say which.
    tables: BTreeSet<TableName>,
}

impl<'c> Execution<'c> {
    pub(super) fn new(client: &'c mut Client) -> Self {
        Self { client, begun: false, tables: BTreeSet::new() }
    }

    /// Executes steps. After a failure nothing of the transaction is left.
    pub(super) async fn run(&mut self, steps: &[Step]) -> Result<(), Failure> {
        let result = self.flights(steps).await;
        self.settled(result).await
    }

    /// Commits.
    pub(super) async fn commit(mut self) -> Result<(), Failure> {
        let result = commit(self.client, &self.tables).await;
        self.settled(result).await
    }

    /// Gives everything up.
    pub(super) async fn abandon(mut self) -> Result<(), Failure> {
        if self.begun { self.roll_back().await } else { Ok(()) }
    }

    async fn settled(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        if result.is_err() && self.client.is_usable() {
            // The connection is given up if even that fails.
            self.roll_back().await?;
        }
        result
    }

    async fn roll_back(&mut self) -> Result<(), Failure> {
        self.client.simple("ROLLBACK").await.map(drop).map_err(Failure::Again)
    }

    async fn flights(&mut self, steps: &[Step]) -> Result<(), Failure> {
        let mut rest = steps;
        while !rest.is_empty() {
            let (flight, later) = rest.split_at(flight_length(rest));
            rest = later;
            self.tables.extend(flight.iter().flat_map(Step::tables).cloned());
            let mut requests = Vec::with_capacity(flight.len() + 1);
            if !self.begun {
                requests.push(Request::new("BEGIN"));
            }
            requests.extend(flight.iter().map(Step::request));
            let skipped = usize::from(!self.begun);
            self.begun = true;
            let answers = match self.client.pipeline(&requests).await {
                Ok(answers) => answers,
                Err(error) => return Err(judge(error, flight, skipped)),
            };
            for (step, answer) in flight.iter().zip(answers.iter().skip(skipped)) {
                check(step, answer)?;
            }
        }
        Ok(())
    }
}

/// Compares an answer with what the source did.
fn check(step: &Step, answer: &Answer) -> Result<(), Failure> {
    let different = |reason| Failure::Tables { tables: step.tables().to_vec(), reason };
    match step {
        Step::Write { answered: Answered::No, .. } => Ok(()),
        Step::Write { statement, plan, .. } => {
            let Some(plan) = write_plan(plan) else { return Ok(()) };
            expect::after(statement, plan, answer).map_err(|reason| {
                tracing::debug!(statement = %statement.text, "different");
                different(reason.0)
            })
        }
        Step::Rows(rows) => rows.check(answer.affected).map_err(different),
        Step::Checkpoint(_) if answer.affected != 1 => Err(Failure::Fenced),
        Step::Setting(_) | Step::Ddl { .. } | Step::Store(_) | Step::Checkpoint(_) => Ok(()),
    }
}

/// How many of `steps` travel together: at least one.
fn flight_length(steps: &[Step]) -> usize {
    let mut bytes = 0;
    let fitting = steps.iter().take(FLIGHT_REQUESTS).take_while(|step| {
        bytes += step.weight();
        bytes <= FLIGHT_BYTES
    });
    fitting.count().max(1)
}

async fn commit(client: &mut Client, changed: &BTreeSet<TableName>) -> Result<(), Failure> {
    match client.query(&Request::new("COMMIT")).await {
        Ok(_) => Ok(()),
        Err(error) if again(&error) => Err(Failure::Again(error)),
        Err(error) => {
            // A constraint that is checked at commit.
            let server = error.server();
            let named = server.and_then(|e| e.schema.clone().zip(e.table.clone()));
            let tables = match named {
                Some((database, table)) => vec![TableName { database, table }],
                None => changed.iter().cloned().collect(),
            };
            Err(Failure::Tables { tables, reason: error.to_string() })
        }
    }
}

/// Whose fault an error of a flight is.
fn judge(error: TargetError, flight: &[Step], skipped: usize) -> Failure {
    if again(&error) {
        return Failure::Again(error);
    }
    let reason = error.to_string();
    let failed = error.server().and_then(|server| server.request.checked_sub(skipped));
    let tables = match failed.and_then(|index| flight.get(index).map(|step| (index, step))) {
        // A setting is made for the write after it.
        Some((index, Step::Setting(_))) => {
            flight.iter().skip(index).map(Step::tables).find(|tables| !tables.is_empty()).unwrap_or_default().to_vec()
        }
        Some((_, step @ (Step::Write { .. } | Step::Rows(_) | Step::Ddl { .. }))) => step.tables().to_vec(),
        // The store's own statements don't depend on the data: something is wrong with the target.
        Some((_, Step::Store(_) | Step::Checkpoint(_))) => return Failure::Again(error),
        None => flight.iter().flat_map(Step::tables).cloned().collect(),
    };
    Failure::Tables { tables, reason }
}

/// True for errors that aren't about the statement: connection, resources, deadlock, serialization, shutdown, a server
/// that is read-only for now, and prepared statements that are stale or gone.
fn again(error: &TargetError) -> bool {
    if error.is_stale_plan() {
        return true;
    }
    match error.sqlstate() {
        Some(state) => {
            ["08", "40", "53", "57", "58"].iter().any(|class| state.starts_with(class))
                || ["55P03", "25006", "26000"].contains(&state)
        }
        None => match error {
            TargetError::Request(_) | TargetError::AnswerTooLarge(_) => false,
            TargetError::Io(_)
            | TargetError::Server(_)
            | TargetError::Protocol(_)
            | TargetError::Tls(_)
            | TargetError::Authentication(_)
            | TargetError::ConnectTimeout(_)
            | TargetError::Exhausted(_)
            | TargetError::Busy => true,
        },
    }
}
