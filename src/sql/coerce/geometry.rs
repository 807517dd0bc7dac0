//! Values on their way into GEOMETRY columns: MySQL's own form, a SRID of four bytes and WKB behind it (manual, "Internal
//! Geometry Storage Format"). Whatever isn't one is error 1416.

use crate::value::Value;

use super::super::bind::hexadecimal;
use super::super::plan::SqlError;

/// How deep collections may stand in collections.
const DEPTH: usize = 64;

/// Numbers of the kinds in WKB, from 1.
const KINDS: [&str; 7] =
    ["point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection"];

/// The value as PostgreSQL's text of its bytes, when it's a geometry of the column's kind and SRID. A column of collections
/// takes shapes of several parts too.
pub(super) fn checked(value: &Value, column: &str, kind: &str, srid: Option<u32>) -> Result<String, SqlError> {
    let bad = || {
        let text = "Cannot get geometry object from data you send to the GEOMETRY field";
        SqlError::new(1416, "22003", text.to_owned())
    };
    let Value::Bytes(bytes) = value else { return Err(bad()) };
    let mut rest = bytes.get(4..).ok_or_else(bad)?;
    let found = shape(&mut rest, DEPTH).filter(|_| rest.is_empty()).ok_or_else(bad)?;
    let fits = kind == "geometry" || KINDS.get(found - 1) == Some(&kind) || (kind == "geomcollection" && found >= 4);
    if !fits {
        return Err(bad());
    }
    let given = bytes.first_chunk().map_or(0, |srid| u32::from_le_bytes(*srid));
    if let Some(wanted) = srid.filter(|wanted| *wanted != given) {
        return Err(SqlError::new(3643, "HY000", other_srid(column, given, wanted)));
    }
    Ok(hexadecimal(bytes))
}

/// The text of error 3643.
fn other_srid(column: &str, given: u32, wanted: u32) -> String {
    format!(
        "The SRID of the geometry does not match the SRID of the column '{column}'. The SRID of the geometry is {given}, \
         but the SRID of the column is {wanted}. Consider changing the SRID of the geometry or the SRID property of the \
         column."
    )
}

/// Reads one shape; its kind, from 1.
fn shape(rest: &mut &[u8], depth: usize) -> Option<usize> {
    if take(rest, 1)? != [1] || depth == 0 {
        return None;
    }
    let kind = number(rest)?;
    match kind {
        1 => points(rest, 1)?,
        2 => {
            let count = number(rest).filter(|count| *count >= 2)?;
            points(rest, count)?;
        }
        3 => {
            let rings = number(rest).filter(|rings| *rings >= 1)?;
            for _ in 0..rings {
                let count = number(rest).filter(|count| *count >= 4)?;
                points(rest, count)?;
            }
        }
        4..=6 => {
            let parts = number(rest).filter(|parts| *parts >= 1)?;
            for _ in 0..parts {
                if shape(rest, depth - 1)? + 3 != kind {
                    return None;
                }
            }
        }
        7 => {
            for _ in 0..number(rest)? {
                shape(rest, depth - 1)?;
            }
        }
        _unknown => return None,
    }
    Some(kind)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    let bytes: [u8; 4] = take(rest, 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

/// Coordinates are finite.
fn points(rest: &mut &[u8], count: usize) -> Option<()> {
    let bytes = take(rest, count.checked_mul(16)?)?;
    let finite = |chunk: &[u8]| chunk.try_into().map(f64::from_le_bytes).is_ok_and(f64::is_finite);
    bytes.chunks_exact(8).all(finite).then_some(())
}

fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Value {
        let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2).unwrap_or_default(), 16).unwrap_or(0);
        Value::Bytes((0..text.len()).step_by(2).map(byte).collect())
    }

    fn code(value: &Value, kind: &str, srid: Option<u32>) -> Option<u16> {
        checked(value, "c", kind, srid).err().map(|error| error.code)
    }

    #[test]
    fn shapes_are_told_from_other_bytes() {
        let point = "000000000101000000000000000000F03F0000000000000040";
        assert_eq!(code(&hex(point), "point", None), None);
        assert_eq!(code(&hex(point), "geometry", Some(0)), None);
        assert_eq!(code(&hex(point), "geometry", Some(4326)), Some(3643));
        assert_eq!(code(&hex(point), "polygon", None), Some(1416));
        assert_eq!(code(&hex(point), "geomcollection", None), Some(1416));
        let points = "0000000001040000000100000001010000000000000000000000000000000000F03F";
        assert_eq!(code(&hex(points), "geomcollection", None), None);
        for end in 0..point.len() / 2 {
            let cut = point.get(..end * 2).unwrap_or_default();
            assert_eq!(code(&hex(cut), "geometry", None), Some(1416), "{cut}");
        }
        assert_eq!(code(&Value::Text("POINT(1 1)".to_owned()), "point", None), Some(1416));
    }
}
