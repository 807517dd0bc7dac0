//! UPDATE and DELETE over joins, of one table or several.
//!
//! The join is read once, and what it says of each target is kept: which row, and which new values. Each row is
//! written once, by the first line of the join that has it, as in MySQL. A target with a unique key is found again by
//! it, so PostgreSQL follows a row that another transaction changed while we waited for its lock. One without is
//! locked and then changed by its place, row by row; so is one whose unique keys change.
//!
//! What one target is set to may not depend on another target's new values: MySQL's own manual doesn't define it.

use super::*;
use crate::sql::rowwise::{self, PLACE, ROW};

/// Stands in for a column that another target's assignment has changed.
const CHANGED: &str = "\"mysql\".\"changed by another assignment\"";

/// A table that is written.
struct Target {
    relation: usize,
    table: Arc<Table>,
    alias: String,
    optional: bool,
    assignments: Vec<sqlparser::ast::Assignment>,
}

impl Lowering<'_> {
    /// UPDATE over a join.
    pub(super) fn update_join(&mut self, update: &Update, modifiers: Modifiers) -> Result<WritePlan, SqlError> {
        self.deterministic("UPDATE over a join")?;
        if !update.order_by.is_empty() {
            return Err(SqlError::new(1221, "HY000", "Incorrect usage of UPDATE and ORDER BY".to_owned()));
        }
        if update.limit.is_some() {
            return Err(SqlError::new(1221, "HY000", "Incorrect usage of UPDATE and LIMIT".to_owned()));
        }
        if modifiers.ignore {
            return Err(SqlError::unsupported("UPDATE IGNORE over a join"));
        }
        let mut scope = Scope::default();
        let from = self.from(std::slice::from_ref(&update.table), &mut scope)?;
        let targets = self.update_targets(update, &scope)?;
        self.check_targets(&targets, Verb::Update)?;
        let conditions = self.conditions(update.selection.as_ref(), &mut scope)?;
        let (mut list, mut parts, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (number, target) in targets.iter().enumerate() {
            let changes = self.target_changes(&scope, &targets, target)?;
            let (columns, part) = self.update_part(number, target, &changes)?;
            list.extend(columns);
            counts.push(format!("u{number}"));
            parts.push(part);
        }
        let locked = locked(&targets);
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let sum = |column: &str| {
            let all: Vec<String> = counts.iter().map(|count| format!("(SELECT {column} FROM {count})")).collect();
            all.join(" + ")
        };
        // Ours are told from the client's common table expressions by their names.
        let sql = format!(
            "WITH found AS MATERIALIZED (SELECT {} FROM {from}{filter}{locked}), \
             numbered AS MATERIALIZED (SELECT *, row_number() OVER () AS line FROM found), {} SELECT {}, {}",
            list.join(", "),
            parts.join(", "),
            sum("matched"),
            sum("changed"),
        );
        let sql = counted(&sql);
        let Some(first) = targets.first() else { return Err(SqlError::syntax("", 1)) };
        let mut plan = self.write_plan(Verb::Update, sql, &first.table, WriteResult::MatchedChanged, 0);
        plan.tables = targets.iter().map(|target| target.table.name.clone()).collect();
        Ok(plan)
    }

    /// The tables that SET names, each with its assignments.
    fn update_targets(&self, update: &Update, scope: &Scope<'_>) -> Result<Vec<Target>, SqlError> {
        let mut targets: Vec<Target> = Vec::new();
        for assignment in &update.assignments {
            let AssignmentTarget::ColumnName(name) = &assignment.target else {
                return Err(SqlError::unsupported("assignment to a row"));
            };
            let parts = name_parts(name);
            let (qualifier, column) = match parts.as_slice() {
                [column] => ((None, None), column),
                [table, column] => ((None, Some(table.as_str())), column),
                [.., database, table, column] => ((Some(database.as_str()), Some(table.as_str())), column),
                [] => return Err(SqlError::syntax("", 1)),
            };
            let name = crate::sql::scope::Name { database: qualifier.0, table: qualifier.1, column };
            let found = scope.find(&name, "field list")?;
            let found = found.ok_or_else(|| SqlError::unknown_column(&parts.join("."), "field list"))?;
            if let Some(known) = targets.iter_mut().find(|target| target.relation == found.relation) {
                known.assignments.push(assignment.clone());
                continue;
            }
            let Some(relation) = scope.relations.get(found.relation) else { continue };
            let Some(table) = relation.table.clone() else {
                let text = format!("The target table {} of the UPDATE is not updatable", relation.alias);
                return Err(SqlError::new(1288, "HY000", text));
            };
            targets.push(Target {
                relation: found.relation,
                table,
                alias: relation.alias.clone(),
                optional: relation.optional,
                assignments: vec![assignment.clone()],
            });
        }
        Ok(targets)
    }

    /// Notes what is written. One table under two names is refused, but for DELETE by a key: a row that both names find
    /// is deleted once, and counted once, here and in MySQL.
    fn check_targets(&mut self, targets: &[Target], verb: Verb) -> Result<(), SqlError> {
        for (at, target) in targets.iter().enumerate() {
            self.check_replay(&target.table)?;
            if verb == Verb::Update {
                self.check_update_fires(&target.table, "UPDATE over a join")?;
            }
            crate::sql::merge::check_placeless(&target.table, "a write over a join")?;
            let deletes = verb == Verb::Delete && row_key(&target.table).is_some();
            if !deletes && targets.iter().take(at).any(|other| other.table.name == target.table.name) {
                return Err(SqlError::unsupported("a write to one table under two names"));
            }
            let (table, called) = (target.table.name.clone(), target.alias.clone());
            self.written.push(Written { table, called, under_any_name: true });
        }
        Ok(())
    }

    fn target_changes(
        &mut self,
        scope: &Scope<'_>,
        targets: &[Target],
        target: &Target,
    ) -> Result<Vec<Change>, SqlError> {
        let mut own = scope.clone();
        for other in targets.iter().filter(|other| other.relation != target.relation) {
            for assignment in &other.assignments {
                let name = crate::sql::insert::assigned_name(&assignment.target.to_string());
                let columns = own.relations.get_mut(other.relation).map(|relation| &mut relation.columns);
                for column in columns.into_iter().flatten().filter(|column| column.name.eq_ignore_ascii_case(&name)) {
                    CHANGED.clone_into(&mut column.sql);
                }
            }
        }
        let changes =
            self.assignments(&target.table, &mut own, target.relation, &target.assignments, (None, Row::Changed))?;
        if changes.iter().any(|change| change.sql.contains(CHANGED)) {
            return Err(SqlError::unsupported("an assignment that reads what another table's assignment changes"));
        }
        Ok(changes)
    }

    /// What a target takes from the join, and the query that writes it and counts.
    fn update_part(
        &self,
        number: usize,
        target: &Target,
        changes: &[Change],
    ) -> Result<(Vec<String>, String), SqlError> {
        let table = &target.table;
        let alias = quote::identifier(&target.alias);
        let name = quote::table(&table.name);
        let changes_keys = changes.iter().any(|change| rowwise::is_unique_part(table, change.column));
        let mut list: Vec<String> = changes
            .iter()
            .enumerate()
            .map(|(at, change)| format!("({}){} AS v{number}_{at}", change.sql, change.cast))
            .collect();
        let Some(key) = row_key(table).filter(|_| !changes_keys) else {
            if target.optional {
                return Err(SqlError::unsupported("UPDATE of the optional side of a join without a stable unique key"));
            }
            list.push(format!("{alias}.ctid AS k{number}"));
            let (mut set, mut differs) = (Vec::new(), Vec::new());
            let mut row = vec![format!("k{number}::text")];
            for (at, change) in changes.iter().enumerate() {
                row.push(format!("v{number}_{at}::text"));
                let carrier = table.columns.get(change.column).and_then(Type::of_column);
                let value = format!("({ROW})[{}]::{}", at + 2, carrier.map_or("text", |ty| ty.carrier.name()));
                set.push(format!("{} = {value}", quote::identifier(&change.name)));
                differs.push(Change { sql: value, ..change.clone() }.differs("\"target\""));
            }
            let sql = format!(
                "UPDATE {name} AS \"target\" SET {} WHERE \"target\".ctid = {PLACE} AND ({})",
                set.join(", "),
                differs.join(" OR ")
            );
            let part = format!(
                "u{number} AS MATERIALIZED (SELECT matched, changed FROM \"mysql\".update_joined((SELECT array_agg(ARRAY[{}] ORDER BY line) \
                 FROM (SELECT DISTINCT ON (k{number}) * FROM numbered ORDER BY k{number}, line) AS lines), {}))",
                row.join(", "),
                self.template(&sql)
            );
            return Ok((list, part));
        };
        let (mut matched, mut names) = (Vec::new(), Vec::new());
        for (nth, at) in key.iter().enumerate() {
            let column = column_names(table, [at]);
            list.push(format!("{alias}.{column} AS k{number}_{nth}"));
            names.push(format!("k{number}_{nth}"));
            matched.push(format!("\"target\".{column} = lines.k{number}_{nth}"));
        }
        let (mut set, mut differs) = (Vec::new(), Vec::new());
        for (at, change) in changes.iter().enumerate() {
            let column = quote::identifier(&change.name);
            let collate = if change.text { " COLLATE \"C\"" } else { "" };
            set.push(format!("{column} = lines.v{number}_{at}"));
            list.push(format!("{alias}.{column} AS o{number}_{at}"));
            differs.push(format!("lines.o{number}_{at}{collate} IS DISTINCT FROM \"target\".{column}"));
        }
        let first = names.first().cloned().unwrap_or_default();
        let names = names.join(", ");
        let update = format!(
            "UPDATE {name} AS \"target\" SET {} FROM (SELECT DISTINCT ON ({names}) * FROM numbered WHERE {first} IS NOT NULL \
             ORDER BY {names}, line) AS lines WHERE {} RETURNING ({}) AS differs",
            set.join(", "),
            matched.join(" AND "),
            differs.join(" OR "),
        );
        let counted = format!(
            "w{number} AS ({update}), u{number} AS (SELECT count(*) AS matched, count(*) FILTER (WHERE differs) AS changed FROM w{number})"
        );
        Ok((list, counted))
    }

    /// `DELETE a, b FROM a JOIN b …` and `DELETE FROM a, b USING a JOIN b …`.
    pub(super) fn delete_join(
        &mut self,
        delete: &Delete,
        from: &[TableWithJoins],
        modifiers: Modifiers,
    ) -> Result<WritePlan, SqlError> {
        // The first form names its targets before FROM, the second one in FROM.
        let (names, sources): (Vec<Vec<String>>, &[TableWithJoins]) = match (&delete.using, delete.tables.as_slice()) {
            (Some(using), []) => {
                let names = from.iter().filter_map(|from| match &from.relation {
                    TableFactor::Table { name, .. } => Some(name_parts(name)),
                    _other => None,
                });
                (names.collect(), using)
            }
            (_, tables) => (tables.iter().map(name_parts).collect(), from),
        };
        let mut scope = Scope::default();
        let from = self.from(sources, &mut scope)?;
        let mut targets = Vec::new();
        for name in &names {
            let called = name.last().map(String::as_str).unwrap_or_default();
            let found = scope.relations.iter().position(|relation| relation.alias.eq_ignore_ascii_case(called));
            let unknown = || SqlError::new(1109, "42S02", format!("Unknown table '{called}' in MULTI DELETE"));
            let relation = found.ok_or_else(unknown)?;
            let Some(found) = scope.relations.get(relation) else { return Err(unknown()) };
            let Some(table) = found.table.clone() else {
                let text = format!("The target table {} of the DELETE is not updatable", found.alias);
                return Err(SqlError::new(1288, "HY000", text));
            };
            targets.push(Target {
                relation,
                table,
                alias: found.alias.clone(),
                optional: found.optional,
                assignments: Vec::new(),
            });
        }
        self.check_targets(&targets, Verb::Delete)?;
        if targets.len() > 1 {
            self.deterministic("DELETE from several tables")?;
        }
        let conditions = self.conditions(delete.selection.as_ref(), &mut scope)?;
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        let (mut list, mut parts, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (number, target) in targets.iter().enumerate() {
            let (columns, part) = self.delete_part(number, target, modifiers)?;
            list.extend(columns);
            parts.push(part);
            counts.push(format!("(SELECT n FROM d{number})"));
        }
        let Some(first) = targets.first() else { return Err(SqlError::syntax("", 1)) };
        let locked = if self.context.purpose == Purpose::Replay { String::new() } else { locked(&targets) };
        let mut sql = format!(
            "WITH found AS MATERIALIZED (SELECT {} FROM {from}{filter}{locked}), {} SELECT 0, 0, {}, 0, 0, NULL, NULL",
            list.join(", "),
            parts.join(", "),
            counts.join(" + "),
        );
        let mut result = WriteResult::Counted { many: false };
        if let Some((delete, single)) = self.single_delete(&targets) {
            sql = format!("{delete} IN (SELECT {single} FROM {from}{filter})");
            result = WriteResult::Tag;
        }
        let mut plan = self.write_plan(Verb::Delete, sql, &first.table, result, 0);
        plan.tables = targets.iter().map(|target| target.table.name.clone()).collect();
        Ok(plan)
    }

    /// A replay deletes from one table by its key, and PostgreSQL's own count is compared.
    fn single_delete(&self, targets: &[Target]) -> Option<(String, String)> {
        let [target] = targets else { return None };
        let key = row_key(&target.table).filter(|_| self.context.purpose == Purpose::Replay)?;
        let alias = quote::identifier(&target.alias);
        let names: Vec<String> = key.iter().map(|at| column_names(&target.table, [at])).collect();
        let own: Vec<String> = names.iter().map(|name| format!("target.{name}")).collect();
        let found: Vec<String> = names.iter().map(|name| format!("{alias}.{name}")).collect();
        let delete = format!("DELETE FROM {} AS target WHERE ({})", quote::table(&target.table.name), own.join(", "));
        Some((delete, found.join(", ")))
    }

    fn delete_part(
        &self,
        number: usize,
        target: &Target,
        modifiers: Modifiers,
    ) -> Result<(Vec<String>, String), SqlError> {
        let table = &target.table;
        let alias = quote::identifier(&target.alias);
        let name = quote::table(&table.name);
        let failing = rowwise::failing(&self.context.catalogue, table).filter(|_| modifiers.ignore);
        let Some(key) = row_key(table).filter(|_| failing.is_none()) else {
            self.deterministic("DELETE over a join of a table without a unique key")?;
            if target.optional {
                return Err(SqlError::unsupported("DELETE from the optional side of a join without a unique key"));
            }
            let gone = self.template(&format!("DELETE FROM {name} WHERE ctid = {PLACE}"));
            let failing = failing.unwrap_or_else(|| "NULL::text[]".to_owned());
            let part = format!(
                "d{number} AS MATERIALIZED (SELECT \"mysql\".delete_rows(ARRAY(SELECT DISTINCT k{number} FROM found), {gone}, {failing}) AS n)"
            );
            return Ok((vec![format!("{alias}.ctid AS k{number}")], part));
        };
        let (mut list, mut own, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for (nth, at) in key.iter().enumerate() {
            let column = column_names(table, [at]);
            list.push(format!("{alias}.{column} AS k{number}_{nth}"));
            own.push(format!("\"target\".{column}"));
            found.push(format!("k{number}_{nth}"));
        }
        let part = format!(
            "w{number} AS (DELETE FROM {name} AS \"target\" WHERE ({}) IN (SELECT {} FROM found) RETURNING 1), \
             d{number} AS (SELECT count(*) AS n FROM w{number})",
            own.join(", "),
            found.join(", ")
        );
        Ok((list, part))
    }
}

/// Locks the rows of all targets that a lock can be taken of.
fn locked(targets: &[Target]) -> String {
    let names: Vec<String> =
        targets.iter().filter(|target| !target.optional).map(|target| quote::identifier(&target.alias)).collect();
    if names.is_empty() { String::new() } else { format!(" FOR UPDATE OF {}", names.join(", ")) }
}
