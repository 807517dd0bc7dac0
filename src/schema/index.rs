//! The parts of an index: columns, prefixes, order, and PostgreSQL's limit on their size.
//!
//! An index entry of PostgreSQL's B-tree holds about 2,700 bytes, one of MySQL's 3,072, and a longer value is an error
//! when it is written. An index that only helps to find rows must never refuse one: if its values could be too long, it
//! holds their beginnings. Where MySQL indexes a beginning and the whole would fit, the whole is indexed, since
//! PostgreSQL's planner uses an index on an expression for that expression only. Unique indexes hold exactly what
//! MySQL's do.
//!
//! Where a collation ignores trailing blanks, the index compares as `bpchar`, PostgreSQL's type for that, although the
//! column is text and keeps its blanks ([`compared_column`]). Comparisons that are cast to `bpchar`, which costs
//! nothing, find it.

use super::collation::pads_blanks;
use super::ddl::refused_key;
use super::quote::identifier;
use super::types::{is_binary, is_character};
use super::{Column, ColumnType, Key, KeyKind, KeyPart, SchemaError, Table};

/// What the parts of one entry may take together, with some room for headers.
const ENTRY_BYTES: u32 = 2600;

/// The column that a part stands for.
pub(super) fn column<'a>(table: &'a Table, key: &Key, part: &KeyPart) -> Result<&'a Column, SchemaError> {
    let Some(name) = &part.column else {
        return Err(refused_key(table, key, "a functional key part"));
    };
    table.column(name).ok_or_else(|| refused_key(table, key, "a part that is no column of the table"))
}

/// Every part as CREATE INDEX takes it.
pub(super) fn parts(table: &Table, key: &Key) -> Result<Vec<String>, SchemaError> {
    if key.kind == KeyKind::Unique && key.parts.iter().any(|part| !part.sql.is_empty()) {
        return key.parts.iter().map(|part| unique_part(table, key, part)).collect();
    }
    let columns = key.parts.iter().map(|part| column(table, key, part)).collect::<Result<Vec<_>, _>>()?;
    if columns.iter().any(|column| matches!(column.column_type, ColumnType::Json)) {
        return Err(refused_key(table, key, "a part of type json"));
    }
    let mut prefixes: Vec<Option<u32>> = key.parts.iter().map(|part| part.prefix).collect();
    if key.kind == KeyKind::Secondary {
        let sizes: Vec<u32> = columns.iter().map(|column| bytes(column)).collect();
        let total = sizes.iter().fold(0_u32, |sum, size| sum.saturating_add(*size));
        let share = ENTRY_BYTES / u32::try_from(columns.len().max(1)).unwrap_or(u32::MAX);
        for ((prefix, size), column) in prefixes.iter_mut().zip(sizes).zip(&columns) {
            *prefix = if total <= ENTRY_BYTES || size <= share {
                None
            } else {
                let fits = share / unit(column);
                Some(prefix.map_or(fits, |prefix| prefix.min(fits)))
            };
        }
    }
    let parts = key.parts.iter().zip(columns).zip(prefixes);
    Ok(parts.map(|((part, column), prefix)| sql(table, part, column, prefix)).collect())
}

/// Whether a column's collation ignores trailing blanks.
#[must_use]
pub fn ignores_blanks(table: &Table, column: &Column) -> bool {
    is_character(&column.column_type) && pads_blanks(column.collation.as_deref().unwrap_or(&table.collation))
}

/// A value of a column, or what a key holds of it, as the column's index compares it.
#[must_use]
pub fn compared_column(table: &Table, column: &Column, value: &str) -> String {
    if ignores_blanks(table, column) { format!("({value})::bpchar") } else { value.to_owned() }
}

/// A part of a unique key that has a functional part: nothing of it may be cut.
fn unique_part(table: &Table, key: &Key, part: &KeyPart) -> Result<String, SchemaError> {
    if part.sql.is_empty() {
        return Ok(sql(table, part, column(table, key, part)?, part.prefix));
    }
    Ok(format!("({}){}", part.sql, if part.descending { " DESC" } else { "" }))
}

fn sql(table: &Table, part: &KeyPart, column: &Column, prefix: Option<u32>) -> String {
    let name = identifier(&column.name);
    let mut sql = match prefix {
        Some(prefix) if is_binary(&column.column_type) => format!("substr({name}, 1, {prefix})"),
        Some(prefix) => format!("\"left\"({name}, {prefix})"),
        None => name,
    };
    if ignores_blanks(table, column) {
        sql.push_str(" bpchar_ops");
    }
    if part.descending {
        sql.push_str(" DESC");
    }
    if column.nullable {
        sql.push_str(if part.descending { " NULLS LAST" } else { " NULLS FIRST" });
    }
    sql
}

/// Bytes of a character in UTF-8, or 1 for bytes.
fn unit(column: &Column) -> u32 {
    match column.charset.as_deref() {
        _ if !is_character(&column.column_type) => 1,
        Some("ascii") => 1,
        // Every character of a set of single bytes, and of utf8mb3, takes three bytes of UTF-8 at most.
        Some("utf8" | "utf8mb3") => 3,
        Some(name) if super::charset::find(name).is_some_and(super::charset::Charset::is_narrow) => 3,
        _ => 4,
    }
}

/// The most that a value can take; numbers and dates are small.
fn bytes(column: &Column) -> u32 {
    match &column.column_type {
        ColumnType::Char { length } | ColumnType::VarChar { length } => length.saturating_mul(unit(column)),
        ColumnType::Binary { length } | ColumnType::VarBinary { length } => *length,
        ColumnType::TinyText | ColumnType::TinyBlob => 255,
        ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob => u32::MAX,
        ColumnType::Enum { .. } | ColumnType::Set { .. } => 255,
        _ => 16,
    }
}
