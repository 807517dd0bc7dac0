//! Clients that are gone at each step of a login, and clients that take for ever: in each of the three modes. MySQL's
//! threads, Bascule's files and its sessions are afterwards what they were, and others are served meanwhile.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bascule::admin::Rehearsal;
use bascule::route::Mode;
use bascule::wire::handshake::Greeting;
use bascule::wire::packet;
use bytes::BytesMut;
use futures_util::future::join_all;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::steps::{STRANGER, Step, come, framed, response};
use super::{Census, Control, configure, no_panic};
use crate::operations::health::get;
use crate::world::{Bascule, World, free_port};

/// In seconds: a client that hasn't logged in by then is closed, where clients dawdle.
const HANDSHAKE: u64 = 1;
/// And elsewhere: a debug build takes seconds to make a key.
const PATIENT: &str = "handshake_timeout_seconds = 20";
/// `max_connections`.
const PLACES: usize = 40;

struct Stage {
    world: World,
    bascule: Bascule,
    watch: Conn,
    address: SocketAddr,
    health: u16,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_vanish_or_dawdle_at_any_step_leave_nothing_and_hinder_nobody() {
    let world = World::new();
    let health = free_port();
    let listen = format!("{PATIENT}\nmax_connections = {PLACES}\nthreads = 2");
    configure(&world, &[("listen", &listen), ("admin", &format!("health_address = \"127.0.0.1:{health}\""))]);
    let mut watch = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
    let account = format!("CREATE USER {STRANGER} IDENTIFIED WITH caching_sha2_password BY 'secret'");
    for statement in [Control::TABLE, &account] {
        watch.query_drop(statement).await.expect(statement);
    }
    let bascule = world.start().await;
    let address = (Ipv4Addr::LOCALHOST, world.port()).into();
    let mut stage = Stage { world, bascule, watch, address, health };
    let hasty = format!("handshake_timeout_seconds = {HANDSHAKE}");
    for mode in [Mode::Passthrough, Mode::Mirror, Mode::Postgres] {
        match mode {
            Mode::Passthrough => {}
            Mode::Mirror => {
                stage.world.admin().set_mode(mode).await.expect("mirroring begins");
                stage.world.wait_streaming().await;
            }
            Mode::Postgres => {
                let proof = stage.world.verify().await;
                assert_eq!((proof.differences, proof.skipped.len()), (0, 0), "{proof:?}");
                let flip = stage.world.admin().cutover(Rehearsal::Perform).await.expect("a flip");
                assert!(flip.performed, "{flip:?}");
            }
        }
        count(&stage).await;
        vanish(&mut stage, mode).await;
        allow(&stage, PATIENT, &hasty).await;
        dawdle(&mut stage, mode).await;
        allow(&stage, &hasty, PATIENT).await;
    }
    no_panic(&stage.world);
}

/// Changes the time for a login while Bascule runs.
async fn allow(stage: &Stage, before: &str, now: &str) {
    let path = stage.world.config_path();
    let text = std::fs::read_to_string(&path).expect("a configuration");
    std::fs::write(&path, text.replace(before, now)).expect("written");
    let report = stage.world.admin().reload().await.expect("read again");
    assert_eq!(report.applied, ["listen.handshake_timeout_seconds"]);
}

/// A client that is gone before its login is counted once, as a login that failed.
async fn count(stage: &Stage) {
    let before = metrics(stage.health).await;
    come(stage.address, Step::Greeted).await.leave(false);
    let mut now = metrics(stage.health).await;
    while now == before || now.1 == before.1 {
        now = metrics(stage.health).await;
    }
    assert_eq!(now, (before.0 + 1, before.1 + 1));
}

/// Connections, and failed logins.
async fn metrics(port: u16) -> (u64, u64) {
    let (_, text) = get(port, "/metrics").await;
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}: {text}"))
    };
    (value("bascule_connections_total"), value("bascule_logins_failed_total"))
}

async fn vanish(stage: &mut Stage, mode: Mode) {
    // Whatever a first session opens is open now.
    Control::start(stage.world.url()).await.end("warming up").await;
    let before = Census::settled(&stage.world, &stage.bascule, &mut stage.watch).await;
    let control = Control::start(stage.world.url()).await;
    for step in Step::ALL {
        let clients = join_all((0..4).map(|_| come(stage.address, step))).await;
        for (number, client) in clients.into_iter().enumerate() {
            client.leave(number % 2 == 0);
        }
    }
    control.end(&format!("clients that vanish in mode {mode}")).await;
    before.is_back(&stage.world, &stage.bascule, &mut stage.watch, &format!("vanished in mode {mode}")).await;
}

/// What a client that doesn't finish gets of the server until it's closed.
async fn heard(mut stream: TcpStream) -> usize {
    let mut heard = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut heard).await;
    heard.len()
}

/// Says its response byte by byte.
async fn byte_by_byte(address: SocketAddr, pause: Duration, user: &str) -> (TcpStream, bool) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut unread = BytesMut::new();
    let first = loop {
        if let Some(packet) = packet::take(&mut unread, usize::MAX).expect("no limit") {
            break packet;
        }
        stream.read_buf(&mut unread).await.expect("a greeting");
    };
    let greeting = Greeting::parse(&first.payload).expect("a greeting");
    let mut pace = tokio::time::interval(pause);
    for byte in framed(&response(&greeting, user, "caching_sha2_password"), 1) {
        pace.tick().await;
        if stream.write_all(&[byte]).await.is_err() {
            return (stream, false);
        }
    }
    (stream, true)
}

async fn dawdle(stage: &mut Stage, mode: Mode) {
    let (address, fault) = (stage.address, format!("clients that dawdle in mode {mode}"));
    let before = Census::settled(&stage.world, &stage.bascule, &mut stage.watch).await;
    let control = Control::start(stage.world.url()).await;
    // A slow client that finishes in time is served.
    let (mut honest, finished) = byte_by_byte(address, Duration::from_millis(2), "root").await;
    let mut answer = [0; 5];
    honest.read_exact(&mut answer).await.expect("an answer");
    assert!(finished && answer[4] == 0, "{fault}: {answer:?}");
    drop(honest);
    while stage.world.admin().sessions().await.expect("sessions").len() > 1 {}

    // All places but the control session's are taken by those who never finish.
    let begun = Instant::now();
    let mut silent = Vec::new();
    for number in 1..PLACES {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        if number % 2 == 0 {
            stream.read_exact(&mut [0; 4]).await.expect("a greeting");
        }
        silent.push(stream);
    }
    while stage.world.admin().sessions().await.expect("sessions").len() < PLACES {}
    let mut refused = TcpStream::connect(address).await.expect("a connection");
    let mut words = Vec::new();
    refused.read_to_end(&mut words).await.expect("words");
    assert!(words.ends_with(b"Too many connections"), "{fault}: {words:?}");
    silent.truncate(PLACES / 2);
    while stage.world.admin().sessions().await.expect("sessions").len() > PLACES / 2 + 1 {}
    let slow = (0..5).map(|_| byte_by_byte(address, Duration::from_millis(100), "root"));
    let (ended, slow) = tokio::join!(join_all(silent.into_iter().map(heard)), join_all(slow));
    assert!(ended.iter().all(|&heard| heard < 200), "{fault}: a greeting at most: {ended:?}");
    assert!(slow.iter().all(|(_, finished)| !finished), "{fault}: the timeout ends those who are too slow");
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(HANDSHAKE) && took < Duration::from_secs(HANDSHAKE + 8), "{fault}: {took:?}");
    drop(slow);
    control.end(&fault).await;
    before.is_back(&stage.world, &stage.bascule, &mut stage.watch, &fault).await;
    Control::start(stage.world.url()).await.end(&format!("after {fault}")).await;
}
