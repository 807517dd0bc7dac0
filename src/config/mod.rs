//! `proxy.toml`: as written, then as checked. The rest of the program sees only [`Config`].

mod limits;
mod listen;
mod live;
mod load;
mod network;
mod read;
mod reload;

pub use limits::{Limits, UserLimit};
pub use live::Live;
pub use load::{ConfigError, Environment, SOURCE_PASSWORD, TARGET_PASSWORD};
pub use network::Network;
pub use read::Problem;
pub use reload::{ReloadReport, reload};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A password. Never printed: `Debug` shows stars.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself; for handing to a server, never to a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: Listen,
    /// Absent when Bascule serves from PostgreSQL alone.
    pub source: Option<Source>,
    pub target: Target,
    pub mirror: Mirror,
    pub spool: Spool,
    pub verify: Verify,
    pub cutover: Cutover,
    pub admin: Admin,
    pub accounts: Vec<Account>,
    pub log: Log,
}

/// `[listen]`: the applications' door.
#[derive(Clone, Debug)]
pub struct Listen {
    pub address: SocketAddr,
    /// A unix socket beside it.
    pub socket: Option<ListenSocket>,
    /// Load balancers whose PROXY header is believed.
    pub proxy_protocol_from: Vec<Network>,
    /// TLS offered to clients; `None` when switched off.
    pub tls: Option<ListenTls>,
    pub max_connections: usize,
    pub handshake_timeout: Duration,
    /// Largest packet taken from a client, in bytes.
    pub max_allowed_packet: usize,
    /// Number of session threads.
    pub threads: usize,
    pub limits: Limits,
}

/// The unix socket of the applications' door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenSocket {
    pub path: PathBuf,
    /// Permissions of the socket's file.
    pub mode: u32,
}

/// TLS of the applications' door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenTls {
    pub certificate: ListenCertificate,
    /// The lowest version that a client may speak.
    pub min_version: TlsVersion,
    /// Whether clients are asked for certificates of their own.
    pub clients: ClientCertificates,
}

impl ListenTls {
    /// What is offered when the configuration says nothing.
    #[must_use]
    pub const fn self_signed() -> Self {
        Self {
            certificate: ListenCertificate::SelfSigned,
            min_version: TlsVersion::V1_2,
            clients: ClientCertificates::Off,
        }
    }
}

/// Certificate of the applications' door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenCertificate {
    /// PEM files.
    Files { certificate: PathBuf, key: PathBuf },
    /// Made at start.
    SelfSigned,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    V1_2,
    V1_3,
}

/// Certificates of clients, checked against the authorities in a PEM file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They aren't asked for any.
    Off,
    /// Who shows one must show a good one.
    Optional { ca: PathBuf },
    /// Nobody comes in without one, nor without TLS.
    Required { ca: PathBuf },
}

/// TLS towards a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    Off,
    /// Encrypted; the certificate isn't checked.
    Required,
    /// Encrypted and checked against this CA file.
    Verify {
        ca: PathBuf,
    },
}

/// A certificate that Bascule shows, and its key: PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCertificate {
    /// With the authorities between it and one that the other side knows, if there are any.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// `[source]`: the real MySQL.
#[derive(Clone, Debug)]
pub struct Source {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Secret,
    /// Databases to carry.
    pub databases: Vec<String>,
    pub tls: Tls,
    /// What MySQL is shown, in all connections to it.
    pub tls_certificate: Option<OwnCertificate>,
    pub connect_timeout: Duration,
}

/// `[target]`: PostgreSQL.
#[derive(Clone, Debug)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Secret,
    /// The PostgreSQL database that holds everything.
    pub database: String,
    pub tls: Tls,
    pub connect_timeout: Duration,
    /// Connections for serving clients.
    pub max_connections: usize,
}

/// By which way changes come from MySQL to PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Sessions' writes are captured on their way through the proxy and repeated.
    Statements,
    /// MySQL's binary log is followed row by row.
    Binlog,
}

impl Lane {
    /// The word in the configuration and in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Statements => "statements",
            Self::Binlog => "binlog",
        }
    }
}

/// `[mirror]`.
#[derive(Clone, Debug)]
pub struct Mirror {
    pub source: Lane,
    /// How long commits may be held while the snapshot opens.
    pub hold_limit: Duration,
    /// How long open transactions may take to end when mirroring starts.
    pub drain_limit: Duration,
    /// Connections that copy side by side.
    pub copy_workers: usize,
    /// Bytes of a part of a large table, by MySQL's estimate of a row.
    pub copy_part_bytes: u64,
    /// The copy waits while MySQL works on more statements of others than these; `None` for no limit.
    pub copy_threads_running: Option<u64>,
}

/// `[spool]`.
#[derive(Clone, Debug)]
pub struct Spool {
    pub directory: PathBuf,
    /// Bytes on disk; beyond it mirroring falls to "resync needed".
    pub limit_bytes: u64,
    /// True: OK is released after fsync. False (`sync = "async"`): after write.
    pub fsync: bool,
}

/// `[verify]`.
#[derive(Clone, Copy, Debug)]
pub struct Verify {
    /// Percent of the time in which a comparison may work.
    pub share: u8,
}

/// `[cutover]`.
#[derive(Clone, Debug)]
pub struct Cutover {
    /// How long clients may be held at most.
    pub pause_limit: Duration,
    /// How long open transactions may go on before the attempt is released.
    pub drain_limit: Duration,
    /// Kinds of objects that the flip may leave behind although rows depend on them: see [`LEFT_BEHIND`].
    pub leave_behind: Vec<String>,
}

/// What isn't carried and changes or refuses rows: without the operator's word a flip doesn't go without it.
pub const LEFT_BEHIND: [&str; 3] = ["trigger", "event", "check constraint"];

/// `[admin]`.
#[derive(Clone, Debug)]
pub struct Admin {
    pub socket: PathBuf,
    /// Where load balancers ask for health over TCP; `None` when they don't.
    pub health_address: Option<SocketAddr>,
}

/// `[[accounts]]`: who may log in while PostgreSQL serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: String,
    pub secret: AccountSecret,
}

/// How an account proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountSecret {
    Password(Secret),
    /// MySQL's `authentication_string` with its plugin.
    AuthenticationString {
        plugin: String,
        text: Secret,
    },
}

/// `[log]`.
#[derive(Clone, Debug)]
pub struct Log {
    pub level: String,
    pub json: bool,
}
