//! Rows of the system tables, as one JSON text.

use crate::schema::{Catalogue, Database, Table, View};
use crate::sql::plan::SqlError;

use super::registry::SystemTable;
use super::{columns, fixed, keys, tables};

/// Cells of one row; `None` is NULL.
pub(crate) type Cells = Vec<Option<String>>;

/// Which column of a restriction names what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Restricts {
    Schema,
    Table,
}

/// What a column of that name restricts, if anything.
pub(super) fn restricts(column: &str) -> Option<Restricts> {
    match column.to_ascii_uppercase().as_str() {
        "TABLE_SCHEMA" | "CONSTRAINT_SCHEMA" | "SCHEMA_NAME" => Some(Restricts::Schema),
        "TABLE_NAME" => Some(Restricts::Table),
        _other => None,
    }
}

/// What rows are asked for.
#[derive(Debug)]
pub(in crate::sql) struct Wanted<'w> {
    pub(crate) catalogue: &'w Catalogue,
    /// Databases, if they're restricted.
    pub(crate) schemas: Option<Vec<String>>,
    /// Tables, if they're restricted.
    pub(crate) tables: Option<Vec<String>>,
    /// `name@host` of the client.
    pub(crate) user: &'w str,
}

impl Wanted<'_> {
    pub(super) fn wants_schema(&self, name: &str) -> bool {
        wants(self.schemas.as_deref(), name)
    }

    pub(super) fn wants_table(&self, name: &str) -> bool {
        wants(self.tables.as_deref(), name)
    }

    /// The databases asked for, in order of their names.
    pub(super) fn databases(&self) -> impl Iterator<Item = (&String, &Database)> {
        self.catalogue.databases.iter().filter(|(name, _)| self.wants_schema(name))
    }

    /// The views asked for.
    pub(super) fn views(&self) -> impl Iterator<Item = &View> {
        self.databases()
            .flat_map(|(_, database)| database.views.values())
            .filter(|view| self.wants_table(&view.name.table))
            .map(AsRef::as_ref)
    }

    /// The tables asked for; a session's temporary ones aren't told of.
    pub(super) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.databases()
            .flat_map(|(_, database)| database.tables.values())
            .filter(|table| table.temporary.is_none() && self.wants_table(&table.name.table))
            .map(AsRef::as_ref)
    }
}

/// A superset of what any of MySQL's collations takes for equal: PostgreSQL decides afterwards.
fn wants(names: Option<&[String]>, name: &str) -> bool {
    let plain = |text: &str| text.is_ascii();
    names.is_none_or(|names| {
        names
            .iter()
            .any(|wanted| !plain(wanted) || !plain(name) || wanted.trim_end().eq_ignore_ascii_case(name.trim_end()))
    })
}

/// Where the rows of a table come from.
enum Maker {
    Catalogue(fn(&Wanted<'_>) -> Vec<Cells>),
    Fixed,
    Empty,
    Session,
}

fn maker(database: &str, name: &str) -> Option<Maker> {
    if database == super::SHOW {
        return Some(Maker::Session);
    }
    if database == "performance_schema" || database == "sys" {
        return match name {
            "global_status" | "global_variables" | "session_status" | "session_variables" | "processlist" => {
                Some(Maker::Session)
            }
            _other => None,
        };
    }
    Some(match name {
        "SCHEMATA" => Maker::Catalogue(tables::schemata),
        "SCHEMATA_EXTENSIONS" => Maker::Catalogue(tables::schemata_extensions),
        "TABLES" => Maker::Catalogue(tables::tables),
        "TABLES_EXTENSIONS" => Maker::Catalogue(tables::tables_extensions),
        "PARTITIONS" => Maker::Catalogue(tables::partitions),
        "COLUMNS" => Maker::Catalogue(columns::columns),
        "COLUMNS_EXTENSIONS" => Maker::Catalogue(columns::columns_extensions),
        "STATISTICS" => Maker::Catalogue(keys::statistics),
        "KEY_COLUMN_USAGE" => Maker::Catalogue(keys::key_column_usage),
        "TABLE_CONSTRAINTS" => Maker::Catalogue(keys::table_constraints),
        "TABLE_CONSTRAINTS_EXTENSIONS" => Maker::Catalogue(keys::table_constraints_extensions),
        "REFERENTIAL_CONSTRAINTS" => Maker::Catalogue(keys::referential_constraints),
        "CHARACTER_SETS"
        | "COLLATIONS"
        | "COLLATION_CHARACTER_SET_APPLICABILITY"
        | "ENGINES"
        | "KEYWORDS"
        | "PLUGINS"
        | "INNODB_FT_DEFAULT_STOPWORD"
        | "RESOURCE_GROUPS" => Maker::Fixed,
        "USER_PRIVILEGES" => Maker::Catalogue(fixed::user_privileges),
        "PROCESSLIST" => Maker::Session,
        "CHECK_CONSTRAINTS" => Maker::Catalogue(keys::check_constraints),
        "VIEWS" => Maker::Catalogue(tables::views),
        "ROUTINES" => Maker::Catalogue(super::routines::routines),
        "PARAMETERS" => Maker::Catalogue(super::routines::parameters),
        "TRIGGERS" => Maker::Catalogue(super::triggers::triggers),
        // Bascule carries no such objects: MySQL without them shows no rows either.
        "VIEW_ROUTINE_USAGE"
        | "EVENTS"
        | "FILES"
        | "LIBRARIES"
        | "ROUTINE_LIBRARIES"
        | "JSON_DUALITY_VIEWS"
        | "JSON_DUALITY_VIEW_COLUMNS"
        | "JSON_DUALITY_VIEW_LINKS"
        | "JSON_DUALITY_VIEW_TABLES"
        | "COLUMN_STATISTICS"
        | "ST_GEOMETRY_COLUMNS"
        | "SCHEMA_PRIVILEGES"
        | "TABLE_PRIVILEGES"
        | "COLUMN_PRIVILEGES"
        | "ADMINISTRABLE_ROLE_AUTHORIZATIONS"
        | "APPLICABLE_ROLES"
        | "ENABLED_ROLES"
        | "ROLE_COLUMN_GRANTS"
        | "ROLE_ROUTINE_GRANTS"
        | "ROLE_TABLE_GRANTS"
        | "USER_ATTRIBUTES"
        | "TABLESPACES_EXTENSIONS"
        | "PROFILING" => Maker::Empty,
        _unknown => return None,
    })
}

/// True when Bascule knows the rows of this table.
pub(super) fn is_served(table: &SystemTable) -> bool {
    maker(&table.table.name.database, &table.table.name.table).is_some()
}

/// The rows of a table; `session` gives those that only the session knows.
pub(in crate::sql) fn json(
    table: &SystemTable,
    wanted: &Wanted<'_>,
    session: &dyn Fn() -> Result<Vec<Cells>, SqlError>,
) -> Result<String, SqlError> {
    let name = &table.table.name;
    let rows = match maker(&name.database, &name.table) {
        Some(Maker::Catalogue(make)) => make(wanted),
        Some(Maker::Fixed) => fixed::rows(&name.table),
        Some(Maker::Empty) => Vec::new(),
        Some(Maker::Session) | None => session()?,
    };
    Ok(text(table, &rows))
}

/// The rows as an array of objects. Numbers travel as text: PostgreSQL reads both alike.
fn text(table: &SystemTable, rows: &[Cells]) -> String {
    let names: Vec<String> =
        table.table.columns.iter().map(|column| serde_json::Value::from(column.name.as_str()).to_string()).collect();
    let mut out = String::with_capacity(2 + rows.len() * 64);
    out.push('[');
    for (at, row) in rows.iter().enumerate() {
        out.push_str(if at == 0 { "{" } else { ",{" });
        let mut first = true;
        for (name, cell) in names.iter().zip(row) {
            let Some(cell) = cell else { continue };
            if !first {
                out.push(',');
            }
            first = false;
            out.push_str(name);
            out.push(':');
            // PostgreSQL's JSON can't hold NUL.
            out.push_str(&serde_json::Value::from(cell.replace('\0', "")).to_string());
        }
        out.push('}');
    }
    out.push(']');
    out
}
