//! The copy makes way for the applications: while MySQL has more to do than the operator allows, no rows are read.
//!
//! What is looked at is `Threads_running`, the statements that MySQL works on, without our own. A read that is under way
//! stands where it is, since nobody takes its rows; with snapshots held it can't be ended and begun again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::SnapshotError;
use crate::source::snapshot::Reader;

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(250);

/// Watches MySQL while it lives.
#[derive(Debug)]
pub(super) struct Watch {
    task: JoinHandle<()>,
    busy: watch::Receiver<bool>,
    reading: Arc<AtomicU64>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a worker asks before it goes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Brake(Option<(watch::Receiver<bool>, Arc<AtomicU64>)>);

impl Watch {
    /// Begins to watch with a connection of its own.
    pub(super) fn begin(mut reader: Reader, most: u64) -> Self {
        let (tell, busy) = watch::channel(false);
        let reading = Arc::new(AtomicU64::new(0));
        let own = Arc::clone(&reading);
        let task = tokio::spawn(async move {
            loop {
                match running(&mut reader).await {
                    // Ours are the readers that read now, and this one.
                    Ok(running) => {
                        let others = running.saturating_sub(own.load(Ordering::Relaxed) + 1);
                        let busy = others > most;
                        if tell.send_if_modified(|before| std::mem::replace(before, busy) != busy) {
                            let does = if busy { "waits" } else { "goes on" };
                            tracing::info!(others, most, "MySQL's load: the copy {does}");
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%error, "MySQL's load can't be read");
                        // Nobody is kept waiting by a server that doesn't answer: the readers notice it themselves.
                        tell.send_replace(false);
                        if let Ok(another) = reader.another().await {
                            reader = another;
                        }
                    }
                }
                tokio::time::sleep(PERIOD).await;
            }
        });
        Self { task, busy, reading }
    }

    pub(super) fn brake(&self) -> Brake {
        Brake(Some((self.busy.clone(), Arc::clone(&self.reading))))
    }
}

async fn running(reader: &mut Reader) -> Result<u64, SnapshotError> {
    let row = reader.first("reading MySQL's load", "SHOW GLOBAL STATUS LIKE 'Threads_running'").await?;
    let value = row.and_then(|row| row.into_iter().nth(1).flatten());
    Ok(value.and_then(|value| String::from_utf8(value).ok()).and_then(|text| text.parse().ok()).unwrap_or(0))
}

impl Brake {
    /// Waits while MySQL has too much to do.
    pub(in crate::replicate) async fn wait(&mut self) {
        if let Some((busy, _)) = &mut self.0 {
            // Whoever watched is gone when the copy ends.
            let _ = busy.wait_for(|busy| !busy).await;
        }
    }

    /// One of ours reads as long as the result lives.
    pub(super) fn reads(&self) -> Reading {
        let count = self.0.as_ref().map(|(_, reading)| Arc::clone(reading));
        if let Some(count) = &count {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Reading(count)
    }
}

/// See [`Brake::reads`].
pub(super) struct Reading(Option<Arc<AtomicU64>>);

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(count) = &self.0 {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
