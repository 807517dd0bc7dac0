//! The rows of a query as they arrive, without an allocation for each: for copies of whole tables.
//!
//! A row that is small lies in the connection's buffer and is lent from there until the next one is asked for. A large
//! one isn't put together at all: its cells are read one after the other, and a cell piece by piece, so that memory stays
//! bounded whatever a cell holds.
//!
//! The answer is text (COM_QUERY) and ends with an EOF packet: Session doesn't announce CLIENT_DEPRECATE_EOF. Until it has
//! been read to its end the connection refuses other commands; whoever gives up an answer gives up the connection.

use std::io;
use std::ops::Range;

use bytes::{Buf as _, Bytes};

use super::login::{COM_QUERY, LoginError, Session, refusal};
use crate::wire::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD};
use crate::wire::reader::Reader;
use crate::wire::text_row::{NULL, TextRow};

/// A larger row comes in pieces.
const LARGE: usize = 256 * 1024;
/// A definition or an error.
const DEFINITION: usize = 1 << 20;
/// The largest whole row: max_allowed_packet is at most a gigabyte.
const LARGEST: usize = (1 << 30) + (1 << 20);
/// An EOF packet has less than nine bytes; a row that begins with the same byte has more.
const EOF: u8 = 0xfe;
const EOF_BELOW: usize = 9;

/// An answer under way.
#[derive(Debug)]
pub struct TextRows<'s> {
    session: &'s mut Session,
    columns: usize,
    /// Bytes at the buffer's front that were lent.
    lent: usize,
    /// Of the packet of a large row: what is left, and whether another one follows.
    packet: (usize, bool),
}

/// The next of an answer.
#[derive(Debug)]
pub enum Next<'r> {
    /// A row, lent from the buffer.
    Row(&'r [u8]),
    /// A large row: its cells are read with [`TextRows::cell`], all of them.
    Large,
    /// There are no more.
    End,
}

impl Session {
    /// Asks for rows.
    ///
    /// # Errors
    /// [`LoginError`], also when the statement returns none.
    pub async fn rows(&mut self, sql: &str) -> Result<TextRows<'_>, LoginError> {
        let mut command = Vec::with_capacity(sql.len() + 1);
        command.push(COM_QUERY);
        command.extend(sql.as_bytes());
        self.command(&command).await?;
        self.unfinished = true;
        let head = self.packet(DEFINITION).await?;
        if let Err(refused) = refusal(&head) {
            self.unfinished = false;
            return Err(refused);
        }
        let columns = Reader::new(&head).lenenc().ok().and_then(|count| usize::try_from(count).ok());
        let columns = columns.filter(|count| *count > 0).ok_or(LoginError::Protocol("an answer without rows"))?;
        for _ in 0..columns {
            self.packet(DEFINITION).await?;
        }
        let end = self.packet(DEFINITION).await?;
        if end.first() != Some(&EOF) {
            return Err(LoginError::Protocol("the end of the definitions"));
        }
        Ok(TextRows { session: self, columns, lent: 0, packet: (0, false) })
    }

    /// The cells of a query's first row; `None` when there's no row.
    ///
    /// # Errors
    /// As [`Session::rows`].
    pub async fn first(&mut self, sql: &str) -> Result<Option<Vec<Option<Vec<u8>>>>, LoginError> {
        let mut rows = self.rows(sql).await?;
        let mut first = None;
        while let Some(row) = rows.whole().await? {
            if first.is_none() {
                first = Some(cells(&row, rows.columns)?);
            }
        }
        Ok(first)
    }

    /// All rows of a query that has few of them.
    ///
    /// # Errors
    /// As [`Session::rows`].
    pub async fn all(&mut self, sql: &str) -> Result<Vec<Vec<Option<Vec<u8>>>>, LoginError> {
        let mut rows = self.rows(sql).await?;
        let mut all = Vec::new();
        while let Some(row) = rows.whole().await? {
            all.push(cells(&row, rows.columns)?);
        }
        Ok(all)
    }
}

fn cells(payload: &[u8], columns: usize) -> Result<Vec<Option<Vec<u8>>>, LoginError> {
    let mut row = TextRow::new(payload);
    let cell = |_| row.cell().map(|cell| cell.map(<[u8]>::to_vec)).map_err(|_| LoginError::Protocol("a row"));
    (0..columns).map(cell).collect()
}

impl TextRows<'_> {
    /// The number of cells of a row.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// The next row, lent.
    ///
    /// # Errors
    /// [`LoginError`]; the connection is of no more use then.
    pub async fn next(&mut self) -> Result<Next<'_>, LoginError> {
        self.give_back();
        if !self.session.unfinished {
            return Ok(Next::End);
        }
        let header = self.header().await?;
        if header.length > LARGE {
            self.session.unread.advance(HEADER_LENGTH);
            self.packet = (header.length, header.length == MAX_PAYLOAD);
            return Ok(Next::Large);
        }
        let end = HEADER_LENGTH + header.length;
        while self.session.unread.len() < end {
            self.session.fill().await?;
        }
        self.lent = end;
        match self.session.unread.get(HEADER_LENGTH) {
            Some(&EOF) if header.length < EOF_BELOW => {
                self.finish();
                Ok(Next::End)
            }
            Some(0xff) => {
                let payload = self.session.unread.get(HEADER_LENGTH..end).unwrap_or_default().to_vec();
                self.finish();
                refusal(&payload)?;
                Err(LoginError::Protocol("a row"))
            }
            Some(_) => Ok(Next::Row(self.slice(HEADER_LENGTH..end))),
            None => Err(LoginError::Protocol("a row without cells")),
        }
    }

    /// The next row as a whole, whatever its size.
    ///
    /// # Errors
    /// As [`TextRows::next`].
    pub async fn whole(&mut self) -> Result<Option<Bytes>, LoginError> {
        self.give_back();
        if !self.session.unfinished {
            return Ok(None);
        }
        let payload = self.session.packet(LARGEST).await?;
        match payload.first() {
            Some(&EOF) if payload.len() < EOF_BELOW => {
                self.session.unfinished = false;
                Ok(None)
            }
            Some(0xff) => {
                self.session.unfinished = false;
                refusal(&payload)?;
                Err(LoginError::Protocol("a row"))
            }
            Some(_) | None => Ok(Some(payload)),
        }
    }

    /// Begins the next cell of a large row: its length, or `None` for NULL. Its bytes are read with
    /// [`TextRows::piece`].
    ///
    /// # Errors
    /// As [`TextRows::next`].
    pub async fn cell(&mut self) -> Result<Option<usize>, LoginError> {
        let first = self.byte().await?;
        let width = match first {
            NULL => return Ok(None),
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            0xff => return Err(LoginError::Protocol("the length of a cell")),
            short => return Ok(Some(usize::from(short))),
        };
        let mut length = 0_u64;
        for place in 0..width {
            length |= u64::from(self.byte().await?) << (8 * place);
        }
        usize::try_from(length).map(Some).map_err(|_| LoginError::Protocol("the length of a cell"))
    }

    /// The next bytes of a large row: at least one and at most `most`, lent.
    ///
    /// # Errors
    /// As [`TextRows::next`]; also when the row has no more bytes.
    pub async fn piece(&mut self, most: usize) -> Result<&[u8], LoginError> {
        self.give_back();
        while self.packet.0 == 0 {
            if !self.packet.1 {
                return Err(LoginError::Protocol("a row that ends within a cell"));
            }
            let header = self.header().await?;
            self.session.unread.advance(HEADER_LENGTH);
            self.packet = (header.length, header.length == MAX_PAYLOAD);
        }
        if self.session.unread.is_empty() {
            self.session.fill().await?;
        }
        let length = most.min(self.packet.0).min(self.session.unread.len());
        self.packet.0 -= length;
        self.lent = length;
        Ok(self.slice(0..length))
    }

    /// Ends a large row: nothing may be left of it.
    ///
    /// # Errors
    /// As [`TextRows::next`].
    pub async fn end_large(&mut self) -> Result<(), LoginError> {
        self.give_back();
        while self.packet == (0, true) {
            let header = self.header().await?;
            self.session.unread.advance(HEADER_LENGTH);
            self.packet = (header.length, header.length == MAX_PAYLOAD);
        }
        if self.packet == (0, false) { Ok(()) } else { Err(LoginError::Protocol("a row with more cells than columns")) }
    }

    async fn byte(&mut self) -> Result<u8, LoginError> {
        let piece = self.piece(1).await?;
        piece.first().copied().ok_or(LoginError::Protocol("a row"))
    }

    async fn header(&mut self) -> Result<Header, io::Error> {
        loop {
            if let Some(header) = Header::peek(&self.session.unread) {
                return Ok(header);
            }
            self.session.fill().await?;
        }
    }

    fn finish(&mut self) {
        self.give_back();
        self.session.unfinished = false;
    }

    fn give_back(&mut self) {
        self.session.unread.advance(std::mem::take(&mut self.lent));
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.session.unread.get(range).unwrap_or_default()
    }
}
