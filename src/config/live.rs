//! The configuration of a running process: as it was at the start, and as it is now.
//!
//! Most settings are fixed by the start: an address that is bound, a pool that is open. Those are read through `Deref`,
//! which gives the configuration of the start. What can change while Bascule runs is read through [`Live::now`] or
//! [`Live::load`], each time anew. A reload ([`super::reload`]) puts only those settings in place of the old ones, so that
//! `now` never tells a value that isn't in force.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::Config;

/// See the module.
#[derive(Debug)]
pub struct Live {
    start: Config,
    now: ArcSwap<Config>,
}

impl Live {
    /// The configuration of the start, which is also the one of now.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { now: ArcSwap::from_pointee(config.clone()), start: config }
    }

    /// What is in force, to be kept for a while.
    #[must_use]
    pub fn now(&self) -> Arc<Config> {
        self.now.load_full()
    }

    /// What is in force, for a moment: no counter that threads share is touched.
    #[must_use]
    pub fn load(&self) -> Guard<Arc<Config>> {
        self.now.load()
    }

    /// Puts another configuration in force.
    pub(super) fn put(&self, config: Config) {
        self.now.store(Arc::new(config));
    }
}

impl From<Config> for Live {
    fn from(config: Config) -> Self {
        Self::new(config)
    }
}

impl Deref for Live {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.start
    }
}
