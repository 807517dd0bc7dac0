//! Taking the place of a running Bascule, which ends. What the two say to each other is in [`super::handover`].
//!
//! # What the new process does until the old one is gone
//! * While MySQL serves and sessions are only forwarded (mode passthrough, or the binary log is followed): it serves
//!   clients at once, beside the old one. Nothing else has begun.
//! * In mode mirror with captured sessions: clients come in and log in, but the gate is shut: their first command waits
//!   until the old process is gone. A spool has one writer, and a transaction that is captured here must come after
//!   those that are captured there.
//! * While PostgreSQL serves: clients wait in the queue of the listening sockets, which the kernel keeps. Two processes
//!   would have two catalogues and two sets of named locks and temporary tables.
//!
//! The old one doesn't give busy clients time in the last two cases, since others wait for it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::time::timeout;
use tracing::{info, warn};

use super::frame::Frame;
use super::handover::{Offer, READY, TAKEN, WORD_PATIENCE, YOURS, hear, identity};
use super::{App, AppError, Operator, Origin, listen_for_health, open_spool};
use crate::admin::{self, Client};
use crate::capture::{Capture, CaptureError, SpoolError};
use crate::config::{Config, Lane, Live};
use crate::cutover::Start;
use crate::frontend::tls::Certificates;
use crate::frontend::{Inherited, Sockets};
use crate::route::{Mode, Shut};
use crate::source::connect::Connector;
use crate::target;
use crate::unix::rights;

/// How long the spool may stay locked after its process has said that it's gone.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How often it's told that the process before isn't gone.
const PROGRESS: Duration = Duration::from_secs(5);

/// Why a running Bascule's place couldn't be taken. That one goes on then.
#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    /// It refused, or there is none.
    #[error(transparent)]
    Asked(#[from] admin::ClientError),
    /// Its words can't be understood, or it broke off.
    #[error("the running Bascule broke the hand-over off")]
    Broken(#[source] io::Error),
    /// PostgreSQL serves, and this process can't reach it.
    #[error("PostgreSQL serves and can't be reached")]
    Target(#[source] target::TargetError),
}

/// The process whose place is taken.
struct Predecessor {
    stream: UnixStream,
    offer: Offer,
}

/// What it passed on.
struct Passed {
    door: Inherited,
    admin: (OwnedFd, OwnedFd),
    health: Option<OwnedFd>,
}

/// Takes the place of the Bascule that runs on this configuration's admin socket. Returns when clients come here.
///
/// # Errors
/// [`AppError`]. The running one goes on as before, if it was [`AppError::TakeOver`] or anything that the configuration
/// or this machine refuses.
pub async fn take_over(config: Config, origin: Origin) -> Result<App, AppError> {
    super::files::allow(config.listen.max_connections);
    let (mut predecessor, passed) = Predecessor::ask(&config).await?;
    let config = Arc::new(Live::new(config));
    // Everything that can fail comes before the place changes hands.
    let certificates = config.listen.tls.as_ref().map(Certificates::new).transpose()?.map(Arc::new);
    let connector = config.source.as_ref().map(Connector::new).transpose();
    let shown = (certificates, connector.map_err(crate::frontend::FrontendError::from)?);
    if predecessor.offer.mode == Mode::Postgres {
        let reached = target::Client::connect(&config.target, "bascule hand-over").await;
        drop(reached.map_err(TakeOverError::Target)?);
    }
    let sockets = Sockets::open(&config.listen, passed.door)?;
    let operator = Operator {
        socket: admin::Socket::inherit(&config.admin.socket, passed.admin.0, passed.admin.1)
            .map_err(TakeOverError::Broken)?,
        health: health(&config, &predecessor.offer, passed.health).await?,
    };
    predecessor.take().await?;
    sockets.keep();
    operator.socket.name().keep();
    info!(pid = predecessor.offer.pid, mode = %predecessor.offer.mode, "this process has the other's place");
    match predecessor.offer.mode {
        Mode::Passthrough | Mode::Mirror => beside(config, origin, shown, (sockets, operator), predecessor).await,
        Mode::Postgres => {
            predecessor.gone().await;
            let in_use = |error: &AppError| matches!(error, AppError::Spool { source, .. } if is_taken(source));
            let (capture, recovery) = once_free(|| open_spool(&config), in_use).await?;
            let frame = Frame::new(config, shown, capture);
            frame.director.await_store().await;
            if frame.director.start(recovery).await? == Start::SourceOnly {
                warn!("started without PostgreSQL; the mirror is taken up when it is back");
            }
            let version = frame.director.source_version().await;
            frame.open(origin, version, sockets, operator)
        }
    }
}

/// MySQL serves: clients come in at once, and everything that has one owner begins when the other process is gone.
async fn beside(
    config: Arc<Live>,
    origin: Origin,
    shown: (Option<Arc<Certificates>>, Option<Connector>),
    (sockets, operator): (Sockets, Operator),
    predecessor: Predecessor,
) -> Result<App, AppError> {
    let Offer { mode, epoch, captures, ref server_version, .. } = predecessor.offer;
    let captured = config.mirror.source == Lane::Statements;
    let capture = captured.then(Capture::unopened);
    let frame = Frame::new(Arc::clone(&config), shown, capture.clone());
    let lane = if captures { Lane::Statements } else { Lane::Binlog };
    let shut = frame.director.stand_in(mode, epoch, lane).await?;
    let (director, tasks, shutdown) = (Arc::clone(&frame.director), frame.tasks.clone(), frame.shutdown.clone());
    let version = Some(server_version.clone());
    let (app, served) = frame.open_later(origin, version, sockets, operator)?;
    let failed = app.failed.clone();
    tasks.spawn(async move {
        let begin = async {
            predecessor.gone().await;
            let recovery = match &capture {
                Some(capture) => match once_free(|| capture.take(&config.spool), is_taken).await {
                    Ok(recovery) => Some(recovery),
                    Err(error) => return Err(error),
                },
                None => None,
            };
            director.succeed(recovery).await;
            Ok(())
        };
        let begun = tokio::select! {
            begun = begin => begun,
            () = shutdown.cancelled() => return,
        };
        match begun {
            Ok(()) => open_gate(shut),
            Err(error) => {
                tracing::error!(%error, "the spool can't be taken over: this process ends");
                failed.cancel();
                return;
            }
        }
        served.await;
    });
    Ok(app)
}

fn open_gate(shut: Option<Shut>) {
    if shut.is_some() {
        info!("clients' commands are let through");
    }
    drop(shut);
}

/// The health listener: the other's where the address is the same.
async fn health(config: &Config, offer: &Offer, passed: Option<OwnedFd>) -> Result<Option<TcpListener>, AppError> {
    let same = config.admin.health_address.is_some_and(|address| offer.health == Some(address.to_string()));
    match (config.admin.health_address, passed.filter(|_| same)) {
        (Some(address), Some(passed)) => {
            let listener = TcpListener::from_std(passed.into());
            Ok(Some(listener.map_err(|source| AppError::Health { address, source })?))
        }
        (Some(_) | None, _) => listen_for_health(config).await,
    }
}

/// Opens the spool, which a process that is just ending may still have.
async fn once_free<T, E>(mut open: impl FnMut() -> Result<T, E>, is_taken: impl Fn(&E) -> bool) -> Result<T, E> {
    let deadline = tokio::time::Instant::now() + LOCK_PATIENCE;
    loop {
        match open() {
            Err(error) if is_taken(&error) && tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => return opened,
        }
    }
}

const fn is_taken(error: &CaptureError) -> bool {
    matches!(error, CaptureError::Spool(SpoolError::InUse { .. }))
}

impl Predecessor {
    /// Asks the running process for its place and receives what it passes on. Nothing has changed by that.
    async fn ask(config: &Config) -> Result<(Self, Passed), TakeOverError> {
        let mut stream = Client::new(&config.admin.socket).hand_over(&identity(config)).await?;
        let received = async {
            stream.write_all(&[READY]).await?;
            let (message, files) = timeout(WORD_PATIENCE, rights::receive(&mut stream)).await??;
            let offer: Offer = serde_json::from_slice(&message)?;
            let passed = Passed::sorted(&offer, files)?;
            Ok((offer, passed))
        };
        let (offer, passed) = received.await.map_err(TakeOverError::Broken)?;
        Ok((Self { stream, offer }, passed))
    }

    /// The point at which the place changes hands.
    async fn take(&mut self) -> Result<(), TakeOverError> {
        let taken = async {
            self.stream.write_all(&[TAKEN]).await?;
            hear(&mut self.stream, YOURS).await
        };
        taken.await.map_err(TakeOverError::Broken)
    }

    /// Waits until the other process is gone, or has let go of everything.
    async fn gone(mut self) {
        let (pid, limit_seconds) = (self.offer.pid, self.offer.limit_seconds);
        info!(pid, limit_seconds, "the other process lets its sessions end");
        let mut word = [0];
        loop {
            // Nothing is said any more: what ends the wait is the end of the connection, however the process ends.
            match timeout(PROGRESS, self.stream.read(&mut word)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(_)) => {}
                Err(_) => info!(pid, "the other process isn't gone yet"),
            }
        }
        info!(pid, "the other process is gone");
    }
}

impl Passed {
    /// The files in the order in which they're sent.
    fn sorted(offer: &Offer, files: Vec<OwnedFd>) -> io::Result<Self> {
        let mut files = files.into_iter();
        let mut next = || files.next().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData));
        let tcp = (0..offer.listeners).map(|_| next()).collect::<io::Result<Vec<_>>>()?;
        let unix = if offer.unix { Some((next()?, next()?)) } else { None };
        let admin = (next()?, next()?);
        let health = if offer.health.is_some() { Some(next()?) } else { None };
        Ok(Self { door: Inherited { tcp, unix }, admin, health })
    }
}
