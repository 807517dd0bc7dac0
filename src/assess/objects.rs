//! What lies beside the tables: views, stored routines, triggers, CHECK constraints, events.
//!
//! Each is planned as the start of mirroring and the flip would plan it, over the tables that are carried, so a reason
//! that is told here is the reason that would be met there.

use super::finding::Finding;
use super::{Settings, SourceSurvey};
use crate::convert::{self, Failed, Refused};
use crate::schema::TableName;

/// What is to be said of them.
pub(super) fn findings(survey: &SourceSurvey, settings: &Settings) -> Vec<Finding> {
    let mut catalogue = survey.catalogue.clone();
    let mut found = Vec::new();
    let lists = [&survey.checks, &survey.definitions, &survey.triggers];
    for refused in lists.into_iter().flat_map(|list| convert::plan_all(list, &mut catalogue).1) {
        found.push(uncarried(&refused, settings));
    }
    found.extend(survey.events.iter().map(|event| events(event, settings)));
    found
}

/// What is planned, and PostgreSQL itself refuses. What hangs on a refused table says nothing more.
pub(super) fn rehearsed(rehearsed: &Result<Vec<Failed>, String>, settings: &Settings) -> Vec<Finding> {
    const ID: &str = "target.refuses";
    let failed = match rehearsed {
        Ok(failed) => failed,
        Err(reason) => {
            let what = format!("the schema couldn't be rehearsed: {reason}");
            let finding = Finding::bends("target.rehearsal", "schema", what)
                .why("whether PostgreSQL takes every table, key and function is known only by trying")
                .fix("see the other findings on PostgreSQL, then assess again");
            return vec![finding];
        }
    };
    let of_table =
        |name: &str| failed.iter().any(|other| other.kind == "table" && name.starts_with(&format!("{}.", other.name)));
    let finding = |failed: &Failed| {
        let Failed { kind, name, reason } = failed;
        let what = format!("PostgreSQL refuses {kind} {name}: {reason}");
        let allowed = *kind == "function" || settings.leave_behind.iter().any(|left| left == kind);
        let finding = if allowed { Finding::bends(ID, name, what) } else { Finding::blocker(ID, name, what) };
        finding
            .why("it was tried, in a transaction that was rolled back; mirroring or the flip would meet the same error")
            .fix(format!("change or drop {kind} {name} on MySQL; `bascule schema` shows the statement that is refused"))
    };
    failed.iter().filter(|failed| !of_table(&failed.name)).map(finding).collect()
}

/// Without a trigger or a CHECK constraint PostgreSQL would hold other rows than MySQL: the flip asks for a decision.
fn uncarried(refused: &Refused, settings: &Settings) -> Finding {
    let Refused { kind, name, reason } = refused;
    let what = format!("{kind} {name} isn't carried: {reason}");
    let drop = if *kind == "check constraint" {
        "drop it from its table (SHOW CREATE TABLE names it)".to_owned()
    } else {
        let (database, object) = name.split_once('.').unwrap_or(("", name));
        format!("DROP {} `{database}`.`{object}`", kind.to_uppercase())
    };
    if !matches!(*kind, "trigger" | "check constraint") {
        let id = match *kind {
            "view" => "view.refused",
            "function" => "function.refused",
            _ => "procedure.refused",
        };
        return Finding::bends(id, name.clone(), what)
            .why("clients that use it get an error after the flip")
            .fix(format!("write it in terms that are carried, or {drop} and let the application do it"));
    }
    let id = if *kind == "trigger" { "trigger.refused" } else { "check.refused" };
    let why =
        "it changes or refuses rows on MySQL and wouldn't on PostgreSQL, so the flip doesn't go without a decision";
    let fix = format!("{drop}; or accept it in proxy.toml: [cutover] leave_behind = [\"{kind}\"]");
    match settings.leave_behind.iter().any(|allowed| allowed == kind) {
        true => Finding::bends(id, name.clone(), what).why("proxy.toml allows it to stay behind").fix(fix),
        false => Finding::blocker(id, name.clone(), what).why(why).fix(fix),
    }
}

fn events(event: &TableName, settings: &Settings) -> Finding {
    let what = format!("event {event} isn't carried");
    let fix = format!(
        "let cron or pg_cron do its work and DROP EVENT `{}`.`{}`; or accept it in proxy.toml: [cutover] leave_behind = \
         [\"event\"]",
        event.database, event.table
    );
    match settings.leave_behind.iter().any(|allowed| allowed == "event") {
        true => Finding::bends("event", event.to_string(), what).why("proxy.toml allows it to stay behind").fix(fix),
        false => Finding::blocker("event", event.to_string(), what)
            .why("its changes wouldn't happen on PostgreSQL, so the flip doesn't go without a decision")
            .fix(fix),
    }
}
