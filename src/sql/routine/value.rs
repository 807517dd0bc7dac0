//! Values of local variables: converted into the variable's type like values into a column's.

use std::cell::RefCell;

use bytes::Bytes;

use crate::schema::quote::bytea;
use crate::schema::{Column, ColumnType, Table, TableName};
use crate::sql::coerce;
use crate::sql::dialect::Modes;
use crate::sql::metadata;
use crate::sql::plan::{OutputColumn, Rules, SqlError, VariableKind};
use crate::sql::temporal;
use crate::sql::types::Type;
use crate::value::Value;
use crate::wire::FieldType;
use crate::wire::condition::Condition;

/// A local variable's value: in PostgreSQL's text, and as a value to be converted again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Local {
    pub text: Option<Bytes>,
    pub value: Option<Value>,
}

impl Local {
    /// The value; NULL before there's one.
    #[must_use]
    pub fn value(&self) -> &Value {
        self.value.as_ref().unwrap_or(&Value::Null)
    }
}

/// A value as a variable of the routine's frame holds it, by the rules of `sql_mode`.
pub fn stored(
    value: &Value,
    (frame, slot): (&Table, usize),
    (sql_mode, zone): (&str, &str),
    warnings: &mut Vec<Condition>,
) -> Result<Local, SqlError> {
    let Some(column) = frame.columns.get(slot) else { return Err(SqlError::unsupported("an unknown variable")) };
    let modes = Modes::parse(sql_mode);
    let rules = Rules {
        strict: modes.strict,
        no_zero_date: modes.no_zero_date,
        no_zero_in_date: modes.no_zero_in_date,
        invalid_dates: modes.invalid_dates,
        truncate_fraction: modes.truncate_fraction,
        null_becomes_default: false,
    };
    let raised = RefCell::new(Vec::new());
    let target = coerce::Target { table: frame, column, row: 1, rules, warnings: &raised };
    let unknown = || SqlError::new(1298, "HY000", format!("Unknown or incorrect time zone: '{zone}'"));
    let text = coerce::store(value, &target, &|| temporal::zone(zone).ok_or_else(unknown));
    warnings.append(&mut raised.into_inner());
    let text = text?;
    let value = text.as_deref().map(|text| read(text, column, value));
    Ok(Local { text: text.map(Bytes::from), value })
}

/// The value that a stored text is.
fn read(text: &str, column: &Column, given: &Value) -> Value {
    let as_text = || Value::Text(text.to_owned());
    match &column.column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Bit { .. }
        | ColumnType::Year => text
            .parse::<i64>()
            .map(Value::Int)
            .or_else(|_| text.parse::<u64>().map(Value::UInt))
            .unwrap_or_else(|_| as_text()),
        ColumnType::Decimal { .. } => Value::Decimal(text.to_owned()),
        ColumnType::Float { .. } | ColumnType::Double { .. } => text.parse().map_or_else(|_| as_text(), Value::Double),
        ColumnType::Date | ColumnType::DateTime { .. } if text == "-infinity" => as_text(),
        ColumnType::Date => match temporal::to_datetime(&as_text()) {
            Some((date, _)) => Value::Date(date),
            None => as_text(),
        },
        ColumnType::DateTime { .. } => match temporal::to_datetime(&as_text()) {
            Some((date, clock)) => Value::DateTime(date, clock),
            None => as_text(),
        },
        // An instant: what was given is in the session's zone.
        ColumnType::Timestamp { .. } => given.clone(),
        ColumnType::Time { .. } => match temporal::parse_time(text) {
            Some((negative, clock)) => Value::Time { negative, clock },
            None => as_text(),
        },
        ColumnType::Binary { .. }
        | ColumnType::VarBinary { .. }
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob
        | ColumnType::Geometry { .. } => match bytea(text.as_bytes()) {
            Some(bytes) => Value::Bytes(bytes),
            None => as_text(),
        },
        ColumnType::Char { .. }
        | ColumnType::VarChar { .. }
        | ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. }
        | ColumnType::Json
        | ColumnType::Unsupported { .. } => as_text(),
    }
}

/// A cell of a result that is a date, a moment or a time, from PostgreSQL's text.
#[must_use]
pub fn moment(text: &str, field: FieldType) -> Option<Value> {
    if text == "-infinity" {
        let zero = if field == FieldType::Date { "0000-00-00" } else { "0000-00-00 00:00:00" };
        return Some(Value::Text(zero.to_owned()));
    }
    if field == FieldType::Time {
        let (negative, clock) = temporal::parse_time(text)?;
        return Some(Value::Time { negative, clock });
    }
    // An instant comes in the session's zone, with that zone's distance behind it.
    let local = match text.get(11..).and_then(|clock| clock.find(['+', '-'])) {
        Some(at) => text.get(..11 + at)?,
        None => text,
    };
    let (date, clock) = temporal::to_datetime(&Value::Text(local.to_owned()))?;
    Some(if field == FieldType::Date { Value::Date(date) } else { Value::DateTime(date, clock) })
}

/// MySQL's text of a variable's value, with the digits that its type has.
fn printed(local: &Local, column: &Column) -> Option<String> {
    let text = std::str::from_utf8(local.text.as_deref()?).unwrap_or_default();
    let fraction = match &column.column_type {
        ColumnType::DateTime { fraction } | ColumnType::Timestamp { fraction } | ColumnType::Time { fraction } => {
            *fraction
        }
        _other => 0,
    };
    let with = |whole: String, clock: &crate::value::Clock| temporal::text_with(&whole, clock, fraction);
    let whole = |clock: &crate::value::Clock| crate::value::Clock { micros: 0, ..*clock };
    Some(match local.value() {
        Value::DateTime(date, clock) => with(temporal::datetime_text(*date, whole(clock)), clock),
        Value::Time { negative, clock } => with(temporal::time_text(*negative, whole(clock)), clock),
        Value::Text(_) if text == "-infinity" && column.column_type == ColumnType::Date => "0000-00-00".to_owned(),
        Value::Text(_) if text == "-infinity" => "0000-00-00 00:00:00".to_owned(),
        _other => text.to_owned(),
    })
}

/// A local variable's value as a user variable takes it.
#[must_use]
pub fn user_variable(local: &Local, column: &Column) -> (Value, VariableKind) {
    let kind = match Type::of_column(column) {
        Some(ty) => VariableKind::of_type(&ty, column.collation.as_deref().unwrap_or("utf8mb4_0900_ai_ci")),
        None => VariableKind::Binary,
    };
    let value = match local.value() {
        Value::Date(_) | Value::DateTime(..) | Value::Time { .. } | Value::Text(_) => {
            printed(local, column).map_or(Value::Null, Value::Text)
        }
        other => other.clone(),
    };
    (value, kind)
}

/// A parameter as a column of the result that shows it.
#[must_use]
pub fn shown(routine: &TableName, local: &Local, column: &Column) -> (OutputColumn, Option<String>) {
    let ty = Type::of_column(column).unwrap_or_else(Type::null);
    let described = OutputColumn {
        org_name: column.name.clone(),
        table: routine.table.clone(),
        org_table: routine.table.clone(),
        schema: routine.database.clone(),
        ..metadata::of_type(&column.name, &ty, true)
    };
    (described, printed(local, column))
}
