//! A client that is killed in the middle of LOAD DATA LOCAL: nothing of its file is committed, its connection to MySQL
//! ends, and the mirror holds nothing of it either.

use bascule::route::Mode;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::outages::settle;
use super::steps::{Step, Wire, come, framed};
use super::{Census, Control, no_panic};
use crate::world::{Bascule, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_killed_in_the_middle_of_load_data_leaves_nothing() {
    for lane in ["statements", "binlog"] {
        let world = World::by_lane(lane);
        let mut watch = Conn::from_url(world.servers.mysql.url(&world.database)).await.expect("MySQL");
        for statement in
            [Control::TABLE, "SET GLOBAL local_infile = 1", "CREATE TABLE line (id INT PRIMARY KEY, v TEXT)"]
        {
            watch.query_drop(statement).await.expect(statement);
        }
        let bascule = world.start().await;
        if lane == "statements" {
            killed(&world, &bascule, &mut watch, Mode::Passthrough).await;
        }
        world.admin().set_mode(Mode::Mirror).await.expect("mirroring begins");
        world.wait_streaming().await;
        killed(&world, &bascule, &mut watch, Mode::Mirror).await;
        settle(&world).await;
        no_panic(&world);
    }
}

/// Starts to load, sends a part of the file, and is gone: in an autocommitted statement, and in a transaction.
async fn killed(world: &World, bascule: &Bascule, watch: &mut Conn, mode: Mode) {
    let before = Census::settled(world, bascule, watch).await;
    let control = Control::start(world.url()).await;
    for (number, reset) in [false, true, false, true].into_iter().enumerate() {
        let Wire::Plain(mut stream) = come(([127, 0, 0, 1], world.port()).into(), Step::LoggedIn).await else {
            panic!("it comes without TLS");
        };
        ask(&mut stream, format!("\x02{}", world.database).as_bytes()).await;
        if number >= 2 {
            ask(&mut stream, b"\x03BEGIN").await;
        }
        let asked = ask(&mut stream, b"\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE line").await;
        assert_eq!(asked, 0xfb, "a request for the file");
        let mut sequence = 2_u8;
        for piece in 0..200 {
            let rows: String = (0..100).map(|row| format!("{}\tsome text\n", 1 + piece * 100 + row)).collect();
            stream.write_all(&framed(rows.as_bytes(), sequence)).await.expect("sent");
            sequence = sequence.wrapping_add(1);
        }
        // And half a packet.
        stream.write_all(b"\xff\xff\0").await.expect("sent");
        stream.write_all(&[sequence, b'9']).await.expect("sent");
        let loading = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'LOAD DATA%'";
        assert_eq!(watch.query_first::<u32, _>(loading).await.expect("a count"), Some(1));
        Wire::Plain(stream).leave(reset);
        while watch.query_first::<u32, _>(loading).await.expect("a count") != Some(0) {}
    }
    control.end(&format!("killed in LOAD DATA in mode {mode}")).await;
    before.is_back(world, bascule, watch, &format!("killed in LOAD DATA in mode {mode}")).await;
    let rows: Option<u32> = watch.query_first("SELECT COUNT(*) FROM line").await.expect("a count");
    assert_eq!(rows, Some(0), "{mode}: nothing is committed");
}

/// Sends a command and returns the first byte of its short answer.
async fn ask(stream: &mut TcpStream, command: &[u8]) -> u8 {
    stream.write_all(&framed(command, 0)).await.expect("sent");
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.expect("an answer");
    let mut payload = vec![0; usize::from(head[0])];
    stream.read_exact(&mut payload).await.expect("an answer");
    payload[0]
}
