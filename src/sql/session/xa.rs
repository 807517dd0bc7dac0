//! The XA statements. JOIN, SUSPEND and FOR MIGRATE are in MySQL's grammar and refused by it.

use sqlparser::tokenizer::Token;

use super::super::cursor::Cursor;
use super::super::lower::{bits, hex};
use super::super::plan::{SqlError, Xa, Xid};

/// 1398.
fn invalid() -> SqlError {
    SqlError::new(1398, "XAE05", "XAER_INVAL: Invalid arguments (or unsupported command)".to_owned())
}

/// What stands behind the word XA.
pub(super) fn xa(cursor: &mut Cursor<'_>) -> Result<Xa, SqlError> {
    if cursor.take(&["START"]) || cursor.take(&["BEGIN"]) {
        let xid = xid(cursor)?;
        if cursor.take(&["JOIN"]) {
            return Err(invalid());
        }
        return Ok(Xa::Start { xid, resume: cursor.take(&["RESUME"]) });
    }
    if cursor.take(&["END"]) {
        let xid = xid(cursor)?;
        if cursor.take(&["SUSPEND"]) {
            return Err(invalid());
        }
        return Ok(Xa::End(xid));
    }
    if cursor.take(&["PREPARE"]) {
        return xid(cursor).map(Xa::Prepare);
    }
    if cursor.take(&["COMMIT"]) {
        let xid = xid(cursor)?;
        return Ok(Xa::Commit { xid, one_phase: cursor.take(&["ONE", "PHASE"]) });
    }
    if cursor.take(&["ROLLBACK"]) {
        return xid(cursor).map(Xa::Rollback);
    }
    cursor.expect(&["RECOVER"])?;
    Ok(Xa::Recover { convert: cursor.take(&["CONVERT", "XID"]) })
}

/// `gtrid [, bqual [, formatID]]`.
fn xid(cursor: &mut Cursor<'_>) -> Result<Xid, SqlError> {
    let global = bytes(cursor)?;
    let (mut branch, mut format) = (Vec::new(), 1);
    if cursor.symbol(&Token::Comma) {
        branch = bytes(cursor)?;
        if cursor.symbol(&Token::Comma) {
            format = cursor.number()?;
        }
    }
    Xid::new(format, global, branch).ok_or_else(|| cursor.error())
}

/// Text, or a hexadecimal or bit literal.
fn bytes(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, SqlError> {
    let read = match cursor.peek() {
        Some(Token::HexStringLiteral(digits)) => hex(digits),
        Some(Token::SingleQuotedByteStringLiteral(digits)) => bits(digits),
        Some(_) | None => return cursor.string().map(String::into_bytes),
    };
    let bytes = read.ok_or_else(|| cursor.error())?;
    cursor.next();
    Ok(bytes)
}
