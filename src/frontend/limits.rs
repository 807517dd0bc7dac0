//! Limits of the door beside the number of all connections: each user's sessions, and peers that are gone without a word.

use bytes::BytesMut;
use socket2::{SockRef, TcpKeepalive};
use std::time::Duration;
use tokio::net::TcpStream;

use crate::config::{Limits, Live, UserLimit};
use crate::route;
use crate::wire::reply;

/// Questions to a silent peer, and the time between them.
const PROBES: u32 = 3;
const PROBE_INTERVAL: Duration = Duration::from_secs(10);

/// Takes the session into its user's number, once the password is proved.
///
/// # Errors
/// The refusal, as MySQL says it: 1203 for the limit that holds for everybody, 1226 for a user's own.
pub(super) fn log_in(session: &mut route::Session, config: &Live, user: &str) -> Result<(), BytesMut> {
    let limit = config.load().listen.limits.of_user(user);
    if session.log_in(user, limit.map(UserLimit::most)) {
        return Ok(());
    }
    let (code, text) = refusal(user, limit);
    Err(reply::err(code, "42000", &text))
}

/// MySQL's error for a user who has as many sessions as it may.
pub(super) fn refusal(user: &str, limit: Option<UserLimit>) -> (u16, String) {
    match limit {
        Some(UserLimit::Own(most)) => {
            (1226, format!("User '{user}' has exceeded the 'max_user_connections' resource (current value: {most})"))
        }
        Some(UserLimit::Everybody(_)) | None => {
            (1203, format!("User {user} already has more than 'max_user_connections' active connections"))
        }
    }
}

/// Has the system notice a peer that is gone without a word. A socket that refuses is used as it is.
pub(super) fn watch_peer(socket: &TcpStream, limits: &Limits) {
    let socket = SockRef::from(socket);
    if let Some(silence) = limits.keepalive {
        let keepalive = TcpKeepalive::new().with_time(silence).with_interval(PROBE_INTERVAL).with_retries(PROBES);
        let _ = socket.set_tcp_keepalive(&keepalive);
    } else {
        let _ = socket.set_keepalive(false);
    }
    let _ = socket.set_tcp_user_timeout(limits.unacknowledged);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_is_told_when_a_silent_peer_is_gone() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let _client = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connects");
        let (accepted, _) = listener.accept().await.expect("accepts");
        let socket = SockRef::from(&accepted);
        let second = Duration::from_secs(1);
        let limits = Limits { keepalive: Some(77 * second), unacknowledged: Some(5 * second), ..Limits::default() };
        watch_peer(&accepted, &limits);
        assert!(socket.keepalive().expect("told"));
        assert_eq!(socket.tcp_keepalive_time().expect("told"), 77 * second);
        assert_eq!(socket.tcp_keepalive_interval().expect("told"), PROBE_INTERVAL);
        assert_eq!(socket.tcp_keepalive_retries().expect("told"), PROBES);
        assert_eq!(socket.tcp_user_timeout().expect("told"), Some(5 * second));
        watch_peer(&accepted, &Limits { keepalive: None, unacknowledged: None, ..limits });
        assert!(!socket.keepalive().expect("told"));
        assert_eq!(socket.tcp_user_timeout().expect("told"), None);
    }
}
