//! The servers that the other tests stand on.

use bascule::sandbox;
use mysql_async::prelude::Queryable;

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
