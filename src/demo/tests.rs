//! The demo's judgement is tested by a product that does nothing and claims to have done it all.

use std::net::SocketAddr;
use std::sync::Arc;

use super::*;
use crate::admin::{
    CutoverReport, MirrorPhase, MirrorStatus, Operations, Refusal, Rehearsal, Reply, Side, Status, VerifySummary,
};
use crate::route::{Mode, SessionInfo};

/// Clients talk to MySQL itself; every operation is answered "done".
struct Impostor;

impl Impostor {
    fn status() -> Status {
        let mirror = MirrorStatus {
            phase: MirrorPhase::Streaming,
            reason: None,
            tables: Vec::new(),
            applied: String::new(),
            transactions_applied: 1_000_000,
            lag_transactions: 0,
            lag_seconds: 0.0,
            gaps: None,
            spool_bytes: 0,
            in_doubt: 0,
        };
        Status {
            version: "impostor".into(),
            mode: Mode::Mirror,
            serving: Side::Source,
            epoch: 1,
            uptime_seconds: 0,
            sessions: 0,
            active_sessions: 0,
            commands: 0,
            commands_per_second: 0.0,
            mirror: Some(mirror),
            last_cutover: None,
            warnings: Vec::new(),
        }
    }
}

impl Operations for Impostor {
    fn status(&self) -> Reply<'_, Status> {
        Box::pin(async { Ok(Self::status()) })
    }

    fn set_mode(&self, _: Mode) -> Reply<'_, Status> {
        self.status()
    }

    fn cutover(&self, _: Rehearsal) -> Reply<'_, CutoverReport> {
        Box::pin(async { Ok(CutoverReport { performed: true, ..CutoverReport::default() }) })
    }

    fn resync(&self, _: Vec<String>) -> Reply<'_, Status> {
        Box::pin(async { Err(OperationError::new(Refusal::NotNow, "an impostor has nothing to copy")) })
    }

    fn verify(&self) -> Reply<'_, VerifySummary> {
        Box::pin(async { Ok(VerifySummary { tables: 5, rows: 1_000_000, ..VerifySummary::default() }) })
    }

    fn sessions(&self) -> Reply<'_, Vec<SessionInfo>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_only_claims_is_found_out() {
    let start = |config: Config| async move {
        let source = config.source.ok_or("the demo has a source")?;
        let address = SocketAddr::from(([127, 0, 0, 1], source.port));
        Ok(Product { address, operations: Arc::new(Impostor), stop: Box::pin(async {}) })
    };
    let options = DemoOptions { seconds: 5, ..DemoOptions::default() };
    let summary = run(options, start).await.expect("the demo goes to its end");
    let failed: Vec<&str> = summary.checks.iter().filter(|check| !check.held).map(|check| check.name).collect();
    assert_eq!(failed, ["mysql_quiet", "postgres_itself"], "{:#?}", summary.checks);
    assert!(!summary.held());
}
