//! What the server must be set to, and whether it still has what is needed.

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use crate::binlog::Framing;
use crate::position::GtidSet;
use crate::source::SourceError;
use crate::source::inspect::{Family, family};

use super::mariadb;

pub(super) const ACTION: &str = "reading the settings of the binary log";

/// A variable's name, what it must be, and the remedy.
pub(super) type Needed = (&'static str, &'static str, &'static str);

const NEEDED: [Needed; 5] = [
    ("log_bin", "ON", "start the server with log_bin"),
    ("gtid_mode", "ON", "SET PERSIST enforce_gtid_consistency = ON, then SET PERSIST gtid_mode step by step up to ON"),
    ("log_replica_updates", "ON", "start the server with log_replica_updates, or what it replicates isn't in its log"),
    ("log_slave_updates", "ON", "start the server with log_slave_updates, or what it replicates isn't in its log"),
    ("binlog_row_image", "FULL", "SET PERSIST binlog_row_image = 'FULL', and let sessions connect anew"),
];

/// Everything that hinders reading the log, each with the statement that mends it.
///
/// # Errors
/// When the query fails.
pub async fn problems(conn: &mut Conn) -> Result<Vec<String>, SourceError> {
    let family = family(conn).await?;
    let variables = variables(conn).await?;
    let mut problems = Vec::new();
    let needed: &[Needed] = match family {
        Family::MySql => &NEEDED,
        Family::MariaDb => &mariadb::NEEDED,
    };
    for (name, wanted, remedy) in needed {
        // A server that has dropped a variable knows its one value only.
        let found = variables.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        if let Some(value) = found.filter(|value| !value.eq_ignore_ascii_case(wanted)) {
            problems.push(format!("MySQL has {name} = {value}; the lane of the binary log needs {wanted}: {remedy}"));
        }
    }
    if family == Family::MariaDb {
        problems.extend(mariadb::unlogged(conn).await?);
    }
    if let Some(filter) = filter(conn).await? {
        problems.push(format!(
            "MySQL leaves databases out of its binary log ({filter}): start it without binlog_do_db and binlog_ignore_db"
        ));
    }
    // An account that may not ask finds out when such a branch is committed.
    if let Ok(branches) = conn.query::<mysql_async::Row, _>("XA RECOVER").await
        && !branches.is_empty()
    {
        let count = branches.len();
        problems.push(format!(
            "{count} branch(es) of XA are prepared on MySQL: XA COMMIT or XA ROLLBACK them first (XA RECOVER)"
        ));
    }
    Ok(problems)
}

/// What the server is told to log or not to log, if it is.
async fn filter(conn: &mut Conn) -> Result<Option<String>, SourceError> {
    // The older name goes with servers before 8.2.
    let status = match conn.query_first("SHOW BINARY LOG STATUS").await {
        Err(mysql_async::Error::Server(error)) if error.code == 1064 => conn.query_first("SHOW MASTER STATUS").await,
        status => status,
    };
    let row: Option<mysql_async::Row> = status.map_err(SourceError::query(ACTION))?;
    let Some(row) = row else { return Ok(None) };
    let said = [2, 3].into_iter().filter_map(|column| row.get::<String, _>(column)).filter(|text| !text.is_empty());
    Ok(said.reduce(|all, next| format!("{all}, {next}")))
}

/// How the server writes events now.
pub(super) async fn framing(conn: &mut Conn) -> Result<Framing, SourceError> {
    let variables = variables(conn).await?;
    let checksum = variables.iter().find(|(name, _)| name.eq_ignore_ascii_case("binlog_checksum"));
    let plain = checksum.is_none_or(|(_, value)| value.eq_ignore_ascii_case("NONE"));
    Ok(if plain { Framing::Plain } else { Framing::Crc32 })
}

async fn variables(conn: &mut Conn) -> Result<Vec<(String, String)>, SourceError> {
    let sql = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'gtid_mode') OR Variable_name LIKE 'log_%_updates' OR Variable_name LIKE 'binlog%'";
    conn.query(sql).await.map_err(SourceError::query(ACTION))
}

/// What the server has thrown away of what isn't in `held`, and what it doesn't have of it.
pub(super) async fn missing(conn: &mut Conn, held: &GtidSet) -> Result<(GtidSet, GtidSet), SourceError> {
    if family(conn).await? == Family::MariaDb {
        // It tells what it has thrown away when it's asked for the log.
        return Ok((GtidSet::default(), mariadb::lacking(conn, held).await?));
    }
    let sql = "SELECT GTID_SUBTRACT(@@GLOBAL.gtid_purged, ?), GTID_SUBTRACT(?, @@GLOBAL.gtid_executed)";
    let held = held.to_string();
    let row: Option<(String, String)> =
        conn.exec_first(sql, (&held, &held)).await.map_err(SourceError::query(ACTION))?;
    let (purged, lacking) = row.unwrap_or_default();
    let set = |text: String| -> Result<GtidSet, SourceError> {
        let flat: String = text.chars().filter(|character| !character.is_whitespace()).collect();
        flat.parse().map_err(|error| SourceError::Unexpected { action: ACTION, what: format!("{error}") })
    };
    Ok((set(purged)?, set(lacking)?))
}
