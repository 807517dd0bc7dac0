//! What the source is: its facts, its schema, its accounts. Read-only, over ordinary connections of our own.
//!
//! Sessions made here read as MySQL stores: `time_zone` is UTC, so TIMESTAMP values and defaults mean what they say,
//! and `sql_mode` is empty, so that no mode of the server pads, quotes or rejects anything.

mod accounts;
mod catalogue;
mod definitions;
mod facts;
mod globals;
mod holdings;
mod mariadb;
mod shown;
mod survey;

use mysql_async::prelude::Queryable as _;
use mysql_async::{ClientIdentity, Conn, OptsBuilder, SslOpts};

use super::SourceError;
use crate::config::{Source, Tls};

pub use accounts::{AccountRow, LiveConnection, accounts, live_connections};
pub use catalogue::{
    NotCarried, auto_increment, auto_increments, catalogue, catalogue_with_reasons, not_carried, triggered,
};
pub use definitions::{Definition, checks, definitions, triggers};
pub(in crate::source) use facts::parse_set;
pub use facts::{Family, ServerFacts, family, gtid_executed, server_facts};
pub use globals::globals;
pub use holdings::{Holding, Holdings, holdings, lock_takers};
pub use shown::Reasons;
pub use survey::{SourceSurvey, TableSurvey, counts, example, survey, without_limit};

/// Opens a connection of our own.
///
/// # Errors
/// [`SourceError::Connect`] when the server can't be reached in time or refuses the login.
pub async fn connect(source: &Source) -> Result<Conn, SourceError> {
    let address = || format!("{}:{}", source.host, source.port);
    let mut options = OptsBuilder::default()
        .ip_or_hostname(source.host.as_str())
        .tcp_port(source.port)
        .user(Some(source.user.as_str()))
        .pass(Some(source.password.expose()))
        .prefer_socket(false)
        .tcp_nodelay(true)
        .init(vec!["SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = ''"]);
    let shown = source.tls_certificate.as_ref();
    let shown = shown.map(|files| ClientIdentity::new(files.certificate.clone().into(), files.key.clone().into()));
    let encrypted = SslOpts::default().with_client_identity(shown);
    options = match &source.tls {
        Tls::Off => options,
        Tls::Required => {
            options.ssl_opts(encrypted.with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
        }
        Tls::Verify { ca } => {
            options.ssl_opts(encrypted.with_disable_built_in_roots(true).with_root_certs(vec![ca.clone().into()]))
        }
    };
    let connected = tokio::time::timeout(source.connect_timeout, Conn::new(options)).await;
    let mut conn = connected
        .map_err(|_| SourceError::ConnectTimeout { address: address(), limit: source.connect_timeout })?
        .map_err(|cause| SourceError::Connect { address: address(), cause: Box::new(cause) })?;
    // MySQL 8 caches AUTO_INCREMENT and row estimates for a day; servers without the variable don't cache.
    if let Err(error) = conn.query_drop("SET SESSION information_schema_stats_expiry = 0").await {
        let unknown = matches!(&error, mysql_async::Error::Server(server) if server.code == 1193);
        if !unknown {
            return Err(SourceError::query("preparing a session")(error));
        }
    }
    Ok(conn)
}
