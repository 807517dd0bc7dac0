//! Copies of strange shapes: very many tables, very wide ones, very large values.

use super::*;

/// Tables without rows, with one, very many tables, very many columns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tables_and_a_thousand_columns() {
    const TABLES: u64 = 1_000;
    let world = World::made("binlog", &mysql::Options::default(), PARTS);
    let mut conn = mysql(&world).await;
    for number in 0..TABLES {
        conn.query_drop(format!("CREATE TABLE t{number} (id INT PRIMARY KEY, v INT)")).await.expect("a table");
    }
    run(&mut conn, &["INSERT INTO t7 VALUES (-1, 0)", "INSERT INTO t8 VALUES (1, NULL), (2, 2)"]).await;
    let columns: Vec<String> = (0..1_000).map(|number| format!("c{number} INT NOT NULL DEFAULT {number}")).collect();
    run(
        &mut conn,
        &[
            &format!("CREATE TABLE wide (id INT PRIMARY KEY, {})", columns.join(", ")),
            "INSERT INTO wide (id) VALUES (1), (2), (3)",
        ],
    )
    .await;
    let _bascule = world.start().await;
    begin(&world).await;
    world.wait_streaming().await;
    let target = postgres(&world).await;
    let keys = format!("SELECT count(*)::text FROM pg_indexes WHERE schemaname = '{}'", world.database);
    assert_eq!(target.text(&keys).await.expect("keys"), Some((TABLES + 1).to_string()));
    let rows = format!(
        "SELECT concat_ws(',', (SELECT count(*) FROM {0}.t6), (SELECT min(id) FROM {0}.t7), (SELECT sum(id) FROM {0}.t8), \
         (SELECT sum(c999) FROM {0}.wide))",
        world.database
    );
    assert_eq!(target.text(&rows).await.expect("rows").as_deref(), Some("0,-1,3,2997"));
}

/// Memory is bounded whatever a value holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_a_hundred_megabytes_are_copied_in_little_memory() {
    const LIMIT_KIB: u64 = 256 * 1024;
    let options = mysql::Options {
        arguments: vec!["--max-allowed-packet=1G".to_owned(), "--innodb-redo-log-capacity=1G".to_owned()],
        ..mysql::Options::default()
    };
    let world = World::made("binlog", &options, "");
    let mut conn = mysql(&world).await;
    run(
        &mut conn,
        &[
            "CREATE TABLE large (id INT PRIMARY KEY, t LONGTEXT, b LONGBLOB, v INT)",
            "SET SESSION sql_log_bin = 0",
            "INSERT INTO large VALUES (1, REPEAT('é', 52428800), NULL, 1)",
            "INSERT INTO large VALUES (2, NULL, REPEAT(CHAR(0, 255), 52428800), 2)",
            "INSERT INTO large VALUES (3, REPEAT('abcdefgh', 8000), REPEAT(CHAR(0), 16777300), 3), (4, '', '', 4)",
        ],
    )
    .await;
    let bascule = world.start().await;
    begin(&world).await;
    world.wait_streaming().await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", bascule.pid())).expect("the process lives");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    println!("peak of {peak} KiB");
    assert!(peak < LIMIT_KIB, "{peak} KiB");
    let sums = "SELECT CONCAT_WS(',', id, SHA2(t, 256), SHA2(b, 256), v) FROM large ORDER BY id";
    let ours: Vec<String> = conn.query(sums).await.expect("sums");
    let theirs = format!(
        "SELECT string_agg(concat_ws(',', id, encode(sha256(convert_to(t, 'UTF8')), 'hex'), encode(sha256(b), 'hex'), v), ';' ORDER BY id) FROM {}.large",
        world.database
    );
    let theirs = postgres(&world).await.text(&theirs).await.expect("sums").unwrap_or_default();
    assert_eq!(theirs, ours.join(";"));
}

/// The copy makes way for the applications when it's told to, and tells how far it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_waits_while_mysql_has_much_to_do() {
    const LIMITED: &str = "copy_part_bytes = 65536\ncopy_workers = 2\ncopy_threads_running = 2";
    let world = World::made("binlog", &mysql::Options::default(), LIMITED);
    let mut conn = mysql(&world).await;
    ledger(&mut conn, 4_000).await;
    let mut sleepers = Vec::new();
    for _ in 0..4 {
        let mut sleeper = mysql(&world).await;
        let id = sleeper.id();
        sleepers.push((id, tokio::spawn(async move { sleeper.query_drop("DO SLEEP(3600)").await })));
    }
    let _bascule = world.start().await;
    begin(&world).await;
    let held = |_: &Status| world.log().contains("the copy waits");
    let status = world.wait(held, "the copy waits").await;
    let mirror = status.mirror.expect("mirroring");
    assert_eq!(mirror.phase, MirrorPhase::Copying);
    for (id, sleeper) in sleepers {
        conn.query_drop(format!("KILL QUERY {id}")).await.expect("killed");
        let _ = sleeper.await.expect("it ends");
    }
    assert_same(&world, 3, "it went on").await;
    assert!(world.log().contains("the copy goes on"), "{}", world.log());
    let status = world.admin().status().await.expect("a status");
    let tables = status.mirror.expect("mirroring").tables;
    assert!(tables.iter().all(|table| table.bytes_copied > 0 && table.seconds_left.is_none()), "{tables:?}");
}
