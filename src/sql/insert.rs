//! INSERT, INSERT IGNORE, ON DUPLICATE KEY UPDATE and REPLACE.
//!
//! What MySQL would fill in by itself is written out: the statement's time, and in a replay the ids that MySQL
//! generated. Constant defaults are PostgreSQL's to fill: they are part of the table there.

mod conflict;
mod ids;
mod rows;
mod select;

use std::borrow::Cow;
use std::sync::Arc;

use sqlparser::ast::{Expr, Insert, ObjectName, OnInsert, Query, SetExpr, TableObject};

use crate::schema::{Column, ColumnDefault, ColumnType, Key, Table, compared_column, ddl, quote};
use crate::value::Value;

use super::assign::{Form, NUMBER, Row, quiet};
use super::expression::{Body, Expression, Lowering, Written};
use super::from::name_parts;
use super::keys::{arbiter, implicit_default, key_columns, unique_keys};
use super::lower::{Place, ValuesOf};
use super::operators::unnested;
use super::plan::{ParameterSource, Purpose, SqlError, TargetSql, Verb, WritePlan, WriteResult};
use super::scope::{Relation, Scope};
use super::types::{Carrier, Type};
use rows::{Conflict, Updating};

/// One place in a row that is inserted.
#[derive(Clone, Debug)]
enum Cell {
    /// PostgreSQL text of the column's type.
    Sql(String),
    /// PostgreSQL text of an id that the client may give; NULL means the next id.
    Id(String),
    /// The column's default in PostgreSQL; for an AUTO_INCREMENT column the next id.
    Default,
    /// NULL, known now.
    Null,
}

/// Rows to insert, all over the same columns.
#[derive(Debug)]
struct Rows {
    columns: Vec<usize>,
    cells: Vec<Vec<Cell>>,
    /// How many rows take a generated id, or may.
    generated: usize,
    /// Rows that give their id themselves, or may.
    explicit: usize,
    /// PostgreSQL text that is NULL when the last row takes a generated id; `None` when that is known.
    wanted: Option<String>,
}

impl Lowering<'_> {
    /// Plans an INSERT or REPLACE.
    pub(super) fn insert(&mut self, insert: &Insert) -> Result<WritePlan, SqlError> {
        let TableObject::TableName(name) = &insert.table else {
            return Err(SqlError::unsupported("INSERT into a function"));
        };
        if insert.partitioned.is_some() {
            return Err(SqlError::unsupported("INSERT … PARTITION"));
        }
        let table = self.table(name)?;
        let table = self.receiver(table)?;
        self.check_replay(&table)?;
        let table = self.before_triggers(table, insert)?;
        let columns = self.insert_columns(insert, &table)?;
        let assigned: Vec<Expr> = insert.assignments.iter().map(|assignment| assignment.value.clone()).collect();
        let given = match insert.source.as_deref() {
            None => vec![assigned],
            Some(query) => match values_of(query) {
                Some(rows) => rows,
                None => {
                    self.form = Form { ignore: insert.ignore, null_becomes_default: true };
                    return self.insert_select(insert, &table, &columns, query);
                }
            },
        };
        self.form = Form { ignore: insert.ignore, null_becomes_default: given.len() > 1 };
        let called = table.title().table.clone();
        self.written.push(Written { table: table.name.clone(), called, under_any_name: false });
        let rows = self.rows(&table, columns, &given)?;
        let replay = self.context.purpose == Purpose::Replay;
        if insert.replace_into {
            return if replay { self.replace(&table, rows) } else { self.replace_rows(&table, rows) };
        }
        let alias = insert.insert_alias.as_ref();
        let new_name = alias.and_then(|alias| name_parts(&alias.row_alias).pop());
        let new_columns: Vec<String> = alias
            .and_then(|alias| alias.col_aliases.as_ref())
            .map(|names| names.iter().map(|name| name.value.clone()).collect())
            .unwrap_or_default();
        match &insert.on {
            None if insert.ignore && !replay => {
                let incoming = self.incoming(&table, rows)?;
                self.row_by_row(&table, &incoming, Conflict::Ignore)
            }
            None => self.plain_insert(&table, &rows, insert.ignore),
            Some(OnInsert::DuplicateKeyUpdate(assignments)) if replay => {
                if insert.ignore || !new_columns.is_empty() {
                    return Err(SqlError::unsupported("replay of this form of ON DUPLICATE KEY UPDATE"));
                }
                self.upsert(&table, &rows, assignments, new_name.as_deref())
            }
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => {
                let updating = Updating {
                    assignments,
                    new_name: new_name.as_deref(),
                    new_columns: &new_columns,
                    ignore: insert.ignore,
                };
                if self.is_simple_upsert(&table, &rows, updating) {
                    return self.upsert(&table, &rows, assignments, new_name.as_deref());
                }
                let incoming = self.incoming(&table, rows)?;
                self.row_by_row(&table, &incoming, Conflict::Update(updating))
            }
            Some(_) => Err(SqlError::unsupported("INSERT … ON CONFLICT")),
        }
    }

    /// What a replay can't repeat on this table.
    pub(super) fn check_replay(&self, table: &Table) -> Result<(), SqlError> {
        if table.has_triggers {
            self.deterministic(&format!("a write to {}, which has triggers,", table.name))?;
        }
        Ok(())
    }

    /// The columns that values are given for, as positions.
    fn insert_columns(&self, insert: &Insert, table: &Table) -> Result<Vec<usize>, SqlError> {
        let mut names: Vec<String> = Vec::new();
        for assignment in &insert.assignments {
            names.push(assigned_name(&assignment.target.to_string()));
        }
        names.extend(insert.columns.iter().filter_map(|name: &ObjectName| name_parts(name).pop()));
        let no_list = names.is_empty() && insert.assignments.is_empty();
        if no_list {
            let empty_rows =
                insert.source.as_deref().and_then(values_of).is_some_and(|rows| rows.iter().all(Vec::is_empty));
            let all = table.columns.iter().enumerate().filter(|(_, column)| !column.invisible).map(|(at, _)| at);
            return Ok(if empty_rows { Vec::new() } else { all.collect() });
        }
        let mut columns = Vec::with_capacity(names.len());
        for name in &names {
            let at = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
            let at = at.ok_or_else(|| SqlError::unknown_column(name, "field list"))?;
            if columns.contains(&at) {
                return Err(SqlError::column_twice(name));
            }
            columns.push(at);
        }
        Ok(columns)
    }

    fn rows(&mut self, table: &Arc<Table>, columns: Vec<usize>, given: &[Vec<Expr>]) -> Result<Rows, SqlError> {
        let mut rows =
            Rows { columns, cells: Vec::with_capacity(given.len()), generated: 0, explicit: 0, wanted: None };
        let added = self.added_columns(table, &rows.columns)?;
        for (number, values) in given.iter().enumerate() {
            if values.len() != rows.columns.len() {
                return Err(SqlError::value_count(number + 1));
            }
            let mut cells = Vec::with_capacity(values.len() + added.len());
            for (at, value) in rows.columns.clone().into_iter().zip(values) {
                let cell = self.cell(table, at, value, (number + 1, given.len()), (&mut rows, &cells))?;
                cells.push(cell);
            }
            for at in &added {
                let cell = self.default_cell(table, *at, &mut rows.generated)?;
                cells.push(cell);
            }
            rows.cells.push(cells);
        }
        rows.columns.extend(added);
        // A row whose id the client may give counts as both; whether it did is checked when values are bound.
        let open = (rows.generated + rows.explicit).saturating_sub(rows.cells.len());
        let mixed = rows.explicit > open || (open > 0 && rows.generated > open);
        if self.context.purpose == Purpose::Replay && rows.generated > 1 && mixed {
            return Err(SqlError::unsupported("replay of rows with and without ids in one INSERT"));
        }
        Ok(rows)
    }

    /// Columns that the statement doesn't name but whose value isn't a constant of the table.
    fn added_columns(&mut self, table: &Table, named: &[usize]) -> Result<Vec<usize>, SqlError> {
        let mut added = Vec::new();
        for (at, column) in table.columns.iter().enumerate().filter(|(at, _)| !named.contains(at)) {
            if column.auto_increment {
                added.push(at);
                continue;
            }
            match &column.default {
                ColumnDefault::Now(_) => added.push(at),
                ColumnDefault::Expression(text) => {
                    if text.contains('(') && !text.starts_with("json_") {
                        self.deterministic(&format!("DEFAULT ({text})"))?;
                    }
                }
                ColumnDefault::None if !column.nullable && column.generated.is_none() => {
                    let first_label = matches!(column.column_type, ColumnType::Enum { .. });
                    if !first_label {
                        self.no_default(column)?;
                    }
                    added.push(at);
                }
                ColumnDefault::None | ColumnDefault::Null | ColumnDefault::Constant(_) => {}
            }
        }
        Ok(added)
    }

    /// The value of a column that isn't given.
    fn default_cell(&mut self, table: &Arc<Table>, at: usize, generated: &mut usize) -> Result<Cell, SqlError> {
        let Some(column) = table.columns.get(at) else { return Ok(Cell::Default) };
        if column.auto_increment {
            *generated += 1;
            return Ok(self.next_id(table, at, *generated - 1));
        }
        if column.generated.is_some() {
            return Ok(Cell::Default);
        }
        Ok(match &column.default {
            ColumnDefault::Now(fraction) => Cell::Sql(self.moment(column, *fraction)),
            ColumnDefault::None if column.nullable => Cell::Null,
            ColumnDefault::None => {
                let source = ParameterSource::Literal(implicit_default(column)?);
                Cell::Sql(self.stored(table, at, 1, source)?)
            }
            ColumnDefault::Null | ColumnDefault::Constant(_) | ColumnDefault::Expression(_) => Cell::Default,
        })
    }

    /// The statement's time for a column.
    pub(super) fn moment(&mut self, column: &Column, fraction: u8) -> String {
        match &column.column_type {
            ColumnType::Timestamp { .. } => {
                self.parameter(&ParameterSource::Instant { fraction }, Carrier::TimestampTz.oid())
            }
            _datetime => self.parameter(&ParameterSource::Now { fraction }, Carrier::Timestamp.oid()),
        }
    }

    fn next_id(&mut self, table: &Arc<Table>, at: usize, nth: usize) -> Cell {
        match self.context.purpose {
            Purpose::Serve => Cell::Default,
            Purpose::Replay => {
                let source = ParameterSource::GeneratedId(nth);
                let carrier = id_carrier(table, at);
                Cell::Sql(self.parameter(&source, carrier.oid()))
            }
        }
    }

    /// A value from the list; `number` is its row and how many there are, `before` the cells to its left.
    fn cell(
        &mut self,
        table: &Arc<Table>,
        at: usize,
        value: &Expr,
        (row, total): (usize, usize),
        (rows, before): (&mut Rows, &[Cell]),
    ) -> Result<Cell, SqlError> {
        let Some(column) = table.columns.get(at) else { return Ok(Cell::Default) };
        if is_default(value) {
            if column.generated.is_some() {
                return Ok(Cell::Default);
            }
            if column.default == ColumnDefault::None && !column.nullable && !column.auto_increment {
                self.no_default(column)?;
            }
            return self.default_cell(table, at, &mut rows.generated);
        }
        if column.generated.is_some() {
            return Err(generated_column(table, column));
        }
        let lowered = self.lower(value, Place::new(&Scope::default(), "field list"));
        let value = match lowered {
            // A name means the column as the row has it so far.
            Err(error) if [1054, 1109].contains(&error.code) => {
                let scope = self.row_so_far(table, &rows.columns, before)?;
                self.lower(value, Place::new(&scope, "field list"))?
            }
            other => other?,
        };
        if !column.auto_increment {
            let null = value.is_null() && column.nullable;
            return if null { Ok(Cell::Null) } else { self.assign(table, at, Row::Given(row), &value).map(Cell::Sql) };
        }
        let zero_counts = self.modes.no_auto_value_on_zero;
        let takes_next = match value.constant() {
            Some(Value::Null) => true,
            Some(Value::Int(0) | Value::UInt(0)) => !zero_counts,
            Some(Value::Text(text)) => text.trim() == "0" && !zero_counts,
            Some(_) | None => false,
        };
        if takes_next {
            rows.generated += 1;
            return Ok(self.next_id(table, at, rows.generated - 1));
        }
        rows.explicit += 1;
        let Body::Parameter(ParameterSource::Client(client)) = value.body else {
            return self.assign(table, at, Row::Given(row), &value).map(Cell::Sql);
        };
        // Whether the client gives an id is known at execution only.
        rows.generated += 1;
        let nth = rows.generated - 1;
        match self.context.purpose {
            Purpose::Replay if total > 1 && zero_counts => {
                Err(SqlError::unsupported("replay of several rows under NO_AUTO_VALUE_ON_ZERO"))
            }
            Purpose::Replay => {
                let source = ParameterSource::ClientOrGenerated { client, nth };
                Ok(Cell::Sql(self.parameter(&source, id_carrier(table, at).oid())))
            }
            Purpose::Serve => {
                let id = self.parameter(&ParameterSource::Client(client), id_carrier(table, at).oid());
                let id = if zero_counts { id } else { format!("NULLIF({id}, 0)") };
                rows.wanted = Some(id.clone());
                // Several rows get their ids from `new_ids`, and so does one that may conflict.
                Ok(Cell::Id(id))
            }
        }
    }

    /// The row's columns as an expression in VALUES sees them: those to its left, and defaults.
    fn row_so_far(
        &mut self,
        table: &Arc<Table>,
        columns: &[usize],
        before: &[Cell],
    ) -> Result<Scope<'static>, SqlError> {
        let mut relation = Relation::of_table(table, &table.title().table, Some(table.title().database.clone()))?;
        for (at, own) in relation.columns.iter_mut().enumerate() {
            own.origin = None;
            let cell = columns.iter().position(|known| *known == at).and_then(|place| before.get(place));
            let column = table.columns.get(at);
            let carrier = own.ty.carrier.name();
            own.sql = match cell {
                Some(Cell::Sql(sql) | Cell::Id(sql)) => format!("({})", quiet(sql)),
                Some(Cell::Null) => format!("NULL::{carrier}"),
                Some(Cell::Default) | None if column.is_some_and(|column| column.auto_increment) => {
                    format!("0::{carrier}")
                }
                Some(Cell::Default) | None => match column.map(|column| ddl::column_default(table, column)) {
                    Some(Ok(Some(default))) => format!("({default})::{carrier}"),
                    Some(Ok(None)) if column.is_some_and(|column| column.nullable) => format!("NULL::{carrier}"),
                    Some(Ok(None)) => match column.map(implicit_default) {
                        Some(Ok(value)) => self.stored(table, at, 1, ParameterSource::Literal(value))?,
                        Some(Err(error)) => return Err(error),
                        None => format!("NULL::{carrier}"),
                    },
                    Some(Err(_)) | None => {
                        return Err(SqlError::unsupported("a column's default in an expression of VALUES"));
                    }
                },
            };
        }
        let mut scope = Scope::default();
        scope.add(relation)?;
        Ok(scope)
    }

    fn plain_insert(&mut self, table: &Arc<Table>, rows: &Rows, ignore: bool) -> Result<WritePlan, SqlError> {
        let replay = self.context.purpose == Purpose::Replay;
        if ignore && replay {
            if !self.modes.strict {
                return Err(SqlError::unsupported("replay of INSERT IGNORE without strict mode"));
            }
            if rows.generated > 0 && rows.cells.len() > 1 {
                return Err(SqlError::unsupported("replay of INSERT IGNORE of several rows with generated ids"));
            }
        }
        let id = table.columns.iter().position(|column| column.auto_increment).filter(|_| !replay);
        if let Some(id) = id
            && (rows.cells.len() > 1 || self.id_steps() != (1, 1))
        {
            return self.insert_with_ids(table, rows, id);
        }
        let mut sql = format!("INSERT INTO {}{}", quote::table(&table.name), values_sql(table, rows));
        if ignore {
            sql.push_str(" ON CONFLICT DO NOTHING");
        }
        let result = match id.and_then(|id| table.columns.get(id)) {
            None => WriteResult::Tag,
            Some(id) => {
                let id = quote::identifier(&id.name);
                let generated = rows.generated > 0;
                sql = format!("{sql} RETURNING {id}");
                if rows.explicit > 0 {
                    // Whether the client's value is an id is known at execution only. Most often the counter has
                    // passed it already.
                    let own = rows.wanted.as_deref().map_or("FALSE".to_owned(), |own| format!("({own}) IS NULL"));
                    let sequence = sequence(table)?;
                    sql.push_str(&format!(
                        ", {own}, CASE WHEN pg_sequence_last_value({sequence}) >= {id} THEN NULL \
                         ELSE \"mysql\".reach({sequence}, {id}::numeric) END"
                    ));
                }
                WriteResult::Ids { generated }
            }
        };
        let verb = if ignore { Verb::InsertIgnore } else { Verb::Insert };
        Ok(self.write_plan(verb, sql, table, result, rows.generated))
    }

    pub(super) fn write_plan(
        &mut self,
        verb: Verb,
        sql: String,
        table: &Table,
        result: WriteResult,
        generated: usize,
    ) -> WritePlan {
        let strict = self.rules().strict;
        WritePlan {
            verb,
            strict,
            sql: TargetSql(sql),
            parameters: std::mem::take(&mut self.parameters),
            tables: vec![table.name.clone()],
            result,
            generated_ids: if self.context.purpose == Purpose::Replay { generated } else { 0 },
            warnings: std::mem::take(&mut self.warnings),
            variables: Vec::new(),
        }
    }
}

/// The rows of `VALUES (…), (…)`; `None` for any other query.
fn values_of(query: &Query) -> Option<Vec<Vec<Expr>>> {
    match &*query.body {
        SetExpr::Values(values) => Some(values.rows.iter().map(|row| row.to_vec()).collect()),
        _query => None,
    }
}

fn generated_column(table: &Table, column: &Column) -> SqlError {
    let text = format!(
        "The value specified for generated column '{}' in table '{}' is not allowed.",
        column.name,
        table.title().table
    );
    SqlError::new(3105, "HY000", text)
}

/// True for the word DEFAULT.
pub(super) fn is_default(value: &Expr) -> bool {
    matches!(unnested(value), Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("DEFAULT"))
}

/// The column in `t.c` or `c`.
pub(super) fn assigned_name(target: &str) -> String {
    let last = target.rsplit('.').next().unwrap_or(target);
    last.trim_matches('`').to_owned()
}

fn id_carrier(table: &Table, at: usize) -> Carrier {
    let wide =
        table.columns.get(at).is_some_and(|column| matches!(column.column_type, ColumnType::BigInt { unsigned: true }));
    if wide { Carrier::Numeric } else { Carrier::Int8 }
}

/// The table's id sequence as a literal.
pub(super) fn sequence(table: &Table) -> Result<String, SqlError> {
    let name = ddl::sequence(table).ok_or_else(|| SqlError::unsupported("a table without AUTO_INCREMENT"))?;
    Ok(format!("{}::regclass", quote::literal(&name)))
}

pub(super) fn column_names<'a>(table: &Table, columns: impl IntoIterator<Item = &'a usize>) -> String {
    quote::identifiers(columns.into_iter().filter_map(|at| table.columns.get(*at)).map(|column| column.name.as_str()))
}

/// ` (columns) VALUES (…), (…)`.
fn values_sql(table: &Table, rows: &Rows) -> String {
    // A column that every row leaves to PostgreSQL isn't named.
    let used: Vec<usize> = (0..rows.columns.len())
        .filter(|at| rows.cells.iter().any(|cells| !matches!(cells.get(*at), Some(Cell::Default) | None)))
        .collect();
    if used.is_empty() {
        // Several rows of nothing but defaults need a column to say DEFAULT for.
        let Some(first) = table.columns.first() else { return " DEFAULT VALUES".to_owned() };
        let rows = vec!["(DEFAULT)"; rows.cells.len()];
        return format!(" ({}) VALUES {}", quote::identifier(&first.name), rows.join(", "));
    }
    let columns: Vec<usize> = used.iter().filter_map(|at| rows.columns.get(*at)).copied().collect();
    let lines: Vec<String> = rows
        .cells
        .iter()
        .map(|cells| {
            let line: Vec<Cow<'_, str>> = used
                .iter()
                .map(|at| match cells.get(*at) {
                    Some(Cell::Sql(sql)) => Cow::Borrowed(sql.as_str()),
                    Some(Cell::Id(id)) => Cow::Owned(match sequence(table) {
                        Ok(sequence) => format!("COALESCE({id}, nextval({sequence}))"),
                        Err(_) => id.clone(),
                    }),
                    Some(Cell::Null) => Cow::Borrowed("NULL"),
                    Some(Cell::Default) | None => Cow::Borrowed("DEFAULT"),
                })
                .collect();
            format!("({})", line.join(", "))
        })
        .collect();
    format!(" ({}) VALUES {}", column_names(table, &columns), lines.join(", "))
}

fn null_of(table: &Table, at: usize) -> String {
    let ty = table.columns.get(at).and_then(Type::of_column);
    format!("NULL::{}", ty.map_or("text", |ty| ty.carrier.name()))
}
