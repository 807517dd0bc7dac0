//! Statements in the binary log: sessions with binlog_format STATEMENT or MIXED. What can be repeated exactly is, with the
//! session as it was; what can't halts the tables that it changes, and no others.

use super::{Bench, shared};

const TABLES: [&str; 4] = [
    "create table item(id int auto_increment primary key, name varchar(40), n int not null default 0, \
     made datetime(6) default current_timestamp(6), changed timestamp null on update current_timestamp)",
    "create table part(id bigint auto_increment primary key, item int, note varchar(60) character set latin1, \
     foreign key (item) references item(id) on delete cascade)",
    "create table counter(k varchar(20) primary key, n int)",
    "create table other(id int primary key, v double)",
];

async fn repeated(format: &str) {
    let mut bench = Bench::new(shared().await, &TABLES).await;
    bench
        .run(&[
            &format!("set binlog_format = {format}"),
            "insert into item(name) values ('a'), ('b'), ('c')",
            "insert into part(item, note) values (1, 'of the first')",
            "insert into item(name, made) values (concat('x', 1), now()), ('y', now(6))",
            "update item set n = n + 1, name = upper(name) where id > 1",
            "set time_zone = '+05:30'",
            "insert into item(name, made, changed) values ('zone', now(3), '2024-03-31 02:30:00')",
            "update item set made = now() where changed < '2024-03-31 03:00:00'",
            "set time_zone = default",
            "set sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
            "insert into \"item\"(\"name\") values ('pipe' || 's')",
            "set sql_mode = default",
            "set auto_increment_increment = 10, auto_increment_offset = 3",
            "insert into item(name) values ('spread'), ('wide')",
            "set auto_increment_increment = 1, auto_increment_offset = 1",
            "set insert_id = 500",
            "insert into item(name) values ('chosen')",
            "insert into part(item, note) values (2, 'café'), (3, 'é')",
            "insert into counter values ('a', 1) on duplicate key update n = n + 1",
            "insert into counter values ('A', 1) on duplicate key update n = n + 1",
            "replace into counter values ('b', 7)",
            "update counter set n = n * 2",
            "insert into counter select concat('item ', id), n from item where id < 4 order by id",
            "begin",
            "insert into item(name) values ('in a transaction')",
            "update part set item = 3 where item = 2",
            "savepoint s",
            "delete from counter",
            "rollback to s",
            "delete from item where name = 'C'",
            "commit",
            "set foreign_key_checks = 0",
            "insert into part(item, note) values (4711, 'an orphan')",
            "set foreign_key_checks = 1",
            "delete from item where id = 1",
            "update item set n = 5 where id = 987",
            "create table late(id int primary key, t timestamp default current_timestamp)",
            "insert into late(id) values (1)",
            "set binlog_format = ROW",
            "insert into late(id) values (3)",
        ])
        .await;
    assert!(bench.assert_followed(0).await > 15, "{format}");
}

#[tokio::test]
async fn statements_are_repeated_with_their_session() {
    for format in ["STATEMENT", "MIXED"] {
        repeated(format).await;
    }
}

#[tokio::test]
async fn what_a_statement_does_not_tell_halts_its_tables_and_no_others() {
    let mut bench = Bench::new(
        shared().await,
        &[
            "create table a(id int primary key, v double)",
            "create table b(id int primary key, v char(36))",
            "create table c(id int primary key, v int)",
            "create table d(id int primary key, v varbinary(20))",
            "create table e(id int primary key, v int)",
            "create table f(id int primary key, v int)",
            "create table g(id int primary key, v int)",
            "insert into c values (1, 1), (2, 2)",
        ],
    )
    .await;
    bench
        .run(&[
            "set binlog_format = STATEMENT",
            "insert into a values (1, rand())",
            "insert into b values (1, uuid())",
            "set @x = 5",
            "insert into e values (1, @x)",
            "update c set v = 7 limit 1",
            "insert into g values (1, last_insert_id())",
            "insert into f values (1, 1)",
            "update f set v = v + 1",
        ])
        .await;
    // Bytes that are no text in the connection's character set.
    let raw = [&b"insert into d values (1, _binary '"[..], &[0xff, 0xfe], &b"')"[..]].concat();
    mysql_async::prelude::Queryable::query_drop(&mut bench.mysql, raw).await.expect("MySQL takes bytes");
    bench.settled().await;
    let halted = bench.halted();
    let names: Vec<&str> = halted.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e", "g"], "{halted:?}");
    assert!(halted.iter().all(|(_, reason)| reason.contains("binlog_format")), "{halted:?}");
    assert!(halted[4].1.contains("user variable"), "{halted:?}");
    bench.assert_same(0).await;
    // Under MIXED the server logs rows where a statement wouldn't tell.
    bench.run(&["set binlog_format = MIXED", "insert into f values (2, floor(rand() * 100)), (3, @x)"]).await;
    bench.settled().await;
    assert_eq!(bench.halted().len(), 6);
    bench.assert_same(0).await;
}
