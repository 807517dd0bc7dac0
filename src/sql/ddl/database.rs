//! CREATE, ALTER and DROP DATABASE. A MySQL database is a PostgreSQL schema of the same name.

use sqlparser::tokenizer::Token;

use super::super::plan::{DdlPlan, Records, SqlError};
use super::charset::Charset;
use super::cursor::Cursor;
use super::options::charset_option;
use super::scope::{ForeignKeyChecks, Scope};
use super::{finished, names, note, noted};
use crate::schema::quote::{NAME_LIMIT, identifier};
use crate::schema::{CatalogueChange, TEMPORARY_SCHEMA, ddl};

/// Schemas that are PostgreSQL's or Bascule's own, and MySQL's system databases.
const RESERVED: [&str; 8] =
    ["bascule", TEMPORARY_SCHEMA, "mysql", "information_schema", "performance_schema", "sys", "public", "pg_catalog"];

/// CREATE DATABASE after these words.
pub(super) fn create(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let if_not_exists = cursor.take("if not exists");
    let name = cursor.name()?;
    let (charset, collation) = options(cursor)?;
    let usual = Charset::new("utf8mb4", "utf8mb4_0900_ai_ci");
    let usual = Charset::resolve(None, scope.context.given.server_collation.as_deref(), &usual)?;
    let charset = Charset::resolve(charset.as_deref(), collation.as_deref(), &usual)?;
    if scope.context.catalogue.database(&name).is_some() {
        let text = format!("Can't create database '{name}'; database exists");
        if if_not_exists {
            return Ok(DdlPlan { records: Records::Affected(1), ..noted(vec![note(1007, text)]) });
        }
        return Err(SqlError::new(1007, "HY000", text));
    }
    names::database(&name)?;
    allowed(&name)?;
    let name = if scope.context.catalogue.lower_case_table_names == 1 { name.to_lowercase() } else { name };
    let change =
        CatalogueChange::PutDatabase { name: name.clone(), charset: charset.charset, collation: charset.collation };
    Ok(DdlPlan { records: Records::Affected(1), ..finished(vec![ddl::schema(&name)], vec![change]) })
}

/// ALTER DATABASE after these words: only the defaults of later tables change.
pub(super) fn alter(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let name = match (cursor.optional_name(), &scope.context.database) {
        (Some(name), _) => name,
        (None, Some(database)) => database.clone(),
        (None, None) => return Err(SqlError::no_database()),
    };
    names::database(&name)?;
    let (charset, collation) = options(cursor)?;
    let inherited = scope.database_charset(&name)?;
    let charset = Charset::resolve(charset.as_deref(), collation.as_deref(), &inherited)?;
    let spelled = spelling(&name, scope);
    let change = CatalogueChange::PutDatabase { name: spelled, charset: charset.charset, collation: charset.collation };
    Ok(DdlPlan { records: Records::Affected(1), ..finished(Vec::new(), vec![change]) })
}

/// DROP DATABASE after these words.
pub(super) fn drop(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let if_exists = cursor.take("if exists");
    let name = cursor.name()?;
    cursor.expect_end()?;
    let Some(database) = scope.context.catalogue.database(&name) else {
        let text = format!("Can't drop database '{name}'; database doesn't exist");
        if if_exists {
            return Ok(noted(vec![note(1008, text)]));
        }
        return Err(SqlError::new(1008, "HY000", text));
    };
    allowed(&name)?;
    let spelled = spelling(&name, scope);
    if scope.checks == ForeignKeyChecks::On {
        for table in database.tables.values() {
            let children = scope.children(&table.name);
            let outside = children.iter().find(|(child, _)| child.name.database != spelled);
            if let Some((child, key)) = outside {
                return Err(super::drop::referenced(&table.name.table, &child.name.table, &key.name));
            }
        }
    }
    let statement = format!("DROP SCHEMA IF EXISTS {} CASCADE", identifier(&spelled));
    let objects = u64::try_from(database.tables.len() + database.views.len()).unwrap_or(u64::MAX);
    let plan = finished(vec![statement], vec![CatalogueChange::DropDatabase { name: spelled }]);
    Ok(DdlPlan { records: Records::Affected(objects), ..plan })
}

fn spelling(name: &str, scope: &Scope<'_>) -> String {
    let exact = scope.context.catalogue.databases.contains_key(name);
    let known = scope.context.catalogue.databases.keys().find(|known| !exact && known.eq_ignore_ascii_case(name));
    known.cloned().unwrap_or_else(|| name.to_owned())
}

fn allowed(name: &str) -> Result<(), SqlError> {
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("pg_") {
        return Err(SqlError::unsupported(format!("a database called {name}")));
    }
    if name.len() > NAME_LIMIT {
        return Err(SqlError::unsupported("a name longer than 63 bytes"));
    }
    Ok(())
}

type Options = (Option<String>, Option<String>);

fn options(cursor: &mut Cursor<'_>) -> Result<Options, SqlError> {
    let (mut charset, mut collation) = (None, None);
    while !cursor.at_end() {
        if charset_option(cursor, &mut charset, &mut collation)? {
            continue;
        }
        cursor.take("default");
        if !cursor.take("encryption") {
            return Err(cursor.syntax());
        }
        cursor.take_symbol(&Token::Eq);
        if cursor.string()?.eq_ignore_ascii_case("y") {
            return Err(SqlError::unsupported("ENCRYPTION"));
        }
    }
    Ok((charset, collation))
}
