//! What MySQL itself says that its connections hold: locks that outlive transactions, user variables, statements of PREPARE.
//! No answer to a client tells these, so `performance_schema` is asked; asking disturbs nobody.

use std::collections::BTreeMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::super::SourceError;

/// What a connection holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Names of locks of GET_LOCK.
    pub named_locks: Vec<String>,
    /// FLUSH TABLES WITH READ LOCK or LOCK INSTANCE FOR BACKUP.
    pub global_locks: bool,
    /// Tables with a lock that isn't the transaction's: LOCK TABLES and HANDLER … OPEN.
    pub tables: Vec<String>,
    /// Names of user variables.
    pub variables: Vec<String>,
    /// Names of PREPARE's statements.
    pub prepared: Vec<String>,
}

/// MySQL's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holdings {
    /// By connection id; who holds nothing isn't in it.
    Told(BTreeMap<u64, Holding>),
    /// It doesn't say, for this reason.
    Untold(String),
}

/// Names of user variables of one connection that are read.
const VARIABLES: usize = 64;

/// Asks for what every connection holds.
///
/// # Errors
/// When the connection fails. That MySQL refuses to tell is no error.
pub async fn holdings(conn: &mut Conn) -> Result<Holdings, SourceError> {
    match read(conn).await {
        Ok(holdings) => Ok(holdings),
        Err(mysql_async::Error::Server(refused)) => Ok(Holdings::Untold(refused.message)),
        Err(error) => Err(SourceError::query("asking what connections hold")(error)),
    }
}

async fn read(conn: &mut Conn) -> Result<Holdings, mysql_async::Error> {
    let on: Option<(bool,)> = conn.query_first("SELECT @@performance_schema").await?;
    if on != Some((true,)) {
        return Ok(Holdings::Untold("its performance_schema is off".to_owned()));
    }
    let instrumented =
        "SELECT enabled FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl'";
    let instrumented: Option<String> = conn.query_first(instrumented).await?;
    if instrumented.as_deref() != Some("YES") {
        return Ok(Holdings::Untold("its performance_schema doesn't instrument metadata locks".to_owned()));
    }
    let mut found: BTreeMap<u64, Holding> = BTreeMap::new();
    let locks: Vec<(u64, String, Option<String>)> = conn
        .query(
            "SELECT t.processlist_id, l.object_type, l.object_name FROM performance_schema.metadata_locks l \
             JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id \
             WHERE l.lock_duration = 'EXPLICIT' AND l.lock_status = 'GRANTED' AND t.processlist_id IS NOT NULL",
        )
        .await?;
    for (id, kind, name) in locks {
        let holding = found.entry(id).or_default();
        match kind.as_str() {
            "USER LEVEL LOCK" => holding.named_locks.push(name.unwrap_or_default()),
            "TABLE" => holding.tables.push(name.unwrap_or_default()),
            "GLOBAL" | "COMMIT" | "BACKUP LOCK" => holding.global_locks = true,
            _ => {}
        }
    }
    let variables: Vec<(u64, String)> = conn
        .query(
            "SELECT t.processlist_id, v.variable_name FROM performance_schema.user_variables_by_thread v \
             JOIN performance_schema.threads t USING (thread_id) WHERE t.processlist_id IS NOT NULL \
             AND v.variable_value IS NOT NULL",
        )
        .await?;
    for (id, name) in variables {
        let holding = found.entry(id).or_default();
        if holding.variables.len() < VARIABLES {
            holding.variables.push(name.to_lowercase());
        }
    }
    let prepared: Vec<(u64, String)> = conn
        .query(
            "SELECT t.processlist_id, s.statement_name FROM performance_schema.prepared_statements_instances s \
             JOIN performance_schema.threads t ON t.thread_id = s.owner_thread_id \
             WHERE t.processlist_id IS NOT NULL AND s.statement_name IS NOT NULL",
        )
        .await?;
    for (id, name) in prepared {
        found.entry(id).or_default().prepared.push(name.to_lowercase());
    }
    Ok(Holdings::Told(found))
}

/// Routines and triggers that speak of locks which outlive transactions; the first few.
///
/// # Errors
/// When the query fails.
pub async fn lock_takers(conn: &mut Conn) -> Result<Vec<String>, SourceError> {
    let speaks = |column: &str| format!("LOWER({column}) REGEXP 'get_lock|lock +instance|with +read +lock'");
    let sql = format!(
        "SELECT CONCAT(routine_schema, '.', routine_name) FROM information_schema.routines \
         WHERE routine_schema NOT IN ('sys', 'mysql') AND {} \
         UNION ALL SELECT CONCAT(trigger_schema, '.', trigger_name) FROM information_schema.triggers \
         WHERE trigger_schema NOT IN ('sys', 'mysql') AND {} LIMIT 5",
        speaks("routine_definition"),
        speaks("action_statement")
    );
    conn.query(sql).await.map_err(SourceError::query("looking for routines that take locks"))
}
