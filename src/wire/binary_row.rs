//! A row of the binary protocol (MySQL's manual, Binary Protocol Resultset Row): a byte 0, a bit for each column that is
//! NULL, and the cells of the others, whose form the columns' types decide.

use super::constants::FieldType;
use super::reader::{Malformed, Reader};

/// The bits of the first columns that aren't columns.
const RESERVED: usize = 2;
/// In a definition's flags: the integer has no sign.
const UNSIGNED: u16 = 0x20;

/// What a definition says of the form of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    pub field: FieldType,
    pub unsigned: bool,
}

/// How long a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As many bytes as the type has.
    Fixed(usize),
    /// One byte before it tells.
    Byte,
    /// A length-encoded integer before it tells.
    Counted,
}

impl Column {
    /// Reads a column's definition.
    ///
    /// # Errors
    /// [`Malformed`] when it ends early or has a type that doesn't exist.
    pub fn of_definition(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        // Catalogue, schema, table, its own name, column, its own name.
        for _ in 0..6 {
            reader.lenenc_bytes()?;
        }
        // The number of bytes that follow, the collation and the width to show.
        reader.lenenc()?;
        reader.take(6)?;
        let field = FieldType::from_byte(reader.u8()?).ok_or(Malformed)?;
        let unsigned = reader.u16()? & UNSIGNED != 0;
        Ok(Self { field, unsigned })
    }

    /// How long its cells are.
    #[must_use]
    pub const fn length(self) -> Length {
        match self.field {
            FieldType::Null => Length::Fixed(0),
            FieldType::Tiny => Length::Fixed(1),
            FieldType::Short | FieldType::Year => Length::Fixed(2),
            FieldType::Long | FieldType::Int24 | FieldType::Float => Length::Fixed(4),
            FieldType::LongLong | FieldType::Double => Length::Fixed(8),
            FieldType::Date | FieldType::NewDate | FieldType::DateTime | FieldType::Timestamp | FieldType::Time => {
                Length::Byte
            }
            FieldType::Decimal
            | FieldType::NewDecimal
            | FieldType::VarChar
            | FieldType::VarString
            | FieldType::String
            | FieldType::Enum
            | FieldType::Set
            | FieldType::Json
            | FieldType::Bit
            | FieldType::TinyBlob
            | FieldType::MediumBlob
            | FieldType::LongBlob
            | FieldType::Blob
            | FieldType::Vector
            | FieldType::Geometry => Length::Counted,
        }
    }
}

/// The bytes before the cells of a row of so many columns.
#[must_use]
pub const fn head_length(columns: usize) -> usize {
    1 + (columns + RESERVED).div_ceil(8)
}

/// Whether a column is NULL, by the head of its row.
#[must_use]
pub fn is_null(head: &[u8], column: usize) -> bool {
    let bit = column + RESERVED;
    head.get(1 + bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
}

/// Walks over the cells of a row. Borrows from the payload.
#[derive(Clone, Copy, Debug)]
pub struct BinaryRow<'a> {
    head: &'a [u8],
    reader: Reader<'a>,
    place: usize,
}

impl<'a> BinaryRow<'a> {
    /// Starts at the first cell.
    ///
    /// # Errors
    /// [`Malformed`] when the payload is no row of so many columns.
    pub fn new(payload: &'a [u8], columns: usize) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let head = reader.take(head_length(columns))?;
        if head.first() == Some(&0) { Ok(Self { head, reader, place: 0 }) } else { Err(Malformed) }
    }

    /// The next cell, which is of this column; `None` inside is NULL. Its length isn't among its bytes.
    ///
    /// # Errors
    /// [`Malformed`] when the payload ends before the cell does.
    pub fn cell(&mut self, column: Column) -> Result<Option<&'a [u8]>, Malformed> {
        let place = self.place;
        self.place += 1;
        if is_null(self.head, place) {
            return Ok(None);
        }
        let bytes = match column.length() {
            Length::Fixed(length) => self.reader.take(length)?,
            Length::Byte => {
                let length = self.reader.u8()?;
                self.reader.take(length.into())?
            }
            Length::Counted => self.reader.lenenc_bytes()?,
        };
        Ok(Some(bytes))
    }

    /// True behind the last cell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { field: FieldType::Long, unsigned: false },
        Column { field: FieldType::VarString, unsigned: false },
        Column { field: FieldType::DateTime, unsigned: false },
        Column { field: FieldType::Tiny, unsigned: true },
    ];

    fn cells(payload: &[u8]) -> Result<Vec<Option<&[u8]>>, Malformed> {
        let mut row = BinaryRow::new(payload, COLUMNS.len())?;
        let cells = COLUMNS.iter().map(|column| row.cell(*column)).collect::<Result<Vec<_>, _>>()?;
        if row.is_empty() { Ok(cells) } else { Err(Malformed) }
    }

    #[test]
    fn cells_are_as_long_as_their_types_say() {
        let row = [0, 0b0000_1000, 5, 0, 0, 0, 4, 0xe8, 7, 2, 29, 9];
        assert_eq!(cells(&row), Ok(vec![Some(&[5, 0, 0, 0][..]), None, Some(&[0xe8, 7, 2, 29]), Some(&[9])]));
        for cut in 0..row.len() {
            assert_eq!(cells(&row[..cut]), Err(Malformed), "cut at {cut}");
        }
        assert_eq!(cells(b"\x01\0\0\0\0\0\0\0\0"), Err(Malformed));
    }

    #[test]
    fn a_definition_tells_type_and_sign() {
        let mut definition = b"\x03def\x01d\x01t\x01t\x01c\x01c\x0c\x3f\0".to_vec();
        definition.extend([20, 0, 0, 0, 8, 0x21, 0, 0, 0, 0]);
        let column = Column { field: FieldType::LongLong, unsigned: true };
        assert_eq!(Column::of_definition(&definition), Ok(column));
        assert_eq!(Column::of_definition(&definition[..15]), Err(Malformed));
    }
}
