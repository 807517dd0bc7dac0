//! Stored routines: MySQL's compound statements are read into a tree, checked as MySQL checks them when a routine is
//! made, and turned into what executes them.
//!
//! A procedure becomes a list of instructions ([`Code`]) that the serving session carries out one by one. Its SQL
//! statements stay text: each is planned like a client's, with the local variables in sight as typed parameters, so
//! whatever holds for a client's statement holds here. A name that stands alone in an expression is a local variable
//! before it is a column, as in MySQL.

mod code;
mod declare;
mod dependents;
mod function;
mod header;
mod parse;
mod server;
mod statements;
mod stored;
mod tree;
mod trigger;
mod value;

pub use crate::schema::ParameterMode as Mode;
pub use code::{Action, Code, Raised, Step};
pub(super) use dependents::{follow, reads_temporary};
pub use header::code;
pub(super) use header::shape;
pub(super) use header::{alter, create, drop};
pub(super) use server::in_server;
pub use tree::{Fragment, Inquiry, Locals, Place, Raise, SignalItem};
pub(super) use trigger::check as check_triggers;
pub use value::{Local, moment, shown, stored, user_variable};
