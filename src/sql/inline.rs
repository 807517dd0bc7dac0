//! Values written into a statement: PostgreSQL takes 65,535 parameters, MySQL's statements may hold more literals.

use bytes::Bytes;

use crate::schema::quote;

use super::types::oid;

/// PostgreSQL's limit of parameters.
const MOST_PARAMETERS: usize = 65_535;

/// The statement with its values in the place of `$n`; `None` when it can keep its parameters, or when a value's type
/// can't be written.
#[must_use]
pub fn inlined(sql: &str, types: &[u32], values: &[Option<Bytes>]) -> Option<String> {
    if values.len() <= MOST_PARAMETERS {
        return None;
    }
    let bytes = sql.as_bytes();
    let mut out = String::with_capacity(sql.len() * 2);
    let (mut at, mut copied) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\'' | b'"' => {
                let rest = bytes.get(at + 1..).unwrap_or_default();
                at += 2 + memchr::memchr(byte, rest)?;
            }
            b'$' => {
                let digits = bytes.iter().skip(at + 1).take_while(|digit| digit.is_ascii_digit()).count();
                let number: usize = sql.get(at + 1..at + 1 + digits)?.parse().ok()?;
                let place = number.checked_sub(1)?;
                out.push_str(sql.get(copied..at)?);
                let name = type_name(*types.get(place)?)?;
                match values.get(place)? {
                    Some(value) => {
                        out.push_str(&format!("({}::{name})", quote::literal(std::str::from_utf8(value).ok()?)));
                    }
                    None => out.push_str(&format!("(NULL::{name})")),
                }
                at += 1 + digits;
                copied = at;
            }
            _other => at += 1,
        }
    }
    out.push_str(sql.get(copied..)?);
    Some(out)
}

fn type_name(type_oid: u32) -> Option<&'static str> {
    Some(match type_oid {
        oid::INT2 => "int2",
        oid::INT4 => "int4",
        oid::INT8 => "int8",
        oid::NUMERIC => "numeric",
        oid::FLOAT4 => "float4",
        oid::FLOAT8 => "float8",
        oid::TEXT => "text",
        oid::BYTEA => "bytea",
        oid::DATE => "date",
        oid::TIMESTAMP => "timestamp",
        oid::TIMESTAMPTZ => "timestamptz",
        oid::INTERVAL => "interval",
        oid::JSONB => "jsonb",
        _other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_much_is_written_out() {
        let value = Some(Bytes::from_static(b"it's"));
        assert_eq!(inlined("SELECT $1", &[oid::TEXT], std::slice::from_ref(&value)), None);
        let mut values = vec![None; 65_536];
        values.splice(0..1, [value]);
        let types = vec![oid::TEXT; values.len()];
        let written = inlined("SELECT \"$2\", '$1''$1', $1, $2", &types, &values);
        assert_eq!(written.as_deref(), Some("SELECT \"$2\", '$1''$1', ('it''s'::text), (NULL::text)"));
    }
}
