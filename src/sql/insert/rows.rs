//! INSERT IGNORE, REPLACE and ON DUPLICATE KEY UPDATE, row by row: see [`crate::sql::rowwise`] for why.

use super::super::rowwise::{self, PLACE, row_value};
use super::conflict::{Excluded, stored_relation};
use super::*;
use crate::sql::change::set_where;

/// What happens to a row that conflicts with a stored one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Conflict<'s> {
    Ignore,
    Replace,
    Update(Updating<'s>),
}

/// ON DUPLICATE KEY UPDATE.
#[derive(Clone, Copy, Debug)]
pub(super) struct Updating<'s> {
    pub(super) assignments: &'s [sqlparser::ast::Assignment],
    /// `AS new(a, b)`.
    pub(super) new_name: Option<&'s str>,
    pub(super) new_columns: &'s [String],
    pub(super) ignore: bool,
}

/// The rows that come: their columns, and the array of them.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) columns: Vec<usize>,
    /// PostgreSQL text of type `text[]` with two dimensions.
    pub(super) array: String,
    /// Number of rows, when it's known.
    pub(super) total: Option<usize>,
    /// Tables of the SELECT that ON DUPLICATE KEY UPDATE may name.
    pub(super) sources: Vec<Relation>,
}

impl Lowering<'_> {
    /// Adds the columns that the statement doesn't name, so that every row is whole.
    pub(super) fn complete(&mut self, table: &Arc<Table>, rows: &mut Rows) -> Result<(), SqlError> {
        for (at, column) in table.columns.iter().enumerate() {
            if column.generated.is_some() || rows.columns.contains(&at) {
                continue;
            }
            rows.columns.push(at);
            for cells in &mut rows.cells {
                cells.push(Cell::Default);
            }
        }
        Ok(())
    }

    /// VALUES as incoming rows.
    pub(super) fn incoming(&mut self, table: &Arc<Table>, mut rows: Rows) -> Result<Incoming, SqlError> {
        self.complete(table, &mut rows)?;
        let mut lines = Vec::with_capacity(rows.cells.len());
        for cells in &rows.cells {
            let mut line = Vec::with_capacity(cells.len());
            for (at, cell) in rows.columns.iter().zip(cells) {
                line.push(match cell {
                    Cell::Sql(sql) | Cell::Id(sql) => format!("({sql})::text"),
                    Cell::Null => "NULL::text".to_owned(),
                    Cell::Default => self.default_text(table, *at)?,
                });
            }
            lines.push(format!("ARRAY[{}]", line.join(", ")));
        }
        let array = format!("ARRAY[{}]::text[]", lines.join(", "));
        Ok(Incoming { columns: rows.columns, array, total: Some(rows.cells.len()), sources: Vec::new() })
    }

    /// A column's default as text; NULL stands for an id that is generated.
    pub(super) fn default_text(&self, table: &Table, at: usize) -> Result<String, SqlError> {
        let Some(column) = table.columns.get(at).filter(|column| !column.auto_increment) else {
            return Ok("NULL::text".to_owned());
        };
        let ty = Type::of_column(column).map_or("text", |ty| ty.carrier.name());
        let default = ddl::column_default(table, column)
            .map_err(|_| SqlError::unsupported(format_args!("the default of column {}", column.name)))?;
        Ok(default.map_or("NULL::text".to_owned(), |default| format!("(({default})::{ty})::text")))
    }

    /// Plans the call of the helper.
    pub(super) fn row_by_row(
        &mut self,
        table: &Arc<Table>,
        incoming: &Incoming,
        conflict: Conflict<'_>,
    ) -> Result<WritePlan, SqlError> {
        let name = quote::table(&table.name);
        let place_of = |column: usize| incoming.columns.iter().position(|at| *at == column);
        let value = |column: usize| row_value(table, column, place_of(column)?).ok();
        let id = table.columns.iter().position(|column| column.auto_increment);
        let id_place = id.and_then(place_of).map_or("NULL".to_owned(), |at| (at + 1).to_string());
        let mut values = Vec::with_capacity(incoming.columns.len());
        for (at, column) in incoming.columns.iter().enumerate() {
            values.push(row_value(table, *column, at)?);
        }
        let add = format!(
            "INSERT INTO {name} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
            column_names(table, &incoming.columns),
            values.join(", ")
        );
        let keys = unique_keys(table);
        let (mut find, mut entries) = (Vec::new(), Vec::new());
        for key in &keys {
            find.push(rowwise::find(table, key, &value)?);
            entries.push(format!("SELECT {}", rowwise::entry(table, key, &value)?));
        }
        let null = || "NULL::text".to_owned();
        let (kind, verb, mut change, mut gone) = match conflict {
            Conflict::Ignore => ("ignore", Verb::InsertIgnore, null(), null()),
            Conflict::Replace => ("replace", Verb::Replace, null(), null()),
            Conflict::Update(_) => ("upsert", Verb::Upsert, null(), null()),
        };
        let mut failing = "NULL::text[]".to_owned();
        match conflict {
            Conflict::Ignore => {
                failing = rowwise::failing_rows(&self.context.catalogue, table).unwrap_or(failing);
            }
            Conflict::Replace => {
                gone = self.template(&format!("DELETE FROM {name} WHERE ctid = {PLACE}"));
                let pairs = incoming.columns.iter().zip(&values);
                let pairs: Vec<(&Column, &String)> =
                    pairs.filter_map(|(at, value)| Some((table.columns.get(*at)?, value))).collect();
                let set = pairs.iter().map(|(column, value)| format!("{} = {value}", quote::identifier(&column.name)));
                let differs = pairs.iter().map(|(column, value)| {
                    let text = crate::schema::types::is_character(&column.column_type);
                    let collate = if text { " COLLATE \"C\"" } else { "" };
                    let cast = super::super::change::column_cast(&column.column_type);
                    format!("{}{collate} IS DISTINCT FROM ({value}){cast}", quote::identifier(&column.name))
                });
                change = self.template(&format!(
                    "UPDATE {name} SET {} WHERE ctid = {PLACE} AND ({})",
                    set.collect::<Vec<_>>().join(", "),
                    differs.collect::<Vec<_>>().join(" OR ")
                ));
            }
            Conflict::Update(updating) => {
                let sql = self.row_change(table, incoming, updating)?;
                change = self.template(&sql);
                if updating.ignore {
                    return Err(SqlError::unsupported("INSERT IGNORE … ON DUPLICATE KEY UPDATE"));
                }
            }
        }
        let (step, start) = self.id_steps();
        let sequence = if id.is_some() { sequence(table)? } else { "NULL::regclass".to_owned() };
        let sql = format!(
            "SELECT * FROM \"mysql\".write_rows('{kind}', {}, {id_place}, {}, {}, {sequence}, {step}, {start}, {}, {}, {}, {change}, {gone}, {failing})",
            incoming.array,
            self.modes.no_auto_value_on_zero,
            incoming.total.map_or("NULL".to_owned(), |total| total.to_string()),
            self.template(&add),
            self.templates(&find),
            self.templates(&entries),
        );
        let many = incoming.total.is_none_or(|total| total > 1);
        Ok(self.write_plan(verb, sql, table, WriteResult::Counted { many }, 0))
    }

    /// The statement that changes the stored row.
    fn row_change(
        &mut self,
        table: &Arc<Table>,
        incoming: &Incoming,
        updating: Updating<'_>,
    ) -> Result<String, SqlError> {
        let mut new = Relation::of_table(table, "new", None)?;
        for (at, column) in new.columns.iter_mut().enumerate() {
            // Unqualified names mean the stored row.
            column.hidden = true;
            column.origin = None;
            column.sql = match incoming.columns.iter().position(|known| *known == at) {
                Some(place) => row_value(table, at, place)?,
                None => "NULL".to_owned(),
            };
        }
        let mut scope = Scope::default();
        scope.add(stored_relation(table)?)?;
        if let Some(name) = updating.new_name {
            let mut named = new.clone();
            named.alias = name.to_owned();
            if !updating.new_columns.is_empty() {
                named.columns = Vec::new();
                for (position, name) in updating.new_columns.iter().enumerate() {
                    let column = incoming.columns.get(position).and_then(|at| new.columns.get(*at));
                    let Some(column) = column else { return Err(SqlError::value_count(1)) };
                    named.columns.push(super::super::scope::ScopeColumn { name: name.clone(), ..column.clone() });
                }
            }
            scope.add(named)?;
        }
        for source in &incoming.sources {
            scope.add(source.clone())?;
        }
        let values = Excluded(new);
        let changes = self.assignments(table, &mut scope, 0, updating.assignments, (Some(&values), Row::Changed))?;
        let (set, differs) = set_where(&changes, "\"stored\"");
        let id = table
            .auto_increment_column()
            .map_or("NULL::text".to_owned(), |id| format!("\"stored\".{}::text", quote::identifier(&id.name)));
        Ok(format!(
            "UPDATE {} AS \"stored\" SET {set} WHERE \"stored\".ctid = {PLACE} AND ({differs}) RETURNING {id}",
            quote::table(&table.name),
        ))
    }
}
