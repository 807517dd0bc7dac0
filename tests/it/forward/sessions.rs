//! Sessions in unusual shapes: commands sent ahead, files, ends of either side, and the flip.

use bascule::route::Mode;
use bascule::sandbox::mysql::{Mysql, Options};
use bascule::wire::tracker::ReplyShape;
use bascule::wire::{Capabilities, packet};
use bytes::BytesMut;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};

#[tokio::test]
async fn commands_sent_ahead_are_answered_in_order() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let mut client = Raw::connect(opened.address, USUAL, "root", "").await;
    let mut ahead = BytesMut::new();
    for number in 0..200 {
        packet::put(&mut ahead, format!("\x03SELECT {number}").as_bytes(), 0);
    }
    client.send_raw(&ahead).await;
    for number in 0..200 {
        let reply = client.reply(ReplyShape::Results, b"").await;
        let row = format!("\u{1}{}{number}", char::from(u8::try_from(number.to_string().len()).unwrap_or(0)));
        let row = &row.as_bytes()[1..];
        assert!(reply.windows(row.len()).any(|window| window == row), "{number}: {reply:?}");
    }
    opened.close().await;
}

#[tokio::test]
async fn a_file_of_the_client_reaches_mysql() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let mut root = Conn::from_url(format!("mysql://root@{}", mysql())).await.expect("root");
    root.query_drop("SET GLOBAL local_infile = ON").await.expect("set");
    let mut client = Raw::connect(opened.address, USUAL, "root", "").await;
    client.query("CREATE DATABASE file").await;
    client.query("CREATE TABLE file.t (a INT, b TEXT)").await;
    let lines: String = (0..50_000).map(|number| format!("{number}\tline {number}\n")).collect();
    client.send(b"\x03LOAD DATA LOCAL INFILE 'x' INTO TABLE file.t", 0).await;
    let reply = client.reply(ReplyShape::Results, lines.as_bytes()).await;
    assert!(String::from_utf8_lossy(&reply).contains("Records: 50000"), "{reply:?}");
    let after = client.query("SELECT COUNT(*) FROM file.t").await;
    assert!(String::from_utf8_lossy(&after).contains("50000"));
    client.query("DROP DATABASE file").await;
    opened.close().await;
}

#[tokio::test]
async fn a_killed_connection_ends_as_mysql_ends_it() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let mut root = Raw::connect(mysql(), USUAL, "root", "").await;
    let mut ends = Vec::new();
    for address in [mysql(), opened.address] {
        let mut client = Raw::connect(address, USUAL, "root", "").await;
        let id = client.greeting.connection_id;
        client.send(b"\x03SELECT SLEEP(60)", 0).await;
        let running =
            format!("SELECT COUNT(*) FROM performance_schema.processlist WHERE id = {id} AND info LIKE '%SLEEP%'");
        while !root.query(&running).await.ends_with(b"\x011\x05\0\0\x05\xfe\0\0\x02\0") {}
        root.query(&format!("KILL {id}")).await;
        let reply = client.reply(ReplyShape::Results, b"").await;
        let rest = client.packet().await;
        assert_eq!(rest, None, "the connection ends");
        ends.push(reply);
    }
    assert_eq!(ends[0], ends[1]);
    opened.close().await;
}

#[tokio::test]
async fn a_client_notices_when_mysql_dies_in_the_middle() {
    let mut server = Mysql::start(&Options::default()).expect("a server");
    let opened = Opened::before(server.port(), Wishes::default());
    let mut client = Raw::connect(opened.address, USUAL, "root", "").await;
    client.query("SELECT 1").await;
    client.send(b"\x03SELECT SLEEP(60)", 0).await;
    server.kill().expect("killed");
    let reply = client.reply(ReplyShape::Results, b"").await;
    assert!(reply.is_empty());
    assert_eq!(client.packet().await, None);
    while opened.metrics.source_lost.get() == 0 {
        tokio::task::yield_now().await;
    }
    server.restart().expect("started again");
    let mut client = Raw::connect(opened.address, USUAL, "root", "").await;
    assert!(!client.query("SELECT 1").await.is_empty());
    opened.close().await;
}

#[tokio::test]
async fn a_flip_hands_the_session_over_with_the_command_that_waits() {
    let mut opened = Opened::before(mysql().port(), Wishes::default());
    let style = USUAL.with(Capabilities::DEPRECATE_EOF);
    let mut client = Raw::connect(opened.address, style, "root", "").await;
    client.query("USE mysql").await;
    client.query("SET time_zone = '+02:00', sql_mode = 'ANSI'").await;
    client.command(b"\x16SELECT ? + 1").await;
    client.command(b"\x17\x01\0\0\0\x00\x01\0\0\0\x00\x01\x03\x00\x01\0\0\0").await;
    client.query("SET @a = 1").await;
    client.query("BEGIN").await;
    let hinders: Vec<_> = opened.route.sessions().remove(0).blockers.iter().map(|found| found.what).collect();
    assert_eq!(hinders, [bascule::route::Blocker::UserVariables]);
    let shutting = tokio::spawn({
        let route = opened.route.clone();
        async move { route.shut().await }
    });
    client.query("COMMIT").await;
    let shut = shutting.await.expect("the transaction has ended");
    client.send(b"\x03SELECT 2", 0).await;
    opened.control.set_mode(Mode::Postgres, 2);
    drop(shut);
    let carried = opened.carried.recv().await.expect("a session");
    assert_eq!(&carried.unread[..], b"\x09\0\0\0\x03SELECT 2");
    assert_eq!(carried.database.as_deref(), Some("mysql"));
    assert_eq!(carried.user, "root");
    assert_eq!(carried.variables.get("time_zone"), Some("+02:00"));
    assert!(carried.variables.get("sql_mode").is_some_and(|mode| mode.contains("ANSI_QUOTES")));
    assert!(carried.variables.is_on("autocommit"));
    assert_eq!(carried.connection_id, u64::from(client.greeting.connection_id));
    let [statement] = &carried.prepared[..] else { panic!("{:?}", carried.prepared) };
    assert_eq!((statement.id, &statement.text[..], statement.parameter_types.len()), (1, &b"SELECT ? + 1"[..], 1));
    let sessions = opened.route.sessions();
    let info = sessions.first().expect("it's still registered");
    assert!(info.blockers.is_empty() && info.autocommit.is_none(), "MySQL's part is over: {info:?}");
    drop(carried);
    opened.close().await;
}
