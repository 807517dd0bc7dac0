//! A row of a text result set: each cell is NULL or the bytes of its text, with their length in front.

use super::reader::{Malformed, Reader};

/// The byte that stands for NULL where a length would be.
pub const NULL: u8 = 0xfb;

/// Walks over the cells of a row. Borrows from the payload.
#[derive(Clone, Copy, Debug)]
pub struct TextRow<'a> {
    reader: Reader<'a>,
}

impl<'a> TextRow<'a> {
    /// Starts at the first cell.
    #[must_use]
    pub const fn new(payload: &'a [u8]) -> Self {
        Self { reader: Reader::new(payload) }
    }

    /// The next cell; `None` inside is NULL.
    ///
    /// # Errors
    /// [`Malformed`] when the payload ends before the cell does.
    pub fn cell(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        if self.reader.rest().first() == Some(&NULL) {
            self.reader.take(1)?;
            return Ok(None);
        }
        self.reader.lenenc_bytes().map(Some)
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

    #[test]
    fn cells_come_in_their_order_and_end_with_the_payload() {
        let mut row = TextRow::new(b"\x01a\xfb\x00");
        assert_eq!((row.cell(), row.cell(), row.cell()), (Ok(Some(&b"a"[..])), Ok(None), Ok(Some(&b""[..]))));
        assert!(row.is_empty());
        assert_eq!(row.cell(), Err(Malformed));
        assert_eq!(TextRow::new(b"\x05abc").cell(), Err(Malformed));
    }
}
