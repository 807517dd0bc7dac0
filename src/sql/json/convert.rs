//! JSON in comparisons and casts.
//!
//! A comparison with JSON on one side is one of documents: the other side becomes a scalar of its own type. Equality is
//! jsonb's, because equal documents are carried equally but for the kind of a number; order is a helper's.

use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::Class;
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
            Class::Text => self.json_document(value, "cast_as_json", 1)?,
            Class::Null
            | Class::Open
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
}
