//! The condition of WHERE.
//!
//! MySQL's zero date is a value of a NOT NULL column, and still `IS NULL` finds it: where the test is the whole
//! condition or one of those that AND joins, and names a DATE or DATETIME column that can't be NULL. In OR, ON, HAVING
//! and the select list, and on columns of views, it doesn't (checked against MySQL, form by form).

use sqlparser::ast::{BinaryOperator, Expr, FunctionArguments, UnaryOperator};

use crate::schema::ColumnType;

use super::expression::{Expression, Lowering, Origin};
use super::functions::plain_arguments;
use super::lower::Place;
use super::operators::{chained, unnested};
use super::plan::SqlError;
use super::scope::Scope;

impl Lowering<'_> {
    /// The condition of WHERE as PostgreSQL text of type boolean.
    pub(super) fn filter(&mut self, condition: &Expr, scope: &Scope<'_>) -> Result<String, SqlError> {
        let condition = self.filtered(condition, Place::new(scope, "where clause"))?;
        self.truth(&condition)
    }

    fn filtered(&mut self, condition: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        let condition = unnested(condition);
        if matches!(condition, Expr::BinaryOp { op: BinaryOperator::And, .. }) {
            let (mut nullable, mut parts) = (false, Vec::new());
            for operand in chained(condition, &BinaryOperator::And) {
                let value = self.filtered(operand, place)?;
                nullable |= value.nullable;
                parts.push(self.truth(&value)?);
            }
            return Ok(Expression::condition(format!("({})", parts.join(" AND ")), nullable));
        }
        let Some(tested) = null_tested(condition) else { return self.lower(condition, place) };
        let value = self.lower(tested, place)?;
        let column = value.origin.as_ref().filter(|origin| is_of_table(origin, place.scope)).and_then(Origin::column);
        if !column.is_some_and(|column| {
            !column.nullable && matches!(column.column_type, ColumnType::Date | ColumnType::DateTime { .. })
        }) {
            return self.lower(condition, place);
        }
        let sql = self.own(&value)?;
        Ok(Expression::condition(format!("({sql} IS NULL OR {sql} = '-infinity')"), false))
    }
}

/// False for a column that a view or a derived table shows.
fn is_of_table(origin: &Origin, scope: &Scope<'_>) -> bool {
    let own = scope.relations.iter().find(|relation| relation.alias == origin.alias);
    match (own, scope.parent) {
        (Some(relation), _) => relation.table.is_some(),
        (None, Some(parent)) => is_of_table(origin, parent.scope),
        (None, None) => false,
    }
}

/// What a condition says to be NULL.
fn null_tested(condition: &Expr) -> Option<&Expr> {
    match condition {
        Expr::IsNull(inner) => Some(inner),
        Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => match unnested(expr) {
            Expr::IsNotNull(inner) => Some(inner),
            _other => None,
        },
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("ISNULL") => {
            let FunctionArguments::List(list) = &function.args else { return None };
            match plain_arguments(&list.args).ok()?.as_slice() {
                [argument] => Some(*argument),
                _other => None,
            }
        }
        _other => None,
    }
}
