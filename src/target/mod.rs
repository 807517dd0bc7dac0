//! PostgreSQL: a thin client for statements, a pool of such clients for serving, and the control connection.
//!
//! [`Client`] speaks the extended protocol on `postgres-protocol` and shows what serving and applying need and
//! tokio-postgres hides: text values with declared type ids, one Sync for a whole pipeline, the transaction status
//! byte of ReadyForQuery, and rows as they arrive. [`control()`] gives an ordinary tokio-postgres client for COPY and
//! catalogue work.
//!
//! # Why an answer can't belong to another request
//! A [`Flight`] borrows the client, so nothing else can be sent before it has been read to its ReadyForQuery. A flight
//! that is dropped early leaves the client marked as busy; such a client refuses every later request, and the pool
//! closes it instead of lending it again.

mod array;
mod backend;
mod bulk;
mod cancel;
mod client;
mod control;
pub mod copy;
mod error;
mod flight;
mod notice;
mod pool;
mod row;
mod socket;
mod startup;
mod statements;
mod survey;
mod tls;

pub use array::{Array, array_of};
pub use bulk::{Bulk, CopyIn, RowScan};
pub use cancel::CancelHandle;
pub use client::{Answer, Client, Request, TransactionStatus};
pub use control::control;
pub use error::{ServerError, TargetError};
pub use flight::{Event, Flight};
pub use notice::{Raised, mysql_code};
pub use pool::{Lease, Pool, PoolStatus};
pub use row::Row;
pub use survey::{SchemaSurvey, TargetSurvey, survey};
pub(crate) use tls::client_config;

#[cfg(test)]
mod tests;
