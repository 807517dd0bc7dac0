//! Commands that a client sends behind its login or a change of user, before the server has judged: they are executed
//! after an OK, and one that comes where the server waits for a part of the password is taken for it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bascule::wire::packet;
use bytes::{Bytes, BytesMut};

use super::authentication::Login;
use super::door::{Opened, Wishes};
use super::logins::fresh_user;
use super::mysql;
use super::payloads::payload;
use super::raw::{Raw, USUAL};

/// What is sent behind.
const COMMANDS: [&[u8]; 3] = [b"\x03SELECT 'one'", b"\x0e", b"\x03SELECT REPEAT('two', 3)"];

fn behind() -> BytesMut {
    let mut out = BytesMut::new();
    for command in COMMANDS {
        packet::put(&mut out, command, 0);
    }
    out
}

/// What the server says after the exchange, up to the row of the last command or until it closes.
async fn answers(client: &mut Raw) -> Vec<Bytes> {
    let mut heard = Vec::new();
    while let Some(packet) = client.packet().await {
        let mut said = BytesMut::from(&[packet.sequence][..]);
        said.extend_from_slice(&packet.payload);
        heard.push(said.freeze());
        if packet.payload[..] == *b"\x09twotwotwo" {
            break;
        }
    }
    heard
}

/// Commands behind the login; it's over TLS where the password goes over in clear.
async fn login(address: SocketAddr, plugin: &str, user: &str, password: &str, tls: bool) -> Vec<Bytes> {
    let login = Login {
        user: user.to_owned(),
        password: password.to_owned(),
        plugin: plugin.to_owned(),
        tls,
        behind: behind(),
        ..Login::default()
    };
    let mut client = Raw::login(address, USUAL, login).await;
    [vec![client.exchange.clone()], answers(&mut client).await].concat()
}

/// Commands behind a change of user, in one piece with it. Both servers ask for a proof first.
async fn change(address: SocketAddr, user: &str, password: &str) -> Vec<Bytes> {
    let mut client = Raw::connect(address, USUAL, "root", "").await;
    let mut out = BytesMut::new();
    packet::put(&mut out, &payload(&format!("U {user}:{password}"), client.capabilities), 0);
    out.extend_from_slice(&behind());
    client.send_raw(&out).await;
    let heard = client.authentication(password).await;
    [vec![heard], answers(&mut client).await].concat()
}

fn is_let_in(heard: &[Bytes]) -> bool {
    heard.iter().any(|bytes| bytes.ends_with(b"\x03one"))
}

fn shown(heard: &[Bytes]) -> String {
    heard.iter().map(|bytes| bytes.escape_ascii().to_string()).collect::<Vec<_>>().join("\n  ")
}

#[tokio::test]
async fn commands_behind_a_login_are_executed_once_it_is_granted() {
    let opened = Opened::before(mysql().port(), Wishes { client_tls: true, ..Wishes::default() });
    let mut let_in = 0;
    for tls in [false, true] {
        for (user, known) in [("root", true), ("unasked_new", false), ("unasked_known", true), ("unasked_wrong", true)]
        {
            let mut seen = Vec::new();
            for address in [mysql(), opened.address] {
                let password = if user == "root" { "" } else { "secret ä" };
                if user != "root" {
                    fresh_user(user, "caching_sha2_password").await;
                }
                if known {
                    Raw::connect(mysql(), USUAL, user, password).await;
                }
                let password = if user == "unasked_wrong" { "wrong" } else { password };
                seen.push(login(address, "caching_sha2_password", user, password, tls).await);
            }
            assert_eq!(seen[0], seen[1], "{user}, tls {tls}\n  {}\n  {}", shown(&seen[0]), shown(&seen[1]));
            let_in += usize::from(is_let_in(&seen[0]));
        }
    }
    assert_eq!(let_in, 4, "root and the user whom MySQL knows");
    opened.close().await;
}

#[tokio::test]
async fn commands_behind_a_change_of_user_are_taken_as_mysql_takes_them() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    fresh_user("unasked", "caching_sha2_password").await;
    Raw::connect(mysql(), USUAL, "unasked", "secret ä").await;
    for (user, password) in [("root", ""), ("unasked", "secret ä"), ("unasked", "wrong"), ("nobody", "")] {
        let straight = change(mysql(), user, password).await;
        let through = change(opened.address, user, password).await;
        assert_eq!(straight, through, "{user}\n  {}\n  {}", shown(&straight), shown(&through));
    }
    opened.close().await;
}

#[tokio::test]
async fn mariadb_grants_logins_without_a_word_between() {
    let server = crate::binlog::mariadb::shared().await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.mysql.port()));
    let opened = Opened::before(address.port(), Wishes::default());
    server.mysql.execute("CREATE OR REPLACE USER unasked IDENTIFIED BY 'pw'").expect("a user");
    for (user, password) in [("unasked", "pw"), ("root", ""), ("unasked", "wrong")] {
        let plugin = "mysql_native_password";
        let straight = login(address, plugin, user, password, false).await;
        let through = login(opened.address, plugin, user, password, false).await;
        assert_eq!(straight, through, "{user}\n  {}\n  {}", shown(&straight), shown(&through));
        assert_eq!(is_let_in(&straight), password != "wrong", "{}", shown(&straight));
        let straight = change(address, user, password).await;
        let through = change(opened.address, user, password).await;
        // What comes behind the refusal is a race with the end of the connection.
        assert_eq!(straight[0], through[0], "{user}\n  {}\n  {}", shown(&straight), shown(&through));
    }
    opened.close().await;
}

/// MySQL waits ten seconds for an answer. It's told at once that there will be none.
#[tokio::test]
async fn a_client_that_leaves_when_it_is_asked_for_a_password_ends_its_session() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let mut client = Raw::connect(opened.address, USUAL, "root", "").await;
    client.send(&payload("U root", client.capabilities), 0).await;
    let asked = client.packet().await.expect("another plugin or scramble");
    assert_eq!(asked.payload.first(), Some(&0xfe));
    drop(client);
    tokio::time::timeout(Duration::from_secs(5), opened.all_gone()).await.expect("the session ends");
    assert_eq!(opened.metrics.source_lost.get(), 0);
    opened.close().await;
}
