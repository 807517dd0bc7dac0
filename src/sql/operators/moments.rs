//! Constants beside columns of dates and times, and times beside text.
//!
//! MySQL reads a constant as the column's type before it compares. A text that isn't a date ends the statement (1525),
//! a number that isn't one is compared as a number, a text that isn't a time as text; each with a warning, which is an
//! error where a statement writes under strict mode. In IN, BETWEEN and CASE such a text is the zero date.
//!
//! Only columns read constants: another TIME, such as a function's, meets text as the text that it is printed as, and
//! so does a column of type TIME that meets another column or a user variable (`TIME('10:00:00') = '10:00'` is false).

use super::*;
use crate::schema::{Column, ColumnType};
use crate::sql::bind::text;
use crate::sql::calendar::Kind;
use crate::sql::expression::Origin;
use crate::sql::lower::LONGEST_PARAMETER;
use crate::sql::plan::{Known, ValueClass};
use crate::sql::temporal::read::{self, Moment, Status, Taken};
use crate::sql::temporal::{self, parse_time, to_datetime};
use crate::sql::types::Coercibility;
use crate::value::{Clock, Date};
use crate::wire::FieldType;
use crate::wire::condition::sqlstate;

/// MySQL's zero date.
const ZERO: Date = Date { year: 0, month: 0, day: 0 };

/// What a constant is beside a column of dates or times.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    /// Nothing that this is about, or a constant that is read when it's bound.
    Plain,
    Moment(Expression),
    /// A number that isn't a date.
    Number,
    /// A text that isn't a date or time.
    Text,
}

impl Lowering<'_> {
    /// Both sides as they are compared, when one is a column of dates or times and the other a constant.
    pub(super) fn moment_beside(
        &mut self,
        column: &Expression,
        constant: &Expression,
    ) -> Result<Option<(Expression, Expression)>, SqlError> {
        if matches!(column.ty.class, Class::Date | Class::DateTime) && is_number_variable(constant) {
            // Only literals are read as dates; a user variable's number meets the number that the date is.
            let number = self.render(column, Carrier::Float8)?;
            let constant = Expression::sql(self.render(constant, Carrier::Float8)?, Type::double(), true);
            return Ok(Some((Expression::sql(number, Type::double(), column.nullable), constant)));
        }
        if matches!(column.ty.class, Class::Date | Class::DateTime)
            && is_given(constant)
            && let Some(read) = self.given_beside(column, constant)?
        {
            return Ok(Some((column.clone(), read)));
        }
        match self.read_beside(column, constant)? {
            Beside::Plain => Ok(None),
            Beside::Moment(moment) => Ok(Some((column.clone(), moment))),
            Beside::Number => {
                if let Some((stored, value)) = column.origin.as_ref().and_then(Origin::column).zip(constant.constant())
                {
                    self.unlike(stored, kind(column), value)?;
                }
                let number = self.render(column, Carrier::Float8)?;
                Ok(Some((Expression::sql(number, Type::double(), column.nullable), constant.clone())))
            }
            Beside::Text if column.ty.class == Class::Time => {
                let text = self.shown_time(column)?;
                Ok(Some((text, constant.clone())))
            }
            Beside::Text => {
                let kind = match column.ty.carrier {
                    Carrier::Date => "DATE",
                    Carrier::TimestampTz => "TIMESTAMP",
                    _timestamp => "DATETIME",
                };
                let shown = constant.constant().and_then(|value| text(value).ok()).unwrap_or_default();
                Err(SqlError::new(1525, "HY000", format!("Incorrect {kind} value: '{shown}'")))
            }
        }
    }

    /// A parameter of EXECUTE has the column's type: what isn't a date is NULL with a warning, for every row.
    fn given_beside(&mut self, column: &Expression, given: &Expression) -> Result<Option<Expression>, SqlError> {
        let told = self.warnings.len();
        let read = self.read_beside(column, given);
        self.warnings.truncate(told);
        let bad = match (read, column.ty.class) {
            (Err(error), _) if error.code != 1292 => return Err(error),
            (Ok(Beside::Plain | Beside::Moment(_)), _) => return Ok(None),
            (_, Class::Date) if given.ty.is_text() => Kind::Date.bad(),
            (_, _) => Kind::DateTime.bad(),
        };
        let sql = if given.ty.is_text() {
            format!("\"mysql\".as_moment({}, '{bad}')", self.text(given)?)
        } else {
            self.moment_of(given, Kind::DateTime)?
        };
        let sql = format!("(CASE WHEN {} IS NOT NULL THEN {sql} END)", self.own(column)?);
        Ok(Some(Expression::sql(sql, Type::datetime(6), true)))
    }

    /// Equality with one of a list or of CASE. There MySQL says nothing of numbers that aren't dates, and doesn't find
    /// the zero date of a DATE column.
    pub(in crate::sql) fn equals_item(&mut self, subject: &Expression, item: &Expression) -> Result<String, SqlError> {
        if let Some(text) = self.bytes_as_text(item, subject)? {
            return self.compare("=", subject, &text);
        }
        let zero = subject.ty.class == Class::Date && matches!(item.constant(), Some(Value::Int(0)));
        // In a list a year isn't compared with a date's.
        let year = subject.ty.field == FieldType::Year && matches!(item.ty.class, Class::Date | Class::DateTime);
        match self.read_beside(subject, item)? {
            Beside::Number => self.never(subject),
            Beside::Text if subject.ty.class == Class::Date => self.never(subject),
            Beside::Moment(_) if zero || year => self.never(subject),
            Beside::Text => self.compare_as_is("=", subject, &nothing_of(subject)),
            Beside::Plain | Beside::Moment(_) => self.compare_as_is("=", subject, item),
        }
    }

    /// A bound of BETWEEN.
    pub(super) fn between_bound(&mut self, subject: &Expression, bound: Expression) -> Result<Expression, SqlError> {
        Ok(match self.read_beside(subject, &bound)? {
            Beside::Text => nothing_of(subject),
            Beside::Plain | Beside::Moment(_) | Beside::Number => bound,
        })
    }

    /// False, or NULL for NULL.
    fn never(&mut self, subject: &Expression) -> Result<String, SqlError> {
        Ok(format!("(CASE WHEN {} IS NOT NULL THEN FALSE END)", self.own(subject)?))
    }

    /// A text that isn't a constant, beside a date: as a date, or the zero date with a warning.
    pub(super) fn read_text(&mut self, text: &Expression, date: &Expression) -> Result<Option<Expression>, SqlError> {
        let read = text.ty.class == Class::Text && !text.is_flexible() && !self.quiet;
        if !read || !matches!(date.ty.class, Class::Date | Class::DateTime) {
            return Ok(None);
        }
        let bad = if date.ty.class == Class::Date { Kind::Date } else { Kind::DateTime }.bad();
        let sql = format!("\"mysql\".moment_or_zero({}, '{bad}')", self.text(text)?);
        Ok(Some(Expression::sql(sql, Type::datetime(6), text.nullable)))
    }

    /// What is tested by BETWEEN: a text is a date as soon as a bound is one.
    pub(super) fn between_subject(
        &mut self,
        subject: Expression,
        bounds: [&Expression; 2],
    ) -> Result<Expression, SqlError> {
        let date = bounds.into_iter().find(|bound| matches!(bound.ty.class, Class::Date | Class::DateTime));
        let Some(date) = date else { return Ok(subject) };
        if let Some(read) = self.read_text(&subject, date)? {
            return Ok(read);
        }
        match subject.constant() {
            Some(Value::Text(text)) => {
                let read = to_datetime(&Value::Text(text.clone()));
                let (date, clock) = read.ok_or_else(|| SqlError::unsupported("BETWEEN of a text that isn't a date"))?;
                Ok(Expression::literal(Value::DateTime(date, clock), Type::datetime(6)))
            }
            Some(_) | None => Ok(subject),
        }
    }

    /// Reads a constant beside a column of dates or times, with MySQL's warning where it's none.
    pub(super) fn read_beside(&mut self, column: &Expression, constant: &Expression) -> Result<Beside, SqlError> {
        let Some(stored) = column.origin.as_ref().and_then(Origin::column) else { return Ok(Beside::Plain) };
        if let Some(part) = self.part_of_constant(stored, constant)? {
            return Ok(Beside::Moment(part));
        }
        if stored.column_type == ColumnType::Year {
            return self.year_beside(constant);
        }
        if !matches!(column.ty.class, Class::Date | Class::DateTime | Class::Time) {
            return Ok(Beside::Plain);
        }
        if column.ty.class != Class::Time && self.is_lifted_number(constant) {
            return Err(SqlError::shared("a number beside a date"));
        }
        let Some(value) = constant.constant() else { return Ok(Beside::Plain) };
        match (column.ty.class, value) {
            (Class::Time, Value::DateTime(_, clock)) => Ok(clock_of(*clock)),
            (Class::Time, Value::Text(text)) if parse_time(text).is_none() => {
                if let (Some((_, clock)), true) = (to_datetime(value), text.contains(':')) {
                    // The date is left out.
                    let message = format!("Incorrect time value: '{text}' for column '{}' at row 1", stored.name);
                    let note = crate::wire::condition::Condition::note(1292, message);
                    if !self.warnings.contains(&note) {
                        self.warnings.push(note);
                    }
                    return Ok(clock_of(clock));
                }
                if !text.is_empty() {
                    self.unlike(stored, "time", value)?;
                }
                Ok(Beside::Text)
            }
            (Class::Time, _) => Ok(Beside::Plain),
            (_, Value::Int(_) | Value::UInt(_) | Value::Decimal(_) | Value::Double(_) | Value::Float(_)) => {
                self.number_beside(column, stored, value)
            }
            (_, Value::Text(text)) => self.text_beside(column, stored, text),
            (_, Value::Null | Value::Bytes(_) | Value::Date(_) | Value::DateTime(..) | Value::Time { .. }) => {
                Ok(Beside::Plain)
            }
        }
    }

    /// What a YEAR or TIME column reads of a moment that is computed from nothing but literals.
    fn part_of_constant(&mut self, stored: &Column, constant: &Expression) -> Result<Option<Expression>, SqlError> {
        let Body::Sql(sql) = &constant.body else { return Ok(None) };
        let (year, time) =
            (stored.column_type == ColumnType::Year, matches!(stored.column_type, ColumnType::Time { .. }));
        let fits = constant.ty.class == Class::DateTime || (constant.ty.class == Class::Date && year);
        if !(year || time) || !fits || sql.replace("\"mysql\".", "").contains(['"', '$']) {
            return Ok(None);
        }
        let moment = format!("({})::timestamp", self.own(constant)?);
        let (sql, ty) = if year {
            (format!("(extract(year FROM {moment}))::int8"), Type::integer(4))
        } else {
            (format!("({moment} - date_trunc('day', {moment}))"), Type::time(constant.ty.decimals))
        };
        Ok(Some(Expression::sql(sql, ty, constant.nullable)))
    }

    /// A YEAR column reads a constant as a year: 91 is 1991, and so is a text that begins so.
    fn year_beside(&mut self, constant: &Expression) -> Result<Beside, SqlError> {
        let year = |number: i64, short: bool| match number {
            1..=69 => number + 2000,
            70..=99 => number + 1900,
            0 if short => 2000,
            _ => number,
        };
        let found = match constant.constant() {
            Some(Value::Int(number)) => Some(year(*number, false)).filter(|year| year != number),
            Some(Value::Decimal(digits)) => digits.parse().ok().map(|number: f64| year(number.round() as i64, false)),
            Some(Value::Double(number)) => Some(year(number.round() as i64, false)),
            Some(Value::Text(text)) => {
                let digits: String = text.trim_start().chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok().map(|number| year(number, digits.len() <= 2))
            }
            Some(Value::Date(date) | Value::DateTime(date, _)) => Some(i64::from(date.year)),
            Some(Value::Null | Value::UInt(_) | Value::Float(_) | Value::Bytes(_) | Value::Time { .. }) => None,
            None if self.lifted_class(constant).is_some() => {
                return Err(SqlError::shared("a constant beside a year"));
            }
            None => return self.year_given(constant),
        };
        Ok(found.map_or(Beside::Plain, |year| Beside::Moment(Expression::literal(Value::Int(year), Type::integer(4)))))
    }

    /// The same for an integer that is known at execution.
    fn year_given(&mut self, constant: &Expression) -> Result<Beside, SqlError> {
        let given = matches!(constant.body, Body::Parameter(ParameterSource::Client(_)));
        if !given || constant.ty.class != Class::Integer {
            return Ok(Beside::Plain);
        }
        let number = self.render(constant, Carrier::Int8)?;
        let sql = format!(
            "(CASE WHEN {number} BETWEEN 1 AND 69 THEN {number} + 2000 WHEN {number} BETWEEN 70 AND 99 THEN {number} + 1900 ELSE {number} END)"
        );
        Ok(Beside::Moment(Expression::sql(sql, Type::integer(4), constant.nullable)))
    }

    fn number_beside(&mut self, column: &Expression, stored: &Column, value: &Value) -> Result<Beside, SqlError> {
        let digits = text(value)?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(7).collect();
        let tenth: u8 = fraction.get(6..).and_then(|digit| digit.parse().ok()).unwrap_or(0);
        let micros = fraction.get(..6).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let number = whole.parse::<i128>().unwrap_or(i128::MAX);
        // The number 0 is the zero date in every mode.
        let taken = Taken { no_zero_date: false, ..self.taken() };
        let (found, status) = read::moment_of_number(number, micros, tenth, taken);
        let Some(found) = found else { return Ok(Beside::Number) };
        if status.warns() {
            self.unlike(stored, kind(column), value)?;
        }
        let has_time = found.clock != Clock::default();
        if column.ty.class == Class::Date && has_time {
            let message = format!("Incorrect date value: '{digits}' for column '{}' at row 1", stored.name);
            self.warnings.push(crate::wire::condition::Condition::note(1292, message));
            return known(&Moment { clock: Clock::default(), tenths: 0, ..found }, column);
        }
        let read = known(&found, column)?;
        if matches!(read, Beside::Number) {
            self.warn_once(1441, "Datetime function: datetime field overflow");
        }
        Ok(read)
    }

    fn text_beside(&mut self, column: &Expression, stored: &Column, text: &str) -> Result<Beside, SqlError> {
        let (found, status) = read::moment(text, self.taken());
        let value = Value::Text(text.to_owned());
        match found {
            Some(Moment { displacement: Some(_), .. }) => Ok(Beside::Plain),
            Some(_)
                if status == Status { delimiter: status.delimiter, ..Status::default() }
                    && to_datetime(&value).is_some() =>
            {
                Ok(Beside::Plain)
            }
            Some(found) if !status.zero => {
                if status.warns() {
                    self.unlike(stored, kind(column), &value)?;
                }
                known(&found, column)
            }
            Some(_) | None => {
                self.unlike(stored, kind(column), &value)?;
                Ok(Beside::Text)
            }
        }
    }

    fn taken(&self) -> Taken {
        Taken {
            no_zero_date: self.modes.no_zero_date,
            no_zero_in_date: self.modes.no_zero_in_date,
            invalid_dates: self.modes.invalid_dates,
        }
    }

    /// 1292 for a constant that isn't of the column's type: an error where a statement writes under strict mode.
    fn unlike(&mut self, stored: &Column, kind: &str, value: &Value) -> Result<(), SqlError> {
        let message = format!("Incorrect {kind} value: '{}' for column '{}' at row 1", text(value)?, stored.name);
        if !self.written.is_empty() && self.rules().strict {
            return Err(SqlError::new(1292, sqlstate(1292), message));
        }
        self.warn_once(1292, &message);
        Ok(())
    }

    /// True for a number that stands where the client wrote a literal: which one decides how it's compared.
    fn is_lifted_number(&self, side: &Expression) -> bool {
        match self.lifted_class(side) {
            Some(
                ValueClass::Integer
                | ValueClass::Unsigned
                | ValueClass::Decimal { .. }
                | ValueClass::Real
                | ValueClass::Whole,
            ) => true,
            Some(
                ValueClass::Text(_) | ValueClass::Bytes | ValueClass::Date | ValueClass::DateTime | ValueClass::Time,
            )
            | None => false,
        }
    }

    fn lifted_class(&self, side: &Expression) -> Option<ValueClass> {
        match (&side.body, &self.context.parameters) {
            (Body::Parameter(ParameterSource::Client(position)), Known::Literals(classes)) => {
                classes.get(*position).copied()
            }
            (_, Known::Nothing | Known::Values(_) | Known::Literals(_)) => None,
        }
    }

    /// A TIME that meets text as text; `None` when the text is read as a time.
    pub(super) fn time_beside(
        &mut self,
        time: &Expression,
        other: &Expression,
    ) -> Result<Option<Expression>, SqlError> {
        if time.ty.class != Class::Time || !matches!(other.ty.class, Class::Text | Class::Open) {
            return Ok(None);
        }
        if other.ty.class == Class::Open || matches!(other.body, Body::Parameter(ParameterSource::Client(_))) {
            return match self.context.parameters {
                Known::Literals(_) if !is_column(time) => Err(SqlError::shared("a text beside a time")),
                Known::Literals(_) | Known::Values(_) | Known::Nothing => Ok(None),
            };
        }
        let variable = other.constant().is_some()
            && other.ty.collation.as_ref().is_some_and(|collation| collation.coercibility == Coercibility::Column);
        if is_column(time) && other.origin.is_none() && !variable {
            return Ok(None);
        }
        self.shown_time(time).map(Some)
    }

    fn shown_time(&mut self, time: &Expression) -> Result<Expression, SqlError> {
        let ty = Type::text(time.ty.length, &self.context.collation);
        Ok(Expression::sql(self.text(time)?, ty, time.nullable))
    }
}

/// True for a column of whatever stands in FROM.
fn is_column(side: &Expression) -> bool {
    let named = |sql: &str| sql.starts_with('"') && sql.ends_with('"') && sql.matches('"').count() == 4;
    side.origin.is_some() || matches!(&side.body, Body::Sql(sql) if named(sql))
}

/// What a TIME column reads of a date with a time.
fn clock_of(clock: Clock) -> Beside {
    let decimals = if clock.micros == 0 { 0 } else { 6 };
    Beside::Moment(Expression::literal(Value::Time { negative: false, clock }, Type::time(decimals)))
}

/// A user variable's number as if it were written there.
pub(super) fn as_literal(item: &Expression) -> Expression {
    if !is_number_variable(item) {
        return item.clone();
    }
    Expression { ty: Type { length: 20, ..item.ty.clone() }, ..item.clone() }
}

/// True for a value that EXECUTE gives, by its length.
fn is_given(side: &Expression) -> bool {
    let Body::Parameter(ParameterSource::Literal(value)) = &side.body else { return false };
    match value {
        Value::Text(_) => side.ty.length == LONGEST_PARAMETER,
        Value::Int(number) => side.ty.length == 20 && number.unsigned_abs() < 100_000_000_000_000_000,
        _other => false,
    }
}

/// True for a user variable that holds a number, by the length that no literal has.
fn is_number_variable(side: &Expression) -> bool {
    matches!(side.body, Body::Parameter(ParameterSource::Literal(_)))
        && match side.ty.class {
            Class::Integer => side.ty.length == 21,
            Class::Decimal => side.ty.precision() == 65 && side.ty.decimals == 30,
            _other => false,
        }
}

fn kind(column: &Expression) -> &'static str {
    if column.ty.class == Class::Date { "date" } else { "datetime" }
}

/// What a text that isn't a date or a time is in lists.
fn nothing_of(subject: &Expression) -> Expression {
    if subject.ty.class == Class::Time {
        Expression::literal(Value::Time { negative: false, clock: Clock::default() }, Type::time(0))
    } else {
        Expression::literal(Value::Date(ZERO), Type::date())
    }
}

/// A date that was read, as an expression: rounded as the column would store it.
fn known(found: &Moment, column: &Expression) -> Result<Beside, SqlError> {
    if found.date != ZERO && !temporal::exists(found.date) {
        return Err(SqlError::unsupported("comparison with a date that isn't in the calendar"));
    }
    let (fraction, micros) = (column.ty.decimals.min(6), found.clock.micros);
    let clock = Clock { micros: micros + u32::from(fraction == 6 && found.tenths >= 5), ..found.clock };
    let rounded = if clock == Clock::default() {
        Some((found.date, clock))
    } else {
        temporal::round(found.date, clock, fraction).filter(|(date, _)| date.year <= 9999)
    };
    // Rounded beyond the year 9999 it's no date.
    let Some((date, clock)) = rounded else { return Ok(Beside::Number) };
    Ok(Beside::Moment(if clock == Clock::default() {
        Expression::literal(Value::Date(date), Type::date())
    } else {
        Expression::literal(Value::DateTime(date, clock), Type::datetime(fraction))
    }))
}
