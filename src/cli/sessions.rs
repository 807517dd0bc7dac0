//! `bascule sessions`: all of them in a table, or one with everything that is known of it.

use std::time::Duration;

use super::error::CliError;
use super::output::{Output, wrapped};
use crate::admin::Client;
use crate::observe::shortened;
use crate::route::{Hindrance, SessionInfo, TransactionState};

/// Lists the client sessions, or tells everything of one.
pub(super) async fn show(client: &Client, which: Option<u64>, output: Output) -> Result<(), CliError> {
    let sessions = client.sessions().await?;
    let Some(id) = which else { return output.answer(&sessions, |sessions| text(sessions)) };
    match sessions.iter().find(|session| session.id == id) {
        Some(session) => output.answer(session, whole),
        None => Err(CliError::refused(format!("there is no session {id}"))
            .hint("bascule sessions lists them; its first column is the number")),
    }
}

fn text(sessions: &[SessionInfo]) -> String {
    if sessions.is_empty() {
        return "no client sessions".into();
    }
    let header = ["id", "MySQL id", "user", "client", "database", "state", "hinders a flip"];
    wrapped(header, sessions.iter().map(row))
}

fn row(session: &SessionInfo) -> [String; 7] {
    let hinders: Vec<String> = session.blockers.iter().map(brief).collect();
    [
        session.id.to_string(),
        session.connection_id.to_string(),
        shortened(&session.user, 32),
        session.client.clone(),
        shortened(session.database.as_deref().unwrap_or(""), 32),
        state(session),
        hinders.join(", "),
    ]
}

fn brief(hindrance: &Hindrance) -> String {
    let perhaps = if hindrance.certain { "" } else { "perhaps " };
    format!("{perhaps}{}", hindrance.what.describe())
}

/// What it does, and for how long.
fn state(session: &SessionInfo) -> String {
    let whose = |seconds: Option<f64>| seconds.map_or(String::new(), |seconds| format!(" {}", time(seconds)));
    match session.transaction.state {
        TransactionState::Open if session.running => format!("in transaction{}", whose(session.transaction.seconds)),
        TransactionState::Open => format!("idle in transaction{}", whose(session.transaction.seconds)),
        TransactionState::Unknown => "asking MySQL".to_owned(),
        TransactionState::None if session.transaction.next_is_set => {
            format!("before a transaction{}", whose(session.seconds))
        }
        TransactionState::None if session.running => format!("statement{}", whose(session.seconds)),
        TransactionState::None => format!("idle{}", whose(session.seconds)),
    }
}

fn time(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default().as_secs();
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min", whole / 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Everything of one session, a fact in each line.
fn whole(session: &SessionInfo) -> String {
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let names = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
    let mut lines = vec![
        ("session", session.id.to_string()),
        ("MySQL id", session.connection_id.to_string()),
        ("user", session.user.clone()),
        ("client", session.client.clone()),
        ("database", session.database.clone().unwrap_or_else(|| "none".to_owned())),
        ("state", state(session)),
        ("commands", session.commands.to_string()),
    ];
    if let Some(autocommit) = session.autocommit {
        let transaction = session.transaction;
        lines.extend([
            ("transaction", transaction_line(session)),
            ("autocommit", yes(autocommit)),
            ("isolation", value(&session.transaction_isolation)),
            ("charset", value(&session.character_set_client)),
            ("collation", value(&session.collation_connection)),
            ("time zone", value(&session.time_zone)),
            ("sql_mode", session.sql_mode.clone().unwrap_or_default()),
            ("SET TRANSACTION waits", yes(transaction.next_is_set)),
            ("prepared statements", session.prepared_statements.to_string()),
            ("PREPARE", names(&session.text_prepared)),
            ("user variables", names(&session.user_variables)),
            ("temporary tables", names(&session.temporary_tables)),
            ("GET_LOCK", names(&session.named_locks)),
            ("LOCK TABLES", yes(session.tables_locked)),
        ]);
    }
    if let Some(reason) = &session.not_asked {
        lines.push(("MySQL wasn't asked", reason.clone()));
    }
    let mut text: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name:<22} {value}")).collect();
    for hindrance in &session.blockers {
        text.push(format!("{:<22} {}", "hinders a flip", hindrance.sentence()));
        text.push(format!("{:<22} {}", "", hindrance.ends));
    }
    if session.blockers.is_empty() {
        text.push(format!("{:<22} nothing", "hinders a flip"));
    }
    text.join("\n")
}

fn transaction_line(session: &SessionInfo) -> String {
    let transaction = session.transaction;
    let mut words = vec![match transaction.state {
        TransactionState::None => "none",
        TransactionState::Open => "open",
        TransactionState::Unknown => "MySQL is being asked",
    }];
    if transaction.read_only {
        words.push("read only");
    }
    if transaction.state != TransactionState::None {
        words.push(match transaction.wrote {
            Some(true) => "has written",
            Some(false) => "hasn't written",
            None => "may have written: MySQL stopped telling",
        });
    }
    words.join(", ")
}
