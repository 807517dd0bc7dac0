//! Table locks, FLUSH, KILL, and the statements on conditions: SIGNAL and GET DIAGNOSTICS.

use sqlparser::tokenizer::Token;

use crate::schema::TableName;

use super::super::cursor::Cursor;
use super::super::plan::{Context, DiagnosticsItem, SessionCommand, SqlError, TableLock};
use super::super::view::tables_of;

/// LOCK TABLES t [[AS] alias] {READ [LOCAL] | WRITE}, … With a view, the tables that it reads are locked too and may be
/// used (manual, section "LOCK TABLES and UNLOCK TABLES Statements").
pub(super) fn lock_tables(cursor: &mut Cursor<'_>, context: &Context) -> Result<SessionCommand, SqlError> {
    if !cursor.take(&["TABLES"]) && !cursor.take(&["TABLE"]) {
        return Err(if cursor.take(&["INSTANCE"]) { SqlError::unsupported("LOCK INSTANCE") } else { cursor.error() });
    }
    let mut locks: Vec<TableLock> = Vec::new();
    loop {
        let (database, table) = cursor.qualified()?;
        let database = database.or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?;
        if cursor.sees(&["LOW_PRIORITY"]) {
            return Err(cursor.error());
        }
        let aliased = cursor.take(&["AS"]) || !(cursor.sees(&["READ"]) || cursor.sees(&["WRITE"]));
        let alias = if aliased { Some(cursor.name()?) } else { None };
        let write = cursor.take(&["WRITE"]);
        if !write {
            cursor.expect(&["READ"])?;
            cursor.take(&["LOCAL"]);
        }
        let (table, of_view) = match context.catalogue.view(&database, &table) {
            Some(view) => (view.name.clone(), tables_of(view, context)?),
            None => {
                let found = context.catalogue.table(&database, &table).map(|table| table.name.clone());
                (found.ok_or_else(|| SqlError::no_table(&database, &table))?, Vec::new())
            }
        };
        let name = alias.unwrap_or_else(|| table.table.clone());
        if locks.iter().any(|lock| lock.alias.eq_ignore_ascii_case(&name)) {
            return Err(SqlError::alias_twice(&name));
        }
        locks.push(TableLock { table, alias: name, write, of_view });
        if !cursor.symbol(&Token::Comma) {
            return Ok(SessionCommand::LockTables(locks));
        }
    }
}

/// UNLOCK TABLES.
pub(super) fn unlock(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    if cursor.take(&["INSTANCE"]) {
        return Ok(SessionCommand::NoOperation("UNLOCK INSTANCE"));
    }
    if cursor.take(&["TABLES"]) || cursor.take(&["TABLE"]) {
        return Ok(SessionCommand::UnlockTables);
    }
    Err(cursor.error())
}

/// FLUSH: there are no caches and no files of MySQL's here, so that what it empties is empty.
pub(super) fn flush(cursor: &mut Cursor<'_>, context: &Context) -> Result<SessionCommand, SqlError> {
    if !cursor.take(&["NO_WRITE_TO_BINLOG"]) {
        cursor.take(&["LOCAL"]);
    }
    if cursor.take(&["TABLES"]) || cursor.take(&["TABLE"]) {
        return flush_tables(cursor, context);
    }
    let mut warning = None;
    loop {
        const LOGS: [&str; 6] = ["BINARY", "ENGINE", "ERROR", "GENERAL", "RELAY", "SLOW"];
        let log = LOGS.iter().any(|kind| cursor.take(&[kind]));
        if log {
            cursor.expect(&["LOGS"])?;
        } else if cursor.take(&["PRIVILEGES"]) {
            let text = "'FLUSH PRIVILEGES' is deprecated and will be removed in a future release.";
            warning = Some((1681, text.to_owned()));
        } else if !["LOGS", "STATUS", "USER_RESOURCES", "OPTIMIZER_COSTS"].iter().any(|word| cursor.take(&[word])) {
            return Err(cursor.error());
        }
        if !cursor.symbol(&Token::Comma) {
            return Ok(SessionCommand::Flush { warning });
        }
    }
}

fn flush_tables(cursor: &mut Cursor<'_>, _context: &Context) -> Result<SessionCommand, SqlError> {
    let mut names: Vec<TableName> = Vec::new();
    while !cursor.is_done() && !cursor.sees(&["WITH"]) && !cursor.sees(&["FOR"]) {
        let (database, table) = cursor.qualified()?;
        names.push(TableName { database: database.unwrap_or_default(), table });
        if !cursor.symbol(&Token::Comma) {
            break;
        }
    }
    // Taking these for granted would break the promise that they make.
    if cursor.take(&["WITH", "READ", "LOCK"]) {
        return Err(SqlError::unsupported("FLUSH TABLES WITH READ LOCK"));
    }
    if cursor.take(&["FOR", "EXPORT"]) {
        return Err(SqlError::unsupported("FLUSH TABLES FOR EXPORT"));
    }
    Ok(SessionCommand::Flush { warning: None })
}

/// RESET PERSIST forgets settings that are kept in files; there are none.
pub(super) fn reset(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    if !cursor.take(&["PERSIST"]) {
        return Err(SqlError::unsupported("RESET"));
    }
    if cursor.take(&["IF", "EXISTS"]) || !cursor.is_done() {
        cursor.name()?;
    }
    Ok(SessionCommand::NoOperation("RESET PERSIST"))
}

/// KILL [CONNECTION | QUERY] id.
pub(super) fn kill(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    let query_only = cursor.take(&["QUERY"]);
    if !query_only {
        cursor.take(&["CONNECTION"]);
    }
    if cursor.sees(&["CONNECTION_ID"]) {
        cursor.next();
        cursor.expect_symbol(&Token::LParen)?;
        cursor.expect_symbol(&Token::RParen)?;
        return Ok(SessionCommand::Kill { query_only, id: None });
    }
    Ok(SessionCommand::Kill { query_only, id: Some(cursor.number()?) })
}

/// SIGNAL SQLSTATE [VALUE] 'state' [SET item = value, …].
pub(super) fn signal(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    if !cursor.take(&["SQLSTATE"]) {
        let name = cursor.name()?;
        return Err(SqlError::new(1319, "42000", format!("Undefined CONDITION: {name}")));
    }
    cursor.take(&["VALUE"]);
    let state = cursor.string()?;
    let valid = state.len() == 5 && state.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !valid || state.starts_with("00") {
        return Err(SqlError::new(1407, "42000", format!("Bad SQLSTATE: '{state}'")));
    }
    let (mut code, mut message) = match &state[..2] {
        "01" => (1642, "Unhandled user-defined warning condition".to_owned()),
        "02" => (1643, "Unhandled user-defined not found condition".to_owned()),
        _error => (1644, "Unhandled user-defined exception condition".to_owned()),
    };
    if cursor.take(&["SET"]) {
        loop {
            let item = cursor.name()?.to_ascii_uppercase();
            cursor.expect_symbol(&Token::Eq)?;
            match item.as_str() {
                "MESSAGE_TEXT" => message = cursor.string()?,
                "MYSQL_ERRNO" => code = u16::try_from(cursor.number()?).map_err(|_| cursor.error())?,
                other => return Err(SqlError::unsupported(format_args!("SIGNAL … SET {other}"))),
            }
            if !cursor.symbol(&Token::Comma) {
                break;
            }
        }
    }
    Ok(SessionCommand::Signal { state, code, message })
}

/// GET [CURRENT] DIAGNOSTICS @a = NUMBER, … or CONDITION n @a = MESSAGE_TEXT, …
pub(super) fn diagnostics(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    if cursor.sees(&["STACKED"]) {
        return Err(SqlError::new(1741, "0Z002", "GET STACKED DIAGNOSTICS when handler not active".to_owned()));
    }
    cursor.take(&["CURRENT"]);
    cursor.expect(&["DIAGNOSTICS"])?;
    let condition = if cursor.take(&["CONDITION"]) { Some(cursor.number()?) } else { None };
    let mut items = Vec::new();
    loop {
        let variable = cursor.variable().ok_or_else(|| cursor.error())?;
        cursor.expect_symbol(&Token::Eq)?;
        let name = cursor.name()?.to_ascii_uppercase();
        let item = match (name.as_str(), condition) {
            ("NUMBER", None) => DiagnosticsItem::Number,
            ("ROW_COUNT", None) => DiagnosticsItem::RowCount,
            ("MYSQL_ERRNO", Some(_)) => DiagnosticsItem::Errno,
            ("MESSAGE_TEXT", Some(_)) => DiagnosticsItem::Message,
            ("RETURNED_SQLSTATE", Some(_)) => DiagnosticsItem::State,
            (other, Some(_)) => return Err(SqlError::unsupported(format_args!("GET DIAGNOSTICS … {other}"))),
            (_, None) => return Err(cursor.error()),
        };
        items.push((variable, item));
        if !cursor.symbol(&Token::Comma) {
            return Ok(SessionCommand::Diagnostics { condition, items });
        }
    }
}
