//! The client's commands: where the SQL text is, and which statement a command speaks of. Values of parameters are
//! decoded elsewhere; here they're only stepped over.

use super::constants::{Capabilities, Command, FieldType};
use super::reader::{Malformed, Reader};

/// The SQL text of COM_QUERY's payload after the command byte: what follows the query attributes.
///
/// # Errors
/// [`Malformed`] when the attributes can't be read; the server will refuse the command too.
pub fn query_text(payload: &[u8], capabilities: Capabilities) -> Result<&[u8], Malformed> {
    if !capabilities.contains(Capabilities::QUERY_ATTRIBUTES) {
        return Ok(payload);
    }
    let mut reader = Reader::new(payload);
    let count = usize::try_from(reader.lenenc()?).map_err(|_| Malformed)?;
    reader.lenenc()?;
    if count > 0 {
        skip_attributes(&mut reader, count)?;
    }
    Ok(reader.rest())
}

fn skip_attributes(reader: &mut Reader<'_>, count: usize) -> Result<(), Malformed> {
    let nulls = reader.take(count.div_ceil(8))?;
    if reader.u8()? != 1 {
        return Err(Malformed);
    }
    let mut types = Vec::new();
    for _ in 0..count {
        let [kind, _sign] = reader.u16()?.to_le_bytes();
        types.push(FieldType::from_byte(kind).ok_or(Malformed)?);
        reader.lenenc_bytes()?;
    }
    for (index, kind) in types.into_iter().enumerate() {
        let null = nulls.get(index / 8).is_some_and(|bits| bits & 1 << (index % 8) != 0);
        if !null {
            skip_value(reader, kind)?;
        }
    }
    Ok(())
}

/// Steps over one binary value.
fn skip_value(reader: &mut Reader<'_>, kind: FieldType) -> Result<(), Malformed> {
    match kind {
        FieldType::Null => {}
        FieldType::Tiny => {
            reader.take(1)?;
        }
        FieldType::Short | FieldType::Year => {
            reader.take(2)?;
        }
        FieldType::Long | FieldType::Int24 | FieldType::Float => {
            reader.take(4)?;
        }
        FieldType::LongLong | FieldType::Double => {
            reader.take(8)?;
        }
        FieldType::Date | FieldType::DateTime | FieldType::Timestamp | FieldType::Time | FieldType::NewDate => {
            let length = reader.u8()?;
            reader.take(usize::from(length))?;
        }
        FieldType::Decimal
        | FieldType::VarChar
        | FieldType::Bit
        | FieldType::Vector
        | FieldType::Json
        | FieldType::NewDecimal
        | FieldType::Enum
        | FieldType::Set
        | FieldType::TinyBlob
        | FieldType::MediumBlob
        | FieldType::LongBlob
        | FieldType::Blob
        | FieldType::VarString
        | FieldType::String
        | FieldType::Geometry => {
            reader.lenenc_bytes()?;
        }
    }
    Ok(())
}

/// What a command's payload says about prepared statements; `None` for other commands and short payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementCommand {
    /// COM_STMT_EXECUTE; `cursor` when a server-side cursor is asked for.
    Execute {
        id: u32,
        cursor: bool,
    },
    /// COM_STMT_SEND_LONG_DATA for one parameter.
    LongData {
        id: u32,
        parameter: u16,
    },
    Close {
        id: u32,
    },
    Reset {
        id: u32,
    },
    Fetch {
        id: u32,
    },
}

/// Bytes of COM_STMT_SEND_LONG_DATA before the data, command byte included.
pub const LONG_DATA_HEAD: usize = 7;

impl StatementCommand {
    /// Reads a command's payload, command byte included. Only its first bytes are needed.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let command = Command::from_byte(reader.u8().ok()?)?;
        let id = reader.u32();
        match command {
            Command::StmtExecute => Some(Self::Execute { id: id.ok()?, cursor: reader.u8().ok()? & 0x07 != 0 }),
            Command::StmtSendLongData => Some(Self::LongData { id: id.ok()?, parameter: reader.u16().ok()? }),
            Command::StmtClose => Some(Self::Close { id: id.ok()? }),
            Command::StmtReset => Some(Self::Reset { id: id.ok()? }),
            Command::StmtFetch => Some(Self::Fetch { id: id.ok()? }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_follows_the_attributes() {
        let with = Capabilities::QUERY_ATTRIBUTES;
        assert_eq!(query_text(b"\0\x01SELECT 1", with), Ok(&b"SELECT 1"[..]));
        assert_eq!(query_text(b"SELECT 1", Capabilities(0)), Ok(&b"SELECT 1"[..]));
        let two = b"\x02\x01\x02\x01\xfe\0\x01a\x03\0\x01b\x02hiDO 1";
        assert_eq!(query_text(two, with), Ok(&b"DO 1"[..]), "the second is NULL");
        for cut in 0..two.len() - 4 {
            assert_eq!(query_text(&two[..cut], with), Err(Malformed), "cut at {cut}");
        }
    }

    #[test]
    fn statement_commands_are_read_from_their_first_bytes() {
        assert_eq!(
            StatementCommand::parse(&[0x17, 1, 0, 0, 0, 1, 1, 0, 0, 0]),
            Some(StatementCommand::Execute { id: 1, cursor: true })
        );
        assert_eq!(StatementCommand::parse(&[0x19, 2, 1, 0, 0]), Some(StatementCommand::Close { id: 258 }));
        assert_eq!(StatementCommand::parse(&[0x19, 2, 1]), None);
        assert_eq!(StatementCommand::parse(b"\x03SELECT"), None);
    }
}
