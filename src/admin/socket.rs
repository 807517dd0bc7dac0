//! The operator's unix socket: only its owner can ever use it, and only one process has it ([`crate::unix::Name`]).

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::UnixListener;

use crate::unix::{Claim, Name};

/// Why the socket couldn't be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another process has it.
    #[error("another Bascule runs on the admin socket {path}")]
    InUse { path: PathBuf },
    /// Something else is there.
    #[error("{path} exists and is not a socket; it was left alone")]
    NotASocket { path: PathBuf },
    /// The operating system said no.
    #[error("can't open the admin socket {path}")]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// A listening socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    name: Arc<Name>,
}

impl Socket {
    /// Opens the socket. Its folder is made when missing, open to its owner only.
    ///
    /// # Errors
    /// When another process has it, or the file system refuses.
    pub fn open(path: &Path) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let (listener, name) = Name::listen(path, 0o600).map_err(|error| match error {
            Claim::InUse => SocketError::InUse { path: path.to_owned() },
            Claim::NotASocket => SocketError::NotASocket { path: path.to_owned() },
            Claim::Io(source) => failed(source),
        })?;
        Ok(Self { listener: UnixListener::from_std(listener).map_err(failed)?, name: Arc::new(name) })
    }

    /// The socket that another process passes on, with its lock. Its name is that one's until [`Name::keep`].
    ///
    /// # Errors
    /// When `listener` isn't a listening socket.
    pub fn inherit(path: &Path, listener: OwnedFd, lock: OwnedFd) -> io::Result<Self> {
        let listener = UnixListener::from_std(listener.into())?;
        Ok(Self { listener, name: Arc::new(Name::inherit(path, lock)) })
    }

    /// What is sent to a process that goes on with it.
    #[must_use]
    pub fn listener(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Its name in the file system.
    #[must_use]
    pub fn name(&self) -> Arc<Name> {
        Arc::clone(&self.name)
    }

    pub(super) fn into_parts(self) -> (UnixListener, Arc<Name>) {
        (self.listener, self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn its_folder_is_made_and_only_its_owner_may_use_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/admin.sock");
        let first = Socket::open(&path).expect("opened");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(Socket::open(&path), Err(SocketError::InUse { .. })));
        drop(first);
        assert!(!path.exists());
    }
}
