//! What the lane needs by which changes come: captured statements need nothing of the binary log but its GTIDs, the lane of
//! the binary log needs whole rows in it, and time to read them.

use super::finding::Finding;
use super::{Settings, SourceSurvey};
use crate::binlog;
use crate::config::Lane;
use crate::convert;

/// A binary log that is thrown away sooner than this leaves little time to take up mirroring after a halt.
const SHORT_EXPIRY_SECONDS: u64 = 86_400;

/// Settings that have findings of their own wherever they are told.
const OWN: [&str; 4] = ["log_bin", "gtid_mode", "binlog_format", "binlog_row_image"];

/// What is to be said of the lane that the configuration names.
pub(super) fn findings(survey: &SourceSurvey, problems: &[String], settings: &Settings) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        [("source.binlog_format", "binlog_format", "ROW"), ("source.binlog_row_image", "binlog_row_image", "FULL")]
            .into_iter()
            .filter_map(|(id, name, good)| setting(survey, (id, name, good), settings.lane))
            .collect();
    if settings.lane == Lane::Statements {
        return found;
    }
    found.extend(expiry(survey));
    let own = |problem: &str| OWN.iter().any(|name| problem.starts_with(&format!("MySQL has {name} = ")));
    found.extend(problems.iter().filter(|problem| !own(problem)).map(|problem| {
        let (what, fix) = problem.rsplit_once(": ").unwrap_or((problem, "see the reason"));
        Finding::blocker("source.binlog", "the binary log", what)
            .why("mirroring by the binary log doesn't begin with it")
            .fix(fix)
    }));
    for table in convert::tables_of(&survey.catalogue) {
        found.extend(binlog::uncarried(&table).into_iter().map(|what| {
            Finding::blocker("source.binlog.text", table.name.to_string(), what)
                .why("the binary log holds the bytes of the column's own character set, which Bascule must read itself")
                .fix(format!(
                    "ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4; or proxy.toml: [mirror] source = \"statements\"",
                    super::tables::quoted(&table.name)
                ))
        }));
    }
    found
}

/// A server that has dropped a variable knows its one value only.
fn setting(survey: &SourceSurvey, (id, name, good): (&'static str, &str, &str), lane: Lane) -> Option<Finding> {
    let value = survey.variables.get(name).filter(|value| !value.eq_ignore_ascii_case(good))?;
    let what = format!("{name} is '{value}'");
    let fix = format!("SET PERSIST {name} = '{good}', and let sessions connect anew");
    Some(match lane {
        Lane::Binlog if name == "binlog_format" => Finding::bends(id, name, what)
            .why("statements in place of rows are repeated where that is exact, and halt their tables where it isn't")
            .fix(fix),
        Lane::Binlog => Finding::blocker(id, name, what)
            .why("mirroring by the binary log needs whole rows in it: it doesn't begin without")
            .fix(fix),
        Lane::Statements => Finding::note(id, name, what)
            .why("mirroring by captured statements goes without; [mirror] source = \"binlog\" wants it")
            .fix(fix),
    })
}

fn expiry(survey: &SourceSurvey) -> Option<Finding> {
    let expiry: u64 = survey.variables.get("binlog_expire_logs_seconds")?.parse().ok()?;
    (expiry > 0 && expiry < SHORT_EXPIRY_SECONDS).then(|| {
        let what = format!("the binary log is kept for {expiry} s");
        Finding::bends("source.binlog_expire", "binlog_expire_logs_seconds", what)
            .why("when mirroring stands still for longer, everything must be copied again")
            .fix("SET PERSIST binlog_expire_logs_seconds = 259200")
    })
}
