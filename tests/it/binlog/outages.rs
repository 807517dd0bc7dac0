//! What happens to servers: connections are cut, processes killed, logs purged, settings changed.

use bascule::config::{Secret, Source, Tls};
use bascule::sandbox::{Servers, mysql, postgres};
use bascule::source::binlog::BinlogFeed;
use bascule::source::login::Session;
use bascule::source::{inspect, snapshot};
use mysql_async::prelude::Queryable as _;

use super::groups::{groups, killed_between_groups};
use super::{Bench, cascades};

/// Connections are cut, files end, and events have checksums or none.
async fn cuts_and_checksums(bench: &mut Bench) {
    for round in 0..4 {
        let checksum = if round % 2 == 0 { "NONE" } else { "CRC32" };
        bench.run(&[&format!("set global binlog_checksum = {checksum}"), "insert into t(v) values (1), (2)"]).await;
        let dumps: Vec<u64> = bench
            .mysql
            .query("select id from information_schema.processlist where command like 'Binlog Dump%'")
            .await
            .expect("connections");
        for dump in dumps {
            // It may have ended by itself.
            let _ = bench.mysql.query_drop(format!("kill {dump}")).await;
        }
        bench.run(&["update t set v = v + 1", "flush binary logs"]).await;
    }
    assert_eq!(bench.assert_followed(0).await, 8);
}

#[tokio::test]
async fn cuts_and_checksums_of_mariadb() {
    let servers = super::mariadb::shared().await;
    let mut bench = Bench::new(servers, &["create table t(id int auto_increment primary key, v int)"]).await;
    cuts_and_checksums(&mut bench).await;
}

/// A server of its own: its logs are purged, its checksums change, its connections are cut. As one before 9.6 it doesn't
/// log the rows of cascades.
#[tokio::test]
async fn cuts_checksums_and_purged_logs() {
    let options =
        mysql::Options { arguments: vec!["--innodb-native-foreign-keys=ON".to_owned()], ..Default::default() };
    let mut servers = Servers::start(&options, &postgres::Options::default()).expect("servers");
    cascades(&servers).await;
    groups(&servers).await;
    killed_between_groups(&mut servers).await;
    let mut bench = Bench::new(&servers, &["create table t(id int auto_increment primary key, v int)"]).await;
    cuts_and_checksums(&mut bench).await;
    // A large transaction is under way while either server is killed.
    bench.run(&["create table big(id int primary key, v varchar(200))", "set cte_max_recursion_depth = 100000"]).await;
    for round in 0..2 {
        let rows = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000) \
                    select i, repeat(sha2(i, 256), 3) from n";
        bench.run(&["begin", "delete from big", &format!("insert into big {rows}"), "commit"]).await;
        servers.postgres.kill().expect("kill -9");
        if round == 1 {
            servers.mysql.kill().expect("kill -9");
            servers.mysql.restart().expect("restart");
            bench.mysql = inspect::connect(&bench.source).await.expect("MySQL is back");
            let settings = format!("USE {}", bench.target.database);
            bench.run(&[&settings, "set cte_max_recursion_depth = 100000"]).await;
        }
        servers.postgres.restart().expect("restart");
    }
    assert_eq!(bench.assert_followed(0).await, 30_008);
    bench.replicator.stop().await;
    bench.run(&["insert into t(v) values (9)", "flush binary logs"]).await;
    let logs: Vec<(String, u64, String)> = bench.mysql.query("show binary logs").await.expect("logs");
    let last = &logs.last().expect("a log").0;
    bench.run(&[&format!("purge binary logs to '{last}'")]).await;
    let applied = bench.store.load().await.expect("facts").applied;
    let mut feed = BinlogFeed::new(&bench.source, applied, bench.spill.path().to_owned());
    let error = feed.probe().await.expect_err("it's gone");
    assert!(error.message.contains("purged") && error.message.contains("bascule resync"), "{error}");
    let settings = ["set global binlog_row_image = MINIMAL"];
    bench.run(&settings).await;
    let problems = bascule::source::binlog::problems(&mut bench.mysql).await.expect("settings");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("SET PERSIST binlog_row_image = 'FULL'"), "{problems:?}");
    // An account without the privilege, and one with a password and without TLS.
    bench
        .run(&[
            "create user reader identified by 'it''s secret'",
            "create user dumper identified by 'secret'",
            "grant replication slave, replication client, select on *.* to dumper",
        ])
        .await;
    let now = inspect::gtid_executed(&mut bench.mysql).await.expect("a position");
    for tls in [Tls::Off, Tls::Required] {
        let dumper = Source { user: "dumper".to_owned(), password: Secret::new("secret"), tls, ..bench.source.clone() };
        // Nothing is cached after this: the whole password is asked for.
        bench.run(&["flush privileges"]).await;
        let mut session = Session::open(&dumper).await.expect("a login");
        session.execute("DO 1").await.expect("an answer");
        BinlogFeed::new(&dumper, now.clone(), bench.spill.path().to_owned()).probe().await.expect("allowed");
    }
    // Without RELOAD writers aren't held, with it they are, and a table that somebody has locked is told in a second.
    let dumper = Source { user: "dumper".to_owned(), password: Secret::new("secret"), ..bench.source.clone() };
    for (source, held) in [(&dumper, false), (&bench.source, true)] {
        let mut opened =
            snapshot::prepare(source, 1).await.expect("connections").open_locked().await.expect("a snapshot");
        let mut writer = inspect::connect(&bench.source).await.expect("MySQL");
        writer.query_drop(format!("USE {}", bench.target.database)).await.expect("USE");
        writer.query_drop("SET lock_wait_timeout = 1").await.expect("SET");
        let written = writer.query_drop("insert into t(v) values (5)").await;
        assert_eq!(written.is_err(), held, "{written:?}");
        opened.release().await;
        writer.query_drop("insert into t(v) values (6)").await.expect("writers go on");
        opened.close().await;
    }
    bench.run(&["lock tables t write"]).await;
    let prepared = snapshot::prepare(&bench.source, 1).await.expect("connections");
    let error = prepared.open_locked().await.err().expect("a statement is in the way");
    assert_eq!(error.mysql_code(), Some(1205), "{error:?}");
    bench.run(&["unlock tables"]).await;
    let reader = Source { user: "reader".to_owned(), password: Secret::new("it's secret"), ..bench.source.clone() };
    let error = BinlogFeed::new(&reader, now, bench.spill.path().to_owned()).probe().await.expect_err("not allowed");
    assert!(error.message.contains("GRANT REPLICATION SLAVE"), "{error}");
}
