//! Which statements the server has prepared for one connection: bounded, least recently used first out.

use std::collections::HashMap;
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Statements kept on the server for one connection.
pub(super) const STATEMENT_LIMIT: usize = 250;
/// Texts longer than this are executed without being kept: they hardly ever come again.
pub(super) const TEXT_LIMIT: usize = 32 * 1024;

/// One statement on the server.
#[derive(Debug)]
struct Entry {
    number: u64,
    name: Box<str>,
    sql: Box<str>,
    types: Box<[u32]>,
    last_used: u64,
    /// False from Parse until ParseComplete.
    ready: bool,
    columns: Arc<[u32]>,
}

/// The statements of one connection by a digest of their text and types.
#[derive(Debug, Default)]
pub(super) struct Statements {
    entries: HashMap<u64, Entry>,
    clock: u64,
    next: u64,
    /// How many are on their way.
    unready: usize,
}

/// What must be done to use a statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It is there, or on its way earlier in the same pipeline.
    Known { key: u64, number: u64 },
    /// Parse it under this name; `evicted` must be closed first.
    New { key: u64, number: u64, evicted: Option<u64> },
    /// Parse it without a name.
    Unnamed,
}

impl Statements {
    /// Looks `sql` up and makes room for it.
    pub(super) fn find(&mut self, sql: &str, types: &[u32]) -> Use {
        if sql.len() > TEXT_LIMIT {
            return Use::Unnamed;
        }
        self.clock += 1;
        let key = digest(sql, types);
        if let Some(entry) = self.entries.get_mut(&key) {
            if &*entry.sql != sql || &*entry.types != types {
                return Use::Unnamed;
            }
            entry.last_used = self.clock;
            return Use::Known { key, number: entry.number };
        }
        let evicted = if self.entries.len() >= STATEMENT_LIMIT { self.evict() } else { None };
        if self.entries.len() >= STATEMENT_LIMIT {
            return Use::Unnamed;
        }
        let number = self.next;
        self.next += 1;
        let entry = Entry {
            number,
            name: name(number).into(),
            sql: sql.into(),
            types: types.into(),
            last_used: self.clock,
            ready: false,
            columns: Arc::from([]),
        };
        self.entries.insert(key, entry);
        self.unready += 1;
        Use::New { key, number, evicted }
    }

    /// ParseComplete arrived.
    pub(super) fn parsed(&mut self, key: u64) {
        // It may be followed by an error: `settle` counts anew.
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.ready = true;
        }
    }

    /// The columns that the server described.
    pub(super) fn described(&mut self, key: u64, columns: &Arc<[u32]>) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.columns = Arc::clone(columns);
        }
    }

    /// The name of a statement that was found.
    pub(super) fn name(&self, key: u64) -> &str {
        self.entries.get(&key).map_or("", |entry| &entry.name)
    }

    /// The columns of a known statement.
    pub(super) fn columns(&self, key: u64) -> Arc<[u32]> {
        self.entries.get(&key).map_or_else(|| Arc::from([]), |entry| Arc::clone(&entry.columns))
    }

    /// A pipeline ended: what was never parsed isn't on the server.
    pub(super) fn settle(&mut self) {
        if self.unready > 0 {
            self.unready = 0;
            self.entries.retain(|_, entry| entry.ready);
        }
    }

    /// Forgets one statement and gives the number under which the server still has it.
    pub(super) fn forget(&mut self, key: u64) -> Option<u64> {
        self.entries.remove(&key).map(|entry| entry.number)
    }

    /// Takes out the least recently used statement that isn't part of the pipeline being built.
    fn evict(&mut self) -> Option<u64> {
        let oldest = self.entries.iter().filter(|(_, entry)| entry.ready).min_by_key(|(_, entry)| entry.last_used)?;
        let key = *oldest.0;
        self.forget(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The name of a statement on the server.
pub(super) fn name(number: u64) -> String {
    format!("b{number}")
}

fn digest(sql: &str, types: &[u32]) -> u64 {
    types.iter().fold(xxh3_64(sql.as_bytes()), |digest, oid| xxh3_64_with_seed(&oid.to_le_bytes(), digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_statement_leaves_first() {
        let mut statements = Statements::default();
        for n in 0..STATEMENT_LIMIT {
            let Use::New { key, evicted: None, .. } = statements.find(&format!("select {n}"), &[]) else {
                panic!("statement {n} must be new");
            };
            statements.parsed(key);
        }
        assert!(matches!(statements.find("select 0", &[]), Use::Known { number: 0, .. }));
        let Use::New { evicted, .. } = statements.find("select 'one more'", &[23]) else { panic!("new") };
        assert_eq!(evicted, Some(1));
        assert_eq!(statements.len(), STATEMENT_LIMIT);
    }

    #[test]
    fn a_statement_whose_parse_failed_is_forgotten() {
        let mut statements = Statements::default();
        assert!(matches!(statements.find("select x", &[]), Use::New { number: 0, .. }));
        assert!(matches!(statements.find("select x", &[]), Use::Known { number: 0, .. }));
        statements.settle();
        assert!(matches!(statements.find("select x", &[]), Use::New { number: 1, .. }));
    }

    #[test]
    fn other_parameter_types_make_another_statement() {
        let mut statements = Statements::default();
        assert!(matches!(statements.find("select $1", &[23]), Use::New { number: 0, .. }));
        assert!(matches!(statements.find("select $1", &[25]), Use::New { number: 1, .. }));
    }
}
