//! The whole road with the built program: forward, mirror, prove, flip, go on, on connections that stay.

use bascule::admin::{Rehearsal, Side, Status};
use bascule::route::Mode;
use bascule::sandbox::mysql::Flavour;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::World;

#[tokio::test]
async fn a_connection_lives_through_the_flip() {
    lives_through_the_flip(World::new()).await;
}

#[tokio::test]
async fn a_connection_lives_through_the_flip_of_the_row_lane() {
    lives_through_the_flip(World::by_lane("binlog")).await;
}

#[tokio::test]
async fn a_connection_lives_through_the_flip_from_mariadb() {
    lives_through_the_flip(World::of(Flavour::MariaDb, "binlog")).await;
}

#[tokio::test]
async fn mariadb_is_refused_in_the_lane_of_statements() {
    let world = World::of(Flavour::MariaDb, "statements");
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("the mode");
    let halted = |status: &Status| status.mirror.as_ref().is_some_and(|mirror| mirror.reason.is_some());
    let reason = world.wait(halted, "mirroring is refused").await.mirror.and_then(|mirror| mirror.reason);
    assert!(reason.as_ref().is_some_and(|reason| reason.contains("by its binary log only")), "{reason:?}");
    // Forwarding goes on.
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    let version: Option<String> = conn.query_first("SELECT VERSION()").await.expect("an answer");
    assert!(version.is_some_and(|version| version.contains("MariaDB")));
}

async fn lives_through_the_flip(world: World) {
    let _bascule = world.start().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection");
    let table = "CREATE TABLE things (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE, n INT)";
    conn.query_drop(table).await.expect("a table");
    conn.query_drop("INSERT INTO things (name, n) VALUES ('before', 1), ('Grüße', 2)").await.expect("rows");
    let find = conn.prep("SELECT n FROM things WHERE name = ?").await.expect("a prepared statement");

    world.admin().set_mode(Mode::Mirror).await.expect("the mode");
    world.wait_streaming().await;
    conn.exec_drop("INSERT INTO things (name, n) VALUES (?, ?)", ("mirrored", 3)).await.expect("a row");
    let last_on_mysql = conn.last_insert_id().expect("an id");
    conn.query_drop("START TRANSACTION").await.expect("begin");
    conn.query_drop("DELETE FROM things").await.expect("delete");
    conn.query_drop("ROLLBACK").await.expect("rollback");
    let even = |status: &Status| status.mirror.as_ref().is_some_and(|mirror| mirror.lag_transactions == 0);
    world.wait(even, "PostgreSQL has everything").await;
    let verified = world.verify().await;
    assert_eq!((verified.differences, verified.rows), (0, 3), "{verified:#?}");

    let rehearsed = world.admin().cutover(Rehearsal::DryRun).await.expect("a rehearsal");
    assert!(!rehearsed.performed && rehearsed.blockers.is_empty(), "{rehearsed:#?}");
    let flipped = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(flipped.performed, "{flipped:#?}");
    let status = world.admin().status().await.expect("a status");
    assert_eq!((status.mode, status.serving), (Mode::Postgres, Side::Target));

    let found: Option<i32> = conn.exec_first(&find, ("Grüße",)).await.expect("the prepared statement goes on");
    assert_eq!(found, Some(2));
    conn.exec_drop("INSERT INTO things (name, n) VALUES (?, ?)", ("after", 4)).await.expect("a row");
    assert!(conn.last_insert_id().expect("an id") > last_on_mysql, "ids go on");
    let duplicate = conn.query_drop("INSERT INTO things (name) VALUES ('after')").await;
    let Err(mysql_async::Error::Server(error)) = duplicate else { panic!("{duplicate:?}") };
    assert_eq!((error.code, error.message.as_str()), (1062, "Duplicate entry 'after' for key 'things.name'"));
    let all: Vec<(String, Option<i32>)> = conn.query("SELECT name, n FROM things ORDER BY id").await.expect("rows");
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["before", "Grüße", "mirrored", "after"]);
    let mut fresh = Conn::from_url(world.url()).await.expect("a new connection");
    let count: Option<i64> = fresh.query_first("SELECT COUNT(*) FROM things").await.expect("an answer");
    assert_eq!(count, Some(4));
    let on_mysql: Option<i64> = {
        let mut mysql = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("a connection");
        mysql.query_first("SELECT COUNT(*) FROM things").await.expect("an answer")
    };
    assert_eq!(on_mysql, Some(3), "MySQL isn't written any more");
}

#[tokio::test]
async fn a_second_copy_on_the_same_socket_is_refused() {
    let world = World::new();
    let _bascule = world.start().await;
    let second = world.second_copy();
    assert!(!second.status.success());
    let message = String::from_utf8_lossy(&second.stderr);
    assert!(message.contains("another Bascule runs on the admin socket"), "{message}");
    world.admin().status().await.expect("the first one goes on");
}
