//! The socket to PostgreSQL, plain or TLS, with one input and one output buffer.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use postgres_protocol::message::frontend;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::backend::{self, Message};
use super::error::TargetError;
use super::tls;
use crate::config::Target;

/// Room asked for before each read.
const READ_CHUNK: usize = 16 * 1024;
/// Buffers that grew past this are given back once they are empty.
const BUFFER_KEPT: usize = 256 * 1024;

/// A stream to PostgreSQL.
enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// A connection's bytes.
pub(super) struct Socket {
    stream: Stream,
    input: BytesMut,
    /// Filled by whoever sends; emptied while messages are awaited.
    pub(super) output: BytesMut,
    unflushed: bool,
}

impl Socket {
    /// Opens a connection and upgrades it to TLS when the configuration says so.
    pub(super) async fn open(target: &Target) -> Result<Self, TargetError> {
        let mut tcp = TcpStream::connect((target.host.as_str(), target.port)).await?;
        tcp.set_nodelay(true)?;
        let keepalive =
            socket2::TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(10));
        socket2::SockRef::from(&tcp).set_tcp_keepalive(&keepalive)?;
        let stream = match tls::client_config(&target.tls, None)? {
            None => Stream::Plain(tcp),
            Some(config) => {
                request_tls(&mut tcp).await?;
                let name =
                    ServerName::try_from(target.host.clone()).map_err(|error| TargetError::Tls(error.to_string()))?;
                let connector = tokio_rustls::TlsConnector::from(Arc::clone(&config));
                Stream::Tls(Box::new(connector.connect(name, tcp).await?))
            }
        };
        Ok(Self { stream, input: BytesMut::new(), output: BytesMut::new(), unflushed: false })
    }

    /// The next message. What waits in `output` is written meanwhile, so that a long pipeline and its answers can't
    /// block each other. Dropping this future loses nothing.
    pub(super) async fn message(&mut self) -> Result<Message, TargetError> {
        loop {
            if let Some(message) = backend::take(&mut self.input)? {
                return Ok(message);
            }
            self.exchange().await?;
        }
    }

    /// Writes all of `output`.
    pub(super) async fn flush(&mut self) -> Result<(), TargetError> {
        while !self.output.is_empty() {
            self.stream.write_buf(&mut self.output).await?;
        }
        self.stream.flush().await?;
        self.unflushed = false;
        Ok(())
    }

    /// Waits until the server closes the connection; what it says before that is nobody's.
    pub(super) async fn closed(&mut self) {
        while matches!(self.stream.read_buf(&mut self.input).await, Ok(read) if read > 0) {
            self.input.clear();
        }
    }

    /// Gives large buffers back to the allocator.
    pub(super) fn shrink(&mut self) {
        if self.output.is_empty() && self.output.capacity() > BUFFER_KEPT {
            self.output = BytesMut::new();
        }
        if self.input.is_empty() && self.input.capacity() > BUFFER_KEPT {
            self.input = BytesMut::new();
        }
    }

    /// The same socket on the runtime of this thread. TLS stays where it is: its state can't be taken apart.
    pub(super) fn moved(self) -> io::Result<Self> {
        let stream = match self.stream {
            Stream::Plain(tcp) => Stream::Plain(TcpStream::from_std(tcp.into_std()?)?),
            encrypted @ Stream::Tls(_) => encrypted,
        };
        Ok(Self { stream, ..self })
    }

    /// True when nothing the server sent waits unread.
    pub(super) fn is_drained(&self) -> bool {
        self.input.is_empty()
    }

    /// True when the server has neither closed an idle connection nor said something on it.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        self.input.is_empty() && pin!(self.stream.read_buf(&mut self.input)).poll(&mut context).is_pending()
    }

    /// Writes what can be written and waits for some input.
    async fn exchange(&mut self) -> Result<(), TargetError> {
        let Self { stream, input, output, unflushed } = self;
        if input.capacity() - input.len() < READ_CHUNK {
            input.reserve(READ_CHUNK);
        }
        let read = poll_fn(|context| {
            while !output.is_empty() {
                match Pin::new(&mut *stream).poll_write(context, output) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(written)) => {
                        output.advance(written);
                        *unflushed = true;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => break,
                }
            }
            if *unflushed && Pin::new(&mut *stream).poll_flush(context)?.is_ready() {
                *unflushed = false;
            }
            pin!(stream.read_buf(input)).poll(context)
        })
        .await?;
        if read == 0 { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) } else { Ok(()) }
    }
}

/// Asks the server to speak TLS; it answers with one byte.
async fn request_tls(tcp: &mut TcpStream) -> Result<(), TargetError> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    tcp.write_all(&request).await?;
    if tcp.read_u8().await? == b'S' { Ok(()) } else { Err(TargetError::Tls("the server doesn't offer TLS".to_owned())) }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
