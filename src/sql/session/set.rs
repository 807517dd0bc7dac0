//! SET and DO: targets, and expressions that are evaluated for their value.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::value::Value;

use super::super::cursor::Cursor;
use super::super::dialect::{Modes, Source, is_word};
use super::super::expression::{Body, Lowering};
use super::super::lower::Place;
use super::super::metadata;
use super::super::plan::{
    Assign, Call, CallTarget, Context, ParameterSource, QueryPlan, SessionCommand, SetTarget, SetValue, SqlError,
    TargetSql, VariableKind,
};
use super::super::scope::Scope;
use super::super::system;
use super::super::types::Class;

/// What a bare word on the right-hand side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// The name of a value, such as ON or utf8mb4.
    AreValues,
    /// The name of a column, of which there is none.
    AreNames,
}

/// DO expr, …
pub(super) fn evaluations(
    cursor: &mut Cursor<'_>,
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
) -> Result<SessionCommand, SqlError> {
    let mut values = Vec::new();
    loop {
        values.push(value(cursor, source, context, modes, Words::AreNames)?.0);
        if cursor.is_done() {
            return Ok(SessionCommand::Do(values));
        }
        cursor.expect_symbol(&Token::Comma)?;
    }
}

/// CALL name [(argument, …)].
pub(super) fn call(
    cursor: &mut Cursor<'_>,
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
) -> Result<SessionCommand, SqlError> {
    let (database, name) = cursor.qualified()?;
    let mut arguments = Vec::new();
    if cursor.symbol(&Token::LParen) && !cursor.symbol(&Token::RParen) {
        loop {
            let start = cursor.position();
            cursor.skip_until(|token| matches!(token, Token::Comma | Token::RParen));
            let tokens = cursor.tokens_from(start);
            let target = call_target(tokens, source, context);
            let value = match target {
                Some(CallTarget::Client(place)) => SetValue::Source(ParameterSource::Client(place)),
                Some(CallTarget::User(_) | CallTarget::Local(_)) | None => {
                    lowered_value(cursor, source, (context, modes), tokens)?.0
                }
            };
            arguments.push((value, target));
            if cursor.symbol(&Token::RParen) {
                break;
            }
            cursor.expect_symbol(&Token::Comma)?;
        }
    }
    Ok(SessionCommand::Call(Call { database, name, arguments }))
}

/// What an OUT parameter's argument is, when it can be one.
fn call_target(tokens: &[TokenWithSpan], source: &Source<'_>, context: &Context) -> Option<CallTarget> {
    let [only] = tokens else { return None };
    match &only.token {
        Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => {
            (!word.value.starts_with("@@")).then(|| CallTarget::User(word.value.trim_start_matches('@').to_lowercase()))
        }
        Token::Word(word) => context.given.locals.as_ref()?.slot(&word.value).map(CallTarget::Local),
        Token::Placeholder(_) => {
            let before = source.tokens.iter().take_while(|token| token.span.start < only.span.start);
            let place = before.filter(|token| matches!(token.token, Token::Placeholder(_))).count();
            Some(CallTarget::Client(place))
        }
        _other => None,
    }
}

/// SET …
pub(super) fn set(
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
    if cursor.take(&["GLOBAL", "TRANSACTION"]) {
        return global_transaction(cursor);
    }
    if cursor.sees(&["PASSWORD"]) && !matches!(cursor.nth(1), Some(Token::Period)) {
        return Err(SqlError::unsupported("SET PASSWORD"));
    }
    if cursor.take(&["ROLE"]) {
        return role(cursor);
    }
    if cursor.sees(&["DEFAULT", "ROLE"]) || cursor.sees(&["RESOURCE", "GROUP"]) {
        return Err(SqlError::unsupported("SET DEFAULT ROLE and SET RESOURCE GROUP"));
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

/// SET GLOBAL TRANSACTION stands for assignments of global variables.
fn global_transaction(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    let SessionCommand::SetTransaction { isolation, read_only, .. } = transaction(cursor, true)? else {
        return Err(cursor.error());
    };
    let assign = |name: &str, value: Value| Assign {
        target: SetTarget::Global(name.to_owned()),
        value: SetValue::Constant(value),
        kind: None,
    };
    let isolation = isolation.map(|level| assign("transaction_isolation", Value::Text(level)));
    let access = read_only.map(|read_only| assign("transaction_read_only", Value::Int(i64::from(read_only))));
    Ok(SessionCommand::Set(isolation.into_iter().chain(access).collect()))
}

/// There are no roles here, so that all of them are none.
fn role(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    if cursor.take(&["NONE"]) || cursor.take(&["ALL"]) || cursor.take(&["DEFAULT"]) {
        return Ok(SessionCommand::NoOperation("SET ROLE"));
    }
    Err(SqlError::unsupported("SET ROLE"))
}

fn transaction(cursor: &mut Cursor<'_>, session: bool) -> Result<SessionCommand, SqlError> {
    let (mut isolation, mut read_only) = (None, None);
    loop {
        if isolation.is_none() && cursor.take(&["ISOLATION", "LEVEL"]) {
            const LEVELS: &[(&[&str], &str)] = &[
                (&["READ", "UNCOMMITTED"], "READ-UNCOMMITTED"),
                (&["READ", "COMMITTED"], "READ-COMMITTED"),
                (&["REPEATABLE", "READ"], "REPEATABLE-READ"),
                (&["SERIALIZABLE"], "SERIALIZABLE"),
            ];
            let level = LEVELS.iter().find(|(words, _)| cursor.take(words)).map(|(_, level)| (*level).to_owned());
            isolation = Some(level.ok_or_else(|| cursor.error())?);
        } else if read_only.is_none() && cursor.take(&["READ", "ONLY"]) {
            read_only = Some(true);
        } else if read_only.is_none() && cursor.take(&["READ", "WRITE"]) {
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
        return Ok(Assign { target: SetTarget::Names { collation }, value, kind: None });
    }
    if cursor.take(&["CHARACTER", "SET"]) || cursor.take(&["CHARSET"]) {
        let value = if cursor.take(&["DEFAULT"]) {
            SetValue::Default
        } else {
            SetValue::Constant(Value::Text(word_or_string(cursor)?))
        };
        return Ok(Assign { target: SetTarget::Charset, value, kind: None });
    }
    let target = target(cursor)?;
    if !cursor.symbol(&Token::Eq) && !cursor.symbol(&Token::Assignment) {
        return Err(cursor.error());
    }
    if cursor.take(&["DEFAULT"]) {
        return Ok(Assign { target, value: SetValue::Default, kind: None });
    }
    let words = if matches!(target, SetTarget::User(_)) { Words::AreNames } else { Words::AreValues };
    let (value, kind) = value(cursor, source, context, modes, words)?;
    Ok(Assign { target, value, kind })
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
            return scoped_target(cursor, word, global);
        }
    }
    if let Some(user) = cursor.variable() {
        return Ok(SetTarget::User(user));
    }
    let Some(Token::Word(first)) = cursor.peek() else { return Err(cursor.error()) };
    let Some(system) = first.value.strip_prefix("@@").filter(|_| first.quote_style.is_none()) else {
        return variable(cursor).map(SetTarget::Session);
    };
    cursor.next();
    let scope = system.to_ascii_lowercase();
    match scope.as_str() {
        "global" | "persist" | "persist_only" if cursor.symbol(&Token::Period) => scoped_target(cursor, &scope, true),
        "session" | "local" if cursor.symbol(&Token::Period) => scoped_target(cursor, &scope, false),
        "transaction_isolation" | "transaction_read_only" => Ok(SetTarget::Next(scope)),
        _unscoped => known(cursor, scope).map(SetTarget::Session),
    }
}

fn scoped_target(cursor: &mut Cursor<'_>, scope: &str, global: bool) -> Result<SetTarget, SqlError> {
    if scope.eq_ignore_ascii_case("PERSIST_ONLY") {
        return Err(SqlError::unsupported("SET PERSIST_ONLY"));
    }
    let name = variable(cursor)?;
    Ok(if global { SetTarget::Global(name) } else { SetTarget::Session(name) })
}

fn variable(cursor: &mut Cursor<'_>) -> Result<String, SqlError> {
    let name = cursor.name()?.to_ascii_lowercase();
    known(cursor, name)
}

/// 1193 for a name that isn't a variable's.
fn known(cursor: &mut Cursor<'_>, name: String) -> Result<String, SqlError> {
    if cursor.symbol(&Token::Period) {
        let part = cursor.name()?;
        return Err(system::unknown(&format!("{name}.{part}")));
    }
    if system::variable(&name).is_none() {
        return Err(system::unknown(&name));
    }
    Ok(name)
}

/// A value up to the next comma, and the kind of user variable that it makes.
fn value(
    cursor: &mut Cursor<'_>,
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
    words: Words,
) -> Result<(SetValue, Option<VariableKind>), SqlError> {
    let start = cursor.position();
    cursor.skip_until(|token| *token == Token::Comma);
    let tokens = cursor.tokens_from(start);
    // A bare word is the name of a value, such as ON or utf8mb4.
    if let [only] = tokens
        && let Token::Word(word) = &only.token
        && !word.value.starts_with('@')
        && words == Words::AreValues
        && !["NULL", "TRUE", "FALSE"].iter().any(|keyword| is_word(&only.token, keyword))
    {
        return Ok((SetValue::Constant(Value::Text(word.value.clone())), None));
    }
    lowered_value(cursor, source, (context, modes), tokens)
}

fn lowered_value(
    cursor: &Cursor<'_>,
    source: &Source<'_>,
    (context, modes): (&Context, Modes),
    tokens: &[TokenWithSpan],
) -> Result<(SetValue, Option<VariableKind>), SqlError> {
    if tokens.is_empty() {
        return Err(cursor.error());
    }
    let expr = source.parse_expression(tokens.to_vec(), modes)?;
    let mut lowering = Lowering::new(context, modes, source);
    let scope = Scope::default();
    let lowered = lowering.lower(&expr, Place::new(&scope, "field list"))?;
    let kind = VariableKind::of_type(&lowered.ty, &context.collation);
    if let Body::Parameter(found) = &lowered.body {
        return Ok(match found {
            // The literal NULL leaves a variable the type that it has.
            ParameterSource::Literal(Value::Null) if lowered.ty.class == Class::Null => {
                (SetValue::Constant(Value::Null), None)
            }
            ParameterSource::Literal(value) => (SetValue::Constant(value.clone()), Some(kind)),
            other => (SetValue::Source(other.clone()), None),
        });
    }
    // A variable holds a time as its text.
    let plain = matches!(lowered.ty.class, Class::Integer | Class::Decimal | Class::Real | Class::Bytes);
    let sql = if plain { lowering.own(&lowered)? } else { lowering.text(&lowered)? };
    let plan = QueryPlan {
        sql: TargetSql(format!("SELECT {sql}")),
        parameters: lowering.parameters,
        columns: vec![metadata::of_type("", &lowered.ty, lowered.nullable)],
        locking: false,
        reads: !lowering.read.is_empty(),
        warnings: std::mem::take(&mut lowering.warnings),
    };
    Ok((SetValue::Query(Box::new(plan)), Some(kind)))
}
