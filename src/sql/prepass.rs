//! Brings MySQL's forms of queries that sqlparser doesn't read into ones that it does, token by token.
//!
//! What comes out means the same in MySQL: `TABLE t` is `SELECT * FROM t`; `(a, b)` in FROM is a cross join of what
//! stands between its commas; `a JOIN b JOIN c ON x ON y` is `a JOIN (b JOIN c ON x) ON y`; parentheses around one
//! table, and all but two of a run of parentheses, say nothing. Every token keeps the place of the one that it came
//! from, so that titles and messages are still cut from the client's text.

use std::borrow::Cow;

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::is_word;
use super::plan::{IntoTarget, SqlError};
use super::routine::Locals;

/// Where `SELECT … INTO` puts its one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Into {
    /// No INTO.
    Nowhere,
    /// Variables, one for each column.
    Variables(Vec<IntoTarget>),
}

/// One level of parentheses while the tokens are walked through.
#[derive(Debug, Default)]
struct Level {
    /// A SELECT stands at this level.
    select: bool,
    /// Inside FROM.
    from: bool,
    /// These parentheses hold joined tables.
    joined: bool,
    /// `VALUES ROW(…)` inside an expression was made a derived table.
    values: bool,
    /// Where the level's own tokens begin in the output.
    start: usize,
    /// Where the tables since the last comma begin in the output.
    segment: usize,
    /// Those tables are joined.
    segment_joins: bool,
    /// There was a comma between tables in these parentheses.
    comma: bool,
    /// Where the right sides of joins begin whose condition hasn't been met.
    open: Vec<usize>,
    /// Where the right side of the last join begins whose condition has been met.
    closed: usize,
}

fn word_at(tokens: &[TokenWithSpan], at: usize, keyword: &str) -> bool {
    tokens.get(at).is_some_and(|token| is_word(&token.token, keyword))
}

fn any_word(token: &Token, keywords: &[&str]) -> bool {
    keywords.iter().any(|keyword| is_word(token, keyword))
}

/// Position of the parenthesis that closes the one at `open`.
fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _other => {}
        }
    }
    None
}

/// True when a parenthesis in FROM holds a query rather than tables.
fn holds_query(tokens: &[TokenWithSpan], open: usize) -> bool {
    let Some(first) = tokens.get(open + 1) else { return true };
    if first.token == Token::LParen {
        let Some(end) = closing(tokens, open + 1) else { return true };
        return holds_query(tokens, open + 1)
            && tokens.get(end + 1).is_none_or(|next| {
                next.token == Token::RParen
                    || any_word(&next.token, &["UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", "FOR", "LOCK"])
            });
    }
    any_word(&first.token, &["SELECT", "WITH", "VALUES", "TABLE"])
}

/// Words that end FROM.
const FROM_ENDS: &[&str] =
    &["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "WINDOW", "INTO", "SET", "LOCK"];

struct Walk<'t> {
    tokens: &'t [TokenWithSpan],
    out: Vec<TokenWithSpan>,
    levels: Vec<Level>,
}

/// Rewrites the forms that sqlparser doesn't read. Borrowed when there is none.
pub(super) fn reshape(tokens: &[TokenWithSpan]) -> Cow<'_, [TokenWithSpan]> {
    const TELLING: &[&str] = &["TABLE", "ROW", "JOIN", "STRAIGHT_JOIN"];
    let telling = |pair: &[TokenWithSpan]| match pair {
        [first, second] => {
            any_word(&first.token, TELLING)
                || first.token == Token::LBrace
                || (second.token == Token::LParen
                    && (first.token == Token::Comma || any_word(&first.token, &["FROM", "JOIN"])))
        }
        _other => false,
    };
    if !tokens.windows(2).any(telling) {
        return Cow::Borrowed(tokens);
    }
    let mut walk = Walk { tokens, out: Vec::with_capacity(tokens.len() + 8), levels: vec![Level::default()] };
    for at in 0..tokens.len() {
        walk.step(at);
    }
    Cow::Owned(walk.out)
}

impl Walk<'_> {
    fn word(&self, at: usize, keyword: &str) -> bool {
        word_at(self.tokens, at, keyword)
    }

    fn push(&mut self, at: usize, token: Token) {
        if let Some(own) = self.tokens.get(at) {
            self.out.push(TokenWithSpan::new(token, own.span));
        }
    }

    fn insert(&mut self, place: usize, at: usize, token: Token) {
        if let Some(own) = self.tokens.get(at) {
            self.out.insert(place.min(self.out.len()), TokenWithSpan::new(token, own.span));
        }
    }

    fn step(&mut self, at: usize) {
        let Some(token) = self.tokens.get(at).map(|token| &token.token) else { return };
        match token {
            Token::LParen | Token::LBrace => self.open(at),
            Token::RParen | Token::RBrace => self.close(at),
            Token::Comma => self.comma(at),
            Token::Word(word) if word.quote_style.is_none() => self.keyword(at),
            _other => {
                if let Some(own) = self.tokens.get(at) {
                    self.out.push(own.clone());
                }
            }
        }
    }

    fn open(&mut self, at: usize) {
        let table_place = at.checked_sub(1).and_then(|before| self.tokens.get(before)).is_some_and(|before| {
            matches!(before.token, Token::Comma | Token::LParen)
                || any_word(&before.token, &["FROM", "JOIN", "STRAIGHT_JOIN"])
        });
        let in_from = self.levels.last().is_some_and(|level| level.from);
        let brace = self.tokens.get(at).is_some_and(|token| token.token == Token::LBrace);
        let joined = in_from && table_place && (brace || !holds_query(self.tokens, at));
        self.push(at, Token::LParen);
        let start = self.out.len();
        self.levels.push(Level { from: joined, select: joined, joined, start, segment: start, ..Level::default() });
    }

    fn close(&mut self, at: usize) {
        if self.levels.len() < 2 {
            self.push(at, Token::RParen);
            return;
        }
        let Some(level) = self.levels.pop() else { return };
        if level.joined && level.comma && level.segment_joins {
            self.insert(level.segment, at, Token::LParen);
            self.push(at, Token::RParen);
        }
        if level.joined && !level.comma && !level.segment_joins {
            // Parentheses around one table.
            if level.start > 0 && level.start <= self.out.len() {
                self.out.remove(level.start - 1);
            }
            return;
        }
        if level.values {
            self.push(at, Token::RParen);
            self.push(at, Token::make_keyword("AS"));
            self.push(at, Token::make_word("values", Some('`')));
        }
        self.push(at, Token::RParen);
    }

    fn comma(&mut self, at: usize) {
        let place = self.out.len();
        let Some(level) = self.levels.last_mut() else { return };
        if !level.from {
            self.push(at, Token::Comma);
            return;
        }
        level.open.clear();
        level.closed = 0;
        if !level.joined {
            self.push(at, Token::Comma);
            return;
        }
        let (segment, joins) = (level.segment, level.segment_joins);
        level.comma = true;
        level.segment_joins = false;
        level.segment = place + 2 + if joins { 2 } else { 0 };
        if joins {
            self.insert(segment, at, Token::LParen);
            self.push(at, Token::RParen);
        }
        self.push(at, Token::make_keyword("CROSS"));
        self.push(at, Token::make_keyword("JOIN"));
    }

    fn keyword(&mut self, at: usize) {
        let Some(own) = self.tokens.get(at) else { return };
        let token = &own.token;
        if is_word(token, "TABLE") && self.begins_query(at) {
            self.push(at, Token::make_keyword("SELECT"));
            self.push(at, Token::Mul);
            self.push(at, Token::make_keyword("FROM"));
            return;
        }
        if is_word(token, "OJ") && at > 0 && self.tokens.get(at - 1).is_some_and(|before| before.token == Token::LBrace)
        {
            return;
        }
        if is_word(token, "VALUES") && self.word(at + 1, "ROW") && self.in_expression(at) {
            self.push(at, Token::make_keyword("SELECT"));
            self.push(at, Token::Mul);
            self.push(at, Token::make_keyword("FROM"));
            self.push(at, Token::LParen);
            if let Some(level) = self.levels.last_mut() {
                level.values = true;
            }
        }
        let joins = any_word(token, &["JOIN", "STRAIGHT_JOIN"]);
        let natural = (1..=3).any(|back| at >= back && self.word(at - back, "NATURAL"));
        let condition = (is_word(token, "ON") && !self.word(at + 1, "DUPLICATE"))
            || (is_word(token, "USING") && self.tokens.get(at + 1).is_some_and(|next| next.token == Token::LParen));
        let after_for = at > 0 && self.word(at - 1, "FOR");
        let ends = (any_word(token, FROM_ENDS) && !after_for)
            || (is_word(token, "FOR") && (self.word(at + 1, "UPDATE") || self.word(at + 1, "SHARE")));
        if condition && self.levels.last().is_some_and(|level| level.from) {
            self.close_join(at);
        }
        self.out.push(own.clone());
        let place = self.out.len();
        let Some(level) = self.levels.last_mut() else { return };
        if is_word(token, "SELECT") {
            level.select = true;
            level.from = false;
        } else if is_word(token, "FROM") && level.select {
            level.from = true;
            (level.open, level.closed) = (Vec::new(), 0);
        } else if ends {
            level.from = false;
        } else if joins && level.from && !after_for {
            level.segment_joins = true;
            if !natural {
                level.open.push(place);
            }
        }
    }

    /// The condition of the innermost open join. When a later join has its condition already, that one is the right
    /// side of this one.
    fn close_join(&mut self, at: usize) {
        let Some(level) = self.levels.last_mut() else { return };
        let Some(start) = level.open.pop() else { return };
        let nests = start < level.closed;
        level.closed = start;
        if nests {
            self.insert(start, at, Token::LParen);
            self.push(at, Token::RParen);
        }
    }

    fn begins_query(&self, at: usize) -> bool {
        let named = matches!(self.tokens.get(at + 1).map(|next| &next.token), Some(Token::Word(_)));
        let Some(before) = at.checked_sub(1).and_then(|before| self.tokens.get(before)) else { return named };
        let writes = self.word(0, "INSERT") || self.word(0, "REPLACE");
        named
            && (before.token == Token::LParen
                || any_word(&before.token, &["UNION", "EXCEPT", "INTERSECT"])
                || (any_word(&before.token, &["ALL", "DISTINCT"])
                    && at > 1
                    && self
                        .tokens
                        .get(at - 2)
                        .is_some_and(|op| any_word(&op.token, &["UNION", "EXCEPT", "INTERSECT"])))
                || (before.token == Token::RParen && (self.word(0, "WITH") || writes))
                || (writes
                    && at > 1
                    && self.levels.len() == 1
                    && !any_word(&before.token, &["INTO", "INSERT", "REPLACE", "IGNORE"])))
    }

    /// True for VALUES right behind a parenthesis that stands where a value does.
    fn in_expression(&self, at: usize) -> bool {
        const QUERIES: &[&str] =
            &["FROM", "JOIN", "STRAIGHT_JOIN", "LATERAL", "AS", "UNION", "EXCEPT", "INTERSECT", "DISTINCT"];
        let Some(before) = at.checked_sub(2).and_then(|before| self.tokens.get(before)) else { return false };
        let outer = self.levels.iter().rev().nth(1);
        let in_from = outer.is_some_and(|level| level.from);
        let set = any_word(&before.token, &["ALL"])
            && at > 2
            && self.tokens.get(at - 3).is_some_and(|op| any_word(&op.token, QUERIES));
        let table_place = in_from && matches!(before.token, Token::Comma | Token::LParen);
        let query = set || table_place || any_word(&before.token, QUERIES);
        self.tokens.get(at - 1).is_some_and(|open| open.token == Token::LParen) && !query
    }
}

/// Drops all but the outermost and the innermost of parentheses that directly enclose each other.
pub(super) fn collapse(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut partner = vec![usize::MAX; tokens.len()];
    let mut open = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => open.push(at),
            Token::RParen => {
                let Some(start) = open.pop() else { return tokens };
                if let Some(slot) = partner.get_mut(start) {
                    *slot = at;
                }
            }
            _other => {}
        }
    }
    // The one at `at` is redundant when it's directly inside one and directly around another.
    let encloses = |outer: usize| match (partner.get(outer), partner.get(outer + 1)) {
        (Some(&end), Some(&inner)) => end != usize::MAX && inner != usize::MAX && end == inner + 1,
        (_, _) => false,
    };
    let mut keep = vec![true; tokens.len()];
    for at in 1..tokens.len() {
        if encloses(at - 1) && encloses(at) {
            let end = partner.get(at).copied().unwrap_or(at);
            for drop in [at, end] {
                if let Some(slot) = keep.get_mut(drop) {
                    *slot = false;
                }
            }
        }
    }
    let mut keep = keep.into_iter();
    tokens.into_iter().filter(|_| keep.next().unwrap_or(true)).collect()
}

/// Takes `INTO …` out of a query; tokens are borrowed when there's none.
pub(super) fn take_into<'t>(
    tokens: &'t [TokenWithSpan],
    locals: Option<&Locals>,
) -> Result<(Cow<'t, [TokenWithSpan]>, Into), SqlError> {
    let untouched = || Ok((Cow::Borrowed(tokens), Into::Nowhere));
    let queries = ["SELECT", "WITH", "TABLE", "VALUES"];
    let first = tokens.iter().find(|token| token.token != Token::LParen);
    if !first.is_some_and(|first| any_word(&first.token, &queries)) {
        return untouched();
    }
    let mut depth = 0_usize;
    let mut found = None;
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            word if depth == 0 && at > 0 && is_word(word, "INTO") => {
                found = Some(at);
                break;
            }
            _other => {}
        }
    }
    let Some(start) = found else { return untouched() };
    if word_at(tokens, start + 1, "OUTFILE") || word_at(tokens, start + 1, "DUMPFILE") {
        let text = "The MySQL server is running with the --secure-file-priv option so it cannot execute this statement";
        return Err(SqlError::new(1290, "HY000", text.to_owned()));
    }
    let (mut names, mut at) = (Vec::new(), start + 1);
    loop {
        match (tokens.get(at).map(|token| &token.token), tokens.get(at + 1).map(|token| &token.token)) {
            (Some(Token::AtSign), Some(Token::SingleQuotedString(name) | Token::DoubleQuotedString(name))) => {
                names.push(IntoTarget::User(name.to_lowercase()));
                at += 2;
            }
            (Some(Token::AtSign), Some(Token::Word(name))) => {
                names.push(IntoTarget::User(name.value.to_lowercase()));
                at += 2;
            }
            (Some(Token::Word(word)), _) => match word.value.strip_prefix('@') {
                Some(name) if !name.starts_with('@') => {
                    names.push(IntoTarget::User(name.to_lowercase()));
                    at += 1;
                }
                Some(_) => return Err(SqlError::syntax(&word.value, 1)),
                None => {
                    let undeclared = || SqlError::new(1327, "42000", format!("Undeclared variable: {}", word.value));
                    let slot = locals.and_then(|locals| locals.slot(&word.value)).ok_or_else(undeclared)?;
                    names.push(IntoTarget::Local(slot));
                    at += 1;
                }
            },
            (_, _) => return Err(SqlError::syntax("", 1)),
        }
        if tokens.get(at).is_none_or(|token| token.token != Token::Comma) {
            break;
        }
        at += 1;
    }
    let rest = tokens.get(at..).unwrap_or_default();
    if rest.iter().any(|token| is_word(&token.token, "INTO")) && word_at(tokens, at, "INTO") {
        return Err(SqlError::syntax("INTO", 1));
    }
    let mut kept = tokens.get(..start).unwrap_or_default().to_vec();
    kept.extend_from_slice(rest);
    Ok((Cow::Owned(kept), Into::Variables(names)))
}
