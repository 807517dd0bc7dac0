//! What the load counts: statements, errors, latencies, and the slowest statement while the bridge was moving.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

/// How many errors are kept word for word.
const EXAMPLES: usize = 5;
/// The largest latency the histograms can hold.
const LONGEST_MICROS: u64 = 120_000_000;

/// Counters that all clients share.
#[derive(Debug)]
pub(super) struct Stats {
    statements: AtomicU64,
    transactions: AtomicU64,
    errors: AtomicU64,
    retried_deadlocks: AtomicU64,
    violations: AtomicU64,
    examples: Mutex<Vec<String>>,
    /// Since the last [`Stats::second`].
    recent: Mutex<Histogram<u64>>,
    all: Mutex<Histogram<u64>>,
    watching_flip: AtomicBool,
    flip_micros: AtomicU64,
}

/// One line of the live view.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Second {
    pub(super) statements: u64,
    pub(super) p99: Duration,
}

/// The counters at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) statements: u64,
    pub(super) transactions: u64,
    pub(super) errors: u64,
    pub(super) retried_deadlocks: u64,
    /// Invariants that a reader found broken.
    pub(super) violations: u64,
    /// The first errors and violations, word for word.
    pub(super) examples: Vec<String>,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    /// The slowest statement that ended while the flip was under way.
    pub(super) flip: Duration,
}

impl Stats {
    pub(super) fn new() -> Self {
        let histogram =
            || Mutex::new(Histogram::new_with_max(LONGEST_MICROS, 3).expect("the bounds are constants that are valid"));
        Self {
            statements: AtomicU64::new(0),
            transactions: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            retried_deadlocks: AtomicU64::new(0),
            violations: AtomicU64::new(0),
            examples: Mutex::default(),
            recent: histogram(),
            all: histogram(),
            watching_flip: AtomicBool::new(false),
            flip_micros: AtomicU64::new(0),
        }
    }

    /// A statement was answered, well or not.
    pub(super) fn statement(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST_MICROS).min(LONGEST_MICROS);
        self.statements.fetch_add(1, Ordering::Relaxed);
        for histogram in [&self.recent, &self.all] {
            histogram.lock().expect("nobody panics while counting").saturating_record(micros);
        }
        if self.watching_flip.load(Ordering::Relaxed) {
            self.flip_micros.fetch_max(micros, Ordering::Relaxed);
        }
    }

    pub(super) fn transaction(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn deadlock(&self) {
        self.retried_deadlocks.fetch_add(1, Ordering::Relaxed);
    }

    /// A client saw an error that it shouldn't have seen.
    pub(super) fn error(&self, text: String) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        self.example(text);
    }

    /// A reader saw something that can't be.
    pub(super) fn violation(&self, text: String) {
        self.violations.fetch_add(1, Ordering::Relaxed);
        self.example(text);
    }

    fn example(&self, text: String) {
        let mut examples = self.examples.lock().expect("nobody panics while counting");
        if examples.len() < EXAMPLES {
            examples.push(text);
        }
    }

    /// From now on, the slowest statement counts as the pause.
    pub(super) fn flip_begins(&self) {
        self.watching_flip.store(true, Ordering::Relaxed);
    }

    pub(super) fn flip_ends(&self) {
        self.watching_flip.store(false, Ordering::Relaxed);
    }

    /// What happened since the last call.
    pub(super) fn second(&self) -> Second {
        let mut recent = self.recent.lock().expect("nobody panics while counting");
        let second = Second { statements: recent.len(), p99: quantile(&recent, 0.99) };
        recent.reset();
        second
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(super) fn totals(&self) -> Totals {
        let all = self.all.lock().expect("nobody panics while counting");
        Totals {
            statements: self.statements.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            retried_deadlocks: self.retried_deadlocks.load(Ordering::Relaxed),
            violations: self.violations.load(Ordering::Relaxed),
            examples: self.examples.lock().expect("nobody panics while counting").clone(),
            p50: quantile(&all, 0.5),
            p99: quantile(&all, 0.99),
            flip: Duration::from_micros(self.flip_micros.load(Ordering::Relaxed)),
        }
    }
}

fn quantile(histogram: &Histogram<u64>, quantile: f64) -> Duration {
    Duration::from_micros(histogram.value_at_quantile(quantile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_statements_around_the_flip_make_the_pause() {
        let stats = Stats::new();
        stats.statement(Duration::from_secs(3));
        stats.flip_begins();
        stats.statement(Duration::from_millis(80));
        stats.statement(Duration::from_millis(20));
        stats.flip_ends();
        stats.statement(Duration::from_secs(2));
        assert_eq!(stats.totals().flip, Duration::from_millis(80));
        assert_eq!((stats.second().statements, stats.second().statements), (4, 0));
        assert_eq!(stats.totals().statements, 4);
    }

    #[test]
    fn the_first_errors_are_kept_and_all_are_counted() {
        let stats = Stats::new();
        for number in 0..20 {
            stats.error(format!("error {number}"));
        }
        let totals = stats.totals();
        assert_eq!((totals.errors, totals.examples.len()), (20, EXAMPLES));
        assert_eq!(totals.examples.first().map(String::as_str), Some("error 0"));
    }
}
