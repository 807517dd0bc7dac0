//! What a statement does with values that don't fit, decided by `sql_mode` and by its form.
//!
//! MySQL raises the same conditions everywhere and decides at one place what they mean: under strict mode those of
//! level warning end the statement, without it or with IGNORE they are lines of SHOW WARNINGS. So does [`Target`].

use std::cell::RefCell;

use crate::schema::{Column, Table};
use crate::value::Value;
use crate::wire::condition::{Condition, sqlstate};

use super::super::bind::text;
use super::super::plan::SqlError;

/// How values are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// STRICT_TRANS_TABLES or STRICT_ALL_TABLES, and no IGNORE.
    pub strict: bool,
    /// NO_ZERO_DATE: `0000-00-00` isn't a date.
    pub no_zero_date: bool,
    /// NO_ZERO_IN_DATE: neither is `2024-00-00`.
    pub no_zero_in_date: bool,
    /// ALLOW_INVALID_DATES: each month has 31 days.
    pub invalid_dates: bool,
    /// TIME_TRUNCATE_FRACTIONAL: fractions are cut where they are rounded otherwise.
    pub truncate_fraction: bool,
    /// NULL for a NOT NULL column becomes the type's own default with a warning. Only INSERT of several rows and
    /// UPDATE do that, without strict mode; IGNORE does it always.
    pub null_becomes_default: bool,
}

/// The column that a value is stored in.
#[derive(Clone, Copy, Debug)]
pub(in crate::sql) struct Target<'t> {
    pub(in crate::sql) table: &'t Table,
    pub(in crate::sql) column: &'t Column,
    /// 1-based.
    pub(in crate::sql) row: usize,
    pub(in crate::sql) rules: Rules,
    pub(in crate::sql) warnings: &'t RefCell<Vec<Condition>>,
}

impl Target<'_> {
    /// 1264.
    pub(super) fn out_of_range(&self) -> Result<(), SqlError> {
        self.named(1264, "Out of range value")
    }

    /// 1265.
    pub(super) fn truncated(&self) -> Result<(), SqlError> {
        self.named(1265, "Data truncated")
    }

    /// 1406 under strict mode, else 1265.
    pub(super) fn too_long(&self) -> Result<(), SqlError> {
        if self.rules.strict { self.named(1406, "Data too long") } else { self.truncated() }
    }

    /// 1366: the value isn't one of the type.
    pub(super) fn incorrect(&self, kind: &str, value: &Value) -> Result<(), SqlError> {
        let shown = text(value).unwrap_or_else(|_| "?".to_owned());
        self.named(1366, &format!("Incorrect {kind} value: '{shown}'"))
    }

    /// A condition that names the column and the row.
    pub(super) fn named(&self, code: u16, what: &str) -> Result<(), SqlError> {
        self.raise(code, self.place(what))
    }

    /// The note that names the column: no mode makes an error of it.
    pub(super) fn note_truncated(&self) {
        self.warnings.borrow_mut().push(Condition::note(1265, self.place("Data truncated")));
    }

    pub(super) fn place(&self, what: &str) -> String {
        // MySQL's own messages are in utf8mb3.
        let what = what.replace(|character: char| u32::from(character) > 0xffff, "?");
        format!("{what} for column '{}' at row {}", self.column.name, self.row)
    }

    /// An error under strict mode, else a warning.
    pub(super) fn raise(&self, code: u16, message: String) -> Result<(), SqlError> {
        if self.rules.strict {
            return Err(SqlError::new(code, sqlstate(code), message));
        }
        self.warn(code, message);
        Ok(())
    }

    /// A warning in every mode.
    pub(super) fn warn(&self, code: u16, message: String) {
        self.warnings.borrow_mut().push(Condition::warning(code, message));
    }
}
