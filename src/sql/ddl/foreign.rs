//! Foreign keys: what they refer to, what MySQL calls them and what it refuses.

use super::super::plan::SqlError;
use super::draft::{Draft, DraftForeignKey};
use super::scope::{ForeignKeyChecks, Scope};
use super::spec::ForeignKeySpec;
use crate::schema::{Column, ColumnType, ForeignKey, KeyKind, ReferentialAction, TableName};

/// The other side of a foreign key: columns and the column lists of unique keys.
struct Parent<'a> {
    table: String,
    columns: Vec<&'a Column>,
    unique: Vec<Vec<&'a str>>,
    primary: Vec<&'a str>,
}

/// The foreign keys of a draft, each with its old name.
pub(super) fn resolve(draft: &Draft, scope: &Scope<'_>) -> Result<Vec<(ForeignKey, Option<String>)>, SqlError> {
    let mut next = draft.foreign_key_number + 1;
    let mut resolved: Vec<(ForeignKey, Option<String>)> = Vec::new();
    for foreign_key in &draft.foreign_keys {
        match foreign_key {
            DraftForeignKey::Kept(origin, kept) => {
                recheck(draft, kept, scope)?;
                resolved.push((kept.clone(), Some(origin.clone())));
            }
            DraftForeignKey::New(spec) => {
                let name = spec.name.clone().unwrap_or_else(|| {
                    let name = format!("{}_ibfk_{next}", draft.name.table);
                    next += 1;
                    name
                });
                let added = new(draft, spec, name, scope)?;
                let taken = resolved.iter().any(|(other, _)| other.name.eq_ignore_ascii_case(&added.name));
                if taken || taken_elsewhere(draft, &added.name, scope) {
                    let text = format!("Duplicate foreign key constraint name '{}'", added.name);
                    return Err(SqlError::new(1826, "HY000", text));
                }
                resolved.push((added, None));
            }
        }
    }
    Ok(resolved)
}

/// The number in `table_ibfk_n`.
pub(super) fn generated_number(name: &str, table: &str) -> Option<u64> {
    let number = name.strip_prefix(table)?.strip_prefix("_ibfk_")?;
    if number.starts_with('0') { None } else { number.parse().ok() }
}

/// Constraint names are unique in a database.
fn taken_elsewhere(draft: &Draft, name: &str, scope: &Scope<'_>) -> bool {
    let Some(database) = scope.context.catalogue.database(&draft.name.database) else {
        return false;
    };
    database
        .tables
        .values()
        .filter(|table| !scope.same(&table.name, &draft.name))
        .flat_map(|table| &table.foreign_keys)
        .any(|foreign_key| foreign_key.name.eq_ignore_ascii_case(name))
}

fn new(draft: &Draft, spec: &ForeignKeySpec, name: String, scope: &Scope<'_>) -> Result<ForeignKey, SqlError> {
    let database = spec.references.table.0.clone().unwrap_or_else(|| draft.name.database.clone());
    let mut references = scope.name(&(Some(database), spec.references.table.1.clone()))?;
    let columns = spec.columns.iter().map(|column| own_column(draft, column)).collect::<Result<Vec<_>, _>>()?;
    let parent = parent(draft, &references, scope);
    let wanted: Vec<String> = match &parent {
        Some(parent) if spec.references.columns.is_empty() => {
            parent.primary.iter().map(|column| (*column).to_owned()).collect()
        }
        Some(_) | None => spec.references.columns.clone(),
    };
    if wanted.len() != columns.len() {
        let shown = spec.name.as_deref().or(spec.key_name.as_deref()).unwrap_or("foreign key without name");
        let text =
            format!("Incorrect foreign key definition for '{shown}': Key reference and table reference don't match");
        return Err(SqlError::new(1239, "42000", text));
    }
    let mut foreign_key = ForeignKey {
        name,
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        references: references.clone(),
        referenced_columns: wanted,
        on_delete: spec.references.on_delete,
        on_update: spec.references.on_update,
    };
    set_null(&foreign_key, &columns)?;
    match parent {
        Some(parent) => {
            references.table.clone_from(&parent.table);
            foreign_key.references = references;
            foreign_key.referenced_columns = check_parent(&foreign_key, &columns, &parent)?;
        }
        None if scope.checks == ForeignKeyChecks::On => {
            let text = format!("Failed to open the referenced table '{}'", spec.references.table.1);
            return Err(SqlError::new(1824, "HY000", text));
        }
        None => {}
    }
    Ok(foreign_key)
}

fn own_column<'a>(draft: &'a Draft, name: &str) -> Result<&'a Column, SqlError> {
    match draft.column(name) {
        Some(found) => Ok(&found.column),
        None => Err(SqlError::new(1072, "42000", format!("Key column '{name}' doesn't exist in table"))),
    }
}

fn set_null(foreign_key: &ForeignKey, columns: &[&Column]) -> Result<(), SqlError> {
    let clears =
        foreign_key.on_delete == ReferentialAction::SetNull || foreign_key.on_update == ReferentialAction::SetNull;
    match columns.iter().find(|column| clears && !column.nullable) {
        Some(column) => {
            let text = format!(
                "Column '{}' cannot be NOT NULL: needed in a foreign key constraint '{}' SET NULL",
                column.name, foreign_key.name
            );
            Err(SqlError::new(1830, "HY000", text))
        }
        None => Ok(()),
    }
}

/// The referenced table; the draft itself when it refers to itself.
fn parent<'a>(draft: &'a Draft, name: &TableName, scope: &Scope<'a>) -> Option<Parent<'a>> {
    fn names(parts: &[crate::schema::KeyPart]) -> Vec<&str> {
        let plain = parts.iter().all(|part| part.prefix.is_none());
        if plain { parts.iter().filter_map(|part| part.column.as_deref()).collect() } else { Vec::new() }
    }
    if scope.same(name, &draft.name) {
        let keys = || draft.keys.iter();
        return Some(Parent {
            table: draft.name.table.clone(),
            columns: draft.columns.iter().map(|column| &column.column).collect(),
            unique: keys().filter(|key| is_unique(key.kind)).map(|key| names(&key.parts)).collect(),
            primary: keys().find(|key| key.kind == KeyKind::Primary).map(|key| names(&key.parts)).unwrap_or_default(),
        });
    }
    let table = scope.find(name)?;
    Some(Parent {
        table: table.name.table.clone(),
        columns: table.columns.iter().collect(),
        unique: table.keys.iter().filter(|key| is_unique(key.kind)).map(|key| names(&key.parts)).collect(),
        primary: table.primary_key().map(|key| names(&key.parts)).unwrap_or_default(),
    })
}

fn is_unique(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::Primary | KeyKind::Unique)
}

/// The referenced columns in their own spelling, after MySQL's checks.
fn check_parent(foreign_key: &ForeignKey, columns: &[&Column], parent: &Parent<'_>) -> Result<Vec<String>, SqlError> {
    let mut spelled = Vec::with_capacity(columns.len());
    for (column, wanted) in columns.iter().zip(&foreign_key.referenced_columns) {
        let Some(referenced) = parent.columns.iter().find(|other| other.name.eq_ignore_ascii_case(wanted)) else {
            let text = format!(
                "Failed to add the foreign key constraint. Missing column '{wanted}' for constraint '{}' in the \
                 referenced table '{}'",
                foreign_key.name, parent.table
            );
            return Err(SqlError::new(3734, "HY000", text));
        };
        if !compatible(column, referenced) {
            return Err(incompatible(&column.name, &referenced.name, &foreign_key.name));
        }
        spelled.push(referenced.name.clone());
    }
    let unique = |key: &&Vec<&str>| {
        key.len() == spelled.len() && key.iter().zip(&spelled).all(|(left, right)| left.eq_ignore_ascii_case(right))
    };
    if parent.unique.iter().any(|key| unique(&key)) {
        return Ok(spelled);
    }
    let text = format!(
        "Failed to add the foreign key constraint. Missing unique key for constraint '{}' in the referenced table '{}'",
        foreign_key.name, parent.table
    );
    Err(SqlError::new(6125, "HY000", text))
}

/// Error 3780.
pub(super) fn incompatible(column: &str, referenced: &str, name: &str) -> SqlError {
    let text = format!(
        "Referencing column '{column}' and referenced column '{referenced}' in foreign key constraint '{name}' are \
         incompatible."
    );
    SqlError::new(3780, "HY000", text)
}

/// A kept foreign key still has to fit after its columns were changed.
fn recheck(draft: &Draft, foreign_key: &ForeignKey, scope: &Scope<'_>) -> Result<(), SqlError> {
    let columns = foreign_key.columns.iter().map(|column| own_column(draft, column)).collect::<Result<Vec<_>, _>>()?;
    set_null(foreign_key, &columns)?;
    let Some(parent) = parent(draft, &foreign_key.references, scope) else {
        return Ok(());
    };
    for (column, wanted) in columns.iter().zip(&foreign_key.referenced_columns) {
        let referenced = parent.columns.iter().find(|other| other.name.eq_ignore_ascii_case(wanted));
        if let Some(referenced) = referenced
            && !compatible(column, referenced)
        {
            return Err(incompatible(&column.name, &referenced.name, &foreign_key.name));
        }
    }
    Ok(())
}

/// InnoDB compares integers by size and sign, strings by character set and collation, the rest by type.
pub(super) fn compatible(left: &Column, right: &Column) -> bool {
    use ColumnType as T;
    match (&left.column_type, &right.column_type) {
        (T::TinyInt { unsigned: left, .. }, T::TinyInt { unsigned: right, .. })
        | (T::SmallInt { unsigned: left }, T::SmallInt { unsigned: right })
        | (T::MediumInt { unsigned: left }, T::MediumInt { unsigned: right })
        | (T::Int { unsigned: left }, T::Int { unsigned: right })
        | (T::BigInt { unsigned: left }, T::BigInt { unsigned: right }) => left == right,
        (T::Char { .. } | T::VarChar { .. }, T::Char { .. } | T::VarChar { .. }) => left.collation == right.collation,
        (T::Binary { .. } | T::VarBinary { .. }, T::Binary { .. } | T::VarBinary { .. }) => true,
        (T::Enum { .. }, T::Enum { .. }) | (T::Set { .. }, T::Set { .. }) => true,
        (left, right) => left == right,
    }
}
