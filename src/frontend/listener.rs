//! Accepts clients: one listener for each session thread on the same address (`SO_REUSEPORT`), so that a crowd is accepted by
//! all of them. Who accepts a client gives it to the thread that takes it ([`super::threads`]); a session never leaves it. A
//! thread has several listeners where another process with more threads passed its own on ([`super::sockets`]).

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
use tokio::sync::mpsc::Receiver;
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
use super::threads::{Accepted, Comer, Threads};
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
    let of_threads = sockets.of_threads().map_err(FrontendError::Thread)?;
    let (threads, comers) = Threads::new(of_threads.len());
    for (number, ((listeners, unix), comers)) in of_threads.into_iter().zip(comers).enumerate() {
        let (ended, end) = oneshot::channel();
        let (shared, threads, connections) = (Arc::clone(&shared), Arc::clone(&threads), Arc::clone(&connections));
        let acceptor = Acceptor { shared, threads, number, connections, sessions: JoinSet::new() };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(FrontendError::Thread)?;
        let body = move || {
            if let Err(error) = runtime.block_on(acceptor.run(listeners, unix, comers)) {
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
    threads: Arc<Threads>,
    /// The thread's own.
    number: usize,
    connections: Arc<AtomicUsize>,
    sessions: JoinSet<()>,
}

impl Acceptor {
    async fn run(
        mut self,
        listeners: Vec<Socket>,
        unix: Option<UnixListener>,
        mut comers: Receiver<Comer>,
    ) -> io::Result<()> {
        let listeners = listeners.into_iter().map(|socket| TcpListener::from_std(socket.into()));
        let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
        let unix = unix.map(tokio::net::UnixListener::from_std).transpose()?;
        loop {
            let accepted = tokio::select! {
                accepted = accept_any(&listeners) => accepted.and_then(Accepted::tcp),
                accepted = accept(unix.as_ref()) => accepted.and_then(Accepted::unix),
                Some(comer) = comers.recv() => {
                    self.serve(comer);
                    continue;
                }
                // Forgets those that have ended.
                Some(_) = self.sessions.join_next() => continue,
                () = self.shared.shutdown.cancelled() => break,
            };
            match accepted {
                Ok(accepted) => {
                    let comer = Comer { accepted, seat: self.threads.seat() };
                    comer.send(self.number).into_iter().for_each(|comer| self.serve(comer));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection couldn't be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop((listeners, unix));
        // From here on the others keep whom they accept.
        comers.close();
        while let Some(comer) = comers.recv().await {
            self.serve(comer);
        }
        tokio::select! {
            () = async { while self.sessions.join_next().await.is_some() {} } => {}
            () = self.shared.cut.cancelled() => self.sessions.shutdown().await,
        }
        Ok(())
    }

    /// Begins a session on this thread.
    fn serve(&mut self, comer: Comer) {
        let Comer { accepted, seat } = comer;
        let arrived = match accepted {
            Accepted::Tcp(stream, peer) => TcpStream::from_std(stream).map(|stream| self.tcp(stream, peer)),
            Accepted::Unix(stream) => {
                UnixStream::from_std(stream).map(|stream| (Arrival::unix(stream), UNIX.to_owned()))
            }
        };
        let (arrival, from) = match arrived {
            Ok(arrived) => arrived,
            Err(error) => return tracing::warn!(%error, "a connection was accepted and can't be served"),
        };
        let place = Place::take(&self.connections, self.shared.config.load().listen.max_connections);
        let visitor = Visitor { shared: Arc::clone(&self.shared), arrival, from };
        self.sessions.spawn(async move {
            let _seat = seat;
            visitor.run(place).await;
        });
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
