//! The real MySQL: connections of our own for inspection and snapshots, and the relay of clients' connections.

mod error;
pub mod inspect;

pub use error::SourceError;
