//! Groups of transactions, several at a time: the same log applied by a pipeline of random sizes and one transaction after
//! the other leaves the same rows, and both are MySQL's. The seed is printed.

use bascule::change::{Backlog, Feed, FeedError, SourceEvent};
use bascule::position::GtidSet;
use bascule::replicate::Sizes;
use bascule::sandbox::Servers;
use bascule::source::binlog::BinlogFeed;
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
