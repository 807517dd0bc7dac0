//! Row changes as statements: neighbours that write the same columns of the same table travel together.
//!
//! # Why the order is kept where it matters
//! A run holds rows of one table and one kind, and ends where the source went on with something else. Within a statement
//! PostgreSQL takes rows in any order, so an update that changes a column of a unique key is a statement by itself: two
//! rows that swap their values then do it in MySQL's own steps. A row that is changed twice begins a new run, since a
//! statement sees each row once only.
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

use crate::binlog::{RowChange, RowsEvent, RowsKind};
use crate::schema::TableName;
use crate::target::{Array, Request};

use super::layout::{Layout, Values, unreadable};
use super::prepare::{Builder, Step};

/// Rows are looked up by their key one by one: for many of them PostgreSQL would rather read the whole table each time.
const BY_INDEX: &str = "SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)";
/// Rows and bytes in one statement.
const RUN_ROWS: u64 = 2_000;
const RUN_BYTES: usize = 1 << 20;

/// What is done to a run's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
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
    /// Keys of rows that are updated.
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
    fn new(layout: &Arc<Layout>, action: Action) -> Self {
        let places: Vec<usize> = match &action {
            Action::Insert | Action::Put => layout.every(),
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

    fn push<'v>(&mut self, values: impl Iterator<Item = &'v Option<Bytes>>) {
        for (array, value) in self.arrays.iter_mut().zip(values) {
            self.bytes += 4 + value.as_ref().map_or(0, Bytes::len);
            array.push(value.as_deref());
        }
        self.rows += 1;
    }

    fn finish(self) -> RowsStep {
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
        match Layout::new(&event.map, &table) {
            Ok(layout) => {
                let layout = Arc::new(layout);
                // Only those of one event's neighbours come again.
                if self.layouts.len() >= 64 {
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
        let shape = layout.shape();
        let values = |image, before| -> Result<Values, String> {
            let cells = shape.cells(image, before).map_err(|error| unreadable(&error))?;
            layout.values(&cells)
        };
        let before = row.before.as_ref().map(|image| values(image, None)).transpose()?;
        let after = row.after.as_ref().map(|image| values(image, row.before.as_ref())).transpose()?;
        if self.is_converging(std::slice::from_ref(&layout.table.name)) {
            return self.converge(layout, before.as_ref(), after.as_ref());
        }
        match (kind, before, after) {
            (RowsKind::Insert, _, Some(after)) => {
                self.run(layout, Action::Insert).push(after.iter());
                Ok(())
            }
            (RowsKind::Delete, Some(before), _) if layout.key.is_empty() => {
                let step = self.single(layout, layout.delete_same(), &[], (&[], &before));
                self.steps.push(step);
                Ok(())
            }
            (RowsKind::Delete, Some(before), _) => {
                self.run(layout, Action::Delete).push(layout.key.iter().filter_map(|place| before.get(*place)));
                Ok(())
            }
            (RowsKind::Update, Some(before), Some(after)) => {
                self.update(layout, &before, &after);
                Ok(())
            }
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

    fn update(&mut self, layout: &Arc<Layout>, before: &Values, after: &Values) {
        let mut changed = layout.every();
        changed.retain(|place| before.get(*place) != after.get(*place));
        if changed.is_empty() {
            // What changed has the same form here; the row must be there all the same.
            changed = layout.every();
        }
        if layout.key.is_empty() {
            let step = self.single(layout, layout.update_same(&changed), &changed, (after, before));
            return self.steps.push(step);
        }
        let alone = layout.touches_unique(&changed);
        let key = layout.key_bytes(before);
        let twice = self.run.as_ref().is_some_and(|run| run.keys.contains(&key));
        if alone || twice {
            self.flush_rows();
        }
        let new = changed.clone();
        let run = self.run(layout, Action::Update(changed));
        let new = new.iter().filter_map(|place| after.get(*place));
        run.push(new.chain(layout.key.iter().filter_map(|place| before.get(*place))));
        run.keys.insert(key);
        if alone {
            self.flush_rows();
        }
    }

    /// The run that takes the next row; one that can't is ended.
    fn run(&mut self, layout: &Arc<Layout>, action: Action) -> &mut Run {
        let fits = self.run.as_ref().is_some_and(|run| {
            Arc::ptr_eq(&run.layout, layout) && run.action == action && run.rows < RUN_ROWS && run.bytes < RUN_BYTES
        });
        if !fits {
            self.flush_rows();
        }
        self.run.get_or_insert_with(|| Run::new(layout, action))
    }

    /// A statement for one row of a table without a key.
    fn single(
        &mut self,
        layout: &Layout,
        sql: String,
        changed: &[usize],
        (new, old): (&[Option<Bytes>], &[Option<Bytes>]),
    ) -> Step {
        self.flush_rows();
        let every = layout.every();
        let types = changed.iter().chain(&every).map(|place| layout.element(*place)).collect();
        let values = changed.iter().filter_map(|place| new.get(*place)).chain(old).cloned().collect();
        Step::Rows(RowsStep { table: layout.table.name.clone(), sql, types, values, rows: 1, counted: true })
    }

    /// Ends the run: whatever comes next comes after its rows.
    pub(super) fn flush_rows(&mut self) {
        if let Some(run) = self.run.take() {
            self.steps.push(Step::Rows(run.finish()));
        }
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
