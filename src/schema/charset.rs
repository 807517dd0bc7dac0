//! MySQL's character sets and the names of its collations, read from MySQL 9.7.4: every byte's character as CONVERT
//! gives it.
//!
//! PostgreSQL holds UTF-8. Text in a character set of single bytes is converted on its way in and out; characters that
//! the set doesn't have become `?`, as in MySQL.

use std::collections::HashMap;
use std::sync::LazyLock;

/// name, default collation, its id, bytes of the longest character, characters of the bytes from 128.
const CHARSETS: &str = include_str!("charsets.txt");
/// name, id, character set.
const COLLATIONS: &str = include_str!("collations.txt");

/// A character set.
#[derive(Debug)]
pub struct Charset {
    /// As MySQL spells it.
    pub name: &'static str,
    /// Its default collation.
    pub collation: &'static str,
    /// That collation's number.
    pub id: u16,
    /// Bytes of its longest character.
    pub bytes: u32,
    /// Characters of the bytes from 128, for sets of single bytes that contain ASCII.
    high: Option<Vec<Option<char>>>,
    codes: HashMap<char, u8>,
}

static ALL: LazyLock<Vec<Charset>> = LazyLock::new(|| CHARSETS.lines().filter_map(parse).collect());

static BY_COLLATION: LazyLock<HashMap<&'static str, (u16, &'static str)>> = LazyLock::new(|| {
    let parts = COLLATIONS.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    parts
        .filter_map(|parts| match parts[..] {
            [name, id, charset] => Some((name, (id.parse().ok()?, charset))),
            _ => None,
        })
        .collect()
});

fn parse(line: &'static str) -> Option<Charset> {
    let mut parts = line.split('\t');
    let (name, collation) = (parts.next()?, parts.next()?);
    let (id, bytes) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let high = parts.next().filter(|codes| *codes != "-").map(|codes| {
        let character = |code: &str| u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        codes.split(' ').map(character).collect::<Vec<_>>()
    });
    let mut codes = HashMap::new();
    for (at, character) in high.iter().flatten().enumerate() {
        if let (Some(character), Ok(byte)) = (character, u8::try_from(128 + at)) {
            codes.entry(*character).or_insert(byte);
        }
    }
    Some(Charset { name, collation, id, bytes, high, codes })
}

/// The character set of that name; `utf8` is utf8mb3.
#[must_use]
pub fn find(name: &str) -> Option<&'static Charset> {
    let name = if name.eq_ignore_ascii_case("utf8") { "utf8mb3" } else { name };
    ALL.iter().find(|charset| charset.name.eq_ignore_ascii_case(name))
}

/// The character set of a collation.
#[must_use]
pub fn of_collation(collation: &str) -> Option<&'static Charset> {
    let (_, charset) = BY_COLLATION.get(collation.to_ascii_lowercase().as_str())?;
    find(charset)
}

/// The names of all collations.
pub fn collations() -> impl Iterator<Item = &'static str> {
    COLLATIONS.lines().filter_map(|line| line.split('\t').next())
}

/// The id under which clients know a collation.
#[must_use]
pub fn collation_id(collation: &str) -> Option<u16> {
    BY_COLLATION.get(collation).map(|(id, _)| *id)
}

/// Name and character set of the collation with an id.
#[must_use]
pub fn by_collation_id(id: u16) -> Option<(&'static str, &'static Charset)> {
    let (name, (_, charset)) = BY_COLLATION.iter().find(|(_, (known, _))| *known == id)?;
    Some((name, find(charset)?))
}

impl Charset {
    /// True for the sets in which text can be sent and received.
    #[must_use]
    pub fn is_spoken(&self) -> bool {
        self.high.is_some() || matches!(self.name, "utf8mb4" | "utf8mb3" | "binary")
    }

    /// True for sets of single bytes.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.bytes == 1
    }

    /// Whether the set has the character; `None` where that isn't known here: the sets of several bytes that aren't
    /// Unicode.
    #[must_use]
    pub fn has(&self, character: char) -> Option<bool> {
        match self.name {
            "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => Some(true),
            "utf8mb3" | "ucs2" => Some(u32::from(character) <= 0xffff),
            _ if character.is_ascii() && self.name != "swe7" => Some(true),
            _ if self.high.is_some() => Some(self.codes.contains_key(&character)),
            _ => None,
        }
    }

    /// Characters of the bytes from 128, for sets of single bytes.
    pub fn high(&self) -> impl Iterator<Item = char> {
        self.high.iter().flatten().flatten().copied()
    }

    /// Text of this set in UTF-8; `None` for sets of several bytes.
    #[must_use]
    pub fn decode(&self, bytes: &[u8]) -> Option<String> {
        let high = self.high.as_ref()?;
        let character = |byte: &u8| match byte.checked_sub(128) {
            None => char::from(*byte),
            Some(at) => high.get(usize::from(at)).copied().flatten().unwrap_or('?'),
        };
        Some(bytes.iter().map(character).collect())
    }

    /// Text in this set.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u8> {
        if self.high.is_none() || text.is_ascii() {
            let narrow = self.name == "utf8mb3" && text.chars().any(|character| character.len_utf8() > 3);
            // utf8mb3 has no characters of four bytes.
            return if narrow {
                text.replace(|character: char| character.len_utf8() > 3, "?").into_bytes()
            } else {
                text.as_bytes().to_vec()
            };
        }
        let code = |character: char| match u8::try_from(character) {
            Ok(ascii) if ascii.is_ascii() => ascii,
            _ => self.codes.get(&character).copied().unwrap_or(b'?'),
        };
        text.chars().map(code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole() {
        assert_eq!(ALL.len(), CHARSETS.lines().count());
        assert!(ALL.iter().filter_map(|charset| charset.high.as_ref()).all(|high| high.len() == 128));
        assert!(ALL.iter().all(|charset| collation_id(charset.collation) == Some(charset.id)));
    }

    #[test]
    fn latin1_is_windows_1252() {
        let latin1 = find("latin1").expect("known");
        assert_eq!(latin1.decode(b"caf\xe9 \x80").as_deref(), Some("café €"));
        assert_eq!(latin1.encode("café €→"), b"caf\xe9 \x80?");
        assert_eq!(find("cp1251").expect("known").encode("Привет"), b"\xcf\xf0\xe8\xe2\xe5\xf2");
    }

    #[test]
    fn a_set_knows_its_characters() {
        let has = |name: &str, character| find(name).and_then(|charset| charset.has(character));
        assert_eq!(has("koi8r", 'Ж'), Some(true));
        assert_eq!(has("koi8r", 'é'), Some(false));
        assert_eq!(has("ascii", 'é'), Some(false));
        assert_eq!(has("utf8mb3", '🐬'), Some(false));
        assert_eq!(has("sjis", 'ア'), None);
    }
}
