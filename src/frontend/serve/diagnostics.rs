//! SIGNAL and GET DIAGNOSTICS.

use super::backend::Failure;
use super::error::MysqlError;
use super::session::Session;
use crate::sql::plan::{DiagnosticsItem, VariableKind};
use crate::value::Value;
use crate::wire::resultset;

impl Session {
    /// SIGNAL: class 01 is a warning, everything else an error.
    pub(super) fn signal(&mut self, state: &str, code: u16, message: &str) -> Result<(), MysqlError> {
        if state.starts_with("01") {
            self.state.warn("Warning", code, message.to_owned());
            return Ok(());
        }
        Err(MysqlError::raised(state, code, message))
    }

    /// GET DIAGNOSTICS leaves the conditions as they are.
    pub(super) fn diagnostics(
        &mut self,
        condition: Option<u64>,
        items: &[(String, DiagnosticsItem)],
    ) -> Result<(), Failure> {
        let warnings = &self.state.warnings;
        let place = condition.map(|number| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX));
        let found = match (condition, place) {
            (Some(0), _) => None,
            (_, Some(place)) => warnings.get(place).cloned(),
            (_, None) => None,
        };
        if condition.is_some() && found.is_none() {
            self.state.warn("Error", 1758, "Invalid condition number".to_owned());
            self.ok();
            return Ok(());
        }
        let integer = |number: i64| (Value::Int(number), VariableKind::Integer { unsigned: false });
        let unsigned = |number: u64| (Value::UInt(number), VariableKind::Integer { unsigned: true });
        let text = |text: String| (Value::Text(text), VariableKind::Text("utf8mb3_general_ci".to_owned()));
        let mut assigned = Vec::new();
        for (name, item) in items {
            let value = match (item, &found) {
                (DiagnosticsItem::Number, _) => unsigned(self.state.warned()),
                (DiagnosticsItem::RowCount, _) => integer(self.state.row_count),
                (DiagnosticsItem::Errno, Some(found)) => unsigned(u64::from(found.code)),
                (DiagnosticsItem::Message, Some(found)) => text(found.message.clone()),
                (DiagnosticsItem::State, Some(found)) if found.level == "Error" => {
                    text(self.state.last_state.to_owned())
                }
                (DiagnosticsItem::State, _) => {
                    return Err(MysqlError::unsupported("RETURNED_SQLSTATE of a warning").into());
                }
                (_, None) => continue,
            };
            assigned.push((name, value));
        }
        for (name, (value, kind)) in assigned {
            self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind))?;
        }
        let ok = resultset::Ok { status: self.status(), ..resultset::Ok::default() };
        self.channel.put_ok(&ok);
        Ok(())
    }
}
