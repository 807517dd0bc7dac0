//! A door that serves clients from PostgreSQL, without a MySQL behind it: for tests of serving.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bascule::config::{
    Account, AccountSecret, Admin, Config, Cutover, Lane, Limits, Listen, ListenTls, Log, Mirror, Secret, Spool,
    Target, Tls, Verify,
};
use bascule::frontend::serve::{self, Accounts, Parts, Serving};
use bascule::frontend::tls::Certificates;
use bascule::route::{Mode, Route};
use bascule::sandbox;
use bascule::schema::{Catalogue, CatalogueChange, ddl};
use bascule::store::Store;
use bascule::target::Client;
use mysql_async::{Conn, OptsBuilder};

/// A door that serves one MySQL database, `app`, from a PostgreSQL database of its own.
pub struct Door {
    pub address: SocketAddr,
    pub serving: Arc<Serving>,
}

fn config(port: u16, database: &str, connections: usize) -> Config {
    let second = Duration::from_secs(1);
    let account = |user: &str, secret| Account { user: user.to_owned(), secret };
    // What MySQL 9.7 stores for the password `secret`.
    let stored = "$A$00A$cJSG}AM{\u{17})!uINB&gD]ef7UkRkdXxHXuwKNEKxlLWAgB1yWxmVKuVgbPEv2qRp7";
    Config {
        listen: Listen {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            socket: None,
            proxy_protocol_from: Vec::new(),
            tls: Some(ListenTls::self_signed()),
            max_connections: 1000,
            handshake_timeout: 10 * second,
            max_allowed_packet: 1 << 20,
            threads: 1,
            limits: Limits::default(),
        },
        source: None,
        target: Target {
            host: "127.0.0.1".to_owned(),
            port,
            user: "postgres".to_owned(),
            password: Secret::new(""),
            database: database.to_owned(),
            tls: Tls::Off,
            connect_timeout: 10 * second,
            max_connections: connections,
        },
        mirror: Mirror {
            source: Lane::Statements,
            hold_limit: second,
            drain_limit: second,
            copy_workers: 2,
            copy_part_bytes: 1 << 20,
            copy_threads_running: None,
        },
        spool: Spool { directory: "unused".into(), limit_bytes: 0, fsync: false },
        verify: Verify { share: 100 },
        cutover: Cutover { pause_limit: second, drain_limit: second, leave_behind: Vec::new() },
        admin: Admin { socket: "unused".into(), health_address: None },
        accounts: vec![
            account("app", AccountSecret::Password(Secret::new("pw"))),
            account("empty", AccountSecret::Password(Secret::new(""))),
            account(
                "native",
                AccountSecret::AuthenticationString {
                    plugin: "mysql_native_password".to_owned(),
                    // PASSWORD('pw')
                    text: Secret::new("*D821809F681A40A6E379B50D0463EFAE20BDD122"),
                },
            ),
            account(
                "imported",
                AccountSecret::AuthenticationString {
                    plugin: "caching_sha2_password".to_owned(),
                    text: Secret::new(stored),
                },
            ),
        ],
        log: Log { level: "info".to_owned(), json: false },
    }
}

/// Opens a door to a PostgreSQL database of its own, with `connections` connections at most.
pub async fn open(connections: usize) -> Door {
    let servers = sandbox::shared().expect("the servers start");
    let database = servers.create_database().expect("a database").name;
    open_on(servers.postgres.port(), &database, connections).await
}

/// The same to an empty database of whichever PostgreSQL.
pub async fn open_on(port: u16, database: &str, connections: usize) -> Door {
    let config = config(port, database, connections);
    let mut catalogue = Catalogue::default();
    catalogue.apply(&CatalogueChange::PutDatabase {
        name: "app".to_owned(),
        charset: "utf8mb4".to_owned(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
    });
    let store = Store::new(config.target.clone());
    store.open().await.expect("the store opens");
    store.put_catalogue(&catalogue).await.expect("the catalogue is stored");
    let mut client = Client::connect(&config.target, "test").await.expect("connects");
    let mut statements = ddl::collations();
    statements.push(bascule::sql::HELPERS.to_owned());
    statements.push(ddl::schema("app"));
    for statement in &statements {
        client.simple(statement).await.expect("prepared");
    }
    let certificates = Certificates::new(&ListenTls::self_signed()).expect("a certificate");
    let serving = Serving::new(Parts {
        catalogue: Arc::new(ArcSwap::from_pointee(catalogue)),
        accounts: Accounts::new(&config.accounts, &[]),
        certificates: Some(Arc::new(certificates)),
        rsa: Arc::default(),
        metrics: Arc::default(),
        config: Arc::new(config.into()),
        server_version: None,
        stop: tokio_util::sync::CancellationToken::new(),
        boundary: tokio_util::sync::CancellationToken::new(),
    });
    let (route, control) = Route::new(Mode::Postgres, 1);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shared = Arc::clone(&serving);
    tokio::spawn(async move {
        let _control = control;
        while let Ok((stream, peer)) = listener.accept().await {
            let session = route.open_session(bascule::route::SessionInfo::default());
            let arrival = bascule::frontend::Arrival::tcp(stream, peer, false);
            tokio::spawn(serve::accept(Arc::clone(&shared), arrival, session));
        }
    });
    Door { address, serving }
}

impl Door {
    pub fn options(&self, user: &str, password: &str) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.address.port())
            .user(Some(user))
            .pass(Some(password))
            .db_name(Some("app"))
            .prefer_socket(false)
    }

    pub async fn connect(&self) -> Conn {
        Conn::new(self.options("app", "pw")).await.expect("logs in")
    }
}
