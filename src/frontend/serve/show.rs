//! SHOW, answered from the catalogue and the session.

use super::backend::{Effect, Failure, Statement};
use super::error::MysqlError;
use super::query::Execution;
use super::result::Sink;
use super::session::Session;
use super::show_create;
use crate::schema::{Routine, Table, TableName, Trigger, quote};
use crate::sql::pattern::{Case, like};
use crate::sql::plan::{Maintained, OutputColumn, RowSource, ShowCommand, Shown, SqlError};
use crate::sql::show;

/// One row; `None` is NULL.
type Cells = Vec<Option<String>>;

impl Session {
    pub(super) async fn show(&mut self, command: &ShowCommand, execution: Execution<'_>) -> Result<(), Failure> {
        let columns = self.show_columns(command);
        let rows = match &command.what {
            Shown::CreateTable { table } => vec![self.create_table(table).await?],
            Shown::CreateView { view } => vec![self.create_view(view)?],
            Shown::CreateRoutine { kind, name } => {
                let found = self.catalogue().routine(*kind, &name.database, &name.table).cloned();
                found.iter().map(|routine| create_routine(routine)).collect()
            }
            Shown::CreateTrigger { name } => {
                let catalogue = self.catalogue();
                let found = catalogue.trigger(&name.database, &name.table);
                found.iter().map(|(table, trigger)| create_trigger(table, trigger)).collect()
            }
            Shown::Index { table } => {
                let mut rows = self.show_rows(command)?;
                self.estimate_keys(table, &mut rows).await?;
                rows
            }
            _other => self.show_rows(command)?,
        };
        if command.is_diagnostic() {
            // What tells of warnings counts none of its own, and its rows aren't those of FOUND_ROWS().
            let (kept, found) = (std::mem::take(&mut self.state.warnings), self.state.found_rows);
            let answered = self.answer(&columns, &rows, execution);
            (self.state.warnings, self.state.found_rows) = (kept, found);
            return answered;
        }
        if let Shown::Profiles | Shown::Profile = command.what {
            let name = if command.what == Shown::Profile { "PROFILE" } else { "PROFILES" };
            let text = format!(
                "'SHOW {name}' is deprecated and will be removed in a future release. Please use Performance Schema instead"
            );
            self.state.warn("Warning", 1287, text);
        }
        self.answer(&columns, &rows, execution)
    }

    /// The titles and types of an answer.
    pub(super) fn show_columns(&self, command: &ShowCommand) -> Vec<OutputColumn> {
        let mut columns = show::columns(command);
        if let (Shown::Grants { user }, Some(first)) = (&command.what, columns.first_mut()) {
            let (name, host) = self.grantee(user.as_ref());
            first.name = format!("Grants for {name}@{host}");
        }
        columns
    }

    fn show_rows(&self, command: &ShowCommand) -> Result<Vec<Cells>, MysqlError> {
        let catalogue = self.catalogue();
        if let Some(rows) = show::rows(command, &catalogue) {
            return Ok(rows);
        }
        let rows = match &command.what {
            Shown::CreateDatabase { name, if_not_exists } => vec![self.create_database(name, *if_not_exists)],
            Shown::Variables { global } => self.variable_rows(*global),
            Shown::Status { .. } => self.known_status(command.like.as_deref())?,
            Shown::Warnings { errors, offset, limit } => self.warning_rows(*errors, *offset, *limit),
            Shown::WarningCount { errors } => {
                let count = self.state.warnings.iter().filter(|warning| !errors || warning.level == "Error").count();
                vec![vec![Some(count.to_string())]]
            }
            Shown::ProcessList { .. } => self.process_rows(),
            Shown::Grants { user } => self.grants(user.as_ref())?,
            // Nothing is kept open between statements.
            _other => Vec::new(),
        };
        let named = |row: &Cells| {
            let name = row.first().and_then(Option::as_deref).unwrap_or_default();
            command.like.as_deref().is_none_or(|pattern| like(name, pattern, Case::Ignored))
        };
        Ok(rows.into_iter().filter(named).collect())
    }

    /// Rows of system tables that only the session knows.
    pub(super) fn system_rows(&self, source: &RowSource) -> Result<Vec<Cells>, SqlError> {
        if let Some(command) = &source.show {
            let refused = |error: MysqlError| SqlError {
                code: error.code,
                sqlstate: crate::wire::condition::sqlstate(error.code),
                message: error.message,
            };
            return self.show_rows(command).map_err(refused);
        }
        Ok(match source.table.as_str() {
            "PROCESSLIST" | "processlist" => self.process_rows(),
            "global_variables" => self.variable_rows(true),
            "session_variables" => self.variable_rows(false),
            _status => self.status_rows(),
        })
    }

    fn variable_rows(&self, global: bool) -> Vec<Cells> {
        let defaults = &self.serving.defaults;
        if global {
            return defaults.globals().map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect();
        }
        let names = crate::sql::system::variables().map(|variable| variable.name);
        names.map(|name| vec![Some(name.to_owned()), Some(self.state.shown_variable(defaults, name))]).collect()
    }

    /// The status variables that Bascule keeps. A pattern that names one that only MySQL has is refused: without a
    /// row it would read as if MySQL had never heard of it.
    fn known_status(&self, pattern: Option<&str>) -> Result<Vec<Cells>, MysqlError> {
        let rows = self.status_rows();
        if let Some(pattern) = pattern.filter(|pattern| pattern.chars().any(|character| character != '%')) {
            let known = |name: &str| rows.iter().any(|row| row.first().and_then(Option::as_deref) == Some(name));
            let missing = show::status_names().find(|name| like(name, pattern, Case::Ignored) && !known(name));
            if let Some(name) = missing {
                return Err(MysqlError::unsupported(&format!("the status variable {name}")));
            }
        }
        Ok(rows)
    }

    fn status_rows(&self) -> Vec<Cells> {
        let encrypted = self.channel.stream.is_encrypted();
        let all = [
            ("Connections", self.serving.metrics.connections.get().to_string()),
            ("Queries", self.serving.metrics.commands.get().to_string()),
            ("Questions", self.serving.metrics.commands.get().to_string()),
            ("Rsa_public_key", String::new()),
            ("Slave_open_temp_tables", "0".to_owned()),
            ("Replica_open_temp_tables", "0".to_owned()),
            ("Ssl_cipher", if encrypted { "TLS_AES_256_GCM_SHA384".to_owned() } else { String::new() }),
            ("Ssl_version", if encrypted { "TLSv1.3".to_owned() } else { String::new() }),
            ("Threads_connected", self.serving.peers.len().to_string()),
            ("Threads_running", self.serving.pool.status().lent.max(1).to_string()),
            ("Uptime", self.serving.begun.elapsed().as_secs().to_string()),
        ];
        let names: std::collections::BTreeSet<&str> = show::status_names().collect();
        let shown = all.into_iter().filter(|(name, _)| names.contains(name));
        shown.map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect()
    }

    fn warning_rows(&self, errors: bool, offset: u64, limit: u64) -> Vec<Cells> {
        let bound = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let shown = self.state.warnings.iter().filter(|warning| !errors || warning.level == "Error");
        shown
            .skip(bound(offset))
            .take(bound(limit))
            .map(|warning| {
                vec![Some(warning.level.to_owned()), Some(warning.code.to_string()), Some(warning.message.clone())]
            })
            .collect()
    }

    fn process_rows(&self) -> Vec<Cells> {
        let mut peers: Vec<(u64, Cells)> = self
            .serving
            .peers
            .iter()
            .map(|entry| {
                let (id, peer) = (*entry.key(), entry.value());
                let own = id == self.state.connection_id;
                let database = peer.database.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
                let cells = vec![
                    Some(id.to_string()),
                    Some(peer.user.clone()),
                    Some(peer.host.clone()),
                    database,
                    Some(if own { "Query" } else { "Sleep" }.to_owned()),
                    Some("0".to_owned()),
                    Some(if own { "init" } else { "" }.to_owned()),
                    own.then(|| self.state.statement.clone()),
                ];
                (id, cells)
            })
            .collect();
        peers.sort_by_key(|(id, _)| *id);
        peers.into_iter().map(|(_, cells)| cells).collect()
    }

    /// The account that SHOW GRANTS speaks of.
    fn grantee(&self, user: Option<&(String, String)>) -> (String, String) {
        user.cloned().unwrap_or_else(|| (self.state.user.clone(), self.state.host_name().to_owned()))
    }

    /// Every account of Bascule may do everything that Bascule carries out.
    fn grants(&self, user: Option<&(String, String)>) -> Result<Vec<Cells>, MysqlError> {
        let own = (self.state.user.clone(), self.state.host_name().to_owned());
        let (name, host) = self.grantee(user);
        if (&name, &host) != (&own.0, &own.1) {
            let text = format!("There is no such grant defined for user '{name}' on host '{host}'");
            return Err(MysqlError::new(1141, "42000", text));
        }
        let quoted = |text: &str| show_create::quoted_name(text);
        let privileges = show::privileges().join(", ");
        let line = format!("GRANT {privileges} ON *.* TO {}@{} WITH GRANT OPTION", quoted(&name), quoted(&host));
        Ok(vec![vec![Some(line)]])
    }

    fn create_database(&self, name: &str, if_not_exists: bool) -> Cells {
        let catalogue = self.serving.catalogue.load();
        let (charset, collation) = match catalogue.database(name) {
            Some(database) => (database.charset.clone(), database.collation.clone()),
            None if name == "information_schema" => ("utf8mb3".to_owned(), "utf8mb3_general_ci".to_owned()),
            None => ("utf8mb4".to_owned(), "utf8mb4_0900_ai_ci".to_owned()),
        };
        vec![Some(name.to_owned()), Some(show_create::database(name, &charset, &collation, if_not_exists))]
    }

    fn create_view(&self, name: &TableName) -> Result<Cells, MysqlError> {
        let catalogue = self.serving.catalogue.load();
        let found = catalogue.view(&name.database, &name.table);
        let view = found.ok_or_else(|| MysqlError::unknown_table(&name.database, &name.table))?;
        let cells = [&view.name.table, &show_create::view(view), &view.charset, &view.collation];
        Ok(cells.into_iter().map(|cell| Some(cell.clone())).collect())
    }

    /// SHOW CREATE TABLE, with the next id as PostgreSQL has it now.
    async fn create_table(&mut self, name: &TableName) -> Result<Cells, Failure> {
        let catalogue = self.catalogue();
        let found = catalogue.table(&name.database, &name.table);
        let mut table = found.ok_or_else(|| MysqlError::unknown_table(&name.database, &name.table))?.as_ref().clone();
        if let Some(column) = table.auto_increment_column() {
            let target = quote::literal(&quote::table(&table.name));
            let column = quote::literal(&column.name);
            let rows = self.ask(&format!("SELECT \"mysql\".next_id({target}, {column})")).await?;
            let next = rows.first().and_then(|row| row.text(0)).and_then(|text| text.parse().ok());
            table.auto_increment = next.or(table.auto_increment);
        }
        Ok(vec![Some(table.title().table.clone()), Some(show_create::table(&table))])
    }

    /// Executes one statement without parameters and keeps its rows.
    pub(super) async fn ask(&mut self, sql: &str) -> Result<Vec<crate::target::Row>, Failure> {
        let statement = Statement { sql: sql.into(), types: Vec::new(), parameters: Vec::new(), effect: Effect::Read };
        let mut rows = Vec::new();
        self.perform(&statement, &mut Sink::Keep(&mut rows)).await?;
        Ok(rows)
    }

    /// ANALYZE TABLE and its relatives: what is open is committed, as in MySQL.
    pub(super) async fn maintain(&mut self, work: &[Maintained], execution: Execution<'_>) -> Result<(), Failure> {
        self.commit_open().await?;
        let mut rows = Vec::new();
        for table in work {
            if let Some(statement) = &table.statement {
                self.ask(statement.as_str()).await?;
            }
            rows.extend(table.lines.iter().map(|line| line.iter().cloned().map(Some).collect::<Cells>()));
        }
        self.answer(&show::maintenance_columns(), &rows, execution)
    }
}

/// SHOW CREATE TRIGGER.
fn create_trigger(table: &Table, trigger: &Trigger) -> Cells {
    vec![
        Some(trigger.name.clone()),
        Some(trigger.sql_mode.clone()),
        Some(show_create::trigger(table, trigger)),
        Some(trigger.charset.clone()),
        Some(trigger.collation.clone()),
        Some(trigger.database_collation.clone()),
        show::trigger_created(trigger),
    ]
}

/// SHOW CREATE PROCEDURE and FUNCTION.
fn create_routine(routine: &Routine) -> Cells {
    let text = show_create::routine(routine);
    let cells = [
        &routine.name.table,
        &routine.sql_mode,
        &text,
        &routine.charset,
        &routine.collation,
        &routine.database_collation,
    ];
    cells.into_iter().map(|cell| Some(cell.clone())).collect()
}
