//! What an operator does to a running Bascule: end it, reload it, replace it, ask for its health.

mod limits;
mod shutdown;
pub mod site;
