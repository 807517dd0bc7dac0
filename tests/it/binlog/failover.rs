//! The source fails over to another server of the same history, falls silent, or is changed behind our back while nobody
//! follows.

use std::time::Duration;

use bascule::sandbox::mysql::{Flavour, Mysql, Options};
use bascule::sandbox::{Servers, postgres};
use bascule::source::binlog::BinlogFeed;
use bascule::source::inspect;

use super::{Bench, mariadb, shared};
use crate::relay::Relay;

#[tokio::test]
async fn mysql_fails_over_to_its_replica() {
    fails_over(Flavour::MySql).await;
}

#[tokio::test]
async fn mariadb_fails_over_to_its_replica() {
    fails_over(Flavour::MariaDb).await;
}

/// Two servers of one history, one address.
struct Pair {
    servers: Servers,
    replica: Mysql,
    relay: Relay,
    bench: Bench,
    flavour: Flavour,
}

impl Pair {
    async fn new(flavour: Flavour) -> Self {
        let start = move || {
            let options =
                |id: u32| Options { flavour, arguments: vec![format!("--server-id={id}")], ..Options::default() };
            let servers = Servers::start(&options(1), &postgres::Options::default()).expect("servers");
            (servers, Mysql::start(&options(2)).expect("a replica"))
        };
        let (servers, replica) = tokio::task::spawn_blocking(start).await.expect("no panic");
        let relay = Relay::to(servers.mysql.port()).await;
        let mut bench = Bench::new(&servers, &["create table t(id int auto_increment primary key, v int)"]).await;
        bench.replicator.stop().await;
        bench.source.port = relay.port;
        bench.follow().await;
        bench
            .run(&[
                "create user repl identified by 'r'",
                "grant replication slave on *.* to repl",
                "insert into t(v) values (1)",
            ])
            .await;
        let port = servers.mysql.port();
        let statements = match flavour {
            Flavour::MySql => [
                format!(
                    "change replication source to source_host = '127.0.0.1', source_port = {port}, source_user = 'repl', \
                     source_password = 'r', source_auto_position = 1, get_source_public_key = 1"
                ),
                "start replica".to_owned(),
            ],
            Flavour::MariaDb => [
                format!(
                    "change master to master_host = '127.0.0.1', master_port = {port}, master_user = 'repl', \
                     master_password = 'r', master_use_gtid = slave_pos"
                ),
                "start slave".to_owned(),
            ],
        };
        for statement in statements {
            replica.execute(&statement).expect("replication begins");
        }
        Self { servers, replica, relay, bench, flavour }
    }

    /// Waits until the replica has what the first server has.
    async fn replicated(&mut self) {
        let wanted = inspect::gtid_executed(&mut self.bench.mysql).await.expect("a position");
        let mut source = self.bench.source.clone();
        source.port = self.replica.port();
        let mut conn = inspect::connect(&source).await.expect("the replica");
        for _ in 0..3000 {
            if inspect::gtid_executed(&mut conn).await.expect("a position").contains_all(&wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the replica hasn't got {wanted}");
    }

    /// The replica replicates no more.
    fn part(&self) {
        let statements = match self.flavour {
            Flavour::MySql => ["stop replica", "reset replica all"],
            Flavour::MariaDb => ["stop slave", "reset slave all"],
        };
        for statement in statements {
            self.replica.execute(statement).expect("parted");
        }
    }

    /// The first server dies, and the address leads to the replica.
    async fn promote(&mut self) {
        self.servers.mysql.kill().expect("kill -9");
        self.relay.turn_to(self.replica.port());
        self.bench.mysql = inspect::connect(&self.bench.source).await.expect("the promoted server");
        let database = format!("USE {}", self.bench.target.database);
        self.bench.run(&[&database]).await;
    }
}

async fn fails_over(flavour: Flavour) {
    let mut pair = Pair::new(flavour).await;
    pair.bench.run(&["insert into t(v) values (2), (3)", "flush binary logs", "update t set v = v + 10"]).await;
    pair.replicated().await;
    pair.part();
    pair.promote().await;
    // The files have other names and places, the transactions another server's number.
    pair.bench.run(&["insert into t(v) values (4)", "flush binary logs", "delete from t where v = 12"]).await;
    assert_eq!(pair.bench.assert_followed(0).await, 3);
    let applied = pair.bench.replicator.applied();
    let expected = match flavour {
        // One more UUID.
        Flavour::MySql => applied.lasts().count() == 2,
        Flavour::MariaDb => applied.lasts().next().is_some_and(|last| last.server == 2),
    };
    assert!(expected, "{applied}");
}

#[tokio::test]
async fn a_failover_that_lost_transactions_is_told() {
    let mut pairs = Vec::new();
    for flavour in [Flavour::MySql, Flavour::MariaDb] {
        pairs.push(tokio::spawn(async move {
            let mut pair = Pair::new(flavour).await;
            pair.replicated().await;
            pair.part();
            pair.bench.run(&["insert into t(v) values (7)"]).await;
            pair.bench.settled().await;
            pair.promote().await;
            // As many transactions as were lost, and more.
            pair.bench.run(&["insert into t(v) values (8)", "insert into t(v) values (9)"]).await;
            let mut status = pair.bench.replicator.status();
            for _ in 0..3000 {
                if status.last_error.as_ref().is_some_and(|error| error.contains("bascule resync")) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                status = pair.bench.replicator.status();
            }
            let told = status.last_error.unwrap_or_default();
            assert!(told.contains("lacks transactions that were applied already"), "{flavour:?}: {told}");
        }));
    }
    for pair in pairs {
        pair.await.expect("both are told");
    }
}

/// A server that hangs, or a network that swallows packets: nothing says that the connection is gone.
#[tokio::test]
async fn a_source_that_falls_silent_is_asked_again() {
    let mut bench = Bench::new(shared().await, &["create table t(id int auto_increment primary key, v int)"]).await;
    let relay = Relay::to(bench.source.port).await;
    bench.replicator.stop().await;
    bench.source.port = relay.port;
    let facts = bench.store.load().await.expect("facts");
    let feed = BinlogFeed::new(&bench.source, facts.applied.clone(), bench.spill.path().to_owned());
    bench.replicator.start(feed.silent_for(Duration::from_secs(1)), &facts).await;
    for value in 0..3 {
        bench.run(&[&format!("insert into t(v) values ({value})")]).await;
        bench.settled().await;
        // What comes from here on reaches nobody.
        relay.silence();
    }
    bench.run(&["delete from t where v = 1"]).await;
    assert_eq!(bench.assert_followed(0).await, 2);
}

/// The log tells definitions at their place, whoever was away. What was kept from it is named when it shows.
#[tokio::test]
async fn definitions_change_while_nobody_follows() {
    for servers in [shared().await, mariadb::shared().await] {
        let mut bench = Bench::new(
            servers,
            &[
                "create table t(id int primary key, v int)",
                "create table wider(id int primary key)",
                "create table other(id int primary key, v int)",
                "insert into t values (1, 1)",
            ],
        )
        .await;
        bench.replicator.stop().await;
        bench
            .run(&[
                "insert into t values (2, 2)",
                "alter table t add w varchar(9) not null default 'x', drop v",
                "insert into t values (3, 'y')",
                "create table fresh(id int primary key)",
                "insert into fresh values (1)",
                "set sql_log_bin = 0",
                "alter table wider add v int",
                "alter table other modify v bigint",
                "set sql_log_bin = 1",
                "insert into wider values (1, 1)",
                "insert into other values (1, 1)",
            ])
            .await;
        bench.follow().await;
        bench.settled().await;
        let halted = bench.halted();
        let names: Vec<&str> = halted.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["other", "wider"], "{halted:?}");
        assert!(halted[0].1.contains("another type for column v"), "{halted:?}");
        assert!(halted[1].1.contains("2 columns for it and the catalogue 1"), "{halted:?}");
        assert_eq!(bench.assert_same(0).await, 4);
    }
}
