//! `/*! … */`: comments whose inside MySQL executes.
//!
//! MySQL drops the marks before anything else looks at the text: titles and messages are cut from what is left. A
//! version above MySQL's own makes the whole a comment; comments inside such a comment are skipped.

use std::borrow::Cow;

use crate::wire::condition::Condition;

/// MySQL's version that decides about `/*!NNNNN`: everything up to it is executed.
const VERSION: u32 = 90_704;

/// The hint `/*+ MAX_EXECUTION_TIME(n) */` behind the first SELECT, in milliseconds (manual, "Optimizer Hints").
#[must_use]
pub fn hinted_limit(text: &str) -> Option<u64> {
    let at = memchr::memmem::find(text.as_bytes(), b"/*+")?;
    let (before, rest) = (text.get(..at)?, text.get(at + 3..)?);
    if !before.trim().eq_ignore_ascii_case("select") {
        return None;
    }
    let hints = rest.split_once("*/")?.0.to_ascii_uppercase();
    let inside = hints.split_once("MAX_EXECUTION_TIME")?.1.trim_start().strip_prefix('(')?;
    inside.split_once(')')?.0.trim().parse().ok()
}

/// True when what stands behind `/*!` names a version above ours.
pub(super) fn is_later(inside: &[u8]) -> bool {
    let digits = inside.iter().take(version_length(inside)).map(|byte| u32::from(byte.wrapping_sub(b'0')));
    digits.fold(0, |number, digit| number * 10 + digit) > VERSION
}

/// Digits of a version: five; six when the first is 0 or a blank follows; none when there are fewer.
fn version_length(inside: &[u8]) -> usize {
    let digits = inside.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let blank = inside.get(6).is_some_and(|next| *next <= b' ');
    match digits {
        6 if blank || inside.first() == Some(&b'0') => 6,
        5 | 6 => 5,
        _fewer => 0,
    }
}

/// The text without the marks of executable comments.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    unmarked(text).0
}

/// 4164 for each version that text follows at once.
pub(super) fn warnings(text: &str) -> Vec<Condition> {
    let message = "Immediately starting the version comment after the version number is deprecated and may change \
                   behavior in a future release. Please insert a white-space character after the version number.";
    (0..unmarked(text).1).map(|_| Condition::warning(4164, message)).collect()
}

/// The plain text, and how many versions are followed by something else than a blank.
fn unmarked(text: &str) -> (Cow<'_, str>, usize) {
    if memchr::memmem::find(text.as_bytes(), b"/*!").is_none() && !text.ends_with("--") {
        return (Cow::Borrowed(text), 0);
    }
    let mut tight = 0;
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let (mut at, mut inside) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        let end = match byte {
            b'\'' | b'"' | b'`' => quoted_end(bytes, at, byte),
            b'#' => line_end(bytes, at),
            b'-' if next == Some(b'-') && bytes.get(at + 2).is_none_or(|third| *third <= b' ') => line_end(bytes, at),
            b'/' if next == Some(b'*') && bytes.get(at + 2) == Some(&b'!') => {
                let rest = bytes.get(at + 3..).unwrap_or_default();
                let version = version_length(rest);
                tight += usize::from(version > 0 && rest.get(version).is_some_and(|next| !next.is_ascii_whitespace()));
                if is_later(rest) {
                    at = comment_end(bytes, at, true);
                    out.push(b' ');
                } else {
                    inside = true;
                    at += 3 + version;
                }
                continue;
            }
            b'/' if next == Some(b'*') => {
                let end = comment_end(bytes, at, false);
                if inside {
                    at = end;
                    continue;
                }
                end
            }
            b'*' if inside && next == Some(b'/') => {
                inside = false;
                at += 2;
                continue;
            }
            _other => at + 1,
        };
        out.extend_from_slice(bytes.get(at..end).unwrap_or_default());
        at = end;
    }
    if out.ends_with(b"--") {
        // At the very end it begins a comment, as if a blank followed.
        out.push(b'\n');
    }
    (String::from_utf8(out).map_or(Cow::Borrowed(text), Cow::Owned), tight)
}

fn quoted_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == b'\\' && quote != b'`' {
            at += 1;
        } else if byte == quote {
            return at.min(bytes.len());
        }
    }
    bytes.len()
}

fn line_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |end| start + end)
}

/// End of a comment; `nests` when comments may stand inside it.
fn comment_end(bytes: &[u8], start: usize, nests: bool) -> usize {
    let (mut at, mut depth) = (start + 2, 1_usize);
    while at < bytes.len() {
        let pair = bytes.get(at..at + 2).unwrap_or_default();
        if pair == b"*/" {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else if nests && pair == b"/*" {
            depth += 1;
            at += 2;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{hinted_limit, plain};

    #[test]
    fn marks_go_and_their_inside_stays() {
        assert_eq!(plain("select 1 /*!32301 +1 */"), "select 1  +1 ");
        assert_eq!(plain("SELECT 2 /*!12345 /* */ */"), "SELECT 2   ");
        assert_eq!(plain("select 1 /*!99999 +1 */"), "select 1  ");
        assert_eq!(plain("select '/*!1' /* a */"), "select '/*!1' /* a */");
        assert_eq!(plain("SELECT 1 + /*!800001+0 */ + 0"), "SELECT 1 + 1+0  + 0");
        assert_eq!(plain("SELECT 1 /*!100100 + 5 */"), "SELECT 1  ");
        assert_eq!(plain("SELECT 1 /*!090000 + 5 */"), "SELECT 1  + 5 ");
        assert_eq!(plain("SELECT 5--"), "SELECT 5--\n");
    }

    #[test]
    fn the_hint_of_a_query_is_found_where_mysql_looks_for_it() {
        assert_eq!(hinted_limit("SELECT /*+ MAX_EXECUTION_TIME(100) */ 1"), Some(100));
        assert_eq!(hinted_limit(" select/*+ NO_ICP(t) max_execution_time( 50 ) */ 1"), Some(50));
        assert_eq!(hinted_limit("SELECT 1 /*+ MAX_EXECUTION_TIME(100) */"), None);
        assert_eq!(hinted_limit("SELECT '/*+ MAX_EXECUTION_TIME(100) */'"), None);
        assert_eq!(hinted_limit("UPDATE /*+ MAX_EXECUTION_TIME(100) */ t SET a = 1"), None);
    }
}
