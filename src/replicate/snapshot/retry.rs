//! Patience with servers that are away for a moment. Only work that can be done again without doubling anything may use
//! it: parts that are noted with their rows.

use std::time::Duration;

use super::SnapshotError;
use crate::observe::without_values;

/// First and last distance of attempts, and how many there are: a good minute in all.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(3));
const ATTEMPTS: u32 = 26;

/// Counts attempts at one piece of work.
#[derive(Debug)]
pub(super) struct Retry {
    left: u32,
    delay: Duration,
}

impl Retry {
    pub(super) const fn new() -> Self {
        Self { left: ATTEMPTS, delay: BACKOFF.0 }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The error itself when another attempt would be of no use, or there were enough.
    pub(super) async fn after(&mut self, error: SnapshotError) -> Result<(), SnapshotError> {
        if !error.is_outage() || self.left == 0 {
            return Err(error);
        }
        tracing::warn!(error = without_values(&error), "a part of the copy is tried again");
        self.left -= 1;
        tokio::time::sleep(self.delay).await;
        self.delay = (self.delay * 2).min(BACKOFF.1);
        Ok(())
    }
}

impl SnapshotError {
    /// True when the connection failed, or a server that is away for the moment, and not the work.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Source(error) => error.is_outage(),
            Self::Target { cause, .. } | Self::Preparation { cause, .. } => cause.is_outage(),
            Self::Schema(_)
            | Self::Refused(_)
            | Self::Count { .. }
            | Self::Changed { .. }
            | Self::Malformed(_)
            | Self::Noted(_)
            | Self::Task(_) => false,
        }
    }

    /// True when something of the same key was there already.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Target { cause, .. } if cause.sqlstate() == Some("23505"))
    }
}
