//! What an operator can ask of the process itself, beside the migration: its configuration and its health.

use serde::{Deserialize, Serialize};

use super::handover::{HandOverRequest, Handing, Peer};
pub use crate::cutover::api::ReloadReport;
use crate::cutover::api::Reply;

/// The process behind the operator's door; the assembly implements it.
pub trait Process: Send + Sync + 'static {
    /// Reads the configuration again. A file with a problem is refused as a whole, with all of them, and nothing changes.
    fn reload(&self) -> Reply<'_, ReloadReport>;

    /// Gives this process' place to another one: refused by name, or what goes on on the connection after that. Nothing is
    /// given away before the other one has said on it that it takes all.
    fn hand_over(&self, request: HandOverRequest, peer: Peer) -> Reply<'_, Handing>;

    /// Whether clients can be sent here. Asks the serving database, but not more often than every two seconds.
    fn health(&self) -> Reply<'_, Health>;
}

/// Whether clients can be sent here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Why not; empty when they can.
    pub reasons: Vec<String>,
}

impl Health {
    /// True when clients can be sent here.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }
}
