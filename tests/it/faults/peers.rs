//! Peers that are half there: a client that has closed its sending side, one that doesn't read, one that is silent. The
//! last two are for the system to notice; what it's told to do is looked up in its own list of connections.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bascule::route::Mode;
use bascule::sandbox;
use bascule::wire::tracker::ReplyShape;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::steps::{Step, Wire, come, framed};
use super::{Connected, files, sockets};
use crate::forward::door::{Opened, Wishes};
use crate::operations::site::{Site, until};

/// The timer that waits until a silent peer is asked whether it's there.
const KEEPALIVE: u8 = 2;

fn mysql() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, sandbox::shared().expect("servers start").mysql.port()).into()
}

async fn logged_in(address: SocketAddr) -> TcpStream {
    let Wire::Plain(stream) = come(address, Step::LoggedIn).await else { panic!("it comes without TLS") };
    stream
}

/// Everything that a client gets that says `commands`, and then that it will say no more.
async fn half_closed(address: SocketAddr, commands: &[&[u8]]) -> Vec<u8> {
    let mut stream = logged_in(address).await;
    let all: Vec<u8> = commands.iter().flat_map(|command| framed(command, 0)).collect();
    stream.write_all(&all).await.expect("sent");
    stream.shutdown().await.expect("half closed");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.expect("answers and the end");
    heard
}

/// As MySQL: what was asked is answered, and what comes then is the end, and the end of a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_says_no_more_gets_its_answers() {
    // PostgreSQL doesn't tell the width of REPEAT.
    let large: &[u8] = b"\x03SELECT REPEAT('x', 500000)";
    for (site, last) in [(Site::forwarding(""), large), (Site::serving(""), b"\x03SELECT 7")] {
        let commands: [&[u8]; 3] = [b"\x03SELECT SLEEP(0.2)", b"\x03BEGIN", last];
        let mut direct = half_closed(mysql(), &commands).await;
        // MySQL's last word to whoever can't speak any more: that it couldn't read. Bascule closes without it.
        let unread = b"\x33\0\0\0\xff\x86\x04#08S01Got an error reading communication packets";
        assert!(direct.ends_with(unread));
        direct.truncate(direct.len() - unread.len());
        let running = site.start().await;
        drop(logged_in(site.address()).await);
        let before = files(running.child.id());
        let through = half_closed(site.address(), &commands).await;
        assert!(through == direct, "{} bytes, and from MySQL itself {}", through.len(), direct.len());
        until("its files are closed", || files(running.child.id()) <= before + 1).await;
    }
    // While writes are recorded their answers wait for the disk.
    let opened = Opened::before(mysql().port(), Wishes { captures: true, ..Wishes::default() });
    opened.control.start_capturing();
    opened.control.set_mode(Mode::Mirror, 1);
    let database = sandbox::shared().expect("servers start").create_database().expect("a database").name;
    let enter = format!("\x02{database}");
    let commands: [&[u8]; 5] = [
        enter.as_bytes(),
        b"\x03CREATE TABLE t (id INT PRIMARY KEY)",
        b"\x03INSERT INTO t VALUES (1), (2)",
        b"\x03BEGIN",
        b"\x03INSERT INTO t VALUES (3)",
    ];
    let answers = half_closed(opened.address, &commands).await;
    let oks = answers.windows(6).filter(|bytes| bytes[1..3] == [0, 0] && bytes[3..5] == [1, 0]).count();
    assert_eq!(oks, commands.len(), "{answers:?}");
    let rows = half_closed(mysql(), &[format!("\x03SELECT COUNT(*) FROM {database}.t").as_bytes()]).await;
    assert!(rows.windows(2).any(|bytes| bytes == b"\x012"), "the open transaction is undone: {rows:?}");
    opened.close().await;
}

/// The connections of a site's process to its clients and to MySQL.
fn both(site: &Site, pid: u32) -> (Vec<Connected>, Vec<Connected>) {
    let mysql = mysql().port();
    let known = sockets(pid).into_iter().filter(|socket| socket.from == site.port || socket.to == mysql);
    known.partition(|socket| socket.from == site.port)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_peers_are_asked_whether_they_are_there() {
    let asked = |socket: &Connected| {
        socket.timer.0 == KEEPALIVE && (61..=77).contains(&socket.timer.1.as_secs().saturating_add(1))
    };
    for (listen, expected) in [("keepalive_seconds = 77", true), ("keepalive_seconds = 0", false)] {
        let site = Site::forwarding(listen);
        let running = site.start().await;
        let client = logged_in(site.address()).await;
        let (mut last, pid) = ((Vec::new(), Vec::new()), running.child.id());
        until("the timers are as they should be", || {
            last = both(&site, pid);
            let (clients, servers) = &last;
            // Other connections to MySQL are Bascule's own, with a minute.
            let quiet = |socket: &Connected| socket.timer.0 == 0;
            match expected {
                true => clients.iter().any(asked) && servers.iter().any(asked),
                false => clients.iter().any(quiet) && servers.iter().any(quiet),
            }
        })
        .await;
        drop(client);
    }
}

/// A client that doesn't take its answer for `tcp_user_timeout_seconds` is closed, and so is its connection to MySQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_is_closed() {
    let site = Site::forwarding("tcp_user_timeout_seconds = 1");
    let running = site.start().await;
    drop(logged_in(site.address()).await);
    let mut other = site.client().await;
    let before = files(running.child.id());
    let mut stuck = logged_in(site.address()).await;
    let question = b"\x03SELECT REPEAT('x', 60000000)";
    stuck.write_all(&framed(question, 0)).await.expect("sent");
    let begun = Instant::now();
    until("the client is closed", || {
        let (clients, _) = both(&site, running.child.id());
        clients.len() == 1
    })
    .await;
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(10), "{took:?}");
    assert!(!other.query("SELECT 1").await.is_empty(), "who reads is served");
    until("everything of it is closed", || files(running.child.id()) <= before).await;
    other.send(b"\x0e", 0).await;
    assert!(!other.reply(ReplyShape::Simple, b"").await.is_empty());
}
