//! The flip as a list of verbs. One function calls them in order; one implementation performs, one rehearses, and
//! the tests have one that records and fails on demand. A rehearsal therefore can't drift from the real thing.
//!
//! # Order, and why
//! 1. *drain*: the gate is shut, open transactions end. From here nothing new reaches MySQL through Bascule.
//! 2. *position*: MySQL's executed set is read. Read earlier, it would miss commits that were in flight.
//! 3. *catch up*: wait until the applier says that it has applied exactly that set. Readiness is this fact, never a
//!    threshold.
//! 4. *final checks*: no table needs a resync, no writer bypassed the proxy up to that position.
//! 5. *sequences*: past every id that MySQL gave out, or the first INSERT after the flip fails.
//! 6. *triggers*: from here PostgreSQL would fire them; MySQL's have done so for every row until now.
//! 7. *journal*: the new mode and epoch are durable in PostgreSQL. **The point of no return.** Everything before it
//!    is undone by opening the gate; everything after it only carries out what is already decided.
//! 8. *swap*: the route's mode changes, in memory; sessions that wait find PostgreSQL behind the gate.
//! 9. *reopen*.

use std::time::Instant;

use serde::Serialize;

use crate::position::GtidSet;

/// A step of the flip, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Drain,
    Position,
    CatchUp,
    FinalChecks,
    Sequences,
    Triggers,
    Journal,
    Swap,
    Reopen,
}

impl Step {
    /// What the operator reads.
    #[must_use]
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Drain => "hold new statements, let open transactions end",
            Self::Position => "read MySQL's last committed position",
            Self::CatchUp => "wait until PostgreSQL has applied it",
            Self::FinalChecks => "check that nothing is missing",
            Self::Sequences => "move sequences past the ids handed out",
            Self::Triggers => "make the triggers that PostgreSQL fires from now on",
            Self::Journal => "record the flip in PostgreSQL (point of no return)",
            Self::Swap => "serve from PostgreSQL",
            Self::Reopen => "let the held statements go on",
        }
    }
}

/// Why a flip stopped before the point of no return. Everybody goes on with MySQL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Halt {
    /// A sentence for the operator.
    pub(super) reason: String,
}

impl Halt {
    /// A halt with its reason.
    #[must_use]
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The verbs of a flip. Dropping the implementation at any moment before [`Verbs::swap`] opens the gate towards
/// MySQL.
pub(super) trait Verbs {
    fn drain(&mut self) -> impl Future<Output = Result<(), Halt>> + Send;
    fn position(&mut self) -> impl Future<Output = Result<GtidSet, Halt>> + Send;
    fn catch_up(&mut self, position: &GtidSet) -> impl Future<Output = Result<(), Halt>> + Send;
    fn final_checks(&mut self, position: &GtidSet) -> impl Future<Output = Result<(), Halt>> + Send;
    fn sequences(&mut self) -> impl Future<Output = Result<(), Halt>> + Send;
    fn triggers(&mut self) -> impl Future<Output = Result<(), Halt>> + Send;
    /// Durable or an error; an implementation that can't tell resolves it before it answers.
    fn journal(&mut self, position: &GtidSet) -> impl Future<Output = Result<(), Halt>> + Send;
    fn swap(&mut self);
    fn reopen(&mut self);
}

/// One step as it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct StepTaken {
    pub(super) step: Step,
    /// Milliseconds it took.
    pub(super) took_ms: f64,
    /// Why it stopped here, if it did.
    pub(super) halted: Option<String>,
}

/// How a flip went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Flip {
    pub(super) steps: Vec<StepTaken>,
    /// True once the journal was durable: PostgreSQL serves.
    pub(super) decided: bool,
    /// Milliseconds from shutting the gate to opening it.
    pub(super) pause_ms: f64,
}

impl Flip {
    /// Why it stopped, if it did.
    #[must_use]
    pub(super) fn halted(&self) -> Option<&str> {
        self.steps.last().and_then(|taken| taken.halted.as_deref())
    }
}

/// Runs the verbs in order. The only place that knows the point of no return.
pub(super) async fn run(verbs: &mut impl Verbs) -> Flip {
    let mut record = Record { began: Instant::now(), last: Instant::now(), steps: Vec::new() };
    let decided = match before_the_point(verbs, &mut record).await {
        Ok(()) => {
            verbs.swap();
            record.took(Step::Swap, None);
            true
        }
        Err(halted) => {
            record.took(halted.0, Some(halted.1.reason));
            false
        }
    };
    verbs.reopen();
    if decided {
        record.took(Step::Reopen, None);
    }
    Flip { decided, pause_ms: milliseconds(record.began), steps: record.steps }
}

/// Everything that can still be released to MySQL, up to and including the decision itself.
async fn before_the_point(verbs: &mut impl Verbs, record: &mut Record) -> Result<(), (Step, Halt)> {
    verbs.drain().await.map_err(|halt| (Step::Drain, halt))?;
    record.took(Step::Drain, None);
    let position = verbs.position().await.map_err(|halt| (Step::Position, halt))?;
    record.took(Step::Position, None);
    verbs.catch_up(&position).await.map_err(|halt| (Step::CatchUp, halt))?;
    record.took(Step::CatchUp, None);
    verbs.final_checks(&position).await.map_err(|halt| (Step::FinalChecks, halt))?;
    record.took(Step::FinalChecks, None);
    verbs.sequences().await.map_err(|halt| (Step::Sequences, halt))?;
    record.took(Step::Sequences, None);
    verbs.triggers().await.map_err(|halt| (Step::Triggers, halt))?;
    record.took(Step::Triggers, None);
    verbs.journal(&position).await.map_err(|halt| (Step::Journal, halt))?;
    record.took(Step::Journal, None);
    Ok(())
}

/// Times of the steps.
struct Record {
    began: Instant,
    last: Instant,
    steps: Vec<StepTaken>,
}

impl Record {
    fn took(&mut self, step: Step, halted: Option<String>) {
        self.steps.push(StepTaken { step, took_ms: milliseconds(self.last), halted });
        self.last = Instant::now();
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records the verbs it was asked for and fails at one of them.
    #[derive(Default)]
    struct Recorder {
        fail_at: Option<Step>,
        said: Vec<Step>,
    }

    impl Recorder {
        fn say(&mut self, step: Step) -> Result<(), Halt> {
            self.said.push(step);
            if self.fail_at == Some(step) { Err(Halt::new(format!("{step:?} failed"))) } else { Ok(()) }
        }
    }

    impl Verbs for Recorder {
        async fn drain(&mut self) -> Result<(), Halt> {
            self.say(Step::Drain)
        }
        async fn position(&mut self) -> Result<GtidSet, Halt> {
            self.say(Step::Position).map(|()| GtidSet::default())
        }
        async fn catch_up(&mut self, _: &GtidSet) -> Result<(), Halt> {
            self.say(Step::CatchUp)
        }
        async fn final_checks(&mut self, _: &GtidSet) -> Result<(), Halt> {
            self.say(Step::FinalChecks)
        }
        async fn sequences(&mut self) -> Result<(), Halt> {
            self.say(Step::Sequences)
        }
        async fn triggers(&mut self) -> Result<(), Halt> {
            self.say(Step::Triggers)
        }
        async fn journal(&mut self, _: &GtidSet) -> Result<(), Halt> {
            self.say(Step::Journal)
        }
        fn swap(&mut self) {
            self.said.push(Step::Swap);
        }
        fn reopen(&mut self) {
            self.said.push(Step::Reopen);
        }
    }

    const ALL: [Step; 9] = [
        Step::Drain,
        Step::Position,
        Step::CatchUp,
        Step::FinalChecks,
        Step::Sequences,
        Step::Triggers,
        Step::Journal,
        Step::Swap,
        Step::Reopen,
    ];

    #[tokio::test]
    async fn the_whole_list_in_its_order() {
        let mut recorder = Recorder::default();
        let flip = run(&mut recorder).await;
        assert_eq!(recorder.said, ALL);
        assert_eq!(flip.steps.iter().map(|taken| taken.step).collect::<Vec<_>>(), ALL);
        assert!(flip.decided && flip.halted().is_none());
    }

    #[tokio::test]
    async fn a_failure_before_the_point_reopens_without_a_swap_and_says_where() {
        for fail_at in &ALL[..7] {
            let mut recorder = Recorder { fail_at: Some(*fail_at), ..Recorder::default() };
            let flip = run(&mut recorder).await;
            assert!(!flip.decided);
            assert!(!recorder.said.contains(&Step::Swap));
            assert_eq!(recorder.said.last(), Some(&Step::Reopen), "the gate opens");
            assert_eq!(flip.halted(), Some(format!("{fail_at:?} failed").as_str()));
        }
    }
}
