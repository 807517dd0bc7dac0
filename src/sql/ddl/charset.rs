//! Character sets and collations: names, defaults and which belongs to which.

use super::super::plan::SqlError;
use crate::schema::collation::carrier;

/// Name, default collation and bytes of the longest character.
const CHARSETS: [(&str, &str, u32); 41] = [
    ("armscii8", "armscii8_general_ci", 1),
    ("ascii", "ascii_general_ci", 1),
    ("big5", "big5_chinese_ci", 2),
    ("binary", "binary", 1),
    ("cp1250", "cp1250_general_ci", 1),
    ("cp1251", "cp1251_general_ci", 1),
    ("cp1256", "cp1256_general_ci", 1),
    ("cp1257", "cp1257_general_ci", 1),
    ("cp850", "cp850_general_ci", 1),
    ("cp852", "cp852_general_ci", 1),
    ("cp866", "cp866_general_ci", 1),
    ("cp932", "cp932_japanese_ci", 2),
    ("dec8", "dec8_swedish_ci", 1),
    ("eucjpms", "eucjpms_japanese_ci", 3),
    ("euckr", "euckr_korean_ci", 2),
    ("gb18030", "gb18030_chinese_ci", 4),
    ("gb2312", "gb2312_chinese_ci", 2),
    ("gbk", "gbk_chinese_ci", 2),
    ("geostd8", "geostd8_general_ci", 1),
    ("greek", "greek_general_ci", 1),
    ("hebrew", "hebrew_general_ci", 1),
    ("hp8", "hp8_english_ci", 1),
    ("keybcs2", "keybcs2_general_ci", 1),
    ("koi8r", "koi8r_general_ci", 1),
    ("koi8u", "koi8u_general_ci", 1),
    ("latin1", "latin1_swedish_ci", 1),
    ("latin2", "latin2_general_ci", 1),
    ("latin5", "latin5_turkish_ci", 1),
    ("latin7", "latin7_general_ci", 1),
    ("macce", "macce_general_ci", 1),
    ("macroman", "macroman_general_ci", 1),
    ("sjis", "sjis_japanese_ci", 2),
    ("swe7", "swe7_swedish_ci", 1),
    ("tis620", "tis620_thai_ci", 1),
    ("ucs2", "ucs2_general_ci", 2),
    ("ujis", "ujis_japanese_ci", 3),
    ("utf16", "utf16_general_ci", 4),
    ("utf16le", "utf16le_general_ci", 4),
    ("utf32", "utf32_general_ci", 4),
    ("utf8mb3", "utf8mb3_general_ci", 3),
    ("utf8mb4", "utf8mb4_0900_ai_ci", 4),
];

/// A character set with one of its collations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Charset {
    pub(super) charset: String,
    pub(super) collation: String,
}

impl Charset {
    /// The pair as the catalogue spells it.
    pub(super) fn new(charset: &str, collation: &str) -> Self {
        Self { charset: charset.to_owned(), collation: collation.to_owned() }
    }

    /// What `CHARACTER SET charset COLLATE collation` means where `inherited` holds without them.
    pub(super) fn resolve(
        charset: Option<&str>,
        collation: Option<&str>,
        inherited: &Charset,
    ) -> Result<Self, SqlError> {
        let charset = charset.map(known).transpose()?;
        let collation = collation.map(collation_name).transpose()?;
        Ok(match (charset, collation) {
            (None, None) => inherited.clone(),
            (Some((charset, default, _)), None) => Self::new(charset, default),
            (None, Some((charset, collation))) => Self::new(charset, &collation),
            (Some((charset, _, _)), Some((owner, collation))) => {
                if charset != owner {
                    let text = format!("COLLATION '{collation}' is not valid for CHARACTER SET '{charset}'");
                    return Err(SqlError::new(1253, "42000", text));
                }
                Self::new(charset, &collation)
            }
        })
    }

    /// The same character set with its `_bin` collation.
    pub(super) fn binary(&self) -> Self {
        if self.charset == "binary" {
            return self.clone();
        }
        Self::new(&self.charset, &format!("{}_bin", self.charset))
    }
}

/// Bytes of the longest character of a character set.
pub(super) fn longest_character(charset: &str) -> u32 {
    known(charset).map_or(4, |(_, _, bytes)| bytes)
}

fn known(name: &str) -> Result<(&'static str, &'static str, u32), SqlError> {
    let lower = name.to_ascii_lowercase();
    let modern = if lower == "utf8" { "utf8mb3" } else { lower.as_str() };
    CHARSETS
        .iter()
        .find(|(charset, _, _)| *charset == modern)
        .copied()
        .ok_or_else(|| SqlError::new(1115, "42000", format!("Unknown character set: '{name}'")))
}

/// The collation's character set and its name in today's spelling.
fn collation_name(name: &str) -> Result<(&'static str, String), SqlError> {
    let lower = name.to_ascii_lowercase();
    let modern = match lower.strip_prefix("utf8_") {
        Some(rest) => format!("utf8mb3_{rest}"),
        None => lower,
    };
    let prefix = modern.split('_').next().unwrap_or_default();
    let owner = CHARSETS.iter().find(|(charset, _, _)| *charset == prefix);
    let exists = CHARSETS.iter().any(|(_, default, _)| *default == modern);
    match owner {
        Some((charset, _, _)) if exists || carrier(&modern).is_some() => Ok((charset, modern)),
        // A collation of MySQL's that Bascule doesn't carry, or none of MySQL's at all: refused either way.
        Some(_) if modern.ends_with("_ci") || modern.ends_with("_cs") || modern.ends_with("_bin") => {
            Err(SqlError::unsupported(format!("COLLATE {modern}")))
        }
        Some(_) | None => Err(SqlError::new(1273, "HY000", format!("Unknown collation: '{name}'"))),
    }
}
