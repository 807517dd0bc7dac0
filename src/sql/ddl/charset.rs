//! Character sets and collations: names, defaults and which belongs to which.

use super::super::plan::SqlError;
use crate::schema::charset;
use crate::schema::collation::carrier;

/// A character set with one of its collations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct Charset {
    pub(in crate::sql) charset: String,
    pub(in crate::sql) collation: String,
}

impl Charset {
    /// The pair as the catalogue spells it.
    pub(in crate::sql) fn new(charset: &str, collation: &str) -> Self {
        Self { charset: charset.to_owned(), collation: collation.to_owned() }
    }

    /// What `CHARACTER SET charset COLLATE collation` means where `inherited` holds without them.
    pub(in crate::sql) fn resolve(
        charset: Option<&str>,
        collation: Option<&str>,
        inherited: &Charset,
    ) -> Result<Self, SqlError> {
        let charset = charset.map(known).transpose()?;
        let collation = collation.map(collation_name).transpose()?;
        Ok(match (charset, collation) {
            (None, None) => inherited.clone(),
            (Some(charset), None) => Self::new(charset.name, charset.collation),
            (None, Some((charset, collation))) => Self::new(charset, &collation),
            (Some(charset), Some((owner, collation))) => {
                let charset = charset.name;
                if charset != owner {
                    let text = format!("COLLATION '{collation}' is not valid for CHARACTER SET '{charset}'");
                    return Err(SqlError::new(1253, "42000", text));
                }
                Self::new(charset, &collation)
            }
        })
    }

    /// The same character set with its `_bin` collation.
    pub(in crate::sql) fn binary(&self) -> Self {
        if self.charset == "binary" {
            return self.clone();
        }
        Self::new(&self.charset, &format!("{}_bin", self.charset))
    }
}

/// Bytes of the longest character of a character set.
pub(in crate::sql) fn longest_character(charset: &str) -> u32 {
    known(charset).map_or(4, |charset| charset.bytes)
}

fn known(name: &str) -> Result<&'static charset::Charset, SqlError> {
    charset::find(name).ok_or_else(|| SqlError::new(1115, "42000", format!("Unknown character set: '{name}'")))
}

/// The collation's character set and its name in today's spelling.
fn collation_name(name: &str) -> Result<(&'static str, String), SqlError> {
    let lower = name.to_ascii_lowercase();
    let modern = match lower.strip_prefix("utf8_") {
        Some(rest) => format!("utf8mb3_{rest}"),
        None => lower,
    };
    let unknown = || SqlError::new(1273, "HY000", format!("Unknown collation: '{name}'"));
    let owner = charset::of_collation(&modern).ok_or_else(unknown)?;
    if owner.collation == modern || carrier(&modern).is_some() {
        return Ok((owner.name, modern));
    }
    Err(SqlError::unsupported(format!("COLLATE {modern}")))
}
