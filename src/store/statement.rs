//! Statements that write facts inside somebody else's transaction: the applier's checkpoint beside its rows, a
//! catalogue change beside its DDL.

use bytes::Bytes;
use tokio_postgres::types::{ToSql, Type};

use super::{CopiedChunk, StoreError, TableStage};
use crate::position::GtidSet;
use crate::schema::{CatalogueChange, Routine, Table, TableName, View, quote};
use crate::target::Request;

const TEXT: u32 = 25;

/// One statement with its parameters in text format, all of type text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStatement {
    pub sql: &'static str,
    pub types: &'static [u32],
    pub parameters: Vec<Option<Bytes>>,
}

impl StoreStatement {
    fn new(sql: &'static str, values: &[&str]) -> Self {
        const TYPES: [u32; 4] = [TEXT; 4];
        let parameters: Vec<_> = values.iter().map(|value| Some(Bytes::copy_from_slice(value.as_bytes()))).collect();
        Self { sql, types: &TYPES[..parameters.len().min(TYPES.len())], parameters }
    }

    /// The statement with its values as literals, for scripts that take no parameters.
    #[must_use]
    pub fn inline(&self) -> String {
        let mut pieces = self.sql.split('$');
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
            let number: usize = piece[..digits].parse().unwrap_or(0);
            let value = number.checked_sub(1).and_then(|index| self.parameters.get(index)).and_then(Option::as_deref);
            match value.and_then(|bytes| std::str::from_utf8(bytes).ok()) {
                Some(value) => text.push_str(&quote::literal(value)),
                None => text.push_str("NULL"),
            }
            text.push_str(&piece[digits..]);
        }
        text
    }

    /// For [`crate::target::Client`].
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        Request { sql: self.sql, types: self.types, parameters: &self.parameters, binary: false }
    }
}

/// The applied set, to be written in the transaction of its rows. It changes no row once PostgreSQL serves: an applier
/// that is left over is fenced by that.
#[must_use]
pub fn checkpoint(applied: &GtidSet) -> StoreStatement {
    StoreStatement::new("UPDATE bascule.state SET applied = $1 WHERE mode <> 'postgres'", &[&applied.to_string()])
}

/// All transactions known to have bypassed Bascule.
#[must_use]
pub fn bypassed(gtids: &GtidSet) -> StoreStatement {
    StoreStatement::new("UPDATE bascule.state SET bypassed = $1", &[&gtids.to_string()])
}

/// A table can't be followed exactly any more. The first reason stays.
#[must_use]
pub fn mark_table(table: &TableName, reason: &str) -> StoreStatement {
    let sql = "INSERT INTO bascule.table_state (database, name, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    StoreStatement::new(sql, &[&table.database, &table.table, reason])
}

/// A table was copied again.
#[must_use]
pub fn clear_table(table: &TableName) -> StoreStatement {
    let sql = "DELETE FROM bascule.table_state WHERE database = $1 AND name = $2";
    StoreStatement::new(sql, &[&table.database, &table.table])
}

/// A part of a table was copied, to be written in the transaction of its rows.
#[must_use]
pub fn copied_chunk(chunk: &CopiedChunk) -> StoreStatement {
    let text = |text: &str| Some(Bytes::copy_from_slice(text.as_bytes()));
    StoreStatement {
        sql: "INSERT INTO bascule.copied_chunk (database, name, number, lower_bound, upper_bound, rows, bytes) \
              VALUES ($1, $2, $3::bigint, $4, $5, $6::bigint, $7::bigint)",
        types: &[TEXT; 7],
        parameters: vec![
            text(&chunk.table.database),
            text(&chunk.table.table),
            text(&chunk.number.to_string()),
            chunk.lower.as_deref().and_then(text),
            chunk.upper.as_deref().and_then(text),
            text(&chunk.rows.to_string()),
            text(&chunk.bytes.to_string()),
        ],
    }
}

/// How far a copied table is, to be written in the transaction that brings it there.
#[must_use]
pub fn copied_table(table: &TableName, stage: TableStage) -> StoreStatement {
    let sql = "INSERT INTO bascule.copied_table (database, name, stage) VALUES ($1, $2, $3)
               ON CONFLICT (database, name) DO UPDATE SET stage = excluded.stage";
    StoreStatement::new(sql, &[&table.database, &table.table, stage.name()])
}

/// A change of the stored catalogue.
#[must_use]
pub fn catalogue(change: &CatalogueChange) -> StoreStatement {
    match change {
        CatalogueChange::PutDatabase { name, charset, collation } => StoreStatement::new(
            "INSERT INTO bascule.catalogue_database (name, charset, default_collation) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET charset = excluded.charset, default_collation = excluded.default_collation",
            &[name, charset, collation],
        ),
        CatalogueChange::DropDatabase { name } => StoreStatement::new(
            "WITH tables AS (DELETE FROM bascule.catalogue_table WHERE database = $1),
                  views AS (DELETE FROM bascule.catalogue_view WHERE database = $1),
                  routines AS (DELETE FROM bascule.catalogue_routine WHERE database = $1)
             DELETE FROM bascule.catalogue_database WHERE name = $1",
            &[name],
        ),
        CatalogueChange::PutTable(table) => StoreStatement::new(
            "INSERT INTO bascule.catalogue_table (database, name, definition) VALUES ($1, $2, $3)
             ON CONFLICT (database, name) DO UPDATE SET definition = excluded.definition",
            &[&table.name.database, &table.name.table, &definition(table)],
        ),
        CatalogueChange::DropTable(name) => StoreStatement::new(
            "DELETE FROM bascule.catalogue_table WHERE database = $1 AND name = $2",
            &[&name.database, &name.table],
        ),
        CatalogueChange::PutView(view) => StoreStatement::new(
            "INSERT INTO bascule.catalogue_view (database, name, definition) VALUES ($1, $2, $3)
             ON CONFLICT (database, name) DO UPDATE SET definition = excluded.definition",
            &[&view.name.database, &view.name.table, &view_definition(view)],
        ),
        CatalogueChange::DropView(name) => StoreStatement::new(
            "DELETE FROM bascule.catalogue_view WHERE database = $1 AND name = $2",
            &[&name.database, &name.table],
        ),
        CatalogueChange::PutRoutine(routine) => StoreStatement::new(
            "INSERT INTO bascule.catalogue_routine (database, kind, name, definition) VALUES ($1, $2, $3, $4)
             ON CONFLICT (database, kind, name) DO UPDATE SET definition = excluded.definition",
            &[
                &routine.name.database,
                routine.kind.name(),
                &routine.name.table.to_lowercase(),
                &routine_definition(routine),
            ],
        ),
        CatalogueChange::DropRoutine { kind, name } => StoreStatement::new(
            "DELETE FROM bascule.catalogue_routine WHERE database = $1 AND kind = $2 AND name = $3",
            &[&name.database, kind.name(), &name.table.to_lowercase()],
        ),
    }
}

/// A table's definition as it's stored.
pub(super) fn definition(table: &Table) -> String {
    serde_json::to_string(table).expect("a table definition has only string keys")
}

/// A view's definition as it's stored.
pub(super) fn view_definition(view: &View) -> String {
    serde_json::to_string(view).expect("a view's definition has only string keys")
}

/// A routine's definition as it's stored.
pub(super) fn routine_definition(routine: &Routine) -> String {
    serde_json::to_string(routine).expect("a routine's definition has only string keys")
}

/// Runs a statement on a control connection.
pub(super) async fn run(client: &tokio_postgres::Client, statement: &StoreStatement) -> Result<(), StoreError> {
    let prepared = client.prepare_typed(statement.sql, &vec![Type::TEXT; statement.types.len()]).await?;
    let texts: Vec<Option<&str>> = statement
        .parameters
        .iter()
        .map(|value| value.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()))
        .collect();
    let values: Vec<&(dyn ToSql + Sync)> = texts.iter().map(|text| text as &(dyn ToSql + Sync)).collect();
    client.execute(&prepared, &values).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_a_script_takes_no_parameters() {
        let table = TableName { database: "it's".to_owned(), table: "$1".to_owned() };
        assert_eq!(
            clear_table(&table).inline(),
            "DELETE FROM bascule.table_state WHERE database = 'it''s' AND name = '$1'"
        );
    }
}
