//! The proof itself: planted differences of every class are found with key, column, values and cause, repaired, and
//! nothing is found where nothing is, also while writes go on.

use bascule::admin::{Rehearsal, Status, TableDifferences, VerifyRequest};
use bascule::route::Mode;
use bascule::verify::Cause;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::World;

const SHOP: [&str; 6] = [
    "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DOUBLE, made DATETIME, note TEXT, \
     UNIQUE KEY (name))",
    "CREATE TABLE log (line VARCHAR(40), n INT)",
    "CREATE TABLE quiet (id INT PRIMARY KEY, t TEXT)",
    "INSERT INTO item SELECT n, CONCAT('Näme ', n), n / 3, '2024-05-01 10:00:00' + INTERVAL n HOUR, CONCAT('note ', n, '  ') \
     FROM (WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 200) SELECT n FROM r) AS s",
    "INSERT INTO log SELECT CONCAT('line ', id % 7), id % 3 FROM item",
    "INSERT INTO quiet SELECT id, name FROM item",
];

/// Each with the key and the column that it changes, and what should be said of it. An empty column is a whole row.
const PLANTED: [(&str, &str, &str, Cause); 17] = [
    ("UPDATE item SET note = rtrim(note) WHERE id = 1", "1", "note", Cause::TrailingBlanks),
    ("UPDATE item SET note = 'no' WHERE id = 2", "2", "note", Cause::Truncated),
    ("UPDATE item SET note = upper(note) WHERE id = 3", "3", "note", Cause::LetterCase),
    ("UPDATE item SET name = 'N?me 4' WHERE id = 4", "4", "name", Cause::Charset),
    ("UPDATE item SET name = 'NÃ¤me 5' WHERE id = 5", "5", "name", Cause::Charset),
    ("UPDATE item SET price = price::real WHERE id = 7", "7", "price", Cause::Rounded),
    ("UPDATE item SET price = price + 1 WHERE id = 8", "8", "price", Cause::OtherValue),
    ("UPDATE item SET price = NULL WHERE id = 9", "9", "price", Cause::Null),
    ("UPDATE item SET made = made - interval '2 hours' WHERE id = 10", "10", "made", Cause::TimeZone),
    ("UPDATE item SET made = made + interval '3 days' WHERE id = 11", "11", "made", Cause::OtherValue),
    ("UPDATE item SET note = NULL WHERE id = 12", "12", "note", Cause::Null),
    ("UPDATE item SET note = 'other' WHERE id = 13", "13", "note", Cause::OtherValue),
    ("DELETE FROM item WHERE id = 14", "14", "", Cause::MissingRow),
    ("INSERT INTO item (id, name) VALUES (-5, 'extra')", "-5", "", Cause::ExtraRow),
    // Swapped keys.
    (
        "UPDATE item SET name = CASE id WHEN 15 THEN 'Näme 16x' ELSE 'Näme 15x' END WHERE id IN (15, 16)",
        "15",
        "name",
        Cause::OtherValue,
    ),
    ("UPDATE item SET id = 1017 WHERE id = 17", "17", "", Cause::MissingRow),
    ("UPDATE item SET note = note WHERE id = 1017", "1017", "", Cause::ExtraRow),
];

async fn mirrored(world: &World) {
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in SHOP {
        direct.query_drop(statement).await.expect(statement);
    }
    direct.disconnect().await.expect("a clean end");
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
}

fn of<'a>(found: &'a [TableDifferences], table: &str) -> &'a TableDifferences {
    found.iter().find(|found| found.table.ends_with(table)).unwrap_or_else(|| panic!("no {table} in {found:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planted_differences_are_named_and_repaired() {
    let world = World::new();
    let _bascule = world.start().await;
    mirrored(&world).await;
    let clean = world.verify().await;
    assert!(clean.is_proof() && clean.rows == 600, "{clean:?}");
    let mut changes = vec![format!("SET search_path = \"{}\"", world.database)];
    changes.extend(PLANTED.map(|(statement, ..)| statement.to_owned()));
    changes.push("DELETE FROM log WHERE ctid IN (SELECT ctid FROM log LIMIT 3)".to_owned());
    world.servers.postgres.execute(&world.database, &changes.join("; ")).expect("differences are planted");

    let only = VerifyRequest { tables: vec!["quiet".to_owned()], ..VerifyRequest::default() };
    let untouched = world.admin().verify(&only).await.expect("a comparison");
    assert!(untouched.is_proof() && untouched.tables == 1, "{untouched:?}");
    let found = world.verify().await;
    assert_eq!(found.differing.len(), 2, "{found:?}");
    let item = of(&found.differing, ".item");
    assert_eq!(item.differing, 18, "{item:?}");
    for (statement, key, column, cause) in PLANTED {
        let named = item.examples.iter().any(|example| {
            example.key == key && example.column.as_deref().unwrap_or_default() == column && example.cause == cause
        });
        assert!(named, "{statement}\n{item:#?}");
    }
    let log = of(&found.differing, ".log");
    assert_eq!((log.differing, log.rows_source, log.rows_target), (3, 200, 197), "{log:?}");
    assert!(!world.log().contains("Näme"), "values stay out of the log");

    let repaired = world.admin().verify(&VerifyRequest { repair: true, ..VerifyRequest::default() }).await;
    let repaired = repaired.expect("a repair");
    assert!(repaired.is_proof(), "{repaired:?}");
    assert_eq!(of(&repaired.repaired, ".item").differing, 18);
    assert!(world.verify().await.is_proof());
    let status = world.admin().status().await.expect("a status").mirror.expect("a mirror");
    let last = status.last_verified.expect("a comparison has ended");
    assert_eq!((last.tables, last.differences, status.verifying), (3, 0, None));
}

/// Tables of many parts: numbers of both signs and beyond 63 bits, bytes, rows that hang on the first, and a key that is
/// generated.
const LARGE: [&str; 8] = [
    "CREATE TABLE wide (id BIGINT UNSIGNED PRIMARY KEY, n INT NOT NULL, UNIQUE KEY (n))",
    "CREATE TABLE bytes (k VARBINARY(16), part INT, t TEXT, PRIMARY KEY (k, part))",
    "CREATE TABLE hangs (id INT PRIMARY KEY, wide BIGINT UNSIGNED, FOREIGN KEY (wide) REFERENCES wide (id) ON DELETE CASCADE)",
    "INSERT INTO wide SELECT IF(n = 30000, 18446744073709551615, n * 1000), n FROM \
     (WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 30000) \
     SELECT /*+ SET_VAR(cte_max_recursion_depth = 30000) */ n FROM r) AS s",
    "INSERT INTO bytes SELECT LEFT(UNHEX(SHA2(n DIV 2, 256)), 16), n % 2, n FROM wide",
    "INSERT INTO hangs SELECT n - 15000, id FROM wide",
    "CREATE TABLE made (id INT NOT NULL UNIQUE, back INT AS (-id) STORED PRIMARY KEY, t INT)",
    "INSERT INTO made (id, t) SELECT n, n FROM wide WHERE n <= 6000",
];

/// Differences within, below and above, each in another part; a unique value that has moved between two of them.
const ELSEWHERE: [&str; 7] = [
    "UPDATE wide SET n = -n WHERE id IN (5000, 20000000)",
    "UPDATE wide SET n = CASE n WHEN -5 THEN 20000 ELSE 5 END WHERE n IN (-5, -20000)",
    "INSERT INTO wide VALUES (0, -1)",
    "DELETE FROM wide WHERE id = 18446744073709551615",
    "UPDATE bytes SET t = 'other' WHERE t = '77'",
    "DELETE FROM made WHERE id IN (5, 5990)",
    "INSERT INTO bytes VALUES ('', 0, 'extra'), (decode('ffffffffffffffffffffffffffffffff', 'hex'), 9, 'extra')",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_parts_that_differ_are_copied_again() {
    let world = World::new();
    let _bascule = world.start().await;
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in LARGE {
        direct.query_drop(statement).await.expect(statement);
    }
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let clean = world.verify().await;
    assert!(clean.is_proof() && clean.rows == 96_000 && clean.parts >= 6, "{clean:?}");
    let begin = format!("SET search_path = \"{}\"; SET session_replication_role = replica; ", world.database);
    let postgres = |statements: &str| {
        world.servers.postgres.execute(&world.database, &format!("{begin}{statements}")).expect(statements);
    };
    postgres(&ELSEWHERE.join("; "));
    postgres("CREATE TABLE public.before AS SELECT id, xmin::text AS version FROM wide");
    let repaired = world.admin().verify(&VerifyRequest { repair: true, ..VerifyRequest::default() }).await;
    let repaired = repaired.expect("a repair");
    assert!(repaired.is_proof(), "{repaired:?}");
    assert_eq!(of(&repaired.repaired, ".wide").differing, 4, "{repaired:?}");
    assert_eq!(of(&repaired.repaired, ".bytes").differing, 3, "{repaired:?}");
    assert_eq!(of(&repaired.repaired, ".made").differing, 2, "{repaired:?}");
    // The row that hung on the deleted one has stayed: foreign keys didn't fire, neither then nor now.
    let again = world.verify().await;
    assert!(again.is_proof() && again.rows == 96_000, "{again:?}");
    postgres(
        "DO $$ BEGIN ASSERT (SELECT count(*) FROM wide JOIN public.before USING (id) \
         WHERE wide.xmin::text = version) BETWEEN 1000 AND 29990, 'parts were left alone'; END $$",
    );
}

/// A comparison that takes its time neither keeps a flip waiting nor lets a second one begin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flip_ends_a_comparison() {
    let world = World::new();
    let _bascule = world.start().await;
    mirrored(&world).await;
    let slow = VerifyRequest { share: Some(1), ..VerifyRequest::default() };
    let client = world.admin();
    let comparison = tokio::spawn(async move {
        let mut compared = 0;
        loop {
            match client.verify(&slow).await {
                Ok(proof) => compared += proof.tables,
                Err(error) => return (compared, error.to_string()),
            }
        }
    });
    let status = world.wait(|status| status.mirror.as_ref().is_some_and(|mirror| mirror.verifying.is_some()), "begun");
    let progress = status.await.mirror.and_then(|mirror| mirror.verifying).expect("how far it is");
    assert_eq!((progress.share, progress.tables), (1, 3));
    let second = world.admin().verify(&VerifyRequest::default()).await;
    assert!(second.as_ref().is_err_and(|error| error.to_string().contains("another comparison")), "{second:?}");
    let flip = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(flip.performed, "{flip:?}");
    let (_, ended) = comparison.await.expect("the comparison ends");
    assert!(ended.contains("the mirror doesn't follow MySQL now"), "{ended}");
}

/// An operator who presses Ctrl-C ends the comparison itself, not only its own waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_ends_with_who_asked_for_it() {
    let world = World::new();
    let _bascule = world.start().await;
    mirrored(&world).await;
    let client = world.admin();
    let comparison = tokio::spawn(async move {
        let slow = VerifyRequest { share: Some(1), ..VerifyRequest::default() };
        loop {
            client.verify(&slow).await.expect("a comparison");
        }
    });
    let verifying = |status: &Status| status.mirror.as_ref().is_some_and(|mirror| mirror.verifying.is_some());
    world.wait(verifying, "begun").await;
    comparison.abort();
    world.wait(|status| !verifying(status), "ended").await;
    assert!(world.verify().await.is_proof());
}

/// A table that is changed past Bascule is named, although its rows are the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_is_no_difference_and_another_definition_is() {
    let world = World::new();
    let _bascule = world.start().await;
    mirrored(&world).await;
    let url = world.url();
    let stop = tokio_util::sync::CancellationToken::new();
    let stopping = stop.clone();
    let load = tokio::spawn(async move {
        let mut conn = Conn::from_url(url).await.expect("a connection");
        let mut n = 0_u32;
        while !stopping.is_cancelled() {
            n += 1;
            conn.query_drop(format!("UPDATE item SET price = {n} WHERE id = {}", n % 200 + 1)).await.expect("a write");
            conn.query_drop(format!("INSERT INTO log VALUES ('{n}', {n})")).await.expect("a write");
        }
        n
    });
    for _ in 0..20 {
        let proof = world.verify().await;
        assert!(proof.is_proof(), "{proof:?}");
    }
    stop.cancel();
    let written = load.await.expect("the load ends");
    assert!(written > 20, "there was load: {written}");
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    direct.query_drop("ALTER TABLE quiet ALTER COLUMN t SET INVISIBLE").await.expect("changed past Bascule");
    let proof = world.admin().verify(&VerifyRequest::default()).await;
    let told = proof.map(|proof| proof.definitions);
    assert!(
        told.as_ref().is_ok_and(|told| told.iter().any(|told| told.contains("quiet") && told.contains("column t"))),
        "{told:?}"
    );
}
