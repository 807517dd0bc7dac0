//! A connection of our own on which MySQL's protocol is spoken here: for the binary log, whose events must come as bytes
//! and with bounds, and for rows by the million ([`super::rows`]). Login with `caching_sha2_password` (in full, over TLS or with the server's RSA key) and
//! `mysql_native_password`.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{Oaep, RsaPublicKey};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::connect::{Connector, ServerStream};
use crate::config::Source;
use crate::wire::Capabilities;
use crate::wire::handshake::{
    AUTH_MORE_DATA, AUTH_SWITCH, AuthSwitch, CACHING_SHA2_PASSWORD, FAST_AUTH_SUCCESS, FULL_AUTH_NEEDED, Greeting,
    HandshakeResponse, PUBLIC_KEY_REQUEST, ssl_request,
};
use crate::wire::packet::{self, HEADER_LENGTH, Header};
use crate::wire::reply::ErrPacket;

const NATIVE: &[u8] = b"mysql_native_password";
/// utf8mb4_general_ci, which every server knows.
const COLLATION: u8 = 45;
/// Largest packet before the login is done.
const LOGIN_LIMIT: usize = 1 << 20;
pub(super) const COM_QUERY: u8 = 3;
const COM_QUIT: u8 = 1;

/// Why a command or a login failed.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error(transparent)]
    Connect(#[from] super::connect::ConnectError),
    #[error("the connection to MySQL broke")]
    Io(#[from] io::Error),
    /// MySQL's own words.
    #[error("MySQL says {code}: {message}")]
    Refused { code: u16, message: String },
    #[error("MySQL's answer isn't understood: {0}")]
    Protocol(&'static str),
    #[error("the account uses {0}, which Bascule can't log in with: use caching_sha2_password")]
    Plugin(String),
}

/// A logged-in connection.
#[derive(Debug)]
pub struct Session {
    stream: ServerStream,
    pub(super) unread: BytesMut,
    /// Of the next packet to the server.
    sequence: u8,
    /// The rows of an answer haven't been read to their end.
    pub(super) unfinished: bool,
}

impl Session {
    /// Connects and logs in within the configured time.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn open(source: &Source) -> Result<Self, LoginError> {
        let opening = timeout(source.connect_timeout, Box::pin(Self::log_in(source))).await;
        opening.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    async fn log_in(source: &Source) -> Result<Self, LoginError> {
        let connector = Connector::new(source)?;
        let mut socket = connector.connect().await?;
        // Nothing may be read beyond the greeting: TLS begins there.
        let mut head = [0; HEADER_LENGTH];
        socket.read_exact(&mut head).await?;
        let header = Header::peek(&head).filter(|header| header.length <= LOGIN_LIMIT);
        let header = header.ok_or(LoginError::Protocol("a greeting of a strange size"))?;
        let mut payload = vec![0; header.length];
        socket.read_exact(&mut payload).await?;
        refusal(&payload)?;
        let greeting = Greeting::parse(&payload).map_err(|_| LoginError::Protocol("the greeting"))?;
        let mut wanted = [
            Capabilities::LONG_PASSWORD,
            Capabilities::LONG_FLAG,
            Capabilities::PROTOCOL_41,
            Capabilities::TRANSACTIONS,
            Capabilities::SECURE_CONNECTION,
            Capabilities::PLUGIN_AUTH,
            Capabilities::PLUGIN_AUTH_LENENC_DATA,
        ]
        .into_iter()
        .fold(Capabilities::default(), Capabilities::with);
        let mut sequence = header.sequence.wrapping_add(1);
        let stream = if connector.wants_tls() {
            wanted = wanted.with(Capabilities::SSL);
            if !greeting.capabilities.contains(Capabilities::SSL) {
                return Err(LoginError::Protocol("TLS is required, and the server has none"));
            }
            let mut out = BytesMut::new();
            sequence = packet::put(&mut out, &ssl_request(wanted, u32::MAX, COLLATION), sequence);
            socket.write_all(&out).await?;
            connector.encrypt(socket).await?
        } else {
            ServerStream::Plain(socket)
        };
        let mut session = Self { stream, unread: BytesMut::new(), sequence, unfinished: false };
        session.authenticate(source, greeting, wanted).await?;
        Ok(session)
    }

    async fn authenticate(
        &mut self,
        source: &Source,
        greeting: Greeting,
        capabilities: Capabilities,
    ) -> Result<(), LoginError> {
        let password = source.password.expose().as_bytes();
        // A plugin that isn't known here is asked to be another one.
        let known = greeting.plugin == CACHING_SHA2_PASSWORD || greeting.plugin == NATIVE;
        let mut plugin = if known { greeting.plugin } else { CACHING_SHA2_PASSWORD.to_vec() };
        let mut scramble = greeting.scramble;
        let response = HandshakeResponse {
            zstd_level: None,
            capabilities,
            max_packet: u32::MAX,
            collation: COLLATION,
            user: source.user.clone().into_bytes(),
            auth_data: proof(&plugin, password, &scramble)?,
            database: None,
            plugin: Some(plugin.clone()),
            attributes: Vec::new(),
        };
        self.send(&response.encode()).await?;
        loop {
            let payload = self.packet(LOGIN_LIMIT).await?;
            refusal(&payload)?;
            match payload.first() {
                Some(0x00) => return Ok(()),
                Some(&AUTH_SWITCH) => {
                    let switch = AuthSwitch::parse(&payload).map_err(|_| LoginError::Protocol("a change of plugin"))?;
                    (plugin, scramble) = (switch.plugin, switch.data);
                    let proof = proof(&plugin, password, &scramble)?;
                    self.send(&proof).await?;
                }
                Some(&AUTH_MORE_DATA) if payload.get(1) == Some(&FAST_AUTH_SUCCESS) => {}
                Some(&AUTH_MORE_DATA) if payload.get(1) == Some(&FULL_AUTH_NEEDED) => {
                    self.whole_password(password, &scramble).await?;
                }
                Some(_) | None => return Err(LoginError::Protocol("the login")),
            }
        }
    }

    /// Full authentication: the password itself inside TLS, or encrypted with the server's key.
    async fn whole_password(&mut self, password: &[u8], scramble: &[u8]) -> Result<(), LoginError> {
        if matches!(self.stream, ServerStream::Tls(_)) {
            let mut clear = password.to_vec();
            clear.push(0);
            return self.send(&clear).await;
        }
        self.send(&[PUBLIC_KEY_REQUEST]).await?;
        let answer = self.packet(LOGIN_LIMIT).await?;
        let Some((&AUTH_MORE_DATA, pem)) = answer.split_first() else {
            return Err(LoginError::Protocol("the server's public key"));
        };
        let encrypted = encrypt(password, scramble, pem).ok_or(LoginError::Protocol("the server's public key"))?;
        self.send(&encrypted).await
    }

    /// Carries out a statement that returns no rows.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn execute(&mut self, sql: &str) -> Result<(), LoginError> {
        let mut command = vec![COM_QUERY];
        command.extend(sql.as_bytes());
        self.command(&command).await?;
        let answer = self.packet(LOGIN_LIMIT).await?;
        refusal(&answer)?;
        if answer.first() == Some(&0) { Ok(()) } else { Err(LoginError::Protocol("an answer with rows")) }
    }

    /// Sends a command; its answer is read with [`Session::packet`].
    ///
    /// # Errors
    /// What the connection reports.
    pub async fn command(&mut self, payload: &[u8]) -> Result<(), LoginError> {
        if self.unfinished {
            return Err(LoginError::Protocol("the answer before wasn't read to its end"));
        }
        self.sequence = 0;
        self.send(payload).await
    }

    /// Tells the server that this is the end, and closes.
    ///
    /// # Errors
    /// What the connection reports.
    pub async fn quit(mut self) -> Result<(), LoginError> {
        self.unfinished = false;
        self.command(&[COM_QUIT]).await
    }

    async fn send(&mut self, payload: &[u8]) -> Result<(), LoginError> {
        let mut out = BytesMut::with_capacity(payload.len() + HEADER_LENGTH);
        self.sequence = packet::put(&mut out, payload, self.sequence);
        self.stream.write_all(&out).await?;
        Ok(self.stream.flush().await?)
    }

    /// Waits for a whole payload of at most `limit` bytes. May be dropped while it waits.
    ///
    /// # Errors
    /// What the connection reports; `InvalidData` for a larger one.
    pub async fn packet(&mut self, limit: usize) -> io::Result<Bytes> {
        loop {
            if let Some(payload) = self.take(limit)? {
                return Ok(payload);
            }
            self.fill().await?;
        }
    }

    /// A whole payload if it's there without waiting.
    ///
    /// # Errors
    /// As [`Session::packet`].
    pub fn ready(&mut self, limit: usize) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(payload) = self.take(limit)? {
                return Ok(Some(payload));
            }
            match self.fill().now_or_never() {
                Some(filled) => filled?,
                None => return Ok(None),
            }
        }
    }

    fn take(&mut self, limit: usize) -> io::Result<Option<Bytes>> {
        let taken = packet::take(&mut self.unread, limit);
        let packet = taken.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(packet.map(|packet| {
            self.sequence = packet.sequence.wrapping_add(1);
            packet.payload.freeze()
        }))
    }

    /// Reads what the server has sent, and waits for it. May be dropped while it waits.
    pub(super) async fn fill(&mut self) -> io::Result<()> {
        const CHUNK: usize = 64 * 1024;
        self.unread.reserve(CHUNK);
        match self.stream.read_buf(&mut self.unread).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The error that an ERR packet says.
pub(super) fn refusal(payload: &[u8]) -> Result<(), LoginError> {
    if payload.first() != Some(&0xff) {
        return Ok(());
    }
    let error = ErrPacket::parse(payload).map_err(|_| LoginError::Protocol("an error"))?;
    Err(LoginError::Refused { code: error.code, message: String::from_utf8_lossy(error.message).into_owned() })
}

/// What a plugin sends first.
fn proof(plugin: &[u8], password: &[u8], scramble: &[u8]) -> Result<Vec<u8>, LoginError> {
    if password.is_empty() && (plugin == CACHING_SHA2_PASSWORD || plugin == NATIVE) {
        return Ok(Vec::new());
    }
    let masked = |once: Vec<u8>, mask: Vec<u8>| once.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    if plugin == CACHING_SHA2_PASSWORD {
        let once = Sha256::digest(password);
        let twice = Sha256::digest(once);
        let mask = Sha256::new().chain_update(twice).chain_update(scramble).finalize();
        return Ok(masked(once.to_vec(), mask.to_vec()));
    }
    if plugin == NATIVE {
        let once = Sha1::digest(password);
        let twice = Sha1::digest(once);
        let mask = Sha1::new().chain_update(scramble).chain_update(twice).finalize();
        return Ok(masked(once.to_vec(), mask.to_vec()));
    }
    Err(LoginError::Plugin(String::from_utf8_lossy(plugin).into_owned()))
}

/// The password for the server whose public key this is.
fn encrypt(password: &[u8], scramble: &[u8], pem: &[u8]) -> Option<Vec<u8>> {
    let pem = std::str::from_utf8(pem).ok()?;
    let key = RsaPublicKey::from_public_key_pem(pem.trim_matches(['\0', '\n', ' '])).ok()?;
    let mut clear = password.to_vec();
    clear.push(0);
    clear.iter_mut().zip(scramble.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    key.encrypt(&mut rand::rngs::OsRng, Oaep::new::<Sha1>(), &clear).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the server checks them: what it stores is the hash of the hash.
    #[test]
    fn the_server_can_check_a_proof() {
        let scramble = b"abcdefghijklmnopqrst";
        let xor = |left: &[u8], right: &[u8]| left.iter().zip(right).map(|(a, b)| a ^ b).collect::<Vec<u8>>();
        let stored = Sha1::digest(Sha1::digest(b"it's secret"));
        let sent = proof(NATIVE, b"it's secret", scramble).expect("known");
        let once = xor(&sent, &Sha1::new().chain_update(scramble).chain_update(stored).finalize());
        assert_eq!(Sha1::digest(once), stored);
        let stored = Sha256::digest(Sha256::digest(b"it's secret"));
        let sent = proof(CACHING_SHA2_PASSWORD, b"it's secret", scramble).expect("known");
        let once = xor(&sent, &Sha256::new().chain_update(stored).chain_update(scramble).finalize());
        assert_eq!(Sha256::digest(once), stored);
        assert!(proof(NATIVE, b"", scramble).expect("known").is_empty());
        assert!(matches!(proof(b"sha256_password", b"x", scramble), Err(LoginError::Plugin(_))));
    }

    #[test]
    fn a_refusal_is_mysqls_own_words() {
        let error = refusal(b"\xff\x15\x04#28000Access denied").expect_err("refused");
        assert_eq!(error.to_string(), "MySQL says 1045: Access denied");
        assert!(refusal(b"\x00\x00").is_ok());
    }
}
