//! The small events: where the log goes on, and the end of an XA branch's first phase.

use super::BinlogError;
use crate::wire::reader::Reader;

/// The log goes on in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Name of the file.
    pub file: String,
    /// Where in it.
    pub position: u64,
}

impl Rotation {
    pub(super) fn parse(body: &[u8]) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        let position = reader.u64()?;
        Ok(Self { file: String::from_utf8_lossy(reader.rest()).into_owned(), position })
    }
}

/// XA PREPARE, or XA COMMIT … ONE PHASE, which is written the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XaPrepared {
    /// The branch is committed by this; otherwise XA COMMIT or XA ROLLBACK decides later.
    pub one_phase: bool,
    /// The branch as MySQL writes it in its own statements: `X'6131',X'',1`.
    pub xid: String,
}

impl XaPrepared {
    pub(super) fn parse(body: &[u8]) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        let one_phase = reader.u8()? != 0;
        let format = reader.u32()?;
        let (global, branch) = (reader.u32()? as usize, reader.u32()? as usize);
        if global > 64 || branch > 64 {
            return Err(BinlogError::Malformed("the name of an XA branch is too long"));
        }
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (global, branch) = (hex(reader.take(global)?), hex(reader.take(branch)?));
        Ok(Self { one_phase, xid: format!("X'{global}',X'{branch}',{format}") })
    }
}
