//! Throwaway servers: a real MySQL or MariaDB and a real PostgreSQL for the demo, the tests and the benches.
//!
//! Servers that are on the machine are used where they are; missing ones are fetched as packages and extracted into
//! the user's cache folder. Nothing of the system is changed: no package is installed, no standard port is used, no
//! existing data folder is touched. Each server runs in a temporary folder of its own on a free port.
//!
//! # Why nothing is left behind
//! A server is started through a small shell that holds the reading end of a pipe whose writing end only this process
//! has ([`process`]). When this process ends, in whatever way (also by SIGKILL), the pipe closes, the shell ends the
//! server and removes its folder. So a `static` that is never dropped is as safe as a value that is.
//!
//! Everything here blocks: servers are started before a program does its real work. Async callers use
//! `spawn_blocking`.

mod apt;
mod cache;
pub mod mysql;
mod packages;
pub mod postgres;
mod process;
mod program;
mod root_client;
mod wait;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use mysql::Mysql;
use postgres::Postgres;

/// Why a server couldn't be had.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A file or folder of ours couldn't be used.
    #[error("can't {action} {path}: {source}")]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A program that is needed couldn't be run or failed.
    #[error("{program} failed: {detail}")]
    Program { program: String, detail: String },
    /// No server and no way to fetch one.
    #[error("no {what} found (looked at {looked}); {hint}")]
    NotFound { what: &'static str, looked: String, hint: String },
    /// The server didn't come up.
    #[error("{what} did not start: {detail}; the end of its log:\n{log}")]
    NotStarted { what: &'static str, detail: String, log: String },
    /// The server refused a statement, or the connection broke.
    #[error("{what} refused a statement of the sandbox: {detail}")]
    Statement { what: &'static str, detail: String },
}

impl SandboxError {
    fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}

/// One server of each kind.
#[derive(Debug)]
pub struct Servers {
    pub mysql: Mysql,
    pub postgres: Postgres,
    names: AtomicU64,
}

/// A database of a test's own: the same fresh name on both servers, empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    pub name: String,
}

impl Servers {
    /// Starts both, side by side.
    ///
    /// # Errors
    /// When one of them can't be found, fetched or started.
    pub fn start(mysql: &mysql::Options, postgres: &postgres::Options) -> Result<Self, SandboxError> {
        let (mysql, postgres) = std::thread::scope(|scope| {
            let postgres = scope.spawn(|| Postgres::start(postgres));
            let mysql = Mysql::start(mysql);
            (mysql, postgres.join().expect("starting PostgreSQL doesn't panic"))
        });
        Ok(Self { mysql: mysql?, postgres: postgres?, names: AtomicU64::new(1) })
    }

    /// A name that no other caller of this process gets.
    #[must_use]
    pub fn unique_name(&self) -> String {
        format!("t{}_{}", std::process::id(), self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Creates an empty database of a fresh name on both servers.
    ///
    /// # Errors
    /// When a server refuses.
    pub fn create_database(&self) -> Result<Database, SandboxError> {
        let name = self.unique_name();
        self.mysql.execute(&format!("CREATE DATABASE {name}"))?;
        self.postgres.execute("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Database { name })
    }
}

static SHARED: OnceLock<Result<Servers, SandboxError>> = OnceLock::new();

/// The servers that all tests of this process share: started once, with light durability, stopped at its end.
///
/// A test that stops or kills a server starts its own with [`Servers::start`] instead.
///
/// # Errors
/// When the servers couldn't be started; the same error for every caller.
pub fn shared() -> Result<&'static Servers, &'static SandboxError> {
    SHARED.get_or_init(|| Servers::start(&mysql::Options::default(), &postgres::Options::default())).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_servers_start_answer_and_survive_a_kill() {
        let options = mysql::Options::default();
        let mut servers = Servers::start(&options, &postgres::Options::default()).expect("servers start");
        let database = servers.create_database().expect("a database");
        let mysql = &mut servers.mysql;
        mysql.execute(&format!("CREATE TABLE {}.t (a INT PRIMARY KEY)", database.name)).expect("a table");
        mysql.kill().expect("kill -9");
        assert!(mysql.execute("DO 1").is_err());
        mysql.restart().expect("restart");
        mysql.execute(&format!("INSERT INTO {}.t VALUES (1)", database.name)).expect("the table is still there");
        let postgres = &mut servers.postgres;
        postgres.execute(&database.name, "CREATE TABLE t (a int)").expect("a table");
        postgres.kill().expect("kill -9");
        postgres.restart().expect("restart");
        postgres.execute(&database.name, "INSERT INTO t VALUES (1)").expect("the table is still there");
        assert!(postgres.execute(&database.name, "SELECT nonsense").is_err());
    }

    #[test]
    fn mariadb_starts_answers_and_survives_a_kill() {
        let options = mysql::Options { flavour: mysql::Flavour::MariaDb, ..Default::default() };
        let mut server = Mysql::start(&options).expect("a server");
        server.execute("CREATE DATABASE d").expect("a database");
        server
            .execute("CREATE TABLE d.t (a INT PRIMARY KEY) WITH SYSTEM VERSIONING")
            .expect("a table of MariaDB's own kind");
        server.kill().expect("kill -9");
        assert!(server.execute("DO 1").is_err());
        server.restart().expect("restart");
        server.execute("INSERT INTO d.t VALUES (1)").expect("the table is still there");
    }
}
