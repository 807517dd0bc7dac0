//! What can be seen from outside: metric names, log setup, redaction, named spawning. Used from the first floor up.

mod causes;
mod exposition;
mod log;
mod metrics;
mod redact;
mod session;
mod spawn;
mod striped;

pub use causes::with_causes;
pub use exposition::Exposition;
pub use log::{LogLevel, start as start_log};
pub use metrics::{Metrics, OfTable, Standing, TableInState};
pub use redact::{shortened, without_values};
pub use session::{OfSession, connection_known, of_session};
pub use spawn::spawn;
pub use striped::Striped;
