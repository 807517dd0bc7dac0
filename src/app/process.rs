//! The process as its operator sees it: reading the configuration again, and telling whether clients can be sent here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::handover::Estate;
use crate::admin::{HandOverRequest, Handing, Health, OperationError, Peer, Process, Refusal, ReloadReport, Reply};
use crate::config::{self, Config, Live};
use crate::frontend::serve::{Accounts, Serving};
use crate::frontend::tls::{Certificates, Reloaded};
use crate::observe::LogLevel;
use crate::route::{Route, ServingSide};
use crate::source::connect::Connector;
use crate::source::inspect;
use crate::store::ImportedAccount;
use crate::target::Client;

/// How long an answer about the serving database holds.
const FRESH: Duration = Duration::from_secs(2);
/// How long the serving database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Reads something again that isn't in the file itself, such as certificates: whether it changed, or why it stays as it is.
pub(super) type Reread = Box<dyn Fn() -> Result<bool, String> + Send + Sync>;

/// The files that a reload reads again: of what clients are shown and trusted by, and of what MySQL is.
pub(super) fn rereads(
    certificates: Option<&Arc<Certificates>>,
    connector: Option<&Connector>,
) -> Vec<(&'static str, Reread)> {
    let source = connector.map(|connector| {
        let connector = connector.clone();
        let read: Reread = Box::new(move || connector.reload().map_err(|error| error.to_string()));
        ("source.tls_certificate (its files, and tls_ca)", read)
    });
    certificates.map(self::certificates).into_iter().chain(source).collect()
}

fn certificates(of: &Arc<Certificates>) -> (&'static str, Reread) {
    let certificates = Arc::clone(of);
    let read = move || match certificates.reload() {
        Ok(Reloaded::Files) => Ok(true),
        Ok(Reloaded::Nothing) => Ok(false),
        Err(error) => Err(error.to_string()),
    };
    ("listen.certificate (its files)", Box::new(read))
}

/// See the module.
pub(super) struct Running {
    /// Absent when it wasn't started from a file.
    pub(super) file: Option<PathBuf>,
    pub(super) config: Arc<Live>,
    pub(super) route: Arc<Route>,
    pub(super) serving: Arc<Serving>,
    pub(super) imported: tokio::sync::watch::Receiver<Vec<ImportedAccount>>,
    pub(super) log: Option<LogLevel>,
    /// What a reload reads again beside the file, with the name under which it's told.
    pub(super) rereads: Vec<(&'static str, Reread)>,
    /// Cancelled when Bascule stops.
    pub(super) stopping: CancellationToken,
    pub(super) estate: Arc<Estate>,
    /// One reload at a time.
    pub(super) turn: Mutex<()>,
    pub(super) reached: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Process for Running {
    fn reload(&self) -> Reply<'_, ReloadReport> {
        Box::pin(async {
            let _turn = self.turn.lock().await;
            match self.read_again() {
                Ok(report) => {
                    info!(applied = ?report.applied, needs_restart = ?report.needs_restart, "the configuration was read again");
                    Ok(report)
                }
                Err(error) => {
                    warn!(reason = error.message, "the configuration stays as it is");
                    Err(error)
                }
            }
        })
    }

    fn hand_over(&self, request: HandOverRequest, peer: Peer) -> Reply<'_, Handing> {
        Box::pin(async move {
            let handing = self.estate.asked(&request, peer);
            if let Err(error) = &handing {
                info!(pid = request.pid, reason = error.message, "a hand-over was refused");
            }
            handing
        })
    }

    fn health(&self) -> Reply<'_, Health> {
        Box::pin(async {
            // Whoever has this one's place takes care of clients.
            if self.stopping.is_cancelled() && !self.estate.given.is_cancelled() {
                return Ok(Health { reasons: vec!["Bascule is stopping".to_owned()] });
            }
            let reasons = self.reached().await.err().into_iter().collect();
            Ok(Health { reasons })
        })
    }
}

impl Running {
    fn read_again(&self) -> Result<ReloadReport, OperationError> {
        let file = self.file.as_ref().ok_or_else(|| {
            OperationError::new(
                Refusal::NotNow,
                "this Bascule wasn't started from a file: there is nothing to read again",
            )
        })?;
        let fresh = Config::load(file).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            let message = format!("nothing was changed: {error}{source}");
            OperationError::new(Refusal::Invalid, message).hint("mend the file, then `bascule reload` again")
        })?;
        let mut unchanged = Vec::new();
        let mut reread = Vec::new();
        // Before the file's values: what can't be read is a reason to change nothing.
        for (name, read) in &self.rereads {
            let changed = read().map_err(|reason| {
                OperationError::new(Refusal::Invalid, format!("nothing was changed: {name}: {reason}"))
            })?;
            if changed { reread.push((*name).to_owned()) } else { unchanged.push((*name).to_owned()) }
        }
        let mut report = config::reload(&self.config, &fresh);
        report.applied.extend(reread);
        report.unchanged.extend(unchanged);
        self.put_in_force(&report);
        Ok(report)
    }

    /// What isn't read from the configuration each time.
    fn put_in_force(&self, report: &ReloadReport) {
        let now = self.config.now();
        let applied = |key: &str| report.applied.iter().any(|name| name == key);
        if applied("accounts") {
            self.serving.accounts.store(Arc::new(Accounts::new(&now.accounts, &self.imported.borrow())));
        }
        if let Some(log) = self.log.as_ref().filter(|_| applied("log.level")) {
            log.set(&now.log);
        }
    }

    /// Whether the database that serves can be reached with Bascule's own account.
    async fn reached(&self) -> Result<(), String> {
        let mut last = self.reached.lock().await;
        if let Some((at, outcome)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            let _ = at;
            return outcome.clone();
        }
        let asked = timeout(PATIENCE, self.ask()).await;
        let outcome = asked.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        let outcome = outcome.map_err(|reason| match self.route.serving() {
            ServingSide::Source => format!("MySQL can't be reached: {reason}"),
            ServingSide::Target => format!("PostgreSQL can't be reached: {reason}"),
        });
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// A login, since MySQL counts connections without one against their host and refuses it in the end.
    async fn ask(&self) -> Result<(), String> {
        match (self.route.serving(), &self.config.source) {
            (ServingSide::Source, Some(source)) => {
                let connection = inspect::connect(source).await.map_err(|error| error.to_string())?;
                // It's gone either way; a server that doesn't answer the goodbye has answered the login.
                let _ = connection.disconnect().await;
                Ok(())
            }
            (ServingSide::Source, None) | (ServingSide::Target, _) => {
                let asked = Client::connect(&self.config.target, "bascule health").await;
                asked.map(drop).map_err(|error| error.to_string())
            }
        }
    }
}
