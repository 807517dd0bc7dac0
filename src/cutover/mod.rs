//! The decision: lifecycle, preflight, the steps of the flip and its rehearsal. The only room that changes the mode.
//!
//! # Who serves, at any moment
//! The mode lives in three places: PostgreSQL ([`crate::store`], the home), a local note ([`marker`], for starts
//! while PostgreSQL is down) and the route (memory). They are written in an order that makes every crash end in
//! exactly one world:
//! - Towards MySQL (passthrough, mirror): note, store, route. All of these serve from MySQL, so a crash between two
//!   of them changes nothing that clients can see; a start takes the store's word.
//! - The flip: store (the point of no return), note, route. A crash before the store's commit leaves MySQL serving
//!   everywhere; after it, a start reads `postgres` from the store. The note is only read when PostgreSQL can't be
//!   asked, and with PostgreSQL down nobody could be served from it anyway: a stale note could only do harm if
//!   PostgreSQL died together with Bascule between the two writes, so before the flip the note is set to *flipping*,
//!   which makes a start wait for PostgreSQL instead of trusting it.

pub mod api;
mod definitions;
mod director;
mod doubt;
mod flip;
mod handover;
mod holdings;
mod initial;
mod lane;
mod marker;
mod mirror;
mod operations;
mod picture;
mod preflight;
mod proof;
mod recopy;
mod recover;
mod repair;
mod steps;
mod triggers;

use crate::replicate::snapshot::SnapshotError;
use crate::verify::VerifyError;

pub use director::{Director, Parts};
pub use handover::Leave;
pub use operations::Desk;
pub use recover::Start;

/// Why an operation of the director failed.
#[derive(Debug, thiserror::Error)]
pub enum CutoverError {
    #[error("MySQL: {0}")]
    Source(#[from] crate::source::SourceError),
    #[error("the store in PostgreSQL: {0}")]
    Store(#[from] crate::store::StoreError),
    #[error("PostgreSQL: {0}")]
    Target(#[from] crate::target::TargetError),
    #[error("capturing: {0}")]
    Capture(#[from] crate::capture::CaptureError),
    #[error("replaying: {0}")]
    Replicate(#[from] crate::replicate::ReplicateError),
    #[error("copying: {0}")]
    Snapshot(#[from] SnapshotError),
    #[error("comparing: {0}")]
    Verify(#[from] VerifyError),
    #[error("the local note of the mode: {0}")]
    Note(#[from] std::io::Error),
    /// Anything that is wrong with the state of the world rather than with a server.
    #[error("{0}")]
    State(String),
}

impl CutoverError {
    /// Whether a server is away, is overloaded, or went away in the middle: another try later is worth it.
    fn is_outage(&self) -> bool {
        match self {
            Self::Source(error) => error.is_outage(),
            Self::Store(error) => error.is_outage(),
            Self::Target(error) => error.is_outage(),
            Self::Snapshot(SnapshotError::Source(error)) | Self::Verify(VerifyError::Source(error)) => {
                error.is_outage()
            }
            Self::Snapshot(SnapshotError::Target { cause, .. } | SnapshotError::Preparation { cause, .. })
            | Self::Verify(VerifyError::Target { cause, .. }) => cause.is_outage(),
            Self::Capture(_)
            | Self::Replicate(_)
            | Self::Snapshot(_)
            | Self::Verify(_)
            | Self::Note(_)
            | Self::State(_) => false,
        }
    }

    fn state(text: impl Into<String>) -> Self {
        Self::State(text.into())
    }
}
