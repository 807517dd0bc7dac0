//! Values that PostgreSQL computes, on their way into a variable of MySQL's types: helpers check and round them, under
//! the `sql_mode` that the function was made with. What a literal becomes is known beforehand.

use std::sync::Arc;

use crate::schema::quote::literal;
use crate::schema::{ColumnType, Table};
use crate::sql::assign::Row;
use crate::sql::expression::{Body, Expression, Lowering};
use crate::sql::plan::{ParameterSource, SqlError};
use crate::sql::types::{Carrier, Class, Type};
use crate::value::Value;

/// The smallest and largest number of an integer type.
fn range(column_type: &ColumnType) -> Option<(&'static str, &'static str)> {
    Some(match column_type {
        ColumnType::TinyInt { unsigned: false, .. } => ("-128", "127"),
        ColumnType::TinyInt { unsigned: true, .. } => ("0", "255"),
        ColumnType::SmallInt { unsigned: false } => ("-32768", "32767"),
        ColumnType::SmallInt { unsigned: true } => ("0", "65535"),
        ColumnType::MediumInt { unsigned: false } => ("-8388608", "8388607"),
        ColumnType::MediumInt { unsigned: true } => ("0", "16777215"),
        ColumnType::Int { unsigned: false } => ("-2147483648", "2147483647"),
        ColumnType::Int { unsigned: true } => ("0", "4294967295"),
        ColumnType::BigInt { unsigned: false } => ("-9223372036854775808", "9223372036854775807"),
        ColumnType::BigInt { unsigned: true } => ("0", "18446744073709551615"),
        _other => return None,
    })
}

impl Lowering<'_> {
    /// A value for the variable in `slot`, as PostgreSQL text of its carrier; `name` is what messages call it.
    pub(in crate::sql) fn stored_in_variable(
        &mut self,
        frame: &Arc<Table>,
        slot: usize,
        name: &str,
        value: &Expression,
    ) -> Result<String, SqlError> {
        let Some(column) = frame.columns.get(slot) else { return Err(SqlError::unsupported("an unknown variable")) };
        let unsupported = || SqlError::unsupported(format_args!("a variable of type {}", column.type_text));
        let ty = Type::of_column(column).ok_or_else(unsupported)?;
        let flexible = matches!(
            value.body,
            Body::Parameter(
                ParameterSource::Literal(_) | ParameterSource::Client(_) | ParameterSource::UserVariable(_)
            )
        );
        if value.is_null() {
            return Ok(format!("NULL::{}", ty.carrier.name()));
        }
        let literal_text = matches!(value.constant(), Some(Value::DateTime(..) | Value::Time { .. } | Value::Date(_)));
        let numeric = range(&column.column_type).is_some() || matches!(column.column_type, ColumnType::Decimal { .. });
        // What fits or not is found by the same helpers whether it's a literal or not.
        let inside = self.context.given.locals.as_ref().is_some_and(|locals| locals.in_server);
        let alike = inside && numeric && matches!(value.ty.class, Class::Integer | Class::Decimal);
        if flexible && !literal_text && !alike {
            // What its conversion warns of would be told once, when the function is made, and never again.
            if let Some(constant) = value.constant().filter(|_| inside) {
                let mut warnings = Vec::new();
                super::value::stored(constant, (frame, slot), (&self.context.sql_mode, "UTC"), &mut warnings)?;
                if !warnings.is_empty() {
                    return Err(SqlError::unsupported(
                        "a literal that is changed when it's stored, in a stored function",
                    ));
                }
            }
            return self.assign(frame, slot, Row::Given(1), value);
        }
        let strict = self.rules().strict;
        let to = ty.carrier.name();
        let number = matches!(value.ty.class, Class::Integer | Class::Decimal | Class::Real) && !value.ty.is_enum();
        let text = value.ty.class == Class::Text && !value.ty.is_enum();
        match &column.column_type {
            integer if range(integer).is_some() && number => {
                let (low, high) = range(integer).unwrap_or_default();
                let half = if value.ty.class == Class::Real { "float" } else { "decimal" };
                let sql = self.render(value, Carrier::Numeric)?;
                let rounded = if half == "float" {
                    format!("round(({})::float8)::numeric", self.render(value, Carrier::Float8)?)
                } else {
                    format!("round({sql})")
                };
                Ok(format!("\"mysql\".integer_in({rounded}, {low}, {high}, {name}, {strict})::{to}"))
            }
            ColumnType::Decimal { precision, scale, unsigned: false } if number => {
                let sql = self.render(value, Carrier::Numeric)?;
                Ok(format!("\"mysql\".decimal_in({sql}, {precision}, {scale}, {name}, {strict})"))
            }
            ColumnType::Double { unsigned: false } if number && column.digits().is_none() => {
                self.render(value, Carrier::Float8)
            }
            ColumnType::Char { length } | ColumnType::VarChar { length } if text || number => {
                let sql = self.text(value)?;
                let pads = matches!(column.column_type, ColumnType::Char { .. });
                Ok(format!("\"mysql\".text_in({sql}, {length}, {pads}, {name}, {strict})"))
            }
            ColumnType::LongText | ColumnType::MediumText if text || number => self.text(value),
            ColumnType::Date if value.ty.class == Class::Date => self.own(value),
            ColumnType::DateTime { fraction }
                if value.ty.class == Class::DateTime
                    && value.ty.carrier == Carrier::Timestamp
                    && value.ty.decimals <= *fraction =>
            {
                self.own(value)
            }
            ColumnType::DateTime { .. } if value.ty.class == Class::Date => {
                Ok(format!("({})::timestamp", self.own(value)?))
            }
            ColumnType::Time { fraction } if value.ty.class == Class::Time && value.ty.decimals <= *fraction => {
                self.own(value)
            }
            ColumnType::Json if value.ty.class == Class::Json => self.own(value),
            ColumnType::LongBlob | ColumnType::MediumBlob if value.ty.class == Class::Bytes && !value.ty.unsigned => {
                self.own(value)
            }
            other if value.origin.is_none() && same_type(other, &ty, &value.ty) => self.own(value),
            _others => Err(SqlError::unsupported(format_args!(
                "the conversion into {} for {}",
                column.type_text,
                if name.starts_with('\'') {
                    format!("variable {}", name.trim_matches('\''))
                } else {
                    "RETURN".to_owned()
                }
            ))),
        }
    }

    /// The text by which MySQL calls a function in messages.
    pub(in crate::sql) fn called(&self, text: &str) -> String {
        literal(text)
    }
}

/// True where nothing has to be converted: a variable of the same type.
fn same_type(column_type: &ColumnType, ty: &Type, value: &Type) -> bool {
    let simple = matches!(column_type, ColumnType::Year | ColumnType::Float { .. });
    simple && ty.class == value.class && ty.carrier == value.carrier && ty.field == value.field
}
