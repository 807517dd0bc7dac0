//! ALTER TABLE: the grammar of its clauses.

use sqlparser::tokenizer::Token;

use super::super::plan::SqlError;
use super::column;
use super::cursor::Cursor;
use super::index;
use super::options::table_option;
use super::spec::{Clause, Element, QualifiedName, TableOptions};
use super::types::{warned_charset, warned_collation};

/// Reads ALTER TABLE after the words ALTER TABLE.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<(QualifiedName, Vec<Clause>), SqlError> {
    let table = cursor.qualified_name()?;
    let mut clauses = Vec::new();
    if cursor.at_end() {
        return Ok((table, clauses));
    }
    loop {
        clause(cursor, &mut clauses)?;
        if !cursor.take_symbol(&Token::Comma) {
            break;
        }
    }
    if cursor.is("partition") || cursor.is("remove") {
        return Err(SqlError::unsupported("PARTITION BY"));
    }
    cursor.expect_end()?;
    Ok((table, clauses))
}

fn clause(cursor: &mut Cursor<'_>, clauses: &mut Vec<Clause>) -> Result<(), SqlError> {
    let Some(word) = cursor.peek_word() else {
        return Err(cursor.syntax());
    };
    match word.as_str() {
        "add" => add(cursor, clauses)?,
        "drop" => clauses.push(drop(cursor)?),
        "modify" | "change" => clauses.push(change(cursor)?),
        "rename" => clauses.push(rename(cursor)?),
        "alter" => clauses.push(alter(cursor)?),
        "convert" => clauses.push(convert(cursor)?),
        "algorithm" | "lock" => {
            cursor.expect(&word)?;
            cursor.take_symbol(&Token::Eq);
            let copies = word == "algorithm" && cursor.is("copy");
            if !cursor.take("default") {
                cursor.name()?;
            }
            clauses.push(if copies { Clause::Copy } else { Clause::Nothing });
        }
        "force" => {
            cursor.expect("force")?;
            clauses.push(Clause::Nothing);
        }
        "enable" | "disable" | "with" | "without" => {
            cursor.expect(&word)?;
            if !(cursor.take("keys") || cursor.take("validation")) {
                return Err(cursor.syntax());
            }
            clauses.push(Clause::Nothing);
        }
        "order" => {
            cursor.expect("order by")?;
            index::part(cursor)?;
            while cursor.take_symbol(&Token::Comma) {
                index::part(cursor)?;
            }
            clauses.push(Clause::Copy);
        }
        "partition" | "remove" | "truncate" | "coalesce" | "reorganize" | "exchange" | "analyze" | "check"
        | "optimize" | "rebuild" | "repair" | "discard" | "import" | "upgrade" => {
            return Err(SqlError::unsupported(format!("ALTER TABLE … {}", word.to_uppercase())));
        }
        _option => {
            let mut options = TableOptions::default();
            if !table_option(cursor, &mut options)? {
                return Err(cursor.syntax());
            }
            // Options may follow each other without commas.
            while table_option(cursor, &mut options)? {}
            clauses.push(Clause::Options(options));
        }
    }
    Ok(())
}

fn add(cursor: &mut Cursor<'_>, clauses: &mut Vec<Clause>) -> Result<(), SqlError> {
    cursor.expect("add")?;
    if cursor.is("partition") {
        return Err(SqlError::unsupported("ALTER TABLE … ADD PARTITION"));
    }
    if !cursor.take("column")
        && !cursor.is_symbol(&Token::LParen)
        && let Some(element) = index::table_constraint(cursor)?
    {
        clauses.push(of_element(element));
        return Ok(());
    }
    if cursor.is_symbol(&Token::LParen) {
        for element in cursor.list(element)? {
            clauses.push(of_element(element));
        }
        return Ok(());
    }
    let column = column::definition(cursor)?;
    let place = column::place(cursor)?;
    clauses.push(Clause::AddColumn(column, place));
    Ok(())
}

fn element(cursor: &mut Cursor<'_>) -> Result<Element, SqlError> {
    match index::table_constraint(cursor)? {
        Some(constraint) => Ok(constraint),
        None => column::definition(cursor).map(Element::Column),
    }
}

fn of_element(element: Element) -> Clause {
    match element {
        Element::Column(column) => Clause::AddColumn(column, super::spec::Place::Default),
        Element::Key(key) => Clause::AddKey(key),
        Element::ForeignKey(foreign_key) => Clause::AddForeignKey(foreign_key),
        Element::Check(check) => Clause::AddCheck(check),
    }
}

fn drop(cursor: &mut Cursor<'_>) -> Result<Clause, SqlError> {
    cursor.expect("drop")?;
    if cursor.take("primary key") {
        return Ok(Clause::DropKey("PRIMARY".to_owned()));
    }
    if cursor.take("foreign key") {
        return cursor.name().map(Clause::DropForeignKey);
    }
    if cursor.take("key") || cursor.take("index") {
        return cursor.name().map(Clause::DropKey);
    }
    if cursor.take("constraint") {
        return cursor.name().map(Clause::DropConstraint);
    }
    if cursor.take("check") {
        return cursor.name().map(Clause::DropCheck);
    }
    if cursor.is("partition") {
        return Err(SqlError::unsupported(format!(
            "ALTER TABLE … DROP {}",
            cursor.peek_word().unwrap_or_default().to_uppercase()
        )));
    }
    cursor.take("column");
    let column = cursor.name()?;
    // Accepted and without effect in MySQL.
    let _ = cursor.take("restrict") || cursor.take("cascade");
    Ok(Clause::DropColumn(column))
}

fn change(cursor: &mut Cursor<'_>) -> Result<Clause, SqlError> {
    let renames = cursor.take("change");
    if !renames {
        cursor.expect("modify")?;
    }
    cursor.take("column");
    let old = cursor.name()?;
    let new = if renames { cursor.name()? } else { old.clone() };
    let column = column::after_name(cursor, new)?;
    let place = column::place(cursor)?;
    Ok(Clause::ChangeColumn(old, column, place))
}

fn rename(cursor: &mut Cursor<'_>) -> Result<Clause, SqlError> {
    cursor.expect("rename")?;
    if cursor.take("column") {
        let old = cursor.name()?;
        cursor.expect("to")?;
        return Ok(Clause::RenameColumn(old, cursor.name()?));
    }
    if cursor.take("index") || cursor.take("key") {
        let old = cursor.name()?;
        cursor.expect("to")?;
        return Ok(Clause::RenameKey(old, cursor.name()?));
    }
    let _ = cursor.take("to") || cursor.take("as") || cursor.take_symbol(&Token::Eq);
    cursor.qualified_name().map(Clause::RenameTable)
}

fn alter(cursor: &mut Cursor<'_>) -> Result<Clause, SqlError> {
    cursor.expect("alter")?;
    if cursor.take("index") || cursor.take("key") {
        let name = cursor.name()?;
        let invisible = cursor.take("invisible");
        if !invisible && !cursor.take("visible") {
            return Err(cursor.syntax());
        }
        return Ok(Clause::KeyVisibility(name, invisible));
    }
    if cursor.is("check") || cursor.is("constraint") {
        let constraint = cursor.take("constraint");
        if !constraint {
            cursor.expect("check")?;
        }
        let name = cursor.name()?;
        let enforced = !cursor.take("not");
        cursor.expect("enforced")?;
        return Ok(Clause::Enforce { name, enforced, constraint });
    }
    cursor.take("column");
    let column = cursor.name()?;
    if cursor.take("drop default") {
        return Ok(Clause::SetDefault(column, None));
    }
    if cursor.take("set default") {
        let default = column::default(cursor)?;
        return Ok(Clause::SetDefault(column, Some(default)));
    }
    if cursor.take("set visible") {
        return Ok(Clause::ColumnVisibility(column, false));
    }
    if cursor.take("set invisible") {
        return Ok(Clause::ColumnVisibility(column, true));
    }
    Err(cursor.syntax())
}

fn convert(cursor: &mut Cursor<'_>) -> Result<Clause, SqlError> {
    cursor.expect("convert to")?;
    if !(cursor.take("character set") || cursor.take("char set") || cursor.take("charset")) {
        return Err(cursor.syntax());
    }
    let charset = if cursor.take("default") { None } else { Some(warned_charset(cursor)?) };
    let collation = if cursor.take("collate") { Some(warned_collation(cursor)?) } else { None };
    Ok(Clause::Convert { charset, collation })
}
