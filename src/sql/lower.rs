//! From MySQL's expressions to typed ones: literals, names, and the forms that have syntax of their own.

mod literals;
mod names;
mod variables;

pub(super) use literals::{alone, bits, hex};
pub(super) use variables::LONGEST_PARAMETER;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, DateTimeField, Expr, Ident, Interval, ObjectName, TrimWhereField, UnaryOperator,
    Value as Token,
};

use crate::value::Value;
use crate::wire::constants::column_flags as flag;

use super::expression::{Body, Expression, Lowering};
use super::operators::{chained, unnested};
use super::plan::{ParameterSource, SqlError};
use super::scope::{Alias, Name, Scope, Spot};
use super::types::{Carrier, Class, Collation, Type, merge};

/// Where an expression stands: what names mean there and what is allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    pub(super) scope: &'s Scope<'s>,
    /// MySQL's word for the clause: `field list`, `where clause`, …
    pub(super) clause: &'static str,
    /// Aliases of the select list that may be used, and when they are looked at.
    pub(super) aliases: &'s [Alias],
    pub(super) prefer_aliases: bool,
    /// HAVING: only columns of GROUP BY and of the select list can be named outside aggregates.
    pub(super) having: bool,
    /// Inside an aggregate function.
    pub(super) inside: bool,
    pub(super) aggregates: Aggregates,
    pub(super) grouping: Option<&'s Grouping>,
    /// `VALUES(column)` in ON DUPLICATE KEY UPDATE.
    pub(super) values_of: Option<&'s dyn ValuesOf>,
}

/// Finds the new value of a column in ON DUPLICATE KEY UPDATE.
pub(super) trait ValuesOf: std::fmt::Debug {
    fn value_of(&self, column: &str) -> Option<Expression>;
}

/// Whether aggregate functions are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregates {
    Allowed,
    Forbidden,
}

/// The grouping of a query, for what stands outside aggregates.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouping {
    /// GROUP BY; empty when the whole result is one group.
    pub(super) items: Vec<GroupItem>,
    /// Columns that have one value in each group.
    pub(super) determined: Vec<Spot>,
    /// Columns that PostgreSQL itself knows to have one value.
    pub(super) grouped: Vec<Spot>,
    /// WITH ROLLUP: any of them is NULL in some rows.
    pub(super) rollup: bool,
    /// Any value of the group will do, whatever `sql_mode` says.
    pub(super) lenient: bool,
}

/// An expression of GROUP BY.
#[derive(Clone, Debug)]
pub(super) struct GroupItem {
    pub(super) expr: Expr,
    /// As written in PostgreSQL's GROUP BY.
    pub(super) sql: String,
    /// The value itself: its body is `sql` unless it's a column.
    pub(super) value: Expression,
    /// PostgreSQL text of the expression as it's found elsewhere in the query; `None` for columns and constants.
    pub(super) own: Option<String>,
}

impl<'s> Place<'s> {
    pub(super) fn new(scope: &'s Scope<'s>, clause: &'static str) -> Self {
        Self {
            scope,
            clause,
            aliases: &[],
            prefer_aliases: false,
            having: false,
            inside: false,
            aggregates: Aggregates::Forbidden,
            grouping: None,
            values_of: None,
        }
    }

    /// The same place inside an aggregate function.
    pub(super) fn inside_aggregate(self) -> Self {
        Self { aggregates: Aggregates::Forbidden, grouping: None, aliases: &[], inside: true, ..self }
    }
}

impl Lowering<'_> {
    /// Lowers an expression.
    pub(super) fn lower(&mut self, expr: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        if let Some(grouping) = place.grouping
            && let Some(found) = self.grouped_expression(expr, grouping, place)
        {
            return Ok(found);
        }
        match expr {
            Expr::Value(value) => self.literal(&value.value),
            Expr::Identifier(ident) => self.name(std::slice::from_ref(ident), place),
            Expr::CompoundIdentifier(parts) => self.name(parts, place),
            Expr::Nested(inner) => self.lower(inner, place),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                self.logic_chain(expr, op, place)
            }
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, place),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr, place),
            Expr::IsNull(inner) => self.null_test(inner, "IS NULL", place),
            Expr::IsNotNull(inner) => self.null_test(inner, "IS NOT NULL", place),
            Expr::IsTrue(inner) => self.truth_test(inner, "IS TRUE", place),
            Expr::IsNotTrue(inner) => self.truth_test(inner, "IS NOT TRUE", place),
            Expr::IsFalse(inner) => self.truth_test(inner, "IS FALSE", place),
            Expr::IsNotFalse(inner) => self.truth_test(inner, "IS NOT FALSE", place),
            Expr::IsUnknown(inner) => self.truth_test(inner, "IS UNKNOWN", place),
            Expr::IsNotUnknown(inner) => self.truth_test(inner, "IS NOT UNKNOWN", place),
            Expr::Between { expr, negated, low, high } => self.between(expr, (low, high), *negated, place),
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated, place),
            Expr::InSubquery { expr, subquery, negated } => self.in_subquery(expr, subquery, *negated, place),
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified(left, (compare_op, "ANY"), right, place),
            Expr::AllOp { left, compare_op, right } => self.quantified(left, (compare_op, "ALL"), right, place),
            Expr::Tuple(_) => Err(SqlError::operand_columns(1)),
            Expr::Exists { subquery, negated } => self.exists(subquery, *negated, place),
            Expr::Subquery(query) => self.scalar_subquery(query, place),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), *negated, place)
            }
            Expr::RLike { negated, expr, pattern, .. } => self.regexp(expr, pattern, *negated, place),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), place)
            }
            Expr::Cast { expr, data_type, .. } => self.cast_to(expr, data_type, place),
            Expr::Convert { expr, data_type: Some(data_type), .. } => self.cast_to(expr, data_type, place),
            Expr::Convert { expr, data_type: None, charset: Some(charset), .. } => {
                let text = self.lower(expr, place)?;
                self.convert_using(&text, &charset.to_string().to_ascii_lowercase())
            }
            Expr::Collate { expr, collation } => self.collated(expr, collation, place),
            Expr::Function(function) => self.function(function, place),
            Expr::Extract { field, expr, .. } => self.extract(field, expr, place),
            Expr::Ceil { expr, .. } => self.call("CEIL", &[expr], place),
            Expr::Floor { expr, .. } => self.call("FLOOR", &[expr], place),
            Expr::Position { expr, r#in } => self.call("LOCATE", &[expr, r#in], place),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let parts: Vec<&Expr> = [Some(expr), substring_from.as_ref(), substring_for.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|part| &**part)
                    .collect();
                self.call("SUBSTRING", &parts, place)
            }
            Expr::MemberOf(member) => self.json_member(&member.value, &member.array, place),
            Expr::Trim { trim_where, trim_what, expr, .. } => self.trim(*trim_where, trim_what.as_deref(), expr, place),
            Expr::Prefixed { prefix, value } => self.introduced(prefix, value, place),
            Expr::TypedString(typed) => {
                let text = self.literal(&typed.value.value)?;
                self.typed_literal(&typed.data_type.to_string(), &text)
            }
            other => Err(SqlError::unsupported(super::functions::form_name(other))),
        }
    }

    /// `a AND b AND …`: without recursion along the chain.
    fn logic_chain(&mut self, expr: &Expr, op: &BinaryOperator, place: Place<'_>) -> Result<Expression, SqlError> {
        let (mut nullable, mut parts) = (false, Vec::new());
        for operand in chained(expr, op) {
            let value = self.lower(operand, place)?;
            nullable |= value.nullable;
            parts.push(self.truth(&value)?);
        }
        let word = if *op == BinaryOperator::And { " AND " } else { " OR " };
        Ok(Expression::condition(format!("({})", parts.join(word)), nullable))
    }

    fn introduced(&mut self, prefix: &Ident, value: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        let text = self.lower(value, place)?;
        self.introduce(&prefix.value.to_ascii_lowercase(), &text)
    }

    fn variable(&mut self, parts: &[Ident]) -> Result<Option<Expression>, SqlError> {
        if let Some(local) = self.local_variable(parts)? {
            return Ok(Some(local));
        }
        let Some(first) = parts.first().filter(|first| first.quote_style.is_none() && first.value.starts_with('@'))
        else {
            return Ok(None);
        };
        if let Some(system) = first.value.strip_prefix("@@") {
            self.deterministic("system variables")?;
            return self.system_variable(system, parts.get(1..).unwrap_or_default()).map(Some);
        }
        self.deterministic("user variables")?;
        let name = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let name = name.trim_start_matches('@').to_lowercase();
        let variable = self.user_variable(name.clone());
        match self.assigned_variable(&name, &variable)? {
            Some(changing) => Ok(Some(changing)),
            None => Ok(Some(variable)),
        }
    }

    fn unary(&mut self, op: UnaryOperator, operand: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        if op == UnaryOperator::Not {
            // A run of NOTs is one or none.
            let (mut rest, mut negated) = (unnested(operand), true);
            while let Expr::UnaryOp { op: UnaryOperator::Not, expr } = rest {
                (rest, negated) = (unnested(expr), !negated);
            }
            let inner = self.lower(rest, place)?;
            let sql = self.truth(&inner)?;
            let sql = if negated { format!("(NOT {sql})") } else { sql };
            return Ok(Expression::condition(sql, inner.nullable));
        }
        let inner = self.lower(operand, place)?;
        match op {
            UnaryOperator::Plus => Ok(inner),
            UnaryOperator::Minus => {
                super::geometry::refuse_shapes("-", [&inner])?;
                self.negate(inner)
            }
            UnaryOperator::BitwiseNot => {
                super::geometry::refuse_shapes("~", [&inner])?;
                self.bit_not(&inner)
            }
            other => Err(SqlError::unsupported(format_args!("operator {other}"))),
        }
    }

    fn negate(&mut self, inner: Expression) -> Result<Expression, SqlError> {
        let negated = match inner.constant() {
            Some(Value::Int(value)) => {
                Some(value.checked_neg().map_or_else(|| Value::Decimal((-i128::from(*value)).to_string()), Value::Int))
            }
            Some(Value::UInt(value)) => {
                let negative = -i128::from(*value);
                let whole = || Value::Decimal(negative.to_string());
                Some(i64::try_from(negative).map_or_else(|_| whole(), Value::Int))
            }
            Some(Value::Double(value)) => Some(Value::Double(-value)),
            Some(Value::Decimal(digits)) => {
                Some(Value::Decimal(digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned)))
            }
            Some(
                Value::Null
                | Value::Float(_)
                | Value::Text(_)
                | Value::Bytes(_)
                | Value::Date(_)
                | Value::DateTime(..)
                | Value::Time { .. },
            )
            | None => None,
        };
        if let Some(value) = negated {
            let ty = match &value {
                Value::Decimal(digits) if inner.ty.class == Class::Integer => {
                    Type::decimal(u32::try_from(digits.len()).unwrap_or(20), 0)
                }
                Value::Int(_) => Type { unsigned: false, ..Type::integer(inner.ty.length.max(1)) },
                _other => Type { length: inner.ty.length.max(1), unsigned: false, ..inner.ty },
            };
            return Ok(Expression { nullable: false, ..Expression::literal(value, ty) });
        }
        let (ty, carrier) = match inner.ty.class {
            Class::Integer => (Type::integer(inner.ty.length.max(2)), Carrier::Int8),
            Class::Decimal => (inner.ty.clone(), Carrier::Numeric),
            Class::Real => (Type::fixed_double(inner.ty.decimals), Carrier::Float8),
            Class::Null
            | Class::Open
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => (Type::double(), Carrier::Float8),
        };
        let sql = self.render(&inner, carrier)?;
        Ok(Expression::sql(format!("(- {sql})"), ty, inner.nullable))
    }

    fn null_test(&mut self, inner: &Expr, test: &str, place: Place<'_>) -> Result<Expression, SqlError> {
        let inner = self.lower(inner, place)?;
        let sql = match &inner.body {
            Body::Condition(sql) => format!("({sql})"),
            Body::Sql(_) | Body::Parameter(_) => self.own(&inner)?,
        };
        Ok(Expression::condition(format!("({sql} {test})"), false))
    }

    fn truth_test(&mut self, inner: &Expr, test: &str, place: Place<'_>) -> Result<Expression, SqlError> {
        let inner = self.lower(inner, place)?;
        let sql = self.truth(&inner)?;
        Ok(Expression::condition(format!("({sql} {test})"), false))
    }

    /// CASE compares a JSON value with a text as the text that it is printed as, where `=` makes the text a JSON string.
    fn chosen(&mut self, operand: &Expression, value: &Expression) -> Result<String, SqlError> {
        match (operand.ty.class, value.ty.class) {
            (Class::Json, Class::Text | Class::Open) => {
                let printed = self.printed_json(operand)?;
                self.compare("=", &printed, value)
            }
            (Class::Text | Class::Open, Class::Json) => {
                let printed = self.printed_json(value)?;
                self.compare("=", operand, &printed)
            }
            (_, _) => self.equals_item(operand, value),
        }
    }

    fn printed_json(&mut self, document: &Expression) -> Result<Expression, SqlError> {
        Ok(Expression::sql(self.render(document, Carrier::Text)?, self.json_characters(u32::MAX), document.nullable))
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        arms: &[CaseWhen],
        otherwise: Option<&Expr>,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let operand = operand.map(|operand| self.lower(operand, place)).transpose()?;
        let (mut conditions, mut results) = (Vec::with_capacity(arms.len()), Vec::with_capacity(arms.len() + 1));
        for arm in arms {
            let condition = self.lower(&arm.condition, place)?;
            conditions.push(match &operand {
                Some(operand) => self.chosen(operand, &condition)?,
                None => self.truth(&condition)?,
            });
            results.push(self.lower(&arm.result, place)?);
        }
        results.push(match otherwise {
            Some(otherwise) => self.lower(otherwise, place)?,
            None => Expression::null(),
        });
        let (ty, rendered) = self.unify(&results)?;
        let nullable = results.iter().any(|result| result.nullable);
        let mut sql = String::from("CASE");
        for (condition, result) in conditions.iter().zip(&rendered) {
            sql.push_str(&format!(" WHEN {condition} THEN {result}"));
        }
        if let Some(last) = rendered.last() {
            sql.push_str(&format!(" ELSE {last} END"));
        }
        Ok(Expression::sql(format!("({sql})"), ty, nullable))
    }

    /// The common type of several results, and each of them rendered in it.
    pub(super) fn unify(&mut self, results: &[Expression]) -> Result<(Type, Vec<String>), SqlError> {
        let ty = self.common_type(results);
        let rendered = results.iter().map(|result| self.render(result, ty.carrier)).collect::<Result<_, _>>()?;
        Ok((ty, rendered))
    }

    /// The same for COALESCE, GREATEST and the like, which give decimals the digits of the common type; IF and CASE
    /// leave them.
    pub(super) fn unify_rounded(&mut self, results: &[Expression]) -> Result<(Type, Vec<String>), SqlError> {
        let ty = self.common_type(results);
        let mut rendered = Vec::with_capacity(results.len());
        for result in results {
            let sql = self.render(result, ty.carrier)?;
            // A decimal result shows the digits of its own type, whichever branch it comes from.
            let exact = ty.class == Class::Decimal && !result.is_null();
            let other = (result.ty.class, result.ty.decimals) != (Class::Decimal, ty.decimals);
            rendered.push(if exact && other { format!("round({sql}, {})", ty.decimals) } else { sql });
        }
        Ok((ty, rendered))
    }

    /// The common type of several results. Nothing but NULL and parameters is character data.
    pub(super) fn common_type(&self, results: &[Expression]) -> Type {
        let mut ty = Type::null();
        for result in results {
            ty = merge(&ty, &result.ty, &self.context.collation);
        }
        match ty.class {
            Class::Null => ty,
            Class::Open => Type::text(ty.length, &self.context.collation),
            // What is chosen among has a sign again, unless it's an integer.
            Class::Decimal if ty.unsigned => Type::decimal(ty.precision(), ty.scale()),
            Class::Real => Type { unsigned: false, flags: ty.flags & !flag::UNSIGNED, ..ty },
            Class::Integer
            | Class::Decimal
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => ty,
        }
    }

    /// Text that is compared by another collation than its own.
    pub(super) fn under_collation(&mut self, text: &Expression, named: Collation) -> Result<Expression, SqlError> {
        let sql = format!("({} COLLATE {})", self.own(text)?, self.collation_sql(&named.name)?);
        Ok(Expression::sql(sql, Type { collation: Some(named), ..text.ty.clone() }, text.nullable))
    }

    fn collated(&mut self, inner: &Expr, collation: &ObjectName, place: Place<'_>) -> Result<Expression, SqlError> {
        let inner = self.lower(inner, place)?;
        let name = collation.to_string().trim_matches(['`', '\'', '"']).to_ascii_lowercase();
        self.with_collation(&inner, name)
    }

    fn trim(
        &mut self,
        side: Option<TrimWhereField>,
        what: Option<&Expr>,
        text: &Expr,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let subject = self.lower(text, place)?;
        if subject.is_null() {
            return Ok(Expression::literal(Value::Null, Type::bytes(0)));
        }
        let mut sql = self.text(&subject)?;
        let what = what.map(|what| self.lower(what, place)).transpose()?;
        let (leading, trailing) = match side {
            Some(TrimWhereField::Leading) => (true, false),
            Some(TrimWhereField::Trailing) => (false, true),
            Some(TrimWhereField::Both) | None => (true, true),
        };
        let nullable = self.modes.strict || subject.nullable || what.as_ref().is_some_and(|what| what.nullable);
        match &what {
            None => {
                let function = if leading && trailing {
                    "btrim"
                } else if leading {
                    "ltrim"
                } else {
                    "rtrim"
                };
                sql = format!("{function}({sql}, ' ')");
            }
            Some(what) => {
                let what = self.text(what)?;
                sql = format!("\"mysql\".trim({sql}, {what}, {leading}, {trailing})");
            }
        }
        let ty = self.text_like(&subject);
        Ok(Expression::sql(sql, ty, nullable))
    }

    /// Character data derived from `subject`: its collation and at most its length.
    pub(super) fn text_like(&self, subject: &Expression) -> Type {
        let ty = Type::text(subject.ty.length, &self.context.collation);
        Type { collation: subject.ty.made_text().or(ty.collation.clone()), ..ty }
    }

    fn extract(&mut self, field: &DateTimeField, from: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        let unit = field.to_string().to_ascii_uppercase();
        match unit.as_str() {
            "HOUR" | "MINUTE" | "SECOND" | "MICROSECOND" => {
                let from = self.lower(from, place)?;
                let sql = format!("\"mysql\".signed_time_part('{unit}', {})", self.time_of(&from)?);
                Ok(Expression::sql(sql, Type::integer(if unit == "MICROSECOND" { 7 } else { 3 }), true))
            }
            "YEAR" | "MONTH" | "DAY" | "QUARTER" | "WEEK" => self.call(&unit, &[from], place),
            _compound => self.extract_compound(&unit, from, place),
        }
    }

    fn typed_literal(&mut self, type_name: &str, text: &Expression) -> Result<Expression, SqlError> {
        let Some(Value::Text(written)) = text.constant() else { return Err(SqlError::unsupported("this literal")) };
        let fraction = written.rsplit_once('.').map_or(0, |(_, digits)| u8::try_from(digits.len().min(6)).unwrap_or(6));
        let ty = match type_name.to_ascii_uppercase().as_str() {
            "DATE" => Type::date(),
            "TIMESTAMP" | "DATETIME" => Type::datetime(fraction),
            "TIME" => Type::time(fraction),
            other => return Err(SqlError::unsupported(format_args!("literal {other}"))),
        };
        let sql = self.render(text, ty.carrier)?;
        Ok(Expression::sql(sql, ty, false))
    }

    /// `INTERVAL n unit` as a PostgreSQL interval.
    pub(super) fn interval(&mut self, interval: &Interval, place: Place<'_>) -> Result<IntervalPart, SqlError> {
        let unit = interval.leading_field.as_ref().map(ToString::to_string).unwrap_or_default().to_ascii_uppercase();
        let amount = self.lower(&interval.value, place)?;
        let (argument, scale, fine) = match unit.as_str() {
            "MICROSECOND" => ("secs", " / 1000000.0", Fineness::Fraction(6)),
            "SECOND" => match super::calendar::number_digits(&amount) {
                0 => ("secs", "", Fineness::Seconds),
                digits => ("secs", "", Fineness::Fraction(digits)),
            },
            "MINUTE" => ("mins", "", Fineness::Seconds),
            "HOUR" => ("hours", "", Fineness::Seconds),
            "DAY" => ("days", "", Fineness::Days),
            "WEEK" => ("weeks", "", Fineness::Days),
            "MONTH" => ("months", "", Fineness::Days),
            "QUARTER" => ("months", "* 3", Fineness::Days),
            "YEAR" => ("years", "", Fineness::Days),
            "YEAR_MONTH" | "DAY_HOUR" | "DAY_MINUTE" | "DAY_SECOND" | "DAY_MICROSECOND" | "HOUR_MINUTE"
            | "HOUR_SECOND" | "HOUR_MICROSECOND" | "MINUTE_SECOND" | "MINUTE_MICROSECOND" | "SECOND_MICROSECOND" => {
                let fine = match unit.as_str() {
                    "YEAR_MONTH" => Fineness::Days,
                    micros if micros.ends_with("MICROSECOND") => Fineness::Fraction(6),
                    _seconds => Fineness::Seconds,
                };
                let text = self.render(&amount, Carrier::Text)?;
                let sql = format!("\"mysql\".interval_of({text}, '{unit}')");
                return Ok(IntervalPart { sql, fine, nullable: true });
            }
            other => return Err(SqlError::unsupported(format_args!("INTERVAL unit {other}"))),
        };
        let sql = if argument == "secs" {
            format!("\"mysql\".seconds({}{scale})", self.render(&amount, Carrier::Numeric)?)
        } else {
            format!("make_interval({argument} => (round({}) {scale})::int4)", self.render(&amount, Carrier::Numeric)?)
        };
        Ok(IntervalPart { sql, fine, nullable: amount.nullable })
    }
}

/// An interval with what it does to the type of a date.
#[derive(Clone, Debug)]
pub(super) struct IntervalPart {
    pub(super) sql: String,
    pub(super) fine: Fineness,
    pub(super) nullable: bool,
}

/// The smallest unit that an interval touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fineness {
    Days,
    Seconds,
    /// Digits of a fraction of a second.
    Fraction(u8),
}
