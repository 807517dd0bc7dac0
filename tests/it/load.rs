//! LOAD DATA LOCAL: a client that is gone in the middle of its file leaves nothing behind, and after an error the rest of the file is read before the answer.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, InfileData, LocalInfileError};
use tokio::sync::Notify;

use crate::door::{Door, open};

async fn ready(door: &Door) -> Conn {
    let mut conn = door.connect().await;
    let off: u8 = conn.query_first("SELECT @@local_infile").await.expect("asks").expect("a row");
    assert_eq!(off, 0);
    match conn.query_drop("LOAD DATA LOCAL INFILE 'f' INTO TABLE t").await {
        Err(mysql_async::Error::Server(error)) => assert_eq!(error.code, 3948),
        other => panic!("loading is off until it is allowed: {other:?}"),
    }
    for statement in ["SET GLOBAL local_infile = 1", "CREATE TABLE t (id INT PRIMARY KEY, v TEXT)"] {
        conn.query_drop(statement).await.expect(statement);
    }
    conn
}

async fn count(conn: &mut Conn) -> u64 {
    conn.query_first("SELECT COUNT(*) FROM t").await.expect("counts").expect("a row")
}

/// Lines in pieces of some kilobytes.
fn lines(pieces: u64) -> impl Iterator<Item = std::io::Result<Bytes>> + Send {
    (0..pieces).map(|number| {
        let rows = (0..500).map(|row| format!("{}\tsome text of row {row}\n", 1 + number * 500 + row));
        Ok(rows.collect::<String>().into())
    })
}

fn whole(pieces: u64) -> impl Fn(&[u8]) -> BoxFuture<'static, Result<InfileData, LocalInfileError>> {
    move |_| Box::pin(async move { Ok(Box::pin(stream::iter(lines(pieces))) as InfileData) })
}

async fn loader(door: &Door, pieces: u64) -> Conn {
    let options = door.options("app", "pw").local_infile_handler(Some(whole(pieces)));
    Conn::new(options).await.expect("logs in")
}

#[tokio::test]
async fn a_client_that_is_gone_in_the_middle_leaves_nothing() {
    let door = open(2).await;
    let mut conn = ready(&door).await;
    let sent = Arc::new(Notify::new());
    let told = Arc::clone(&sent);
    let stuck = move |_: &[u8]| {
        let told = Arc::clone(&told);
        let rest = stream::once(async move {
            told.notify_one();
            std::future::pending::<std::io::Result<Bytes>>().await
        });
        let data: InfileData = Box::pin(stream::iter(lines(20)).chain(rest));
        Box::pin(async move { Ok(data) }) as BoxFuture<'static, Result<InfileData, LocalInfileError>>
    };
    let mut gone = Conn::new(door.options("app", "pw").local_infile_handler(Some(stuck))).await.expect("logs in");
    tokio::select! {
        _ = gone.query_drop("LOAD DATA LOCAL INFILE 'f' INTO TABLE t") => panic!("the file never ends"),
        () = sent.notified() => {}
    }
    let id = gone.id();
    drop(gone);
    while conn
        .query::<u64, _>("SELECT id FROM information_schema.processlist")
        .await
        .expect("lists")
        .contains(&u64::from(id))
    {}
    assert_eq!(count(&mut conn).await, 0, "rows of a file that never ended aren't committed");
    let mut whole = loader(&door, 60).await;
    whole.query_drop("LOAD DATA LOCAL INFILE 'f' INTO TABLE t").await.expect("loads");
    assert_eq!(
        (whole.affected_rows(), whole.info().as_ref()),
        (30_000, "Records: 30000  Deleted: 0  Skipped: 0  Warnings: 0")
    );
    assert_eq!(count(&mut conn).await, 30_000);
}

#[tokio::test]
async fn after_an_error_the_file_is_read_to_its_end() {
    let door = open(2).await;
    let mut conn = ready(&door).await;
    conn.query_drop("INSERT INTO t VALUES (1000000, 'kept')").await.expect("inserts");
    let mut strict = loader(&door, 30).await;
    let failed = strict.query_drop("LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE t (v, id)").await;
    assert!(failed.is_err(), "a text isn't an id");
    assert_eq!(count(&mut strict).await, 1, "the session goes on, and nothing of the file is there");
    strict.query_drop("LOAD DATA LOCAL INFILE 'f' REPLACE INTO TABLE t").await.expect("loads");
    assert_eq!(count(&mut conn).await, 15_001);
}
