//! The steps of a login and of a first command at which a client may be gone.

use std::net::SocketAddr;

use bascule::source::connect::ServerStream;
use bascule::wire::Capabilities;
use bascule::wire::handshake::{Greeting, HandshakeResponse};
use bascule::wire::packet::{self, Packet};
use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::forward::authentication::first_data;
use crate::forward::raw::{USUAL, connector};

/// An account whose password this client doesn't know: with `caching_sha2_password` it's asked for the whole password.
pub(super) const STRANGER: &str = "stranger";

/// How far a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connected,
    Greeted,
    OneByte,
    Header,
    HalfResponse,
    Response,
    AskedToSwitch,
    Switched,
    AskedForPassword,
    Key,
    TlsAsked,
    HalfHello,
    Hello,
    Encrypted,
    EncryptedResponse,
    Noise,
    LoggedIn,
    LoggedInEncrypted,
    HalfCommand,
    Asked,
    HalfAnswer,
    InTransaction,
}

impl Step {
    pub(super) const ALL: [Self; 22] = [
        Self::Connected,
        Self::Greeted,
        Self::OneByte,
        Self::Header,
        Self::HalfResponse,
        Self::Response,
        Self::AskedToSwitch,
        Self::Switched,
        Self::AskedForPassword,
        Self::Key,
        Self::TlsAsked,
        Self::HalfHello,
        Self::Hello,
        Self::Encrypted,
        Self::EncryptedResponse,
        Self::Noise,
        Self::LoggedIn,
        Self::LoggedInEncrypted,
        Self::HalfCommand,
        Self::Asked,
        Self::HalfAnswer,
        Self::InTransaction,
    ];
}

/// A client's connection, wherever it is.
pub(super) enum Wire {
    Plain(TcpStream),
    Encrypted(ServerStream),
}

impl Wire {
    /// Leaves: in an orderly way, or by a reset.
    pub(super) fn leave(self, reset: bool) {
        let socket = match &self {
            Self::Plain(socket) => socket,
            Self::Encrypted(stream) => stream.socket(),
        };
        if reset {
            SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO)).expect("a socket option");
        }
    }
}

async fn read(from: &mut (impl AsyncRead + Unpin)) -> Packet {
    let mut unread = BytesMut::new();
    loop {
        if let Some(packet) = packet::take(&mut unread, usize::MAX).expect("no limit") {
            return packet;
        }
        assert_ne!(from.read_buf(&mut unread).await.expect("a packet"), 0, "the server has closed");
    }
}

async fn send(to: &mut (impl AsyncWrite + Unpin), payload: &[u8], sequence: u8) {
    to.write_all(&framed(payload, sequence)).await.expect("sent");
    to.flush().await.expect("sent");
}

pub(super) fn framed(payload: &[u8], sequence: u8) -> BytesMut {
    let mut out = BytesMut::new();
    packet::put(&mut out, payload, sequence);
    out
}

/// A client's response to a greeting.
pub(super) fn response(greeting: &Greeting, user: &str, plugin: &str) -> BytesMut {
    let password = if user == STRANGER { "not it" } else { "" };
    let capabilities = USUAL;
    let response = HandshakeResponse {
        zstd_level: None,
        capabilities,
        max_packet: 1 << 24,
        collation: 45,
        user: user.as_bytes().to_vec(),
        auth_data: first_data(plugin, password, &greeting.scramble),
        database: None,
        plugin: Some(plugin.as_bytes().to_vec()),
        attributes: Vec::new(),
    };
    response.encode()
}

fn ssl_request(response: &[u8]) -> Vec<u8> {
    let mut request = response[..32].to_vec();
    request[..4].copy_from_slice(&USUAL.with(Capabilities::SSL).0.to_le_bytes());
    request
}

/// The first thing that a client says in TLS.
async fn client_hello() -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let socket = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
    let encrypting = tokio::spawn(async move { connector().encrypt(socket).await.map(drop) });
    let (mut accepted, _) = listener.accept().await.expect("accepted");
    let mut head = [0; 5];
    accepted.read_exact(&mut head).await.expect("a record");
    let mut hello = head.to_vec();
    hello.resize(5 + usize::from(u16::from_be_bytes([head[3], head[4]])), 0);
    accepted.read_exact(&mut hello[5..]).await.expect("a record");
    drop(accepted);
    assert!(encrypting.await.expect("it ends").is_err());
    hello
}

/// Goes as far as `step`.
pub(super) async fn come(address: SocketAddr, step: Step) -> Wire {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    if step == Step::Connected {
        return Wire::Plain(stream);
    }
    let first = read(&mut stream).await;
    let greeting = Greeting::parse(&first.payload).expect("a greeting");
    match step {
        Step::Connected | Step::Greeted => Wire::Plain(stream),
        Step::OneByte | Step::Header | Step::HalfResponse | Step::Response | Step::Noise => {
            let whole = framed(&response(&greeting, "root", "caching_sha2_password"), 1);
            let part = match step {
                Step::OneByte => &whole[..1],
                Step::Header => &whole[..4],
                Step::HalfResponse => &whole[..whole.len() / 2],
                Step::Noise => b"\x05\0\0\x01\xff\xff\xff\xff\xff".as_slice(),
                _ => &whole[..],
            };
            stream.write_all(part).await.expect("sent");
            Wire::Plain(stream)
        }
        Step::AskedToSwitch | Step::Switched | Step::AskedForPassword | Step::Key => {
            prove(stream, &greeting, step).await
        }
        Step::TlsAsked | Step::HalfHello | Step::Hello => {
            send(&mut stream, &ssl_request(&response(&greeting, "root", "caching_sha2_password")), 1).await;
            let hello = client_hello().await;
            match step {
                Step::HalfHello => stream.write_all(&hello[..hello.len() / 2]).await.expect("sent"),
                Step::Hello => {
                    stream.write_all(&hello).await.expect("sent");
                    assert_eq!(stream.read_u8().await.expect("a record"), 22, "a handshake record");
                }
                _ => {}
            }
            Wire::Plain(stream)
        }
        Step::Encrypted | Step::EncryptedResponse | Step::LoggedInEncrypted => encrypt(stream, &greeting, step).await,
        Step::LoggedIn | Step::HalfCommand | Step::Asked | Step::HalfAnswer | Step::InTransaction => {
            ask(stream, &greeting, step).await
        }
    }
}

async fn prove(mut stream: TcpStream, greeting: &Greeting, step: Step) -> Wire {
    let plugin = match step {
        Step::AskedToSwitch | Step::Switched => "mysql_native_password",
        _ => "caching_sha2_password",
    };
    send(&mut stream, &response(greeting, STRANGER, plugin), 1).await;
    let asked = read(&mut stream).await;
    match step {
        Step::AskedToSwitch => assert_eq!(asked.payload[0], 0xfe, "a request to switch"),
        Step::Switched => send(&mut stream, &[7; 32], asked.sequence + 1).await,
        _ => {
            assert_eq!(&asked.payload[..], b"\x01\x04", "a request for the whole password");
            if step == Step::Key {
                send(&mut stream, b"\x02", asked.sequence + 1).await;
                assert!(read(&mut stream).await.payload.starts_with(b"\x01-----BEGIN"), "a key");
            }
        }
    }
    Wire::Plain(stream)
}

async fn encrypt(mut stream: TcpStream, greeting: &Greeting, step: Step) -> Wire {
    let response = response(greeting, "root", "caching_sha2_password");
    send(&mut stream, &ssl_request(&response), 1).await;
    let mut stream = connector().encrypt(stream).await.expect("TLS");
    if step != Step::Encrypted {
        let mut whole = response;
        let flags = ssl_request(&whole);
        whole[..4].copy_from_slice(&flags[..4]);
        send(&mut stream, &whole, 2).await;
    }
    if step == Step::LoggedInEncrypted {
        assert_eq!(read(&mut stream).await.payload[0], 0, "logged in");
    }
    Wire::Encrypted(stream)
}

async fn ask(mut stream: TcpStream, greeting: &Greeting, step: Step) -> Wire {
    send(&mut stream, &response(greeting, "root", "caching_sha2_password"), 1).await;
    assert_eq!(read(&mut stream).await.payload[0], 0, "logged in");
    let question = framed(b"\x03SELECT REPEAT('x', 3000000), SLEEP(0.01)", 0);
    match step {
        Step::HalfCommand => stream.write_all(&question[..20]).await.expect("sent"),
        Step::Asked => stream.write_all(&question).await.expect("sent"),
        Step::HalfAnswer => {
            stream.write_all(&question).await.expect("sent");
            let mut some = vec![0; 100_000];
            stream.read_exact(&mut some).await.expect("a part of the answer");
        }
        Step::InTransaction => {
            send(&mut stream, b"\x03BEGIN", 0).await;
            assert_eq!(read(&mut stream).await.payload[0], 0, "begun");
        }
        _ => {}
    }
    Wire::Plain(stream)
}
