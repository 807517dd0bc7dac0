//! A session's prepared statements, as MySQL holds them.
//!
//! What is asked after each command, whether a cursor is open or data waits, is counted while it changes: an
//! application may hold thousands of statements.

use std::collections::BTreeMap;
use std::collections::btree_map::IntoIter;

use super::request::Statement;
use crate::wire::command::LONG_DATA_HEAD;
use crate::wire::execute::{self, Known, ParameterType};

/// A prepared statement of the client.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    pub(super) parameters: u16,
    /// As an execution bound them last: later ones may leave them out.
    pub(super) types: Vec<ParameterType>,
    cursor_open: bool,
    /// Data of COM_STMT_SEND_LONG_DATA that waits on MySQL for the next execution.
    pub(super) long_data: Option<LongData>,
}

impl Prepared {
    pub(super) const fn new(statement: Statement, parameters: u16) -> Self {
        Self { statement, parameters, types: Vec::new(), cursor_open: false, long_data: None }
    }
}

/// See the module. The ids are MySQL's.
#[derive(Debug, Default)]
pub(super) struct Statements {
    all: BTreeMap<u32, Prepared>,
    /// How many have an open cursor.
    cursors: usize,
    /// For how many data waits.
    waiting: usize,
}

impl Statements {
    pub(super) fn get(&self, id: u32) -> Option<&Prepared> {
        self.all.get(&id)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// True while any of them has an open cursor.
    pub(super) const fn has_cursor(&self) -> bool {
        self.cursors > 0
    }

    /// True while data of COM_STMT_SEND_LONG_DATA waits for an execution.
    pub(super) const fn has_waiting_data(&self) -> bool {
        self.waiting > 0
    }

    /// MySQL has prepared a statement.
    pub(super) fn insert(&mut self, id: u32, prepared: Prepared) {
        self.remove(id);
        self.all.insert(id, prepared);
    }

    /// COM_STMT_CLOSE.
    pub(super) fn remove(&mut self, id: u32) {
        if let Some(prepared) = self.all.remove(&id) {
            self.cursors -= usize::from(prepared.cursor_open);
            self.waiting -= usize::from(prepared.long_data.is_some());
        }
    }

    /// All of them are gone: COM_RESET_CONNECTION or COM_CHANGE_USER.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Notes the types that an execution binds. `payload` is the whole COM_STMT_EXECUTE or its front.
    pub(super) fn bind(&mut self, id: u32, payload: &[u8], query_attributes: bool) {
        let Some(prepared) = self.all.get_mut(&id) else { return };
        let (parameters, long_data) = (usize::from(prepared.parameters), BTreeMap::new());
        let known = Known { parameters, types: &prepared.types, long_data: &long_data, query_attributes };
        if let Ok(types) = execute::types(payload, known) {
            prepared.types = types;
        }
    }

    /// COM_STMT_SEND_LONG_DATA; see [`LongData::add`].
    pub(super) fn add_data(&mut self, id: u32, parameter: u16, payload: Option<&[u8]>, limit: usize) {
        self.change(id, |prepared| prepared.long_data.get_or_insert_default().add(parameter, payload, limit));
    }

    /// COM_STMT_RESET.
    pub(super) fn reset(&mut self, id: u32) {
        self.change(id, |prepared| (prepared.long_data, prepared.cursor_open) = (None, false));
    }

    /// An execution or a COM_STMT_FETCH was answered.
    pub(super) fn executed(&mut self, id: u32, cursor_opened: bool, last_row_sent: bool) {
        self.change(id, |prepared| {
            prepared.long_data = None;
            prepared.cursor_open = (prepared.cursor_open || cursor_opened) && !last_row_sent;
        });
    }

    fn change(&mut self, id: u32, change: impl FnOnce(&mut Prepared)) {
        let Some(prepared) = self.all.get_mut(&id) else { return };
        let before = (usize::from(prepared.cursor_open), usize::from(prepared.long_data.is_some()));
        change(prepared);
        self.cursors = self.cursors + usize::from(prepared.cursor_open) - before.0;
        self.waiting = self.waiting + usize::from(prepared.long_data.is_some()) - before.1;
    }
}

impl IntoIterator for Statements {
    type Item = (u32, Prepared);
    type IntoIter = IntoIter<u32, Prepared>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

/// Data that COM_STMT_SEND_LONG_DATA brought for the next execution.
#[derive(Debug, Default)]
pub(super) struct LongData {
    parts: BTreeMap<u16, Vec<u8>>,
    /// Some of it wasn't kept.
    cut: bool,
}

impl LongData {
    /// Adds a packet; beyond `limit` bytes nothing is kept. Without `payload` it's only known that there was one.
    fn add(&mut self, parameter: u16, payload: Option<&[u8]>, limit: usize) {
        let held: usize = self.parts.values().map(Vec::len).sum();
        match payload.and_then(|payload| payload.get(LONG_DATA_HEAD..)) {
            Some(data) if held + data.len() <= limit => {
                self.parts.entry(parameter).or_default().extend_from_slice(data)
            }
            Some(_) | None => {
                self.cut = true;
                self.parts.clear();
            }
        }
    }

    /// All of it by the parameter's number, if all was kept.
    pub(super) fn complete(&self) -> Option<&BTreeMap<u16, Vec<u8>>> {
        (!self.cut).then_some(&self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::request::{Keep, Reading, Request};
    use crate::wire::Capabilities;

    fn prepared() -> Prepared {
        let reading = Reading {
            capabilities: Capabilities::PROTOCOL_41,
            multi_statements: false,
            dialect: crate::frontend::dialect::Dialect::MySql,
        };
        let request = Request::of(b"\x16SELECT ?", true, Keep::Nothing, reading);
        Prepared::new(request.statement.expect("COM_STMT_PREPARE has a statement"), 1)
    }

    #[test]
    fn cursors_and_data_are_counted_through_every_change() {
        let mut statements = Statements::default();
        statements.insert(1, prepared());
        statements.insert(2, prepared());
        statements.executed(1, true, false);
        statements.executed(2, true, false);
        statements.executed(1, false, true);
        assert!(statements.has_cursor());
        statements.reset(2);
        assert!(!statements.has_cursor());
        statements.add_data(2, 0, None, 10);
        statements.add_data(2, 0, None, 10);
        statements.add_data(9, 0, None, 10);
        assert!(statements.has_waiting_data());
        statements.executed(2, true, false);
        assert!(statements.has_cursor() && !statements.has_waiting_data());
        statements.insert(2, prepared());
        assert!(!statements.has_cursor());
        statements.add_data(1, 0, None, 10);
        statements.remove(1);
        assert!(!statements.has_waiting_data());
        statements.executed(2, true, false);
        statements.clear();
        assert!(!statements.has_cursor());
    }
}
