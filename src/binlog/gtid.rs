//! The event that begins a transaction: its number, with or without a tag.
//!
//! Tagged GTIDs (MySQL 8.3 and later) come in the server's own serialization: a message of numbered fields whose integers
//! say their length in the low bits of their first byte.

use super::{BinlogError, little_endian};
use crate::position::Gtid;
use crate::wire::reader::Reader;

/// What is known of a transaction before its changes come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GtidEvent {
    pub gtid: Gtid,
    /// When the server that sends it committed, in microseconds since the epoch; 0 where it doesn't say (5.7).
    pub committed_micros: i64,
    /// Bytes of the whole transaction in the log; 0 where it doesn't say.
    pub length: u64,
    /// It goes on to its commit, and no BEGIN says so. MySQL always says it.
    pub begun: bool,
    /// What follows has done nothing: MariaDB logs the beginning of an ALTER, and its failure.
    pub void: bool,
}

impl GtidEvent {
    /// GTID_EVENT.
    pub(super) fn parse(body: &[u8]) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        reader.u8()?;
        let uuid = uuid(reader.take(16)?)?;
        let number = number(reader.u64()?)?;
        let mut event = Self {
            gtid: Gtid::of_server(uuid, String::new(), number),
            committed_micros: 0,
            length: 0,
            begun: false,
            void: false,
        };
        // Logical timestamps, then (from 8.0 on) when it was committed.
        if reader.u8().is_ok_and(|kind| kind == 2) && reader.take(16).is_ok() {
            event.committed(&mut reader);
        }
        Ok(event)
    }

    fn committed(&mut self, reader: &mut Reader<'_>) {
        const ORIGINAL_FOLLOWS: u64 = 1 << 55;
        let Ok(bytes) = reader.take(7) else { return };
        let micros = little_endian(bytes);
        self.committed_micros = (micros & !ORIGINAL_FOLLOWS).cast_signed();
        if micros & ORIGINAL_FOLLOWS != 0 && reader.take(7).is_err() {
            return;
        }
        self.length = reader.lenenc().unwrap_or(0);
    }

    /// GTID_TAGGED_LOG_EVENT.
    pub(super) fn parse_tagged(body: &[u8]) -> Result<Self, BinlogError> {
        const FIRST_VERSION: u64 = 1;
        let mut reader = Reader::new(body);
        if varint(&mut reader)? != FIRST_VERSION {
            return Err(BinlogError::Malformed("a GTID in an unknown serialization"));
        }
        let (_size, _last_needed) = (varint(&mut reader)?, varint(&mut reader)?);
        let (mut uuid, mut name, mut given) = ([0; 16], String::new(), 0);
        let (mut committed_micros, mut length) = (0, 0);
        while !reader.is_empty() {
            match varint(&mut reader)? {
                1 => {
                    for byte in &mut uuid {
                        *byte = u8::try_from(varint(&mut reader)?).map_err(|_| BinlogError::Malformed("a UUID"))?;
                    }
                }
                2 => given = number(signed(varint(&mut reader)?).cast_unsigned())?,
                3 => {
                    let length = usize::try_from(varint(&mut reader)?).unwrap_or(usize::MAX);
                    name = tag(reader.take(length)?)?;
                }
                6 => committed_micros = varint(&mut reader)?.cast_signed(),
                8 => length = varint(&mut reader)?,
                // Flags, logical timestamps, the original's time and versions, the group ticket.
                0 | 4 | 5 | 7 | 9..=11 => {
                    varint(&mut reader)?;
                }
                // Later fields may be ignored unless the message says otherwise; their length isn't known.
                _later => break,
            }
        }
        if given == 0 {
            return Err(BinlogError::Malformed("a transaction without a number"));
        }
        Ok(Self { gtid: Gtid::of_server(uuid, name, given), committed_micros, length, begun: false, void: false })
    }
}

fn uuid(bytes: &[u8]) -> Result<[u8; 16], BinlogError> {
    bytes.try_into().map_err(|_| BinlogError::Malformed("a UUID"))
}

pub(super) fn number(number: u64) -> Result<u64, BinlogError> {
    let good = (1..=i64::MAX.cast_unsigned() - 1).contains(&number);
    if good { Ok(number) } else { Err(BinlogError::Malformed("the number of a transaction")) }
}

fn tag(bytes: &[u8]) -> Result<String, BinlogError> {
    let tag = std::str::from_utf8(bytes).ok().filter(|tag| {
        tag.len() <= 32 && tag.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    tag.map(str::to_owned).ok_or(BinlogError::Malformed("the tag of a GTID"))
}

/// As many ones as the first byte has at its low end, so many bytes follow it.
fn varint(reader: &mut Reader<'_>) -> Result<u64, BinlogError> {
    let first = reader.rest().first().copied().ok_or(BinlogError::Malformed("a number"))?;
    let more = first.trailing_ones();
    if more == 8 {
        reader.take(1)?;
        return Ok(reader.u64()?);
    }
    let length = more + 1;
    Ok(little_endian(reader.take(length as usize)?) >> length)
}

/// The sign is in the lowest bit, and negative numbers are stored as their complement.
fn signed(value: u64) -> i64 {
    let magnitude = (value >> 1).cast_signed();
    if value & 1 == 0 { magnitude } else { !magnitude }
}
