//! What information_schema doesn't say of a table, or says so that it can't be read back, and SHOW CREATE TABLE does:
//! expressions of generated columns, defaults and key parts, binary defaults, partitions.
//!
//! The text is planned as CREATE TABLE would be, by the same code, so a table that came from MySQL and one that a client
//! makes have the same expressions in PostgreSQL. Nothing else of the plan is used: what information_schema says stands.
//! A table whose text can't be planned stays as it is, its expressions refused by name, and the reason is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::SourceError;
use super::definitions::shown;
use crate::schema::{Catalogue, CatalogueChange, Column, ColumnDefault, ColumnType, Database, Table, TableName, types};
use crate::source::backticks;
use crate::sql::ddl::{ForeignKeyChecks, plan_with};
use crate::sql::plan::{Given, Known};
use crate::sql::{Context, Plan, Purpose};

/// Why the expressions of some tables can't be written for PostgreSQL.
pub type Reasons = BTreeMap<TableName, String>;

/// Completes the tables of a database.
pub(super) async fn complete(
    conn: &mut Conn,
    name: &str,
    database: &mut Database,
    reasons: &mut Reasons,
) -> Result<(), SourceError> {
    const ACTION: &str = "reading the text of tables";
    if database.tables.is_empty() {
        return Ok(());
    }
    conn.query_drop(format!("USE {}", backticks(name))).await.map_err(SourceError::query(ACTION))?;
    let mut bare = Catalogue { version: 1, ..Catalogue::default() };
    let own = Database { tables: BTreeMap::new(), ..database.clone() };
    bare.databases.insert(name.to_owned(), own);
    let bare = Arc::new(bare);
    for table in database.tables.values_mut() {
        let (text, _) = shown(conn, "TABLE", &table.name.table, [1, 2, 2]).await?;
        let (text, partitioning) = match &text {
            Ok(text) => parted(text),
            Err(_) => continue,
        };
        let mut completed = Table { partitioning: partitioning.to_owned(), ..Table::clone(table) };
        let text = take_binary_defaults(text, &mut completed);
        if has_expressions(&completed) {
            match planned(&text, name, &bare) {
                Ok(planned) => take(&mut completed, &planned),
                Err(reason) => {
                    reasons.insert(table.name.clone(), reason);
                }
            }
        }
        *table = Arc::new(completed);
    }
    Ok(())
}

/// The text of PARTITION BY stands behind everything else, in a comment of its own.
fn parted(text: &str) -> (&str, &str) {
    match text.rfind("\n/*!") {
        Some(at) if text.get(at..).is_some_and(|rest| rest.contains(" PARTITION BY ")) => {
            (text.get(..at).unwrap_or(text), text.get(at + 1..).unwrap_or_default())
        }
        _ => (text, ""),
    }
}

/// Gives binary columns the whole of their defaults, which information_schema cuts at the first NUL byte, and takes them
/// out of the text.
fn take_binary_defaults(text: &str, table: &mut Table) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let own = |column: &&mut Column| {
            types::is_binary(&column.column_type)
                && matches!(column.default, ColumnDefault::Expression(_))
                && line.trim_start().starts_with(&format!("{} ", backticks(&column.name)))
        };
        let found = table.columns.iter_mut().find(own).and_then(|column| {
            let (at, length, bytes) = binary_default(line)?;
            column.default = ColumnDefault::Constant(printed(&column.column_type, bytes));
            Some((line.get(..at)?, line.get(at + length..)?))
        });
        match found {
            Some((before, after)) => out.extend([before, after]),
            None => out.push_str(line),
        }
    }
    out
}

/// Where a column's line says DEFAULT with a literal, how long that is, and the literal's bytes.
fn binary_default(line: &str) -> Option<(usize, usize, Vec<u8>)> {
    const WORD: &str = " DEFAULT ";
    let at = line.find(WORD)?;
    let literal = line.get(at + WORD.len()..)?;
    if let Some(digits) = literal.strip_prefix("0x") {
        let end = digits.find(|digit: char| !digit.is_ascii_hexdigit()).unwrap_or(digits.len());
        let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes = (0..end).step_by(2).map(pair).collect::<Option<Vec<u8>>>()?;
        return Some((at, WORD.len() + 2 + end, bytes));
    }
    let mut letters = literal.strip_prefix('\'')?.char_indices();
    let mut bytes = String::new();
    while let Some((offset, letter)) = letters.next() {
        match letter {
            '\'' if literal.get(offset + 2..).is_some_and(|rest| rest.starts_with('\'')) => {
                letters.next();
                bytes.push('\'');
            }
            '\'' => return Some((at, WORD.len() + offset + 2, bytes.into_bytes())),
            '\\' => bytes.push(match letters.next()?.1 {
                '0' => '\0',
                'n' => '\n',
                'r' => '\r',
                other => other,
            }),
            other => bytes.push(other),
        }
    }
    None
}

/// As the catalogue writes a binary default: the padding of BINARY isn't told.
fn printed(column_type: &ColumnType, mut bytes: Vec<u8>) -> String {
    if matches!(column_type, ColumnType::Binary { .. }) {
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
    } else if bytes.is_empty() {
        return String::new();
    }
    bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02X}"))
}

fn has_expressions(table: &Table) -> bool {
    let column = |column: &Column| column.generated.is_some() || matches!(column.default, ColumnDefault::Expression(_));
    let part = |part: &crate::schema::KeyPart| part.expression.is_some();
    table.columns.iter().any(column) || table.keys.iter().any(|key| key.parts.iter().any(part))
}

fn planned(text: &str, database: &str, catalogue: &Arc<Catalogue>) -> Result<Arc<Table>, String> {
    let context = Context {
        catalogue: Arc::clone(catalogue),
        database: Some(database.to_owned()),
        sql_mode: String::new(),
        collation: "utf8mb4_0900_ai_ci".to_owned(),
        purpose: Purpose::Serve,
        parameters: Known::Nothing,
        given: Given::default(),
    };
    let plan = match plan_with(text, &context, ForeignKeyChecks::Off).map_err(|error| error.message)? {
        Plan::Ddl(plan) => plan,
        Plan::Query(_) | Plan::Write(_) | Plan::Session(_) => return Err("its text isn't a definition".to_owned()),
    };
    let table = plan.changes.into_iter().find_map(|change| match change {
        CatalogueChange::PutTable(table) => Some(table),
        _ => None,
    });
    table.ok_or_else(|| "its text makes no table".to_owned())
}

fn take(table: &mut Table, planned: &Table) {
    for column in &mut table.columns {
        let Some(other) = planned.column(&column.name) else { continue };
        if let (Some(generated), Some(other)) = (&mut column.generated, &other.generated) {
            generated.sql.clone_from(&other.sql);
        }
        if matches!(column.default, ColumnDefault::Expression(_)) {
            column.default_sql.clone_from(&other.default_sql);
        }
    }
    for key in &mut table.keys {
        let Some(other) = planned.keys.iter().find(|other| other.name.eq_ignore_ascii_case(&key.name)) else {
            continue;
        };
        for (part, other) in key.parts.iter_mut().zip(&other.parts) {
            part.sql.clone_from(&other.sql);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{binary_default, parted};

    #[test]
    fn binary_defaults_are_read_whole() {
        fn read(line: &str) -> Option<(Option<&str>, Vec<u8>)> {
            binary_default(line).map(|(at, length, bytes)| (line.get(at + length..), bytes))
        }
        assert_eq!(read("  `x` binary(4) DEFAULT 'a\\0b\\0',"), Some((Some(","), b"a\0b\0".to_vec())));
        assert_eq!(
            read("  `x` varbinary(9) NOT NULL DEFAULT 0xFF00 COMMENT 'c'"),
            Some((Some(" COMMENT 'c'"), vec![255, 0]))
        );
        assert_eq!(read("  `x` varbinary(9) DEFAULT 'it''s \\\\'"), Some((Some(""), b"it's \\".to_vec())));
        assert_eq!(read("  `x` binary(16) DEFAULT (uuid_to_bin(uuid()))"), None);
    }

    #[test]
    fn partitions_are_cut_from_the_end_of_the_text() {
        let text = "CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB\n/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 2 */";
        assert_eq!(
            parted(text),
            ("CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB", "/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 2 */")
        );
        let plain = "CREATE TABLE `t` (\n  `a` int\n) COMMENT='\\n/*!x PARTITION'";
        assert_eq!(parted(plain), (plain, ""));
    }
}
