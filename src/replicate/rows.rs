//! Row changes as few statements: what a group does to a table's rows is gathered ([`super::batch`]) and written as arrays.
//!
//! # Why the order is kept where it matters
//! Rows of different tables, and of one table by their keys, can be written in any order, with these exceptions, before
//! which everything that was gathered is written: rows that a cascade of PostgreSQL's own may follow, definitions and
//! statements, and a change of foreign_key_checks. In a table without a key each row is a statement by itself, behind
//! those in front of it.
//!
//! # Tables that were copied in parts
//! While a copy's window is open ([`crate::store::Window`]) the rows of its tables are each of another moment, and a change
//! may be in them already. Row images are whole, so a change is carried out as *make it so*: an INSERT or UPDATE puts its
//! image in the place of whatever its key has, a DELETE removes what is there, and counts aren't compared. Replayed from
//! before the first part was read to behind the last one, what remains of each key is the image of its last change, or,
//! if it has none, the row that was copied: in both cases what MySQL has at the window's end.
//!
//! # Foreign keys
//! MySQL checked them. Constraints are deferred to the commit, so that the rows of a cascade may come before the row that
//! they follow, as servers from 9.6 on log them; older servers don't log them at all, and there PostgreSQL's own cascade
//! does the same again. Rows that MySQL wrote without checks are written without triggers and cascades too.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::binlog::{Image, RowChange, RowsEvent, RowsKind};
use crate::schema::TableName;
use crate::target::{Array, Request};

use super::batch::{Batch, Changed};
use super::layout::{Layout, Values, unreadable};
use super::prepare::{Builder, Step};

/// Rows are looked up by their key one by one: for many of them PostgreSQL would rather read the whole table each time.
const BY_INDEX: &str = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)";
/// Tables whose layouts are kept.
const LAYOUTS: usize = 512;
/// Rows and bytes in one statement.
const RUN_ROWS: u64 = 2_000;
const RUN_BYTES: usize = 1 << 20;

/// What is done to a run's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Insert,
    /// Inserts, or makes the row that is there equal.
    Put,
    /// Deletes those that are there.
    Remove,
    /// Sets these columns.
    Update(Vec<usize>),
    Delete,
}

/// Rows that are written together.
#[derive(Debug)]
pub(super) struct Run {
    layout: Arc<Layout>,
    action: Action,
    arrays: Vec<Array>,
    types: Vec<u32>,
    rows: u64,
    bytes: usize,
    /// Keys of rows that are put.
    keys: HashSet<Vec<u8>>,
}

/// A statement that writes a known number of rows.
#[derive(Clone, Debug)]
pub(super) struct RowsStep {
    pub(super) table: TableName,
    sql: String,
    types: Vec<u32>,
    values: Vec<Option<Bytes>>,
    pub(super) rows: u64,
    /// PostgreSQL must change as many rows.
    counted: bool,
}

impl RowsStep {
    pub(super) fn request(&self) -> Request<'_> {
        Request { sql: &self.sql, types: &self.types, parameters: &self.values, binary: true }
    }

    /// Compares what PostgreSQL did with what the log says.
    pub(super) fn check(&self, affected: u64) -> Result<(), String> {
        if affected == self.rows || !self.counted {
            return Ok(());
        }
        Err(format!("rows differ: MySQL changed {} that PostgreSQL should have, and it has {affected}", self.rows))
    }
}

impl Run {
    pub(super) fn new(layout: &Arc<Layout>, action: Action) -> Self {
        let places: Vec<usize> = match &action {
            Action::Insert | Action::Put => layout.every.clone(),
            Action::Update(changed) => changed.iter().chain(&layout.key).copied().collect(),
            Action::Delete | Action::Remove => layout.key.clone(),
        };
        Self {
            arrays: places.iter().map(|place| Array::new(layout.element(*place))).collect(),
            types: places.iter().map(|place| layout.array(*place)).collect(),
            layout: Arc::clone(layout),
            action,
            rows: 0,
            bytes: 0,
            keys: HashSet::new(),
        }
    }

    /// Whether the next row belongs into another statement.
    pub(super) const fn is_full(&self) -> bool {
        self.rows >= RUN_ROWS || self.bytes >= RUN_BYTES
    }

    pub(super) fn push<'v>(&mut self, values: impl Iterator<Item = &'v Option<Bytes>>) {
        for (array, value) in self.arrays.iter_mut().zip(values) {
            self.bytes += 4 + value.as_ref().map_or(0, Bytes::len);
            array.push(value.as_deref());
        }
        self.rows += 1;
    }

    pub(super) fn finish(self) -> RowsStep {
        let sql = match &self.action {
            Action::Insert => self.layout.insert(),
            Action::Put => self.layout.put(),
            Action::Update(changed) => self.layout.update(changed),
            Action::Delete | Action::Remove => self.layout.delete(),
        };
        // Which rows were copied before, and which after, isn't known.
        let counted = !matches!(self.action, Action::Put | Action::Remove);
        let values = self.arrays.into_iter().map(|array| Some(array.finish())).collect();
        RowsStep { table: self.layout.table.name.clone(), sql, types: self.types, values, rows: self.rows, counted }
    }
}

impl Builder<'_> {
    /// Rows of one table.
    pub(super) fn rows(&mut self, event: &RowsEvent) {
        let Some(layout) = self.layout(event) else { return };
        let rows = match event.rows() {
            Ok(rows) => rows,
            Err(error) => return self.halt_rows(&layout.table.name, &unreadable(&error)),
        };
        if rows.is_empty() {
            return;
        }
        self.defer_constraints();
        if self.foreign_key_checks == event.unchecked {
            self.flush_rows();
        }
        self.foreign_key_checks(!event.unchecked);
        for row in &rows {
            self.statements += 1;
            layout.note(row, &mut self.touched);
            if let Err(reason) = self.row(&layout, event.kind, row) {
                return self.halt_rows(&layout.table.name, &reason);
            }
        }
    }

    /// The layout of a followed table; `None` when its rows are left out.
    fn layout(&mut self, event: &RowsEvent) -> Option<Arc<Layout>> {
        let name = &event.map.table;
        let same = |known: &&Arc<Layout>| {
            let present = self.catalogue.base_table(&known.table.name.database, &known.table.name.table);
            Arc::ptr_eq(&known.map, &event.map) && present.is_some_and(|present| Arc::ptr_eq(present, &known.table))
        };
        let known = self.layouts.iter().find(same).map(Arc::clone);
        let table = match &known {
            Some(layout) => Arc::clone(&layout.table),
            None => {
                self.catalogue.database(&name.database)?;
                match self.catalogue.base_table(&name.database, &name.table) {
                    Some(table) => Arc::clone(table),
                    None => {
                        self.halt_rows(name, "rows came for a table that isn't known");
                        return None;
                    }
                }
            }
        };
        if self.state.halted.contains_key(&table.name) {
            return None;
        }
        if known.is_some() {
            return known;
        }
        match Layout::new(&event.map, &table, &self.catalogue) {
            Ok(layout) => {
                let layout = Arc::new(layout);
                // Those of tables that aren't written any more are forgotten with the others.
                if self.layouts.len() >= LAYOUTS {
                    self.layouts.clear();
                }
                self.layouts.push(Arc::clone(&layout));
                Some(layout)
            }
            Err(reason) => {
                self.halt_rows(&table.name, &reason);
                None
            }
        }
    }

    fn row(&mut self, layout: &Arc<Layout>, kind: RowsKind, row: &RowChange<'_>) -> Result<(), String> {
        if self.is_converging(std::slice::from_ref(&layout.table.name)) {
            let before = row.before.as_ref().map(|image| layout.values(&layout.every, image, None)).transpose()?;
            let after = row.after.as_ref().map(|image| layout.values(&layout.every, image, row.before.as_ref()));
            return self.converge(layout, before.as_ref(), after.transpose()?.as_ref());
        }
        match (kind, &row.before, &row.after) {
            (RowsKind::Insert, _, Some(after)) => {
                self.batch(layout).insert(layout.values(&layout.every, after, None)?)
            }
            (RowsKind::Delete, Some(before), _) if layout.key.is_empty() => {
                let before = layout.values(&layout.every, before, None)?;
                self.single(layout, layout.delete_same(), &[], (&[], &before));
                Ok(())
            }
            (RowsKind::Delete, Some(before), _) => {
                let key = layout.values(&layout.key, before, None)?;
                if layout.cascades {
                    self.in_order(layout, Action::Delete, key.iter());
                    return Ok(());
                }
                self.batch(layout).delete(key)
            }
            (RowsKind::Update, Some(before), Some(after)) => self.update(layout, before, after),
            (_, _, _) => Err("a row without its image".to_owned()),
        }
    }

    /// A change of a row that may be there already, or not any more: whatever comes last of its key remains, the last
    /// change in the log or the copied row that is behind all of them. A key that changes is given up before the new one
    /// is taken, each in a statement by itself, since two keys may be different bytes and yet equal.
    fn converge(
        &mut self,
        layout: &Arc<Layout>,
        before: Option<&Values>,
        after: Option<&Values>,
    ) -> Result<(), String> {
        if layout.key.is_empty() {
            return Err("a table without a key was copied in parts".to_owned());
        }
        let key_of = |values: &Values| layout.key_bytes(values);
        let moves = match (before, after) {
            (Some(before), Some(after)) => key_of(before) != key_of(after),
            (Some(_), None) => true,
            (None, Some(_) | None) => false,
        };
        let alone = moves && after.is_some();
        if let Some(before) = before.filter(|_| moves) {
            if alone {
                self.flush_rows();
            }
            self.run(layout, Action::Remove).push(layout.key.iter().filter_map(|place| before.get(*place)));
        }
        if let Some(after) = after {
            let key = key_of(after);
            let twice = self.run.as_ref().is_some_and(|run| run.keys.contains(&key));
            if alone || twice {
                self.flush_rows();
            }
            let run = self.run(layout, Action::Put);
            run.push(after.iter());
            run.keys.insert(key);
            if alone {
                self.flush_rows();
            }
        }
        Ok(())
    }

    /// The run that takes the next row whose place among the others matters; one that can't is ended.
    fn run(&mut self, layout: &Arc<Layout>, action: Action) -> &mut Run {
        let fits = |run: &Run| Arc::ptr_eq(&run.layout, layout) && run.action == action && !run.is_full();
        if !self.batches.is_empty() || !self.run.as_ref().is_some_and(fits) {
            self.flush_rows();
        }
        self.run.get_or_insert_with(|| Run::new(layout, action))
    }

    fn update(&mut self, layout: &Arc<Layout>, before: &Image<'_>, after: &Image<'_>) -> Result<(), String> {
        let changed = layout.changed(before, after);
        if layout.key.is_empty() {
            let old = layout.values(&layout.every, before, None)?;
            let new = layout.values(&layout.every, after, Some(before))?;
            self.single(layout, layout.update_same(&changed), &changed, (&new, &old));
            return Ok(());
        }
        let key = layout.values(&layout.key, before, None)?;
        if !layout.touches_unique(&changed) {
            let values = layout.values(&changed, after, Some(before))?;
            let changed: Changed = changed.into_iter().zip(values).collect();
            return self.batch(layout).update(key, changed);
        }
        if layout.cascades {
            let values = layout.values(&changed, after, Some(before))?;
            self.in_order(layout, Action::Update(changed), values.iter().chain(&key));
            return Ok(());
        }
        let values = layout.values(&layout.every, after, Some(before))?;
        let batch = self.batch(layout);
        batch.delete(key)?;
        batch.insert(values)
    }

    /// What is gathered of the layout's table.
    fn batch(&mut self, layout: &Arc<Layout>) -> &mut Batch {
        let found = self.batches.iter().position(|batch| batch.layout.table.name == layout.table.name);
        let at = match found {
            Some(at) if Arc::ptr_eq(&self.batches[at].layout, layout) => at,
            Some(at) => {
                // Its rows are packed otherwise from here on.
                self.flush_run();
                let before = std::mem::replace(&mut self.batches[at], Batch::new(layout));
                self.steps.extend(before.finish().into_iter().map(Step::Rows));
                at
            }
            None => {
                self.batches.push(Batch::new(layout));
                self.batches.len() - 1
            }
        };
        &mut self.batches[at]
    }

    /// A row that others may follow: what was gathered comes before it.
    fn in_order<'v>(&mut self, layout: &Arc<Layout>, action: Action, values: impl Iterator<Item = &'v Option<Bytes>>) {
        if matches!(action, Action::Update(_)) {
            self.flush_rows();
        }
        self.run(layout, action).push(values);
    }

    /// A statement for one row of a table without a key.
    fn single(
        &mut self,
        layout: &Layout,
        sql: String,
        changed: &[usize],
        (new, old): (&[Option<Bytes>], &[Option<Bytes>]),
    ) {
        self.flush_run();
        if let Some(at) = self.batches.iter().position(|batch| batch.layout.table.name == layout.table.name) {
            let before = self.batches.swap_remove(at);
            self.steps.extend(before.finish().into_iter().map(Step::Rows));
        }
        let types = changed.iter().chain(&layout.every).map(|place| layout.element(*place)).collect();
        let values = changed.iter().filter_map(|place| new.get(*place)).chain(old).cloned().collect();
        let table = layout.table.name.clone();
        self.steps.push(Step::Rows(RowsStep { table, sql, types, values, rows: 1, counted: true }));
    }

    /// Writes everything that was gathered: whatever comes next comes after it.
    pub(super) fn flush_rows(&mut self) {
        self.flush_run();
        let batches = std::mem::take(&mut self.batches);
        self.steps.extend(batches.into_iter().flat_map(Batch::finish).map(Step::Rows));
    }

    fn flush_run(&mut self) {
        self.steps.extend(self.run.take().map(|run| Step::Rows(run.finish())));
    }

    fn halt_rows(&mut self, table: &TableName, reason: &str) {
        self.flush_rows();
        self.halt_all(std::slice::from_ref(table), reason);
    }

    fn defer_constraints(&mut self) {
        if !self.deferred {
            self.deferred = true;
            self.steps.push(Step::Setting(Cow::Borrowed("SET CONSTRAINTS ALL DEFERRED")));
            self.steps.push(Step::Setting(Cow::Borrowed(BY_INDEX)));
        }
    }
}
