//! Rows of a large transaction in a file without a name, so that it takes no memory while it waits; the file is gone with
//! the last handle, also after a crash.
//!
//! Records follow each other: a table map, then the rows that are packed by it. A position is that of a record, with the
//! table map's own, so that reading can go on anywhere and begin again.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::binlog::{RowsEvent, TableMap};
use crate::change::{FeedError, StoredRows};

/// Kind and length.
const HEAD: usize = 6;
const MAP: u8 = 1;
const ROWS: u8 = 2;

/// Takes rows while their transaction is read.
#[derive(Debug)]
pub(super) struct SpillWriter {
    file: io::BufWriter<File>,
    map: Option<Arc<TableMap>>,
}

impl SpillWriter {
    pub(super) fn new(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let file = io::BufWriter::with_capacity(1 << 18, tempfile::tempfile_in(directory)?);
        Ok(Self { file, map: None })
    }

    pub(super) fn push(&mut self, rows: &RowsEvent) -> io::Result<()> {
        if !self.map.as_ref().is_some_and(|map| Arc::ptr_eq(map, &rows.map)) {
            self.record(MAP, 0, rows.map.bytes())?;
            self.map = Some(Arc::clone(&rows.map));
        }
        let (flags, data) = rows.stored();
        self.record(ROWS, flags, data)
    }

    fn record(&mut self, kind: u8, flags: u8, data: &[u8]) -> io::Result<()> {
        let length = u32::try_from(data.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut head = [kind, flags, 0, 0, 0, 0];
        head[2..].copy_from_slice(&length.to_le_bytes());
        self.file.write_all(&head)?;
        self.file.write_all(data)
    }

    pub(super) fn finish(self) -> io::Result<Spill> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let size = file.metadata()?.len();
        Ok(Spill { file, size, map: Mutex::new(None) })
    }
}

/// Rows that can be read.
#[derive(Debug)]
pub(super) struct Spill {
    file: File,
    size: u64,
    /// The table map that was read last.
    map: Mutex<Option<Arc<TableMap>>>,
}

impl Spill {
    fn record(&self, at: u64) -> io::Result<(u8, u8, Vec<u8>)> {
        let mut head = [0; HEAD];
        self.file.read_exact_at(&mut head, at)?;
        let [kind, flags, length @ ..] = head;
        let length = u64::from(u32::from_le_bytes(length));
        if length > self.size.saturating_sub(at) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut data = vec![0; usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?];
        self.file.read_exact_at(&mut data, at + HEAD as u64)?;
        Ok((kind, flags, data))
    }
}

impl StoredRows for Spill {
    fn read(&self, position: u64) -> Result<Option<(RowsEvent, u64)>, FeedError> {
        let failed = |what: String| FeedError { message: format!("a large transaction can't be read back: {what}") };
        let mut at = position;
        let mut present = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        while at < self.size {
            let (kind, flags, data) = self.record(at).map_err(|error| failed(error.to_string()))?;
            at += (HEAD + data.len()) as u64;
            match (kind, present.as_ref()) {
                (MAP, _) => {
                    let map = TableMap::parse(&data).map_err(|error| failed(error.to_string()))?;
                    *present = Some(Arc::new(map));
                }
                (ROWS, Some(map)) => return Ok(Some((RowsEvent::restore(flags, Bytes::from(data), map), at))),
                (_, _) => return Err(failed("its file is damaged".to_owned())),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table map of `d.t` with one INT.
    fn map(table: u8) -> Arc<TableMap> {
        let body = [&[table, 0, 0, 0, 0, 0, 1, 0, 1, b'd', 0, 1, b't', 0, 1, 3, 0, 0][..]].concat();
        Arc::new(TableMap::parse(&body).expect("a table map"))
    }

    #[test]
    fn rows_come_back_in_their_order_and_as_often_as_needed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = SpillWriter::new(&folder.path().join("deeper")).expect("a file");
        let (first, second) = (map(1), map(2));
        let events: Vec<RowsEvent> = [(&first, 0), (&first, 1), (&second, 8), (&first, 2)]
            .into_iter()
            .enumerate()
            .map(|(number, (map, flags))| RowsEvent::restore(flags, Bytes::from(vec![7; number * 100]), map))
            .collect();
        events.iter().for_each(|event| writer.push(event).expect("written"));
        let spill = writer.finish().expect("finished");
        for _ in 0..2 {
            let (mut position, mut read) = (0, Vec::new());
            while let Some((event, next)) = spill.read(position).expect("read") {
                read.push(event);
                position = next;
            }
            assert_eq!(read, events);
        }
        assert!(spill.read(1).is_err(), "a position between records is refused");
    }
}
