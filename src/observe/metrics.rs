//! Every metric that Bascule exposes, in one place. A field is added here, registered with its help text in
//! [`Metrics::register`], and raised where the event happens.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counters of one Bascule process; shared by `Arc`.
#[derive(Debug, Default)]
pub struct Metrics {
    pub connections: Counter,
    pub commands: Counter,
}

impl Metrics {
    /// Registers every metric under its name in the field's terms.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("bascule_connections", "Client connections accepted", self.connections.clone());
        registry.register("bascule_commands", "Client commands seen", self.commands.clone());
    }
}
