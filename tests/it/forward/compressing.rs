//! The compressing layer of the tests' client, and what only clients that compress do.

use std::net::SocketAddr;

use bascule::wire::Capabilities;
use bascule::wire::compressed::{self, Algorithm, Opened, Opener};
use bascule::wire::handshake::HandshakeResponse;
use bascule::wire::packet::{self, HEADER_LENGTH, Header};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::Raw;

/// The level that clients of these tests ask for.
pub(super) const ZSTD_LEVEL: u8 = 3;

/// The compressed protocol of a client.
#[derive(Debug)]
pub(super) struct Frames {
    algorithm: Algorithm,
    opener: Opener,
    incoming: BytesMut,
    /// Number of the next frame in either direction.
    next: u8,
    any_numbers: bool,
    /// Frames of the server that didn't continue: which number was expected, and which came.
    jumps: Vec<[u8; 2]>,
}

impl Frames {
    /// What both sides agreed on at the login, from the next byte on; `unread` was read already.
    pub(super) fn agreed(client: Capabilities, server: Capabilities, unread: &mut BytesMut) -> Option<Self> {
        let agreed = Capabilities(client.0 & server.0);
        let algorithm = Algorithm::negotiated(agreed, Some(ZSTD_LEVEL)).expect("a level that exists")?;
        let (opener, incoming) = (Opener::new(algorithm), unread.split());
        Some(Self { algorithm, opener, incoming, next: 0, any_numbers: false, jumps: Vec::new() })
    }

    /// The next frame begins a command.
    pub(super) const fn begin(&mut self) {
        self.next = 0;
    }

    /// Frames that didn't continue since the last time.
    pub(super) fn jumps(&mut self) -> Vec<[u8; 2]> {
        std::mem::take(&mut self.jumps)
    }

    /// Bytes as frames that continue.
    pub(super) fn packed(&mut self, bytes: &[u8]) -> BytesMut {
        let mut frames = BytesMut::new();
        for content in bytes.chunks(compressed::FRAME_CONTENT) {
            compressed::put(&mut frames, content, self.next, self.algorithm);
            self.next = self.next.wrapping_add(1);
        }
        frames
    }

    /// Reads some content; 0 when the server has closed.
    pub(super) async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin), unread: &mut BytesMut) -> usize {
        let mut piece = vec![0; 16_384];
        loop {
            match self.opener.open(&mut self.incoming, &mut piece).expect("well formed") {
                Opened::Begins(header) => {
                    if !self.any_numbers && header.sequence != self.next {
                        self.jumps.push([self.next, header.sequence]);
                    }
                    self.next = header.sequence.wrapping_add(1);
                }
                Opened::Content(0) => {}
                Opened::Content(written) => {
                    unread.extend_from_slice(&piece[..written]);
                    return written;
                }
                Opened::More if stream.read_buf(&mut self.incoming).await.unwrap_or(0) == 0 => return 0,
                Opened::More => {}
            }
        }
    }
}

/// Packets without their numbers: nobody looks at them inside compressed frames, and MySQL counts them anew there whenever
/// it flushes.
pub(super) fn unnumbered(mut packets: BytesMut) -> BytesMut {
    let mut at = 0;
    while let Some(header) = packets.get(at..).and_then(Header::peek) {
        packets[at + HEADER_LENGTH - 1] = 0;
        at += HEADER_LENGTH + header.length;
    }
    packets
}

impl Raw {
    /// MySQL's refusal of a login with a level of zstd.
    pub(super) async fn refused(address: SocketAddr, capabilities: Capabilities, level: u8) -> Bytes {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let mut unread = BytesMut::new();
        super::raw::packet(&mut stream, &mut unread).await.expect("a greeting");
        let response = HandshakeResponse {
            capabilities,
            max_packet: 1 << 26,
            collation: 45,
            user: b"root".to_vec(),
            auth_data: Vec::new(),
            database: None,
            plugin: Some(b"caching_sha2_password".to_vec()),
            attributes: Vec::new(),
            zstd_level: Some(level),
        };
        let mut out = BytesMut::new();
        packet::put(&mut out, &response.encode(), 1);
        stream.write_all(&out).await.expect("sent");
        super::raw::packet(&mut stream, &mut unread).await.expect("a refusal").payload.freeze()
    }

    /// Stops looking at the numbers of frames.
    pub(super) const fn any_numbers(&mut self) -> &mut Self {
        if let Some(frames) = &mut self.frames {
            frames.any_numbers = true;
        }
        self
    }

    /// Sends bytes as they are, also on a compressed connection.
    pub(super) async fn send_uncompressed(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// True when the server says at most one thing more and closes.
    pub(super) async fn last_words(&mut self) -> bool {
        self.packet().await.is_none_or(|packet| packet.payload.first() == Some(&0xff)) && self.packet().await.is_none()
    }

    /// Closes the sending side and reads until the server has closed, too.
    pub(super) async fn ends(mut self) {
        let _ = self.stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
    }
}
