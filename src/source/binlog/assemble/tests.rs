//! Recorded events (`tests/binlog`) and made ones, put together to transactions.

use bytes::Bytes;

use super::*;
use crate::binlog::{Decoder, Framing, GtidEvent, XaPrepared};

const TYPES: &str = include_str!("../../../../tests/binlog/types.hex");

fn assembler() -> Assembler {
    Assembler::new(&["BL".to_owned()], std::env::temp_dir())
}

/// The transactions of the recorded file.
fn recorded(mut assembler: Assembler) -> Vec<LoggedTransaction> {
    let digits: Vec<u32> = TYPES.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
    let mut rest = Bytes::from(bytes).slice(4..);
    let mut decoder = Decoder::new(Framing::Crc32);
    let mut found = Vec::new();
    while rest.len() > 19 {
        let length = u32::from_le_bytes([rest[9], rest[10], rest[11], rest[12]]) as usize;
        match decoder.event(&rest.split_to(length)).expect("a good event") {
            Event::Payload(mut payload) => {
                while let Some(inner) = payload.event().expect("a good payload") {
                    let event = decoder.inner(&inner).expect("a good event");
                    found.extend(assembler.take(event).expect("in order"));
                }
            }
            event => found.extend(assembler.take(event).expect("in order")),
        }
    }
    found
}

#[test]
fn every_recorded_transaction_has_its_number_its_rows_and_its_branch() {
    let found = recorded(assembler());
    assert_eq!(found.len(), 11);
    let rows: Vec<usize> = found.iter().map(|transaction| transaction.changes.len()).collect();
    assert_eq!(rows, [1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1]);
    assert_eq!(found[8].branch, Branch::Prepared);
    assert_eq!(found[9].branch, Branch::Decided(found[8].gtid.clone()));
    assert!(found.iter().all(|transaction| transaction.inexact.is_none() && transaction.committed_micros > 0));
}

#[test]
fn rows_of_other_databases_are_dropped() {
    let found = recorded(Assembler::new(&["shop".to_owned()], std::env::temp_dir()));
    assert!(found.len() == 11 && found.iter().all(|transaction| transaction.changes.is_empty()));
}

fn begin(number: u64) -> Event {
    let gtid = Gtid::of_server([1; 16], String::new(), number);
    Event::Gtid(GtidEvent { gtid, committed_micros: 1, length: 0, begun: false, void: false })
}

fn query(text: &str, database: &str) -> Event {
    Event::Query(QueryEvent { text: text.to_owned(), database: Some(database.to_owned()), ..QueryEvent::default() })
}

/// Takes a transaction of these events.
fn one(assembler: &mut Assembler, number: u64, events: Vec<Event>) -> LoggedTransaction {
    assert!(assembler.take(begin(number)).expect("it begins").is_none());
    let mut ended = None;
    for event in events {
        assert!(ended.is_none(), "nothing comes after the end");
        ended = assembler.take(event).expect("in order");
    }
    ended.expect("it ends")
}

#[test]
fn definitions_are_transactions_and_administration_is_nothing() {
    let mut assembler = assembler();
    let texts = |transaction: &LoggedTransaction| -> Vec<String> {
        let text = |change: &LoggedChange| match change {
            LoggedChange::Statement(logged) => logged.statement.text.clone(),
            other => panic!("{other:?}"),
        };
        transaction.changes.iter().map(text).collect()
    };
    let made = one(&mut assembler, 1, vec![query("CREATE TABLE t (a INT)", "bl")]);
    assert_eq!(texts(&made), ["CREATE TABLE t (a INT)"]);
    let elsewhere = one(&mut assembler, 2, vec![query("CREATE TABLE bl.t (a INT)", "other")]);
    assert_eq!(elsewhere.changes.len(), 1, "it names one of ours");
    for text in ["CREATE TABLE x (a INT)", "DROP TABLE y"] {
        assert!(one(&mut assembler, 3, vec![query(text, "other")]).changes.is_empty());
    }
    for text in ["CREATE DATABASE more", "DROP SCHEMA more"] {
        assert!(one(&mut assembler, 4, vec![query(text, "bl")]).changes.is_empty(), "{text}");
    }
    assert_eq!(one(&mut assembler, 4, vec![query("DROP DATABASE `bl`", "bl")]).changes.len(), 1);
    for text in ["GRANT ALL ON *.* TO a", "ANALYZE TABLE t", "DROP TEMPORARY TABLE IF EXISTS t", "SET PASSWORD = 'x'"] {
        assert!(one(&mut assembler, 4, vec![query(text, "bl")]).changes.is_empty(), "{text}");
    }
    let filled = vec![
        query("BEGIN", "bl"),
        query("CREATE TABLE `made` (\n  `a` int\n) START TRANSACTION", "bl"),
        query("COMMIT", "bl"),
    ];
    assert_eq!(texts(&one(&mut assembler, 5, filled)), ["CREATE TABLE `made` (\n  `a` int\n) "]);
}

#[test]
fn what_is_missing_is_told() {
    let mut assembler = assembler();
    let unknown = one(&mut assembler, 1, vec![query("XA COMMIT X'61',X'',1", "")]);
    assert_eq!(unknown.inexact.map(|inexact| inexact.tables), Some(Affected::All));
    let rolled = one(&mut assembler, 2, vec![query("XA ROLLBACK X'61',X'',1", "")]);
    assert!(rolled.inexact.is_none() && rolled.branch == Branch::None, "nothing has happened");
    let events = vec![query("BEGIN", ""), Event::StatementPart, Event::Commit];
    assert_eq!(one(&mut assembler, 3, events).inexact.map(|inexact| inexact.tables), Some(Affected::All));
    let prepared = XaPrepared { one_phase: false, xid: "X'61',X'',1".to_owned() };
    let events = vec![query("XA START X'61',X'',1", ""), query("XA END X'61',X'',1", ""), Event::XaPrepared(prepared)];
    assert_eq!(one(&mut assembler, 4, events).branch, Branch::Prepared);
    assert!(matches!(assembler.take(Event::Anonymous), Err(AssembleError::Anonymous)));
    assert!(matches!(assembler.take(Event::Commit), Err(AssembleError::Order(_))));
    assert!(matches!(assembler.take(Event::Incident("LOST_EVENTS".to_owned())), Err(AssembleError::Incident(_))));
    assembler.take(begin(5)).expect("it begins");
    assert!(matches!(assembler.take(begin(6)), Err(AssembleError::Order(_))));
    // A new connection begins anew.
    assembler.interrupted();
    assembler.take(begin(6)).expect("it begins");
}

#[test]
fn many_rows_wait_in_a_file() {
    let first = recorded(assembler()).swap_remove(0);
    let Some(LoggedChange::Rows(rows)) = first.changes.first() else { panic!("{first:?}") };
    let count = IN_MEMORY / rows.size() + 100;
    let mut assembler = assembler();
    let mut events = vec![query("BEGIN", "bl")];
    events.extend((0..count).map(|_| Event::Rows(rows.clone())));
    events.push(Event::Commit);
    let large = one(&mut assembler, 1, events);
    let [LoggedChange::Many(many)] = large.changes.as_slice() else { panic!("{} changes", large.changes.len()) };
    let (mut position, mut read) = (0, 0);
    while let Some((event, next)) = many.0.read(position).expect("read back") {
        assert_eq!(&event, rows);
        (position, read) = (next, read + 1);
    }
    assert_eq!(read, count);
    // A branch of XA that is large waits for its decision in its file.
    let mut events = vec![query("XA START X'61',X'',1", "")];
    events.extend((0..count).map(|_| Event::Rows(rows.clone())));
    events.push(Event::XaPrepared(XaPrepared { one_phase: false, xid: "X'61',X'',1".to_owned() }));
    assert!(one(&mut assembler, 2, events).changes.is_empty());
    let decided = one(&mut assembler, 3, vec![query("XA COMMIT X'61',X'',1", "")]);
    assert!(matches!(decided.changes.as_slice(), [LoggedChange::Many(_)]));
}
