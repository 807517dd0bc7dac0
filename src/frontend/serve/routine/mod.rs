//! CALL: procedures are carried out here, statement by statement, each the way that a client's statement goes.
//!
//! # What a call changes of the session, and for how long
//! The routine's `sql_mode`, collation and default database hold while it's executed; its variables are the session's
//! innermost frame. All of it is undone when the call ends, however it ends. Nothing else is: a procedure has no
//! transaction of its own, and what its statements do to the session stays done.
//!
//! # What the client sees
//! Results go to it as they come, each with the flag that more follow; the statements' OKs go to nobody, and the call's
//! own OK ends it.

mod conditions;
mod run;

use std::sync::Arc;

use dashmap::DashMap;

use super::backend::Failure;
use super::error::MysqlError;
use super::query::{Execution, typed};
use super::result::Protocol;
use super::session::Session;
use super::stack::deep;
use crate::schema::{Catalogue, Routine, RoutineKind, Table};
use crate::sql::plan::{Call, CallTarget, Known, OutputColumn, SetValue};
use crate::sql::routine::{self, Code, Local, Mode};
use crate::value::Value;
use crate::wire::{Capabilities, FieldType, resultset};

/// Calls inside calls, at most.
const DEEPEST: usize = 256;
/// Routines whose code is kept.
const CODES: usize = 1_000;

/// Code of routines by database and name, with the definition that it was made from.
#[derive(Debug, Default)]
pub(super) struct Codes(DashMap<(String, String), (Arc<Routine>, Arc<Code>)>);

/// What a call puts in the place of the session's own.
struct Outer {
    locals: Option<Arc<routine::Locals>>,
    frame: Vec<Local>,
    shape: Arc<Table>,
    database: Option<String>,
    variables: Vec<(&'static str, Option<String>)>,
    more_results: bool,
    withheld: bool,
    parameters: Option<Arc<[Value]>>,
}

/// A cell of a result as a value that keeps what kind it is.
pub(super) fn cell(text: Option<&[u8]>, column: Option<&OutputColumn>) -> Value {
    let Some(bytes) = text else { return Value::Null };
    let temporal = column.map(|column| column.field).filter(|field| {
        matches!(field, FieldType::Date | FieldType::DateTime | FieldType::Timestamp | FieldType::Time)
    });
    let moment = temporal.and_then(|field| routine::moment(std::str::from_utf8(bytes).ok()?, field));
    moment.unwrap_or_else(|| typed(bytes, column))
}

impl Session {
    /// CALL.
    pub(super) async fn call(&mut self, call: &Call, execution: Execution<'_>) -> Result<(), Failure> {
        let routine = self.procedure(call)?;
        let code = self.code_of(&routine)?;
        if call.arguments.len() != code.parameters.len() {
            let (expected, got) = (code.parameters.len(), call.arguments.len());
            let text =
                format!("Incorrect number of arguments for PROCEDURE {}; expected {expected}, got {got}", routine.name);
            return Err(MysqlError::new(1318, "42000", text).into());
        }
        self.check_depth(&routine)?;
        let mut frame = vec![Local::default(); code.frame.columns.len()];
        // EXECUTE … USING gives the values of `?` by names.
        let given = self.state.parameters.clone();
        let execution = given.as_ref().map_or(execution, |values| Execution { values, ..execution });
        // A procedure may have any number of results, so none of them is a cursor's.
        let protocol = if execution.protocol == Protocol::Text { Protocol::Text } else { Protocol::Binary };
        let execution = Execution { protocol, ..execution };
        for (at, (mode, (value, target))) in code.parameters.iter().zip(&call.arguments).enumerate() {
            if *mode != Mode::In && target.is_none() {
                let text = format!(
                    "OUT or INOUT argument {} for routine {} is not a variable or NEW pseudo-variable in BEFORE trigger",
                    at + 1,
                    routine.name
                );
                return Err(MysqlError::new(1414, "42000", text).into());
            }
            if *mode != Mode::Out {
                let value = self.evaluate_typed(value, execution).await?;
                let sql_mode = self.state.variables.derived(&self.serving.defaults).sql_mode.clone();
                let stored = self.converted(&value, (&code.frame, at), &sql_mode)?;
                if let Some(place) = frame.get_mut(at) {
                    *place = stored;
                }
            }
        }
        let outer = self.enter(&routine, (frame, Arc::clone(&code.frame)));
        self.calls.push(Arc::clone(&routine));
        // What the arguments raised stands before what the body leaves behind.
        let raised = std::mem::take(&mut self.state.warnings);
        let outcome = deep(self.run_code(&code, execution.protocol)).await;
        self.state.warnings.splice(0..0, raised);
        self.calls.pop();
        let frame = self.leave(outer);
        outcome?;
        self.give_back(call, (&routine, &code), &frame, execution)?;
        let affected = u64::try_from(self.state.row_count).unwrap_or(0);
        let ok = resultset::Ok {
            affected_rows: affected,
            status: self.status(),
            warnings: self.state.warning_count(),
            changes: std::mem::take(&mut self.changes),
            ..resultset::Ok::default()
        };
        self.channel.put_ok(&ok);
        Ok(())
    }

    pub(in crate::frontend::serve) fn procedure(&self, call: &Call) -> Result<Arc<Routine>, MysqlError> {
        let none = || MysqlError::new(1046, "3D000", "No database selected");
        let database = call.database.as_ref().or(self.state.database.as_ref()).ok_or_else(none)?;
        let catalogue = self.catalogue();
        let found = catalogue.routine(RoutineKind::Procedure, database, &call.name).cloned();
        found
            .ok_or_else(|| MysqlError::new(1305, "42000", format!("PROCEDURE {database}.{} does not exist", call.name)))
    }

    /// 1456 for a procedure that calls itself more often than it may; 1436 for calls nested beyond all measure.
    fn check_depth(&self, routine: &Routine) -> Result<(), MysqlError> {
        let limit = self.state.variables.text(&self.serving.defaults, "max_sp_recursion_depth");
        let limit: usize = limit.parse().unwrap_or(0);
        let active = self.calls.iter().filter(|active| active.name == routine.name).count();
        if active > limit {
            let text = format!(
                "Recursive limit {limit} (as set by the max_sp_recursion_depth variable) was exceeded for routine {}",
                routine.name.table
            );
            return Err(MysqlError::new(1456, "HY000", text));
        }
        if self.calls.len() >= DEEPEST {
            return Err(super::error::stack_overrun());
        }
        Ok(())
    }

    /// 1312 for a result of a procedure that the client can't take.
    pub(super) fn check_results(&self, protocol: Protocol) -> Result<(), MysqlError> {
        let Some(routine) = self.calls.last() else { return Ok(()) };
        let needed = match protocol {
            Protocol::Text => Capabilities::MULTI_RESULTS,
            Protocol::Binary | Protocol::Cursor => Capabilities::PS_MULTI_RESULTS,
        };
        if self.channel.capabilities.contains(needed) {
            return Ok(());
        }
        let text = format!("PROCEDURE {} can't return a result set in the given context", routine.name);
        Err(MysqlError::new(1312, "0A000", text))
    }

    fn code_of(&self, routine: &Arc<Routine>) -> Result<Arc<Code>, MysqlError> {
        let codes = &self.serving.routines.0;
        let key = (routine.name.database.clone(), routine.name.table.to_lowercase());
        if let Some(known) = codes.get(&key).filter(|known| Arc::ptr_eq(&known.0, routine)) {
            return Ok(Arc::clone(&known.1));
        }
        let catalogue: Arc<Catalogue> = self.catalogue();
        let context = self.state.context(&self.serving.defaults, catalogue, "", Known::Nothing);
        let code = Arc::new(routine::code(routine, &context)?);
        if codes.len() >= CODES {
            codes.clear();
        }
        codes.insert(key, (Arc::clone(routine), Arc::clone(&code)));
        Ok(code)
    }

    fn enter(&mut self, routine: &Routine, (frame, shape): (Vec<Local>, Arc<Table>)) -> Outer {
        let mut variables = Vec::new();
        for (name, value) in [("sql_mode", &routine.sql_mode), ("collation_connection", &routine.collation)] {
            if self.state.variables.text(&self.serving.defaults, name) != value {
                variables.push((name, self.state.variables.own(name).map(str::to_owned)));
                self.state.variables.set(name, Some(value.clone()));
            }
        }
        Outer {
            locals: self.state.locals.take(),
            frame: std::mem::replace(&mut self.state.frame, frame),
            shape: std::mem::replace(&mut self.state.shape, shape),
            database: self.state.database.replace(routine.name.database.clone()),
            variables,
            more_results: std::mem::replace(&mut self.more_results, true),
            withheld: std::mem::replace(&mut self.channel.withheld, true),
            parameters: self.state.parameters.take(),
        }
    }

    /// The variables of the routine, for its OUT parameters.
    fn leave(&mut self, outer: Outer) -> Vec<Local> {
        for (name, value) in outer.variables {
            match value {
                Some(value) => self.state.variables.set(name, Some(value)),
                None => self.state.variables.reset(name),
            }
        }
        self.state.locals = outer.locals;
        self.state.shape = outer.shape;
        self.state.database = outer.database;
        self.state.parameters = outer.parameters;
        self.more_results = outer.more_results;
        self.channel.withheld = outer.withheld;
        std::mem::replace(&mut self.state.frame, outer.frame)
    }

    /// The values of OUT and INOUT parameters go where the caller said.
    fn give_back(
        &mut self,
        call: &Call,
        (routine, code): (&Routine, &Code),
        frame: &[Local],
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let mut shown: Vec<(OutputColumn, Option<String>)> = Vec::new();
        for (at, (mode, (_, target))) in code.parameters.iter().zip(&call.arguments).enumerate() {
            let (Some(local), Some(column), Some(target)) = (frame.get(at), code.frame.columns.get(at), target) else {
                continue;
            };
            if *mode == Mode::In {
                continue;
            }
            match target {
                CallTarget::Local(slot) => {
                    let value = local.value().clone();
                    self.set_local(*slot, &value)?;
                }
                CallTarget::User(name) => self.set_from(name, local, column)?,
                CallTarget::Client(place) => match self.using.get(*place).cloned() {
                    Some(name) => self.set_from(&name, local, column)?,
                    None => shown.push(routine::shown(&routine.name, local, column)),
                },
            }
        }
        let out = self.channel.capabilities.contains(Capabilities::PS_MULTI_RESULTS);
        if !shown.is_empty() && out && execution.protocol == Protocol::Binary {
            self.show_parameters(shown, execution)?;
        }
        Ok(())
    }

    /// The result that has the OUT parameters of a prepared CALL.
    fn show_parameters(
        &mut self,
        shown: Vec<(OutputColumn, Option<String>)>,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let (columns, cells): (Vec<_>, Vec<_>) = shown.into_iter().unzip();
        let (row_count, found_rows) = (self.state.row_count, self.state.found_rows);
        let outer = std::mem::replace(&mut self.more_results, true);
        self.out_parameters = true;
        let answered = self.answer(&columns, &[cells], execution);
        self.out_parameters = false;
        self.more_results = outer;
        (self.state.row_count, self.state.found_rows) = (row_count, found_rows);
        answered
    }

    fn set_from(&mut self, name: &str, local: &Local, column: &crate::schema::Column) -> Result<(), MysqlError> {
        let (value, kind) = routine::user_variable(local, column);
        self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind))
    }

    /// A value with its kind, which a user variable wouldn't keep.
    pub(super) async fn evaluate_typed(
        &mut self,
        value: &SetValue,
        execution: Execution<'_>,
    ) -> Result<Value, Failure> {
        let found = self.evaluate(value, execution).await?;
        let SetValue::Query(query) = value else { return Ok(found) };
        Ok(match &found {
            Value::Text(text) => cell(Some(text.as_bytes()), query.columns.first()),
            _other => found,
        })
    }

    /// A value as a variable holds it; what that warns of is noted.
    pub(super) fn converted(
        &mut self,
        value: &Value,
        place: (&crate::schema::Table, usize),
        sql_mode: &str,
    ) -> Result<Local, MysqlError> {
        let mut warnings = Vec::new();
        let zone = self.state.variables.derived(&self.serving.defaults).time_zone.clone();
        let stored = routine::stored(value, place, (sql_mode, &zone), &mut warnings);
        self.state.warn_all(warnings);
        Ok(stored?)
    }

    /// Assigns a local variable of the routine that is executed.
    pub(super) fn set_local(&mut self, slot: usize, value: &Value) -> Result<(), MysqlError> {
        let shape = Arc::clone(&self.state.shape);
        let sql_mode = self.state.variables.derived(&self.serving.defaults).sql_mode.clone();
        let stored = self.converted(value, (&shape, slot), &sql_mode)?;
        if let Some(place) = self.state.frame.get_mut(slot) {
            *place = stored;
        }
        Ok(())
    }
}
