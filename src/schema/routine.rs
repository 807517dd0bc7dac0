//! Stored procedures and functions as the catalogue holds them: their text in parts, and what it's read under.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Catalogue, Column, Database, TableName};

/// Procedures and functions have names of their own each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RoutineKind {
    Procedure,
    Function,
}

impl RoutineKind {
    /// MySQL's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Procedure => "PROCEDURE",
            Self::Function => "FUNCTION",
        }
    }
}

/// How a parameter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterMode {
    In,
    Out,
    InOut,
}

impl ParameterMode {
    /// MySQL's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::In => "IN",
            Self::Out => "OUT",
            Self::InOut => "INOUT",
        }
    }
}

/// A stored procedure or function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routine {
    pub name: TableName,
    pub kind: RoutineKind,
    /// The text between the parentheses behind the name.
    pub parameters: String,
    /// The same, resolved: types don't follow the database's defaults afterwards.
    pub arguments: Vec<(ParameterMode, Column)>,
    /// What a function returns.
    pub result: Option<Column>,
    /// The statement that it consists of, as it was written.
    pub body: String,
    pub characteristics: Characteristics,
    /// `user@host`.
    pub definer: String,
    /// The `sql_mode` that the body is read and executed under.
    pub sql_mode: String,
    /// `character_set_client` when it was made.
    pub charset: String,
    /// `collation_connection` when it was made, under which it is executed.
    pub collation: String,
    /// The database's collation when it was made.
    pub database_collation: String,
    /// Microseconds since the epoch.
    pub created: i64,
    pub modified: i64,
}

/// What ALTER can change of a routine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Characteristics {
    pub deterministic: bool,
    /// `CONTAINS SQL`, `NO SQL`, `READS SQL DATA` or `MODIFIES SQL DATA`.
    pub access: String,
    /// SQL SECURITY INVOKER, or else DEFINER.
    pub invoker: bool,
    pub comment: String,
}

impl Database {
    /// The procedures or the functions.
    #[must_use]
    pub const fn routines(&self, kind: RoutineKind) -> &BTreeMap<String, Arc<Routine>> {
        match kind {
            RoutineKind::Procedure => &self.procedures,
            RoutineKind::Function => &self.functions,
        }
    }

    pub(super) const fn routines_mut(&mut self, kind: RoutineKind) -> &mut BTreeMap<String, Arc<Routine>> {
        match kind {
            RoutineKind::Procedure => &mut self.procedures,
            RoutineKind::Function => &mut self.functions,
        }
    }
}

impl Catalogue {
    /// The routine of that name; its case doesn't count.
    #[must_use]
    pub fn routine(&self, kind: RoutineKind, database: &str, name: &str) -> Option<&Arc<Routine>> {
        self.database(database)?.routines(kind).get(&name.to_lowercase())
    }
}
