//! The rows of a query in the text protocol (COM_QUERY), each as a whole: for questions with few rows, and for comparisons,
//! which want the values' texts. Rows by the million come in the binary protocol ([`super::lent`]).
//!
//! The answer ends with an EOF packet: Session doesn't announce CLIENT_DEPRECATE_EOF. Until it has been read to its end the
//! connection refuses other commands; whoever gives up an answer gives up the connection.

use bytes::Bytes;

use super::login::{COM_QUERY, LoginError, Session, refusal};
use crate::wire::reader::Reader;
use crate::wire::text_row::TextRow;

/// A definition or an error.
pub(super) const DEFINITION: usize = 1 << 20;
/// The largest whole row: max_allowed_packet is at most a gigabyte.
const LARGEST: usize = (1 << 30) + (1 << 20);
/// An EOF packet has less than nine bytes; a row that begins with the same byte has more.
pub(super) const EOF: u8 = 0xfe;
pub(super) const EOF_BELOW: usize = 9;

/// An answer under way.
#[derive(Debug)]
pub struct TextRows<'s> {
    session: &'s mut Session,
    columns: usize,
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
        let columns = self.definitions().await?.len();
        Ok(TextRows { session: self, columns })
    }

    /// The definitions of the columns with which an answer of rows begins. The rest of it is unfinished then.
    ///
    /// # Errors
    /// [`LoginError`], also when the answer has no rows.
    pub(super) async fn definitions(&mut self) -> Result<Vec<Bytes>, LoginError> {
        self.unfinished = true;
        let head = self.packet(DEFINITION).await?;
        if let Err(refused) = refusal(&head) {
            self.unfinished = false;
            return Err(refused);
        }
        let columns = Reader::new(&head).lenenc().ok().filter(|count| *count > 0);
        let columns = columns.ok_or(LoginError::Protocol("an answer without rows"))?;
        let mut definitions = Vec::new();
        for _ in 0..columns {
            definitions.push(self.packet(DEFINITION).await?);
        }
        let end = self.packet(DEFINITION).await?;
        if end.first() == Some(&EOF) {
            Ok(definitions)
        } else {
            Err(LoginError::Protocol("the end of the definitions"))
        }
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

    /// The next row as a whole, whatever its size.
    ///
    /// # Errors
    /// [`LoginError`]; the connection is of no more use then.
    pub async fn whole(&mut self) -> Result<Option<Bytes>, LoginError> {
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
}
