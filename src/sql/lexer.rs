//! The first look at MySQL text: words, names, strings and symbols, straight from bytes.
//!
//! Used on the forwarding path, before anything is known to be UTF-8, so it never fails, never allocates and reads
//! each byte once. Comments are skipped; the inside of `/*! … */` counts as text, as it does in MySQL.

/// One lexeme; slices point into the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lexeme<'a> {
    /// An unquoted word: keyword, name or number.
    Word(&'a [u8]),
    /// A name in backticks, without them; doubled backticks stay doubled.
    Quoted(&'a [u8]),
    /// A string in single or double quotes, without them and still escaped.
    Text(&'a [u8]),
    /// `@name`, without the sign; the name may be empty before a quoted one.
    UserVariable(&'a [u8]),
    /// `@@name`, without the signs.
    SystemVariable(&'a [u8]),
    /// Any other byte.
    Symbol(u8),
}

impl Lexeme<'_> {
    /// True for the unquoted word `keyword`, in any case.
    #[inline]
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword.as_bytes()))
    }

    /// True for any of these unquoted words.
    #[inline]
    pub(super) fn is_any(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.is(keyword))
    }

    /// The name that this lexeme spells, if it is one.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Word(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Self::Quoted(bytes) => Some(String::from_utf8_lossy(bytes).replace("``", "`")),
            Self::Text(_) | Self::UserVariable(_) | Self::SystemVariable(_) | Self::Symbol(_) => None,
        }
    }
}

/// Reads lexemes one after the other.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

/// A set of words, as a filter that passes every word of it, and few others: by length and first letter.
#[derive(Debug)]
pub(super) struct Words([u32; Words::LENGTHS]);

impl Words {
    /// Longer words are in no set.
    const LENGTHS: usize = 32;

    /// The set of these words, in either case.
    pub(super) const fn of(words: &[&[u8]]) -> Self {
        let mut letters = [0; Self::LENGTHS];
        let mut index = 0;
        while index < words.len() {
            let word = words[index];
            letters[word.len()] |= 1 << (word[0] & 31);
            index += 1;
        }
        Self(letters)
    }

    #[inline]
    fn may_have(&self, first: u8, length: usize) -> bool {
        self.0.get(length).is_some_and(|letters| letters >> (first & 31) & 1 != 0)
    }
}

/// What a byte can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    /// A letter of words, too.
    Word,
    /// Of a comment, or a symbol.
    Comment,
    Quote,
    Variable,
    Symbol,
}

/// By byte: every statement of every application is read by it.
static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Symbol; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            ..=b' ' => Kind::Blank,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' | 0x80.. => Kind::Word,
            b'#' | b'-' | b'/' | b'*' => Kind::Comment,
            b'`' | b'\'' | b'"' => Kind::Quote,
            b'@' => Kind::Variable,
            _ => Kind::Symbol,
        };
        byte += 1;
    }
    kinds
};

#[inline]
fn kind(byte: u8) -> Kind {
    KINDS[usize::from(byte)]
}

fn is_word(byte: u8) -> bool {
    kind(byte) == Kind::Word
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Offset of the next unread byte.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// What hasn't been read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn skip_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }

    fn skip_comment(&mut self) {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        self.at += 2 + memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
    }

    /// Skips blanks and comments.
    fn skip_blank(&mut self) {
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1), self.peek(2)) {
                (b'#', _, _) => self.skip_line(),
                (b'-', Some(b'-'), third) if third.is_none_or(|third| third <= b' ') => self.skip_line(),
                (b'/', Some(b'*'), Some(b'!'))
                    if super::comments::is_later(self.text.get(self.at + 3..).unwrap_or_default()) =>
                {
                    self.skip_comment();
                }
                (b'/', Some(b'*'), Some(b'!')) => {
                    self.at += 3;
                    while self.peek(0).is_some_and(|digit| digit.is_ascii_digit()) {
                        self.at += 1;
                    }
                }
                (b'/', Some(b'*'), _) => self.skip_comment(),
                (b'*', Some(b'/'), _) => self.at += 2,
                (blank, _, _) if blank <= b' ' => self.at += 1,
                (_, _, _) => return,
            }
        }
    }

    /// Reads up to the closing quote; the lexer stands behind the opening one.
    fn quoted(&mut self, quote: u8) -> &'a [u8] {
        let start = self.at;
        // In a name a backslash is a letter.
        let escape = if quote == b'`' { quote } else { b'\\' };
        while let Some(found) = self.text.get(self.at..).and_then(|rest| memchr::memchr2(quote, escape, rest)) {
            self.at += found;
            if self.peek(0) != Some(quote) || self.peek(1) == Some(quote) {
                self.at += 2;
                continue;
            }
            let inner = self.text.get(start..self.at).unwrap_or_default();
            self.at += 1;
            return inner;
        }
        self.at = self.text.len();
        self.text.get(start..).unwrap_or_default()
    }

    #[inline]
    fn word(&mut self) -> &'a [u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The next lexeme that may matter to who asks for `words`: one of these words, a quoted name, a variable, `;`, `=` or
    /// `:`. True with it when others were passed over on the way.
    #[inline]
    pub(super) fn next_of(&mut self, words: &Words) -> Option<(bool, Lexeme<'a>)> {
        let mut passed = false;
        loop {
            let byte = self.peek(0)?;
            match kind(byte) {
                Kind::Blank => self.at += 1,
                Kind::Word => {
                    let word = self.word();
                    if words.may_have(byte, word.len()) {
                        return Some((passed, Lexeme::Word(word)));
                    }
                    passed = true;
                }
                Kind::Symbol if !matches!(byte, b';' | b'=' | b':') => {
                    self.at += 1;
                    passed = true;
                }
                Kind::Comment | Kind::Quote | Kind::Variable | Kind::Symbol => {
                    return self.next().map(|lexeme| (passed, lexeme));
                }
            }
        }
    }

    fn variable(&mut self) -> Lexeme<'a> {
        self.at += 1;
        let system = self.peek(0) == Some(b'@');
        if system {
            self.at += 1;
        }
        let name = match self.peek(0) {
            Some(quote @ (b'`' | b'\'' | b'"')) => {
                self.at += 1;
                self.quoted(quote)
            }
            Some(_) | None => {
                let start = self.at;
                while self.peek(0).is_some_and(|byte| is_word(byte) || byte == b'.') {
                    self.at += 1;
                }
                self.text.get(start..self.at).unwrap_or_default()
            }
        };
        if system { Lexeme::SystemVariable(name) } else { Lexeme::UserVariable(name) }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Lexeme<'a>;

    #[inline]
    fn next(&mut self) -> Option<Lexeme<'a>> {
        loop {
            let byte = self.peek(0)?;
            return Some(match kind(byte) {
                Kind::Blank => {
                    self.at += 1;
                    continue;
                }
                Kind::Word => Lexeme::Word(self.word()),
                Kind::Comment => {
                    let before = self.at;
                    self.skip_blank();
                    if self.at > before {
                        continue;
                    }
                    self.at += 1;
                    Lexeme::Symbol(byte)
                }
                Kind::Quote => {
                    self.at += 1;
                    let inner = self.quoted(byte);
                    if byte == b'`' { Lexeme::Quoted(inner) } else { Lexeme::Text(inner) }
                }
                Kind::Variable => self.variable(),
                Kind::Symbol => {
                    self.at += 1;
                    Lexeme::Symbol(byte)
                }
            });
        }
    }
}
