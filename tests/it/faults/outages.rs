//! MySQL hangs, and MySQL goes and comes back, under a hundred sessions that do all kinds of things. Whoever's statement
//! can't be answered is told so by the end of its connection; nothing that was acknowledged is lost, nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bascule::admin::{MirrorPhase, MirrorStatus, Rehearsal, Status, TableState};
use bascule::route::Mode;
use futures_util::future::join_all;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{Census, Control, configure, no_panic};
use crate::world::{Bascule, World};

const SESSIONS: usize = 100;
/// What ends or answers within this is bounded; the machine is shared.
const BOUND: Duration = Duration::from_secs(20);

const TABLES: [&str; 3] = [
    "CREATE TABLE entry (id BIGINT AUTO_INCREMENT PRIMARY KEY, session INT NOT NULL, n INT NOT NULL)",
    "CREATE TABLE locked (id INT PRIMARY KEY, n INT NOT NULL)",
    "INSERT INTO locked VALUES (1, 0)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_hangs_and_restarts_under_a_hundred_sessions() {
    let mut world = World::new();
    configure(&world, &[("source", "connect_timeout_seconds = 2"), ("listen", "threads = 2")]);
    let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    for statement in TABLES.into_iter().chain([Control::TABLE]) {
        direct.query_drop(statement).await.expect(statement);
    }
    let bascule = world.start().await;
    let mut acknowledged = 0;
    for mode in [Mode::Passthrough, Mode::Mirror] {
        if mode == Mode::Mirror {
            world.admin().set_mode(mode).await.expect("mirroring begins");
            world.wait_streaming().await;
        }
        acknowledged += hang(&world, &bascule, mode).await;
        acknowledged += restart(&mut world, &bascule, mode).await;
        let mut direct = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
        let rows: Option<u64> = direct.query_first("SELECT COUNT(*) FROM entry").await.expect("a count");
        // A write that was under way when MySQL went may be there or not.
        let most = acknowledged + (SESSIONS / 5) as u64;
        assert!(rows >= Some(acknowledged) && rows <= Some(most), "{mode}: {rows:?} rows of {acknowledged}");
        acknowledged = rows.unwrap_or_default();
    }
    settle(&world).await;
    let flip = world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
    assert!(flip.performed, "{flip:?}");
    let control = Control::start(world.url()).await;
    signal(&world, Signal::STOP);
    sessions(&world, SESSIONS).await;
    control.end("MySQL hangs after the flip").await;
    signal(&world, Signal::CONT);
    no_panic(&world);
}

fn signal(world: &World, signal: Signal) {
    let pid = i32::try_from(world.servers.mysql.pid()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("a signal");
}

/// That many new sessions, each with a right answer.
async fn sessions(world: &World, count: usize) -> Vec<Conn> {
    let all = join_all((0..count).map(|number| async move {
        let mut conn = Conn::from_url(world.url()).await.expect("a session");
        let answer: Option<usize> = conn.exec_first("SELECT ? + 1", (number,)).await.expect("an answer");
        assert_eq!(answer, Some(number + 1));
        conn
    }));
    tokio::time::timeout(BOUND, all).await.expect("sessions in time")
}

/// Everybody waits, nobody is answered wrongly, new clients are told, and the operator is answered. Returns the rows that
/// were written.
async fn hang(world: &World, bascule: &Bascule, mode: Mode) -> u64 {
    let mut watch = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    drop(sessions(world, 1).await);
    let before = Census::settled(world, bascule, &mut watch).await;
    let all = sessions(world, SESSIONS).await;
    signal(world, Signal::STOP);
    let asked: Vec<JoinHandle<Conn>> = all
        .into_iter()
        .enumerate()
        .map(|(number, mut conn)| {
            tokio::spawn(async move {
                conn.exec_drop("INSERT INTO entry (session, n) VALUES (?, 1)", (number,)).await.expect("a write");
                let id = conn.last_insert_id();
                let read = conn.exec_first("SELECT session FROM entry WHERE id = ?", (id,)).await.expect("a row");
                assert_eq!(read, Some(number), "everybody gets its own answer");
                conn
            })
        })
        .collect();
    let begun = Instant::now();
    let told = join_all((0..10).map(|_| async {
        let mut stream = TcpStream::connect(("127.0.0.1", world.port())).await.expect("a connection");
        let mut words = Vec::new();
        stream.read_to_end(&mut words).await.expect("words");
        words
    }));
    let told = tokio::time::timeout(BOUND, told).await.expect("new clients don't wait for ever");
    for words in &told {
        assert_eq!(words.get(4..7), Some(&b"\xff\xd3\x07"[..]), "{mode}: {}", String::from_utf8_lossy(words));
    }
    world.admin().status().await.expect("a status");
    world.admin().sessions().await.expect("sessions");
    println!("in mode {mode} new clients and the operator were answered after {:?}", begun.elapsed());
    assert!(asked.iter().all(|task| !task.is_finished()), "nobody is answered by a server that hangs");
    signal(world, Signal::CONT);
    for task in join_all(asked).await {
        drop(task.expect("an answer"));
    }
    before.is_back(world, bascule, &mut watch, &format!("MySQL hung in mode {mode}")).await;
    SESSIONS as u64
}

/// MySQL is stopped or killed, and comes back. Returns the writes that were acknowledged.
async fn restart(world: &mut World, bascule: &Bascule, mode: Mode) -> u64 {
    let mut watch = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    let before = Census::settled(world, bascule, &mut watch).await;
    let mut holder = Conn::from_url(world.url()).await.expect("a session");
    holder.query_drop("BEGIN").await.expect("begins");
    holder.query_drop("UPDATE locked SET n = n + 1").await.expect("a lock");
    let acknowledged = Arc::new(AtomicU64::new(0));
    let all = sessions(world, SESSIONS - 1).await;
    let busy: Vec<JoinHandle<Result<Conn, mysql_async::Error>>> = all
        .into_iter()
        .enumerate()
        .map(|(number, conn)| tokio::spawn(work(number, conn, Arc::clone(&acknowledged))))
        .collect();
    while acknowledged.load(Ordering::SeqCst) < 100 {
        tokio::task::yield_now().await;
    }
    let waits = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE locked%' OR info LIKE '%SLEEP(1000)%'";
    while watch.query_first::<usize, _>(waits).await.expect("a count") < Some(2 * (SESSIONS / 5) - 1) {}
    drop(watch);
    if mode == Mode::Mirror {
        world.servers.mysql.kill().expect("kill -9");
    } else {
        world.servers.mysql.stop();
    }
    // Nobody waits for ever, also of those who ask for nothing.
    let begun = Instant::now();
    while world.admin().sessions().await.expect("sessions").len() > before.sessions {
        assert!(begun.elapsed() < BOUND, "{mode}: sessions end with their server");
    }
    world.servers.mysql.restart().expect("MySQL starts again");
    for ended in tokio::time::timeout(BOUND, join_all(busy)).await.expect("everybody ends") {
        if let Ok(mut idle) = ended.expect("no panic") {
            assert!(idle.ping().await.is_err(), "{mode}: its session is gone");
        }
    }
    assert!(holder.query_drop("COMMIT").await.is_err(), "{mode}: its transaction is gone");
    drop(holder);
    let mut watch = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    drop(sessions(world, SESSIONS).await);
    let locked: Option<u32> = watch.query_first("SELECT n FROM locked").await.expect("a row");
    assert_eq!(locked, Some(0), "{mode}: nothing of an open transaction");
    if mode == Mode::Mirror {
        settle_as_operator(world).await;
    }
    before.is_back(world, bascule, &mut watch, &format!("MySQL restarted in mode {mode}")).await;
    acknowledged.load(Ordering::SeqCst)
}

/// What one of the hundred does when MySQL goes. Gives its connection back if it was idle.
async fn work(number: usize, mut conn: Conn, acknowledged: Arc<AtomicU64>) -> Result<Conn, mysql_async::Error> {
    match number % 5 {
        0 => return Ok(conn),
        1 => {
            conn.query_drop("BEGIN").await?;
            conn.query_drop("INSERT INTO entry (session, n) VALUES (-1, -1)").await?;
            conn.query_drop("DO SLEEP(0)").await?;
            return Ok(conn);
        }
        2 => {
            // MySQL may say, as its last word, that the sleep was interrupted.
            conn.query_drop("SELECT SLEEP(1000)").await?;
            return Ok(conn);
        }
        3 => conn.query_drop("UPDATE locked SET n = n + 1").await?,
        _ => loop {
            conn.exec_drop("INSERT INTO entry (session, n) VALUES (?, 2)", (number,)).await?;
            acknowledged.fetch_add(1, Ordering::SeqCst);
        },
    }
    panic!("session {number} was answered by a server that went away");
}

/// As [`settle`], where a server that was killed may have committed what it couldn't answer: such tables are asked to be copied
/// again, and the operator does that.
async fn settle_as_operator(world: &World) {
    let needs_resync = |status: &Status| {
        let tables = status.mirror.iter().flat_map(|mirror| &mirror.tables);
        tables.into_iter().any(|table| table.state == TableState::NeedsResync)
    };
    loop {
        let told = |status: &Status| is_even(status) || needs_resync(status);
        world.wait(told, "every table is mirrored again, or needs a copy").await;
        let needed = needs_resync(&world.admin().status().await.expect("a status"));
        // What broke off may be settled only now: the comparison looks behind everything that was recorded.
        if !needed && world.verify().await.skipped.is_empty() {
            return settle(world).await;
        }
        world.admin().resync(Vec::new()).await.expect("a copy begins");
    }
}

/// Every table is mirrored and nothing is warned of.
fn is_even(status: &Status) -> bool {
    let even = |mirror: &MirrorStatus| {
        let mirrored = mirror.tables.iter().all(|table| table.state == TableState::Mirrored);
        mirror.phase == MirrorPhase::Streaming && mirror.lag_transactions == 0 && mirrored
    };
    status.warnings.is_empty() && status.mirror.as_ref().is_some_and(even)
}

/// Waits until every table is mirrored and nothing is warned of, and compares.
pub(super) async fn settle(world: &World) {
    world.wait(is_even, "every table is mirrored again").await;
    let proof = world.verify().await;
    assert_eq!((proof.differences, proof.skipped.len()), (0, 0), "{proof:?}\n{}", world.log());
}
