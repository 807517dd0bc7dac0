//! Reading a statement token by token, for the families with grammars of their own.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::{Source, is_word};
use super::plan::SqlError;

/// A place in a statement's tokens.
#[derive(Debug)]
pub(super) struct Cursor<'s> {
    source: &'s Source<'s>,
    at: usize,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self { source, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<&'s Token> {
        self.nth(0)
    }

    pub(super) fn nth(&self, ahead: usize) -> Option<&'s Token> {
        self.source.tokens.get(self.at + ahead).map(|token| &token.token)
    }

    pub(super) fn next(&mut self) -> Option<&'s Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) fn is_done(&self) -> bool {
        self.peek().is_none()
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The tokens from `start` up to here.
    pub(super) fn tokens_from(&self, start: usize) -> &'s [TokenWithSpan] {
        self.source.tokens.get(start..self.at).unwrap_or_default()
    }

    /// A syntax error here.
    pub(super) fn error(&self) -> SqlError {
        self.source.error_at(self.source.tokens.get(self.at))
    }

    /// True when these words follow.
    pub(super) fn sees(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(ahead, word)| self.nth(ahead).is_some_and(|token| is_word(token, word)))
    }

    /// Takes these words if they follow.
    pub(super) fn take(&mut self, words: &[&str]) -> bool {
        let seen = self.sees(words);
        if seen {
            self.at += words.len();
        }
        seen
    }

    pub(super) fn expect(&mut self, words: &[&str]) -> Result<(), SqlError> {
        if self.take(words) { Ok(()) } else { Err(self.error()) }
    }

    /// Takes one symbol if it follows.
    pub(super) fn symbol(&mut self, symbol: &Token) -> bool {
        let seen = self.peek() == Some(symbol);
        self.at += usize::from(seen);
        seen
    }

    pub(super) fn expect_symbol(&mut self, symbol: &Token) -> Result<(), SqlError> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.error()) }
    }

    /// Nothing may follow.
    pub(super) fn finish(&self) -> Result<(), SqlError> {
        if self.is_done() { Ok(()) } else { Err(self.error()) }
    }

    /// A name, quoted or not.
    pub(super) fn name(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Ok(word.value.clone())
            }
            Some(_) | None => Err(self.error()),
        }
    }

    /// `@name` or `@a.b`, in lower case and without the sign.
    pub(super) fn variable(&mut self) -> Option<String> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let name = word.value.strip_prefix('@').filter(|name| word.quote_style.is_none() && !name.starts_with('@'))?;
        let mut name = name.to_lowercase();
        self.at += 1;
        while let (Some(Token::Period), Some(Token::Word(part))) = (self.peek(), self.nth(1)) {
            name = format!("{name}.{}", part.value.to_lowercase());
            self.at += 2;
        }
        Some(name)
    }

    /// `a` or `a.b`.
    pub(super) fn qualified(&mut self) -> Result<(Option<String>, String), SqlError> {
        let first = self.name()?;
        if self.symbol(&Token::Period) {
            let second = self.name()?;
            return Ok((Some(first), second));
        }
        Ok((None, first))
    }

    /// A string literal.
    pub(super) fn string(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            Some(_) | None => Err(self.error()),
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self) -> Result<u64, SqlError> {
        match self.peek() {
            Some(Token::Number(digits, _)) => {
                let number = digits.parse().map_err(|_| self.error())?;
                self.at += 1;
                Ok(number)
            }
            Some(_) | None => Err(self.error()),
        }
    }

    /// Skips to the next token of depth 0 for which `ends` holds, or to the end.
    pub(super) fn skip_until(&mut self, ends: impl Fn(&Token) -> bool) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::RParen if depth == 0 => return,
                found if depth == 0 && ends(found) => return,
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _inside => {}
            }
            self.at += 1;
        }
    }
}
