//! The JSON functions.

use crate::schema::quote;

use super::super::expression::{Body, Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Class, Type};
use super::{json_result, wrong_argument};

/// `JSON_PRETTY`'s length in characters.
const PRETTY_LENGTH: u32 = 67_108_864;

/// 1287.
const MERGE_WARNING: &str = "'JSON_MERGE' is deprecated and will be removed in a future release. Please use JSON_MERGE_PRESERVE/JSON_MERGE_PATCH instead";

impl Lowering<'_> {
    /// A JSON function by its upper-case name; `None` when it isn't one.
    pub(in crate::sql) fn json_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        if !name.starts_with("JSON_") {
            return Ok(None);
        }
        let title = name.to_ascii_lowercase();
        check_count(name, arguments.len()).ok_or_else(|| SqlError::argument_count(&title))?;
        let document = |lowering: &mut Self, at: usize| match arguments.get(at) {
            Some(argument) => lowering.json_document(argument, &title, at + 1),
            None => Err(SqlError::argument_count(&title)),
        };
        let found = match name {
            "JSON_EXTRACT" => self.json_extract(arguments)?,
            "JSON_UNQUOTE" => match arguments {
                [value] => self.json_unquote(value)?,
                _other => return Err(SqlError::argument_count(&title)),
            },
            "JSON_QUOTE" => self.json_quote(arguments)?,
            "JSON_OBJECT" => self.json_object(arguments)?,
            "JSON_ARRAY" => {
                let items = self.elements(arguments)?;
                let sql = shallow(format!("jsonb_build_array({})", items.join(", ")), arguments);
                Expression::sql(sql, json_result(), true)
            }
            "JSON_SET" => self.json_change(&title, "set", arguments)?,
            "JSON_INSERT" => self.json_change(&title, "insert", arguments)?,
            "JSON_REPLACE" => self.json_change(&title, "replace", arguments)?,
            "JSON_ARRAY_APPEND" => self.json_change(&title, "append", arguments)?,
            "JSON_ARRAY_INSERT" => self.json_change(&title, "before", arguments)?,
            "JSON_REMOVE" => {
                let target = document(self, 0)?;
                let paths = self.texts(arguments.get(1..).unwrap_or_default())?.join(", ");
                let sql = format!("\"mysql\".json_changes({target}, 'remove', ARRAY[{paths}], '{{}}')");
                Expression::sql(sql, json_result(), true)
            }
            "JSON_MERGE" | "JSON_MERGE_PRESERVE" | "JSON_MERGE_PATCH" => {
                if name == "JSON_MERGE" {
                    self.warn_once(1287, MERGE_WARNING);
                }
                let helper = if name == "JSON_MERGE_PATCH" { "json_merge_patch" } else { "json_merge_preserve" };
                let mut sql = document(self, 0)?;
                for at in 1..arguments.len() {
                    sql = format!("\"mysql\".{helper}({sql}, {})", document(self, at)?);
                }
                Expression::sql(format!("{SHALLOW}{sql})"), json_result(), true)
            }
            "JSON_CONTAINS" => {
                let (target, candidate) = (document(self, 0)?, document(self, 1)?);
                let sql = match arguments.get(2) {
                    Some(path) => {
                        format!("\"mysql\".json_contains_at({target}, {candidate}, {})", self.text(path)?)
                    }
                    None => format!("\"mysql\".json_contains({target}, {candidate})"),
                };
                truth(sql, 21)
            }
            "JSON_CONTAINS_PATH" => {
                let target = document(self, 0)?;
                let rest = self.texts(arguments.get(1..).unwrap_or_default())?;
                truth(format!("\"mysql\".json_contains_path({target}, {})", rest.join(", ")), 21)
            }
            "JSON_OVERLAPS" => {
                let (left, right) = (document(self, 0)?, document(self, 1)?);
                let nullable = arguments.iter().any(|argument| argument.nullable);
                Expression::condition(format!("\"mysql\".json_overlaps({left}, {right})"), nullable)
            }
            "JSON_SCHEMA_VALID" => {
                let (schema, value) = (document(self, 0)?, document(self, 1)?);
                let nullable = arguments.iter().any(|argument| argument.nullable);
                Expression::condition(format!("\"mysql\".json_schema_valid({schema}, {value})"), nullable)
            }
            "JSON_SEARCH" => self.json_search(arguments)?,
            "JSON_LENGTH" | "JSON_KEYS" => {
                let mut sql = document(self, 0)?;
                if let Some(path) = arguments.get(1) {
                    let path = self.text(path)?;
                    sql = if name == "JSON_KEYS" {
                        format!("\"mysql\".json_at({sql}, \"mysql\".json_plain_path({path}))")
                    } else {
                        format!("\"mysql\".json_extract({sql}, {path})")
                    };
                }
                if name == "JSON_KEYS" {
                    Expression::sql(format!("\"mysql\".json_keys({sql})"), json_result(), true)
                } else {
                    Expression::sql(format!("\"mysql\".json_length({sql})"), Type::integer(21), true)
                }
            }
            "JSON_DEPTH" => {
                Expression::sql(format!("\"mysql\".json_depth({})", document(self, 0)?), Type::integer(21), true)
            }
            "JSON_TYPE" => {
                let sql = format!("\"mysql\".json_type({})", document(self, 0)?);
                Expression::sql(
                    sql,
                    Type { flags: crate::wire::constants::column_flags::BINARY, ..Type::text(17, "utf8mb4_bin") },
                    true,
                )
            }
            "JSON_PRETTY" => {
                let sql = format!("\"mysql\".json_pretty({})", document(self, 0)?);
                Expression::sql(sql, self.json_characters(PRETTY_LENGTH), true)
            }
            "JSON_VALID" => self.json_valid(arguments)?,
            "JSON_STORAGE_FREE" | "JSON_STORAGE_SIZE" => self.json_storage(name, arguments)?,
            _other => return Ok(None),
        };
        Ok(Some(found))
    }

    /// Paths and other texts: binary data is none.
    fn texts(&mut self, arguments: &[Expression]) -> Result<Vec<String>, SqlError> {
        if arguments.iter().any(|argument| argument.ty.class == Class::Bytes) {
            return Err(super::binary_document());
        }
        arguments.iter().map(|argument| self.text(argument)).collect()
    }

    fn elements(&mut self, arguments: &[Expression]) -> Result<Vec<String>, SqlError> {
        arguments.iter().map(|argument| self.json_element(argument)).collect()
    }

    fn json_object(&mut self, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let mut parts = Vec::with_capacity(arguments.len());
        for pair in arguments.chunks(2) {
            let [key, value] = pair else { return Err(SqlError::argument_count("json_object")) };
            parts.push(self.json_name(key)?);
            parts.push(self.json_element(value)?);
        }
        let sql = shallow(format!("jsonb_build_object({})", parts.join(", ")), arguments);
        Ok(Expression::sql(sql, json_result(), true))
    }

    /// The name of a member.
    pub(super) fn json_name(&mut self, key: &Expression) -> Result<String, SqlError> {
        if key.ty.class == Class::Bytes {
            return Err(super::binary_document());
        }
        Ok(format!("\"mysql\".json_name({})", self.text(key)?))
    }

    fn json_quote(&mut self, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let [value] = arguments else { return Err(SqlError::argument_count("json_quote")) };
        match value.ty.class {
            Class::Text | Class::Open | Class::Null | Class::Json => {}
            Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time => return Err(wrong_argument(1, "json_quote")),
        }
        let length = value.ty.length.saturating_mul(6).saturating_add(2);
        let sql = format!("to_json({})::text", self.text(value)?);
        Ok(Expression::sql(sql, self.json_characters(length), true))
    }

    fn json_valid(&mut self, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let [value] = arguments else { return Err(SqlError::argument_count("json_valid")) };
        let sql = match value.ty.class {
            Class::Text | Class::Open | Class::Null => format!("(\"mysql\".json_valid({}) = 1)", self.text(value)?),
            Class::Json => format!("({} IS NOT NULL OR NULL)", self.own(value)?),
            Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time => format!("({} IS NULL AND NULL)", self.own(value)?),
        };
        Ok(truth(sql, 21))
    }

    fn json_change(&mut self, title: &str, mode: &str, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let [target, rest @ ..] = arguments else { return Err(SqlError::argument_count(title)) };
        let target = self.json_document(target, title, 1)?;
        let (mut paths, mut values) = (Vec::new(), Vec::new());
        for pair in rest.chunks(2) {
            let [path, value] = pair else { return Err(SqlError::argument_count(title)) };
            paths.push(self.text(path)?);
            values.push(self.json_scalar(value)?);
        }
        let (paths, values) = (paths.join(", "), values.join(", "));
        let sql =
            format!("\"mysql\".json_changes({target}, '{mode}', ARRAY[{paths}]::text[], ARRAY[{values}]::jsonb[])");
        Ok(Expression::sql(sql, json_result(), true))
    }

    fn json_search(&mut self, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let [document, how, wanted, rest @ ..] = arguments else {
            return Err(SqlError::argument_count("json_search"));
        };
        let document = self.json_document(document, "json_search", 1)?;
        let (how, wanted) = (self.text(how)?, self.text(wanted)?);
        let escape = match rest.first() {
            Some(escape) => self.text(escape)?,
            None => "NULL::text".to_owned(),
        };
        let mut paths = self.texts(rest.get(1..).unwrap_or_default())?;
        if paths.is_empty() {
            paths.push(quote::literal("$"));
        }
        let sql = format!("\"mysql\".json_search({document}, {how}, {wanted}, {escape}, {})", paths.join(", "));
        Ok(Expression::sql(sql, json_result(), true))
    }

    /// Sizes of stored columns depend on MySQL's partial updates in the past; only those of other documents are known.
    fn json_storage(&mut self, name: &str, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let title = name.to_ascii_lowercase();
        let [value] = arguments else { return Err(SqlError::argument_count(&title)) };
        if value.origin.is_some() || name == "JSON_STORAGE_SIZE" {
            return Err(SqlError::unsupported(format_args!("{name}")));
        }
        let document = self.json_document(value, &title, 1)?;
        Ok(Expression::sql(
            format!("CASE WHEN {document} IS NOT NULL THEN 0::int8 END"),
            Type::integer(21),
            value.nullable,
        ))
    }
}

/// What makes sure of MySQL's limit of levels.
pub(in crate::sql) const SHALLOW: &str = "\"mysql\".json_shallow(";

/// True when what is put together of these may have more levels than the statement's text shows.
pub(in crate::sql) fn may_be_deep(parts: &[Expression]) -> bool {
    let stored = |part: &Expression| match &part.body {
        Body::Sql(sql) => !sql.starts_with("jsonb_build_"),
        Body::Condition(_) | Body::Parameter(_) => true,
    };
    parts.iter().any(|part| part.ty.class == Class::Json && stored(part))
}

fn shallow(sql: String, parts: &[Expression]) -> String {
    if may_be_deep(parts) { format!("{SHALLOW}{sql})") } else { sql }
}

/// A condition whose column is as wide as an integer.
fn truth(sql: String, length: u32) -> Expression {
    let mut found = Expression::condition(sql, true);
    found.ty.length = length;
    found
}

/// `None` when a function doesn't take that many arguments.
fn check_count(name: &str, count: usize) -> Option<()> {
    let fits = match name {
        "JSON_ARRAY" => true,
        "JSON_OBJECT" => count.is_multiple_of(2),
        "JSON_VALID" | "JSON_TYPE" | "JSON_DEPTH" | "JSON_PRETTY" | "JSON_QUOTE" | "JSON_UNQUOTE"
        | "JSON_STORAGE_SIZE" | "JSON_STORAGE_FREE" => count == 1,
        "JSON_LENGTH" | "JSON_KEYS" => (1..=2).contains(&count),
        "JSON_CONTAINS" => (2..=3).contains(&count),
        "JSON_OVERLAPS" | "JSON_SCHEMA_VALID" => count == 2,
        "JSON_EXTRACT" | "JSON_REMOVE" | "JSON_MERGE" | "JSON_MERGE_PRESERVE" | "JSON_MERGE_PATCH" => count >= 2,
        "JSON_CONTAINS_PATH" | "JSON_SEARCH" => count >= 3,
        "JSON_SET" | "JSON_INSERT" | "JSON_REPLACE" | "JSON_ARRAY_APPEND" | "JSON_ARRAY_INSERT" => {
            count >= 3 && count % 2 == 1
        }
        _other => true,
    };
    fits.then_some(())
}
