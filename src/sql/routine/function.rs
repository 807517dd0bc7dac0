//! A stored function in PostgreSQL.

use std::fmt::Write as _;

use super::header::Parsed;
use super::server::{Writer, carrier, function, in_server};
use crate::schema::TableName;
use crate::schema::quote::literal;
use crate::sql::plan::{Context, SqlError};

/// The statement that makes a function.
pub(super) fn create(name: &TableName, parsed: &Parsed, context: &Context) -> Result<String, SqlError> {
    let mut writer = Writer::new(name, parsed, context);
    writer.node(&parsed.body)?;
    let mut parameters = Vec::new();
    let mut declarations = String::new();
    for (slot, column) in parsed.frame.columns.iter().enumerate() {
        let carrier = carrier(column)?;
        if slot < parsed.modes.len() {
            parameters.push(format!("_v{slot} {carrier}"));
        } else {
            let _ = writeln!(declarations, " _v{slot} {carrier};");
        }
    }
    parameters.push("_called text".to_owned());
    let Some(result) = writer.returns.columns.first() else { return Err(SqlError::unsupported("CREATE FUNCTION")) };
    let result = carrier(result)?;
    let ended = literal(&format!("FUNCTION {} ended without RETURN", name.table));
    let head = format!(
        "CREATE OR REPLACE FUNCTION {}({}) RETURNS {result} LANGUAGE plpgsql VOLATILE",
        in_server(name),
        parameters.join(", ")
    );
    function(&head, &declarations, &format!("{}PERFORM \"mysql\".raise(1321, {ended});\n", writer.text))
}
