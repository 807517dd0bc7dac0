//! What an assessment wants to know of the source: settings, rights, and everything that lies in the databases to be
//! carried. Nothing here decides; a database that can't be carried is part of the answer, and so is what our account
//! may not see.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::facts::{Family, family, system_offset};
use super::globals::variables;
use super::{
    AccountRow, Definition, Reasons, SourceError, accounts, catalogue_with_reasons, checks, definitions, triggers,
};
use crate::schema::{Catalogue, TableName};

const ACTION: &str = "looking at the server";

/// The source as it is now.
#[derive(Clone, Debug, Default)]
pub struct SourceSurvey {
    /// Global variables by name.
    pub variables: BTreeMap<String, String>,
    /// What the time zone `SYSTEM` means, in seconds east of UTC.
    pub system_offset_seconds: i32,
    /// The tables of named time zones are filled.
    pub named_zones: bool,
    /// Our own account, `user@host`.
    pub account: String,
    /// What SHOW GRANTS says of our account, with the roles that are active.
    pub grants: Vec<String>,
    /// `None` when our account may not read `mysql.user`.
    pub accounts: Option<Vec<AccountRow>>,
    /// The tables of the databases that can be carried.
    pub catalogue: Catalogue,
    /// Why expressions of some of them have no image in PostgreSQL.
    pub reasons: Reasons,
    /// Databases that can't be carried at all, with the reason.
    pub impossible: Vec<(String, String)>,
    pub tables: Vec<TableSurvey>,
    pub events: Vec<TableName>,
    /// Views and stored routines.
    pub definitions: Vec<Definition>,
    pub checks: Vec<Definition>,
    pub triggers: Vec<Definition>,
}

/// What the catalogue doesn't say of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSurvey {
    pub name: TableName,
    pub engine: String,
    /// An estimate.
    pub rows: u64,
    /// Of data and keys; an estimate.
    pub bytes: u64,
    /// `RANGE`, `HASH`, …
    pub partitioned_by: Option<String>,
    pub partitions: u64,
}

/// Looks at the server and at `databases`.
///
/// # Errors
/// When a query fails.
pub async fn survey(conn: &mut Conn, databases: &[String]) -> Result<SourceSurvey, SourceError> {
    let mut found = SourceSurvey { variables: variables(conn).await?, ..SourceSurvey::default() };
    found.system_offset_seconds = system_offset(conn).await?;
    let zone: Option<Option<String>> =
        query_first(conn, "SELECT CONVERT_TZ('2001-01-01 01:00:00', 'Europe/Berlin', 'UTC')").await?;
    found.named_zones = zone.flatten().is_some();
    found.account = query_first(conn, "SELECT CURRENT_USER()").await?.unwrap_or_default();
    found.grants = grants(conn).await?;
    found.accounts = accounts(conn).await?;
    let mut carried = Vec::new();
    for database in databases {
        match catalogue_with_reasons(conn, std::slice::from_ref(database)).await {
            Ok((read, reasons)) => {
                found.reasons.extend(reasons);
                carried.extend(read.databases.keys().cloned());
                found.catalogue.version = 1;
                found.catalogue.lower_case_table_names = read.lower_case_table_names;
                found.catalogue.databases.extend(read.databases);
            }
            Err(SourceError::Database { database, reason }) => found.impossible.push((database, reason.to_owned())),
            Err(error) => return Err(error),
        }
    }
    for database in &carried {
        found.tables.extend(tables(conn, database).await?);
        found.events.extend(events(conn, database).await?);
    }
    found.definitions = definitions(conn, &carried).await?;
    found.checks = checks(conn, &carried).await?;
    found.triggers = triggers(conn, &carried).await?;
    Ok(found)
}

/// Roles that aren't active don't count, since they don't help our sessions either.
async fn grants(conn: &mut Conn) -> Result<Vec<String>, SourceError> {
    let roles: Result<Option<Option<String>>, _> = conn.query_first("SELECT CURRENT_ROLE()").await;
    let using = match roles {
        // MariaDB shows the active role's grants by itself, and has none where there is none.
        Ok(Some(Some(roles))) if !roles.eq_ignore_ascii_case("NONE") => format!(" FOR CURRENT_USER() USING {roles}"),
        _ => String::new(),
    };
    conn.query(format!("SHOW GRANTS{using}")).await.map_err(SourceError::query(ACTION))
}

async fn tables(conn: &mut Conn, database: &str) -> Result<Vec<TableSurvey>, SourceError> {
    const SQL: &str = "SELECT t.table_name, t.engine, t.table_rows, t.data_length + t.index_length, \
                       MAX(p.partition_method), COUNT(p.partition_name) FROM information_schema.tables t \
                       LEFT JOIN information_schema.partitions p ON p.table_schema = t.table_schema AND p.table_name = \
                       t.table_name AND p.partition_name IS NOT NULL WHERE t.table_type = 'BASE TABLE' AND \
                       t.table_schema = ? GROUP BY t.table_name, t.engine, t.table_rows, t.data_length, t.index_length \
                       ORDER BY t.table_name";
    type Fields = (String, Option<String>, Option<u64>, Option<u64>, Option<String>, u64);
    let rows: Vec<Fields> = conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
    let table = |(table, engine, rows, bytes, partitioned_by, partitions): Fields| TableSurvey {
        name: TableName { database: database.to_owned(), table },
        engine: engine.unwrap_or_default(),
        rows: rows.unwrap_or(0),
        bytes: bytes.unwrap_or(0),
        partitioned_by,
        partitions,
    };
    Ok(rows.into_iter().map(table).collect())
}

async fn events(conn: &mut Conn, database: &str) -> Result<Vec<TableName>, SourceError> {
    const SQL: &str = "SELECT event_name FROM information_schema.events WHERE event_schema = ? ORDER BY event_name";
    let names: Vec<String> = conn.exec(SQL, (database,)).await.map_err(SourceError::query(ACTION))?;
    Ok(names.into_iter().map(|table| TableName { database: database.to_owned(), table }).collect())
}

async fn query_first<T: mysql_async::prelude::FromRow + Send + 'static>(
    conn: &mut Conn,
    sql: &str,
) -> Result<Option<T>, SourceError> {
    conn.query_first(sql).await.map_err(SourceError::query(ACTION))
}

/// Lets queries of this session take as long as they need.
///
/// # Errors
/// When the server refuses.
pub async fn without_limit(conn: &mut Conn) -> Result<(), SourceError> {
    let sql = match family(conn).await? {
        Family::MySql => "SET SESSION max_execution_time = 0",
        Family::MariaDb => "SET SESSION max_statement_time = 0",
    };
    conn.query_drop(sql).await.map_err(SourceError::query(ACTION))
}

/// The counts that a query of one row gives, NULL as 0.
///
/// # Errors
/// When the query fails.
pub async fn counts(conn: &mut Conn, sql: &str) -> Result<Vec<u64>, SourceError> {
    let row: Option<mysql_async::Row> = query_first(conn, sql).await?;
    let row = row.map(mysql_async::Row::unwrap).unwrap_or_default();
    row.into_iter()
        .map(|value| match value {
            mysql_async::Value::NULL => Ok(0),
            mysql_async::Value::Bytes(text) => {
                let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
                number
                    .ok_or_else(|| SourceError::Unexpected { action: ACTION, what: "a count that is none".to_owned() })
            }
            _ => Err(SourceError::Unexpected { action: ACTION, what: "a count that is none".to_owned() }),
        })
        .collect()
}

/// The cells of a query's first row as texts for people.
///
/// # Errors
/// When the query fails.
pub async fn example(conn: &mut Conn, sql: &str) -> Result<Option<Vec<String>>, SourceError> {
    let row: Option<mysql_async::Row> = query_first(conn, sql).await?;
    let shown = |value: mysql_async::Value| match value {
        mysql_async::Value::NULL => "NULL".to_owned(),
        mysql_async::Value::Bytes(bytes) => crate::target::copy::display(&bytes).into_owned(),
        other => other.as_sql(true),
    };
    Ok(row.map(|row| row.unwrap().into_iter().map(shown).collect()))
}
