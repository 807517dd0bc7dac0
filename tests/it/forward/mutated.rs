//! Clients that send what no client should, over real sockets to a door in front of a real MySQL: sessions end, none is
//! left over, and another client doesn't notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bascule::route::Mode;
use bascule::wire::handshake::HandshakeResponse;
use bascule::wire::{Capabilities, packet};
use bytes::BytesMut;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};

const STREAMS: usize = 300;
/// So many are under way at a time.
const BESIDE: usize = 12;
/// A stream that leaves MySQL waiting for the rest of a packet isn't waited for any longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// A login without a password, and commands of every kind.
fn stream() -> Vec<u8> {
    let response = HandshakeResponse {
        zstd_level: None,
        capabilities: USUAL.with(Capabilities::DEPRECATE_EOF).with(Capabilities::SESSION_TRACK),
        max_packet: 1 << 24,
        collation: 45,
        user: b"mutated".to_vec(),
        auth_data: Vec::new(),
        database: None,
        plugin: Some(b"caching_sha2_password".to_vec()),
        attributes: Vec::new(),
    };
    let mut out = BytesMut::new();
    packet::put(&mut out, &response.encode(), 1);
    let commands: [&[u8]; 18] = [
        b"\x03SELECT 1; SELECT 2, 'two'",
        b"\x03SET @a = 1, time_zone = '+01:00'",
        b"\x16SELECT ?, ?",
        b"\x17\x01\0\0\0\0\x01\0\0\0\0\x01\x08\0\xfd\0\x05\0\0\0\0\0\0\0\x03abc",
        b"\x17\x01\0\0\0\x01\x01\0\0\0\0\x00\x05\0\0\0\0\0\0\0\x03abc",
        b"\x1c\x01\0\0\0\x01\0\0\0",
        b"\x18\x01\0\0\0\x01\0data",
        b"\x1a\x01\0\0\0",
        b"\x03BEGIN",
        b"\x03SELEKT",
        b"\x03COMMIT",
        b"\x0e",
        b"\x09",
        b"\x1b\x01\0",
        b"\x1f",
        b"\x11mutated\0\0\0\x2d\0caching_sha2_password\0",
        b"\x03SELECT REPEAT('x', 70000)",
        b"\x01",
    ];
    commands.into_iter().for_each(|command| {
        packet::put(&mut out, command, 0);
    });
    out.to_vec()
}

/// The stream with some bytes changed, removed, put in or cut off; the login stays in most cases, so that more is reached.
fn mutated(stream: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut data = stream.to_vec();
    let first = if random.gen_bool(0.3) { 0 } else { 4 + usize::from(stream[0]) };
    for _ in 0..random.gen_range(1..8) {
        let at = random.gen_range(first..data.len().max(first + 1));
        match random.gen_range(0..6) {
            0..=2 if at < data.len() => data[at] = random.r#gen(),
            3 if at < data.len() => drop(data.remove(at)),
            4 if at <= data.len() => data.insert(at, random.r#gen()),
            5 if random.gen_bool(0.2) => data.truncate(at),
            _ => {}
        }
    }
    data
}

/// Sends a stream in pieces and reads whatever comes until the end, or until nothing comes any more.
async fn visit(address: std::net::SocketAddr, data: Vec<u8>, piece: usize) {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let mut heard = BytesMut::with_capacity(1 << 16);
    // The greeting comes first.
    let _ = timeout(PATIENCE * 20, stream.read_buf(&mut heard)).await;
    for piece in data.chunks(piece) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
    }
    while let Ok(Ok(1..)) = timeout(PATIENCE, stream.read_buf(&mut heard)).await {
        heard.clear();
    }
}

/// Counts panics in threads of sessions: a task that panics ends as quietly as one that's done.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counted, before) = (Arc::clone(&count), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name().is_some_and(|name| name.starts_with("sessions-")) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        before(info);
    }));
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stream_of_bytes_breaks_the_door_or_leaves_a_session() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let panics = count_panics();
    let opened = Opened::before(mysql().port(), Wishes { captures: true, ..Wishes::default() });
    opened.control.start_capturing();
    opened.control.set_mode(Mode::Mirror, 1);
    let mut root = Raw::connect(mysql(), USUAL, "root", "").await;
    // Without any privilege, since statements may mutate into others.
    root.query("CREATE USER mutated").await;
    let mut other = Raw::connect(opened.address, USUAL, "root", "").await;
    let expected = other.query("SELECT 1, 'other'").await;
    let whole = stream();
    let mut running = JoinSet::new();
    for number in 0..STREAMS {
        if running.len() == BESIDE {
            running.join_next().await.expect("one runs").expect("no panic");
        }
        let piece = [1, 7, 64, 4096][random.gen_range(0..4)];
        running.spawn(visit(opened.address, mutated(&whole, &mut random), piece));
        if number % 10 == 0 {
            assert_eq!(other.query("SELECT 1, 'other'").await, expected, "SEED={seed}");
        }
    }
    running.join_all().await;
    assert_eq!(other.query("SELECT 1, 'other'").await, expected, "SEED={seed}");
    drop(other);
    if timeout(Duration::from_secs(10), opened.all_gone()).await.is_err() {
        let at_work = root.query("SELECT * FROM information_schema.processlist WHERE user <> 'root'").await;
        let at_work = String::from_utf8_lossy(&at_work).into_owned();
        panic!("SEED={seed}: {:?}\n{at_work:?}", opened.route.sessions());
    }
    root.query("DROP USER mutated").await;
    opened.close().await;
    assert_eq!(panics.load(Ordering::SeqCst), 0, "SEED={seed}");
}
