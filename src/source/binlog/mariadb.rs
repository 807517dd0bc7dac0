//! What MariaDB wants to be asked, and how: its settings, whether it still has what was applied, and a replica's greeting.
//!
//! A position is one GTID for each domain, and the server finds the place of each in its files by the server that gave it
//! and its number. It tells by itself when a place has been purged; that it lacks what was applied is asked for before,
//! because a server that is behind would wait for the number to come by and then send what may be another history.

use bytes::{BufMut as _, BytesMut};
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use crate::position::{Gtid, GtidSet};
use crate::source::SourceError;

use super::settings::{ACTION, Needed};

const COM_BINLOG_DUMP: u8 = 0x12;
/// In the words in which the server says that it has thrown away what is asked for.
const PURGED: [&str; 2] = ["Could not find GTID state requested by slave", "Could not find first log file name"];

/// Names, what they must be, and why.
pub(super) const NEEDED: [Needed; 3] = [
    ("log_bin", "ON", "start the server with log_bin"),
    (
        "binlog_format",
        "ROW",
        "SET GLOBAL binlog_format = 'ROW' and the same in the configuration, and let sessions connect anew",
    ),
    (
        "binlog_row_image",
        "FULL",
        "SET GLOBAL binlog_row_image = 'FULL' and the same in the configuration, and let sessions connect anew",
    ),
];

/// A server that replicates and doesn't log what it gets so.
pub(super) async fn unlogged(conn: &mut Conn) -> Result<Option<String>, SourceError> {
    const SQL: &str = "SELECT NOT @@GLOBAL.log_slave_updates AND @@GLOBAL.gtid_slave_pos <> ''";
    let silent: Option<bool> = conn.query_first(SQL).await.map_err(SourceError::query(ACTION))?;
    let problem = "MySQL has log_slave_updates = OFF and has replicated from another server; the lane of the binary log \
                   needs ON: start the server with log_slave_updates, or what it replicates isn't in its log";
    Ok(silent.unwrap_or(false).then(|| problem.to_owned()))
}

/// What the server doesn't have of what was applied.
pub(super) async fn lacking(conn: &mut Conn, held: &GtidSet) -> Result<GtidSet, SourceError> {
    let state: Option<String> =
        conn.query_first("SELECT @@GLOBAL.gtid_binlog_state").await.map_err(SourceError::query(ACTION))?;
    let state = state.unwrap_or_default();
    let logged: Result<Vec<Gtid>, _> = state.split(',').filter(|text| !text.is_empty()).map(str::parse).collect();
    let logged = logged.map_err(|error| SourceError::Unexpected { action: ACTION, what: format!("{error}") })?;
    Ok(not_in(held, &logged))
}

/// `logged` has the last number of each server in each domain.
fn not_in(held: &GtidSet, logged: &[Gtid]) -> GtidSet {
    let mut lacking = GtidSet::default();
    for last in held.lasts() {
        let same = |logged: &&Gtid| logged.source == last.source && logged.server == last.server;
        if !logged.iter().filter(same).any(|logged| logged.number >= last.number) {
            lacking.insert(&last);
        }
    }
    lacking
}

/// The statement that a replica says first.
pub(super) fn greeting(held: &GtidSet) -> String {
    // It understands GTIDs.
    const CAPABILITY: u8 = 4;
    format!(
        "SET @mariadb_slave_capability = {CAPABILITY}, @slave_connect_state = '{held}', @slave_gtid_strict_mode = 0, \
             @slave_gtid_ignore_duplicates = 0"
    )
}

/// The command that asks for the log; the place is in the greeting.
pub(super) fn request(server_id: u32) -> BytesMut {
    const FIRST_POSITION: u32 = 4;
    let mut out = BytesMut::new();
    out.put_u8(COM_BINLOG_DUMP);
    out.put_u32_le(FIRST_POSITION);
    out.put_u16_le(0);
    out.put_u32_le(server_id);
    out
}

/// Whether the server's refusal says that it no longer has what is asked for.
pub(super) fn is_purged(message: &str) -> bool {
    PURGED.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_lacks_is_told_by_its_last_numbers() {
        let set = |text: &str| text.parse::<GtidSet>().expect("a position");
        let logged: Vec<Gtid> = ["0-1-50", "0-2-57", "3-1-4"].map(|text| text.parse().expect("gtid")).to_vec();
        for (held, lacking) in [
            ("", ""),
            ("0-1-50", ""),
            ("0-1-49,3-1-4", ""),
            ("0-2-57", ""),
            // Another history, or one that is behind.
            ("0-1-51", "0-1-51..51"),
            ("0-3-10", "0-3-10..10"),
            ("0-2-58,3-1-5", "0-2-58..58,3-1-5..5"),
            ("7-1-1", "7-1-1"),
        ] {
            assert_eq!(not_in(&set(held), &logged).to_string(), lacking, "{held}");
        }
    }
}
