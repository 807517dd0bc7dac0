//! Date and time functions whose result's type depends on their arguments.

use sqlparser::ast::Expr;

use crate::schema::quote::{self, literal};
use crate::value::Value;

use super::super::expression::{Expression, Lowering};
use super::super::lower::Place;
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};
use super::Kind;

impl Lowering<'_> {
    /// The template of a function that gives names of months and days, where they aren't English.
    pub(in crate::sql) fn in_locale(&self, function: &str) -> Option<String> {
        let names = literal(self.context.given.time_names?.names);
        Some(match function {
            "MONTHNAME" => format!("split_part({names}, '|', extract(month FROM {{0}})::int)"),
            "DAYNAME" => format!("split_part({names}, '|', 24 + extract(isodow FROM {{0}})::int)"),
            "DATE_FORMAT" => format!("\"mysql\".date_format({{*}}, {names})"),
            _other => return None,
        })
    }

    /// The length of such a name.
    pub(in crate::sql) fn name_length(&self, function: &str) -> Option<u32> {
        let locale = self.context.given.time_names?;
        ["MONTHNAME", "DAYNAME"].contains(&function).then(|| locale.longest(function == "DAYNAME"))
    }

    /// A function of the calendar by its upper-case name; `None` when it's another one.
    pub(in crate::sql) fn calendar_function(
        &mut self,
        name: &str,
        arguments: &[&Expr],
        place: Place<'_>,
    ) -> Result<Option<Expression>, SqlError> {
        if !NAMES.contains(&name) {
            return Ok(None);
        }
        if name == "GET_FORMAT" {
            return self.get_format(arguments, place).map(Some);
        }
        let lowered = arguments.iter().map(|argument| self.lower(argument, place)).collect::<Result<Vec<_>, _>>()?;
        let found = match (name, lowered.as_slice()) {
            ("HOUR" | "MINUTE" | "SECOND" | "MICROSECOND", [time]) => self.clock_part(name, time)?,
            ("TIME", [time]) => Expression::sql(self.time_of(time)?, Type::time(Self::digits_of(time)), true),
            ("TIMESTAMP", [moment]) => {
                let sql = self.moment_of(moment, Kind::DateTime)?;
                Expression::sql(sql, Type::datetime(Self::digits_of(moment)), true)
            }
            ("TIMESTAMP", [moment, time]) => {
                let digits = Self::digits_of(moment).max(Self::digits_of(time));
                let (moment, time) = (self.dated(moment, Kind::DateTime)?, self.time_of(time)?);
                Expression::sql(format!("\"mysql\".in_calendar({moment} + {time})"), Type::datetime(digits), true)
            }
            ("UNIX_TIMESTAMP", [date]) => self.unix_timestamp(date)?,
            ("FROM_UNIXTIME", [number]) => self.unixtime(number)?,
            ("FROM_UNIXTIME", [number, format]) => {
                let moment = self.unixtime(number)?;
                let (moment, format) = (self.own(&moment)?, self.render(format, Carrier::Text)?);
                let template = self.in_locale("DATE_FORMAT").unwrap_or_else(|| "\"mysql\".date_format({*})".to_owned());
                let sql = template.replace("{*}", &format!("{moment}, {format}"));
                Expression::sql(sql, Type::text(255, &self.context.collation), true)
            }
            ("SEC_TO_TIME", [number]) => {
                let digits = number_digits(number);
                let sql = format!("\"mysql\".sec_to_time({})", self.seconds(number)?);
                Expression::sql(sql, Type::time(digits), true)
            }
            ("MAKEDATE", [year, day]) => {
                let (year, day) = (self.render(year, Carrier::Int8)?, self.render(day, Carrier::Int8)?);
                Expression::sql(format!("\"mysql\".makedate({year}, {day})"), Type::date(), true)
            }
            ("MAKETIME", [hours, minutes, seconds]) => {
                let digits = number_digits(seconds);
                let (hours, minutes) = (self.render(hours, Carrier::Int8)?, self.render(minutes, Carrier::Int8)?);
                let seconds = self.seconds(seconds)?;
                Expression::sql(format!("\"mysql\".maketime({hours}, {minutes}, {seconds})"), Type::time(digits), true)
            }
            ("PERIOD_ADD", [period, months]) => {
                let (period, months) = (self.render(period, Carrier::Int8)?, self.render(months, Carrier::Int8)?);
                let sql = format!(
                    "\"mysql\".period_of_months(\"mysql\".months_of_period({period}, 'period_add') + {months})"
                );
                Expression::sql(sql, Type::integer(6), true)
            }
            ("PERIOD_DIFF", [first, second]) => {
                let (first, second) = (self.render(first, Carrier::Int8)?, self.render(second, Carrier::Int8)?);
                let sql = format!(
                    "(\"mysql\".months_of_period({first}, 'period_diff') - \"mysql\".months_of_period({second}, 'period_diff'))"
                );
                Expression::sql(sql, Type::integer(6), true)
            }
            ("CONVERT_TZ", [moment, from, to]) => {
                self.deterministic("CONVERT_TZ")?;
                let digits = Self::digits_of(moment);
                let moment = self.dated(moment, Kind::DateTime)?;
                let (from, to) = (self.render(from, Carrier::Text)?, self.render(to, Carrier::Text)?);
                Expression::sql(format!("\"mysql\".convert_tz({moment}, {from}, {to})"), Type::datetime(digits), true)
            }
            ("STR_TO_DATE", [text, format]) => self.str_to_date(text, format)?,
            ("ADDTIME" | "SUBTIME", [start, amount]) => self.add_time(name, start, amount)?,
            ("TIMEDIFF", [first, second]) => self.time_difference(first, second)?,
            ("TIME_FORMAT", [time, format]) => self.time_format(time, format)?,
            _wrong_count => return Err(SqlError::argument_count(name)),
        };
        Ok(Some(found))
    }

    /// A number of seconds; what is beyond microseconds is dropped where the mode says so.
    fn seconds(&mut self, number: &Expression) -> Result<String, SqlError> {
        let sql = self.render(number, Carrier::Numeric)?;
        Ok(if self.modes.truncate_fraction { format!("trunc({sql}, 6)") } else { sql })
    }

    fn clock_part(&mut self, name: &str, time: &Expression) -> Result<Expression, SqlError> {
        let sql = format!("\"mysql\".time_part('{name}', {})", self.time_of(time)?);
        let length = match name {
            "HOUR" => 4,
            "MICROSECOND" => 21,
            _minute => 3,
        };
        Ok(Expression::sql(sql, Type::integer(length), true))
    }

    fn unix_timestamp(&mut self, date: &Expression) -> Result<Expression, SqlError> {
        self.deterministic("UNIX_TIMESTAMP of a value")?;
        let digits = Self::digits_of(date);
        let sql = if date.ty.carrier == Carrier::TimestampTz {
            let own = self.own(date)?;
            format!("(CASE WHEN isfinite({own}) THEN extract(epoch FROM {own}) WHEN {own} IS NOT NULL THEN 0 END)")
        } else {
            match self.moment_of(date, Kind::DateTime)?.as_str() {
                "NULL::timestamp" if !date.is_null() => "0::numeric".to_owned(),
                moment => format!("\"mysql\".unix_time({moment})"),
            }
        };
        Ok(match digits {
            0 => Expression::sql(format!("floor({sql})::int8"), Type::integer(21), date.nullable),
            digits => {
                let ty = Type::decimal(11 + u32::from(digits), digits);
                Expression::sql(format!("trunc({sql}, {digits})"), ty, date.nullable)
            }
        })
    }

    fn unixtime(&mut self, number: &Expression) -> Result<Expression, SqlError> {
        self.deterministic("FROM_UNIXTIME")?;
        let digits = number_digits(number);
        let sql = format!("\"mysql\".from_unixtime({})", self.seconds(number)?);
        Ok(Expression::sql(sql, Type::datetime(digits), true))
    }

    /// The format, which decides the type, must be written in the statement.
    fn str_to_date(&mut self, text: &Expression, format: &Expression) -> Result<Expression, SqlError> {
        if text.is_null() || format.is_null() {
            return Ok(Expression::sql("NULL::timestamp", Type::datetime(6), true));
        }
        let Some(Value::Text(format)) = format.constant() else {
            return Err(SqlError::unsupported("STR_TO_DATE with a format that isn't constant"));
        };
        let format = format.replace("%T", "%H:%i:%S").replace("%r", "%I:%i:%S %p");
        let (mut dated, mut timed, mut fraction) = (false, false, false);
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                continue;
            }
            match characters.next() {
                Some('Y' | 'y' | 'm' | 'c' | 'd' | 'e' | 'M' | 'b' | 'j') => dated = true,
                Some('H' | 'k' | 'h' | 'I' | 'l' | 'i' | 's' | 'S' | 'p') => timed = true,
                Some('f') => (timed, fraction) = (true, true),
                other => {
                    let shown = other.map(String::from).unwrap_or_default();
                    return Err(SqlError::unsupported(format_args!("STR_TO_DATE with %{shown}")));
                }
            }
        }
        let digits = if fraction { 6 } else { 0 };
        let text = self.render(text, Carrier::Text)?;
        let (zero, zero_in) = (self.modes.no_zero_date, self.modes.no_zero_in_date);
        let call = |kind: &str| {
            format!("\"mysql\".str_to_date({text}, {}, '{kind}', {zero}, {zero_in})", quote::literal(&format))
        };
        Ok(match (dated, timed) {
            (true, false) => Expression::sql(format!("{}::date", call("date")), Type::date(), true),
            (false, true) => {
                Expression::sql(format!("\"mysql\".time_of_day({})", call("time")), Type::time(digits), true)
            }
            (_, _) => Expression::sql(call("datetime"), Type::datetime(digits), true),
        })
    }

    /// ADDTIME of a time is a time, of a date with time of day one; text must be known to tell which.
    fn add_time(&mut self, name: &str, start: &Expression, amount: &Expression) -> Result<Expression, SqlError> {
        let sign = if name == "SUBTIME" { "-" } else { "+" };
        let digits = Self::digits_of(start).max(Self::digits_of(amount));
        // Of a date with a clock only the clock is added; a date alone has midnight's.
        let amount = match amount.ty.class {
            Class::Date => {
                let moment = self.render(amount, Carrier::Timestamp)?;
                format!("({moment} - {moment})")
            }
            Class::DateTime => {
                let moment = self.render(amount, Carrier::Timestamp)?;
                format!("({moment} - date_trunc('day', {moment}))")
            }
            Class::Null
            | Class::Open
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Text
            | Class::Bytes
            | Class::Time
            | Class::Json => self.time_of(amount)?,
        };
        match start.ty.class {
            Class::Time => {
                let own = self.own(start)?;
                let sql = format!("\"mysql\".clamped_time({own} {sign} {amount})");
                Ok(Expression::sql(sql, Type::time(digits), true))
            }
            Class::Date | Class::DateTime => {
                let own = self.dated(start, Kind::DateTime)?;
                let sql = format!("\"mysql\".in_calendar({own} {sign} {amount})");
                Ok(Expression::sql(sql, Type::datetime(digits), true))
            }
            Class::Null
            | Class::Open
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Text
            | Class::Bytes
            | Class::Json => Err(SqlError::unsupported(format_args!("{name} of this type"))),
        }
    }

    /// A text that is written in the statement, as the date or the time that it is.
    fn moment_of_text(&mut self, text: &Expression) -> Result<Expression, SqlError> {
        let written = match text.constant() {
            Some(Value::Text(written)) => written.trim().to_owned(),
            Some(_) | None => String::new(),
        };
        let fraction = written.rsplit_once('.').map_or(0, |(_, digits)| digits.len().min(6));
        let fraction = u8::try_from(fraction).unwrap_or(6);
        let dated = written.get(1..).is_some_and(|rest| rest.contains('-'));
        let ty = if dated { Type::datetime(fraction) } else { Type::time(fraction) };
        let sql = self.render(text, ty.carrier)?;
        Ok(Expression::sql(sql, ty, true))
    }

    fn time_difference(&mut self, first: &Expression, second: &Expression) -> Result<Expression, SqlError> {
        let digits = Self::digits_of(first).max(Self::digits_of(second));
        let sql = match (first.ty.class, second.ty.class) {
            (Class::Time, Class::Time) => {
                let (first, second) = (self.own(first)?, self.own(second)?);
                format!("\"mysql\".clamped_time({first} - {second})")
            }
            (Class::DateTime, Class::DateTime) => {
                let (first, second) = (self.dated(first, Kind::DateTime)?, self.dated(second, Kind::DateTime)?);
                format!("\"mysql\".clamped_time(extract(epoch FROM {first} - {second})::float8 * interval '1 second')")
            }
            (Class::Time, Class::DateTime) | (Class::DateTime, Class::Time) => "NULL::interval".to_owned(),
            (Class::Text, _) if first.constant().is_some() => {
                return self.moment_of_text(first).and_then(|first| self.time_difference(&first, second));
            }
            (_, Class::Text) if second.constant().is_some() => {
                return self.moment_of_text(second).and_then(|second| self.time_difference(first, &second));
            }
            (_, _) => return Err(SqlError::unsupported("TIMEDIFF of these types")),
        };
        Ok(Expression::sql(sql, Type::time(digits), true))
    }

    /// TIME_FORMAT: only what a duration has; the rest of the specifiers would be those of a zero date.
    fn time_format(&mut self, time: &Expression, format: &Expression) -> Result<Expression, SqlError> {
        let Some(Value::Text(format)) = format.constant() else {
            return Err(SqlError::unsupported("TIME_FORMAT with a format that isn't constant"));
        };
        let time = self.time_of(time)?;
        let own = "t.i";
        let part = |unit: &str| format!("\"mysql\".time_part('{unit}', {own})");
        let two = |number: String| format!("lpad({number}::text, greatest(2, length({number}::text)), '0')");
        let twelve = || format!("(({} + 11) % 12 + 1)", part("HOUR"));
        let half = || format!("CASE WHEN {} % 24 < 12 THEN 'AM' ELSE 'PM' END", part("HOUR"));
        let mut pieces = vec![format!("CASE WHEN {own} < interval '0' THEN '-' ELSE '' END")];
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            if character != '%' {
                pieces.push(quote::literal(&character.to_string()));
                continue;
            }
            pieces.push(match characters.next() {
                Some('H') => two(part("HOUR")),
                Some('k') => format!("{}::text", part("HOUR")),
                Some('h' | 'I') => two(twelve()),
                Some('l') => format!("{}::text", twelve()),
                Some('i') => two(part("MINUTE")),
                Some('s' | 'S') => two(part("SECOND")),
                Some('f') => format!("lpad({}::text, 6, '0')", part("MICROSECOND")),
                Some('p') => half(),
                Some('T') => {
                    format!("{} || ':' || {} || ':' || {}", two(part("HOUR")), two(part("MINUTE")), two(part("SECOND")))
                }
                Some('r') => format!(
                    "{} || ':' || {} || ':' || {} || ' ' || {}",
                    two(twelve()),
                    two(part("MINUTE")),
                    two(part("SECOND")),
                    half()
                ),
                Some('%') => "'%'".to_owned(),
                other => {
                    let shown = other.map(String::from).unwrap_or_default();
                    return Err(SqlError::unsupported(format_args!("TIME_FORMAT with %{shown}")));
                }
            });
        }
        let sql = format!("(SELECT {} FROM (SELECT {time} AS i) AS t)", pieces.join(" || "));
        Ok(Expression::sql(sql, Type::text(255, &self.context.collation), true))
    }

    /// GET_FORMAT(DATE, 'USA').
    fn get_format(&mut self, arguments: &[&Expr], place: Place<'_>) -> Result<Expression, SqlError> {
        let [Expr::Identifier(kind), region] = arguments else { return Err(SqlError::argument_count("GET_FORMAT")) };
        let region = self.lower(region, place)?;
        let Some(Value::Text(region)) = region.constant() else {
            return Err(SqlError::unsupported("GET_FORMAT of a region that isn't constant"));
        };
        let ty = Type::text(17, &self.context.collation);
        let found = match (kind.value.to_ascii_uppercase().as_str(), region.to_ascii_uppercase().as_str()) {
            ("DATE", "USA") => "%m.%d.%Y",
            ("DATE", "JIS" | "ISO") => "%Y-%m-%d",
            ("DATE", "EUR") => "%d.%m.%Y",
            ("DATE", "INTERNAL") => "%Y%m%d",
            ("DATETIME" | "TIMESTAMP", "USA" | "EUR") => "%Y-%m-%d %H.%i.%s",
            ("DATETIME" | "TIMESTAMP", "JIS" | "ISO") => "%Y-%m-%d %H:%i:%s",
            ("DATETIME" | "TIMESTAMP", "INTERNAL") => "%Y%m%d%H%i%s",
            ("TIME", "USA") => "%h:%i:%s %p",
            ("TIME", "JIS" | "ISO") => "%H:%i:%s",
            ("TIME", "EUR") => "%H.%i.%s",
            ("TIME", "INTERNAL") => "%H%i%s",
            ("DATE" | "DATETIME" | "TIMESTAMP" | "TIME", _unknown) => {
                return Ok(Expression { ty, ..Expression::null() });
            }
            (_, _) => return Err(SqlError::unsupported("GET_FORMAT of this type")),
        };
        Ok(Expression { ty, ..Expression::literal(Value::Text(found.to_owned()), Type::null()) })
    }

    /// EXTRACT of a compound unit.
    pub(in crate::sql) fn extract_compound(
        &mut self,
        unit: &str,
        from: &Expr,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let from = self.lower(from, place)?;
        let length = match unit {
            "YEAR_MONTH" => 7,
            "DAY_HOUR" => 9,
            "DAY_MINUTE" => 11,
            "DAY_SECOND" => 13,
            "DAY_MICROSECOND" => 20,
            "HOUR_MINUTE" => 6,
            "HOUR_SECOND" => 8,
            "HOUR_MICROSECOND" => 14,
            "MINUTE_SECOND" => 6,
            "MINUTE_MICROSECOND" => 11,
            "SECOND_MICROSECOND" => 9,
            other => return Err(SqlError::unsupported(format_args!("EXTRACT({other})"))),
        };
        let dated = unit.starts_with("YEAR") || unit.starts_with("DAY");
        if dated && matches!(from.ty.class, Class::Time) {
            return Err(SqlError::unsupported(format_args!("EXTRACT({unit}) of a TIME")));
        }
        if unit.starts_with("DAY") && !matches!(from.ty.class, Class::Date | Class::DateTime | Class::Null) {
            return Err(SqlError::unsupported(format_args!("EXTRACT({unit}) of a text or number")));
        }
        let sql = if dated {
            format!("\"mysql\".extract_moment('{unit}', {})", self.moment_of(&from, Kind::DateTime)?)
        } else {
            format!("\"mysql\".extract_time('{unit}', {})", self.time_of(&from)?)
        };
        Ok(Expression::sql(sql, Type::integer(length), true))
    }
}

/// The functions that are answered here.
const NAMES: &[&str] = &[
    "HOUR",
    "MINUTE",
    "SECOND",
    "MICROSECOND",
    "TIME",
    "TIMESTAMP",
    "UNIX_TIMESTAMP",
    "FROM_UNIXTIME",
    "SEC_TO_TIME",
    "MAKEDATE",
    "MAKETIME",
    "PERIOD_ADD",
    "PERIOD_DIFF",
    "CONVERT_TZ",
    "STR_TO_DATE",
    "ADDTIME",
    "SUBTIME",
    "TIMEDIFF",
    "TIME_FORMAT",
    "GET_FORMAT",
];

/// The fractional digits of seconds: those of the number, six where it may have any.
pub(in crate::sql) fn number_digits(number: &Expression) -> u8 {
    match number.ty.class {
        Class::Integer | Class::Null => 0,
        Class::Decimal | Class::Date | Class::DateTime | Class::Time => number.ty.decimals.min(6),
        Class::Open | Class::Real | Class::Text | Class::Bytes | Class::Json => 6,
    }
}
