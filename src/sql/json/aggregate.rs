//! JSON_ARRAYAGG and JSON_OBJECTAGG.

use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::json_result;

impl Lowering<'_> {
    /// An aggregate over its lowered arguments; the name is in upper case.
    pub(in crate::sql) fn json_aggregate(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Expression, SqlError> {
        crate::sql::geometry::refuse_shapes(&name.to_ascii_lowercase(), arguments)?;
        let sql = match (name, arguments) {
            ("JSON_ARRAYAGG", [value]) => format!("jsonb_agg({})", self.json_element(value)?),
            ("JSON_OBJECTAGG", [key, value]) => {
                format!("jsonb_object_agg({}, {})", self.json_name(key)?, self.json_element(value)?)
            }
            (_, _) => return Err(SqlError::argument_count(name)),
        };
        Ok(Expression::sql(sql, json_result(), true))
    }
}
