//! Values on their way into columns: what the statement's form and `sql_mode` make of those that don't fit.
//!
//! Values that are known when the statement is executed are converted by [`super::coerce`]; what PostgreSQL computes
//! is converted there, and only where the expression's type doesn't prove that every value fits.

mod computed;
mod moments;
mod text;

use std::cell::RefCell;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::schema::{Column, ColumnType, Table};
use crate::value::{Clock, Value};
use crate::wire::condition::Condition;

use super::coerce;
use super::expression::{Body, Expression, Lowering, cast};
use super::plan::{Assignment, ParameterSource, Purpose, Rules, SqlError};
use super::temporal;
use super::types::{Carrier, Class, Type};

pub(super) use computed::{NUMBER, Row, counted, is_guarded, quiet};

/// What the form of a statement says about values that don't fit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Form {
    /// IGNORE: as without strict mode.
    pub(super) ignore: bool,
    /// Without strict mode, NULL for a NOT NULL column becomes the type's own default: so in UPDATE and in INSERT of
    /// several rows.
    pub(super) null_becomes_default: bool,
}

impl Lowering<'_> {
    /// How values are stored by this statement.
    pub(super) const fn rules(&self) -> Rules {
        let strict = self.modes.strict && !self.form.ignore;
        Rules {
            strict,
            no_zero_date: self.modes.no_zero_date,
            no_zero_in_date: self.modes.no_zero_in_date,
            invalid_dates: self.modes.invalid_dates,
            truncate_fraction: self.modes.truncate_fraction,
            null_becomes_default: self.form.ignore || (self.form.null_becomes_default && !strict),
        }
    }

    /// A literal that doesn't fit the column as it is, as a value that PostgreSQL stores: MySQL fails or warns when it
    /// changes a row, and not when there is none.
    pub(super) fn where_it_happens(
        &mut self,
        table: &Table,
        at: usize,
        value: Expression,
    ) -> Result<Expression, SqlError> {
        let Some(column) = table.columns.get(at).filter(|_| self.context.purpose == Purpose::Serve) else {
            return Ok(value);
        };
        let Some(constant) = value.constant().filter(|constant| **constant != Value::Null) else { return Ok(value) };
        let warnings = RefCell::new(Vec::new());
        let target = coerce::Target { table, column, row: 1, rules: self.rules(), warnings: &warnings };
        let fits = coerce::store(constant, &target, &|| Ok(TimeZone::UTC)).is_ok() && warnings.borrow().is_empty();
        if fits {
            return Ok(value);
        }
        let sql = self.own(&value)?;
        Ok(Expression { origin: None, ..Expression::sql(sql, value.ty, value.nullable) })
    }

    /// 1364 for a column that isn't given and has no default: an error under strict mode, else a warning.
    pub(super) fn no_default(&mut self, column: &Column) -> Result<(), SqlError> {
        let error = SqlError::no_default(&column.name);
        if self.rules().strict {
            return Err(error);
        }
        self.warnings.push(Condition::warning(error.code, error.message));
        Ok(())
    }

    /// A parameter that is stored in a column.
    pub(super) fn stored(
        &mut self,
        table: &Arc<Table>,
        at: usize,
        row: usize,
        source: ParameterSource,
    ) -> Result<String, SqlError> {
        let Some(column) = table.columns.get(at) else { return Err(SqlError::unsupported("an unknown column")) };
        let ty =
            Type::of_column(column).ok_or_else(|| SqlError::unsupported(format_args!("type {}", column.type_text)))?;
        let assignment = Assignment { table: Arc::clone(table), column: at, row, rules: self.rules() };
        Ok(self.assigned(source, ty.carrier.oid(), assignment))
    }

    /// A value for a column, of the column's type. Parameters are coerced when they are bound; the rest by PostgreSQL.
    pub(super) fn assign(
        &mut self,
        table: &Arc<Table>,
        at: usize,
        row: Row,
        value: &Expression,
    ) -> Result<String, SqlError> {
        let sql = self.assigned_sql(table, at, row, value)?;
        let Some(column) = table.columns.get(at) else { return Ok(sql) };
        Ok(self.never_null((column, at), row, value, sql))
    }

    fn assigned_sql(
        &mut self,
        table: &Arc<Table>,
        at: usize,
        row: Row,
        value: &Expression,
    ) -> Result<String, SqlError> {
        let Some(column) = table.columns.get(at) else { return Err(SqlError::unsupported("an unknown column")) };
        if column.generated.is_some() {
            return Err(SqlError::new(
                3105,
                "HY000",
                format!(
                    "The value specified for generated column '{}' in table '{}' is not allowed.",
                    column.name,
                    table.title().table
                ),
            ));
        }
        let ty =
            Type::of_column(column).ok_or_else(|| SqlError::unsupported(format_args!("type {}", column.type_text)))?;
        if let Some(found) = self.json_assigned(table, column, value)? {
            return Ok(found);
        }
        if let Some(found) = self.geometry_assigned(column, value)? {
            return Ok(found);
        }
        if let Some(found) = self.computed((column, at), &ty, row, value)? {
            return Ok(found);
        }
        let number = row.number();
        match &value.body {
            Body::Parameter(ParameterSource::Now { .. }) if ty.carrier == Carrier::TimestampTz => Ok(self.parameter(
                &ParameterSource::Instant { fraction: ty.decimals.min(value.ty.decimals) },
                Carrier::TimestampTz.oid(),
            )),
            Body::Parameter(ParameterSource::Literal(Value::DateTime(date, clock))) if ty.class == Class::Text => {
                let text = temporal::text_with(
                    &temporal::datetime_text(*date, Clock { micros: 0, ..*clock }),
                    clock,
                    value.ty.decimals,
                );
                self.stored(table, at, number, ParameterSource::Literal(Value::Text(text)))
            }
            Body::Parameter(ParameterSource::Literal(Value::Time { negative, clock })) if ty.class == Class::Text => {
                let text = temporal::text_with(
                    &temporal::time_text(*negative, Clock { micros: 0, ..*clock }),
                    clock,
                    value.ty.decimals,
                );
                self.stored(table, at, number, ParameterSource::Literal(Value::Text(text)))
            }
            Body::Parameter(ParameterSource::Now { .. } | ParameterSource::UtcNow { .. })
                if ty.class == Class::Text =>
            {
                self.render(value, ty.carrier)
            }
            // An instant stays one; as a value it would have to be read in the session's zone again.
            Body::Parameter(ParameterSource::Local(_)) if value.ty.carrier == Carrier::TimestampTz => {
                self.render(value, ty.carrier)
            }
            // A hexadecimal or bit literal is a number where a number is stored; other bytes are text.
            Body::Parameter(ParameterSource::Literal(Value::Bytes(bytes)))
                if value.ty.unsigned && coerce::is_numeric(&column.column_type) =>
            {
                self.stored(table, at, number, ParameterSource::Literal(number_of(bytes)))
            }
            Body::Parameter(source) => self.stored(table, at, number, source.clone()),
            Body::Condition(_) => self.render(value, ty.carrier),
            Body::Sql(sql) => match (value.ty.class, ty.class) {
                (Class::Text, Class::Text) if matches!(column.column_type, ColumnType::Char { .. }) => {
                    Ok(format!("rtrim({sql}, ' ')"))
                }
                // A plain cast refuses text that isn't a number or a date, where an implicit conversion wouldn't.
                (
                    Class::Text,
                    Class::Integer
                    | Class::Decimal
                    | Class::Real
                    | Class::Date
                    | Class::DateTime
                    | Class::Time
                    | Class::Json,
                ) => {
                    if ty.carrier == Carrier::TimestampTz {
                        self.deterministic("a conversion of text to TIMESTAMP")?;
                    }
                    Ok(format!("({sql})::{}", ty.carrier.name()))
                }
                (Class::Real | Class::Decimal, Class::Integer) => {
                    let exact = cast(sql, &value.ty, Carrier::Numeric)?;
                    Ok(format!("round({exact})::{}", ty.carrier.name()))
                }
                (Class::Bytes, Class::Bytes)
                    if matches!(column.column_type, ColumnType::Binary { .. }) && value.origin.is_none() =>
                {
                    Ok(format!("\"mysql\".padded({}, {})", self.render(value, ty.carrier)?, ty.length))
                }
                (_, _) => self.render(value, ty.carrier),
            },
        }
    }
}

/// The number that a hexadecimal or bit literal is; more than eight bytes are the largest one.
fn number_of(bytes: &[u8]) -> Value {
    let significant = bytes.iter().skip_while(|byte| **byte == 0);
    if significant.clone().count() > 8 {
        return Value::UInt(u64::MAX);
    }
    Value::UInt(significant.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
