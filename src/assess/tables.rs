//! What of the tables isn't carried, or not in the same way: engines, keys, columns, collations, partitions, names.

use std::collections::BTreeMap;

use super::SourceSurvey;
use super::finding::Finding;
use crate::convert;
use crate::schema::quote::NAME_LIMIT;
use crate::schema::{Catalogue, KeyKind, SchemaError, Table, TableName, collation, ddl, types};
use crate::source::backticks;
use crate::source::inspect::TableSurvey;

/// What is to be said of the tables, table by table.
pub(super) fn findings(survey: &SourceSurvey) -> Vec<Finding> {
    let mut found = Vec::new();
    for table in convert::tables_of(&survey.catalogue) {
        let of_table = |known: &&TableSurvey| known.name == table.name;
        if let Some(known) = survey.tables.iter().find(of_table) {
            found.extend(engine(known));
            found.extend(partitions(known));
        }
        found.extend(refused(survey, &table));
        found.extend(unkeyed(&table));
        found.extend(without_index(&table));
        found.extend(collations(&table));
        found.extend(long_names(&table));
    }
    found.extend(survey.impossible.iter().map(|(database, reason)| {
        Finding::blocker(
            "database.refused",
            database.clone(),
            format!("database {database} can't be carried: {reason}"),
        )
        .why("it becomes a schema of the same name")
        .fix("correct proxy.toml: [source] databases; a database of a reserved name must be renamed on MySQL")
    }));
    found
}

/// `database`.`table` as MySQL quotes it.
pub(super) fn quoted(name: &TableName) -> String {
    format!("{}.{}", backticks(&name.database), backticks(&name.table))
}

fn engine(table: &TableSurvey) -> Option<Finding> {
    if table.engine.eq_ignore_ascii_case("InnoDB") || table.engine.eq_ignore_ascii_case("MRG_MyISAM") {
        return None;
    }
    Some(
        Finding::bends("table.engine", table.name.to_string(), format!("{} is of engine {}", table.name, table.engine))
            .why("it has no transactions, so it isn't part of the snapshot: a write while it's copied may be there twice or \
                  not at all, and verify will say so")
            .fix(format!("ALTER TABLE {} ENGINE = InnoDB", quoted(&table.name))),
    )
}

fn partitions(table: &TableSurvey) -> Option<Finding> {
    let method = table.partitioned_by.as_ref()?;
    let what = format!("{} has {} partitions by {method}", table.name, table.partitions);
    Some(
        Finding::bends("table.partitions", table.name.to_string(), what)
            .why("all rows lie in one table on PostgreSQL: the same rows and answers, but dropping a partition's rows is \
                  then a DELETE, and partition statements are refused")
            .fix("nothing to do; partition the table on PostgreSQL after the migration where it pays"),
    )
}

/// Whatever the conversion refuses.
fn refused(survey: &SourceSurvey, table: &Table) -> Vec<Finding> {
    let catalogue = &survey.catalogue;
    let name = quoted(&table.name);
    convert::refusals(catalogue, table, &survey.reasons)
        .into_iter()
        .map(|error| {
            let what = error.to_string();
            match error {
                SchemaError::Column { column, what: kind, .. } => {
                    let (id, fix) = remedy(table, &column, &kind);
                    Finding::blocker(id, format!("{}.{column}", table.name), what)
                        .why("mirroring doesn't begin while a column has no exact image in PostgreSQL")
                        .fix(fix)
                }
                SchemaError::Key { table, key, .. } => Finding::blocker("table.key", format!("{table}.{key}"), what)
                    .why("mirroring doesn't begin while a key can't be kept: rows that MySQL refuses could come in")
                    .fix(drop_key(&table, &key, catalogue)),
                SchemaError::Special { table, kind } => Finding::blocker("table.special", table.to_string(), what)
                    .why(format!("what Bascule serves after the flip has no {kind}"))
                    .fix(match kind.as_str() {
                        "sequence" => format!("DROP SEQUENCE {name}, when an AUTO_INCREMENT column gives the numbers"),
                        _ => format!("ALTER TABLE {name} DROP SYSTEM VERSIONING, which forgets its history"),
                    }),
                SchemaError::Engine { table, .. } => Finding::blocker("table.engine", table.to_string(), what)
                    .why("its rows are those of other tables, which MySQL doesn't describe in its dictionary")
                    .fix(format!("DROP TABLE {name}, or ALTER TABLE {name} ENGINE = InnoDB")),
            }
        })
        .collect()
}

/// The finding's id for a refused column, and the statement that mends it.
fn remedy(table: &Table, name: &str, refusal: &str) -> (&'static str, String) {
    let (target, quoted) = (quoted(&table.name), backticks(name));
    let column = table.column(name);
    let null = if column.is_some_and(|column| column.nullable) { "NULL" } else { "NOT NULL" };
    let text = column.map_or("", |column| column.type_text.as_str());
    match refusal.split(' ').next() {
        Some("type") => {
            let fix = format!("ALTER TABLE {target} MODIFY {quoted} LONGBLOB {null}, or another type of docs/types.md");
            ("column.type", fix)
        }
        Some("collation") => {
            let set = "CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci";
            ("column.collation.refused", format!("ALTER TABLE {target} MODIFY {quoted} {text} {set} {null}"))
        }
        Some("default") => {
            let fix =
                format!("ALTER TABLE {target} ALTER {quoted} DROP DEFAULT, and let the application say the value");
            ("column.default", fix)
        }
        Some("AUTO_INCREMENT") => {
            let fix =
                format!("ALTER TABLE {target} MODIFY {quoted} {text} {null}, and let the application give the numbers");
            ("column.auto_increment", fix)
        }
        Some("an") => {
            let fix =
                format!("ALTER TABLE {target} AUTO_INCREMENT = 1, when the rows beyond 9223372036854775807 are gone");
            ("column.auto_increment", fix)
        }
        Some(_) | None => {
            let fix =
                format!("ALTER TABLE {target} DROP COLUMN {quoted}, or MODIFY it to one that the application writes");
            ("column.refused", fix)
        }
    }
}

/// Takes a key or foreign key away.
fn drop_key(table: &TableName, key: &str, catalogue: &Catalogue) -> String {
    let foreign = catalogue
        .base_table(&table.database, &table.table)
        .is_some_and(|table| table.foreign_keys.iter().any(|foreign| foreign.name == key));
    let word = if foreign { "FOREIGN KEY" } else { "KEY" };
    format!("ALTER TABLE {} DROP {word} {}", quoted(table), backticks(key))
}

fn unkeyed(table: &Table) -> Option<Finding> {
    let whole = |key: &&crate::schema::Key| {
        key.kind == KeyKind::Unique
            && key.parts.iter().all(|part| {
                let column = part.column.as_deref().and_then(|name| table.column(name));
                part.prefix.is_none() && column.is_some_and(|column| !column.nullable)
            })
    };
    if table.primary_key().is_some() || table.keys.iter().any(|key| whole(&key)) {
        return None;
    }
    Some(
        Finding::bends(
            "table.without_key",
            table.name.to_string(),
            format!("{} has no key that tells rows apart", table.name),
        )
        .why(
            "a change can't name the row that it's about: such tables are repeated and compared by whole rows, \
                  slowly, and may need to be copied again",
        )
        .fix(format!(
            "ALTER TABLE {} ADD COLUMN my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY INVISIBLE",
            quoted(&table.name)
        )),
    )
}

/// Keys that MySQL has only to find rows faster, and PostgreSQL gets no index for.
fn without_index(table: &Table) -> Vec<Finding> {
    let found = table.keys.iter().filter(|key| !ddl::has_index(key)).map(|key| {
        let kind = match key.kind {
            KeyKind::Fulltext => "FULLTEXT",
            KeyKind::Spatial => "SPATIAL",
            KeyKind::Primary | KeyKind::Unique | KeyKind::Secondary => "functional",
        };
        let what = format!("key {} of {} is {kind}", key.name, table.name);
        Finding::bends("table.key.without_index", format!("{}.{}", table.name, key.name), what)
            .why("PostgreSQL gets no index for it: queries that use it read the whole table after the flip")
            .fix("nothing to do for small tables; make an index on PostgreSQL by hand after the copy for large ones")
    });
    found.collect()
}

/// Collations whose comparisons differ: one finding for each of them in a table.
fn collations(table: &Table) -> Vec<Finding> {
    let mut columns: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for column in table.columns.iter().filter(|column| types::is_character(&column.column_type)) {
        let collation = column.collation.as_deref().unwrap_or(&table.collation);
        columns.entry(collation).or_default().push(&column.name);
    }
    let found = columns.into_iter().filter_map(|(name, columns)| {
        let why = collation::carrier(name)?.difference.explanation()?;
        let what = format!("{}: {} compare by {name}", table.name, columns.join(", "));
        Some(
            Finding::bends("column.collation.differs", table.name.to_string(), what)
                .why(format!("the text is the same to the last byte, but {why}"))
                .fix(format!(
                    "ALTER TABLE {} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci, where the application \
                     can do with it; --data says which unique keys are in danger",
                    quoted(&table.name)
                )),
        )
    });
    found.collect()
}

/// PostgreSQL's names are shorter than MySQL's where letters take several bytes.
fn long_names(table: &Table) -> Vec<Finding> {
    let names =
        [&table.name.database, &table.name.table].into_iter().chain(table.columns.iter().map(|column| &column.name));
    let long = names.filter(|name| name.len() > NAME_LIMIT).map(|name| {
        Finding::note(
            "name.long",
            table.name.to_string(),
            format!("the name {name} is longer than PostgreSQL's 63 bytes"),
        )
        .why("it's shortened and gets a hash in PostgreSQL; clients of Bascule go on seeing MySQL's name")
        .fix("nothing to do; rename it where tools go to PostgreSQL directly")
    });
    long.collect()
}
