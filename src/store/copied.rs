//! How far a copy is that can be gone on with: which parts of which tables are in PostgreSQL, and from which position on
//! the binary log has what happened to them meanwhile.
//!
//! A part is noted in the transaction that writes its rows ([`statement::copied_chunk`]), so it's there with its rows or
//! not at all.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::{StoreError, statement};
use crate::position::GtidSet;
use crate::schema::TableName;

/// A part of a table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedChunk {
    pub table: TableName,
    /// Parts follow each other in the order of their numbers; numbers may be missing.
    pub number: i64,
    /// Above this bound of the key, in the copier's words; `None` for the first part.
    pub lower: Option<String>,
    /// Not above this one; `None` for the last part.
    pub upper: Option<String>,
    pub rows: u64,
    pub bytes: u64,
}

/// How far a table is once its rows are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableStage {
    /// It has the key that tells its rows apart, and indexes that hold against nothing.
    Keyed,
    /// It isn't copied in parts but as a whole when the others follow.
    Later,
    /// It has every key; foreign keys come last.
    Whole,
}

impl TableStage {
    /// As it's stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyed => "keyed",
            Self::Later => "later",
            Self::Whole => "whole",
        }
    }
}

/// What the tables were copied with: read each at its own moments, and to be made equal by what the log has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Executed on the source when the last part had been read: up to here rows may be ahead of what is applied.
    pub until: GtidSet,
    /// The tables that were copied in parts.
    pub tables: BTreeSet<TableName>,
}

/// Everything that is known of a copy.
#[derive(Clone, Debug, Default)]
pub struct Copied {
    /// Executed on the source before the first part was read; `None` when there's no copy to go on with.
    pub from: Option<GtidSet>,
    pub chunks: Vec<CopiedChunk>,
    pub tables: Vec<(TableName, TableStage)>,
}

/// Reads how far the copy is.
pub(super) async fn load(client: &Client) -> Result<Copied, StoreError> {
    let from: Option<String> = client.query_one("SELECT copy_from FROM bascule.state", &[]).await?.get(0);
    let from = from.map(|from| from.parse()).transpose();
    let from = from.map_err(|error| StoreError::Unexpected(format!("{error}")))?;
    let sql = "SELECT database, name, number, lower_bound, upper_bound, rows, bytes FROM bascule.copied_chunk \
               ORDER BY database, name, number";
    let mut chunks = Vec::new();
    for row in client.query(sql, &[]).await? {
        chunks.push(CopiedChunk {
            table: TableName { database: row.get(0), table: row.get(1) },
            number: row.get(2),
            lower: row.get(3),
            upper: row.get(4),
            rows: row.get::<_, i64>(5).cast_unsigned(),
            bytes: row.get::<_, i64>(6).cast_unsigned(),
        });
    }
    Ok(Copied { from, chunks, tables: stages(client).await? })
}

async fn stages(client: &Client) -> Result<Vec<(TableName, TableStage)>, StoreError> {
    let mut tables = Vec::new();
    for row in client.query("SELECT database, name, stage FROM bascule.copied_table", &[]).await? {
        let stage: String = row.get(2);
        let known = [TableStage::Keyed, TableStage::Later, TableStage::Whole];
        let found = known.into_iter().find(|known| known.name() == stage);
        let stage = found.ok_or_else(|| StoreError::Unexpected(format!("stage `{stage}` of a table")))?;
        tables.push((TableName { database: row.get(0), table: row.get(1) }, stage));
    }
    Ok(tables)
}

/// The window in which copied tables become equal, while it's open.
pub(super) async fn window(client: &Client) -> Result<Option<Window>, StoreError> {
    let until: Option<String> = client.query_one("SELECT copy_until FROM bascule.state", &[]).await?.get(0);
    let Some(until) = until else { return Ok(None) };
    let until = until.parse().map_err(|error| StoreError::Unexpected(format!("{error}")))?;
    let stages = stages(client).await?.into_iter();
    let tables = stages.filter(|(_, stage)| *stage != TableStage::Later).map(|(table, _)| table).collect();
    Ok(Some(Window { until, tables }))
}

/// What forgets a copy.
pub(super) const FORGET: &str = "UPDATE bascule.state SET copy_from = NULL, copy_until = NULL; \
     DELETE FROM bascule.copied_chunk; DELETE FROM bascule.copied_table";

/// Ends the copying: from `from` on the log is applied, and up to the window's end it makes the copied tables equal.
/// Tables that are copied later are halted until then.
pub(super) async fn begin_following(
    client: &mut Client,
    window: &GtidSet,
    later: &[(TableName, String)],
) -> Result<(), StoreError> {
    let transaction = client.transaction().await?;
    let sql = "UPDATE bascule.state SET phase = 'following', applied = copy_from, bypassed = '', copy_until = $1";
    transaction.execute(sql, &[&window.to_string()]).await?;
    for (table, reason) in later {
        transaction.batch_execute(&statement::mark_table(table, reason).inline()).await?;
    }
    transaction.commit().await?;
    Ok(())
}
