//! Kills and cuts.

use super::*;

const ROWS: u32 = 4_000;
const ROUNDS: u32 = 3;
const KEYS: &str = "account__PRIMARY account__name entry__PRIMARY entry__amount entry_ibfk_1";

/// Between the rows and their note: the note waits for a lock, and Bascule is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_before_the_note_leaves_no_rows_and_what_was_noted_is_not_read_again() {
    let world = world();
    let mut conn = mysql(&world).await;
    ledger(&mut conn, ROWS).await;
    run(&mut conn, &["SET GLOBAL log_output = 'TABLE'", "SET GLOBAL general_log = ON"]).await;
    let mut bascule = world.start().await;
    let lock = postgres(&world).await;
    begin(&world).await;
    world.wait(|status| copied(status) > u64::from(ROWS), "some parts are copied").await;
    lock.run("BEGIN; LOCK TABLE bascule.copied_chunk IN SHARE MODE").await.expect("locked");
    let waiting = "SELECT (count(*) = 3)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO \
                   bascule.copied_chunk%'";
    let watch = postgres(&world).await;
    while watch.text(waiting).await.expect("an answer").as_deref() != Some("true") {
        tokio::task::yield_now().await;
    }
    bascule.kill();
    run(&mut conn, &["TRUNCATE mysql.general_log"]).await;
    let noted = "SELECT coalesce(string_agg(name || ' ' || upper_bound, ';'), '') FROM bascule.copied_chunk WHERE \
                 upper_bound IS NOT NULL";
    let noted = watch.text(noted).await.expect("notes").unwrap_or_default();
    assert!(noted.split(';').count() > 3, "{noted}");
    // PostgreSQL hasn't noticed that the client is gone: what it asked for would be committed now.
    let _again = world.start().await;
    lock.run("COMMIT").await.expect("unlocked");
    assert_same(&world, 3, "after the kill").await;
    run(&mut conn, &["SET GLOBAL general_log = OFF"]).await;
    let read: Vec<String> = conn
        .query("SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log WHERE argument LIKE 'SELECT /*!40001%'")
        .await
        .expect("statements");
    assert!(!read.is_empty());
    for note in noted.split(';') {
        let (table, bound) = note.split_once(' ').expect("a table and a bound");
        let bound: Vec<String> = serde_json::from_str(bound).expect("a bound");
        let end = match bound.as_slice() {
            [id] => format!("`id` <= {id}"),
            [account, number] => {
                format!("(`account` < {account} OR (`account` = {account} AND `number` <= {number}))")
            }
            other => panic!("{other:?}"),
        };
        let again = read.iter().find(|sql| sql.contains(&format!("`{table}`")) && sql.ends_with(&end));
        assert!(again.is_none(), "read again: {again:?}");
    }
    assert_eq!(keys(&world).await, KEYS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_during_the_copy_lose_nothing_and_repeat_nothing() {
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    let world = world();
    let mut conn = mysql(&world).await;
    ledger(&mut conn, ROWS).await;
    let load = Load::start(&world, seed, ROWS);
    let mut moments = StdRng::seed_from_u64(seed);
    let mut bascule = world.start().await;
    begin(&world).await;
    for round in 0..ROUNDS {
        let enough = u64::from(ROWS) * 3 * u64::from(round + 1) / u64::from(ROUNDS) - moments.gen_range(0..2_000);
        let there = |status: &Status| {
            let mirror = status.mirror.as_ref();
            copied(status) >= enough
                || mirror.is_some_and(|mirror| {
                    mirror.phase != MirrorPhase::Copying && mirror.phase != MirrorPhase::Preparing
                })
        };
        world.wait(there, "the copy goes on").await;
        bascule.kill();
        bascule = world.start().await;
    }
    // Once more somewhere between the copy and the streaming.
    bascule.kill();
    bascule = world.start().await;
    world.wait_streaming().await;
    let written = load.end().await;
    assert_same(&world, 3, &format!("SEED={seed}, {written} transactions")).await;
    assert_eq!(keys(&world).await, KEYS, "SEED={seed}");
    drop(bascule);
}

/// Connections of both servers are cut all the time; Bascule itself goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_connections_only_cost_time() {
    let seed: u64 = rand::random();
    println!("SEED={seed}");
    let world = world();
    let mut conn = mysql(&world).await;
    ledger(&mut conn, ROWS).await;
    let load = Load::start(&world, seed, ROWS);
    let _bascule = world.start().await;
    begin(&world).await;
    let watch = postgres(&world).await;
    for round in 1..=6 {
        let there = |status: &Status| copied(status) > round * 1_200;
        world.wait(there, "the copy goes on").await;
        if round % 2 == 0 {
            let cut = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE query LIKE 'COPY %'";
            watch.text(cut).await.expect("cut");
        } else {
            let reading = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT /*!40001%'";
            let reading: Vec<u64> = conn.query(reading).await.expect("connections");
            for id in reading {
                // It may have ended by itself.
                let _ = conn.query_drop(format!("KILL {id}")).await;
            }
        }
    }
    world.wait_streaming().await;
    load.end().await;
    assert_same(&world, 3, &format!("SEED={seed}")).await;
    assert_eq!(keys(&world).await, KEYS, "SEED={seed}");
}

/// Definitions change while the copy waits in the middle: each table ends as MySQL has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_come_go_and_change_meanwhile_are_as_mysql_has_them() {
    let world = world();
    let mut conn = mysql(&world).await;
    ledger(&mut conn, 2_000).await;
    run(
        &mut conn,
        &[
            "CREATE TABLE gone (id INT PRIMARY KEY)",
            "INSERT INTO gone VALUES (1), (2)",
            "CREATE TABLE wider (id INT PRIMARY KEY, v VARCHAR(3), UNIQUE KEY u (v))",
            "INSERT INTO wider VALUES (1, 'abc'), (2, 'x')",
            "CREATE TABLE old_name (id INT PRIMARY KEY, CONSTRAINT positive CHECK (id > 0))",
            "INSERT INTO old_name VALUES (5)",
            "CREATE TABLE emptied (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
            "INSERT INTO emptied (v) VALUES (1), (2), (3)",
        ],
    )
    .await;
    let bascule = world.start().await;
    let lock = postgres(&world).await;
    begin(&world).await;
    let held = format!("BEGIN; LOCK TABLE {}.entry IN ACCESS EXCLUSIVE MODE", world.database);
    world
        .wait(|status| status.mirror.as_ref().is_some_and(|mirror| mirror.phase == MirrorPhase::Copying), "it copies")
        .await;
    lock.run(&held).await.expect("the copy stands");
    run(
        &mut conn,
        &[
            "DROP TABLE gone",
            "CREATE TABLE come (id INT PRIMARY KEY, v TEXT)",
            "INSERT INTO come VALUES (1, 'new'), (2, NULL)",
            "ALTER TABLE come ADD COLUMN w INT NOT NULL DEFAULT 7",
            "ALTER TABLE wider MODIFY v VARCHAR(30), ADD COLUMN w INT",
            "UPDATE wider SET v = 'longer than three', w = 9 WHERE id = 1",
            "INSERT INTO wider VALUES (3, 'abc', 1)",
            "RENAME TABLE old_name TO new_name",
            "INSERT INTO new_name VALUES (6)",
            "TRUNCATE emptied",
            "INSERT INTO emptied (v) VALUES (9)",
            "UPDATE account SET balance = 5 WHERE id < 100",
        ],
    )
    .await;
    lock.run("COMMIT").await.expect("the copy goes on");
    // wider, new_name, come, emptied, account, entry, loose
    assert_same(&world, 7, "after the changes").await;
    run(
        &mut conn,
        &["INSERT INTO wider VALUES (4, 'y', 4)", "ALTER TABLE come DROP COLUMN w", "INSERT INTO come VALUES (3, '')"],
    )
    .await;
    assert_same(&world, 7, "and later").await;
    let keys = keys(&world).await;
    for key in ["wider__PRIMARY", "wider__u", "new_name__PRIMARY", "come__PRIMARY", "emptied__PRIMARY"] {
        assert!(keys.contains(key), "{keys}");
    }
    drop(bascule);
}
