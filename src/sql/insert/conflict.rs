//! What an INSERT does with rows that are there already: ON DUPLICATE KEY UPDATE and REPLACE.

use super::*;
use crate::sql::change::set_where;

impl Lowering<'_> {
    /// ON DUPLICATE KEY UPDATE, when exactly one unique key can be violated.
    pub(super) fn upsert(
        &mut self,
        table: &Arc<Table>,
        rows: &Rows,
        assignments: &[sqlparser::ast::Assignment],
        new_name: Option<&str>,
    ) -> Result<WritePlan, SqlError> {
        if self.context.purpose == Purpose::Replay && rows.generated > 0 && rows.cells.len() > 1 {
            return Err(SqlError::unsupported("replay of ON DUPLICATE KEY UPDATE of several rows with generated ids"));
        }
        let keys = conflicting_keys(table, rows);
        let insert = format!("INSERT INTO {} AS \"stored\"{}", quote::table(&table.name), values_sql(table, rows));
        let id = table
            .auto_increment_column()
            .map_or("NULL::int8".to_owned(), |id| format!("\"stored\".{}", quote::identifier(&id.name)));
        let given = Some(rows.cells.len());
        let arbiter = match keys.as_slice() {
            [] => {
                // Nothing is updated, but what is written there has to be right.
                let mut scope = Scope::default();
                scope.add(stored_relation(table)?)?;
                if let Some(name) = new_name {
                    scope.add(Relation::of_table(table, name, None)?)?;
                }
                let values = Excluded(Relation::of_table(table, "excluded", None)?);
                if !assignments.is_empty() {
                    let before = self.parameters.len();
                    self.assignments(table, &mut scope, 0, assignments, (Some(&values), Row::Given(1)))?;
                    self.parameters.truncate(before);
                }
                let sql = format!("{insert} RETURNING TRUE, {id}");
                return Ok(self.write_plan(Verb::Upsert, sql, table, WriteResult::Upserted { given }, rows.generated));
            }
            [only] => arbiter(only)?,
            _several => {
                let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                return Err(SqlError::unsupported(format_args!(
                    "ON DUPLICATE KEY UPDATE where several keys can conflict ({})",
                    names.join(", ")
                )));
            }
        };
        let excluded = Relation::of_table(table, "excluded", None)?;
        let mut scope = Scope::default();
        scope.add(stored_relation(table)?)?;
        if let Some(name) = new_name {
            let mut new = excluded.clone();
            new.alias = name.to_owned();
            // Unqualified names mean the stored row.
            for column in &mut new.columns {
                column.hidden = true;
            }
            scope.add(new)?;
        }
        let values = Excluded(excluded);
        let changes = self.assignments(table, &mut scope, 0, assignments, (Some(&values), Row::Given(1)))?;
        let (set, differs) = set_where(&changes, "\"stored\"");
        let sql = format!(
            "{insert} ON CONFLICT ({arbiter}) DO UPDATE SET {set} WHERE {differs} RETURNING (\"stored\".xmax = 0), {id}"
        );
        Ok(self.write_plan(Verb::Upsert, sql, table, WriteResult::Upserted { given }, rows.generated))
    }

    /// True when one statement of PostgreSQL does the same: one row, whose id PostgreSQL makes if it makes one, and at
    /// most one key that can be violated.
    pub(super) fn is_simple_upsert(&self, table: &Arc<Table>, rows: &Rows, updating: Updating<'_>) -> bool {
        let touches_id = || {
            updating.assignments.iter().any(|assignment| {
                let name = assigned_name(&assignment.target.to_string());
                table.column(&name).is_some_and(|column| column.auto_increment)
            })
        };
        let keys = conflicting_keys(table, rows);
        rows.cells.len() == 1
            && rows.explicit == 0
            && self.id_steps() == (1, 1)
            && !updating.ignore
            && updating.new_columns.is_empty()
            && keys.len() <= 1
            && keys.iter().all(|key| arbiter(key).is_ok())
            && !touches_id()
    }

    /// REPLACE while PostgreSQL serves.
    pub(super) fn replace_rows(&mut self, table: &Arc<Table>, rows: Rows) -> Result<WritePlan, SqlError> {
        let incoming = self.incoming(table, rows)?;
        self.row_by_row(table, &incoming, Conflict::Replace)
    }

    /// REPLACE in a replay: what conflicts on any unique key is deleted, then the rows are inserted, in one statement.
    pub(super) fn replace(&mut self, table: &Arc<Table>, rows: Rows) -> Result<WritePlan, SqlError> {
        let mut conflicts = Vec::new();
        for cells in &rows.cells {
            for key in unique_keys(table) {
                conflicts.extend(conflict(table, key, &rows.columns, cells)?);
            }
        }
        let name = quote::table(&table.name);
        let deleted = if conflicts.is_empty() { "FALSE".to_owned() } else { conflicts.join(" OR ") };
        let names = column_names(table, &rows.columns);
        let mut lines = Vec::with_capacity(rows.cells.len());
        for cells in &rows.cells {
            let mut line = Vec::with_capacity(cells.len());
            for (at, cell) in rows.columns.iter().zip(cells) {
                line.push(match cell {
                    Cell::Sql(sql) | Cell::Id(sql) => sql.clone(),
                    Cell::Null => null_of(table, *at),
                    Cell::Default if table.columns.get(*at).is_some_and(|column| column.auto_increment) => {
                        format!("nextval({})", sequence(table)?)
                    }
                    Cell::Default => return Err(SqlError::unsupported("DEFAULT in REPLACE")),
                });
            }
            lines.push(format!("({})", line.join(", ")));
        }
        let id = table.auto_increment_column().map_or("NULL::int8".to_owned(), |id| quote::identifier(&id.name));
        let aliases: Vec<String> = (0..rows.columns.len()).map(|at| format!("v{at}")).collect();
        let sql = format!(
            "WITH gone AS (DELETE FROM {name} WHERE {deleted} RETURNING *), counted AS MATERIALIZED (SELECT count(*) AS n FROM gone), \
             added AS (INSERT INTO {name} ({names}) SELECT {} FROM counted, (VALUES {}) AS given ({}) WHERE counted.n >= 0 RETURNING *) \
             SELECT (SELECT n FROM counted), (SELECT count(*) FROM added), (SELECT min({id}) FROM added), \
             (SELECT count(*) FROM gone, added WHERE gone.* *= added.*)",
            aliases.join(", "),
            lines.join(", "),
            aliases.join(", "),
        );
        Ok(self.write_plan(Verb::Replace, sql, table, WriteResult::Replaced, rows.generated))
    }
}

/// `VALUES(column)` is the row that would have been inserted.
#[derive(Debug)]
pub(super) struct Excluded(pub(super) Relation);

impl ValuesOf for Excluded {
    fn value_of(&self, column: &str) -> Option<Expression> {
        let found = self.0.columns.iter().find(|own| own.name.eq_ignore_ascii_case(column))?;
        Some(found.expression())
    }
}

/// The target table as ON DUPLICATE KEY UPDATE names it.
pub(super) fn stored_relation(table: &Arc<Table>) -> Result<Relation, SqlError> {
    let mut relation = Relation::of_table(table, "stored", Some(table.title().database.clone()))?;
    relation.alias.clone_from(&table.title().table);
    Ok(relation)
}

/// The unique keys that a row may violate.
fn conflicting_keys<'t>(table: &'t Table, rows: &Rows) -> Vec<&'t Key> {
    unique_keys(table).into_iter().filter(|key| can_conflict(table, key, rows)).collect()
}

/// False when no row can violate the key: a part is NULL, or an id that is generated.
fn can_conflict(table: &Table, key: &Key, rows: &Rows) -> bool {
    let Some(columns) = key_columns(table, key) else { return true };
    rows.cells.iter().any(|cells| {
        columns.iter().all(|column| {
            let Some(definition) = table.columns.get(*column) else { return true };
            let cell = rows.columns.iter().position(|at| at == column).and_then(|at| cells.get(at));
            match cell {
                Some(Cell::Null) => false,
                Some(Cell::Default) | None if definition.auto_increment => false,
                Some(Cell::Sql(_) | Cell::Id(_)) if definition.auto_increment => rows.explicit > 0,
                Some(Cell::Default) | None => {
                    !matches!(definition.default, ColumnDefault::Null | ColumnDefault::None) || !definition.nullable
                }
                Some(Cell::Sql(_) | Cell::Id(_)) => true,
            }
        })
    })
}

/// The condition under which a stored row conflicts with a new one on a key; `None` when none can.
fn conflict(table: &Table, key: &Key, columns: &[usize], cells: &[Cell]) -> Result<Option<String>, SqlError> {
    let Some(parts) = key_columns(table, key) else {
        return Err(SqlError::unsupported("REPLACE over a key prefix or expression"));
    };
    let mut terms = Vec::with_capacity(parts.len());
    for column in parts {
        let Some(definition) = table.columns.get(column) else { return Ok(None) };
        match columns.iter().position(|at| *at == column).and_then(|at| cells.get(at)) {
            Some(Cell::Sql(sql) | Cell::Id(sql)) => {
                let own = compared_column(table, definition, &quote::identifier(&definition.name));
                terms.push(format!("{own} = {}", compared_column(table, definition, sql)))
            }
            Some(Cell::Null) => return Ok(None),
            Some(Cell::Default) | None if definition.auto_increment => return Ok(None),
            Some(Cell::Default) | None if matches!(definition.default, ColumnDefault::Null | ColumnDefault::None) => {
                return Ok(None);
            }
            Some(Cell::Default) | None => return Err(SqlError::unsupported("REPLACE with a defaulted key column")),
        }
    }
    Ok(Some(format!("({})", terms.join(" AND "))))
}
