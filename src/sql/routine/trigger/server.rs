//! Triggers in PostgreSQL: their functions, and how they hang on their table.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::dependents::mentions;
use super::super::header::Parsed;
use super::super::server::{Writer, carrier, function, in_server};
use super::{acted_upon, read};
use crate::schema::quote::{self, identifier, literal};
use crate::schema::{CatalogueChange, Table, TableName, Trigger, TriggerEvent, TriggerTime};
use crate::sql::ddl::cursor::Cursor;
use crate::sql::dialect::Modes;
use crate::sql::lexer::{Lexeme, Lexer};
use crate::sql::plan::{Context, DdlPlan, SqlError, TargetSql};

/// The rows of the statement that fired a trigger.
const ROWS: &str = "_rows";

/// The statements that bring PostgreSQL from the triggers of `before` to those of `after`. All are made anew, since
/// what one may do depends on the others; only the one at `new` may still be refused.
pub(super) fn attached(
    before: &Table,
    after: &mut Table,
    context: &Context,
    new: Option<usize>,
) -> Result<Vec<String>, SqlError> {
    let name = quote::table(&after.name);
    let mut statements: Vec<String> =
        (0..before.triggers.len()).map(|at| format!("DROP TRIGGER IF EXISTS {} ON {name}", called(at))).collect();
    for at in 0..after.triggers.len() {
        let (text, writes) = match remade(after, at, context) {
            Err(error) if new == Some(at) => return Err(error),
            other => other.or_else(|error| failing(after, at, &error))?,
        };
        statements.push(text);
        if let Some(trigger) = after.triggers.get_mut(at) {
            trigger.writes = writes;
        }
    }
    for (at, trigger) in after.triggers.iter().enumerate() {
        let rows = match (sensitive(after, trigger, context), trigger.event) {
            (false, _) => String::new(),
            (true, TriggerEvent::Delete) => format!("REFERENCING OLD TABLE AS {ROWS} "),
            (true, TriggerEvent::Insert | TriggerEvent::Update) => format!("REFERENCING NEW TABLE AS {ROWS} "),
        };
        // Rows that are copied or repeated from the source have been through its triggers.
        statements.push(format!(
            "CREATE TRIGGER {} {} {} ON {name} {rows}FOR EACH ROW WHEN (current_setting('bascule.repeats', true) IS \
             DISTINCT FROM 'on') EXECUTE FUNCTION {}()",
            called(at),
            trigger.time.name(),
            trigger.event.name(),
            function_name(after, trigger)
        ));
    }
    Ok(statements)
}

/// A trigger's name in PostgreSQL: by these it orders them, behind those of its foreign keys (`RI_…`).
fn called(at: usize) -> String {
    format!("trigger_{:04}", at + 1)
}

fn function_name(table: &Table, trigger: &Trigger) -> String {
    in_server(&TableName { database: table.name.database.clone(), table: trigger.name.clone() })
}

/// The statement that removes a trigger's function.
pub(super) fn dropped(database: &str, trigger: &str) -> String {
    let name = TableName { database: database.to_owned(), table: trigger.to_owned() };
    format!("DROP FUNCTION IF EXISTS {}()", in_server(&name))
}

/// The triggers that a plan gives another meaning, made anew; functions of those that are gone with their tables go too.
pub(in super::super) fn follow(plan: &mut DdlPlan, names: &[String], (before, after): (&Context, &Context)) {
    let replaced = |table: &Table| {
        plan.changes.iter().any(|change| matches!(change, CatalogueChange::PutTable(put) if put.name == table.name))
    };
    let mut statements = Vec::new();
    for table in before.catalogue.databases.values().flat_map(|database| database.tables.values()) {
        let database = &table.name.database;
        if after.catalogue.database(database).is_some() {
            let gone = table.triggers.iter().filter(|own| after.catalogue.trigger(database, &own.name).is_none());
            statements.extend(gone.map(|trigger| dropped(database, &trigger.name)));
        }
    }
    let mut changes = Vec::new();
    for table in after.catalogue.databases.values().flat_map(|database| database.tables.values()) {
        let mut changed = Table::clone(table);
        for (at, trigger) in table.triggers.iter().enumerate() {
            if !(replaced(table) || mentions(&trigger.body, names)) {
                continue;
            }
            let made = remade(table, at, after).or_else(|error| failing(table, at, &error));
            let Ok((text, writes)) = made else { continue };
            statements.push(text);
            if let Some(own) = changed.triggers.get_mut(at) {
                own.writes = writes;
            }
        }
        if changed != **table {
            changes.push(CatalogueChange::PutTable(Arc::new(changed)));
        }
    }
    plan.statements.extend(statements.into_iter().map(TargetSql));
    plan.changes.extend(changes);
}

/// A trigger's function with the tables that it writes.
type Made = (String, Vec<TableName>);

/// The function of the trigger at a place.
fn remade(table: &Table, at: usize, context: &Context) -> Result<Made, SqlError> {
    match table.triggers.get(at) {
        Some(trigger) => made(table, trigger, context),
        None => Err(SqlError::unsupported("an unknown trigger")),
    }
}

fn made(table: &Table, trigger: &Trigger, context: &Context) -> Result<Made, SqlError> {
    let context = Context {
        sql_mode: trigger.sql_mode.clone(),
        collation: trigger.collation.clone(),
        database: Some(table.name.database.clone()),
        ..context.clone()
    };
    let mut cursor = Cursor::new(&trigger.body, &trigger.sql_mode)?;
    let (parsed, _) = read(&mut cursor, table, (trigger.time, trigger.event), &context, false)?;
    written(table, trigger, &parsed, &context)
}

fn written(table: &Table, trigger: &Trigger, parsed: &Parsed, context: &Context) -> Result<Made, SqlError> {
    let name = TableName { database: table.name.database.clone(), table: trigger.name.clone() };
    let mut writer = Writer::new(&name, parsed, context).of_trigger(table);
    let row = result(trigger);
    if trigger.time == TriggerTime::Before && acted_upon(table, trigger.event) {
        // A foreign key's own statement stands right below this function.
        writer.line(&format!(
            "IF pg_trigger_depth() > 1 THEN GET DIAGNOSTICS _context = PG_CONTEXT; IF _context ~ \
             E'^[^\\\\n]*\\\\n[^\\\\n]*(DELETE FROM|UPDATE) ONLY \"' THEN RETURN {row}; END IF; END IF;"
        ));
    }
    if sensitive(table, trigger, context) {
        let error = SqlError::unsupported(format_args!("trigger {} for several rows at once", trigger.name));
        writer.line(&format!(
            "IF (SELECT count(*) FROM (SELECT 1 FROM {ROWS} LIMIT 2) AS several) > 1 THEN PERFORM \"mysql\".raise({}, {}); \
             END IF;",
            error.code,
            literal(&error.message)
        ));
    }
    writer.node(&parsed.body)?;
    writer.line(&format!("RETURN {row};"));
    let mut declarations = " _context text;\n".to_owned();
    let columns = table.columns.len() * if trigger.event == TriggerEvent::Update { 2 } else { 1 };
    for (slot, column) in parsed.frame.columns.iter().enumerate().skip(columns) {
        let _ = writeln!(declarations, " _v{slot} {};", carrier(column)?);
    }
    let text = function(&head(table, trigger), &declarations, &writer.text)?;
    Ok((text, writer.writes))
}

fn head(table: &Table, trigger: &Trigger) -> String {
    // Helpers ask for the mode, which is the trigger's and not that of the statement which fires it. What they warn of,
    // and the ids that they take, nobody sees outside.
    let strict = if Modes::parse(&trigger.sql_mode).strict { "on" } else { "off" };
    format!(
        "CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql VOLATILE SET {} = '{strict}' SET client_min_messages = 'error'",
        function_name(table, trigger),
        identifier("mysql.strict")
    )
}

/// What the function returns: the row that is written, or anything after it.
fn result(trigger: &Trigger) -> &'static str {
    match (trigger.time, trigger.event) {
        (TriggerTime::After, _) => "NULL",
        (TriggerTime::Before, TriggerEvent::Delete) => "OLD",
        (TriggerTime::Before, TriggerEvent::Insert | TriggerEvent::Update) => "NEW",
    }
}

/// A function that fails: with MySQL's error where MySQL would find it, and by name where the body can't be carried any
/// more. A trigger that is left out would be worse.
fn failing(table: &Table, at: usize, error: &SqlError) -> Result<Made, SqlError> {
    let Some(trigger) = table.triggers.get(at) else { return Err(error.clone()) };
    let body = format!("PERFORM \"mysql\".raise({}, {});\n", error.code, literal(&error.message));
    Ok((function(&head(table, trigger), "", &body)?, Vec::new()))
}

/// True for a trigger AFTER its rows that could tell whether it's fired after each of them or after all: see the module.
fn sensitive(table: &Table, trigger: &Trigger, context: &Context) -> bool {
    if trigger.time == TriggerTime::Before {
        return false;
    }
    let functions: Vec<String> = context
        .catalogue
        .databases
        .values()
        .flat_map(|database| database.functions.values().map(|function| function.name.table.clone()))
        .collect();
    let uses_tables = |body: &str| {
        let words = ["SELECT", "TABLE", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"];
        Lexer::new(body.as_bytes()).any(|word| word.is_any(&words)) || calls(body, &functions)
    };
    mentions(&trigger.body, std::slice::from_ref(&table.name.table))
        || calls(&trigger.body, &functions)
        || table.triggers_of(TriggerTime::Before, trigger.event).any(|before| uses_tables(&before.body))
}

/// True when a text calls one of these functions.
fn calls(text: &str, functions: &[String]) -> bool {
    let mut named = false;
    Lexer::new(text.as_bytes()).any(|word| {
        let called = named && word == Lexeme::Symbol(b'(');
        named = word.name().is_some_and(|name| functions.iter().any(|known| known.eq_ignore_ascii_case(&name)));
        called
    })
}
