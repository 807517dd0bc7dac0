//! Accepts clients: one listener for each session thread on the same address (`SO_REUSEPORT`), so that the kernel
//! spreads connections and a session never leaves its thread. A thread has several where another process with more threads
//! passed its own on ([`super::sockets`]).

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use socket2::Socket;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::arrival::Arrival;
use super::door::{Door, Shared};
use super::end::framed;
use super::limits::{log_in, watch_peer};
use super::login::{Doorway, LoginError};
use super::session::Session;
use super::sockets::{Sockets, accept_any};
use super::unix::UnixSocketError;
use crate::observe::of_session;
use crate::route::{self, ServingSide, SessionInfo};
use crate::source::connect::ConnectError;
use crate::wire::reply;

/// Stack of a session thread: procedures that call each other take some hundred kilobytes each. Only what is used is there.
const STACK: usize = 16 << 20;

/// Where clients of the unix socket come from, before their login.
const UNIX: &str = "unix socket";
/// Pause after an accept that failed for want of something, e.g. file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why the door can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum FrontendError {
    #[error("can't listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Socket(#[from] UnixSocketError),
    #[error("can't start a session thread")]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Source(#[from] ConnectError),
}

/// An open door.
#[derive(Debug)]
pub struct OpenDoor {
    sockets: Arc<Sockets>,
    threads: Vec<oneshot::Receiver<()>>,
}

impl OpenDoor {
    /// Where it listens; with port 0 in the configuration, the port that the system chose.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.sockets.address()
    }

    /// Its listening sockets, for passing them on.
    #[must_use]
    pub fn sockets(&self) -> Arc<Sockets> {
        Arc::clone(&self.sockets)
    }

    /// Waits until the door has been shut and its last session has ended. Sessions inside a transaction go on to its
    /// end: the caller bounds the wait.
    pub async fn closed(self) {
        self.sockets.close();
        for thread in self.threads {
            // A thread that is gone without a word has ended all the same.
            let _ = thread.await;
        }
    }
}

/// Opens the door; it's shut by the cancellation token.
///
/// # Errors
/// [`FrontendError`].
pub fn open(door: Door, sockets: Sockets) -> Result<OpenDoor, FrontendError> {
    let Door {
        config,
        route,
        capture,
        catalogue,
        serve,
        metrics,
        keys,
        certificates,
        connector,
        shutdown,
        boundary,
        cut,
    } = door;
    let door = Shared {
        config,
        route,
        capture,
        catalogue,
        connector,
        serve,
        metrics,
        keys,
        certificates,
        shutdown,
        boundary,
        cut,
    };
    let shared = Arc::new(door);
    let connections = Arc::new(AtomicUsize::new(0));
    let mut running = Vec::new();
    for (number, (listeners, unix)) in sockets.of_threads().map_err(FrontendError::Thread)?.into_iter().enumerate() {
        let (ended, end) = oneshot::channel();
        let acceptor = Acceptor { shared: Arc::clone(&shared), connections: Arc::clone(&connections) };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(FrontendError::Thread)?;
        let body = move || {
            if let Err(error) = runtime.block_on(acceptor.run(listeners, unix)) {
                tracing::error!(error = &error as &dyn std::error::Error, "a session thread can't accept");
            }
            let _ = ended.send(());
        };
        let thread = thread::Builder::new().name(format!("sessions-{number}")).stack_size(STACK);
        thread.spawn(body).map_err(FrontendError::Thread)?;
        running.push(end);
    }
    Ok(OpenDoor { sockets: Arc::new(sockets), threads: running })
}

/// One session thread's side of the door.
struct Acceptor {
    shared: Arc<Shared>,
    connections: Arc<AtomicUsize>,
}

impl Acceptor {
    async fn run(self, listeners: Vec<Socket>, unix: Option<UnixListener>) -> io::Result<()> {
        let listeners = listeners.into_iter().map(|socket| TcpListener::from_std(socket.into()));
        let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
        let unix = unix.map(tokio::net::UnixListener::from_std).transpose()?;
        let mut sessions = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = accept_any(&listeners) => accepted.map(|(stream, peer)| self.tcp(stream, peer)),
                accepted = accept(unix.as_ref()) => accepted.map(|stream| (Arrival::unix(stream), UNIX.to_owned())),
                // Forgets those that have ended.
                Some(_) = sessions.join_next() => continue,
                () = self.shared.shutdown.cancelled() => break,
            };
            let (arrival, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection couldn't be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let place = Place::take(&self.connections, self.shared.config.load().listen.max_connections);
            let visitor = Visitor { shared: Arc::clone(&self.shared), arrival, from };
            sessions.spawn(visitor.run(place));
        }
        drop((listeners, unix));
        tokio::select! {
            () = async { while sessions.join_next().await.is_some() {} } => {}
            () = self.shared.cut.cancelled() => sessions.shutdown().await,
        }
        Ok(())
    }

    /// A client of the TCP listener, and where it comes from.
    fn tcp(&self, stream: TcpStream, peer: SocketAddr) -> (Arrival, String) {
        let _ = stream.set_nodelay(true);
        let config = self.shared.config.load();
        watch_peer(&stream, &config.listen.limits);
        let may_be_proxied = config.listen.proxy_protocol_from.iter().any(|network| network.contains(peer.ip()));
        (Arrival::tcp(stream, peer, may_be_proxied), peer.to_string())
    }
}

/// The next client of the unix socket; never one where there's no socket.
async fn accept(unix: Option<&tokio::net::UnixListener>) -> io::Result<UnixStream> {
    match unix {
        Some(unix) => unix.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

/// A client's place among `max_connections`; given back when dropped.
struct Place {
    connections: Arc<AtomicUsize>,
}

impl Place {
    fn take(connections: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let place = Self { connections: Arc::clone(connections) };
        let before = connections.fetch_add(1, Ordering::SeqCst);
        (before < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A client that has just connected.
struct Visitor {
    shared: Arc<Shared>,
    arrival: Arrival,
    /// Its address with its port, or that it came by the unix socket.
    from: String,
}

impl Visitor {
    async fn run(mut self, place: Option<Place>) {
        self.shared.metrics.connections.inc();
        let Some(_place) = place else {
            self.shared.metrics.connections_refused.inc();
            let refusal = framed(&reply::err_before_greeting(1040, "Too many connections"), 0);
            let _ = self.arrival.stream.write_all(&refusal).await;
            return;
        };
        let info = SessionInfo { client: std::mem::take(&mut self.from), ..SessionInfo::default() };
        let route = self.shared.route.open_session(info);
        of_session(route.id(), self.let_in(route)).await;
    }

    /// The session's whole life.
    async fn let_in(mut self, mut route: route::Session) {
        match &self.shared.connector {
            Some(connector) if self.shared.route.serving() == ServingSide::Source => {
                let (certificates, keys) = (self.shared.certificates.as_deref(), &self.shared.keys);
                let doorway = Doorway { connector, certificates, keys, route: &route };
                let limit = self.shared.config.load().listen.handshake_timeout;
                let login = Box::pin(async {
                    let reached = doorway.reach(&mut self.arrival.stream).await?;
                    let login = timeout(limit, doorway.login(self.arrival, reached)).await;
                    login.unwrap_or(Err(LoginError::TooSlow))
                });
                let login = tokio::select! {
                    login = login => login,
                    () = self.shared.boundary.cancelled() => return,
                };
                match login {
                    Ok(mut login) => {
                        let user = String::from_utf8_lossy(&login.response.user).into_owned();
                        if let Err(refusal) = log_in(&mut route, &self.shared.config, &user) {
                            self.shared.metrics.connections_refused.inc();
                            let _ = login.client.send_payload(&refusal, login.sequence).await;
                            return;
                        }
                        watch_peer(login.server.stream.socket(), &self.shared.config.load().listen.limits);
                        let (session, ok) = Session::new(&self.shared, login, route);
                        Box::pin(session.run(ok)).await;
                    }
                    Err(error) => refused(&self.shared, &error),
                }
            }
            _ => self.shared.serve.accept(self.arrival, route).await,
        }
    }
}

fn refused(shared: &Shared, error: &LoginError) {
    shared.metrics.logins_failed.inc();
    match error {
        LoginError::Unreachable(error) => {
            tracing::warn!(error = error as &dyn std::error::Error, "MySQL can't be reached for a client");
        }
        LoginError::Refused
        | LoginError::NoCertificate
        | LoginError::Compression(_)
        | LoginError::TooSlow
        | LoginError::Io(_)
        | LoginError::Exchange(_)
        | LoginError::Malformed(_) => {
            tracing::debug!(error = error as &dyn std::error::Error, "a login ended");
        }
    }
}
