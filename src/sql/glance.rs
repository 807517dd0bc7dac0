//! What the forwarding path must know of each statement, found in one pass over its bytes: it's paid for by every statement
//! of every application.
//!
//! A wrong answer errs on the careful side: an effect or a question too many costs a moment, one too few a wrong answer.

use super::classify::class_of;
use super::lexer::{Lexeme, Lexer};
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
    let mut watched = Watched { lexer: Lexer::new(text), seen: Seen::default(), previous: Lexeme::Symbol(b' ') };
    let class = class_of(&mut watched);
    // The class is known early; the rest may still have effects.
    watched.by_ref().for_each(drop);
    let Seen { named_locks, into_variable, assigned, equated, looks_back, semicolon } = watched.seen;
    let effects = SessionEffects {
        user_variables: into_variable || assigned || equated && class == StatementClass::Set,
        named_locks,
        temporary_tables: class == StatementClass::TemporaryTable,
        table_locks: class == StatementClass::LockTables,
    };
    Glance { class, effects, looks_back, semicolon }
}

#[derive(Debug, Default)]
struct Seen {
    named_locks: bool,
    /// `INTO @x`
    into_variable: bool,
    /// `@x :=`
    assigned: bool,
    /// `@x =`
    equated: bool,
    looks_back: bool,
    semicolon: bool,
}

/// The lexemes of a text, each of which is looked at on its way.
struct Watched<'a> {
    lexer: Lexer<'a>,
    seen: Seen,
    previous: Lexeme<'a>,
}

impl<'a> Iterator for Watched<'a> {
    type Item = Lexeme<'a>;

    #[inline]
    fn next(&mut self) -> Option<Lexeme<'a>> {
        let lexeme = self.lexer.next()?;
        match lexeme {
            Lexeme::Word(word) => self.seen.word(word),
            // Backticks don't keep a function of MySQL's own from being found.
            Lexeme::Quoted(name) => self.seen.word(name),
            Lexeme::SystemVariable(name) => self.seen.variable(name),
            Lexeme::UserVariable(_) => self.seen.into_variable |= self.previous.is("INTO"),
            Lexeme::Symbol(b';') => self.seen.semicolon = true,
            Lexeme::Symbol(b'=') => self.seen.equated |= matches!(self.previous, Lexeme::UserVariable(_)),
            Lexeme::Symbol(b':') => self.seen.assigned |= matches!(self.previous, Lexeme::UserVariable(_)),
            Lexeme::Symbol(_) | Lexeme::Text(_) => {}
        }
        self.previous = lexeme;
        Some(lexeme)
    }
}

impl Seen {
    #[inline]
    fn word(&mut self, word: &[u8]) {
        // Most words are of other lengths.
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
        self.word(name);
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
