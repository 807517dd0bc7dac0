//! From a fresh socket to the first ReadyForQuery.

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;

use super::backend::{self, Message};
use super::error::TargetError;
use super::socket::Socket;
use crate::config::Target;

/// Settings of every connection. Times are written and read in ISO form, intervals in PostgreSQL's own form, bytes in
/// hex; the session's zone is UTC until a statement needs another one.
const SETTINGS: [(&str, &str); 8] = [
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, YMD"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("standard_conforming_strings", "on"),
    // Our helpers raise MySQL's warnings and notes at these levels.
    ("client_min_messages", "notice"),
];

/// What the server says about the connection.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
    pub(super) server_version: String,
    pub(super) status: u8,
}

/// Logs in. `settings` are given to the server as session defaults.
pub(super) async fn start(
    socket: &mut Socket,
    target: &Target,
    application_name: &str,
    settings: &[(&str, &str)],
) -> Result<Started, TargetError> {
    let names =
        [("user", target.user.as_str()), ("database", &target.database), ("application_name", application_name)];
    let all = names.into_iter().chain(SETTINGS).chain(settings.iter().copied());
    frontend::startup_message(all, &mut socket.output)?;
    authenticate(socket, target).await?;
    let mut started = Started { process_id: 0, secret_key: 0, server_version: String::new(), status: b'I' };
    loop {
        let message = socket.message().await?;
        match message.tag {
            b'K' => {
                let (process, key) = message.body.split_first_chunk::<4>().ok_or(SHORT)?;
                started.process_id = i32::from_be_bytes(*process);
                started.secret_key = i32::from_be_bytes(*key.first_chunk::<4>().ok_or(SHORT)?);
            }
            b'S' => {
                let mut parts = message.body.split(|&byte| byte == 0);
                if parts.next() == Some(b"server_version".as_slice()) {
                    started.server_version = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
                }
            }
            b'N' => {}
            b'E' => return Err(TargetError::Server(Box::new(backend::server_error(&message.body, 0)))),
            b'Z' => {
                started.status = *message.body.first().ok_or(SHORT)?;
                return Ok(started);
            }
            _ => return Err(TargetError::Protocol("a message that doesn't belong to the start")),
        }
    }
}

const SHORT: TargetError = TargetError::Protocol("a message shorter than it must be");

/// Answers the server's authentication requests until it says AuthenticationOk.
async fn authenticate(socket: &mut Socket, target: &Target) -> Result<(), TargetError> {
    let password = target.password.expose().as_bytes();
    let mut scram: Option<ScramSha256> = None;
    loop {
        let Message { tag, body } = socket.message().await?;
        match tag {
            b'E' => return Err(TargetError::Server(Box::new(backend::server_error(&body, 0)))),
            b'R' => {}
            b'N' | b'v' => continue,
            _ => return Err(TargetError::Protocol("a message that doesn't belong to the login")),
        }
        let (kind, data) = body.split_first_chunk::<4>().ok_or(SHORT)?;
        match u32::from_be_bytes(*kind) {
            0 => return Ok(()),
            3 => frontend::password_message(password, &mut socket.output)?,
            5 => {
                let salt = *data.first_chunk::<4>().ok_or(SHORT)?;
                let hash = md5_hash(target.user.as_bytes(), password, salt);
                frontend::password_message(hash.as_bytes(), &mut socket.output)?;
            }
            10 => {
                if !data.split(|&byte| byte == 0).any(|name| name == SCRAM_SHA_256.as_bytes()) {
                    return Err(TargetError::Authentication("SASL without SCRAM-SHA-256"));
                }
                let exchange = ScramSha256::new(password, ChannelBinding::unsupported());
                frontend::sasl_initial_response(SCRAM_SHA_256, exchange.message(), &mut socket.output)?;
                scram = Some(exchange);
            }
            11 => {
                let exchange = scram.as_mut().ok_or(TargetError::Protocol("SASL out of order"))?;
                exchange.update(data)?;
                frontend::sasl_response(exchange.message(), &mut socket.output)?;
            }
            12 => scram.as_mut().ok_or(TargetError::Protocol("SASL out of order"))?.finish(data)?,
            2 => return Err(TargetError::Authentication("Kerberos")),
            7 | 8 => return Err(TargetError::Authentication("GSSAPI")),
            9 => return Err(TargetError::Authentication("SSPI")),
            _ => return Err(TargetError::Authentication("unknown")),
        }
    }
}
