//! Character sets that clients speak, read from MySQL 9.7.4: every byte's character as CONVERT gives it.
//!
//! PostgreSQL holds UTF-8. Text of a client in a character set of single bytes is converted on its way in and out;
//! characters that the set doesn't have become `?`, as in MySQL. The sets of several bytes are refused by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::error::MysqlError;

/// name, default collation, its id, bytes of the longest character, characters of the bytes from 128.
const CHARSETS: &str = include_str!("charsets.txt");
/// name, id, character set.
const COLLATIONS: &str = include_str!("collations.txt");

/// A character set.
#[derive(Debug)]
pub(super) struct Charset {
    pub(super) name: &'static str,
    /// Its default collation and that collation's id.
    pub(super) collation: &'static str,
    pub(super) id: u16,
    /// Bytes of its longest character.
    pub(super) bytes: u32,
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
pub(super) fn find(name: &str) -> Option<&'static Charset> {
    let name = if name.eq_ignore_ascii_case("utf8") { "utf8mb3" } else { name };
    ALL.iter().find(|charset| charset.name.eq_ignore_ascii_case(name))
}

/// The character set of a collation.
pub(super) fn of_collation(collation: &str) -> Option<&'static Charset> {
    let (_, charset) = BY_COLLATION.get(collation.to_ascii_lowercase().as_str())?;
    find(charset)
}

/// The id under which clients know a collation.
pub(super) fn collation_id(collation: &str) -> Option<u16> {
    BY_COLLATION.get(collation).map(|(id, _)| *id)
}

/// Name and character set of the collation with an id.
pub(super) fn by_collation_id(id: u16) -> Option<(&'static str, &'static Charset)> {
    let (name, (_, charset)) = BY_COLLATION.iter().find(|(_, (known, _))| *known == id)?;
    Some((name, find(charset)?))
}

/// One that Bascule can speak: 1115 for a name that doesn't exist, 1235 for one that isn't carried.
pub(super) fn known(name: &str) -> Result<&'static Charset, MysqlError> {
    let charset =
        find(name).ok_or_else(|| MysqlError::new(1115, "42000", format!("Unknown character set: '{name}'")))?;
    if charset.is_carried() {
        return Ok(charset);
    }
    Err(MysqlError::unsupported(&format!("character set {}", charset.name)))
}

/// One in which statements can be sent: 1231 for those whose ASCII isn't ASCII.
pub(super) fn for_client(name: &str) -> Result<&'static Charset, MysqlError> {
    if let Some(wide) = find(name).filter(|charset| ["ucs2", "utf16", "utf16le", "utf32"].contains(&charset.name)) {
        let text = format!("Variable 'character_set_client' can't be set to the value of '{}'", wide.name);
        return Err(MysqlError::new(1231, "42000", text));
    }
    known(name)
}

impl Charset {
    fn is_carried(&self) -> bool {
        self.high.is_some() || matches!(self.name, "utf8mb4" | "utf8mb3" | "binary")
    }

    /// Text of this set in UTF-8; `None` for sets of several bytes.
    pub(super) fn decode(&self, bytes: &[u8]) -> Option<String> {
        let high = self.high.as_ref()?;
        let character = |byte: &u8| match byte.checked_sub(128) {
            None => char::from(*byte),
            Some(at) => high.get(usize::from(at)).copied().flatten().unwrap_or('?'),
        };
        Some(bytes.iter().map(character).collect())
    }

    /// Text in this set.
    pub(super) fn encode(&self, text: &str) -> Vec<u8> {
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
    fn what_isnt_carried_has_a_name() {
        assert_eq!(known("gbk").map_err(|error| error.code).err(), Some(1235));
        assert_eq!(known("bogus").map_err(|error| error.code).err(), Some(1115));
        assert_eq!(for_client("utf16").map_err(|error| error.code).err(), Some(1231));
        assert_eq!(for_client("utf8").map(|charset| charset.id).ok(), Some(33));
    }
}
