//! JSON. Documents are jsonb in PostgreSQL; what jsonb has no type for is told apart as `helpers/json.sql` says.
//!
//! MySQL's rule: an argument that is a document may be JSON or a text that is parsed; an argument that is a value
//! becomes a JSON scalar of its own type, and a text stays a string. Which of the two an argument is depends on the
//! function, never on the value, so each is written here by [`Lowering::json_document`] or [`Lowering::json_scalar`].

mod aggregate;
mod convert;
mod functions;
mod scalar;
mod table;
mod value;

pub(super) use convert::{function_name, item_name, number_sql};
pub(super) use functions::{SHALLOW, may_be_deep};
pub(super) use scalar::{scalar_sql, scalar_value};
pub(super) use value::parse as parse_json_value;

use sqlparser::ast::Expr;

use crate::schema::quote;
use crate::value::Value;
use crate::wire::FieldType;
use crate::wire::constants::column_flags as flag;

use super::expression::{Expression, Lowering};
use super::lower::Place;
use super::plan::SqlError;
use super::types::{Class, Coercibility, Collation, Type};

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
        let path = self.lower(path, place)?;
        let found = self.json_extract(&[document, path])?;
        if unquote { self.json_unquote(&found) } else { Ok(found) }
    }

    /// `value MEMBER OF (document)`.
    pub(super) fn json_member(&mut self, value: &Expr, array: &Expr, place: Place<'_>) -> Result<Expression, SqlError> {
        let (value, array) = (self.lower(value, place)?, self.lower(array, place)?);
        let nullable = value.nullable || array.nullable;
        let document = self.json_document(&array, "member of", 2)?;
        let value = self.json_scalar(&value)?;
        Ok(Expression::condition(format!("\"mysql\".json_member({value}, {document})"), nullable))
    }

    /// JSON_EXTRACT. A constant path of members and cells is written out, so that PostgreSQL sees plain operators.
    fn json_extract(&mut self, arguments: &[Expression]) -> Result<Expression, SqlError> {
        let [document, paths @ ..] = arguments else { return Err(SqlError::argument_count("json_extract")) };
        let mut sql = self.json_document(document, "json_extract", 1)?;
        if let [path] = paths
            && let Some(Value::Text(text)) = path.constant()
            && let Some(steps) = plain_steps(text)
        {
            for step in steps {
                sql = match step {
                    Step::Member(name) => format!("({sql} -> {})", quote::literal(name)),
                    Step::Cell(number) => format!("\"mysql\".json_cell({sql}, {number})"),
                };
            }
        } else {
            let paths = paths.iter().map(|path| self.text(path)).collect::<Result<Vec<_>, _>>()?;
            sql = format!("\"mysql\".json_extract({sql}, {})", paths.join(", "));
        }
        Ok(Expression::sql(sql, json_result(), true))
    }

    pub(super) fn json_unquote(&mut self, value: &Expression) -> Result<Expression, SqlError> {
        let (sql, length) = match value.ty.class {
            Class::Json => (format!("\"mysql\".json_unquote({})", self.own(value)?), u32::MAX),
            Class::Text | Class::Open => {
                (format!("\"mysql\".json_unquote_text({})", self.text(value)?), value.ty.length)
            }
            Class::Null => ("NULL::text".to_owned(), 0),
            Class::Bytes => return Err(binary_document()),
            Class::Integer | Class::Decimal | Class::Real | Class::Date | Class::DateTime | Class::Time => {
                return Err(wrong_argument(1, "json_unquote"));
            }
        };
        Ok(Expression::sql(sql, self.json_characters(length), true))
    }

    /// Character data that comes out of a document: compared byte by byte.
    pub(super) fn json_characters(&self, length: u32) -> Type {
        let plain = Type::text(length, &self.context.collation);
        Type {
            collation: Some(Collation { name: "utf8mb4_bin".to_owned(), coercibility: Coercibility::Column }),
            flags: flag::BINARY,
            field: if length > 16_383 { FieldType::LongBlob } else { plain.field },
            ..plain
        }
    }

    /// PostgreSQL's jsonb of an argument that is a document; `number` is its place among the function's arguments.
    pub(super) fn json_document(
        &mut self,
        value: &Expression,
        function: &str,
        number: usize,
    ) -> Result<String, SqlError> {
        match value.ty.class {
            Class::Json => self.own(value),
            Class::Null => Ok("NULL::jsonb".to_owned()),
            Class::Text | Class::Open if !value.ty.is_enum() => {
                let text = self.text(value)?;
                let place = quote::literal(&format!("in argument {number} to function {function}"));
                Ok(format!("\"mysql\".json_document({text}, {place})"))
            }
            Class::Bytes if !super::geometry::is_shape(&value.ty) => Err(binary_document()),
            Class::Bytes
            | Class::Text
            | Class::Open
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Date
            | Class::DateTime
            | Class::Time => Err(SqlError::new(
                3146,
                "22032",
                format!(
                    "Invalid data type for JSON data in argument {number} to function {function}; a JSON string or JSON type is required."
                ),
            )),
        }
    }
}

/// 3986: what a document is compared with where a condition stands.
pub(super) const CONDITION_WARNING: &str = "Evaluating a JSON value in SQL boolean context does an implicit comparison against JSON integer 0; if this is not what you want, consider converting JSON to a SQL numeric type with JSON_VALUE RETURNING";

/// 3144.
pub(super) fn binary_document() -> SqlError {
    let text = "Cannot create a JSON value from a string with CHARACTER SET 'binary'.";
    SqlError::new(3144, "22032", text.to_owned())
}

/// 3064.
fn wrong_argument(number: usize, function: &str) -> SqlError {
    SqlError::new(3064, "HY000", format!("Incorrect type for argument {number} in function {function}."))
}

/// The type of a document that an expression gives.
pub(super) fn json_result() -> Type {
    Type { length: u32::MAX - 3, decimals: super::types::NOT_FIXED, ..Type::json() }
}

/// A leg of a path that needs no helper's reading.
#[derive(Debug, PartialEq, Eq)]
enum Step<'p> {
    Member(&'p str),
    Cell(u32),
}

/// The legs of a path like `$.a[0].b`. `None` for every other form, which the helpers read.
fn plain_steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (index, tail) = tail.split_once(']')?;
            let digits = index.len() < 9 && index.bytes().all(|digit| digit.is_ascii_digit());
            steps.push(Step::Cell(index.parse().ok().filter(|_| digits)?));
            rest = tail;
            continue;
        }
        let tail = rest.strip_prefix('.')?;
        let end = tail.find(['.', '[']).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        steps.push(Step::Member(name));
        rest = tail;
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_are_written_out() {
        assert_eq!(plain_steps("$"), Some(vec![]));
        assert_eq!(plain_steps("$.a[0]._b1"), Some(vec![Step::Member("a"), Step::Cell(0), Step::Member("_b1")]));
        for other in ["", "a", "$a", "$.", "$.1", "$.a ", "$[last]", "$[]", "$[+1]", "$.*", "$**.a", "$.\"a\"", "$.é"]
        {
            assert_eq!(plain_steps(other), None, "{other}");
        }
    }
}
