//! The first copy of the row lane: cut off at every kind of moment, under load, and gone on with. Nothing may be lost or
//! come twice, and what was copied isn't read again.

mod faults;
mod keys;
mod shapes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bascule::admin::{MirrorPhase, MirrorStatus, Status, TableState};
use bascule::config::Target;
use bascule::route::Mode;
use bascule::sandbox::mysql;
use bascule::target::Bulk;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::shared_servers::settings;
use crate::world::World;

/// Parts as small as they may be, so that tables of a test have many.
const PARTS: &str = "copy_part_bytes = 65536\ncopy_workers = 3";

/// A world whose tables are copied in many parts.
fn world() -> World {
    World::made("binlog", &mysql::Options::default(), PARTS)
}

async fn mysql(world: &World) -> Conn {
    Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL")
}

fn target(world: &World) -> Target {
    settings(&world.servers, &world.database).1
}

async fn postgres(world: &World) -> Bulk {
    Bulk::connect(&target(world)).await.expect("PostgreSQL")
}

async fn run(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        conn.query_drop(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Numbers from 1 on, by a query that MySQL carries out.
fn numbers(count: u32) -> String {
    format!(
        "(WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {count}) \
         SELECT /*+ SET_VAR(cte_max_recursion_depth = 1000000) */ n FROM r) numbers"
    )
}

/// Accounts and entries that refer to them, both with a unique key besides, and a table without a key.
async fn ledger(conn: &mut Conn, rows: u32) {
    run(
        conn,
        &[
            "CREATE TABLE account (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, balance INT NOT NULL, filler CHAR(120) \
             NOT NULL DEFAULT 'x', UNIQUE KEY (name))",
            "CREATE TABLE entry (account INT NOT NULL, number INT NOT NULL, amount DECIMAL(10,2) NOT NULL, note \
             VARCHAR(200) NOT NULL, PRIMARY KEY (account, number), KEY (amount), FOREIGN KEY (account) REFERENCES account \
             (id) ON DELETE CASCADE)",
            "CREATE TABLE loose (v INT, w VARCHAR(20))",
            &format!("INSERT INTO account (id, name, balance) SELECT n, CONCAT('name ', n), 0 FROM {}", numbers(rows)),
            &format!(
                "INSERT INTO entry SELECT 1 + n % {rows}, n, n / 7, REPEAT(CHAR(65 + n % 26), 80) FROM {}",
                numbers(rows * 2)
            ),
            "INSERT INTO loose VALUES (1, 'a'), (1, 'a'), (NULL, NULL)",
            "ANALYZE TABLE account, entry",
        ],
    )
    .await;
}

/// Writes until told to stop: rows come, go, change, change their keys, and swap unique values.
async fn write(url: String, seed: u64, rows: u32, stop: Arc<AtomicBool>, count: Arc<AtomicU64>) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut conn = Conn::from_url(url).await.expect("MySQL");
    while !stop.load(Ordering::SeqCst) {
        let (one, other) = (dice.gen_range(1..=rows), dice.gen_range(1..=rows));
        let fresh = dice.gen_range(rows..rows * 3);
        let statements = match dice.gen_range(0..7) {
            0 => vec![format!("UPDATE account SET balance = balance + 1 WHERE id IN ({one}, {other})")],
            1 => vec![format!("UPDATE IGNORE entry SET number = {fresh} WHERE account = {one} LIMIT 1")],
            2 => vec![format!("DELETE FROM account WHERE id = {one}")],
            3 => vec![format!("INSERT IGNORE INTO account (id, name, balance) VALUES ({one}, 'NAME {one}', {fresh})")],
            4 => vec![
                "BEGIN".to_owned(),
                format!("UPDATE IGNORE account SET name = CONCAT(name, '!') WHERE id = {one}"),
                format!("UPDATE IGNORE account SET name = 'name {one}' WHERE id = {other}"),
                if fresh % 5 == 0 { "ROLLBACK" } else { "COMMIT" }.to_owned(),
            ],
            5 => vec![format!(
                "INSERT IGNORE INTO entry SELECT id, {fresh}, {one}, 'new' FROM account WHERE id > {other} LIMIT 5"
            )],
            _ => vec![
                format!("INSERT INTO loose VALUES ({one}, 'w')"),
                "DELETE FROM loose WHERE v = 1 LIMIT 1".to_owned(),
            ],
        };
        for statement in statements {
            match conn.query_drop(&statement).await {
                Ok(()) => {}
                // Deadlocks and waits are MySQL's own.
                Err(mysql_async::Error::Server(error)) if [1213, 1205].contains(&error.code) => {}
                Err(error) => panic!("{statement}: {error}"),
            }
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
}

/// Writers beside Bascule.
struct Load {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    writers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(world: &World, seed: u64, rows: u32) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let writer = |number| {
            let url = world.servers.mysql.url(&world.database);
            tokio::spawn(write(url, seed + number, rows, Arc::clone(&stop), Arc::clone(&count)))
        };
        let writers = (0..2).map(writer).collect();
        Self { stop, count, writers }
    }

    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        for writer in self.writers {
            writer.await.expect("a writer ends well");
        }
        self.count.load(Ordering::SeqCst)
    }
}

/// Waits until every table follows, and proves that both sides are the same.
async fn assert_same(world: &World, tables: u64, context: &str) {
    world.wait_streaming().await;
    let even = |mirror: &MirrorStatus| {
        mirror.phase == MirrorPhase::Streaming && mirror.tables.iter().all(|table| table.state == TableState::Mirrored)
    };
    let settled = |status: &Status| status.mirror.as_ref().is_some_and(even);
    world.wait(settled, &format!("{context}: every table is mirrored")).await;
    let proof = world.verify().await;
    let found = (proof.tables, proof.differences, proof.skipped.len(), proof.definitions.len());
    assert_eq!(found, (tables, 0, 0, 0), "{context}: {proof:#?}\nlog:\n{}", world.log());
}

async fn begin(world: &World) {
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
}

/// Rows copied so far, of all tables.
fn copied(status: &Status) -> u64 {
    status.mirror.as_ref().map_or(0, |mirror| mirror.tables.iter().map(|table| table.rows_copied).sum())
}

/// Indexes and constraints of the copied tables, as PostgreSQL has them.
async fn keys(world: &World) -> String {
    let sql = format!(
        "SELECT string_agg(name, ' ' ORDER BY name) FROM (SELECT c.conname AS name FROM pg_constraint c JOIN pg_class r ON \
         r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace WHERE n.nspname = '{0}' AND c.contype = 'f' UNION \
         SELECT indexname FROM pg_indexes WHERE schemaname = '{0}') AS found",
        world.database
    );
    postgres(world).await.text(&sql).await.expect("a list").unwrap_or_default()
}
