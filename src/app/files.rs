//! Open files: a session holds two sockets, and most systems allow a process 1,024 files unless it asks for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files besides sessions' sockets: logs, the spool, PostgreSQL's connections, the admin socket.
const BESIDES: u64 = 256;

/// Raises this process' limit as far as it may, as servers do, and says so in the log when that isn't enough for as many
/// sessions as the configuration allows.
pub(super) fn allow(sessions: usize) {
    let wanted = 2 * sessions as u64 + BESIDES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None stands for no limit.
    let Some(now) = current.filter(|current| *current < wanted) else { return };
    let possible = maximum.map_or(wanted, |maximum| wanted.min(maximum)).max(now);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum }) {
        tracing::warn!(%error, "the limit of open files can't be raised");
    }
    if possible < wanted {
        tracing::warn!(
            limit = possible,
            wanted,
            "the limit of open files is too low for max_connections: raise it (ulimit -n, LimitNOFILE)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_never_lowered() {
        let before = getrlimit(Resource::Nofile).current;
        allow(0);
        allow(100);
        assert!(getrlimit(Resource::Nofile).current.is_none_or(|now| before.is_some_and(|before| now >= before)));
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let enough = current.is_none_or(|current| current >= 456 || Some(current) == maximum);
        assert!(enough, "{current:?} of {maximum:?}");
    }
}
