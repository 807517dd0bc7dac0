//! The operator's door: HTTP with JSON over a unix socket. It decides nothing; it asks [`Operations`].
//!
//! The vocabulary itself belongs to `cutover`, which implements it; it's re-exported here for those who only talk.

pub use crate::cutover::api::{
    BlockerReport, CutoverReport, CutoverRequest, MirrorPhase, MirrorStatus, ModeRequest, OperationError, Operations,
    Refusal, Rehearsal, Reply, ResyncRequest, Side, Status, StepReport, TableState, TableStatus, VerifySummary,
};
