//! A view's query in the text that MySQL keeps of it (`Query_block::print`): names resolved and quoted, every column
//! with its title, joins nested in parentheses. `None` where the text isn't known; the view is then shown as it was
//! written. Two forms: information_schema names the database of each table, SHOW CREATE VIEW leaves it out.

use std::cell::RefCell;

use sqlparser::ast::{
    Distinct, Expr, Function, GroupByExpr, GroupByWithModifier, Ident, Join, JoinConstraint, JoinOperator, LimitClause,
    OrderByExpr, OrderByKind, OrderBySort, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator, SetQuantifier, TableFactor, TableWithJoins, Value,
};

use super::super::from::name_parts;
use super::super::select::position;
use super::canonical::{Form, Names, Printer, escaped, quoted};
use super::scope::Scope;
use super::view_calls;
use crate::schema::TableName;

/// A table in FROM.
#[derive(Clone, Debug)]
struct Relation {
    alias: String,
    /// The table itself, when it has no alias.
    table: Option<TableName>,
    columns: Vec<String>,
}

/// The names of one SELECT.
#[derive(Clone, Debug, Default)]
struct Level {
    relations: Vec<Relation>,
    /// Titles of the select list; whether each is the name of an expression that isn't a column.
    titles: Vec<(String, bool)>,
    /// Titles may be named: in HAVING.
    titled: bool,
}

/// Where a SELECT stands.
#[derive(Clone, Copy, Debug)]
enum Stand<'t> {
    /// The view's own, with the names of its columns.
    View(&'t [String]),
    /// A derived table, or a branch of UNION.
    Table,
    Inside(Form),
}

/// Prints one view's query.
pub(super) struct ViewText<'s> {
    scope: &'s Scope<'s>,
    /// Tables are named with their databases.
    full: bool,
    levels: RefCell<Vec<Level>>,
}

/// The text of a view's query whose columns have these names; `full` with databases.
pub(super) fn text(query: &Query, names: &[String], full: bool, scope: &Scope<'_>) -> Option<String> {
    let printer = ViewText { scope, full, levels: RefCell::new(Vec::new()) };
    printer.query_text(query, Stand::View(names)).map(|(text, _)| text)
}

impl Names for ViewText<'_> {
    fn column(&self, parts: &[Ident]) -> Option<String> {
        let (column, table) = match parts {
            [column] => (column, None),
            [.., table, column] => (column, Some(&table.value)),
            [] => return None,
        };
        if column.value.starts_with('@') {
            return None;
        }
        let levels = self.levels.borrow();
        for level in levels.iter().rev() {
            if level.titled
                && table.is_none()
                && let Some((title, _)) = level.titles.iter().find(|(title, _)| same(title, &column.value))
                && !level.relations.iter().any(|relation| relation.column(title).is_some())
            {
                return Some(quoted(title));
            }
            let mut found = level.relations.iter().filter_map(|relation| {
                let called = table.is_none_or(|table| same(table, &relation.alias));
                relation.column(&column.value).filter(|_| called).map(|column| self.qualified(relation, column))
            });
            if let Some(text) = found.next() {
                return Some(text).filter(|_| found.next().is_none());
            }
        }
        None
    }

    fn string(&self, text: &str) -> String {
        escaped(text)
    }

    fn query(&self, query: &Query, form: Form) -> Option<String> {
        self.query_text(query, Stand::Inside(form)).map(|(text, _)| format!("({text})"))
    }

    fn call(&self, printer: &Printer<'_>, function: &Function) -> Option<String> {
        view_calls::text(printer, function)
    }

    fn is_query(&self) -> bool {
        true
    }
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

impl Relation {
    fn column(&self, name: &str) -> Option<&str> {
        self.columns.iter().map(String::as_str).find(|own| same(own, name))
    }
}

impl ViewText<'_> {
    fn printer(&self) -> Printer<'_> {
        Printer { names: self }
    }

    fn table_name(&self, table: &TableName) -> String {
        let own = quoted(&table.table);
        if self.full { format!("{}.{own}", quoted(&table.database)) } else { own }
    }

    fn qualified(&self, relation: &Relation, column: &str) -> String {
        let table = relation.table.as_ref().map_or_else(|| quoted(&relation.alias), |table| self.table_name(table));
        format!("{table}.{}", quoted(column))
    }

    /// A query, and the titles of its columns.
    fn query_text(&self, query: &Query, stand: Stand<'_>) -> Option<(String, Vec<String>)> {
        if query.with.is_some() || query.fetch.is_some() || !query.locks.is_empty() || query.for_clause.is_some() {
            return None;
        }
        let order = match query.order_by.as_ref().map(|order| &order.kind) {
            None => &[][..],
            Some(OrderByKind::Expressions(items)) => items,
            Some(OrderByKind::All(_)) => return None,
        };
        let (mut text, titles) = match &*query.body {
            SetExpr::Select(select) => {
                self.levels.borrow_mut().push(Level::default());
                let own = self.select(select, order, stand);
                self.levels.borrow_mut().pop();
                own?
            }
            body @ SetExpr::SetOperation { .. } => {
                let (mut text, titles) = self.union(body, stand, None)?;
                let keys: Option<Vec<String>> = order.iter().map(|item| union_key(item, &titles)).collect();
                if !order.is_empty() {
                    text.push_str(&format!(" order by {}", keys?.join(",")));
                }
                (text, titles)
            }
            SetExpr::Query(inner) if order.is_empty() && query.limit_clause.is_none() => {
                return self.query_text(inner, stand);
            }
            _other => return None,
        };
        if let Some(limit) = &query.limit_clause {
            text.push_str(&limit_text(limit)?);
        }
        Some((text, titles))
    }

    fn union(&self, body: &SetExpr, stand: Stand<'_>, around: Option<bool>) -> Option<(String, Vec<String>)> {
        match body {
            SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier, right } => {
                let all = *set_quantifier == SetQuantifier::All;
                let (left, titles) = self.union(left, stand, Some(all))?;
                let right_stand = if matches!(stand, Stand::View(_)) { Stand::Table } else { stand };
                if matches!(&**right, SetExpr::SetOperation { .. }) {
                    return None;
                }
                let (right, _) = self.union(right, right_stand, Some(all))?;
                let text = format!("{left} union {}{right}", if all { "all " } else { "" });
                let differs = around.is_some_and(|around| around != all);
                Some((if differs { format!("({text})") } else { text }, titles))
            }
            SetExpr::Select(select) => {
                self.levels.borrow_mut().push(Level::default());
                let own = self.select(select, &[], stand);
                self.levels.borrow_mut().pop();
                own
            }
            SetExpr::Query(query) if query.order_by.is_some() || query.limit_clause.is_some() => {
                self.query_text(query, stand).map(|(text, titles)| (format!("({text})"), titles))
            }
            _other => None,
        }
    }

    fn select(&self, select: &Select, order: &[OrderByExpr], stand: Stand<'_>) -> Option<(String, Vec<String>)> {
        if select.into.is_some() || select.qualify.is_some() || select.top.is_some() {
            return None;
        }
        let from = self.from(&select.from)?;
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => "",
            Some(Distinct::Distinct) => "distinct ",
            Some(Distinct::On(_)) => return None,
        };
        let (list, titles) = self.items(select, stand)?;
        let printer = self.printer();
        let mut text = format!("select {distinct}{list}");
        let filter = select.selection.as_ref().map(|filter| printer.truth(filter));
        match (from.is_empty(), filter) {
            (true, None) => {}
            (true, Some(filter)) => text.push_str(&format!(" from DUAL  where {}", filter?)),
            (false, None) => text.push_str(&format!(" from {from}")),
            (false, Some(filter)) => text.push_str(&format!(" from {from} where {}", filter?)),
        }
        text.push_str(&self.group(select)?);
        if let Some(having) = &select.having {
            self.titled(true);
            let having = printer.truth(having);
            self.titled(false);
            text.push_str(&format!(" having {}", having?));
        }
        if !select.named_window.is_empty() {
            text.push_str(&view_calls::windows(&printer, &select.named_window)?);
        }
        let keys: Option<Vec<String>> = order.iter().map(|item| self.order_key(item, select)).collect();
        if !order.is_empty() {
            text.push_str(&format!(" order by {}", keys?.join(",")));
        }
        Some((text, titles))
    }

    fn titled(&self, titled: bool) {
        if let Some(level) = self.levels.borrow_mut().last_mut() {
            level.titled = titled;
        }
    }

    fn group(&self, select: &Select) -> Option<String> {
        let GroupByExpr::Expressions(items, modifiers) = &select.group_by else { return None };
        let rollup = match modifiers.as_slice() {
            [] => "",
            // The kept text shows MySQL's own functions there.
            [GroupByWithModifier::Rollup] if !self.full => " with rollup",
            [..] => return None,
        };
        if items.is_empty() {
            return Some(String::new());
        }
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            let alias = match item {
                Expr::Identifier(name) => self.title(&name.value),
                _other => None,
            };
            let shown = select.projection.iter().find_map(|shown| match (shown, item) {
                (SelectItem::UnnamedExpr(expr @ Expr::CompoundIdentifier(parts)), Expr::Identifier(name)) => {
                    Some(expr).filter(|_| parts.last().is_some_and(|last| same(&last.value, &name.value)))
                }
                (_, _) => None,
            });
            let column = self.printer().text(item).or_else(|| self.printer().text(shown?));
            keys.push(match (position(item), column, alias) {
                (Some(at), _, _) => self.printer().text(column_at(select, at)?)?,
                (None, Some(column), _) => column,
                (None, None, Some((title, _))) => quoted(&title),
                (None, None, None) => return None,
            });
        }
        Some(format!(" group by {}{rollup}", keys.join(",")))
    }

    /// The column of the select list that has this title.
    fn title(&self, name: &str) -> Option<(String, bool)> {
        self.levels.borrow().last()?.titles.iter().find(|(title, _)| same(title, name)).cloned()
    }

    fn order_key(&self, item: &OrderByExpr, select: &Select) -> Option<String> {
        let direction = if item.options.sort == Some(OrderBySort::Desc) { " desc" } else { "" };
        if let Some(at) = position(&item.expr) {
            return Some(format!("{}{direction}", self.printer().text(column_at(select, at)?)?));
        }
        let Expr::Identifier(name) = &item.expr else {
            return Some(format!("{}{direction}", self.printer().text(&item.expr)?));
        };
        let text = match self.title(&name.value) {
            Some((title, true)) => quoted(&title),
            Some((title, false)) => {
                let named = select.projection.iter().find_map(|item| match item {
                    SelectItem::ExprWithAlias { expr, alias } if same(&alias.value, &name.value) => Some(expr),
                    _other => None,
                });
                match named {
                    Some(_) if grouped(select) => quoted(&title),
                    named => self.printer().text(named.unwrap_or(&item.expr))?,
                }
            }
            None => self.printer().text(&item.expr)?,
        };
        Some(format!("{text}{direction}"))
    }

    /// The select list, and its titles.
    fn items(&self, select: &Select, stand: Stand<'_>) -> Option<(String, Vec<String>)> {
        if let (Stand::Inside(Form::Exists), [SelectItem::Wildcard(_)]) = (stand, select.projection.as_slice()) {
            return Some(("1".to_owned(), vec!["1".to_owned()]));
        }
        let (mut texts, mut titles, mut computed) = (Vec::new(), Vec::new(), Vec::new());
        for item in &select.projection {
            let (expr, alias) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value.clone())),
                SelectItem::Wildcard(_) => {
                    self.star(None, &mut texts, &mut titles)?;
                    continue;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    self.star(name_parts(name).last().map(String::as_str), &mut texts, &mut titles)?;
                    continue;
                }
                _other => return None,
            };
            let text = self.printer().text(expr)?;
            let inside = matches!(stand, Stand::Inside(_));
            let own = match stand {
                Stand::View(names) => names.get(titles.len()).cloned(),
                Stand::Table | Stand::Inside(_) => None,
            };
            let named = own.or_else(|| alias.clone()).or_else(|| plain_title(expr, self));
            let printed = match &named {
                Some(name) if !inside || alias.is_some() => format!("{text} AS {}", quoted(name)),
                None if !inside => return None,
                Some(_) | None => text,
            };
            let title = alias.or(named).unwrap_or_default();
            if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                computed.push(title.clone());
            }
            texts.push(printed);
            titles.push(title);
        }
        if let Some(level) = self.levels.borrow_mut().last_mut() {
            level.titles = titles.iter().map(|title| (title.clone(), computed.contains(title))).collect();
        }
        Some((texts.join(","), titles))
    }

    /// `*` or `t.*`.
    fn star(&self, table: Option<&str>, texts: &mut Vec<String>, titles: &mut Vec<String>) -> Option<()> {
        let levels = self.levels.borrow();
        for relation in &levels.last()?.relations {
            if table.is_some_and(|table| !same(table, &relation.alias)) {
                continue;
            }
            for column in &relation.columns {
                texts.push(format!("{} AS {}", self.qualified(relation, column), quoted(column)));
                titles.push(column.clone());
            }
        }
        Some(())
    }

    fn from(&self, tables: &[TableWithJoins]) -> Option<String> {
        let mut whole = String::new();
        for table in tables {
            let own = self.joined(table)?;
            if own.is_empty() && tables.len() == 1 {
                return Some(own);
            }
            // SHOW CREATE VIEW reads the kept text once more, and nests what it finds.
            whole = match (whole.is_empty(), self.full) {
                (true, _) => own,
                (false, true) => format!("{whole} join {own}"),
                (false, false) => format!("({whole} join {own})"),
            };
        }
        Some(whole)
    }

    fn joined(&self, tree: &TableWithJoins) -> Option<String> {
        let mut text = self.factor(&tree.relation)?;
        for join in &tree.joins {
            text = self.join(&text, join)?;
        }
        Some(text)
    }

    fn join(&self, left: &str, join: &Join) -> Option<String> {
        let right = self.factor(&join.relation)?;
        let (word, constraint) = match &join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => ("join", on),
            JoinOperator::StraightJoin(on) => ("straight_join", on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("left join", on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("right join", on),
            _other => return None,
        };
        let on = match constraint {
            JoinConstraint::On(condition) => format!(" on({})", self.printer().truth(condition)?),
            JoinConstraint::None => String::new(),
            // Columns that are merged have rules of their own.
            JoinConstraint::Using(_) | JoinConstraint::Natural => return None,
        };
        Some(match word {
            "right join" => format!("({right} left join {left}{on})"),
            word => format!("({left} {word} {right}{on})"),
        })
    }

    fn factor(&self, factor: &TableFactor) -> Option<String> {
        match factor {
            TableFactor::Table { name, alias, args: None, partitions, index_hints, .. }
                if partitions.is_empty() && index_hints.is_empty() =>
            {
                let parts = name_parts(name);
                if parts.len() == 1 && same(&parts.first()?.clone(), "dual") {
                    return Some(String::new());
                }
                let (table, columns) = self.table(&parts)?;
                let alias = alias.as_ref().map(|alias| alias.name.value.clone());
                let alias = alias.filter(|alias| !same(alias, &table.table));
                let text = match &alias {
                    Some(alias) => format!("{} {}", self.table_name(&table), quoted(alias)),
                    None => self.table_name(&table),
                };
                let called = alias.clone().unwrap_or_else(|| table.table.clone());
                self.add(Relation { alias: called, table: alias.is_none().then_some(table), columns })?;
                Some(text)
            }
            TableFactor::Derived { lateral: false, subquery, alias: Some(alias), .. } if alias.columns.is_empty() => {
                let around = std::mem::take(&mut *self.levels.borrow_mut());
                let own = self.query_text(subquery, Stand::Table);
                *self.levels.borrow_mut() = around;
                let (text, columns) = own?;
                self.add(Relation { alias: alias.name.value.clone(), table: None, columns })?;
                Some(format!("({text}) {}", quoted(&alias.name.value)))
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => self.joined(table_with_joins),
            _other => None,
        }
    }

    fn add(&self, relation: Relation) -> Option<()> {
        self.levels.borrow_mut().last_mut()?.relations.push(relation);
        Some(())
    }

    /// A stored table or view, and the columns that `*` shows of it.
    fn table(&self, parts: &[String]) -> Option<(TableName, Vec<String>)> {
        let context = self.scope.context;
        let (database, table) = match parts {
            [table] => (context.database.as_ref()?, table),
            [database, table] => (database, table),
            _other => return None,
        };
        if let Some(found) = context.catalogue.table(database, table) {
            if found.temporary.is_some() || found.columns.iter().any(|column| column.invisible) {
                return None;
            }
            return Some((found.name.clone(), found.columns.iter().map(|column| column.name.clone()).collect()));
        }
        let view = context.catalogue.view(database, table)?;
        Some((view.name.clone(), view.columns.iter().map(|column| column.name.clone()).collect()))
    }
}

/// The title that an expression has without an alias: where it's the text that was written, it isn't known here.
fn plain_title(expr: &Expr, printer: &ViewText<'_>) -> Option<String> {
    match expr {
        Expr::Identifier(name) => {
            Some(name.value.clone()).filter(|_| printer.column(std::slice::from_ref(name)).is_some())
        }
        Expr::CompoundIdentifier(parts) => parts.last().map(|last| last.value.clone()),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            Value::Number(digits, _) => Some(digits.clone()),
            Value::Null => Some("NULL".to_owned()),
            _other => None,
        },
        _other => None,
    }
}

fn grouped(select: &Select) -> bool {
    matches!(&select.group_by, GroupByExpr::Expressions(items, _) if !items.is_empty())
}

/// The column at a position of the select list.
fn column_at(select: &Select, at: usize) -> Option<&Expr> {
    match select.projection.get(at.checked_sub(1)?)? {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            Some(expr).filter(|expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)))
        }
        _other => None,
    }
}

/// ORDER BY of a UNION: by a title.
fn union_key(item: &OrderByExpr, titles: &[String]) -> Option<String> {
    let direction = if item.options.sort == Some(OrderBySort::Desc) { " desc" } else { "" };
    let title = match (&item.expr, position(&item.expr)) {
        (_, Some(at)) => titles.get(at.checked_sub(1)?)?,
        (Expr::Identifier(name), None) => titles.iter().find(|title| same(title, &name.value))?,
        (_, None) => return None,
    };
    Some(format!("{}{direction}", quoted(title)))
}

fn limit_text(limit: &LimitClause) -> Option<String> {
    let digits = |expr: &Expr| position(expr).map(|number| number.to_string());
    Some(match limit {
        LimitClause::LimitOffset { limit: Some(limit), offset: None, .. } => format!(" limit {}", digits(limit)?),
        LimitClause::LimitOffset { limit: Some(limit), offset: Some(offset), .. } => {
            format!(" limit {},{}", digits(&offset.value)?, digits(limit)?)
        }
        LimitClause::OffsetCommaLimit { offset, limit } => format!(" limit {},{}", digits(offset)?, digits(limit)?),
        LimitClause::LimitOffset { limit: None, .. } => return None,
    })
}
