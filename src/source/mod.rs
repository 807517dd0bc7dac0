//! The real MySQL: connections of our own for inspection and snapshots, and the relay of clients' connections.

pub mod connect;
mod error;
pub mod inspect;
pub mod snapshot;

pub use error::SourceError;

/// A name as MySQL quotes it.
#[must_use]
pub fn backticks(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
