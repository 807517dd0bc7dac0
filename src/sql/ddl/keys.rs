//! Keys: which of them MySQL keeps, what it calls them and in which order it shows them.
//!
//! The order of the steps is MySQL's (`mysql_prepare_create_table`), since names depend on it: first the keys that
//! foreign keys brought and another key makes redundant are dropped, then the rest get their names one after the
//! other, then they are sorted: PRIMARY, unique keys without NULLs, other unique keys, the rest.

use super::super::plan::{Notice, SqlError};
use super::charset::longest_character;
use super::draft::{Draft, DraftKey};
use crate::schema::types::{is_binary, is_character};
use crate::schema::{ColumnType, Key, KeyKind, KeyPart, TableName};

/// InnoDB's limit for a key part in bytes.
const PART_LIMIT: u32 = 3072;
/// MySQL's limit for the number of parts.
const PARTS_LIMIT: usize = 16;
/// MySQL's limit for the number of keys.
const KEYS_LIMIT: usize = 64;

/// The keys in MySQL's order, each with its old name; primary key columns become NOT NULL.
pub(super) fn resolve(draft: &mut Draft) -> Result<Vec<(Key, Option<String>)>, SqlError> {
    let kept = without_redundant(&draft.keys);
    if kept.len() > KEYS_LIMIT {
        let text = format!("Too many keys specified; max {KEYS_LIMIT} keys allowed");
        return Err(SqlError::new(1069, "42000", text));
    }
    if kept.iter().filter(|key| key.kind == KeyKind::Primary).count() > 1 {
        return Err(SqlError::new(1068, "42000", "Multiple primary key defined".to_owned()));
    }
    let mut keys: Vec<(Key, Option<String>)> = Vec::with_capacity(kept.len());
    for key in kept {
        let parts = parts(draft, &key)?;
        if key.kind == KeyKind::Primary {
            require_not_null(draft, &parts)?;
        }
        let name = match &key.name {
            Some(name) => {
                if keys.iter().any(|(other, _)| other.name.eq_ignore_ascii_case(name)) {
                    return Err(SqlError::new(1061, "42000", format!("Duplicate key name '{name}'")));
                }
                name.clone()
            }
            None => generated_name(&parts, &keys),
        };
        super::names::comment(&key.options.comment, &super::names::Commented::Index(&name))?;
        let mut key = key;
        key.options.generated = key.generated;
        if let Some(algorithm) = &key.options.algorithm
            && algorithm == "HASH"
            && draft.engine != "MEMORY"
        {
            let text = "This storage engine does not support the HASH index algorithm, storage engine default was used \
                        instead.";
            draft.notices.push(Notice { level: "Note", code: 3502, message: text.to_owned() });
            key.options.algorithm = None;
        }
        // InnoDB keeps no block size of an index in an uncompressed table.
        if draft.engine == "InnoDB" && !draft.options.contains_key("KEY_BLOCK_SIZE") {
            key.options.block_size = None;
        }
        keys.push((Key { name, kind: key.kind, parts, options: key.options }, key.origin));
    }
    let warnings = duplicates(&draft.name, &keys);
    draft.notices.extend(warnings);
    keys.sort_by_key(|(key, _)| rank(draft, key));
    Ok(keys)
}

/// Drops the keys that foreign keys brought and that another key covers.
fn without_redundant(keys: &[DraftKey]) -> Vec<DraftKey> {
    let mut redundant = vec![false; keys.len()];
    for (at, key) in keys.iter().enumerate() {
        for (before, other) in keys.iter().enumerate().take(at) {
            let gone = redundant.get(before).copied().unwrap_or(false);
            if gone || !covers_generated(key, other) {
                continue;
            }
            let this = !other.generated || (key.generated && key.parts.len() < other.parts.len());
            if let Some(flag) = redundant.get_mut(if this { at } else { before }) {
                *flag = true;
            }
            break;
        }
    }
    keys.iter().zip(redundant).filter(|(_, gone)| !gone).map(|(key, _)| key.clone()).collect()
}

/// True when one of the two is generated and a prefix of the other.
fn covers_generated(key: &DraftKey, other: &DraftKey) -> bool {
    let (short, long) = match (key.generated, other.generated) {
        (false, false) => return false,
        (true, true) if key.parts.len() > other.parts.len() => (other, key),
        (true, _) => (key, other),
        (false, true) => (other, key),
    };
    let same = |left: &KeyPart, right: &KeyPart| {
        let names = left.column.as_deref().zip(right.column.as_deref());
        names.is_some_and(|(left, right)| left.eq_ignore_ascii_case(right))
            && left.prefix == right.prefix
            && left.descending == right.descending
    };
    short.parts.len() <= long.parts.len() && short.parts.iter().zip(&long.parts).all(|(left, right)| same(left, right))
}

/// The first column's name, or that with `_2`, `_3`, … if it's taken.
fn generated_name(parts: &[KeyPart], keys: &[(Key, Option<String>)]) -> String {
    let column = parts.first().and_then(|part| part.column.clone()).unwrap_or_else(|| "functional_index".to_owned());
    let taken = |name: &str| keys.iter().any(|(key, _)| key.name.eq_ignore_ascii_case(name));
    if !taken(&column) && !column.eq_ignore_ascii_case("PRIMARY") {
        return column;
    }
    let numbered = (2..100).map(|number| format!("{column}_{number}"));
    numbered.into_iter().find(|name| !taken(name)).unwrap_or(column)
}

/// The parts with the columns' own spelling, after MySQL's checks.
fn parts(draft: &Draft, key: &DraftKey) -> Result<Vec<KeyPart>, SqlError> {
    if key.parts.len() > PARTS_LIMIT {
        let text = format!("Too many key parts specified; max {PARTS_LIMIT} parts allowed");
        return Err(SqlError::new(1070, "42000", text));
    }
    let mut parts: Vec<KeyPart> = Vec::with_capacity(key.parts.len());
    let mut bytes = 0_u32;
    for part in &key.parts {
        let name = part.column.as_deref().unwrap_or_default();
        if part.column.is_none() {
            parts.push(part.clone());
            continue;
        }
        let Some(found) = draft.column(name) else {
            let text = format!("Key column '{name}' doesn't exist in table");
            return Err(SqlError::new(1072, "42000", text));
        };
        let column = &found.column;
        if parts.iter().any(|other| other.column.as_deref() == Some(column.name.as_str())) {
            return Err(SqlError::new(1060, "42S21", format!("Duplicate column name '{}'", column.name)));
        }
        if key.kind == KeyKind::Fulltext {
            if !is_character(&column.column_type)
                || matches!(column.column_type, ColumnType::Enum { .. } | ColumnType::Set { .. })
            {
                let text = format!("Column '{}' cannot be part of FULLTEXT index", column.name);
                return Err(SqlError::new(1283, "HY000", text));
            }
            parts.push(KeyPart { column: Some(column.name.clone()), prefix: None, descending: false, ..part.clone() });
            continue;
        }
        // A key that was there before keeps up with a column that has become shorter than its prefix.
        let kept =
            key.origin.is_some() && part.prefix.is_some_and(|prefix| column_length(&column.column_type) <= prefix);
        let wanted = part.prefix.filter(|_| !kept);
        let prefix = prefix(&column.column_type, &column.name, wanted)?;
        bytes = bytes.saturating_add(part_bytes(&column.column_type, column.charset.as_deref(), prefix));
        if bytes > PART_LIMIT {
            let text = format!("Specified key was too long; max key length is {PART_LIMIT} bytes");
            return Err(SqlError::new(1071, "42000", text));
        }
        parts.push(KeyPart { column: Some(column.name.clone()), prefix, ..part.clone() });
    }
    Ok(parts)
}

/// The length that a prefix is measured against.
fn column_length(column_type: &ColumnType) -> u32 {
    match column_type {
        ColumnType::Char { length }
        | ColumnType::VarChar { length }
        | ColumnType::Binary { length }
        | ColumnType::VarBinary { length } => *length,
        _unmeasured => u32::MAX,
    }
}

/// The prefix as MySQL keeps it: none when it's the whole column.
fn prefix(column_type: &ColumnType, name: &str, prefix: Option<u32>) -> Result<Option<u32>, SqlError> {
    let bad = || {
        let text = "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key \
                    part, or the storage engine doesn't support unique prefix keys";
        SqlError::new(1089, "HY000", text.to_owned())
    };
    if matches!(column_type, ColumnType::Json) {
        let text =
            format!("JSON column '{name}' supports indexing only via generated columns on a specified JSON path.");
        return Err(SqlError::new(3152, "42000", text));
    }
    match (column_type, prefix) {
        (_, Some(0)) => Err(SqlError::new(1391, "HY000", format!("Key part '{name}' length cannot be 0"))),
        (
            ColumnType::Char { length }
            | ColumnType::VarChar { length }
            | ColumnType::Binary { length }
            | ColumnType::VarBinary { length },
            Some(prefix),
        ) => {
            if prefix > *length {
                return Err(bad());
            }
            Ok((prefix < *length).then_some(prefix))
        }
        (ColumnType::Enum { .. } | ColumnType::Set { .. }, Some(_)) => Err(bad()),
        (other, Some(prefix)) if is_character(other) || is_binary(other) => Ok(Some(prefix)),
        (_, Some(_)) => Err(bad()),
        (
            ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob,
            None,
        ) => {
            let text = format!("BLOB/TEXT column '{name}' used in key specification without a key length");
            Err(SqlError::new(1170, "42000", text))
        }
        (_, None) => Ok(None),
    }
}

fn part_bytes(column_type: &ColumnType, charset: Option<&str>, prefix: Option<u32>) -> u32 {
    let width = charset.map_or(1, longest_character);
    let length = match column_type {
        ColumnType::Char { length } | ColumnType::VarChar { length } => prefix.unwrap_or(*length),
        ColumnType::Binary { length } | ColumnType::VarBinary { length } => return prefix.unwrap_or(*length),
        other if is_character(other) || is_binary(other) => prefix.unwrap_or(0),
        _other => return 8,
    };
    length.saturating_mul(width)
}

/// Warnings of new keys that repeat another one of their kind.
fn duplicates(table: &TableName, keys: &[(Key, Option<String>)]) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (at, (key, origin)) in keys.iter().enumerate() {
        let same = |(other, _): &(Key, Option<String>)| key.kind == other.kind && key.parts == other.parts;
        if origin.is_none() && key.kind != KeyKind::Primary && keys.iter().take(at).any(same) {
            let message = format!(
                "Duplicate index '{}' defined on the table '{table}'. This is deprecated and will be disallowed in a \
                 future release.",
                key.name
            );
            notices.push(Notice { level: "Warning", code: 1831, message });
        }
    }
    notices
}

fn require_not_null(draft: &mut Draft, parts: &[KeyPart]) -> Result<(), SqlError> {
    for part in parts {
        let name = part.column.as_deref().unwrap_or_default();
        let Some(column) = draft.columns.iter_mut().find(|column| column.column.name == name) else {
            continue;
        };
        if column.origin.is_none() && column.explicit_null {
            let text = "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead";
            return Err(SqlError::new(1171, "42000", text.to_owned()));
        }
        if column.column.nullable {
            column.column.nullable = false;
            if column.column.default == crate::schema::ColumnDefault::Null {
                column.column.default = crate::schema::ColumnDefault::None;
            }
        }
    }
    Ok(())
}

/// MySQL's order of keys; equal ranks keep the order of their definition.
fn rank(draft: &Draft, key: &Key) -> u8 {
    let nullable = |part: &KeyPart| {
        let column = part.column.as_deref().and_then(|name| draft.column(name));
        column.is_none_or(|column| column.column.nullable)
    };
    match key.kind {
        KeyKind::Primary => 0,
        KeyKind::Unique => {
            let partial = u8::from(key.parts.iter().any(|part| part.prefix.is_some()));
            if key.parts.iter().any(nullable) { 3 + partial } else { 1 + partial }
        }
        KeyKind::Secondary => 5,
        KeyKind::Fulltext | KeyKind::Spatial => 6,
    }
}
