//! How far the server is: what it has executed and how much of its log hasn't come yet, asked now and then on a connection of
//! its own. For the lag that is shown; nothing is decided by it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use tokio_util::task::AbortOnDropHandle;

use crate::change::Head;
use crate::config::Source;
use crate::source::{SourceError, inspect};

const ACTION: &str = "reading the position of the binary log";
/// How often the server is asked.
const PERIOD: Duration = Duration::from_secs(1);

/// Where the lane reads: a file and a place in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(Arc<Mutex<(String, u64)>>);

impl Place {
    /// The log goes on in another file.
    pub(super) fn turn(&self, file: &str, position: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (file.to_owned(), position);
    }

    /// An event was read whose header says where the next one begins; 0 where it isn't in a file.
    pub(super) fn advance(&self, event: &[u8]) {
        let next = event.get(13..17).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        if next > 0 {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = u64::from(next);
        }
    }

    fn get(&self) -> (String, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Asks until it's dropped.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) head: Arc<ArcSwap<Head>>,
    _task: AbortOnDropHandle<()>,
}

impl Watch {
    pub(super) fn new(source: &Source, place: &Place) -> Self {
        let head = Arc::new(ArcSwap::from_pointee(Head::default()));
        let task = tokio::spawn(watch(source.clone(), place.clone(), Arc::clone(&head)));
        Self { head, _task: AbortOnDropHandle::new(task) }
    }
}

async fn watch(source: Source, place: Place, head: Arc<ArcSwap<Head>>) {
    let mut conn: Option<Conn> = None;
    loop {
        let asked = async {
            let mut open = match conn.take() {
                Some(open) => open,
                None => inspect::connect(&source).await?,
            };
            let found = ask(&mut open, &place).await?;
            Ok::<_, SourceError>((open, found))
        };
        match asked.await {
            Ok((open, found)) => {
                conn = Some(open);
                head.store(Arc::new(found));
            }
            Err(error) => tracing::debug!(%error, "the server's position isn't known for now"),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn ask(conn: &mut Conn, place: &Place) -> Result<Head, SourceError> {
    let executed = inspect::gtid_executed(conn).await?;
    let (file, position) = place.get();
    let logs: Vec<mysql_async::Row> = conn.query("SHOW BINARY LOGS").await.map_err(SourceError::query(ACTION))?;
    let logs = logs.iter().filter_map(|row| Some((row.get::<String, _>(0)?, row.get::<u64, _>(1)?)));
    let left = logs.skip_while(|(name, _)| *name != file).map(|(_, size)| size).sum::<u64>();
    Ok(Head { executed, bytes: left.saturating_sub(position) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_follows_files_and_events() {
        let place = Place::default();
        place.turn("binlog.000007", 4);
        let mut event = [0_u8; 19];
        event[13..17].copy_from_slice(&1234_u32.to_le_bytes());
        place.advance(&event);
        // Events that the server makes up have no place.
        place.advance(&[0; 19]);
        place.advance(&[]);
        assert_eq!(place.get(), ("binlog.000007".to_owned(), 1234));
    }
}
