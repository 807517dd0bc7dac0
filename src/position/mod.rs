//! GTIDs and sets of them, of MySQL and of MariaDB, and their arithmetic. Pure.
//!
//! MySQL numbers commits in binlog order within one `source:tag` (manual, "GTID Format and Storage"), so the numbers
//! order transactions and a missing number is a transaction that we haven't seen.
//!
//! MariaDB numbers commits in ascending order within a *domain*, whichever server commits; numbers may be left out, and a
//! position is one GTID for each domain: everything in the binary log up to it. Such a position is the set of all numbers
//! up to the last one here, with the server that gave the last one. Numbers that were never given count as held, which is
//! harmless as long as the numbers of a domain ascend: then nothing new can ever carry one. Whoever reads the log must
//! refuse a number that doesn't. [`GtidSet::advance`] takes a transaction and, in a domain, all before it.

mod mariadb;
mod set;

pub use set::GtidSet;

use serde::{Deserialize, Serialize};

/// Who numbered a transaction. The numbers of one source order its transactions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GtidSource {
    /// A MySQL server.
    Server {
        /// The server's UUID.
        uuid: [u8; 16],
        /// Lower-case tag (MySQL 8.3 and later), empty for untagged GTIDs.
        tag: String,
    },
    /// A replication domain of MariaDB.
    Domain(u32),
}

/// One transaction's identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Gtid {
    pub source: GtidSource,
    /// 1 to 2^63-2.
    pub number: u64,
    /// MariaDB's `server_id` of who gave the number; 0 for MySQL, which says it in the source.
    pub server: u32,
}

impl GtidSource {
    /// Transactions of different tags have numbers of their own.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        matches!(self, Self::Server { tag, .. } if !tag.is_empty())
    }
}

impl Gtid {
    /// A number that a MySQL server gave.
    #[must_use]
    pub const fn of_server(uuid: [u8; 16], tag: String, number: u64) -> Self {
        Self { source: GtidSource::Server { uuid, tag }, number, server: 0 }
    }
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
        let (uuid, tag) = match self {
            Self::Server { uuid, tag } => (uuid, tag),
            Self::Domain(domain) => return write!(out, "{domain}"),
        };
        for (index, byte) in uuid.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                out.write_str("-")?;
            }
            write!(out, "{byte:02x}")?;
        }
        if !tag.is_empty() {
            write!(out, ":{tag}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Gtid {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.source {
            GtidSource::Server { .. } => write!(out, "{}:{}", self.source, self.number),
            GtidSource::Domain(domain) => write!(out, "{domain}-{}-{}", self.server, self.number),
        }
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
        if let Some((gtid, _)) = mariadb::parse(text).filter(|(gtid, low)| *low == gtid.number) {
            return Ok(gtid);
        }
        let invalid = || InvalidGtid::new(text);
        let (source, number) = text.trim().rsplit_once(':').ok_or_else(invalid)?;
        let (uuid, tag) = source.split_once(':').unwrap_or((source, ""));
        let number = parse_number(number).ok_or_else(invalid)?;
        let uuid = parse_uuid(uuid).ok_or_else(invalid)?;
        Ok(Self::of_server(uuid, parse_tag(tag).ok_or_else(invalid)?, number))
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
