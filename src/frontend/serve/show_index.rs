//! The estimates of SHOW INDEX: how many values a key has, by what PostgreSQL's ANALYZE found.
//!
//! InnoDB's are estimates too; both know nothing before the table is analyzed. The columns of a key together are taken
//! to have as many values as their numbers multiplied, and never more than the table has rows.

use std::collections::HashMap;

use super::backend::Failure;
use super::session::Session;
use crate::schema::{TableName, quote};

/// Where the row of SHOW INDEX has these.
const KEY: usize = 2;
const COLUMN: usize = 4;
const CARDINALITY: usize = 6;
const KIND: usize = 10;

impl Session {
    /// Writes the estimates into the rows of SHOW INDEX.
    pub(super) async fn estimate_keys(
        &mut self,
        table: &TableName,
        rows: &mut [Vec<Option<String>>],
    ) -> Result<(), Failure> {
        let catalogue = self.catalogue();
        let Some(found) = catalogue.table(&table.database, &table.table).filter(|_| !rows.is_empty()) else {
            return Ok(());
        };
        let (schema, name) = (quote::literal(&found.name.database), quote::literal(&found.name.table));
        let sql = format!(
            "SELECT c.reltuples::int8, s.attname, \
             (CASE WHEN s.n_distinct < 0 THEN round(-s.n_distinct * c.reltuples) ELSE s.n_distinct END)::int8 \
             + (s.null_frac > 0)::int \
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             LEFT JOIN pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname \
             WHERE n.nspname = {schema} AND c.relname = {name}"
        );
        let (mut all, mut distinct) = (0_u64, HashMap::new());
        for row in self.ask(&sql).await? {
            all = row.text(0).and_then(|text| text.parse().ok()).unwrap_or(0);
            let values: Option<u64> = row.text(2).and_then(|text| text.parse().ok());
            if let (Some(column), Some(values)) = (row.text(1), values) {
                distinct.insert(column.to_owned(), values);
            }
        }
        let (mut key, mut product) = (None, 1_u64);
        for row in rows {
            if key != row.get(KEY).cloned().flatten() {
                (key, product) = (row.get(KEY).cloned().flatten(), 1);
            }
            let column = row.get(COLUMN).cloned().flatten();
            let values = column.and_then(|column| distinct.get(&column).copied()).unwrap_or(all);
            product = product.saturating_mul(values).min(all);
            // The words of a FULLTEXT key and the shapes of a SPATIAL one aren't counted.
            let counted = row.get(KIND).and_then(Option::as_deref) == Some("BTREE");
            if let Some(cell) = row.get_mut(CARDINALITY) {
                *cell = Some(if counted { product } else { all }.to_string());
            }
        }
        Ok(())
    }
}
