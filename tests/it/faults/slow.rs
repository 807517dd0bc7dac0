//! A client that reads a result of a gigabyte slowly. Nothing of it is kept: Bascule waits for the client, and the database
//! for Bascule.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::resident;
use super::steps::{Step, Wire, come, framed};
use crate::operations::site::{Running, Site};

const ROWS: u64 = 1000;
const WIDTH: u64 = 1_000_000;
/// Buffers of a session, and what the allocator keeps.
const GROWTH: u64 = 16 << 20;
/// So much is read in small pieces.
const SLOWLY: u64 = 20 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_of_a_gigabyte_takes_no_memory() {
    for site in [Site::forwarding("threads = 1"), Site::serving("threads = 1")] {
        let running = site.start().await;
        let growth = read(&site, &running).await;
        println!("grew by {growth} bytes");
        assert!(growth < GROWTH, "{growth} bytes");
    }
}

/// Reads it all, and returns by how much Bascule's memory grew meanwhile.
async fn read(site: &Site, running: &Running) -> u64 {
    let rows = "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 \
                UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
    let question =
        format!("\x03SELECT REPEAT('x', {WIDTH}) FROM {rows} AS a CROSS JOIN {rows} AS b CROSS JOIN {rows} AS c");
    let Wire::Plain(mut stream) = come(site.address(), Step::LoggedIn).await else { panic!("it comes without TLS") };
    let mut other = site.client().await;
    assert!(!other.query("SELECT REPEAT('x', 1000000)").await.is_empty());
    let before = resident(running.child.id());
    let mut most = before;
    stream.write_all(&framed(question.as_bytes(), 0)).await.expect("sent");
    let mut piece = vec![0; 4096];
    let mut heard = 0;
    while heard < SLOWLY {
        let count = stream.read(&mut piece).await.expect("a piece") as u64;
        heard += count;
        // Somebody else's question between the pieces: the slow one holds up nobody.
        if heard % 16 == 0 {
            assert!(!other.query("SELECT 1").await.is_empty());
        }
        most = most.max(resident(running.child.id()));
    }
    piece.resize(1 << 20, 0);
    // The last packet is short, and it's the last: an EOF.
    while heard < ROWS * WIDTH {
        heard += stream.read(&mut piece).await.expect("a piece") as u64;
        most = most.max(resident(running.child.id()));
    }
    let mut tail = Vec::new();
    stream.shutdown().await.expect("half closed");
    stream.read_to_end(&mut tail).await.expect("the rest");
    let whole = heard + tail.len() as u64;
    let expected = ROWS * (WIDTH + 4 + 4);
    assert!(whole > expected && whole < expected + 200, "{whole} bytes, not {expected}");
    assert!(!other.query("SELECT 1").await.is_empty());
    most - before
}
