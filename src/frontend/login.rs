//! The connection phase while MySQL serves: MySQL's own greeting, with what Bascule can't relay left out of its
//! capabilities, and the client's own response.
//!
//! Left out: TLS when the door has no certificate. Added towards MySQL: `CLIENT_SESSION_TRACK`, whatever the client asked
//! for. Compression is between the client and us, since bytes are watched and must be readable; MySQL isn't asked for it.

use std::io;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;

use super::arrival::{self, Arrival, Beginning};
use super::auth::{AUTH_LIMIT, Exchange, Verdict};
use super::end::{End, framed};
use super::relay::RelayError;
use super::rsa::KeyPair;
use super::stream::ClientStream;
use super::tls::{CERTIFICATE_REQUIRED, Certificates};
use crate::observe::connection_known;
use crate::route;
use crate::source::connect::{ConnectError, Connector, ServerStream};
use crate::wire::compressed::{Algorithm, BadLevel};
use crate::wire::handshake::{self, Greeting, HandshakeResponse, SHA256_PASSWORD};
use crate::wire::packet::{HEADER_LENGTH, Packet};
use crate::wire::{Capabilities, reply};

/// What a login needs from the door.
pub(super) struct Doorway<'a> {
    pub(super) connector: &'a Connector,
    pub(super) certificates: Option<&'a Certificates>,
    pub(super) keys: &'a KeyPair,
    /// Where the client's address is told once it's known.
    pub(super) route: &'a route::Session,
}

/// A connection to MySQL, and the first packet that came on it: its greeting, or why there is none.
pub(super) struct Reached {
    server: End<ServerStream>,
    first: Packet,
}

/// A client whom MySQL accepted. MySQL's OK hasn't been sent to the client yet.
pub(super) struct LoggedIn {
    pub(super) client: End<ClientStream>,
    /// The client's address without port.
    pub(super) host: String,
    pub(super) server: End<ServerStream>,
    pub(super) greeting: Greeting,
    pub(super) response: HandshakeResponse,
    /// What both sides of MySQL's connection agreed on.
    pub(super) server_capabilities: Capabilities,
    /// How the client's connection is compressed once it has the OK.
    pub(super) compression: Option<Algorithm>,
    pub(super) ok: BytesMut,
    /// Sequence number of the OK packet.
    pub(super) sequence: u8,
}

/// Why a login ended. The client has been told where the protocol allows it.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginError {
    #[error("MySQL can't be reached")]
    Unreachable(#[from] ConnectError),
    #[error("MySQL refused the connection")]
    Refused,
    #[error("a client without TLS came although certificates are required")]
    NoCertificate,
    #[error("a client asks for compression that doesn't exist: {0}")]
    Compression(#[from] BadLevel),
    #[error("a client didn't finish its login in time")]
    TooSlow,
    #[error("a connection broke during the login")]
    Io(#[from] io::Error),
    #[error("a connection broke while the password was proven")]
    Exchange(#[from] RelayError),
    #[error("the client's or MySQL's packet can't be read")]
    Malformed(#[from] crate::wire::Malformed),
}

impl Doorway<'_> {
    /// Connects to MySQL and waits for its first packet, for no longer than `source.connect_timeout`: a MySQL that hangs
    /// takes connections and says nothing. The time isn't the client's; it's told who can't be reached.
    pub(super) async fn reach(&self, client: &mut ClientStream) -> Result<Reached, LoginError> {
        let greeted = async {
            let mut server = End::new(ServerStream::Plain(self.connector.connect().await?));
            let first = self.connector.in_time(server.packet(AUTH_LIMIT)).await?;
            Ok::<_, ConnectError>(Reached { server, first })
        };
        let error = match greeted.await {
            Ok(reached) => return Ok(reached),
            Err(error) => error,
        };
        client.write_all(&framed(&reply::err_before_greeting(2003, &self.cannot_connect()), 0)).await?;
        Err(error.into())
    }

    /// What clients are told of a MySQL that can't be reached.
    fn cannot_connect(&self) -> String {
        let (host, port) = self.connector.address();
        format!("Can't connect to MySQL server on '{host}:{port}'")
    }

    /// Relays a login.
    pub(super) async fn login(&self, arrival: Arrival, reached: Reached) -> Result<LoggedIn, LoginError> {
        let Arrival { stream, mut host, may_be_proxied } = arrival;
        let mut client = End::new(stream);
        let Reached { server, first } = reached;
        if first.payload.first() == Some(&0xff) {
            client.send_payload(&first.payload, first.sequence).await?;
            return Err(LoginError::Refused);
        }
        let mut greeting = Greeting::parse(&first.payload)?;
        connection_known(u64::from(greeting.connection_id));
        let offered = self.offered(greeting.capabilities);
        let server_offers = std::mem::replace(&mut greeting.capabilities, offered);
        client.send_payload(&greeting.encode(), 0).await?;

        let Beginning { head, host: proxied } = arrival::begin(&mut client.stream, may_be_proxied).await?;
        if let Some(proxied) = proxied {
            tracing::debug!(balancer = host, client = proxied, "a load balancer brings a client");
            self.route.update(|info| info.client.clone_from(&proxied));
            host = proxied;
        }
        let (mut client, packet) = self.response(client, head, offered).await?;
        let response = HandshakeResponse::parse(&packet.payload, offered)?;
        let compression = match Algorithm::negotiated(response.capabilities, response.zstd_level) {
            Ok(compression) => compression,
            Err(bad) => {
                let refusal = reply::err(BadLevel::CODE, "HY000", &bad.to_string());
                client.send_payload(&refusal, packet.sequence.wrapping_add(1)).await?;
                return Err(LoginError::Compression(bad));
            }
        };
        // This plugin's first data may be the password itself, or be encrypted under a key that isn't MySQL's.
        let crosses = response.plugin.as_deref() == Some(SHA256_PASSWORD)
            && client.stream.is_secure() != self.connector.wants_tls();
        let payload = if crosses { response.unproven().encode() } else { packet.payload };
        let (server, to_server) = match self.introduce(server, payload, offered, server_offers).await {
            Ok(introduced) => introduced,
            Err(error) => {
                let refusal = reply::err(2003, "HY000", &self.cannot_connect());
                client.send_payload(&refusal, packet.sequence.wrapping_add(1)).await?;
                return Err(error);
            }
        };
        let capabilities = backend_capabilities(response.capabilities, offered);
        let introduced = Introduced { client, host, server, greeting, response, capabilities, compression, to_server };
        self.authenticate(introduced, packet.sequence).await
    }

    /// The capabilities of the greeting that the client gets.
    fn offered(&self, server: Capabilities) -> Capabilities {
        let offered = server.without(Capabilities::SSL);
        if self.certificates.is_some() { offered.with(Capabilities::SSL) } else { offered }
    }

    /// The client's response; TLS first if it asks for TLS.
    async fn response(
        &self,
        mut client: End<ClientStream>,
        head: [u8; HEADER_LENGTH],
        offered: Capabilities,
    ) -> Result<(End<ClientStream>, Packet), LoginError> {
        // Not a byte more than this packet: a client that wants TLS may send its first TLS record right behind it.
        let packet = client.exact_packet(head, AUTH_LIMIT).await?;
        let certificates = self.certificates.filter(|_| offered.contains(Capabilities::SSL));
        let Some(certificates) = certificates.filter(|_| handshake::is_ssl_request(&packet.payload)) else {
            if self.certificates.is_some_and(Certificates::are_asked_of_clients) {
                let (code, text) = CERTIFICATE_REQUIRED;
                client.send_payload(&reply::err(code, "HY000", text), packet.sequence.wrapping_add(1)).await?;
                return Err(LoginError::NoCertificate);
            }
            return Ok((client, packet));
        };
        let mut client = End::new(client.stream.encrypt(certificates.acceptor()).await?);
        let packet = client.packet(AUTH_LIMIT).await?;
        Ok((client, packet))
    }

    /// Sends the client's response to MySQL, with TLS before it if the configuration asks for TLS. Returns the
    /// sequence number that comes next.
    async fn introduce(
        &self,
        mut server: End<ServerStream>,
        mut payload: BytesMut,
        offered: Capabilities,
        server_offers: Capabilities,
    ) -> Result<(End<ServerStream>, u8), LoginError> {
        let asked = handshake::capabilities(&payload).unwrap_or_default();
        let mut capabilities = backend_capabilities(asked, offered);
        let mut sequence = 1;
        if self.connector.wants_tls() {
            if !server_offers.contains(Capabilities::SSL) {
                return Err(ConnectError::Tls("MySQL doesn't offer TLS".to_owned()).into());
            }
            capabilities = capabilities.with(Capabilities::SSL);
            let mut request = payload.get(..32).map(BytesMut::from).unwrap_or_default();
            set_capabilities(&mut request, capabilities);
            server.send_payload(&request, sequence).await?;
            let ServerStream::Plain(socket) = server.stream else {
                return Err(LoginError::Io(io::ErrorKind::InvalidData.into()));
            };
            server = End::new(self.connector.encrypt(socket).await?);
            sequence += 1;
        }
        set_capabilities(&mut payload, capabilities);
        // MariaDB has further flags in what MySQL keeps empty; none of them was offered.
        if let Some(further) = payload.get_mut(28..32) {
            further.fill(0);
        }
        let answered = async {
            server.send_payload(&payload, sequence).await?;
            // Whether MySQL takes the certificate that it was shown is told only now.
            if self.connector.wants_tls() { server.fill().await } else { Ok(()) }
        };
        answered.await.map_err(|error| self.connector.failed(error))?;
        Ok((server, sequence + 1))
    }

    async fn authenticate(&self, introduced: Introduced, client_sequence: u8) -> Result<LoggedIn, LoginError> {
        let Introduced { mut client, host, mut server, greeting, response, capabilities, compression, to_server } =
            introduced;
        let mut exchange = Exchange {
            client: &mut client,
            server: &mut server,
            keys: self.keys,
            plugin: response.plugin.clone().unwrap_or_default(),
            scramble: greeting.scramble.clone(),
            to_client: client_sequence.wrapping_add(1),
            to_server,
        };
        let verdict = exchange.run().await?;
        let sequence = exchange.to_client;
        match verdict {
            Verdict::Accepted(ok) => {
                let server_capabilities = capabilities;
                Ok(LoggedIn {
                    client,
                    host,
                    server,
                    greeting,
                    response,
                    server_capabilities,
                    compression,
                    ok,
                    sequence,
                })
            }
            Verdict::Refused(err) => {
                client.send_payload(&err, sequence).await?;
                Err(LoginError::Refused)
            }
        }
    }
}

/// A client's response on its way.
struct Introduced {
    client: End<ClientStream>,
    host: String,
    server: End<ServerStream>,
    greeting: Greeting,
    response: HandshakeResponse,
    capabilities: Capabilities,
    compression: Option<Algorithm>,
    to_server: u8,
}

/// What MySQL is told instead of the client's flags.
fn backend_capabilities(asked: Capabilities, offered: Capabilities) -> Capabilities {
    let both = Capabilities(asked.0 & offered.0).without(Capabilities::SSL).with(Capabilities::SESSION_TRACK);
    both.without(Capabilities::COMPRESS).without(Capabilities::ZSTD_COMPRESSION)
}

fn set_capabilities(payload: &mut BytesMut, capabilities: Capabilities) {
    if let Some(head) = payload.first_chunk_mut::<4>() {
        *head = capabilities.0.to_le_bytes();
    }
}
