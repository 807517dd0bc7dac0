//! A connection for bulk work: DDL, COPY in, and scans of whole tables.
//!
//! Sessions are in UTC, so a TIMESTAMP reads as MySQL's own text in UTC, and no timeout of the server cuts a long copy.
//! Triggers don't fire for them: MySQL's have, for every row that comes this way.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, TryStreamExt as _};
use tokio_postgres::types::{FromSql, Type};

use super::copy::{HEADER, TRAILER};
use super::{ServerError, TargetError, control};
use crate::config::Target;

/// A connection for bulk work.
#[derive(Debug)]
pub struct Bulk {
    client: tokio_postgres::Client,
    target: Target,
    purpose: Option<&'static str>,
}

impl Bulk {
    /// Connects and prepares the session.
    ///
    /// # Errors
    /// When the server can't be reached or refuses.
    pub async fn connect(target: &Target) -> Result<Self, TargetError> {
        let bulk = Self { client: control(target).await?, target: target.clone(), purpose: None };
        bulk.run(
            "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET extra_float_digits = 1; SET statement_timeout = 0; \
             SET idle_in_transaction_session_timeout = 0; SET bascule.repeats = 'on'",
        )
        .await?;
        Ok(bulk)
    }

    /// As [`Bulk::connect`], under a name by which others find the connection: see [`Bulk::end_others`].
    ///
    /// # Errors
    /// As [`Bulk::connect`].
    pub async fn connect_for(target: &Target, purpose: &'static str) -> Result<Self, TargetError> {
        let bulk = Self { purpose: Some(purpose), ..Self::connect(target).await? };
        bulk.run(&format!("SET application_name = '{purpose}'")).await?;
        Ok(bulk)
    }

    /// A new connection to the same server, for the same purpose.
    ///
    /// # Errors
    /// As [`Bulk::connect`].
    pub async fn another(&self) -> Result<Self, TargetError> {
        match self.purpose {
            Some(purpose) => Self::connect_for(&self.target, purpose).await,
            None => Self::connect(&self.target).await,
        }
    }

    /// Ends every other connection of a purpose to this database and waits until it's gone: PostgreSQL goes on with what a
    /// process that was killed has asked for, and may commit it much later.
    ///
    /// # Errors
    /// When the server fails, doesn't allow it, or takes longer than half a minute.
    pub async fn end_others(&self, purpose: &'static str) -> Result<(), TargetError> {
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
        let sql = format!(
            "SELECT nullif(count(pg_terminate_backend(pid)), 0)::text FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = '{purpose}' AND pid <> pg_backend_pid()"
        );
        for _ in 0..600 {
            if self.text(&sql).await?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(TargetError::Io(std::io::ErrorKind::TimedOut.into()))
    }

    /// Carries out statements separated by semicolons; outside a transaction they succeed or fail together.
    ///
    /// # Errors
    /// The first error; the transaction that was open, if any, has failed.
    pub async fn run(&self, statements: &str) -> Result<(), TargetError> {
        self.client.batch_execute(statements).await.map_err(failed)
    }

    /// The rows of a query as raw cells; the query's columns must be text or bytea.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn rows(&self, sql: &str) -> Result<RowScan, TargetError> {
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
        let rows = self.client.query_raw(sql, parameters).await.map_err(failed)?;
        Ok(RowScan { rows: Box::pin(rows) })
    }

    /// The first cell of a query's first row, as text.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn text(&self, sql: &str) -> Result<Option<String>, TargetError> {
        let row = self.client.query_opt(sql, &[]).await.map_err(failed)?;
        row.map_or(Ok(None), |row| row.try_get(0).map_err(failed))
    }

    /// Begins COPY … FROM STDIN in binary format; the header is sent with the first chunk.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn copy_in(&self, sql: &str) -> Result<CopyIn, TargetError> {
        let sink = self.client.copy_in(sql).await.map_err(failed)?;
        Ok(CopyIn { sink: Box::pin(sink), buffer: BytesMut::from(HEADER), sent: 0 })
    }
}

/// A running COPY. Dropping it before [`CopyIn::finish`] aborts the copy; no row of it is kept.
pub struct CopyIn {
    sink: std::pin::Pin<Box<tokio_postgres::CopyInSink<Bytes>>>,
    buffer: BytesMut,
    sent: u64,
}

impl CopyIn {
    /// Rows are sent when so many bytes have gathered.
    const CHUNK: usize = 128 * 1024;

    /// Where the next row is appended.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Sends what has gathered if it is enough; waits while the server is busy.
    ///
    /// # Errors
    /// When the server has ended the copy.
    pub async fn flush_if_full(&mut self) -> Result<(), TargetError> {
        if self.buffer.len() >= Self::CHUNK {
            self.send().await?;
        }
        Ok(())
    }

    /// Bytes handed to the server so far.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent
    }

    /// Ends the copy; the numbers of rows stored and of bytes sent.
    ///
    /// # Errors
    /// When the server refuses a row; then it has kept none.
    pub async fn finish(mut self) -> Result<(u64, u64), TargetError> {
        self.buffer.extend_from_slice(TRAILER);
        self.send().await?;
        let stored = self.sink.as_mut().finish().await.map_err(failed)?;
        Ok((stored, self.sent))
    }

    async fn send(&mut self) -> Result<(), TargetError> {
        let chunk = self.buffer.split().freeze();
        self.sent += chunk.len() as u64;
        self.sink.send(chunk).await.map_err(failed)
    }
}

/// A query's rows as they arrive; at most a few messages are buffered.
pub struct RowScan {
    rows: std::pin::Pin<Box<tokio_postgres::RowStream>>,
}

impl RowScan {
    /// The next row.
    ///
    /// # Errors
    /// When the query or its connection fails.
    pub async fn next(&mut self) -> Result<Option<Vec<Option<Vec<u8>>>>, TargetError> {
        let Some(row) = self.rows.try_next().await.map_err(failed)? else {
            return Ok(None);
        };
        let cell = |index: usize| row.try_get::<_, Option<Raw>>(index).map(|cell| cell.map(|raw| raw.0));
        (0..row.len()).map(cell).collect::<Result<Vec<_>, _>>().map(Some).map_err(failed)
    }
}

/// Text and bytea have the same binary form as text, which is the value itself.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }
}

pub(super) fn failed(error: tokio_postgres::Error) -> TargetError {
    let Some(db) = error.as_db_error() else {
        return TargetError::Io(std::io::Error::other(error));
    };
    TargetError::Server(Box::new(ServerError {
        severity: db.severity().to_owned(),
        sqlstate: db.code().code().to_owned(),
        message: db.message().to_owned(),
        detail: db.detail().map(str::to_owned),
        schema: db.schema().map(str::to_owned),
        table: db.table().map(str::to_owned),
        column: db.column().map(str::to_owned),
        constraint: db.constraint().map(str::to_owned),
        context: db.where_().map(str::to_owned),
        ..ServerError::default()
    }))
}
