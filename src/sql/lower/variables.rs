//! Variables and `?` in expressions, and the types that they have.

use super::*;
use crate::sql::types::{Coercibility, Collation};
use crate::sql::plan::VariableKind;
use crate::wire::FieldType;

/// Characters of the longest text that a user variable can hold in utf8mb4, as MySQL describes it.
const LONGEST_TEXT: u32 = 67_108_860;
/// Bytes of the longest value that MySQL describes a user variable with.
const LONGEST_BYTES: u32 = 16_777_215;
/// Characters of a text given for `?`.
const LONGEST_PARAMETER: u32 = 16_383;

impl Lowering<'_> {
    /// `?` whose value EXECUTE … USING gives.
    pub(super) fn given_parameter(&self, position: usize) -> Option<Expression> {
        let value = self.context.given.parameters.as_ref()?.get(position)?;
        let ty = match value {
            Value::Int(_) => Type::integer(21),
            Value::UInt(_) => Type { unsigned: true, ..Type::integer(21) },
            Value::Float(_) | Value::Double(_) => Type::double(),
            Value::Decimal(_) => Type::decimal(65, 30),
            Value::Null
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::Date(_)
            | Value::DateTime(..)
            | Value::Time { .. } => Type::text(LONGEST_PARAMETER, &self.context.collation),
        };
        Some(Expression { nullable: true, ..Expression::literal(value.clone(), ty) })
    }

    /// `@name`: its value when it's known, else what it is at execution.
    pub(super) fn user_variable(&self, name: String) -> Expression {
        let Some(variables) = &self.context.given.variables else {
            let ty = Type { class: Class::Open, ..Type::text(LONGEST_PARAMETER, &self.context.collation) };
            return Expression::source(ParameterSource::UserVariable(name), ty, true);
        };
        let Some(variable) = variables.get(&name) else {
            return Expression::literal(Value::Null, Type::bytes(65_532));
        };
        let ty = match &variable.kind {
            VariableKind::Integer { unsigned } => Type { unsigned: *unsigned, ..Type::integer(21) },
            VariableKind::Decimal => Type::decimal(65, 30),
            VariableKind::Real => Type::double(),
            VariableKind::Binary => Type { field: FieldType::MediumBlob, ..Type::bytes(LONGEST_BYTES) },
            VariableKind::Text(collation) => {
                let wide = collation.starts_with("utf8");
                let (length, field) =
                    if wide { (LONGEST_TEXT, FieldType::LongBlob) } else { (LONGEST_BYTES, FieldType::MediumBlob) };
                let coercibility = Coercibility::Column;
                Type {
                    field,
                    collation: Some(Collation { name: collation.clone(), coercibility }),
                    ..Type::text(length, collation)
                }
            }
        };
        Expression { nullable: true, ..Expression::literal(variable.value.clone(), ty) }
    }
}

/// Integer variables are numbers to MySQL's clients; all others are text.
pub(in crate::sql) fn variable_type(name: &str, collation: &str) -> Type {
    const NUMBERS: &[&str] = &[
        "autocommit",
        "auto_increment_increment",
        "auto_increment_offset",
        "foreign_key_checks",
        "unique_checks",
        "interactive_timeout",
        "wait_timeout",
        "max_allowed_packet",
        "net_buffer_length",
        "net_write_timeout",
        "net_read_timeout",
        "lower_case_table_names",
        "query_cache_size",
        "sql_auto_is_null",
        "sql_safe_updates",
        "innodb_lock_wait_timeout",
        "lock_wait_timeout",
        "max_execution_time",
        "port",
        "server_id",
        "version_id",
        "group_concat_max_len",
        "transaction_read_only",
        "tx_read_only",
        "sql_notes",
        "sql_warnings",
        "big_tables",
        "performance_schema",
        "max_connections",
        "read_only",
        "super_read_only",
        "timestamp",
        "last_insert_id",
        "identity",
        "error_count",
        "warning_count",
        "explicit_defaults_for_timestamp",
        "session_track_schema",
        "sql_log_bin",
        "profiling",
        "connect_timeout",
        "max_prepared_stmt_count",
        "log_bin",
    ];
    if NUMBERS.contains(&name) { Type::integer(21) } else { Type::text(16_383, collation) }
}
