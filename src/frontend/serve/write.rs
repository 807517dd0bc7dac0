//! From PostgreSQL's answer to MySQL's: affected rows, insert id and info text of a write.

use crate::sql::plan::{Verb, WritePlan, WriteResult};
use crate::target::Row;

/// Columns of counts that stand before the values of assigned variables.
pub(super) const COUNTS: usize = 2;

/// What an OK packet says of a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) affected: u64,
    /// The packet's insert id.
    pub(super) insert_id: u64,
    /// LAST_INSERT_ID() afterwards, when it changes.
    pub(super) last_insert_id: Option<u64>,
    pub(super) info: String,
}

/// What the answer depends on besides PostgreSQL's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// The client's CLIENT_FOUND_ROWS.
    pub(super) found_rows: bool,
    /// Warnings of the statement, which the info text counts.
    pub(super) warnings: u64,
    /// What LAST_INSERT_ID(expr) was told: the packet's insert id unless an id was generated.
    pub(super) told_id: Option<u64>,
}

/// Reads the answer of `plan`: `tag` is the command tag's count, `rows` what it returned.
pub(super) fn written(plan: &WritePlan, tag: u64, rows: &[Row], counts: Counts) -> Written {
    let written = match plan.result {
        WriteResult::Tag => by_tag(plan.verb, tag, counts),
        WriteResult::Ids { generated } => ids(rows, generated, counts),
        WriteResult::MatchedChanged => matched_changed(rows, counts),
        WriteResult::Differing => differing(rows, counts),
        WriteResult::Upserted { given } => upserted(rows, given, counts),
        WriteResult::Replaced => replaced(rows, counts),
        WriteResult::Counted { many } => counted(plan.verb, rows, many, counts),
    };
    match counts.told_id {
        Some(id) if written.last_insert_id.is_none() => Written { insert_id: id, ..written },
        Some(_) | None => written,
    }
}

/// The rows that an UPDATE found.
pub(super) fn matched_rows(plan: &WritePlan, tag: u64, rows: &[Row]) -> u64 {
    match plan.result {
        WriteResult::Tag => tag,
        WriteResult::Differing => rows.len() as u64,
        WriteResult::MatchedChanged => rows.first().and_then(|row| number(row, 0)).unwrap_or(0),
        WriteResult::Ids { .. }
        | WriteResult::Upserted { .. }
        | WriteResult::Replaced
        | WriteResult::Counted { .. } => 0,
    }
}

/// True for an UPDATE or DELETE that no row matched.
pub(super) fn found_nothing(plan: &WritePlan, tag: u64, rows: &[Row]) -> bool {
    match (plan.verb, plan.result) {
        (Verb::Update | Verb::Delete, WriteResult::Tag) => tag == 0,
        (Verb::Update | Verb::Delete, WriteResult::Differing) => rows.is_empty(),
        (Verb::Update | Verb::Delete, WriteResult::MatchedChanged) => {
            rows.first().and_then(|row| number(row, 0)).unwrap_or(0) == 0
        }
        (Verb::Delete, WriteResult::Counted { .. }) => rows.first().and_then(|row| number(row, 2)).unwrap_or(0) == 0,
        _ => false,
    }
}

fn by_tag(verb: Verb, tag: u64, counts: Counts) -> Written {
    let info = match verb {
        Verb::Insert | Verb::InsertIgnore | Verb::Replace | Verb::Upsert if tag > 1 => records(tag, 0, counts),
        Verb::Update => matched(tag, tag, counts),
        Verb::Insert | Verb::InsertIgnore | Verb::Replace | Verb::Upsert | Verb::Delete => String::new(),
    };
    Written { affected: tag, info, ..Written::default() }
}

/// MySQL's packet has the first generated id, or the last of those that the statement gave.
fn ids(rows: &[Row], generated: bool, counts: Counts) -> Written {
    let count = rows.len() as u64;
    let generated = match rows.first().and_then(|row| row.get(1)) {
        Some(flag) => flag == b"t",
        None => generated,
    };
    let shown = if generated { rows.first() } else { rows.last() };
    let insert_id = shown.and_then(id).unwrap_or(0);
    let info = if count > 1 { records(count, 0, counts) } else { String::new() };
    let last_insert_id = (generated && insert_id != 0).then_some(insert_id);
    Written { affected: count, insert_id, last_insert_id, info }
}

/// The id in column 0; a negative one shows as MySQL shows it, as its two's complement.
fn id(row: &Row) -> Option<u64> {
    number(row, 0)
}

fn number(row: &Row, index: usize) -> Option<u64> {
    row.parse_as::<u64>(index).or_else(|| row.parse_as::<i64>(index).map(i64::cast_unsigned))
}

fn matched_changed(rows: &[Row], counts: Counts) -> Written {
    let count = |index| rows.first().and_then(|row| number(row, index)).unwrap_or(0);
    updated(count(0), count(1), counts)
}

fn differing(rows: &[Row], counts: Counts) -> Written {
    let changed = rows.iter().filter(|row| row.get(0) == Some(b"t")).count() as u64;
    updated(rows.len() as u64, changed, counts)
}

fn updated(found: u64, changed: u64, counts: Counts) -> Written {
    let affected = if counts.found_rows { found } else { changed };
    Written { affected, info: matched(found, changed, counts), ..Written::default() }
}

/// 1 for each inserted row, 2 for each changed one, and under CLIENT_FOUND_ROWS 1 for each that stayed the same.
fn upserted(rows: &[Row], given: Option<usize>, counts: Counts) -> Written {
    let returned = rows.len() as u64;
    let given = given.map_or(returned, |given| given as u64);
    let inserted = rows.iter().filter(|row| row.get(0) == Some(b"t")).count() as u64;
    let changed = returned - inserted;
    let same = given.saturating_sub(returned);
    let first_inserted = rows.iter().find(|row| row.get(0) == Some(b"t")).and_then(|row| number(row, 1));
    let insert_id = first_inserted.or_else(|| rows.last().and_then(|row| number(row, 1))).unwrap_or(0);
    let info = if given > 1 { records(given, changed, counts) } else { String::new() };
    Written {
        affected: inserted + 2 * changed + if counts.found_rows { same } else { 0 },
        insert_id,
        last_insert_id: first_inserted,
        info,
    }
}

fn replaced(rows: &[Row], counts: Counts) -> Written {
    let column = |index| rows.first().and_then(|row| number(row, index));
    let (deleted, inserted) = (column(0).unwrap_or(0), column(1).unwrap_or(0));
    let first = column(2);
    let info = if inserted > 1 { records(inserted, deleted, counts) } else { String::new() };
    Written { affected: deleted + inserted, insert_id: first.unwrap_or(0), last_insert_id: first, info }
}

/// What `mysql.write_rows` counted.
fn counted(verb: Verb, rows: &[Row], many: bool, counts: Counts) -> Written {
    let column = |index| rows.first().and_then(|row| number(row, index));
    let count = |index| column(index).unwrap_or(0);
    let (given, copied, deleted, updated, touched) = (count(0), count(1), count(2), count(3), count(4));
    let changed = if counts.found_rows { touched } else { updated };
    let (first, last) = (column(5), column(6));
    let duplicates = if verb == Verb::InsertIgnore { given.saturating_sub(copied) } else { deleted + changed };
    Written {
        affected: copied + deleted + updated + changed,
        insert_id: first.or(last).unwrap_or(0),
        last_insert_id: first,
        info: if many { records(given, duplicates, counts) } else { String::new() },
    }
}

fn records(records: u64, duplicates: u64, counts: Counts) -> String {
    format!("Records: {records}  Duplicates: {duplicates}  Warnings: {}", counts.warnings)
}

fn matched(found: u64, changed: u64, counts: Counts) -> String {
    format!("Rows matched: {found}  Changed: {changed}  Warnings: {}", counts.warnings)
}
