//! Sessions, the spool and the feed together.

use std::sync::Arc;

use super::order_tests::{context, statement};
use super::record::{Intent, Outcome, Record};
use super::{Capture, PendingWrite};
use crate::change::{Affected, Feed, Inexact, SourceEvent, WriteAnswer};
use crate::config;
use crate::position::GtidSet;
use crate::schema::TableName;
use crate::value::{Clock, Date, Value};

const SOURCE: &str = "565dd9c7-e69f-11f1-900a-02fc00000001";

fn gtid(number: u64) -> crate::position::Gtid {
    format!("{SOURCE}:{number}").parse().expect("a GTID")
}

fn spool(directory: &std::path::Path) -> config::Spool {
    config::Spool { directory: directory.to_owned(), limit_bytes: 64 << 20, fsync: true }
}

fn pending(text: &str) -> PendingWrite {
    PendingWrite {
        text: text.into(),
        parameters: vec![Value::Int(1)],
        context: context(),
        time_micros: 1,
        time_exact: true,
    }
}

fn texts(event: SourceEvent) -> Vec<String> {
    match event {
        SourceEvent::Transaction(transaction) => transaction.statements.into_iter().map(|s| s.text).collect(),
        other => panic!("not a transaction: {other:?}"),
    }
}

#[test]
fn records_survive_their_coding_and_damage_is_an_error() {
    let mut full = statement("INSERT INTO é VALUES (?)");
    full.parameters = vec![
        Value::Null,
        Value::Int(i64::MIN),
        Value::UInt(u64::MAX),
        Value::Float(f32::MIN_POSITIVE),
        Value::Double(0.1 + 0.2),
        Value::Decimal("-1.20".into()),
        Value::Text("ß\0".into()),
        Value::Bytes(vec![0, 255]),
        Value::Date(Date { year: 0, month: 0, day: 0 }),
        Value::DateTime(
            Date { year: 2024, month: 2, day: 29 },
            Clock { hours: 23, minutes: 59, seconds: 59, micros: 1 },
        ),
        Value::Time { negative: true, clock: Clock { hours: 838, ..Clock::default() } },
    ];
    full.answer = WriteAnswer { affected_rows: 3, insert_id: 9, matched_rows: Some(4), warnings: 7 };
    let table = TableName { database: "a".into(), table: "b".into() };
    let inexact = Some(Inexact { reason: "r".into(), tables: Affected::Tables(vec![table]) });
    let set: GtidSet = format!("{SOURCE}:1-5:7").parse().expect("a set");
    for record in [
        Record::Intent(Intent {
            connection: 5,
            statements: vec![full.clone(), full.clone()],
            pending: Some(pending("p")),
            inexact: inexact.clone(),
        }),
        Record::Outcome {
            intent: 3,
            result: Outcome::Committed {
                gtids: vec![gtid(4), gtid(5)],
                answer: Some(full.answer.clone()),
                more: vec![full],
                inexact,
            },
        },
        Record::Outcome { intent: 3, result: Outcome::Nothing },
        Record::Outcome { intent: 3, result: Outcome::Unknown { reason: "r".into() } },
        Record::Executed(set),
        Record::Restarted,
        Record::Gone { connections: vec![1, 2] },
        Record::Lost { reason: "r".into() },
    ] {
        let bytes = record.encode();
        assert_eq!(Record::decode(&bytes).expect("readable"), record);
        for end in 0..bytes.len() {
            assert!(Record::decode(&bytes[..end]).is_err(), "{record:?} cut at {end}");
        }
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0xff;
            // The checksum finds it first; here it must only be harmless.
            let _ = Record::decode(&damaged);
        }
    }
}

#[tokio::test]
async fn a_session_is_read_back_as_transactions() {
    let folder = tempfile::tempdir().expect("a folder");
    let (capture, _) = Capture::open(&spool(folder.path())).expect("opens");
    let mut feed = capture.feed(GtidSet::default()).expect("a feed");
    let mut session = capture.session(1);

    // An autocommit write: the intent holds the text, the outcome the answer.
    session.before_commit(Some(&pending("one"))).await.expect("durable");
    let mut answered = statement("one");
    answered.parameters = vec![Value::Int(1)];
    answered.answer.insert_id = 42;
    session.executed(answered.clone());
    session.committed(Some(gtid(1))).await.expect("durable");
    match feed.next().await.expect("an event") {
        SourceEvent::Transaction(transaction) => assert_eq!(transaction.statements[0].answer, answered.answer),
        other => panic!("{other:?}"),
    }

    // A refused one leaves nothing.
    session.before_commit(Some(&pending("refused"))).await.expect("durable");
    session.rolled_back();

    // Savepoints of the same name replace each other, whatever their case.
    session.executed(statement("a"));
    session.savepoint("S");
    session.executed(statement("b"));
    session.savepoint("s");
    session.executed(statement("c"));
    session.rollback_to("S");
    session.executed(statement("d"));
    session.before_commit(None).await.expect("durable");
    session.committed(Some(gtid(2))).await.expect("durable");
    assert_eq!(texts(feed.next().await.expect("an event")), ["a", "b", "d"]);

    // A GTID without captured writes isn't a gap.
    session.before_commit(None).await.expect("recorded");
    session.committed(Some(gtid(3))).await.expect("recorded");
    assert!(texts(feed.next().await.expect("an event")).is_empty());

    // DDL commits what was open before; and answers to one command repeat earlier numbers.
    session.executed(statement("f"));
    session.before_commit(Some(&pending("create table g (h int)"))).await.expect("durable");
    let mut ddl = statement("create table g (h int)");
    ddl.parameters = vec![Value::Int(1)];
    session.executed(ddl);
    session.committed_all(vec![gtid(4), gtid(5)]).await.expect("durable");
    assert_eq!(texts(feed.next().await.expect("an event")), ["f"]);
    assert_eq!(texts(feed.next().await.expect("an event")), ["create table g (h int)"]);
    session.executed(statement("i"));
    session.committed_all(vec![gtid(4), gtid(5), gtid(6)]).await.expect("durable");
    assert_eq!(texts(feed.next().await.expect("an event")), ["i"]);

    // A session that ends in the middle leaves an unknown outcome, and the next gap is in doubt.
    session.executed(statement("e"));
    session.before_commit(None).await.expect("durable");
    drop(session);
    capture.executed(format!("{SOURCE}:1-7").parse().expect("a set")).await.expect("durable");
    match feed.next().await.expect("an event") {
        SourceEvent::InDoubt { candidates, .. } => assert_eq!(candidates[0].statements[0].text, "e"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_restart_finds_open_intents_and_settles_them() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let (capture, _) = Capture::open(&spool(folder.path())).expect("opens");
        let mut session = capture.session(77);
        session.executed(statement("lost answer"));
        session.before_commit(None).await.expect("durable");
        // As after kill -9: nothing more is written.
        std::mem::forget(session);
        capture
            .spool()
            .expect("open")
            .append(Record::Executed(GtidSet::default()).encode())
            .expect("taken")
            .durable()
            .await
            .expect("on disk");
        let copy = folder.path().join("copy");
        std::fs::create_dir(&copy).expect("a folder");
        for file in std::fs::read_dir(folder.path()).expect("readable") {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "spool") {
                std::fs::copy(&path, copy.join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    let (capture, recovery) = Capture::open(&spool(&folder.path().join("copy"))).expect("opens");
    assert_eq!(recovery.connections, [77]);
    let mut feed = capture.feed(GtidSet::default()).expect("a feed");
    capture.settle(vec![77], format!("{SOURCE}:1").parse().expect("a set")).await.expect("durable");
    assert!(matches!(feed.next().await.expect("an event"), SourceEvent::InDoubt { .. }));
    drop(feed);
    drop(capture);
    let (_capture, recovery) = Capture::open(&spool(&folder.path().join("copy"))).expect("opens");
    assert!(recovery.connections.is_empty(), "settled for good");
}

#[tokio::test]
async fn a_reached_limit_stops_capturing_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config::Spool { limit_bytes: 2_000, ..spool(folder.path()) };
    let (capture, _) = Capture::open(&config).expect("opens");
    let mut feed = capture.feed(GtidSet::default()).expect("a feed");
    let mut session = capture.session(1);
    let mut number = 0;
    let failed = loop {
        number += 1;
        session.executed(statement("x"));
        if let Err(error) = session.before_commit(None).await {
            break error;
        }
        if let Err(error) = session.committed(Some(gtid(number))).await {
            break error;
        }
    };
    assert!(failed.to_string().contains("limit"), "{failed}");
    assert!(capture.stopped().is_some());
    // What was recorded is still given out, then the loss is told.
    for _ in 1..number {
        assert!(matches!(feed.next().await.expect("an event"), SourceEvent::Transaction(_)));
    }
    let mut last = feed.next().await.expect("an event");
    if matches!(last, SourceEvent::Transaction(_)) {
        last = feed.next().await.expect("an event");
    }
    assert!(matches!(last, SourceEvent::Lost { .. }), "{last:?}");
    assert!(feed.next().await.is_err());
    drop((feed, session, capture));

    let (capture, recovery) = Capture::open(&config).expect("opens");
    assert!(recovery.stopped.is_some(), "a restart knows it");
    capture.reset().await.expect("empty");
    let mut session = capture.session(2);
    let mut feed = capture.feed(format!("{SOURCE}:1-90").parse().expect("a set")).expect("a feed");
    session.executed(statement("after"));
    session.before_commit(None).await.expect("durable");
    session.committed(Some(gtid(91))).await.expect("durable");
    assert_eq!(texts(feed.next().await.expect("an event")), ["after"]);
}

#[tokio::test]
async fn many_sessions_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (capture, _) = Capture::open(&spool(folder.path())).expect("opens");
    let next = Arc::new(std::sync::atomic::AtomicU64::new(1));
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..20 {
        let (capture, next) = (Arc::clone(&capture), Arc::clone(&next));
        tasks.spawn(async move {
            let mut session = capture.session(id);
            for round in 0..20 {
                session.executed(statement(&format!("{id} {round}")));
                session.before_commit(None).await.expect("durable");
                let number = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                session.committed(Some(gtid(number))).await.expect("durable");
            }
        });
    }
    let mut feed = capture.feed(GtidSet::default()).expect("a feed");
    for number in 1..=400 {
        match feed.next().await.expect("an event") {
            SourceEvent::Transaction(transaction) => assert_eq!(transaction.gtid.number, number),
            other => panic!("{other:?}"),
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
}
