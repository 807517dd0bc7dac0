//! The types that system variables have in a SELECT.

use super::*;

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
