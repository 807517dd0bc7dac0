//! UPDATE and DELETE.
//!
//! MySQL counts rows that it matched and rows that it changed. PostgreSQL's UPDATE returns new values only, so the
//! table is joined with itself by a unique key: the target's row is still locked and re-read by PostgreSQL when another
//! transaction changed it, so no update is lost.

mod joined;
mod ordered;

use std::sync::Arc;

use sqlparser::ast::{
    AssignmentTarget, Delete, Expr, FromTable, OrderByExpr, Query, SetExpr, Statement, TableFactor, TableWithJoins,
    Update,
};

use crate::schema::{Column, ColumnDefault, ColumnType, Table, compared_column, ddl, quote};

use super::assign::{Row, counted, is_guarded, quiet};
use super::dialect::Modifiers;
use super::expression::{Expression, Lowering, Written};
use super::from::{equalities, name_parts, spot};
use super::insert::{column_names, is_default};
use super::keys::{key_columns, unique_keys};
use super::lower::{Place, ValuesOf};
use super::plan::{Purpose, SqlError, TargetSql, Verb, WritePlan, WriteResult};
use super::rowwise;
use super::scope::{Relation, Scope};
use super::types::Type;

/// A column and its new value.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) column: usize,
    pub(super) name: String,
    pub(super) sql: String,
    text: bool,
    cast: String,
}

impl Change {
    /// True in PostgreSQL when the new value differs from the stored one, byte for byte.
    pub(super) fn differs(&self, stored: &str) -> String {
        self.compared(stored, &quiet(&self.sql))
    }

    fn compared(&self, stored: &str, sql: &str) -> String {
        let collate = if self.text { " COLLATE \"C\"" } else { "" };
        format!("{stored}.{}{collate} IS DISTINCT FROM ({sql}){}", quote::identifier(&self.name), self.cast)
    }
}

/// The SET list, and the condition that a row changes at all, for an UPDATE that leaves other rows alone. MySQL warns of
/// values that don't fit in those rows too, so it's the condition that warns, and it looks at every value.
pub(super) fn set_where(changes: &[Change], stored: &str) -> (String, String) {
    let guarded = changes.iter().any(|change| is_guarded(&change.sql));
    let set = changes.iter().map(|change| format!("{} = {}", quote::identifier(&change.name), quiet(&change.sql)));
    let differs = changes.iter().map(|change| change.compared(stored, &change.sql)).collect::<Vec<_>>();
    let differs = if guarded { format!("TRUE = ANY (ARRAY[{}])", differs.join(", ")) } else { differs.join(" OR ") };
    (set.collect::<Vec<_>>().join(", "), differs)
}

/// Alias of the table's earlier self.
const BEFORE: &str = "before_change";

impl Lowering<'_> {
    /// Assignments, left to right: later ones see earlier ones. Adds the columns that MySQL sets to the time by itself.
    pub(super) fn assignments(
        &mut self,
        table: &Arc<Table>,
        scope: &mut Scope<'_>,
        relation: usize,
        assignments: &[sqlparser::ast::Assignment],
        (values_of, row): (Option<&dyn ValuesOf>, Row),
    ) -> Result<Vec<Change>, SqlError> {
        self.form.null_becomes_default = true;
        let mut changes: Vec<Change> = Vec::with_capacity(assignments.len());
        let stored = scope.relations.get(relation).map(|relation| relation.columns.clone()).unwrap_or_default();
        for assignment in assignments {
            let AssignmentTarget::ColumnName(target) = &assignment.target else {
                return Err(SqlError::unsupported("assignment to a row"));
            };
            let name = name_parts(target).pop().unwrap_or_default();
            let at = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name));
            let at = at.ok_or_else(|| SqlError::unknown_column(&name, "field list"))?;
            let Some(column) = table.columns.get(at) else { continue };
            if column.generated.is_some() && is_default(&assignment.value) {
                // That is what it has anyway.
                continue;
            }
            let sql = if is_default(&assignment.value) {
                self.default_value(table, at)?
            } else {
                let place = Place { values_of, ..Place::new(scope, "field list") };
                let value = self.lower(&assignment.value, place)?;
                let ty = Type::of_column(column);
                if is_own_value(&assignment.value, &column.name) {
                    // It's as the column holds it.
                    self.own(&value)?
                } else if value.is_null() && column.nullable {
                    format!("NULL::{}", ty.map_or("text", |ty| ty.carrier.name()))
                } else if let Some(ty) = ty.filter(|_| value.is_null() && self.rules().null_becomes_default) {
                    // Computed in each row, which is warned of; a value that is bound would be once.
                    let null = Expression::sql(format!("NULL::{}", ty.carrier.name()), ty, true);
                    self.assign(table, at, row, &null)?
                } else {
                    let value = self.where_it_happens(table, at, value)?;
                    self.assign(table, at, row, &value)?
                }
            };
            changes.retain(|change| change.column != at);
            changes.push(change_of(at, column, &sql));
            if let Some(own) = scope.relations.get_mut(relation).and_then(|relation| relation.columns.get_mut(at)) {
                own.sql = format!("({}){}", quiet(&sql), column_cast(&column.column_type));
                own.origin = None;
            }
        }
        let differs: Vec<String> = changes
            .iter()
            .filter_map(|change| Some((change, stored.get(change.column)?)))
            .map(|(change, own)| {
                let qualifier = own.sql.rsplit_once('.').map_or("", |(qualifier, _)| qualifier);
                change.differs(qualifier)
            })
            .collect();
        for (at, column) in table.columns.iter().enumerate() {
            let Some(fraction) = column.on_update_now else { continue };
            let Some(own) = stored.get(at).filter(|_| changes.iter().all(|change| change.column != at)) else {
                continue;
            };
            let now = self.moment(column, fraction);
            let sql = format!("CASE WHEN {} THEN {now} ELSE {} END", differs.join(" OR "), own.sql);
            changes.push(change_of(at, column, &sql));
        }
        Ok(changes)
    }

    /// `SET column = DEFAULT`.
    fn default_value(&mut self, table: &Arc<Table>, at: usize) -> Result<String, SqlError> {
        let Some(column) = table.columns.get(at) else { return Err(SqlError::unsupported("an unknown column")) };
        let carrier = Type::of_column(column).map_or("text", |ty| ty.carrier.name());
        match &column.default {
            ColumnDefault::Now(fraction) => Ok(self.moment(column, *fraction)),
            ColumnDefault::None if !column.nullable => Err(SqlError::no_default(&column.name)),
            ColumnDefault::None | ColumnDefault::Null => Ok(format!("NULL::{carrier}")),
            ColumnDefault::Constant(_) | ColumnDefault::Expression(_) => {
                let default = ddl::column_default(table, column).ok().flatten();
                let default = default
                    .ok_or_else(|| SqlError::unsupported(format_args!("the default of column {}", column.name)))?;
                Ok(format!("({default})::{carrier}"))
            }
        }
    }

    /// Plans an UPDATE.
    pub(super) fn update(&mut self, update: &Update, modifiers: Modifiers) -> Result<WritePlan, SqlError> {
        if modifiers.ignore {
            self.deterministic("UPDATE IGNORE")?;
        }
        self.form.ignore = modifiers.ignore;
        if !update.table.joins.is_empty() || !matches!(update.table.relation, TableFactor::Table { .. }) {
            return self.update_join(update, modifiers);
        }
        let (table, alias) = self.target(&update.table)?;
        self.check_replay(&table)?;
        let mut scope = Scope::default();
        let database = Some(table.title().database.clone()).filter(|_| alias == table.title().table);
        scope.add(Relation::of_table(&table, &alias, database)?)?;
        self.written.push(Written { table: table.name.clone(), called: alias.clone(), under_any_name: true });
        let mut conditions = self.conditions(update.selection.as_ref(), &mut scope)?;
        let mut changed = scope.clone();
        let row = if names_a_row(&table, &scope) { Row::Given(1) } else { Row::Changed };
        self.begin_assigning();
        let changes = self.assignments(&table, &mut changed, 0, &update.assignments, (None, row))?;
        if changes.is_empty() {
            return Err(SqlError::syntax("", 1));
        }
        if self.assigning.happens() {
            self.check_update_fires(&table, "UPDATE that assigns to variables")?;
            let chosen = (&scope, conditions.as_slice(), (update.order_by.as_slice(), update.limit.as_ref()));
            let ignore = modifiers.ignore || self.order_matters(&table, &scope, &changes);
            return self.update_assigning(&table, &alias, &changes, chosen, ignore);
        }
        if modifiers.ignore || self.order_matters(&table, &scope, &changes) {
            self.check_update_fires(&table, "UPDATE in the order of the rows")?;
            let chosen = (&scope, conditions.as_slice(), (update.order_by.as_slice(), update.limit.as_ref()));
            return self.update_ordered(&table, &alias, &changes, chosen, modifiers.ignore);
        }
        let limited = self.limited(&table, &alias, &scope, &conditions, (&update.order_by, update.limit.as_ref()))?;
        let few = self.context.purpose == Purpose::Serve && limited.is_none() && names_a_row(&table, &scope);
        if let Some(limited) = limited {
            conditions = vec![limited];
        }
        if row_key(&table).is_none() {
            self.check_update_fires(&table, "UPDATE without a key that isn't NULL")?;
        }
        let (sql, result) = self.update_sql(&table, &alias, (&changes, &conditions), few);
        let sql = counted(&sql);
        Ok(self.write_plan(Verb::Update, sql, &table, result, 0))
    }

    /// The statement, and how its rows are counted: here when there are `few`, by PostgreSQL otherwise.
    fn update_sql(
        &self,
        table: &Table,
        alias: &str,
        (changes, conditions): (&[Change], &[String]),
        few: bool,
    ) -> (String, WriteResult) {
        let name = quote::table(&table.name);
        let alias = quote::identifier(alias);
        let set: Vec<String> =
            changes.iter().map(|change| format!("{} = {}", quote::identifier(&change.name), change.sql)).collect();
        let set = set.join(", ");
        let before = quote::identifier(BEFORE);
        let by_place =
            || (self.context.purpose == Purpose::Replay).then(|| vec![format!("{before}.ctid = {alias}.ctid")]);
        let by_key = row_key(table).map(|key| {
            let columns = key.iter().filter_map(|at| table.columns.get(*at));
            let of = |side: &str, column: &Column| {
                compared_column(table, column, &format!("{side}.{}", quote::identifier(&column.name)))
            };
            columns.map(|column| format!("{} = {}", of(&before, column), of(&alias, column))).collect::<Vec<_>>()
        });
        // A replay meets no concurrent writer, so there a row's place names it too.
        let Some(mut all) = by_key.or_else(by_place) else {
            // Without a key the rows are counted and locked first; those that stay the same are left alone.
            let (set, differs) = set_where(changes, &alias);
            let filter =
                if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
            let mut all = conditions.to_vec();
            // PostgreSQL may ask the conditions in any order, and a value may fail only in rows that are chosen.
            all.push(if is_guarded(&differs) && !conditions.is_empty() {
                format!("CASE WHEN {} THEN {differs} ELSE FALSE END", conditions.join(" AND "))
            } else {
                format!("({differs})")
            });
            let sql = format!(
                "WITH matched AS MATERIALIZED (SELECT 1 FROM {name} AS {alias}{filter} FOR UPDATE), \
                 changed AS (UPDATE {name} AS {alias} SET {set} WHERE {} RETURNING 1) \
                 SELECT (SELECT count(*) FROM matched), (SELECT count(*) FROM changed)",
                all.join(" AND ")
            );
            return (sql, WriteResult::MatchedChanged);
        };
        all.extend(conditions.iter().cloned());
        let fired = self.fired_columns(table).into_iter();
        let fired: Vec<Change> = fired
            .filter(|at| changes.iter().all(|change| change.column != *at))
            .filter_map(|at| Some(change_of(at, table.columns.get(at)?, "")))
            .collect();
        let side = |side: &str| {
            let columns = changes.iter().chain(&fired).map(|change| {
                let collate = if change.text { " COLLATE \"C\"" } else { "" };
                format!("{side}.{}{collate}", quote::identifier(&change.name))
            });
            columns.collect::<Vec<_>>().join(", ")
        };
        let id = changes.iter().find(|change| table.columns.get(change.column).is_some_and(|own| own.auto_increment));
        let raised = match (id, ddl::sequence(table)) {
            (Some(id), Some(sequence)) if self.context.purpose == Purpose::Serve => format!(
                ", \"mysql\".reach({}::regclass, {alias}.{}::numeric)",
                quote::literal(&sequence),
                quote::identifier(&id.name)
            ),
            (_, _) => String::new(),
        };
        let update = format!(
            "UPDATE {name} AS {alias} SET {set} FROM {name} AS {before} WHERE {} \
             RETURNING ({}) IS DISTINCT FROM ({}) AS differs{raised}",
            all.join(" AND "),
            side(&before),
            side(&alias),
        );
        if few {
            return (update, WriteResult::Differing);
        }
        let counted = "SELECT count(*), count(*) FILTER (WHERE differs) FROM changed";
        (format!("WITH changed AS ({update}) {counted}"), WriteResult::MatchedChanged)
    }

    /// Plans a DELETE.
    pub(super) fn delete(&mut self, delete: &Delete, modifiers: Modifiers) -> Result<WritePlan, SqlError> {
        if modifiers.ignore {
            self.deterministic("DELETE IGNORE")?;
        }
        self.form.ignore = modifiers.ignore;
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let joined = !delete.tables.is_empty()
            || delete.using.is_some()
            || from.len() != 1
            || from.iter().any(|from| !from.joins.is_empty());
        if joined {
            return self.delete_join(delete, from, modifiers);
        }
        let Some(from) = from.first() else { return Err(SqlError::syntax("", 1)) };
        let (table, alias) = self.target(from)?;
        self.check_replay(&table)?;
        let mut scope = Scope::default();
        let database = Some(table.title().database.clone()).filter(|_| alias == table.title().table);
        scope.add(Relation::of_table(&table, &alias, database)?)?;
        self.written.push(Written { table: table.name.clone(), called: alias.clone(), under_any_name: true });
        let mut conditions = self.conditions(delete.selection.as_ref(), &mut scope)?;
        if modifiers.ignore
            && let Some(failing) = rowwise::failing(&self.context.catalogue, &table)
        {
            let chosen = (&scope, conditions.as_slice(), (delete.order_by.as_slice(), delete.limit.as_ref()));
            return self.delete_ordered(&table, &alias, chosen, &failing);
        }
        if let Some(limited) =
            self.limited(&table, &alias, &scope, &conditions, (&delete.order_by, delete.limit.as_ref()))?
        {
            conditions = vec![limited];
        }
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let sql = format!("DELETE FROM {} AS {}{filter}", quote::table(&table.name), quote::identifier(&alias));
        Ok(self.write_plan(Verb::Delete, sql, &table, WriteResult::Tag, 0))
    }

    /// The one table of a statement and its alias.
    fn target(&self, from: &TableWithJoins) -> Result<(Arc<Table>, String), SqlError> {
        let TableFactor::Table { name, alias, partitions, index_hints, .. } = &from.relation else {
            return Err(SqlError::unsupported("a write to a derived table"));
        };
        if !partitions.is_empty() {
            return Err(SqlError::unsupported("PARTITION"));
        }
        let table = super::merge::written(self.table(name)?);
        let alias = alias.as_ref().map_or_else(|| table.title().table.clone(), |alias| alias.name.value.clone());
        self.check_hints(index_hints, &table, &alias)?;
        Ok((table, alias))
    }

    /// WITH … UPDATE and WITH … DELETE.
    pub(super) fn write_with(&mut self, query: &Query, modifiers: Modifiers) -> Result<WritePlan, SqlError> {
        let with = self.with(query, None)?;
        let mut plan = match &*query.body {
            SetExpr::Update(Statement::Update(update)) => self.update(update, modifiers)?,
            SetExpr::Delete(Statement::Delete(delete)) => self.delete(delete, modifiers)?,
            _other => return Err(SqlError::unsupported("WITH before this statement")),
        };
        let sql = plan.sql.0.as_str();
        // The small statements of a helper don't see the common table expressions.
        if sql.contains("\"mysql\".update_rows(") || sql.contains("\"mysql\".delete_rows(") {
            return Err(SqlError::unsupported("WITH before a write that is carried out row by row"));
        }
        plan.sql = TargetSql(match sql.strip_prefix("WITH ") {
            Some(rest) => format!("{}, {rest}", with.trim_end()),
            None => format!("{with}{sql}"),
        });
        Ok(plan)
    }

    fn conditions(&mut self, selection: Option<&Expr>, scope: &mut Scope<'_>) -> Result<Vec<String>, SqlError> {
        let Some(selection) = selection else { return Ok(Vec::new()) };
        let found = equalities(selection, scope);
        scope.equal.extend(found);
        Ok(vec![self.filter(selection, scope)?])
    }

    /// ORDER BY and LIMIT: the rows are chosen and locked first. A replay needs the choice to be the same everywhere.
    fn limited(
        &mut self,
        table: &Arc<Table>,
        alias: &str,
        scope: &Scope<'_>,
        conditions: &[String],
        (order, limit): (&[OrderByExpr], Option<&Expr>),
    ) -> Result<Option<String>, SqlError> {
        let Some(limit) = limit else { return Ok(None) };
        super::merge::check_placeless(table, "LIMIT of a write")?;
        if self.context.purpose == Purpose::Replay {
            let fixed: Vec<usize> =
                scope.equal.iter().filter(|(left, right)| left == right).map(|(fixed, _)| fixed.column).collect();
            let ordered = order.iter().filter_map(|item| spot(&item.expr, scope)).map(|spot| spot.column);
            let known: Vec<usize> = fixed.into_iter().chain(ordered).collect();
            let total = unique_keys(table).into_iter().filter_map(|key| key_columns(table, key)).any(|columns| {
                columns.iter().all(|column| {
                    known.contains(column) && table.columns.get(*column).is_some_and(|column| !column.nullable)
                })
            });
            if !total {
                return Err(SqlError::unsupported("replay of LIMIT without ORDER BY on a unique key"));
            }
        }
        let count = self.row_count("LIMIT", limit)?;
        let order = self.order_items(order, Place::new(scope, "order clause"))?;
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let quoted = quote::identifier(alias);
        let key: Vec<String> = match row_key(table) {
            Some(key) => key.iter().map(|at| format!("{quoted}.{}", column_names(table, [at]))).collect(),
            None => vec![format!("{quoted}.ctid")],
        };
        let key = key.join(", ");
        // Materialised: a subquery that locks may be executed for each row that meets it, and would choose further rows
        // then, since those that are changed already are passed over.
        Ok(Some(format!(
            "({key}) IN (WITH \"chosen\" AS MATERIALIZED (SELECT {key} FROM {} AS {quoted}{filter}{order}{count} FOR \
             UPDATE) SELECT * FROM \"chosen\")",
            quote::table(&table.name)
        )))
    }
}

/// True for `VALUES(column)` of the column itself.
fn is_own_value(value: &Expr, column: &str) -> bool {
    let Expr::Function(function) = value else { return false };
    let named = matches!(function.name.0.as_slice(), [name] if name.to_string().eq_ignore_ascii_case("values"));
    let sqlparser::ast::FunctionArguments::List(list) = &function.args else { return false };
    match list.args.as_slice() {
        [sqlparser::ast::FunctionArg::Unnamed(sqlparser::ast::FunctionArgExpr::Expr(Expr::Identifier(own)))] => {
            named && own.value.eq_ignore_ascii_case(column)
        }
        _other => false,
    }
}

/// A key that names each row: the primary key, or a unique one without NULLs.
fn row_key(table: &Table) -> Option<Vec<usize>> {
    unique_keys(table)
        .into_iter()
        .filter_map(|key| key_columns(table, key))
        .find(|columns| columns.iter().all(|at| table.columns.get(*at).is_some_and(|column| !column.nullable)))
}

/// True when the condition says the value of every column of a key that names rows: hardly more than one will match.
fn names_a_row(table: &Table, scope: &Scope<'_>) -> bool {
    let fixed = |at: &usize| scope.equal.iter().any(|(left, right)| left == right && left.column == *at);
    row_key(table).is_some_and(|key| key.iter().all(fixed))
}

/// Rounds a new value to what the column will hold, for comparing it with the stored one.
pub(super) fn column_cast(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Decimal { precision, scale, .. } => format!("::numeric({precision},{scale})"),
        ColumnType::DateTime { fraction } => format!("::timestamp({fraction})"),
        ColumnType::Timestamp { fraction } => format!("::timestamptz({fraction})"),
        ColumnType::Float { .. } => "::float4".to_owned(),
        _exact => String::new(),
    }
}

fn change_of(at: usize, column: &crate::schema::Column, sql: &str) -> Change {
    Change {
        column: at,
        name: column.name.clone(),
        sql: sql.to_owned(),
        text: crate::schema::types::is_character(&column.column_type),
        cast: column_cast(&column.column_type),
    }
}
