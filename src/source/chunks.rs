//! Parts of a table by ranges of a key, whose bounds are found and compared by MySQL alone.
//!
//! # Why every row is in exactly one part
//! A bound is a value of the key, written as a literal with exactly the bytes that MySQL holds, in the column's own
//! character set. Parts are `key > lower` and not `key > upper`, so they follow each other without a gap and without an
//! overlap whatever the order is by which MySQL compares: collations, padding, signs. Key columns are never NULL, so a
//! comparison is never unknown. The first part has no lower bound and the last one no upper bound: nothing lies outside.
//!
//! What compares both servers cuts tables otherwise ([`crate::schema::Range`]): there both of them must agree on the order,
//! which is so for numbers and bytes alone. Here MySQL's own order is all that matters.
//!
//! Keys whose comparison isn't the order of their index (ENUM and SET compare as text, and floating-point and BIT
//! literals aren't exact everywhere), that hold beginnings of values only, or that mix directions aren't used.

use serde::{Deserialize, Serialize};

use super::backticks;
use super::snapshot::Reader;
use super::{SourceError, login::LoginError};
use crate::schema::{Column, ColumnType, Key, Table, TableName};

/// A value of a key, as literals of MySQL, one for each column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBound(Vec<String>);

/// The keys above one bound and not above another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    pub lower: Option<KeyBound>,
    pub upper: Option<KeyBound>,
}

impl KeyRange {
    /// True for the whole table.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.lower.is_none() && self.upper.is_none()
    }
}

/// How a column's values are written as literals.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Writing {
    /// Digits.
    Number,
    /// Dates and times in quotes.
    Quoted,
    /// Bytes, behind the name of their character set or alone.
    Bytes(Option<String>),
}

/// A key by which a table is read in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkKey {
    table: TableName,
    index: String,
    columns: Vec<(String, Writing)>,
}

impl ChunkKey {
    /// Reads a table by one of its keys, which must hold no NULL; `None` when it can't be read by this one.
    #[must_use]
    pub fn new(table: &Table, key: &Key) -> Option<Self> {
        let descending = key.parts.first()?.descending;
        let mut columns = Vec::with_capacity(key.parts.len());
        for part in &key.parts {
            let column = table.column(part.column.as_deref()?)?;
            if part.prefix.is_some() || part.descending != descending || column.nullable {
                return None;
            }
            columns.push((column.name.clone(), writing(table, column)?));
        }
        Some(Self { table: table.name.clone(), index: key.name.clone(), columns })
    }

    /// What follows the list of columns and the table in a query for a range.
    #[must_use]
    pub(super) fn selection(&self, range: &KeyRange) -> String {
        let mut conditions = Vec::new();
        if let Some(lower) = &range.lower {
            conditions.push(self.beyond(lower));
        }
        if let Some(upper) = &range.upper {
            conditions.push(self.not_beyond(upper));
        }
        let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        format!(" FORCE INDEX ({}){filter}", backticks(&self.index))
    }

    /// `key > bound`: `a > x OR a = x AND b > y`, which MySQL reads as ranges of the index, as it doesn't rows.
    fn beyond(&self, bound: &KeyBound) -> String {
        let pairs: Vec<(String, &String)> = self.pairs(bound);
        let mut condition = String::new();
        for (place, (column, literal)) in pairs.iter().enumerate().rev() {
            condition = if place + 1 == pairs.len() {
                format!("{column} > {literal}")
            } else {
                format!("({column} > {literal} OR ({column} = {literal} AND {condition}))")
            };
        }
        condition
    }

    fn not_beyond(&self, bound: &KeyBound) -> String {
        let pairs: Vec<(String, &String)> = self.pairs(bound);
        let mut condition = String::new();
        for (place, (column, literal)) in pairs.iter().enumerate().rev() {
            condition = if place + 1 == pairs.len() {
                format!("{column} <= {literal}")
            } else {
                format!("({column} < {literal} OR ({column} = {literal} AND {condition}))")
            };
        }
        condition
    }

    fn pairs<'b>(&self, bound: &'b KeyBound) -> Vec<(String, &'b String)> {
        self.columns.iter().map(|(name, _)| backticks(name)).zip(&bound.0).collect()
    }

    /// The key of the row that is `rows` rows behind the beginning of a range; `None` when the range ends before.
    ///
    /// # Errors
    /// When the query fails, or a value isn't of its type.
    pub async fn bound(
        &self,
        reader: &mut Reader,
        range: &KeyRange,
        rows: u64,
    ) -> Result<Option<KeyBound>, SourceError> {
        const ACTION: &str = "looking for the parts of a table";
        let read = |(name, writing): &(String, Writing)| match writing {
            Writing::Number | Writing::Quoted => backticks(name),
            Writing::Bytes(_) => format!("HEX({})", backticks(name)),
        };
        let columns: Vec<String> = self.columns.iter().map(read).collect();
        let order: Vec<String> = self.columns.iter().map(|(name, _)| backticks(name)).collect();
        let sql = format!(
            "SELECT {} FROM {}.{}{} ORDER BY {} LIMIT 1 OFFSET {}",
            columns.join(", "),
            backticks(&self.table.database),
            backticks(&self.table.table),
            self.selection(range),
            order.join(", "),
            rows.saturating_sub(1)
        );
        let Some(row) = reader.first(ACTION, &sql).await? else { return Ok(None) };
        let literals = self.columns.iter().zip(row).map(|((_, writing), cell)| literal(writing, &cell?));
        let literals: Option<Vec<String>> = literals.collect();
        let literals = literals.filter(|literals| literals.len() == self.columns.len());
        let bound = literals.ok_or_else(|| SourceError::session(ACTION)(LoginError::Protocol("a value of a key")))?;
        Ok(Some(KeyBound(bound)))
    }
}

fn writing(table: &Table, column: &Column) -> Option<Writing> {
    match &column.column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Decimal { .. }
        | ColumnType::Year => Some(Writing::Number),
        ColumnType::Date | ColumnType::Time { .. } | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => {
            Some(Writing::Quoted)
        }
        ColumnType::Char { .. } | ColumnType::VarChar { .. } => {
            let charset = column.charset.as_deref().unwrap_or(&table.charset);
            let plain = !charset.is_empty() && charset.bytes().all(|byte| byte.is_ascii_alphanumeric());
            plain.then(|| Writing::Bytes(Some(charset.to_owned())))
        }
        ColumnType::Binary { .. } | ColumnType::VarBinary { .. } => Some(Writing::Bytes(None)),
        ColumnType::Float { .. }
        | ColumnType::Double { .. }
        | ColumnType::Bit { .. }
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. }
        | ColumnType::TinyText
        | ColumnType::Text
        | ColumnType::MediumText
        | ColumnType::LongText
        | ColumnType::TinyBlob
        | ColumnType::Blob
        | ColumnType::MediumBlob
        | ColumnType::LongBlob
        | ColumnType::Json
        | ColumnType::Geometry { .. }
        | ColumnType::Unsupported { .. } => None,
    }
}

/// A cell as a literal; `None` when it isn't of its type.
fn literal(writing: &Writing, cell: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(cell).ok()?;
    let only = |allowed: &str| text.chars().all(|letter| letter.is_ascii_digit() || allowed.contains(letter));
    match writing {
        Writing::Number => (!text.is_empty() && only("-.")).then(|| text.to_owned()),
        Writing::Quoted => (!text.is_empty() && only("-.: ")).then(|| format!("'{text}'")),
        Writing::Bytes(charset) => {
            let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
            let charset = charset.as_ref().map(|name| format!("_{name} ")).unwrap_or_default();
            hex.then(|| format!("{charset}X'{text}'"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(columns: &[(&str, Writing)]) -> ChunkKey {
        let name = TableName { database: "d".to_owned(), table: "t".to_owned() };
        let columns = columns.iter().map(|(name, writing)| ((*name).to_owned(), writing.clone())).collect();
        ChunkKey { table: name, index: "PRIMARY".to_owned(), columns }
    }

    #[test]
    fn parts_follow_each_other_without_gap_and_overlap() {
        let key = key(&[("a", Writing::Number), ("b", Writing::Number)]);
        let bound = |a: &str, b: &str| Some(KeyBound(vec![a.to_owned(), b.to_owned()]));
        let range = KeyRange { lower: bound("1", "2"), upper: bound("3", "4") };
        assert_eq!(
            key.selection(&range),
            " FORCE INDEX (`PRIMARY`) WHERE (`a` > 1 OR (`a` = 1 AND `b` > 2)) AND (`a` < 3 OR (`a` = 3 AND `b` <= 4))"
        );
        assert_eq!(key.selection(&KeyRange::default()), " FORCE INDEX (`PRIMARY`)");
    }

    #[test]
    fn literals_hold_nothing_but_values() {
        let latin = Writing::Bytes(Some("latin1".to_owned()));
        assert_eq!(literal(&Writing::Number, b"-12.50").as_deref(), Some("-12.50"));
        assert_eq!(literal(&Writing::Number, b"1 OR 1"), None);
        assert_eq!(literal(&Writing::Quoted, b"2024-01-02 03:04:05.678").as_deref(), Some("'2024-01-02 03:04:05.678'"));
        assert_eq!(literal(&Writing::Quoted, b"' OR '1"), None);
        assert_eq!(literal(&latin, b"").as_deref(), Some("_latin1 X''"));
        assert_eq!(literal(&Writing::Bytes(None), b"00FF").as_deref(), Some("X'00FF'"));
        assert_eq!(literal(&Writing::Bytes(None), b"zz"), None);
    }
}
