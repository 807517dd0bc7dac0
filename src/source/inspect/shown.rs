//! What information_schema doesn't say of a table, or says so that it can't be read back, and SHOW CREATE TABLE does:
//! expressions of generated columns, defaults and key parts, binary defaults, partitions.
//!
//! Each line with an expression is planned as part of a CREATE TABLE, by the same code, so a table that came from MySQL and
//! one that a client makes have the same expressions in PostgreSQL. Nothing else of the plan is used: what
//! information_schema says stands. A line that can't be planned leaves its column or key to be refused by name, and the
//! reason is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::definitions::shown;
use super::facts::Family;
use super::{SourceError, mariadb};
use crate::schema::{
    Catalogue, CatalogueChange, Column, ColumnDefault, ColumnType, Database, Key, KeyKind, Table, TableName, collation,
    types,
};
use crate::source::backticks;
use crate::sql::ddl::{ForeignKeyChecks, plan_with};
use crate::sql::plan::{Given, Known};
use crate::sql::{Context, Plan, Purpose};

/// Why the expressions of some columns and keys can't be written for PostgreSQL.
pub type Reasons = BTreeMap<(TableName, String), String>;

/// Completes the tables of a database.
pub(super) async fn complete(
    conn: &mut Conn,
    (name, family): (&str, Family),
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
        let Ok(text) = &text else { continue };
        let (text, partitioning) = match family {
            Family::MySql => {
                let (text, partitioning) = parted(text);
                (text, partitioning.to_owned())
            }
            Family::MariaDb => match mariadb::partitioned(text) {
                (text, "") => (text, String::new()),
                (text, partitioning) => (text, format!("/*!50100 {partitioning} */")),
            },
        };
        let mut completed = Table { partitioning, ..Table::clone(table) };
        let text = match family {
            Family::MySql => take_binary_defaults(text, &mut completed),
            Family::MariaDb => completed.columns.iter().map(|column| mariadb::line(column) + "\n").collect(),
        };
        let lines: Vec<&str> = text.lines().map(|line| line.trim().trim_end_matches(',')).collect();
        for element in elements(&completed) {
            let planned = lines
                .iter()
                .find(|line| line.starts_with(&element.begin))
                .ok_or_else(|| "SHOW CREATE TABLE doesn't show it".to_owned())
                .and_then(|line| planned(&alone(&completed, &element, line, &lines), name, &bare));
            match planned {
                Ok(planned) => take(&mut completed, &element, &planned),
                Err(reason) => {
                    reasons.insert((table.name.clone(), element.name), reason);
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
        return Some((at, WORD.len() + 2 + end, hexadecimal(digits.get(..end)?)?));
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

/// The bytes of hexadecimal digits.
pub(super) fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// As the catalogue writes a binary default: the padding of BINARY isn't told.
pub(super) fn printed(column_type: &ColumnType, mut bytes: Vec<u8>) -> String {
    if matches!(column_type, ColumnType::Binary { .. }) {
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
    } else if bytes.is_empty() {
        return String::new();
    }
    bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02X}"))
}

/// A column or key with an expression.
struct Element {
    name: String,
    is_column: bool,
    /// How its line begins.
    begin: String,
}

fn elements(table: &Table) -> Vec<Element> {
    let computed =
        |column: &&Column| column.generated.is_some() || matches!(column.default, ColumnDefault::Expression(_));
    let columns = table.columns.iter().filter(computed).map(|column| Element {
        name: column.name.clone(),
        is_column: true,
        begin: format!("{} ", backticks(&column.name)),
    });
    let functional = |key: &&Key| key.parts.iter().any(|part| part.expression.is_some());
    let keys = table.keys.iter().filter(functional).map(|key| Element {
        name: key.name.clone(),
        is_column: false,
        begin: format!("{}KEY {} ", if key.kind == KeyKind::Unique { "UNIQUE " } else { "" }, backticks(&key.name)),
    });
    columns.chain(keys).collect()
}

/// The table's columns by their types, and one line of its text: what else isn't carried of the table doesn't matter to
/// the expression in it. Generated columns that are carried keep their expressions, which stand before those that use
/// them: PostgreSQL gets the whole expression, since it lets none refer to another.
fn alone(table: &Table, element: &Element, line: &str, text: &[&str]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for column in &table.columns {
        if element.is_column && column.name == element.name {
            lines.push(line.to_owned());
            continue;
        }
        let name = backticks(&column.name);
        let made = column.generated.as_ref().is_some_and(|generated| !generated.sql.is_empty());
        if let Some(line) = text.iter().find(|line| made && line.starts_with(&format!("{name} "))) {
            lines.push((*line).to_owned());
            continue;
        }
        let known = types::pg_type(&column.column_type).is_some();
        let collation = column.collation.as_deref();
        if !known || collation.is_some_and(|name| collation::carrier(name).is_none()) {
            continue;
        }
        let collation = collation.map(|name| format!(" COLLATE {name}")).unwrap_or_default();
        let null = if column.nullable { " NULL" } else { " NOT NULL" };
        lines.push(format!("{name} {}{collation}{null}", column.type_text));
    }
    if !element.is_column {
        lines.push(line.to_owned());
    }
    let options = if table.collation.is_empty() { String::new() } else { format!(" COLLATE={}", table.collation) };
    format!("CREATE TABLE {} ({}){options}", backticks(&table.name.table), lines.join(", "))
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

fn take(table: &mut Table, element: &Element, planned: &Table) {
    if element.is_column {
        let (own, other) =
            (table.columns.iter_mut().find(|own| own.name == element.name), planned.column(&element.name));
        if let (Some(own), Some(other)) = (own, other) {
            if let (Some(generated), Some(other)) = (&mut own.generated, &other.generated) {
                generated.sql.clone_from(&other.sql);
            }
            own.default_sql.clone_from(&other.default_sql);
        }
        return;
    }
    let own = table.keys.iter_mut().find(|own| own.name == element.name);
    let other = planned.keys.iter().find(|other| other.name.eq_ignore_ascii_case(&element.name));
    if let (Some(own), Some(other)) = (own, other) {
        for (part, other) in own.parts.iter_mut().zip(&other.parts) {
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
