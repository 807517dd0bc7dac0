//! MySQL collations and what carries them in PostgreSQL.
//!
//! The `utf8mb4_0900` family compares as ICU's root collation does at strength one, two or three (measured over all
//! assigned characters of the Latin, Greek and Cyrillic blocks). Binary collations of Unicode and single-byte
//! character sets compare by code point, which is PostgreSQL's `"C"`. The older families are carried by the nearest
//! ICU strength: the stored text is the same to the last byte, but comparisons differ in the ways that
//! [`Difference`] names, and the operator is told so before a cutover. Any other collation is refused by name.

use super::quote;

/// How a collation's comparisons in PostgreSQL differ from MySQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// None known for text without control characters.
    None,
    /// MySQL ignores trailing spaces in comparisons, PostgreSQL doesn't.
    TrailingSpaces,
    /// As above, and some letters outside ASCII compare differently.
    TrailingSpacesAndLetters,
}

impl Difference {
    /// What an operator should know; `None` when there is nothing.
    #[must_use]
    pub fn explanation(self) -> Option<&'static str> {
        match self {
            Difference::None => None,
            Difference::TrailingSpaces => Some("trailing spaces count in comparisons on PostgreSQL"),
            Difference::TrailingSpacesAndLetters => Some(
                "trailing spaces count in comparisons on PostgreSQL, and some letters outside ASCII compare differently",
            ),
        }
    }
}

/// What carries a MySQL collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// As written after COLLATE: `"C"` or `"mysql"."utf8mb4_0900_ai_ci"`.
    pub sql: String,
    /// ICU locale when the collation must be created in schema `mysql`.
    pub locale: Option<&'static str>,
    pub difference: Difference,
}

/// The carrier of a MySQL collation, or `None` when Bascule refuses it.
#[must_use]
pub fn carrier(collation: &str) -> Option<Carrier> {
    use Difference::{None as Same, TrailingSpaces, TrailingSpacesAndLetters};
    const PRIMARY: &str = "und-u-ks-level1";
    let (locale, difference) = match collation {
        "utf8mb4_0900_ai_ci" => (Some(PRIMARY), Same),
        "utf8mb4_0900_as_ci" => (Some("und-u-ks-level2"), Same),
        "utf8mb4_0900_as_cs" => (Some("und-u-ks-level3"), Same),
        "utf8mb4_0900_bin" | "binary" => (None, Same),
        "utf8mb4_bin" | "utf8mb3_bin" | "utf8_bin" | "ascii_bin" | "latin1_bin" => (None, TrailingSpaces),
        "ascii_general_ci" => (Some(PRIMARY), TrailingSpaces),
        "utf8mb4_unicode_520_ci"
        | "utf8mb4_unicode_ci"
        | "utf8mb4_general_ci"
        | "utf8mb3_unicode_520_ci"
        | "utf8mb3_unicode_ci"
        | "utf8mb3_general_ci"
        | "utf8_unicode_520_ci"
        | "utf8_unicode_ci"
        | "utf8_general_ci"
        | "latin1_swedish_ci"
        | "latin1_general_ci" => (Some(PRIMARY), TrailingSpacesAndLetters),
        _ => return None,
    };
    let sql = match locale {
        Some(_) => format!("\"mysql\".{}", quote::identifier(collation)),
        None => "\"C\"".to_owned(),
    };
    Some(Carrier { sql, locale, difference })
}

/// The statement that creates a carried collation in schema `mysql` if it isn't there; `None` when none is needed.
#[must_use]
pub fn create(collation: &str) -> Option<String> {
    let carrier = carrier(collation)?;
    let locale = carrier.locale?;
    Some(format!(
        "CREATE COLLATION IF NOT EXISTS {} (provider = icu, locale = '{locale}', deterministic = false)",
        carrier.sql
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_their_carriers() {
        let modern = carrier("utf8mb4_0900_ai_ci").expect("carried");
        assert_eq!(modern.sql, "\"mysql\".\"utf8mb4_0900_ai_ci\"");
        assert_eq!(modern.difference, Difference::None);
        assert_eq!(carrier("utf8mb4_bin").expect("carried").sql, "\"C\"");
        assert_eq!(create("utf8mb4_bin"), None);
        assert_eq!(carrier("sjis_japanese_ci"), None);
    }
}
