//! A statement without its literals: the text that many statements share, and the values that tell them apart.
//!
//! Applications that write values into their SQL send a new text each time. [`lift`] puts `?` where a literal stands,
//! so that all of them find the same plan, which is then executed with the literals as values, exactly as if the
//! client had prepared the shared text.
//!
//! # Why this can't change a meaning
//! A prepared statement means in MySQL what the same text with literals means, as long as the classes of the values
//! are the same, and plans depend on those ([`super::plan::Known`]). What isn't the same is kept out:
//!
//! * A literal in a select list, also inside a subquery there, gives the column its title and its length; in ORDER BY and GROUP BY it's a position;
//!   in function calls it may be a format, a path or a unit; beside an operator it may be folded. So only a literal
//!   that stands alone is lifted: behind a comparison operator, IN (, BETWEEN or LIKE in a condition, as the value of
//!   an assignment of UPDATE, or as a cell of VALUES.
//! * NULL, TRUE and FALSE are words, and stay. So do literals with an introducer, and hexadecimal and bit literals.
//! * Texts with comments, `?`, or a sql_mode that changes how quotes and backslashes are read aren't touched.
//!
//! Where the shared text can't be planned, or a value can't be bound, the text as the client wrote it is planned
//! instead: every error and warning is that of the original statement.

use crate::value::Value;

use super::binary::quoted;

/// Literals lifted from one text at most; longer statements are bulk loads, whose texts are never shared.
const MOST: usize = 256;

/// A text with `?` in the place of literals.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifted {
    pub text: String,
    /// The literals, in order.
    pub values: Vec<Value>,
}

/// What may be lifted where the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    /// Select lists, whose text is the title of columns.
    Titles,
    /// ORDER BY, function calls, …
    Closed,
    /// WHERE, ON, HAVING: behind comparisons.
    Condition,
    /// The list behind IN.
    List,
    /// SET of UPDATE, behind `=`.
    Assignments,
    /// Between the rows of VALUES.
    Rows,
    /// Inside a row of VALUES.
    Row,
}

/// What stood before: whether a literal may come now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Start,
    Comparison,
    /// `(` or `,`.
    Separator,
    /// AND of BETWEEN.
    SecondBound,
    /// BETWEEN, LIKE.
    Predicate,
    /// Ends what a literal could be part of, or is part of something bigger.
    Other,
    /// A word behind which `(` opens a condition or a list, not a call.
    Word(Word),
}

/// Words that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    And,
    Between,
    Boundary,
    Condition,
    In,
    Like,
    Not,
    Select,
    Set,
    Values,
    /// Clauses in which nothing is lifted.
    Closing,
    Plain,
}

fn word(text: &[u8]) -> Word {
    const WORDS: &[(&[u8], Word)] = &[
        (b"AND", Word::And),
        (b"BETWEEN", Word::Between),
        (b"OR", Word::Boundary),
        (b"WHERE", Word::Condition),
        (b"ON", Word::Condition),
        (b"HAVING", Word::Condition),
        (b"IN", Word::In),
        (b"LIKE", Word::Like),
        (b"NOT", Word::Not),
        (b"SELECT", Word::Select),
        (b"SET", Word::Set),
        (b"VALUES", Word::Values),
        (b"VALUE", Word::Values),
        (b"GROUP", Word::Closing),
        (b"ORDER", Word::Closing),
        (b"LIMIT", Word::Closing),
        (b"FROM", Word::Closing),
        (b"FOR", Word::Closing),
        (b"LOCK", Word::Closing),
        (b"UNION", Word::Closing),
        (b"DUPLICATE", Word::Closing),
    ];
    if text.len() > 9 {
        return Word::Plain;
    }
    WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map_or(Word::Plain, |(_, word)| *word)
}

/// Lifts the literals of a SELECT, INSERT, REPLACE, UPDATE or DELETE. `None` when there's nothing to lift, or when
/// something stands in the text that the scan doesn't read.
#[must_use]
pub fn lift(text: &str, sql_mode: &str) -> Option<Lifted> {
    if sql_mode.contains("ANSI_QUOTES") || sql_mode.contains("NO_BACKSLASH_ESCAPES") {
        return None;
    }
    let mut scan = Scan::new(text)?;
    while scan.step()? {}
    scan.finish()
}

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// Copied up to here.
    copied: usize,
    out: String,
    values: Vec<Value>,
    clause: Clause,
    before: Before,
    /// BETWEEN was read, its AND wasn't.
    between: bool,
    /// What surrounds the open parentheses.
    outside: Vec<Clause>,
    /// How many parentheses were open where one was opened in a select list: all within is part of a title.
    titled: Option<usize>,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Option<Self> {
        let first = text.split(|c: char| !c.is_ascii_alphabetic()).next()?;
        let known = ["select", "insert", "update", "delete", "replace"];
        if !known.iter().any(|known| first.eq_ignore_ascii_case(known)) {
            return None;
        }
        Some(Self {
            text,
            bytes: text.as_bytes(),
            at: first.len(),
            copied: 0,
            out: String::with_capacity(text.len()),
            values: Vec::new(),
            clause: if first.eq_ignore_ascii_case("select") { Clause::Titles } else { Clause::Closed },
            before: Before::Start,
            between: false,
            outside: Vec::new(),
            titled: None,
        })
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Reads one token. `Some(false)` at the end, `None` when the text isn't for this scan.
    fn step(&mut self) -> Option<bool> {
        let Some(&byte) = self.bytes.get(self.at) else { return Some(false) };
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
            b'\'' | b'"' => self.string()?,
            b'`' => {
                let close = self.bytes.iter().skip(self.at + 1).position(|byte| *byte == b'`')?;
                self.at += close + 2;
                self.before = Before::Other;
            }
            b'0'..=b'9' => self.number(self.at)?,
            b'-' if self.peek(1).is_ascii_digit() && self.may_lift() => {
                let start = self.at;
                self.at += 1;
                self.number(start)?;
            }
            b'#' | b'?' | b';' | b'\\' | b'{' | 0 => return None,
            b'-' if self.peek(1) == b'-' => return None,
            b'/' if self.peek(1) == b'*' => return None,
            b'(' => self.open(),
            b')' => {
                self.clause = self.outside.pop()?;
                self.titled = self.titled.filter(|depth| *depth < self.outside.len());
                self.at += 1;
                self.before = Before::Other;
            }
            b',' => {
                self.at += 1;
                self.before = Before::Separator;
            }
            b'=' | b'<' | b'>' | b'!' => {
                let length = self.bytes.iter().skip(self.at).take_while(|byte| b"=<>!".contains(byte)).count();
                let operator = self.bytes.get(self.at..self.at + length)?;
                self.at += length;
                let known: [&[u8]; 8] = [b"=", b"<", b">", b"<=", b">=", b"<>", b"!=", b"<=>"];
                self.before = if known.contains(&operator) { Before::Comparison } else { Before::Other };
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'@' | 128.. => self.word(),
            _operator => {
                self.at += 1;
                self.before = Before::Other;
            }
        }
        Some(true)
    }

    fn word(&mut self) {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(*byte, b'_' | b'$' | b'@' | b'.' | 128..);
        let length = self.bytes.iter().skip(self.at).take_while(|byte| is_part(byte)).count();
        let found = word(self.bytes.get(self.at..self.at + length).unwrap_or_default());
        self.at += length;
        self.before = match found {
            Word::And if self.between => {
                self.between = false;
                Before::SecondBound
            }
            Word::Between => {
                self.between = true;
                Before::Predicate
            }
            Word::Like => Before::Predicate,
            Word::Condition => {
                self.clause = Clause::Condition;
                Before::Word(found)
            }
            Word::Set => {
                self.clause = Clause::Assignments;
                Before::Other
            }
            Word::Values => {
                self.clause = Clause::Rows;
                Before::Other
            }
            Word::Select => {
                self.clause = Clause::Titles;
                Before::Other
            }
            Word::Closing => {
                self.clause = Clause::Closed;
                Before::Other
            }
            Word::And | Word::Boundary | Word::In | Word::Not => Before::Word(found),
            Word::Plain => Before::Other,
        };
    }

    fn open(&mut self) {
        if self.clause == Clause::Titles && self.titled.is_none() {
            self.titled = Some(self.outside.len());
        }
        self.outside.push(self.clause);
        self.at += 1;
        self.clause = match (self.clause, self.before) {
            (Clause::Condition, Before::Word(Word::In)) => Clause::List,
            (Clause::Condition, Before::Word(_) | Before::Separator) => Clause::Condition,
            (Clause::Rows, _) => Clause::Row,
            (_, _) => Clause::Closed,
        };
        self.before = Before::Separator;
    }

    /// Whether a literal that begins here is one that may be lifted, as far as what stands before it tells.
    fn may_lift(&self) -> bool {
        if self.titled.is_some() {
            return false;
        }
        match (self.clause, self.before) {
            (Clause::Condition, Before::Comparison | Before::SecondBound | Before::Predicate)
            | (Clause::List | Clause::Row, Before::Separator)
            | (Clause::Assignments, Before::Comparison) => true,
            (
                Clause::Titles
                | Clause::Closed
                | Clause::Condition
                | Clause::List
                | Clause::Assignments
                | Clause::Rows
                | Clause::Row,
                _,
            ) => false,
        }
    }

    /// Whether the literal before the scan stands alone, as far as what follows tells.
    fn stands_alone(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default().trim_ascii_start();
        match rest.first() {
            None | Some(b',' | b')') => true,
            Some(letter) if letter.is_ascii_alphabetic() && rest.len() < self.bytes.len() - self.at => {
                let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                matches!(
                    word(rest.get(..length).unwrap_or_default()),
                    Word::And | Word::Boundary | Word::Condition | Word::Closing
                )
            }
            Some(_) => false,
        }
    }

    fn put(&mut self, start: usize, value: Value) -> Option<()> {
        if self.values.len() == MOST {
            return None;
        }
        self.out.push_str(self.text.get(self.copied..start)?);
        self.out.push('?');
        self.copied = self.at;
        self.values.push(value);
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let start = self.at;
        let (value, end) = quoted(self.bytes, start)?;
        self.at = end;
        // PostgreSQL's text can't hold a NUL: the original statement says what becomes of it.
        if self.may_lift() && self.stands_alone() && !value.contains(&0) {
            self.put(start, Value::Text(String::from_utf8(value).ok()?))?;
        }
        self.before = Before::Other;
        Some(())
    }

    /// A number whose digits begin here; `start` is where its sign is.
    fn number(&mut self, start: usize) -> Option<()> {
        let lifts = self.may_lift();
        let digits = |from: usize| self.bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = self.at + digits(self.at);
        let fraction = self.bytes.get(end) == Some(&b'.');
        if fraction {
            end += 1 + digits(end + 1);
        }
        // 0x1F, 1e5 and names that begin with digits: read as one, never lifted.
        let tail =
            self.bytes.iter().skip(end).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        self.at = end + tail;
        self.before = Before::Other;
        if !lifts || tail > 0 || !self.stands_alone() {
            return Some(());
        }
        let written = self.text.get(start..end)?;
        let value = if fraction {
            if written.ends_with('.') || written.len() > 30 {
                return Some(());
            }
            Value::Decimal(written.to_owned())
        } else {
            let Ok(number) = written.parse::<i64>() else { return Some(()) };
            Value::Int(number)
        };
        self.put(start, value)
    }

    fn finish(mut self) -> Option<Lifted> {
        if self.values.is_empty() || !self.outside.is_empty() {
            return None;
        }
        self.out.push_str(self.text.get(self.copied..)?);
        Some(Lifted { text: self.out, values: self.values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifted(text: &str) -> Option<(String, Vec<Value>)> {
        lift(text, "").map(|lifted| (lifted.text, lifted.values))
    }

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    #[test]
    fn literals_of_conditions_assignments_and_rows_are_lifted() {
        let cases: &[(&str, &str, Vec<Value>)] = &[
            ("SELECT c FROM t WHERE id=7", "SELECT c FROM t WHERE id=?", vec![Value::Int(7)]),
            (
                "select a from t where b = 'it''s' and (c<-3 or d >= 1.50) order by 1 limit 5",
                "select a from t where b = ? and (c<? or d >= ?) order by 1 limit 5",
                vec![text("it's"), Value::Int(-3), Value::Decimal("1.50".to_owned())],
            ),
            (
                "SELECT SUM(k) FROM t WHERE id BETWEEN 5 AND 9 AND n LIKE 'a\\%b%' AND x IN (1, 'y')",
                "SELECT SUM(k) FROM t WHERE id BETWEEN ? AND ? AND n LIKE ? AND x IN (?, ?)",
                vec![Value::Int(5), Value::Int(9), text("a\\%b%"), Value::Int(1), text("y")],
            ),
            (
                "INSERT INTO t (a, b) VALUES (1, 'x'), (NOW(), 0x41)",
                "INSERT INTO t (a, b) VALUES (?, ?), (NOW(), 0x41)",
                vec![Value::Int(1), text("x")],
            ),
            (
                "UPDATE t SET a='b', c=c+1 WHERE id=2",
                "UPDATE t SET a=?, c=c+1 WHERE id=?",
                vec![text("b"), Value::Int(2)],
            ),
        ];
        for (statement, shared, values) in cases {
            assert_eq!(lifted(statement), Some(((*shared).to_owned(), values.clone())), "{statement}");
        }
    }

    #[test]
    fn literals_that_mean_more_than_a_value_stay() {
        for statement in [
            "SELECT 1, 'a' FROM t",
            "SELECT a FROM t GROUP BY 1 ORDER BY 2 LIMIT 3, 4",
            "SELECT a FROM t WHERE DATE_FORMAT(d, '%Y') IS NULL",
            "SELECT a FROM t WHERE j->'$.a' IS NULL",
            "SELECT a FROM t WHERE a = 1 + b",
            "SELECT a FROM t WHERE a = 'x' 'y'",
            "SELECT a FROM t WHERE a = 'x' COLLATE utf8mb4_bin",
            "SELECT a FROM t WHERE a = 1e3 AND b = 0x10 AND c = _latin1'x' AND d = DATE'2020-01-01'",
            "SELECT a FROM t WHERE d > NOW() - INTERVAL 1 DAY",
            "SELECT a FROM t WHERE 5 = a",
            "SELECT (SELECT b FROM u WHERE c = 5), (SELECT 1 FROM u WHERE d IN ('x')) FROM t",
            "SELECT a FROM t WHERE a = ? AND b = 5",
            "SELECT a FROM t WHERE a = 5 -- five",
            "SELECT a FROM t WHERE a = /* x */ 5",
            "SHOW TABLES LIKE 'x'",
            "SET @a = 5",
            "SELECT a FROM t WHERE a = 'unfinished",
        ] {
            assert_eq!(lifted(statement), None, "{statement}");
        }
        assert_eq!(lift("SELECT a FROM t WHERE a = 5", "ANSI_QUOTES"), None);
    }

    #[test]
    fn a_subquery_has_clauses_of_its_own() {
        let statement = "SELECT a FROM t WHERE b IN (SELECT 1 FROM u WHERE v = 2) AND c = 3";
        let shared = "SELECT a FROM t WHERE b IN (SELECT 1 FROM u WHERE v = ?) AND c = ?";
        assert_eq!(lifted(statement), Some((shared.to_owned(), vec![Value::Int(2), Value::Int(3)])));
    }
}
