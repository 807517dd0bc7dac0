//! What the rows that are there already get in a new column.

use crate::schema::ColumnType;
use crate::schema::quote::{self, literal};

/// What MySQL stores in existing rows for a new NOT NULL column without a default; dates have no such value.
pub(super) fn implicit_default(column_type: &ColumnType) -> Option<String> {
    use ColumnType as T;
    let text = match column_type {
        T::TinyInt { .. }
        | T::SmallInt { .. }
        | T::MediumInt { .. }
        | T::Int { .. }
        | T::BigInt { .. }
        | T::Decimal { .. }
        | T::Float { .. }
        | T::Double { .. }
        | T::Bit { .. }
        | T::Year => "0".to_owned(),
        T::Time { .. } => "'00:00:00'".to_owned(),
        T::Char { .. }
        | T::VarChar { .. }
        | T::TinyText
        | T::Text
        | T::MediumText
        | T::LongText
        | T::VarBinary { .. }
        | T::TinyBlob
        | T::Blob
        | T::MediumBlob
        | T::LongBlob
        | T::Geometry { .. }
        | T::Set { .. } => "''".to_owned(),
        T::Binary { length } => quote::bytes(&vec![0; usize::try_from(*length).unwrap_or(0)]),
        T::Enum { labels } => literal(labels.first().map_or("", String::as_str)),
        T::Json => "'null'::jsonb".to_owned(),
        T::Date | T::DateTime { .. } | T::Timestamp { .. } | T::Unsupported { .. } => return None,
    };
    Some(text)
}
