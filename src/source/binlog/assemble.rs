//! From events to transactions. Each transaction has a number, changes, and an end; what was rolled back within it isn't
//! in the log (but see below).
//!
//! * The end is the commit's own event, or COMMIT as text for engines without transactions; a statement that isn't within
//!   BEGIN is a transaction by itself.
//! * ROLLBACK and ROLLBACK TO stand in the log only when an engine without transactions kept something of what was rolled
//!   back. What that was can't be told from what wasn't, so the tables are copied again.
//! * XA PREPARE ends a transaction that isn't decided yet: its rows are kept until XA COMMIT or XA ROLLBACK comes under a
//!   number of its own. Its number isn't done with until then, so that a lane that is opened again reads it again. A branch
//!   that was prepared before the lane began isn't known, and then everything is in doubt.
//! * Rows of databases that aren't carried are dropped here.
//! * A statement in place of rows brings what it needs in events in front of it. The state of RAND() and user variables
//!   are named as what keeps it from being repeated.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::binlog::{Event, QueryEvent, RowsEvent, StatementVariable};
use crate::change::{
    Affected, Branch, CapturedStatement, Inexact, LoggedChange, LoggedStatement, LoggedTransaction, ManyRows,
    StatementContext, WriteAnswer,
};
use crate::position::{Gtid, GtidSource};
use crate::schema::TableName;
use crate::sql::{self, plan::StatementClass};

use super::spill::SpillWriter;

#[cfg(test)]
mod tests;

/// Bytes of rows that a transaction may take in memory; beyond it they go to a file.
const IN_MEMORY: usize = 4 << 20;
/// XA branches that may be undecided at a time.
const MOST_BRANCHES: usize = 10_000;

/// Why a transaction can't be put together.
#[derive(Debug, thiserror::Error)]
pub(super) enum AssembleError {
    #[error("MySQL wrote a transaction without a GTID: gtid_mode must be ON")]
    Anonymous,
    #[error("the binary log's events come in an order that isn't understood: {0}")]
    Order(&'static str),
    #[error("MySQL's binary log misses something: {0}")]
    Incident(String),
    #[error("a large transaction can't be kept in the spool's folder")]
    Spill(#[from] io::Error),
}

/// Puts transactions together.
#[derive(Debug)]
pub(super) struct Assembler {
    /// In lower case.
    databases: BTreeSet<String>,
    directory: PathBuf,
    open: Option<Open>,
    /// XA branches that were prepared, by their name.
    prepared: HashMap<String, Undecided>,
}

#[derive(Debug)]
struct Open {
    transaction: LoggedTransaction,
    /// Between BEGIN and the end.
    begun: bool,
    /// It tells of something that hasn't happened.
    void: bool,
    bytes: usize,
    tables: BTreeSet<TableName>,
    spill: Option<SpillWriter>,
    /// For the next statement.
    variables: Variables,
}

/// What a statement takes from the events in front of it.
#[derive(Clone, Copy, Debug, Default)]
struct Variables {
    insert_id: u64,
    last_insert_id: u64,
    unrepeatable: Option<&'static str>,
}

#[derive(Debug)]
struct Undecided {
    gtid: Gtid,
    changes: Vec<LoggedChange>,
    inexact: Option<Inexact>,
}

impl Assembler {
    pub(super) fn new(databases: &[String], directory: PathBuf) -> Self {
        let databases = databases.iter().map(|name| name.to_lowercase()).collect();
        Self { databases, directory, open: None, prepared: HashMap::new() }
    }

    /// A new connection begins with a whole transaction.
    pub(super) fn interrupted(&mut self) {
        self.open = None;
    }

    /// Takes an event; gives the transaction that it ends. Payloads are unpacked by the caller.
    pub(super) fn take(&mut self, event: Event) -> Result<Option<LoggedTransaction>, AssembleError> {
        match event {
            Event::Gtid(gtid) => {
                if self.open.is_some() {
                    return Err(AssembleError::Order("a transaction begins within another"));
                }
                let transaction = LoggedTransaction {
                    gtid: gtid.gtid,
                    changes: Vec::new(),
                    inexact: None,
                    branch: Branch::None,
                    committed_micros: gtid.committed_micros,
                };
                let (begun, void) = (gtid.begun, gtid.void);
                let (bytes, tables, spill, variables) = (0, BTreeSet::new(), None, Variables::default());
                self.open = Some(Open { transaction, begun, void, bytes, tables, spill, variables });
                Ok(None)
            }
            Event::Anonymous => Err(AssembleError::Anonymous),
            Event::Query(query) => self.query(query),
            Event::Variable(variable) => {
                let variables = &mut self.open()?.variables;
                match variable {
                    StatementVariable::InsertId(id) => variables.insert_id = id,
                    StatementVariable::LastInsertId(id) => variables.last_insert_id = id,
                    StatementVariable::Random => variables.unrepeatable = Some("it uses RAND()"),
                    StatementVariable::User => variables.unrepeatable = Some("it uses a user variable"),
                }
                Ok(None)
            }
            Event::Rows(rows) => self.rows(rows).map(|()| None),
            Event::Commit => self.finish().map(Some),
            Event::XaPrepared(prepared) if prepared.one_phase => self.finish().map(Some),
            Event::XaPrepared(prepared) => self.prepare(prepared.xid).map(Some),
            Event::Incident(message) => Err(AssembleError::Incident(message)),
            Event::StatementPart => {
                let reason = "a session logged LOAD DATA as a statement, not by its rows";
                self.open()?.inexact(reason, Affected::All);
                Ok(None)
            }
            Event::Payload(_) | Event::Table(_) | Event::Heartbeat | Event::Rotation(_) | Event::Other => Ok(None),
        }
    }

    fn open(&mut self) -> Result<&mut Open, AssembleError> {
        self.open.as_mut().ok_or(AssembleError::Order("changes outside of a transaction"))
    }

    fn query(&mut self, query: QueryEvent) -> Result<Option<LoggedTransaction>, AssembleError> {
        let class = sql::classify(query.text.as_bytes());
        let database = query.database.as_ref().map(|name| name.to_lowercase());
        let open = self.open()?;
        let variables = std::mem::take(&mut open.variables);
        match class {
            StatementClass::Begin => open.begun = true,
            StatementClass::Commit => return self.finish().map(Some),
            StatementClass::Rollback => {
                open.rolled_back();
                return self.finish().map(Some);
            }
            StatementClass::RollbackToSavepoint => open.rolled_back(),
            StatementClass::Savepoint | StatementClass::ReleaseSavepoint => {}
            StatementClass::Xa => return self.xa(&query.text),
            StatementClass::Ddl
            | StatementClass::Write
            | StatementClass::Call
            | StatementClass::Unknown
            | StatementClass::Read
            | StatementClass::LockingRead => {
                let default =
                    database.is_some_and(|name| self.databases.contains(&name)) && !is_about_database(&query.text);
                let ours = default || names_one(&query.text, &self.databases);
                let open = self.open()?;
                let reads = matches!(class, StatementClass::Read | StatementClass::LockingRead | StatementClass::Call);
                if ours && !open.void && reads {
                    // Reads aren't logged for what they read.
                    open.inexact("a stored function that writes was logged as a call, not by its rows", Affected::All);
                } else if ours && !open.void {
                    open.statement(query, class, variables);
                }
                if !open.begun {
                    return self.finish().map(Some);
                }
            }
            StatementClass::TemporaryTable
            | StatementClass::Use
            | StatementClass::Set
            | StatementClass::LockTables
            | StatementClass::TextPrepared
            | StatementClass::Administration => {
                if !open.begun {
                    return self.finish().map(Some);
                }
            }
        }
        Ok(None)
    }

    fn rows(&mut self, rows: RowsEvent) -> Result<(), AssembleError> {
        let ours = self.databases.contains(&rows.map.table.database.to_lowercase());
        let directory = self.directory.clone();
        let open = self.open()?;
        if !ours {
            return Ok(());
        }
        if !open.tables.contains(&rows.map.table) {
            open.tables.insert(rows.map.table.clone());
        }
        if let Some(spill) = &mut open.spill {
            return Ok(spill.push(&rows)?);
        }
        open.bytes += rows.size();
        let changes = &mut open.transaction.changes;
        changes.push(LoggedChange::Rows(rows));
        if open.bytes > IN_MEMORY {
            // A definition in front of the rows stays where it is.
            let first = changes.iter().position(|change| matches!(change, LoggedChange::Rows(_))).unwrap_or(0);
            let mut spill = SpillWriter::new(&directory)?;
            for change in changes.drain(first..) {
                if let LoggedChange::Rows(rows) = change {
                    spill.push(&rows)?;
                }
            }
            open.spill = Some(spill);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<LoggedTransaction, AssembleError> {
        let open = self.open.take().ok_or(AssembleError::Order("an end without a transaction"))?;
        let mut transaction = open.transaction;
        if let Some(spill) = open.spill {
            transaction.changes.push(LoggedChange::Many(ManyRows(Arc::new(spill.finish()?))));
        }
        Ok(transaction)
    }

    /// XA PREPARE: nothing has happened yet.
    fn prepare(&mut self, xid: String) -> Result<LoggedTransaction, AssembleError> {
        let mut transaction = self.finish()?;
        let changes = std::mem::take(&mut transaction.changes);
        let inexact = transaction.inexact.take();
        if self.prepared.len() >= MOST_BRANCHES {
            return Err(AssembleError::Order("too many branches of XA are undecided"));
        }
        transaction.branch = Branch::Prepared;
        self.prepared.insert(xid, Undecided { gtid: transaction.gtid.clone(), changes, inexact });
        Ok(transaction)
    }

    /// XA START and XA END frame a branch; XA COMMIT and XA ROLLBACK decide one that was prepared.
    fn xa(&mut self, text: &str) -> Result<Option<LoggedTransaction>, AssembleError> {
        let mut words = text.splitn(3, ' ').skip(1);
        let (verb, xid) = (words.next().unwrap_or_default().to_ascii_uppercase(), words.next().unwrap_or_default());
        match verb.as_str() {
            "START" | "BEGIN" => self.open()?.begun = true,
            "COMMIT" => {
                let undecided = self.prepared.remove(xid.trim());
                let open = self.open()?;
                match undecided {
                    Some(undecided) => {
                        open.transaction.branch = Branch::Decided(undecided.gtid);
                        open.transaction.changes = undecided.changes;
                        open.transaction.inexact = undecided.inexact;
                    }
                    None => open.inexact(
                        "an XA transaction was committed that had been prepared before its changes were followed",
                        Affected::All,
                    ),
                }
                return self.finish().map(Some);
            }
            "ROLLBACK" => {
                let undecided = self.prepared.remove(xid.trim());
                let branch = undecided.map_or(Branch::None, |undecided| Branch::Decided(undecided.gtid));
                self.open()?.transaction.branch = branch;
                return self.finish().map(Some);
            }
            _end => {}
        }
        Ok(None)
    }
}

impl Open {
    fn inexact(&mut self, reason: &str, tables: Affected) {
        Inexact::add(&mut self.transaction.inexact, reason.to_owned(), tables);
    }

    /// MariaDB's SQL isn't MySQL's in everything: a definition is carried where it means the same, a write never is.
    fn statement(&mut self, mut query: QueryEvent, class: StatementClass, variables: Variables) {
        const TRUNCATES: &str = "TIME_TRUNCATE_FRACTIONAL";
        if matches!(self.transaction.gtid.source, GtidSource::Domain(_)) {
            // The bit of this mode is another one's there, which makes NULL of every empty text.
            let empty = query.sql_mode.split(',').any(|mode| mode == TRUNCATES).then_some("EMPTY_STRING_IS_NULL");
            if let Some(mode) = query.foreign_mode.or(empty) {
                let reason = format!("a statement was logged under sql_mode {mode}, which isn't carried");
                return self.inexact(&reason, Affected::All);
            }
            if class == StatementClass::Write {
                return self.inexact("a session logged a statement, not its rows", Affected::All);
            }
            // What MySQL does in this mode only, MariaDB always does.
            let comma = if query.sql_mode.is_empty() { "" } else { "," };
            query.sql_mode.push_str(&format!("{comma}{TRUNCATES}"));
        }
        self.transaction.changes.push(LoggedChange::Statement(statement(query, variables)));
    }

    fn rolled_back(&mut self) {
        let tables = self.tables.iter().cloned().collect::<Vec<_>>();
        if !tables.is_empty() {
            let reason = "a rollback was logged together with changes of an engine without transactions";
            self.inexact(reason, Affected::Tables(tables));
        }
    }
}

/// CREATE, ALTER or DROP of a database, whose default database says nothing.
fn is_about_database(text: &str) -> bool {
    let second = text.split_whitespace().nth(1);
    second.is_some_and(|word| word.eq_ignore_ascii_case("DATABASE") || word.eq_ignore_ascii_case("SCHEMA"))
}

/// Whether a statement with another default database names one that is carried.
fn names_one(text: &str, databases: &BTreeSet<String>) -> bool {
    let text = text.to_lowercase();
    let inside = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    databases.iter().any(|name| {
        text.match_indices(name.as_str()).any(|(at, found)| {
            let (before, after) =
                (text.get(..at).unwrap_or_default(), text.get(at + found.len()..).unwrap_or_default());
            !before.ends_with(inside) && !after.starts_with(inside)
        })
    })
}

/// A logged statement in the form of a captured one.
fn statement(query: QueryEvent, variables: Variables) -> LoggedStatement {
    let unrepeatable = if query.damaged {
        Some("its text holds bytes that aren't text")
    } else if query.error != 0 {
        Some("it failed in the middle, and was logged for what it had done by then")
    } else {
        variables.unrepeatable
    };
    let mut text = query.text;
    // CREATE TABLE … SELECT: the rows follow in the same transaction.
    if let Some(length) = text.trim_end().to_ascii_uppercase().strip_suffix("START TRANSACTION").map(str::len)
        && text.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("CREATE"))
    {
        text.truncate(length);
    }
    let context = StatementContext {
        database: query.database,
        sql_mode: query.sql_mode,
        time_zone: if query.time_zone.is_empty() { "SYSTEM".to_owned() } else { query.time_zone },
        isolation: "REPEATABLE-READ".to_owned(),
        auto_increment_increment: u64::from(query.auto_increment_increment.max(1)),
        foreign_key_checks: query.foreign_key_checks,
        collation: query.collation,
        user: String::new(),
        last_insert_id: variables.last_insert_id,
        found_rows: false,
    };
    let statement = CapturedStatement {
        text,
        parameters: Vec::new(),
        context: Arc::new(context),
        time_micros: query.time_micros,
        time_exact: true,
        answer: WriteAnswer { insert_id: variables.insert_id, ..WriteAnswer::default() },
    };
    LoggedStatement { statement, unrepeatable }
}
