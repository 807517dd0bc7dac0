//! What of a table can be settled only when all its columns are known: generated columns, computed defaults, functional
//! key parts and CHECK constraints.

use super::super::plan::SqlError;
use super::formula::{self, Use};
use super::scope::Scope;
use super::spec::CheckSpec;
use crate::schema::{Check, ColumnDefault, KeyKind, Table, ddl};

/// Completes the table.
pub(super) fn complete(table: &mut Table, new_checks: &[CheckSpec], scope: &Scope<'_>) -> Result<(), SqlError> {
    for at in 0..table.columns.len() {
        let Some(column) = table.columns.get(at) else { continue };
        if column.generated.as_ref().is_some_and(|generated| generated.sql.is_empty()) {
            formula::generate(table, at, scope)?;
            continue;
        }
        let computed = matches!(column.default, ColumnDefault::Expression(_)) && column.default_sql.is_empty();
        if computed && ddl::column_default(table, column).is_err() {
            formula::default(table, at, scope)?;
        }
    }
    functional_parts(table, scope)?;
    let mut next = next_number(table);
    for spec in new_checks {
        let check = check(table, spec, &mut next, scope)?;
        table.checks.push(check);
    }
    // MySQL shows them in the order of their names.
    table.checks.sort_by_key(|check| check.name.to_lowercase());
    for check in table.checks.iter() {
        for name in &check.columns {
            if table.column(name).is_none() {
                let text = format!(
                    "Check constraint '{}' uses column '{name}', hence column cannot be dropped or renamed.",
                    check.name
                );
                return Err(SqlError::new(3959, "HY000", text));
            }
        }
    }
    Ok(())
}

/// The number of the next generated name.
fn next_number(table: &Table) -> u64 {
    let prefix = format!("{}_chk_", table.title().table);
    let numbers = table.checks.iter().filter_map(|check| check.name.strip_prefix(&prefix)?.parse::<u64>().ok());
    numbers.max().unwrap_or(0) + 1
}

fn check(table: &Table, spec: &CheckSpec, next: &mut u64, scope: &Scope<'_>) -> Result<Check, SqlError> {
    let name = spec.name.clone().unwrap_or_else(|| {
        let name = format!("{}_chk_{next}", table.title().table);
        *next += 1;
        name
    });
    super::names::check_length(&name)?;
    let same = |check: &Check| check.name.eq_ignore_ascii_case(&name);
    let elsewhere = scope.context.catalogue.database(&table.name.database).is_some_and(|database| {
        let others = database.tables.values().filter(|other| !scope.same(&other.name, &table.name));
        others.flat_map(|other| &other.checks).any(same)
    });
    if elsewhere || table.checks.iter().any(same) {
        return Err(SqlError::new(3822, "HY000", format!("Duplicate check constraint name '{name}'.")));
    }
    let formula = formula::read(&spec.text, table, Use::Condition, scope).map_err(|error| match error.code {
        1054 => {
            let column = error.message.split('\'').nth(1).unwrap_or_default().to_owned();
            let text = format!("Check constraint '{name}' refers to non-existing column '{column}'.");
            SqlError::new(3820, "HY000", text)
        }
        _other => match formula::disallowed(&error) {
            Some(function) => {
                let text =
                    format!("An expression of a check constraint '{name}' contains disallowed function: {function}.");
                SqlError::new(3814, "HY000", text)
            }
            None => error,
        },
    })?;
    if !formula.condition {
        let text = format!("An expression of non-boolean type specified to a check constraint '{name}'.");
        return Err(SqlError::new(3812, "HY000", text));
    }
    let other = |column: &String| spec.column.as_ref().is_some_and(|own| !own.eq_ignore_ascii_case(column));
    if formula.columns.iter().any(other) {
        let text = format!("Column check constraint '{name}' references other column.");
        return Err(SqlError::new(3813, "HY000", text));
    }
    if table.auto_increment_column().is_some_and(|column| formula.columns.contains(&column.name)) {
        let text = format!("Check constraint '{name}' cannot refer to an auto-increment column.");
        return Err(SqlError::new(3818, "HY000", text));
    }
    let sql = reporting(formula.sql);
    Ok(Check { name, expression: formula.text, enforced: spec.enforced, sql, columns: formula.columns })
}

/// A constraint that is a JSON schema as a whole says what the document fails on.
fn reporting(sql: String) -> String {
    const VALID: &str = "\"mysql\".json_schema_valid(";
    if sql.trim_start_matches('(').starts_with(VALID) {
        sql.replacen(VALID, "\"mysql\".json_schema_checked(", 1)
    } else {
        sql
    }
}

fn functional_parts(table: &mut Table, scope: &Scope<'_>) -> Result<(), SqlError> {
    let model = table.clone();
    for key in &mut table.keys {
        let kind = key.kind;
        let fresh = key.parts.iter_mut().filter(|part| part.column.is_none());
        for part in fresh {
            let written = part.expression.clone().unwrap_or_default();
            if kind == KeyKind::Primary {
                let text = "The primary key cannot be a functional index";
                return Err(SqlError::new(3756, "HY000", text.to_owned()));
            }
            if model.column(written.trim_matches('`')).is_some() {
                let text = "Functional index on a column is not supported. Consider using a regular index instead.";
                return Err(SqlError::new(3762, "HY000", text.to_owned()));
            }
            if !written.starts_with('(') || !written.contains('`') {
                let formula = formula::read(&written, &model, Use::Key, scope)?;
                part.expression = Some(formula.text);
                // An index that only helps to find rows would help no statement that is spelled in another way.
                part.sql = if kind == KeyKind::Unique { formula.sql } else { String::new() };
            }
        }
    }
    Ok(())
}
