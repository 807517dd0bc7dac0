//! The operator's door: HTTP with JSON over a unix socket. It decides nothing; it asks [`Operations`].

mod api;

pub use api::{
    BlockerReport, CutoverReport, CutoverRequest, MirrorPhase, MirrorStatus, ModeRequest, OperationError, Operations,
    Refusal, Rehearsal, Reply, ResyncRequest, Side, Status, StepReport, TableState, TableStatus, VerifySummary,
};
