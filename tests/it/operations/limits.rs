//! Limits of the door, compared with MySQL's own words.

use std::time::Duration;

use bascule::config::Limits;
use bascule::sandbox;

use crate::forward::door::{Opened, Wishes};
use crate::forward::raw::{Raw, USUAL};

fn limited(limits: Limits) -> Opened {
    let mysql = &sandbox::shared().expect("servers start").mysql;
    Opened::before(mysql.port(), Wishes { limits, ..Wishes::default() })
}

#[tokio::test]
async fn a_user_gets_as_many_sessions_as_it_may_and_mysqls_own_refusal() {
    let mysql = &sandbox::shared().expect("servers start").mysql;
    for user in ["few", "one", "mine"] {
        let limit = if user == "mine" { "WITH MAX_USER_CONNECTIONS 1" } else { "" };
        mysql.execute(&format!("DROP USER IF EXISTS limited_{user}")).expect("no such user");
        mysql.execute(&format!("CREATE USER limited_{user} {limit}")).expect("a user");
    }
    let own = [("limited_one".to_owned(), 1)];
    let limits =
        Limits { max_user_connections: Some(2), user_connections: own.into_iter().collect(), ..Limits::default() };
    let opened = limited(limits);
    let door = opened.address;
    let connect = |user: &'static str| Raw::connect(door, USUAL, user, "");
    let (first, _second, third) =
        (connect("limited_few").await, connect("limited_few").await, connect("limited_few").await);
    assert_eq!(
        &third.login[..],
        b"\xff\xb3\x04#42000User limited_few already has more than 'max_user_connections' active connections"
    );
    let (mut other, refused) = (connect("limited_one").await, connect("limited_one").await);
    // What MySQL says of an account's own limit.
    let (_mine, theirs) = (connect("limited_mine").await, connect("limited_mine").await);
    let ours = String::from_utf8_lossy(&refused.login).replace("limited_one", "limited_mine");
    assert_eq!(ours, String::from_utf8_lossy(&theirs.login));
    // A place is given back, and one is needed to become somebody else.
    drop(first);
    while opened.route.session_count() > 4 {
        tokio::task::yield_now().await;
    }
    let fourth = connect("limited_few").await;
    assert_eq!(fourth.login.first(), Some(&0));
    other.send(b"\x11limited_few\0\0\0\xff\0caching_sha2_password\0", 0).await;
    let answer = other.authentication("").await;
    assert!(answer.windows(9).any(|words| words == b"\xff\xb3\x04#42000"), "{answer:?}");
    assert_eq!(other.packet().await, None, "the session ends, as in MySQL");
    drop((fourth, _second, _mine));
    opened.close().await;
}

#[tokio::test]
async fn an_idle_client_is_closed_with_mysqls_own_words() {
    let limits = Limits { idle_timeout: Some(Duration::from_millis(1_000)), ..Limits::default() };
    let opened = limited(limits);
    let mysql = (std::net::Ipv4Addr::LOCALHOST, sandbox::shared().expect("servers start").mysql.port()).into();
    let mut direct = Raw::connect(mysql, USUAL, "root", "").await;
    direct.query("SET wait_timeout = 1").await;
    let mut through = Raw::connect(opened.address, USUAL, "root", "").await;
    let mut inside = Raw::connect(opened.address, USUAL, "root", "").await;
    inside.query("BEGIN").await;
    // A statement isn't silence.
    assert!(through.query("SELECT SLEEP(1.5)").await.len() > 20);
    let words = direct.packet().await.expect("words");
    assert_eq!(words.payload.get(1..3), Some(&4031_u16.to_le_bytes()[..]));
    assert_eq!(inside.packet().await, Some(words));
    let words = direct.packet().await;
    assert_eq!((words, inside.packet().await), (None, None));
    assert!(through.packet().await.is_some_and(|words| words.payload.first() == Some(&0xff)));
    opened.all_gone().await;
    opened.close().await;
}
