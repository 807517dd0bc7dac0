//! The rows of a query as they arrive, in the binary protocol and without an allocation for each: for copies of whole tables.
//!
//! The binary protocol (COM_STMT_PREPARE, COM_STMT_EXECUTE without a cursor) costs MySQL much less than text: a row of three
//! integers, a DECIMAL and a DOUBLE took a third of the CPU time, since the shortest decimal of a DOUBLE needn't be
//! found. Nothing is rounded on the way either: a number comes with its bits.
//!
//! A row that is small lies in the connection's buffer and is lent from there until the next one is asked for. A large
//! one isn't put together at all: its cells are read one after the other, and a cell piece by piece, so that memory stays
//! bounded whatever a cell holds.
//!
//! As with text ([`super::rows`]), whoever gives up an answer gives up the connection.

use std::io;
use std::ops::Range;

use bytes::Buf as _;

use super::login::{LoginError, Session, refusal};
use super::rows::{DEFINITION, EOF, EOF_BELOW};
use crate::wire::Command;
use crate::wire::binary_row::{Column, Length, head_length, is_null};
use crate::wire::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD};
use crate::wire::reader::Reader;

/// A larger row comes in pieces.
const LARGE: usize = 256 * 1024;

/// An answer under way.
#[derive(Debug)]
pub struct LentRows<'s> {
    session: &'s mut Session,
    statement: u32,
    columns: Vec<Column>,
    /// Bytes at the buffer's front that were lent.
    lent: usize,
    /// Of the packet of a large row: what is left, and whether another one follows.
    packet: (usize, bool),
    /// The head of a large row, and how many of its cells were begun.
    head: (Vec<u8>, usize),
}

/// The next of an answer.
#[derive(Debug)]
pub enum Next<'r> {
    /// A row ([`crate::wire::binary_row::BinaryRow`]), lent from the buffer.
    Row(&'r [u8]),
    /// A large row: its cells are read with [`LentRows::cell`], all of them.
    Large,
    /// There are no more.
    End,
}

impl Session {
    /// Asks for rows that are lent one by one.
    ///
    /// # Errors
    /// [`LoginError`], also when the statement returns none.
    pub async fn lent(&mut self, sql: &str) -> Result<LentRows<'_>, LoginError> {
        let statement = self.prepare(sql).await?;
        let mut execute = vec![Command::StmtExecute as u8];
        execute.extend(statement.to_le_bytes());
        // No cursor, and one iteration.
        execute.extend([0, 1, 0, 0, 0]);
        self.command(&execute).await?;
        let definitions = match self.definitions().await {
            Ok(definitions) => definitions,
            Err(error) => {
                if !self.unfinished {
                    self.close_statement(statement).await?;
                }
                return Err(error);
            }
        };
        let columns = definitions.iter().map(|definition| Column::of_definition(definition)).collect::<Result<_, _>>();
        let columns = columns.map_err(|_| LoginError::Protocol("a definition"))?;
        Ok(LentRows { session: self, statement, columns, lent: 0, packet: (0, false), head: (Vec::new(), 0) })
    }

    /// Prepares a statement without parameters, and returns its number.
    async fn prepare(&mut self, sql: &str) -> Result<u32, LoginError> {
        const ACTION: LoginError = LoginError::Protocol("a prepared statement");
        let mut command = Vec::with_capacity(sql.len() + 1);
        command.push(Command::StmtPrepare as u8);
        command.extend(sql.as_bytes());
        self.command(&command).await?;
        self.unfinished = true;
        let head = self.packet(DEFINITION).await?;
        if let Err(refused) = refusal(&head) {
            self.unfinished = false;
            return Err(refused);
        }
        let mut reader = Reader::new(head.get(1..).unwrap_or_default());
        let read = reader.u32().and_then(|statement| Ok((statement, reader.u16()?, reader.u16()?)));
        let (statement, columns, parameters) = read.map_err(|_| ACTION)?;
        if parameters > 0 {
            return Err(ACTION);
        }
        if columns > 0 {
            for _ in 0..=columns {
                self.packet(DEFINITION).await?;
            }
        }
        self.unfinished = false;
        Ok(statement)
    }

    /// MySQL doesn't answer it.
    async fn close_statement(&mut self, statement: u32) -> Result<(), LoginError> {
        let mut close = vec![Command::StmtClose as u8];
        close.extend(statement.to_le_bytes());
        self.command(&close).await
    }
}

impl LentRows<'_> {
    /// The columns of the answer.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
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
            self.large_head().await?;
            return Ok(Next::Large);
        }
        let end = HEADER_LENGTH + header.length;
        while self.session.unread.len() < end {
            self.session.fill().await?;
        }
        self.lent = end;
        match self.session.unread.get(HEADER_LENGTH) {
            Some(&EOF) if header.length < EOF_BELOW => {
                self.finish().await?;
                Ok(Next::End)
            }
            Some(0xff) => {
                let payload = self.session.unread.get(HEADER_LENGTH..end).unwrap_or_default().to_vec();
                self.finish().await?;
                refusal(&payload)?;
                Err(LoginError::Protocol("a row"))
            }
            Some(_) => Ok(Next::Row(self.slice(HEADER_LENGTH..end))),
            None => Err(LoginError::Protocol("a row without cells")),
        }
    }

    /// Begins the next cell of a large row: its length, or `None` for NULL. Its bytes are read with
    /// [`LentRows::piece`].
    ///
    /// # Errors
    /// As [`LentRows::next`].
    pub async fn cell(&mut self) -> Result<Option<usize>, LoginError> {
        let place = self.head.1;
        self.head.1 += 1;
        let column = *self.columns.get(place).ok_or(LoginError::Protocol("a row with more cells than columns"))?;
        if is_null(&self.head.0, place) {
            return Ok(None);
        }
        let width = match column.length() {
            Length::Fixed(length) => return Ok(Some(length)),
            Length::Byte => return Ok(Some(self.byte().await?.into())),
            Length::Counted => match self.byte().await? {
                0xfc => 2,
                0xfd => 3,
                0xfe => 8,
                0xfb | 0xff => return Err(LoginError::Protocol("the length of a cell")),
                short => return Ok(Some(short.into())),
            },
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
    /// As [`LentRows::next`]; also when the row has no more bytes.
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
    /// As [`LentRows::next`].
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

    /// Reads what stands before the cells of a large row.
    async fn large_head(&mut self) -> Result<(), LoginError> {
        let length = head_length(self.columns.len());
        let mut head = Vec::with_capacity(length);
        while head.len() < length {
            head.push(self.byte().await?);
        }
        if head.first() != Some(&0) {
            return Err(LoginError::Protocol("a row"));
        }
        self.head = (head, 0);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), LoginError> {
        self.give_back();
        self.session.unfinished = false;
        self.session.close_statement(self.statement).await
    }

    fn give_back(&mut self) {
        self.session.unread.advance(std::mem::take(&mut self.lent));
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.session.unread.get(range).unwrap_or_default()
    }
}
