//! A client that compresses and keeps every packet as it came, as `raw`'s does without compression.

use std::net::SocketAddr;

use bascule::wire::compressed::{self, Algorithm, Opened, Opener};
use bascule::wire::handshake::{AuthSwitch, Greeting, HandshakeResponse};
use bascule::wire::packet::{self, HEADER_LENGTH, Header, Packet};
use bascule::wire::tracker::{ReplyShape, ReplyTracker, Step};
use bascule::wire::{Capabilities, Command};
use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What most drivers ask for.
pub(crate) const USUAL: Capabilities = Capabilities::PROTOCOL_41
    .with(Capabilities::LONG_PASSWORD)
    .with(Capabilities::TRANSACTIONS)
    .with(Capabilities::SECURE_CONNECTION)
    .with(Capabilities::PLUGIN_AUTH)
    .with(Capabilities::MULTI_STATEMENTS)
    .with(Capabilities::MULTI_RESULTS)
    .with(Capabilities::PS_MULTI_RESULTS)
    .with(Capabilities::LOCAL_FILES);

/// A connection.
#[derive(Debug)]
pub(crate) struct Raw {
    stream: TcpStream,
    unread: BytesMut,
    /// After the login, if the capabilities say so.
    compression: Option<Compression>,
    pub(crate) capabilities: Capabilities,
    pub(crate) greeting: Greeting,
    /// The last packet of the login.
    pub(crate) login: Bytes,
}

/// The compressed protocol of a client.
#[derive(Debug)]
struct Compression {
    algorithm: Algorithm,
    opener: Opener,
    incoming: BytesMut,
    /// Number of the next frame in either direction.
    next: u8,
    any_numbers: bool,
}

/// The level that clients of these tests ask for.
const ZSTD_LEVEL: u8 = 3;

/// `caching_sha2_password`'s first data.
fn scrambled(password: &str, scramble: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let first = Sha256::digest(password.as_bytes());
    let mut hash = Sha256::new();
    hash.update(Sha256::digest(first));
    hash.update(scramble);
    first.iter().zip(hash.finalize()).map(|(one, other)| one ^ other).collect()
}

impl Raw {
    /// Logs in as a user whose password MySQL has in its cache, or who has none.
    pub(crate) async fn connect(address: SocketAddr, capabilities: Capabilities, user: &str, password: &str) -> Self {
        Self::on(TcpStream::connect(address).await.expect("a connection"), capabilities, user, password).await
    }

    /// The same on a connection.
    pub(crate) async fn on(stream: TcpStream, capabilities: Capabilities, user: &str, password: &str) -> Self {
        stream.set_nodelay(true).expect("nodelay");
        let mut unread = BytesMut::new();
        let mut stream = stream;
        let first = packet(&mut stream, &mut unread).await.expect("a greeting");
        let greeting = Greeting::parse(&first.payload).expect("well formed");
        let response = HandshakeResponse {
            capabilities,
            max_packet: 1 << 26,
            collation: 45,
            user: user.as_bytes().to_vec(),
            auth_data: scrambled(password, &greeting.scramble),
            database: None,
            plugin: Some(b"caching_sha2_password".to_vec()),
            attributes: vec![(b"program_name".to_vec(), b"raw".to_vec()), (b"x".to_vec(), b"".to_vec())],
            zstd_level: Some(ZSTD_LEVEL),
        };
        let mut raw = Self { stream, unread, compression: None, capabilities, greeting, login: Bytes::new() };
        raw.send(&response.encode(), 1).await;
        loop {
            let packet = raw.packet().await.expect("an answer to the login");
            if let Ok(switch) = AuthSwitch::parse(&packet.payload) {
                raw.send(&scrambled(password, &switch.data), packet.sequence + 1).await;
                continue;
            }
            if packet.payload.first() != Some(&1) {
                raw.login = packet.payload.freeze();
                let agreed = Capabilities(capabilities.0 & raw.greeting.capabilities.0);
                let algorithm = Algorithm::negotiated(agreed, Some(ZSTD_LEVEL)).expect("a level that exists");
                raw.compression = algorithm.map(|algorithm| Compression {
                    algorithm,
                    opener: Opener::new(algorithm),
                    incoming: std::mem::take(&mut raw.unread),
                    next: 0,
                    any_numbers: false,
                });
                return raw;
            }
        }
    }

    pub(crate) async fn send(&mut self, payload: &[u8], sequence: u8) {
        let mut out = BytesMut::new();
        packet::put(&mut out, payload, sequence);
        if let (0, Some(compression)) = (sequence, &mut self.compression) {
            compression.next = 0;
        }
        self.send_raw(&out).await;
    }

    /// Sends bytes as they are, also on a compressed connection.
    pub(crate) async fn send_uncompressed(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Reads once more; 0 when the server has closed.
    async fn fill(&mut self) -> usize {
        let Some(compression) = &mut self.compression else {
            return self.stream.read_buf(&mut self.unread).await.unwrap_or(0);
        };
        let mut piece = vec![0; 16_384];
        loop {
            match compression.opener.open(&mut compression.incoming, &mut piece).expect("well formed") {
                Opened::Begins(header) => {
                    let expected = compression.any_numbers || header.sequence == compression.next;
                    assert!(expected, "frame {} after {}", header.sequence, compression.next);
                    compression.next = header.sequence.wrapping_add(1);
                }
                Opened::Content(0) => {}
                Opened::Content(written) => {
                    self.unread.extend_from_slice(&piece[..written]);
                    return written;
                }
                Opened::More if self.stream.read_buf(&mut compression.incoming).await.unwrap_or(0) == 0 => return 0,
                Opened::More => {}
            }
        }
    }

    /// Nobody looks at the numbers of packets inside compressed frames, and MySQL counts them in a way of its own there.
    fn shown(&self, sequence: u8) -> u8 {
        if self.compression.is_some() { 0 } else { sequence }
    }

    /// Sends bytes. To a server that has closed nothing can be sent; that there's no reply shows it.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let Some(compression) = &mut self.compression else {
            let _ = self.stream.write_all(bytes).await;
            return;
        };
        let mut frames = BytesMut::new();
        for content in bytes.chunks(compressed::FRAME_CONTENT) {
            compressed::put(&mut frames, content, compression.next, compression.algorithm);
            compression.next = compression.next.wrapping_add(1);
        }
        let _ = self.stream.write_all(&frames).await;
    }

    /// The next packet; `None` when the server has closed.
    pub(crate) async fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = packet::take(&mut self.unread, usize::MAX).expect("no limit") {
                return Some(packet);
            }
            if self.fill().await == 0 {
                return None;
            }
        }
    }

    /// Sends a command and returns its reply, byte for byte; shorter than a reply if the server closes.
    pub(crate) async fn command(&mut self, payload: &[u8]) -> Bytes {
        self.send(payload, 0).await;
        let command = payload.first().and_then(|&byte| Command::from_byte(byte));
        self.reply(ReplyShape::of(command), b"").await
    }

    /// MySQL's refusal of a login with a level of zstd.
    pub(crate) async fn refused(address: SocketAddr, capabilities: Capabilities, level: u8) -> Bytes {
        let (mut stream, mut unread) = (TcpStream::connect(address).await.expect("a connection"), BytesMut::new());
        packet(&mut stream, &mut unread).await.expect("a greeting");
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
        packet(&mut stream, &mut unread).await.expect("a refusal").payload.freeze()
    }

    /// Stops looking at the numbers of frames.
    pub(crate) fn any_numbers(&mut self) -> &mut Self {
        if let Some(compression) = &mut self.compression {
            compression.any_numbers = true;
        }
        self
    }

    /// True when the server says at most one thing more and closes.
    pub(crate) async fn last_words(&mut self) -> bool {
        self.packet().await.is_none_or(|packet| packet.payload.first() == Some(&0xff)) && self.packet().await.is_none()
    }

    /// Closes the sending side and reads until the server has closed, too.
    pub(crate) async fn ends(mut self) {
        let _ = self.stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
    }

    /// Sends SQL and doesn't wait.
    pub(crate) async fn query_only(&mut self, sql: &str) {
        self.send(&[b"\x03", sql.as_bytes()].concat(), 0).await;
    }

    /// Runs SQL.
    pub(crate) async fn query(&mut self, sql: &str) -> Bytes {
        let mut payload = BytesMut::from(&[Command::Query as u8][..]);
        payload.put_slice(sql.as_bytes());
        self.command(&payload).await
    }

    /// Reads a reply to its end; answers a request for a file with `file`.
    pub(crate) async fn reply(&mut self, shape: ReplyShape, file: &[u8]) -> Bytes {
        let mut tracker = ReplyTracker::new(shape, self.capabilities);
        let mut reply = BytesMut::new();
        while !tracker.is_done() {
            let step = tracker.step(&self.unread);
            let (length, kind) = match step.unwrap_or_else(|error| panic!("{error}: {reply:?}, then {:?}", self.unread))
            {
                Step::More => {
                    if self.fill().await == 0 {
                        break;
                    }
                    continue;
                }
                Step::Pass(length) => (length, None),
                Step::Packet { length, kind } => (length, Some(kind)),
            };
            let sequence = self.unread.get(3).copied().unwrap_or_default();
            reply.put(self.unread.split_to(length));
            if kind == Some(bascule::wire::tracker::Kind::LocalInfile) {
                let mut out = BytesMut::new();
                let next = packet::put(&mut out, file, sequence + 1);
                packet::put(&mut out, b"", next);
                self.send_raw(&out).await;
            }
        }
        let mut at = 0;
        while let Some(header) = reply.get(at..).and_then(Header::peek) {
            reply[at + HEADER_LENGTH - 1] = self.shown(header.sequence);
            at += HEADER_LENGTH + header.length;
        }
        reply.freeze()
    }
}

async fn packet(stream: &mut TcpStream, unread: &mut BytesMut) -> Option<Packet> {
    loop {
        if let Some(packet) = packet::take(unread, usize::MAX).expect("no limit") {
            return Some(packet);
        }
        if stream.read_buf(unread).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
