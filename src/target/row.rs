//! One row of an answer, kept as the bytes that PostgreSQL sent.

use bytes::{Buf, Bytes};

use super::error::TargetError;

/// A row whose cells are text in PostgreSQL's output format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    body: Bytes,
    /// Start and end of each cell in `body`; `None` is NULL.
    cells: Vec<Option<(u32, u32)>>,
}

impl Row {
    /// Reads the body of a DataRow message.
    pub(super) fn parse(body: Bytes) -> Result<Self, TargetError> {
        const SHORT: TargetError = TargetError::Protocol("a row shorter than it says");
        let mut rest: &[u8] = &body;
        if rest.len() < 2 {
            return Err(SHORT);
        }
        let count = usize::from(rest.get_u16());
        let mut cells = Vec::with_capacity(count);
        for _ in 0..count {
            if rest.len() < 4 {
                return Err(SHORT);
            }
            let Ok(length) = usize::try_from(rest.get_i32()) else {
                cells.push(None);
                continue;
            };
            if rest.len() < length {
                return Err(SHORT);
            }
            let start = body.len() - rest.len();
            let (Ok(from), Ok(to)) = (u32::try_from(start), u32::try_from(start + length)) else { return Err(SHORT) };
            cells.push(Some((from, to)));
            rest.advance(length);
        }
        Ok(Self { body, cells })
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// True for a row without columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Bytes that this row holds.
    #[must_use]
    pub fn size(&self) -> usize {
        self.body.len() + self.cells.len() * size_of::<Option<(u32, u32)>>()
    }

    /// The cell at `index`; `None` for NULL and for a cell that isn't there.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (from, to) = (*self.cells.get(index)?)?;
        self.body.get(from as usize..to as usize)
    }

    /// The cell at `index` without copying it.
    #[must_use]
    pub fn bytes(&self, index: usize) -> Option<Bytes> {
        let (from, to) = (*self.cells.get(index)?)?;
        Some(self.body.slice(from as usize..to as usize))
    }

    /// The cell at `index` as text; `None` for NULL. PostgreSQL's text is UTF-8 on these connections.
    #[must_use]
    pub fn text(&self, index: usize) -> Option<&str> {
        std::str::from_utf8(self.get(index)?).ok()
    }

    /// The cell at `index` read as `T`; `None` for NULL and for text that isn't a `T`.
    #[must_use]
    pub fn parse_as<T: std::str::FromStr>(&self, index: usize) -> Option<T> {
        self.text(index)?.parse().ok()
    }
}
