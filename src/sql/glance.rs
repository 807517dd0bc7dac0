//! What the forwarding path must know of each statement, found in one pass over its bytes: it's paid for by every statement
//! of every application.
//!
//! A wrong answer errs on the careful side: an effect or a question too many costs a moment, one too few a wrong answer.
//!
//! Most statements have nothing to be found. Their first words are read, and of the rest only whether the letters occur
//! anywhere that everything to be found has in it ([`SELECT`], [`OTHERS`]): sixteen bytes at a time and without a branch, for
//! lexemes cost ten times as much. No lexeme is split by what may stand between two of its letters, so nothing is missed; letters
//! that occur in a name or a text cost a look that finds nothing.

use super::classify::{Head, head};
use super::lexer::{Lexeme, Lexer, Words};
use super::plan::StatementClass;

/// What a statement leaves behind in its session that can't be carried to another server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionEffects {
    /// Assigns user variables: `SET @x`, `@x :=`, `INTO @x`.
    pub user_variables: bool,
    /// Takes or releases named locks: GET_LOCK and its family.
    pub named_locks: bool,
    /// Creates a temporary table.
    pub temporary_tables: bool,
    /// LOCK TABLES and FLUSH TABLES WITH READ LOCK.
    pub table_locks: bool,
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// What [`super::classify`] says.
    pub class: StatementClass,
    pub effects: SessionEffects,
    /// It asks what the statement before it did: warnings, counts of rows, the last id.
    pub looks_back: bool,
    /// There's a semicolon outside texts and comments.
    pub semicolon: bool,
}

/// Looks a statement over.
#[must_use]
pub fn glance(text: &[u8]) -> Glance {
    let mut scan = Scan { lexer: Lexer::new(text), seen: Seen::default(), last: Last::Other };
    let head = head(&mut scan);
    let rest = scan.lexer.rest();
    let look = match head {
        Head::Select => has_any(rest, &SELECT),
        Head::Known(_) => has_any(rest, &OTHERS),
    };
    if look {
        scan.rest();
    }
    let Seen { named_locks, into, into_variable, assigned, equated, locking, looks_back, semicolon } = scan.seen;
    let class = match head {
        Head::Known(class) => class,
        Head::Select if into => StatementClass::Administration,
        Head::Select if locking => StatementClass::LockingRead,
        Head::Select => StatementClass::Read,
    };
    let effects = SessionEffects {
        user_variables: into_variable || assigned || equated && class == StatementClass::Set,
        named_locks,
        temporary_tables: class == StatementClass::TemporaryTable,
        table_locks: class == StatementClass::LockTables,
    };
    Glance { class, effects, looks_back, semicolon }
}

/// Letters of every word that [`Seen::function`] looks for: of locks, errors, warnings, `row_count`, `found_rows`,
/// diagnostics, `last_insert_id`. The other lexemes have a sign of their own, which [`has_any`] knows.
const OTHERS: [[u8; 3]; 7] = [*b"ock", *b"rro", *b"rni", *b"w_c", *b"d_r", *b"gno", *b"nse"];
/// What makes a query more than a query, besides: `INTO`, `FOR UPDATE`; `LOCK IN` is a lock.
const SELECT: [[u8; 3]; 9] = [*b"nto", *b"for", *b"ock", *b"rro", *b"rni", *b"w_c", *b"d_r", *b"gno", *b"nse"];

/// Bytes that are looked at together, with those behind them that letters in a row go on to.
const BLOCK: usize = 16;
const WITH_MORE: usize = BLOCK + 2;

/// True when a semicolon, the sign of variables or one of these letters in a row may occur, in either case.
fn has_any<const N: usize>(text: &[u8], letters: &[[u8; 3]; N]) -> bool {
    let Some(last) = text.last_chunk() else { return true };
    let mut rest = text;
    let mut found = false;
    while let Some(block) = rest.first_chunk() {
        found |= block_has_any(block, letters);
        rest = rest.get(BLOCK..).unwrap_or_default();
    }
    // The last one overlaps the one before it.
    let [.., before, end] = text else { return true };
    found || block_has_any(last, letters) || matches!(before, b';' | b'@') || matches!(end, b';' | b'@')
}

/// Written so that the compiler compares sixteen bytes with one instruction.
#[inline]
fn block_has_any<const N: usize>(block: &[u8; WITH_MORE], letters: &[[u8; 3]; N]) -> bool {
    let mut found = [0_u8; BLOCK];
    for (index, found) in found.iter_mut().enumerate() {
        // Letters in lower case, and some other bytes changed, too: that only finds too much.
        let low = |ahead: usize| block[index + ahead] | 0x20;
        for letters in letters {
            let is = |ahead: usize| if low(ahead) == letters[ahead] | 0x20 { u8::MAX } else { 0 };
            *found |= is(0) & is(1) & is(2);
        }
        *found |= if matches!(block[index], b';' | b'@') { u8::MAX } else { 0 };
    }
    u128::from_ne_bytes(found) != 0
}

/// Every word that [`Seen::word`] knows.
static NOTABLE: Words = Words::of(&[
    b"in",
    b"for",
    b"into",
    b"lock",
    b"share",
    b"update",
    b"errors",
    b"get_lock",
    b"warnings",
    b"row_count",
    b"found_rows",
    b"diagnostics",
    b"error_count",
    b"release_lock",
    b"warning_count",
    b"last_insert_id",
    b"release_all_locks",
]);

#[derive(Debug, Default)]
struct Seen {
    named_locks: bool,
    /// `INTO` in the first statement.
    into: bool,
    /// `INTO @x`
    into_variable: bool,
    /// `@x :=`
    assigned: bool,
    /// `@x =`
    equated: bool,
    /// `FOR SHARE`, `FOR UPDATE` or `LOCK IN` in the first statement.
    locking: bool,
    looks_back: bool,
    semicolon: bool,
}

/// The lexeme before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Into,
    For,
    Lock,
    UserVariable,
    Other,
}

/// The lexemes of a text, each of which is looked at on its way.
struct Scan<'a> {
    lexer: Lexer<'a>,
    seen: Seen,
    last: Last,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let lexeme = self.lexer.next()?;
        self.note(lexeme);
        Some(lexeme)
    }
}

impl<'a> Scan<'a> {
    /// Looks at what's left, of which most words can be passed over.
    fn rest(&mut self) {
        while let Some((passed, lexeme)) = self.lexer.next_of(&NOTABLE) {
            if passed {
                self.last = Last::Other;
            }
            self.note(lexeme);
        }
    }

    fn note(&mut self, lexeme: Lexeme<'a>) {
        let before = std::mem::replace(&mut self.last, Last::Other);
        match lexeme {
            Lexeme::Word(word) => self.last = self.seen.word(word, before),
            // Backticks don't keep a function of MySQL's own from being found.
            Lexeme::Quoted(name) => self.seen.function(name),
            Lexeme::SystemVariable(name) => self.seen.variable(name),
            Lexeme::UserVariable(_) => {
                self.seen.into_variable |= before == Last::Into;
                self.last = Last::UserVariable;
            }
            Lexeme::Symbol(b';') => self.seen.semicolon = true,
            Lexeme::Symbol(b'=') => self.seen.equated |= before == Last::UserVariable,
            Lexeme::Symbol(b':') => self.seen.assigned |= before == Last::UserVariable,
            Lexeme::Symbol(_) | Lexeme::Text(_) => {}
        }
    }
}

impl Seen {
    /// Takes note of an unquoted word and says what it may begin.
    fn word(&mut self, word: &[u8], before: Last) -> Last {
        let is = |known: &[u8]| word.eq_ignore_ascii_case(known);
        match word.len() {
            2 => self.locking |= before == Last::Lock && !self.semicolon && is(b"in"),
            3 if is(b"for") => return Last::For,
            4 if is(b"lock") => return Last::Lock,
            4 if is(b"into") => {
                self.into |= !self.semicolon;
                return Last::Into;
            }
            5 | 6 if before == Last::For && !self.semicolon => self.locking |= is(b"share") || is(b"update"),
            _ => {}
        }
        self.function(word);
        Last::Other
    }

    fn function(&mut self, word: &[u8]) {
        let is = |known: &[u8]| word.eq_ignore_ascii_case(known);
        match word.len() {
            6 => self.looks_back |= is(b"errors"),
            8 if is(b"get_lock") => self.named_locks = true,
            8 => self.looks_back |= is(b"warnings"),
            9 => self.looks_back |= is(b"row_count"),
            10 => self.looks_back |= is(b"found_rows"),
            11 => self.looks_back |= is(b"diagnostics") || is(b"error_count"),
            12 => self.named_locks |= is(b"release_lock"),
            13 => self.looks_back |= is(b"warning_count"),
            14 => self.looks_back |= is(b"last_insert_id"),
            17 => self.named_locks |= is(b"release_all_locks"),
            _ => {}
        }
    }

    /// A name that may have a scope before it: `session.warning_count`.
    fn variable(&mut self, name: &[u8]) {
        let name = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        self.function(name);
        // Another name of last_insert_id.
        self.looks_back |= name.eq_ignore_ascii_case(b"identity");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(text: &str) -> SessionEffects {
        glance(text.as_bytes()).effects
    }

    #[test]
    fn effects_are_found() {
        assert!(effects("set @x = 1").user_variables);
        assert!(effects("select @x := 1").user_variables);
        assert!(effects("select 1 into @x").user_variables);
        assert!(!effects("select @x = 1").user_variables);
        assert!(effects("select get_lock('a', 1)").named_locks);
        assert!(effects("do RELEASE_ALL_LOCKS()").named_locks);
        assert!(effects("create temporary table t (a int)").temporary_tables);
        assert!(effects("lock tables t read").table_locks);
        assert_eq!(effects("select 'get_lock', '@x := 1' /* get_lock */"), SessionEffects::default());
    }

    #[test]
    fn what_a_query_is_besides_is_found_wherever_it_stands() {
        let filler = "SELECT a, b FROM t WHERE c = 'a text of some length'";
        let cases: [(&str, StatementClass); 6] = [
            ("FOR UPDATE", StatementClass::LockingRead),
            ("for/* a */share", StatementClass::LockingRead),
            ("Lock In Share Mode", StatementClass::LockingRead),
            ("into outfile 'a'", StatementClass::Administration),
            ("; for update", StatementClass::Read),
            ("FOR a UPDATE", StatementClass::Read),
        ];
        for (words, class) in cases {
            for blanks in 0..40 {
                for behind in 0..20 {
                    let text = format!("{filler}{:blanks$} {words}{:behind$}", "", "");
                    assert_eq!(glance(text.as_bytes()).class, class, "{text}");
                    assert_eq!(crate::sql::classify(text.as_bytes()), class, "{text}");
                }
            }
        }
    }

    #[test]
    fn letters_find_every_word_that_is_looked_for() {
        for blanks in 0..40 {
            for (words, expected) in [
                ("get_lock('a', 1)", Seen { named_locks: true, ..Seen::default() }),
                ("RELEASE_LOCK('a')", Seen { named_locks: true, ..Seen::default() }),
                ("release_all_locks()", Seen { named_locks: true, ..Seen::default() }),
                ("errors", Seen { looks_back: true, ..Seen::default() }),
                ("WARNINGS", Seen { looks_back: true, ..Seen::default() }),
                ("row_count()", Seen { looks_back: true, ..Seen::default() }),
                ("FOUND_ROWS()", Seen { looks_back: true, ..Seen::default() }),
                ("diagnostics", Seen { looks_back: true, ..Seen::default() }),
                ("Error_Count", Seen { looks_back: true, ..Seen::default() }),
                ("warning_count", Seen { looks_back: true, ..Seen::default() }),
                ("LAST_insert_id()", Seen { looks_back: true, ..Seen::default() }),
                (";", Seen { semicolon: true, ..Seen::default() }),
                ("@@identity", Seen { looks_back: true, ..Seen::default() }),
            ] {
                for begin in ["SELECT a_long_name, ", "UPDATE a_long_name SET a = "] {
                    let text = format!("{begin}{:blanks$}{words}", "");
                    let Glance { effects, looks_back, semicolon, .. } = glance(text.as_bytes());
                    let found = (effects.named_locks, looks_back, semicolon);
                    assert_eq!(found, (expected.named_locks, expected.looks_back, expected.semicolon), "{text}");
                }
            }
        }
    }

    #[test]
    fn questions_about_the_statement_before_are_known() {
        for text in [
            "show WARNINGS",
            "SHOW COUNT(*) ERRORS",
            "select Row_Count()",
            "select `last_insert_id`()",
            "SELECT @@session.warning_count",
            "SELECT @@error_count",
            "SELECT @@identity",
            "select /*!80000 found_rows() */",
            "GET DIAGNOSTICS @a = NUMBER",
        ] {
            assert!(glance(text.as_bytes()).looks_back, "{text}");
        }
        for text in ["select now()", "select 'warnings' from t", "insert into t values (1) -- row_count()"] {
            assert!(!glance(text.as_bytes()).looks_back, "{text}");
        }
    }

    #[test]
    fn the_class_is_that_of_the_statement_alone() {
        for text in ["select 1 for update", "with a as (select 1) update t set b = 1", "", "\0", "SET @a = 1; SELECT 2"]
        {
            assert_eq!(glance(text.as_bytes()).class, crate::sql::classify(text.as_bytes()), "{text}");
        }
        assert!(glance(b"select 1; select 2").semicolon);
        assert!(!glance(b"select ';' -- ;").semicolon);
    }
}
