//! Writes that PostgreSQL must carry out row by row, as MySQL does.
//!
//! # MySQL's rule and PostgreSQL's
//! MySQL inserts or changes one row after the other, checks every unique key at once and in the order of its keys
//! ([`super::keys::unique_keys`]), and a later row of a statement sees what an earlier one did. A statement of
//! PostgreSQL sees the rows as of its beginning, has one arbiter in ON CONFLICT, refuses to touch a row twice, and
//! checks unique keys in whatever order it comes across rows.
//!
//! So such a statement becomes one call of a helper (`helpers/writes.sql`) that executes small statements for each
//! row: insert unless something conflicts, else find the conflicting row by the first key that has one, lock it, and
//! change or delete it.
//!
//! # Why this is right
//! * All or nothing: the call is one statement, so an error undoes everything that it did.
//! * Concurrency: each small statement takes its own snapshot at READ COMMITTED, so it sees what others committed
//!   while an earlier one waited. `ON CONFLICT DO NOTHING` waits for a transaction that is about to insert the same
//!   key; a conflicting row is locked by `FOR UPDATE` before it's changed, and when it vanished meanwhile the row is
//!   tried again from the start, as MySQL does.
//! * Nothing of the client's is text there: the small statements are made from quoted names and from `$n`, and their
//!   values are written by PostgreSQL's own `format('%L')`.

use crate::schema::{Key, Table, compared_column, types};

use super::expression::{Lowering, cast};
use super::keys::{foreign_key_clause, unique_keys};
use super::plan::SqlError;
use super::types::{Carrier, Type};
use crate::schema::{Catalogue, ddl, quote};

/// In a template, the row that is written: an array of texts.
pub(super) const ROW: &str = "@row@";
/// In a template, the place of a stored row.
pub(super) const PLACE: &str = "@place@";

impl Lowering<'_> {
    /// PostgreSQL text of the text of `sql`: parameters are written into it as literals, [`ROW`] becomes `$1` and
    /// [`PLACE`] `$2`.
    pub(super) fn template(&self, sql: &str) -> String {
        let (mut text, mut used) = (String::with_capacity(sql.len() + 16), Vec::new());
        let mut rest = sql;
        while let Some(first) = rest.chars().next() {
            let taken = match first {
                '"' => quoted_length(rest, '"', false),
                '\'' => quoted_length(rest, '\'', false),
                'E' if rest.starts_with("E'") => 1 + quoted_length(rest.get(1..).unwrap_or_default(), '\'', true),
                '$' => {
                    let digits = rest.get(1..).map_or(0, |tail| tail.bytes().take_while(u8::is_ascii_digit).count());
                    let number = rest.get(1..=digits).and_then(|digits| digits.parse::<usize>().ok());
                    if let Some(number) = number.filter(|_| digits > 0) {
                        let oid = number.checked_sub(1).and_then(|at| self.parameters.get(at)).map(|p| p.type_oid);
                        let at = used.iter().position(|known| *known == number).unwrap_or_else(|| {
                            used.push(number);
                            used.len() - 1
                        });
                        text.push_str(&format!("%{}$L::{}", at + 1, oid.map_or("text", type_name)));
                        rest = rest.get(1 + digits..).unwrap_or_default();
                        continue;
                    }
                    1
                }
                '@' if rest.starts_with(ROW) || rest.starts_with(PLACE) => {
                    let (marker, parameter) = if rest.starts_with(ROW) { (ROW, "$1") } else { (PLACE, "$2") };
                    text.push_str(parameter);
                    rest = rest.get(marker.len()..).unwrap_or_default();
                    continue;
                }
                other => other.len_utf8(),
            };
            text.push_str(&rest.get(..taken).unwrap_or(rest).replace('%', "%%"));
            rest = rest.get(taken..).unwrap_or_default();
        }
        let arguments: String = used.iter().map(|number| format!(", ${number}")).collect();
        format!("format({}{arguments})", quote::literal(&text))
    }

    /// Several templates as an array.
    pub(super) fn templates(&self, statements: &[String]) -> String {
        let all: Vec<String> = statements.iter().map(|sql| self.template(sql)).collect();
        format!("ARRAY[{}]::text[]", all.join(", "))
    }
}

/// Bytes of the quoted text at the front.
pub(super) fn quoted_length(text: &str, quote: char, escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && escapes {
            characters.next();
        } else if character == quote {
            match characters.peek() {
                Some((_, next)) if *next == quote => {
                    characters.next();
                }
                _end => return at + 1,
            }
        }
    }
    text.len()
}

fn type_name(oid: u32) -> &'static str {
    const ALL: [Carrier; 13] = [
        Carrier::Int2,
        Carrier::Int4,
        Carrier::Int8,
        Carrier::Numeric,
        Carrier::Float4,
        Carrier::Float8,
        Carrier::Text,
        Carrier::Bytes,
        Carrier::Date,
        Carrier::Timestamp,
        Carrier::TimestampTz,
        Carrier::Interval,
        Carrier::Json,
    ];
    ALL.into_iter().find(|carrier| carrier.oid() == oid).map_or("text", Carrier::name)
}

/// A value of the row in a template, of the column's type. `at` is its place in the row, from 0.
pub(super) fn row_value(table: &Table, column: usize, at: usize) -> Result<String, SqlError> {
    let found = table.columns.get(column);
    let ty = found.and_then(Type::of_column).ok_or_else(|| SqlError::unsupported("a column of this type"))?;
    Ok(format!("({ROW})[{}]::{}", at + 1, ty.carrier.name()))
}

/// Every part of a key: its column and what the key holds of it, given the column's value.
fn parts(table: &Table, key: &Key, value: &dyn Fn(usize) -> Option<String>) -> Result<Vec<(usize, String)>, SqlError> {
    key.parts
        .iter()
        .map(|part| {
            let missing = || SqlError::unsupported(format_args!("a write over the functional key {}", key.name));
            let name = part.column.as_ref().ok_or_else(missing)?;
            let at = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
            let at = at.ok_or_else(missing)?;
            let column = table.columns.get(at).ok_or_else(missing)?;
            let value = value(at).ok_or_else(missing)?;
            Ok((
                at,
                match part.prefix {
                    Some(prefix) if types::is_binary(&column.column_type) => format!("substr({value}, 1, {prefix})"),
                    Some(prefix) => format!("\"left\"({value}, {prefix})"),
                    None => value,
                },
            ))
        })
        .collect()
}

/// The statement that finds and locks the stored row with the same key as the row that is written. It answers the
/// row's place and its AUTO_INCREMENT value.
pub(super) fn find(table: &Table, key: &Key, value: &dyn Fn(usize) -> Option<String>) -> Result<String, SqlError> {
    let stored =
        |at: usize| table.columns.get(at).map(|column| format!("\"stored\".{}", quote::identifier(&column.name)));
    let own = parts(table, key, &stored)?;
    let new = parts(table, key, value)?;
    let compared = |at: usize, value: &str| {
        table.columns.get(at).map_or_else(|| value.to_owned(), |column| compared_column(table, column, value))
    };
    let terms: Vec<String> = own
        .iter()
        .zip(&new)
        .map(|((at, own), (_, new))| format!("{} = {}", compared(*at, own), compared(*at, new)))
        .collect();
    let id = table
        .auto_increment_column()
        .map_or("NULL::text".to_owned(), |id| format!("\"stored\".{}::text", quote::identifier(&id.name)));
    Ok(format!(
        "SELECT \"stored\".ctid, {id} FROM {} AS \"stored\" WHERE {} FOR UPDATE",
        quote::table(&table.name),
        terms.join(" AND ")
    ))
}

/// PostgreSQL text of "Duplicate entry '…' for key '…'", given the values.
pub(super) fn entry(table: &Table, key: &Key, value: &dyn Fn(usize) -> Option<String>) -> Result<String, SqlError> {
    let mut shown = Vec::new();
    for (at, value) in parts(table, key, value)? {
        let Some(ty) = table.columns.get(at).and_then(Type::of_column) else { continue };
        shown.push(match ty.carrier {
            Carrier::Bytes => format!("\"mysql\".shown({value})"),
            Carrier::Text => value,
            Carrier::Int2
            | Carrier::Int4
            | Carrier::Int8
            | Carrier::Numeric
            | Carrier::Float4
            | Carrier::Float8
            | Carrier::Date
            | Carrier::Timestamp
            | Carrier::TimestampTz
            | Carrier::Interval
            | Carrier::Json => cast(&value, &ty, Carrier::Text)?,
        });
    }
    let shown: Vec<String> = shown.into_iter().map(|value| format!("({value} COLLATE \"C\")")).collect();
    let key = format!("' for key '{}.{}'", table.title().table, key.name);
    Ok(format!("'Duplicate entry ''' || \"left\"({}, 64) || {}", joined(&shown), quote::literal(&key)))
}

/// The parts of an entry with a dash between them; none stands behind those that are empty at the beginning.
fn joined(parts: &[String]) -> String {
    let from = |at: usize| parts.get(at..).unwrap_or_default().join(" || '-' || ");
    let last = parts.len().saturating_sub(1);
    let mut text = from(last);
    for at in (0..last).rev() {
        let first = parts.get(at).map(String::as_str).unwrap_or_default();
        text = format!("CASE WHEN {first} <> '' THEN {} ELSE {text} END", from(at));
    }
    text
}

/// Names of the constraints that a new or changed row can violate: the foreign keys and the CHECKs.
pub(super) fn failing_rows(catalogue: &Catalogue, table: &Table) -> Option<String> {
    let mut items = failing_keys(catalogue, table);
    for check in table.checks.iter().filter(|check| check.enforced) {
        items.push(quote::literal(&quote::bounded(&check.name)));
        items.push(quote::literal("3819"));
        items.push(quote::literal(&format!("Check constraint '{}' is violated.", check.name)));
    }
    array(&items)
}

/// Names of the foreign keys that a write of the table can violate, each beside MySQL's error number and text; `None`
/// when there are none.
pub(super) fn failing(catalogue: &Catalogue, table: &Table) -> Option<String> {
    array(&failing_keys(catalogue, table))
}

fn array(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| format!("ARRAY[{}]::text[]", items.join(", ")))
}

fn failing_keys(catalogue: &Catalogue, table: &Table) -> Vec<String> {
    let mut items = Vec::new();
    let mut add = |key: &crate::schema::ForeignKey, child: &Table, code: u16, begin: &str| {
        let text = format!(
            "{begin}: a foreign key constraint fails (`{}`.`{}`, {})",
            child.name.database,
            child.name.table,
            foreign_key_clause(child, key)
        );
        items.push(quote::literal(&ddl::foreign_key_name(&key.name)));
        items.push(quote::literal(&code.to_string()));
        items.push(quote::literal(&text));
    };
    for key in &table.foreign_keys {
        add(key, table, 1452, "Cannot add or update a child row");
    }
    for child in catalogue.databases.values().flat_map(|database| database.tables.values()) {
        for key in child.foreign_keys.iter().filter(|key| key.references == table.name && child.name != table.name) {
            add(key, child, 1451, "Cannot delete or update a parent row");
        }
    }
    items
}

/// True when a column is part of a unique key.
pub(super) fn is_unique_part(table: &Table, column: usize) -> bool {
    let name = table.columns.get(column).map(|column| column.name.as_str()).unwrap_or_default();
    unique_keys(table)
        .iter()
        .flat_map(|key| &key.parts)
        .any(|part| part.column.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(name)))
}
