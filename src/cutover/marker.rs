//! The local note of who serves: a small file beside the spool.
//!
//! The mode's home is the target. But while MySQL serves, Bascule must start and forward although PostgreSQL is
//! down, and must not do so after a flip. So the serving side is noted locally too: written before traffic could
//! depend on it, read only when the target can't be asked. A flip whose journal write can't be confirmed is declared
//! void here, durably, before anybody is released to MySQL; the next contact with the target obeys that.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::route::Mode;

/// The note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) mode: Mode,
    pub(super) epoch: u64,
    /// A flip is being decided: only the store knows who serves.
    #[serde(default)]
    pub(super) flipping: bool,
    /// An epoch whose flip was given up although its journal row may exist.
    #[serde(default)]
    pub(super) void_epoch: Option<u64>,
}

/// Where the note lives.
#[derive(Clone, Debug)]
pub(super) struct Marker {
    path: PathBuf,
}

impl Marker {
    pub(super) fn new(directory: &Path) -> Self {
        Self { path: directory.join("mode.json") }
    }

    /// The note, or `None` when there is none yet.
    ///
    /// # Errors
    /// The file can't be read, or isn't a note.
    pub(super) fn read(&self) -> std::io::Result<Option<Note>> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        serde_json::from_slice(&text).map(Some).map_err(std::io::Error::other)
    }

    /// Notes a mode in which MySQL serves; what is known of void epochs stays.
    ///
    /// # Errors
    /// The disk refused it; the old note stands.
    pub(super) fn note_source(&self, mode: Mode, epoch: u64) -> std::io::Result<()> {
        let void_epoch = self.read().ok().flatten().and_then(|note| note.void_epoch);
        self.write(&Note { mode, epoch, flipping: false, void_epoch })
    }

    /// Notes that the flip to `epoch` is about to be decided.
    ///
    /// # Errors
    /// The disk refused it; the old note stands.
    pub(super) fn note_flipping(&self, epoch: u64) -> std::io::Result<()> {
        self.write(&Note { mode: Mode::Mirror, epoch: epoch - 1, flipping: true, void_epoch: None })
    }

    /// Notes that the flip to `epoch` is void, whatever the store says.
    ///
    /// # Errors
    /// The disk refused it; the old note stands.
    pub(super) fn note_void(&self, epoch: u64) -> std::io::Result<()> {
        self.write(&Note { mode: Mode::Mirror, epoch: epoch - 1, flipping: false, void_epoch: Some(epoch) })
    }

    /// Notes that PostgreSQL serves.
    ///
    /// # Errors
    /// The disk refused it; the old note stands.
    pub(super) fn note_target(&self, epoch: u64) -> std::io::Result<()> {
        self.write(&Note { mode: Mode::Postgres, epoch, flipping: false, void_epoch: None })
    }

    /// Writes the note durably: a new file, synced, renamed over the old one, the directory synced.
    ///
    /// # Errors
    /// The disk refused it; the old note stands.
    fn write(&self, note: &Note) -> std::io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)?;
        let fresh = self.path.with_extension("new");
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(note).map_err(std::io::Error::other)?)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        std::fs::File::open(directory)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_and_garbage_is_an_error() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let marker = Marker::new(folder.path());
        assert_eq!(marker.read().expect("no file is no error"), None);
        let note = Note { mode: Mode::Mirror, epoch: 3, flipping: false, void_epoch: Some(4) };
        marker.note_void(4).expect("written");
        assert_eq!(marker.read().expect("read"), Some(note));
        std::fs::write(folder.path().join("mode.json"), b"{").expect("garbage");
        assert!(marker.read().is_err());
    }
}
