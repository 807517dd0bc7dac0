//! What a statement is, from its first words; and the few other facts that the forwarding path needs about a text.
//!
//! Everything here works on bytes as they came from the client, in one pass. A wrong answer must err on the careful
//! side: what isn't understood is [`StatementClass::Unknown`], and a text that might depend on time does.

use crate::schema::{Catalogue, ColumnDefault, Table};

use super::lexer::{Lexeme, Lexer};
use super::plan::StatementClass;

/// Decides what a statement is. Reads only as much as the answer takes: SELECT is read to its end, since its locking
/// clause comes last. `SELECT … INTO` is [`StatementClass::Administration`]: it changes nothing that is replicated.
#[must_use]
pub fn classify(text: &[u8]) -> StatementClass {
    class_of(&mut Lexer::new(text))
}

pub(super) fn class_of<'a>(lexer: &mut impl Iterator<Item = Lexeme<'a>>) -> StatementClass {
    match head(lexer) {
        Head::Select => select(lexer),
        Head::Known(class) => class,
    }
}

/// What the first words say.
pub(super) enum Head {
    /// All that there is to know.
    Known(StatementClass),
    /// It begins like a query: the rest of it tells whether it locks.
    Select,
}

/// Reads the first words.
pub(super) fn head<'a>(lexer: &mut impl Iterator<Item = Lexeme<'a>>) -> Head {
    let mut first = lexer.next();
    while first == Some(Lexeme::Symbol(b'(')) {
        first = lexer.next();
    }
    let Some(Lexeme::Word(word)) = first else { return Head::Known(StatementClass::Unknown) };
    let mut keyword = [0_u8; 12];
    let Some(slot) = keyword.get_mut(..word.len()) else { return Head::Known(StatementClass::Unknown) };
    slot.copy_from_slice(word);
    slot.make_ascii_uppercase();
    Head::Known(match &*slot {
        b"SELECT" | b"TABLE" | b"VALUES" => return Head::Select,
        b"INSERT" | b"UPDATE" | b"DELETE" | b"REPLACE" => StatementClass::Write,
        b"WITH" => return with(lexer),
        b"SHOW" | b"EXPLAIN" | b"DESCRIBE" | b"DESC" | b"HELP" => StatementClass::Read,
        b"DO" => {
            if lexer.any(|lexeme| lexeme == Lexeme::Symbol(b'(')) {
                StatementClass::Call
            } else {
                StatementClass::Read
            }
        }
        b"CALL" => StatementClass::Call,
        b"BEGIN" => StatementClass::Begin,
        b"COMMIT" => StatementClass::Commit,
        b"SAVEPOINT" => StatementClass::Savepoint,
        b"USE" => StatementClass::Use,
        b"XA" => StatementClass::Xa,
        b"TRUNCATE" | b"IMPORT" => StatementClass::Ddl,
        b"PREPARE" | b"EXECUTE" | b"DEALLOCATE" => StatementClass::TextPrepared,
        other => second_word(other, lexer),
    })
}

/// Families that the second word decides.
fn second_word<'a>(first: &[u8], lexer: &mut impl Iterator<Item = Lexeme<'a>>) -> StatementClass {
    let Some(second) = lexer.next() else {
        return if first == b"ROLLBACK" { StatementClass::Rollback } else { StatementClass::Unknown };
    };
    match first {
        b"START" if second.is("TRANSACTION") => StatementClass::Begin,
        b"ROLLBACK" => {
            let to = if second.is("WORK") { lexer.next() } else { Some(second) };
            if to.is_some_and(|to| to.is("TO")) {
                StatementClass::RollbackToSavepoint
            } else {
                StatementClass::Rollback
            }
        }
        b"RELEASE" if second.is("SAVEPOINT") => StatementClass::ReleaseSavepoint,
        b"SET" if second.is_any(&["PASSWORD", "ROLE", "DEFAULT", "RESOURCE"]) => StatementClass::Administration,
        b"SET" => StatementClass::Set,
        b"LOCK" | b"UNLOCK" if second.is_any(&["TABLES", "TABLE"]) => StatementClass::LockTables,
        b"FLUSH" if second.is_any(&["TABLES", "TABLE"]) && lexer.any(|word| word.is_any(&["READ", "EXPORT"])) => {
            StatementClass::LockTables
        }
        b"LOAD" if second.is_any(&["DATA", "XML"]) => StatementClass::Write,
        b"DROP" if second.is("PREPARE") => StatementClass::TextPrepared,
        b"CREATE" | b"DROP" if second.is("TEMPORARY") => StatementClass::TemporaryTable,
        b"CREATE" | b"ALTER" | b"DROP" | b"RENAME" => {
            if second.is_any(&["USER", "ROLE", "INSTANCE", "SERVER", "RESOURCE", "LOGFILE", "TABLESPACE", "UNDO"]) {
                StatementClass::Administration
            } else {
                StatementClass::Ddl
            }
        }
        b"GRANT" | b"REVOKE" | b"ANALYZE" | b"OPTIMIZE" | b"REPAIR" | b"CHECK" | b"CHECKSUM" | b"KILL" | b"FLUSH"
        | b"RESET" | b"PURGE" | b"START" | b"STOP" | b"CHANGE" | b"INSTALL" | b"UNINSTALL" | b"CACHE" | b"LOAD"
        | b"LOCK" | b"UNLOCK" | b"BINLOG" | b"SHUTDOWN" | b"RESTART" | b"CLONE" => StatementClass::Administration,
        _not_known => StatementClass::Unknown,
    }
}

/// Whether MySQL prepares a statement of this kind (1295 otherwise).
#[must_use]
pub fn can_be_prepared(text: &[u8]) -> bool {
    let mut lexer = Lexer::new(text);
    let Some(first) = lexer.next() else { return true };
    let second = lexer.next();
    let second_is = |words: &[&str]| second.is_some_and(|word| word.is_any(words));
    let never = [
        "BEGIN",
        "SAVEPOINT",
        "RELEASE",
        "USE",
        "LOCK",
        "UNLOCK",
        "PREPARE",
        "EXECUTE",
        "DEALLOCATE",
        "XA",
        "SIGNAL",
        "RESIGNAL",
        "GET",
        "HANDLER",
        "HELP",
        "PURGE",
        "CHECK",
        "SHUTDOWN",
        "RESTART",
        "CLONE",
        "IMPORT",
    ];
    if first.is_any(&never) {
        return false;
    }
    let routines = ["PROCEDURE", "FUNCTION", "TRIGGER"];
    if first.is("START") {
        return !second_is(&["TRANSACTION"]);
    }
    if first.is("ROLLBACK") {
        return !(second_is(&["TO"]) || second_is(&["WORK"]) && lexer.next().is_some_and(|word| word.is("TO")));
    }
    if first.is("LOAD") {
        return second_is(&["INDEX"]);
    }
    if first.is("SHOW") {
        return !second_is(&["WARNINGS", "ERRORS", "COUNT"]);
    }
    if first.is("DROP") {
        return !second_is(&["PREPARE", "ROLE"]) && !second_is(&routines);
    }
    if first.is("ALTER") {
        return !second_is(&["DATABASE", "SCHEMA", "VIEW", "PROCEDURE", "FUNCTION"]);
    }
    if first.is_any(&["EXPLAIN", "DESCRIBE", "DESC"]) {
        return !second_is(&["FOR"]);
    }
    if first.is("CREATE") {
        let objects = ["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER", "EVENT", "SERVER", "TEMPORARY"];
        let object = second
            .into_iter()
            .chain(lexer)
            .find(|word| word.is_any(&objects) || word.is_any(&routines) || word.is("ROLE"));
        return !object.is_some_and(|word| word.is_any(&routines) || word.is("ROLE"));
    }
    true
}

fn select<'a>(lexer: &mut impl Iterator<Item = Lexeme<'a>>) -> StatementClass {
    let mut previous = Lexeme::Symbol(b' ');
    let mut class = StatementClass::Read;
    for lexeme in lexer {
        match lexeme {
            // Most words have other lengths.
            Lexeme::Word(word) => match word.len() {
                2 if previous.is("LOCK") && lexeme.is("IN") => class = StatementClass::LockingRead,
                4 if lexeme.is("INTO") => return StatementClass::Administration,
                5 | 6 if previous.is("FOR") && lexeme.is_any(&["SHARE", "UPDATE"]) => {
                    class = StatementClass::LockingRead
                }
                _ => {}
            },
            Lexeme::Symbol(b';') => break,
            Lexeme::Symbol(_)
            | Lexeme::Quoted(_)
            | Lexeme::Text(_)
            | Lexeme::UserVariable(_)
            | Lexeme::SystemVariable(_) => {}
        }
        previous = lexeme;
    }
    class
}

/// `WITH … SELECT|UPDATE|DELETE`: the first such word outside parentheses decides.
fn with<'a>(lexer: &mut impl Iterator<Item = Lexeme<'a>>) -> Head {
    let mut depth = 0_usize;
    for lexeme in lexer {
        match lexeme {
            Lexeme::Symbol(b'(') => depth += 1,
            Lexeme::Symbol(b')') => depth = depth.saturating_sub(1),
            word if depth == 0 && word.is_any(&["SELECT", "TABLE", "VALUES"]) => return Head::Select,
            word if depth == 0 && word.is_any(&["UPDATE", "DELETE", "INSERT", "REPLACE"]) => {
                return Head::Known(StatementClass::Write);
            }
            Lexeme::Word(_)
            | Lexeme::Quoted(_)
            | Lexeme::Text(_)
            | Lexeme::UserVariable(_)
            | Lexeme::SystemVariable(_)
            | Lexeme::Symbol(_) => {}
        }
    }
    // `WITH c AS (…) (SELECT …)`.
    Head::Known(StatementClass::Read)
}

/// The name in SAVEPOINT, ROLLBACK TO [SAVEPOINT] and RELEASE SAVEPOINT.
#[must_use]
pub fn savepoint_name(text: &[u8]) -> Option<String> {
    Lexer::new(text).find(|lexeme| !lexeme.is_any(&["SAVEPOINT", "ROLLBACK", "WORK", "TO", "RELEASE"]))?.name()
}

/// True unless the text certainly calls no function: a name before a parenthesis that isn't a keyword counts as a call,
/// also a built-in one. MySQL reports a locking read as a write, so this tells whether something may hide behind it.
#[must_use]
pub fn may_call_function(text: &[u8]) -> bool {
    const NO_CALL: [&str; 16] = [
        "IN", "ANY", "ALL", "SOME", "EXISTS", "AND", "OR", "NOT", "FROM", "JOIN", "SELECT", "WHERE", "ON", "USING",
        "OF", "VALUES",
    ];
    let mut named = false;
    Lexer::new(text).any(|lexeme| match lexeme {
        Lexeme::Symbol(b'(') => named,
        Lexeme::Word(_) => {
            named = !lexeme.is_any(&NO_CALL);
            false
        }
        Lexeme::Quoted(_) => {
            named = true;
            false
        }
        Lexeme::Text(_) | Lexeme::UserVariable(_) | Lexeme::SystemVariable(_) | Lexeme::Symbol(_) => {
            named = false;
            false
        }
    })
}

const CLOCK_WORDS: &[&str] = &[
    "NOW",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "SYSDATE",
    "CURDATE",
    "CURRENT_DATE",
    "CURTIME",
    "CURRENT_TIME",
    "UNIX_TIMESTAMP",
    "UTC_TIMESTAMP",
    "UTC_DATE",
    "UTC_TIME",
];

/// True unless it is certain that the effect of a write doesn't depend on the time at which MySQL runs it: its text
/// calls no clock function and its target table is known and has no column that is filled with the time by itself.
#[must_use]
pub fn depends_on_time(text: &str, catalogue: &Catalogue, database: Option<&str>) -> bool {
    if Lexer::new(text.as_bytes()).any(|lexeme| lexeme.is_any(CLOCK_WORDS)) {
        return true;
    }
    let mut lexer = Lexer::new(text.as_bytes()).peekable();
    let Some(verb) = lexer.next() else { return true };
    if verb.is("DELETE") {
        return false;
    }
    if !verb.is_any(&["INSERT", "REPLACE", "UPDATE"]) {
        return true;
    }
    while lexer.next_if(|word| word.is_any(&["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "INTO"])).is_some() {
    }
    let Some(mut table) = lexer.next().and_then(|name| name.name()) else { return true };
    let mut in_database = database.map(str::to_owned);
    if lexer.next_if_eq(&Lexeme::Symbol(b'.')).is_some() {
        let Some(second) = lexer.next().and_then(|name| name.name()) else { return true };
        in_database = Some(std::mem::replace(&mut table, second));
    }
    if verb.is("UPDATE") && !updates_one_table(lexer) {
        return true;
    }
    let found = in_database.and_then(|database| catalogue.table(&database, &table).cloned());
    found.is_none_or(|table| has_clock_column(&table))
}

/// True when nothing but an alias stands between the table and SET.
fn updates_one_table<'a>(lexemes: impl Iterator<Item = Lexeme<'a>>) -> bool {
    for lexeme in lexemes {
        if lexeme.is("SET") {
            return true;
        }
        if lexeme == Lexeme::Symbol(b',') || lexeme.is("JOIN") {
            return false;
        }
    }
    false
}

fn has_clock_column(table: &Table) -> bool {
    table.has_triggers
        || table.columns.iter().any(|column| {
            column.on_update_now.is_some()
                || match &column.default {
                    ColumnDefault::Now(_) | ColumnDefault::Expression(_) => true,
                    ColumnDefault::None | ColumnDefault::Null | ColumnDefault::Constant(_) => false,
                }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use StatementClass::*;

    #[test]
    fn calls_are_suspected_rather_than_missed() {
        for text in ["SELECT f(1) FOR UPDATE", "select `f` (a) from t for update", "SELECT COUNT(*) FROM t FOR SHARE"] {
            assert!(may_call_function(text.as_bytes()), "{text}");
        }
        for text in [
            "SELECT id, balance FROM customers WHERE id IN (?, ?) ORDER BY id FOR UPDATE",
            "SELECT a FROM t WHERE (a = 1) AND (b = 'f(x)') FOR UPDATE",
            "SELECT (SELECT 1) FROM t WHERE EXISTS (SELECT 1) FOR UPDATE OF t",
        ] {
            assert!(!may_call_function(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn classes() {
        let cases: &[(&str, StatementClass)] = &[
            ("select 1", Read),
            ("(SELECT 1) UNION (SELECT 2)", Read),
            ("/* a */ -- b\n# c\n select 1", Read),
            ("/*!40001 SELECT */ 1", Read),
            ("select * from t where a = 'for update'", Read),
            ("select * from t for update", LockingRead),
            ("select * from t LOCK IN SHARE MODE", LockingRead),
            ("select * from t FOR SHARE SKIP LOCKED", LockingRead),
            ("select a into @x from t", Administration),
            ("with a as (select 1 for update) select * from a", Read),
            ("with a as (select 1) update t set b = 1", Write),
            ("INSERT INTO t VALUES (1)", Write),
            ("rollback", Rollback),
            ("rollback work", Rollback),
            ("ROLLBACK WORK TO SAVEPOINT x", RollbackToSavepoint),
            ("start transaction read only", Begin),
            ("START REPLICA", Administration),
            ("release savepoint x", ReleaseSavepoint),
            ("create temporary table t (a int)", TemporaryTable),
            ("create table t (a int)", Ddl),
            ("create user x", Administration),
            ("SET NAMES utf8mb4", Set),
            ("flush tables with read lock", LockTables),
            ("flush tables", Administration),
            ("unlock tables", LockTables),
            ("xa start 'x'", Xa),
            ("", Unknown),
            ("\u{0}\u{ff}", Unknown),
            ("wibblewobblewubble", Unknown),
        ];
        for (text, class) in cases {
            assert_eq!(classify(text.as_bytes()), *class, "{text}");
        }
        assert_eq!(classify(b"select '\xff\xfe"), Read);
    }

    #[test]
    fn savepoint_names() {
        assert_eq!(savepoint_name(b"SAVEPOINT `a``b`").as_deref(), Some("a`b"));
        assert_eq!(savepoint_name(b"rollback to x").as_deref(), Some("x"));
        assert_eq!(savepoint_name(b"RELEASE SAVEPOINT sp_1;").as_deref(), Some("sp_1"));
    }
}
