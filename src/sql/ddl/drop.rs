//! DROP TABLE, DROP INDEX, DROP DATABASE and TRUNCATE.
//!
//! Under `foreign_key_checks=0` MySQL drops a parent and keeps the foreign keys of its children, which point to nothing
//! until the parent is made again. PostgreSQL has no such state: there the constraint goes with the parent and comes
//! back, not validated, with the parent ([`reattach`]). The catalogue keeps MySQL's view.

use sqlparser::tokenizer::Token;

use super::super::plan::{DdlPlan, SqlError};
use super::cursor::Cursor;
use super::scope::{ForeignKeyChecks, Scope};
use super::spec::{Clause, QualifiedName};
use super::{database, emit, finished, index, merge, note};
use crate::schema::{CatalogueChange, Table, TableName, ddl, quote};
use std::sync::Arc;

/// Reads and plans DROP after this word.
pub(super) fn parse(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    if cursor.take("database") || cursor.take("schema") {
        return database::drop(cursor, scope);
    }
    if let Some(plan) = super::routine::drop(cursor, scope)? {
        return Ok(plan);
    }
    if cursor.take("temporary") {
        if !(cursor.take("table") || cursor.take("tables")) {
            return Err(cursor.syntax());
        }
        let plan = drop_tables(cursor, true, scope)?;
        return Ok(DdlPlan { commits: false, ..plan });
    }
    if cursor.take("table") || cursor.take("tables") {
        return drop_tables(cursor, false, scope);
    }
    if cursor.take("index") {
        let name = cursor.name()?;
        cursor.expect("on")?;
        let table = cursor.qualified_name()?;
        index::index_options(cursor, &mut crate::schema::KeyOptions::default())?;
        cursor.expect_end()?;
        return super::alter_table(scope.table(&table)?, &[Clause::DropKey(name)], scope);
    }
    if cursor.take("view") {
        return super::view::drop(cursor, scope);
    }
    super::refuse(cursor, "DROP")
}

fn drop_tables(cursor: &mut Cursor<'_>, temporary: bool, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let if_exists = cursor.take("if exists");
    let mut names = vec![cursor.qualified_name()?];
    while cursor.take_symbol(&Token::Comma) {
        names.push(cursor.qualified_name()?);
    }
    let _ = cursor.take("restrict") || cursor.take("cascade");
    cursor.expect_end()?;
    let mut found: Vec<&Arc<Table>> = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    for name in &names {
        let full = scope.name(name)?;
        match scope.temporary(&full).or_else(|| scope.find(&full).filter(|_| !temporary)) {
            Some(table) if found.iter().any(|other| other.name == table.name) => {
                return Err(SqlError::alias_twice(&name.1));
            }
            Some(table) => found.push(table),
            None => missing.push(full.to_string()),
        }
    }
    if !missing.is_empty() && !if_exists {
        return Err(SqlError::new(1051, "42S02", format!("Unknown table '{}'", missing.join(","))));
    }
    let mut statements = Vec::new();
    let mut changes = Vec::new();
    for table in &found {
        let goes = |name: &TableName| found.iter().any(|other| other.name == *name);
        let children = scope.children(&table.name);
        let staying = children.iter().find(|(child, _)| !goes(&child.name));
        if let (Some((child, key)), ForeignKeyChecks::On) = (staying, scope.checks) {
            return Err(referenced(&table.name.table, &child.name.table, &key.name));
        }
        statements.extend(merge::detach(table, scope));
        // Only foreign keys can depend on a table here, and those may go with it.
        let cascade = if children.is_empty() { "" } else { " CASCADE" };
        statements.push(format!("DROP TABLE {}{cascade}", quote::table(&table.name)));
        changes.push(CatalogueChange::DropTable(table.name.clone()));
    }
    let mut plan = finished(statements, changes);
    plan.notes = missing.into_iter().map(|name| note(1051, format!("Unknown table '{name}'"))).collect();
    Ok(plan)
}

/// Error 3730.
pub(super) fn referenced(table: &str, child: &str, key: &str) -> SqlError {
    let text =
        format!("Cannot drop table '{table}' referenced by a foreign key constraint '{key}' on table '{child}'.");
    SqlError::new(3730, "HY000", text)
}

/// The foreign keys of children that waited for this table. Rows that are there already aren't checked, as in MySQL.
pub(super) fn reattach(table: &Table, scope: &Scope<'_>) -> Result<Vec<String>, SqlError> {
    let mut statements = Vec::new();
    for (child, key) in scope.children(&table.name) {
        for (column, wanted) in key.columns.iter().zip(&key.referenced_columns) {
            let (Some(column), Some(referenced)) = (child.column(column), table.column(wanted)) else {
                let text = format!(
                    "Failed to add the foreign key constraint. Missing column '{wanted}' for constraint '{}' in the \
                     referenced table '{}'",
                    key.name, table.name.table
                );
                return Err(SqlError::new(3734, "HY000", text));
            };
            if !super::foreign::compatible(column, referenced) {
                return Err(super::foreign::incompatible(&column.name, &referenced.name, &key.name));
            }
        }
        let statement = ddl::foreign_key(child, key).map_err(|error| emit::refusal(&error))?;
        statements.push(ddl::drop_foreign_key(&child.name, key));
        statements.push(format!("{statement} NOT VALID"));
    }
    Ok(statements)
}

/// TRUNCATE: rows go, numbering starts again at 1.
pub(super) fn truncate(name: &QualifiedName, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let table = scope.table(name).map_err(|error| match (error.code, scope.name(name)) {
        // A view is nothing that could be emptied.
        (1347, Ok(full)) => SqlError::no_table(&full.database, &full.table),
        (_, _) => error,
    })?;
    let children = scope.children(&table.name);
    let mut statements = Vec::new();
    if let (Some((child, key)), ForeignKeyChecks::On) = (children.first(), scope.checks) {
        let text = format!(
            "Cannot truncate a table referenced in a foreign key constraint (`{}`.`{}`, CONSTRAINT `{}`)",
            child.name.database, child.name.table, key.name
        );
        return Err(SqlError::new(1701, "42000", text));
    }
    for (child, key) in &children {
        statements.push(ddl::drop_foreign_key(&child.name, key));
    }
    statements.push(format!("TRUNCATE TABLE {}", quote::table(&table.name)));
    statements.extend(reattach(table, scope)?.into_iter().filter(|statement| statement.contains(" ADD CONSTRAINT ")));
    let mut changes = Vec::new();
    if let Some(sequence) = ddl::sequence(table).filter(|_| table.merge.is_none()) {
        statements.push(format!("ALTER SEQUENCE {sequence} RESTART WITH 1"));
        let mut restarted = Table::clone(table);
        restarted.auto_increment = Some(1);
        changes.push(CatalogueChange::PutTable(Arc::new(restarted)));
    }
    Ok(DdlPlan { emptied: table.temporary.is_none().then(|| table.name.clone()), ..finished(statements, changes) })
}
