//! The row lane with MariaDB as the source: what its log has of its own, and whatever MySQL's has too.

use std::sync::OnceLock;

use bascule::sandbox::{Servers, mysql, postgres};
use bascule::source::inspect;
use mysql_async::prelude::Queryable as _;
use rand::Rng as _;

use super::Bench;
use super::random::seed;
use crate::snapshot::random_value::{TYPES, random_value};

static SERVERS: OnceLock<Servers> = OnceLock::new();

/// A MariaDB and a PostgreSQL for these tests.
pub async fn shared() -> &'static Servers {
    let options = || mysql::Options { flavour: mysql::Flavour::MariaDb, ..Default::default() };
    let start = move || Servers::start(&options(), &postgres::Options::default()).expect("servers");
    tokio::task::spawn_blocking(move || SERVERS.get_or_init(start)).await.expect("no panic")
}

#[tokio::test]
async fn random_values_of_every_type_follow() {
    let (seed, mut random) = seed();
    let columns: Vec<String> = TYPES.iter().enumerate().map(|(index, text)| format!("c{index} {text}")).collect();
    let columns = columns.join(", ");
    let tables =
        [format!("create table keyed (id int primary key, {columns})"), format!("create table loose ({columns})")];
    let mut bench = Bench::new(shared().await, &[&tables[0], &tables[1]]).await;
    let mut next = 0;
    for round in 0..30 {
        let compression = if random.r#gen() { "ON" } else { "OFF" };
        let metadata = ["NO_LOG", "MINIMAL", "FULL"][random.gen_range(0..3)];
        let compress = format!("set global log_bin_compress = {compression}, log_bin_compress_min_len = 10");
        bench.run(&[&compress, &format!("set global binlog_row_metadata = {metadata}"), "begin"]).await;
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
            let text = match random.gen_range(0..5) {
                0 => format!("update keyed set c{at} = {value} where id % 7 = {}", random.gen_range(0..7)),
                1 => format!("update loose set c{at} = {value} order by c4 limit 3"),
                2 => "delete from loose order by c5 limit 2".to_owned(),
                3 => format!("delete from keyed where id = {}", random.gen_range(0..=next)),
                _ => format!("update keyed set id = id + 100000 where id = {}", random.gen_range(0..=next)),
            };
            bench.run(&[&text]).await;
        }
        bench.run(&[if round % 9 == 8 { "rollback" } else { "commit" }]).await;
    }
    let rows = bench.assert_followed(seed).await;
    assert!(rows > 30, "SEED={seed}");
}

/// Real losses of others, as far as MariaDB has them.
#[tokio::test]
async fn what_others_lost_arrives() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table ids(id bigint primary key, v int)",
            "create table uids(id bigint unsigned primary key, v int)",
            "create table padded(k varchar(20) character set latin1 primary key, v int)",
            "create table raw(k varbinary(20) primary key, b binary(4), unique key (b))",
            "create table swap(id int primary key, a int not null, b varchar(5), unique key (a), unique key (b))",
            "create table nokey(a int, b double, c varchar(9))",
            "create table days(id int primary key, d date, t datetime(3), s timestamp null)",
            "create table part(id int, y int, v int, primary key (id, y)) partition by range (y) \
             (partition p0 values less than (10), partition p1 values less than maxvalue)",
            "create table hidden(a int, k int invisible primary key auto_increment, t int invisible default 7)",
            "create table latin(id int primary key, t text character set latin1, u varchar(9) character set ucs2)",
            "create table gen(id int primary key, a int, s int generated always as (a * 2) stored, \
             w int generated always as (a + 1) virtual, unique key (w))",
            "create table json(id int primary key, j json)",
            "create table p(id int primary key, n int)",
            "create table c(id int primary key, p int, foreign key (p) references p(id) on delete cascade on update cascade)",
            "insert into swap values (1, 1, 'x'), (2, 2, 'y'), (3, 3, 'z')",
            "insert into p values (1, 0), (2, 0), (3, 0)",
            "insert into c values (1, 1), (2, 1), (3, 2)",
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
            "insert into padded values ('a', 1), ('b  ', 2), (' c', 3), ('', 4)",
            "update padded set v = v * 10",
            "update padded set k = 'A ' where k = 'a'",
            "delete from padded where k in ('', 'C')",
            "insert into raw values (x'00', x'00'), (x'0000', x'0001'), (x'', x'ff000000'), (x'20', null)",
            "update raw set b = x'01020000' where k = x'00'",
            "delete from raw where k = x'0000'",
            "update swap set a = a + 1 order by a desc",
            "update swap set a = case id when 1 then 10 when 2 then 11 else 12 end",
            "update swap set a = a - 1, b = concat(b, id) order by a",
            "insert into nokey values (1, 0, 'x'), (1, 0, 'x'), (1, -0e0, 'x'), (null, null, null), (1, 0, 'X')",
            "update nokey set b = 1.5 where a is null",
            "update nokey set c = 'y' where b = 0 limit 2",
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
            "insert into latin values (1, 'café €', 'Жé'), (2, '', '')",
            // The text is kept to the last byte.
            "insert into json values (1, '{\"a\": 1,  \"a\":2}'), (2, '[1.50, 1e400, 18446744073709551616]'), (3, null)",
            "update json set j = json_set(j, '$.b', 'x') where id = 1",
            "replace into ids values (-5, 77)",
            "insert into ids values (-5, 1), (8, 8) on duplicate key update v = v + 1",
            // Rows that follow a cascade aren't in MariaDB's log.
            "update p set id = 10 where id = 1",
            "delete from p where id = 2",
            "set foreign_key_checks = 0",
            "delete from p where id = 10",
            "set foreign_key_checks = 1",
        ])
        .await;
    bench.assert_followed(0).await;
}

#[tokio::test]
async fn definitions_domains_servers_and_branches_are_followed() {
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
            // Begun, and done: told by two transactions.
            "set binlog_alter_two_phase = ON",
            "alter table blank add y varchar(5) default 'y'",
            "insert into blank(id) values (10)",
            "set binlog_alter_two_phase = OFF",
            "begin",
            "insert into t values (6, 'f', 0, 0)",
            "savepoint s",
            "insert into t values (7, 'never', 0, 0)",
            "rollback to s",
            "insert into t values (8, 'h', 0, 0)",
            "commit",
            "create temporary table mine select * from t",
            "insert into t select id + 50, v, w, x from mine",
            "drop temporary table mine",
            "xa start 'one'",
            "insert into t values (10, 'xa', 0, 0)",
            "xa end 'one'",
            "xa commit 'one' one phase",
            "xa start 'two', 'branch', 7",
            "insert into t values (11, 'xa', 0, 0)",
            "xa end 'two', 'branch', 7",
            "xa prepare 'two', 'branch', 7",
            "xa commit 'two', 'branch', 7",
            "xa start 'three'",
            "delete from t",
            "xa end 'three'",
            "xa prepare 'three'",
            "xa rollback 'three'",
            // Another domain, another server in ours, and numbers that were left out.
            "set gtid_domain_id = 7",
            "insert into t values (12, 'domain', 0, 0)",
            "set gtid_domain_id = 0",
            "set server_id = 99",
            "insert into t values (13, 'elsewhere', 0, 0)",
            "set gtid_seq_no = 100000",
            "insert into t values (14, 'after a gap', 0, 0)",
            "set server_id = 1",
            "insert into t values (15, 'here again', 0, 0)",
        ])
        .await;
    bench.assert_followed(0).await;
    // Other tests write too.
    let lasts: Vec<_> = bench.replicator.applied().lasts().collect();
    assert!(lasts.len() >= 2 && lasts[0].number > 100_000 && lasts[1].to_string().starts_with("7-1-"), "{lasts:?}");
    bench.replicator.stop().await;
    bench.run(&["update t set x = x + 1", "delete from t where id = 12"]).await;
    bench.follow().await;
    bench.assert_followed(0).await;
}

/// A branch of XA that is prepared while Bascule stops isn't in MariaDB's position: its commit is told, not lost.
#[tokio::test]
async fn a_branch_that_outlives_a_restart_puts_everything_in_doubt() {
    let mut bench = Bench::new(shared().await, &["create table t(id int primary key)"]).await;
    // A domain that no other test writes to.
    const DOMAIN: &str = "set gtid_domain_id = 11";
    bench.run(&[DOMAIN, "xa start 'b'", "insert into t values (1)", "xa end 'b'", "xa prepare 'b'"]).await;
    bench.settled().await;
    assert_eq!(bench.replicator.status().undecided.count(), 1);
    bench.replicator.stop().await;
    bench.follow().await;
    bench.settled().await;
    assert_eq!(bench.replicator.status().undecided.count(), 1, "the last transaction comes again");
    // A session of MariaDB can do nothing else until it has decided.
    let mut other = inspect::connect(&bench.source).await.expect("MariaDB");
    let insert = format!("insert into {}.t values (2)", bench.target.database);
    other.query_drop(DOMAIN).await.expect("a domain");
    other.query_drop(insert).await.expect("a row");
    bench.settled().await;
    bench.replicator.stop().await;
    bench.follow().await;
    bench.run(&["xa commit 'b'"]).await;
    bench.settled().await;
    let halted = bench.halted();
    assert!(halted.len() == 1 && halted[0].1.contains("prepared before its changes were followed"), "{halted:?}");
}

#[tokio::test]
async fn what_mariadbs_log_does_not_tell_halts() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table a(id int primary key, v int)",
            "create table b(id int primary key, v int)",
            "insert into a values (1, 1)",
        ],
    )
    .await;
    bench.run(&["set binlog_row_image = MINIMAL", "update a set v = 2", "set binlog_row_image = FULL"]).await;
    bench.settled().await;
    let halted = bench.halted();
    assert!(halted.len() == 1 && halted[0].1.contains("binlog_row_image"), "{halted:?}");
    bench.assert_same(0).await;
    bench.run(&["set binlog_format = STATEMENT", "insert into b values (1, 1)", "set binlog_format = ROW"]).await;
    bench.settled().await;
    assert!(bench.halted().iter().any(|(name, why)| name == "b" && why.contains("a statement, not its rows")));
    let problems = bascule::source::binlog::problems(&mut bench.mysql).await.expect("settings");
    // Other tests have branches of XA.
    assert!(problems.iter().all(|problem| problem.contains("XA RECOVER")), "{problems:?}");
    let facts = inspect::server_facts(&mut bench.mysql).await.expect("facts");
    assert!(facts.gtids && facts.log_bin && facts.version.contains("MariaDB"), "{facts:?}");
}
