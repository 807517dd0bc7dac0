//! The operator's door: HTTP with JSON over a unix socket. It decides nothing; it asks [`Operations`].
//!
//! The vocabulary itself belongs to `cutover`, which implements it; it's re-exported here for those who only talk.

mod client;
mod handover;
mod health;
mod process;
mod server;
mod socket;

pub use crate::cutover::api::{
    BlockerReport, CutoverReport, CutoverRequest, LastVerified, MirrorPhase, MirrorStatus, ModeRequest, OperationError,
    Operations, Refusal, Rehearsal, Reply, ResyncRequest, Side, Status, StepReport, TableDifferences, TableState,
    TableStatus, VerifyProgress, VerifyRequest, VerifySummary,
};
pub use client::{Client, ClientError};
pub use handover::{HandOverRequest, Handing, PROTOCOL, Peer};
pub use process::{Health, Process, ReloadReport};
pub use server::{Desks, serve};
pub use socket::{Socket, SocketError};

#[cfg(test)]
mod tests;
