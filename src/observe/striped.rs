//! A count that every thread changes and seldom somebody reads.
//!
//! One number that all threads write is a cache line that travels between their cores with each command, and takes with it
//! whatever else is in that line. Here each thread has a line of its own; reading adds them up.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use prometheus_client::metrics::counter::Atomic;

/// More threads than that share lines.
const STRIPES: usize = 32;

/// Two lines of 64 bytes, since processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe(AtomicU64);

/// The count. What one thread adds another may take away: stripes wrap around, their sum doesn't.
///
/// The sum isn't that of one moment. It's never less than what has been added before the reading began and isn't taken
/// away before its end, if additions are sequentially consistent, which they are.
#[derive(Debug, Default)]
pub struct Striped([Stripe; STRIPES]);

thread_local! {
    /// The thread's stripe, once it has one.
    static OWN: Cell<Option<usize>> = const { Cell::new(None) };
}

fn own() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    OWN.get().unwrap_or_else(|| {
        let stripe = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
        OWN.set(Some(stripe));
        stripe
    })
}

impl Striped {
    fn stripe(&self) -> &AtomicU64 {
        let [first, ..] = &self.0;
        &self.0.get(own()).unwrap_or(first).0
    }

    /// Adds one.
    pub fn increment(&self) {
        self.stripe().fetch_add(1, Ordering::SeqCst);
    }

    /// Takes one away.
    pub fn decrement(&self) {
        self.stripe().fetch_sub(1, Ordering::SeqCst);
    }

    /// The sum.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().fold(0, |sum, stripe| sum.wrapping_add(stripe.0.load(Ordering::SeqCst)))
    }
}

/// For counters of metrics, which only grow.
impl Atomic<u64> for Striped {
    fn inc(&self) -> u64 {
        self.inc_by(1)
    }

    /// The value before is this thread's own part of it; nobody asks for it.
    fn inc_by(&self, more: u64) -> u64 {
        self.stripe().fetch_add(more, Ordering::Relaxed)
    }

    fn get(&self) -> u64 {
        self.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_thread_adds_another_takes_away() {
        let count = Striped::default();
        std::thread::scope(|scope| {
            for _ in 0..STRIPES + 3 {
                scope.spawn(|| (0..100).for_each(|_| count.increment()));
            }
        });
        assert_eq!(count.sum(), (STRIPES as u64 + 3) * 100);
        std::thread::scope(|scope| {
            scope.spawn(|| (0..count.sum() - 1).for_each(|_| count.decrement()));
        });
        assert_eq!(count.sum(), 1);
        count.decrement();
        assert_eq!(count.sum(), 0);
    }
}
