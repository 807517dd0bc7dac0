//! Connections lent to serving sessions for one statement or one transaction each.
//!
//! # Why a session never meets another's state
//! A connection goes back to the pool only when it is usable and outside a transaction; anything else is closed and its
//! place is free for a new one. The serving session sets what differs from the session defaults with SET LOCAL, which
//! ends with the transaction.
//!
//! # Why connections stay with their thread
//! A socket's events arrive at the runtime that it was opened on. A session on another thread would be woken across
//! threads for every answer, which costs more than the answer. So a session takes an idle connection of its own thread
//! first, and one of another thread is moved to this one's runtime.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client::{Client, TransactionStatus};
use super::error::TargetError;
use crate::config::Target;

/// Session defaults of serving connections: MySQL's `innodb_lock_wait_timeout` and a level at which writes see the
/// latest committed rows.
const SETTINGS: [(&str, &str); 2] = [("lock_timeout", "50s"), ("default_transaction_isolation", "read committed")];

/// A bounded set of connections.
#[derive(Debug)]
pub struct Pool {
    target: Target,
    application_name: String,
    wait_limit: Duration,
    permits: Arc<Semaphore>,
    /// With the thread whose runtime each belongs to.
    idle: Mutex<Vec<(ThreadId, Client)>>,
}

/// What an operator sees of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PoolStatus {
    pub limit: usize,
    pub idle: usize,
    pub lent: usize,
}

/// A connection on loan; it goes back when this is dropped.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
    client: Option<Client>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of at most `target.max_connections` connections, opened when they are needed. A session waits at most
    /// `wait_limit` for one.
    #[must_use]
    pub fn new(target: &Target, application_name: &str, wait_limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            target: target.clone(),
            application_name: application_name.to_owned(),
            wait_limit,
            permits: Arc::new(Semaphore::new(target.max_connections)),
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Takes an idle connection or opens one; waits in line while all are in use.
    ///
    /// # Errors
    /// [`TargetError::Exhausted`] when none became free in time, otherwise why no connection could be opened.
    pub async fn take(self: &Arc<Self>) -> Result<Lease, TargetError> {
        // A timer that is earlier than all others wakes the runtime, so none is set where there's no need to wait.
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        let client = match self.idle_client() {
            Some(client) => client,
            None => Client::connect_with(&self.target, &self.application_name, &SETTINGS).await?,
        };
        Ok(Lease { pool: Arc::clone(self), client: Some(client), _permit: permit })
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit, TargetError> {
        let waiting = Arc::clone(&self.permits).acquire_owned();
        let exhausted = || TargetError::Exhausted(self.target.max_connections);
        tokio::time::timeout(self.wait_limit, waiting).await.map_err(|_| exhausted())?.map_err(|_| exhausted())
    }

    /// An idle connection that the server hasn't closed meanwhile, of this thread if there is one.
    fn idle_client(&self) -> Option<Client> {
        let own = thread::current().id();
        loop {
            let (thread, mut client) = {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                match idle.iter().rposition(|(thread, _)| *thread == own) {
                    Some(position) => idle.swap_remove(position),
                    None => idle.pop()?,
                }
            };
            if thread != own {
                client = match client.moved() {
                    Ok(client) => client,
                    Err(error) => {
                        tracing::debug!(%error, "an idle connection couldn't be moved to another thread");
                        continue;
                    }
                };
            }
            if client.is_alive() {
                return Some(client);
            }
        }
    }

    /// Closes the idle connections, e.g. when the server was restarted and each of them would fail once.
    pub fn clear(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How the connections are used now.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let limit = self.target.max_connections;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        PoolStatus { limit, idle, lent: limit.saturating_sub(self.permits.available_permits()) }
    }
}

impl Lease {
    /// Closes the connection instead of giving it back: its state isn't clean.
    pub fn discard(mut self) {
        self.client = None;
    }
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("a lease holds its client until it is dropped")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("a lease holds its client until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && client.is_usable()
            && client.status() == TransactionStatus::Idle
        {
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push((thread::current().id(), client));
        }
    }
}
