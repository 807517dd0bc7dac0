//! Carries out ALTER TABLE's clauses on a draft, in MySQL's phases: columns are dropped and changed by their old names
//! first, then columns are added and moved, then keys and foreign keys go and come, then the table itself changes.

use super::super::plan::SqlError;
use super::charset::Charset;
use super::columns;
use super::default;
use super::draft::{Draft, DraftForeignKey};
use super::scope::Scope;
use super::spec::{Clause, ColumnSpec, DefaultSpec, Place, TableOptions};
use crate::schema::types::is_character;
use crate::schema::{ColumnDefault, KeyKind, Table};

/// The draft of a table after all clauses.
pub(super) fn apply(table: &Table, clauses: &[Clause], scope: &Scope<'_>) -> Result<Draft, SqlError> {
    let mut draft = Draft::of(table);
    table_defaults(&mut draft, clauses)?;
    drop_columns(&mut draft, table, clauses, scope)?;
    change_columns(&mut draft, clauses, scope)?;
    add_and_move(&mut draft, clauses, scope)?;
    for clause in clauses {
        if let Clause::SetDefault(column, default) = clause {
            set_default(&mut draft, column, default.as_ref(), scope)?;
        }
        if let Clause::ColumnVisibility(name, invisible) = clause {
            let Some(at) = draft.position(name) else {
                return Err(SqlError::unknown_column(name, &draft.title().table));
            };
            if let Some(found) = draft.columns.get_mut(at) {
                found.column.invisible = *invisible;
            }
        }
    }
    drop_keys(&mut draft, clauses)?;
    for clause in clauses {
        if let Clause::RenameKey(old, new) = clause {
            rename_key(&mut draft, old, new)?;
        }
    }
    for clause in clauses {
        match clause {
            Clause::AddKey(key) => draft.add_key(key)?,
            Clause::AddForeignKey(foreign_key) => draft.add_foreign_key(foreign_key.clone())?,
            Clause::Options(options) => set_options(&mut draft, options, scope)?,
            Clause::RenameTable(name) => match &mut draft.temporary {
                Some(title) => *title = scope.name(name)?,
                None => draft.name = scope.name(name)?,
            },
            Clause::Convert { .. }
            | Clause::AddColumn(..)
            | Clause::ChangeColumn(..)
            | Clause::RenameColumn(..)
            | Clause::DropColumn(_)
            | Clause::SetDefault(..)
            | Clause::DropKey(_)
            | Clause::RenameKey(..)
            | Clause::DropForeignKey(_)
            | Clause::DropConstraint(_)
            | Clause::DropCheck(_)
            | Clause::AddCheck(_)
            | Clause::ColumnVisibility(..)
            | Clause::Copy
            | Clause::Nothing => {}
            Clause::KeyVisibility(name, invisible) => key_visibility(&mut draft, name, *invisible)?,
            Clause::Enforce { name, enforced, constraint } => enforce(&mut draft, name, *enforced, *constraint)?,
        }
    }
    checks(&mut draft, clauses)?;
    Ok(draft)
}

/// Error 1091.
pub(super) fn cannot_drop(name: &str) -> SqlError {
    SqlError::new(1091, "42000", format!("Can't DROP '{name}'; check that column/key exists"))
}

/// New columns already take the defaults that the same statement gives the table.
fn table_defaults(draft: &mut Draft, clauses: &[Clause]) -> Result<(), SqlError> {
    for clause in clauses {
        match clause {
            Clause::Options(options) if options.charset.is_some() || options.collation.is_some() => {
                draft.defaults =
                    Charset::resolve(options.charset.as_deref(), options.collation.as_deref(), &draft.defaults)?;
            }
            Clause::Convert { charset, collation } => {
                let target = Charset::resolve(charset.as_deref(), collation.as_deref(), &draft.defaults)?;
                convert_columns(draft, &target)?;
                draft.defaults = target;
            }
            _other => {}
        }
    }
    Ok(())
}

/// CONVERT TO: every character column takes the new collation. MySQL would also widen TEXT types when characters
/// grow, so that only conversions between sets of the same width, or of none of those types, are carried.
fn convert_columns(draft: &mut Draft, target: &Charset) -> Result<(), SqlError> {
    use crate::schema::ColumnType as T;
    for column in &mut draft.columns {
        let column = &mut column.column;
        if !is_character(&column.column_type) {
            continue;
        }
        let same = column.charset.as_deref() == Some(target.charset.as_str());
        let text = matches!(column.column_type, T::TinyText | T::Text | T::MediumText | T::LongText);
        if (!same && text) || target.charset == "binary" {
            return Err(SqlError::unsupported("CONVERT TO CHARACTER SET of TEXT columns in another character set"));
        }
        column.charset = Some(target.charset.clone());
        column.collation = Some(target.collation.clone());
        column.explicit_collation = false;
    }
    Ok(())
}

fn drop_columns(draft: &mut Draft, table: &Table, clauses: &[Clause], scope: &Scope<'_>) -> Result<(), SqlError> {
    let dropped_keys = |name: &str| {
        clauses.iter().any(|clause| match clause {
            Clause::DropForeignKey(key) | Clause::DropConstraint(key) => key.eq_ignore_ascii_case(name),
            _other => false,
        })
    };
    for clause in clauses {
        let Clause::DropColumn(name) = clause else {
            continue;
        };
        let Some(position) = draft.position(name) else {
            return Err(cannot_drop(name));
        };
        let column = draft.columns.remove(position).column.name;
        let holds = |columns: &[String]| columns.iter().any(|other| other.eq_ignore_ascii_case(&column));
        let own = table.foreign_keys.iter().find(|key| holds(&key.columns) && !dropped_keys(&key.name));
        if let Some(own) = own {
            let text = format!("Cannot drop column '{column}': needed in a foreign key constraint '{}'", own.name);
            return Err(SqlError::new(1828, "HY000", text));
        }
        let children = scope.children(&table.name);
        if let Some((child, key)) = children.iter().find(|(_, key)| holds(&key.referenced_columns)) {
            let text = format!(
                "Cannot drop column '{column}': needed in a foreign key constraint '{}' of table '{}'",
                key.name, child.name.table
            );
            return Err(SqlError::new(1829, "HY000", text));
        }
        for key in &mut draft.keys {
            key.parts.retain(|part| part.column.as_deref().is_none_or(|name| !name.eq_ignore_ascii_case(&column)));
        }
        draft.keys.retain(|key| !key.parts.is_empty());
    }
    let adds = clauses.iter().any(|clause| matches!(clause, Clause::AddColumn(..)));
    if draft.columns.is_empty() && !adds {
        let text = "You can't delete all columns with ALTER TABLE; use DROP TABLE instead";
        return Err(SqlError::new(1090, "42000", text.to_owned()));
    }
    Ok(())
}

/// CHANGE, MODIFY and RENAME COLUMN: all of them name columns as they were before the statement.
fn change_columns(draft: &mut Draft, clauses: &[Clause], scope: &Scope<'_>) -> Result<(), SqlError> {
    let mut renames: Vec<(String, String)> = Vec::new();
    let mut touched: Vec<usize> = Vec::new();
    for clause in clauses {
        let (old, new) = match clause {
            Clause::ChangeColumn(old, spec, _) => (old, &spec.name),
            Clause::RenameColumn(old, new) => (old, new),
            _other => continue,
        };
        let position = draft
            .columns
            .iter()
            .position(|column| column.origin.as_deref().is_some_and(|origin| origin.eq_ignore_ascii_case(old)));
        let Some(position) = position.filter(|position| !touched.contains(position)) else {
            return Err(SqlError::unknown_column(old, &draft.title().table));
        };
        touched.push(position);
        if let Clause::ChangeColumn(_, spec, _) = clause {
            redefine(draft, position, spec, scope)?;
        }
        if let Some(column) = draft.columns.get_mut(position) {
            let origin = column.origin.clone().unwrap_or_default();
            column.column.name.clone_from(new);
            renames.push((origin, new.clone()));
        }
    }
    rename_in_keys(draft, &renames);
    Ok(())
}

fn redefine(draft: &mut Draft, position: usize, spec: &ColumnSpec, scope: &Scope<'_>) -> Result<(), SqlError> {
    let mut column = columns::resolve(spec, &draft.defaults, scope, &mut draft.notices)?;
    let Some(old) = draft.columns.get_mut(position) else {
        return Ok(());
    };
    let primary = draft.keys.iter().filter(|key| key.kind == KeyKind::Primary).any(|key| {
        key.parts
            .iter()
            .any(|part| part.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&old.column.name)))
    });
    if primary && column.nullable && spec.nullable == Some(true) {
        let text = "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead";
        return Err(SqlError::new(1171, "42000", text.to_owned()));
    }
    if primary && column.nullable {
        column.nullable = false;
        if column.default == ColumnDefault::Null {
            column.default = ColumnDefault::None;
        }
    }
    let generated = (old.column.generated.clone(), column.generated.clone());
    match generated {
        (None, None) => {}
        (Some(_), Some(_)) => {
            // The values are computed anew: the old column goes and the new one takes its place.
            let part_of_key = draft
                .keys
                .iter()
                .flat_map(|key| &key.parts)
                .any(|part| part.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&old.column.name)));
            if part_of_key {
                return Err(SqlError::unsupported("changing a generated column that is part of a key"));
            }
            old.origin = None;
        }
        (Some(_), None) | (None, Some(_)) => {
            return Err(SqlError::unsupported("making a column a generated one or the reverse"));
        }
    }
    column.name.clone_from(&old.column.name);
    old.column = column;
    old.explicit_null = spec.nullable == Some(true);
    draft.column_keys(spec)
}

/// Renames all at once, so that two columns can swap their names.
fn rename_in_keys(draft: &mut Draft, renames: &[(String, String)]) {
    let renamed = |name: &mut String| {
        if let Some((_, new)) = renames.iter().find(|(old, _)| old.eq_ignore_ascii_case(name)) {
            name.clone_from(new);
        }
    };
    let own = draft.name.clone();
    for part in draft.keys.iter_mut().filter(|key| key.origin.is_some()).flat_map(|key| &mut key.parts) {
        if let Some(column) = &mut part.column {
            renamed(column);
        }
    }
    for foreign_key in &mut draft.foreign_keys {
        if let DraftForeignKey::Kept(_, foreign_key) = foreign_key {
            foreign_key.columns.iter_mut().for_each(renamed);
            if foreign_key.references == own {
                foreign_key.referenced_columns.iter_mut().for_each(renamed);
            }
        }
    }
}

fn add_and_move(draft: &mut Draft, clauses: &[Clause], scope: &Scope<'_>) -> Result<(), SqlError> {
    for clause in clauses {
        match clause {
            Clause::AddColumn(spec, place) => draft.add_column(spec, place, scope)?,
            Clause::ChangeColumn(_, spec, place) => move_column(draft, &spec.name, place)?,
            _other => {}
        }
    }
    Ok(())
}

fn move_column(draft: &mut Draft, name: &str, place: &Place) -> Result<(), SqlError> {
    if matches!(place, Place::Default) {
        return Ok(());
    }
    let Some(position) = draft.position(name) else {
        return Err(SqlError::unknown_column(name, &draft.title().table));
    };
    let column = draft.columns.remove(position);
    let position = draft.place(place)?.unwrap_or(position);
    draft.columns.insert(position.min(draft.columns.len()), column);
    Ok(())
}

fn set_default(
    draft: &mut Draft,
    name: &str,
    default: Option<&DefaultSpec>,
    scope: &Scope<'_>,
) -> Result<(), SqlError> {
    let table = draft.title().table.clone();
    let Some(position) = draft.position(name) else {
        return Err(SqlError::unknown_column(name, &table));
    };
    if let Some(column) = draft.columns.get_mut(position) {
        column.column.default = match default {
            Some(default) => default::resolve(&column.column, default, &scope.context.sql_mode)?,
            None => ColumnDefault::None,
        };
    }
    Ok(())
}

fn drop_keys(draft: &mut Draft, clauses: &[Clause]) -> Result<(), SqlError> {
    for clause in clauses {
        match clause {
            Clause::DropKey(name) => drop_key(draft, name).then_some(()).ok_or_else(|| cannot_drop(name))?,
            Clause::DropForeignKey(name) => {
                drop_foreign_key(draft, name).then_some(()).ok_or_else(|| cannot_drop(name))?;
            }
            Clause::DropConstraint(name) => {
                let unique = draft.keys.iter().any(|key| {
                    matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
                        && key.name.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(name))
                });
                let before = draft.checks.len();
                draft.checks.retain(|check| !check.name.eq_ignore_ascii_case(name));
                let dropped =
                    draft.checks.len() < before || drop_foreign_key(draft, name) || (unique && drop_key(draft, name));
                dropped
                    .then_some(())
                    .ok_or_else(|| SqlError::new(3940, "HY000", format!("Constraint '{name}' does not exist.")))?;
            }
            _other => {}
        }
    }
    Ok(())
}

/// Only keys of the old table can be dropped.
fn drop_key(draft: &mut Draft, name: &str) -> bool {
    let before = draft.keys.len();
    let named = |origin: &Option<String>| origin.as_deref().is_some_and(|other| other.eq_ignore_ascii_case(name));
    draft.keys.retain(|key| !named(&key.origin));
    draft.keys.len() < before
}

fn drop_foreign_key(draft: &mut Draft, name: &str) -> bool {
    let before = draft.foreign_keys.len();
    draft.foreign_keys.retain(|foreign_key| match foreign_key {
        DraftForeignKey::Kept(origin, _) => !origin.eq_ignore_ascii_case(name),
        DraftForeignKey::New(_) => true,
    });
    draft.foreign_keys.len() < before
}

fn rename_key(draft: &mut Draft, old: &str, new: &str) -> Result<(), SqlError> {
    for name in [old, new] {
        if name.eq_ignore_ascii_case("PRIMARY") {
            return Err(SqlError::new(1280, "42000", format!("Incorrect index name '{name}'")));
        }
    }
    let table = draft.title().table.clone();
    let called = |own: &Option<String>| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(old));
    let found = draft.keys.iter_mut().find(|key| called(&key.origin) && called(&key.name));
    let Some(key) = found else {
        return Err(SqlError::new(1176, "42000", format!("Key '{old}' doesn't exist in table '{table}'")));
    };
    key.name = Some(new.to_owned());
    Ok(())
}

fn set_options(draft: &mut Draft, options: &TableOptions, scope: &Scope<'_>) -> Result<(), SqlError> {
    if let Some(comment) = &options.comment {
        draft.comment.clone_from(comment);
    }
    if let Some(engine) = &options.engine {
        let title = draft.title().table.clone();
        draft.engine = super::options::engine(engine, &title, &scope.context.sql_mode, &mut draft.notices)?;
    }
    draft.options.extend(options.shown.clone());
    if let Some(next) = options.auto_increment {
        // It may go back, but not behind the rows, which PostgreSQL looks at. A replay leaves ids to the flip.
        let known = if scope.replays() { draft.auto_increment.unwrap_or(1) } else { 1 };
        draft.auto_increment = Some(known.max(next));
        draft.renumbers = !scope.replays();
    }
    Ok(())
}

fn key_visibility(draft: &mut Draft, name: &str, invisible: bool) -> Result<(), SqlError> {
    let table = draft.title().table.clone();
    // A key that the same statement renames is found by neither name.
    let named = |key: &&mut super::draft::DraftKey| {
        let called = |own: &Option<String>| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        called(&key.origin) && called(&key.name)
    };
    let Some(key) = draft.keys.iter_mut().find(named) else {
        return Err(SqlError::new(1176, "42000", format!("Key '{name}' doesn't exist in table '{table}'")));
    };
    if key.kind == KeyKind::Primary {
        return Err(SqlError::new(3522, "HY000", "A primary key index cannot be invisible".to_owned()));
    }
    key.options.invisible = invisible;
    Ok(())
}

fn enforce(draft: &mut Draft, name: &str, enforced: bool, constraint: bool) -> Result<(), SqlError> {
    let Some(check) = draft.checks.iter_mut().find(|check| check.name.eq_ignore_ascii_case(name)) else {
        let text = if constraint {
            return Err(SqlError::new(3940, "HY000", format!("Constraint '{name}' does not exist.")));
        } else {
            format!("Check constraint '{name}' is not found in the table.")
        };
        return Err(SqlError::new(3821, "HY000", text));
    };
    check.enforced = enforced;
    Ok(())
}

/// Checks are dropped before others are added, and added last since they name any column.
fn checks(draft: &mut Draft, clauses: &[Clause]) -> Result<(), SqlError> {
    for clause in clauses {
        if let Clause::DropCheck(name) = clause {
            let before = draft.checks.len();
            draft.checks.retain(|check| !check.name.eq_ignore_ascii_case(name));
            if draft.checks.len() == before {
                let text = format!("Check constraint '{name}' is not found in the table.");
                return Err(SqlError::new(3821, "HY000", text));
            }
        }
    }
    for clause in clauses {
        match clause {
            Clause::AddCheck(check) => draft.new_checks.push(check.clone()),
            Clause::AddColumn(column, _) | Clause::ChangeColumn(_, column, _) => {
                draft.new_checks.extend(column.checks.clone());
            }
            _other => {}
        }
    }
    Ok(())
}
