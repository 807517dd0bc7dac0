//! ANALYZE, CHECK, OPTIMIZE and REPAIR TABLE.
//!
//! Each answers with the lines that MySQL's InnoDB answers with, and says OK only for what was done: ANALYZE and
//! OPTIMIZE let PostgreSQL gather its statistics (MySQL says itself that it has no OPTIMIZE for such tables, and
//! PostgreSQL reclaims space by itself); CHECK reads every row of the table with all its values; REPAIR is what
//! InnoDB doesn't have either. Histograms and CHECKSUM TABLE, whose sums are of InnoDB's own row format, are refused.

use sqlparser::tokenizer::Token;

use crate::schema::quote;

use super::cursor::Cursor;
use super::dialect::Source;
use super::plan::{Context, Maintained, SessionCommand, SqlError, TargetSql};

/// The command of such a statement; `None` for others.
pub(super) fn command(source: &Source<'_>, context: &Context) -> Result<Option<SessionCommand>, SqlError> {
    let mut cursor = Cursor::new(source);
    let operations = ["ANALYZE", "CHECK", "OPTIMIZE", "REPAIR", "CHECKSUM"];
    let Some(operation) = operations.iter().copied().find(|word| cursor.take(&[word])) else { return Ok(None) };
    if matches!(operation, "ANALYZE" | "OPTIMIZE" | "REPAIR") && !cursor.take(&["NO_WRITE_TO_BINLOG"]) {
        cursor.take(&["LOCAL"]);
    }
    if !cursor.take(&["TABLE"]) {
        cursor.expect(&["TABLES"])?;
    }
    if operation == "CHECKSUM" {
        return Err(SqlError::unsupported("CHECKSUM TABLE"));
    }
    let mut work = Vec::new();
    loop {
        let (database, table) = cursor.qualified()?;
        let database = database.or_else(|| context.database.clone()).ok_or_else(SqlError::no_database)?;
        work.push(maintained(operation, &database, &table, context));
        if !cursor.symbol(&Token::Comma) {
            break;
        }
    }
    options(&mut cursor, operation)?;
    Ok(Some(SessionCommand::Maintain(work)))
}

fn options(cursor: &mut Cursor<'_>, operation: &str) -> Result<(), SqlError> {
    let allowed: &[&[&str]] = match operation {
        "CHECK" => &[&["FOR", "UPGRADE"], &["QUICK"], &["FAST"], &["MEDIUM"], &["EXTENDED"], &["CHANGED"]],
        "REPAIR" => &[&["QUICK"], &["EXTENDED"], &["USE_FRM"]],
        "ANALYZE" if cursor.sees(&["UPDATE"]) || cursor.sees(&["DROP"]) => {
            return Err(SqlError::unsupported("ANALYZE TABLE … HISTOGRAM"));
        }
        _other => &[],
    };
    while !cursor.is_done() {
        if !allowed.iter().any(|words| cursor.take(words)) {
            return Err(cursor.error());
        }
    }
    Ok(())
}

fn maintained(operation: &str, database: &str, table: &str, context: &Context) -> Maintained {
    let name = format!("{database}.{table}");
    let op = operation.to_ascii_lowercase();
    let line = |kind: &str, text: &str| [name.clone(), op.clone(), kind.to_owned(), text.to_owned()];
    let Some(found) = context.catalogue.table(database, table) else {
        let view = context.catalogue.view(database, table).is_some();
        if view && operation == "CHECK" {
            return Maintained { statement: None, lines: vec![line("status", "OK")] };
        }
        let missing =
            if view { format!("'{name}' is not BASE TABLE") } else { format!("Table '{name}' doesn't exist") };
        return Maintained {
            statement: None,
            lines: vec![line("Error", &missing), line("status", "Operation failed")],
        };
    };
    let target = quote::table(&found.name);
    let (statement, lines) = match operation {
        "ANALYZE" if found.engine.eq_ignore_ascii_case("MEMORY") => {
            // PostgreSQL's statistics are of use all the same.
            let note = "The storage engine for the table doesn't support analyze";
            (Some(format!("ANALYZE {target}")), vec![line("note", note)])
        }
        "ANALYZE" => (Some(format!("ANALYZE {target}")), vec![line("status", "OK")]),
        "OPTIMIZE" => {
            let note = "Table does not support optimize, doing recreate + analyze instead";
            (Some(format!("ANALYZE {target}")), vec![line("note", note), line("status", "OK")])
        }
        "CHECK" => {
            let all = format!("SELECT count(hashtext(t::text)) FROM {target} AS t");
            (Some(all), vec![line("status", "OK")])
        }
        _repair => (None, vec![line("note", "The storage engine for the table doesn't support repair")]),
    };
    Maintained { statement: statement.map(TargetSql), lines }
}
