//! Many sessions on few connections to PostgreSQL: thousands of clients get through, nothing stays on a connection
//! that goes back, and a PostgreSQL that goes away costs the sessions that needed it and nobody else.

use std::time::Duration;

use bascule::sandbox::postgres::{Options, Postgres};
use bascule::target::{Client, Request};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::door::{Door, open, open_on};

/// Clients at once, when the process may have that many sockets.
const CLIENTS: u64 = 2000;
/// Files that the process needs besides: a client has a socket on either side.
const OTHER_FILES: u64 = 400;

/// How many clients this process may have; the soft limit is raised to the hard one.
fn clients() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = setrlimit(Resource::Nofile, raised).map_or(limit.current, |()| limit.maximum);
    let room = files.map_or(CLIENTS, |files| files.saturating_sub(OTHER_FILES) / 2);
    usize::try_from(room.min(CLIENTS)).expect("a small number")
}

async fn number(conn: &mut Conn, query: &str) -> i64 {
    conn.query_first(query).await.expect(query).expect("a row")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_clients_share_fifty_connections() {
    let door = open(50).await;
    let mut first = door.connect().await;
    first.query_drop("CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL)").await.expect("DDL");
    let (mut conns, clients) = (Vec::new(), clients());
    while conns.len() < clients {
        let entering = (conns.len()..clients.min(conns.len() + 100)).map(|_| Conn::new(door.options("empty", "")));
        for conn in futures(entering).await {
            conns.push(conn.expect("logs in"));
        }
    }
    let work = conns.into_iter().map(|mut conn| async move {
        conn.query_drop("BEGIN").await?;
        conn.query_drop("INSERT INTO item (n) VALUES (1)").await?;
        conn.query_drop("COMMIT").await?;
        let found: Option<i64> = conn.exec_first("SELECT n FROM item WHERE n = ? LIMIT 1", (1,)).await?;
        assert_eq!(found, Some(1));
        Ok::<Conn, Error>(conn)
    });
    let mut open = Vec::new();
    for done in futures(work).await {
        open.push(done.expect("no error"));
    }
    let status = door.serving.pool.status();
    assert!(status.idle + status.lent <= 50, "{status:?}");
    assert_eq!(number(&mut first, "SELECT COUNT(*) FROM item").await, i64::try_from(clients).expect("few"));
}

/// Runs all of them at once.
async fn futures<F>(all: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = all.map(tokio::spawn).collect();
    let mut done = Vec::with_capacity(tasks.len());
    for task in tasks {
        done.push(task.await.expect("no panic"));
    }
    done
}

/// What a session could leave behind on a connection to PostgreSQL. PL/pgSQL brings settings when it's first used.
const BEHIND: &str = "SELECT (SELECT string_agg(name || '=' || setting, '; ' ORDER BY name) FROM pg_settings \
    WHERE source = 'session' OR name NOT LIKE 'plpgsql.%'), \
    current_setting('search_path'), COALESCE(NULLIF(current_setting('mysql.strict', true), ''), 'off'), \
    session_user, current_user, current_setting('role'), (SELECT count(*) FROM pg_class WHERE relpersistence = 't'), \
    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR granted IS FALSE)), \
    (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_cursors WHERE name <> ''), \
    (SELECT count(*) FROM pg_prepared_statements WHERE name !~ '^b[0-9]+$')";

async fn behind(door: &Door) -> Vec<String> {
    let mut lease = door.serving.pool.take().await.expect("a connection");
    let answer = lease.query(&Request::new(BEHIND)).await.expect("answers");
    let row = answer.rows.first().expect("a row");
    let cells = (0..row.len()).map(|at| row.get(at).map_or("NULL".into(), String::from_utf8_lossy).into_owned());
    cells.flat_map(|cell| cell.split("; ").map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// What is there now and wasn't at first.
async fn left_behind(door: &Door, fresh: &[String]) -> Vec<String> {
    let now = behind(door).await;
    assert_eq!(now.len(), fresh.len());
    now.into_iter().zip(fresh).filter(|(now, fresh)| now != *fresh).map(|(now, _)| now).collect()
}

#[tokio::test]
async fn a_connection_goes_back_as_it_came() {
    let door = open(1).await;
    let mut conn = door.connect().await;
    conn.query_drop("CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, n TINYINT)").await.expect("DDL");
    let fresh = behind(&door).await;
    let statements = [
        "SET time_zone = '+05:00', sql_mode = '', foreign_key_checks = 0, innodb_lock_wait_timeout = 3",
        "SET max_execution_time = 60000",
        "INSERT INTO item (id, n) VALUES (7, 1000)",
        "SET transaction_isolation = 'SERIALIZABLE'",
        "BEGIN",
        "SELECT * FROM item FOR UPDATE",
        "UPDATE item SET n = n + 1 WHERE id = 7",
        "SAVEPOINT s",
        "DELETE FROM item",
        "ROLLBACK TO s",
        "COMMIT",
        "DO GET_LOCK('l', 0)",
        "PREPARE p FROM 'SELECT ?'",
        "SET TRANSACTION READ ONLY",
        "START TRANSACTION",
        "SELECT COUNT(*) FROM item",
        "ROLLBACK",
        "SET SESSION transaction_read_only = 1",
        "SELECT COUNT(*) FROM item",
        // Refused: with a snapshot of a failure, too, nothing stays.
        "INSERT INTO item (n) VALUES (1)",
        "SET SESSION transaction_read_only = 0",
        "INSERT INTO item (id) VALUES (7)",
        "BEGIN",
        "INSERT INTO item (id) VALUES (7)",
        "ROLLBACK",
    ];
    for statement in statements {
        let _ = conn.query_drop(statement).await;
        let holds = conn.query_first::<i64, _>("SELECT 1").await.expect("the session goes on");
        assert_eq!(holds, Some(1), "{statement}");
        if door.serving.pool.status().lent == 0 {
            assert_eq!(left_behind(&door, &fresh).await, [""; 0], "{statement}");
        }
    }
    // A client that goes away in mid-transaction.
    conn.query_drop("BEGIN").await.expect("begins");
    conn.query_drop("SELECT * FROM item FOR UPDATE").await.expect("locks");
    drop(conn);
    assert_eq!(left_behind(&door, &fresh).await, [""; 0]);
}

/// Waits until a statement waits for a lock in PostgreSQL.
async fn until_blocked(watcher: &mut Client) {
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    for _ in 0..600 {
        let answer = watcher.query(&Request::new(waiting)).await.expect("answers");
        if !answer.rows.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no statement waits");
}

/// Lost as MySQL's clients know it: 1053, or a connection that ended (their 2013).
fn assert_lost<T: std::fmt::Debug>(outcome: Result<T, Error>, what: &str) {
    match outcome {
        Err(Error::Server(error)) => assert_eq!(error.code, 1053, "{what}"),
        Err(Error::Io(_) | Error::Driver(_)) => {}
        other => panic!("{what}: {other:?}"),
    }
}

#[tokio::test]
async fn a_postgresql_that_restarts_ends_what_it_held_and_repeats_nothing() {
    let mut postgres = Postgres::start(&Options::default()).expect("starts");
    postgres.execute("postgres", "CREATE DATABASE served").expect("a database");
    let door = open_on(postgres.port(), "served", 4).await;
    let mut idle = door.connect().await;
    idle.query_drop("CREATE TABLE item (id INT PRIMARY KEY, n INT NOT NULL)").await.expect("DDL");
    idle.query_drop("INSERT INTO item VALUES (1, 0), (2, 0), (3, 0)").await.expect("inserts");
    for (round, crash) in [(1, true), (2, false)] {
        let mut open = door.connect().await;
        for statement in ["BEGIN", "UPDATE item SET n = n + 10 WHERE id = 1"] {
            open.query_drop(statement).await.expect(statement);
        }
        let mut running = door.connect().await;
        let running = tokio::spawn(async move {
            let outcome = running.query_drop("UPDATE item SET n = n + 100 WHERE id = 1").await;
            (outcome, running.query_drop("SELECT 1").await)
        });
        let mut watcher = Client::connect(&door.serving.config.target, "test").await.expect("connects");
        until_blocked(&mut watcher).await;
        if crash {
            postgres.kill().expect("kill -9");
        } else {
            postgres.stop();
        }
        let (outcome, after) = running.await.expect("no panic");
        assert_lost(outcome, "in mid-statement");
        assert_lost(after, "after it");
        assert!(idle.ping().await.is_ok(), "a session that holds no connection doesn't notice");
        postgres.restart().expect("starts again");
        assert_lost(open.query_drop("UPDATE item SET n = n + 10 WHERE id = 2").await, "in mid-transaction");
        assert_lost(open.query_drop("COMMIT").await, "its end");
        idle.query_drop("UPDATE item SET n = n + 1 WHERE id = 3").await.expect("the idle session goes on");
        let mut fresh = door.connect().await;
        let found: Vec<i64> = fresh.query("SELECT n FROM item ORDER BY id").await.expect("the pool has recovered");
        assert_eq!(found, [0, 0, round], "nothing is half done, nothing is done twice");
        assert_eq!(door.serving.pool.status().lent, 0);
    }
}
