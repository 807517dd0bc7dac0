//! A file's rows and fields, split as MySQL's `READ_INFO` splits them, byte for byte, oddities included: what stands
//! behind a closing quote belongs to the field, `\N` alone is NULL, and an escaped byte hides the end of a line.
//!
//! The file comes in pieces. A row is taken only when what is there decides where it ends; until then nothing is
//! consumed, so memory holds one piece and one row.

use super::Format;

/// One field of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub bytes: Vec<u8>,
    pub null: bool,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// As many as were asked for, or fewer.
    pub fields: Vec<Field>,
    /// The line holds more than that.
    pub cut: bool,
}

/// Splits a file.
#[derive(Debug)]
pub struct Splitter {
    format: Format,
    wanted: usize,
    skip: u64,
    buffer: Vec<u8>,
    at: usize,
    /// The file has ended.
    whole: bool,
    ended: bool,
}

/// The end of what is there was met before anything was decided.
struct Undecided;

/// What a byte may be.
type Byte = Option<u8>;

/// A scan over what is there; the splitter moves on when it succeeds.
struct Scan<'s> {
    splitter: &'s Splitter,
    at: usize,
    /// The end of the file was read.
    eof: bool,
    line_ended: bool,
}

impl Splitter {
    /// Splits into lines of `wanted` fields, after `skip` lines.
    #[must_use]
    pub const fn new(format: Format, wanted: usize, skip: u64) -> Self {
        Self { format, wanted, skip, buffer: Vec::new(), at: 0, whole: false, ended: false }
    }

    /// The next piece of the file; an empty one is its end.
    pub fn push(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            self.whole = true;
            return;
        }
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// Bytes that no row has taken yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// The next row; `None` when more of the file is needed, or when it has ended.
    pub fn row(&mut self) -> Option<Row> {
        while self.skip > 0 && !self.format.line_end.is_empty() && !self.ended {
            let mut scan = self.scan();
            let Ok(last) = scan.next_line().map(|line| line.is_none()) else { return None };
            self.at = scan.at;
            self.skip -= 1;
            self.ended = last;
        }
        if self.ended {
            return None;
        }
        let mut scan = self.scan();
        let Ok(found) = scan.line(self.wanted) else { return None };
        let (at, over) = (scan.at, scan.eof);
        self.at = at;
        self.ended = over || found.is_none();
        found
    }

    const fn scan(&self) -> Scan<'_> {
        Scan { splitter: self, at: self.at, eof: false, line_ended: false }
    }
}

impl Scan<'_> {
    fn byte(&mut self) -> Result<Byte, Undecided> {
        match self.splitter.buffer.get(self.at) {
            Some(byte) => {
                self.at += 1;
                Ok(Some(*byte))
            }
            None if self.splitter.whole => Ok(None),
            None => Err(Undecided),
        }
    }

    /// Takes the rest of a terminator whose first byte was read.
    fn terminator(&mut self, text: &[u8]) -> Result<bool, Undecided> {
        let rest = text.get(1..).unwrap_or_default();
        let there = self.splitter.buffer.get(self.at..).unwrap_or_default();
        if there.len() < rest.len() && rest.starts_with(there) && !self.splitter.whole {
            return Err(Undecided);
        }
        let found = there.starts_with(rest);
        if found {
            self.at += rest.len();
        }
        Ok(found)
    }

    /// Skips to behind the mark at which lines start; false when the file ends before.
    fn start_of_fields(&mut self) -> Result<bool, Undecided> {
        let mark = &self.splitter.format.line_start;
        if mark.is_empty() {
            return Ok(true);
        }
        loop {
            match self.byte()? {
                None => return Ok(false),
                Some(byte) if Some(&byte) == mark.first() && self.terminator(mark)? => return Ok(true),
                Some(_) => {}
            }
        }
    }

    /// One line of so many fields, and what is behind them to the line's end.
    fn line(&mut self, wanted: usize) -> Result<Option<Row>, Undecided> {
        let mut row = Row::default();
        if !self.start_of_fields()? {
            self.eof = true;
            return Ok(None);
        }
        while row.fields.len() < wanted && !self.line_ended {
            match self.field()? {
                Some(field) => row.fields.push(field),
                None => break,
            }
        }
        if row.fields.is_empty() && wanted > 0 {
            self.eof = true;
            return Ok(None);
        }
        if self.line_ended || self.eof {
            return Ok(Some(row));
        }
        match self.next_line()? {
            Some(cut) => row.cut = cut,
            None => self.eof = true,
        }
        Ok(Some(row))
    }

    /// Skips to the next line: whether bytes were skipped, or `None` when the file ends before.
    fn next_line(&mut self) -> Result<Option<bool>, Undecided> {
        let format = &self.splitter.format;
        if format.line_end.is_empty() {
            return Ok(Some(false));
        }
        let mut cut = false;
        loop {
            let Some(byte) = self.byte()? else { return Ok(None) };
            if Some(byte) == format.escape {
                cut = true;
                if self.byte()?.is_none() {
                    return Ok(None);
                }
                continue;
            }
            if Some(&byte) == format.line_end.first() && self.terminator(&format.line_end)? {
                return Ok(Some(cut));
            }
            cut = true;
        }
    }

    fn field(&mut self) -> Result<Option<Field>, Undecided> {
        let format = &self.splitter.format;
        let Some(first) = self.byte()? else {
            self.line_ended = true;
            self.eof = true;
            return Ok(None);
        };
        let quote = format.enclosed.filter(|enclosed| *enclosed == first);
        let mut bytes = Vec::new();
        if quote.is_some() {
            bytes.push(first);
        } else {
            self.at -= 1;
        }
        let mut nulls = false;
        loop {
            let Some(mut byte) = self.byte()? else { return Ok(Some(self.at_end(bytes, nulls))) };
            if Some(byte) == format.escape {
                let Some(escaped) = self.byte()? else {
                    bytes.push(byte);
                    return Ok(Some(self.at_end(bytes, nulls)));
                };
                if format.escape != format.enclosed || Some(escaped) == format.escape {
                    nulls |= escaped == b'N';
                    bytes.push(unescaped(escaped));
                    continue;
                }
                self.at -= 1;
            }
            if quote.is_none() && Some(&byte) == format.line_end.first() && self.terminator(&format.line_end)? {
                self.line_ended = true;
                return Ok(Some(self.plain(bytes, nulls)));
            }
            if Some(byte) == quote {
                let next = self.byte()?;
                if next == quote {
                    bytes.push(byte);
                    continue;
                }
                let ends_line = match next {
                    None => true,
                    Some(next) => Some(&next) == format.line_end.first() && self.terminator(&format.line_end)?,
                };
                let ends_field = ends_line
                    || next.is_some_and(|next| Some(&next) == format.field_end.first())
                        && self.terminator(&format.field_end)?;
                if ends_field {
                    self.line_ended = ends_line;
                    let null = bytes.len() == 2 && nulls;
                    return Ok(Some(Field { bytes: bytes.get(1..).unwrap_or_default().to_vec(), null }));
                }
                self.at -= 1;
                byte = quote.unwrap_or(byte);
            } else if quote.is_none()
                && Some(&byte) == format.field_end.first()
                && self.terminator(&format.field_end)?
            {
                return Ok(Some(self.plain(bytes, nulls)));
            }
            bytes.push(byte);
        }
    }

    /// The file ended inside the field.
    fn at_end(&mut self, bytes: Vec<u8>, nulls: bool) -> Field {
        self.line_ended = true;
        self.eof = true;
        self.plain(bytes, nulls)
    }

    /// A field that isn't enclosed, or whose quote was never closed.
    fn plain(&self, bytes: Vec<u8>, nulls: bool) -> Field {
        let word = self.splitter.format.enclosed.is_some() && bytes == b"NULL";
        let null = word || (nulls && bytes.len() == 1);
        Field { bytes, null }
    }
}

/// The byte behind an escape character.
const fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'0' => 0,
        b'Z' => 26,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(format: &Format, wanted: usize, skip: u64, text: &[u8], piece: usize) -> Vec<Row> {
        let mut splitter = Splitter::new(format.clone(), wanted, skip);
        let mut rows = Vec::new();
        for part in text.chunks(piece).chain([&b""[..]]) {
            splitter.push(part);
            rows.extend(std::iter::from_fn(|| splitter.row()));
        }
        rows
    }

    fn shown(rows: &[Row]) -> String {
        let field = |field: &Field| {
            if field.null { "NULL".to_owned() } else { format!("{:?}", String::from_utf8_lossy(&field.bytes)) }
        };
        let row = |row: &Row| {
            let fields: Vec<String> = row.fields.iter().map(field).collect();
            format!("{}{}", fields.join(","), if row.cut { "…" } else { "" })
        };
        rows.iter().map(row).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn pieces_of_any_size_give_the_same_rows() {
        let csv =
            Format { field_end: b",".to_vec(), enclosed: Some(b'"'), line_end: b"\r\n".to_vec(), ..Format::default() };
        let marked = Format {
            field_end: b"::".to_vec(),
            line_start: b"xx".to_vec(),
            line_end: b"|".to_vec(),
            ..Format::default()
        };
        let cases: [(&Format, usize, u64, &str, &str); 6] = [
            (&Format::default(), 2, 0, "1\ta\n2\t\\N\textra\n\n3", "\"1\",\"a\" | \"2\",NULL… | \"\" | \"3\""),
            (&Format::default(), 2, 1, "h\th\n1\ta\\\nb\\tc\n", "\"1\",\"a\\nb\\tc\""),
            (&csv, 2, 0, "\"a,\"\"b\",\"x\"y\"\r\nNULL,\"NULL\"\r\n", "\"a,\\\"b\",\"x\\\"y\" | NULL,\"NULL\""),
            (&csv, 1, 0, "\"a\r\nb\",rest\r\n\"open", "\"a\\r\\nb\"… | \"\\\"open\""),
            (&marked, 2, 0, "junk xx1::a|xx2::b:c|no mark", "\"1\",\"a\" | \"2\",\"b:c\""),
            (&Format { escape: None, ..Format::default() }, 2, 0, "\\N\ta\\\n", "\"\\\\N\",\"a\\\\\""),
        ];
        for (format, wanted, skip, text, expected) in cases {
            for piece in 1..=text.len() {
                assert_eq!(
                    shown(&split(format, wanted, skip, text.as_bytes(), piece)),
                    expected,
                    "{text:?} by {piece}"
                );
            }
        }
    }
}
