//! The unix socket: made so that only its owner can ever use it, and only by one process.
//!
//! The socket is bound under a temporary name in its folder, given its file mode, and then linked to its real name:
//! nobody sees it with another mode. A file lock beside it says who lives: the kernel releases it when its holder ends,
//! however it ended, so a socket without a locked file is left over and may be replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;

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
        source: std::io::Error,
    },
}

/// A listening socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

/// The names in the file system, and the lock.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    _lock: File,
}

impl Socket {
    /// Opens the socket. Its folder is made when missing, open to its owner only.
    ///
    /// # Errors
    /// When another process has it, or the file system refuses.
    pub fn open(path: &Path) -> Result<Self, SocketError> {
        let io = |source| SocketError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
        }
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside(path, ".lock"));
        let lock = lock.map_err(io)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(SocketError::InUse { path: path.to_owned() });
        }
        match fs::symlink_metadata(path) {
            Ok(data) if data.file_type().is_socket() => {
                if std::os::unix::net::UnixStream::connect(path).is_ok() {
                    return Err(SocketError::InUse { path: path.to_owned() });
                }
            }
            Ok(_) => return Err(SocketError::NotASocket { path: path.to_owned() }),
            Err(_) => {}
        }
        let fresh = beside(path, ".new");
        // What a killed process may have left.
        let _ = fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh).map_err(io)?;
        fs::set_permissions(&fresh, Permissions::from_mode(0o600)).map_err(io)?;
        fs::rename(&fresh, path).map_err(io)?;
        Ok(Self { listener, file: SocketFile { path: path.to_owned(), _lock: lock } })
    }

    pub(super) fn into_parts(self) -> (UnixListener, SocketFile) {
        (self.listener, self.file)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The lock file stays: removing it would let two processes lock two files of one name.
        let _ = fs::remove_file(&self.path);
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_process_has_it_and_a_leftover_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/admin.sock");
        let first = Socket::open(&path).expect("opened");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(Socket::open(&path), Err(SocketError::InUse { .. })));
        drop(first);
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(&path).expect("a leftover"));
        drop(Socket::open(&path).expect("replaced"));
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.sock");
        fs::write(&path, "precious").expect("written");
        assert!(matches!(Socket::open(&path), Err(SocketError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&path).expect("there"), "precious");
    }
}
