//! The MySQL client/server protocol as bytes and packets. No I/O, no clock, no panic on input: "incomplete" is a
//! normal answer and every length is checked before it is read.
//!
//! Source of the formats: MySQL Internals, "Client/Server Protocol"; checked against MySQL 9.7.4.

pub mod binary_row;
pub mod cell;
pub mod command;
pub mod compressed;
pub mod condition;
pub mod constants;
pub mod execute;
pub mod handshake;
pub mod packet;
pub mod proxy_header;
pub mod reader;
pub mod reply;
pub mod resultset;
pub mod temporal;
pub mod text_row;
pub mod tracker;

pub use constants::{Capabilities, Command, FieldType, StatusFlags};
pub use reader::Malformed;
