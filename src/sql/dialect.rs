//! MySQL's grammar on top of sqlparser: tokenising by `sql_mode`, operator precedence as MySQL defines it, a token
//! pass for forms that sqlparser doesn't read, and limits that keep hostile input from exhausting the stack.
//!
//! The stock dialect silently misreads `||`, XOR, `^`, predicates beside comparisons and BINARY. Every deviation here
//! was measured against MySQL with random expressions.

mod forms;
mod variables;

use std::any::TypeId;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, DateTimeField, Expr, Ident, Interval, Statement, UnaryOperator,
};
use sqlparser::dialect::{Dialect, MySqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::measure;
use super::plan::SqlError;
use super::prepass;

/// The parts of `sql_mode` that change how text is read or what it means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modes {
    pub(super) ansi_quotes: bool,
    pub(super) pipes_as_concat: bool,
    pub(super) no_backslash_escapes: bool,
    pub(super) strict: bool,
    pub(super) only_full_group_by: bool,
    pub(super) no_auto_value_on_zero: bool,
    pub(super) no_zero_date: bool,
    pub(super) no_zero_in_date: bool,
    pub(super) division_by_zero_fails: bool,
    pub(super) no_unsigned_subtraction: bool,
    pub(super) invalid_dates: bool,
    pub(super) truncate_fraction: bool,
    pub(super) real_as_float: bool,
    /// NOT binds as tightly as `!`.
    pub(super) high_not: bool,
}

impl Modes {
    /// Reads MySQL's comma list.
    pub(super) fn parse(sql_mode: &str) -> Self {
        let mut modes = Self::default();
        for name in sql_mode.split(',') {
            match name.trim().to_ascii_uppercase().as_str() {
                "ANSI_QUOTES" => modes.ansi_quotes = true,
                "ANSI" => {
                    (modes.ansi_quotes, modes.pipes_as_concat, modes.real_as_float) = (true, true, true);
                }
                "REAL_AS_FLOAT" => modes.real_as_float = true,
                "HIGH_NOT_PRECEDENCE" => modes.high_not = true,
                "PIPES_AS_CONCAT" => modes.pipes_as_concat = true,
                "NO_UNSIGNED_SUBTRACTION" => modes.no_unsigned_subtraction = true,
                "NO_BACKSLASH_ESCAPES" => modes.no_backslash_escapes = true,
                "STRICT_TRANS_TABLES" | "STRICT_ALL_TABLES" | "TRADITIONAL" => modes.strict = true,
                "ONLY_FULL_GROUP_BY" => modes.only_full_group_by = true,
                "NO_AUTO_VALUE_ON_ZERO" => modes.no_auto_value_on_zero = true,
                "NO_ZERO_DATE" => modes.no_zero_date = true,
                "NO_ZERO_IN_DATE" => modes.no_zero_in_date = true,
                "ERROR_FOR_DIVISION_BY_ZERO" => modes.division_by_zero_fails = true,
                "ALLOW_INVALID_DATES" => modes.invalid_dates = true,
                "TIME_TRUNCATE_FRACTIONAL" => modes.truncate_fraction = true,
                _without_effect_here => {}
            }
        }
        modes
    }
}

/// True for the unquoted word `keyword`.
pub(super) fn is_word(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
}

/// How tightly LIKE, IN, BETWEEN and the like bind.
const PREDICATE: u8 = 21;

/// The wrapper dialect.
#[derive(Debug)]
struct MySql {
    stock: MySqlDialect,
    modes: Modes,
}

macro_rules! as_stock {
    ($($name:ident),* $(,)?) => { $(fn $name(&self) -> bool { self.stock.$name() })* };
}

type Parsing<T> = Option<Result<T, ParserError>>;

impl MySql {
    fn unary(parser: &mut Parser<'_>, op: UnaryOperator, precedence: u8) -> Parsing<Expr> {
        parser.next_token();
        Some(parser.parse_subexpr(precedence).map(|operand| Expr::UnaryOp { op, expr: Box::new(operand) }))
    }

    /// `x BETWEEN low AND high`: the high bound is itself a predicate, so that it takes in a BETWEEN or LIKE behind it.
    fn between(parser: &mut Parser<'_>, left: &Expr, negated: bool) -> Result<Expr, ParserError> {
        if negated {
            parser.next_token();
        }
        parser.next_token();
        let low = parser.parse_subexpr(PREDICATE)?;
        parser.expect_keyword(Keyword::AND)?;
        let high = parser.parse_subexpr(PREDICATE - 1)?;
        Ok(Expr::Between { expr: Box::new(left.clone()), negated, low: Box::new(low), high: Box::new(high) })
    }

    /// `x IN ((SELECT …), …)`: a list that begins with a parenthesis, which sqlparser takes for the whole query.
    fn list(parser: &mut Parser<'_>, left: &Expr) -> Parsing<Expr> {
        let negated = is_word(&parser.peek_token_ref().token, "NOT");
        let token = |at: usize| &parser.peek_nth_token_ref(usize::from(negated) + at).token;
        if !is_word(token(0), "IN") || (token(1), token(2)) != (&Token::LParen, &Token::LParen) {
            return None;
        }
        let (mut depth, mut at) = (1_usize, 2);
        while depth > 0 {
            at += 1;
            match token(at) {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                Token::EOF => return None,
                _other => {}
            }
        }
        let goes_on = ["UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT", "FOR", "INTO"];
        if *token(at + 1) == Token::RParen || goes_on.iter().any(|word| is_word(token(at + 1), word)) {
            return None;
        }
        for _skipped in 0..usize::from(negated) + 2 {
            parser.next_token();
        }
        let list = parser.parse_comma_separated(Parser::parse_expr);
        Some(list.and_then(|list| {
            parser.expect_token(&Token::RParen)?;
            Ok(Expr::InList { expr: Box::new(left.clone()), list, negated })
        }))
    }

    fn interval(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
        parser.next_token();
        let value = parser.parse_expr()?;
        let unit = parser.next_token();
        let Token::Word(unit) = unit.token else {
            return Err(ParserError::ParserError(format!(
                "Expected: interval unit, found: {unit} at {}",
                unit.span.start
            )));
        };
        Ok(Expr::Interval(Interval {
            value: Box::new(value),
            leading_field: Some(DateTimeField::Custom(Ident::new(unit.value.to_ascii_uppercase()))),
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        }))
    }

    /// True when the word at the front is an operator with an operand behind it rather than a name.
    fn has_operand(parser: &Parser<'_>) -> bool {
        !matches!(
            parser.peek_nth_token_ref(1).token,
            Token::Comma | Token::RParen | Token::EOF | Token::Period | Token::Eq | Token::SemiColon
        )
    }
}

impl Dialect for MySql {
    fn dialect(&self) -> TypeId {
        TypeId::of::<MySqlDialect>()
    }

    fn is_identifier_start(&self, character: char) -> bool {
        self.stock.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        self.stock.is_identifier_part(character)
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        character == '`' || (character == '"' && self.modes.ansi_quotes)
    }

    fn identifier_quote_style(&self, _identifier: &str) -> Option<char> {
        Some('`')
    }

    /// EXTRACT(YEAR_MONTH FROM …).
    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        !self.modes.no_backslash_escapes
    }

    as_stock!(
        supports_string_literal_concatenation,
        ignores_wildcard_escapes,
        supports_numeric_prefix,
        supports_bitwise_shift_operators,
        supports_multiline_comment_hints,
        require_interval_qualifier,
        supports_limit_comma,
        supports_insert_set,
        supports_table_hints,
        requires_single_line_comment_whitespace,
        supports_match_against,
        supports_select_modifiers,
        supports_update_order_by,
        supports_data_type_signed_suffix,
        supports_cross_join_constraint,
        supports_double_ampersand_operator,
        supports_comment_optimizer_hint,
        supports_group_by_with_modifier,
    );

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        true
    }

    /// Words that begin a locking clause are no aliases, nor is the ON of ON DUPLICATE KEY UPDATE.
    fn is_select_item_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser<'_>) -> bool {
        let ends = matches!(keyword, Keyword::FOR | Keyword::LOCK | Keyword::ON);
        explicit || (!ends && self.stock.is_column_alias(keyword, parser))
    }

    fn is_table_factor_alias(&self, explicit: bool, keyword: &Keyword, parser: &mut Parser<'_>) -> bool {
        self.stock.is_table_factor_alias(explicit, keyword, parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        match precedence {
            Precedence::Like | Precedence::Between | Precedence::Colon => PREDICATE,
            Precedence::Is | Precedence::Eq => 20,
            Precedence::Xor => 7,
            Precedence::Pipe => 23,
            Precedence::Ampersand => 24,
            Precedence::Caret => 45,
            other => self.stock.prec_value(other),
        }
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Parsing<u8> {
        let token = &parser.peek_token_ref().token;
        let precedence = match token {
            Token::StringConcat => {
                if self.modes.pipes_as_concat {
                    50
                } else {
                    5
                }
            }
            Token::Overlap => 10,
            Token::ShiftLeft | Token::ShiftRight => 25,
            Token::Caret => 45,
            Token::Arrow | Token::LongArrow => 60,
            Token::Assignment => 2,
            Token::ExclamationMark => 0,
            word if is_word(word, "MOD") => 40,
            word if is_word(word, "SOUNDS") && is_word(&parser.peek_nth_token_ref(1).token, "LIKE") => 21,
            _stock => return None,
        };
        Some(Ok(precedence))
    }

    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Parsing<Expr> {
        let token = parser.peek_token_ref().token.clone();
        let negated = is_word(&token, "NOT");
        if is_word(&token, "BETWEEN") || negated && is_word(&parser.peek_nth_token_ref(1).token, "BETWEEN") {
            return Some(Self::between(parser, left, negated));
        }
        if let Some(list) = Self::list(parser, left) {
            return Some(list);
        }
        let op = if token == Token::StringConcat {
            if self.modes.pipes_as_concat { BinaryOperator::StringConcat } else { BinaryOperator::Or }
        } else if is_word(&token, "MOD") {
            BinaryOperator::Modulo
        } else if is_word(&token, "SOUNDS") {
            parser.next_token();
            BinaryOperator::Custom("SOUNDS LIKE".to_owned())
        } else if is_word(&token, "DIV") {
            BinaryOperator::MyIntegerDivide
        } else {
            return None;
        };
        parser.next_token();
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp { left: Box::new(left.clone()), op, right: Box::new(right) }))
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Parsing<Expr> {
        let token = parser.peek_token_ref().token.clone();
        match token {
            Token::Minus => Self::unary(parser, UnaryOperator::Minus, 46),
            Token::Tilde => Self::unary(parser, UnaryOperator::BitwiseNot, 46),
            Token::ExclamationMark => {
                Self::unary(parser, UnaryOperator::Not, 50).map(|parsed| parsed.map(|not| Expr::Nested(Box::new(not))))
            }
            word if self.modes.high_not && is_word(&word, "NOT") => {
                Self::unary(parser, UnaryOperator::Not, 50).map(|parsed| parsed.map(|not| Expr::Nested(Box::new(not))))
            }
            word if is_word(&word, "BINARY") && Self::has_operand(parser) => {
                parser.next_token();
                Some(parser.parse_subexpr(46).map(|operand| Expr::Cast {
                    kind: CastKind::Cast,
                    expr: Box::new(operand),
                    data_type: DataType::Binary(None),
                    format: None,
                }))
            }
            word if is_word(&word, "JSON_VALUE") && parser.peek_nth_token_ref(1).token == Token::LParen => {
                Some(super::json::parse_json_value(parser))
            }
            word if is_word(&word, "INTERVAL") && Self::has_operand(parser) => Some(Self::interval(parser)),
            _stock => None,
        }
    }
}

/// A statement's text with its tokens: what titles of unnamed columns and messages are cut from.
#[derive(Debug)]
pub(super) struct Source<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    /// Without white space and comments, ending before EOF.
    pub(super) tokens: Vec<TokenWithSpan>,
}

impl<'t> Source<'t> {
    /// Tokenises a statement.
    pub(super) fn read(text: &'t str, modes: Modes) -> Result<Self, SqlError> {
        if text.len() > MAX_TEXT {
            return Err(SqlError::unsupported("statements above 64 MiB"));
        }
        let dialect = MySql { stock: MySqlDialect {}, modes };
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1)).collect();
        let mut source = Self { text, line_starts, tokens: Vec::new() };
        let mut tokens = Vec::new();
        Tokenizer::new(&dialect, text).tokenize_with_location_into_buf(&mut tokens).map_err(|error| {
            // What never ends begins here.
            let rest = text.get(source.offset(error.location)..).unwrap_or_default();
            SqlError::syntax(rest, error.location.line)
        })?;
        variables::quoted_variables(&mut tokens);
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
        while tokens.last().is_some_and(|token| token.token == Token::SemiColon) {
            tokens.pop();
        }
        // Superfluous parentheses cost the parser and the rewrite their stack for nothing.
        if measure::deepest(&tokens) > 16 {
            tokens = prepass::collapse(tokens);
        }
        source.tokens = tokens;
        Ok(source)
    }

    /// Byte offset of a location; locations count characters from 1.
    fn offset(&self, location: Location) -> usize {
        let line = usize::try_from(location.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let column = usize::try_from(location.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(&start) = self.line_starts.get(line) else { return self.text.len() };
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices().nth(column).map_or(self.text.len(), |(offset, _)| start + offset)
    }

    /// The text from the first to the last of these tokens.
    pub(super) fn slice(&self, tokens: &[TokenWithSpan]) -> &'t str {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return "" };
        self.text.get(self.offset(first.span.start)..self.offset(last.span.end)).unwrap_or_default()
    }

    /// A syntax error at a token (or at the end).
    pub(super) fn error_at(&self, token: Option<&TokenWithSpan>) -> SqlError {
        match token {
            Some(token) => self.error_from(token.span.start),
            None => SqlError::syntax("", self.line_starts.len() as u64),
        }
    }

    fn error_from(&self, location: Location) -> SqlError {
        SqlError::syntax(self.text.get(self.offset(location)..).unwrap_or_default(), location.line)
    }

    /// Source text of each select item of the SELECT whose keyword stands at `location`.
    pub(super) fn select_items(&self, location: Location) -> Vec<&'t str> {
        let Some(start) = self.tokens.iter().position(|token| token.span.start == location) else { return Vec::new() };
        let mut rest = self.tokens.get(start + 1..).unwrap_or_default();
        while let [first, tail @ ..] = rest {
            if !SELECT_MODIFIERS.iter().any(|modifier| is_word(&first.token, modifier)) {
                break;
            }
            rest = tail;
        }
        let (mut items, mut depth, mut begin, mut at) = (Vec::new(), 0_usize, 0, 0);
        while let Some(token) = rest.get(at) {
            match &token.token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                Token::Comma if depth == 0 => {
                    items.push(self.slice(rest.get(begin..at).unwrap_or_default()));
                    begin = at + 1;
                }
                // `NTH_VALUE(a, 2) FROM FIRST OVER …`.
                from if depth == 0
                    && is_word(from, "FROM")
                    && rest.get(at + 1).is_some_and(|next| is_word(&next.token, "FIRST"))
                    && rest
                        .get(at + 2)
                        .is_some_and(|next| next.token != Token::Comma && !is_word(&next.token, "WHERE"))
                    && at > 0
                    && rest.get(at - 1).is_some_and(|before| before.token == Token::RParen) => {}
                word if depth == 0 && SELECT_LIST_ENDS.iter().any(|end| is_word(word, end)) => break,
                _inside => {}
            }
            at += 1;
        }
        items.push(self.slice(rest.get(begin..at).unwrap_or_default()));
        items
    }

    /// Parses tokens of this source: a query or a DML statement.
    pub(super) fn parse_tokens(
        &self,
        tokens: &[TokenWithSpan],
        modes: Modes,
    ) -> Result<(Statement, Modifiers), SqlError> {
        let dialect = MySql { stock: MySqlDialect {}, modes };
        let (tokens, modifiers) = prepare(&prepass::reshape(tokens));
        let mut parser =
            Parser::new(&dialect).with_recursion_limit(measure::MAX_OPERATORS).with_tokens_with_locations(tokens);
        let statement = parser.parse_statement().map_err(|error| self.syntax_error(&error))?;
        let rest = parser.peek_token();
        if rest.token == Token::EOF { Ok((statement, modifiers)) } else { Err(self.error_from(rest.span.start)) }
    }

    /// Parses an expression that stands alone, such as a default in the catalogue.
    pub(super) fn parse_expression(&self, tokens: Vec<TokenWithSpan>, modes: Modes) -> Result<Expr, SqlError> {
        let dialect = MySql { stock: MySqlDialect {}, modes };
        let mut parser =
            Parser::new(&dialect).with_recursion_limit(measure::MAX_OPERATORS).with_tokens_with_locations(tokens);
        let expression = parser.parse_expr().map_err(|error| self.syntax_error(&error))?;
        let rest = parser.peek_token();
        if rest.token == Token::EOF { Ok(expression) } else { Err(self.error_from(rest.span.start)) }
    }

    /// sqlparser's message ends with the place: `… at Line: 1, Column: 8`.
    fn syntax_error(&self, error: &ParserError) -> SqlError {
        let message = error.to_string();
        let place = message.rsplit_once("Line: ").and_then(|(_, place)| place.split_once(", Column: ")).and_then(
            |(line, column)| Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? }),
        );
        match place {
            Some(location) => self.error_from(location),
            None => SqlError::syntax("", self.line_starts.len() as u64),
        }
    }
}

/// Longest statement that is rewritten.
const MAX_TEXT: usize = 64 << 20;
const SELECT_MODIFIERS: &[&str] = &[
    "ALL",
    "DISTINCT",
    "DISTINCTROW",
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_BUFFER_RESULT",
    "SQL_NO_CACHE",
    "SQL_CACHE",
    "SQL_CALC_FOUND_ROWS",
];
const SELECT_LIST_ENDS: &[&str] = &[
    "FROM",
    "INTO",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "FOR",
    "LOCK",
    "WINDOW",
];

/// What the token pass took out of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers {
    /// UPDATE IGNORE, DELETE IGNORE.
    pub(super) ignore: bool,
}

/// Brings forms that sqlparser doesn't read into ones that it does, without changing their meaning.
fn prepare(tokens: &[TokenWithSpan]) -> (Vec<TokenWithSpan>, Modifiers) {
    let word = |at: usize, keyword: &str| tokens.get(at).is_some_and(|token| is_word(&token.token, keyword));
    let mut out = Vec::with_capacity(tokens.len());
    let mut modifiers = Modifiers::default();
    let (update, delete) = (word(0, "UPDATE"), word(0, "DELETE"));
    let (mut depth, mut in_tables, mut at, mut placeholders) = (0_usize, update || delete, 0, 0_usize);
    // Depths at which a USING closes a parenthesis that was put before it.
    let mut using: Vec<usize> = Vec::new();
    while let Some(token) = tokens.get(at) {
        if word(at, "LOCK") && word(at + 1, "IN") && word(at + 2, "SHARE") && word(at + 3, "MODE") {
            out.extend(["FOR", "SHARE"].map(|keyword| TokenWithSpan::new(Token::make_keyword(keyword), token.span)));
            at += 4;
            continue;
        }
        let in_call = at > 0
            && tokens.get(at - 1).is_some_and(|before| before.token == Token::RParen)
            && (word(at + 2, "OVER") || word(at + 2, "RESPECT") || word(at + 2, "IGNORE"));
        if in_call && word(at, "FROM") && word(at + 1, "FIRST") {
            at += 2;
            continue;
        }
        if let Some(form) = forms::replace(tokens, at) {
            out.extend(form.tokens.into_iter().map(|made| TokenWithSpan::new(made, token.span)));
            if form.closes_before_using {
                depth += 1;
                using.push(depth + 1);
            }
            at += form.taken;
            continue;
        }
        if using.last() == Some(&depth) && is_word(&token.token, "USING") {
            out.push(TokenWithSpan::new(Token::RParen, token.span));
            using.pop();
            depth -= 1;
        }
        match &token.token {
            Token::Placeholder(mark) if mark == "?" => {
                // Numbered by place: expressions may be looked at in another order, or twice.
                out.push(TokenWithSpan::new(Token::Placeholder(format!("?{placeholders}")), token.span));
                placeholders += 1;
                at += 1;
                continue;
            }
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Comma if update && in_tables && depth == 0 => {
                out.extend(
                    ["CROSS", "JOIN"].map(|keyword| TokenWithSpan::new(Token::make_keyword(keyword), token.span)),
                );
                at += 1;
                continue;
            }
            Token::Period if delete && in_tables && tokens.get(at + 1).is_some_and(|next| next.token == Token::Mul) => {
                at += 2;
                continue;
            }
            modifier
                if in_tables
                    && at < 4
                    && at > 0
                    && ["LOW_PRIORITY", "QUICK", "IGNORE"].iter().any(|name| is_word(modifier, name)) =>
            {
                modifiers.ignore |= is_word(modifier, "IGNORE");
                at += 1;
                continue;
            }
            end if depth == 0 && (is_word(end, "SET") || (delete && is_word(end, "WHERE"))) => in_tables = false,
            _unchanged => {}
        }
        out.push(token.clone());
        at += 1;
    }
    (out, modifiers)
}
