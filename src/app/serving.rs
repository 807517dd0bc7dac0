//! The bridge between the door and the serving sessions: accounts that arrive while Bascule runs, and the trait that
//! the door knows.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::frontend::rsa::KeyPair;
use crate::frontend::serve::{self, Accounts};
use crate::frontend::{Carried, Serve, Served};
use crate::observe::Metrics;
use crate::route;
use crate::schema::Catalogue;
use crate::store::ImportedAccount;

/// What serving needs.
pub(super) struct Parts {
    pub(super) config: Arc<Config>,
    pub(super) catalogue: Arc<ArcSwap<Catalogue>>,
    /// Accounts of MySQL, as imported last.
    pub(super) imported: watch::Receiver<Vec<ImportedAccount>>,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) keys: Arc<KeyPair>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

/// Serving sessions, as the door sees them.
pub(super) struct Serving(Arc<serve::Serving>);

impl Serving {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        let Parts { config, catalogue, mut imported, tls, keys, metrics, stop, tasks } = parts;
        let accounts = Accounts::new(&config.accounts, &imported.borrow_and_update());
        let serving = serve::Serving::new(serve::Parts {
            catalogue,
            accounts,
            tls,
            rsa: keys,
            metrics,
            config: Arc::clone(&config),
            server_version: None,
            stop: stop.clone(),
        });
        let renewed = Arc::clone(&serving);
        tasks.spawn(async move {
            loop {
                tokio::select! {
                    changed = imported.changed() => if changed.is_err() { return },
                    () = stop.cancelled() => return,
                }
                let accounts = Accounts::new(&config.accounts, &imported.borrow_and_update());
                renewed.accounts.store(Arc::new(accounts));
            }
        });
        Arc::new(Self(serving))
    }
}

impl Serve for Serving {
    fn carry(&self, session: Carried) -> Served {
        Box::pin(serve::carry(Arc::clone(&self.0), session))
    }

    fn accept(&self, stream: TcpStream, session: route::Session) -> Served {
        Box::pin(serve::accept(Arc::clone(&self.0), stream, session))
    }
}
