//! What the statement lane gets from real sessions: whole transactions with MySQL's own GTIDs, in MySQL's order.

use bascule::capture::CaptureFeed;
use bascule::change::{Affected, Feed, SourceEvent, SourceTransaction};
use bascule::position::GtidSet;
use bascule::route::Mode;
use bascule::sandbox::mysql::{Mysql, Options};
use bascule::value::Value;
use bascule::wire::Capabilities;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::door::{Opened, Wishes};
use super::raw::USUAL;

/// A MySQL of its own, since every write on the server counts, and a door that captures.
async fn capturing() -> (Mysql, Opened, CaptureFeed) {
    let server = Mysql::start(&Options::default()).expect("a server");
    server.execute("CREATE DATABASE d").expect("created");
    server.execute("CREATE TABLE d.t (id INT PRIMARY KEY AUTO_INCREMENT, n INT UNIQUE, at DATETIME(6))").expect("made");
    server.execute("CREATE PROCEDURE d.p() INSERT INTO d.t (n) VALUES (100)").expect("made");
    let mut root = Conn::from_url(server.url("d")).await.expect("root");
    let executed: Option<String> = root.query_first("SELECT @@GLOBAL.gtid_executed").await.expect("an answer");
    root.disconnect().await.expect("a clean end");
    let executed: GtidSet = executed.unwrap_or_default().parse().expect("a GTID set");
    let opened = Opened::before(server.port(), Wishes { captures: true, ..Wishes::default() });
    opened.control.start_capturing();
    opened.control.set_mode(Mode::Mirror, 1);
    let feed = opened.capture.as_ref().expect("captures").feed(executed).expect("a feed");
    (server, opened, feed)
}

async fn next(feed: &mut CaptureFeed) -> SourceTransaction {
    match feed.next().await.expect("an event") {
        SourceEvent::Transaction(transaction) => transaction,
        other => panic!("{other:?}"),
    }
}

fn texts(transaction: &SourceTransaction) -> Vec<&str> {
    transaction.statements.iter().map(|statement| statement.text.as_str()).collect()
}

#[tokio::test]
async fn transactions_are_captured_whole_and_in_order() {
    let (_server, opened, mut feed) = capturing().await;
    let mut client =
        Conn::from_url(format!("mysql://root@{}/d?prefer_socket=false", opened.address)).await.expect("a login");
    client.query_drop("INSERT INTO t (n) VALUES (1), (2)").await.expect("written");
    let one = next(&mut feed).await;
    assert_eq!(texts(&one), ["INSERT INTO t (n) VALUES (1), (2)"]);
    assert_eq!((one.statements[0].answer.affected_rows, one.statements[0].answer.insert_id), (2, 1));
    assert_eq!(one.statements[0].context.database.as_deref(), Some("d"));
    assert_eq!(one.statements[0].context.collation, "utf8mb4_general_ci".to_owned());
    assert_eq!(one.inexact, None);

    client.query_drop("BEGIN").await.expect("begun");
    client.exec_drop("INSERT INTO t (n) VALUES (?)", (3,)).await.expect("written");
    client.query_drop("SAVEPOINT s").await.expect("set");
    client.query_drop("INSERT INTO t (n) VALUES (4)").await.expect("written");
    client.query_drop("ROLLBACK TO s").await.expect("back");
    client.query_drop("INSERT INTO t (n) VALUES (1)").await.expect_err("it's there");
    client.query_drop("UPDATE t SET n = n + 100 WHERE n > 2").await.expect("written");
    client.query_drop("COMMIT").await.expect("committed");
    let two = next(&mut feed).await;
    assert_eq!(texts(&two), ["INSERT INTO t (n) VALUES (?)", "UPDATE t SET n = n + 100 WHERE n > 2"]);
    assert_eq!(two.statements[0].parameters, [Value::Int(3)]);
    assert_eq!(two.statements[1].answer.matched_rows, Some(1));
    assert_eq!(two.gtid.number, one.gtid.number + 1);

    client.query_drop("BEGIN").await.expect("begun");
    client.query_drop("INSERT INTO t (n) VALUES (9)").await.expect("written");
    client.query_drop("ROLLBACK").await.expect("back");
    client.query_drop("CREATE TABLE u (a INT)").await.expect("created");
    let three = next(&mut feed).await;
    assert_eq!(texts(&three), ["CREATE TABLE u (a INT)"]);
    client.query_drop("CALL p()").await.expect("called");
    let four = next(&mut feed).await;
    assert_eq!(four.inexact.map(|inexact| inexact.tables), Some(Affected::All));
    client.query_drop("SET autocommit = 0; INSERT INTO u VALUES (1)").await.expect("written");
    client.query_drop("COMMIT").await.expect("committed");
    assert!(next(&mut feed).await.inexact.is_some(), "several statements in one command");
    client.query_drop("INSERT INTO u VALUES (2)").await.expect("written");
    client.query_drop("SET autocommit = 1").await.expect("committed");
    assert_eq!(texts(&next(&mut feed).await), ["INSERT INTO u VALUES (2)"]);
    client.disconnect().await.expect("a clean end");
    opened.close().await;
}

/// Writes whose text doesn't say everything halt their tables instead of being repeated with another meaning.
#[tokio::test]
async fn writes_under_variables_that_change_their_meaning_are_not_repeated() {
    let (_server, opened, mut feed) = capturing().await;
    let mut client =
        Conn::from_url(format!("mysql://root@{}/d?prefer_socket=false", opened.address)).await.expect("a login");
    for (set, write, exact) in [
        ("SET lc_time_names = 'de_DE'", "INSERT INTO t (n) VALUES (1)", true),
        ("DO 0", "INSERT INTO t (n) SELECT LENGTH(DAYNAME('2020-01-01'))", false),
        ("SET lc_time_names = DEFAULT", "INSERT INTO t (n) SELECT 20 + LENGTH(DAYNAME('2020-01-01'))", true),
        ("SET default_week_format = 1", "INSERT INTO t (n) VALUES (100 + WEEK('2021-01-03'))", false),
        ("SET div_precision_increment = 0", "UPDATE t SET n = n + 1000 WHERE id / 3 > 0.1", false),
        (
            "SET group_concat_max_len = 4096",
            "INSERT INTO t (n) SELECT 200 + LENGTH(GROUP_CONCAT(n)) FROM t AS x",
            false,
        ),
        ("SET sql_auto_is_null = 1", "DELETE FROM t WHERE n IS NULL OR n > 0", false),
    ] {
        client.query_drop(set).await.expect(set);
        client.query_drop(write).await.expect(write);
        assert_eq!(next(&mut feed).await.inexact.is_none(), exact, "{set}; {write}");
    }
    client.disconnect().await.expect("a clean end");
    opened.close().await;
}

#[tokio::test]
async fn the_time_of_a_write_is_exactly_mysqls() {
    let (_server, opened, mut feed) = capturing().await;
    let mut client =
        Conn::from_url(format!("mysql://root@{}/d?prefer_socket=false", opened.address)).await.expect("a login");
    let stored = "SELECT CAST(UNIX_TIMESTAMP(at) * 1000000 AS SIGNED) FROM t WHERE n = ";
    client.query_drop("INSERT INTO t (n, at) VALUES (1, NOW(6))").await.expect("written");
    let captured = next(&mut feed).await;
    let micros: Option<i64> = client.query_first(format!("{stored}1")).await.expect("read");
    assert!(captured.statements[0].time_exact);
    assert_eq!(micros, Some(captured.statements[0].time_micros));
    let free: Option<u64> =
        client.query_first("SELECT @@timestamp <> @@timestamp OR SYSDATE() - NOW() < 2").await.expect("read");
    assert_eq!(free, Some(1), "the clock runs again");

    client.query_drop("SET timestamp = 1700000000.25").await.expect("set");
    client.query_drop("INSERT INTO t (n, at) VALUES (2, NOW(6))").await.expect("written");
    let captured = next(&mut feed).await;
    assert_eq!((captured.statements[0].time_micros, captured.statements[0].time_exact), (1_700_000_000_250_000, true));
    let own: Option<f64> = client.query_first("SELECT @@timestamp").await.expect("read");
    assert_eq!(own, Some(1_700_000_000.25), "the client's own time stays");
    client.disconnect().await.expect("a clean end");
    opened.close().await;
}

/// The session of [`super::a_session_looks_the_same_as_without_bascule`], with everything that capturing adds.
#[tokio::test]
async fn a_captured_session_looks_the_same() {
    let (server, opened, _feed) = capturing().await;
    let direct = (std::net::Ipv4Addr::LOCALHOST, server.port()).into();
    for style in [USUAL, USUAL.with(Capabilities::DEPRECATE_EOF).with(Capabilities::SESSION_TRACK)] {
        super::compare([direct, opened.address], style, "captured").await;
    }
    opened.close().await;
}
