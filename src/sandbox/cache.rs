//! The cache folder: fetched packages and freshly initialised data folders, made once and used by every run.
//!
//! Two runs at the same time are kept apart by a lock on a file; an entry appears by a rename, so an entry that exists
//! is complete, however the run that made it ended.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::SandboxError;

/// The folder; made when it doesn't exist.
///
/// `$BASCULE_CACHE`, else for root a folder of the system (PostgreSQL runs as another user, who can't look into root's
/// home), else `$XDG_CACHE_HOME/bascule` or `~/.cache/bascule`.
pub(super) fn folder() -> Result<PathBuf, SandboxError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("BASCULE_CACHE")
        .or_else(|| rustix::process::geteuid().is_root().then(|| PathBuf::from("/var/cache/bascule")))
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("bascule")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/bascule")));
    let folder = folder.ok_or_else(|| SandboxError::NotFound {
        what: "cache folder",
        looked: "BASCULE_CACHE, XDG_CACHE_HOME, HOME".into(),
        hint: "set BASCULE_CACHE to a folder that may hold 500 MB".into(),
    })?;
    fs::create_dir_all(&folder).map_err(SandboxError::file("create the cache folder", &folder))?;
    std::path::absolute(&folder).map_err(SandboxError::file("use the cache folder", &folder))
}

/// The entry `name`: made by `make` in a fresh folder unless it's there already.
pub(super) fn entry(name: &str, make: impl FnOnce(&Path) -> Result<(), SandboxError>) -> Result<PathBuf, SandboxError> {
    let cache = folder()?;
    let wanted = cache.join(name);
    if wanted.is_dir() {
        return Ok(wanted);
    }
    let lock_path = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(SandboxError::file("create", &lock_path))?;
    flock(&lock, FlockOperation::LockExclusive)
        .map_err(|error| SandboxError::file("lock", &lock_path)(error.into()))?;
    if wanted.is_dir() {
        return Ok(wanted);
    }
    let fresh = tempfile::Builder::new().prefix(&format!("{name}.")).tempdir_in(&cache);
    let fresh = fresh.map_err(SandboxError::file("create a folder in", &cache))?;
    let made = fresh.path().join("made");
    fs::create_dir(&made).map_err(SandboxError::file("create", &made))?;
    make(&made)?;
    fs::rename(&made, &wanted).map_err(SandboxError::file("rename into place", &wanted))?;
    Ok(wanted)
}

/// A short name for one version of a program: changes when the file does.
pub(super) fn fingerprint(program: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    program.hash(&mut hasher);
    if let Ok(data) = fs::metadata(program) {
        (data.len(), data.mtime(), data.mtime_nsec()).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Copies a folder with everything in it; links and special files don't occur in data folders.
pub(super) fn copy_folder(from: &Path, to: &Path, owner: Option<(u32, u32)>) -> Result<(), SandboxError> {
    let failed = |source: std::io::Error| SandboxError::file("copy the template", from)(source);
    fs::create_dir_all(to).map_err(failed)?;
    fs::set_permissions(to, fs::metadata(from).map_err(failed)?.permissions()).map_err(failed)?;
    give(to, owner)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_folder(&entry.path(), &target, owner)?;
        } else {
            fs::copy(entry.path(), &target).map_err(failed)?;
            give(&target, owner)?;
        }
    }
    Ok(())
}

/// Hands a file or folder to another user.
pub(super) fn give(path: &Path, owner: Option<(u32, u32)>) -> Result<(), SandboxError> {
    let Some((user, group)) = owner else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(SandboxError::file("change the owner of", path))
}
