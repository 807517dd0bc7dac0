//! A unix socket under a name that one process has at a time.
//!
//! The socket is bound under a temporary name in its folder, given its file mode, and then renamed: nobody sees it with
//! another mode. A file lock beside it says who lives: the kernel releases it when its last holder ends, however it ended, so
//! a socket without a locked file is left over and is replaced. Everything else that stands in its place is left alone.
//!
//! # Passing it on
//! The lock belongs to the open file, not to the process: who is sent that file ([`super::rights`]) holds the very same
//! lock, without a moment in which nobody does. The one that sent it then only has to leave the name alone when it ends
//! ([`Name::leave`]).

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FlockOperation, flock};

/// Why a name can't be had.
#[derive(Debug, thiserror::Error)]
pub enum Claim {
    /// Another process has it.
    #[error("another process listens there")]
    InUse,
    /// Something else is there.
    #[error("it exists and is not a socket; it was left alone")]
    NotASocket,
    /// The operating system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The name in the file system, which goes when this is dropped, and the lock.
#[derive(Debug)]
pub struct Name {
    path: PathBuf,
    lock: File,
    left: AtomicBool,
}

impl Name {
    /// Listens under a name, with the permissions `mode`. The listener doesn't block.
    ///
    /// # Errors
    /// [`Claim`]; nothing has changed then, but for the lock file.
    pub fn listen(path: &Path, mode: u32) -> Result<(UnixListener, Self), Claim> {
        let lock =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside(path, ".lock"))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(Claim::InUse);
        }
        match fs::symlink_metadata(path) {
            // Somebody who knows nothing of our lock, such as MySQL itself.
            Ok(data) if data.file_type().is_socket() && UnixStream::connect(path).is_ok() => return Err(Claim::InUse),
            Ok(data) if !data.file_type().is_socket() => return Err(Claim::NotASocket),
            Ok(_) | Err(_) => {}
        }
        let fresh = beside(path, ".new");
        // What a killed process may have left.
        let _ = fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh)?;
        fs::set_permissions(&fresh, Permissions::from_mode(mode))?;
        fs::rename(&fresh, path)?;
        listener.set_nonblocking(true)?;
        Ok((listener, Self { path: path.to_owned(), lock, left: AtomicBool::new(false) }))
    }

    /// A name that another process passes on with its lock. It's that one's until [`Name::keep`].
    #[must_use]
    pub fn inherit(path: &Path, lock: OwnedFd) -> Self {
        Self { path: path.to_owned(), lock: lock.into(), left: AtomicBool::new(true) }
    }

    /// The name is this process' now.
    pub fn keep(&self) {
        self.left.store(false, Ordering::SeqCst);
    }

    /// What to send to the one that goes on under this name.
    #[must_use]
    pub fn lock(&self) -> BorrowedFd<'_> {
        self.lock.as_fd()
    }

    /// The name is another process' now: it stays where it is.
    pub fn leave(&self) {
        self.left.store(true, Ordering::SeqCst);
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // The lock file stays: removing it would let two processes lock two files of one name.
        if !self.left.load(Ordering::SeqCst) {
            let _ = fs::remove_file(&self.path);
        }
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

    #[test]
    fn one_process_has_it_and_a_leftover_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("door.sock");
        let first = Name::listen(&path, 0o640).expect("opened");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        assert!(matches!(Name::listen(&path, 0o640), Err(Claim::InUse)));
        drop(first);
        assert!(!path.exists());
        let other = UnixListener::bind(&path).expect("somebody else's");
        assert!(matches!(Name::listen(&path, 0o640), Err(Claim::InUse)));
        drop(other);
        drop(Name::listen(&path, 0o640).expect("a leftover is replaced"));
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("door.sock");
        fs::write(&path, "precious").expect("written");
        assert!(matches!(Name::listen(&path, 0o640), Err(Claim::NotASocket)));
        assert_eq!(fs::read_to_string(&path).expect("there"), "precious");
    }

    #[test]
    fn a_name_that_is_passed_on_is_never_free() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("door.sock");
        let (listener, first) = Name::listen(&path, 0o640).expect("opened");
        let heir = Name::inherit(&path, first.lock().try_clone_to_owned().expect("a handle"));
        drop(Name::inherit(&path, first.lock().try_clone_to_owned().expect("a handle")));
        assert!(path.exists(), "it was offered only");
        heir.keep();
        first.leave();
        drop(first);
        assert!(path.exists());
        assert!(matches!(Name::listen(&path, 0o640), Err(Claim::InUse)));
        drop(listener);
        assert!(matches!(Name::listen(&path, 0o640), Err(Claim::InUse)), "by the lock alone");
        drop(heir);
        assert!(!path.exists());
    }
}
