//! The operator's vocabulary: what can be asked, and the shape of the answers. The command line, the socket and the
//! demo speak it; `cutover` implements it.
//!
//! Fields are only ever added. Durations carry their unit in the name.

use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::route::{Mode, ServingSide, SessionInfo};

/// The future of an operation.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, OperationError>> + Send + 'a>>;

/// What an operator can do. The one implementation that decides anything is the director in `cutover`.
///
/// Every operation may be called from any task at any time; those that change something are done one after another,
/// and a second one that arrives meanwhile is refused with [`Refusal::Busy`] rather than queued. A caller that goes
/// away doesn't cancel what it began.
pub trait Operations: Send + Sync + 'static {
    /// What is going on; cheap, and never waits for a database.
    fn status(&self) -> Reply<'_, Status>;

    /// Sets the mode durably and answers then. Copying, after `mirror`, goes on in the background: watch
    /// [`MirrorStatus::phase`]. `postgres` is refused: that's what [`Operations::cutover`] is for.
    fn set_mode(&self, mode: Mode) -> Reply<'_, Status>;

    /// Flips to PostgreSQL, or says what would hinder it. The report is an `Ok` also when nothing was performed.
    fn cutover(&self, rehearsal: Rehearsal) -> Reply<'_, CutoverReport>;

    /// Copies tables anew; all that need it when `tables` is empty. Answers when the copy has begun.
    fn resync(&self, tables: Vec<String>) -> Reply<'_, Status>;

    /// Compares the rows of both sides at one position. Waits a little for its turn.
    fn verify(&self) -> Reply<'_, VerifySummary>;

    /// Every client session.
    fn sessions(&self) -> Reply<'_, Vec<SessionInfo>>;
}

/// Whether a cutover is performed or only rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rehearsal {
    /// All checks, nothing changed.
    DryRun,
    /// The real thing.
    Perform,
}

/// Why an operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct OperationError {
    pub refusal: Refusal,
    /// What is wrong, for a person.
    pub message: String,
    /// What to do now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The kind of a refusal; decides the HTTP status and the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The request itself can't be meant: an unknown table, a mode that can't be set.
    Invalid,
    /// Not in the present state.
    NotNow,
    /// Another operation is under way.
    Busy,
    /// It was tried and failed; nothing changed unless the message says so.
    Failed,
}

impl OperationError {
    /// An error without a hint.
    #[must_use]
    pub fn new(refusal: Refusal, message: impl Into<String>) -> Self {
        Self { refusal, message: message.into(), hint: None }
    }

    /// Adds what to do now.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The whole picture.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub mode: Mode,
    /// `source` or `target`.
    pub serving: Side,
    /// Raised by each flip.
    pub epoch: u64,
    pub uptime_seconds: u64,
    pub sessions: u64,
    /// Sessions inside a transaction or statement.
    pub active_sessions: u64,
    /// Client commands since the start.
    pub commands: u64,
    /// Client commands in the last whole second.
    pub commands_per_second: f64,
    /// Absent in mode `passthrough`, and after the flip.
    #[serde(default)]
    pub mirror: Option<MirrorStatus>,
    /// The last cutover that was tried since the start, performed or not.
    #[serde(default)]
    pub last_cutover: Option<CutoverReport>,
    /// What a person should look at, most important first.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Which database answers the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Source,
    Target,
}

impl From<ServingSide> for Side {
    fn from(side: ServingSide) -> Self {
        match side {
            ServingSide::Source => Self::Source,
            ServingSide::Target => Self::Target,
        }
    }
}

/// How far mirroring is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MirrorStatus {
    pub phase: MirrorPhase,
    /// Why it stands still, when `phase` says so.
    #[serde(default)]
    pub reason: Option<String>,
    pub tables: Vec<TableStatus>,
    /// The GTID set that PostgreSQL holds.
    pub applied: String,
    /// Transactions applied since mirroring began.
    pub transactions_applied: u64,
    /// Committed on MySQL and not yet applied.
    pub lag_transactions: u64,
    /// Age of the oldest of those.
    pub lag_seconds: f64,
    /// GTIDs that no session of ours committed: writers that bypass the proxy.
    #[serde(default)]
    pub gaps: Option<String>,
    pub spool_bytes: u64,
}

/// The stages of mirroring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MirrorPhase {
    /// Tables are being created, the snapshot is being opened.
    Preparing,
    /// Existing rows are being copied; writes are spooled.
    Copying,
    /// Spooled writes are being applied for the first time.
    CatchingUp,
    /// Writes are applied as they come.
    Streaming,
    /// Halted; `reason` says why. Forwarding goes on.
    Halted,
}

/// One table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableStatus {
    /// `database.table`.
    pub name: String,
    pub state: TableState,
    /// Why it isn't mirrored, when it isn't.
    #[serde(default)]
    pub reason: Option<String>,
    pub rows_copied: u64,
    /// The optimiser's estimate at the start of the copy.
    #[serde(default)]
    pub rows_estimated: Option<u64>,
}

/// A table's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableState {
    Waiting,
    Copying,
    Mirrored,
    /// Something couldn't be replayed exactly: copy it anew.
    NeedsResync,
    /// It can't be carried as it is.
    Refused,
}

/// What a cutover did or would do.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CutoverReport {
    /// True once PostgreSQL serves because of it.
    pub performed: bool,
    pub dry_run: bool,
    /// Everything that hinders it; empty means go.
    pub blockers: Vec<BlockerReport>,
    /// In the order in which they were done.
    pub steps: Vec<StepReport>,
    /// How long clients could be held: from shutting the gate to opening it.
    pub pause_ms: f64,
    /// Why an attempt was given up after it began; everybody was released to MySQL.
    #[serde(default)]
    pub abandoned: Option<String>,
}

/// One reason not to flip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockerReport {
    /// What it concerns: a table, a session, an account, a statement.
    pub subject: String,
    pub reason: String,
    /// What to do about it.
    #[serde(default)]
    pub hint: Option<String>,
}

/// One step of a cutover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    pub name: String,
    pub duration_ms: f64,
}

/// Outcome of comparing both sides.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VerifySummary {
    pub tables: u64,
    pub rows: u64,
    /// Rows that differ or are on one side only.
    pub differences: u64,
    /// The first of them, each in a line: table, key, column. Never row values.
    pub examples: Vec<String>,
    /// Tables that couldn't be compared, with the reason.
    #[serde(default)]
    pub skipped: Vec<String>,
}

/// Body of `PUT /v1/mode`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeRequest {
    pub mode: Mode,
}

/// Body of `POST /v1/cutover`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutoverRequest {
    #[serde(default)]
    pub dry_run: bool,
}

/// Body of `POST /v1/resync`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResyncRequest {
    #[serde(default)]
    pub tables: Vec<String>,
}
