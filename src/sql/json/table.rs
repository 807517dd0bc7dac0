//! JSON_TABLE: a query over the values at a path, one for each level of NESTED PATH.
//!
//! MySQL's rule: a level is joined to the one around it as by LEFT JOIN, and levels side by side come one after the
//! other, each with NULL in the columns of the others. PostgreSQL before 17 has no JSON_TABLE, so this is LATERAL.

use sqlparser::ast::{
    Expr, Ident, JsonTableColumn, JsonTableColumnErrorHandling, JsonTableNamedColumn, TableAlias, Value as Token,
    ValueWithSpan,
};

use crate::schema::types::integer_range;
use crate::schema::{ColumnType, quote};

use super::super::expression::Lowering;
use super::super::lower::Place;
use super::super::plan::SqlError;
use super::super::scope::{Relation, Scope, ScopeColumn};
use super::super::types::{Carrier, Coercibility, Collation, Type, of_column_type};

/// A column of the table in the making.
struct Leaf {
    name: String,
    ty: Type,
}

/// One level, written.
struct Level {
    sql: String,
    /// Positions of its columns and of those below it among all columns.
    columns: Vec<usize>,
}

impl Lowering<'_> {
    /// `JSON_TABLE(document, path COLUMNS (…)) AS alias`; the relation is added to `scope`.
    pub(in crate::sql) fn json_table(
        &mut self,
        (document, path): (&Expr, &ValueWithSpan),
        columns: &[JsonTableColumn],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, SqlError> {
        let Some(alias) = alias else {
            return Err(SqlError::new(3667, "42000", "Every table function must have an alias".to_owned()));
        };
        if !alias.columns.is_empty() {
            return Err(SqlError::unsupported("names for the columns of JSON_TABLE"));
        }
        let called = alias.name.value.clone();
        let document = self.lower(document, Place::new(scope, "a table function argument"))?;
        let document = self.json_document(&document, "json_table", 1)?;
        let mut leaves = Vec::new();
        let level = self.level(&document, &text(path)?, columns, &mut leaves)?;
        for (at, leaf) in leaves.iter().enumerate() {
            if leaves.iter().take(at).any(|other| other.name.eq_ignore_ascii_case(&leaf.name)) {
                return Err(SqlError::new(1060, "42S21", format!("Duplicate column name '{}'", leaf.name)));
            }
        }
        let quoted = quote::identifier(&called);
        let columns = leaves.into_iter().enumerate().map(|(at, leaf)| ScopeColumn {
            name: leaf.name,
            sql: format!("{quoted}.c{at}"),
            ty: leaf.ty,
            nullable: true,
            origin: None,
            hidden: false,
        });
        scope.add(Relation {
            alias: called,
            database: None,
            table: None,
            columns: columns.collect(),
            optional: false,
            unique: Vec::new(),
        })?;
        Ok(format!("LATERAL ({}) AS {quoted}", level.sql))
    }

    fn level(
        &mut self,
        document: &str,
        path: &str,
        columns: &[JsonTableColumn],
        leaves: &mut Vec<Leaf>,
    ) -> Result<Level, SqlError> {
        let row = self.fresh("row");
        let (mut own, mut nested) = (Vec::new(), Vec::new());
        for column in columns {
            match column {
                JsonTableColumn::ForOrdinality(name) => {
                    own.push((leaves.len(), format!("{row}.n")));
                    leaves.push(ordinality(name));
                }
                JsonTableColumn::Named(named) => {
                    let (leaf, sql) = named_column(named, &row)?;
                    own.push((leaves.len(), sql));
                    leaves.push(leaf);
                }
                JsonTableColumn::Nested(inner) => {
                    nested.push(self.level(&format!("{row}.item"), &text(&inner.path)?, &inner.columns, leaves)?);
                }
            }
        }
        let mut list: Vec<String> = own.iter().map(|(at, sql)| format!("{sql} AS c{at}")).collect();
        let mut from = format!("\"mysql\".json_rows({document}, {}) AS {row}", quote::literal(path));
        if !nested.is_empty() {
            let below = self.fresh("below");
            let union: Vec<String> = nested.iter().map(|level| side_by_side(level, &nested, leaves)).collect();
            from.push_str(&format!(" LEFT JOIN LATERAL ({}) AS {below} ON TRUE", union.join(" UNION ALL ")));
            list.extend(nested.iter().flat_map(|level| &level.columns).map(|at| format!("{below}.c{at}")));
        }
        if list.is_empty() {
            return Err(SqlError::syntax(")", 1));
        }
        let below = nested.into_iter().flat_map(|level| level.columns);
        let columns = own.iter().map(|(at, _)| *at).chain(below).collect();
        Ok(Level { sql: format!("SELECT {} FROM {from}", list.join(", ")), columns })
    }
}

/// The rows of one of several levels, with NULL in the columns of the others.
fn side_by_side(level: &Level, all: &[Level], leaves: &[Leaf]) -> String {
    let list = all.iter().flat_map(|other| &other.columns).map(|at| {
        if level.columns.contains(at) {
            return format!("level.c{at}");
        }
        let carrier = leaves.get(*at).map_or(Carrier::Text, |leaf| leaf.ty.carrier);
        format!("NULL::{} AS c{at}", carrier.name())
    });
    format!("SELECT {} FROM ({}) AS level", list.collect::<Vec<_>>().join(", "), level.sql)
}

fn text(value: &ValueWithSpan) -> Result<String, SqlError> {
    match &value.value {
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => Ok(text.clone()),
        other => Err(SqlError::unsupported(format_args!("the path {other} in JSON_TABLE"))),
    }
}

fn ordinality(name: &Ident) -> Leaf {
    Leaf { name: name.value.clone(), ty: Type { flags: 0, ..Type::integer(10) } }
}

fn named_column(column: &JsonTableNamedColumn, row: &str) -> Result<(Leaf, String), SqlError> {
    let column_type = column_type(&column.r#type.to_string())?;
    let refused = || SqlError::unsupported(format_args!("a column of type {} in JSON_TABLE", column.r#type));
    let mut ty = of_column_type(&column_type).ok_or_else(refused)?;
    let (kind, size, digits) = match &column_type {
        _ if column.exists => ("EXISTS", 0, 0),
        ColumnType::Decimal { precision, scale, .. } => ("DECIMAL", i64::from(*precision), *scale),
        ColumnType::Double { .. } => ("DOUBLE", 0, 0),
        ColumnType::Float { .. } => ("FLOAT", 0, 0),
        ColumnType::Char { length } | ColumnType::VarChar { length } => ("CHAR", i64::from(*length), 0),
        ColumnType::TinyText | ColumnType::Text | ColumnType::MediumText | ColumnType::LongText => ("CHAR", -1, 0),
        ColumnType::Date => ("DATE", 0, 0),
        ColumnType::DateTime { fraction } => ("DATETIME", 0, *fraction),
        ColumnType::Time { fraction } => ("TIME", 0, *fraction),
        ColumnType::Json => ("JSON", 0, 0),
        integer if integer_range(integer).is_some() => ("SIGNED", 0, 0),
        _other => return Err(refused()),
    };
    if ty.is_text() {
        let name = "utf8mb4_0900_ai_ci".to_owned();
        ty.collation = Some(Collation { name, coercibility: Coercibility::Column });
    }
    let range = integer_range(&column_type).filter(|_| kind == "SIGNED");
    let (low, high) =
        range.map_or(("NULL".to_owned(), "NULL".to_owned()), |(low, high)| (low.to_string(), high.to_string()));
    let kind = if kind == "SIGNED" && range.is_some_and(|(low, _)| low == 0) { "UNSIGNED" } else { kind };
    let sql = format!(
        "\"mysql\".json_column({row}.item, {}, '{kind}', {size}, {digits}, {low}, {high}, {}, {}, {})",
        quote::literal(&text(&column.path)?),
        quote::literal(&answer(column.on_empty.as_ref())?),
        quote::literal(&answer(column.on_error.as_ref())?),
        quote::literal(&column.name.value)
    );
    let sql = match (&column_type, ty.carrier) {
        (ColumnType::Char { .. }, _) => format!("rtrim({sql}, ' ')"),
        (ColumnType::DateTime { fraction } | ColumnType::Time { fraction }, carrier) => {
            format!("({sql})::{}({fraction})", carrier.name())
        }
        (_, Carrier::Text) => sql,
        (_, carrier) => format!("({sql})::{}", carrier.name()),
    };
    Ok((Leaf { name: column.name.value.clone(), ty }, sql))
}

/// N, E, or D with the default's JSON text.
fn answer(clause: Option<&JsonTableColumnErrorHandling>) -> Result<String, SqlError> {
    match clause {
        None | Some(JsonTableColumnErrorHandling::Null) => Ok("N".to_owned()),
        Some(JsonTableColumnErrorHandling::Error) => Ok("E".to_owned()),
        Some(JsonTableColumnErrorHandling::Default(value)) => match &value.value {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => Ok(format!("D{text}")),
            _other => Err(SqlError::unsupported("non-string DEFAULT value for a column in a JSON_TABLE expression")),
        },
    }
}

/// The column's type from the parser's text of it.
fn column_type(text: &str) -> Result<ColumnType, SqlError> {
    let text = text.to_ascii_uppercase();
    let unsigned = text.ends_with(" UNSIGNED");
    let plain = text.trim_end_matches(" UNSIGNED").trim_end_matches(" SIGNED");
    let (word, argument) = plain.split_once('(').unwrap_or((plain, ""));
    let mut numbers = argument.trim_end_matches(')').split(',').map(|number| number.trim().parse::<u32>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let small = |number: Option<u32>, otherwise: u8| number.map_or(otherwise, |n| u8::try_from(n).unwrap_or(u8::MAX));
    let fraction = small(first, 0).min(6);
    Ok(match word.trim() {
        "BOOL" | "BOOLEAN" => ColumnType::TinyInt { unsigned: false, width: Some(1) },
        "TINYINT" => ColumnType::TinyInt { unsigned, width: None },
        "SMALLINT" => ColumnType::SmallInt { unsigned },
        "MEDIUMINT" => ColumnType::MediumInt { unsigned },
        "INT" | "INTEGER" => ColumnType::Int { unsigned },
        "BIGINT" => ColumnType::BigInt { unsigned },
        "DECIMAL" | "DEC" | "NUMERIC" => {
            ColumnType::Decimal { precision: small(first, 10).min(65), scale: small(second, 0).min(30), unsigned }
        }
        "DOUBLE" | "DOUBLE PRECISION" | "REAL" => ColumnType::Double { unsigned },
        "CHAR" | "CHARACTER" => ColumnType::Char { length: first.unwrap_or(1) },
        "VARCHAR" if first.is_some() => ColumnType::VarChar { length: first.unwrap_or(1) },
        "TINYTEXT" => ColumnType::TinyText,
        "TEXT" => ColumnType::Text,
        "MEDIUMTEXT" => ColumnType::MediumText,
        "LONGTEXT" => ColumnType::LongText,
        "DATE" => ColumnType::Date,
        "DATETIME" => ColumnType::DateTime { fraction },
        "TIME" => ColumnType::Time { fraction },
        "JSON" => ColumnType::Json,
        other => return Err(SqlError::unsupported(format_args!("a column of type {other} in JSON_TABLE"))),
    })
}
