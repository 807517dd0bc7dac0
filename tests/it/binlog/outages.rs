//! What happens to servers: connections are cut, processes killed, logs purged, settings changed.

use bascule::config::{Secret, Source, Tls};
use bascule::sandbox::{Servers, mysql, postgres};
use bascule::source::binlog::BinlogFeed;
use bascule::source::inspect;
use mysql_async::prelude::Queryable as _;

use super::{Bench, cascades};

/// A server of its own: its logs are purged, its checksums change, its connections are cut. As one before 9.6 it doesn't
/// log the rows of cascades.
#[tokio::test]
async fn cuts_checksums_and_purged_logs() {
    let options =
        mysql::Options { arguments: vec!["--innodb-native-foreign-keys=ON".to_owned()], ..Default::default() };
    let mut servers = Servers::start(&options, &postgres::Options::default()).expect("servers");
    cascades(&servers).await;
    let mut bench = Bench::new(&servers, &["create table t(id int auto_increment primary key, v int)"]).await;
    for round in 0..6 {
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
    assert_eq!(bench.assert_followed(0).await, 12);
    // A large transaction is under way while either server is killed.
    bench.run(&["create table big(id int primary key, v varchar(200))", "set cte_max_recursion_depth = 100000"]).await;
    for round in 0..3 {
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
    assert_eq!(bench.assert_followed(0).await, 30_012);
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
        bench.run(&["flush privileges"]).await;
        BinlogFeed::new(&dumper, now.clone(), bench.spill.path().to_owned()).probe().await.expect("allowed");
    }
    let reader = Source { user: "reader".to_owned(), password: Secret::new("it's secret"), ..bench.source.clone() };
    let error = BinlogFeed::new(&reader, now, bench.spill.path().to_owned()).probe().await.expect_err("not allowed");
    assert!(error.message.contains("GRANT REPLICATION SLAVE"), "{error}");
}
