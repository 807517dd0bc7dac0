//! The applications' unix socket, under a name that one process has at a time ([`crate::unix::Name`]).

use std::io;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use crate::config::ListenSocket;
use crate::unix::{Claim, Name};

/// Why the socket can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum UnixSocketError {
    #[error("another process listens on listen.socket {}", path.display())]
    InUse { path: PathBuf },
    #[error("listen.socket {} exists and is not a socket; it was left alone", path.display())]
    NotASocket { path: PathBuf },
    #[error("can't open listen.socket {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Listens. The socket appears under its name with its file mode already set.
///
/// # Errors
/// [`UnixSocketError`], which names the path.
pub(super) fn listen(socket: &ListenSocket) -> Result<(UnixListener, Name), UnixSocketError> {
    let path = socket.path.clone();
    Name::listen(&socket.path, socket.mode).map_err(|error| match error {
        Claim::InUse => UnixSocketError::InUse { path },
        Claim::NotASocket => UnixSocketError::NotASocket { path },
        Claim::Io(source) => UnixSocketError::Io { path, source },
    })
}
