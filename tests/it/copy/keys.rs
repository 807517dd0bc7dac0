//! Parts by keys of every kind: whatever the order by which MySQL compares, each row is in exactly one part.

use std::sync::{Arc, Mutex};

use bascule::replicate::snapshot::{self as copy, Copy, Keys, Progress};
use bascule::schema::ddl;

use crate::snapshot::Bench;

/// Key columns, and expressions of `n` that give 1,500 different keys.
const KEYS: [(&str, &str); 16] = [
    ("k INT", "n - 750"),
    ("k BIGINT", "IF(n = 1, -9223372036854775808, IF(n = 2, 9223372036854775807, (n - 700) * 10000000000))"),
    ("k BIGINT UNSIGNED", "18446744073709551615 - (n - 1) * 12345"),
    ("k DECIMAL(20,6)", "(n - 750) / 7"),
    ("k DATE", "DATE_ADD('1999-11-20', INTERVAL n DAY)"),
    ("k DATETIME(6)", "DATE_ADD('2024-01-01', INTERVAL n * 1000003 MICROSECOND)"),
    ("k TIMESTAMP(3)", "DATE_ADD('2024-03-31 00:00:00', INTERVAL n * 7 SECOND)"),
    ("k TIME", "SEC_TO_TIME((n - 750) * 4000)"),
    ("k VARCHAR(20) COLLATE utf8mb4_0900_ai_ci", "CONCAT(ELT(1 + n % 4, 'é', 'E', 'ß', '😀'), n, IF(n % 3, '', ' '))"),
    ("k CHAR(20) COLLATE utf8mb4_general_ci", "CONCAT(ELT(1 + n % 3, 'a', 'B', 'ä'), LPAD(n, 5, ' '))"),
    ("k VARCHAR(20) CHARACTER SET latin1", "CONCAT(ELT(1 + n % 3, 'é', 'Z', '_'), n * 7919 % 1511)"),
    ("k VARCHAR(20) CHARACTER SET utf16 COLLATE utf16_bin", "CONCAT(ELT(1 + n % 3, 'é', '😀', '_'), n)"),
    ("k VARBINARY(20)", "CONCAT(CHAR(n % 256, n DIV 256), REPEAT(CHAR(0), n % 3))"),
    ("k BINARY(6)", "CONCAT(CHAR(n % 256, 0, n DIV 256))"),
    ("a INT, b VARCHAR(10), c DATE", "n % 3 - 1, CONCAT('x', n % 7), DATE_ADD('2024-01-01', INTERVAL n DAY)"),
    ("a INT, b INT", "n DIV 400, -n"),
];

#[tokio::test]
async fn every_row_is_in_exactly_one_part_whatever_the_key() {
    let mut bench = Bench::new().await;
    bench.run(&["set sql_mode = '', cte_max_recursion_depth = 10000"]).await;
    bench.run(&["create table n (n int primary key)"]).await;
    bench
        .run(&["insert into n with recursive r (n) as (select 1 union all select n + 1 from r where n < 1500) select n from r"])
        .await;
    for (number, (columns, keys)) in KEYS.iter().enumerate() {
        let names: Vec<&str> = columns.split(", ").filter_map(|column| column.split(' ').next()).collect();
        let key = names.join(", ");
        bench
            .run(&[
                &format!("create table k{number} ({columns}, v varchar(600), primary key ({key}))"),
                &format!("insert into k{number} select {keys}, repeat('x', 500) from n"),
                &format!("analyze table k{number}"),
            ])
            .await;
    }
    // Keys that aren't cut: one part.
    bench
        .run(&[
            "create table e (k enum('a', 'b', 'c', 'd') primary key)",
            "insert into e values ('d'), ('a')",
            "create table z (d date primary key)",
            "insert into z values ('0000-00-00'), ('2024-01-01')",
        ])
        .await;
    let catalogue = bench.catalogue().await;
    let target = bench.bulk().await;
    let helpers = [ddl::collations().join(";\n"), bascule::sql::HELPERS.to_owned()].join(";\n");
    target.run(&helpers).await.expect("helpers");
    copy::create_tables(&target, &catalogue).await.expect("tables");
    let mut workers = Vec::new();
    for reader in bench.snapshot(3).await.readers {
        workers.push((reader, bench.bulk().await));
    }
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let heard = Arc::clone(&told);
    let on_progress = Arc::new(move |progress| heard.lock().expect("no panic").push(progress));
    let copy = Copy {
        workers,
        tables: copy::tables_of(&catalogue),
        keys: Keys::All,
        part_bytes: 65_536,
        most_running: None,
        on_progress,
    };
    let (_, copied, left) = copy.run().await.expect("copied");
    assert_eq!((copied.rows, left.len()), (1500 * 17 + 4, 0));
    let report = bench.verify(&catalogue).await;
    assert!(report.is_same(), "{report:#?}");
    // More than one part each, or nothing was tried.
    let told = told.lock().expect("no panic");
    for number in 0..KEYS.len() {
        let name = format!("k{number}");
        let moves = told.iter().filter(|progress| progress.table.table == name && progress.rows < 1500).count();
        assert!(moves > 3, "{name} was copied in one part");
    }
}
