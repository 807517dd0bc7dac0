//! MySQL collations and what carries them in PostgreSQL.
//!
//! The `utf8mb4_0900` family compares as ICU's root collation does at strength one, two or three, and its languages as
//! ICU's tailorings of the same languages (measured over all assigned letters of the Latin, Greek and Cyrillic blocks;
//! Danish, Norwegian and Latin differ). Binary collations of Unicode and single-byte character sets compare by code
//! point, which is PostgreSQL's `"C"`. All collations but the `0900` family and `binary` ignore trailing blanks
//! ([`pads_blanks`]), which no collation of ICU does; PostgreSQL's type `bpchar` does, so what they compare is compared as
//! that, and columns stay text, which keeps the blanks. The older families are carried by the nearest ICU locale and strength: for each
//! collation of single bytes the one under which the fewest pairs of its letters compare otherwise. The stored text is
//! the same to the last byte, but comparisons differ in the ways that [`Difference`] names, and the operator is told so
//! before a cutover. Any other collation is refused by name.

use super::charset;
use super::quote;

/// How a collation's comparisons in PostgreSQL differ from MySQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// None known for text without control characters.
    None,
    /// Some letters outside ASCII compare differently.
    Letters,
}

impl Difference {
    /// What an operator should know; `None` when there is nothing.
    #[must_use]
    pub fn explanation(self) -> Option<&'static str> {
        match self {
            Difference::None => None,
            Difference::Letters => Some("some letters outside ASCII compare differently on PostgreSQL"),
        }
    }
}

/// What carries a MySQL collation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// As written after COLLATE: `"C"` or `"mysql"."utf8mb4_0900_ai_ci"`.
    pub sql: String,
    /// ICU locale when the collation must be created in schema `mysql`.
    pub locale: Option<String>,
    pub difference: Difference,
}

/// Languages of `utf8mb4_xx_0900_ai_ci` and `_as_cs`, and ICU's name for their order of letters.
const MODERN: [(&str, &str); 27] = [
    ("bg", "bg"),
    ("bs", "bs"),
    ("cs", "cs"),
    ("da", "da"),
    ("de_pb", "de-u-co-phonebk"),
    ("eo", "eo"),
    ("es", "es"),
    ("es_trad", "es-u-co-trad"),
    ("et", "et"),
    ("gl", "gl"),
    ("hr", "hr"),
    ("hu", "hu"),
    ("is", "is"),
    ("la", "und"),
    ("lt", "lt"),
    ("lv", "lv"),
    ("mn_cyrl", "mn"),
    ("nb", "nb"),
    ("nn", "nn"),
    ("pl", "pl"),
    ("ro", "ro"),
    ("ru", "ru"),
    ("sk", "sk"),
    ("sl", "sl"),
    ("sr_latn", "sr-Latn"),
    ("sv", "sv"),
    ("tr", "tr"),
];

/// Languages of the collations of Unicode's version 4, e.g. `utf8mb4_icelandic_ci`.
const OLDER: [(&str, &str); 25] = [
    ("croatian", "hr"),
    ("czech", "cs"),
    ("danish", "da"),
    ("esperanto", "eo"),
    ("estonian", "et"),
    ("general", "und"),
    ("german2", "de-u-co-phonebk"),
    ("hungarian", "hu"),
    ("icelandic", "is"),
    ("latvian", "lv"),
    ("lithuanian", "lt"),
    ("persian", "fa"),
    ("polish", "pl"),
    ("roman", "und"),
    ("romanian", "ro"),
    ("sinhala", "si"),
    ("slovak", "sk"),
    ("slovenian", "sl"),
    ("spanish", "es"),
    ("spanish2", "es-u-co-trad"),
    ("swedish", "sv"),
    ("turkish", "tr"),
    ("unicode", "und"),
    ("unicode_520", "und"),
    ("vietnamese", "vi"),
];

/// Collations of single bytes: the ICU locale and strength that is nearest.
const NARROW: [(&str, &str, u8); 42] = [
    ("armscii8_general_ci", "und", 1),
    ("cp1250_croatian_ci", "hr", 1),
    ("cp1250_czech_cs", "cs", 3),
    ("cp1250_general_ci", "und", 1),
    ("cp1250_polish_ci", "pl", 1),
    ("cp1251_bulgarian_ci", "und", 2),
    ("cp1251_general_ci", "und", 2),
    ("cp1251_general_cs", "und", 3),
    ("cp1251_ukrainian_ci", "und", 2),
    ("cp1256_general_ci", "und", 2),
    ("cp1257_general_ci", "und", 1),
    ("cp850_general_ci", "und", 2),
    ("cp852_general_ci", "und", 1),
    ("cp866_general_ci", "und", 2),
    ("dec8_swedish_ci", "sv", 1),
    ("geostd8_general_ci", "und", 1),
    ("greek_general_ci", "und", 1),
    ("hebrew_general_ci", "und", 1),
    ("hp8_english_ci", "und", 2),
    ("keybcs2_general_ci", "und", 1),
    ("koi8r_general_ci", "und", 2),
    ("koi8u_general_ci", "und", 2),
    ("latin1_danish_ci", "da", 1),
    ("latin1_general_ci", "und", 2),
    ("latin1_general_cs", "und", 3),
    ("latin1_german1_ci", "und", 1),
    ("latin1_german2_ci", "de-u-co-phonebk", 1),
    ("latin1_spanish_ci", "es", 1),
    ("latin1_swedish_ci", "sv", 1),
    ("latin2_croatian_ci", "hr", 1),
    ("latin2_czech_cs", "und", 3),
    ("latin2_general_ci", "und", 1),
    ("latin2_hungarian_ci", "hu", 2),
    ("latin5_turkish_ci", "tr", 1),
    ("latin7_estonian_cs", "et", 3),
    ("latin7_general_ci", "und", 2),
    ("latin7_general_cs", "und", 3),
    ("macce_general_ci", "und", 1),
    ("macroman_general_ci", "und", 1),
    ("swe7_swedish_ci", "sv", 1),
    ("tis620_thai_ci", "und", 1),
    ("ascii_general_ci", "und", 1),
];

/// An ICU locale with its strength.
fn at_level(locale: &str, level: u8) -> String {
    let extended = if locale.contains("-u-") { "" } else { "-u" };
    format!("{locale}{extended}-ks-level{level}")
}

fn modern(language: &str, level: u8) -> Option<(String, Difference)> {
    let (_, locale) = MODERN.iter().chain(&[("vi", "vi")]).find(|(name, _)| *name == language)?;
    let differs = matches!(language, "da" | "la" | "nb" | "nn");
    Some((at_level(locale, level), if differs { Difference::Letters } else { Difference::None }))
}

/// Locale and difference of a collation that ICU carries.
fn linguistic(collation: &str) -> Option<(String, Difference)> {
    if let Some(rest) = collation.strip_prefix("utf8mb4_") {
        match rest {
            "0900_ai_ci" => return Some((at_level("und", 1), Difference::None)),
            "0900_as_ci" => return Some((at_level("und", 2), Difference::None)),
            "0900_as_cs" => return Some((at_level("und", 3), Difference::None)),
            _ => {}
        }
        if let Some(language) = rest.strip_suffix("_0900_ai_ci") {
            return modern(language, 1);
        }
        if let Some(language) = rest.strip_suffix("_0900_as_cs") {
            return modern(language, 3);
        }
    }
    if let Some((_, locale, level)) = NARROW.iter().find(|(name, _, _)| *name == collation) {
        let letters = collation != "ascii_general_ci" && collation != "koi8r_general_ci";
        let difference = if letters { Difference::Letters } else { Difference::None };
        return Some((at_level(locale, *level), difference));
    }
    let (set, language) = collation.strip_suffix("_ci")?.split_once('_')?;
    let unicode = matches!(set, "utf8mb4" | "utf8mb3" | "utf8" | "utf16" | "utf16le" | "utf32" | "ucs2");
    let (_, locale) = OLDER.iter().find(|(name, _)| unicode && *name == language)?;
    Some((at_level(locale, 1), Difference::Letters))
}

/// How a binary collation differs from comparing code points.
fn binary(collation: &str) -> Option<Difference> {
    if let "utf8mb4_0900_bin" | "binary" | "utf8mb4_bin" | "utf8mb3_bin" | "utf8_bin" | "ascii_bin" | "latin1_bin" =
        collation
    {
        return Some(Difference::None);
    }
    let set = charset::find(collation.strip_suffix("_bin")?)?;
    // Bytes of another set are in another order than the code points of their characters.
    let known = set.has('\u{e9}').is_some() && set.name != "gb18030";
    known.then_some(Difference::Letters)
}

/// The carrier of a MySQL collation, or `None` when Bascule refuses it.
#[must_use]
pub fn carrier(collation: &str) -> Option<Carrier> {
    if let Some(difference) = binary(collation) {
        return Some(Carrier { sql: "\"C\"".to_owned(), locale: None, difference });
    }
    let (locale, difference) = linguistic(collation)?;
    Some(Carrier { sql: format!("\"mysql\".{}", quote::identifier(collation)), locale: Some(locale), difference })
}

/// True for collations that ignore trailing blanks in comparisons: all but the `0900` family and `binary`.
#[must_use]
pub fn pads_blanks(collation: &str) -> bool {
    collation != "binary" && !collation.contains("_0900_")
}

/// All collations that must be created in schema `mysql` so that a statement may name them.
pub fn created() -> impl Iterator<Item = &'static str> {
    charset::collations().filter(|name| linguistic(name).is_some())
}

/// The statement that creates a carried collation in schema `mysql` if it isn't there; `None` when none is needed.
#[must_use]
pub fn create(collation: &str) -> Option<String> {
    let carrier = carrier(collation)?;
    let locale = carrier.locale.as_deref()?;
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
        assert_eq!(carrier("gbk_bin"), None);
        assert_eq!(carrier("cp1257_lithuanian_ci"), None, "a fifth of its pairs of letters would differ");
    }

    #[test]
    fn languages_keep_their_order_of_letters() {
        let locale = |name: &str| carrier(name).and_then(|carrier| carrier.locale);
        assert_eq!(locale("utf8mb4_de_pb_0900_ai_ci").as_deref(), Some("de-u-co-phonebk-ks-level1"));
        assert_eq!(locale("utf8mb4_sv_0900_as_cs").as_deref(), Some("sv-u-ks-level3"));
        assert_eq!(locale("latin1_swedish_ci").as_deref(), Some("sv-u-ks-level1"));
        assert_eq!(locale("utf32_turkish_ci").as_deref(), Some("tr-u-ks-level1"));
        assert_eq!(locale("utf8mb4_ja_0900_as_cs"), None);
        assert!(created().count() > 150);
    }
}
