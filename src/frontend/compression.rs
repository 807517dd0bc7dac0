//! The compressing layer of a client's connection: frames on the outside, MySQL's packets on the inside.
//!
//! # Sequence numbers
//! Frames are numbered apart from packets. MySQL counts on from the last frame that it has read, and it reads a command only
//! once the one before is answered. Here clients' bytes are taken early, while a reply is under way, so the number of a frame
//! counts only when its content is used: before something is sent, the caller says how much is still unused.
//!
//! What is said unasked, e.g. why a silent client is let go, begins with 0.
//!
//! A client's frame begins anew with 0 or continues the last frame of either side; another number is refused, as MySQL does.
//!
//! Packets inside frames have numbers too, which MySQL doesn't look at and counts anew from the frame's number whenever it
//! flushes. Some clients look: to them a packet at the beginning of a frame may have the frame's number, and any other one
//! continues. So that's what is sent; the numbers are all that is changed.
//!
//! # Memory
//! Frames are opened into the reader's own buffer, and what is sent is compressed one frame at a time. An idle session has
//! no buffer here.

use std::collections::VecDeque;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Transport;
use crate::wire::compressed::{self, Algorithm, BadFrame, FRAME_CONTENT, FrameHeader, Opened, Opener};
use crate::wire::packet::HEADER_LENGTH;

/// Bytes taken from the socket in one go.
const CHUNK: usize = 16 * 1024;

/// The state of both directions.
pub(super) struct Compression {
    algorithm: Algorithm,
    opener: Opener,
    /// Read and not opened yet.
    incoming: BytesMut,
    /// Compressed and not sent yet.
    outgoing: BytesMut,
    /// Bytes of content that were read, all in all.
    read: u64,
    /// Frames whose content isn't used yet: where each begins in what was read, and its number.
    unused: VecDeque<(u64, u8)>,
    /// Number of the last frame that was read.
    last_read: u8,
    /// Number of the next frame to be sent.
    next: u8,
    packets: Packets,
}

/// Where in a packet the sent bytes are.
#[derive(Default)]
struct Packets {
    /// Payload bytes of it that are still to come.
    left: usize,
    /// Bytes of its header that were seen, and the length that they announce.
    header: (usize, usize),
    /// Number of the next one.
    next: u8,
}

impl Packets {
    /// Numbers the packets that begin in the content of a frame.
    fn number(&mut self, content: &mut [u8], frame: u8) {
        if self.left == 0 && self.header.0 == 0 {
            self.next = frame;
        }
        let mut at = 0;
        while let Some(byte) = content.get_mut(at) {
            if self.left > 0 {
                let now = self.left.min(content.len() - at);
                (self.left, at) = (self.left - now, at + now);
                continue;
            }
            let (seen, length) = self.header;
            if seen < HEADER_LENGTH - 1 {
                self.header = (seen + 1, length | usize::from(*byte) << (8 * seen));
            } else {
                *byte = self.next;
                (self.next, self.left, self.header) = (self.next.wrapping_add(1), length, (0, 0));
            }
            at += 1;
        }
    }
}

impl std::fmt::Debug for Compression {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Compression").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Compression {
    pub(super) fn new(algorithm: Algorithm, incoming: BytesMut) -> Self {
        Self {
            algorithm,
            opener: Opener::new(algorithm),
            incoming,
            outgoing: BytesMut::new(),
            read: 0,
            unused: VecDeque::new(),
            last_read: 0,
            next: 0,
            packets: Packets::default(),
        }
    }

    /// What is sent from now on answers everything that was read but its last `unread` bytes.
    pub(super) fn used_but(&mut self, unread: usize) {
        let used = self.read.saturating_sub(unread as u64);
        while let Some((_, number)) = self.unused.pop_front_if(|(begin, _)| *begin < used) {
            self.next = number.wrapping_add(1);
        }
        if self.unused.is_empty() {
            self.unused = VecDeque::new();
        }
    }

    /// What is sent next answers nothing: MySQL numbers it from 0.
    pub(super) fn unasked(&mut self) {
        self.next = 0;
    }

    /// Notes the number of a frame that begins.
    fn begins(&mut self, header: FrameHeader) -> Result<(), BadFrame> {
        let number = header.sequence;
        if number != 0 && number != self.last_read.wrapping_add(1) && number != self.next {
            return Err(BadFrame::Sequence);
        }
        self.last_read = number;
        // Of frames that begin at one place only the last has content; frames are many only with content between them.
        self.unused.pop_back_if(|(begin, _)| *begin == self.read);
        self.unused.push_back((self.read, number));
        Ok(())
    }

    pub(super) fn poll_read(
        &mut self,
        transport: &mut Transport,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let mut opened = self.opener.open(&mut self.incoming, buffer.initialize_unfilled()).map_err(invalid)?;
            if let Opened::Begins(header) = opened {
                self.begins(header).map_err(invalid)?;
                opened = Opened::Content(0);
            }
            match opened {
                Opened::Content(0) | Opened::Begins(_) => {}
                Opened::Content(written) => {
                    buffer.advance(written);
                    self.read += written as u64;
                    self.release();
                    return Poll::Ready(Ok(()));
                }
                Opened::More => {
                    self.release();
                    if ready!(self.poll_more(transport, context))? == 0 {
                        let clean = self.opener.is_between() && self.incoming.is_empty();
                        let end = if clean { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
                        return Poll::Ready(end);
                    }
                }
            }
        }
    }

    fn poll_more(&mut self, transport: &mut Transport, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut space = [const { MaybeUninit::<u8>::uninit() }; CHUNK];
        let mut chunk = ReadBuf::uninit(&mut space);
        ready!(Pin::new(transport).poll_read(context, &mut chunk))?;
        self.incoming.extend_from_slice(chunk.filled());
        Poll::Ready(Ok(chunk.filled().len()))
    }

    fn release(&mut self) {
        if self.incoming.is_empty() {
            self.incoming = BytesMut::new();
        }
    }

    pub(super) fn poll_write(
        &mut self,
        transport: &mut Transport,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(transport, context))?;
        let content = bytes.get(..FRAME_CONTENT).unwrap_or(bytes);
        if content.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let mut numbered = content.to_vec();
        self.packets.number(&mut numbered, self.next);
        compressed::put(&mut self.outgoing, &numbered, self.next, self.algorithm);
        self.next = self.next.wrapping_add(1);
        // The content is taken; whether its frame can be sent now is seen when more is written or flushed.
        match self.poll_drain(transport, context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(content.len())),
        }
    }

    /// Sends what was compressed.
    pub(super) fn poll_drain(&mut self, transport: &mut Transport, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let sent = ready!(Pin::new(&mut *transport).poll_write(context, &self.outgoing))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outgoing.advance(sent);
        }
        self.outgoing = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

fn invalid(error: BadFrame) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::packet::{self, Header};

    /// However the bytes are cut into frames, a packet at a frame's beginning has the frame's number and others continue.
    #[test]
    fn packets_are_numbered_from_their_frame() {
        let mut bytes = BytesMut::new();
        for (length, number) in [(1, 1), (0, 2), (300, 3), (5, 200), (70, 9)] {
            packet::put(&mut bytes, &vec![0xaa; length], number);
        }
        for cut in 1..bytes.len() {
            let mut packets = Packets::default();
            let (mut numbered, mut starts) = (Vec::new(), Vec::new());
            for (frame, content) in bytes.chunks(cut).enumerate() {
                starts.push(numbered.len());
                let mut content = content.to_vec();
                packets.number(&mut content, u8::try_from(frame % 256).expect("small"));
                numbered.extend(content);
            }
            let (mut at, mut expected) = (0, 0);
            while let Some(header) = Header::peek(&numbered[at..]) {
                if let Ok(frame) = starts.binary_search(&at) {
                    expected = u8::try_from(frame % 256).expect("small");
                }
                assert_eq!(header.sequence, expected, "cut {cut}, byte {at}");
                expected = expected.wrapping_add(1);
                at += HEADER_LENGTH + header.length;
            }
            assert_eq!(at, bytes.len());
        }
    }
}
