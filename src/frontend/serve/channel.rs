//! The client's side of a serving session: commands in, packets out. Output is collected and written in large pieces;
//! a slow client holds up its own session only, since writing waits for the socket.

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::charset::Charset;
use super::error::MysqlError;
use crate::frontend::stream::{ClientStream, Connection as _, fill};
use crate::sql::plan::OutputColumn;
use crate::wire::packet::{self, HEADER_LENGTH, Header, Packet, TooLarge};
use crate::wire::resultset::{self, BINARY_COLLATION, ColumnDefinition};
use crate::wire::{Capabilities, StatusFlags, reply};

/// Output is written once it has grown to this.
const WRITE_CHUNK: usize = 64 * 1024;
/// An idle session keeps an output buffer of at most this.
const OUTPUT_KEPT: usize = 4 * 1024;

/// A client's connection with its protocol state.
pub(super) struct Channel {
    pub(super) stream: ClientStream,
    /// Read from the connection, not used yet.
    pub(super) unread: BytesMut,
    pub(super) out: BytesMut,
    /// Sequence number of the next packet to the client.
    pub(super) sequence: u8,
    pub(super) capabilities: Capabilities,
    /// Character set of results that aren't sent in UTF-8.
    pub(super) results: Option<&'static Charset>,
    /// A routine's statements tell their OK to nobody.
    pub(super) withheld: bool,
}

/// Why no packet could be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl Channel {
    pub(super) fn new(stream: ClientStream) -> Self {
        Self {
            stream,
            unread: BytesMut::new(),
            out: BytesMut::new(),
            sequence: 0,
            capabilities: Capabilities::PROTOCOL_41,
            results: None,
            withheld: false,
        }
    }

    /// Waits for a whole payload of at most `limit` bytes. Cancel safe.
    pub(super) async fn packet(&mut self, limit: usize) -> Result<Packet, ReadError> {
        loop {
            if let Some(packet) = packet::take(&mut self.unread, limit)? {
                self.sequence = packet.sequence.wrapping_add(1);
                if self.unread.is_empty() {
                    self.unread = BytesMut::new();
                }
                return Ok(packet);
            }
            if fill(&mut self.stream, &mut self.unread).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    /// Reads one packet and not a byte beyond it: what follows an SSLRequest belongs to the TLS layer, and clients send
    /// it without waiting.
    pub(super) async fn exact_packet(&mut self, limit: usize) -> Result<BytesMut, ReadError> {
        let mut head = [0; HEADER_LENGTH];
        self.stream.read_exact(&mut head).await?;
        self.exact_rest(head, limit).await
    }

    /// The same when the packet's header was read already.
    pub(super) async fn exact_rest(&mut self, head: [u8; HEADER_LENGTH], limit: usize) -> Result<BytesMut, ReadError> {
        let length = Header::peek(&head).map_or(0, |header| header.length);
        if length > limit.min(packet::MAX_PAYLOAD - 1) {
            return Err(TooLarge { limit }.into());
        }
        let mut payload = BytesMut::zeroed(length);
        self.stream.read_exact(&mut payload).await?;
        self.sequence = head[3].wrapping_add(1);
        Ok(payload)
    }

    /// Appends a packet.
    pub(super) fn put(&mut self, write: impl FnOnce(&mut BytesMut)) {
        let framed: Result<(), std::convert::Infallible> = resultset::frame(&mut self.out, &mut self.sequence, |out| {
            write(out);
            Ok(())
        });
        let Ok(()) = framed;
    }

    /// Appends an OK.
    pub(super) fn put_ok(&mut self, ok: &resultset::Ok) {
        if self.withheld {
            return;
        }
        let capabilities = self.capabilities;
        self.put(|out| ok.put(out, capabilities));
    }

    /// Appends an ERR.
    pub(super) fn put_error(&mut self, error: &MysqlError) {
        let mut payload = reply::err(error.code, &error.sqlstate, &error.message);
        if let Some(charset) = self.results.filter(|_| !error.message.is_ascii()) {
            payload.truncate(payload.len() - error.message.len());
            payload.extend_from_slice(&charset.encode(&error.message));
        }
        self.put(|out| out.extend_from_slice(&payload));
    }

    /// Appends what ends a result.
    pub(super) fn put_end(&mut self, status: StatusFlags, warnings: u16) {
        let capabilities = self.capabilities;
        if capabilities.contains(Capabilities::DEPRECATE_EOF) {
            let ok = resultset::Ok { status, warnings, ..resultset::Ok::default() };
            self.put(|out| ok.put_end(out, capabilities));
        } else {
            self.put(|out| resultset::put_eof(out, status, warnings));
        }
    }

    /// Appends the number of columns and their definitions.
    pub(super) fn put_columns(&mut self, columns: &[OutputColumn], collation: u16, status: StatusFlags) {
        self.put_count(columns.len());
        self.put_definitions(columns, collation);
        if !self.capabilities.contains(Capabilities::DEPRECATE_EOF) {
            self.put(|out| resultset::put_eof(out, status, 0));
        }
    }

    /// Appends the number of columns.
    pub(super) fn put_count(&mut self, columns: usize) {
        self.put(|out| crate::wire::reader::put_lenenc(out, columns as u64));
    }

    /// Appends column definitions alone.
    pub(super) fn put_definitions(&mut self, columns: &[OutputColumn], collation: u16) {
        for column in columns {
            let charset = self.results;
            self.put(|out| put_definition(out, column, collation, charset));
        }
    }

    /// Appends a definition as COM_FIELD_LIST has it, with NULL for the default.
    pub(super) fn put_field(&mut self, column: &OutputColumn, collation: u16) {
        let charset = self.results;
        self.put(|out| {
            put_definition(out, column, collation, charset);
            out.extend_from_slice(&[0xfb]);
        });
    }

    /// Writes everything that has been collected.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.write_out().await?;
        if self.out.capacity() > OUTPUT_KEPT {
            self.out = BytesMut::new();
        }
        self.stream.flush().await
    }

    /// Writes what answers nothing.
    pub(super) async fn flush_unasked(&mut self) -> io::Result<()> {
        // First what was read is noted as used, which would number the answer to it.
        self.stream.used_but(self.unread.len());
        self.stream.unasked();
        self.flush().await
    }

    async fn write_out(&mut self) -> io::Result<()> {
        let mut written = 0;
        self.stream.used_but(self.unread.len());
        while let Some(rest) = self.out.get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                more => written += more,
            }
        }
        self.out.clear();
        Ok(())
    }

    /// Writes what has been collected when it is worth a write.
    pub(super) async fn flush_if_large(&mut self) -> io::Result<()> {
        if self.out.len() < WRITE_CHUNK {
            return Ok(());
        }
        self.write_out().await
    }
}

/// The definition packet of a column under the connection's collation.
fn put_definition(out: &mut BytesMut, column: &OutputColumn, collation: u16, charset: Option<&'static Charset>) {
    // Lengths are those of utf8mb4.
    let length = match charset {
        Some(charset) if column.character => column.length / 4 * charset.bytes,
        _ => column.length,
    };
    let definition = ColumnDefinition {
        schema: &column.schema,
        table: &column.table,
        org_table: &column.org_table,
        name: &column.name,
        org_name: &column.org_name,
        collation: if column.character { collation } else { BINARY_COLLATION },
        length,
        field: column.field,
        flags: column.flags,
        decimals: column.decimals,
    };
    match charset {
        Some(charset) => definition.put_with(out, |name| charset.encode(name)),
        None => definition.put(out),
    }
}
