//! Between two commands: a session waits for its client, and notices what else may end it.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Poll, Waker};

use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::Session;
use crate::frontend::end::{End, framed};
use crate::frontend::facts::Transaction;
use crate::frontend::idle::SILENCE;
use crate::frontend::relay::{Relay, RelayError};
use crate::frontend::stream::ClientStream;
use crate::source::connect::ServerStream;
use crate::wire::reply;

/// What MySQL says to a client that was silent for too long.
fn inactive() -> bytes::BytesMut {
    let text = "The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout \
                for configuring this behavior.";
    reply::err(4031, "HY000", text)
}

/// The end of Bascule as one session waits for it: between any two commands, for as long as it lives. It's on the list of those
/// who are told once, not once for each command, and looks at a token of its own: both the list and the parent's state have
/// a lock that all sessions share.
#[derive(Debug)]
pub(super) struct Ending {
    token: CancellationToken,
    told: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Whom the list has.
    listed: Option<Waker>,
}

impl Ending {
    pub(super) fn of(shutdown: &CancellationToken) -> Self {
        let token = shutdown.child_token();
        Self { told: Box::pin(token.clone().cancelled_owned()), token, listed: None }
    }

    /// Returns when Bascule begins to stop. Cancel safe.
    async fn begun(&mut self) {
        poll_fn(|context| {
            if self.listed.as_ref().is_some_and(|listed| listed.will_wake(context.waker())) {
                return if self.token.is_cancelled() { Poll::Ready(()) } else { Poll::Pending };
            }
            self.listed = Some(context.waker().clone());
            self.told.as_mut().poll(context)
        })
        .await;
    }
}

/// False when the client has closed its side.
fn is_there(filled: io::Result<()>) -> Result<bool, RelayError> {
    match filled {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(RelayError::Client(error)),
    }
}

/// MySQL speaks unasked only to say why it closes.
async fn pass_on(
    filled: io::Result<()>,
    server: &mut End<ServerStream>,
    client: &mut End<ClientStream>,
) -> Result<(), RelayError> {
    filled.map_err(RelayError::Server)?;
    let words = server.unread.split();
    client.send_unasked(&words).await.map_err(RelayError::Client)
}

impl Session<'_> {
    /// Waits until enough of the next command is there. False when there is none: the client has gone, MySQL has
    /// closed, or Bascule stops and the session is at a boundary.
    pub(super) async fn await_command(&mut self) -> Result<bool, RelayError> {
        let shared = self.shared;
        let over = shared.config.load().listen.limits.idle_timeout.map(|limit| Instant::now() + limit);
        loop {
            if self.enough()? {
                return Ok(true);
            }
            if self.relay.client_ended {
                return Ok(false);
            }
            if self.relay.facts.transaction == Transaction::Unknown || self.relay.facts.untold {
                self.ask_standing().await?;
                continue;
            }
            let idle = !self.route.is_active() && self.relay.client.unread.is_empty();
            let Relay { client, server, .. } = &mut self.relay;
            client.release();
            tokio::select! {
                biased;
                () = self.ending.begun(), if idle => {
                    if shared.boundary.is_cancelled() || !self.last_word().await? {
                        return Ok(false);
                    }
                }
                filled = client.fill() => if !is_there(filled)? {
                    return Ok(false);
                },
                filled = server.fill() => pass_on(filled, server, client).await?,
                () = self.idle.passed(over), if over.is_some() => {
                    client.send_unasked(&framed(&inactive(), 0)).await.map_err(RelayError::Client)?;
                    return Ok(false);
                }
            }
        }
    }

    /// Bascule ends, but a client that isn't silent may go on for now. True when it said something, or MySQL did.
    async fn last_word(&mut self) -> Result<bool, RelayError> {
        let Relay { client, server, .. } = &mut self.relay;
        tokio::select! {
            filled = client.fill() => is_there(filled),
            filled = server.fill() => pass_on(filled, server, client).await.map(|()| true),
            () = sleep(SILENCE) => Ok(false),
            () = self.shared.boundary.cancelled() => Ok(false),
        }
    }
}
