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
