//! The parts of one Bascule put together, before and after it's decided who serves.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::handover::{Estate, Open};
use super::planner::SqlPlanner;
use super::process::{self, Running};
use super::stop::Ending;
use super::{App, AppError, Origin, serving};
use crate::admin::{self, Desks, Operations, Process};
use crate::capture::Capture;
use crate::config::Live;
use crate::cutover::{Desk, Director, Parts};
use crate::frontend::rsa::KeyPair;
use crate::frontend::serve::{self, Accounts, Serving};
use crate::frontend::tls::Certificates;
use crate::frontend::{self, Door, Sockets};
use crate::observe::{Exposition, Metrics, without_values};
use crate::replicate::Replicator;
use crate::route::{Mode, Route};
use crate::schema::Catalogue;
use crate::source::connect::Connector;
use crate::store::{ImportedAccount, Store};

/// Where the operator comes in.
pub(super) struct Operator {
    pub(super) socket: admin::Socket,
    pub(super) health: Option<TcpListener>,
}

/// Everything but the doors. Dropping it ends what has begun.
pub(super) struct Frame {
    config: Arc<Live>,
    certificates: Option<Arc<Certificates>>,
    connector: Option<Connector>,
    capture: Option<Arc<Capture>>,
    catalogue: Arc<ArcSwap<Catalogue>>,
    imported: watch::Receiver<Vec<ImportedAccount>>,
    inherited: watch::Receiver<BTreeMap<String, String>>,
    route: Arc<Route>,
    replicator: Arc<Replicator>,
    metrics: Arc<Metrics>,
    pub(super) director: Arc<Director>,
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: TaskTracker,
    guard: DropGuard,
}

impl Frame {
    /// The parts; nothing has begun.
    pub(super) fn new(
        config: Arc<Live>,
        (certificates, connector): (Option<Arc<Certificates>>, Option<Connector>),
        capture: Option<Arc<Capture>>,
    ) -> Self {
        let shutdown = CancellationToken::new();
        let guard = shutdown.clone().drop_guard();
        let tasks = TaskTracker::new();
        let metrics = Arc::new(Metrics::default());
        let catalogue = Arc::new(ArcSwap::from_pointee(Catalogue::default()));
        let (accounts, imported) = watch::channel(Vec::new());
        let (variables, inherited) = watch::channel(BTreeMap::new());
        let (route, control) = Route::new(Mode::Passthrough, 1);
        let planner = Arc::new(SqlPlanner::new());
        let replicator = Replicator::new(config.target.clone(), Arc::clone(&catalogue), planner);
        let director = Director::new(Parts {
            config: Arc::clone(&config),
            control,
            store: Store::new(config.target.clone()),
            capture: capture.clone(),
            replicator: Arc::clone(&replicator),
            catalogue: Arc::clone(&catalogue),
            accounts,
            variables,
            metrics: Arc::clone(&metrics),
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
        });
        Self {
            config,
            certificates,
            connector,
            capture,
            catalogue,
            imported,
            inherited,
            route,
            replicator,
            metrics,
            director,
            shutdown,
            tasks,
            guard,
        }
    }

    /// Lets clients and the operator in.
    pub(super) fn open(
        self,
        origin: Origin,
        version: Option<String>,
        sockets: Sockets,
        operator: Operator,
    ) -> Result<App, AppError> {
        let tasks = self.tasks.clone();
        let (app, served) = self.open_later(origin, version, sockets, operator)?;
        tasks.spawn(served);
        Ok(app)
    }

    /// Lets clients in; the operator comes in when the future runs.
    pub(super) fn open_later(
        self,
        origin: Origin,
        version: Option<String>,
        sockets: Sockets,
        operator: Operator,
    ) -> Result<(App, impl Future<Output = ()> + Send + 'static), AppError> {
        let Self { config, certificates, route, metrics, tasks, shutdown, .. } = &self;
        let (sessions, boundary, cut) = (shutdown.child_token(), shutdown.child_token(), shutdown.child_token());
        let keys = Arc::new(KeyPair::new());
        let serving = Serving::new(serve::Parts {
            catalogue: Arc::clone(&self.catalogue),
            accounts: Accounts::new(&config.accounts, &self.imported.borrow()),
            certificates: certificates.clone(),
            rsa: Arc::clone(&keys),
            metrics: Arc::clone(metrics),
            config: Arc::clone(config),
            server_version: version,
            stop: sessions.clone(),
            boundary: boundary.clone(),
        });
        self.follow(&serving);
        let door = frontend::open(
            Door {
                config: Arc::clone(config),
                route: Arc::clone(route),
                capture: self.capture.clone(),
                catalogue: Arc::clone(&self.catalogue),
                serve: Arc::new(Arc::clone(&serving)),
                metrics: Arc::clone(metrics),
                keys,
                certificates: certificates.clone(),
                connector: self.connector.clone(),
                shutdown: sessions.clone(),
                boundary: boundary.clone(),
                cut: cut.clone(),
            },
            sockets,
        )?;
        let handle = |what: std::os::fd::BorrowedFd<'_>| what.try_clone_to_owned().map_err(AppError::Handles);
        let passed = Open {
            door: door.sockets(),
            admin: (handle(operator.socket.listener())?, operator.socket.name()),
            health: operator.health.as_ref().map(|health| handle(health.as_fd())).transpose()?,
        };
        let estate = Arc::new(Estate {
            config: Arc::clone(config),
            route: Arc::clone(route),
            desk: Desk(Arc::clone(&self.director)),
            server_version: serving.server_version.clone(),
            stopping: sessions.clone(),
            open: std::sync::Mutex::new(Some(passed)),
            given: CancellationToken::new(),
            heir: std::sync::Mutex::default(),
        });
        let process: Arc<dyn Process> = Arc::new(Running {
            file: origin.file,
            config: Arc::clone(config),
            route: Arc::clone(route),
            serving: Arc::clone(&serving),
            imported: self.imported.clone(),
            log: origin.log,
            rereads: process::rereads(certificates.as_ref(), self.connector.as_ref()),
            stopping: sessions.clone(),
            estate: Arc::clone(&estate),
            turn: Mutex::default(),
            reached: Mutex::default(),
        });
        let ending = Ending {
            config: Arc::clone(config),
            route: Arc::clone(route),
            serving,
            replicator: Arc::clone(&self.replicator),
            sessions,
            boundary,
            cut,
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
        };
        let operations: Arc<dyn Operations> = Arc::new(Desk(Arc::clone(&self.director)));
        let desks = Desks { operations: Arc::clone(&operations), process: Arc::clone(&process) };
        let Operator { socket, health } = operator;
        let served = admin::serve(socket, health, desks, Exposition::new(metrics), shutdown.clone());
        self.guard.disarm();
        tracing::info!(address = %door.address(), "clients are let in");
        let app = App { door, operations, process, ending, estate, failed: CancellationToken::new() };
        Ok((app, tell_closed(served)))
    }

    /// Keeps what sessions begin with as it is in the source.
    fn follow(&self, serving: &Arc<Serving>) {
        serving.inherit(&self.inherited.borrow());
        self.tasks.spawn(serving::follow_accounts(Arc::clone(serving), self.imported.clone()));
        self.tasks.spawn(serving::follow_variables(Arc::clone(serving), self.inherited.clone()));
        if self.route.mode() == Mode::Postgres {
            let serving = Arc::clone(serving);
            // Temporary tables of an earlier process, in the background.
            self.tasks.spawn(async move {
                if let Err(error) = serving.drop_leftovers().await {
                    tracing::warn!(
                        error = without_values(&error),
                        "temporary tables of an earlier process aren't dropped yet"
                    );
                }
            });
        }
    }
}

/// The operator's door, whose end nobody waits for.
async fn tell_closed(served: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = served.await {
        tracing::error!(%error, "the admin socket is closed; forwarding goes on");
    }
}
