//! One packed value as MySQL's text.

use std::borrow::Cow;

use crate::schema::charset::Charset;

use super::json::Document;
use super::json_diff;
use super::moment::{self, fraction_length};
use super::number::{self, decimal_length};
use super::table_map::{WireColumn, code};
use super::{BinlogError, big_endian, little_endian};

/// How many bytes of `rest` a value takes, its own length included.
pub(super) fn value_length(column: WireColumn, rest: &[u8]) -> Result<usize, BinlogError> {
    let prefixed = |bytes: usize| -> Result<usize, BinlogError> {
        let prefix = rest.get(..bytes).ok_or(BinlogError::Malformed("the length of a value"))?;
        let length = usize::try_from(little_endian(prefix)).unwrap_or(usize::MAX);
        length.checked_add(bytes).ok_or(BinlogError::Malformed("the length of a value"))
    };
    let [high, low] = column.meta.to_be_bytes();
    Ok(match column.code {
        code::TINY | code::YEAR => 1,
        code::SHORT => 2,
        code::INT24 | code::DATE => 3,
        code::LONG | code::FLOAT => 4,
        code::LONGLONG | code::DOUBLE => 8,
        code::NEWDECIMAL => decimal_length(high, low)?,
        code::TIMESTAMP2 => 4 + fraction_length(column.meta)?,
        code::DATETIME2 => 5 + fraction_length(column.meta)?,
        code::TIME2 => 3 + fraction_length(column.meta)?,
        // The number of whole bytes is in the high byte, of the bits above them in the low one.
        code::BIT => usize::from(high) + usize::from(low > 0),
        code::ENUM | code::SET => usize::from(column.meta),
        code::VARCHAR | code::VAR_STRING | code::STRING => prefixed(length_bytes(column))?,
        code::BLOB
        | code::TINY_BLOB
        | code::MEDIUM_BLOB
        | code::LONG_BLOB
        | code::JSON
        | code::GEOMETRY
        | code::VECTOR => match column.meta {
            bytes @ 1..=4 => prefixed(usize::from(bytes))?,
            _more => return Err(BinlogError::Malformed("the length of a BLOB's length")),
        },
        other => {
            return Err(BinlogError::Refused(format!("a column of the old or unknown type {other} isn't carried")));
        }
    })
}

/// Bytes of the length before a value.
pub(super) fn length_bytes(column: WireColumn) -> usize {
    match column.code {
        code::VARCHAR | code::VAR_STRING | code::STRING => 1 + usize::from(column.meta > 255),
        code::BLOB
        | code::TINY_BLOB
        | code::MEDIUM_BLOB
        | code::LONG_BLOB
        | code::JSON
        | code::GEOMETRY
        | code::VECTOR => usize::from(column.meta),
        _fixed => 0,
    }
}

/// How the text of a column's values is made.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Integer {
        unsigned: bool,
    },
    Year,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Bit,
    Date,
    Time {
        digits: u16,
    },
    DateTime {
        digits: u16,
    },
    Timestamp {
        digits: u16,
    },
    /// Text in a character set.
    Characters {
        set: &'static Charset,
    },
    /// Bytes as they are.
    Bytes,
    /// BINARY(n): the log leaves zero bytes at the end away.
    Padded {
        length: usize,
    },
    Enum {
        labels: Vec<String>,
    },
    Set {
        labels: Vec<String>,
    },
    Json,
}

/// The text of a value, without its length in front.
pub(super) fn text<'e>(form: &Form, bytes: &'e [u8]) -> Result<Cow<'e, [u8]>, BinlogError> {
    let made = |text: String| Cow::Owned(text.into_bytes());
    Ok(match form {
        Form::Integer { unsigned } => made(number::integer(bytes, *unsigned)),
        Form::Year => made(moment::year(bytes)),
        Form::Float => {
            let bytes = bytes.try_into().map_err(|_| BinlogError::Malformed("a FLOAT"))?;
            made(f64::from(f32::from_le_bytes(bytes)).to_string())
        }
        Form::Double => {
            let bytes = bytes.try_into().map_err(|_| BinlogError::Malformed("a DOUBLE"))?;
            made(f64::from_le_bytes(bytes).to_string())
        }
        Form::Decimal { precision, scale } => made(number::decimal(bytes, *precision, *scale)?),
        Form::Bit | Form::Bytes => Cow::Borrowed(bytes),
        Form::Date => made(moment::date(bytes)),
        Form::Time { digits } => made(moment::time(bytes, *digits)?),
        Form::DateTime { digits } => made(moment::date_time(bytes, *digits)?),
        Form::Timestamp { digits } => made(moment::timestamp(bytes, *digits)?),
        Form::Characters { set } => characters(set, bytes)?,
        Form::Padded { length } => {
            let mut padded = bytes.to_vec();
            padded.resize(bytes.len().max(*length), 0);
            Cow::Owned(padded)
        }
        Form::Enum { labels } => match little_endian(bytes).checked_sub(1) {
            // What MySQL stores for a label that it doesn't have.
            None => Cow::Borrowed(&[]),
            Some(at) => made(label(labels, at)?.to_owned()),
        },
        Form::Set { labels } => made(members(labels, little_endian(bytes))?),
        // An empty value is what a column holds that was added with NOT NULL; MySQL reads it as null.
        Form::Json if bytes.is_empty() => Cow::Borrowed(b"null"),
        Form::Json => made(Document::parse(bytes)?.to_string()),
    })
}

/// The text of a document that is told as changes to the one before.
pub(super) fn changed_document(before: &[u8], changes: &[u8]) -> Result<Vec<u8>, BinlogError> {
    let mut document = Document::parse(before)?;
    json_diff::apply(&mut document, changes)?;
    Ok(document.to_string().into_bytes())
}

fn label(labels: &[String], at: u64) -> Result<&str, BinlogError> {
    let label = usize::try_from(at).ok().and_then(|at| labels.get(at));
    label.map(String::as_str).ok_or(BinlogError::Malformed("an ENUM or SET value without a label"))
}

fn members(labels: &[String], bits: u64) -> Result<String, BinlogError> {
    let mut text = String::new();
    for at in (0..64_u64).filter(|at| bits >> at & 1 == 1) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(label(labels, at)?);
    }
    Ok(text)
}

/// Text in UTF-8, as MySQL itself would have sent it.
fn characters<'e>(set: &Charset, bytes: &'e [u8]) -> Result<Cow<'e, [u8]>, BinlogError> {
    let units = |width: usize| bytes.chunks(width);
    Ok(match set.name {
        "utf8mb4" | "utf8mb3" => Cow::Borrowed(bytes),
        _narrow if set.bytes == 1 && bytes.is_ascii() && set.decode(b"").is_some() => Cow::Borrowed(bytes),
        "ucs2" | "utf16" => Cow::Owned(utf16(units(2).map(big_endian))),
        "utf16le" => Cow::Owned(utf16(units(2).map(little_endian))),
        "utf32" => {
            let character = |unit: &[u8]| u32::try_from(big_endian(unit)).ok().and_then(char::from_u32).unwrap_or('?');
            Cow::Owned(units(4).map(character).collect::<String>().into_bytes())
        }
        name => match set.decode(bytes) {
            Some(text) => Cow::Owned(text.into_bytes()),
            None => {
                return Err(BinlogError::Refused(format!(
                    "text in character set {name} isn't carried by the binary log"
                )));
            }
        },
    })
}

fn utf16(units: impl Iterator<Item = u64>) -> Vec<u8> {
    let units = units.map(|unit| u16::try_from(unit).unwrap_or(u16::MAX));
    char::decode_utf16(units).map(|unit| unit.unwrap_or('?')).collect::<String>().into_bytes()
}

/// Whether text in the set can be turned into UTF-8 here.
pub(super) fn is_decodable(set: &Charset) -> bool {
    matches!(set.name, "utf8mb4" | "utf8mb3" | "ucs2" | "utf16" | "utf16le" | "utf32") || set.decode(b"").is_some()
}
