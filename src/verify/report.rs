//! What a comparison found.

use serde::{Deserialize, Serialize};

use super::Cause;
use crate::schema::{Range, TableName};

/// All tables that were compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    pub tables: Vec<TableReport>,
}

impl VerifyReport {
    /// True when both sides hold the same rows.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(|table| table.differing == 0)
    }

    /// Rows of the source in all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows_source).sum()
    }

    /// Rows that differ or are on one side only.
    #[must_use]
    pub fn differing(&self) -> u64 {
        self.tables.iter().map(|table| table.differing).sum()
    }
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    pub table: TableName,
    pub rows_source: u64,
    pub rows_target: u64,
    /// Rows that differ or are on one side only.
    pub differing: u64,
    /// The first of them.
    pub examples: Vec<Difference>,
    /// How many parts were compared.
    pub parts: u64,
    /// The parts with differences.
    #[serde(skip)]
    pub differing_parts: Vec<Range>,
}

impl TableReport {
    /// So many examples are kept for a table.
    pub const EXAMPLES: usize = 20;

    /// A report in which nothing has been compared.
    #[must_use]
    pub const fn new(table: TableName) -> Self {
        Self {
            table,
            rows_source: 0,
            rows_target: 0,
            differing: 0,
            examples: Vec::new(),
            parts: 0,
            differing_parts: Vec::new(),
        }
    }

    /// Counts a differing row and keeps its differences while there is room.
    pub(super) fn differ(&mut self, examples: impl IntoIterator<Item = Difference>) {
        self.differing += 1;
        let room = Self::EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(examples.into_iter().take(room));
    }
}

/// One value that differs, or one row that is on one side only. Long values are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Values of the row's key, separated by commas; of the whole row for tables without a key.
    pub key: String,
    /// `None` when the row is on one side only.
    pub column: Option<String>,
    /// `None` for NULL, or when the row isn't there.
    pub source: Option<String>,
    /// As above.
    pub target: Option<String>,
    /// What may be behind it.
    pub cause: Cause,
}
