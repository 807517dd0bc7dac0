//! The demo's judgement is tested by a product that does nothing and claims to have done it all.

use std::net::SocketAddr;
use std::sync::Arc;

use mysql_async::prelude::Queryable;

use super::load::Load;
use super::stats::Stats;
use super::*;
use crate::admin::{
    CutoverReport, MirrorPhase, MirrorStatus, Operations, Refusal, Rehearsal, Reply, Side, Status, VerifyRequest,
    VerifySummary,
};
use crate::replicate::snapshot as copy;
use crate::route::{Mode, SessionInfo};
use crate::source::{inspect, snapshot};
use crate::sql::{self, Purpose, StatementClass};
use crate::target::Bulk;
use crate::verify;

/// Clients talk to MySQL itself; every operation is answered "done".
struct Impostor;

impl Impostor {
    fn status() -> Status {
        let mirror = MirrorStatus {
            lane: "statements".to_owned(),
            phase: MirrorPhase::Streaming,
            reason: None,
            tables: Vec::new(),
            applied: String::new(),
            transactions_applied: 1_000_000,
            lag_transactions: 0,
            lag_bytes: 0,
            lag_seconds: 0.0,
            gaps: None,
            spool_bytes: 0,
            verifying: None,
            last_verified: None,
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

    fn verify(&self, _: VerifyRequest) -> Reply<'_, VerifySummary> {
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

/// The shop is one that can be carried: everything arrives, and both sides compare equal.
#[tokio::test(flavor = "multi_thread")]
async fn the_shop_is_copied_exactly() {
    let servers = start_servers().await.expect("servers");
    let folder = tempfile::tempdir().expect("a folder");
    let (rows, _) = make_shop(&opts(servers.mysql.port(), "root", None, None)).await.expect("a shop");
    let config = product::checked(&product::configuration(&servers, folder.path(), Lane::Statements), folder.path())
        .expect("valid");
    let source = config.source.expect("a source");
    let mut control = inspect::connect(&source).await.expect("MySQL");
    let catalogue = inspect::catalogue(&mut control, &source.databases).await.expect("a catalogue");
    let tables = copy::tables_of(&catalogue);
    let bulk = Bulk::connect(&config.target).await.expect("PostgreSQL");
    copy::create_tables(&bulk, &catalogue).await.expect("tables");
    let snapshot = snapshot::prepare(&source, 1).await.expect("a connection").open().await.expect("a snapshot");

    let workers =
        snapshot.readers.into_iter().zip([Bulk::connect(&config.target).await.expect("PostgreSQL")]).collect();
    let (mut readers, copied) = copy::copy(workers, tables.clone(), Arc::new(|_| {})).await.expect("a copy");
    copy::finish(&bulk, &tables).await.expect("keys");
    assert_eq!(copied.rows, rows);
    let view = verify::TargetView::open(bulk, &tables).await.expect("a view");
    let reader = readers.first_mut().expect("a reader");
    let report = verify::compare(reader, &view, &tables, &()).await.expect("a comparison");
    assert!(report.is_same(), "{report:#?}");
}

/// Nothing that the load sends may be refused once PostgreSQL serves, and none of its writes while PostgreSQL follows.
/// MySQL's own log says what was sent, also by the client library itself.
#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_the_load_can_be_rewritten() {
    let servers = start_servers().await.expect("servers");
    let root = opts(servers.mysql.port(), "root", None, None);
    let (_, money) = make_shop(&root).await.expect("a shop");
    let mut conn = Conn::new(root).await.expect("MySQL");
    let catalogue = inspect::catalogue(&mut conn, &[DATABASE.to_owned()]).await.expect("a catalogue");
    for setting in ["SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = ON"] {
        conn.query_drop(setting).await.expect("a setting");
    }
    let through = opts(servers.mysql.port(), USER, Some(PASSWORD), Some(DATABASE));
    let stats = Arc::new(Stats::new());
    let load = Load::start(through.clone(), &stats, money.clone()).await.expect("a load");
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    while stats.totals().statements < 3_000 {
        ticks.tick().await;
    }
    let told = load.finish().await.expect("the clients end");
    checks::shop(through, &told, &money).await.expect("the checks can be asked");
    let logged: Vec<String> = conn
        .query(
            "SELECT DISTINCT CONVERT(argument USING utf8mb4) FROM mysql.general_log \
             WHERE user_host LIKE 'shop%' AND command_type IN ('Query', 'Prepare')",
        )
        .await
        .expect("the log");
    let context = |purpose| sql::Context {
        catalogue: Arc::new(catalogue.clone()),
        database: Some(DATABASE.to_owned()),
        sql_mode: "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,\
                   NO_ENGINE_SUBSTITUTION"
            .to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        purpose,
        parameters: sql::plan::Known::Nothing,
        given: sql::plan::Given::default(),
    };
    let (serve, replay) = (context(Purpose::Serve), context(Purpose::Replay));
    let mut refused = std::collections::BTreeMap::new();
    for text in &logged {
        let write = sql::classify(text.as_bytes()) == StatementClass::Write;
        for context in [Some(&serve), write.then_some(&replay)].into_iter().flatten() {
            if let Err(error) = sql::rewrite(text, context) {
                refused.insert(format!("{:?}: {error}", context.purpose), text);
            }
        }
    }
    assert!(logged.len() > 100, "{} statements", logged.len());
    assert!(refused.is_empty(), "{refused:#?}");
}
