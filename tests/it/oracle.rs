//! The same statements on the real MySQL and through Bascule on PostgreSQL: every answer is compared.
//!
//! The statements are the scripts in `tests/oracle/*.sql`; what a script may say is told in [`script`]. Compared are
//! the number of results, columns with their metadata, rows (with their order where the statement orders them),
//! affected rows, insert id, info, warnings, and errors by number, SQLSTATE and message.
//!
//! Differences that are accepted are lines of `tests/oracle/accepted.txt`, each with its reason. The list is exact in
//! both directions: a difference that isn't listed fails the test, and so does a line that nothing needs any more.
//!
//! `ORACLE_ONLY=text` runs the scripts whose names contain the text; `ORACLE_ALL=1` prints every difference instead
//! of the first ones.

mod accepted;
mod answer;
mod dml;
mod expressions;
mod script;
mod stored;
mod unwieldy;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bascule::sandbox;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use mysql_async::{InfileData, LocalInfileError};

use crate::door::{self, Door};
use accepted::Accepted;
use answer::{Answer, Aspect};
use script::{Script, Step};

/// Differences printed before the rest is only counted.
const SHOWN: usize = 60;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle")
}

fn scripts() -> Vec<Script> {
    let only = std::env::var("ORACLE_ONLY").unwrap_or_default();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the scripts are in the repository")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .filter(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().contains(&only)))
        .collect();
    paths.sort();
    paths.iter().map(|path| Script::read(path)).collect()
}

/// The file that LOAD DATA LOCAL asks for, in small pieces.
fn given_file(name: &[u8]) -> BoxFuture<'static, Result<InfileData, LocalInfileError>> {
    let path = folder().join("files").join(String::from_utf8_lossy(name).as_ref());
    let digits = path.extension().is_some_and(|extension| extension == "hex");
    let mut bytes = std::fs::read(path).expect("the file is in the repository");
    if digits {
        let value = |digit: u8| char::from(digit).to_digit(16).expect("a digit") as u8;
        bytes = bytes.trim_ascii().chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect();
    }
    let pieces: Vec<std::io::Result<Bytes>> = bytes.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Box::pin(async move { Ok(Box::pin(futures_util::stream::iter(pieces)) as InfileData) })
}

/// One difference between the two answers to a statement.
struct Difference {
    script: String,
    line: usize,
    statement: String,
    aspect: Aspect,
    detail: String,
}

/// A pair of connections: the real MySQL's and ours.
struct Pair {
    mysql: Conn,
    bascule: Conn,
}

impl Pair {
    async fn open(door: &Door, database: Option<&str>) -> Self {
        let url = sandbox::shared().expect("the servers start").mysql.url("");
        let mysql = OptsBuilder::from_opts(Opts::from_url(&url).expect("the sandbox gives a good address"))
            .db_name(database)
            .local_infile_handler(Some(given_file))
            .prefer_socket(false);
        let bascule = door.options("app", "pw").db_name(database).local_infile_handler(Some(given_file));
        Self {
            mysql: Conn::new(mysql).await.expect("MySQL lets us in"),
            bascule: Conn::new(bascule).await.expect("Bascule lets us in"),
        }
    }

    /// A pair without a default database, after making an empty one on both sides.
    async fn with_database(door: &Door, database: &str) -> Self {
        let mut pair = Self::open(door, None).await;
        for statement in [format!("DROP DATABASE IF EXISTS {database}"), format!("CREATE DATABASE {database}")] {
            pair.mysql.query_drop(&statement).await.expect("MySQL makes the database");
            pair.bascule.query_drop(&statement).await.expect("Bascule makes the database");
        }
        pair
    }

    async fn answers(&mut self, step: &Step, prepared: bool) -> (Answer, Answer) {
        let parameters = step.parameters.as_deref();
        if prepared || parameters.is_some() {
            let parameters = parameters.unwrap_or_default();
            let expected = Answer::prepared(&mut self.mysql, &step.text, parameters).await;
            return (expected, Answer::prepared(&mut self.bascule, &step.text, parameters).await);
        }
        (Answer::text(&mut self.mysql, &step.text).await, Answer::text(&mut self.bascule, &step.text).await)
    }
}

async fn compare(door: &Door, script: &Script, differences: &mut Vec<Difference>) -> usize {
    let database = format!("oracle_{}", script.name.replace('-', "_"));
    let mut sessions: Vec<(String, Pair)> = Vec::new();
    let mut first = Pair::with_database(door, &database).await;
    let mut cases = 0;
    for step in &script.steps {
        if !sessions.iter().any(|(name, _)| *name == step.session) {
            sessions.push((step.session.clone(), Pair::open(door, Some(&database)).await));
        }
        let Some((_, pair)) = sessions.iter_mut().find(|(name, _)| *name == step.session) else { continue };
        let mut ways = vec![false];
        if script.prepared_too && step.is_query() && step.parameters.is_none() {
            ways.push(true);
        }
        for prepared in ways {
            cases += 1;
            let (expected, found) = pair.answers(step, prepared).await;
            for (aspect, detail) in expected.differences(&found, step.is_ordered()) {
                if !script.ignored.contains(&aspect) {
                    differences.push(Difference {
                        script: script.name.clone(),
                        line: step.line,
                        statement: step.text.clone(),
                        aspect,
                        detail,
                    });
                }
            }
        }
    }
    first.mysql.query_drop(format!("DROP DATABASE {database}")).await.expect("MySQL drops the database");
    cases
}

fn report(differences: &[Difference]) -> String {
    let mut out = String::new();
    let shown = if std::env::var_os("ORACLE_ALL").is_some() { usize::MAX } else { SHOWN };
    for difference in differences.iter().take(shown) {
        let Difference { script, line, statement, aspect, detail } = difference;
        let statement: String = statement.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect();
        let _ = writeln!(out, "{script}.sql:{line}: {aspect}: {detail}\n    {statement}");
    }
    if differences.len() > shown {
        let _ = writeln!(out, "… and {} more", differences.len() - shown);
    }
    out
}

#[tokio::test]
async fn the_real_mysql_and_postgresql_through_bascule_give_the_same_answers() {
    let door = door::open(8).await;
    let scripts = scripts();
    let (mut cases, mut differences) = (0, Vec::new());
    for script in &scripts {
        cases += compare(&door, script, &mut differences).await;
    }
    let mut accepted = Accepted::read(&folder().join("accepted.txt"));
    differences.retain(|difference| !accepted.takes(&difference.script, &difference.statement, difference.aspect));
    let unused = accepted.unused(&scripts);
    println!("{cases} cases in {} scripts", scripts.len());
    assert!(differences.is_empty(), "{} differences in {cases} cases:\n{}", differences.len(), report(&differences));
    assert!(unused.is_empty(), "lines of accepted.txt that nothing needs any more:\n{}", unused.join("\n"));
}

#[tokio::test]
async fn statements_that_no_script_can_hold_are_answered_as_by_mysql_and_leave_the_session_whole() {
    let door = door::open(4).await;
    let mut pair = Pair::open(&door, None).await;
    let mut differences = String::new();
    for unwieldy::Unwieldy { name, text, values } in unwieldy::statements() {
        let (expected, found) = match values {
            Some(values) => {
                let expected = Answer::prepared(&mut pair.mysql, &text, &values).await;
                (expected, Answer::prepared(&mut pair.bascule, &text, &values).await)
            }
            None => (Answer::text(&mut pair.mysql, &text).await, Answer::text(&mut pair.bascule, &text).await),
        };
        let counts =
            |aspect: &Aspect| matches!(aspect, Aspect::Error | Aspect::Refused | Aspect::Results | Aspect::Rows);
        for (aspect, detail) in expected.differences(&found, true) {
            if counts(&aspect) {
                let detail: String = detail.chars().take(300).collect();
                let _ = writeln!(differences, "{name}: {aspect}: {detail}");
            }
        }
        let alive: Option<u8> = pair.bascule.query_first("SELECT 1").await.expect("the session goes on");
        assert_eq!(alive, Some(1), "after {name}");
    }
    assert!(differences.is_empty(), "{differences}");
}

#[tokio::test]
async fn values_are_stored_as_by_mysql_whether_the_proxy_or_postgresql_knows_them() {
    let door = door::open(4).await;
    let seed = given("STORED_SEED").unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut first = Pair::with_database(&door, "oracle_stored").await;
    let mut pair = Pair::open(&door, Some("oracle_stored")).await;
    let mut differences = String::new();
    let mut mode = String::new();
    for statement in stored::statements(seed) {
        if statement.starts_with("SET sql_mode") {
            mode.clone_from(&statement);
        }
        let expected = Answer::text(&mut pair.mysql, &statement).await;
        let found = Answer::text(&mut pair.bascule, &statement).await;
        for (aspect, detail) in expected.differences(&found, true) {
            match aspect {
                Aspect::Error | Aspect::SqlState | Aspect::Message | Aspect::Rows | Aspect::Warnings => {
                    let _ = writeln!(differences, "{mode}; {statement}\n    {aspect}: {detail}");
                }
                // What is refused by name is stored nowhere.
                Aspect::Refused => {
                    let undo = stored::undo(&statement);
                    pair.mysql.query_drop(&undo).await.expect("MySQL deletes a row");
                    pair.bascule.query_drop(&undo).await.expect("Bascule deletes a row");
                }
                _metadata => {}
            }
        }
    }
    first.mysql.query_drop("DROP DATABASE oracle_stored").await.expect("MySQL drops the database");
    assert!(differences.is_empty(), "STORED_SEED={seed}:\n{differences}");
}

/// Warnings in an order of their own, without the numbers of rows: which row is met first is the plan's choice.
fn without_rows(warnings: &[String]) -> Vec<String> {
    let plain = |text: &String| text.split(" at row ").next().unwrap_or_default().to_owned();
    let mut plain: Vec<String> = warnings.iter().map(plain).collect();
    plain.sort();
    plain
}

/// A number from the environment: a seed that is to be tried. Without one, writes and expressions are the same each time,
/// so that a change is judged by what it changes; whoever looks for mistakes gives others.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

#[tokio::test]
async fn random_writes_leave_the_rows_the_counts_and_the_ids_that_mysql_leaves() {
    let door = door::open(4).await;
    let seed = given("DML_SEED").unwrap_or(1);
    let cases = given("DML_CASES").unwrap_or(1_200);
    println!("DML_SEED={seed}");
    let database = "oracle_dml";
    let mut first = Pair::with_database(&door, database).await;
    let mut pair = Pair::open(&door, Some(database)).await;
    for table in dml::Writes::tables() {
        pair.mysql.query_drop(*table).await.expect("MySQL makes the table");
        pair.bascule.query_drop(*table).await.expect("Bascule makes the table");
    }
    let mut said: Vec<String> = Vec::new();
    let mut writes = dml::Writes::new(seed);
    for _ in 0..cases {
        let Some(statement) = writes.next() else { break };
        let found = Answer::text(&mut pair.bascule, &statement).await;
        said.push(statement.clone());
        if found.is_refused() {
            continue;
        }
        let expected = Answer::text(&mut pair.mysql, &statement).await;
        let mut differences: Vec<(Aspect, String)> = expected.differences(&found, true);
        // Which of the rows it was depends on how MySQL looks for them, and which of several mistakes is met first too.
        let warned_alike = without_rows(expected.warnings()) == without_rows(found.warnings());
        differences.retain(|(aspect, _)| !(*aspect == Aspect::Warnings && warned_alike));
        if found.failed() && expected.failed() {
            differences.clear();
        }
        if expected.failed() {
            // What a failed INSERT leaves of it is undefined (manual, "Information Functions").
            for conn in [&mut pair.mysql, &mut pair.bascule] {
                conn.query_drop("SELECT LAST_INSERT_ID(7)").await.expect("an id");
            }
        }
        if expected.failed() && statement.contains("INTO a ") {
            // Ids that a failed INSERT took before it failed are taken for good; how many they are isn't promised.
            for conn in [&mut pair.mysql, &mut pair.bascule] {
                conn.query_drop("TRUNCATE TABLE a").await.expect("an empty table");
            }
            writes.committed();
        }
        if ["INSERT IGNORE INTO a ", "REPLACE INTO a "].iter().any(|verb| statement.starts_with(verb)) {
            // As above: ids of rows that conflicted.
            for conn in [&mut pair.mysql, &mut pair.bascule] {
                conn.query_drop("ALTER TABLE a AUTO_INCREMENT = 1").await.expect("the next id");
            }
            writes.committed();
        }
        for look in dml::Writes::looks() {
            let expected = Answer::text(&mut pair.mysql, &look).await;
            let found = Answer::text(&mut pair.bascule, &look).await;
            differences.extend(expected.differences(&found, true));
        }
        let told: Vec<String> = differences.iter().map(|(aspect, detail)| format!("{aspect}: {detail}")).collect();
        let recent = said.iter().rev().take(30).rev().cloned().collect::<Vec<_>>().join(";\n");
        assert!(told.is_empty(), "DML_SEED={seed}, statement {}:\n{recent};\n{}", said.len(), told.join("\n"));
    }
    for conn in [&mut pair.mysql, &mut pair.bascule] {
        conn.query_drop("ROLLBACK").await.expect("no open transaction");
    }
    first.mysql.query_drop(format!("DROP DATABASE {database}")).await.expect("MySQL drops the database");
}

#[tokio::test]
async fn random_expressions_have_the_values_that_mysql_gives_them() {
    let door = door::open(4).await;
    let seed = given("EXPRESSION_SEED").unwrap_or(2);
    let cases = given("EXPRESSION_CASES").unwrap_or(800);
    let database = "oracle_expressions";
    let mut first = Pair::with_database(&door, database).await;
    let mut pair = Pair::open(&door, Some(database)).await;
    for statement in expressions::Expressions::table() {
        pair.mysql.query_drop(&statement).await.expect("MySQL makes the table");
        pair.bascule.query_drop(&statement).await.expect("Bascule makes the table");
    }
    for conn in [&mut pair.mysql, &mut pair.bascule] {
        conn.query_drop("SET NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci").await.expect("the columns' collation");
    }
    let (mut told, mut refused) = (String::new(), 0_u64);
    for statement in expressions::Expressions::new(seed).take(usize::try_from(cases).expect("a number of cases")) {
        let found = Answer::text(&mut pair.bascule, &statement).await;
        if found.is_refused() {
            refused += 1;
            continue;
        }
        let expected = Answer::text(&mut pair.mysql, &statement).await;
        for (aspect, detail) in expected.differences(&found, true) {
            // Which of several mistakes is met first isn't promised, nor whether a number is computed that nobody needs.
            let alike = expected.failed() && (found.failed() || expected.code() == Some(1690));
            if !alike && matches!(aspect, Aspect::Error | Aspect::Rows | Aspect::Results) {
                let _ = writeln!(told, "{statement}\n    {aspect}: {detail}");
            }
        }
    }
    first.mysql.query_drop(format!("DROP DATABASE {database}")).await.expect("MySQL drops the database");
    println!("EXPRESSION_SEED={seed}: {refused} of {cases} refused");
    assert!(told.is_empty(), "EXPRESSION_SEED={seed}:\n{told}");
}
