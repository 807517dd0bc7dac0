//! Reading the file again while Bascule runs: which keys may change then, and what a change came to.
//!
//! A file with a problem is refused as a whole before it gets here ([`Config::load`] tells all of them). Of one without,
//! the keys that can change are put in force together; the others stay as they are and are named, so that nobody takes
//! them for changed. A test holds the list to `proxy.toml`.

use serde::{Deserialize, Serialize};

use super::{Config, Live, Source};

/// What became of each key; names as in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReport {
    /// Changed, and in force now.
    pub applied: Vec<String>,
    /// Changed, and in force after a restart only.
    pub needs_restart: Vec<String>,
    pub unchanged: Vec<String>,
}

/// A key of the file.
struct Key {
    name: &'static str,
    same: fn(&Config, &Config) -> bool,
    /// Puts the value of the second in the first; absent for what only a restart changes.
    take: Option<fn(&mut Config, &Config)>,
}

macro_rules! live {
    ($name:literal, $($field:ident).+) => {
        Key {
            name: $name,
            same: |one, other| one.$($field).+ == other.$($field).+,
            take: Some(|to, from| to.$($field).+.clone_from(&from.$($field).+)),
        }
    };
}

macro_rules! fixed {
    ($name:literal, $($field:ident).+) => {
        Key { name: $name, same: |one, other| one.$($field).+ == other.$($field).+, take: None }
    };
}

macro_rules! source {
    ($name:literal, $field:ident) => {
        Key {
            name: $name,
            same: |one, other| of(one, |source| &source.$field) == of(other, |source| &source.$field),
            take: None,
        }
    };
}

fn of<'a, T>(config: &'a Config, field: impl Fn(&'a Source) -> &'a T) -> Option<&'a T> {
    config.source.as_ref().map(field)
}

const KEYS: &[Key] = &[
    fixed!("listen.address", listen.address),
    fixed!("listen.socket", listen.socket),
    live!("listen.proxy_protocol_from", listen.proxy_protocol_from),
    fixed!("listen.tls", listen.tls),
    live!("listen.max_connections", listen.max_connections),
    live!("listen.max_user_connections", listen.limits.max_user_connections),
    live!("listen.user_connections", listen.limits.user_connections),
    live!("listen.handshake_timeout_seconds", listen.handshake_timeout),
    live!("listen.idle_timeout_seconds", listen.limits.idle_timeout),
    live!("listen.shutdown_timeout_seconds", listen.limits.shutdown_timeout),
    live!("listen.keepalive_seconds", listen.limits.keepalive),
    live!("listen.tcp_user_timeout_seconds", listen.limits.unacknowledged),
    fixed!("listen.max_allowed_packet_bytes", listen.max_allowed_packet),
    fixed!("listen.threads", listen.threads),
    source!("source.host", host),
    source!("source.port", port),
    source!("source.user", user),
    source!("source.password", password),
    source!("source.databases", databases),
    source!("source.tls", tls),
    source!("source.tls_certificate", tls_certificate),
    source!("source.connect_timeout_seconds", connect_timeout),
    fixed!("target.host", target.host),
    fixed!("target.port", target.port),
    fixed!("target.user", target.user),
    fixed!("target.password", target.password),
    fixed!("target.database", target.database),
    fixed!("target.tls", target.tls),
    fixed!("target.connect_timeout_seconds", target.connect_timeout),
    fixed!("target.max_connections", target.max_connections),
    fixed!("mirror.source", mirror.source),
    live!("mirror.hold_limit_ms", mirror.hold_limit),
    live!("mirror.drain_limit_seconds", mirror.drain_limit),
    live!("mirror.copy_workers", mirror.copy_workers),
    live!("mirror.copy_part_bytes", mirror.copy_part_bytes),
    live!("mirror.copy_threads_running", mirror.copy_threads_running),
    fixed!("spool.directory", spool.directory),
    fixed!("spool.limit_bytes", spool.limit_bytes),
    fixed!("spool.sync", spool.fsync),
    live!("verify.share", verify.share),
    live!("cutover.pause_limit_ms", cutover.pause_limit),
    live!("cutover.drain_limit_ms", cutover.drain_limit),
    live!("cutover.leave_behind", cutover.leave_behind),
    fixed!("admin.socket", admin.socket),
    fixed!("admin.health_address", admin.health_address),
    live!("accounts", accounts),
    live!("log.level", log.level),
    fixed!("log.format", log.json),
];

/// Puts in force what can change of `fresh`, and says what became of each key.
#[must_use]
pub fn reload(live: &Live, fresh: &Config) -> ReloadReport {
    let mut next = (*live.now()).clone();
    let mut report = ReloadReport::default();
    for key in KEYS {
        let list = match (key.take, (key.same)(&next, fresh)) {
            (_, true) => &mut report.unchanged,
            (Some(take), false) => {
                take(&mut next, fresh);
                &mut report.applied
            }
            (None, false) => &mut report.needs_restart,
        };
        list.push(key.name.to_owned());
    }
    live.put(next);
    report
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FILE: &str = include_str!("../../proxy.toml");

    fn parse(text: &str) -> Config {
        Config::parse(text, Path::new("/base"), &|_| None).expect("a configuration")
    }

    #[test]
    fn what_can_change_is_in_force_and_the_rest_is_named() {
        let live = Live::new(parse(FILE));
        let text = FILE
            .replace("max_connections = 2000", "max_connections = 5")
            .replace("level = \"info\"", "level = \"debug\"")
            .replace("host = \"127.0.0.1\"\nport = 3306", "host = \"127.0.0.1\"\nport = 3333");
        let report = reload(&live, &parse(&text));
        assert_eq!(report.applied, ["listen.max_connections", "log.level"]);
        assert_eq!(report.needs_restart, ["source.port"]);
        let now = live.now();
        assert_eq!((now.listen.max_connections, live.listen.max_connections), (5, 2000));
        assert_eq!(
            now.source.as_ref().map(|source| source.port),
            Some(3306),
            "not in force, so not told as if it were"
        );
        let again = reload(&live, &parse(&text));
        assert_eq!((again.applied, again.needs_restart), (Vec::new(), vec!["source.port".to_owned()]));
        assert_eq!(again.unchanged.len(), KEYS.len() - 1);
    }

    #[test]
    fn every_key_of_the_documented_file_is_known_here() {
        let mut section = String::new();
        for line in FILE.lines() {
            let line = line.strip_prefix('#').unwrap_or(line);
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_matches(['[', ']']).to_owned();
            } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains([' ', '"'])) {
                // Read together with the key before them, or part of a table's entry.
                let joined = matches!(
                    key,
                    "certificate"
                        | "key"
                        | "socket_mode"
                        | "tls_ca"
                        | "tls_key"
                        | "tls_min_version"
                        | "tls_client_certificates"
                        | "tls_client_ca"
                        | "password_file"
                );
                let name = if section == "accounts" { section.clone() } else { format!("{section}.{key}") };
                assert!(joined || KEYS.iter().any(|known| known.name == name), "{name}");
            }
        }
    }
}
