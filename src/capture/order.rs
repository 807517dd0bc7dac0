//! Puts transactions into MySQL's commit order and finds what is missing. Pure: records in, events out.
//!
//! # Why the log is enough
//! MySQL gives numbers in the order in which it writes the binary log. Suppose number *n* is missing when the outcome
//! of a higher number is read. MySQL had given *n* to somebody before. If that was one of our sessions, its intent was
//! on disk before its commit was forwarded, so the intent stands before this outcome in the log. So the sessions that
//! could have been *n* are exactly the intents that are open at this place of the log. When the last of them has its
//! outcome and none was *n*, nobody can be *n* any more: a writer bypassed the proxy. The same holds for a record that
//! says what MySQL had executed.
//!
//! # Unknown outcomes
//! An intent whose connection broke may have been committed, now or a little later. It never delays anybody. While it
//! isn't settled, a missing number may be its, so the number is *in doubt* instead of bypassed and its tables are
//! copied again. It's settled when its connection is known to be gone from MySQL and every number that MySQL had
//! executed by then is accounted for: then it was rolled back.

use std::collections::{BTreeMap, VecDeque};

use crate::change::{Affected, CapturedStatement, Doubtful, Inexact, SourceEvent, SourceTransaction, WriteAnswer};
use crate::position::{Gtid, GtidSet, GtidSource};
use crate::sql::{self, StatementClass};

use super::record::{Intent, Outcome, Record};

/// The state between records and events.
#[derive(Debug)]
pub(super) struct Orderer {
    /// Given out, or from before.
    seen: GtidSet,
    /// Given out as bypassed or in doubt: an outcome that comes for one of these is late.
    missed: GtidSet,
    /// Intents without outcome, by sequence.
    open: BTreeMap<u64, Held<Intent>>,
    /// Intents whose outcome isn't known, by sequence.
    unknown: BTreeMap<u64, Held<(u64, Doubtful)>>,
    sources: BTreeMap<GtidSource, Lane>,
    /// Connections that are gone, and the last sequence for which that counts.
    gone: VecDeque<(u64, Vec<u64>)>,
    out: VecDeque<SourceEvent>,
    /// Events given out and not acknowledged, with the segment from which they come.
    unacknowledged: VecDeque<Held<GtidSet>>,
    /// Sequence of the last record.
    last: u64,
}

/// Something that needs its segment.
#[derive(Debug)]
struct Held<T> {
    segment: u64,
    value: T,
}

/// One GTID source.
#[derive(Debug, Default)]
struct Lane {
    /// Committed, and a lower number is missing.
    waiting: BTreeMap<u64, Held<SourceTransaction>>,
    /// Every number up to the first was given before the record with the second as its sequence was written.
    evidence: VecDeque<(u64, u64)>,
}

impl Orderer {
    /// Gives out what lies beyond `from`.
    pub(super) fn new(from: GtidSet) -> Self {
        Self {
            seen: from,
            missed: GtidSet::default(),
            open: BTreeMap::new(),
            unknown: BTreeMap::new(),
            sources: BTreeMap::new(),
            gone: VecDeque::new(),
            out: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            last: 0,
        }
    }

    /// Takes the next record of the log.
    pub(super) fn take(&mut self, sequence: u64, segment: u64, record: Record) {
        self.last = sequence;
        match record {
            Record::Intent(value) => {
                self.open.insert(sequence, Held { segment, value });
            }
            Record::Outcome { intent, result } => self.outcome(intent, segment, result),
            Record::Executed(set) => {
                for (source, _, high) in set.ranges() {
                    self.evidence(source, high);
                }
            }
            Record::Restarted => {
                for (id, held) in std::mem::take(&mut self.open) {
                    self.doubt(id, held, "Bascule was restarted before MySQL's answer");
                }
            }
            Record::Gone { connections } => self.gone.push_back((sequence, connections)),
            Record::Lost { reason } => self.out.push_back(SourceEvent::Lost { reason }),
        }
        self.advance();
    }

    /// The next event.
    pub(super) fn pop(&mut self) -> Option<SourceEvent> {
        self.out.pop_front()
    }

    /// Forgets what is in `applied` and tells the oldest segment that is still needed, given the one that is read.
    pub(super) fn acknowledge(&mut self, applied: &GtidSet, reading: u64) -> u64 {
        while self.unacknowledged.front().is_some_and(|held| applied.contains_all(&held.value)) {
            self.unacknowledged.pop_front();
        }
        let unacknowledged = self.unacknowledged.iter().map(|held| held.segment);
        let open = self.open.values().map(|held| held.segment);
        let unknown = self.unknown.values().map(|held| held.segment);
        let waiting = self.sources.values().flat_map(|lane| lane.waiting.values()).map(|held| held.segment);
        unacknowledged.chain(open).chain(unknown).chain(waiting).chain([reading]).min().unwrap_or(reading)
    }

    fn outcome(&mut self, id: u64, segment: u64, result: Outcome) {
        match result {
            Outcome::Nothing => {
                self.open.remove(&id);
                self.unknown.remove(&id);
            }
            Outcome::Unknown { reason } => {
                if let Some(held) = self.open.remove(&id) {
                    self.doubt(id, held, &reason);
                }
            }
            Outcome::Committed { gtids, answer, more, inexact } => {
                let found = self.open.remove(&id);
                let segment = found.as_ref().map_or(segment, |held| held.segment);
                let (statements, inexact) = match found {
                    Some(held) => assemble(held.value, answer, more, inexact),
                    // The session announced nothing, which is legal for a commit that nobody foresaw; or its intent
                    // is gone, and then what it wrote is gone too.
                    None if id == 0 => (more, inexact),
                    None => (more, missing_intent(inexact)),
                };
                self.committed(gtids, segment, statements, inexact);
            }
        }
    }

    /// An intent's outcome will never be known from the session.
    fn doubt(&mut self, id: u64, held: Held<Intent>, reason: &str) {
        let Held { segment, value: Intent { connection, mut statements, pending, inexact } } = held;
        if let Some(pending) = pending {
            statements.push(unanswered(pending));
        }
        if statements.is_empty() && inexact.is_none() {
            return;
        }
        let doubtful = Doubtful { statements, inexact, reason: reason.to_owned() };
        self.unknown.insert(id, Held { segment, value: (connection, doubtful) });
    }

    fn committed(
        &mut self,
        mut gtids: Vec<Gtid>,
        segment: u64,
        statements: Vec<CapturedStatement>,
        mut inexact: Option<Inexact>,
    ) {
        gtids.sort();
        if let ([before, own], Some((ddl, writes))) = (gtids.as_slice(), statements.split_last())
            && !writes.is_empty()
            && sql::classify(ddl.text.as_bytes()) == StatementClass::Ddl
        {
            // DDL commits what was open first, under a number of its own.
            let writes =
                SourceTransaction { gtid: before.clone(), statements: writes.to_vec(), inexact: inexact.clone() };
            let ddl = SourceTransaction { gtid: own.clone(), statements: vec![ddl.clone()], inexact };
            self.place(segment, writes);
            return self.place(segment, ddl);
        }
        let several = gtids.len() > 1 && !statements.is_empty();
        let Some(last) = gtids.pop() else { return };
        for gtid in gtids {
            self.place(segment, SourceTransaction { gtid, statements: Vec::new(), inexact: None });
        }
        if several {
            Inexact::add(&mut inexact, "one command committed several times".into(), Affected::All);
        }
        self.place(segment, SourceTransaction { gtid: last, statements, inexact });
    }

    /// Puts a committed transaction where it belongs.
    fn place(&mut self, segment: u64, transaction: SourceTransaction) {
        let gtid = transaction.gtid.clone();
        let empty = transaction.statements.is_empty() && transaction.inexact.is_none();
        let late = self.missed.contains(&gtid);
        if self.seen.contains(&gtid) && !late {
            return;
        }
        let behind = gtid.number <= self.seen.last(&gtid.source);
        self.evidence(&gtid.source, gtid.number);
        if (late || behind) && !empty {
            self.emit_doubt(segment, transaction, "it was recorded after later transactions had been given out");
        } else if !late {
            let lane = self.sources.entry(gtid.source).or_default();
            lane.waiting.insert(gtid.number, Held { segment, value: transaction });
        }
    }

    /// A transaction that can't be put in order: its tables are copied again.
    fn emit_doubt(&mut self, segment: u64, transaction: SourceTransaction, reason: &str) {
        let SourceTransaction { gtid, statements, inexact } = transaction;
        let mut gtids = GtidSet::default();
        gtids.insert(&gtid);
        let candidates = vec![Doubtful { statements, inexact, reason: reason.to_owned() }];
        self.give(segment, gtids.clone(), SourceEvent::InDoubt { gtids, candidates });
    }

    /// Every number of `source` up to `up_to` has been given by MySQL.
    fn evidence(&mut self, source: &GtidSource, up_to: u64) {
        let lane = self.sources.entry(source.clone()).or_default();
        if lane.evidence.back().is_none_or(|&(known, _)| known < up_to) {
            lane.evidence.push_back((up_to, self.last));
        }
    }

    /// Gives out whatever can be given out now.
    fn advance(&mut self) {
        let oldest_open = self.open.first_key_value().map_or(u64::MAX, |(&sequence, _)| sequence);
        let sources: Vec<GtidSource> = self.sources.keys().cloned().collect();
        for source in sources {
            while self.step(&source, oldest_open) {}
        }
        while self.gone.front().is_some_and(|&(bound, _)| oldest_open > bound) {
            if let Some((bound, connections)) = self.gone.pop_front() {
                self.unknown.retain(|&id, held| id > bound || !connections.contains(&held.value.0));
            }
        }
    }

    /// Gives out one event of `source`; false when its next number must be waited for.
    fn step(&mut self, source: &GtidSource, oldest_open: u64) -> bool {
        let next = self.seen.last(source) + 1;
        let Some(lane) = self.sources.get_mut(source) else { return false };
        while lane.evidence.front().is_some_and(|&(up_to, _)| up_to < next) {
            lane.evidence.pop_front();
        }
        if let Some(held) = lane.waiting.remove(&next) {
            let mut gtids = GtidSet::default();
            gtids.insert(&held.value.gtid);
            if !source.is_tagged() || (held.value.statements.is_empty() && held.value.inexact.is_none()) {
                self.give(held.segment, gtids, SourceEvent::Transaction(held.value));
            } else {
                // Numbers order transactions within one tag only.
                self.emit_doubt(held.segment, held.value, "its GTID has a tag, so its place in the order isn't known");
            }
            return true;
        }
        let Some(&(up_to, bound)) = lane.evidence.front() else { return false };
        if oldest_open <= bound {
            return false;
        }
        let before = lane.waiting.first_key_value().map_or(u64::MAX, |(&number, _)| number);
        let mut gtids = GtidSet::default();
        gtids.insert_range(source, next, up_to.min(before.saturating_sub(1)));
        self.miss(gtids);
        true
    }

    /// Nobody can be these any more, except those whose outcome isn't known.
    fn miss(&mut self, gtids: GtidSet) {
        self.missed.union(&gtids);
        let candidates: Vec<Doubtful> = self.unknown.values().map(|held| held.value.1.clone()).collect();
        let event = if candidates.is_empty() {
            SourceEvent::Bypassed { gtids: gtids.clone() }
        } else {
            SourceEvent::InDoubt { gtids: gtids.clone(), candidates }
        };
        let segment = self.unknown.values().map(|held| held.segment).min().unwrap_or(0);
        self.give(segment, gtids, event);
    }

    fn give(&mut self, segment: u64, gtids: GtidSet, event: SourceEvent) {
        self.seen.union(&gtids);
        // Segment 0 means that the event needs none: a gap is found again from the numbers around it.
        if segment > 0 {
            self.unacknowledged.push_back(Held { segment, value: gtids });
        }
        self.out.push_back(event);
    }
}

/// The whole transaction from its intent and its outcome.
fn assemble(
    intent: Intent,
    answer: Option<WriteAnswer>,
    more: Vec<CapturedStatement>,
    inexact: Option<Inexact>,
) -> (Vec<CapturedStatement>, Option<Inexact>) {
    let Intent { mut statements, pending, inexact: mut known, connection: _ } = intent;
    if let (Some(pending), Some(answer)) = (pending, answer) {
        let mut statement = unanswered(pending);
        statement.answer = answer;
        statements.push(statement);
    }
    statements.extend(more);
    if let Some(later) = inexact {
        Inexact::add(&mut known, later.reason, later.tables);
    }
    (statements, known)
}

/// The pending statement without MySQL's answer.
fn unanswered(pending: super::PendingWrite) -> CapturedStatement {
    CapturedStatement {
        text: pending.text,
        parameters: pending.parameters,
        context: pending.context,
        time_micros: pending.time_micros,
        time_exact: pending.time_exact,
        answer: WriteAnswer::default(),
    }
}

fn missing_intent(mut inexact: Option<Inexact>) -> Option<Inexact> {
    Inexact::add(&mut inexact, "its statements aren't in the spool any more".into(), Affected::All);
    inexact
}
