//! Triggers: they begin to fire in PostgreSQL with the flip, and not before.
//!
//! Until then MySQL's own have done their work on every row that is copied or repeated. So they are made in the pause,
//! when everything is applied and before the decision is recorded, in one transaction. Should the flip halt after that,
//! they stay silent for whoever copies and repeats (`bascule.repeats`), and the next flip makes them anew.
//!
//! What can't be carried is known beforehand: the same statements are planned at the start of mirroring and in the
//! preflight.

use std::sync::Arc;

use crate::convert::planned_definition;
use crate::schema::{Catalogue, CatalogueChange, Table, quote};
use crate::source::inspect::{self, Definition};
use crate::target::Bulk;

use super::definitions::run;
use super::director::close;
use super::{CutoverError, Director};

/// A trigger that can't be carried, and why.
pub(super) struct Uncarried {
    pub(super) name: String,
    pub(super) reason: String,
}

/// What makes the triggers of the source in the target.
struct Carriage {
    statements: Vec<String>,
    changes: Vec<CatalogueChange>,
    uncarried: Vec<Uncarried>,
}

impl Director {
    /// The triggers of the source that can't be carried as things are.
    pub(super) async fn uncarried_triggers(&self, catalogue: &Catalogue) -> Result<Vec<Uncarried>, CutoverError> {
        let definitions = self.source_triggers().await?;
        Ok(carriage(definitions, catalogue).uncarried)
    }

    async fn source_triggers(&self) -> Result<Vec<Definition>, CutoverError> {
        let source = self.source()?;
        let mut conn = inspect::connect(source).await?;
        let found = inspect::triggers(&mut conn, &source.databases).await;
        close(conn).await;
        Ok(found?)
    }

    /// Makes the triggers; those that can't be carried must be allowed to stay behind.
    pub(super) async fn carry_triggers(&self) -> Result<(), CutoverError> {
        let definitions = self.source_triggers().await?;
        let catalogue = self.parts.catalogue.load_full();
        let carriage = carriage(definitions, &catalogue);
        let allowed = self.config().now().cutover.leave_behind.iter().any(|kind| kind == "trigger");
        if let Some(uncarried) = carriage.uncarried.first().filter(|_| !allowed) {
            return Err(CutoverError::state(format!("trigger {} isn't carried: {}", uncarried.name, uncarried.reason)));
        }
        if carriage.changes.is_empty() {
            return Ok(());
        }
        let target = Bulk::connect(&self.config().target).await?;
        run(&target, carriage.statements, &carriage.changes).await?;
        self.parts.catalogue.rcu(|present| {
            let mut fresh = Catalogue::clone(present);
            carriage.changes.iter().for_each(|change| fresh.apply(change));
            Arc::new(fresh)
        });
        Ok(())
    }
}

/// Plans all of them, over tables without any.
fn carriage(definitions: Vec<Definition>, catalogue: &Catalogue) -> Carriage {
    let mut without = catalogue.clone();
    let mut carriage = Carriage { statements: Vec::new(), changes: Vec::new(), uncarried: Vec::new() };
    for table in catalogue.databases.values().flat_map(|database| database.tables.values()) {
        if !table.triggers.is_empty() {
            let bare = Table { triggers: Vec::new(), ..Table::clone(table) };
            let change = CatalogueChange::PutTable(Arc::new(bare));
            without.apply(&change);
            carriage.changes.push(change);
        }
    }
    if definitions.is_empty() && carriage.changes.is_empty() {
        return carriage;
    }
    carriage.statements.push(cleared(catalogue));
    for definition in definitions {
        match planned_definition(&definition, &without) {
            Ok(planned) => {
                planned.changes.iter().for_each(|change| without.apply(change));
                carriage.statements.extend(planned.statements);
                carriage.changes.extend(planned.changes);
            }
            Err(reason) => carriage.uncarried.push(Uncarried { name: definition.name.to_string(), reason }),
        }
    }
    carriage
}

/// Removes the triggers that an earlier flip made and didn't come to use.
fn cleared(catalogue: &Catalogue) -> String {
    let databases: Vec<String> = catalogue.databases.keys().map(|name| quote::literal(name)).collect();
    format!(
        "DO $bascule$ DECLARE t record; BEGIN FOR t IN SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger \
         JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT tgisinternal AND \
         tgname ~ '^trigger_[0-9]{{4}}$' AND n.nspname = ANY (ARRAY[{}]::text[]) LOOP EXECUTE format('DROP TRIGGER %I \
         ON %s', t.tgname, t.relation); END LOOP; END $bascule$",
        databases.join(", ")
    )
}
