//! The director: the one place where operators' wishes become changes of mode.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::capture::Capture;
use crate::config::{Lane, Live};
use crate::observe::Metrics;
use crate::position::GtidSet;
use crate::replicate::Replicator;
use crate::route::{Control, Mode, Route};
use crate::schema::Catalogue;
use crate::source::inspect;
use crate::store::{ImportedAccount, Store};
use crate::target::Bulk;
use crate::verify;

use super::CutoverError;
use super::marker::Marker;
use super::picture::Picture;

/// What the director directs.
#[derive(Debug)]
pub struct Parts {
    pub config: Arc<Live>,
    pub control: Control,
    pub store: Arc<Store>,
    /// Absent without a source, and where the binary log is followed.
    pub capture: Option<Arc<Capture>>,
    pub replicator: Arc<Replicator>,
    /// The schema as it stands in the target; shared with serving and applying.
    pub catalogue: Arc<ArcSwap<Catalogue>>,
    /// Accounts imported from MySQL; whoever checks logins listens.
    pub accounts: watch::Sender<Vec<ImportedAccount>>,
    /// Global variables of MySQL that sessions begin with; whoever serves listens.
    pub variables: watch::Sender<BTreeMap<String, String>>,
    pub metrics: Arc<Metrics>,
    pub shutdown: CancellationToken,
    pub tasks: TaskTracker,
}

/// See the module. Shared by `Arc`; its operations take turns.
#[derive(Debug)]
pub struct Director {
    pub(super) parts: Parts,
    pub(super) marker: Marker,
    pub(super) picture: Picture,
    /// Held by the one operation that changes something.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    /// Held by the one comparison that is under way.
    pub(super) comparison: Arc<tokio::sync::Mutex<()>>,
    /// True while another process takes this one's place: no operation begins.
    pub(super) leaving: AtomicBool,
    pub(super) began: Instant,
    /// Ends the present mirror's background work.
    pub(super) mirror: std::sync::Mutex<CancellationToken>,
    pub(super) rate: super::preflight::Rate,
    /// Why the binary log can't be read now.
    pub(super) log_health: std::sync::Mutex<Option<watch::Receiver<Option<String>>>>,
}

impl Director {
    /// A director over its parts. Nothing happens until [`Director::start`].
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let marker = Marker::new(&parts.config.spool.directory);
        let mirror = std::sync::Mutex::new(parts.shutdown.child_token());
        Arc::new(Self {
            parts,
            marker,
            picture: Picture::default(),
            turn: Arc::default(),
            comparison: Arc::default(),
            leaving: AtomicBool::new(false),
            began: Instant::now(),
            mirror,
            rate: super::preflight::Rate::default(),
            log_health: std::sync::Mutex::default(),
        })
    }

    pub(super) fn route(&self) -> &Arc<Route> {
        self.parts.control.route()
    }

    /// As it was at the start; what can change since is in [`Live::now`].
    pub(super) fn config(&self) -> &Live {
        &self.parts.config
    }

    pub(super) fn store(&self) -> &Store {
        &self.parts.store
    }

    pub(super) fn replicator(&self) -> &Arc<Replicator> {
        &self.parts.replicator
    }

    pub(super) const fn marker(&self) -> &Marker {
        &self.marker
    }

    /// The configured source, or an error that says what is missing.
    pub(super) fn source(&self) -> Result<&crate::config::Source, CutoverError> {
        self.config().source.as_ref().ok_or_else(|| CutoverError::state("no [source] is configured"))
    }

    /// The capture room of the statement lane.
    pub(super) fn capture(&self) -> Option<&Arc<Capture>> {
        self.parts.capture.as_ref()
    }

    /// By which way changes come.
    pub(super) fn lane(&self) -> Lane {
        self.config().mirror.source
    }

    /// MySQL's executed set, read while the gate is shut.
    pub(super) async fn source_position(&self) -> Result<GtidSet, CutoverError> {
        let mut conn = inspect::connect(self.source()?).await?;
        let position = inspect::gtid_executed(&mut conn).await;
        close(conn).await;
        let position = position?;
        // The gate is shut and everything through the proxy is recorded: what isn't came another way.
        if let Some(capture) = self.capture() {
            capture.executed(position.clone()).await?;
        }
        Ok(position)
    }

    /// Moves every sequence past the ids that MySQL has handed out.
    pub(super) async fn move_sequences(&self) -> Result<(), CutoverError> {
        let catalogue = self.parts.catalogue.load_full();
        let mut conn = inspect::connect(self.source()?).await?;
        let next = inspect::auto_increments(&mut conn, &catalogue).await;
        close(conn).await;
        let target = Bulk::connect(&self.config().target).await?;
        verify::advance_sequences(&target, &catalogue, &next?).await?;
        Ok(())
    }

    /// Makes `mode`, one of those in which MySQL serves, durable and lets it be known: note, store, route.
    pub(super) async fn settle_on_source(&self, mode: Mode) -> Result<(), CutoverError> {
        let epoch = self.route().epoch();
        self.marker.note_source(mode, epoch)?;
        self.store().set_mode(mode, epoch).await?;
        self.parts.control.set_mode(mode, epoch);
        Ok(())
    }

    /// The flip has been decided: the rest of the world learns of it.
    pub(super) fn serve_from_target(&self, epoch: u64) {
        if let Err(error) = self.marker.note_target(epoch) {
            // The store decides at the next start; the note only matters when the store can't be asked.
            tracing::warn!(%error, "the local note of the mode can't be written");
        }
        self.parts.control.set_mode(Mode::Postgres, epoch);
        self.parts.control.stop_capturing();
        self.picture.idle();
    }
}

/// Ends a connection to the source in an orderly way; a source that is gone doesn't matter here.
pub(super) async fn close(conn: mysql_async::Conn) {
    const PATIENCE: Duration = Duration::from_millis(200);
    if tokio::time::timeout(PATIENCE, conn.disconnect()).await.is_err() {
        tracing::debug!("the source didn't answer a disconnect");
    }
}
