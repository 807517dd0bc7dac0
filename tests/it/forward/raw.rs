//! A client that keeps every packet as it came: for comparing bytes, and for commands that no driver sends.

use std::net::SocketAddr;

use bascule::config::{Secret, Source, Tls};
use bascule::source::connect::{Connector, ServerStream};
use bascule::wire::handshake::{Greeting, HandshakeResponse, ssl_request};
use bascule::wire::packet::{self, Packet};
use bascule::wire::tracker::{ReplyShape, ReplyTracker, Step};
use bascule::wire::{Capabilities, Command};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::authentication::{Login, exchange, first_data};
use super::compressing::{Frames, ZSTD_LEVEL, unnumbered};

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

/// A file is sent in packets of this length.
const FILE_PIECE: usize = 4096;

/// A connection.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(super) stream: ServerStream,
    unread: BytesMut,
    /// After a login with capabilities that compress.
    pub(super) frames: Option<Frames>,
    pub(crate) capabilities: Capabilities,
    pub(crate) greeting: Greeting,
    /// What the server said during the login, without what is random.
    pub(crate) exchange: Bytes,
    /// The last packet of the login.
    pub(crate) login: Bytes,
    /// The numbers of the statements that it prepared; `None` for one that failed.
    pub(crate) prepared: Vec<Option<u32>>,
}

impl Raw {
    /// Logs in with `caching_sha2_password`.
    pub(crate) async fn connect(address: SocketAddr, capabilities: Capabilities, user: &str, password: &str) -> Self {
        let login = Login { user: user.to_owned(), password: password.to_owned(), ..Login::default() };
        Self::login(address, capabilities, login).await
    }

    /// Logs in, or is refused.
    pub(crate) async fn login(address: SocketAddr, capabilities: Capabilities, login: Login) -> Self {
        Self::on(TcpStream::connect(address).await.expect("a connection"), capabilities, login).await
    }

    /// The same on a connection.
    pub(super) async fn on(stream: TcpStream, mut capabilities: Capabilities, login: Login) -> Self {
        stream.set_nodelay(true).expect("nodelay");
        let mut unread = BytesMut::new();
        let mut stream = ServerStream::Plain(stream);
        let first = packet(&mut stream, &mut unread).await.expect("a greeting");
        let greeting = Greeting::parse(&first.payload).expect("well formed");
        if login.database.is_some() {
            capabilities = capabilities.with(Capabilities::CONNECT_WITH_DB);
        }
        let mut sequence = 1;
        if login.tls {
            capabilities = capabilities.with(Capabilities::SSL);
            stream = encrypted(stream, capabilities).await;
            sequence = 2;
        }
        let response = HandshakeResponse {
            zstd_level: Some(ZSTD_LEVEL),
            capabilities,
            max_packet: 1 << 26,
            collation: 45,
            user: login.user.into_bytes(),
            auth_data: first_data(&login.plugin, &login.password, &greeting.scramble),
            database: login.database.map(String::into_bytes),
            plugin: Some(login.plugin.clone().into_bytes()),
            attributes: vec![(b"program_name".to_vec(), b"raw".to_vec()), (b"x".to_vec(), b"".to_vec())],
        };
        let scramble = greeting.scramble.clone();
        let mut raw = Self {
            stream,
            unread,
            frames: None,
            capabilities,
            greeting,
            exchange: Bytes::new(),
            login: Bytes::new(),
            prepared: Vec::new(),
        };
        let mut out = BytesMut::new();
        packet::put(&mut out, &response.encode(), sequence);
        out.unsplit(login.behind);
        raw.send_raw(&out).await;
        (raw.exchange, raw.login) = exchange(&mut raw, &login.password, &scramble).await;
        if raw.login.first() == Some(&0) {
            raw.frames = Frames::agreed(capabilities, raw.greeting.capabilities, &mut raw.unread);
        }
        raw
    }

    /// Sends a payload; 0 begins a command.
    pub(crate) async fn send(&mut self, payload: &[u8], sequence: u8) {
        let mut out = BytesMut::new();
        packet::put(&mut out, payload, sequence);
        if sequence == 0 {
            self.begin();
        }
        self.send_raw(&out).await;
    }

    /// What is sent next begins a command.
    pub(super) const fn begin(&mut self) {
        if let Some(frames) = &mut self.frames {
            frames.begin();
        }
    }

    /// Sends bytes, compressed if the connection is. To a server that has closed nothing can be sent; that there's no reply
    /// shows it.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) {
        let packed = self.frames.as_mut().map(|frames| frames.packed(bytes));
        let _ = self.stream.write_all(packed.as_deref().unwrap_or(bytes)).await;
    }

    /// Reads once; 0 when the server has closed.
    async fn fill(&mut self) -> usize {
        match &mut self.frames {
            Some(frames) => frames.fill(&mut self.stream, &mut self.unread).await,
            None => {
                self.unread.reserve(256 << 10);
                self.stream.read_buf(&mut self.unread).await.unwrap_or(0)
            }
        }
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

    /// True within TLS.
    pub(super) const fn is_encrypted(&self) -> bool {
        matches!(self.stream, ServerStream::Tls(_))
    }

    /// A packet's number, where it means something.
    pub(super) const fn shown(&self, sequence: u8) -> u8 {
        if self.frames.is_some() { 0 } else { sequence }
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

    /// Reads the answer to COM_CHANGE_USER: what is said of salts is left out.
    pub(crate) async fn authentication(&mut self, password: &str) -> Bytes {
        let scramble = self.greeting.scramble.clone();
        exchange(self, password, &scramble).await.0
    }

    /// Everything until the server closes or refuses.
    pub(crate) async fn rest(&mut self) -> Bytes {
        let mut reply = BytesMut::new();
        while let Some(packet) = self.packet().await {
            let last = packet.payload.first() == Some(&0xff);
            reply.put_u8(self.shown(packet.sequence));
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
                let mut next = sequence + 1;
                for piece in file.chunks(FILE_PIECE) {
                    next = packet::put(&mut out, piece, next);
                }
                packet::put(&mut out, b"", next);
                self.send_raw(&out).await;
            }
        }
        if self.frames.is_some() { unnumbered(reply).freeze() } else { reply.freeze() }
    }
}

/// What takes up TLS with a server, whatever its certificate.
pub(crate) fn connector() -> Connector {
    let source = Source {
        host: "127.0.0.1".to_owned(),
        port: 0,
        user: String::new(),
        password: Secret::default(),
        databases: Vec::new(),
        tls: Tls::Required,
        tls_certificate: None,
        connect_timeout: std::time::Duration::from_secs(20),
    };
    Connector::new(&source).expect("TLS")
}

/// TLS from the next byte on.
async fn encrypted(mut stream: ServerStream, capabilities: Capabilities) -> ServerStream {
    let mut out = BytesMut::new();
    packet::put(&mut out, &ssl_request(capabilities, 1 << 26, 45), 1);
    stream.write_all(&out).await.expect("sent");
    let ServerStream::Plain(socket) = stream else { panic!("it's encrypted") };
    connector().encrypt(socket).await.expect("a handshake")
}

/// The next packet of a connection without compression.
pub(super) async fn packet(stream: &mut (impl AsyncRead + Unpin), unread: &mut BytesMut) -> Option<Packet> {
    loop {
        if let Some(packet) = packet::take(unread, usize::MAX).expect("no limit") {
            return Some(packet);
        }
        if stream.read_buf(unread).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
