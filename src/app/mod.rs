//! Assembly: one Bascule from its configuration, started and stopped in order. Decides nothing.
//!
//! # Order of the start
//! The admin socket first, since a second copy is recognised there; then the spool, which is locked; then the store,
//! which tells who serves; only then the door for clients. The end is the other way round: the door stops taking
//! clients, sessions finish their transaction, and the operator's door is the last to close.

mod files;
mod planner;
mod process;
mod serving;
mod stop;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::{self, Desks, Operations, Process};
use crate::capture::{Capture, CaptureError, Recovery};
use crate::config::{Config, Lane, Live};
use crate::cutover::{CutoverError, Desk, Director, Parts, Start};
use crate::frontend::rsa::KeyPair;
use crate::frontend::serve::{self, Accounts, Serving};
use crate::frontend::tls::Certificates;
use crate::frontend::{self, Door, FrontendError, OpenDoor};
use crate::observe::{Exposition, LogLevel, Metrics, without_values};
use crate::replicate::Replicator;
use crate::route::{Mode, Route};
use crate::schema::Catalogue;
use crate::store::{ImportedAccount, Store};

use planner::SqlPlanner;
use process::Running;
use stop::Ending;

/// Why Bascule didn't start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    #[error(transparent)]
    Socket(#[from] admin::SocketError),
    #[error("the spool in {path} can't be used")]
    Spool {
        path: PathBuf,
        #[source]
        source: CaptureError,
    },
    #[error("it can't be decided who serves")]
    Cutover(#[from] CutoverError),
    #[error(transparent)]
    Frontend(#[from] FrontendError),
    #[error("can't listen on admin.health_address {address}")]
    Health {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("TLS can't be offered to clients")]
    Tls(#[from] frontend::tls::TlsError),
}

/// A running Bascule. [`App::stop`] ends it in order; dropping it ends it at once.
pub struct App {
    door: OpenDoor,
    operations: Arc<dyn Operations>,
    process: Arc<dyn Process>,
    ending: Ending,
}

impl std::fmt::Debug for App {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("App").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Starts everything and returns when clients are let in.
///
/// # Errors
/// [`AppError`]; nothing is left running then.
pub async fn start(config: Config) -> Result<App, AppError> {
    start_from(config, Origin::default()).await
}

/// Where the configuration came from, for a reload.
#[derive(Debug, Default)]
pub struct Origin {
    /// Its file.
    pub file: Option<PathBuf>,
    /// The log that follows `log.level`.
    pub log: Option<LogLevel>,
}

/// [`start`], with what a reload needs.
///
/// # Errors
/// As [`start`].
pub async fn start_from(config: Config, origin: Origin) -> Result<App, AppError> {
    files::allow(config.listen.max_connections);
    let config = Arc::new(Live::new(config));
    let shutdown = CancellationToken::new();
    let guard = shutdown.clone().drop_guard();
    let tasks = TaskTracker::new();
    let socket = admin::Socket::open(&config.admin.socket)?;
    let health = listen_for_health(&config).await?;
    let metrics = Arc::new(Metrics::default());
    let (capture, recovery) = open_spool(&config)?;
    let catalogue = Arc::new(ArcSwap::from_pointee(Catalogue::default()));
    let (accounts, imported) = watch::channel(Vec::new());
    let (variables, inherited) = watch::channel(BTreeMap::new());
    let (route, control) = Route::new(Mode::Passthrough, 1);
    let planner = Arc::new(SqlPlanner::new());
    let replicator = Replicator::new(config.target.clone(), Arc::clone(&catalogue), planner);
    let director = Director::new(Parts {
        config: Arc::clone(&config),
        control,
        store: Store::new(config.target.clone()),
        capture: capture.clone(),
        replicator: Arc::clone(&replicator),
        catalogue: Arc::clone(&catalogue),
        accounts,
        variables,
        metrics: Arc::clone(&metrics),
        shutdown: shutdown.clone(),
        tasks: tasks.clone(),
    });
    if director.start(recovery).await? == Start::SourceOnly {
        tracing::warn!("started without PostgreSQL; the mirror is taken up when it is back");
    }

    let server_version = director.source_version().await;
    let (sessions, cut) = (shutdown.child_token(), shutdown.child_token());
    let keys = Arc::new(KeyPair::new());
    let certificates = config.listen.tls.as_ref().map(Certificates::new).transpose()?.map(Arc::new);
    let serving = Serving::new(serve::Parts {
        catalogue: Arc::clone(&catalogue),
        accounts: Accounts::new(&config.accounts, &imported.borrow()),
        certificates: certificates.clone(),
        rsa: Arc::clone(&keys),
        metrics: Arc::clone(&metrics),
        config: Arc::clone(&config),
        server_version,
        stop: sessions.clone(),
    });
    let known_accounts = imported.clone();
    follow(&serving, imported, inherited, &tasks);
    if route.mode() == Mode::Postgres {
        drop_leftovers(&serving, &tasks);
    }
    let process: Arc<dyn Process> = Arc::new(Running {
        file: origin.file,
        config: Arc::clone(&config),
        route: Arc::clone(&route),
        serving: Arc::clone(&serving),
        imported: known_accounts,
        log: origin.log,
        rereads: certificates.iter().map(process::certificates).collect(),
        stopping: sessions.clone(),
        turn: Mutex::default(),
        reached: Mutex::default(),
    });
    let ending = Ending {
        config: Arc::clone(&config),
        route: Arc::clone(&route),
        serving: Arc::clone(&serving),
        replicator,
        sessions: sessions.clone(),
        cut: cut.clone(),
        shutdown: shutdown.clone(),
        tasks: tasks.clone(),
    };
    let door = frontend::open(Door {
        config,
        route,
        capture,
        catalogue,
        serve: Arc::new(serving),
        metrics: Arc::clone(&metrics),
        keys,
        certificates,
        shutdown: sessions,
        cut,
    })?;
    let operations: Arc<dyn Operations> = Arc::new(Desk(director));
    let desks = Desks { operations: Arc::clone(&operations), process: Arc::clone(&process) };
    let served = admin::serve(socket, health, desks, Exposition::new(&metrics), shutdown);
    tasks.spawn(tell_closed(served));
    guard.disarm();
    tracing::info!(address = %door.address(), "clients are let in");
    Ok(App { door, operations, process, ending })
}

/// Keeps what sessions begin with as it is in the source.
fn follow(
    serving: &Arc<Serving>,
    imported: watch::Receiver<Vec<ImportedAccount>>,
    inherited: watch::Receiver<BTreeMap<String, String>>,
    tasks: &TaskTracker,
) {
    serving.inherit(&inherited.borrow());
    tasks.spawn(serving::follow_accounts(Arc::clone(serving), imported));
    tasks.spawn(serving::follow_variables(Arc::clone(serving), inherited));
}

/// Drops the temporary tables of an earlier process in the background.
fn drop_leftovers(serving: &Arc<Serving>, tasks: &TaskTracker) {
    let serving = Arc::clone(serving);
    tasks.spawn(async move {
        if let Err(error) = serving.drop_leftovers().await {
            tracing::warn!(error = without_values(&error), "temporary tables of an earlier process aren't dropped yet");
        }
    });
}

/// The operator's door, whose end nobody waits for.
async fn tell_closed(served: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = served.await {
        tracing::error!(%error, "the admin socket is closed; forwarding goes on");
    }
}

async fn listen_for_health(config: &Config) -> Result<Option<TcpListener>, AppError> {
    let Some(address) = config.admin.health_address else { return Ok(None) };
    let listener = TcpListener::bind(address).await.map_err(|source| AppError::Health { address, source })?;
    Ok(Some(listener))
}

/// Opens the spool where there is a source to capture from.
fn open_spool(config: &Config) -> Result<(Option<Arc<Capture>>, Option<Recovery>), AppError> {
    if config.source.is_none() || config.mirror.source == Lane::Binlog {
        return Ok((None, None));
    }
    let (capture, recovery) = Capture::open(&config.spool)
        .map_err(|source| AppError::Spool { path: config.spool.directory.clone(), source })?;
    if recovery.torn_bytes > 0 {
        tracing::info!(bytes = recovery.torn_bytes, "an unfinished record at the spool's end was cut off");
    }
    Ok((Some(capture), Some(recovery)))
}

impl App {
    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// What an operator can do.
    #[must_use]
    pub fn operations(&self) -> Arc<dyn Operations> {
        Arc::clone(&self.operations)
    }

    /// The process itself: its configuration and its health.
    #[must_use]
    pub fn process(&self) -> Arc<dyn Process> {
        Arc::clone(&self.process)
    }

    /// Takes no more clients, lets sessions finish their transaction for `listen.shutdown_timeout_seconds`, and ends.
    pub async fn stop(self) {
        self.ending.run(self.door).await;
    }
}
