//! A world of its own for tests that mirror: mirroring looks at every GTID of a MySQL server, so no other test may
//! write there. Bascule runs as its own process, so that it can be killed, or in this one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bascule::admin::{self, MirrorPhase, Status};
use bascule::sandbox::{Servers, mysql, postgres};

/// Servers, a database of the same name on both, and a configuration.
pub struct World {
    pub servers: Servers,
    pub database: String,
    folder: tempfile::TempDir,
    port: u16,
    pub lane: &'static str,
    mirror: &'static str,
}

/// A running Bascule; killed when dropped.
pub struct Bascule {
    child: Child,
}

impl Drop for Bascule {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Bascule {
    /// Starts it on a configuration; it may not listen yet.
    pub fn run(config: &Path, log: &Path) -> Self {
        Self::run_with(config, log, &[])
    }

    /// The same with further arguments.
    fn run_with(config: &Path, log: &Path, arguments: &[&str]) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(log).expect("a log");
        let child = Command::new(env!("CARGO_BIN_EXE_bascule"))
            .args(["run", "--config"])
            .arg(config)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the binary runs");
        Self { child }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// kill -9, and nothing of it is left when this returns.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }
}

impl World {
    /// Fresh servers and an empty database.
    pub fn new() -> Self {
        Self::by_lane("statements")
    }

    /// The same, with changes coming by a lane.
    pub fn by_lane(lane: &'static str) -> Self {
        Self::made(lane, &mysql::Options::default(), "")
    }

    /// The same with a source of either family.
    pub fn of(flavour: mysql::Flavour, lane: &'static str) -> Self {
        Self::made(lane, &mysql::Options { flavour, ..mysql::Options::default() }, "")
    }

    /// The same, with options of MySQL's and more lines in `[mirror]`.
    pub fn made(lane: &'static str, options: &mysql::Options, mirror: &'static str) -> Self {
        let servers = Servers::start(options, &postgres::Options::default()).expect("servers start");
        let database = servers.create_database().expect("a database").name;
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let world = Self { servers, database, folder, port, lane, mirror };
        std::fs::write(world.config_path(), world.config_text()).expect("a configuration");
        world
    }

    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("proxy.toml")
    }

    fn config_text(&self) -> String {
        format!(
            "[listen]\naddress = \"127.0.0.1:{}\"\n\
             [source]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"root\"\npassword = \"\"\ndatabases = [\"{}\"]\n\
             [target]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"postgres\"\npassword = \"\"\ndatabase = \"{}\"\n\
             [mirror]\nsource = \"{}\"\n{}\n\
             [spool]\ndirectory = \"spool\"\n\
             [verify]\nshare = 100\n\
             [admin]\nsocket = \"admin.sock\"\n\
             [[accounts]]\nuser = \"root\"\npassword = \"\"\n\
             [log]\nlevel = \"info\"\n",
            self.port,
            self.servers.mysql.port(),
            self.database,
            self.servers.postgres.port(),
            self.database,
            self.lane,
            self.mirror,
        )
    }

    /// Where clients connect, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where clients connect. The library would ask for MySQL's unix socket and go there, past Bascule.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/{}?prefer_socket=false", self.port, self.database)
    }

    /// Starts Bascule and waits until it listens.
    pub async fn start(&self) -> Bascule {
        let bascule = Bascule::run(&self.config_path(), &self.log_path());
        self.wait(|_| true, "Bascule answers").await;
        bascule
    }

    /// Starts one that takes the place of the running one.
    pub fn take_over(&self) -> Bascule {
        Bascule::run_with(&self.config_path(), &self.log_path(), &["--take-over"])
    }

    /// Runs the same program on the same configuration, to its end.
    pub fn second_copy(&self) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.args(["run", "--config"]).arg(self.config_path());
        command.stdin(Stdio::null()).output().expect("the binary runs")
    }

    /// What Bascule logged, over all starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The operator's client.
    pub fn admin(&self) -> admin::Client {
        admin::Client::new(&self.folder.path().join("admin.sock"))
    }

    /// Compares both sides.
    pub async fn verify(&self) -> admin::VerifySummary {
        self.admin().verify(&admin::VerifyRequest::default()).await.expect("a comparison")
    }

    /// Asks for the status until it's as wanted; fails with the log after a minute.
    pub async fn wait(&self, wanted: impl Fn(&Status) -> bool, what: &str) -> Status {
        let mut last = String::from("no answer");
        for _ in 0..1200 {
            match self.admin().status().await {
                Ok(status) if wanted(&status) => return status,
                Ok(status) => last = format!("{status:?}"),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain for: {what}; last: {last}\nlog:\n{}", self.log());
    }

    /// Waits until the mirror follows and every table is in it.
    pub async fn wait_streaming(&self) -> Status {
        let streaming =
            |status: &Status| status.mirror.as_ref().is_some_and(|mirror| mirror.phase == MirrorPhase::Streaming);
        self.wait(streaming, "the mirror follows").await
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
