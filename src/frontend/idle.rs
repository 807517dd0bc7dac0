//! The time in which a client says nothing.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A client that is silent for so long between two transactions is closed when Bascule gives its place to another process:
/// one that has just logged in, or that is busy, gets its answers first.
pub(super) const SILENCE: Duration = Duration::from_secs(1);

/// A timer that stays set and is put off when it fires: one for each command would be the earliest of the runtime, and
/// setting that wakes it.
#[derive(Debug, Default)]
pub(super) struct Idle {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    /// Waits until `over`; for ever without it. Cancel safe.
    pub(super) async fn passed(&mut self, over: Option<Instant>) {
        let Some(over) = over else { return std::future::pending().await };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(over)));
        if timer.deadline() > over || timer.deadline() + Duration::from_secs(86_400) < over {
            timer.as_mut().reset(over);
        }
        loop {
            timer.as_mut().await;
            if Instant::now() >= over {
                return;
            }
            timer.as_mut().reset(over);
        }
    }
}
