//! Views and stored routines go with the application: made from the source's own at the start, again before the flip,
//! and told by name when they can't be carried.

use bascule::admin::Rehearsal;
use bascule::route::Mode;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::World;

const BEFORE: [&str; 20] = [
    "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(20), price DECIMAL(8,2), CHECK (price >= 0), \
     CONSTRAINT short CHECK (name <> 'it''s, \\\\ bad' AND CHAR_LENGTH(name) < 10))",
    "INSERT INTO item VALUES (1, 'nut', 1.50), (2, 'bolt', 20), (3, NULL, NULL)",
    // It needs what comes after it in the list.
    "CREATE FUNCTION atotal(least DECIMAL(8,2)) RETURNS DECIMAL(10,2) READS SQL DATA \
     BEGIN DECLARE t DECIMAL(10,2) DEFAULT 0; SELECT SUM(price) INTO t FROM item WHERE price >= least; \
     RETURN t * zfactor(); END",
    "CREATE FUNCTION zfactor() RETURNS INT DETERMINISTIC RETURN 2",
    "CREATE VIEW dear AS SELECT id, CONCAT(name, '!') AS loud, price * 2 AS twice FROM item WHERE price > 10",
    "CREATE VIEW afirst AS SELECT COUNT(*) AS n, zfactor() AS f FROM dear",
    "CREATE PROCEDURE additem(IN n VARCHAR(20), OUT many INT) COMMENT 'adds' \
     BEGIN INSERT INTO item SELECT MAX(id) + 1, n, 5 FROM item; SELECT COUNT(*) INTO many FROM item; END",
    "CREATE FUNCTION writes() RETURNS INT DETERMINISTIC BEGIN DELETE FROM item WHERE id = 99; RETURN 1; END",
    "CREATE TABLE quiet (a INT PRIMARY KEY)",
    "CREATE TRIGGER tr BEFORE INSERT ON quiet FOR EACH ROW SET @a = NEW.a",
    "CREATE TABLE `order` (id INT AUTO_INCREMENT PRIMARY KEY, total DECIMAL(8,2), note VARCHAR(20))",
    "CREATE TABLE journal (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(80))",
    "CREATE TRIGGER second BEFORE INSERT ON `order` FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '2')",
    "CREATE TRIGGER first BEFORE INSERT ON `order` FOR EACH ROW PRECEDES second SET NEW.note = CONCAT(NEW.note, '1')",
    "CREATE TRIGGER told AFTER INSERT ON `order` FOR EACH ROW \
     BEGIN INSERT INTO journal (what) VALUES (CONCAT_WS(' ', NEW.id, NEW.total, NEW.note)); END",
    "CREATE VIEW leaves AS SELECT 1 AS one",
    "CREATE TABLE gone (a INT)",
    "CREATE TABLE made (a INT PRIMARY KEY, twice INT AS (a * 2) STORED, low VARCHAR(9) AS (LOWER(b)), b VARCHAR(9), \
     UNIQUE KEY f ((UPPER(b))))",
    "INSERT INTO made (a, b) VALUES (1, 'X')",
    "CREATE VIEW broken AS SELECT a FROM gone",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_and_routines_are_served_after_the_flip() {
    let world = World::new();
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in BEFORE {
        direct.query_drop(statement).await.expect(statement);
    }
    direct.query_drop("DROP TABLE gone").await.expect("dropped");
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    let status = world.wait_streaming().await;
    let told = |what: &str| status.warnings.iter().any(|warning| warning.contains(what));
    assert!(told(&format!("function {}.writes isn't carried: ", world.database)), "{:?}", status.warnings);
    assert!(told(&format!("view {}.broken isn't carried: ", world.database)), "{:?}", status.warnings);
    assert!(told(&format!("trigger {}.tr isn't carried", world.database)), "{:?}", status.warnings);
    assert_eq!(status.warnings.len(), 3, "{:?}", status.warnings);

    let mut conn = Conn::from_url(world.url()).await.expect("a connection through Bascule");
    for statement in [
        "CREATE OR REPLACE VIEW dear AS SELECT id, CONCAT(name, '?') AS loud, price * 3 AS twice FROM item WHERE price > 10",
        "DROP VIEW leaves",
        "INSERT INTO made (a, b) VALUES (2, 'Y')",
        "UPDATE made SET a = 5, b = 'Z' WHERE a = 1",
        "DROP FUNCTION zfactor",
        "CREATE FUNCTION zfactor() RETURNS INT DETERMINISTIC RETURN 3",
        "CREATE VIEW late AS SELECT name FROM item",
    ] {
        conn.query_drop(statement).await.expect(statement);
    }
    let queries = [
        "SELECT CONCAT_WS(',', trigger_name, event_object_table, action_timing, event_manipulation, action_order, \
         action_statement, created, sql_mode, definer) FROM information_schema.triggers \
         WHERE trigger_schema = DATABASE() AND trigger_name <> 'tr' ORDER BY trigger_name",
        "SELECT CONCAT_WS(',', a, twice, low, b) FROM made ORDER BY a",
        "SELECT CONCAT_WS(',', id, loud, twice) FROM dear",
        "SELECT CONCAT_WS(',', n, f) FROM afirst",
        "SELECT CONCAT_WS(',', atotal(1), atotal(10), zfactor())",
        "SELECT name FROM late WHERE name IS NOT NULL ORDER BY name",
        "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE() AND table_name <> 'broken' \
         ORDER BY table_name",
        "SELECT CONCAT_WS(',', routine_name, routine_type, routine_comment, sql_mode, created, last_altered) \
         FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_name <> 'writes' \
         ORDER BY routine_name",
    ];
    let mut before = Vec::new();
    conn.query_drop("SET time_zone = '+00:00'").await.expect("set");
    for query in queries {
        before.push(conn.query::<String, _>(query).await.expect(query));
    }
    let refused = world.admin().cutover(Rehearsal::Perform).await.expect("a report");
    assert!(!refused.performed, "{refused:?}");
    let subjects: Vec<&str> = refused.blockers.iter().map(|blocker| blocker.subject.as_str()).collect();
    assert_eq!(subjects, [format!("trigger {}.tr", world.database)], "{refused:?}");
    conn.query_drop("DROP TRIGGER tr").await.expect("dropped");
    let flip = world.admin().cutover(Rehearsal::Perform).await.expect("a report");
    assert!(flip.performed, "{flip:?}");
    for (query, before) in queries.into_iter().zip(before) {
        assert_eq!(conn.query::<String, _>(query).await.expect(query), before, "{query}");
    }
    conn.query_drop("INSERT INTO `order` (total, note) VALUES (9.5, 'n')").await.expect("inserted");
    let told: Vec<String> = conn.query("SELECT what FROM journal").await.expect("rows");
    assert_eq!(told, ["1 9.50 n12"], "fired once, in MySQL's order");
    let shown: Option<mysql_async::Row> = conn.query_first("SHOW CREATE TRIGGER told").await.expect("a row");
    let text: String = shown.and_then(|row| row.get(2)).expect("the statement");
    conn.query_drop("DROP TRIGGER told").await.expect("dropped");
    conn.query_drop(text).await.expect("made again by what was shown");
    conn.query_drop("INSERT INTO `order` (total, note) VALUES (1, 'm')").await.expect("inserted");
    let told: Vec<String> = conn.query("SELECT what FROM journal ORDER BY id").await.expect("rows");
    assert_eq!(told, ["1 9.50 n12", "2 1.00 m12"]);
    conn.query_drop("RENAME TABLE `order` TO orders").await.expect("triggers follow their table");
    conn.query_drop("INSERT INTO orders (total, note) VALUES (2, 'r')").await.expect("inserted");
    let last: Option<String> =
        conn.query_first("SELECT what FROM journal ORDER BY id DESC LIMIT 1").await.expect("a row");
    assert_eq!(last.as_deref(), Some("3 2.00 r12"));
    conn.query_drop("CALL additem('screw', @many)").await.expect("called");
    let many: Option<i64> = conn.query_first("SELECT @many").await.expect("a row");
    assert_eq!(many, Some(4));
    let shown: Option<(String, String)> = conn
        .query_first("SHOW CREATE VIEW late")
        .await
        .expect("a row")
        .map(|row: mysql_async::Row| (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()));
    let shown = shown.map(|(_, text)| text).unwrap_or_default();
    assert!(shown.ends_with("VIEW `late` AS select `item`.`name` AS `name` from `item`"), "{shown}");
    let refused = [
        ("INSERT INTO made (a, b) VALUES (9, 'z')", 1062),
        ("INSERT INTO item VALUES (50, 'x', -1)", 3819),
        ("UPDATE item SET name = 'it''s, \\\\ bad' WHERE id = 1", 3819),
        ("UPDATE item SET name = 'much too long' WHERE id = 1", 3819),
    ];
    for (sql, code) in refused.into_iter().chain([
        ("SELECT writes()", 1305),
        ("SELECT * FROM broken", 1146),
        ("SELECT * FROM leaves", 1146),
    ]) {
        match conn.query_drop(sql).await {
            Err(mysql_async::Error::Server(error)) => assert_eq!(error.code, code, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}
