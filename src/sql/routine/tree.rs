//! A routine's statements as they nest, and the names that each of them sees.

use std::sync::Arc;

use crate::schema::{Column, Table};

/// The local variables in sight of a statement: inner ones hide outer ones of the same name.
#[derive(Clone, Debug, Default)]
pub struct Locals {
    /// Lower-case name and slot, innermost last.
    names: Vec<(String, usize)>,
    /// All variables of the routine; a slot is a position.
    frame: Arc<Table>,
    /// The variables are PL/pgSQL's.
    pub(in crate::sql) in_server: bool,
    /// Part of the plan cache's key: names, slots and types.
    pub(in crate::sql) digest: u128,
}

impl Locals {
    pub(super) fn new(names: Vec<(String, usize)>, frame: Arc<Table>, in_server: bool) -> Self {
        let mut digest = xxhash_rust::xxh3::Xxh3::new();
        for (name, slot) in &names {
            digest.update(name.as_bytes());
            digest.update(&slot.to_le_bytes());
            if let Some(column) = frame.columns.get(*slot) {
                digest.update(column.type_text.as_bytes());
                digest.update(column.collation.as_deref().unwrap_or_default().as_bytes());
            }
        }
        Self { names, digest: digest.digest128(), frame, in_server }
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
