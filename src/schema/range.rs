//! A part of a table's rows: a range of one column's values that both servers understand alike.
//!
//! Numbers and bytes have one order everywhere, text has one for each collation. So a table is only cut along a column
//! of integers or of bytes; any other is one part.

use super::{Column, ColumnType, Key, KeyKind, KeyPart, Table, quote, types};

/// An end of a range.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    Integer(i128),
    Bytes(Vec<u8>),
}

impl Bound {
    /// A bound of a column, from the text in which MySQL sends its value; `None` when the column has no common order.
    #[must_use]
    pub fn of_source(column_type: &ColumnType, value: &[u8]) -> Option<Self> {
        match column_type {
            column_type if types::is_integer(column_type) => {
                std::str::from_utf8(value).ok()?.parse().ok().map(Self::Integer)
            }
            ColumnType::Binary { .. } | ColumnType::VarBinary { .. } => Some(Self::Bytes(value.to_vec())),
            _ => None,
        }
    }

    /// The value as MySQL reads it.
    #[must_use]
    pub fn for_source(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Bytes(bytes) => format!("X'{}'", hexadecimal(bytes)),
        }
    }

    /// The value as PostgreSQL reads it.
    #[must_use]
    pub fn for_target(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Bytes(bytes) => quote::bytes(bytes),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rows whose column is above one bound and not above the other; open where there is no bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub above: Option<Bound>,
    pub upto: Option<Bound>,
}

impl Range {
    /// Every row.
    pub const EVERYTHING: Self = Self { above: None, upto: None };

    /// Whether it's every row.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::EVERYTHING
    }

    /// The condition under which a row is in it, beginning with WHERE; empty for every row. `column` is quoted for the
    /// server that `literal` writes for.
    #[must_use]
    pub fn condition(&self, column: &str, literal: fn(&Bound) -> String) -> String {
        let above = self.above.as_ref().map(|bound| format!("{column} > {}", literal(bound)));
        let upto = self.upto.as_ref().map(|bound| format!("{column} <= {}", literal(bound)));
        let both: Vec<String> = above.into_iter().chain(upto).collect();
        if both.is_empty() { String::new() } else { format!(" WHERE {}", both.join(" AND ")) }
    }
}

impl Table {
    /// The column along which the rows can be cut: the first of a key that tells every row apart, if both servers have
    /// the same order for it. Generated columns don't count: the same is asked of a table without them when rows are copied.
    #[must_use]
    pub fn cut_along(&self) -> Option<&Column> {
        let unique = self.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique));
        let ordered = |column: &Column| {
            let bytes = matches!(column.column_type, ColumnType::Binary { .. } | ColumnType::VarBinary { .. });
            bytes || types::is_integer(&column.column_type)
        };
        unique.map(|key| self.columns_of(key)).find_map(|columns| {
            let columns = columns
                .filter(|columns| columns.iter().all(|column| !column.nullable && column.generated.is_none()))?;
            let first = columns.first().copied()?;
            ordered(first).then_some(first)
        })
    }

    /// The columns of a key; `None` when a part is an expression or the beginning of a column.
    fn columns_of(&self, key: &Key) -> Option<Vec<&Column>> {
        let whole = |part: &&KeyPart| part.prefix.is_none();
        let column = |part: &KeyPart| self.column(Some(part).filter(whole)?.column.as_deref()?);
        key.parts.iter().map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_condition_for_either_server() {
        let range = Range { above: Some(Bound::Integer(-5)), upto: Some(Bound::Bytes(vec![0, 0xff])) };
        assert_eq!(range.condition("`a`", Bound::for_source), " WHERE `a` > -5 AND `a` <= X'00ff'");
        assert_eq!(range.condition("a", Bound::for_target), " WHERE a > -5 AND a <= decode('00ff', 'hex')");
        assert_eq!(Range::EVERYTHING.condition("a", Bound::for_target), "");
    }

    #[test]
    fn bounds_are_numbers_or_bytes_and_nothing_else() {
        let unsigned = ColumnType::BigInt { unsigned: true };
        assert_eq!(Bound::of_source(&unsigned, b"18446744073709551615"), Some(Bound::Integer(u64::MAX.into())));
        assert_eq!(Bound::of_source(&unsigned, b"1 OR 1"), None);
        assert_eq!(Bound::of_source(&ColumnType::Binary { length: 2 }, b"a\0"), Some(Bound::Bytes(b"a\0".to_vec())));
        assert_eq!(Bound::of_source(&ColumnType::Text, b"a"), None);
    }
}
