//! kill -9 of Bascule, MySQL and PostgreSQL under load, again and again at random moments: nothing acknowledged is lost,
//! nothing is applied twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bascule::admin::{MirrorPhase, MirrorStatus, Status, TableState};
use bascule::route::Mode;
use mysql_async::prelude::Queryable;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::world::World;

/// For each lane.
const ROUNDS: u32 = 25;
const WRITERS: u64 = 4;
const ACCOUNTS: u32 = 50;

const TABLES: [&str; 3] = [
    "CREATE TABLE account (id INT AUTO_INCREMENT PRIMARY KEY, balance INT NOT NULL, touched INT NOT NULL DEFAULT 0)",
    "CREATE TABLE ledger (id BIGINT AUTO_INCREMENT PRIMARY KEY, account INT NOT NULL, delta INT NOT NULL,
       at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), FOREIGN KEY (account) REFERENCES account (id))",
    "CREATE TABLE counter (name VARCHAR(40) PRIMARY KEY, n INT NOT NULL)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_and_repeat_nothing() {
    kills(World::new(), ROUNDS).await;
}

/// In the row lane a writer that goes past Bascule writes all the time, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_of_the_binary_log_either() {
    kills(World::by_lane("binlog"), ROUNDS).await;
}

async fn kills(mut world: World, rounds: u32) {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    prepare(&world).await;
    let mut bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;

    let stop = Arc::new(AtomicBool::new(false));
    let committed = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (url, stop, committed) = (world.url(), Arc::clone(&stop), Arc::clone(&committed));
            let past = number == 0 && world.lane == "binlog";
            let url = if past { world.servers.mysql.url(&world.database) } else { url };
            tokio::spawn(write(url, StdRng::seed_from_u64(seed + number), stop, committed))
        })
        .collect();

    let mut moments = StdRng::seed_from_u64(seed);
    for round in 0..rounds {
        let before = committed.load(Ordering::SeqCst);
        let enough = before + moments.gen_range(1..60);
        while committed.load(Ordering::SeqCst) < enough {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let victim = match moments.gen_range(0..4) {
            0 => {
                world.servers.mysql.kill().expect("kill -9");
                world.servers.mysql.restart().expect("MySQL starts again");
                "MySQL"
            }
            1 => {
                world.servers.postgres.kill().expect("kill -9");
                world.servers.postgres.restart().expect("PostgreSQL starts again");
                "PostgreSQL"
            }
            _ => {
                bascule.kill();
                bascule = world.start().await;
                "Bascule"
            }
        };
        println!("round {round}: {victim} killed after {} commits", committed.load(Ordering::SeqCst) - before);
    }
    world.wait_streaming().await;
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.expect("a writer ends");
    }
    // Tables in doubt are copied again, which takes a moment.
    let settled = |status: &Status| {
        let even = |mirror: &MirrorStatus| {
            let mirrored = mirror.tables.iter().all(|table| table.state == TableState::Mirrored);
            mirror.phase == MirrorPhase::Streaming && mirror.lag_transactions == 0 && mirrored
        };
        status.warnings.is_empty() && status.mirror.as_ref().is_some_and(even)
    };
    world.wait(settled, "every table is mirrored and nothing is warned of").await;
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.skipped.len()), (0, 0), "seed {seed}: {proof:?}\nlog:\n{}", world.log());
    assert!(proof.rows > u64::from(ACCOUNTS) + committed.load(Ordering::SeqCst) / 2, "seed {seed}: {proof:?}");
}

async fn prepare(world: &World) {
    let mut direct = mysql_async::Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for table in TABLES {
        direct.query_drop(table).await.expect("a table");
    }
    for _ in 0..ACCOUNTS {
        direct.query_drop("INSERT INTO account (balance) VALUES (1000)").await.expect("a row");
    }
    direct.disconnect().await.expect("a clean end");
}

/// Writes until told to stop; reconnects when Bascule is gone. Counts what was acknowledged.
async fn write(url: String, mut dice: StdRng, stop: Arc<AtomicBool>, committed: Arc<AtomicU64>) {
    while !stop.load(Ordering::SeqCst) {
        let Ok(mut conn) = mysql_async::Conn::from_url(&url).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while !stop.load(Ordering::SeqCst) {
            match one(&mut conn, &mut dice).await {
                Ok(()) => {
                    committed.fetch_add(1, Ordering::SeqCst);
                }
                // Deadlocks are MySQL's own; anything else means that the connection is gone.
                Err(mysql_async::Error::Server(error)) if error.code == 1213 => {}
                Err(_) => break,
            }
        }
    }
}

async fn one(conn: &mut mysql_async::Conn, dice: &mut StdRng) -> Result<(), mysql_async::Error> {
    let (from, to) = (dice.gen_range(1..=ACCOUNTS), dice.gen_range(1..=ACCOUNTS));
    let amount = dice.gen_range(1..100);
    match dice.gen_range(0..4) {
        0 => conn.exec_drop("INSERT INTO ledger (account, delta) VALUES (?, ?)", (from, amount)).await,
        1 => {
            let name = format!("c{}", amount % 10);
            conn.exec_drop("INSERT INTO counter VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1", (name,)).await
        }
        2 => {
            conn.query_drop("BEGIN").await?;
            conn.exec_drop("UPDATE account SET balance = balance - ? WHERE id = ?", (amount, from.min(to))).await?;
            conn.exec_drop("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, from.max(to))).await?;
            conn.exec_drop("INSERT INTO ledger (account, delta) VALUES (?, ?), (?, ?)", (from, -amount, to, amount))
                .await?;
            conn.query_drop(if amount % 7 == 0 { "ROLLBACK" } else { "COMMIT" }).await
        }
        _ => conn.query_drop(format!("UPDATE account SET touched = touched + 1 WHERE id = {from}")).await,
    }
}
