//! What a statement that is logged as such needs besides its text: events of their own in front of it.

use super::BinlogError;
use crate::wire::reader::Reader;

/// A value that the next statement takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementVariable {
    /// LAST_INSERT_ID() before the statement.
    LastInsertId(u64),
    /// The first id that it generates.
    InsertId(u64),
    /// The state of RAND().
    Random,
    /// A user variable that it reads.
    User,
}

impl StatementVariable {
    /// INTVAR_EVENT.
    pub(super) fn parse(body: &[u8]) -> Result<Self, BinlogError> {
        let mut reader = Reader::new(body);
        let kind = reader.u8()?;
        let value = reader.u64()?;
        match kind {
            1 => Ok(Self::LastInsertId(value)),
            2 => Ok(Self::InsertId(value)),
            _unknown => Err(BinlogError::Malformed("a variable of a statement that isn't known")),
        }
    }
}
