//! Groups of transactions, several at a time: the same log applied by a pipeline of random sizes and one transaction after
//! the other leaves the same rows, and both are MySQL's. The seed is printed.

use std::time::Duration;

use bascule::change::{Backlog, Feed, FeedError, SourceEvent};
use bascule::position::GtidSet;
use bascule::replicate::{ReplicateError, Sizes};
use bascule::sandbox::Servers;
use bascule::source::binlog::BinlogFeed;
use bascule::source::inspect;
use bascule::target::Bulk;
use rand::Rng;

use super::random::{KEYS, seed, write_at_random};
use super::{Bench, shared};

/// A feed that gives the next transaction once the one before is committed.
struct OneByOne {
    feed: BinlogFeed,
    free: bool,
}

impl Feed for OneByOne {
    async fn next(&mut self) -> Result<SourceEvent, FeedError> {
        if !self.free {
            std::future::pending::<()>().await;
        }
        let event = self.feed.next().await;
        self.free = false;
        event
    }

    async fn ready(&mut self) -> Result<Option<SourceEvent>, FeedError> {
        Ok(None)
    }

    async fn acknowledge(&mut self, applied: &GtidSet) {
        self.free = true;
        self.feed.acknowledge(applied).await;
    }

    fn backlog(&self) -> Backlog {
        self.feed.backlog()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_leave_the_same_rows_as_transactions_one_by_one() {
    groups(shared().await).await;
}

pub(super) async fn groups(servers: &Servers) {
    let (seed, mut random) = seed();
    let extra = ["create table taken(id int auto_increment primary key, u varchar(9) unique, v int unique, w int)"];
    let mut single = Bench::new(servers, &[&KEYS[..], &extra[..]].concat()).await;
    single.replicator.stop().await;
    let sizes =
        Sizes { group: random.gen_range(1..30), beside: random.gen_range(1..12), workers: random.gen_range(2..5) };
    println!("{sizes:?}");
    let mut grouped = single.beside(servers, sizes).await;
    write_at_random(&single, &mut random, 100).await;
    for _ in 0..150 {
        let (x, y) = (random.gen_range(0..9), random.gen_range(0..9));
        let letter = ["a", "A", "ä", "b", "B"][random.gen_range(0..5)];
        let text = match random.gen_range(0..6) {
            // A value goes and comes again in the next transaction, equal by its collation only.
            0 | 1 => format!("delete from taken where u = '{letter}'"),
            2 | 3 => format!("insert ignore into taken(u, v, w) values ('{letter}', {x}, {y})"),
            // Values that change their places.
            4 => "update taken set v = v + 1 order by v desc".to_owned(),
            _ => format!(
                "update taken a join taken b on a.v = {x} and b.v = {y} set a.w = b.w + 1, b.u = upper(b.u), a.u = lower(a.u)"
            ),
        };
        // Duplicates are MySQL's own affair.
        let _ = mysql_async::prelude::Queryable::query_drop(&mut single.mysql, text).await;
        if random.gen_ratio(1, 12) {
            let swap = ["begin", "update taken set v = -1 where v = 3", "update taken set v = 3 where v = 4"];
            single.run(&swap).await;
            single.run(&["update taken set v = 4 where v = -1", "commit"]).await;
        }
    }
    let facts = single.store.load().await.expect("facts");
    let feed = BinlogFeed::new(&single.source, facts.applied.clone(), single.spill.path().to_owned());
    grouped.follow().await;
    single.replicator.start(OneByOne { feed, free: true }, &facts).await;
    grouped.assert_followed(seed).await;
    single.assert_followed(seed).await;
}

/// PostgreSQL is killed while groups are under way, some of them with a commit whose answer is lost.
pub(super) async fn killed_between_groups(servers: &mut Servers) {
    let (seed, mut random) = seed();
    let mut bench = Bench::new(servers, &["create table k(id int primary key, v int)"]).await;
    bench.replicator.stop().await;
    let sizes = Sizes { group: random.gen_range(2..9), beside: 1, workers: 3 };
    let mut grouped = bench.beside(servers, sizes).await;
    for id in 0..500 {
        bench.run(&[&format!("insert into k values ({id}, 0)")]).await;
        if id % 3 == 0 {
            bench.run(&[&format!("update k set v = v + 1 where id <= {id}")]).await;
        }
    }
    grouped.follow().await;
    for kills in 1..=3 {
        while grouped.replicator.status().applied_transactions < kills * random.gen_range(60..120) {
            grouped.replicator.changed().await;
        }
        servers.postgres.kill().expect("kill -9");
        servers.postgres.restart().expect("restart");
    }
    assert_eq!(grouped.assert_followed(seed).await, 500);
}

/// Limits are set while groups are under way. What is reached is exactly the limit, in the position and in the rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_holds_exactly_whatever_is_under_way() {
    let (seed, mut random) = seed();
    let servers = shared().await;
    let mut bench = Bench::new(servers, &["create table n(id int primary key, v int)"]).await;
    bench.replicator.stop().await;
    let sizes = Sizes { group: random.gen_range(1..12), beside: 1, workers: 4 };
    let grouped = bench.beside(servers, sizes).await;
    let mut positions = vec![inspect::gtid_executed(&mut bench.mysql).await.expect("a position")];
    for id in 1..=400 {
        bench.run(&[&format!("insert into n values ({id}, {})", id % 7)]).await;
        // Others commit on the server too, so the position is asked.
        positions.push(inspect::gtid_executed(&mut bench.mysql).await.expect("a position"));
    }
    let bulk = Bulk::connect(&grouped.target).await.expect("PostgreSQL");
    let count = format!("SELECT count(*)::text FROM \"{}\".n", bench.target.database);
    let (mut reached, mut rows) = (0, 0);
    while rows < 400 {
        let next = (rows + random.gen_range(5..90)).min(400);
        let barrier = grouped.replicator.limit(positions[next].clone()).expect("one barrier at a time");
        if rows == 0 {
            grouped.follow().await;
        }
        match barrier.reached().await {
            Ok(()) => {
                reached += 1;
                rows = next;
                assert_eq!(grouped.replicator.applied(), positions[next], "SEED={seed}");
                let found = bulk.text(&count).await.expect("counted");
                assert_eq!(found, Some(next.to_string()), "SEED={seed}");
                if reached == 1 {
                    lags(&grouped, &positions[400]).await;
                }
            }
            // It was set too late, which only a later one can follow.
            Err(ReplicateError::Passed) => rows = next,
            Err(error) => panic!("SEED={seed}: {error}"),
        }
    }
    assert!(reached > 1, "SEED={seed}");
    grouped.replicator.wait_applied(&positions[400]).await.expect("applied");
    assert_eq!(bulk.text(&count).await.expect("counted"), Some("400".to_owned()), "SEED={seed}");
}

/// What isn't read yet counts too: fewer are read ahead than are missing here.
async fn lags(bench: &Bench, position: &GtidSet) {
    let missing = position.minus(&bench.replicator.applied()).count();
    let limit = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let status = bench.replicator.status();
        if status.lag_transactions >= missing && status.waiting_transactions < missing && status.waiting_bytes > 0 {
            return;
        }
        assert!(tokio::time::Instant::now() < limit, "{missing} missing: {status:?}");
        // Nobody tells when the server was asked again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A table that can't go on halts alone, though its rows are in groups with others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_differs_halts_alone_out_of_a_group() {
    let (seed, mut random) = seed();
    let servers = shared().await;
    let mut bench =
        Bench::new(servers, &["create table good(id int primary key, v int)", "create table bad like good"]).await;
    bench.run(&["insert into bad values (1, 1), (2, 2), (3, 3)"]).await;
    bench.assert_followed(seed).await;
    bench.replicator.stop().await;
    let sizes = Sizes { group: random.gen_range(10..60), beside: 5, workers: 3 };
    let grouped = bench.beside(servers, sizes).await;
    let bulk = Bulk::connect(&grouped.target).await.expect("PostgreSQL");
    bulk.run(&format!("DELETE FROM \"{}\".bad WHERE id = 2", bench.target.database)).await.expect("sabotage");
    for id in 0..150 {
        bench
            .run(&[&format!("insert into good values ({id}, 0)"), "update good set v = v + 1 where id % 50 = 0"])
            .await;
        if id == 75 {
            bench.run(&["begin", "update bad set v = 7", "insert into good values (1000, 0)", "commit"]).await;
        }
    }
    let mut grouped = grouped;
    grouped.follow().await;
    grouped.settled().await;
    let halted = grouped.halted();
    assert!(halted.len() == 1 && halted[0].0 == "bad" && halted[0].1.contains("rows differ"), "{halted:?}");
    grouped.assert_same(seed).await;
}
