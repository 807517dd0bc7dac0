//! GROUP BY, WITH ROLLUP, and what they mean for the names of the other clauses.

use sqlparser::ast::FunctionArguments;

use super::super::assigning::grouped_assignment;
use super::super::functions::plain_arguments;
use super::*;

impl Lowering<'_> {
    /// GROUP BY as text, and what it means for names outside aggregates; `None` without GROUP BY.
    pub(super) fn group_by(
        &mut self,
        select: &Select,
        scope: &Scope<'_>,
    ) -> Result<(Option<Grouping>, Vec<String>), SqlError> {
        let GroupByExpr::Expressions(items, modifiers) = &select.group_by else {
            return Err(SqlError::unsupported("GROUP BY ALL"));
        };
        let mut rollup = match modifiers.as_slice() {
            [] => false,
            [GroupByWithModifier::Rollup] => true,
            [..] => return Err(SqlError::unsupported("GROUP BY WITH CUBE or TOTALS")),
        };
        let mut flat: Vec<&Expr> = items.iter().collect();
        if let [Expr::Function(function)] = items.as_slice()
            && function.name.to_string().eq_ignore_ascii_case("ROLLUP")
            && let FunctionArguments::List(list) = &function.args
        {
            rollup = true;
            flat = plain_arguments(&list.args)?;
        }
        if let [Expr::Rollup(sets)] = items.as_slice() {
            rollup = true;
            flat = sets.iter().flatten().collect();
        }
        if flat.iter().any(|item| matches!(item, Expr::Cube(_) | Expr::GroupingSets(_) | Expr::Rollup(_))) {
            return Err(SqlError::unsupported("CUBE or GROUPING SETS"));
        }
        if flat.is_empty() {
            return Ok((None, Vec::new()));
        }
        let mut grouping = Grouping { rollup, ..Grouping::default() };
        let mut group = Vec::with_capacity(flat.len());
        for item in flat {
            let (mut expr, mut value) = self.group_item(item, select, scope)?;
            if let Some(inner) = grouped_assignment(expr) {
                expr = inner;
                value = self.lower(inner, Place::new(scope, "group statement"))?;
            }
            let sql = self.comparable(&value)?;
            if rollup && group.contains(&sql) {
                return Err(SqlError::unsupported("WITH ROLLUP over the same expression twice"));
            }
            let own_column = column_of(&value, scope).or_else(|| spot(expr, scope));
            grouping.grouped.extend(own_column);
            let own = match &value.body {
                Body::Sql(own) | Body::Condition(own) if own_column.is_none() => Some(own.clone()),
                Body::Sql(_) | Body::Condition(_) | Body::Parameter(_) => None,
            };
            let of_rows = scope.relations.iter().any(|relation| {
                let table = format!("{}.", quote::identifier(&relation.alias));
                sql.contains(&table)
            });
            let shown = kept(&value.ty, &sql);
            let body = match own_column {
                Some(_) if matches!(&value.body, Body::Sql(own) if *own == sql) => value.body.clone(),
                // PostgreSQL takes a constant for itself also where it's rolled up.
                None if rollup && !of_rows => Body::Sql(format!("(CASE WHEN grouping({sql}) = 0 THEN {shown} END)")),
                Some(_) | None => Body::Sql(shown),
            };
            let value = Expression { body, ..value };
            grouping.items.push(GroupItem { expr: expr.clone(), sql: sql.clone(), value, own });
            group.push(sql);
        }
        // A rolled-up column determines nothing in the rows where it's NULL.
        grouping.determined = if rollup { grouping.grouped.clone() } else { determined(&grouping.grouped, scope) };
        Ok((Some(grouping), group))
    }

    /// One expression of GROUP BY: a name or a position may stand for one of the select list.
    fn group_item<'e>(
        &mut self,
        item: &'e Expr,
        select: &'e Select,
        scope: &Scope<'_>,
    ) -> Result<(&'e Expr, Expression), SqlError> {
        let place = Place::new(scope, "group statement");
        if let Some(position) = position(item) {
            let shown = self.listed(select, scope, position)?;
            let Some((expr, expression)) = shown else {
                return Err(SqlError::unknown_column(&position.to_string(), "group statement"));
            };
            return Ok((expr.unwrap_or(item), expression));
        }
        match self.lower(item, place) {
            Ok(value) => Ok((item, value)),
            Err(error) if error.code == 1054 => {
                if let Expr::Identifier(name) = unnested(item) {
                    let named = select.projection.iter().find_map(|shown| match shown {
                        SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(&name.value) => {
                            Some(expr)
                        }
                        _other => None,
                    });
                    let Some(expr) = named else { return Err(error) };
                    return Ok((expr, self.grouped_value(expr, &name.value, scope)?));
                }
                // An alias inside an expression.
                let mut aliases = Vec::new();
                for shown in &select.projection {
                    if let SelectItem::ExprWithAlias { expr, alias } = shown
                        && let Ok(expression) = self.lower(expr, Place::new(scope, "field list"))
                    {
                        aliases.push(Alias { name: alias.value.clone(), expression });
                    }
                }
                let value = self.lower(item, Place { aliases: &aliases, ..place })?;
                Ok((item, value))
            }
            Err(error) if error.code == 1052 => {
                // A name that several tables have is the one of the select list.
                let Expr::Identifier(name) = unnested(item) else { return Err(error) };
                let shown = select.projection.iter().find_map(|shown| match shown {
                    SelectItem::UnnamedExpr(expr @ Expr::CompoundIdentifier(parts)) => {
                        parts.last().filter(|last| last.value.eq_ignore_ascii_case(&name.value)).map(|_| expr)
                    }
                    _other => None,
                });
                let Some(expr) = shown else { return Err(error) };
                Ok((expr, self.lower(expr, place)?))
            }
            Err(error) if error.code == 1111 => Err(SqlError::new(1056, "42000", format!("Can't group on '{item}'"))),
            Err(error) => Err(error),
        }
    }

    /// The expression at a position of the select list, counted behind `*`.
    fn listed<'e>(
        &mut self,
        select: &'e Select,
        scope: &Scope<'_>,
        position: usize,
    ) -> Result<Option<(Option<&'e Expr>, Expression)>, SqlError> {
        let place = Place::new(scope, "field list");
        let mut at = 0;
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    at += 1;
                    if at == position {
                        let name = match item {
                            SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
                            _unnamed => expr.to_string(),
                        };
                        return Ok(Some((Some(expr), self.grouped_value(expr, &name, scope)?)));
                    }
                }
                other => {
                    let mut columns = Vec::new();
                    match other {
                        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                            self.wildcard(name_parts(name).last().map(String::as_str), place, &mut columns)?;
                        }
                        _all => self.wildcard(None, place, &mut columns)?,
                    }
                    if let Some(column) = position.checked_sub(at + 1).and_then(|index| columns.get(index)) {
                        return Ok(Some((None, column.expression.clone())));
                    }
                    at += columns.len();
                }
            }
        }
        Ok(None)
    }

    /// An expression of the select list that GROUP BY refers to: it can't hold an aggregate.
    fn grouped_value(&mut self, expr: &Expr, name: &str, scope: &Scope<'_>) -> Result<Expression, SqlError> {
        self.name_cast(expr, name);
        self.lower(expr, Place::new(scope, "field list")).map_err(|error| match error.code {
            1111 | 3593 => SqlError::new(1056, "42000", format!("Can't group on '{name}'")),
            _other => error,
        })
    }

    /// The grouping of a query with aggregates and no GROUP BY.
    pub(super) fn one_group(&self, scope: &Scope<'_>) -> Grouping {
        Grouping { determined: determined(&[], scope), ..Grouping::default() }
    }

    /// `GROUPING(a, …)`: which of the expressions of GROUP BY are rolled up in a row.
    pub(in crate::sql) fn grouping_function(
        &mut self,
        arguments: &[&Expr],
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let missing = |at: usize| {
            SqlError::new(3602, "HY000", format!("Argument #{} of GROUPING function is not in GROUP BY", at + 1))
        };
        if arguments.is_empty() {
            return Err(SqlError::argument_count("GROUPING"));
        }
        if place.clause != "field list" && place.clause != "having clause" && place.clause != "order clause" {
            return Err(SqlError::misplaced_aggregate());
        }
        let Some(grouping) = place.grouping else { return Err(SqlError::misplaced_aggregate()) };
        let mut list = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            if let Expr::Subquery(query) = unnested(argument)
                && let SetExpr::Select(select) = &*query.body
                && !select.from.is_empty()
            {
                return Err(missing(at));
            }
            let constant = matches!(unnested(argument), Expr::Value(_));
            let same = |item: &&GroupItem| !constant && unnested(&item.expr) == unnested(argument);
            let known = grouping.items.iter().find(same);
            let sql = match known {
                Some(item) => item.sql.clone(),
                None => {
                    let plain = Place { grouping: None, having: false, ..place };
                    let value = self.lower(argument, plain)?;
                    if matches!(value.body, Body::Parameter(_)) {
                        let text = "Incorrect arguments to GROUPING function";
                        return Err(SqlError::new(1210, "HY000", text.to_owned()));
                    }
                    let sql = self.comparable(&value)?;
                    if !grouping.items.iter().any(|item| item.sql == sql) {
                        return Err(missing(at));
                    }
                    sql
                }
            };
            list.push(sql);
        }
        let ty = Type { carrier: Carrier::Int4, ..Type::integer(21) };
        Ok(Expression::sql(format!("grouping({})", list.join(", ")), ty, true))
    }
}

/// The column of this query that an expression is.
fn column_of(value: &Expression, scope: &Scope<'_>) -> Option<Spot> {
    let Body::Sql(sql) = &value.body else { return None };
    scope.relations.iter().enumerate().find_map(|(relation, table)| {
        table.columns.iter().position(|column| column.sql == *sql).map(|column| Spot { relation, column })
    })
}
