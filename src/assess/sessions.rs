//! Global variables that sessions of the source begin with, where they aren't those of a fresh MySQL.
//!
//! Bascule's own sessions begin with the defaults of [`crate::sql::system`]: what a server's configuration says instead
//! holds only for clients that set it themselves.

use super::SourceSurvey;
use super::finding::Finding;
use crate::sql::system;

/// Those that change what a statement means or answers.
const MEANING: [&str; 23] = [
    "auto_increment_increment",
    "auto_increment_offset",
    "autocommit",
    "block_encryption_mode",
    "character_set_server",
    "collation_server",
    "completion_type",
    "cte_max_recursion_depth",
    "default_storage_engine",
    "default_week_format",
    "div_precision_increment",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "init_connect",
    "innodb_lock_wait_timeout",
    "lc_time_names",
    "sql_auto_is_null",
    "sql_mode",
    "sql_safe_updates",
    "sql_select_limit",
    "time_zone",
    "transaction_isolation",
];

/// What is to be said of them.
pub(super) fn findings(survey: &SourceSurvey) -> Vec<Finding> {
    let known = |name: &str| system::variables().find(|variable| variable.name == name).and_then(|found| found.value);
    let mut found = Vec::new();
    for name in MEANING {
        let (Some(theirs), Some(ours)) = (survey.variables.get(name), known(name).or(Some(""))) else { continue };
        if theirs.eq_ignore_ascii_case(ours) || (name == "time_zone" && is_utc(theirs, survey)) {
            continue;
        }
        let what = format!("sessions begin with {name} = '{theirs}', and with '{ours}' after the flip");
        let why = match name {
            "time_zone" => {
                "NOW() and every TIMESTAMP would be shown and read in UTC by clients that don't set their zone"
            }
            "sql_mode" => {
                "values are refused, cut or clamped otherwise, and text is read otherwise, in clients that don't set it"
            }
            "init_connect" => "Bascule doesn't execute it for sessions that PostgreSQL serves",
            _ => "the server's own setting isn't carried: a client that relies on it gets other answers",
        };
        let fix = match name {
            "init_connect" => "let every client execute it when it connects".to_owned(),
            _ => format!(
                "let every client say SET SESSION {name} = '{theirs}' when it connects; or SET GLOBAL through Bascule after \
                 the flip, again after each of its starts"
            ),
        };
        found.push(Finding::bends("source.variable", name, what).why(why).fix(fix));
    }
    found
}

/// SYSTEM in another zone has a finding of its own.
fn is_utc(zone: &str, survey: &SourceSurvey) -> bool {
    match zone.to_ascii_uppercase().as_str() {
        "SYSTEM" => survey.system_offset_seconds == 0,
        "UTC" | "+00:00" | "-00:00" => true,
        _ => false,
    }
}
