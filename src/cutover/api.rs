//! The operator's vocabulary: what can be asked, and the shape of the answers. The command line, the socket and the
//! demo speak it; `cutover` implements it.
//!
//! Fields are only ever added. Durations carry their unit in the name.

use std::pin::Pin;

use serde::{Deserialize, Serialize};

pub use crate::config::ReloadReport;
use crate::route::{Mode, ServingSide, SessionInfo};
use crate::verify::Difference;

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

    /// Compares the rows of both sides at one position, and copies the tables that differ again if it's asked to. Waits a
    /// little for its turn.
    fn verify(&self, request: VerifyRequest) -> Reply<'_, VerifySummary>;

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
    /// By which way changes come: `statements` or `binlog`.
    #[serde(default)]
    pub lane: String,
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
    /// Bytes of the spool or the binary log that haven't been read.
    #[serde(default)]
    pub lag_bytes: u64,
    /// Age of the oldest transaction that was read and isn't applied.
    pub lag_seconds: f64,
    /// GTIDs that no session of ours committed: writers that bypass the proxy.
    #[serde(default)]
    pub gaps: Option<String>,
    pub spool_bytes: u64,
    /// A comparison that is under way.
    #[serde(default)]
    pub verifying: Option<VerifyProgress>,
    #[serde(default)]
    pub last_verified: Option<LastVerified>,
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
    /// As PostgreSQL got them.
    #[serde(default)]
    pub bytes_copied: u64,
    /// While it's copied.
    #[serde(default)]
    pub rows_per_second: Option<f64>,
    /// What the rest of the copy takes at this rate, if the estimate is right.
    #[serde(default)]
    pub seconds_left: Option<f64>,
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

impl TableState {
    /// What people read.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Copying => "copying",
            Self::Mirrored => "mirrored",
            Self::NeedsResync => "needs resync",
            Self::Refused => "refused",
        }
    }
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

/// What is compared, and what is done about differences; the body of `POST /v1/verify`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyRequest {
    /// `database.table`; every table that is followed when it's empty.
    pub tables: Vec<String>,
    /// Copy what differs again, and compare it once more.
    pub repair: bool,
    /// Percent of the time in which it may work; `verify.share` of the configuration when it isn't said.
    pub share: Option<u8>,
}

/// Outcome of comparing both sides. Values of rows are in it: it's for the operator, never for a log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct VerifySummary {
    pub tables: u64,
    pub rows: u64,
    /// Rows that differ or are on one side only; what is left of them after a repair.
    pub differences: u64,
    /// The tables that differ.
    #[serde(default)]
    pub differing: Vec<TableDifferences>,
    /// Tables that couldn't be compared, with the reason.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// Tables whose definition in MySQL isn't the one that is mirrored any more, with what is different.
    #[serde(default)]
    pub definitions: Vec<String>,
    /// Parts of tables that were compared, each in one pair of snapshots.
    #[serde(default)]
    pub parts: u64,
    /// The tables that differed and whose differing parts were copied again, as they were found.
    #[serde(default)]
    pub repaired: Vec<TableDifferences>,
    /// How long it took.
    #[serde(default)]
    pub seconds: f64,
}

impl VerifySummary {
    /// True when every table is proven to be the same on both sides.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.differences == 0 && self.skipped.is_empty() && self.definitions.is_empty()
    }
}

/// What differs in a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableDifferences {
    /// `database.table`.
    pub table: String,
    pub rows_source: u64,
    pub rows_target: u64,
    /// Rows that differ or are on one side only.
    pub differing: u64,
    /// The first of them.
    pub examples: Vec<Difference>,
}

/// How far a comparison is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyProgress {
    /// The table that is read.
    pub table: String,
    /// Its number among all that are compared, from 1.
    pub number: u64,
    pub tables: u64,
    /// Rows of MySQL that have been read, of all tables.
    pub rows: u64,
    /// Percent of the time in which it works.
    pub share: u8,
}

/// The last comparison that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastVerified {
    pub seconds_ago: u64,
    pub tables: u64,
    pub rows: u64,
    pub differences: u64,
    /// Tables that couldn't be compared.
    pub skipped: u64,
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
