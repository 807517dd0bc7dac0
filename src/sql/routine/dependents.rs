//! Functions that depend on what a definition changes.
//!
//! A function's text in PostgreSQL was made against the tables, views and functions of its time, where MySQL resolves a
//! body when it's called. So whenever one of them changes, the functions that name it are made anew in the same
//! transaction. What can't be resolved any more fails
//! when it's reached, as in MySQL; a function that can't be carried any more is dropped in PostgreSQL alone, and its
//! calls are refused.

use std::sync::Arc;

use super::header::parsed;
use super::{function, server};
use crate::schema::{Catalogue, CatalogueChange, Database, Routine, TEMPORARY_SCHEMA, View};
use crate::sql::lexer::Lexer;
use crate::sql::plan::{Context, DdlPlan, TargetSql};

/// True when a text has one of the names in it, whatever it means there.
pub(super) fn mentions(text: &str, names: &[String]) -> bool {
    Lexer::new(text.as_bytes())
        .any(|word| word.name().is_some_and(|name| names.iter().any(|known| known.eq_ignore_ascii_case(&name))))
}

/// The names that a plan gives another meaning.
fn changed(plan: &DdlPlan) -> Vec<String> {
    let name = |change: &CatalogueChange| match change {
        CatalogueChange::PutTable(table) if table.temporary.is_none() => Some(table.name.table.clone()),
        CatalogueChange::DropTable(name) if name.database != TEMPORARY_SCHEMA => Some(name.table.clone()),
        CatalogueChange::PutView(view) => Some(view.name.table.clone()),
        CatalogueChange::DropView(name) => Some(name.table.clone()),
        CatalogueChange::PutRoutine(routine) => Some(routine.name.table.clone()),
        CatalogueChange::DropRoutine { name, .. } => Some(name.table.clone()),
        CatalogueChange::PutTable(_)
        | CatalogueChange::DropTable(_)
        | CatalogueChange::PutDatabase { .. }
        | CatalogueChange::DropDatabase { .. } => None,
    };
    plan.changes.iter().filter_map(name).collect()
}

/// Adds the functions and triggers that have to be made anew to a plan.
pub(in crate::sql) fn follow(plan: &mut DdlPlan, context: &Context) {
    let catalogue = &context.catalogue;
    let follows = |database: &Database| {
        !database.functions.is_empty() || database.tables.values().any(|table| !table.triggers.is_empty())
    };
    if plan.changes.is_empty() || !catalogue.databases.values().any(follows) {
        return;
    }
    let mut names = changed(plan);
    // A view stands in a function's text with all that it names itself.
    let views: Vec<&Arc<View>> = catalogue.databases.values().flat_map(|database| database.views.values()).collect();
    loop {
        let known = names.len();
        for view in &views {
            if !names.contains(&view.name.table) && mentions(&view.text, &names) {
                names.push(view.name.table.clone());
            }
        }
        if names.len() == known {
            break;
        }
    }
    let mut after = Catalogue::clone(catalogue);
    plan.changes.iter().for_each(|change| after.apply(change));
    let after = Context { catalogue: Arc::new(after.without_session()), ..context.clone() };
    functions(plan, &names, (context, &after));
    super::trigger::follow(plan, &names, (context, &after));
}

fn functions(plan: &mut DdlPlan, names: &[String], (before, after): (&Context, &Context)) {
    let made = |function: &Routine| {
        plan.changes.iter().any(|change| {
            let own = |name: &crate::schema::TableName| *name == function.name;
            matches!(change, CatalogueChange::PutRoutine(made) if own(&made.name))
                || matches!(change, CatalogueChange::DropRoutine { name, .. } if own(name))
        })
    };
    let functions = before.catalogue.databases.values().flat_map(|database| database.functions.values());
    let dependents: Vec<&Arc<Routine>> =
        functions.filter(|function| !made(function) && mentions(&function.body, names)).collect();
    for function in dependents {
        let context =
            Context { sql_mode: function.sql_mode.clone(), collation: function.collation.clone(), ..after.clone() };
        let text =
            parsed(function, &context).and_then(|(parsed, _)| function::create(&function.name, &parsed, &context));
        let gone = || format!("DROP FUNCTION IF EXISTS {}", server::in_server(&function.name));
        plan.statements.push(TargetSql(text.unwrap_or_else(|_| gone())));
    }
}

/// True when a function names one of the session's temporary tables, which MySQL would have it read.
pub(in crate::sql) fn reads_temporary(function: &Routine, catalogue: &Catalogue) -> bool {
    let names: Vec<String> = catalogue.session.tables().map(|table| table.title().table.clone()).collect();
    !names.is_empty() && mentions(&function.body, &names)
}
