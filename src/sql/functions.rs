//! MySQL's functions. Most are a row of a table: the types of the arguments, the PostgreSQL text, and the type that
//! MySQL gives the result. Those whose arguments or types need thought have code of their own.

mod cast;
mod control;
mod dates;
mod numbers;
mod session;
mod text;

use sqlparser::ast::{DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::expression::{Expression, Lowering};
use super::lower::Place;
use super::operators::unnested;
use super::plan::{Purpose, SqlError};
use super::types::{Carrier, Type};

/// Type of a result.
#[derive(Clone, Copy, Debug)]
enum Returns {
    Integer(u32),
    Double,
    Text(u32),
    /// Character data as long as the first argument.
    Like,
    Bytes(u32),
    Date,
    DateTime,
    Time,
}

/// A function that needs nothing but conversion of its arguments.
#[derive(Debug)]
struct Plain {
    name: &'static str,
    /// One letter for each argument: T text, I bigint, N numeric, D double, S timestamp, A date, V interval, B bytes,
    /// J json. Small letters are optional; the last one repeats when a `*` follows.
    arguments: &'static str,
    sql: &'static str,
    returns: Returns,
    /// NULL even when no argument is.
    nullable: bool,
}

const fn plain(name: &'static str, arguments: &'static str, sql: &'static str, returns: Returns) -> Plain {
    Plain { name, arguments, sql, returns, nullable: false }
}

const fn nullable(name: &'static str, arguments: &'static str, sql: &'static str, returns: Returns) -> Plain {
    Plain { name, arguments, sql, returns, nullable: true }
}

/// The tables of the families.
const TABLES: &[&[Plain]] = &[text::PLAIN, numbers::PLAIN, dates::PLAIN];

/// Functions whose result differs each time, or that touch something outside the statement.
const VOLATILE: &[&str] = &[
    "RAND",
    "UUID",
    "UUID_SHORT",
    "SLEEP",
    "GET_LOCK",
    "RELEASE_LOCK",
    "RELEASE_ALL_LOCKS",
    "IS_FREE_LOCK",
    "IS_USED_LOCK",
    "SYSDATE",
    "CONNECTION_ID",
    "FOUND_ROWS",
    "ROW_COUNT",
    "USER",
    "CURRENT_USER",
    "SESSION_USER",
    "SYSTEM_USER",
    "VERSION",
    "LOAD_FILE",
    "BENCHMARK",
    "MASTER_POS_WAIT",
    "RANDOM_BYTES",
    "LAST_INSERT_ID",
];

impl Lowering<'_> {
    /// A function call.
    pub(super) fn function(&mut self, function: &Function, place: Place<'_>) -> Result<Expression, SqlError> {
        let parts = function.name.0.as_slice();
        let [part] = parts else {
            return Err(SqlError::unsupported(format_args!("stored function {}", function.name)));
        };
        let name = part.to_string().trim_matches('`').to_ascii_uppercase();
        if function.over.is_some() {
            return self.window(&name, function, place);
        }
        if super::aggregate::is_aggregate(&name) {
            return self.aggregate(&name, function, place);
        }
        if super::aggregate::is_window_only(&name) {
            // MySQL's grammar has them with OVER only.
            return Err(SqlError::syntax("", 1));
        }
        match &function.args {
            FunctionArguments::None => self.call(&name, &[], place),
            FunctionArguments::Subquery(_) => Err(SqlError::unsupported(format_args!("{name} of a query"))),
            FunctionArguments::List(list) => {
                if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                    return Err(SqlError::unsupported(format_args!("DISTINCT in {name}")));
                }
                let arguments = plain_arguments(&list.args)?;
                self.call(&name, &arguments, place)
            }
        }
    }

    /// A function by its upper-case name.
    pub(super) fn call(&mut self, name: &str, arguments: &[&Expr], place: Place<'_>) -> Result<Expression, SqlError> {
        if name == "GROUPING" {
            return self.grouping_function(arguments, place);
        }
        if name == "ANY_VALUE" {
            let [argument] = arguments else { return Err(SqlError::argument_count(name)) };
            return self.any_value(argument, place);
        }
        if self.context.purpose == Purpose::Replay && VOLATILE.contains(&name) {
            return Err(SqlError::unsupported(format_args!("replay of {name}()")));
        }
        if let Some(found) = self.clock_function(name, arguments)? {
            return Ok(found);
        }
        if let Some(found) = self.date_function(name, arguments, place)? {
            return Ok(found);
        }
        if name == "ROW" {
            return Err(SqlError::operand_columns(1));
        }
        if name == "JSON_VALUE" {
            return self.json_value(arguments, place);
        }
        if name == "VALUES" {
            let [Expr::Identifier(column)] = arguments else { return Err(SqlError::argument_count(name)) };
            let found = place.values_of.and_then(|values| values.value_of(&column.value));
            return found.ok_or_else(|| SqlError::unknown_column(&column.value, place.clause));
        }
        let lowered = arguments.iter().map(|argument| self.lower(argument, place)).collect::<Result<Vec<_>, _>>()?;
        if let Some(found) = self.session_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.control_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.regexp_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.number_function(name, &lowered)? {
            return Ok(found);
        }
        if let Some(found) = self.json_function(name, &lowered)? {
            return Ok(found);
        }
        match TABLES.iter().copied().flatten().find(|plain| plain.name == name) {
            Some(plain) => self.plain_function(plain, &lowered),
            None if VOLATILE.contains(&name) => Err(SqlError::unsupported(format_args!("{name}()"))),
            None => Err(SqlError::unsupported(format_args!("function {name}"))),
        }
    }

    fn plain_function(&mut self, plain: &Plain, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let repeats = plain.arguments.ends_with('*');
        let letters: Vec<char> = plain.arguments.chars().filter(|letter| *letter != '*').collect();
        let required = letters.iter().filter(|letter| letter.is_ascii_uppercase()).count();
        if arguments.len() < required || (arguments.len() > letters.len() && !repeats) {
            return Err(SqlError::argument_count(plain.name));
        }
        let mut rendered = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            let letter = letters.get(at).or(letters.last()).copied().unwrap_or('T');
            rendered.push(self.render(argument, carrier_of(letter))?);
        }
        let mut sql = plain.sql.replace("{*}", &rendered.join(", "));
        sql = sql.replace("{rest}", &rendered.get(1..).unwrap_or_default().join(", "));
        for (at, argument) in rendered.iter().enumerate() {
            sql = sql.replace(&format!("{{{at}}}"), argument);
        }
        let ty = match plain.returns {
            Returns::Integer(length) => Type::integer(length),
            Returns::Double => Type::double(),
            Returns::Text(length) => Type::text(length, &self.context.collation),
            Returns::Like => match arguments.first() {
                Some(first) => self.text_like(first),
                None => Type::text(0, &self.context.collation),
            },
            Returns::Bytes(length) => Type::bytes(length),
            Returns::Date => Type::date(),
            Returns::DateTime => Type::datetime(0),
            Returns::Time => Type::time(0),
        };
        let nullable = plain.nullable || arguments.iter().any(|argument| argument.nullable);
        Ok(Expression::sql(sql, ty, nullable))
    }
}

fn carrier_of(letter: char) -> Carrier {
    match letter.to_ascii_uppercase() {
        'I' => Carrier::Int8,
        'N' => Carrier::Numeric,
        'D' => Carrier::Float8,
        'S' => Carrier::Timestamp,
        'A' => Carrier::Date,
        'V' => Carrier::Interval,
        'B' => Carrier::Bytes,
        'J' => Carrier::Json,
        _text => Carrier::Text,
    }
}

/// Arguments that are expressions.
pub(super) fn plain_arguments(arguments: &[FunctionArg]) -> Result<Vec<&Expr>, SqlError> {
    arguments
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Ok(unnested(expr)),
            other => Err(SqlError::unsupported(format_args!("argument {other}"))),
        })
        .collect()
}

/// How a form without a rewrite is called in its refusal.
pub(super) fn form_name(expr: &Expr) -> String {
    match expr {
        Expr::MatchAgainst { .. } => "MATCH … AGAINST".to_owned(),
        Expr::MemberOf(_) => "MEMBER OF".to_owned(),
        Expr::AnyOp { .. } => "ANY".to_owned(),
        Expr::AllOp { .. } => "ALL".to_owned(),
        Expr::Tuple(_) => "row value".to_owned(),
        Expr::Interval(_) => "INTERVAL outside date arithmetic".to_owned(),
        other => other.to_string().chars().take(60).collect(),
    }
}
