//! How fast a backlog is applied: the same recorded binary log is applied by a MySQL replica with four workers, by
//! Bascule's row lane to PostgreSQL, and by an applier that commits each row by itself to the same PostgreSQL (measured on
//! a part of the log). All of them with full durability, one after the other, in one run. At the end Bascule mirrors by the
//! binary log while sysbench's `oltp_read_write` goes through it, and the lag is measured (Debian package `sysbench`).
//!
//! `cargo bench --bench apply` prints a table and, as its last line, one JSON object with a verdict.
//! `BASCULE_BENCH_TRANSACTIONS` (500,000) is the length of the backlog. It's recorded with light durability, which changes
//! how long the recording takes and not what is in the log.

mod backlog;
#[allow(dead_code, reason = "shared with the bench of forwarding, which uses the rest")]
#[path = "contestants/mod.rs"]
mod contestants;
#[allow(dead_code, reason = "shared with the bench of forwarding, which uses the rest")]
#[path = "load/mod.rs"]
mod load;
#[path = "row_by_row/mod.rs"]
mod row_by_row;
#[path = "steady/mod.rs"]
mod steady;

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bascule::change::CapturedStatement;
use bascule::config::{Secret, Source, Target, Tls};
use bascule::position::GtidSet;
use bascule::replicate::{Planner, Replicator, snapshot as copy};
use bascule::sandbox::mysql::{Durability, Mysql, Options};
use bascule::sandbox::postgres::{self, Postgres};
use bascule::schema::Catalogue;
use bascule::source::binlog::BinlogFeed;
use bascule::source::{inspect, snapshot};
use bascule::sql::{self, Parameter, Plan, SqlError};
use bascule::store::{MirrorPhase, Store};
use bascule::target::Bulk;
use bascule::verify::{self, TargetView};
use bytes::Bytes;
use contestants::Contestant;
use mysql_async::prelude::Queryable as _;
use serde_json::json;

/// Transactions that are applied row by row.
const PART: u64 = 20_000;
/// What Bascule must reach: of the replica's rate, and of the rate of the applier that commits each row.
const GATES: (f64, f64) = (1.0, 10.0);
/// What the 99th percentile of the lag may be, in milliseconds.
const LAG_GATE: f64 = 1000.0;
const PATIENCE: Duration = Duration::from_secs(3600);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--test") {
        // `cargo test --all-targets` runs benches too, only to see that they start.
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(Box::pin(bench()))) {
        Ok(verdict) => verdict,
        Err(error) => {
            say(&format!("the bench couldn't be run: {error}"));
            say(&json!({ "error": error.to_string(), "verdict": "fail" }).to_string());
            ExitCode::FAILURE
        }
    }
}

async fn bench() -> Outcome<ExitCode> {
    let count = std::env::var("BASCULE_BENCH_TRANSACTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(500_000);
    let options = Options { durability: Durability::Full, ..Options::default() };
    let mysql = Mysql::start(&options)?;
    let workers = ["--server-id=2", "--replica-parallel-workers=4", "--replica-preserve-commit-order=ON"];
    let replica =
        Mysql::start(&Options { arguments: workers.iter().map(ToString::to_string).collect(), ..options.clone() })?;
    let settings = ["fsync=on", "synchronous_commit=on", "full_page_writes=on"].map(str::to_owned);
    let postgres = Postgres::start(&postgres::Options { settings: settings.to_vec() })?;
    let execute = |text: &str| mysql.execute(text).map_err(|error| error.to_string());
    backlog::prepare(&execute)?;
    let source = source(mysql.port());
    let mut conn = inspect::connect(&source).await?;
    follow(&replica, &mysql)?;
    let begin = inspect::gtid_executed(&mut conn).await?;
    replicated(&replica, &begin).await?;
    replica.execute("STOP REPLICA")?;
    for database in ["pipeline", "row_by_row"] {
        postgres.execute("postgres", &format!("CREATE DATABASE {database}"))?;
        copied(&source, &target(postgres.port(), database)).await?;
    }
    say(&format!("recording {count} transactions"));
    execute("SET GLOBAL sync_binlog = 0, GLOBAL innodb_flush_log_at_trx_commit = 2")?;
    backlog::record(mysql.port(), count)?;
    execute("SET GLOBAL sync_binlog = 1, GLOBAL innodb_flush_log_at_trx_commit = 1")?;
    let end = inspect::gtid_executed(&mut conn).await?;
    let recorded = end.minus(&begin).count();

    say("the replica");
    let begun = Instant::now();
    replica.execute("START REPLICA")?;
    replicated(&replica, &end).await?;
    let by_replica = rate(recorded, begun);
    say(&format!("{by_replica:.0} transactions/s; Bascule"));
    let spill = tempfile::tempdir()?;
    let by_bascule = followed(&source, &target(postgres.port(), "pipeline"), &end, spill.path()).await?;
    let by_bascule = by_bascule.map(|seconds| recorded as f64 / seconds);
    say(&format!("{:.0} transactions/s; row by row", by_bascule.unwrap_or_default()));
    let feed = BinlogFeed::new(&source, begin, spill.path().to_owned());
    let single = row_by_row::apply(feed, &mut conn, &target(postgres.port(), "row_by_row"), PART.min(recorded)).await?;
    say(&format!("{:.0} transactions/s, {:.0} rows/s", single.transactions, single.rows));
    drop(replica);
    postgres.execute("postgres", "CREATE DATABASE bascule")?;
    let steady = lag(&mysql, &postgres);
    if let Err(error) = &steady {
        say(&format!("the lag wasn't measured: {error}"));
    }
    Ok(judge(recorded, (by_replica, by_bascule.unwrap_or_default()), &single, steady.ok().as_ref()))
}

/// The lag while an application works through Bascule.
fn lag(mysql: &Mysql, postgres: &Postgres) -> Outcome<steady::Steady> {
    let seconds = std::env::var("BASCULE_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir()?;
    let bascule = Contestant::bascule_by(folder.path(), mysql.port(), postgres.port(), "binlog")?;
    bascule.mirroring(folder.path())?;
    steady::measure(&bascule, mysql.port(), &target(postgres.port(), "bascule"), seconds)
}

fn judge(
    recorded: u64,
    (replica, bascule): (f64, f64),
    single: &row_by_row::Rates,
    steady: Option<&steady::Steady>,
) -> ExitCode {
    let (of_replica, of_single) = (bascule / replica, bascule / single.transactions);
    let small_lag = steady.is_some_and(|steady| steady.p99_millis < LAG_GATE);
    let passed = of_replica >= GATES.0 && of_single >= GATES.1 && small_lag;
    let verdict = json!({
        "transactions": recorded,
        "transactions_per_second": {
            "bascule": bascule.round(), "mysql_replica": replica.round(), "row_by_row": single.transactions.round(),
        },
        "ratios": { "of_mysql_replica": hundredth(of_replica), "of_row_by_row": hundredth(of_single) },
        "steady": steady.map(|steady| json!({
            "transactions_per_second": steady.transactions_per_second.round(),
            "lag_ms": { "p50": steady.p50_millis, "p99": steady.p99_millis, "max": steady.max_millis },
        })),
        "gates": {
            "of_mysql_replica": of_replica >= GATES.0,
            "of_row_by_row": of_single >= GATES.1,
            "steady_lag": small_lag,
        },
        "verdict": if passed { "pass" } else { "fail" },
    });
    say(&verdict.to_string());
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn source(port: u16) -> Source {
    Source {
        host: "127.0.0.1".to_owned(),
        port,
        user: "root".to_owned(),
        password: Secret::default(),
        databases: vec!["bench".to_owned()],
        tls: Tls::Off,
        tls_certificate: None,
        connect_timeout: Duration::from_secs(20),
    }
}

fn target(port: u16, database: &str) -> Target {
    Target {
        host: "127.0.0.1".to_owned(),
        port,
        user: "postgres".to_owned(),
        password: Secret::default(),
        database: database.to_owned(),
        tls: Tls::Off,
        connect_timeout: Duration::from_secs(20),
        max_connections: 8,
    }
}

/// Makes `replica` one of `source`.
fn follow(replica: &Mysql, source: &Mysql) -> Outcome<()> {
    let port = source.port();
    replica.execute(&format!(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {port}, SOURCE_USER = 'root', \
         SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1"
    ))?;
    Ok(replica.execute("START REPLICA")?)
}

/// Waits until the replica has applied `position`.
async fn replicated(replica: &Mysql, position: &GtidSet) -> Outcome<()> {
    let mut conn = inspect::connect(&source(replica.port())).await?;
    let sql = format!("SELECT WAIT_FOR_EXECUTED_GTID_SET('{position}', {})", PATIENCE.as_secs());
    let answer: Option<u64> = conn.query_first(sql).await?;
    if answer == Some(0) { Ok(()) } else { Err("the replica doesn't follow".into()) }
}

/// Copies everything to an empty database and notes the position.
async fn copied(source: &Source, target: &Target) -> Outcome<()> {
    let mut conn = inspect::connect(source).await?;
    let catalogue = inspect::catalogue(&mut conn, &source.databases).await?;
    let bulk = Bulk::connect(target).await?;
    copy::create_tables(&bulk, &catalogue).await?;
    let mut opened = snapshot::prepare(source, 1).await?.open_locked().await?;
    opened.release().await;
    let position = opened.position().cloned().ok_or("no position")?;
    let reader = opened.readers.pop().ok_or("no reader")?;
    let worker = Bulk::connect(target).await?;
    copy::copy(vec![(reader, worker)], copy::tables_of(&catalogue), Arc::new(|_| {})).await?;
    copy::finish(&bulk, &copy::tables_of(&catalogue)).await?;
    bulk.run(sql::HELPERS).await?;
    bulk.run("CHECKPOINT").await?;
    let store = Store::new(target.clone());
    store.put_catalogue(&catalogue).await?;
    store.set_phase(MirrorPhase::Copying).await?;
    store.begin_following(&position).await?;
    Ok(())
}

/// Applies everything up to `end`; the seconds that it took. None when the result isn't MySQL's.
async fn followed(source: &Source, target: &Target, end: &GtidSet, spill: &Path) -> Outcome<Option<f64>> {
    let store = Store::new(target.clone());
    let facts = store.load().await?;
    let catalogue = Arc::new(ArcSwap::from_pointee(store.load_catalogue().await?));
    let replicator = Replicator::new(target.clone(), Arc::clone(&catalogue), Arc::new(RowsOnly));
    let begun = Instant::now();
    let feed = BinlogFeed::new(source, facts.applied.clone(), spill.to_owned());
    replicator.start(feed, &facts).await;
    tokio::time::timeout(PATIENCE, replicator.wait_applied(end)).await??;
    let seconds = begun.elapsed().as_secs_f64();
    replicator.stop().await;
    let tables = copy::tables_of(&catalogue.load());
    let mut snapshot = snapshot::prepare(source, 1).await?.open().await?;
    let view = TargetView::open(Bulk::connect(target).await?, &tables).await?;
    let reader = snapshot.readers.first_mut().ok_or("no reader")?;
    let same = verify::compare(reader, &view, &tables, &()).await?.is_same();
    say(if same { "every row is MySQL's" } else { "the rows differ" });
    Ok((same && replicator.status().halted.is_empty()).then_some(seconds))
}

fn rate(transactions: u64, begun: Instant) -> f64 {
    transactions as f64 / begun.elapsed().as_secs_f64()
}

fn hundredth(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn say(line: &str) {
    // A reader that went away doesn't change what was measured.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The backlog has no statements.
struct RowsOnly;

impl RowsOnly {
    fn refuse<T>() -> Result<T, SqlError> {
        Err(SqlError { code: 1235, sqlstate: "42000", message: "the backlog has rows only".to_owned() })
    }
}

impl Planner for RowsOnly {
    fn plan(&self, _: &CapturedStatement, _: &Arc<Catalogue>) -> Result<Arc<Plan>, SqlError> {
        Self::refuse()
    }

    fn bind(&self, _: &CapturedStatement, _: &[Parameter], _: &Arc<Catalogue>) -> Result<Vec<Option<Bytes>>, SqlError> {
        Self::refuse()
    }
}
