//! Bascule moves a running application from MySQL to PostgreSQL. ARCHITECTURE.md is the map of the rooms below;
//! `tests/tidy.rs` holds the direction of their imports.

// Ground floor: pure. Values in, values out.
pub mod binlog;
pub mod change;
pub mod config;
pub mod position;
pub mod schema;
pub mod sql;
pub mod value;
pub mod wire;

// First floor: the two databases and the durable facts.
pub mod source;
pub mod store;
pub mod target;

// Second floor: engines.
pub mod assess;
pub mod capture;
pub mod convert;
pub mod replicate;
pub mod route;
pub mod verify;

// Third floor: the doors and the decision.
pub mod admin;
pub mod app;
pub mod cli;
pub mod cutover;
pub mod frontend;
pub mod observe;
pub mod unix;

// The embedded try-out and its throwaway servers.
pub mod demo;
pub mod sandbox;
