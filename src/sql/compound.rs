//! Where the statements of a text end: at each `;`, but for those inside the body of a routine, trigger or event.
//!
//! MySQL finds the end of a body by its grammar. Here it is found by the words that open and close: a text that is
//! valid to MySQL is split as MySQL splits it, and any other fails as it would have anyhow.

use super::lexer::{Lexeme, Lexer};

/// What has been opened in a body and not been closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Begin,
    Case,
    /// CASE inside an expression: no statement begins in it.
    Choice,
    If,
    Loop,
}

/// Watches one statement go by.
#[derive(Debug)]
struct Watch<'t> {
    words: usize,
    creates: bool,
    /// Behind CREATE … PROCEDURE and the like.
    body: bool,
    open: Vec<Open>,
    before: Lexeme<'t>,
    earlier: Lexeme<'t>,
}

impl<'t> Watch<'t> {
    const fn new() -> Self {
        let nothing = Lexeme::Symbol(b';');
        Self { words: 0, creates: false, body: false, open: Vec::new(), before: nothing, earlier: nothing }
    }

    fn see(&mut self, lexeme: Lexeme<'t>, next: Option<Lexeme<'t>>) {
        if self.body {
            self.see_in_body(lexeme, next);
        } else {
            match self.words {
                0 => self.creates = lexeme.is("CREATE") || lexeme.is("ALTER"),
                1..=12 if self.creates => {
                    self.body = lexeme.is_any(&["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"]);
                    let other = ["TABLE", "VIEW", "INDEX", "DATABASE", "SCHEMA", "USER", "SELECT", "AS"];
                    self.creates = !lexeme.is_any(&other);
                }
                _other => {}
            }
        }
        self.words += 1;
        (self.earlier, self.before) = (self.before, lexeme);
    }

    /// True where a statement may begin.
    fn at_begin(&self) -> bool {
        let behind = ["THEN", "ELSE", "DO", "BEGIN", "LOOP", "REPEAT"];
        self.before == Lexeme::Symbol(b';') || self.before == Lexeme::Symbol(b':') || self.before.is_any(&behind)
    }

    /// True where the body itself may begin: behind the parameters, the characteristics, FOR EACH ROW or the type.
    fn at_body(&self) -> bool {
        let behind = ["SQL", "DATA", "DETERMINISTIC", "DEFINER", "INVOKER", "ROW", "UNSIGNED"];
        self.open.is_empty()
            && (self.before == Lexeme::Symbol(b')')
                || matches!(self.before, Lexeme::Text(_))
                || self.before.is_any(&behind)
                || self.earlier.is("RETURNS"))
    }

    fn see_in_body(&mut self, lexeme: Lexeme<'t>, next: Option<Lexeme<'t>>) {
        let called = next == Some(Lexeme::Symbol(b'('));
        let handler = self.before.is_any(&["FOUND", "SQLEXCEPTION", "SQLWARNING"]);
        let begins = (self.at_begin() || self.at_body() || handler) && self.open.last() != Some(&Open::Choice);
        if lexeme.is("BEGIN") && !matches!(self.before, Lexeme::Symbol(b',' | b'.' | b'=')) && !self.before.is("SELECT")
        {
            self.open.push(Open::Begin);
        } else if lexeme.is("CASE") && !self.before.is("END") {
            self.open.push(if begins { Open::Case } else { Open::Choice });
        } else if lexeme.is("IF") && begins {
            self.open.push(Open::If);
        } else if lexeme.is_any(&["LOOP", "WHILE"]) && !self.before.is("END")
            || lexeme.is("REPEAT") && !self.before.is("END") && (!called || begins)
        {
            self.open.push(Open::Loop);
        } else if lexeme.is("END") {
            self.close(next);
        }
    }

    fn close(&mut self, next: Option<Lexeme<'t>>) {
        let next_is = |words: &[&str]| next.is_some_and(|next| next.is_any(words));
        let ends_statement = self.before == Lexeme::Symbol(b';') || self.before.is("BEGIN");
        let closes = match self.open.last() {
            None => false,
            Some(Open::Case | Open::Choice) => true,
            Some(Open::Begin) => ends_statement,
            Some(Open::If) => next_is(&["IF"]),
            Some(Open::Loop) => next_is(&["LOOP", "WHILE", "REPEAT"]),
        };
        if closes {
            self.open.pop();
        }
    }
}

/// The statements of a text, separated by `;`, without empty ones. The pieces point into the text.
#[must_use]
pub fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut lexer = Lexer::new(text);
    let mut pieces = Vec::new();
    let (mut start, mut watch) = (0, Watch::new());
    let mut ahead = lexer.next();
    while let Some(lexeme) = ahead {
        let offset = lexer.offset();
        ahead = lexer.next();
        if lexeme == Lexeme::Symbol(b';') && watch.open.is_empty() {
            if watch.words > 0 {
                pieces.extend(text.get(start..offset - 1));
            }
            (start, watch) = (offset, Watch::new());
        } else {
            watch.see(lexeme, ahead);
        }
    }
    if watch.words > 0 {
        pieces.extend(text.get(start..));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        split(text.as_bytes()).len()
    }

    #[test]
    fn pieces_of_several_statements() {
        let pieces: Vec<_> =
            split(b"select ';'; ; update t set a=1;").into_iter().map(String::from_utf8_lossy).collect();
        assert_eq!(pieces, ["select ';'", " update t set a=1"]);
    }

    #[test]
    fn a_body_is_part_of_its_statement() {
        assert_eq!(count("SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; BEGIN; COMMIT"), 4);
        assert_eq!(count("CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END; SELECT 3"), 2);
        assert_eq!(count("CREATE PROCEDURE p() SELECT 1; SELECT 2"), 2);
        assert_eq!(
            count("CREATE PROCEDURE p(a INT) IF a THEN SELECT IF(a, 1, 2); ELSE BEGIN END; END IF; SELECT 2"),
            2
        );
        assert_eq!(count("CREATE PROCEDURE p() w: WHILE 1 DO LEAVE w; END WHILE w; SELECT 2"), 2);
        assert_eq!(
            count(
                "CREATE DEFINER=`a`@`b` FUNCTION f() RETURNS INT BEGIN DECLARE c INT; RETURN CASE WHEN 1 THEN REPEAT('a', 2) END; END; SELECT 2"
            ),
            2
        );
        assert_eq!(
            count(
                "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN END; DROP TABLE IF EXISTS t; SELECT end, begin FROM t; CASE 1 WHEN 1 THEN SELECT 1; END CASE; REPEAT SELECT 1; UNTIL 1 END REPEAT; END; SELECT 2"
            ),
            2
        );
        assert_eq!(
            count("CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW IF 1 THEN SET NEW.a = 1; END IF; SELECT 1"),
            2
        );
        assert_eq!(count("CREATE TABLE t (begin INT, end INT); SELECT 1"), 2);
    }
}
