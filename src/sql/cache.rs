//! Plans by text and context, bounded. A plan holds no values but the literals of its own text, so one serves any
//! number of sessions.

use std::sync::Arc;

use quick_cache::sync::Cache as Bounded;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::plan::{Context, Plan, Purpose, SqlError};

/// Statements above this size are planned each time: bulk loads would push everything else out.
const LONGEST_TEXT: usize = 16 * 1024;

/// A bounded cache of plans, shared by all sessions.
#[derive(Debug)]
pub struct Cache {
    plans: Bounded<u128, Arc<Plan>>,
}

impl Cache {
    /// A cache of at most `capacity` plans.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { plans: Bounded::new(capacity) }
    }

    /// The plan of a statement. Refusals aren't kept: they are rare, and cheap to find again.
    pub fn plan(&self, text: &str, context: &Context) -> Result<Arc<Plan>, SqlError> {
        if text.len() > LONGEST_TEXT {
            return super::rewrite(text, context).map(Arc::new);
        }
        let key = key(text, context);
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan);
        }
        let plan = Arc::new(super::rewrite(text, context)?);
        self.plans.insert(key, Arc::clone(&plan));
        Ok(plan)
    }
}

/// Digest of the text and of everything in the context that a plan depends on.
fn key(text: &str, context: &Context) -> u128 {
    let mut digest = Xxh3::new();
    let purpose = match context.purpose {
        Purpose::Serve => 0_u8,
        Purpose::Replay => 1,
    };
    digest.update(&[purpose]);
    digest.update(&context.catalogue.version.to_le_bytes());
    for part in [context.database.as_deref().unwrap_or("\u{0}"), &context.sql_mode, &context.collation] {
        digest.update(&part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.update(&xxh3_128(text.as_bytes()).to_le_bytes());
    digest.digest128()
}
