//! kill -9 at moments that a random kill hardly ever meets, and a PostgreSQL that is full or slow.
//!
//! A moment is held still by PostgreSQL itself: another session holds a lock that the next step needs, or a constraint
//! trigger makes a commit wait. Whoever is to be killed is killed there.

use bascule::admin::{MirrorPhase, MirrorStatus, Status, TableState};
use bascule::config::{Secret, Target, Tls};
use bascule::route::Mode;
use bascule::target::Bulk;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::{Bascule, World};

const TABLES: [&str; 3] = [
    "CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)",
    "CREATE TABLE other (id INT AUTO_INCREMENT PRIMARY KEY, note VARCHAR(400))",
    "INSERT INTO account SELECT n, 1000 FROM (WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 50) \
     SELECT n FROM r) AS s",
];
const LANES: [&str; 2] = ["statements", "binlog"];

/// Another session on PostgreSQL.
async fn beside(world: &World) -> Bulk {
    let target = Target {
        host: "127.0.0.1".to_owned(),
        port: world.servers.postgres.port(),
        user: "postgres".to_owned(),
        password: Secret::new(""),
        database: world.database.clone(),
        tls: Tls::Off,
        connect_timeout: std::time::Duration::from_secs(10),
        max_connections: 1,
    };
    let bulk = Bulk::connect(&target).await.expect("PostgreSQL");
    bulk.run(&format!("SET search_path = \"{}\"", world.database)).await.expect("a search path");
    bulk
}

async fn mirrored(lane: &'static str) -> (World, Bascule, Conn) {
    let world = World::by_lane(lane);
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in TABLES {
        direct.query_drop(statement).await.expect(statement);
    }
    let bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let through = Conn::from_url(world.url()).await.expect("a connection through Bascule");
    (world, bascule, through)
}

/// Waits until one of the applier's statements waits for a lock, or for the trigger that keeps its commit waiting.
async fn wait_until_held(world: &World, what: &str) {
    // A session of its own: within a transaction the list stays as it was first seen.
    let bulk = beside(world).await;
    let waiting = "SELECT count(*)::text FROM pg_stat_activity WHERE application_name LIKE 'bascule%' AND \
                   pid <> pg_backend_pid() AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')";
    for _ in 0..1200 {
        if bulk.text(waiting).await.expect("asked").as_deref() != Some("0") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("nothing waits: {what}: {:?}\n{}", world.admin().status().await, world.log());
}

/// Everything is mirrored, nothing waits, and both sides are the same.
async fn assert_whole(world: &World, what: &str) {
    let settled = |status: &Status| {
        let even = |mirror: &MirrorStatus| {
            let mirrored = mirror.tables.iter().all(|table| table.state == TableState::Mirrored);
            mirror.phase == MirrorPhase::Streaming && mirror.lag_transactions == 0 && mirrored
        };
        status.warnings.is_empty() && status.mirror.as_ref().is_some_and(even)
    };
    world.wait(settled, what).await;
    let proof = world.verify().await;
    assert!(proof.is_proof(), "{what}: {proof:?}\n{}", world.log());
}

async fn transfers(conn: &mut Conn, count: u32) {
    for number in 0..count {
        conn.query_drop("BEGIN").await.expect("BEGIN");
        for (id, amount) in [(number % 50 + 1, -7_i32), ((number + 1) % 50 + 1, 7)] {
            let update = format!("UPDATE account SET balance = balance + {amount} WHERE id = {id}");
            conn.query_drop(update).await.expect("an update");
        }
        conn.query_drop("COMMIT").await.expect("COMMIT");
    }
}

/// Kills Bascule, or one of the servers under it, while something is held still; then lets go.
async fn kill_held(world: &mut World, mut bascule: Bascule, held: Bulk, victim: &str) -> Bascule {
    if victim == "Bascule" {
        bascule.kill();
        drop(held);
        return world.start().await;
    }
    if victim == "MySQL" {
        world.servers.mysql.kill().expect("kill -9");
        drop(held);
        world.servers.mysql.restart().expect("MySQL starts again");
        return bascule;
    }
    drop(held);
    world.servers.postgres.kill().expect("kill -9");
    world.servers.postgres.restart().expect("PostgreSQL starts again");
    bascule
}

/// The rows of a transaction are there and its position isn't yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_rows_and_the_position() {
    let others = [("binlog", "Bascule"), ("binlog", "MySQL"), ("statements", "MySQL")];
    for (lane, victim) in LANES.into_iter().zip(["Bascule", "PostgreSQL"]).chain(others) {
        let (mut world, bascule, mut conn) = mirrored(lane).await;
        let held = beside(&world).await;
        held.run("BEGIN; LOCK TABLE bascule.state IN SHARE MODE").await.expect("a lock");
        transfers(&mut conn, 20).await;
        wait_until_held(&world, lane).await;
        let _bascule = kill_held(&mut world, bascule, held, victim).await;
        assert_whole(&world, &format!("{lane}, {victim} killed")).await;
    }
}

/// The commit is under way and its answer will never come; PostgreSQL finishes it all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_a_commit_and_its_answer() {
    for lane in LANES {
        let (mut world, bascule, mut conn) = mirrored(lane).await;
        let held = beside(&world).await;
        held.run(
            "CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); \
             RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER wait AFTER UPDATE ON bascule.state DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION public.wait()",
        )
        .await
        .expect("a trigger");
        transfers(&mut conn, 20).await;
        wait_until_held(&world, lane).await;
        let idle = beside(&world).await;
        let _bascule = kill_held(&mut world, bascule, idle, "Bascule").await;
        held.run("DROP TRIGGER wait ON bascule.state").await.expect("the trigger goes");
        assert_whole(&world, lane).await;
    }
}

/// A definition is being changed in PostgreSQL, with writes before and after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_a_change_of_a_definition() {
    let others = [("binlog", "MySQL"), ("statements", "MySQL")];
    for (lane, victim) in LANES.into_iter().zip(["PostgreSQL", "Bascule"]).chain(others) {
        let (mut world, bascule, mut conn) = mirrored(lane).await;
        let held = beside(&world).await;
        held.run("BEGIN; SELECT count(*) FROM account").await.expect("a lock");
        transfers(&mut conn, 5).await;
        conn.query_drop("ALTER TABLE account ADD COLUMN seen INT NOT NULL DEFAULT 3").await.expect("ALTER TABLE");
        conn.query_drop("UPDATE account SET seen = id WHERE id % 2 = 0").await.expect("a write under the new form");
        transfers(&mut conn, 5).await;
        wait_until_held(&world, lane).await;
        let _bascule = kill_held(&mut world, bascule, held, victim).await;
        assert_whole(&world, &format!("{lane}, {victim} killed")).await;
    }
}

/// A transaction that is too large for memory waits in a file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_large_transaction_waits_in_a_file() {
    for victim in ["Bascule", "MySQL"] {
        held_in_a_file(victim).await;
    }
}

async fn held_in_a_file(victim: &str) {
    let (mut world, bascule, mut conn) = mirrored("binlog").await;
    conn.query_drop("SET cte_max_recursion_depth = 100000").await.expect("SET");
    let held = beside(&world).await;
    held.run("BEGIN; LOCK TABLE other IN SHARE MODE").await.expect("a lock");
    for statement in [
        "BEGIN",
        "INSERT INTO other (note) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) \
         SELECT REPEAT(SHA2(i, 256), 4) FROM n",
        "UPDATE other SET note = LEFT(note, 20) WHERE id % 2 = 0",
        "COMMIT",
    ] {
        conn.query_drop(statement).await.expect(statement);
    }
    wait_until_held(&world, "the rows of the large transaction").await;
    let files = std::fs::read_dir(format!("/proc/{}/fd", bascule.pid())).expect("its files").flatten();
    let spilled = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    assert!(spilled.filter(|file| file.to_string_lossy().ends_with("(deleted)")).count() > 0, "rows are in a file");
    let _bascule = kill_held(&mut world, bascule, held, victim).await;
    assert_whole(&world, &format!("{victim} killed under a large transaction")).await;
}

/// A full PostgreSQL refuses what it's asked to write. That costs time and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_full_for_a_while() {
    for lane in LANES {
        let (world, _bascule, mut conn) = mirrored(lane).await;
        let operator = beside(&world).await;
        operator
            .run(
                "CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$; \
                 CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON account FOR EACH STATEMENT EXECUTE FUNCTION public.full(); \
                 ALTER TABLE account ENABLE ALWAYS TRIGGER no_room",
            )
            .await
            .expect("a trigger");
        transfers(&mut conn, 30).await;
        let told = |status: &Status| status.mirror.as_ref().is_some_and(|mirror| mirror.lag_transactions > 0);
        let status = world.wait(told, "what waits is told").await;
        let mirror = status.mirror.expect("a mirror");
        assert!(
            mirror.tables.iter().all(|table| table.state == TableState::Mirrored),
            "nothing is given up: {mirror:?}"
        );
        let room = |status: &Status| {
            let reason = status.mirror.as_ref().and_then(|mirror| mirror.reason.as_deref());
            reason.is_some_and(|reason| reason.contains("No space left"))
        };
        world.wait(room, "the operator is told why").await;
        operator.run("DROP TRIGGER no_room ON account").await.expect("there is room again");
        assert_whole(&world, lane).await;
    }
}

/// A slow PostgreSQL lets the lag grow. Clients of MySQL don't notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_slow_for_a_while() {
    for lane in LANES {
        let (world, _bascule, mut conn) = mirrored(lane).await;
        let operator = beside(&world).await;
        operator
            .run(
                "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); \
                 RETURN NULL; END $$; \
                 CREATE TRIGGER slow AFTER UPDATE ON account FOR EACH ROW EXECUTE FUNCTION public.slow(); \
                 ALTER TABLE account ENABLE ALWAYS TRIGGER slow",
            )
            .await
            .expect("a trigger");
        transfers(&mut conn, 40).await;
        // The updates take PostgreSQL far longer than they took the client.
        let behind = |status: &Status| {
            let lags = |mirror: &MirrorStatus| mirror.lag_transactions > 0 && mirror.phase == MirrorPhase::Streaming;
            status.mirror.as_ref().is_some_and(lags)
        };
        world.wait(behind, "the lag is told").await;
        operator.run("DROP TRIGGER slow ON account").await.expect("PostgreSQL is fast again");
        assert_whole(&world, lane).await;
    }
}
