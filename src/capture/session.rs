//! One client session's open transaction.
//!
//! The session tells what MySQL answered, in the order in which it happened. Nothing is written for statements that
//! are rolled back before a commit is attempted. No lock is held over an await, and every method leaves a consistent
//! state if the session's task is dropped in the middle: an intent without an outcome then gets the outcome
//! "unknown".

use std::sync::Arc;

use crate::change::{Affected, CapturedStatement, Inexact};
use crate::position::Gtid;
use crate::value::Value;

use super::record::{Intent, Outcome, Record};
use super::{Capture, CaptureError, PendingWrite};

/// Bytes of statements that one transaction may hold in memory; beyond it its tables are copied again instead.
const TRANSACTION_BYTES: usize = 128 << 20;

/// Captures one session.
#[derive(Debug)]
pub struct SessionCapture {
    capture: Arc<Capture>,
    connection: u64,
    statements: Vec<CapturedStatement>,
    bytes: usize,
    /// Name and number of statements before it, oldest first.
    savepoints: Vec<(String, usize)>,
    inexact: Option<Inexact>,
    intent: Option<OpenIntent>,
    /// What MySQL's tracker said last: within one command it repeats what it said before.
    reported: Vec<Gtid>,
}

/// An intent on disk that waits for its outcome.
#[derive(Debug)]
struct OpenIntent {
    sequence: u64,
    /// Statements in it that MySQL had answered.
    statements: usize,
    /// The statement that commits by itself, with text and parameters as recorded.
    pending: Option<PendingWrite>,
}

impl SessionCapture {
    pub(super) fn new(capture: Arc<Capture>, connection: u64) -> Self {
        Self {
            capture,
            connection,
            statements: Vec::new(),
            bytes: 0,
            savepoints: Vec::new(),
            inexact: None,
            intent: None,
            reported: Vec::new(),
        }
    }

    /// MySQL's connection id, when it's known later than the session or changes.
    pub fn set_connection(&mut self, connection: u64) {
        self.connection = connection;
    }

    /// Makes the transaction durable before something that can commit it is forwarded: COMMIT, DDL, or under
    /// autocommit the write itself, which is `pending` then. Call it for everything that may commit, also when
    /// nothing was captured: a commit that isn't announced looks like a writer that bypasses the proxy.
    pub async fn before_commit(&mut self, pending: Option<&PendingWrite>) -> Result<(), CaptureError> {
        if self.intent.is_some() {
            self.close(Outcome::Nothing);
        }
        let record = Record::Intent(Intent {
            connection: self.connection,
            statements: self.statements.clone(),
            pending: pending.cloned(),
            inexact: self.inexact.clone(),
        });
        let empty = self.statements.is_empty() && pending.is_none() && self.inexact.is_none();
        let ticket = self.capture.spool()?.append(record.encode())?;
        self.intent = Some(OpenIntent {
            sequence: ticket.sequence,
            statements: self.statements.len(),
            pending: pending.cloned(),
        });
        if !empty {
            ticket.durable().await?;
        }
        Ok(())
    }

    /// MySQL accepted a write.
    pub fn executed(&mut self, statement: CapturedStatement) {
        self.bytes = self.bytes.saturating_add(weight(&statement));
        if self.bytes > TRANSACTION_BYTES {
            self.inexact("the transaction is too large to be captured", Affected::All);
        }
        if self.inexact.as_ref().is_some_and(|inexact| inexact.tables == Affected::All) {
            // Everything is copied again anyway: nothing needs to be remembered.
            self.statements.clear();
            self.savepoints.clear();
            return;
        }
        self.statements.push(statement);
    }

    /// SAVEPOINT was accepted. A savepoint of the same name is replaced, as in MySQL.
    pub fn savepoint(&mut self, name: &str) {
        self.savepoints.retain(|(known, _)| !same_name(known, name));
        self.savepoints.push((name.to_owned(), self.statements.len()));
    }

    /// ROLLBACK TO SAVEPOINT was accepted.
    pub fn rollback_to(&mut self, name: &str) {
        let Some(index) = self.savepoints.iter().position(|(known, _)| same_name(known, name)) else {
            // MySQL accepted a savepoint that we never saw, e.g. one set inside a procedure.
            return self.inexact("a savepoint that wasn't seen was rolled back to", Affected::All);
        };
        let kept = self.savepoints.get(index).map_or(0, |(_, statements)| *statements);
        self.statements.truncate(kept);
        self.savepoints.truncate(index + 1);
    }

    /// RELEASE SAVEPOINT was accepted; it takes the later ones with it.
    pub fn release(&mut self, name: &str) {
        if let Some(index) = self.savepoints.iter().position(|(known, _)| same_name(known, name)) {
            self.savepoints.truncate(index);
        }
    }

    /// What was captured isn't all that the transaction does: `tables` must be copied again if it commits.
    pub fn inexact(&mut self, reason: impl Into<String>, tables: Affected) {
        Inexact::add(&mut self.inexact, reason.into(), tables);
    }

    /// The transaction was rolled back, or MySQL refused the statement that would have committed by itself. Not for DDL
    /// that was refused while the transaction had writes: MySQL has committed those by then, under a GTID that it
    /// doesn't tell; that's an [unknown outcome](SessionCapture::unknown_outcome).
    pub fn rolled_back(&mut self) {
        self.close(Outcome::Nothing);
        self.clear();
    }

    /// A statement that was announced as committing failed, and the transaction around it goes on.
    pub fn not_committed(&mut self) {
        self.close(Outcome::Nothing);
    }

    /// MySQL committed. `gtid` is what its session tracker said; `None` means that nothing was written to the binary
    /// log. Returns when the outcome is durable, which is when the client may see OK.
    pub async fn committed(&mut self, gtid: Option<Gtid>) -> Result<(), CaptureError> {
        self.committed_all(gtid.into_iter().collect()).await
    }

    /// As [`SessionCapture::committed`], with everything that the tracker of one answer said. DDL inside a transaction
    /// commits twice, and the answers to a multi-statement command each repeat the GTIDs of those before.
    pub async fn committed_all(&mut self, gtids: Vec<Gtid>) -> Result<(), CaptureError> {
        let fresh = gtids.iter().filter(|gtid| !self.reported.contains(gtid)).cloned().collect();
        self.reported = gtids;
        self.record_commit(fresh).await
    }

    async fn record_commit(&mut self, gtids: Vec<Gtid>) -> Result<(), CaptureError> {
        let intent = self.intent.take();
        let statements = std::mem::take(&mut self.statements);
        let inexact = self.inexact.take();
        self.clear();
        if gtids.is_empty() {
            if let Some(intent) = intent {
                self.append_outcome(intent.sequence, Outcome::Nothing);
            }
            return Ok(());
        }
        let empty = statements.is_empty() && inexact.is_none();
        let sequence = intent.as_ref().map_or(0, |intent| intent.sequence);
        let (answer, more) = split(intent, statements);
        let outcome = Outcome::Committed { gtids, answer, more, inexact };
        let ticket = self.capture.spool()?.append(Record::Outcome { intent: sequence, result: outcome }.encode())?;
        if !empty {
            ticket.durable().await?;
        }
        Ok(())
    }

    /// The connection to MySQL broke while something that commits was on its way.
    pub fn unknown_outcome(&mut self, reason: &str) {
        self.close(Outcome::Unknown { reason: reason.to_owned() });
        self.clear();
    }

    /// True when the open transaction has captured writes.
    #[must_use]
    pub fn has_writes(&self) -> bool {
        !self.statements.is_empty() || self.inexact.is_some()
    }

    fn close(&mut self, outcome: Outcome) {
        if let Some(intent) = self.intent.take() {
            self.append_outcome(intent.sequence, outcome);
        }
    }

    fn append_outcome(&self, intent: u64, result: Outcome) {
        // If the spool has stopped, it said so itself and everything needs a resync anyway.
        let outcome = Record::Outcome { intent, result };
        let _ = self.capture.spool().and_then(|spool| spool.append_unattended(outcome.encode()));
    }

    fn clear(&mut self) {
        self.statements = Vec::new();
        self.savepoints = Vec::new();
        self.inexact = None;
        self.bytes = 0;
    }
}

impl Drop for SessionCapture {
    fn drop(&mut self) {
        self.unknown_outcome("the session ended before MySQL's answer");
    }
}

/// Tells what the outcome must hold beyond the intent: the answer to the pending statement and statements that the
/// intent doesn't have.
fn split(
    intent: Option<OpenIntent>,
    mut statements: Vec<CapturedStatement>,
) -> (Option<crate::change::WriteAnswer>, Vec<CapturedStatement>) {
    let Some(intent) = intent else {
        return (None, statements);
    };
    let mut later = statements.split_off(intent.statements.min(statements.len()));
    let announced = match (&intent.pending, later.first()) {
        (Some(pending), Some(first)) => pending.text == first.text && pending.parameters == first.parameters,
        (Some(_) | None, None) | (None, Some(_)) => false,
    };
    if announced {
        let first = later.remove(0);
        return (Some(first.answer), later);
    }
    (None, later)
}

/// MySQL compares savepoint names without case.
fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Bytes that a statement holds, roughly.
fn weight(statement: &CapturedStatement) -> usize {
    let parameters: usize = statement
        .parameters
        .iter()
        .map(|value| match value {
            Value::Text(text) | Value::Decimal(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Null
            | Value::Int(_)
            | Value::UInt(_)
            | Value::Float(_)
            | Value::Double(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => 0,
        })
        .sum();
    statement.text.len() + parameters + statement.parameters.len() * size_of::<Value>() + size_of::<CapturedStatement>()
}
