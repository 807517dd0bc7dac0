//! A new connection while PostgreSQL serves: greeting, TLS, proof of the password.
//!
//! Users that don't exist go through the very exchange of those that do, so the door doesn't tell who has an account.

use std::sync::Arc;

use bytes::BytesMut;
use rand::RngCore;

use super::Serving;
use super::accounts::{Accounts, CACHING_SHA2, Claim, Judgement, NATIVE};
use super::channel::{Channel, ReadError};
use super::error::MysqlError;
use crate::frontend::arrival::{self, Arrival, Beginning};
use crate::frontend::tls::CERTIFICATE_REQUIRED;
use crate::route;
use crate::wire::compressed::{Algorithm, BadLevel};
use crate::wire::handshake::{
    self, AuthSwitch, FAST_AUTH_SUCCESS, FULL_AUTH_NEEDED, Greeting, HandshakeResponse, PUBLIC_KEY_REQUEST,
    auth_more_data,
};
use crate::wire::{Capabilities, StatusFlags};

/// Largest packet of the exchange.
const AUTH_LIMIT: usize = 1 << 20;
/// Bytes of the scramble.
const SCRAMBLE: usize = 20;
/// utf8mb4_0900_ai_ci.
const GREETING_COLLATION: u8 = 255;

/// Who came in.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) database: Option<String>,
    pub(super) collation: u16,
    /// How the connection is compressed after the OK.
    pub(super) compression: Option<Algorithm>,
}

/// Why nobody came in.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoginError {
    /// The client was told.
    #[error("{0}")]
    Refused(MysqlError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("malformed packet in the connection phase")]
    Malformed(#[from] crate::wire::Malformed),
}

/// What we offer: everything that this side of the protocol implements.
const OFFERED: Capabilities = Capabilities(
    Capabilities::LONG_PASSWORD.0
        | Capabilities::FOUND_ROWS.0
        | Capabilities::LONG_FLAG.0
        | Capabilities::CONNECT_WITH_DB.0
        | Capabilities::NO_SCHEMA.0
        | Capabilities::ODBC.0
        | Capabilities::LOCAL_FILES.0
        | Capabilities::IGNORE_SPACE.0
        | Capabilities::PROTOCOL_41.0
        | Capabilities::INTERACTIVE.0
        | Capabilities::IGNORE_SIGPIPE.0
        | Capabilities::TRANSACTIONS.0
        | Capabilities::RESERVED.0
        | Capabilities::SECURE_CONNECTION.0
        | Capabilities::MULTI_STATEMENTS.0
        | Capabilities::MULTI_RESULTS.0
        | Capabilities::PS_MULTI_RESULTS.0
        | Capabilities::PLUGIN_AUTH.0
        | Capabilities::CONNECT_ATTRS.0
        | Capabilities::PLUGIN_AUTH_LENENC_DATA.0
        | Capabilities::SESSION_TRACK.0
        | Capabilities::DEPRECATE_EOF.0
        | Capabilities::QUERY_ATTRIBUTES.0,
);

/// What we offer a client of this door: compression as the MySQL does whose version we show.
fn offered(serving: &Serving) -> Capabilities {
    let offered = OFFERED.with(Capabilities::COMPRESS);
    // zstd came with MySQL 8.0.18; MariaDB has zlib alone.
    let offered = if !serving.is_mariadb() { offered.with(Capabilities::ZSTD_COMPRESSION) } else { offered };
    if serving.certificates.is_some() { offered.with(Capabilities::SSL) } else { offered }
}

/// Runs the whole connection phase. OK isn't sent yet: the default database is checked first.
pub(super) async fn login(
    serving: &Arc<Serving>,
    arrival: Arrival,
    connection_id: u64,
    route: &route::Session,
) -> Result<(Channel, Login, String), LoginError> {
    let Arrival { stream, host: mut address, may_be_proxied } = arrival;
    let mut channel = Channel::new(stream);
    let scramble = new_scramble();
    let offered = offered(serving);
    let greeting = Greeting {
        server_version: serving.server_version.as_bytes().to_vec(),
        connection_id: u32::try_from(connection_id & u64::from(u32::MAX)).unwrap_or(u32::MAX),
        scramble: scramble.to_vec(),
        capabilities: offered,
        collation: GREETING_COLLATION,
        status: StatusFlags::AUTOCOMMIT,
        plugin: CACHING_SHA2.as_bytes().to_vec(),
    };
    channel.put(|out| out.extend_from_slice(&greeting.encode()));
    channel.flush().await?;
    let Beginning { head, host } = arrival::begin(&mut channel.stream, may_be_proxied).await?;
    if let Some(host) = host {
        tracing::debug!(balancer = address, client = host, "a load balancer brings a client");
        route.update(|info| info.client.clone_from(&host));
        address = host;
    }
    let mut payload = channel.exact_rest(head, AUTH_LIMIT).await?;
    if handshake::is_ssl_request(&payload) {
        channel = upgrade(serving, channel).await?;
        payload = channel.exact_packet(AUTH_LIMIT).await?;
    } else if serving.certificates.as_ref().is_some_and(|certificates| certificates.are_asked_of_clients()) {
        let (code, text) = CERTIFICATE_REQUIRED;
        return Err(refuse(&mut channel, MysqlError::new(code, "HY000", text)).await);
    }
    let response = HandshakeResponse::parse(&payload, offered)?;
    channel.capabilities = Capabilities(response.capabilities.0 & offered.0);
    let compression = match Algorithm::negotiated(channel.capabilities, response.zstd_level) {
        Ok(compression) => compression,
        Err(bad) => return Err(refuse(&mut channel, MysqlError::new(BadLevel::CODE, "HY000", bad.to_string())).await),
    };
    let user = String::from_utf8_lossy(&response.user).into_owned();
    let claim = serving.accounts.load().claim(&user, &address);
    let proof = Exchange {
        serving,
        channel: &mut channel,
        claim: &claim,
        scramble,
        address: &address,
        with_password: !response.auth_data.is_empty(),
    };
    let plugin = response.plugin.as_deref().unwrap_or(NATIVE.as_bytes());
    if let Err(error) = proof.run(plugin, &response.auth_data).await {
        if let LoginError::Refused(told) = &error {
            channel.put_error(told);
            channel.flush().await?;
        }
        return Err(error);
    }
    let database = response.database.filter(|name| !name.is_empty());
    let database = database.map(|name| String::from_utf8_lossy(&name).into_owned());
    Ok((channel, Login { user, database, collation: u16::from(response.collation), compression }, address))
}

/// Tells the client why it isn't let in.
async fn refuse(channel: &mut Channel, told: MysqlError) -> LoginError {
    channel.put_error(&told);
    match channel.flush().await {
        Ok(()) => LoginError::Refused(told),
        Err(error) => error.into(),
    }
}

/// The same for COM_CHANGE_USER: always by a fresh scramble.
pub(super) async fn change_user(
    serving: &Arc<Serving>,
    channel: &mut Channel,
    user: &str,
    address: &str,
) -> Result<(), LoginError> {
    let claim = serving.accounts.load().claim(user, address);
    let exchange = Exchange { serving, channel, claim: &claim, scramble: new_scramble(), address, with_password: true };
    let plugin = claim.plugin(CACHING_SHA2);
    exchange.switch(plugin).await
}

/// TLS from the next byte on. Nothing beyond the SSLRequest has been read, so nothing sent in clear can slip in.
async fn upgrade(serving: &Serving, channel: Channel) -> Result<Channel, LoginError> {
    let Channel { stream, unread, sequence, .. } = channel;
    match (&serving.certificates, unread.is_empty()) {
        (Some(certificates), true) => {
            let mut channel = Channel::new(stream.encrypt(certificates.acceptor()).await?);
            channel.sequence = sequence;
            Ok(channel)
        }
        _ => Err(crate::wire::Malformed.into()),
    }
}

/// Twenty random bytes without NUL and `$`, which some clients take for an end.
fn new_scramble() -> [u8; SCRAMBLE] {
    let mut scramble = [0; SCRAMBLE];
    rand::rngs::OsRng.fill_bytes(&mut scramble);
    for byte in &mut scramble {
        *byte &= 0x7f;
        if *byte == 0 || *byte == b'$' {
            *byte = b'.';
        }
    }
    scramble
}

/// The proof of one password.
struct Exchange<'a> {
    serving: &'a Arc<Serving>,
    channel: &'a mut Channel,
    claim: &'a Claim,
    scramble: [u8; SCRAMBLE],
    address: &'a str,
    with_password: bool,
}

impl Exchange<'_> {
    /// Judges what the client sent with its response, or makes it switch to the account's plugin.
    async fn run(self, plugin: &[u8], answer: &[u8]) -> Result<(), LoginError> {
        let offered = match plugin {
            b"mysql_native_password" => Some(NATIVE),
            b"caching_sha2_password" => Some(CACHING_SHA2),
            _ => None,
        };
        let wanted = self.claim.plugin(offered.unwrap_or(CACHING_SHA2));
        if offered == Some(wanted) { self.judge(wanted, answer).await } else { self.switch(wanted).await }
    }

    /// AuthSwitchRequest with the same scramble, then judges the answer.
    async fn switch(mut self, plugin: &'static str) -> Result<(), LoginError> {
        let switch = AuthSwitch { plugin: plugin.as_bytes().to_vec(), data: self.scramble.to_vec() };
        self.channel.put(|out| out.extend_from_slice(&switch.encode()));
        self.channel.flush().await?;
        let answer = self.channel.packet(AUTH_LIMIT).await?.payload;
        self.with_password = !answer.is_empty() && answer[..] != [0];
        self.judge(plugin, &answer).await
    }

    async fn judge(mut self, plugin: &'static str, answer: &[u8]) -> Result<(), LoginError> {
        // An empty password is sent as nothing or as one NUL.
        let answer = if answer == [0] { &[][..] } else { answer };
        let accounts = self.serving.accounts.load_full();
        let judgement = if plugin == NATIVE {
            Accounts::native(self.claim, &self.scramble, answer)
        } else {
            accounts.caching_sha2(self.claim, &self.scramble, answer)
        };
        match judgement {
            Judgement::Accepted if plugin == CACHING_SHA2 && !answer.is_empty() => {
                self.channel.put(|out| out.extend_from_slice(&auth_more_data(&[FAST_AUTH_SUCCESS])));
                Ok(())
            }
            Judgement::Accepted => Ok(()),
            Judgement::Refused => Err(self.refused()),
            Judgement::Full => {
                let password = self.full_password().await?;
                let claim = self.claim.clone();
                let right = tokio::task::spawn_blocking(move || accounts.password(&claim, &password)).await;
                if right.unwrap_or(false) { Ok(()) } else { Err(self.refused()) }
            }
        }
    }

    /// Asks for the password itself: in clear over TLS and unix sockets, else under our RSA key.
    async fn full_password(&mut self) -> Result<Vec<u8>, LoginError> {
        self.channel.put(|out| out.extend_from_slice(&auth_more_data(&[FULL_AUTH_NEEDED])));
        self.channel.flush().await?;
        let mut answer: BytesMut = self.channel.packet(AUTH_LIMIT).await?.payload;
        // A password in clear ends with NUL, so a lone request for the key is no password, whatever the connection.
        if self.channel.stream.is_secure() && answer[..] != [PUBLIC_KEY_REQUEST] {
            if answer.last() == Some(&0) {
                answer.truncate(answer.len() - 1);
            }
            return Ok(answer.to_vec());
        }
        if answer[..] == [PUBLIC_KEY_REQUEST] {
            let pem = self.serving.rsa.public_pem().await.map_err(std::io::Error::other)?;
            self.channel.put(|out| out.extend_from_slice(&auth_more_data(pem.as_bytes())));
            self.channel.flush().await?;
            answer = self.channel.packet(AUTH_LIMIT).await?.payload;
        }
        // What isn't under our key can't be a password of ours; it is refused like a wrong one.
        Ok(self.serving.rsa.decrypt(&answer, &self.scramble).await.map(|password| password.0).unwrap_or_default())
    }

    /// The refusal; the caller tells it to the client.
    fn refused(&self) -> LoginError {
        let host = if matches!(self.address, "127.0.0.1" | "::1") { "localhost" } else { self.address };
        let using = if self.with_password { "YES" } else { "NO" };
        let text = format!("Access denied for user '{}'@'{host}' (using password: {using})", self.claim.user());
        LoginError::Refused(MysqlError::new(1045, "28000", text))
    }
}
