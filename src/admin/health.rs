//! Health for load balancers: on the admin socket, and over TCP where the configuration says so. Over TCP there is nothing
//! that changes anything, and nothing that tells of statements or rows.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve as serve_http;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::server::{Door, metrics};

/// What both doors answer.
pub(super) fn routes() -> Router<Door> {
    Router::new().route("/healthz", get(live)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// Serves health on a TCP address until `stop`.
///
/// # Errors
/// When the listener breaks.
pub(super) async fn serve(listener: TcpListener, door: Door, stop: CancellationToken) -> std::io::Result<()> {
    let router = routes().fallback(unknown).with_state(door);
    serve_http(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// The process answers: that's all that it tells.
async fn live() -> &'static str {
    "ok\n"
}

async fn ready(State(door): State<Door>) -> Response {
    let reasons = match door.process.health().await {
        Ok(health) => health.reasons,
        Err(error) => vec![error.message],
    };
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    if reasons.is_empty() {
        return (plain, "ready\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, plain, format!("not ready\n{}\n", reasons.join("\n"))).into_response()
}

async fn unknown() -> Response {
    (StatusCode::NOT_FOUND, "paths: /healthz, /readyz, /metrics\n").into_response()
}
