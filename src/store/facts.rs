//! What a start needs to know.

use tokio_postgres::Client;

use super::{StoreError, Window};
use crate::position::GtidSet;
use crate::route::Mode;
use crate::schema::TableName;

/// How far mirroring was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorPhase {
    /// No mirror. Set when mirroring stops, and by the flip.
    Idle,
    /// Tables are being created and copied; a restart starts it over, or goes on with it where that's possible.
    Copying,
    /// Changes are applied after the stored set; a restart goes on from there.
    Following,
}

impl MirrorPhase {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Copying => "copying",
            Self::Following => "following",
        }
    }
}

/// The stored state.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    pub mode: Mode,
    /// Raised by each flip.
    pub epoch: u64,
    pub phase: MirrorPhase,
    /// Everything that the tables hold.
    pub applied: GtidSet,
    /// Transactions that MySQL committed and Bascule never saw.
    pub bypassed: GtidSet,
    /// Tables that need a resync, with the reason.
    pub tables: Vec<(TableName, String)>,
    /// Set while the log makes copied tables equal.
    pub window: Option<Window>,
}

/// Reads the state.
pub(super) async fn load(client: &Client) -> Result<Facts, StoreError> {
    let row = client.query_one("SELECT mode, epoch, phase, applied, bypassed FROM bascule.state", &[]).await?;
    let set = |column: usize| -> Result<GtidSet, StoreError> {
        let text: String = row.get(column);
        text.parse().map_err(|error| StoreError::Unexpected(format!("{error}")))
    };
    let mut tables = Vec::new();
    for row in client.query("SELECT database, name, reason FROM bascule.table_state ORDER BY 1, 2", &[]).await? {
        tables.push((TableName { database: row.get(0), table: row.get(1) }, row.get(2)));
    }
    Ok(Facts {
        mode: mode(row.get(0))?,
        epoch: row.get::<_, i64>(1).cast_unsigned(),
        phase: phase(row.get(2))?,
        applied: set(3)?,
        bypassed: set(4)?,
        tables,
        window: super::copied::window(client).await?,
    })
}

fn mode(name: &str) -> Result<Mode, StoreError> {
    [Mode::Passthrough, Mode::Mirror, Mode::Postgres]
        .into_iter()
        .find(|mode| mode.name() == name)
        .ok_or_else(|| StoreError::Unexpected(format!("mode `{name}`")))
}

fn phase(name: &str) -> Result<MirrorPhase, StoreError> {
    [MirrorPhase::Idle, MirrorPhase::Copying, MirrorPhase::Following]
        .into_iter()
        .find(|phase| phase.name() == name)
        .ok_or_else(|| StoreError::Unexpected(format!("phase `{name}`")))
}
