//! Sessions that share one connection to PostgreSQL see nothing of each other: variables, time zone, modes, checks,
//! statements with names, user variables, ids, locks with names. What a session has is gone when it's reset.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use crate::door::open;

fn code<T>(outcome: Result<T, Error>) -> Option<u16> {
    match outcome {
        Err(Error::Server(error)) => Some(error.code),
        Ok(_) | Err(_) => None,
    }
}

async fn text(conn: &mut Conn, query: &str) -> Option<String> {
    conn.query_first::<Option<String>, _>(query).await.expect(query).flatten()
}

async fn run(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        conn.query_drop(*statement).await.expect(statement);
    }
}

#[tokio::test]
async fn nothing_of_a_session_is_seen_by_another_on_the_same_connection() {
    let door = open(1).await;
    let (mut one, mut other) = (door.connect().await, door.connect().await);
    let tables = [
        "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY)",
        "CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))",
    ];
    run(&mut one, &tables).await;
    let zone = text(&mut other, "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW())").await;
    let changes = [
        "SET time_zone = '+05:00'",
        "SET sql_mode = ''",
        "SET foreign_key_checks = 0",
        "SET innodb_lock_wait_timeout = 1",
        "SET transaction_isolation = 'SERIALIZABLE'",
        "SET max_execution_time = 60000",
        "SET @x = 5",
        "PREPARE s FROM 'SELECT 1'",
        "DO GET_LOCK('l', 0)",
        "INSERT INTO parent VALUES ()",
        "INSERT INTO child VALUES (1, 99)",
    ];
    run(&mut one, &changes).await;
    assert_eq!(text(&mut other, "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW())").await, zone);
    assert_eq!(text(&mut other, "SELECT @@time_zone").await.as_deref(), Some("SYSTEM"));
    assert!(text(&mut other, "SELECT @@sql_mode").await.is_some_and(|modes| modes.contains("STRICT_TRANS_TABLES")));
    assert_eq!(text(&mut other, "SELECT @@transaction_isolation").await.as_deref(), Some("REPEATABLE-READ"));
    assert_eq!(text(&mut other, "SELECT @x").await, None);
    assert_eq!(text(&mut other, "SELECT LAST_INSERT_ID()").await.as_deref(), Some("0"));
    assert_eq!(text(&mut other, "SELECT GET_LOCK('L', 0)").await.as_deref(), Some("0"));
    assert_eq!(code(other.query_drop("EXECUTE s").await), Some(1243));
    assert_eq!(code(other.query_drop("INSERT INTO child VALUES (2, 99)").await), Some(1452), "checks are on");
    // The first session still has all of it.
    assert_eq!(text(&mut one, "SELECT TIMESTAMPDIFF(HOUR, UTC_TIMESTAMP(), NOW())").await.as_deref(), Some("5"));
    assert_eq!(text(&mut one, "SELECT @x").await.as_deref(), Some("5"));
    run(&mut one, &["INSERT INTO child VALUES (3, 99)", "EXECUTE s"]).await;
}

#[tokio::test]
async fn a_session_that_is_reset_or_ends_leaves_nothing() {
    let door = open(2).await;
    let (mut one, mut other) = (door.connect().await, door.connect().await);
    run(&mut one, &["CREATE TABLE item (id INT PRIMARY KEY)"]).await;
    let changes = [
        "SET @x = 5",
        "SET sql_mode = '', time_zone = '+05:00', autocommit = 0",
        "PREPARE s FROM 'SELECT 1'",
        "DO GET_LOCK('l', 0)",
        "INSERT INTO item VALUES (1)",
    ];
    run(&mut one, &changes).await;
    assert!(one.reset().await.expect("resets"));
    assert_eq!(text(&mut one, "SELECT @x").await, None);
    assert_eq!(text(&mut one, "SELECT @@time_zone").await.as_deref(), Some("SYSTEM"));
    assert_eq!(text(&mut one, "SELECT @@autocommit").await.as_deref(), Some("1"));
    assert_eq!(text(&mut one, "SELECT COUNT(*) FROM item").await.as_deref(), Some("0"));
    assert_eq!(code(one.query_drop("EXECUTE s").await), Some(1243));
    assert_eq!(text(&mut other, "SELECT GET_LOCK('l', 0)").await.as_deref(), Some("1"));
    run(&mut one, &["DO RELEASE_ALL_LOCKS()"]).await;
    other.disconnect().await.expect("leaves");
    assert_eq!(text(&mut one, "SELECT GET_LOCK('l', 5)").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn tables_locked_by_one_session_wait_for_unlock_tables() {
    let door = open(4).await;
    let (mut one, mut other) = (door.connect().await, door.connect().await);
    run(&mut one, &["CREATE TABLE item (id INT PRIMARY KEY)", "CREATE TABLE free (id INT)"]).await;
    run(&mut one, &["LOCK TABLES item WRITE", "INSERT INTO item VALUES (1)", "ROLLBACK"]).await;
    assert_eq!(code(one.query_drop("INSERT INTO free VALUES (1)").await), Some(1100));
    assert_eq!(code(one.query_drop("INSERT INTO item VALUES (1)").await), Some(1062), "undone alone");
    run(&mut other, &["SET innodb_lock_wait_timeout = 1"]).await;
    assert_eq!(code(other.query_drop("INSERT INTO item VALUES (2)").await), Some(1205));
    run(&mut one, &["UNLOCK TABLES"]).await;
    assert_eq!(text(&mut other, "SELECT COUNT(*) FROM item").await.as_deref(), Some("1"));
    run(&mut one, &["LOCK TABLES item READ"]).await;
    assert_eq!(code(one.query_drop("DELETE FROM item").await), Some(1099));
}
