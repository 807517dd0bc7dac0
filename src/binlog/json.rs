//! MySQL's binary JSON as a tree, and the tree as the text that the server itself prints.
//!
//! A document is a type and a value. Objects and arrays begin with the number of their members and their own size, in
//! two bytes each (small) or four (large); then come the entries: for an object those of its names (offset, length),
//! then those of the values (type, offset), where values that fit stand in place of the offset. Offsets count from the
//! object's begin, and may point anywhere inside it: the depth and the number of members that are read are bounded, so
//! that an event can't make more of itself than it holds.

use std::fmt::{self, Write as _};

use super::BinlogError;
use super::moment;
use super::number;
use super::table_map::code;
use crate::wire::reader::Reader;

/// MySQL's limit.
const MAX_DEPTH: usize = 100;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Document {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Double(f64),
    String(String),
    /// A value of a type that JSON doesn't have: the type's code and its bytes.
    Opaque(u8, Vec<u8>),
    Array(Vec<Document>),
    /// In the server's order of names.
    Object(Vec<(String, Document)>),
}

const MALFORMED: BinlogError = BinlogError::Malformed("a JSON document");

impl Document {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, BinlogError> {
        let (kind, value) = bytes.split_first().ok_or(MALFORMED)?;
        // Each member takes at least one byte; a document that points back at itself runs out of this.
        let mut budget = bytes.len();
        parse(*kind, value, 0, &mut budget)
    }
}

fn parse(kind: u8, bytes: &[u8], depth: usize, budget: &mut usize) -> Result<Document, BinlogError> {
    if depth > MAX_DEPTH {
        return Err(BinlogError::Malformed("a JSON document of more than 100 levels"));
    }
    let mut reader = Reader::new(bytes);
    Ok(match kind {
        0x00 => container(bytes, (2, true), depth, budget)?,
        0x01 => container(bytes, (4, true), depth, budget)?,
        0x02 => container(bytes, (2, false), depth, budget)?,
        0x03 => container(bytes, (4, false), depth, budget)?,
        0x04 => literal(reader.u8()?)?,
        0x05 => Document::Int(i64::from(reader.u16()?.cast_signed())),
        0x06 => Document::UInt(u64::from(reader.u16()?)),
        0x07 => Document::Int(i64::from(reader.u32()?.cast_signed())),
        0x08 => Document::UInt(u64::from(reader.u32()?)),
        0x09 => Document::Int(reader.u64()?.cast_signed()),
        0x0a => Document::UInt(reader.u64()?),
        0x0b => Document::Double(f64::from_bits(reader.u64()?)),
        0x0c => {
            let length = length(&mut reader)?;
            let text = spend(budget, reader.take(length)?)?;
            Document::String(std::str::from_utf8(text).map_err(|_| MALFORMED)?.to_owned())
        }
        0x0f => {
            let kind = reader.u8()?;
            let length = length(&mut reader)?;
            Document::Opaque(kind, spend(budget, reader.take(length)?)?.to_vec())
        }
        _unknown => return Err(MALFORMED),
    })
}

/// Counts what is copied against what the event holds.
fn spend<'b>(budget: &mut usize, bytes: &'b [u8]) -> Result<&'b [u8], BinlogError> {
    *budget = budget.checked_sub(bytes.len()).ok_or(MALFORMED)?;
    Ok(bytes)
}

fn literal(byte: u8) -> Result<Document, BinlogError> {
    match byte {
        0 => Ok(Document::Null),
        1 => Ok(Document::Bool(true)),
        2 => Ok(Document::Bool(false)),
        _unknown => Err(MALFORMED),
    }
}

/// Seven bits in each byte, the lowest first; the eighth says that more follow.
fn length(reader: &mut Reader<'_>) -> Result<usize, BinlogError> {
    let mut length = 0_u64;
    for group in 0..5 {
        let byte = reader.u8()?;
        length |= u64::from(byte & 0x7f) << (7 * group);
        if byte & 0x80 == 0 {
            return usize::try_from(length).map_err(|_| MALFORMED);
        }
    }
    Err(MALFORMED)
}

/// An object or an array; `width` bytes hold a number, an offset or a size.
fn container(
    bytes: &[u8],
    (width, is_object): (usize, bool),
    depth: usize,
    budget: &mut usize,
) -> Result<Document, BinlogError> {
    let number = |reader: &mut Reader<'_>| -> Result<usize, BinlogError> {
        usize::try_from(super::little_endian(reader.take(width)?)).map_err(|_| MALFORMED)
    };
    let mut head = Reader::new(bytes);
    let (count, size) = (number(&mut head)?, number(&mut head)?);
    let bytes = bytes.get(..size).ok_or(MALFORMED)?;
    *budget = budget.checked_sub(count).ok_or(MALFORMED)?;
    let mut head = Reader::new(bytes);
    head.take(2 * width)?;
    let mut names = Vec::new();
    for _ in 0..if is_object { count } else { 0 } {
        let (at, length) = (number(&mut head)?, usize::from(head.u16()?));
        let name = at.checked_add(length).and_then(|end| bytes.get(at..end)).ok_or(MALFORMED)?;
        let name = spend(budget, name)?;
        names.push(std::str::from_utf8(name).map_err(|_| MALFORMED)?.to_owned());
    }
    let mut values = Vec::new();
    for _ in 0..count {
        let kind = head.u8()?;
        let inline = head.take(width)?;
        let fits = match kind {
            0x04..=0x06 => true,
            0x07 | 0x08 => width == 4,
            _elsewhere => false,
        };
        let value = if fits {
            inline
        } else {
            let at = usize::try_from(super::little_endian(inline)).map_err(|_| MALFORMED)?;
            bytes.get(at..).ok_or(MALFORMED)?
        };
        values.push(parse(kind, value, depth + 1, budget)?);
    }
    Ok(if is_object { Document::Object(names.into_iter().zip(values).collect()) } else { Document::Array(values) })
}

impl fmt::Display for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Int(value) => write!(out, "{value}"),
            Self::UInt(value) => write!(out, "{value}"),
            Self::Double(value) => double(*value, out),
            Self::String(text) => string(text, out),
            Self::Opaque(kind, bytes) => opaque(*kind, bytes, out),
            Self::Array(values) => {
                out.write_char('[')?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(out, "{comma}{value}")?;
                }
                out.write_char(']')
            }
            Self::Object(members) => {
                out.write_char('{')?;
                for (index, (name, value)) in members.iter().enumerate() {
                    out.write_str(if index == 0 { "" } else { ", " })?;
                    string(name, out)?;
                    write!(out, ": {value}")?;
                }
                out.write_char('}')
            }
        }
    }
}

/// Shortest digits that lead back to the number, with an exponent where MySQL writes one.
fn double(value: f64, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value != 0.0 && !(1e-15..1e15).contains(&value.abs()) {
        return write!(out, "{value:e}");
    }
    let shown = value.to_string();
    out.write_str(&shown)?;
    if shown.contains('.') { Ok(()) } else { out.write_str(".0") }
}

/// Quotes, and the escapes that MySQL writes.
fn string(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    out.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if u32::from(control) < 0x20 => write!(out, "\\u{:04x}", u32::from(control))?,
            plain => out.write_char(plain)?,
        }
    }
    out.write_char('"')
}

/// Decimals are numbers, dates and times their text; everything else is Base64 with its type in front.
fn opaque(kind: u8, bytes: &[u8], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let packed = || <[u8; 8]>::try_from(bytes).ok().map(i64::from_le_bytes);
    let text = match (kind, packed()) {
        (code::NEWDECIMAL, _) => {
            if let [precision, scale, digits @ ..] = bytes
                && let Ok(length) = number::decimal_length(*precision, *scale)
                && length == digits.len()
                && let Ok(text) = number::decimal(digits, *precision, *scale)
            {
                return out.write_str(&text);
            }
            None
        }
        (code::DATE, Some(packed)) => moment::json_date_time(packed).ok().map(|(date, _)| date),
        // DATETIME and TIMESTAMP.
        (7 | 12, Some(packed)) => moment::json_date_time(packed).ok().map(|(date, time)| format!("{date} {time}")),
        // TIME.
        (11, Some(packed)) => Some(moment::json_time(packed)),
        (_, _) => None,
    };
    match text {
        Some(text) => write!(out, "\"{text}\""),
        None => {
            use base64::Engine as _;
            let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
            write!(out, "\"base64:type{kind}:{encoded}\"")
        }
    }
}
