//! Every metric that Bascule exposes, in one place. A field is added here, registered with its help text in
//! [`Metrics::register`], and raised where the event happens.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of one Bascule process; shared by `Arc`.
#[derive(Debug, Default)]
pub struct Metrics {
    pub connections: Counter,
    pub commands: Counter,
    pub connections_refused: Counter,
    pub logins_failed: Counter,
    pub source_lost: Counter,
}

impl Metrics {
    /// Registers every metric under its name in the field's terms.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("bascule_connections", "Client connections accepted", self.connections.clone());
        registry.register(
            "bascule_connections_refused",
            "Client connections beyond max_connections",
            self.connections_refused.clone(),
        );
        registry.register(
            "bascule_logins_failed",
            "Logins that MySQL refused or that broke",
            self.logins_failed.clone(),
        );
        registry.register("bascule_source_lost", "Sessions whose MySQL connection broke", self.source_lost.clone());
        registry.register("bascule_commands", "Client commands seen", self.commands.clone());
    }
}
