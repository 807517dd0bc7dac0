//! The row lane against real servers: whatever is done to MySQL, the binary log brings it to PostgreSQL; compared row by
//! row. Writes go to MySQL directly, as those of writers that bypass the proxy do.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bascule::config::{Secret, Source, Target, Tls};
use bascule::replicate::Replicator;
use bascule::replicate::snapshot::{self as copy};
use bascule::sandbox::{self, Servers, mysql, postgres};
use bascule::schema::Catalogue;
use bascule::source::binlog::BinlogFeed;
use bascule::source::{inspect, snapshot};
use bascule::sql;
use bascule::store::{MirrorPhase, Store};
use bascule::target::Bulk;
use bascule::verify::{self, TargetView};
use mysql_async::prelude::Queryable as _;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::replicate::Rewriter;
use crate::snapshot::random_value::random_value;

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
        let limit = Duration::from_secs(20);
        let source = Source {
            host: "127.0.0.1".to_owned(),
            port: servers.mysql.port(),
            user: "root".to_owned(),
            password: Secret::default(),
            databases: vec![database.clone()],
            tls: Tls::Off,
            connect_timeout: limit,
        };
        let target = Target {
            host: "127.0.0.1".to_owned(),
            port: servers.postgres.port(),
            user: "postgres".to_owned(),
            password: Secret::default(),
            database: database.clone(),
            tls: Tls::Off,
            connect_timeout: limit,
            max_connections: 4,
        };
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
        let report = verify::compare(reader, &view, &tables, &|_| {}).await.expect("a comparison");
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

fn seed() -> (u64, StdRng) {
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    (seed, StdRng::seed_from_u64(seed))
}

#[tokio::test]
async fn random_values_of_every_type_follow() {
    const TYPES: [&str; 29] = [
        "tinyint(1)",
        "smallint unsigned",
        "mediumint",
        "int unsigned",
        "bigint",
        "bigint unsigned",
        "decimal(65,30)",
        "decimal(9,4)",
        "float",
        "double",
        "bit(11)",
        "bit(64)",
        "year",
        "date",
        "time(3)",
        "datetime",
        "datetime(6)",
        "timestamp(2)",
        "char(20)",
        "varchar(30)",
        "text",
        "binary(6)",
        "varbinary(20)",
        "longblob",
        "enum('a','b','')",
        "set('x','y','z')",
        "point",
        "geometry",
        "json",
    ];
    let (seed, mut random) = seed();
    let columns: Vec<String> = TYPES.iter().enumerate().map(|(index, text)| format!("c{index} {text}")).collect();
    let columns = columns.join(", ");
    let tables =
        [format!("create table keyed (id int primary key, {columns})"), format!("create table loose ({columns})")];
    let mut bench = Bench::new(shared().await, &[&tables[0], &tables[1]]).await;
    let mut next = 0;
    for round in 0..40 {
        let compression = if random.r#gen() { "ON" } else { "OFF" };
        let partial = if random.r#gen() { "PARTIAL_JSON" } else { "" };
        let settings =
            format!("SET binlog_transaction_compression = {compression}, binlog_row_value_options = '{partial}'");
        bench.run(&[&settings, "BEGIN"]).await;
        for _ in 0..random.gen_range(1..12) {
            let values: Vec<String> = TYPES.iter().map(|text| random_value(text, &mut random)).collect();
            let (table, id) =
                if random.gen_ratio(2, 3) { ("keyed", format!("{next}, ")) } else { ("loose", String::new()) };
            next += 1;
            bench.run(&[&format!("insert into {table} values ({id}{})", values.join(", "))]).await;
        }
        for _ in 0..random.gen_range(0..4) {
            let at = random.gen_range(0..TYPES.len());
            let value = random_value(TYPES[at], &mut random);
            let document = "c28 = if(json_type(c28) = 'OBJECT', json_remove(json_set(c28, '$.new', 1.5), '$.k'), c28)";
            let text = match random.gen_range(0..6) {
                0 => format!("update keyed set c{at} = {value} where id % 7 = {}", random.gen_range(0..7)),
                1 => format!("update keyed set {document} where id % 3 = 0"),
                2 => format!("update loose set c{at} = {value} order by c4 limit 3"),
                3 => "delete from loose order by c5 limit 2".to_owned(),
                4 => format!("delete from keyed where id = {}", random.gen_range(0..=next)),
                _ => format!("update keyed set id = id + 100000 where id = {}", random.gen_range(0..=next)),
            };
            bench.run(&[&text]).await;
        }
        bench.run(&[if round % 9 == 8 { "ROLLBACK" } else { "COMMIT" }]).await;
    }
    let rows = bench.assert_followed(seed).await;
    assert!(rows > 50, "SEED={seed}");
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
            "create table raw(k varbinary(20) primary key, b binary(4), unique key (b))",
            "create table swap(id int primary key, a int not null, b varchar(5), unique key (a), unique key (b))",
            "create table nokey(a int, b double, c varchar(9))",
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
            "insert into c values (1, '0000-00-00')",
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
    assert!(halted[1].1.contains("zero or partial date"), "{halted:?}");
    assert!(halted[2].1.contains("rows differ"), "{halted:?}");
    bench.assert_same(0).await;
    let stored = bench.store.load().await.expect("facts").tables;
    assert_eq!(stored.len(), 3, "{stored:?}");
}

#[tokio::test]
async fn a_large_transaction_takes_little_memory_and_arrives_whole() {
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

/// A server of its own: its logs are purged, its checksums change, its connections are cut. As one before 9.6 it doesn't
/// log the rows of cascades.
#[tokio::test]
async fn cuts_checksums_and_purged_logs() {
    let options =
        mysql::Options { arguments: vec!["--innodb-native-foreign-keys=ON".to_owned()], ..Default::default() };
    let servers = Servers::start(&options, &postgres::Options::default()).expect("servers");
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

/// Several sessions at once, keys whose collations take different texts for the same, and every kind of key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_transactions_of_several_sessions_arrive_row_by_row() {
    let (seed, mut random) = seed();
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table ci(k varchar(6) collate utf8mb4_0900_ai_ci primary key, n int)",
            "create table pad(k varchar(6) collate utf8mb4_general_ci primary key, n int, unique key (n))",
            "create table two(a int, b varchar(5) not null, c int, primary key (a, b), unique key u (c, b))",
            "create table half(a int not null unique, b int unique, c text)",
            "create table none(a int, b varchar(6) collate utf8mb4_0900_ai_ci)",
            "create table up(id int primary key, n int)",
            "create table down(id int auto_increment primary key, up int, n int, \
             foreign key (up) references up(id) on delete cascade on update cascade)",
        ],
    )
    .await;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let mut conn = inspect::connect(&bench.source).await.expect("MySQL");
        for setting in [&format!("USE {}", bench.target.database), "SET innodb_lock_wait_timeout = 1"] {
            conn.query_drop(setting).await.expect("set up");
        }
        let mut dice = StdRng::seed_from_u64(random.r#gen());
        sessions.push(tokio::spawn(async move {
            for _ in 0..120 {
                conn.query_drop("BEGIN").await.expect("BEGIN");
                for _ in 0..dice.gen_range(1..6) {
                    // Duplicates, missing parents and deadlocks are MySQL's own affair.
                    let _ = conn.query_drop(random_write(&mut dice)).await;
                }
                conn.query_drop(if dice.gen_ratio(1, 8) { "ROLLBACK" } else { "COMMIT" }).await.expect("the end");
            }
        }));
    }
    for session in sessions {
        session.await.expect("a session ends");
    }
    bench.assert_followed(seed).await;
}

fn random_write(dice: &mut StdRng) -> String {
    let word = |dice: &mut StdRng| {
        const LETTERS: [&str; 8] = ["a", "A", "ä", "b", "B", " ", "é", "e"];
        let length = dice.gen_range(1..=2);
        (0..length).map(|_| LETTERS[dice.gen_range(0..LETTERS.len())]).collect::<String>()
    };
    let (x, y) = (dice.gen_range(0..12), dice.gen_range(0..12));
    let (v, w) = (word(dice), word(dice));
    match dice.gen_range(0..22) {
        0 => format!("insert into ci values ('{v}', {x})"),
        1 => format!("replace into ci values ('{v}', {x}), ('{w}', {y})"),
        2 => format!("update ci set k = '{w}' where k = '{v}'"),
        3 => format!("update ci set n = n + {x} where k > '{v}'"),
        4 => format!("insert into pad values ('{v} ', {x}) on duplicate key update n = n + 1, k = values(k)"),
        5 => format!("update pad set k = concat(trim(k), '  ') where n > {x}"),
        6 => "update pad set n = n + 1 order by n desc".to_owned(),
        7 => format!("delete from pad where k = '{v}'"),
        8 => format!("insert ignore into two values ({x}, '{v}', {y}), ({y}, '{w}', null)"),
        9 => format!("update two set a = a + {x}, c = null where c = {y}"),
        10 => format!("update ignore two set c = {x} where a < {y}"),
        11 => format!("insert into half values ({x}, {y}, '{v}')"),
        12 => "update half set a = a + 20 where a < 20 order by a desc".to_owned(),
        13 => format!("update half set b = null, c = repeat('{v}', 500) where a % 3 = {}", x % 3),
        14 => format!("insert into none values ({}, '{v}'), ({}, '{w}'), (null, null)", x % 3, y % 3),
        15 => format!("update none set a = {x} where b = '{v}' limit 2"),
        16 => format!("delete from none where a = {} limit 1", x % 3),
        17 => format!("insert into up values ({x}, 0), ({}, 0)", x + 30),
        18 => format!("insert into down(up, n) values ({x}, {y}), ({}, {y}), (null, 0)", x + 30),
        19 => format!("update up set id = id + 60 where id = {x}"),
        20 => format!("delete from up where id % 7 = {}", x % 7),
        _ => format!("update down set n = n + 1, up = {y} where up = {x}"),
    }
}
