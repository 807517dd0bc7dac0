//! The spool: an append-only log on local disk, so that a write which MySQL acknowledged is never known to MySQL
//! alone.
//!
//! # Durability
//! One thread writes. It takes everything that waits, writes it in one go, syncs once and then answers everybody
//! (group commit), so the number of syncs doesn't grow with the number of sessions. A record is visible to the
//! reader only after that. Creating a segment syncs its directory before a record in it is answered.
//!
//! # What happens when it can't write
//! It stops for good, says so, and keeps a file named `stopped` so that a restart knows it too. Nobody waits for it
//! any more and forwarding goes on; mirroring needs a resync, after [`Spool::reset`].
//!
//! # Bounds
//! Sessions wait for their own intent and outcome, so the queue holds a few records for each session. Bytes on disk
//! are limited by configuration.

mod open;
mod reader;
mod segment;
mod writer;

pub(super) use reader::{Raw, SpoolReader};

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

use crate::observe::without_values;

/// What can go wrong with the spool.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process has it.
    #[error("the spool {directory} is in use by another Bascule")]
    InUse { directory: PathBuf },
    /// The file system refused.
    #[error("cannot {action} {path}: {cause}")]
    Io { action: &'static str, path: PathBuf, cause: Arc<std::io::Error> },
    /// Nothing is recorded any more.
    #[error("capturing has stopped: {reason}")]
    Stopped { reason: Arc<str> },
    /// Bytes that were once durable can't be read.
    #[error("the spool is damaged: record {sequence} in {path}")]
    Damaged { path: PathBuf, sequence: u64 },
    /// It was emptied while somebody read it.
    #[error("the spool was emptied for a resync")]
    Reset,
}

impl SpoolError {
    fn io(action: &'static str, path: &Path, cause: std::io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), cause: Arc::new(cause) }
    }
}

/// How far readers may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Raised by each reset.
    generation: u64,
    /// First sequence of the segment that is written.
    segment: u64,
    /// Bytes of it that count.
    offset: u64,
    /// Bytes ever recorded in this process, for the backlog.
    written: u64,
    /// Set when nothing more will come.
    stopped: Option<Arc<str>>,
}

/// Handle to the log. Dropping it writes what waits, ends the writer and lets go of the directory.
#[derive(Debug)]
pub(super) struct Spool {
    shared: Arc<Shared>,
    writer: Option<std::thread::JoinHandle<()>>,
}

/// What sessions, writer and readers share.
#[derive(Debug)]
struct Shared {
    directory: PathBuf,
    limit_bytes: u64,
    segment_bytes: u64,
    sync: bool,
    queue: Mutex<Queue>,
    wake: Condvar,
    end: watch::Sender<End>,
    /// Bytes on disk.
    stored: AtomicU64,
    /// Holds the lock on the directory.
    _lock: open::DirectoryLock,
}

/// What waits for the writer.
#[derive(Debug)]
struct Queue {
    next_sequence: u64,
    waiting: Vec<Waiting>,
    stopped: Option<Arc<str>>,
    /// Somebody wants everything gone.
    reset: Option<oneshot::Sender<Result<(), SpoolError>>>,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    sequence: u64,
    payload: Vec<u8>,
    done: Option<oneshot::Sender<Result<(), SpoolError>>>,
}

/// A record on its way to disk.
#[derive(Debug)]
pub(super) struct Ticket {
    /// The record's sequence number.
    pub(super) sequence: u64,
    done: oneshot::Receiver<Result<(), SpoolError>>,
}

impl Ticket {
    /// Waits until the record is as durable as configured.
    pub(super) async fn durable(self) -> Result<u64, SpoolError> {
        match self.done.await {
            Ok(result) => result.map(|()| self.sequence),
            Err(_) => Err(SpoolError::Stopped { reason: "the spool was closed".into() }),
        }
    }
}

impl Spool {
    /// Records `payload`; the answer comes when it's durable. Never waits.
    pub(super) fn append(&self, payload: Vec<u8>) -> Result<Ticket, SpoolError> {
        let (done, answer) = oneshot::channel();
        let sequence = self.shared.push(payload, Some(done))?;
        Ok(Ticket { sequence, done: answer })
    }

    /// Records `payload` in order without telling anybody when it's durable.
    pub(super) fn append_unattended(&self, payload: Vec<u8>) -> Result<u64, SpoolError> {
        self.shared.push(payload, None)
    }

    /// A reader from the oldest record that is kept.
    pub(super) fn reader(&self) -> Result<SpoolReader, SpoolError> {
        SpoolReader::open(Arc::clone(&self.shared))
    }

    /// Why nothing is recorded any more.
    pub(super) fn stopped(&self) -> Option<Arc<str>> {
        self.shared.lock().stopped.clone()
    }

    /// Stops recording because its owner says so.
    pub(super) fn stop(&self, reason: &str) {
        tracing::info!(reason = without_values(reason), "nothing is captured from now on");
        self.shared.close(reason);
    }

    /// Bytes on disk.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.shared.stored.load(Ordering::Relaxed)
    }

    /// Deletes everything and starts anew, also after having stopped. Readers end with [`SpoolError::Reset`].
    pub(super) async fn reset(&self) -> Result<(), SpoolError> {
        let (done, answer) = oneshot::channel();
        self.shared.lock().reset = Some(done);
        self.shared.wake.notify_one();
        answer.await.unwrap_or_else(|_| Err(SpoolError::Stopped { reason: "the spool was closed".into() }))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.wake.notify_one();
        if self.writer.take().is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the spool's writer panicked");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, payload: Vec<u8>, done: Option<oneshot::Sender<Result<(), SpoolError>>>) -> Result<u64, SpoolError> {
        if payload.len() > segment::MAX_PAYLOAD {
            self.stop("a transaction is too large for the spool");
        }
        let mut queue = self.lock();
        if let Some(reason) = &queue.stopped {
            return Err(SpoolError::Stopped { reason: Arc::clone(reason) });
        }
        let sequence = queue.next_sequence;
        queue.next_sequence += 1;
        queue.waiting.push(Waiting { sequence, payload, done });
        drop(queue);
        self.wake.notify_one();
        Ok(sequence)
    }

    /// Stops because it can't go on.
    fn stop(&self, reason: &str) {
        if self.close(reason) {
            tracing::error!(
                reason = without_values(reason),
                "capturing has stopped: mirroring needs a resync; forwarding goes on"
            );
        }
    }

    /// Tells everybody who waits and everybody who reads; false when it had stopped before.
    fn close(&self, reason: &str) -> bool {
        let reason: Arc<str> = reason.into();
        let waiting = {
            let mut queue = self.lock();
            if queue.stopped.is_some() {
                return false;
            }
            queue.stopped = Some(Arc::clone(&reason));
            std::mem::take(&mut queue.waiting)
        };
        if let Err(error) = std::fs::write(self.stopped_file(), reason.as_bytes()) {
            tracing::warn!(%error, "cannot keep the reason beside the spool");
        }
        for record in waiting {
            if let Some(done) = record.done {
                // A session that went away meanwhile doesn't need the answer.
                let _ = done.send(Err(SpoolError::Stopped { reason: Arc::clone(&reason) }));
            }
        }
        self.end.send_modify(|end| end.stopped = Some(reason));
        true
    }

    fn stopped_file(&self) -> PathBuf {
        self.directory.join("stopped")
    }
}

#[cfg(test)]
mod tests;
