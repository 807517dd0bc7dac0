//! Assembly: one Bascule from its configuration, started and stopped in order. Decides nothing.
//!
//! # Order of the start
//! The admin socket first, since a second copy is recognised there; then the spool, which is locked; then the store,
//! which tells who serves; only then the door for clients. The end is the other way round: the door stops taking
//! clients, sessions finish their transaction, and the operator's door is the last to close.
//!
//! A start may take the place of a running process instead: [`succession`].

mod files;
mod frame;
mod handover;
mod planner;
mod process;
mod serving;
mod stop;
mod succession;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Operations, Process};
use crate::capture::{Capture, CaptureError, Recovery};
use crate::config::{Config, Lane, Live};
use crate::cutover::{CutoverError, Start};
use crate::frontend::tls::Certificates;
use crate::frontend::{self, FrontendError, Inherited, OpenDoor, Sockets};
use crate::observe::LogLevel;
use crate::source::connect::Connector;

use frame::{Frame, Operator};
use handover::Estate;
use stop::{Ending, Manner};

pub use succession::{TakeOverError, take_over};

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
    #[error("no more files can be opened")]
    Handles(#[source] std::io::Error),
    #[error("the place of the running Bascule can't be taken; it goes on")]
    TakeOver(#[from] TakeOverError),
}

/// A running Bascule. [`App::stop`] ends it in order; dropping it ends it at once.
pub struct App {
    door: OpenDoor,
    operations: Arc<dyn Operations>,
    process: Arc<dyn Process>,
    ending: Ending,
    estate: Arc<Estate>,
    /// Cancelled when it can't go on.
    failed: CancellationToken,
}

/// Why a running Bascule has to end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Another process has its place.
    HandedOver,
    /// It took the place of another and can't go on.
    Failed,
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
    let socket = admin::Socket::open(&config.admin.socket)?;
    let operator = Operator { socket, health: listen_for_health(&config).await? };
    let (capture, recovery) = open_spool(&config)?;
    let certificates = config.listen.tls.as_ref().map(Certificates::new).transpose()?.map(Arc::new);
    let connector = config.source.as_ref().map(Connector::new).transpose().map_err(frontend::FrontendError::from)?;
    let frame = Frame::new(Arc::clone(&config), (certificates, connector), capture);
    if frame.director.start(recovery).await? == Start::SourceOnly {
        tracing::warn!("started without PostgreSQL; the mirror is taken up when it is back");
    }
    let version = frame.director.source_version().await;
    let sockets = Sockets::open(&config.listen, Inherited::default())?;
    frame.open(origin, version, sockets, operator)
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

    /// Waits until it has to end by itself.
    pub async fn over(&self) -> Over {
        tokio::select! {
            () = self.estate.given.cancelled() => Over::HandedOver,
            () = self.failed.cancelled() => Over::Failed,
        }
    }

    /// Takes no more clients, lets sessions finish their transaction for `listen.shutdown_timeout_seconds`, and ends.
    pub async fn stop(self) {
        let Self { door, operations, process, ending, estate, failed: _ } = self;
        let heir = estate.heir();
        let manner = match &heir {
            None => Manner::Ordered,
            Some(heir) if heir.waits => Manner::AwaitedByAnother,
            Some(_) => Manner::BesideAnother,
        };
        estate.close();
        ending.run(door, manner).await;
        drop((operations, process, estate));
        // The other process learns by this that the place is free.
        drop(heir);
    }
}
