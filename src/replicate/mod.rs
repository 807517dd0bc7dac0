//! From the source to the target: the first copy, then every committed transaction in order.

pub mod snapshot;
