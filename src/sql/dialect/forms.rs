//! Forms of expressions that sqlparser doesn't read, brought into ones that it does: types with a character set,
//! CHAR(… USING …) and the function INTERVAL. Only tokens are moved; what they mean is said by the rewrite.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::is_word;

/// What stands for tokens, and how many of them it takes the place of.
pub(super) struct Replaced {
    pub(super) tokens: Vec<Token>,
    pub(super) taken: usize,
    /// CONVERT( was put before CHAR(: its closing parenthesis belongs before USING.
    pub(super) closes_before_using: bool,
}

fn word(value: &str, quote_style: Option<char>) -> Token {
    let keyword = sqlparser::keywords::Keyword::NoKeyword;
    Token::Word(Word { value: value.to_owned(), quote_style, keyword })
}

/// The form that begins at a token, if one does.
pub(super) fn replace(tokens: &[TokenWithSpan], at: usize) -> Option<Replaced> {
    let token = |offset: usize| tokens.get(at + offset).map(|token| &token.token);
    let previous = at.checked_sub(1).and_then(|before| tokens.get(before)).map(|token| &token.token);
    let first = token(0)?;
    if is_word(first, "INTERVAL") && token(1) == Some(&Token::LParen) && has_comma(tokens, at + 1) {
        return Some(Replaced { tokens: vec![word("INTERVAL", Some('`'))], taken: 1, closes_before_using: false });
    }
    if (is_word(first, "INT") || is_word(first, "INTEGER"))
        && previous.is_some_and(|previous| is_word(previous, "SIGNED") || is_word(previous, "UNSIGNED"))
    {
        return Some(Replaced { tokens: Vec::new(), taken: 1, closes_before_using: false });
    }
    if is_word(first, "FOR")
        && let Some(locks) = locks(tokens, at)
    {
        return Some(locks);
    }
    let is_char = is_word(first, "CHAR") || is_word(first, "CHARACTER");
    if !is_char {
        return None;
    }
    if previous.is_some_and(|previous| is_word(previous, "AS") || *previous == Token::Comma)
        && let Some(found) = text_type(tokens, at)
    {
        return Some(found);
    }
    if is_word(first, "CHAR")
        && token(1) == Some(&Token::LParen)
        && let Some(charset) = ends_with_using(tokens, at + 1)
    {
        // Each code takes a whole character of the sets with wide units.
        let called = match charset.to_ascii_lowercase().as_str() {
            "utf16" | "ucs2" => "CHAR_OF_TWO",
            "utf32" => "CHAR_OF_FOUR",
            _narrow => "CHAR",
        };
        let tokens = vec![word("CONVERT", None), Token::LParen, word(called, Some('`'))];
        return Some(Replaced { tokens: with_keyword(tokens), taken: 1, closes_before_using: true });
    }
    None
}

/// `FOR UPDATE OF a, b NOWAIT` becomes a clause for each table.
fn locks(tokens: &[TokenWithSpan], at: usize) -> Option<Replaced> {
    let token = |offset: usize| tokens.get(at + offset).map(|token| &token.token);
    let strength = token(1).filter(|word| is_word(word, "UPDATE") || is_word(word, "SHARE"))?;
    let of = token(2).filter(|word| is_word(word, "OF"))?;
    let mut tables = vec![token(3)?];
    let mut next = 4;
    while token(next) == Some(&Token::Comma) {
        tables.push(token(next + 1)?);
        next += 2;
    }
    if tables.len() == 1 {
        return None;
    }
    let wait = if token(next).is_some_and(|word| is_word(word, "NOWAIT")) {
        1
    } else if token(next).is_some_and(|word| is_word(word, "SKIP")) {
        2
    } else {
        0
    };
    let tail: Vec<Token> = (next..next + wait).filter_map(token).cloned().collect();
    let first = token(0)?;
    let clause = |table: &&Token| {
        let head = [first, strength, of, *table].into_iter().cloned();
        head.chain(tail.iter().cloned()).collect::<Vec<Token>>()
    };
    Some(Replaced { tokens: tables.iter().flat_map(clause).collect(), taken: next + wait, closes_before_using: false })
}

fn with_keyword(mut tokens: Vec<Token>) -> Vec<Token> {
    if let Some(first) = tokens.first_mut() {
        *first = Token::make_keyword("CONVERT");
    }
    tokens
}

/// `CHAR(n) CHARACTER SET x` becomes `CHAR__x(n)`.
fn text_type(tokens: &[TokenWithSpan], at: usize) -> Option<Replaced> {
    let token = |offset: usize| tokens.get(at + offset).map(|token| &token.token);
    let mut length = Vec::new();
    let mut next = 1;
    if let (Some(Token::LParen), Some(number @ Token::Number(..)), Some(Token::RParen)) = (token(1), token(2), token(3))
    {
        length = vec![Token::LParen, number.clone(), Token::RParen];
        next = 4;
    }
    let named = |offset: usize| match token(offset) {
        Some(Token::Word(word)) => Some(word.value.to_ascii_uppercase()),
        Some(Token::SingleQuotedString(name)) => Some(name.to_ascii_uppercase()),
        Some(_) | None => None,
    };
    let (charset, taken) = if is_word(token(next)?, "CHARSET") {
        (named(next + 1)?, next + 2)
    } else if (is_word(token(next)?, "CHARACTER") || is_word(token(next)?, "CHAR")) && is_word(token(next + 1)?, "SET")
    {
        (named(next + 2)?, next + 3)
    } else if is_word(token(next)?, "ASCII") {
        ("LATIN1".to_owned(), next + 1)
    } else if is_word(token(next)?, "UNICODE") {
        ("UCS2".to_owned(), next + 1)
    } else {
        return None;
    };
    let mut tokens = vec![word(&format!("CHAR__{charset}"), None)];
    tokens.extend(length);
    Some(Replaced { tokens, taken, closes_before_using: false })
}

/// Whether the parenthesis that opens at `open` has a comma of its own.
fn has_comma(tokens: &[TokenWithSpan], open: usize) -> bool {
    let mut depth = 0_usize;
    for token in tokens.iter().skip(open) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth <= 1 => return false,
            Token::RParen => depth -= 1,
            Token::Comma if depth == 1 => return true,
            _inside => {}
        }
    }
    false
}

/// The character set when the parenthesis that opens at `open` ends with `USING charset`.
fn ends_with_using(tokens: &[TokenWithSpan], open: usize) -> Option<String> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth <= 1 => {
                let using = tokens.get(at.checked_sub(2)?).filter(|using| is_word(&using.token, "USING"));
                return using.and(tokens.get(at - 1)).map(|name| name.token.to_string());
            }
            Token::RParen => depth -= 1,
            _inside => {}
        }
    }
    None
}
