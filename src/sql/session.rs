//! Statements that the serving session answers itself: transactions, SET, USE, and others.

mod administration;
mod prepared;
mod set;
mod xa;

use sqlparser::ast::{Expr, SetExpr, Statement};
use sqlparser::tokenizer::Token;

use crate::value::Value;

use super::cursor::Cursor;
use super::dialect::{Modes, Source};
use super::expression::{Body, Lowering};
use super::metadata;
use super::plan::{Context, OutputColumn, ParameterSource, SessionCommand, SqlError};

/// The command of a statement of these families; `None` when it belongs to another one.
pub(super) fn command(
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
) -> Result<Option<SessionCommand>, SqlError> {
    let mut cursor = Cursor::new(source);
    let Some(Token::Word(first)) = cursor.next() else { return Ok(None) };
    if first.quote_style.is_some() {
        return Ok(None);
    }
    let command = match first.value.to_ascii_uppercase().as_str() {
        "BEGIN" => {
            cursor.take(&["WORK"]);
            SessionCommand::Begin { read_only: None, consistent_snapshot: false }
        }
        "START" => {
            if !cursor.take(&["TRANSACTION"]) {
                return Err(SqlError::unsupported("START"));
            }
            start_transaction(&mut cursor)?
        }
        "COMMIT" => {
            let (chain, release) = ending(&mut cursor)?;
            SessionCommand::Commit { chain, release }
        }
        "ROLLBACK" => rollback(&mut cursor)?,
        "SAVEPOINT" => SessionCommand::Savepoint(cursor.name()?),
        "RELEASE" => {
            cursor.expect(&["SAVEPOINT"])?;
            SessionCommand::Release(cursor.name()?)
        }
        "USE" => SessionCommand::Use(cursor.name()?),
        "SET" => set::set(&mut cursor, source, context, modes)?,
        "DO" => set::evaluations(&mut cursor, source, context, modes)?,
        "PREPARE" => prepared::prepare(&mut cursor)?,
        "EXECUTE" => prepared::execute(&mut cursor)?,
        "DEALLOCATE" => prepared::deallocate(&mut cursor)?,
        "DROP" if cursor.sees(&["PREPARE"]) => prepared::deallocate(&mut cursor)?,
        "CALL" => set::call(&mut cursor, source, context, modes)?,
        "LOCK" => administration::lock_tables(&mut cursor, context)?,
        "UNLOCK" => administration::unlock(&mut cursor)?,
        "FLUSH" => administration::flush(&mut cursor, context)?,
        "RESET" => administration::reset(&mut cursor)?,
        "SIGNAL" => administration::signal(&mut cursor)?,
        "RESIGNAL" => return Err(SqlError::new(1645, "0K000", "RESIGNAL when handler not active".to_owned())),
        "GET" => administration::diagnostics(&mut cursor)?,
        "XA" => SessionCommand::Xa(xa::xa(&mut cursor)?),
        "HANDLER" | "CACHE" | "HELP" | "BINLOG" | "PURGE" | "CLONE" | "SHUTDOWN" | "RESTART" | "INSTALL"
        | "UNINSTALL" | "CHANGE" | "STOP" => return Err(SqlError::unsupported(first.value.to_ascii_uppercase())),
        "KILL" => administration::kill(&mut cursor)?,
        "LOAD" if cursor.sees(&["DATA"]) || cursor.sees(&["XML"]) => {
            SessionCommand::Load(Box::new(super::load::parse(&mut cursor, source, context)?))
        }
        _other => return Ok(None),
    };
    cursor.finish()?;
    Ok(Some(command))
}

fn start_transaction(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    let (mut read_only, mut consistent_snapshot) = (None, false);
    while !cursor.is_done() {
        if cursor.take(&["WITH", "CONSISTENT", "SNAPSHOT"]) {
            consistent_snapshot = true;
        } else if read_only.is_none() && cursor.take(&["READ", "ONLY"]) {
            read_only = Some(true);
        } else if read_only.is_none() && cursor.take(&["READ", "WRITE"]) {
            read_only = Some(false);
        } else {
            return Err(cursor.error());
        }
        if !cursor.is_done() {
            cursor.expect_symbol(&Token::Comma)?;
        }
    }
    Ok(SessionCommand::Begin { read_only, consistent_snapshot })
}

/// `[WORK] [AND [NO] CHAIN] [[NO] RELEASE]`; what isn't said is `completion_type`'s.
fn ending(cursor: &mut Cursor<'_>) -> Result<(Option<bool>, Option<bool>), SqlError> {
    cursor.take(&["WORK"]);
    let chain =
        if cursor.take(&["AND", "CHAIN"]) { Some(true) } else { cursor.take(&["AND", "NO", "CHAIN"]).then_some(false) };
    let release = if cursor.take(&["RELEASE"]) { Some(true) } else { cursor.take(&["NO", "RELEASE"]).then_some(false) };
    if chain == Some(true) && release == Some(true) { Err(cursor.error()) } else { Ok((chain, release)) }
}

fn rollback(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    if cursor.sees(&["TO"]) || cursor.sees(&["WORK", "TO"]) {
        cursor.take(&["WORK"]);
        cursor.expect(&["TO"])?;
        if cursor.nth(1).is_some() {
            cursor.take(&["SAVEPOINT"]);
        }
        return Ok(SessionCommand::RollbackTo(cursor.name()?));
    }
    let (chain, release) = ending(cursor)?;
    Ok(SessionCommand::Rollback { chain, release })
}

/// A SELECT without tables whose columns are all values that the session knows.
pub(super) fn variables(
    statement: &Statement,
    lowering: &mut Lowering<'_>,
) -> Result<Option<SessionCommand>, SqlError> {
    let Statement::Query(query) = statement else { return Ok(None) };
    let SetExpr::Select(select) = &*query.body else { return Ok(None) };
    let plain = query.with.is_none()
        && query.order_by.is_none()
        && query.locks.is_empty()
        && select.selection.is_none()
        && select.having.is_none();
    // A query can tell warnings.
    let plain = plain && lowering.warnings.is_empty();
    if !plain || !select.from.is_empty() || select.projection.iter().any(|item| !may_be_variable(item)) {
        return Ok(None);
    }
    let columns = lowering.plain_projection(select)?;
    // A user variable whose value is given is a literal here.
    let mentions = select.projection.iter().all(is_user_variable);
    let mut out: Vec<(OutputColumn, ParameterSource)> = Vec::with_capacity(columns.len());
    for column in columns {
        let Body::Parameter(source) = column.expression.body else { return Ok(None) };
        if matches!(source, ParameterSource::Local(_)) {
            return Ok(None);
        }
        let session = !matches!(source, ParameterSource::Literal(_) | ParameterSource::Client(_));
        if !session && !mentions && !matches!(source, ParameterSource::Literal(Value::Text(_) | Value::Null)) {
            return Ok(None);
        }
        out.push((metadata::of_type(&column.name, &column.expression.ty, column.expression.nullable), source));
    }
    let knows_session = out.iter().any(|(_, source)| !matches!(source, ParameterSource::Literal(_)));
    let is_database = select.projection.iter().all(|item| {
        matches!(
            item,
            sqlparser::ast::SelectItem::UnnamedExpr(Expr::Function(_))
                | sqlparser::ast::SelectItem::ExprWithAlias { expr: Expr::Function(_), .. }
        )
    });
    Ok((knows_session || is_database || mentions).then_some(SessionCommand::Variables(out)))
}

fn is_user_variable(item: &sqlparser::ast::SelectItem) -> bool {
    use sqlparser::ast::SelectItem;
    let first = match item {
        SelectItem::UnnamedExpr(Expr::Identifier(name))
        | SelectItem::ExprWithAlias { expr: Expr::Identifier(name), .. } => Some(name),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names))
        | SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(names), .. } => names.first(),
        _other => None,
    };
    first.is_some_and(|name| name.quote_style.is_none() && name.value.starts_with('@') && !name.value.starts_with("@@"))
}

fn may_be_variable(item: &sqlparser::ast::SelectItem) -> bool {
    use sqlparser::ast::SelectItem;
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Function(_) | Expr::Value(_))
        }
        _other => false,
    }
}
