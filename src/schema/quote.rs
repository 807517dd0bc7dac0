//! The one place that writes names and text into PostgreSQL statements.
//!
//! Names are always quoted, so that MySQL's spelling survives and no word is reserved. Text is written so that it
//! means the same under either setting of `standard_conforming_strings`. A NUL byte passes through unchanged: the
//! protocol layer refuses a statement that contains one, so it can't cut a statement short.

use xxhash_rust::xxh3::xxh3_64;

use super::TableName;

/// PostgreSQL's limit for names, in bytes.
pub const NAME_LIMIT: usize = 63;

/// Length of the suffix that tells shortened names apart: an underscore and 16 hexadecimal digits.
const SUFFIX: usize = 17;

/// `name` as a quoted PostgreSQL identifier. MySQL's names may be longer than PostgreSQL's: see [`bounded`].
#[must_use]
pub fn identifier(name: &str) -> String {
    if name.len() > NAME_LIMIT {
        return identifier(&bounded(name));
    }
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for character in name.chars() {
        if character == '"' {
            quoted.push('"');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// `"database"."table"`.
#[must_use]
pub fn table(name: &TableName) -> String {
    format!("{}.{}", identifier(&name.database), identifier(&name.table))
}

/// A comma list of quoted identifiers.
#[must_use]
pub fn identifiers<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(identifier).collect::<Vec<_>>().join(", ")
}

/// `text` as a PostgreSQL string literal.
#[must_use]
pub fn literal(text: &str) -> String {
    let escaped = text.contains('\\');
    let mut quoted = String::with_capacity(text.len() + 4);
    quoted.push_str(if escaped { " E'" } else { "'" });
    for character in text.chars() {
        if character == '\'' || character == '\\' {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted.push('\'');
    quoted
}

/// The bytes of a bytea in PostgreSQL's text, `\x` and pairs of digits; `None` for other text.
#[must_use]
pub fn bytea(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits = text.strip_prefix(b"\\x")?;
    digits.chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// `bytes` as a PostgreSQL bytea literal.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut quoted = String::with_capacity(bytes.len() * 2 + 16);
    quoted.push_str("decode('");
    for byte in bytes {
        write!(quoted, "{byte:02x}").expect("writing to a String can't fail");
    }
    quoted.push_str("', 'hex')");
    quoted
}

/// `name` within PostgreSQL's limit: kept when it fits, else shortened and told apart by a hash of the whole name.
#[must_use]
pub fn bounded(name: &str) -> String {
    if name.len() <= NAME_LIMIT {
        return name.to_owned();
    }
    let mut end = NAME_LIMIT - SUFFIX;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{:016x}", &name[..end], xxh3_64(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(identifier("Order"), "\"Order\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(identifiers(["a", "b"]), "\"a\", \"b\"");
        let long = "x".repeat(64);
        assert_eq!(identifier(&long), format!("\"{}\"", bounded(&long)));
    }

    #[test]
    fn text_keeps_quotes_and_backslashes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
        assert_eq!(bytes(&[0, 0xff]), "decode('00ff', 'hex')");
    }

    #[test]
    fn long_names_are_shortened_apart() {
        let long = "é".repeat(40);
        let shortened = bounded(&long);
        assert!(shortened.len() <= NAME_LIMIT, "{shortened}");
        assert_ne!(shortened, bounded(&format!("{long}x")));
        assert_eq!(bounded(&"x".repeat(63)), "x".repeat(63));
    }
}
