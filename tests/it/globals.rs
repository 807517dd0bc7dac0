//! Clients that never said how they want to be served get what MySQL's own configuration gave them, also after the flip.

use bascule::admin::Rehearsal;
use bascule::route::Mode;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::World;

const ASKED: &str = "SELECT CONCAT_WS('|', @@sql_mode, @@time_zone, @@group_concat_max_len, @@div_precision_increment, \
                     @@default_week_format, @@lc_time_names, FROM_UNIXTIME(0), 1 / 7, WEEK('2024-01-06'), \
                     GROUP_CONCAT(REPEAT('x', 9)), DATE_FORMAT('2024-01-01', '%W'))";

async fn answer(conn: &mut Conn) -> String {
    conn.query_first(ASKED).await.expect("an answer").expect("a row")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_begin_with_mysqls_own_settings_after_the_flip() {
    let world = World::new();
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in [
        "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(3))",
        "SET GLOBAL sql_mode = 'NO_ZERO_DATE'",
        "SET GLOBAL time_zone = '+03:00'",
        "SET GLOBAL group_concat_max_len = 7",
        "SET GLOBAL div_precision_increment = 6",
        "SET GLOBAL lc_time_names = 'de_DE'",
    ] {
        direct.query_drop(statement).await.expect(statement);
    }
    let mut bascule = world.start().await;
    let mut early = Conn::from_url(world.url()).await.expect("a connection");
    let before = answer(&mut early).await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    // Changed since mirroring began.
    direct.query_drop("SET GLOBAL default_week_format = 3").await.expect("a setting");
    let mut late = Conn::from_url(world.url()).await.expect("a connection");
    let expected = answer(&mut late).await;
    assert_ne!(before, expected);

    let report = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(report.performed, "{report:?}");
    let mut new = Conn::from_url(world.url()).await.expect("a connection");
    assert_eq!(answer(&mut new).await, expected);
    assert_eq!(answer(&mut late).await, expected);
    new.query_drop("INSERT INTO item VALUES (1, 'too long')").await.expect("no strict mode cuts it");
    let name: Option<String> = new.query_first("SELECT name FROM item").await.expect("an answer");
    assert_eq!(name.as_deref(), Some("too"));

    bascule.kill();
    drop((early, late, new));
    let _again = world.start().await;
    let mut after = Conn::from_url(world.url()).await.expect("a connection");
    assert_eq!(answer(&mut after).await, expected);
    direct.disconnect().await.expect("a clean end");
}
