//! MySQL's compound statements, read into a tree. What MySQL finds wrong with them when a routine is made is found here,
//! in its words.

use std::sync::Arc;

use sqlparser::tokenizer::Token;

use super::tree::{Block, Condition, Fragment, Locals, Node, RowColumn};
use crate::schema::{Column, RoutineKind, Table, TriggerTime};
use crate::sql::ddl::cursor::Cursor;
use crate::sql::plan::{Context, SqlError};

/// Blocks in blocks, at most: code for them is made recursively.
const DEEPEST: usize = 200;

/// A block while it's read.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Names of the level's variables with their slots.
    pub(super) variables: Vec<(String, usize)>,
    pub(super) conditions: Vec<(String, Condition)>,
    pub(super) cursors: Vec<(String, usize)>,
    pub(super) handled: Vec<Condition>,
    label: Option<String>,
    is_loop: bool,
    /// The inside of a handler sees no labels around it.
    handler: bool,
}

/// Whose body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Procedure,
    Function,
    Trigger(TriggerTime),
}

impl From<RoutineKind> for Owner {
    fn from(kind: RoutineKind) -> Self {
        match kind {
            RoutineKind::Procedure => Self::Procedure,
            RoutineKind::Function => Self::Function,
        }
    }
}

/// The reader.
pub(super) struct Reader<'r, 'a> {
    pub(super) cursor: &'r mut Cursor<'a>,
    pub(super) context: &'r Context,
    pub(super) database: &'r str,
    pub(super) owner: Owner,
    pub(super) columns: Vec<Column>,
    pub(super) levels: Vec<Level>,
    pub(super) cursors: Vec<Fragment>,
    pub(super) returns: bool,
    /// The types of the variables declared so far.
    pub(super) frame: Arc<Table>,
    /// The columns of a trigger's rows, which have the first slots.
    pub(super) rows: Arc<[RowColumn]>,
    /// Columns that a trigger's body assigns to.
    pub(super) assigns: Vec<String>,
    locals: Option<Arc<Locals>>,
    /// Statements are checked for their grammar: when the routine is made.
    pub(super) checks: bool,
    depth: usize,
}

pub(super) fn fail(code: u16, message: impl Into<String>) -> SqlError {
    SqlError::new(code, crate::wire::condition::sqlstate(code), message.into())
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(super) fn new(cursor: &'r mut Cursor<'a>, context: &'r Context, database: &'r str, owner: Owner) -> Self {
        Self {
            cursor,
            context,
            database,
            owner,
            columns: Vec::new(),
            levels: vec![Level::default()],
            cursors: Vec::new(),
            returns: false,
            frame: Arc::default(),
            rows: Arc::default(),
            assigns: Vec::new(),
            locals: None,
            checks: false,
            depth: 0,
        }
    }

    /// A new variable of the innermost level.
    pub(super) fn declare(&mut self, column: Column) -> usize {
        let name = column.name.to_lowercase();
        self.declare_as(name, column)
    }

    /// As [`Self::declare`], under another name than messages call it by.
    pub(super) fn declare_as(&mut self, name: String, column: Column) -> usize {
        let slot = self.columns.len();
        if let Some(level) = self.levels.last_mut() {
            level.variables.push((name, slot));
        }
        self.columns.push(column);
        self.frame = Arc::new(Table { columns: self.columns.clone(), ..Table::default() });
        self.locals = None;
        slot
    }

    /// The names in sight.
    pub(super) fn locals(&mut self) -> Arc<Locals> {
        if let Some(locals) = &self.locals {
            return Arc::clone(locals);
        }
        let names = self.levels.iter().flat_map(|level| level.variables.iter().cloned()).collect();
        let in_server = self.owner != Owner::Procedure;
        let locals = Arc::new(Locals::new(names, Arc::clone(&self.frame), in_server, Arc::clone(&self.rows)));
        self.locals = Some(Arc::clone(&locals));
        locals
    }

    pub(super) fn push(&mut self, level: Level) {
        self.levels.push(level);
    }

    pub(super) fn pop(&mut self) {
        self.levels.pop();
        self.locals = None;
    }

    pub(super) fn push_handler(&mut self) {
        self.push(Level { handler: true, ..Level::default() });
    }

    pub(super) fn fragment(&mut self, text: impl Into<Arc<str>>) -> Fragment {
        Fragment { text: text.into(), locals: self.locals() }
    }

    /// A local variable, or error 1327.
    pub(super) fn slot(&mut self, name: &str) -> Result<usize, SqlError> {
        self.locals().slot(name).ok_or_else(|| fail(1327, format!("Undeclared variable: {name}")))
    }

    fn expect_semicolon(&mut self) -> Result<(), SqlError> {
        self.cursor.expect_symbol(&Token::SemiColon)
    }

    /// Statements up to one of the words, which stays.
    fn statements(&mut self, ends: &[&str]) -> Result<Vec<Node>, SqlError> {
        let mut nodes = Vec::new();
        while !ends.iter().any(|end| self.cursor.is(end)) {
            self.statement(&mut nodes)?;
            self.expect_semicolon()?;
        }
        Ok(nodes)
    }

    /// As [`Self::statements`], but one at least, as the branches of IF and the bodies of loops have it.
    fn some_statements(&mut self, ends: &[&str]) -> Result<Vec<Node>, SqlError> {
        if ends.iter().any(|end| self.cursor.is(end)) {
            return Err(self.cursor.syntax());
        }
        self.statements(ends)
    }

    /// One statement; SET may be several.
    pub(super) fn statement(&mut self, nodes: &mut Vec<Node>) -> Result<(), SqlError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(SqlError::too_deep());
        }
        let read = self.statement_at(nodes);
        self.depth -= 1;
        read
    }

    fn statement_at(&mut self, nodes: &mut Vec<Node>) -> Result<(), SqlError> {
        let labelled =
            matches!(self.cursor.peek(), Some(Token::Word(_))) && self.cursor.peek_second() == Some(&Token::Colon);
        if labelled {
            let label = self.cursor.name()?;
            self.cursor.expect_symbol(&Token::Colon)?;
            nodes.push(self.labelled(Some(label))?);
            return Ok(());
        }
        let Some(word) = self.cursor.peek_word() else {
            return if self.cursor.is_symbol(&Token::LParen) { self.sql(nodes) } else { Err(self.cursor.syntax()) };
        };
        let node = match word.as_str() {
            "begin" | "loop" | "while" | "repeat" => self.labelled(None)?,
            "if" => self.branches()?,
            "case" => self.case()?,
            "leave" | "iterate" => self.jump(word == "leave")?,
            "return" => self.return_value()?,
            "open" => {
                self.cursor.skip();
                Node::Open(self.cursor_number()?)
            }
            "fetch" => self.fetch()?,
            "close" => {
                self.cursor.skip();
                Node::Close(self.cursor_number()?)
            }
            "signal" => self.signal(false)?,
            "resignal" => self.signal(true)?,
            "get" => self.inquiry()?,
            "set" => return self.set(nodes),
            _statement => return self.sql(nodes),
        };
        nodes.push(node);
        Ok(())
    }

    /// BEGIN, LOOP, WHILE or REPEAT behind its label.
    fn labelled(&mut self, label: Option<String>) -> Result<Node, SqlError> {
        if let Some(name) = &label
            && self.find_label(name).is_some()
        {
            return Err(fail(1309, format!("Redefining label {name}")));
        }
        let word = self.cursor.peek_word().unwrap_or_default();
        let is_loop = match word.as_str() {
            "begin" => false,
            "loop" | "while" | "repeat" => true,
            _other => return Err(self.cursor.syntax()),
        };
        self.cursor.skip();
        self.push(Level { label: label.clone(), is_loop, ..Level::default() });
        let node = match word.as_str() {
            "begin" => self.block(label.clone())?,
            "loop" => {
                let body = self.some_statements(&["end"])?;
                self.cursor.expect("end loop")?;
                Node::Loop { label: label.clone(), before: None, body, until: None }
            }
            "while" => {
                let condition = self.condition(&["do"])?;
                self.cursor.expect("do")?;
                let body = self.some_statements(&["end"])?;
                self.cursor.expect("end while")?;
                Node::Loop { label: label.clone(), before: Some(condition), body, until: None }
            }
            _repeat => {
                let body = self.some_statements(&["until"])?;
                self.cursor.expect("until")?;
                let until = self.condition(&["end"])?;
                self.cursor.expect("end repeat")?;
                Node::Loop { label: label.clone(), before: None, body, until: Some(until) }
            }
        };
        self.end_label(label.as_deref())?;
        self.pop();
        Ok(node)
    }

    /// The label behind END.
    fn end_label(&mut self, label: Option<&str>) -> Result<(), SqlError> {
        let Some(end) = self.cursor.optional_name() else { return Ok(()) };
        if label.is_some_and(|label| label.eq_ignore_ascii_case(&end)) {
            return Ok(());
        }
        Err(fail(1310, format!("End-label {end} without match")))
    }

    /// The inside of BEGIN … END, and END.
    fn block(&mut self, label: Option<String>) -> Result<Node, SqlError> {
        let mut block = Block { label, ..Block::default() };
        self.declarations(&mut block)?;
        block.body = self.statements(&["end"])?;
        self.cursor.expect("end")?;
        Ok(Node::Block(block))
    }

    /// Whether a label is a loop's, when it's in sight.
    fn find_label(&self, name: &str) -> Option<bool> {
        for level in self.levels.iter().rev() {
            if level.label.as_deref().is_some_and(|label| label.eq_ignore_ascii_case(name)) {
                return Some(level.is_loop);
            }
            if level.handler {
                return None;
            }
        }
        None
    }

    fn jump(&mut self, leaves: bool) -> Result<Node, SqlError> {
        self.cursor.skip();
        let name = self.cursor.name()?;
        let verb = if leaves { "LEAVE" } else { "ITERATE" };
        match self.find_label(&name) {
            Some(is_loop) if leaves || is_loop => {}
            Some(_) | None => return Err(fail(1308, format!("{verb} with no matching label: {name}"))),
        }
        Ok(if leaves { Node::Leave(name) } else { Node::Iterate(name) })
    }

    fn return_value(&mut self) -> Result<Node, SqlError> {
        self.cursor.skip();
        if self.owner != Owner::Function {
            return Err(fail(1313, "RETURN is only allowed in a FUNCTION"));
        }
        self.returns = true;
        let value = self.expression(&[])?;
        Ok(Node::Return(self.fragment(value)))
    }

    /// IF … END IF.
    fn branches(&mut self) -> Result<Node, SqlError> {
        self.cursor.expect("if")?;
        let (mut conditions, mut branches, mut otherwise) = (Vec::new(), Vec::new(), None);
        loop {
            conditions.push(self.expression(&["then"])?);
            self.cursor.expect("then")?;
            branches.push(self.some_statements(&["elseif", "else", "end"])?);
            if self.cursor.take("elseif") {
                continue;
            }
            if self.cursor.take("else") {
                otherwise = Some(self.some_statements(&["end"])?);
            }
            self.cursor.expect("end if")?;
            break;
        }
        let selector = self.selector(None, &conditions);
        Ok(Node::Choose { selector, branches, otherwise, must_match: false })
    }

    /// CASE … END CASE.
    fn case(&mut self) -> Result<Node, SqlError> {
        self.cursor.expect("case")?;
        let subject = if self.cursor.is("when") { None } else { Some(self.expression(&["when"])?) };
        let (mut conditions, mut branches, mut otherwise) = (Vec::new(), Vec::new(), None);
        while self.cursor.take("when") {
            conditions.push(self.expression(&["then"])?);
            self.cursor.expect("then")?;
            branches.push(self.some_statements(&["when", "else", "end"])?);
        }
        if branches.is_empty() {
            return Err(self.cursor.syntax());
        }
        if self.cursor.take("else") {
            otherwise = Some(self.some_statements(&["end"])?);
        }
        self.cursor.expect("end case")?;
        let selector = self.selector(subject.as_deref(), &conditions);
        Ok(Node::Choose { selector, branches, otherwise, must_match: true })
    }

    /// An expression that gives the number of the first branch that applies: MySQL's CASE decides as its statements do.
    fn selector(&mut self, subject: Option<&str>, conditions: &[String]) -> Fragment {
        let mut text = String::from("CASE");
        if let Some(subject) = subject {
            text.push_str(&format!(" ({subject}\n)"));
        }
        for (at, condition) in conditions.iter().enumerate() {
            text.push_str(&format!(" WHEN ({condition}\n) THEN {at}"));
        }
        text.push_str(" ELSE -1 END");
        self.fragment(text)
    }

    fn condition(&mut self, ends: &[&str]) -> Result<Fragment, SqlError> {
        let text = self.expression(ends)?;
        Ok(self.selector(None, &[text]))
    }

    /// An expression's text up to one of the words, a comma or the statement's end.
    pub(super) fn expression(&mut self, ends: &[&str]) -> Result<String, SqlError> {
        let start = self.cursor.mark();
        let (mut depth, mut cases) = (0_usize, 0_usize);
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                Token::SemiColon => break,
                Token::Comma if depth == 0 => break,
                _word if depth == 0 && cases == 0 && ends.iter().any(|end| self.cursor.is(end)) => break,
                _word if self.cursor.is("case") => cases += 1,
                _word if cases > 0 && self.cursor.is("end") => cases -= 1,
                _other => {}
            }
            self.cursor.skip();
        }
        let text = self.cursor.between(start, self.cursor.mark()).to_owned();
        if text.is_empty() {
            return Err(self.cursor.syntax());
        }
        if self.checks {
            self.check(&format!("DO {text}"), start)?;
        }
        Ok(text)
    }

    fn cursor_number(&mut self) -> Result<usize, SqlError> {
        let name = self.cursor.name()?;
        let known = self.levels.iter().rev().flat_map(|level| level.cursors.iter().rev());
        let found = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, number)| *number);
        found.ok_or_else(|| fail(1324, format!("Undefined CURSOR: {name}")))
    }

    /// FETCH [[NEXT] FROM] cursor INTO variable, …
    fn fetch(&mut self) -> Result<Node, SqlError> {
        self.cursor.skip();
        if self.cursor.take("next") {
            self.cursor.expect("from")?;
        } else {
            self.cursor.take("from");
        }
        let number = self.cursor_number()?;
        self.cursor.expect("into")?;
        let mut slots = Vec::new();
        loop {
            let name = self.cursor.name()?;
            slots.push(self.slot(&name)?);
            if !self.cursor.take_symbol(&Token::Comma) {
                return Ok(Node::Fetch(number, slots));
            }
        }
    }
}
