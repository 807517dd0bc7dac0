//! The other end of the socket: what the command line uses.

use std::path::{Path, PathBuf};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::handover::{HandOverRequest, UPGRADE};
use super::{
    CutoverReport, CutoverRequest, ModeRequest, OperationError, Refusal, Rehearsal, ReloadReport, ResyncRequest,
    Status, VerifyRequest, VerifySummary,
};
use crate::route::{Mode, SessionInfo};

/// No answer is larger.
const ANSWER_LIMIT: usize = 64 << 20;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no Bascule answers on the admin socket {path}")]
    Unreachable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The connection broke, or the answer isn't one.
    #[error("the admin socket gave no usable answer: {detail}")]
    Garbled { detail: String },
    /// Bascule refused, and said why.
    #[error(transparent)]
    Refused(#[from] OperationError),
}

/// Speaks to a running Bascule; one connection for each call.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// A client of the Bascule that has this socket.
    #[must_use]
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// `GET /v1/status`
    ///
    /// # Errors
    /// When nobody answers or it's refused; so in all methods.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.call(Method::GET, "/v1/status", &()).await
    }

    /// `PUT /v1/mode`
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn set_mode(&self, mode: Mode) -> Result<Status, ClientError> {
        self.call(Method::PUT, "/v1/mode", &ModeRequest { mode }).await
    }

    /// `POST /v1/cutover`
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn cutover(&self, rehearsal: Rehearsal) -> Result<CutoverReport, ClientError> {
        let dry_run = rehearsal == Rehearsal::DryRun;
        self.call(Method::POST, "/v1/cutover", &CutoverRequest { dry_run }).await
    }

    /// `POST /v1/resync`
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn resync(&self, tables: Vec<String>) -> Result<Status, ClientError> {
        self.call(Method::POST, "/v1/resync", &ResyncRequest { tables }).await
    }

    /// `POST /v1/verify`
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn verify(&self, request: &VerifyRequest) -> Result<VerifySummary, ClientError> {
        self.call(Method::POST, "/v1/verify", request).await
    }

    /// `GET /v1/sessions`
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>, ClientError> {
        self.call(Method::GET, "/v1/sessions", &()).await
    }

    /// `POST /v1/reload`
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn reload(&self) -> Result<ReloadReport, ClientError> {
        self.call(Method::POST, "/v1/reload", &()).await
    }

    /// `POST /v1/handover`: the connection on which the running Bascule hands over.
    ///
    /// # Errors
    /// See [`Client::status`].
    pub async fn hand_over(&self, request: &HandOverRequest) -> Result<UnixStream, ClientError> {
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(garbled)?;
        let driver = crate::observe::spawn("admin client", connection.with_upgrades());
        let body = serde_json::to_vec(request).map_err(garbled)?;
        let mut asked = asking(Method::POST, "/v1/handover", body)?;
        asked.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        asked.headers_mut().insert(header::UPGRADE, HeaderValue::from_static(UPGRADE));
        let response = sender.send_request(asked).await.map_err(garbled)?;
        let status = response.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            let answer = collected(response).await;
            driver.abort();
            return Err(refused(status, &answer?));
        }
        let upgraded = hyper::upgrade::on(response).await.map_err(garbled)?;
        let parts = upgraded.downcast::<TokioIo<UnixStream>>().map_err(|_| garbled("not a unix socket"))?;
        if parts.read_buf.is_empty() { Ok(parts.io.into_inner()) } else { Err(garbled("it spoke unasked")) }
    }

    async fn connect(&self) -> Result<UnixStream, ClientError> {
        let unreachable = |source| ClientError::Unreachable { path: self.socket.clone(), source };
        UnixStream::connect(&self.socket).await.map_err(unreachable)
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(garbled)?;
        let (status, answer) = self.exchange(method, path, body).await?;
        if status.is_success() {
            return serde_json::from_slice(&answer).map_err(garbled);
        }
        Err(refused(status, &answer))
    }

    async fn exchange(&self, method: Method, path: &str, body: Vec<u8>) -> Result<(StatusCode, Bytes), ClientError> {
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(garbled)?;
        let driver = crate::observe::spawn("admin client", connection);
        let response = sender.send_request(asking(method, path, body)?).await.map_err(garbled)?;
        let status = response.status();
        let answer = collected(response).await;
        driver.abort();
        Ok((status, answer?))
    }
}

/// A request with a JSON body.
fn asking(method: Method, path: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, ClientError> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(garbled)
}

async fn collected(response: Response<Incoming>) -> Result<Bytes, ClientError> {
    let collected = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
    Ok(collected.map_err(|error| ClientError::Garbled { detail: error.to_string() })?.to_bytes())
}

/// An answer that isn't what was asked for.
fn refused(status: StatusCode, answer: &[u8]) -> ClientError {
    let refusal: OperationError = serde_json::from_slice(answer).unwrap_or_else(|_| {
        OperationError::new(Refusal::Failed, format!("{status}: {}", String::from_utf8_lossy(answer)))
    });
    refusal.into()
}

fn garbled(error: impl std::fmt::Display) -> ClientError {
    ClientError::Garbled { detail: error.to_string() }
}
