//! The one thread that writes.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Shared, SpoolError, Waiting, segment};

/// The segment that is written.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    file: File,
    first: u64,
    offset: u64,
    generation: u64,
    buffer: Vec<u8>,
}

/// What the thread does next.
enum Work {
    Write(Vec<Waiting>),
    Reset,
    End,
}

/// A batch that grew the buffer beyond this doesn't keep its memory.
const KEPT_BUFFER: usize = 1 << 20;

impl Writer {
    /// A writer that goes on at `offset` of the segment `first`.
    pub(super) fn new(shared: Arc<Shared>, file: File, first: u64, offset: u64) -> Self {
        Self { shared, file, first, offset, generation: 0, buffer: Vec::new() }
    }

    /// Serves until the last handle is dropped; what waits then is still written.
    pub(super) fn run(mut self) {
        loop {
            match self.work() {
                Work::Write(batch) => self.commit(batch),
                Work::Reset => self.reset(),
                Work::End => return,
            }
        }
    }

    fn work(&self) -> Work {
        let mut queue = self.shared.lock();
        loop {
            if queue.reset.is_some() {
                return Work::Reset;
            }
            if !queue.waiting.is_empty() {
                return Work::Write(std::mem::take(&mut queue.waiting));
            }
            if queue.closed {
                return Work::End;
            }
            queue = self.shared.wake.wait(queue).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    fn commit(&mut self, batch: Vec<Waiting>) {
        let written = batch.iter().map(|record| (segment::FRAME + record.payload.len()) as u64).sum::<u64>();
        let stored = self.shared.stored.load(Ordering::Relaxed);
        let result = if stored + written > self.shared.limit_bytes {
            Err(format!("the spool has reached its limit of {} bytes", self.shared.limit_bytes))
        } else {
            self.write(&batch).map_err(|error| format!("writing the spool failed: {error}"))
        };
        if let Err(reason) = &result {
            self.shared.stop(reason);
        } else {
            let (generation, segment, offset) = (self.generation, self.first, self.offset);
            self.shared.end.send_modify(|end| {
                end.generation = generation;
                end.segment = segment;
                end.offset = offset;
                end.written += written;
            });
        }
        for record in batch {
            if let Some(done) = record.done {
                let answer = match &result {
                    Ok(()) => Ok(()),
                    Err(reason) => Err(SpoolError::Stopped { reason: reason.as_str().into() }),
                };
                // A session that went away meanwhile doesn't need the answer.
                let _ = done.send(answer);
            }
        }
    }

    fn write(&mut self, batch: &[Waiting]) -> io::Result<()> {
        self.buffer.clear();
        for record in batch {
            if self.offset + self.buffer.len() as u64 >= self.shared.segment_bytes {
                self.flush()?;
                self.rotate(record.sequence)?;
            }
            segment::put_frame(&mut self.buffer, record.sequence, &record.payload);
        }
        self.flush()?;
        self.buffer.shrink_to(KEPT_BUFFER);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        if self.shared.sync {
            self.file.sync_data()?;
        }
        self.offset += self.buffer.len() as u64;
        self.shared.stored.fetch_add(self.buffer.len() as u64, Ordering::Relaxed);
        self.buffer.clear();
        Ok(())
    }

    fn rotate(&mut self, first: u64) -> io::Result<()> {
        self.file = segment::create(&self.shared.directory, first)?;
        if self.shared.sync {
            self.file.sync_data()?;
            segment::sync_directory(&self.shared.directory)?;
        }
        self.first = first;
        self.offset = segment::HEADER;
        self.shared.stored.fetch_add(segment::HEADER, Ordering::Relaxed);
        Ok(())
    }

    /// Empties the directory. Records that wait belong to the time before and are answered as stopped.
    fn reset(&mut self) {
        let (asked, waiting, first) = {
            let mut queue = self.shared.lock();
            (queue.reset.take(), std::mem::take(&mut queue.waiting), queue.next_sequence)
        };
        let result = self.empty(first).map_err(|error| SpoolError::io("empty", &self.shared.directory, error));
        if result.is_ok() {
            self.shared.lock().stopped = None;
            let (generation, segment, offset) = (self.generation, self.first, self.offset);
            self.shared.end.send_modify(|end| {
                end.generation = generation;
                end.segment = segment;
                end.offset = offset;
                end.stopped = None;
            });
        }
        for record in waiting {
            if let Some(done) = record.done {
                let _ = done.send(Err(SpoolError::Reset));
            }
        }
        if let Some(asked) = asked {
            let _ = asked.send(result);
        }
    }

    fn empty(&mut self, first: u64) -> io::Result<()> {
        self.generation += 1;
        let directory = self.shared.directory.clone();
        for old in segment::list(&directory)? {
            std::fs::remove_file(segment::path(&directory, old))?;
        }
        self.shared.stored.store(0, Ordering::Relaxed);
        self.rotate(first)?;
        match std::fs::remove_file(self.shared.stopped_file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => segment::sync_directory(&directory),
        }
    }
}
