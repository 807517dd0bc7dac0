//! Bytes between a client and MySQL: commands one way, replies the other, as they come.
//!
//! A reply is sent on while it arrives; only its OK, EOF and ERR packets are looked at whole. Nothing is read from
//! one side while the other doesn't take what was read before, so a client that doesn't read holds its own query and
//! no memory. While a reply is under way the client's socket is watched too: what it sends waits in a bounded buffer.

use std::io;

use bytes::{Buf, BytesMut};

use super::end::{End, framed};
use super::facts::{Facts, Heard};
use super::stream::ClientStream;
use crate::source::connect::ServerStream;
use crate::wire::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD};
use crate::wire::tracker::{Kind, ReplyShape, ReplyTracker, Step};

/// Why a session's connections can't go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    /// The client went away or broke the protocol.
    #[error("the client's connection ended")]
    Client(#[source] io::Error),
    /// MySQL went away.
    #[error("MySQL's connection ended")]
    Server(#[source] io::Error),
    /// MySQL sent something that can't be a reply to the command.
    #[error("MySQL's reply can't be followed")]
    Reply(#[from] crate::wire::Malformed),
}

/// What happens to the last packet of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It's sent like the rest.
    Forward,
    /// It's kept for the caller: the client may see it only when something else is done.
    HoldLast,
}

/// The two ends of a session and what is known of it.
pub(super) struct Relay {
    pub(super) client: End<ClientStream>,
    pub(super) server: End<ServerStream>,
    pub(super) facts: Facts,
    /// The client has closed its sending side; what was asked is still answered.
    pub(super) client_ended: bool,
    /// A part of the answer to the present command has been sent.
    pub(super) answered: bool,
}

/// A reply that is complete.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    pub(super) heard: Heard,
    /// The last packet, under [`Delivery::HoldLast`].
    pub(super) held: BytesMut,
    /// The client couldn't be written to; MySQL's reply was read to its end all the same.
    pub(super) client_lost: Option<io::Error>,
}

impl Relay {
    /// Relays the reply to one command.
    ///
    /// # Errors
    /// [`RelayError`]; a client that is lost isn't one, since the reply must be heard to its end.
    pub(super) async fn reply(&mut self, shape: ReplyShape, delivery: Delivery) -> Result<Delivered, RelayError> {
        let mut tracker = ReplyTracker::new(shape, self.facts.server_capabilities);
        let mut done = Delivered::default();
        while !tracker.is_done() {
            if self.server.unread.is_empty() {
                self.more().await?;
            }
            let wants_file = self.pass(&mut tracker, delivery, &mut done).await?;
            if let Some(file_sequence) = wants_file {
                self.upload(file_sequence).await?;
            } else if !tracker.is_done() && !self.server.unread.is_empty() {
                // The rest of a packet.
                self.more().await?;
            }
        }
        self.server.release();
        Ok(done)
    }

    /// Sends on what has arrived. When MySQL waits for a file of the client: the number that its first packet has.
    async fn pass(
        &mut self,
        tracker: &mut ReplyTracker,
        delivery: Delivery,
        done: &mut Delivered,
    ) -> Result<Option<u8>, RelayError> {
        let unread = &self.server.unread;
        let mut edited = BytesMut::new();
        // `copied` bytes are in `edited` in their final form; `at` bytes have been looked at.
        let (mut at, mut copied, mut wants_file, mut last) = (0, 0, None, 0);
        while !tracker.is_done() && wants_file.is_none() {
            let (length, kind) = match tracker.step(unread.get(at..).unwrap_or_default())? {
                Step::More => break,
                Step::Pass(length) => (length, None),
                Step::Packet { length, kind } => (length, Some(kind)),
            };
            let bytes = unread.get(at..at + length).unwrap_or_default();
            at += length;
            let Some(kind) = kind else { continue };
            let sequence = bytes.get(3).copied().unwrap_or_default();
            wants_file = (kind == Kind::LocalInfile).then(|| sequence.wrapping_add(1));
            let payload = bytes.get(HEADER_LENGTH..).unwrap_or_default();
            let replacement = self.facts.hear(kind, payload, &mut done.heard)?;
            let replacement = replacement.map(|payload| framed(&payload, sequence));
            if delivery == Delivery::HoldLast && tracker.is_done() {
                done.held.extend_from_slice(replacement.as_deref().unwrap_or(bytes));
                last = length;
            } else if let Some(packet) = replacement {
                edited.extend_from_slice(unread.get(copied..at - length).unwrap_or_default());
                edited.extend_from_slice(&packet);
                copied = at;
            }
        }
        let rest = unread.get(copied..at - last).unwrap_or_default();
        let out = if edited.is_empty() {
            rest
        } else {
            edited.extend_from_slice(rest);
            &edited
        };
        self.answered |= !out.is_empty();
        if !out.is_empty()
            && done.client_lost.is_none()
            && let Err(error) = self.client.send(out).await
        {
            done.client_lost = Some(error);
        }
        self.server.unread.advance(at);
        Ok(wants_file)
    }

    /// Waits for more of the reply.
    async fn more(&mut self) -> Result<(), RelayError> {
        self.server.fill().await.map_err(RelayError::Server)
    }

    /// Relays the client's file: packets until an empty one.
    async fn upload(&mut self, mut sequence: u8) -> Result<(), RelayError> {
        let mut continued = false;
        loop {
            let length = self.pass_packet(sequence).await?;
            sequence = sequence.wrapping_add(1);
            if length == 0 && !continued {
                return Ok(());
            }
            continued = length == MAX_PAYLOAD;
        }
    }

    /// Sends on a command: all its packets, however many bytes they have. At least the first header has arrived.
    pub(super) async fn command(&mut self) -> Result<(), RelayError> {
        let mut sequence = 0_u8;
        while self.pass_packet(sequence).await? == MAX_PAYLOAD {
            sequence = sequence.wrapping_add(1);
        }
        Ok(())
    }

    /// Sends on one packet of the client while it arrives, and returns its payload's length. Clients that compress number
    /// their frames, and nobody looks at the numbers of packets inside; MySQL, which gets the packets alone, does.
    async fn pass_packet(&mut self, sequence: u8) -> Result<usize, RelayError> {
        let header = loop {
            if let Some(header) = Header::peek(&self.client.unread) {
                break header;
            }
            self.client.fill().await.map_err(RelayError::Client)?;
        };
        if self.client.stream.is_compressed()
            && let Some(number) = self.client.unread.get_mut(HEADER_LENGTH - 1)
        {
            *number = sequence;
        }
        let mut left = HEADER_LENGTH + header.length;
        while left > 0 {
            if self.client.unread.is_empty() {
                self.client.fill().await.map_err(RelayError::Client)?;
            }
            let now = left.min(self.client.unread.len());
            let sent = self.server.send(&self.client.unread[..now]).await;
            sent.map_err(RelayError::Server)?;
            self.client.unread.advance(now);
            left -= now;
        }
        self.client.release();
        Ok(header.length)
    }

    /// Passes on what MySQL said before it closed, e.g. why.
    pub(super) async fn last_words(&mut self) {
        while self.server.fill().await.is_ok() {
            if self.client.send(&self.server.unread).await.is_err() {
                return;
            }
            self.server.unread.clear();
        }
    }
}
