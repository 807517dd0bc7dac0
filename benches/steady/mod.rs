//! How far PostgreSQL is behind while an application works: sysbench's `oltp_read_write` goes through Bascule as fast as it
//! can, Bascule follows the binary log, and a row that is written to MySQL every few milliseconds is looked for in
//! PostgreSQL. Its lag runs from MySQL's answer to the moment at which it's seen.

use std::error::Error;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bascule::config::Target;
use bascule::target::{Client, Request};
use hdrhistogram::Histogram;

use crate::backlog;
use crate::contestants::Contestant;
use crate::load::{self, Connection};

/// Between two rows, and between two looks.
const BEAT: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(2);
/// How long the last row may take.
const PATIENCE: Duration = Duration::from_secs(60);
const THREADS: u32 = 8;

/// What was measured.
pub(crate) struct Steady {
    pub(crate) transactions_per_second: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p99_millis: f64,
    pub(crate) max_millis: f64,
}

/// Runs the load for so many seconds through `bascule`, which mirrors already.
pub(crate) fn measure(
    bascule: &Contestant,
    mysql: u16,
    target: &Target,
    seconds: u64,
) -> Result<Steady, Box<dyn Error>> {
    let ended = AtomicBool::new(false);
    let committed: Mutex<Vec<Instant>> = Mutex::new(Vec::new());
    let (report, lags) = std::thread::scope(|scope| {
        let beats = scope.spawn(|| beat(mysql, &ended, &committed));
        let looks = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                // A connection belongs to the runtime that opened it.
                let mut own = Client::connect(target, "steady").await.map_err(std::io::Error::other)?;
                look(&mut own, &ended, &committed).await.map_err(std::io::Error::other)
            })
        });
        let report = sysbench(bascule.port, seconds);
        ended.store(true, Ordering::SeqCst);
        let written = beats.join().expect("the writer doesn't panic");
        let lags = looks.join().expect("the reader doesn't panic");
        (report, written.and(lags))
    });
    let (transactions_per_second, lags) = (report?, lags?);
    let millis = |quantile: f64| lags.value_at_quantile(quantile) as f64 / 1000.0;
    Ok(Steady {
        transactions_per_second,
        p50_millis: millis(0.5),
        p99_millis: millis(0.99),
        max_millis: lags.max() as f64 / 1000.0,
    })
}

/// Transactions a second.
fn sysbench(port: u16, seconds: u64) -> Result<f64, String> {
    let output = Command::new("sysbench")
        .args(["oltp_read_write", "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-db=bench"])
        .args([format!("--mysql-port={port}"), format!("--mysql-user={}", load::USER)])
        .args([format!("--tables={}", backlog::TABLES), format!("--table-size={}", backlog::ROWS)])
        .args([format!("--threads={THREADS}"), format!("--time={seconds}"), "run".to_owned()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("sysbench can't be run: {error} (Debian package sysbench)"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix("transactions:"));
    let rate = line.and_then(|line| line.split_once('(')?.1.split_whitespace().next()?.parse().ok());
    rate.ok_or_else(|| format!("sysbench: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Writes rows past Bascule.
fn beat(mysql: u16, ended: &AtomicBool, committed: &Mutex<Vec<Instant>>) -> std::io::Result<()> {
    let mut connection = Connection::open(mysql)?;
    let insert = load::query("INSERT INTO heart () VALUES ()");
    while !ended.load(Ordering::SeqCst) {
        connection.command(&insert)?;
        committed.lock().expect("nobody panics with it").push(Instant::now());
        std::thread::sleep(BEAT);
    }
    Ok(())
}

/// Looks for the rows; microseconds of each.
async fn look(
    client: &mut Client,
    ended: &AtomicBool,
    committed: &Mutex<Vec<Instant>>,
) -> Result<Histogram<u64>, Box<dyn Error + Send + Sync>> {
    let mut lags = Histogram::new_with_bounds(1, 600_000_000, 3)?;
    let mut seen = 0;
    let mut late = None;
    loop {
        let answer = client.query(&Request::new("SELECT coalesce(max(id), 0) FROM bench.heart")).await?;
        let now = Instant::now();
        let text = answer.rows.first().and_then(|row| row.get(0)).and_then(|text| std::str::from_utf8(text).ok());
        let last: usize = text.and_then(|text| text.parse().ok()).ok_or("no number")?;
        let (written, arrived) = {
            let committed = committed.lock().expect("nobody panics with it");
            // A row may be seen before its writer has noted it.
            let arrived: Vec<Instant> = committed.iter().take(last).skip(seen).copied().collect();
            (committed.len(), arrived)
        };
        seen += arrived.len();
        for at in arrived {
            lags.saturating_record(u64::try_from(now.saturating_duration_since(at).as_micros()).unwrap_or(u64::MAX));
        }
        if ended.load(Ordering::SeqCst) {
            if seen >= written {
                return Ok(lags);
            }
            if late.get_or_insert(now).elapsed() > PATIENCE {
                return Err(format!("{} rows never came", written - seen).into());
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}
