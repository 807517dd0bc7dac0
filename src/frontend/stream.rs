//! A client's connection, plain or encrypted, as one type.
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
use tokio::net::TcpStream;

/// Bytes taken from a socket in one go.
pub(super) const CHUNK: usize = 16 * 1024;

/// A client's connection.
#[derive(Debug)]
pub enum ClientStream {
    /// As it came from the listener.
    Plain(TcpStream),
    /// After SSLRequest and the TLS handshake.
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

impl ClientStream {
    /// True when the connection is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(_) => true,
        }
    }

    /// Sends what the socket takes at once, to a client that is cut off.
    pub(super) fn say_at_once(&mut self, bytes: &[u8]) {
        // Nobody can wait for more, and there's nobody to tell.
        let _ = match self {
            Self::Plain(socket) => socket.try_write(bytes).map(drop),
            Self::Tls(tls) => {
                let (socket, session) = tls.get_mut();
                session.writer().write_all(bytes).and_then(|()| session.write_tls(&mut AtOnce(socket)).map(drop))
            }
        };
    }

    /// The socket beneath.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for ClientStream {
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
struct AtOnce<'a>(&'a TcpStream);

impl io::Write for AtOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
