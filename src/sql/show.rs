//! SHOW and DESCRIBE: the grammar, and what each answers with.
//!
//! A SHOW without WHERE is answered by the session from memory. One with WHERE becomes a query on the same rows, handed
//! to PostgreSQL as a recordset (see [`super::information_schema`]), so that any condition on any column means what it
//! means in a SELECT.

use sqlparser::ast::Expr;
use sqlparser::tokenizer::Token;

use crate::schema::{Catalogue, RoutineKind, TableName, Trigger};

use super::cursor::Cursor;
use super::dialect::{Modes, Source};
use super::explain;
use super::expression::Lowering;
use super::information_schema::{self as system, SHOW, SystemTable};
use super::lower::Place;
use super::plan::{
    Context, OutputColumn, Plan, Planned, QueryPlan, SessionCommand, ShowCommand, Shown, SqlError, TargetSql,
};
use super::scope::Scope;

/// The plan of a SHOW or DESCRIBE; `None` for other statements.
pub(super) fn plan(source: &Source<'_>, context: &Context, modes: Modes) -> Result<Option<Planned>, SqlError> {
    let mut cursor = Cursor::new(source);
    let command = if cursor.take(&["SHOW"]) {
        ShowCommand { what: show(&mut cursor, context)?, like: None }
    } else if cursor.take(&["DESCRIBE"]) || cursor.take(&["DESC"]) || cursor.take(&["EXPLAIN"]) {
        if let Some(explained) = explain::plan(&mut cursor, source, context)? {
            return Ok(Some(explained));
        }
        describe(&mut cursor, context)?
    } else {
        return Ok(None);
    };
    let mut command = command;
    if is_filtered(&command.what) {
        if cursor.take(&["LIKE"]) {
            command.like = Some(pattern(&command.what, cursor.string()?));
        } else if cursor.take(&["WHERE"]) {
            let start = cursor.position();
            cursor.skip_until(|_| false);
            let condition = source.parse_expression(cursor.tokens_from(start).to_vec(), modes)?;
            cursor.finish()?;
            return filtered(source, context, modes, (command, Some(&condition))).map(Some);
        }
    }
    cursor.finish()?;
    if let Shown::TableStatus { .. } = command.what {
        // Sizes are PostgreSQL's to tell.
        return filtered(source, context, modes, (command, None)).map(Some);
    }
    Ok(Some(Planned { plan: Plan::Session(SessionCommand::Show(command)), asked: Vec::new() }))
}

/// The names of information_schema are upper case, and MySQL makes the pattern so too.
fn pattern(what: &Shown, pattern: String) -> String {
    match what {
        Shown::Tables { database, .. } if database == "information_schema" => pattern.to_uppercase(),
        _other => pattern,
    }
}

fn filtered(
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
    (command, condition): (ShowCommand, Option<&Expr>),
) -> Result<Planned, SqlError> {
    let table = table_of(&command.what)?;
    let columns = columns(&command);
    let mut lowering = Lowering::new(context, modes, source);
    let mut scope = Scope::default();
    let title = columns.first().map(|column| column.name.clone());
    let from = lowering.shown(table, command, title.as_deref(), &mut scope)?;
    let condition = match condition {
        Some(condition) => {
            let condition = lowering.lower(condition, Place::new(&scope, "where clause"))?;
            format!(" WHERE {}", lowering.truth(&condition)?)
        }
        None => String::new(),
    };
    let list: Vec<String> = scope
        .relations
        .iter()
        .flat_map(|relation| &relation.columns)
        .enumerate()
        .map(|(at, column)| format!("{} AS c{}", column.sql, at + 1))
        .collect();
    let plan = Plan::Query(QueryPlan {
        sql: TargetSql(format!("SELECT {} FROM {from}{condition}", list.join(", "))),
        parameters: std::mem::take(&mut lowering.parameters),
        columns,
        locking: false,
        reads: false,
        warnings: lowering.warnings.clone(),
    });
    Ok(Planned { plan, asked: lowering.asked.into_iter().collect() })
}

/// True for the commands that take LIKE and WHERE.
fn is_filtered(what: &Shown) -> bool {
    match what {
        Shown::Databases
        | Shown::Tables { .. }
        | Shown::Columns { .. }
        | Shown::Index { .. }
        | Shown::TableStatus { .. }
        | Shown::Variables { .. }
        | Shown::Status { .. }
        | Shown::Collations
        | Shown::Charsets
        | Shown::Triggers { .. }
        | Shown::Events { .. }
        | Shown::Routines { .. }
        | Shown::Libraries
        | Shown::OpenTables { .. } => true,
        Shown::CreateTable { .. }
        | Shown::CreateView { .. }
        | Shown::CreateDatabase { .. }
        | Shown::CreateRoutine { .. }
        | Shown::CreateTrigger { .. }
        | Shown::Warnings { .. }
        | Shown::WarningCount { .. }
        | Shown::Engines
        | Shown::Plugins
        | Shown::Privileges
        | Shown::ProcessList { .. }
        | Shown::Grants { .. }
        | Shown::ReplicaStatus
        | Shown::Replicas
        | Shown::Profiles
        | Shown::Profile => false,
    }
}

/// The description of an answer's columns.
fn table_of(what: &Shown) -> Result<&'static SystemTable, SqlError> {
    let name = match what {
        Shown::Databases => "DATABASES",
        Shown::Tables { full: false, .. } => "TABLES",
        Shown::Tables { full: true, .. } => "FULL TABLES",
        Shown::Columns { full: false, .. } => "COLUMNS",
        Shown::Columns { full: true, .. } => "FULL COLUMNS",
        Shown::Index { .. } => "INDEX",
        Shown::CreateTable { .. } => "CREATE TABLE",
        Shown::CreateView { .. } => "CREATE VIEW",
        Shown::CreateDatabase { .. } => "CREATE DATABASE",
        Shown::TableStatus { .. } => "TABLE STATUS",
        Shown::Variables { global: false } => "VARIABLES",
        Shown::Variables { global: true } => "GLOBAL VARIABLES",
        Shown::Status { global: false } => "STATUS",
        Shown::Status { global: true } => "GLOBAL STATUS",
        Shown::Warnings { .. } => "WARNINGS",
        Shown::WarningCount { errors: false } => "COUNT WARNINGS",
        Shown::WarningCount { errors: true } => "COUNT ERRORS",
        Shown::Engines => "ENGINES",
        Shown::Plugins => "PLUGINS",
        Shown::Collations => "COLLATION",
        Shown::Charsets => "CHARACTER SET",
        Shown::Privileges => "PRIVILEGES",
        Shown::ProcessList { full: false } => "PROCESSLIST",
        Shown::ProcessList { full: true } => "FULL PROCESSLIST",
        Shown::Grants { .. } => "GRANTS",
        Shown::Triggers { .. } => "TRIGGERS",
        Shown::Events { .. } => "EVENTS",
        Shown::Routines { .. } => "ROUTINE STATUS",
        Shown::CreateRoutine { kind: RoutineKind::Procedure, .. } => "CREATE PROCEDURE",
        Shown::CreateRoutine { kind: RoutineKind::Function, .. } => "CREATE FUNCTION",
        Shown::CreateTrigger { .. } => "CREATE TRIGGER",
        Shown::Libraries => "LIBRARY STATUS",
        Shown::OpenTables { .. } => "OPEN TABLES",
        Shown::ReplicaStatus => "REPLICA STATUS",
        Shown::Replicas => "REPLICAS",
        Shown::Profiles => "PROFILES",
        Shown::Profile => "PROFILE",
    };
    system::find(SHOW, name).ok_or_else(|| SqlError::unsupported(format_args!("SHOW {name}")))
}

/// The columns that a command answers with.
#[must_use]
pub fn columns(command: &ShowCommand) -> Vec<OutputColumn> {
    let Ok(table) = table_of(&command.what) else { return Vec::new() };
    let mut columns: Vec<OutputColumn> = table.columns.iter().map(|column| column.shown.clone()).collect();
    let title = match &command.what {
        Shown::Databases => Some("Database".to_owned()),
        Shown::Tables { database, .. } => Some(format!("Tables_in_{database}")),
        _other => None,
    };
    if let (Some(first), Some(title)) = (columns.first_mut(), title) {
        first.name = match &command.like {
            Some(pattern) => format!("{title} ({pattern})"),
            None => title,
        };
        first.org_name.clone_from(&first.name);
    }
    columns
}

/// The columns of ANALYZE TABLE and its relatives.
#[must_use]
pub fn maintenance_columns() -> Vec<OutputColumn> {
    columns_of("MAINTENANCE")
}

/// Columns of XA RECOVER.
#[must_use]
pub fn recover_columns() -> Vec<OutputColumn> {
    columns_of("XA RECOVER")
}

fn columns_of(name: &str) -> Vec<OutputColumn> {
    let table = system::find(SHOW, name);
    table.map(|table| table.columns.iter().map(|column| column.shown.clone()).collect()).unwrap_or_default()
}

/// When a trigger was made, as SHOW prints it.
#[must_use]
pub fn trigger_created(trigger: &Trigger) -> Option<String> {
    system::trigger_created(trigger)
}

/// The rows of a command that depend on nothing but the catalogue; `None` for the others.
#[must_use]
pub fn rows(command: &ShowCommand, catalogue: &Catalogue) -> Option<Vec<Vec<Option<String>>>> {
    system::shown_rows(command, catalogue)
}

fn in_database(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take(&["FROM"]) || cursor.take(&["IN"]) { cursor.name().map(Some) } else { Ok(None) }
}

/// The database of a command that lists something; it must exist.
fn database(cursor: &mut Cursor<'_>, context: &Context) -> Result<String, SqlError> {
    let name = in_database(cursor)?.or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?;
    known_database(&name, context)
}

fn known_database(name: &str, context: &Context) -> Result<String, SqlError> {
    if context.catalogue.database(name).is_some() {
        return Ok(name.to_owned());
    }
    if system::is_system(name) {
        return Ok(name.to_ascii_lowercase());
    }
    Err(SqlError::unknown_database(name))
}

/// A table that exists, in ordinary databases or in information_schema.
fn table_name(cursor: &mut Cursor<'_>, context: &Context) -> Result<TableName, SqlError> {
    let (database, table) = cursor.qualified()?;
    let database = in_database(cursor)?.or(database).or_else(|| context.database.clone());
    let database = database.ok_or_else(SqlError::no_database)?;
    if let Some(found) = context.catalogue.table(&database, &table) {
        return Ok(found.title().clone());
    }
    if let Some(found) = context.catalogue.view(&database, &table) {
        return Ok(found.name.clone());
    }
    if system::is_system(&database) && context.catalogue.database(&database).is_none() {
        let parts = [database, table];
        if let Some(found) = system::named(&parts, context)? {
            return Ok(found.table.name.clone());
        }
        let [database, table] = parts;
        return Err(SqlError::no_table(&database, &table));
    }
    if context.catalogue.database(&database).is_none() {
        return Err(SqlError::unknown_database(&database));
    }
    Err(SqlError::no_table(&database, &table))
}

fn of_table(cursor: &mut Cursor<'_>, context: &Context) -> Result<TableName, SqlError> {
    if !cursor.take(&["FROM"]) {
        cursor.expect(&["IN"])?;
    }
    table_name(cursor, context)
}

/// What follows SHOW.
fn show(cursor: &mut Cursor<'_>, context: &Context) -> Result<Shown, SqlError> {
    let global = cursor.take(&["GLOBAL"]);
    if global || cursor.take(&["SESSION"]) || cursor.take(&["LOCAL"]) {
        return if cursor.take(&["VARIABLES"]) {
            Ok(Shown::Variables { global })
        } else {
            cursor.expect(&["STATUS"])?;
            Ok(Shown::Status { global })
        };
    }
    if cursor.take(&["EXTENDED"]) {
        return Err(SqlError::unsupported("SHOW EXTENDED"));
    }
    let full = cursor.take(&["FULL"]);
    if cursor.take(&["TABLES"]) {
        return Ok(Shown::Tables { database: database(cursor, context)?, full });
    }
    if cursor.take(&["COLUMNS"]) || cursor.take(&["FIELDS"]) {
        return Ok(Shown::Columns { table: of_table(cursor, context)?, full });
    }
    if cursor.take(&["PROCESSLIST"]) {
        return Ok(Shown::ProcessList { full });
    }
    if full { Err(cursor.error()) } else { plain(cursor, context) }
}

fn plain(cursor: &mut Cursor<'_>, context: &Context) -> Result<Shown, SqlError> {
    if cursor.sees(&["COUNT"]) {
        return count(cursor);
    }
    let start = cursor.error();
    let family = cursor.name()?.to_ascii_uppercase();
    Ok(match family.as_str() {
        "DATABASES" | "SCHEMAS" => Shown::Databases,
        "INDEX" | "INDEXES" | "KEYS" => Shown::Index { table: of_table(cursor, context)? },
        "CREATE" => create(cursor, context)?,
        "TABLE" => {
            cursor.expect(&["STATUS"])?;
            Shown::TableStatus { database: database(cursor, context)? }
        }
        "VARIABLES" => Shown::Variables { global: false },
        "STATUS" => Shown::Status { global: false },
        "WARNINGS" => warnings(cursor, false)?,
        "ERRORS" => warnings(cursor, true)?,
        "ENGINES" => Shown::Engines,
        "STORAGE" => {
            cursor.expect(&["ENGINES"])?;
            Shown::Engines
        }
        "PLUGINS" => Shown::Plugins,
        "PRIVILEGES" => Shown::Privileges,
        "COLLATION" => Shown::Collations,
        "CHARSET" => Shown::Charsets,
        "CHARACTER" => {
            cursor.expect(&["SET"])?;
            Shown::Charsets
        }
        "GRANTS" => grants(cursor)?,
        "TRIGGERS" => Shown::Triggers { database: database(cursor, context)? },
        "EVENTS" => Shown::Events {
            database: in_database(cursor)?.or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?,
        },
        "PROCEDURE" if cursor.take(&["STATUS"]) => Shown::Routines { kind: "PROCEDURE" },
        "FUNCTION" if cursor.take(&["STATUS"]) => Shown::Routines { kind: "FUNCTION" },
        "LIBRARY" if cursor.take(&["STATUS"]) => Shown::Libraries,
        "OPEN" => {
            cursor.expect(&["TABLES"])?;
            in_database(cursor)?;
            Shown::OpenTables {}
        }
        "REPLICA" if cursor.take(&["STATUS"]) => {
            if cursor.take(&["FOR", "CHANNEL"]) {
                let channel = cursor.string()?;
                return Err(SqlError::new(3074, "HY000", format!("Replica channel '{channel}' does not exist.")));
            }
            Shown::ReplicaStatus
        }
        "REPLICAS" => Shown::Replicas,
        "PROFILES" => Shown::Profiles,
        "PROFILE" if cursor.is_done() => Shown::Profile,
        "PROFILE" | "ENGINE" | "BINARY" | "BINLOG" | "RELAYLOG" | "PROCEDURE" | "FUNCTION" | "LIBRARY" | "REPLICA"
        | "PARSE_TREE" => {
            cursor.skip_until(|_| false);
            return Err(SqlError::unsupported(format_args!("SHOW {family}")));
        }
        _other => return Err(start),
    })
}

/// COUNT(*) WARNINGS.
fn count(cursor: &mut Cursor<'_>) -> Result<Shown, SqlError> {
    cursor.expect(&["COUNT"])?;
    for symbol in [Token::LParen, Token::Mul, Token::RParen] {
        cursor.expect_symbol(&symbol)?;
    }
    let errors = cursor.take(&["ERRORS"]);
    if !errors {
        cursor.expect(&["WARNINGS"])?;
    }
    Ok(Shown::WarningCount { errors })
}

/// `LIMIT [offset,] count`.
fn warnings(cursor: &mut Cursor<'_>, errors: bool) -> Result<Shown, SqlError> {
    let (mut offset, mut limit) = (0, u64::MAX);
    if cursor.take(&["LIMIT"]) {
        limit = cursor.number()?;
        if cursor.symbol(&Token::Comma) {
            offset = limit;
            limit = cursor.number()?;
        } else if cursor.take(&["OFFSET"]) {
            offset = cursor.number()?;
        }
    }
    Ok(Shown::Warnings { errors, offset, limit })
}

fn create(cursor: &mut Cursor<'_>, context: &Context) -> Result<Shown, SqlError> {
    if cursor.take(&["TABLE"]) {
        let table = table_name(cursor, context)?;
        if system::is_system(&table.database) {
            return Err(SqlError::unsupported("SHOW CREATE TABLE of a system table"));
        }
        let catalogue = &context.catalogue;
        let is_table = catalogue.table(&table.database, &table.table).is_some();
        if !is_table && catalogue.view(&table.database, &table.table).is_some() {
            return Ok(Shown::CreateView { view: table });
        }
        return Ok(Shown::CreateTable { table });
    }
    if cursor.take(&["DATABASE"]) || cursor.take(&["SCHEMA"]) {
        let if_not_exists = cursor.take(&["IF", "NOT", "EXISTS"]);
        let name = cursor.name()?;
        return Ok(Shown::CreateDatabase { name: known_database(&name, context)?, if_not_exists });
    }
    if cursor.take(&["VIEW"]) {
        let name = table_name(cursor, context)?;
        if context.catalogue.view(&name.database, &name.table).is_some() {
            return Ok(Shown::CreateView { view: name });
        }
        let TableName { database, table } = name;
        return Err(SqlError::new(1347, "HY000", format!("'{database}.{table}' is not VIEW")));
    }
    let kind = cursor.name()?.to_ascii_uppercase();
    let (database, name) = match kind.as_str() {
        "PROCEDURE" | "FUNCTION" | "TRIGGER" | "EVENT" => cursor.qualified()?,
        other => return Err(SqlError::unsupported(format_args!("SHOW CREATE {other}"))),
    };
    cursor.finish()?;
    let routine_kind = match kind.as_str() {
        "PROCEDURE" => Some(RoutineKind::Procedure),
        "FUNCTION" => Some(RoutineKind::Function),
        _other => None,
    };
    if let Some(routine_kind) = routine_kind {
        let database = database.clone().or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?;
        if let Some(routine) = context.catalogue.routine(routine_kind, &database, &name) {
            return Ok(Shown::CreateRoutine { kind: routine_kind, name: routine.name.clone() });
        }
    }
    if kind == "TRIGGER" {
        let database = database.clone().or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?;
        if let Some((table, trigger)) = context.catalogue.trigger(&database, &name) {
            let name = TableName { database: table.name.database.clone(), table: trigger.name.clone() };
            return Ok(Shown::CreateTrigger { name });
        }
    }
    // Bascule stores no events.
    Err(match kind.as_str() {
        "TRIGGER" => SqlError::new(1360, "HY000", "Trigger does not exist".to_owned()),
        "EVENT" => SqlError::new(1539, "HY000", format!("Unknown event '{name}'")),
        routine => SqlError::new(1305, "42000", format!("{routine} {name} does not exist")),
    })
}

/// `[FOR user]`.
fn grants(cursor: &mut Cursor<'_>) -> Result<Shown, SqlError> {
    if !cursor.take(&["FOR"]) {
        return Ok(Shown::Grants { user: None });
    }
    if cursor.take(&["CURRENT_USER"]) {
        if cursor.symbol(&Token::LParen) {
            cursor.expect_symbol(&Token::RParen)?;
        }
        return Ok(Shown::Grants { user: None });
    }
    let name = cursor.string().or_else(|_| cursor.name())?;
    let (name, mut host) = match name.split_once('@') {
        Some((name, host)) => (name.to_owned(), host.to_owned()),
        None => (name, "%".to_owned()),
    };
    if cursor.symbol(&Token::AtSign) {
        host = cursor.string().or_else(|_| cursor.name())?;
    } else if let Some(Token::Word(word)) = cursor.peek()
        && let Some(rest) = word.value.strip_prefix('@')
    {
        cursor.next();
        host = if rest.is_empty() { cursor.string().or_else(|_| cursor.name())? } else { rest.to_owned() };
    }
    Ok(Shown::Grants { user: Some((name, host)) })
}

/// DESCRIBE table [column or pattern].
fn describe(cursor: &mut Cursor<'_>, context: &Context) -> Result<ShowCommand, SqlError> {
    let table = table_name(cursor, context)?;
    let like = match cursor.string() {
        Ok(pattern) => Some(pattern),
        Err(_) if cursor.is_done() => None,
        Err(_) => Some(cursor.name()?),
    };
    Ok(ShowCommand { what: Shown::Columns { table, full: false }, like })
}

/// Names of status variables that MySQL has.
pub fn status_names() -> impl Iterator<Item = &'static str> {
    system::status_names()
}

/// Privileges as SHOW GRANTS lists them for an account that may do everything.
#[must_use]
pub fn privileges() -> Vec<&'static str> {
    system::PRIVILEGES.iter().copied().filter(|privilege| *privilege != "GRANT OPTION").collect()
}

/// `CURRENT_TIMESTAMP` with its fraction.
#[must_use]
pub fn now(fraction: u8) -> String {
    system::now(fraction)
}
