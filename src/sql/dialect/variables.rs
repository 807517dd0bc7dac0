//! User variables among the tokens: sqlparser takes `@` for a part of a word or of an operator.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// `@'a b'`, `@"a b"` and `@`a b`` become one word: sqlparser sees a sign and a string.
pub(super) fn quoted_variables(tokens: &mut Vec<TokenWithSpan>) {
    let sign = |token: &TokenWithSpan| {
        matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.value == "@")
            || token.token == Token::AtSign
    };
    split_keywords(tokens);
    split_operators(tokens);
    let mut at = 0;
    while at + 1 < tokens.len() {
        let name = match (&tokens[at], &tokens[at + 1].token) {
            (first, Token::SingleQuotedString(name) | Token::DoubleQuotedString(name)) if sign(first) => name.clone(),
            (first, Token::Word(word)) if sign(first) && word.quote_style.is_some() => word.value.clone(),
            (_, _) => {
                at += 1;
                continue;
            }
        };
        let mut token = Token::make_word(&format!("@{name}"), None);
        if let Token::Word(word) = &mut token {
            word.keyword = Keyword::NoKeyword;
        }
        let span = sqlparser::tokenizer::Span::new(tokens[at].span.start, tokens[at + 1].span.end);
        tokens[at] = TokenWithSpan::new(token, span);
        tokens.remove(at + 1);
        at += 1;
    }
}

/// `1<@a` and `1^@a`: operators of PostgreSQL's for sqlparser.
fn split_operators(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let operator = match &token.token {
            Token::ArrowAt => Token::Lt,
            Token::CaretAt => Token::Caret,
            _other => {
                at += 1;
                continue;
            }
        };
        let span = token.span;
        let named = tokens.get(at + 1).and_then(|next| match &next.token {
            Token::Word(word) if word.quote_style.is_none() => {
                Some(TokenWithSpan::new(Token::make_word(&format!("@{}", word.value), None), next.span))
            }
            _quoted => None,
        });
        match named {
            Some(variable) => drop(tokens.splice(at..=at + 1, [TokenWithSpan::new(operator, span), variable])),
            None => {
                let sign = TokenWithSpan::new(Token::AtSign, span);
                drop(tokens.splice(at..=at, [TokenWithSpan::new(operator, span), sign]));
            }
        }
        at += 1;
    }
}

/// `SET@a` is two words: `@` is part of a word for sqlparser, for the sake of accounts.
fn split_keywords(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let parts = match &token.token {
            Token::Word(word) if word.quote_style.is_none() => word.value.split_once('@').filter(|(keyword, _)| {
                ["SET", "SELECT", "DO", "USING", "FROM"].iter().any(|known| known.eq_ignore_ascii_case(keyword))
            }),
            _other => None,
        };
        if let Some((keyword, name)) = parts {
            let (keyword, name) = (Token::make_keyword(keyword), Token::make_word(&format!("@{name}"), None));
            let span = token.span;
            tokens.splice(at..=at, [TokenWithSpan::new(keyword, span), TokenWithSpan::new(name, span)]);
        }
        at += 1;
    }
}
