//! The listening sockets of the door: bound by this process, or passed on by the one before it.
//!
//! There's one for each session thread on the same address, and the kernel spreads connections over their queues. So when
//! they are passed on, every one must go on being accepted from, whatever the number of threads is then: a thread takes
//! several, and what is missing is bound beside them.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use super::listener::FrontendError;
use super::unix;
use crate::config::Listen;
use crate::unix::Name;

/// Connections that the kernel holds for us while we're busy, or while a process that goes before us ends.
const BACKLOG: i32 = 4096;

/// See the module. The handles here are kept for passing them on; [`Sockets::close`] lets go of them.
#[derive(Debug)]
pub struct Sockets {
    address: SocketAddr,
    threads: usize,
    open: Mutex<Open>,
}

/// What hasn't been let go of yet.
#[derive(Debug, Default)]
struct Open {
    tcp: Vec<Socket>,
    unix: Option<(UnixListener, Arc<Name>)>,
}

/// Sockets of the door that another process passed on.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Those of `listen.address`.
    pub tcp: Vec<OwnedFd>,
    /// The one of `listen.socket`, and the lock of its name.
    pub unix: Option<(OwnedFd, OwnedFd)>,
}

/// What is sent to the process that goes on with the sockets.
#[derive(Debug)]
pub struct Handles {
    pub tcp: Vec<OwnedFd>,
    /// The unix socket with its name.
    pub unix: Option<(OwnedFd, Arc<Name>)>,
}

impl Sockets {
    /// Listens everywhere that the configuration says and `inherited` doesn't already.
    ///
    /// # Errors
    /// [`FrontendError`].
    pub fn open(listen: &Listen, inherited: Inherited) -> Result<Self, FrontendError> {
        let threads = listen.threads.max(1);
        let mut tcp: Vec<Socket> = inherited.tcp.into_iter().map(Socket::from).collect();
        let bound = |socket: &Socket| socket.local_addr().ok().and_then(|bound| bound.as_socket());
        let mut address = tcp.first().and_then(bound).unwrap_or(listen.address);
        while tcp.len() < threads {
            let socket = bind(address).map_err(|source| FrontendError::Listen { address, source })?;
            address = bound(&socket).unwrap_or(address);
            tcp.push(socket);
        }
        let unix = match (&listen.socket, inherited.unix) {
            (Some(socket), Some((listener, lock))) => {
                Some((UnixListener::from(listener), Arc::new(Name::inherit(&socket.path, lock))))
            }
            (Some(socket), None) => Some(unix::listen(socket).map(|(listener, name)| (listener, Arc::new(name)))?),
            (None, _) => None,
        };
        Ok(Self { address, threads, open: Mutex::new(Open { tcp, unix }) })
    }

    /// Where clients connect.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What each thread accepts from.
    pub(super) fn of_threads(&self) -> io::Result<Vec<(Vec<Socket>, Option<UnixListener>)>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_thread = |thread| {
            let own = open.tcp.iter().skip(thread).step_by(self.threads);
            let tcp = own.map(Socket::try_clone).collect::<io::Result<Vec<_>>>()?;
            let unix = open.unix.as_ref().map(|(listener, _)| listener.try_clone()).transpose()?;
            Ok((tcp, unix))
        };
        (0..self.threads).map(of_thread).collect()
    }

    /// What another process passed on is this one's now.
    pub fn keep(&self) {
        if let Some((_, name)) = &self.open.lock().unwrap_or_else(PoisonError::into_inner).unix {
            name.keep();
        }
    }

    /// Handles for another process. The sockets stay open here too.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub fn handles(&self) -> io::Result<Handles> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let owned = |handle: BorrowedFd<'_>| handle.try_clone_to_owned();
        let tcp = open.tcp.iter().map(|socket| owned(socket.as_fd())).collect::<io::Result<Vec<_>>>()?;
        let unix = match &open.unix {
            Some((listener, name)) => Some((owned(listener.as_fd())?, Arc::clone(name))),
            None => None,
        };
        Ok(Handles { tcp, unix })
    }

    /// Lets go of the sockets. Those that another process doesn't have are closed when the threads don't accept any more, and
    /// the unix socket's name goes.
    pub fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Open::default();
    }
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// The next client of any of the listeners. Cancel safe.
pub(super) async fn accept_any(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        let ready = listeners.iter().find_map(|listener| match listener.poll_accept(context) {
            Poll::Ready(accepted) => Some(accepted),
            Poll::Pending => None,
        });
        ready.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
