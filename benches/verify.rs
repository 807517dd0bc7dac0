//! What comparing the rows of both sides costs the applications, and whether it ever calls lag a difference.
//!
//! sysbench's oltp_write_only writes through a Bascule that mirrors, as fast as it can. First windows without and with a
//! comparison take turns, so that noise of the machine falls on both alike; the comparison takes the share of the time
//! that the configuration says by default. Then the load goes on, and everything is compared at full speed until enough
//! parts have been; every difference counts, since there is none.
//!
//! `cargo bench --bench verify` prints a table and, as its last line, one JSON object. `BASCULE_BENCH_ROUNDS` (6 pairs of
//! windows), `BASCULE_BENCH_SECONDS` (10 each) and `BASCULE_BENCH_PARTS` (2000) make it longer or shorter. sysbench 1.0
//! with its MySQL driver must be installed.

#[allow(dead_code, reason = "shared with the other benches, which use the rest")]
#[path = "contestants/mod.rs"]
mod contestants;

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bascule::sandbox::{Servers, mysql, postgres};
use comfy_table::{Table, presets};
use contestants::{Contestant, ask};
use serde_json::{Value, json};

const TABLES: u32 = 4;
const ROWS: u32 = 100_000;
const THREADS: u32 = 8;
/// The load's throughput beside a comparison as a part of what it is without one.
const GATE: f64 = 0.95;

/// sysbench in the background; ended when dropped.
struct Load(Child);

impl Load {
    fn start(port: u16) -> Result<Self, String> {
        let mut command = sysbench(port);
        command.arg(format!("--threads={THREADS}")).arg("--time=86400").arg("run");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        child.map(Self).map_err(|error| format!("sysbench can't be run: {error} (Debian package sysbench)"))
    }

    fn goes_on(&mut self) -> Result<(), String> {
        match self.0.try_wait() {
            Ok(None) => Ok(()),
            ended => Err(format!("the load has ended: {ended:?}")),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sysbench(port: u16) -> Command {
    let mut command = Command::new("sysbench");
    command
        .args(["oltp_write_only", "--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-user=root"])
        .args(["--mysql-db=bench", "--mysql-ignore-errors=all"])
        .arg(format!("--mysql-port={port}"))
        .arg(format!("--tables={TABLES}"))
        .arg(format!("--table-size={ROWS}"))
        .stdin(Stdio::null());
    command
}

/// Commits of the load and the time in which they were made.
#[derive(Clone, Copy, Default)]
struct Window {
    commits: f64,
    seconds: f64,
}

impl Window {
    fn per_second(self) -> f64 {
        self.commits / self.seconds.max(f64::EPSILON)
    }

    /// Does something for as long as `seconds`, and counts the commits meanwhile.
    fn add(&mut self, counter: &mut mysql_async::Conn, seconds: u64, clock: &Clock) -> Result<(), String> {
        let (began, before) = (Instant::now(), clock.commits(counter)?);
        std::thread::sleep(Duration::from_secs(seconds));
        self.commits += clock.commits(counter)? - before;
        self.seconds += began.elapsed().as_secs_f64();
        Ok(())
    }
}

/// Asks MySQL how many transactions it has committed.
struct Clock(tokio::runtime::Runtime);

impl Clock {
    fn connect(&self, port: u16) -> Result<mysql_async::Conn, String> {
        let options = mysql_async::OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(port);
        let options = options.user(Some("root")).prefer_socket(false);
        self.0.block_on(mysql_async::Conn::new(options)).map_err(|error| error.to_string())
    }

    fn commits(&self, conn: &mut mysql_async::Conn) -> Result<f64, String> {
        use mysql_async::prelude::Queryable as _;
        let asked = self.0.block_on(conn.query_first("SHOW GLOBAL STATUS LIKE 'Com_commit'"));
        let row: Option<(String, String)> = asked.map_err(|error| error.to_string())?;
        row.and_then(|(_, number)| number.parse().ok()).ok_or_else(|| "MySQL tells no number of commits".to_owned())
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
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let servers =
        Servers::start(&mysql::Options::default(), &postgres::Options::default()).map_err(|error| told(&error))?;
    servers.postgres.execute("postgres", "CREATE DATABASE bascule").map_err(|error| told(&error))?;
    servers.mysql.execute("CREATE DATABASE bench").map_err(|error| told(&error))?;
    let folder = tempfile::tempdir().map_err(|error| told(&error))?;
    let bascule = Contestant::bascule(folder.path(), servers.mysql.port(), servers.postgres.port())?;
    let prepared = sysbench(bascule.port).arg("prepare").output().map_err(|error| told(&error))?;
    if !prepared.status.success() {
        return Err(String::from_utf8_lossy(&prepared.stderr).into_owned());
    }
    bascule.mirroring(folder.path())?;
    let mut load = Load::start(bascule.port)?;
    let clock =
        Clock(tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| told(&error))?);
    let mut counter = clock.connect(servers.mysql.port())?;
    let (without, with) = windows(folder.path(), &clock, &mut counter)?;
    load.goes_on()?;
    let compared = compare(folder.path())?;
    load.goes_on()?;
    Ok(judge((without, with), &compared))
}

/// Windows without and with a comparison, by turns.
fn windows(folder: &Path, clock: &Clock, counter: &mut mysql_async::Conn) -> Result<(Window, Window), String> {
    let (rounds, seconds) = (setting("BASCULE_BENCH_ROUNDS", 6), setting("BASCULE_BENCH_SECONDS", 10));
    let (mut without, mut with) = (Window::default(), Window::default());
    // The servers' caches fill first.
    Window::default().add(counter, seconds, clock)?;
    for round in 1..=rounds {
        without.add(counter, seconds, clock)?;
        let mut comparing = Comparing::start(folder)?;
        with.add(counter, seconds, clock)?;
        comparing.goes_on()?;
        drop(comparing);
        wait_until_nothing_is_compared(folder)?;
        let (slower, faster) = (with.per_second(), without.per_second());
        say(&format!(
            "round {round} of {rounds}: {faster:.0} commits/s without and {slower:.0} with a comparison so far"
        ));
    }
    Ok((without, with))
}

/// `bascule verify --continuous` in the background.
struct Comparing(Child);

impl Comparing {
    fn start(folder: &Path) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.args(["verify", "--continuous", "--interval", "1", "--config"]).arg(folder.join("proxy.toml"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        child.map(Self).map_err(|error| error.to_string())
    }

    fn goes_on(&mut self) -> Result<(), String> {
        match self.0.try_wait() {
            Ok(None) => Ok(()),
            ended => Err(format!("the comparison has ended: {ended:?}")),
        }
    }
}

impl Drop for Comparing {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bascule finishes a comparison that nobody waits for any more.
fn wait_until_nothing_is_compared(folder: &Path) -> Result<(), String> {
    loop {
        let status = ask(folder, &["status"])?;
        if status.pointer("/mirror/verifying").is_none_or(Value::is_null) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What comparing at full speed has found.
#[derive(Default)]
struct Compared {
    parts: u64,
    rows: u64,
    differences: u64,
    passes: u64,
    seconds: f64,
}

fn compare(folder: &Path) -> Result<Compared, String> {
    let wanted = setting("BASCULE_BENCH_PARTS", 2000);
    let (mut compared, began) = (Compared::default(), Instant::now());
    while compared.parts < wanted {
        let answer = ask(folder, &["verify", "--share", "100"])?;
        let number =
            |name: &str| answer.get(name).and_then(Value::as_u64).ok_or_else(|| format!("no {name}: {answer}"));
        compared.parts += number("parts")?;
        compared.rows += number("rows")?;
        compared.differences += number("differences")?;
        compared.passes += 1;
    }
    compared.seconds = began.elapsed().as_secs_f64();
    Ok(compared)
}

/// The table, the last line, and the verdict.
fn judge((without, with): (Window, Window), compared: &Compared) -> ExitCode {
    let ratio = with.per_second() / without.per_second().max(f64::EPSILON);
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "commits/s", "of the load alone"]);
    table.add_row(["load alone".to_owned(), format!("{:.0}", without.per_second()), "1.00".to_owned()]);
    table.add_row(["beside a comparison".to_owned(), format!("{:.0}", with.per_second()), format!("{ratio:.3}")]);
    say(&table.to_string());
    say(&format!(
        "{} parts ({} rows) compared at full speed in {} passes and {:.0} s under load: {} differences",
        compared.parts, compared.rows, compared.passes, compared.seconds, compared.differences
    ));
    let passed = ratio >= GATE && compared.differences == 0;
    let object = json!({
        "throughput_beside_a_comparison": (ratio * 1000.0).round() / 1000.0,
        "commits_per_second": without.per_second().round(),
        "parts": compared.parts,
        "rows": compared.rows,
        "false_differences": compared.differences,
        "rows_per_second": (compared.rows as f64 / compared.seconds.max(f64::EPSILON)).round(),
        "verdict": if passed { "pass" } else { "fail" },
    });
    say(&object.to_string());
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
}

fn say(line: &str) {
    // A reader that went away doesn't change what was measured.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
