//! SELECT: clauses in MySQL's order of meaning, and set operations over them.

mod set;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, LockClause, LockType, NonBlock, OrderByExpr, OrderByKind, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, Value as Token,
};

use crate::schema::quote;

use super::aggregate::direction;
use super::expression::{Body, Expression, Lowering, Origin};
use super::from::{determined, equalities, name_parts, relation_of, spot};
use super::information_schema;
use super::lower::{Aggregates, Grouping, Place};
use super::operators::unnested;
use super::plan::SqlError;
use super::scope::{Alias, Scope, Spot};
use super::types::{Carrier, Type};

/// A query as a table: what surrounds it needs to know.
#[derive(Clone, Debug)]
pub(super) struct Derived {
    pub(super) columns: Vec<DerivedColumn>,
    pub(super) sql: String,
    /// Takes row locks.
    pub(super) locking: bool,
}

/// A SELECT with its locking clause apart: LIMIT comes between them.
#[derive(Debug)]
struct Unlimited {
    derived: Derived,
    lock: String,
}

/// A column of a query.
#[derive(Clone, Debug)]
pub(super) struct DerivedColumn {
    /// MySQL's title.
    pub(super) name: String,
    /// Name inside PostgreSQL.
    pub(super) sql_name: String,
    pub(super) ty: Type,
    pub(super) nullable: bool,
    pub(super) origin: Option<Origin>,
}

impl DerivedColumn {
    pub(super) fn expression(&self) -> Expression {
        Expression {
            body: Body::Sql(quote::identifier(&self.sql_name)),
            ty: self.ty.clone(),
            nullable: self.nullable,
            origin: self.origin.clone(),
        }
    }
}

/// A SELECT before it is written: set operations change the types of its columns.
#[derive(Debug)]
struct Parts {
    columns: Vec<Alias>,
    from: String,
    conditions: Vec<String>,
    group: Vec<String>,
    having: Option<String>,
    distinct: bool,
    /// Whether every group is one row although there is no GROUP BY.
    aggregated: bool,
}

/// A query's body.
#[derive(Debug)]
enum Tree {
    Select(Box<Parts>),
    Derived(Derived),
    Set { left: Box<Tree>, word: &'static str, right: Box<Tree> },
}

impl Lowering<'_> {
    /// A query inside an expression.
    pub(super) fn subquery(&mut self, query: &Query, place: Place<'_>) -> Result<Derived, SqlError> {
        let aggregates = self.aggregates;
        let derived = self.query(query, Some(place.scope));
        self.aggregates = aggregates;
        derived
    }

    /// A query. `parent` is what surrounds it and may be named in it.
    pub(super) fn query(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> Result<Derived, SqlError> {
        if query.fetch.is_some() || !query.pipe_operators.is_empty() || query.for_clause.is_some() {
            return Err(SqlError::unsupported("FETCH"));
        }
        let known = self.tables.len();
        let with = self.with(query, parent)?;
        let order = match query.order_by.as_ref().map(|order| &order.kind) {
            None => &[][..],
            Some(OrderByKind::Expressions(items)) => items,
            Some(OrderByKind::All(_)) => return Err(SqlError::unsupported("ORDER BY ALL")),
        };
        let limit = self.limit(query.limit_clause.as_ref())?;
        let Unlimited { mut derived, lock } = match &*query.body {
            SetExpr::Select(select) => self.select(select, order, &query.locks, parent)?,
            SetExpr::Query(inner) if order.is_empty() && limit.is_empty() && query.locks.is_empty() => {
                Unlimited { derived: self.query(inner, parent)?, lock: String::new() }
            }
            body => {
                if !query.locks.is_empty() {
                    return Err(SqlError::unsupported("FOR UPDATE with UNION"));
                }
                let tree = self.tree(body, parent)?;
                Unlimited { derived: self.ordered_tree(tree, order)?, lock: String::new() }
            }
        };
        self.tables.truncate(known);
        derived.sql = format!("{with}{}{limit}{lock}", derived.sql);
        Ok(derived)
    }

    /// WITH: each expression is a common table expression of PostgreSQL under a name of its own.
    fn with(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> Result<String, SqlError> {
        let Some(with) = &query.with else { return Ok(String::new()) };
        if with.recursive {
            return Err(SqlError::unsupported("WITH RECURSIVE"));
        }
        let mut parts = Vec::with_capacity(with.cte_tables.len());
        for table in &with.cte_tables {
            let derived = self.query(&table.query, parent)?;
            let name = quote::identifier(&self.fresh("with"));
            parts.push(format!("{name} AS ({})", derived.sql));
            let names: Vec<String> = table.alias.columns.iter().map(|column| column.name.value.clone()).collect();
            let called = table.alias.name.value.clone();
            let relation = relation_of(&derived, &called, &names)?;
            let columns = relation.columns.into_iter().zip(derived.columns);
            let columns = columns.map(|(named, column)| DerivedColumn { name: named.name, ..column }).collect();
            self.tables.push((called, Derived { columns, sql: name, locking: false }));
        }
        Ok(format!("WITH {} ", parts.join(", ")))
    }

    fn limit(&mut self, clause: Option<&LimitClause>) -> Result<String, SqlError> {
        if clause.is_some() {
            self.deterministic("LIMIT in a query")?;
        }
        let (limit, offset) = match clause {
            None => (None, None),
            Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
            Some(LimitClause::LimitOffset { .. }) => return Err(SqlError::unsupported("LIMIT … BY")),
        };
        let mut sql = String::new();
        for (word, value) in [("LIMIT", limit), ("OFFSET", offset)] {
            if let Some(value) = value {
                sql.push_str(&self.row_count(word, value)?);
            }
        }
        Ok(sql)
    }

    /// ` LIMIT n`; literals stay in the text, where PostgreSQL's planner sees them.
    pub(super) fn row_count(&mut self, word: &str, value: &Expr) -> Result<String, SqlError> {
        let refused = || SqlError::unsupported("LIMIT with an expression");
        let Expr::Value(value) = unnested(value) else { return Err(refused()) };
        match &value.value {
            Token::Number(digits, _) => match digits.parse::<u64>() {
                Ok(number) if i64::try_from(number).is_ok() => Ok(format!(" {word} {number}")),
                Ok(_) => Ok(String::new()),
                Err(_) => Err(refused()),
            },
            Token::Placeholder(_) => {
                let number = self.lower(&Expr::Value(value.clone()), Place::new(&Scope::default(), "limit clause"))?;
                Ok(format!(" {word} {}", self.render(&number, Carrier::Int8)?))
            }
            _other => Err(refused()),
        }
    }

    fn select(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        locks: &[LockClause],
        parent: Option<&Scope<'_>>,
    ) -> Result<Unlimited, SqlError> {
        let mut scope = Scope::under(parent);
        let (parts, grouping) = self.parts(select, &mut scope)?;
        let order = self.order(order, &parts, &scope, grouping.as_ref())?;
        let lock = self.lock(locks, &parts, &scope)?;
        let types: Vec<Type> = parts.columns.iter().map(|column| column.expression.ty.clone()).collect();
        let mut sql = self.write(&parts, &types)?;
        if !order.is_empty() {
            sql = format!("{sql} ORDER BY {}", order.join(", "));
        }
        let columns = parts.columns.iter().enumerate().map(|(at, column)| DerivedColumn {
            name: column.name.clone(),
            sql_name: format!("c{}", at + 1),
            ty: column.expression.ty.clone(),
            nullable: column.expression.nullable,
            origin: column.expression.origin.clone(),
        });
        Ok(Unlimited { derived: Derived { columns: columns.collect(), sql, locking: !lock.is_empty() }, lock })
    }

    /// Everything of a SELECT but ORDER BY, LIMIT and locks.
    fn parts(&mut self, select: &Select, scope: &mut Scope<'_>) -> Result<(Parts, Option<Grouping>), SqlError> {
        if select.into.is_some() || !select.named_window.is_empty() {
            return Err(SqlError::unsupported(if select.into.is_some() { "SELECT … INTO" } else { "WINDOW" }));
        }
        let modifiers = select.select_modifiers.as_ref().map(ToString::to_string).unwrap_or_default();
        if modifiers.to_ascii_uppercase().contains("SQL_CALC_FOUND_ROWS") {
            return Err(SqlError::unsupported("SQL_CALC_FOUND_ROWS"));
        }
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => return Err(SqlError::unsupported("DISTINCT ON")),
        };
        let restrictions = self.restrictions_of(select);
        let outer = std::mem::replace(&mut self.restrictions, restrictions);
        let from = self.from(&select.from, scope);
        self.restrictions = outer;
        let from = from?;
        let mut conditions = Vec::new();
        if let Some(condition) = &select.selection {
            let found = equalities(condition, scope);
            scope.equal.extend(found);
            let condition = self.lower(condition, Place::new(scope, "where clause"))?;
            conditions.push(self.truth(&condition)?);
        }
        let scope = &*scope;
        // A first look tells whether there are aggregates, and gives GROUP BY its aliases.
        let before = self.aggregates;
        let plain = Place { aggregates: Aggregates::Allowed, ..Place::new(scope, "field list") };
        let mut columns = self.projection(select, plain)?;
        let (grouping, group) = self.group_by(&select.group_by, &columns, scope)?;
        let having_aggregates = match &select.having {
            Some(having) => {
                let start = self.aggregates;
                let place =
                    Place { aggregates: Aggregates::Allowed, aliases: &columns, ..Place::new(scope, "having clause") };
                self.lower(having, place)?;
                self.aggregates > start
            }
            None => false,
        };
        let aggregated = group.is_empty() && (self.aggregates > before || having_aggregates);
        let grouping = (aggregated || !group.is_empty()).then_some(grouping);
        if grouping.is_some() {
            columns = self.projection(select, Place { grouping: grouping.as_ref(), ..plain })?;
        }
        let mut having = None;
        if let Some(filter) = &select.having {
            let place = Place {
                aggregates: Aggregates::Allowed,
                aliases: &columns,
                grouping: grouping.as_ref(),
                ..Place::new(scope, "having clause")
            };
            let filter = self.lower(filter, place)?;
            let filter = self.truth(&filter)?;
            if grouping.is_some() {
                having = Some(filter);
            } else {
                conditions.push(filter);
            }
        }
        Ok((Parts { columns, from, conditions, group, having, distinct, aggregated }, grouping))
    }

    /// The select list with MySQL's titles.
    fn projection(&mut self, select: &Select, place: Place<'_>) -> Result<Vec<Alias>, SqlError> {
        let titles = self.source.select_items(select.select_token.0.span.start);
        let mut columns = Vec::with_capacity(select.projection.len());
        for (at, item) in select.projection.iter().enumerate() {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let expression = self.lower(expr, place).map_err(|error| numbered(error, at + 1))?;
                    let name = information_schema::title(expr, &expression)
                        .unwrap_or_else(|| title(expr, titles.get(at).copied().unwrap_or_default()));
                    columns.push(Alias { name, expression });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    let expression = self.lower(expr, place).map_err(|error| numbered(error, at + 1))?;
                    columns.push(Alias { name: alias.value.clone(), expression });
                }
                SelectItem::Wildcard(_) => self.wildcard(None, place, &mut columns)?,
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let parts = name_parts(name);
                    self.wildcard(parts.last().map(String::as_str), place, &mut columns)?;
                }
                other => return Err(SqlError::unsupported(format_args!("select item {other}"))),
            }
        }
        Ok(columns)
    }

    fn wildcard(&mut self, table: Option<&str>, place: Place<'_>, columns: &mut Vec<Alias>) -> Result<(), SqlError> {
        let scope = place.scope;
        if scope.relations.is_empty() {
            return Err(SqlError::new(1096, "HY000", "No tables used".to_owned()));
        }
        let mut spots: Vec<Spot> = if table.is_none() { scope.merged.clone() } else { Vec::new() };
        let mut found = table.is_none();
        for (relation, own) in scope.relations.iter().enumerate() {
            if table.is_some_and(|table| !own.alias.eq_ignore_ascii_case(table)) {
                continue;
            }
            found = true;
            for (column, own) in own.columns.iter().enumerate() {
                let spot = Spot { relation, column };
                let invisible = own.origin.as_ref().is_some_and(Origin::is_invisible);
                let shown = if table.is_some() { !invisible } else { !own.hidden && !scope.merged.contains(&spot) };
                if shown {
                    spots.push(spot);
                }
            }
        }
        if !found {
            return Err(SqlError::new(1051, "42S02", format!("Unknown table '{}'", table.unwrap_or_default())));
        }
        for spot in spots {
            let Some(column) = scope.column(spot) else { continue };
            let expression = self.grouped_column(column.expression(), spot, place)?;
            columns.push(Alias { name: column.name.clone(), expression });
        }
        Ok(())
    }

    /// The select list of a SELECT without tables.
    pub(super) fn plain_projection(&mut self, select: &Select) -> Result<Vec<Alias>, SqlError> {
        let scope = Scope::default();
        self.projection(select, Place { aggregates: Aggregates::Allowed, ..Place::new(&scope, "field list") })
    }

    /// GROUP BY as text, and what it means for names outside aggregates.
    fn group_by(
        &mut self,
        group_by: &GroupByExpr,
        columns: &[Alias],
        scope: &Scope<'_>,
    ) -> Result<(Grouping, Vec<String>), SqlError> {
        let GroupByExpr::Expressions(items, modifiers) = group_by else {
            return Err(SqlError::unsupported("GROUP BY ALL"));
        };
        if !modifiers.is_empty() {
            return Err(SqlError::unsupported("WITH ROLLUP"));
        }
        let place = Place { aliases: columns, ..Place::new(scope, "group statement") };
        let mut grouping = Grouping::default();
        let mut group = Vec::with_capacity(items.len());
        for item in items {
            let value = match position(item) {
                Some(position) => {
                    let column = columns.get(position.wrapping_sub(1));
                    column
                        .ok_or_else(|| SqlError::unknown_column(&position.to_string(), "group statement"))?
                        .expression
                        .clone()
                }
                None => self.lower(item, place)?,
            };
            // A name or a position may stand for an expression of the select list; that is what is grouped.
            let own = scope.relations.iter().enumerate().find_map(|(relation, table)| {
                let Body::Sql(sql) = &value.body else { return None };
                table.columns.iter().position(|column| column.sql == *sql).map(|column| Spot { relation, column })
            });
            grouping.grouped.extend(own.or_else(|| spot(item, scope)));
            group.push(self.comparable(&value)?);
            grouping.expressions.push(item.clone());
            grouping.texts.extend(match &value.body {
                Body::Sql(sql) | Body::Condition(sql) => Some(sql.clone()),
                Body::Parameter(_) => None,
            });
        }
        grouping.determined = determined(&grouping.grouped, scope);
        Ok((grouping, group))
    }

    fn order(
        &mut self,
        items: &[OrderByExpr],
        parts: &Parts,
        scope: &Scope<'_>,
        grouping: Option<&Grouping>,
    ) -> Result<Vec<String>, SqlError> {
        let place = Place {
            aliases: &parts.columns,
            prefer_aliases: true,
            aggregates: Aggregates::Allowed,
            grouping,
            ..Place::new(scope, "order clause")
        };
        let mut shown = Vec::new();
        if parts.distinct {
            for column in &parts.columns {
                shown.push(self.comparable(&column.expression)?);
            }
        }
        let mut order = Vec::with_capacity(items.len());
        for item in items {
            let value = match position(&item.expr) {
                Some(position) => {
                    let column = parts.columns.get(position.wrapping_sub(1));
                    column
                        .ok_or_else(|| SqlError::unknown_column(&position.to_string(), "order clause"))?
                        .expression
                        .clone()
                }
                None => self.lower(&item.expr, place)?,
            };
            let mut sql = self.sort_key(&value)?;
            if parts.distinct {
                let Some(at) = shown.iter().position(|known| *known == sql) else {
                    return Err(SqlError::unsupported("DISTINCT with ORDER BY something that isn't selected"));
                };
                sql = (at + 1).to_string();
            }
            order.push(format!("{sql}{}", direction(item, value.nullable)));
        }
        Ok(order)
    }

    /// The locking clause for the tables that PostgreSQL can lock here.
    fn lock(&mut self, locks: &[LockClause], parts: &Parts, scope: &Scope<'_>) -> Result<String, SqlError> {
        let mut sql = String::new();
        for lock in locks {
            if parts.distinct || parts.aggregated || !parts.group.is_empty() {
                return Err(SqlError::unsupported("FOR UPDATE with DISTINCT, GROUP BY or aggregates"));
            }
            let word = match lock.lock_type {
                LockType::Update => "UPDATE",
                LockType::Share => "SHARE",
            };
            let wait = match lock.nonblock {
                None => "",
                Some(NonBlock::Nowait) => " NOWAIT",
                Some(NonBlock::SkipLocked) => " SKIP LOCKED",
            };
            let only = lock.of.as_ref().and_then(|name| name_parts(name).pop());
            let lockable: Vec<String> = scope
                .relations
                .iter()
                .filter(|relation| relation.table.is_some() && !relation.optional)
                .filter(|relation| only.as_ref().is_none_or(|only| relation.alias.eq_ignore_ascii_case(only)))
                .map(|relation| quote::identifier(&relation.alias))
                .collect();
            if lockable.is_empty() {
                continue;
            }
            let of = if lockable.len() == scope.relations.len() {
                String::new()
            } else {
                format!(" OF {}", lockable.join(", "))
            };
            sql.push_str(&format!(" FOR {word}{of}{wait}"));
        }
        Ok(sql)
    }

    /// Writes a SELECT whose columns have the given types.
    fn write(&mut self, parts: &Parts, types: &[Type]) -> Result<String, SqlError> {
        let mut list = Vec::with_capacity(parts.columns.len());
        for (at, (column, ty)) in parts.columns.iter().zip(types).enumerate() {
            let own = column.expression.ty.carrier == ty.carrier;
            let sql = if parts.distinct && own {
                self.comparable(&column.expression)?
            } else {
                self.render(&column.expression, ty.carrier)?
            };
            list.push(format!("{sql} AS c{}", at + 1));
        }
        let distinct = if parts.distinct { "DISTINCT " } else { "" };
        let mut sql = format!("SELECT {distinct}{}", list.join(", "));
        if !parts.from.is_empty() {
            sql.push_str(&format!(" FROM {}", parts.from));
        }
        if !parts.conditions.is_empty() {
            sql.push_str(&format!(" WHERE {}", parts.conditions.join(" AND ")));
        }
        if !parts.group.is_empty() {
            sql.push_str(&format!(" GROUP BY {}", parts.group.join(", ")));
        }
        if let Some(having) = &parts.having {
            sql.push_str(&format!(" HAVING {having}"));
        }
        Ok(sql)
    }
}

/// Says which item of the select list breaks ONLY_FULL_GROUP_BY.
fn numbered(error: SqlError, number: usize) -> SqlError {
    match error.code {
        1055 | 1140 => {
            SqlError { message: error.message.replacen("xpression of", &format!("xpression #{number} of"), 1), ..error }
        }
        _other => error,
    }
}

/// The title of a select item without alias: a column's name as declared in the text, a string's value, else the text.
fn title(expr: &Expr, text: &str) -> String {
    match expr {
        Expr::Identifier(ident) if !ident.value.starts_with('@') => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => {
            let variable = parts.first().is_some_and(|first| first.value.starts_with('@'));
            parts.last().filter(|_| !variable).map_or_else(|| text.to_owned(), |last| last.value.clone())
        }
        Expr::Value(value) => match &value.value {
            Token::SingleQuotedString(string) | Token::DoubleQuotedString(string) => string.clone(),
            Token::Null => "NULL".to_owned(),
            _other => text.to_owned(),
        },
        _other => text.to_owned(),
    }
}

/// A literal that stands for a column by its position.
fn position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Token::Number(digits, _) => digits.parse().ok(),
            _other => None,
        },
        _other => None,
    }
}
