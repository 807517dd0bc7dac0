//! The applications' door: it speaks the MySQL protocol to clients, forwards to MySQL while MySQL serves, and hands
//! a session over to `serve` once PostgreSQL does.

pub mod arrival;
pub mod carried;
pub mod rsa;
pub mod serve;
pub mod stream;
mod threads;
pub mod tls;
mod tracking;
pub mod variables;

mod dialect;
mod door;
mod listener;

mod auth;
mod capturing;
mod compression;
mod end;
mod facts;
mod holdings;
mod idle;
mod inject;
mod limits;
mod login;
mod prepared;
mod relay;
mod request;
mod session;
mod sockets;
mod unix;

pub use arrival::Arrival;
pub use carried::{Carried, CarriedStatement, Serve, Served};
pub use door::Door;
pub use listener::{FrontendError, OpenDoor, open};
pub use sockets::{Handles, Inherited, Sockets};
