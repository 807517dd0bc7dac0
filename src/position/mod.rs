//! GTIDs and GTID sets of MySQL, and their arithmetic. Pure.
//!
//! MySQL numbers commits in binlog order within one `source:tag` (manual, "GTID Format and Storage"), so the numbers
//! order transactions and a missing number is a transaction that we haven't seen.

mod set;

pub use set::GtidSet;

use serde::{Deserialize, Serialize};

/// Who numbered a transaction: a server's UUID and an optional tag (MySQL 8.3 and later).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GtidSource {
    /// The server's UUID.
    pub uuid: [u8; 16],
    /// Lower-case tag, empty for untagged GTIDs.
    pub tag: String,
}

/// One transaction's identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Gtid {
    pub source: GtidSource,
    /// 1 to 2^63-2.
    pub number: u64,
}

/// Text that isn't a GTID or a GTID set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a GTID: `{text}`")]
pub struct InvalidGtid {
    /// The offending part, at most 64 characters of it.
    pub text: String,
}

impl InvalidGtid {
    fn new(text: &str) -> Self {
        Self { text: text.chars().take(64).collect() }
    }
}

impl std::fmt::Display for GtidSource {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, byte) in self.uuid.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.write_str("-")?;
            }
            write!(out, "{byte:02x}")?;
        }
        if !self.tag.is_empty() {
            write!(out, ":{}", self.tag)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Gtid {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.source, self.number)
    }
}

impl From<Gtid> for String {
    fn from(gtid: Gtid) -> Self {
        gtid.to_string()
    }
}

impl TryFrom<String> for Gtid {
    type Error = InvalidGtid;

    fn try_from(text: String) -> Result<Self, InvalidGtid> {
        text.parse()
    }
}

impl std::str::FromStr for Gtid {
    type Err = InvalidGtid;

    fn from_str(text: &str) -> Result<Self, InvalidGtid> {
        let invalid = || InvalidGtid::new(text);
        let (source, number) = text.trim().rsplit_once(':').ok_or_else(invalid)?;
        let (uuid, tag) = source.split_once(':').unwrap_or((source, ""));
        let number = parse_number(number).ok_or_else(invalid)?;
        Ok(Self {
            source: GtidSource {
                uuid: parse_uuid(uuid).ok_or_else(invalid)?,
                tag: parse_tag(tag).ok_or_else(invalid)?,
            },
            number,
        })
    }
}

/// A transaction number, 1 to 2^63-2.
fn parse_number(text: &str) -> Option<u64> {
    let number = text.trim().parse::<u64>().ok()?;
    (1..=i64::MAX.cast_unsigned() - 1).contains(&number).then_some(number)
}

/// 32 hexadecimal digits with or without dashes.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u32> = text.trim().chars().filter(|&c| c != '-').map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    if digits.len() != 32 {
        return None;
    }
    let mut uuid = [0u8; 16];
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::try_from(pair[0] << 4 | pair[1]).ok()?;
    }
    Some(uuid)
}

/// A tag: empty, or a letter or underscore followed by up to 31 letters, digits and underscores.
fn parse_tag(text: &str) -> Option<String> {
    let tag = text.trim().to_ascii_lowercase();
    let good = |(index, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || (index > 0 && c.is_ascii_digit());
    (tag.len() <= 32 && tag.chars().enumerate().all(good)).then_some(tag)
}
