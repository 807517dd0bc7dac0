//! What translation costs: finding the plan of a statement that was seen before, with its literals lifted; making the
//! plan of one that wasn't; and the memory that the plans of 10,000 different statements take.
//!
//! `cargo bench --bench translate` prints criterion's figures and, as its last line, one JSON object with a verdict.

use std::hint::black_box;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use bascule::schema::Catalogue;
use bascule::sql::plan::{Given, Known, Plan, ValueClass};
use bascule::sql::{Cache, Context, Purpose, lift, rewrite};
use criterion::Criterion;
use serde_json::json;

const TABLES: [&str; 3] = [
    "CREATE DATABASE shop",
    "CREATE TABLE shop.customers (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(190) NOT NULL, \
     name VARCHAR(80), balance DECIMAL(12,2) NOT NULL DEFAULT 0.00, UNIQUE KEY (email))",
    "CREATE TABLE shop.orders (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, \
     status VARCHAR(20) NOT NULL DEFAULT 'open', total DECIMAL(12,2) NOT NULL DEFAULT 0.00, placed_on DATE, \
     KEY (customer_id))",
];
/// 200 bytes, as applications write them.
const STATEMENT: &str = "SELECT o.id, o.status, o.total, c.name, c.email FROM orders o JOIN customers c ON c.id = \
                         o.customer_id WHERE o.customer_id = 4711 AND o.status = 'open' AND o.total > 12.50 ORDER BY o.id DESC LIMIT 20";
const MODE: &str = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO";
/// Limits of the verdict, in microseconds and bytes.
const HIT_MICROS: f64 = 2.0;
const MISS_MICROS: f64 = 150.0;
const DIGESTS: usize = 10_000;
const DIGESTS_BYTES: u64 = 64 << 20;
/// As the serving path has it.
const CACHE_BYTES: u64 = 48 << 20;

fn context() -> Context {
    let mut catalogue = Catalogue::default();
    let mut context = Context {
        catalogue: Arc::new(catalogue.clone()),
        database: Some("shop".to_owned()),
        sql_mode: MODE.to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        purpose: Purpose::Serve,
        parameters: Known::Nothing,
        given: Given::default(),
    };
    for text in TABLES {
        let Ok(Plan::Ddl(plan)) = rewrite(text, &context) else { panic!("{text}") };
        plan.changes.iter().for_each(|change| catalogue.apply(change));
        context.catalogue = Arc::new(catalogue.clone());
    }
    context
}

/// The way of a text through the cache, as a session goes it.
fn found(cache: &Cache, text: &str, context: &mut Context) -> Arc<Plan> {
    let lifted = lift(text, MODE).expect("the statement has literals");
    context.parameters = Known::Literals(lifted.values.iter().map(ValueClass::of).collect());
    cache.shared(&lifted.text, context).expect("the statement can be planned")
}

/// Microseconds of one call: the median of a hundred rounds.
fn micros(each: u32, mut call: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = (0..100)
        .map(|_| {
            let begun = Instant::now();
            (0..each).for_each(|_| call());
            begun.elapsed().as_secs_f64() * 1e6 / f64::from(each)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(50).copied().unwrap_or(f64::INFINITY)
}

/// Resident bytes of this process.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Growth of the process by the plans of many statements, and what the cache says it holds.
fn memory(context: &mut Context) -> (u64, u64) {
    let before = resident();
    let cache = Cache::new(DIGESTS, CACHE_BYTES);
    for number in 0..DIGESTS {
        found(&cache, &STATEMENT.replace("c.email", &format!("c.email AS e{number}")), context);
    }
    (resident().saturating_sub(before), cache.weight())
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--test") {
        // `cargo test --all-targets` runs benches too, only to see that they start.
        return ExitCode::SUCCESS;
    }
    let mut context = context();
    let (grown, weighed) = memory(&mut context);
    let cache = Cache::new(DIGESTS, CACHE_BYTES);
    found(&cache, STATEMENT, &mut context);
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("hit", |bencher| bencher.iter(|| black_box(found(&cache, STATEMENT, &mut context))));
    criterion.bench_function("miss", |bencher| bencher.iter(|| black_box(rewrite(STATEMENT, &context).is_ok())));
    criterion.final_summary();
    let hit = micros(1000, || {
        black_box(found(&cache, STATEMENT, &mut context));
    });
    let miss = micros(20, || {
        black_box(rewrite(STATEMENT, &context).is_ok());
    });
    let passed = hit <= HIT_MICROS && miss <= MISS_MICROS && grown <= DIGESTS_BYTES;
    let verdict = json!({
        "bytes_of_statement": STATEMENT.len(),
        "hit_us": hit,
        "miss_us": miss,
        "digests": DIGESTS,
        "grown_bytes": grown,
        "weighed_bytes": weighed,
        "verdict": if passed { "pass" } else { "fail" },
    });
    let _ = writeln!(std::io::stdout().lock(), "{verdict}");
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
