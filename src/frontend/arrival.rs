//! A client that has just connected: by what, from where, and who says so.
//!
//! A load balancer hides its clients' addresses unless it sends a PROXY header before the first packet. It's believed from
//! the addresses that the configuration names and from nobody else: from others it's read as a packet of MySQL's, which it
//! isn't, and the connection ends. As in MariaDB, a balancer may leave it out, and the greeting doesn't wait for it.

use std::io;
use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::stream::ClientStream;
use crate::wire::proxy_header::{self, Next, Origin, SNIFF};

/// The host that MySQL shows for clients of its unix socket.
const LOCALHOST: &str = "localhost";

/// A client's connection before its login.
#[derive(Debug)]
pub struct Arrival {
    pub stream: ClientStream,
    /// The client's address without its port, or `localhost` on a unix socket.
    pub host: String,
    /// Whether a PROXY header is believed.
    pub may_be_proxied: bool,
}

impl Arrival {
    /// A client of the TCP listener.
    #[must_use]
    pub fn tcp(stream: TcpStream, peer: SocketAddr, may_be_proxied: bool) -> Self {
        Self { stream: ClientStream::new(stream), host: host(peer), may_be_proxied }
    }

    /// A client of the unix socket.
    #[must_use]
    pub fn unix(stream: tokio::net::UnixStream) -> Self {
        Self { stream: ClientStream::new(stream), host: LOCALHOST.to_owned(), may_be_proxied: false }
    }
}

/// An address as MySQL shows it: without port, and IPv4 as IPv4 also where the listener speaks IPv6.
fn host(address: SocketAddr) -> String {
    address.ip().to_canonical().to_string()
}

/// The beginning of what a client sends.
pub(super) struct Beginning {
    /// The header of its first packet.
    pub(super) head: [u8; SNIFF],
    /// The client's own address, if a balancer told it.
    pub(super) host: Option<String>,
}

/// Reads the header of the first packet, and a PROXY header before it, and not a byte more.
///
/// # Errors
/// What the connection reports, or `InvalidData` for a PROXY header that can't be read.
pub(super) async fn begin(stream: &mut ClientStream, may_be_proxied: bool) -> io::Result<Beginning> {
    let mut head = [0; SNIFF];
    stream.read_exact(&mut head).await?;
    if !proxy_header::is_header(head) {
        return Ok(Beginning { head, host: None });
    }
    if !may_be_proxied {
        return Err(invalid("a PROXY header came from an address that listen.proxy_protocol_from doesn't name"));
    }
    let mut header = head.to_vec();
    loop {
        match proxy_header::parse(&header).map_err(|_| invalid("a load balancer's PROXY header can't be read"))? {
            Next::Read(more) => {
                let there = header.len();
                header.resize(there + more, 0);
                stream.read_exact(&mut header[there..]).await?;
            }
            Next::Done(origin) => {
                stream.read_exact(&mut head).await?;
                let host = match origin {
                    Origin::Client(address) => Some(host(address)),
                    Origin::Balancer => None,
                };
                return Ok(Beginning { head, host });
            }
        }
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
