//! Rows of the SHOW commands that say nothing but what the catalogue says.

use crate::sql::pattern::{Case, like};
use std::borrow::Cow;

use crate::schema::{Catalogue, Column, ColumnDefault, Table, TableName};
use crate::sql::plan::{ShowCommand, Shown};

use super::rows::{Cells, Wanted};
use super::{columns, fixed, keys, registry, tables};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The rows; `None` for commands that need more than the catalogue.
pub(in crate::sql) fn shown_rows(command: &ShowCommand, catalogue: &Catalogue) -> Option<Vec<Cells>> {
    // Names of databases and tables are told apart by case unless the server was set up otherwise.
    let exact = if catalogue.lower_case_table_names == 0 { Case::Counts } else { Case::Ignored };
    let (rows, case) = match &command.what {
        Shown::Databases => (databases(catalogue), exact),
        Shown::Tables { database, full } => (list(catalogue, database, *full), exact),
        Shown::TableStatus { database } => (status(catalogue, database), exact),
        Shown::Columns { table, full } => (table_columns(catalogue, table, *full), Case::Ignored),
        Shown::Index { table } => (index(catalogue, table), Case::Ignored),
        Shown::Engines => (fixed::rows("ENGINES"), Case::Ignored),
        Shown::Plugins => (plugins(), Case::Ignored),
        Shown::Privileges => (fixed::rows("PRIVILEGES"), Case::Ignored),
        Shown::Collations => (fixed::rows("COLLATIONS"), Case::Ignored),
        Shown::Charsets => (charsets(), Case::Ignored),
        Shown::Routines { kind } => {
            let rows = super::routines::status(catalogue, kind);
            let Some(pattern) = &command.like else { return Some(rows) };
            let named = |row: &Cells| cell(row, 1).is_some_and(|name| like(&name, pattern, Case::Ignored));
            return Some(rows.into_iter().filter(named).collect());
        }
        Shown::Triggers { database } => {
            // LIKE is about the table.
            let rows = super::triggers::shown(catalogue, database);
            let Some(pattern) = &command.like else { return Some(rows) };
            let named = |row: &Cells| cell(row, 2).is_some_and(|table| like(&table, pattern, exact));
            return Some(rows.into_iter().filter(named).collect());
        }
        Shown::Events { .. }
        | Shown::Libraries
        | Shown::ReplicaStatus
        | Shown::Replicas
        | Shown::Profiles
        | Shown::Profile => (Vec::new(), Case::Ignored),
        Shown::CreateTable { .. }
        | Shown::CreateView { .. }
        | Shown::CreateRoutine { .. }
        | Shown::CreateTrigger { .. }
        | Shown::CreateDatabase { .. }
        | Shown::Variables { .. }
        | Shown::Status { .. }
        | Shown::Warnings { .. }
        | Shown::WarningCount { .. }
        | Shown::ProcessList { .. }
        | Shown::OpenTables { .. }
        | Shown::Grants { .. } => return None,
    };
    let Some(pattern) = &command.like else { return Some(rows) };
    let named = |row: &Cells| row.first().and_then(Option::as_deref).is_some_and(|name| like(name, pattern, case));
    Some(rows.into_iter().filter(named).collect())
}

fn wanted(catalogue: &Catalogue, schema: Option<&str>, table: Option<&str>) -> Vec<Cells> {
    let names = |name: Option<&str>| name.map(|name| vec![name.to_owned()]);
    tables::tables(&Wanted { catalogue, schemas: names(schema), tables: names(table), user: "" })
}

fn databases(catalogue: &Catalogue) -> Vec<Cells> {
    let wanted = Wanted { catalogue, schemas: None, tables: None, user: "" };
    tables::schemata(&wanted).into_iter().filter_map(|row| row.into_iter().nth(1)).map(|name| vec![name]).collect()
}

/// Rows of TABLES of one database, by name.
fn tables_in(catalogue: &Catalogue, database: &str) -> Vec<Cells> {
    let mut rows = wanted(catalogue, Some(database), None);
    rows.retain(|row| row.get(1).and_then(Option::as_deref) == Some(database));
    rows.sort_by(|left, right| left.get(2).cmp(&right.get(2)));
    rows
}

fn cell(row: &Cells, at: usize) -> Option<String> {
    row.get(at).cloned().flatten()
}

fn list(catalogue: &Catalogue, database: &str, full: bool) -> Vec<Cells> {
    let shown = |row: &Cells| {
        let name = std::iter::once(cell(row, 2));
        name.chain(full.then(|| cell(row, 3))).collect()
    };
    tables_in(catalogue, database).iter().map(shown).collect()
}

fn status(catalogue: &Catalogue, database: &str) -> Vec<Cells> {
    // Name, then ENGINE to TABLE_COMMENT.
    let shown = |row: &Cells| std::iter::once(cell(row, 2)).chain((4..21).map(|at| cell(row, at))).collect();
    tables_in(catalogue, database).iter().map(shown).collect()
}

fn found<'c>(catalogue: &'c Catalogue, name: &TableName) -> Option<Cow<'c, Table>> {
    if let Some(table) = catalogue.table(&name.database, &name.table) {
        return Some(Cow::Borrowed(table));
    }
    if let Some(view) = catalogue.view(&name.database, &name.table) {
        return Some(Cow::Owned(columns::of_view(view)));
    }
    registry::find(&name.database, &name.table).map(|table| Cow::Borrowed(table.table.as_ref()))
}

fn table_columns(catalogue: &Catalogue, name: &TableName, full: bool) -> Vec<Cells> {
    let Some(table) = found(catalogue, name) else { return Vec::new() };
    let privileges = if registry::is_system(&name.database) { "select" } else { "select,insert,update,references" };
    let temporary = table.temporary.is_some();
    let row = |column: &Column| {
        let mut cells = vec![some(&column.name), some(&column.type_text)];
        if full {
            cells.push(column.collation.clone());
        }
        cells.push(some(if column.nullable { "YES" } else { "NO" }));
        cells.push(some(columns::key_mark(&table, column)));
        cells.push(match &column.default {
            // MySQL describes temporary tables by older code of its own.
            ColumnDefault::Expression(text) if temporary => Some(format!("({text})")),
            _other => columns::default(column),
        });
        cells.push(Some(if temporary { temporary_extra(column) } else { columns::extra(column) }));
        if full {
            cells.push(some(privileges));
            cells.push(some(&column.comment));
        }
        cells
    };
    table.columns.iter().map(row).collect()
}

/// The word NULL instead of an empty text, and no word for what a default is made of.
fn temporary_extra(column: &Column) -> String {
    let words = columns::extra(column).replace("DEFAULT_GENERATED", "").trim().to_owned();
    if words.is_empty() { "NULL".to_owned() } else { words }
}

fn index(catalogue: &Catalogue, name: &TableName) -> Vec<Cells> {
    let Some(table) = found(catalogue, name) else { return Vec::new() };
    let mut rows = Vec::new();
    for key in &table.keys {
        for (at, part) in key.parts.iter().enumerate() {
            let mut row = vec![some(&table.title().table), keys::non_unique(key)];
            row.extend(keys::part_cells(&table, key, at, part));
            rows.push(row);
        }
    }
    rows
}

/// Name, status, type, library and license of PLUGINS.
fn plugins() -> Vec<Cells> {
    let shown = |row: Cells| [0, 2, 3, 5, 9].into_iter().map(|at| cell(&row, at)).collect();
    fixed::rows("PLUGINS").into_iter().map(shown).collect()
}

/// SHOW has the description in front of the collation.
fn charsets() -> Vec<Cells> {
    let shown = |row: Cells| [0, 2, 1, 3].into_iter().map(|at| cell(&row, at)).collect();
    fixed::rows("CHARACTER_SETS").into_iter().map(shown).collect()
}
