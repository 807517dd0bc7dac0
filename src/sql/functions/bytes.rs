//! Functions on binary strings, and those that look at the bytes of text.
//!
//! A binary string isn't text in PostgreSQL: each function has a form of its own for it. What has none is refused by
//! name rather than run on the text that the bytes may not be.

use super::super::expression::{Expression, Lowering};
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Type};
use crate::schema::charset;
use crate::wire::FieldType;

/// Functions that would take a binary string for text.
const TEXT_ONLY: &[&str] = &[
    "SUBSTRING_INDEX",
    "LTRIM",
    "RTRIM",
    "REVERSE",
    "REPLACE",
    "FIND_IN_SET",
    "CONCAT_WS",
    "ELT",
    "QUOTE",
    "EXPORT_SET",
    "MAKE_SET",
    "INSERT",
    "SOUNDEX",
];

impl Lowering<'_> {
    /// Functions of which an argument is a binary string.
    pub(super) fn binary_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        let is_bytes = |side: &Expression| side.ty.class == Class::Bytes || side.ty.field == FieldType::Bit;
        if !arguments.iter().any(is_bytes) {
            return Ok(None);
        }
        let nullable = arguments.iter().any(|argument| argument.nullable);
        let first = arguments.first().is_some_and(is_bytes);
        let length = arguments.first().map_or(0, |first| first.ty.length);
        Ok(Some(match (name, arguments) {
            ("CONCAT", [_, ..]) => {
                let mut parts = Vec::with_capacity(arguments.len());
                let mut length = 0_u32;
                for argument in arguments {
                    length = length.saturating_add(self.byte_length(argument));
                    parts.push(self.render(argument, Carrier::Bytes)?);
                }
                Expression::sql(format!("({})", parts.join(" || ")), Type::bytes(length), nullable)
            }
            ("SUBSTRING" | "SUBSTR" | "MID", [text, rest @ ..]) if first && (1..=2).contains(&rest.len()) => {
                let mut parts = vec![self.render(text, Carrier::Bytes)?];
                for argument in rest {
                    parts.push(self.render(argument, Carrier::Int8)?);
                }
                let sql = format!("\"mysql\".bytes_substring({})", parts.join(", "));
                Expression::sql(sql, Type::bytes(length), nullable)
            }
            ("LEFT" | "RIGHT", [text, count]) if first => {
                let (text, count) = (self.render(text, Carrier::Bytes)?, self.render(count, Carrier::Int8)?);
                let word = if name == "LEFT" { "left" } else { "right" };
                Expression::sql(format!("\"mysql\".bytes_{word}({text}, {count})"), Type::bytes(length), nullable)
            }
            ("UPPER" | "UCASE" | "LOWER" | "LCASE", [text]) => {
                Expression::sql(self.render(text, Carrier::Bytes)?, Type::bytes(length), nullable)
            }
            ("CHAR_LENGTH" | "CHARACTER_LENGTH", [text]) => {
                let sql = self.render(text, Carrier::Bytes)?;
                Expression::sql(format!("octet_length({sql})::int8"), Type::integer(10), nullable)
            }
            ("REPEAT", [text, count]) if first => {
                let (text, count) = (self.render(text, Carrier::Bytes)?, self.render(count, Carrier::Int8)?);
                let sql = format!("decode(repeat(encode({text}, 'hex'), \"mysql\".extent({count}, 16777216)), 'hex')");
                Expression::sql(sql, Type::bytes(65_535), nullable)
            }
            ("LPAD" | "RPAD", [text, count, with]) if first || is_bytes(with) => {
                let (text, with) = (self.render(text, Carrier::Bytes)?, self.render(with, Carrier::Bytes)?);
                let count = self.render(count, Carrier::Int8)?;
                let word = if name == "LPAD" { "lpad" } else { "rpad" };
                let sql = format!(
                    "decode(\"mysql\".{word}(encode({text}, 'hex'), {count} * 2, encode({with}, 'hex')), 'hex')"
                );
                Expression::sql(sql, Type::bytes(65_535), true)
            }
            ("INSTR", [text, part]) | ("LOCATE", [part, text]) => {
                let (text, part) = (self.render(text, Carrier::Bytes)?, self.render(part, Carrier::Bytes)?);
                Expression::sql(format!("position({part} in {text})::int8"), Type::integer(21), nullable)
            }
            ("STRCMP", [left, right]) => {
                let (left, right) = (self.render(left, Carrier::Bytes)?, self.render(right, Carrier::Bytes)?);
                let sql = format!("(CASE WHEN {left} = {right} THEN 0 WHEN {left} < {right} THEN -1 ELSE 1 END)::int8");
                let sql = format!("(CASE WHEN {left} IS NOT NULL AND {right} IS NOT NULL THEN {sql} END)");
                Expression::sql(sql, Type::integer(2), nullable)
            }
            (name, _) if TEXT_ONLY.contains(&name) => {
                return Err(SqlError::unsupported(format_args!("{name} on binary data")));
            }
            (_, _) => return Ok(None),
        }))
    }

    /// The most bytes that a value takes as text.
    pub(super) fn byte_length(&self, value: &Expression) -> u32 {
        let set = value.ty.collation.as_ref().and_then(|collation| charset::of_collation(&collation.name));
        let width = if value.ty.is_text() { set.map_or(4, |set| set.bytes) } else { 1 };
        value.ty.length.saturating_mul(width)
    }

    /// Functions that look at bytes.
    pub(super) fn byte_function(
        &mut self,
        name: &str,
        arguments: &[Expression],
    ) -> Result<Option<Expression>, SqlError> {
        let nullable = arguments.iter().any(|argument| argument.nullable);
        Ok(Some(match (name, arguments) {
            ("LENGTH" | "OCTET_LENGTH" | "BIT_LENGTH", [value]) => {
                let sql = self.length_operand(value)?;
                let (times, length) = if name == "BIT_LENGTH" { (" * 8", 11) } else { ("", 10) };
                Expression::sql(format!("(octet_length({sql})::int8{times})"), Type::integer(length), nullable)
            }
            ("HEX", [value]) => self.hexadecimal(value)?,
            ("ASCII" | "ORD", [value]) => {
                let word = if name == "ASCII" { "ascii" } else { "ord" };
                let (sql, length) = if value.ty.class == Class::Bytes || name == "ASCII" {
                    (format!("\"mysql\".ascii({})", self.render(value, Carrier::Bytes)?), 4)
                } else {
                    let one = Expression::sql(format!("left({}, 1)", self.text(value)?), self.text_like(value), true);
                    (format!("\"mysql\".{word}({})", self.render(&one, Carrier::Bytes)?), 7)
                };
                let length = if name == "ORD" { 21 } else { length };
                Expression::sql(sql, Type::integer(length), nullable)
            }
            ("CHAR" | "CHAR_OF_TWO" | "CHAR_OF_FOUR", [_, ..]) => {
                let function = match name {
                    "CHAR_OF_TWO" => "wide_char(2, ",
                    "CHAR_OF_FOUR" => "wide_char(4, ",
                    _narrow => "char_bytes(",
                };
                let mut codes = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    codes.push(self.render(argument, Carrier::Int8)?);
                }
                let length = u32::try_from(arguments.len()).unwrap_or(u32::MAX).saturating_mul(4);
                Expression::sql(format!("\"mysql\".{function}{})", codes.join(", ")), Type::bytes(length), false)
            }
            ("FROM_BASE64", [value]) => {
                let sql = self.text(value)?;
                Expression::sql(
                    format!("\"mysql\".from_base64({sql})"),
                    Type::bytes(value.ty.length.saturating_mul(3)),
                    true,
                )
            }
            ("BIT_COUNT", [value]) => self.bit_count(value)?,
            (_, _) => return Ok(None),
        }))
    }

    /// What LENGTH counts: PostgreSQL counts the bytes of UTF-8 text without converting it.
    fn length_operand(&mut self, value: &Expression) -> Result<String, SqlError> {
        let unicode = value.ty.collation.as_ref().is_none_or(|collation| collation.name.starts_with("utf8"));
        let bytes = matches!(value.ty.class, Class::Bytes) || value.ty.field == FieldType::Bit;
        self.render(value, if unicode && !bytes { Carrier::Text } else { Carrier::Bytes })
    }

    fn hexadecimal(&mut self, value: &Expression) -> Result<Expression, SqlError> {
        let (sql, length) = match value.ty.class {
            Class::Integer | Class::Decimal | Class::Real => {
                let narrow = matches!(value.ty.carrier, Carrier::Int2 | Carrier::Int4 | Carrier::Int8);
                let bits = if narrow && value.ty.class == Class::Integer {
                    self.render(value, Carrier::Int8)?
                } else {
                    format!("\"mysql\".bits({})", self.render(value, Carrier::Numeric)?)
                };
                (format!("upper(to_hex({bits}))"), 16)
            }
            Class::Null
            | Class::Open
            | Class::Text
            | Class::Bytes
            | Class::Date
            | Class::DateTime
            | Class::Time
            | Class::Json => {
                let length = self.byte_length(value).saturating_mul(2);
                (format!("upper(encode({}, 'hex'))", self.render(value, Carrier::Bytes)?), length)
            }
        };
        Ok(Expression::sql(sql, Type::text(length, &self.context.collation), true))
    }
}
