//! The way by which a Bascule is asked to give its place to another process: a request like any other, whose refusals are
//! read like any other, and after *101 Switching Protocols* the same connection belongs to the two processes. What they
//! say there is their matter ([`Process::hand_over`](super::Process::hand_over)).

use std::path::PathBuf;
use std::pin::Pin;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::IncomingStream;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};

use super::server::Door;
use super::{OperationError, Refusal};

/// What the two processes speak after the request. Raised when it changes.
pub const PROTOCOL: u32 = 1;
/// The word for it in the request's `Upgrade`.
pub(super) const UPGRADE: &str = "bascule-handover";
/// A request is never longer.
const REQUEST_LIMIT: usize = 64 << 10;

/// What a new process says of itself. Both must be the same Bascule, but for the binary and settings that sessions can
/// live with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOverRequest {
    /// [`PROTOCOL`].
    pub protocol: u32,
    pub pid: u32,
    pub version: String,
    /// Where the spool and the note of the mode are, as the system names it.
    pub spool: PathBuf,
    /// Host and port of MySQL.
    pub source: Option<String>,
    /// Host, port and database of PostgreSQL.
    pub target: String,
    /// `listen.address`, as written.
    pub address: String,
    /// `listen.socket`.
    pub socket: Option<PathBuf>,
    /// True when sessions are captured in mode mirror.
    pub captures: bool,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The user of its process; `None` when the system didn't tell.
    pub user: Option<u32>,
}

/// Runs the rest of a hand-over on its connection, of which some bytes may have been read.
pub type Handing = Box<dyn FnOnce(UnixStream, Bytes) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self { user: stream.io().peer_cred().ok().map(|peer| peer.uid()) }
    }
}

/// `POST /v1/handover`
pub(super) async fn hand_over(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
) -> Result<Response, OperationError> {
    let upgraded = hyper::upgrade::on(&mut request);
    let asked = read(request).await?;
    let handing = door.process.hand_over(asked, peer).await?;
    crate::observe::spawn("hand-over", async move {
        let Ok(upgraded) = upgraded.await else { return };
        if let Ok(parts) = downcast::<TokioIo<UnixStream>>(upgraded) {
            handing(parts.io.into_inner(), parts.read_buf).await;
        }
    });
    let headers = [(header::CONNECTION, "upgrade"), (header::UPGRADE, UPGRADE)];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

/// The request, of any version: one that speaks otherwise is refused by its number.
async fn read(request: Request) -> Result<HandOverRequest, OperationError> {
    #[derive(Deserialize)]
    struct Spoken {
        protocol: u32,
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        OperationError::new(Refusal::Invalid, format!("this isn't a request for a hand-over: {error}"))
    };
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    if upgrade != Some(UPGRADE) {
        return Err(unreadable(&"it doesn't ask for an upgrade").hint("bascule run --take-over"));
    }
    let body = to_bytes(request.into_body(), REQUEST_LIMIT).await.map_err(|error| unreadable(&error))?;
    let spoken: Spoken = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    if spoken.protocol != PROTOCOL {
        let message = format!(
            "the running Bascule hands over by version {PROTOCOL} of the protocol, the new one by {}",
            spoken.protocol
        );
        return Err(OperationError::new(Refusal::Invalid, message).hint("end it and start the new one instead"));
    }
    serde_json::from_slice(&body).map_err(|error| unreadable(&error))
}
