//! TRIGGERS and SHOW TRIGGERS.

use jiff::tz::TimeZone;

use crate::schema::{Catalogue, Table, Trigger};
use crate::sql::temporal;

use super::rows::{Cells, Wanted};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// When a trigger was made, in UTC, which is the server's zone, with the two digits that MySQL keeps.
pub(in crate::sql) fn created(trigger: &Trigger) -> Option<String> {
    let (date, clock) = temporal::local(trigger.created, 2, &TimeZone::UTC)?;
    let whole = temporal::datetime_text(date, crate::value::Clock { micros: 0, ..clock });
    Some(temporal::text_with(&whole, &clock, 2))
}

/// Tables with triggers of the databases asked for.
fn tables<'w>(wanted: &'w Wanted<'_>) -> impl Iterator<Item = &'w Table> {
    let tables = wanted.databases().flat_map(|(_, database)| database.tables.values());
    tables.map(AsRef::as_ref).filter(|table| !table.triggers.is_empty())
}

/// SHOW TRIGGERS of a database, by the tables' names; those of one table in the order in which they fire.
pub(super) fn shown(catalogue: &Catalogue, database: &str) -> Vec<Cells> {
    let schemas = Some(vec![database.to_owned()]);
    let wanted = Wanted { catalogue, schemas, tables: None, user: "" };
    let mut rows = Vec::new();
    for table in tables(&wanted).filter(|table| table.name.database == database) {
        for (_, trigger) in ordered(table) {
            let mut row = vec![
                some(&trigger.name),
                some(trigger.event.name()),
                some(&table.name.table),
                some(&trigger.body),
                some(trigger.time.name()),
            ];
            row.extend(making(trigger));
            rows.push(row);
        }
    }
    rows
}

/// The triggers by event and time as MySQL lists them, each with its place among those of its event and time.
fn ordered(table: &Table) -> Vec<(usize, &Trigger)> {
    let mut found: Vec<(usize, &Trigger)> = table
        .triggers
        .iter()
        .enumerate()
        .map(|(at, trigger)| {
            let alike = |other: &&Trigger| (other.time, other.event) == (trigger.time, trigger.event);
            (table.triggers.iter().take(at).filter(alike).count() + 1, trigger)
        })
        .collect();
    found.sort_by_key(|(order, trigger)| (trigger.event as u8, trigger.time as u8, *order));
    found
}

/// TRIGGERS.
pub(super) fn triggers(wanted: &Wanted<'_>) -> Vec<Cells> {
    tables(wanted).flat_map(|table| ordered(table).into_iter().map(|found| row(table, found))).collect()
}

fn row(table: &Table, (order, trigger): (usize, &Trigger)) -> Cells {
    let mut cells = vec![
        some("def"),
        some(&table.name.database),
        some(&trigger.name),
        some(trigger.event.name()),
        some("def"),
        some(&table.name.database),
        some(&table.name.table),
        Some(order.to_string()),
        None,
        some(&trigger.body),
        some("ROW"),
        some(trigger.time.name()),
        None,
        None,
        some("OLD"),
        some("NEW"),
    ];
    cells.extend(making(trigger));
    cells
}

/// When and under what a trigger was made.
fn making(trigger: &Trigger) -> [Option<String>; 6] {
    [
        created(trigger),
        some(&trigger.sql_mode),
        some(&trigger.definer),
        some(&trigger.charset),
        some(&trigger.collation),
        some(&trigger.database_collation),
    ]
}
