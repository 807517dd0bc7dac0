//! MariaDB as the source: what `bascule assess` and `bascule schema` say of it, compared with what it says itself.

use std::collections::BTreeSet;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::assess::{Bench, of_database};
use crate::binlog::mariadb::shared;
use crate::schema::named;

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
    let (code, report) = bench.assess(&["--data"]);
    assert_eq!((code, &report["counts"]["blocker"]), (Some(0), &Value::from(0)), "{report:#}");
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
    assert!(!text.contains("SET PERSIST") && !text.contains("0900"), "MariaDB has neither: {text}");
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
