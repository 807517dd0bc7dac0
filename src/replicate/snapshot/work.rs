//! One worker: takes parts and copies them, one after the other, over its two connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{Mutex, Semaphore, mpsc};

use super::brake::Brake;
use super::plan::{Part, TableCopy};
use super::retry::Retry;
use super::transfer::Transfer;
use super::{OnProgress, SnapshotError, at, uncounted};
use crate::observe::without_values;
use crate::schema::{Table, quote};
use crate::source::chunks::KeyBound;
use crate::source::snapshot::Reader;
use crate::store::{CopiedChunk, TableStage, statement};
use crate::target::Bulk;

/// See the module.
pub(super) struct Worker {
    pub(super) reader: Reader,
    pub(super) target: Bulk,
    pub(super) parts: Arc<Mutex<mpsc::Receiver<Part>>>,
    /// Where tables go that have all their rows.
    pub(super) complete: mpsc::Sender<Arc<TableCopy>>,
    /// One large document in memory at a time.
    pub(super) large: Arc<Semaphore>,
    /// Each part is read at its own moment and noted with its rows.
    pub(super) noted: bool,
    pub(super) brake: Brake,
    pub(super) on_progress: OnProgress,
}

impl Worker {
    /// Works until there are no more parts.
    pub(super) async fn run(mut self) -> Result<Reader, SnapshotError> {
        loop {
            let next = self.parts.lock().await.recv().await;
            let Some(part) = next else { return Ok(self.reader) };
            self.brake.wait().await;
            let _reading = self.brake.reads();
            if self.noted {
                self.patiently(&part).await?;
            } else {
                self.attempt(&part).await?;
            }
            if part.table.part_done() {
                if !part.table.is_left() {
                    part.table.tell(true, &self.on_progress);
                }
                // Nobody waits for it where keys are made later.
                let _ = self.complete.send(part.table).await;
            }
        }
    }

    /// Copies a part that is noted, over as many connections as it takes.
    async fn patiently(&mut self, part: &Part) -> Result<(), SnapshotError> {
        let mut retry = Retry::new();
        while !part.table.is_left() {
            let error = match self.attempt(part).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // A note whose answer was lost is in the way when it's written again, so nothing comes twice.
            if error.is_duplicate() && self.reconnect().await.is_ok() && self.is_noted(part).await.unwrap_or(false) {
                return Ok(());
            }
            if !error.is_outage() {
                return self.judge(&part.table, error).await;
            }
            retry.after(error).await?;
            // Whatever was under way on them is over.
            while let Err(error) = self.reconnect().await {
                retry.after(error).await?;
            }
            if self.is_noted(part).await.unwrap_or(false) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn reconnect(&mut self) -> Result<(), SnapshotError> {
        self.target = self.target.another().await.map_err(super::preparing("connecting again"))?;
        self.reader = self.reader.another().await?;
        Ok(())
    }

    /// A commit whose answer was lost may have happened.
    async fn is_noted(&self, part: &Part) -> Result<bool, SnapshotError> {
        let name = part.table.name();
        let sql = format!(
            "SELECT rows::text FROM bascule.copied_chunk WHERE database = {} AND name = {} AND number = {}",
            quote::literal(&name.database),
            quote::literal(&name.table),
            part.number
        );
        Ok(self.target.text(&sql).await.map_err(at(name))?.is_some())
    }

    /// An error that isn't a connection's: a table that MySQL defines otherwise by now is left, anything else ends the
    /// copy.
    async fn judge(&mut self, copy: &TableCopy, error: SnapshotError) -> Result<(), SnapshotError> {
        // The answer under way can't be gone on with.
        self.reconnect().await?;
        let name = copy.name();
        let now = self.reader.catalogue(std::slice::from_ref(&name.database)).await?;
        let same = |now: &Table| uncounted(now) == uncounted(&copy.table);
        if now.base_table(&name.database, &name.table).is_some_and(|now| same(now)) {
            return Err(error);
        }
        if copy.leave() {
            tracing::warn!(table = %name, error = without_values(&error), "a table was changed while it was copied: it's copied again later");
            let note = statement::copied_table(name, TableStage::Later).inline();
            self.target.run(&note).await.map_err(at(name))?;
        }
        Ok(())
    }

    /// Copies a part: its rows, and its note with them.
    async fn attempt(&mut self, part: &Part) -> Result<(), SnapshotError> {
        let read = AtomicI64::new(0);
        let sent = AtomicI64::new(0);
        let copied = self.transfer(part, (&read, &sent)).await;
        if copied.is_err() {
            // What was counted comes again, or never.
            let (read, sent) = (read.load(Ordering::Relaxed), sent.load(Ordering::Relaxed));
            part.table.moved(-read, -sent, &self.on_progress);
        }
        copied
    }

    async fn transfer(&mut self, part: &Part, (read, sent): (&AtomicI64, &AtomicI64)) -> Result<(), SnapshotError> {
        let table = &part.table;
        let name = table.name();
        let columns = quote::identifiers(table.stored.columns.iter().map(|column| column.name.as_str()));
        let sql = format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", quote::table(name));
        let mut rows = self.reader.chunk(&table.stored, table.key.as_ref(), &part.range).await?;
        if self.noted {
            self.target.run("BEGIN; SET LOCAL synchronous_commit = off").await.map_err(at(name))?;
        }
        let mut copy = self.target.copy_in(&sql).await.map_err(at(name))?;
        let on_progress = &self.on_progress;
        let tell = move |rows: u64, bytes: u64| {
            let rows = rows.cast_signed();
            read.fetch_add(rows, Ordering::Relaxed);
            let bytes = bytes.cast_signed() - sent.swap(bytes.cast_signed(), Ordering::Relaxed);
            table.moved(rows, bytes, on_progress);
        };
        let count =
            Transfer::new(&table.stored, &self.large).with(self.brake.clone()).run(&mut rows, &mut copy, &tell).await?;
        let (stored, bytes) = copy.finish().await.map_err(at(name))?;
        tell(0, bytes);
        if stored != count {
            return Err(SnapshotError::Count { table: name.clone(), read: count, stored });
        }
        if self.noted {
            let note = statement::copied_chunk(&noted(part, stored, bytes)).inline();
            self.target.run(&format!("{note}; COMMIT")).await.map_err(at(name))?;
        }
        Ok(())
    }
}

/// The note of a part.
fn noted(part: &Part, rows: u64, bytes: u64) -> CopiedChunk {
    let text = |bound: &Option<KeyBound>| {
        bound.as_ref().map(|bound| serde_json::to_string(bound).expect("a bound is a list of strings"))
    };
    let (lower, upper) = (text(&part.range.lower), text(&part.range.upper));
    CopiedChunk { table: part.table.name().clone(), number: part.number, lower, upper, rows, bytes }
}
