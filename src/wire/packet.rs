//! Framing: a 3-byte little-endian length, a sequence byte, the payload. A payload of 0xff_ff_ff bytes is continued
//! by the next packet; a payload whose length is an exact multiple ends with an empty packet.

use bytes::{Buf, BufMut, BytesMut};

/// Bytes of a packet header.
pub const HEADER_LENGTH: usize = 4;
/// Largest payload of one packet; exactly this length announces a continuation.
pub const MAX_PAYLOAD: usize = 0xff_ff_ff;

/// A packet header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Payload bytes that follow.
    pub length: usize,
    /// Sequence number within the exchange.
    pub sequence: u8,
}

impl Header {
    /// Reads a header from the front of `bytes`; `None` while fewer than four bytes are there.
    #[must_use]
    pub fn peek(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<HEADER_LENGTH>()?;
        let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
        Some(Self { length, sequence: head[3] })
    }

    /// The four bytes of this header.
    #[must_use]
    pub fn encode(self) -> [u8; HEADER_LENGTH] {
        let length = u32::try_from(self.length.min(MAX_PAYLOAD)).unwrap_or(u32::MAX).to_le_bytes();
        [length[0], length[1], length[2], self.sequence]
    }
}

/// A payload put together from all its packets.
#[derive(Debug, PartialEq, Eq)]
pub struct Packet {
    /// The payload without headers.
    pub payload: BytesMut,
    /// Sequence number of the last packet of the payload.
    pub sequence: u8,
}

/// A payload that grew past its limit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("packet of more than {limit} bytes")]
pub struct TooLarge {
    /// The limit in bytes.
    pub limit: usize,
}

/// Takes one whole payload off the front of `buffer`, joining continuations; `Ok(None)` while it's incomplete.
///
/// # Errors
/// [`TooLarge`] as soon as the headers announce more than `limit` bytes, before they are read.
pub fn take(buffer: &mut BytesMut, limit: usize) -> Result<Option<Packet>, TooLarge> {
    let mut at = 0;
    let mut total = 0;
    loop {
        let Some(header) = Header::peek(&buffer[at..]) else { return Ok(None) };
        total += header.length;
        if total > limit {
            return Err(TooLarge { limit });
        }
        at += HEADER_LENGTH + header.length;
        if header.length == MAX_PAYLOAD {
            if buffer.len() < at {
                return Ok(None);
            }
            continue;
        }
        if buffer.len() < at {
            return Ok(None);
        }
        return Ok(Some(join(buffer, at, header.sequence)));
    }
}

/// Cuts the first `end` bytes of `buffer`, which are whole packets, into one payload.
fn join(buffer: &mut BytesMut, end: usize, sequence: u8) -> Packet {
    let mut whole = buffer.split_to(end);
    if end - HEADER_LENGTH < MAX_PAYLOAD {
        whole.advance(HEADER_LENGTH);
        return Packet { payload: whole, sequence };
    }
    let mut payload = BytesMut::with_capacity(end);
    while let Some(header) = Header::peek(&whole) {
        whole.advance(HEADER_LENGTH);
        payload.extend_from_slice(&whole.split_to(header.length));
    }
    Packet { payload, sequence }
}

/// Appends `payload` to `out` as one or more packets and returns the sequence number that comes next.
pub fn put(out: &mut BytesMut, payload: &[u8], mut sequence: u8) -> u8 {
    let mut rest = payload;
    loop {
        let length = rest.len().min(MAX_PAYLOAD);
        out.put_slice(&Header { length, sequence }.encode());
        out.put_slice(&rest[..length]);
        sequence = sequence.wrapping_add(1);
        rest = &rest[length..];
        if length < MAX_PAYLOAD {
            return sequence;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_survives_put_and_take_at_every_boundary() {
        for length in [0, 1, 250, 65_535, MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 2 * MAX_PAYLOAD] {
            let payload = vec![7u8; length];
            let mut buffer = BytesMut::new();
            let next = put(&mut buffer, &payload, 3);
            let packets = length / MAX_PAYLOAD + 1;
            assert_eq!(usize::from(next), 3 + packets, "length {length}");
            let packet = take(&mut buffer, usize::MAX).expect("within the limit").expect("complete");
            assert_eq!(packet.payload.len(), length);
            assert_eq!(usize::from(packet.sequence), 2 + packets);
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn a_part_of_a_packet_is_incomplete_and_stays_in_the_buffer() {
        let mut whole = BytesMut::new();
        put(&mut whole, b"hello", 0);
        for cut in 0..whole.len() {
            let mut part = BytesMut::from(&whole[..cut]);
            assert_eq!(take(&mut part, 100), Ok(None));
            assert_eq!(part.len(), cut);
        }
    }

    #[test]
    fn an_announced_length_over_the_limit_is_refused_before_it_arrives() {
        let mut buffer = BytesMut::from(&[0xff, 0xff, 0xff, 0][..]);
        assert_eq!(take(&mut buffer, 1000), Err(TooLarge { limit: 1000 }));
    }
}
