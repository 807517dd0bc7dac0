//! ROUTINES, PARAMETERS and SHOW … STATUS.

use jiff::tz::TimeZone;

use crate::schema::{Catalogue, Column, Routine};
use crate::sql::temporal;

use super::columns::{data_type, sizes};
use super::rows::{Cells, Wanted};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A moment in UTC, which is the server's zone.
fn moment(micros: i64) -> Option<String> {
    let (date, clock) = temporal::local(micros, 0, &TimeZone::UTC)?;
    Some(temporal::datetime_text(date, clock))
}

fn security(routine: &Routine) -> &'static str {
    if routine.characteristics.invoker { "INVOKER" } else { "DEFINER" }
}

/// Functions and procedures of the databases asked for, by name.
fn wanted_routines<'w>(wanted: &'w Wanted<'_>) -> Vec<&'w Routine> {
    let mut found: Vec<&Routine> = wanted
        .databases()
        .flat_map(|(_, database)| database.functions.values().chain(database.procedures.values()))
        .map(AsRef::as_ref)
        .collect();
    found.sort_by(|left, right| (&left.name, left.kind.name()).cmp(&(&right.name, right.kind.name())));
    found
}

/// SHOW PROCEDURE STATUS and SHOW FUNCTION STATUS.
pub(super) fn status(catalogue: &Catalogue, kind: &str) -> Vec<Cells> {
    let wanted = Wanted { catalogue, schemas: None, tables: None, user: "" };
    let row = |routine: &&Routine| {
        vec![
            some(&routine.name.database),
            some(&routine.name.table),
            some(routine.kind.name()),
            some("SQL"),
            some(&routine.definer),
            moment(routine.modified),
            moment(routine.created),
            some(security(routine)),
            some(&routine.characteristics.comment),
            some(&routine.charset),
            some(&routine.collation),
            some(&routine.database_collation),
        ]
    };
    wanted_routines(&wanted).iter().filter(|routine| routine.kind.name() == kind).map(row).collect()
}

/// ROUTINES.
pub(super) fn routines(wanted: &Wanted<'_>) -> Vec<Cells> {
    wanted_routines(wanted).into_iter().map(row).collect()
}

fn row(routine: &Routine) -> Cells {
    let mut cells = vec![
        some(&routine.name.table),
        some("def"),
        some(&routine.name.database),
        some(&routine.name.table),
        some(routine.kind.name()),
    ];
    match &routine.result {
        Some(result) => {
            cells.push(some(data_type(result)));
            cells.extend(sizes(result));
            cells.push(some(&result.type_text));
        }
        None => {
            cells.push(some(""));
            cells.extend((0..8).map(|_| None));
        }
    }
    let characteristics = &routine.characteristics;
    cells.extend([
        some("SQL"),
        some(&routine.body),
        None,
        some("SQL"),
        some("SQL"),
        some(if characteristics.deterministic { "YES" } else { "NO" }),
        some(&characteristics.access),
        None,
        some(security(routine)),
        moment(routine.created),
        moment(routine.modified),
        some(&routine.sql_mode),
        some(&characteristics.comment),
        some(&routine.definer),
        some(&routine.charset),
        some(&routine.collation),
        some(&routine.database_collation),
    ]);
    cells
}

/// PARAMETERS: a function's result is its parameter 0.
pub(super) fn parameters(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows = Vec::new();
    for routine in wanted_routines(wanted) {
        let row = |position: usize, mode: Option<String>, name: Option<String>, column: &Column| {
            let mut cells = vec![some("def"), some(&routine.name.database), some(&routine.name.table)];
            cells.extend([Some(position.to_string()), mode, name, some(data_type(column))]);
            cells.extend(sizes(column));
            cells.extend([some(&column.type_text), some(routine.kind.name())]);
            cells
        };
        rows.extend(routine.result.iter().map(|result| row(0, None, None, result)));
        for (at, (mode, column)) in routine.arguments.iter().enumerate() {
            rows.push(row(at + 1, some(mode.name()), some(&column.name), column));
        }
    }
    rows
}
