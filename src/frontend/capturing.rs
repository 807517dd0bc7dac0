//! What forwarding does for the statement lane: before a command that writes or may commit, and after its answer.
//!
//! * Before something that can commit is forwarded, `capture` has it durably as an intent. The last packet of the
//!   answer is held back until the outcome is durable too. Trouble of the lane never fails or refuses a command: the
//!   lane stops and says so itself.
//! * A write whose effect depends on the time gets that time from here: `SET timestamp` goes out in front of it.
//!   Setting it back waits for the next command, since a SET right after the write would take its warnings away from
//!   `SHOW WARNINGS`.
//! * An ERR carries no status flags, and a failed DDL may have committed what was open: MySQL is asked before the next
//!   command.
//! * What can't be repeated exactly isn't guessed: the transaction is marked with the reason, and its tables are
//!   copied again if it commits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;

use super::door::Shared;
use super::facts::{Answer, Facts, Heard, Transaction};
use super::inject::{self, Reply};
use super::prepared::{LongData, Prepared};
use super::relay::{Delivery, Relay, RelayError};
use super::request::{Request, Statement, mentions};

use crate::capture::{PendingWrite, SessionCapture};
use crate::change::{Affected, CapturedStatement, StatementContext, WriteAnswer};
use crate::position::{Gtid, GtidSet};
use crate::sql::{StatementClass, depends_on_time, may_call_function, may_call_stored, savepoint_name};
use crate::value::Value;
use crate::wire::execute::{self, Known};
use crate::wire::tracker::ReplyShape;
use crate::wire::{Capabilities, Command};

/// Variables that change what the words behind them mean, and that aren't recorded with a write: their usual values, and
/// what is told of a write with these words under another one.
const MEANINGS: [(&str, &str, &[&[u8]], &str); 6] = [
    ("div_precision_increment", "4", &[b"/", b"avg"], "a quotient under another div_precision_increment"),
    ("default_week_format", "0", &[b"week"], "WEEK under another default_week_format"),
    (
        "lc_time_names",
        "en_US",
        &[b"dayname", b"monthname", b"date_format", b"from_unixtime"],
        "names of days and months under another lc_time_names",
    ),
    ("block_encryption_mode", "aes-128-ecb", &[b"aes_"], "a cipher under another block_encryption_mode"),
    ("group_concat_max_len", "1024", &[b"group_concat"], "GROUP_CONCAT under another group_concat_max_len"),
    ("sql_auto_is_null", "OFF", &[b"null"], "a comparison with NULL under sql_auto_is_null"),
];

/// The capturing side of a session.
pub(super) struct Capturing {
    session: SessionCapture,
    /// The time that the client set itself, in microseconds.
    client_time: Option<i64>,
    /// MySQL's session still has the time of an earlier write of ours.
    time_is_set: bool,
    context: Option<Arc<StatementContext>>,
    /// The present command.
    pending: Option<PendingWrite>,
    inexact: Option<&'static str>,
    announced: bool,
    /// The transaction had written before the present command.
    had_written: bool,
    /// Something that commits implicitly failed inside a transaction with writes: they may be committed, and no
    /// answer tells their GTID.
    doubtful: bool,
}

/// What goes around a command.
pub(super) struct Preparation {
    /// Commands of ours, to be sent in front.
    pub(super) injected: BytesMut,
    /// How many answers come before the command's own.
    pub(super) replies: usize,
    pub(super) delivery: Delivery,
}

impl Capturing {
    pub(super) fn new(session: SessionCapture) -> Self {
        Self {
            session,
            client_time: None,
            time_is_set: false,
            context: None,
            pending: None,
            inexact: None,
            announced: false,
            had_written: false,
            doubtful: false,
        }
    }

    /// MySQL has reset the session.
    pub(super) fn begin_anew(&mut self) {
        (self.client_time, self.time_is_set, self.context) = (None, false, None);
    }

    /// COM_CHANGE_USER and COM_RESET_CONNECTION roll back.
    pub(super) fn rolled_back(&mut self) {
        self.session.rolled_back();
    }

    /// Prepares a command: learns the session's state if it must, makes the intent durable, and says what goes in
    /// front of the command.
    pub(super) async fn before(
        &mut self,
        relay: &mut Relay,
        shared: &Shared,
        request: &Request,
        (payload, prepared): (&[u8], Option<&Prepared>),
    ) -> Result<Preparation, RelayError> {
        (self.pending, self.inexact, self.announced) = (None, None, false);
        let mut preparation = Preparation { injected: BytesMut::new(), replies: 0, delivery: Delivery::Forward };
        if request.shape == ReplyShape::None {
            return Ok(preparation);
        }
        self.had_written = relay.facts.wrote;
        let in_transaction = relay.facts.transaction != Transaction::None;
        let commits = request.may_commit(in_transaction, relay.facts.autocommit);
        if let Some(statement) = written(request) {
            self.ask_last_insert_id(relay, statement).await?;
            self.read_write(relay, request, (payload, prepared), statement);
        }
        self.set_time(relay, shared, request, &mut preparation);
        if commits {
            self.announced = true;
            preparation.delivery = Delivery::HoldLast;
            // A lane that can't record has stopped and told the operator; the client's command goes on.
            let _ = self.session.before_commit(self.pending.as_ref()).await;
        }
        Ok(preparation)
    }

    /// A write that speaks of LAST_INSERT_ID() gets its value recorded from MySQL itself.
    async fn ask_last_insert_id(&mut self, relay: &mut Relay, statement: &Statement) -> Result<(), RelayError> {
        if !statement.text.as_deref().is_some_and(|text| mentions(text, b"last_insert_id")) {
            return Ok(());
        }
        let question = inject::query("SELECT LAST_INSERT_ID()", relay.facts.server_capabilities);
        relay.server.send(&question).await.map_err(RelayError::Server)?;
        let reply = inject::answer(&mut relay.server, &mut relay.facts).await.map_err(RelayError::Server)?;
        if let Reply::Row(row) = reply {
            let id = row.first().and_then(|cell| std::str::from_utf8(cell.as_deref()?).ok()?.parse().ok());
            relay.facts.last_insert_id = id.unwrap_or(relay.facts.last_insert_id);
        }
        Ok(())
    }

    /// Turns a write into what the lane records, or says why that isn't exact.
    fn read_write(
        &mut self,
        relay: &Relay,
        request: &Request,
        (payload, prepared): (&[u8], Option<&Prepared>),
        statement: &Statement,
    ) {
        let facts = &relay.facts;
        let charset = facts.variables.get("character_set_client").unwrap_or_default();
        let Some(text) = statement.text.as_deref().and_then(|text| decode(text, charset)) else {
            self.inexact = Some("a statement that isn't in UTF-8");
            return;
        };
        if mentions(text.get(..64).unwrap_or(&text).trim_start().as_bytes(), b"load ") {
            self.inexact = Some("LOAD DATA");
            return;
        }
        if let Some((_, _, _, reason)) = MEANINGS.iter().find(|(name, usual, words, _)| {
            // Switches are told as numbers when they're asked for and as words when they change.
            let usually = |value: &str| value.eq_ignore_ascii_case(usual) || (*usual == "OFF" && value == "0");
            facts.variables.get(name).is_some_and(|value| !usually(value))
                && words.iter().any(|word| mentions(text.as_bytes(), word))
        }) {
            self.inexact = Some(reason);
            return;
        }
        let parameters = match (request.command, prepared) {
            (Some(Command::StmtExecute), Some(prepared)) => match values(payload, prepared, facts, charset) {
                Ok(values) => values,
                Err(reason) => {
                    self.inexact = Some(reason);
                    return;
                }
            },
            (Some(Command::StmtExecute), None) => {
                self.inexact = Some("the execution of a statement that isn't known");
                return;
            }
            _ => Vec::new(),
        };
        let context = self.context(facts);
        let (time_micros, time_exact) = self.client_time.map_or((now_micros(), false), |time| (time, true));
        self.pending = Some(PendingWrite { text, parameters, context, time_micros, time_exact });
    }

    /// The session as the statement sees it; the same value as before as long as nothing has changed.
    fn context(&mut self, facts: &Facts) -> Arc<StatementContext> {
        let text = |name: &str| facts.variables.get(name).unwrap_or_default().to_owned();
        let context = StatementContext {
            database: facts.database.clone(),
            sql_mode: text("sql_mode"),
            time_zone: text("time_zone"),
            isolation: text("transaction_isolation"),
            auto_increment_increment: text("auto_increment_increment").parse().unwrap_or(1),
            foreign_key_checks: facts.variables.is_on("foreign_key_checks"),
            collation: text("collation_connection"),
            user: format!("{}@{}", facts.user, facts.client_host),
            last_insert_id: facts.last_insert_id,
            found_rows: facts.client_capabilities.contains(Capabilities::FOUND_ROWS),
        };
        match &self.context {
            Some(known) if **known == context => Arc::clone(known),
            _ => {
                let context = Arc::new(context);
                self.context = Some(Arc::clone(&context));
                context
            }
        }
    }

    /// Sets MySQL's time for a write that depends on it, or sets it back for whatever comes next.
    fn set_time(&mut self, relay: &Relay, shared: &Shared, request: &Request, preparation: &mut Preparation) {
        if request.looks_back() {
            return;
        }
        let capabilities = relay.facts.server_capabilities;
        let wanted = self.pending.as_mut().filter(|write| {
            self.client_time.is_none()
                && depends_on_time(&write.text, &shared.catalogue.load(), write.context.database.as_deref())
        });
        if let Some(write) = wanted {
            let (seconds, micros) = (write.time_micros.div_euclid(1_000_000), write.time_micros.rem_euclid(1_000_000));
            write.time_exact = true;
            self.time_is_set = true;
            preparation
                .injected
                .extend_from_slice(&inject::query(&format!("SET timestamp={seconds}.{micros:06}"), capabilities));
            preparation.replies += 1;
        } else if std::mem::take(&mut self.time_is_set) {
            preparation.injected.extend_from_slice(&inject::query("SET timestamp=DEFAULT", capabilities));
            preparation.replies += 1;
        }
    }

    /// Takes MySQL's answer. Returns when what must be durable before the client sees it is durable.
    pub(super) async fn after(&mut self, shared: &Shared, facts: &Facts, request: &Request, heard: &Heard) {
        if let (Some(value), Some(statement)) = (&heard.timestamp, &request.statement) {
            self.client_time = client_time(value, statement);
        }
        let failed = heard.failed().is_some();
        let gtids = gtids(heard);
        if let Some(statement) = request.statement.as_ref().filter(|_| runs(request)) {
            self.take_statement(statement, facts, heard, gtids.is_empty());
            let writes = matches!(statement.class, StatementClass::Write | StatementClass::Ddl) && !failed;
            let unlogged = facts.variables.get("sql_log_bin").is_some_and(|_| !facts.variables.is_on("sql_log_bin"));
            if writes && unlogged {
                shared.lose("a session writes with sql_log_bin switched off");
            }
        }
        if !gtids.is_empty() {
            // A lane that can't record has stopped and told the operator.
            let _ = self.session.committed_all(gtids).await;
            self.doubtful = false;
            return;
        }
        let commit = request.statement.as_ref().is_some_and(|statement| statement.class == StatementClass::Commit);
        match (facts.transaction, failed) {
            (Transaction::None, false) if self.announced => {
                let _ = self.session.committed(None).await;
                self.doubtful = false;
            }
            (Transaction::Open, false) if self.announced && commit => {
                let _ = self.session.committed(None).await;
            }
            (Transaction::Open, _) => {
                if self.announced {
                    self.session.not_committed();
                }
                self.doubtful = false;
            }
            (Transaction::None, _) => self.transaction_ended(facts),
            (Transaction::Unknown, _) => {
                self.doubtful |= self.announced && commits_implicitly(request) && self.session.has_writes();
            }
        }
    }

    /// The flags say that no transaction is open, and no commit was reported.
    pub(super) fn transaction_ended(&mut self, facts: &Facts) {
        if facts.transaction != Transaction::None {
            return;
        }
        if std::mem::take(&mut self.doubtful) {
            self.session.unknown_outcome("a failed statement may have committed the transaction before it");
        } else {
            self.session.rolled_back();
        }
    }

    /// Records what a statement did to the open transaction.
    fn take_statement(&mut self, statement: &Statement, facts: &Facts, heard: &Heard, nothing_committed: bool) {
        use StatementClass as Class;
        let failed = heard.failed().is_some();
        let suspect = facts.blind && statement.text.as_deref().is_none_or(may_call_stored);
        let hidden = facts.wrote && !self.had_written || !nothing_committed || suspect;
        if statement.several {
            if facts.wrote || !nothing_committed {
                self.session.inexact("several statements in one command", Affected::All);
            }
            return;
        }
        let name = || statement.text.as_deref().and_then(savepoint_name).unwrap_or_default();
        match statement.class {
            Class::Write | Class::Ddl => self.take_write(failed, heard),
            Class::Savepoint if !failed => self.session.savepoint(&name()),
            Class::RollbackToSavepoint if !failed => self.session.rollback_to(&name()),
            Class::ReleaseSavepoint if !failed => self.session.release(&name()),
            Class::Rollback if !failed => self.session.rolled_back(),
            Class::Call | Class::TextPrepared | Class::Xa | Class::Unknown if hidden || facts.wrote || facts.blind => {
                self.session.inexact("a procedure, a text EXECUTE or a statement that isn't understood", Affected::All);
            }
            // MySQL reports rows that are locked as a write.
            Class::LockingRead if nothing_committed && !statement.text.as_deref().is_none_or(may_call_function) => {}
            Class::Read | Class::LockingRead if hidden => {
                self.session.inexact("a function that writes", Affected::All);
            }
            Class::Read
            | Class::LockingRead
            | Class::Call
            | Class::TemporaryTable
            | Class::Begin
            | Class::Commit
            | Class::Rollback
            | Class::Savepoint
            | Class::RollbackToSavepoint
            | Class::ReleaseSavepoint
            | Class::Set
            | Class::Use
            | Class::LockTables
            | Class::TextPrepared
            | Class::Xa
            | Class::Administration
            | Class::Unknown => {}
        }
    }

    fn take_write(&mut self, failed: bool, heard: &Heard) {
        if failed {
            return;
        }
        if let Some(reason) = self.inexact {
            return self.session.inexact(reason, Affected::All);
        }
        let Some(write) = self.pending.take() else { return };
        let PendingWrite { text, parameters, context, time_micros, time_exact } = write;
        let answer = match heard.last {
            Some(Answer::Ok { affected_rows, insert_id, warnings, matched_rows, .. }) => {
                WriteAnswer { affected_rows, insert_id, matched_rows, warnings }
            }
            Some(Answer::Rows { .. } | Answer::Err { .. }) | None => {
                return self.session.inexact("a write that answers with rows", Affected::All);
            }
        };
        self.session.executed(CapturedStatement { text, parameters, context, time_micros, time_exact, answer });
    }

    /// MySQL is gone, and what was on its way may have been committed.
    pub(super) fn lost(&mut self) {
        self.session.unknown_outcome("the connection to MySQL broke");
    }
}

/// The single write that a command runs.
fn written(request: &Request) -> Option<&Statement> {
    let writes = |statement: &&Statement| {
        !statement.several && matches!(statement.class, StatementClass::Write | StatementClass::Ddl)
    };
    request.statement.as_ref().filter(|_| runs(request)).filter(writes)
}

/// True for commands that run SQL; preparing it doesn't.
fn runs(request: &Request) -> bool {
    matches!(request.command, Some(Command::Query | Command::StmtExecute))
}

/// True for statements that commit what was open before they do their own work, and may fail after that.
fn commits_implicitly(request: &Request) -> bool {
    request.statement.as_ref().is_none_or(|statement| {
        !matches!(statement.class, StatementClass::Write | StatementClass::Commit | StatementClass::Rollback)
    })
}

/// The values of an execution.
fn values(payload: &[u8], prepared: &Prepared, facts: &Facts, charset: &str) -> Result<Vec<Value>, &'static str> {
    let Some(long_data) = prepared.long_data.as_ref().map_or(Some(&EMPTY), LongData::complete) else {
        return Err("data of COM_STMT_SEND_LONG_DATA that is too large to be captured");
    };
    let known = Known {
        parameters: usize::from(prepared.parameters),
        types: &prepared.types,
        long_data,
        query_attributes: facts.client_capabilities.contains(Capabilities::QUERY_ATTRIBUTES),
    };
    let values = execute::decode(payload, known).map_err(|_| "parameters that can't be read")?.values;
    let fits = |value: &Value| match value {
        Value::Text(text) | Value::Decimal(text) => text.is_ascii() || is_utf8(charset),
        Value::Null
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Bytes(_)
        | Value::Date(_)
        | Value::DateTime(..)
        | Value::Time { .. } => true,
    };
    if values.iter().all(fits) { Ok(values) } else { Err("a parameter that isn't in UTF-8") }
}

static EMPTY: BTreeMap<u16, Vec<u8>> = BTreeMap::new();

/// A client's text as UTF-8, if that's certain: ASCII means the same in every charset that a client may use.
fn decode(text: &[u8], charset: &str) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    (text.is_ascii() || is_utf8(charset)).then(|| text.to_owned())
}

fn is_utf8(charset: &str) -> bool {
    matches!(charset, "utf8mb4" | "utf8mb3" | "utf8")
}

/// GTIDs of the commits that a reply reported.
fn gtids(heard: &Heard) -> Vec<Gtid> {
    let sets = heard.gtids.iter().filter_map(|text| text.parse::<GtidSet>().ok());
    let mut all = Vec::new();
    for set in sets {
        for (source, low, high) in set.ranges() {
            // One command of a client doesn't commit more often than that; a longer range isn't a report of commits.
            for number in low..=high.min(low.saturating_add(100_000)) {
                all.push(Gtid { source: source.clone(), number, server: 0 });
            }
        }
    }
    all
}

/// The time that a client set, as MySQL reports it. Back to the clock, MySQL reports the clock's time: only the text
/// tells the difference.
fn client_time(value: &str, statement: &Statement) -> Option<i64> {
    let text = statement.text.as_deref().unwrap_or_default();
    let spaceless: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if mentions(text, b"default") || spaceless.ends_with(b"=0") {
        return None;
    }
    let (seconds, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)? + micros)
}

/// The proxy's clock.
fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::request::{Keep, Reading};

    fn set(text: &str) -> Statement {
        let reading = Reading {
            capabilities: Capabilities::PROTOCOL_41,
            multi_statements: false,
            dialect: crate::frontend::dialect::Dialect::MySql,
        };
        let command = [b"\x03", text.as_bytes()].concat();
        Request::of(&command, true, Keep::All, reading).statement.expect("a query has a statement")
    }

    #[test]
    fn a_clients_time_is_known_from_the_report_and_the_text() {
        assert_eq!(client_time("5.000000", &set("SET timestamp=5")), Some(5_000_000));
        assert_eq!(
            client_time("1700000000.123456", &set("SET timestamp = 1700000000.123456")),
            Some(1_700_000_000_123_456)
        );
        assert_eq!(client_time("1795374231.148709", &set("set timestamp=DEFAULT")), None);
        assert_eq!(client_time("1795374231.148709", &set("set timestamp = 0")), None);
    }

    #[test]
    fn text_is_taken_only_when_its_charset_is_certain() {
        assert_eq!(decode("ä".as_bytes(), "utf8mb4").as_deref(), Some("ä"));
        assert_eq!(decode("ä".as_bytes(), "latin1"), None);
        assert_eq!(decode(b"\xe4", "latin1"), None);
        assert_eq!(decode(b"a", "latin1").as_deref(), Some("a"));
    }

    #[test]
    fn ranges_of_gtids_are_single_commits() {
        let heard = Heard { gtids: vec!["4ebee625-e6a2-11f1-bdff-02fc00000001:12-13".to_owned()], ..Heard::default() };
        assert_eq!(gtids(&heard).iter().map(|gtid| gtid.number).collect::<Vec<_>>(), [12, 13]);
    }
}
