//! DECLARE: variables, conditions, cursors and handlers, in this order.

use sqlparser::tokenizer::Token;

use super::parse::{Reader, fail};
use super::tree::{Block, Condition, Handler};
use crate::sql::plan::SqlError;

impl Reader<'_, '_> {
    /// What a block begins with.
    pub(super) fn declarations(&mut self, block: &mut Block) -> Result<(), SqlError> {
        while self.cursor.take("declare") {
            let handler = [("continue", false), ("exit", true)]
                .into_iter()
                .find(|(word, _)| self.cursor.is(word) && self.cursor.is_at(1, "handler"));
            if self.cursor.is("undo") {
                return Err(self.cursor.syntax());
            }
            if let Some((word, exits)) = handler {
                self.cursor.expect(word)?;
                self.cursor.expect("handler for")?;
                self.handler(block, exits)?;
            } else if self.cursor.is_at(1, "condition") {
                self.declare_condition(block)?;
            } else if self.cursor.is_at(1, "cursor") {
                self.declare_cursor(block)?;
            } else {
                self.declare_variables(block)?;
            }
            self.cursor.expect_symbol(&Token::SemiColon)?;
        }
        Ok(())
    }

    fn misplaced(&self, block: &Block) -> Result<(), SqlError> {
        if block.handlers.is_empty() && block.cursors.is_empty() {
            return Ok(());
        }
        Err(fail(1337, "Variable or condition declaration after cursor or handler declaration"))
    }

    /// DECLARE a, b INT DEFAULT 1: the value is found anew for each.
    fn declare_variables(&mut self, block: &mut Block) -> Result<(), SqlError> {
        let mut names = vec![self.cursor.name()?];
        while self.cursor.take_symbol(&Token::Comma) {
            names.push(self.cursor.name()?);
        }
        self.misplaced(block)?;
        let mark = self.cursor.mark();
        for (at, name) in names.iter().enumerate() {
            let level = self.levels.last().map(|level| level.variables.as_slice()).unwrap_or_default();
            let twice = level.iter().any(|(known, _)| *known == name.to_lowercase())
                || names.iter().take(at).any(|other| other.eq_ignore_ascii_case(name));
            if twice {
                return Err(fail(1331, format!("Duplicate variable: {name}")));
            }
        }
        let mut columns = Vec::new();
        for name in &names {
            self.cursor.back_to(mark);
            columns.push(crate::sql::ddl::variable(self.cursor, name, self.database, self.context)?);
        }
        // The value doesn't see the variables that it's for.
        let value = if self.cursor.take("default") {
            let text = self.expression(&[])?;
            Some(self.fragment(text))
        } else {
            None
        };
        for column in columns {
            let slot = self.declare(column);
            block.variables.push((slot, value.clone()));
        }
        Ok(())
    }

    /// DECLARE name CONDITION FOR …
    fn declare_condition(&mut self, block: &Block) -> Result<(), SqlError> {
        let name = self.cursor.name()?;
        self.cursor.expect("condition for")?;
        let condition = self.condition_value()?;
        self.misplaced(block)?;
        let Some(level) = self.levels.last_mut() else { return Ok(()) };
        if level.conditions.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            return Err(fail(1332, format!("Duplicate condition: {name}")));
        }
        level.conditions.push((name, condition));
        Ok(())
    }

    /// An error number or SQLSTATE.
    fn condition_value(&mut self) -> Result<Condition, SqlError> {
        if self.cursor.take("sqlstate") {
            self.cursor.take("value");
            let state = self.cursor.string()?;
            valid_state(&state)?;
            return Ok(Condition::State(state));
        }
        let code = self.cursor.integer()?;
        match u16::try_from(code) {
            Ok(code) if code > 0 => Ok(Condition::Code(code)),
            Ok(_) | Err(_) => Err(fail(1525, format!("Incorrect CONDITION value: '{code}'"))),
        }
    }

    fn declare_cursor(&mut self, block: &mut Block) -> Result<(), SqlError> {
        let name = self.cursor.name()?;
        self.cursor.expect("cursor for")?;
        let start = self.cursor.mark();
        if !self.cursor.begins_query() {
            return Err(self.cursor.syntax());
        }
        let text = self.until_semicolon();
        if super::statements::into_of(&text).is_some() {
            return Err(fail(1323, "Cursor SELECT must not have INTO"));
        }
        if self.checks {
            self.check(&text, start)?;
        }
        if !block.handlers.is_empty() {
            return Err(fail(1338, "Cursor declaration after handler declaration"));
        }
        let query = self.fragment(text);
        let number = self.cursors.len();
        if let Some(level) = self.levels.last_mut() {
            if level.cursors.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                return Err(fail(1333, format!("Duplicate cursor: {name}")));
            }
            level.cursors.push((name, number));
        }
        self.cursors.push(query.clone());
        block.cursors.push((number, query));
        Ok(())
    }

    fn handler(&mut self, block: &mut Block, exits: bool) -> Result<(), SqlError> {
        let mut conditions = Vec::new();
        loop {
            let condition = self.handled()?;
            let level = self.levels.last().map(|level| level.handled.as_slice()).unwrap_or_default();
            if conditions.contains(&condition) || level.contains(&condition) {
                return Err(fail(1413, "Duplicate handler declared in the same block"));
            }
            conditions.push(condition);
            if !self.cursor.take_symbol(&Token::Comma) {
                break;
            }
        }
        if let Some(level) = self.levels.last_mut() {
            level.handled.extend(conditions.iter().cloned());
        }
        self.push_handler();
        let mut action = Vec::new();
        self.statement(&mut action)?;
        self.pop();
        let action = match action.len() {
            1 => action.remove(0),
            _several => super::tree::Node::Block(Block { body: action, ..Block::default() }),
        };
        block.handlers.push(Handler { exits, conditions, action: Box::new(action) });
        Ok(())
    }

    fn handled(&mut self) -> Result<Condition, SqlError> {
        if self.cursor.take("sqlwarning") {
            return Ok(Condition::Warning);
        }
        if self.cursor.take("not found") {
            return Ok(Condition::NotFound);
        }
        if self.cursor.take("sqlexception") {
            return Ok(Condition::Exception);
        }
        if self.cursor.is("sqlstate") || matches!(self.cursor.peek(), Some(Token::Number(..))) {
            return self.condition_value();
        }
        let name = self.cursor.name()?;
        self.named_condition(&name)
    }

    /// DECLARE … CONDITION's, or error 1319.
    pub(super) fn named_condition(&self, name: &str) -> Result<Condition, SqlError> {
        let known = self.levels.iter().rev().flat_map(|level| level.conditions.iter());
        let found = known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let missing = || fail(1319, format!("Undefined CONDITION: {name}"));
        found.map(|(_, condition)| condition.clone()).ok_or_else(missing)
    }
}

/// 1407 for what isn't a SQLSTATE of a condition.
pub(super) fn valid_state(state: &str) -> Result<(), SqlError> {
    let valid = state.len() == 5 && state.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !valid || state.starts_with("00") {
        return Err(fail(1407, format!("Bad SQLSTATE: '{state}'")));
    }
    Ok(())
}
