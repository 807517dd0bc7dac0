//! EXPLAIN of a statement: PostgreSQL's plan, in MySQL's columns.
//!
//! The statement is rewritten first, so that a wrong one gets MySQL's error. What is shown is PostgreSQL's plan, since
//! that is what runs: in the traditional format the columns say approximately what MySQL would call it, in the tree
//! format the plan's own text is shown and marked as PostgreSQL's.

use sqlparser::tokenizer::Token;

use super::cursor::Cursor;
use super::dialect::Source;
use super::information_schema as system;
use super::plan::{Context, Explain, ExplainFormat, OutputColumn, Plan, Planned, SessionCommand, SqlError};

/// Words that begin a statement that can be explained.
const STATEMENTS: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "TABLE", "VALUES"];

/// The plan of EXPLAIN; `None` when it describes a table. The cursor stands behind the first word.
pub(super) fn plan(
    cursor: &mut Cursor<'_>,
    source: &Source<'_>,
    context: &Context,
) -> Result<Option<Planned>, SqlError> {
    let analyze = cursor.take(&["ANALYZE"]);
    let mut format = None;
    if cursor.take(&["FORMAT"]) {
        cursor.expect_symbol(&Token::Eq)?;
        format = Some(named(&cursor.name().or_else(|_| cursor.string())?)?);
    }
    let starts = cursor.peek() == Some(&Token::LParen) || STATEMENTS.iter().any(|word| cursor.sees(&[word]));
    if cursor.sees(&["FOR"]) || cursor.sees(&["INTO"]) {
        return Err(SqlError::unsupported("EXPLAIN … FOR and INTO"));
    }
    if !starts {
        return if analyze || format.is_some() { Err(cursor.error()) } else { Ok(None) };
    }
    let start = cursor.position();
    cursor.skip_until(|_| false);
    if !cursor.is_done() {
        return Err(cursor.error());
    }
    let Planned { plan, asked } = super::planned(source.slice(cursor.tokens_from(start)), context)?;
    let (sql, parameters, reads) = match plan {
        Plan::Query(query) => (query.sql, query.parameters, true),
        Plan::Write(write) => (write.sql, write.parameters, false),
        Plan::Ddl(_) | Plan::Session(_) => return Err(SqlError::unsupported("EXPLAIN of this statement")),
    };
    if analyze && !reads {
        return Err(SqlError::unsupported("EXPLAIN ANALYZE of a statement that writes"));
    }
    let explain = Explain { sql, parameters, format, analyze };
    Ok(Some(Planned { plan: Plan::Session(SessionCommand::Explain(Box::new(explain))), asked }))
}

fn named(name: &str) -> Result<ExplainFormat, SqlError> {
    match name.to_ascii_uppercase().as_str() {
        "TRADITIONAL" | "TRADITIONAL_STRICT" => Ok(ExplainFormat::Traditional),
        "TREE" => Ok(ExplainFormat::Tree),
        "JSON" => Err(SqlError::unsupported("EXPLAIN FORMAT=JSON")),
        _unknown => Err(SqlError::new(1791, "HY000", format!("Unknown EXPLAIN format name: '{name}'"))),
    }
}

/// The columns of an answer.
#[must_use]
pub fn columns(format: ExplainFormat) -> Vec<OutputColumn> {
    let name = match format {
        ExplainFormat::Tree => "EXPLAIN TREE",
        ExplainFormat::Traditional => "EXPLAIN TRADITIONAL",
    };
    let table = system::find(system::SHOW, name);
    table.map(|table| table.columns.iter().map(|column| column.shown.clone()).collect()).unwrap_or_default()
}
