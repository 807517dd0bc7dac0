//! Log setup. Messages go to standard error; standard output belongs to answers.
//!
//! What may stand in a message: names, numbers, positions, error texts of our own and of the databases. What may not:
//! row values ever, passwords ever, statements at levels above debug. Error texts of the databases, and of ours about a
//! statement, quote both: above debug they go through [`super::without_values`], and the admin socket tells them whole.
//! Messages within a client's session carry its numbers ([`super::of_session`]).

use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use super::session::numbered;
use crate::config::Log;

/// Changes the level while the process runs.
#[derive(Clone, Debug)]
pub struct LogLevel(reload::Handle<Targets, Registry>);

impl LogLevel {
    /// Logs as `log` says from now on; its format stays.
    pub fn set(&self, log: &Log) {
        if let Err(error) = self.0.reload(targets(log)) {
            tracing::warn!(%error, "the log level stays as it is");
        }
    }
}

fn targets(log: &Log) -> Targets {
    let level = Level::from_str(&log.level).unwrap_or(Level::INFO);
    // Libraries are heard from `warn` on; their debug output may hold statements and values.
    Targets::new().with_target("bascule", level).with_default(level.min(Level::WARN))
}

/// Switches logging on for the process. A second call changes nothing and gives nothing: tests start many proxies in one
/// process.
pub fn start(log: &Log) -> Option<LogLevel> {
    let (filter, level) = reload::Layer::new(targets(log));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let format = tracing_subscriber::fmt::format().with_target(false);
    let started = if log.json {
        registry.with(layer.json().event_format(numbered(format.json(), true))).try_init()
    } else {
        registry.with(layer.event_format(numbered(format, false))).try_init()
    };
    // The only reason to fail is that somebody was first.
    started.ok().map(|()| LogLevel(level))
}
