//! What the forwarding path costs: the same load straight to MySQL, through Bascule, and through the peers that are
//! on this machine, in one run whose rounds are interleaved, so that noise of the machine falls on all alike.
//!
//! `cargo bench --bench forward` prints two tables and, as its last line, one JSON object with the gates. Loads that only
//! read run while Bascule mirrors, so that its capture is on; those that write run in passthrough, since whoever writes past
//! a Bascule that mirrors leaves a gap, and at the end through the mirroring Bascule alone.
//!
//! `BASCULE_BENCH_ROUNDS` (5) and `BASCULE_BENCH_SECONDS` (2, of each load in each round) make it longer or shorter.

#[allow(dead_code, reason = "shared with the bench of serving, which uses the rest")]
#[path = "contestants/mod.rs"]
mod contestants;
#[path = "entry/mod.rs"]
mod entry;
#[path = "load/mod.rs"]
mod load;
#[path = "sysbench/mod.rs"]
mod sysbench;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bascule::sandbox::{Servers, mysql, postgres};
use comfy_table::{CellAlignment, Table, presets};
use contestants::Contestant;
use entry::{CROWD, Entry, IDLE, LOADS, Load, READING};
use load::{LARGE_MEGABYTES, Work};
use serde_json::{Map, Value, json};

const POINT: [Load; 3] = [(Work::PointSelect, 1), (Work::PointSelect, 8), (Work::PointSelect, 64)];
const LARGE: Load = (Work::Large, 4);
/// Bascule's CPU time per point query, with its capture on, as a multiple of HAProxy's and MySQL Router's.
const CPU_GATES: (f64, f64) = (1.0, 0.45);
/// Its latencies as a multiple of HAProxy's.
const LATENCY_GATE: f64 = 1.03;
const IDLE_GATE_KIB: f64 = 24.0;
/// What passing on a million rows may add to its memory.
const MILLION_GATE_KIB: f64 = 1024.0;
/// 99th percentile of what each of many clients at once waits for.
const CROWD_GATE_MILLIS: f64 = 1_000.0;

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
    let arguments = vec!["--max-connections=12000".into(), "--thread-cache-size=100".into()];
    let options = mysql::Options { arguments, ..mysql::Options::default() };
    let servers = Servers::start(&options, &postgres::Options::default()).map_err(|error| error.to_string())?;
    servers.postgres.execute("postgres", "CREATE DATABASE bascule").map_err(|error| error.to_string())?;
    load::prepare(&|text| servers.mysql.execute(text).map_err(|error| error.to_string()))?;
    sysbench::prepare(servers.mysql.port())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut entries = enter(&servers, folder.path())?;
    for entry in &mut entries {
        // Warm, so that the memory of the first load isn't taken for that of idle sessions.
        load::drive(entry.contestant.port, Work::PointSelect, 8, Duration::from_millis(300))
            .map_err(|error| format!("warming up {}: {error}", entry.contestant.name))?;
        entry.idle()?;
        entry.million()?;
        say(&format!("{IDLE} idle sessions and a million rows through {}", entry.contestant.name));
    }
    let own = folder.path().join("bascule");
    contestants::follow(&own)?;
    for round in 1..=rounds {
        for index in 0..READING {
            for entry in &mut entries {
                entry.round(index, length)?;
            }
        }
        say(&format!("reading, round {round} of {rounds}"));
    }
    contestants::ask(&own, &["mode", "passthrough"])?;
    for round in 1..=rounds {
        for entry in &mut entries {
            (READING..LOADS.len()).try_for_each(|index| entry.round(index, length))?;
        }
        for (index, prepared) in [false, true].into_iter().enumerate() {
            for entry in &mut entries {
                let queries = sysbench::run(entry.contestant.port, prepared, length)?;
                entry.sysbench.get_mut(index).into_iter().for_each(|rounds| rounds.push(queries));
            }
        }
        say(&format!("writing, round {round} of {rounds}"));
    }
    entries.iter_mut().for_each(Entry::crowd);
    entries.extend(mirrored(&entries, &own, rounds, length)?);
    say(&speeds(&entries).to_string());
    say(&besides(&entries).to_string());
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

/// What writes once more, through a Bascule that mirrors, alone.
fn mirrored(entries: &[Entry], folder: &Path, rounds: u64, length: Duration) -> Result<Option<Entry>, String> {
    let Some(bascule) = entries.iter().find(|entry| entry.contestant.name == "bascule") else { return Ok(None) };
    let mut entry = match bascule.contestant.mirroring(folder) {
        Ok(contestant) => Entry::new(contestant),
        Err(reason) => {
            say(&format!("not measured while mirroring: {reason}"));
            return Ok(None);
        }
    };
    for _ in 0..rounds {
        (READING..LOADS.len()).try_for_each(|index| entry.round(index, length))?;
    }
    Ok(Some(entry))
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".into(), |value| format!("{value:.digits$}"))
}

fn aligned(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn speeds(entries: &[Entry]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["load", "way", "statements/s", "p50 µs", "p99 µs", "CPU µs each"]);
    for load in LOADS {
        for entry in entries {
            let Some(figures) = entry.of(load).filter(|figures| figures.statements > 0) else { continue };
            table.add_row([
                format!("{} × {}", load.0.name(), load.1),
                entry.contestant.name.to_owned(),
                format!("{:.0}", figures.per_second()),
                format!("{:.0}", figures.latency_micros(0.5)),
                format!("{:.0}", figures.latency_micros(0.99)),
                shown(figures.cpu_per_statement(), 1),
            ]);
        }
    }
    aligned(table)
}

fn besides(entries: &[Entry]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "way",
        &format!("{} at once", CROWD.0),
        "p99 ms",
        "KiB per idle session",
        "million rows, KiB",
        "sysbench text/s",
        "prepared/s",
    ]);
    for entry in entries.iter().filter(|entry| entry.crowd.p99_millis.is_some()) {
        table.add_row([
            entry.contestant.name.to_owned(),
            match &entry.crowd.first_error {
                None => "no error".into(),
                Some(error) => format!("{} failed: {error}", entry.crowd.failures),
            },
            shown(entry.crowd.p99_millis, 0),
            shown(entry.idle_kib, 1),
            shown(entry.million_kib, 0),
            shown(entry.sysbench(0), 0),
            shown(entry.sysbench(1), 0),
        ]);
    }
    aligned(table)
}

/// The last line, and whether every gate was passed. One that can't be judged isn't passed: the machine lacks what it's
/// judged by.
fn judge(entries: &[Entry]) -> (Value, bool) {
    let entry = |name: &str| entries.iter().find(|entry| entry.contestant.name == name);
    let bascule = entry("bascule");
    let ratio = |peer: &str, of: &dyn Fn(&Entry) -> Option<f64>| {
        Some(of(bascule?)? / of(entry(peer)?)?.max(f64::EPSILON)).filter(|ratio| ratio.is_finite())
    };
    let cpu = |load: Load| move |entry: &Entry| entry.of(load)?.cpu_per_statement();
    let latency = |load: Load, quantile: f64| move |entry: &Entry| Some(entry.of(load)?.latency_micros(quantile));
    let mut gates: Vec<(String, f64, Option<f64>, bool)> = Vec::new();
    let mut gate = |name: String, limit: f64, measured: Option<f64>, at_most: bool| {
        let met = measured.is_some_and(|measured| if at_most { measured <= limit } else { measured >= limit });
        gates.push((name, limit, measured, met));
    };
    for load in POINT {
        let at = load.1;
        gate(format!("cpu_vs_haproxy_{at}"), CPU_GATES.0, ratio("haproxy", &cpu(load)), true);
        gate(format!("cpu_vs_mysqlrouter_{at}"), CPU_GATES.1, ratio("mysqlrouter", &cpu(load)), true);
        gate(format!("p50_vs_haproxy_{at}"), LATENCY_GATE, ratio("haproxy", &latency(load, 0.5)), true);
        gate(format!("p99_vs_haproxy_{at}"), LATENCY_GATE, ratio("haproxy", &latency(load, 0.99)), true);
    }
    let per_megabyte = |entry: &Entry| Some(entry.of(LARGE)?.cpu_per_statement()? / LARGE_MEGABYTES);
    gate("cpu_per_megabyte_vs_haproxy".into(), 1.0, ratio("haproxy", &per_megabyte), true);
    gate("sysbench_text_vs_haproxy".into(), 1.0, ratio("haproxy", &|entry| entry.sysbench(0)), false);
    gate("sysbench_prepared_vs_haproxy".into(), 1.0, ratio("haproxy", &|entry| entry.sysbench(1)), false);
    gate("idle_session_kib".into(), IDLE_GATE_KIB, bascule.and_then(|entry| entry.idle_kib), true);
    gate("million_rows_kib".into(), MILLION_GATE_KIB, bascule.and_then(|entry| entry.million_kib), true);
    gate("crowd_failures".into(), 0.0, bascule.map(|entry| entry.crowd.failures as f64), true);
    gate("crowd_p99_ms".into(), CROWD_GATE_MILLIS, bascule.and_then(|entry| entry.crowd.p99_millis), true);
    let passed = gates.iter().all(|(.., met)| *met);
    let told = gates.into_iter().map(|(name, limit, measured, met)| {
        let measured = measured.map(|measured| (measured * 1000.0).round() / 1000.0);
        (name, json!({ "limit": limit, "measured": measured, "met": met }))
    });
    let told: Map<String, Value> = told.collect();
    let figures: Map<String, Value> =
        entries.iter().map(|entry| (entry.contestant.name.to_owned(), entry.json())).collect();
    (json!({ "figures": figures, "gates": told, "verdict": if passed { "pass" } else { "fail" } }), passed)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
}

fn say(line: &str) {
    // A reader that went away doesn't change what was measured.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
