//! Changes of the catalogue, and how they're carried out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Catalogue, Routine, RoutineKind, TEMPORARY_SCHEMA, Table, TableName, View};

impl Catalogue {
    /// These tables with the views and routines of another catalogue.
    #[must_use]
    pub fn with_definitions_of(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        for (name, database) in &mut merged.databases {
            let of_other = other.databases.get(name).cloned().unwrap_or_default();
            database.views = of_other.views;
            database.functions = of_other.functions;
            database.procedures = of_other.procedures;
        }
        merged.version += 1;
        merged
    }

    /// Carries out one change and raises the version.
    pub fn apply(&mut self, change: &CatalogueChange) {
        match change {
            CatalogueChange::PutDatabase { name, charset, collation } => {
                let database = self.databases.entry(name.clone()).or_default();
                database.charset.clone_from(charset);
                database.collation.clone_from(collation);
            }
            CatalogueChange::DropDatabase { name } => {
                self.databases.remove(name);
            }
            CatalogueChange::PutTable(table) if table.temporary.is_some() => self.session.put(table),
            CatalogueChange::DropTable(name) if name.database == TEMPORARY_SCHEMA => self.session.remove(name),
            CatalogueChange::PutTable(table) => {
                let database = self.databases.entry(table.name.database.clone()).or_default();
                database.tables.insert(table.name.table.clone(), Arc::clone(table));
            }
            CatalogueChange::DropTable(name) => {
                if let Some(database) = self.databases.get_mut(&name.database) {
                    database.tables.remove(&name.table);
                }
            }
            CatalogueChange::PutView(view) => {
                let database = self.databases.entry(view.name.database.clone()).or_default();
                database.views.insert(view.name.table.clone(), Arc::clone(view));
            }
            CatalogueChange::DropView(name) => {
                if let Some(database) = self.databases.get_mut(&name.database) {
                    database.views.remove(&name.table);
                }
            }
            CatalogueChange::PutRoutine(routine) => {
                let database = self.databases.entry(routine.name.database.clone()).or_default();
                let routines = database.routines_mut(routine.kind);
                routines.insert(routine.name.table.to_lowercase(), Arc::clone(routine));
            }
            CatalogueChange::DropRoutine { kind, name } => {
                if let Some(database) = self.databases.get_mut(&name.database) {
                    database.routines_mut(*kind).remove(&name.table.to_lowercase());
                }
            }
        }
        self.version += 1;
    }
}

/// What DDL does to the catalogue. Stored in the same PostgreSQL transaction as the DDL itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CatalogueChange {
    PutDatabase {
        name: String,
        charset: String,
        collation: String,
    },
    DropDatabase {
        name: String,
    },
    /// Creates or replaces the definition.
    PutTable(Arc<Table>),
    DropTable(TableName),
    /// Creates or replaces a view.
    PutView(Arc<View>),
    DropView(TableName),
    /// Creates or replaces a routine.
    PutRoutine(Arc<Routine>),
    DropRoutine {
        kind: RoutineKind,
        name: TableName,
    },
}

impl CatalogueChange {
    /// True for a change of the session's own tables, which is never stored.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::PutTable(table) => table.temporary.is_some(),
            Self::DropTable(name) => name.database == TEMPORARY_SCHEMA,
            Self::PutDatabase { .. }
            | Self::DropDatabase { .. }
            | Self::PutView(_)
            | Self::DropView(_)
            | Self::PutRoutine(_)
            | Self::DropRoutine { .. } => false,
        }
    }
}
