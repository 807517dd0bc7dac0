//! One client of the shop: a connection that is opened once and kept for the whole demo.
//!
//! The connection is an ordinary client library's. Whatever Bascule does behind it, this file doesn't know; it only
//! counts what an application would notice. A deadlock is part of any transactional database and is retried from the
//! start of the transaction, as applications do; every other error counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Error, Opts, Params};
use tokio_util::sync::CancellationToken;

use super::stats::Stats;

const ATTEMPTS: u32 = 20;
const RECONNECT_DELAY: Duration = Duration::from_millis(200);
/// Deadlock found; lock wait timeout exceeded.
const RETRIED: [u16; 2] = [1213, 1205];

/// How an action ended.
pub(super) type Answer<T> = Result<T, Error>;

/// A connection that measures itself.
pub(super) struct Client {
    conn: Conn,
    opts: Opts,
    stats: Arc<Stats>,
    stop: CancellationToken,
}

impl Client {
    pub(super) async fn connect(opts: Opts, stats: Arc<Stats>, stop: CancellationToken) -> Answer<Self> {
        let conn = Conn::new(opts.clone()).await?;
        Ok(Self { conn, opts, stats, stop })
    }

    pub(super) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// A text statement without rows; the number of rows it changed.
    pub(super) async fn run(&mut self, sql: impl AsRef<str>) -> Answer<u64> {
        let begun = Instant::now();
        let answer = self.conn.query_drop(sql.as_ref()).await;
        self.measured(begun, answer).map(|()| self.conn.affected_rows())
    }

    /// A text statement with rows.
    pub(super) async fn rows<T: FromRow + Send + 'static>(&mut self, sql: impl AsRef<str>) -> Answer<Vec<T>> {
        let begun = Instant::now();
        let answer = self.conn.query(sql.as_ref()).await;
        self.measured(begun, answer)
    }

    /// A prepared statement without rows; the number of rows it changed.
    pub(super) async fn execute(&mut self, sql: &str, parameters: impl Into<Params> + Send) -> Answer<u64> {
        let begun = Instant::now();
        let answer = self.conn.exec_drop(sql, parameters.into()).await;
        self.measured(begun, answer).map(|()| self.conn.affected_rows())
    }

    /// A prepared statement with rows.
    pub(super) async fn fetch<T: FromRow + Send + 'static>(
        &mut self,
        sql: &str,
        parameters: impl Into<Params> + Send,
    ) -> Answer<Vec<T>> {
        let begun = Instant::now();
        let answer = self.conn.exec(sql, parameters.into()).await;
        self.measured(begun, answer)
    }

    /// The id that the last INSERT was given.
    pub(super) fn inserted(&self) -> u64 {
        self.conn.last_insert_id().unwrap_or_default()
    }

    fn measured<T>(&self, begun: Instant, answer: Answer<T>) -> Answer<T> {
        self.stats.statement(begun.elapsed());
        answer
    }

    /// What to do about a failed attempt: `Some` when it's to be repeated.
    ///
    /// The transaction is rolled back in any case: after a lock wait timeout MySQL keeps it open.
    pub(super) async fn recover(&mut self, action: &str, attempt: u32, error: &Error) -> Option<()> {
        let code = server_code(error);
        if code.is_some_and(|code| RETRIED.contains(&code)) && attempt < ATTEMPTS {
            self.stats.deadlock();
            if self.run("ROLLBACK").await.is_ok() {
                return Some(());
            }
        }
        self.stats.error(format!("{action}: {error}"));
        if code.is_none() || self.run("ROLLBACK").await.is_err() {
            self.reconnect().await;
        }
        None
    }

    /// Only after the connection broke, which is an error by itself and was counted.
    async fn reconnect(&mut self) {
        while !self.stop.is_cancelled() {
            match Conn::new(self.opts.clone()).await {
                Ok(conn) => {
                    self.conn = conn;
                    return;
                }
                Err(error) => self.stats.error(format!("connect: {error}")),
            }
            tokio::time::sleep(RECONNECT_DELAY).await;
        }
    }

    pub(super) async fn close(self) {
        // A connection that can't say goodbye has been counted when it broke.
        let _ = self.conn.disconnect().await;
    }
}

/// MySQL's error number, when the server sent one.
pub(super) fn server_code(error: &Error) -> Option<u16> {
    match error {
        Error::Server(server) => Some(server.code),
        Error::Driver(_) | Error::Io(_) | Error::Other(_) | Error::Url(_) => None,
    }
}
