//! Global variables, which sessions begin with.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::SourceError;
use super::facts::Family;
use crate::sql;

/// All global variables, their names in small letters; NULL is the empty text.
pub(super) async fn variables(conn: &mut Conn) -> Result<BTreeMap<String, String>, SourceError> {
    let action = SourceError::query("reading global variables");
    let all: Vec<(String, Option<String>)> = conn.query("SHOW GLOBAL VARIABLES").await.map_err(action)?;
    Ok(all.into_iter().map(|(name, value)| (name.to_lowercase(), value.unwrap_or_default())).collect())
}

/// The values of these global variables, as MySQL shows them; those that the server doesn't know are left out.
///
/// # Errors
/// When the query fails.
pub async fn globals(conn: &mut Conn, names: &[&str]) -> Result<BTreeMap<String, String>, SourceError> {
    let mut all = variables(conn).await?;
    if Family::of(all.get("version").map_or("", String::as_str)) == Family::MariaDb {
        as_mysql(&mut all)?;
    }
    all.retain(|name, _| names.contains(&name.as_str()));
    Ok(all)
}

/// MariaDB's variables under MySQL's names, with values that mean the same there.
fn as_mysql(all: &mut BTreeMap<String, String>) -> Result<(), SourceError> {
    const ACTION: &str = "reading global variables";
    for (theirs, ours) in [("tx_isolation", "transaction_isolation"), ("tx_read_only", "transaction_read_only")] {
        if let Some(value) = all.get(theirs).cloned() {
            all.entry(ours.to_owned()).or_insert(value);
        }
    }
    if let Some(modes) = all.get_mut("sql_mode") {
        let unknown =
            |mode| SourceError::Unexpected { action: ACTION, what: format!("sql_mode {mode}, which isn't carried") };
        *modes = sql::modes_of_mariadb(modes).map_err(unknown)?;
    }
    Ok(())
}
