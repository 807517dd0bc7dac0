//! From MySQL to PostgreSQL and back to one text: inspection, copy, verification, refresh, refusals.

pub mod random_value;

use std::sync::Arc;

use bascule::config::{Secret, Source, Target, Tls};
use bascule::replicate::snapshot::{self as copy, OnProgress, Refresh, SnapshotError};
use bascule::sandbox::{self, Servers};
use bascule::schema::{Catalogue, TableName, ddl};
use bascule::source::{inspect, snapshot};
use bascule::target::Bulk;
use bascule::verify::{self, TargetView, VerifyReport};
use mysql_async::prelude::Queryable as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use random_value::{TYPES, random_value};

use crate::shared_servers::settings;

/// A database on both servers, and how to reach it.
pub struct Bench {
    source: Source,
    target: Target,
    mysql: mysql_async::Conn,
}

impl Bench {
    pub async fn new() -> Self {
        let (servers, database) = tokio::task::spawn_blocking(|| {
            let servers: &'static Servers = sandbox::shared().expect("servers");
            (servers, servers.create_database().expect("a database"))
        })
        .await
        .expect("no panic");
        let (source, target) = settings(servers, &database.name);
        let mut mysql = inspect::connect(&source).await.expect("MySQL");
        mysql.query_drop(format!("USE {}", database.name)).await.expect("USE");
        Self { source, target, mysql }
    }

    pub async fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            self.mysql.query_drop(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    fn name(&self, table: &str) -> TableName {
        TableName { database: self.target.database.clone(), table: table.to_owned() }
    }

    pub async fn catalogue(&mut self) -> Catalogue {
        inspect::catalogue(&mut self.mysql, &self.source.databases).await.expect("a catalogue")
    }

    pub async fn bulk(&self) -> Bulk {
        Bulk::connect(&self.target).await.expect("PostgreSQL")
    }

    pub async fn snapshot(&self, connections: usize) -> snapshot::Snapshot {
        let prepared = snapshot::prepare(&self.source, connections).await.expect("connections");
        prepared.open().await.expect("a snapshot")
    }

    /// The whole first copy.
    pub async fn copy(&mut self) -> Result<Catalogue, SnapshotError> {
        let catalogue = self.catalogue().await;
        let control = self.bulk().await;
        let helpers = [ddl::collations().join(";\n"), bascule::sql::HELPERS.to_owned()].join(";\n");
        control.run(&helpers).await.expect("helpers");
        copy::create_tables(&control, &catalogue).await?;
        let mut workers = Vec::new();
        for reader in self.snapshot(2).await.readers {
            workers.push((reader, self.bulk().await));
        }
        let tables = copy::tables_of(&catalogue);
        copy::copy(workers, tables.clone(), silent()).await?;
        copy::finish(&control, &tables).await?;
        Ok(catalogue)
    }

    pub async fn verify(&self, catalogue: &Catalogue) -> VerifyReport {
        let mut snapshot = self.snapshot(1).await;
        let tables = copy::tables_of(catalogue);
        let view = TargetView::open(self.bulk().await, &tables).await.expect("a view");
        let reader = snapshot.readers.first_mut().expect("a reader");
        verify::compare(reader, &view, &tables, &()).await.expect("a comparison")
    }
}

fn silent() -> OnProgress {
    Arc::new(|_| {})
}

const TORTURE: &[&str] = &[
    "create table nums(id int primary key auto_increment, t1 tinyint(1), bu bigint unsigned, iu int unsigned, si smallint unsigned, mu mediumint unsigned, i int, d6530 decimal(65,30), f float, db double, y year, b1 bit(1), b8 bit(8), b64 bit(64))",
    "insert into nums values(1,2,18446744073709551615,4294967295,65535,16777215,2147483647,12345678901234567890123456789012345.123456789012345678901234567890,3.4028234e38,1.7976931348623157e308,1901,b'1',b'10101010',b'1111111111111111111111111111111111111111111111111111111111111111')",
    "insert into nums values(2,-1,0,0,0,0,-2147483648,-0.000000000000000000000000000001,0.1,0.1,0000,b'0',b'0',b'0')",
    "insert into nums values(3,1,1,1,1,1,1,1,-0e0,-0e0,2155,b'1',b'1',b'1'), (4,null,null,null,null,null,null,null,1e-45,5e-324,null,null,null,null)",
    "create table dt(id int primary key, d date, dtm datetime, dt6 datetime(6), ts timestamp null default null, t time, t6 time(6))",
    "insert into dt values(1,'9999-12-31','1000-01-01 00:00:00','2024-01-02 03:04:05.678901','2024-01-02 03:04:05','838:59:59','-00:00:01.5')",
    "insert into dt values(2,'0001-01-01','2024-05-01 10:00:00','9999-12-31 23:59:59.999999','2038-01-19 03:14:07','-838:59:59','12:00:00.123456')",
    "insert into dt values(3,'1000-01-01','2024-01-01 00:00:00','2024-01-01 00:00:00',null,'00:00:00','00:00:00')",
    "create table tx(id int primary key, v varchar(100), c char(10), l varchar(50) character set latin1, e enum('a','b c','it''s','b\\\\s'), s set('x','y','z'), j json, tt tinytext) default charset utf8mb4",
    r#"insert into tx values(1,'emoji 😀','ab   ','é€','it''s','x,z','{"b":1,"a":[1,2,"é"],"n":1e20,"m":1.50,"l":-12345678901234567890.5}','q'), (2,'x','','x','','','"s\\n\\u0001"',''), (3,'\\\\','x\n','','b\\s',null,'[18446744073709551615, -0.5e-7, {}]','\t')"#,
    "create table bin(id int primary key, b4 binary(8), vb varbinary(20), bl blob)",
    "insert into bin values(1,0xDEAD000000000000,0x00ff00,0x00), (2,'','','')",
    "create table nopk(a int, b varchar(10))",
    "insert into nopk values(1,'x'),(1,'x'),(null,null)",
    "create table par(id int primary key)",
    "create table chi(id int primary key, p int, constraint fk1 foreign key(p) references par(id) on delete cascade on update cascade)",
    "insert into par values(1)",
    "insert into chi values(1,1),(2,null)",
    "create table idx(id bigint unsigned primary key auto_increment, a varchar(200), b text, c int, unique key ua(a), key kb(b(10)), key kd(c desc), unique key un(b(3), c))",
    "insert into idx(a,b,c) values('A','hello',1),('b','x',2),(null,null,null),(null,null,null)",
    "create table part(id int, y int, primary key(id,y)) partition by range(y)(partition p0 values less than(10), partition p1 values less than maxvalue)",
    "insert into part values(1,1),(2,20)",
    "create table defs(id int primary key auto_increment, a datetime default current_timestamp on update current_timestamp, b varchar(36) default (uuid()), c json default (json_object()), d int default 5, e timestamp(3) default current_timestamp(3), f varchar(20) default 'it''s \\\\', g bit(3) default b'101', h decimal(10,3) default -1.5, i timestamp default '2024-01-01 00:00:00')",
    "insert into defs(d) values(1)",
    "create table `Mixed Case`(`Id` int primary key, `Order` int, `select` varchar(5))",
    "insert into `Mixed Case` values(1,2,'x')",
    "create table textkey(k varchar(20), n decimal(10,2), primary key(k, n))",
    "insert into textkey values('a',1),('B',-1),('B',10),('é',2),('😀',3),('b2',0.5)",
];

#[tokio::test]
async fn every_carried_type_arrives_and_compares_equal() {
    let mut bench = Bench::new().await;
    bench.run(&["set sql_mode = ''"]).await;
    bench.run(TORTURE).await;
    let catalogue = bench.copy().await.expect("a copy");
    let report = bench.verify(&catalogue).await;
    assert!(report.is_same(), "{report:#?}");
    assert_eq!(report.rows(), 32, "{report:#?}");

    // A start that broke off is begun again.
    bench.copy().await.expect("a second copy");
    assert!(bench.verify(&catalogue).await.is_same());
}

#[tokio::test]
async fn differences_are_found_and_named() {
    let mut bench = Bench::new().await;
    bench.run(&["set sql_mode = ''"]).await;
    bench.run(TORTURE).await;
    bench
        .run(&["create table many(id int primary key, v int)", "insert into many values (-1,1),(9,1),(10,1),(100,1)"])
        .await;
    let catalogue = bench.copy().await.expect("a copy");
    let target = bench.bulk().await;
    target.run(&format!("SET search_path = {}", bench.target.database)).await.expect("a path");
    target
        .run(
            "UPDATE textkey SET n = 11 WHERE n = 10; DELETE FROM dt WHERE id = 3; INSERT INTO nopk VALUES (1, 'x'); \
             UPDATE tx SET v = 'X', j = '{}' WHERE id = 2; UPDATE nums SET f = 0 WHERE id = 3; \
             UPDATE many SET v = 2 WHERE id = 100",
        )
        .await
        .expect("changes");
    let report = bench.verify(&catalogue).await;
    let of = |table: &str| report.tables.iter().find(|found| found.table.table == table).expect("the table");
    let shown = |table: &str| {
        let example = |found: &verify::Difference| {
            let side = |text: &Option<String>| text.clone().unwrap_or("-".to_owned());
            format!("{}: {} {} {}", found.key, side(&found.column), side(&found.source), side(&found.target))
        };
        of(table).examples.iter().map(example).collect::<Vec<_>>()
    };
    assert_eq!(shown("textkey"), ["B, 10.00: - a row -", "B, 11.00: - - a row"]);
    assert_eq!(shown("dt"), ["3: - a row -"]);
    assert_eq!(shown("nopk"), ["1, x: - - a row"]);
    assert_eq!(shown("tx"), ["2: v x X", "2: j \"s\\n\\u0001\" {}"]);
    assert_eq!(shown("nums"), ["3: f -0e0 0e0"]);
    assert_eq!(shown("many"), ["100: v 1 2"]);
    assert_eq!((report.differing(), of("tx").differing), (7, 1));
}

#[tokio::test]
async fn zero_dates_are_carried_and_compared() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "set sql_mode = ''",
            "create table z(d date primary key, t datetime(3), s timestamp(6) null, n datetime not null)",
            "insert into z values ('0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00'), ('1000-01-01', null, null, now())",
        ])
        .await;
    let catalogue = bench.copy().await.expect("copied");
    let postgres = bench.bulk().await;
    let zeros = format!(
        "SELECT count(*)::text FROM {}.z WHERE d = '-infinity' AND t = '-infinity' AND s = '-infinity' AND \
         n = '-infinity'",
        bench.target.database
    );
    let zeros = postgres.text(&zeros);
    let zeros = zeros.await.expect("an answer");
    assert_eq!(zeros.as_deref(), Some("1"));
    let report = bench.verify(&catalogue).await;
    assert_eq!(report.differing(), 0, "{report:?}");
}

#[tokio::test]
async fn expressions_of_definitions_come_along() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table gen(a int, id int generated always as (a * 2) stored primary key, c varchar(20) generated always \
             as (concat('x', upper(d), a)) virtual, d varchar(9), unique key f ((lower(d))), key s ((a + 1)))",
            "insert into gen (a, d) values (1, 'é'), (2, null), (3, 'B')",
            "create table def(id int primary key, u varchar(36) default (uuid()), v int default (1 + 2 * 3), w varchar(20) \
             default (concat('a', 'b')), x binary(4) default 'a\\0b', y date default (curdate() + interval 1 day), z \
             double default (rand()), j json default (json_array(1, 'x')))",
            "insert into def (id) values (1)",
            "create table part(id int primary key) partition by hash (id) partitions 2",
            "insert into part values (1), (2)",
        ])
        .await;
    let catalogue = bench.copy().await.expect("copied");
    let report = bench.verify(&catalogue).await;
    assert_eq!(report.differing(), 0, "{report:?}");
    let part = catalogue.table(&bench.target.database, "part").expect("the table");
    assert_eq!(part.partitioning, "/*!50100 PARTITION BY HASH (`id`)\nPARTITIONS 2 */");
    let postgres = bench.bulk().await;
    let of = |sql: &str| sql.replace("def", &format!("{}.def", bench.target.database));
    postgres.run(&of("INSERT INTO def (id) VALUES (2)")).await.expect("inserted");
    let made = of(
        "SELECT concat_ws(',', length(u), v, w, encode(x, 'hex'), y - current_date, z < 1, j) FROM def WHERE id = 2",
    );
    assert_eq!(postgres.text(&made).await.expect("a row").as_deref(), Some("36,7,ab,61006200,1,t,[1, \"x\"]"));
    let twice = format!("INSERT INTO {}.gen (a, d) VALUES (9, 'É')", bench.target.database);
    let refused = postgres.run(&twice).await.expect_err("a functional unique key holds").to_string();
    assert!(refused.contains("gen__f"), "{refused}");
}

#[tokio::test]
async fn what_postgresql_cannot_hold_is_refused_by_name() {
    let cases = [
        ("d datetime", "'0000-00-00 10:00:00'", "d of the row with key (7) holds a partial date, or a zero date with"),
        ("d date", "'2024-00-10'", "d of the row with key (7) holds a partial date"),
        ("d date", "'0000-01-10'", "d of the row with key (7) holds a date that isn't in PostgreSQL's calendar"),
        ("v varchar(9)", "'a\\0b'", "v of the row with key (7) holds a NUL character in text"),
        (
            "j json",
            r#"'{"a\\u0000": 1}'"#,
            "j of the row with key (7) holds a NUL character in the name of a JSON member",
        ),
    ];
    let mut bench = Bench::new().await;
    for (column, value, expected) in cases {
        let create = format!("create table t(id int primary key, {column})");
        let insert = format!("insert into t values (1, null), (7, {value})");
        bench.run(&["set sql_mode = 'ALLOW_INVALID_DATES'", "drop table if exists t", &create, &insert]).await;
        let error = bench.copy().await.expect_err("refused").to_string();
        assert!(error.contains(expected), "{value}: {error}");
    }
}

#[tokio::test]
async fn what_a_schema_holds_besides_is_listed_and_refused() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table g(id int primary key, v vector(3))",
            "create table gen(id int primary key, b bigint generated always as (length(compress(id))) stored)",
            "create table ft(id int primary key, b text, fulltext key fb(b), constraint positive check (id > 0))",
            "create table ok(id int primary key)",
            "create view vw as select 1",
            "create trigger trg before insert on ok for each row set new.id=new.id+0",
            "create procedure pr() select 1",
            "create event ev on schedule every 1 day do select 1",
        ])
        .await;
    let catalogue = bench.catalogue().await;
    let refusals: Vec<String> = copy::refusals(&catalogue).iter().map(ToString::to_string).collect();
    let database = bench.target.database.clone();
    assert_eq!(
        refusals,
        [
            format!("{database}.g.v: type vector(3) isn't carried"),
            format!("{database}.gen.b: a generated column isn't carried"),
        ]
    );
    let others = inspect::not_carried(&mut bench.mysql, &bench.source.databases).await.expect("a list");
    let mut others: Vec<String> = others.into_iter().map(|found| format!("{} {}", found.kind, found.name)).collect();
    others.sort();
    assert_eq!(others, ["event ev"]);
    assert!(catalogue.table(&database, "ok").expect("ok").has_triggers);
}

#[tokio::test]
async fn a_definition_that_changes_as_the_copy_begins_ends_it() {
    let mut bench = Bench::new().await;
    bench.run(&["create table t(id int primary key auto_increment)"]).await;
    let catalogue = bench.catalogue().await;
    let target = bench.bulk().await;
    copy::create_tables(&target, &catalogue).await.expect("tables");
    for change in ["alter table t add column v int", "create table u(id int primary key)", "drop table t"] {
        bench.run(&[change]).await;
        let reader = bench.snapshot(1).await.readers.remove(0);
        let tables = copy::tables_of(&catalogue);
        let ended = copy::copy(vec![(reader, bench.bulk().await)], tables, silent()).await;
        assert!(matches!(ended, Err(SnapshotError::Changed { .. })), "{change}");
    }
}

#[tokio::test]
async fn a_refresh_replaces_tables_under_foreign_keys() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table par(id int primary key auto_increment)",
            "create table chi(id int primary key, p int, foreign key(p) references par(id) on delete cascade)",
            "insert into par values (1), (2)",
            "insert into chi values (1, 1)",
        ])
        .await;
    let catalogue = bench.copy().await.expect("a copy");
    bench.run(&["insert into par values (5)", "delete from par where id = 2"]).await;
    let tables = [bench.name("par")];
    let with = format!("CREATE TABLE {}.marker ()", bench.target.database);
    let refresh = Refresh { catalogue: &catalogue, tables: &tables, with: &with };
    let mut snapshot = bench.snapshot(1).await;
    let target = bench.bulk().await;
    let reader = snapshot.readers.first_mut().expect("a reader");
    let copied = copy::refresh(reader, &target, refresh, silent()).await.expect("a refresh");
    assert_eq!(copied.rows, 2);
    assert!(bench.verify(&catalogue).await.is_same());
    target.run(&format!("DROP TABLE {}.marker", bench.target.database)).await.expect("the marker came with it");
    let cascade = format!("DELETE FROM {}.par WHERE id = 1", bench.target.database);
    target.run(&cascade).await.expect("the foreign key is back");
    let left = format!("SELECT count(*)::text FROM {}.chi", bench.target.database);
    assert_eq!(target.text(&left).await.expect("a count").as_deref(), Some("0"));
}

#[tokio::test]
async fn a_view_holds_against_truncate() {
    let mut bench = Bench::new().await;
    bench.run(&["create table t(id int primary key)", "insert into t values (1)"]).await;
    let catalogue = bench.copy().await.expect("a copy");
    let tables = copy::tables_of(&catalogue);
    let view = TargetView::open(bench.bulk().await, &tables).await.expect("a view");
    let target = bench.bulk().await;
    let truncate = format!("SET lock_timeout = '50ms'; TRUNCATE {}.t", bench.target.database);
    let error = target.run(&truncate).await.expect_err("the view is open");
    assert_eq!(error.sqlstate(), Some("55P03"));
    let insert = format!("INSERT INTO {}.t VALUES (2)", bench.target.database);
    target.run(&insert).await.expect("writes go on");
    let mut snapshot = bench.snapshot(1).await;
    let reader = snapshot.readers.first_mut().expect("a reader");
    assert!(verify::compare(reader, &view, &tables, &()).await.expect("a comparison").is_same());
    view.close().await.expect("the end");
    target.run(&truncate).await.expect("the view is closed");
}

#[tokio::test]
async fn sequences_go_past_everything_handed_out() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table a(id int primary key auto_increment)",
            "create table b(id bigint unsigned primary key auto_increment)",
            "create table c(id smallint primary key auto_increment)",
            "insert into c values (32767)",
        ])
        .await;
    let catalogue = bench.copy().await.expect("a copy");
    bench.run(&["insert into a values (41)", "delete from a", "insert into b values (9000000000)"]).await;
    let next = inspect::auto_increments(&mut bench.mysql, &catalogue).await.expect("counters");
    let target = bench.bulk().await;
    let before = verify::compare_sequences(&target, &catalogue, &next).await.expect("a comparison");
    assert_eq!(before.iter().map(verify::SequenceReport::is_safe).collect::<Vec<_>>(), [false, false, true]);
    let after = verify::advance_sequences(&target, &catalogue, &next).await.expect("sequences");
    let values: Vec<u64> = after.iter().map(|found| found.target_next).collect();
    assert_eq!(values, [42, 9_000_000_001, 32767]);
    assert!(after.iter().all(verify::SequenceReport::is_safe));
}

#[tokio::test]
async fn defaults_mean_the_same() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table defs(id int primary key auto_increment, c json default (json_object()), d int default 5, \
             f varchar(20) default 'it''s \\\\', g bit(3) default b'101', h decimal(10,3) default -1.5, \
             i timestamp default '2024-01-01 00:00:00', j time default '-10:00:00', k double default 1.5e10, \
             l enum('a','b') default 'b', m year default 2024, n date default '2024-02-29', o varbinary(3) default '', \
             p varchar(9) default ('x y'), q int default (7), r char(3))",
        ])
        .await;
    let catalogue = bench.copy().await.expect("a copy");
    bench.run(&["insert into defs() values ()"]).await;
    let target = bench.bulk().await;
    let insert = format!("INSERT INTO {}.defs DEFAULT VALUES", bench.target.database);
    target.run(&insert).await.expect("defaults");
    let report = bench.verify(&catalogue).await;
    assert!(report.is_same(), "{report:#?}");
    bench
        .run(&["create table times(id int primary key, a datetime default current_timestamp, \
                 b timestamp(3) default current_timestamp(3), c datetime(5) default current_timestamp(5))"])
        .await;
    bench.copy().await.expect("a copy");
    let now = format!("INSERT INTO {}.times VALUES (1)", bench.target.database);
    target.run(&now).await.expect("times");
    let sql = format!(
        "SELECT (abs(extract(epoch FROM a AT TIME ZONE 'UTC' - now())) < 60 AND abs(extract(epoch FROM b - now())) < 60 \
         AND abs(extract(epoch FROM c AT TIME ZONE 'UTC' - now())) < 60)::text FROM {}.times",
        bench.target.database
    );
    assert_eq!(target.text(&sql).await.expect("a row").as_deref(), Some("true"));
}

#[tokio::test]
async fn a_snapshot_says_when_a_commit_came_between() {
    let mut bench = Bench::new().await;
    bench.run(&["create table t(id int primary key auto_increment, v int)", "insert into t values (1, 0)"]).await;
    let catalogue = bench.catalogue().await;
    let table = Arc::clone(catalogue.table(&bench.target.database, "t").expect("t"));
    let facts = inspect::server_facts(&mut bench.mysql).await.expect("facts");
    assert!(facts.log_bin && facts.gtids && facts.lower_case_table_names == 0, "{facts:?}");

    let mut snapshot = bench.snapshot(3).await;
    bench.run(&["update t set v = 1"]).await;
    assert!(snapshot.after.contains_all(&snapshot.before));
    for reader in &mut snapshot.readers {
        let mut rows = reader.rows(snapshot::Selection::all(&table)).await.expect("rows");
        let row = rows.next().await.expect("a row").expect("a row");
        assert_eq!(row.cell(1), Some(&b"0"[..]), "every reader sees the moment before");
    }
    let now = inspect::gtid_executed(&mut bench.mysql).await.expect("a set");
    assert!(now.contains_all(&snapshot.after) && now != snapshot.after);
    snapshot.close().await;
    let accounts = inspect::accounts(&mut bench.mysql).await.expect("accounts").expect("root may read them");
    assert!(accounts.iter().any(|account| account.user == "root"), "{accounts:?}");
    let id: Option<u64> = bench.mysql.query_first("select connection_id()").await.expect("an id");
    let live = inspect::live_connections(&mut bench.mysql).await.expect("connections");
    assert!(live.iter().any(|connection| Some(connection.id) == id));
}

#[tokio::test]
async fn the_source_is_reached_by_password_with_and_without_tls() {
    let mut bench = Bench::new().await;
    let user = bench.target.database.clone();
    bench
        .run(&[
            &format!("create user {user} identified with caching_sha2_password by 'it''s secret'"),
            &format!("grant select on {user}.* to {user}"),
            "create table t(id int primary key)",
        ])
        .await;
    for tls in [Tls::Off, Tls::Required, Tls::Off] {
        let password = Secret::new("it's secret");
        let source = Source { user: user.clone(), password, tls: tls.clone(), ..bench.source.clone() };
        let mut conn = inspect::connect(&source).await.unwrap_or_else(|error| panic!("{tls:?}: {error:?}"));
        let catalogue = inspect::catalogue(&mut conn, &source.databases).await.expect("a catalogue");
        assert!(catalogue.table(&user, "t").is_some());
        assert_eq!(inspect::accounts(&mut conn).await.expect("an answer"), None, "only root may read accounts");
        let prepared = snapshot::prepare(&source, 2).await.expect("connections");
        assert_eq!(prepared.open().await.expect("a snapshot").readers.len(), 2);
        conn.disconnect().await.expect("the end");
        bench.run(&["flush privileges"]).await;
    }
    let wrong = Source { user: user.clone(), password: Secret::new("wrong"), ..bench.source.clone() };
    let error = inspect::connect(&wrong).await.expect_err("refused");
    assert_eq!(error.mysql_code(), Some(1045), "{error:?}");
    let missing = Source { databases: vec!["mysql".to_owned()], ..bench.source.clone() };
    let error = inspect::catalogue(&mut bench.mysql, &missing.databases).await.expect_err("refused");
    assert_eq!(error.to_string(), "database mysql can't be carried: it is MySQL's own");
}

#[tokio::test]
async fn random_values_of_every_type_arrive() {
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut bench = Bench::new().await;
    for keyed in [true, false] {
        let table = if keyed { "keyed" } else { "loose" };
        let columns: Vec<String> = TYPES.iter().enumerate().map(|(index, text)| format!("c{index} {text}")).collect();
        let key = if keyed { "id int primary key, " } else { "" };
        bench.run(&[&format!("create table {table} ({key}{})", columns.join(", "))]).await;
        for id in 0..150 {
            let mut values: Vec<String> = TYPES.iter().map(|text| random_value(text, &mut random)).collect();
            if keyed {
                values.insert(0, id.to_string());
            }
            bench.run(&[&format!("insert into {table} values ({})", values.join(", "))]).await;
        }
    }
    let catalogue = bench.copy().await.unwrap_or_else(|error| panic!("SEED={seed}: {error:?}"));
    let report = bench.verify(&catalogue).await;
    assert!(report.is_same(), "SEED={seed}: {report:#?}");
    assert_eq!(report.rows(), 300);
}

/// Both servers must send keys of every type in the same order, or one change would look like many.
#[tokio::test]
async fn one_change_is_one_difference_whatever_the_key() {
    const TYPES: [&str; 21] = [
        "tinyint(1)",
        "smallint unsigned",
        "mediumint",
        "int unsigned",
        "bigint",
        "bigint unsigned",
        "decimal(65,30)",
        "decimal(9,4)",
        "double",
        "bit(11)",
        "bit(64)",
        "year",
        "date",
        "time(3)",
        "datetime(6)",
        "timestamp(2)",
        "varchar(30)",
        "char(20)",
        "varbinary(20)",
        "binary(6)",
        "enum('a','b','')",
    ];
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut bench = Bench::new().await;
    for (index, text) in TYPES.iter().enumerate() {
        let collation = if text.contains("char") { " collate utf8mb4_0900_bin" } else { "" };
        let create = format!("create table k{index:02} (k {text}{collation} primary key, v int not null default 0)");
        bench.run(&[&create]).await;
        let values: Vec<String> = (0..60).map(|_| random_value(text, &mut random)).collect();
        let values: Vec<String> =
            values.into_iter().filter(|value| value != "NULL").map(|value| format!("({value})")).collect();
        bench.run(&[&format!("insert ignore into k{index:02} (k) values {}", values.join(", "))]).await;
    }
    let catalogue = bench.copy().await.unwrap_or_else(|error| panic!("SEED={seed}: {error:?}"));
    let target = bench.bulk().await;
    for index in 0..TYPES.len() {
        let table = format!("{}.k{index:02}", bench.target.database);
        let change =
            format!("UPDATE {table} SET v = 1 WHERE ctid = (SELECT ctid FROM {table} ORDER BY random() LIMIT 1)");
        target.run(&change).await.expect("a change");
    }
    let report = bench.verify(&catalogue).await;
    for (table, text) in report.tables.iter().zip(TYPES) {
        assert_eq!(table.differing, 1, "SEED={seed}: {text}: {table:#?}");
    }
}
