//! Changes to a JSON document, as a server with `binlog_row_value_options = PARTIAL_JSON` writes them: operation, path,
//! and the new value. They mean what JSON_REPLACE, JSON_INSERT or JSON_ARRAY_INSERT, and JSON_REMOVE would do.

use super::BinlogError;
use super::json::Document;
use crate::wire::reader::Reader;

const MALFORMED: BinlogError = BinlogError::Malformed("a change of a JSON document");

/// Applies all changes in their order.
pub(super) fn apply(document: &mut Document, changes: &[u8]) -> Result<(), BinlogError> {
    const REMOVE: u8 = 2;
    let mut reader = Reader::new(changes);
    while !reader.is_empty() {
        let operation = reader.u8()?;
        let path = path(reader.lenenc_bytes()?)?;
        let value = if operation == REMOVE { None } else { Some(Document::parse(reader.lenenc_bytes()?)?) };
        let Some((last, way)) = path.split_last() else {
            // The whole document.
            *document = value.ok_or(MALFORMED)?;
            continue;
        };
        let parent = way.iter().try_fold(&mut *document, |at, leg| step(at, leg)).ok_or(MALFORMED)?;
        match (operation, value) {
            (0, Some(value)) => *step(parent, last).ok_or(MALFORMED)? = value,
            (1, Some(value)) => insert(parent, last, value)?,
            (REMOVE, None) => remove(parent, last)?,
            (_, _) => return Err(MALFORMED),
        }
    }
    Ok(())
}

/// One leg of a path.
enum Leg {
    Member(String),
    Cell(usize),
}

fn step<'d>(at: &'d mut Document, leg: &Leg) -> Option<&'d mut Document> {
    match (at, leg) {
        (Document::Object(members), Leg::Member(name)) => {
            members.iter_mut().find(|(member, _)| member == name).map(|(_, value)| value)
        }
        (Document::Array(values), Leg::Cell(index)) => values.get_mut(*index),
        // A value that is no array is one of a single cell.
        (single, Leg::Cell(0)) => Some(single),
        (_, _) => None,
    }
}

fn insert(parent: &mut Document, leg: &Leg, value: Document) -> Result<(), BinlogError> {
    match (parent, leg) {
        (Document::Object(members), Leg::Member(name)) => {
            // The server orders names by length, then by bytes.
            let order = |other: &str| (other.len(), other.as_bytes()).cmp(&(name.len(), name.as_bytes()));
            match members.binary_search_by(|(member, _)| order(member)) {
                Ok(_) => return Err(MALFORMED),
                Err(at) => members.insert(at, (name.clone(), value)),
            }
        }
        (Document::Array(values), Leg::Cell(index)) => values.insert((*index).min(values.len()), value),
        (_, _) => return Err(MALFORMED),
    }
    Ok(())
}

fn remove(parent: &mut Document, leg: &Leg) -> Result<(), BinlogError> {
    match (parent, leg) {
        (Document::Object(members), Leg::Member(name)) => {
            let at = members.iter().position(|(member, _)| member == name).ok_or(MALFORMED)?;
            members.remove(at);
        }
        (Document::Array(values), Leg::Cell(index)) if *index < values.len() => {
            values.remove(*index);
        }
        (_, _) => return Err(MALFORMED),
    }
    Ok(())
}

/// `$.name."another name"[3]`, as the server writes it: without wildcards, ranges and `last`.
fn path(text: &[u8]) -> Result<Vec<Leg>, BinlogError> {
    let text = std::str::from_utf8(text).map_err(|_| MALFORMED)?;
    let mut rest = text.strip_prefix('$').ok_or(MALFORMED)?;
    let mut legs = Vec::new();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']').ok_or(MALFORMED)?;
            legs.push(Leg::Cell(index.parse().map_err(|_| MALFORMED)?));
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('.').ok_or(MALFORMED)?;
        if name.starts_with('"') {
            let end = quoted_end(name).ok_or(MALFORMED)?;
            let (quoted, after) = name.split_at_checked(end).ok_or(MALFORMED)?;
            legs.push(Leg::Member(serde_json::from_str(quoted).map_err(|_| MALFORMED)?));
            rest = after;
        } else {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (plain, after) = name.split_at_checked(end).ok_or(MALFORMED)?;
            legs.push(Leg::Member(plain.to_owned()));
            rest = after;
        }
    }
    Ok(legs)
}

/// Where a quoted name ends, its quotes included.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _any if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _plain => {}
        }
    }
    None
}
