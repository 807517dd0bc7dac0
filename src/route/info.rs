//! What is told of a session, and what of it would hinder a flip: in words that an operator can act on.
//!
//! Whatever is here was learned from MySQL: its status flags and trackers, or its own tables when it was asked. Where neither
//! can tell, it says so (`certain: false`), and a flip counts it: what may be lost isn't lost silently.

use serde::{Deserialize, Serialize};

/// Why a session can't be carried over a flip as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocker {
    /// It has temporary tables.
    TemporaryTables,
    /// LOCK TABLES is in force.
    LockedTables,
    /// FLUSH TABLES WITH READ LOCK or LOCK INSTANCE FOR BACKUP is in force.
    GlobalLocks,
    /// It holds locks of GET_LOCK.
    NamedLocks,
    /// `@x` was assigned: its value lives in MySQL only.
    UserVariables,
    /// It has statements of PREPARE.
    TextPrepared,
    /// An XA transaction was begun.
    Xa,
    /// A server-side cursor is open.
    OpenCursor,
    /// HANDLER … OPEN was used.
    Handler,
    /// A routine changed something of the session, and MySQL doesn't say what.
    Routine,
    /// A statement that Bascule doesn't understand ran, so the session's state isn't fully known.
    UnknownStatement,
}

impl Blocker {
    /// What the session has.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::TemporaryTables => "temporary tables",
            Self::LockedTables => "LOCK TABLES in force",
            Self::GlobalLocks => "a lock on the whole server",
            Self::NamedLocks => "locks of GET_LOCK",
            Self::UserVariables => "user variables",
            Self::TextPrepared => "statements of PREPARE",
            Self::Xa => "an XA transaction",
            Self::OpenCursor => "an open cursor",
            Self::Handler => "an open HANDLER",
            Self::Routine => "something that a routine left",
            Self::UnknownStatement => "run a statement that Bascule doesn't understand",
        }
    }

    /// When it ends, and what ends it.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::TemporaryTables => {
                "ends with DROP TEMPORARY TABLE, or when the client resets or closes its connection"
            }
            Self::LockedTables => "ends with UNLOCK TABLES, or when the client resets or closes its connection",
            Self::GlobalLocks => {
                "ends with UNLOCK TABLES or UNLOCK INSTANCE, or when the client resets or closes its connection"
            }
            Self::NamedLocks => {
                "ends with RELEASE_LOCK or RELEASE_ALL_LOCKS, or when the client resets or closes its connection"
            }
            Self::UserVariables | Self::Routine | Self::UnknownStatement => {
                "ends when the client resets or closes its connection; KILL and its number in MySQL closes it"
            }
            Self::TextPrepared => "ends with DEALLOCATE PREPARE, or when the client resets or closes its connection",
            Self::Xa => "ends with XA COMMIT or XA ROLLBACK",
            Self::OpenCursor => "ends when the client has fetched its rows, or resets or closes the statement",
            Self::Handler => "ends with HANDLER … CLOSE, or when the client resets or closes its connection",
        }
    }
}

/// Something that would hinder a flip of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hindrance {
    pub what: Blocker,
    /// False when it may be so and MySQL doesn't tell.
    pub certain: bool,
    /// What caused it; never a value of the application's.
    pub why: String,
    /// When it ends, and what ends it.
    pub ends: String,
}

impl Hindrance {
    /// One that MySQL or the statement itself told.
    #[must_use]
    pub fn certain(what: Blocker, why: impl Into<String>) -> Self {
        Self { what, certain: true, why: why.into(), ends: what.remedy().to_owned() }
    }

    /// One that nobody can rule out.
    #[must_use]
    pub fn possible(what: Blocker, why: impl Into<String>) -> Self {
        Self { certain: false, ..Self::certain(what, why) }
    }

    /// A sentence of it, for the flip's report.
    #[must_use]
    pub fn sentence(&self) -> String {
        let has = if self.certain { "has" } else { "may have" };
        format!("it {has} {} ({})", self.what.describe(), self.why)
    }
}

/// The first few of such names, each between two signs; `None` when there are none.
#[must_use]
pub fn some_of(names: &[String], before: &str, after: &str) -> Option<String> {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("{before}{name}{after}")).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

/// Whether a transaction is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionState {
    #[default]
    None,
    Open,
    /// An error was MySQL's last answer, and errors don't tell; MySQL is being asked.
    Unknown,
}

/// A session's transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TransactionInfo {
    pub state: TransactionState,
    pub read_only: bool,
    /// It has written, by MySQL's own account; `None` when MySQL lost count, as it does when a temporary table is made or
    /// dropped in a transaction.
    pub wrote: Option<bool>,
    /// SET TRANSACTION was said, and the transaction that it's about hasn't begun.
    pub next_is_set: bool,
    /// Seconds since it began, or since the statement that began it was asked.
    pub seconds: Option<f64>,
}

/// What the operator sees of a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionInfo {
    /// Bascule's own number of the session.
    pub id: u64,
    /// MySQL's connection id that the client sees; 0 before it's known.
    pub connection_id: u64,
    pub user: String,
    /// The client's address.
    pub client: String,
    pub database: Option<String>,
    /// Inside a transaction or statement.
    pub active: bool,
    /// A command is under way.
    pub running: bool,
    /// Inside a transaction, or nobody knows.
    pub in_transaction: bool,
    /// Commands so far.
    pub commands: u64,
    /// Seconds since its last command was asked: so long it has been idle, or its statement runs.
    pub seconds: Option<f64>,
    pub transaction: TransactionInfo,
    /// `None` while PostgreSQL serves it.
    pub autocommit: Option<bool>,
    pub character_set_client: Option<String>,
    pub collation_connection: Option<String>,
    pub sql_mode: Option<String>,
    pub time_zone: Option<String>,
    pub transaction_isolation: Option<String>,
    /// Statements of COM_STMT_PREPARE.
    pub prepared_statements: u64,
    /// Names of PREPARE's.
    pub text_prepared: Vec<String>,
    /// User variables that were assigned; the first of them if there are many.
    pub user_variables: Vec<String>,
    pub temporary_tables: Vec<String>,
    /// Locks of GET_LOCK, as MySQL told when it was asked.
    pub named_locks: Vec<String>,
    pub tables_locked: bool,
    /// Why MySQL couldn't be asked for its locks, variables and statements: then `blockers` is what its answers told.
    pub not_asked: Option<String>,
    /// What would hinder a flip of this session.
    pub blockers: Vec<Hindrance>,
}
