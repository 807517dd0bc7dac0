//! kill -9 of Bascule in the middle of a flip: a restart ends in exactly one of the two worlds, and nothing is lost in
//! either.

use std::time::Duration;

use bascule::admin::Rehearsal;
use bascule::route::Mode;
use bascule::sandbox::mysql::Flavour;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::world::World;

/// More attempts than it takes, as a rule, to be killed on both sides of the point of no return.
const ATTEMPTS: u32 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_during_the_flip_leaves_one_world() {
    kill_during_the_flip(World::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_during_the_flip_of_the_row_lane_leaves_one_world() {
    kill_during_the_flip(World::by_lane("binlog")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_during_the_flip_from_mariadb_leaves_one_world() {
    kill_during_the_flip(World::of(Flavour::MariaDb, "binlog")).await;
}

async fn kill_during_the_flip(world: World) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    conn.query_drop("CREATE TABLE entry (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL)").await.expect("a table");
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut acknowledged = 0_i64;
    for _ in 0..ATTEMPTS {
        conn.exec_drop("INSERT INTO entry (n) VALUES (?), (?)", (acknowledged, acknowledged)).await.expect("a write");
        acknowledged += 2;
        let admin = world.admin();
        let flipping = tokio::spawn(async move { admin.cutover(Rehearsal::Perform).await });
        tokio::time::sleep(Duration::from_micros(dice.gen_range(0..40_000))).await;
        bascule.kill();
        // The answer may have come before the kill, or never.
        let told = flipping.await.expect("the question ends").is_ok_and(|report| report.performed);
        bascule = world.start().await;
        let mode = world.admin().status().await.expect("a status").mode;
        assert!(!told || mode == Mode::Postgres, "a flip that was told as done is done; seed {seed}");
        assert_ne!(mode, Mode::Passthrough, "seed {seed}");
        conn = Conn::from_url(world.url()).await.expect("clients are let in, whoever serves");
        assert_eq!(count(&mut conn).await, acknowledged, "seed {seed}, mode {mode}");
        if mode == Mode::Postgres {
            conn.query_drop("INSERT INTO entry (n) VALUES (0)").await.expect("PostgreSQL takes writes");
            assert_eq!(count(&mut conn).await, acknowledged + 1);
            return;
        }
        world.wait_streaming().await;
        let proof = world.verify().await;
        assert_eq!(proof.differences, 0, "seed {seed}: {:?}", proof.differing);
    }
    let report = world.admin().cutover(Rehearsal::Perform).await.expect("an undisturbed flip");
    assert!(report.performed, "seed {seed}: {report:?}");
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    assert_eq!(count(&mut conn).await, acknowledged);
    drop(bascule);
}

async fn count(conn: &mut Conn) -> i64 {
    conn.query_first("SELECT COUNT(*) FROM entry").await.expect("an answer").expect("a row")
}
