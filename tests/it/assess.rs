//! `bascule assess` on real servers: every problem that is planted is found, under its id and at its place, and none is
//! invented. What is a note is proved to be carried: the copy of `snapshot` runs over it.

use std::collections::BTreeSet;
use std::process::Command;

use bascule::sandbox::{self, Servers};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value;

/// The torture set of types and schema; it works in the session's database.
pub const TORTURE: &str = include_str!("torture.sql");

/// A database of its own on the shared servers, and a configuration that names it.
pub struct Bench {
    pub servers: &'static Servers,
    pub database: String,
    pub folder: tempfile::TempDir,
    pub mysql: Conn,
}

/// What one run of the program answered.
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub error: String,
}

impl Bench {
    pub async fn new() -> Self {
        let shared = tokio::task::spawn_blocking(|| sandbox::shared().expect("servers"));
        Self::on(shared.await.expect("no panic")).await
    }

    /// The same on certain servers.
    pub async fn on(servers: &'static Servers) -> Self {
        let database = servers.create_database().expect("a database").name;
        let mysql = Conn::from_url(servers.mysql.url(&database)).await.expect("MySQL");
        let bench = Self { servers, database, folder: tempfile::tempdir().expect("a folder"), mysql };
        bench.configure("root", &[]);
        bench
    }

    /// Writes the configuration, with more databases than the first.
    pub fn configure(&self, user: &str, more: &[&str]) {
        let mut databases = vec![self.database.as_str()];
        databases.extend(more);
        let text = format!(
            "[source]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{user}\"\npassword = \"\"\ndatabases = {databases:?}\n\
             [target]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"postgres\"\npassword = \"\"\ndatabase = \"{}\"\n\
             max_connections = 8\n",
            self.servers.mysql.port(),
            self.servers.postgres.port(),
            self.database,
        );
        std::fs::write(self.folder.path().join("proxy.toml"), text).expect("a configuration");
    }

    pub async fn run(&mut self, statements: &[&str]) {
        for statement in statements {
            self.mysql.query_drop(*statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// Runs the program to its end.
    pub fn bascule(&self, words: &[&str]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bascule"));
        command.args(words).arg("--config").arg(self.folder.path().join("proxy.toml"));
        let output = command.output().expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Answer { code: output.status.code(), out: text(output.stdout), error: text(output.stderr) }
    }

    pub fn assess(&self, words: &[&str]) -> (Option<i32>, Value) {
        let answer = self.bascule(&[&["assess", "--json"], words].concat());
        let report = serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {}", answer.error));
        (answer.code, report)
    }
}

/// Findings that say something of this database, as `level id subject`; those of the servers depend on their settings.
pub fn of_database(report: &Value, database: &str) -> BTreeSet<String> {
    let findings = report["findings"].as_array().expect("findings");
    let text = |finding: &Value, field: &str| finding[field].as_str().expect("a text").to_owned();
    findings
        .iter()
        .filter(|finding| {
            let id = text(finding, "id");
            !id.starts_with("source.") && (!id.starts_with("target.") || id == "target.refuses")
        })
        .map(|finding| {
            let subject = text(finding, "subject").replace(&format!("{database}."), "");
            format!("{} {} {subject}", text(finding, "level"), text(finding, "id"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_database_is_a_go_and_says_the_same_twice() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table item (id int primary key auto_increment, name varchar(40) not null, price decimal(8,2), made \
             datetime default current_timestamp, unique key (name), check (price >= 0))",
            "insert into item (name, price) values ('nut', 1), ('Ä ', 2), ('🐬', 0)",
            "create view cheap as select id, name from item where price < 2",
            "create function twice(n int) returns int deterministic return n * 2",
            "create trigger t before insert on item for each row set new.price = new.price + 0",
        ])
        .await;
    let (code, report) = bench.assess(&["--data"]);
    assert_eq!(of_database(&report, &bench.database), BTreeSet::new());
    assert_eq!((code, report["verdict"].as_str()), (Some(0), Some("go")), "{report}");
    assert_eq!(report["counts"]["blocker"], 0, "{report}");
    assert_eq!(report["scanned"][0]["rows"], 3);
    let twice = [bench.bascule(&["assess", "--json"]).out, bench.bascule(&["assess", "--json"]).out];
    assert_eq!(twice[0], twice[1]);
    let path = bench.folder.path().join("proxy.toml");
    let lane = std::fs::read_to_string(&path).expect("a configuration") + "[mirror]\nsource = \"binlog\"\n";
    std::fs::write(&path, lane).expect("written");
    let (code, report) = bench.assess(&[]);
    assert_eq!((code, &report["counts"]["blocker"]), (Some(0), &Value::from(0)), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_trait_of_a_schema_is_found() {
    let mut bench = Bench::new().await;
    bench
        .run(&[
            "create table vec (id int primary key, v vector(3))",
            "create table far (id int primary key, c varchar(9) character set big5)",
            "create table near (id int primary key, c varchar(9) collate utf8mb4_general_ci, d text collate utf8mb4_general_ci)",
            "create table strange (id int primary key, r varchar(99) default (statement_digest('select 1')))",
            "create table gen (id int primary key, g bigint generated always as (length(compress(id))) stored)",
            "create table carried (id int primary key, g bigint generated always as (id * 2) stored, r double default (rand()))",
            // PostgreSQL keeps tables and indexes under names of one kind.
            "create table `nokey__a` (id int primary key)",
            "create table heap (id int primary key) engine = MyISAM",
            "create table below (a int) engine = MyISAM",
            "create table nokey (a int, unique key (a))",
            "create table words (id int primary key, b text, fulltext key f (b))",
            "create table parts (id int primary key) partition by hash (id) partitions 3",
            "create table parent (id int primary key, a int, key (a))",
            "set restrict_fk_on_non_standard_key = off",
            "create table child (id int primary key, a int, constraint loose foreign key (a) references parent (a))",
            "create table cased (id int primary key, a varchar(9), constraint packed check (length(compress(a)) > 0))",
            "create view fine as select id from cased",
            "create table gone (a int primary key)",
            "create view broken as select a from gone",
            "drop table gone",
            "create function writes() returns int deterministic begin delete from cased where id = 9; return 1; end",
            "create trigger remembers before insert on cased for each row set @a = new.id",
            "create event daily on schedule every 1 day do select 1",
            "drop table below",
        ])
        .await;
    let (code, report) = bench.assess(&[]);
    let found = of_database(&report, &bench.database);
    let expected = [
        "blocker check.refused packed",
        "blocker column.collation.refused far.c",
        "blocker column.default strange.r",
        "blocker column.refused gen.g",
        "blocker column.type vec.v",
        "blocker event daily",
        "blocker table.key child.loose",
        "blocker target.refuses nokey.a",
        "blocker trigger.refused remembers",
        "bends column.collation.differs near",
        "bends function.refused writes",
        "bends table.engine heap",
        "bends table.key.without_index words.f",
        "bends table.partitions parts",
        "bends table.without_key nokey",
        "bends view.refused broken",
    ];
    assert_eq!(found, expected.map(str::to_owned).into_iter().collect());
    assert_eq!((code, report["verdict"].as_str()), (Some(3), Some("no-go")));
}

/// Tables with values that are carried exactly, and what is said of them.
const NOTES: [(&str, &str, &str); 6] = [
    ("create table n1 (id int primary key, c date)", "(7, '0000-00-00'), (8, '2024-02-29')", "data.zero_date"),
    ("create table n2 (id int primary key, c timestamp(3) null)", "(7, '0000-00-00'), (8, now())", "data.zero_date"),
    ("create table n3 (id int primary key, c time(2))", "(7, '-838:59:59'), (8, '23:59:59.99')", "data.long_time"),
    ("create table n4 (id int primary key, c bool)", "(7, 2), (8, 1)", "data.tinyint1"),
    ("create table n5 (id int primary key, c enum('a', 'b'))", "(7, 'x'), (8, 'b')", "data.enum_zero"),
    (
        "create table n6 (id int primary key, c varchar(9) character set latin1)",
        "(7, 'Ã©'), (8, 'é')",
        "data.utf8_in_narrow",
    ),
];

/// Tables with values that stop the copy, or are carried with a difference.
const OTHERS: [(&str, &str, &str); 13] = [
    (
        "create table b1 (id int primary key, c date)",
        "(7, '2024-00-10'), (8, '2024-01-10')",
        "blocker data.partial_date",
    ),
    (
        "create table b2 (id int primary key, c date)",
        "(7, '2023-02-29'), (8, '2024-02-29')",
        "blocker data.partial_date",
    ),
    (
        "create table b3 (id int primary key, c datetime(6))",
        "(7, '0000-00-00 00:00:00.5'), (8, null)",
        "blocker data.partial_date",
    ),
    ("create table b4 (id int primary key, c date)", "(7, '0000-05-05'), (8, '0001-01-01')", "blocker data.year_zero"),
    ("create table b5 (id int primary key, c text)", "(7, 'a\\0b'), (8, '\\\\0')", "blocker data.nul_in_text"),
    (
        "create table b6 (id int primary key, c json)",
        r#"(7, '{"a\\u0000": 1}'), (8, '{"a": "x\\u0000\\": y"}'), (9, '["\\\\u0000", {"\\\\u0000": 1}]')"#,
        "blocker data.nul_in_json",
    ),
    (
        "create table b7 (id int primary key, c varchar(9) character set greek)",
        "(7, unhex('AE')), (8, 'α')",
        "blocker data.not_text",
    ),
    ("create table d1 (id int primary key, c enum('a', ''))", "(7, 'x'), (8, 'a')", "bends data.enum_zero"),
    ("create table d2 (c varchar(9) collate utf8mb4_bin primary key)", "('a '), ('b')", "note data.trailing_blank"),
    (
        "create table d3 (c varchar(9) collate utf8mb4_general_ci primary key)",
        "('ß'), ('b')",
        "bends data.letters_in_key",
    ),
    (
        "create table d4 (id int primary key, c varchar(768) collate utf8mb4_0900_ai_ci, unique key (c))",
        "(7, repeat('😀', 767)), (8, repeat('€', 767)), (9, null)",
        "bends data.large_key",
    ),
    ("create table c1 (id int primary key, c varchar(9) character set latin1)", "(7, 'é'), (8, 'x')", ""),
    ("create table c2 (c varchar(9) collate utf8mb4_0900_ai_ci primary key)", "('ß '), ('b')", ""),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_value_is_found_with_its_row() {
    let mut bench = Bench::new().await;
    bench.run(&["set sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'"]).await;
    let mut expected = BTreeSet::new();
    let notes = NOTES.map(|(create, values, id)| (create, values, format!("note {id}")));
    let others = OTHERS.map(|(create, values, id)| (create, values, id.to_owned()));
    for (create, values, id) in notes.into_iter().chain(others) {
        let name = create.split(' ').nth(2).expect("a name");
        bench.run(&[create, &format!("insert into {name} values {values}")]).await;
        if !id.is_empty() {
            expected.insert(format!("{id} {name}.c"));
        }
        if create.contains("collate utf8mb4_general_ci") || create.contains("set ") {
            expected.insert(format!("bends column.collation.differs {name}"));
        }
    }
    let page = bench.folder.path().join("report.html");
    let (code, report) = bench.assess(&["--data", "--html", page.to_str().expect("a path")]);
    assert_eq!(of_database(&report, &bench.database), expected);
    assert_eq!(code, Some(3));
    let data = report["findings"].as_array().expect("findings").iter();
    for finding in data.filter(|finding| finding["id"].as_str().is_some_and(|id| id.starts_with("data."))) {
        assert_eq!(finding["rows"], 1, "{finding}");
        let key = finding["example"].as_str().expect("an example");
        assert!(matches!(key, "7" | "a " | "ß"), "{finding}");
    }
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(page.contains("data.nul_in_json") && page.contains("No-go"));
}

#[tokio::test]
async fn what_is_a_note_is_copied_and_equal_and_what_blocks_ends_the_copy() {
    let mut bench = crate::snapshot::Bench::new().await;
    bench.run(&["set sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'"]).await;
    for (create, values, _) in NOTES {
        let name = create.split(' ').nth(2).expect("a name");
        bench.run(&[create, &format!("insert into {name} values {values}")]).await;
    }
    let catalogue = bench.copy().await.expect("every note is carried");
    assert_eq!(bench.verify(&catalogue).await.differing(), 0);
    // Bytes that MySQL itself reads as ? are the one thing that a copy can't notice.
    let blockers = OTHERS.iter().filter(|(_, _, id)| id.starts_with("blocker") && !id.ends_with("not_text"));
    for (create, values, id) in blockers {
        let name = create.split(' ').nth(2).expect("a name");
        bench.run(&[create, &format!("insert into {name} values {values}")]).await;
        assert!(bench.copy().await.is_err(), "{id}: {values}");
        bench.run(&[&format!("drop table {name}")]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_privileges_is_told_what_it_lacks() {
    let mut bench = Bench::new().await;
    let user = format!("{}_poor", bench.database);
    let grant = format!("grant select on `{}`.* to '{user}'@'%'", bench.database);
    bench.run(&[&format!("create user '{user}'@'%'"), &grant]).await;
    bench.configure(&user, &["nothing_of_that_name", "mysql"]);
    let (code, report) = bench.assess(&[]);
    bench.run(&[&format!("drop user '{user}'@'%'")]).await;
    let ids: BTreeSet<&str> =
        report["findings"].as_array().expect("findings").iter().filter_map(|f| f["id"].as_str()).collect();
    for id in [
        "source.privilege.replication_client",
        "source.privilege.select",
        "source.privilege.show_routine",
        "source.privilege.show_view",
        "source.privilege.trigger",
        "source.accounts",
        "database.refused",
    ] {
        assert!(ids.contains(id), "{id}: {report}");
    }
    assert_eq!(code, Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_torture_set_is_told_for_people() {
    let mut bench = Bench::new().await;
    bench.run(&[TORTURE]).await;
    let answer = bench.bascule(&["assess", "--data"]);
    assert_eq!(answer.code, Some(3), "{}", answer.error);
    for word in
        ["data.partial_date", "data.nul_in_text", "data.zero_date", "data.long_time", "table.without_key", "no-go: "]
    {
        assert!(answer.out.contains(word), "{word} is missing in:\n{}", answer.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_cannot_be_asked_are_findings() {
    let bench = Bench::new().await;
    let path = bench.folder.path().join("proxy.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let dead = crate::world::free_port();
    let text = text.replace(&bench.servers.mysql.port().to_string(), &dead.to_string());
    std::fs::write(&path, text.replace(&bench.servers.postgres.port().to_string(), &dead.to_string()))
        .expect("written");
    let (code, report) = bench.assess(&[]);
    let ids: Vec<&str> =
        report["findings"].as_array().expect("findings").iter().filter_map(|f| f["id"].as_str()).collect();
    assert_eq!((code, ids), (Some(3), vec!["source.unreachable", "target.unreachable"]));
    std::fs::write(&path, "[target]\nhost = \"127.0.0.1\"\nuser = \"u\"\npassword = \"\"\ndatabase = \"d\"\n")
        .expect("written");
    assert_eq!(bench.bascule(&["assess"]).code, Some(1), "without a source there's nothing to assess");
}
