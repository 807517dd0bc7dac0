//! A routine's statements as they nest, and the names that each of them sees.

use std::sync::Arc;

use super::parse::fail;
use crate::schema::{Column, Table};
use crate::sql::plan::SqlError;

/// The local variables in sight of a statement: inner ones hide outer ones of the same name.
#[derive(Clone, Debug, Default)]
pub struct Locals {
    /// Lower-case name and slot, innermost last.
    names: Vec<(String, usize)>,
    /// All variables of the routine; a slot is a position.
    frame: Arc<Table>,
    /// The variables are PL/pgSQL's.
    pub(in crate::sql) in_server: bool,
    /// The first slots are the columns of a trigger's rows.
    rows: Arc<[RowColumn]>,
    /// Part of the plan cache's key: names, slots and types.
    pub(in crate::sql) digest: u128,
}

/// A column of OLD or NEW.
#[derive(Clone, Debug)]
pub(super) struct RowColumn {
    /// How PL/pgSQL names it.
    pub(super) sql: String,
    /// Why it can't be read at the trigger's time.
    pub(super) unread: Option<&'static str>,
}

impl Locals {
    pub(super) fn new(names: Vec<(String, usize)>, frame: Arc<Table>, in_server: bool, rows: Arc<[RowColumn]>) -> Self {
        let mut digest = xxhash_rust::xxh3::Xxh3::new();
        for (name, slot) in &names {
            digest.update(name.as_bytes());
            digest.update(&slot.to_le_bytes());
            if let Some(column) = frame.columns.get(*slot) {
                digest.update(column.type_text.as_bytes());
                digest.update(column.collation.as_deref().unwrap_or_default().as_bytes());
            }
        }
        Self { names, digest: digest.digest128(), frame, in_server, rows }
    }

    /// The slot of a variable.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<usize> {
        self.names
            .iter()
            .rev()
            .find(|(known, _)| known.eq_ignore_ascii_case(name) || *known == name.to_lowercase())
            .map(|(_, slot)| *slot)
    }

    /// How PL/pgSQL names the variable in a slot; an error for a column that the trigger can't read.
    pub(in crate::sql) fn in_server_name(&self, slot: usize) -> Result<String, SqlError> {
        match self.rows.get(slot) {
            Some(RowColumn { sql, unread: None }) => Ok(sql.clone()),
            Some(RowColumn { sql, unread: Some(reason) }) => {
                Err(SqlError::unsupported(format_args!("a trigger that reads {sql}, {reason}")))
            }
            None => Ok(format!("_v{slot}")),
        }
    }

    /// True for a column of OLD or NEW.
    pub(super) fn is_row_column(&self, slot: usize) -> bool {
        slot < self.rows.len()
    }

    /// What PL/pgSQL assigns to for a slot.
    pub(super) fn in_server_place(&self, slot: usize) -> String {
        self.rows.get(slot).map_or_else(|| format!("_v{slot}"), |row| row.sql.clone())
    }

    /// The column of OLD or NEW that a name of two parts is; an error for one that isn't there.
    pub(in crate::sql) fn row_column(&self, row: &str, column: &str) -> Result<Option<(usize, &Column)>, SqlError> {
        let row = row.to_ascii_uppercase();
        if self.rows.is_empty() || !["OLD", "NEW"].contains(&row.as_str()) {
            return Ok(None);
        }
        if let Some(found) = self.variable(&row_name(&row, column)) {
            return Ok(Some(found));
        }
        let prefix = format!("{}.", row.to_lowercase());
        if self.names.iter().any(|(name, _)| name.starts_with(&prefix)) {
            return Err(fail(1054, format!("Unknown column '{column}' in '{row}'")));
        }
        let event = if row == "OLD" { "INSERT" } else { "DELETE" };
        Err(fail(1363, format!("There is no {row} row in on {event} trigger")))
    }

    /// The name of the variable in a slot.
    #[must_use]
    pub fn name(&self, slot: usize) -> Option<&str> {
        self.frame.columns.get(slot).map(|column| column.name.as_str())
    }

    /// A variable by its name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<(usize, &Column)> {
        let slot = self.slot(name)?;
        Some((slot, self.frame.columns.get(slot)?))
    }
}

/// The name under which a column of OLD or NEW is in sight: no variable has one like it.
pub(super) fn row_name(row: &str, column: &str) -> String {
    format!("{}.{}", row.to_lowercase(), column.to_lowercase())
}

/// A piece of the routine's text with the names that it may use.
#[derive(Clone, Debug)]
pub struct Fragment {
    pub text: Arc<str>,
    pub locals: Arc<Locals>,
}

/// What a handler is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Code(u16),
    State(String),
    Warning,
    NotFound,
    Exception,
}

/// DECLARE … HANDLER.
#[derive(Clone, Debug)]
pub(super) struct Handler {
    pub(super) exits: bool,
    pub(super) conditions: Vec<Condition>,
    pub(super) action: Box<Node>,
}

/// BEGIN … END.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    pub(super) label: Option<String>,
    /// Slots with the value that each begins with; `None` is NULL.
    pub(super) variables: Vec<(usize, Option<Fragment>)>,
    /// Numbers of the cursors with their queries.
    pub(super) cursors: Vec<(usize, Fragment)>,
    pub(super) handlers: Vec<Handler>,
    pub(super) body: Vec<Node>,
}

/// What RESIGNAL and SIGNAL raise.
#[derive(Clone, Debug)]
pub struct Raise {
    /// `None` is RESIGNAL without a condition.
    pub state: Option<String>,
    /// Set for a named condition that stands for an error number: it can't be signalled.
    pub items: Vec<(SignalItem, Fragment)>,
    pub again: bool,
}

/// What SIGNAL sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalItem {
    Message,
    Errno,
    /// CLASS_ORIGIN and the like, which only GET DIAGNOSTICS shows.
    Name,
}

/// Where a value goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Local(usize),
    /// `@name`, in lower case.
    User(String),
}

/// GET DIAGNOSTICS.
#[derive(Clone, Debug)]
pub struct Inquiry {
    pub stacked: bool,
    pub condition: Option<Fragment>,
    pub items: Vec<(Place, crate::sql::plan::DiagnosticsItem)>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Block(Block),
    Set(usize, Fragment),
    /// IF and CASE: an expression that gives the number of the branch, and the branches.
    Choose {
        selector: Fragment,
        branches: Vec<Vec<Node>>,
        otherwise: Option<Vec<Node>>,
        must_match: bool,
    },
    /// LOOP, WHILE and REPEAT.
    Loop {
        label: Option<String>,
        before: Option<Fragment>,
        body: Vec<Node>,
        until: Option<Fragment>,
    },
    Leave(String),
    Iterate(String),
    Return(Fragment),
    Open(usize),
    Fetch(usize, Vec<usize>),
    Close(usize),
    Raise(Raise),
    Inquire(Inquiry),
    Sql(Fragment),
}
