//! Tables of the MERGE engine.
//!
//! A MERGE table has no rows of its own: it shows those of the MyISAM tables in its UNION, writes to it change those
//! tables, and new rows go to the first or the last of them (MySQL manual, "The MERGE Storage Engine"). PostgreSQL's
//! inheritance is the same thing: a parent without rows shows its children's, UPDATE and DELETE reach them, and Bascule
//! sends INSERT to the child ([`crate::sql::merge`]). Keys hold within each table below, never over all, in both. (Where
//! the same key is in two tables below, MySQL finds by it whichever it meets first, and here all of them are found.)
//! AUTO_INCREMENT goes on from the largest number of the whole family, for which no sequence of a child can stand: such
//! tables are refused.
//!
//! MySQL looks at the tables below whenever the MERGE table is opened, and fails then with 1168. The catalogue is asked
//! the same question at the same time, so only UNIONs that can be opened need an image; others are refused when they
//! are made. A table below can be dropped and made again; changing its definition or name is refused, since PostgreSQL
//! would carry the change into the family.

use super::super::merge::{fits, opened};
use super::super::plan::SqlError;
use super::scope::Scope;
use super::spec::TableOptions;
use crate::schema::quote;
use crate::schema::{Merge, Table, TableName};

/// As SHOW CREATE TABLE spells it.
pub(super) const ENGINE: &str = "MRG_MyISAM";

/// Adds what the options say of a MERGE table's family.
pub(super) fn complete(table: &mut Table, options: &TableOptions, scope: &Scope<'_>) -> Result<(), SqlError> {
    if table.engine != ENGINE {
        return match options.union {
            Some(_) => Err(SqlError::unsupported("UNION of a table that isn't of the MERGE engine")),
            None => Ok(()),
        };
    }
    if tables_of(options) > 1 && table.columns.iter().any(|column| column.auto_increment) {
        return Err(SqlError::unsupported("AUTO_INCREMENT in a MERGE table over several tables"));
    }
    if table.temporary.is_some() || !table.checks.is_empty() {
        return Err(SqlError::unsupported("a temporary MERGE table, or one with CHECK constraints"));
    }
    let mut tables = Vec::new();
    for name in options.union.iter().flatten() {
        let name = scope.name(name)?;
        if name.database != table.name.database {
            return Err(SqlError::unsupported("a MERGE table over tables of another database"));
        }
        tables.push(name.table);
    }
    let insert = match options.shown.get("INSERT_METHOD").map(String::as_str) {
        Some("FIRST") => tables.first().cloned(),
        Some("LAST") => tables.last().cloned(),
        Some(_) | None => None,
    };
    let shown: Vec<String> = tables.iter().map(|name| super::super::quoted(name)).collect();
    if !shown.is_empty() {
        table.options.insert("UNION".to_owned(), format!("({})", shown.join(",")));
    }
    table.merge = Some(Merge { tables, insert });
    Ok(())
}

fn tables_of(options: &TableOptions) -> usize {
    options.union.as_ref().map_or(0, Vec::len)
}

/// The statements that make a MERGE table.
pub(super) fn create(table: &Table, scope: &Scope<'_>) -> Result<Vec<String>, SqlError> {
    if opened(&scope.context.catalogue, table).is_err() {
        return Err(SqlError::unsupported("a MERGE table over tables that can't be opened"));
    }
    let children = children(table);
    let parent = quote::table(&table.name);
    let Some(model) = children.first() else {
        // Nothing is ever stored in it.
        let mut bare = table.clone();
        bare.keys.clear();
        bare.columns.iter_mut().for_each(|column| column.auto_increment = false);
        return crate::schema::ddl::table(&bare).map(|text| text.create).map_err(|error| super::emit::refusal(&error));
    };
    let mut statements = vec![format!("CREATE TABLE {parent} (LIKE {})", quote::table(model))];
    statements.extend(children.iter().map(|child| format!("ALTER TABLE {} INHERIT {parent}", quote::table(child))));
    Ok(statements)
}

/// A table below that is made (again) joins the MERGE tables that name it.
pub(super) fn join(table: &Table, scope: &Scope<'_>) -> Vec<String> {
    let families = families(&table.name, scope).into_iter().filter(|parent| fits(parent, table));
    families.map(|parent| inherit(&table.name, "INHERIT", &parent.name)).collect()
}

/// Before a MERGE table goes, the tables below leave it: they must not go with it.
pub(super) fn detach(table: &Table, scope: &Scope<'_>) -> Vec<String> {
    let standing =
        children(table).into_iter().filter(|child| scope.find(child).is_some_and(|found| fits(table, found)));
    standing.map(|child| inherit(&child, "NO INHERIT", &table.name)).collect()
}

/// Refuses changes of definition around MERGE tables.
pub(super) fn check_unmerged(name: &TableName, scope: &Scope<'_>) -> Result<(), SqlError> {
    let merge = scope.find(name).is_some_and(|table| table.merge.is_some());
    if merge || !families(name, scope).is_empty() {
        return Err(SqlError::unsupported("ALTER or RENAME of a MERGE table or of a table below one"));
    }
    Ok(())
}

fn inherit(child: &TableName, words: &str, parent: &TableName) -> String {
    format!("ALTER TABLE {} {words} {}", quote::table(child), quote::table(parent))
}

fn children(table: &Table) -> Vec<TableName> {
    let tables = table.merge.iter().flat_map(|merge| &merge.tables);
    tables.map(|name| TableName { database: table.name.database.clone(), table: name.clone() }).collect()
}

/// The MERGE tables whose UNION names a table.
fn families<'a>(name: &TableName, scope: &Scope<'a>) -> Vec<&'a Table> {
    let Some(database) = scope.context.catalogue.database(&name.database) else { return Vec::new() };
    let tables = database.tables.values().map(std::convert::AsRef::as_ref);
    let named = |table: &&Table| table.merge.as_ref().is_some_and(|merge| merge.tables.contains(&name.table));
    tables.filter(named).collect()
}
