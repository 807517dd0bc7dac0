//! Whether MySQL would carry out an ALTER TABLE by copying the rows, which is when it reports their number.
//!
//! The rules are InnoDB's of online DDL: what only changes the dictionary or rebuilds in place reports 0. Tables of the
//! other engines are always copied, but for changes of the dictionary alone.

use super::super::plan::{Records, TargetSql};
use super::draft::Finished;
use super::scope::{ForeignKeyChecks, Scope};
use super::spec::{Clause, DefaultSpec};
use crate::schema::{Column, ColumnType, KeyKind, Table, quote};

/// What the statement reports.
pub(super) fn records(old: &Table, finished: &Finished, clauses: &[Clause], scope: &Scope<'_>) -> Records {
    if old.temporary.is_some() {
        // MySQL always copies them.
        return Records::Of(TargetSql(format!("SELECT count(*) FROM {}", quote::table(&old.name))));
    }
    if clauses.iter().all(|clause| matches!(clause, Clause::RenameTable(_))) {
        return Records::Silent;
    }
    let copies = clauses.iter().any(|clause| clause_copies(old, clause, scope)) || columns_copy(old, finished, scope);
    if !copies {
        return Records::Zero;
    }
    Records::Of(TargetSql(format!("SELECT count(*) FROM {}", quote::table(&old.name))))
}

fn clause_copies(old: &Table, clause: &Clause, scope: &Scope<'_>) -> bool {
    let dictionary_only = match clause {
        Clause::Copy => return true,
        Clause::SetDefault(..)
        | Clause::RenameKey(..)
        | Clause::RenameColumn(..)
        | Clause::RenameTable(_)
        | Clause::KeyVisibility(..)
        | Clause::ColumnVisibility(..)
        | Clause::DropCheck(_)
        | Clause::Nothing => true,
        Clause::Options(options) => match &options.engine {
            Some(engine) if !engine.eq_ignore_ascii_case(&old.engine) => return true,
            Some(_) => false,
            None => true,
        },
        Clause::AddForeignKey(_) if scope.checks == ForeignKeyChecks::On => return true,
        Clause::AddCheck(check) if check.enforced => return true,
        Clause::Enforce { enforced: true, .. } => return true,
        Clause::AddCheck(_) | Clause::Enforce { .. } => true,
        Clause::DropKey(name) if name == "PRIMARY" => false,
        Clause::AddColumn(spec, _) if matches!(spec.default, Some(DefaultSpec::Expression(_))) => return true,
        Clause::AddColumn(spec, _) if spec.generated.as_ref().is_some_and(|generated| generated.stored) => return true,
        Clause::AddColumn(..)
        | Clause::ChangeColumn(..)
        | Clause::DropColumn(_)
        | Clause::AddKey(_)
        | Clause::AddForeignKey(_)
        | Clause::DropKey(_)
        | Clause::DropForeignKey(_)
        | Clause::DropConstraint(_)
        | Clause::Convert { .. } => false,
    };
    old.engine != "InnoDB" && !dictionary_only
}

fn columns_copy(old: &Table, finished: &Finished, scope: &Scope<'_>) -> bool {
    let strict = scope.context.sql_mode.to_ascii_uppercase().contains("STRICT_");
    let primary = |table: &Table| table.keys.iter().any(|key| key.kind == KeyKind::Primary);
    if primary(old) && !primary(&finished.table) {
        return true;
    }
    finished.columns.iter().zip(&finished.table.columns).any(|(origin, new)| {
        let before = origin.as_deref().and_then(|origin| old.column(origin));
        before.is_some_and(|before| !in_place(before, new) || (before.nullable && !new.nullable && !strict))
    })
}

/// True for changes of a column that keep the stored rows.
fn in_place(old: &Column, new: &Column) -> bool {
    use ColumnType as T;
    if old.charset != new.charset || old.collation != new.collation {
        return false;
    }
    match (&old.column_type, &new.column_type) {
        (T::VarChar { length: left }, T::VarChar { length: right }) => {
            let width = new.charset.as_deref().map_or(1, super::charset::longest_character);
            longer(*left, *right, width)
        }
        (T::VarBinary { length: left }, T::VarBinary { length: right }) => longer(*left, *right, 1),
        (T::Enum { labels: left }, T::Enum { labels: right }) => {
            right.starts_with(left) && (left.len() < 256) == (right.len() < 256)
        }
        (T::Set { labels: left }, T::Set { labels: right }) => {
            right.starts_with(left) && left.len().div_ceil(8) == right.len().div_ceil(8)
        }
        (left, right) => left == right,
    }
}

/// A longer VARCHAR whose length still takes as many bytes.
fn longer(left: u32, right: u32, width: u32) -> bool {
    left <= right && (left.saturating_mul(width) < 256) == (right.saturating_mul(width) < 256)
}
