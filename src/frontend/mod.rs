//! The applications' door: it speaks the MySQL protocol to clients, forwards to MySQL while MySQL serves, and hands
//! a session over to `serve` once PostgreSQL does.

pub mod carried;
pub mod rsa;
pub mod stream;
pub mod tls;
pub mod variables;

mod auth;
mod end;
mod login;
