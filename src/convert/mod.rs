//! The source's schema in PostgreSQL's terms: what is made of it, in which order, and what isn't carried, by name.
//!
//! Tables are written by [`crate::schema::ddl`] and definitions planned by [`crate::sql`], which are also what the copy
//! and the served CREATE statements use: there's one conversion, and this room only orders it. Everything that isn't
//! carried is found at once, rather than the first of each table.

mod definition;
mod script;
mod standing;

use std::sync::Arc;

use crate::schema::{Catalogue, SchemaError, Table, ddl};
use crate::source::inspect::{Definition, Reasons};

pub use definition::{Planned, planned_definition};
pub use script::{Helpers, Kept, Piece, Script, Stage, Triggers, script};
pub use standing::{Difference, Failed, StandingError, apply, differences, rehearse};

/// An object of the source that isn't carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// `table`, `view`, `procedure`, `function`, `trigger`, `check constraint`, `event`, `database`.
    pub kind: &'static str,
    pub name: String,
    pub reason: String,
}

/// Everything of a table that isn't carried, not only the first. Where an expression is refused, `reasons` says why.
#[must_use]
pub fn refusals(catalogue: &Catalogue, table: &Table, reasons: &Reasons) -> Vec<SchemaError> {
    let mut found = refused(catalogue, table);
    for error in &mut found {
        if let SchemaError::Column { column: name, what, .. } | SchemaError::Key { key: name, what, .. } = error
            && let Some(reason) = reasons.get(&(table.name.clone(), name.clone()))
        {
            *what = format!("{what} ({reason})");
        }
    }
    found
}

fn refused(catalogue: &Catalogue, table: &Table) -> Vec<SchemaError> {
    if let Some(refusal @ SchemaError::Special { .. }) = ddl::refused_kind(table) {
        return vec![refusal];
    }
    let mut found: Vec<SchemaError> = ddl::refused_kind(table).into_iter().collect();
    found.extend(table.columns.iter().filter_map(|column| ddl::column(table, column).err()));
    // A key on a column that isn't carried would say the same again.
    let carried = |name: Option<&str>| {
        name.and_then(|name| table.column(name)).is_none_or(|column| ddl::column(table, column).is_ok())
    };
    for key in table.keys.iter().filter(|key| ddl::has_index(key)) {
        if key.parts.iter().all(|part| carried(part.column.as_deref())) {
            found.extend(ddl::key(table, key).err());
        }
    }
    for key in &table.foreign_keys {
        let refused = ddl::foreign_key(table, key).err();
        found.extend(refused.or_else(|| ddl::check_foreign_key(catalogue, table, key).err()));
    }
    found
}

/// Plans definitions in whatever order they need each other, and notes them in `catalogue`. What one of them needs may
/// stand later in the list, so those that fail are tried again as long as others succeed.
pub fn plan_all(definitions: &[Definition], catalogue: &mut Catalogue) -> (Vec<Planned>, Vec<Refused>) {
    let mut planned = Vec::new();
    let mut pending: Vec<&Definition> = definitions.iter().collect();
    loop {
        let before = pending.len();
        let mut failed = Vec::new();
        for definition in pending {
            match planned_definition(definition, catalogue) {
                Ok(done) => {
                    done.changes.iter().for_each(|change| catalogue.apply(change));
                    planned.push(done);
                }
                Err(reason) => failed.push((definition, reason)),
            }
        }
        if failed.is_empty() || failed.len() == before {
            let refused = failed.into_iter().map(|(definition, reason)| Refused {
                kind: definition.kind,
                name: definition.name.to_string(),
                reason,
            });
            return (planned, refused.collect());
        }
        pending = failed.into_iter().map(|(definition, _)| definition).collect();
    }
}

/// Every table of the catalogue.
#[must_use]
pub fn tables_of(catalogue: &Catalogue) -> Vec<Arc<Table>> {
    catalogue.databases.values().flat_map(|database| database.tables.values().cloned()).collect()
}
