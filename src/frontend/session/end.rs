//! The end of a session that is cut off: its task is dropped wherever it is, and nothing can be waited for.

use super::{Asked, Session};
use crate::frontend::end::framed;
use crate::wire::reply;

/// A session while it runs.
pub(super) struct Running<'a>(pub(super) Option<Session<'a>>);

impl<'a> Running<'a> {
    /// The session, which is there until it's taken.
    pub(super) fn session(&mut self) -> &mut Session<'a> {
        self.0.as_mut().expect("it's taken at the end of its run only")
    }

    /// The session at the end of its run.
    pub(super) fn take(mut self) -> Session<'a> {
        self.0.take().expect("it's taken once")
    }
}

impl Drop for Running<'_> {
    /// A client whose command has no answer yet, nor a part of one, is told what MySQL tells it at its own shutdown. Not
    /// when MySQL may still commit it: the end without a word is what a client takes for an unknown outcome.
    fn drop(&mut self) {
        if let Some(session) = &mut self.0
            && session.asked == Asked::Undone
            && !session.relay.answered
            && session.shared.cut.is_cancelled()
        {
            let told = framed(&reply::err(1053, "08S01", "Server shutdown in progress"), 1);
            session.relay.client.stream.say_at_once(&told);
        }
    }
}
