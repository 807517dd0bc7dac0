//! Questions to MySQL about the values of a table: for each column, which classes of values its type can hold that
//! deserve a word, as a condition that counts them. One query asks them all in one reading of the table.
//!
//! Conditions are written for the sessions that `source` opens: `sql_mode` is empty and the zone is UTC. Dates are
//! looked at as text, since MySQL's date functions differ in what they say of impossible ones. Text is looked at as
//! UTF-8, which is how the copy reads it.

use crate::schema::{Column, ColumnType, Key, KeyKind, Table, charset, collation, types};
use crate::source::backticks;

/// A class of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    ZeroDate,
    /// Partial, impossible, or a zero date with a time of day.
    PartialDate,
    YearZero,
    LongTime,
    NotBoolean,
    EnumIndexZero,
    NulInText,
    NulInMemberName,
    TooLarge,
    /// Bytes that aren't text of the column's character set.
    NotText,
    /// Text of single bytes that is well-formed UTF-8.
    Utf8InNarrow,
    /// A trailing blank in a unique key that ignores them.
    TrailingBlank,
    /// A character beyond ASCII in a unique key under an approximated collation.
    LettersInKey,
    /// An entry of a unique key that PostgreSQL's index may not hold.
    LargeKey,
}

/// A question about one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub class: Class,
    pub column: String,
    /// MySQL's condition.
    pub condition: String,
}

/// PostgreSQL's limit for a value, and for the text of a jsonb's strings, in bytes.
const VALUE_LIMIT: u64 = 1 << 30;
const JSON_LIMIT: u64 = 268_435_455;

/// The questions that the types and keys of a table raise.
#[must_use]
pub fn probes(table: &Table) -> Vec<Probe> {
    let mut found = Vec::new();
    for column in &table.columns {
        let mut ask = |class, condition: String| {
            found.push(Probe { class, column: column.name.clone(), condition });
        };
        let name = backticks(&column.name);
        match &column.column_type {
            ColumnType::Date => dates(&name, &mut ask),
            ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => dates(&name, &mut ask),
            ColumnType::Time { .. } => {
                ask(Class::LongTime, format!("{name} >= '24:00:00' OR {name} <= '-24:00:00'"));
            }
            ColumnType::TinyInt { width: Some(1), .. } => ask(Class::NotBoolean, format!("{name} NOT IN (0, 1)")),
            ColumnType::Json => json(&name, &mut ask),
            ColumnType::LongBlob => ask(Class::TooLarge, format!("LENGTH({name}) >= {VALUE_LIMIT}")),
            column_type if types::is_character(column_type) => text(table, column, &mut ask),
            _ => {}
        }
    }
    found.extend(table.keys.iter().filter_map(|key| large_key(table, key)));
    found
}

/// Whatever MySQL's key can hold beyond what PostgreSQL's surely can; keys that aren't unique hold beginnings there.
fn large_key(table: &Table, key: &Key) -> Option<Probe> {
    const SURELY: u32 = 2600;
    if !matches!(key.kind, KeyKind::Primary | KeyKind::Unique) {
        return None;
    }
    let mut most = 0_u32;
    let mut lengths = Vec::new();
    for part in &key.parts {
        let column = table.column(part.column.as_deref()?)?;
        let name = backticks(&column.name);
        let characters = types::is_character(&column.column_type);
        let length = match column.column_type {
            ColumnType::Char { length } | ColumnType::VarChar { length } => length,
            ColumnType::Binary { length } | ColumnType::VarBinary { length } => length,
            _ if characters || types::is_binary(&column.column_type) => part.prefix?,
            _ => continue,
        };
        let length = part.prefix.map_or(length, |prefix| prefix.min(length));
        most = most.saturating_add(length.saturating_mul(if characters { 4 } else { 1 }));
        let held = part.prefix.map_or(name.clone(), |prefix| format!("LEFT({name}, {prefix})"));
        let held = if characters { format!("CONVERT({held} USING utf8mb4)") } else { held };
        lengths.push(format!("IFNULL(LENGTH({held}), 0)"));
    }
    let column = key.parts.first()?.column.clone()?;
    (most > SURELY).then(|| Probe {
        class: Class::LargeKey,
        column,
        condition: format!("{} > {SURELY}", lengths.join(" + ")),
    })
}

/// The number 0 equals the zero date without a time of day, and nothing else.
fn dates(name: &str, ask: &mut impl FnMut(Class, String)) {
    let text = format!("CAST({name} AS CHAR)");
    let partial = format!("({text} LIKE '____-00-%' OR {text} LIKE '____-__-00%')");
    let past = format!("SUBSTRING({text}, 9, 2) > DAY(LAST_DAY(CONCAT(LEFT({text}, 7), '-01')))");
    ask(Class::ZeroDate, format!("{name} = 0"));
    ask(Class::PartialDate, format!("{name} <> 0 AND {partial} OR {past}"));
    ask(Class::YearZero, format!("{text} LIKE '0000-%' AND NOT {partial}"));
}

fn json(name: &str, ask: &mut impl FnMut(Class, String)) {
    // A string that is followed by a colon and a blank is a name, since quotes inside strings are escaped.
    let text = format!("CAST({name} AS CHAR)");
    ask(
        Class::NulInMemberName,
        format!(
            "{text} LIKE '%\\\\\\\\u0000%' AND {text} REGEXP '\"(\\\\\\\\.|[^\"\\\\\\\\])*\\\\\\\\u0000(\\\\\\\\.|[^\"\\\\\\\\])*\": '"
        ),
    );
    ask(Class::TooLarge, format!("LENGTH({text}) > {JSON_LIMIT}"));
}

fn text(table: &Table, column: &Column, ask: &mut impl FnMut(Class, String)) {
    let name = backticks(&column.name);
    let unicode = format!("CONVERT({name} USING utf8mb4)");
    if let ColumnType::Enum { .. } = &column.column_type {
        ask(Class::EnumIndexZero, format!("{name} + 0 = 0"));
        return;
    }
    if matches!(column.column_type, ColumnType::Set { .. }) {
        return;
    }
    ask(Class::NulInText, format!("LOCATE(0x00, CAST({unicode} AS BINARY)) > 0"));
    if matches!(column.column_type, ColumnType::LongText) {
        ask(Class::TooLarge, format!("LENGTH({unicode}) >= {VALUE_LIMIT}"));
    }
    let set = column.charset.as_deref().unwrap_or(&table.charset);
    let bytes = format!("CAST({name} AS BINARY)");
    // What isn't well-formed is cut off at its first wrong byte.
    let read = format!("CONVERT({bytes} USING utf8mb4)");
    let well_formed = format!("CAST({read} AS BINARY) = {bytes}");
    if matches!(set, "utf8mb4" | "utf8mb3" | "utf8") {
        ask(Class::NotText, format!("{name} IS NOT NULL AND NOT IFNULL({well_formed}, 0)"));
    } else {
        ask(Class::NotText, format!("{bytes} <> CAST(CONVERT({unicode} USING {set}) AS BINARY)"));
    }
    if set != "ascii" && charset::find(set).is_some_and(charset::Charset::is_narrow) {
        ask(Class::Utf8InNarrow, format!("{well_formed} AND CHAR_LENGTH({read}) <> CHAR_LENGTH({name})"));
    }
    if table.keys.iter().any(|key| is_unique_over(key, &column.name)) {
        in_unique_key(table, column, ask);
    }
}

fn in_unique_key(table: &Table, column: &Column, ask: &mut impl FnMut(Class, String)) {
    let name = backticks(&column.name);
    let order = column.collation.as_deref().unwrap_or(&table.collation);
    let Some(carrier) = collation::carrier(order) else { return };
    if collation::pads_blanks(order) {
        ask(Class::TrailingBlank, format!("CONVERT({name} USING utf8mb4) LIKE '% '"));
    }
    if carrier.difference == collation::Difference::Letters {
        let unicode = format!("CONVERT({name} USING utf8mb4)");
        ask(Class::LettersInKey, format!("LENGTH({unicode}) <> CHAR_LENGTH({unicode})"));
    }
}

fn is_unique_over(key: &Key, column: &str) -> bool {
    matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
        && key.parts.iter().any(|part| part.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(column)))
}

/// One row: the number of rows, then how many each probe finds.
#[must_use]
pub fn count_query(table: &Table, probes: &[Probe]) -> String {
    let sums: String = probes.iter().map(|probe| format!(", SUM({})", probe.condition)).collect();
    format!("SELECT COUNT(*){sums} FROM {}", super::tables::quoted(&table.name))
}

/// The key of a row that a probe finds; `None` for a table without a key to name it by.
#[must_use]
pub fn example_query(table: &Table, probe: &Probe) -> Option<String> {
    let key = table.primary_key()?;
    let columns: Option<Vec<String>> = key.parts.iter().map(|part| part.column.as_deref().map(backticks)).collect();
    let columns = columns?.join(", ");
    let from = super::tables::quoted(&table.name);
    Some(format!("SELECT {columns} FROM {from} WHERE {} ORDER BY {columns} LIMIT 1", probe.condition))
}
