//! Reads a DDL statement token by token, and says like MySQL where it stopped understanding.
//!
//! sqlparser's tokenizer supplies the tokens: it decodes strings and names, and looks inside `/*! … */`. This file adds
//! what the grammar needs: keywords that are only names when quoted, and byte offsets for the text of error 1064.

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};

use super::super::plan::{Notice, SqlError};

/// Longest statement that is read, in bytes. A table of 4,096 columns with comments stays well below.
const TEXT_LIMIT: usize = 4 << 20;

/// A token and the place where its text begins.
#[derive(Clone, Debug)]
struct Placed {
    token: Token,
    offset: usize,
    line: u64,
}

/// The reader.
#[derive(Clone, Debug)]
pub(in crate::sql) struct Cursor<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    ansi_quotes: bool,
    real_as_float: bool,
    /// Where the text ends, when its last words were taken.
    end: Option<usize>,
    /// Warnings of the grammar, in the order of the text.
    pub(in crate::sql) notices: Vec<Notice>,
}

impl<'a> Cursor<'a> {
    /// Splits the statement; blanks, comments and a final semicolon are left out.
    pub(in crate::sql) fn new(text: &'a str, sql_mode: &str) -> Result<Self, SqlError> {
        if text.len() > TEXT_LIMIT {
            return Err(SqlError::unsupported("DDL statements longer than 4 MiB"));
        }
        let mode = |name: &str| sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(name));
        if mode("NO_BACKSLASH_ESCAPES") && text.contains('\\') {
            return Err(SqlError::unsupported("DDL with backslashes under NO_BACKSLASH_ESCAPES"));
        }
        let dialect = MySqlDialect {};
        let places = Places::new(text);
        let spanned = Tokenizer::new(&dialect, text).tokenize_with_location().map_err(|error| {
            let offset = places.offset(error.location.line, error.location.column);
            SqlError::syntax(text.get(offset..).unwrap_or_default(), error.location.line)
        })?;
        let mut tokens: Vec<Placed> = spanned
            .into_iter()
            .filter(|spanned| !matches!(spanned.token, Token::Whitespace(_)) || is_hint(&spanned.token))
            .map(|spanned| Placed {
                offset: places.offset(spanned.span.start.line, spanned.span.start.column),
                line: spanned.span.start.line,
                token: spanned.token,
            })
            .collect();
        while matches!(tokens.last(), Some(Placed { token: Token::SemiColon, .. })) {
            tokens.pop();
        }
        Ok(Self {
            text,
            tokens,
            at: 0,
            ansi_quotes: mode("ANSI_QUOTES") || mode("ANSI"),
            real_as_float: mode("REAL_AS_FLOAT") || mode("ANSI"),
            end: None,
            notices: Vec::new(),
        })
    }

    /// REAL is FLOAT under this `sql_mode`.
    pub(in crate::sql) fn real_is_float(&self) -> bool {
        self.real_as_float
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|placed| &placed.token)
    }

    /// Error 1064 at the next token.
    pub(in crate::sql) fn syntax(&self) -> SqlError {
        match self.tokens.get(self.at) {
            Some(placed) => SqlError::syntax(self.text.get(placed.offset..).unwrap_or_default(), placed.line),
            None => SqlError::syntax("", 1 + self.text.bytes().filter(|byte| *byte == b'\n').count() as u64),
        }
    }

    /// Leaves a warning.
    pub(in crate::sql) fn warn(&mut self, code: u16, message: impl Into<String>) {
        self.notices.push(Notice { level: "Warning", code, message: message.into() });
    }

    /// The text from the next token on.
    pub(in crate::sql) fn rest(&self) -> &'a str {
        let start = self.tokens.get(self.at).map_or(self.text.len(), |placed| placed.offset);
        let end = self.end.unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default().trim_end().trim_end_matches(';').trim_end()
    }

    /// True when a query comes next, in parentheses or not.
    pub(in crate::sql) fn begins_query(&self) -> bool {
        let mut ahead = 0;
        while self.token(ahead) == Some(&Token::LParen) {
            ahead += 1;
        }
        ["select", "with", "table", "values"].iter().any(|word| self.is_at(ahead, word))
    }

    /// Takes `phrase` from the end of the statement if it ends so.
    pub(in crate::sql) fn take_last(&mut self, phrase: &str) -> bool {
        let words: Vec<&str> = phrase.split(' ').collect();
        let Some(first) = self.tokens.len().checked_sub(words.len()).filter(|first| *first > self.at) else {
            return false;
        };
        let found = words.iter().enumerate().all(|(at, word)| self.is_at(first + at - self.at, word));
        if found {
            self.end = self.tokens.get(first).map(|placed| placed.offset);
            self.tokens.truncate(first);
        }
        found
    }

    /// Byte offset of the next token, or the end of the text.
    pub(in crate::sql) fn offset(&self) -> usize {
        self.offset_of(self.at)
    }

    fn offset_of(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(self.text.len(), |placed| placed.offset)
    }

    /// The source text from one mark to another.
    pub(in crate::sql) fn between(&self, start: usize, end: usize) -> &'a str {
        self.text.get(self.offset_of(start)..self.offset_of(end)).unwrap_or_default().trim()
    }

    /// The whole text.
    pub(in crate::sql) fn text(&self) -> &'a str {
        self.text
    }

    /// The next token.
    pub(in crate::sql) fn peek(&self) -> Option<&Token> {
        self.token(0)
    }

    /// The token behind the next one.
    pub(in crate::sql) fn peek_second(&self) -> Option<&Token> {
        self.token(1)
    }

    /// Goes past the next token.
    pub(in crate::sql) fn skip(&mut self) {
        self.at += 1;
    }

    /// True after the last token.
    pub(in crate::sql) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Error 1064 unless everything was read.
    pub(in crate::sql) fn expect_end(&self) -> Result<(), SqlError> {
        if self.at_end() { Ok(()) } else { Err(self.syntax()) }
    }

    /// Where the cursor stands, for [`Cursor::back_to`].
    pub(in crate::sql) fn mark(&self) -> usize {
        self.at
    }

    /// Returns to a mark.
    pub(in crate::sql) fn back_to(&mut self, mark: usize) {
        self.at = mark;
    }

    /// True when the token `ahead` of the next is the unquoted word `keyword`.
    pub(in crate::sql) fn is_at(&self, ahead: usize, keyword: &str) -> bool {
        matches!(self.token(ahead), Some(Token::Word(word))
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
    }

    /// True when the next token is the unquoted word `keyword`.
    pub(in crate::sql) fn is(&self, keyword: &str) -> bool {
        self.is_at(0, keyword)
    }

    /// The next unquoted word in lower case, without reading it.
    pub(in crate::sql) fn peek_word(&self) -> Option<String> {
        match self.token(0) {
            Some(Token::Word(word)) if word.quote_style.is_none() => Some(word.value.to_ascii_lowercase()),
            Some(_) | None => None,
        }
    }

    /// Reads the words of `phrase` if all of them come next.
    pub(in crate::sql) fn take(&mut self, phrase: &str) -> bool {
        let words = phrase
            .split(' ')
            .enumerate()
            .try_fold(0, |_, (ahead, word)| if self.is_at(ahead, word) { Some(ahead + 1) } else { None });
        self.at += words.unwrap_or(0);
        words.is_some()
    }

    /// Reads the words of `phrase`, or error 1064.
    pub(in crate::sql) fn expect(&mut self, phrase: &str) -> Result<(), SqlError> {
        for word in phrase.split(' ') {
            if !self.take(word) {
                return Err(self.syntax());
            }
        }
        Ok(())
    }

    /// True when the next token is `symbol`.
    pub(in crate::sql) fn is_symbol(&self, symbol: &Token) -> bool {
        self.token(0) == Some(symbol)
    }

    /// Reads `symbol` if it comes next.
    pub(in crate::sql) fn take_symbol(&mut self, symbol: &Token) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    /// Reads `symbol`, or error 1064.
    pub(in crate::sql) fn expect_symbol(&mut self, symbol: &Token) -> Result<(), SqlError> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.syntax()) }
    }

    /// Reads a name: quoted, and then perhaps empty, or a word that MySQL doesn't reserve.
    pub(in crate::sql) fn name(&mut self) -> Result<String, SqlError> {
        let name = match self.token(0) {
            Some(Token::Word(word)) if word.quote_style.is_some() || !is_reserved(&word.value) => word.value.clone(),
            Some(Token::DoubleQuotedString(name)) if self.ansi_quotes => name.clone(),
            Some(_) | None => return Err(self.syntax()),
        };
        self.at += 1;
        Ok(name)
    }

    /// Reads a name if one comes next.
    pub(in crate::sql) fn optional_name(&mut self) -> Option<String> {
        self.name().ok()
    }

    /// Reads `name` or `database.name`.
    pub(in crate::sql) fn qualified_name(&mut self) -> Result<(Option<String>, String), SqlError> {
        let first = self.name()?;
        if self.take_symbol(&Token::Period) {
            return Ok((Some(first), self.any_name()?));
        }
        Ok((None, first))
    }

    /// Reads a name after a period, where no word is reserved.
    fn any_name(&mut self) -> Result<String, SqlError> {
        if let Some(Token::Word(word)) = self.token(0) {
            let name = word.value.clone();
            self.at += 1;
            return Ok(name);
        }
        self.name()
    }

    /// Reads a string literal if one comes next.
    pub(in crate::sql) fn optional_string(&mut self) -> Option<String> {
        let text = match self.token(0) {
            Some(Token::SingleQuotedString(text)) => text.clone(),
            Some(Token::DoubleQuotedString(text)) if !self.ansi_quotes => text.clone(),
            Some(_) | None => return None,
        };
        self.at += 1;
        Some(text)
    }

    /// Reads a string literal, or error 1064.
    pub(in crate::sql) fn string(&mut self) -> Result<String, SqlError> {
        self.optional_string().ok_or_else(|| self.syntax())
    }

    /// Reads a hexadecimal literal `x'…'` or `0x…` as its digits.
    pub(in crate::sql) fn optional_hex(&mut self) -> Option<String> {
        let Some(Token::HexStringLiteral(digits)) = self.token(0) else {
            return None;
        };
        let digits = digits.clone();
        self.at += 1;
        Some(digits)
    }

    /// Reads a bit literal `b'…'` as its digits.
    pub(in crate::sql) fn optional_bits(&mut self) -> Option<String> {
        let digits = match self.token(0) {
            Some(Token::SingleQuotedByteStringLiteral(digits)) => digits.clone(),
            Some(Token::Word(word)) if word.quote_style.is_none() => word.value.strip_prefix("0b")?.to_owned(),
            Some(_) | None => return None,
        };
        self.at += 1;
        Some(digits)
    }

    /// Reads a national string `n'…'`.
    pub(in crate::sql) fn optional_national(&mut self) -> Option<String> {
        let Some(Token::NationalStringLiteral(text)) = self.token(0) else {
            return None;
        };
        let text = text.clone();
        self.at += 1;
        self.warn(3720, super::types::NATIONAL);
        Some(text)
    }

    /// Reads a number without sign as it is written.
    pub(in crate::sql) fn optional_number(&mut self) -> Option<String> {
        let Some(Token::Number(digits, _)) = self.token(0) else {
            return None;
        };
        let digits = digits.clone();
        self.at += 1;
        Some(digits)
    }

    /// Reads an unsigned integer, or error 1064.
    pub(in crate::sql) fn integer(&mut self) -> Result<u64, SqlError> {
        let mark = self.mark();
        match self.optional_number().and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(number),
            None => {
                self.back_to(mark);
                Err(self.syntax())
            }
        }
    }

    /// The source text of a balanced `( … )` that comes next, without the parentheses; reads it.
    pub(in crate::sql) fn parenthesised(&mut self) -> Result<&'a str, SqlError> {
        let start = self.tokens.get(self.at).map(|placed| placed.offset);
        self.expect_symbol(&Token::LParen)?;
        let mut depth = 1_usize;
        while let Some(placed) = self.tokens.get(self.at) {
            match placed.token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                ref _other => {}
            }
            self.at += 1;
            if depth == 0 {
                let inside = start.and_then(|start| self.text.get(start + 1..placed.offset));
                return Ok(inside.unwrap_or_default());
            }
        }
        Err(self.syntax())
    }

    /// Reads `( item, item, … )`.
    pub(in crate::sql) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SqlError>,
    ) -> Result<Vec<T>, SqlError> {
        self.expect_symbol(&Token::LParen)?;
        let mut items = vec![item(self)?];
        while self.take_symbol(&Token::Comma) {
            items.push(item(self)?);
        }
        self.expect_symbol(&Token::RParen)?;
        Ok(items)
    }
}

/// Optimizer hints `/*+ … */` are comments to DDL; nothing else of the blanks is kept either.
fn is_hint(token: &Token) -> bool {
    !matches!(
        token,
        Token::Whitespace(
            Whitespace::Space
                | Whitespace::Tab
                | Whitespace::Newline
                | Whitespace::SingleLineComment { .. }
                | Whitespace::MultiLineComment(_)
        )
    )
}

/// Turns the tokenizer's lines and columns, which count characters, into byte offsets.
struct Places<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        Self { text, lines }
    }

    fn offset(&self, line: u64, column: u64) -> usize {
        let line = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let column = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(start) = self.lines.get(line).copied() else {
            return self.text.len();
        };
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at)
    }
}

/// MySQL's reserved words: names only when quoted.
const RESERVED: &str = "accessible add all alter analyze and as asc asensitive before between bigint binary blob both by \
call cascade case change char character check collate column condition constraint continue convert create cross cube \
cume_dist current_date current_time current_timestamp current_user cursor database databases day_hour day_microsecond \
day_minute day_second dec decimal declare default delayed delete dense_rank desc describe deterministic distinct \
distinctrow div double drop dual each else elseif empty enclosed escaped except exists exit explain external false fetch \
first_value float float4 float8 for force foreign from fulltext function generated get grant group grouping groups \
having high_priority hour_microsecond hour_minute hour_second if ignore in index infile inner inout insensitive insert \
int int1 int2 int3 int4 int8 integer intersect interval into io_after_gtids io_before_gtids is iterate join json_table \
key keys kill lag last_value lateral lead leading leave left like limit linear lines load localtime localtimestamp \
lock long longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint \
minute_microsecond minute_second mod modifies natural not no_write_to_binlog nth_value ntile null numeric of on \
optimize optimizer_costs option optionally or order out outer outfile over partition percent_rank precision primary \
procedure purge qualify range rank read reads read_write real recursive references regexp release rename repeat replace \
require resignal restrict return revoke right rlike row rows row_number schema schemas second_microsecond select \
sensitive separator set show signal smallint spatial specific sql sqlexception sqlstate sqlwarning sql_big_result \
sql_calc_found_rows sql_small_result ssl starting stored straight_join system table tablesample terminated then tinyblob tinyint \
tinytext to trailing trigger true undo union unique unlock unsigned update usage use using utc_date utc_time \
utc_timestamp values varbinary varchar varcharacter varying virtual when where while window with write xor year_month \
zerofill";

fn is_reserved(word: &str) -> bool {
    RESERVED.split(' ').any(|reserved| reserved.eq_ignore_ascii_case(word))
}
