//! What is known of a session between two commands, kept true and told to the operator.
//!
//! MySQL's own answers are the source of it. Where an answer doesn't tell, MySQL is asked, and no trace of that is left for the
//! client: after an ERR, which has no flags, while the client thinks ([`inject::settle`]); for variables, before the next
//! command that doesn't ask what the one before did ([`inject::check`]).

use std::time::Duration;

use super::{Expected, Session, Setup};
use crate::frontend::facts::{Facts, Heard};
use crate::frontend::inject;
use crate::frontend::relay::{Relay, RelayError};
use crate::frontend::request::Request;
use crate::route::{Blocker, Hindrance, SessionInfo};
use crate::sql::{StatementClass, may_call_stored};
use crate::wire::command::query_text;
use crate::wire::packet::HEADER_LENGTH;
use crate::wire::{Capabilities, Command};

impl Session<'_> {
    /// The session is where it is after a command: at a boundary, or not.
    pub(super) fn leave(&mut self) {
        let pending_data = self.statements.has_waiting_data();
        if self.relay.facts.changed {
            self.tell_variables();
        }
        let facts = &self.relay.facts;
        self.route.leave_as(facts.inside() || pending_data, facts.standing());
    }

    /// Asks MySQL whether a transaction is open, if its last answer was an ERR, and for what it keeps back of a SELECT's end.
    pub(super) async fn ask_standing(&mut self) -> Result<(), RelayError> {
        let by = if self.relay.facts.untold { "a function" } else { "a statement that failed" };
        self.relay.facts.untold = false;
        let Relay { server, facts, .. } = &mut self.relay;
        let heard = inject::settle(server, facts).await.map_err(RelayError::Server)?;
        if let Some(capturing) = &mut self.capturing {
            capturing.transaction_ended(&self.relay.facts);
        }
        self.note_retracked();
        if heard.state_changed {
            self.holdings.hidden(by, &mut self.relay.facts, &self.route);
        }
        self.leave();
        Ok(())
    }

    /// Sees to it, before a command, that what MySQL reports is what Bascule follows, and that what is followed is true.
    pub(super) async fn make_sure(&mut self, request: &Request) -> Result<(), RelayError> {
        let facts = &self.relay.facts;
        // What comes between a command and a question about it would be in the answer.
        if request.looks_back() {
            return Ok(());
        }
        let watched = facts.inside() && facts.wanted.transaction_state();
        if facts.doubted && self.setup == Setup::Done && !watched {
            let Relay { server, facts, .. } = &mut self.relay;
            self.setup = inject::check(server, facts).await.map_err(RelayError::Server)?;
            self.tell_variables();
        }
        if self.setup == Setup::Needed && !self.relay.facts.inside() {
            self.set_up().await?;
        }
        Ok(())
    }

    /// Reads the variables once more before the session goes on elsewhere, if they may have changed without a word. MySQL may
    /// be gone by then; what was known must do.
    pub(super) async fn read_last(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        if self.relay.facts.doubted {
            let Relay { server, facts, .. } = &mut self.relay;
            let _ = tokio::time::timeout(PATIENCE, inject::check(server, facts)).await;
        }
    }

    /// A routine changed what MySQL reports: it's what the client wants from now on.
    pub(super) fn note_retracked(&mut self) {
        let facts = &mut self.relay.facts;
        if facts.retracked.is_empty() {
            return;
        }
        for (setting, value) in std::mem::take(&mut facts.retracked) {
            facts.wanted = std::mem::take(&mut facts.wanted).with(setting, &value);
        }
        self.setup = Setup::Needed;
    }

    /// What a command will do to what the session holds, read from its text before it's sent.
    pub(super) fn expected(&mut self, request: &Request) -> Option<Expected> {
        let payload = self.relay.client.unread.get(HEADER_LENGTH..).unwrap_or_default();
        let facts = &mut self.relay.facts;
        match request.command? {
            Command::SetOption => {
                facts.multi_statements = payload.get(1..3) == Some(&[0, 0]);
                None
            }
            Command::Query => {
                let body = payload.get(1..).unwrap_or_default();
                let text = query_text(body, facts.client_capabilities).unwrap_or_default();
                let statement = request.statement.as_ref()?;
                facts.untold = keeps_back(facts, statement.class, text);
                self.holdings.expect(statement, text)
            }
            Command::StmtExecute => {
                let statement = request.statement.as_ref()?;
                let text = statement.text.as_deref()?;
                facts.untold = keeps_back(facts, statement.class, text);
                self.holdings.expect(statement, text)
            }
            _ => None,
        }
    }

    /// Takes what a command did to what the session holds.
    pub(super) fn note_holdings(&mut self, request: &Request, expected: Option<Expected>, heard: &Heard) {
        if request.prepared.is_some() {
            self.note_cursors();
        }
        let facts = &mut self.relay.facts;
        let runs = matches!(request.command, Some(Command::Query | Command::StmtExecute));
        if runs && request.statement.as_ref().is_none_or(|statement| statement.class != StatementClass::Use) {
            self.holdings.take(expected, facts, heard, &self.route);
        }
        let class = request.statement.as_ref().filter(|_| runs && heard.failed().is_none()).map(|known| known.class);
        facts.next_is_set &= match class {
            Some(StatementClass::Write | StatementClass::Ddl | StatementClass::Commit | StatementClass::Rollback) => {
                false
            }
            // It read a table: a transaction of its own.
            Some(StatementClass::Read | StatementClass::LockingRead) => !heard.silent,
            _ => true,
        };
        match (facts.tables_locked, self.locked_told) {
            (true, false) => self.route.block(Hindrance::certain(Blocker::LockedTables, "LOCK TABLES")),
            (false, true) => self.route.unblock(|blocker| blocker == Blocker::LockedTables),
            (true, true) | (false, false) => {}
        }
        self.locked_told = facts.tables_locked;
    }

    fn note_cursors(&self) {
        if self.statements.has_cursor() {
            self.route
                .block(Hindrance::certain(Blocker::OpenCursor, "a prepared statement was executed with a cursor"));
        } else {
            self.route.unblock(|blocker| blocker == Blocker::OpenCursor);
        }
    }

    pub(super) fn tell_prepared(&self) {
        self.route.update(|info| info.prepared_statements = self.statements.len() as u64);
    }

    /// Shows the operator the variables as they are now.
    pub(super) fn tell_variables(&mut self) {
        let facts = &mut self.relay.facts;
        facts.changed = false;
        self.route.update(|info| show(facts, info));
    }

    /// MySQL has reset the session.
    pub(super) fn tell_anew(&mut self) {
        self.locked_told = false;
        self.route.update(forget);
    }

    /// PostgreSQL serves: what was MySQL's is gone.
    pub(super) fn tell_gone(&self) {
        self.route.update(|info| {
            forget(info);
            (info.autocommit, info.character_set_client, info.collation_connection) = (None, None, None);
            (info.sql_mode, info.time_zone, info.transaction_isolation) = (None, None, None);
        });
    }
}

/// True when the answer won't tell what the statement does to the session: rows that end with an EOF have no trackers, and
/// what a stored function does is told with the next OK only.
fn keeps_back(facts: &Facts, class: StatementClass, text: &[u8]) -> bool {
    !facts.server_capabilities.contains(Capabilities::DEPRECATE_EOF)
        && matches!(class, StatementClass::Read | StatementClass::LockingRead)
        && text.contains(&b'(')
        && may_call_stored(text)
}

fn forget(info: &mut SessionInfo) {
    info.blockers.clear();
    info.user_variables.clear();
    info.temporary_tables.clear();
    info.text_prepared.clear();
    info.prepared_statements = 0;
}

/// Copies only what is new.
fn show(facts: &Facts, info: &mut SessionInfo) {
    let fresh = |slot: &mut Option<String>, value: Option<&str>| {
        if slot.as_deref() != value {
            *slot = value.map(str::to_owned);
        }
    };
    info.autocommit = Some(facts.autocommit);
    fresh(&mut info.database, facts.database.as_deref());
    fresh(&mut info.character_set_client, facts.variables.get("character_set_client"));
    let collation = facts.variables.get("collation_connection").filter(|_| !facts.doubted);
    fresh(&mut info.collation_connection, collation);
    fresh(&mut info.sql_mode, facts.variables.get("sql_mode"));
    fresh(&mut info.time_zone, facts.variables.get("time_zone"));
    fresh(&mut info.transaction_isolation, facts.variables.get("transaction_isolation"));
}
