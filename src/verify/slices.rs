//! A table cut into parts that are compared one after the other.
//!
//! The parts follow each other along a column that both servers order alike, from below the least key to beyond the
//! greatest one: whatever key a row has on either side, it's in exactly one part. Where to cut is asked of the source, in
//! the view in which the part is compared; a part is as large as can be compared in a fraction of a second, so that the
//! comparison can pause often.

use std::collections::VecDeque;
use std::time::Duration;

use crate::schema::{Bound, Range, Table};
use crate::source::SourceError;
use crate::source::snapshot::Reader;

/// A part should take so long.
const AIM: Duration = Duration::from_millis(100);
/// The first part's rows, and the least and most of any.
const FIRST_ROWS: u64 = 2_000;
const FEWEST_ROWS: u64 = 100;
const MOST_ROWS: u64 = 200_000;

/// What is left to be compared of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slices {
    /// Everything above the bound, in parts of so many rows.
    Above { bound: Option<Bound>, rows: u64 },
    /// These parts.
    Only(VecDeque<Range>),
}

impl Slices {
    /// The whole table.
    #[must_use]
    pub const fn all() -> Self {
        Self::Above { bound: None, rows: FIRST_ROWS }
    }

    /// The next part, and whether it's the last.
    ///
    /// # Errors
    /// When the source fails.
    pub async fn next(&self, source: &mut Reader, table: &Table) -> Result<(Range, bool), SourceError> {
        match self {
            Self::Only(ranges) => Ok((ranges.front().cloned().unwrap_or_default(), ranges.len() <= 1)),
            Self::Above { bound, rows } => {
                let upto = match table.cut_along() {
                    Some(column) => source.bound(table, column, (bound.as_ref(), *rows)).await?,
                    None => None,
                };
                let last = upto.is_none();
                Ok((Range { above: bound.clone(), upto }, last))
            }
        }
    }

    /// The part has been compared in so much time: goes on behind it.
    pub fn advance(&mut self, part: Range, took: Duration) {
        match self {
            Self::Only(ranges) => drop(ranges.pop_front()),
            Self::Above { bound, rows } => {
                *bound = part.upto;
                *rows = rows_for(*rows, took);
            }
        }
    }
}

/// How many rows can be compared in the time aimed at, when `rows` took `took`. At most twice as many as before: the next
/// ones may be wider.
fn rows_for(rows: u64, took: Duration) -> u64 {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    let aim = u64::try_from(AIM.as_micros()).unwrap_or(u64::MAX);
    (rows.saturating_mul(aim) / micros).min(rows.saturating_mul(2)).clamp(FEWEST_ROWS, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_take_the_time_that_is_aimed_at() {
        assert_eq!(rows_for(2_000, Duration::from_millis(200)), 1_000);
        assert_eq!(rows_for(2_000, Duration::from_millis(1)), 4_000);
        assert_eq!(rows_for(2_000, Duration::ZERO), 4_000);
        assert_eq!(rows_for(2_000, Duration::from_secs(3600)), FEWEST_ROWS);
        assert_eq!(rows_for(MOST_ROWS, Duration::ZERO), MOST_ROWS);
    }
}
