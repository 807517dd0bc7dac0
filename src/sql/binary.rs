//! String literals with bytes that aren't UTF-8. Drivers write binary values so into text that is UTF-8 otherwise, with
//! the introducer `_binary` (PyMySQL, Connector/Python) or without one (mysqlclient).
//!
//! MySQL takes the bytes between the quotes as they stand, and warns (1300) of a literal without an introducer that it
//! can't read in the connection's character set; asked of MySQL 9.7. A hexadecimal literal is the same binary string, so
//! such literals are spelled that way: a binary column stores the bytes, a character column refuses them (1366).

/// A statement whose broken literals were respelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Respelled {
    pub text: String,
    /// For each broken literal without an introducer, up to three bytes from its first broken one on, as MySQL shows
    /// them in warning 1300.
    pub broken: Vec<Vec<u8>>,
}

/// Bytes of a broken literal that MySQL shows.
const SHOWN: usize = 3;

/// The statement with such literals written as `x'…'`, or `None` when the rest isn't UTF-8 either.
#[must_use]
pub fn respell_binaries(text: &[u8]) -> Option<Respelled> {
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut broken = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\'' | b'"' => {
                let (value, end) = quoted(text, at)?;
                let invalid = std::str::from_utf8(&value).err().map(|error| error.valid_up_to());
                match (introducer(&out), invalid) {
                    (Some(start), _) => {
                        out.truncate(start);
                        put_hexadecimal(&mut out, &value);
                    }
                    (None, Some(first)) => {
                        broken.push(value.iter().skip(first).take(SHOWN).copied().collect());
                        put_hexadecimal(&mut out, &value);
                    }
                    (None, None) => out.extend_from_slice(text.get(at..end)?),
                }
                at = end;
            }
            b'`' => {
                let end = at + 1 + text.get(at + 1..)?.iter().position(|byte| *byte == b'`')? + 1;
                out.extend_from_slice(text.get(at..end)?);
                at = end;
            }
            _other => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Some(Respelled { text: String::from_utf8(out).ok()?, broken })
}

fn put_hexadecimal(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(b"x'");
    value.iter().for_each(|byte| out.extend(format!("{byte:02x}").into_bytes()));
    out.push(b'\'');
}

/// Where a `_binary` that ends the text begins; blanks may stand behind it.
fn introducer(before: &[u8]) -> Option<usize> {
    const WORD: &[u8] = b"_binary";
    let trimmed = before.trim_ascii_end();
    let start = trimmed.len().checked_sub(WORD.len())?;
    let own = trimmed.get(start..)?.eq_ignore_ascii_case(WORD);
    let alone = start == 0
        || trimmed
            .get(start - 1)
            .is_some_and(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'$' | b'@'));
    (own && alone).then_some(start)
}

/// The bytes of a literal that begins at `start`, with its escapes resolved, and where it ends.
pub(super) fn quoted(text: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let quote = *text.get(start)?;
    let (mut value, mut at) = (Vec::new(), start + 1);
    loop {
        let byte = *text.get(at)?;
        at += 1;
        if byte == quote {
            if text.get(at) != Some(&quote) {
                return Some((value, at));
            }
            at += 1;
            value.push(quote);
        } else if byte == b'\\' {
            let escaped = *text.get(at)?;
            at += 1;
            match escaped {
                b'0' => value.push(0),
                b'Z' => value.push(26),
                b'b' => value.push(8),
                b'n' => value.push(b'\n'),
                b'r' => value.push(b'\r'),
                b't' => value.push(b'\t'),
                b'%' | b'_' => value.extend([b'\\', escaped]),
                other => value.push(other),
            }
        } else {
            value.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_and_broken_literals_are_respelled() {
        let text =
            b"INSERT INTO t VALUES (_binary'\x00\xff\\\\\\'\\0', 'a''b', _BINARY \"\xfe\", 'x_binary', c_binary'y', 'a\xff123')";
        let expected = "INSERT INTO t VALUES (x'00ff5c2700', 'a''b', x'fe', 'x_binary', c_binary'y', x'61ff313233')";
        let found = respell_binaries(text).expect("the rest is UTF-8");
        assert_eq!(found.text, expected);
        assert_eq!(found.broken, [b"\xff12".to_vec()]);
    }

    #[test]
    fn other_broken_text_stays_broken() {
        assert_eq!(respell_binaries(b"SELECT _binary'\xff"), None);
        assert_eq!(respell_binaries(b"SELECT _binary'x', \xff"), None);
        assert_eq!(respell_binaries(b"SELECT `\xff`"), None);
    }
}
