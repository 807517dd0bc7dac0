//! `bascule sessions`

use super::error::CliError;
use super::output::{Output, table};
use crate::admin::Client;
use crate::observe::shortened;
use crate::route::{Blocker, SessionInfo};

/// Lists the client sessions.
pub(super) async fn list(client: &Client, output: Output) -> Result<(), CliError> {
    output.answer(&client.sessions().await?, |sessions| text(sessions))
}

fn text(sessions: &[SessionInfo]) -> String {
    if sessions.is_empty() {
        return "no client sessions".into();
    }
    let header = ["id", "MySQL id", "user", "client", "database", "state", "commands", "hinders a flip"];
    table(header, sessions.iter().map(row))
}

fn row(session: &SessionInfo) -> [String; 8] {
    let state = match (session.in_transaction, session.active) {
        (true, _) => "in transaction",
        (false, true) => "statement",
        (false, false) => "idle",
    };
    let blockers: Vec<&str> = session.blockers.iter().copied().map(blocker).collect();
    [
        session.id.to_string(),
        session.connection_id.to_string(),
        shortened(&session.user, 32),
        session.client.clone(),
        shortened(session.database.as_deref().unwrap_or(""), 32),
        state.into(),
        session.commands.to_string(),
        blockers.join(", "),
    ]
}

const fn blocker(blocker: Blocker) -> &'static str {
    match blocker {
        Blocker::TemporaryTables => "temporary tables",
        Blocker::LockedTables => "LOCK TABLES",
        Blocker::NamedLocks => "GET_LOCK",
        Blocker::UserVariables => "user variables",
        Blocker::TextPrepared => "PREPARE as text",
        Blocker::Xa => "XA transaction",
        Blocker::OpenCursor => "open cursor",
        Blocker::UnknownStatement => "a statement that isn't understood",
    }
}
