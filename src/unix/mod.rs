//! Unix sockets of this machine: names that one process holds at a time, and open files that pass from one process to
//! another.

pub mod name;
pub mod rights;

pub use name::{Claim, Name};
