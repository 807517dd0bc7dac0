//! PREPARE, EXECUTE and DEALLOCATE as text.
//!
//! A named statement is its text: EXECUTE plans it anew with the values of its variables, as MySQL prepares a
//! statement again when the types of its values or the tables that it names have changed.

use std::sync::Arc;

use super::backend::Failure;
use super::error::MysqlError;
use super::query::{Execution, text_of};
use super::session::Session;
use crate::sql;
use crate::sql::StatementClass;
use crate::sql::plan::{Plan, PrepareFrom, SessionCommand};
use crate::value::Value;
use crate::wire::resultset;

/// A statement with a name.
#[derive(Clone, Debug)]
pub(super) struct Named {
    text: Arc<str>,
    parameters: usize,
}

impl Session {
    /// PREPARE: the name is free afterwards even when the new statement isn't accepted.
    pub(super) fn prepare_text(&mut self, name: &str, from: &PrepareFrom) -> Result<(), Failure> {
        let text = match from {
            PrepareFrom::Text(text) => text.clone(),
            PrepareFrom::Variable(variable) => {
                let known = self.state.user_variables.get(variable);
                known.and_then(|known| text_of(&known.value)).unwrap_or_else(|| "NULL".to_owned())
            }
        };
        let name = name.to_lowercase();
        self.prepared.named.remove(&name);
        self.check_statement_count()?;
        check_preparable(&text)?;
        let plan = self.check_plan(&text)?;
        let told = plan.as_deref().map_or(&[][..], Plan::warnings);
        self.state.warn_all(told.iter().filter(|warning| warning.is_of_text()).cloned().collect());
        let parameters = self.count_parameters(&text)?;
        self.prepared.named.insert(name, Named { text: text.into(), parameters });
        self.state.row_count = 0;
        let ok = resultset::Ok {
            status: self.status(),
            warnings: self.state.warning_count(),
            info: "Statement prepared".to_owned(),
            ..resultset::Ok::default()
        };
        self.channel.put_ok(&ok);
        Ok(())
    }

    /// Names and grammar are checked now. What can't be carried without knowing the values waits for them, and DDL
    /// looks at the catalogue only when it's executed.
    fn check_plan(&self, text: &str) -> Result<Option<Arc<Plan>>, MysqlError> {
        let catalogue = self.catalogue();
        let ddl = matches!(
            sql::classify(text.as_bytes()),
            StatementClass::Ddl | StatementClass::TemporaryTable | StatementClass::Administration
        );
        match self.plan(text, &catalogue) {
            Err(error) if error.code == 1235 || (ddl && error.code != 1064) => Ok(None),
            Err(error) => Err(error),
            Ok(plan) => {
                if let Plan::Session(SessionCommand::Call(call)) = &*plan {
                    self.procedure(call)?;
                }
                Ok(Some(plan))
            }
        }
    }

    /// EXECUTE … USING.
    pub(super) async fn execute_text(
        &mut self,
        name: &str,
        using: &[String],
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let known = self.prepared.named.get(&name.to_lowercase()).cloned();
        let Named { text, parameters } = known.ok_or_else(|| unknown(name, "EXECUTE"))?;
        if parameters != using.len() {
            return Err(MysqlError::new(1210, "HY000", "Incorrect arguments to EXECUTE").into());
        }
        let own = name.to_lowercase();
        if self.prepared.executing.contains(&own) {
            let text = "The prepared statement contains a stored routine call that refers to that same statement. It's not \
                        allowed to execute a prepared statement in such a recursive manner";
            return Err(MysqlError::new(1444, "HY000", text).into());
        }
        let value = |name: &String| self.state.user_variables.get(name).map(|known| known.value.clone());
        let values: Vec<Value> = using.iter().map(|name| value(name).unwrap_or(Value::Null)).collect();
        self.state.parameters = (!values.is_empty()).then(|| values.into());
        // A statement of one's own sees nothing of the routine that executes it.
        let locals = self.state.locals.take();
        let outer = std::mem::replace(&mut self.using, using.to_vec());
        self.state.named_execution = true;
        self.prepared.executing.push(own);
        let outcome = self.carry_out(&text, execution).await;
        self.prepared.executing.pop();
        self.state.named_execution = false;
        self.state.locals = locals;
        self.using = outer;
        self.state.parameters = None;
        outcome
    }

    /// DEALLOCATE PREPARE.
    pub(super) fn deallocate(&mut self, name: &str) -> Result<(), MysqlError> {
        let known = self.prepared.named.remove(&name.to_lowercase());
        known.map(|_| ()).ok_or_else(|| unknown(name, "DEALLOCATE PREPARE"))
    }
}

fn unknown(name: &str, statement: &str) -> MysqlError {
    let text = format!("Unknown prepared statement handler ({name}) given to {statement}");
    MysqlError::new(1243, "HY000", text)
}

/// One statement, of a kind that can be prepared.
pub(super) fn check_preparable(text: &str) -> Result<(), MysqlError> {
    let parts = sql::split(text.as_bytes());
    let mut statements = parts.iter().filter(|part| !part.trim_ascii().is_empty());
    statements.next();
    if let Some(second) = statements.next() {
        let begin = second.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        return Err(syntax_at(text, begin));
    }
    if !sql::can_be_prepared(text.as_bytes()) {
        let text = "This command is not supported in the prepared statement protocol yet";
        return Err(MysqlError::new(1295, "HY000", text));
    }
    Ok(())
}

/// 1064 at a place of the text.
pub(super) fn syntax_at(text: &str, offset: usize) -> MysqlError {
    let (before, rest) = text.split_at_checked(offset).unwrap_or((text, ""));
    let blank = rest.len() - rest.trim_start().len();
    let line = 1 + text.get(..before.len() + blank).unwrap_or_default().matches('\n').count();
    let near: String = rest.trim_start().chars().take(80).collect();
    let text = format!(
        "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '{near}' at line {line}"
    );
    MysqlError::new(1064, "42000", text)
}
