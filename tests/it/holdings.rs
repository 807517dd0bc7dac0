//! What hinders a flip of a session is what MySQL says that its connection holds, also what routines took and gave back.

use bascule::admin::Rehearsal;
use bascule::route::{Blocker, Mode, SessionInfo};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::world::World;

const BEFORE: [&str; 5] = [
    "CREATE TABLE t (id INT PRIMARY KEY)",
    "CREATE PROCEDURE takes() DO GET_LOCK('job', 0)",
    "CREATE PROCEDURE gives() DO RELEASE_LOCK('job')",
    "CREATE PROCEDURE prepares() PREPARE made FROM 'SELECT 1'",
    "CREATE PROCEDURE sets() SET @p = 1",
];

/// Statements one after the other, and what the session holds after each: the one blocker and its reason, or nothing.
const STEPS: [(&str, Option<(Blocker, &str)>); 14] = [
    ("CALL takes()", Some((Blocker::NamedLocks, "'job'"))),
    ("CALL gives()", None),
    ("SELECT GET_LOCK('other', 0)", Some((Blocker::NamedLocks, "'other'"))),
    ("SELECT RELEASE_ALL_LOCKS()", None),
    ("FLUSH TABLES WITH READ LOCK", Some((Blocker::GlobalLocks, "a lock on all tables or on the instance"))),
    ("UNLOCK TABLES", None),
    ("LOCK INSTANCE FOR BACKUP", Some((Blocker::GlobalLocks, "a lock on all tables or on the instance"))),
    ("UNLOCK INSTANCE", None),
    ("HANDLER t OPEN AS h", Some((Blocker::Handler, "t"))),
    ("HANDLER h CLOSE", None),
    ("LOCK TABLES t READ", Some((Blocker::LockedTables, "LOCK TABLES"))),
    ("UNLOCK TABLES", None),
    ("SELECT 1 INTO @a", Some((Blocker::UserVariables, "@a"))),
    ("SET @a = NULL", None),
];

/// The session of a connection, with what its connection in MySQL holds.
async fn told(world: &World, conn: &mut Conn) -> SessionInfo {
    let id: Option<u64> = conn.query_first("SELECT CONNECTION_ID()").await.expect("an answer");
    let sessions = world.admin().sessions().await.expect("sessions");
    sessions.into_iter().find(|session| Some(session.connection_id) == id).expect("it's listed")
}

async fn refusals(world: &World) -> Vec<(String, String)> {
    let rehearsal = world.admin().cutover(Rehearsal::DryRun).await.expect("a rehearsal");
    rehearsal.blockers.into_iter().map(|blocker| (blocker.subject, blocker.reason)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_is_asked_what_its_connections_hold() {
    let world = World::new();
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in BEFORE {
        direct.query_drop(statement).await.expect(statement);
    }
    let _bascule = world.start().await;
    world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
    world.wait_streaming().await;
    let mut conn = Conn::from_url(world.url()).await.expect("a connection through Bascule");
    for (statement, held) in STEPS {
        conn.query_drop(statement).await.expect(statement);
        let session = told(&world, &mut conn).await;
        let blockers: Vec<_> = session.blockers.iter().map(|found| (found.what, found.why.as_str())).collect();
        assert_eq!(blockers, Vec::from_iter(held), "{statement}");
        let refused = refusals(&world).await;
        assert_eq!(refused.len(), usize::from(held.is_some()), "{statement}: {refused:?}");
        let subject = format!("(connection {})", session.connection_id);
        assert!(refused.iter().all(|(told, _)| told.ends_with(&subject)), "{statement}: {refused:?}");
    }
    routines_are_suspected(&world, &mut conn).await;
    who_does_not_tell_is_named(&world, &mut conn, &mut direct).await;
}

/// What a routine left is told by its name where MySQL tells it, and "perhaps" where it doesn't.
async fn routines_are_suspected(world: &World, conn: &mut Conn) {
    conn.query_drop("CALL prepares()").await.expect("called");
    conn.query_drop("CALL sets()").await.expect("called");
    let session = told(world, conn).await;
    assert_eq!((&session.text_prepared[..], &session.user_variables[..]), (&["made".into()][..], &["p".into()][..]));
    let perhaps: Vec<_> = session.blockers.iter().filter(|found| !found.certain).map(|found| found.what).collect();
    assert_eq!(perhaps, [Blocker::Routine], "{session:?}");
    conn.reset().await.expect("reset");
    let session = told(world, conn).await;
    assert!(session.blockers.is_empty() && session.text_prepared.is_empty(), "{session:?}");
}

/// When MySQL doesn't tell who holds locks, a flip is refused while routines speak of them.
async fn who_does_not_tell_is_named(world: &World, conn: &mut Conn, direct: &mut Conn) {
    let instrument = |enabled: &str| {
        format!(
            "UPDATE performance_schema.setup_instruments SET enabled = '{enabled}' \
             WHERE name = 'wait/lock/metadata/sql/mdl'"
        )
    };
    direct.query_drop(instrument("NO")).await.expect("switched off");
    let session = told(world, conn).await;
    let reason = session.not_asked.unwrap_or_default();
    assert!(reason.contains("doesn't instrument metadata locks"), "{reason}");
    let refused = refusals(world).await;
    let [(subject, reason)] = &refused[..] else { panic!("{refused:?}") };
    assert_eq!(subject, "sessions");
    assert!(reason.contains(&format!("{}.takes", world.database)) && !reason.contains(".sets"), "{reason}");
    direct.query_drop(instrument("YES")).await.expect("switched on");
    assert_eq!(refusals(world).await, []);
}
