//! Nested calls of procedures, on a stack that grows.
//!
//! Each level is polled from inside the one before, and a level takes some hundred kilobytes of stack: a few of them would
//! overflow a thread's, which ends the process with everybody's sessions. So a nested level looks how much is left and
//! goes on elsewhere when that's little.

use std::pin::Pin;
use std::task::{Context, Poll};

/// More than any level takes, also without optimisation.
const RED_ZONE: usize = 4 << 20;
/// What is added at a time.
const SEGMENT: usize = 32 << 20;

/// A future that is polled with enough stack.
pub(super) struct Deep<F>(Pin<Box<F>>);

/// Gives a future enough stack, whatever it is polled on.
pub(super) fn deep<F: Future>(future: F) -> Deep<F> {
    Deep(Box::pin(future))
}

impl<F: Future> Future for Deep<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        stacker::maybe_grow(RED_ZONE, SEGMENT, || self.0.as_mut().poll(context))
    }
}
