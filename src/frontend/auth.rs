//! The authentication exchange, relayed: MySQL judges, Bascule carries. Login and COM_CHANGE_USER share it.
//!
//! Packets are numbered anew on each side, since one side may have exchanged more of them (TLS requests, a public
//! key). What they say stays as it is, with one exception. `caching_sha2_password` sends the password itself in full
//! authentication, in clear over TLS and else encrypted with the server's RSA key; when one side has TLS and the
//! other hasn't, the form is changed here:
//!
//! * client with TLS or on a unix socket, which clients trust alike, MySQL without TLS: the client sends it in clear; we ask MySQL for its key and encrypt.
//! * client without TLS, MySQL with: we give the client our own key, decrypt and send it in clear inside TLS.
//!
//! `sha256_password` does the same in all its exchanges, with another request for the key.
//!
//! A password is in memory only for that moment.

use std::io;

use bytes::BytesMut;

use super::end::End;
use super::relay::RelayError;
use super::rsa::{self, KeyPair, Password};
use super::stream::ClientStream;
use crate::source::connect::ServerStream;
use crate::wire::handshake::{
    AUTH_MORE_DATA, AUTH_NEXT_FACTOR, AUTH_SWITCH, AuthSwitch, CACHING_SHA2_PASSWORD, FAST_AUTH_SUCCESS,
    FULL_AUTH_NEEDED, PUBLIC_KEY_REQUEST, SHA256_KEY_REQUEST, SHA256_PASSWORD, auth_more_data,
};

/// Largest packet of the exchange.
pub(super) const AUTH_LIMIT: usize = 1 << 20;

/// How the exchange ended. The last packet hasn't been sent to the client yet.
pub(super) enum Verdict {
    /// MySQL's OK.
    Accepted(BytesMut),
    /// MySQL's ERR.
    Refused(BytesMut),
}

/// One exchange.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a mut End<ClientStream>,
    pub(super) server: &'a mut End<ServerStream>,
    pub(super) keys: &'a KeyPair,
    /// Plugin that the client's data is for.
    pub(super) plugin: Vec<u8>,
    pub(super) scramble: Vec<u8>,
    /// Sequence number of the next packet to the client.
    pub(super) to_client: u8,
    /// Sequence number of the next packet to MySQL.
    pub(super) to_server: u8,
}

/// Which side spoke.
enum Spoke {
    Client(BytesMut),
    /// The client, by a packet whose number is so far from the one that is due.
    Astray(u8, BytesMut),
    Server(BytesMut),
}

impl Exchange<'_> {
    /// Relays until MySQL has decided. The client's first data was already sent.
    ///
    /// # Errors
    /// What either connection reports, or words that can't be understood. Nothing was decided then.
    pub(super) async fn run(&mut self) -> Result<Verdict, RelayError> {
        let (mut asked, mut full) = (false, false);
        loop {
            let spoke = self.next(std::mem::take(&mut asked)).await?;
            match spoke {
                Spoke::Server(payload) => match payload.first() {
                    Some(0x00) => return Ok(Verdict::Accepted(payload)),
                    Some(0xff) => return Ok(Verdict::Refused(payload)),
                    first => {
                        if let Ok(switch) = AuthSwitch::parse(&payload) {
                            debug_assert!(matches!(first, Some(&AUTH_SWITCH | &AUTH_NEXT_FACTOR)));
                            self.plugin = switch.plugin;
                            self.scramble = switch.data;
                        }
                        let says = |word| self.plugin == CACHING_SHA2_PASSWORD && payload[..] == [AUTH_MORE_DATA, word];
                        full = says(FULL_AUTH_NEEDED);
                        asked = !says(FAST_AUTH_SUCCESS);
                        self.tell_client(&payload).await?;
                    }
                },
                Spoke::Astray(by, payload) => self.misnumbered(payload, self.to_server.wrapping_add(by)).await?,
                Spoke::Client(payload) if full => {
                    full = false;
                    self.full(payload, PUBLIC_KEY_REQUEST).await?;
                }
                // An empty password is a zero byte, however it travels.
                Spoke::Client(payload) if self.plugin == SHA256_PASSWORD && payload[..] != [0] => {
                    self.full(payload, SHA256_KEY_REQUEST).await?;
                }
                Spoke::Client(payload) => self.tell_server(&payload).await?,
            }
        }
    }

    /// Waits for MySQL, and for the client too if it was `asked`: an answer is then due, and as we needn't know every plugin,
    /// MySQL may say more meanwhile. What a client sends unasked is a command behind the exchange, and waits for its end.
    async fn next(&mut self, asked: bool) -> Result<Spoke, RelayError> {
        tokio::select! {
            packet = self.server.packet(AUTH_LIMIT) => {
                let packet = packet.map_err(RelayError::Server)?;
                self.to_server = packet.sequence.wrapping_add(1);
                Ok(Spoke::Server(packet.payload))
            }
            packet = self.client.packet(AUTH_LIMIT), if asked => {
                let packet = packet.map_err(RelayError::Client)?;
                let astray = packet.sequence.wrapping_sub(self.to_client);
                // Nobody looks at the numbers of packets inside compressed frames.
                if astray != 0 && !self.client.stream.is_compressed() {
                    return Ok(Spoke::Astray(astray, packet.payload));
                }
                self.to_client = packet.sequence.wrapping_add(1);
                Ok(Spoke::Client(packet.payload))
            }
        }
    }

    /// Passes a packet on that MySQL refuses for its number, in its own words. What may be a password in clear stays here:
    /// MySQL doesn't look at it.
    async fn misnumbered(&mut self, mut payload: BytesMut, sequence: u8) -> Result<(), RelayError> {
        if self.client.stream.is_secure() && !matches!(self.server.stream, ServerStream::Tls(_)) {
            payload.fill(0);
        }
        self.server.send_payload(&payload, sequence).await.map_err(RelayError::Server)
    }

    /// Authentication by the password itself: `payload` is the client's answer to the demand. `request` is the plugin's word
    /// for the public key.
    async fn full(&mut self, payload: BytesMut, request: u8) -> Result<(), RelayError> {
        // A password in clear ends with NUL, so a lone request for the key is no password, whatever the connection.
        let in_clear = self.client.stream.is_secure() && payload[..] != [request];
        let server_encrypted = matches!(self.server.stream, ServerStream::Tls(_));
        match (in_clear, server_encrypted) {
            (true, true) | (false, false) => self.tell_server(&payload).await,
            (true, false) => self.encrypt_for_server(&payload, request).await,
            (false, true) => self.decrypt_from_client(payload, request).await,
        }
    }

    async fn encrypt_for_server(&mut self, clear: &[u8], request: u8) -> Result<(), RelayError> {
        self.tell_server(&[request]).await?;
        let answer = self.server.packet(AUTH_LIMIT).await.map_err(RelayError::Server)?;
        self.to_server = answer.sequence.wrapping_add(1);
        let Some((&AUTH_MORE_DATA, pem)) = answer.payload.split_first() else {
            return Err(RelayError::Server(invalid("MySQL sent no public key")));
        };
        let password = Password(clear.strip_suffix(&[0]).unwrap_or(clear).to_vec());
        let encrypted = rsa::encrypt(&password, &self.scramble, pem).map_err(invalid).map_err(RelayError::Server)?;
        self.tell_server(&encrypted).await
    }

    async fn decrypt_from_client(&mut self, mut answer: BytesMut, request: u8) -> Result<(), RelayError> {
        if answer[..] == [request] {
            let pem = self.keys.public_pem().await.map_err(invalid).map_err(RelayError::Client)?;
            self.tell_client(&auth_more_data(pem.as_bytes())).await?;
            let packet = self.client.packet(AUTH_LIMIT).await.map_err(RelayError::Client)?;
            self.to_client = packet.sequence.wrapping_add(1);
            answer = packet.payload;
        }
        let mut clear = match self.keys.decrypt(&answer, &self.scramble).await {
            Ok(Password(clear)) => clear,
            // Not under our key. MySQL gets something that can't be a password and refuses in its own words.
            Err(_) => vec![0xff; 8],
        };
        clear.push(0);
        self.tell_server(&clear).await
    }

    async fn tell_client(&mut self, payload: &[u8]) -> Result<(), RelayError> {
        self.client.send_payload(payload, self.to_client).await.map_err(RelayError::Client)?;
        self.to_client = self.to_client.wrapping_add(1);
        Ok(())
    }

    async fn tell_server(&mut self, payload: &[u8]) -> Result<(), RelayError> {
        self.server.send_payload(payload, self.to_server).await.map_err(RelayError::Server)?;
        self.to_server = self.to_server.wrapping_add(1);
        Ok(())
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
