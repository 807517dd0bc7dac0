//! From a column definition to the column as the catalogue holds it.

use super::super::plan::{Notice, SqlError};
use super::charset::{Charset, longest_character};
use super::default;
use super::scope::Scope;
use super::spec::{ColumnSpec, DefaultSpec, Literal};
use super::types;
use crate::schema::types::is_character;
use crate::schema::{Column, ColumnDefault, ColumnType, Generated, KeyKind};

/// The column that a definition makes in a table with these defaults.
pub(super) fn resolve(
    spec: &ColumnSpec,
    defaults: &Charset,
    scope: &Scope<'_>,
    notices: &mut Vec<Notice>,
) -> Result<Column, SqlError> {
    let (column_type, charset) = character_set(spec, defaults)?;
    let column_type = labels(&spec.name, column_type, charset.as_ref())?;
    let column_type = match check_length(&spec.name, &column_type, charset.as_ref()) {
        Ok(()) => column_type,
        Err(_) if !strict(scope) => widened(&spec.name, &column_type, charset.as_ref(), notices),
        Err(error) => return Err(error),
    };
    if spec.auto_increment && !counts(&column_type) {
        return Err(SqlError::new(1063, "42000", format!("Incorrect column specifier for column '{}'", spec.name)));
    }
    // AUTO_INCREMENT and PRIMARY KEY columns are NOT NULL even if nobody says so.
    let implied = spec.auto_increment || spec.key == Some(KeyKind::Primary);
    let mut column = Column {
        name: spec.name.clone(),
        type_text: types::text_of(&column_type, &spec.data_type),
        column_type,
        nullable: spec.nullable.unwrap_or(true) && !implied,
        default: ColumnDefault::None,
        on_update_now: None,
        auto_increment: spec.auto_increment,
        generated: spec.generated.as_ref().map(|generated| Generated {
            expression: generated.text.clone(),
            stored: generated.stored,
            sql: String::new(),
        }),
        charset: charset.as_ref().map(|charset| charset.charset.clone()),
        collation: charset.map(|charset| charset.collation),
        comment: spec.comment.clone(),
        invisible: spec.invisible,
        explicit_collation: spec.data_type.charset.is_some()
            || spec.data_type.collation.is_some()
            || spec.data_type.binary,
        default_sql: String::new(),
    };
    if column.generated.is_some() {
        let misplaced = match (&spec.default, spec.on_update_now, spec.auto_increment) {
            (Some(_), _, _) => Some("DEFAULT"),
            (None, Some(_), _) => Some("ON UPDATE"),
            (None, None, true) => Some("AUTO_INCREMENT"),
            (None, None, false) => None,
        };
        if let Some(word) = misplaced {
            return Err(SqlError::new(1221, "HY000", format!("Incorrect usage of {word} and generated column")));
        }
        if column.nullable {
            column.default = ColumnDefault::Null;
        }
        return Ok(column);
    }
    column.default = match &spec.default {
        Some(DefaultSpec::Literal(Literal::Text(text))) if text.is_empty() && is_large(&column) && !strict(scope) => {
            let message = format!("BLOB, TEXT, GEOMETRY or JSON column '{}' can't have a default value", spec.name);
            notices.push(Notice { level: "Warning", code: 1101, message });
            if column.nullable { ColumnDefault::Null } else { ColumnDefault::None }
        }
        Some(default) => default::resolve(&column, default, &scope.context.sql_mode)?,
        None if column.nullable => ColumnDefault::Null,
        None => ColumnDefault::None,
    };
    if let Some(digits) = spec.on_update_now {
        column.on_update_now = Some(on_update(&column, digits)?);
    }
    Ok(column)
}

fn strict(scope: &Scope<'_>) -> bool {
    let mode = |name: &str| scope.context.sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(name));
    mode("STRICT_TRANS_TABLES") || mode("STRICT_ALL_TABLES") || mode("TRADITIONAL")
}

fn is_large(column: &Column) -> bool {
    matches!(
        column.column_type,
        ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
            | ColumnType::Json
    )
}

/// Without strict mode a VARCHAR that is too long becomes the TEXT that holds as much.
fn widened(name: &str, column_type: &ColumnType, charset: Option<&Charset>, notices: &mut Vec<Notice>) -> ColumnType {
    let (bytes, binary) = match column_type {
        ColumnType::VarChar { length } => {
            let width = charset.map_or(1, |charset| longest_character(&charset.charset));
            (u64::from(*length) * u64::from(width), false)
        }
        ColumnType::VarBinary { length } => (u64::from(*length), true),
        other => return other.clone(),
    };
    let (from, to) = if binary { ("VARBINARY", "BLOB") } else { ("VARCHAR", "TEXT") };
    let message = format!("Converting column '{name}' from {from} to {to}");
    notices.push(Notice { level: "Note", code: 1246, message });
    match (bytes < 1 << 24, binary) {
        (true, false) => ColumnType::MediumText,
        (false, false) => ColumnType::LongText,
        (true, true) => ColumnType::MediumBlob,
        (false, true) => ColumnType::LongBlob,
    }
}

fn on_update(column: &Column, digits: u8) -> Result<u8, SqlError> {
    match &column.column_type {
        ColumnType::DateTime { fraction } | ColumnType::Timestamp { fraction } if *fraction == digits => Ok(digits),
        _other => Err(SqlError::new(1294, "HY000", format!("Invalid ON UPDATE clause for '{}' column", column.name))),
    }
}

fn counts(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::TinyInt { .. }
            | ColumnType::SmallInt { .. }
            | ColumnType::MediumInt { .. }
            | ColumnType::Int { .. }
            | ColumnType::BigInt { .. }
    )
}

/// Settles the character set; with `binary` a character type becomes the binary type of the same size.
fn character_set(spec: &ColumnSpec, defaults: &Charset) -> Result<(ColumnType, Option<Charset>), SqlError> {
    let data_type = &spec.data_type;
    if !is_character(&data_type.base) {
        return Ok((data_type.base.clone(), None));
    }
    let mut charset = Charset::resolve(data_type.charset.as_deref(), data_type.collation.as_deref(), defaults)?;
    if data_type.binary && data_type.collation.is_none() {
        charset = charset.binary();
    }
    if charset.charset != "binary" {
        return Ok((data_type.base.clone(), Some(charset)));
    }
    let binary = match &data_type.base {
        ColumnType::Char { length } => ColumnType::Binary { length: *length },
        ColumnType::VarChar { length } => ColumnType::VarBinary { length: *length },
        ColumnType::TinyText => ColumnType::TinyBlob,
        ColumnType::Text => ColumnType::Blob,
        ColumnType::MediumText => ColumnType::MediumBlob,
        ColumnType::LongText => ColumnType::LongBlob,
        ColumnType::Enum { .. } | ColumnType::Set { .. } => return Ok((data_type.base.clone(), Some(charset))),
        other => other.clone(),
    };
    Ok((binary, None))
}

/// ENUM and SET lose the trailing spaces of their labels, and no label comes twice.
fn labels(column: &str, column_type: ColumnType, charset: Option<&Charset>) -> Result<ColumnType, SqlError> {
    let trimmed = |labels: Vec<String>| -> Vec<String> {
        labels.iter().map(|label| label.trim_end_matches(' ').to_owned()).collect()
    };
    let exact =
        charset.is_some_and(|charset| charset.collation.ends_with("_bin") || charset.collation.ends_with("_cs"));
    let unique = |labels: &[String], kind: &str| {
        for (at, label) in labels.iter().enumerate() {
            let same = |other: &&String| *other == label || (!exact && other.to_lowercase() == label.to_lowercase());
            if let Some(earlier) = labels.iter().take(at).find(same) {
                let text = format!("Column '{column}' has duplicated value '{earlier}' in {kind}");
                return Err(SqlError::new(1291, "HY000", text));
            }
        }
        Ok(())
    };
    match column_type {
        ColumnType::Enum { labels } => {
            let labels = trimmed(labels);
            unique(&labels, "ENUM")?;
            Ok(ColumnType::Enum { labels })
        }
        ColumnType::Set { labels } => {
            let labels = trimmed(labels);
            unique(&labels, "SET")?;
            if let Some(label) = labels.iter().find(|label| label.contains(',')) {
                let text = format!("Illegal set '{label}' value found during parsing");
                return Err(SqlError::new(1367, "22007", text));
            }
            if labels.len() > 64 {
                let text = format!("Too many strings for column {column} and SET");
                return Err(SqlError::new(1097, "HY000", text));
            }
            Ok(ColumnType::Set { labels })
        }
        other => Ok(other),
    }
}

/// VARCHAR is limited in bytes: 65,535 for the longest character of its set.
fn check_length(column: &str, column_type: &ColumnType, charset: Option<&Charset>) -> Result<(), SqlError> {
    let (length, most) = match (column_type, charset) {
        (ColumnType::VarChar { length }, Some(charset)) => (*length, 65_535 / longest_character(&charset.charset)),
        (ColumnType::VarBinary { length }, _) => (*length, 65_535),
        _fixed => return Ok(()),
    };
    if length > most { Err(SqlError::too_long(column, most)) } else { Ok(()) }
}
