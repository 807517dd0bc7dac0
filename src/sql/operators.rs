//! Comparison, arithmetic and logic with MySQL's implicit conversions.
//!
//! The rule everywhere: a constant or parameter takes the type of the column that it meets, so that indexes serve; a
//! column is converted only where MySQL itself converts it.

mod arithmetic;
mod bits;
mod carriers;
mod compare;
mod like;
mod moments;
mod regexp;
mod rows;

use sqlparser::ast::{BinaryOperator, Expr, Query};

use crate::schema::quote;
use crate::value::Value;
use crate::wire::FieldType;

use super::expression::{Body, Expression, Lowering};
use super::geometry;
use super::lower::{Fineness, Place};
use super::plan::{ParameterSource, SqlError};
use super::types::{Carrier, Class, Type};
pub(super) use arithmetic::quotient_is_cut;
use carriers::{constant_carrier, date_domain, exact_carrier, integer_carrier, is_number_literal, number_class};
use compare::Domain;
use moments::Beside;

impl Lowering<'_> {
    pub(super) fn binary(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        use BinaryOperator as Op;
        match op {
            Op::Assignment => return self.assign_variable(left, right, place),
            Op::Arrow | Op::LongArrow => return self.json_arrow(left, *op == Op::LongArrow, right, place),
            Op::Plus | Op::Minus => {
                if let Some(shifted) = self.date_arithmetic(left, *op == Op::Minus, right, place)? {
                    return Ok(shifted);
                }
            }
            Op::Custom(name) if name == "SOUNDS LIKE" => {
                let left = self.call("SOUNDEX", &[left], place)?;
                let right = self.call("SOUNDEX", &[right], place)?;
                let nullable = left.nullable || right.nullable;
                return Ok(Expression::condition(self.compare("=", &left, &right)?, nullable));
            }
            _other => {}
        }
        if let Some(compared) = self.row_operation(left, op, right, place)? {
            return Ok(compared);
        }
        let left = self.lower(left, place)?;
        let right = self.lower(right, place)?;
        let nullable = left.nullable || right.nullable;
        if let Some(name) = geometry::operator_without_shapes(op) {
            geometry::refuse_shapes(name, [&left, &right])?;
        }
        match op {
            Op::Eq => Ok(Expression::condition(self.compare("=", &left, &right)?, nullable)),
            Op::NotEq => Ok(Expression::condition(self.compare("<>", &left, &right)?, nullable)),
            Op::Lt => Ok(Expression::condition(self.compare("<", &left, &right)?, nullable)),
            Op::LtEq => Ok(Expression::condition(self.compare("<=", &left, &right)?, nullable)),
            Op::Gt => Ok(Expression::condition(self.compare(">", &left, &right)?, nullable)),
            Op::GtEq => Ok(Expression::condition(self.compare(">=", &left, &right)?, nullable)),
            Op::Spaceship => Ok(Expression::condition(self.compare("IS NOT DISTINCT FROM", &left, &right)?, false)),
            Op::And => self.logic("AND", &left, &right),
            Op::Or => self.logic("OR", &left, &right),
            Op::Xor if [&left, &right].iter().any(|side| side.ty.class == Class::Json && side.origin.is_some()) => {
                Err(SqlError::unsupported("XOR of JSON"))
            }
            Op::Xor => {
                let (left, right) = (self.truth(&left)?, self.truth(&right)?);
                Ok(Expression::condition(format!("({left} <> {right})"), nullable))
            }
            Op::Plus => self.arithmetic("+", &left, &right),
            Op::Minus => self.arithmetic("-", &left, &right),
            Op::Multiply => self.arithmetic("*", &left, &right),
            Op::Divide => self.divide(&left, &right),
            Op::MyIntegerDivide => self.integer_divide(&left, &right),
            Op::Modulo => self.modulo(&left, &right),
            Op::StringConcat => {
                let length = left.ty.length.saturating_add(right.ty.length);
                let (left, right) = (self.text(&left)?, self.text(&right)?);
                Ok(Expression::sql(
                    format!("({left} || {right})"),
                    Type::text(length, &self.context.collation),
                    nullable,
                ))
            }
            Op::BitwiseAnd => self.bits("&", &left, &right),
            Op::BitwiseOr => self.bits("|", &left, &right),
            Op::BitwiseXor => self.bits("#", &left, &right),
            Op::PGBitwiseShiftLeft => self.shift("<<", &left, &right),
            Op::PGBitwiseShiftRight => self.shift(">>", &left, &right),
            other => Err(SqlError::unsupported(format_args!("operator {other}"))),
        }
    }

    fn logic(&mut self, word: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let (left, right) = (self.truth(left)?, self.truth(right)?);
        Ok(Expression::condition(format!("({left} {word} {right})"), nullable))
    }

    /// `date ± INTERVAL n unit`; `None` when neither side is an interval.
    fn date_arithmetic(
        &mut self,
        left: &Expr,
        minus: bool,
        right: &Expr,
        place: Place<'_>,
    ) -> Result<Option<Expression>, SqlError> {
        let (date, interval) = match (unnested(left), unnested(right)) {
            (date, Expr::Interval(interval)) => (date, interval),
            (Expr::Interval(interval), date) if !minus => (date, interval),
            (_, _) => return Ok(None),
        };
        let date = self.lower(date, place)?;
        self.shift_date(&date, minus, interval, place).map(Some)
    }

    pub(super) fn shift_date(
        &mut self,
        date: &Expression,
        minus: bool,
        interval: &sqlparser::ast::Interval,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let part = self.interval(interval, place)?;
        let sign = if minus { "-" } else { "+" };
        let nullable = date.nullable || part.nullable;
        let fraction = |own: u8| match part.fine {
            Fineness::Fraction(digits) => own.max(digits),
            Fineness::Days | Fineness::Seconds => own,
        };
        match (date.ty.class, part.fine) {
            (Class::Date, Fineness::Days) => {
                let sql = self.own(date)?;
                let sql = format!("\"mysql\".in_calendar({sql} {sign} {})::date", part.sql);
                Ok(Expression::sql(sql, Type::date(), true))
            }
            (Class::Date | Class::DateTime, _) => {
                let sql = self.render(date, Carrier::Timestamp)?;
                let ty = Type::datetime(fraction(date.ty.decimals));
                Ok(Expression::sql(format!("\"mysql\".in_calendar({sql} {sign} {})", part.sql), ty, true))
            }
            (Class::Time, Fineness::Seconds | Fineness::Fraction(_)) => {
                let sql = self.own(date)?;
                Ok(Expression::sql(
                    format!("({sql} {sign} {})", part.sql),
                    Type::time(fraction(date.ty.decimals)),
                    nullable,
                ))
            }
            (Class::Text | Class::Open | Class::Null | Class::Bytes, _) => {
                // MySQL answers with character data: a date if the text is one and the unit is days or more.
                let given = self.render(date, Carrier::Text)?;
                let days = part.fine == Fineness::Days;
                let minus = if minus { "-" } else { "" };
                let sql = format!("\"mysql\".shifted_text({given}, {minus}{}, {days})", part.sql);
                let ty = Type { field: FieldType::String, ..Type::text(29, &self.context.collation) };
                Ok(Expression::sql(sql, ty, true))
            }
            (Class::Time, Fineness::Days) => {
                let moment = self.moment_of(date, super::calendar::Kind::DateTime)?;
                let sql = format!("\"mysql\".in_calendar({moment} {sign} {})", part.sql);
                Ok(Expression::sql(sql, Type::datetime(date.ty.decimals), true))
            }
            (Class::Integer | Class::Decimal | Class::Real | Class::Json, _) => {
                if self.quiet {
                    return Err(SqlError::unsupported("text or a number read as a date in a definition"));
                }
                let days = part.fine == Fineness::Days;
                let interval = if minus { format!("-{}", part.sql) } else { part.sql };
                let sql = self.shifted(date, &interval, days)?;
                let ty = Type { field: FieldType::String, ..Type::text(29, &self.context.collation) };
                Ok(Expression::sql(sql, ty, true))
            }
        }
    }

    /// Text of a number or a document ± an interval.
    fn shifted(&mut self, date: &Expression, interval: &str, days: bool) -> Result<String, SqlError> {
        if date.ty.class == Class::Json {
            let (sql, name) = (self.own(date)?, super::json::item_name(date));
            return Ok(format!("\"mysql\".shifted_json({sql}, {}, {interval}, {days})", quote::literal(&name)));
        }
        // Only the YEAR of a column is a date; any other is a number of four digits, which is none.
        let year = date.ty.field == FieldType::Year;
        if year && matches!(&date.body, Body::Sql(sql) if sql.contains("\"mysql\".json_value(")) {
            return Ok("NULL::text".to_owned());
        }
        if year && date.origin.is_some() {
            return Ok(format!("\"mysql\".shifted_year({}, {interval})", self.render(date, Carrier::Int4)?));
        }
        let (number, shown) = if date.ty.class == Class::Real {
            let double = self.render(date, Carrier::Float8)?;
            (format!("({double})::text::numeric"), format!("\"mysql\".double_text({double})"))
        } else {
            let number = self.render(date, Carrier::Numeric)?;
            (number.clone(), format!("({number})::text"))
        };
        Ok(format!("\"mysql\".shifted_number({number}, {shown}, {interval}, {days})"))
    }

    pub(super) fn between(
        &mut self,
        subject: &Expr,
        bounds: (&Expr, &Expr),
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let subject = self.lower(subject, place)?;
        let (low, high) = (self.lower(bounds.0, place)?, self.lower(bounds.1, place)?);
        geometry::refuse_shapes("between", [&subject, &low, &high])?;
        if [&subject, &low, &high].iter().any(|side| side.ty.class == Class::Json) {
            return Err(SqlError::unsupported("comparison of JSON in the BETWEEN operator"));
        }
        let nullable = subject.nullable || low.nullable || high.nullable;
        // Three values are compared as one kind: numbers as soon as one of them is a number.
        let number = |side: &Expression| matches!(side.ty.class, Class::Integer | Class::Decimal | Class::Real);
        let subject = if subject.ty.is_text() && !subject.ty.is_enum() && (number(&low) || number(&high)) {
            Expression::sql(self.render(&subject, Carrier::Float8)?, Type::double(), nullable)
        } else {
            subject
        };
        // Numbers are compared here as they are, whatever their digits.
        let exact = |side: Expression| match side.ty.class {
            Class::Real => Expression { ty: Type { decimals: super::types::NOT_FIXED, ..side.ty.clone() }, ..side },
            Class::Integer | Class::Decimal | Class::Text | Class::Open | Class::Bytes => side,
            Class::Null | Class::Date | Class::DateTime | Class::Time | Class::Json => side,
        };
        let (subject, low, high) = (exact(subject), exact(low), exact(high));
        let subject = self.between_subject(subject, [&low, &high])?;
        let (low, high) = (self.between_bound(&subject, low)?, self.between_bound(&subject, high)?);
        let (low, high) = (self.compare(">=", &subject, &low)?, self.compare("<=", &subject, &high)?);
        let sql = format!("({low} AND {high})");
        Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable))
    }
}

/// The operands of `a AND b AND …` or `a OR b OR …`, without recursion along the chain.
pub(super) fn chained<'e>(expr: &'e Expr, op: &BinaryOperator) -> impl Iterator<Item = &'e Expr> + use<'e> {
    let (mut operands, mut rest) = (Vec::new(), expr);
    while let Expr::BinaryOp { left, op: own, right } = rest
        && own == op
    {
        operands.push(&**right);
        rest = left;
    }
    operands.push(rest);
    operands.into_iter().rev()
}

/// Without parentheses around it.
pub(super) fn unnested(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
