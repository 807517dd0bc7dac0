//! MySQL text in, PostgreSQL text with parameters out, or a refusal by name. Pure; the only room that imports
//! sqlparser.
//!
//! text → tokens → (front parser for session, transaction, SHOW and DDL families | sqlparser with our dialect for
//! queries and DML) → names resolved against [`crate::schema::Catalogue`] → typed expressions → [`Plan`].

pub mod plan;

mod aggregate;
mod assign;
mod assigning;
mod binary;
mod bind;
mod cache;
mod calendar;
mod change;
mod charset;
mod classes;
mod classify;
mod coerce;
mod comments;
mod compound;
mod cursor;
mod dates;
pub mod ddl;
mod deprecated;
mod dialect;
mod error;
pub mod explain;
mod expression;
mod filter;
mod fired;
mod from;
mod functions;
mod geometry;
mod given;
mod glance;
mod helpers;
mod information_schema;
mod inline;
mod insert;
mod json;
mod keys;
mod leaves;
mod lexer;
pub mod load;
mod lower;
mod maintenance;
mod mariadb;
mod measure;
mod merge;
mod metadata;
mod narrow;
mod operators;
pub mod pattern;
mod prepass;
mod regexp;
pub mod routine;
mod rowwise;
mod scope;
mod select;
mod session;
pub mod show;
mod shown;
pub mod system;
mod template;
mod temporal;
#[cfg(test)]
mod tests;
mod types;
mod view;

pub use binary::{Respelled, respell_binaries};
pub use bind::{SystemRows, Values, bind, value_of};
pub use cache::Cache;
pub use calendar::Locale;
pub use classify::{can_be_prepared, classify, depends_on_time, may_call_function, savepoint_name};
pub use comments::hinted_limit;
pub use compound::split;
pub use functions::BlockMode;
pub use given::user_variables;
pub use glance::{Glance, SessionEffects, glance};
pub use helpers::HELPERS;
pub use inline::inlined;
pub use keys::{foreign_key_clause, quoted};
pub use leaves::{Left, hides, leaves, may_call_stored, takes_named_lock, variables_named, verb};
pub use mariadb::modes_of_mariadb;
pub use narrow::narrow_definition;
pub use plan::{Context, Parameter, Plan, Purpose, SqlError, StatementClass, TargetSql};
pub use template::{Lifted, lift};

use sqlparser::ast::{Expr, LimitClause, Query, Statement, Value as Literal};
use sqlparser::tokenizer::Token;

use dialect::{Modes, Modifiers, Source};
use expression::Lowering;
use plan::{Planned, QueryPlan, SessionCommand, VariableKind};
use prepass::Into;
use select::Derived;

/// Stack for statements that are deep or long: the parser and the rewrite recurse as deep as the statement nests, and
/// a chain of operators is a tree as deep as it is long.
const LARGE_STACK: usize = 512 << 20;

/// Rewrites a statement.
pub fn rewrite(text: &str, context: &Context) -> Result<Plan, SqlError> {
    planned(text, context).map(|planned| planned.plan)
}

/// Rewrites a statement, and says on the classes of which values the plan depends.
pub fn planned(text: &str, context: &Context) -> Result<Planned, SqlError> {
    let only_comment = text.trim_end_matches(';').contains(|character: char| !character.is_whitespace());
    let noticed = comments::warnings(text);
    let text = comments::plain(text);
    let text = text.as_ref();
    let class = classify(text.as_bytes());
    let temporary = context.purpose == Purpose::Serve && class == StatementClass::TemporaryTable;
    if class == StatementClass::Ddl || temporary {
        return ddl::plan(text, context).map(|plan| Planned { plan, asked: Vec::new() });
    }
    let modes = Modes::parse(&context.sql_mode);
    let source = Source::read(text, modes)?;
    if source.tokens.is_empty() && only_comment {
        let nothing = Plan::Session(plan::SessionCommand::NoOperation("a comment"));
        return Ok(Planned { plan: nothing, asked: Vec::new() });
    }
    if source.tokens.is_empty() {
        return Err(SqlError::new(1065, "42000", "Query was empty".to_owned()));
    }
    if source.tokens.iter().any(|token| token.token == Token::SemiColon) {
        return Err(SqlError::unsupported("several statements in one text"));
    }
    if !source.measure()? {
        return plan_of(&source, context, modes, noticed);
    }
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .stack_size(LARGE_STACK)
            .spawn_scoped(scope, || plan_of(&source, context, modes, noticed))
            .map_err(|_| SqlError::new(1041, "HY000", "Out of memory; restart server and try again".to_owned()))?;
        worker.join().map_err(|_| SqlError::unsupported("a statement that the rewriter fails on"))?
    })
}

fn plan_of(
    source: &Source<'_>,
    context: &Context,
    modes: Modes,
    noticed: Vec<crate::wire::condition::Condition>,
) -> Result<Planned, SqlError> {
    if let Some(planned) = show::plan(source, context, modes)? {
        return Ok(planned);
    }
    if let Some(command) = maintenance::command(source, context)? {
        return Ok(Planned { plan: Plan::Session(command), asked: Vec::new() });
    }
    if let Some(command) = session::command(source, context, modes)? {
        return Ok(Planned { plan: Plan::Session(command), asked: Vec::new() });
    }
    let (tokens, into) = prepass::take_into(&source.tokens, context.given.locals.as_deref())?;
    let (statement, modifiers) = source.parse_tokens(&tokens, modes)?;
    let mut lowering = Lowering::new(context, modes, source);
    lowering.warnings = noticed;
    lowering.warnings.extend(deprecated::warnings(&source.tokens, modes));
    lowering.assigning = assigning::Assigning::of(&source.tokens);
    let plan = match (&statement, into) {
        (Statement::Query(query), Into::Variables(variables)) => select_into(&mut lowering, query, variables)?,
        (_, Into::Variables(_) | Into::Nowhere) => lowered(&mut lowering, &statement, modifiers)?,
    };
    if let Plan::Write(write) = &plan {
        lowering.check_fired_reads(write)?;
    }
    Ok(Planned { plan, asked: lowering.asked.into_iter().collect() })
}

/// MySQL has no RETURNING, which the parser knows from others.
fn refuse_returning(source: &Source<'_>, statement: &Statement) -> Result<(), SqlError> {
    let returning = match statement {
        Statement::Insert(insert) => insert.returning.is_some(),
        Statement::Update(update) => update.returning.is_some(),
        Statement::Delete(delete) => delete.returning.is_some(),
        _reads => false,
    };
    let word = || source.tokens.iter().find(|token| dialect::is_word(&token.token, "RETURNING"));
    if returning { Err(source.error_at(word())) } else { Ok(()) }
}

fn lowered(lowering: &mut Lowering<'_>, statement: &Statement, modifiers: Modifiers) -> Result<Plan, SqlError> {
    refuse_returning(lowering.source, statement)?;
    match statement {
        Statement::Query(query) if is_write(&query.body) => lowering.write_with(query, modifiers).map(Plan::Write),
        Statement::Query(query) => {
            // What is looked at for this leaves nothing behind when it's a query after all.
            let mut trial = Lowering::new(lowering.context, lowering.modes, lowering.source);
            trial.warnings.clone_from(&lowering.warnings);
            if !lowering.assigning.happens()
                && let Some(command) = session::variables(statement, &mut trial)?
            {
                *lowering = trial;
                return Ok(Plan::Session(command));
            }
            let limited = limited(query, lowering.context);
            let query = limited.as_ref().unwrap_or(query);
            lowering.reader = select::Reader::Client;
            if lowering.assigning.happens() {
                let (derived, variables) = match lowering.assigning_query(query) {
                    Err(_) if lowering.assigning.is_mixed() => {
                        let mut again = Lowering::new(lowering.context, lowering.modes, lowering.source);
                        again.warnings.clone_from(&lowering.warnings);
                        again.assigning = lowering.assigning.converting();
                        again.reader = select::Reader::Client;
                        *lowering = again;
                        lowering.assigning_query(query)?
                    }
                    planned => planned?,
                };
                let query = Box::new(query_plan(lowering, derived));
                return Ok(Plan::Session(SessionCommand::Assigning { query, variables }));
            }
            let derived = lowering.query(query, None)?;
            let total = if query.limit_clause.is_some() && select::counts_found_rows(query) {
                Some(TargetSql(lowering.total(query)?))
            } else {
                None
            };
            let plan = query_plan(lowering, derived);
            Ok(match total {
                Some(total) => Plan::Session(SessionCommand::Counted { query: Box::new(plan), total }),
                None => Plan::Query(plan),
            })
        }
        Statement::Insert(insert) => lowering.insert(insert).and_then(accepted),
        Statement::Update(update) => lowering.update(update, modifiers).and_then(accepted),
        Statement::Delete(delete) => lowering.delete(delete, modifiers).and_then(accepted),
        other => Err(SqlError::unsupported(other.to_string().split(' ').take(3).collect::<Vec<_>>().join(" "))),
    }
}

/// The query under `sql_select_limit`, which counts where the query has no LIMIT of its own.
fn limited(query: &Query, context: &Context) -> Option<Query> {
    let limit = context.given.select_limit.filter(|_| query.limit_clause.is_none())?;
    let limit = Expr::value(Literal::Number(limit.to_string(), false));
    let clause = LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by: Vec::new() };
    Some(Query { limit_clause: Some(clause), ..query.clone() })
}

fn query_plan(lowering: &mut Lowering<'_>, derived: Derived) -> QueryPlan {
    QueryPlan {
        sql: TargetSql(derived.sql),
        parameters: std::mem::take(&mut lowering.parameters),
        columns: derived.columns.iter().map(metadata::output).collect(),
        locking: derived.locking,
        reads: !lowering.read.is_empty() || lowering.temporary.is_some(),
        warnings: std::mem::take(&mut lowering.warnings),
    }
}

/// `SELECT … INTO @a, …`.
fn select_into(lowering: &mut Lowering<'_>, query: &Query, variables: Vec<plan::IntoTarget>) -> Result<Plan, SqlError> {
    lowering.reader = select::Reader::Client;
    let derived = lowering.query(query, None)?;
    if derived.columns.len() != variables.len() {
        return Err(SqlError::union_columns());
    }
    let kinds = derived.columns.iter().map(|column| VariableKind::of_type(&column.ty, &lowering.context.collation));
    let variables = variables.into_iter().zip(kinds).collect();
    let query = Box::new(query_plan(lowering, derived));
    Ok(Plan::Session(SessionCommand::SelectInto { query, variables }))
}

/// True for what stands behind WITH when it writes.
fn is_write(body: &sqlparser::ast::SetExpr) -> bool {
    use sqlparser::ast::SetExpr;
    matches!(body, SetExpr::Update(_) | SetExpr::Delete(_))
}

/// A write that fails over a value in its text under strict mode isn't even begun.
fn accepted(plan: plan::WritePlan) -> Result<Plan, SqlError> {
    let told = plan.warnings.iter().map(|warning| (warning.level.name(), warning.code, warning.message.as_str()));
    match plan.fatal(told) {
        Some(error) => Err(error),
        None => Ok(Plan::Write(plan)),
    }
}

/// How many `?` a statement has.
pub fn parameter_count(text: &str, sql_mode: &str) -> Result<usize, SqlError> {
    let text = comments::plain(text);
    let source = Source::read(&text, Modes::parse(sql_mode))?;
    Ok(source.tokens.iter().filter(|token| matches!(token.token, Token::Placeholder(_))).count())
}
