//! An ordinary tokio-postgres client for COPY and catalogue work.

use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::TargetError;
use super::tls;
use crate::config::Target;

/// Connects and spawns the task that drives the connection; the task ends when the client is dropped.
///
/// # Errors
/// [`TargetError::Io`] with the reason when the server can't be reached or refuses the login.
pub async fn control(target: &Target) -> Result<tokio_postgres::Client, TargetError> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&target.host)
        .port(target.port)
        .user(&target.user)
        .dbname(&target.database)
        .application_name("bascule control")
        .connect_timeout(target.connect_timeout)
        .keepalives(true);
    if !target.password.expose().is_empty() {
        config.password(target.password.expose());
    }
    match tls::client_config(&target.tls, None)? {
        None => {
            let (client, connection) =
                config.ssl_mode(SslMode::Disable).connect(tokio_postgres::NoTls).await.map_err(failed)?;
            drive(connection);
            Ok(client)
        }
        Some(tls) => {
            let connector = MakeRustlsConnect::new(tls.as_ref().clone());
            let (client, connection) = config.ssl_mode(SslMode::Require).connect(connector).await.map_err(failed)?;
            drive(connection);
            Ok(client)
        }
    }
}

fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "control connection ended");
        }
    });
}

fn failed(error: tokio_postgres::Error) -> TargetError {
    let reason =
        error.as_db_error().map_or_else(|| error.to_string(), |db| format!("{}: {}", db.code().code(), db.message()));
    TargetError::Io(std::io::Error::other(reason))
}
