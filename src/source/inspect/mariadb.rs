//! How MariaDB describes tables, brought into the form in which MySQL does. Pure.
//!
//! MariaDB's information_schema says a default as SQL: text is quoted, NULL is the word, an expression is as it stands.
//! Integers have their display width, which MySQL no longer says except for TINYINT(1). JSON is a name for LONGTEXT with a
//! CHECK of json_valid, and stays text here, since MariaDB keeps it to the last byte. Types that MySQL hasn't got (UUID,
//! INET4, INET6) aren't known to `schema`, which refuses them by name; so are sequences and tables that keep their history.

use crate::schema::{Column, ColumnDefault, ColumnType, types};
use crate::source::backticks;

/// What a table of this kind in information_schema is called, if it's more than a table.
pub(super) fn special(table_type: &str) -> Option<&'static str> {
    match table_type {
        "SEQUENCE" => Some("sequence"),
        "SYSTEM VERSIONED" => Some("system-versioned table"),
        _ => None,
    }
}

/// The type as MySQL would write it.
pub(super) fn type_text(text: &str) -> String {
    const INTEGERS: [&str; 5] = ["tinyint", "smallint", "mediumint", "int", "bigint"];
    let Some((name, rest)) = text.split_once('(') else { return text.to_owned() };
    let Some((width, attributes)) = rest.split_once(')') else { return text.to_owned() };
    let shown = attributes.contains("zerofill") || (name == "tinyint" && width == "1" && attributes.is_empty());
    if name == "year" || (INTEGERS.contains(&name) && !shown) { format!("{name}{attributes}") } else { text.to_owned() }
}

/// A column's default.
pub(super) fn default(text: Option<String>, generated: bool, column_type: &ColumnType) -> ColumnDefault {
    let Some(text) = text else {
        return if generated { ColumnDefault::Null } else { ColumnDefault::None };
    };
    if text == "NULL" {
        return ColumnDefault::Null;
    }
    if let Some(fraction) = super::catalogue::current_timestamp(&text)
        && matches!(column_type, ColumnType::DateTime { .. } | ColumnType::Timestamp { .. })
    {
        return ColumnDefault::Now(fraction);
    }
    match unquoted(&text) {
        Some(value) => ColumnDefault::Constant(value),
        None if is_number(&text) => ColumnDefault::Constant(text),
        None if text.starts_with("b'") && matches!(column_type, ColumnType::Bit { .. }) => {
            ColumnDefault::Constant(text)
        }
        None => ColumnDefault::Expression(text),
    }
}

/// Whether a column's default holds bytes: what information_schema says of them may be cut or replaced.
pub(super) fn holds_bytes(column: &Column) -> bool {
    types::is_binary(&column.column_type)
        && matches!(&column.default, ColumnDefault::Constant(text) if !text.is_empty())
}

/// Asks for the defaults of columns that hold bytes, in hexadecimal digits, also of an empty table.
pub(super) fn ask_for_bytes(database: &str, table: &str, columns: &[&Column]) -> String {
    let asked: Vec<String> =
        columns.iter().map(|column| format!("HEX(DEFAULT(t.{}))", backticks(&column.name))).collect();
    let table = format!("{}.{}", backticks(database), backticks(table));
    format!("SELECT {} FROM (SELECT 1) one LEFT JOIN {table} t ON FALSE", asked.join(", "))
}

/// The line of a CREATE TABLE that defines a column with an expression, in MySQL's form: MariaDB leaves out the brackets.
pub(super) fn line(column: &Column) -> String {
    let null = if column.nullable { "" } else { " NOT NULL" };
    let collation = column.collation.as_deref().map(|name| format!(" COLLATE {name}")).unwrap_or_default();
    let head = format!("{} {}{collation}", backticks(&column.name), column.type_text);
    match (&column.generated, &column.default) {
        (Some(generated), _) => {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            format!("{head} GENERATED ALWAYS AS ({}) {kind}{null}", generated.expression)
        }
        (None, ColumnDefault::Expression(text)) => format!("{head}{null} DEFAULT ({text})"),
        (None, _) => format!("{head}{null}"),
    }
}

/// Where the text of PARTITION BY begins in SHOW CREATE TABLE: the last thing, on a line of its own.
pub(super) fn partitioned(text: &str) -> (&str, &str) {
    match text.rfind("\n PARTITION BY ") {
        Some(at) => (text.get(..at).unwrap_or(text), text.get(at + 1..).unwrap_or_default().trim()),
        None => (text, ""),
    }
}

/// The value of a string literal that is the whole text.
fn unquoted(text: &str) -> Option<String> {
    let mut letters = text.strip_prefix('\'')?.chars();
    let mut value = String::new();
    loop {
        match letters.next()? {
            '\'' => match letters.next() {
                Some('\'') => value.push('\''),
                Some(_) => return None,
                None => return Some(value),
            },
            '\\' => value.push(match letters.next()? {
                '0' => '\0',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'Z' => '\u{1a}',
                other => other,
            }),
            other => value.push(other),
        }
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_mysql_writes_them() {
        for (theirs, ours) in [
            ("int(11)", "int"),
            ("bigint(20) unsigned", "bigint unsigned"),
            ("tinyint(1)", "tinyint(1)"),
            ("tinyint(1) unsigned", "tinyint unsigned"),
            ("tinyint(4)", "tinyint"),
            ("int(10) unsigned zerofill", "int(10) unsigned zerofill"),
            ("year(4)", "year"),
            ("varchar(10)", "varchar(10)"),
            ("decimal(5,2)", "decimal(5,2)"),
            ("enum('int(11)','b')", "enum('int(11)','b')"),
            ("inet6", "inet6"),
        ] {
            assert_eq!(type_text(theirs), ours);
        }
    }

    #[test]
    fn defaults_are_told_apart() {
        let of = |text: &str| default(Some(text.to_owned()), false, &ColumnType::VarChar { length: 9 });
        let constant = |text: &str| ColumnDefault::Constant(text.to_owned());
        assert_eq!(of("NULL"), ColumnDefault::Null);
        assert_eq!(of("'NULL'"), constant("NULL"));
        assert_eq!(of(r"'x''y\\'"), constant(r"x'y\"));
        assert_eq!(of(r"'a\nb\0'"), constant("a\nb\0"));
        assert_eq!(of("-5"), constant("-5"));
        assert_eq!(of("1e300"), constant("1e300"));
        assert_eq!(of("uuid()"), ColumnDefault::Expression("uuid()".to_owned()));
        assert_eq!(of("'a' + 'b'"), ColumnDefault::Expression("'a' + 'b'".to_owned()));
        assert_eq!(of("5 + 5"), ColumnDefault::Expression("5 + 5".to_owned()));
        assert_eq!(default(None, false, &ColumnType::Date), ColumnDefault::None);
        let now = default(Some("current_timestamp(6)".to_owned()), false, &ColumnType::DateTime { fraction: 6 });
        assert_eq!(now, ColumnDefault::Now(6));
        assert_eq!(default(Some("b'101'".to_owned()), false, &ColumnType::Bit { bits: 3 }), constant("b'101'"));
    }
}
