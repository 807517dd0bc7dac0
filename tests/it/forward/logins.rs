//! Logins through the door: every mix of TLS on either side, the password in MySQL's cache or not.

use std::net::SocketAddr;
use std::time::Duration;

use bascule::sandbox;
use bascule::wire::handshake::Greeting;
use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Conn, Error, OptsBuilder, SslOpts};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::authentication::Login;
use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};

/// Makes a user whose password MySQL has never seen in use.
pub(super) async fn fresh_user(name: &str, plugin: &str) {
    let mysql = &sandbox::shared().expect("servers start").mysql;
    let mut root = Conn::from_url(mysql.url("mysql")).await.expect("root");
    root.query_drop(format!("DROP USER IF EXISTS {name}")).await.expect("dropped");
    root.query_drop(format!("CREATE USER {name} IDENTIFIED WITH {plugin} BY 'secret ä'")).await.expect("created");
    root.disconnect().await.expect("a clean end");
}

pub(super) fn options(opened: &Opened, user: &str, password: &str, tls: bool) -> OptsBuilder {
    let ssl =
        tls.then(|| SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true));
    OptsBuilder::default()
        .ip_or_hostname(opened.address.ip().to_string())
        .tcp_port(opened.address.port())
        .user(Some(user.to_owned()))
        .pass(Some(password.to_owned()))
        .prefer_socket(false)
        .ssl_opts(ssl)
}

#[tokio::test]
async fn every_mix_of_tls_logs_in() {
    for (client_tls, source_tls) in [(false, false), (false, true), (true, false), (true, true)] {
        let case = format!("client tls {client_tls}, source tls {source_tls}");
        let opened = Opened::before(mysql().port(), Wishes { client_tls, source_tls, ..Wishes::default() });
        let user = format!("login_{}{}", u8::from(client_tls), u8::from(source_tls));
        let other = format!("{user}_other");
        fresh_user(&user, "caching_sha2_password").await;
        fresh_user(&other, "caching_sha2_password").await;
        for round in ["full", "fast"] {
            let login = Conn::new(options(&opened, &user, "secret ä", client_tls)).await;
            let mut client = login.unwrap_or_else(|error| panic!("{case}, {round}: {error}"));
            let who: Option<String> = client.query_first("SELECT CURRENT_USER()").await.expect("an answer");
            assert_eq!(who, Some(format!("{user}@%")), "{case}, {round}");
            let cipher: Option<(String, String)> =
                client.query_first("SHOW SESSION STATUS LIKE 'Ssl_cipher'").await.expect("an answer");
            assert_eq!(cipher.is_some_and(|(_, cipher)| !cipher.is_empty()), source_tls, "{case}");
            let change = ChangeUserOpts::new().with_user(Some(other.clone())).with_pass(Some("secret ä".to_owned()));
            client.change_user(change).await.unwrap_or_else(|error| panic!("{case}, {round}, change: {error}"));
            let who: Option<String> = client.query_first("SELECT CURRENT_USER()").await.expect("an answer");
            assert_eq!(who, Some(format!("{other}@%")), "{case}, {round}");
            client.disconnect().await.expect("a clean end");
        }
        let refused = Conn::new(options(&opened, &user, "wrong", client_tls)).await.map(drop);
        let Err(Error::Server(refusal)) = refused else { panic!("{case}: {refused:?}") };
        assert_eq!(refusal.code, 1045, "{case}");
        assert_eq!(refusal.message, format!("Access denied for user '{user}'@'localhost' (using password: YES)"));
        opened.close().await;
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let opened = Opened::before(mysql().port(), Wishes { max_connections: Some(1), ..Wishes::default() });
    let first = Conn::new(options(&opened, "root", "", false)).await.expect("a place");
    let Err(Error::Server(refusal)) = Conn::new(options(&opened, "root", "", false)).await else {
        panic!("there's one place only");
    };
    assert_eq!((refusal.code, refusal.message.as_str()), (1040, "Too many connections"));
    // MySQL 9.7's own packet: before the greeting there's no SQLSTATE.
    assert_eq!(first_bytes(opened.address).await, b"\x17\0\0\0\xff\x10\x04Too many connections");
    first.disconnect().await.expect("a clean end");
    opened.close().await;
}

/// What a server says before a client says anything.
async fn first_bytes(address: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut header = [0; 4];
    stream.read_exact(&mut header).await.expect("a header");
    let mut bytes = header.to_vec();
    bytes.resize(4 + usize::from(header[0]), 0);
    stream.read_exact(&mut bytes[4..]).await.expect("a packet");
    bytes
}

#[tokio::test]
async fn the_greeting_is_mysqls_but_for_its_id_and_salt() {
    let opened = Opened::before(mysql().port(), Wishes { client_tls: true, ..Wishes::default() });
    let [straight, through] = [mysql(), opened.address].map(|address| async move {
        let bytes = first_bytes(address).await;
        let greeting = Greeting::parse(&bytes[4..]).expect("a greeting");
        let at = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part).expect("it's in there");
        let (id, salt) = (greeting.connection_id.to_le_bytes(), greeting.scramble);
        let (first, second) = salt.split_at(8);
        let mut same = bytes.clone();
        for (from, length) in [(at(&id), id.len()), (at(first), first.len()), (at(second), second.len())] {
            same[from..from + length].fill(0);
        }
        same
    });
    let (straight, through) = (straight.await, through.await);
    assert_eq!(through, straight, "{} {}", straight.escape_ascii(), through.escape_ascii());
    opened.close().await;
}

#[tokio::test]
async fn a_client_that_never_answers_is_let_go() {
    let wishes = Wishes { handshake_timeout: Some(Duration::from_millis(100)), ..Wishes::default() };
    let opened = Opened::before(mysql().port(), wishes);
    let mut silent = TcpStream::connect(opened.address).await.expect("a connection");
    let mut heard = Vec::new();
    silent.read_to_end(&mut heard).await.expect("a greeting and the end");
    assert!(heard.len() > 40);
    let metrics = opened.metrics.clone();
    opened.close().await;
    assert_eq!(metrics.logins_failed.get(), 1);
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named() {
    let opened = Opened::before(1, Wishes::default());
    let Err(Error::Server(refusal)) = Conn::new(options(&opened, "root", "", false)).await else {
        panic!("there's no server");
    };
    assert_eq!(refusal.code, 2003);
    opened.close().await;
}

/// A plugin that sends the password itself: the client encrypts under the door's key, MySQL gets it inside TLS.
#[tokio::test]
async fn sha256_passwords_cross_from_a_plain_connection_to_tls() {
    let opened = Opened::before(mysql().port(), Wishes { source_tls: true, ..Wishes::default() });
    fresh_user("login_sha256", "sha256_password").await;
    for (password, header) in [("secret ä", 0), ("wrong", 0xff)] {
        // MySQL asks for the plugin, or the client begins with it.
        for plugin in ["caching_sha2_password", "sha256_password"] {
            let (user, password, plugin) = ("login_sha256".to_owned(), password.to_owned(), plugin.to_owned());
            let login = Login { user, password, plugin, ..Login::default() };
            let client = Raw::login(opened.address, USUAL, login).await;
            assert_eq!(client.login.first(), Some(&header), "{:?}", client.exchange);
        }
    }
    opened.close().await;
}
