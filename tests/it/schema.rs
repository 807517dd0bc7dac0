//! `bascule schema` on real servers: every object of a torture set either stands in PostgreSQL or is named with its reason;
//! what was made compares equal, and every planted difference is named.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use bascule::admin::VerifyRequest;
use bascule::route::Mode;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value;

use crate::assess::{Bench, TORTURE};
use crate::world::World;

/// What the first set leaves out; `{other}` is a second database.
const MORE: &str = include_str!("schema.sql");

impl Bench {
    pub fn schema(&self, words: &[&str]) -> (Option<i32>, Value) {
        let answer = self.bascule(&[&["schema", "--json"], words].concat());
        let found = serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {}", answer.error));
        (answer.code, found)
    }

    pub async fn postgres(&self) -> tokio_postgres::Client {
        let url = self.servers.postgres.url(&self.database);
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("PostgreSQL");
        tokio::spawn(connection);
        client
    }

    /// `kind name` of everything that MySQL knows in some databases.
    async fn objects(&mut self, databases: &[&str]) -> BTreeSet<String> {
        const QUERIES: [&str; 6] = [
            "SELECT CONCAT('table ', table_schema, '.', table_name) FROM information_schema.tables WHERE table_type = \
             'BASE TABLE' AND table_schema = ?",
            "SELECT DISTINCT CONCAT('key ', table_schema, '.', table_name, '.', index_name) FROM \
             information_schema.statistics WHERE table_schema = ?",
            "SELECT CONCAT(CASE constraint_type WHEN 'CHECK' THEN CONCAT('check constraint ', table_schema) ELSE \
             CONCAT('foreign key ', table_schema, '.', table_name) END, '.', constraint_name) FROM \
             information_schema.table_constraints WHERE constraint_type IN ('CHECK', 'FOREIGN KEY') AND table_schema = ?",
            "SELECT CONCAT('view ', table_schema, '.', table_name) FROM information_schema.views WHERE table_schema = ?",
            "SELECT CONCAT(LOWER(routine_type), ' ', routine_schema, '.', routine_name) FROM information_schema.routines \
             WHERE routine_schema = ?",
            "SELECT CONCAT('trigger ', trigger_schema, '.', trigger_name) FROM information_schema.triggers \
             WHERE trigger_schema = ?",
        ];
        let mut found = BTreeSet::new();
        for database in databases {
            for query in QUERIES {
                let names: Vec<String> = self.mysql.exec(query, (database,)).await.expect(query);
                found.extend(names);
            }
        }
        found
    }
}

/// `kind name` of a list of the answer.
pub fn named(answer: &Value, list: &str) -> BTreeSet<String> {
    let entries = answer[list].as_array().expect("a list").iter();
    entries
        .map(|entry| format!("{} {}", entry["kind"].as_str().expect("a kind"), entry["name"].as_str().expect("a name")))
        .collect()
}

/// Everything that MySQL has is made, kept by Bascule, or refused; what hangs on a refused table goes with it.
fn check_nothing_is_silent(objects: &BTreeSet<String>, answer: &Value) {
    let mut told = named(answer, "objects");
    told.extend(named(answer, "kept"));
    let refused = named(answer, "refused");
    let tables: Vec<&str> = refused.iter().filter_map(|name| name.strip_prefix("table ")).collect();
    for object in objects.iter().filter(|object| !told.contains(*object) && !refused.contains(*object)) {
        let of_refused = tables.iter().any(|table| object.contains(&format!(" {table}.")));
        assert!(of_refused, "{object} is passed over in silence");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_torture_set_stands_and_compares_equal_until_something_is_planted() {
    let mut bench = Bench::new().await;
    bench.run(&[TORTURE]).await;
    let database = bench.database.clone();
    let objects = bench.objects(&[&database]).await;
    let (code, made) = bench.schema(&["--apply"]);
    assert_eq!((code, named(&made, "refused")), (Some(0), BTreeSet::new()));
    check_nothing_is_silent(&objects, &made);
    let (code, compared) = bench.schema(&["--diff"]);
    assert_eq!((code, &compared["equal"]), (Some(0), &Value::Bool(true)), "{compared}");

    let again = bench.bascule(&["schema", "--apply"]);
    assert_eq!(again.code, Some(3), "{}", again.error);
    assert!(again.error.contains("has tables already"), "{}", again.error);

    let postgres = bench.postgres().await;
    let next = postgres.query_one(&format!("INSERT INTO {database}.idx (a) VALUES ('x') RETURNING id"), &[]).await;
    assert_eq!(next.expect("a row").get::<_, i64>(0), 3, "MySQL's next value");
    let planted = [
        ("ALTER TABLE nums DROP CONSTRAINT _my_mu", "missing constraint nums._my_mu"),
        ("ALTER TABLE nums ALTER COLUMN iu TYPE numeric", "different column nums.iu"),
        ("ALTER TABLE defs ALTER COLUMN d SET DEFAULT 6", "different column defs.d"),
        ("ALTER TABLE tx ALTER COLUMN v TYPE varchar(100) COLLATE \"C\"", "different column tx.v"),
        ("ALTER TABLE dt ADD COLUMN more int", "additional column dt.more"),
        ("ALTER TABLE dt DROP COLUMN t6", "missing column dt.t6"),
        ("ALTER TABLE part DROP CONSTRAINT \"part__PRIMARY\"", "missing index part__PRIMARY"),
        ("DROP INDEX idx__kd", "missing index idx__kd"),
        ("ALTER TABLE chi DROP CONSTRAINT fk1", "missing constraint chi.fk1"),
        ("ALTER TABLE idx DROP CONSTRAINT idx_chk_1", "missing constraint idx.idx_chk_1"),
        ("DROP TRIGGER trigger_0001 ON par", "missing trigger par.trigger_0001"),
        ("DROP TABLE nopk", "missing table nopk"),
        ("CREATE VIEW own AS SELECT 1 AS one", "additional table own"),
        ("COMMENT ON TABLE par IS 'x'", "different table par"),
        (
            "CREATE OR REPLACE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "different function trg()",
        ),
    ];
    postgres.batch_execute(&format!("SET search_path = {database}")).await.expect("set");
    for (statement, _) in planted {
        postgres.batch_execute(statement).await.expect(statement);
    }
    let (code, compared) = bench.schema(&["--diff"]);
    assert_eq!((code, &compared["equal"]), (Some(3), &Value::Bool(false)));
    let differences = compared["differences"].as_array().expect("differences").iter();
    let found: BTreeSet<String> = differences
        .map(|found| {
            let object = found["object"].as_str().expect("an object").replace(&format!(" {database}."), " ");
            format!("{} {object}", found["is"].as_str().expect("a word"))
        })
        .collect();
    for (_, difference) in planted {
        assert!(found.contains(difference), "{difference} isn't among {found:?}");
    }
    // The comparison itself has left nothing behind.
    let schemas =
        postgres.query_one("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bascule_beside%'", &[]).await;
    assert_eq!(schemas.expect("a row").get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_kept_is_refused_by_name_and_all_else_stands() {
    let mut bench = Bench::new().await;
    let own = bench.database.clone();
    let other = format!("{own} Ünï-\"x");
    bench
        .run(&[
            &format!("create database `{other}` character set latin1"),
            &MORE.replace("{other}", &other).replace("{own}", &own),
        ])
        .await;
    bench.configure("root", &[&other]);
    let objects = bench.objects(&[&own, &other]).await;
    let (code, made) = bench.schema(&["--apply"]);
    check_nothing_is_silent(&objects, &made);
    let refused: BTreeMap<String, String> = made["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| {
            let text = |field: &str| entry[field].as_str().expect("a text").replace(&format!("{own}."), "");
            (format!("{} {}", text("kind"), text("name")), text("reason"))
        })
        .collect();
    let expected = [
        ("event ev1", "PostgreSQL has no events"),
        ("function f3", "INSERT INTO in a stored function"),
        ("table big", "an AUTO_INCREMENT value beyond"),
        ("table col", "collation utf8mb4_ja_0900_as_cs"),
        ("table col2", "collation sjis_japanese_ci"),
        ("table col3", "collation gbk_chinese_ci"),
        ("table fk4", "a foreign key to columns without a unique key"),
        ("table mrg", "ENGINE=MRG_MYISAM"),
        ("table myi", "AUTO_INCREMENT that counts within"),
        ("table readers", "a default that reads other columns"),
        ("table vec", "type vector(3)"),
        ("trigger tr3", "SET @X in a trigger"),
        ("view v4", "function COMPRESS"),
    ];
    for (object, reason) in expected {
        let told = refused.get(object).unwrap_or_else(|| panic!("{object} isn't refused: {refused:?}"));
        assert!(told.contains(reason), "{object}: {told}");
    }
    let more: Vec<_> = refused
        .iter()
        .filter(|(object, reason)| {
            !expected.iter().any(|(name, _)| name == object) && !reason.starts_with("PostgreSQL says")
        })
        .collect();
    assert!(more.is_empty(), "{more:?}");
    assert_eq!(code, Some(3));
    let (code, compared) = bench.schema(&["--diff"]);
    assert_eq!((code, &compared["equal"]), (Some(0), &Value::Bool(true)), "{compared}");

    let postgres = bench.postgres().await;
    postgres.batch_execute(&format!("SET search_path = {own}")).await.expect("set");
    let ask = async |sql: &str| {
        postgres.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get::<_, String>(0)
    };
    assert_eq!(ask("INSERT INTO ac (v) VALUES (1) RETURNING id::text").await, "77", "AUTO_INCREMENT = 77");
    assert_eq!(
        ask(
            "INSERT INTO ser DEFAULT VALUES RETURNING concat_ws(',', id, b, e, s, y, t, dz, dt, bi, vb, bo, n, fl, ti)"
        )
        .await,
        "1,5,b,x,y,1999,-01:02:03.45,-infinity,2024-01-02 03:04:05.678,\\x616200,\\x00ff,1,-1.50,1500,200"
    );
    assert_eq!(
        ask("INSERT INTO gen2 (id, j, a, d) VALUES (1, '{\"name\": \"Ä\"}', 3, '2024-02-29') RETURNING concat_ws(',', name, n2, dow, dd, low)").await,
        "Ä,Ä!,5,2024-03-01 00:00:00,ä"
    );
    assert_eq!(ask("SELECT obj_description('\"select\"'::regclass)").await, "table it's");
    for refused in [
        "INSERT INTO keys2 (d, e, g) VALUES (1, 'X', '\\xe6100000'), (1, 'x', '\\xe6100000')",
        "INSERT INTO keys2 (d, g) VALUES (1, '\\x00000000')",
        "INSERT INTO chk VALUES (0, 'xy')",
        "INSERT INTO fk2 (id, p) VALUES (1, 99)",
    ] {
        assert!(postgres.batch_execute(refused).await.is_err(), "{refused}");
    }
    bench.run(&[&format!("drop database `{other}`")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_written_file_makes_the_same_by_itself() {
    let mut bench = Bench::new().await;
    bench.run(&[TORTURE]).await;
    let path = bench.folder.path().join("schema.sql");
    let answer = bench.bascule(&["schema", "--out", path.to_str().expect("a path")]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(0), ""), "{}", answer.error);
    let text = std::fs::read_to_string(path).expect("a file");
    let postgres = bench.postgres().await;
    postgres.batch_execute(&text).await.expect("the file runs");
    let (code, compared) = bench.schema(&["--diff"]);
    assert_eq!((code, &compared["equal"]), (Some(0), &Value::Bool(true)), "{compared}");
    let short = bench.bascule(&["schema", "--no-helpers"]).out;
    assert!(short.contains("CREATE TABLE") && !short.contains("CREATE COLLATION") && short.len() < text.len() / 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_was_made_beforehand_is_mirrored_into_and_stays_equal() {
    let world = World::new();
    let mut mysql = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    mysql.query_drop("SET sql_mode = ''").await.expect("set");
    let text = TORTURE.replace("'2024-00-00'", "'2024-01-01'").replace("'2024-05-00 10:00:00'", "'2024-05-01'");
    mysql.query_drop(text.replace("a\\0b", "ab")).await.expect("the torture set");
    mysql.query_drop("CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2").await.expect("a function");
    let schema = |word: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.args(["schema", word, "--config"]).arg(world.config_path());
        let output = command.output().expect("the binary runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, text) = schema("--apply");
    assert_eq!(code, Some(0), "{text}");
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let (code, text) = schema("--diff");
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = schema("--apply");
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("its mode is mirror"), "{text}");
    let summary = world.admin().verify(&VerifyRequest::default()).await.expect("a comparison");
    assert_eq!((summary.differences, summary.skipped.len()), (0, 0), "{summary:?}");
}
