//! MySQL text in, PostgreSQL text with parameters out, or a refusal by name. Pure; the only room that imports
//! sqlparser.
//!
//! text → tokens → (front parser for session, transaction, SHOW and DDL families | sqlparser with our dialect for
//! queries and DML) → names resolved against [`crate::schema::Catalogue`] → typed expressions → [`Plan`].

mod classify;
pub mod ddl;
mod dialect;
mod error;
mod lexer;
pub mod plan;
mod types;

pub use classify::{SessionEffects, classify, depends_on_time, savepoint_name, session_effects, split};
pub use plan::{Context, Parameter, Plan, Purpose, SqlError, StatementClass, TargetSql};
