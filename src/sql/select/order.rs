//! ORDER BY: positions, aliases, and what DISTINCT and WITH ROLLUP make of it.

use super::*;
use crate::schema::{Key, KeyKind, KeyPart};

impl Lowering<'_> {
    pub(super) fn order(
        &mut self,
        items: &[OrderByExpr],
        parts: &Parts,
        scope: &Scope<'_>,
        grouping: Option<&Grouping>,
    ) -> Result<Ordering, SqlError> {
        if items.is_empty()
            && !parts.distinct
            && let Some(keys) = parts.sequence.end()
        {
            return Ok(Ordering { keys, hidden: Vec::new() });
        }
        let around = std::mem::replace(&mut self.sequence, parts.sequence.clone());
        let ordering = self.own_order(items, parts, scope, grouping);
        self.sequence = around;
        ordering
    }

    fn own_order(
        &mut self,
        items: &[OrderByExpr],
        parts: &Parts,
        scope: &Scope<'_>,
        grouping: Option<&Grouping>,
    ) -> Result<Ordering, SqlError> {
        let place = Place {
            aliases: &parts.columns,
            aggregates: Aggregates::Allowed,
            grouping,
            ..Place::new(scope, "order clause")
        };
        let mut ordering = Ordering::default();
        if parts.aggregated {
            // One row isn't sorted, but names have to be known.
            let around = self.aggregates.iter().take(scope.depth).sum::<usize>();
            let any = grouping.map(|grouping| Grouping { lenient: true, ..grouping.clone() });
            let place = Place { grouping: any.as_ref(), ..place };
            for item in items.iter().filter(|item| position(&item.expr).is_none()) {
                let bare = matches!(unnested(&item.expr), Expr::Identifier(_));
                self.lower(&item.expr, Place { prefer_aliases: bare, ..place })?;
            }
            if self.aggregates.iter().take(scope.depth).sum::<usize>() > around {
                return Err(SqlError::unsupported("ORDER BY an aggregate of a surrounding query"));
            }
            if let Some(number) = parts.sorted {
                let text = format!(
                    "Expression #{number} of ORDER BY contains aggregate function and applies to the result of a \
                     non-aggregated query"
                );
                return Err(SqlError::new(3029, "HY000", text));
            }
            return Ok(ordering);
        }
        let mut totals = Vec::new();
        if let Some(grouping) = grouping.filter(|grouping| grouping.rollup && !parts.distinct) {
            // MySQL shows each super-aggregate behind the rows that it sums up.
            for item in &grouping.items {
                let key = self.sort_key(&item.value)?;
                totals.push(format!("grouping({})", item.sql));
                totals.push(format!("{key} NULLS FIRST"));
            }
        }
        if let Some(grouping) = grouping
            && self.assigning.happens()
            && items.is_empty()
            && !parts.distinct
        {
            ordering.keys = self.arrival(grouping, scope)?;
            return Ok(ordering);
        }
        let mut shown = Vec::new();
        if parts.distinct {
            for column in &parts.columns {
                shown.push(self.sort_key(&column.expression)?);
            }
        }
        for (at, item) in items.iter().enumerate() {
            let value = match position(&item.expr) {
                Some(position) => {
                    let column = parts.columns.get(position.wrapping_sub(1));
                    column
                        .ok_or_else(|| SqlError::unknown_column(&position.to_string(), "order clause"))?
                        .expression
                        .clone()
                }
                None => {
                    // A bare name is looked for in the select list first; names inside expressions in the tables.
                    let bare = matches!(unnested(&item.expr), Expr::Identifier(_));
                    let place = Place { prefer_aliases: bare, ..place };
                    self.lower(&item.expr, place).map_err(|error| error.numbered(at + 1))?
                }
            };
            let value = self.sorted_value(value)?;
            if parts.distinct && matches!(value.body, Body::Parameter(_)) {
                continue;
            }
            let sql = self.sort_key(&value)?;
            let towards = direction(item, value.nullable);
            if !parts.distinct {
                ordering.keys.push(format!("{sql}{towards}"));
                continue;
            }
            match shown.iter().position(|known| *known == sql) {
                Some(_) if value.ty.class == super::super::types::Class::Json || value.ty.is_enum() => {
                    // Documents and labels are sorted by a key that isn't shown.
                    ordering.hidden.push((sql, towards));
                    ordering.keys.push(format!("min(o{}){towards}", ordering.hidden.len()));
                }
                Some(column) => ordering.keys.push(format!("c{}{towards}", column + 1)),
                None => {
                    self.distinct_key(&item.expr, at + 1, parts, scope)?;
                    ordering.hidden.push((sql, towards));
                    ordering.keys.push(format!("min(o{}){towards}", ordering.hidden.len()));
                }
            }
        }
        if let Some(grouping) = grouping.filter(|grouping| !grouping.rollup && !parts.distinct)
            && !ordering.keys.is_empty()
        {
            // Groups come as they were met, which for rows in order is the order of the groups.
            for item in &grouping.items {
                totals.push(format!(
                    "{}{}",
                    self.sort_key(&item.value)?,
                    if item.value.nullable { " NULLS FIRST" } else { "" }
                ));
            }
        }
        super::super::aggregate::sort_ties(&mut ordering.keys, totals);
        if ordering.hidden.is_empty() && parts.distinct {
            // PostgreSQL wants positions or the expressions themselves.
            for key in &mut ordering.keys {
                *key = key.trim_start_matches('c').to_owned();
            }
        }
        Ok(ordering)
    }

    /// MySQL's sort of a table is stable: what ORDER BY leaves open comes as the table has it. Left to PostgreSQL where
    /// an index may give the order: that one has equal keys in the order of insertion by itself.
    pub(super) fn break_ties(
        &mut self,
        items: &[OrderByExpr],
        ordering: &mut Ordering,
        scope: &Scope<'_>,
    ) -> Result<(), SqlError> {
        let Some(first) = items.first().filter(|_| !ordering.keys.is_empty()) else { return Ok(()) };
        let column = spot(&first.expr, scope).and_then(|spot| scope.column(spot));
        let (Some(column), [relation]) = (column, scope.relations.as_slice()) else { return Ok(()) };
        let keys = relation.table.iter().flat_map(|table| &table.keys);
        let leads = |key: &crate::schema::Key| {
            key.parts.first().and_then(|part| part.column.as_ref()).is_some_and(|own| *own == column.name)
        };
        if keys.into_iter().any(leads) || ordering.keys.iter().any(|key| key.contains(" OVER (")) {
            return Ok(());
        }
        let keys = self.table_order(Place::new(scope, "order clause"))?;
        super::super::aggregate::sort_ties(&mut ordering.keys, keys);
        Ok(())
    }

    /// The order in which MySQL makes the groups of one table: the key's that leads with what groups, else that of their
    /// first rows, which come by the primary key. Empty where it depends on more.
    fn arrival(&mut self, grouping: &Grouping, scope: &Scope<'_>) -> Result<Vec<String>, SqlError> {
        let [super::super::scope::Relation { table: Some(table), columns, .. }] = scope.relations.as_slice() else {
            return Ok(Vec::new());
        };
        let name = |item: &GroupItem| Some(item.value.origin.as_ref()?.column()?.name.clone());
        let Some(names) = grouping.items.iter().map(name).collect::<Option<Vec<String>>>() else {
            return Ok(Vec::new());
        };
        let leads = |key: &&Key| {
            let parts = key.parts.iter().map(|part| part.column.as_deref().filter(|_| !part.descending));
            key.parts.len() >= names.len() && parts.zip(&names).all(|(part, name)| part == Some(name.as_str()))
        };
        if table.keys.iter().any(|key| leads(&key)) {
            let keys = grouping.items.iter().map(|item| self.sort_key(&item.value));
            return keys.map(|key| key.map(|key| format!("{key} NULLS FIRST"))).collect();
        }
        let primary = table.keys.iter().find(|key| key.kind == KeyKind::Primary);
        let Some([KeyPart { column: Some(primary), descending: false, .. }]) = primary.map(|key| key.parts.as_slice())
        else {
            return Ok(Vec::new());
        };
        let column = columns.iter().find(|column| column.name == *primary);
        Ok(column.map(|column| format!("min({})", column.sql)).into_iter().collect())
    }

    /// 3065: with ONLY_FULL_GROUP_BY, rows without duplicates are sorted by what they show.
    fn distinct_key(&mut self, expr: &Expr, number: usize, parts: &Parts, scope: &Scope<'_>) -> Result<(), SqlError> {
        if !self.modes.only_full_group_by {
            return Ok(());
        }
        let mut grouping = Grouping::default();
        for column in &parts.columns {
            if let Body::Sql(sql) = &column.expression.body {
                let found = scope.relations.iter().enumerate().find_map(|(relation, table)| {
                    table.columns.iter().position(|own| own.sql == *sql).map(|column| Spot { relation, column })
                });
                grouping.grouped.extend(found);
            }
        }
        let place = Place {
            aliases: &parts.columns,
            aggregates: Aggregates::Allowed,
            grouping: Some(&grouping),
            ..Place::new(scope, "order clause")
        };
        match self.lower(expr, place) {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.code, 1055 | 1140) => {
                let column = error.message.split('\'').nth(1).unwrap_or_default();
                Err(SqlError::new(
                    3065,
                    "HY000",
                    format!(
                        "Expression #{number} of ORDER BY clause is not in SELECT list, references column '{column}' which is not in SELECT list; this is incompatible with DISTINCT"
                    ),
                ))
            }
            Err(error) => Err(error),
        }
    }
}
