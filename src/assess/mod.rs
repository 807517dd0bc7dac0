//! What would stop or bend a migration, before it begins.
//!
//! The findings are pure functions of what both servers say of themselves ([`Inventory`]): the same surveys give the
//! same report, word for word and in the same order, so two reports can be compared. They ask the very functions that
//! the migration uses — [`crate::convert`] for the schema, `types` and `collation` for values — rather than rules of their
//! own, and PostgreSQL itself is asked by making the whole schema in a transaction that is rolled back: so what isn't found
//! here isn't met there either. Only [`look`] talks to servers, and it changes nothing.

mod account;
mod data;
mod finding;
pub mod html;
mod lane;
mod look;
mod mapping;
mod objects;
mod probe;
mod server;
mod sessions;
mod tables;
mod target;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use data::{Found, Scanned};
pub use finding::{Finding, Level};
pub use look::{AssessError, OnScan, Scan, look};
pub use mapping::{Carried, TypeMapping};
pub use probe::{Class, Probe, count_query, example_query, probes};

use crate::config::{Config, Lane};
use crate::convert::Failed;
use crate::schema::TableName;
use crate::source::inspect::{Family, SourceSurvey};
use crate::target::TargetSurvey;

/// What of the configuration the findings depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub databases: Vec<String>,
    pub leave_behind: Vec<String>,
    pub lane: Lane,
    pub max_allowed_packet: u64,
    pub target_connections: usize,
    pub target_database: String,
    pub target_user: String,
}

impl Settings {
    /// Those of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            databases: config.source.as_ref().map(|source| source.databases.clone()).unwrap_or_default(),
            leave_behind: config.cutover.leave_behind.clone(),
            lane: config.mirror.source,
            max_allowed_packet: config.listen.max_allowed_packet as u64,
            target_connections: config.target.max_connections,
            target_database: config.target.database.clone(),
            target_user: config.target.user.clone(),
        }
    }
}

/// What the servers said, or why one of them couldn't be asked.
#[derive(Clone, Debug)]
pub struct Inventory {
    pub settings: Settings,
    pub source: Result<SourceSurvey, String>,
    pub target: Result<TargetSurvey, String>,
    /// What PostgreSQL refused of the schema, made in a transaction that was rolled back; or why that couldn't be tried.
    pub rehearsed: Result<Vec<Failed>, String>,
    /// What hinders reading the binary log, where the configuration wants it read.
    pub lane_problems: Vec<String>,
    /// What the scan of the rows found; `None` when it wasn't asked for.
    pub data: Option<Data>,
}

/// What a scan of the rows found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    pub scanned: Vec<Scanned>,
    pub found: Vec<(TableName, Found)>,
}

/// Whether the migration can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Go,
    NoGo,
}

/// How many findings of each level there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub blocker: usize,
    pub bends: usize,
    pub note: usize,
}

/// Everything that an assessment says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    pub counts: Counts,
    /// MySQL's version; empty when it can't be reached.
    pub source: String,
    /// PostgreSQL's version; empty when it can't be reached.
    pub target: String,
    pub databases: Vec<String>,
    pub tables: usize,
    /// By level, then by id and subject.
    pub findings: Vec<Finding>,
    pub types: Vec<TypeMapping>,
    /// The tables whose rows were scanned; absent without a scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanned: Option<Vec<Scanned>>,
}

/// The report on an inventory.
#[must_use]
pub fn assess(inventory: &Inventory) -> Report {
    let settings = &inventory.settings;
    let mut findings = Vec::new();
    let mut types = Vec::new();
    match &inventory.source {
        Ok(survey) => {
            findings.extend(server::findings(survey, settings));
            findings.extend(sessions::findings(survey));
            findings.extend(lane::findings(survey, &inventory.lane_problems, settings));
            findings.extend(account::findings(survey, settings));
            findings.extend(tables::findings(survey));
            findings.extend(objects::findings(survey, settings));
            types = mapping::of(&survey.catalogue);
            for (name, found) in inventory.data.iter().flat_map(|data| &data.found) {
                if let Some(table) = survey.catalogue.base_table(&name.database, &name.table) {
                    findings.push(data::finding(table, found));
                }
            }
        }
        Err(reason) => findings.push(unreachable("source.unreachable", "MySQL", reason, "[source]")),
    }
    match &inventory.target {
        Ok(survey) => findings.extend(target::findings(survey, inventory.source.as_ref().ok(), settings)),
        Err(reason) => findings.push(unreachable("target.unreachable", "PostgreSQL", reason, "[target]")),
    }
    if inventory.source.is_ok() && inventory.target.is_ok() {
        findings.extend(objects::rehearsed(&inventory.rehearsed, settings));
    }
    if inventory.source.as_ref().is_ok_and(|survey| server::family(survey) == Family::MariaDb) {
        findings.iter_mut().for_each(Finding::in_words_of_mariadb);
    }
    findings.sort_by(|left, right| (left.level, left.id, &left.subject).cmp(&(right.level, right.id, &right.subject)));
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let counts = Counts { blocker: count(Level::Blocker), bends: count(Level::Bends), note: count(Level::Note) };
    let source = inventory.source.as_ref().ok();
    Report {
        verdict: if counts.blocker == 0 { Verdict::Go } else { Verdict::NoGo },
        counts,
        source: source.and_then(|survey| survey.variables.get("version").cloned()).unwrap_or_default(),
        target: inventory.target.as_ref().map(|survey| survey.version.clone()).unwrap_or_default(),
        databases: settings.databases.clone(),
        tables: source.map_or(0, |survey| survey.tables.len()),
        findings,
        types,
        scanned: inventory.data.as_ref().map(|data| data.scanned.clone()),
    }
}

fn unreachable(id: &'static str, server: &'static str, reason: &str, section: &str) -> Finding {
    Finding::blocker(id, server, format!("{server} can't be asked: {reason}"))
        .why("nothing is known of it, so nothing can be said of the migration")
        .fix(format!("correct {section} in proxy.toml, or let its account in"))
}
