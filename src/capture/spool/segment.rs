//! Segments: how records lie in files.
//!
//! A segment is a file named after the sequence number of its first record. It begins with a header (magic, first
//! sequence), then frames: length, CRC-32C over sequence and payload, sequence, payload. Sequences have no holes,
//! also across segments, so a missing record can't be mistaken for a short one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use bytes::BufMut;

/// The first bytes of every segment; the digit is the version of the format.
const MAGIC: &[u8; 8] = b"BSCSPL01";
/// Bytes of the header.
pub(super) const HEADER: u64 = 16;
/// Bytes before a payload.
pub(super) const FRAME: usize = 16;
/// The largest payload; MySQL's own limit for a statement is one gibibyte.
pub(super) const MAX_PAYLOAD: usize = (1 << 30) + (128 << 20);
/// Segments end when they have reached this size.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;
const SUFFIX: &str = ".spool";

/// The path of the segment whose first record is `first`.
pub(super) fn path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:020}{SUFFIX}"))
}

/// The segments of a directory by first sequence.
pub(super) fn list(directory: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name = entry?.file_name();
        if let Some(first) = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|n| n.parse().ok()) {
            found.push(first);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Makes names in `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Creates the segment that begins with `first`, readable by its owner only.
pub(super) fn create(directory: &Path, first: u64) -> io::Result<File> {
    use std::io::Write;
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path(directory, first))?;
    let mut header = MAGIC.to_vec();
    header.put_u64_le(first);
    file.write_all(&header)?;
    Ok(file)
}

/// Adds one frame to a buffer.
pub(super) fn put_frame(out: &mut Vec<u8>, sequence: u64, payload: &[u8]) {
    out.put_u32_le(u32::try_from(payload.len()).expect("payloads are limited below 4 GiB"));
    out.put_u32_le(checksum(sequence, payload));
    out.put_u64_le(sequence);
    out.put_slice(payload);
}

/// What the bytes at a position are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// A whole record and its size with the frame around it.
    Record { payload: &'a [u8], size: usize },
    /// More bytes are needed: so many in all.
    Incomplete { needed: usize },
    /// No frame, or not the expected one.
    Damaged,
}

/// Looks at the frame at the start of `bytes`, which must carry `sequence`.
pub(super) fn frame(bytes: &[u8], sequence: u64) -> Frame<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<FRAME>() else {
        return Frame::Incomplete { needed: FRAME };
    };
    let [l0, l1, l2, l3, c0, c1, c2, c3, number @ ..] = *head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    if length > MAX_PAYLOAD || u64::from_le_bytes(number) != sequence {
        return Frame::Damaged;
    }
    let Some(payload) = rest.get(..length) else {
        return Frame::Incomplete { needed: FRAME + length };
    };
    if u32::from_le_bytes([c0, c1, c2, c3]) != checksum(sequence, payload) {
        return Frame::Damaged;
    }
    Frame::Record { payload, size: FRAME + length }
}

/// True when `file`, at its start, has the header of the segment `first`.
pub(super) fn read_header(file: &mut File, first: u64) -> io::Result<bool> {
    let mut header = [0u8; HEADER as usize];
    match file.read_exact(&mut header) {
        Ok(()) => Ok(header[..8] == MAGIC[..] && header[8..] == first.to_le_bytes()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn checksum(sequence: u64, payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&sequence.to_le_bytes()), payload)
}
