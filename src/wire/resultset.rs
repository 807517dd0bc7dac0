//! Answers to clients: OK, EOF, column definitions and the framing of rows. ERR is in `reply`, cells in `cell`.

use bytes::{BufMut, BytesMut};

use super::packet::{self, HEADER_LENGTH, Header, MAX_PAYLOAD};
use super::reader::{put_lenenc, put_lenenc_bytes};
use super::{Capabilities, FieldType, StatusFlags};

/// Collation id of binary data and of numbers and times.
pub const BINARY_COLLATION: u16 = 63;

/// Appends a packet whose payload `write` appends, without copying it unless it's larger than one packet. Whatever
/// `write` left behind is removed again when it fails.
///
/// # Errors
/// What `write` returns.
pub fn frame<E>(
    out: &mut BytesMut,
    sequence: &mut u8,
    write: impl FnOnce(&mut BytesMut) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.put_bytes(0, HEADER_LENGTH);
    if let Err(error) = write(out) {
        out.truncate(start);
        return Err(error);
    }
    let length = out.len() - start - HEADER_LENGTH;
    if length < MAX_PAYLOAD {
        out[start..start + HEADER_LENGTH].copy_from_slice(&Header { length, sequence: *sequence }.encode());
        *sequence = sequence.wrapping_add(1);
    } else {
        let payload = out.split_off(start + HEADER_LENGTH);
        out.truncate(start);
        *sequence = packet::put(out, &payload, *sequence);
    }
    Ok(())
}

/// What an OK packet says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ok {
    pub affected_rows: u64,
    pub insert_id: u64,
    pub status: StatusFlags,
    pub warnings: u16,
    pub info: String,
    /// For clients that track session state.
    pub changes: Vec<StateChange>,
}

/// A change of session state that a client may track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// A system variable and its new value.
    Variable(String, String),
    /// The new default database.
    Schema(String),
}

impl StateChange {
    fn put(&self, out: &mut BytesMut) {
        let mut data = BytesMut::new();
        let kind = match self {
            Self::Variable(name, value) => {
                put_lenenc_bytes(&mut data, name.as_bytes());
                put_lenenc_bytes(&mut data, value.as_bytes());
                0
            }
            Self::Schema(name) => {
                put_lenenc_bytes(&mut data, name.as_bytes());
                1
            }
        };
        out.put_u8(kind);
        put_lenenc_bytes(out, &data);
    }
}

impl Ok {
    /// Appends the payload. The info text has its length in front in MySQL's own packets, whatever the client said.
    pub fn put(&self, out: &mut BytesMut, capabilities: Capabilities) {
        self.put_as(out, 0x00, capabilities);
    }

    /// Appends the payload of the OK that ends a result under `DEPRECATE_EOF`.
    pub fn put_end(&self, out: &mut BytesMut, capabilities: Capabilities) {
        self.put_as(out, 0xfe, capabilities);
    }

    fn put_as(&self, out: &mut BytesMut, header: u8, capabilities: Capabilities) {
        out.put_u8(header);
        put_lenenc(out, self.affected_rows);
        put_lenenc(out, self.insert_id);
        let tracked = !self.changes.is_empty() && capabilities.contains(Capabilities::SESSION_TRACK);
        let changed = if tracked { StatusFlags::SESSION_STATE_CHANGED } else { StatusFlags(0) };
        out.put_u16_le(self.status.with(changed).0);
        out.put_u16_le(self.warnings);
        if tracked || !self.info.is_empty() {
            put_lenenc_bytes(out, self.info.as_bytes());
        }
        if tracked {
            let mut entries = BytesMut::new();
            for change in &self.changes {
                change.put(&mut entries);
            }
            put_lenenc_bytes(out, &entries);
        }
    }
}

/// Appends the payload of an EOF packet.
pub fn put_eof(out: &mut BytesMut, status: StatusFlags, warnings: u16) {
    out.put_u8(0xfe);
    out.put_u16_le(warnings);
    out.put_u16_le(status.0);
}

/// A column definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnDefinition<'a> {
    pub schema: &'a str,
    pub table: &'a str,
    pub org_table: &'a str,
    pub name: &'a str,
    pub org_name: &'a str,
    pub collation: u16,
    pub length: u32,
    pub field: FieldType,
    pub flags: u16,
    pub decimals: u8,
}

impl ColumnDefinition<'_> {
    /// Appends the payload.
    pub fn put(&self, out: &mut BytesMut) {
        self.put_with(out, |name| name.as_bytes().to_vec());
    }

    /// Appends the payload with its names in another character set.
    pub fn put_with(&self, out: &mut BytesMut, encode: impl Fn(&str) -> Vec<u8>) {
        for text in ["def", self.schema, self.table, self.org_table, self.name, self.org_name] {
            put_lenenc_bytes(out, &encode(text));
        }
        out.put_u8(0x0c);
        out.put_u16_le(self.collation);
        out.put_u32_le(self.length);
        out.put_u8(wire_type(self.field));
        out.put_u16_le(self.flags);
        out.put_u8(self.decimals);
        out.put_u16_le(0);
    }
}

/// ENUM and SET travel as strings; flags tell them apart. Columns of every size of BLOB and TEXT are the plain BLOB
/// already; the larger ones stand for long expressions.
const fn wire_type(field: FieldType) -> u8 {
    match field {
        FieldType::Enum | FieldType::Set => FieldType::String as u8,
        FieldType::VarChar => FieldType::VarString as u8,
        FieldType::TinyBlob => FieldType::Blob as u8,
        FieldType::NewDate => FieldType::Date as u8,
        FieldType::Decimal => FieldType::NewDecimal as u8,
        other => other as u8,
    }
}

/// The answer to COM_STMT_PREPARE without the definitions that follow it.
pub fn put_prepared(out: &mut BytesMut, statement: u32, columns: u16, parameters: u16, warnings: u16) {
    out.put_u8(0);
    out.put_u32_le(statement);
    out.put_u16_le(columns);
    out.put_u16_le(parameters);
    out.put_u8(0);
    out.put_u16_le(warnings);
}

#[cfg(test)]
mod tests;
