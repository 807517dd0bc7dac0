//! Which tables a statement touches, for statements that have no plan, and for tables that are halted.
//!
//! The answer is a superset: every identifier that is the name of a carried table counts. Too many tables are copied
//! again at worst; too few never. Text in quotes isn't looked at, except backticks (and double quotes, which may be
//! identifiers or text).

use std::collections::BTreeSet;

use crate::change::{Affected, CapturedStatement};
use crate::schema::{Catalogue, TableName};

/// One word or mark of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Mark(char),
}

impl Token {
    fn is(&self, keyword: &str) -> bool {
        match self {
            Self::Word(word) => word.eq_ignore_ascii_case(keyword),
            Self::Quoted(_) | Self::Mark(_) => false,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            Self::Mark(_) => None,
        }
    }
}

/// What a statement without a plan may have changed.
pub(super) fn touched(statement: &CapturedStatement, catalogue: &Catalogue) -> Affected {
    let tokens = tokens(&statement.text);
    if changes_no_rows(&tokens) {
        return Affected::Tables(Vec::new());
    }
    let database = statement.context.database.as_deref();
    match target(&tokens, database) {
        // A table that isn't known yet is the only one that CREATE TABLE changes.
        Some(name) if tokens.first().is_some_and(|token| token.is("CREATE")) => {
            let ours = catalogue.database(&name.database).is_some();
            Affected::Tables(if ours { vec![name] } else { Vec::new() })
        }
        Some(name) => single(name, catalogue),
        None => mentioned(&tokens, catalogue, database),
    }
}

/// The tables whose names the statement's text contains.
pub(super) fn mentions(statement: &CapturedStatement, catalogue: &Catalogue) -> BTreeSet<TableName> {
    match mentioned(&tokens(&statement.text), catalogue, statement.context.database.as_deref()) {
        Affected::Tables(tables) => tables.into_iter().collect(),
        Affected::All => BTreeSet::new(),
    }
}

/// What a definition without a plan changed, where its rows, if any, are told by themselves: tables to be halted, and
/// tables that are gone without having been carried.
///
/// A definition changes the tables that it names, and all of a database. A name that isn't known is a table that PostgreSQL
/// lacks from here on: where a table gets a new name, that one is halted too, so that it isn't forgotten.
pub(super) fn defined(statement: &CapturedStatement, catalogue: &Catalogue) -> (Affected, Vec<TableName>) {
    let tokens = tokens(&statement.text);
    let database = statement.context.database.as_deref();
    let begins = |words: &[&str]| words.iter().zip(&tokens).all(|(word, token)| token.is(word));
    let nothing = Affected::Tables(Vec::new());
    let object = tokens.iter().skip(1).find_map(|token| {
        ["TRIGGER", "TABLE", "INDEX", "VIEW", "DATABASE", "SCHEMA"].into_iter().find(|word| token.is(word))
    });
    // Rows come as the triggers left them.
    if object == Some("TRIGGER") || changes_no_rows(&tokens) {
        return (nothing, Vec::new());
    }
    let known = |name: &TableName| catalogue.base_table(&name.database, &name.table).is_some();
    if begins(&["DROP", "TABLE"]) {
        let names = listed(&tokens, &["DROP", "TABLE", "IF", "EXISTS"], database);
        let (carried, gone) = names.into_iter().partition(known);
        return (Affected::Tables(carried), gone);
    }
    if begins(&["RENAME", "TABLE"]) {
        let mut names = listed(&tokens, &["RENAME", "TABLE"], database);
        names.retain(|name| catalogue.database(&name.database).is_some());
        return (Affected::Tables(names), Vec::new());
    }
    let verbs = ["CREATE", "ALTER", "DROP", "TRUNCATE"];
    let affected = match touched(statement, catalogue) {
        Affected::All if !matches!(object, Some("DATABASE" | "SCHEMA")) && verbs.iter().any(|verb| begins(&[verb])) => {
            Affected::Tables(mentions(statement, catalogue).into_iter().collect())
        }
        affected => affected,
    };
    (affected, Vec::new())
}

/// The tables that are listed behind some first words, between commas and TO.
fn listed(tokens: &[Token], skipped: &[&str], database: Option<&str>) -> Vec<TableName> {
    let mut names = Vec::new();
    let mut rest = tokens;
    while rest.first().is_some_and(|token| skipped.iter().any(|word| token.is(word))) {
        next_of(&mut rest);
    }
    while let Some(first) = next_of(&mut rest).and_then(Token::name) {
        let mut name = (database.map(str::to_owned), first.to_owned());
        if rest.first() == Some(&Token::Mark('.')) {
            next_of(&mut rest);
            let Some(table) = next_of(&mut rest).and_then(Token::name) else { break };
            name = (Some(first.to_owned()), table.to_owned());
        }
        if let (Some(database), table) = name {
            names.push(TableName { database, table });
        }
        match next_of(&mut rest) {
            Some(Token::Mark(',')) => {}
            Some(token) if token.is("TO") => {}
            Some(_) | None => break,
        }
    }
    names
}

/// True when a statement reads rows besides those that it changes.
pub(super) fn reads_others(text: &str) -> bool {
    tokens(text).iter().any(|token| token.is("SELECT") || token.is("JOIN") || token.is("TABLE"))
}

/// Definitions of views and stored programs change no rows. A trigger that is made changes those of later writes.
fn changes_no_rows(tokens: &[Token]) -> bool {
    let definition = tokens.first().is_some_and(|t| t.is("CREATE") || t.is("DROP") || t.is("ALTER"));
    let object = tokens.iter().skip(1).find_map(|token| {
        let known = ["VIEW", "PROCEDURE", "FUNCTION", "EVENT", "TABLE", "INDEX", "TRIGGER", "DATABASE", "SCHEMA"];
        known.into_iter().find(|name| token.is(name))
    });
    let drops = tokens.first().is_some_and(|token| token.is("DROP"));
    definition
        && (matches!(object, Some("VIEW" | "PROCEDURE" | "FUNCTION" | "EVENT"))
            || (drops && object == Some("TRIGGER"))
            || (!drops && matches!(object, Some("DATABASE" | "SCHEMA"))))
}

/// The one table that a statement of a simple form changes.
fn target(tokens: &[Token], database: Option<&str>) -> Option<TableName> {
    let mut rest = tokens;
    let verb = next_of(&mut rest)?;
    let insert = verb.is("INSERT") || verb.is("REPLACE");
    let skipped: &[&str] = if insert {
        &["LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO"]
    } else if verb.is("UPDATE") {
        &["LOW_PRIORITY", "IGNORE"]
    } else if verb.is("DELETE") {
        &["LOW_PRIORITY", "QUICK", "IGNORE", "FROM"]
    } else if verb.is("CREATE") || verb.is("TRUNCATE") {
        &["TABLE", "IF", "NOT", "EXISTS"]
    } else {
        return None;
    };
    while rest.first().is_some_and(|token| skipped.iter().any(|word| token.is(word))) {
        next_of(&mut rest);
    }
    let first = next_of(&mut rest)?.name()?;
    let name = if rest.first() == Some(&Token::Mark('.')) {
        next_of(&mut rest);
        TableName { database: first.to_owned(), table: next_of(&mut rest)?.name()?.to_owned() }
    } else {
        TableName { database: database?.to_owned(), table: first.to_owned() }
    };
    let next = rest.first();
    let ends = |words: &[&str]| next.is_none_or(|token| words.iter().any(|word| token.is(word)));
    let simple = insert
        || (verb.is("UPDATE") && next.is_some() && ends(&["SET"]))
        || (verb.is("DELETE") && ends(&["WHERE", "ORDER", "LIMIT"]))
        || verb.is("TRUNCATE")
        || (verb.is("CREATE") && tokens.get(1).is_some_and(|token| token.is("TABLE")));
    simple.then_some(name)
}

/// Takes the first token.
fn next_of<'a>(rest: &mut &'a [Token]) -> Option<&'a Token> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(first)
}

fn single(name: TableName, catalogue: &Catalogue) -> Affected {
    if let Some(table) = catalogue.table(&name.database, &name.table) {
        return Affected::Tables(vec![table.name.clone()]);
    }
    // Another database isn't ours; an unknown name in one of ours may be a view over any of its tables.
    match catalogue.database(&name.database) {
        None => Affected::Tables(Vec::new()),
        Some(_) => Affected::Tables(vec![name]).and(Affected::All),
    }
}

fn mentioned(tokens: &[Token], catalogue: &Catalogue, database: Option<&str>) -> Affected {
    let mut found = BTreeSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = token.name() else { continue };
        let qualified = index >= 2 && tokens.get(index - 1) == Some(&Token::Mark('.'));
        let qualifier = if qualified { tokens.get(index - 2).and_then(Token::name) } else { None };
        for database in [qualifier, database].into_iter().flatten() {
            if let Some(table) = catalogue.table(database, name) {
                found.insert(table.name.clone());
            }
        }
    }
    let carried = database.is_some_and(|name| catalogue.database(name).is_some());
    if found.is_empty() && carried { Affected::All } else { Affected::Tables(found.into_iter().collect()) }
}

/// Words, quoted names and marks; comments are left out, but what MySQL executes inside `/*! */` is kept.
fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut left = text.chars().peekable();
    while let Some(c) = left.next() {
        match c {
            '\'' => {
                quoted(&mut left, c);
            }
            '`' | '"' => out.push(Token::Quoted(quoted(&mut left, c))),
            '#' => while left.next_if(|&c| c != '\n').is_some() {},
            '-' if left.peek() == Some(&'-') => while left.next_if(|&c| c != '\n').is_some() {},
            '/' if left.next_if_eq(&'*').is_some() => {
                if left.next_if_eq(&'!').is_some() {
                    while left.next_if(char::is_ascii_digit).is_some() {}
                } else {
                    let mut last = ' ';
                    while left.next_if(|&c| !(last == '*' && c == '/')).inspect(|&c| last = c).is_some() {}
                    left.next();
                }
            }
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(c) = left.next_if(|&c| is_word(c)) {
                    word.push(c);
                }
                out.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => out.push(Token::Mark(c)),
        }
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

/// The inside of quotes; doubled quotes stand for one, and outside backticks a backslash escapes.
fn quoted(left: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char) -> String {
    let mut inside = String::new();
    while let Some(c) = left.next() {
        if c == '\\' && quote != '`' {
            inside.extend(left.next());
        } else if c == quote {
            if left.next_if_eq(&quote).is_none() {
                break;
            }
            inside.push(quote);
        } else {
            inside.push(c);
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Option<String> {
        target(&tokens(text), Some("shop")).map(|name| name.to_string())
    }

    #[test]
    fn the_one_table_of_a_simple_write_is_found() {
        for (text, name) in [
            ("INSERT INTO a (b) VALUES ('from c')", Some("shop.a")),
            ("insert ignore x.`a``b` select * from c", Some("x.a`b")),
            ("/* hint */ REPLACE a SET b = 1", Some("shop.a")),
            ("/*!40000 UPDATE */ LOW_PRIORITY", None),
            ("UPDATE a SET b = 1", Some("shop.a")),
            ("UPDATE a JOIN b ON a.x = b.x SET a.y = 1", None),
            ("DELETE FROM a WHERE b = 1", Some("shop.a")),
            ("DELETE FROM a", Some("shop.a")),
            ("DELETE a FROM a JOIN b", None),
            ("CREATE TABLE IF NOT EXISTS a (b INT)", Some("shop.a")),
            ("TRUNCATE a", Some("shop.a")),
            ("ALTER TABLE a ADD b INT", None),
        ] {
            assert_eq!(shape(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn names_are_listed_behind_drop_and_rename() {
        let list = |text: &str| {
            let names = listed(&tokens(text), &["DROP", "RENAME", "TABLE", "IF", "EXISTS"], Some("shop"));
            names.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(list("DROP TABLE IF EXISTS `a`, x.b, c /* generated by server */"), ["shop.a", "x.b", "shop.c"]);
        assert_eq!(list("RENAME TABLE a TO x.b, `c` TO d"), ["shop.a", "x.b", "shop.c", "shop.d"]);
        assert_eq!(list("DROP TABLE a CASCADE"), ["shop.a"]);
    }

    #[test]
    fn text_and_comments_hide_names_and_quotes_end() {
        assert_eq!(
            tokens("'it''s \\' a' `b``c` -- d\n/* e */ f"),
            [Token::Quoted("b`c".into()), Token::Word("f".into())]
        );
        assert!(reads_others("INSERT INTO a SELECT 1"));
        assert!(!reads_others("INSERT INTO a VALUES ('select')"));
    }

    #[test]
    fn views_and_programs_change_no_rows() {
        assert!(changes_no_rows(&tokens("CREATE OR REPLACE VIEW v AS SELECT * FROM a")));
        assert!(changes_no_rows(&tokens("DROP PROCEDURE p")));
        assert!(!changes_no_rows(&tokens("ALTER TABLE v ADD view INT")));
        assert!(changes_no_rows(&tokens("DROP TRIGGER IF EXISTS tr")));
        assert!(!changes_no_rows(&tokens("CREATE TRIGGER tr BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1")));
        assert!(!changes_no_rows(&tokens("INSERT INTO a VALUES (1)")));
    }
}
