//! What Bascule knows of a session is what MySQL knows of it. After each command of `state.txt` MySQL is asked on a connection
//! of its own, by the session's number, and its answer compared with what Bascule tells the operator.
//!
//! Lines are those of `sessions.txt` ([`super::payloads`]), and
//!
//! | line | meaning |
//! |---|---|
//! | `& command`, `=` | sends it without waiting for its reply; the reply to that |
//! | `B sql` | on a second connection, straight to MySQL |
//! | `WAITING`, `SLEEPING` | until the session waits for a row's lock; until it sleeps |
//! | `? word` | what Bascule must say: a blocker by its name (`?` behind it: perhaps), `clear` for none, `next` and `now` for whether SET TRANSACTION waits |
//!
//! `| new` keeps a session from the old style of clients, to which MySQL tells less with the rows of a SELECT.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bascule::route::{Blocker, SessionInfo, TransactionState};
use bascule::sandbox::mysql::Flavour;
use bascule::sandbox::mysql::{Mysql, Options};
use bascule::wire::Capabilities;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::door::{Opened, Wishes};
use super::payloads::payload;
use super::raw::{Raw, USUAL};
use super::script::reply;

const CASES: &str = include_str!("state.txt");

/// What the cases use. `|` stands between statements.
const OBJECTS: &str = "CREATE TABLE t (id INT PRIMARY KEY, n INT)|INSERT INTO t VALUES (1, 1)\
    |CREATE TABLE fired (a INT)|CREATE TRIGGER fires AFTER INSERT ON fired FOR EACH ROW INSERT INTO t VALUES (10, 1)\
    |CREATE TABLE assigned (a INT)|CREATE TRIGGER assigns AFTER INSERT ON assigned FOR EACH ROW SET @fired = 1\
    |CREATE FUNCTION f_zone(z TEXT) RETURNS INT DETERMINISTIC BEGIN SET time_zone = z; RETURN 1; END\
    |CREATE FUNCTION f_write(i INT) RETURNS INT DETERMINISTIC BEGIN INSERT INTO t VALUES (i, 1); RETURN 1; END\
    |CREATE FUNCTION f_variable() RETURNS INT DETERMINISTIC BEGIN SET @f = 1; RETURN 1; END\
    |CREATE PROCEDURE p_zone(z TEXT) SET time_zone = z|CREATE PROCEDURE p_mode(m TEXT) SET sql_mode = m\
    |CREATE PROCEDURE p_names() SET NAMES latin2|CREATE PROCEDURE p_next() SET TRANSACTION READ ONLY\
    |CREATE PROCEDURE p_begin() BEGIN START TRANSACTION; INSERT INTO t VALUES (10, 1); END\
    |CREATE PROCEDURE p_commit() COMMIT\
    |CREATE PROCEDURE p_begin_fail() BEGIN START TRANSACTION; INSERT INTO t VALUES (11, 1), (1, 1); END\
    |CREATE PROCEDURE p_fail() BEGIN INSERT INTO t VALUES (12, 1); INSERT INTO t VALUES (1, 1); END\
    |CREATE PROCEDURE p_autocommit() SET autocommit = 0\
    |CREATE PROCEDURE p_zone_fail() BEGIN SET time_zone = '+09:00'; SIGNAL SQLSTATE '45000'; END\
    |CREATE PROCEDURE p_rows() BEGIN SELECT 1; SELECT * FROM t; END\
    |CREATE PROCEDURE p_temporary() CREATE TEMPORARY TABLE made (a INT)\
    |CREATE PROCEDURE p_temporary_gone() BEGIN CREATE TEMPORARY TABLE gone (a INT); DROP TEMPORARY TABLE gone; END\
    |CREATE PROCEDURE p_out(OUT o INT) SET o = 1|CREATE PROCEDURE p_variable() SET @p = 1\
    |CREATE PROCEDURE p_prepare() PREPARE made FROM 'SELECT 1'\
    |CREATE PROCEDURE p_untrack(name TEXT) CASE name WHEN 'session_track_gtids' THEN SET session_track_gtids = OFF; \
     WHEN 'session_track_schema' THEN SET session_track_schema = OFF; \
     WHEN 'session_track_transaction_info' THEN SET session_track_transaction_info = OFF; \
     ELSE SET session_track_state_change = OFF; END CASE\
    |CREATE PROCEDURE p_untrack_variables(names TEXT) SET session_track_system_variables = names";

/// The answer of MySQL, and what Bascule tells of the same.
#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    database: Option<String>,
    transaction: bool,
    read_only: bool,
    /// Autocommit, charset, collation, modes, time zone, isolation.
    variables: Vec<Option<String>>,
    prepared: u64,
    tables_locked: bool,
}

/// What MySQL tells besides, of which Bascule must know at least that there's something.
#[derive(Debug, Default)]
struct Held {
    known: Known,
    locked_to_write: u64,
    user_variables: BTreeSet<String>,
    text_prepared: BTreeSet<String>,
    temporary: u64,
    named_locks: u64,
    global_locks: u64,
    handlers: u64,
}

fn list(text: Option<String>) -> BTreeSet<String> {
    text.unwrap_or_default().split('\n').filter(|name| !name.is_empty()).map(str::to_lowercase).collect()
}

/// Asks MySQL. The connection's own tables, one number at a time.
async fn ask(root: &mut Conn, id: u64) -> Held {
    let locks = |kind: &str| {
        format!(
            "(SELECT COUNT(*) FROM performance_schema.metadata_locks l WHERE l.owner_thread_id = t.thread_id \
             AND l.lock_status = 'GRANTED' AND {kind})"
        )
    };
    let sql = format!(
        "SELECT t.processlist_db, \
         (SELECT COUNT(*) FROM performance_schema.events_transactions_current e WHERE e.thread_id = t.thread_id \
          AND e.state = 'ACTIVE' AND COALESCE(e.xa_state, '') <> 'PREPARED'), \
         (SELECT COUNT(*) FROM performance_schema.events_transactions_current e WHERE e.thread_id = t.thread_id \
          AND e.state = 'ACTIVE' AND e.access_mode = 'READ ONLY'), \
         (SELECT COUNT(*) - COUNT(p.statement_name) FROM performance_schema.prepared_statements_instances p \
          WHERE p.owner_thread_id = t.thread_id), \
         {}, {}, {}, {}, \
         (SELECT COUNT(*) FROM performance_schema.data_locks d WHERE d.thread_id = t.thread_id AND d.lock_mode = 'IX'), \
         (SELECT GROUP_CONCAT(variable_name SEPARATOR '\\n') FROM performance_schema.user_variables_by_thread v \
          WHERE v.thread_id = t.thread_id AND v.variable_value IS NOT NULL), \
         (SELECT GROUP_CONCAT(p.statement_name SEPARATOR '\\n') FROM performance_schema.prepared_statements_instances p \
          WHERE p.owner_thread_id = t.thread_id AND p.statement_name IS NOT NULL), \
         (SELECT COUNT(*) FROM information_schema.innodb_temp_table_info WHERE name LIKE '#sql%\\_{id:x}\\_%') \
         FROM performance_schema.threads t WHERE t.processlist_id = {id}",
        locks("l.object_type = 'USER LEVEL LOCK'"),
        locks("l.object_type IN ('GLOBAL', 'BACKUP LOCK') AND l.lock_duration = 'EXPLICIT'"),
        locks("l.object_type = 'TABLE' AND l.lock_duration = 'EXPLICIT'"),
        locks(
            "l.object_type = 'TABLE' AND l.lock_type IN ('SHARED_NO_READ_WRITE', 'SHARED_READ_ONLY', 'SHARED_NO_WRITE')"
        ),
    );
    let mut row: Row = root.query_first(sql).await.expect("an answer").expect("the thread is there");
    let number = |row: &mut Row, at: usize| row.take::<Option<u64>, usize>(at).flatten().unwrap_or(0);
    let text = |row: &mut Row, at: usize| row.take::<Option<String>, usize>(at).flatten();
    let variables = format!(
        "SELECT variable_value FROM performance_schema.variables_by_thread v \
         JOIN performance_schema.threads t USING (thread_id) WHERE t.processlist_id = {id} AND variable_name IN \
         ('autocommit', 'character_set_client', 'collation_connection', 'sql_mode', 'time_zone', 'transaction_isolation') \
         ORDER BY variable_name"
    );
    let variables: Vec<Option<String>> = root.query(variables).await.expect("an answer");
    let tables_locked = number(&mut row, 7) > 0;
    Held {
        known: Known {
            database: text(&mut row, 0),
            transaction: number(&mut row, 1) > 0,
            read_only: number(&mut row, 2) > 0,
            variables,
            prepared: number(&mut row, 3),
            tables_locked,
        },
        named_locks: number(&mut row, 4),
        global_locks: number(&mut row, 5),
        handlers: if tables_locked { 0 } else { number(&mut row, 6) },
        locked_to_write: number(&mut row, 8),
        user_variables: list(text(&mut row, 9)),
        text_prepared: list(text(&mut row, 10)),
        temporary: number(&mut row, 11),
    }
}

fn told(info: &SessionInfo) -> Known {
    let autocommit = info.autocommit.map(|on| if on { "ON" } else { "OFF" }.to_owned());
    Known {
        database: info.database.clone(),
        transaction: info.transaction.state == TransactionState::Open,
        read_only: info.transaction.read_only,
        variables: vec![
            autocommit,
            info.character_set_client.clone(),
            info.collation_connection.clone(),
            info.sql_mode.clone(),
            info.time_zone.clone(),
            info.transaction_isolation.clone(),
        ],
        prepared: info.prepared_statements,
        tables_locked: info.tables_locked,
    }
}

/// What Bascule tells wrongly, or doesn't tell.
fn differences(info: &SessionInfo, held: &Held, line: &str) -> Vec<String> {
    let mut info = info.clone();
    // Until the next command it's not known, and that's what is told.
    if info.collation_connection.is_none() && line != "Q SELECT 1" {
        info.collation_connection.clone_from(&held.known.variables[2]);
    }
    let info = &info;
    let mut wrong = Vec::new();
    if told(info) != held.known {
        wrong.push(format!("told {:?}\n    and it's {:?}\n    {:?}", told(info), held.known, info.transaction));
    }
    if held.known.transaction && held.locked_to_write > 0 && info.transaction.wrote == Some(false) {
        wrong.push("it has written".to_owned());
    }
    let has = |blocker: Blocker| info.blockers.iter().any(|found| found.what == blocker);
    let perhaps = has(Blocker::Routine);
    let names = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    if !perhaps && !held.user_variables.is_subset(&names(&info.user_variables)) {
        wrong.push(format!("user variables {:?}", held.user_variables));
    }
    if !perhaps && held.text_prepared != names(&info.text_prepared) {
        wrong.push(format!("statements of PREPARE {:?}", held.text_prepared));
    }
    if !perhaps && (held.temporary > 0 && !has(Blocker::TemporaryTables)) {
        wrong.push("it has temporary tables".to_owned());
    }
    let counted = [
        (held.named_locks, Blocker::NamedLocks),
        (held.global_locks, Blocker::GlobalLocks),
        (held.handlers, Blocker::Handler),
    ];
    for (count, blocker) in counted {
        if count > 0 && !has(blocker) {
            wrong.push(format!("{count} of {blocker:?}"));
        }
    }
    wrong
}

/// Checks a line `? word`.
fn says(info: &SessionInfo, word: &str) -> bool {
    let name = |blocker: Blocker| serde_json::to_value(blocker).expect("a name").as_str().map(str::to_owned);
    match word {
        "clear" => info.blockers.is_empty(),
        "next" => info.transaction.next_is_set,
        "now" => !info.transaction.next_is_set,
        word => {
            let (word, certain) = word.strip_suffix('?').map_or((word, true), |word| (word, false));
            info.blockers.iter().any(|found| name(found.what).as_deref() == Some(word) && found.certain == certain)
        }
    }
}

/// One run of a case.
struct Run<'a> {
    opened: &'a Opened,
    client: Raw,
    root: &'a mut Conn,
    second: &'a mut Conn,
    asked: u64,
    waits: Vec<u8>,
}

impl Run<'_> {
    fn id(&self) -> u64 {
        u64::from(self.client.greeting.connection_id)
    }

    fn info(&self) -> Option<SessionInfo> {
        self.opened.route.sessions().into_iter().find(|info| info.connection_id == self.id())
    }

    /// What is told once Bascule has taken the answer to everything that was asked.
    async fn settled(&self) -> Result<SessionInfo, String> {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            let info = self.info().ok_or("the session has ended")?;
            let whole = info.autocommit.is_some();
            if whole
                && info.commands >= self.asked
                && !info.running
                && info.transaction.state != TransactionState::Unknown
            {
                return Ok(info);
            }
            if Instant::now() > limit {
                return Err(format!("it doesn't settle, {} asked: {info:?}", self.asked));
            }
            tokio::task::yield_now().await;
        }
    }

    async fn line(&mut self, line: &str) -> Result<(), String> {
        let line = line.replace("{id}", &self.id().to_string());
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "?" => {
                let info = self.settled().await?;
                return if says(&info, rest) {
                    Ok(())
                } else {
                    Err(format!("{:?}, {:?}", info.transaction, info.blockers))
                };
            }
            "B" => self.second.query_drop(rest).await.map_err(|error| error.to_string())?,
            "WAITING" | "SLEEPING" => {
                let waits = if word == "WAITING" {
                    "SELECT COUNT(*) FROM performance_schema.data_lock_waits w JOIN performance_schema.threads t \
                     ON t.thread_id = w.requesting_thread_id WHERE t.processlist_id = "
                } else {
                    "SELECT COUNT(*) FROM performance_schema.processlist WHERE state = 'User sleep' AND id = "
                };
                let waits = format!("{waits}{}", self.id());
                while self.root.query_first::<u64, _>(&waits).await.expect("an answer") != Some(1) {}
            }
            "&" => {
                self.waits = payload(rest, self.client.capabilities);
                self.client.send(&self.waits, 0).await;
                self.asked += 1;
            }
            "=" => {
                let waits = std::mem::take(&mut self.waits);
                reply(Flavour::MySql, &mut self.client, &waits, b"", "").await;
                return self.compare(&line).await;
            }
            _ => {
                let payload = payload(&line, self.client.capabilities);
                self.client.send(&payload, 0).await;
                let password = line.split([' ', ':']).nth(2).filter(|_| line.contains(':')).unwrap_or_default();
                if matches!(word, "C" | "L") {
                    // They have no answer: that of a ping says that MySQL has come past them.
                    let ping = [0x0e];
                    self.client.send(&ping, 0).await;
                    reply(Flavour::MySql, &mut self.client, &ping, b"", "").await;
                    self.asked += 1;
                } else {
                    let password = if word == "U" { password } else { "" };
                    reply(Flavour::MySql, &mut self.client, &payload, b"", password).await;
                }
                self.asked += 1;
                return self.compare(&line).await;
            }
        }
        Ok(())
    }

    async fn compare(&mut self, line: &str) -> Result<(), String> {
        let info = self.settled().await?;
        let held = ask(self.root, self.id()).await;
        let wrong = differences(&info, &held, line);
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

/// The servers' side of the cases: a database with everything that they use, and a door.
struct Ground {
    opened: Opened,
    database: String,
    root: Conn,
    second: Conn,
}

impl Ground {
    async fn before(port: u16, database: &str) -> Self {
        let url = |database: &str| format!("mysql://root@127.0.0.1:{port}/{database}?prefer_socket=false");
        let mut root = Conn::from_url(url("")).await.expect("root");
        root.query_drop("SET @@group_concat_max_len = 100000").await.expect("set");
        root.query_drop(format!("DROP DATABASE IF EXISTS {database}")).await.expect("dropped");
        root.query_drop(format!("CREATE DATABASE {database}")).await.expect("made");
        let mut second = Conn::from_url(url(database)).await.expect("a second one");
        second.query_drop("SET innodb_lock_wait_timeout = 5").await.expect("set");
        for object in OBJECTS.split('|') {
            second.query_drop(object).await.unwrap_or_else(|error| panic!("{object}: {error}"));
        }
        let opened = Opened::before(port, Wishes::default());
        Self { opened, database: database.to_owned(), root, second }
    }

    /// Runs a case and returns what was wrong, by line.
    async fn run(&mut self, name: &str, lines: &[&str], style: Capabilities) -> Vec<String> {
        let client = Raw::connect(self.opened.address, style, "root", "").await;
        let Self { opened, database, root, second } = self;
        let mut run = Run { opened, client, root, second, asked: 0, waits: Vec::new() };
        let mut wrong = Vec::new();
        let begin = format!("D {database}");
        for line in std::iter::once(&begin.as_str()).chain(lines) {
            let line = line.replace("{db}", database);
            if let Err(found) = run.line(&line).await {
                let found = found.replace("ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION", "usual");
                wrong.push(format!("{name}, {style:?}\n  {line}\n    {found}"));
                if run.info().is_none() {
                    return wrong;
                }
            }
        }
        let id = run.id();
        drop(run.client);
        let gone = format!("SELECT COUNT(*) FROM performance_schema.threads WHERE processlist_id = {id}");
        while root.query_first::<u64, _>(&gone).await.expect("an answer") != Some(0) {}
        wrong
    }

    async fn close(mut self) {
        self.root.query_drop(format!("DROP DATABASE {}", self.database)).await.expect("dropped");
        self.opened.close().await;
    }
}

fn cases() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        match (line.strip_prefix("== "), cases.last_mut()) {
            (Some(name), _) => cases.push((name, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => panic!("a line before the first case: {line}"),
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_a_session_is_what_mysql_knows_of_it() {
    let mut ground = Ground::before(super::mysql().port(), "state").await;
    let new = USUAL.with(Capabilities::DEPRECATE_EOF);
    let mut wrong = Vec::new();
    for (name, lines) in cases() {
        for style in [new, new.with(Capabilities::SESSION_TRACK), USUAL] {
            if style == USUAL && name.contains("| new") || style == new && name.contains("in time") {
                continue;
            }
            wrong.extend(ground.run(name, &lines, style).await);
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
    ground.close().await;
}

/// With this setting the same error ends the whole transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_does_not_come_may_end_the_transaction() {
    let options = Options { arguments: vec!["--innodb-rollback-on-timeout=ON".to_owned()], ..Options::default() };
    let server = Mysql::start(&options).expect("a server");
    let mut ground = Ground::before(server.port(), "state").await;
    let (name, lines) = cases().into_iter().find(|(name, _)| name.contains("in time")).expect("the case");
    let wrong = ground.run(name, &lines, USUAL).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    ground.close().await;
}
