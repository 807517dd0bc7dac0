//! The forwarding path before a real MySQL: what a client sees must be what MySQL itself would have shown.

mod arrivals;
pub(crate) mod authentication;
mod captures;
mod comparable;
mod compressed;
mod compressing;
pub(crate) mod door;
mod large;
mod logins;
mod mariadb;
mod mutated;
mod payloads;
pub(crate) mod raw;
mod script;
mod served;
mod sessions;
mod shown;
mod state;
mod streams;
mod transparency;
mod unasked;

use std::net::{Ipv4Addr, SocketAddr};

use bascule::sandbox;
use bascule::wire::Capabilities;
use door::{Opened, Wishes};
use raw::{Raw, USUAL};

fn mysql() -> SocketAddr {
    let servers = sandbox::shared().expect("servers start");
    (Ipv4Addr::LOCALHOST, servers.mysql.port()).into()
}

/// The styles of clients whose replies look different.
const STYLES: [Capabilities; 4] = [
    USUAL,
    USUAL.with(Capabilities::DEPRECATE_EOF),
    USUAL.with(Capabilities::DEPRECATE_EOF).with(Capabilities::SESSION_TRACK),
    USUAL.with(Capabilities::OPTIONAL_RESULTSET_METADATA).with(Capabilities::FOUND_ROWS),
];

/// Commands whose replies hold nothing that differs from connection to connection.
fn corpus(database: &str) -> Vec<Vec<u8>> {
    let text = [
        format!("DROP DATABASE IF EXISTS {database}"),
        format!("CREATE DATABASE {database}"),
        format!("USE {database}"),
        "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, n INT, s VARCHAR(200), b LONGBLOB)".into(),
        "INSERT INTO t (n, s) VALUES (1, 'one'), (2, 'two'), (3, NULL)".into(),
        "SELECT * FROM t".into(),
        "SELECT 1; SELECT 2; DO 1; SELECT * FROM t WHERE n > 100".into(),
        "SELECT 1; SELECT nothing; SELECT 2".into(),
        "UPDATE t SET n = n WHERE id < 3".into(),
        "UPDATE t SET n = 'x' WHERE id = 1".into(),
        "SHOW WARNINGS".into(),
        "SELECT ROW_COUNT(), FOUND_ROWS(), LAST_INSERT_ID()".into(),
        "BEGIN".into(),
        "INSERT INTO t (n) VALUES (9)".into(),
        "INSERT INTO t (id) VALUES (1)".into(),
        "SHOW ERRORS".into(),
        "SAVEPOINT a".into(),
        "ROLLBACK TO a".into(),
        "COMMIT".into(),
        "SET autocommit = 0, time_zone = '+03:00', sql_mode = 'ANSI'".into(),
        "SELECT @@autocommit, @@time_zone, @@sql_mode".into(),
        "SELECT * FROM t FOR UPDATE".into(),
        "ROLLBACK".into(),
        "SET autocommit = 1".into(),
        "LOCK TABLES t WRITE".into(),
        "UNLOCK TABLES".into(),
        "SELECT REPEAT('x', 300000), REPEAT('y', 70000)".into(),
        "CREATE PROCEDURE p(OUT o INT) BEGIN SELECT 1; SELECT 2 AS two; SET o = 5; END".into(),
        "CALL p(@o)".into(),
        "SELECT @o".into(),
        "syntax error".into(),
        "".into(),
        "SET NAMES latin1".into(),
        "SELECT 'a'".into(),
        "SET NAMES utf8mb4".into(),
        "DROP TABLE nothing".into(),
    ];
    let mut commands: Vec<Vec<u8>> = text.iter().map(|sql| [b"\x03", sql.as_bytes()].concat()).collect();
    let execute = |rest: &[u8]| [b"\x17\x01\0\0\0".as_slice(), rest].concat();
    commands.extend([
        b"\x16SELECT id, n FROM t WHERE n > ? ORDER BY id".to_vec(),
        execute(b"\x00\x01\0\0\0\x00\x01\x03\x00\x01\0\0\0"),
        execute(b"\x00\x01\0\0\0\x00\x00\x00\0\0\0"),
        execute(b"\x01\x01\0\0\0\x00\x01\x03\x00\x01\0\0\0"),
        b"\x1c\x01\0\0\0\x01\0\0\0".to_vec(),
        b"\x1c\x01\0\0\0\x0a\0\0\0".to_vec(),
        b"\x1c\x01\0\0\0\x0a\0\0\0".to_vec(),
        b"\x1a\x01\0\0\0".to_vec(),
        b"\x19\x01\0\0\0".to_vec(),
        execute(b"\x00\x01\0\0\0\x00\x00"),
        b"\x16INSERT INTO t (b) VALUES (?)".to_vec(),
        b"\x18\x02\0\0\0\0\0first ".to_vec(),
        b"\x18\x02\0\0\0\0\0second".to_vec(),
        b"\x17\x02\0\0\0\x00\x01\0\0\0\x00\x01\xfc\x00".to_vec(),
        b"\x03SELECT b FROM t WHERE b IS NOT NULL".to_vec(),
        b"\x04t\0".to_vec(),
        [b"\x02", database.as_bytes()].concat(),
        b"\x0e".to_vec(),
        b"\x1b\x01\0".to_vec(),
        b"\x03SELECT 1; SELECT 2".to_vec(),
        b"\x1b\x00\0".to_vec(),
        b"\x0d".to_vec(),
        b"\x30".to_vec(),
        b"\x02nothing".to_vec(),
        b"\x1f".to_vec(),
        b"\x03SELECT DATABASE(), @@sql_mode, @@session_track_gtids, ROW_COUNT()".to_vec(),
        [b"\x03DROP DATABASE ", database.as_bytes()].concat(),
    ]);
    commands
}

/// Runs the corpus at both addresses and compares the replies byte for byte.
async fn compare(addresses: [SocketAddr; 2], style: Capabilities, database: &str) {
    let commands = corpus(database);
    let mut transcripts = Vec::new();
    for address in addresses {
        let mut client = Raw::connect(address, style, "root", "").await;
        let mut replies = vec![client.login.clone()];
        for command in &commands {
            replies.push(client.command(command).await);
        }
        transcripts.push(replies);
    }
    for (index, (direct, through)) in transcripts[0].iter().zip(&transcripts[1]).enumerate() {
        let command = index.checked_sub(1).and_then(|index| commands.get(index)).cloned().unwrap_or_default();
        let command = String::from_utf8_lossy(&command);
        // The one thing that shows: the trackers that Bascule switched on.
        if !command.contains("session_track_gtids") {
            assert_eq!(direct, through, "{style:?}, command {index}: {command:?}");
        }
    }
}

#[tokio::test]
async fn a_session_looks_the_same_as_without_bascule() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    for (number, style) in STYLES.into_iter().enumerate() {
        compare([mysql(), opened.address], style, &format!("same_{number}")).await;
    }
    opened.close().await;
}
