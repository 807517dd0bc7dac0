//! A throwaway MySQL, or MariaDB.
//!
//! Binary log and GTIDs are on, `root` has no password and may come over TCP from this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::{self, Launch, Server, Start};
use super::program::Program;
use super::root_client::RootClient;
use super::{SandboxError, cache, wait};

const START_LIMIT: Duration = Duration::from_secs(60);

/// What a write must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// The death of the server's process, not of the machine. Right for tests: nothing waits for the disk.
    #[default]
    Light,
    /// The server's own defaults: also the death of the machine.
    Full,
}

/// Which of the two families of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Flavour {
    #[default]
    MySql,
    MariaDb,
}

impl Flavour {
    const fn name(self) -> &'static str {
        match self {
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        }
    }

    const fn server_name(self) -> &'static str {
        match self {
            Self::MySql => "mysqld",
            Self::MariaDb => "mariadbd",
        }
    }

    const fn client_name(self) -> &'static str {
        match self {
            Self::MySql => "mysql",
            Self::MariaDb => "mariadb",
        }
    }
}

/// How to start it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// MySQL, unless MariaDB is asked for.
    pub flavour: Flavour,
    /// What a write must survive.
    pub durability: Durability,
    /// Further arguments of `mysqld`, such as `--max-connections=50`.
    pub arguments: Vec<String>,
}

/// A running MySQL; ended, and its folder removed, when dropped.
#[derive(Debug)]
pub struct Mysql {
    // The order matters: the server ends before its folder goes.
    server: Server,
    launch: Launch,
    folder: TempDir,
    port: u16,
    flavour: Flavour,
}

impl Mysql {
    /// Finds or fetches a server and starts it on a free port.
    ///
    /// # Errors
    /// When there is none and it can't be fetched, or it doesn't come up.
    pub fn start(options: &Options) -> Result<Self, SandboxError> {
        let program = Program::find(options.flavour)?;
        let template = program.template()?;
        let folder = tempfile::Builder::new().prefix("bascule-my-").tempdir();
        let folder = folder.map_err(SandboxError::file("create a folder in", std::env::temp_dir()))?;
        cache::copy_folder(&template, &folder.path().join("data"), None)?;
        let mut attempt = 0;
        loop {
            let port = wait::free_port().map_err(SandboxError::file("find a free port for", folder.path()))?;
            let launch = program.server(folder.path(), port, options);
            match run(&launch, folder.path(), port, options.flavour) {
                Ok(server) => return Ok(Self { server, launch, folder, port, flavour: options.flavour }),
                // Somebody may have taken the port in between.
                Err(_) if attempt < 2 => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// The address as a URL for client libraries: `root` without a password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// The server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The server's log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The command-line client that came with the server, with its libraries found and no settings of the machine read.
    #[must_use]
    pub fn client(&self) -> Command {
        let server = self.launch.words.iter().position(|word| Path::new(word).ends_with(self.flavour.server_name()));
        let (before, server) = self.launch.words.split_at(server.unwrap_or_default());
        let base = server.first().map(Path::new).and_then(Path::parent).and_then(Path::parent);
        let program = base.unwrap_or(Path::new("/usr")).join("bin").join(self.flavour.client_name());
        let mut words = before.to_vec();
        words.extend([program.into(), "--no-defaults".into()]);
        let mut command = Command::new(words.remove(0));
        command.args(words).envs(self.launch.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs statements that return no rows, each over one connection of `root`.
    ///
    /// # Errors
    /// The first refusal, in the server's words.
    pub fn execute(&self, statement: &str) -> Result<(), SandboxError> {
        let failed = |detail: String| SandboxError::Statement { what: self.flavour.name(), detail };
        let mut client = RootClient::connect(self.port).map_err(failed)?;
        client.execute(statement).map_err(failed)
    }

    /// Kills the server as a crash would (SIGKILL).
    ///
    /// # Errors
    /// None today; a signal to a server that has ended is no error.
    pub fn kill(&mut self) -> Result<(), SandboxError> {
        self.server.end(Signal::KILL, Duration::from_secs(10));
        Ok(())
    }

    /// Asks the server to shut down, and waits.
    pub fn stop(&mut self) {
        self.server.end(Signal::TERM, Duration::from_secs(30));
    }

    /// Starts the server again, on the same port and data.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub fn restart(&mut self) -> Result<(), SandboxError> {
        self.stop();
        self.server = run(&self.launch, self.folder.path(), self.port, self.flavour)?;
        Ok(())
    }
}

impl Drop for Mysql {
    fn drop(&mut self) {
        self.server.end(Signal::KILL, Duration::from_secs(10));
    }
}

fn run(launch: &Launch, folder: &Path, port: u16, flavour: Flavour) -> Result<Server, SandboxError> {
    let log = folder.join("log");
    let mut server = Server::spawn(launch, &Start { folder, log: log.clone(), end_signal: "KILL" })?;
    let mut ended = false;
    let answered = wait::until(START_LIMIT, || {
        ended = server.has_ended();
        ended || RootClient::connect(port).is_ok()
    });
    if answered && !ended {
        return Ok(server);
    }
    server.end(Signal::KILL, Duration::from_secs(5));
    let detail = if ended { "it ended at once".into() } else { format!("no answer within {START_LIMIT:?}") };
    Err(SandboxError::NotStarted { what: flavour.name(), detail, log: process::tail(&log) })
}
