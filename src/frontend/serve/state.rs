//! What MySQL remembers of a session between statements.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::MysqlError;
use super::variables::{Defaults, Overrides};
use crate::schema::{Catalogue, Table};
use crate::sql::Values;
use crate::sql::plan::{Context, Given, Known, Purpose, UserVariable, VariableKind};
use crate::sql::routine::{Local, Locals};
use crate::target::Raised;
use crate::value::Value;
use crate::wire::condition::{self, Condition, Level};

/// Warnings kept for SHOW WARNINGS: MySQL's default `max_error_count`.
const WARNING_LIMIT: usize = 1024;
/// Bytes of a statement that SHOW PROCESSLIST shows.
const STATEMENT_SHOWN: usize = 100;
/// User variables that one session may have.
const USER_VARIABLE_LIMIT: usize = 1000;
/// Characters of a user variable's name.
const USER_VARIABLE_NAME: usize = 64;

/// A line of SHOW WARNINGS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warning {
    pub(super) level: &'static str,
    pub(super) code: u16,
    pub(super) message: String,
    /// SQLSTATE where it isn't the number's own.
    pub(super) state: Option<Cow<'static, str>>,
}

/// How the warning of a value ends that is stored in the first row.
const FIRST_ROW: &str = " at row 1";

impl Warning {
    /// SQLSTATE.
    pub(super) fn state(&self) -> &str {
        self.state.as_deref().unwrap_or_else(|| condition::sqlstate(self.code))
    }

    /// Level, number and message.
    pub(super) fn parts(&self) -> (&str, u16, &str) {
        (self.level, self.code, &self.message)
    }
}

/// One session's memory.
#[derive(Debug)]
pub(super) struct State {
    pub(super) user: String,
    pub(super) host: String,
    /// `user@host` as CURRENT_USER() and its like show it.
    account: String,
    pub(super) connection_id: u64,
    pub(super) database: Option<String>,
    /// Collation id of results, as the connection negotiated it.
    pub(super) collation: u16,
    pub(super) variables: Overrides,
    pub(super) user_variables: HashMap<String, UserVariable>,
    /// The values of the EXECUTE … USING that runs.
    pub(super) parameters: Option<Arc<[Value]>>,
    /// What the statement of a routine sees of the routine's variables, and their values.
    pub(super) locals: Option<Arc<Locals>>,
    pub(super) frame: Vec<Local>,
    /// Their types.
    pub(super) shape: Arc<Table>,
    pub(super) last_insert_id: u64,
    pub(super) found_rows: i64,
    pub(super) row_count: i64,
    /// The statement is one of EXECUTE's: what is to be said of its text, PREPARE has said.
    pub(super) named_execution: bool,
    /// The hint MAX_EXECUTION_TIME of the statement, in milliseconds.
    pub(super) hinted_limit: Option<u64>,
    /// How many statements there were.
    statements: u64,
    pub(super) warnings: Vec<Warning>,
    /// Warnings of the statement that is about to begin.
    foreseen: Vec<Warning>,
    /// Warnings that came when the list was full: counted, not kept.
    pub(super) more_warnings: u64,
    /// The beginning of the running statement's text.
    pub(super) statement: String,
    /// The running statement's time.
    pub(super) time_micros: i64,
}

impl State {
    pub(super) fn new(user: String, host: String, connection_id: u64, collation: u16) -> Self {
        let account = format!("{user}@{}", shown_host(&host));
        Self {
            user,
            host,
            account,
            connection_id,
            database: None,
            collation,
            variables: Overrides::default(),
            user_variables: HashMap::new(),
            parameters: None,
            locals: None,
            frame: Vec::new(),
            shape: Arc::default(),
            last_insert_id: 0,
            found_rows: 0,
            row_count: -1,
            named_execution: false,
            hinted_limit: None,
            statements: 0,
            warnings: Vec::new(),
            foreseen: Vec::new(),
            more_warnings: 0,
            statement: String::new(),
            time_micros: 0,
        }
    }

    /// Everything but who it is and where: COM_RESET_CONNECTION.
    pub(super) fn reset(&mut self) {
        let database = self.database.take();
        let fresh = Self::new(
            std::mem::take(&mut self.user),
            std::mem::take(&mut self.host),
            self.connection_id,
            self.collation,
        );
        *self = Self { database, ..fresh };
    }

    /// Takes the time of the statement that begins now; `SET timestamp` stops the clock.
    pub(super) fn begin_statement(&mut self, defaults: &Defaults) {
        self.statements += 1;
        self.time_micros = match self.variables.derived(defaults).stopped_clock {
            Some(micros) => micros,
            None => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
            }
        };
    }

    /// Keeps the beginning of a statement for SHOW PROCESSLIST.
    pub(super) fn remember_text(&mut self, text: &str) {
        let end = (0..=STATEMENT_SHOWN.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.statement.clear();
        self.statement.push_str(text.get(..end).unwrap_or_default());
    }

    /// Appends to SHOW WARNINGS.
    pub(super) fn warn(&mut self, level: &'static str, code: u16, message: String) {
        if level == Level::Note.name()
            && self.variables.own("sql_notes").is_some_and(|value| value == "0" || value.eq_ignore_ascii_case("off"))
        {
            return;
        }
        if self.warnings.len() < WARNING_LIMIT {
            self.warnings.push(Warning { level, code, message, state: None });
        } else {
            self.more_warnings += 1;
        }
    }

    /// Appends what values raised when they were bound.
    pub(super) fn warn_all(&mut self, conditions: Vec<Condition>) {
        for condition in conditions {
            self.warn(condition.level.name(), condition.code, condition.message);
        }
    }

    /// Appends what a plan warns of.
    pub(super) fn warn_of_plan(&mut self, conditions: &[Condition]) {
        let said = |condition: &&Condition| !(self.named_execution && condition.is_of_text());
        self.warn_all(conditions.iter().filter(said).cloned().collect());
    }

    /// Appends what values raised when they were bound. Those of an UPDATE are given back instead: each row that it
    /// finds warns of them.
    pub(super) fn warn_of_values(&mut self, values: Vec<Warning>, update: bool) -> Vec<Warning> {
        let (of_rows, others): (Vec<Warning>, Vec<Warning>) =
            values.into_iter().partition(|warning| update && warning.message.ends_with(FIRST_ROW));
        self.warnings.extend(others);
        of_rows
    }

    /// Appends what the values of an UPDATE raise in each of the rows that it found.
    pub(super) fn warn_of_rows(&mut self, values: &[Warning], rows: u64) {
        for row in 1..=rows {
            for warning in values {
                if self.warnings.len() >= WARNING_LIMIT {
                    self.more_warnings += (rows - row + 1) * values.len() as u64;
                    return;
                }
                let message = warning.message.strip_suffix(FIRST_ROW).unwrap_or(&warning.message);
                self.warn(warning.level, warning.code, format!("{message} at row {row}"));
            }
        }
    }

    /// Appends what a statement raised in PostgreSQL.
    pub(super) fn absorb(&mut self, raised: Raised) {
        self.warn_all(raised.kept);
        self.more_warnings += raised.beyond;
        if let Some(id) = raised.last_insert_id {
            self.last_insert_id = id;
        }
    }

    /// INSERT warns of NULL in a column of NOT NULL once, however many rows have it; `known` were there before it.
    pub(super) fn say_nulls_once(&mut self, known: usize) {
        let said = self.warnings.split_off(known.min(self.warnings.len()));
        for warning in said {
            let again = warning.code == 1048 && self.warnings.iter().skip(known).any(|earlier| *earlier == warning);
            if !again {
                self.warnings.push(warning);
            }
        }
    }

    /// A statement that isn't SHOW WARNINGS begins; what reading its text warned of are its first warnings.
    pub(super) fn forget_warnings(&mut self) {
        self.warnings = std::mem::take(&mut self.foreseen);
        self.more_warnings = 0;
    }

    /// Warns of literals that aren't what the character set says.
    pub(super) fn foresee_broken(&mut self, charset: &str, literals: &[Vec<u8>]) {
        for literal in literals {
            let shown: String = literal.iter().map(|byte| format!("{byte:02X}")).collect();
            let message = format!("Invalid {charset} character string: '{shown}'");
            self.foreseen.push(Warning { level: "Warning", code: 1300, message, state: None });
        }
    }

    /// All warnings of the last statement, those that weren't kept included.
    pub(super) fn warned(&self) -> u64 {
        self.more_warnings + self.warnings.len() as u64
    }

    /// An error is the last line of SHOW WARNINGS as well.
    pub(super) fn failed(&mut self, error: &MysqlError) {
        self.warn("Error", error.code, error.message.clone());
        if let Some(last) = self.warnings.last_mut().filter(|last| last.level == "Error" && last.code == error.code) {
            last.state = Some(error.sqlstate.clone());
        }
        self.row_count = -1;
    }

    /// The warning count of OK and EOF packets.
    pub(super) fn warning_count(&self) -> u16 {
        u16::try_from(self.warned()).unwrap_or(u16::MAX)
    }

    /// Sets `@name`; without a kind the value tells what it is.
    pub(super) fn set_user_variable(
        &mut self,
        defaults: &Defaults,
        name: &str,
        value: Value,
        kind: Option<VariableKind>,
    ) -> Result<(), MysqlError> {
        if !self.user_variables.contains_key(name) && self.user_variables.len() >= USER_VARIABLE_LIMIT {
            return Err(MysqlError::new(1041, "HY000", "Out of memory."));
        }
        if name.is_empty() || name.ends_with(' ') || name.chars().count() > USER_VARIABLE_NAME {
            return Err(MysqlError::new(3061, "42000", format!("User variable name '{name}' is illegal")));
        }
        let known = kind.or_else(|| {
            let present = self.user_variables.get(name).filter(|_| value == Value::Null)?;
            Some(present.kind.clone())
        });
        let kind = known
            .unwrap_or_else(|| VariableKind::of_value(&value, self.variables.text(defaults, "collation_connection")));
        self.user_variables.insert(name.to_owned(), UserVariable { value, kind });
        Ok(())
    }

    /// What a rewrite of `text` depends on.
    pub(super) fn context(
        &self,
        defaults: &Defaults,
        catalogue: Arc<Catalogue>,
        text: &str,
        parameters: Known,
    ) -> Context {
        let derived = self.variables.derived(defaults);
        Context {
            catalogue,
            database: self.database.clone(),
            sql_mode: derived.sql_mode.clone(),
            collation: derived.collation.clone(),
            purpose: Purpose::Serve,
            parameters,
            given: self.given(defaults, text),
        }
    }

    /// The values that `text` can be planned with.
    fn given(&self, defaults: &Defaults, text: &str) -> Given {
        let read = Some(crate::sql::user_variables(text)).filter(|names| !names.is_empty());
        let variables = read.map(|names| {
            let known = |name: String| self.user_variables.get(&name).cloned().map(|variable| (name, variable));
            Arc::new(names.into_iter().filter_map(known).collect())
        });
        let derived = self.variables.derived(defaults);
        Given {
            parameters: self.parameters.clone(),
            variables,
            id_steps: derived.id_steps,
            division: derived.division,
            select_limit: derived.select_limit,
            time_names: derived.time_names,
            block_mode: derived.block_mode,
            week_format: derived.week_format,
            moving_sums: derived.moving_sums,
            server_collation: derived.server_collation.clone(),
            invisible_indexes: derived.invisible_indexes,
            locals: self.locals.clone(),
        }
    }

    /// Runs `use_values` with the sources of parameter values.
    pub(super) fn with_values<T>(
        &self,
        defaults: &Defaults,
        catalogue: &Catalogue,
        client: &[Value],
        use_values: impl FnOnce(&Values<'_>) -> T,
    ) -> T {
        let variables = |name: &str| self.system_variable(defaults, name);
        let user_variables = |name: &str| self.user_variables.get(name).map(|known| known.value.clone());
        use_values(&Values {
            client,
            catalogue,
            time_micros: self.time_micros,
            time_zone: &self.variables.derived(defaults).time_zone,
            first_generated_id: 0,
            id_step: 1,
            last_insert_id: self.last_insert_id,
            connection_id: self.connection_id,
            user: &self.account,
            found_rows: self.found_rows,
            row_count: self.row_count,
            statement: self.statements,
            variables: &variables,
            locals: &self.frame,
            user_variables: &user_variables,
            rows: &|_| Err(crate::sql::SqlError::unsupported("a system table at this place")),
        })
    }

    /// MySQL shows clients from its own machine as `localhost`.
    pub(super) fn host_name(&self) -> &str {
        shown_host(&self.host)
    }

    /// COM_CHANGE_USER.
    pub(super) fn set_user(&mut self, user: &str) {
        user.clone_into(&mut self.user);
        self.account = format!("{user}@{}", self.host_name());
    }

    /// A variable as SHOW VARIABLES shows it.
    pub(super) fn shown_variable(&self, defaults: &Defaults, name: &str) -> String {
        match name {
            "last_insert_id" | "identity" => self.last_insert_id.to_string(),
            "pseudo_thread_id" => self.connection_id.to_string(),
            "warning_count" => self.warnings.len().to_string(),
            "error_count" => self.warnings.iter().filter(|warning| warning.level == "Error").count().to_string(),
            "timestamp" => format!("{}.{:06}", self.time_micros / 1_000_000, self.time_micros % 1_000_000),
            _ => self.variables.shown(defaults, name).unwrap_or_default(),
        }
    }

    /// `@@name`, those that speak of the session's progress included.
    pub(super) fn system_variable(&self, defaults: &Defaults, name: &str) -> Option<Value> {
        let name = name.strip_prefix("session.").unwrap_or(name);
        match name {
            "last_insert_id" | "identity" => Some(Value::UInt(self.last_insert_id)),
            "pseudo_thread_id" => Some(Value::UInt(self.connection_id)),
            "warning_count" => Some(Value::UInt(self.warned())),
            "error_count" => {
                Some(Value::UInt(self.warnings.iter().filter(|warning| warning.level == "Error").count() as u64))
            }
            "timestamp" => Some(Value::Double(self.time_micros as f64 / 1e6)),
            "statement_id" => Some(Value::Int(0)),
            _ => self.variables.value(defaults, name),
        }
    }
}

fn shown_host(host: &str) -> &str {
    if matches!(host, "127.0.0.1" | "::1") { "localhost" } else { host }
}
