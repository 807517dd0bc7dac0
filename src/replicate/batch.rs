//! What a group of transactions does to the rows of one table, all in all.
//!
//! # Why this leaves the same rows
//! A row is known by its key, as it stood in front of the group or as it was inserted. What happens to it one after the
//! other comes to one of five ends: nothing, a new row, new values, gone, or gone and there again. They're carried out in
//! the order deletes, updates, inserts.
//!
//! No unique key is violated on the way, though others may be freed and taken by the group in any order: an update here
//! never changes a column of a unique key (such a change is told as a delete and an insert), so after the deletes each
//! row that is there has the unique values that it has in the end, and the inserts add rows with theirs. In the end they
//! are what MySQL has, where they don't collide. This holds for swaps, for chains, and for values that the key's
//! collation takes for the same.
//!
//! Foreign keys are checked at the commit. Where PostgreSQL's own cascade may have to follow a row, order matters, and
//! [`super::rows`] keeps it.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::layout::{Layout, Values};
use super::rows::{Action, RowsStep, Run};

/// The new values of some columns, by their places, in ascending order.
pub(super) type Changed = Vec<(usize, Option<Bytes>)>;

/// A table's rows that a group changes.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) layout: Arc<Layout>,
    rows: Vec<Row>,
    /// Where a row is among them, by its key.
    places: HashMap<Vec<u8>, usize>,
    bytes: usize,
}

#[derive(Debug)]
struct Row {
    /// The key in front of the group; of a new row the key that it gets.
    key: Values,
    end: End,
}

/// What becomes of a row.
#[derive(Debug)]
enum End {
    /// It came and went.
    Nothing,
    Inserted(Values),
    Updated(Changed),
    Deleted,
    /// Gone, and there again.
    Replaced(Values),
}

impl Batch {
    pub(super) fn new(layout: &Arc<Layout>) -> Self {
        Self { layout: Arc::clone(layout), rows: Vec::new(), places: HashMap::new(), bytes: 0 }
    }

    /// Bytes of values, roughly.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// A new row; `values` are those of all written columns.
    pub(super) fn insert(&mut self, values: Values) -> Result<(), String> {
        self.bytes += weight(&values);
        let key: Values = self.layout.key.iter().filter_map(|place| values.get(*place).cloned()).collect();
        if key.is_empty() {
            self.rows.push(Row { key, end: End::Inserted(values) });
            return Ok(());
        }
        let Some(row) = self.find(&key) else {
            self.add(key, End::Inserted(values));
            return Ok(());
        };
        row.end = match row.end {
            End::Nothing => End::Inserted(values),
            End::Deleted => End::Replaced(values),
            End::Inserted(_) | End::Updated(_) | End::Replaced(_) => return Err(twice("inserts", "there already")),
        };
        Ok(())
    }

    /// New values of columns that no unique key has.
    pub(super) fn update(&mut self, key: Values, changed: Changed) -> Result<(), String> {
        self.bytes += changed.iter().map(|(_, value)| 4 + value.as_ref().map_or(0, Bytes::len)).sum::<usize>();
        let Some(row) = self.find(&key) else {
            self.bytes += weight(&key);
            self.add(key, End::Updated(changed));
            return Ok(());
        };
        match &mut row.end {
            End::Inserted(values) | End::Replaced(values) => {
                for (place, value) in changed {
                    if let Some(old) = values.get_mut(place) {
                        *old = value;
                    }
                }
            }
            End::Updated(before) => {
                for (place, value) in changed {
                    match before.binary_search_by_key(&place, |(place, _)| *place) {
                        Ok(at) => before[at].1 = value,
                        Err(at) => before.insert(at, (place, value)),
                    }
                }
            }
            End::Nothing | End::Deleted => return Err(twice("updates", "gone")),
        }
        Ok(())
    }

    /// The row is gone.
    pub(super) fn delete(&mut self, key: Values) -> Result<(), String> {
        let Some(row) = self.find(&key) else {
            self.bytes += weight(&key);
            self.add(key, End::Deleted);
            return Ok(());
        };
        row.end = match row.end {
            End::Inserted(_) => End::Nothing,
            End::Updated(_) | End::Replaced(_) => End::Deleted,
            End::Nothing | End::Deleted => return Err(twice("deletes", "gone")),
        };
        Ok(())
    }

    fn find(&mut self, key: &Values) -> Option<&mut Row> {
        self.rows.get_mut(*self.places.get(&flat(key))?)
    }

    fn add(&mut self, key: Values, end: End) {
        self.places.insert(flat(&key), self.rows.len());
        self.rows.push(Row { key, end });
    }

    /// The statements that do all of it.
    pub(super) fn finish(self) -> Vec<RowsStep> {
        let layout = &self.layout;
        let mut deletes = Runs::new(layout, Action::Delete);
        let mut inserts = Runs::new(layout, Action::Insert);
        let mut updates: Vec<Runs<'_>> = Vec::new();
        for Row { key, end } in &self.rows {
            match end {
                End::Nothing => {}
                End::Deleted => deletes.push(key.iter()),
                End::Inserted(values) => inserts.push(values.iter()),
                End::Replaced(values) => {
                    deletes.push(key.iter());
                    inserts.push(values.iter());
                }
                End::Updated(changed) => {
                    let same = |runs: &Runs<'_>| match &runs.action {
                        Action::Update(places) => places.iter().eq(changed.iter().map(|(place, _)| place)),
                        Action::Insert | Action::Put | Action::Remove | Action::Delete => false,
                    };
                    let at = updates.iter().position(same).unwrap_or_else(|| {
                        let places = changed.iter().map(|(place, _)| *place).collect();
                        updates.push(Runs::new(layout, Action::Update(places)));
                        updates.len() - 1
                    });
                    if let Some(runs) = updates.get_mut(at) {
                        runs.push(changed.iter().map(|(_, value)| value).chain(key));
                    }
                }
            }
        }
        let mut steps = deletes.finish();
        steps.extend(updates.into_iter().flat_map(Runs::finish));
        steps.extend(inserts.finish());
        steps
    }
}

/// Statements of one kind, none of them too large.
struct Runs<'l> {
    layout: &'l Arc<Layout>,
    action: Action,
    open: Option<Run>,
    steps: Vec<RowsStep>,
}

impl<'l> Runs<'l> {
    fn new(layout: &'l Arc<Layout>, action: Action) -> Self {
        Self { layout, action, open: None, steps: Vec::new() }
    }

    fn push<'v>(&mut self, values: impl Iterator<Item = &'v Option<Bytes>>) {
        if self.open.as_ref().is_some_and(Run::is_full) {
            self.steps.extend(self.open.take().map(Run::finish));
        }
        self.open.get_or_insert_with(|| Run::new(self.layout, self.action.clone())).push(values);
    }

    fn finish(mut self) -> Vec<RowsStep> {
        self.steps.extend(self.open.map(Run::finish));
        self.steps
    }
}

fn weight(values: &Values) -> usize {
    values.iter().map(|value| 4 + value.as_ref().map_or(0, Bytes::len)).sum()
}

/// The values of a key as one: lengths keep them apart.
fn flat(key: &Values) -> Vec<u8> {
    let mut flat = Vec::with_capacity(weight(key));
    for value in key {
        flat.extend(u32::try_from(value.as_ref().map_or(0, Bytes::len)).unwrap_or(u32::MAX).to_le_bytes());
        flat.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    flat
}

fn twice(does: &str, state: &str) -> String {
    format!("rows differ: the binary log {does} a row that is {state}")
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::binlog::TableMap;
    use crate::schema::{
        Catalogue, Column, ColumnDefault, ColumnType, Key, KeyKind, KeyOptions, KeyPart, Table, TableName,
    };

    /// `d.t (a INT PRIMARY KEY, b INT)`.
    fn layout() -> Arc<Layout> {
        let column = |name: &str| Column {
            name: name.to_owned(),
            column_type: ColumnType::Int { unsigned: false },
            type_text: "int".to_owned(),
            nullable: false,
            default: ColumnDefault::None,
            on_update_now: None,
            auto_increment: false,
            generated: None,
            charset: None,
            collation: None,
            comment: String::new(),
            invisible: false,
            explicit_collation: false,
            default_sql: String::new(),
        };
        let part =
            KeyPart { column: Some("a".into()), expression: None, sql: String::new(), prefix: None, descending: false };
        let key =
            Key { name: "PRIMARY".into(), kind: KeyKind::Primary, parts: vec![part], options: KeyOptions::default() };
        let name = TableName { database: "d".into(), table: "t".into() };
        let table = Table { name, columns: vec![column("a"), column("b")], keys: vec![key], ..Table::default() };
        let body = [&[1, 0, 0, 0, 0, 0, 1, 0, 1, b'd', 0, 1, b't', 0, 2, 3, 3, 0, 0][..]].concat();
        let map = Arc::new(TableMap::parse(&body).expect("a table map"));
        Arc::new(Layout::new(&map, &Arc::new(table), &Catalogue::default()).expect("a layout"))
    }

    fn values(numbers: &[u8]) -> Values {
        numbers.iter().map(|number| Some(Bytes::copy_from_slice(&[0, 0, 0, *number]))).collect()
    }

    fn statements(batch: Batch) -> Vec<(String, u64)> {
        let word = |step: &RowsStep| step.request().sql.split(' ').next().unwrap_or_default().to_owned();
        batch.finish().iter().map(|step| (word(step), step.rows)).collect()
    }

    #[test]
    fn what_happens_to_a_row_comes_to_one_end() {
        let layout = layout();
        let mut batch = Batch::new(&layout);
        let change = |number: u8| vec![(1, Some(Bytes::copy_from_slice(&[0, 0, 0, number])))];
        // One comes and goes, two are new, three changes twice, four goes, five goes and comes.
        batch.insert(values(&[1, 1])).expect("inserted");
        batch.delete(values(&[1])).expect("deleted");
        batch.insert(values(&[2, 1])).expect("inserted");
        batch.update(values(&[2]), change(9)).expect("updated");
        batch.update(values(&[3]), change(1)).expect("updated");
        batch.update(values(&[3]), change(2)).expect("updated");
        batch.update(values(&[4]), change(1)).expect("updated");
        batch.delete(values(&[4])).expect("deleted");
        batch.delete(values(&[5])).expect("deleted");
        batch.insert(values(&[5, 5])).expect("inserted");
        batch.update(values(&[5]), change(6)).expect("updated");
        assert!(batch.bytes() > 0);
        let said = statements(batch);
        assert_eq!(said, [("DELETE".into(), 2), ("UPDATE".into(), 1), ("INSERT".into(), 2)]);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let layout = layout();
        let mut batch = Batch::new(&layout);
        batch.insert(values(&[1, 1])).expect("inserted");
        assert!(batch.insert(values(&[1, 2])).is_err());
        batch.delete(values(&[1])).expect("deleted");
        assert!(batch.delete(values(&[1])).is_err());
        assert!(batch.update(values(&[1]), vec![(1, None)]).is_err());
        batch.insert(values(&[1, 3])).expect("inserted again");
        assert_eq!(statements(batch), [("INSERT".into(), 1)]);
    }

    #[test]
    fn long_batches_are_cut() {
        let layout = layout();
        let mut batch = Batch::new(&layout);
        for number in 0..5_000_u32 {
            let key = Some(Bytes::copy_from_slice(&number.to_be_bytes()));
            batch.insert(vec![key, None]).expect("inserted");
        }
        let said = statements(batch);
        assert_eq!(said.iter().map(|(_, rows)| rows).sum::<u64>(), 5_000);
        assert_eq!(said.len(), 3);
    }
}
