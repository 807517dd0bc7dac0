//! Rows from MySQL's answer into a COPY: small ones from one buffer into the other, large ones cell by cell, and the texts
//! and bytes of those piece by piece. Memory is bounded by the buffers, but for a JSON document, which changes its form
//! on the way and so must be there as a whole: one at a time.

use tokio::sync::Semaphore;

use crate::source::SourceError;
use crate::source::lent::{LentRows, Next};
use crate::source::login::LoginError;
use crate::target::CopyIn;
use crate::target::copy::{Encoding, LIMIT, RowEncoder, RowError, TextCheck, ValueRefusal, document, shown};

use super::brake::Brake;
use super::{SnapshotError, at};
use crate::schema::Table;
use crate::wire::binary_row::Column;

/// Rows between two reports.
const REPORT_EVERY: u64 = 5_000;
/// A cell that is shown in a refusal.
const SHOWN: usize = 4_096;

/// One table's way into PostgreSQL.
pub(in crate::replicate) struct Transfer<'t> {
    table: &'t Table,
    encoder: RowEncoder,
    /// Whoever holds it may have a large document in memory.
    large: &'t Semaphore,
    brake: Brake,
}

impl<'t> Transfer<'t> {
    /// `table` is the table without generated columns.
    pub(in crate::replicate) fn new(table: &'t Table, large: &'t Semaphore) -> Self {
        Self { table, encoder: RowEncoder::new(table), large, brake: Brake::default() }
    }

    /// Makes way for others.
    pub(super) fn with(self, brake: Brake) -> Self {
        Self { brake, ..self }
    }

    /// Takes every row; `on_rows` is told now and then how many more they are, and how many bytes are sent in all.
    pub(in crate::replicate) async fn run(
        &mut self,
        rows: &mut LentRows<'_>,
        copy: &mut CopyIn,
        on_rows: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<u64, SnapshotError> {
        let columns = rows.columns().to_vec();
        if columns.len() != self.encoder.encodings().len() {
            return Err(RowError::Malformed(self.table.name.clone()).into());
        }
        let mut count = 0;
        loop {
            match rows.next().await.map_err(reading)? {
                Next::Row(row) => self.encoder.row(&columns, row, copy.buffer())?,
                Next::Large => self.large(rows, &columns, copy).await?,
                Next::End => break,
            }
            copy.flush_if_full().await.map_err(at(&self.table.name))?;
            count += 1;
            if count % REPORT_EVERY == 0 {
                on_rows(REPORT_EVERY, copy.sent_bytes());
                self.brake.wait().await;
            }
        }
        on_rows(count % REPORT_EVERY, copy.sent_bytes());
        Ok(count)
    }

    async fn large(
        &mut self,
        rows: &mut LentRows<'_>,
        columns: &[Column],
        copy: &mut CopyIn,
    ) -> Result<(), SnapshotError> {
        self.encoder.begin_row(copy.buffer());
        let mut key = Vec::new();
        for (index, (encoding, column)) in self.encoder.encodings().zip(columns).enumerate() {
            let length = rows.cell().await.map_err(reading)?;
            let refused = |reason| SnapshotError::Refused(self.encoder.refusal(index, reason, known(&key)));
            match (length, encoding) {
                (None, _) => copy.buffer().extend_from_slice(&(-1_i32).to_be_bytes()),
                (Some(length), _) if length >= LIMIT => return Err(refused(ValueRefusal::TooLarge)),
                (Some(length), Encoding::Text | Encoding::Bytes) if length > SHOWN => {
                    let prefix = u32::try_from(length).unwrap_or(u32::MAX);
                    copy.buffer().extend_from_slice(&prefix.to_be_bytes());
                    let mut check = (encoding == Encoding::Text).then(TextCheck::default);
                    let mut left = length;
                    while left > 0 {
                        let piece = rows.piece(left).await.map_err(reading)?;
                        if let Some(check) = &mut check {
                            check.piece(piece).map_err(refused)?;
                        }
                        left -= piece.len();
                        copy.buffer().extend_from_slice(piece);
                        copy.flush_if_full().await.map_err(at(&self.table.name))?;
                    }
                    check.map_or(Ok(()), TextCheck::end).map_err(refused)?;
                }
                (Some(length), _) => {
                    let _alone = if length > SHOWN { Some(self.large.acquire().await) } else { None };
                    let mut cell = Vec::with_capacity(length);
                    while cell.len() < length {
                        cell.extend_from_slice(rows.piece(length - cell.len()).await.map_err(reading)?);
                    }
                    if self.encoder.is_key(index) {
                        key.push(shown(*column, &cell));
                    }
                    let refused = |reason| SnapshotError::Refused(self.encoder.refusal(index, reason, known(&key)));
                    if encoding == Encoding::Json {
                        let document = document(&cell).map_err(refused)?;
                        drop(cell);
                        self.document(&document, copy).await?;
                    } else {
                        self.encoder.put(index, *column, &cell, copy.buffer()).map_err(refused)?;
                    }
                }
            }
        }
        rows.end_large().await.map_err(reading)
    }
}

impl Transfer<'_> {
    /// A JSON document in the form that jsonb carries, behind its version.
    async fn document(&self, text: &str, copy: &mut CopyIn) -> Result<(), SnapshotError> {
        const PIECE: usize = 64 * 1024;
        let length = u32::try_from(text.len() + 1).unwrap_or(u32::MAX);
        copy.buffer().extend_from_slice(&length.to_be_bytes());
        copy.buffer().extend_from_slice(&[1]);
        for piece in text.as_bytes().chunks(PIECE) {
            copy.buffer().extend_from_slice(piece);
            copy.flush_if_full().await.map_err(at(&self.table.name))?;
        }
        Ok(())
    }
}

fn known(key: &[String]) -> Option<Vec<String>> {
    (!key.is_empty()).then(|| key.to_vec())
}

fn reading(error: LoginError) -> SnapshotError {
    SnapshotError::Source(SourceError::session("reading a table")(error))
}
