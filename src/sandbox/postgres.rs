//! A throwaway PostgreSQL.
//!
//! The superuser is `postgres`, trusted without a password from this machine; logical decoding is possible.
//! PostgreSQL refuses to run as root, so root starts it as the user `postgres`, or `nobody` where that's missing.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::apt::{self, Apt, Installed};
use super::process::{self, Launch, Server, Start};
use super::{SandboxError, cache, wait};

const WHAT: &str = "PostgreSQL";
const START_LIMIT: Duration = Duration::from_secs(60);

/// How to start it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Further settings, such as `max_connections=50`. They win over the sandbox's own.
    pub settings: Vec<String>,
}

/// A running PostgreSQL; ended, and its folder removed, when dropped.
#[derive(Debug)]
pub struct Postgres {
    // The order matters: the server ends before its folder goes.
    server: Server,
    launch: Launch,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Finds or fetches a server and starts it on a free port.
    ///
    /// # Errors
    /// When there is none and it can't be fetched, or it doesn't come up.
    pub fn start(options: &Options) -> Result<Self, SandboxError> {
        let installation = Installation::find()?;
        let template = installation.template()?;
        let folder = tempfile::Builder::new().prefix("bascule-pg-").tempdir();
        let folder = folder.map_err(SandboxError::file("create a folder in", std::env::temp_dir()))?;
        cache::give(folder.path(), installation.owner)?;
        cache::copy_folder(&template, &folder.path().join("data"), installation.owner)?;
        let mut attempt = 0;
        loop {
            let port = wait::free_port().map_err(SandboxError::file("find a free port for", folder.path()))?;
            let launch = installation.server(folder.path(), port, options);
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

    /// The folder of the unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The address as a URL for client libraries.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{database}", self.port)
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

    /// Runs statements in `database`, discarding rows.
    ///
    /// # Errors
    /// The first refusal, in the server's words.
    pub fn execute(&self, database: &str, statements: &str) -> Result<(), SandboxError> {
        let failed = |detail: String| SandboxError::Statement { what: WHAT, detail };
        let mut client = TrustedClient::connect(self.port, database).map_err(failed)?;
        client.execute(statements).map_err(failed)
    }

    /// Kills the server as a crash would (SIGKILL).
    ///
    /// # Errors
    /// None today; a signal to a server that has ended is no error.
    pub fn kill(&mut self) -> Result<(), SandboxError> {
        self.server.end(Signal::KILL, Duration::from_secs(10));
        Ok(())
    }

    /// Asks the server to shut down without waiting for its clients, and waits for its end.
    pub fn stop(&mut self) {
        self.server.end(Signal::INT, Duration::from_secs(30));
    }

    /// Starts the server again, on the same port and data.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub fn restart(&mut self) -> Result<(), SandboxError> {
        self.stop();
        let mut attempt = 0;
        loop {
            match run(&self.launch, self.folder.path(), self.port) {
                Ok(server) => {
                    self.server = server;
                    return Ok(());
                }
                // After a kill its last processes may hold the shared memory for another moment.
                Err(_) if attempt < 20 => {
                    attempt += 1;
                    wait::until(Duration::from_millis(100), || false);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An immediate shutdown: unlike SIGKILL it gives the shared memory back.
        self.server.end(Signal::QUIT, Duration::from_secs(10));
    }
}

fn run(launch: &Launch, folder: &Path, port: u16) -> Result<Server, SandboxError> {
    let log = folder.join("log");
    let mut server = Server::spawn(launch, &Start { folder, log: log.clone(), end_signal: "QUIT" })?;
    let mut ended = false;
    let answered = wait::until(START_LIMIT, || {
        ended = server.has_ended();
        ended || TrustedClient::connect(port, "postgres").is_ok()
    });
    if answered && !ended {
        return Ok(server);
    }
    server.end(Signal::QUIT, Duration::from_secs(5));
    let detail = if ended { "it ended at once".into() } else { format!("no answer within {START_LIMIT:?}") };
    Err(SandboxError::NotStarted { what: WHAT, detail, log: process::tail(&log) })
}

/// PostgreSQL's programs and the user that runs them.
struct Installation {
    programs: PathBuf,
    launch: Launch,
    owner: Option<(u32, u32)>,
}

impl Installation {
    fn find() -> Result<Self, SandboxError> {
        let complete = |folder: &PathBuf| folder.join("postgres").exists() && folder.join("initdb").exists();
        if let Some(named) = std::env::var_os("BASCULE_POSTGRES_BIN").filter(|value| !value.is_empty()) {
            let folder = PathBuf::from(named);
            if complete(&folder) {
                return Self::at(folder);
            }
            return Err(SandboxError::NotFound {
                what: "PostgreSQL server",
                looked: format!("BASCULE_POSTGRES_BIN={}", folder.display()),
                hint: "BASCULE_POSTGRES_BIN must name the folder that holds postgres and initdb".into(),
            });
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = versions("/usr/lib/postgresql").into_iter().chain(std::env::split_paths(&path)).find(complete);
        match found {
            Some(folder) => Self::at(folder),
            None => {
                let tree = cache::entry("postgresql", fetch)?;
                let folder = versions(tree.join("usr/lib/postgresql")).into_iter().find(complete);
                Self::at(folder.ok_or_else(|| not_found("the fetched packages hold no server".into()))?)
            }
        }
    }

    fn at(programs: PathBuf) -> Result<Self, SandboxError> {
        let mut launch = Launch::default();
        let mut owner = None;
        if rustix::process::geteuid().is_root() {
            let (user, group) = unprivileged()?;
            owner = Some((user, group));
            launch = launch.with(["setpriv", "--reuid", &user.to_string(), "--regid", &group.to_string()]);
            launch = launch.with(["--clear-groups", "--"]);
        }
        // `…/usr/lib/postgresql/NN/bin` of an extracted tree: its libraries lie in `…/usr/lib/TRIPLET`.
        if let Some(library) = programs.ancestors().nth(3).filter(|library| *library != Path::new("/usr/lib")) {
            let folders = fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
            let private: Vec<PathBuf> = folders.filter(|path| path.to_string_lossy().ends_with("-gnu")).collect();
            if let Ok(paths) = std::env::join_paths(private) {
                launch.environment.push(("LD_LIBRARY_PATH".into(), paths));
            }
        }
        Ok(Self { programs, launch, owner })
    }

    /// A data folder as `initdb` leaves it, made once for this version of the programs.
    fn template(&self) -> Result<PathBuf, SandboxError> {
        let user = self.owner.map_or(0, |(user, _)| user);
        let name = format!("postgresql-data-{}-{user}", cache::fingerprint(&self.programs.join("postgres")));
        cache::entry(&name, |folder| {
            // The user of the server needs a place that is open to it; the cache may not be.
            let open = tempfile::Builder::new().prefix("bascule-pg-").tempdir();
            let open = open.map_err(SandboxError::file("create a folder in", std::env::temp_dir()))?;
            cache::give(open.path(), self.owner)?;
            let data = open.path().join("data");
            let initdb = self.launch.with([self.programs.join("initdb")]);
            let initdb = initdb.with(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
            initdb.with([&data]).run(open.path())?;
            fs::remove_dir(folder).map_err(SandboxError::file("replace", folder))?;
            cache::copy_folder(&data, folder, self.owner)
        })
    }

    fn server(&self, folder: &Path, port: u16, options: &Options) -> Launch {
        let own = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".into(),
            format!("unix_socket_directories={}", folder.display()),
            "fsync=off".into(),
            "wal_level=logical".into(),
            "max_connections=300".into(),
            // XA.
            "max_prepared_transactions=20".into(),
            "timezone=UTC".into(),
            "log_timezone=UTC".into(),
        ];
        let mut launch =
            self.launch.with([self.programs.join("postgres")]).with([Path::new("-D"), &folder.join("data")]);
        for setting in own.iter().chain(&options.settings) {
            launch = launch.with(["-c", setting]);
        }
        launch
    }
}

/// `FOLDER/NN/bin`, newest first.
fn versions(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

/// The user that runs PostgreSQL when we are root.
fn unprivileged() -> Result<(u32, u32), SandboxError> {
    for user in ["postgres", "nobody"] {
        let id = |flag: &str| -> Option<u32> {
            process::output(Command::new("id").args([flag, user])).ok()?.trim().parse().ok()
        };
        if let (Some(user), Some(group)) = (id("-u"), id("-g")) {
            return Ok((user, group));
        }
    }
    Err(not_found("a user to run it as: neither postgres nor nobody exists".into()))
}

fn not_found(looked: String) -> SandboxError {
    let hint = "install PostgreSQL 15 or newer, or name the folder of its programs in BASCULE_POSTGRES_BIN";
    SandboxError::NotFound { what: "PostgreSQL server", looked, hint: hint.into() }
}

/// The distribution's own server package. It runs on the system's libraries, so only what's missing is fetched.
fn fetch(folder: &Path) -> Result<(), SandboxError> {
    let origins = apt::origins();
    if !matches!(apt::release().id.as_str(), "debian" | "ubuntu") || origins.is_empty() {
        return Err(not_found("BASCULE_POSTGRES_BIN, /usr/lib/postgresql, PATH; no recipe to fetch it here".into()));
    }
    let apt = Apt::new(&folder.with_extension("apt"), &origins, Installed::System)?;
    apt.update()?;
    let depends = apt.depends("postgresql")?;
    let package = depends.iter().find(|name| name.starts_with("postgresql-") && !name.contains("common"));
    let package = package.ok_or_else(|| not_found("the machine's package mirror, which has no PostgreSQL".into()))?;
    let archives = apt.download(&[package], "fetching PostgreSQL")?;
    apt::extract(&archives, folder, |name| name.contains("perl") || name.starts_with("libc6"))
}

/// Just enough of a client to be the trusted superuser and run statements.
struct TrustedClient {
    stream: TcpStream,
}

impl TrustedClient {
    fn connect(port: u16, database: &str) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(text)?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(text)?;
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        body.extend(format!("user\0postgres\0database\0{database}\0\0").as_bytes());
        let mut client = Self { stream };
        client.write(&[], &body)?;
        client.until_ready().map(|()| client)
    }

    fn execute(&mut self, statements: &str) -> Result<(), String> {
        self.write(b"Q", &[statements.as_bytes(), b"\0"].concat())?;
        self.until_ready()
    }

    fn write(&mut self, kind: &[u8], body: &[u8]) -> Result<(), String> {
        let length = u32::try_from(body.len() + 4).map_err(|error| error.to_string())?;
        let message = [kind, &length.to_be_bytes(), body].concat();
        self.stream.write_all(&message).map_err(|error| error.to_string())
    }

    /// Reads to ReadyForQuery; an error on the way becomes its message.
    fn until_ready(&mut self) -> Result<(), String> {
        let text = |error: std::io::Error| error.to_string();
        let mut refusal = None;
        loop {
            let mut header = [0; 5];
            if let Err(error) = self.stream.read_exact(&mut header) {
                return Err(refusal.unwrap_or_else(|| text(error)));
            }
            let [kind, length @ ..] = header;
            let mut body = vec![0; u32::from_be_bytes(length).saturating_sub(4) as usize];
            self.stream.read_exact(&mut body).map_err(text)?;
            match kind {
                b'E' if refusal.is_none() => refusal = Some(message(&body)),
                b'Z' => return refusal.map_or(Ok(()), Err),
                _ => {}
            }
        }
    }
}

/// The field `M` of an error.
fn message(body: &[u8]) -> String {
    let field = body.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(field.unwrap_or_default()).into_owned()
}
