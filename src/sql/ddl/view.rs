//! CREATE, ALTER and DROP VIEW. A view is an entry of the catalogue; PostgreSQL knows nothing of it.

use std::sync::Arc;

use sqlparser::tokenizer::Token;

use super::super::plan::{Context, DdlPlan, SqlError};
use super::cursor::Cursor;
use super::scope::Scope;
use super::spec::QualifiedName;
use super::{exists, finished, names, note, select, view_text};
use crate::schema::{CatalogueChange, Column, TableName, View};

/// What stands before the word VIEW.
#[derive(Clone, Debug)]
pub(super) struct Prologue {
    replace: bool,
    algorithm: String,
    definer: String,
    security: String,
}

/// Reads `[OR REPLACE] [ALGORITHM = …] [DEFINER = …] [SQL SECURITY …]`; the cursor then stands at VIEW, or the statement
/// is about something else.
pub(super) fn prologue(cursor: &mut Cursor<'_>) -> Result<Option<Prologue>, SqlError> {
    let mark = cursor.mark();
    let mut prologue = Prologue {
        replace: cursor.take("or replace"),
        algorithm: "UNDEFINED".to_owned(),
        definer: String::new(),
        security: "DEFINER".to_owned(),
    };
    if cursor.take("algorithm") {
        cursor.expect_symbol(&Token::Eq)?;
        let word = cursor.peek_word().unwrap_or_default().to_uppercase();
        if !["UNDEFINED", "MERGE", "TEMPTABLE"].contains(&word.as_str()) {
            return Err(cursor.syntax());
        }
        cursor.expect(&word)?;
        prologue.algorithm = word;
    }
    if cursor.take("definer") {
        cursor.expect_symbol(&Token::Eq)?;
        prologue.definer = definer(cursor)?;
    }
    if cursor.take("sql security") {
        prologue.security = if cursor.take("invoker") { "INVOKER" } else { "DEFINER" }.to_owned();
        if prologue.security == "DEFINER" {
            cursor.expect("definer")?;
        }
    }
    if cursor.take("view") {
        return Ok(Some(prologue));
    }
    cursor.back_to(mark);
    Ok(None)
}

/// `'user'@'host'`, `user@host`, CURRENT_USER: as text; the last one is the empty text.
pub(in crate::sql) fn definer(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    if cursor.take("current_user") {
        if cursor.take_symbol(&Token::LParen) {
            cursor.expect_symbol(&Token::RParen)?;
        }
        return Ok(String::new());
    }
    let user = match cursor.optional_string() {
        Some(user) => user,
        None => cursor.name()?,
    };
    let mut host = "%".to_owned();
    if cursor.take_symbol(&Token::AtSign) {
        host = match cursor.optional_string() {
            Some(host) => host,
            None => cursor.name()?,
        };
    }
    Ok(format!("{user}@{host}"))
}

/// CREATE VIEW and ALTER VIEW after the word VIEW.
pub(super) fn create(
    cursor: &mut Cursor<'_>,
    prologue: Prologue,
    alters: bool,
    scope: &Scope<'_>,
) -> Result<DdlPlan, SqlError> {
    let if_not_exists = !alters && cursor.take("if not exists");
    let qualified = cursor.qualified_name()?;
    let mut listed = None;
    if cursor.is_symbol(&Token::LParen) {
        listed = Some(cursor.list(Cursor::name)?);
    }
    cursor.expect("as")?;
    let check_option = check_option(cursor);
    if !cursor.begins_query() {
        return Err(cursor.syntax());
    }
    let text = cursor.rest().to_owned();
    let name = scope.name(&qualified)?;
    let existing = may_be_made(&name, &prologue, alters, scope)?;
    if let (true, Some(error)) = (if_not_exists, &existing) {
        return Ok(super::noted(vec![note(error.code, error.message.clone())]));
    }
    if let Some(error) = existing {
        return Err(error);
    }
    names::table(&name.table)?;
    let (columns, reading) = columns(&text, listed.as_deref(), scope)?;
    let context = scope.context;
    let titles: Vec<String> = match &listed {
        None => columns.iter().map(|column| column.name.clone()).collect(),
        Some(_) => reading.derived.columns.iter().map(|column| column.name.clone()).collect(),
    };
    let printed = |full: bool| view_text::text(&reading.query, &titles, full, scope).unwrap_or_else(|| text.clone());
    let view = View {
        name,
        canonical: printed(false),
        full: printed(true),
        text,
        database: context.database.clone(),
        sql_mode: context.sql_mode.clone(),
        collation: context.collation.clone(),
        charset: "utf8mb4".to_owned(),
        columns,
        named_columns: listed.is_some(),
        algorithm: prologue.algorithm,
        definer: prologue.definer,
        security: prologue.security,
        check_option,
    };
    Ok(finished(Vec::new(), vec![CatalogueChange::PutView(Arc::new(view))]))
}

/// `WITH [CASCADED | LOCAL] CHECK OPTION` at the end of the statement.
fn check_option(cursor: &mut Cursor<'_>) -> String {
    let option = if cursor.take_last("with local check option") {
        "LOCAL"
    } else if cursor.take_last("with cascaded check option") || cursor.take_last("with check option") {
        "CASCADED"
    } else {
        "NONE"
    };
    option.to_owned()
}

/// The error when something of that name exists that can't be replaced.
fn may_be_made(
    name: &TableName,
    prologue: &Prologue,
    alters: bool,
    scope: &Scope<'_>,
) -> Result<Option<SqlError>, SqlError> {
    scope.database(&name.database)?;
    let view = scope.context.catalogue.view(&name.database, &name.table);
    if scope.find(name).is_some() {
        if alters || prologue.replace {
            return Err(not_a_view(name));
        }
        return Ok(Some(exists(&name.table)));
    }
    match view {
        None if alters => Err(SqlError::no_table(&name.database, &name.table)),
        Some(_) if !alters && !prologue.replace => Ok(Some(exists(&name.table))),
        None | Some(_) => Ok(None),
    }
}

/// Error 1347.
fn not_a_view(name: &TableName) -> SqlError {
    SqlError::new(1347, "HY000", format!("'{name}' is not VIEW"))
}

/// The view's columns with their types.
fn columns(
    text: &str,
    listed: Option<&[String]>,
    scope: &Scope<'_>,
) -> Result<(Vec<Column>, select::Reading), SqlError> {
    let context = Context {
        parameters: super::super::plan::Known::Nothing,
        given: super::super::plan::Given::default(),
        ..scope.context.clone()
    };
    let reading = select::reading(text, &context)?;
    let derived = &reading.derived;
    if let Some(temporary) = &reading.temporary {
        let text = format!("View's SELECT refers to a temporary table '{temporary}'");
        return Err(SqlError::new(1352, "HY000", text));
    }
    if reading.variables {
        let text = "View's SELECT contains a variable or parameter";
        return Err(SqlError::new(1351, "HY000", text.to_owned()));
    }
    if listed.is_some_and(|listed| listed.len() != derived.columns.len()) {
        let text = "In definition of view, derived table or common table expression, SELECT list and column names list \
                    have different column counts";
        return Err(SqlError::new(1353, "HY000", text.to_owned()));
    }
    let mut columns: Vec<Column> = Vec::with_capacity(derived.columns.len());
    for (at, selected) in derived.columns.iter().enumerate() {
        let mut column = select::column_of(selected, scope)?;
        if let Some(name) = listed.and_then(|listed| listed.get(at)) {
            column.name.clone_from(name);
        } else {
            let untitled = reading.untitled.contains(&at);
            if untitled {
                column.name = column.name.trim_start().to_owned();
            }
            if column.name.chars().count() > 64 || column.name.ends_with(' ') || column.name.is_empty() {
                column.name = format!("Name_exp_{}", at + 1);
            }
            if untitled && twice(&columns, &column.name) {
                column.name = format!("Name_exp_{}", column.name);
            }
        }
        names::column(&column.name)?;
        if twice(&columns, &column.name) {
            return Err(SqlError::new(1060, "42S21", format!("Duplicate column name '{}'", column.name)));
        }
        columns.push(column);
    }
    Ok((columns, reading))
}

fn twice(columns: &[Column], name: &str) -> bool {
    columns.iter().any(|other| other.name.eq_ignore_ascii_case(name))
}

/// DROP VIEW after these words.
pub(super) fn drop(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let if_exists = cursor.take("if exists");
    let mut written: Vec<QualifiedName> = vec![cursor.qualified_name()?];
    while cursor.take_symbol(&Token::Comma) {
        written.push(cursor.qualified_name()?);
    }
    let _ = cursor.take("restrict") || cursor.take("cascade");
    cursor.expect_end()?;
    let mut changes = Vec::new();
    let mut missing = Vec::new();
    for name in &written {
        let full = scope.name(name)?;
        if let Some(view) = scope.context.catalogue.view(&full.database, &full.table) {
            changes.push(CatalogueChange::DropView(view.name.clone()));
        } else if scope.find(&full).is_some() {
            return Err(not_a_view(&full));
        } else {
            missing.push(full.to_string());
        }
    }
    if !missing.is_empty() && !if_exists {
        return Err(SqlError::new(1051, "42S02", format!("Unknown table '{}'", missing.join(","))));
    }
    let mut plan = finished(Vec::new(), changes);
    plan.notes = missing.into_iter().map(|name| note(1051, format!("Unknown table '{name}'"))).collect();
    Ok(plan)
}
