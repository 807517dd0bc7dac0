//! What a plan takes of memory, well enough to bound a cache of plans by bytes: its own size, and every allocation
//! with what the allocator adds. Tables that plans refer to belong to the catalogue and aren't counted.

use crate::value::Value;

use super::{OutputColumn, Parameter, ParameterSource, Plan};

/// What an allocation costs beside its bytes, and the least that it takes.
const ALLOCATION: usize = 16;
const SMALLEST: usize = 32;
/// A session command, whose texts are those of the statement.
const COMMAND: usize = 1024;

impl Plan {
    /// Bytes that the plan holds, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        let held = match self {
            Self::Query(query) => {
                text(query.sql.as_str())
                    + query.parameters.iter().map(parameter).sum::<usize>()
                    + query.columns.iter().map(column).sum::<usize>()
                    + query.warnings.iter().map(|warning| text(&warning.message) + ALLOCATION).sum::<usize>()
            }
            Self::Write(write) => {
                let tables = write.tables.iter().map(|table| text(&table.database) + text(&table.table));
                text(write.sql.as_str())
                    + write.parameters.iter().map(parameter).sum::<usize>()
                    + tables.sum::<usize>()
                    + write.warnings.iter().map(|warning| text(&warning.message) + ALLOCATION).sum::<usize>()
            }
            Self::Ddl(ddl) => ddl.statements.iter().map(|sql| text(sql.as_str())).sum::<usize>() + COMMAND,
            Self::Session(_) => COMMAND,
        };
        size_of::<Self>() + 2 * ALLOCATION + held
    }
}

fn text(text: &str) -> usize {
    if text.is_empty() { 0 } else { (text.len() + ALLOCATION).max(SMALLEST) }
}

fn parameter(parameter: &Parameter) -> usize {
    let held = match &parameter.source {
        ParameterSource::Literal(Value::Text(literal) | Value::Decimal(literal)) => text(literal),
        ParameterSource::Literal(Value::Bytes(bytes)) => bytes.len() + SMALLEST,
        ParameterSource::Variable(name) | ParameterSource::UserVariable(name) => text(name),
        _small => 0,
    };
    size_of::<Parameter>() + held
}

fn column(column: &OutputColumn) -> usize {
    let OutputColumn { name, org_name, table, org_table, schema, .. } = column;
    size_of::<OutputColumn>() + [name, org_name, table, org_table, schema].map(|name| text(name)).iter().sum::<usize>()
}
