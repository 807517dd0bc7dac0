//! The real MySQL: connections of our own for inspection, snapshots and the binary log, and the relay of clients'
//! connections.

pub mod binlog;
pub mod chunks;
pub mod connect;
mod error;
pub mod inspect;
pub mod lent;
pub mod login;
pub mod rows;
pub mod settled;
pub mod snapshot;

pub use error::SourceError;

/// A name as MySQL quotes it.
#[must_use]
pub fn backticks(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
