//! The HTTP side: one handler for each operation, nothing else.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Json, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, serve as serve_http};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::handover::{Peer, hand_over};
use super::socket::Socket;
use super::{
    CutoverReport, CutoverRequest, ModeRequest, OperationError, Operations, Process, Refusal, Rehearsal, ReloadReport,
    ResyncRequest, Side, Status, TableState, TableStatus, VerifyRequest, VerifySummary,
};
use crate::observe::{Exposition, OfTable, Standing, TableInState};
use crate::route::SessionInfo;

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Door {
    operations: Arc<dyn Operations>,
    pub(super) process: Arc<dyn Process>,
    exposition: Arc<Exposition>,
}

/// Whom the operator's door asks.
#[derive(Clone)]
pub struct Desks {
    pub operations: Arc<dyn Operations>,
    pub process: Arc<dyn Process>,
}

type Answer<T> = Result<Json<T>, OperationError>;
type Body<T> = Result<Json<T>, JsonRejection>;

/// Serves the socket until `stop`, and health on a TCP listener besides; requests under way are answered first.
///
/// # Errors
/// When the socket breaks; the caller goes on forwarding without an operator's door.
pub async fn serve(
    socket: Socket,
    health: Option<TcpListener>,
    desks: Desks,
    exposition: Exposition,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let (listener, name) = socket.into_parts();
    let door = Door { operations: desks.operations, process: desks.process, exposition: Arc::new(exposition) };
    let asked = health.map(|health| {
        let serving = super::health::serve(health, door.clone(), stop.clone());
        AbortOnDropHandle::new(crate::observe::spawn("health", serving))
    });
    let service = router(door).into_make_service_with_connect_info::<Peer>();
    let served = serve_http(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await;
    drop((name, asked));
    served
}

fn router(door: Door) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/mode", put(mode))
        .route("/v1/cutover", post(cutover))
        .route("/v1/resync", post(resync))
        .route("/v1/verify", post(verify))
        .route("/v1/sessions", get(sessions))
        .route("/v1/reload", post(reload))
        .route("/v1/handover", post(hand_over))
        .merge(super::health::routes())
        .fallback(unknown)
        .with_state(door)
}

async fn status(State(door): State<Door>) -> Answer<Status> {
    door.operations.status().await.map(Json)
}

async fn mode(State(door): State<Door>, body: Body<ModeRequest>) -> Answer<Status> {
    let request = read(body)?;
    detached(async move { door.operations.set_mode(request.mode).await }).await
}

async fn cutover(State(door): State<Door>, body: Body<CutoverRequest>) -> Answer<CutoverReport> {
    let rehearsal = if read(body)?.dry_run { Rehearsal::DryRun } else { Rehearsal::Perform };
    detached(async move { door.operations.cutover(rehearsal).await }).await
}

async fn resync(State(door): State<Door>, body: Body<ResyncRequest>) -> Answer<Status> {
    let tables = read(body)?.tables;
    detached(async move { door.operations.resync(tables).await }).await
}

/// Without a body everything is compared. It changes nothing that could be left half done, so it ends when nobody waits
/// for it any more.
async fn verify(
    State(door): State<Door>,
    body: Result<Option<Json<VerifyRequest>>, JsonRejection>,
) -> Answer<VerifySummary> {
    let request = match body {
        Ok(None) => VerifyRequest::default(),
        Ok(Some(request)) => request.0,
        Err(error) => return Err(unreadable(&error)),
    };
    attached(async move { door.operations.verify(request).await }).await
}

async fn sessions(State(door): State<Door>) -> Answer<Vec<SessionInfo>> {
    door.operations.sessions().await.map(Json)
}

async fn reload(State(door): State<Door>) -> Answer<ReloadReport> {
    detached(async move { door.process.reload().await }).await
}

pub(super) async fn metrics(State(door): State<Door>) -> Response {
    if let Ok(status) = door.operations.status().await {
        stand(door.exposition.standing(), &status);
    }
    let format = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (format, door.exposition.text()).into_response()
}

/// Brings the gauges up to date.
fn stand(gauges: &Standing, status: &Status) {
    gauges.sessions.set(whole(status.sessions));
    gauges.epoch.set(whole(status.epoch));
    gauges.serving_target.set(i64::from(status.serving == Side::Target));
    gauges.mirroring.set(i64::from(status.mirror.is_some()));
    tables(gauges, status.mirror.as_ref().map_or(&[], |mirror| mirror.tables.as_slice()));
    let Some(mirror) = &status.mirror else { return };
    gauges.transactions_applied.set(whole(mirror.transactions_applied));
    gauges.lag_transactions.set(whole(mirror.lag_transactions));
    gauges.lag_bytes.set(whole(mirror.lag_bytes));
    gauges.lag_seconds.set(mirror.lag_seconds);
    gauges.spool_bytes.set(whole(mirror.spool_bytes));
    let marked = mirror.tables.iter().filter(|table| table.state == TableState::NeedsResync).count();
    gauges.tables_needing_resync.set(whole(marked as u64));
    gauges.writers_bypass.set(i64::from(mirror.gaps.is_some()));
    let last = mirror.last_verified.as_ref();
    gauges.verified_seconds_ago.set(last.map_or(-1, |last| whole(last.seconds_ago)));
    gauges.verified_differences.set(last.map_or(0, |last| whole(last.differences)));
}

/// What is told of each table; nothing of those that aren't mirrored any more.
fn tables(gauges: &Standing, tables: &[TableStatus]) {
    gauges.table_state.clear();
    gauges.table_rows_copied.clear();
    gauges.table_bytes_copied.clear();
    for TableStatus { name, state, rows_copied, bytes_copied, .. } in tables {
        let of = OfTable { table: name.clone() };
        let state = TableInState { table: name.clone(), state: state.name() };
        gauges.table_state.get_or_create(&state).set(1);
        gauges.table_rows_copied.get_or_create(&of).set(whole(*rows_copied));
        gauges.table_bytes_copied.get_or_create(&of).set(whole(*bytes_copied));
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn unknown() -> Response {
    let error = OperationError::new(Refusal::Invalid, "there is nothing at this path").hint(
        "paths: /v1/status, /v1/mode, /v1/cutover, /v1/resync, /v1/verify, /v1/sessions, /v1/reload, \
               /v1/handover, /metrics, /healthz, /readyz",
    );
    (StatusCode::NOT_FOUND, Json(error)).into_response()
}

fn read<T>(body: Body<T>) -> Result<T, OperationError> {
    body.map(|Json(value)| value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &JsonRejection) -> OperationError {
    OperationError::new(Refusal::Invalid, error.body_text()).hint("send a JSON object as application/json")
}

/// Runs an operation to its end even when the operator's connection goes: an operation is never cut in half.
async fn detached<T: Send + 'static>(
    operation: impl Future<Output = Result<T, OperationError>> + Send + 'static,
) -> Answer<T> {
    told(crate::observe::spawn("operation", operation).await)
}

/// Runs an operation that may be cut off at any point; it ends when the operator's connection goes.
async fn attached<T: Send + 'static>(
    operation: impl Future<Output = Result<T, OperationError>> + Send + 'static,
) -> Answer<T> {
    told(AbortOnDropHandle::new(crate::observe::spawn("operation", operation)).await)
}

/// An operation's outcome; one that broke off is a failure too.
fn told<T>(ended: Result<Result<T, OperationError>, tokio::task::JoinError>) -> Answer<T> {
    match ended {
        Ok(outcome) => outcome.map(Json),
        Err(_) => Err(OperationError::new(Refusal::Failed, "the operation broke off by an error in Bascule")
            .hint("look at the status and at the log before you go on")),
    }
}

impl IntoResponse for OperationError {
    fn into_response(self) -> Response {
        let status = match self.refusal {
            Refusal::Invalid => StatusCode::BAD_REQUEST,
            Refusal::NotNow | Refusal::Busy => StatusCode::CONFLICT,
            Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(self)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Metrics;

    #[test]
    fn every_table_is_told_and_none_that_is_gone() {
        let table = |name: &str, state: TableState| TableStatus {
            name: name.to_owned(),
            state,
            reason: None,
            rows_copied: 7,
            rows_estimated: None,
            bytes_copied: 70,
            rows_per_second: None,
            seconds_left: None,
        };
        let exposition = Exposition::new(&Arc::new(Metrics::default()));
        tables(exposition.standing(), &[table("d.a", TableState::Copying), table("d.\"b", TableState::Waiting)]);
        tables(exposition.standing(), &[table("d.a", TableState::Mirrored)]);
        let text = exposition.text();
        let told: Vec<&str> = text.lines().filter(|line| line.starts_with("bascule_table_")).collect();
        let expected = [
            "bascule_table_state{table=\"d.a\",state=\"mirrored\"} 1",
            "bascule_table_rows_copied{table=\"d.a\"} 7",
            "bascule_table_bytes_copied{table=\"d.a\"} 70",
        ];
        assert_eq!(told, expected);
    }
}
