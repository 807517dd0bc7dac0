//! Random values and random transactions; the seed is printed.

use bascule::source::inspect;
use mysql_async::prelude::Queryable as _;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Bench, shared};
use crate::snapshot::random_value::{TYPES, random_value};

pub(super) fn seed() -> (u64, StdRng) {
    let seed: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    (seed, StdRng::seed_from_u64(seed))
}

#[tokio::test]
async fn random_values_of_every_type_follow() {
    let (seed, mut random) = seed();
    let columns: Vec<String> = TYPES.iter().enumerate().map(|(index, text)| format!("c{index} {text}")).collect();
    let columns = columns.join(", ");
    let tables =
        [format!("create table keyed (id int primary key, {columns})"), format!("create table loose ({columns})")];
    let mut bench = Bench::new(shared().await, &[&tables[0], &tables[1]]).await;
    let mut next = 0;
    for round in 0..40 {
        let compression = if random.r#gen() { "ON" } else { "OFF" };
        let partial = if random.r#gen() { "PARTIAL_JSON" } else { "" };
        let settings =
            format!("SET binlog_transaction_compression = {compression}, binlog_row_value_options = '{partial}'");
        bench.run(&[&settings, "BEGIN"]).await;
        for _ in 0..random.gen_range(1..12) {
            let values: Vec<String> = TYPES.iter().map(|text| random_value(text, &mut random)).collect();
            let (table, id) =
                if random.gen_ratio(2, 3) { ("keyed", format!("{next}, ")) } else { ("loose", String::new()) };
            next += 1;
            bench.run(&[&format!("insert into {table} values ({id}{})", values.join(", "))]).await;
        }
        for _ in 0..random.gen_range(0..4) {
            let at = random.gen_range(0..TYPES.len());
            let value = random_value(TYPES[at], &mut random);
            let document = "c28 = if(json_type(c28) = 'OBJECT', json_remove(json_set(c28, '$.new', 1.5), '$.k'), c28)";
            let text = match random.gen_range(0..6) {
                0 => format!("update keyed set c{at} = {value} where id % 7 = {}", random.gen_range(0..7)),
                1 => format!("update keyed set {document} where id % 3 = 0"),
                2 => format!("update loose set c{at} = {value} order by c4 limit 3"),
                3 => "delete from loose order by c5 limit 2".to_owned(),
                4 => format!("delete from keyed where id = {}", random.gen_range(0..=next)),
                _ => format!("update keyed set id = id + 100000 where id = {}", random.gen_range(0..=next)),
            };
            bench.run(&[&text]).await;
        }
        bench.run(&[if round % 9 == 8 { "ROLLBACK" } else { "COMMIT" }]).await;
    }
    let rows = bench.assert_followed(seed).await;
    assert!(rows > 50, "SEED={seed}");
}

/// Several sessions at once, keys whose collations take different texts for the same, and every kind of key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_transactions_of_several_sessions_arrive_row_by_row() {
    let (seed, mut random) = seed();
    let mut bench = Bench::new(shared().await, &KEYS).await;
    write_at_random(&bench, &mut random, 120).await;
    bench.assert_followed(seed).await;
}

/// Tables with keys of every kind.
pub(super) const KEYS: [&str; 7] = [
    "create table ci(k varchar(6) collate utf8mb4_0900_ai_ci primary key, n int)",
    "create table pad(k varchar(6) collate utf8mb4_general_ci primary key, n int, unique key (n))",
    "create table two(a int, b varchar(5) not null, c int, primary key (a, b), unique key u (c, b))",
    "create table half(a int not null unique, b int unique, c text)",
    "create table none(a int, b varchar(6) collate utf8mb4_0900_ai_ci)",
    "create table up(id int primary key, n int)",
    "create table down(id int auto_increment primary key, up int, n int, \
             foreign key (up) references up(id) on delete cascade on update cascade)",
];

/// Transactions of three sessions at once, `count` of each.
pub(super) async fn write_at_random(bench: &Bench, random: &mut StdRng, count: usize) {
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let mut conn = inspect::connect(&bench.source).await.expect("MySQL");
        for setting in [&format!("USE {}", bench.source.databases[0]), "SET innodb_lock_wait_timeout = 1"] {
            conn.query_drop(setting).await.expect("set up");
        }
        let mut dice = StdRng::seed_from_u64(random.r#gen());
        sessions.push(tokio::spawn(async move {
            for _ in 0..count {
                conn.query_drop("BEGIN").await.expect("BEGIN");
                for _ in 0..dice.gen_range(1..6) {
                    // Duplicates, missing parents and deadlocks are MySQL's own affair.
                    let _ = conn.query_drop(random_write(&mut dice)).await;
                }
                conn.query_drop(if dice.gen_ratio(1, 8) { "ROLLBACK" } else { "COMMIT" }).await.expect("the end");
            }
        }));
    }
    for session in sessions {
        session.await.expect("a session ends");
    }
}

pub(super) fn random_write(dice: &mut StdRng) -> String {
    let word = |dice: &mut StdRng| {
        const LETTERS: [&str; 8] = ["a", "A", "ä", "b", "B", " ", "é", "e"];
        let length = dice.gen_range(1..=2);
        (0..length).map(|_| LETTERS[dice.gen_range(0..LETTERS.len())]).collect::<String>()
    };
    let (x, y) = (dice.gen_range(0..12), dice.gen_range(0..12));
    let (v, w) = (word(dice), word(dice));
    match dice.gen_range(0..22) {
        0 => format!("insert into ci values ('{v}', {x})"),
        1 => format!("replace into ci values ('{v}', {x}), ('{w}', {y})"),
        2 => format!("update ci set k = '{w}' where k = '{v}'"),
        3 => format!("update ci set n = n + {x} where k > '{v}'"),
        4 => format!("insert into pad values ('{v} ', {x}) on duplicate key update n = n + 1, k = values(k)"),
        5 => format!("update pad set k = concat(trim(k), '  ') where n > {x}"),
        6 => "update pad set n = n + 1 order by n desc".to_owned(),
        7 => format!("delete from pad where k = '{v}'"),
        8 => format!("insert ignore into two values ({x}, '{v}', {y}), ({y}, '{w}', null)"),
        9 => format!("update two set a = a + {x}, c = null where c = {y}"),
        10 => format!("update ignore two set c = {x} where a < {y}"),
        11 => format!("insert into half values ({x}, {y}, '{v}')"),
        12 => "update half set a = a + 20 where a < 20 order by a desc".to_owned(),
        13 => format!("update half set b = null, c = repeat('{v}', 500) where a % 3 = {}", x % 3),
        14 => format!("insert into none values ({}, '{v}'), ({}, '{w}'), (null, null)", x % 3, y % 3),
        15 => format!("update none set a = {x} where b = '{v}' limit 2"),
        16 => format!("delete from none where a = {} limit 1", x % 3),
        17 => format!("insert into up values ({x}, 0), ({}, 0)", x + 30),
        18 => format!("insert into down(up, n) values ({x}, {y}), ({}, {y}), (null, 0)", x + 30),
        19 => format!("update up set id = id + 60 where id = {x}"),
        20 => format!("delete from up where id % 7 = {}", x % 7),
        _ => format!("update down set n = n + 1, up = {y} where up = {x}"),
    }
}

/// Definitions change between the rows, and rows are read by the definition of their moment.
#[tokio::test]
async fn rows_follow_random_definitions() {
    const TYPES: [&str; 9] = [
        "int not null default 7",
        "bigint unsigned",
        "varchar(30)",
        "decimal(9,4)",
        "datetime(6)",
        "enum('a','b','')",
        "json",
        "varbinary(20)",
        "mediumint",
    ];
    let (seed, mut random) = seed();
    let mut bench = Bench::new(shared().await, &["create table t (id int primary key)"]).await;
    let mut columns: Vec<(String, usize)> = Vec::new();
    let mut next = 0;
    for round in 0..30 {
        let kind = random.gen_range(0..TYPES.len());
        let place = match random.gen_range(0..3) {
            0 => " first".to_owned(),
            1 if !columns.is_empty() => format!(" after {}", columns[random.gen_range(0..columns.len())].0),
            _ => String::new(),
        };
        let definition = match random.gen_range(0..5) {
            0 | 1 => {
                columns.push((format!("c{round}"), kind));
                format!("alter table t add c{round} {}{place}", TYPES[kind])
            }
            2 if columns.len() > 2 => {
                let (gone, _) = columns.swap_remove(random.gen_range(0..columns.len()));
                format!("alter table t drop {gone}")
            }
            3 if !columns.is_empty() => {
                let at = random.gen_range(0..columns.len());
                let old = std::mem::replace(&mut columns[at].0, format!("r{round}"));
                format!("alter table t rename column {old} to r{round}")
            }
            _ => format!("alter table t comment '{round}'"),
        };
        bench.run(&[&definition]).await;
        for _ in 0..3 {
            let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
            let values: String = columns
                .iter()
                .map(|(_, kind)| {
                    let text = TYPES[*kind].split(" not null").next().unwrap_or_default();
                    let value = match text {
                        "int" => random.gen_range(-9..9).to_string(),
                        known => random_value(known, &mut random),
                    };
                    format!(", {value}")
                })
                .collect();
            bench.run(&[&format!("insert into t (id{names}) values ({next}{values})")]).await;
            next += 1;
        }
        if let Some((name, _)) = columns.first() {
            bench.run(&[&format!("update t set {name} = default where id % 5 = {}", round % 5)]).await;
        }
        bench.run(&[&format!("delete from t where id = {}", random.gen_range(0..=next))]).await;
    }
    bench.assert_followed(seed).await;
}
