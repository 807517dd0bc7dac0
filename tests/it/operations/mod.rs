//! What an operator does to a running Bascule: end it, reload it, replace it, ask for its health.

mod handover;
pub mod health;
mod limits;
mod logs;
mod reload;
mod shutdown;
pub mod site;
