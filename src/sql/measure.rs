//! How deep and how long a statement is, from its tokens: limits that keep hostile input from exhausting the stack, and
//! what has to be known of a SELECT before its parts are looked at.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::dialect::{Source, is_word};
use super::plan::SqlError;

/// Deepest nesting of parentheses and CASE: a little beyond what MySQL 9.7 bears with its default stack (2,009 calls, 453
/// CASE). Each level costs the parser and the rewrite some kilobytes of stack.
const MAX_NESTING: usize = 2_010;
/// Longest chain of operators: it's a tree as deep as it is long.
pub(super) const MAX_OPERATORS: usize = 8_000;
/// Most AND and OR: chains of them are worked on without recursion.
const MAX_LOGIC: usize = 300_000;
/// Deepest nesting of queries, MySQL's own limit.
const MAX_SELECTS: usize = 63;

/// A height and the most that it ever was.
#[derive(Clone, Copy, Debug, Default)]
struct Height {
    now: usize,
    most: usize,
    total: usize,
}

impl Height {
    fn grow(&mut self, by: usize) {
        self.now += by;
        self.total += by;
        self.most = self.most.max(self.now);
    }

    fn shrink(&mut self, by: usize) {
        self.now = self.now.saturating_sub(by);
    }
}

/// Deepest nesting of parentheses.
pub(super) fn deepest(tokens: &[TokenWithSpan]) -> usize {
    let mut depth = Height::default();
    for token in tokens {
        match &token.token {
            Token::LParen => depth.grow(1),
            Token::RParen => depth.shrink(1),
            _other => {}
        }
    }
    depth.most
}

/// True for words that make an expression one level deeper.
fn is_operator(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::NOT
            | Keyword::XOR
            | Keyword::UNION
            | Keyword::JOIN
            | Keyword::LIKE
            | Keyword::IS
            | Keyword::BINARY
            | Keyword::DIV
            | Keyword::COLLATE
            | Keyword::INTERVAL
            | Keyword::BETWEEN
            | Keyword::IN
            | Keyword::REGEXP
            | Keyword::RLIKE
            | Keyword::EXCEPT
            | Keyword::INTERSECT
    )
}

/// Where a SELECT calls aggregate functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Aggregating {
    /// Before ORDER BY.
    pub(super) anywhere: bool,
    /// The number of the first expression of ORDER BY that does.
    pub(super) sorted: Option<usize>,
}

impl Source<'_> {
    /// Where the SELECT whose keyword stands at `location` calls aggregate functions itself: not as window functions
    /// and not in a query inside it.
    pub(super) fn aggregates(&self, location: Location) -> Aggregating {
        let mut found = Aggregating::default();
        let Some(start) = self.tokens.iter().position(|token| token.span.start == location) else { return found };
        // The number of the expression of ORDER BY, once that has begun.
        let (mut at, mut depth, mut sorting) = (start + 1, 0_usize, 0_usize);
        while let Some(token) = self.tokens.get(at) {
            match &token.token {
                Token::LParen => {
                    let query = self.tokens.get(at + 1).is_some_and(|next| {
                        ["SELECT", "WITH", "VALUES", "TABLE"].iter().any(|word| is_word(&next.token, word))
                    });
                    if query {
                        at = self.closing(at);
                    } else {
                        depth += 1;
                    }
                }
                Token::RParen if depth == 0 => return found,
                Token::RParen => depth -= 1,
                Token::Comma if depth == 0 && sorting > 0 => sorting += 1,
                Token::Word(word) if word.quote_style.is_none() => {
                    if self.calls_aggregate(at, &word.value) {
                        match sorting {
                            0 => found.anywhere = true,
                            number => found.sorted = found.sorted.or(Some(number)),
                        }
                    }
                    if depth == 0 && is_word(&token.token, "ORDER") {
                        sorting = 1;
                    }
                    let set = ["UNION", "EXCEPT", "INTERSECT"].iter().any(|word| is_word(&token.token, word));
                    if set && depth == 0 {
                        return found;
                    }
                }
                _other => {}
            }
            at += 1;
        }
        found
    }

    /// True for the name of an aggregate function that is called without OVER.
    fn calls_aggregate(&self, at: usize, word: &str) -> bool {
        let call = self.tokens.get(at + 1).is_some_and(|next| next.token == Token::LParen);
        call && super::aggregate::is_aggregate(&word.to_ascii_uppercase()) && {
            let end = self.closing(at + 1);
            !self.tokens.get(end + 1).is_some_and(|next| is_word(&next.token, "OVER"))
        }
    }

    /// Position of the parenthesis that closes the one at `open`.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match &token.token {
                Token::LParen => depth += 1,
                Token::RParen => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return at;
                    }
                }
                _other => {}
            }
        }
        self.tokens.len()
    }

    /// Checks nesting and size; true when the statement should be worked on with a large stack.
    pub(super) fn measure(&self) -> Result<bool, SqlError> {
        // Operators since the last comma on each level of parentheses: a chain is a tree as deep as it is long.
        let mut levels = vec![0_usize];
        let (mut depth, mut selects, mut logic) = (Height::default(), Height::default(), 0_usize);
        let mut operators = Height::default();
        for (at, token) in self.tokens.iter().enumerate() {
            match &token.token {
                Token::LParen => {
                    depth.grow(1);
                    levels.push(0);
                    if self.tokens.get(at + 1).is_some_and(|next| is_word(&next.token, "SELECT")) {
                        selects.grow(1);
                    }
                }
                Token::RParen => {
                    depth.shrink(1);
                    operators.shrink(levels.pop().unwrap_or_default());
                }
                Token::Comma => {
                    operators.shrink(levels.last_mut().map(std::mem::take).unwrap_or_default());
                }
                Token::Word(word) if word.quote_style.is_none() => match word.keyword {
                    Keyword::CASE => depth.grow(1),
                    Keyword::END => depth.shrink(1),
                    Keyword::AND | Keyword::OR => {
                        logic += 1;
                        operators.shrink(levels.last_mut().map(std::mem::take).unwrap_or_default());
                    }
                    word if is_operator(word) => {
                        operators.grow(1);
                        levels.last_mut().into_iter().for_each(|level| *level += 1);
                    }
                    _name => {}
                },
                Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::DoubleQuotedString(_)
                | Token::Period
                | Token::Placeholder(_)
                | Token::Word(_) => {}
                _operator => {
                    operators.grow(1);
                    levels.last_mut().into_iter().for_each(|level| *level += 1);
                }
            }
        }
        if depth.most > MAX_NESTING || operators.most > MAX_OPERATORS || logic > MAX_LOGIC {
            return Err(SqlError::too_deep());
        }
        if selects.total > MAX_SELECTS && self.select_nesting() > MAX_SELECTS {
            return Err(SqlError::new(1473, "HY000", "Too high level of nesting for select".to_owned()));
        }
        Ok(depth.most > 8 || operators.most > 30 || logic > 50)
    }

    /// How deep queries nest.
    fn select_nesting(&self) -> usize {
        let (mut open, mut nested, mut most) = (Vec::new(), 0_usize, 0);
        for (at, token) in self.tokens.iter().enumerate() {
            match &token.token {
                Token::LParen => {
                    let query = self.tokens.get(at + 1).is_some_and(|next| is_word(&next.token, "SELECT"));
                    nested += usize::from(query);
                    most = most.max(nested);
                    open.push(query);
                }
                Token::RParen => nested -= usize::from(open.pop().unwrap_or(false)).min(nested),
                _other => {}
            }
        }
        most
    }
}
