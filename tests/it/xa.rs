//! XA beyond one session: a prepared branch outlives its session, and one that PostgreSQL has undone can only be rolled
//! back.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use crate::door::open;

fn code<T>(outcome: Result<T, Error>) -> u16 {
    match outcome {
        Err(Error::Server(error)) => error.code,
        Ok(_) => 0,
        Err(error) => panic!("not an answer: {error}"),
    }
}

async fn run(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        conn.query_drop(*statement).await.expect(statement);
    }
}

async fn numbers(conn: &mut Conn) -> Vec<(i32, i32)> {
    conn.query("SELECT id, n FROM item ORDER BY id").await.expect("rows")
}

#[tokio::test]
async fn a_prepared_branch_waits_for_anybodys_decision() {
    let door = open(3).await;
    let mut one = door.connect().await;
    run(&mut one, &["CREATE TABLE item (id INT PRIMARY KEY, n INT)", "INSERT INTO item VALUES (1, 0), (2, 0)"]).await;
    run(&mut one, &["XA START 'lost'", "UPDATE item SET n = 1 WHERE id = 1"]).await;
    one.disconnect().await.expect("ends");
    let mut two = door.connect().await;
    assert_eq!(code(two.query_drop("XA COMMIT 'lost'").await), 1397, "an unprepared branch ends with its session");
    run(&mut two, &["XA START 'kept','b',9", "UPDATE item SET n = 2 WHERE id = 2", "XA END 'kept','b',9"]).await;
    run(&mut two, &["XA PREPARE 'kept','b',9"]).await;
    two.disconnect().await.expect("ends");
    let mut three = door.connect().await;
    let waiting: Vec<(i64, i64, i64, String)> = three.query("XA RECOVER").await.expect("rows");
    assert_eq!(waiting, [(9, 4, 1, "keptb".to_owned())]);
    assert_eq!(numbers(&mut three).await, [(1, 0), (2, 0)]);
    assert_eq!(code(three.query_drop("XA START 'kept','b',9").await), 1440);
    run(&mut three, &["XA COMMIT 'kept','b',9"]).await;
    assert_eq!(numbers(&mut three).await, [(1, 0), (2, 2)]);
}

#[tokio::test]
async fn a_branch_that_was_undone_can_only_be_rolled_back() {
    let door = open(3).await;
    let (mut one, mut two) = (door.connect().await, door.connect().await);
    run(&mut one, &["CREATE TABLE item (id INT PRIMARY KEY, n INT)", "INSERT INTO item VALUES (1, 0), (2, 0)"]).await;
    run(&mut one, &["XA START 'a'", "UPDATE item SET n = 1 WHERE id = 1"]).await;
    run(&mut two, &["XA START 'b'", "UPDATE item SET n = 2 WHERE id = 2"]).await;
    let (first, second) = tokio::join!(
        one.query_drop("UPDATE item SET n = 1 WHERE id = 2"),
        two.query_drop("UPDATE item SET n = 2 WHERE id = 1")
    );
    let (first, second) = (code(first), code(second));
    let (victim, name, other, survivor) = match (first, second) {
        (1213, 0) => (&mut one, "a", &mut two, "b"),
        (0, 1213) => (&mut two, "b", &mut one, "a"),
        outcome => panic!("one of two is the victim of a deadlock: {outcome:?}"),
    };
    for statement in ["INSERT INTO item VALUES (3, 3)", "SELECT * FROM item", "SAVEPOINT s"] {
        assert_eq!(code(victim.query_drop(statement).await), 1402, "{statement}");
    }
    assert_eq!(code(victim.query_drop("COMMIT").await), 1399);
    assert_eq!(code(victim.query_drop(format!("XA END '{name}'")).await), 1402);
    assert_eq!(code(victim.query_drop(format!("XA PREPARE '{name}'")).await), 1402);
    assert_eq!(code(victim.query_drop(format!("XA COMMIT '{name}' ONE PHASE")).await), 1402);
    run(victim, &[&format!("XA ROLLBACK '{name}'"), "INSERT INTO item VALUES (3, 3)"]).await;
    run(other, &[&format!("XA END '{survivor}'"), &format!("XA COMMIT '{survivor}' ONE PHASE")]).await;
    let n = if survivor == "a" { 1 } else { 2 };
    assert_eq!(numbers(other).await, [(1, n), (2, n), (3, 3)]);
}
