//! Definitions in utf8mb3 that hold characters it doesn't have: MySQL keeps comments and the texts of views and
//! routines as the client wrote them, and refuses those that aren't valid in the client's character set. Other
//! clients' texts are converted first, and never come here.

use super::lexer::{Lexeme, Lexer};
use super::plan::SqlError;

/// The first bytes of four in a row, as MySQL's messages show them.
fn broken(bytes: &[u8]) -> Option<String> {
    let at = bytes.iter().position(|byte| *byte >= 0xf0)?;
    let shown = bytes.get(at..bytes.len().min(at + 3))?;
    Some(shown.iter().map(|byte| format!("\\x{byte:02X}")).collect())
}

fn comment(of: &str, shown: &str) -> SqlError {
    let text = format!("Comment for {of} contains an invalid utf8mb3 character string: '{shown}'.");
    SqlError::new(4088, "HY000", text)
}

fn definition(of: &str, shown: &str) -> SqlError {
    let text = format!("Definition of {of} contains an invalid utf8mb3 character string: '{shown}'.");
    SqlError::new(4089, "HY000", text)
}

/// Where in a table's definition a comment stands.
#[derive(Debug, Default)]
struct Spot {
    /// `field` or `index`, and its name.
    element: Option<(&'static str, String)>,
    partition: Option<String>,
    subpartition: Option<String>,
}

impl Spot {
    fn title(&self, table: &str) -> String {
        match (&self.subpartition, &self.partition, &self.element) {
            (Some(inner), Some(outer), _) => format!("subpartition '{table}.{outer}.{inner}'"),
            (None, Some(outer), _) => format!("partition '{table}.{outer}'"),
            (_, _, Some((kind, name))) => format!("{kind} '{table}.{name}'"),
            (_, _, None) => format!("table '{table}'"),
        }
    }
}

/// 4088 or 4089 for a definition, written in utf8mb3, that can't be kept so.
#[must_use]
pub fn narrow_definition(text: &str, database: &str) -> Option<SqlError> {
    let shown = broken(text.as_bytes())?;
    let lexemes: Vec<Lexeme<'_>> = Lexer::new(text.as_bytes()).collect();
    let creates = lexemes.first()?.is("CREATE");
    if !creates && !lexemes.first()?.is("ALTER") {
        return None;
    }
    let kinds = ["TABLE", "VIEW", "PROCEDURE", "FUNCTION", "EVENT", "TABLESPACE", "INDEX"];
    let at = lexemes.iter().position(|lexeme| lexeme.is_any(&kinds))?;
    let kind = lexemes.get(at)?.name()?.to_ascii_uppercase();
    let behind = lexemes.get(at + 1..)?;
    let skipped = behind.iter().take_while(|lexeme| lexeme.is_any(&["IF", "NOT", "EXISTS"])).count();
    let (name, rest) = qualified(behind.get(skipped..)?, database)?;
    match kind.as_str() {
        "VIEW" => Some(definition(&format!("view '{name}'"), &shown)),
        "TABLE" => in_table(rest, &name, creates),
        "TABLESPACE" => comments(rest).next().map(|shown| comment(&format!("tablespace '{}'", last(&name)), &shown)),
        "EVENT" => comments(rest).next().map(|shown| comment(&format!("event '{name}'"), &shown)),
        "PROCEDURE" | "FUNCTION" => {
            let title = if creates { format!("stored routine '{name}'") } else { format!("{kind} '{name}'") };
            let own = comments(rest).next().map(|shown| comment(&title, &shown));
            own.or_else(|| creates.then(|| definition(&title, &shown)))
        }
        _index => None,
    }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A name with its database, and what stands behind it.
fn qualified<'l>(lexemes: &'l [Lexeme<'l>], database: &str) -> Option<(String, &'l [Lexeme<'l>])> {
    let first = lexemes.first()?.name()?;
    if lexemes.get(1) == Some(&Lexeme::Symbol(b'.')) {
        return Some((format!("{first}.{}", lexemes.get(2)?.name()?), lexemes.get(3..)?));
    }
    Some((format!("{database}.{first}"), lexemes.get(1..)?))
}

/// What is broken in the texts behind COMMENT.
fn comments<'l>(lexemes: &'l [Lexeme<'l>]) -> impl Iterator<Item = String> + 'l {
    (0..lexemes.len()).filter_map(|at| comment_at(lexemes, at))
}

fn comment_at(lexemes: &[Lexeme<'_>], at: usize) -> Option<String> {
    lexemes.get(at).filter(|lexeme| lexeme.is("COMMENT"))?;
    let next = at + 1 + usize::from(lexemes.get(at + 1) == Some(&Lexeme::Symbol(b'=')));
    match lexemes.get(next) {
        Some(Lexeme::Text(text)) => broken(text),
        Some(_) | None => None,
    }
}

fn in_table(lexemes: &[Lexeme<'_>], table: &str, creates: bool) -> Option<SqlError> {
    let (mut depth, mut spot) = (0_usize, Spot::default());
    let elements = usize::from(creates);
    let mut begins = !creates;
    for (at, lexeme) in lexemes.iter().enumerate() {
        if begins {
            spot.element = element(lexemes.get(at..)?);
        }
        if let Some(shown) = comment_at(lexemes, at) {
            return Some(comment(&spot.title(table), &shown));
        }
        let named = || lexemes.get(at + 1).and_then(Lexeme::name);
        match lexeme {
            Lexeme::Symbol(b'(') => depth += 1,
            Lexeme::Symbol(b')') => depth = depth.saturating_sub(1),
            lexeme if lexeme.is("PARTITION") && depth > 0 => (spot.partition, spot.subpartition) = (named(), None),
            lexeme if lexeme.is("SUBPARTITION") && depth > 0 => spot.subpartition = named(),
            _other => {}
        }
        let opens = creates && *lexeme == Lexeme::Symbol(b'(') && depth == 1;
        begins = opens || (*lexeme == Lexeme::Symbol(b',') && depth == elements);
        if creates && depth == 0 {
            spot.element = None;
        }
    }
    None
}

/// The column or index that an element of a table, or a clause of ALTER TABLE, defines.
fn element(lexemes: &[Lexeme<'_>]) -> Option<(&'static str, String)> {
    let words = ["ADD", "MODIFY", "CHANGE", "COLUMN", "UNIQUE", "FULLTEXT", "SPATIAL", "PRIMARY", "CONSTRAINT"];
    let skipped = lexemes.iter().take_while(|lexeme| lexeme.is_any(&words)).count();
    let changes = lexemes.iter().take(skipped).any(|lexeme| lexeme.is("CHANGE"));
    let first = lexemes.get(skipped)?;
    if first.is_any(&["INDEX", "KEY"]) {
        return Some(("index", lexemes.get(skipped + 1)?.name()?));
    }
    if first.is("COMMENT") {
        return None;
    }
    Some(("field", lexemes.get(skipped + usize::from(changes))?.name()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_comment_belongs_to() {
        let of = |text: &str| narrow_definition(text, "d").map(|error| error.message).unwrap_or_default();
        let cases = [
            ("CREATE TABLE t (a INT) COMMENT '🐬'", "table 'd.t'"),
            ("CREATE TABLE e.t (a INT, b INT DEFAULT (1+(2)) COMMENT '🐬')", "field 'e.t.b'"),
            ("CREATE TABLE t (a INT, UNIQUE INDEX i (a) COMMENT '🐬')", "index 'd.t.i'"),
            ("ALTER TABLE t MODIFY a INT COMMENT '🐬'", "field 'd.t.a'"),
            ("ALTER TABLE t CHANGE a b INT COMMENT '🐬'", "field 'd.t.b'"),
            ("ALTER TABLE t ADD INDEX i(a) COMMENT '🐬'", "index 'd.t.i'"),
            ("ALTER TABLE t ADD b INT, COMMENT = '🐬'", "table 'd.t'"),
            ("ALTER PROCEDURE p COMMENT '🐬'", "PROCEDURE 'd.p'"),
            ("CREATE VIEW v AS SELECT '🐬'", "view 'd.v'"),
            ("CREATE FUNCTION f() RETURNS INT RETURN /* 🐬 */ 0", "stored routine 'd.f'"),
            ("INSERT INTO t VALUES ('🐬')", ""),
        ];
        for (text, title) in cases {
            assert!(of(text).contains(title), "{text}: {}", of(text));
        }
        assert!(of("CREATE TABLE t (a INT) COMMENT 'x🐬'").ends_with("string: '\\xF0\\x9F\\x90'."));
    }
}
