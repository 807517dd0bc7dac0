//! A backlog of small transactions, as sysbench's write loads make them, over five tables. Of a hundred transactions
//! 35 update a number with an index by key, 20 update a text by key, 15 insert a row, 10 delete a row and insert it again,
//! 10 do all of these to four rows, 5 insert three rows in one statement and 5 delete a row.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::load::{self, Connection};

/// Tables of sysbench's shape, and the rows of each.
pub(crate) const TABLES: u32 = 4;
pub(crate) const ROWS: u32 = 25_000;
const WRITERS: u64 = 8;

/// Creates the account, the tables and their first rows, through MySQL itself.
pub(crate) fn prepare(execute: &dyn Fn(&str) -> Result<(), String>) -> Result<(), String> {
    load::prepare(execute)?;
    for table in 1..=TABLES {
        execute(&format!(
            "CREATE TABLE bench.sbtest{table} (id INT NOT NULL AUTO_INCREMENT, k INT NOT NULL DEFAULT 0, \
             c CHAR(120) NOT NULL DEFAULT '', pad CHAR(60) NOT NULL DEFAULT '', PRIMARY KEY (id), KEY k_1 (k))"
        ))?;
        for from in (1..=ROWS).step_by(2_500) {
            let row = |id: u32| format!("({id},{},'{}','{:060}')", id % 997, "c".repeat(110), id);
            let rows: Vec<String> = (from..from + 2_500).map(row).collect();
            execute(&format!("INSERT INTO bench.sbtest{table} (id, k, c, pad) VALUES {}", rows.join(",")))?;
        }
    }
    execute("CREATE TABLE bench.heart (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY)")?;
    execute(
        "CREATE TABLE bench.history (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, owner INT NOT NULL, \
         amount DECIMAL(10,2) NOT NULL, at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), note VARCHAR(60), \
         KEY (owner))",
    )
}

/// Writes about `count` transactions from several connections at once. Those that were rolled back or changed nothing
/// aren't in the log, so the number there is a little smaller.
pub(crate) fn record(port: u16, count: u64) -> io::Result<()> {
    let left = AtomicU64::new(count);
    let taken = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    let write = |seed: u64| -> io::Result<()> {
        let mut random = StdRng::seed_from_u64(seed);
        let mut connection = Connection::open(port)?;
        connection.command(&load::query("SET transaction_isolation = 'READ-COMMITTED'"))?;
        while taken() {
            for statement in transaction(&mut random) {
                if connection.command(&load::query(&statement)).is_err() {
                    // A deadlock: MySQL has rolled back already.
                    break;
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=WRITERS).map(|seed| scope.spawn(move || write(seed))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a writer doesn't panic"))
    })
}

fn transaction(random: &mut StdRng) -> Vec<String> {
    let table = random.gen_range(1..=TABLES);
    let mut id = || random.gen_range(1..=ROWS);
    let (one, other, third) = (id(), id(), id());
    let dice = random.gen_range(0..100);
    let number = |id: u32| format!("UPDATE sbtest{table} SET k=k+1 WHERE id={id}");
    let text = |id: u32| format!("UPDATE sbtest{table} SET c='{id:0>110}{dice}' WHERE id={id}");
    let replaced = |id: u32| {
        let row = format!("({id},{dice},'{:0>110}','{:060}')", other, id);
        [
            format!("DELETE FROM sbtest{table} WHERE id={id}"),
            format!("INSERT INTO sbtest{table} (id, k, c, pad) VALUES {row}"),
        ]
    };
    let row = |owner: u32| format!("({owner},{}.{:02},'{owner:0>40}')", other % 1000, dice);
    let insert = |rows: &[String]| format!("INSERT INTO history (owner, amount, note) VALUES {}", rows.join(","));
    let framed = |inner: Vec<String>| [vec!["BEGIN".to_owned()], inner, vec!["COMMIT".to_owned()]].concat();
    match dice {
        0..35 => vec![number(one)],
        35..55 => vec![text(one)],
        55..70 => vec![insert(&[row(one)])],
        70..80 => framed(replaced(one).to_vec()),
        80..90 => {
            let mut keys = [one, other, third];
            keys.sort_unstable();
            let [low, middle, high] = keys;
            framed([vec![number(low), text(middle)], replaced(high).to_vec()].concat())
        }
        90..95 => vec![insert(&[row(one), row(other), row(third)])],
        _ => vec![format!("DELETE FROM history WHERE id={}", one)],
    }
}
