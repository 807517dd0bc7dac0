//! Facts about the server that decide whether and how it can be mirrored.

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::SourceError;
use super::globals::variables;
use crate::position::GtidSet;

/// The two families of servers that speak MySQL's protocol. They tell positions, definitions and accounts in different
/// words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    MySql,
    MariaDb,
}

impl Family {
    /// By what the server says of its version.
    #[must_use]
    pub fn of(version: &str) -> Self {
        if version.to_lowercase().contains("mariadb") { Self::MariaDb } else { Self::MySql }
    }
}

/// Asks the server which it is.
///
/// # Errors
/// When the query fails.
pub async fn family(conn: &mut Conn) -> Result<Family, SourceError> {
    let action = SourceError::query("reading the server's version");
    let version: Option<String> = conn.query_first("SELECT VERSION()").await.map_err(action)?;
    Ok(Family::of(&version.unwrap_or_default()))
}

/// What the server says about itself.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// `9.7.4`, `8.0.36-log`, …
    pub version: String,
    pub version_comment: String,
    pub family: Family,
    /// The binary log is on; without it there are no GTIDs.
    pub log_bin: bool,
    /// Every transaction gets a GTID.
    pub gtids: bool,
    pub sql_mode: String,
    /// Global default of sessions; may be `SYSTEM`.
    pub time_zone: String,
    /// What `SYSTEM` means, as the server names it, e.g. `CEST`.
    pub system_time_zone: String,
    /// What `SYSTEM` means now, in seconds east of UTC.
    pub system_offset_seconds: i32,
    /// Global default, e.g. `REPEATABLE-READ`.
    pub isolation: String,
    pub lower_case_table_names: u8,
    pub auto_increment_increment: u64,
    pub auto_increment_offset: u64,
    pub read_only: bool,
}

/// Reads the server's facts.
///
/// # Errors
/// When the server lacks GTIDs altogether, or a query fails.
pub async fn server_facts(conn: &mut Conn) -> Result<ServerFacts, SourceError> {
    const ACTION: &str = "reading server variables";
    let variables = variables(conn).await?;
    let missing = |name: &str| SourceError::Unexpected { action: ACTION, what: format!("no variable {name}") };
    let text = |name: &str| variables.get(name).cloned().ok_or_else(|| missing(name));
    let number = |name: &str| -> Result<u64, SourceError> {
        let value = text(name)?;
        value.parse().map_err(|_| SourceError::Unexpected { action: ACTION, what: format!("{name} = {value}") })
    };
    let family = Family::of(&text("version")?);
    Ok(ServerFacts {
        family,
        version: text("version")?,
        version_comment: text("version_comment")?,
        log_bin: text("log_bin")? == "ON",
        gtids: family == Family::MariaDb || text("gtid_mode")? == "ON",
        sql_mode: text("sql_mode")?,
        time_zone: text("time_zone")?,
        system_time_zone: text("system_time_zone")?,
        system_offset_seconds: system_offset(conn).await?,
        isolation: text("transaction_isolation").or_else(|_| text("tx_isolation"))?,
        lower_case_table_names: u8::try_from(number("lower_case_table_names")?).unwrap_or(1),
        auto_increment_increment: number("auto_increment_increment")?,
        auto_increment_offset: number("auto_increment_offset")?,
        read_only: text("read_only")? == "ON",
    })
}

/// The transactions that the server has executed, now; of MariaDB those in its binary log.
///
/// # Errors
/// When the query fails or the server's answer is no GTID set.
pub async fn gtid_executed(conn: &mut Conn) -> Result<GtidSet, SourceError> {
    const ACTION: &str = "reading gtid_executed";
    const UNKNOWN_VARIABLE: u16 = 1193;
    let text: Result<Option<String>, _> = conn.query_first("SELECT @@GLOBAL.gtid_executed").await;
    let text = match text {
        Err(mysql_async::Error::Server(server)) if server.code == UNKNOWN_VARIABLE => {
            conn.query_first("SELECT @@GLOBAL.gtid_binlog_pos").await
        }
        text => text,
    };
    parse_set(ACTION, &text.map_err(SourceError::query(ACTION))?.unwrap_or_default())
}

/// Reads a set as a server prints it.
pub(in crate::source) fn parse_set(action: &'static str, text: &str) -> Result<GtidSet, SourceError> {
    // Long sets are printed over several lines.
    let flat: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    flat.parse().map_err(|error| SourceError::Unexpected { action, what: format!("{error}") })
}

pub(super) async fn system_offset(conn: &mut Conn) -> Result<i32, SourceError> {
    const ACTION: &str = "reading the system time zone";
    conn.query_drop("SET time_zone = 'SYSTEM'").await.map_err(SourceError::query(ACTION))?;
    let offset: Result<Option<i32>, _> = conn.query_first("SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), NOW())").await;
    conn.query_drop("SET time_zone = '+00:00'").await.map_err(SourceError::query(ACTION))?;
    offset
        .map_err(SourceError::query(ACTION))?
        .ok_or_else(|| SourceError::Unexpected { action: ACTION, what: "no row".to_owned() })
}
