//! What serving MySQL clients from PostgreSQL costs: sysbench's own loads through Bascule on PostgreSQL, with
//! sysbench's PostgreSQL driver straight on the same PostgreSQL, and straight on MySQL, in one run whose rounds are
//! interleaved, so that noise of the machine falls on all alike.
//!
//! A fourth way is sysbench's PostgreSQL driver through HAProxy in mode tcp, when that is installed: a hop that looks at
//! nothing. It tells how much of the distance to PostgreSQL is the hop, and how much is ours.
//!
//! At the end 2,000 clients are connected at once to a Bascule with 50 connections to PostgreSQL; every error counts.
//!
//! `cargo bench --bench serve` prints a table and, as its last line, one JSON object. The gate is Bascule's throughput
//! as a part of PostgreSQL's own. `BASCULE_BENCH_ROUNDS` (3) and `BASCULE_BENCH_SECONDS` (3, of each load in each
//! round) make it longer or shorter. sysbench 1.0 with both drivers must be installed.

#[allow(dead_code, reason = "shared with the bench of forwarding, which uses the rest")]
#[path = "contestants/mod.rs"]
mod contestants;

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use bascule::sandbox::{Servers, mysql, postgres};
use comfy_table::{CellAlignment, Table, presets};
use contestants::Contestant;
use serde_json::{Map, Value, json};

const LOADS: [&str; 2] = ["oltp_point_select", "oltp_read_write"];
const CONNECTIONS: [u32; 3] = [1, 8, 64];
const ROWS: u32 = 20_000;
/// Bascule's throughput as a part of PostgreSQL's with its own driver.
const GATE: f64 = 0.75;
/// Clients at once, and connections to PostgreSQL that they share.
const CLIENTS: usize = 2000;
const SHARED: usize = 50;

/// A way to the rows.
struct Way {
    name: &'static str,
    /// sysbench's arguments for the connection.
    arguments: Vec<String>,
    proxy: Option<Contestant>,
    /// Sums over all rounds, by load and number of connections.
    cells: Vec<Cell>,
}

/// Sums over all rounds of one load with one number of connections.
#[derive(Clone, Debug, Default)]
struct Cell {
    statements: f64,
    seconds: f64,
    cpu_micros: f64,
    p95_millis: f64,
    errors: u64,
}

impl Cell {
    fn per_second(&self) -> f64 {
        self.statements / self.seconds.max(f64::EPSILON)
    }

    fn cpu_per_statement(&self) -> f64 {
        self.cpu_micros / self.statements.max(1.0)
    }
}

impl Way {
    fn new(name: &'static str, arguments: Vec<String>, proxy: Option<Contestant>) -> Self {
        Self { name, arguments, proxy, cells: vec![Cell::default(); LOADS.len() * CONNECTIONS.len()] }
    }

    fn sysbench(&self, load: &str, connections: u32, seconds: u64, action: &str) -> Result<String, String> {
        let output = Command::new("sysbench")
            .arg(load)
            .args(&self.arguments)
            .arg(format!("--table-size={ROWS}"))
            .arg(format!("--threads={connections}"))
            .arg(format!("--time={seconds}"))
            .arg(action)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("sysbench can't be run: {error} (Debian package sysbench)"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(format!("{load} on {}: {text}{}", self.name, String::from_utf8_lossy(&output.stderr)))
    }

    fn round(&mut self, load: usize, connections: usize, seconds: u64) -> Result<(), String> {
        let cpu = |way: &Self| way.proxy.as_ref().and_then(Contestant::cpu_micros).unwrap_or(0.0);
        let before = cpu(self);
        let text = self.sysbench(LOADS[load], CONNECTIONS[connections], seconds, "run")?;
        let after = cpu(self);
        let cell = &mut self.cells[load * CONNECTIONS.len() + connections];
        cell.statements += figure(&text, "queries:").ok_or("sysbench prints no number of queries")?;
        cell.seconds += figure(&text, "total time:").ok_or("sysbench prints no time")?;
        cell.p95_millis = cell.p95_millis.max(figure(&text, "95th percentile:").unwrap_or(0.0));
        cell.errors += figure(&text, "ignored errors:").map_or(0, |errors| errors as u64);
        cell.cpu_micros += after - before;
        Ok(())
    }
}

/// The number behind a label of sysbench's report.
fn figure(report: &str, label: &str) -> Option<f64> {
    let line = report.lines().map(str::trim).find(|line| line.starts_with(label))?;
    let number = line.strip_prefix(label)?.split_whitespace().next()?;
    number.trim_end_matches('s').parse().ok()
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
    let rounds = setting("BASCULE_BENCH_ROUNDS", 3);
    let seconds = setting("BASCULE_BENCH_SECONDS", 3);
    let servers =
        Servers::start(&mysql::Options::default(), &postgres::Options::default()).map_err(|error| error.to_string())?;
    for database in ["bascule", "direct"] {
        let statement = format!("CREATE DATABASE {database}");
        servers.postgres.execute("postgres", &statement).map_err(|error| error.to_string())?;
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut ways = ways(&servers, folder.path())?;
    // The hop leads to rows that are there already.
    for way in ways.iter().take(3) {
        way.sysbench("oltp_read_write", 1, 1, "prepare")?;
    }
    for round in 1..=rounds {
        for load in 0..LOADS.len() {
            for connections in 0..CONNECTIONS.len() {
                for way in &mut ways {
                    way.round(load, connections, seconds)?;
                }
            }
        }
        say(&format!("round {round} of {rounds} done"));
    }
    say(&table(&ways).to_string());
    let (mut object, passed) = judge(&ways);
    drop(ways);
    let crowd = crowd(&servers, folder.path())?;
    object["clients"] =
        json!({ "connected": CLIENTS, "connections": SHARED, "errors": crowd.0, "statements_per_second": crowd.1 });
    let passed = passed && crowd.0 == 0;
    object["verdict"] = if passed { "pass" } else { "fail" }.into();
    say(&object.to_string());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ways(servers: &Servers, folder: &std::path::Path) -> Result<Vec<Way>, String> {
    let mysql = |port: u16| {
        ["--db-driver=mysql", "--mysql-host=127.0.0.1", "--mysql-user=root", "--mysql-db=sbtest"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("--mysql-port={port}")])
            .collect::<Vec<_>>()
    };
    let bascule = Contestant::serving(folder, servers.postgres.port(), "bascule", 80)?;
    let postgres = |port: u16| {
        ["--db-driver=pgsql", "--pgsql-host=127.0.0.1", "--pgsql-user=postgres", "--pgsql-db=direct"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("--pgsql-port={port}")])
            .collect::<Vec<_>>()
    };
    servers.mysql.execute("CREATE DATABASE sbtest").map_err(|error| error.to_string())?;
    let mut ways = vec![
        Way::new("bascule", mysql(bascule.port), Some(bascule)),
        Way::new("postgresql", postgres(servers.postgres.port()), None),
        Way::new("mysql", mysql(servers.mysql.port()), None),
    ];
    create_database(ways[0].proxy.as_ref().map_or(0, |proxy| proxy.port))?;
    match Contestant::haproxy(folder, servers.postgres.port()) {
        Ok(hop) => ways.push(Way::new("postgresql behind haproxy", postgres(hop.port), Some(hop))),
        Err(error) => say(&format!("left out: {error}")),
    }
    Ok(ways)
}

/// Many clients at once, each with transactions and statements of their own: errors, and statements a second.
fn crowd(servers: &Servers, folder: &std::path::Path) -> Result<(usize, f64), String> {
    let folder = folder.join("crowd");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let bascule = Contestant::serving(&folder, servers.postgres.port(), "bascule", SHARED)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let (mut conns, mut errors) = (Vec::new(), 0);
        for _ in 0..CLIENTS {
            match mysql_async::Conn::new(options(bascule.port).db_name(Some("sbtest"))).await {
                Ok(conn) => conns.push(conn),
                Err(_) => errors += 1,
            }
        }
        let begun = std::time::Instant::now();
        let tasks: Vec<_> = conns.into_iter().zip(1..).map(|(conn, id)| tokio::spawn(client(conn, id))).collect();
        let mut open = Vec::new();
        for task in tasks {
            match task.await.map_err(|error| error.to_string())? {
                Ok(conn) => open.push(conn),
                Err(error) => {
                    say(&format!("a client of many: {error}"));
                    errors += 1;
                }
            }
        }
        let statements = (open.len() * ROUNDS * STATEMENTS) as f64;
        Ok((errors, (statements / begun.elapsed().as_secs_f64()).round()))
    })
}

/// What each of many clients does: rounds, and statements in each.
const ROUNDS: usize = 5;
const STATEMENTS: usize = 4;

async fn client(mut conn: mysql_async::Conn, id: u32) -> Result<mysql_async::Conn, mysql_async::Error> {
    use mysql_async::prelude::Queryable;
    for _ in 0..ROUNDS {
        conn.query_drop("BEGIN").await?;
        conn.exec_drop("UPDATE sbtest1 SET k = k + 1 WHERE id = ?", (id,)).await?;
        conn.query_drop("COMMIT").await?;
        conn.exec_drop("SELECT c FROM sbtest1 WHERE id = ?", (id,)).await?;
    }
    Ok(conn)
}

fn options(port: u16) -> mysql_async::OptsBuilder {
    let options = mysql_async::OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(port);
    options.user(Some("root")).prefer_socket(false)
}

/// Creates the database as an application would: through the port.
fn create_database(port: u16) -> Result<(), String> {
    use mysql_async::prelude::Queryable;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let mut conn = mysql_async::Conn::new(options(port)).await.map_err(|error| error.to_string())?;
        conn.query_drop("CREATE DATABASE sbtest").await.map_err(|error| error.to_string())
    })
}

fn table(ways: &[Way]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "load",
        "connections",
        "way",
        "statements/s",
        "of postgresql",
        "of mysql",
        "p95 ms",
        "proxy CPU µs each",
        "errors",
    ]);
    for (at, (load, connections)) in grid().enumerate() {
        for way in ways {
            let cell = &way.cells[at];
            let against = |name: &str| {
                ways.iter()
                    .find(|way| way.name == name)
                    .map_or_else(String::new, |peer| format!("{:.2}", cell.per_second() / peer.cells[at].per_second()))
            };
            table.add_row([
                load.to_owned(),
                connections.to_string(),
                way.name.to_owned(),
                format!("{:.0}", cell.per_second()),
                against("postgresql"),
                against("mysql"),
                format!("{:.2}", cell.p95_millis),
                way.proxy.as_ref().map_or_else(|| "–".to_owned(), |_| format!("{:.1}", cell.cpu_per_statement())),
                cell.errors.to_string(),
            ]);
        }
    }
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// All loads with all numbers of connections, in the order of the cells.
fn grid() -> impl Iterator<Item = (&'static str, u32)> {
    LOADS.iter().flat_map(|load| CONNECTIONS.iter().map(move |connections| (*load, *connections)))
}

/// The last line, and whether the gate was passed everywhere.
fn judge(ways: &[Way]) -> (Value, bool) {
    let [bascule, postgresql, mysql, hop @ ..] = ways else { return (json!({ "verdict": "fail" }), false) };
    let (mut figures, mut passed) = (Map::new(), true);
    for (at, (load, connections)) in grid().enumerate() {
        let own = &bascule.cells[at];
        let ratio = |peer: &Way| own.per_second() / peer.cells[at].per_second().max(f64::EPSILON);
        let gate = ratio(postgresql) >= GATE && own.errors == 0;
        passed &= gate;
        figures.insert(
            format!("{load} {connections}"),
            json!({
                "vs_postgresql": hundredth(ratio(postgresql)),
                "vs_mysql": hundredth(ratio(mysql)),
                "hop_vs_postgresql": hop.first().map(|hop| {
                    hundredth(hop.cells[at].per_second() / postgresql.cells[at].per_second().max(f64::EPSILON))
                }),
                "proxy_cpu_us_per_statement": hundredth(own.cpu_per_statement()),
                "gate": gate,
            }),
        );
    }
    (json!({ "figures": figures, "verdict": if passed { "pass" } else { "fail" } }), passed)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
}

fn hundredth(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

fn say(line: &str) {
    // A reader that went away doesn't change what was measured.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
