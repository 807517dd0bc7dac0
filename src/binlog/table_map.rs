//! How the rows of a table are packed in the events that follow.

use crate::schema::TableName;
use crate::wire::reader::Reader;

use super::{BinlogError, bit};

/// MySQL's codes of column types, as they stand in a table map.
pub(super) mod code {
    pub(in super::super) const TINY: u8 = 1;
    pub(in super::super) const SHORT: u8 = 2;
    pub(in super::super) const LONG: u8 = 3;
    pub(in super::super) const FLOAT: u8 = 4;
    pub(in super::super) const DOUBLE: u8 = 5;
    pub(in super::super) const LONGLONG: u8 = 8;
    pub(in super::super) const INT24: u8 = 9;
    pub(in super::super) const DATE: u8 = 10;
    pub(in super::super) const YEAR: u8 = 13;
    pub(in super::super) const VARCHAR: u8 = 15;
    pub(in super::super) const BIT: u8 = 16;
    pub(in super::super) const TIMESTAMP2: u8 = 17;
    pub(in super::super) const DATETIME2: u8 = 18;
    pub(in super::super) const TIME2: u8 = 19;
    pub(in super::super) const VECTOR: u8 = 242;
    pub(in super::super) const JSON: u8 = 245;
    pub(in super::super) const NEWDECIMAL: u8 = 246;
    pub(in super::super) const ENUM: u8 = 247;
    pub(in super::super) const SET: u8 = 248;
    pub(in super::super) const TINY_BLOB: u8 = 249;
    pub(in super::super) const MEDIUM_BLOB: u8 = 250;
    pub(in super::super) const LONG_BLOB: u8 = 251;
    pub(in super::super) const BLOB: u8 = 252;
    pub(in super::super) const VAR_STRING: u8 = 253;
    pub(in super::super) const STRING: u8 = 254;
    pub(in super::super) const GEOMETRY: u8 = 255;
}

/// One column as it's packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireColumn {
    /// One of [`code`]; STRING is resolved to ENUM or SET where it is one.
    pub(super) code: u8,
    /// Length, precision and scale, fraction, or bytes of the length: what the type needs.
    pub(super) meta: u16,
    /// What the server says of the sign, where it says it.
    pub(super) unsigned: Option<bool>,
}

impl WireColumn {
    pub(super) const fn is_numeric(self) -> bool {
        matches!(
            self.code,
            code::TINY
                | code::SHORT
                | code::INT24
                | code::LONG
                | code::LONGLONG
                | code::NEWDECIMAL
                | code::FLOAT
                | code::DOUBLE
                | code::YEAR
        )
    }
}

/// A table as the following row events pack it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    /// The number under which row events refer to it.
    pub id: u64,
    pub table: TableName,
    pub(super) columns: Vec<WireColumn>,
    /// The event's body, kept for [`TableMap::bytes`].
    body: Vec<u8>,
}

impl TableMap {
    /// Reads the body of a table map event.
    ///
    /// # Errors
    /// [`BinlogError`] when the bytes aren't one.
    pub fn parse(body: &[u8]) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        let id = super::little_endian(reader.take(6)?);
        reader.u16()?;
        let (database, table) = (name(&mut reader)?, name(&mut reader)?);
        let count = usize::try_from(reader.lenenc()?).unwrap_or(usize::MAX);
        let codes = reader.take(count)?;
        let columns = columns(codes, reader.lenenc_bytes()?)?;
        reader.take(count.div_ceil(8))?;
        let mut map = Self { id, table: TableName { database, table }, columns, body: body.to_vec() };
        map.optional(reader)?;
        Ok(map)
    }

    /// The body of the event, to be read again with [`TableMap::parse`].
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// How many columns a row has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Type, length, value; only the signs are needed, everything else is in the catalogue.
    fn optional(&mut self, mut reader: Reader<'_>) -> Result<(), BinlogError> {
        const SIGNEDNESS: u8 = 1;
        while !reader.is_empty() {
            let kind = reader.u8()?;
            let value = reader.lenenc_bytes()?;
            if kind == SIGNEDNESS {
                for (at, column) in self.columns.iter_mut().filter(|column| column.is_numeric()).enumerate() {
                    // Here the first bit is the highest.
                    column.unsigned = value.get(at / 8).map(|byte| byte >> (7 - at % 8) & 1 == 1);
                }
            }
        }
        Ok(())
    }

    /// How many columns are JSON.
    pub(super) fn json_columns(&self) -> usize {
        self.columns.iter().filter(|column| column.code == code::JSON).count()
    }
}

/// Length, text, NUL.
fn name(reader: &mut Reader<'_>) -> Result<String, BinlogError> {
    let length = usize::from(reader.u8()?);
    let text = reader.take(length)?;
    reader.take(1)?;
    std::str::from_utf8(text).map(str::to_owned).map_err(|_| BinlogError::Malformed("a name that isn't UTF-8"))
}

fn columns(codes: &[u8], meta: &[u8]) -> Result<Vec<WireColumn>, BinlogError> {
    let mut meta = Reader::new(meta);
    let mut columns = Vec::with_capacity(codes.len());
    for code in codes {
        let plain = |code, meta| WireColumn { code, meta, unsigned: None };
        columns.push(match *code {
            code::FLOAT
            | code::DOUBLE
            | code::BLOB
            | code::TINY_BLOB
            | code::MEDIUM_BLOB
            | code::LONG_BLOB
            | code::JSON
            | code::GEOMETRY
            | code::VECTOR
            | code::TIME2
            | code::DATETIME2
            | code::TIMESTAMP2 => plain(*code, u16::from(meta.u8()?)),
            code::VARCHAR | code::VAR_STRING | code::BIT => plain(*code, meta.u16()?),
            code::NEWDECIMAL | code::ENUM | code::SET => {
                let (first, second) = (meta.u8()?, meta.u8()?);
                plain(*code, u16::from_be_bytes([first, second]))
            }
            code::STRING => {
                let (first, second) = (meta.u8()?, meta.u8()?);
                string(first, second)
            }
            _without => plain(*code, 0),
        });
    }
    Ok(columns)
}

/// CHAR, BINARY, ENUM and SET share a code: the first byte says which it is, and holds two bits of a CHAR's length.
fn string(first: u8, second: u8) -> WireColumn {
    let (code, meta) = match first {
        code::ENUM | code::SET => (first, u16::from(second)),
        _char => {
            let high = u16::from((first & 0x30) ^ 0x30) << 4;
            (first | 0x30, high | u16::from(second))
        }
    };
    WireColumn { code, meta, unsigned: None }
}

/// How many of the first `count` bits are set.
pub(super) fn ones(bitmap: &[u8], count: usize) -> usize {
    (0..count).filter(|index| bit(bitmap, *index)).count()
}
