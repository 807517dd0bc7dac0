//! Accounts and live connections, as far as our own account may see them.

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::SourceError;
use super::facts::{Family, family};

/// A row of `mysql.user`.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub user: String,
    pub host: String,
    /// `caching_sha2_password`, `mysql_native_password`, …
    pub plugin: String,
    /// `authentication_string`, which may hold any bytes. Left out of `Debug`.
    pub authentication: Vec<u8>,
    pub locked: bool,
}

impl std::fmt::Debug for AccountRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AccountRow({}@{}, {}, locked: {})", self.user, self.host, self.plugin, self.locked)
    }
}

/// A connection that is open on the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveConnection {
    pub id: u64,
    pub user: String,
    /// `host:port` of the client.
    pub host: String,
    pub database: Option<String>,
    /// `Sleep`, `Query`, `Binlog Dump GTID`, …
    pub command: String,
}

/// Every account but MySQL's own; `None` when our account may not read `mysql.user`.
///
/// # Errors
/// When the query fails for another reason.
pub async fn accounts(conn: &mut Conn) -> Result<Option<Vec<AccountRow>>, SourceError> {
    const SQL: &str = "SELECT user, host, plugin, authentication_string, account_locked FROM mysql.user \
                       WHERE user NOT IN ('mysql.infoschema', 'mysql.session', 'mysql.sys') ORDER BY user, host";
    // An account without a plugin has the oldest one. Further ways to log in aren't imported.
    const OF_MARIADB: &str = "SELECT user, host, COALESCE(JSON_VALUE(priv, '$.plugin'), 'mysql_native_password'), \
                              JSON_VALUE(priv, '$.authentication_string'), \
                              IF(JSON_VALUE(priv, '$.account_locked') = 1, 'Y', 'N') FROM mysql.global_priv \
                              WHERE user <> 'mariadb.sys' AND COALESCE(JSON_VALUE(priv, '$.is_role'), 0) = 0 \
                              ORDER BY user, host";
    const DENIED: [u16; 3] = [1044, 1142, 1143];
    let sql = match family(conn).await? {
        Family::MySql => SQL,
        Family::MariaDb => OF_MARIADB,
    };
    type Fields = (String, String, Option<String>, Option<Vec<u8>>, String);
    let rows: Result<Vec<Fields>, _> = conn.query(sql).await;
    match rows {
        Ok(rows) => Ok(Some(rows.into_iter().map(account).collect())),
        Err(mysql_async::Error::Server(server)) if DENIED.contains(&server.code) => Ok(None),
        Err(error) => Err(SourceError::query("reading accounts")(error)),
    }
}

fn account(
    (user, host, plugin, authentication, locked): (String, String, Option<String>, Option<Vec<u8>>, String),
) -> AccountRow {
    AccountRow {
        user,
        host,
        plugin: plugin.unwrap_or_default(),
        authentication: authentication.unwrap_or_default(),
        locked: locked == "Y",
    }
}

/// The connections that our account may see: all of them with PROCESS, else its own.
///
/// # Errors
/// When the query fails.
pub async fn live_connections(conn: &mut Conn) -> Result<Vec<LiveConnection>, SourceError> {
    type Fields = (u64, Option<String>, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Fields> = conn
        .query("SELECT id, user, host, db, command FROM information_schema.processlist ORDER BY id")
        .await
        .map_err(SourceError::query("listing connections"))?;
    let connection = |(id, user, host, database, command): Fields| LiveConnection {
        id,
        user: user.unwrap_or_default(),
        host: host.unwrap_or_default(),
        database,
        command: command.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(connection).collect())
}
