//! One view, routine, trigger or CHECK constraint, planned from the source's own statement.

use std::sync::Arc;

use crate::schema::{Catalogue, CatalogueChange, Routine, Table, TableName, View};
use crate::source::inspect::Definition;
use crate::sql::plan::{Given, Known};
use crate::sql::{Context, Plan, Purpose, planned};

/// What makes a definition in the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// As [`Definition::kind`].
    pub kind: &'static str,
    pub name: TableName,
    /// PostgreSQL's side. A view or a procedure has none: Bascule itself reads and carries them out.
    pub statements: Vec<String>,
    /// The catalogue's side.
    pub changes: Vec<CatalogueChange>,
}

/// Plans a definition over what `catalogue` holds, or says why it can't be carried.
///
/// # Errors
/// The reason, in the words of the refusal that a client would get.
pub fn planned_definition(definition: &Definition, catalogue: &Catalogue) -> Result<Planned, String> {
    let text = definition.text.as_ref().map_err(String::clone)?;
    let context = Context {
        catalogue: Arc::new(catalogue.clone()),
        database: Some(definition.name.database.clone()),
        sql_mode: definition.sql_mode.clone(),
        collation: definition.collation.clone(),
        purpose: Purpose::Serve,
        parameters: Known::Nothing,
        given: Given::default(),
    };
    let plan = match planned(text, &context).map_err(|error| error.message)?.plan {
        Plan::Ddl(plan) => plan,
        Plan::Query(_) | Plan::Write(_) | Plan::Session(_) => return Err("it isn't a definition".to_owned()),
    };
    let changes = plan.changes.iter().map(|change| of_source(change, definition)).collect();
    let statements = plan.statements.iter().map(|sql| sql.as_str().to_owned()).collect();
    Ok(Planned { kind: definition.kind, name: definition.name.clone(), statements, changes })
}

/// With what the source knows of it.
fn of_source(change: &CatalogueChange, definition: &Definition) -> CatalogueChange {
    match change {
        CatalogueChange::PutView(view) => {
            let charset = definition.charset.clone();
            CatalogueChange::PutView(Arc::new(View { charset, ..View::clone(view) }))
        }
        CatalogueChange::PutRoutine(routine) => CatalogueChange::PutRoutine(Arc::new(Routine {
            charset: definition.charset.clone(),
            created: definition.created,
            modified: definition.modified,
            ..Routine::clone(routine)
        })),
        CatalogueChange::PutTable(table) if definition.kind == "trigger" => {
            let mut table = Table::clone(table);
            for trigger in table.triggers.iter_mut().filter(|trigger| trigger.name == definition.name.table) {
                trigger.charset.clone_from(&definition.charset);
                trigger.created = definition.created;
            }
            CatalogueChange::PutTable(Arc::new(table))
        }
        other => other.clone(),
    }
}
