//! What all sessions of the door share, and what it's opened with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use super::carried::Serve;
use super::rsa::KeyPair;
use super::tls::Certificates;
use crate::capture::Capture;
use crate::config::Live;
use crate::observe::Metrics;
use crate::route::Route;
use crate::schema::Catalogue;
use crate::source::connect::Connector;

/// What the door is opened with.
#[derive(Clone)]
pub struct Door {
    pub config: Arc<Live>,
    pub route: Arc<Route>,
    /// Absent when nothing can be mirrored, e.g. without a source.
    pub capture: Option<Arc<Capture>>,
    /// The schema of the source as last read; replaced as a whole.
    pub catalogue: Arc<ArcSwap<Catalogue>>,
    /// Whoever answers while PostgreSQL serves.
    pub serve: Arc<dyn Serve>,
    pub metrics: Arc<Metrics>,
    pub keys: Arc<KeyPair>,
    /// For clients that ask for TLS; `None` when `listen.tls` is off.
    pub certificates: Option<Arc<Certificates>>,
    /// The way to MySQL; `None` without a source.
    pub connector: Option<Connector>,
    /// Begins the end: no more clients, and sessions end that are between two transactions and whose client is silent.
    pub shutdown: CancellationToken,
    /// Sessions end as soon as they are between two transactions. Cancelled before `shutdown` when nobody is given time.
    pub boundary: CancellationToken,
    /// Ends every session that is left, wherever it is.
    pub cut: CancellationToken,
}

/// What a session reads of the door.
pub(super) struct Shared {
    pub(super) config: Arc<Live>,
    pub(super) route: Arc<Route>,
    pub(super) capture: Option<Arc<Capture>>,
    pub(super) catalogue: Arc<ArcSwap<Catalogue>>,
    pub(super) connector: Option<Connector>,
    pub(super) serve: Arc<dyn Serve>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) keys: Arc<KeyPair>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) shutdown: CancellationToken,
    pub(super) boundary: CancellationToken,
    pub(super) cut: CancellationToken,
}

impl Shared {
    /// Tells the lane that something was written which it will never see.
    pub(super) fn lose(&self, reason: &str) {
        if let Some(capture) = &self.capture {
            capture.lose(reason);
        }
    }
}
