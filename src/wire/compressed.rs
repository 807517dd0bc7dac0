//! The compressed protocol: packets travel as a stream of bytes that is cut into frames, without regard to where a packet
//! ends. A frame has a header of seven bytes: the length that follows, a sequence number of the frames' own, and the length
//! of the content. A content length of 0 says that the content follows as it is.
//!
//! Nothing is allocated because a header says so. Frames are opened piece by piece into memory that the caller gives; zstd's
//! own window is the largest thing that is kept, it's bounded by the largest frame, and it goes when the frame ends. A frame
//! must open to exactly the length that its header declares.
//!
//! Checked against MySQL 9.7: content under 50 bytes and content that doesn't get smaller is sent as it is; zlib wins where
//! a client asks for both.

use bytes::{Buf, BufMut, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Operation as _};

use super::constants::Capabilities;

/// Bytes of a frame's header.
pub const FRAME_HEADER: usize = 7;
/// Content of one frame of ours at most. Frames of others hold up to 16 MiB.
pub const FRAME_CONTENT: usize = 64 << 10;
/// Content from which on compression is tried; MySQL's `MIN_COMPRESS_LENGTH`.
const WORTH_IT: usize = 50;
/// zlib's own default, which is MySQL's.
const ZLIB_LEVEL: u32 = 6;
/// zstd's window is as large as the largest frame at most: 2^24 bytes.
const ZSTD_WINDOW: u32 = 24;
/// The levels of zstd that MySQL takes.
const ZSTD_LEVELS: std::ops::RangeInclusive<u8> = 1..=22;

/// How content is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Zlib,
    /// With the level that the client asked for.
    Zstd(i32),
}

/// A client asks for zstd with a level that doesn't exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid zstd compression level for algorithm 'zstd'.")]
pub struct BadLevel;

impl BadLevel {
    /// MySQL's number of this refusal; its text is the error's.
    pub const CODE: u16 = 3923;
}

impl Algorithm {
    /// What both sides agreed on; `None` for an uncompressed connection.
    ///
    /// # Errors
    /// [`BadLevel`] for zstd with a level outside 1 to 22, or with none.
    pub fn negotiated(agreed: Capabilities, zstd_level: Option<u8>) -> Result<Option<Self>, BadLevel> {
        if agreed.contains(Capabilities::COMPRESS) {
            return Ok(Some(Self::Zlib));
        }
        if !agreed.contains(Capabilities::ZSTD_COMPRESSION) {
            return Ok(None);
        }
        let level = zstd_level.filter(|level| ZSTD_LEVELS.contains(level)).ok_or(BadLevel)?;
        Ok(Some(Self::Zstd(i32::from(level))))
    }
}

/// Bytes that can't be a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    #[error("a compressed packet can't be opened")]
    Damaged,
    #[error("a compressed packet opens to another length than it declares")]
    Length,
    #[error("compressed packets come out of order")]
    Sequence,
}

/// A frame that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes that follow.
    pub length: usize,
    pub sequence: u8,
    /// Bytes of the content; 0 when it isn't compressed.
    pub content: usize,
}

impl FrameHeader {
    /// Reads a header from the front of `bytes`; `None` while it isn't whole.
    #[must_use]
    pub fn peek(bytes: &[u8]) -> Option<Self> {
        let head = bytes.first_chunk::<FRAME_HEADER>()?;
        let number =
            |at: usize| usize::from(head[at]) | usize::from(head[at + 1]) << 8 | usize::from(head[at + 2]) << 16;
        Some(Self { length: number(0), sequence: head[3], content: number(4) })
    }

    fn put(self, out: &mut BytesMut) {
        out.put_uint_le(self.length as u64, 3);
        out.put_u8(self.sequence);
        out.put_uint_le(self.content as u64, 3);
    }
}

/// Appends `content` as one frame. There are [`FRAME_CONTENT`] bytes of it at most.
pub fn put(out: &mut BytesMut, content: &[u8], sequence: u8, algorithm: Algorithm) {
    let content = content.get(..FRAME_CONTENT).unwrap_or(content);
    let compressed = if content.len() < WORTH_IT { None } else { compress(content, algorithm) };
    match compressed.filter(|compressed| compressed.len() < content.len()) {
        Some(compressed) => {
            FrameHeader { length: compressed.len(), sequence, content: content.len() }.put(out);
            out.put_slice(&compressed);
        }
        None => {
            FrameHeader { length: content.len(), sequence, content: 0 }.put(out);
            out.put_slice(content);
        }
    }
}

/// `None` when it doesn't get smaller.
fn compress(content: &[u8], algorithm: Algorithm) -> Option<Vec<u8>> {
    let mut out = vec![0; content.len()];
    let length = match algorithm {
        Algorithm::Zlib => {
            let mut compress = Compress::new(Compression::new(ZLIB_LEVEL), true);
            let status = compress.compress(content, &mut out, FlushCompress::Finish).ok()?;
            (status == Status::StreamEnd).then(|| usize::try_from(compress.total_out()).ok()).flatten()?
        }
        // It fails when `out` isn't large enough.
        Algorithm::Zstd(level) => zstd::bulk::compress_to_buffer(content, &mut out, level).ok()?,
    };
    out.truncate(length);
    Some(out)
}

/// Opens frames.
pub struct Opener {
    algorithm: Algorithm,
    frame: Option<Open>,
}

/// A frame that isn't at its end.
struct Open {
    /// Bytes of the frame that are still to come.
    left: usize,
    /// Bytes of the content that are still to come, where it's compressed.
    content: usize,
    /// The last piece filled what it was written to: there may be more without further input.
    filled: bool,
    ended: bool,
    how: How,
}

enum How {
    Stored,
    Zlib(Box<Decompress>),
    Zstd(zstd::stream::raw::Decoder<'static>),
}

/// What [`Opener::open`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// More of the frame must arrive.
    More,
    /// A frame begins; its header was taken.
    Begins(FrameHeader),
    /// So many bytes of content were written.
    Content(usize),
}

impl std::fmt::Debug for Opener {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Opener").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Opener {
    /// For a connection whose compression begins with the next byte.
    #[must_use]
    pub const fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, frame: None }
    }

    /// True between two frames.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        self.frame.is_none()
    }

    /// Takes bytes from the front of `input` and writes content into `out`, which isn't empty. One thing at a time.
    ///
    /// # Errors
    /// [`BadFrame`]; the connection can't go on then.
    pub fn open(&mut self, input: &mut BytesMut, out: &mut [u8]) -> Result<Opened, BadFrame> {
        let Some(frame) = &mut self.frame else {
            let Some(header) = FrameHeader::peek(input) else { return Ok(Opened::More) };
            input.advance(FRAME_HEADER);
            if header.length > 0 || header.content > 0 {
                self.frame = Some(Open::begin(header, self.algorithm)?);
            }
            return Ok(Opened::Begins(header));
        };
        if input.is_empty() && !frame.filled && frame.left > 0 {
            return Ok(Opened::More);
        }
        let written = frame.piece(input, out)?;
        if frame.ended {
            self.frame = None;
        }
        Ok(Opened::Content(written))
    }
}

impl Open {
    fn begin(header: FrameHeader, algorithm: Algorithm) -> Result<Self, BadFrame> {
        let how = match algorithm {
            _ if header.content == 0 => How::Stored,
            Algorithm::Zlib => How::Zlib(Box::new(Decompress::new(true))),
            Algorithm::Zstd(_) => {
                let mut decoder = zstd::stream::raw::Decoder::new().map_err(|_| BadFrame::Damaged)?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).map_err(|_| BadFrame::Damaged)?;
                How::Zstd(decoder)
            }
        };
        Ok(Self { left: header.length, content: header.content, filled: false, ended: false, how })
    }

    /// Writes some content into `out`.
    fn piece(&mut self, input: &mut BytesMut, out: &mut [u8]) -> Result<usize, BadFrame> {
        let there = input.get(..self.left.min(input.len())).unwrap_or_default();
        let given = there.len();
        let (read, written, ended) = match &mut self.how {
            How::Stored => {
                let length = given.min(out.len());
                out[..length].copy_from_slice(&there[..length]);
                (length, length, length == self.left)
            }
            How::Zlib(decoder) => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(there, out, FlushDecompress::None).map_err(|_| BadFrame::Damaged)?;
                let moved = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
                let (read, written) = (moved(decoder.total_in(), read), moved(decoder.total_out(), written));
                (read, written, status == Status::StreamEnd)
            }
            How::Zstd(decoder) => {
                let status = decoder.run_on_buffers(there, out).map_err(|_| BadFrame::Damaged)?;
                (status.bytes_read, status.bytes_written, status.remaining == 0)
            }
        };
        input.advance(read);
        self.left -= read;
        (self.filled, self.ended) = (written == out.len(), ended);
        if matches!(self.how, How::Stored) {
            return Ok(written);
        }
        self.content = self.content.checked_sub(written).ok_or(BadFrame::Length)?;
        if ended && (self.left > 0 || self.content > 0) {
            return Err(BadFrame::Length);
        }
        if !ended && written == 0 && (self.left == 0 || (read == 0 && given > 0)) {
            return Err(BadFrame::Damaged);
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALGORITHMS: [Algorithm; 3] = [Algorithm::Zlib, Algorithm::Zstd(1), Algorithm::Zstd(19)];

    /// Frames of up to [`FRAME_CONTENT`] bytes each.
    fn frames(content: &[u8], algorithm: Algorithm) -> BytesMut {
        let mut out = BytesMut::new();
        for (number, part) in content.chunks(FRAME_CONTENT).enumerate() {
            put(&mut out, part, u8::try_from(number % 256).expect("small"), algorithm);
        }
        out
    }

    /// Opens what arrives in pieces, into pieces.
    fn open(
        bytes: &[u8],
        algorithm: Algorithm,
        (arrives, taken): (usize, usize),
    ) -> Result<(Vec<u8>, Vec<u8>), BadFrame> {
        let mut opener = Opener::new(algorithm);
        let (mut input, mut out, mut sequences) = (BytesMut::new(), Vec::new(), Vec::new());
        let mut piece = vec![0; taken];
        for part in bytes.chunks(arrives) {
            input.extend_from_slice(part);
            loop {
                match opener.open(&mut input, &mut piece)? {
                    Opened::More => break,
                    Opened::Begins(header) => sequences.push(header.sequence),
                    Opened::Content(written) => out.extend_from_slice(&piece[..written]),
                }
            }
        }
        Ok((out, sequences))
    }

    #[test]
    fn content_survives_in_pieces_of_any_size() {
        let text = "SELECT a, b, c FROM t WHERE id = 17; ".repeat(8_000);
        for algorithm in ALGORITHMS {
            for length in [0, 1, 49, 50, 51, 1000, 16_384, FRAME_CONTENT, FRAME_CONTENT + 1, text.len()] {
                let frames = frames(&text.as_bytes()[..length], algorithm);
                for pieces in [(7, 16), (1 << 20, 1 << 20), (16_384, 16_384), (1000, 13)] {
                    let (content, sequences) = open(&frames, algorithm, pieces).expect("well formed");
                    assert!(content == text.as_bytes()[..length], "{algorithm:?}, {length}, {pieces:?}");
                    assert_eq!(sequences.len(), length.div_ceil(FRAME_CONTENT));
                }
            }
        }
    }

    #[test]
    fn little_and_random_content_is_sent_as_it_is() {
        let mut random = vec![0_u8; 1000];
        rand::RngCore::fill_bytes(&mut rand::rngs::OsRng, &mut random);
        for algorithm in ALGORITHMS {
            for content in [&b"x".repeat(49)[..], &random] {
                let frame = frames(content, algorithm);
                let header = FrameHeader::peek(&frame).expect("whole");
                assert_eq!((header.length, header.content), (content.len(), 0));
            }
            let frame = frames(&b"x".repeat(50), algorithm);
            assert_eq!(FrameHeader::peek(&frame).expect("whole").content, 50);
        }
    }

    #[test]
    fn a_frame_that_opens_to_another_length_is_refused() {
        let content = b"x".repeat(100_000);
        for algorithm in ALGORITHMS {
            let whole = frames(&content[..FRAME_CONTENT], algorithm);
            for declared in [1_u32, 50, 65_535, 65_537, 0xff_ff_ff] {
                let mut lies = whole.clone();
                lies[4..7].copy_from_slice(&declared.to_le_bytes()[..3]);
                for pieces in [(7, 16), (1 << 20, 1 << 20)] {
                    let opened = open(&lies, algorithm, pieces).map(|_| ());
                    assert_eq!(opened, Err(BadFrame::Length), "{algorithm:?}, {declared}, {pieces:?}");
                }
            }
        }
    }

    /// A frame of a few kilobytes that would open to gigabytes is stopped one piece after what it declares.
    #[test]
    fn a_bomb_is_stopped_at_its_declared_length() {
        let zeros = vec![0_u8; 8 << 20];
        let bomb = zstd::bulk::compress(&zeros, 19).expect("compresses");
        let mut frame = BytesMut::new();
        FrameHeader { length: bomb.len(), sequence: 0, content: 1000 }.put(&mut frame);
        frame.put_slice(&bomb);
        let mut opener = Opener::new(Algorithm::Zstd(3));
        let (mut piece, mut out) = (vec![0; 512], 0);
        let error = loop {
            match opener.open(&mut frame, &mut piece) {
                Ok(Opened::Content(written)) => out += written,
                Ok(Opened::Begins(_) | Opened::More) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(error, BadFrame::Length);
        assert!(out <= 1000, "{out}");
    }

    #[test]
    fn what_was_agreed_on_decides() {
        let (zlib, zstd) = (Capabilities::COMPRESS, Capabilities::ZSTD_COMPRESSION);
        assert_eq!(Algorithm::negotiated(zlib.with(zstd), Some(0)), Ok(Some(Algorithm::Zlib)));
        assert_eq!(Algorithm::negotiated(zstd, Some(22)), Ok(Some(Algorithm::Zstd(22))));
        for level in [None, Some(0), Some(23), Some(255)] {
            assert_eq!(Algorithm::negotiated(zstd, level), Err(BadLevel));
            assert_eq!(Algorithm::negotiated(Capabilities(0), level), Ok(None));
        }
    }

    proptest! {
        /// Whatever is changed in frames, opening them ends, without a panic, with content or a refusal.
        #[test]
        fn damaged_frames_never_panic(
            which in 0_usize..3,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            pieces in (1_usize..5000, 1_usize..5000),
        ) {
            let algorithm = ALGORITHMS[which];
            let mut frames = frames(&"INSERT INTO t VALUES (1, 'abc'); ".repeat(300).into_bytes(), algorithm);
            for (at, byte) in changes {
                let at = at.index(frames.len());
                frames[at] = byte;
            }
            let _ = open(&frames, algorithm, pieces);
        }

        #[test]
        fn any_bytes_never_panic(which in 0_usize..3, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = open(&bytes, ALGORITHMS[which], (50, 64));
        }
    }
}
