//! Comparison, arithmetic and logic with MySQL's implicit conversions.
//!
//! The rule everywhere: a constant or parameter takes the type of the column that it meets, so that indexes serve; a
//! column is converted only where MySQL itself converts it.

mod carriers;

use sqlparser::ast::{BinaryOperator, Expr, Query, Value as Token};

use crate::value::Value;

use super::expression::{Body, Expression, Lowering};
use super::lower::{Fineness, Place};
use super::plan::SqlError;
use super::types::{Carrier, Class, Type};
use carriers::{constant_carrier, date_domain, exact_carrier, integer_carrier, number_class};

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
            Op::Arrow | Op::LongArrow => return self.json_arrow(left, *op == Op::LongArrow, right, place),
            Op::Plus | Op::Minus => {
                if let Some(shifted) = self.date_arithmetic(left, *op == Op::Minus, right, place)? {
                    return Ok(shifted);
                }
            }
            _other => {}
        }
        let rows = (unnested(left), unnested(right));
        if let (Expr::Tuple(left), Expr::Tuple(right)) = rows {
            return self.row_comparison(left, op, right, place);
        }
        let left = self.lower(left, place)?;
        let right = self.lower(right, place)?;
        let nullable = left.nullable || right.nullable;
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
            Op::Xor => {
                let (left, right) = (self.truth(&left)?, self.truth(&right)?);
                Ok(Expression::condition(format!("({left} <> {right})"), nullable))
            }
            Op::Plus => self.arithmetic("+", &left, &right),
            Op::Minus => self.arithmetic("-", &left, &right),
            Op::Multiply => self.arithmetic("*", &left, &right),
            Op::Divide => self.divide(&left, &right),
            Op::MyIntegerDivide => {
                let (left, right) = (self.render(&left, Carrier::Numeric)?, self.render(&right, Carrier::Numeric)?);
                Ok(Expression::sql(format!("trunc({left} / NULLIF({right}, 0))::int8"), Type::integer(21), true))
            }
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
            other => Err(SqlError::unsupported(format_args!("operator {other}"))),
        }
    }

    fn logic(&mut self, word: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let (left, right) = (self.truth(left)?, self.truth(right)?);
        Ok(Expression::condition(format!("({left} {word} {right})"), nullable))
    }

    fn bits(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let (left, right) = (self.render(left, Carrier::Int8)?, self.render(right, Carrier::Int8)?);
        Ok(Expression::sql(format!("({left} {op} {right})"), Type { unsigned: true, ..Type::integer(21) }, nullable))
    }

    /// A comparison as a PostgreSQL condition.
    pub(super) fn compare(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<String, SqlError> {
        if left.is_null() || right.is_null() {
            return Ok(match (op, left.is_null() && right.is_null()) {
                ("IS NOT DISTINCT FROM", true) => "TRUE".to_owned(),
                ("IS NOT DISTINCT FROM", false) => {
                    let side = if left.is_null() { right } else { left };
                    format!("({} IS NULL)", self.own(side)?)
                }
                (_, _) => "NULL::boolean".to_owned(),
            });
        }
        match self.domain(left, right)? {
            Domain::Text => {
                let collated = self.collate(left, right)?;
                let left = self.comparable_text(left, collated.pads)?;
                let right = self.comparable_text(right, collated.pads)?;
                Ok(format!("({left}{} {op} {right})", collated.clause))
            }
            Domain::Own(Carrier::Json, Carrier::Json) => {
                let (left, right) = (self.document(left)?, self.document(right)?);
                Ok(format!("({left} {op} {right})"))
            }
            Domain::Own(left_carrier, right_carrier) => {
                let (left, right) = (self.render(left, left_carrier)?, self.render(right, right_carrier)?);
                Ok(format!("({left} {op} {right})"))
            }
        }
    }

    /// A value that is compared with a JSON document: a scalar becomes one.
    fn document(&mut self, side: &Expression) -> Result<String, SqlError> {
        let carrier = match side.ty.class {
            Class::Json => return self.own(side),
            Class::Integer | Class::Decimal | Class::Real => side.ty.carrier,
            Class::Null | Class::Open | Class::Text | Class::Bytes | Class::Date | Class::DateTime | Class::Time => {
                Carrier::Text
            }
        };
        Ok(format!("to_jsonb({})", self.render(side, carrier)?))
    }

    /// Text for a comparison; trailing blanks of constants are cut where they don't count.
    fn comparable_text(&mut self, side: &Expression, pads: bool) -> Result<String, SqlError> {
        let sql = self.text(side)?;
        Ok(if pads && matches!(side.body, Body::Parameter(_)) { format!("rtrim({sql}, ' ')") } else { sql })
    }

    /// In which types two values meet.
    fn domain(&self, left: &Expression, right: &Expression) -> Result<Domain, SqlError> {
        use Class::{Bytes, Date, DateTime, Decimal, Integer, Json, Null, Open, Real, Text, Time};
        let both = |carrier| Ok(Domain::Own(carrier, carrier));
        let (left_carrier, right_carrier) = (left.ty.carrier, right.ty.carrier);
        match (left.ty.class, right.ty.class) {
            (Null | Open | Text, Null | Open | Text) => Ok(Domain::Text),
            (Integer | Decimal | Real, Open | Null) => Ok(Domain::Own(left_carrier, self.open_carrier(left, right))),
            (Open | Null, Integer | Decimal | Real) => Ok(Domain::Own(self.open_carrier(right, left), right_carrier)),
            (Integer | Decimal | Real, Text) if right.is_flexible() => {
                Ok(Domain::Own(left_carrier, constant_carrier(left, right)))
            }
            (Text, Integer | Decimal | Real) if left.is_flexible() => {
                Ok(Domain::Own(constant_carrier(right, left), right_carrier))
            }
            (Integer | Decimal | Real, Text) | (Text, Integer | Decimal | Real) => both(Carrier::Float8),
            (Integer, Integer) => Ok(Domain::Own(integer_carrier(left), integer_carrier(right))),
            (Integer | Decimal, Integer | Decimal) => Ok(Domain::Own(exact_carrier(left), exact_carrier(right))),
            (Integer | Decimal | Real, Integer | Decimal | Real) => both(Carrier::Float8),
            (Bytes, Bytes | Text | Open | Null) | (Text | Open | Null, Bytes) => both(Carrier::Bytes),
            (Date, Text | Open | Null) if right.is_flexible() => Ok(date_domain(right, false)),
            (Text | Open | Null, Date) if left.is_flexible() => Ok(date_domain(left, true)),
            (Date | DateTime | Time, Text | Open | Null | Integer) if right.is_flexible() => both(left_carrier),
            (Text | Open | Null | Integer, Date | DateTime | Time) if left.is_flexible() => both(right_carrier),
            (Date | DateTime, Text) | (Text, Date | DateTime) => both(Carrier::Timestamp),
            (Time, Text) | (Text, Time) | (Time, Time) => both(Carrier::Interval),
            (Date, Date) => both(Carrier::Date),
            (DateTime, DateTime) => Ok(Domain::Own(left_carrier, right_carrier)),
            (Date, DateTime) => Ok(Domain::Own(Carrier::Timestamp, right_carrier)),
            (DateTime, Date) => Ok(Domain::Own(left_carrier, Carrier::Timestamp)),
            (Date | DateTime, Integer | Decimal | Real) | (Integer | Decimal | Real, Date | DateTime) => {
                both(Carrier::Float8)
            }
            (Json, Json | Open | Null) | (Open | Null, Json) => both(Carrier::Json),
            (Json, Text | Integer | Decimal | Real) if right.is_flexible() => both(Carrier::Json),
            (Text | Integer | Decimal | Real, Json) if left.is_flexible() => both(Carrier::Json),
            (_, _) => Err(SqlError::unsupported(format_args!(
                "comparison of {} with {}",
                left_carrier.name(),
                right_carrier.name()
            ))),
        }
    }

    fn arithmetic(&mut self, op: &str, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let nullable = left.nullable || right.nullable;
        let (ty, carrier) = match number_class(left, right)? {
            Class::Integer => {
                let unsigned = left.ty.unsigned || right.ty.unsigned;
                let wide = [left, right].iter().any(|side| side.ty.carrier == Carrier::Numeric);
                let carrier = if wide { Carrier::Numeric } else { Carrier::Int8 };
                let length = match op {
                    "*" => left.ty.length.saturating_add(right.ty.length),
                    _sum => left.ty.length.max(right.ty.length).saturating_add(1),
                };
                (Type { unsigned, carrier, ..Type::integer(length.min(21)) }, carrier)
            }
            Class::Decimal => {
                let (left, right) = (&left.ty, &right.ty);
                let scale = if op == "*" {
                    left.decimals.saturating_add(right.decimals)
                } else {
                    left.decimals.max(right.decimals)
                };
                let precision = if op == "*" {
                    left.precision() + right.precision()
                } else {
                    let whole = |side: &Type| side.precision().saturating_sub(u32::from(side.decimals));
                    whole(left).max(whole(right)) + u32::from(scale) + 1
                };
                (Type::decimal(precision, scale.min(30)), Carrier::Numeric)
            }
            Class::Real
            | Class::Null
            | Class::Open
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => (Type::double(), Carrier::Float8),
        };
        let (left, right) = (self.render(left, carrier)?, self.render(right, carrier)?);
        Ok(Expression::sql(format!("({left} {op} {right})"), ty, nullable))
    }

    /// `/` is exact with four more digits than its dividend; dividing by zero gives NULL.
    fn divide(&mut self, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        if number_class(left, right)? == Class::Real {
            let (left, right) = (self.render(left, Carrier::Float8)?, self.render(right, Carrier::Float8)?);
            return Ok(Expression::sql(format!("({left} / NULLIF({right}, 0))"), Type::double(), true));
        }
        let scale = left.ty.decimals.saturating_add(4).min(30);
        let precision = left.ty.precision() + u32::from(right.ty.decimals) + 4;
        let (left, right) = (self.render(left, Carrier::Numeric)?, self.render(right, Carrier::Numeric)?);
        Ok(Expression::sql(
            format!("round({left} / NULLIF({right}, 0), {scale})"),
            Type::decimal(precision, scale),
            true,
        ))
    }

    pub(super) fn modulo(&mut self, left: &Expression, right: &Expression) -> Result<Expression, SqlError> {
        let class = number_class(left, right)?;
        let (ty, carrier) = match class {
            Class::Integer => {
                (Type { unsigned: left.ty.unsigned, ..Type::integer(right.ty.length.max(1)) }, Carrier::Int8)
            }
            Class::Decimal => (
                Type::decimal(left.ty.precision().max(right.ty.precision()), left.ty.decimals.max(right.ty.decimals)),
                Carrier::Numeric,
            ),
            Class::Real
            | Class::Null
            | Class::Open
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => return Err(SqlError::unsupported("% with floating-point operands")),
        };
        let (left, right) = (self.render(left, carrier)?, self.render(right, carrier)?);
        Ok(Expression::sql(format!("mod({left}, NULLIF({right}, 0))"), ty, true))
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
        let fraction = |own: u8| if part.fine == Fineness::Micros { 6 } else { own };
        match (date.ty.class, part.fine) {
            (Class::Date, Fineness::Days) => {
                let sql = self.own(date)?;
                Ok(Expression::sql(format!("({sql} {sign} {})::date", part.sql), Type::date(), nullable))
            }
            (Class::Date | Class::DateTime, _) => {
                let sql = self.render(date, Carrier::Timestamp)?;
                let ty = Type::datetime(fraction(date.ty.decimals));
                Ok(Expression::sql(format!("({sql} {sign} {})", part.sql), ty, nullable))
            }
            (Class::Time, Fineness::Seconds | Fineness::Micros) => {
                let sql = self.own(date)?;
                Ok(Expression::sql(
                    format!("({sql} {sign} {})", part.sql),
                    Type::time(fraction(date.ty.decimals)),
                    nullable,
                ))
            }
            (Class::Text | Class::Open | Class::Null, _) => {
                // MySQL answers with character data: a date if the text is one and the unit is days or more.
                let plain_date = matches!(date.constant(), Some(Value::Text(text)) if text.len() <= 10)
                    && part.fine == Fineness::Days;
                let (carrier, ty) = if plain_date {
                    (Carrier::Date, Type::date())
                } else {
                    (Carrier::Timestamp, Type::datetime(fraction(0)))
                };
                let base = self.render(date, carrier)?;
                let shifted = format!("({base} {sign} {})::{}", part.sql, carrier.name());
                let length = ty.length;
                let text = super::expression::cast(&shifted, &ty, Carrier::Text)?;
                Ok(Expression::sql(text, Type::text(length, &self.context.collation), true))
            }
            (Class::Integer | Class::Decimal | Class::Real | Class::Bytes | Class::Json | Class::Time, _) => {
                Err(SqlError::unsupported("INTERVAL arithmetic on this type"))
            }
        }
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
        let nullable = subject.nullable || low.nullable || high.nullable;
        let (low, high) = (self.compare(">=", &subject, &low)?, self.compare("<=", &subject, &high)?);
        let sql = format!("({low} AND {high})");
        Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable))
    }

    pub(super) fn in_list(
        &mut self,
        subject: &Expr,
        list: &[Expr],
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        if let Expr::Tuple(_) = unnested(subject) {
            let mut alternatives = Vec::with_capacity(list.len());
            for row in list {
                let equal = self.binary(subject, &BinaryOperator::Eq, row, place)?;
                alternatives.push(self.truth(&equal)?);
            }
            let sql = format!("({})", alternatives.join(" OR "));
            return Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, true));
        }
        let subject = self.lower(subject, place)?;
        let items = list.iter().map(|item| self.lower(item, place)).collect::<Result<Vec<_>, _>>()?;
        let nullable = subject.nullable || items.iter().any(|item| item.nullable);
        if let Some(sql) = self.uniform_list(&subject, &items)? {
            return Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable));
        }
        let mut alternatives = Vec::with_capacity(items.len());
        for item in &items {
            alternatives.push(self.compare("=", &subject, item)?);
        }
        let sql = format!("({})", alternatives.join(" OR "));
        Ok(Expression::condition(if negated { format!("(NOT {sql})") } else { sql }, nullable))
    }

    /// `subject IN (…)` when every item meets the subject in the same types.
    fn uniform_list(&mut self, subject: &Expression, items: &[Expression]) -> Result<Option<String>, SqlError> {
        let mut common: Option<Domain> = None;
        for item in items {
            if item.is_null() || !item.is_flexible() {
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
                let collated = self.collate(subject, first)?;
                let sql = self.comparable_text(subject, collated.pads)?;
                (format!("{sql}{}", collated.clause), Carrier::Text, collated.pads)
            }
            Domain::Own(left, right) => (self.render(subject, left)?, right, false),
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let sql = self.render(item, carrier)?;
            list.push(if pads { format!("rtrim({sql}, ' ')") } else { sql });
        }
        Ok(Some(format!("({subject} IN ({}))", list.join(", "))))
    }

    fn row_comparison(
        &mut self,
        left: &[Expr],
        op: &BinaryOperator,
        right: &[Expr],
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        if left.len() != right.len() {
            return Err(SqlError::operand_columns(left.len()));
        }
        let mut parts = Vec::with_capacity(left.len());
        for (left, right) in left.iter().zip(right) {
            let equal = self.binary(left, &BinaryOperator::Eq, right, place)?;
            parts.push(self.truth(&equal)?);
        }
        let all = format!("({})", parts.join(" AND "));
        match op {
            BinaryOperator::Eq => Ok(Expression::condition(all, true)),
            BinaryOperator::NotEq => Ok(Expression::condition(format!("(NOT {all})"), true)),
            other => Err(SqlError::unsupported(format_args!("row comparison with {other}"))),
        }
    }

    pub(super) fn in_subquery(
        &mut self,
        subject: &Expr,
        query: &Query,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let subject = self.lower(subject, place)?;
        let derived = self.subquery(query, place)?;
        let [column] = derived.columns.as_slice() else { return Err(SqlError::operand_columns(1)) };
        let alias = self.fresh("subquery");
        let value =
            Expression { body: Body::Sql(format!("\"{alias}\".\"{}\"", column.sql_name)), ..column.expression() };
        let (left, clause, right) = match self.domain(&subject, &value)? {
            Domain::Text => {
                let collated = self.collate(&subject, &value)?;
                (self.text(&subject)?, collated.clause, self.text(&value)?)
            }
            Domain::Own(left, right) => (self.render(&subject, left)?, String::new(), self.render(&value, right)?),
        };
        let not = if negated { "NOT " } else { "" };
        let nullable = subject.nullable || value.nullable;
        let sql = format!("({left}{clause} {not}IN (SELECT {right} FROM ({}) AS \"{alias}\"))", derived.sql);
        Ok(Expression::condition(sql, nullable))
    }

    pub(super) fn exists(&mut self, query: &Query, negated: bool, place: Place<'_>) -> Result<Expression, SqlError> {
        let derived = self.subquery(query, place)?;
        let not = if negated { "NOT " } else { "" };
        Ok(Expression::condition(format!("({not}EXISTS ({}))", derived.sql), false))
    }

    pub(super) fn scalar_subquery(&mut self, query: &Query, place: Place<'_>) -> Result<Expression, SqlError> {
        let derived = self.subquery(query, place)?;
        let [column] = derived.columns.as_slice() else { return Err(SqlError::operand_columns(1)) };
        Ok(Expression {
            body: Body::Sql(format!("({})", derived.sql)),
            nullable: true,
            origin: None,
            ..column.expression()
        })
    }

    /// LIKE compares folded text under a deterministic collation: PostgreSQL has no LIKE for the others.
    pub(super) fn like(
        &mut self,
        subject: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let (subject, pattern) = (self.lower(subject, place)?, self.lower(pattern, place)?);
        let nullable = subject.nullable || pattern.nullable;
        let winner = self.collation_of(&subject, &pattern)?;
        let (subject, pattern) = (self.text(&subject)?, self.text(&pattern)?);
        let (subject, pattern) = if super::types::is_binary_collation(&winner) || winner.ends_with("_cs") {
            (format!("{subject} COLLATE \"C\""), pattern)
        } else {
            (format!("\"mysql\".fold({subject}) COLLATE \"C\""), format!("\"mysql\".fold({pattern})"))
        };
        let escape = match escape.map(unnested) {
            None if self.modes.no_backslash_escapes => " ESCAPE ''".to_owned(),
            None => String::new(),
            Some(Expr::Value(value)) => match &value.value {
                Token::SingleQuotedString(mark) if mark.chars().count() <= 1 => {
                    format!(" ESCAPE {}", crate::schema::quote::literal(mark))
                }
                _other => return Err(SqlError::new(1210, "HY000", "Incorrect arguments to ESCAPE".to_owned())),
            },
            Some(_) => return Err(SqlError::unsupported("ESCAPE with an expression")),
        };
        let not = if negated { "NOT " } else { "" };
        Ok(Expression::condition(format!("({subject} {not}LIKE {pattern}{escape})"), nullable))
    }

    pub(super) fn collation_of(&self, left: &Expression, right: &Expression) -> Result<String, SqlError> {
        let own = |side: &Expression| side.ty.collation.clone();
        let strongest = [own(left), own(right)].into_iter().flatten().min_by_key(|collation| collation.coercibility);
        Ok(strongest.map_or_else(|| self.context.collation.clone(), |collation| collation.name))
    }

    /// REGEXP by PostgreSQL's regular expressions on folded text.
    pub(super) fn regexp(
        &mut self,
        subject: &Expr,
        pattern: &Expr,
        negated: bool,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let (subject, pattern) = (self.lower(subject, place)?, self.lower(pattern, place)?);
        let nullable = subject.nullable || pattern.nullable;
        if let Some(Value::Text(text)) = pattern.constant()
            && (text.contains("\\p") || text.contains("(?<") || text.contains("\\b"))
        {
            return Err(SqlError::unsupported("REGEXP with \\p, \\b or lookbehind"));
        }
        let winner = self.collation_of(&subject, &pattern)?;
        let (subject, pattern) = (self.text(&subject)?, self.text(&pattern)?);
        let op = if super::types::is_binary_collation(&winner) || winner.ends_with("_cs") { "~" } else { "~*" };
        let not = if negated { "!" } else { "" };
        Ok(Expression::condition(format!("({subject} COLLATE \"C\" {not}{op} {pattern})"), nullable))
    }
}

/// In which PostgreSQL types two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Domain {
    /// As character data under their common collation.
    Text,
    Own(Carrier, Carrier),
}

/// Without parentheses around it.
pub(super) fn unnested(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}
