//! What PostgreSQL must answer so that a repeated write did what MySQL did. Pure.
//!
//! MySQL's counts are compared with PostgreSQL's for every statement. A difference means that the two sides hold
//! different rows or that the rewrite was wrong; either way the table can't be followed any more.

use crate::change::CapturedStatement;
use crate::sql::plan::{ParameterSource, Verb, WritePlan, WriteResult};
use crate::target::Answer;

/// Why a statement's effect isn't the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Different(pub(super) String);

/// True for a row-giving statement that changed nothing on MySQL: there is nothing to repeat, and no id to give.
pub(super) fn did_nothing(statement: &CapturedStatement, plan: &WritePlan) -> bool {
    match plan.verb {
        Verb::Insert | Verb::InsertIgnore | Verb::Upsert | Verb::Replace => {
            // Under CLIENT_FOUND_ROWS a row that stayed the same counts as one; a row with a new id has an insert id.
            let same = plan.verb == Verb::Upsert && plan.generated_ids == 1 && statement.context.found_rows;
            let answer = &statement.answer;
            answer.affected_rows == 0 || (same && answer.affected_rows == 1 && answer.insert_id == 0)
        }
        Verb::Update | Verb::Delete => false,
    }
}

/// Refuses what can't be exact, before it's executed.
pub(super) fn before(statement: &CapturedStatement, plan: &WritePlan) -> Result<(), Different> {
    for parameter in &plan.parameters {
        source(&parameter.source, statement)?;
    }
    generated_ids(statement, plan)?;
    let isolation = statement.context.isolation.as_str();
    let repeatable =
        isolation.eq_ignore_ascii_case("REPEATABLE-READ") || isolation.eq_ignore_ascii_case("SERIALIZABLE");
    if !repeatable && super::touched::reads_others(&statement.text) {
        // Such reads take no locks there, so commit order doesn't say what they saw. Reads of the changed rows are
        // safe: others can only add to the matching rows meanwhile, and then the counts differ.
        return Err(Different(format!("it reads other rows under {isolation}")));
    }
    Ok(())
}

/// Refuses values that weren't captured.
fn source(source: &ParameterSource, statement: &CapturedStatement) -> Result<(), Different> {
    let unknown = |what: &str| Err(Different(format!("it uses {what}, which isn't known any more")));
    match source {
        ParameterSource::Now { .. }
        | ParameterSource::UtcNow { .. }
        | ParameterSource::Instant { .. }
        | ParameterSource::UnixNow => {
            if statement.time_exact {
                Ok(())
            } else {
                unknown("the exact time of its execution")
            }
        }
        ParameterSource::ConnectionId => unknown("CONNECTION_ID()"),
        ParameterSource::FoundRows => unknown("FOUND_ROWS()"),
        ParameterSource::RowCount => unknown("ROW_COUNT()"),
        ParameterSource::Local(_) => unknown("a local variable"),
        ParameterSource::StatementToken => unknown("an assignment to a user variable"),
        ParameterSource::Lock { .. } => unknown("a lock with a name"),
        ParameterSource::Variable(name) => unknown(&format!("@@{name}")),
        ParameterSource::Rows(rows) => unknown(&format!("{}.{}", rows.database, rows.table)),
        ParameterSource::UserVariable(name) => unknown(&format!("@{name}")),
        ParameterSource::JsonOf(inner) => self::source(inner, statement),
        ParameterSource::Literal(_)
        | ParameterSource::Client(_)
        | ParameterSource::GeneratedId(_)
        | ParameterSource::ClientOrGenerated { .. }
        | ParameterSource::LastInsertId
        | ParameterSource::User => Ok(()),
    }
}

/// MySQL reports the first generated id only. It tells all of them when every generated row was inserted.
fn generated_ids(statement: &CapturedStatement, plan: &WritePlan) -> Result<(), Different> {
    if plan.generated_ids == 0 {
        return Ok(());
    }
    let generated = plan.generated_ids as u64;
    let answer = &statement.answer;
    let known = match plan.verb {
        Verb::Insert => answer.insert_id != 0,
        // A row that was ignored takes an id too, so the others' ids aren't known.
        Verb::InsertIgnore => answer.affected_rows >= generated && answer.insert_id != 0,
        // One row: the id that it has now, whether it was there before or not. Several rows: none met another one.
        Verb::Upsert | Verb::Replace => answer.insert_id != 0 && (generated == 1 || answer.affected_rows == generated),
        Verb::Update | Verb::Delete => true,
    };
    if known { Ok(()) } else { Err(Different("the ids that MySQL generated aren't known".into())) }
}

/// Compares PostgreSQL's answer with MySQL's.
pub(super) fn after(statement: &CapturedStatement, plan: &WritePlan, answer: &Answer) -> Result<(), Different> {
    let mysql = &statement.answer;
    let found_rows = statement.context.found_rows;
    let affected = match plan.result {
        WriteResult::Tag => answer.affected,
        WriteResult::Ids { .. } => answer.rows.len() as u64,
        WriteResult::MatchedChanged => {
            let (matched, changed) = (cell(answer, 0)?, cell(answer, 1)?);
            if let Some(expected) = mysql.matched_rows {
                same("matched rows", expected, matched)?;
            }
            if found_rows { matched } else { changed }
        }
        WriteResult::Upserted { given } => {
            let inserted = answer.rows.iter().filter(|row| row.get(0) == Some(b"t")).count() as u64;
            let changed = answer.rows.len() as u64 - inserted;
            let same = given.map_or(0, |given| (given as u64).saturating_sub(inserted + changed));
            inserted + 2 * changed + if found_rows { same } else { 0 }
        }
        // Counted where it is served.
        WriteResult::Counted { .. } | WriteResult::Differing => {
            return Err(Different("it's a plan for serving".into()));
        }
        // MySQL doesn't always count a row that is deleted for one that is the same, byte for byte.
        WriteResult::Replaced => {
            let all = cell(answer, 0)? + cell(answer, 1)?;
            let same = cell(answer, 3)?;
            if (all.saturating_sub(same)..all).contains(&mysql.affected_rows) { mysql.affected_rows } else { all }
        }
    };
    same("affected rows", mysql.affected_rows, affected)
}

fn same(what: &str, mysql: u64, postgres: u64) -> Result<(), Different> {
    if mysql == postgres {
        return Ok(());
    }
    Err(Different(format!("{what} differ: MySQL {mysql}, PostgreSQL {postgres}")))
}

/// A count in the one row of an answer.
fn cell(answer: &Answer, column: usize) -> Result<u64, Different> {
    let text = answer.rows.first().and_then(|row| row.get(column));
    text.and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Different("PostgreSQL's answer has no counts".into()))
}
