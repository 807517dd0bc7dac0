//! Keys and constraints: STATISTICS, KEY_COLUMN_USAGE, TABLE_CONSTRAINTS, REFERENTIAL_CONSTRAINTS.

use crate::schema::{Check, ForeignKey, Key, KeyKind, KeyPart, ReferentialAction, Table};

use super::rows::{Cells, Wanted};

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Whether a key allows a value twice, as STATISTICS and SHOW INDEX say it.
pub(super) fn non_unique(key: &Key) -> Option<String> {
    some(if is_unique(key) { "0" } else { "1" })
}

/// The cells of one part that STATISTICS and SHOW INDEX share: from the key's name to the expression. `at` counts from 0.
pub(super) fn part_cells(table: &Table, key: &Key, at: usize, part: &KeyPart) -> Cells {
    let column = part.column.as_deref().and_then(|name| table.column(name));
    let (kind, sorted) = match key.kind {
        KeyKind::Primary | KeyKind::Unique | KeyKind::Secondary => ("BTREE", true),
        KeyKind::Fulltext => ("FULLTEXT", false),
        KeyKind::Spatial => ("SPATIAL", true),
    };
    vec![
        some(&key.name),
        Some((at + 1).to_string()),
        part.column.clone(),
        sorted.then(|| if part.descending { "D" } else { "A" }.to_owned()),
        some("0"),
        // A SPATIAL key holds the corners of a box.
        part.prefix.or((key.kind == KeyKind::Spatial).then_some(32)).map(|prefix| prefix.to_string()),
        None,
        some(if column.is_none_or(|column| column.nullable) { "YES" } else { "" }),
        some(kind),
        some(""),
        some(&key.options.comment),
        some(if key.options.invisible { "NO" } else { "YES" }),
        part.expression.clone(),
    ]
}

fn is_unique(key: &Key) -> bool {
    matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
}

/// STATISTICS.
pub(super) fn statistics(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows = Vec::new();
    for table in wanted.tables() {
        let database = &table.name.database;
        for key in &table.keys {
            for (at, part) in key.parts.iter().enumerate() {
                let mut row =
                    vec![some("def"), some(database), some(&table.name.table), non_unique(key), some(database)];
                row.extend(part_cells(table, key, at, part));
                rows.push(row);
            }
        }
    }
    rows
}

/// KEY_COLUMN_USAGE.
pub(super) fn key_column_usage(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows = Vec::new();
    for table in wanted.tables() {
        let start = |name: &str, column: Option<&str>, at: usize| {
            vec![
                some("def"),
                some(&table.name.database),
                some(name),
                some("def"),
                some(&table.name.database),
                some(&table.name.table),
                column.map(str::to_owned),
                Some((at + 1).to_string()),
            ]
        };
        for key in table.keys.iter().filter(|key| is_unique(key)) {
            for (at, part) in key.parts.iter().enumerate().filter(|(_, part)| part.column.is_some()) {
                let mut row = start(&key.name, part.column.as_deref(), at);
                row.extend([None, None, None, None]);
                rows.push(row);
            }
        }
        for key in by_name(table) {
            for (at, (column, referenced)) in key.columns.iter().zip(&key.referenced_columns).enumerate() {
                let mut row = start(&key.name, Some(column), at);
                row.extend([
                    Some((at + 1).to_string()),
                    some(&key.references.database),
                    some(&key.references.table),
                    some(referenced),
                ]);
                rows.push(row);
            }
        }
    }
    rows
}

fn by_name(table: &Table) -> Vec<&ForeignKey> {
    let mut keys: Vec<&ForeignKey> = table.foreign_keys.iter().collect();
    keys.sort_by(|left, right| left.name.cmp(&right.name));
    keys
}

/// TABLE_CONSTRAINTS.
pub(super) fn table_constraints(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows = Vec::new();
    for table in wanted.tables() {
        let row = |name: &str, kind: &str| {
            let database = &table.name.database;
            let cells = ["def", database, name, database, &table.name.table, kind, "YES"];
            cells.into_iter().map(some).collect::<Cells>()
        };
        for key in table.keys.iter().filter(|key| is_unique(key)) {
            rows.push(row(&key.name, if key.kind == KeyKind::Primary { "PRIMARY KEY" } else { "UNIQUE" }));
        }
        rows.extend(by_name(table).into_iter().map(|key| row(&key.name, "FOREIGN KEY")));
        rows.extend(table.checks.iter().map(|check| {
            let mut cells = row(&check.name, "CHECK");
            if let (Some(enforced), false) = (cells.last_mut(), check.enforced) {
                *enforced = some("NO");
            }
            cells
        }));
    }
    rows
}

/// TABLE_CONSTRAINTS_EXTENSIONS: one row for each key.
pub(super) fn table_constraints_extensions(wanted: &Wanted<'_>) -> Vec<Cells> {
    let row = |table: &Table, key: &Key| {
        vec![some("def"), some(&table.name.database), some(&key.name), some(&table.name.table), None, None]
    };
    wanted.tables().flat_map(|table| table.keys.iter().map(move |key| row(table, key))).collect()
}

/// REFERENTIAL_CONSTRAINTS, by name within a database.
pub(super) fn referential_constraints(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows = Vec::new();
    for table in wanted.tables() {
        for key in &table.foreign_keys {
            let unique = wanted.catalogue.table(&key.references.database, &key.references.table).and_then(|parent| {
                let covers = |candidate: &&Key| {
                    is_unique(candidate)
                        && candidate.parts.len() == key.referenced_columns.len()
                        && candidate.parts.iter().zip(&key.referenced_columns).all(|(part, column)| {
                            part.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(column))
                        })
                };
                parent.keys.iter().find(covers).map(|key| key.name.clone())
            });
            rows.push(vec![
                some("def"),
                some(&table.name.database),
                some(&key.name),
                some("def"),
                some(&key.references.database),
                unique,
                some("NONE"),
                some(action(key.on_update)),
                some(action(key.on_delete)),
                some(&table.name.table),
                some(&key.references.table),
            ]);
        }
    }
    rows
}

/// CHECK_CONSTRAINTS.
pub(super) fn check_constraints(wanted: &Wanted<'_>) -> Vec<Cells> {
    let row = |table: &Table, check: &Check| {
        vec![some("def"), some(&table.name.database), some(&check.name), some(&check.expression)]
    };
    wanted.tables().flat_map(|table| table.checks.iter().map(move |check| row(table, check))).collect()
}

fn action(action: ReferentialAction) -> &'static str {
    match action {
        ReferentialAction::NoAction => "NO ACTION",
        ReferentialAction::Restrict => "RESTRICT",
        ReferentialAction::Cascade => "CASCADE",
        ReferentialAction::SetNull => "SET NULL",
        ReferentialAction::SetDefault => "SET DEFAULT",
    }
}
