//! The end of the demo: what a person reads, and the one JSON object for machines.

use std::time::Duration;

use serde_json::{Value, json};

use super::stats::Totals;
use super::view::{Screen, grouped};

/// The longest that a client may have waited because of the flip.
pub(super) const PAUSE_LIMIT: Duration = Duration::from_millis(500);

/// One thing that must be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name in the JSON object.
    pub name: &'static str,
    /// What must be true, in words.
    pub claim: String,
    /// Whether it is.
    pub held: bool,
    /// What was found instead, when it isn't.
    pub found: Option<String>,
}

impl Check {
    pub(super) fn new(name: &'static str, claim: impl Into<String>, held: bool) -> Self {
        Self { name, claim: claim.into(), held, found: None }
    }

    /// What was found, when it doesn't hold.
    pub(super) fn detail(mut self, found: impl FnOnce() -> String) -> Self {
        if !self.held {
            self.found = Some(found());
        }
        self
    }
}

/// Everything the demo found out.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub(super) load: Totals,
    pub(super) clients: u32,
    pub(super) load_seconds: f64,
    pub(super) rows_copied: u64,
    pub(super) mirrored_transactions: u64,
    pub(super) tables_compared: u64,
    pub(super) rows_compared: u64,
    pub(super) differences: u64,
    pub(super) gate_pause_ms: f64,
    pub(super) statements_on_postgres: u64,
    pub(super) checks: Vec<Check>,
}

impl Summary {
    /// True when every check held.
    #[must_use]
    pub fn held(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.held)
    }

    /// The longest that a client waited around the flip.
    pub(super) fn pause_ms(&self) -> f64 {
        millis(self.load.flip)
    }

    /// One object; fields are only ever added.
    #[must_use]
    pub fn json(&self) -> Value {
        let checks: serde_json::Map<String, Value> =
            self.checks.iter().map(|check| (check.name.to_owned(), Value::Bool(check.held))).collect();
        let found = self.checks.iter().filter_map(|check| Some(format!("{}: {}", check.name, check.found.as_ref()?)));
        json!({
            "ok": self.held(),
            "client_errors": self.load.errors,
            "invariant_violations": self.load.violations,
            "statements": self.load.statements,
            "statements_on_postgres": self.statements_on_postgres,
            "transactions": self.load.transactions,
            "retried_deadlocks": self.load.retried_deadlocks,
            "mirrored_transactions": self.mirrored_transactions,
            "rows_copied": self.rows_copied,
            "rows_compared": self.rows_compared,
            "differences": self.differences,
            "cutover_pause_ms": round(self.pause_ms()),
            "gate_pause_ms": round(self.gate_pause_ms),
            "latency_p50_ms": round(millis(self.load.p50)),
            "latency_p99_ms": round(millis(self.load.p99)),
            "clients": self.clients,
            "load_seconds": round(self.load_seconds),
            "checks": checks,
            "problems": found.chain(self.load.examples.iter().cloned()).collect::<Vec<_>>(),
        })
    }

    /// What a person reads.
    pub(super) fn show(&self, screen: &Screen) {
        let load = &self.load;
        screen.say("");
        screen.say(format!(
            "{} statements in {:.0} s from {} connections that were opened once: {} on MySQL, then {} on PostgreSQL.",
            grouped(load.statements),
            self.load_seconds,
            self.clients,
            grouped(load.statements.saturating_sub(self.statements_on_postgres)),
            grouped(self.statements_on_postgres),
        ));
        screen.say(format!(
            "{} rows copied and {} transactions replayed while the load ran; {} rows of {} tables compared, {} differ.",
            grouped(self.rows_copied),
            grouped(self.mirrored_transactions),
            grouped(self.rows_compared),
            self.tables_compared,
            grouped(self.differences),
        ));
        screen.say(format!(
            "The flip: the slowest statement around it took {:.0} ms (usually: median {:.1} ms, p99 {:.1} ms); {}.",
            self.pause_ms(),
            millis(load.p50),
            millis(load.p99),
            match load.errors {
                0 => "no client saw an error".to_owned(),
                errors => format!("CLIENTS SAW {errors} ERRORS"),
            },
        ));
        if load.retried_deadlocks > 0 {
            screen.say(format!("Deadlocks met by clients, and retried: {}.", load.retried_deadlocks));
        }
        screen.say("");
        for check in &self.checks {
            screen.say(format!("  {} {}", if check.held { "✓" } else { "✗" }, check.claim));
            if let Some(found) = &check.found {
                screen.say(format!("      {found}"));
            }
        }
        for example in &load.examples {
            screen.say(format!("      {example}"));
        }
        screen.say("");
        screen.say(match self.held() {
            true => "Every check held.",
            false => "NOT every check held.",
        });
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_check_that_fails_fails_all_and_says_why() {
        let mut summary = Summary { checks: vec![Check::new("one", "one is one", true)], ..Summary::default() };
        assert!(summary.held());
        summary.checks.push(Check::new("two", "two is two", false).detail(|| "it is three".into()));
        assert!(!summary.held());
        let object = summary.json();
        assert_eq!(object["ok"], false);
        assert_eq!(object["checks"]["one"], true);
        assert_eq!(object["checks"]["two"], false);
        assert_eq!(object["problems"][0], "two: it is three");
    }

    #[test]
    fn without_checks_nothing_was_proved() {
        assert!(!Summary::default().held());
    }
}
