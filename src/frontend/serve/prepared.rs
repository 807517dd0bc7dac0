//! COM_STMT_*: statements are planned here and prepared on PostgreSQL only when they are executed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::backend::Failure;
use super::cursor::Spool;
use super::error::MysqlError;
use super::query::Execution;
use super::result::Protocol;
use super::session::Session;
use super::text_prepared::{Named, check_preparable};
use crate::frontend::carried::CarriedStatement;
use crate::schema::Catalogue;
use crate::sql as translate;
use crate::sql::pattern::{Case, like};
use crate::sql::plan::{Known, OutputColumn, Plan, SessionCommand, ValueClass};
use crate::value::Value;
use crate::wire::constants::column_flags;
use crate::wire::execute::{self, ParameterType};
use crate::wire::reader::Reader;
use crate::wire::resultset::{self, put_prepared};
use crate::wire::{Capabilities, FieldType};

/// MySQL's `max_prepared_stmt_count` counts for the server; here it bounds one session.
const STATEMENT_LIMIT: usize = 16_382;
/// CURSOR_TYPE_READ_ONLY among the flags of COM_STMT_EXECUTE.
const READ_ONLY: u8 = 1;

/// A client's prepared statement.
#[derive(Debug, Default)]
struct Statement {
    text: Arc<str>,
    /// The plan of the last execution.
    remembered: Option<Remembered>,
    parameters: usize,
    types: Vec<ParameterType>,
    long_data: BTreeMap<u16, Vec<u8>>,
    long_bytes: usize,
    /// Data that couldn't be kept; told at the next execution, since COM_STMT_SEND_LONG_DATA has no answer.
    overflow: bool,
    /// Rows that wait to be fetched.
    cursor: Option<Spool>,
}

/// A plan, and all that it depends on. Looking this over costs less than asking the plan cache with a digest of it.
#[derive(Debug)]
struct Remembered {
    plan: Arc<Plan>,
    version: u64,
    /// Of the session's own tables.
    session: u64,
    database: Option<String>,
    sql_mode: String,
    collation: String,
    classes: Box<[ValueClass]>,
}

/// A session's prepared statements.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    statements: HashMap<u32, Statement>,
    last: u32,
    /// Those of PREPARE as text, by lower-case name.
    pub(super) named: HashMap<String, Named>,
    /// Those of them that are being executed.
    pub(super) executing: Vec<String>,
}

impl Prepared {
    /// True for a statement of that id.
    pub(super) fn has(&self, id: u32) -> bool {
        self.statements.contains_key(&id)
    }

    /// Takes the statement's cursor, open or not.
    pub(super) fn take_cursor(&mut self, id: u32) -> Option<Spool> {
        self.statements.get_mut(&id)?.cursor.take()
    }

    /// Opens a cursor, or gives it back.
    pub(super) fn put_cursor(&mut self, id: u32, spool: Spool) {
        if let Some(statement) = self.statements.get_mut(&id) {
            statement.cursor = Some(spool);
        }
    }

    /// How many there are of both kinds.
    pub(super) fn count(&self) -> usize {
        self.statements.len() + self.named.len()
    }

    /// Takes over statements that MySQL prepared, under the ids that the client knows.
    pub(super) fn carry(&mut self, carried: Vec<CarriedStatement>) {
        for CarriedStatement { id, text, parameter_types } in carried {
            let text = String::from_utf8_lossy(&text).into();
            let statement = Statement { types: parameter_types, text, ..Statement::default() };
            self.last = self.last.max(id);
            self.statements.insert(id, statement);
        }
    }
}

impl Session {
    /// COM_STMT_PREPARE.
    pub(super) fn prepare(&mut self, body: &[u8]) -> Result<(), Failure> {
        let text = self.decode(body)?;
        self.check_statement_count()?;
        self.state.forget_warnings();
        check_preparable(&text)?;
        let catalogue = self.catalogue();
        let plan = self.plan(&text, &catalogue)?;
        let parameters = self.count_parameters(&text)?;
        if let Plan::Session(SessionCommand::Call(call)) = &*plan {
            self.procedure(call)?;
        }
        let columns = match &*plan {
            Plan::Query(query) => query.columns.clone(),
            Plan::Session(command) => self.session_columns(command),
            Plan::Write(_) | Plan::Ddl(_) => Vec::new(),
        };
        let (Ok(column_count), Ok(parameter_count)) = (u16::try_from(columns.len()), u16::try_from(parameters)) else {
            return Err(MysqlError::new(1390, "HY000", "Prepared statement contains too many placeholders").into());
        };
        let id = self.new_statement(Statement { text: text.into(), parameters, ..Statement::default() });
        self.channel.put(|out| put_prepared(out, id, column_count, parameter_count, 0));
        let status = self.status();
        let ends = !self.channel.capabilities.contains(Capabilities::DEPRECATE_EOF);
        if parameter_count > 0 {
            let placeholders = vec![placeholder(); parameters];
            self.channel.put_definitions(&placeholders, self.state.collation);
            if ends {
                self.channel.put(|out| resultset::put_eof(out, status, 0));
            }
        }
        if column_count > 0 {
            self.channel.put_definitions(&columns, self.state.collation);
            if ends {
                self.channel.put(|out| resultset::put_eof(out, status, 0));
            }
        }
        Ok(())
    }

    /// 1461 when the session has as many statements as it may have.
    pub(super) fn check_statement_count(&self) -> Result<(), MysqlError> {
        if self.prepared.count() < STATEMENT_LIMIT {
            return Ok(());
        }
        let text =
            format!("Can't create more than max_prepared_stmt_count statements (current value: {STATEMENT_LIMIT})");
        Err(MysqlError::new(1461, "42000", text))
    }

    pub(super) fn count_parameters(&self, text: &str) -> Result<usize, MysqlError> {
        let sql_mode = &self.state.variables.derived(&self.serving.defaults).sql_mode;
        Ok(translate::parameter_count(text, sql_mode)?)
    }

    fn new_statement(&mut self, statement: Statement) -> u32 {
        let Prepared { statements, last, named: _, executing: _ } = &mut self.prepared;
        loop {
            *last = last.wrapping_add(1);
            if *last != 0 && !statements.contains_key(last) {
                statements.insert(*last, statement);
                return *last;
            }
        }
    }

    /// COM_STMT_EXECUTE.
    pub(super) async fn execute(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let id = execute::statement_id(payload).map_err(|_| MysqlError::malformed())?;
        let query_attributes = self.channel.capabilities.contains(Capabilities::QUERY_ATTRIBUTES);
        let unknown = || MysqlError::unknown_statement(id, "mysql_stmt_precheck");
        let sql_mode = &self.state.variables.derived(&self.serving.defaults).sql_mode;
        let statement = self.prepared.statements.get_mut(&id).ok_or_else(unknown)?;
        if std::mem::take(&mut statement.overflow) {
            statement.long_data.clear();
            let text = "Parameter of prepared statement which is set through mysql_send_long_data() is longer than 'max_allowed_packet' bytes";
            return Err(MysqlError::new(1301, "HY000", text).into());
        }
        if statement.parameters == 0 && !statement.text.is_empty() {
            // Carried statements weren't counted yet.
            statement.parameters = translate::parameter_count(&statement.text, sql_mode).map_err(MysqlError::from)?;
        }
        let known = execute::Known {
            parameters: statement.parameters,
            types: &statement.types,
            long_data: &statement.long_data,
            query_attributes,
        };
        let wrong = |_| MysqlError::new(1210, "HY000", "Incorrect arguments to mysqld_stmt_execute");
        let decoded = execute::decode(payload, known).map_err(wrong)?;
        statement.types = decoded.types;
        statement.long_data.clear();
        statement.long_bytes = 0;
        let text = Arc::clone(&statement.text);
        statement.cursor = None;
        let protocol = if decoded.cursor & READ_ONLY == 0 { Protocol::Binary } else { Protocol::Cursor };
        self.executing = Some(id);
        let execution = Execution { values: &decoded.values, protocol, lifted: false };
        let outcome = self.execute_planned(id, &text, execution).await;
        self.executing = None;
        outcome
    }

    async fn execute_planned(&mut self, id: u32, text: &Arc<str>, execution: Execution<'_>) -> Result<(), Failure> {
        self.begin_statement(text);
        let catalogue = self.catalogue();
        let plan = match self.remembered(id, &catalogue, execution.values) {
            Some(plan) => plan,
            None => match self.plan_and_remember(id, text, &catalogue, execution.values) {
                Some(plan) => plan,
                None => return self.carry_out(text, execution).await,
            },
        };
        self.state.forget_warnings();
        self.run_plan(&plan, &catalogue, execution).await
    }

    /// The plan of the last execution when nothing that it depends on has changed.
    fn remembered(&self, id: u32, catalogue: &Catalogue, values: &[Value]) -> Option<Arc<Plan>> {
        let known = self.prepared.statements.get(&id)?.remembered.as_ref()?;
        let derived = self.state.variables.derived(&self.serving.defaults);
        let same = known.version == catalogue.version
            && known.session == catalogue.session.number
            && known.database == self.state.database
            && known.sql_mode == derived.sql_mode
            && known.collation == derived.collation
            && derived.plans_as_usual()
            && known.classes.iter().copied().eq(values.iter().map(ValueClass::of));
        same.then(|| Arc::clone(&known.plan))
    }

    /// Plans a statement whose plan depends on nothing but what [`Remembered`] has; `None` for all others, and for
    /// those that can't be planned.
    fn plan_and_remember(
        &mut self,
        id: u32,
        text: &str,
        catalogue: &Arc<Catalogue>,
        values: &[Value],
    ) -> Option<Arc<Plan>> {
        let derived = self.state.variables.derived(&self.serving.defaults);
        let fixed =
            derived.plans_as_usual() && self.state.parameters.is_none() && translate::user_variables(text).is_empty();
        if !fixed {
            return None;
        }
        let plan = self.plan_for(text, catalogue, Known::of(values)).ok()?;
        if !matches!(&*plan, Plan::Query(_) | Plan::Write(_)) {
            return None;
        }
        let remembered = Remembered {
            plan: Arc::clone(&plan),
            version: catalogue.version,
            session: catalogue.session.number,
            database: self.state.database.clone(),
            sql_mode: derived.sql_mode.clone(),
            collation: derived.collation.clone(),
            classes: values.iter().map(ValueClass::of).collect(),
        };
        self.prepared.statements.get_mut(&id)?.remembered = Some(remembered);
        Some(plan)
    }

    /// COM_STMT_SEND_LONG_DATA; there is no answer, so what else fails waits for the execution.
    ///
    /// # Errors
    /// For one that is too short to say what it's for.
    pub(super) fn long_data(&mut self, payload: &[u8]) -> Result<(), MysqlError> {
        let limit = self.serving.config.listen.max_allowed_packet;
        let mut reader = Reader::new(payload);
        let (Ok(_), Ok(id), Ok(parameter)) = (reader.u8(), reader.u32(), reader.u16()) else {
            return Err(MysqlError::malformed());
        };
        let Some(statement) = self.prepared.statements.get_mut(&id) else { return Ok(()) };
        let data = reader.rest();
        if usize::from(parameter) >= statement.parameters.max(1) || statement.long_bytes + data.len() > limit {
            statement.overflow = true;
            return Ok(());
        }
        statement.long_bytes += data.len();
        statement.long_data.entry(parameter).or_default().extend_from_slice(data);
        Ok(())
    }

    /// COM_STMT_RESET.
    pub(super) fn reset_statement(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let id = execute::statement_id(payload).map_err(|_| MysqlError::malformed())?;
        let unknown = || MysqlError::unknown_statement(id, "mysql_stmt_precheck");
        let statement = self.prepared.statements.get_mut(&id).ok_or_else(unknown)?;
        statement.long_data.clear();
        statement.long_bytes = 0;
        statement.overflow = false;
        statement.cursor = None;
        self.ok();
        Ok(())
    }

    /// COM_STMT_CLOSE; there's no answer.
    ///
    /// # Errors
    /// For one that is too short to name a statement.
    pub(super) fn close_statement(&mut self, payload: &[u8]) -> Result<(), MysqlError> {
        let id = execute::statement_id(payload).map_err(|_| MysqlError::malformed())?;
        self.prepared.statements.remove(&id);
        Ok(())
    }

    /// COM_FIELD_LIST: the definitions of a table's columns, each with its default.
    pub(super) fn field_list(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut reader = Reader::new(body);
        let table = reader.nul_bytes().map_err(|_| MysqlError::malformed())?;
        let table = String::from_utf8_lossy(table).into_owned();
        let wildcard = String::from_utf8_lossy(reader.rest()).into_owned();
        let catalogue = self.catalogue();
        let plan = self.plan(&format!("SELECT * FROM {}", super::error::quoted(&table)), &catalogue)?;
        let Plan::Query(query) = &*plan else { return Err(MysqlError::malformed().into()) };
        let pattern = if wildcard.is_empty() { "%" } else { &wildcard };
        let collation = self.state.collation;
        for column in query.columns.iter().filter(|column| like(&column.name, pattern, Case::Ignored)) {
            self.channel.put_field(column, collation);
        }
        let (status, warnings) = (self.status(), self.state.warning_count());
        self.channel.put_end(status, warnings);
        Ok(())
    }

    fn session_columns(&self, command: &SessionCommand) -> Vec<OutputColumn> {
        match command {
            SessionCommand::Variables(columns) => columns.iter().map(|(column, _)| column.clone()).collect(),
            SessionCommand::Show(show) => self.show_columns(show),
            SessionCommand::Explain(explain) => crate::sql::explain::columns(self.explain_format(explain)),
            SessionCommand::Maintain(_) => crate::sql::show::maintenance_columns(),
            _ => Vec::new(),
        }
    }
}

/// The definition of a `?`; drivers read its number, not its type.
fn placeholder() -> OutputColumn {
    OutputColumn {
        name: "?".to_owned(),
        org_name: String::new(),
        table: String::new(),
        org_table: String::new(),
        schema: String::new(),
        field: FieldType::VarString,
        length: 0,
        flags: column_flags::BINARY,
        decimals: 0,
        character: false,
    }
}
