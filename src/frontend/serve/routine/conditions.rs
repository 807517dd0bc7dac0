//! Conditions in routines: SIGNAL, RESIGNAL, GET DIAGNOSTICS, and how handlers see what was raised.

use std::borrow::Cow;

use super::run::Progress;
use crate::frontend::serve::backend::Failure;
use crate::frontend::serve::diagnostics::inquired;
use crate::frontend::serve::error::MysqlError;
use crate::frontend::serve::query::text_of;
use crate::frontend::serve::session::Session;
use crate::frontend::serve::state::Warning;
use crate::sql::plan::DiagnosticsItem;
use crate::sql::routine::{Inquiry, Place, Raise, Raised, SignalItem};
use crate::value::Value;

/// Characters of MESSAGE_TEXT.
const LONGEST_MESSAGE: usize = 128;

/// A warning or note.
pub(super) fn seen(condition: &Warning) -> Raised<'_> {
    Raised { code: condition.code, state: condition.state(), is_error: false }
}

pub(super) fn seen_error(error: &MysqlError) -> Raised<'_> {
    Raised { code: error.code, state: &error.sqlstate, is_error: true }
}

impl Session {
    /// SIGNAL and RESIGNAL.
    pub(super) async fn raise(&mut self, raise: &Raise, progress: &mut Progress) -> Result<(), Failure> {
        let (mut message, mut code) = (None, None);
        for (item, value) in &raise.items {
            let found = self.value_of_fragment(value).await?;
            match item {
                SignalItem::Name => {}
                SignalItem::Message => {
                    let text = text_of(&found).ok_or_else(|| wrong("MESSAGE_TEXT", &found))?;
                    message = Some(self.bounded_message(text)?);
                }
                SignalItem::Errno => {
                    let number = text_of(&found).and_then(|text| text.parse::<u16>().ok()).filter(|code| *code > 0);
                    code = Some(number.ok_or_else(|| wrong("MYSQL_ERRNO", &found))?);
                }
            }
        }
        let handled = progress.handlers.last();
        if raise.again && handled.is_none() {
            return Err(MysqlError::new(1645, "0K000", "RESIGNAL when handler not active").into());
        }
        let again = handled.filter(|_| raise.again).map(|handler| &handler.error);
        let state = raise.state.clone().or_else(|| again.map(|error| error.sqlstate.to_string())).unwrap_or_default();
        let (usual, text) = match state.get(..2) {
            Some("01") => (1642, "Unhandled user-defined warning condition"),
            Some("02") => (1643, "Unhandled user-defined not found condition"),
            _error => (1644, "Unhandled user-defined exception condition"),
        };
        let same = raise.state.is_none();
        let known_code = again.filter(|_| same).map(|error| error.code);
        let known_message = again.map(|error| error.message.clone());
        let code = code.or(known_code).unwrap_or(usual);
        let message = message.or(known_message).unwrap_or_else(|| text.to_owned());
        let replaced = again.filter(|_| same).map(|error| (error.code, error.message.clone()));
        match replaced {
            // What is raised again takes the place of what was handled.
            Some((code, message)) => {
                let found =
                    self.state.warnings.iter().rposition(|known| known.code == code && known.message == message);
                found.map(|at| self.state.warnings.remove(at));
            }
            None if raise.again => {}
            None => self.state.forget_warnings(),
        }
        if state.starts_with("01") {
            self.state.warn("Warning", code, message);
            if let Some(last) = self.state.warnings.last_mut() {
                last.state = Some(Cow::Owned(state));
            }
            return Ok(());
        }
        Err(MysqlError::raised(&state, code, &message).into())
    }

    /// MESSAGE_TEXT has 128 characters; more is an error under strict mode, else it's cut with a warning.
    fn bounded_message(&mut self, text: String) -> Result<String, MysqlError> {
        if text.chars().count() <= LONGEST_MESSAGE {
            return Ok(text);
        }
        if self.state.variables.derived(&self.serving.defaults).sql_mode.contains("STRICT_") {
            return Err(MysqlError::new(1648, "HY000", "Data too long for condition item 'MESSAGE_TEXT'"));
        }
        self.state.warn("Warning", 1647, "Data truncated for condition item 'MESSAGE_TEXT'".to_owned());
        Ok(text.chars().take(LONGEST_MESSAGE).collect())
    }

    /// GET DIAGNOSTICS.
    pub(super) async fn inquire(&mut self, inquiry: &Inquiry, progress: &mut Progress) -> Result<(), Failure> {
        let number = match &inquiry.condition {
            None => None,
            Some(fragment) => {
                let found = self.value_of_fragment(fragment).await?;
                Some(text_of(&found).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0))
            }
        };
        let items: Vec<DiagnosticsItem> = inquiry.items.iter().map(|(_, item)| *item).collect();
        let handler = progress.handlers.last();
        let area = match (inquiry.stacked, handler) {
            (true, None) => {
                let text = "GET STACKED DIAGNOSTICS when handler not active";
                return Err(MysqlError::new(3004, "0Z002", text).into());
            }
            (true, Some(handler)) => {
                let count = handler.stacked.len() as u64;
                (handler.stacked.as_slice(), count, handler.row_count)
            }
            (false, _) => (self.state.warnings.as_slice(), self.state.warned(), self.state.row_count),
        };
        let Some(values) = inquired(area, number, &items)? else {
            self.state.warn("Error", 1758, "Invalid condition number".to_owned());
            return Ok(());
        };
        for ((place, _), (value, kind)) in inquiry.items.iter().zip(values) {
            match place {
                Place::User(name) => {
                    self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind))?;
                }
                Place::Local(slot) => self.set_local(*slot, &value)?,
            }
        }
        Ok(())
    }
}

/// 1231.
fn wrong(item: &str, value: &Value) -> MysqlError {
    let shown = text_of(value).unwrap_or_else(|| "NULL".to_owned());
    MysqlError::new(1231, "42000", format!("Variable '{item}' can't be set to the value of '{shown}'"))
}
