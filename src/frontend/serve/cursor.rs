//! Cursors of prepared statements: COM_STMT_EXECUTE with CURSOR_TYPE_READ_ONLY, and COM_STMT_FETCH.
//!
//! As in MySQL, the result is made when the statement is executed and kept until it's fetched: nothing that happens in
//! between changes it, and neither COMMIT nor ROLLBACK ends it. The rows are kept as they will be sent; what is more
//! than a little lies in a file without a name, which is gone with the cursor. So an open cursor holds no connection
//! of PostgreSQL and next to no memory.
//!
//! Expressions are described as they are without a cursor, where MySQL describes columns of its temporary table: an
//! INT where the expression is a BIGINT. The rows fit the description either way.

use std::io::{self, SeekFrom};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _, BufReader};

use super::backend::Failure;
use super::error::MysqlError;
use super::result::Ended;
use super::session::Session;
use crate::wire::StatusFlags;
use crate::wire::reader::Reader;

/// Bytes of rows that a cursor keeps in memory.
const KEPT: usize = 64 * 1024;
/// Bytes of rows that a cursor keeps at all.
const LIMIT: u64 = 16 << 30;
/// Bytes in front of each row.
const LENGTH: usize = 8;

/// Rows on their way from the execution to the fetches.
#[derive(Debug, Default)]
pub(super) struct Spool {
    /// Rows with their lengths in front: what isn't in the file.
    memory: BytesMut,
    file: Option<BufReader<File>>,
    /// Bytes of the file that aren't read yet; while rows come, all of it.
    filed: u64,
}

impl Spool {
    /// Appends one row.
    pub(super) fn push(&mut self, row: &[u8]) {
        self.memory.extend_from_slice(&(row.len() as u64).to_le_bytes());
        self.memory.extend_from_slice(row);
    }

    /// Moves what is in memory to the file when it's much.
    pub(super) async fn spill(&mut self) -> Result<(), MysqlError> {
        if self.memory.len() < KEPT {
            return Ok(());
        }
        if self.filed + self.memory.len() as u64 > LIMIT {
            return Err(MysqlError::new(1114, "HY000", "The table '/tmp/#sql' is full"));
        }
        self.write().await.map_err(|error| {
            tracing::warn!(%error, "the rows of a cursor can't be kept in a file");
            failed("writing")
        })
    }

    async fn write(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let made = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(io::Error::other)??;
            self.file = Some(BufReader::new(File::from_std(made)));
        }
        if let Some(file) = &mut self.file {
            file.get_mut().write_all(&self.memory).await?;
            self.filed += self.memory.len() as u64;
            self.memory.clear();
        }
        Ok(())
    }

    /// All rows are there.
    pub(super) async fn rewind(&mut self) -> Result<(), MysqlError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let rewound = async {
            file.get_mut().flush().await?;
            file.seek(SeekFrom::Start(0)).await
        };
        rewound.await.map(|_| ()).map_err(|_| failed("reading"))
    }

    /// Takes the next row.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, MysqlError> {
        if self.filed > 0 {
            return self.read_filed().await.map(Some).map_err(|_| failed("reading"));
        }
        if self.memory.len() < LENGTH {
            return Ok(None);
        }
        let length = usize::try_from(self.memory.get_u64_le()).unwrap_or(usize::MAX);
        Ok(Some(self.memory.split_to(length.min(self.memory.len())).freeze()))
    }

    async fn read_filed(&mut self) -> io::Result<Bytes> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::UnexpectedEof.into()) };
        let length = file.read_u64_le().await?;
        if length > self.filed {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut row = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact(&mut row).await?;
        self.filed -= LENGTH as u64 + length;
        Ok(row.into())
    }
}

fn failed(doing: &str) -> MysqlError {
    MysqlError::new(1105, "HY000", format!("Unknown error ({doing} the rows of a cursor failed)"))
}

impl Session {
    /// COM_STMT_FETCH: so many rows. The end is told by the fetch that asks for more than there are.
    pub(super) async fn fetch(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let mut reader = Reader::new(payload);
        let malformed = |_| MysqlError::malformed();
        reader.u8().map_err(malformed)?;
        let id = reader.u32().map_err(malformed)?;
        let wanted = reader.u32().map_err(malformed)?;
        if !self.prepared.has(id) {
            return Err(MysqlError::unknown_statement(id, "mysql_stmt_precheck").into());
        }
        let Some(mut spool) = self.prepared.take_cursor(id) else {
            return Err(MysqlError::new(1421, "HY000", format!("The statement ({id}) has no open cursor.")).into());
        };
        let mut status = self.status().with(StatusFlags::CURSOR_EXISTS);
        for _ in 0..wanted {
            let Some(row) = spool.next().await? else {
                status = self.status().with(StatusFlags::LAST_ROW_SENT);
                break;
            };
            self.channel.put(|out| out.extend_from_slice(&row));
            let gone = |_| Failure::fatal(MysqlError::new(1160, "08S01", "Got an error writing communication packets"));
            self.channel.flush_if_large().await.map_err(gone)?;
        }
        if !status.contains(StatusFlags::LAST_ROW_SENT) {
            self.prepared.put_cursor(id, spool);
        }
        let warnings = self.shown_warnings();
        self.channel.put_end(status, warnings);
        Ok(())
    }

    /// The end of a result's rows; for a cursor, of its definitions.
    pub(super) async fn end_rows(&mut self, mut ended: Ended) -> Result<(), Failure> {
        if let Some(spool) = &mut ended.spool {
            spool.rewind().await?;
        }
        self.end_answer(ended)
    }

    /// The same for rows that are few enough to be in memory.
    pub(super) fn end_answer(&mut self, ended: Ended) -> Result<(), Failure> {
        let mut status = self.status();
        if let Some(spool) = ended.spool {
            status = status.with(StatusFlags::CURSOR_EXISTS);
            if let Some(id) = self.executing {
                self.prepared.put_cursor(id, *spool);
            }
        }
        let warnings = self.state.warning_count();
        self.channel.put_end(status, warnings);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_come_back_in_order_read_filed_and_memory() {
        let mut spool = Spool::default();
        let row = |number: usize| vec![u8::try_from(number % 251).expect("a byte"); number % 700];
        for number in 0..2000 {
            spool.push(&row(number));
            spool.spill().await.expect("spills");
        }
        assert!(spool.filed > 0 && spool.memory.len() < KEPT);
        spool.rewind().await.expect("rewinds");
        for number in 0..2000 {
            assert_eq!(spool.next().await.expect("reads").as_deref(), Some(&*row(number)));
        }
        assert_eq!(spool.next().await.expect("reads"), None);
    }
}
