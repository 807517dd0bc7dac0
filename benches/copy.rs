//! How fast existing rows get into PostgreSQL: 2 million rows of sysbench's table and of a shop, copied by Bascule, by
//! pgloader, and, as what PostgreSQL itself can do, by a bare `COPY … FROM` of the same rows from files.
//!
//! All three write into the same PostgreSQL. Bascule and pgloader read the same MariaDB, since pgloader can't log in to
//! MySQL 9; Bascule also copies from MySQL. The ways take turns, round after round, each with empty tables.
//!
//! What is measured of Bascule and pgloader is the whole way: tables, rows, keys, indexes and foreign keys; of Bascule
//! also the time until the last row is in PostgreSQL, which is what a bare COPY takes. (Tables that are complete get their
//! keys within that time.) `BASCULE_BENCH_ROUNDS` (2) and
//! `BASCULE_BENCH_ROWS` (2000000) make it longer or shorter. pgloader is taken from PATH, or `BASCULE_PGLOADER` names it
//! (Debian package pgloader); without it, or without a MariaDB, the bench says so and measures the rest.

#[allow(dead_code, reason = "shared with the bench of forwarding, which uses the rest")]
#[path = "contestants/mod.rs"]
mod contestants;

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bascule::sandbox::mysql::Mysql;
use bascule::sandbox::postgres::Postgres;
use bascule::sandbox::{mysql, postgres};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

/// Rows of a second as a part of a bare COPY's, and as a multiple of pgloader's.
const GATES: (f64, f64) = (0.6, 3.0);
const MEMORY_GATE_KIB: f64 = 256.0 * 1024.0;
const FOLLOW_LIMIT: Duration = Duration::from_secs(600);

/// Tables, and each one's part of the rows in hundredths.
const TABLES: [(&str, u64, &str, &str); 4] = [
    (
        "sbtest1",
        50,
        "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, k INT NOT NULL DEFAULT 0, c CHAR(120) NOT NULL DEFAULT '', \
         pad CHAR(60) NOT NULL DEFAULT '', KEY k_1 (k)",
        "n, 1 + n * 7919 % 1000003, CONCAT(SHA2(n, 256), '-', LEFT(SHA2(n + 1, 256), 54)), LEFT(SHA2(-n, 256), 59)",
    ),
    (
        "customer",
        5,
        "id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL, name VARCHAR(80) NOT NULL, balance \
         DECIMAL(12,2) NOT NULL, kind ENUM('new','old') NOT NULL, created DATETIME NOT NULL, UNIQUE KEY email (email)",
        "n, CONCAT('user', n, '@example.org'), CONCAT('Name of ', n), n / 7, IF(n % 3, 'new', 'old'), \
         TIMESTAMPADD(SECOND, n, '2020-01-01')",
    ),
    (
        "orders",
        15,
        "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, total DECIMAL(12,2) NOT NULL, status \
         VARCHAR(20) NOT NULL, placed TIMESTAMP(3) NOT NULL, note TEXT, KEY customer (customer)",
        "n, 1 + n * 31 % CUSTOMERS, n * 1.25, ELT(1 + n % 4, 'open', 'paid', 'sent', 'returned'), \
         TIMESTAMPADD(SECOND, n, '2024-01-01'), IF(n % 5, NULL, REPEAT('note ', n % 40))",
    ),
    (
        "item",
        30,
        "orders BIGINT NOT NULL, line INT NOT NULL, product INT UNSIGNED NOT NULL, quantity SMALLINT NOT NULL, price \
         DECIMAL(10,2) NOT NULL, weight DOUBLE NOT NULL, PRIMARY KEY (orders, line), KEY product (product)",
        "1 + n DIV 2, n % 2, n * 17 % 50000, n % 10, n % 10000 / 100, n / 3e0",
    ),
];

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

/// A way's rounds.
#[derive(Debug, Default)]
struct Way {
    name: String,
    rows: u64,
    /// Of each round: seconds in which rows were copied, and in all.
    rounds: Vec<(f64, f64)>,
    peak_kib: f64,
}

impl Way {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The median round's rows of a second.
    fn rate(&self, of: fn(&(f64, f64)) -> f64) -> Option<f64> {
        let mut seconds: Vec<f64> = self.rounds.iter().map(of).collect();
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(seconds.len() / 2)?;
        Some(self.rows as f64 / median.max(f64::EPSILON))
    }

    fn copying(&self) -> Option<f64> {
        self.rate(|round| round.0)
    }

    fn whole(&self) -> Option<f64> {
        self.rate(|round| round.1)
    }
}

fn bench() -> Result<ExitCode, String> {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rounds, rows) = (number("BASCULE_BENCH_ROUNDS", 2), number("BASCULE_BENCH_ROWS", 2_000_000).min(2_000_000));
    let settings = ["shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min"].map(str::to_owned).to_vec();
    let postgres = Postgres::start(&postgres::Options { settings }).map_err(|error| error.to_string())?;
    let mut sources = Vec::new();
    let arguments = vec!["--innodb-buffer-pool-size=512M".to_owned()];
    let options = mysql::Options { arguments, ..mysql::Options::default() };
    sources.push(("MySQL", Mysql::start(&options).map_err(|error| error.to_string())?));
    match Mysql::start(&mysql::Options { flavour: mysql::Flavour::MariaDb, ..options }) {
        Ok(started) => sources.push(("MariaDB", started)),
        Err(error) => say(&format!("without MariaDB, and so without pgloader: {error}")),
    }
    let pgloader = contestants::pgloader();
    if pgloader.is_none() {
        say("without pgloader: it isn't on PATH, nor named by BASCULE_PGLOADER (Debian package pgloader)");
    }
    for (name, source) in &sources {
        say(&format!("filling {name} with {rows} rows"));
        fill(source, rows)?;
    }
    let mut ways = Vec::new();
    let mut peer = Way::new("pgloader from MariaDB");
    let mut bare = Way::new("COPY … FROM files");
    for round in 0..rounds {
        for (index, (name, source)) in sources.iter().enumerate() {
            say(&format!("round {}: Bascule from {name}", round + 1));
            if round == 0 {
                ways.push(Way::new(&format!("Bascule from {name}")));
            }
            if let Some(way) = ways.get_mut(index) {
                copy(way, (name, source.port()), &postgres, (round, rows))?;
            }
            if let Some(program) = pgloader.as_deref().filter(|_| *name == "MariaDB") {
                say(&format!("round {}: pgloader from {name}", round + 1));
                load(&mut peer, program, (source.port(), &postgres), (round, rows))?;
            }
        }
        say(&format!("round {}: bare COPY", round + 1));
        files(&mut bare, &postgres, round)?;
    }
    ways.extend(Some(peer).filter(|peer| !peer.rounds.is_empty()));
    Ok(tell(&ways, &bare))
}

/// One round of pgloader with its own defaults, into a database of its own.
fn load(
    way: &mut Way,
    program: &Path,
    (source, postgres): (u16, &Postgres),
    (round, rows): (u64, u64),
) -> Result<(), String> {
    let database = format!("pgloader_{round}");
    postgres.execute("postgres", &format!("CREATE DATABASE {database}")).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let script = folder.path().join("bench.load");
    let text = format!(
        "LOAD DATABASE FROM mysql://root@127.0.0.1:{source}/bench INTO postgresql://postgres@127.0.0.1:{}/{database}\n\
         WITH include drop, create tables, create indexes, reset sequences, foreign keys;\n",
        postgres.port()
    );
    std::fs::write(&script, text).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let output = Command::new(program).arg("--root-dir").arg(folder.path()).arg(&script).output();
    let output = output.map_err(|error| format!("pgloader can't be run: {error}"))?;
    let seconds = begun.elapsed().as_secs_f64();
    // It ends well when tables failed, too: its rows are counted.
    for (table, part, ..) in TABLES {
        let expected = rows * part / 100;
        let count = format!(
            "DO $$ BEGIN IF (SELECT count(*) FROM bench.{table}) <> {expected} THEN RAISE 'rows'; END IF; END $$"
        );
        if let Err(error) = postgres.execute(&database, &count) {
            return Err(format!("pgloader lost rows of {table}: {error}\n{}", String::from_utf8_lossy(&output.stdout)));
        }
    }
    way.rows = rows;
    way.rounds.push((seconds, seconds));
    Ok(())
}

/// Makes the tables and their rows by the server's own means.
fn fill(source: &Mysql, rows: u64) -> Result<(), String> {
    let run = |sql: &str| source.execute(sql).map_err(|error| format!("{sql}: {error}"));
    run("CREATE DATABASE bench")?;
    run("CREATE TABLE bench.digit (d INT PRIMARY KEY)")?;
    run("INSERT INTO bench.digit VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")?;
    let of = |part: u64| rows * part / 100;
    for (table, part, columns, values) in TABLES {
        run(&format!("CREATE TABLE bench.{table} ({columns}) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4"))?;
        let values = values.replace("CUSTOMERS", &of(5).to_string());
        for slice in 0..of(part).div_ceil(100_000) {
            let numbers = format!(
                "SELECT 1 + a.d + b.d * 10 + c.d * 100 + d.d * 1000 + e.d * 10000 + {slice} * 100000 AS n FROM \
                 bench.digit a, bench.digit b, bench.digit c, bench.digit d, bench.digit e"
            );
            let upto = of(part);
            run(&format!(
                "INSERT INTO bench.{table} SELECT {values} FROM ({numbers}) numbers WHERE n <= {upto} ORDER BY n"
            ))?;
        }
    }
    run("DROP TABLE bench.digit")?;
    for (table, ..) in TABLES {
        run(&format!("ANALYZE TABLE bench.{table}"))?;
    }
    Ok(())
}

/// One round of Bascule, into a database of its own.
fn copy(
    way: &mut Way,
    (name, source): (&str, u16),
    postgres: &Postgres,
    (round, expected): (u64, u64),
) -> Result<(), String> {
    let database = format!("bascule_{}_{round}", name.to_lowercase());
    postgres.execute("postgres", &format!("CREATE DATABASE {database}")).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let contestant = contestants::Contestant::copying(folder.path(), source, (postgres.port(), &database))?;
    let begun = Instant::now();
    contestants::ask(folder.path(), &["mode", "mirror"])?;
    let (mut copying, mut copied) = (None, None);
    while begun.elapsed() < FOLLOW_LIMIT {
        let status = contestants::ask(folder.path(), &["status"])?;
        let mirror = status.get("mirror").cloned().unwrap_or_default();
        way.rows = mirror.get("tables").and_then(Value::as_array).into_iter().flatten().filter_map(rows).sum();
        if way.rows == expected {
            copied = copied.or_else(|| Some(begun.elapsed()));
        }
        match mirror.get("phase").and_then(Value::as_str) {
            Some("copying") => copying = copying.or_else(|| Some(begun.elapsed())),
            Some("streaming") => {
                let whole = begun.elapsed();
                let copied = copied.unwrap_or(whole);
                let seconds = copied.saturating_sub(copying.unwrap_or_default()).as_secs_f64();
                way.rounds.push((seconds, whole.as_secs_f64()));
                way.peak_kib = way.peak_kib.max(contestant.peak_kib().unwrap_or(0.0));
                return Ok(());
            }
            Some("halted") => return Err(format!("it halted: {status}")),
            Some(_) | None => {}
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("it doesn't follow within {} s", FOLLOW_LIMIT.as_secs()))
}

fn rows(table: &Value) -> Option<u64> {
    table.get("rows_copied")?.as_u64()
}

/// The same rows from files, by one COPY after the other, into tables without keys. The files are made of what Bascule
/// copied.
fn files(way: &mut Way, postgres: &Postgres, round: u64) -> Result<(), String> {
    let database = format!("bascule_mysql_{round}");
    let folder = postgres.socket_folder();
    let run = |sql: &str| postgres.execute(&database, sql).map_err(|error| format!("{sql}: {error}"));
    let file = |table: &str| folder.join(table).display().to_string();
    for (table, ..) in TABLES {
        run(&format!("COPY bench.{table} TO '{}' (FORMAT binary)", file(table)))?;
        run(&format!(
            "CREATE SCHEMA IF NOT EXISTS bare; CREATE TABLE bare.{table} (LIKE bench.{table} INCLUDING CONSTRAINTS)"
        ))?;
    }
    run("CHECKPOINT")?;
    let begun = Instant::now();
    for (table, ..) in TABLES {
        run(&format!("COPY bare.{table} FROM '{}' (FORMAT binary)", file(table)))?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    way.rounds.push((seconds, seconds));
    for (table, ..) in TABLES {
        std::fs::remove_file(file(table)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The table, the JSON object and the verdict.
fn tell(ways: &[Way], bare: &Way) -> ExitCode {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["way", "copying, rows/s", "whole, rows/s", "of a bare COPY", "peak memory, MiB"]);
    let bare_rate = bare.rounds.first().and(ways.first()).map(|way| {
        let bare = Way { rows: way.rows, rounds: bare.rounds.clone(), ..Way::new(&bare.name) };
        bare.copying().unwrap_or(0.0)
    });
    let part = |rate: Option<f64>| rate.zip(bare_rate).map(|(rate, bare)| rate / bare.max(f64::EPSILON));
    let shown = |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |value| format!("{value:.digits$}"));
    for way in ways {
        table.add_row([
            way.name.clone(),
            shown(way.copying(), 0),
            shown(way.whole(), 0),
            shown(part(way.copying()), 2),
            shown(Some(way.peak_kib / 1024.0).filter(|peak| *peak > 0.0), 0),
        ]);
    }
    table.add_row([bare.name.clone(), shown(bare_rate, 0), "-".to_owned(), "1.00".to_owned(), "-".to_owned()]);
    for column in 1..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    say(&table.to_string());
    let ours: Vec<&Way> = ways.iter().filter(|way| way.name.starts_with("Bascule")).collect();
    let slowest = ours.iter().filter_map(|way| part(way.copying())).fold(f64::INFINITY, f64::min);
    let peak = ours.iter().map(|way| way.peak_kib).fold(0.0, f64::max);
    let peers = ways.iter().find(|way| way.name.starts_with("pgloader")).and_then(Way::whole);
    let paired = ours.iter().find(|way| way.name.ends_with("MariaDB")).and_then(|way| way.whole());
    let multiple = paired.zip(peers).map(|(ours, theirs)| ours / theirs);
    let mut gates = Map::new();
    gates
        .insert("of_bare_copy".to_owned(), json!({ "limit": GATES.0, "measured": slowest, "met": slowest >= GATES.0 }));
    gates.insert(
        "of_pgloader".to_owned(),
        json!({ "limit": GATES.1, "measured": multiple, "met": multiple.is_some_and(|found| found >= GATES.1) }),
    );
    gates.insert(
        "peak_kib".to_owned(),
        json!({ "limit": MEMORY_GATE_KIB, "measured": peak, "met": peak <= MEMORY_GATE_KIB }),
    );
    let met = gates.values().all(|gate| gate.get("met") == Some(&Value::Bool(true)));
    let figures: Vec<Value> = ways
        .iter()
        .map(|way| json!({ "way": way.name, "rows": way.rows, "rounds": way.rounds, "copying": way.copying(), "whole": way.whole() }))
        .collect();
    let verdict = if met { "pass" } else { "fail" };
    say(&json!({ "figures": figures, "bare_copy": bare_rate, "gates": gates, "verdict": verdict }).to_string());
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // A reader that has gone is no error.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
