//! Which character sets clients may speak. What a set is, is [`crate::schema::charset`]'s; here is what a client is told
//! about those that Bascule doesn't speak.

pub(super) use crate::schema::charset::{Charset, by_collation_id, collation_id, find, of_collation};

use super::error::MysqlError;

/// One that Bascule can speak: 1115 for a name that doesn't exist, 1235 for one that isn't carried.
pub(super) fn known(name: &str) -> Result<&'static Charset, MysqlError> {
    let charset =
        find(name).ok_or_else(|| MysqlError::new(1115, "42000", format!("Unknown character set: '{name}'")))?;
    if charset.is_spoken() {
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

/// What MySQL warns of when a client asks for a character set by its name.
pub(super) fn warning(name: &str) -> Option<(u16, String)> {
    let old = "'utf8' is currently an alias for the character set UTF8MB3, but will be an alias for UTF8MB4 in a future \
               release. Please consider using UTF8MB4 in order to be unambiguous.";
    let dropped = "'utf8mb3' is deprecated and will be removed in a future release. Please use utf8mb4 instead";
    match name.to_ascii_lowercase().as_str() {
        "utf8" => Some((3719, old.to_owned())),
        "utf8mb3" => Some((1287, dropped.to_owned())),
        _current => None,
    }
}

/// The same of a collation.
pub(super) fn collation_warning(name: &str) -> Option<(u16, String)> {
    let lower = name.to_ascii_lowercase();
    let rest = lower.strip_prefix("utf8mb3_").or_else(|| lower.strip_prefix("utf8_"))?;
    let message = format!(
        "'utf8mb3_{rest}' is a collation of the deprecated character set UTF8MB3. Please consider using UTF8MB4 with an \
         appropriate collation instead."
    );
    Some((3778, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_isnt_carried_has_a_name() {
        assert_eq!(known("gbk").map_err(|error| error.code).err(), Some(1235));
        assert_eq!(known("bogus").map_err(|error| error.code).err(), Some(1115));
        assert_eq!(for_client("utf16").map_err(|error| error.code).err(), Some(1231));
        assert_eq!(for_client("utf8").map(|charset| charset.id).ok(), Some(33));
    }
}
