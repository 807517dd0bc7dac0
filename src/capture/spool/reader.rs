//! Reading the log while it's written.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::segment::{self, Frame};
use super::{End, Shared, SpoolError};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

/// Follows the log from its oldest record. One reader at a time deletes segments.
#[derive(Debug)]
pub(crate) struct SpoolReader {
    shared: Arc<Shared>,
    end: watch::Receiver<End>,
    generation: u64,
    file: Arc<File>,
    /// First sequence of the open segment.
    segment: u64,
    /// Where the bytes in `buffer` end in the file.
    offset: u64,
    /// Bytes that were read and not used yet.
    buffer: Vec<u8>,
    /// Used bytes at the start of `buffer`.
    used: usize,
    next_sequence: u64,
    /// Bytes of records given out.
    read: u64,
}

/// A record as read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) sequence: u64,
    /// First sequence of its segment.
    pub(crate) segment: u64,
    pub(crate) payload: Vec<u8>,
}

/// What a look at the log gave.
enum Look {
    Record(Raw),
    /// Nothing more now.
    End,
}

impl SpoolReader {
    pub(super) fn open(shared: Arc<Shared>) -> Result<Self, SpoolError> {
        let failed = |error| SpoolError::io("read", &shared.directory, error);
        let end = shared.end.subscribe();
        let generation = end.borrow().generation;
        let first = segment::list(&shared.directory).map_err(failed)?.first().copied().unwrap_or(1);
        let file = Arc::new(File::open(segment::path(&shared.directory, first)).map_err(failed)?);
        Ok(Self {
            end,
            generation,
            file,
            segment: first,
            offset: segment::HEADER,
            buffer: Vec::new(),
            used: 0,
            next_sequence: first,
            read: 0,
            shared,
        })
    }

    /// The next record; waits for it. May be dropped while it waits. Ends with [`SpoolError::Stopped`] when the
    /// spool has stopped and everything before was read.
    pub(crate) async fn next(&mut self) -> Result<Raw, SpoolError> {
        loop {
            if let Some(raw) = self.ready().await? {
                return Ok(raw);
            }
            if let Some(reason) = self.stopped_at_end() {
                return Err(SpoolError::Stopped { reason });
            }
            self.end.changed().await.map_err(|_| SpoolError::Stopped { reason: "the spool was closed".into() })?;
        }
    }

    /// The next record, if it's there.
    pub(crate) async fn ready(&mut self) -> Result<Option<Raw>, SpoolError> {
        loop {
            let end = self.end.borrow_and_update().clone();
            if end.generation != self.generation {
                return Err(SpoolError::Reset);
            }
            match self.look(&end).await? {
                Look::Record(raw) => return Ok(Some(raw)),
                Look::End if *self.end.borrow() == end => return Ok(None),
                Look::End => {}
            }
        }
    }

    /// Bytes behind the last record given out, as far as this process wrote them.
    pub(crate) fn backlog_bytes(&self) -> u64 {
        self.shared.stored.load(Ordering::Relaxed).saturating_sub(self.read)
    }

    /// Deletes the segments before the one that begins with `segment`.
    pub(crate) fn forget_before(&mut self, segment: u64) -> Result<(), SpoolError> {
        let directory = &self.shared.directory;
        let failed = |error| SpoolError::io("delete segments in", directory, error);
        for old in segment::list(directory).map_err(failed)?.into_iter().take_while(|&first| first < segment) {
            let path = segment::path(directory, old);
            let bytes = std::fs::metadata(&path).map_err(failed)?.len();
            std::fs::remove_file(&path).map_err(failed)?;
            self.shared.stored.fetch_sub(bytes, Ordering::Relaxed);
            self.read = self.read.saturating_sub(bytes);
        }
        Ok(())
    }

    /// Why nothing more will come, when the spool has stopped.
    fn stopped_at_end(&self) -> Option<Arc<str>> {
        self.end.borrow().stopped.clone()
    }

    async fn look(&mut self, end: &End) -> Result<Look, SpoolError> {
        loop {
            let unused = self.buffer.get(self.used..).unwrap_or_default();
            let needed = match segment::frame(unused, self.next_sequence) {
                Frame::Record { payload, size } => {
                    let raw = Raw { sequence: self.next_sequence, segment: self.segment, payload: payload.to_vec() };
                    self.used += size;
                    self.read += size as u64;
                    self.next_sequence += 1;
                    return Ok(Look::Record(raw));
                }
                Frame::Damaged => return Err(self.damaged()),
                Frame::Incomplete { needed } => needed,
            };
            let limit = if self.segment == end.segment { end.offset } else { self.length()? };
            if self.offset < limit {
                self.fill(needed, limit).await?;
            } else if self.segment == end.segment {
                return Ok(Look::End);
            } else if self.used < self.buffer.len() {
                return Err(self.damaged());
            } else {
                self.next_segment()?;
            }
        }
    }

    /// Reads on in the open segment, at least up to `needed` unused bytes if the segment has them.
    async fn fill(&mut self, needed: usize, limit: u64) -> Result<(), SpoolError> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let wanted = needed.saturating_sub(self.buffer.len()).max(CHUNK);
        let wanted = usize::try_from(limit - self.offset).unwrap_or(usize::MAX).min(wanted);
        let (file, offset) = (Arc::clone(&self.file), self.offset);
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; wanted];
            file.read_exact_at(&mut bytes, offset).map(|()| bytes)
        });
        let bytes = read
            .await
            .map_err(std::io::Error::other)
            .and_then(std::convert::identity)
            .map_err(|error| SpoolError::io("read", &segment::path(&self.shared.directory, self.segment), error))?;
        self.offset += bytes.len() as u64;
        self.buffer.extend_from_slice(&bytes);
        Ok(())
    }

    fn length(&self) -> Result<u64, SpoolError> {
        let metadata = self.file.metadata();
        Ok(metadata.map_err(|error| SpoolError::io("read", &self.shared.directory, error))?.len())
    }

    /// Sequences have no holes, so the next segment is named after the next record.
    fn next_segment(&mut self) -> Result<(), SpoolError> {
        let path = segment::path(&self.shared.directory, self.next_sequence);
        let mut file = File::open(&path).map_err(|error| SpoolError::io("read", &path, error))?;
        match segment::read_header(&mut file, self.next_sequence) {
            Ok(true) => {}
            Ok(false) => return Err(self.damaged()),
            Err(error) => return Err(SpoolError::io("read", &path, error)),
        }
        self.segment = self.next_sequence;
        self.file = Arc::new(file);
        self.offset = segment::HEADER;
        self.buffer.clear();
        self.used = 0;
        Ok(())
    }

    fn damaged(&self) -> SpoolError {
        SpoolError::Damaged { path: segment::path(&self.shared.directory, self.segment), sequence: self.next_sequence }
    }
}
