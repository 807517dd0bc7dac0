//! Keys, indexes and table constraints: the grammar.

use sqlparser::tokenizer::Token;

use super::super::plan::SqlError;
use super::column;
use super::cursor::Cursor;
use super::spec::{Element, ForeignKeySpec, KeySpec, PartSpec};
use crate::schema::KeyKind;

/// Reads a key or constraint of CREATE TABLE or `ALTER TABLE … ADD`; `None` when a column comes next.
pub(super) fn table_constraint(cursor: &mut Cursor<'_>) -> Result<Option<Element>, SqlError> {
    let mut symbol = None;
    let constraint = cursor.take("constraint");
    if constraint {
        symbol = cursor.optional_name();
    }
    if cursor.take("primary key") {
        let kind = KeyKind::Primary;
        index_type(cursor)?;
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
        return Err(SqlError::unsupported("CHECK constraints"));
    }
    if constraint {
        return Err(cursor.syntax());
    }
    if cursor.take("fulltext") || cursor.take("spatial") {
        return Err(SqlError::unsupported("FULLTEXT and SPATIAL keys"));
    }
    if cursor.take("key") || cursor.take("index") {
        let name = cursor.optional_name();
        return key_parts(cursor, KeyKind::Secondary, name).map(Some);
    }
    Ok(None)
}

fn key_parts(cursor: &mut Cursor<'_>, kind: KeyKind, name: Option<String>) -> Result<Element, SqlError> {
    index_type(cursor)?;
    let parts = cursor.list(part)?;
    index_options(cursor)?;
    Ok(Element::Key(KeySpec { kind, name, parts, generated: false }))
}

/// Reads `column [(prefix)] [ASC | DESC]`.
pub(super) fn part(cursor: &mut Cursor<'_>) -> Result<PartSpec, SqlError> {
    if cursor.is_symbol(&Token::LParen) {
        return Err(SqlError::unsupported("functional key parts"));
    }
    let column = cursor.name()?;
    let mut prefix = None;
    if cursor.take_symbol(&Token::LParen) {
        prefix = Some(u32::try_from(cursor.integer()?).unwrap_or(u32::MAX));
        cursor.expect_symbol(&Token::RParen)?;
    }
    let descending = cursor.take("desc");
    if !descending {
        cursor.take("asc");
    }
    Ok(PartSpec { column, prefix, descending })
}

/// USING BTREE | HASH; InnoDB makes a B-tree of either.
pub(super) fn index_type(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    while cursor.take("using") || cursor.take("type") {
        if !(cursor.take("btree") || cursor.take("hash")) {
            return Err(cursor.syntax());
        }
    }
    Ok(())
}

/// Options after the parts, and those of CREATE and DROP INDEX: none of them changes what the key means.
pub(super) fn index_options(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    loop {
        if cursor.take("comment") {
            cursor.string()?;
        } else if cursor.take("key_block_size") {
            cursor.take_symbol(&Token::Eq);
            cursor.integer()?;
        } else if cursor.take("algorithm") || cursor.take("lock") {
            cursor.take_symbol(&Token::Eq);
            if !cursor.take("default") {
                cursor.name()?;
            }
        } else if cursor.is("using") {
            index_type(cursor)?;
        } else if cursor.is("with") {
            return Err(SqlError::unsupported("WITH PARSER"));
        } else if !(cursor.take("visible") || cursor.take("invisible")) {
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
    index_type(cursor)?;
    cursor.expect("on")?;
    let table = cursor.qualified_name()?;
    let parts = cursor.list(part)?;
    index_options(cursor)?;
    Ok((table, KeySpec { kind, name: Some(name), parts, generated: false }))
}
