//! Which PostgreSQL type holds a MySQL type. Every value of the MySQL type that PostgreSQL can hold at all has exactly
//! one image, and the MySQL value can be read back from it.
//!
//! - Integers keep their sign and range: the next wider type with a CHECK where PostgreSQL lacks the exact one. BIGINT
//!   UNSIGNED needs 64 bits without sign, which only `numeric(20,0)` has. TINYINT(1) stays a number: 2 is a value.
//! - BIT(n) is the unsigned number that its bits spell: `bigint` up to 63 bits, `numeric(20,0)` for 64. Numeric context,
//!   comparisons and b'…' literals then need no casts, and the width is in the catalogue.
//! - DATETIME has no zone, TIMESTAMP is an instant. TIME is a duration of up to 838 hours: an `interval` of hours,
//!   minutes and seconds only.
//! - CHAR(n) is `varchar(n)`: MySQL strips its padding when it reads, PostgreSQL's `char` would add it.
//! - ENUM and SET are text with a CHECK, since their labels change with ALTER TABLE.
//! - JSON is `jsonb`: both servers keep the last of duplicate keys and order keys by length, then bytes.

use super::ColumnType;

/// A PostgreSQL type as DDL spells it, with its object id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgType {
    /// With length or precision: `varchar(20)`, `timestamp(6)`.
    pub name: String,
    /// Object id of the type itself; the same in every PostgreSQL.
    pub oid: u32,
}

/// Object ids of the built-in types in use.
pub mod oid {
    pub const BYTEA: u32 = 17;
    pub const BIGINT: u32 = 20;
    pub const SMALLINT: u32 = 21;
    pub const INTEGER: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const REAL: u32 = 700;
    pub const DOUBLE: u32 = 701;
    pub const VARCHAR: u32 = 1043;
    pub const DATE: u32 = 1082;
    pub const TIMESTAMP: u32 = 1114;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const INTERVAL: u32 = 1186;
    pub const NUMERIC: u32 = 1700;
    pub const JSONB: u32 = 3802;
}

/// The PostgreSQL type of a MySQL type; `None` for the types that Bascule refuses by name.
#[must_use]
pub fn pg_type(column_type: &ColumnType) -> Option<PgType> {
    let (name, oid) = match column_type {
        ColumnType::TinyInt { .. } | ColumnType::SmallInt { unsigned: false } | ColumnType::Year => {
            ("smallint".to_owned(), oid::SMALLINT)
        }
        ColumnType::SmallInt { unsigned: true }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { unsigned: false } => ("integer".to_owned(), oid::INTEGER),
        ColumnType::Int { unsigned: true } | ColumnType::BigInt { unsigned: false } => {
            ("bigint".to_owned(), oid::BIGINT)
        }
        ColumnType::BigInt { unsigned: true } => ("numeric(20,0)".to_owned(), oid::NUMERIC),
        ColumnType::Bit { bits } if *bits < 64 => ("bigint".to_owned(), oid::BIGINT),
        ColumnType::Bit { .. } => ("numeric(20,0)".to_owned(), oid::NUMERIC),
        ColumnType::Decimal { precision, scale, .. } => (format!("numeric({precision},{scale})"), oid::NUMERIC),
        ColumnType::Float { .. } => ("real".to_owned(), oid::REAL),
        ColumnType::Double { .. } => ("double precision".to_owned(), oid::DOUBLE),
        ColumnType::Date => ("date".to_owned(), oid::DATE),
        ColumnType::Time { fraction } => (format!("interval({fraction})"), oid::INTERVAL),
        ColumnType::DateTime { fraction } => (format!("timestamp({fraction})"), oid::TIMESTAMP),
        ColumnType::Timestamp { fraction } => (format!("timestamptz({fraction})"), oid::TIMESTAMPTZ),
        ColumnType::Char { length: 0 } | ColumnType::VarChar { length: 0 } => ("text".to_owned(), oid::TEXT),
        ColumnType::Char { length } | ColumnType::VarChar { length } => (format!("varchar({length})"), oid::VARCHAR),
        ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. } => ("text".to_owned(), oid::TEXT),
        ColumnType::Binary { .. }
        | ColumnType::VarBinary { .. }
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob
        | ColumnType::Geometry { .. } => ("bytea".to_owned(), oid::BYTEA),
        ColumnType::Json => ("jsonb".to_owned(), oid::JSONB),
        ColumnType::Unsupported { .. } => return None,
    };
    Some(PgType { name, oid })
}

/// Smallest and largest value of an integer, BIT or YEAR type.
#[must_use]
pub fn integer_range(column_type: &ColumnType) -> Option<(i128, i128)> {
    let (bits, unsigned) = match column_type {
        ColumnType::TinyInt { unsigned, .. } => (8, *unsigned),
        ColumnType::SmallInt { unsigned } => (16, *unsigned),
        ColumnType::MediumInt { unsigned } => (24, *unsigned),
        ColumnType::Int { unsigned } => (32, *unsigned),
        ColumnType::BigInt { unsigned } => (64, *unsigned),
        ColumnType::Bit { bits } => (u32::from(*bits).min(64), true),
        ColumnType::Year => return Some((0, 2155)),
        _ => return None,
    };
    let span = 1_i128 << bits;
    Some(if unsigned { (0, span - 1) } else { (-(span / 2), span / 2 - 1) })
}

/// True for the types of whole numbers.
#[must_use]
pub const fn is_integer(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::TinyInt { .. }
            | ColumnType::SmallInt { .. }
            | ColumnType::MediumInt { .. }
            | ColumnType::Int { .. }
            | ColumnType::BigInt { .. }
    )
}

/// True for types that hold characters and so have a collation.
#[must_use]
pub fn is_character(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Char { .. }
            | ColumnType::VarChar { .. }
            | ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::Enum { .. }
            | ColumnType::Set { .. }
    )
}

/// True for types that hold bytes without a character set.
#[must_use]
pub fn is_binary(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Binary { .. }
            | ColumnType::VarBinary { .. }
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
            | ColumnType::Geometry { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_mysqls() {
        let range = |column_type| integer_range(&column_type);
        assert_eq!(range(ColumnType::TinyInt { unsigned: false, width: Some(1) }), Some((-128, 127)));
        assert_eq!(range(ColumnType::MediumInt { unsigned: true }), Some((0, 16_777_215)));
        assert_eq!(range(ColumnType::BigInt { unsigned: true }), Some((0, i128::from(u64::MAX))));
        assert_eq!(range(ColumnType::Bit { bits: 64 }), Some((0, i128::from(u64::MAX))));
        assert_eq!(range(ColumnType::Json), None);
    }

    #[test]
    fn refused_types_have_no_image() {
        assert_eq!(pg_type(&ColumnType::Unsupported { name: "vector(3)".to_owned() }), None);
    }
}
