//! The statements of a body that aren't about its flow: SET, SIGNAL, GET DIAGNOSTICS, and all SQL.

use sqlparser::tokenizer::Token;

use super::parse::{Owner, Reader, fail};
use super::tree::{Condition, Inquiry, Node, Place, Raise, SignalItem};
use crate::schema::TriggerTime;
use crate::sql::dialect::{Modes, Source};
use crate::sql::lexer::{Lexeme, Lexer};
use crate::sql::plan::{Context, DiagnosticsItem, SqlError, StatementClass};

/// SET of these is one statement.
const WHOLE_SETS: [&str; 8] =
    ["transaction", "names", "character", "charset", "password", "role", "default", "resource"];

impl Reader<'_, '_> {
    /// The text up to the end of the statement.
    pub(super) fn until_semicolon(&mut self) -> String {
        let start = self.cursor.mark();
        while self.cursor.peek().is_some_and(|token| *token != Token::SemiColon) {
            self.cursor.skip();
        }
        self.cursor.between(start, self.cursor.mark()).to_owned()
    }

    /// SET: each assignment is a statement, since MySQL makes them one after the other.
    pub(super) fn set(&mut self, nodes: &mut Vec<Node>) -> Result<(), SqlError> {
        let first = self.cursor.mark();
        self.cursor.expect("set")?;
        let scoped = self.cursor.is_at(1, "transaction");
        if scoped || WHOLE_SETS.iter().any(|word| self.cursor.is(word)) && !self.assigns() {
            self.cursor.back_to(first);
            return self.sql(nodes);
        }
        loop {
            let start = self.cursor.mark();
            if let Some(slot) = self.row_column_set()? {
                let value = self.expression(&[])?;
                let value = self.fragment(value);
                nodes.push(Node::Set(slot, value));
                if !self.cursor.take_symbol(&Token::Comma) {
                    return Ok(());
                }
                continue;
            }
            let local = match self.cursor.peek() {
                Some(Token::Word(word)) if !word.value.starts_with('@') && self.assigns() => {
                    let name = word.value.clone();
                    self.locals().slot(&name)
                }
                Some(_) | None => None,
            };
            if let Some(slot) = local {
                self.cursor.skip();
                self.cursor.skip();
                let value = self.expression(&[])?;
                let value = self.fragment(value);
                nodes.push(Node::Set(slot, value));
            } else {
                self.skip_expression();
                let text = self.cursor.between(start, self.cursor.mark()).to_owned();
                if text.is_empty() {
                    return Err(self.cursor.syntax());
                }
                let text = format!("SET {text}");
                if self.checks {
                    self.check(&text, start)?;
                }
                let text = self.fragment(text);
                nodes.push(Node::Sql(text));
            }
            if !self.cursor.take_symbol(&Token::Comma) {
                return Ok(());
            }
        }
    }

    /// `NEW.column =` of a trigger, which is read; the column's slot.
    fn row_column_set(&mut self) -> Result<Option<usize>, SqlError> {
        let (Owner::Trigger(time), Some(row)) = (self.owner, self.cursor.peek_word()) else { return Ok(None) };
        if !["new", "old"].contains(&row.as_str()) || self.cursor.peek_second() != Some(&Token::Period) {
            return Ok(None);
        }
        let (_, column) = self.cursor.qualified_name()?;
        let locals = self.locals();
        if row == "old" {
            return Err(fail(1362, "Updating of OLD row is not allowed in trigger"));
        }
        let found = locals.row_column(&row, &column)?;
        if time == TriggerTime::After {
            return Err(fail(1362, "Updating of NEW row is not allowed in after trigger"));
        }
        let Some((slot, column)) = found else { return Err(self.cursor.syntax()) };
        if !(self.cursor.take_symbol(&Token::Eq) || self.cursor.take_symbol(&Token::Assignment)) {
            return Err(self.cursor.syntax());
        }
        if !self.assigns.contains(&column.name) {
            self.assigns.push(column.name.clone());
        }
        Ok(Some(slot))
    }

    /// True when an assignment follows the next token.
    fn assigns(&self) -> bool {
        matches!(self.cursor.peek_second(), Some(Token::Eq | Token::Assignment))
    }

    fn skip_expression(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.cursor.peek() {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                Token::SemiColon => return,
                Token::Comma if depth == 0 => return,
                _other => {}
            }
            self.cursor.skip();
        }
    }

    /// SIGNAL and RESIGNAL.
    pub(super) fn signal(&mut self, again: bool) -> Result<Node, SqlError> {
        self.cursor.skip();
        let ends =
            |reader: &Self| matches!(reader.cursor.peek(), None | Some(Token::SemiColon)) || reader.cursor.is("set");
        let state = if self.cursor.take("sqlstate") {
            self.cursor.take("value");
            let state = self.cursor.string()?;
            super::declare::valid_state(&state)?;
            Some(state)
        } else if again && ends(self) {
            None
        } else {
            let name = self.cursor.name()?;
            match self.named_condition(&name)? {
                Condition::State(state) => Some(state),
                Condition::Code(_) | Condition::Warning | Condition::NotFound | Condition::Exception => {
                    return Err(fail(1646, "SIGNAL/RESIGNAL can only use a CONDITION defined with SQLSTATE"));
                }
            }
        };
        let mut items: Vec<(SignalItem, _)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        if self.cursor.take("set") {
            loop {
                let Some(name) = self.cursor.peek_word() else { return Err(self.cursor.syntax()) };
                let item = match name.as_str() {
                    "message_text" => SignalItem::Message,
                    "mysql_errno" => SignalItem::Errno,
                    "class_origin" | "subclass_origin" | "constraint_catalog" | "constraint_schema"
                    | "constraint_name" | "catalog_name" | "schema_name" | "table_name" | "column_name"
                    | "cursor_name" => SignalItem::Name,
                    _other => return Err(self.cursor.syntax()),
                };
                self.cursor.skip();
                if names.contains(&name) {
                    return Err(fail(1641, format!("Duplicate condition information item '{}'", name.to_uppercase())));
                }
                names.push(name);
                self.cursor.expect_symbol(&Token::Eq)?;
                let value = self.expression(&[])?;
                items.push((item, self.fragment(value)));
                if !self.cursor.take_symbol(&Token::Comma) {
                    break;
                }
            }
        }
        Ok(Node::Raise(Raise { state, items, again }))
    }

    /// GET DIAGNOSTICS.
    pub(super) fn inquiry(&mut self) -> Result<Node, SqlError> {
        self.cursor.skip();
        let stacked = self.cursor.take("stacked");
        if !stacked {
            self.cursor.take("current");
        }
        self.cursor.expect("diagnostics")?;
        let condition = if self.cursor.take("condition") {
            let start = self.cursor.mark();
            self.cursor.skip();
            let text = self.cursor.between(start, self.cursor.mark()).to_owned();
            Some(self.fragment(text))
        } else {
            None
        };
        let mut items = Vec::new();
        loop {
            let place = match self.cursor.peek() {
                Some(Token::Word(word)) if word.quote_style.is_none() && word.value.starts_with('@') => {
                    let name = word.value.trim_start_matches('@').to_lowercase();
                    self.cursor.skip();
                    Place::User(name)
                }
                Some(_) | None => {
                    let name = self.cursor.name()?;
                    Place::Local(self.slot(&name)?)
                }
            };
            self.cursor.expect_symbol(&Token::Eq)?;
            let Some(name) = self.cursor.peek_word() else { return Err(self.cursor.syntax()) };
            let item = match (name.as_str(), condition.is_some()) {
                ("number", false) => DiagnosticsItem::Number,
                ("row_count", false) => DiagnosticsItem::RowCount,
                ("mysql_errno", true) => DiagnosticsItem::Errno,
                ("message_text", true) => DiagnosticsItem::Message,
                ("returned_sqlstate", true) => DiagnosticsItem::State,
                (
                    "class_origin" | "subclass_origin" | "constraint_catalog" | "constraint_schema" | "constraint_name"
                    | "catalog_name" | "schema_name" | "table_name" | "column_name" | "cursor_name",
                    true,
                ) => return Err(SqlError::unsupported(format!("GET DIAGNOSTICS … {}", name.to_uppercase()))),
                (_, _) => return Err(self.cursor.syntax()),
            };
            self.cursor.skip();
            items.push((place, item));
            if !self.cursor.take_symbol(&Token::Comma) {
                return Ok(Node::Inquire(Inquiry { stacked, condition, items }));
            }
        }
    }

    /// Any other statement.
    pub(super) fn sql(&mut self, nodes: &mut Vec<Node>) -> Result<(), SqlError> {
        let start = self.cursor.mark();
        let first = self.cursor.peek_word().unwrap_or_default();
        let second = match self.cursor.peek_second() {
            Some(Token::Word(word)) => word.value.to_ascii_lowercase(),
            Some(_) | None => String::new(),
        };
        self.allowed(&first, &second, start)?;
        let text = self.until_semicolon();
        if text.is_empty() {
            return Err(self.cursor.syntax());
        }
        for name in into_of(&text).unwrap_or_default() {
            self.slot(&name)?;
        }
        self.allowed_in_function(&text, &first)?;
        if self.checks {
            self.check(&text, start)?;
        }
        let text = self.fragment(text);
        nodes.push(Node::Sql(text));
        Ok(())
    }

    /// What no routine may do.
    fn allowed(&mut self, first: &str, second: &str, start: usize) -> Result<(), SqlError> {
        if ["declare", "end", "else", "elseif", "when", "then", "until", "do;"].contains(&first) {
            return Err(self.cursor.syntax());
        }
        let banned = match (first, second) {
            ("use", _) => Some("USE"),
            ("lock", "tables" | "table") => Some("LOCK"),
            ("unlock", _) => Some("UNLOCK"),
            ("load", "data" | "xml") => Some("LOAD DATA"),
            ("alter", "view") => Some("ALTER VIEW"),
            (_, _) => None,
        };
        if let Some(name) = banned {
            return Err(fail(1314, format!("{name} is not allowed in stored procedures")));
        }
        if first == "create" {
            for kind in ["procedure", "function", "trigger"] {
                if self.creates(kind) {
                    let text = format!("Can't create a {} from within another stored routine", kind.to_uppercase());
                    return Err(fail(1303, text));
                }
            }
        }
        if (first == "drop" || first == "alter") && ["procedure", "function"].contains(&second) {
            let text = format!("Can't drop or alter a {} from within another stored routine", second.to_uppercase());
            return Err(fail(1357, text));
        }
        self.cursor.back_to(start);
        Ok(())
    }

    /// True for CREATE of this kind, whatever stands between.
    fn creates(&self, kind: &str) -> bool {
        (1..8)
            .find(|ahead| {
                ["procedure", "function", "trigger", "table", "view", "index", "event", "database", "schema", "user"]
                    .iter()
                    .any(|word| self.cursor.is_at(*ahead, word))
            })
            .is_some_and(|ahead| self.cursor.is_at(ahead, kind))
    }

    /// Functions give no results, and end no transaction.
    fn allowed_in_function(&self, text: &str, first: &str) -> Result<(), SqlError> {
        let place = match self.owner {
            Owner::Procedure => return Ok(()),
            Owner::Function => "function",
            Owner::Trigger(_) => "trigger",
        };
        let class = crate::sql::classify(text.as_bytes());
        match class {
            StatementClass::Read | StatementClass::LockingRead if first != "do" && into_of(text).is_none() => {
                Err(fail(1415, format!("Not allowed to return a result set from a {place}")))
            }
            StatementClass::TextPrepared => Err(fail(1336, "Dynamic SQL is not allowed in stored function or trigger")),
            StatementClass::Ddl | StatementClass::Begin | StatementClass::Commit | StatementClass::Rollback => {
                Err(fail(1422, "Explicit or implicit commit is not allowed in stored function or trigger."))
            }
            _others => Ok(()),
        }
    }

    /// The grammar of a statement that begins at `start` in the routine's text. What it means is found when it's executed.
    pub(super) fn check(&mut self, text: &str, start: usize) -> Result<(), SqlError> {
        let locals = self.locals();
        let mut context = Context { ..self.context.clone() };
        context.given.locals = Some(locals);
        let error = match crate::sql::rewrite(text, &context) {
            Ok(_) => {
                let modes = Modes::parse(&context.sql_mode);
                let source = Source::read(text, modes)?;
                for warning in crate::sql::deprecated::warnings(&source.tokens, modes) {
                    self.cursor.warn(warning.code, warning.message);
                }
                return Ok(());
            }
            Err(error) => error,
        };
        match error.code {
            1064 => {}
            1193 | 1363 => return Err(error),
            1054 if error.message.ends_with(" in 'NEW'") || error.message.ends_with(" in 'OLD'") => return Err(error),
            _found_at_execution => return Ok(()),
        }
        let near = error.message.split_once(" near '").and_then(|(_, rest)| Some(rest.rsplit_once("' at line")?.0));
        let at = match near {
            None | Some("") => text.len(),
            Some(near) => text.rfind(near).unwrap_or(0),
        };
        let whole = self.cursor.text();
        let mark = self.cursor.mark();
        self.cursor.back_to(start);
        let prefix = text.len() - self.cursor.between(start, mark).len().min(text.len());
        if at == 0 && self.cursor.name().is_ok() {
            // Any name might have been a label.
            let error = self.cursor.syntax();
            self.cursor.back_to(mark);
            return Err(error);
        }
        let offset = (self.cursor.offset() + at.saturating_sub(prefix)).min(whole.len());
        self.cursor.back_to(mark);
        let rest = whole.get(offset..).unwrap_or_default().trim_start();
        let before = whole.get(..whole.len() - rest.len()).unwrap_or_default();
        Err(SqlError::syntax(rest, 1 + before.matches('\n').count() as u64))
    }
}

/// The local variables of a query's INTO; `None` when it has none.
pub(super) fn into_of(text: &str) -> Option<Vec<String>> {
    let mut lexer = Lexer::new(text.as_bytes());
    let first = lexer.find(|lexeme| *lexeme != Lexeme::Symbol(b'('))?;
    if !first.is_any(&["SELECT", "WITH", "TABLE", "VALUES"]) {
        return None;
    }
    lexer.find(|lexeme| lexeme.is("INTO"))?;
    let mut names = Vec::new();
    loop {
        match lexer.next() {
            Some(Lexeme::Word(name)) if !Lexeme::Word(name).is_any(&["OUTFILE", "DUMPFILE"]) => {
                names.push(String::from_utf8_lossy(name).into_owned());
            }
            Some(Lexeme::Quoted(name)) => names.push(String::from_utf8_lossy(name).into_owned()),
            Some(Lexeme::UserVariable(_)) => {}
            Some(_) | None => return Some(names),
        }
        if lexer.next() != Some(Lexeme::Symbol(b',')) {
            return Some(names);
        }
    }
}
