//! RENAME TABLE, and what a renamed table means for the foreign keys around it.

use std::sync::Arc;

use sqlparser::tokenizer::Token;

use super::super::plan::{Context, DdlPlan, SqlError};
use super::cursor::Cursor;
use super::draft::{Draft, DraftForeignKey, Finished};
use super::emit::retarget;
use super::foreign::{compatible, generated_number, incompatible};
use super::scope::{ForeignKeyChecks, Scope};
use super::spec::{Clause, QualifiedName};
use crate::schema::{CatalogueChange, Key, KeyKind, Table, TableName, View};

/// Reads and plans RENAME TABLE: one rename after the other, each seeing the ones before it.
pub(super) fn parse(cursor: &mut Cursor<'_>, scope: &Scope<'_>) -> Result<DdlPlan, SqlError> {
    if !(cursor.take("table") || cursor.take("tables")) {
        if cursor.is("user") {
            return Err(SqlError::unsupported("RENAME USER"));
        }
        return Err(cursor.syntax());
    }
    let mut pairs = Vec::new();
    loop {
        let old = cursor.qualified_name()?;
        cursor.expect("to")?;
        pairs.push((old, cursor.qualified_name()?));
        if !cursor.take_symbol(&Token::Comma) {
            break;
        }
    }
    cursor.expect_end()?;
    let mut context: Context = scope.context.clone();
    let mut plan = super::finished(Vec::new(), Vec::new());
    for (old, new) in pairs {
        let step = Scope { context: &context, checks: scope.checks };
        let part = match renamed_view(&old, &new, &step)? {
            Some(part) => part,
            None => super::alter_table(step.base_table(&old)?, &[Clause::RenameTable(new)], &step)?,
        };
        let mut catalogue = (*context.catalogue).clone();
        for change in &part.changes {
            catalogue.apply(change);
        }
        context.catalogue = Arc::new(catalogue);
        plan.statements.extend(part.statements);
        plan.changes.extend(part.changes);
    }
    Ok(plan)
}

/// A view under a new name of the same database; `None` when it's no view that is renamed.
fn renamed_view(old: &QualifiedName, new: &QualifiedName, scope: &Scope<'_>) -> Result<Option<DdlPlan>, SqlError> {
    let (old, new) = (scope.name(old)?, scope.name(new)?);
    let catalogue = &scope.context.catalogue;
    if scope.find(&old).is_some() {
        return Ok(None);
    }
    let Some(view) = catalogue.view(&old.database, &old.table) else { return Ok(None) };
    if new.database != view.name.database {
        let text = format!("Changing schema from '{}' to '{}' is not allowed.", view.name.database, new.database);
        return Err(SqlError::new(1450, "HY000", text));
    }
    let taken = scope.find(&new).is_some() || catalogue.view(&new.database, &new.table).is_some();
    if taken {
        return Err(super::exists(&new.table));
    }
    let renamed = View { name: new, ..View::clone(view) };
    let changes = vec![CatalogueChange::DropView(view.name.clone()), CatalogueChange::PutView(Arc::new(renamed))];
    Ok(Some(super::finished(Vec::new(), changes)))
}

/// Generated foreign key names follow their table; foreign keys of the table to itself do too.
pub(super) fn foreign_key_names(draft: &mut Draft, old: &TableName) {
    let new = draft.name.clone();
    for foreign_key in &mut draft.foreign_keys {
        if let DraftForeignKey::Kept(_, foreign_key) = foreign_key {
            if let Some(number) = generated_number(&foreign_key.name, &old.table) {
                foreign_key.name = format!("{}_ibfk_{number}", new.table);
            }
            if foreign_key.references == *old {
                foreign_key.references = new.clone();
            }
        }
    }
}

/// The tables that refer to an altered one, with its new names.
pub(super) fn children(old: &Table, finished: &Finished, scope: &Scope<'_>) -> Vec<CatalogueChange> {
    let mut changes: Vec<Arc<Table>> = Vec::new();
    for (child, _) in scope.children(&old.name) {
        if changes.iter().any(|other| other.name == child.name) {
            continue;
        }
        let mut changed = Table::clone(child);
        let to_old = changed.foreign_keys.iter_mut().filter(|key| scope.same(&key.references, &old.name));
        to_old.for_each(|key| retarget(key, old, finished));
        if changed != **child {
            changes.push(Arc::new(changed));
        }
    }
    changes.into_iter().map(CatalogueChange::PutTable).collect()
}

/// Error 3780: a foreign key of another table no longer fits a changed column.
pub(super) fn check_children(old: &Table, finished: &Finished, scope: &Scope<'_>) -> Result<(), SqlError> {
    if scope.checks == ForeignKeyChecks::Off {
        return Ok(());
    }
    for (child, foreign_key) in scope.children(&old.name) {
        let mut foreign_key = foreign_key.clone();
        retarget(&mut foreign_key, old, finished);
        for (column, referenced) in foreign_key.columns.iter().zip(&foreign_key.referenced_columns) {
            if let (Some(column), Some(referenced)) = (child.column(column), finished.table.column(referenced))
                && !compatible(column, referenced)
            {
                return Err(incompatible(&column.name, &referenced.name, &foreign_key.name));
            }
        }
    }
    Ok(())
}

/// Error 1553: a foreign key on either side needs a key that the statement takes away.
pub(super) fn check_needed_keys(old: &Table, finished: &Finished, scope: &Scope<'_>) -> Result<(), SqlError> {
    let gone: Vec<&Key> = old
        .keys
        .iter()
        .filter(|key| !finished.keys.iter().any(|origin| origin.as_deref() == Some(key.name.as_str())))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    for foreign_key in &finished.table.foreign_keys {
        let leads = |key: &Key| leads_with(key, &foreign_key.columns);
        if let Some(key) = gone.iter().find(|key| leads(key))
            && !finished.table.keys.iter().any(leads)
        {
            return Err(needed(&key.name));
        }
    }
    for (_, foreign_key) in scope.children(&old.name) {
        let mut foreign_key = foreign_key.clone();
        let target = |key: &Key, columns: &[String]| {
            key.kind != KeyKind::Secondary && key.parts.len() == columns.len() && leads_with(key, columns)
        };
        let lost = gone.iter().find(|key| target(key, &foreign_key.referenced_columns)).map(|key| key.name.clone());
        retarget(&mut foreign_key, old, finished);
        if let Some(lost) = lost
            && !finished.table.keys.iter().any(|key| target(key, &foreign_key.referenced_columns))
        {
            return Err(needed(&lost));
        }
    }
    Ok(())
}

fn needed(key: &str) -> SqlError {
    SqlError::new(1553, "HY000", format!("Cannot drop index '{key}': needed in a foreign key constraint"))
}

/// True when the key begins with exactly these columns, whole.
fn leads_with(key: &Key, columns: &[String]) -> bool {
    key.parts.len() >= columns.len()
        && key.parts.iter().zip(columns).all(|(part, column)| {
            part.prefix.is_none() && part.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(column))
        })
}
