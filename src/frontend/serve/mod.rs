//! Serving clients from PostgreSQL: the protocol's server side, MySQL's session state, transactions, and the execution
//! of plans that `sql` made.
//!
//! # Two ways in
//! [`accept`] takes a fresh connection while PostgreSQL serves. [`carry`] takes over a session that MySQL served until
//! the flip, with everything that its client may rely on.
//!
//! # Connections to PostgreSQL
//! A session holds one for a statement or a transaction and none in between, so thousands of clients need few. All
//! session state lives here; what PostgreSQL must know of it travels in front of the statement, in the same flight, as
//! settings that end with the transaction.
//!
//! # Why a failed statement leaves the transaction as MySQL would
//! See `backend`: each statement inside a transaction has a point to which it can be undone alone.

mod accounts;
mod backend;
mod channel;
mod charset;
mod cursor;
mod ddl;
mod derived;
mod diagnostics;
mod duplicate;
mod error;
mod explain;
mod load;
mod locks;
mod login;
mod modes;
mod prepared;
mod query;
mod result;
mod routine;
mod select_into;
mod session;
mod set;
mod settings;
mod sha256_crypt;
mod show;
mod show_create;
mod show_index;
mod stack;
mod state;
mod table_locks;
mod temporary;
mod text_prepared;
mod transaction;
mod variables;
mod write;
mod xa;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use tokio_util::sync::CancellationToken;

use crate::sql::Cache;
pub use accounts::Accounts;
use session::Session;
use variables::Defaults;

use crate::config::Live;
use crate::frontend::arrival::Arrival;
use crate::frontend::carried::{Carried, Serve, Served};
use crate::frontend::limits;
use crate::frontend::rsa::KeyPair;
use crate::frontend::tls::Certificates;
use crate::observe::{Metrics, connection_known, without_values};
use crate::route;
use crate::schema::Catalogue;
use crate::target::{CancelHandle, Pool};

/// MySQL's version that clients see unless the source's is known.
pub const SERVER_VERSION: &str = "9.7.4";
/// First connection id given out here; ids of carried sessions are MySQL's own and far below.
const FIRST_CONNECTION_ID: u64 = 1_000_000;
/// Plans expected for all sessions together, and the bytes that they take at most.
const PLANS: usize = 10_000;
const PLAN_BYTES: u64 = 48 << 20;
/// How long a session waits for a connection to PostgreSQL.
const POOL_WAIT: Duration = Duration::from_secs(10);

/// What all serving sessions share.
pub struct Serving {
    pub pool: Arc<Pool>,
    /// The MySQL schema as it stands; replaced as a whole by DDL.
    pub catalogue: Arc<ArcSwap<Catalogue>>,
    pub accounts: ArcSwap<Accounts>,
    pub certificates: Option<Arc<Certificates>>,
    pub rsa: Arc<KeyPair>,
    pub metrics: Arc<Metrics>,
    pub config: Arc<Live>,
    /// `@@version` and the greeting's version.
    pub server_version: String,
    /// Cancelled when the process stops: silent sessions end, running statements finish.
    pub stop: CancellationToken,
    /// Cancelled when sessions end as soon as they are between two transactions.
    pub boundary: CancellationToken,
    cache: Cache,
    routines: routine::Codes,
    defaults: Defaults,
    /// One DDL statement at a time: the catalogue and PostgreSQL change together.
    ddl: tokio::sync::Mutex<()>,
    locks: locks::Locks,
    temporary: temporary::Shared,
    peers: DashMap<u64, Arc<Peer>>,
    next_connection: AtomicU64,
    /// Whatever is interrupted now is so because Bascule ends.
    cutting: AtomicBool,
    /// For the uptime that clients ask for.
    begun: tokio::time::Instant,
}

/// What other sessions may know of one, and how they end it.
#[derive(Debug)]
struct Peer {
    user: String,
    host: String,
    database: std::sync::Mutex<Option<String>>,
    kill: CancellationToken,
    /// KILL QUERY, for waits that PostgreSQL doesn't know of.
    interrupt: tokio::sync::Notify,
    /// Counts the session's commands, so that KILL QUERY means the one that it found.
    command: AtomicU64,
    /// The number of the command that was killed last.
    interrupted: AtomicU64,
    /// How to cancel what the session executes in PostgreSQL, while it does.
    running: tokio::sync::Mutex<Option<CancelHandle>>,
}

impl Peer {
    /// Waits for whoever cancels just now: the connection may go to another session next, whose statement isn't meant.
    async fn set_running(&self, handle: Option<CancelHandle>) {
        *self.running.lock().await = handle;
    }

    /// The session begins with another command.
    fn begins_command(&self) {
        self.command.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether KILL QUERY meant the command that runs.
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) == self.command.load(Ordering::Relaxed)
    }

    /// KILL QUERY: of the command that runs now and of no later one.
    async fn interrupt_command(&self) {
        let command = self.command.load(Ordering::Relaxed);
        self.interrupted.store(command, Ordering::Relaxed);
        self.interrupt.notify_waiters();
        self.cancel_running(|| self.command.load(Ordering::Relaxed) == command).await;
    }

    /// Cancels what the session executes in PostgreSQL, if it does and it's still meant, before it can go on.
    async fn cancel_running(&self, meant: impl FnOnce() -> bool) {
        let running = self.running.lock().await;
        if let Some(handle) = running.as_ref().filter(|_| meant())
            && let Err(error) = handle.cancel().await
        {
            tracing::debug!(%error, "a running statement couldn't be cancelled");
        }
    }
}

/// The parts that [`Serving::new`] is made of.
pub struct Parts {
    /// Shared with whoever else reads or changes it.
    pub catalogue: Arc<ArcSwap<Catalogue>>,
    pub accounts: Accounts,
    pub certificates: Option<Arc<Certificates>>,
    pub rsa: Arc<KeyPair>,
    pub metrics: Arc<Metrics>,
    pub config: Arc<Live>,
    /// The source's version when it's known.
    pub server_version: Option<String>,
    /// As the door's `shutdown`.
    pub stop: CancellationToken,
    /// As the door's.
    pub boundary: CancellationToken,
}

impl Serving {
    /// Sessions begin with these global variables of MySQL from now on. What isn't kept here stays as it is.
    pub fn inherit(&self, values: &BTreeMap<String, String>) {
        for (name, value) in values {
            if let Err(reason) = set::inherit(&self.defaults, name, value) {
                tracing::warn!(
                    variable = name,
                    reason = without_values(reason),
                    "a global variable of MySQL isn't taken over as it is"
                );
            }
        }
    }

    /// Shared state with a pool of `config.target.max_connections` connections, none of them open yet.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { catalogue, accounts, certificates, rsa, metrics, config, server_version, stop, boundary } = parts;
        let server_version = server_version.unwrap_or_else(|| SERVER_VERSION.to_owned());
        let defaults = Defaults::new(&server_version, &config, catalogue.load().lower_case_table_names);
        let temporary = temporary::Shared::new(&config.target);
        Arc::new(Self {
            pool: Pool::new(&config.target, "bascule serving", POOL_WAIT),
            catalogue,
            accounts: ArcSwap::from_pointee(accounts),
            certificates,
            rsa,
            metrics,
            config,
            server_version,
            stop,
            boundary,
            cache: Cache::new(PLANS, PLAN_BYTES),
            routines: routine::Codes::default(),
            defaults,
            ddl: tokio::sync::Mutex::new(()),
            locks: locks::Locks::default(),
            temporary,
            peers: DashMap::new(),
            next_connection: AtomicU64::new(FIRST_CONNECTION_ID),
            cutting: AtomicBool::new(false),
            begun: tokio::time::Instant::now(),
        })
    }

    /// Ends every session, also inside a transaction, and what it executes in PostgreSQL. Returns how many there were.
    pub async fn cut(&self) -> usize {
        self.cutting.store(true, Ordering::SeqCst);
        let peers: Vec<_> = self.peers.iter().map(|peer| Arc::clone(peer.value())).collect();
        // Running statements first: the others may hold the locks that they wait for, and would let them pass.
        for peer in &peers {
            if peer.running.lock().await.is_some() {
                peer.kill.cancel();
                peer.cancel_running(|| true).await;
            }
        }
        for peer in &peers {
            peer.kill.cancel();
        }
        peers.len()
    }

    /// Whether the server whose version is shown is a MariaDB.
    fn is_mariadb(&self) -> bool {
        self.server_version.contains("MariaDB")
    }

    fn is_cutting(&self) -> bool {
        self.cutting.load(Ordering::SeqCst)
    }

    /// Drops the temporary tables that an earlier process left behind.
    ///
    /// # Errors
    /// Why PostgreSQL couldn't be asked; it's tried again when the first temporary table is made.
    pub async fn drop_leftovers(&self) -> Result<(), crate::target::TargetError> {
        self.temporary.prepare().await
    }

    fn new_connection_id(&self) -> u64 {
        loop {
            let id = self.next_connection.fetch_add(1, Ordering::Relaxed) & u64::from(u32::MAX);
            if id != 0 && !self.peers.contains_key(&id) {
                return id;
            }
        }
    }
}

impl std::fmt::Debug for Serving {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Serving").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

/// Serves a fresh connection to its end.
pub async fn accept(serving: Arc<Serving>, arrival: Arrival, mut route_session: route::Session) {
    let connection_id = serving.new_connection_id();
    connection_known(connection_id);
    let entering = Box::pin(login::login(&serving, arrival, connection_id, &route_session));
    let limit = serving.config.load().listen.handshake_timeout;
    let entered = tokio::select! {
        entered = tokio::time::timeout(limit, entering) => entered,
        () = serving.boundary.cancelled() => return,
    };
    let (mut channel, login, address) = match entered {
        Ok(Ok(entered)) => entered,
        Ok(Err(error)) => {
            serving.metrics.logins_failed.inc();
            tracing::debug!(%error, "a client didn't get in");
            return;
        }
        Err(_) => {
            serving.metrics.logins_failed.inc();
            tracing::debug!("a client didn't finish its login in time");
            return;
        }
    };
    route_session.update(|info| {
        info.connection_id = connection_id;
        info.client.clone_from(&address);
    });
    if let Err(refusal) = limits::log_in(&mut route_session, &serving.config, &login.user) {
        serving.metrics.connections_refused.inc();
        channel.put(|out| out.extend_from_slice(&refusal));
        let _ = channel.flush().await;
        return;
    }
    Box::pin(
        Session::fresh(serving, channel, route_session, session::Newcomer { login, address, connection_id }).run(),
    )
    .await;
}

/// Serves the rest of a connection that MySQL served until now.
pub async fn carry(serving: Arc<Serving>, carried: Carried) {
    Box::pin(Session::carried(serving, carried).run()).await;
}

impl Serve for Arc<Serving> {
    fn carry(&self, session: Carried) -> Served {
        Box::pin(carry(Arc::clone(self), session))
    }

    fn accept(&self, arrival: Arrival, session: route::Session) -> Served {
        Box::pin(accept(Arc::clone(self), arrival, session))
    }
}
