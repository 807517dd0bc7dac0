//! CREATE TABLE and what stands between its parentheses: the grammar.

use sqlparser::tokenizer::Token;

use super::super::plan::SqlError;
use super::column;
use super::cursor::Cursor;
use super::index;
use super::options::table_option;
use super::select::{self, Selection};
use super::spec::{Element, QualifiedName, TableOptions};

/// CREATE TABLE after the words CREATE TABLE.
#[derive(Clone, Debug)]
pub(super) struct CreateTable {
    pub(super) temporary: bool,
    pub(super) if_not_exists: bool,
    pub(super) name: QualifiedName,
    pub(super) body: Body,
}

/// What the table is made of.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Elements(Vec<Element>, TableOptions, Option<Selection>),
    Like(QualifiedName),
}

/// Reads CREATE TABLE after the words CREATE TABLE.
pub(super) fn create(cursor: &mut Cursor<'_>, temporary: bool) -> Result<CreateTable, SqlError> {
    let if_not_exists = cursor.take("if not exists");
    let name = cursor.qualified_name()?;
    let mark = cursor.mark();
    let parenthesis = cursor.take_symbol(&Token::LParen);
    if cursor.take("like") {
        let model = cursor.qualified_name()?;
        if parenthesis {
            cursor.expect_symbol(&Token::RParen)?;
        }
        cursor.expect_end()?;
        return Ok(CreateTable { temporary, if_not_exists, name, body: Body::Like(model) });
    }
    cursor.back_to(mark);
    let parenthesis = parenthesis && !cursor.begins_query();
    let elements = if parenthesis { cursor.list(element)? } else { Vec::new() };
    let mut options = TableOptions::default();
    while table_option(cursor, &mut options)? {
        cursor.take_symbol(&Token::Comma);
    }
    if cursor.is("partition") && temporary {
        let text = "Cannot create temporary table with partitions";
        return Err(SqlError::new(1562, "HY000", text.to_owned()));
    }
    if cursor.is("partition") {
        return Err(SqlError::unsupported("PARTITION BY"));
    }
    let selection = select::selection(cursor)?;
    Ok(CreateTable { temporary, if_not_exists, name, body: Body::Elements(elements, options, selection) })
}

fn element(cursor: &mut Cursor<'_>) -> Result<Element, SqlError> {
    match index::table_constraint(cursor)? {
        Some(constraint) => Ok(constraint),
        None => column::definition(cursor).map(Element::Column),
    }
}
