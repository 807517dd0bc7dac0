//! Tasks with names. A task that ends by a panic is an error of ours: it's logged with its name, and whoever waits for
//! the handle is told.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use tracing::{Instrument, error, error_span};

/// Spawns `future` on the present runtime under a name that stands in every message it logs.
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let span = error_span!("task", name);
    tokio::spawn(Watched { name, future: Box::pin(future) }.instrument(span))
}

/// Logs a panic on its way out.
struct Watched<F> {
    name: &'static str,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| this.future.as_mut().poll(context)));
        match polled {
            Ok(poll) => poll,
            Err(panic) => {
                error!(task = this.name, "a task panicked; this is an error in Bascule");
                std::panic::resume_unwind(panic)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_panic_reaches_whoever_waits() {
        let handle = super::spawn("test", async { panic!("on purpose") });
        assert!(handle.await.is_err());
        assert_eq!(super::spawn("test", async { 1 }).await.ok(), Some(1));
    }
}
