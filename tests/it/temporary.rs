//! Temporary tables leave nothing behind: not for other sessions, not when a session is reset, killed or torn off, and
//! not when Bascule itself was killed. They hold no connection of PostgreSQL in between, and making one beside open
//! transactions waits for none of them.

use std::sync::Arc;
use std::time::Duration;

use bascule::frontend::serve::{Accounts, Parts, Serving};
use bascule::target::{Client, Request};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};

use crate::door::{Door, open};

const LIMIT: Duration = Duration::from_secs(30);

fn code<T>(outcome: Result<T, Error>) -> Option<u16> {
    match outcome {
        Err(Error::Server(error)) => Some(error.code),
        Ok(_) | Err(_) => None,
    }
}

async fn run(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        conn.query_drop(*statement).await.expect(statement);
    }
}

async fn count(conn: &mut Conn, table: &str) -> Result<u64, Error> {
    Ok(conn.query_first(format!("SELECT COUNT(*) FROM {table}")).await?.expect("a row"))
}

/// How many tables PostgreSQL holds for sessions.
async fn kept(client: &mut Client) -> u64 {
    let sql = "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'bascule_temporary'";
    let answer = client.query(&Request::new(sql)).await.expect("counts");
    answer.rows.first().and_then(|row| row.text(0)).and_then(|text| text.parse().ok()).expect("a number")
}

async fn wait_for(client: &mut Client, wanted: u64) {
    let reached = async {
        while kept(client).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.expect("the tables are dropped");
}

async fn postgres(door: &Door) -> Client {
    Client::connect(&door.serving.config.target, "test").await.expect("connects")
}

#[tokio::test]
async fn a_session_that_ends_in_any_way_leaves_no_table() {
    let door = open(3).await;
    let mut client = postgres(&door).await;
    let mut other = door.connect().await;
    let statements =
        ["CREATE TEMPORARY TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO t VALUES ()"];

    let mut leaves = door.connect().await;
    run(&mut leaves, &statements).await;
    assert_eq!(code(count(&mut other, "t").await), Some(1146));
    assert_eq!(kept(&mut client).await, 1);
    leaves.disconnect().await.expect("leaves");
    wait_for(&mut client, 0).await;

    let mut reset = door.connect().await;
    run(&mut reset, &statements).await;
    assert!(reset.reset().await.expect("resets"));
    assert_eq!(code(count(&mut reset, "t").await), Some(1146));
    wait_for(&mut client, 0).await;

    run(&mut reset, &statements).await;
    reset.change_user(mysql_async::ChangeUserOpts::default()).await.expect("changes");
    assert_eq!(code(count(&mut reset, "app.t").await), Some(1146));
    wait_for(&mut client, 0).await;

    let mut killed = door.connect().await;
    run(&mut killed, &statements).await;
    run(
        &mut killed,
        &["BEGIN", "INSERT INTO t VALUES ()", "CREATE TEMPORARY TABLE u SELECT * FROM t", "DROP TEMPORARY TABLE t"],
    )
    .await;
    assert_eq!(kept(&mut client).await, 2, "the open transaction has used the dropped one");
    run(&mut other, &[&format!("KILL {}", killed.id())]).await;
    wait_for(&mut client, 0).await;
}

#[tokio::test]
async fn tables_are_made_while_transactions_hold_every_connection() {
    let door = open(2).await;
    let (mut one, mut two) = (door.connect().await, door.connect().await);
    run(&mut one, &["CREATE TABLE base (id INT PRIMARY KEY)"]).await;
    run(&mut one, &["BEGIN", "INSERT INTO base VALUES (1)"]).await;
    run(&mut two, &["BEGIN", "INSERT INTO base VALUES (2)"]).await;
    let making = async {
        run(&mut one, &["CREATE TEMPORARY TABLE t SELECT * FROM base"]).await;
        run(&mut two, &["CREATE TEMPORARY TABLE t SELECT * FROM base", "INSERT INTO t VALUES (3)"]).await;
    };
    tokio::time::timeout(LIMIT, making).await.expect("no transaction waits for another");
    assert_eq!((count(&mut one, "t").await.expect("counts"), count(&mut two, "t").await.expect("counts")), (1, 2));
    run(&mut one, &["ROLLBACK"]).await;
    run(&mut two, &["COMMIT"]).await;
    assert_eq!((count(&mut one, "t").await.expect("counts"), count(&mut two, "t").await.expect("counts")), (0, 2));
    // Nothing of it is in the stored catalogue, and many sessions with tables share the two connections.
    let mut client = postgres(&door).await;
    let stored = Request::new("SELECT count(*) FROM bascule.catalogue_table");
    let answer = client.query(&stored).await.expect("counts");
    assert_eq!(answer.rows.first().and_then(|row| row.text(0)), Some("1"));
    let mut many = Vec::new();
    for number in 0..20 {
        let mut conn = door.connect().await;
        run(&mut conn, &["CREATE TEMPORARY TABLE own (n INT)", &format!("INSERT INTO own VALUES ({number})")]).await;
        many.push(conn);
    }
    for (number, conn) in many.iter_mut().enumerate() {
        let found: Vec<usize> = conn.query("SELECT n FROM own").await.expect("reads");
        assert_eq!(found, vec![number]);
    }
}

#[tokio::test]
async fn what_a_killed_process_left_is_dropped_by_the_next_one() {
    let door = open(2).await;
    let mut client = postgres(&door).await;
    let mut conn = door.connect().await;
    for number in 0..45 {
        run(&mut conn, &[&format!("CREATE TEMPORARY TABLE t{number} (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT)")])
            .await;
    }
    assert_eq!(kept(&mut client).await, 45);
    let next = Serving::new(Parts {
        catalogue: Arc::clone(&door.serving.catalogue),
        accounts: Accounts::new(&door.serving.config.accounts, &[]),
        certificates: None,
        rsa: Arc::default(),
        metrics: Arc::default(),
        config: Arc::clone(&door.serving.config),
        server_version: None,
        stop: tokio_util::sync::CancellationToken::new(),
        boundary: tokio_util::sync::CancellationToken::new(),
    });
    next.drop_leftovers().await.expect("drops");
    assert_eq!(kept(&mut client).await, 0);
}
