//! The metrics as text, in the format that Prometheus reads.

use std::sync::Arc;

use prometheus_client::registry::Registry;

use super::{Metrics, Standing};

/// A registry with every metric in it, ready to be shown.
#[derive(Debug)]
pub struct Exposition {
    registry: Registry,
    metrics: Arc<Metrics>,
}

impl Exposition {
    /// Registers `metrics`.
    #[must_use]
    pub fn new(metrics: &Arc<Metrics>) -> Self {
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        Self { registry, metrics: Arc::clone(metrics) }
    }

    /// The gauges, to be brought up to date before they are shown.
    #[must_use]
    pub fn standing(&self) -> &Standing {
        &self.metrics.standing
    }

    /// All metrics now.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string can't fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_show_what_happened() {
        let metrics = Arc::new(Metrics::default());
        metrics.commands.inc_by(3);
        let text = Exposition::new(&metrics).text();
        assert!(text.contains("bascule_commands_total 3"), "{text}");
    }
}
