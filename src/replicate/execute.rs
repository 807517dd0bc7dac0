//! Executes one prepared transaction and decides what an error means.
//!
//! Everything up to the checkpoint travels in few flights; PostgreSQL's counts are compared before COMMIT is sent, so
//! a transaction that did something else than MySQL's is never committed. Commits are synchronous: once a position is
//! shown as applied, a flip may rely on it, whatever crashes next. What that costs is shared by the transactions of a
//! group.

use crate::schema::TableName;
use crate::target::{Client, Request, TargetError};

use super::expect;
use super::prepare::{Prepared, Step, write_plan};

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
    /// The state row couldn't be changed: somebody else decides now.
    Fenced,
}

/// Executes and commits.
pub(super) async fn execute(client: &mut Client, prepared: &Prepared) -> Result<(), Failure> {
    let result = match steps(client, prepared).await {
        Ok(()) => commit(client, prepared).await,
        Err(failure) => Err(failure),
    };
    if result.is_err() && client.is_usable() {
        // The connection is given up if even that fails.
        client.simple("ROLLBACK").await.map_err(Failure::Again)?;
    }
    result
}

async fn steps(client: &mut Client, prepared: &Prepared) -> Result<(), Failure> {
    let mut rest = prepared.steps.as_slice();
    let mut begun = false;
    while !rest.is_empty() {
        let (flight, later) = rest.split_at(flight_length(rest));
        rest = later;
        let mut requests = Vec::with_capacity(flight.len() + 1);
        if !begun {
            requests.push(Request::new("BEGIN"));
        }
        requests.extend(flight.iter().map(Step::request));
        let skipped = usize::from(!begun);
        begun = true;
        let answers = match client.pipeline(&requests).await {
            Ok(answers) => answers,
            Err(error) => return Err(judge(error, flight, skipped)),
        };
        for (step, answer) in flight.iter().zip(answers.iter().skip(skipped)) {
            match step {
                Step::Write { statement, plan, .. } => {
                    let Some(plan) = write_plan(plan) else { continue };
                    if let Err(different) = expect::after(statement, plan, answer) {
                        tracing::debug!(statement = %statement.text, "different");
                        return Err(Failure::Tables { tables: step.tables().to_vec(), reason: different.0 });
                    }
                }
                Step::Checkpoint(_) if answer.affected != 1 => return Err(Failure::Fenced),
                Step::Setting(_) | Step::Ddl { .. } | Step::Store(_) | Step::Checkpoint(_) => {}
            }
        }
    }
    Ok(())
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

async fn commit(client: &mut Client, prepared: &Prepared) -> Result<(), Failure> {
    match client.query(&Request::new("COMMIT")).await {
        Ok(_) => Ok(()),
        Err(error) if again(&error) => Err(Failure::Again(error)),
        Err(error) => {
            // A constraint that is checked at commit.
            let server = error.server();
            let named = server.and_then(|e| e.schema.clone().zip(e.table.clone()));
            let tables = match named {
                Some((database, table)) => vec![TableName { database, table }],
                None => prepared.steps.iter().flat_map(Step::tables).cloned().collect(),
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
        Some((_, step @ (Step::Write { .. } | Step::Ddl { .. }))) => step.tables().to_vec(),
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
