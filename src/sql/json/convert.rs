//! JSON in comparisons and casts.
//!
//! A comparison with JSON on one side is one of documents: the other side becomes a scalar of its own type. Equality is
//! jsonb's, because equal documents are carried equally but for the kind of a number; order is a helper's.

use crate::schema::{Column, ColumnType, Table, quote};

use super::super::expression::{Body, Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};
use super::functions::SHALLOW;
use super::json_result;

impl Lowering<'_> {
    /// The two sides of a comparison with a document, so that `op` between them is MySQL's answer.
    pub(in crate::sql) fn json_meeting(
        &mut self,
        op: &str,
        left: &Expression,
        right: &Expression,
    ) -> Result<(String, String), SqlError> {
        let (left, right) = (self.json_scalar(left)?, self.json_scalar(right)?);
        match op.trim() {
            "<" | "<=" | ">" | ">=" => Ok((format!("\"mysql\".json_compare({left}, {right})"), "0".to_owned())),
            "=" | "<>" | "<=>" | "IN" | "NOT IN" => Ok((left, right)),
            other => Err(SqlError::unsupported(format_args!("{other} of JSON"))),
        }
    }

    /// `CAST(… AS JSON)`: character data is parsed, everything else becomes a scalar.
    pub(in crate::sql) fn cast_to_json(&mut self, value: &Expression) -> Result<Expression, SqlError> {
        let sql = match value.ty.class {
            Class::Text | Class::Open if !value.ty.is_enum() => self.json_document(value, "cast_as_json", 1)?,
            Class::Text
            | Class::Open
            | Class::Null
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => self.json_scalar(value)?,
        };
        Ok(Expression::sql(sql, json_result(), true))
    }

    /// What an expression stores in a JSON column, or what a document stores in another; `None` where the usual
    /// conversion serves.
    pub(in crate::sql) fn json_assigned(
        &mut self,
        table: &Table,
        column: &Column,
        value: &Expression,
    ) -> Result<Option<String>, SqlError> {
        let into_json = matches!(column.column_type, ColumnType::Json);
        if matches!(value.body, Body::Parameter(_)) || into_json == (value.ty.class == Class::Json) {
            return Ok(None);
        }
        if into_json {
            return self.document_assigned(table, column, value).map(Some);
        }
        let Some(ty) = Type::of_column(column) else { return Ok(None) };
        match ty.class {
            Class::Text => Ok(None),
            Class::Integer | Class::Decimal | Class::Real if self.rules().strict && ty.carrier != Carrier::Float4 => {
                let kind = match ty.class {
                    Class::Integer => "INTEGER",
                    Class::Decimal => "DECIMAL",
                    _real => "DOUBLE",
                };
                let (sql, name) = (self.own(value)?, quote::literal(&item_name(value)));
                let number = format!("\"mysql\".json_must_be_number({sql}, '{kind}', {name})");
                Ok(Some(format!("{number}::{}", ty.carrier.name())))
            }
            _other => Err(SqlError::unsupported("a JSON value stored in a column of this type")),
        }
    }

    fn document_assigned(&mut self, table: &Table, column: &Column, value: &Expression) -> Result<String, SqlError> {
        let place = format!("in value for column '{}.{}'", table.title().table, column.name);
        match value.ty.class {
            Class::Null => Ok("NULL::jsonb".to_owned()),
            Class::Text | Class::Open => {
                let text = self.text(value)?;
                Ok(format!("\"mysql\".json_document({text}, {})", quote::literal(&place)))
            }
            Class::Bytes => Err(super::binary_document()),
            Class::Json
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Date
            | Class::DateTime
            | Class::Time => {
                let sql = self.own(value)?;
                let message = format!("Invalid JSON text: \"not a JSON text, may need CAST\" at position 0 {place}.");
                let message = quote::literal(&message);
                Ok(format!("CASE WHEN {sql} IS NOT NULL THEN \"mysql\".fail(3140, {message}, NULL::jsonb) END"))
            }
        }
    }

    /// CAST of a document; `None` for targets that need no thought of their own.
    pub(in crate::sql) fn cast_from_json(
        &mut self,
        value: &Expression,
        word: &str,
        (first, second): (Option<u32>, Option<u32>),
    ) -> Result<Option<Expression>, SqlError> {
        let (sql, name) = (self.own(value)?, item_name(value));
        let name = quote::literal(&name);
        let fraction = u8::try_from(first.unwrap_or(0).min(6)).unwrap_or(6);
        Ok(Some(match word {
            "SIGNED" | "SIGNED INTEGER" | "INTEGER" | "INT" | "BIGINT" => {
                Expression::sql(format!("\"mysql\".json_to_signed({sql}, {name})"), Type::integer(21), true)
            }
            "UNSIGNED" | "UNSIGNED INTEGER" | "INT UNSIGNED" | "BIGINT UNSIGNED" => {
                let number = format!("\"mysql\".json_to_unsigned({sql}, {name})");
                Expression::sql(number, Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) }, true)
            }
            "DECIMAL" | "DEC" | "NUMERIC" => {
                let (size, digits) = (first.unwrap_or(10), u8::try_from(second.unwrap_or(0)).unwrap_or(30));
                let number = format!("\"mysql\".json_to_decimal({sql}, {size}, {digits}, {name})");
                Expression::sql(number, Type::decimal(size, digits), true)
            }
            "DOUBLE" | "DOUBLE PRECISION" | "REAL" => {
                Expression::sql(number_sql(&sql, &name, Carrier::Float8), Type::double(), true)
            }
            "DATE" => {
                Expression::sql(format!("\"mysql\".json_to_time({sql}, 'DATE', {name})::date"), Type::date(), true)
            }
            "DATETIME" | "TIMESTAMP" => {
                let text = format!("\"mysql\".json_to_time({sql}, 'DATETIME', {name})::timestamp({fraction})");
                Expression::sql(text, Type::datetime(fraction), true)
            }
            "TIME" => {
                let text = format!("(\"mysql\".json_to_time({sql}, 'TIME', {name}))::interval({fraction})");
                Expression::sql(text, Type::time(fraction), true)
            }
            _other => return Ok(None),
        }))
    }
}

/// The number that a document is worth, with MySQL's warning when it isn't one.
pub(in crate::sql) fn number_sql(sql: &str, name: &str, carrier: Carrier) -> String {
    let number = format!("\"mysql\".json_to_number({sql}, 'DOUBLE', {name})");
    match carrier {
        Carrier::Float8 => format!("\"mysql\".json_double({number})"),
        other => format!("{number}::{}", other.name()),
    }
}

/// How warnings call the item: a column's name, else the function's.
pub(in crate::sql) fn item_name(value: &Expression) -> String {
    if let Some(column) = value.origin.as_ref().and_then(|origin| origin.column()) {
        return column.name.clone();
    }
    match &value.body {
        Body::Sql(sql) => function_name(sql).to_owned(),
        Body::Condition(_) | Body::Parameter(_) => "cast_as_json".to_owned(),
    }
}

/// The MySQL function that PostgreSQL text was made for.
pub(in crate::sql) fn function_name(sql: &str) -> &str {
    if (sql.starts_with('(') && sql.contains(" -> ")) || sql.starts_with("\"mysql\".json_cell(") {
        return "json_extract";
    }
    let sql = sql.strip_prefix(SHALLOW).unwrap_or(sql);
    let inner = sql.trim_start_matches('(');
    if inner.starts_with("\"mysql\".json_document") || inner.starts_with("to_jsonb") {
        return if sql.contains(" -> ") { "json_extract" } else { "cast_as_json" };
    }
    if let Some(rest) = inner.strip_prefix("\"mysql\".json_changes(") {
        let modes = [
            ("'set'", "json_set"),
            ("'insert'", "json_insert"),
            ("'replace'", "json_replace"),
            ("'remove'", "json_remove"),
            ("'append'", "json_array_append"),
            ("'before'", "json_array_insert"),
        ];
        let found = modes.iter().find(|(mode, _)| rest.contains(&format!(", {mode}, ")));
        return found.map_or("json_set", |(_, name)| name);
    }
    match inner.split_once('(').map(|(name, _)| name) {
        Some("jsonb_build_array") => "json_array",
        Some("jsonb_build_object") => "json_object",
        Some("jsonb_agg") => "json_arrayagg",
        Some("jsonb_object_agg") => "json_objectagg",
        Some("\"mysql\".json_merge_preserve") => "json_merge_preserve",
        Some("\"mysql\".json_merge_patch") => "json_merge_patch",
        Some("\"mysql\".json_keys") => "json_keys",
        Some("\"mysql\".json_value") => "json_value",
        Some("\"mysql\".json_search") => "json_search",
        _other => "json_extract",
    }
}
