//! What a statement leaves behind in its session, by name. Asked only of statements of which [`super::glance`] says that they
//! may leave something, so it may take its time.
//!
//! It reads names, not effects: whether anything happened is for MySQL's answer to tell.

use super::aggregate::is_aggregate;
use super::classify::class_of;
use super::functions::is_native;
use super::lexer::{Lexeme, Lexer};
use super::plan::StatementClass;

/// Something that a statement leaves, takes away or changes once it has succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// CREATE TEMPORARY TABLE, with the table's database if it's said.
    TemporaryTable(Option<String>, String),
    /// DROP TABLE, of temporary ones or others.
    TablesDropped(Vec<(Option<String>, String)>),
    /// ALTER TABLE … RENAME: a temporary table may have another name now.
    TableRenamed,
    /// PREPARE, with the statement if it's a literal.
    Prepared(String, Option<Vec<u8>>),
    Executed(String),
    Deallocated(String),
    /// FLUSH TABLES WITH READ LOCK.
    GlobalReadLock,
    /// LOCK INSTANCE FOR BACKUP.
    InstanceLock,
    /// UNLOCK TABLES.
    TablesUnlocked,
    /// UNLOCK INSTANCE.
    InstanceUnlocked,
    /// HANDLER … OPEN and HANDLER … CLOSE, with the handler's name.
    HandlerOpened(String),
    HandlerClosed(String),
    /// SET TRANSACTION without a scope: it's about the next transaction only.
    NextTransaction,
    /// XA COMMIT and XA ROLLBACK.
    XaEnded,
    /// RELEASE_ALL_LOCKS(), and no GET_LOCK.
    NamedLocksReleased,
}

/// What one statement leaves.
#[must_use]
pub fn leaves(text: &[u8]) -> Option<Left> {
    let mut words = Lexer::new(text);
    let first = words.next()?;
    match first {
        _ if first.is("CREATE") => created(words),
        _ if first.is("DROP") => dropped(words),
        _ if first.is("ALTER") => words.any(|word| word.is("RENAME")).then_some(Left::TableRenamed),
        _ if first.is("PREPARE") => prepared(text, words),
        _ if first.is("EXECUTE") => Some(Left::Executed(words.next()?.name()?)),
        _ if first.is("DEALLOCATE") => Some(Left::Deallocated(words.nth(1)?.name()?)),
        _ if first.is("FLUSH") => flushed(words),
        _ if first.is("LOCK") => words.next()?.is("INSTANCE").then_some(Left::InstanceLock),
        _ if first.is("UNLOCK") && words.next()?.is("INSTANCE") => Some(Left::InstanceUnlocked),
        _ if first.is("UNLOCK") => Some(Left::TablesUnlocked),
        _ if first.is("HANDLER") => handled(words),
        _ if first.is("SET") && words.next()?.is("TRANSACTION") => Some(Left::NextTransaction),
        _ if first.is("XA") => words.next()?.is_any(&["COMMIT", "ROLLBACK"]).then_some(Left::XaEnded),
        _ => releases_all(text).then_some(Left::NamedLocksReleased),
    }
}

fn spells(word: &Lexeme<'_>, name: &str) -> bool {
    word.name().is_some_and(|word| word.eq_ignore_ascii_case(name))
}

fn releases_all(text: &[u8]) -> bool {
    Lexer::new(text).any(|word| spells(&word, "release_all_locks")) && !takes_named_lock(text)
}

fn created(mut words: Lexer<'_>) -> Option<Left> {
    if !words.next()?.is("TEMPORARY") {
        return None;
    }
    let mut name = words.nth(1)?;
    while name.is_any(&["IF", "NOT", "EXISTS"]) {
        name = words.next()?;
    }
    let (database, table) = qualified(name, &mut words)?;
    Some(Left::TemporaryTable(database, table))
}

fn dropped(mut words: Lexer<'_>) -> Option<Left> {
    let mut word = words.next()?;
    if word.is("PREPARE") {
        return Some(Left::Deallocated(words.next()?.name()?));
    }
    if word.is("TEMPORARY") {
        word = words.next()?;
    }
    if !word.is_any(&["TABLE", "TABLES"]) {
        return None;
    }
    let mut tables = Vec::new();
    while let Some(word) = words.next() {
        if word.name().is_some() && !word.is_any(&["IF", "EXISTS", "RESTRICT", "CASCADE"]) {
            tables.push(qualified(word, &mut words)?);
        }
    }
    Some(Left::TablesDropped(tables))
}

/// A name with its database, if that's said before it.
fn qualified(name: Lexeme<'_>, words: &mut Lexer<'_>) -> Option<(Option<String>, String)> {
    let first = name.name()?;
    let mut ahead = words.clone();
    if ahead.next() == Some(Lexeme::Symbol(b'.')) {
        let second = ahead.next()?.name()?;
        *words = ahead;
        return Some((Some(first), second));
    }
    Some((None, first))
}

fn prepared(text: &[u8], mut words: Lexer<'_>) -> Option<Left> {
    let name = words.next()?.name()?;
    let literal = words.nth(1);
    let Some(Lexeme::Text(literal)) = literal else { return Some(Left::Prepared(name, None)) };
    // Escapes, doubled quotes and literals in several parts mean another text than what's written.
    let plain = words.next().is_none() && !literal.contains(&b'\\') && !has_doubled_quotes(literal);
    let known = plain && !Lexer::new(text).any(|word| word == Lexeme::Symbol(b';'));
    Some(Left::Prepared(name, known.then(|| literal.to_vec())))
}

fn has_doubled_quotes(literal: &[u8]) -> bool {
    literal.windows(2).any(|pair| pair == b"''" || pair == b"\"\"")
}

fn flushed(mut words: Lexer<'_>) -> Option<Left> {
    let table = words.find(|word| !word.is_any(&["LOCAL", "NO_WRITE_TO_BINLOG"]))?;
    // With names of tables it's a kind of LOCK TABLES, which MySQL's trackers tell.
    (table.is_any(&["TABLES", "TABLE"]) && words.next()?.is("WITH")).then_some(Left::GlobalReadLock)
}

fn handled(mut words: Lexer<'_>) -> Option<Left> {
    let first = words.next()?;
    let (_, table) = qualified(first, &mut words)?;
    let verb = words.next()?;
    if verb.is("CLOSE") {
        return Some(Left::HandlerClosed(table));
    }
    if !verb.is("OPEN") {
        return None;
    }
    let alias = words.find(|word| !word.is("AS")).and_then(|word| word.name());
    Some(Left::HandlerOpened(alias.unwrap_or(table)))
}

/// The user variables that a statement speaks of, in lower case, each once.
#[must_use]
pub fn variables_named(text: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut words = Lexer::new(text);
    while let Some(word) = words.next() {
        let Lexeme::UserVariable(name) = word else { continue };
        let name = match (name, words.clone().next()) {
            (b"", Some(Lexeme::Quoted(name) | Lexeme::Text(name))) => name,
            (name, _) => name,
        };
        let name = String::from_utf8_lossy(name).to_lowercase();
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// True unless the text calls no stored function: a name before a parenthesis that's neither a keyword nor a function of
/// MySQL's own. One that was given the name of a function of MySQL's own and is called without its database, which MySQL
/// allows for a few names with a space behind them and warns of, isn't seen.
#[must_use]
pub fn may_call_stored(text: &[u8]) -> bool {
    const NO_CALL: [&str; 27] = [
        "IN", "ANY", "ALL", "SOME", "EXISTS", "AND", "OR", "NOT", "FROM", "JOIN", "SELECT", "WHERE", "ON", "USING",
        "OF", "VALUES", "VALUE", "AS", "OVER", "BY", "THEN", "ELSE", "WHEN", "UNION", "SET", "LATERAL", "DISTINCT",
    ];
    let (mut before, mut previous) = (Lexeme::Symbol(b' '), Lexeme::Symbol(b' '));
    Lexer::new(text).any(|lexeme| {
        // Behind a database's name there's no function of MySQL's own, and it takes some quoted names of those for stored ones.
        let called = lexeme == Lexeme::Symbol(b'(')
            && match previous {
                Lexeme::Word(_) if previous.is_any(&NO_CALL) => before == Lexeme::Symbol(b'.'),
                Lexeme::Word(word) => before == Lexeme::Symbol(b'.') || !is_own(word),
                Lexeme::Quoted(_) => true,
                Lexeme::Text(_) | Lexeme::UserVariable(_) | Lexeme::SystemVariable(_) | Lexeme::Symbol(_) => false,
            };
        (before, previous) = (previous, lexeme);
        called
    })
}

/// True for the names of MySQL's own functions.
fn is_own(word: &[u8]) -> bool {
    let name = String::from_utf8_lossy(word).to_ascii_uppercase();
    is_aggregate(&name) || is_native(&name)
}

/// The first word of a statement in capitals, to name it by; nothing of the application's is in it.
#[must_use]
pub fn verb(text: &[u8]) -> String {
    const LONGEST: usize = 16;
    match Lexer::new(text).find(|word| *word != Lexeme::Symbol(b'(')) {
        Some(Lexeme::Word(word)) if word.len() <= LONGEST && word.iter().all(u8::is_ascii_alphabetic) => {
            String::from_utf8_lossy(word).to_uppercase()
        }
        _ => "a statement".to_owned(),
    }
}

/// True when GET_LOCK is spoken of.
#[must_use]
pub fn takes_named_lock(text: &[u8]) -> bool {
    Lexer::new(text).any(|word| spells(&word, "get_lock"))
}

/// True for statements behind which anything may happen to the session: routines, and texts that aren't known.
#[must_use]
pub fn hides(text: &[u8]) -> bool {
    let class = class_of(&mut Lexer::new(text));
    matches!(class, StatementClass::Call | StatementClass::TextPrepared | StatementClass::Unknown)
        || class == StatementClass::Set && may_call_stored(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &[(Option<&str>, &str)]) -> Option<Left> {
        let owned = found.iter().map(|(database, table)| (database.map(str::to_owned), (*table).to_owned()));
        Some(Left::TablesDropped(owned.collect()))
    }

    #[test]
    fn names_are_read() {
        let temporary = |database: Option<&str>, table: &str| {
            Some(Left::TemporaryTable(database.map(str::to_owned), table.to_owned()))
        };
        assert_eq!(leaves(b"create temporary table t (a int)"), temporary(None, "t"));
        assert_eq!(leaves(b"CREATE TEMPORARY TABLE IF NOT EXISTS d.`t``x` SELECT 1"), temporary(Some("d"), "t`x"));
        assert_eq!(leaves(b"create table t (a int)"), None);
        assert_eq!(leaves(b"drop temporary table if exists a, `b`.c"), names(&[(None, "a"), (Some("b"), "c")]));
        assert_eq!(leaves(b"drop table t restrict"), names(&[(None, "t")]));
        assert_eq!(leaves(b"drop view v"), None);
        assert_eq!(leaves(b"alter table t add a int"), None);
        assert_eq!(leaves(b"alter table t rename to u"), Some(Left::TableRenamed));
        assert_eq!(leaves(b"/* x */ deallocate prepare S"), Some(Left::Deallocated("S".to_owned())));
        assert_eq!(leaves(b"execute s using @a"), Some(Left::Executed("s".to_owned())));
        assert_eq!(leaves(b"flush local tables with read lock"), Some(Left::GlobalReadLock));
        assert_eq!(leaves(b"flush tables t with read lock"), None);
        assert_eq!(leaves(b"lock instance for backup"), Some(Left::InstanceLock));
        assert_eq!(leaves(b"lock tables t read"), None);
        assert_eq!(leaves(b"handler d.t open as h"), Some(Left::HandlerOpened("h".to_owned())));
        assert_eq!(leaves(b"handler h read first"), None);
        assert_eq!(leaves(b"set transaction read only"), Some(Left::NextTransaction));
        assert_eq!(leaves(b"set session transaction read only"), None);
        assert_eq!(leaves(b"do release_all_locks()"), Some(Left::NamedLocksReleased));
        assert_eq!(leaves(b"select release_all_locks(), get_lock('a', 1)"), None);
        assert_eq!(variables_named(b"set @A = 1, @b := @a, @`c d` = 2, @@x = 3"), ["a", "b", "c d"]);
    }

    #[test]
    fn prepared_texts_are_known_when_they_are_plain() {
        let known = |text: &str| match leaves(text.as_bytes()) {
            Some(Left::Prepared(_, known)) => known.map(|text| String::from_utf8_lossy(&text).into_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(known("prepare s from 'set @a = 1'").as_deref(), Some("set @a = 1"));
        assert_eq!(known("prepare s from \"select 'x'\"").as_deref(), Some("select 'x'"));
        for text in ["prepare s from @x", "prepare s from 'select ''x'''", "prepare s from 'select \\'x\\''"] {
            assert_eq!(known(text), None, "{text}");
        }
    }

    #[test]
    fn stored_functions_are_suspected_rather_than_missed() {
        for text in
            ["select f(1)", "set @a = d.now()", "select `count`(1)", "select `f` (1) from t", "set time_zone = f()"]
        {
            assert!(may_call_stored(text.as_bytes()), "{text}");
        }
        for text in ["select count(*), now() from t where a in (1)", "set @a = concat('f(', 1)", "select (1)"] {
            assert!(!may_call_stored(text.as_bytes()), "{text}");
        }
        assert!(hides(b"call p()") && hides(b"set @a = f()") && !hides(b"set @a = 1") && !hides(b"select f()"));
    }
}
