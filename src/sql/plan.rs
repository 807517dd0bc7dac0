//! What a rewritten statement is: the contract between `sql` and those who execute plans.

mod call;
mod ddl;
mod shown;
mod weight;
mod xa;

use std::sync::Arc;

use crate::schema::{Catalogue, Table, TableName};
use crate::value::Value;
use crate::wire::FieldType;
use crate::wire::condition::{self, Condition};

pub use super::coerce::Rules;

pub use super::given::{Given, UserVariable, VariableKind};

pub use call::{Call, CallTarget, IntoTarget};
pub use ddl::{DdlPlan, Notice, Records};
pub use shown::{Explain, ExplainFormat, Maintained, RowSource, ShowCommand, Shown};
pub use xa::{Xa, Xid};

/// Everything a rewrite depends on besides the text. All of it is part of the plan cache's key.
#[derive(Clone, Debug)]
pub struct Context {
    pub catalogue: Arc<Catalogue>,
    /// Default database.
    pub database: Option<String>,
    /// `sql_mode`, MySQL's comma list.
    pub sql_mode: String,
    /// `collation_connection`, e.g. `utf8mb4_0900_ai_ci`.
    pub collation: String,
    pub purpose: Purpose,
    /// What is known of the values of the client's `?`.
    pub parameters: Known,
    /// Values that are known when the statement is planned.
    pub given: Given,
}

/// What is known of the values of a statement's `?` when it's planned. MySQL converts by the class of each value
/// (`varchar_column = 5` compares numbers, `varchar_column = '5'` text), so a plan may depend on it; a plan says in
/// [`Planned::asked`] for which values it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing yet: COM_STMT_PREPARE.
    #[default]
    Nothing,
    /// The values of an execution, by position.
    Values(Arc<[ValueClass]>),
    /// As above; the `?` stand where the client wrote literals ([`super::template`]).
    Literals(Arc<[ValueClass]>),
}

impl Known {
    /// The values of an execution.
    #[must_use]
    pub fn of(values: &[Value]) -> Self {
        Self::Values(values.iter().map(ValueClass::of).collect())
    }

    /// The class of the value at a position, where it's known.
    #[must_use]
    pub fn class(&self, position: usize) -> Option<ValueClass> {
        match self {
            Self::Nothing => None,
            Self::Values(classes) | Self::Literals(classes) => classes.get(position).copied(),
        }
    }
}

/// As what MySQL takes a value in comparisons and calculations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueClass {
    /// An integer of 64 bits with sign.
    Integer,
    /// An integer above those.
    Unsigned,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Real,
    /// A floating-point number that is whole and exact as an integer: as such it can be compared with integers, which
    /// lets PostgreSQL use an index. JavaScript has no other numbers.
    Whole,
    /// Character data, or NULL, which converts to anything.
    Text(Numeral),
    Bytes,
    Date,
    DateTime,
    Time,
}

/// What number a text is, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Numeral {
    /// An integer of 64 bits with sign.
    Integer,
    /// A number with a fraction or more digits.
    Decimal,
    /// None, or one with an exponent or with something behind it.
    Other,
}

/// A plan, and what it was made to depend on.
#[derive(Clone, Debug)]
pub struct Planned {
    pub plan: Plan,
    /// Positions of the `?` whose class the plan depends on, ascending.
    pub asked: Vec<usize>,
}

/// What the plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Answer a client from PostgreSQL: ids are generated there, counts are reported.
    Serve,
    /// Repeat a write that MySQL made: ids and times are given; anything whose effect isn't fully determined by
    /// the text, the parameters and [`ParameterSource`] values (RAND(), UUID(), user variables, LIMIT without a
    /// total order, tables with triggers, …) is refused by name.
    Replay,
}

/// PostgreSQL text, minted only by `sql` and `schema`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetSql(pub(crate) String);

impl TargetSql {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a statement is, decided from its first tokens; cheap enough for every command on the forwarding path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementClass {
    /// SELECT (without INTO and locking clauses), SHOW, EXPLAIN, DESCRIBE, HELP, DO without functions, …
    Read,
    /// SELECT … FOR UPDATE/SHARE, LOCK IN SHARE MODE: reads that lock.
    LockingRead,
    /// INSERT, UPDATE, DELETE, REPLACE, LOAD DATA, WITH … UPDATE/DELETE.
    Write,
    /// CALL, or a SELECT that calls a stored function: may write.
    Call,
    /// CREATE/ALTER/DROP/RENAME/TRUNCATE/…: commits implicitly.
    Ddl,
    /// CREATE/DROP TEMPORARY TABLE: no implicit commit, never replicated.
    TemporaryTable,
    Begin,
    Commit,
    Rollback,
    Savepoint,
    RollbackToSavepoint,
    ReleaseSavepoint,
    /// SET.
    Set,
    Use,
    /// LOCK TABLES, UNLOCK TABLES, FLUSH TABLES WITH READ LOCK.
    LockTables,
    /// PREPARE, EXECUTE, DEALLOCATE as text.
    TextPrepared,
    Xa,
    /// GRANT, CREATE USER, ANALYZE, OPTIMIZE, KILL, FLUSH, …: forwarded, never replayed.
    Administration,
    /// Not understood: forwarded while MySQL serves, refused while PostgreSQL serves.
    Unknown,
}

/// A statement ready for execution.
#[derive(Clone, Debug)]
pub enum Plan {
    Query(QueryPlan),
    Write(WritePlan),
    Ddl(DdlPlan),
    /// Answered by the serving session itself: SET, USE, BEGIN, SHOW …
    Session(SessionCommand),
}

impl Plan {
    /// What MySQL warns of before the first value is seen.
    #[must_use]
    pub fn warnings(&self) -> &[Condition] {
        match self {
            Self::Query(query) => &query.warnings,
            Self::Write(write) => &write.warnings,
            Self::Session(SessionCommand::Assigning { query, .. }) => &query.warnings,
            Self::Ddl(_) | Self::Session(_) => &[],
        }
    }
}

/// A query.
#[derive(Clone, Debug)]
pub struct QueryPlan {
    pub sql: TargetSql,
    pub parameters: Vec<Parameter>,
    pub columns: Vec<OutputColumn>,
    /// FOR UPDATE and the like: begins a transaction under autocommit=0 and takes locks.
    pub locking: bool,
    /// It reads stored tables.
    pub reads: bool,
    /// What MySQL warns of before the first value is seen.
    pub warnings: Vec<Condition>,
}

/// A column of a result as MySQL would describe it; values come from PostgreSQL as text and are encoded by `field`.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputColumn {
    /// Title: alias, column name or the expression's source text.
    pub name: String,
    /// Name of the base column, or empty.
    pub org_name: String,
    /// Table alias, or empty.
    pub table: String,
    /// Base table, or empty.
    pub org_table: String,
    /// Database, or empty.
    pub schema: String,
    pub field: FieldType,
    /// Display length in bytes, as MySQL reports it.
    pub length: u32,
    pub flags: u16,
    pub decimals: u8,
    /// True for character data: the connection's collation id is reported; else 63 (binary).
    pub character: bool,
}

/// A write.
#[derive(Clone, Debug)]
pub struct WritePlan {
    pub verb: Verb,
    /// Conversions that a query would warn of are errors: strict mode, without IGNORE.
    pub strict: bool,
    pub sql: TargetSql,
    pub parameters: Vec<Parameter>,
    /// What is written (the first for messages; several for multi-table forms).
    pub tables: Vec<TableName>,
    pub result: WriteResult,
    /// Replay of a row-generating INSERT: how many of its rows take a generated id, 0 otherwise.
    pub generated_ids: usize,
    /// What MySQL warns of before the first value is seen.
    pub warnings: Vec<Condition>,
    /// Variables that the rows assign to; what they are left with stands behind the counts.
    pub variables: Vec<(String, VariableKind)>,
}

impl WritePlan {
    /// The error that one of these warnings (level, number, message) is under strict mode: a value that can't be read
    /// whole.
    #[must_use]
    pub fn fatal<'w>(&self, warnings: impl Iterator<Item = (&'w str, u16, &'w str)>) -> Option<SqlError> {
        const FATAL: [u16; 5] = [1264, 1292, 1365, 1411, 1441];
        let mut warnings = warnings.filter(|_| self.strict);
        let (_, code, message) = warnings.find(|(level, code, _)| *level == "Warning" && FATAL.contains(code))?;
        Some(SqlError::new(code, condition::sqlstate(code), message.to_owned()))
    }

    /// Whether PostgreSQL must be told of strict mode: only the helpers ask for it.
    #[must_use]
    pub fn tells_strict(&self) -> bool {
        // Helpers that move a sequence, or are told the mode by their arguments.
        const HELPERS: &str = "\"mysql\".";
        const SILENT: [&str; 7] = ["reach(", "store_", "cut_", "kept(", "padded(", "counted(", "\"row\"("];
        let sql = self.sql.as_str();
        let speaks = |(at, _): (usize, &str)| {
            sql.get(at + HELPERS.len()..).is_some_and(|call| !SILENT.iter().any(|silent| call.starts_with(silent)))
        };
        self.strict && sql.match_indices(HELPERS).any(speaks)
    }
}

/// Which write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Insert,
    InsertIgnore,
    Upsert,
    Replace,
    Update,
    Delete,
}

/// How affected rows and the insert id are read from PostgreSQL's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteResult {
    /// The command tag's count is MySQL's affected rows.
    Tag,
    /// One returned row for each inserted row; column 0 is its AUTO_INCREMENT value as text. `generated` is false
    /// when the statement gave every id itself; column 1, when there is one, says for each row whether it didn't.
    Ids { generated: bool },
    /// Exactly one returned row: column 0 matched rows, column 1 changed rows.
    MatchedChanged,
    /// One returned row for each matched row: column 0 is `t` when it was changed.
    Differing,
    /// One returned row for each inserted or changed row: column 0 is `t` when inserted, column 1 its AUTO_INCREMENT
    /// value or NULL. Rows that stayed the same aren't returned; `given` is the number of rows in VALUES.
    Upserted { given: Option<usize> },
    /// Exactly one returned row: records, inserted, deleted, updated and touched rows, the first generated id or NULL,
    /// and the AUTO_INCREMENT value of the last row or NULL. `many` is true for all but one row of VALUES.
    Counted { many: bool },
    /// Exactly one returned row: column 0 deleted rows, column 1 inserted rows, column 2 first id or NULL; in a replay column
    /// 3 rows that were deleted for ones that are the same.
    Replaced,
}

/// One PostgreSQL parameter `$n`.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub source: ParameterSource,
    /// PostgreSQL type of the parameter, declared in Parse; values travel in text format.
    pub type_oid: u32,
    /// Set when the value is assigned to a column: MySQL's coercion applies (1264, 1366, 1406, …).
    pub assignment: Option<Assignment>,
    /// It stands where the client wrote a literal: a value that isn't of the type can't be bound, and the text as it was
    /// written is executed.
    pub lifted: bool,
}

/// The column that a parameter is stored in.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub table: Arc<Table>,
    /// Position in the table's columns.
    pub column: usize,
    /// 1-based row in VALUES, for "at row n".
    pub row: usize,
    /// What happens to a value that doesn't fit.
    pub rules: Rules,
}

/// Where a parameter's value comes from at execution.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterSource {
    /// A literal of the statement.
    Literal(Value),
    /// The client's n-th `?`, from 0.
    Client(usize),
    /// NOW(fsp) in the session's zone, without zone.
    Now {
        fraction: u8,
    },
    /// UTC_TIMESTAMP(fsp).
    UtcNow {
        fraction: u8,
    },
    /// The statement's time as an instant (timestamptz), truncated to the fraction.
    Instant {
        fraction: u8,
    },
    /// UNIX_TIMESTAMP() as an integer.
    UnixNow,
    /// The n-th generated id, from 0 (replay only): first id + n × auto_increment_increment.
    GeneratedId(usize),
    /// Replay: the client's `?`, or the n-th generated id when that is NULL or 0.
    ClientOrGenerated {
        client: usize,
        nth: usize,
    },
    LastInsertId,
    ConnectionId,
    /// `name@host` of the client.
    User,
    /// A session system variable, by lower-case name.
    Variable(String),
    /// `@name`, lower case.
    UserVariable(String),
    /// A routine's local variable, by its slot.
    Local(usize),
    FoundRows,
    RowCount,
    /// A text that no other statement on the same PostgreSQL connection has.
    StatementToken,
    /// GET_LOCK and the like, where the session answers them itself: name and timeout.
    Lock {
        function: LockFunction,
        arguments: Vec<ParameterSource>,
    },
    /// The rows of a system table, as JSON.
    Rows(Box<RowSource>),
    /// The value of another source as a JSON scalar of its type.
    JsonOf(Box<Self>),
}

/// A command for the serving session. Expressions in SET are plans of their own.
#[derive(Clone, Debug)]
pub enum SessionCommand {
    Begin {
        read_only: Option<bool>,
        consistent_snapshot: bool,
    },
    /// What isn't said is `completion_type`'s.
    Commit {
        chain: Option<bool>,
        release: Option<bool>,
    },
    Rollback {
        chain: Option<bool>,
        release: Option<bool>,
    },
    Savepoint(String),
    RollbackTo(String),
    Release(String),
    Use(String),
    /// PREPARE name FROM …
    Prepare {
        name: String,
        from: PrepareFrom,
    },
    /// EXECUTE name USING @a, …: lower-case names of variables.
    Execute {
        name: String,
        using: Vec<String>,
    },
    /// DEALLOCATE PREPARE.
    Deallocate(String),
    /// DO: expressions whose values nobody sees.
    Do(Vec<SetValue>),
    Set(Vec<Assign>),
    /// SET TRANSACTION: isolation level and access mode, for the session or the next transaction only.
    SetTransaction {
        session: bool,
        isolation: Option<String>,
        read_only: Option<bool>,
    },
    Show(ShowCommand),
    LockTables(Vec<TableLock>),
    UnlockTables,
    /// FLUSH commits what is open.
    Flush {
        warning: Option<(u16, String)>,
    },
    /// ANALYZE, CHECK, OPTIMIZE or REPAIR TABLE.
    Maintain(Vec<Maintained>),
    Explain(Box<Explain>),
    /// Forms that are accepted without effect carry their name.
    NoOperation(&'static str),
    Kill {
        query_only: bool,
        /// `None` is the session itself.
        id: Option<u64>,
    },
    Call(Call),
    Xa(Xa),
    /// SIGNAL.
    Signal {
        state: String,
        code: u16,
        message: String,
    },
    /// GET DIAGNOSTICS: of the statement, or of its n-th condition.
    Diagnostics {
        condition: Option<u64>,
        /// Lower-case names of variables, and what each gets.
        items: Vec<(String, DiagnosticsItem)>,
    },
    /// `SELECT … INTO @a, …`: variables by lower-case name with what they become.
    SelectInto {
        query: Box<QueryPlan>,
        variables: Vec<(IntoTarget, VariableKind)>,
    },
    /// A query that assigns to user variables: behind its own columns it has one for each of these, which is NULL when
    /// nothing was assigned, empty for NULL, and otherwise `=` and the value's text.
    Assigning {
        query: Box<QueryPlan>,
        variables: Vec<(String, VariableKind)>,
    },
    /// SQL_CALC_FOUND_ROWS: `total` counts the rows that there were without LIMIT; it has the same parameters.
    Counted {
        query: Box<QueryPlan>,
        total: TargetSql,
    },
    /// LOAD DATA.
    Load(Box<super::load::Load>),
    /// A query over system variables and session functions only, e.g. `SELECT @@version_comment LIMIT 1`.
    Variables(Vec<(OutputColumn, ParameterSource)>),
}

/// One table of LOCK TABLES.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableLock {
    pub table: TableName,
    /// The name under which statements may use it.
    pub alias: String,
    pub write: bool,
    /// The tables that a view reads, which are locked and may be used too; empty for a table.
    pub of_view: Vec<TableName>,
}

impl TableLock {
    /// What PostgreSQL has to lock: views exist in the catalogue only.
    pub fn stored(&self) -> impl Iterator<Item = &TableName> {
        let own = self.of_view.is_empty().then_some(&self.table);
        own.into_iter().chain(&self.of_view)
    }
}

/// What GET DIAGNOSTICS tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiagnosticsItem {
    Number,
    RowCount,
    Errno,
    Message,
    State,
}

/// The functions on locks with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockFunction {
    Get,
    Release,
    IsFree,
    IsUsed,
    ReleaseAll,
}

/// One assignment of SET.
#[derive(Clone, Debug)]
pub struct Assign {
    pub target: SetTarget,
    pub value: SetValue,
    /// What a user variable becomes; `None` when only the value tells.
    pub kind: Option<VariableKind>,
}

/// What SET assigns to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetTarget {
    /// `SET x`, `SET SESSION x`, `SET @@x`; lower-case name.
    Session(String),
    /// `SET @@x` of a transaction's characteristics: for the next transaction only.
    Next(String),
    Global(String),
    /// `SET @x`.
    User(String),
    /// `SET NAMES charset [COLLATE collation]`: the value is the charset.
    Names {
        collation: Option<String>,
    },
    /// `SET CHARACTER SET charset`.
    Charset,
}

/// The right-hand side of SET.
#[derive(Clone, Debug)]
pub enum SetValue {
    Default,
    Constant(Value),
    /// `@@x`, `@x` and the like.
    Source(ParameterSource),
    /// Anything else: one row, one column.
    Query(Box<QueryPlan>),
}

/// Where PREPARE has its statement from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrepareFrom {
    Text(String),
    /// `@name`, lower case.
    Variable(String),
}

/// Why a statement isn't carried: MySQL's error number, SQLSTATE and text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SqlError {
    /// MySQL error number: 1064, 1146, 1054, …; 1235 for a construct without a rewrite.
    pub code: u16,
    /// Five characters.
    pub sqlstate: &'static str,
    pub message: String,
}
