//! A client that keeps every packet as it came: for comparing bytes, and for commands that no driver sends.

use std::net::SocketAddr;

use bascule::wire::handshake::{AuthSwitch, Greeting, HandshakeResponse};
use bascule::wire::packet::{self, Packet};
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
    pub(crate) capabilities: Capabilities,
    pub(crate) greeting: Greeting,
    /// The last packet of the login.
    pub(crate) login: Bytes,
}

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
        let stream = TcpStream::connect(address).await.expect("a connection");
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
        };
        let mut raw = Self { stream, unread, capabilities, greeting, login: Bytes::new() };
        raw.send(&response.encode(), 1).await;
        loop {
            let packet = raw.packet().await.expect("an answer to the login");
            if let Ok(switch) = AuthSwitch::parse(&packet.payload) {
                raw.send(&scrambled(password, &switch.data), packet.sequence + 1).await;
                continue;
            }
            if packet.payload.first() != Some(&1) {
                raw.login = packet.payload.freeze();
                return raw;
            }
        }
    }

    pub(crate) async fn send(&mut self, payload: &[u8], sequence: u8) {
        let mut out = BytesMut::new();
        packet::put(&mut out, payload, sequence);
        self.send_raw(&out).await;
    }

    /// Sends bytes. To a server that has closed nothing can be sent; that there's no reply shows it.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next packet; `None` when the server has closed.
    pub(crate) async fn packet(&mut self) -> Option<Packet> {
        packet(&mut self.stream, &mut self.unread).await
    }

    /// Sends a command and returns its reply, byte for byte; shorter than a reply if the server closes.
    pub(crate) async fn command(&mut self, payload: &[u8]) -> Bytes {
        self.send(payload, 0).await;
        let command = payload.first().and_then(|&byte| Command::from_byte(byte));
        self.reply(ReplyShape::of(command), b"").await
    }

    /// Runs SQL.
    pub(crate) async fn query(&mut self, sql: &str) -> Bytes {
        let mut payload = BytesMut::from(&[Command::Query as u8][..]);
        payload.put_slice(sql.as_bytes());
        self.command(&payload).await
    }

    /// Reads the answer to COM_CHANGE_USER of a user without a password: what is said of salts is left out.
    pub(crate) async fn authentication(&mut self) -> Bytes {
        let mut reply = BytesMut::new();
        while let Some(packet) = self.packet().await {
            match packet.payload.first() {
                Some(0xfe) => self.send(b"", packet.sequence + 1).await,
                Some(0x01) => {}
                _ => {
                    reply.put_u8(packet.sequence);
                    reply.put(packet.payload);
                    break;
                }
            }
        }
        reply.freeze()
    }

    /// Everything until the server closes or refuses.
    pub(crate) async fn rest(&mut self) -> Bytes {
        let mut reply = BytesMut::new();
        while let Some(packet) = self.packet().await {
            let last = packet.payload.first() == Some(&0xff);
            reply.put_u8(packet.sequence);
            reply.put(packet.payload);
            if last {
                break;
            }
        }
        reply.freeze()
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
                    if self.stream.read_buf(&mut self.unread).await.unwrap_or(0) == 0 {
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
