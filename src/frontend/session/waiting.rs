//! Between two commands: a session waits for its client, and notices what else may end it.

use std::io;

use tokio::time::Instant;

use super::Session;
use crate::frontend::relay::{Relay, RelayError};
use crate::wire::reply;

/// What MySQL says to a client that was silent for too long.
fn inactive() -> bytes::BytesMut {
    let text = "The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout \
                for configuring this behavior.";
    reply::err(4031, "HY000", text)
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
            let idle = !self.route.is_active() && self.relay.client.unread.is_empty();
            let Relay { client, server, .. } = &mut self.relay;
            client.release();
            tokio::select! {
                filled = client.fill() => match filled {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                    Err(error) => return Err(RelayError::Client(error)),
                },
                filled = server.fill() => {
                    // MySQL speaks unasked only to say why it closes.
                    filled.map_err(RelayError::Server)?;
                    let words = server.unread.split();
                    client.send(&words).await.map_err(RelayError::Client)?;
                }
                () = self.idle.passed(over), if over.is_some() => {
                    client.send_payload(&inactive(), 0).await.map_err(RelayError::Client)?;
                    return Ok(false);
                }
                () = shared.shutdown.cancelled(), if idle => return Ok(false),
            }
        }
    }
}
