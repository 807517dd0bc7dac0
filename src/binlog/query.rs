//! A statement in the log: DDL always, and writes where a session logs statements instead of rows.

use bytes::Bytes;

use crate::schema::charset;
use crate::wire::reader::Reader;

use super::{BinlogError, little_endian, mariadb};

/// A statement with the session as it saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryEvent {
    /// As the client sent it, in its character set; UTF-8 for those that Bascule knows.
    pub text: String,
    pub database: Option<String>,
    /// MySQL's comma list.
    pub sql_mode: String,
    /// Empty where the statement doesn't depend on it.
    pub time_zone: String,
    pub collation: String,
    pub auto_increment_increment: u16,
    pub foreign_key_checks: bool,
    /// NOW(6), in microseconds since the epoch.
    pub time_micros: i64,
    /// Bytes of the text aren't characters of its set, so it isn't exactly what was executed.
    pub damaged: bool,
    /// What the server answered on the source: a statement with an error was written because it did something.
    pub error: u16,
    /// A mode of MariaDB under which the text means something else than it does in MySQL.
    pub foreign_mode: Option<&'static str>,
}

/// How the text is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    /// As MariaDB compresses it.
    Zlib,
}

const NO_FOREIGN_KEY_CHECKS: u32 = 1 << 26;

/// Names of the bits of `sql_mode`, from the lowest.
const MODES: [&str; 33] = [
    "REAL_AS_FLOAT",
    "PIPES_AS_CONCAT",
    "ANSI_QUOTES",
    "IGNORE_SPACE",
    "",
    "ONLY_FULL_GROUP_BY",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_DIR_IN_CREATE",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "ANSI",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "STRICT_TRANS_TABLES",
    "STRICT_ALL_TABLES",
    "NO_ZERO_IN_DATE",
    "NO_ZERO_DATE",
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "TRADITIONAL",
    "",
    "HIGH_NOT_PRECEDENCE",
    "NO_ENGINE_SUBSTITUTION",
    "PAD_CHAR_TO_FULL_LENGTH",
    "TIME_TRUNCATE_FRACTIONAL",
];

/// Bits that MySQL doesn't use, or no longer: all of them change how a text is read. MariaDB uses MySQL's last bit for
/// another mode, under which an empty text is NULL; nobody can tell the two apart here.
const FOREIGN_MODES: [(u32, &str); 4] =
    [(9, "ORACLE"), (10, "MSSQL"), (33, "SIMULTANEOUS_ASSIGNMENT"), (34, "TIME_ROUND_FRACTIONAL")];

impl QueryEvent {
    /// `timestamp` is the header's, in seconds.
    pub(super) fn parse(body: &Bytes, timestamp: u32, packing: Packing) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        reader.take(8)?;
        let database_length = usize::from(reader.u8()?);
        let error = reader.u16()?;
        let variables_length = usize::from(reader.u16()?);
        let mut event = Self {
            error,
            foreign_key_checks: true,
            auto_increment_increment: 1,
            time_micros: i64::from(timestamp) * 1_000_000,
            ..Self::default()
        };
        let mut client = None;
        // The server reads variables up to the first that it doesn't know; they are written in ascending order.
        let _ = event.variables(reader.take(variables_length)?, &mut client);
        let database = reader.take(database_length)?;
        reader.take(1)?;
        event.database = Some(utf8(database)?).filter(|name| !name.is_empty());
        (event.text, event.damaged) = match packing {
            Packing::Plain => statement(reader.rest(), client)?,
            Packing::Zlib => {
                let mut text = Vec::new();
                mariadb::unpack(&body.slice(body.len() - reader.rest().len()..), &mut text)?;
                statement(&text, client)?
            }
        };
        Ok(event)
    }

    fn variables(&mut self, bytes: &[u8], client: &mut Option<u16>) -> Result<(), BinlogError> {
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            match reader.u8()? {
                0 => self.foreign_key_checks = reader.u32()? & NO_FOREIGN_KEY_CHECKS == 0,
                1 => {
                    let bits = reader.u64()?;
                    self.sql_mode = modes(bits);
                    self.foreign_mode =
                        FOREIGN_MODES.iter().find(|(bit, _)| bits >> bit & 1 == 1).map(|(_, name)| *name);
                }
                2 => {
                    let length = usize::from(reader.u8()?);
                    reader.take(length + 1)?;
                }
                3 => {
                    self.auto_increment_increment = reader.u16()?;
                    reader.u16()?;
                }
                4 => {
                    *client = Some(reader.u16()?);
                    let connection = charset::by_collation_id(reader.u16()?);
                    self.collation = connection.map_or_else(String::new, |(name, _)| name.to_owned());
                    reader.u16()?;
                }
                5 => {
                    let length = usize::from(reader.u8()?);
                    self.time_zone = utf8(reader.take(length)?)?;
                }
                6 => {
                    let length = usize::from(reader.u8()?);
                    reader.take(length)?;
                }
                7 | 8 | 18 => {
                    reader.take(2)?;
                }
                9 | 17 => {
                    reader.take(8)?;
                }
                10 => {
                    reader.take(4)?;
                }
                11 => {
                    for _ in 0..2 {
                        let length = usize::from(reader.u8()?);
                        reader.take(length)?;
                    }
                }
                12 => {
                    const TOO_MANY: u8 = 254;
                    let count = reader.u8()?;
                    for _ in 0..if count == TOO_MANY { 0 } else { count } {
                        reader.nul_bytes()?;
                    }
                }
                // MySQL's and MariaDB's microseconds.
                13 | 128 => self.time_micros += little_endian(reader.take(3)?).cast_signed(),
                16 | 19 | 20 => {
                    reader.take(1)?;
                }
                _unknown => break,
            }
        }
        Ok(())
    }
}

fn modes(bits: u64) -> String {
    let named = MODES.iter().enumerate().filter(|(at, name)| bits >> at & 1 == 1 && !name.is_empty());
    named.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
}

fn utf8(bytes: &[u8]) -> Result<String, BinlogError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| BinlogError::Malformed("a name that isn't UTF-8"))
}

/// The text in UTF-8. A statement may hold binary literals, so bytes that aren't text are shown as such; whether there are
/// any comes second.
fn statement(bytes: &[u8], client: Option<u16>) -> Result<(String, bool), BinlogError> {
    let shown = || (String::from_utf8_lossy(bytes).into_owned(), std::str::from_utf8(bytes).is_err());
    let set = client.and_then(charset::by_collation_id).map(|(_, set)| set);
    match set {
        Some(set) if bytes.is_ascii() || set.bytes > 1 => {
            if bytes.is_ascii() || matches!(set.name, "utf8mb4" | "utf8mb3") {
                return Ok(shown());
            }
            Err(BinlogError::Refused(format!("a statement came in character set {}, which isn't carried", set.name)))
        }
        // Without a known set the text is as good as damaged where it isn't ASCII.
        Some(set) => Ok(set.decode(bytes).map_or_else(|| (shown().0, !bytes.is_ascii()), |text| (text, false))),
        None => Ok((shown().0, !bytes.is_ascii())),
    }
}
