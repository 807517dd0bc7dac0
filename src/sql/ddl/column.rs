//! Column definitions: the grammar of everything that follows a column's name.

use sqlparser::tokenizer::Token;

use super::super::lower::{bits, hex};
use super::super::plan::SqlError;
use super::cursor::Cursor;
use super::spec::{CheckSpec, ColumnSpec, DefaultSpec, GeneratedSpec, Literal, Place, ReferencesSpec};
use super::types;
use crate::schema::{ColumnType, KeyKind, ReferentialAction};

/// Reads `name type attributes`.
pub(super) fn definition(cursor: &mut Cursor<'_>) -> Result<ColumnSpec, SqlError> {
    let name = cursor.name()?;
    after_name(cursor, name)
}

/// Reads `type attributes` of a column whose name was read.
pub(super) fn after_name(cursor: &mut Cursor<'_>, name: String) -> Result<ColumnSpec, SqlError> {
    let data_type = types::parse(cursor, &name)?;
    let serial = data_type.serial;
    let mut spec = ColumnSpec {
        name,
        data_type,
        nullable: serial.then_some(false),
        default: None,
        on_update_now: None,
        auto_increment: serial,
        key: serial.then_some(KeyKind::Unique),
        comment: String::new(),
        invisible: false,
        references: None,
        generated: None,
        checks: Vec::new(),
    };
    if cursor.take("collate") {
        spec.data_type.collation = Some(types::warned_collation(cursor)?);
    }
    if cursor.take("generated always as") || cursor.take("as") {
        let text = cursor.parenthesised()?.trim().to_owned();
        let stored = cursor.take("stored");
        if !stored {
            cursor.take("virtual");
        }
        spec.generated = Some(GeneratedSpec { text, stored });
    }
    while attribute(cursor, &mut spec)? {}
    Ok(spec)
}

/// Reads one attribute; false when none comes next.
fn attribute(cursor: &mut Cursor<'_>, spec: &mut ColumnSpec) -> Result<bool, SqlError> {
    let mark = cursor.mark();
    if cursor.take("not null") {
        spec.nullable = Some(false);
    } else if cursor.take("null") {
        spec.nullable = Some(true);
    } else if cursor.take("default") {
        spec.default = Some(default(cursor)?);
    } else if cursor.take("on update") {
        spec.on_update_now = Some(now(cursor)?.ok_or_else(|| cursor.syntax())?);
    } else if cursor.take("auto_increment") {
        spec.auto_increment = true;
    } else if cursor.take("serial default value") {
        spec.auto_increment = true;
        spec.nullable = Some(false);
        spec.key = spec.key.or(Some(KeyKind::Unique));
    } else if cursor.take("unique") {
        cursor.take("key");
        spec.key = spec.key.or(Some(KeyKind::Unique));
    } else if cursor.take("primary key") || cursor.take("key") || cursor.take("primary") {
        spec.key = Some(KeyKind::Primary);
    } else if cursor.take("comment") {
        spec.comment = cursor.string()?;
    } else if cursor.take("collate") {
        if spec.data_type.collation.is_some() {
            cursor.back_to(mark);
            return Err(multiple_collate(cursor));
        }
        spec.data_type.collation = Some(types::warned_collation(cursor)?);
    } else if cursor.take("visible") {
        spec.invisible = false;
    } else if cursor.take("invisible") {
        spec.invisible = true;
    } else if cursor.take("column_format") || cursor.take("storage") {
        let _ = cursor.take("default") || cursor.optional_name().is_some();
    } else if cursor.is("references") {
        spec.references = Some(references(cursor)?);
    } else if cursor.is("check") || cursor.is("constraint") {
        let name = if cursor.take("constraint") { cursor.optional_name() } else { None };
        let check = check(cursor, name, Some(spec.name.clone()))?;
        spec.checks.push(check);
    } else if cursor.is("srid") && matches!(spec.data_type.base, ColumnType::Geometry { .. }) {
        cursor.expect("srid")?;
        let number = u32::try_from(cursor.integer()?).unwrap_or(u32::MAX);
        if let ColumnType::Geometry { srid, .. } = &mut spec.data_type.base {
            *srid = Some(number);
        }
    } else if cursor.is("srid") || cursor.is("engine_attribute") || cursor.is("secondary_engine_attribute") {
        return Err(SqlError::unsupported(cursor.peek_word().unwrap_or_default().to_uppercase()));
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn multiple_collate(cursor: &Cursor<'_>) -> SqlError {
    let mut error = cursor.syntax();
    if let Some(at) = error.message.find(" near '") {
        let near = error.message.split_off(at);
        error.message = format!("Multiple COLLATE clauses{near}");
    }
    error
}

/// Reads `CHECK (…) [[NOT] ENFORCED]`.
pub(super) fn check(
    cursor: &mut Cursor<'_>,
    name: Option<String>,
    column: Option<String>,
) -> Result<CheckSpec, SqlError> {
    cursor.expect("check")?;
    let text = cursor.parenthesised()?.trim().to_owned();
    let enforced = !cursor.take("not enforced");
    if enforced {
        cursor.take("enforced");
    }
    Ok(CheckSpec { name, text, enforced, column })
}

/// Reads what follows DEFAULT.
pub(super) fn default(cursor: &mut Cursor<'_>) -> Result<DefaultSpec, SqlError> {
    if cursor.take("null") {
        return Ok(DefaultSpec::Null);
    }
    if cursor.is_symbol(&Token::LParen) {
        return Ok(DefaultSpec::Expression(cursor.parenthesised()?.trim().to_owned()));
    }
    if let Some(fraction) = now(cursor)? {
        return Ok(DefaultSpec::Now(fraction));
    }
    literal(cursor).map(DefaultSpec::Literal)
}

/// CURRENT_TIMESTAMP, NOW and their synonyms with their fractional digits; `None` when something else comes next.
fn now(cursor: &mut Cursor<'_>) -> Result<Option<u8>, SqlError> {
    let called = cursor.take("now");
    let found = called || ["current_timestamp", "localtime", "localtimestamp"].iter().any(|word| cursor.take(word));
    if !found {
        return Ok(None);
    }
    let mut fraction = 0;
    if cursor.take_symbol(&Token::LParen) {
        if !cursor.is_symbol(&Token::RParen) {
            let digits = cursor.integer()?;
            fraction = u8::try_from(digits).ok().filter(|digits| *digits <= 6).ok_or_else(|| {
                let text = format!("Too-big precision {digits} specified for 'now'. Maximum is 6.");
                SqlError::new(1426, "42000", text)
            })?;
        }
        cursor.expect_symbol(&Token::RParen)?;
    } else if called {
        return Err(cursor.syntax());
    }
    Ok(Some(fraction))
}

fn literal(cursor: &mut Cursor<'_>) -> Result<Literal, SqlError> {
    for (word, value) in [("true", "1"), ("false", "0")] {
        if cursor.take(word) {
            return Ok(Literal::Number(value.to_owned()));
        }
    }
    let negative = cursor.take_symbol(&Token::Minus);
    let signed = negative || cursor.take_symbol(&Token::Plus);
    if let Some(number) = number(cursor)? {
        return Ok(Literal::Number(if negative { format!("-{number}") } else { number }));
    }
    if signed {
        return Err(cursor.syntax());
    }
    if let Some(digits) = cursor.optional_hex() {
        return hex(&digits).map(Literal::Bytes).ok_or_else(|| cursor.syntax());
    }
    if let Some(digits) = cursor.optional_bits() {
        return bits(&digits).map(Literal::Bytes).ok_or_else(|| cursor.syntax());
    }
    if let Some(text) = cursor.optional_national() {
        return Ok(Literal::Text(text));
    }
    if cursor.peek_word().is_some_and(|word| word.starts_with("_utf8") || word == "_latin1" || word == "_ascii") {
        let word = cursor.peek_word().unwrap_or_default();
        cursor.expect(&word)?;
    }
    let mut text = cursor.string()?;
    // Adjacent strings are one.
    while let Some(more) = cursor.optional_string() {
        text.push_str(&more);
    }
    Ok(Literal::Text(text))
}

/// A number with its exponent, which the tokenizer may split off.
fn number(cursor: &mut Cursor<'_>) -> Result<Option<String>, SqlError> {
    let Some(number) = cursor.optional_number() else {
        // `1e3` is a word to the tokenizer, because names may begin with digits.
        let word = cursor.peek_word().filter(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        return match word {
            Some(word) if word.contains('e') && word.parse::<f64>().is_ok() => {
                cursor.expect(&word)?;
                Ok(Some(word))
            }
            Some(_) | None => Ok(None),
        };
    };
    Ok(Some(number))
}

/// Reads `REFERENCES table [(columns)] [MATCH …] [ON DELETE …] [ON UPDATE …]`.
pub(super) fn references(cursor: &mut Cursor<'_>) -> Result<ReferencesSpec, SqlError> {
    cursor.expect("references")?;
    let table = cursor.qualified_name()?;
    let columns = if cursor.is_symbol(&Token::LParen) { cursor.list(Cursor::name)? } else { Vec::new() };
    if cursor.take("match") && !(cursor.take("full") || cursor.take("partial") || cursor.take("simple")) {
        return Err(cursor.syntax());
    }
    let mut spec = ReferencesSpec {
        table,
        columns,
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
    };
    loop {
        if cursor.take("on delete") {
            spec.on_delete = action(cursor)?;
        } else if cursor.is("on") && cursor.is_at(1, "update") && !is_now(cursor) {
            cursor.expect("on update")?;
            spec.on_update = action(cursor)?;
        } else {
            return Ok(spec);
        }
    }
}

/// True when `ON UPDATE` at the cursor is followed by CURRENT_TIMESTAMP and so belongs to the column.
fn is_now(cursor: &Cursor<'_>) -> bool {
    ["current_timestamp", "now", "localtime", "localtimestamp"].iter().any(|word| cursor.is_at(2, word))
}

fn action(cursor: &mut Cursor<'_>) -> Result<ReferentialAction, SqlError> {
    for (words, action) in [
        ("restrict", ReferentialAction::Restrict),
        ("cascade", ReferentialAction::Cascade),
        ("set null", ReferentialAction::SetNull),
        ("no action", ReferentialAction::NoAction),
        ("set default", ReferentialAction::SetDefault),
    ] {
        if cursor.take(words) {
            return Ok(action);
        }
    }
    Err(cursor.syntax())
}

/// Reads `FIRST` or `AFTER column`.
pub(super) fn place(cursor: &mut Cursor<'_>) -> Result<Place, SqlError> {
    if cursor.take("first") {
        return Ok(Place::First);
    }
    if cursor.take("after") {
        return cursor.name().map(Place::After);
    }
    Ok(Place::Default)
}
