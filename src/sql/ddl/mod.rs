//! DDL: CREATE, ALTER, DROP, RENAME and TRUNCATE become catalogue changes and PostgreSQL statements.
//!
//! An own parser reads sqlparser's tokens: MySQL's DDL is a small grammar with many synonyms, and the answer has to be
//! exact in what MySQL adds by itself (key names, keys below foreign keys, defaults, collations), because the
//! catalogue is the truth that every later statement is resolved against. Whatever has no exact image on PostgreSQL is
//! refused by name. All statements of a plan run in one PostgreSQL transaction together with the catalogue changes.

mod alter;
mod canonical;
mod change;
pub(super) mod charset;
mod checks;
mod column;
mod columns;
mod convert;
mod copy;
pub(super) mod cursor;
mod default;
mod draft;
mod drop;
mod emit;
mod filler;
mod foreign;
mod formula;
mod index;
mod keys;
mod merge;
mod names;
mod number;
mod options;
mod rename;
pub(super) mod scope;
mod select;
mod spec;
mod table;
mod temporal;
#[cfg(test)]
mod tests;
mod types;
mod view;
mod view_calls;
mod view_text;

mod database;

use std::sync::Arc;

use super::plan::{Context, DdlPlan, Notice, Plan, Purpose, Records, SqlError, TargetSql};
use super::routine;
use crate::schema::{CatalogueChange, Column, KeyKind, TEMPORARY_SCHEMA, Table, TableName};
use cursor::Cursor;
use draft::Draft;
use scope::Scope;
use spec::{Clause, Element, TableOptions};

pub(super) use formula::inline;
pub use scope::ForeignKeyChecks;
pub(super) use view::definer;

/// A local variable's or parameter's type, read behind its name.
pub(super) fn variable(
    cursor: &mut Cursor<'_>,
    name: &str,
    database: &str,
    context: &Context,
) -> Result<Column, SqlError> {
    let scope = Scope { context, checks: ForeignKeyChecks::On };
    let mut data_type = types::parse(cursor, name)?;
    if data_type.serial {
        return Err(cursor.syntax());
    }
    if cursor.take("collate") {
        data_type.collation = Some(types::warned_collation(cursor)?);
    }
    let spec = spec::ColumnSpec {
        name: name.to_owned(),
        data_type,
        nullable: Some(true),
        default: None,
        on_update_now: None,
        auto_increment: false,
        key: None,
        comment: String::new(),
        invisible: false,
        references: None,
        generated: None,
        checks: Vec::new(),
    };
    let mut notices = Vec::new();
    let column = columns::resolve(&spec, &scope.database_charset(database)?, &scope, &mut notices)?;
    cursor.notices.append(&mut notices);
    Ok(column)
}

/// Plans a DDL statement. Replay takes foreign keys as unchecked: MySQL has accepted the statement already.
pub fn plan(text: &str, context: &Context) -> Result<Plan, SqlError> {
    let checks = match context.purpose {
        Purpose::Serve => ForeignKeyChecks::On,
        Purpose::Replay => ForeignKeyChecks::Off,
    };
    plan_with(text, context, checks)
}

/// Plans a DDL statement under the session's `foreign_key_checks`.
pub fn plan_with(text: &str, context: &Context, checks: ForeignKeyChecks) -> Result<Plan, SqlError> {
    let plain = super::comments::plain(text);
    let mut cursor = Cursor::new(&plain, &context.sql_mode)?;
    let scope = Scope { context, checks };
    let mut plan = statement(&mut cursor, &scope)?;
    if !scope.replays() {
        routine::follow(&mut plan, context);
    }
    plan.notes.splice(0..0, cursor.notices);
    Ok(Plan::Ddl(plan))
}

fn statement(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    if cursor.take("create") {
        return create(cursor, scope);
    }
    if cursor.take("alter") {
        return alter(cursor, scope);
    }
    if cursor.take("drop") {
        return drop::parse(cursor, scope);
    }
    if cursor.take("truncate") {
        cursor.take("table");
        let name = cursor.qualified_name()?;
        cursor.expect_end()?;
        return drop::truncate(&name, scope);
    }
    if cursor.take("rename") {
        return rename::parse(cursor, scope);
    }
    Err(cursor.syntax())
}

fn create(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    if cursor.take("database") || cursor.take("schema") {
        return database::create(cursor, scope);
    }
    if cursor.take("table") {
        let statement = table::create(cursor, false)?;
        return create_table(&statement, scope);
    }
    if cursor.take("temporary") {
        if !cursor.take("table") {
            return Err(cursor.syntax());
        }
        let statement = table::create(cursor, true)?;
        return create_table(&statement, scope).map(|plan| DdlPlan { commits: false, ..plan });
    }
    if let Some(prologue) = view::prologue(cursor)? {
        return view::create(cursor, prologue, false, scope);
    }
    if let Some(plan) = routine::create(cursor, scope)? {
        return Ok(plan);
    }
    let kind = if cursor.take("unique") { KeyKind::Unique } else { KeyKind::Secondary };
    let kind = if kind == KeyKind::Secondary && cursor.is("fulltext") && cursor.is_at(1, "index") {
        cursor.expect("fulltext")?;
        KeyKind::Fulltext
    } else if kind == KeyKind::Secondary && cursor.is("spatial") && cursor.is_at(1, "index") {
        cursor.expect("spatial")?;
        KeyKind::Spatial
    } else {
        kind
    };
    if cursor.take("index") {
        let (table, key) = index::create(cursor, kind)?;
        cursor.expect_end()?;
        return alter_table(scope.table(&table)?, &[Clause::AddKey(key)], scope);
    }
    refuse(cursor, "CREATE")
}

fn alter(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    if cursor.take("table") {
        let (table, clauses) = alter::parse(cursor)?;
        return alter_table(scope.table(&table)?, &clauses, scope);
    }
    if cursor.take("database") || cursor.take("schema") {
        return database::alter(cursor, scope);
    }
    if let Some(prologue) = view::prologue(cursor)? {
        return view::create(cursor, prologue, true, scope);
    }
    if let Some(plan) = routine::alter(cursor, scope)? {
        return Ok(plan);
    }
    refuse(cursor, "ALTER")
}

/// Refuses the families that aren't carried by their first words; anything else is a syntax error.
fn refuse<T>(cursor: &Cursor<'_>, verb: &str) -> Result<T, SqlError> {
    const FAMILIES: [&str; 19] = [
        "algorithm",
        "aggregate",
        "definer",
        "event",
        "external",
        "fulltext",
        "function",
        "instance",
        "library",
        "logfile",
        "online",
        "or",
        "procedure",
        "server",
        "spatial",
        "sql",
        "tablespace",
        "trigger",
        "view",
    ];
    match cursor.peek_word() {
        Some(word) if FAMILIES.contains(&word.as_str()) => {
            Err(SqlError::unsupported(format!("{verb} {}", word.to_uppercase())))
        }
        Some(_) | None => Err(cursor.syntax()),
    }
}

fn exists(name: &str) -> SqlError {
    SqlError::new(1050, "42S01", format!("Table '{name}' already exists"))
}

/// What PostgreSQL would call a temporary table that is only planned: the session names those that it makes.
const UNNAMED: &str = "unnamed";

/// Where PostgreSQL keeps the temporary table that is made.
fn place_of(scope: &Scope<'_>) -> TableName {
    let next = Some(scope.context.catalogue.session.next.as_str()).filter(|next| !next.is_empty());
    TableName { database: TEMPORARY_SCHEMA.to_owned(), table: next.unwrap_or(UNNAMED).to_owned() }
}

fn create_table(statement: &table::CreateTable, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    let name = scope.name(&statement.name)?;
    let defaults = scope.database_charset(&name.database)?;
    if let Some(existing) = existing(&name, statement.temporary, scope) {
        let error = exists(existing);
        if statement.if_not_exists {
            return Ok(noted(vec![note(error.code, error.message)]));
        }
        return Err(error);
    }
    names::table(&name.table)?;
    let place = statement.temporary.then(|| place_of(scope));
    let mut notices = Vec::new();
    let mut source = None;
    let table = match &statement.body {
        table::Body::Like(model) => {
            let model = scope.table(model)?;
            if *model.title() == name {
                return Err(SqlError::alias_twice(&name.table));
            }
            let table = like(model, &name, place);
            notices.extend(types::dropped(&table));
            table
        }
        table::Body::Elements(elements, options, selection) => {
            let mut draft = Draft::new(place.unwrap_or_else(|| name.clone()), defaults);
            draft.temporary = statement.temporary.then_some(name);
            define(&mut draft, elements, options, scope)?;
            if let Some(selection) = selection {
                let derived = select::analysed(&selection.text, scope.context)?;
                select::add_columns(&mut draft, &derived, scope)?;
                source = Some((derived, selection));
            }
            let mut finished = draft.finish(scope)?;
            notices = finished.notices;
            if source.is_some() {
                notices.extend(types::dropped(&finished.table));
            }
            merge::complete(&mut finished.table, options, scope)?;
            finished.table
        }
    };
    if table.merge.is_some() {
        let statements = merge::create(&table, scope)?;
        let mut plan = finished(statements, vec![CatalogueChange::PutTable(Arc::new(table))]);
        plan.notes = notices;
        return Ok(plan);
    }
    let text = crate::schema::ddl::table(&table).map_err(|error| emit::refusal(&error))?;
    let missing = |key: &crate::schema::ForeignKey| {
        !scope.same(&key.references, &table.name) && scope.find(&key.references).is_none()
    };
    let foreign_keys = table.foreign_keys.iter().zip(&text.foreign_keys);
    let kept: Vec<String> = foreign_keys.filter(|(key, _)| !missing(key)).map(|(_, sql)| sql.clone()).collect();
    let mut statements: Vec<String> = [text.create, text.keys, text.indexes, kept].into_iter().flatten().collect();
    statements.extend(drop::reattach(&table, scope)?);
    statements.extend(merge::join(&table, scope));
    let table = Arc::new(table);
    let mut plan = finished(statements, vec![CatalogueChange::PutTable(Arc::clone(&table))]);
    plan.notes = notices;
    if let Some((derived, selection)) = source {
        select::fill(&mut plan, &table, &derived, selection, scope)?;
    }
    Ok(plan)
}

/// What has the name of a new table already. A temporary table hides whatever else has its name.
fn existing<'a>(name: &TableName, temporary: bool, scope: &Scope<'a>) -> Option<&'a str> {
    if temporary {
        return scope.temporary(name).map(|table| table.title().table.as_str());
    }
    let view = || scope.context.catalogue.view(&name.database, &name.table).map(|view| view.name.table.as_str());
    scope.find(name).map(|table| table.name.table.as_str()).or_else(view)
}

fn define(draft: &mut Draft, elements: &[Element], options: &TableOptions, scope: &Scope<'_>) -> Result<(), SqlError> {
    draft.defaults =
        charset::Charset::resolve(options.charset.as_deref(), options.collation.as_deref(), &draft.defaults)?;
    draft.auto_increment = options.auto_increment;
    draft.comment = options.comment.clone().unwrap_or_default();
    draft.options = options.shown.clone();
    if let Some(engine) = &options.engine {
        let title = draft.title().table.clone();
        draft.engine = options::engine(engine, &title, &scope.context.sql_mode, &mut draft.notices)?;
    }
    for element in elements {
        match element {
            Element::Column(column) => {
                if scope.replays() && column.references.is_some() {
                    // MySQL before 9.0 ignores them, and nothing here says which MySQL it was.
                    return Err(SqlError::unsupported("REFERENCES among a column's attributes"));
                }
                draft.add_column(column, &spec::Place::Default, scope)?;
                draft.new_checks.extend(column.checks.clone());
            }
            Element::Check(check) => draft.new_checks.push(check.clone()),
            Element::Key(key) => draft.add_key(key)?,
            Element::ForeignKey(foreign_key) => draft.add_foreign_key(foreign_key.clone())?,
        }
    }
    Ok(())
}

/// CREATE TABLE … LIKE: everything but foreign keys, triggers and the AUTO_INCREMENT value.
fn like(model: &Table, name: &TableName, place: Option<TableName>) -> Table {
    let mut table = model.clone();
    table.temporary = place.is_some().then(|| name.clone());
    table.name = place.unwrap_or_else(|| name.clone());
    table.foreign_keys.clear();
    table.has_triggers = false;
    table.triggers.clear();
    table.auto_increment = model.auto_increment.map(|_| 1);
    table
}

fn alter_table(old: &Arc<Table>, clauses: &[Clause], scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    merge::check_unmerged(&old.name, scope)?;
    let inline = |clause: &Clause| match clause {
        Clause::AddColumn(column, _) | Clause::ChangeColumn(_, column, _) => column.references.is_some(),
        _other => false,
    };
    if scope.replays() && clauses.iter().any(inline) {
        return Err(SqlError::unsupported("REFERENCES among a column's attributes"));
    }
    let renames = clauses.iter().any(|clause| matches!(clause, Clause::RenameTable(_)));
    if renames && old.has_triggers && scope.replays() {
        return Err(SqlError::unsupported("renaming a table with triggers"));
    }
    let mut draft = change::apply(old, clauses, scope)?;
    if !old.triggers.is_empty() && draft.name.database != old.name.database {
        return Err(SqlError::new(1435, "HY000", "Trigger in wrong schema".to_owned()));
    }
    if draft.name != old.name {
        scope.database(&draft.name.database)?;
        merge::check_unmerged(&draft.name, scope)?;
        if let Some(other) = scope.find(&draft.name).filter(|other| !scope.same(&other.name, &old.name)) {
            return Err(exists(&other.name.table));
        }
        rename::foreign_key_names(&mut draft, &old.name);
    }
    if draft.title() != old.title() && old.temporary.is_some() {
        scope.database(&draft.title().database)?;
        if let Some(other) = scope.temporary(draft.title()).filter(|other| other.name != old.name) {
            return Err(exists(&other.title().table));
        }
    }
    let finished_table = draft.finish(scope)?;
    rename::check_needed_keys(old, &finished_table, scope)?;
    rename::check_children(old, &finished_table, scope)?;
    let mut statements = emit::alter(old, &finished_table, scope)?;
    let notices = finished_table.notices.clone();
    let records = copy::records(old, &finished_table, clauses, scope);
    let mut changes = Vec::new();
    if finished_table.table.name != old.name {
        statements.extend(drop::reattach(&finished_table.table, scope)?);
        changes.push(CatalogueChange::DropTable(old.name.clone()));
    }
    changes.extend(rename::children(old, &finished_table, scope));
    changes.push(CatalogueChange::PutTable(Arc::new(finished_table.table)));
    let mut plan = finished(statements, changes);
    plan.notes = notices;
    plan.records = records;
    Ok(plan)
}

/// A plan without warnings.
pub(super) fn finished(statements: Vec<String>, changes: Vec<CatalogueChange>) -> DdlPlan {
    DdlPlan {
        commits: true,
        statements: statements.into_iter().map(TargetSql).collect(),
        changes,
        notes: Vec::new(),
        records: Records::Silent,
        fill: None,
        emptied: None,
    }
}

/// A plan that does nothing but warn.
pub(super) fn noted(notes: Vec<Notice>) -> DdlPlan {
    DdlPlan { notes, ..finished(Vec::new(), Vec::new()) }
}

/// A warning of level Note.
pub(super) fn note(code: u16, message: String) -> Notice {
    Notice { level: "Note", code, message }
}
