//! SHOW CREATE TABLE: the text of MySQL 9.7, byte for byte as far as the catalogue knows the table. Tools parse it.

use super::error::{foreign_key_clause, quoted};
use crate::schema::types::is_binary;
use crate::schema::{Check, Column, ColumnDefault, ColumnType, Key, KeyKind, Routine, Table, Trigger, View};
use crate::sql::show::now;

/// The statement.
pub(super) fn table(table: &Table) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|column| column_line(table, column)).collect();
    lines.extend(table.keys.iter().map(key_line));
    // MySQL's dictionary holds them by name.
    let mut foreign_keys: Vec<_> = table.foreign_keys.iter().collect();
    foreign_keys.sort_by(|left, right| left.name.cmp(&right.name));
    lines.extend(foreign_keys.into_iter().map(|key| foreign_key_clause(table, key)));
    lines.extend(table.checks.iter().map(check_line));
    let word = if table.temporary.is_some() { "CREATE TEMPORARY TABLE" } else { "CREATE TABLE" };
    let mut text = format!("{word} {} (\n", quoted(&table.title().table));
    for (index, line) in lines.iter().enumerate() {
        let comma = if index + 1 < lines.len() { "," } else { "" };
        text.push_str(&format!("  {line}{comma}\n"));
    }
    text.push_str(&format!(") ENGINE={}", table.engine));
    if let Some(next) = table.auto_increment.filter(|next| *next > 1) {
        text.push_str(&format!(" AUTO_INCREMENT={next}"));
    }
    text.push_str(&format!(" DEFAULT CHARSET={}", table.charset));
    if shows_collation(&table.charset, &table.collation) {
        text.push_str(&format!(" COLLATE={}", table.collation));
    }
    text.push_str(&options(table));
    if !table.comment.is_empty() {
        text.push_str(&format!(" COMMENT={}", literal(&table.comment)));
    }
    if !table.partitioning.is_empty() {
        text.push('\n');
        text.push_str(&table.partitioning);
    }
    text
}

/// Options in the order of MySQL's own text.
fn options(table: &Table) -> String {
    const ORDER: [&str; 14] = [
        "MIN_ROWS",
        "MAX_ROWS",
        "AVG_ROW_LENGTH",
        "PACK_KEYS",
        "STATS_PERSISTENT",
        "STATS_AUTO_RECALC",
        "STATS_SAMPLE_PAGES",
        "CHECKSUM",
        "DELAY_KEY_WRITE",
        "ROW_FORMAT",
        "KEY_BLOCK_SIZE",
        "COMPRESSION",
        "INSERT_METHOD",
        "UNION",
    ];
    // Tables of other engines don't show it, though they may have it.
    let merge = table.merge.is_some();
    let shown = ORDER.iter().filter(|name| merge || **name != "INSERT_METHOD");
    let shown = shown.filter_map(|name| Some(format!(" {name}={}", table.options.get(*name)?)));
    shown.collect()
}

fn check_line(check: &Check) -> String {
    let enforced = if check.enforced { "" } else { " /*!80016 NOT ENFORCED */" };
    format!("CONSTRAINT {} CHECK ({}){enforced}", quoted(&check.name), unescaped(&check.expression))
}

/// The default collation of a character set isn't written, but utf8mb4's always is: its default has changed.
fn shows_collation(charset: &str, collation: &str) -> bool {
    charset == "utf8mb4" || default_collation(charset) != collation
}

fn default_collation(charset: &str) -> &str {
    super::charset::find(charset).map_or("", |charset| charset.collation)
}

fn column_line(table: &Table, column: &Column) -> String {
    let mut line = format!("{} {}", quoted(&column.name), column.type_text);
    if let (Some(charset), Some(collation)) = (&column.charset, &column.collation) {
        if *charset != table.charset || *collation != table.collation || column.explicit_collation {
            // MySQL repeats the character set whenever the column's collation isn't the table's.
            line.push_str(&format!(" CHARACTER SET {charset}"));
            if shows_collation(charset, collation) || column.explicit_collation {
                line.push_str(&format!(" COLLATE {collation}"));
            }
        } else if default_collation(charset) != collation {
            // One that isn't its character set's first is always said.
            line.push_str(&format!(" COLLATE {collation}"));
        }
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        line.push_str(&format!(" GENERATED ALWAYS AS ({}) {kind}", unescaped(&generated.expression)));
    }
    if !column.nullable {
        line.push_str(" NOT NULL");
    } else if matches!(column.column_type, ColumnType::Timestamp { .. }) {
        // Since TIMESTAMP once meant NOT NULL, its NULL is always said.
        line.push_str(" NULL");
    }
    if let ColumnType::Geometry { srid: Some(srid), .. } = column.column_type {
        line.push_str(&format!(" /*!80003 SRID {srid} */"));
    }
    line.push_str(&default(column));
    if let Some(fraction) = column.on_update_now {
        line.push_str(&format!(" ON UPDATE {}", now(fraction)));
    }
    if column.auto_increment {
        line.push_str(" AUTO_INCREMENT");
    }
    if column.invisible {
        line.push_str(" /*!80023 INVISIBLE */");
    }
    if !column.comment.is_empty() {
        line.push_str(&format!(" COMMENT {}", literal(&column.comment)));
    }
    line
}

fn default(column: &Column) -> String {
    if column.generated.is_some() || column.auto_increment {
        return String::new();
    }
    // BLOB, TEXT and JSON have no DEFAULT NULL in MySQL's text; JSON has.
    let lob = matches!(
        column.column_type,
        ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
    );
    match &column.default {
        ColumnDefault::None if column.nullable && !lob => " DEFAULT NULL".to_owned(),
        ColumnDefault::Null if !lob && column.nullable => " DEFAULT NULL".to_owned(),
        ColumnDefault::None | ColumnDefault::Null => String::new(),
        ColumnDefault::Constant(text) if text.starts_with("b'") => format!(" DEFAULT {text}"),
        ColumnDefault::Constant(text) if is_binary(&column.column_type) => {
            format!(" DEFAULT {}", binary_default(column, text))
        }
        ColumnDefault::Constant(text) => format!(" DEFAULT {}", literal(text)),
        ColumnDefault::Now(fraction) => format!(" DEFAULT {}", now(*fraction)),
        ColumnDefault::Expression(text) => format!(" DEFAULT ({})", unescaped(text)),
    }
}

/// A binary default, which information_schema prints in hexadecimal digits: as text where it is text.
fn binary_default(column: &Column, text: &str) -> String {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let mut bytes: Vec<u8> = (0..digits.len()).step_by(2).filter_map(pair).collect();
    if let ColumnType::Binary { length } = column.column_type {
        bytes.resize(bytes.len().max(usize::try_from(length).unwrap_or(0)), 0);
    }
    match String::from_utf8(bytes) {
        Ok(text) => literal(&text),
        Err(error) => {
            let digits: String = error.as_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
            format!("0x{digits}")
        }
    }
}

fn key_line(key: &Key) -> String {
    let parts: Vec<String> = key
        .parts
        .iter()
        .map(|part| {
            let mut text = match (&part.column, &part.expression) {
                (Some(column), _) => quoted(column),
                (None, expression) => format!("({})", unescaped(expression.as_deref().unwrap_or_default())),
            };
            if let Some(prefix) = part.prefix {
                text.push_str(&format!("({prefix})"));
            }
            if part.descending {
                text.push_str(" DESC");
            }
            text
        })
        .collect();
    let parts = parts.join(",");
    let name = quoted(&key.name);
    let mut line = match key.kind {
        KeyKind::Primary => format!("PRIMARY KEY ({parts})"),
        KeyKind::Unique => format!("UNIQUE KEY {name} ({parts})"),
        KeyKind::Secondary => format!("KEY {name} ({parts})"),
        KeyKind::Fulltext => format!("FULLTEXT KEY {name} ({parts})"),
        KeyKind::Spatial => format!("SPATIAL KEY {name} ({parts})"),
    };
    if let Some(algorithm) = &key.options.algorithm {
        line.push_str(&format!(" USING {algorithm}"));
    }
    if let Some(size) = key.options.block_size {
        line.push_str(&format!(" KEY_BLOCK_SIZE={size}"));
    }
    if !key.options.comment.is_empty() {
        line.push_str(&format!(" COMMENT {}", literal(&key.options.comment)));
    }
    if let Some(parser) = &key.options.parser {
        line.push_str(&format!(" /*!50100 WITH PARSER {} */ ", quoted(parser)));
    }
    if key.options.invisible {
        line.push_str(" /*!80000 INVISIBLE */");
    }
    line
}

/// An expression without the escapes that information_schema gives it.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

/// Text in MySQL's quotes.
fn literal(text: &str) -> String {
    let escaped =
        text.replace('\\', "\\\\").replace('\'', "''").replace('\n', "\\n").replace('\r', "\\r").replace('\0', "\\0");
    format!("'{escaped}'")
}

/// SHOW CREATE DATABASE.
pub(super) fn database(name: &str, charset: &str, collation: &str, if_not_exists: bool) -> String {
    let condition = if if_not_exists { "/*!32312 IF NOT EXISTS*/ " } else { "" };
    let collation = if shows_collation(charset, collation) { format!(" COLLATE {collation}") } else { String::new() };
    format!(
        "CREATE DATABASE {condition}{} /*!40100 DEFAULT CHARACTER SET {charset}{collation} */ /*!80016 DEFAULT ENCRYPTION='N' */",
        quoted(name)
    )
}

/// A name in MySQL's quotes.
pub(super) fn quoted_name(name: &str) -> String {
    quoted(name)
}

/// The statement that makes a routine, with what isn't MySQL's default of its characteristics.
pub(super) fn routine(routine: &Routine) -> String {
    let (user, host) = routine.definer.rsplit_once('@').unwrap_or((&routine.definer, "%"));
    let returns = routine.result.as_ref().map_or_else(String::new, |column| {
        let charset = column.charset.as_deref().unwrap_or_default();
        let mut text = format!(" RETURNS {}", column.type_text);
        if !charset.is_empty() {
            text.push_str(&format!(" CHARSET {charset}"));
            if let Some(collation) = column.collation.as_deref().filter(|own| *own != default_collation(charset)) {
                text.push_str(&format!(" COLLATE {collation}"));
            }
        }
        text
    });
    let characteristics = &routine.characteristics;
    let mut lines = String::new();
    if characteristics.access != "CONTAINS SQL" {
        lines.push_str(&format!("    {}\n", characteristics.access));
    }
    if characteristics.deterministic {
        lines.push_str("    DETERMINISTIC\n");
    }
    if characteristics.invoker {
        lines.push_str("    SQL SECURITY INVOKER\n");
    }
    if !characteristics.comment.is_empty() {
        lines.push_str(&format!("    COMMENT {}\n", literal(&characteristics.comment)));
    }
    format!(
        "CREATE DEFINER={}@{} {} {}({}){returns}\n{lines}{}",
        quoted(user),
        quoted(host),
        routine.kind.name(),
        quoted(&routine.name.table),
        routine.parameters,
        routine.body
    )
}

/// The statement that makes a trigger.
pub(super) fn trigger(table: &Table, trigger: &Trigger) -> String {
    let (user, host) = trigger.definer.rsplit_once('@').unwrap_or((&trigger.definer, "%"));
    format!(
        "CREATE DEFINER={}@{} TRIGGER {} {} {} ON {} FOR EACH ROW {}",
        quoted(user),
        quoted(host),
        quoted(&trigger.name),
        trigger.time.name(),
        trigger.event.name(),
        quoted(&table.name.table),
        trigger.body
    )
}

/// SHOW CREATE VIEW.
pub(super) fn view(view: &View) -> String {
    let (user, host) = view.definer.rsplit_once('@').unwrap_or((&view.definer, "%"));
    let check = match view.check_option.as_str() {
        "NONE" | "" => String::new(),
        kind => format!(" WITH {kind} CHECK OPTION"),
    };
    let listed: Vec<String> = view.columns.iter().map(|column| quoted(&column.name)).collect();
    let listed = if view.named_columns { format!(" ({})", listed.join(",")) } else { String::new() };
    format!(
        "CREATE ALGORITHM={} DEFINER={}@{} SQL SECURITY {} VIEW {}{listed} AS {}{check}",
        view.algorithm,
        quoted(user),
        quoted(host),
        view.security,
        quoted(&view.name.table),
        view.canonical
    )
}
