//! MariaDB as the source: what `bascule assess` and `bascule schema` say of it, compared with what it says itself.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use bascule::admin::Rehearsal;
use bascule::route::Mode;
use bascule::sandbox::mysql::Flavour;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::assess::{Bench, of_database};
use crate::binlog::mariadb::shared;
use crate::forward::raw::{Raw, USUAL};
use crate::schema::named;
use crate::world::World;

/// Types and schema objects that MariaDB and MySQL share, as MariaDB writes them.
const SET: &str = include_str!("mariadb.sql");

async fn bench() -> Bench {
    let bench = Bench::on(shared().await).await;
    let path = bench.folder.path().join("proxy.toml");
    let lane = std::fs::read_to_string(&path).expect("a configuration") + "[mirror]\nsource = \"binlog\"\n";
    std::fs::write(&path, lane).expect("written");
    bench
}

/// Each line is a statement: bodies of routines have semicolons of their own.
async fn make(conn: &mut Conn) {
    for statement in SET.lines() {
        conn.query_drop(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_object_of_mariadb_stands_in_postgresql() {
    let mut bench = bench().await;
    make(&mut bench.mysql).await;
    let database = bench.database.clone();
    let (_, report) = bench.assess(&["--data"]);
    // Other tests have branches of XA.
    let hinders = |finding: &&Value| {
        finding["level"] == "blocker" && !finding["what"].as_str().is_some_and(|what| what.contains("of XA"))
    };
    let blockers: Vec<&Value> = report["findings"].as_array().expect("findings").iter().filter(hinders).collect();
    assert!(blockers.is_empty(), "{blockers:#?}");
    let (code, made) = bench.schema(&["--apply"]);
    assert_eq!((code, named(&made, "refused")), (Some(0), BTreeSet::new()), "{made:#}");
    let (code, compared) = bench.schema(&["--diff"]);
    assert_eq!((code, &compared["equal"]), (Some(0), &Value::Bool(true)), "{compared:#}");
    let checks: Vec<String> = named(&made, "objects")
        .into_iter()
        .filter_map(|name| name.strip_prefix(&format!("check constraint {database}.")).map(str::to_owned))
        .collect();
    // Names that MySQL wouldn't take twice, and those of columns.
    assert_eq!(checks, ["CONSTRAINT_1", "CONSTRAINT_2", "dt_positive", "nums_positive", "tx_j_chk"]);

    // Defaults are MariaDB's own.
    let defaults = "select hex(b4), hex(vb), hex(lit) from bin";
    bench.run(&["insert into bin(id) values (1)"]).await;
    let theirs: Option<(String, String, String)> = bench.mysql.query_first(defaults).await.expect("a row");
    let postgres = bench.postgres().await;
    postgres
        .batch_execute(&format!("SET search_path = {database}; INSERT INTO bin(id) VALUES (1)"))
        .await
        .expect("a row");
    let sql = "SELECT upper(encode(b4, 'hex')), upper(encode(vb, 'hex')), upper(encode(lit, 'hex')) FROM bin";
    let row = postgres.query_one(sql, &[]).await.expect("a row");
    assert_eq!(Some((row.get(0), row.get(1), row.get(2))), theirs);
    let columns = "id, d, f, g, h, i, k, o, q, s";
    let of_mariadb = columns.replace("h,", "h + 0,");
    bench.run(&["insert into defs(n) values ('')"]).await;
    let sql = format!("select concat_ws('|', {of_mariadb}) from defs");
    let theirs: Option<String> = bench.mysql.query_first(sql).await.expect("a row");
    postgres.batch_execute("INSERT INTO defs(n) VALUES ('')").await.expect("a row");
    let row = postgres.query_one(&format!("SELECT concat_ws('|', {columns}) FROM defs"), &[]).await.expect("a row");
    assert_eq!(Some(row.get::<_, String>(0)), theirs);
    for refused in ["INSERT INTO tx(id, j) VALUES (9, '{')", "INSERT INTO idx(a, c) VALUES ('it''s', 1)"] {
        assert!(postgres.batch_execute(refused).await.is_err(), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_mysql_has_not_is_refused_by_name() {
    let mut bench = bench().await;
    bench
        .run(&[
            "create table ids (id uuid primary key, a inet6, b inet4)",
            "create sequence numbers",
            "create table history (id int primary key, v int) with system versioning",
            "create table squeezed (id int primary key, v varchar(500) compressed)",
            "create table fine (id int primary key)",
            "create table counted (id int primary key default (nextval(numbers)))",
        ])
        .await;
    let (code, report) = bench.assess(&[]);
    assert_ne!(code, Some(0));
    let found = of_database(&report, &bench.database);
    for wanted in [
        "blocker column.type ids.id",
        "blocker column.type ids.a",
        "blocker column.type ids.b",
        "blocker table.special history",
        "blocker table.special numbers",
        "blocker source.binlog.text squeezed",
        "blocker column.default counted.id",
    ] {
        let lane = wanted.contains("source.binlog");
        assert!(lane || found.contains(wanted), "{wanted}: {found:#?}");
        let told = report.to_string();
        assert!(!lane || told.contains("squeezed"), "{told}");
    }
    assert!(!found.iter().any(|finding| finding.ends_with(" fine")), "{found:#?}");
    let text = report.to_string();
    assert!(!text.contains("SET PERSIST"), "MariaDB has none: {text}");
}

/// Accounts with their hashes, whatever MariaDB calls the table.
#[tokio::test]
async fn accounts_are_read_with_their_hashes() {
    let mut bench = bench().await;
    let user = format!("u{}", &bench.database[1..]);
    bench
        .run(&[
            &format!("create user {user} identified by 'secret'"),
            &format!("create user {user}_locked identified by 'secret' account lock"),
            &format!(
                "create user {user}_two identified via unix_socket or mysql_native_password using password('secret')"
            ),
            &format!("create role {user}_role"),
        ])
        .await;
    let accounts = bascule::source::inspect::accounts(&mut bench.mysql).await.expect("accounts").expect("allowed");
    let find = |name: &str| accounts.iter().find(|account| account.user == name);
    let plain = find(&user).expect("imported");
    assert_eq!((plain.plugin.as_str(), plain.locked), ("mysql_native_password", false));
    assert_eq!(plain.authentication, b"*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
    assert!(find(&format!("{user}_locked")).is_some_and(|account| account.locked));
    assert!(find(&format!("{user}_two")).is_some());
    assert!(find(&format!("{user}_role")).is_none() && find("mariadb.sys").is_none());
    let drop = format!("drop user {user}, {user}_locked, {user}_two");
    bench.run(&[&drop, &format!("drop role {user}_role")]).await;
}

/// A client that tracks nothing sees the bytes that MariaDB alone would send.
#[tokio::test]
async fn every_packet_is_what_mariadb_sends() {
    let world = World::of(Flavour::MariaDb, "binlog");
    let _bascule = world.start().await;
    let addresses = [world.servers.mysql.port(), world.port()].map(|port| (Ipv4Addr::LOCALHOST, port).into());
    let mut seen = Vec::new();
    for address in addresses {
        let mut client = Raw::connect(address, USUAL, "root", "").await;
        let mut replies = Vec::new();
        for sql in [
            "begin",
            "select 1",
            "commit",
            "set autocommit = 0, time_zone = '+02:00'",
            "select @@autocommit",
            "rollback",
            "use mysql",
            "select database()",
            "select 1; select 2; do 3",
            "insert into nothing values (1)",
            "show warnings",
        ] {
            replies.push((sql, client.query(sql).await));
        }
        seen.push(replies);
    }
    let [direct, through] = [&seen[0], &seen[1]];
    for (direct, through) in direct.iter().zip(through) {
        assert_eq!(direct, through);
    }
}

/// What MariaDB's trackers don't tell is asked for, and its modes mean the same after the flip.
#[tokio::test]
async fn sessions_of_mariadb_go_on_with_their_variables() {
    let world = World::of(Flavour::MariaDb, "binlog");
    let _bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    conn.query_drop("create table moments (id int primary key auto_increment, at datetime)").await.expect("a table");
    let questions = "show session status like 'Questions'";
    let before: Option<(String, u64)> = conn.query_first(questions).await.expect("a count");
    conn.query_drop("do 1").await.expect("an answer");
    let after: Option<(String, u64)> = conn.query_first(questions).await.expect("a count");
    let count = |status: Option<(String, u64)>| status.expect("a row").1;
    assert_eq!(count(after) - count(before), 2, "nothing is asked beside the client's own statements");
    for statement in [
        "set names utf8mb4 collate utf8mb4_bin",
        "set sql_mode = 'ANSI_QUOTES,STRICT_ALL_TABLES,NO_AUTO_CREATE_USER', time_zone = '+03:00'",
        "set session transaction isolation level read committed",
        "set statement sql_mode = '' for select 1",
        "set group_concat_max_len = 77",
        "insert into moments (at) values ('2020-01-01 00:00:00.9')",
    ] {
        conn.query_drop(statement).await.expect(statement);
    }
    world.admin().set_mode(Mode::Mirror).await.expect("the mode");
    world.wait_streaming().await;
    let flipped = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(flipped.performed, "{flipped:#?}");
    let values =
        "select @@collation_connection, @@time_zone, @@transaction_isolation, @@group_concat_max_len, database()";
    let values: Option<(String, String, String, u64, String)> = conn.query_first(values).await.expect("values");
    let wanted = ("utf8mb4_bin", "+03:00", "READ-COMMITTED", 77, world.database.as_str());
    let values = values.expect("a row");
    assert_eq!((&*values.0, &*values.1, &*values.2, values.3, &*values.4), wanted);
    let modes: Option<String> = conn.query_first("select @@sql_mode").await.expect("modes");
    assert_eq!(modes.as_deref(), Some("ANSI_QUOTES,STRICT_ALL_TABLES,TIME_TRUNCATE_FRACTIONAL"));
    // MariaDB cuts fractions, MySQL would round them; a session that begins now does as MariaDB did, too.
    let mut fresh = Conn::from_url(world.url()).await.expect("a connection");
    for session in [&mut conn, &mut fresh] {
        session.query_drop("insert into moments (at) values ('2020-01-01 00:00:00.9')").await.expect("a row");
    }
    let different: Option<i64> = conn.query_first("select count(distinct at) from moments").await.expect("a count");
    assert_eq!(different, Some(1));
}
