//! A throwaway MySQL.
//!
//! Binary log and GTIDs are on, `root` has no password and may come over TCP from this machine.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::apt::{self, Apt, Installed};
use super::process::{self, Launch, Server, Start};
use super::{SandboxError, cache, wait};

const WHAT: &str = "MySQL";
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

/// How to start it.
#[derive(Clone, Debug, Default)]
pub struct Options {
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
}

impl Mysql {
    /// Finds or fetches a server and starts it on a free port.
    ///
    /// # Errors
    /// When there is none and it can't be fetched, or it doesn't come up.
    pub fn start(options: &Options) -> Result<Self, SandboxError> {
        let program = Program::find()?;
        let template = program.template()?;
        let folder = tempfile::Builder::new().prefix("bascule-my-").tempdir();
        let folder = folder.map_err(SandboxError::file("create a folder in", std::env::temp_dir()))?;
        cache::copy_folder(&template, &folder.path().join("data"), None)?;
        let mut attempt = 0;
        loop {
            let port = wait::free_port().map_err(SandboxError::file("find a free port for", folder.path()))?;
            let launch = program.server(folder.path(), port, options);
            match run(&launch, folder.path(), port) {
                Ok(server) => return Ok(Self { server, launch, folder, port }),
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

    /// Runs statements that return no rows, each over one connection of `root`.
    ///
    /// # Errors
    /// The first refusal, in the server's words.
    pub fn execute(&self, statement: &str) -> Result<(), SandboxError> {
        let failed = |detail: String| SandboxError::Statement { what: WHAT, detail };
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
        self.server = run(&self.launch, self.folder.path(), self.port)?;
        Ok(())
    }
}

impl Drop for Mysql {
    fn drop(&mut self) {
        self.server.end(Signal::KILL, Duration::from_secs(10));
    }
}

fn run(launch: &Launch, folder: &Path, port: u16) -> Result<Server, SandboxError> {
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
    Err(SandboxError::NotStarted { what: WHAT, detail, log: process::tail(&log) })
}

/// A `mysqld` with all it needs.
struct Program {
    path: PathBuf,
    launch: Launch,
}

impl Program {
    fn find() -> Result<Self, SandboxError> {
        if let Some(named) = std::env::var_os("BASCULE_MYSQLD").filter(|value| !value.is_empty()) {
            return Self::at(PathBuf::from(named)).check();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), "/usr/local/mysql/bin".into()]);
        let mut candidates = folders.map(|folder| folder.join("mysqld")).filter(|program| program.is_file());
        match candidates.find_map(|program| Self::at(program).check().ok()) {
            Some(program) => Ok(program),
            None => Self::fetched(),
        }
    }

    /// A program at a path: part of the system, or of a folder that packages were extracted into, with libraries and
    /// a loader of its own.
    fn at(path: PathBuf) -> Self {
        let base = path.parent().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        let mut launch = Launch::default();
        if base != Path::new("/usr")
            && let Some((libraries, loader)) = own_loader(&base)
        {
            launch.words.push(loader.into());
            launch.words.push("--library-path".into());
            launch.words.push(format!("{}:{}", libraries.display(), base.join("lib/mysql/private").display()).into());
        }
        launch.words.push(path.clone().into());
        launch.words.push("--no-defaults".into());
        launch.words.push(format!("--basedir={}", base.display()).into());
        for (option, place) in [
            ("--lc-messages-dir", "share/mysql"),
            ("--character-sets-dir", "share/mysql/charsets"),
            ("--plugin-dir", "lib/mysql/plugin"),
        ] {
            let place = base.join(place);
            if place.is_dir() {
                launch.words.push(format!("{option}={}", place.display()).into());
            }
        }
        if rustix::process::geteuid().is_root() {
            launch.words.push("--user=root".into());
        }
        Self { path, launch }
    }

    /// Refuses what isn't a MySQL of version 8 or newer: MariaDB speaks of positions in other words.
    fn check(self) -> Result<Self, SandboxError> {
        let version = self.launch.with(["--version"]).run(Path::new("/"))?;
        let number = version.split("Ver ").nth(1).unwrap_or_default();
        let major: u32 = number.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
        if version.contains("MariaDB") || major < 8 {
            return Err(SandboxError::NotFound {
                what: "usable MySQL server",
                looked: format!("{}, which is {}", self.path.display(), version.trim()),
                hint: "MySQL 8.0 or newer is needed: name its mysqld in BASCULE_MYSQLD".into(),
            });
        }
        Ok(self)
    }

    fn fetched() -> Result<Self, SandboxError> {
        let tree = cache::entry("mysql", fetch)?;
        Self::at(tree.join("usr/sbin/mysqld")).check()
    }

    /// A data folder as `--initialize-insecure` leaves it, made once for this version of the program.
    fn template(&self) -> Result<PathBuf, SandboxError> {
        let name = format!("mysql-data-{}", cache::fingerprint(&self.path));
        cache::entry(&name, |folder| {
            let data = format!("--datadir={}", folder.display());
            self.launch.with([data.as_str(), "--initialize-insecure", "--innodb-redo-log-capacity=64M"]).run(folder)?;
            // Each server makes its own identity.
            let identity = folder.join("auto.cnf");
            fs::remove_file(&identity).map_err(SandboxError::file("remove", identity))
        })
    }

    fn server(&self, folder: &Path, port: u16, options: &Options) -> Launch {
        let place = |name: &str| folder.join(name).display().to_string();
        let mut arguments = vec![
            format!("--datadir={}", place("data")),
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            format!("--socket={}", place("s")),
            format!("--pid-file={}", place("pid")),
            format!("--log-bin={}", place("data/binlog")),
            "--server-id=1".into(),
            "--gtid-mode=ON".into(),
            "--enforce-gtid-consistency=ON".into(),
            "--mysqlx=OFF".into(),
            "--secure-file-priv=".into(),
            "--max-connections=2000".into(),
            "--innodb-redo-log-capacity=64M".into(),
        ];
        match options.durability {
            Durability::Light => {
                arguments.extend(["--innodb-flush-log-at-trx-commit=2".into(), "--sync-binlog=0".into()]);
            }
            Durability::Full => {}
        }
        arguments.extend(options.arguments.iter().cloned());
        self.launch.with(arguments)
    }
}

/// The libraries' folder and the loader of an extracted tree.
fn own_loader(base: &Path) -> Option<(PathBuf, PathBuf)> {
    let folders = fs::read_dir(base.join("lib")).ok()?.flatten().map(|entry| entry.path());
    folders.filter(|path| path.is_dir()).find_map(|libraries| {
        let mut files = fs::read_dir(&libraries).ok()?.flatten();
        let loader = files.find(|file| file.file_name().to_string_lossy().starts_with("ld-linux"))?;
        Some((libraries.clone(), loader.path()))
    })
}

/// Debian carries MySQL's long-term release only in its newest suite, Ubuntu in each of its own. Everything down to
/// the C library is fetched, so that it runs on older systems.
fn fetch(folder: &Path) -> Result<(), SandboxError> {
    let hint = "install a MySQL server (8.0 or newer), or name its mysqld in BASCULE_MYSQLD";
    let missing = |looked: String| SandboxError::NotFound { what: "MySQL server", looked, hint: hint.into() };
    let release = apt::release();
    let mut origins: Vec<_> =
        apt::origins().into_iter().filter(|origin| origin.suite.starts_with(&release.codename)).collect();
    let packages: &[&[&str]] = match release.id.as_str() {
        "debian" => {
            origins.retain(|origin| origin.suite == release.codename);
            for origin in &mut origins {
                origin.suite = "sid".into();
                origin.components = vec!["main".into()];
            }
            origins.truncate(1);
            &[&["mysql-server-core", "mysql-client-core"]]
        }
        "ubuntu" => &[&["mysql-server-core"], &["mysql-server-core-8.4"], &["mysql-server-core-8.0"]],
        other => return Err(missing(format!("BASCULE_MYSQLD, PATH; no recipe to fetch it on {other:?}"))),
    };
    if release.codename.is_empty() || origins.is_empty() {
        return Err(missing("BASCULE_MYSQLD, PATH; the machine's apt sources name no usable mirror".into()));
    }
    let work = folder.with_extension("apt");
    let apt = Apt::new(&work, &origins, Installed::Nothing)?;
    apt.update()?;
    let mut failure = String::new();
    for names in packages {
        match apt.download(names, "fetching MySQL") {
            Ok(archives) => {
                let skip = |name: &str| name.contains("perl") || name.starts_with("gcc-");
                return apt::extract(&archives, folder, skip);
            }
            Err(error) => failure = error.to_string(),
        }
    }
    Err(missing(format!("BASCULE_MYSQLD, PATH, the machine's package mirror: {failure}")))
}

/// Just enough of a client to be `root` without a password and run a statement.
struct RootClient {
    stream: TcpStream,
}

impl RootClient {
    fn connect(port: u16) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(text)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(text)?;
        let mut client = Self { stream };
        client.read()?;
        // PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH; 16 MB packets; utf8mb4; an empty answer means no password.
        let mut reply = 0x0008_8200_u32.to_le_bytes().to_vec();
        reply.extend(0x0100_0000_u32.to_le_bytes());
        reply.push(45);
        reply.extend([0; 23]);
        reply.extend(b"root\0\0caching_sha2_password\0");
        client.write(1, &reply)?;
        client.read().map(|_| client)
    }

    fn execute(&mut self, statement: &str) -> Result<(), String> {
        let mut command = vec![3];
        command.extend(statement.as_bytes());
        self.write(0, &command)?;
        self.read().map(drop)
    }

    fn write(&mut self, sequence: u8, payload: &[u8]) -> Result<(), String> {
        let length = u32::try_from(payload.len()).ok().filter(|length| *length < 0x00ff_ffff);
        let mut header = length.ok_or("the statement is too long")?.to_le_bytes();
        header[3] = sequence;
        self.stream.write_all(&[&header, payload].concat()).map_err(|error| error.to_string())
    }

    /// One packet; an ERR packet becomes its message.
    fn read(&mut self) -> Result<Vec<u8>, String> {
        let text = |error: std::io::Error| error.to_string();
        let mut header = [0; 4];
        self.stream.read_exact(&mut header).map_err(text)?;
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).map_err(text)?;
        match payload.first() {
            Some(0xff) => Err(String::from_utf8_lossy(payload.get(3..).unwrap_or_default()).into_owned()),
            Some(_) => Ok(payload),
            None => Err("an empty packet".into()),
        }
    }
}
