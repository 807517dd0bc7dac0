//! The row lane against real servers: whatever is done to MySQL, the binary log brings it to PostgreSQL; compared row by
//! row. Writes go to MySQL directly, as those of writers that bypass the proxy do.

mod failover;
mod groups;
pub mod mariadb;
mod outages;
mod random;
mod statements;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bascule::config::{Source, Target};
use bascule::replicate::snapshot::{self as copy};
use bascule::replicate::{Replicator, Sizes};
use bascule::sandbox::{self, Servers};
use bascule::schema::Catalogue;
use bascule::source::binlog::BinlogFeed;
use bascule::source::{inspect, snapshot};
use bascule::sql;
use bascule::store::{MirrorPhase, Store};
use bascule::target::Bulk;
use bascule::verify::{self, TargetView};
use mysql_async::prelude::Queryable as _;

use crate::replicate::Rewriter;
use crate::shared_servers::settings;

/// Both servers and the lane between them.
struct Bench {
    source: Source,
    target: Target,
    mysql: mysql_async::Conn,
    store: Arc<Store>,
    replicator: Arc<Replicator>,
    spill: tempfile::TempDir,
}

impl Bench {
    /// Makes what `statements` say on MySQL, copies it, and follows from there.
    async fn new(servers: &Servers, statements: &[&str]) -> Self {
        let database = servers.create_database().expect("a database").name;
        let (source, target) = settings(servers, &database);
        let mut mysql = inspect::connect(&source).await.expect("MySQL");
        mysql.query_drop(format!("USE {database}")).await.expect("USE");
        let store = Store::new(target.clone());
        let catalogue = Arc::new(ArcSwap::from_pointee(Catalogue::default()));
        let replicator = Replicator::new(target.clone(), Arc::clone(&catalogue), Arc::new(Rewriter));
        let spill = tempfile::tempdir().expect("a folder");
        let mut bench = Self { source, target, mysql, store, replicator, spill };
        bench.run(statements).await;
        bench.copy(&catalogue).await;
        bench.follow().await;
        bench
    }

    async fn copy(&mut self, shared: &ArcSwap<Catalogue>) {
        let catalogue = inspect::catalogue(&mut self.mysql, &self.source.databases).await.expect("a catalogue");
        let bulk = Bulk::connect(&self.target).await.expect("PostgreSQL");
        copy::create_tables(&bulk, &catalogue).await.expect("tables");
        let prepared = snapshot::prepare(&self.source, 1).await.expect("a connection");
        let mut opened = prepared.open_locked().await.expect("a snapshot");
        opened.release().await;
        let position = opened.position().cloned().expect("a position");
        let worker = Bulk::connect(&self.target).await.expect("PostgreSQL");
        let reader = opened.readers.pop().expect("a reader");
        copy::copy(vec![(reader, worker)], copy::tables_of(&catalogue), Arc::new(|_| {})).await.expect("copied");
        copy::finish(&bulk, &copy::tables_of(&catalogue)).await.expect("keys");
        bulk.run(sql::HELPERS).await.expect("helpers");
        self.store.put_catalogue(&catalogue).await.expect("stored");
        self.store.set_phase(MirrorPhase::Copying).await.expect("stored");
        self.store.begin_following(&position).await.expect("stored");
        shared.store(Arc::new(catalogue));
    }

    /// Another PostgreSQL database that is copied from the same MySQL, and doesn't follow yet.
    async fn beside(&self, servers: &Servers, sizes: Sizes) -> Self {
        let name = format!("{}_beside", self.target.database);
        servers.postgres.execute("postgres", &format!("CREATE DATABASE {name}")).expect("a database");
        let target = Target { database: name, ..self.target.clone() };
        let source = self.source.clone();
        let mut mysql = inspect::connect(&source).await.expect("MySQL");
        mysql.query_drop(format!("USE {}", self.target.database)).await.expect("USE");
        let store = Store::new(target.clone());
        let catalogue = Arc::new(ArcSwap::from_pointee(Catalogue::default()));
        let replicator = Replicator::with_sizes(target.clone(), Arc::clone(&catalogue), Arc::new(Rewriter), sizes);
        let spill = tempfile::tempdir().expect("a folder");
        let mut bench = Self { source, target, mysql, store, replicator, spill };
        bench.copy(&catalogue).await;
        bench
    }

    async fn follow(&self) {
        let facts = self.store.load().await.expect("facts");
        let feed = BinlogFeed::new(&self.source, facts.applied.clone(), self.spill.path().to_owned());
        self.replicator.start(feed, &facts).await;
    }

    async fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            self.mysql.query_drop(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// Waits until everything that MySQL has is applied.
    async fn settled(&mut self) {
        let position = inspect::gtid_executed(&mut self.mysql).await.expect("a position");
        let waited = tokio::time::timeout(Duration::from_secs(60), self.replicator.wait_applied(&position)).await;
        waited.unwrap_or_else(|_| panic!("not applied: {:?}", self.replicator.status())).expect("still applying");
    }

    /// Names of the halted tables, with their reasons.
    fn halted(&self) -> Vec<(String, String)> {
        self.replicator.status().halted.into_iter().map(|(name, reason)| (name.table, reason)).collect()
    }

    /// Compares every table that's followed; the number of rows.
    async fn assert_same(&mut self, seed: u64) -> u64 {
        let catalogue = inspect::catalogue(&mut self.mysql, &self.source.databases).await.expect("a catalogue");
        let halted = self.replicator.status().halted;
        let tables: Vec<_> =
            copy::tables_of(&catalogue).into_iter().filter(|table| !halted.contains_key(&table.name)).collect();
        let prepared = snapshot::prepare(&self.source, 1).await.expect("a connection");
        let mut snapshot = prepared.open().await.expect("a snapshot");
        let bulk = Bulk::connect(&self.target).await.expect("PostgreSQL");
        let view = TargetView::open(bulk, &tables).await.expect("a view");
        let reader = snapshot.readers.first_mut().expect("a reader");
        let report = verify::compare(reader, &view, &tables, &()).await.expect("a comparison");
        assert!(report.is_same(), "SEED={seed}: {report:#?}");
        report.rows()
    }

    /// Everything arrived and nothing is halted.
    async fn assert_followed(&mut self, seed: u64) -> u64 {
        self.settled().await;
        assert_eq!(self.halted(), [], "SEED={seed}");
        self.assert_same(seed).await
    }
}

async fn shared() -> &'static Servers {
    tokio::task::spawn_blocking(|| sandbox::shared().expect("servers")).await.expect("no panic")
}

/// Real losses of others, and what only the log tells exactly.
#[tokio::test]
async fn what_others_lost_arrives() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table ids(id bigint primary key, v int)",
            "create table uids(id bigint unsigned primary key, v int)",
            "create table texts(k varchar(20) character set utf8mb4 collate utf8mb4_0900_bin primary key, v int)",
            "create table padded(k varchar(20) character set latin1 primary key, v int)",
            "create table raw(k varbinary(20) primary key, b binary(4), unique key (b))",
            "create table swap(id int primary key, a int not null, b varchar(5), unique key (a), unique key (b))",
            "create table nokey(a int, b double, c varchar(9))",
            "create table days(id int primary key, d date, t datetime(3), s timestamp null)",
            "create table part(id int, y int, v int, primary key (id, y)) partition by range (y) \
             (partition p0 values less than (10), partition p1 values less than maxvalue)",
            "create table hidden(a int, k int invisible primary key auto_increment, t int invisible default 7)",
            "set sql_generate_invisible_primary_key = ON",
            "create table made(a int, b varchar(5))",
            "set sql_generate_invisible_primary_key = OFF",
            "create table latin(id int primary key, t text character set latin1, u varchar(9) character set ucs2)",
            "insert into swap values (1, 1, 'x'), (2, 2, 'y'), (3, 3, 'z')",
        ],
    )
    .await;
    bench
        .run(&[
            "insert into ids values (0, 0), (-1, 1), (-9223372036854775808, 2), (9223372036854775807, 3)",
            "insert into uids values (0, 0), (18446744073709551615, 1), (9223372036854775808, 2)",
            "update uids set v = v + 1",
            "delete from ids where id = -1",
            "update ids set id = -5 where id = 0",
            "insert into texts values ('a', 1), ('a ', 2), ('A', 3), (' ', 4), ('', 5)",
            "update texts set v = v * 10",
            "delete from texts where k = 'a '",
            "insert into padded values ('a', 1), ('b  ', 2), (' c', 3), ('', 4)",
            "update padded set v = v * 10",
            "update padded set k = 'A ' where k = 'a'",
            "update padded set k = 'B', v = 5 where k = 'b'",
            "delete from padded where k in ('', 'C')",
            "insert into raw values (x'00', x'00'), (x'0000', x'0001'), (x'', x'ff000000'), (x'20', null)",
            "update raw set b = x'01020000' where k = x'00'",
            "delete from raw where k = x'0000'",
            // Values of unique keys that move over each other in one statement.
            "update swap set a = a + 1 order by a desc",
            "update swap set a = case id when 1 then 10 when 2 then 11 else 12 end",
            "update swap set a = a - 1, b = concat(b, id) order by a",
            "begin",
            "update swap set a = 1000 where id = 1",
            "update swap set a = 9 where id = 2",
            "update swap set a = 10 where id = 1",
            "commit",
            "insert into nokey values (1, 0, 'x'), (1, 0, 'x'), (1, -0e0, 'x'), (null, null, null), (1, 0, 'X')",
            "delete from nokey where a = 1 and c = 'x' collate utf8mb4_bin limit 1",
            "update nokey set b = 1.5 where a is null",
            "update nokey set c = 'y' where b = 0 limit 2",
            "create table gen(id int primary key, a int, s int generated always as (a * 2) stored, \
             w int generated always as (a + 1) virtual, unique key (w))",
            "insert into gen(id, a) values (1, 1), (2, 2)",
            "update gen set a = a + 10 order by a desc",
            "set sql_mode = ''",
            "insert into days values (1, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'), (2, '2024-02-29', null, null)",
            "update days set d = '0000-00-00' where id = 2",
            "update days set t = '2024-01-01 00:00:00.125', s = '1970-01-01 00:00:01' where d = '0000-00-00'",
            "set sql_mode = default",
            "insert into part values (1, 1, 0), (1, 20, 0), (2, 5, 0)",
            "update part set y = y + 8, v = id",
            "delete from part where y > 15",
            "insert into hidden(a) values (1), (2), (3)",
            "update hidden set t = k where a > 1",
            "delete from hidden where a = 1",
            "insert into made values (1, 'x'), (1, 'x')",
            "delete from made limit 1",
            "insert into latin values (1, 'café €', 'Жé'), (2, '', '')",
            "replace into ids values (-5, 77)",
            "insert into ids values (-5, 1), (8, 8) on duplicate key update v = v + 1",
        ])
        .await;
    bench.assert_followed(0).await;
}

#[tokio::test]
async fn triggers_procedures_and_functions_of_the_moment_are_exact() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table a(id int auto_increment primary key, u char(36), t datetime(6), r double)",
            "create table log(id int auto_increment primary key, what varchar(40), at timestamp(6) null)",
        ],
    )
    .await;
    bench
        .run(&[
            "create trigger tr after insert on a for each row insert into log(what, at) values (new.u, now(6))",
            "create procedure p(n int) begin while n > 0 do insert into a(u, t, r) values (uuid(), now(6), rand()); \
             set n = n - 1; end while; update a set r = rand() limit 2; end",
            "insert into a(u, t, r) values (uuid(), sysdate(6), rand()), (uuid(), now(6), rand())",
            "call p(5)",
            "create temporary table mine select * from a",
            "insert into a(u) select u from mine limit 2",
            "drop temporary table mine",
            "delete from log order by rand() limit 2",
            "drop trigger tr",
        ])
        .await;
    assert_eq!(bench.assert_followed(0).await, 9 + 7);
}

#[tokio::test]
async fn cascades_arrive_at_every_level() {
    cascades(shared().await).await;
}

async fn cascades(servers: &Servers) {
    let mut bench = Bench::new(
        servers,
        &[
            "create table p(id int primary key, n int)",
            "create table c(id int primary key, p int, foreign key (p) references p(id) on delete cascade on update cascade)",
            "create table g(id int primary key, c int, foreign key (c) references c(id) on delete cascade)",
            "create table n(id int primary key, p int, foreign key (p) references p(id) on delete set null on update cascade)",
            "create table tree(id int primary key, up int, foreign key (up) references tree(id) on delete cascade)",
            "insert into p values (1, 0), (2, 0), (3, 0), (4, 0)",
            "insert into c values (1, 1), (2, 1), (3, 2), (4, 3)",
            "insert into g values (1, 1), (2, 2), (3, 4)",
            "insert into n values (1, 1), (2, 2), (3, 3)",
            "insert into tree values (1, null), (2, 1), (3, 2), (4, 1), (5, null)",
        ],
    )
    .await;
    bench
        .run(&[
            "update p set id = id + 10 where id <= 2",
            "delete from p where id in (11, 3)",
            "delete from tree where id = 1",
            "begin",
            "insert into p values (20, 0)",
            "insert into c values (20, 20)",
            "update p set id = 21 where id = 20",
            "delete from p where id = 12",
            "commit",
            // Without checks nothing follows, and orphans are MySQL's own affair.
            "set foreign_key_checks = 0",
            "delete from p where id = 21",
            "insert into c values (99, 4711)",
            "set foreign_key_checks = 1",
        ])
        .await;
    bench.assert_followed(0).await;
}

#[tokio::test]
async fn definitions_and_transactions_of_every_kind_are_followed() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table t(id int primary key, v varchar(20))",
            "create table t_new(id int primary key, v varchar(20), w int)",
            "insert into t values (1, 'a'), (2, 'b')",
            "insert into t_new select id, v, 0 from t",
        ],
    )
    .await;
    bench
        .run(&[
            // As online schema changes do it.
            "insert into t_new values (3, 'c', 1)",
            "rename table t to t_old, t_new to t",
            "insert into t values (4, 'd', 2)",
            "update t_old set v = 'old'",
            "alter table t add x int not null default 7, modify v varchar(30)",
            "insert into t values (5, 'e', 3, 8)",
            "create table made select id, v from t",
            "create table blank like t",
            "insert into blank select * from t",
            "truncate table blank",
            "insert into blank values (9, 'z', 0, 0)",
            "drop table t_old",
            // A savepoint that is rolled back.
            "begin",
            "insert into t values (6, 'f', 0, 0)",
            "savepoint s",
            "insert into t values (7, 'never', 0, 0)",
            "rollback to s",
            "insert into t values (8, 'h', 0, 0)",
            "commit",
            // XA in all its ends.
            "xa start 'one'",
            "insert into t values (10, 'xa', 0, 0)",
            "xa end 'one'",
            "xa commit 'one' one phase",
            "xa start 'two', 'branch', 7",
            "insert into t values (11, 'xa', 0, 0)",
            "xa end 'two', 'branch', 7",
            "xa prepare 'two', 'branch', 7",
            "insert into made values (100, 'while it is prepared')",
            "xa commit 'two', 'branch', 7",
            "xa start 'three'",
            "delete from t",
            "xa end 'three'",
            "xa prepare 'three'",
            "xa rollback 'three'",
            // A tag, and another server's transactions as a failover brings them.
            "set gtid_next = 'AUTOMATIC:blue'",
            "insert into t values (12, 'tagged', 0, 0)",
            "set gtid_next = '11111111-2222-3333-4444-555555555555:1'",
            "insert into t values (13, 'elsewhere', 0, 0)",
            "set gtid_next = '11111111-2222-3333-4444-555555555555:2'",
            "begin",
            "commit",
            "set gtid_next = 'AUTOMATIC'",
            "insert into t values (14, 'here again', 0, 0)",
        ])
        .await;
    bench.assert_followed(0).await;
    // A restart asks for what lies behind a position with tags and several servers.
    bench.replicator.stop().await;
    bench.run(&["update t set x = x + 1", "delete from t where id = 12"]).await;
    bench.follow().await;
    bench.assert_followed(0).await;
    // A branch of XA outlives restarts, whatever it's decided to.
    for (decision, id) in [("commit", 20), ("rollback", 21)] {
        let insert = format!("insert into t values ({id}, 'branch', 0, 0)");
        bench.run(&["xa start 'b'", &insert, "xa end 'b'", "xa prepare 'b'", "insert into made values (7, 'x')"]).await;
        bench.settled().await;
        assert_eq!(bench.replicator.status().undecided.count(), 1);
        bench.replicator.stop().await;
        bench.follow().await;
        bench.run(&["insert into made values (8, 'y')", &format!("xa {decision} 'b'")]).await;
        bench.assert_followed(0).await;
        assert!(bench.replicator.status().undecided.is_empty());
    }
}

#[tokio::test]
async fn what_the_log_does_not_tell_halts_its_table_and_no_other() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table a(id int primary key, v int, w int)",
            "create table b(id int primary key, v int, w int)",
            "create table c(id int primary key, d date)",
            "create table d(id int primary key, v int)",
            "insert into a values (1, 1, 1)",
            "insert into b values (1, 1, 1)",
            "insert into d values (1, 1), (2, 2)",
        ],
    )
    .await;
    let database = bench.target.database.clone();
    let bulk = Bulk::connect(&bench.target).await.expect("PostgreSQL");
    bulk.run(&format!("DELETE FROM \"{database}\".d WHERE id = 2")).await.expect("sabotage");
    bench
        .run(&[
            "set binlog_row_image = MINIMAL",
            "update a set v = 2",
            "set binlog_row_image = FULL",
            "set sql_mode = ''",
            "insert into c values (1, '2024-00-00')",
            "begin",
            "update b set v = 5",
            "update d set v = v + 1",
            "commit",
            "update b set w = 6",
        ])
        .await;
    bench.settled().await;
    let halted = bench.halted();
    let names: Vec<&str> = halted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "c", "d"], "{halted:?}");
    assert!(halted[0].1.contains("binlog_row_image"), "{halted:?}");
    assert!(halted[1].1.contains("partial date"), "{halted:?}");
    assert!(halted[2].1.contains("rows differ"), "{halted:?}");
    bench.assert_same(0).await;
    let stored = bench.store.load().await.expect("facts").tables;
    assert_eq!(stored.len(), 3, "{stored:?}");
}

#[tokio::test]
async fn a_large_transaction_arrives_whole() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table big(id int primary key, v varchar(200) not null, n int not null)",
            "create table small(id int primary key)",
            "set cte_max_recursion_depth = 100000",
        ],
    )
    .await;
    for compression in ["OFF", "ON"] {
        bench
            .run(&[
                &format!("set binlog_transaction_compression = {compression}"),
                "begin",
                "delete from big",
                "insert into big with recursive n(i) as (select 1 union all select i + 1 from n where i < 40000) \
                 select i, repeat(sha2(i, 256), 3), i from n",
                "delete from small",
                "insert into small values (1)",
                "update big set n = n + 1 where id % 2 = 0",
                "delete from big where id % 10 = 0",
                "commit",
            ])
            .await;
    }
    assert_eq!(bench.assert_followed(0).await, 36_001);
}
