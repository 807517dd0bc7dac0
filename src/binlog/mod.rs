//! MySQL's binary log as values: the bytes of replication events in, what they say out. Pure.
//!
//! # What is promised
//! No panic and no unbounded allocation on any input: lengths are checked before they're used, and what an event
//! announces is never believed further than its bytes reach. What isn't understood is an error by name, unless the
//! server itself marks the event as one that may be ignored.
//!
//! # Where a cell's meaning comes from
//! A row is told in two parts. The table map says how many bytes each value takes and how they're packed; the catalogue
//! says what they mean: labels of ENUM and SET, the character set, the width of BINARY, the sign. [`Shape`] brings both
//! together and refuses a table whose two descriptions don't agree, because then the catalogue isn't that of the moment
//! of the event. Cells come out as MySQL's text protocol gives them (in UTF-8, in UTC; FLOAT as the equal DOUBLE): what
//! the snapshot reads, so that one conversion writes both.
//!
//! Both families of servers are read, MySQL and MariaDB: what only the latter writes has codes of its own.
//!
//! The formats are those of the MySQL manual's "Binary Log" chapter of the source documentation; recorded events of a
//! real server are in the tests.

mod cell;
mod control;
mod event;
mod gtid;
mod json;
mod json_diff;
mod mariadb;
mod moment;
mod number;
mod payload;
mod query;
mod rows;
mod shape;
mod table_map;
#[cfg(test)]
mod tests;
mod variable;

pub use control::{Rotation, XaPrepared};
pub use event::{Decoder, Event, Framing};
pub use gtid::GtidEvent;
pub use payload::Payload;
pub use query::QueryEvent;
pub use rows::{Image, RowChange, RowsEvent, RowsKind};
pub use shape::{Cells, Shape, uncarried};
pub use table_map::{TableMap, WireColumn};
pub use variable::StatementVariable;

use crate::wire::reader::Malformed;

/// Bytes that aren't what the format says, or something in them that isn't carried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BinlogError {
    /// The event ends too early, or holds a value that the format doesn't allow.
    #[error("an event of the binary log can't be read: {0}")]
    Malformed(&'static str),
    /// The checksum of an event is wrong.
    #[error("an event of the binary log is damaged: its checksum is wrong")]
    Checksum,
    /// An event that changes what later ones mean and isn't known.
    #[error("the binary log holds an event of type {0}, which isn't known")]
    Unknown(u8),
    /// Something that is known and not carried, in words for the operator.
    #[error("{0}")]
    Refused(String),
}

impl From<Malformed> for BinlogError {
    fn from(_: Malformed) -> Self {
        Self::Malformed("it ends too early")
    }
}

/// The next `count` bytes as a little-endian number.
fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Bytes as a big-endian number.
fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A bit of a bitmap whose first bit is the lowest of the first byte.
fn bit(bitmap: &[u8], index: usize) -> bool {
    bitmap.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}
