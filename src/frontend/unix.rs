//! The applications' unix socket. A file lock beside it says whose it is: the kernel releases it when its holder ends, however
//! it ended, so a socket without a locked file is left over from a process that is gone, and is replaced. Everything else
//! that stands in its place is left alone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::config::ListenSocket;

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

/// The name in the file system, which goes when this is dropped, and the lock.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    _lock: File,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The lock file stays: removing it would let two processes lock two files of one name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Listens. The socket appears under its name with its file mode already set.
///
/// # Errors
/// [`UnixSocketError`], which names the path.
pub(super) fn listen(socket: &ListenSocket) -> Result<(UnixListener, SocketFile), UnixSocketError> {
    let path = &socket.path;
    let failed = |source| UnixSocketError::Io { path: path.clone(), source };
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside(path, ".lock"));
    let lock = lock.map_err(failed)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(UnixSocketError::InUse { path: path.clone() });
    }
    match fs::symlink_metadata(path) {
        // Somebody who knows nothing of our lock, such as MySQL itself.
        Ok(data) if data.file_type().is_socket() && UnixStream::connect(path).is_ok() => {
            return Err(UnixSocketError::InUse { path: path.clone() });
        }
        Ok(data) if !data.file_type().is_socket() => return Err(UnixSocketError::NotASocket { path: path.clone() }),
        Ok(_) | Err(_) => {}
    }
    let fresh = beside(path, ".new");
    // What a killed process may have left.
    let _ = fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh).map_err(failed)?;
    fs::set_permissions(&fresh, Permissions::from_mode(socket.mode)).map_err(failed)?;
    fs::rename(&fresh, path).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok((listener, SocketFile { path: path.clone(), _lock: lock }))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> ListenSocket {
        ListenSocket { path: path.to_owned(), mode: 0o640 }
    }

    /// The text that an operator sees of a refusal.
    fn refusal(path: &Path) -> String {
        listen(&at(path)).map(drop).expect_err("it's refused").to_string()
    }

    #[test]
    fn one_process_has_it_and_a_leftover_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("door.sock");
        let first = listen(&at(&path)).expect("opened");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        assert_eq!(refusal(&path), format!("another process listens on listen.socket {}", path.display()));
        drop(first);
        assert!(!path.exists());
        let other = UnixListener::bind(&path).expect("somebody else's");
        assert_eq!(refusal(&path), format!("another process listens on listen.socket {}", path.display()));
        drop(other);
        drop(listen(&at(&path)).expect("a leftover is replaced"));
    }

    #[test]
    fn what_is_no_socket_is_left_alone_and_a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("precious");
        fs::write(&path, "data").expect("written");
        assert_eq!(
            refusal(&path),
            format!("listen.socket {} exists and is not a socket; it was left alone", path.display())
        );
        assert_eq!(fs::read_to_string(&path).expect("there"), "data");
        let missing = folder.path().join("no/folder.sock");
        assert_eq!(refusal(&missing), format!("can't open listen.socket {}", missing.display()));
    }
}
