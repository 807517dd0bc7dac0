//! Which system tables there are, and how their columns look: read once from tables that MySQL 9.7 gave.
//!
//! A system table is described twice: as a [`Table`], so that names resolve as for any other, and as MySQL describes
//! its columns in results, which for these tables follows no rule that types alone would give.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::schema::{Column, ColumnDefault, ColumnType, Table, TableName};
use crate::sql::plan::OutputColumn;
use crate::sql::types::{Carrier, Class, Coercibility, Collation, NOT_FIXED, Type};
use crate::wire::FieldType;

/// Columns of the tables in the system databases.
const COLUMNS: &str = include_str!("columns.txt");
/// Columns of what SHOW answers.
const SHOWN: &str = include_str!("show.txt");
/// Names of tables that exist in MySQL and aren't served.
const NAMES: &str = include_str!("names.txt");

/// The pseudo database under which the answers of SHOW are kept.
pub(in crate::sql) const SHOW: &str = "show";

/// A table that has no rows of its own in PostgreSQL.
#[derive(Debug)]
pub(in crate::sql) struct SystemTable {
    /// For the resolution of names.
    pub(in crate::sql) table: Arc<Table>,
    pub(in crate::sql) columns: Vec<SystemColumn>,
    /// Results show a column by its declared name, however the query spells it.
    pub(in crate::sql) keeps_names: bool,
}

/// A column of such a table.
#[derive(Debug)]
pub(in crate::sql) struct SystemColumn {
    pub(in crate::sql) ty: Type,
    pub(in crate::sql) nullable: bool,
    /// As results describe it.
    pub(in crate::sql) shown: OutputColumn,
}

impl SystemTable {
    /// Position of the column of that name.
    pub(in crate::sql) fn position(&self, name: &str) -> Option<usize> {
        self.table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    }
}

static TABLES: LazyLock<BTreeMap<(String, String), SystemTable>> = LazyLock::new(|| {
    let mut tables = BTreeMap::new();
    for text in [COLUMNS, SHOWN] {
        let mut current: Option<SystemTable> = None;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            match cells.as_slice() {
                ["", rest @ ..] => {
                    if let (Some(table), Some(column)) = (&mut current, column(rest)) {
                        add(table, column);
                    }
                }
                [database, name, keeps @ ..] => {
                    let fresh = empty(database, name, keeps == ["v"]);
                    if let Some(done) = current.replace(fresh) {
                        tables.insert(key(&done.table.name.database, &done.table.name.table), done);
                    }
                }
                _blank => {}
            }
        }
        if let Some(done) = current {
            tables.insert(key(&done.table.name.database, &done.table.name.table), done);
        }
    }
    tables
});

fn key(database: &str, name: &str) -> (String, String) {
    (database.to_ascii_lowercase(), name.to_ascii_uppercase())
}

/// The system table of that name, whatever its case.
pub(in crate::sql) fn find(database: &str, name: &str) -> Option<&'static SystemTable> {
    TABLES.get(&key(database, name))
}

/// All tables of one system database, by name.
pub(in crate::sql) fn tables_of(database: &str) -> impl Iterator<Item = &'static SystemTable> + use<'_> {
    TABLES.iter().filter(move |((own, _), _)| own == database).map(|(_, table)| table)
}

/// The names of MySQL's status variables.
pub(crate) fn status_names() -> impl Iterator<Item = &'static str> {
    NAMES.lines().filter_map(|line| line.strip_prefix("status\t")).flat_map(|names| names.split(' '))
}

/// True when MySQL has a table of that name in one of its own databases.
pub(in crate::sql) fn is_known(database: &str, name: &str) -> bool {
    NAMES.lines().filter_map(|line| line.split_once('\t')).any(|(own, names)| {
        own.eq_ignore_ascii_case(database) && names.split(' ').any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// True for MySQL's own databases.
pub(in crate::sql) fn is_system(database: &str) -> bool {
    ["information_schema", "performance_schema", "mysql", "sys"].iter().any(|own| database.eq_ignore_ascii_case(own))
}

fn empty(database: &str, name: &str, keeps_names: bool) -> SystemTable {
    let table = Table {
        name: TableName { database: database.to_owned(), table: name.to_owned() },
        columns: Vec::new(),
        keys: Vec::new(),
        foreign_keys: Vec::new(),
        charset: "utf8mb3".to_owned(),
        collation: "utf8mb3_general_ci".to_owned(),
        auto_increment: None,
        comment: String::new(),
        engine: String::new(),
        has_triggers: false,
        merge: None,
        ..Table::default()
    };
    SystemTable { table: Arc::new(table), columns: Vec::new(), keeps_names }
}

fn add(table: &mut SystemTable, (column, mut system): (Column, SystemColumn)) {
    if let Some(definition) = Arc::get_mut(&mut table.table) {
        let shown = &mut system.shown;
        if definition.name.database != SHOW {
            shown.org_table.clone_from(&definition.name.table);
            shown.table.clone_from(&definition.name.table);
            shown.org_name.clone_from(&column.name);
            if shown.schema == "s" {
                shown.schema.clone_from(&definition.name.database);
            }
        }
        definition.columns.push(column);
        table.columns.push(system);
    }
}

fn column(cells: &[&str]) -> Option<(Column, SystemColumn)> {
    let [name, type_text, collation, nullable, default, code, length, flags, decimals, schema, rest @ ..] = cells
    else {
        return None;
    };
    let field = FieldType::from_byte(code.parse().ok()?)?;
    let length: u32 = length.parse().ok()?;
    let collation = (*collation != "-").then(|| (*collation).to_owned());
    let shown = OutputColumn {
        name: (*name).to_owned(),
        org_name: rest.get(2).copied().unwrap_or_default().to_owned(),
        table: rest.first().copied().unwrap_or_default().to_owned(),
        org_table: rest.get(1).copied().unwrap_or_default().to_owned(),
        schema: if *schema == "-" { String::new() } else { (*schema).to_owned() },
        field,
        length,
        flags: flags.parse().ok()?,
        decimals: decimals.parse().ok()?,
        character: collation.is_some(),
    };
    let nullable = *nullable == "Y";
    let column = Column {
        name: (*name).to_owned(),
        column_type: ColumnType::Unsupported { name: (*type_text).to_owned() },
        type_text: (*type_text).to_owned(),
        nullable,
        default: if *default == "\\N" { ColumnDefault::None } else { ColumnDefault::Constant((*default).to_owned()) },
        on_update_now: None,
        auto_increment: false,
        generated: None,
        charset: collation.as_deref().and_then(|name| name.split('_').next()).map(str::to_owned),
        collation: collation.clone(),
        comment: String::new(),
        invisible: false,
        explicit_collation: false,
        default_sql: String::new(),
    };
    let system = SystemColumn { ty: type_of(type_text, field, &shown, collation), nullable, shown };
    Some((column, system))
}

fn type_of(type_text: &str, field: FieldType, shown: &OutputColumn, collation: Option<String>) -> Type {
    let unsigned = type_text.contains("unsigned");
    if let Some(name) = collation {
        // Names of columns are compared in lower case, which the general collation does as well.
        let name = if name == "utf8mb3_tolower_ci" { "utf8mb3_general_ci".to_owned() } else { name };
        let collation = Some(Collation { name, coercibility: Coercibility::Column });
        return Type { field, collation, ..Type::text(shown.length / 4, "utf8mb3_general_ci") };
    }
    let base = type_text.split(['(', ' ']).next().unwrap_or_default();
    match base {
        "tinyint" | "int" => Type { field, unsigned, ..Type::integer(shown.length) },
        "bigint" if unsigned => Type { field, unsigned, carrier: Carrier::Numeric, ..Type::integer(shown.length) },
        "bigint" => Type { field, ..Type::integer(shown.length) },
        "decimal" => Type::decimal(shown.length.saturating_sub(2), shown.decimals),
        "float" | "double" => Type { field, decimals: NOT_FIXED, ..Type::double() },
        "datetime" | "timestamp" => Type { field, ..Type::datetime(shown.decimals) },
        "json" => Type { class: Class::Json, ..Type::json() },
        _bytes => Type { field, ..Type::bytes(shown.length) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        let lines = [COLUMNS, SHOWN].iter().flat_map(|text| text.lines()).filter(|line| line.starts_with('\t')).count();
        let columns: usize = TABLES.values().map(|table| table.columns.len()).sum();
        assert_eq!(columns, lines);
        assert!(TABLES.values().all(|table| table.columns.len() == table.table.columns.len()));
    }

    #[test]
    fn names_ignore_case() {
        assert!(find("INFORMATION_schema", "tables").is_some());
        assert!(is_known("mysql", "USER") && !is_known("mysql", "nothing"));
    }
}
