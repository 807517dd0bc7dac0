//! Global variables that sessions of the source begin with, where they aren't those of a fresh MySQL.
//!
//! Those of [`system::INHERITED`] are taken over. Others have the values of [`crate::sql::system`] after the flip: what a
//! server's configuration says instead holds only for clients that set it themselves.

use super::SourceSurvey;
use super::finding::Finding;
use crate::sql::system;

/// Those that change what a statement means or answers and aren't taken over.
const LEFT: [&str; 5] =
    ["character_set_server", "collation_server", "init_connect", "sql_auto_is_null", "sql_safe_updates"];

/// What is to be said of them.
pub(super) fn findings(survey: &SourceSurvey) -> Vec<Finding> {
    let known = |name: &str| system::variables().find(|variable| variable.name == name).and_then(|found| found.value);
    let mut found = Vec::new();
    for name in LEFT {
        let (Some(theirs), Some(ours)) = (survey.variables.get(name), known(name).or(Some(""))) else { continue };
        if theirs.eq_ignore_ascii_case(ours) {
            continue;
        }
        let what = format!("sessions begin with {name} = '{theirs}', and with '{ours}' after the flip");
        let (why, fix) = match name {
            "init_connect" => (
                "Bascule doesn't execute it for sessions that PostgreSQL serves",
                "let every client execute it when it connects".to_owned(),
            ),
            "character_set_server" | "collation_server" => (
                "a database that is created after the flip without a character set would have another one",
                "name the character set in CREATE DATABASE".to_owned(),
            ),
            _ => (
                "what it changes isn't carried: a client that relies on it gets other answers",
                format!("SET GLOBAL {name} = '{ours}', and see that the application does without it"),
            ),
        };
        found.push(Finding::bends("source.variable", name, what).why(why).fix(fix));
    }
    found
}
