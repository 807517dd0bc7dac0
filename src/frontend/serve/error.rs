//! What a client is told: MySQL's number, SQLSTATE and text for everything that can go wrong while PostgreSQL serves.
//!
//! This is an allow list. Our own helper functions raise MySQL's errors with MySQL's number and text; they pass. An error of PostgreSQL that has no entry becomes 1105 with its SQLSTATE and nothing else:
//! PostgreSQL's own words stay in the log, where names of ours and values of others do no harm.

use std::borrow::Cow;

use super::duplicate;
use crate::schema::{Catalogue, ColumnType, ForeignKey, Table, ddl, quote};
use crate::sql::plan::SqlError;
use crate::target::{ServerError, TargetError, mysql_code};
use crate::wire::condition;

pub(super) use crate::sql::{foreign_key_clause, quoted};

/// An error as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({sqlstate}): {message}")]
pub(super) struct MysqlError {
    pub(super) code: u16,
    pub(super) sqlstate: Cow<'static, str>,
    pub(super) message: String,
}

impl MysqlError {
    pub(super) fn new(code: u16, sqlstate: &'static str, message: impl Into<String>) -> Self {
        Self { code, sqlstate: Cow::Borrowed(sqlstate), message: message.into() }
    }

    /// 1047.
    pub(super) fn unknown_command() -> Self {
        Self::new(1047, "08S01", "Unknown command")
    }

    /// 1835.
    pub(super) fn malformed() -> Self {
        Self::new(1835, "HY000", "Malformed communication packet.")
    }

    /// 1235.
    pub(super) fn unsupported(what: &str) -> Self {
        Self::new(1235, "42000", format!("This version of MySQL doesn't yet support '{what}'"))
    }

    /// 1049.
    pub(super) fn unknown_database(name: &str) -> Self {
        Self::new(1049, "42000", format!("Unknown database '{name}'"))
    }

    /// 1146.
    pub(super) fn unknown_table(database: &str, table: &str) -> Self {
        Self::new(1146, "42S02", format!("Table '{database}.{table}' doesn't exist"))
    }

    /// 1243.
    pub(super) fn unknown_statement(id: u32, function: &str) -> Self {
        Self::new(1243, "HY000", format!("Unknown prepared statement handler ({id}) given to {function}"))
    }

    /// 1213.
    pub(super) fn deadlock() -> Self {
        Self::new(1213, "40001", "Deadlock found when trying to get lock; try restarting transaction")
    }

    /// 1317.
    pub(super) fn interrupted() -> Self {
        Self::new(1317, "70100", "Query execution was interrupted")
    }

    /// SIGNAL's error.
    pub(super) fn raised(state: &str, code: u16, message: &str) -> Self {
        Self { code, sqlstate: Cow::Owned(state.to_owned()), message: message.to_owned() }
    }

    /// 1568.
    pub(super) fn characteristics_in_transaction() -> Self {
        let text = "Transaction characteristics can't be changed while a transaction is in progress";
        Self::new(1568, "25001", text)
    }

    /// 1792.
    pub(super) fn read_only() -> Self {
        Self::new(1792, "25006", "Cannot execute statement in a READ ONLY transaction.")
    }

    /// 1053: PostgreSQL is gone; whether the statement took effect isn't known.
    pub(super) fn backend_lost() -> Self {
        Self::new(1053, "08S01", "Server shutdown in progress")
    }
}

impl From<SqlError> for MysqlError {
    fn from(error: SqlError) -> Self {
        Self { code: error.code, sqlstate: Cow::Borrowed(error.sqlstate), message: error.message }
    }
}

/// What is left of the transaction after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// Only the statement is undone.
    Statement,
    /// The whole transaction is undone, as MySQL does after a deadlock.
    Transaction,
    /// The connection to PostgreSQL is gone and the client's connection must end.
    Connection,
}

/// What the statement was about, for messages that name columns and keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// The statement says NOWAIT.
    pub(super) no_wait: bool,
}

/// The client's error for a failure of the connection or of PostgreSQL.
pub(super) fn from_target(error: &TargetError, about: About<'_>) -> (MysqlError, Aftermath) {
    match error {
        TargetError::Server(server) => from_server(server, about),
        TargetError::Exhausted(_) => (MysqlError::new(1040, "08004", "Too many connections"), Aftermath::Statement),
        TargetError::ConnectTimeout(_) | TargetError::Authentication(_) | TargetError::Tls(_) => {
            (MysqlError::backend_lost(), Aftermath::Connection)
        }
        TargetError::Io(_) | TargetError::Protocol(_) | TargetError::Busy => {
            (MysqlError::backend_lost(), Aftermath::Connection)
        }
        TargetError::AnswerTooLarge(_) => (MysqlError::new(1041, "HY000", "Out of memory."), Aftermath::Statement),
        TargetError::Request(_) => (
            MysqlError::new(1366, "HY000", "Incorrect string value: the statement holds text that can't be stored"),
            Aftermath::Statement,
        ),
    }
}

fn from_server(error: &ServerError, about: About<'_>) -> (MysqlError, Aftermath) {
    let statement = |error| (error, Aftermath::Statement);
    if let Some(code) = mysql_code(&error.sqlstate) {
        let state = error.detail.as_deref().and_then(|detail| detail.strip_prefix("SQLSTATE "));
        return statement(match state {
            Some(state) => MysqlError::raised(state, code, &error.message),
            None => MysqlError::new(code, condition::sqlstate(code), error.message.clone()),
        });
    }
    match error.sqlstate.as_str() {
        "23505" => statement(duplicate(error, about.catalogue)),
        "23503" => statement(foreign_key(error, about.catalogue)),
        "23502" => statement(not_null(error, about.catalogue)),
        "23514" => statement(check(error)),
        "22001" => statement(on_column(error, 1406, "22001", "Data too long for column")),
        "22003" => statement(on_column(error, 1264, "22003", "Out of range value for column")),
        "22P02" | "22007" | "22008" => statement(wrong_value(error)),
        "22012" => statement(MysqlError::new(1365, "22012", "Division by 0")),
        "22P05" | "22021" => statement(MysqlError::new(1366, "HY000", "Incorrect string value")),
        "21000" => statement(MysqlError::new(1242, "21000", "Subquery returns more than 1 row")),
        "40P01" | "40001" => (MysqlError::deadlock(), Aftermath::Transaction),
        "55P03" if about.no_wait => statement(MysqlError::new(
            3572,
            "HY000",
            "Statement aborted because lock(s) could not be acquired immediately and NOWAIT is set.",
        )),
        "55P03" => statement(MysqlError::new(1205, "HY000", "Lock wait timeout exceeded; try restarting transaction")),
        "57014" if error.message.contains("statement timeout") => statement(MysqlError::new(
            3024,
            "HY000",
            "Query execution was interrupted, maximum statement execution time exceeded",
        )),
        "57014" => statement(MysqlError::new(1317, "70100", "Query execution was interrupted")),
        "53300" => statement(MysqlError::new(1040, "08004", "Too many connections")),
        "25006" => statement(MysqlError::read_only()),
        "42P01" => statement(MysqlError::new(1146, "42S02", "Table doesn't exist")),
        "42P07" => statement(MysqlError::new(1050, "42S01", "Table already exists")),
        "42501" => statement(MysqlError::new(
            1227,
            "42000",
            "Access denied; Bascule's PostgreSQL user lacks a privilege for this operation",
        )),
        "53100" => statement(MysqlError::new(1021, "HY000", "Disk full; waiting for someone to free some space...")),
        // Deeper than PostgreSQL's stack bears, or than its parser's.
        "54001" => statement(stack_overrun()),
        "42601" if error.message.contains("memory exhausted") => statement(stack_overrun()),
        "54000" | "54011" | "54023" => statement(MysqlError::unsupported("a statement of this size")),
        _ if error.is_fatal() => (MysqlError::backend_lost(), Aftermath::Connection),
        // Class 42 and 0A: PostgreSQL didn't understand what we wrote. Our error; the client sees a named refusal.
        state if state.starts_with("42") || state.starts_with("0A") => {
            statement(MysqlError::unsupported("this form of statement"))
        }
        state => statement(MysqlError::new(1105, "HY000", format!("Unknown error (PostgreSQL {state})"))),
    }
}

pub(super) fn stack_overrun() -> MysqlError {
    let text = "Thread stack overrun:  1008912 bytes used of a 1048576 byte stack, and 40000 bytes needed.  Use \
                'mysqld --thread_stack=#' to specify a bigger stack.";
    MysqlError::new(1436, "HY000", text)
}

/// `Duplicate entry '1-a' for key 't.u'`.
fn duplicate(error: &ServerError, catalogue: &Catalogue) -> MysqlError {
    let table = named_table(error, catalogue);
    let index = error.constraint.as_deref().unwrap_or_default();
    // A table that the failed statement itself made is in no catalogue.
    let made = error.table.as_deref().and_then(|table| index.strip_prefix(table)?.strip_prefix("__"));
    let key = table.and_then(|table| Some((table, ddl::key_of_index(table, index)?)));
    let entry = error.detail.as_deref().and_then(|detail| duplicate::entry(detail, key)).unwrap_or_default();
    let key = key.map(|(_, key)| key.name.as_str()).or(made).unwrap_or(index);
    let name = table.map_or_else(|| error.table.clone().unwrap_or_default(), |table| table.title().table.clone());
    MysqlError::new(1062, "23000", format!("Duplicate entry '{entry}' for key '{name}.{key}'"))
}

/// 1452 for a child without its parent, 1451 for a parent that still has children.
fn foreign_key(error: &ServerError, catalogue: &Catalogue) -> MysqlError {
    let name = error.constraint.as_deref().unwrap_or_default();
    let parent = error.detail.as_deref().is_some_and(|detail| detail.contains("is still referenced from table"))
        || error.message.starts_with("update or delete");
    let (code, begin) = if parent {
        (1451, "Cannot delete or update a parent row")
    } else {
        (1452, "Cannot add or update a child row")
    };
    let found = child_table(error, catalogue, name);
    let text = found.map_or_else(
        || format!("{begin}: a foreign key constraint fails"),
        |(table, key)| {
            format!(
                "{begin}: a foreign key constraint fails (`{}`.`{}`, {})",
                table.name.database,
                table.name.table,
                foreign_key_clause(table, key)
            )
        },
    );
    MysqlError::new(code, "23000", text)
}

/// The table that holds the constraint: PostgreSQL names it for both kinds.
fn child_table<'a>(error: &ServerError, catalogue: &'a Catalogue, name: &str) -> Option<(&'a Table, &'a ForeignKey)> {
    let find = |table: &'a Table| table.foreign_keys.iter().find(|key| ddl::foreign_key_name(&key.name) == name);
    if let Some(table) = named_table(error, catalogue)
        && let Some(key) = find(table)
    {
        return Some((table, key));
    }
    let databases = error.schema.as_deref().map_or_else(
        || catalogue.databases.values().collect::<Vec<_>>(),
        |schema| catalogue.database(schema).into_iter().collect(),
    );
    databases.into_iter().flat_map(|database| database.tables.values()).find_map(|table| Some((&**table, find(table)?)))
}

/// Error 1048, for geometry 3673: a column that the statement leaves out is told of when it's planned (1364), so PostgreSQL sees a NULL
/// only where the statement gives one.
fn not_null(error: &ServerError, catalogue: &Catalogue) -> MysqlError {
    let column = error.column.as_deref().unwrap_or_default();
    let known = named_table(error, catalogue).and_then(|table| table.columns.iter().find(|known| known.name == column));
    let is_shape = known.is_some_and(|known| matches!(known.column_type, ColumnType::Geometry { .. }));
    MysqlError::new(if is_shape { 3673 } else { 1048 }, "23000", format!("Column '{column}' cannot be null"))
}

/// Our own range checks are 1264, those of the application 3819.
fn check(error: &ServerError) -> MysqlError {
    let name = error.constraint.as_deref().unwrap_or_default();
    match name.strip_prefix("_my_") {
        Some(column) => MysqlError::new(1264, "22003", format!("Out of range value for column '{column}' at row 1")),
        None => MysqlError::new(3819, "HY000", format!("Check constraint '{name}' is violated.")),
    }
}

fn on_column(error: &ServerError, code: u16, sqlstate: &'static str, text: &str) -> MysqlError {
    match error.column.as_deref() {
        Some(column) => MysqlError::new(code, sqlstate, format!("{text} '{column}' at row 1")),
        None if code == 1264 => MysqlError::new(1690, "22003", "BIGINT value is out of range"),
        None => MysqlError::new(code, sqlstate, "Data too long for column at row 1"),
    }
}

fn wrong_value(error: &ServerError) -> MysqlError {
    match error.sqlstate.as_str() {
        "22P02" => MysqlError::new(1366, "HY000", "Incorrect value"),
        _ => MysqlError::new(1292, "22007", "Incorrect datetime value"),
    }
}

fn named_table<'a>(error: &ServerError, catalogue: &'a Catalogue) -> Option<&'a Table> {
    let (schema, name) = (error.schema.as_deref()?, error.table.as_deref()?);
    let shortened = || {
        let tables = &catalogue.database(schema)?.tables;
        tables.values().find(|table| quote::bounded(&table.name.table) == name)
    };
    catalogue.stored_table(schema, name).or_else(shortened).map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_listed_says_nothing_of_postgresql() {
        let catalogue = Catalogue::default();
        let about = About { catalogue: &catalogue, no_wait: false };
        let secret = |sqlstate: &str| ServerError {
            severity: "ERROR".to_owned(),
            sqlstate: sqlstate.to_owned(),
            message: "internal name".to_owned(),
            detail: Some("secret value".to_owned()),
            ..ServerError::default()
        };
        for sqlstate in ["XX000", "42883", "0A000", "99999", "22P02", "22001", "58030"] {
            let (error, _) = from_server(&secret(sqlstate), about);
            assert!(!error.message.contains("secret") && !error.message.contains("internal"), "{error}");
        }
        assert_eq!(from_server(&secret("40P01"), about).1, Aftermath::Transaction);
        let fatal = ServerError { severity: "FATAL".to_owned(), ..secret("57P01") };
        assert_eq!(from_server(&fatal, about).1, Aftermath::Connection);
    }
}
