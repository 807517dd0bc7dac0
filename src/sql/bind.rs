//! Values of parameters, in PostgreSQL's text format.
//!
//! A parameter that meets a column in a comparison is converted as MySQL converts for comparisons; one that is stored
//! goes through [`super::coerce`]. Nothing is rounded or cut silently: what doesn't fit is MySQL's error.

use std::borrow::Cow;
use std::cell::RefCell;

use bytes::Bytes;
use jiff::tz::TimeZone;

use crate::schema::Catalogue;
use crate::value::Value;
use crate::wire::condition::Condition;

use super::coerce;
use super::information_schema;
use super::plan::{Parameter, ParameterSource, RowSource, SqlError};
use super::routine::Local;
use super::temporal;
use super::types::oid;

/// Rows of a system table, each cell as text or NULL.
pub type SystemRows = Vec<Vec<Option<String>>>;

/// What the values of a statement's parameters come from.
pub struct Values<'v> {
    /// The client's `?`, in order.
    pub client: &'v [Value],
    /// For the columns that values are stored in.
    pub catalogue: &'v Catalogue,
    /// The statement's time, in microseconds since the epoch.
    pub time_micros: i64,
    /// `time_zone` of the session: an offset, a name, or SYSTEM.
    pub time_zone: &'v str,
    /// Replay: the first id that MySQL generated.
    pub first_generated_id: u64,
    /// Replay: `auto_increment_increment`.
    pub id_step: u64,
    pub last_insert_id: u64,
    pub connection_id: u64,
    /// `name@host`.
    pub user: &'v str,
    pub found_rows: i64,
    pub row_count: i64,
    /// The number of the session's statement.
    pub statement: u64,
    /// System variables by lower-case name.
    pub variables: &'v dyn Fn(&str) -> Option<Value>,
    /// A routine's local variables, by slot.
    pub locals: &'v [Local],
    /// User variables by lower-case name.
    pub user_variables: &'v dyn Fn(&str) -> Option<Value>,
    /// Rows of system tables that only the session knows.
    pub rows: &'v dyn Fn(&RowSource) -> Result<SystemRows, SqlError>,
}

/// The values of all parameters in PostgreSQL's text format; `None` is NULL. What MySQL would warn of is appended to
/// `warnings`, also when a later value fails: SHOW WARNINGS has those lines before the error.
pub fn bind(
    parameters: &[Parameter],
    values: &Values<'_>,
    warnings: &mut Vec<Condition>,
) -> Result<Vec<Option<Bytes>>, SqlError> {
    let binder = Binder { values, zone: std::cell::OnceCell::new(), warnings: RefCell::new(Vec::new()) };
    binder.check_generated(parameters)?;
    let bound = parameters.iter().map(|parameter| binder.parameter(parameter)).collect();
    warnings.append(&mut binder.warnings.into_inner());
    bound
}

/// One value of a parameter source, e.g. for `SELECT @@version`. Instants are the local time.
pub fn value_of(source: &ParameterSource, values: &Values<'_>) -> Result<Value, SqlError> {
    let binder = Binder { values, zone: std::cell::OnceCell::new(), warnings: RefCell::new(Vec::new()) };
    binder.value(source).map(Cow::into_owned)
}

struct Binder<'v> {
    values: &'v Values<'v>,
    zone: std::cell::OnceCell<TimeZone>,
    warnings: RefCell<Vec<Condition>>,
}

impl<'v> Binder<'v> {
    fn zone(&self) -> Result<&TimeZone, SqlError> {
        if let Some(zone) = self.zone.get() {
            return Ok(zone);
        }
        let name = self.values.time_zone;
        let found = temporal::zone(name)
            .ok_or_else(|| SqlError::new(1298, "HY000", format!("Unknown or incorrect time zone: '{name}'")))?;
        Ok(self.zone.get_or_init(|| found))
    }

    fn parameter(&self, parameter: &Parameter) -> Result<Option<Bytes>, SqlError> {
        let text = match (&parameter.source, &parameter.assignment) {
            (ParameterSource::Instant { fraction }, _) => {
                Some(temporal::instant(self.values.time_micros, *fraction).ok_or_else(out_of_time)?)
            }
            (ParameterSource::Local(slot), None) => return Ok(self.local(*slot)?.text.clone()),
            (source, Some(assignment)) => {
                let value = self.value(source)?;
                let Some(column) = assignment.table.columns.get(assignment.column) else {
                    return Err(SqlError::unsupported("a column that the plan doesn't know"));
                };
                let target = coerce::Target {
                    table: &assignment.table,
                    column,
                    row: assignment.row,
                    rules: assignment.rules,
                    warnings: &self.warnings,
                };
                coerce::store(&value, &target, &|| self.zone().cloned())?
            }
            (source, None) => {
                let value = self.value(source)?;
                match self.compared(&value, parameter.type_oid) {
                    // Whether the zero date is one depends on the mode, which isn't known here.
                    Ok(Some(zero)) if parameter.lifted && zero == "-infinity" => return Err(bad_date("DATE", &value)),
                    Err(error)
                        if error.code == 1525 && matches!(source, ParameterSource::Client(_)) && !parameter.lifted =>
                    {
                        self.unknown_moment(&error);
                        None
                    }
                    other => other?,
                }
            }
        };
        Ok(text.map(Bytes::from))
    }

    /// Rows with and without a given id can't be told apart in MySQL's answer.
    fn check_generated(&self, parameters: &[Parameter]) -> Result<(), SqlError> {
        let mut seen = None;
        for parameter in parameters {
            let ParameterSource::ClientOrGenerated { client, .. } = parameter.source else { continue };
            let generated = self.is_generated(client)?;
            if seen.is_some_and(|seen| seen != generated) {
                return Err(SqlError::unsupported("replay of rows with and without ids in one INSERT"));
            }
            seen = Some(generated);
        }
        Ok(())
    }

    fn local(&self, slot: usize) -> Result<&'v Local, SqlError> {
        let missing = || SqlError::unsupported("a local variable outside of its routine");
        self.values.locals.get(slot).ok_or_else(missing)
    }

    fn client(&self, position: usize) -> Result<&'v Value, SqlError> {
        let wrong = || SqlError::new(1210, "HY000", "Incorrect arguments to mysqld_stmt_execute".to_owned());
        self.values.client.get(position).ok_or_else(wrong)
    }

    fn is_generated(&self, position: usize) -> Result<bool, SqlError> {
        Ok(matches!(self.client(position)?, Value::Null | Value::Int(0) | Value::UInt(0)))
    }

    fn value<'s>(&self, source: &'s ParameterSource) -> Result<Cow<'s, Value>, SqlError>
    where
        'v: 's,
    {
        let values = self.values;
        let local = |fraction: u8, zone: &TimeZone| {
            let (date, clock) = temporal::local(values.time_micros, fraction, zone).ok_or_else(out_of_time)?;
            Ok(Value::DateTime(date, clock))
        };
        let generated = |nth: usize| {
            let nth = u64::try_from(nth).unwrap_or(u64::MAX);
            Value::UInt(values.first_generated_id.saturating_add(nth.saturating_mul(values.id_step)))
        };
        Ok(Cow::Owned(match source {
            ParameterSource::Literal(value) => return Ok(Cow::Borrowed(value)),
            ParameterSource::Client(position) => return self.client(*position).map(Cow::Borrowed),
            ParameterSource::ClientOrGenerated { client, nth } => {
                if self.is_generated(*client)? {
                    generated(*nth)
                } else {
                    self.client(*client)?.clone()
                }
            }
            ParameterSource::Now { fraction } | ParameterSource::Instant { fraction } => {
                local(*fraction, self.zone()?)?
            }
            ParameterSource::UtcNow { fraction } => local(*fraction, &TimeZone::UTC)?,
            ParameterSource::UnixNow => Value::Int(values.time_micros.div_euclid(1_000_000)),
            ParameterSource::GeneratedId(nth) => generated(*nth),
            ParameterSource::LastInsertId => Value::UInt(values.last_insert_id),
            ParameterSource::ConnectionId => Value::UInt(values.connection_id),
            ParameterSource::User => Value::Text(values.user.to_owned()),
            ParameterSource::Variable(name) => (values.variables)(name)
                .ok_or_else(|| SqlError::new(1193, "HY000", format!("Unknown system variable '{name}'")))?,
            ParameterSource::UserVariable(name) => (values.user_variables)(name).unwrap_or(Value::Null),
            ParameterSource::Local(slot) => return Ok(Cow::Borrowed(self.local(*slot)?.value())),
            ParameterSource::FoundRows => Value::Int(values.found_rows),
            ParameterSource::RowCount => Value::Int(values.row_count),
            ParameterSource::StatementToken => Value::Text(format!("{}.{}:", values.connection_id, values.statement)),
            ParameterSource::Lock { .. } => return Err(SqlError::unsupported("a lock function inside a query")),
            ParameterSource::Rows(source) => Value::Text(self.rows(source)?),
            ParameterSource::JsonOf(inner) => super::json::scalar_value(&*self.value(inner)?)?,
        }))
    }

    /// The rows of a system table, restricted as the plan says.
    fn rows(&self, source: &RowSource) -> Result<String, SqlError> {
        let Some(table) = information_schema::find(&source.database, &source.table) else {
            return Err(SqlError::no_table(&source.database, &source.table));
        };
        let names = |sources: &Option<Vec<ParameterSource>>| {
            let Some(sources) = sources else { return Ok(None) };
            let texts: Result<Vec<String>, SqlError> =
                sources.iter().map(|source| self.value(source).and_then(|value| text(&value))).collect();
            texts.map(Some)
        };
        let wanted = information_schema::Wanted {
            catalogue: self.values.catalogue,
            schemas: names(&source.schemas)?,
            tables: names(&source.tables)?,
            user: self.values.user,
        };
        let session = || {
            let shown = source.show.as_ref().and_then(|show| information_schema::shown_rows(show, wanted.catalogue));
            shown.map_or_else(|| (self.values.rows)(source), Ok)
        };
        information_schema::json(table, &wanted, &session)
    }

    /// Warns of a text that isn't a number as a whole; blanks alone are 0.
    fn note_cut(&self, value: &Value) {
        let Value::Text(text) = value else { return };
        let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        if !trimmed.is_empty() && number_prefix(trimmed) != trimmed {
            let message = format!("Truncated incorrect DOUBLE value: '{text}'");
            self.warnings.borrow_mut().push(Condition::warning(1292, message));
        }
    }

    /// A value of the client that isn't the date that it's compared with: MySQL warns, and nothing equals it.
    fn unknown_moment(&self, error: &SqlError) {
        let message = ["DATE", "DATETIME", "TIME", "TIMESTAMP"].iter().fold(error.message.clone(), |message, kind| {
            message.replacen(&format!("Incorrect {kind} "), &format!("Incorrect {} ", kind.to_lowercase()), 1)
        });
        self.warnings.borrow_mut().push(Condition::warning(1292, message));
    }

    /// A value that meets one of type `type_oid` in a comparison or calculation.
    fn compared(&self, value: &Value, type_oid: u32) -> Result<Option<String>, SqlError> {
        if *value == Value::Null {
            return Ok(None);
        }
        if matches!(type_oid, oid::INT2 | oid::INT4 | oid::INT8 | oid::NUMERIC | oid::FLOAT4 | oid::FLOAT8) {
            self.note_cut(value);
        }
        Ok(Some(match type_oid {
            oid::INT2 | oid::INT4 | oid::INT8 => whole(value)?,
            oid::NUMERIC => numeric(value)?,
            oid::FLOAT4 | oid::FLOAT8 => double(value).to_string(),
            oid::BYTEA => hexadecimal(&bytes_of(value)?),
            oid::DATE => {
                let (date, _) = temporal::to_datetime(value).ok_or_else(|| bad_date("DATE", value))?;
                if date.year == 0 { "-infinity".to_owned() } else { temporal::date_text(date) }
            }
            oid::TIMESTAMP => {
                let (date, clock) = temporal::to_datetime(value).ok_or_else(|| bad_date("DATETIME", value))?;
                if date.year == 0 { "-infinity".to_owned() } else { temporal::datetime_text(date, clock) }
            }
            oid::TIMESTAMPTZ => {
                let (date, clock) = temporal::to_datetime(value).ok_or_else(|| bad_date("TIMESTAMP", value))?;
                if date.year == 0 {
                    "-infinity".to_owned()
                } else {
                    temporal::to_instant(date, clock, self.zone()?).ok_or_else(|| bad_date("TIMESTAMP", value))?
                }
            }
            oid::INTERVAL => match value {
                Value::Time { negative, clock } => temporal::time_text(*negative, *clock),
                other => {
                    let (negative, clock) =
                        temporal::parse_time(&text(other)?).ok_or_else(|| bad_date("TIME", value))?;
                    temporal::time_text(negative, clock)
                }
            },
            _text_or_json => text(value)?,
        }))
    }
}

fn out_of_time() -> SqlError {
    SqlError::unsupported("a time outside of the calendar")
}

fn bad_date(kind: &str, value: &Value) -> SqlError {
    let shown = text(value).unwrap_or_default();
    SqlError::new(1525, "HY000", format!("Incorrect {kind} value: '{shown}'"))
}

/// The number that a text begins with; `0` when it begins with none.
pub(super) fn number_prefix(text: &str) -> &str {
    let trimmed = text.trim_start();
    let bytes = trimmed.as_bytes();
    let digits = |from: usize| bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits(end);
    end += whole;
    let mut seen = whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        seen += fraction;
        end += 1 + fraction;
    }
    if seen == 0 {
        return "0";
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    trimmed.get(..end).unwrap_or("0")
}

/// A value as a number in decimal digits (or with an exponent).
fn digits(value: &Value) -> Result<String, SqlError> {
    Ok(match value {
        Value::Null => "0".to_owned(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Decimal(digits) => digits.clone(),
        Value::Date(date) => temporal::date_text(*date).replace('-', ""),
        Value::DateTime(date, clock) => temporal::datetime_text(*date, *clock).replace(['-', ':', ' '], ""),
        Value::Time { negative, clock } => temporal::time_text(*negative, *clock).replace(':', ""),
        Value::Text(_) | Value::Bytes(_) => {
            let text = text(value)?;
            number_prefix(&text).to_owned()
        }
    })
}

/// A whole number for an integer column. A fraction can't be compared with one without losing its index, and never is
/// rounded here.
fn whole(value: &Value) -> Result<String, SqlError> {
    let digits = digits(value)?;
    let refused =
        || SqlError::unsupported("comparison of an integer column with a parameter that isn't a whole number");
    if digits.parse::<i64>().is_ok() {
        return Ok(digits.strip_prefix('+').unwrap_or(&digits).to_owned());
    }
    let number: f64 = digits.parse().map_err(|_| refused())?;
    if number.fract() == 0.0 && number.abs() < 9.2e18 { Ok(format!("{number:.0}")) } else { Err(refused()) }
}

fn numeric(value: &Value) -> Result<String, SqlError> {
    digits(value)
}

fn double(value: &Value) -> f64 {
    digits(value).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0.0)
}

/// A DOUBLE as MySQL prints it.
pub(super) fn double_text(number: f64) -> String {
    /// What MySQL gives a DOUBLE inside a text, in characters.
    const WIDTH: usize = 22;
    let size = number.abs();
    let fixed = || (1e-15..1e15).contains(&size) || ((1e15..1e16).contains(&size) && number.fract() != 0.0);
    let text = if number == 0.0 || fixed() { number.to_string() } else { String::new() };
    if text.is_empty() || text.len() > WIDTH { format!("{number:e}") } else { text }
}

/// A value as MySQL prints it.
pub(super) fn text(value: &Value) -> Result<String, SqlError> {
    Ok(match value {
        Value::Null => String::new(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => double_text(f64::from(*number)),
        Value::Double(number) => double_text(*number),
        Value::Decimal(digits) => digits.clone(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err(SqlError::unsupported("binary data as text")),
        },
        Value::Date(date) => temporal::date_text(*date),
        Value::DateTime(date, clock) => temporal::datetime_text(*date, *clock),
        Value::Time { negative, clock } => temporal::time_text(*negative, *clock),
    })
}

pub(super) fn bytes_of(value: &Value) -> Result<Vec<u8>, SqlError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes.clone()),
        other => text(other).map(String::into_bytes),
    }
}

/// A bytea in PostgreSQL's text format.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(2 + bytes.len() * 2);
    out.push_str("\\x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    out
}
