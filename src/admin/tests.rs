use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::observe::{Exposition, Metrics};
use crate::route::{Mode, SessionInfo};

/// Operations that note what was asked.
#[derive(Default)]
struct Recorder {
    asked: Mutex<Vec<String>>,
}

impl Recorder {
    fn note(&self, what: String) {
        self.asked.lock().expect("not poisoned").push(what);
    }
}

fn picture(mode: Mode) -> Status {
    Status {
        version: "0".into(),
        mode,
        serving: Side::Source,
        epoch: 1,
        uptime_seconds: 0,
        sessions: 0,
        active_sessions: 0,
        commands: 0,
        commands_per_second: 0.0,
        mirror: None,
        last_cutover: None,
        warnings: Vec::new(),
    }
}

impl Operations for Recorder {
    fn status(&self) -> Reply<'_, Status> {
        Box::pin(async { Ok(picture(Mode::Passthrough)) })
    }

    fn set_mode(&self, mode: Mode) -> Reply<'_, Status> {
        self.note(format!("mode {mode}"));
        Box::pin(async move {
            match mode {
                Mode::Passthrough | Mode::Mirror => Ok(picture(mode)),
                Mode::Postgres => Err(OperationError::new(Refusal::Invalid, "no").hint("cutover")),
            }
        })
    }

    fn cutover(&self, rehearsal: Rehearsal) -> Reply<'_, CutoverReport> {
        self.note(format!("cutover {rehearsal:?}"));
        Box::pin(async move { Ok(CutoverReport { dry_run: true, ..CutoverReport::default() }) })
    }

    fn resync(&self, tables: Vec<String>) -> Reply<'_, Status> {
        self.note(format!("resync {tables:?}"));
        Box::pin(async { Err(OperationError::new(Refusal::Busy, "another operation is under way")) })
    }

    fn verify(&self, request: VerifyRequest) -> Reply<'_, VerifySummary> {
        self.note(format!("verify {:?} repair {}", request.tables, request.repair));
        Box::pin(async { panic!("on purpose") })
    }

    fn sessions(&self) -> Reply<'_, Vec<SessionInfo>> {
        Box::pin(async { Ok(vec![SessionInfo { id: 7, ..SessionInfo::default() }]) })
    }
}

impl Process for Recorder {
    fn reload(&self) -> Reply<'_, ReloadReport> {
        self.note("reload".into());
        Box::pin(async { Ok(ReloadReport { applied: vec!["log.level".into()], ..ReloadReport::default() }) })
    }

    fn hand_over(&self, request: HandOverRequest, peer: Peer) -> Reply<'_, Handing> {
        self.note(format!("hand over to {} of {:?}", request.pid, peer.user));
        Box::pin(async { Err(OperationError::new(Refusal::NotNow, "not now")) })
    }

    fn health(&self) -> Reply<'_, Health> {
        Box::pin(async { Ok(Health::default()) })
    }
}

#[tokio::test]
async fn requests_reach_the_operations_and_refusals_come_back_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let recorder = Arc::new(Recorder::default());
    let stop = CancellationToken::new();
    let socket = Socket::open(&path).expect("a socket");
    let desks = Desks { operations: recorder.clone(), process: recorder.clone() };
    let exposition = Exposition::new(&Arc::new(Metrics::default()));
    let serving = tokio::spawn(serve(socket, None, desks, exposition, stop.clone()));

    let client = Client::new(&path);
    assert_eq!(client.status().await.expect("a status").mode, Mode::Passthrough);
    assert_eq!(client.set_mode(Mode::Mirror).await.expect("a status").mode, Mode::Mirror);
    let refused = client.set_mode(Mode::Postgres).await;
    let Err(ClientError::Refused(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error, OperationError::new(Refusal::Invalid, "no").hint("cutover"));
    assert!(client.cutover(Rehearsal::DryRun).await.expect("a report").dry_run);
    let busy = client.resync(vec!["shop.orders".into()]).await;
    assert!(matches!(busy, Err(ClientError::Refused(error)) if error.refusal == Refusal::Busy));
    let broken = client.verify(&VerifyRequest { tables: vec!["shop.orders".into()], repair: true, share: None }).await;
    assert!(matches!(broken, Err(ClientError::Refused(error)) if error.refusal == Refusal::Failed));
    assert_eq!(client.sessions().await.expect("sessions").first().map(|session| session.id), Some(7));
    assert_eq!(client.reload().await.expect("a report").applied, ["log.level"]);
    assert_eq!(
        *recorder.asked.lock().expect("not poisoned"),
        [
            "mode mirror",
            "mode postgres",
            "cutover DryRun",
            "resync [\"shop.orders\"]",
            "verify [\"shop.orders\"] repair true",
            "reload"
        ]
    );

    stop.cancel();
    serving.await.expect("the server ends").expect("without an error");
    assert!(matches!(client.status().await, Err(ClientError::Unreachable { .. })));
}
