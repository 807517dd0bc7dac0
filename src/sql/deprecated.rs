//! What MySQL warns of while it reads a statement: operators and names that it means to drop.
//!
//! Only the tokens are looked at: they are all that MySQL's parser goes by too.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::wire::condition::Condition;

use super::dialect::{Modes, is_word};

/// The warnings of a query or a write, in the order of the text.
pub(super) fn warnings(tokens: &[TokenWithSpan], modes: Modes) -> Vec<Condition> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(|token| &token.token);
        let previous = at.checked_sub(1).and_then(|before| tokens.get(before)).map(|token| &token.token);
        match &token.token {
            Token::ExclamationMark => found.push(dropped("!", "NOT")),
            Token::Overlap => found.push(dropped("&&", "AND")),
            Token::StringConcat if !modes.pipes_as_concat => {
                found.push(dropped("|| as a synonym for OR", "OR"));
            }
            Token::NationalStringLiteral(_) => found.push(national()),
            Token::Assignment => found.push(Condition::warning(
                1287,
                "Setting user variables within expressions is deprecated and will be removed in a future release. \
                 Consider alternatives: 'SET variable=expression, ...', or 'SELECT expression(s) INTO variables(s)'.",
            )),
            Token::Word(word) if names_charset(tokens, at) => found.extend(charset(&word.value)),
            Token::SingleQuotedString(name) if names_charset(tokens, at) => found.extend(charset(name)),
            Token::Word(word) if word.quote_style.is_none() => {
                if word.keyword == Keyword::BINARY && is_operator(previous, next) {
                    found.push(dropped("BINARY expr", "CAST"));
                }
                let text = matches!(next, Some(Token::SingleQuotedString(_) | Token::HexStringLiteral(_)));
                if text && let Some(name) = word.value.strip_prefix('_') {
                    found.extend(charset(name));
                }
                found.extend(counting(&word.value, next));
                if word.value.eq_ignore_ascii_case("NCHAR") && previous.is_some_and(|previous| is_word(previous, "AS"))
                {
                    found.push(national());
                }
            }
            _unremarkable => {}
        }
    }
    found
}

/// SQL_CALC_FOUND_ROWS and FOUND_ROWS().
fn counting(word: &str, next: Option<&Token>) -> Option<Condition> {
    let (what, instead) = if word.eq_ignore_ascii_case("SQL_CALC_FOUND_ROWS") {
        ("SQL_CALC_FOUND_ROWS", "using two separate queries")
    } else if word.eq_ignore_ascii_case("FOUND_ROWS") && next == Some(&Token::LParen) {
        ("FOUND_ROWS()", "using COUNT(*)")
    } else {
        return None;
    };
    let message = format!("{what} is deprecated and will be removed in a future release. Consider {instead} instead.");
    Some(Condition::warning(1287, message))
}

/// True for the word after `CHARACTER SET`, `CHARSET` or `USING`.
fn names_charset(tokens: &[TokenWithSpan], at: usize) -> bool {
    let before = |back: usize, word: &str| {
        at.checked_sub(back).and_then(|at| tokens.get(at)).is_some_and(|token| is_word(&token.token, word))
    };
    before(1, "USING") || before(1, "CHARSET") || before(1, "SET") && before(2, "CHARACTER")
}

fn charset(name: &str) -> Option<Condition> {
    let message = "'utf8' is currently an alias for the character set UTF8MB3, but will be an alias for UTF8MB4 in a \
                   future release. Please consider using UTF8MB4 in order to be unambiguous.";
    if name.eq_ignore_ascii_case("utf8") {
        return Some(Condition::warning(3719, message));
    }
    name.eq_ignore_ascii_case("utf8mb3").then(|| dropped("utf8mb3", "utf8mb4"))
}

/// BINARY before an operand, not as the type of CAST or CONVERT and not as a name.
fn is_operator(previous: Option<&Token>, next: Option<&Token>) -> bool {
    let type_of_cast = previous.is_some_and(|previous| {
        is_word(previous, "RETURNING")
            || is_word(previous, "AS")
            || is_word(previous, "USING")
            || is_word(previous, "CHARSET")
            || is_word(previous, "SET")
    }) || matches!(previous, Some(Token::Period));
    let operand = matches!(
        next,
        Some(
            Token::Word(_)
                | Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::DoubleQuotedString(_)
                | Token::HexStringLiteral(_)
                | Token::Placeholder(_)
        )
    );
    let nested = matches!(next, Some(Token::LParen)) && !matches!(previous, Some(Token::Comma));
    !type_of_cast && (operand || nested) && !next.is_some_and(|next| is_word(next, "FROM") || is_word(next, "AS"))
}

fn dropped(what: &str, instead: &str) -> Condition {
    let message =
        format!("'{what}' is deprecated and will be removed in a future release. Please use {instead} instead");
    Condition::warning(1287, message)
}

fn national() -> Condition {
    Condition::warning(
        3720,
        "NATIONAL/NCHAR/NVARCHAR implies the character set UTF8MB3, which will be replaced by UTF8MB4 in a future \
         release. Please consider using CHAR(x) CHARACTER SET UTF8MB4 in order to be unambiguous.",
    )
}
