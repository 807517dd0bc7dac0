//! PostgreSQL DDL for MySQL tables. Used by the snapshot and by CREATE TABLE at run time, so that a table has the same
//! shape whichever way it came.
//!
//! Names: a table keeps its name; what MySQL names per table and PostgreSQL per schema is called `table__key`
//! ([`index_name`], [`sequence_name`]), shortened with a hash when it wouldn't fit. [`key_of_index`] leads back.
//! Nullable index parts are NULLS FIRST because that is MySQL's order. A unique key is a unique index rather than a
//! constraint, which can hold prefixes, descending parts and text whose trailing blanks don't count, serves as a foreign
//! key's target and as an arbiter of ON CONFLICT; a primary key of such parts is one too. CHECKs are named `_my_column`: they are a net below the coercion of values, never MySQL's own checks.
//!
//! Foreign keys are NO ACTION for both of MySQL's RESTRICT and NO ACTION: InnoDB checks row by row in its own order,
//! and a stricter check on PostgreSQL could refuse what MySQL accepted. They are deferrable, and immediate until a
//! transaction says otherwise.

use super::collation;
use super::default;
use super::index;
use super::quote::{self, bounded, identifier, identifiers};
use super::types::{self, integer_range, pg_type};
use super::{
    Catalogue, Check, Column, ColumnType, ForeignKey, Key, KeyKind, ReferentialAction, SchemaError, Table, TableName,
};

/// A table's DDL, in the order in which it is meant to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableDdl {
    /// The bare table with its columns, identity sequence and comments. The schema must exist.
    pub create: Vec<String>,
    /// PRIMARY KEY and unique indexes.
    pub keys: Vec<String>,
    /// Other indexes.
    pub indexes: Vec<String>,
    /// Foreign keys; the referenced tables and their keys must exist.
    pub foreign_keys: Vec<String>,
}

impl TableDdl {
    /// Every statement in order.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        [&self.create, &self.keys, &self.indexes, &self.foreign_keys].into_iter().flatten().map(String::as_str)
    }
}

/// The DDL of a table, or the first thing in it that Bascule doesn't carry.
pub fn table(table: &Table) -> Result<TableDdl, SchemaError> {
    let mut ddl = TableDdl { create: create(table)?, ..TableDdl::default() };
    for key in table.keys.iter().filter(|key| has_index(key)) {
        let statement = self::key(table, key)?;
        match key.kind {
            KeyKind::Primary | KeyKind::Unique => ddl.keys.push(statement),
            KeyKind::Secondary | KeyKind::Fulltext | KeyKind::Spatial => ddl.indexes.push(statement),
        }
    }
    for foreign_key in &table.foreign_keys {
        ddl.foreign_keys.push(self::foreign_key(table, foreign_key)?);
    }
    Ok(ddl)
}

/// A column as it stands inside CREATE TABLE and ALTER TABLE … ADD COLUMN: name, type, collation, default, NOT NULL
/// and CHECK. An AUTO_INCREMENT column of an integer type comes with its identity.
pub fn column(table: &Table, column: &Column) -> Result<String, SchemaError> {
    let mut sql = format!("{} {}", identifier(&column.name), column_type(table, column)?);
    if column.auto_increment {
        sql.push_str(&auto_increment(table, column)?);
    } else if let Some(generated) = &column.generated {
        sql.push_str(&format!(" GENERATED ALWAYS AS ({}) STORED", generated.sql));
    } else if let Some(default) = column_default(table, column)? {
        sql.push_str(" DEFAULT ");
        sql.push_str(&default);
    }
    if !column.nullable {
        sql.push_str(" NOT NULL");
    }
    if let Some(check) = column_check(column) {
        sql.push_str(&format!(" CONSTRAINT {} CHECK ({check})", identifier(&check_name(&column.name))));
    }
    Ok(sql)
}

/// A column's type with its collation.
pub fn column_type(table: &Table, column: &Column) -> Result<String, SchemaError> {
    if column.generated.as_ref().is_some_and(|generated| generated.sql.is_empty()) {
        return Err(refused(table, column, "a generated column"));
    }
    let Some(pg) = pg_type(&column.column_type) else {
        return Err(refused(table, column, &format!("type {}", column.type_text)));
    };
    if !types::is_character(&column.column_type) {
        return Ok(pg.name);
    }
    let collation = column.collation.as_deref().unwrap_or(&table.collation);
    match collation::carrier(collation) {
        Some(carrier) => Ok(format!("{} COLLATE {}", pg.name, carrier.sql)),
        None => Err(refused(table, column, &format!("collation {collation}"))),
    }
}

/// A column's default as an expression; `None` when there is none, or when it is numbered by a sequence.
pub fn column_default(table: &Table, column: &Column) -> Result<Option<String>, SchemaError> {
    default::sql(column).map_err(|what| refused(table, column, &what))
}

/// A CHECK constraint as it stands inside CREATE TABLE and after ADD.
#[must_use]
pub fn check(check: &Check) -> String {
    format!("CONSTRAINT {} CHECK ({})", identifier(&bounded(&check.name)), check.sql)
}

/// Whether PostgreSQL has an index for the key. A key that only helps to find rows, by words, by shapes or by an expression, is
/// known to the catalogue alone.
#[must_use]
pub fn has_index(key: &Key) -> bool {
    match key.kind {
        KeyKind::Primary | KeyKind::Unique => true,
        KeyKind::Secondary => key.parts.iter().all(|part| part.expression.is_none()),
        KeyKind::Fulltext | KeyKind::Spatial => false,
    }
}

/// Whether PostgreSQL has a constraint for the key rather than a mere index.
#[must_use]
pub fn is_constraint(table: &Table, key: &Key) -> bool {
    let pads = |name: &str| table.column(name).is_some_and(|column| index::ignores_blanks(table, column));
    let plain =
        |part: &super::KeyPart| part.prefix.is_none() && !part.descending && !part.column.as_deref().is_some_and(pads);
    key.kind == KeyKind::Primary && key.parts.iter().all(plain)
}

/// The statement that creates a key.
pub fn key(table: &Table, key: &Key) -> Result<String, SchemaError> {
    match key.kind {
        KeyKind::Spatial => return Err(refused_key(table, key, "a SPATIAL key")),
        KeyKind::Fulltext | KeyKind::Primary | KeyKind::Unique | KeyKind::Secondary => {}
    }
    let name = identifier(&index_name(&table.name.table, &key.name));
    let target = quote::table(&table.name);
    if is_constraint(table, key) {
        let columns = key.parts.iter().map(|part| index::column(table, key, part)).collect::<Result<Vec<_>, _>>()?;
        let columns = identifiers(columns.iter().map(|column| column.name.as_str()));
        return Ok(format!("ALTER TABLE {target} ADD CONSTRAINT {name} PRIMARY KEY ({columns})"));
    }
    let parts = index::parts(table, key)?;
    let unique = if key.kind == KeyKind::Secondary { "" } else { "UNIQUE " };
    Ok(format!("CREATE {unique}INDEX {name} ON {target} ({})", parts.join(", ")))
}

/// The statement that adds a foreign key.
pub fn foreign_key(table: &Table, key: &ForeignKey) -> Result<String, SchemaError> {
    let action = |action: ReferentialAction| match action {
        ReferentialAction::NoAction | ReferentialAction::Restrict => Ok("NO ACTION"),
        ReferentialAction::Cascade => Ok("CASCADE"),
        ReferentialAction::SetNull => Ok("SET NULL"),
        ReferentialAction::SetDefault => {
            Err(SchemaError::Key { table: table.name.clone(), key: key.name.clone(), what: "SET DEFAULT".to_owned() })
        }
    };
    Ok(format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {} \
         DEFERRABLE INITIALLY IMMEDIATE",
        quote::table(&table.name),
        identifier(&foreign_key_name(&key.name)),
        identifiers(key.columns.iter().map(String::as_str)),
        quote::table(&key.references),
        identifiers(key.referenced_columns.iter().map(String::as_str)),
        action(key.on_delete)?,
        action(key.on_update)?,
    ))
}

/// The statement that drops a foreign key if it is there.
#[must_use]
pub fn drop_foreign_key(table: &TableName, key: &ForeignKey) -> String {
    format!(
        "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}",
        quote::table(table),
        identifier(&foreign_key_name(&key.name))
    )
}

/// PostgreSQL name of a key's index, unquoted.
#[must_use]
pub fn index_name(table: &str, key: &str) -> String {
    bounded(&format!("{table}__{key}"))
}

/// The key whose index PostgreSQL calls `index`; error messages name indexes, MySQL clients know keys.
#[must_use]
pub fn key_of_index<'a>(table: &'a Table, index: &str) -> Option<&'a Key> {
    table.keys.iter().find(|key| index_name(&table.name.table, &key.name) == index)
}

/// PostgreSQL name of a foreign key, unquoted.
#[must_use]
pub fn foreign_key_name(name: &str) -> String {
    bounded(name)
}

/// PostgreSQL name of a column's CHECK, unquoted.
#[must_use]
pub fn check_name(column: &str) -> String {
    bounded(&format!("_my_{column}"))
}

/// PostgreSQL name of the sequence behind a table's AUTO_INCREMENT column, unquoted; it lives in the table's schema.
#[must_use]
pub fn sequence_name(table: &Table) -> Option<String> {
    table.auto_increment_column().map(|column| bounded(&format!("{}__{}__seq", table.name.table, column.name)))
}

/// The same with its schema, quoted; as a literal this is what `setval` and `nextval` take.
#[must_use]
pub fn sequence(table: &Table) -> Option<String> {
    Some(format!("{}.{}", identifier(&table.name.database), identifier(&sequence_name(table)?)))
}

/// Creates the sequence behind an AUTO_INCREMENT column of a type that can't be an identity (BIGINT UNSIGNED); must come
/// before the column. `None` when the table needs none.
pub fn create_sequence(table: &Table) -> Result<Option<String>, SchemaError> {
    let column = table.auto_increment_column().filter(|column| !has_identity(&column.column_type));
    let (Some(column), Some(sequence)) = (column, sequence(table)) else {
        return Ok(None);
    };
    Ok(Some(format!("CREATE SEQUENCE {sequence} START WITH {}", next_value(table, column)?)))
}

/// Ties that sequence to its column, so that it goes when the column goes; must come after the column.
#[must_use]
pub fn own_sequence(table: &Table) -> Option<String> {
    let column = table.auto_increment_column().filter(|column| !has_identity(&column.column_type))?;
    let target = quote::table(&table.name);
    Some(format!("ALTER SEQUENCE {} OWNED BY {target}.{}", sequence(table)?, identifier(&column.name)))
}

/// Creates a database's schema; nothing happens when it is there.
#[must_use]
pub fn schema(database: &str) -> String {
    format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(database))
}

/// Creates schema `mysql` and every collation that a table or a statement may name; nothing happens to those that exist.
#[must_use]
pub fn collations() -> Vec<String> {
    let mut statements = vec!["CREATE SCHEMA IF NOT EXISTS \"mysql\"".to_owned()];
    statements.extend(collation::created().filter_map(collation::create));
    statements
}

/// Whether a foreign key's target can be one in PostgreSQL: a table that is carried, and columns that a unique key
/// covers. MySQL also takes columns that any key merely begins with.
pub fn check_foreign_key(catalogue: &Catalogue, table: &Table, key: &ForeignKey) -> Result<(), SchemaError> {
    let refused = |what: String| SchemaError::Key { table: table.name.clone(), key: key.name.clone(), what };
    let Some(parent) = catalogue.table(&key.references.database, &key.references.table) else {
        return Err(refused(format!("a foreign key to {}, which isn't carried,", key.references)));
    };
    let same = |part: &str| key.referenced_columns.iter().any(|column| column.eq_ignore_ascii_case(part));
    let covers = |candidate: &&Key| {
        matches!(candidate.kind, KeyKind::Primary | KeyKind::Unique)
            && candidate.parts.len() == key.referenced_columns.len()
            && candidate.parts.iter().all(|part| part.prefix.is_none() && part.column.as_deref().is_some_and(same))
    };
    match parent.keys.iter().find(covers) {
        Some(_) => Ok(()),
        None => Err(refused("a foreign key to columns without a unique key".to_owned())),
    }
}

/// What an operator should know about a table that is carried: comparisons that differ, column by column.
#[must_use]
pub fn findings(table: &Table) -> Vec<String> {
    let mut findings = Vec::new();
    for column in table.columns.iter().filter(|column| types::is_character(&column.column_type)) {
        let collation = column.collation.as_deref().unwrap_or(&table.collation);
        let difference = collation::carrier(collation).map_or(collation::Difference::None, |found| found.difference);
        if let Some(explanation) = difference.explanation() {
            findings.push(format!("{}.{}: collation {collation}: {explanation}", table.name, column.name));
        }
    }
    findings
}

/// Why a table isn't carried at all, by its engine or because it's more than a table.
#[must_use]
pub fn refused_kind(table: &Table) -> Option<SchemaError> {
    let name = || table.name.clone();
    match table.engine.as_str() {
        kind @ ("sequence" | "system-versioned table") => {
            Some(SchemaError::Special { table: name(), kind: kind.to_owned() })
        }
        engine if engine.eq_ignore_ascii_case("MRG_MyISAM") && table.merge.is_none() => {
            Some(SchemaError::Engine { table: name(), engine: engine.to_owned() })
        }
        _ => None,
    }
}

fn create(table: &Table) -> Result<Vec<String>, SchemaError> {
    if let Some(refusal) = refused_kind(table) {
        return Err(refusal);
    }
    let mut statements = Vec::new();
    let mut columns = table.columns.iter().map(|column| self::column(table, column)).collect::<Result<Vec<_>, _>>()?;
    columns.extend(table.checks.iter().filter(|check| check.enforced).map(self::check));
    let target = quote::table(&table.name);
    statements.extend(create_sequence(table)?);
    statements.push(format!("CREATE TABLE {target} (\n  {}\n)", columns.join(",\n  ")));
    statements.extend(own_sequence(table));
    if !table.comment.is_empty() {
        statements.push(format!("COMMENT ON TABLE {target} IS {}", quote::literal(&table.comment)));
    }
    for column in table.columns.iter().filter(|column| !column.comment.is_empty()) {
        let name = identifier(&column.name);
        statements.push(format!("COMMENT ON COLUMN {target}.{name} IS {}", quote::literal(&column.comment)));
    }
    Ok(statements)
}

/// Identity columns exist for PostgreSQL's integers only; `numeric(20,0)` takes its default from an owned sequence.
fn has_identity(column_type: &ColumnType) -> bool {
    matches!(
        pg_type(column_type).map(|pg| pg.oid),
        Some(types::oid::SMALLINT | types::oid::INTEGER | types::oid::BIGINT)
    )
}

fn auto_increment(table: &Table, column: &Column) -> Result<String, SchemaError> {
    let leads = |key: &Key| key.parts.first().is_some_and(|part| part.column.as_deref() == Some(column.name.as_str()));
    if !table.keys.iter().any(leads) && !table.keys.is_empty() {
        return Err(refused(table, column, "AUTO_INCREMENT that counts within the columns before it in a key"));
    }
    let next = next_value(table, column)?;
    let Some(sequence) = sequence(table) else {
        return Err(refused(table, column, "AUTO_INCREMENT on several columns"));
    };
    Ok(if has_identity(&column.column_type) {
        format!(" GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME {sequence} START WITH {next})")
    } else {
        format!(" DEFAULT nextval({}::regclass)", quote::literal(&sequence))
    })
}

fn next_value(table: &Table, column: &Column) -> Result<i64, SchemaError> {
    let integer = !matches!(column.column_type, ColumnType::Float { .. } | ColumnType::Double { .. });
    let next = i64::try_from(table.auto_increment.unwrap_or(1).max(1));
    match next {
        Ok(next) if integer => Ok(next),
        Ok(_) => Err(refused(table, column, "AUTO_INCREMENT on a floating-point column")),
        Err(_) => Err(refused(table, column, "an AUTO_INCREMENT value beyond 9223372036854775807")),
    }
}

/// The net below value coercion: PostgreSQL's type is wider than MySQL's, this closes the gap.
#[must_use]
pub fn column_check(column: &Column) -> Option<String> {
    let name = identifier(&column.name);
    if let Some((low, high)) = integer_range(&column.column_type) {
        return match column.column_type {
            ColumnType::SmallInt { unsigned: false }
            | ColumnType::Int { unsigned: false }
            | ColumnType::BigInt { unsigned: false } => None,
            ColumnType::Year => Some(format!("{name} = 0 OR {name} BETWEEN 1901 AND 2155")),
            _ => Some(format!("{name} BETWEEN {low} AND {high}")),
        };
    }
    match &column.column_type {
        ColumnType::Decimal { unsigned: true, .. }
        | ColumnType::Float { unsigned: true }
        | ColumnType::Double { unsigned: true } => Some(format!("{name} >= 0")),
        ColumnType::Time { .. } => Some(format!("{name} BETWEEN '-838:59:59' AND '838:59:59'")),
        ColumnType::Char { length: 0 } | ColumnType::VarChar { length: 0 } => Some(format!("octet_length({name}) = 0")),
        ColumnType::Binary { length } => Some(format!("octet_length({name}) = {length}")),
        ColumnType::VarBinary { length } => Some(format!("octet_length({name}) <= {length}")),
        ColumnType::TinyText | ColumnType::TinyBlob => Some(format!("octet_length({name}) <= 255")),
        ColumnType::Text | ColumnType::Blob => Some(format!("octet_length({name}) <= 65535")),
        ColumnType::Geometry { srid: Some(srid), .. } => {
            let bytes: String = srid.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            Some(format!("substr({name}, 1, 4) = '\\x{bytes}'"))
        }
        ColumnType::MediumText | ColumnType::MediumBlob => Some(format!("octet_length({name}) <= 16777215")),
        // MySQL stores '' for a value that was no label when sql_mode allowed it.
        ColumnType::Enum { labels } => Some(format!("{name} COLLATE \"C\" IN ({})", label_list(labels, true))),
        ColumnType::Set { labels } => {
            Some(format!("string_to_array({name} COLLATE \"C\", ',') <@ ARRAY[{}]::text[]", label_list(labels, false)))
        }
        _ => None,
    }
}

fn label_list(labels: &[String], with_empty: bool) -> String {
    let mut list: Vec<String> = labels.iter().map(|label| quote::literal(label)).collect();
    if with_empty && !labels.iter().any(String::is_empty) {
        list.push("''".to_owned());
    }
    list.join(", ")
}

fn refused(table: &Table, column: &Column, what: &str) -> SchemaError {
    SchemaError::Column { table: table.name.clone(), column: column.name.clone(), what: what.to_owned() }
}

pub(super) fn refused_key(table: &Table, key: &Key, what: &str) -> SchemaError {
    SchemaError::Key { table: table.name.clone(), key: key.name.clone(), what: what.to_owned() }
}
