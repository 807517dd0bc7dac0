//! COM_QUERY and the execution of plans, for text and prepared statements alike.

use std::sync::Arc;

use super::backend::{Effect, Failure, Statement};
use super::charset;
use super::error::MysqlError;
use super::result::{ClientRows, Protocol, Sink};
use super::session::Session;
use super::state;
use super::write;
use crate::schema::Catalogue;
use crate::schema::quote::bytea;
use crate::sql as translate;
use crate::sql::plan::{
    DdlPlan, Known, OutputColumn, Parameter, ParameterSource, Plan, QueryPlan, SessionCommand, SetValue, ValueClass,
    VariableKind, Verb, WritePlan,
};
use crate::sql::{self, Lifted};
use crate::value::Value;
use crate::wire::cell::CellFormat;
use crate::wire::{Capabilities, command, resultset};

/// How often a write that finds no row looks again.
const SEARCH_LIMIT: usize = 20;
/// A statement that found nothing and took longer than this has probably waited for a lock.
const WAITED: std::time::Duration = std::time::Duration::from_micros(500);

/// The client's side of one execution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Execution<'a> {
    pub(super) values: &'a [Value],
    pub(super) protocol: Protocol,
    /// The values are literals of the text.
    pub(super) lifted: bool,
}

impl Session {
    /// COM_QUERY: one statement, or several when the client may send several.
    pub(super) async fn query(&mut self, body: &[u8]) -> Result<(), Failure> {
        let text = command::query_text(body, self.channel.capabilities).map_err(|_| MysqlError::malformed())?;
        // A NUL at the end is the end, to MySQL's parser.
        let text = self.decode(text.strip_suffix(&[0]).unwrap_or(text))?;
        let execution = Execution { values: &[], protocol: Protocol::Text, lifted: false };
        if !text.contains(';') {
            return self.statement(&text, execution).await;
        }
        let pieces: Vec<&[u8]> =
            sql::split(text.as_bytes()).into_iter().filter(|part| !part.trim_ascii().is_empty()).collect();
        if let (Some(second), false) = (pieces.get(1), self.multi_statements) {
            let begin = second.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            return Err(super::text_prepared::syntax_at(&text, begin).into());
        }
        let parts: Vec<String> =
            pieces.into_iter().map(|part| String::from_utf8_lossy(part).trim().to_owned()).collect();
        let count = parts.len();
        if count == 0 {
            return self.statement(&text, execution).await;
        }
        for (index, part) in parts.iter().enumerate() {
            self.more_results = index + 1 < count;
            self.statement(part, execution).await?;
        }
        Ok(())
    }

    /// The client's text in UTF-8.
    pub(super) fn decode(&mut self, text: &[u8]) -> Result<String, MysqlError> {
        let name = self.state.variables.text(&self.serving.defaults, "character_set_client");
        if let Some(decoded) = charset::find(name).filter(|_| !text.is_ascii()).and_then(|charset| charset.decode(text))
        {
            return Ok(decoded);
        }
        let broken = || MysqlError::new(1300, "HY000", format!("Invalid {name} character string"));
        match std::str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => {
                let sql::Respelled { text, broken } = sql::respell_binaries(text).ok_or_else(broken)?;
                let name = name.to_owned();
                self.state.foresee_broken(&name, &broken);
                Ok(text)
            }
        }
    }

    /// One statement of either protocol.
    pub(super) async fn statement(&mut self, text: &str, execution: Execution<'_>) -> Result<(), Failure> {
        self.begin_statement(text);
        self.carry_out(text, execution).await
    }

    pub(super) fn begin_statement(&mut self, text: &str) {
        self.state.begin_statement(&self.serving.defaults);
        self.state.remember_text(text);
        self.state.hinted_limit = sql::hinted_limit(text);
    }

    /// A statement, or the one that EXECUTE stands for.
    pub(super) async fn carry_out(&mut self, text: &str, execution: Execution<'_>) -> Result<(), Failure> {
        let catalogue = self.catalogue();
        if let Some((plan, values)) = self.shared_plan(text, &catalogue, execution) {
            self.state.forget_warnings();
            let shared = Execution { values: &values, lifted: true, ..execution };
            match self.run_plan(&plan, &catalogue, shared).await {
                // The text as it was written tells what is wrong with it, or can be executed after all.
                Err(failure) if failure.unbound => {}
                outcome => return outcome,
            }
        }
        let plan = self.plan_for(text, &catalogue, Known::of(execution.values));
        let diagnostic = match plan.as_deref() {
            Ok(Plan::Session(SessionCommand::Show(show))) => show.is_diagnostic(),
            Ok(Plan::Session(SessionCommand::Diagnostics { .. })) => true,
            _ => false,
        };
        if !diagnostic {
            self.state.forget_warnings();
        }
        if plan.is_err() && self.only_reads() && sql::classify(text.as_bytes()) == sql::StatementClass::TemporaryTable {
            return Err(MysqlError::read_only().into());
        }
        match &*plan? {
            Plan::Query(query) => self.run_query(query, &catalogue, execution).await,
            Plan::Write(write) => self.run_write(write, &catalogue, execution).await,
            Plan::Ddl(DdlPlan { commits: false, .. }) => Box::pin(self.run_temporary(text, execution)).await,
            Plan::Ddl(ddl) => Box::pin(self.run_ddl(text, ddl, execution)).await,
            Plan::Session(command) => Box::pin(self.session_command(command, execution)).await,
        }
    }

    /// The plan of a text whose literals were lifted, with the literals.
    fn shared_plan(
        &self,
        text: &str,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Option<(Arc<Plan>, Vec<Value>)> {
        if execution.protocol != Protocol::Text {
            return None;
        }
        let sql_mode = &self.state.variables.derived(&self.serving.defaults).sql_mode;
        let Lifted { text, values } = sql::lift(text, sql_mode)?;
        let known = Known::Literals(values.iter().map(ValueClass::of).collect());
        let context = self.state.context(&self.serving.defaults, Arc::clone(catalogue), &text, known);
        if !context.given.is_empty() {
            return None;
        }
        self.serving.cache.shared(&text, &context).map(|plan| (plan, values))
    }

    /// Executes a query or a write.
    pub(super) async fn run_plan(
        &mut self,
        plan: &Plan,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        match plan {
            Plan::Query(query) => self.run_query(query, catalogue, execution).await,
            Plan::Write(write) => self.run_write(write, catalogue, execution).await,
            Plan::Ddl(_) | Plan::Session(_) => Err(Failure::unbound(MysqlError::malformed())),
        }
    }

    /// The plan of a statement whose values aren't known yet.
    pub(super) fn plan(&self, text: &str, catalogue: &Arc<Catalogue>) -> Result<Arc<Plan>, MysqlError> {
        self.plan_for(text, catalogue, Known::Nothing)
    }

    /// The plan of a statement for what is known of its values.
    pub(super) fn plan_for(
        &self,
        text: &str,
        catalogue: &Arc<Catalogue>,
        known: Known,
    ) -> Result<Arc<Plan>, MysqlError> {
        let context = self.state.context(&self.serving.defaults, Arc::clone(catalogue), text, known);
        let wide = text.bytes().any(|byte| byte >= 0xf0);
        if wide && self.state.variables.text(&self.serving.defaults, "character_set_client") == "utf8mb3" {
            let database = context.database.as_deref().unwrap_or_default();
            sql::narrow_definition(text, database).map_or(Ok(()), Err)?;
        }
        // Without checks parents may go before their children; such plans are too rare to be cached.
        let unchecked = !self.state.variables.derived(&self.serving.defaults).foreign_key_checks;
        if unchecked && sql::classify(text.as_bytes()) == sql::StatementClass::Ddl {
            return Ok(Arc::new(sql::ddl::plan_with(text, &context, sql::ddl::ForeignKeyChecks::Off)?));
        }
        Ok(self.serving.cache.plan(text, &context)?)
    }

    /// The statement with its values; what they are warned of is noted.
    pub(super) fn bind<'a>(
        &mut self,
        sql: &'a str,
        parameters: &[Parameter],
        catalogue: &Catalogue,
        values: &[Value],
    ) -> Result<Statement<'a>, Failure> {
        let mut warnings = Vec::new();
        let bound = self.state.with_values(&self.serving.defaults, catalogue, values, |values| {
            let rows = |source: &sql::plan::RowSource| self.system_rows(source);
            translate::bind(parameters, &translate::Values { rows: &rows, ..*values }, &mut warnings)
        });
        self.state.warn_all(warnings);
        let bound = bound.map_err(|error| Failure::unbound(error.into()))?;
        let types: Vec<u32> = parameters.iter().map(|parameter| parameter.type_oid).collect();
        if let Some(whole) = sql::inlined(sql, &types, &bound) {
            let (types, parameters) = (Vec::new(), Vec::new());
            return Ok(Statement { sql: whole.into(), types, parameters, effect: Effect::Read });
        }
        Ok(Statement { sql: sql.into(), types, parameters: bound, effect: Effect::Read })
    }

    pub(super) async fn run_query(
        &mut self,
        query: &QueryPlan,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        self.run_assigning(query, &[], catalogue, execution).await
    }

    /// A query that assigns to variables, whose values come in columns that the client doesn't see.
    async fn run_assigning(
        &mut self,
        query: &QueryPlan,
        variables: &[(String, VariableKind)],
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        self.check_results(execution.protocol)?;
        if query.reads {
            self.check_branch()?;
        }
        self.check_read_locks(&query.columns)?;
        self.state.warn_of_plan(&query.warnings);
        let mut statement = self.bind(query.sql.as_str(), &query.parameters, catalogue, execution.values)?;
        if query.locking {
            statement.effect = Effect::Lock;
        }
        self.begin_if_needed();
        let mut grip = self.grip().no_wait(query.sql.as_str().ends_with("NOWAIT"));
        if let Some(limit) = self.state.hinted_limit {
            grip = grip.limited_to(limit);
        }
        let status = self.status();
        let mut rows =
            ClientRows::new(&mut self.channel, &query.columns, self.state.collation, status, execution.protocol);
        rows.hidden = variables.len();
        let mut sink = Sink::Client(rows);
        self.backend.perform(grip.call(), &statement, &mut sink).await?;
        self.state.absorb(self.backend.take_raised());
        let Sink::Client(mut rows) = sink else { return Ok(()) };
        let last = std::mem::take(&mut rows.last);
        let ended = rows.end();
        self.state.found_rows = i64::try_from(ended.rows).unwrap_or(i64::MAX);
        self.state.row_count = -1;
        self.keep_assigned(variables, last.iter().map(Option::as_deref))?;
        self.end_rows(ended).await
    }

    /// What a statement left its variables with: nothing where it assigned nothing.
    fn keep_assigned<'v>(
        &mut self,
        variables: &[(String, VariableKind)],
        left: impl Iterator<Item = Option<&'v [u8]>>,
    ) -> Result<(), MysqlError> {
        for ((name, kind), left) in variables.iter().zip(left) {
            let Some(left) = left else { continue };
            let value = left.strip_prefix(b"=").map_or(Value::Null, |text| match kind {
                VariableKind::Binary => bytea(text).map_or(Value::Null, Value::Bytes),
                VariableKind::Integer { .. } | VariableKind::Decimal | VariableKind::Real | VariableKind::Text(_) => {
                    kind.value(text)
                }
            });
            self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind.clone()))?;
        }
        Ok(())
    }

    async fn run_write(
        &mut self,
        plan: &WritePlan,
        catalogue: &Arc<Catalogue>,
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        self.check_branch()?;
        self.check_table_locks(&plan.tables)?;
        self.check_access(&plan.tables)?;
        let known = self.state.warnings.len();
        let mut statement = self.bind(plan.sql.as_str(), &plan.parameters, catalogue, execution.values)?;
        statement.effect = Effect::Write;
        if let Some(error) = plan.fatal(self.state.warnings.iter().skip(known).map(state::Warning::parts)) {
            self.state.warnings.truncate(known);
            return Err(MysqlError::from(error).into());
        }
        let values = self.state.warnings.split_off(known);
        if execution.lifted && !values.is_empty() && matches!(plan.verb, Verb::Update | Verb::Upsert) {
            // Rows warn of such values, if there are any: PostgreSQL stores what the very text says.
            return Err(Failure::unbound(MysqlError::malformed()));
        }
        self.state.warn_of_plan(&plan.warnings);
        let values = self.state.warn_of_values(values, plan.verb == Verb::Update);
        self.begin_if_needed();
        // max_execution_time is for queries only.
        let grip = self.grip_for(plan.tells_strict()).limited_to(0);
        let mut rows = Vec::new();
        let call = grip.call();
        let mut tag = self.backend.perform(call, &statement, &mut Sink::Keep(&mut rows)).await?;
        // PostgreSQL looks for rows as of the statement's begin: one that another transaction deleted and inserted
        // again while we waited for it is missed, where MySQL finds it. A statement that found nothing has done
        // nothing, so it can simply be executed a moment later, and again for as long as it had to wait.
        let mut waited = true;
        for _ in 0..SEARCH_LIMIT {
            if !waited || !self.backend.in_transaction() || !write::found_nothing(plan, tag, &rows) {
                break;
            }
            rows.clear();
            let begun = tokio::time::Instant::now();
            tag = self.backend.perform(call, &statement, &mut Sink::Keep(&mut rows)).await?;
            waited = begun.elapsed() > WAITED;
        }
        let found_rows = self.channel.capabilities.contains(Capabilities::FOUND_ROWS);
        self.state.warn_of_rows(&values, write::matched_rows(plan, tag, &rows));
        let raised = self.backend.take_raised();
        let told_id = raised.last_insert_id;
        self.state.absorb(raised);
        if let Some(counts) = rows.first() {
            let left = (0..plan.variables.len()).map(|at| counts.get(at + write::COUNTS));
            self.keep_assigned(&plan.variables, left)?;
        }
        if !matches!(plan.verb, Verb::Update | Verb::Delete) {
            self.state.say_nulls_once(known);
        }
        let counts = write::Counts { found_rows, warnings: self.state.warned(), told_id };
        let written = write::written(plan, tag, &rows, counts);
        if let Some(id) = written.last_insert_id {
            self.state.last_insert_id = id;
        }
        self.state.row_count = i64::try_from(written.affected).unwrap_or(i64::MAX);
        if plan.verb == Verb::Delete {
            self.state.found_rows = 0;
        }
        let ok = resultset::Ok {
            affected_rows: written.affected,
            insert_id: written.insert_id,
            status: self.status(),
            warnings: self.state.warning_count(),
            info: written.info,
            changes: Vec::new(),
        };
        self.channel.put_ok(&ok);
        Ok(())
    }

    /// The count at the end of a result: inside a procedure results tell of none.
    pub(super) fn shown_warnings(&self) -> u16 {
        if self.calls.is_empty() { self.state.warning_count() } else { 0 }
    }

    /// Commands that the session answers itself.
    async fn session_command(&mut self, command: &SessionCommand, execution: Execution<'_>) -> Result<(), Failure> {
        match command {
            SessionCommand::Begin { read_only, consistent_snapshot } => {
                self.begin(*read_only, *consistent_snapshot).await?;
            }
            SessionCommand::Commit { chain, release } => {
                let release = self.commit(*chain, *release).await?;
                self.release_connection(release);
            }
            SessionCommand::Rollback { chain, release } => {
                let release = self.rollback(*chain, *release).await?;
                self.release_connection(release);
            }
            SessionCommand::Savepoint(name) => self.savepoint(name).await?,
            SessionCommand::RollbackTo(name) => self.rollback_to(name).await?,
            SessionCommand::Release(name) => self.release(name).await?,
            SessionCommand::Use(name) => self.enter_database(name)?,
            SessionCommand::Prepare { name, from } => return self.prepare_text(name, from),
            SessionCommand::Execute { name, using } => return self.execute_text(name, using, execution).await,
            SessionCommand::Deallocate(name) => self.deallocate(name)?,
            SessionCommand::Do(values) => {
                for value in values {
                    self.evaluate(value, execution).await?;
                }
            }
            SessionCommand::Set(assignments) => {
                // MySQL finds all values before it assigns the first.
                let mut values = Vec::with_capacity(assignments.len());
                for assignment in assignments {
                    values.push(self.evaluate(&assignment.value, execution).await?);
                }
                let checked = assignments.iter().zip(values).map(|(assign, value)| self.checked(assign, value));
                for assignment in checked.collect::<Result<Vec<_>, _>>()? {
                    self.assign(assignment).await?;
                }
            }
            SessionCommand::SetTransaction { session, isolation, read_only } => {
                self.set_transaction(*session, isolation.clone(), *read_only)?;
            }
            SessionCommand::Kill { query_only, id } => {
                self.kill(id.unwrap_or(self.state.connection_id), *query_only).await?;
            }
            SessionCommand::LockTables(locks) => self.lock_tables(locks).await?,
            SessionCommand::UnlockTables => self.unlock_tables().await?,
            SessionCommand::Flush { warning } => {
                self.commit_open().await?;
                self.relock_tables().await?;
                if let Some((code, message)) = warning {
                    self.state.warn("Warning", *code, message.clone());
                }
            }
            SessionCommand::Call(call) => return Box::pin(self.call(call, execution)).await,
            SessionCommand::Xa(command) => {
                if self.xa(command, execution).await? {
                    return Ok(());
                }
            }
            SessionCommand::Signal { state, code, message } => self.signal(state, *code, message)?,
            SessionCommand::Diagnostics { condition, items } => return self.diagnostics(*condition, items),
            SessionCommand::NoOperation(name) => tracing::debug!(statement = name, "accepted without effect"),
            SessionCommand::SelectInto { query, variables } => {
                return self.select_into(query, variables, execution).await;
            }
            SessionCommand::Assigning { query, variables } => {
                let catalogue = self.catalogue();
                return self.run_assigning(query, variables, &catalogue, execution).await;
            }
            SessionCommand::Load(load) => return self.load(load).await,
            SessionCommand::Counted { query, total } => return self.counted(query, total, execution).await,
            SessionCommand::Show(show) => return self.show(show, execution).await,
            SessionCommand::Explain(explain) => return self.explain(explain, execution).await,
            SessionCommand::Maintain(work) => return self.maintain(work, execution).await,
            SessionCommand::Variables(columns) => return self.select_variables(columns, execution).await,
        }
        self.state.row_count = 0;
        self.ok();
        Ok(())
    }

    /// COMMIT RELEASE and ROLLBACK RELEASE end the session after their answer.
    fn release_connection(&self, release: bool) {
        if release {
            self.peer.kill.cancel();
        }
    }

    /// The value of a source as MySQL's session sees it.
    pub(super) fn value_of(&self, source: &ParameterSource, values: &[Value]) -> Result<Value, MysqlError> {
        if let ParameterSource::Variable(name) = source
            && self.state.system_variable(&self.serving.defaults, name).is_none()
        {
            return Err(MysqlError::new(1193, "HY000", format!("Unknown system variable '{name}'")));
        }
        let catalogue = self.catalogue();
        Ok(self
            .state
            .with_values(&self.serving.defaults, &catalogue, values, |values| translate::value_of(source, values))?)
    }

    /// The right-hand side of SET.
    pub(super) async fn evaluate(&mut self, value: &SetValue, execution: Execution<'_>) -> Result<Value, Failure> {
        match value {
            SetValue::Default => Ok(Value::Null),
            SetValue::Constant(constant) => Ok(constant.clone()),
            SetValue::Source(source) => Ok(self.evaluate_source(source, execution.values).await?),
            SetValue::Query(query) => {
                let catalogue = self.catalogue();
                let statement = self.bind(query.sql.as_str(), &query.parameters, &catalogue, execution.values)?;
                self.begin_if_needed();
                let mut rows = Vec::new();
                self.perform(&statement, &mut Sink::Keep(&mut rows)).await?;
                if rows.len() > 1 {
                    return Err(MysqlError::new(1242, "21000", "Subquery returns more than 1 row").into());
                }
                let cell = rows.first().and_then(|row| row.get(0));
                Ok(cell.map_or(Value::Null, |text| typed(text, query.columns.first())))
            }
        }
    }

    /// `SELECT @@x, …`: one row from the session itself.
    async fn select_variables(
        &mut self,
        columns: &[(OutputColumn, ParameterSource)],
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        let mut cells = Vec::with_capacity(columns.len());
        for (_, source) in columns {
            cells.push(text_of(&self.evaluate_source(source, execution.values).await?));
        }
        let outputs: Vec<OutputColumn> = columns.iter().map(|(column, _)| column.clone()).collect();
        self.answer(&outputs, &[cells], execution)
    }

    /// A result that was made here.
    pub(super) fn answer(
        &mut self,
        columns: &[OutputColumn],
        rows: &[Vec<Option<String>>],
        execution: Execution<'_>,
    ) -> Result<(), Failure> {
        self.check_results(execution.protocol)?;
        let status = self.status();
        let mut out = ClientRows::new(&mut self.channel, columns, self.state.collation, status, execution.protocol);
        out.start();
        for row in rows {
            out.put(|index| row.get(index).and_then(Option::as_deref).map(str::as_bytes))?;
        }
        let ended = out.end();
        self.state.found_rows = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.state.row_count = -1;
        self.end_answer(ended)
    }
}

/// MySQL's text of a value; `None` is NULL.
pub(super) fn text_of(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Decimal(text) | Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Date(date) => format!("{:04}-{:02}-{:02}", date.year, date.month, date.day),
        Value::DateTime(date, clock) => {
            let fraction = if clock.micros == 0 { String::new() } else { format!(".{:06}", clock.micros) };
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{fraction}",
                date.year, date.month, date.day, clock.hours, clock.minutes, clock.seconds
            )
        }
        Value::Time { negative, clock } => {
            let sign = if *negative { "-" } else { "" };
            let fraction = if clock.micros == 0 { String::new() } else { format!(".{:06}", clock.micros) };
            format!("{sign}{:02}:{:02}:{:02}{fraction}", clock.hours, clock.minutes, clock.seconds)
        }
    })
}

/// A user variable keeps the type of the expression that it was set from.
pub(super) fn typed(text: &[u8], column: Option<&OutputColumn>) -> Value {
    use crate::wire::FieldType as F;
    let kind = match column.map(|column| (column.field, column.character)) {
        Some((F::Tiny | F::Short | F::Long | F::Int24 | F::LongLong | F::Year, _)) => {
            VariableKind::Integer { unsigned: false }
        }
        // BIT is the number that it is.
        Some((F::Bit, _)) => VariableKind::Integer { unsigned: true },
        Some((F::NewDecimal | F::Decimal, _)) => VariableKind::Decimal,
        Some((F::Double | F::Float, _)) => VariableKind::Real,
        _ => VariableKind::Text(String::new()),
    };
    // Dates and times are the text that MySQL shows: without PostgreSQL's zone, with all digits of the fraction.
    let moment = column.filter(|column| matches!(column.field, F::Date | F::DateTime | F::Timestamp | F::Time));
    let shown = moment.and_then(|column| CellFormat::new(column.field, column.length, column.decimals, 0).shown(text));
    if let Some(shown) = shown {
        return kind.value(&shown);
    }
    match (&kind, text) {
        (VariableKind::Integer { .. }, b"t") => return Value::Int(1),
        (VariableKind::Integer { .. }, b"f") => return Value::Int(0),
        _ => {}
    }
    let bytes = column.is_some_and(|column| !column.character && column.field != F::Json);
    let carried = bytes && matches!(kind, VariableKind::Text(_));
    let read = carried.then(|| bytea(text)).flatten();
    read.map_or_else(|| kind.value(text), Value::Bytes)
}
