//! UPDATE and DELETE row by row: where the order decides whether a unique key is violated, and IGNORE.
//!
//! MySQL checks unique keys after each row, so `SET id = id + 1` fails or succeeds by the order of the rows: that of
//! ORDER BY, else in practice that of the primary key. PostgreSQL's order is that of its heap. The rows are locked in
//! MySQL's order first and then changed one after the other; see [`crate::sql::rowwise`].

use super::*;
use crate::sql::insert::sequence;
use crate::sql::rowwise::{self, PLACE};

/// Which rows: names, conditions, ORDER BY and LIMIT.
pub(super) type Chosen<'a> = (&'a Scope<'a>, &'a [String], (&'a [OrderByExpr], Option<&'a Expr>));

impl Lowering<'_> {
    /// True when several rows may get values of a unique key.
    pub(super) fn order_matters(&self, table: &Table, scope: &Scope<'_>, changes: &[Change]) -> bool {
        let unique = changes.iter().any(|change| rowwise::is_unique_part(table, change.column));
        // LAST_INSERT_ID(expr) keeps the value of the last row.
        let told = changes.iter().any(|change| change.sql.contains("\"mysql\".last_insert_id("));
        if !(unique || told) || self.context.purpose == Purpose::Replay {
            return false;
        }
        let fixed: Vec<usize> =
            scope.equal.iter().filter(|(left, right)| left == right).map(|(fixed, _)| fixed.column).collect();
        let one_row = unique_keys(table)
            .into_iter()
            .filter_map(|key| key_columns(table, key))
            .any(|columns| columns.iter().all(|column| fixed.contains(column)));
        !one_row
    }

    /// WHERE, ORDER BY (the primary key where none is said) and LIMIT of the rows; `quoted` is the table's alias.
    fn selection(&mut self, table: &Arc<Table>, quoted: &str, chosen: Chosen<'_>) -> Result<String, SqlError> {
        let (scope, conditions, (order, limit)) = chosen;
        let count = match limit {
            Some(limit) => self.row_count("LIMIT", limit)?,
            None => String::new(),
        };
        let mut order = self.order_items(order, Place::new(scope, "order clause"))?;
        if order.is_empty()
            && let Some(columns) = table.primary_key().and_then(|key| key_columns(table, key))
        {
            let own = |column: &Column| {
                compared_column(table, column, &format!("{quoted}.{}", quote::identifier(&column.name)))
            };
            order = columns.iter().filter_map(|at| table.columns.get(*at)).map(own).collect();
        }
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        Ok(format!("{filter}{order}{count}"))
    }

    /// The rows' places, locked, in order.
    fn places(&mut self, table: &Arc<Table>, alias: &str, chosen: Chosen<'_>) -> Result<String, SqlError> {
        super::super::merge::check_placeless(table, "a write row by row")?;
        let quoted = quote::identifier(alias);
        let selection = self.selection(table, &quoted, chosen)?;
        Ok(format!("ARRAY(SELECT {quoted}.ctid FROM {} AS {quoted}{selection} FOR UPDATE)", quote::table(&table.name)))
    }

    /// An UPDATE of the AUTO_INCREMENT column raises the counter.
    pub(super) fn with_counter(&self, table: &Table, changes: &[Change], update: String) -> Result<String, SqlError> {
        let id = changes.iter().find(|change| table.columns.get(change.column).is_some_and(|own| own.auto_increment));
        let Some(id) = id.filter(|_| self.context.purpose == Purpose::Serve) else { return Ok(update) };
        Ok(format!(
            "WITH changed AS ({update} RETURNING {} AS id) SELECT \"mysql\".reach({}, id::numeric) FROM changed",
            quote::identifier(&id.name),
            sequence(table)?
        ))
    }

    /// UPDATE in order, or UPDATE IGNORE.
    pub(super) fn update_ordered(
        &mut self,
        table: &Arc<Table>,
        alias: &str,
        changes: &[Change],
        chosen: Chosen<'_>,
        ignore: bool,
    ) -> Result<WritePlan, SqlError> {
        let places = self.places(table, alias, chosen)?;
        let (name, quoted) = (quote::table(&table.name), quote::identifier(alias));
        let (set, differs) = set_where(changes, &quoted);
        let change = format!("UPDATE {name} AS {quoted} SET {set} WHERE {quoted}.ctid = {PLACE} AND ({differs})");
        let change = self.with_counter(table, changes, change)?;
        let (mut entries, mut failing) = ("NULL::text[]".to_owned(), "NULL::text[]".to_owned());
        if ignore {
            let value = |at: usize| {
                let new = changes.iter().find(|change| change.column == at);
                let own = || Some(format!("{quoted}.{}", column_names(table, [&at])));
                new.map(|change| format!("({})", quiet(&change.sql))).or_else(own)
            };
            let mut items = Vec::new();
            for key in unique_keys(table) {
                let index = ddl::index_name(&table.name.table, &key.name);
                let entry = rowwise::entry(table, key, &value)?;
                items.push(quote::literal(&index));
                items.push(
                    self.template(&format!("SELECT {entry} FROM {name} AS {quoted} WHERE {quoted}.ctid = {PLACE}")),
                );
            }
            entries = format!("ARRAY[{}]::text[]", items.join(", "));
            failing = rowwise::failing_rows(&self.context.catalogue, table).unwrap_or(failing);
        }
        let sql = format!(
            "SELECT matched, changed FROM \"mysql\".update_rows({places}, {}, {entries}, {failing})",
            self.template(&change)
        );
        Ok(self.write_plan(Verb::Update, sql, table, WriteResult::MatchedChanged, 0))
    }

    /// UPDATE whose values assign to variables: the values are computed once for each row, in the order of the rows, and
    /// stored afterwards.
    pub(super) fn update_assigning(
        &mut self,
        table: &Arc<Table>,
        alias: &str,
        changes: &[Change],
        chosen: Chosen<'_>,
        one_by_one: bool,
    ) -> Result<WritePlan, SqlError> {
        if one_by_one {
            return Err(SqlError::unsupported("assignment to a variable beside IGNORE or a unique key that changes"));
        }
        self.deterministic("assignment to a variable in UPDATE")?;
        super::super::merge::check_placeless(table, "assignment to a variable in UPDATE")?;
        let (variables, left) = self.end_assigning(changes.iter().map(|change| change.sql.as_str()))?;
        let (name, quoted) = (quote::table(&table.name), quote::identifier(alias));
        let selection = self.selection(table, &quoted, chosen)?;
        let values: Vec<String> = changes
            .iter()
            .enumerate()
            .map(|(at, change)| format!("({}){} AS n{at}", change.sql, change.cast))
            .collect();
        let set: Vec<String> = changes
            .iter()
            .enumerate()
            .map(|(at, change)| format!("{} = \"valued\".n{at}", quote::identifier(&change.name)))
            .collect();
        let differs: Vec<String> = changes
            .iter()
            .enumerate()
            .map(|(at, change)| {
                let collate = if change.text { " COLLATE \"C\"" } else { "" };
                let own = quote::identifier(&change.name);
                format!("{quoted}.{own}{collate} IS DISTINCT FROM \"valued\".n{at}{collate}")
            })
            .collect();
        let left: String = left.iter().map(|column| format!(", {column}")).collect();
        let sql = format!(
            "WITH \"valued\" AS MATERIALIZED (SELECT {quoted}.ctid AS place, {} FROM {name} AS {quoted}{selection} \
             FOR UPDATE), changed AS (UPDATE {name} AS {quoted} SET {} FROM \"valued\" WHERE {quoted}.ctid = \
             \"valued\".place AND ({}) RETURNING 1) SELECT (SELECT count(*) FROM \"valued\"), (SELECT count(*) FROM \
             changed){left}",
            values.join(", "),
            set.join(", "),
            differs.join(" OR "),
        );
        let plan = self.write_plan(Verb::Update, counted(&sql), table, WriteResult::MatchedChanged, 0);
        Ok(WritePlan { variables, ..plan })
    }

    /// DELETE IGNORE of a table that others refer to.
    pub(super) fn delete_ordered(
        &mut self,
        table: &Arc<Table>,
        alias: &str,
        chosen: Chosen<'_>,
        failing: &str,
    ) -> Result<WritePlan, SqlError> {
        let places = self.places(table, alias, chosen)?;
        let gone = self.template(&format!("DELETE FROM {} WHERE ctid = {PLACE}", quote::table(&table.name)));
        let sql = format!("SELECT 0, 0, \"mysql\".delete_rows({places}, {gone}, {failing}), 0, 0, NULL, NULL");
        Ok(self.write_plan(Verb::Delete, sql, table, WriteResult::Counted { many: false }, 0))
    }
}
