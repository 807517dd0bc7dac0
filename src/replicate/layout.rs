//! How a table's rows are written to PostgreSQL: which columns, by which key, in which statements. Pure.
//!
//! Rows travel as one array for each column, so a statement's text doesn't depend on how many rows it writes and is
//! prepared once. Generated columns are PostgreSQL's to compute.
//!
//! A row is found by its primary key, or by a unique key that can't be NULL. In a table without either, one row whose
//! every value is the same, byte for byte, stands for the row: MySQL can't tell them apart either.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::binlog::{BinlogError, Image, RowChange, Shape, TableMap};
use crate::schema::types::{is_character, oid, pg_type};
use crate::schema::{Catalogue, ColumnType, Key, KeyKind, Table, compared_column, quote};
use crate::target::array_of;
use crate::target::copy::encode;

use super::write_set::{Guards, WriteSet};

/// The binary values of a row's written columns, in their order.
pub(super) type Values = Vec<Option<Bytes>>;

/// One column that is written.
#[derive(Clone, Debug)]
struct Slot {
    /// Its place among the table's columns.
    index: usize,
    /// Quoted.
    name: String,
    title: String,
    column_type: ColumnType,
    element: u32,
    array: u32,
}

/// A table as the rows of one table map are written to it.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) map: Arc<TableMap>,
    pub(super) table: Arc<Table>,
    shape: Shape,
    slots: Vec<Slot>,
    /// All places.
    pub(super) every: Vec<usize>,
    /// Places among the slots; empty without a key.
    pub(super) key: Vec<usize>,
    /// Rows of other tables, or other rows of this one, may follow its rows by a foreign key.
    pub(super) cascades: bool,
    guards: Guards,
    /// Places whose values some unique key compares.
    unique: BTreeSet<usize>,
}

impl Layout {
    /// Refuses, in words for the operator, what doesn't fit.
    pub(super) fn new(map: &Arc<TableMap>, table: &Arc<Table>, catalogue: &Catalogue) -> Result<Self, String> {
        let shape = Shape::new(map, table).map_err(|error| error.to_string())?;
        let mut slots = Vec::new();
        for (index, column) in table.columns.iter().enumerate().filter(|(_, column)| column.generated.is_none()) {
            let element = pg_type(&column.column_type).map(|pg| pg.oid);
            let Some((element, array)) = element.and_then(|element| Some((element, array_of(element)?))) else {
                return Err(format!("column {} has a type that isn't carried", column.name));
            };
            let (name, column_type) = (quote::identifier(&column.name), column.column_type.clone());
            slots.push(Slot { index, name, title: column.name.clone(), column_type, element, array });
        }
        let place =
            |name: &str| slots.iter().position(|slot| table.columns[slot.index].name.eq_ignore_ascii_case(name));
        let is_unique = |key: &&Key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
        let key =
            table.row_key().map(|key| key.parts.iter().filter_map(|part| place(part.column.as_deref()?)).collect());
        let named = table.keys.iter().filter(is_unique).flat_map(|key| &key.parts);
        let mut unique: BTreeSet<usize> = named.filter_map(|part| place(part.column.as_deref()?)).collect();
        // A functional or generated part may depend on any column.
        let hidden =
            |key: &Key| key.parts.iter().any(|part| part.column.as_deref().is_none_or(|name| place(name).is_none()));
        if table.keys.iter().filter(is_unique).any(hidden) {
            unique.extend(0..slots.len());
        }
        let guards = Guards::new(table, catalogue);
        let guards = if key.is_some() { guards } else { guards.without_key(table) };
        Ok(Self {
            map: Arc::clone(map),
            table: Arc::clone(table),
            shape,
            every: (0..slots.len()).collect(),
            key: key.unwrap_or_default(),
            cascades: catalogue.cascades_from(&table.name),
            guards,
            unique,
            slots,
        })
    }

    /// The values at some places of an image, as PostgreSQL takes them. They share their memory.
    pub(super) fn values(
        &self,
        places: &[usize],
        image: &Image<'_>,
        before: Option<&Image<'_>>,
    ) -> Result<Values, String> {
        let mut out = BytesMut::new();
        let mut ends = Vec::with_capacity(places.len());
        for slot in places.iter().filter_map(|place| self.slots.get(*place)) {
            let cell = self.shape.cell(slot.index, image, before).map_err(|error| unreadable(&error))?;
            let null = cell.is_none();
            if let Some(cell) = cell {
                encode(&slot.column_type, &cell, &mut out)
                    .map_err(|reason| format!("column {} holds {reason}, which PostgreSQL can't store", slot.title))?;
            }
            ends.push((null, out.len()));
        }
        let bytes = out.freeze();
        let mut begin = 0;
        let value = |(null, end): (bool, usize)| {
            let value = bytes.slice(begin..end);
            begin = end;
            (!null).then_some(value)
        };
        Ok(ends.into_iter().map(value).collect())
    }

    /// Notes what a row touches.
    pub(super) fn note(&self, row: &RowChange<'_>, set: &mut WriteSet) {
        self.guards.note(&self.shape, (row.before.as_ref(), row.after.as_ref()), set);
    }

    /// The places whose values an update changed.
    pub(super) fn changed(&self, before: &Image<'_>, after: &Image<'_>) -> Vec<usize> {
        let mut changed: Vec<usize> = self.every.clone();
        changed.retain(|place| self.slots.get(*place).is_some_and(|slot| !after.has_same(before, slot.index)));
        if changed.is_empty() {
            // Nothing that is written changed; the row must be there all the same.
            let harmless = self.every.iter().copied().find(|place| !self.unique.contains(place));
            return harmless.map_or_else(|| self.every.clone(), |place| vec![place]);
        }
        changed
    }

    /// Whether changing these columns could make a row meet another one on the way.
    pub(super) fn touches_unique(&self, changed: &[usize]) -> bool {
        changed.iter().any(|place| self.unique.contains(place))
    }

    pub(super) fn element(&self, place: usize) -> u32 {
        self.slots.get(place).map_or(0, |slot| slot.element)
    }

    pub(super) fn array(&self, place: usize) -> u32 {
        self.slots.get(place).map_or(0, |slot| slot.array)
    }

    fn names(&self, places: &[usize]) -> impl Iterator<Item = &str> {
        places.iter().filter_map(|place| self.slots.get(*place)).map(|slot| slot.name.as_str())
    }

    fn target(&self) -> String {
        quote::table(&self.table.name)
    }

    /// INSERT of rows given as arrays of all columns.
    pub(super) fn insert(&self) -> String {
        let names: Vec<&str> = self.names(&self.every).collect();
        let (target, columns) = (self.target(), names.join(", "));
        format!("INSERT INTO {target} ({columns}) SELECT * FROM unnest({})", parameters(1, names.len()))
    }

    /// The same, in the place of rows that have the key.
    pub(super) fn put(&self) -> String {
        let set: Vec<String> = self.names(&self.every).map(|name| format!("{name} = excluded.{name}")).collect();
        let key: Vec<&str> = self.names(&self.key).collect();
        format!("{} ON CONFLICT ({}) DO UPDATE SET {}", self.insert(), key.join(", "), set.join(", "))
    }

    /// The bytes of a row's key, each with its length in front.
    pub(super) fn key_bytes(&self, values: &[Option<Bytes>]) -> Vec<u8> {
        let mut key = Vec::new();
        for value in self.key.iter().filter_map(|place| values.get(*place)) {
            key.extend(u32::try_from(value.as_ref().map_or(0, Bytes::len)).unwrap_or(u32::MAX).to_le_bytes());
            key.extend_from_slice(value.as_deref().unwrap_or_default());
        }
        key
    }

    /// UPDATE of some columns by key: arrays of the new values, then of the old key.
    pub(super) fn update(&self, changed: &[usize]) -> String {
        let set: Vec<String> = self.names(changed).enumerate().map(|(at, name)| format!("{name} = v.n{at}")).collect();
        let aliases: Vec<String> = (0..changed.len()).map(|at| format!("n{at}")).collect();
        self.by_key(&format!("UPDATE {} AS t SET {} FROM", self.target(), set.join(", ")), aliases)
    }

    /// DELETE by key: arrays of the key.
    pub(super) fn delete(&self) -> String {
        self.by_key(&format!("DELETE FROM {} AS t USING", self.target()), Vec::new())
    }

    fn by_key(&self, head: &str, mut aliases: Vec<String>) -> String {
        // Compared as the key's index compares, or it wouldn't be used.
        let compared = |slot: &Slot, value: String| match self.table.columns.get(slot.index) {
            Some(column) => compared_column(&self.table, column, &value),
            None => value,
        };
        let slots = self.key.iter().filter_map(|place| self.slots.get(*place)).enumerate();
        let conditions: Vec<String> = slots
            .map(|(at, slot)| {
                format!("{} = {}", compared(slot, format!("t.{}", slot.name)), compared(slot, format!("v.k{at}")))
            })
            .collect();
        aliases.extend((0..self.key.len()).map(|at| format!("k{at}")));
        let (unnested, condition) = (parameters(1, aliases.len()), conditions.join(" AND "));
        format!("{head} unnest({unnested}) AS v({}) WHERE {condition}", aliases.join(", "))
    }

    /// DELETE of one row that has all these values.
    pub(super) fn delete_same(&self) -> String {
        format!("DELETE FROM {} WHERE ctid = {}", self.target(), self.same(1))
    }

    /// UPDATE of one row that has all these values: the new values of some columns come first.
    pub(super) fn update_same(&self, changed: &[usize]) -> String {
        let set: Vec<String> =
            self.names(changed).enumerate().map(|(at, name)| format!("{name} = ${}", at + 1)).collect();
        format!("UPDATE {} SET {} WHERE ctid = {}", self.target(), set.join(", "), self.same(changed.len() + 1))
    }

    fn same(&self, first: usize) -> String {
        let conditions: Vec<String> = self
            .slots
            .iter()
            .enumerate()
            .map(|(at, slot)| {
                let (name, number) = (&slot.name, first + at);
                if is_character(&slot.column_type) {
                    format!("{name} COLLATE \"C\" IS NOT DISTINCT FROM ${number}")
                } else if matches!(slot.element, oid::REAL | oid::DOUBLE | oid::JSONB) {
                    // Their equality takes different values for the same: -0 and 0, 1 and 1.0.
                    format!("{name}::text IS NOT DISTINCT FROM ${number}::text")
                } else {
                    format!("{name} IS NOT DISTINCT FROM ${number}")
                }
            })
            .collect();
        format!("(SELECT ctid FROM {} WHERE {} LIMIT 1)", self.target(), conditions.join(" AND "))
    }
}

/// `$first, …` so many of them.
fn parameters(first: usize, count: usize) -> String {
    let numbers: Vec<String> = (first..first + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// The reason why rows can't be read, for the operator.
pub(super) fn unreadable(error: &BinlogError) -> String {
    error.to_string()
}
