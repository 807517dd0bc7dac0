//! Rows that were inserted, updated or deleted, as they are packed: images of rows as slices of the event.
//!
//! An event keeps its bytes as they came; values are cut out when somebody asks for the rows. So a transaction that waits
//! takes no more memory than it does in the log.

use std::sync::Arc;

use bytes::Bytes;

use crate::wire::reader::Reader;

use super::cell::value_length;
use super::table_map::{TableMap, code, ones};
use super::{BinlogError, bit};

/// What happened to the rows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsKind {
    Insert,
    Update,
    Delete,
}

/// One event's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsEvent {
    pub map: Arc<TableMap>,
    pub kind: RowsKind,
    /// JSON columns of new rows may be told as changes to the old value.
    partial: bool,
    /// The event's body behind its own header, from the number of columns on.
    data: Bytes,
    /// foreign_key_checks was off for them: the session's, or the server's own for rows that follow a cascade.
    pub unchecked: bool,
}

/// One row: before it, after it, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowChange<'e> {
    pub before: Option<Image<'e>>,
    pub after: Option<Image<'e>>,
}

/// One image of a row: each column's packed value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image<'e> {
    pub(super) cells: Vec<Packed<'e>>,
}

impl Image<'_> {
    /// Whether both images tell the same value of a column, byte for byte.
    #[must_use]
    pub fn has_same(&self, other: &Self, index: usize) -> bool {
        match (self.cells.get(index), other.cells.get(index)) {
            (Some(Packed::Null), Some(Packed::Null)) => true,
            (Some(Packed::Value(mine)), Some(Packed::Value(theirs))) => mine == theirs,
            (_, _) => false,
        }
    }
}

/// A value as it's packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packed<'e> {
    /// The image doesn't have the column.
    Absent,
    Null,
    Value(&'e [u8]),
    /// Changes to the JSON document of the image before.
    Changes(&'e [u8]),
}

const NO_FOREIGN_KEY_CHECKS: u16 = 2;

impl RowsEvent {
    /// `code` is the event's type; `map` the table map that its number stands for.
    pub(super) fn parse(code: u8, body: &Bytes, map: &Arc<TableMap>) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        reader.take(6)?;
        let flags = reader.u16()?;
        if code >= 30 {
            let extra = usize::from(reader.u16()?);
            reader.take(extra.checked_sub(2).ok_or(BinlogError::Malformed("the header of rows"))?)?;
        }
        let data = body.slice(body.len() - reader.rest().len()..);
        let kind = match code {
            23 | 30 => RowsKind::Insert,
            24 | 31 | 39 => RowsKind::Update,
            25 | 32 => RowsKind::Delete,
            other => return Err(BinlogError::Unknown(other)),
        };
        let unchecked = flags & NO_FOREIGN_KEY_CHECKS != 0;
        Ok(Self { map: Arc::clone(map), kind, partial: code == 39, data, unchecked })
    }

    /// Bytes in front of the first row: the event's own header, the number of columns, and which of them are there.
    pub(super) fn prefix(code: u8, body: &Bytes) -> Result<usize, BinlogError> {
        let mut reader = Reader::new(body);
        reader.take(8)?;
        if code >= 30 {
            let extra = usize::from(reader.u16()?);
            reader.take(extra.checked_sub(2).ok_or(BinlogError::Malformed("the header of rows"))?)?;
        }
        let bytes = usize::try_from(reader.lenenc()?).unwrap_or(usize::MAX).div_ceil(8);
        let images = if matches!(code, 24 | 31) { 2 } else { 1 };
        for _ in 0..images {
            reader.take(bytes)?;
        }
        Ok(body.len() - reader.rest().len())
    }

    /// The number of the table map that the event needs.
    pub(super) fn table_id(body: &[u8]) -> Result<u64, BinlogError> {
        Ok(super::little_endian(Reader::new(body).take(6)?))
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.data.len()
    }

    /// What [`RowsEvent::restore`] needs beside the map.
    #[must_use]
    pub fn stored(&self) -> (u8, &Bytes) {
        let kind = match self.kind {
            RowsKind::Insert => 0,
            RowsKind::Update => 1,
            RowsKind::Delete => 2,
        };
        (kind | u8::from(self.partial) << 2 | u8::from(self.unchecked) << 3, &self.data)
    }

    /// The event of which [`RowsEvent::stored`] gave the parts.
    #[must_use]
    pub fn restore(flags: u8, data: Bytes, map: &Arc<TableMap>) -> Self {
        let kind = match flags & 3 {
            0 => RowsKind::Insert,
            1 => RowsKind::Update,
            _ => RowsKind::Delete,
        };
        Self { map: Arc::clone(map), kind, partial: flags & 4 != 0, data, unchecked: flags & 8 != 0 }
    }

    /// Every row in its order.
    ///
    /// # Errors
    /// [`BinlogError`] when the bytes end within a row or hold a type that isn't known.
    pub fn rows(&self) -> Result<Vec<RowChange<'_>>, BinlogError> {
        let mut reader = Reader::new(&self.data);
        let width = usize::try_from(reader.lenenc()?).unwrap_or(usize::MAX);
        if width != self.map.width() {
            return Err(BinlogError::Malformed("rows of another width than their table map"));
        }
        let first = reader.take(width.div_ceil(8))?;
        let second = if self.kind == RowsKind::Update { reader.take(width.div_ceil(8))? } else { first };
        let mut rows = Vec::new();
        while !reader.is_empty() {
            let before_it = reader.rest().len();
            rows.push(match self.kind {
                RowsKind::Insert => RowChange { before: None, after: Some(self.image(&mut reader, first, false)?) },
                RowsKind::Delete => RowChange { before: Some(self.image(&mut reader, first, false)?), after: None },
                RowsKind::Update => {
                    let before = self.image(&mut reader, first, false)?;
                    RowChange { before: Some(before), after: Some(self.image(&mut reader, second, self.partial)?) }
                }
            });
            if reader.rest().len() == before_it {
                return Err(BinlogError::Malformed("a row without bytes"));
            }
        }
        Ok(rows)
    }

    /// `present` are the columns that the image has.
    fn image<'e>(&self, reader: &mut Reader<'e>, present: &[u8], partial: bool) -> Result<Image<'e>, BinlogError> {
        const PARTIAL_JSON: u64 = 1;
        let columns = &self.map.columns;
        let changed: &[u8] = if partial && reader.lenenc()? & PARTIAL_JSON != 0 {
            reader.take(self.map.json_columns().div_ceil(8))?
        } else {
            &[]
        };
        let nulls = reader.take(ones(present, columns.len()).div_ceil(8))?;
        let mut cells = Vec::with_capacity(columns.len());
        let (mut stored, mut documents) = (0, 0);
        for (index, column) in columns.iter().enumerate() {
            let is_document = column.code == code::JSON;
            let as_changes = is_document && bit(changed, documents);
            documents += usize::from(is_document);
            if !bit(present, index) {
                cells.push(Packed::Absent);
                continue;
            }
            let null = bit(nulls, stored);
            stored += 1;
            cells.push(if null {
                Packed::Null
            } else {
                let length = value_length(*column, reader.rest())?;
                let value = reader.take(length)?;
                if as_changes { Packed::Changes(value) } else { Packed::Value(value) }
            });
        }
        Ok(Image { cells })
    }
}
