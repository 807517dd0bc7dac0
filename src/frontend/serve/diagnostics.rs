//! SIGNAL and GET DIAGNOSTICS.

use super::backend::Failure;
use super::error::MysqlError;
use super::session::Session;
use super::state::Warning;
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
        let asked: Vec<DiagnosticsItem> = items.iter().map(|(_, item)| *item).collect();
        let area = (self.state.warnings.as_slice(), self.state.warned(), self.state.row_count);
        let Some(values) = inquired(area, condition, &asked)? else {
            self.state.warn("Error", 1758, "Invalid condition number".to_owned());
            self.ok();
            return Ok(());
        };
        for ((name, _), (value, kind)) in items.iter().zip(values) {
            self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind))?;
        }
        let ok = resultset::Ok { status: self.status(), ..resultset::Ok::default() };
        self.channel.put_ok(&ok);
        Ok(())
    }
}

/// The items of a diagnostics area: its conditions, how many there were, and the statement's rows. `None` for a
/// condition that isn't there.
pub(super) fn inquired(
    (conditions, count, row_count): (&[Warning], u64, i64),
    condition: Option<u64>,
    items: &[DiagnosticsItem],
) -> Result<Option<Vec<(Value, VariableKind)>>, Failure> {
    let place = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
    let found = condition.map(|number| place(number).and_then(|place| conditions.get(place)));
    if found == Some(None) {
        return Ok(None);
    }
    let found = found.flatten();
    let unsigned = |number: u64| (Value::UInt(number), VariableKind::Integer { unsigned: true });
    let text = |text: &str| (Value::Text(text.to_owned()), VariableKind::Text("utf8mb3_general_ci".to_owned()));
    let value = |item: &DiagnosticsItem| match (item, found) {
        (DiagnosticsItem::Number, _) => Ok(unsigned(count)),
        (DiagnosticsItem::RowCount, _) => Ok((Value::Int(row_count), VariableKind::Integer { unsigned: false })),
        (DiagnosticsItem::Errno, Some(found)) => Ok(unsigned(u64::from(found.code))),
        (DiagnosticsItem::Message, Some(found)) => Ok(text(&found.message)),
        (DiagnosticsItem::State, Some(found)) => Ok(text(found.state())),
        (_, None) => Err(MysqlError::unsupported("GET DIAGNOSTICS of a condition without its number").into()),
    };
    items.iter().map(value).collect::<Result<Vec<_>, Failure>>().map(Some)
}
