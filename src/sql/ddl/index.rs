//! Keys, indexes and table constraints: the grammar.

use sqlparser::tokenizer::Token;

use super::super::plan::SqlError;
use super::column;
use super::cursor::Cursor;
use super::spec::{Element, ForeignKeySpec, KeySpec, PartSpec};
use crate::schema::{KeyKind, KeyOptions};

/// Reads a key or constraint of CREATE TABLE or `ALTER TABLE … ADD`; `None` when a column comes next.
pub(super) fn table_constraint(cursor: &mut Cursor<'_>) -> Result<Option<Element>, SqlError> {
    let mut symbol = None;
    let constraint = cursor.take("constraint");
    if constraint {
        symbol = cursor.optional_name();
    }
    if cursor.take("primary key") {
        let kind = KeyKind::Primary;
        // MySQL accepts a name and ignores it.
        let _ = cursor.optional_name();
        return key_parts(cursor, kind, None).map(Some);
    }
    if cursor.take("unique") {
        let _ = cursor.take("key") || cursor.take("index");
        let name = cursor.optional_name().or(symbol);
        return key_parts(cursor, KeyKind::Unique, name).map(Some);
    }
    if cursor.take("foreign key") {
        let key_name = cursor.optional_name();
        let columns = cursor.list(Cursor::name)?;
        let references = column::references(cursor)?;
        return Ok(Some(Element::ForeignKey(ForeignKeySpec { name: symbol, key_name, columns, references })));
    }
    if cursor.is("check") {
        return column::check(cursor, symbol, None).map(|check| Some(Element::Check(check)));
    }
    if constraint {
        return Err(cursor.syntax());
    }
    if cursor.take("spatial") {
        let _ = cursor.take("index") || cursor.take("key");
        let name = if cursor.is_symbol(&Token::LParen) { None } else { Some(cursor.name()?) };
        return key_parts(cursor, KeyKind::Spatial, name).map(Some);
    }
    if cursor.take("fulltext") {
        let _ = cursor.take("key") || cursor.take("index");
        let name = cursor.optional_name();
        return key_parts(cursor, KeyKind::Fulltext, name).map(Some);
    }
    if cursor.take("key") || cursor.take("index") {
        let name = if cursor.is("using") || cursor.is("type") { None } else { cursor.optional_name() };
        return key_parts(cursor, KeyKind::Secondary, name).map(Some);
    }
    Ok(None)
}

fn key_parts(cursor: &mut Cursor<'_>, kind: KeyKind, name: Option<String>) -> Result<Element, SqlError> {
    let mut options = KeyOptions::default();
    index_type(cursor, &mut options)?;
    let parts = cursor.list(part)?;
    index_options(cursor, &mut options)?;
    Ok(Element::Key(KeySpec { kind, name, parts, options, generated: false }))
}

/// Reads `column [(prefix)] [ASC | DESC]`.
pub(super) fn part(cursor: &mut Cursor<'_>) -> Result<PartSpec, SqlError> {
    let mut prefix = None;
    if cursor.is_symbol(&Token::LParen) {
        let expression = Some(cursor.parenthesised()?.trim().to_owned());
        let descending = cursor.take("desc");
        if !descending {
            cursor.take("asc");
        }
        return Ok(PartSpec { column: String::new(), expression, prefix, descending });
    }
    let column = cursor.name()?;
    if cursor.take_symbol(&Token::LParen) {
        prefix = Some(u32::try_from(cursor.integer()?).unwrap_or(u32::MAX));
        cursor.expect_symbol(&Token::RParen)?;
    }
    let descending = cursor.take("desc");
    if !descending {
        cursor.take("asc");
    }
    Ok(PartSpec { column, expression: None, prefix, descending })
}

/// USING BTREE | HASH; InnoDB makes a B-tree of either.
fn index_type(cursor: &mut Cursor<'_>, options: &mut KeyOptions) -> Result<(), SqlError> {
    while cursor.take("using") || cursor.take("type") {
        let hash = cursor.take("hash");
        if !hash && !cursor.take("btree") {
            return Err(cursor.syntax());
        }
        options.algorithm = Some(if hash { "HASH" } else { "BTREE" }.to_owned());
    }
    Ok(())
}

/// Options after the parts, and those of CREATE and DROP INDEX: none of them changes what the key means.
pub(super) fn index_options(cursor: &mut Cursor<'_>, options: &mut KeyOptions) -> Result<(), SqlError> {
    loop {
        if cursor.take("comment") {
            options.comment = cursor.string()?;
        } else if cursor.take("key_block_size") {
            cursor.take_symbol(&Token::Eq);
            options.block_size = Some(cursor.integer()?);
        } else if cursor.take("algorithm") || cursor.take("lock") {
            cursor.take_symbol(&Token::Eq);
            if !cursor.take("default") {
                cursor.name()?;
            }
        } else if cursor.take("engine_attribute") || cursor.take("secondary_engine_attribute") {
            cursor.take_symbol(&Token::Eq);
            cursor.string()?;
        } else if cursor.is("using") {
            index_type(cursor, options)?;
        } else if cursor.take("with parser") {
            options.parser = Some(cursor.name()?);
        } else if cursor.take("visible") {
            options.invisible = false;
        } else if cursor.take("invisible") {
            options.invisible = true;
        } else {
            return Ok(());
        }
    }
}

/// Reads the rest of `CREATE [UNIQUE] INDEX`: the table's name and the key.
pub(super) fn create(
    cursor: &mut Cursor<'_>,
    kind: KeyKind,
) -> Result<(super::spec::QualifiedName, KeySpec), SqlError> {
    let name = cursor.name()?;
    let mut options = KeyOptions::default();
    index_type(cursor, &mut options)?;
    cursor.expect("on")?;
    let table = cursor.qualified_name()?;
    let parts = cursor.list(part)?;
    index_options(cursor, &mut options)?;
    Ok((table, KeySpec { kind, name: Some(name), parts, options, generated: false }))
}
