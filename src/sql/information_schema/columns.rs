//! COLUMNS: what MySQL says of a column.

use crate::schema::{Column, ColumnDefault, ColumnType, Key, KeyKind, Table, View};

use super::registry::tables_of;
use super::rows::{Cells, Wanted};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// COLUMNS.
pub(super) fn columns(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows = Vec::new();
    for table in wanted.tables() {
        rows.extend((0..table.columns.len()).filter_map(|at| row(table, at, "select,insert,update,references")));
    }
    for view in wanted.views() {
        let table = of_view(view);
        rows.extend((0..table.columns.len()).filter_map(|at| row(&table, at, "select,insert,update,references")));
    }
    if wanted.wants_schema("information_schema") {
        for view in tables_of("information_schema").filter(|view| wanted.wants_table(&view.table.name.table)) {
            rows.extend((0..view.table.columns.len()).filter_map(|at| row(&view.table, at, "select")));
        }
    }
    rows
}

fn row(table: &Table, at: usize, privileges: &str) -> Option<Cells> {
    let column = table.columns.get(at)?;
    let (characters, octets) = text_length(column);
    let (precision, scale) = numbers(column);
    Some(vec![
        some("def"),
        some(&table.name.database),
        some(&table.name.table),
        some(&column.name),
        Some((at + 1).to_string()),
        default(column),
        some(if column.nullable { "YES" } else { "NO" }),
        some(data_type(column)),
        characters.map(|length| length.to_string()),
        octets.map(|length| length.to_string()),
        precision.map(|digits| digits.to_string()),
        scale.map(|digits| digits.to_string()),
        fraction(column).map(|digits| digits.to_string()),
        column.charset.clone(),
        column.collation.clone(),
        some(&column.type_text),
        some(key_mark(table, column)),
        Some(extra(column)),
        some(privileges),
        some(&column.comment),
        Some(column.generated.as_ref().map_or_else(String::new, |generated| generated.expression.clone())),
        None,
    ])
}

/// From CHARACTER_MAXIMUM_LENGTH to COLLATION_NAME: what a type's sizes are.
pub(super) fn sizes(column: &Column) -> Cells {
    let (characters, octets) = text_length(column);
    let (precision, scale) = numbers(column);
    vec![
        characters.map(|length| length.to_string()),
        octets.map(|length| length.to_string()),
        precision.map(|digits| digits.to_string()),
        scale.map(|digits| digits.to_string()),
        fraction(column).map(|digits| digits.to_string()),
        column.charset.clone(),
        column.collation.clone(),
    ]
}

/// A view as a table without keys.
pub(super) fn of_view(view: &View) -> Table {
    Table { name: view.name.clone(), columns: view.columns.clone(), ..Table::default() }
}

/// COLUMNS_EXTENSIONS.
pub(super) fn columns_extensions(wanted: &Wanted<'_>) -> Vec<Cells> {
    let row = |table: &Table, column: &Column| {
        vec![some("def"), some(&table.name.database), some(&table.name.table), some(&column.name), None, None]
    };
    wanted.tables().flat_map(|table| table.columns.iter().map(move |column| row(table, column))).collect()
}

/// The type's first word.
pub(super) fn data_type(column: &Column) -> &str {
    column.type_text.split(['(', ' ']).next().unwrap_or_default()
}

/// Numbers in parentheses behind the type's name.
fn arguments(column: &Column) -> Vec<u64> {
    let inner = column.type_text.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    inner.map(|(inner, _)| inner.split(',').filter_map(|part| part.trim().parse().ok()).collect()).unwrap_or_default()
}

/// Length in characters and in bytes of character and binary types.
fn text_length(column: &Column) -> (Option<u64>, Option<u64>) {
    let width = match column.charset.as_deref() {
        Some("utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030") => 4,
        Some("utf8mb3" | "utf8" | "ujis" | "eucjpms") => 3,
        Some("ucs2" | "big5" | "gbk" | "sjis" | "cp932" | "euckr" | "gb2312") => 2,
        Some(_) | None => 1,
    };
    let bytes = |length: u64| (Some(length), Some(length));
    let characters = |length: usize| {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        (Some(length), Some(length.saturating_mul(width)))
    };
    match &column.column_type {
        ColumnType::Enum { labels } => characters(labels.iter().map(|label| label.chars().count()).max().unwrap_or(0)),
        ColumnType::Set { labels } => {
            let all: usize = labels.iter().map(|label| label.chars().count() + 1).sum();
            characters(all.saturating_sub(1))
        }
        _other => match data_type(column) {
            "char" | "varchar" => {
                let length = arguments(column).first().copied().unwrap_or(1);
                (Some(length), Some(length.saturating_mul(width)))
            }
            "binary" | "varbinary" => bytes(arguments(column).first().copied().unwrap_or(1)),
            "tinytext" | "tinyblob" => bytes(255),
            "text" | "blob" => bytes(65_535),
            "mediumtext" | "mediumblob" => bytes(16_777_215),
            "longtext" | "longblob" => bytes(4_294_967_295),
            "enum" | "set" => {
                // A system table's: its labels stand in the text.
                let inner = column.type_text.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
                let lengths = inner.split(',').map(|label| label.trim_matches('\'').chars().count());
                let length = if data_type(column) == "enum" {
                    lengths.max().unwrap_or(0)
                } else {
                    lengths.map(|length| length + 1).sum::<usize>().saturating_sub(1)
                };
                characters(length)
            }
            _number => (None, None),
        },
    }
}

fn numbers(column: &Column) -> (Option<u64>, Option<u64>) {
    let given = arguments(column);
    let unsigned = column.type_text.contains("unsigned");
    match data_type(column) {
        "tinyint" => (Some(3), Some(0)),
        "smallint" => (Some(5), Some(0)),
        "mediumint" => (Some(7), Some(0)),
        "int" => (Some(10), Some(0)),
        "bigint" => (Some(if unsigned { 20 } else { 19 }), Some(0)),
        "decimal" => (Some(given.first().copied().unwrap_or(10)), Some(given.get(1).copied().unwrap_or(0))),
        "float" => (Some(given.first().copied().unwrap_or(12)), given.get(1).copied()),
        "double" => (Some(given.first().copied().unwrap_or(22)), given.get(1).copied()),
        "bit" => (Some(given.first().copied().unwrap_or(1)), None),
        _other => (None, None),
    }
}

fn fraction(column: &Column) -> Option<u64> {
    match data_type(column) {
        "datetime" | "timestamp" | "time" => Some(arguments(column).first().copied().unwrap_or(0)),
        _other => None,
    }
}

/// PRI for any part of the primary key, UNI for a unique key of this column alone, MUL for the first of another key.
pub(super) fn key_mark(table: &Table, column: &Column) -> &'static str {
    let part = |key: &Key| key.parts.iter().position(|part| part.column.as_deref() == Some(column.name.as_str()));
    let of =
        |wanted: &dyn Fn(&Key, usize) -> bool| table.keys.iter().any(|key| part(key).is_some_and(|at| wanted(key, at)));
    if of(&|key, _| key.kind == KeyKind::Primary) {
        return "PRI";
    }
    if table.primary_key().is_none() && promoted(table).is_some_and(|key| part(key).is_some()) {
        return "PRI";
    }
    if of(&|key, _| key.kind == KeyKind::Unique && key.parts.len() == 1) {
        return "UNI";
    }
    if of(&|_, at| at == 0) { "MUL" } else { "" }
}

/// Without a primary key, the first unique key that can't hold NULL serves as one.
fn promoted(table: &Table) -> Option<&Key> {
    table.keys.iter().find(|key| {
        key.kind == KeyKind::Unique
            && key.parts.iter().all(|part| {
                let column = part.column.as_deref().and_then(|name| table.column(name));
                part.prefix.is_none() && column.is_some_and(|column| !column.nullable)
            })
    })
}

/// The default as information_schema and SHOW COLUMNS print it.
pub(super) fn default(column: &Column) -> Option<String> {
    match &column.default {
        ColumnDefault::None | ColumnDefault::Null => None,
        ColumnDefault::Constant(text) | ColumnDefault::Expression(text) => Some(text.clone()),
        ColumnDefault::Now(fraction) => Some(now(*fraction)),
    }
}

/// `CURRENT_TIMESTAMP` with its fraction.
pub(crate) fn now(fraction: u8) -> String {
    if fraction == 0 { "CURRENT_TIMESTAMP".to_owned() } else { format!("CURRENT_TIMESTAMP({fraction})") }
}

/// EXTRA.
pub(super) fn extra(column: &Column) -> String {
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
