//! Opening the spool: the lock, the torn tail, and what was found.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex};

use tokio::sync::watch;

use crate::config;

use super::writer::Writer;
use super::{End, Queue, Shared, Spool, SpoolError, segment};

/// What was on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Records that are kept.
    pub(crate) records: u64,
    /// Bytes of a record that a crash cut off; they were removed. Nobody was told that it was durable.
    pub(crate) torn_bytes: u64,
    /// Why nothing is recorded until a reset.
    pub(crate) stopped: Option<String>,
}

/// Where the last segment ends.
struct Tail {
    segment: u64,
    offset: u64,
    next_sequence: u64,
}

impl Spool {
    /// Opens or creates the spool. `each` sees every record that is kept, oldest first; when it refuses one, or an
    /// older segment is damaged, the spool opens stopped: forwarding must go on.
    pub(crate) fn open(
        config: &config::Spool,
        each: impl FnMut(u64, &[u8]) -> Result<(), ()>,
    ) -> Result<(Self, Found), SpoolError> {
        Self::open_sized(config, segment::SEGMENT_BYTES, each)
    }

    pub(super) fn open_sized(
        config: &config::Spool,
        segment_bytes: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), ()>,
    ) -> Result<(Self, Found), SpoolError> {
        let directory = &config.directory;
        let failed = |action: &'static str| move |cause: io::Error| SpoolError::io(action, directory, cause);
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed("create"))?;
        let lock = lock(directory)?;
        let mut found = Found::default();
        let mut stored = 0;
        let tail = scan(directory, &mut found, &mut stored, &mut each).map_err(failed("read"))?;
        let file =
            OpenOptions::new().append(true).open(segment::path(directory, tail.segment)).map_err(failed("write in"))?;
        match std::fs::read_to_string(directory.join("stopped")) {
            Ok(reason) => found.stopped = Some(reason),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("read")(error)),
        }
        let stopped: Option<Arc<str>> = found.stopped.as_deref().map(Into::into);
        let end = End { segment: tail.segment, offset: tail.offset, stopped: stopped.clone(), ..End::default() };
        let queue =
            Queue { next_sequence: tail.next_sequence, waiting: Vec::new(), stopped, reset: None, closed: false };
        let shared = Arc::new(Shared {
            directory: directory.clone(),
            limit_bytes: config.limit_bytes,
            segment_bytes,
            sync: config.fsync,
            queue: Mutex::new(queue),
            wake: Condvar::new(),
            end: watch::Sender::new(end),
            stored: AtomicU64::new(stored),
            _lock: lock,
        });
        let writer = Writer::new(Arc::clone(&shared), file, tail.segment, tail.offset);
        let thread = std::thread::Builder::new().name("spool".into());
        let writer = Some(thread.spawn(move || writer.run()).map_err(failed("serve"))?);
        Ok((Self { shared, writer }, found))
    }
}

/// The right to a directory. It ends when this is dropped, and with the process, also by kill -9.
#[derive(Debug)]
pub(super) struct DirectoryLock(File);

impl Drop for DirectoryLock {
    /// Gives the right up at once. Closing the file isn't enough: a child that another thread is just starting holds
    /// the same open file until its program begins, and the lock with it.
    fn drop(&mut self) {
        if let Err(error) = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock) {
            tracing::debug!(%error, "the spool's lock ends with its file");
        }
    }
}

/// Takes the directory for this process.
fn lock(directory: &Path) -> Result<DirectoryLock, SpoolError> {
    let path = directory.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| SpoolError::io("open", &path, error))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(DirectoryLock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(SpoolError::InUse { directory: directory.to_owned() }),
        Err(error) => Err(SpoolError::io("lock", &path, error.into())),
    }
}

/// Reads all segments, cuts a torn tail off the last one, and creates the first segment of an empty spool.
fn scan(
    directory: &Path,
    found: &mut Found,
    stored: &mut u64,
    each: &mut impl FnMut(u64, &[u8]) -> Result<(), ()>,
) -> io::Result<Tail> {
    let segments = segment::list(directory)?;
    let mut tail = Tail { segment: 1, offset: segment::HEADER, next_sequence: 1 };
    for (index, &first) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        if index > 0 && first != tail.next_sequence {
            found.stopped.get_or_insert(format!("records {} to {first} of the spool are missing", tail.next_sequence));
        }
        tail = Tail { segment: first, offset: segment::HEADER, next_sequence: first };
        let path = segment::path(directory, first);
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let length = file.metadata()?.len();
        if segment::read_header(&mut file, first)? {
            read_records(&mut file, &mut tail, found, each)?;
        } else {
            tail.offset = 0;
        }
        if tail.offset < length || tail.offset == 0 {
            if last {
                cut(directory, &mut file, &mut tail)?;
                found.torn_bytes = length.saturating_sub(tail.offset);
            } else {
                found.stopped.get_or_insert(format!("the spool is damaged: {}", path.display()));
            }
        }
        *stored += tail.offset;
    }
    if segments.is_empty() {
        segment::create(directory, tail.segment)?.sync_all()?;
        segment::sync_directory(directory)?;
        *stored = segment::HEADER;
    }
    Ok(tail)
}

/// Removes what a crash left behind the last whole record; a segment without a header is written anew.
fn cut(directory: &Path, file: &mut File, tail: &mut Tail) -> io::Result<()> {
    if tail.offset == 0 {
        segment::create(directory, tail.segment)?.sync_all()?;
        tail.offset = segment::HEADER;
        return segment::sync_directory(directory);
    }
    file.set_len(tail.offset)?;
    file.sync_all()
}

/// Walks over the records behind the header.
fn read_records(
    file: &mut File,
    tail: &mut Tail,
    found: &mut Found,
    each: &mut impl FnMut(u64, &[u8]) -> Result<(), ()>,
) -> io::Result<()> {
    file.seek(io::SeekFrom::Start(segment::HEADER))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut bytes = Vec::new();
    let mut needed = segment::FRAME;
    loop {
        bytes.reserve(needed - bytes.len());
        let missing = (needed - bytes.len()) as u64;
        if reader.by_ref().take(missing).read_to_end(&mut bytes)? as u64 != missing {
            return Ok(());
        }
        match segment::frame(&bytes, tail.next_sequence) {
            segment::Frame::Incomplete { needed: more } => needed = more,
            segment::Frame::Damaged => return Ok(()),
            segment::Frame::Record { payload, size } => {
                if each(tail.next_sequence, payload).is_err() {
                    found.stopped.get_or_insert(format!("record {} of the spool can't be read", tail.next_sequence));
                }
                found.records += 1;
                tail.offset += size as u64;
                tail.next_sequence += 1;
                bytes.clear();
                needed = segment::FRAME;
            }
        }
    }
}
