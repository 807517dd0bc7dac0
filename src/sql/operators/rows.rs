//! Row values: `(a, b) < (c, d)`, `IN` lists and subqueries, `ANY` and `ALL`.
//!
//! A comparison of rows is written out as comparisons of their members, each in the types in which those two meet:
//! equality is the conjunction, order is decided by the first members that differ. PostgreSQL's three-valued logic
//! then gives NULL where MySQL does. A query beside a row is joined to nothing on the left, so that no row at all
//! counts as a row of NULLs and a second row is an error, as in MySQL.

use sqlparser::ast::{FunctionArguments, SetExpr};

use super::super::select::Derived;
use super::*;
use crate::sql::types::{Coercibility, Collation};

/// One side of a comparison that may be a row.
#[derive(Clone, Debug)]
enum Side {
    Scalar(Box<Expression>),
    Row(Vec<Side>),
}

impl Side {
    fn nullable(&self) -> bool {
        match self {
            Self::Scalar(value) => value.nullable,
            Self::Row(members) => members.iter().any(Self::nullable),
        }
    }

    fn width(&self) -> usize {
        match self {
            Self::Scalar(_) => 1,
            Self::Row(members) => members.len(),
        }
    }
}

/// The members of a row that is written as one.
fn members(expr: &Expr) -> Option<Vec<&Expr>> {
    match unnested(expr) {
        Expr::Tuple(members) => Some(members.iter().collect()),
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("ROW") => match &function.args {
            FunctionArguments::List(list) => crate::sql::functions::plain_arguments(&list.args).ok(),
            FunctionArguments::None | FunctionArguments::Subquery(_) => None,
        },
        _scalar => None,
    }
}

/// How many columns a query shows on its face; 1 when that can't be seen.
fn shown_columns(body: &SetExpr) -> usize {
    match body {
        SetExpr::Select(select) => {
            let plain = select.projection.iter().all(|item| {
                matches!(
                    item,
                    sqlparser::ast::SelectItem::UnnamedExpr(_) | sqlparser::ast::SelectItem::ExprWithAlias { .. }
                )
            });
            if plain { select.projection.len() } else { 0 }
        }
        SetExpr::Query(query) => shown_columns(&query.body),
        SetExpr::SetOperation { left, .. } => shown_columns(left),
        _other => 0,
    }
}

/// Whether an operand is a row or may be a query of several columns.
fn may_be_row(expr: &Expr) -> bool {
    match unnested(expr) {
        Expr::Subquery(query) => shown_columns(&query.body) != 1,
        other => members(other).is_some(),
    }
}

impl Lowering<'_> {
    /// A comparison of which a side is a row; `None` when neither is.
    pub(super) fn row_operation(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        place: Place<'_>,
    ) -> Result<Option<Expression>, SqlError> {
        use BinaryOperator as Op;
        let word = match op {
            Op::Eq => "=",
            Op::NotEq => "<>",
            Op::Lt => "<",
            Op::LtEq => "<=",
            Op::Gt => ">",
            Op::GtEq => ">=",
            Op::Spaceship => "IS NOT DISTINCT FROM",
            _other => return Ok(None),
        };
        if members(left).is_none() && members(right).is_none() && !(may_be_row(left) && may_be_row(right)) {
            return Ok(None);
        }
        let mut queries = Vec::new();
        let left = self.side(left, &mut queries, place)?;
        let right = self.side(right, &mut queries, place)?;
        let safe = *op == Op::Spaceship;
        let nullable = !queries.is_empty() || !safe && (left.nullable() || right.nullable());
        let mut sql = self.compare_sides(word, &left, &right)?;
        if !queries.is_empty() {
            sql = format!("(SELECT {sql} FROM (SELECT) AS one{})", queries.concat());
        }
        Ok(Some(Expression::condition(sql, nullable)))
    }

    fn side(&mut self, expr: &Expr, queries: &mut Vec<String>, place: Place<'_>) -> Result<Side, SqlError> {
        if let Some(members) = members(expr) {
            let members = members.into_iter().map(|member| self.side(member, queries, place));
            return Ok(Side::Row(members.collect::<Result<_, _>>()?));
        }
        if let Expr::Subquery(query) = unnested(expr)
            && may_be_row(expr)
        {
            let derived = self.subquery(query, place)?;
            let alias = self.fresh("row");
            let columns: Vec<Side> = derived.columns.iter().map(|column| column_of(column, &alias)).collect();
            if columns.len() > 1 {
                queries.push(format!(" LEFT JOIN ({}) AS \"{alias}\" ON TRUE", derived.sql));
                return Ok(Side::Row(columns));
            }
        }
        Ok(Side::Scalar(Box::new(self.lower(expr, place)?)))
    }

    fn compare_sides(&mut self, op: &str, left: &Side, right: &Side) -> Result<String, SqlError> {
        match (left, right) {
            (Side::Scalar(left), Side::Scalar(right)) => self.compare(op, left, right),
            (Side::Row(left), Side::Row(right)) if left.len() == right.len() => self.compare_rows(op, left, right),
            (Side::Row(_) | Side::Scalar(_), _) => Err(SqlError::operand_columns(left.width())),
        }
    }

    fn compare_rows(&mut self, op: &str, left: &[Side], right: &[Side]) -> Result<String, SqlError> {
        match op {
            "=" | "IS NOT DISTINCT FROM" => {
                let parts = left.iter().zip(right).map(|(left, right)| self.compare_sides(op, left, right));
                Ok(format!("({})", parts.collect::<Result<Vec<_>, _>>()?.join(" AND ")))
            }
            "<>" => Ok(format!("(NOT {})", self.compare_rows("=", left, right)?)),
            order => {
                let ([left, left_rest @ ..], [right, right_rest @ ..]) = (left, right) else {
                    return Err(SqlError::operand_columns(left.len()));
                };
                if left_rest.is_empty() {
                    return self.compare_sides(order, left, right);
                }
                let before = self.compare_sides(order.trim_end_matches('='), left, right)?;
                let equal = self.compare_sides("=", left, right)?;
                let rest = self.compare_rows(order, left_rest, right_rest)?;
                Ok(format!("({before} OR ({equal} AND {rest}))"))
            }
        }
    }

    pub(in crate::sql) fn in_list(
        &mut self,
        subject: &Expr,
        list: &[Expr],
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        if may_be_row(subject) || list.iter().any(|item| members(item).is_some()) {
            let (mut alternatives, mut nullable) = (Vec::with_capacity(list.len()), false);
            for row in list {
                let equal = self.row_operation(subject, &BinaryOperator::Eq, row, place)?;
                let equal =
                    equal.ok_or_else(|| SqlError::operand_columns(members(subject).map_or(1, |row| row.len())))?;
                nullable |= equal.nullable;
                alternatives.push(self.truth(&equal)?);
            }
            let sql = format!("({})", alternatives.join(" OR "));
            return Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable));
        }
        let subject = self.lower(subject, place)?;
        let mut items = list.iter().map(|item| self.lower(item, place)).collect::<Result<Vec<_>, _>>()?;
        for item in &mut items {
            if let Some(text) = self.bytes_as_text(item, &subject)? {
                *item = text;
            }
        }
        let nullable = subject.nullable || items.iter().any(|item| item.nullable);
        let subject = self.common_subject(subject, &items)?;
        if let Some(sql) = self.uniform_list(&subject, &items)? {
            return Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable));
        }
        let mut alternatives = Vec::with_capacity(items.len());
        for item in &items {
            // Several numbers beside a date are read as dates, a user variable's too.
            let item = &if items.len() > 1 { super::moments::as_literal(item) } else { item.clone() };
            let equal =
                if items.len() == 1 { self.compare("=", &subject, item)? } else { self.equals_item(&subject, item)? };
            alternatives.push(equal);
        }
        let sql = format!("({})", alternatives.join(" OR "));
        Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable))
    }

    /// The subject of IN with the collation that it has among texts of several: all are compared by one.
    fn common_subject(&mut self, subject: Expression, items: &[Expression]) -> Result<Expression, SqlError> {
        let all = || std::iter::once(&subject).chain(items).filter(|side| !side.is_null());
        if !all().all(|side| side.ty.is_text()) {
            return Ok(subject);
        }
        let common = crate::sql::charset::blend(all().filter_map(|side| side.ty.collation.as_ref()));
        let other = |common: &Collation| subject.ty.collation.as_ref().is_none_or(|own| own.name != common.name);
        match common {
            Some(common) if common.coercibility == Coercibility::Column && other(&common) => {
                self.under_collation(&subject, common)
            }
            Some(_) | None => Ok(subject),
        }
    }

    /// `subject IN (…)` when every item meets the subject in the same types.
    fn uniform_list(&mut self, subject: &Expression, items: &[Expression]) -> Result<Option<String>, SqlError> {
        let mut common: Option<Domain> = None;
        for item in items {
            if item.is_null() || !item.is_flexible() {
                return Ok(None);
            }
            // A YEAR doesn't read what stands in a list.
            if subject.ty.is_temporal() && !matches!(self.read_beside(subject, item)?, Beside::Plain) {
                return Ok(None);
            }
            let domain = self.domain(subject, item)?;
            if common.is_some_and(|common| common != domain) {
                return Ok(None);
            }
            common = Some(domain);
        }
        let Some((domain, first)) = common.zip(items.first()) else { return Ok(None) };
        let (subject, carrier, pads) = match domain {
            Domain::Text => {
                let collated = self.collate(subject, first, " IN ")?;
                let sql = self.comparable_text(subject, collated.pads)?;
                (format!("{sql}{}", collated.clause), Carrier::Text, collated.pads)
            }
            Domain::Own(Carrier::Json, _) | Domain::TimeOfDay { .. } => return Ok(None),
            Domain::Own(left, right) => (self.render(subject, left)?, right, false),
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let sql = self.render(item, carrier)?;
            list.push(if pads { format!("({sql})::bpchar") } else { sql });
        }
        Ok(Some(format!("({subject} IN ({}))", list.join(", "))))
    }

    pub(in crate::sql) fn in_subquery(
        &mut self,
        subject: &Expr,
        query: &Query,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let not = if negated { "NOT IN" } else { "IN" };
        self.beside_query(subject, not, query, place)
    }

    /// `subject op ANY (query)` and `subject op ALL (query)`; `= ANY` and `<> ALL` take rows too.
    pub(in crate::sql) fn quantified(
        &mut self,
        subject: &Expr,
        (op, word): (&BinaryOperator, &str),
        query: &Expr,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        use BinaryOperator as Op;
        let Expr::Subquery(query) = unnested(query) else {
            return Err(SqlError::unsupported(format_args!("{word} of a list")));
        };
        match (op, word) {
            (Op::Eq, "ANY") => self.beside_query(subject, "IN", query, place),
            (Op::NotEq, "ALL") => self.beside_query(subject, "NOT IN", query, place),
            (Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq, _) => {
                if members(subject).is_some() {
                    return Err(SqlError::operand_columns(1));
                }
                self.beside_query(subject, &format!("{op} {word}"), query, place)
            }
            (other, _) => Err(SqlError::unsupported(format_args!("{other} {word}"))),
        }
    }

    fn beside_query(
        &mut self,
        subject: &Expr,
        operator: &str,
        query: &Query,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let mut queries = Vec::new();
        let subject = self.side(subject, &mut queries, place)?;
        let derived = self.compared_query(operator, query, place)?;
        let alias = self.fresh("subquery");
        let columns: Vec<Side> = derived.columns.iter().map(|column| column_of(column, &alias)).collect();
        let (mut left, mut right, mut nullable) = (Vec::new(), Vec::new(), !queries.is_empty());
        let subjects = match subject {
            Side::Row(members) => members,
            Side::Scalar(_) => vec![subject],
        };
        if subjects.len() != columns.len() {
            return Err(SqlError::operand_columns(subjects.len()));
        }
        for (subject, column) in subjects.iter().zip(&columns) {
            let (Side::Scalar(subject), Side::Scalar(column)) = (subject, column) else {
                return Err(SqlError::operand_columns(1));
            };
            nullable |= subject.nullable || column.nullable;
            let documents = [subject, column].iter().any(|side| side.ty.class == Class::Json);
            if documents && !operator.ends_with("IN") {
                return Err(SqlError::unsupported(format_args!("{operator} of JSON")));
            }
            let (subject, column) = self.meeting("=", subject, column)?;
            left.push(subject);
            right.push(column);
        }
        let left = if left.len() == 1 { left.concat() } else { format!("({})", left.join(", ")) };
        let mut sql =
            format!("({left} {operator} (SELECT {} FROM ({}) AS \"{alias}\"))", right.join(", "), derived.sql);
        if !queries.is_empty() {
            sql = format!("(SELECT {sql} FROM (SELECT) AS one{})", queries.concat());
        }
        Ok(Expression::condition(sql, nullable))
    }

    /// A query behind IN, ANY or ALL. MySQL would push the comparison into one that can't be materialised, and says so
    /// where window functions stand in the way.
    fn compared_query(&mut self, operator: &str, query: &Query, place: Place<'_>) -> Result<Derived, SqlError> {
        let around = std::mem::take(&mut self.shown);
        let derived = self.subquery(query, place);
        let own = std::mem::replace(&mut self.shown, around);
        let depth = place.scope.depth + 1;
        let dependent = own.outermost.is_some_and(|outermost| outermost < depth);
        let pushed = dependent || matches!(operator, "= ALL" | "<> ANY");
        if pushed && own.windows.contains(&depth) {
            return Err(SqlError::unsupported(
                "the combination of this ALL/ANY/SOME/IN subquery with this comparison operator and with contained \
                 window functions",
            ));
        }
        self.shown.absorb(own);
        derived
    }

    pub(in crate::sql) fn exists(
        &mut self,
        query: &Query,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let derived = self.subquery(query, place)?;
        let not = if negated { "NOT " } else { "" };
        Ok(Expression::condition(format!("({not}EXISTS ({}))", derived.sql), false))
    }

    pub(in crate::sql) fn scalar_subquery(&mut self, query: &Query, place: Place<'_>) -> Result<Expression, SqlError> {
        let derived = self.subquery(query, place)?;
        let [column] = derived.columns.as_slice() else { return Err(SqlError::operand_columns(1)) };
        Ok(Expression {
            body: Body::Sql(format!("({})", derived.sql)),
            nullable: true,
            origin: None,
            ..column.expression()
        })
    }
}

fn column_of(column: &crate::sql::select::DerivedColumn, alias: &str) -> Side {
    let name = crate::schema::quote::identifier(&column.sql_name);
    Side::Scalar(Box::new(Expression { body: Body::Sql(format!("\"{alias}\".{name}")), ..column.expression() }))
}
