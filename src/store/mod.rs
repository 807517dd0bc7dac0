//! Durable facts in the target: who serves, what is applied, what the schema is, who may log in. They live in schema
//! `bascule` of the target database, so that they're as durable and as available as the data itself.
//!
//! # What is promised
//! - The applied set changes only inside the transaction that applies the rows ([`statement::checkpoint`]): rows and
//!   position can't disagree.
//! - A catalogue change is written inside the transaction of its DDL ([`statement::catalogue`]).
//! - The flip is one transaction: mode, epoch and journal row together ([`Store::flip`]).
//! - One Bascule drives a target at a time: an advisory lock on this connection says so. A second one is refused
//!   by name. The lock is taken again after a reconnect, before anything is written.

mod accounts;
mod copied;
mod facts;
mod schema;
pub mod statement;
mod variables;

pub use accounts::ImportedAccount;
pub use copied::{Copied, CopiedChunk, TableStage, Window};
pub use facts::{Facts, MirrorPhase};
pub use statement::StoreStatement;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};
use tokio_postgres::Client;

use crate::config::Target;
use crate::position::GtidSet;
use crate::route::Mode;
use crate::schema::{Catalogue, CatalogueChange, Database, Routine, Table, TableName, View};
use crate::target::TargetError;

/// Why a fact couldn't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL can't be reached. Worth another try.
    #[error("PostgreSQL can't be reached")]
    Connect(#[source] TargetError),
    /// PostgreSQL refused a statement or went away in the middle of it.
    #[error("PostgreSQL refused a statement of the store: {}", reason(.0))]
    Statement(#[source] tokio_postgres::Error),
    /// Another Bascule holds the lock.
    #[error("another Bascule already drives this PostgreSQL database")]
    Driven,
    /// What is stored isn't what this version writes.
    #[error("schema `bascule` in PostgreSQL holds something unexpected: {0}")]
    Unexpected(String),
}

impl StoreError {
    /// Whether PostgreSQL is away, or went away in the middle: another try later is worth it.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Connect(cause) => cause.is_outage(),
            Self::Statement(error) => {
                error.is_closed() || error.code().is_some_and(|code| ["08", "53", "57"].contains(&&code.code()[..2]))
            }
            Self::Driven | Self::Unexpected(_) => false,
        }
    }
}

/// The server's own words, or the client's when there are none.
fn reason(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |db| format!("{}: {}", db.code().code(), db.message()))
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Statement(error)
    }
}

/// The handle; one connection, reopened when it broke.
#[derive(Debug)]
pub struct Store {
    target: Target,
    connection: Mutex<Option<Client>>,
}

/// The connection while somebody uses it.
struct Connection<'a>(MutexGuard<'a, Option<Client>>);

impl Connection<'_> {
    fn client(&mut self) -> Result<&mut Client, StoreError> {
        self.0.as_mut().ok_or_else(|| StoreError::Unexpected("no connection".to_owned()))
    }
}

impl Store {
    /// A store that connects when it's first used.
    #[must_use]
    pub fn new(target: Target) -> Arc<Self> {
        Arc::new(Self { target, connection: Mutex::new(None) })
    }

    /// Connects, takes the lock and creates schema `bascule` where it's missing.
    ///
    /// # Errors
    /// [`StoreError`]; `Driven` when another process holds the lock.
    pub async fn open(&self) -> Result<(), StoreError> {
        self.connection().await.map(drop)
    }

    /// A live connection that holds the lock.
    async fn connection(&self) -> Result<Connection<'_>, StoreError> {
        let mut slot = self.connection.lock().await;
        if slot.as_ref().is_none_or(Client::is_closed) {
            *slot = None;
            let client = crate::target::control(&self.target).await.map_err(StoreError::Connect)?;
            schema::prepare(&client).await?;
            *slot = Some(client);
        }
        Ok(Connection(slot))
    }

    /// Everything that decides what a start does.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load(&self) -> Result<Facts, StoreError> {
        facts::load(self.connection().await?.client()?).await
    }

    /// Sets mode and epoch.
    ///
    /// # Errors
    /// [`StoreError`]; the outcome is unknown when the connection broke.
    pub async fn set_mode(&self, mode: Mode, epoch: u64) -> Result<(), StoreError> {
        let sql = "UPDATE bascule.state SET mode = $1, epoch = $2";
        self.connection().await?.client()?.execute(sql, &[&mode.name(), &epoch.cast_signed()]).await?;
        Ok(())
    }

    /// Notes how far mirroring is. `Copying` forgets the applied set and the tables' states: it starts over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_phase(&self, phase: MirrorPhase) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let transaction = connection.client()?.transaction().await?;
        transaction.execute("UPDATE bascule.state SET phase = $1", &[&phase.name()]).await?;
        if phase == MirrorPhase::Copying {
            transaction
                .batch_execute("UPDATE bascule.state SET applied = '', bypassed = ''; DELETE FROM bascule.table_state")
                .await?;
        }
        if phase != MirrorPhase::Following {
            transaction.batch_execute(copied::FORGET).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Ends the copy: from here everything in `applied` is in the tables, and following begins.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_following(&self, applied: &GtidSet) -> Result<(), StoreError> {
        let sql = "UPDATE bascule.state SET phase = $1, applied = $2, bypassed = ''";
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&MirrorPhase::Following.name(), &applied.to_string()];
        self.connection().await?.client()?.execute(sql, &values).await?;
        Ok(())
    }

    /// Begins a copy that can be gone on with: the log from `from` on has what happens to the tables meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin_copying(&self, from: &GtidSet) -> Result<(), StoreError> {
        let sql = "UPDATE bascule.state SET copy_from = $1 WHERE phase = 'copying'";
        self.connection().await?.client()?.execute(sql, &[&from.to_string()]).await?;
        Ok(())
    }

    /// How far the copy is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load_copied(&self) -> Result<Copied, StoreError> {
        copied::load(self.connection().await?.client()?).await
    }

    /// Ends the copying: the log is applied from where the copy began, and up to `until` it makes the tables equal. Those
    /// of `later` are halted until they are copied as a whole.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn follow_copied(&self, until: &GtidSet, later: &[(TableName, String)]) -> Result<(), StoreError> {
        copied::begin_following(self.connection().await?.client()?, until, later).await
    }

    /// The copied tables are equal and have all their keys: nothing of the copy needs to be known any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_copied(&self) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let transaction = connection.client()?.transaction().await?;
        transaction.batch_execute(copied::FORGET).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The point of no return: PostgreSQL serves from `epoch` on, whose position on the source was `position`.
    ///
    /// # Errors
    /// [`StoreError`]; the outcome is unknown when the connection broke, and the caller must ask [`Store::load`].
    pub async fn flip(&self, epoch: u64, position: &GtidSet) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let transaction = connection.client()?.transaction().await?;
        transaction.batch_execute("SET LOCAL synchronous_commit = on").await?;
        let journal = "INSERT INTO bascule.journal (epoch, event, position) VALUES ($1, 'flip', $2)";
        transaction.execute(journal, &[&epoch.cast_signed(), &position.to_string()]).await?;
        let state = "UPDATE bascule.state SET mode = $1, epoch = $2, phase = $3 WHERE epoch < $2";
        let idle = MirrorPhase::Idle.name();
        let changed = transaction.execute(state, &[&Mode::Postgres.name(), &epoch.cast_signed(), &idle]).await?;
        if changed != 1 {
            return Err(StoreError::Unexpected(format!("epoch {epoch} is not newer than the stored one")));
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Replaces the stored catalogue.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_catalogue(&self, catalogue: &Catalogue) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        let transaction = connection.client()?.transaction().await?;
        transaction
            .batch_execute(
                "DELETE FROM bascule.catalogue_table; DELETE FROM bascule.catalogue_view; \
                 DELETE FROM bascule.catalogue_routine; \
                 DELETE FROM bascule.catalogue_database",
            )
            .await?;
        let lower = i32::from(catalogue.lower_case_table_names);
        transaction.execute("UPDATE bascule.state SET lower_case_table_names = $1", &[&lower]).await?;
        for (name, database) in &catalogue.databases {
            let sql = "INSERT INTO bascule.catalogue_database (name, charset, default_collation) VALUES ($1, $2, $3)";
            transaction.execute(sql, &[name, &database.charset, &database.collation]).await?;
            for (table, definition) in &database.tables {
                let text = statement::definition(definition);
                let sql = "INSERT INTO bascule.catalogue_table (database, name, definition) VALUES ($1, $2, $3)";
                transaction.execute(sql, &[name, table, &text]).await?;
            }
            for (view, definition) in &database.views {
                let text = statement::view_definition(definition);
                let sql = "INSERT INTO bascule.catalogue_view (database, name, definition) VALUES ($1, $2, $3)";
                transaction.execute(sql, &[name, view, &text]).await?;
            }
            for (routine, definition) in database.procedures.iter().chain(&database.functions) {
                let text = statement::routine_definition(definition);
                let sql =
                    "INSERT INTO bascule.catalogue_routine (database, kind, name, definition) VALUES ($1, $2, $3, $4)";
                transaction.execute(sql, &[name, &definition.kind.name(), routine, &text]).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The stored catalogue.
    ///
    /// # Errors
    /// [`StoreError`]; `Unexpected` when a definition can't be read.
    pub async fn load_catalogue(&self) -> Result<Catalogue, StoreError> {
        let mut connection = self.connection().await?;
        let client = connection.client()?;
        let lower: i32 = client.query_one("SELECT lower_case_table_names FROM bascule.state", &[]).await?.get(0);
        let mut catalogue =
            Catalogue { version: 1, lower_case_table_names: u8::try_from(lower).unwrap_or(0), ..Catalogue::default() };
        for row in client.query("SELECT name, charset, default_collation FROM bascule.catalogue_database", &[]).await? {
            let database = Database { charset: row.get(1), collation: row.get(2), ..Database::default() };
            catalogue.databases.insert(row.get(0), database);
        }
        for row in client.query("SELECT database, name, definition FROM bascule.catalogue_table", &[]).await? {
            let (database, name, text): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            let table: Table = serde_json::from_str(&text)
                .map_err(|error| StoreError::Unexpected(format!("definition of {database}.{name}: {error}")))?;
            catalogue.databases.entry(database).or_default().tables.insert(name, Arc::new(table));
        }
        for row in client.query("SELECT database, name, definition FROM bascule.catalogue_view", &[]).await? {
            let (database, name, text): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            let view: View = serde_json::from_str(&text)
                .map_err(|error| StoreError::Unexpected(format!("definition of view {database}.{name}: {error}")))?;
            catalogue.databases.entry(database).or_default().views.insert(name, Arc::new(view));
        }
        for row in client.query("SELECT database, name, definition FROM bascule.catalogue_routine", &[]).await? {
            let (database, name, text): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            let routine: Routine = serde_json::from_str(&text)
                .map_err(|error| StoreError::Unexpected(format!("definition of routine {database}.{name}: {error}")))?;
            catalogue.apply(&CatalogueChange::PutRoutine(Arc::new(routine)));
        }
        Ok(catalogue)
    }

    /// Replaces the imported accounts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_accounts(&self, accounts: &[ImportedAccount]) -> Result<(), StoreError> {
        accounts::put(self.connection().await?.client()?, accounts).await
    }

    /// The imported accounts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load_accounts(&self) -> Result<Vec<ImportedAccount>, StoreError> {
        accounts::load(self.connection().await?.client()?).await
    }

    /// Replaces the global variables that are taken over from MySQL.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_variables(&self, values: &BTreeMap<String, String>) -> Result<(), StoreError> {
        variables::put(self.connection().await?.client()?, values).await
    }

    /// The global variables that were taken over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn load_variables(&self) -> Result<BTreeMap<String, String>, StoreError> {
        variables::load(self.connection().await?.client()?).await
    }

    /// Notes MySQL's version, which clients go on seeing after the flip.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_source_version(&self, version: &str) -> Result<(), StoreError> {
        let sql = "UPDATE bascule.state SET source_version = $1";
        self.connection().await?.client()?.execute(sql, &[&version]).await?;
        Ok(())
    }

    /// MySQL's version as noted last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn source_version(&self) -> Result<Option<String>, StoreError> {
        let mut connection = self.connection().await?;
        let row = connection.client()?.query_one("SELECT source_version FROM bascule.state", &[]).await?;
        Ok(Some(row.get(0)).filter(|version: &String| !version.is_empty()))
    }

    /// Runs one of the store's statements by itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run(&self, statement: &StoreStatement) -> Result<(), StoreError> {
        let mut connection = self.connection().await?;
        statement::run(connection.client()?, statement).await
    }
}
