//! Views, stored routines and CHECK constraints: made in the target from the source's own statements, at the start of mirroring, where the
//! operator learns what can't be carried, and once more before the flip, since they may have changed meanwhile.
//!
//! They change no rows, so their order among the transactions doesn't matter; what matters is that the applier never
//! uses one that the source has changed since: a replayed statement that reads a view or calls a function is refused.
//! What one of them needs may stand later in the list, so those that fail are tried again as long as others succeed.

use std::sync::Arc;

use crate::config::LEFT_BEHIND;
use crate::convert::planned_definition;
use crate::schema::{Catalogue, CatalogueChange, RoutineKind};
use crate::source::inspect::{self, Definition};
use crate::store::statement;
use crate::target::Bulk;

use super::director::close;
use super::picture::LeftBehind;
use super::triggers::Uncarried;
use super::{CutoverError, Director};

impl Director {
    /// Makes every view and routine of the source in the target, and adds them to `catalogue` in place of those that it
    /// has. What can't be carried is noted in the picture, with the reason.
    pub(super) async fn carry_definitions(&self, catalogue: &mut Catalogue) -> Result<(), CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let definitions = inspect::definitions(&mut conn, &source.databases).await;
        close(conn).await;
        // Those of before go only when the new ones are known.
        let definitions = definitions?;
        let target = Bulk::connect(&self.config().target).await?;
        for change in dropped(catalogue) {
            let done = run(&target, Vec::new(), std::slice::from_ref(&change)).await;
            done.map_err(|error| CutoverError::state(error.to_string()))?;
            catalogue.apply(&change);
        }
        let mut findings = carry_all(&target, definitions, catalogue).await;
        let triggers = self.uncarried_triggers(catalogue).await?;
        let told = |trigger: Uncarried| format!("trigger {} isn't carried: {}", trigger.name, trigger.reason);
        findings.extend(triggers.into_iter().map(told));
        self.picture.lock().definitions = findings;
        Ok(())
    }

    /// Adds the CHECK constraints of the source to the tables that don't have them, which nobody follows yet: whoever
    /// follows repeats what is done to them later.
    pub(super) async fn carry_checks(&self, catalogue: &mut Catalogue) -> Result<(), CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let checks = inspect::checks(&mut conn, &source.databases).await;
        close(conn).await;
        let target = Bulk::connect(&self.config().target).await?;
        let mut checks = checks?;
        checks.retain(|check| !has_check(catalogue, check));
        let findings = carry_all(&target, checks, catalogue).await;
        let mut picture = self.picture.lock();
        // Those of before were tried again.
        picture.findings.retain(|told| !told.starts_with("check constraint "));
        picture.findings.extend(findings);
        Ok(())
    }

    /// Notes what of the source would be left behind although rows depend on it.
    pub(super) async fn look_at_what_is_left(&self) -> Result<(), CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let others = inspect::not_carried(&mut conn, &source.databases).await;
        let checks = inspect::checks(&mut conn, &source.databases).await;
        close(conn).await;
        let catalogue = self.parts.catalogue.load_full();
        let reason = || "isn't carried to PostgreSQL".to_owned();
        let mut left: Vec<LeftBehind> = Vec::new();
        for item in others?.into_iter().filter(|item| LEFT_BEHIND.contains(&item.kind.as_str())) {
            let name = format!("{}.{}", item.database, item.name);
            left.push(LeftBehind { kind: item.kind, name, reason: reason() });
        }
        for check in checks?.iter().filter(|check| !has_check(&catalogue, check)) {
            left.push(LeftBehind { kind: check.kind.to_owned(), name: check.name.to_string(), reason: reason() });
        }
        for trigger in self.uncarried_triggers(&catalogue).await? {
            let reason = format!("isn't carried to PostgreSQL: {}", trigger.reason);
            left.push(LeftBehind { kind: "trigger".to_owned(), name: trigger.name, reason });
        }
        self.picture.lock().left_behind = left;
        Ok(())
    }

    /// As they are now, for the catalogue that everybody shares.
    pub(super) async fn refresh_definitions(&self) -> Result<(), CutoverError> {
        let mut fresh = Catalogue::clone(&self.parts.catalogue.load_full());
        self.carry_definitions(&mut fresh).await?;
        // The applier may have changed tables meanwhile.
        self.parts.catalogue.rcu(|present| Arc::new(present.with_definitions_of(&fresh)));
        Ok(())
    }
}

/// Whether a table of the database has the CHECK constraint; their names are the database's.
fn has_check(catalogue: &Catalogue, check: &Definition) -> bool {
    let tables = catalogue.databases.get(&check.name.database).map(|database| database.tables.values());
    tables.into_iter().flatten().any(|table| table.checks.iter().any(|own| own.name == check.name.table))
}

/// The changes that remove all views and routines.
fn dropped(catalogue: &Catalogue) -> Vec<CatalogueChange> {
    let of_database = |database: &crate::schema::Database| {
        let views = database.views.values().map(|view| CatalogueChange::DropView(view.name.clone()));
        let routines = [RoutineKind::Function, RoutineKind::Procedure].into_iter().flat_map(|kind| {
            database
                .routines(kind)
                .values()
                .map(move |routine| CatalogueChange::DropRoutine { kind, name: routine.name.clone() })
        });
        views.chain(routines).collect::<Vec<_>>()
    };
    catalogue.databases.values().flat_map(of_database).collect()
}

/// Makes all of them, in whatever order they need each other, and says what can't be made.
async fn carry_all(target: &Bulk, definitions: Vec<Definition>, catalogue: &mut Catalogue) -> Vec<String> {
    let mut pending = definitions;
    loop {
        let before = pending.len();
        let mut failed = Vec::new();
        for definition in pending {
            if let Err(reason) = carry(target, &definition, catalogue).await {
                failed.push((definition, reason));
            }
        }
        if failed.is_empty() || failed.len() == before {
            let told = |(definition, reason): &(Definition, String)| {
                format!("{} {} isn't carried: {reason}", definition.kind, definition.name)
            };
            return failed.iter().map(told).collect();
        }
        pending = failed.into_iter().map(|(definition, _)| definition).collect();
    }
}

/// Makes one of them, or says why that's impossible.
async fn carry(target: &Bulk, definition: &Definition, catalogue: &mut Catalogue) -> Result<(), String> {
    let planned = planned_definition(definition, catalogue)?;
    run(target, planned.statements, &planned.changes).await.map_err(|error| error.to_string())?;
    planned.changes.iter().for_each(|change| catalogue.apply(change));
    Ok(())
}

/// One transaction: PostgreSQL's side and the stored catalogue's.
pub(super) async fn run(
    target: &Bulk,
    mut statements: Vec<String>,
    changes: &[CatalogueChange],
) -> Result<(), crate::target::TargetError> {
    statements.insert(0, "BEGIN".to_owned());
    statements.extend(changes.iter().map(|change| statement::catalogue(change).inline()));
    statements.push("COMMIT".to_owned());
    let done = target.run(&statements.join(";\n")).await;
    if done.is_err() {
        // The error is what matters; a connection that can't roll back is closed by its owner.
        let _ = target.run("ROLLBACK").await;
    }
    done
}
