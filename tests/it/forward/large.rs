//! What is large: packets at and beyond the length that one packet can have, in both directions, and results of a
//! million rows. None of it may be in Bascule's memory.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use bascule::route::Mode;
use bascule::sandbox;
use bascule::wire::packet::MAX_PAYLOAD;
use bytes::Bytes;
use tokio::net::TcpStream;

use super::door::{Opened, Wishes};
use super::mysql;
use super::raw::{Raw, USUAL};
use crate::world::{Bascule, free_port};

/// A value whose bytes tell where they belong; shorter ones are its front.
static VALUE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let block: Vec<u8> =
        (0..1021_u32).map(|index| b"0123456789abcdefghijklmnopqrstuvwxyz!"[index as usize % 37]).collect();
    block.repeat((40 << 20) / block.len() + 1)
});

/// COM_QUERY whose payload has this length.
fn text_of(length: usize) -> Vec<u8> {
    let (head, tail) = (b"\x03SELECT SHA2('", b"', 256)");
    [&head[..], &VALUE[..length - head.len() - tail.len()], tail].concat()
}

/// COM_QUERY for a row whose payload has this length, below that of two packets.
fn row_of(length: usize) -> Vec<u8> {
    let value = length - if length < MAX_PAYLOAD + 4 { 4 } else { 9 };
    format!("\x03SELECT REPEAT('x', {value})").into_bytes()
}

/// COM_STMT_EXECUTE of the first statement with a value of this length as its only parameter.
fn execution_of(length: usize) -> Vec<u8> {
    let bytes = (length as u64).to_le_bytes();
    let prefix = if length <= MAX_PAYLOAD { [&[0xfd], &bytes[..3]].concat() } else { [&[0xfe], &bytes[..]].concat() };
    [b"\x17\x01\0\0\0\0\x01\0\0\0\0\x01\xfc\0".as_slice(), &prefix, &VALUE[..length]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_sixteen_megabytes_and_more_pass_both_ways() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let capturing = Opened::before(mysql().port(), Wishes { captures: true, ..Wishes::default() });
    capturing.control.start_capturing();
    capturing.control.set_mode(Mode::Mirror, 1);
    let mut clients = Vec::new();
    for (address, style) in [mysql(), opened.address, capturing.address].map(|address| (address, USUAL)) {
        let mut client = Raw::connect(address, style, "root", "").await;
        client.command(b"\x16SELECT ?").await;
        clients.push(client);
    }
    // Just not full, full and so followed by an empty packet, and more: of commands, of rows in text and in binary.
    let full = MAX_PAYLOAD;
    let texts = [full, full + 1].map(text_of);
    let rows = [full, full + 8].map(row_of);
    let executions = [full - 18, full - 6, full - 1, full, full + 1, 40 << 20].map(execution_of);
    for (number, command) in texts.into_iter().chain(rows).chain(executions).enumerate() {
        let mut direct = Bytes::new();
        for (way, client) in clients.iter_mut().enumerate() {
            let reply = client.command(&command).await;
            if way == 0 {
                assert_ne!(reply.get(4), Some(&0xff), "command {number}: {:?}", &reply[..reply.len().min(100)]);
                direct = reply;
            } else {
                let lengths = (reply.len(), direct.len());
                assert!(reply == direct, "command {number}, way {way}: {lengths:?}");
            }
        }
    }
    opened.close().await;
    capturing.close().await;
}

/// A million rows, as text and in binary.
const MILLION: &str =
    "SELECT a.n, b.n, c.n, d.n, e.n, f.n, 'some text of a row' FROM {0} a, {0} b, {0} c, {0} d, {0} e, {0} f";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_rows_and_large_values_pass_in_little_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bascule, address, database) = process(folder.path()).await;
    let mut root = Raw::connect(mysql(), USUAL, "root", "").await;
    let digits = format!("{database}.digits");
    root.query(&format!("CREATE TABLE {digits} (n INT)")).await;
    root.query(&format!("INSERT INTO {digits} VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")).await;
    let million = MILLION.replace("{0}", &digits);
    let mut client = Raw::connect(address, USUAL, "root", "").await;
    client.query("SELECT 1").await;
    let before = peak_kilobytes(bascule.pid());
    let rows = client.query(&million).await;
    let least = 1_000_000 * (4 + 6 * 2 + 19);
    assert!(rows.len() > least, "{} bytes", rows.len());
    drop(rows);
    client.command(&[b"\x16", million.as_bytes()].concat()).await;
    let rows = client.command(b"\x17\x01\0\0\0\0\x01\0\0\0").await;
    assert!(rows.len() > 1_000_000 * (4 + 2 + 6 * 4 + 19), "{} bytes", rows.len());
    client.command(b"\x16SELECT ?").await;
    let mut large = execution_of(40 << 20);
    large[1] = 2;
    assert!(client.command(&large).await.len() > 40 << 20);
    let grown = peak_kilobytes(bascule.pid()) - before;
    println!("the peak of memory grew by {grown} kB");
    assert!(grown < 4 << 10, "{grown} kB");
}

/// Bascule as a process of its own in front of the servers that all tests share: it, where it listens, and a database.
async fn process(folder: &Path) -> (Bascule, SocketAddr, String) {
    let servers = sandbox::shared().expect("servers start");
    let database = servers.create_database().expect("a database").name;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let config = format!(
        "[listen]\naddress = \"{address}\"\n\
         [source]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"root\"\npassword = \"\"\ndatabases = [\"{database}\"]\n\
         [target]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"postgres\"\npassword = \"\"\ndatabase = \"{database}\"\n\
         [spool]\ndirectory = \"spool\"\n[admin]\nsocket = \"admin.sock\"\n",
        servers.mysql.port(),
        servers.postgres.port(),
    );
    let (path, log) = (folder.join("proxy.toml"), folder.join("log"));
    std::fs::write(&path, config).expect("a configuration");
    let bascule = Bascule::run(&path, &log);
    for _ in 0..1200 {
        if TcpStream::connect(address).await.is_ok() {
            return (bascule, address, database);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it doesn't listen: {}", std::fs::read_to_string(&log).unwrap_or_default());
}

/// The most memory that a process ever had.
fn peak_kilobytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
