//! What an assessment wants to know of the target. Read-only, and nothing here decides.

use tokio_postgres::Client;

use super::{TargetError, control};
use crate::config::Target;

/// The target as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSurvey {
    /// `150004`, …
    pub version_number: i64,
    pub version: String,
    pub encoding: String,
    pub collation: String,
    /// `standard_conforming_strings` and such don't matter; these do.
    pub max_connections: i64,
    /// Of them, those that only superusers and members of a role get.
    pub reserved_connections: i64,
    pub max_prepared_transactions: i64,
    /// ICU collations exist.
    pub icu: bool,
    /// `pgcrypto` can be installed, or is.
    pub pgcrypto: bool,
    pub may_create_schemas: bool,
    pub superuser: bool,
    /// `session_replication_role` can be set, which rows of the binary log need.
    pub may_replicate: bool,
    /// A standby, or a database that takes no writes.
    pub read_only: bool,
    pub database_bytes: i64,
    /// Schemas that exist, with their tables; those that our role doesn't own are marked.
    pub schemas: Vec<SchemaSurvey>,
    /// The mode that an earlier Bascule left in this database.
    pub mode: Option<String>,
}

/// A schema of the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSurvey {
    pub name: String,
    pub tables: i64,
    /// Our role may create things in it and replace what is there.
    pub owned: bool,
}

/// Looks at the target.
///
/// # Errors
/// When it can't be reached, or a query fails.
pub async fn survey(target: &Target) -> Result<TargetSurvey, TargetError> {
    let client = control(target).await?;
    look(&client).await.map_err(super::bulk::failed)
}

async fn look(client: &Client) -> Result<TargetSurvey, tokio_postgres::Error> {
    const FACTS: &str = "SELECT current_setting('server_version_num')::bigint, version(), \
        pg_encoding_to_char(d.encoding)::text, d.datcollate::text, current_setting('max_connections')::bigint, \
        current_setting('superuser_reserved_connections')::bigint + \
        coalesce(current_setting('reserved_connections', true), '0')::bigint, \
        current_setting('max_prepared_transactions')::bigint, \
        EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i'), \
        EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto'), \
        has_database_privilege(d.oid, 'CREATE'), r.rolsuper, \
        pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on', pg_database_size(d.oid) \
        FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user";
    const SCHEMAS: &str = "SELECT n.nspname::text, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND \
        c.relkind IN ('r', 'p', 'v', 'm')), pg_has_role(n.nspowner, 'USAGE') FROM pg_namespace n \
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1";
    // PostgreSQL has the function since it has the privilege.
    const REPLICATES: &str = "SELECT has_parameter_privilege('session_replication_role', 'SET')";
    let row = client.query_one(FACTS, &[]).await?;
    let mut found = TargetSurvey {
        version_number: row.try_get(0)?,
        version: row.try_get(1)?,
        encoding: row.try_get(2)?,
        collation: row.try_get(3)?,
        max_connections: row.try_get(4)?,
        reserved_connections: row.try_get(5)?,
        max_prepared_transactions: row.try_get(6)?,
        icu: row.try_get(7)?,
        pgcrypto: row.try_get(8)?,
        may_create_schemas: row.try_get(9)?,
        superuser: row.try_get(10)?,
        read_only: row.try_get(11)?,
        database_bytes: row.try_get(12)?,
        ..TargetSurvey::default()
    };
    found.may_replicate =
        found.superuser || (found.version_number >= 150_000 && client.query_one(REPLICATES, &[]).await?.try_get(0)?);
    for row in client.query(SCHEMAS, &[]).await? {
        found.schemas.push(SchemaSurvey { name: row.try_get(0)?, tables: row.try_get(1)?, owned: row.try_get(2)? });
    }
    let state: Option<String> = client.query_one("SELECT to_regclass('bascule.state')::text", &[]).await?.try_get(0)?;
    if state.is_some() {
        let mode = client.query_opt("SELECT mode FROM bascule.state", &[]).await?;
        found.mode = mode.map(|row| row.try_get(0)).transpose()?;
    }
    Ok(found)
}
