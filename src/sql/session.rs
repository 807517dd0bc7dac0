//! Statements that the serving session answers itself: transactions, SET, USE, SHOW and others.

use sqlparser::ast::{Expr, SetExpr, Statement};
use sqlparser::tokenizer::Token;

use crate::schema::TableName;
use crate::value::Value;

use super::cursor::Cursor;
use super::dialect::{Modes, Source, is_word};
use super::expression::{Body, Lowering};
use super::lower::Place;
use super::metadata;
use super::plan::{
    Assign, Context, OutputColumn, ParameterSource, QueryPlan, SessionCommand, SetTarget, SetValue, ShowCommand,
    SqlError, TargetSql,
};
use super::scope::Scope;

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
            cursor.expect(&["TRANSACTION"])?;
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
        "SET" => set(&mut cursor, source, context, modes)?,
        "SHOW" => SessionCommand::Show(show(&mut cursor, context)?),
        "DESCRIBE" | "DESC" | "EXPLAIN" => describe(&mut cursor, context)?,
        "LOCK" | "UNLOCK" | "FLUSH" => no_operation(&mut cursor, &first.value)?,
        "KILL" => {
            let query_only = cursor.take(&["QUERY"]);
            cursor.take(&["CONNECTION"]);
            SessionCommand::Kill { query_only, id: cursor.number()? }
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
        } else if cursor.take(&["READ", "ONLY"]) {
            read_only = Some(true);
        } else if cursor.take(&["READ", "WRITE"]) {
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

/// `[WORK] [AND [NO] CHAIN] [[NO] RELEASE]`.
fn ending(cursor: &mut Cursor<'_>) -> Result<(bool, bool), SqlError> {
    cursor.take(&["WORK"]);
    let chain = cursor.take(&["AND", "CHAIN"]);
    if !chain {
        cursor.take(&["AND", "NO", "CHAIN"]);
    }
    let release = cursor.take(&["RELEASE"]);
    if !release {
        cursor.take(&["NO", "RELEASE"]);
    }
    if chain && release { Err(cursor.error()) } else { Ok((chain, release)) }
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

fn no_operation(cursor: &mut Cursor<'_>, first: &str) -> Result<SessionCommand, SqlError> {
    let first = first.to_ascii_uppercase();
    let table_locks = cursor.sees(&["TABLES"]) || cursor.sees(&["TABLE"]);
    match first.as_str() {
        "UNLOCK" if table_locks => {
            cursor.next();
            Ok(SessionCommand::NoOperation("UNLOCK TABLES"))
        }
        "FLUSH" if cursor.take(&["PRIVILEGES"]) => Ok(SessionCommand::NoOperation("FLUSH PRIVILEGES")),
        // Taking these for granted would break the promise that they make.
        "LOCK" if table_locks => Err(SqlError::unsupported("LOCK TABLES")),
        other => Err(SqlError::unsupported(other)),
    }
}

fn set(
    cursor: &mut Cursor<'_>,
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
) -> Result<SessionCommand, SqlError> {
    for (words, session) in
        [(&["TRANSACTION"][..], false), (&["SESSION", "TRANSACTION"], true), (&["LOCAL", "TRANSACTION"], true)]
    {
        if cursor.take(words) {
            return transaction(cursor, session);
        }
    }
    if cursor.sees(&["GLOBAL", "TRANSACTION"]) {
        return Err(SqlError::unsupported("SET GLOBAL TRANSACTION"));
    }
    let mut assigns = Vec::new();
    loop {
        assigns.push(assign(cursor, source, context, modes)?);
        if cursor.is_done() {
            return Ok(SessionCommand::Set(assigns));
        }
        cursor.expect_symbol(&Token::Comma)?;
    }
}

fn transaction(cursor: &mut Cursor<'_>, session: bool) -> Result<SessionCommand, SqlError> {
    let (mut isolation, mut read_only) = (None, None);
    loop {
        if cursor.take(&["ISOLATION", "LEVEL"]) {
            const LEVELS: &[(&[&str], &str)] = &[
                (&["READ", "UNCOMMITTED"], "READ-UNCOMMITTED"),
                (&["READ", "COMMITTED"], "READ-COMMITTED"),
                (&["REPEATABLE", "READ"], "REPEATABLE-READ"),
                (&["SERIALIZABLE"], "SERIALIZABLE"),
            ];
            let level = LEVELS.iter().find(|(words, _)| cursor.take(words)).map(|(_, level)| (*level).to_owned());
            isolation = Some(level.ok_or_else(|| cursor.error())?);
        } else if cursor.take(&["READ", "ONLY"]) {
            read_only = Some(true);
        } else if cursor.take(&["READ", "WRITE"]) {
            read_only = Some(false);
        } else {
            return Err(cursor.error());
        }
        if !cursor.symbol(&Token::Comma) {
            return Ok(SessionCommand::SetTransaction { session, isolation, read_only });
        }
    }
}

fn assign(cursor: &mut Cursor<'_>, source: &Source<'_>, context: &Context, modes: Modes) -> Result<Assign, SqlError> {
    if cursor.take(&["NAMES"]) {
        let value = if cursor.take(&["DEFAULT"]) {
            SetValue::Default
        } else {
            SetValue::Constant(Value::Text(word_or_string(cursor)?))
        };
        let collation =
            if cursor.take(&["COLLATE"]) { Some(word_or_string(cursor)?.to_ascii_lowercase()) } else { None };
        return Ok(Assign { target: SetTarget::Names { collation }, value });
    }
    if cursor.take(&["CHARACTER", "SET"]) || cursor.take(&["CHARSET"]) {
        let value = if cursor.take(&["DEFAULT"]) {
            SetValue::Default
        } else {
            SetValue::Constant(Value::Text(word_or_string(cursor)?))
        };
        return Ok(Assign { target: SetTarget::Names { collation: None }, value });
    }
    let target = target(cursor)?;
    if !cursor.symbol(&Token::Eq) && !cursor.symbol(&Token::Assignment) {
        return Err(cursor.error());
    }
    if cursor.take(&["DEFAULT"]) {
        return Ok(Assign { target, value: SetValue::Default });
    }
    let value = value(cursor, source, context, modes, &target)?;
    Ok(Assign { target, value })
}

fn word_or_string(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    cursor.string().or_else(|_| cursor.name())
}

fn target(cursor: &mut Cursor<'_>) -> Result<SetTarget, SqlError> {
    for (word, global) in
        [("GLOBAL", true), ("PERSIST", true), ("PERSIST_ONLY", true), ("SESSION", false), ("LOCAL", false)]
    {
        let scoped = cursor.sees(&[word]) && !matches!(cursor.nth(1), Some(Token::Eq | Token::Assignment));
        if scoped {
            cursor.next();
            let name = cursor.name()?.to_ascii_lowercase();
            return Ok(if global { SetTarget::Global(name) } else { SetTarget::Session(name) });
        }
    }
    let first = cursor.name()?;
    if let Some(system) = first.strip_prefix("@@") {
        let scope = system.to_ascii_lowercase();
        if cursor.symbol(&Token::Period) {
            let name = cursor.name()?.to_ascii_lowercase();
            return Ok(if matches!(scope.as_str(), "global" | "persist" | "persist_only") {
                SetTarget::Global(name)
            } else {
                SetTarget::Session(name)
            });
        }
        return Ok(SetTarget::Session(scope));
    }
    if let Some(user) = first.strip_prefix('@') {
        return Ok(SetTarget::User(user.to_lowercase()));
    }
    Ok(SetTarget::Session(first.to_ascii_lowercase()))
}

fn value(
    cursor: &mut Cursor<'_>,
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
    target: &SetTarget,
) -> Result<SetValue, SqlError> {
    let start = cursor.position();
    cursor.skip_until(|token| *token == Token::Comma);
    let tokens = cursor.tokens_from(start);
    // A bare word is the name of a value, such as ON or utf8mb4.
    if let [only] = tokens
        && let Token::Word(word) = &only.token
        && !word.value.starts_with('@')
        && !matches!(target, SetTarget::User(_))
        && !["NULL", "TRUE", "FALSE"].iter().any(|keyword| is_word(&only.token, keyword))
    {
        return Ok(SetValue::Constant(Value::Text(word.value.clone())));
    }
    if tokens.is_empty() {
        return Err(cursor.error());
    }
    let expr = source.parse_expression(tokens.to_vec(), modes)?;
    let mut lowering = Lowering::new(context, modes, source);
    let scope = Scope::default();
    let lowered = lowering.lower(&expr, Place::new(&scope, "field list"))?;
    if let Body::Parameter(found) = &lowered.body {
        return Ok(match found {
            ParameterSource::Literal(value) => SetValue::Constant(value.clone()),
            other => SetValue::Source(other.clone()),
        });
    }
    let sql = lowering.own(&lowered)?;
    let plan = QueryPlan {
        sql: TargetSql(format!("SELECT {sql}")),
        parameters: lowering.parameters,
        columns: vec![metadata::of_type("", &lowered.ty, lowered.nullable)],
        locking: false,
    };
    Ok(SetValue::Query(Box::new(plan)))
}

fn like(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take(&["LIKE"]) {
        return cursor.string().map(Some);
    }
    if cursor.sees(&["WHERE"]) {
        return Err(SqlError::unsupported("SHOW … WHERE"));
    }
    Ok(None)
}

fn in_database(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    if cursor.take(&["FROM"]) || cursor.take(&["IN"]) { cursor.name().map(Some) } else { Ok(None) }
}

fn table_name(cursor: &mut Cursor<'_>, context: &Context) -> Result<TableName, SqlError> {
    let (database, table) = cursor.qualified()?;
    let database = in_database(cursor)?.or(database).or_else(|| context.database.clone());
    Ok(TableName { database: database.ok_or_else(SqlError::no_database)?, table })
}

fn show(cursor: &mut Cursor<'_>, context: &Context) -> Result<ShowCommand, SqlError> {
    let global = cursor.take(&["GLOBAL"]);
    if !global && !cursor.take(&["SESSION"]) {
        cursor.take(&["LOCAL"]);
    }
    cursor.take(&["EXTENDED"]);
    let full = cursor.take(&["FULL"]);
    let family = cursor.name()?.to_ascii_uppercase();
    Ok(match family.as_str() {
        "DATABASES" | "SCHEMAS" => ShowCommand::Databases { like: like(cursor)? },
        "TABLES" => ShowCommand::Tables { database: in_database(cursor)?, full, like: like(cursor)? },
        "COLUMNS" | "FIELDS" => {
            if !cursor.take(&["FROM"]) {
                cursor.expect(&["IN"])?;
            }
            ShowCommand::Columns { table: table_name(cursor, context)?, full, like: like(cursor)? }
        }
        "INDEX" | "INDEXES" | "KEYS" => {
            if !cursor.take(&["FROM"]) {
                cursor.expect(&["IN"])?;
            }
            ShowCommand::Index { table: table_name(cursor, context)? }
        }
        "CREATE" if cursor.take(&["TABLE"]) => ShowCommand::CreateTable { table: table_name(cursor, context)? },
        "TABLE" if cursor.take(&["STATUS"]) => {
            ShowCommand::TableStatus { database: in_database(cursor)?, like: like(cursor)? }
        }
        "VARIABLES" => ShowCommand::Variables { global, like: like(cursor)? },
        "STATUS" => ShowCommand::Status { global, like: like(cursor)? },
        "WARNINGS" => ShowCommand::Warnings,
        "ERRORS" => ShowCommand::Errors,
        "ENGINES" => ShowCommand::Engines,
        "STORAGE" if cursor.take(&["ENGINES"]) => ShowCommand::Engines,
        "COLLATION" => ShowCommand::Collations { like: like(cursor)? },
        "CHARSET" => ShowCommand::Charsets { like: like(cursor)? },
        "CHARACTER" if cursor.take(&["SET"]) => ShowCommand::Charsets { like: like(cursor)? },
        "PROCESSLIST" => ShowCommand::ProcessList,
        other => return Err(SqlError::unsupported(format_args!("SHOW {other}"))),
    })
}

fn describe(cursor: &mut Cursor<'_>, context: &Context) -> Result<SessionCommand, SqlError> {
    let explains =
        ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "FORMAT", "ANALYZE", "TABLE", "FOR", "EXTENDED"];
    if cursor.peek().is_none_or(|token| explains.iter().any(|word| is_word(token, word)) || *token == Token::LParen) {
        return Err(SqlError::unsupported("EXPLAIN"));
    }
    let table = table_name(cursor, context)?;
    let pattern = match cursor.string() {
        Ok(pattern) => Some(pattern),
        Err(_) if cursor.is_done() => None,
        Err(_) => Some(cursor.name()?),
    };
    Ok(SessionCommand::Show(ShowCommand::Columns { table, full: false, like: pattern }))
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
    if !plain || !select.from.is_empty() || select.projection.iter().any(|item| !may_be_variable(item)) {
        return Ok(None);
    }
    let columns = lowering.plain_projection(select)?;
    let mut out: Vec<(OutputColumn, ParameterSource)> = Vec::with_capacity(columns.len());
    for column in columns {
        let Body::Parameter(source) = column.expression.body else { return Ok(None) };
        let session = !matches!(source, ParameterSource::Literal(_) | ParameterSource::Client(_));
        if !session && !matches!(source, ParameterSource::Literal(Value::Text(_) | Value::Null)) {
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
    Ok((knows_session || is_database).then_some(SessionCommand::Variables(out)))
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
