//! What understanding the forwarded bytes costs: following the reply to a point query, and looking a statement over.
//!
//! `cargo bench --bench understand` prints criterion's figures and, as its last line, one JSON object with a verdict. Times
//! vary on a busy machine; instructions don't. Where valgrind is installed, the instructions of one call are counted too
//! (callgrind, the difference between two numbers of calls) and compared with `benches/understand.json`: more than the
//! allowed growth fails the bench. `BASCULE_BENCH_KEEP=1` writes the counts of this run as the new baseline.

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use bascule::sql::glance;
use bascule::wire::Capabilities;
use bascule::wire::tracker::{ReplyShape, ReplyTracker, Step};
use criterion::Criterion;
use serde_json::{Map, Value, json};

/// 200 bytes, as applications write them.
const STATEMENT: &str = "SELECT o.id, o.status, o.total, c.name, c.email FROM orders o JOIN customers c ON c.id = \
                         o.customer_id WHERE o.customer_id = 4711 AND o.status = 'open' AND o.total > 12.50 ORDER BY o.id DESC LIMIT 20";
/// Limits of the verdict, in nanoseconds.
const REPLY_NANOS: f64 = 100.0;
const STATEMENT_NANOS: f64 = 250.0;
/// Instructions may grow by so much.
const GROWTH: f64 = 1.05;
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/understand.json");
/// Set for the process under valgrind: what it does, and how often.
const UNDER_VALGRIND: &str = "BASCULE_BENCH_UNDER_VALGRIND";

/// The reply to `SELECT c FROM sbtest WHERE id = 7` without EOF packets.
fn reply() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut packet = |sequence: u8, payload: &[u8]| {
        let length = u32::try_from(payload.len()).expect("short").to_le_bytes();
        bytes.extend([length[0], length[1], length[2], sequence]);
        bytes.extend(payload);
    };
    packet(1, &[1]);
    let mut definition = b"\x03def\x05bench\x06sbtest\x06sbtest\x01c\x01c\x0c\xff\0".to_vec();
    definition.extend([0xe0, 1, 0, 0, 0xfe, 1, 0, 0, 0, 0]);
    packet(2, &definition);
    let mut row = vec![120];
    row.extend([b'c'; 120]);
    packet(3, &row);
    packet(4, &[0xfe, 0, 0, 2, 0, 0, 0]);
    bytes
}

fn follow(bytes: &[u8]) -> usize {
    let capabilities = Capabilities::PROTOCOL_41.with(Capabilities::DEPRECATE_EOF);
    let mut tracker = ReplyTracker::new(ReplyShape::Results, capabilities);
    let mut at = 0;
    while !tracker.is_done() {
        match tracker.step(bytes.get(at..).unwrap_or_default()).expect("a reply") {
            Step::Pass(length) | Step::Packet { length, .. } => at += length,
            Step::More => break,
        }
    }
    at
}

fn look(text: &[u8]) -> bool {
    glance(text).looks_back
}

fn call(what: &str, times: u64) {
    let bytes = reply();
    for _ in 0..times {
        if what == "reply" {
            black_box(follow(black_box(&bytes)));
        } else {
            black_box(look(black_box(STATEMENT.as_bytes())));
        }
    }
}

/// Nanoseconds of one call: the median of a hundred rounds.
fn nanos(what: &str) -> f64 {
    const EACH: u64 = 10_000;
    let mut rounds: Vec<f64> = (0..100)
        .map(|_| {
            let begun = Instant::now();
            call(what, EACH);
            begun.elapsed().as_secs_f64() * 1e9 / EACH as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(50).copied().unwrap_or(f64::INFINITY)
}

/// Instructions of one call; `None` without valgrind.
fn instructions(what: &str) -> Option<f64> {
    let collected = |times: u64| -> Option<f64> {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().ok()?)
            .env(UNDER_VALGRIND, format!("{what} {times}"))
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = told.lines().find_map(|line| line.split_once("Collected :"))?;
        line.1.split_whitespace().next()?.parse().ok()
    };
    let (few, many) = (1_000, 11_000);
    Some((collected(many)? - collected(few)?) / (many - few) as f64)
}

fn main() -> ExitCode {
    if let Ok(wanted) = std::env::var(UNDER_VALGRIND) {
        if let Some((what, times)) = wanted.split_once(' ') {
            call(what, times.parse().unwrap_or(0));
        }
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|argument| argument == "--test") {
        // `cargo test --all-targets` runs benches too, only to see that they start.
        return ExitCode::SUCCESS;
    }
    let bytes = reply();
    assert_eq!(follow(&bytes), bytes.len(), "the reply is followed to its end");
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("reply", |bencher| bencher.iter(|| follow(black_box(&bytes))));
    criterion.bench_function("statement", |bencher| bencher.iter(|| look(black_box(STATEMENT.as_bytes()))));
    criterion.final_summary();
    let known: Value =
        std::fs::read_to_string(BASELINE).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let (mut told, mut counts, mut passed) = (Map::new(), Map::new(), true);
    for (what, limit) in [("reply", REPLY_NANOS), ("statement", STATEMENT_NANOS)] {
        let (time, count) = (nanos(what), instructions(what).map(f64::round));
        let before = known.get(what).and_then(Value::as_f64);
        let grown = count.zip(before).is_some_and(|(count, before)| count > before * GROWTH);
        passed &= time <= limit && !grown;
        told.insert(
            what.to_owned(),
            json!({ "ns": (time * 10.0).round() / 10.0, "limit_ns": limit, "instructions": count, "baseline": before }),
        );
        counts.insert(what.to_owned(), json!(count));
    }
    if std::env::var_os("BASCULE_BENCH_KEEP").is_some() {
        let text = serde_json::to_string_pretty(&counts).expect("numbers are JSON");
        std::fs::write(BASELINE, text + "\n").expect("the baseline can be written");
    }
    told.insert("verdict".to_owned(), json!(if passed { "pass" } else { "fail" }));
    let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(told));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
