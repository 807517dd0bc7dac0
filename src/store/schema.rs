//! The tables of schema `bascule`, and the lock.

use tokio_postgres::Client;

use super::StoreError;

/// Raised when the tables change; a newer number in the database than here is refused.
const VERSION: i32 = 1;

/// Key of the advisory lock: the bytes of "bascule".
const LOCK: i64 = 0x62_61_73_63_75_6c_65;

const TABLES: &str = "
CREATE SCHEMA IF NOT EXISTS bascule;
CREATE TABLE IF NOT EXISTS bascule.state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    mode text NOT NULL DEFAULT 'passthrough',
    epoch bigint NOT NULL DEFAULT 1,
    phase text NOT NULL DEFAULT 'idle',
    applied text NOT NULL DEFAULT '',
    bypassed text NOT NULL DEFAULT '',
    lower_case_table_names integer NOT NULL DEFAULT 0,
    source_version text NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS bascule.table_state (
    database text NOT NULL,
    name text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (database, name)
);
CREATE TABLE IF NOT EXISTS bascule.catalogue_database (
    name text PRIMARY KEY,
    charset text NOT NULL,
    default_collation text NOT NULL
);
CREATE TABLE IF NOT EXISTS bascule.catalogue_table (
    database text NOT NULL,
    name text NOT NULL,
    definition text NOT NULL,
    PRIMARY KEY (database, name)
);
CREATE TABLE IF NOT EXISTS bascule.catalogue_view (
    database text NOT NULL,
    name text NOT NULL,
    definition text NOT NULL,
    PRIMARY KEY (database, name)
);
CREATE TABLE IF NOT EXISTS bascule.catalogue_routine (
    database text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    definition text NOT NULL,
    PRIMARY KEY (database, kind, name)
);
CREATE TABLE IF NOT EXISTS bascule.account (
    username text NOT NULL,
    host text NOT NULL,
    plugin text NOT NULL,
    authentication_string text NOT NULL,
    PRIMARY KEY (username, host)
);
CREATE TABLE IF NOT EXISTS bascule.source_variable (
    name text PRIMARY KEY,
    value text NOT NULL
);
CREATE TABLE IF NOT EXISTS bascule.journal (
    epoch bigint NOT NULL,
    event text NOT NULL,
    position text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE bascule.state ADD COLUMN IF NOT EXISTS copy_from text;
ALTER TABLE bascule.state ADD COLUMN IF NOT EXISTS copy_until text;
CREATE TABLE IF NOT EXISTS bascule.copied_chunk (
    database text NOT NULL,
    name text NOT NULL,
    number bigint NOT NULL,
    lower_bound text,
    upper_bound text,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (database, name, number)
);
CREATE TABLE IF NOT EXISTS bascule.copied_table (
    database text NOT NULL,
    name text NOT NULL,
    stage text NOT NULL,
    PRIMARY KEY (database, name)
);
REVOKE ALL ON bascule.account FROM PUBLIC;
";

/// Takes the lock. PostgreSQL may need a moment to notice that a killed Bascule is gone: a short wait spares the next
/// start an error that would be wrong a second later.
async fn take_lock(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("SET lock_timeout = '5s'").await?;
    match client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await {
        Ok(_) => {}
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE) => {
            return Err(StoreError::Driven);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(client.batch_execute("RESET lock_timeout").await?)
}

/// Takes the lock, creates what is missing and checks the version.
pub(super) async fn prepare(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("SET client_min_messages = warning").await?;
    take_lock(client).await?;
    client.batch_execute(TABLES).await?;
    client.execute("INSERT INTO bascule.state (version) VALUES ($1) ON CONFLICT DO NOTHING", &[&VERSION]).await?;
    let version: i32 = client.query_one("SELECT version FROM bascule.state", &[]).await?.get(0);
    if version > VERSION {
        return Err(StoreError::Unexpected(format!(
            "version {version}; this Bascule knows {VERSION}: use a newer one"
        )));
    }
    Ok(())
}
