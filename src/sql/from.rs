//! FROM: tables, derived tables and joins.

use std::sync::Arc;

use sqlparser::ast::{
    BinaryOperator, Expr, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableIndexHints,
    TableWithJoins,
};

use crate::schema::{Key, KeyKind, Table, quote};

use super::expression::{Lowering, Origin, Written};
use super::information_schema;
use super::lower::Place;
use super::operators::unnested;
use super::plan::SqlError;
use super::scope::{Name, Relation, Scope, ScopeColumn, Spot};
use super::select::Derived;

/// The names in a dotted name.
pub(super) fn name_parts(name: &ObjectName) -> Vec<String> {
    name.0.iter().map(|part| part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone())).collect()
}

impl Lowering<'_> {
    /// The table that a name means.
    pub(super) fn table(&self, name: &ObjectName) -> Result<Arc<Table>, SqlError> {
        let parts = name_parts(name);
        let (database, table) = match parts.as_slice() {
            [table] => (self.context.database.as_deref().ok_or_else(SqlError::no_database)?, table),
            [database, table] => (database.as_str(), table),
            _other => return Err(SqlError::unsupported(format_args!("the name {name}"))),
        };
        // A temporary table outlives its database.
        let catalogue = &self.context.catalogue;
        if let Some(own) = catalogue.session.get(database, table, catalogue.lower_case_table_names != 0) {
            return Ok(Arc::clone(own));
        }
        let known = catalogue.database(database).is_some();
        if !known
            && ["information_schema", "performance_schema", "mysql", "sys"]
                .iter()
                .any(|own| database.eq_ignore_ascii_case(own))
        {
            return Err(SqlError::unsupported(format_args!("queries on {database}.{table}")));
        }
        if !known && parts.len() == 2 {
            return Err(SqlError::unknown_database(database));
        }
        let found = self.context.catalogue.table(database, table);
        if found.is_none() && self.context.catalogue.view(database, table).is_some() {
            return Err(SqlError::unsupported("a write through a view"));
        }
        let found = found.cloned().ok_or_else(|| SqlError::no_table(database, table))?;
        super::merge::opened(&self.context.catalogue, &found)?;
        Ok(found)
    }

    /// Lowers FROM; relations are added to `scope`.
    pub(super) fn from(&mut self, tables: &[TableWithJoins], scope: &mut Scope<'_>) -> Result<String, SqlError> {
        let mut items = Vec::with_capacity(tables.len());
        for table in tables {
            if let Some((sql, columns)) = self.joined(table, scope)? {
                items.push(sql);
                scope.shown.extend(columns);
            }
        }
        Ok(items.join(", "))
    }

    /// One item of FROM with its joins, and the columns that `*` shows of it; `None` for DUAL.
    fn joined(
        &mut self,
        tree: &TableWithJoins,
        scope: &mut Scope<'_>,
    ) -> Result<Option<(String, Vec<Spot>)>, SqlError> {
        let first = scope.relations.len();
        let Some((mut sql, mut columns)) = self.factor(&tree.relation, scope)? else { return Ok(None) };
        for join in &tree.joins {
            let middle = scope.relations.len();
            let Some((right, right_columns)) = self.factor(&join.relation, scope)? else {
                return Err(SqlError::syntax("DUAL", 1));
            };
            let (word, constraint) = match &join.join_operator {
                JoinOperator::Join(on)
                | JoinOperator::Inner(on)
                | JoinOperator::StraightJoin(on)
                | JoinOperator::CrossJoin(on) => ("JOIN", on),
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("LEFT JOIN", on),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT JOIN", on),
                other => {
                    return Err(SqlError::unsupported(
                        format_args!("join {other:?}").to_string().chars().take(40).collect::<String>(),
                    ));
                }
            };
            // Where columns are merged, `a RIGHT JOIN b` shows what `b LEFT JOIN a` does.
            let merges = matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural);
            let sides =
                if merges && word == "RIGHT JOIN" { (right_columns, columns) } else { (columns, right_columns) };
            let (condition, shown) = self.join_condition(constraint, scope, first, sides)?;
            columns = shown;
            let optional = match word {
                "LEFT JOIN" => middle..scope.relations.len(),
                "RIGHT JOIN" => first..middle,
                _inner => 0..0,
            };
            for relation in scope.relations.get_mut(optional).unwrap_or_default() {
                relation.make_optional();
            }
            sql = match condition {
                Some(condition) => format!("{sql} {word} {right} ON {condition}"),
                None if word == "JOIN" => format!("{sql} CROSS JOIN {right}"),
                None => return Err(SqlError::syntax("", 1)),
            };
        }
        Ok(Some((sql, columns)))
    }

    /// The condition of a join, and the columns of its result in MySQL's order.
    fn join_condition(
        &mut self,
        constraint: &JoinConstraint,
        scope: &mut Scope<'_>,
        first: usize,
        (mut outer, inner): (Vec<Spot>, Vec<Spot>),
    ) -> Result<(Option<String>, Vec<Spot>), SqlError> {
        let names = match constraint {
            JoinConstraint::None => {
                outer.extend(inner);
                return Ok((None, outer));
            }
            JoinConstraint::On(condition) => {
                scope.equal.extend(equalities(condition, scope));
                let around = std::mem::replace(&mut scope.first, first);
                let lowered = self.lower(condition, Place::new(scope, "on clause"));
                scope.first = around;
                outer.extend(inner);
                return Ok((Some(self.truth(&lowered?)?), outer));
            }
            JoinConstraint::Using(columns) => columns.iter().filter_map(|name| name_parts(name).pop()).collect(),
            JoinConstraint::Natural => {
                let mut names: Vec<String> = Vec::new();
                for spot in &outer {
                    let name = scope.column(*spot).map(|column| column.name.clone()).unwrap_or_default();
                    let same =
                        |spot: &Spot| scope.column(*spot).is_some_and(|column| column.name.eq_ignore_ascii_case(&name));
                    if inner.iter().any(same) {
                        names.push(name);
                    }
                }
                names
            }
        };
        let (condition, shown) = self.using(&names, scope, outer, inner)?;
        Ok((Some(condition), shown))
    }

    /// `USING (a, b)`: equality, and one column of each pair is hidden.
    fn using(
        &mut self,
        names: &[String],
        scope: &mut Scope<'_>,
        outer: Vec<Spot>,
        inner: Vec<Spot>,
    ) -> Result<(String, Vec<Spot>), SqlError> {
        let mut conditions = Vec::with_capacity(names.len());
        let mut pairs = Vec::with_capacity(names.len());
        for name in names {
            let find = |side: &[Spot]| {
                let mut same = side
                    .iter()
                    .filter(|spot| scope.column(**spot).is_some_and(|column| column.name.eq_ignore_ascii_case(name)));
                match (same.next(), same.next()) {
                    (Some(spot), None) => Ok(*spot),
                    (Some(_), Some(_)) => Err(SqlError::ambiguous(name, "from clause")),
                    (None, _) => Err(SqlError::unknown_column(name, "from clause")),
                }
            };
            let (kept, dropped) = (find(&outer)?, find(&inner)?);
            if let (Some(left), Some(right)) = (scope.column(kept), scope.column(dropped)) {
                conditions.push(self.compare("=", &left.expression(), &right.expression())?);
            }
            scope.equal.push((kept, dropped));
            pairs.push((kept, dropped));
        }
        for (_, dropped) in &pairs {
            let relation = scope.relations.get_mut(dropped.relation);
            if let Some(column) = relation.and_then(|relation| relation.columns.get_mut(dropped.column)) {
                column.hidden = true;
            }
        }
        let common = |spot: &Spot| pairs.iter().any(|(kept, dropped)| kept == spot || dropped == spot);
        let mut shown: Vec<Spot> = outer.iter().copied().filter(common).collect();
        shown.extend(
            outer.into_iter().chain(inner).filter(|spot| !pairs.iter().any(|pair| pair.0 == *spot || pair.1 == *spot)),
        );
        let condition =
            if conditions.is_empty() { "TRUE".to_owned() } else { format!("({})", conditions.join(" AND ")) };
        Ok((condition, shown))
    }

    /// A table, derived table or joined tables in parentheses, and the columns that `*` shows of it.
    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<Option<(String, Vec<Spot>)>, SqlError> {
        if let TableFactor::NestedJoin { table_with_joins, alias: None } = factor {
            return Ok(self.joined(table_with_joins, scope)?.map(|(sql, columns)| (format!("({sql})"), columns)));
        }
        let relation = scope.relations.len();
        let Some(sql) = self.one_table(factor, scope)? else { return Ok(None) };
        let added = scope.relations.get(relation).map(|added| added.columns.as_slice()).unwrap_or_default();
        let columns = added.iter().enumerate().filter(|(_, column)| !column.hidden);
        Ok(Some((sql, columns.map(|(column, _)| Spot { relation, column }).collect())))
    }

    /// 1176 for a hint that names no key, or one that the optimizer doesn't see.
    pub(super) fn check_hints(&self, hints: &[TableIndexHints], table: &Table, alias: &str) -> Result<(), SqlError> {
        let seen = |key: &&Key| !key.options.invisible || self.context.given.invisible_indexes;
        for hinted in hints.iter().flat_map(|hint| &hint.index_names) {
            if !table.keys.iter().filter(seen).any(|key| key.name.eq_ignore_ascii_case(&hinted.value)) {
                let text = format!("Key '{}' doesn't exist in table '{alias}'", hinted.value);
                return Err(SqlError::new(1176, "42000", text));
            }
        }
        Ok(())
    }

    fn one_table(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<Option<String>, SqlError> {
        match factor {
            TableFactor::Table { name, alias, args: None, partitions, index_hints, .. } if partitions.is_empty() => {
                let relation = scope.relations.len();
                let sql = self.named_table(name, alias.as_ref(), scope)?;
                let added = scope.relations.get(relation);
                if let Some((table, alias)) = added.and_then(|added| Some((added.table.as_ref()?, &added.alias))) {
                    self.check_hints(index_hints, table, alias)?;
                }
                Ok(sql)
            }
            TableFactor::Derived { lateral, subquery, alias: Some(alias), .. } => {
                // A derived table is read before anything is written.
                let written = std::mem::take(&mut self.written);
                let windows = self.shown.windows.len();
                let derived = if *lateral {
                    self.query_at(subquery, Some(Place::new(scope, "field list")))
                } else {
                    self.query_at(subquery, scope.parent)
                };
                self.written = written;
                self.shown.windows.truncate(windows);
                let derived = derived?;
                if self.assigning.happens() {
                    let (name, sql) = (alias.name.value.clone(), derived.sql.clone());
                    scope.add(derived_relation(&derived, &name, alias)?)?;
                    // Read once, whatever it's joined to.
                    let once = format!("(WITH once AS MATERIALIZED ({sql}) SELECT * FROM once)");
                    return Ok(Some(format!("{once} AS {}", quote::identifier(&name))));
                }
                let lateral = if *lateral { "LATERAL " } else { "" };
                let name = alias.name.value.clone();
                let relation = derived_relation(&derived, &name, alias)?;
                scope.add(relation)?;
                Ok(Some(format!("{lateral}({}) AS {}", derived.sql, quote::identifier(&name))))
            }
            TableFactor::Derived { alias: None, .. } => {
                Err(SqlError::new(1248, "42000", "Every derived table must have its own alias".to_owned()))
            }
            TableFactor::JsonTable { json_expr, json_path, columns, alias } => {
                self.json_table((json_expr, json_path), columns, alias.as_ref(), scope).map(Some)
            }
            other => Err(SqlError::unsupported(other.to_string().chars().take(60).collect::<String>())),
        }
    }

    fn named_table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<Option<String>, SqlError> {
        let parts = name_parts(name);
        if let [only] = parts.as_slice() {
            if only.eq_ignore_ascii_case("DUAL") && alias.is_none() {
                return Ok(None);
            }
            let common = self
                .tables
                .iter()
                .rev()
                .find(|(known, _)| known.eq_ignore_ascii_case(only))
                .map(|(_, derived)| derived.clone());
            if let Some(derived) = common {
                let called = alias.map_or(only.clone(), |alias| alias.name.value.clone());
                if let Some(own) = self.recursions.last_mut().filter(|own| own.name.eq_ignore_ascii_case(only)) {
                    own.uses += 1;
                    own.alias = Some(called.clone());
                }
                scope.add(relation_of(&derived, &called, &[])?)?;
                return Ok(Some(format!("{} AS {}", derived.sql, quote::identifier(&called))));
            }
        }
        if let Some(found) = information_schema::named(&parts, self.context)? {
            let written = parts.last().map(String::as_str).unwrap_or_default();
            return self.system_table(found, alias, written, scope).map(Some);
        }
        if let Some(view) = self.view(name) {
            return self.view_relation(&view, alias, scope).map(Some);
        }
        let table = self.table(name)?;
        let renamed = alias.is_some_and(|alias| !alias.name.value.eq_ignore_ascii_case(&table.title().table));
        let forbidden = |written: &&Written| written.table == table.name && (written.under_any_name || !renamed);
        if let Some(written) = self.written.iter().find(forbidden) {
            return Err(SqlError::target_read(&written.called));
        }
        match &table.temporary {
            Some(own) if self.temporary.is_none() => self.temporary = Some(own.table.clone()),
            Some(_) => {}
            None => drop(self.read.insert(table.name.clone())),
        }
        let (called, database) = match alias {
            Some(alias) => (alias.name.value.clone(), None),
            None => (table.title().table.clone(), Some(table.title().database.clone())),
        };
        scope.add(Relation::of_table(&table, &called, database)?)?;
        Ok(Some(format!("{} AS {}", quote::table(&table.name), quote::identifier(&called))))
    }
}

fn derived_relation(derived: &Derived, called: &str, alias: &TableAlias) -> Result<Relation, SqlError> {
    let names: Vec<String> = alias.columns.iter().map(|column| column.name.value.clone()).collect();
    relation_of(derived, called, &names)
}

/// A derived table or common table expression as a relation.
pub(super) fn relation_of(derived: &Derived, called: &str, names: &[String]) -> Result<Relation, SqlError> {
    if !names.is_empty() && names.len() != derived.columns.len() {
        return Err(SqlError::name_count());
    }
    let called_as = |at: usize| names.get(at).or(derived.columns.get(at).map(|column| &column.name));
    for at in 1..derived.columns.len().min(4096) {
        let name = called_as(at);
        let again = (0..at)
            .any(|before| called_as(before).zip(name).is_some_and(|(before, name)| before.eq_ignore_ascii_case(name)));
        if let Some(name) = name.filter(|_| again) {
            return Err(SqlError::new(1060, "42S21", format!("Duplicate column name '{name}'")));
        }
    }
    let columns = derived.columns.iter().enumerate().map(|(at, column)| ScopeColumn {
        name: names.get(at).unwrap_or(&column.name).clone(),
        sql: format!("{}.{}", quote::identifier(called), quote::identifier(&column.sql_name)),
        ty: column.ty.clone(),
        nullable: column.nullable,
        // Clients see the stored column under the name of what they read it from.
        origin: column.origin.clone().map(|origin| Origin { alias: called.to_owned(), ..origin }),
        hidden: false,
    });
    Ok(Relation {
        alias: called.to_owned(),
        database: None,
        table: None,
        columns: columns.collect(),
        optional: false,
        unique: derived.unique.clone(),
    })
}

/// Pairs of columns that a conjunction makes equal, and columns that it fixes to a constant.
pub(super) fn equalities(condition: &Expr, scope: &Scope<'_>) -> Vec<(Spot, Spot)> {
    let mut pairs = Vec::new();
    let mut pending = vec![condition];
    while let Some(expr) = pending.pop() {
        if let Expr::BinaryOp { left, op, right } = unnested(expr) {
            match op {
                BinaryOperator::And => pending.extend([&**left, &**right]),
                BinaryOperator::Eq => match (spot(left, scope), spot(right, scope)) {
                    (Some(left), Some(right)) => pairs.push((left, right)),
                    (Some(fixed), None) if is_constant(right) => pairs.push((fixed, fixed)),
                    (None, Some(fixed)) if is_constant(left) => pairs.push((fixed, fixed)),
                    (_, _) => {}
                },
                _other => {}
            }
        }
    }
    pairs
}

fn is_constant(expr: &Expr) -> bool {
    matches!(unnested(expr), Expr::Value(_))
}

/// The column of this scope that an expression is.
pub(super) fn spot(expr: &Expr, scope: &Scope<'_>) -> Option<Spot> {
    let parts = match unnested(expr) {
        Expr::Identifier(ident) => std::slice::from_ref(ident),
        Expr::CompoundIdentifier(parts) => parts.as_slice(),
        _other => return None,
    };
    let name = match parts {
        [column] => Name { database: None, table: None, column: &column.value },
        [table, column] => Name { database: None, table: Some(&table.value), column: &column.value },
        [database, table, column] => {
            Name { database: Some(&database.value), table: Some(&table.value), column: &column.value }
        }
        _other => return None,
    };
    scope.find(&name, "").ok().flatten()
}

/// The columns that have one value once `grouped` do: through keys and equalities.
pub(super) fn determined(grouped: &[Spot], scope: &Scope<'_>) -> Vec<Spot> {
    let mut known: std::collections::BTreeSet<Spot> = grouped.iter().copied().collect();
    known.extend(scope.equal.iter().filter(|(left, right)| left == right).map(|(left, _)| *left));
    loop {
        let before = known.len();
        for (left, right) in &scope.equal {
            if known.contains(left) || known.contains(right) {
                known.extend([*left, *right]);
            }
        }
        for (relation, own) in scope.relations.iter().enumerate() {
            let all = (0..own.columns.len()).map(|column| Spot { relation, column });
            if !own.unique.is_empty()
                && own.unique.iter().all(|column| known.contains(&Spot { relation, column: *column }))
            {
                known.extend(all.clone());
            }
            let Some(table) = &own.table else { continue };
            let fixed =
                table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique)).any(|key| {
                    key.parts.iter().all(|part| {
                        let column = part.column.as_ref().filter(|_| part.prefix.is_none());
                        let at = column.and_then(|name| {
                            own.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
                        });
                        at.is_some_and(|column| {
                            let not_null = table.columns.get(column).is_some_and(|column| !column.nullable);
                            not_null && known.contains(&Spot { relation, column })
                        })
                    })
                });
            if fixed {
                known.extend(all);
            }
        }
        if known.len() == before {
            return known.into_iter().collect();
        }
    }
}
