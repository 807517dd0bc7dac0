//! The orderly end. MySQL 9.7 at its own SHUTDOWN closes idle clients and those inside a transaction without a word, and
//! says 1053 to those whose statement it breaks off.

use rustix::process::Signal;

use super::site::{Site, until};
use crate::forward::raw::Raw;
use bascule::wire::tracker::ReplyShape;

const SHUTDOWN: &[u8] = b"\xff\x1d\x04#08S01Server shutdown in progress";

/// What came before the end of the connection.
async fn rest(client: &mut Raw) -> Vec<u8> {
    client.rest().await.to_vec()
}

fn is_ok(reply: &[u8]) -> bool {
    reply.get(4) == Some(&0)
}

#[tokio::test]
async fn sessions_finish_their_transaction_or_statement_and_nobody_comes_in() {
    for site in [Site::forwarding(""), Site::serving("")] {
        let mut running = site.start().await;
        let database = &site.database;
        let (mut idle, mut writer, mut busy) = (site.client().await, site.client().await, site.client().await);
        writer.query(&format!("CREATE DATABASE IF NOT EXISTS {database}")).await;
        let made = writer.query(&format!("CREATE TABLE {database}.t (id INT PRIMARY KEY)")).await;
        assert!(is_ok(&made), "{made:?}");
        writer.query("BEGIN").await;
        writer.query(&format!("INSERT INTO {database}.t VALUES (1)")).await;
        busy.send(b"\x03SELECT SLEEP(1)", 0).await;
        let sessions = || site.admin();
        while sessions().sessions().await.expect("sessions").iter().filter(|session| session.active).count() < 2 {}
        running.signal(Signal::TERM);
        assert_eq!(rest(&mut idle).await, b"", "as MySQL: the end without a word");
        // Each session thread closes its own listener.
        let refused = || std::net::TcpStream::connect(site.address()).err().map(|error| error.kind());
        until("nobody comes in", || refused() == Some(std::io::ErrorKind::ConnectionRefused)).await;
        let reply = busy.reply(ReplyShape::Results, b"").await;
        assert!(reply.len() > 20 && !reply.contains(&0xff), "the statement is answered: {reply:?}");
        assert_eq!(rest(&mut busy).await, b"");
        assert!(is_ok(&writer.query(&format!("INSERT INTO {database}.t VALUES (2)")).await));
        assert!(is_ok(&writer.query("COMMIT").await));
        assert_eq!(rest(&mut writer).await, b"");
        assert_eq!(running.ended().await.code(), Some(0));
        assert!(site.log().contains("no more clients are let in"), "{}", site.log());

        let _running = site.spawn(&[]);
        until("it listens again", || std::net::TcpStream::connect(site.address()).is_ok()).await;
        let reply = site.client().await.query(&format!("SELECT COUNT(*) FROM {database}.t")).await;
        assert!(reply.windows(2).any(|pair| pair == b"\x012"), "{reply:?}");
    }
}

#[tokio::test]
async fn who_takes_too_long_is_cut_off_and_named() {
    let listen = "shutdown_timeout_seconds = 1";
    for (site, forwards) in [(Site::forwarding(listen), true), (Site::serving(listen), false)] {
        let mut running = site.start().await;
        let database = &site.database;
        let (mut holder, mut waiter, mut alone) = (site.client().await, site.client().await, site.client().await);
        holder.query(&format!("CREATE DATABASE IF NOT EXISTS {database}")).await;
        holder.query(&format!("CREATE TABLE {database}.t (id INT PRIMARY KEY)")).await;
        holder.query(&format!("INSERT INTO {database}.t VALUES (1)")).await;
        holder.query("BEGIN").await;
        holder.query(&format!("UPDATE {database}.t SET id = 5")).await;
        waiter.query("BEGIN").await;
        waiter.send(format!("\x03UPDATE {database}.t SET id = 9").as_bytes(), 0).await;
        alone.send(format!("\x03UPDATE {database}.t SET id = id").as_bytes(), 0).await;
        while site.admin().status().await.expect("a status").active_sessions < 3 {}
        running.signal(Signal::INT);
        assert_eq!(waiter.rest().await.get(1..), Some(SHUTDOWN), "forwards: {forwards}; {}", site.log());
        assert_eq!(rest(&mut holder).await, b"");
        // MySQL may still commit it, and nobody can ask; PostgreSQL has answered.
        let words = rest(&mut alone).await;
        assert_eq!(words.get(1..).unwrap_or_default(), if forwards { &b""[..] } else { SHUTDOWN });
        assert_eq!(running.ended().await.code(), Some(0), "{}", site.log());
        let log = site.log();
        let cut = log.lines().find(|line| line.contains("are cut off")).expect("they are named");
        assert!(cut.contains("sessions=3") && cut.contains("(root@127.0.0.1"), "{cut}");
        assert!(cut.contains("in transaction") && cut.contains("in statement"), "{cut}");

        let _running = site.spawn(&[]);
        until("it listens again", || std::net::TcpStream::connect(site.address()).is_ok()).await;
        let reply = site.client().await.query(&format!("SELECT id + 100 FROM {database}.t")).await;
        assert!(reply.windows(4).any(|found| found == b"\x03101"), "rolled back: {reply:?}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let site = Site::forwarding("");
    let mut running = site.start().await;
    let mut holder = site.client().await;
    holder.query("BEGIN").await;
    running.signal(Signal::TERM);
    site.logged("no more clients are let in").await;
    running.signal(Signal::TERM);
    assert_eq!(running.ended().await.code(), Some(1));
    assert!(site.log().contains("ended at once"), "{}", site.log());
    assert_eq!(holder.packet().await, None);
}
