//! What the forwarding path costs: the same load straight to MySQL, through Bascule, and through the peers that are
//! on this machine, in one run whose rounds are interleaved, so that noise of the machine falls on all alike.
//!
//! `cargo bench --bench forward` prints a table and, as its last line, one JSON object. The gates are the proxy's CPU
//! time per point query against HAProxy's, the memory of an idle session, and 500 connections at once.
//! `BASCULE_BENCH_ROUNDS` (5) and `BASCULE_BENCH_SECONDS` (2, of each load in each round) make it longer or shorter.

#[allow(dead_code, reason = "shared with the bench of serving, which uses the rest")]
#[path = "contestants/mod.rs"]
mod contestants;
#[path = "load/mod.rs"]
mod load;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bascule::sandbox::{Servers, mysql, postgres};
use comfy_table::{CellAlignment, Table, presets};
use contestants::Contestant;
use hdrhistogram::Histogram;
use load::{Connection, Work};
use serde_json::{Map, Value, json};

const CONNECTIONS: u64 = 8;
const IDLE_SESSIONS: u32 = 500;
const CROWD: usize = 500;
const CROWD_QUERIES: usize = 20;
/// Bascule's CPU time per point query, as a multiple of HAProxy's.
const CPU_GATE: f64 = 1.3;
const IDLE_GATE_KIB: f64 = 64.0;

/// Sums over all rounds of one load.
struct Figures {
    statements: u64,
    seconds: f64,
    cpu_micros: Option<f64>,
    latencies: Histogram<u64>,
}

impl Figures {
    fn new() -> Self {
        Self { statements: 0, seconds: 0.0, cpu_micros: None, latencies: load::histogram() }
    }

    #[expect(clippy::cast_precision_loss, reason = "statements of a bench are far below 2^52")]
    fn per_second(&self) -> f64 {
        self.statements as f64 / self.seconds.max(f64::EPSILON)
    }

    #[expect(clippy::cast_precision_loss, reason = "statements of a bench are far below 2^52")]
    fn cpu_per_statement(&self) -> Option<f64> {
        Some(self.cpu_micros? / self.statements.max(1) as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "latencies of a bench are far below 2^52 ns")]
    fn latency_micros(&self, quantile: f64) -> f64 {
        self.latencies.value_at_quantile(quantile) as f64 / 1_000.0
    }

    fn json(&self) -> Value {
        json!({
            "statements_per_second": round(self.per_second()),
            "p50_us": round(self.latency_micros(0.5)),
            "p99_us": round(self.latency_micros(0.99)),
            "proxy_cpu_us_per_statement": self.cpu_per_statement().map(round),
        })
    }
}

/// All that was measured of one contestant.
struct Entry {
    contestant: Contestant,
    loads: [(Work, Figures); 2],
    idle_kib: Option<f64>,
    crowd_failures: usize,
    crowd_error: Option<String>,
}

impl Entry {
    fn new(contestant: Contestant) -> Self {
        let loads = [Work::PointSelect, Work::ReadWrite].map(|work| (work, Figures::new()));
        Self { contestant, loads, idle_kib: None, crowd_failures: 0, crowd_error: None }
    }

    fn point(&self) -> &Figures {
        &self.loads[0].1
    }

    /// One load for a while.
    fn round(&mut self, index: usize, length: Duration) -> Result<(), String> {
        let name = self.contestant.name;
        let Some((work, figures)) = self.loads.get_mut(index) else { return Ok(()) };
        let before = self.contestant.cpu_micros();
        let outcome = load::drive(self.contestant.port, *work, CONNECTIONS, length)
            .map_err(|error| format!("{} through {name}: {error}", work.name()))?;
        let after = self.contestant.cpu_micros();
        figures.statements += outcome.statements;
        figures.seconds += outcome.seconds;
        figures.latencies.add(&outcome.latencies).map_err(|error| error.to_string())?;
        if let (Some(before), Some(after)) = (before, after) {
            *figures.cpu_micros.get_or_insert(0.0) += after - before;
        }
        Ok(())
    }

    /// What sessions cost that are open and silent. Each has asked once, so that buffers that stay would be seen.
    fn idle(&mut self) -> Result<(), String> {
        let Some(before) = self.contestant.resident_kib() else { return Ok(()) };
        let ask = load::query("SELECT c FROM sbtest WHERE id=7");
        let open = |_| -> std::io::Result<Connection> {
            let mut connection = Connection::open(self.contestant.port)?;
            connection.command(&ask)?;
            Ok(connection)
        };
        let sessions: Vec<Connection> = (0..IDLE_SESSIONS)
            .map(open)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("{IDLE_SESSIONS} idle sessions through {}: {error}", self.contestant.name))?;
        let after = self.contestant.resident_kib().unwrap_or(before);
        drop(sessions);
        self.idle_kib = Some((after - before).max(0.0) / f64::from(IDLE_SESSIONS));
        Ok(())
    }

    fn crowd(&mut self) {
        (self.crowd_failures, self.crowd_error) = load::crowd(self.contestant.port, CROWD, CROWD_QUERIES);
    }

    fn json(&self) -> Value {
        let mut object: Map<String, Value> =
            self.loads.iter().map(|(work, figures)| (work.name().to_owned(), figures.json())).collect();
        object.insert("idle_session_kib".into(), json!(self.idle_kib.map(round)));
        object.insert("crowd_failures".into(), json!(self.crowd_failures));
        Value::Object(object)
    }
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--test") {
        // `cargo test --all-targets` runs benches too, only to see that they start.
        return ExitCode::SUCCESS;
    }
    match bench() {
        Ok(verdict) => verdict,
        Err(error) => {
            say(&format!("the bench couldn't be run: {error}"));
            say(&json!({ "error": error, "verdict": "fail" }).to_string());
            ExitCode::FAILURE
        }
    }
}

fn bench() -> Result<ExitCode, String> {
    let rounds = setting("BASCULE_BENCH_ROUNDS", 5);
    let length = Duration::from_secs(setting("BASCULE_BENCH_SECONDS", 2));
    let options = mysql::Options { arguments: vec!["--max-connections=1500".into()], ..mysql::Options::default() };
    let servers = Servers::start(&options, &postgres::Options::default()).map_err(|error| error.to_string())?;
    servers.postgres.execute("postgres", "CREATE DATABASE bascule").map_err(|error| error.to_string())?;
    load::prepare(&|text| servers.mysql.execute(text).map_err(|error| error.to_string()))?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut entries = enter(&servers, folder.path())?;
    for entry in &mut entries {
        // Warm, so that the memory of the first load isn't taken for that of idle sessions.
        load::drive(entry.contestant.port, Work::PointSelect, CONNECTIONS, Duration::from_millis(300))
            .map_err(|error| format!("warming up {}: {error}", entry.contestant.name))?;
        entry.idle()?;
    }
    for round in 1..=rounds {
        for index in 0..2 {
            for entry in &mut entries {
                entry.round(index, length)?;
            }
        }
        say(&format!("round {round} of {rounds} done"));
    }
    for entry in &mut entries {
        entry.crowd();
    }
    entries.extend(mirrored(&entries, folder.path(), rounds, length)?);
    say(&table(&entries).to_string());
    let (object, passed) = judge(&entries);
    say(&object.to_string());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Starts all that can be had; says clearly which peer can't.
fn enter(servers: &Servers, folder: &Path) -> Result<Vec<Entry>, String> {
    let port = servers.mysql.port();
    let own = |name: &str| -> Result<std::path::PathBuf, String> {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).map_err(|error| error.to_string())?;
        Ok(folder)
    };
    let mut entries = vec![Entry::new(Contestant::direct(port))];
    entries.push(Entry::new(Contestant::bascule(&own("bascule")?, port, servers.postgres.port())?));
    for peer in [Contestant::haproxy(&own("haproxy")?, port), Contestant::router(&own("mysqlrouter")?, port)] {
        match peer {
            Ok(peer) => entries.push(Entry::new(peer)),
            Err(reason) => say(&format!("not compared: {reason}")),
        }
    }
    Ok(entries)
}

/// The same loads once more while Bascule mirrors. They come last and alone, since whoever writes past a Bascule that
/// mirrors leaves a gap.
fn mirrored(entries: &[Entry], folder: &Path, rounds: u64, length: Duration) -> Result<Option<Entry>, String> {
    let Some(bascule) = entries.iter().find(|entry| entry.contestant.name == "bascule") else { return Ok(None) };
    let mut entry = match bascule.contestant.mirroring(&folder.join("bascule")) {
        Ok(contestant) => Entry::new(contestant),
        Err(reason) => {
            say(&format!("not measured while mirroring: {reason}"));
            return Ok(None);
        }
    };
    for _ in 0..rounds {
        for index in 0..2 {
            entry.round(index, length)?;
        }
    }
    Ok(Some(entry))
}

fn table(entries: &[Entry]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "way",
        "point/s",
        "p50 µs",
        "p99 µs",
        "CPU µs each",
        "read-write/s",
        "p50 µs",
        "p99 µs",
        "CPU µs each",
        "KiB per idle session",
        "500 at once",
    ]);
    for entry in entries {
        let mut row = vec![entry.contestant.name.to_owned()];
        for (_, figures) in &entry.loads {
            row.push(format!("{:.0}", figures.per_second()));
            row.push(format!("{:.0}", figures.latency_micros(0.5)));
            row.push(format!("{:.0}", figures.latency_micros(0.99)));
            row.push(figures.cpu_per_statement().map_or_else(|| "–".into(), |micros| format!("{micros:.1}")));
        }
        row.push(entry.idle_kib.map_or_else(|| "–".into(), |kib| format!("{kib:.1}")));
        row.push(match (entry.crowd_failures, &entry.crowd_error) {
            (0, _) if entry.idle_kib.is_none() && entry.contestant.name != "direct" => "–".into(),
            (0, _) => "no error".into(),
            (failures, error) => format!("{failures} failed: {}", error.as_deref().unwrap_or("no reason")),
        });
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The last line, and whether every gate that could be judged was passed.
fn judge(entries: &[Entry]) -> (Value, bool) {
    let entry = |name: &str| entries.iter().find(|entry| entry.contestant.name == name);
    let cpu = |name: &str| entry(name).and_then(|entry| entry.point().cpu_per_statement());
    let ratio = |peer: &str| Some(cpu("bascule")? / cpu(peer)?.max(f64::EPSILON));
    let throughput = |peer: &str| Some(entry("bascule")?.point().per_second() / entry(peer)?.point().per_second());
    let idle = entry("bascule").and_then(|entry| entry.idle_kib);
    let failures = entry("bascule").map(|entry| entry.crowd_failures);
    // A gate that can't be judged isn't passed: the machine lacks what it's judged by.
    let gates = [
        ("cpu_vs_haproxy", ratio("haproxy").is_some_and(|ratio| ratio <= CPU_GATE)),
        ("idle_session_kib", idle.is_some_and(|kib| kib <= IDLE_GATE_KIB)),
        ("crowd", failures == Some(0)),
    ];
    let passed = gates.iter().all(|(_, passed)| *passed);
    let figures: Map<String, Value> =
        entries.iter().map(|entry| (entry.contestant.name.to_owned(), entry.json())).collect();
    let object = json!({
        "figures": figures,
        "ratios": {
            "cpu_vs_haproxy": ratio("haproxy").map(hundredth),
            "cpu_vs_mysqlrouter": ratio("mysqlrouter").map(hundredth),
            "throughput_vs_direct": throughput("direct").map(hundredth),
            "throughput_vs_haproxy": throughput("haproxy").map(hundredth),
            "throughput_vs_mysqlrouter": throughput("mysqlrouter").map(hundredth),
        },
        "gates": gates.iter().map(|(name, passed)| ((*name).to_owned(), json!(passed))).collect::<Map<_, _>>(),
        "verdict": if passed { "pass" } else { "fail" },
    });
    (object, passed)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn hundredth(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn say(line: &str) {
    // A reader that went away doesn't change what was measured.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
