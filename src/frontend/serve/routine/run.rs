//! The instructions of a routine, one after the other.

use std::sync::Arc;

use crate::frontend::serve::backend::Failure;
use crate::frontend::serve::error::MysqlError;
use crate::frontend::serve::query::Execution;
use crate::frontend::serve::result::Protocol;
use crate::frontend::serve::session::Session;
use crate::frontend::serve::state::Warning;
use crate::sql::plan::{Known, OutputColumn, Plan, SessionCommand};
use crate::sql::routine::{Action, Code, Fragment};
use crate::target::Row;
use crate::value::Value;

/// Other sessions get their turn after this many instructions that wait for nothing.
const TURN: usize = 64;

/// A statement of a routine has no values of a client's.
const fn inside(protocol: Protocol) -> Execution<'static> {
    Execution { values: &[], protocol, lifted: false }
}

/// A cursor that is open: as MySQL's, it's a copy of its result.
struct Opened {
    columns: Vec<OutputColumn>,
    rows: std::vec::IntoIter<Row>,
}

/// A handler at work.
pub(super) struct Active {
    /// Where it goes on when it continues.
    next: usize,
    /// The conditions that it was called for.
    pub(super) stacked: Vec<Warning>,
    pub(super) error: MysqlError,
    pub(super) row_count: i64,
}

/// One call's progress.
pub(super) struct Progress {
    cursors: Vec<Option<Opened>>,
    pub(super) handlers: Vec<Active>,
    /// That of the CALL, in which results go to the client.
    protocol: Protocol,
}

/// Where an instruction leads.
enum Next {
    At(usize),
    End,
}

impl Session {
    /// Carries out a routine whose variables are in the session's frame.
    pub(super) async fn run_code(&mut self, code: &Code, protocol: Protocol) -> Result<(), Failure> {
        let cursors = code.cursors.iter().map(|_| None).collect();
        let mut progress = Progress { cursors, handlers: Vec::new(), protocol };
        let (mut at, mut turn) = (0, 0_usize);
        loop {
            turn += 1;
            if turn.is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
            if self.peer.is_interrupted() || self.peer.kill.is_cancelled() {
                return Err(MysqlError::interrupted().into());
            }
            let before = self.state.warnings.len();
            let outcome = self.step(code, at, &mut progress).await;
            at = match outcome {
                Ok(Next::End) => return Ok(()),
                Ok(Next::At(next)) => {
                    let replaced = self.state.warnings.len() < before;
                    let fresh = if replaced { 0 } else { before };
                    self.warned_handler(code, (at, next), fresh, &mut progress).unwrap_or(next)
                }
                Err(failure) => self.failed_handler(code, at, failure, &mut progress)?,
            };
        }
    }

    /// The handler of what a statement that succeeded warned of.
    fn warned_handler(
        &mut self,
        code: &Code,
        (at, next): (usize, usize),
        fresh: usize,
        progress: &mut Progress,
    ) -> Option<usize> {
        let statement =
            matches!(code.steps.get(at)?.action, Action::Sql(_) | Action::Set { .. } | Action::Choose { .. });
        let from = if statement { 0 } else { fresh };
        let conditions = self.state.warnings.iter().skip(from).filter(|condition| condition.level != "Error");
        let handled = |condition| Some((condition, code.handler(at, super::conditions::seen(condition))?));
        let found = conditions.rev().find_map(handled);
        let (condition, begin) = found?;
        let error = MysqlError {
            code: condition.code,
            sqlstate: condition.state().to_owned().into(),
            message: condition.message.clone(),
        };
        self.activate(progress, next, error);
        Some(begin)
    }

    /// The handler of an error; without one the call fails.
    fn failed_handler(
        &mut self,
        code: &Code,
        at: usize,
        failure: Failure,
        progress: &mut Progress,
    ) -> Result<usize, Failure> {
        let killed = matches!(failure.error.code, 1053 | 1317 | 3024);
        if failure.ends_connection || killed {
            return Err(failure);
        }
        let Some(begin) = code.handler(at, super::conditions::seen_error(&failure.error)) else { return Err(failure) };
        let raised = self.backend.take_raised();
        self.state.absorb(raised);
        self.state.failed(&failure.error);
        let next = code.steps.get(at).map_or(at + 1, |step| step.next);
        self.activate(progress, next, failure.error);
        Ok(begin)
    }

    fn activate(&mut self, progress: &mut Progress, next: usize, error: MysqlError) {
        let (stacked, row_count) = (self.state.warnings.clone(), self.state.row_count);
        progress.handlers.push(Active { next, stacked, error, row_count });
    }

    async fn step(&mut self, code: &Code, at: usize, progress: &mut Progress) -> Result<Next, Failure> {
        let Some(step) = code.steps.get(at) else { return Ok(Next::End) };
        let next = Next::At(at + 1);
        match &step.action {
            Action::Jump(target) => return Ok(Next::At(*target)),
            Action::End => return Ok(Next::End),
            Action::Set { slot, value: None } => {
                if let Some(place) = self.state.frame.get_mut(*slot) {
                    *place = crate::sql::routine::Local::default();
                }
            }
            Action::Set { slot, value: Some(value) } => {
                self.state.forget_warnings();
                let found = self.value_of_fragment(value).await?;
                self.set_local(*slot, &found)?;
            }
            Action::Sql(text) => self.statement_of(text, progress.protocol).await?,
            Action::Choose { selector, targets, otherwise } => {
                self.state.forget_warnings();
                let chosen = match self.value_of_fragment(selector).await? {
                    Value::Int(number) => usize::try_from(number).ok().and_then(|number| targets.get(number)).copied(),
                    _other => None,
                };
                let missing = || MysqlError::new(1339, "20000", "Case not found for CASE statement");
                return Ok(Next::At(chosen.or(*otherwise).ok_or_else(missing)?));
            }
            Action::CloseAll(numbers) => {
                for number in numbers {
                    if let Some(place) = progress.cursors.get_mut(*number) {
                        *place = None;
                    }
                }
            }
            Action::Open(number) => {
                self.state.forget_warnings();
                self.open(code, *number, progress).await?;
            }
            Action::Fetch(number, slots) => {
                self.state.forget_warnings();
                self.fetch_into(*number, slots, progress)?;
            }
            Action::Close(number) => {
                self.state.forget_warnings();
                let open = progress.cursors.get_mut(*number).and_then(Option::take);
                open.ok_or_else(not_open)?;
            }
            // Procedures have none; the parser has seen to it.
            Action::Return(_) => return Ok(Next::End),
            Action::Raise(raise) => self.raise(raise, progress).await?,
            Action::Inquire(inquiry) => self.inquire(inquiry, progress).await?,
            Action::HandlerEnd(exit) => {
                let ended = progress.handlers.pop();
                let next = ended.as_ref().map_or(at + 1, |handler| handler.next);
                if let Some(handler) = ended {
                    self.forget_handled(&handler);
                }
                return Ok(Next::At(exit.unwrap_or(next)));
            }
        }
        Ok(next)
    }

    /// When a handler has ended, what it was called for is done with; what it raised itself stays.
    fn forget_handled(&mut self, handler: &Active) {
        if self.state.warnings.starts_with(&handler.stacked) {
            self.state.warnings.drain(..handler.stacked.len());
        }
    }

    /// An expression's value.
    pub(super) async fn value_of_fragment(&mut self, fragment: &Fragment) -> Result<Value, Failure> {
        self.state.begin_statement(&self.serving.defaults);
        self.state.locals = Some(Arc::clone(&fragment.locals));
        let catalogue = self.catalogue();
        let text = format!("DO {}", fragment.text);
        let plan = self.plan_for(&text, &catalogue, Known::Values([].into()))?;
        let Plan::Session(SessionCommand::Do(values)) = &*plan else { return Err(MysqlError::malformed().into()) };
        let Some(value) = values.first() else { return Err(MysqlError::malformed().into()) };
        self.evaluate_typed(value, inside(Protocol::Text)).await
    }

    /// A statement, like a client's.
    async fn statement_of(&mut self, fragment: &Fragment, protocol: Protocol) -> Result<(), Failure> {
        self.state.begin_statement(&self.serving.defaults);
        self.state.locals = Some(Arc::clone(&fragment.locals));
        Box::pin(self.carry_out(&fragment.text, inside(protocol))).await
    }

    async fn open(&mut self, code: &Code, number: usize, progress: &mut Progress) -> Result<(), Failure> {
        let Some(query) = code.cursors.get(number) else { return Err(MysqlError::malformed().into()) };
        let Some(place) = progress.cursors.get_mut(number) else { return Err(MysqlError::malformed().into()) };
        if place.is_some() {
            return Err(MysqlError::new(1325, "24000", "Cursor is already open").into());
        }
        self.state.begin_statement(&self.serving.defaults);
        self.state.locals = Some(Arc::clone(&query.locals));
        let catalogue = self.catalogue();
        let plan = self.plan_for(&query.text, &catalogue, Known::Values([].into()))?;
        let query = match &*plan {
            Plan::Query(query) => query,
            Plan::Session(SessionCommand::Counted { query, .. }) => query,
            Plan::Session(_) | Plan::Write(_) | Plan::Ddl(_) => {
                return Err(MysqlError::unsupported("a cursor over what isn't a query of tables").into());
            }
        };
        let rows = self.kept_rows(query, &catalogue, inside(Protocol::Text)).await?;
        *place = Some(Opened { columns: query.columns.clone(), rows: rows.into_iter() });
        Ok(())
    }

    fn fetch_into(&mut self, number: usize, slots: &[usize], progress: &mut Progress) -> Result<(), Failure> {
        let open = progress.cursors.get_mut(number).and_then(Option::as_mut).ok_or_else(not_open)?;
        if open.columns.len() != slots.len() {
            return Err(MysqlError::new(1328, "HY000", "Incorrect number of FETCH variables").into());
        }
        let Some(row) = open.rows.next() else {
            let text = "No data - zero rows fetched, selected, or processed";
            return Err(MysqlError::new(1329, "02000", text).into());
        };
        let values: Vec<Value> =
            open.columns.iter().enumerate().map(|(at, column)| super::cell(row.get(at), Some(column))).collect();
        for (slot, value) in slots.iter().zip(&values) {
            self.set_local(*slot, value)?;
        }
        Ok(())
    }
}

fn not_open() -> MysqlError {
    MysqlError::new(1326, "24000", "Cursor is not open")
}
