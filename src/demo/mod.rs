//! The embedded try-out: real servers, a shop, a load through an ordinary client library, and the whole road from
//! MySQL to PostgreSQL in less than a minute.
//!
//! The demo believes nothing that Bascule says about itself when it can ask: the clients count their own errors,
//! remember what they were told is committed, and the checks at the end go to the shop's data. It ends well only when
//! every check held.

mod actions;
mod checks;
mod client;
mod load;
mod phases;
mod product;
mod schema;
mod stats;
mod summary;
#[cfg(test)]
mod tests;
mod view;

pub use product::Product;
pub use summary::{Check, Summary};

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use mysql_async::{Conn, Opts, OptsBuilder};

use crate::admin::OperationError;
use crate::config::{Config, Lane};
use crate::observe::with_causes;
use crate::sandbox::{SandboxError, Servers, mysql, postgres};
use phases::Stage;
use product::TARGET_DATABASE;
use schema::{DATABASE, PASSWORD, USER};
use view::{Screen, Stream};

/// How the demo is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoOptions {
    /// One JSON object as the last line of standard output; people read standard error.
    pub json: bool,
    /// Leave everything running until Ctrl-C.
    pub keep: bool,
    /// Seconds of load, besides the time that copying and comparing take.
    pub seconds: u64,
    /// By which way changes come from MySQL.
    pub lane: Lane,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { json: false, keep: false, seconds: 25, lane: Lane::Statements }
    }
}

/// Why the demo couldn't be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The servers.
    #[error("the demo's servers can't be had")]
    Sandbox(#[from] SandboxError),
    /// A temporary folder or file.
    #[error("can't {action}")]
    File {
        action: &'static str,
        #[source]
        source: std::io::Error,
    },
    /// Our own configuration was refused.
    #[error("the demo's configuration is refused: {0}")]
    Configuration(String),
    /// Bascule didn't start.
    #[error("Bascule didn't start: {0}")]
    Start(String),
    /// A connection or statement of the demo itself.
    #[error("can't {action}")]
    Mysql {
        action: &'static str,
        #[source]
        source: mysql_async::Error,
    },
    /// The operator's command was refused.
    #[error("can't {action}")]
    Operation {
        action: &'static str,
        #[source]
        source: OperationError,
    },
    /// PostgreSQL doesn't follow.
    #[error("mirroring doesn't work: {0}")]
    Mirror(String),
    /// PostgreSQL doesn't serve.
    #[error("the flip was given up: {0}")]
    Flip(String),
    /// A task of the load panicked.
    #[error("a client of the demo died")]
    ClientDied,
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl DemoError {
    fn mysql(action: &'static str) -> impl FnOnce(mysql_async::Error) -> Self {
        move |source| Self::Mysql { action, source }
    }

    fn operation(action: &'static str) -> impl FnOnce(OperationError) -> Self {
        move |source| Self::Operation { action, source }
    }

    fn file(action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { action, source }
    }
}

/// How long each part of the load takes.
#[derive(Clone, Copy, Debug)]
struct Pace {
    passthrough: Duration,
    mirror: Duration,
    postgres: Duration,
}

impl Pace {
    fn new(seconds: u64) -> Self {
        let all = Duration::from_secs(seconds.clamp(5, 3_600));
        Self { passthrough: all / 5, mirror: all * 2 / 5, postgres: all * 2 / 5 }
    }
}

/// Plays the demo: starts the servers, makes the shop, starts Bascule by `start`, and goes the whole road.
///
/// Everything that was started is stopped when this returns, in whatever way, or is dropped.
///
/// # Errors
/// When it can't go on. What can be judged is no error but a check in the summary.
pub async fn run<F, S>(options: DemoOptions, start: S) -> Result<Summary, DemoError>
where
    S: FnOnce(Config) -> F,
    F: Future<Output = Result<Product, String>>,
{
    let screen = Screen::new(if options.json { Stream::Error } else { Stream::Output });
    let outcome = perform(options, &screen, start).await;
    if options.json {
        let object = match &outcome {
            Ok(summary) => summary.json(),
            Err(error) => serde_json::json!({ "ok": false, "error": with_causes(error) }),
        };
        // A reader that went away is none of the demo's business; the exit code tells the outcome too.
        let _ = writeln!(std::io::stdout().lock(), "{object}");
    }
    outcome
}

async fn perform<F, S>(options: DemoOptions, screen: &Screen, start: S) -> Result<Summary, DemoError>
where
    S: FnOnce(Config) -> F,
    F: Future<Output = Result<Product, String>>,
{
    let begun = Instant::now();
    screen.say("Starting a real MySQL and a real PostgreSQL, on free ports, in a temporary folder.");
    let servers = start_servers().await?;
    let folder = tempfile::Builder::new().prefix("bascule-demo-").tempdir();
    let folder = folder.map_err(DemoError::file("create a temporary folder"))?;
    let root = opts(servers.mysql.port(), "root", None, None);
    let (rows, money) = make_shop(&root).await?;
    screen.say(format!(
        "The shop is open: {} rows in 5 tables of MySQL; PostgreSQL is empty. ({:.1} s)",
        view::grouped(rows),
        begun.elapsed().as_secs_f64()
    ));
    let text = product::configuration(&servers, folder.path(), options.lane);
    let file = folder.path().join("proxy.toml");
    std::fs::write(&file, &text).map_err(DemoError::file("write the demo's configuration"))?;
    let config = product::checked(&text, folder.path())?;
    let product = start(config.clone()).await.map_err(DemoError::Start)?;
    let through = opts(product.address.port(), USER, Some(PASSWORD), Some(DATABASE));
    let stage = Stage {
        screen,
        product: &product,
        config: &config,
        through,
        mysql: root,
        money,
        pace: Pace::new(options.seconds),
    };
    let played = tokio::select! {
        played = phases::play(stage) => played,
        () = interrupted() => Err(DemoError::Interrupted),
    };
    if let Ok(summary) = &played {
        summary.show(screen);
        if options.keep {
            invite(screen, &servers, &product, &file);
            interrupted().await;
        }
    }
    product.stop.await;
    // Stopping servers takes a moment and blocks; nobody waits for anything else now.
    let stopped = tokio::task::spawn_blocking(move || drop(servers)).await;
    drop(stopped);
    played
}

async fn start_servers() -> Result<Servers, DemoError> {
    let started = tokio::task::spawn_blocking(|| {
        let servers = Servers::start(&mysql::Options::default(), &postgres::Options::default())?;
        servers.postgres.execute("postgres", &format!("CREATE DATABASE {TARGET_DATABASE}"))?;
        Ok(servers)
    });
    started.await.map_err(|_| DemoError::ClientDied)?.map_err(DemoError::Sandbox)
}

async fn make_shop(root: &Opts) -> Result<(u64, String), DemoError> {
    let mut conn = Conn::new(root.clone()).await.map_err(DemoError::mysql("connect to the demo's MySQL"))?;
    let rows = schema::create(&mut conn).await.map_err(DemoError::mysql("make the shop"))?;
    let money = checks::money(&mut conn).await?;
    conn.disconnect().await.map_err(DemoError::mysql("leave the demo's MySQL"))?;
    Ok((rows, money))
}

fn opts(port: u16, user: &str, password: Option<&str>, database: Option<&str>) -> Opts {
    OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some(user))
        .pass(password)
        .db_name(database)
        .prefer_socket(false)
        .into()
}

/// Ctrl-C. When it can't be listened to, nobody is interrupted this way and the process ends by itself.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What can be tried while everything is left running.
fn invite(screen: &Screen, servers: &Servers, product: &Product, file: &Path) {
    let (bascule, mysql, postgres) = (product.address.port(), servers.mysql.port(), servers.postgres.port());
    let program = std::env::current_exe().map_or_else(|_| "bascule".into(), |path| path.display().to_string());
    let lines = [
        String::new(),
        "Everything is left running until Ctrl-C. PostgreSQL serves; try:".into(),
        format!("  mysql -h 127.0.0.1 -P {bascule} -u {USER} -p{PASSWORD} {DATABASE}     # the application's door"),
        format!(
            "  mysql -h 127.0.0.1 -P {mysql} -u root {DATABASE}                    # the old MySQL, as it was left"
        ),
        format!(
            "  psql -h 127.0.0.1 -p {postgres} -U postgres {TARGET_DATABASE}             # PostgreSQL; \\dt {DATABASE}.*"
        ),
        format!("  {program} status --config {}", file.display()),
    ];
    for line in lines {
        screen.say(line);
    }
}
