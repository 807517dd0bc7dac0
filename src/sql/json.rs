//! JSON paths and functions. JSON is jsonb in PostgreSQL; its text form is MySQL's.

use sqlparser::ast::Expr;

use crate::schema::quote;
use crate::value::Value;

use super::expression::{Expression, Lowering};
use super::functions::literal_text;
use super::lower::Place;
use super::plan::SqlError;
use super::types::{Carrier, Class, Coercibility, Collation, Type};

impl Lowering<'_> {
    /// `column -> '$.path'` and `column ->> '$.path'`.
    pub(super) fn json_arrow(
        &mut self,
        left: &Expr,
        unquote: bool,
        path: &Expr,
        place: Place<'_>,
    ) -> Result<Expression, SqlError> {
        let document = self.lower(left, place)?;
        let Some(path) = literal_text(path) else {
            return Err(SqlError::unsupported("a JSON path that isn't constant"));
        };
        let found = self.json_at(&document, path)?;
        if unquote { self.json_unquote(&found) } else { Ok(found) }
    }

    fn json_at(&mut self, document: &Expression, path: &str) -> Result<Expression, SqlError> {
        let steps = steps(path)?;
        let sql = self.render(document, Carrier::Json)?;
        let steps: Vec<String> = steps.iter().map(|step| quote::literal(step)).collect();
        Ok(Expression::sql(format!("({sql} #> ARRAY[{}]::text[])", steps.join(", ")), Type::json(), true))
    }

    fn json_unquote(&mut self, document: &Expression) -> Result<Expression, SqlError> {
        let sql = self.render(document, Carrier::Json)?;
        let ty = Type {
            collation: Some(Collation { name: "utf8mb4_bin".to_owned(), coercibility: Coercibility::Column }),
            ..Type::text(u32::MAX / 4, &self.context.collation)
        };
        Ok(Expression::sql(format!("\"mysql\".json_unquote({sql})"), ty, document.nullable))
    }

    /// JSON_EXTRACT and others.
    pub(super) fn json_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        Ok(Some(match (name, arguments) {
            ("JSON_EXTRACT", [document, path]) => {
                let Some(Value::Text(path)) = path.constant() else {
                    return Err(SqlError::unsupported("a JSON path that isn't constant"));
                };
                self.json_at(document, path)?
            }
            ("JSON_UNQUOTE", [document]) if document.ty.class == Class::Json => self.json_unquote(document)?,
            ("JSON_OBJECT", pairs) if pairs.len() % 2 == 0 => {
                let mut parts = Vec::with_capacity(pairs.len());
                for (at, part) in pairs.iter().enumerate() {
                    let carrier = if at % 2 == 0 { Carrier::Text } else { json_carrier(part) };
                    parts.push(self.render(part, carrier)?);
                }
                Expression::sql(format!("jsonb_build_object({})", parts.join(", ")), Type::json(), false)
            }
            ("JSON_ARRAY", items) => {
                let mut parts = Vec::with_capacity(items.len());
                for item in items {
                    parts.push(self.render(item, json_carrier(item))?);
                }
                Expression::sql(format!("jsonb_build_array({})", parts.join(", ")), Type::json(), false)
            }
            ("JSON_SET", [document, path, value]) => {
                let Some(Value::Text(path)) = path.constant() else {
                    return Err(SqlError::unsupported("a JSON path that isn't constant"));
                };
                let steps: Vec<String> = steps(path)?.iter().map(|step| quote::literal(step)).collect();
                let (document_sql, value) =
                    (self.render(document, Carrier::Json)?, self.render(value, json_carrier(value))?);
                let sql = format!(
                    "jsonb_set({document_sql}, ARRAY[{}]::text[], COALESCE(to_jsonb({value}), 'null'::jsonb), TRUE)",
                    steps.join(", ")
                );
                Expression::sql(sql, Type::json(), true)
            }
            ("JSON_TYPE", [document]) => {
                let sql = self.render(document, Carrier::Json)?;
                Expression::sql(format!("\"mysql\".json_type({sql})"), Type::text(51, &self.context.collation), true)
            }
            (_, _) => return Ok(None),
        }))
    }
}

/// Numbers and documents keep their kind inside a document; everything else is text.
fn json_carrier(value: &Expression) -> Carrier {
    match value.ty.class {
        Class::Integer | Class::Decimal | Class::Real | Class::Json => value.ty.carrier,
        Class::Null | Class::Open | Class::Text | Class::Bytes | Class::Date | Class::DateTime | Class::Time => {
            Carrier::Text
        }
    }
}

/// The steps of a path like `$.a."b c"[0]`. Wildcards and ranges are refused.
fn steps(path: &str) -> Result<Vec<String>, SqlError> {
    let refused = || SqlError::unsupported(format_args!("JSON path {path}"));
    let mut rest = path.trim().strip_prefix('$').ok_or_else(refused)?.trim_start();
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("[") {
            let (index, tail) = tail.split_once(']').ok_or_else(refused)?;
            let index = index.trim();
            let last = index.strip_prefix("last").map(|_| "-1".to_owned()).filter(|_| index == "last");
            let number = index.parse::<u32>().ok().map(|number| number.to_string());
            steps.push(number.or(last).ok_or_else(refused)?);
            rest = tail.trim_start();
            continue;
        }
        let tail = rest.strip_prefix('.').ok_or_else(refused)?.trim_start();
        if let Some(quoted) = tail.strip_prefix('"') {
            let (key, tail) = quoted.split_once('"').ok_or_else(refused)?;
            if key.contains('\\') {
                return Err(refused());
            }
            steps.push(key.to_owned());
            rest = tail.trim_start();
        } else {
            let end = tail.find(['.', '[', ' ']).unwrap_or(tail.len());
            let (key, tail) = tail.split_at(end);
            if key.is_empty() || key.contains('*') {
                return Err(refused());
            }
            steps.push(key.to_owned());
            rest = tail.trim_start();
        }
    }
    Ok(steps)
}
