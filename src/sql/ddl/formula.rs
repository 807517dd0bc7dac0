//! Expressions inside definitions: CHECK constraints, generated columns, defaults and functional key parts.
//!
//! They are lowered like any other expression, with the table's columns in sight, and their literals are written into
//! the text, since PostgreSQL's definitions take no parameters. What isn't determined by the row is refused: the
//! expression is lowered as for a replay.

use std::sync::Arc;

use sqlparser::ast::{Expr, SelectItem, SetExpr, Statement};

use super::super::assign::Row;
use super::super::bind::{Values, bind};
use super::super::dialect::{Modes, Source};
use super::super::expression::{Expression, Lowering};
use super::super::lower::Place;
use super::super::plan::{Context, Known, Parameter, ParameterSource, Purpose, SqlError};
use super::super::scope::{Relation, Scope as Names};
use super::super::types::oid;
use super::canonical;
use super::scope::Scope;
use crate::schema::default;
use crate::schema::quote::{identifier, literal};
use crate::schema::{Catalogue, Column, ColumnDefault, Generated, Table};

/// An expression of a definition.
#[derive(Clone, Debug)]
pub(super) struct Formula {
    /// PostgreSQL's text.
    pub(super) sql: String,
    /// MySQL's text.
    pub(super) text: String,
    /// Names of the columns that it reads.
    pub(super) columns: Vec<String>,
    /// True when it's a condition by itself.
    pub(super) condition: bool,
}

/// What an expression is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use<'a> {
    Condition,
    /// The value of this column.
    Column(&'a Column),
    /// Only looked at.
    Key,
}

/// MySQL's word for the place, in error 1054.
fn clause(usage: Use<'_>) -> &'static str {
    match usage {
        Use::Condition => "check constraint expression",
        Use::Column(column) if column.generated.is_some() => "generated column function",
        Use::Column(_) => "default value expression",
        Use::Key => "functional index",
    }
}

/// Reads an expression over a table's columns.
pub(super) fn read(text: &str, table: &Table, usage: Use<'_>, scope: &Scope<'_>) -> Result<Formula, SqlError> {
    // A default may be another one each time.
    let purpose = match usage {
        Use::Column(column) if column.generated.is_none() => Purpose::Serve,
        Use::Column(_) | Use::Condition | Use::Key => Purpose::Replay,
    };
    let context = Context { purpose, parameters: Known::Nothing, ..scope.context.clone() };
    let modes = Modes::parse(&context.sql_mode);
    let select = format!("SELECT {text}");
    let source = Source::read(&select, modes)?;
    if source.measure()? {
        return Err(SqlError::unsupported("an expression this deep in a definition"));
    }
    let (statement, _) = source.parse_tokens(&source.tokens, modes)?;
    let expr = only_expression(&statement).ok_or_else(|| SqlError::unsupported("this expression in a definition"))?;
    let mut lowering = Lowering::new(&context, modes, &source);
    lowering.quiet = purpose == Purpose::Replay;
    let own = visible(table, usage);
    let mut names = Names::under(None);
    names.add(relation(&own)?)?;
    let value = lowering.lower(expr, Place::new(&names, clause(usage)))?;
    let columns = columns_of(&value, &mut lowering, &own)?;
    let sql = match usage {
        Use::Condition => lowering.truth(&value)?,
        Use::Key => lowering.own(&value)?,
        Use::Column(column) => {
            let at = own.columns.iter().position(|other| other.name == column.name);
            lowering.assign(&own, at.unwrap_or(0), Row::Definition, &value)?
        }
    };
    let clocks = matches!(usage, Use::Column(column) if column.generated.is_none());
    // PostgreSQL's own conversion of text to bytes can't promise to be immutable.
    let sql = bare(&sql, table).replace("convert_to(", "\"mysql\".to_bytes(");
    let sql = inline(&sql, &lowering.parameters, clocks, &scope.context.catalogue)?;
    let text = canonical::text(expr).unwrap_or_else(|| text.to_owned());
    // As information_schema prints it.
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    Ok(Formula { sql, text, columns, condition: canonical::is_condition(expr) })
}

fn only_expression(statement: &Statement) -> Option<&Expr> {
    let Statement::Query(query) = statement else { return None };
    let SetExpr::Select(select) = &*query.body else { return None };
    match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(expr)] if select.from.is_empty() => Some(expr),
        _other => None,
    }
}

/// The table as the expression sees it: the column that it belongs to can be assigned.
fn visible(table: &Table, usage: Use<'_>) -> Arc<Table> {
    let mut own = table.clone();
    if let Use::Column(column) = usage {
        for other in own.columns.iter_mut().filter(|other| other.name == column.name) {
            other.generated = None;
        }
    }
    Arc::new(own)
}

/// The table's columns under its own name. A generated column stands for its expression: PostgreSQL lets none refer to
/// another.
fn relation(table: &Arc<Table>) -> Result<Relation, SqlError> {
    let mut carried = Table::clone(table);
    carried.columns.retain(|column| super::super::types::Type::of_column(column).is_some());
    let mut relation = Relation::of_table(&Arc::new(carried), &table.title().table, None)?;
    for (column, own) in relation.columns.iter_mut().zip(&table.columns) {
        if let Some(Generated { sql, .. }) = own.generated.as_ref().filter(|generated| !generated.sql.is_empty()) {
            column.sql = format!("({sql})");
        }
    }
    Ok(relation)
}

/// The function that a refusal of what isn't deterministic names.
pub(super) fn disallowed(error: &SqlError) -> Option<String> {
    let (_, rest) = error.message.split_once("'replay of ")?;
    let (name, _) = rest.split_once('(')?;
    name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_').then(|| name.to_lowercase())
}

/// The columns whose names stand in the rendered expression.
fn columns_of(value: &Expression, lowering: &mut Lowering<'_>, table: &Table) -> Result<Vec<String>, SqlError> {
    let sql = lowering.render(value, value.ty.carrier)?;
    let stands = |column: &&Column| {
        let qualified = format!("{}.{}", identifier(&table.title().table), identifier(&column.name));
        let generated = column.generated.as_ref().map(|generated| format!("({})", generated.sql));
        sql.contains(&qualified) || generated.is_some_and(|text| text.len() > 2 && sql.contains(&text))
    };
    Ok(table.columns.iter().filter(stands).map(|column| column.name.clone()).collect())
}

/// Without the table's name in front of its columns, so that the text outlives a new name of the table. Literals aren't
/// in the text yet.
fn bare(sql: &str, table: &Table) -> String {
    sql.replace(&format!("{}.", identifier(&table.title().table)), "")
}

/// PostgreSQL's text of the statement's time.
fn clock(source: &ParameterSource) -> Option<String> {
    Some(match source {
        ParameterSource::Now { fraction } => format!("({})::timestamp", default::instant(*fraction)?),
        ParameterSource::UtcNow { fraction } => format!("(({}) AT TIME ZONE 'UTC')", default::instant(*fraction)?),
        ParameterSource::Instant { fraction } => format!("({})", default::instant(*fraction)?),
        ParameterSource::UnixNow => format!("extract(epoch FROM {})::int8", default::instant(0)?),
        _other => return None,
    })
}

/// Writes the values of literals into the text, and with `clocks` what stands for the statement's time.
pub(in crate::sql) fn inline(
    sql: &str,
    parameters: &[Parameter],
    clocks: bool,
    catalogue: &Catalogue,
) -> Result<String, SqlError> {
    let mut values = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        if let Some(clock) = clock(&parameter.source).filter(|_| clocks) {
            values.push(clock);
            continue;
        }
        if !matches!(parameter.source, ParameterSource::Literal(_)) {
            return Err(SqlError::unsupported("an expression in a definition that depends on the session"));
        }
        let bound = bind(std::slice::from_ref(parameter), &nothing(catalogue), &mut Vec::new())?;
        let text = bound.into_iter().next().flatten();
        let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let name = type_name(parameter.type_oid)?;
        values.push(text.map_or_else(|| format!("NULL::{name}"), |text| format!("{}::{name}", literal(&text))));
    }
    Ok(substituted(sql, &values))
}

/// Replaces `$n` outside quotes.
fn substituted(sql: &str, values: &[String]) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut characters = sql.char_indices().peekable();
    let mut quote = None;
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '$') => {
                let digits: String =
                    sql.get(at + 1..).unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
                let value = digits.parse::<usize>().ok().and_then(|number| values.get(number.checked_sub(1)?));
                if let Some(value) = value {
                    out.push_str(value);
                    for _ in 0..digits.len() {
                        characters.next();
                    }
                    continue;
                }
            }
            (_, _) => {}
        }
        out.push(character);
    }
    out
}

/// Literals need nothing of a session.
fn nothing(catalogue: &Catalogue) -> Values<'_> {
    Values {
        client: &[],
        catalogue,
        rows: &|_| Err(SqlError::unsupported("a system table in a definition")),
        time_micros: 0,
        time_zone: "UTC",
        first_generated_id: 0,
        id_step: 1,
        last_insert_id: 0,
        connection_id: 0,
        user: "",
        found_rows: 0,
        row_count: 0,
        statement: 0,
        variables: &|_| None,
        locals: &[],
        user_variables: &|_| None,
    }
}

fn type_name(type_oid: u32) -> Result<&'static str, SqlError> {
    Ok(match type_oid {
        oid::BYTEA => "bytea",
        oid::INT8 => "int8",
        oid::INT2 => "int2",
        oid::INT4 => "int4",
        oid::TEXT => "text",
        oid::FLOAT4 => "float4",
        oid::FLOAT8 => "float8",
        oid::DATE => "date",
        oid::TIMESTAMP => "timestamp",
        oid::INTERVAL => "interval",
        oid::NUMERIC => "numeric",
        oid::JSONB => "jsonb",
        _other => return Err(SqlError::unsupported("a literal of this type in a definition")),
    })
}

/// A column's values converted to another definition of it, as UPDATE would store them.
pub(super) fn converted(old: &Column, new: &Column, table: &Table, scope: &Scope<'_>) -> Result<String, SqlError> {
    let only = |column: &Column| {
        let mut narrow = table.clone();
        narrow.columns = vec![Column { name: new.name.clone(), generated: None, ..column.clone() }];
        narrow.keys.clear();
        Arc::new(narrow)
    };
    let modes = Modes::parse(&scope.context.sql_mode);
    let source = Source::read("SELECT 1", modes)?;
    let context = Context { parameters: Known::Nothing, ..scope.context.clone() };
    let mut lowering = Lowering::new(&context, modes, &source);
    let relation = Relation::of_table(&only(old), &table.title().table, None)?;
    let at = table.columns.iter().position(|column| column.name == new.name);
    let (Some(column), Some(at)) = (relation.columns.first(), at) else {
        return Err(SqlError::unsupported("changing this column"));
    };
    let changed = Arc::new(Table { columns: replaced(&table.columns, at, new), keys: Vec::new(), ..table.clone() });
    let sql = lowering.assign(&changed, at, Row::Altered, &column.expression())?;
    inline(&bare(&sql, table), &lowering.parameters, false, &scope.context.catalogue)
}

fn replaced(columns: &[Column], at: usize, new: &Column) -> Vec<Column> {
    let plain = |(own, column): (usize, &Column)| {
        if own == at { Column { generated: None, ..new.clone() } } else { column.clone() }
    };
    columns.iter().enumerate().map(plain).collect()
}

/// Completes a new generated column whose text was read.
pub(super) fn generate(table: &mut Table, at: usize, scope: &Scope<'_>) -> Result<(), SqlError> {
    let Some(column) = table.columns.get(at).cloned() else { return Ok(()) };
    let Some(generated) = &column.generated else { return Ok(()) };
    let formula = read(&generated.expression, table, Use::Column(&column), scope).map_err(|error| {
        disallowed(&error).map_or(error, |name| {
            let text =
                format!("Expression of generated column '{}' contains a disallowed function: {name}.", column.name);
            SqlError::new(3763, "HY000", text)
        })
    })?;
    for name in &formula.columns {
        let Some(position) = table.columns.iter().position(|other| other.name == *name) else { continue };
        let Some(other) = table.columns.get(position) else { continue };
        if other.auto_increment {
            let text = format!("Generated column '{}' cannot refer to auto-increment column.", column.name);
            return Err(SqlError::new(3109, "HY000", text));
        }
        if position >= at && other.generated.is_some() {
            let text = "Generated column can refer only to generated columns defined prior to it.";
            return Err(SqlError::new(3107, "HY000", text.to_owned()));
        }
    }
    if let Some(column) = table.columns.get_mut(at) {
        let stored = generated.stored;
        column.generated = Some(Generated { expression: formula.text, stored, sql: formula.sql });
    }
    Ok(())
}

/// Completes `DEFAULT (expr)`.
pub(super) fn default(table: &mut Table, at: usize, scope: &Scope<'_>) -> Result<(), SqlError> {
    let Some(column) = table.columns.get(at).cloned() else { return Ok(()) };
    let ColumnDefault::Expression(text) = &column.default else { return Ok(()) };
    let formula = read(text, table, Use::Column(&column), scope)?;
    if !formula.columns.is_empty() {
        return Err(SqlError::unsupported("a default that reads other columns"));
    }
    if let Some(column) = table.columns.get_mut(at) {
        column.default = ColumnDefault::Expression(formula.text);
        column.default_sql = formula.sql;
    }
    Ok(())
}
