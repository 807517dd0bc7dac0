//! The servers that the other tests stand on.

use std::time::Duration;

use bascule::config::{Secret, Source, Target, Tls};
use bascule::sandbox::{self, Servers};
use mysql_async::prelude::Queryable;

/// How to reach a database of both servers.
pub fn settings(servers: &Servers, database: &str) -> (Source, Target) {
    let limit = Duration::from_secs(20);
    let source = Source {
        host: "127.0.0.1".to_owned(),
        port: servers.mysql.port(),
        user: "root".to_owned(),
        password: Secret::default(),
        databases: vec![database.to_owned()],
        tls: Tls::Off,
        tls_certificate: None,
        connect_timeout: limit,
    };
    let target = Target {
        host: "127.0.0.1".to_owned(),
        port: servers.postgres.port(),
        user: "postgres".to_owned(),
        password: Secret::default(),
        database: database.to_owned(),
        tls: Tls::Off,
        connect_timeout: limit,
        max_connections: 4,
    };
    (source, target)
}

#[tokio::test]
async fn a_client_library_reaches_a_database_of_its_own() {
    let servers = sandbox::shared().expect("servers start");
    let database = servers.create_database().expect("a database");
    let url = servers.mysql.url(&database.name);
    let mut client = mysql_async::Conn::from_url(url).await.expect("a connection");
    let gtid_mode: Option<String> = client.query_first("SELECT @@gtid_mode").await.expect("an answer");
    assert_eq!(gtid_mode.as_deref(), Some("ON"));
    client.disconnect().await.expect("a clean end");
}
