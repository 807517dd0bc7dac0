//! SCHEMATA, TABLES and PARTITIONS.

use crate::schema::{Table, View};

use super::registry::{is_system, tables_of};
use super::rows::{Cells, Wanted};

/// MySQL's own databases with their character sets and collations.
pub(crate) const SYSTEM: [(&str, &str, &str); 4] = [
    ("information_schema", "utf8mb3", "utf8mb3_general_ci"),
    ("mysql", "utf8mb4", "utf8mb4_0900_ai_ci"),
    ("performance_schema", "utf8mb4", "utf8mb4_0900_ai_ci"),
    ("sys", "utf8mb4", "utf8mb4_0900_ai_ci"),
];

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// All databases: name, character set, collation, in order of their names.
fn databases<'w>(wanted: &'w Wanted<'_>) -> Vec<(&'w str, &'w str, &'w str)> {
    let own = wanted.databases().filter(|(name, _)| !is_system(name));
    let own = own.map(|(name, database)| (name.as_str(), database.charset.as_str(), database.collation.as_str()));
    let mut all: Vec<_> = SYSTEM.into_iter().filter(|(name, ..)| wanted.wants_schema(name)).chain(own).collect();
    all.sort_unstable();
    all
}

/// SCHEMATA.
pub(super) fn schemata(wanted: &Wanted<'_>) -> Vec<Cells> {
    databases(wanted)
        .into_iter()
        .map(|(name, charset, collation)| {
            vec![some("def"), some(name), some(charset), some(collation), None, some("NO")]
        })
        .collect()
}

/// SCHEMATA_EXTENSIONS.
pub(super) fn schemata_extensions(wanted: &Wanted<'_>) -> Vec<Cells> {
    databases(wanted).into_iter().map(|(name, ..)| vec![some("def"), some(name), some("")]).collect()
}

/// TABLES. Sizes aren't known here; MySQL's own are estimates too.
pub(super) fn tables(wanted: &Wanted<'_>) -> Vec<Cells> {
    let mut rows: Vec<Cells> = wanted.tables().map(base_table).collect();
    rows.extend(wanted.views().map(view_row));
    if wanted.wants_schema("information_schema") {
        let views = tables_of("information_schema").filter(|view| wanted.wants_table(&view.table.name.table));
        rows.extend(views.map(|view| system_view(&view.table)));
    }
    rows
}

fn base_table(table: &Table) -> Cells {
    let zero = || some("0");
    vec![
        some("def"),
        some(&table.name.database),
        some(&table.name.table),
        some("BASE TABLE"),
        Some(if table.merge.is_some() { table.engine.to_uppercase() } else { table.engine.clone() }),
        some("10"),
        Some(row_format(table)),
        zero(),
        zero(),
        some("16384"),
        zero(),
        zero(),
        zero(),
        table.auto_increment.map(|next| next.to_string()),
        None,
        None,
        None,
        some(&table.collation),
        None,
        Some(create_options(table)),
        some(&table.comment),
    ]
}

/// `Dynamic` unless the definition says otherwise.
fn row_format(table: &Table) -> String {
    let given = table.options.get("ROW_FORMAT").map_or("DYNAMIC", String::as_str).to_ascii_lowercase();
    let given = if given == "default" { "dynamic".to_owned() } else { given };
    let mut letters = given.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The options as MySQL strings them together.
fn create_options(table: &Table) -> String {
    const ORDER: [&str; 11] = [
        "MAX_ROWS",
        "MIN_ROWS",
        "AVG_ROW_LENGTH",
        "ROW_FORMAT",
        "KEY_BLOCK_SIZE",
        "STATS_SAMPLE_PAGES",
        "STATS_AUTO_RECALC",
        "STATS_PERSISTENT",
        "PACK_KEYS",
        "CHECKSUM",
        "DELAY_KEY_WRITE",
    ];
    let shown = ORDER.iter().filter_map(|name| {
        let value = table.options.get(*name)?;
        let name = if *name == "KEY_BLOCK_SIZE" { (*name).to_owned() } else { name.to_ascii_lowercase() };
        Some(format!("{name}={value}"))
    });
    let partitioned = (!table.partitioning.is_empty()).then(|| "partitioned".to_owned());
    shown.chain(partitioned).collect::<Vec<_>>().join(" ")
}

fn view_row(view: &View) -> Cells {
    let mut cells = vec![some("def"), some(&view.name.database), some(&view.name.table), some("VIEW")];
    cells.extend(std::iter::repeat_n(None, 16));
    cells.push(some("VIEW"));
    cells
}

/// VIEWS. A view that gathers rows can't be written through.
pub(super) fn views(wanted: &Wanted<'_>) -> Vec<Cells> {
    let row = |view: &View| {
        let text = view.canonical.to_ascii_lowercase();
        let gathers =
            [" group by ", " union ", "select distinct ", " limit ", " having ", "count(", "sum(", "min(", "max("]
                .iter()
                .any(|word| text.contains(word));
        let updatable = if gathers || view.algorithm == "TEMPTABLE" { "NO" } else { "YES" };
        let cells = [
            "def",
            &view.name.database,
            &view.name.table,
            if view.full.is_empty() { &view.canonical } else { &view.full },
            &view.check_option,
            updatable,
            &view.definer,
            &view.security,
            &view.charset,
            &view.collation,
        ];
        cells.into_iter().map(some).collect()
    };
    wanted.views().map(row).collect()
}

fn system_view(table: &Table) -> Cells {
    let zero = || some("0");
    let (schema, name) = (&table.name.database, &table.name.table);
    vec![
        some("def"),
        some(schema),
        some(name),
        some("SYSTEM VIEW"),
        None,
        some("10"),
        None,
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
        None,
        None,
        None,
        None,
        None,
        None,
        some(""),
        some(""),
    ]
}

/// TABLES_EXTENSIONS.
pub(super) fn tables_extensions(wanted: &Wanted<'_>) -> Vec<Cells> {
    let row = |table: &Table| vec![some("def"), some(&table.name.database), some(&table.name.table), None, None];
    wanted.tables().map(row).collect()
}

/// PARTITIONS: one row for a table that isn't divided.
pub(super) fn partitions(wanted: &Wanted<'_>) -> Vec<Cells> {
    let row = |table: &Table| {
        let mut cells = vec![some("def"), some(&table.name.database), some(&table.name.table)];
        cells.extend(std::iter::repeat_n(None, 10));
        cells.extend(["0", "0", "16384", "0", "0", "0"].map(some));
        cells.extend([None, None, None, None, some(""), some(""), None]);
        cells
    };
    wanted.tables().map(row).collect()
}
