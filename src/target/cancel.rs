//! Cancelling what a connection executes now, from outside.

use std::sync::Arc;

use postgres_protocol::message::frontend;

use super::error::TargetError;
use super::socket::Socket;
use crate::config::Target;

/// Cancels the running statement of one connection. A cancelled statement fails with SQLSTATE 57014; one that has
/// already ended isn't affected, but the next one may be: the caller makes sure that it means the running one.
#[derive(Clone)]
pub struct CancelHandle {
    pub(super) target: Arc<Target>,
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
}

impl CancelHandle {
    /// Sends the request over a connection of its own. The server answers by closing it once the running process has its
    /// signal, which is waited for: a process that is idle then ignores it, so that no later statement is met.
    ///
    /// # Errors
    /// When the server can't be reached in time.
    pub async fn cancel(&self) -> Result<(), TargetError> {
        let limit = self.target.connect_timeout;
        let send = async {
            let mut socket = Socket::open(&self.target).await?;
            frontend::cancel_request(self.process_id, self.secret_key, &mut socket.output);
            socket.flush().await?;
            socket.closed().await;
            Ok(())
        };
        tokio::time::timeout(limit, send).await.map_err(|_| TargetError::ConnectTimeout(limit))?
    }
}

impl std::fmt::Debug for CancelHandle {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "CancelHandle({})", self.process_id)
    }
}
