//! Which PostgreSQL type each MySQL type in use becomes, and whether anything of it is different there.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::convert;
use crate::schema::{Catalogue, Column, ColumnType, types};

/// How a type is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Carried {
    /// Every value, and nothing to be said.
    Exact,
    /// Every value, in a form that tools which go to PostgreSQL directly should know.
    Bent,
    /// Not at all.
    Refused,
}

/// A type in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeMapping {
    /// As MySQL writes it, without the labels of ENUM and SET.
    pub mysql: String,
    /// As PostgreSQL writes it; empty when it's refused.
    pub postgresql: String,
    pub carried: Carried,
    /// What is different.
    pub reason: &'static str,
    /// How many columns are of it.
    pub columns: usize,
}

/// Every type of the catalogue's columns, by MySQL's name.
pub(super) fn of(catalogue: &Catalogue) -> Vec<TypeMapping> {
    let mut found: BTreeMap<String, TypeMapping> = BTreeMap::new();
    for table in convert::tables_of(catalogue) {
        for column in &table.columns {
            let name = shown(column);
            let fresh = || mapping(&name, &column.column_type);
            found.entry(name.clone()).or_insert_with(fresh).columns += 1;
        }
    }
    found.into_values().collect()
}

/// The labels would make one line of each column.
fn shown(column: &Column) -> String {
    match column.column_type {
        ColumnType::Enum { .. } => "enum".to_owned(),
        ColumnType::Set { .. } => "set".to_owned(),
        _ => column.type_text.clone(),
    }
}

fn mapping(name: &str, column_type: &ColumnType) -> TypeMapping {
    let image = types::pg_type(column_type);
    let reason = image.as_ref().map_or("PostgreSQL has no exact image of it", |_| reason(column_type));
    let carried = match (&image, reason) {
        (None, _) => Carried::Refused,
        (Some(_), "") => Carried::Exact,
        (Some(_), _) => Carried::Bent,
    };
    TypeMapping {
        mysql: name.to_owned(),
        postgresql: image.map(|image| image.name).unwrap_or_default(),
        carried,
        reason,
        columns: 0,
    }
}

/// What a tool that goes to PostgreSQL directly should know; clients of Bascule see MySQL's type.
const fn reason(column_type: &ColumnType) -> &'static str {
    match column_type {
        ColumnType::TinyInt { width: Some(1), .. } => "a number, not boolean: 2 is a value",
        ColumnType::BigInt { unsigned: true } | ColumnType::Bit { bits: 64 } => {
            "only numeric holds 64 bits without sign; keys on it are larger and slower"
        }
        ColumnType::Bit { .. } => "the number that the bits spell",
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => {
            "the zero date is -infinity; partial dates are refused"
        }
        ColumnType::Time { .. } => "a duration, up to 838:59:59 either way",
        ColumnType::Enum { .. } | ColumnType::Set { .. } => "text with a CHECK of the labels",
        ColumnType::Geometry { .. } => "MySQL's own bytes, SRID and WKB; no spatial index",
        ColumnType::Json => "jsonb: names of members without NUL",
        ColumnType::Char { .. } => "without the padding, as MySQL reads it",
        _ => "",
    }
}
