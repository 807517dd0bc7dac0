//! The MySQL schema as Bascule knows it, and its counterpart in PostgreSQL. Pure.
//!
//! The same [`Catalogue`] serves every room: it's read from MySQL's information_schema by `source`, stored as JSON
//! in the target by `store`, changed by DDL that `sql` parsed, and resolved against by `sql` when it rewrites.

mod change;
pub mod charset;
pub mod collation;
mod columns;
pub mod ddl;
pub mod default;
mod error;
mod index;
pub mod quote;
mod range;
mod routine;
pub mod temporary;
mod trigger;
pub mod types;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use change::CatalogueChange;
pub use columns::column_type;
pub use error::SchemaError;
pub use index::{compared_column, ignores_blanks};
pub use range::{Bound, Range};
pub use routine::{Characteristics, ParameterMode, Routine, RoutineKind};
pub use temporary::{TEMPORARY_SCHEMA, TemporaryTables};
pub use trigger::{Trigger, TriggerEvent, TriggerTime};

use serde::{Deserialize, Serialize};

/// All databases that Bascule carries. Cheap to clone and to swap; tables are shared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Raised by every change; part of the plan cache's key.
    pub version: u64,
    /// MySQL's `lower_case_table_names`: 0 means table names compare exactly, 1 and 2 ignore case.
    pub lower_case_table_names: u8,
    /// By name.
    pub databases: BTreeMap<String, Database>,
    /// Of the session whose view of the catalogue this is; empty in what sessions share.
    #[serde(skip)]
    pub session: TemporaryTables,
}

/// One MySQL database, one PostgreSQL schema of the same name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Database {
    /// Default character set, e.g. `utf8mb4`.
    pub charset: String,
    /// Default collation, e.g. `utf8mb4_0900_ai_ci`.
    pub collation: String,
    /// By name.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// By name; views and tables share their names.
    #[serde(default)]
    pub views: BTreeMap<String, Arc<View>>,
    /// By name in lower case: MySQL never distinguishes case in them.
    #[serde(default)]
    pub procedures: BTreeMap<String, Arc<Routine>>,
    /// As above.
    #[serde(default)]
    pub functions: BTreeMap<String, Arc<Routine>>,
}

/// Database and table name, as MySQL spells them. The PostgreSQL names are the same, always quoted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The MySQL database.
    pub database: String,
    /// The table.
    pub table: String,
}

impl std::fmt::Display for TableName {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.database, self.table)
    }
}

/// A base table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Where it lives.
    pub name: TableName,
    /// In MySQL's ordinal order.
    pub columns: Vec<Column>,
    /// PRIMARY first, then in definition order.
    pub keys: Vec<Key>,
    /// In definition order.
    pub foreign_keys: Vec<ForeignKey>,
    /// Default character set of new columns.
    pub charset: String,
    /// Default collation of new columns.
    pub collation: String,
    /// The next AUTO_INCREMENT value, when the table has such a column.
    pub auto_increment: Option<u64>,
    /// Table comment.
    pub comment: String,
    /// Storage engine as MySQL names it, e.g. `InnoDB`.
    pub engine: String,
    /// True when MySQL has triggers on it: statements on it can't be replayed exactly.
    pub has_triggers: bool,
    /// CHECK constraints in definition order.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Triggers that PostgreSQL fires, those of one time and event in their order.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    /// Options that only SHOW CREATE TABLE shows: name in upper case, and value as it's shown.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// MySQL's text of PARTITION BY as SHOW CREATE TABLE shows it, or empty. The rows lie in one table.
    #[serde(default)]
    pub partitioning: String,
    /// The name that a session gave to its temporary table; `name` is then where PostgreSQL keeps it.
    #[serde(default)]
    pub temporary: Option<TableName>,
    /// Of a MERGE table: the tables below it.
    #[serde(default)]
    pub merge: Option<Merge>,
}

/// What a MERGE table (MySQL manual, "The MERGE Storage Engine") is made of: its rows are those of the tables below.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merge {
    /// Tables of the same database, in the order of UNION.
    pub tables: Vec<String>,
    /// Which of them takes new rows; `None` is a table that can't be inserted into.
    pub insert: Option<String>,
}

impl Table {
    /// The name that clients know: a temporary table's own, or else the table's.
    #[must_use]
    pub fn title(&self) -> &TableName {
        self.temporary.as_ref().unwrap_or(&self.name)
    }

    /// The column of that name; column names never distinguish case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The primary key, if there is one.
    #[must_use]
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.kind == KeyKind::Primary)
    }

    /// The key that tells rows apart: the primary key, or a unique one that can't be NULL, of columns that are stored.
    /// One that holds whole values comes before one that holds their beginnings.
    #[must_use]
    pub fn row_key(&self) -> Option<&Key> {
        let stored = |key: &Key| {
            key.parts.iter().all(|part| {
                let column = part.column.as_deref().and_then(|name| self.column(name));
                column.is_some_and(|column| !column.nullable && column.generated.is_none())
            })
        };
        let unique = |key: &&Key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique) && stored(key);
        self.keys.iter().filter(unique).min_by_key(|key| (!key.is_whole(), key.kind != KeyKind::Primary))
    }

    /// The AUTO_INCREMENT column.
    #[must_use]
    pub fn auto_increment_column(&self) -> Option<&Column> {
        self.columns.iter().find(|column| column.auto_increment)
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// As declared.
    pub name: String,
    /// Its type.
    pub column_type: ColumnType,
    /// `int unsigned`, as `COLUMN_TYPE` prints it.
    pub type_text: String,
    /// False for NOT NULL and primary key columns.
    pub nullable: bool,
    /// What an INSERT that doesn't name it stores.
    pub default: ColumnDefault,
    /// ON UPDATE CURRENT_TIMESTAMP, with its fractional digits.
    pub on_update_now: Option<u8>,
    /// AUTO_INCREMENT.
    pub auto_increment: bool,
    /// `Some` for generated columns.
    pub generated: Option<Generated>,
    /// Of character types, ENUM and SET.
    pub charset: Option<String>,
    /// Of character types, ENUM and SET.
    pub collation: Option<String>,
    /// Column comment.
    pub comment: String,
    /// INVISIBLE columns are left out of `*`.
    pub invisible: bool,
    /// The definition names its character set or collation, which SHOW CREATE TABLE then shows whatever the table's is.
    #[serde(default)]
    pub explicit_collation: bool,
    /// `DEFAULT (expr)` as a PostgreSQL expression, unless the schema room knows it by its text.
    #[serde(default)]
    pub default_sql: String,
}

impl Column {
    /// `(M, D)` of FLOAT(M,D) and DOUBLE(M,D), whose values are rounded when they are stored.
    #[must_use]
    pub fn digits(&self) -> Option<(u32, u32)> {
        if !matches!(self.column_type, ColumnType::Float { .. } | ColumnType::Double { .. }) {
            return None;
        }
        let inside = self.type_text.split_once('(')?.1.split_once(')')?.0;
        let (whole, decimals) = inside.split_once(',')?;
        Some((whole.trim().parse().ok()?, decimals.trim().parse().ok()?))
    }

    /// The width to which a ZEROFILL column's values are filled with zeros.
    #[must_use]
    pub fn zerofill(&self) -> Option<u32> {
        if !self.type_text.ends_with("zerofill") {
            return None;
        }
        let inside = self.type_text.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        let first = inside.and_then(|(inside, _)| inside.split(',').next()?.trim().parse().ok());
        Some(match (&self.column_type, first) {
            (ColumnType::Decimal { precision, scale, .. }, _) => u32::from(*precision) + u32::from(*scale > 0),
            (_, Some(width)) => width,
            (ColumnType::Float { .. }, None) => 12,
            (ColumnType::Double { .. }, None) => 22,
            (_, None) => 10,
        })
    }
}

/// A CHECK constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    /// MySQL's text, as information_schema prints it.
    pub expression: String,
    pub enforced: bool,
    /// The same as a PostgreSQL expression.
    pub sql: String,
    /// The columns that it names.
    pub columns: Vec<String>,
}

/// A view: a query that is put in its place whenever a statement reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub name: TableName,
    /// The SELECT as it was written.
    pub text: String,
    /// The SELECT as SHOW CREATE VIEW prints it.
    pub canonical: String,
    /// The same with the database of every table, as information_schema prints it; empty where it's not known.
    #[serde(default)]
    pub full: String,
    /// The default database in which names of the text are looked up.
    pub database: Option<String>,
    /// The `sql_mode` that the text is read under.
    pub sql_mode: String,
    /// `collation_connection` when it was made.
    pub collation: String,
    /// `character_set_client` when it was made.
    pub charset: String,
    /// Names of the columns and what is known of their types.
    pub columns: Vec<Column>,
    /// True when the statement listed the names.
    pub named_columns: bool,
    /// UNDEFINED, MERGE or TEMPTABLE.
    pub algorithm: String,
    /// `user@host`.
    pub definer: String,
    /// DEFINER or INVOKER.
    pub security: String,
    /// NONE, LOCAL or CASCADED.
    pub check_option: String,
}

/// A generated column's expression, in MySQL's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// MySQL's expression text.
    pub expression: String,
    /// STORED, or else VIRTUAL.
    pub stored: bool,
    /// The same as a PostgreSQL expression; empty when it isn't carried.
    #[serde(default)]
    pub sql: String,
}

/// A column's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ColumnDefault {
    /// No default: NOT NULL columns must be given (error 1364).
    None,
    /// DEFAULT NULL, or a nullable column without a default.
    Null,
    /// A constant, in the text that information_schema prints.
    Constant(String),
    /// CURRENT_TIMESTAMP with its fractional digits.
    Now(u8),
    /// `DEFAULT (expr)`, MySQL's text.
    Expression(String),
}

/// MySQL column types. Widths are what the metadata needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColumnType {
    /// TINYINT; `width` is `Some(1)` for the boolean idiom TINYINT(1).
    TinyInt {
        unsigned: bool,
        width: Option<u8>,
    },
    SmallInt {
        unsigned: bool,
    },
    MediumInt {
        unsigned: bool,
    },
    Int {
        unsigned: bool,
    },
    BigInt {
        unsigned: bool,
    },
    Decimal {
        precision: u8,
        scale: u8,
        unsigned: bool,
    },
    Float {
        unsigned: bool,
    },
    Double {
        unsigned: bool,
    },
    Bit {
        bits: u8,
    },
    Year,
    Date,
    Time {
        fraction: u8,
    },
    DateTime {
        fraction: u8,
    },
    Timestamp {
        fraction: u8,
    },
    /// Length in characters.
    Char {
        length: u32,
    },
    /// Length in characters.
    VarChar {
        length: u32,
    },
    TinyText,
    Text,
    MediumText,
    LongText,
    /// Length in bytes.
    Binary {
        length: u32,
    },
    /// Length in bytes.
    VarBinary {
        length: u32,
    },
    TinyBlob,
    Blob,
    MediumBlob,
    LongBlob,
    Enum {
        labels: Vec<String>,
    },
    Set {
        labels: Vec<String>,
    },
    Json,
    /// GEOMETRY and its kinds: the value in MySQL's own form, its SRID and WKB.
    Geometry {
        /// `geometry`, `point`, … as MySQL prints it.
        kind: String,
        /// The only SRID that the column takes.
        srid: Option<u32>,
    },
    /// A type that Bascule refuses by name, e.g. `vector(3)`.
    Unsupported {
        name: String,
    },
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyKind {
    Primary,
    Unique,
    Secondary,
    Fulltext,
    Spatial,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// MySQL's name; `PRIMARY` for the primary key.
    pub name: String,
    pub kind: KeyKind,
    pub parts: Vec<KeyPart>,
    /// What changes nothing but what is shown of the key.
    #[serde(default)]
    pub options: KeyOptions,
}

impl Key {
    /// Whether every part holds whole values.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.parts.iter().all(|part| part.prefix.is_none())
    }
}

/// Attributes of a key that PostgreSQL's index doesn't need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyOptions {
    pub invisible: bool,
    pub comment: String,
    /// `BTREE` or `HASH` where the statement said so.
    pub algorithm: Option<String>,
    /// WITH PARSER of a FULLTEXT key.
    pub parser: Option<String>,
    pub block_size: Option<u64>,
    /// MySQL made it below a foreign key; it goes when another key covers it.
    #[serde(default)]
    pub generated: bool,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPart {
    /// A column, or `None` for a functional part.
    pub column: Option<String>,
    /// MySQL's expression text of a functional part.
    pub expression: Option<String>,
    /// The same as a PostgreSQL expression; empty when PostgreSQL has no index on it.
    #[serde(default)]
    pub sql: String,
    /// Prefix length in characters or bytes.
    pub prefix: Option<u32>,
    pub descending: bool,
}

/// ON DELETE / ON UPDATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferentialAction {
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

impl ReferentialAction {
    /// Whether the rows that refer to another one change with it.
    #[must_use]
    pub const fn follows(self) -> bool {
        match self {
            Self::Cascade | Self::SetNull | Self::SetDefault => true,
            Self::NoAction | Self::Restrict => false,
        }
    }
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    pub references: TableName,
    pub referenced_columns: Vec<String>,
    pub on_delete: ReferentialAction,
    pub on_update: ReferentialAction,
}

impl Catalogue {
    /// The table of that name, by the rules of `lower_case_table_names`: the session's temporary one, or else the base
    /// table.
    #[must_use]
    pub fn table(&self, database: &str, table: &str) -> Option<&Arc<Table>> {
        let own = self.session.get(database, table, self.lower_case_table_names != 0);
        own.or_else(|| self.base_table(database, table))
    }

    /// What all sessions share of this catalogue.
    #[must_use]
    pub fn without_session(&self) -> Self {
        Self { session: TemporaryTables::default(), ..self.clone() }
    }

    /// The table that PostgreSQL keeps in this schema under this name.
    #[must_use]
    pub fn stored_table(&self, schema: &str, table: &str) -> Option<&Arc<Table>> {
        if schema == TEMPORARY_SCHEMA { self.session.stored(table) } else { self.base_table(schema, table) }
    }

    /// The base table of that name, whether or not a temporary one hides it.
    #[must_use]
    pub fn base_table(&self, database: &str, table: &str) -> Option<&Arc<Table>> {
        let found = self.database(database)?;
        if let Some(exact) = found.tables.get(table) {
            return Some(exact);
        }
        if self.lower_case_table_names == 0 {
            return None;
        }
        found.tables.iter().find(|(name, _)| name.eq_ignore_ascii_case(table)).map(|(_, table)| table)
    }

    /// Whether rows follow the table's by a foreign key: when one is deleted or gets another key.
    #[must_use]
    pub fn cascades_from(&self, table: &TableName) -> bool {
        let follows =
            |key: &ForeignKey| key.references == *table && (key.on_delete.follows() || key.on_update.follows());
        let tables = self.databases.values().flat_map(|database| database.tables.values());
        tables.flat_map(|table| &table.foreign_keys).any(follows)
    }

    /// The view of that name, by the rules of `lower_case_table_names`.
    #[must_use]
    pub fn view(&self, database: &str, view: &str) -> Option<&Arc<View>> {
        let found = self.database(database)?;
        if let Some(exact) = found.views.get(view) {
            return Some(exact);
        }
        if self.lower_case_table_names == 0 {
            return None;
        }
        found.views.iter().find(|(name, _)| name.eq_ignore_ascii_case(view)).map(|(_, view)| view)
    }

    /// The database of that name, by the rules of `lower_case_table_names`.
    #[must_use]
    pub fn database(&self, database: &str) -> Option<&Database> {
        if let Some(exact) = self.databases.get(database) {
            return Some(exact);
        }
        if self.lower_case_table_names == 0 {
            return None;
        }
        self.databases.iter().find(|(name, _)| name.eq_ignore_ascii_case(database)).map(|(_, database)| database)
    }
}
