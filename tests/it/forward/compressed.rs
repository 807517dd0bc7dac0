//! Compressed connections of clients, beside MySQL's own: real clients, unusual frames, and damaged ones.

use std::process::Command;

use bascule::route::Mode;
use bascule::sandbox;
use bascule::wire::compressed::{self, Algorithm};
use bascule::wire::tracker::ReplyShape;
use bascule::wire::{Capabilities, packet};
use bytes::BytesMut;
use mysql_async::prelude::Queryable;
use mysql_async::{Compression, Conn, OptsBuilder};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::compressing::Frames;
use super::door::{Opened, Wishes};
use super::logins::fresh_user;
use super::mysql;
use super::payloads::payload;
use super::raw::{Raw, USUAL};

const ZLIB: Capabilities = USUAL.with(Capabilities::COMPRESS);
const ZSTD: Capabilities = USUAL.with(Capabilities::ZSTD_COMPRESSION);

/// What MySQL's own client prints, errors included.
fn printed(mut client: Command, port: u16, arguments: &[&str]) -> String {
    client.args(["-uroot", "-h127.0.0.1", "--batch"]).arg(format!("-P{port}")).args(arguments);
    let output = client.output().expect("the client runs");
    [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysqls_own_client_compresses_through_the_door() {
    let server = &sandbox::shared().expect("servers start").mysql;
    let opened = Opened::before(server.port(), Wishes { client_tls: true, ..Wishes::default() });
    let sql = "SELECT REPEAT('a', 100000), 1; SELECT 2; SELECT nothing";
    for algorithm in ["--compression-algorithms=zlib", "--compression-algorithms=zstd"] {
        for tls in ["--ssl-mode=DISABLED", "--ssl-mode=REQUIRED"] {
            let arguments = [algorithm, "--zstd-compression-level=9", tls, "--force", "-e", sql];
            let direct = printed(server.client(), server.port(), &arguments);
            let through = printed(server.client(), opened.address.port(), &arguments);
            assert!(direct.contains("Unknown column"), "{direct}");
            assert_eq!(direct, through, "{arguments:?}");
        }
    }
    opened.close().await;
}

#[tokio::test]
async fn the_greeting_and_refusals_of_levels_are_mysqls() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let direct = Raw::connect(mysql(), USUAL, "root", "").await.greeting.capabilities;
    let through = Raw::connect(opened.address, ZLIB, "root", "").await.greeting.capabilities;
    assert_eq!(direct.without(Capabilities::SSL), through);
    for level in [0, 23] {
        let direct = Raw::refused(mysql(), ZSTD, level).await;
        assert_eq!(direct, Raw::refused(opened.address, ZSTD, level).await);
        assert_eq!(&direct[..3], b"\xff\x53\x0f");
    }
    opened.close().await;
}

/// Every plugin, its password asked for in full and known, right and wrong: the exchange is MySQL's own.
#[tokio::test]
async fn another_user_comes_on_a_compressed_connection() {
    for source_tls in [false, true] {
        let opened = Opened::before(mysql().port(), Wishes { source_tls, ..Wishes::default() });
        for (plugin, style) in [("caching_sha2_password", ZLIB), ("sha256_password", ZSTD)] {
            let mut seen = Vec::new();
            for address in [mysql(), opened.address] {
                fresh_user("squeezed_user", plugin).await;
                let mut client = Raw::connect(address, style, "root", "").await;
                let mut heard = Vec::new();
                for password in ["secret ä", "secret ä", "wrong"] {
                    client.send(&payload("U squeezed_user ", style), 0).await;
                    heard.push(client.authentication(password).await);
                    heard.push(client.query("SELECT CURRENT_USER(), REPEAT('x', 1000)").await);
                }
                assert_eq!(client.frames.as_mut().map(Frames::jumps).unwrap_or_default(), [[0; 2]; 0]);
                seen.push(heard);
            }
            assert_eq!(seen[0], seen[1], "{plugin}, source tls {source_tls}");
            assert!(seen[0][1].windows(15).any(|text| text == b"squeezed_user@%"), "{:?}", seen[0][1]);
        }
        opened.close().await;
    }
}

#[tokio::test]
async fn large_packets_and_files_pass_both_ways() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let options = OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(opened.address.port()).user(Some("root"));
    let options = options.prefer_socket(false).compression(Compression::fast());
    let mut client = Conn::new(options).await.expect("a login");
    client
        .query_drop("CREATE DATABASE squeezed; USE squeezed; CREATE TABLE t (n INT, b LONGBLOB)")
        .await
        .expect("made");
    for length in [60_000, packet::MAX_PAYLOAD - 60, packet::MAX_PAYLOAD, 20 << 20] {
        let data: Vec<u8> = (0..length).map(|index| u8::try_from(index % 251).unwrap_or(0)).collect();
        client.exec_drop("REPLACE INTO t VALUES (?, ?)", (length, &data)).await.expect("written");
        let back: Option<Vec<u8>> = client.exec_first("SELECT b FROM t WHERE n = ?", (length,)).await.expect("read");
        assert!(back == Some(data), "{length} bytes");
    }
    client.disconnect().await.expect("a clean end");
    Raw::connect(mysql(), USUAL, "root", "").await.query("SET GLOBAL local_infile = ON").await;
    for style in [ZLIB, ZSTD] {
        let mut client = Raw::connect(opened.address, style, "root", "").await;
        client.query("CREATE OR REPLACE VIEW squeezed.v AS SELECT 1").await;
        client.query("DROP TABLE IF EXISTS squeezed.lines").await;
        client.query("CREATE TABLE squeezed.lines (a INT, b TEXT)").await;
        let lines: String = (0..50_000).map(|number| format!("{number}\tline {number}\n")).collect();
        client.send(b"\x03LOAD DATA LOCAL INFILE 'x' INTO TABLE squeezed.lines", 0).await;
        let reply = client.reply(ReplyShape::Results, lines.as_bytes()).await;
        assert!(String::from_utf8_lossy(&reply).contains("Records: 50000"), "{reply:?}");
        assert!(client.query("SELECT COUNT(*) FROM squeezed.lines").await.windows(5).any(|text| text == b"50000"));
    }
    Raw::connect(mysql(), USUAL, "root", "").await.query("DROP DATABASE squeezed").await;
    opened.close().await;
}

#[tokio::test]
async fn frames_may_be_cut_anywhere_and_hold_several_commands() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    for style in [ZLIB, ZSTD] {
        let mut client = Raw::connect(opened.address, style, "root", "").await;
        let mut ahead = BytesMut::new();
        for number in 0..200 {
            packet::put(&mut ahead, format!("\x03SELECT {number}, REPEAT('x', 100)").as_bytes(), 0);
        }
        let mut wire = BytesMut::new();
        let (mut sequence, algorithm) = (0_u8, if style == ZLIB { Algorithm::Zlib } else { Algorithm::Zstd(3) });
        for (index, content) in ahead.chunks(61).enumerate() {
            compressed::put(&mut wire, content, sequence, algorithm);
            // Each begins a command, or continues one; MySQL itself would take the first only.
            sequence = if index % 3 == 0 { 0 } else { sequence.wrapping_add(1) };
        }
        for piece in wire.chunks(1021) {
            client.send_uncompressed(piece).await;
        }
        for number in 0..200 {
            let reply = client.any_numbers().reply(ReplyShape::Results, b"").await;
            let row = number.to_string();
            assert!(reply.windows(row.len()).any(|window| window == row.as_bytes()), "{number}: {reply:?}");
        }
    }
    opened.close().await;
}

#[tokio::test]
async fn a_packet_number_inside_a_frame_means_nothing_and_a_frames_own_number_does() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    for address in [mysql(), opened.address] {
        let mut client = Raw::connect(address, ZLIB, "root", "").await;
        let mut strange = BytesMut::new();
        packet::put(&mut strange, b"\x03SELECT 1", 7);
        client.send_raw(&strange).await;
        assert!(!client.reply(ReplyShape::Results, b"").await.is_empty(), "{address}");
        let (mut frame, mut packet) = (BytesMut::new(), BytesMut::new());
        packet::put(&mut packet, b"\x03SELECT 1", 0);
        compressed::put(&mut frame, &packet, 99, Algorithm::Zlib);
        client.send_uncompressed(&frame).await;
        assert!(client.any_numbers().last_words().await, "{address} closes");
    }
    opened.close().await;
}

/// Damage of any kind ends the session it's in and no other.
#[tokio::test]
async fn damaged_streams_end_their_session_alone() {
    let opened = Opened::before(mysql().port(), Wishes::default());
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut bystander = Raw::connect(opened.address, ZLIB, "root", "").await;
    for round in 0..120 {
        let (style, algorithm) = if round % 2 == 0 { (ZLIB, Algorithm::Zlib) } else { (ZSTD, Algorithm::Zstd(3)) };
        let mut client = Raw::connect(opened.address, style, "root", "").await;
        let (mut content, mut wire) = (BytesMut::new(), BytesMut::new());
        for number in 0..5 {
            let sql = format!("\x03DO {number}, '{}'", "abc".repeat(random.gen_range(0..100)));
            packet::put(&mut content, sql.as_bytes(), 0);
        }
        compressed::put(&mut wire, &content, 0, algorithm);
        for _ in 0..random.gen_range(1..4) {
            let at = random.gen_range(0..wire.len());
            wire[at] = random.r#gen();
        }
        client.send_uncompressed(&wire).await;
        client.ends().await;
        let answer = bystander.query("SELECT 'still here'").await;
        assert!(answer.windows(10).any(|text| text == b"still here"), "seed {seed}, round {round}");
    }
    opened.close().await;
}

#[tokio::test]
async fn a_flip_keeps_the_connection_compressed() {
    let mut opened = Opened::before(mysql().port(), Wishes::default());
    let mut client = Raw::connect(opened.address, ZSTD, "root", "").await;
    client.query("SELECT 1").await;
    let shut = opened.route.shut().await;
    client.send(b"\x03SELECT 2", 0).await;
    opened.control.set_mode(Mode::Postgres, 2);
    drop(shut);
    let carried = opened.carried.recv().await.expect("a session");
    assert_eq!(&carried.unread[..], b"\x09\0\0\0\x03SELECT 2");
    assert!(carried.stream.is_compressed());
    drop(carried);
    opened.close().await;
}
