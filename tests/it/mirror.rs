//! The road with everything that can happen on it: what is mirrored, what is marked, who is found, what comes back.

use bascule::admin::{MirrorStatus, Rehearsal, Side, TableState, VerifyRequest};
use bascule::route::Mode;
use bascule::sandbox::mysql::Flavour;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Value};

use crate::world::World;

async fn shop(world: &World) {
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in [
        "CREATE TABLE customer (id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL UNIQUE, \
         balance DECIMAL(12,2) NOT NULL DEFAULT 0, kind ENUM('new','old') NOT NULL DEFAULT 'new', profile JSON, \
         place POINT /*!80003 SRID 4326 */, created DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, \
         changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        "CREATE TABLE purchase (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer INT NOT NULL, amount DECIMAL(10,2), \
         note TEXT, FOREIGN KEY (customer) REFERENCES customer (id) ON DELETE CASCADE)",
        "INSERT INTO customer (email, balance, profile) VALUES ('a@example.org', 10.50, '{\"k\": [1, 2]}'), \
         ('ü@example.org', 0, NULL), ('東京@example.org', -3.25, '{}')",
        "INSERT INTO purchase (customer, amount, note) VALUES (1, 1.10, 'first'), (2, 2.20, NULL)",
    ] {
        direct.query_drop(statement).await.expect(statement);
    }
    direct.disconnect().await.expect("a clean end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_goes_from_mysql_to_postgresql() {
    let world = World::new();
    shop(&world).await;
    let mut bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection through Bascule");
    let by_email = conn.prep("SELECT id, balance FROM customer WHERE email = ?").await.expect("prepared on MySQL");
    let version: Option<String> = conn.query_first("SELECT @@version").await.expect("MySQL answers");

    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    writes(&mut conn).await;
    let proof = world.verify().await;
    assert_eq!((proof.tables, proof.differences), (2, 0), "{proof:?}");

    let rehearsal = world.admin().cutover(Rehearsal::DryRun).await.expect("a rehearsal");
    assert!(rehearsal.blockers.is_empty() && !rehearsal.performed, "{rehearsal:?}");
    let before: Vec<(i32, String)> = conn.query("SELECT id, email FROM customer ORDER BY id").await.expect("rows");
    let flip = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(flip.performed, "{flip:?}");
    assert_eq!(world.admin().status().await.expect("a status").serving, Side::Target);

    let after: Vec<(i32, String)> = conn.query("SELECT id, email FROM customer ORDER BY id").await.expect("rows");
    assert_eq!(after, before);
    let found: Option<(i32, String)> =
        conn.exec_first(&by_email, ("A@EXAMPLE.ORG",)).await.expect("the prepared statement lives");
    assert_eq!(found.map(|(id, _)| id), Some(1), "collations compare as in MySQL");
    conn.query_drop("INSERT INTO customer (email) VALUES ('committed@example.org')").await.expect("an insert");
    let mut other = Conn::from_url(world.url()).await.expect("accounts were imported");
    let seen: Option<i64> = other
        .query_first("SELECT COUNT(*) FROM customer WHERE email = 'committed@example.org'")
        .await
        .expect("counted");
    assert_eq!(seen, Some(1), "a carried session still commits by itself");
    conn.query_drop("DELETE FROM customer WHERE email = 'committed@example.org'").await.expect("a delete");
    served_writes(&mut conn).await;
    assert_eq!(conn.query_first::<String, _>("SELECT @@version").await.expect("answered"), version);

    bascule.kill();
    bascule = world.start().await;
    let mut fresh = Conn::from_url(world.url()).await.expect("accounts were imported");
    let count: Option<i64> = fresh.query_first("SELECT COUNT(*) FROM customer").await.expect("counted");
    assert_eq!(count, Some(5));
    drop(bascule);
}

/// Everything that must reach PostgreSQL, and what must not.
async fn writes(conn: &mut Conn) {
    conn.query_drop("INSERT INTO customer (email) VALUES ('new@example.org')").await.expect("an insert");
    assert_eq!(conn.last_insert_id(), Some(4));
    conn.query_drop("BEGIN").await.expect("begin");
    conn.exec_drop("UPDATE customer SET balance = balance + ? WHERE id = ?", (1.25, 4)).await.expect("an update");
    conn.query_drop("SAVEPOINT s").await.expect("a savepoint");
    conn.query_drop("DELETE FROM customer WHERE id = 1").await.expect("a delete");
    conn.query_drop("ROLLBACK TO SAVEPOINT s").await.expect("undone");
    conn.query_drop("COMMIT").await.expect("commit");
    conn.query_drop("UPDATE customer SET place = ST_GeomFromText('POINT(48.1 11.5)', 4326) WHERE id < 3")
        .await
        .expect("shapes");
    conn.query_drop("BEGIN").await.expect("begin");
    conn.query_drop("DELETE FROM purchase").await.expect("a delete");
    conn.query_drop("ROLLBACK").await.expect("rolled back");
    let refused = conn.query_drop("INSERT INTO customer (email) VALUES ('NEW@example.org')").await;
    assert!(matches!(refused, Err(mysql_async::Error::Server(error)) if error.code == 1062));
    conn.exec_drop(
        "INSERT INTO customer (email, kind) VALUES (?, 'old') ON DUPLICATE KEY UPDATE kind = VALUES(kind)",
        ("new@example.org",),
    )
    .await
    .expect("an upsert");
    conn.query_drop("INSERT INTO purchase (customer, amount) VALUES (4, 5), (4, 6.5), (2, NULL)").await.expect("rows");
}

/// The same kind of statements while PostgreSQL serves.
async fn served_writes(conn: &mut Conn) {
    conn.query_drop("INSERT INTO customer (email) VALUES ('later@example.org')").await.expect("an insert");
    let id = conn.last_insert_id().expect("a generated id");
    assert!(id > 4, "past every id that MySQL gave: {id}");
    let refused = conn.query_drop("INSERT INTO customer (email) VALUES ('LATER@example.org')").await;
    let Err(mysql_async::Error::Server(error)) = refused else { panic!("a duplicate must be refused: {refused:?}") };
    assert_eq!((error.code, error.state.as_str()), (1062, "23000"));
    assert_eq!(error.message, "Duplicate entry 'LATER@example.org' for key 'customer.email'");
    conn.query_drop("BEGIN").await.expect("begin");
    conn.exec_drop("UPDATE customer SET balance = balance - ? WHERE id = ?", ("0.25", id)).await.expect("an update");
    let refused = conn.query_drop("INSERT INTO purchase (customer, amount) VALUES (999, 1)").await;
    assert!(matches!(refused, Err(mysql_async::Error::Server(error)) if error.code == 1452));
    conn.query_drop("COMMIT").await.expect("the transaction survived the error");
    let balance: Option<Value> =
        conn.exec_first("SELECT balance FROM customer WHERE id = ?", (id,)).await.expect("a row");
    assert_eq!(balance, Some(Value::Bytes(b"-0.25".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_repeated_is_told_and_repaired() {
    let world = World::new();
    shop(&world).await;
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    conn.query_drop("UPDATE customer SET balance = RAND() WHERE id = 1").await.expect("MySQL takes it");
    conn.query_drop("INSERT INTO purchase (customer, amount) VALUES (2, 9)").await.expect("another table");
    let marked = |status: &bascule::admin::Status| {
        status.mirror.as_ref().is_some_and(|mirror| {
            mirror
                .tables
                .iter()
                .any(|table| table.state == TableState::NeedsResync && table.name.ends_with(".customer"))
        })
    };
    let status = world.wait(marked, "the table is marked").await;
    let reason = status.warnings.join("\n");
    assert!(reason.contains("RAND"), "{reason}");
    let refused = world.admin().cutover(Rehearsal::Perform).await.expect("a report");
    assert!(!refused.performed && !refused.blockers.is_empty(), "{refused:?}");
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.tables), (0, 0), "{proof:?}");
    assert!(proof.skipped.iter().any(|told| told.contains(".customer") && told.contains("RAND")), "{proof:?}");
    assert!(proof.skipped.iter().any(|told| told.contains(".purchase needs a resync")), "{proof:?}");
    world.admin().resync(Vec::new()).await.expect("a repair begins");
    let mirrored = |status: &bascule::admin::Status| {
        let all = |mirror: &MirrorStatus| mirror.tables.iter().all(|table| table.state == TableState::Mirrored);
        status.warnings.is_empty() && status.mirror.as_ref().is_some_and(all)
    };
    world.wait(mirrored, "the table is mirrored again").await;
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.skipped.len()), (0, 0), "{proof:?}");
}

/// What a trigger does is never missed in silence: while the table has one, each write halts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_that_comes_and_goes_is_never_missed() {
    let world = World::new();
    shop(&world).await;
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    let halted = |status: &bascule::admin::Status| {
        status.warnings.iter().any(|told| told.contains(".purchase needs a resync") && told.contains("trigger"))
    };
    let mirrored = |status: &bascule::admin::Status| {
        let all = |mirror: &MirrorStatus| mirror.tables.iter().all(|table| table.state == TableState::Mirrored);
        status.mirror.as_ref().is_some_and(all)
    };
    let one = "INSERT INTO purchase (customer, amount) VALUES (1, 7)";
    conn.query_drop("CREATE TRIGGER tr BEFORE INSERT ON purchase FOR EACH ROW SET NEW.amount = 99")
        .await
        .expect("made");
    world.wait(|status| status.warnings.iter().any(|told| told.contains("CREATE TRIGGER")), "it's told").await;
    world.admin().resync(Vec::new()).await.expect("a repair begins");
    world.wait(mirrored, "the table is mirrored again").await;
    conn.query_drop(one).await.expect("a write");
    world.wait(halted, "a write that the trigger changed halts the table").await;
    conn.query_drop("DROP TRIGGER tr").await.expect("dropped");
    world.admin().resync(Vec::new()).await.expect("a repair begins");
    world.wait(mirrored, "the table is mirrored again").await;
    conn.query_drop(one).await.expect("a write");
    let proof = world.verify().await;
    assert_eq!((proof.tables, proof.differences, proof.skipped.len()), (2, 0, 0), "{proof:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_bypasses_the_proxy_is_found() {
    let world = World::new();
    shop(&world).await;
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    direct.query_drop("INSERT INTO purchase (customer, amount) VALUES (1, 1)").await.expect("past the proxy");
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    conn.query_drop("INSERT INTO purchase (customer, amount) VALUES (1, 2)").await.expect("through the proxy");
    let told = |status: &bascule::admin::Status| status.mirror.as_ref().is_some_and(|mirror| mirror.gaps.is_some());
    world.wait(told, "the gap is told").await;
    let refused = world.admin().cutover(Rehearsal::Perform).await.expect("a report");
    assert!(!refused.performed, "{refused:?}");
    assert_eq!(world.admin().status().await.expect("a status").mode, Mode::Mirror);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_may_go_away_and_come_back() {
    let mut world = World::new();
    shop(&world).await;
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    world.servers.postgres.kill().expect("kill -9");
    for amount in 0..50 {
        let sql = format!("INSERT INTO purchase (customer, amount) VALUES (1, {amount})");
        conn.query_drop(sql).await.expect("forwarding isn't touched");
    }
    world.servers.postgres.restart().expect("restart");
    let caught_up = |status: &bascule::admin::Status| {
        status.mirror.as_ref().is_some_and(|mirror| mirror.lag_transactions == 0 && mirror.transactions_applied >= 50)
    };
    world.wait(caught_up, "the mirror catches up").await;
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.skipped.len()), (0, 0), "{proof:?}");
}

/// Writers beside Bascule, triggers and functions of the moment need no resync in the row lane, and the flip waits until
/// those writers are gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_row_lane_follows_whoever_writes() {
    follows_whoever_writes(World::by_lane("binlog")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_row_lane_follows_whoever_writes_to_mariadb() {
    follows_whoever_writes(World::of(Flavour::MariaDb, "binlog")).await;
}

async fn follows_whoever_writes(world: World) {
    shop(&world).await;
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    let bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection through Bascule");
    conn.query_drop("BEGIN").await.expect("a transaction that is open before mirroring begins");
    conn.query_drop("INSERT INTO customer (email) VALUES (UUID())").await.expect("an insert");
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    conn.query_drop("COMMIT").await.expect("commit");
    for statement in [
        "CREATE TRIGGER t AFTER INSERT ON customer FOR EACH ROW INSERT INTO purchase (customer, amount, note) \
         VALUES (NEW.id, RAND() * 100, UUID())",
        "INSERT INTO customer (email) VALUES ('beside@example.org'), (UUID())",
        "UPDATE customer SET balance = RAND() * 1000 LIMIT 2",
        "DELETE FROM customer ORDER BY RAND() LIMIT 1",
        "DROP TRIGGER t",
    ] {
        direct.query_drop(statement).await.expect(statement);
    }
    conn.query_drop("INSERT INTO purchase (customer, amount) SELECT id, RAND() FROM customer LIMIT 2")
        .await
        .expect("rows");
    let proof = world.admin().verify(&VerifyRequest::default()).await.expect("compared");
    assert_eq!((proof.tables, proof.differences, proof.skipped.len()), (2, 0, 0), "{proof:?}\n{}", world.log());
    let status = world.admin().status().await.expect("a status");
    let mirror = status.mirror.expect("mirroring");
    // MariaDB's default collation compares some letters otherwise, and that's said.
    let warned = status.warnings.iter().any(|told| !told.contains("collation utf8mb4_general_ci"));
    assert_eq!((mirror.lane.as_str(), mirror.gaps, warned), ("binlog", None, false), "{:?}", status.warnings);
    assert!(mirror.tables.iter().all(|table| table.state == TableState::Mirrored), "{:?}", mirror.tables);
    world.admin().resync(vec!["customer".to_owned()]).await.expect("a copy of one table");
    let again = |status: &bascule::admin::Status| {
        status
            .mirror
            .as_ref()
            .is_some_and(|mirror| mirror.tables.iter().all(|table| table.state == TableState::Mirrored))
    };
    world.wait(again, "the table is copied again").await;
    direct.query_drop("UPDATE customer SET balance = 1").await.expect("a write beside");
    let flip = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(flip.performed, "{flip:?}\n{}", world.log());
    let balance: Option<i64> =
        conn.query_first("SELECT COUNT(*) FROM customer WHERE balance <> 1").await.expect("counted");
    assert_eq!(balance, Some(0));
    drop(bascule);
}

/// A table that PostgreSQL lacks isn't forgotten by a resync: everything is begun again, and refused with its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_cannot_be_made_is_not_forgotten() {
    let world = World::by_lane("binlog");
    shop(&world).await;
    let bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection through Bascule");
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    conn.query_drop("CREATE TABLE odd (id INT PRIMARY KEY, v VECTOR(3))").await.expect("MySQL takes it");
    conn.query_drop("INSERT INTO odd VALUES (1, TO_VECTOR('[1,2,3]'))").await.expect("a row");
    let needs = |status: &bascule::admin::Status| {
        let halted = |table: &bascule::admin::TableStatus| table.state == TableState::NeedsResync;
        status.mirror.as_ref().is_some_and(|mirror| mirror.tables.iter().filter(|table| halted(table)).count() == 1)
    };
    world.wait(needs, "the table is halted, and no other").await;
    let blocked = world.admin().cutover(Rehearsal::Perform).await.expect("a report");
    assert!(
        !blocked.performed && blocked.blockers.iter().any(|blocker| blocker.subject.ends_with(".odd")),
        "{blocked:?}"
    );
    world.admin().resync(Vec::new()).await.expect("begun");
    let refused = |status: &bascule::admin::Status| {
        let reason = status.mirror.as_ref().and_then(|mirror| mirror.reason.as_deref());
        reason.is_some_and(|reason| reason.contains("odd.v") || reason.contains("vector"))
    };
    world.wait(refused, "the start is refused by name").await;
    conn.query_drop("DROP TABLE odd").await.expect("dropped");
    world.admin().resync(Vec::new()).await.expect("begun");
    world.wait_streaming().await;
    // One that comes and goes is no affair of anybody.
    conn.query_drop("CREATE TABLE odd (id INT PRIMARY KEY, v VECTOR(3))").await.expect("MySQL takes it");
    world.wait(needs, "the table is halted again").await;
    conn.query_drop("DROP TABLE odd").await.expect("dropped");
    let whole = |status: &bascule::admin::Status| {
        status
            .mirror
            .as_ref()
            .is_some_and(|mirror| mirror.tables.iter().all(|table| table.state == TableState::Mirrored))
    };
    world.wait(whole, "nothing is halted").await;
    drop(bascule);
}
