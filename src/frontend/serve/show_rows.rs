//! Rows of SHOW that come from table definitions or are the same everywhere.

use super::pattern::like;
use crate::schema::{Column, ColumnDefault, Key, KeyKind, Table};

/// One row; `None` is NULL.
pub(super) type Cells = Vec<Option<String>>;

/// A line of SHOW [FULL] COLUMNS and DESCRIBE.
pub(super) fn column(table: &Table, column: &Column, full: bool) -> Cells {
    let some = |text: &str| Some(text.to_owned());
    let mut cells = vec![some(&column.name), some(&column.type_text)];
    if full {
        cells.push(column.collation.clone());
    }
    cells.push(some(if column.nullable { "YES" } else { "NO" }));
    cells.push(some(key_mark(table, column)));
    cells.push(default(column));
    cells.push(Some(extra(column)));
    if full {
        cells.push(some("select,insert,update,references"));
        cells.push(some(&column.comment));
    }
    cells
}

/// PRI for any part of the primary key, UNI for a unique key of this column alone, MUL for the first of another key.
fn key_mark(table: &Table, column: &Column) -> &'static str {
    let part = |key: &&Key| key.parts.iter().position(|part| part.column.as_deref() == Some(column.name.as_str()));
    let of = |wanted: &dyn Fn(&Key, usize) -> bool| {
        table.keys.iter().any(|key| part(&key).is_some_and(|at| wanted(key, at)))
    };
    if of(&|key, _| key.kind == KeyKind::Primary) {
        return "PRI";
    }
    if of(&|key, _| key.kind == KeyKind::Unique && key.parts.len() == 1) {
        // A unique key that can't hold NULL serves as the primary key when there is none.
        let promoted = table.primary_key().is_none() && !column.nullable;
        return if promoted { "PRI" } else { "UNI" };
    }
    if of(&|_, at| at == 0) { "MUL" } else { "" }
}

fn default(column: &Column) -> Option<String> {
    match &column.default {
        ColumnDefault::None | ColumnDefault::Null => None,
        ColumnDefault::Constant(text) | ColumnDefault::Expression(text) => Some(text.clone()),
        ColumnDefault::Now(fraction) => Some(now(*fraction)),
    }
}

/// `CURRENT_TIMESTAMP` with its fraction.
pub(super) fn now(fraction: u8) -> String {
    if fraction == 0 { "CURRENT_TIMESTAMP".to_owned() } else { format!("CURRENT_TIMESTAMP({fraction})") }
}

fn extra(column: &Column) -> String {
    let mut words = Vec::new();
    if column.auto_increment {
        words.push("auto_increment".to_owned());
    }
    if let Some(generated) = &column.generated {
        words.push(if generated.stored { "STORED GENERATED" } else { "VIRTUAL GENERATED" }.to_owned());
    }
    if matches!(column.default, ColumnDefault::Now(_) | ColumnDefault::Expression(_)) {
        words.push("DEFAULT_GENERATED".to_owned());
    }
    if let Some(fraction) = column.on_update_now {
        words.push(format!("on update {}", now(fraction)));
    }
    if column.invisible {
        words.push("INVISIBLE".to_owned());
    }
    words.join(" ")
}

/// SHOW INDEX.
pub(super) fn index(table: &Table) -> Vec<Cells> {
    let mut rows = Vec::new();
    for key in &table.keys {
        let unique = matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
        let kind = match key.kind {
            KeyKind::Primary | KeyKind::Unique | KeyKind::Secondary => "BTREE",
            KeyKind::Fulltext => "FULLTEXT",
            KeyKind::Spatial => "SPATIAL",
        };
        for (position, part) in key.parts.iter().enumerate() {
            let column = part.column.as_deref().and_then(|name| table.column(name));
            let nullable = column.is_none_or(|column| column.nullable);
            let collation = match kind {
                "BTREE" => Some(if part.descending { "D" } else { "A" }.to_owned()),
                _ => None,
            };
            rows.push(vec![
                Some(table.name.table.clone()),
                Some(u8::from(!unique).to_string()),
                Some(key.name.clone()),
                Some((position + 1).to_string()),
                part.column.clone(),
                collation,
                Some("0".to_owned()),
                part.prefix.map(|prefix| prefix.to_string()),
                None,
                Some(if nullable { "YES" } else { "" }.to_owned()),
                Some(kind.to_owned()),
                Some(String::new()),
                Some(String::new()),
                Some("YES".to_owned()),
                part.expression.clone(),
            ]);
        }
    }
    rows
}

/// A line of SHOW TABLE STATUS. Sizes would need PostgreSQL; MySQL's own are estimates too.
pub(super) fn status(table: &Table) -> Cells {
    let zero = || Some("0".to_owned());
    vec![
        Some(table.name.table.clone()),
        Some(table.engine.clone()),
        Some("10".to_owned()),
        Some("Dynamic".to_owned()),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        table.auto_increment.map(|next| next.to_string()),
        None,
        None,
        None,
        Some(table.collation.clone()),
        None,
        Some(String::new()),
        Some(table.comment.clone()),
    ]
}

/// SHOW ENGINES: tables live in PostgreSQL under the name that applications expect.
pub(super) fn engines() -> Vec<Cells> {
    let cells =
        ["InnoDB", "DEFAULT", "Supports transactions, row-level locking, and foreign keys", "YES", "YES", "YES"];
    vec![cells.map(|cell| Some(cell.to_owned())).to_vec()]
}

/// Collations that Bascule carries: name, character set, id, default, padding.
const COLLATIONS: [(&str, &str, u16, bool, &str); 16] = [
    ("ascii_general_ci", "ascii", 11, true, "PAD SPACE"),
    ("binary", "binary", 63, true, "NO PAD"),
    ("latin1_bin", "latin1", 47, false, "PAD SPACE"),
    ("latin1_general_ci", "latin1", 48, false, "PAD SPACE"),
    ("latin1_swedish_ci", "latin1", 8, true, "PAD SPACE"),
    ("utf8mb3_bin", "utf8mb3", 83, false, "PAD SPACE"),
    ("utf8mb3_general_ci", "utf8mb3", 33, true, "PAD SPACE"),
    ("utf8mb3_unicode_ci", "utf8mb3", 192, false, "PAD SPACE"),
    ("utf8mb4_0900_ai_ci", "utf8mb4", 255, true, "NO PAD"),
    ("utf8mb4_0900_as_ci", "utf8mb4", 305, false, "NO PAD"),
    ("utf8mb4_0900_as_cs", "utf8mb4", 278, false, "NO PAD"),
    ("utf8mb4_0900_bin", "utf8mb4", 309, false, "NO PAD"),
    ("utf8mb4_bin", "utf8mb4", 46, false, "PAD SPACE"),
    ("utf8mb4_general_ci", "utf8mb4", 45, false, "PAD SPACE"),
    ("utf8mb4_unicode_520_ci", "utf8mb4", 246, false, "PAD SPACE"),
    ("utf8mb4_unicode_ci", "utf8mb4", 224, false, "PAD SPACE"),
];

/// SHOW COLLATION.
pub(super) fn collations(pattern: Option<&str>) -> Vec<Cells> {
    let shown = COLLATIONS.iter().filter(|(name, ..)| pattern.is_none_or(|pattern| like(name, pattern)));
    shown
        .map(|(name, charset, id, default, padding)| {
            let sort_length = if *padding == "NO PAD" && *charset == "utf8mb4" { "0" } else { "1" };
            let id = id.to_string();
            let default = if *default { "Yes" } else { "" };
            let cells =
                [*name, *charset, id.as_str(), default, "Yes", sort_length, *padding].map(|cell| Some(cell.to_owned()));
            cells.to_vec()
        })
        .collect()
}

/// Character sets that Bascule carries.
const CHARSETS: [(&str, &str, &str, &str); 5] = [
    ("ascii", "US ASCII", "ascii_general_ci", "1"),
    ("binary", "Binary pseudo charset", "binary", "1"),
    ("latin1", "cp1252 West European", "latin1_swedish_ci", "1"),
    ("utf8mb3", "UTF-8 Unicode", "utf8mb3_general_ci", "3"),
    ("utf8mb4", "UTF-8 Unicode", "utf8mb4_0900_ai_ci", "4"),
];

/// SHOW CHARACTER SET.
pub(super) fn charsets(pattern: Option<&str>) -> Vec<Cells> {
    let shown = CHARSETS.iter().filter(|(name, ..)| pattern.is_none_or(|pattern| like(name, pattern)));
    shown
        .map(|(name, text, collation, length)| {
            [name, text, collation, length].map(|cell| Some((*cell).to_owned())).to_vec()
        })
        .collect()
}
