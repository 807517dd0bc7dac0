//! Logs that were thrown away while Bascule was stopped: it says so in plain words, forwarding goes on, and a resync gets
//! out of it. What was changed without the log is named by the comparison.

use bascule::admin::Status;
use bascule::route::Mode;
use bascule::sandbox::mysql::Flavour;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::World;

#[tokio::test]
async fn a_purged_log_of_mysql_is_told_and_mended() {
    purged(Flavour::MySql).await;
}

#[tokio::test]
async fn a_purged_log_of_mariadb_is_told_and_mended() {
    purged(Flavour::MariaDb).await;
}

/// Throws away every log but the last. One that is being read stays, and the source notices late that nobody does.
async fn purge(source: &mut Conn) {
    const READERS: &str = "select id from information_schema.processlist where command like 'Binlog Dump%'";
    for _ in 0..3000 {
        let readers: Vec<u64> = source.query(READERS).await.expect("connections");
        for reader in readers {
            // It may have ended by itself.
            let _ = source.query_drop(format!("kill {reader}")).await;
        }
        let logs: Vec<mysql_async::Row> = source.query("show binary logs").await.expect("logs");
        if logs.len() == 1 {
            return;
        }
        let last: String = logs.last().and_then(|log| log.get(0)).expect("a log");
        source.query_drop(format!("purge binary logs to '{last}'")).await.expect("purged");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the logs stay");
}

async fn purged(flavour: Flavour) {
    let world = World::of(flavour, "binlog");
    let mut bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    conn.query_drop("create table things (id int primary key, e enum('a', 'b'))").await.expect("a table");
    conn.query_drop("insert into things values (1, 'a')").await.expect("a row");
    world.admin().set_mode(Mode::Mirror).await.expect("the mode");
    world.wait_streaming().await;
    bascule.kill();

    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("the source");
    for statement in ["insert into things values (2, 'b')", "flush binary logs", "insert into things values (3, 'b')"] {
        direct.query_drop(statement).await.expect(statement);
    }
    purge(&mut direct).await;

    let _bascule = world.start().await;
    let told = |status: &Status| {
        let reason = status.mirror.as_ref().and_then(|mirror| mirror.reason.as_ref());
        reason.is_some_and(|reason| reason.contains("purged") && reason.contains("bascule resync"))
    };
    world.wait(told, "the purged log is told").await;
    let mut conn = Conn::from_url(world.url()).await.expect("forwarding goes on");
    conn.query_drop("insert into things values (4, 'a')").await.expect("a row");
    world.admin().resync(Vec::new()).await.expect("a resync");
    world.wait_streaming().await;
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.rows), (0, 4), "{proof:#?}");

    // The rows that follow would be read by the wrong labels, and nothing in the log says so.
    for statement in ["set sql_log_bin = 0", "alter table things modify e enum('b', 'a')", "set sql_log_bin = 1"] {
        direct.query_drop(statement).await.expect(statement);
    }
    let proof = world.verify().await;
    let named = |told: &String| told.contains("things") && told.contains("column e changed in MySQL");
    assert!(proof.definitions.iter().any(named), "{proof:#?}");
}
