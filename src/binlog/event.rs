//! From an event's bytes to what it says. The decoder remembers what later events need: whether they carry checksums, and
//! the table maps.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::control::{Rotation, XaPrepared};
use super::gtid::GtidEvent;
use super::mariadb;
use super::payload::Payload;
use super::query::{Packing, QueryEvent};
use super::rows::RowsEvent;
use super::table_map::TableMap;
use super::variable::StatementVariable;
use super::{BinlogError, little_endian};
use crate::wire::reader::Reader;

const HEADER: usize = 19;
const CHECKSUM: usize = 4;
/// Tables that may be open in one statement; the server's own limit is lower.
const MOST_MAPS: usize = 65_536;

/// What an event says.
#[derive(Debug)]
pub enum Event {
    /// The log goes on in another file, or begins there.
    Rotation(Rotation),
    /// A transaction begins.
    Gtid(GtidEvent),
    /// A transaction without a number: the server runs without GTIDs.
    Anonymous,
    Query(QueryEvent),
    /// The next statement takes this.
    Variable(StatementVariable),
    /// Rows follow that are packed so.
    Table(Arc<TableMap>),
    Rows(RowsEvent),
    /// The transaction is committed.
    Commit,
    XaPrepared(XaPrepared),
    /// A whole compressed transaction, but for its number.
    Payload(Box<Payload>),
    /// The server is there and has nothing to tell.
    Heartbeat,
    /// The server knows that its log misses something.
    Incident(String),
    /// A part of a statement in a format that isn't rows.
    StatementPart,
    /// Nothing that matters here.
    Other,
}

/// Whether events carry a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Plain,
    Crc32,
}

/// Reads events in the order of the log.
#[derive(Debug)]
pub struct Decoder {
    framing: Framing,
    maps: HashMap<u64, Arc<TableMap>>,
}

impl Decoder {
    /// `framing` is what was agreed on with the server, until a file says how it's written.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self { framing, maps: HashMap::new() }
    }

    /// Reads one whole event, header and checksum included.
    ///
    /// # Errors
    /// [`BinlogError`]; nothing that follows can be trusted then.
    pub fn event(&mut self, event: &Bytes) -> Result<Event, BinlogError> {
        const FORMAT_DESCRIPTION: u8 = 15;
        let code = event.get(4).copied().ok_or(BinlogError::Malformed("a header"))?;
        if code == FORMAT_DESCRIPTION {
            return self.format(event);
        }
        match self.framing {
            Framing::Plain => self.inner(event),
            Framing::Crc32 => {
                let end = event.len().checked_sub(CHECKSUM).ok_or(BinlogError::Malformed("a checksum"))?;
                let (covered, checksum) = event.split_at_checked(end).unwrap_or((event, &[]));
                if u64::from(crc32fast::hash(covered)) != little_endian(checksum) {
                    return Err(BinlogError::Checksum);
                }
                self.checked(event, end)
            }
        }
    }

    /// Reads one event of a compressed transaction: those have no checksums.
    ///
    /// # Errors
    /// As [`Decoder::event`].
    pub fn inner(&mut self, event: &Bytes) -> Result<Event, BinlogError> {
        self.checked(event, event.len())
    }

    /// `end` is where the body ends.
    fn checked(&mut self, event: &Bytes, end: usize) -> Result<Event, BinlogError> {
        const IGNORABLE: u16 = 0x80;
        let mut header = Reader::new(event);
        let timestamp = header.u32()?;
        let code = header.u8()?;
        let server = header.u32()?;
        let size = header.u32()? as usize;
        header.take(4)?;
        let flags = header.u16()?;
        if size != event.len() || end < HEADER {
            return Err(BinlogError::Malformed("an event of another size than its header says"));
        }
        let body = event.slice(HEADER..end);
        Ok(match code {
            2 => Event::Query(QueryEvent::parse(&body, timestamp, Packing::Plain)?),
            165 => Event::Query(QueryEvent::parse(&body, timestamp, Packing::Zlib)?),
            4 => Event::Rotation(Rotation::parse(&body)?),
            17 | 18 => Event::StatementPart,
            16 => Event::Commit,
            19 => Event::Table(self.table(&body)?),
            23..=25 | 30..=32 | 39 => Event::Rows(self.rows(code, &body)?),
            26 => Event::Incident(incident(&body)),
            27 | 41 => Event::Heartbeat,
            33 => Event::Gtid(GtidEvent::parse(&body)?),
            34 => Event::Anonymous,
            38 => Event::XaPrepared(XaPrepared::parse(&body)?),
            40 => Event::Payload(Box::new(Payload::parse(&body)?)),
            42 => Event::Gtid(GtidEvent::parse_tagged(&body)?),
            162 => Event::Gtid(mariadb::gtid(&body, server, timestamp)?),
            164 => {
                return Err(BinlogError::Refused(
                    "the binary log is encrypted, and MariaDB doesn't decrypt it for its replicas".to_owned(),
                ));
            }
            166..=171 => {
                let (code, body) = mariadb::rows(code, &body)?;
                Event::Rows(self.rows(code, &body)?)
            }
            5 => Event::Variable(StatementVariable::parse(&body)?),
            13 => Event::Variable(StatementVariable::Random),
            14 => Event::Variable(StatementVariable::User),
            // Stop, ignorable, the text of a statement that is logged by rows, previous GTIDs, group replication's own.
            3 | 28 | 29 | 35..=37 => Event::Other,
            // MariaDB's: the text of a statement, up to where transactions are whole, the numbers at a file's beginning.
            160 | 161 | 163 => Event::Other,
            _ignorable if flags & IGNORABLE != 0 => Event::Other,
            unknown => return Err(BinlogError::Unknown(unknown)),
        })
    }

    /// The description of a file says last how its events are checked, and is itself always followed by four bytes.
    fn format(&mut self, event: &Bytes) -> Result<Event, BinlogError> {
        const MINIMUM: usize = HEADER + 2 + 50 + 4 + 1;
        const IN_USE: u8 = 1;
        let end = event.len().checked_sub(CHECKSUM + 1).filter(|end| *end >= MINIMUM);
        let end = end.ok_or(BinlogError::Malformed("the description of a file"))?;
        let algorithm = event.get(end).copied().unwrap_or_default();
        self.framing = match algorithm {
            0 => Framing::Plain,
            1 => Framing::Crc32,
            _unknown => return Err(BinlogError::Malformed("the description of a file with an unknown checksum")),
        };
        if self.framing == Framing::Crc32 {
            let (covered, checksum) = event.split_at_checked(end + 1).unwrap_or((event, &[]));
            let mut covered = covered.to_vec();
            // Set while the file is written, and not covered.
            if let Some(flags) = covered.get_mut(17) {
                *flags &= !IN_USE;
            }
            if u64::from(crc32fast::hash(&covered)) != little_endian(checksum) {
                return Err(BinlogError::Checksum);
            }
        }
        let version = little_endian(event.get(HEADER..HEADER + 2).unwrap_or_default());
        if version != 4 {
            return Err(BinlogError::Malformed("a file of a version other than 4"));
        }
        self.maps.clear();
        Ok(Event::Other)
    }

    fn table(&mut self, body: &[u8]) -> Result<Arc<TableMap>, BinlogError> {
        let id = RowsEvent::table_id(body)?;
        // The same table comes before every statement's rows.
        if let Some(known) = self.maps.get(&id).filter(|known| known.bytes() == body) {
            return Ok(Arc::clone(known));
        }
        let map = Arc::new(TableMap::parse(body)?);
        if self.maps.len() >= MOST_MAPS {
            self.maps.clear();
        }
        self.maps.insert(id, Arc::clone(&map));
        Ok(map)
    }

    fn rows(&self, code: u8, body: &Bytes) -> Result<RowsEvent, BinlogError> {
        let id = RowsEvent::table_id(body)?;
        let map = self.maps.get(&id).ok_or(BinlogError::Malformed("rows without their table map"))?;
        RowsEvent::parse(code, body, map)
    }
}

/// The server's words, if it has any.
fn incident(body: &[u8]) -> String {
    let mut reader = Reader::new(body);
    let message = reader.u16().and_then(|_| reader.u8()).and_then(|length| reader.take(usize::from(length)));
    String::from_utf8_lossy(message.unwrap_or_default()).into_owned()
}
