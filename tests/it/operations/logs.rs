//! What the log tells: no statement and no value above debug, no password at any level, whatever clients do; and which
//! session a message belongs to.

use bascule::route::Mode;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use serde_json::Value;

use super::site::{Site, until};
use crate::faults::configure;
use crate::world::World;

/// In every statement, as a value or in a comment.
const MARKER: &str = "zq7marker";
const PASSWORD: &str = "zq7password";

/// Statements that fail, that can't be carried, or that are strange, with the marker in place of `?`.
const STRANGE: [&str; 30] = [
    "SELEC '?'",
    "SELECT '?' FROM",
    "SELECT ? ' '? \" ?",
    "SELECT nothing('?')",
    "SELECT /* ? */ * FROM missing WHERE a = '?'",
    "INSERT INTO item VALUES (1, '?')",
    "INSERT INTO item VALUES (1, '?')",
    "INSERT INTO item VALUES (2, REPEAT('?', 100))",
    "INSERT INTO item VALUES ('?', '?')",
    "UPDATE item SET name = UUID(), id = id + 100 WHERE name = '?' LIMIT 1",
    "REPLACE INTO other SELECT 5, CONCAT('?', UUID())",
    "INSERT INTO other VALUES (7, '\\0?')",
    "INSERT INTO other VALUES (8, '?\\0')",
    "CREATE TABLE odd (id INT PRIMARY KEY, v VARCHAR(20) DEFAULT '?', w INT AS (LENGTH(CONCAT(v, '?', USER()))))",
    "CREATE TABLE odd (id INT PRIMARY KEY, v VARCHAR(20) DEFAULT '?' COMMENT '?', CHECK (v <> '?'))",
    "ALTER TABLE odd ADD COLUMN x VARCHAR(99) AS (CONCAT(v, SHA2('?', 256))) STORED",
    "ALTER TABLE odd ADD COLUMN y ENUM('?', 'b') DEFAULT 'c'",
    "SELECT '?' INTO OUTFILE '/nowhere/at/all'",
    "PREPARE s FROM 'SELEC \"?\"'",
    "XA START '?'",
    "XA END '?'",
    "XA ROLLBACK '?'",
    "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '?'",
    "CALL missing('?')",
    "SET @@sql_mode = '?'",
    "SET NAMES '?'",
    "SELECT CAST('?' AS JSON), ST_GeomFromText('?'), JSON_EXTRACT('?', '?')",
    "INSERT INTO item VALUES (3, '?'); SELECT '?'; SELEC '?'",
    "SELECT GET_LOCK('?', 0), SLEEP('?'), '?' REGEXP '(?'",
    "DELETE FROM other WHERE name LIKE '%?%' ORDER BY RAND() LIMIT 1",
];
const ACCOUNTS: [&str; 6] = [
    "CREATE USER zq7@localhost IDENTIFIED BY '?'",
    "ALTER USER zq7@localhost IDENTIFIED BY '?'",
    "SET PASSWORD FOR zq7@localhost = '?'",
    "GRANT ALL ON *.* TO zq7@localhost IDENTIFIED BY '?'",
    "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = '?'",
    "DROP USER zq7@localhost",
];

async fn strange(url: &str) {
    let mut conn = Conn::from_url(url).await.expect("a session");
    let of_accounts = ACCOUNTS.map(|statement| statement.replace('?', PASSWORD));
    for statement in STRANGE.map(|statement| statement.replace('?', MARKER)).into_iter().chain(of_accounts) {
        // What comes of it isn't the question here.
        let outcome = conn.query_drop(&statement).await;
        if matches!(outcome, Err(mysql_async::Error::Io(_) | mysql_async::Error::Driver(_))) {
            conn = Conn::from_url(url).await.expect("another session");
        }
    }
    let _ = conn.exec_drop("INSERT INTO item VALUES (?, ?)", (MARKER, MARKER)).await;
    let _ = conn.exec_drop("INSERT INTO other VALUES (?, ?)", (9, MARKER)).await;
    let options = OptsBuilder::from_opts(Opts::from_url(url).expect("a URL")).pass(Some(PASSWORD));
    assert!(Conn::new(options).await.is_err(), "that's not the password");
}

/// What must hold of a log at a level.
fn check(log: &str, level: &str) {
    assert!(!log.contains(PASSWORD), "a password: {log}");
    if level == "info" {
        let shown: Vec<&str> = log.lines().filter(|line| line.contains(MARKER)).collect();
        assert!(shown.is_empty(), "a statement or a value: {shown:#?}");
    } else {
        // Under this level the format is JSON.
        for line in log.lines() {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
    }
}

/// The lines of a log with a text, as JSON.
fn lines(log: &str, text: &str) -> Vec<Value> {
    let found = log.lines().filter(|line| line.contains(text));
    found.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

const LEVELS: [(&str, &str); 2] = [("info", "text"), ("trace", "json")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_shows_while_mysql_serves() {
    for (level, format) in LEVELS {
        let mut world = World::new();
        configure(&world, &[("log", &format!("format = \"{format}\""))]);
        let text = std::fs::read_to_string(world.config_path()).expect("a configuration");
        std::fs::write(world.config_path(), text.replace("level = \"info\"", &format!("level = \"{level}\"")))
            .expect("written");
        let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
        for table in ["item", "other"] {
            let table = format!("CREATE TABLE {table} (id INT PRIMARY KEY, name VARCHAR(40))");
            direct.query_drop(table).await.expect("a table");
        }
        let _bascule = world.start().await;
        strange(&world.url()).await;
        direct.query_drop("DELETE FROM other").await.expect("emptied");
        direct.query_drop("DROP TABLE IF EXISTS odd").await.expect("dropped");
        world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
        world.wait_streaming().await;
        strange(&world.url()).await;
        world.wait(|_| world.log().contains("needs a resync"), "what can't be mirrored is told").await;
        world.servers.mysql.kill().expect("kill -9");
        assert!(Conn::from_url(world.url()).await.is_err(), "MySQL is away");
        let away = "MySQL can't be reached for a client";
        until("it's logged", || world.log().contains(away)).await;
        let log = world.log();
        check(&log, level);
        if level == "info" {
            let line = log.lines().find(|line| line.contains(away)).expect("it's there");
            assert!(line.contains(" session=") && !line.contains("connection_id="), "{line}");
        } else {
            let ended = lines(&log, "a login ended");
            let known = |line: &Value| line["session"].as_u64() > Some(0) && line["connection_id"].as_u64() > Some(0);
            assert!(!ended.is_empty() && ended.iter().all(known), "{ended:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_shows_while_postgresql_serves() {
    for (level, format) in LEVELS {
        let site = Site::serving("");
        site.write("", &format!("[log]\nlevel = \"{level}\"\nformat = \"{format}\""), false);
        let _running = site.start().await;
        let url = format!("mysql://root@127.0.0.1:{}/?prefer_socket=false", site.port);
        let mut conn = Conn::from_url(&url).await.expect("a session");
        for statement in [
            format!("CREATE DATABASE {}", site.database),
            format!("USE {}", site.database),
            "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40))".to_owned(),
            "CREATE TABLE other (id INT PRIMARY KEY, name VARCHAR(40))".to_owned(),
        ] {
            conn.query_drop(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        let url = format!("mysql://root@127.0.0.1:{}/{}?prefer_socket=false", site.port, site.database);
        strange(&url).await;
        let sessions = site.admin().sessions().await.expect("sessions");
        let own = sessions.iter().find(|session| session.connection_id == u64::from(conn.id())).expect("it's listed");
        conn.query_drop("INSERT INTO item VALUES (200, 'once')").await.expect("a row");
        assert!(conn.query_drop("INSERT INTO item VALUES (200, 'again')").await.is_err(), "a duplicate");
        let log = site.log();
        check(&log, level);
        if level != "info" {
            let refused = lines(&log, "PostgreSQL refused a statement");
            let ours = |line: &&Value| line["session"] == own.id && line["connection_id"] == own.connection_id;
            assert_eq!(refused.iter().filter(ours).count(), 1, "{refused:?}");
        }
    }
}
