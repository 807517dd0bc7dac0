//! Global variables, which sessions begin with.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::SourceError;

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
    all.retain(|name, _| names.contains(&name.as_str()));
    Ok(all)
}
