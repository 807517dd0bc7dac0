//! JSON documents between MySQL's text and PostgreSQL's jsonb, which has fewer kinds of scalars. Both directions are
//! pure functions on texts; the SQL helpers do the same inside the server.
//!
//! How jsonb carries what it has no type for: INTEGER is a number without a fraction, UNSIGNED INTEGER has the fraction
//! `.00`, DECIMAL has three zeros behind its own digits, DOUBLE has its shortest digits and at least `.0`; its negative
//! zero is [`NEGATIVE_ZERO`], with more digits than a DECIMAL can have. Dates, times
//! and binary data are strings that begin with [`MARK`] and a letter; a string that itself begins with the mark gets
//! the mark and `s` in front; one with NUL characters gets the mark and `N`, NUL is written there as two characters 1, and
//! 1 as 1 and 2, which keeps the order. So numbers compare as numbers, and nothing is mistaken for something else.

/// Stands in front of carried strings. Unicode keeps it out of interchanged text.
pub const MARK: char = '\u{fdd0}';

/// What carries the DOUBLE -0.0: numeric knows one zero only, but keeps how many digits stand behind its point.
pub const NEGATIVE_ZERO: &str = "0.0000000000000000000000000000000000000000";

/// MySQL's limit.
const MAX_DEPTH: usize = 100;

/// Why a text isn't JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// MySQL's words, and the byte where they apply.
    Syntax(&'static str, usize),
    /// More than 100 levels.
    Depth,
    /// A name with a NUL character or with the mark in front: nothing that jsonb could hold.
    Uncarried(&'static str),
}

/// Who wrote the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// A client: every fraction is a DOUBLE.
    Client,
    /// MySQL: digits that no DOUBLE prints are a DECIMAL.
    Mysql,
}

/// A JSON text in the carrier's form.
///
/// # Errors
/// What is wrong with the text, in MySQL's words.
pub fn carried(text: &str, writer: Writer) -> Result<String, Problem> {
    let mut reader =
        Reader { text, at: 0, out: String::with_capacity(text.len()), writer, nul: false, uncarried: None };
    reader.document()?;
    match reader.uncarried {
        Some(what) => Err(Problem::Uncarried(what)),
        None => Ok(reader.out),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    out: String,
    writer: Writer,
    /// A NUL character in the string that is being read.
    nul: bool,
    uncarried: Option<&'static str>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, what: &'static str) -> Problem {
        Problem::Syntax(what, self.at)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.out.push(char::from(byte));
        }
        found
    }

    /// The whole text. Nesting is a stack of its own, so that hostile depth costs nothing.
    fn document(&mut self) -> Result<(), Problem> {
        self.blanks();
        if self.peek().is_none() {
            return Err(self.error("The document is empty."));
        }
        let mut open: Vec<u8> = Vec::new();
        loop {
            let opened = self.value(&mut open)?;
            if opened {
                continue;
            }
            if !self.close(&mut open)? {
                break;
            }
        }
        self.blanks();
        if self.peek().is_some() {
            return Err(self.error("The document root must not be followed by other values."));
        }
        Ok(())
    }

    /// A scalar, or the beginning of an array or object: true when a value has to follow.
    fn value(&mut self, open: &mut Vec<u8>) -> Result<bool, Problem> {
        self.blanks();
        match self.peek() {
            Some(bracket @ (b'[' | b'{')) => {
                if open.len() >= MAX_DEPTH {
                    return Err(Problem::Depth);
                }
                self.take(bracket);
                open.push(bracket);
                self.blanks();
                let end = if bracket == b'[' { b']' } else { b'}' };
                if self.take(end) {
                    open.pop();
                    return Ok(false);
                }
                if bracket == b'{' {
                    self.name()?;
                }
                return Ok(true);
            }
            Some(b'"') => self.string(true)?,
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _number => self.number()?,
        }
        Ok(false)
    }

    /// What follows a value: true when another value does.
    fn close(&mut self, open: &mut Vec<u8>) -> Result<bool, Problem> {
        while let Some(bracket) = open.last().copied() {
            self.blanks();
            if self.take(b',') {
                if bracket == b'{' {
                    self.blanks();
                    self.name()?;
                }
                return Ok(true);
            }
            let (end, what) = if bracket == b'[' {
                (b']', "Missing a comma or ']' after an array element.")
            } else {
                (b'}', "Missing a comma or '}' after an object member.")
            };
            if !self.take(end) {
                return Err(self.error(what));
            }
            open.pop();
        }
        Ok(false)
    }

    fn name(&mut self) -> Result<(), Problem> {
        if self.peek() != Some(b'"') {
            return Err(self.error("Missing a name for object member."));
        }
        self.string(false)?;
        self.blanks();
        if self.take(b':') { Ok(()) } else { Err(self.error("Missing a colon after a name of object member.")) }
    }

    fn word(&mut self, word: &str) -> Result<(), Problem> {
        for byte in word.bytes() {
            if !self.take(byte) {
                return Err(self.error("Invalid value."));
            }
        }
        Ok(())
    }

    fn string(&mut self, value: bool) -> Result<(), Problem> {
        let begin = self.at;
        self.at += 1;
        self.nul = false;
        loop {
            match self.peek() {
                None => return Err(self.error("Missing a closing quotation mark in string.")),
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0) => return Err(self.error("Missing a closing quotation mark in string.")),
                Some(1..0x20) => return Err(self.error("Invalid encoding in string.")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let string = self.text.get(begin..self.at).unwrap_or_default();
        let inside = string.get(1..).unwrap_or_default();
        let marked =
            inside.starts_with(MARK) || inside.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("\\ufdd0"));
        self.out.push('"');
        if !value && self.nul {
            self.uncarried = Some("a NUL character in JSON");
        } else if !value && marked {
            self.uncarried = Some("this member name");
        } else if self.nul {
            self.out.push(MARK);
            self.out.push('N');
            rewrite_units(inside, &[("0001", "\\u0001\\u0002"), ("0000", "\\u0001\\u0001")], &mut self.out);
            return Ok(());
        } else if marked {
            self.out.push(MARK);
            self.out.push('s');
        }
        self.out.push_str(inside);
        Ok(())
    }

    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4)?;
        if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { u32::from_str_radix(digits, 16).ok() } else { None }
    }

    fn escape(&mut self) -> Result<(), Problem> {
        let surrogate = "The surrogate pair in string is invalid.";
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let unit = self.unit(self.at + 2);
                let unit = unit.ok_or_else(|| self.error("Incorrect hex digit after \\u escape in string."))?;
                self.nul |= unit == 0;
                if (0xdc00..0xe000).contains(&unit) {
                    return Err(self.error(surrogate));
                }
                if (0xd800..0xdc00).contains(&unit) {
                    let second = self.text.get(self.at + 6..self.at + 8) == Some("\\u");
                    let low = self.unit(self.at + 8).filter(|low| second && (0xdc00..0xe000).contains(low));
                    low.ok_or_else(|| self.error(surrogate))?;
                    self.at += 6;
                }
                self.at += 6;
            }
            _other => return Err(self.error("Invalid escape character in string.")),
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - begin
    }

    fn number(&mut self) -> Result<(), Problem> {
        let begin = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => {
                self.digits();
            }
            _other => return Err(self.error("Invalid value.")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.error("Miss fraction part in number."));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.error("Miss exponent in number."));
            }
        }
        let digits = self.text.get(begin..self.at).unwrap_or_default().to_owned();
        match carried_number(&digits, self.writer) {
            Some(number) => self.out.push_str(&number),
            None => {
                self.at = begin;
                return Err(self.error("Number too big to be stored in double."));
            }
        }
        Ok(())
    }
}

/// Copies JSON text, with other text for `\uXXXX` of certain digits.
fn rewrite_units(text: &str, units: &[(&str, &str)], out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let found = escape.strip_prefix("\\u").and_then(|after| {
            units.iter().find_map(|(digits, instead)| after.strip_prefix(digits).map(|after| (*instead, after)))
        });
        rest = if let Some((instead, after)) = found {
            out.push_str(instead);
            after
        } else {
            let (escape, after) = escape.split_at_checked(2).unwrap_or((escape, ""));
            out.push_str(escape);
            after
        };
    }
    out.push_str(rest);
}

/// The number in the carrier's form; `None` for one beyond DOUBLE.
fn carried_number(digits: &str, writer: Writer) -> Option<String> {
    let fraction = digits.split_once('.').map(|(_, fraction)| fraction);
    let exponent = digits.contains(['e', 'E']);
    if fraction.is_none() && !exponent {
        let whole = digits.parse::<i128>().ok();
        if let Some(whole) = whole.filter(|whole| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(whole)) {
            return Some(whole.to_string());
        }
    }
    if writer == Writer::Mysql
        && !exponent
        && fraction.is_some_and(|fraction| fraction != "0" && fraction.ends_with('0'))
    {
        return Some(format!("{digits}000"));
    }
    let number: f64 = digits.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    if number == 0.0 && digits.starts_with('-') {
        return Some(NEGATIVE_ZERO.to_owned());
    }
    let shown = number.to_string();
    Some(if shown.contains('.') { shown } else { format!("{shown}.0") })
}

/// PostgreSQL's text of a jsonb as MySQL prints it.
#[must_use]
pub fn printed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let length = match first {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => {
                rest.bytes().position(|byte| !matches!(byte, b'-' | b'.' | b'0'..=b'9')).unwrap_or(rest.len())
            }
            _other => rest.bytes().position(|byte| matches!(byte, b'"' | b'-' | b'0'..=b'9')).unwrap_or(rest.len()),
        };
        let (head, tail) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        match first {
            b'"' => print_string(head, &mut out),
            b'-' | b'0'..=b'9' => print_number(head, &mut out),
            _other => out.push_str(head),
        }
        rest = tail;
    }
    out
}

/// True for a text that is printed as it is: the usual case, decided without allocation.
#[must_use]
pub fn is_printed(text: &str) -> bool {
    let long = |bytes: &[u8]| bytes.split(|byte| !byte.is_ascii_digit()).any(|run| run.len() > 18);
    !text.contains(MARK) && !text.contains('.') && !long(text.as_bytes())
}

fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _other => at += 1,
        }
    }
    text.len()
}

/// A JSON string of a carried document as MySQL prints it.
#[must_use]
pub fn string_printed(string: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    match std::str::from_utf8(string) {
        Ok(text) if text.get(1..).is_some_and(|inside| inside.starts_with(MARK)) => {
            let mut out = String::with_capacity(text.len());
            print_string(text, &mut out);
            std::borrow::Cow::Owned(out.into_bytes())
        }
        Ok(_) | Err(_) => std::borrow::Cow::Borrowed(string),
    }
}

fn print_string(string: &str, out: &mut String) {
    let Some(carried) = string.strip_prefix('"').and_then(|inside| inside.strip_prefix(MARK)) else {
        out.push_str(string);
        return;
    };
    out.push('"');
    match carried.split_at_checked(1) {
        Some(("B", rest)) => {
            out.push_str("base64:type");
            out.push_str(rest);
        }
        Some(("N", rest)) => {
            rewrite_units(rest, &[("0001\\u0001", "\\u0000"), ("0001\\u0002", "\\u0001")], out);
        }
        Some((_kind, rest)) => out.push_str(rest),
        None => out.push('"'),
    }
}

fn print_number(number: &str, out: &mut String) {
    if number == NEGATIVE_ZERO {
        out.push_str("-0.0");
        return;
    }
    match number.split_once('.') {
        None => {
            let fits = number.len() <= 18
                || number
                    .parse::<i128>()
                    .is_ok_and(|whole| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&whole));
            if fits {
                out.push_str(number);
            } else {
                print_double(number, out);
            }
        }
        Some((whole, "00")) => out.push_str(whole),
        Some((whole, fraction)) => match fraction.strip_suffix("000") {
            Some("") => out.push_str(whole),
            Some(digits) => {
                out.push_str(whole);
                out.push('.');
                out.push_str(digits);
            }
            None => print_double(number, out),
        },
    }
}

/// A DOUBLE as MySQL prints it inside of a document.
fn print_double(digits: &str, out: &mut String) {
    let Ok(number) = digits.parse::<f64>() else {
        out.push_str(digits);
        return;
    };
    let size = number.abs();
    if number != 0.0 && !(1e-15..1e15).contains(&size) {
        out.push_str(&format!("{number:e}"));
        return;
    }
    let shown = number.to_string();
    out.push_str(&shown);
    if !shown.contains('.') {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_kind_through_jsonb() {
        for (text, carrier, shown) in [
            ("1", "1", "1"),
            ("1.50", "1.5", "1.5"),
            ("1e2", "100.0", "100.0"),
            ("-0.0", NEGATIVE_ZERO, "-0.0"),
            ("-1e-400", NEGATIVE_ZERO, "-0.0"),
            ("-0", "0", "0"),
            ("1e15", "1000000000000000.0", "1e15"),
            ("0.1e1", "1.0", "1.0"),
            ("18446744073709551615", "18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709552000.0", "1.8446744073709552e19"),
            ("[-1.5, {\"a.1\":1e-16}]", "[-1.5,{\"a.1\":0.0000000000000001}]", "[-1.5,{\"a.1\":1e-16}]"),
        ] {
            let found = carried(text, Writer::Client).unwrap_or_default();
            assert_eq!(found, carrier.replace(", ", ","), "{text}");
            assert_eq!(printed(&found), shown, "{text}");
        }
        assert_eq!(carried("1.50", Writer::Mysql).as_deref(), Ok("1.50000"));
        assert_eq!(printed("[1.50000, 5.00, 5.000, 5.0]"), "[1.50, 5, 5, 5.0]");
    }

    #[test]
    fn strings_that_begin_with_the_mark_come_back() {
        for text in ["\"\u{fdd0}D2024\"", "\"\\ufdd0x\""] {
            let found = carried(text, Writer::Client).unwrap_or_default();
            assert!(found.starts_with("\"\u{fdd0}s"), "{found}");
            assert_eq!(printed(&found), text);
        }
        assert_eq!(printed("\"\u{fdd0}D2024-01-01\""), "\"2024-01-01\"");
        assert_eq!(printed("\"\u{fdd0}B15:QQ==\""), "\"base64:type15:QQ==\"");
    }

    #[test]
    fn nul_characters_are_carried_in_strings_and_not_in_names() {
        for (text, carrier) in [
            (r#""a\u0000b""#, "\"\u{fdd0}Na\\u0001\\u0001b\""),
            (r#""\u0001\u0000\\u0000""#, "\"\u{fdd0}N\\u0001\\u0002\\u0001\\u0001\\\\u0000\""),
            (r#""\\u0000""#, r#""\\u0000""#),
        ] {
            let found = carried(text, Writer::Client).unwrap_or_default();
            assert_eq!(found, carrier, "{text}");
            assert_eq!(printed(&found), text);
        }
        assert_eq!(carried(r#"{"\u0000": 1}"#, Writer::Mysql), Err(Problem::Uncarried("a NUL character in JSON")));
    }

    #[test]
    fn errors_have_mysqls_words_and_places() {
        for (text, what, place) in [
            ("", "The document is empty.", 0),
            ("  ", "The document is empty.", 2),
            ("abc", "Invalid value.", 0),
            ("tru", "Invalid value.", 3),
            ("-", "Invalid value.", 1),
            ("[1,2", "Missing a comma or ']' after an array element.", 4),
            ("[1 2]", "Missing a comma or ']' after an array element.", 3),
            ("[1,]", "Invalid value.", 3),
            ("{\"a\" 1}", "Missing a colon after a name of object member.", 5),
            ("{\"a\":1 2}", "Missing a comma or '}' after an object member.", 7),
            ("{1:2}", "Missing a name for object member.", 1),
            ("{", "Missing a name for object member.", 1),
            ("\"a", "Missing a closing quotation mark in string.", 2),
            ("\"\\x\"", "Invalid escape character in string.", 1),
            ("\"\\u12\"", "Incorrect hex digit after \\u escape in string.", 1),
            ("\"\\ud800\"", "The surrogate pair in string is invalid.", 1),
            ("\"a\nb\"", "Invalid encoding in string.", 2),
            ("1.", "Miss fraction part in number.", 2),
            ("1e", "Miss exponent in number.", 2),
            ("01", "The document root must not be followed by other values.", 1),
            ("1e400", "Number too big to be stored in double.", 0),
        ] {
            assert_eq!(carried(text, Writer::Client), Err(Problem::Syntax(what, place)), "{text}");
        }
        assert_eq!(carried(&"[".repeat(100_000), Writer::Client), Err(Problem::Depth));
        assert!(carried(&format!("{}{}", "[".repeat(100), "]".repeat(100)), Writer::Client).is_ok());
    }
}
