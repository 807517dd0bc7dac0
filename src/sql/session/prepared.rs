//! PREPARE, EXECUTE and DEALLOCATE as text.

use sqlparser::tokenizer::Token;

use super::super::cursor::Cursor;
use super::super::plan::{PrepareFrom, SessionCommand, SqlError};

/// PREPARE name FROM 'text' or FROM @variable.
pub(super) fn prepare(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    let name = cursor.name()?;
    cursor.expect(&["FROM"])?;
    let from = match cursor.variable() {
        Some(variable) => PrepareFrom::Variable(variable),
        None => PrepareFrom::Text(cursor.string()?),
    };
    Ok(SessionCommand::Prepare { name, from })
}

/// EXECUTE name [USING @a, …].
pub(super) fn execute(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    let name = cursor.name()?;
    let mut using = Vec::new();
    if cursor.take(&["USING"]) {
        loop {
            using.push(cursor.variable().ok_or_else(|| cursor.error())?);
            if !cursor.symbol(&Token::Comma) {
                break;
            }
        }
    }
    Ok(SessionCommand::Execute { name, using })
}

/// {DEALLOCATE | DROP} PREPARE name.
pub(super) fn deallocate(cursor: &mut Cursor<'_>) -> Result<SessionCommand, SqlError> {
    cursor.expect(&["PREPARE"])?;
    cursor.name().map(SessionCommand::Deallocate)
}
