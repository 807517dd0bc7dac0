//! Clients served from PostgreSQL, without a MySQL behind: login, session state, transactions, errors, DDL.

use bascule::store::Store;
use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Conn, Error, Row, SslOpts};

use crate::door::open;

/// Number of the server's error.
fn code<T>(outcome: Result<T, Error>) -> Option<u16> {
    match outcome {
        Err(Error::Server(error)) => Some(error.code),
        Ok(_) | Err(_) => None,
    }
}

async fn names(conn: &mut Conn) -> Vec<String> {
    conn.query("SELECT name FROM item ORDER BY id").await.expect("answers")
}

#[tokio::test]
async fn every_way_to_prove_a_password_works_and_a_wrong_one_is_1045() {
    let door = open(4).await;
    let plain = SslOpts::default().with_danger_accept_invalid_certs(true);
    for (user, password) in [("app", "pw"), ("empty", ""), ("native", "pw"), ("imported", "secret")] {
        // Twice: the second time an imported account takes the fast path. Then over TLS.
        for ssl in [None, None, Some(plain.clone())] {
            let mut conn = Conn::new(door.options(user, password).ssl_opts(ssl)).await.expect(user);
            let who: Option<String> = conn.query_first("SELECT USER()").await.expect("answers");
            assert_eq!(who, Some(format!("{user}@localhost")));
        }
        let wrong = Conn::new(door.options(user, "wrong")).await;
        assert_eq!(code(wrong), Some(1045), "{user}");
    }
    assert_eq!(code(Conn::new(door.options("nobody", "pw")).await), Some(1045));
    assert_eq!(code(Conn::new(door.options("app", "pw").db_name(Some("nowhere"))).await), Some(1049));
}

#[tokio::test]
async fn a_failed_statement_is_undone_alone_and_savepoints_replace_each_other() {
    let door = open(4).await;
    let mut conn = door.connect().await;
    conn.query_drop("CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE)")
        .await
        .expect("DDL");
    conn.query_drop("INSERT INTO item (name) VALUES ('a'), ('b')").await.expect("inserts");
    assert_eq!((conn.affected_rows(), conn.last_insert_id()), (2, Some(1)));
    assert_eq!(conn.info(), "Records: 2  Duplicates: 0  Warnings: 0");
    conn.query_drop("BEGIN").await.expect("begins");
    assert_eq!(code(conn.query_drop("INSERT INTO item (name) VALUES ('a')").await), Some(1062));
    for statement in ["INSERT INTO item (name) VALUES ('c')", "SAVEPOINT s", "INSERT INTO item (name) VALUES ('lost')"]
    {
        conn.query_drop(statement).await.expect(statement);
    }
    assert_eq!(code(conn.query_drop("INSERT INTO item (name) VALUES ('C')").await), Some(1062), "case doesn't matter");
    assert_eq!(names(&mut conn).await, ["a", "b", "c", "lost"]);
    conn.query_drop("ROLLBACK TO s").await.expect("rolls back");
    for statement in
        ["INSERT INTO item (name) VALUES ('d')", "SAVEPOINT s", "DELETE FROM item", "ROLLBACK TO SAVEPOINT S"]
    {
        conn.query_drop(statement).await.expect(statement);
    }
    assert_eq!(names(&mut conn).await, ["a", "b", "c", "d"]);
    assert_eq!(code(conn.query_drop("RELEASE SAVEPOINT nope").await), Some(1305));
    conn.query_drop("COMMIT").await.expect("commits");
    assert_eq!(names(&mut conn).await, ["a", "b", "c", "d"]);
    for statement in ["SET autocommit = 0", "DELETE FROM item", "ROLLBACK", "SET autocommit = 1"] {
        conn.query_drop(statement).await.expect(statement);
    }
    assert_eq!(names(&mut conn).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_deadlock_is_1213_and_ends_the_transaction() {
    let door = open(4).await;
    let (mut left, mut right) = (door.connect().await, door.connect().await);
    left.query_drop("CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20))").await.expect("DDL");
    left.query_drop("INSERT INTO item VALUES (1, 'x'), (2, 'y')").await.expect("inserts");
    for (conn, id) in [(&mut left, 1), (&mut right, 2)] {
        conn.query_drop("BEGIN").await.expect("begins");
        conn.query_drop(format!("UPDATE item SET name = 'z' WHERE id = {id}")).await.expect("locks");
    }
    let (first, second) = tokio::join!(
        left.query_drop("UPDATE item SET name = 'l' WHERE id = 2"),
        right.query_drop("UPDATE item SET name = 'r' WHERE id = 1"),
    );
    let codes = [code(first), code(second)];
    assert_eq!(codes.iter().flatten().collect::<Vec<_>>(), [&1213], "{codes:?}");
}

#[tokio::test]
async fn values_of_every_type_come_back_in_both_protocols() {
    let door = open(2).await;
    let mut conn = door.connect().await;
    conn.query_drop(
        "CREATE TABLE every (id BIGINT UNSIGNED PRIMARY KEY, t TINYINT, m MEDIUMINT UNSIGNED, d DECIMAL(10,3), f FLOAT, \
         g DOUBLE, da DATE, dt DATETIME(6), ti TIME(1), c CHAR(4), b BLOB, e ENUM('x','y'), j JSON, bi BIT(10), y YEAR)",
    )
    .await
    .expect("DDL");
    conn.query_drop(
        "INSERT INTO every VALUES (18446744073709551615, -128, 16777215, -1.5, 1.5, 1e20, '2024-02-29', \
         '2024-02-29 01:02:03.000004', '-26:00:00.5', 'ab', x'00ff', 'y', '{\"a\": [1]}', b'1000000001', 2024)",
    )
    .await
    .expect("inserts");
    let text: Row = conn.query_first("SELECT * FROM every").await.expect("answers").expect("a row");
    let binary: Row = conn.exec_first("SELECT * FROM every WHERE id > ?", (1,)).await.expect("answers").expect("a row");
    let shown = |row: &Row| (0..15).map(|index| row.as_ref(index).expect("a value").as_sql(true)).collect::<Vec<_>>();
    let expected = [
        "'18446744073709551615'",
        "'-128'",
        "'16777215'",
        "'-1.500'",
        "'1.5'",
        "'1e20'",
        "'2024-02-29'",
        "'2024-02-29 01:02:03.000004'",
        "'-26:00:00.5'",
        "'ab'",
    ];
    assert_eq!(shown(&text)[..10], expected);
    assert_eq!(text.get::<Vec<u8>, _>("b"), Some(vec![0, 0xff]));
    assert_eq!(text.get::<Vec<u8>, _>("bi"), Some(vec![2, 1]));
    assert_eq!(binary.get::<u64, _>("id"), Some(u64::MAX));
    assert_eq!(binary.get::<i8, _>("t"), Some(-128));
    assert_eq!(binary.get::<f64, _>("g"), Some(1e20));
    assert_eq!(binary.get::<Vec<u8>, _>("b"), Some(vec![0, 0xff]));
    assert_eq!(binary.get::<String, _>("j").as_deref(), Some("{\"a\": [1]}"));
    assert_eq!(shown(&binary)[7], "'2024-02-29 01:02:03.000004'");
}

#[tokio::test]
async fn ddl_is_stored_and_seen_by_every_session() {
    let door = open(2).await;
    let (mut one, mut other) = (door.connect().await, door.connect().await);
    one.query_drop("CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20))").await.expect("DDL");
    one.query_drop("INSERT INTO item VALUES (1, 'x')").await.expect("inserts");
    let statement = other.prep("SELECT * FROM item").await.expect("prepares");
    let before: Vec<Row> = other.exec(&statement, ()).await.expect("answers");
    one.query_drop("ALTER TABLE item ADD COLUMN extra INT NOT NULL DEFAULT 5").await.expect("DDL");
    let extra: Option<i64> = other.query_first("SELECT extra FROM item").await.expect("answers");
    assert_eq!((before[0].len(), extra), (2, Some(5)));
    let again: Vec<Row> = other.exec(&statement, ()).await.expect("prepared anew behind the client's back");
    assert_eq!(again[0].len(), 3);
    let stored = Store::new(door.serving.config.target.clone()).load_catalogue().await.expect("loads");
    assert!(stored.table("app", "item").is_some_and(|table| table.column("extra").is_some()));
    assert_eq!(code(one.query_drop("SELECT nope FROM item").await), Some(1054));
    assert_eq!(code(one.query_drop("SELECT * FROM nope").await), Some(1146));
}

#[tokio::test]
async fn many_clients_share_few_connections() {
    let door = open(3).await;
    let mut first = door.connect().await;
    first.query_drop("CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20))").await.expect("DDL");
    let mut clients = Vec::new();
    for _ in 0..40 {
        clients.push(door.connect().await);
    }
    let work = clients.into_iter().map(|mut conn| {
        tokio::spawn(async move {
            for _ in 0..5 {
                conn.query_drop("BEGIN").await?;
                conn.exec_drop("INSERT INTO item (name) VALUES (?)", ("x",)).await?;
                conn.query_drop("COMMIT").await?;
            }
            Ok::<(), Error>(())
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.expect("no panic").expect("no error");
    }
    let count: Option<i64> = first.query_first("SELECT COUNT(*) FROM item").await.expect("answers");
    assert_eq!(count, Some(200));
    assert!(door.serving.pool.status().idle <= 3);
}

#[tokio::test]
async fn a_packet_over_the_limit_is_1153() {
    let door = open(1).await;
    // The client's own limit is raised, so that the server's is the one that counts.
    let mut conn = Conn::new(door.options("app", "pw").max_allowed_packet(Some(64 << 20))).await.expect("logs in");
    let large = format!("SELECT '{}'", "x".repeat(2 << 20));
    assert_eq!(code(conn.query_drop(large).await), Some(1153));
}

#[tokio::test]
async fn a_session_becomes_another_users_and_ends_with_a_wrong_password() {
    let door = open(4).await;
    let mut conn = door.connect().await;
    conn.query_drop("SET @mine = 1").await.expect("a variable");
    let other = ChangeUserOpts::new().with_user(Some("empty".to_owned())).with_pass(Some(String::new()));
    conn.change_user(other.with_db_name(Some("app".to_owned()))).await.expect("changes");
    let found: Option<(String, Option<i64>)> = conn.query_first("SELECT USER(), @mine").await.expect("answers");
    assert_eq!(found, Some(("empty@localhost".to_owned(), None)));
    let wrong = ChangeUserOpts::new().with_user(Some("app".to_owned())).with_pass(Some("wrong".to_owned()));
    assert_eq!(code(conn.change_user(wrong).await), Some(1045));
    assert!(conn.ping().await.is_err(), "the session is over");
}

#[tokio::test]
async fn a_prepared_statement_follows_what_its_plan_depends_on() {
    let door = open(2).await;
    let mut conn = door.connect().await;
    conn.query_drop("CREATE TABLE item (v VARCHAR(20))").await.expect("DDL");
    conn.query_drop("INSERT INTO item VALUES ('1abc'), ('1')").await.expect("inserts");
    let by_value = conn.prep("SELECT COUNT(*) FROM item WHERE v = ?").await.expect("prepares");
    // Texts are compared as texts, numbers as numbers: the value's class decides.
    for _ in 0..2 {
        let found: Option<i64> = conn.exec_first(&by_value, ("1",)).await.expect("answers");
        assert_eq!(found, Some(1));
    }
    for _ in 0..2 {
        let found: Option<i64> = conn.exec_first(&by_value, (1,)).await.expect("answers");
        assert_eq!(found, Some(2));
    }
    let all = conn.prep("SELECT * FROM item").await.expect("prepares");
    let variable = conn.prep("SELECT @x").await.expect("prepares");
    for (change, columns, x) in
        [("SET @x = 'a'", 1, "a"), ("SET @x = 'b'", 1, "b"), ("ALTER TABLE item ADD COLUMN n INT", 2, "b")]
    {
        conn.query_drop(change).await.expect(change);
        let rows: Vec<Row> = conn.exec(&all, ()).await.expect("answers");
        assert_eq!(rows.first().map(Row::len), Some(columns), "{change}");
        let found: Option<String> = conn.exec_first(&variable, ()).await.expect("answers");
        assert_eq!(found.as_deref(), Some(x), "{change}");
    }
    conn.query_drop("SET sql_select_limit = 1").await.expect("limits");
    assert_eq!(conn.exec::<Row, _, _>(&all, ()).await.expect("answers").len(), 1);
    conn.query_drop("SET sql_select_limit = DEFAULT").await.expect("limits no more");
    assert_eq!(conn.exec::<Row, _, _>(&all, ()).await.expect("answers").len(), 2);
    // A session's own table of the same name, and the shared one again once it's gone.
    for (change, rows) in [("CREATE TEMPORARY TABLE item (t INT)", 0), ("DROP TEMPORARY TABLE item", 2)] {
        conn.query_drop(change).await.expect(change);
        assert_eq!(conn.exec::<Row, _, _>(&all, ()).await.expect("answers").len(), rows, "{change}");
    }
}

#[tokio::test]
async fn queries_have_a_limit_of_time_and_writes_have_none() {
    let door = open(2).await;
    let mut conn = door.connect().await;
    conn.query_drop("CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, n INT)").await.expect("DDL");
    let numbers = "(WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i FROM n)";
    let slow = format!("COUNT(*) FROM {numbers} a, {numbers} b, {numbers} c, {numbers} d");
    let hinted = conn.query_drop(format!("SELECT /*+ MAX_EXECUTION_TIME(20) */ {slow}")).await;
    assert!(matches!(hinted, Err(mysql_async::Error::Server(ref error)) if error.code == 3024), "{hinted:?}");
    conn.query_drop("SET max_execution_time = 20").await.expect("a limit");
    let limited = conn.query_drop(format!("SELECT {slow}")).await;
    assert!(matches!(limited, Err(mysql_async::Error::Server(ref error)) if error.code == 3024), "{limited:?}");
    conn.query_drop("INSERT INTO item (n) SELECT SLEEP(0.1)").await.expect("a write may take its time");
    let stored: Option<i64> = conn.query_first("SELECT COUNT(*) FROM item").await.expect("an answer");
    assert_eq!(stored, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_query_ends_a_procedure_that_never_would_and_leaves_the_session_whole() {
    let door = open(2).await;
    let (mut conn, mut other) = (door.connect().await, door.connect().await);
    conn.query_drop("CREATE TABLE item (id INT PRIMARY KEY)").await.expect("DDL");
    let body = "BEGIN DECLARE i INT DEFAULT 0; DECLARE CONTINUE HANDLER FOR SQLEXCEPTION SET i = -1; \
                INSERT INTO item VALUES (1); WHILE i >= 0 DO SET i = i MOD 2; END WHILE; INSERT INTO item VALUES (2); END";
    conn.query_drop(format!("CREATE PROCEDURE endless() {body}")).await.expect("a procedure");
    let id = conn.id();
    let kill = async {
        // The row tells that the procedure is at work.
        loop {
            let rows: Option<i64> = other.query_first("SELECT COUNT(*) FROM item").await.expect("an answer");
            if rows == Some(1) {
                break;
            }
        }
        other.query_drop(format!("KILL QUERY {id}")).await.expect("KILL");
    };
    let (called, ()) = tokio::join!(conn.query_drop("CALL endless()"), kill);
    assert!(matches!(called, Err(mysql_async::Error::Server(ref error)) if error.code == 1317), "{called:?}");
    let rows: Vec<i64> = conn.query("SELECT id FROM item").await.expect("the session goes on");
    assert_eq!(rows, [1], "no handler sees it");
}

/// A connection to PostgreSQL that a killed statement ran on goes to another session next, which must not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_query_ends_the_statement_that_it_means_and_no_other() {
    let door = open(1).await;
    let (mut victim, mut bystander, mut killer) = (door.connect().await, door.connect().await, door.connect().await);
    let id = victim.id();
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let killed = std::sync::atomic::AtomicU32::new(0);
    let met = || killed.load(std::sync::atomic::Ordering::Relaxed);
    let victims = async {
        while !stopped.is_cancelled() {
            match victim.query_drop("DO SLEEP(0.001)").await {
                Ok(()) => {}
                Err(mysql_async::Error::Server(error)) if error.code == 1317 => {
                    killed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    let others = async {
        while !stopped.is_cancelled() {
            let answer: Option<i64> = bystander.query_first("SELECT 1").await.expect("nobody kills this one");
            assert_eq!(answer, Some(1));
        }
    };
    let kills = async {
        let mut sent = 0;
        while sent < 400 || (met() < 20 && sent < 20_000) {
            killer.query_drop(format!("KILL QUERY {id}")).await.expect("KILL");
            sent += 1;
        }
        stop.cancel();
    };
    tokio::join!(victims, others, kills);
    assert!(met() >= 20, "some were met");
}
