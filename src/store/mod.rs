//! Durable facts in the target. Its interface:
//! `Store::open(&config::Target)`, `load() -> Facts`, `set_mode`, `flip`, `put_catalogue`/`load_catalogue`, accounts,
//! and statements for others' transactions: `store::statement::{checkpoint(&GtidSet), mark_table(&TableName, reason),
//! clear_table(&TableName), catalogue(&CatalogueChange), bypassed(&GtidSet)} -> StoreStatement { sql: &'static str,
//! types: &'static [u32], parameters: Vec<Option<Bytes>> }` (text format) for `target::Request`.
