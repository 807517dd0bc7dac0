//! From the file's text to the checked [`Config`]: defaults, bounds, passwords from the environment or from files.
//! All problems are told at once. `proxy.toml` at the root of the repository documents every key; a test holds it to
//! the defaults here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use super::listen;
use super::read::{Problem, Problems, Section};
use super::{
    Account, AccountSecret, Admin, Config, Cutover, LEFT_BEHIND, Lane, Limits, Listen, Log, Mirror, OwnCertificate,
    Secret, Source, Spool, Target, Tls, Verify,
};

/// The environment variable that wins over `source.password`.
pub const SOURCE_PASSWORD: &str = "BASCULE_SOURCE_PASSWORD";
/// The environment variable that wins over `target.password`.
pub const TARGET_PASSWORD: &str = "BASCULE_TARGET_PASSWORD";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file couldn't be read.
    #[error("can't read {path}")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// Everything that is wrong in it.
    #[error("{} has {} problem{}:\n{}", path.display(), problems.len(), if problems.len() == 1 { "" } else { "s" },
        problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n"))]
    Invalid { path: PathBuf, problems: Vec<Problem> },
}

/// Looks up an environment variable; a function, so that tests need no process-wide state.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Reads and checks a file, with the process' environment.
    ///
    /// # Errors
    /// When it can't be read, or all that is wrong in it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let full = std::path::absolute(path).map_err(unreadable)?;
        let base = full.parent().unwrap_or(Path::new("/"));
        let parsed = Self::parse(&text, base, &|name| std::env::var(name).ok());
        parsed.map_err(|problems| ConfigError::Invalid { path: path.to_owned(), problems })
    }

    /// Checks the text of a file; relative paths in it are relative to `base`.
    ///
    /// # Errors
    /// All that is wrong in it.
    pub fn parse(text: &str, base: &Path, environment: Environment<'_>) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let problems = Problems::new(text);
        for error in &errors {
            // The error's own display quotes the line, which may hold a password.
            problems.add(error.span().map(|span| span.start), "syntax", error.message());
        }
        if !errors.is_empty() {
            return Err(problems.into_inner());
        }
        let config = {
            let root = Section::new(String::new(), Some(table.get_ref()), &problems);
            Checker { base, environment }.config(root)
        };
        let found = problems.into_inner();
        if found.is_empty() { Ok(config) } else { Err(found) }
    }
}

struct Checker<'a> {
    base: &'a Path,
    environment: Environment<'a>,
}

impl Checker<'_> {
    fn config(&self, mut root: Section<'_, '_>) -> Config {
        let config = Config {
            listen: self.listen(root.section("listen")),
            source: self.source(root.section("source")),
            target: self.target(root.section("target")),
            mirror: mirror(root.section("mirror")),
            spool: self.spool(root.section("spool")),
            verify: verify(root.section("verify")),
            cutover: cutover(root.section("cutover")),
            admin: self.admin(root.section("admin")),
            accounts: root.sections("accounts").into_iter().map(|section| self.account(section)).collect(),
            log: log(root.section("log")),
        };
        root.finish();
        config
    }

    fn listen(&self, mut section: Section<'_, '_>) -> Listen {
        let address = section.text("address").unwrap_or_else(|| "127.0.0.1:3307".into());
        let address = address.parse().unwrap_or_else(|_| {
            section.problem("address", "must be an IP address and a port, such as \"0.0.0.0:3307\"");
            std::net::SocketAddr::from(([127, 0, 0, 1], 3307))
        });
        let tls = listen::tls(&mut section, self.base);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        let threads = match size(section.number("threads", 0..=1024, 0)) {
            0 => cores,
            threads => threads,
        };
        let listen = Listen {
            address,
            socket: listen::socket(&mut section, self.base),
            proxy_protocol_from: listen::proxy_protocol(&mut section),
            tls,
            max_connections: size(section.number("max_connections", 1..=1_000_000, 2_000)),
            handshake_timeout: section.time("handshake_timeout_seconds", 1..=3_600, 10),
            max_allowed_packet: size(section.number("max_allowed_packet_bytes", 1_024..=1_073_741_824, 67_108_864)),
            threads,
            limits: limits(&mut section),
        };
        section.finish();
        listen
    }

    fn source(&self, mut section: Section<'_, '_>) -> Option<Source> {
        if !section.is_present() {
            return None;
        }
        let tls = self.tls(&mut section);
        let source = Source {
            host: section.required("host", "the name or address of the MySQL server"),
            port: port(&mut section, 3306),
            user: section.required("user", "the account that reads the catalogue and the snapshot"),
            password: self.password(&mut section, SOURCE_PASSWORD).unwrap_or_default(),
            databases: section.texts("databases"),
            tls_certificate: self.own_certificate(&mut section, &tls),
            tls,
            connect_timeout: section.time("connect_timeout_seconds", 1..=3_600, 10),
        };
        if source.databases.is_empty() {
            section.problem("databases", "must name at least one database to carry");
        }
        section.finish();
        Some(source)
    }

    fn target(&self, mut section: Section<'_, '_>) -> Target {
        let target = Target {
            host: section.required("host", "the name or address of the PostgreSQL server"),
            port: port(&mut section, 5432),
            user: section.required("user", "a role that may create schemas in the database"),
            password: self.password(&mut section, TARGET_PASSWORD).unwrap_or_default(),
            database: section.required("database", "the PostgreSQL database that holds everything"),
            tls: self.tls(&mut section),
            connect_timeout: section.time("connect_timeout_seconds", 1..=3_600, 10),
            max_connections: size(section.number("max_connections", 1..=10_000, 64)),
        };
        section.finish();
        target
    }

    fn spool(&self, mut section: Section<'_, '_>) -> Spool {
        let spool = Spool {
            directory: self.base.join(section.path("directory").unwrap_or_else(|| "run/spool".into())),
            limit_bytes: section.number("limit_bytes", 1_048_576..=1_125_899_906_842_624, 10_737_418_240),
            fsync: section.choice("sync", &[("fsync", true), ("async", false)], true),
        };
        section.finish();
        spool
    }

    fn admin(&self, mut section: Section<'_, '_>) -> Admin {
        let socket = self.base.join(section.path("socket").unwrap_or_else(|| "run/admin.sock".into()));
        // The kernel's limit on the path of a unix socket.
        if socket.as_os_str().len() > 107 {
            let length = socket.as_os_str().len();
            section.problem("socket", format!("is too long: {length} bytes with its folder, at most 107"));
        }
        let health_address = section.text("health_address").and_then(|address| {
            let parsed = address.parse().ok();
            if parsed.is_none() {
                section.problem("health_address", "must be an IP address and a port, such as \"0.0.0.0:3308\"");
            }
            parsed
        });
        section.finish();
        Admin { socket, health_address }
    }

    fn account(&self, mut section: Section<'_, '_>) -> Account {
        let user = section.required("user", "the name that clients log in with");
        let plugins =
            [("caching_sha2_password", "caching_sha2_password"), ("mysql_native_password", "mysql_native_password")];
        let plugin = section.choice("plugin", &plugins, "caching_sha2_password");
        let string = section.text("authentication_string").map(Secret::new);
        let password = self.password(&mut section, "");
        let secret = match (password, string) {
            (Some(password), None) => AccountSecret::Password(password),
            (None, Some(text)) => AccountSecret::AuthenticationString { plugin: plugin.into(), text },
            (Some(_), Some(_)) => {
                section.problem("authentication_string", "stands beside a password: give one of the two");
                AccountSecret::Password(Secret::default())
            }
            (None, None) => {
                let message = "or password_file or authentication_string is missing; write password = \"\" for none";
                section.problem("password", message);
                AccountSecret::Password(Secret::default())
            }
        };
        section.finish();
        Account { user, secret }
    }

    /// From the environment, else written out, else the first line of a file.
    fn password(&self, section: &mut Section<'_, '_>, variable: &str) -> Option<Secret> {
        let written = section.text("password");
        let file = section.path("password_file");
        if written.is_some() && file.is_some() {
            section.problem("password_file", "stands beside a password: give one of the two");
        }
        if let Some(password) = Some(variable).filter(|name| !name.is_empty()).and_then(self.environment) {
            return Some(Secret::new(password));
        }
        let Some(file) = file else { return written.map(Secret::new) };
        match std::fs::read_to_string(self.base.join(&file)) {
            Ok(text) => Some(Secret::new(text.lines().next().unwrap_or_default())),
            Err(error) => {
                section.problem("password_file", format!("can't be read: {error}"));
                None
            }
        }
    }

    /// The certificate that is shown to a server.
    fn own_certificate(&self, section: &mut Section<'_, '_>, tls: &Tls) -> Option<OwnCertificate> {
        let certificate = section.path("tls_certificate").map(|path| self.base.join(path));
        let key = section.path("tls_key").map(|path| self.base.join(path));
        match (certificate, key) {
            (None, None) => None,
            (Some(_), Some(_)) if *tls == Tls::Off => {
                section.problem("tls_certificate", "has no meaning unless tls = \"required\" or \"verify\"");
                None
            }
            (Some(certificate), Some(key)) => Some(OwnCertificate { certificate, key }),
            (Some(_), None) => {
                section.problem("tls_certificate", "needs tls_key: the PEM file of its private key");
                None
            }
            (None, Some(_)) => {
                section.problem("tls_key", "needs tls_certificate: the PEM file of the certificate that it belongs to");
                None
            }
        }
    }

    fn tls(&self, section: &mut Section<'_, '_>) -> Tls {
        let ca = section.path("tls_ca").map(|path| self.base.join(path));
        let wanted = section.choice("tls", &[("off", 0), ("required", 1), ("verify", 2)], 0);
        match (wanted, ca) {
            (0, None) => Tls::Off,
            (1, None) => Tls::Required,
            (2, Some(ca)) => Tls::Verify { ca },
            (2, None) => {
                section.problem("tls", "\"verify\" needs tls_ca: the PEM file of the authority that signs the server");
                Tls::Required
            }
            (_, _) => {
                section.problem("tls_ca", "has no meaning unless tls = \"verify\"");
                Tls::Required
            }
        }
    }
}

fn limits(section: &mut Section<'_, '_>) -> Limits {
    let otherwise = Limits::default();
    let shutdown = section.time("shutdown_timeout_seconds", 0..=86_400, otherwise.shutdown_timeout.as_secs());
    Limits {
        shutdown_timeout: shutdown,
        max_user_connections: match size(section.number("max_user_connections", 0..=1_000_000, 0)) {
            0 => None,
            most => Some(most),
        },
        user_connections: section.numbers("user_connections", 0..=1_000_000).into_iter().map(counted).collect(),
        idle_timeout: unless_zero(section.time("idle_timeout_seconds", 0..=31_536_000, 0)),
        keepalive: unless_zero(section.time("keepalive_seconds", 0..=32_767, 60)),
        unacknowledged: unless_zero(section.time("tcp_user_timeout_seconds", 0..=86_400, 0)),
    }
}

fn counted((user, most): (String, u64)) -> (String, usize) {
    (user, size(most))
}

fn unless_zero(time: Duration) -> Option<Duration> {
    (!time.is_zero()).then_some(time)
}

fn mirror(mut section: Section<'_, '_>) -> Mirror {
    let lanes = [Lane::Statements, Lane::Binlog].map(|lane| (lane.name(), lane));
    let mirror = Mirror {
        source: section.choice("source", &lanes, Lane::Statements),
        hold_limit: section.time("hold_limit_ms", 1..=60_000, 1_000),
        drain_limit: section.time("drain_limit_seconds", 1..=86_400, 30),
        copy_workers: size(section.number("copy_workers", 1..=64, 4)),
        copy_part_bytes: section.number("copy_part_bytes", 65_536..=1_073_741_824, 16_777_216),
        copy_threads_running: match section.number("copy_threads_running", 0..=100_000, 0) {
            0 => None,
            most => Some(most),
        },
    };
    section.finish();
    mirror
}

fn verify(mut section: Section<'_, '_>) -> Verify {
    let share = section.number("share", 1..=100, 10);
    section.finish();
    Verify { share: u8::try_from(share).unwrap_or(100) }
}

fn cutover(mut section: Section<'_, '_>) -> Cutover {
    let cutover = Cutover {
        pause_limit: section.time("pause_limit_ms", 100..=600_000, 10_000),
        drain_limit: section.time("drain_limit_ms", 1..=600_000, 5_000),
        leave_behind: section.texts("leave_behind"),
    };
    if cutover.leave_behind.iter().any(|kind| !LEFT_BEHIND.contains(&kind.as_str())) {
        section.problem("leave_behind", format!("may name: {}", LEFT_BEHIND.join(", ")));
    }
    if cutover.drain_limit + Duration::from_millis(50) > cutover.pause_limit {
        section.problem("drain_limit_ms", "must be less than pause_limit_ms: draining is a part of the pause");
    }
    section.finish();
    cutover
}

fn log(mut section: Section<'_, '_>) -> Log {
    let levels = ["error", "warn", "info", "debug", "trace"].map(|level| (level, level));
    let log = Log {
        level: section.choice("level", &levels, "info").into(),
        json: section.choice("format", &[("text", false), ("json", true)], false),
    };
    section.finish();
    log
}

fn port(section: &mut Section<'_, '_>, default: u16) -> u16 {
    u16::try_from(section.number("port", 1..=65_535, u64::from(default))).unwrap_or(default)
}

/// Numbers are bounded before they get here.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
