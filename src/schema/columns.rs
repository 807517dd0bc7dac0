//! MySQL's text of a column type (`COLUMN_TYPE` of information_schema, or DDL) as a [`ColumnType`].

use super::ColumnType;

/// Reads `int unsigned`, `decimal(10,2)`, `enum('a','it''s')` and the like. A type that isn't known, or that has
/// arguments which make no sense, is [`ColumnType::Unsupported`] under its own text.
#[must_use]
pub fn column_type(text: &str) -> ColumnType {
    parse(text).unwrap_or_else(|| ColumnType::Unsupported { name: text.to_owned() })
}

fn parse(text: &str) -> Option<ColumnType> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = name.to_ascii_lowercase();
    if name == "enum" || name == "set" {
        let labels = labels(rest.trim_start())?;
        return Some(if name == "enum" { ColumnType::Enum { labels } } else { ColumnType::Set { labels } });
    }
    let (arguments, attributes) = arguments(rest.trim_start())?;
    let attributes = attributes.to_ascii_lowercase();
    let unsigned = attributes.split_whitespace().any(|word| word == "unsigned" || word == "zerofill");
    let first = arguments.first().copied();
    let length = |default: u32| first.unwrap_or(default);
    let byte = |value: Option<u32>, default: u8| value.map_or(Some(default), |value| u8::try_from(value).ok());
    Some(match name.as_str() {
        "tinyint" => ColumnType::TinyInt { unsigned, width: byte(first, 0)?.checked_sub(1).map(|less| less + 1) },
        "bool" | "boolean" => ColumnType::TinyInt { unsigned: false, width: Some(1) },
        "smallint" => ColumnType::SmallInt { unsigned },
        "mediumint" => ColumnType::MediumInt { unsigned },
        "int" | "integer" => ColumnType::Int { unsigned },
        "bigint" => ColumnType::BigInt { unsigned },
        "decimal" | "numeric" => {
            ColumnType::Decimal { precision: byte(first, 10)?, scale: byte(arguments.get(1).copied(), 0)?, unsigned }
        }
        "float" if arguments.len() == 1 && length(0) > 24 => ColumnType::Double { unsigned },
        "float" => ColumnType::Float { unsigned },
        "double" | "real" => ColumnType::Double { unsigned },
        "bit" => ColumnType::Bit { bits: byte(first, 1)? },
        "year" => ColumnType::Year,
        "date" => ColumnType::Date,
        "time" => ColumnType::Time { fraction: byte(first, 0)? },
        "datetime" => ColumnType::DateTime { fraction: byte(first, 0)? },
        "timestamp" => ColumnType::Timestamp { fraction: byte(first, 0)? },
        "char" => ColumnType::Char { length: length(1) },
        "varchar" => ColumnType::VarChar { length: first? },
        "tinytext" => ColumnType::TinyText,
        "text" => ColumnType::Text,
        "mediumtext" => ColumnType::MediumText,
        "longtext" => ColumnType::LongText,
        "binary" => ColumnType::Binary { length: length(1) },
        "varbinary" => ColumnType::VarBinary { length: first? },
        "tinyblob" => ColumnType::TinyBlob,
        "blob" => ColumnType::Blob,
        "mediumblob" => ColumnType::MediumBlob,
        "longblob" => ColumnType::LongBlob,
        "json" => ColumnType::Json,
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
        | "geomcollection" => ColumnType::Geometry { kind: name.clone(), srid: None },
        _ => return None,
    })
}

/// `(10,2) unsigned` → the numbers, and what follows.
fn arguments(text: &str) -> Option<(Vec<u32>, &str)> {
    let Some(inside) = text.strip_prefix('(') else {
        return Some((Vec::new(), text));
    };
    let (list, rest) = inside.split_once(')')?;
    let numbers = list.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<u32>>>()?;
    Some((numbers, rest))
}

/// `('a','it''s')` → the labels. MySQL doubles quotes and escapes backslashes, line ends and NUL in this text.
fn labels(text: &str) -> Option<Vec<String>> {
    let mut characters = text.strip_prefix('(')?.chars().peekable();
    let mut labels = Vec::new();
    loop {
        match characters.next()? {
            ')' => return Some(labels),
            ',' | ' ' => {}
            '\'' => {
                let mut label = String::new();
                loop {
                    match characters.next()? {
                        '\'' if characters.peek() == Some(&'\'') => {
                            characters.next();
                            label.push('\'');
                        }
                        '\'' => break,
                        '\\' => label.push(match characters.next()? {
                            'n' => '\n',
                            'r' => '\r',
                            '0' => '\0',
                            other => other,
                        }),
                        other => label.push(other),
                    }
                }
                labels.push(label);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_from_mysqls_text() {
        assert_eq!(column_type("tinyint(1)"), ColumnType::TinyInt { unsigned: false, width: Some(1) });
        assert_eq!(column_type("tinyint unsigned"), ColumnType::TinyInt { unsigned: true, width: None });
        assert_eq!(column_type("int(5) unsigned zerofill"), ColumnType::Int { unsigned: true });
        assert_eq!(
            column_type("DECIMAL(65, 30) unsigned"),
            ColumnType::Decimal { precision: 65, scale: 30, unsigned: true }
        );
        assert_eq!(column_type("timestamp(6)"), ColumnType::Timestamp { fraction: 6 });
        assert_eq!(column_type("vector(3)"), ColumnType::Unsupported { name: "vector(3)".to_owned() });
        assert_eq!(
            column_type("varchar(99999999999)"),
            ColumnType::Unsupported { name: "varchar(99999999999)".to_owned() }
        );
    }

    #[test]
    fn labels_keep_their_quotes() {
        let labels = ["a", "it's", "b\\c", "d\"e", " x", "é,)", ""].map(str::to_owned).to_vec();
        assert_eq!(column_type(r#"enum('a','it''s','b\\c','d"e',' x','é,)','')"#), ColumnType::Enum { labels });
        assert_eq!(column_type("set('x"), ColumnType::Unsupported { name: "set('x".to_owned() });
    }
}
