//! CREATE TRIGGER and DROP TRIGGER.
//!
//! A trigger becomes a row trigger of PostgreSQL with a PL/pgSQL function: `OLD` and `NEW` are its rows, in which the
//! column's collations and types hold as in any query. What differs between the two servers:
//!
//! - MySQL fires triggers in the order in which they were made (FOLLOWS, PRECEDES), PostgreSQL by their names: so they
//!   are named by their place, and behind those by which PostgreSQL carries out foreign keys, as in MySQL.
//! - MySQL fires those AFTER a row at once, PostgreSQL at the end of the statement. With one row that's the same. With
//!   several it can be told apart only by a trigger that reads its own table, or one BEFORE that reads or writes tables:
//!   such triggers allow one row at a time and fail by name otherwise.
//! - MySQL fires none for the rows that a foreign key changes. A trigger BEFORE sees that it's called by one; one
//!   AFTER can't, and is refused on such a table.
//! - MySQL refuses writes to a table that a statement uses already (1442): what the body writes itself is known when
//!   the trigger is made; triggers that could reach each other are refused.
//!
//! MySQL manual, "Trigger Syntax and Examples", "Restrictions on Stored Programs"; PostgreSQL manual, "Overview of
//! Trigger Behavior", "Visibility of Data Changes".

mod server;

use std::sync::Arc;

use sqlparser::tokenizer::Token;

use super::header::{NAME_LIMIT, Parsed, whole};
use super::parse::{Owner, Reader, fail};
use super::tree::{RowColumn, row_name};
use crate::schema::quote::identifier;
use crate::schema::{
    CatalogueChange, Column, ColumnDefault, ReferentialAction, Table, Trigger, TriggerEvent, TriggerTime,
};
use crate::sql::ddl::cursor::Cursor;
use crate::sql::ddl::scope::Scope;
use crate::sql::ddl::{finished, note, noted};
use crate::sql::plan::{Context, DdlPlan, SqlError};

pub(super) use server::follow;

/// Triggers of one table, at most: their names in PostgreSQL have as many digits.
const MOST: usize = 9_999;

/// What stands before the body.
struct Head {
    time: TriggerTime,
    event: TriggerEvent,
    table: (Option<String>, String),
    /// FOLLOWS (or else PRECEDES) another one.
    beside: Option<(bool, String)>,
}

/// CREATE [DEFINER = …] TRIGGER behind this word.
pub(super) fn create(cursor: &mut Cursor<'_>, definer: String, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    if scope.replays() {
        return Err(SqlError::unsupported("CREATE TRIGGER"));
    }
    let if_not_exists = cursor.take("if not exists");
    let written = cursor.qualified_name()?;
    let head = head(cursor)?;
    let body_start = cursor.mark();
    let table = target(&written, &head, scope)?;
    check_name(&written.1)?;
    let database = &table.name.database;
    if let Some((other, trigger)) = scope.context.catalogue.trigger(database, &written.1) {
        if if_not_exists && other.name != table.name {
            let text = format!(
                "Trigger '{database}'.'{}' already exists on a different table. The 'IF NOT EXISTS' clause is only \
                 supported for triggers associated with the same table.",
                trigger.name
            );
            return Err(fail(4100, text));
        }
        if if_not_exists {
            let text =
                format!("Trigger '{}' already exists on the table '{database}'.'{}'.", trigger.name, other.name.table);
            return Ok(noted(vec![note(4099, text)]));
        }
        return Err(fail(1359, "Trigger already exists"));
    }
    let place = place(table, &head)?;
    // What all sessions share: a trigger doesn't see the temporary tables of the one that makes it.
    let shared = Context {
        catalogue: Arc::new(scope.context.catalogue.without_session()),
        database: Some(database.clone()),
        ..scope.context.clone()
    };
    let (_, assigns) = read(cursor, table, (head.time, head.event), &shared, true)?;
    let trigger = Trigger {
        name: written.1,
        time: head.time,
        event: head.event,
        body: cursor.between(body_start, cursor.mark()).to_owned(),
        assigns,
        writes: Vec::new(),
        definer,
        sql_mode: scope.context.sql_mode.clone(),
        charset: "utf8mb4".to_owned(),
        collation: scope.context.collation.clone(),
        database_collation: scope.database_charset(database)?.collation,
        created: 0,
    };
    let mut after = Table::clone(table);
    after.triggers.insert(place, trigger);
    check(&after)?;
    let statements = server::attached(table, &mut after, &shared, Some(place))?;
    let mut plan = finished(statements, vec![CatalogueChange::PutTable(Arc::new(after))]);
    plan.notes = std::mem::take(&mut cursor.notices);
    Ok(plan)
}

fn head(cursor: &mut Cursor<'_>) -> Result<Head, SqlError> {
    let time = if cursor.take("before") {
        TriggerTime::Before
    } else {
        cursor.expect("after")?;
        TriggerTime::After
    };
    let event = if cursor.take("insert") {
        TriggerEvent::Insert
    } else if cursor.take("update") {
        TriggerEvent::Update
    } else {
        cursor.expect("delete")?;
        TriggerEvent::Delete
    };
    cursor.expect("on")?;
    let table = cursor.qualified_name()?;
    cursor.expect("for each row")?;
    let follows = cursor.is("follows") && !matches!(cursor.peek_second(), Some(Token::Colon));
    let beside = if follows || cursor.is("precedes") {
        cursor.skip();
        Some((follows, cursor.name()?))
    } else {
        None
    };
    Ok(Head { time, event, table, beside })
}

/// The table that the trigger is for: in its own database, and no view or temporary table.
fn target<'s>(written: &(Option<String>, String), head: &Head, scope: &Scope<'s>) -> Result<&'s Arc<Table>, SqlError> {
    let name = scope.name(&head.table)?;
    if name.database.eq_ignore_ascii_case("mysql") || written.0.as_deref() == Some("mysql") {
        return Err(fail(1465, "Triggers can not be created on system tables"));
    }
    if scope.temporary(&name).is_some() {
        return Err(fail(1361, format!("Trigger's '{}' is view or temporary table", name.table)));
    }
    let table = scope.base_table(&head.table)?;
    let own = scope.name(&(written.0.clone().or(Some(name.database)), String::new()))?.database;
    if own != table.name.database {
        return Err(fail(1435, "Trigger in wrong schema"));
    }
    if table.merge.is_some() {
        return Err(SqlError::unsupported("a trigger of a MERGE table"));
    }
    Ok(table)
}

fn check_name(name: &str) -> Result<(), SqlError> {
    if name.chars().count() > NAME_LIMIT {
        return Err(fail(1059, format!("Identifier name '{name}' is too long")));
    }
    if name.is_empty() || name.ends_with(' ') {
        return Err(fail(1102, format!("Incorrect trigger name '{name}'")));
    }
    Ok(())
}

/// Where among the table's triggers the new one stands.
fn place(table: &Table, head: &Head) -> Result<usize, SqlError> {
    if table.triggers.len() >= MOST {
        return Err(SqlError::unsupported("this many triggers of a table"));
    }
    let Some((follows, name)) = &head.beside else { return Ok(table.triggers.len()) };
    let other = table.triggers.iter().position(|trigger| {
        (trigger.time, trigger.event) == (head.time, head.event) && trigger.name.eq_ignore_ascii_case(name)
    });
    let missing =
        || fail(3011, format!("Referenced trigger '{name}' for the given action time and event type does not exist."));
    other.map(|at| at + usize::from(*follows)).ok_or_else(missing)
}

/// DROP TRIGGER behind its name.
pub(super) fn drop(
    written: &(Option<String>, String),
    if_exists: bool,
    scope: &Scope<'_>,
) -> Result<DdlPlan, SqlError> {
    let name = scope.name(written)?;
    let Some((table, trigger)) = scope.context.catalogue.trigger(&name.database, &written.1) else {
        let there = scope.context.catalogue.database(&name.database).is_some();
        return match (if_exists, there) {
            (true, true) => Ok(noted(vec![note(1360, "Trigger does not exist".to_owned())])),
            // MySQL's own note has the place for the name unfilled.
            (true, false) => Ok(noted(vec![note(1049, "Unknown database '%-.192s'".to_owned())])),
            (false, true) => Err(fail(1360, "Trigger does not exist")),
            (false, false) => Err(SqlError::unknown_database(&name.database)),
        };
    };
    let mut after = Table::clone(table);
    after.triggers.retain(|other| other.name != trigger.name);
    let shared = Context { catalogue: Arc::new(scope.context.catalogue.without_session()), ..scope.context.clone() };
    let mut statements = server::attached(table, &mut after, &shared, None)?;
    statements.push(server::dropped(&table.name.database, &trigger.name));
    Ok(finished(statements, vec![CatalogueChange::PutTable(Arc::new(after))]))
}

/// The body at the cursor, with the columns that it assigns to.
fn read(
    cursor: &mut Cursor<'_>,
    table: &Table,
    (time, event): (TriggerTime, TriggerEvent),
    context: &Context,
    checks: bool,
) -> Result<(Parsed, Vec<String>), SqlError> {
    let mut reader = Reader::new(cursor, context, &table.name.database, Owner::Trigger(time));
    reader.checks = checks;
    let rows: &[&'static str] = match event {
        TriggerEvent::Insert => &["NEW"],
        TriggerEvent::Update => &["OLD", "NEW"],
        TriggerEvent::Delete => &["OLD"],
    };
    let mut columns = Vec::with_capacity(rows.len() * table.columns.len());
    for row in rows {
        for column in &table.columns {
            let sql = format!("{row}.{}", identifier(&column.name));
            columns.push(RowColumn { sql, unread: unread(column, row, (time, event)) });
            reader.declare_as(row_name(row, &column.name), loose(column));
        }
    }
    reader.rows = columns.into();
    let body = whole(&mut reader)?;
    let assigns = std::mem::take(&mut reader.assigns);
    let parsed = Parsed { modes: Vec::new(), frame: Arc::clone(&reader.frame), returns: None, body };
    let numbered = |name: &String| table.column(name).is_some_and(|column| column.auto_increment);
    if event == TriggerEvent::Insert && assigns.iter().any(numbered) {
        return Err(SqlError::unsupported("a trigger that assigns to an AUTO_INCREMENT column"));
    }
    Ok((parsed, assigns))
}

/// Why a column can't be read at a time when MySQL has its value and PostgreSQL hasn't, or the other way round.
fn unread(column: &Column, row: &str, (time, event): (TriggerTime, TriggerEvent)) -> Option<&'static str> {
    if time == TriggerTime::After || row == "OLD" {
        None
    } else if column.generated.is_some() {
        Some("which is computed after it")
    } else if column.auto_increment && event == TriggerEvent::Insert {
        Some("which is numbered later in MySQL")
    } else {
        None
    }
}

/// A row's column as a variable: NOT NULL is checked when all triggers have been fired.
fn loose(column: &Column) -> Column {
    Column {
        nullable: true,
        auto_increment: false,
        generated: None,
        default: ColumnDefault::Null,
        on_update_now: None,
        ..column.clone()
    }
}

/// What a table can't have: a trigger AFTER an event of which foreign keys are a cause.
pub(in crate::sql) fn check(table: &Table) -> Result<(), SqlError> {
    let fired = |trigger: &&Trigger| trigger.time == TriggerTime::After && acted_upon(table, trigger.event);
    match table.triggers.iter().find(fired) {
        Some(trigger) => Err(SqlError::unsupported(format_args!(
            "trigger {} AFTER {} of a table whose rows a foreign key changes",
            trigger.name,
            trigger.event.name()
        ))),
        None => Ok(()),
    }
}

/// True when a foreign key of the table changes its rows in such a way.
fn acted_upon(table: &Table, event: TriggerEvent) -> bool {
    let cascades = |action: ReferentialAction| action == ReferentialAction::Cascade;
    let sets = |action: ReferentialAction| matches!(action, ReferentialAction::SetNull | ReferentialAction::SetDefault);
    table.foreign_keys.iter().any(|key| match event {
        TriggerEvent::Insert => false,
        TriggerEvent::Delete => cascades(key.on_delete),
        TriggerEvent::Update => cascades(key.on_update) || sets(key.on_update) || sets(key.on_delete),
    })
}
