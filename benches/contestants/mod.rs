//! The ways to MySQL that are compared: none, Bascule, and the peers that are on this machine.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(20);
const FOLLOW_LIMIT: Duration = Duration::from_secs(60);
/// The unit of `utime` and `stime` in /proc: the kernel shows them in hundredths of a second.
const TICK_MICROS: f64 = 10_000.0;

/// A way to MySQL.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    /// The proxy's process; none for the direct way.
    pid: Option<u32>,
    /// Only with the one who started it.
    process: Option<Child>,
}

impl Contestant {
    /// MySQL itself.
    pub(crate) const fn direct(port: u16) -> Self {
        Self { name: "direct", port, pid: None, process: None }
    }

    /// Our own program in mode passthrough.
    pub(crate) fn bascule(folder: &Path, mysql: u16, postgres: u16) -> Result<Self, String> {
        Self::bascule_by(folder, mysql, postgres, "statements")
    }

    /// The same; changes come by a lane once it mirrors.
    pub(crate) fn bascule_by(folder: &Path, mysql: u16, postgres: u16, lane: &str) -> Result<Self, String> {
        let port = free_port()?;
        let config = folder.join("proxy.toml");
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:{port}\"\ntls = \"off\"\nmax_connections = 12000\n\
             [source]\nhost = \"127.0.0.1\"\nport = {mysql}\nuser = \"root\"\npassword = \"\"\ndatabases = [\"bench\"]\n\
             [target]\nhost = \"127.0.0.1\"\nport = {postgres}\nuser = \"postgres\"\npassword = \"\"\n\
             database = \"bascule\"\n\
             [mirror]\nsource = \"{lane}\"\n\
             [log]\nlevel = \"error\"\n"
        );
        fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.arg("run").arg("--config").arg(&config);
        Self::start("bascule", command, folder, port)
    }

    /// Our own program in front of a source whose database `bench` it can copy by the lane of the binary log.
    pub(crate) fn copying(folder: &Path, source: u16, (postgres, database): (u16, &str)) -> Result<Self, String> {
        let port = free_port()?;
        let config = folder.join("proxy.toml");
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:{port}\"\ntls = \"off\"\n\
             [source]\nhost = \"127.0.0.1\"\nport = {source}\nuser = \"root\"\npassword = \"\"\ndatabases = [\"bench\"]\n\
             [target]\nhost = \"127.0.0.1\"\nport = {postgres}\nuser = \"postgres\"\npassword = \"\"\n\
             database = \"{database}\"\n\
             [mirror]\nsource = \"binlog\"\n\
             [log]\nlevel = \"warn\"\n"
        );
        fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.arg("run").arg("--config").arg(&config);
        Self::start("bascule", command, folder, port)
    }

    /// Our own program serving from PostgreSQL alone; `root` has no password.
    pub(crate) fn serving(folder: &Path, postgres: u16, database: &str, connections: usize) -> Result<Self, String> {
        let port = free_port()?;
        let config = folder.join("proxy.toml");
        let text = format!(
            "[listen]\naddress = \"127.0.0.1:{port}\"\ntls = \"off\"\n\
             [target]\nhost = \"127.0.0.1\"\nport = {postgres}\nuser = \"postgres\"\npassword = \"\"\n\
             database = \"{database}\"\nmax_connections = {connections}\n\
             [[accounts]]\nuser = \"root\"\npassword = \"\"\n\
             [log]\nlevel = \"error\"\n"
        );
        fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.arg("run").arg("--config").arg(&config);
        Self::start("bascule", command, folder, port)
    }

    /// The running Bascule after it was told to mirror and follows; `folder` is the one it was started with. Its CPU
    /// time is then that of capturing, spooling and replaying too.
    pub(crate) fn mirroring(&self, folder: &Path) -> Result<Self, String> {
        follow(folder)?;
        Ok(Self { name: "bascule, mirroring", port: self.port, pid: self.pid, process: None })
    }

    /// HAProxy in mode tcp, from PATH or where Debian puts it.
    pub(crate) fn haproxy(folder: &Path, mysql: u16) -> Result<Self, String> {
        let program = find("haproxy").ok_or("haproxy isn't installed (Debian package haproxy)")?;
        let port = free_port()?;
        let config = folder.join("haproxy.cfg");
        let text = format!(
            "global\n  maxconn 9500\ndefaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n  \
             timeout server 1h\nlisten mysql\n  bind 127.0.0.1:{port}\n  server mysql 127.0.0.1:{mysql}\n"
        );
        fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&config);
        Self::start("haproxy", command, folder, port)
    }

    /// MySQL Router, from PATH or as `BASCULE_MYSQLROUTER` names it.
    pub(crate) fn router(folder: &Path, mysql: u16) -> Result<Self, String> {
        let named = std::env::var_os("BASCULE_MYSQLROUTER").map(PathBuf::from);
        let missing = "mysqlrouter isn't installed (Debian package mysql-router; or name it in BASCULE_MYSQLROUTER)";
        let program = named.or_else(|| find("mysqlrouter")).ok_or(missing)?;
        let port = free_port()?;
        let config = folder.join("router.conf");
        let tree = program.ancestors().nth(3).unwrap_or(Path::new("/"));
        let own = folder.display();
        let text = format!(
            "[DEFAULT]\nlogging_folder=\nruntime_folder={own}\ndata_folder={own}\nplugin_folder={}\n\
             max_total_connections=12000\n[logger]\nlevel=error\n[routing:bench]\nbind_address=127.0.0.1\n\
             bind_port={port}\ndestinations=127.0.0.1:{mysql}\nrouting_strategy=first-available\nprotocol=classic\n\
             max_connections=12000\nclient_ssl_mode=DISABLED\nserver_ssl_mode=DISABLED\n",
            tree.join("usr/lib/mysqlrouter/plugin").display()
        );
        fs::write(&config, text).map_err(|error| error.to_string())?;
        let mut command = extracted(tree, &program).unwrap_or_else(|| Command::new(&program));
        command.arg("-c").arg(&config);
        Self::start("mysqlrouter", command, folder, port)
    }

    fn start(name: &'static str, mut command: Command, folder: &Path, port: u16) -> Result<Self, String> {
        let log = folder.join(format!("{name}.log"));
        let file = fs::File::create(&log).map_err(|error| error.to_string())?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(file).stderr(copy);
        let child = command.spawn().map_err(|error| format!("{name} can't be run: {error}"))?;
        let mut contestant = Self { name, port, pid: Some(child.id()), process: Some(child) };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = contestant.process.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || begun.elapsed() > START_LIMIT {
                let text = fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("{name} didn't start: {}", text.trim()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(contestant)
    }

    /// CPU time of all its threads so far, in microseconds; of the proxy only, so none for the direct way.
    pub(crate) fn cpu_micros(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid?)).ok()?;
        // The name in parentheses may hold anything; after it come state, …; utime and stime are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some((user + system) * TICK_MICROS)
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> Option<f64> {
        self.memory_kib("VmRSS:")
    }

    /// The most resident memory that it had, in KiB.
    pub(crate) fn peak_kib(&self) -> Option<f64> {
        self.memory_kib("VmHWM:")
    }

    /// The most begins anew with what it has now; `None` where the kernel doesn't allow that.
    pub(crate) fn forget_peak(&self) -> Option<()> {
        fs::write(format!("/proc/{}/clear_refs", self.pid?), "5").ok()
    }

    fn memory_kib(&self, of: &str) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(of))?;
        line.split_whitespace().next()?.parse().ok()
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        if let Some(child) = &mut self.process {
            // It may have ended by itself; then there is nothing to end.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Lets the Bascule that was started in `folder` mirror, and waits until it follows.
pub(crate) fn follow(folder: &Path) -> Result<(), String> {
    ask(folder, &["mode", "mirror"])?;
    let begun = Instant::now();
    while begun.elapsed() < FOLLOW_LIMIT {
        let status = ask(folder, &["status"])?;
        let phase = status.get("mirror").and_then(|mirror| mirror.get("phase"));
        match phase.and_then(serde_json::Value::as_str) {
            Some("streaming") => return Ok(()),
            Some("halted") => return Err(format!("it halted: {status}")),
            Some(_) | None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    Err(format!("it doesn't follow within {} s", FOLLOW_LIMIT.as_secs()))
}

/// What the Bascule that was started in `folder` answers to words of the command line.
pub(crate) fn ask(folder: &Path, words: &[&str]) -> Result<serde_json::Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
    command.args(words).arg("--json").arg("--config").arg(folder.join("proxy.toml"));
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    match serde_json::from_slice(&output.stdout) {
        Ok(answer) => Ok(answer),
        Err(_) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// pgloader, from PATH or as `BASCULE_PGLOADER` names it.
pub(crate) fn pgloader() -> Option<PathBuf> {
    std::env::var_os("BASCULE_PGLOADER").map(PathBuf::from).or_else(|| find("pgloader"))
}

/// A port that nobody listens on now.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// A program on PATH or in the folders that PATH of ordinary users often lacks.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// How a program of an extracted package tree is run: by the tree's own loader and libraries.
fn extracted(tree: &Path, program: &Path) -> Option<Command> {
    let folders = fs::read_dir(tree.join("usr/lib")).ok()?.flatten().map(|entry| entry.path());
    let triplet = folders.into_iter().find(|path| path.to_string_lossy().ends_with("-linux-gnu"))?;
    let loaders = fs::read_dir(&triplet).ok()?.flatten().map(|entry| entry.path());
    let is_loader =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"));
    let loader = loaders.into_iter().find(is_loader).filter(|_| tree != Path::new("/"))?;
    let libraries = [triplet, tree.join("usr/lib/mysql/private"), tree.join("usr/lib/mysql-router")];
    let mut command = Command::new(loader);
    command.arg("--library-path").arg(std::env::join_paths(libraries).ok()?).arg(program);
    Some(command)
}
