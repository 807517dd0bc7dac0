//! A compressed transaction: its events one after the other, unpacked as they are read.
//!
//! The window that the compression may look back on is bounded, and no more than one event is unpacked at a time, so that
//! a small payload can't take much memory, however much it unpacks to.

use std::io::Read as _;

use bytes::{Buf as _, Bytes};
use zstd::stream::read::Decoder;

use super::{BinlogError, little_endian};
use crate::wire::reader::Reader;

/// Events of a compressed transaction.
pub struct Payload {
    source: Source,
    /// Bytes that may still come, by what the event announces.
    left: u64,
}

enum Source {
    Plain(bytes::buf::Reader<Bytes>),
    Zstd(Decoder<'static, bytes::buf::Reader<Bytes>>),
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Payload").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Bytes of an event's header.
const HEADER: usize = 19;
/// Bytes that may be looked back on, as a power of two: what zstd's highest level takes, which MySQL allows.
const WINDOW: u32 = 27;
/// The largest event: a row of LONGBLOBs is limited by max_allowed_packet, a gigabyte.
pub(super) const LARGEST_EVENT: usize = (1 << 30) + (1 << 20);

impl Payload {
    /// Reads the head of a TRANSACTION_PAYLOAD_EVENT; its events come from [`Payload::event`].
    pub(super) fn parse(body: &Bytes) -> Result<Self, BinlogError> {
        let malformed = |_: std::io::Error| BinlogError::Malformed("a compressed transaction");
        let mut reader = Reader::new(body);
        let (mut zstd, mut unpacked) = (false, None);
        loop {
            let kind = reader.lenenc()?;
            if kind == 0 {
                break;
            }
            let mut value = Reader::new(reader.lenenc_bytes()?);
            match kind {
                2 => {
                    zstd = match value.lenenc()? {
                        0 => true,
                        255 => false,
                        other => {
                            return Err(BinlogError::Refused(format!(
                                "a transaction is compressed in a way that isn't known ({other})"
                            )));
                        }
                    }
                }
                3 => unpacked = Some(value.lenenc()?),
                _size_and_later => {}
            }
        }
        let packed = body.slice(body.len() - reader.rest().len()..);
        let left = unpacked.unwrap_or(packed.len() as u64);
        let source = if zstd {
            let mut decoder = Decoder::with_buffer(packed.reader()).map_err(malformed)?;
            decoder.window_log_max(WINDOW).map_err(malformed)?;
            Source::Zstd(decoder)
        } else {
            Source::Plain(packed.reader())
        };
        Ok(Self { source, left })
    }

    /// The next event, whole, without a checksum; `None` at the end.
    ///
    /// # Errors
    /// [`BinlogError::Malformed`] when the bytes aren't what was announced.
    pub fn event(&mut self) -> Result<Option<Bytes>, BinlogError> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut event = vec![0; HEADER];
        self.fill(&mut event)?;
        let length = usize::try_from(little_endian(event.get(9..13).unwrap_or_default())).unwrap_or(usize::MAX);
        if !(HEADER..=LARGEST_EVENT).contains(&length) || length as u64 > self.left + HEADER as u64 {
            return Err(BinlogError::Malformed("an event of a compressed transaction"));
        }
        // It grows with what comes, not with what is announced.
        while event.len() < length {
            const STEP: usize = 1 << 20;
            let from = event.len();
            event.resize(length.min(from + STEP), 0);
            let (_, fresh) = event.split_at_mut(from);
            self.fill(fresh)?;
        }
        Ok(Some(event.into()))
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), BinlogError> {
        self.left = self
            .left
            .checked_sub(into.len() as u64)
            .ok_or(BinlogError::Malformed("a compressed transaction of another size"))?;
        let read = match &mut self.source {
            Source::Plain(bytes) => bytes.read_exact(into),
            Source::Zstd(decoder) => decoder.read_exact(into),
        };
        read.map_err(|_| BinlogError::Malformed("a compressed transaction that ends too early"))
    }
}
