//! Connections to MySQL that carry a client's session: TCP, then TLS when the configuration asks for it, at the
//! moment the MySQL protocol allows it (after the greeting). Whose session it is doesn't matter here.
//!
//! What is trusted and shown in TLS is read from files, and can be read again: connections that begin then use it. What
//! can't be used changes nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::config;

/// Why MySQL can't be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The TLS part of the configuration can't be used.
    #[error("can't use the TLS settings of the source: {0}")]
    Tls(String),
    /// No connection, or it broke while TLS was set up.
    #[error("can't connect to MySQL at {host}:{port}")]
    Io { host: String, port: u16, source: io::Error },
}

/// A connection to MySQL.
#[derive(Debug)]
pub enum ServerStream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Opens connections as the configuration says.
#[derive(Clone, Debug)]
pub struct Connector {
    host: String,
    port: u16,
    timeout: Duration,
    tls: Option<Arc<Encryption>>,
}

/// How connections are encrypted.
struct Encryption {
    settings: config::Tls,
    shown: Option<config::OwnCertificate>,
    current: ArcSwap<ClientConfig>,
}

impl std::fmt::Debug for Encryption {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Encryption").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What is read of the files; `None` when TLS is off.
fn client_config(
    settings: &config::Tls,
    shown: Option<&config::OwnCertificate>,
) -> Result<Option<Arc<ClientConfig>>, ConnectError> {
    crate::target::client_config(settings, shown).map_err(|error| ConnectError::Tls(error.to_string()))
}

impl Connector {
    /// Reads the files of the TLS settings.
    ///
    /// # Errors
    /// [`ConnectError::Tls`], which names the file that can't be used.
    pub fn new(source: &config::Source) -> Result<Self, ConnectError> {
        let (settings, shown) = (source.tls.clone(), source.tls_certificate.clone());
        let tls = client_config(&settings, shown.as_ref())?
            .map(|current| Arc::new(Encryption { settings, shown, current: ArcSwap::from(current) }));
        Ok(Self { host: source.host.clone(), port: source.port, timeout: source.connect_timeout, tls })
    }

    /// Reads the files again; all clones of this connector use what is in them from now on. False when there are none.
    ///
    /// # Errors
    /// [`ConnectError::Tls`], which names the file that can't be used; everything stays as it was then.
    pub fn reload(&self) -> Result<bool, ConnectError> {
        let Some(tls) = &self.tls else { return Ok(false) };
        if tls.shown.is_none() && !matches!(tls.settings, config::Tls::Verify { .. }) {
            return Ok(false);
        }
        if let Some(fresh) = client_config(&tls.settings, tls.shown.as_ref())? {
            tls.current.store(fresh);
        }
        Ok(true)
    }

    /// Where it connects to, for messages.
    #[must_use]
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// True when connections are to be encrypted.
    #[must_use]
    pub const fn wants_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// A TCP connection. MySQL speaks first, with its greeting.
    ///
    /// # Errors
    /// [`ConnectError::Io`], also when it takes longer than `connect_timeout`.
    pub async fn connect(&self) -> Result<TcpStream, ConnectError> {
        let socket = self.in_time(TcpStream::connect((self.host.as_str(), self.port))).await?;
        socket.set_nodelay(true).map_err(|error| self.failed(error))?;
        let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
        socket2::SockRef::from(&socket).set_tcp_keepalive(&keepalive).map_err(|error| self.failed(error))?;
        Ok(socket)
    }

    /// Encrypts a connection on which the request for TLS has just been sent.
    ///
    /// # Errors
    /// [`ConnectError`] when TLS is off or the handshake fails.
    pub async fn encrypt(&self, socket: TcpStream) -> Result<ServerStream, ConnectError> {
        let tls = self.tls.as_ref().ok_or_else(|| ConnectError::Tls("TLS is off".to_owned()))?;
        let config = tls.current.load_full();
        let name = ServerName::try_from(self.host.clone()).map_err(|error| ConnectError::Tls(error.to_string()))?;
        let connecting = TlsConnector::from(config).connect(name, socket);
        Ok(ServerStream::Tls(Box::new(self.in_time(connecting).await?)))
    }

    /// A step of connecting, for no longer than `connect_timeout`.
    ///
    /// # Errors
    /// [`ConnectError::Io`], which names the server.
    pub async fn in_time<T>(&self, step: impl Future<Output = io::Result<T>>) -> Result<T, ConnectError> {
        let done = timeout(self.timeout, step).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        done.map_err(|error| self.failed(error))
    }

    /// Why a connection that was opened here came to nothing.
    pub(crate) fn failed(&self, source: io::Error) -> ConnectError {
        ConnectError::Io { host: self.host.clone(), port: self.port, source }
    }
}

impl ServerStream {
    /// The socket beneath.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

impl AsyncRead for ServerStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(context),
        }
    }
}
