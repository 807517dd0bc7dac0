//! Connections that change their nature, and packets that MySQL itself refuses: a replica and `mysqlbinlog` read the binary
//! log through Bascule.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bascule::sandbox::mysql::{Mysql, Options};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};

#[tokio::test]
async fn a_replica_follows_through_bascule() {
    let source = Mysql::start(&Options::default()).expect("a server");
    let arguments = vec!["--server-id=2".to_owned(), "--skip-log-bin".to_owned()];
    let replica = Mysql::start(&Options { arguments, ..Options::default() }).expect("a replica");
    // Replicas of MySQL 9 insist on TLS.
    let opened = Opened::before(source.port(), Wishes { client_tls: true, ..Wishes::default() });
    for statement in [
        "CREATE USER replicates IDENTIFIED BY 'secret'",
        "GRANT REPLICATION SLAVE ON *.* TO replicates",
        "CREATE DATABASE followed",
        "CREATE TABLE followed.t (a INT PRIMARY KEY, b LONGTEXT)",
        "INSERT INTO followed.t VALUES (1, 'one')",
    ] {
        source.execute(statement).expect(statement);
    }
    let change = format!(
        "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, SOURCE_USER = 'replicates', \
         SOURCE_PASSWORD = 'secret', SOURCE_AUTO_POSITION = 1, SOURCE_HEARTBEAT_PERIOD = 1",
        opened.address.port()
    );
    replica.execute(&change).expect("changed");
    replica.execute("START REPLICA").expect("started");
    let mut reads = Conn::from_url(replica.url("mysql")).await.expect("a connection");
    source.execute("INSERT INTO followed.t SELECT 2, REPEAT('x', 20000000)").expect("written while it follows");
    follows(&mut reads, 2, 20_000_003).await;
    // A replica that compresses takes no other connection.
    for (number, algorithm) in [(3, "zstd"), (4, "zlib")] {
        replica.execute("STOP REPLICA").expect("stopped");
        let change = format!("CHANGE REPLICATION SOURCE TO SOURCE_COMPRESSION_ALGORITHMS = '{algorithm}'");
        replica.execute(&change).expect("changed");
        replica.execute("START REPLICA").expect("started");
        let row = format!("INSERT INTO followed.t SELECT {number}, REPEAT('{number}y', 1000000)");
        source.execute(&row).expect("written while it follows");
        follows(&mut reads, number, 20_000_003 + 2_000_000 * (number - 2)).await;
    }
    reads.disconnect().await.expect("a clean end");
    replica.execute("STOP REPLICA").expect("stopped");
    match beside(&source, "mysqlbinlog") {
        Some(words) => reads_the_log(&words, [source.port(), opened.address.port()]),
        None => println!("there's no mysqlbinlog beside this server"),
    }
    opened.close().await;
}

/// Waits until the replica has so many rows with so many bytes.
async fn follows(reads: &mut Conn, rows: u32, bytes: u32) {
    let seen = format!("SELECT COUNT(*) = {rows} AND SUM(LENGTH(b)) = {bytes} FROM followed.t");
    let mut all = false;
    for _ in 0..600 {
        // Until the first events came the table isn't there.
        all = reads.query_first(&seen).await.ok().flatten() == Some(true);
        if all {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let fault: Option<String> = reads
        .query_first("SELECT CONCAT(last_error_message, ' ') FROM performance_schema.replication_connection_status")
        .await
        .expect("a status");
    assert!(all, "{rows} rows: {fault:?}");
}

/// `mysqlbinlog` asks for the log's events and for nothing that comes later: the same straight and through Bascule, by
/// either command, compressed or not.
fn reads_the_log(words: &[PathBuf], ports: [u16; 2]) {
    for asked in ["--read-from-remote-source=BINLOG-DUMP-NON-GTIDS", "--read-from-remote-source=BINLOG-DUMP-GTIDS"] {
        for algorithm in ["uncompressed", "zlib", "zstd"] {
            let [direct, through] = ports.map(|port| {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]).args(["--no-defaults", asked, "--host=127.0.0.1", "--user=root"]);
                command.args(["--verbose", "--base64-output=decode-rows", "binlog.000001"]);
                command.arg(format!("--compression-algorithms={algorithm}")).arg(format!("--port={port}"));
                let output = command.stdin(Stdio::null()).output().expect("it runs");
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8_lossy(&output.stdout).into_owned()
            });
            assert!(direct.contains("### INSERT INTO `followed`.`t`") && direct.contains("'one'"), "{direct:.2000}");
            assert!(direct == through, "{asked}, {algorithm}: {} and {} bytes", direct.len(), through.len());
        }
    }
}

/// How another program of a running server's folder is run: its path, behind the loader if the server has one of its own.
fn beside(server: &Mysql, program: &str) -> Option<Vec<PathBuf>> {
    let line = std::fs::read(format!("/proc/{}/cmdline", server.pid())).ok()?;
    let words = line.split(|&byte| byte == 0).map(|word| PathBuf::from(String::from_utf8_lossy(word).into_owned()));
    let mut before: Vec<PathBuf> = Vec::new();
    for word in words {
        if word.file_name().is_some_and(|name| name == "mysqld") {
            let path = word.parent().and_then(Path::parent)?.join("bin").join(program);
            before.push(path.clone());
            return path.exists().then_some(before);
        }
        before.push(word);
    }
    None
}

/// A packet that's larger than MySQL takes: its refusal comes, and then the end.
#[tokio::test]
async fn packets_that_mysql_refuses_are_refused_in_its_words() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let too_large = [&b"\x03SELECT '"[..], &vec![b'x'; 64 << 20], b"'"].concat();
    let mut seen = Vec::new();
    for address in [mysql(), opened.address] {
        let mut client = Raw::connect(address, USUAL, "root", "").await;
        let reply = client.command(&too_large).await;
        seen.push((reply, client.packet().await.is_none()));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].0.windows(18).any(|window| window == b"max_allowed_packet"), "{:?}", seen[0]);
    opened.close().await;
}
