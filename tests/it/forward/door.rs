//! A door in front of a MySQL, opened inside the test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bascule::capture::Capture;
use bascule::config::{Config, ListenTls, Secret, Tls};
use bascule::frontend::rsa::KeyPair;
use bascule::frontend::tls::Certificates;
use bascule::frontend::{Arrival, Carried, Door, Inherited, OpenDoor, Serve, Served, Sockets, open};
use bascule::observe::Metrics;
use bascule::route::{Control, Mode, Route, Session};
use bascule::source::connect::Connector;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Keeps what is handed over for the test to look at.
pub(crate) struct Keeper(mpsc::Sender<Carried>);

impl Serve for Keeper {
    fn carry(&self, session: Carried) -> Served {
        let keeper = self.0.clone();
        Box::pin(async move {
            let _ = keeper.send(session).await;
        })
    }

    fn accept(&self, arrival: Arrival, _session: Session) -> Served {
        Box::pin(async move { drop(arrival) })
    }
}

/// An open door.
pub(crate) struct Opened {
    pub(crate) address: SocketAddr,
    pub(crate) route: Arc<Route>,
    pub(crate) control: Control,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) carried: mpsc::Receiver<Carried>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) door: OpenDoor,
    pub(crate) capture: Option<Arc<Capture>>,
    pub(crate) certificates: Option<Arc<Certificates>>,
    pub(crate) connector: Option<Connector>,
    folder: tempfile::TempDir,
}

/// A change of the configuration, whose files may be put into the folder.
pub(crate) type Change = Box<dyn FnOnce(&mut Config, &Path)>;

/// How the door differs from the usual one.
#[derive(Default)]
pub(crate) struct Wishes {
    pub(crate) client_tls: bool,
    pub(crate) source_tls: bool,
    pub(crate) max_connections: Option<usize>,
    pub(crate) handshake_timeout: Option<std::time::Duration>,
    pub(crate) captures: bool,
    pub(crate) limits: bascule::config::Limits,
    /// PostgreSQL serves, there's no MySQL.
    pub(crate) serves: Option<Arc<dyn Serve>>,
    /// Changes anything else of the configuration; the folder goes with the door.
    pub(crate) further: Option<Change>,
}

impl Opened {
    /// Opens a door on a free port in front of the MySQL at `port`.
    pub(crate) fn before(port: u16, wishes: Wishes) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config(folder.path(), port);
        config.listen.tls = wishes.client_tls.then(ListenTls::self_signed);
        if let (true, Some(source)) = (wishes.source_tls, &mut config.source) {
            source.tls = Tls::Required;
        }
        config.listen.max_connections = wishes.max_connections.unwrap_or(1000);
        config.listen.handshake_timeout = wishes.handshake_timeout.unwrap_or(std::time::Duration::from_secs(20));
        config.listen.limits = wishes.limits;
        if let Some(further) = wishes.further {
            further(&mut config, folder.path());
        }
        let capture = wishes.captures.then(|| Capture::open(&config.spool).expect("a spool").0);
        let (route, control) = Route::new(Mode::Passthrough, 1);
        let metrics = Arc::new(Metrics::default());
        let (keeper, carried) = mpsc::channel(16);
        let shutdown = CancellationToken::new();
        let certificates =
            config.listen.tls.as_ref().map(|tls| Arc::new(Certificates::new(tls).expect("a certificate")));
        if wishes.serves.is_some() {
            config.source = None;
            control.set_mode(Mode::Postgres, 2);
        }
        let connector = config.source.as_ref().map(|source| Connector::new(source).expect("TLS of the source"));
        let sockets = Sockets::open(&config.listen, Inherited::default()).expect("the door listens");
        let door = Door {
            config: Arc::new(config.into()),
            route: Arc::clone(&route),
            capture: capture.clone(),
            catalogue: Arc::default(),
            serve: wishes.serves.unwrap_or_else(|| Arc::new(Keeper(keeper))),
            metrics: Arc::clone(&metrics),
            keys: Arc::new(KeyPair::new()),
            certificates: certificates.clone(),
            connector: connector.clone(),
            shutdown: shutdown.clone(),
            boundary: shutdown.clone(),
            cut: CancellationToken::new(),
        };
        let door = open(door, sockets).expect("the door opens");
        Self {
            address: door.address(),
            route,
            control,
            metrics,
            carried,
            shutdown,
            door,
            capture,
            certificates,
            connector,
            folder,
        }
    }

    /// A folder that goes with the door.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until no session is left.
    pub(crate) async fn all_gone(&self) {
        while self.route.session_count() > 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Shuts the door and waits for its sessions.
    pub(crate) async fn close(self) {
        self.shutdown.cancel();
        self.door.closed().await;
    }
}

fn config(folder: &Path, port: u16) -> Config {
    let text = format!(
        "[listen]\naddress = \"127.0.0.1:0\"\n[source]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"root\"\n\
         databases = [\"d\"]\n[target]\nhost = \"127.0.0.1\"\nport = 1\nuser = \"p\"\ndatabase = \"p\"\n\
         [spool]\ndirectory = \"spool\"\n"
    );
    let mut config = Config::parse(&text, folder, &|_| Some("x".to_owned())).expect("a configuration");
    if let Some(source) = &mut config.source {
        source.password = Secret::new("");
    }
    config
}
