//! A session on its way from MySQL to PostgreSQL: everything that the client may rely on after the flip.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};

use super::arrival::Arrival;
use super::stream::ClientStream;
use super::variables::Variables;
use crate::route;
use crate::wire::Capabilities;
use crate::wire::execute::ParameterType;

/// A session at a transaction boundary, with the connection to MySQL already closed. Handing over means that the
/// receiver runs the rest of the client's connection.
#[derive(Debug)]
pub struct Carried {
    pub stream: ClientStream,
    /// The command that waits for its answer, complete or in part.
    pub unread: BytesMut,
    /// What the client and MySQL agreed on.
    pub capabilities: Capabilities,
    pub user: String,
    pub client_host: String,
    pub database: Option<String>,
    /// Collation id of the client's handshake.
    pub collation: u16,
    /// Session variables as MySQL last reported them.
    pub variables: Variables,
    pub last_insert_id: u64,
    pub prepared: Vec<CarriedStatement>,
    /// MySQL's connection id, which the client knows.
    pub connection_id: u64,
    pub route_session: route::Session,
}

/// A prepared statement of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedStatement {
    /// The id that the client knows.
    pub id: u32,
    pub text: Bytes,
    /// Types that the client bound in its last execution; empty before the first one.
    pub parameter_types: Vec<ParameterType>,
}

/// The future of a session that was handed over.
pub type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whoever answers clients while PostgreSQL serves.
pub trait Serve: Send + Sync {
    /// Runs the rest of a session that began on MySQL.
    fn carry(&self, session: Carried) -> Served;

    /// Runs a session from its first byte.
    fn accept(&self, arrival: Arrival, session: route::Session) -> Served;
}
