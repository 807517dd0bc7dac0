//! One end of a session: a connection and the bytes that were read from it and not used yet.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stream::{CHUNK, Connection, fill};
use crate::wire::packet::{self, Packet};

/// A connection with its unread bytes.
#[derive(Debug)]
pub(super) struct End<S> {
    pub(super) stream: S,
    /// Read from the connection, not used yet. Holds little memory while it's empty.
    pub(super) unread: BytesMut,
    /// Bytes that it held at most since its memory was given back.
    most: usize,
    /// The last read brought as much as it could: more is coming, and is read into a buffer that is kept meanwhile.
    hungry: bool,
}

/// What is read at a time of a large answer or value.
const LARGE: usize = 64 * 1024;
/// A buffer that never held more is kept for the next command: most commands and answers are small, and memory that is
/// taken and given back costs more than looking at them.
const KEPT: usize = 1024;

impl<S: Connection> End<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, unread: BytesMut::new(), most: 0, hungry: false }
    }

    /// Reads once. Cancel safe: bytes are in the socket or in `unread`.
    ///
    /// # Errors
    /// `UnexpectedEof` when the peer has closed.
    pub(super) async fn fill(&mut self) -> io::Result<()> {
        let count = if self.hungry {
            self.unread.reserve(LARGE);
            self.stream.read_buf(&mut self.unread).await?
        } else {
            fill(&mut self.stream, &mut self.unread).await?
        };
        self.hungry = count >= CHUNK;
        self.most = self.most.max(self.unread.len());
        if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Waits for a whole payload of at most `limit` bytes. Cancel safe.
    ///
    /// # Errors
    /// `InvalidData` for a larger one, else what the connection reports.
    pub(super) async fn packet(&mut self, limit: usize) -> io::Result<Packet> {
        loop {
            let taken = packet::take(&mut self.unread, limit);
            if let Some(packet) = taken.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
                self.release();
                return Ok(packet);
            }
            self.fill().await?;
        }
    }

    /// Reads the rest of a packet whose header was read, and not a byte beyond it. Nothing may be in `unread`. Not cancel
    /// safe.
    ///
    /// # Errors
    /// `InvalidData` for more than `limit` bytes, else what the connection reports.
    pub(super) async fn exact_packet(&mut self, head: [u8; packet::HEADER_LENGTH], limit: usize) -> io::Result<Packet> {
        let header = packet::Header::peek(&head).filter(|header| header.length <= limit);
        let header = header.ok_or(io::ErrorKind::InvalidData)?;
        let mut payload = BytesMut::zeroed(header.length);
        self.stream.read_exact(&mut payload).await?;
        Ok(Packet { payload, sequence: header.sequence })
    }

    /// Writes and flushes.
    ///
    /// # Errors
    /// What the connection reports.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.used_but(self.unread.len());
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends what answers nothing.
    ///
    /// # Errors
    /// What the connection reports.
    pub(super) async fn send_unasked(&mut self, bytes: &[u8]) -> io::Result<()> {
        // First what was read is noted as used, which would number the answer to it.
        self.stream.used_but(self.unread.len());
        self.stream.unasked();
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Sends one payload in packets that begin with `sequence`.
    ///
    /// # Errors
    /// What the connection reports.
    pub(super) async fn send_payload(&mut self, payload: &[u8], sequence: u8) -> io::Result<()> {
        self.send(&framed(payload, sequence)).await
    }

    /// Gives the buffer's memory back if it's empty, and more than a session may keep.
    pub(super) fn release(&mut self) {
        if self.unread.is_empty() && self.most > KEPT {
            self.unread = BytesMut::new();
            (self.most, self.hungry) = (0, false);
        }
    }
}

/// A payload with its packet headers.
pub(super) fn framed(payload: &[u8], sequence: u8) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + packet::HEADER_LENGTH);
    packet::put(&mut out, payload, sequence);
    out.freeze()
}
