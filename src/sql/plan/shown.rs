//! What is shown rather than read: SHOW and DESCRIBE, EXPLAIN, the upkeep of tables, and the rows of system tables.

use super::{Parameter, ParameterSource, TargetSql};
use crate::schema::{RoutineKind, TableName};

/// Which rows of a system table a statement reads.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSource {
    pub database: String,
    pub table: String,
    /// The SHOW command whose answer it is.
    pub show: Option<Box<ShowCommand>>,
    /// Only rows of these databases, if any are named.
    pub schemas: Option<Vec<ParameterSource>>,
    /// Only rows of these tables, if any are named.
    pub tables: Option<Vec<ParameterSource>>,
}

/// SHOW and DESCRIBE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowCommand {
    pub what: Shown,
    /// A MySQL pattern for the first column.
    pub like: Option<String>,
}

/// What SHOW shows. Databases and tables are known to exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    Databases,
    Tables {
        database: String,
        full: bool,
    },
    Columns {
        table: TableName,
        full: bool,
    },
    Index {
        table: TableName,
    },
    CreateTable {
        table: TableName,
    },
    CreateView {
        view: TableName,
    },
    CreateDatabase {
        name: String,
        if_not_exists: bool,
    },
    TableStatus {
        database: String,
    },
    Variables {
        global: bool,
    },
    Status {
        global: bool,
    },
    Warnings {
        errors: bool,
        offset: u64,
        limit: u64,
    },
    WarningCount {
        errors: bool,
    },
    Engines,
    Plugins,
    Privileges,
    Collations,
    Charsets,
    ProcessList {
        full: bool,
    },
    /// Of another account than the client's own, if one is named.
    Grants {
        user: Option<(String, String)>,
    },
    Triggers {
        database: String,
    },
    Events {
        database: String,
    },
    /// `PROCEDURE` or `FUNCTION`.
    Routines {
        kind: &'static str,
    },
    /// SHOW CREATE PROCEDURE and FUNCTION.
    CreateRoutine {
        kind: RoutineKind,
        name: TableName,
    },
    /// By database and name.
    CreateTrigger {
        name: TableName,
    },
    Libraries,
    OpenTables {},
    ReplicaStatus,
    Replicas,
    Profiles,
    Profile,
}

impl ShowCommand {
    /// True for the commands that tell of the statement before, and leave its warnings.
    #[must_use]
    pub fn is_diagnostic(&self) -> bool {
        matches!(self.what, Shown::Warnings { .. } | Shown::WarningCount { .. })
    }
}

/// A statement whose plan is asked for.
#[derive(Clone, Debug)]
pub struct Explain {
    pub sql: TargetSql,
    pub parameters: Vec<Parameter>,
    /// What the statement asks for; otherwise `explain_format` decides.
    pub format: Option<ExplainFormat>,
    pub analyze: bool,
}

/// How a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainFormat {
    Tree,
    Traditional,
}

/// One table of ANALYZE TABLE and its relatives: what is executed, and the lines that are answered when it succeeds.
#[derive(Clone, Debug)]
pub struct Maintained {
    pub statement: Option<TargetSql>,
    pub lines: Vec<[String; 4]>,
}
