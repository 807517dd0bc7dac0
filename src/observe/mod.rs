//! What can be seen from outside: metric names, log setup, redaction, named spawning. Used from the first floor up.

mod metrics;

pub use metrics::Metrics;
