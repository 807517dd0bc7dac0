//! Positions and what is visible. In one behind which nothing hides is every transaction whose rows anybody may have seen;
//! of one that is visible every query sees all rows.
//!
//! MySQL shows a transaction's rows before it adds its number to `gtid_executed`, so that one is visible. In between the
//! number is owned by the session that commits: the owned numbers are read first, then it's waited until they are
//! executed; what was visible before the first look is either executed by then or was owned.
//!
//! MariaDB writes a transaction to its binary log first and shows its rows then, so nothing hides behind
//! `gtid_binlog_pos`. A consistent snapshot tells the position that is visible in it, and so to everybody later.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::inspect::Family;
use super::{SourceError, inspect, snapshot};
use crate::config::Source;
use crate::position::GtidSet;

const ACTION: &str = "reading the transactions that are being committed";
/// Between two looks, and how often it's looked: half a minute.
const PAUSE: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1500;

/// Everything executed, and with it everything whose rows are visible at the moment of the call.
///
/// # Errors
/// When a query fails, or a transaction takes longer than half a minute to commit.
pub async fn settled_position(conn: &mut Conn) -> Result<GtidSet, SourceError> {
    if inspect::family(conn).await? == Family::MariaDb {
        return inspect::gtid_executed(conn).await;
    }
    let text: Option<String> =
        conn.query_first("SELECT @@GLOBAL.gtid_owned").await.map_err(SourceError::query(ACTION))?;
    let owned = owned(&text.unwrap_or_default());
    let owned = owned.ok_or_else(|| SourceError::Unexpected { action: ACTION, what: "gtid_owned".to_owned() })?;
    for _ in 0..LOOKS {
        let executed = inspect::gtid_executed(conn).await?;
        if executed.contains_all(&owned) {
            return Ok(executed);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(SourceError::Unexpected { action: ACTION, what: format!("{owned} aren't committed after half a minute") })
}

/// A position whose rows every query sees from now on.
///
/// # Errors
/// When a query fails, or the server doesn't tell it.
pub async fn visible_position(source: &Source, conn: &mut Conn) -> Result<GtidSet, SourceError> {
    if inspect::family(conn).await? == Family::MySql {
        return inspect::gtid_executed(conn).await;
    }
    let opened = snapshot::prepare(source, 1).await?.open().await?;
    let position = opened.position().cloned();
    opened.close().await;
    position.ok_or_else(|| SourceError::Unexpected {
        action: "reading a position that is visible",
        what: "the snapshot has none".to_owned(),
    })
}

/// `UUID:number#thread:…` as a set.
fn owned(text: &str) -> Option<GtidSet> {
    let mut plain = String::with_capacity(text.len());
    let mut thread = false;
    for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
        match letter {
            '#' => thread = true,
            ':' | ',' => {
                thread = false;
                plain.push(letter);
            }
            _ if thread => {}
            _ => plain.push(letter),
        }
    }
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_numbers_are_read_without_their_threads() {
        let uuid = "565dd9c7-e69f-11f1-900a-02fc00000001";
        let set = owned(&format!("{uuid}:4#12:6#13,\n{uuid}:blue:7#9")).expect("a set");
        assert_eq!(set, format!("{uuid}:4:6,{uuid}:blue:7").parse().expect("a set"));
        assert_eq!(owned(""), Some(GtidSet::default()));
    }
}
