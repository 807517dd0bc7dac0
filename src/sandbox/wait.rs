//! Waiting for a server that is another process: there is nothing to be notified by, so it's asked again and again.

use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Asks `ready` every few milliseconds until it answers true, or gives up after `limit`.
pub(super) fn until(limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if ready() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port on the loopback address that nobody listens on now. Another process may take it before the server does;
/// the caller tries another one then.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
