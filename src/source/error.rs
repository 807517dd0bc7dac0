//! What can go wrong with connections of our own to the source.

use std::time::Duration;

use super::login::LoginError;

/// An error of the source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The server can't be reached or refuses the login.
    #[error("can't connect to MySQL at {address}")]
    Connect {
        address: String,
        #[source]
        cause: Box<mysql_async::Error>,
    },
    /// The server didn't answer in time.
    #[error("MySQL at {address} didn't take a connection within {limit:?}")]
    ConnectTimeout { address: String, limit: Duration },
    /// A query failed, or its connection did.
    #[error("MySQL failed while {action}")]
    Query {
        action: &'static str,
        #[source]
        cause: Box<mysql_async::Error>,
    },
    /// The same on a connection whose protocol is spoken here.
    #[error("MySQL failed while {action}: {cause}")]
    Session {
        action: &'static str,
        #[source]
        cause: Box<LoginError>,
    },
    /// The server answered with something that it never should.
    #[error("unexpected answer from MySQL while {action}: {what}")]
    Unexpected { action: &'static str, what: String },
    /// A database that is to be carried isn't there, or its name is one that PostgreSQL or Bascule needs.
    #[error("database {database} can't be carried: {reason}")]
    Database { database: String, reason: &'static str },
}

impl SourceError {
    /// Wraps an error of the client library with what was being done.
    pub(crate) fn query(action: &'static str) -> impl FnOnce(mysql_async::Error) -> Self {
        move |cause| SourceError::Query { action, cause: Box::new(cause) }
    }

    /// As [`SourceError::query`] for connections whose protocol is spoken here.
    pub(crate) fn session<E: Into<LoginError>>(action: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| SourceError::Session { action, cause: Box::new(cause.into()) }
    }

    /// Whether the server is away, is shutting down, or the connection broke: another try later is worth it.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        /// Too many connections, and a shutdown under way.
        const LATER: [u16; 3] = [1040, 1053, 3168];
        match self {
            SourceError::Connect { cause, .. } | SourceError::Query { cause, .. } => match cause.as_ref() {
                mysql_async::Error::Server(server) => LATER.contains(&server.code),
                mysql_async::Error::Io(_) | mysql_async::Error::Driver(_) => true,
                mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => false,
            },
            SourceError::Session { cause, .. } => match cause.as_ref() {
                // A query that is killed goes with its connection.
                LoginError::Refused { code, .. } => LATER.contains(code) || *code == 1317,
                LoginError::Io(_) | LoginError::Connect(_) => true,
                LoginError::Protocol(_) | LoginError::Plugin(_) => false,
            },
            SourceError::ConnectTimeout { .. } => true,
            SourceError::Unexpected { .. } | SourceError::Database { .. } => false,
        }
    }

    /// MySQL's error number, when the server itself refused.
    #[must_use]
    pub fn mysql_code(&self) -> Option<u16> {
        match self {
            SourceError::Connect { cause, .. } | SourceError::Query { cause, .. } => match cause.as_ref() {
                mysql_async::Error::Server(server) => Some(server.code),
                _ => None,
            },
            SourceError::Session { cause, .. } => match cause.as_ref() {
                LoginError::Refused { code, .. } => Some(*code),
                _ => None,
            },
            _ => None,
        }
    }
}
