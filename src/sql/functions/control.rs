//! Functions that choose between their arguments, and those whose carrier depends on the argument.

use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};

impl Lowering<'_> {
    /// Functions that choose between their arguments.
    pub(super) fn control_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        let any_null = arguments.iter().any(|argument| argument.nullable);
        let all_null = arguments.iter().all(|argument| argument.nullable);
        Ok(Some(match (name, arguments) {
            ("IF", [condition, yes, no]) => {
                let as_number;
                let condition = if condition.ty.class == Class::Json {
                    // IF takes a document for the number that it's worth, unlike WHERE.
                    let sql = self.render(condition, Carrier::Float8)?;
                    as_number = Expression::sql(sql, Type::double(), true);
                    &as_number
                } else {
                    condition
                };
                let condition = self.truth(condition)?;
                let (ty, branches) = self.unify(&[yes.clone(), no.clone()])?;
                let sql = format!("(CASE WHEN {condition} THEN {} END)", branches.join(" ELSE "));
                Expression::sql(sql, ty, yes.nullable || no.nullable)
            }
            ("IFNULL", [_, _]) | ("COALESCE", [_, ..]) => {
                let (ty, values) = self.unify_rounded(arguments)?;
                Expression::sql(format!("COALESCE({})", values.join(", ")), ty, all_null)
            }
            ("NULLIF", [left, right]) => {
                let equal = self.compare("=", left, right)?;
                let sql = self.own(left)?;
                Expression::sql(format!("(CASE WHEN {equal} THEN NULL ELSE {sql} END)"), left.ty.clone(), true)
            }
            ("ISNULL", [value]) => {
                let sql = self.own(value)?;
                Expression::condition(format!("({sql} IS NULL)"), false)
            }
            ("CONCAT", [_, ..]) => {
                let mut length = 0_u32;
                let mut parts = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    length = length.saturating_add(argument.ty.length);
                    parts.push(self.text(argument)?);
                }
                let ty = Type::text(length, &self.context.collation);
                let made: Vec<_> = arguments.iter().filter_map(|argument| argument.ty.made_text()).collect();
                let collation = crate::sql::charset::blend(made.iter());
                Expression::sql(
                    format!("({})", parts.join(" || ")),
                    Type { collation: collation.or(ty.collation.clone()), ..ty },
                    any_null,
                )
            }
            (_, _) => return Ok(None),
        }))
    }
}
