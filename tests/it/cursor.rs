//! Cursors of prepared statements, which no driver at hand opens: the same commands to the real MySQL and to Bascule, and
//! every reply compared byte for byte.

use std::net::SocketAddr;

use bascule::sandbox;
use bascule::wire::{Capabilities, Command};
use bytes::Bytes;

use crate::door::open;
use crate::forward::raw::{Raw, USUAL};

const CURSOR: u8 = 1;

fn with_id(command: Command, id: u32, rest: &[u8]) -> Vec<u8> {
    [&[command as u8][..], &id.to_le_bytes(), rest].concat()
}

fn execute(id: u32, flags: u8) -> Vec<u8> {
    with_id(Command::StmtExecute, id, &[flags, 1, 0, 0, 0])
}

fn fetch(id: u32, rows: u32) -> Vec<u8> {
    with_id(Command::StmtFetch, id, &rows.to_le_bytes())
}

fn text(command: Command, sql: &str) -> Vec<u8> {
    [&[command as u8][..], sql.as_bytes()].concat()
}

/// What the client sends; statements get the ids 1, 2, … on both sides.
fn commands() -> Vec<Vec<u8>> {
    let query = |sql: &str| text(Command::Query, sql);
    let prepare = |sql: &str| text(Command::StmtPrepare, sql);
    vec![
        query("CREATE TABLE c (id INT PRIMARY KEY, v VARCHAR(20))"),
        query("INSERT INTO c VALUES (1, 'one'), (2, NULL), (3, 'three'), (4, 'four'), (5, 'five')"),
        prepare("SELECT id, v FROM c ORDER BY id"),
        execute(1, CURSOR),
        fetch(1, 2),
        query("INSERT INTO c VALUES (6, 'later')"),
        query("DELETE FROM c WHERE id = 3"),
        fetch(1, 2),
        fetch(1, 0),
        fetch(1, 1),
        fetch(1, 2),
        fetch(1, 2),
        // As many as there are, and then none.
        execute(1, CURSOR),
        fetch(1, 5),
        fetch(1, 1),
        // Executed again, and reset.
        execute(1, CURSOR),
        fetch(1, 1),
        execute(1, CURSOR),
        fetch(1, 1),
        execute(1, CURSOR),
        with_id(Command::StmtReset, 1, b""),
        fetch(1, 1),
        // Over the ends of transactions.
        query("BEGIN"),
        execute(1, CURSOR),
        fetch(1, 1),
        query("COMMIT"),
        fetch(1, 1),
        query("BEGIN"),
        query("ROLLBACK"),
        fetch(1, 1),
        prepare("SELECT id FROM c WHERE id > 100"),
        execute(2, CURSOR),
        fetch(2, 1),
        prepare("INSERT INTO c VALUES (7, 'seven')"),
        execute(3, CURSOR),
        fetch(3, 1),
        // An error, and then a good execution.
        execute(3, CURSOR),
        prepare("SELECT v, id FROM c WHERE id = 1"),
        execute(4, CURSOR),
        fetch(4, 10),
        // Two at once, and what is under them goes.
        execute(1, CURSOR),
        execute(4, CURSOR),
        fetch(1, 1),
        fetch(4, 1),
        query("DROP TABLE c"),
        fetch(1, 100),
        fetch(4, 1),
        execute(1, CURSOR),
        fetch(99, 1),
        execute(98, CURSOR),
        with_id(Command::StmtReset, 97, b""),
        query(
            "CREATE TABLE k (id INT AUTO_INCREMENT PRIMARY KEY, u INT UNSIGNED UNIQUE, n INT NOT NULL, b BLOB, e ENUM('a'), t TIMESTAMP NULL ON UPDATE NOW(), KEY (n, t))",
        ),
        query("INSERT INTO k (u, n, b, e) VALUES (1, 2, 'x', 'a')"),
        prepare("SELECT * FROM k WHERE id = 1"),
        execute(5, CURSOR),
        fetch(5, 2),
    ]
}

async fn replies(address: SocketAddr, style: Capabilities, (user, password): (&str, &str)) -> Vec<Bytes> {
    let mut client = Raw::connect(address, style, user, password).await;
    for statement in ["DROP DATABASE IF EXISTS cursors", "CREATE DATABASE cursors", "USE cursors"] {
        client.query(statement).await;
    }
    let mut replies = Vec::new();
    for command in commands() {
        replies.push(client.command(&command).await);
    }
    replies
}

#[tokio::test]
async fn cursors_are_those_of_mysql_byte_for_byte() {
    let door = open(2).await;
    let mysql = SocketAddr::from(([127, 0, 0, 1], sandbox::shared().expect("the servers start").mysql.port()));
    for style in [USUAL, USUAL.with(Capabilities::DEPRECATE_EOF)] {
        let expected = replies(mysql, style, ("root", "")).await;
        let found = replies(door.address, style, ("empty", "")).await;
        for ((command, expected), found) in commands().iter().zip(&expected).zip(&found) {
            assert_eq!(expected, found, "{style:?}: {:?}", String::from_utf8_lossy(command));
        }
    }
}

#[tokio::test]
async fn a_large_result_waits_in_a_file() {
    let door = open(1).await;
    let mut client = Raw::connect(door.address, USUAL.with(Capabilities::DEPRECATE_EOF), "empty", "").await;
    client.query("USE app").await;
    let series = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT a.n, REPEAT('x', 500) FROM s a, s b WHERE b.n <= 20 ORDER BY a.n, b.n";
    client.command(&text(Command::StmtPrepare, series)).await;
    client.command(&execute(1, CURSOR)).await;
    // The one connection to PostgreSQL is free again.
    let mut other = door.connect().await;
    mysql_async::prelude::Queryable::query_drop(&mut other, "SELECT 1").await.expect("answers");
    let mut rows = 0;
    loop {
        let reply = client.command(&fetch(1, 1000)).await;
        let last = reply[reply.len() - 4];
        rows += reply.iter().filter(|byte| **byte == b'x').count() / 500;
        if last & 0x80 != 0 {
            break;
        }
    }
    assert_eq!(rows, 18_000);
}
