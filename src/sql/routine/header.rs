//! CREATE, ALTER and DROP of routines, triggers and events: everything around the body.

use std::sync::Arc;

use sqlparser::tokenizer::Token;

use super::code::{Code, make};
use super::parse::{Owner, Reader, fail};
use super::tree::{Fragment, Node};
use crate::schema::{
    CatalogueChange, Characteristics, Column, ParameterMode as Mode, Routine, RoutineKind, Table, TableName,
};
use crate::sql::ddl::cursor::Cursor;
use crate::sql::ddl::scope::Scope;
use crate::sql::ddl::{finished, note, noted};
use crate::sql::plan::{Context, DdlPlan, SqlError};

/// Characters of the longest name.
pub(super) const NAME_LIMIT: usize = 64;

/// A routine that was read.
pub(super) struct Parsed {
    pub(super) modes: Vec<Mode>,
    pub(super) frame: Arc<Table>,
    pub(super) returns: Option<Column>,
    pub(super) body: Node,
}

/// CREATE [DEFINER = …] {PROCEDURE | FUNCTION | TRIGGER | EVENT} behind CREATE; `None` when it's about something else.
pub(in crate::sql) fn create(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<Option<DdlPlan>, SqlError> {
    let mark = cursor.mark();
    let mut definer = String::new();
    if cursor.take("definer") {
        cursor.expect_symbol(&Token::Eq)?;
        definer = crate::sql::ddl::definer(cursor)?;
    }
    let kind = match cursor.peek_word().as_deref() {
        Some("procedure") => RoutineKind::Procedure,
        Some("function") => RoutineKind::Function,
        Some("trigger") => {
            cursor.skip();
            return super::trigger::create(cursor, definer, scope).map(Some);
        }
        Some(_) | None => {
            cursor.back_to(mark);
            return Ok(None);
        }
    };
    if scope.replays() {
        return Err(SqlError::unsupported(format!("CREATE {}", kind.name())));
    }
    cursor.skip();
    routine(cursor, kind, definer, scope).map(Some)
}

fn routine(
    cursor: &mut Cursor<'_>,
    kind: RoutineKind,
    definer: String,
    scope: &Scope<'_>,
) -> Result<DdlPlan, SqlError> {
    let if_not_exists = cursor.take("if not exists");
    let written = cursor.qualified_name()?;
    if kind == RoutineKind::Function && cursor.is("returns") && cursor.is_at(2, "soname") {
        return Err(SqlError::unsupported("CREATE FUNCTION … SONAME"));
    }
    let database = written.0.clone().or_else(|| scope.context.database.clone()).ok_or_else(SqlError::no_database);
    let known = database.as_ref().ok().filter(|name| scope.context.catalogue.database(name).is_some());
    let of_types = known.or(scope.context.catalogue.databases.keys().next()).cloned().unwrap_or_default();
    let start = cursor.mark();
    let parameters = cursor.parenthesised()?.to_owned();
    cursor.back_to(start);
    let mut reader = Reader::new(cursor, scope.context, &of_types, kind.into());
    reader.checks = true;
    let modes = read_parameters(&mut reader)?;
    let returned = returned(&mut reader)?;
    let characteristics = characteristics(reader.cursor)?;
    let body_start = reader.cursor.mark();
    let node = whole(&mut reader)?;
    let parsed = Parsed { modes, frame: Arc::clone(&reader.frame), returns: returned, body: node };
    let has_return = reader.returns;
    let body = cursor.between(body_start, cursor.mark()).to_owned();
    let mut name = scope.name(&written)?;
    name.database = database?;
    let name = TableName { table: written.1, ..name };
    if kind == RoutineKind::Function && !has_return {
        return Err(fail(1320, format!("No RETURN found in FUNCTION {name}")));
    }
    check_name(&name)?;
    let spelled = scope.name(&(Some(name.database.clone()), String::new()))?.database;
    scope.database(&name.database)?;
    let name = TableName { database: spelled, ..name };
    if scope.context.catalogue.routine(kind, &name.database, &name.table).is_some() {
        let text = format!("{} {} already exists", kind.name(), name.table);
        return if if_not_exists { Ok(noted(vec![note(1304, text)])) } else { Err(fail(1304, text)) };
    }
    let routine = Routine {
        database_collation: scope.database_charset(&name.database)?.collation,
        name,
        kind,
        parameters,
        arguments: parsed.modes.iter().copied().zip(parsed.frame.columns.iter().cloned()).collect(),
        result: parsed.returns.clone(),
        body,
        characteristics,
        definer,
        sql_mode: scope.context.sql_mode.clone(),
        charset: "utf8mb4".to_owned(),
        collation: scope.context.collation.clone(),
        created: 0,
        modified: 0,
    };
    let mut statements = Vec::new();
    if kind == RoutineKind::Function {
        // Functions of all sessions are the same, whatever temporary tables one of them has.
        let catalogue = Arc::new(scope.context.catalogue.without_session());
        let context = Context { catalogue, ..scope.context.clone() };
        statements.push(super::function::create(&routine.name, &parsed, &context)?);
    }
    let mut plan = finished(statements, vec![CatalogueChange::PutRoutine(Arc::new(routine))]);
    plan.notes = std::mem::take(&mut cursor.notices);
    Ok(plan)
}

/// 1458 for a name that no routine can have.
fn check_name(name: &TableName) -> Result<(), SqlError> {
    let table = &name.table;
    if table.chars().count() > NAME_LIMIT {
        return Err(fail(1059, format!("Identifier name '{table}' is too long")));
    }
    if table.is_empty() || table.ends_with(' ') {
        return Err(fail(1458, format!("Incorrect routine name '{table}'")));
    }
    Ok(())
}

/// `( [IN | OUT | INOUT] name type, … )`.
fn read_parameters(reader: &mut Reader<'_, '_>) -> Result<Vec<Mode>, SqlError> {
    reader.cursor.expect_symbol(&Token::LParen)?;
    let mut modes = Vec::new();
    while !reader.cursor.take_symbol(&Token::RParen) {
        if !modes.is_empty() {
            reader.cursor.expect_symbol(&Token::Comma)?;
        }
        modes.push(parameter(reader)?);
    }
    Ok(modes)
}

fn parameter(reader: &mut Reader<'_, '_>) -> Result<Mode, SqlError> {
    let mut mode = Mode::In;
    if reader.owner == Owner::Procedure {
        for (word, named) in [("in", Mode::In), ("out", Mode::Out), ("inout", Mode::InOut)] {
            if reader.cursor.take(word) {
                mode = named;
                break;
            }
        }
    }
    let name = reader.cursor.name()?;
    if reader.locals().slot(&name).is_some() {
        return Err(fail(1330, format!("Duplicate parameter: {name}")));
    }
    let column = crate::sql::ddl::variable(reader.cursor, &name, reader.database, reader.context)?;
    reader.declare(column);
    Ok(mode)
}

/// RETURNS and its type.
fn returned(reader: &mut Reader<'_, '_>) -> Result<Option<Column>, SqlError> {
    if reader.owner == Owner::Procedure {
        return Ok(None);
    }
    reader.cursor.expect("returns")?;
    crate::sql::ddl::variable(reader.cursor, "", reader.database, reader.context).map(Some)
}

/// A routine's parameters as variables.
pub(in crate::sql) fn shape(routine: &Routine) -> Arc<Table> {
    let columns = routine.arguments.iter().map(|(_, column)| column.clone()).collect();
    Arc::new(Table { columns, ..Table::default() })
}

fn characteristics(cursor: &mut Cursor<'_>) -> Result<Characteristics, SqlError> {
    let mut found = Characteristics { access: "CONTAINS SQL".to_owned(), ..Characteristics::default() };
    while characteristic(cursor, &mut found)? {}
    Ok(found)
}

fn characteristic(cursor: &mut Cursor<'_>, found: &mut Characteristics) -> Result<bool, SqlError> {
    for access in ["CONTAINS SQL", "NO SQL", "READS SQL DATA", "MODIFIES SQL DATA"] {
        if cursor.take(&access.to_lowercase()) {
            access.clone_into(&mut found.access);
            return Ok(true);
        }
    }
    if cursor.take("comment") {
        found.comment = cursor.string()?;
    } else if cursor.take("language sql") {
    } else if cursor.take("language") {
        return Err(SqlError::unsupported("LANGUAGE"));
    } else if cursor.take("sql security definer") {
        found.invoker = false;
    } else if cursor.take("sql security invoker") {
        found.invoker = true;
    } else if cursor.take("deterministic") {
        found.deterministic = true;
    } else if cursor.take("not deterministic") {
        found.deterministic = false;
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// The body, to its end.
pub(super) fn whole(reader: &mut Reader<'_, '_>) -> Result<Node, SqlError> {
    let mut nodes = Vec::new();
    reader.statement(&mut nodes)?;
    reader.cursor.expect_end()?;
    Ok(match nodes.len() {
        1 => nodes.remove(0),
        _several => Node::Block(super::tree::Block { body: nodes, ..super::tree::Block::default() }),
    })
}

/// The code of a stored routine.
pub fn code(routine: &Routine, context: &Context) -> Result<Code, SqlError> {
    let (parsed, cursors) = parsed(routine, context)?;
    Ok(make(parsed.frame, parsed.modes, cursors, &parsed.body))
}

/// A stored routine, read again, and the queries of its cursors.
pub(super) fn parsed(routine: &Routine, context: &Context) -> Result<(Parsed, Vec<Fragment>), SqlError> {
    let context = Context { sql_mode: routine.sql_mode.clone(), ..context.clone() };
    let database = &routine.name.database;
    let modes = routine.arguments.iter().map(|(mode, _)| *mode).collect();
    let mut cursor = Cursor::new(&routine.body, &routine.sql_mode)?;
    let mut reader = Reader::new(&mut cursor, &context, database, routine.kind.into());
    for (_, column) in &routine.arguments {
        reader.declare(column.clone());
    }
    let body = whole(&mut reader)?;
    Ok((Parsed { modes, frame: Arc::clone(&reader.frame), returns: routine.result.clone(), body }, reader.cursors))
}

/// ALTER {PROCEDURE | FUNCTION} behind ALTER.
pub(in crate::sql) fn alter(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<Option<DdlPlan>, SqlError> {
    let kind = match cursor.peek_word().as_deref() {
        Some("procedure") => RoutineKind::Procedure,
        Some("function") => RoutineKind::Function,
        Some(_) | None => return Ok(None),
    };
    if scope.replays() {
        return Err(SqlError::unsupported(format!("ALTER {}", kind.name())));
    }
    cursor.skip();
    let name = scope.name(&cursor.qualified_name()?)?;
    let present = scope.context.catalogue.routine(kind, &name.database, &name.table);
    let mut changed = present.map(|routine| routine.characteristics.clone()).unwrap_or_default();
    while !(cursor.is("deterministic") || cursor.is("not")) && characteristic(cursor, &mut changed)? {}
    cursor.expect_end()?;
    let Some(routine) = present else { return Err(missing(kind, &name)) };
    let routine = Routine { characteristics: changed, modified: 0, ..Routine::clone(routine) };
    Ok(Some(finished(Vec::new(), vec![CatalogueChange::PutRoutine(Arc::new(routine))])))
}

fn missing(kind: RoutineKind, name: &TableName) -> SqlError {
    fail(1305, format!("{} {name} does not exist", kind.name()))
}

/// DROP {PROCEDURE | FUNCTION | TRIGGER | EVENT} behind DROP; `None` when it's about something else.
pub(in crate::sql) fn drop(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<Option<DdlPlan>, SqlError> {
    let word = cursor.peek_word().unwrap_or_default();
    let kind = match word.as_str() {
        "procedure" => Some(RoutineKind::Procedure),
        "function" => Some(RoutineKind::Function),
        "trigger" | "event" => None,
        _other => return Ok(None),
    };
    if scope.replays() {
        return Err(SqlError::unsupported(format!("DROP {}", word.to_uppercase())));
    }
    cursor.skip();
    let if_exists = cursor.take("if exists");
    let written = cursor.qualified_name()?;
    cursor.expect_end()?;
    let Some(kind) = kind else {
        return if word == "trigger" {
            super::trigger::drop(&written, if_exists, scope).map(Some)
        } else {
            scope.name(&written)?;
            drop_event(&written.1, if_exists).map(Some)
        };
    };
    if kind == RoutineKind::Function && written.0.is_none() && scope.context.database.is_none() {
        let text = format!("FUNCTION (UDF) {} does not exist", written.1);
        return if if_exists { Ok(Some(noted(vec![note(1305, text)]))) } else { Err(fail(1305, text)) };
    }
    let name = scope.name(&written)?;
    let name = TableName { table: written.1, ..name };
    let Some(routine) = scope.context.catalogue.routine(kind, &name.database, &name.table) else {
        let error = missing(kind, &name);
        return if if_exists { Ok(Some(noted(vec![note(error.code, error.message)]))) } else { Err(error) };
    };
    let mut statements = Vec::new();
    if kind == RoutineKind::Function {
        statements.push(format!("DROP FUNCTION IF EXISTS {}", super::server::in_server(&routine.name)));
    }
    let change = CatalogueChange::DropRoutine { kind, name: routine.name.clone() };
    Ok(Some(finished(statements, vec![change])))
}

/// DROP EVENT: there are none.
fn drop_event(name: &str, if_exists: bool) -> Result<DdlPlan, SqlError> {
    if if_exists {
        return Ok(noted(vec![note(1305, format!("Event {name} does not exist"))]));
    }
    Err(fail(1539, format!("Unknown event '{name}'")))
}
