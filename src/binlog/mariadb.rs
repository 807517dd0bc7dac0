//! What only MariaDB writes: the event that begins a transaction, and events whose last part is compressed.
//!
//! The event says in flags what MySQL says by further events: that the transaction goes on to a commit although no BEGIN
//! comes, or that a single statement is all of it; and that an ALTER is only begun, or was given up. The server that gave
//! the number stands in the event's header.

use std::io::Read as _;

use bytes::{Buf as _, Bytes};
use flate2::read::ZlibDecoder;

use super::gtid::GtidEvent;
use super::payload::LARGEST_EVENT;
use super::rows::RowsEvent;
use super::{BinlogError, big_endian};
use crate::position::{Gtid, GtidSource};
use crate::wire::reader::Reader;

/// The event is a whole transaction together with the one that follows.
const STANDALONE: u8 = 1;
/// A number of the group commit follows.
const COMMIT_ID: u8 = 2;
/// The name of an XA branch follows.
const XA: u8 = 64 | 128;
/// An engine's number follows.
const ENGINES: u8 = 1;
/// An ALTER that is begun, or that was given up: it has done nothing.
const START_ALTER: u8 = 2;
const ROLLBACK_ALTER: u8 = 8;

/// MariaDB's GTID_EVENT. `seconds` is the header's time.
pub(super) fn gtid(body: &[u8], server: u32, seconds: u32) -> Result<GtidEvent, BinlogError> {
    let mut reader = Reader::new(body);
    let number = super::gtid::number(reader.u64()?)?;
    let domain = reader.u32()?;
    let flags = reader.u8()?;
    if flags & COMMIT_ID != 0 {
        reader.take(8)?;
    }
    if flags & XA != 0 {
        reader.take(4)?;
        let (global, branch) = (reader.u8()?, reader.u8()?);
        reader.take(usize::from(global) + usize::from(branch))?;
    }
    // Older servers end here, or fill up with zeros.
    let extra = reader.u8().unwrap_or(0);
    if extra & ENGINES != 0 {
        reader.u8()?;
    }
    Ok(GtidEvent {
        gtid: Gtid { source: GtidSource::Domain(domain), number, server },
        committed_micros: i64::from(seconds) * 1_000_000,
        length: 0,
        begun: flags & STANDALONE == 0,
        void: extra & (START_ALTER | ROLLBACK_ALTER) != 0,
    })
}

/// The event whose rows are compressed: those behind the bitmaps of columns. `code` is that of MariaDB.
pub(super) fn rows(code: u8, body: &Bytes) -> Result<(u8, Bytes), BinlogError> {
    const FIRST: u8 = 166;
    // Version 1 of rows, then version 2, each with inserts, updates and deletes.
    let plain = match code {
        166..=168 => code - FIRST + 23,
        169..=171 => code - FIRST - 3 + 30,
        other => return Err(BinlogError::Unknown(other)),
    };
    let prefix = RowsEvent::prefix(plain, body)?;
    let (head, packed) = body.split_at_checked(prefix).ok_or(BinlogError::Malformed("compressed rows"))?;
    let mut whole = head.to_vec();
    unpack(&body.slice(body.len() - packed.len()..), &mut whole)?;
    Ok((plain, whole.into()))
}

/// The event's last part, unpacked to what it announces and no further, behind what is in `out`.
pub(super) fn unpack(packed: &Bytes, out: &mut Vec<u8>) -> Result<(), BinlogError> {
    const ZLIB: u8 = 0;
    let malformed = BinlogError::Malformed("a compressed event");
    let mut reader = Reader::new(packed);
    let head = reader.u8()?;
    let digits = usize::from(head & 0x07);
    if head & 0x80 == 0 || (head >> 4) & 0x07 != ZLIB || !(1..=4).contains(&digits) {
        return Err(BinlogError::Refused("an event is compressed in a way that isn't known".to_owned()));
    }
    let length = usize::try_from(big_endian(reader.take(digits)?)).unwrap_or(usize::MAX);
    if length > LARGEST_EVENT {
        return Err(malformed);
    }
    let before = out.len();
    // It grows with what comes, not with what is announced.
    let source = packed.slice(1 + digits..).reader();
    let mut decoder = ZlibDecoder::new(source).take(length as u64 + 1);
    decoder.read_to_end(out).map_err(|_| malformed.clone())?;
    if out.len() - before == length { Ok(()) } else { Err(malformed) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(text: &[u8]) -> Bytes {
        let mut encoder = flate2::write::ZlibEncoder::new(vec![0x82, 0, text.len() as u8], flate2::Compression::fast());
        encoder.write_all(text).expect("memory");
        encoder.finish().expect("memory").into()
    }

    #[test]
    fn compressed_parts_are_unpacked_to_what_they_announce() {
        let mut out = b"head".to_vec();
        unpack(&packed(b"select 1"), &mut out).expect("good");
        assert_eq!(out, b"headselect 1");
        let good = packed(&[b'x'; 200]);
        for (at, byte) in [(0, 0x02), (0, 0x92), (0, 0x80), (2, 199), (2, 201), (5, 0xff)] {
            let mut bad = good.to_vec();
            bad[at] = byte;
            assert!(unpack(&bad.into(), &mut Vec::new()).is_err(), "{at}");
        }
        for length in 0..good.len() {
            assert!(unpack(&good.slice(..length), &mut Vec::new()).is_err(), "{length}");
        }
    }

    #[test]
    fn the_first_event_says_its_number_and_what_follows() {
        let mut body = 57_u64.to_le_bytes().to_vec();
        body.extend(3_u32.to_le_bytes());
        body.extend([STANDALONE, 0, 0, 0, 0, 0, 0]);
        let event = gtid(&body, 9, 1000).expect("good");
        assert_eq!((event.gtid.to_string().as_str(), event.begun, event.void), ("3-9-57", false, false));
        assert_eq!(event.committed_micros, 1_000_000_000);
        body.splice(12.., [COMMIT_ID | 64, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 2, 1, b'a', b'b', b'c', START_ALTER]);
        let event = gtid(&body, 9, 0).expect("good");
        assert_eq!((event.begun, event.void), (true, true));
        for length in 0..body.len() - 1 {
            assert!(gtid(&body[..length], 1, 0).is_err(), "{length}");
        }
    }
}
