//! `[listen]`: what clients and their connections may take, and for how long. All of it can change while Bascule runs.

use std::collections::BTreeMap;
use std::time::Duration;

/// Limits of the applications' door, besides the number of all connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long sessions may go on to the end of their transaction when Bascule stops.
    pub shutdown_timeout: Duration,
    /// Connections of one user at most; `None` for no limit.
    pub max_user_connections: Option<usize>,
    /// Users with a limit of their own.
    pub user_connections: BTreeMap<String, usize>,
    /// A client that sends nothing for so long is closed; `None` leaves it to MySQL's wait_timeout.
    pub idle_timeout: Option<Duration>,
    /// After so much silence the system asks a peer whether it's still there; `None` never asks.
    pub keepalive: Option<Duration>,
    /// A peer that doesn't acknowledge what was sent for so long is gone; `None` leaves it to the system.
    pub unacknowledged: Option<Duration>,
}

/// Which limit a user has, and which of MySQL's errors tells that it's reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserLimit {
    /// `max_user_connections`.
    Everybody(usize),
    /// The user's own.
    Own(usize),
}

impl UserLimit {
    /// Connections at most.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::Everybody(most) | Self::Own(most) => most,
        }
    }
}

impl Limits {
    /// The limit of one user.
    #[must_use]
    pub fn of_user(&self, user: &str) -> Option<UserLimit> {
        let own = self.user_connections.get(user).copied().map(UserLimit::Own);
        own.or(self.max_user_connections.map(UserLimit::Everybody))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            shutdown_timeout: Duration::from_secs(30),
            max_user_connections: None,
            user_connections: BTreeMap::new(),
            idle_timeout: None,
            keepalive: Some(Duration::from_secs(60)),
            unacknowledged: None,
        }
    }
}
