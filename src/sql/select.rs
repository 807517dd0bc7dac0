//! SELECT: clauses in MySQL's order of meaning, and set operations over them.

mod clustered;
mod group;
mod lock;
mod order;
mod set;
mod values;
mod with;
mod write;

pub(super) use clustered::Reader;
pub(super) use with::Recursion;
use write::kept_columns;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, GroupByWithModifier, LimitClause, LockClause, LockType, NonBlock, OrderByExpr,
    OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
    Value as Token,
};

use crate::schema::quote;

use super::aggregate::{Sequence, direction, ignores_blanks, kept};
use super::expression::{Body, Expression, Lowering, Origin};
use super::from::{determined, equalities, name_parts, relation_of, spot};
use super::information_schema;
use super::lower::{Aggregates, GroupItem, Grouping, Place, alone};
use super::operators::unnested;
use super::plan::{Known, ParameterSource, SqlError};
use super::scope::{Alias, Scope, Spot};
use super::types::{Carrier, Class, Type};

/// A query as a table: what surrounds it needs to know.
#[derive(Clone, Debug)]
pub(super) struct Derived {
    pub(super) columns: Vec<DerivedColumn>,
    pub(super) sql: String,
    /// Takes row locks.
    pub(super) locking: bool,
    /// Positions of columns that tell its rows apart, as those of GROUP BY do; empty when there are none.
    pub(super) unique: Vec<usize>,
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
    /// The local variable that it is.
    pub(super) variable: Option<String>,
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
    /// WITH ROLLUP.
    rollup: bool,
    having: Option<String>,
    distinct: bool,
    /// Whether every group is one row although there is no GROUP BY.
    aggregated: bool,
    /// The number of the expression of ORDER BY that alone calls an aggregate function of this query.
    sorted: Option<usize>,
    /// How its rows come to its windows.
    sequence: Sequence,
}

/// ORDER BY of a SELECT as text.
#[derive(Debug, Default)]
struct Ordering {
    /// What stands behind ORDER BY.
    keys: Vec<String>,
    /// Values that DISTINCT rows are sorted by although they aren't selected; each with its direction.
    hidden: Vec<(String, &'static str)>,
}

/// A query's body.
#[derive(Debug)]
enum Tree {
    Select(Box<Parts>),
    Derived(Derived),
    Set { left: Box<Tree>, word: &'static str, right: Box<Tree> },
}

/// The columns that are a grouped query's groups, when all of them are shown.
fn unique_columns(parts: &Parts, grouping: Option<&Grouping>) -> Vec<usize> {
    let Some(grouping) = grouping.filter(|grouping| !grouping.rollup && !grouping.items.is_empty()) else {
        return Vec::new();
    };
    let sql = |expression: &Expression| match &expression.body {
        Body::Sql(sql) | Body::Condition(sql) => Some(sql.clone()),
        Body::Parameter(_) => None,
    };
    let shown = |item: &GroupItem| {
        let own = sql(&item.value);
        parts.columns.iter().position(|column| own.is_some() && sql(&column.expression) == own)
    };
    grouping.items.iter().map(shown).collect::<Option<Vec<usize>>>().unwrap_or_default()
}

impl Lowering<'_> {
    /// A query inside an expression.
    pub(super) fn subquery(&mut self, query: &Query, place: Place<'_>) -> Result<Derived, SqlError> {
        let allowed = self.assigning.forbid();
        let derived = self.query_at(query, Some(place));
        self.assigning.restore(allowed);
        derived
    }

    /// A query. `parent` is what surrounds it and may be named in it.
    pub(super) fn query(&mut self, query: &Query, parent: Option<&Scope<'_>>) -> Result<Derived, SqlError> {
        self.query_at(query, parent.map(|scope| Place::new(scope, "field list")))
    }

    /// A query that stands at `parent` and may use the names there.
    pub(super) fn query_at(&mut self, query: &Query, parent: Option<Place<'_>>) -> Result<Derived, SqlError> {
        let around = parent.is_none().then(|| std::mem::take(&mut self.shown));
        let derived = self.unlimited(query, parent);
        if let Some(around) = around {
            // A query of its own shows nothing to what surrounds it.
            self.shown = around;
        }
        let mut derived = derived?;
        let limit = self.limit(query.limit_clause.as_ref())?;
        derived.derived.sql = format!("{}{limit}{}", derived.derived.sql, derived.lock);
        Ok(derived.derived)
    }

    /// A query without its LIMIT.
    fn unlimited(&mut self, query: &Query, parent: Option<Place<'_>>) -> Result<Unlimited, SqlError> {
        if query.fetch.is_some() || !query.pipe_operators.is_empty() || query.for_clause.is_some() {
            return Err(SqlError::unsupported("FETCH"));
        }
        let known = self.tables.len();
        let reader = std::mem::replace(&mut self.reader, Reader::Query);
        let with = self.with(query, parent)?;
        let order = match query.order_by.as_ref().map(|order| &order.kind) {
            None => &[][..],
            Some(OrderByKind::Expressions(items)) => items,
            Some(OrderByKind::All(_)) => return Err(SqlError::unsupported("ORDER BY ALL")),
        };
        let mut unlimited = match &*query.body {
            SetExpr::Select(select) => {
                let whole = query.limit_clause.is_none();
                self.select(select, order, &query.locks, (parent, reader, whole))?
            }
            SetExpr::Query(inner) if order.is_empty() && query.limit_clause.is_none() && query.locks.is_empty() => {
                self.reader = reader;
                Unlimited { derived: self.query_at(inner, parent)?, lock: String::new() }
            }
            body => {
                if !query.locks.is_empty() {
                    return Err(SqlError::unsupported("FOR UPDATE with UNION"));
                }
                let seen = reader != Reader::Query || query.limit_clause.is_some();
                Unlimited { derived: self.ordered_tree(body, order, (parent, seen))?, lock: String::new() }
            }
        };
        self.tables.truncate(known);
        unlimited.derived.sql = format!("{with}{}", unlimited.derived.sql);
        Ok(unlimited)
    }

    /// A query's rows counted as if it had no LIMIT: for SQL_CALC_FOUND_ROWS.
    pub(super) fn total(&mut self, query: &Query) -> Result<String, SqlError> {
        let all = self.unlimited(query, None)?;
        Ok(format!("SELECT count(*) FROM ({}) AS \"all_rows\"", all.derived.sql))
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
        if let Expr::Identifier(name) = unnested(value) {
            let known = self.context.given.locals.as_ref().and_then(|locals| locals.variable(&name.value));
            let Some((slot, column)) = known else { return Err(refused()) };
            if !crate::schema::types::is_integer(&column.column_type) {
                let text = "A variable of a non-integer based type in LIMIT clause";
                return Err(SqlError::new(1691, "HY000", text.to_owned()));
            }
            let number = Self::local(slot, column)?;
            return Ok(format!(" {word} {}", self.render(&number, Carrier::Int8)?));
        }
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
        (parent, reader, whole): (Option<Place<'_>>, Reader, bool),
    ) -> Result<Unlimited, SqlError> {
        let mut scope = Scope::under(parent);
        scope.windows = &select.named_window;
        let (mut parts, grouping) = self.parts(select, order, &mut scope)?;
        let mut ordering = self.order(order, &parts, &scope, grouping.as_ref())?;
        if reader != Reader::Query && whole && !parts.distinct {
            match parts.sequence.sorted() {
                Some(keys) if !ordering.keys.is_empty() => super::aggregate::sort_ties(&mut ordering.keys, keys),
                None if grouping.is_none() => self.break_ties(order, &mut ordering, &scope)?,
                Some(_) | None => {}
            }
        }
        if reader == Reader::Client && !parts.distinct && ordering.keys.is_empty() && order.is_empty() {
            ordering.keys = match &grouping {
                None => self.clustered_order(&parts, &scope)?,
                Some(grouping) => self.group_order(&parts, &scope, grouping)?,
            };
        }
        let lock = self.lock(locks, &mut parts, &scope)?;
        let types: Vec<Type> = parts.columns.iter().map(|column| column.expression.ty.clone()).collect();
        let sql = self.ordered_select(&parts, &types, &ordering)?;
        let columns = parts.columns.iter().enumerate().map(|(at, column)| DerivedColumn {
            name: column.name.clone(),
            sql_name: format!("c{}", at + 1),
            ty: column.expression.ty.clone(),
            nullable: column.expression.nullable,
            origin: column.expression.origin.clone(),
            variable: self.variable_of(&column.expression),
        });
        let unique = unique_columns(&parts, grouping.as_ref());
        let derived = Derived { columns: columns.collect(), sql, locking: !locks.is_empty(), unique };
        Ok(Unlimited { derived, lock })
    }

    /// The name of the local variable that an expression is.
    fn variable_of(&self, expression: &Expression) -> Option<String> {
        let Body::Parameter(ParameterSource::Local(slot)) = expression.body else { return None };
        self.context.given.locals.as_ref()?.name(slot).map(str::to_owned)
    }

    /// Everything of a SELECT but ORDER BY, LIMIT and locks.
    fn parts(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        scope: &mut Scope<'_>,
    ) -> Result<(Parts, Option<Grouping>), SqlError> {
        let around = std::mem::take(&mut self.sequence);
        let parts = self.own_parts(select, order, scope);
        let sequence = std::mem::replace(&mut self.sequence, around);
        let (mut parts, grouping) = parts?;
        parts.sequence = sequence;
        if parts.sequence.is_bare() && grouping.is_none() && !parts.distinct && scope.relations.len() == 1 {
            // Rows are sorted before they come to windows that don't sort.
            let keys = self.order(order, &parts, scope, None)?.keys;
            if !keys.is_empty() && !keys.iter().any(|key| key.contains(" OVER (")) {
                parts.sequence.begin_behind(keys);
                let around = std::mem::replace(&mut self.sequence, parts.sequence);
                let plain = Place { aggregates: Aggregates::Allowed, ..Place::new(scope, "field list") };
                parts.columns = self.projection(select, plain)?;
                parts.sequence = std::mem::replace(&mut self.sequence, around);
            }
        }
        Ok((parts, grouping))
    }

    fn own_parts(
        &mut self,
        select: &Select,
        order: &[OrderByExpr],
        scope: &mut Scope<'_>,
    ) -> Result<(Parts, Option<Grouping>), SqlError> {
        if select.into.is_some() {
            return Err(SqlError::new(3954, "HY000", "Misplaced INTO clause, INTO is not allowed inside subqueries, and must be placed at end of UNION clauses.".to_owned()));
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
            conditions.push(self.filter(condition, scope)?);
        }
        let scope = &*scope;
        let (mut grouping, group) = self.group_by(select, scope)?;
        let before = self.aggregates_at(scope.depth);
        let calls = self.source.aggregates(select.select_token.0.span.start);
        let called = order.iter().position(|item| super::aggregate::is_aggregate_call(&item.expr));
        let sorted = calls
            .sorted
            .or_else(|| called.map(|at| at + 1))
            .filter(|_| group.is_empty() && !calls.anywhere && !order.is_empty());
        let mut whole = group.is_empty() && (calls.anywhere || sorted.is_some());
        if grouping.is_none() && whole {
            grouping = Some(Grouping { lenient: sorted.is_some(), ..self.one_group(scope) });
        }
        let plain = Place { aggregates: Aggregates::Allowed, ..Place::new(scope, "field list") };
        let mut columns = self.projection(select, Place { grouping: grouping.as_ref(), ..plain })?;
        if grouping.is_none() && self.aggregates_at(scope.depth) > before {
            // Aggregates of this query stood in a query inside.
            whole = true;
            grouping = Some(self.one_group(scope));
            columns = self.projection(select, Place { grouping: grouping.as_ref(), ..plain })?;
        }
        let mut having = None;
        if let Some(filter) = &select.having {
            let place = Place {
                aggregates: Aggregates::Allowed,
                aliases: &columns,
                grouping: grouping.as_ref(),
                having: true,
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
        let sorted = sorted.filter(|_| self.aggregates_at(scope.depth) == before);
        let aggregated = columns.iter().any(|column| holds_aggregate(&column.expression));
        if whole && having.is_none() && !aggregated {
            // What is left of `CHARSET(MAX(a))` is a constant; the rows are one group all the same.
            having = Some("TRUE".to_owned());
        }
        let rollup = grouping.as_ref().is_some_and(|grouping| grouping.rollup);
        let sequence = Sequence::default();
        let parts =
            Parts { columns, from, conditions, group, rollup, having, distinct, aggregated: whole, sorted, sequence };
        Ok((parts, grouping))
    }

    /// The select list with MySQL's titles.
    fn projection(&mut self, select: &Select, place: Place<'_>) -> Result<Vec<Alias>, SqlError> {
        let titles = self.source.select_items(select.select_token.0.span.start);
        let mut columns = Vec::with_capacity(select.projection.len());
        for (at, item) in select.projection.iter().enumerate() {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    let text = titles.get(at).copied().unwrap_or_default();
                    self.name_cast(expr, text);
                    let expression = self.lower(expr, place).map_err(|error| error.numbered(at + 1))?;
                    let expression = alone(expr, expression);
                    if matches!(self.context.parameters, Known::Literals(_)) && text.contains('?') {
                        return Err(SqlError::unsupported("a title that holds a literal of the statement"));
                    }
                    let name = information_schema::title(expr, &expression).unwrap_or_else(|| title(expr, text));
                    columns.push(Alias { name: cut(name), expression });
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    self.name_cast(expr, &alias.value);
                    let expression = self.lower(expr, place).map_err(|error| error.numbered(at + 1))?;
                    let expression = alone(expr, expression);
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

    /// Says by which name the warnings of a CAST call it; inside other expressions it has none.
    fn name_cast(&mut self, expr: &Expr, title: &str) {
        let cast = matches!(unnested(expr), Expr::Cast { .. } | Expr::Convert { .. });
        self.naming = cast.then(|| title.to_owned());
    }

    fn wildcard(&mut self, table: Option<&str>, place: Place<'_>, columns: &mut Vec<Alias>) -> Result<(), SqlError> {
        let scope = place.scope;
        if scope.relations.is_empty() {
            return Err(SqlError::new(1096, "HY000", "No tables used".to_owned()));
        }
        let mut spots: Vec<Spot> = if table.is_none() { scope.shown.clone() } else { Vec::new() };
        let mut found = table.is_none();
        for (relation, own) in scope.relations.iter().enumerate() {
            if table.is_none_or(|table| !own.alias.eq_ignore_ascii_case(table)) {
                continue;
            }
            found = true;
            for (column, own) in own.columns.iter().enumerate() {
                let spot = Spot { relation, column };
                if !own.origin.as_ref().is_some_and(Origin::is_invisible) {
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
}

/// True when PostgreSQL's text of an expression calls an aggregate function, as far as its names show.
fn holds_aggregate(expression: &Expression) -> bool {
    let names = ["count(", "sum(", "avg(", "min(", "max(", "_agg(", "bit_", "_pop(", "_samp(", "any_value("];
    match &expression.body {
        Body::Sql(sql) | Body::Condition(sql) => names.iter().any(|name| sql.contains(name)),
        Body::Parameter(_) => false,
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

/// A title as long as MySQL keeps those that nobody wrote.
fn cut(mut title: String) -> String {
    let mut end = title.len().min(255);
    while !title.is_char_boundary(end) {
        end -= 1;
    }
    title.truncate(end);
    title
}

/// A literal that stands for a column by its position.
pub(super) fn position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Value(value) => match &value.value {
            Token::Number(digits, _) => digits.parse().ok(),
            _other => None,
        },
        _other => None,
    }
}

/// True for `SELECT SQL_CALC_FOUND_ROWS …`.
pub(super) fn counts_found_rows(query: &Query) -> bool {
    let mut body = &*query.body;
    loop {
        body = match body {
            SetExpr::Select(select) => {
                return select.select_modifiers.as_ref().is_some_and(|modifiers| modifiers.sql_calc_found_rows);
            }
            SetExpr::SetOperation { left, .. } => left,
            SetExpr::Query(inner) => &inner.body,
            _other => return false,
        };
    }
}
