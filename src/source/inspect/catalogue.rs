//! The schema of the carried databases, from information_schema; and what lies beside the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable as _};

use super::facts::{Family, family};
use super::shown::{self, Reasons};
use super::{SourceError, mariadb};
use crate::schema::{
    Catalogue, Column, ColumnDefault, ColumnType, Database, ForeignKey, Generated, Key, KeyKind, KeyOptions, KeyPart,
    ReferentialAction, Table, TableName, column_type,
};

const ACTION: &str = "reading the schema";
/// So often the schema is read while tables go.
const READINGS: u32 = 20;
/// ER_NO_SUCH_TABLE.
const NO_SUCH_TABLE: u16 = 1146;
const TRIGGERED: &str =
    "SELECT DISTINCT event_object_table FROM information_schema.triggers WHERE event_object_schema = ?";

/// Something in a carried database that Bascule doesn't bring to PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCarried {
    /// `trigger`, `event`, `MyISAM table`, …
    pub kind: String,
    pub database: String,
    pub name: String,
}

/// The tables of `databases` as MySQL defines them now. Types and keys that aren't carried are part of the answer;
/// `schema::ddl` names them.
///
/// # Errors
/// When a database isn't there or can't be carried under its name, or a query fails.
pub async fn catalogue(conn: &mut Conn, databases: &[String]) -> Result<Catalogue, SourceError> {
    catalogue_with_reasons(conn, databases).await.map(|(catalogue, _)| catalogue)
}

/// The same, and why expressions of some tables have no image in PostgreSQL.
///
/// A table may go between the question which ones there are and those about itself: then everything is read again, a
/// bounded number of times.
///
/// # Errors
/// As [`catalogue`].
pub async fn catalogue_with_reasons(
    conn: &mut Conn,
    databases: &[String],
) -> Result<(Catalogue, Reasons), SourceError> {
    let mut left = READINGS;
    loop {
        left -= 1;
        match read_once(conn, databases).await {
            Err(error) if left > 0 && error.mysql_code() == Some(NO_SUCH_TABLE) => {}
            read => return read,
        }
    }
}

async fn read_once(conn: &mut Conn, databases: &[String]) -> Result<(Catalogue, Reasons), SourceError> {
    let mut reasons = Reasons::new();
    let family = family(conn).await?;
    let folding: Option<u8> = first(conn, "SELECT @@GLOBAL.lower_case_table_names").await?;
    let mut catalogue = Catalogue {
        version: 1,
        lower_case_table_names: folding.unwrap_or(0),
        databases: BTreeMap::new(),
        ..Catalogue::default()
    };
    for name in databases {
        check_name(name)?;
        let found: Option<(String, String, String)> = conn
            .exec_first(
                "SELECT schema_name, default_character_set_name, default_collation_name \
                 FROM information_schema.schemata WHERE schema_name = ?",
                (name,),
            )
            .await
            .map_err(SourceError::query(ACTION))?;
        let Some((name, charset, collation)) = found else {
            return Err(SourceError::Database { database: name.clone(), reason: "MySQL has none of that name" });
        };
        let tables = tables(conn, &name, family).await?;
        let mut database = Database { charset, collation, tables, ..Database::default() };
        shown::complete(conn, (&name, family), &mut database, &mut reasons).await?;
        catalogue.databases.insert(name, database);
    }
    Ok((catalogue, reasons))
}

/// Events, triggers and tables without transactions in `databases`.
///
/// # Errors
/// When a query fails.
pub async fn not_carried(conn: &mut Conn, databases: &[String]) -> Result<Vec<NotCarried>, SourceError> {
    const QUERIES: [&str; 2] = [
        "SELECT 'event', event_schema, event_name FROM information_schema.events WHERE event_schema = ?",
        "SELECT concat(engine, ' table'), table_schema, table_name FROM information_schema.tables \
         WHERE table_type = 'BASE TABLE' AND engine <> 'InnoDB' AND table_schema = ?",
    ];
    let mut found = Vec::new();
    for database in databases {
        for query in QUERIES {
            let rows: Vec<(String, String, String)> = rows(conn, query, database).await?;
            found.extend(rows.into_iter().map(|(kind, database, name)| NotCarried { kind, database, name }));
        }
    }
    Ok(found)
}

/// The tables of `databases` that have triggers, now.
///
/// # Errors
/// When a query fails.
pub async fn triggered(conn: &mut Conn, databases: &[String]) -> Result<BTreeSet<TableName>, SourceError> {
    let mut found = BTreeSet::new();
    for database in databases {
        let tables: Vec<String> = rows(conn, TRIGGERED, database).await?;
        found.extend(tables.into_iter().map(|table| TableName { database: database.clone(), table }));
    }
    Ok(found)
}

/// The AUTO_INCREMENT value that MySQL would hand out next for a table, now.
///
/// # Errors
/// When the query fails.
pub async fn auto_increment(conn: &mut Conn, name: &TableName) -> Result<Option<u64>, SourceError> {
    const SQL: &str = "SELECT auto_increment FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
    let next: Option<Option<u64>> = conn
        .exec_first(SQL, (&name.database, &name.table))
        .await
        .map_err(SourceError::query("reading AUTO_INCREMENT"))?;
    Ok(next.flatten())
}

/// The next AUTO_INCREMENT values of every table in the catalogue that has one, now.
///
/// # Errors
/// When a query fails.
pub async fn auto_increments(conn: &mut Conn, catalogue: &Catalogue) -> Result<BTreeMap<TableName, u64>, SourceError> {
    let mut found = BTreeMap::new();
    for table in catalogue.databases.values().flat_map(|database| database.tables.values()) {
        if table.auto_increment_column().is_some()
            && let Some(next) = auto_increment(conn, &table.name).await?
        {
            found.insert(table.name.clone(), next);
        }
    }
    Ok(found)
}

/// Schemas that MySQL, PostgreSQL or Bascule itself need.
fn check_name(database: &str) -> Result<(), SourceError> {
    let lower = database.to_ascii_lowercase();
    let reason = match lower.as_str() {
        "mysql" | "information_schema" | "performance_schema" | "sys" => "it is MySQL's own",
        "bascule" => "Bascule keeps its state under that name",
        _ if lower == crate::schema::TEMPORARY_SCHEMA => "Bascule keeps temporary tables under that name",
        _ if lower.starts_with("pg_") => "PostgreSQL keeps names that begin with pg_ to itself",
        _ => return Ok(()),
    };
    Err(SourceError::Database { database: database.to_owned(), reason })
}

async fn tables(conn: &mut Conn, database: &str, family: Family) -> Result<BTreeMap<String, Arc<Table>>, SourceError> {
    type Fields = (String, String, Option<String>, Option<String>, Option<u64>, Option<String>);
    let listed: Vec<Fields> = rows(
        conn,
        "SELECT table_name, table_type, engine, table_collation, auto_increment, table_comment \
         FROM information_schema.tables \
         WHERE table_type IN ('BASE TABLE', 'SEQUENCE', 'SYSTEM VERSIONED') AND table_schema = ?",
        database,
    )
    .await?;
    let mut columns = match family {
        Family::MySql => columns(conn, database).await?,
        Family::MariaDb => columns_of_mariadb(conn, database).await?,
    };
    let mut foreign_keys = foreign_keys(conn, database).await?;
    let triggers: Vec<String> = rows(conn, TRIGGERED, database).await?;
    let triggers: BTreeSet<String> = triggers.into_iter().collect();
    let mut tables = BTreeMap::new();
    for (table, table_type, engine, collation, auto_increment, comment) in listed {
        let keys = keys(conn, database, &table).await?;
        let collation = collation.unwrap_or_default();
        let columns = columns.remove(&table).unwrap_or_default();
        let counted = columns.iter().any(|column| column.auto_increment);
        let found = Table {
            name: TableName { database: database.to_owned(), table: table.clone() },
            columns,
            keys,
            foreign_keys: foreign_keys.remove(&table).unwrap_or_default(),
            charset: collation.split('_').next().unwrap_or_default().to_owned(),
            collation,
            auto_increment: if counted { Some(auto_increment.unwrap_or(1)) } else { None },
            comment: comment.unwrap_or_default(),
            // What is more than a table is refused by this name.
            engine: mariadb::special(&table_type).map(str::to_owned).or(engine).unwrap_or_default(),
            has_triggers: triggers.contains(&table),
            merge: None,
            ..Table::default()
        };
        tables.insert(table, Arc::new(found));
    }
    Ok(tables)
}

async fn columns(conn: &mut Conn, database: &str) -> Result<BTreeMap<String, Vec<Column>>, SourceError> {
    type Fields = (
        String,
        String,
        Option<String>,
        String,
        String,
        Option<String>,
        Option<String>,
        String,
        Option<String>,
        Option<String>,
        Option<u32>,
    );
    let rows: Vec<Fields> = rows(
        conn,
        "SELECT table_name, column_name, column_default, is_nullable, column_type, character_set_name, \
         collation_name, extra, generation_expression, column_comment, srs_id FROM information_schema.columns \
         WHERE table_schema = ? ORDER BY table_name, ordinal_position",
        database,
    )
    .await?;
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for (table, name, default, nullable, type_text, charset, collation, extra, expression, comment, srs_id) in rows {
        let mut column_type = column_type(&type_text);
        if let ColumnType::Geometry { srid, .. } = &mut column_type {
            *srid = srs_id;
        }
        let nullable = nullable == "YES";
        let generated = extra.contains(" GENERATED").then(|| Generated {
            expression: expression.unwrap_or_default(),
            stored: extra.contains("STORED"),
            sql: String::new(),
        });
        let column = Column {
            default: self::default(default, nullable, &extra, &column_type),
            on_update_now: on_update(&extra),
            auto_increment: extra.contains("auto_increment"),
            invisible: extra.contains("INVISIBLE"),
            explicit_collation: false,
            default_sql: String::new(),
            comment: comment.unwrap_or_default(),
            name,
            column_type,
            type_text,
            nullable,
            generated,
            charset,
            collation,
        };
        tables.entry(table).or_default().push(column);
    }
    Ok(tables)
}

/// The same of MariaDB, which knows no SRID and says defaults in another way.
async fn columns_of_mariadb(conn: &mut Conn, database: &str) -> Result<BTreeMap<String, Vec<Column>>, SourceError> {
    type Fields = (
        String,
        String,
        Option<String>,
        String,
        String,
        Option<String>,
        Option<String>,
        String,
        Option<String>,
        Option<String>,
    );
    let rows: Vec<Fields> = rows(
        conn,
        "SELECT table_name, column_name, column_default, is_nullable, column_type, character_set_name, \
         collation_name, extra, generation_expression, column_comment FROM information_schema.columns \
         WHERE table_schema = ? ORDER BY table_name, ordinal_position",
        database,
    )
    .await?;
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for (table, name, default, nullable, type_text, charset, collation, extra, expression, comment) in rows {
        let type_text = mariadb::type_text(&type_text);
        let column_type = column_type(&type_text);
        let generated = extra.contains(" GENERATED").then(|| Generated {
            expression: expression.unwrap_or_default(),
            stored: extra.contains("STORED"),
            sql: String::new(),
        });
        let column = Column {
            default: mariadb::default(default, generated.is_some(), &column_type),
            on_update_now: on_update(&extra),
            auto_increment: extra.contains("auto_increment"),
            invisible: extra.contains("INVISIBLE"),
            explicit_collation: false,
            default_sql: String::new(),
            comment: comment.unwrap_or_default(),
            name,
            column_type,
            type_text,
            nullable: nullable == "YES",
            generated,
            charset,
            collation,
        };
        tables.entry(table).or_default().push(column);
    }
    for (table, columns) in &mut tables {
        let asked: Vec<&Column> = columns.iter().filter(|column| mariadb::holds_bytes(column)).collect();
        if asked.is_empty() {
            continue;
        }
        let sql = mariadb::ask_for_bytes(database, table, &asked);
        let row: Option<mysql_async::Row> = first(conn, &sql).await?;
        let digits: Vec<Option<String>> = (0..asked.len()).map(|at| row.as_ref()?.get(at)).collect();
        for (column, digits) in columns.iter_mut().filter(|column| mariadb::holds_bytes(column)).zip(digits) {
            let unexpected = || SourceError::Unexpected { action: ACTION, what: format!("default of {}", column.name) };
            let bytes = digits.as_deref().and_then(shown::hexadecimal).ok_or_else(unexpected)?;
            column.default = ColumnDefault::Constant(shown::printed(&column.column_type, bytes));
        }
    }
    Ok(tables)
}

fn default(text: Option<String>, nullable: bool, extra: &str, column_type: &ColumnType) -> ColumnDefault {
    let Some(text) = text else {
        return if nullable { ColumnDefault::Null } else { ColumnDefault::None };
    };
    if let Some(fraction) = current_timestamp(&text)
        && matches!(column_type, ColumnType::DateTime { .. } | ColumnType::Timestamp { .. })
    {
        return ColumnDefault::Now(fraction);
    }
    // information_schema cuts a binary default at its first NUL byte, so only SHOW CREATE TABLE knows it.
    let binary = crate::schema::types::is_binary(column_type) && !text.is_empty();
    if extra.contains("DEFAULT_GENERATED") || binary {
        return ColumnDefault::Expression(text);
    }
    ColumnDefault::Constant(text)
}

/// `CURRENT_TIMESTAMP` or `CURRENT_TIMESTAMP(3)`: its digits.
pub(super) fn current_timestamp(text: &str) -> Option<u8> {
    let rest = text.get(.."CURRENT_TIMESTAMP".len()).filter(|head| head.eq_ignore_ascii_case("CURRENT_TIMESTAMP"));
    let rest = text.get(rest?.len()..)?;
    match rest {
        "" | "()" => Some(0),
        _ => rest.strip_prefix('(')?.strip_suffix(')')?.parse().ok(),
    }
}

fn on_update(extra: &str) -> Option<u8> {
    let lower = extra.to_ascii_lowercase();
    let at = lower.find("on update ")? + "on update ".len();
    current_timestamp(lower.get(at..)?.split_whitespace().next()?)
}

/// SHOW INDEX lists keys in the order in which MySQL checks them; information_schema has lost that order.
async fn keys(conn: &mut Conn, database: &str, table: &str) -> Result<Vec<Key>, SourceError> {
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    let sql = format!("SHOW INDEX FROM {}.{}", quote(database), quote(table));
    let rows: Vec<mysql_async::Row> = conn.query(sql).await.map_err(SourceError::query(ACTION))?;
    let mut keys: Vec<Key> = Vec::new();
    for mut row in rows {
        let missing = || SourceError::Unexpected { action: ACTION, what: "SHOW INDEX lacks a column".to_owned() };
        let name: String = row.take("Key_name").ok_or_else(missing)?;
        let unique: u8 = row.take("Non_unique").ok_or_else(missing)?;
        let index_type: String = row.take("Index_type").ok_or_else(missing)?;
        let order: Option<String> = row.take("Collation").unwrap_or(None);
        let part = KeyPart {
            column: row.take("Column_name").ok_or_else(missing)?,
            expression: row.take("Expression").unwrap_or(None),
            sql: String::new(),
            prefix: row.take("Sub_part").unwrap_or(None),
            descending: order.as_deref() == Some("D"),
        };
        let kind = match (name.as_str(), unique, index_type.as_str()) {
            (_, _, "FULLTEXT") => KeyKind::Fulltext,
            (_, _, "SPATIAL") => KeyKind::Spatial,
            ("PRIMARY", _, _) => KeyKind::Primary,
            (_, 0, _) => KeyKind::Unique,
            _ => KeyKind::Secondary,
        };
        match keys.last_mut() {
            Some(last) if last.name == name => last.parts.push(part),
            _ => keys.push(Key { name, kind, parts: vec![part], options: KeyOptions::default() }),
        }
    }
    Ok(keys)
}

async fn foreign_keys(conn: &mut Conn, database: &str) -> Result<BTreeMap<String, Vec<ForeignKey>>, SourceError> {
    type Fields = (String, String, String, String, String, String, String, String);
    let rows: Vec<Fields> = rows(
        conn,
        "SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema, k.referenced_table_name, \
         k.referenced_column_name, r.delete_rule, r.update_rule \
         FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
         AND r.table_name = k.table_name \
         WHERE k.referenced_table_name IS NOT NULL AND k.constraint_schema = ? \
         ORDER BY k.table_name, k.constraint_name, k.ordinal_position",
        database,
    )
    .await?;
    let mut tables: BTreeMap<String, Vec<ForeignKey>> = BTreeMap::new();
    for (table, name, column, schema, referenced, referenced_column, on_delete, on_update) in rows {
        let keys = tables.entry(table).or_default();
        match keys.last_mut() {
            Some(last) if last.name == name => {
                last.columns.push(column);
                last.referenced_columns.push(referenced_column);
            }
            _ => keys.push(ForeignKey {
                name,
                columns: vec![column],
                references: TableName { database: schema, table: referenced },
                referenced_columns: vec![referenced_column],
                on_delete: action(&on_delete)?,
                on_update: action(&on_update)?,
            }),
        }
    }
    Ok(tables)
}

fn action(rule: &str) -> Result<ReferentialAction, SourceError> {
    Ok(match rule {
        "NO ACTION" => ReferentialAction::NoAction,
        "RESTRICT" => ReferentialAction::Restrict,
        "CASCADE" => ReferentialAction::Cascade,
        "SET NULL" => ReferentialAction::SetNull,
        "SET DEFAULT" => ReferentialAction::SetDefault,
        other => return Err(SourceError::Unexpected { action: ACTION, what: format!("referential rule {other}") }),
    })
}

async fn rows<T: FromRow + Send + 'static>(conn: &mut Conn, sql: &str, database: &str) -> Result<Vec<T>, SourceError> {
    conn.exec(sql, (database,)).await.map_err(SourceError::query(ACTION))
}

async fn first<T: FromRow + Send + 'static>(conn: &mut Conn, sql: &str) -> Result<Option<T>, SourceError> {
    conn.query_first(sql).await.map_err(SourceError::query(ACTION))
}
