//! The orderer against a model of MySQL: sessions commit, roll back, lose their connection and bypass the proxy in
//! random order; the process restarts at random places.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::order::Orderer;
use super::record::{Intent, Outcome, Record};
use crate::change::{CapturedStatement, SourceEvent, StatementContext, WriteAnswer};
use crate::position::{Gtid, GtidSet};

const SOURCE: &str = "565dd9c7-e69f-11f1-900a-02fc00000001";

fn gtid(number: u64) -> Gtid {
    format!("{SOURCE}:{number}").parse().expect("a GTID")
}

fn upto(number: u64) -> GtidSet {
    let text = if number == 0 { String::new() } else { format!("{SOURCE}:1-{number}") };
    text.parse().expect("a set")
}

pub(super) fn context() -> Arc<StatementContext> {
    Arc::new(StatementContext {
        database: Some("shop".into()),
        sql_mode: "STRICT_TRANS_TABLES".into(),
        time_zone: "+00:00".into(),
        isolation: "REPEATABLE-READ".into(),
        auto_increment_increment: 1,
        foreign_key_checks: true,
        collation: "utf8mb4_0900_ai_ci".into(),
        user: "app@%".into(),
        last_insert_id: 0,
        found_rows: false,
    })
}

pub(super) fn statement(text: &str) -> CapturedStatement {
    CapturedStatement {
        text: text.into(),
        parameters: Vec::new(),
        context: context(),
        time_micros: 1_700_000_000_000_000,
        time_exact: true,
        answer: WriteAnswer { affected_rows: 1, ..WriteAnswer::default() },
    }
}

/// A transaction between its intent and its outcome.
struct Flight {
    intent: u64,
    connection: u64,
    committed: Option<u64>,
}

/// MySQL, the sessions and the log.
struct Model {
    random: StdRng,
    log: Vec<Record>,
    flights: Vec<Flight>,
    next_number: u64,
    next_connection: u64,
    /// Text of the statement of each captured commit with a known outcome.
    known: BTreeMap<u64, String>,
    /// Committed, captured, outcome lost.
    unknown: BTreeSet<u64>,
    bypassed: BTreeSet<u64>,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            log: Vec::new(),
            flights: Vec::new(),
            next_number: 1,
            next_connection: 1,
            known: BTreeMap::new(),
            unknown: BTreeSet::new(),
            bypassed: BTreeSet::new(),
        }
    }

    fn write(&mut self, record: Record) -> u64 {
        self.log.push(record);
        self.log.len() as u64
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    fn begin(&mut self) {
        let connection = self.next_connection;
        self.next_connection += 1;
        let statements = vec![statement(&format!("write {connection}"))];
        let intent = self.write(Record::Intent(Intent { connection, statements, ..Intent::default() }));
        self.flights.push(Flight { intent, connection, committed: None });
    }

    fn commit_one(&mut self) {
        let open: Vec<usize> =
            self.flights.iter().enumerate().filter(|(_, f)| f.committed.is_none()).map(|(index, _)| index).collect();
        if open.is_empty() {
            return;
        }
        let index = open[self.random.gen_range(0..open.len())];
        let number = self.number();
        self.flights[index].committed = Some(number);
    }

    fn answer_one(&mut self) {
        if self.flights.is_empty() {
            return;
        }
        let index = self.random.gen_range(0..self.flights.len());
        let flight = self.flights.swap_remove(index);
        let lost = self.random.gen_ratio(1, 20);
        let result = match flight.committed {
            _ if lost => Outcome::Unknown { reason: "the connection broke".into() },
            None => Outcome::Nothing,
            Some(number) => {
                Outcome::Committed { gtids: vec![gtid(number)], answer: None, more: Vec::new(), inexact: None }
            }
        };
        match flight.committed {
            Some(number) if lost => {
                self.unknown.insert(number);
            }
            Some(number) => {
                self.known.insert(number, format!("write {}", flight.connection));
            }
            None => {}
        }
        self.write(Record::Outcome { intent: flight.intent, result });
    }

    fn restart(&mut self) {
        for flight in std::mem::take(&mut self.flights) {
            self.unknown.extend(flight.committed);
        }
        self.write(Record::Restarted);
    }

    fn run(&mut self, steps: usize) {
        for _ in 0..steps {
            match self.random.gen_range(0..100) {
                0..40 => self.begin(),
                40..70 => self.commit_one(),
                70..95 => self.answer_one(),
                95..97 => {
                    let number = self.number();
                    self.bypassed.insert(number);
                }
                97..99 => {
                    let executed = upto(self.next_number - 1);
                    self.write(Record::Executed(executed));
                }
                _ => self.restart(),
            }
        }
        while !self.flights.is_empty() {
            self.answer_one();
        }
        let executed = upto(self.next_number - 1);
        self.write(Record::Executed(executed));
        self.write(Record::Gone { connections: (1..self.next_connection).collect() });
    }
}

/// Reads `log` from its start at `from` and checks what comes against the model.
fn check(seed: u64, model: &Model, from: u64) {
    let mut orderer = Orderer::new(upto(from));
    let mut next = from + 1;
    let mut doubted = BTreeSet::new();
    for (index, record) in model.log.iter().enumerate() {
        orderer.take(index as u64 + 1, 1, record.clone());
        while let Some(event) = orderer.pop() {
            match event {
                SourceEvent::Transaction(transaction) => {
                    let number = transaction.gtid.number;
                    assert_eq!(number, next, "seed {seed}: out of order");
                    let text = transaction.statements.first().map(|statement| statement.text.clone());
                    assert_eq!(text.as_ref(), model.known.get(&number), "seed {seed}: wrong transaction {number}");
                    next += 1;
                }
                SourceEvent::Logged(_) => panic!("rows come by another lane"),
                SourceEvent::Bypassed { gtids } => {
                    for (_, low, high) in gtids.ranges() {
                        assert_eq!(low, next, "seed {seed}");
                        for number in low..=high {
                            assert!(model.bypassed.contains(&number), "seed {seed}: {number} didn't bypass");
                        }
                        next = high + 1;
                    }
                }
                SourceEvent::InDoubt { gtids, candidates } => {
                    for (_, low, high) in gtids.ranges() {
                        assert_eq!(low, next, "seed {seed}");
                        for number in low..=high {
                            let right = model.bypassed.contains(&number) || model.unknown.contains(&number);
                            assert!(right, "seed {seed}: {number} was known");
                            doubted.insert(number);
                        }
                        next = high + 1;
                    }
                    assert!(!candidates.is_empty(), "seed {seed}");
                }
                SourceEvent::Lost { reason } => panic!("seed {seed}: {reason}"),
            }
        }
    }
    assert_eq!(next, model.next_number, "seed {seed}: not everything came");
    for number in model.unknown.range(from + 1..) {
        assert!(doubted.contains(number), "seed {seed}: {number} is missing and nobody was told");
    }
    let everything = upto(model.next_number);
    assert_eq!(orderer.acknowledge(&everything, 9), 9, "seed {seed}: something is kept for ever");
}

#[test]
fn transactions_come_in_order_and_every_gap_is_told() {
    for seed in 0..400 {
        let mut model = Model::new(seed);
        model.run(200);
        check(seed, &model, 0);
        // A reader that is opened again at a later position gives the rest.
        let from = model.random.gen_range(0..model.next_number);
        check(seed, &model, from);
    }
}

#[test]
fn a_missing_number_waits_for_exactly_those_that_could_be_it() {
    let mut orderer = Orderer::new(upto(4));
    let intent =
        |connection| Record::Intent(Intent { connection, statements: vec![statement("w")], ..Intent::default() });
    let committed = |intent, number| Record::Outcome {
        intent,
        result: Outcome::Committed { gtids: vec![gtid(number)], answer: None, more: Vec::new(), inexact: None },
    };
    orderer.take(1, 1, intent(1));
    orderer.take(2, 1, intent(2));
    orderer.take(3, 1, committed(2, 6));
    assert_eq!(orderer.pop(), None, "the first session may be 5");
    // A later intent can't be 5.
    orderer.take(4, 1, intent(3));
    orderer.take(5, 1, Record::Outcome { intent: 1, result: Outcome::Nothing });
    assert!(matches!(orderer.pop(), Some(SourceEvent::Bypassed { .. })));
    assert!(matches!(orderer.pop(), Some(SourceEvent::Transaction(_))));
    // What was given out as bypassed and comes after all is never ignored.
    orderer.take(6, 1, committed(4, 5));
    assert!(matches!(orderer.pop(), Some(SourceEvent::InDoubt { .. })));
}

#[test]
fn an_unknown_outcome_that_left_no_trace_was_rolled_back() {
    let mut orderer = Orderer::new(upto(4));
    orderer.take(1, 1, Record::Intent(Intent { connection: 7, statements: vec![statement("w")], ..Intent::default() }));
    orderer.take(2, 1, Record::Restarted);
    assert_eq!(orderer.acknowledge(&upto(4), 2), 1, "it must be kept until it's settled");
    orderer.take(3, 2, Record::Executed(upto(4)));
    orderer.take(4, 2, Record::Gone { connections: vec![7] });
    assert_eq!(orderer.pop(), None);
    assert_eq!(orderer.acknowledge(&upto(4), 2), 2);
}
