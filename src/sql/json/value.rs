//! JSON_VALUE: a scalar of a document as a SQL value of a wanted type, with clauses for what isn't there.
//!
//! Its clauses have no form in the parser's syntax tree. [`parse`] reads them and gives a call with five arguments: the
//! document, the path, `CAST(NULL AS type)` or NULL, and what is answered when nothing is found and when something is
//! wrong: NULL, the name ERROR, or the default in a row of one.

use sqlparser::ast::{
    CastKind, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    Value as Token,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token as Word;

use crate::schema::quote;
use crate::value::Value;
use crate::wire::FieldType;
use crate::wire::constants::column_flags as flag;

use super::super::expression::{Expression, Lowering};
use super::super::lower::Place;
use super::super::operators::unnested;
use super::super::plan::SqlError;
use super::super::types::{Carrier, Class, Coercibility, Collation, Type};
use super::json_result;

/// The answer without a RETURNING clause: CHAR(512).
const DEFAULT_LENGTH: u32 = 512;

/// Reads `JSON_VALUE(…)` from its name on.
pub(in crate::sql) fn parse(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    parser.next_token();
    parser.expect_token(&Word::LParen)?;
    let document = parser.parse_expr()?;
    parser.expect_token(&Word::Comma)?;
    let path = Expr::Value(parser.parse_value()?);
    let null = || Expr::Value(Token::Null.into());
    let mut returning = null();
    if parser.parse_keyword(Keyword::RETURNING) {
        let data_type = parser.parse_data_type()?;
        let mut inner = null();
        if parser.parse_keywords(&[Keyword::CHARACTER, Keyword::SET]) || parser.parse_keyword(Keyword::CHARSET) {
            inner = Expr::Identifier(parser.parse_identifier()?);
        }
        returning = Expr::Cast { kind: CastKind::Cast, expr: Box::new(inner), data_type, format: None };
    }
    let (mut on_empty, mut on_error) = (null(), null());
    let mut clauses = 0;
    while parser.peek_token_ref().token != Word::RParen {
        let answer = if parser.parse_keyword(Keyword::NULL) {
            // In parentheses: what is said shows in definitions, what goes without saying doesn't.
            Expr::Nested(Box::new(null()))
        } else if parser.parse_keyword(Keyword::ERROR) {
            Expr::Identifier(Ident::new("ERROR"))
        } else {
            parser.expect_keyword(Keyword::DEFAULT)?;
            Expr::Tuple(vec![parser.parse_expr()?])
        };
        parser.expect_keyword(Keyword::ON)?;
        if clauses == 0 && parser.parse_keyword(Keyword::EMPTY) {
            (on_empty, clauses) = (answer, 1);
        } else {
            parser.expect_keyword(Keyword::ERROR)?;
            on_error = answer;
            break;
        }
    }
    parser.expect_token(&Word::RParen)?;
    let args = [document, path, returning, on_empty, on_error];
    Ok(Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new("JSON_VALUE")]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.into_iter().map(|expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }))
}

/// What RETURNING asks for.
struct Wanted {
    kind: &'static str,
    size: i64,
    digits: u32,
    ty: Type,
}

impl Lowering<'_> {
    /// JSON_VALUE as [`parse`] gives it.
    pub(in crate::sql) fn json_value(&mut self, arguments: &[&Expr], place: Place<'_>) -> Result<Expression, SqlError> {
        let [document, path, returning, on_empty, on_error] = arguments else {
            return Err(SqlError::argument_count("json_value"));
        };
        let document = self.lower(document, place)?;
        let path = self.lower(path, place)?;
        let path = match path.constant() {
            Some(Value::Text(path)) => quote::literal(path),
            _other => return Err(SqlError::unsupported("a path of JSON_VALUE that isn't a string")),
        };
        let wanted = self.wanted(returning)?;
        let (on_empty, on_error) = (self.answer(on_empty, place)?, self.answer(on_error, place)?);
        let source = match document.ty.class {
            Class::Text | Class::Open => format!("NULL::jsonb, {}", self.text(&document)?),
            Class::Json
            | Class::Null
            | Class::Bytes
            | Class::Integer
            | Class::Decimal
            | Class::Real
            | Class::Date
            | Class::DateTime
            | Class::Time => format!("{}, NULL::text", self.json_document(&document, "json_value", 1)?),
        };
        let Wanted { kind, size, digits, ty } = wanted;
        let sql = format!(
            "\"mysql\".json_value({source}, {path}, '{kind}', {size}, {digits}, {}, {})",
            quote::literal(&on_empty),
            quote::literal(&on_error)
        );
        let sql = match ty.carrier {
            Carrier::Text => sql,
            Carrier::Bytes => format!("convert_to({sql}, 'UTF8')"),
            carrier => format!("({sql})::{}", carrier.name()),
        };
        Ok(Expression::sql(sql, ty, true))
    }

    /// N, E, or D with the default's text.
    fn answer(&mut self, clause: &Expr, place: Place<'_>) -> Result<String, SqlError> {
        match clause {
            Expr::Identifier(_) => Ok("E".to_owned()),
            Expr::Tuple(values) => {
                let [value] = values.as_slice() else { return Err(SqlError::argument_count("json_value")) };
                let value = match unnested(value) {
                    Expr::TypedString(typed) => Expr::Value(typed.value.clone()),
                    other => other.clone(),
                };
                let value = self.lower(&value, place)?;
                match value.constant() {
                    Some(Value::Null) | None => Err(SqlError::syntax("NULL ON EMPTY", 1)),
                    Some(Value::Bytes(_)) => Err(SqlError::unsupported("a binary DEFAULT in JSON_VALUE")),
                    Some(value) => Ok(format!("D{}", super::super::bind::text(value)?)),
                }
            }
            _null => Ok("N".to_owned()),
        }
    }

    fn wanted(&self, returning: &Expr) -> Result<Wanted, SqlError> {
        let own = |kind, ty: Type| Wanted { kind, size: 0, digits: u32::from(ty.decimals), ty };
        let Expr::Cast { data_type, expr, .. } = returning else {
            return Ok(Wanted { size: i64::from(DEFAULT_LENGTH), ..own("CHAR", self.value_text(DEFAULT_LENGTH)) });
        };
        let text = data_type.to_string().to_ascii_uppercase();
        let (word, argument) = text.split_once('(').unwrap_or((text.as_str(), ""));
        let mut numbers = argument.trim_end_matches(')').split(',').map(|number| number.trim().parse::<u32>().ok());
        let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
        let fraction = u8::try_from(first.unwrap_or(0).min(6)).unwrap_or(6);
        let charset = match &**expr {
            Expr::Identifier(name) => Some(name.value.to_ascii_lowercase()),
            _none => None,
        };
        Ok(match word.trim() {
            "SIGNED" | "SIGNED INTEGER" => own("SIGNED", Type::integer(21)),
            "UNSIGNED" | "UNSIGNED INTEGER" => {
                own("UNSIGNED", Type { unsigned: true, carrier: Carrier::Numeric, ..Type::integer(21) })
            }
            "DECIMAL" | "DEC" => {
                let (size, digits) = (first.unwrap_or(10), second.unwrap_or(0));
                let ty = Type::decimal(size, u8::try_from(digits).unwrap_or(30));
                Wanted { size: i64::from(size), digits, ..own("DECIMAL", ty) }
            }
            "DOUBLE" | "DOUBLE PRECISION" | "REAL" => Wanted { digits: 0, ..own("DOUBLE", Type::double()) },
            "FLOAT" if first.is_none_or(|bits| bits <= 24) => {
                let ty = Type { carrier: Carrier::Float4, field: FieldType::Float, ..Type::double() };
                Wanted { digits: 0, ..own("FLOAT", ty) }
            }
            "FLOAT" => Wanted { digits: 0, ..own("DOUBLE", Type::double()) },
            "DATE" => own("DATE", Type::date()),
            "DATETIME" => own("DATETIME", Type::datetime(fraction)),
            "TIME" => own("TIME", Type::time(fraction)),
            "YEAR" => {
                let ty = Type { unsigned: true, field: FieldType::Year, carrier: Carrier::Int2, ..Type::integer(4) };
                own("YEAR", ty)
            }
            "CHAR" | "CHARACTER" | "NCHAR" => {
                if charset.as_ref().is_some_and(|name| name != "utf8mb4") {
                    return Err(SqlError::unsupported("a character set in JSON_VALUE"));
                }
                let ty = match charset {
                    Some(_) => Type::text(first.unwrap_or(u32::MAX), "utf8mb4_0900_ai_ci"),
                    None => self.value_text(first.unwrap_or(u32::MAX)),
                };
                Wanted { size: first.map_or(-1, i64::from), digits: 0, ..own("CHAR", ty) }
            }
            "BINARY" => {
                let ty = Type::bytes(first.unwrap_or(u32::MAX));
                Wanted { size: first.map_or(-1, i64::from), digits: 0, ..own("BINARY", ty) }
            }
            "JSON" => Wanted { digits: 0, ..own("JSON", json_result()) },
            other => return Err(SqlError::unsupported(format_args!("JSON_VALUE … RETURNING {other}"))),
        })
    }

    fn value_text(&self, length: u32) -> Type {
        Type {
            collation: Some(Collation { name: "utf8mb4_0900_bin".to_owned(), coercibility: Coercibility::Column }),
            flags: flag::BINARY,
            field: if length > 16_383 { FieldType::LongBlob } else { FieldType::VarString },
            ..Type::text(length, &self.context.collation)
        }
    }
}
