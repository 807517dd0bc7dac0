//! Clock and calendar functions.
//!
//! NOW() and its kin are parameters: MySQL fixes them once for a statement, and a replayed statement must see the
//! source's time.

use sqlparser::ast::{Expr, Value as Token};

use super::calendar::Kind;
use super::expression::{Expression, Lowering};
use super::lower::Place;
use super::operators::unnested;
use super::plan::{ParameterSource, SqlError};
use super::types::{Carrier, Type};

impl Lowering<'_> {
    /// CURRENT_TIMESTAMP and others that need no parentheses. A column of that name can't exist unquoted.
    pub(super) fn word_function(&mut self, word: &str, place: Place<'_>) -> Result<Option<Expression>, SqlError> {
        let name = word.to_ascii_uppercase();
        match name.as_str() {
            "CURRENT_TIMESTAMP" | "LOCALTIME" | "LOCALTIMESTAMP" | "CURRENT_DATE" | "CURRENT_TIME"
            | "UTC_TIMESTAMP" | "UTC_DATE" | "UTC_TIME" | "CURRENT_USER" => self.call(&name, &[], place).map(Some),
            _name => Ok(None),
        }
    }

    /// Functions that read the clock.
    pub(super) fn clock_function(&mut self, name: &str, arguments: &[&Expr]) -> Result<Option<Expression>, SqlError> {
        let fraction = match arguments {
            [] => 0,
            [digits] => fraction(digits).unwrap_or(7),
            _more => return Ok(None),
        };
        let now = |fraction| Expression::source(ParameterSource::Now { fraction }, Type::datetime(fraction), false);
        let utc = |fraction| Expression::source(ParameterSource::UtcNow { fraction }, Type::datetime(fraction), false);
        let checked = |fraction: u8| {
            if fraction > 6 {
                Err(SqlError::new(
                    1426,
                    "42000",
                    format!("Too-big precision {fraction} specified for '{}'. Maximum is 6.", name.to_lowercase()),
                ))
            } else {
                Ok(fraction)
            }
        };
        Ok(Some(match name {
            "NOW" | "CURRENT_TIMESTAMP" | "LOCALTIME" | "LOCALTIMESTAMP" => now(checked(fraction)?),
            "UTC_TIMESTAMP" => utc(checked(fraction)?),
            "SYSDATE" => Expression::sql("clock_timestamp()::timestamp(0)", Type::datetime(checked(fraction)?), false),
            "CURDATE" | "CURRENT_DATE" => {
                let sql = self.render(&now(0), Carrier::Date)?;
                Expression::sql(sql, Type::date(), false)
            }
            "UTC_DATE" => {
                let sql = self.render(&utc(0), Carrier::Date)?;
                Expression::sql(sql, Type::date(), false)
            }
            "CURTIME" | "CURRENT_TIME" | "UTC_TIME" => {
                let clock = if name == "UTC_TIME" { utc(checked(fraction)?) } else { now(checked(fraction)?) };
                let sql = self.own(&clock)?;
                Expression::sql(format!("({sql} - date_trunc('day', {sql}))"), Type::time(fraction), false)
            }
            "UNIX_TIMESTAMP" if arguments.is_empty() => {
                Expression::source(ParameterSource::UnixNow, Type::integer(21), false)
            }
            _other => return Ok(None),
        }))
    }

    /// Calendar functions with arguments of their own kind.
    pub(super) fn date_function(
        &mut self,
        name: &str,
        arguments: &[&Expr],
        place: Place<'_>,
    ) -> Result<Option<Expression>, SqlError> {
        Ok(Some(match (name, arguments) {
            ("DATE_ADD" | "ADDDATE" | "DATE_SUB" | "SUBDATE", [date, amount]) => {
                let minus = name == "DATE_SUB" || name == "SUBDATE";
                let date = self.lower(date, place)?;
                match unnested(amount) {
                    Expr::Interval(interval) => self.shift_date(&date, minus, interval, place)?,
                    days => self.shift_date(&date, minus, &interval_of(days, "DAY"), place)?,
                }
            }
            ("TIMESTAMPADD", [Expr::Identifier(unit), amount, date]) => {
                let date = self.lower(date, place)?;
                self.shift_date(&date, false, &interval_of(amount, &unit.value), place)?
            }
            ("TIMESTAMPDIFF", [Expr::Identifier(unit), from, to]) => {
                let unit = unit.value.to_ascii_uppercase();
                const UNITS: &[&str] =
                    &["MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
                if !UNITS.contains(&unit.as_str()) {
                    return Err(SqlError::unsupported(format_args!("TIMESTAMPDIFF({unit})")));
                }
                let (from, to) = (self.lower(from, place)?, self.lower(to, place)?);
                let (from, to) = (self.dated(&from, Kind::DateTime)?, self.dated(&to, Kind::DateTime)?);
                let sql = format!("\"mysql\".timestampdiff('{unit}', {from}, {to})");
                Expression::sql(sql, Type::integer(21), true)
            }
            (_, _) => return self.calendar_function(name, arguments, place),
        }))
    }
}

fn interval_of(amount: &Expr, unit: &str) -> sqlparser::ast::Interval {
    sqlparser::ast::Interval {
        value: Box::new(amount.clone()),
        leading_field: Some(sqlparser::ast::DateTimeField::Custom(sqlparser::ast::Ident::new(
            unit.to_ascii_uppercase(),
        ))),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    }
}

/// The fractional digits in NOW(3).
fn fraction(expr: &Expr) -> Option<u8> {
    match unnested(expr) {
        Expr::Value(value) => match &value.value {
            Token::Number(digits, _) => digits.parse().ok(),
            _other => None,
        },
        _other => None,
    }
}
