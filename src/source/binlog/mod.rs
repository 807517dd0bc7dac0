//! MySQL's binary log, followed as a replica does: everything beyond a set of GTIDs, in the order of commits.
//!
//! # Why nothing is missed and nothing is doubled
//! The server is asked by GTIDs, never by file and offset, so it doesn't matter which server answers or how its files are
//! called. What has been given out is remembered; a connection that broke is made anew and asks for what comes after. A
//! server that has thrown away what is needed, or that lacks what was applied already (a failover that lost
//! transactions), is told by name: nothing is skipped.
//!
//! # Memory
//! One event at a time, and the transactions that the applier has asked for; rows beyond a few megabytes wait in a file
//! (`spill`). A slow applier makes the server wait.

mod assemble;
mod dump;
mod head;
mod mariadb;
mod settings;
mod spill;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::sync::watch;

use crate::binlog::{BinlogError, Decoder, Event, Payload};
use crate::change::{Backlog, Feed, FeedError, Head, SourceEvent};
use crate::config::Source;
use crate::observe::{with_causes, without_values};
use crate::position::{Gtid, GtidSet, GtidSource};

use super::login::LoginError;
use super::{SourceError, inspect};
use assemble::{AssembleError, Assembler};
use dump::{Dump, Identity};
use head::{Place, Watch};
pub use settings::problems;

/// First and last distance of attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(3));
/// How often damaged events are asked for again.
const DAMAGED: u32 = 3;
/// Events of a compressed transaction in one turn.
const TURN: usize = 512;
/// How long a server may take to show a commit that it has sent already.
const LATE: Duration = Duration::from_secs(10);

/// The reading end.
#[derive(Debug)]
pub struct BinlogFeed {
    source: Source,
    identity: Identity,
    /// Everything that needn't come any more.
    held: GtidSet,
    dump: Option<(Dump, Decoder)>,
    payload: Option<Box<Payload>>,
    assembler: Assembler,
    waiting: VecDeque<SourceEvent>,
    delay: Duration,
    /// That the log can't be read was told.
    told: bool,
    damaged: u32,
    /// Set when nothing comes any more.
    ended: Option<String>,
    /// Why nothing comes now.
    health: watch::Sender<Option<String>>,
    place: Place,
    watch: Option<Watch>,
}

/// What to do about a failure.
enum Trouble {
    /// Another connection may help.
    Again(String),
    /// Nothing helps but a person.
    End(String),
}

impl BinlogFeed {
    /// A feed of what lies beyond `from`. `directory` takes large transactions while they wait.
    #[must_use]
    pub fn new(source: &Source, from: GtidSet, directory: PathBuf) -> Self {
        Self {
            assembler: Assembler::new(&source.databases, directory),
            source: source.clone(),
            identity: Identity::random(),
            held: from,
            dump: None,
            payload: None,
            waiting: VecDeque::new(),
            delay: BACKOFF.0,
            told: false,
            damaged: 0,
            ended: None,
            health: watch::Sender::new(None),
            place: Place::default(),
            watch: None,
        }
    }

    /// The same with another limit on how long the server may say nothing before it's taken for gone. It's asked to say
    /// that it's there four times as often.
    #[must_use]
    pub fn silent_for(mut self, limit: Duration) -> Self {
        self.identity.silence = limit;
        self
    }

    /// Says why the log can't be read for now; `None` while it can. For whoever shows the state.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Option<String>> {
        self.health.subscribe()
    }

    /// Asks for the log and waits for its first event, to see that the account may and the server can.
    ///
    /// # Errors
    /// In words for the operator.
    pub async fn probe(&mut self) -> Result<(), FeedError> {
        let fail = |trouble| match trouble {
            Trouble::Again(message) | Trouble::End(message) => FeedError { message },
        };
        let (mut dump, mut decoder) = self.open().await.map_err(fail)?;
        let first = dump.next().await.map_err(|error| fail(judge(error)))?;
        decoder.event(&first).map_err(|error| FeedError { message: error.to_string() })?;
        Ok(())
    }

    /// Connects, if the server still has everything that is needed.
    async fn open(&self) -> Result<(Dump, Decoder), Trouble> {
        let again = |error: SourceError| Trouble::Again(with_causes(&error));
        let mut conn = inspect::connect(&self.source).await.map_err(again)?;
        let family = inspect::family(&mut conn).await.map_err(again)?;
        let framing = settings::framing(&mut conn).await.map_err(again)?;
        let deadline = tokio::time::Instant::now() + LATE;
        loop {
            let (purged, lacking) = settings::missing(&mut conn, &self.held).await.map_err(again)?;
            if !purged.is_empty() {
                return Err(Trouble::End(purged_logs(&purged.to_string())));
            }
            if lacking.is_empty() {
                break;
            }
            // Events can be sent a moment before their commit shows.
            if tokio::time::Instant::now() > deadline {
                return Err(Trouble::End(format!(
                    "MySQL lacks transactions that were applied already ({lacking}): another server answers, or it has \
                     lost commits; begin mirroring again with bascule resync"
                )));
            }
            tokio::time::sleep(BACKOFF.0).await;
        }
        let _ = conn.disconnect().await;
        let dump = Dump::open(&self.source, &self.identity, &self.held, (family, framing)).await.map_err(judge)?;
        Ok((dump, Decoder::new(framing)))
    }

    async fn connect(&mut self) -> Result<(), FeedError> {
        match self.open().await {
            Ok(opened) => {
                self.assembler.interrupted();
                self.dump = Some(opened);
                self.health.send_replace(None);
                Ok(())
            }
            Err(trouble) => {
                self.trouble(trouble)?;
                tokio::time::sleep(self.delay).await;
                self.delay = (self.delay * 2).min(BACKOFF.1);
                Ok(())
            }
        }
    }

    /// A connection that can't go on is given up; what was half read comes again.
    fn trouble(&mut self, trouble: Trouble) -> Result<(), FeedError> {
        self.dump = None;
        self.payload = None;
        self.assembler.interrupted();
        match trouble {
            Trouble::Again(reason) => {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!(
                        reason = without_values(&reason),
                        "MySQL's binary log can't be read for now; it's tried again"
                    );
                }
                self.health.send_replace(Some(reason));
                Ok(())
            }
            Trouble::End(reason) => Err(self.end(reason)),
        }
    }

    fn end(&mut self, reason: String) -> FeedError {
        self.ended = Some(reason.clone());
        FeedError { message: reason }
    }

    fn take(&mut self, bytes: &Bytes) -> Result<(), FeedError> {
        let Some((_, decoder)) = &mut self.dump else { return Ok(()) };
        self.place.advance(bytes);
        match decoder.event(bytes) {
            Ok(Event::Rotation(rotation)) => {
                self.place.turn(&rotation.file, rotation.position);
                Ok(())
            }
            Ok(Event::Payload(payload)) => {
                self.payload = Some(payload);
                Ok(())
            }
            Ok(event) => self.assemble(event),
            Err(error) => self.undecodable(&error),
        }
    }

    /// Reads on in a compressed transaction, for one turn. True when there is more.
    fn unpack(&mut self) -> Result<bool, FeedError> {
        for _ in 0..TURN {
            let (Some(payload), Some((_, decoder))) = (&mut self.payload, &mut self.dump) else { return Ok(false) };
            let event = match payload.event() {
                Ok(Some(event)) => decoder.inner(&event),
                Ok(None) => {
                    self.payload = None;
                    return Ok(false);
                }
                Err(error) => Err(error),
            };
            match event {
                Ok(event) => self.assemble(event)?,
                Err(error) => self.undecodable(&error)?,
            }
        }
        Ok(true)
    }

    fn assemble(&mut self, event: Event) -> Result<(), FeedError> {
        match self.assembler.take(event) {
            Ok(None) => Ok(()),
            Ok(Some(transaction)) => {
                self.delay = BACKOFF.0;
                self.told = false;
                self.damaged = 0;
                match (self.held.contains(&transaction.gtid), &transaction.gtid.source) {
                    (false, _) if !self.went_back(&transaction.gtid) => {
                        self.held.advance(&transaction.gtid);
                        self.waiting.push_back(SourceEvent::Logged(transaction));
                        Ok(())
                    }
                    (true, GtidSource::Server { .. }) => Ok(()),
                    (_, _) => self.trouble(Trouble::End(format!(
                        "MariaDB's transaction {} comes after {}: the numbers of a domain must ascend (gtid_strict_mode = \
                         ON sees to that); begin mirroring again with bascule resync",
                        transaction.gtid, self.held
                    ))),
                }
            }
            Err(error @ AssembleError::Spill(_)) => self.trouble(Trouble::Again(with_causes(&error))),
            Err(error @ AssembleError::Anonymous) => self.trouble(Trouble::End(error.to_string())),
            Err(error @ AssembleError::Incident(_)) => {
                let reason = error.to_string();
                self.waiting.push_back(SourceEvent::Lost { reason: reason.clone() });
                // The loss is told first.
                self.end(reason);
                Ok(())
            }
            Err(error @ AssembleError::Order(_)) => self.again_if_damaged(error.to_string()),
        }
    }

    /// A number of MariaDB that isn't beyond all that its domain has given: the log is asked for what comes after a
    /// position, so it can be no repetition.
    fn went_back(&self, gtid: &Gtid) -> bool {
        matches!(gtid.source, GtidSource::Domain(_)) && gtid.number <= self.held.last(&gtid.source)
    }

    fn undecodable(&mut self, error: &BinlogError) -> Result<(), FeedError> {
        match error {
            BinlogError::Malformed(_) | BinlogError::Checksum => self.again_if_damaged(error.to_string()),
            BinlogError::Unknown(_) | BinlogError::Refused(_) => self.trouble(Trouble::End(error.to_string())),
        }
    }

    /// Damage on the way is mended by asking again; damage in the log isn't.
    fn again_if_damaged(&mut self, reason: String) -> Result<(), FeedError> {
        self.damaged += 1;
        self.trouble(if self.damaged > DAMAGED { Trouble::End(reason) } else { Trouble::Again(reason) })
    }

    fn pop(&mut self) -> Result<Option<SourceEvent>, FeedError> {
        match (self.waiting.pop_front(), &self.ended) {
            (Some(event), _) => Ok(Some(event)),
            (None, Some(reason)) => Err(FeedError { message: reason.clone() }),
            (None, None) => Ok(None),
        }
    }
}

impl Feed for BinlogFeed {
    async fn next(&mut self) -> Result<SourceEvent, FeedError> {
        loop {
            if let Some(event) = self.pop()? {
                return Ok(event);
            }
            if self.unpack()? {
                tokio::task::yield_now().await;
                continue;
            }
            match &mut self.dump {
                None => self.connect().await?,
                Some((dump, _)) => match dump.next().await {
                    Ok(bytes) => self.take(&bytes)?,
                    Err(error) => self.trouble(judge(error))?,
                },
            }
        }
    }

    async fn ready(&mut self) -> Result<Option<SourceEvent>, FeedError> {
        for _ in 0..TURN {
            if let Some(event) = self.pop()? {
                return Ok(Some(event));
            }
            if self.unpack()? {
                return Ok(None);
            }
            let Some((dump, _)) = &mut self.dump else { return Ok(None) };
            match dump.ready() {
                Ok(Some(bytes)) => self.take(&bytes)?,
                Ok(None) => return Ok(None),
                Err(error) => self.trouble(judge(error))?,
            }
        }
        Ok(None)
    }

    async fn acknowledge(&mut self, _applied: &GtidSet) {}

    fn backlog(&self) -> Backlog {
        Backlog::default()
    }

    fn head(&mut self) -> Option<Arc<ArcSwap<Head>>> {
        let watch = self.watch.get_or_insert_with(|| Watch::new(&self.source, &self.place));
        Some(Arc::clone(&watch.head))
    }
}

fn purged_logs(what: &str) -> String {
    format!(
        "MySQL has purged binary logs that weren't read yet ({what}): begin mirroring again with bascule resync, and keep \
         logs longer (binlog_expire_logs_seconds)"
    )
}

/// Which refusals are for good.
fn judge(error: LoginError) -> Trouble {
    match error {
        LoginError::Refused { code: 1227 | 1045 | 1044 | 1142, message } => Trouble::End(format!(
            "MySQL doesn't let Bascule's account read the binary log ({message}): GRANT REPLICATION SLAVE ON *.* TO it"
        )),
        LoginError::Refused { code: 1236, message } if mariadb::is_purged(&message) => {
            Trouble::End(purged_logs(&message))
        }
        // Two replicas with one identity; the older connection of ours may be the other one.
        LoginError::Refused { code: 1236, message } if !message.contains("same server") => {
            Trouble::End(format!("MySQL can't send the binary log: {message}"))
        }
        LoginError::Plugin(_) => Trouble::End(error.to_string()),
        other => Trouble::Again(with_causes(&other)),
    }
}
