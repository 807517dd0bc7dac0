//! A client's connection as one type: TCP or a unix socket, plain or encrypted, and compressed after its login if both
//! sides agreed on that.
//!
//! Reading borrows a buffer only while data is there: an idle session waits with no buffer of its own, which is what
//! keeps thousands of idle sessions cheap. Reading and waiting are cancel safe: bytes are either still in the socket
//! or already in the caller's buffer.

use std::future::poll_fn;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::compression::Compression;
use crate::source::connect::ServerStream;
use crate::wire::compressed::Algorithm;

/// Bytes taken from a socket in one go.
pub(super) const CHUNK: usize = 16 * 1024;

/// What a client came by.
#[derive(Debug)]
pub enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Writes what it takes without waiting.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.try_write(bytes),
            Self::Unix(socket) => socket.try_write(bytes),
        }
    }
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl From<UnixStream> for Socket {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

/// A client's connection.
#[derive(Debug)]
pub struct ClientStream {
    transport: Transport,
    /// After the login of a client that compresses.
    compression: Option<Box<Compression>>,
}

/// A socket with or without TLS.
#[derive(Debug)]
pub(super) enum Transport {
    /// As it came from the listener.
    Plain(Socket),
    /// After SSLRequest and the TLS handshake.
    Tls(Box<TlsStream<Socket>>),
}

impl ClientStream {
    /// A connection that has just been accepted.
    #[must_use]
    pub fn new(socket: impl Into<Socket>) -> Self {
        Self { transport: Transport::Plain(socket.into()), compression: None }
    }

    /// True when clients take the connection for one that nobody can listen to, and send passwords in clear.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        matches!(self.transport, Transport::Tls(_) | Transport::Plain(Socket::Unix(_)))
    }

    /// True when the connection is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        matches!(self.transport, Transport::Tls(_))
    }

    /// Sends what the socket takes at once, to a client that is cut off.
    pub(super) fn say_at_once(&mut self, bytes: &[u8]) {
        // In a compressed stream a packet can't be told without what was sent before: it ends without a word.
        if self.is_compressed() {
            return;
        }
        // Nobody can wait for more, and there's nobody to tell.
        let _ = match &mut self.transport {
            Transport::Plain(socket) => socket.try_write(bytes).map(drop),
            Transport::Tls(tls) => {
                let (socket, session) = tls.get_mut();
                session.writer().write_all(bytes).and_then(|()| session.write_tls(&mut AtOnce(socket)).map(drop))
            }
        };
    }

    /// True after the login of a client that compresses.
    #[must_use]
    pub const fn is_compressed(&self) -> bool {
        self.compression.is_some()
    }

    /// TLS from the next byte on.
    ///
    /// # Errors
    /// What the handshake reports.
    pub async fn encrypt(self, acceptor: TlsAcceptor) -> io::Result<Self> {
        let Transport::Plain(socket) = self.transport else { return Err(io::ErrorKind::InvalidData.into()) };
        let tls = acceptor.accept(socket).await?;
        Ok(Self { transport: Transport::Tls(Box::new(tls)), compression: None })
    }

    /// Compression from the next byte on, in both directions. `unread` was read already.
    pub fn compress(&mut self, algorithm: Algorithm, unread: BytesMut) {
        self.compression = Some(Box::new(Compression::new(algorithm, unread)));
    }
}

/// A connection that may have to know how much of what was read is still unused.
pub trait Connection: AsyncRead + AsyncWrite + Unpin {
    /// Called before something is sent: all that was read but its last `unread` bytes has been used.
    fn used_but(&mut self, unread: usize) {
        let _ = unread;
    }

    /// What is sent next answers nothing: it's numbered from 0.
    fn unasked(&mut self) {}
}

impl Connection for ServerStream {}

impl Connection for ClientStream {
    fn used_but(&mut self, unread: usize) {
        if let Some(compression) = &mut self.compression {
            compression.used_but(unread);
        }
    }

    fn unasked(&mut self) {
        if let Some(compression) = &mut self.compression {
            compression.unasked();
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { transport, compression } = self.get_mut();
        match compression {
            None => Pin::new(transport).poll_read(context, buffer),
            Some(compression) => compression.poll_read(transport, context, buffer),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { transport, compression } = self.get_mut();
        match compression {
            None => Pin::new(transport).poll_write(context, bytes),
            Some(compression) => compression.poll_write(transport, context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { transport, compression } = self.get_mut();
        if let Some(compression) = compression {
            std::task::ready!(compression.poll_drain(transport, context))?;
        }
        Pin::new(transport).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { transport, compression } = self.get_mut();
        if let Some(compression) = compression {
            std::task::ready!(compression.poll_drain(transport, context))?;
        }
        Pin::new(transport).poll_shutdown(context)
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
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

/// Writes what a socket takes without waiting.
struct AtOnce<'a>(&'a Socket);

impl io::Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Unix(socket) => Pin::new(socket).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(context),
            Self::Unix(socket) => Pin::new(socket).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(context),
        }
    }
}

/// Waits for bytes and appends them to `buffer`; 0 means the peer has closed. Nothing is allocated before bytes are
/// there.
///
/// # Errors
/// What the socket or the TLS layer reports.
pub async fn fill(from: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> io::Result<usize> {
    poll_fn(|context| poll_fill(from, buffer, context)).await
}

/// The poll behind [`fill`].
///
/// # Errors
/// What the socket or the TLS layer reports.
pub fn poll_fill(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = [const { MaybeUninit::<u8>::uninit() }; CHUNK];
    let mut chunk = ReadBuf::uninit(&mut space);
    match Pin::new(from).poll_read(context, &mut chunk) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Ready(Ok(())) => {
            buffer.extend_from_slice(chunk.filled());
            Poll::Ready(Ok(chunk.filled().len()))
        }
    }
}
