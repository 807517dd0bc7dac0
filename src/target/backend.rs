//! Messages from PostgreSQL, cut from the input with every length checked. Only what this client reads is decoded.

use bytes::{Buf, Bytes, BytesMut};

use super::error::{ServerError, TargetError};

/// Largest message taken from the server. PostgreSQL's own limit for a row is 1 GiB.
const MESSAGE_LIMIT: usize = (1 << 30) + 1024;

/// A message's type byte and body.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) tag: u8,
    pub(super) body: Bytes,
}

/// Takes one whole message off the front of `input`; `None` while it is incomplete.
pub(super) fn take(input: &mut BytesMut) -> Result<Option<Message>, TargetError> {
    let Some(head) = input.first_chunk::<5>() else { return Ok(None) };
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if !(4..=MESSAGE_LIMIT).contains(&length) {
        return Err(TargetError::Protocol("a message of an impossible length"));
    }
    let tag = head[0];
    if input.len() < length + 1 {
        input.reserve(length + 1 - input.len());
        return Ok(None);
    }
    let mut whole = input.split_to(length + 1);
    whole.advance(5);
    Ok(Some(Message { tag, body: whole.freeze() }))
}

/// The type oids of a RowDescription.
pub(super) fn column_types(mut body: &[u8]) -> Result<Vec<u32>, TargetError> {
    const SHORT: TargetError = TargetError::Protocol("a row description shorter than it says");
    if body.len() < 2 {
        return Err(SHORT);
    }
    let count = usize::from(body.get_u16());
    let mut types = Vec::with_capacity(count);
    for _ in 0..count {
        let end = memchr::memchr(0, body).ok_or(SHORT)?;
        body.advance(end + 1);
        // Table oid (4), attribute number (2), type oid (4), size (2), modifier (4), format (2).
        if body.len() < 18 {
            return Err(SHORT);
        }
        body.advance(6);
        types.push(body.get_u32());
        body.advance(8);
    }
    Ok(types)
}

/// The row count at the end of a command tag: `INSERT 0 3`, `UPDATE 2`; 0 for tags without one.
pub(super) fn affected(body: &[u8]) -> u64 {
    let tag = body.split(|&byte| byte == 0).next().unwrap_or_default();
    let last = tag.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(last).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The fields of an ErrorResponse; unknown fields are skipped.
pub(super) fn server_error(mut body: &[u8], request: usize) -> ServerError {
    let mut error = ServerError { request, ..ServerError::default() };
    while let Some((&kind, rest)) = body.split_first() {
        let Some(end) = memchr::memchr(0, rest) else { break };
        let value = String::from_utf8_lossy(&rest[..end]).into_owned();
        body = &rest[end + 1..];
        match kind {
            b'V' => error.severity = value,
            b'C' => error.sqlstate = value,
            b'M' => error.message = value,
            b'D' => error.detail = Some(value),
            b'H' => error.hint = Some(value),
            b's' => error.schema = Some(value),
            b't' => error.table = Some(value),
            b'c' => error.column = Some(value),
            b'd' => error.data_type = Some(value),
            b'n' => error.constraint = Some(value),
            b'R' => error.routine = Some(value),
            b'W' => error.context = Some(value),
            _ => {}
        }
    }
    error
}
