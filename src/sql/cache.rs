//! Plans by text and context, bounded. A plan holds no values but the literals of its own text, so one serves any
//! number of sessions.
//!
//! A plan may depend on the classes of some of the values that it's executed with. Which ones is known once the
//! statement has been planned, so the cache is looked at twice: for the positions that matter, and then, with the
//! classes of the values there, for the plan.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache as Bounded;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::plan::{Context, Known, Plan, Purpose, SqlError, ValueClass};

/// Statements above this size are planned each time: bulk loads would push everything else out.
const LONGEST_TEXT: usize = 16 * 1024;

/// What is known of a text.
#[derive(Clone, Debug)]
enum Entry {
    /// Positions of the `?` whose classes its plans depend on.
    Asks(Arc<[usize]>),
    /// With `?` for its literals it can't be planned.
    Unshared,
}

/// Bytes that an entry of either cache takes beside what it holds: the key, the links of the queue, the table.
const PLACE: usize = 96;
/// The part of the limit that is for what is known of texts.
const TEXTS_PART: u64 = 16;

/// Weighs entries by the bytes that they take.
#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<u128, Entry> for Bytes {
    fn weight(&self, _: &u128, entry: &Entry) -> u64 {
        let held = match entry {
            Entry::Asks(asked) => size_of_val::<[usize]>(asked) + 16,
            Entry::Unshared => 0,
        };
        (PLACE + held) as u64
    }
}

impl Weighter<u128, Arc<Plan>> for Bytes {
    fn weight(&self, _: &u128, plan: &Arc<Plan>) -> u64 {
        (PLACE + plan.weight()) as u64
    }
}

/// A bounded cache of plans, shared by all sessions.
#[derive(Debug)]
pub struct Cache {
    texts: Bounded<u128, Entry, Bytes>,
    plans: Bounded<u128, Arc<Plan>, Bytes>,
}

impl Cache {
    /// A cache that takes about `bytes` of memory at most; `plans` is how many are expected.
    #[must_use]
    pub fn new(plans: usize, bytes: u64) -> Self {
        Self {
            texts: Bounded::with_weighter(plans, bytes / TEXTS_PART, Bytes),
            plans: Bounded::with_weighter(plans, bytes - bytes / TEXTS_PART, Bytes),
        }
    }

    /// Bytes that the kept plans take, as they're weighed.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.texts.weight() + self.plans.weight()
    }

    /// The plan of a statement. Refusals aren't kept: they are rare, and cheap to find again.
    pub fn plan(&self, text: &str, context: &Context) -> Result<Arc<Plan>, SqlError> {
        if text.len() > LONGEST_TEXT || !context.given.is_empty() {
            return super::rewrite(text, context).map(Arc::new);
        }
        let key = key(text, context);
        if let Some(Entry::Asks(asked)) = self.texts.get(&key)
            && let Some(plan) = self.plans.get(&variant(key, &asked, context))
        {
            return Ok(plan);
        }
        let planned = super::planned(text, context)?;
        let plan = Arc::new(planned.plan);
        // DDL makes another catalogue, under which no plan of this one is found again.
        if matches!(&*plan, Plan::Ddl(_)) {
            return Ok(plan);
        }
        self.plans.insert(variant(key, &planned.asked, context), Arc::clone(&plan));
        self.texts.insert(key, Entry::Asks(planned.asked.into()));
        Ok(plan)
    }

    /// The plan of a text whose literals were lifted ([`super::lift`]); `None` when only the original text can be
    /// planned.
    pub fn shared(&self, text: &str, context: &Context) -> Option<Arc<Plan>> {
        if text.len() > LONGEST_TEXT {
            return None;
        }
        let key = key(text, context);
        if matches!(self.texts.get(&key), Some(Entry::Unshared)) {
            return None;
        }
        let plan = self.plan(text, context);
        if plan.is_err() {
            self.texts.insert(key, Entry::Unshared);
        }
        plan.ok()
    }
}

/// Digest of the text and of everything in the context that a plan depends on, but for the classes of values.
fn key(text: &str, context: &Context) -> u128 {
    let mut digest = Xxh3::new();
    let purpose = match context.purpose {
        Purpose::Serve => 0_u8,
        Purpose::Replay => 1,
    };
    let parameters = match context.parameters {
        Known::Nothing => 0_u8,
        Known::Values(_) => 1,
        Known::Literals(_) => 2,
    };
    digest.update(&[purpose, parameters]);
    digest.update(&context.catalogue.version.to_le_bytes());
    digest.update(&context.catalogue.session.number.to_le_bytes());
    for part in [context.database.as_deref().unwrap_or("\u{0}"), &context.sql_mode, &context.collation] {
        digest.update(&part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    digest.update(&context.given.locals.as_ref().map_or(0, |locals| locals.digest).to_le_bytes());
    digest.update(&xxh3_128(text.as_bytes()).to_le_bytes());
    digest.digest128()
}

/// The key of the plan for these classes of the values that matter.
fn variant(key: u128, asked: &[usize], context: &Context) -> u128 {
    if asked.is_empty() {
        return key;
    }
    let mut digest = Xxh3::with_seed(1);
    digest.update(&key.to_le_bytes());
    for position in asked {
        digest.update(&context.parameters.class(*position).map_or([0; 3], code));
    }
    digest.digest128()
}

/// A class as bytes; every class has its own.
fn code(class: ValueClass) -> [u8; 3] {
    use super::plan::Numeral;
    match class {
        ValueClass::Integer => [1, 0, 0],
        ValueClass::Unsigned => [2, 0, 0],
        ValueClass::Decimal { precision, scale } => [3, precision, scale],
        ValueClass::Real => [4, 0, 0],
        ValueClass::Whole => [4, 1, 0],
        ValueClass::Text(Numeral::Integer) => [5, 0, 0],
        ValueClass::Text(Numeral::Decimal) => [5, 1, 0],
        ValueClass::Text(Numeral::Other) => [5, 2, 0],
        ValueClass::Bytes => [6, 0, 0],
        ValueClass::Date => [7, 0, 0],
        ValueClass::DateTime => [8, 0, 0],
        ValueClass::Time => [9, 0, 0],
    }
}
