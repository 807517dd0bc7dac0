//! Logins to MariaDB through the door: its plugins, every mix of TLS, the same packets as straight.

use std::net::{Ipv4Addr, SocketAddr};

use bascule::sandbox::mysql::{Flavour, Mysql, Options};
use bytes::Bytes;
use futures_util::future::join_all;

use super::arrivals::certificate;
use super::authentication::Login;
use super::door::{Opened, Wishes};
use super::payloads::payload;
use super::raw::{Raw, USUAL};

/// Passwords of 32 bytes, which the tests' client can sign with.
const RIGHT: &str = "the right one, of 32 bytes: 5678";
const SECOND: &str = "another one, and of 32 bytes too";
const WRONG: &str = "the wrong one, of 32 bytes: 5678";
const PASSWORDS: [&str; 4] = [RIGHT, SECOND, WRONG, ""];
/// Bytes of an OK before its count of warnings: MariaDB counts those of an earlier connection of its thread.
const WITHOUT_WARNINGS: usize = 5;

/// What a client begins with: MariaDB's own plugins, and one that it doesn't know.
const PLUGINS: [&str; 3] = ["mysql_native_password", "client_ed25519", "caching_sha2_password"];
const USERS: [&str; 4] = ["by_native", "by_ed25519", "by_either", "by_nothing"];

/// An exchange as it can be compared, and whether it ended well.
fn comparable(exchange: &Bytes, last: &Bytes) -> (Bytes, bool) {
    let good = last.first() == Some(&0);
    let cut = if good { last.len().saturating_sub(WITHOUT_WARNINGS) } else { 0 };
    (exchange.slice(..exchange.len() - cut), good)
}

type Heard = (String, Bytes, bool);

/// Another user on a connection of root's.
async fn change_user(address: SocketAddr, tls: bool, user: &str, password: &str) -> [Heard; 2] {
    let login = Login { tls, plugin: PLUGINS[0].to_owned(), ..Login::default() };
    let mut client = Raw::login(address, USUAL, login).await;
    client.send(&payload(&format!("U {user} "), USUAL), 0).await;
    let said = client.authentication(password).await;
    let good = !said.windows(6).any(|window| window == b"#28000");
    // Without the count of warnings.
    let said = if good { said.slice(..said.len() - 2) } else { said };
    let who = client.query("SELECT CURRENT_USER()").await;
    [(format!("root becomes {user}, {password:?}"), said, good), (format!("{user} asks who it is now"), who, good)]
}

/// Everything that a client can try, and what it hears.
async fn heard(address: SocketAddr, tls: bool) -> Vec<Heard> {
    let mut all = Vec::new();
    for user in USERS {
        for plugin in PLUGINS {
            for password in PASSWORDS {
                let login = Login {
                    user: user.to_owned(),
                    password: password.to_owned(),
                    plugin: plugin.to_owned(),
                    tls,
                    ..Login::default()
                };
                let mut client = Raw::login(address, USUAL, login).await;
                let (exchange, good) = comparable(&client.exchange, &client.login);
                all.push((format!("{user}, {plugin}, {password:?}"), exchange, good));
                if good {
                    let who = client.query("SELECT CURRENT_USER()").await;
                    all.push((format!("{user} asks who it is"), who, true));
                }
            }
        }
    }
    // MariaDB waits for a second before it refuses another user.
    let changes = USERS.iter().flat_map(|user| PASSWORDS.map(|password| change_user(address, tls, user, password)));
    all.extend(join_all(changes).await.into_iter().flatten());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_plugin_of_mariadb_logs_in_as_without_bascule() {
    let folder = tempfile::tempdir().expect("a folder");
    let (own, key) = certificate(folder.path(), "mariadb");
    let arguments = vec![
        format!("--ssl-cert={}", own.display()),
        format!("--ssl-key={}", key.display()),
        "--plugin-load-add=auth_ed25519".to_owned(),
    ];
    let options = Options { flavour: Flavour::MariaDb, arguments, ..Options::default() };
    let server = Mysql::start(&options).expect("a MariaDB with its plugins");
    for (user, how) in [
        ("by_native", format!("mysql_native_password USING PASSWORD('{RIGHT}')")),
        ("by_ed25519", format!("ed25519 USING PASSWORD('{RIGHT}')")),
        ("by_either", format!("ed25519 USING PASSWORD('{RIGHT}') OR mysql_native_password USING PASSWORD('{SECOND}')")),
        ("by_nothing", "mysql_native_password USING ''".to_owned()),
    ] {
        server.execute(&format!("CREATE USER {user} IDENTIFIED VIA {how}")).expect("created");
    }
    let straight = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let [plain, within] = [false, true]
        .map(|source_tls| Opened::before(server.port(), Wishes { client_tls: true, source_tls, ..Wishes::default() }));
    for client_tls in [false, true] {
        let addresses = [straight, plain.address, within.address];
        let [direct, through @ ..] = &join_all(addresses.map(|address| heard(address, client_tls))).await[..] else {
            panic!("three")
        };
        let came_in = |user: &str| direct.iter().filter(|(what, _, good)| what.starts_with(user) && *good).count();
        // Whatever the client begins with; each login that is good is asked who it is.
        assert_eq!(USERS.map(|user| came_in(&format!("{user}, "))), [3, 3, 6, 3], "{direct:?}");
        assert_eq!(USERS.map(|user| came_in(&format!("root becomes {user}, "))), [1, 1, 2, 1], "{direct:?}");
        for (through, source_tls) in through.iter().zip([false, true]) {
            for ((what, direct, _), (_, through, _)) in direct.iter().zip(through) {
                let shown = [direct, through].map(|bytes| bytes.escape_ascii().to_string());
                let case = format!("{what}, client tls {client_tls}, source tls {source_tls}");
                assert!(direct == through, "{case}\n  direct  {}\n  through {}", shown[0], shown[1]);
            }
            assert_eq!(direct.len(), through.len());
        }
    }
    plain.close().await;
    within.close().await;
}
