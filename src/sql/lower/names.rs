//! What a name means where it stands: a column of this query or of one around it, an alias, an expression of GROUP BY.

use super::*;
use crate::sql::aggregate::kept;

impl Lowering<'_> {
    /// A column, an alias, or a variable.
    pub(in crate::sql) fn name(&mut self, parts: &[Ident], place: Place<'_>) -> Result<Expression, SqlError> {
        let [rest @ .., last] = parts else { return Err(SqlError::unsupported("an empty name")) };
        if let Some(variable) = self.variable(parts)? {
            return Ok(variable);
        }
        let (database, table) = match rest {
            [] => (None, None),
            [table] => (None, Some(table.value.as_str())),
            [.., database, table] => (Some(database.value.as_str()), Some(table.value.as_str())),
        };
        if rest.is_empty()
            && last.quote_style.is_none()
            && let Some(found) = self.word_function(&last.value, place)?
        {
            return Ok(found);
        }
        let name = Name { database, table, column: &last.value };
        let mut at = place;
        loop {
            if let Some(found) = self.name_at(&name, at, place)? {
                self.innermost = self.innermost.max(Some(at.scope.depth));
                if at.scope.depth < place.scope.depth {
                    self.shown.names(at.scope.depth);
                }
                return Ok(found);
            }
            match at.scope.parent {
                Some(parent) => at = parent,
                None => {
                    return Err(match name.table {
                        Some(table) if place.scope.relations.is_empty() => {
                            SqlError::new(1109, "42S02", format!("Unknown table '{table}' in {}", place.clause))
                        }
                        Some(_) | None => SqlError::unknown_column(&name.text(), place.clause),
                    });
                }
            }
        }
    }

    /// What a name that stands at `place` means in the query of `at`, which is the same or one around it.
    fn name_at(&mut self, name: &Name<'_>, at: Place<'_>, place: Place<'_>) -> Result<Option<Expression>, SqlError> {
        let bare = name.table.is_none();
        if at.having && !place.inside {
            return self.having_name(name, at);
        }
        if at.prefer_aliases
            && bare
            && let Some(found) = alias_of(name, at, place.clause)?
        {
            return Ok(Some(found));
        }
        if let Some(spot) = at.scope.find(name, place.clause)?
            && let Some(column) = at.scope.column(spot)
        {
            let at = if place.inside { Place { grouping: None, ..at } } else { at };
            return self.grouped_column(column.expression(), spot, at).map(Some);
        }
        if bare { alias_of(name, at, place.clause) } else { Ok(None) }
    }

    /// HAVING sees the columns of GROUP BY, then those of the select list.
    fn having_name(&mut self, name: &Name<'_>, at: Place<'_>) -> Result<Option<Expression>, SqlError> {
        let spot = at.scope.find(name, at.clause).unwrap_or_default();
        if let Some(spot) = spot
            && at.grouping.is_some_and(|grouping| grouping.grouped.contains(&spot))
            && let Some(column) = at.scope.column(spot)
        {
            return self.grouped_column(column.expression(), spot, at).map(Some);
        }
        if name.table.is_none() {
            return alias_of(name, at, at.clause);
        }
        let Some(origin) = spot.and_then(|spot| at.scope.column(spot)).and_then(|column| column.origin.as_ref()) else {
            return Ok(None);
        };
        let same = at.aliases.iter().find(|alias| {
            let own = alias.expression.origin.as_ref();
            own.is_some_and(|own| own.alias == origin.alias && own.column == origin.column)
        });
        Ok(same.map(|alias| alias.expression.clone()))
    }

    /// A column outside aggregates in a grouped query has to have one value in each group.
    pub(in crate::sql) fn grouped_column(
        &mut self,
        column: Expression,
        spot: Spot,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let Some(grouping) = place.grouping else { return Ok(column) };
        let nullable = column.nullable || grouping.rollup || grouping.items.is_empty();
        if grouping.grouped.contains(&spot) {
            // One that is grouped under a collation of its own is, to PostgreSQL, grouped as that expression only.
            let compared = self.comparable(&column)?;
            let grouped_so = grouping.items.iter().any(|item| item.sql == compared);
            let body = match column.body {
                Body::Sql(own) if grouped_so && own != compared => Body::Sql(kept(&column.ty, &compared)),
                body => body,
            };
            return Ok(Expression { body, nullable, ..column });
        }
        if self.modes.only_full_group_by && !grouping.lenient && !grouping.determined.contains(&spot) {
            let relation = place.scope.relations.get(spot.relation);
            let table = relation.map_or_else(String::new, |relation| match &relation.table {
                Some(table) => format!("{}.{}", table.title().database, relation.alias),
                None => relation.alias.clone(),
            });
            let column = place.scope.column(spot).map_or_else(String::new, |column| column.name.clone());
            return Err(SqlError::not_grouped(&format!("{table}.{column}"), place.clause, grouping.items.is_empty()));
        }
        let sql = self.own(&column)?;
        Ok(Expression { body: Body::Sql(format!("\"mysql\".any_value({sql})")), nullable, ..column })
    }

    /// The expression of GROUP BY that this one is.
    pub(super) fn grouped_expression(
        &mut self,
        expr: &Expr,
        grouping: &Grouping,
        place: Place<'_>,
    ) -> Option<Expression> {
        if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Nested(_)) {
            return None;
        }
        let found = |item: &GroupItem| {
            let nullable = item.value.nullable || grouping.rollup;
            Expression { nullable, ..item.value.clone() }
        };
        if matches!(expr, Expr::Value(_)) {
            let same = grouping.items.iter().find(|item| grouping.rollup && unnested(&item.expr) == expr);
            return same.map(found);
        }
        if let Some(same) = grouping.items.iter().find(|item| item.own.is_some() && unnested(&item.expr) == expr) {
            return Some(found(same));
        }
        if self.speculating || grouping.items.iter().all(|item| item.own.is_none()) {
            return None;
        }
        self.speculating = true;
        let plain = Place { grouping: None, aliases: &[], aggregates: Aggregates::Forbidden, ..place };
        let known = (self.aggregates.clone(), self.innermost, self.tables.len());
        let lowered = self.lower(expr, plain);
        self.tables.truncate(known.2);
        (self.aggregates, self.innermost) = (known.0, known.1);
        self.speculating = false;
        match lowered.ok()?.body {
            Body::Sql(sql) | Body::Condition(sql) => {
                grouping.items.iter().find(|item| item.own.as_ref() == Some(&sql)).map(found)
            }
            Body::Parameter(_) => None,
        }
    }
}

/// The expression of the select list that goes by this name.
fn alias_of(name: &Name<'_>, at: Place<'_>, clause: &str) -> Result<Option<Expression>, SqlError> {
    let mut same = at.aliases.iter().filter(|alias| alias.name.eq_ignore_ascii_case(name.column));
    let Some(first) = same.next() else { return Ok(None) };
    let differs = |other: &Alias| match (&first.expression.body, &other.expression.body) {
        (Body::Sql(one), Body::Sql(other)) | (Body::Condition(one), Body::Condition(other)) => one != other,
        (Body::Parameter(one), Body::Parameter(other)) => one != other,
        (_, _) => true,
    };
    if same.any(differs) {
        return Err(SqlError::ambiguous(name.column, clause));
    }
    Ok(Some(first.expression.clone()))
}
