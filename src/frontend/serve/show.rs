//! SHOW and DESCRIBE, answered from the catalogue and the session.

use super::backend::Failure;
use super::error::MysqlError;
use super::pattern::like;
use super::query::Execution;
use super::session::Session;
use super::show_create;
use super::show_rows::{self, Cells};
use crate::schema::{Catalogue, Database, Table, TableName};
use crate::sql::plan::{OutputColumn, RowSource, ShowCommand, SqlError};
use crate::wire::FieldType;

/// A column of an answer: title, whether it's a number, display length in characters.
type Heading = (&'static str, bool, u32);

impl Session {
    pub(super) fn show(&mut self, show: &ShowCommand, execution: Execution<'_>) -> Result<(), Failure> {
        let columns = self.show_columns(show);
        let rows = self.show_rows(show)?;
        self.answer(&columns, &rows, execution)
    }

    /// The titles and types of an answer.
    pub(super) fn show_columns(&self, show: &ShowCommand) -> Vec<OutputColumn> {
        if let ShowCommand::Databases { like } = show {
            return vec![text(&pattern_title("Database", like.as_deref()), 64)];
        }
        if let ShowCommand::Tables { database, full, like } = show {
            let database = database.clone().or_else(|| self.state.database.clone()).unwrap_or_default();
            let mut columns = vec![text(&pattern_title(&format!("Tables_in_{database}"), like.as_deref()), 64)];
            if *full {
                columns.push(text("Table_type", 11));
            }
            return columns;
        }
        headings(show)
            .iter()
            .map(|(title, is_number, length)| if *is_number { number(title, *length) } else { text(title, *length) })
            .collect()
    }

    fn show_rows(&self, show: &ShowCommand) -> Result<Vec<Cells>, MysqlError> {
        let catalogue = self.serving.catalogue.load();
        let matches =
            |pattern: &Option<String>, name: &str| pattern.as_deref().is_none_or(|pattern| like(name, pattern));
        Ok(match show {
            ShowCommand::Databases { like } => {
                let system = ["information_schema", "performance_schema"];
                let mut names: Vec<&str> = catalogue.databases.keys().map(String::as_str).chain(system).collect();
                names.sort_unstable();
                names.into_iter().filter(|name| matches(like, name)).map(|name| vec![Some(name.to_owned())]).collect()
            }
            ShowCommand::Tables { database, full, like } => {
                let database = self.named_database(&catalogue, database.as_deref())?;
                let names = database.tables.keys().filter(|name| matches(like, name));
                let kind = full.then(|| Some("BASE TABLE".to_owned()));
                names.map(|name| std::iter::once(Some(name.clone())).chain(kind.clone()).collect()).collect()
            }
            ShowCommand::Columns { table, full, like } => {
                let table = named_table(&catalogue, table)?;
                let columns = table.columns.iter().filter(|column| matches(like, &column.name));
                columns.map(|column| show_rows::column(table, column, *full)).collect()
            }
            ShowCommand::Index { table } => show_rows::index(named_table(&catalogue, table)?),
            ShowCommand::CreateTable { table } => {
                let table = named_table(&catalogue, table)?;
                vec![vec![Some(table.name.table.clone()), Some(show_create::table(table))]]
            }
            ShowCommand::TableStatus { database, like } => {
                let database = self.named_database(&catalogue, database.as_deref())?;
                let tables = database.tables.values().filter(|table| matches(like, &table.name.table));
                tables.map(|table| show_rows::status(table)).collect()
            }
            ShowCommand::Variables { global, like } => self.variable_rows(*global, like.as_deref()),
            ShowCommand::Status { like, .. } => self.status_rows(like.as_deref()),
            ShowCommand::Warnings => self.warning_rows(|_| true),
            ShowCommand::Errors => self.warning_rows(|level| level == "Error"),
            ShowCommand::Engines => show_rows::engines(),
            ShowCommand::Collations { like } => show_rows::collations(like.as_deref()),
            ShowCommand::Charsets { like } => show_rows::charsets(like.as_deref()),
            ShowCommand::ProcessList => self.process_rows(),
        })
    }

    /// Rows of system tables that only the session knows.
    pub(super) fn system_rows(&self, source: &RowSource) -> Result<Vec<Cells>, SqlError> {
        if let Some(show) = &source.show {
            return self.show_rows(show).map_err(|error| SqlError {
                code: error.code,
                sqlstate: error.sqlstate,
                message: error.message,
            });
        }
        Ok(match source.table.as_str() {
            "PROCESSLIST" | "processlist" => self.process_rows(),
            "global_variables" => self.variable_rows(true, None),
            "session_variables" => self.variable_rows(false, None),
            "global_status" | "session_status" => self.status_rows(None),
            other => return Err(SqlError::unsupported(format_args!("queries on {other}"))),
        })
    }

    fn named_database<'c>(&self, catalogue: &'c Catalogue, name: Option<&str>) -> Result<&'c Database, MysqlError> {
        let name = name.or(self.state.database.as_deref());
        let name = name.ok_or_else(|| MysqlError::new(1046, "3D000", "No database selected"))?;
        catalogue.database(name).ok_or_else(|| MysqlError::unknown_database(name))
    }

    fn variable_rows(&self, global: bool, pattern: Option<&str>) -> Vec<Cells> {
        let defaults = &self.serving.defaults;
        let wanted = |name: &str| pattern.is_none_or(|pattern| like(name, pattern));
        let cells = |name: &str, value: String| vec![Some(name.to_owned()), Some(value)];
        if global {
            let shown = defaults.globals().filter(|(name, _)| wanted(name));
            return shown.map(|(name, value)| cells(name, value)).collect();
        }
        let names = crate::sql::system::variables().map(|variable| variable.name).filter(|name| wanted(name));
        names.map(|name| cells(name, self.state.shown_variable(defaults, name))).collect()
    }

    fn status_rows(&self, pattern: Option<&str>) -> Vec<Cells> {
        let encrypted = self.channel.stream.is_encrypted();
        let all = [
            ("Connections", self.serving.metrics.connections.get().to_string()),
            ("Questions", self.serving.metrics.commands.get().to_string()),
            ("Ssl_cipher", if encrypted { "TLS_AES_256_GCM_SHA384".to_owned() } else { String::new() }),
            ("Ssl_version", if encrypted { "TLSv1.3".to_owned() } else { String::new() }),
            ("Threads_connected", self.serving.peers.len().to_string()),
            ("Threads_running", self.serving.pool.status().lent.max(1).to_string()),
        ];
        let shown = all.into_iter().filter(|(name, _)| pattern.is_none_or(|pattern| like(name, pattern)));
        shown.map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect()
    }

    fn warning_rows(&self, wanted: impl Fn(&str) -> bool) -> Vec<Cells> {
        let shown = self.state.warnings.iter().filter(|warning| wanted(warning.level));
        shown
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
                    own.then(|| "SHOW PROCESSLIST".to_owned()),
                ];
                (id, cells)
            })
            .collect();
        peers.sort_by_key(|(id, _)| *id);
        peers.into_iter().map(|(_, cells)| cells).collect()
    }
}

fn named_table<'c>(catalogue: &'c Catalogue, name: &TableName) -> Result<&'c Table, MysqlError> {
    let found = catalogue.table(&name.database, &name.table).map(AsRef::as_ref);
    found.ok_or_else(|| MysqlError::unknown_table(&name.database, &name.table))
}

fn pattern_title(title: &str, pattern: Option<&str>) -> String {
    pattern.map_or_else(|| title.to_owned(), |pattern| format!("{title} ({pattern})"))
}

/// Titles that don't depend on the session.
fn headings(show: &ShowCommand) -> &'static [Heading] {
    match show {
        ShowCommand::Databases { .. } | ShowCommand::Tables { .. } => &[],
        ShowCommand::Columns { full: false, .. } => &[
            ("Field", false, 64),
            ("Type", false, 16_777_215),
            ("Null", false, 3),
            ("Key", false, 3),
            ("Default", false, 65_535),
            ("Extra", false, 256),
        ],
        ShowCommand::Columns { full: true, .. } => &[
            ("Field", false, 64),
            ("Type", false, 16_777_215),
            ("Collation", false, 64),
            ("Null", false, 3),
            ("Key", false, 3),
            ("Default", false, 65_535),
            ("Extra", false, 256),
            ("Privileges", false, 154),
            ("Comment", false, 1024),
        ],
        ShowCommand::Index { .. } => &[
            ("Table", false, 64),
            ("Non_unique", true, 1),
            ("Key_name", false, 64),
            ("Seq_in_index", true, 10),
            ("Column_name", false, 64),
            ("Collation", false, 1),
            ("Cardinality", true, 21),
            ("Sub_part", true, 21),
            ("Packed", false, 0),
            ("Null", false, 3),
            ("Index_type", false, 11),
            ("Comment", false, 8),
            ("Index_comment", false, 2048),
            ("Visible", false, 3),
            ("Expression", false, 65_535),
        ],
        ShowCommand::CreateTable { .. } => &[("Table", false, 64), ("Create Table", false, 1024)],
        ShowCommand::TableStatus { .. } => &[
            ("Name", false, 64),
            ("Engine", false, 64),
            ("Version", true, 2),
            ("Row_format", false, 10),
            ("Rows", true, 21),
            ("Avg_row_length", true, 21),
            ("Data_length", true, 21),
            ("Max_data_length", true, 21),
            ("Index_length", true, 21),
            ("Data_free", true, 21),
            ("Auto_increment", true, 21),
            ("Create_time", false, 19),
            ("Update_time", false, 19),
            ("Check_time", false, 19),
            ("Collation", false, 64),
            ("Checksum", true, 21),
            ("Create_options", false, 256),
            ("Comment", false, 256),
        ],
        ShowCommand::Variables { .. } | ShowCommand::Status { .. } => {
            &[("Variable_name", false, 64), ("Value", false, 1024)]
        }
        ShowCommand::Warnings | ShowCommand::Errors => {
            &[("Level", false, 7), ("Code", true, 4), ("Message", false, 512)]
        }
        ShowCommand::Engines => &[
            ("Engine", false, 64),
            ("Support", false, 8),
            ("Comment", false, 80),
            ("Transactions", false, 3),
            ("XA", false, 3),
            ("Savepoints", false, 3),
        ],
        ShowCommand::Collations { .. } => &[
            ("Collation", false, 64),
            ("Charset", false, 64),
            ("Id", true, 20),
            ("Default", false, 3),
            ("Compiled", false, 3),
            ("Sortlen", true, 10),
            ("Pad_attribute", false, 9),
        ],
        ShowCommand::Charsets { .. } => &[
            ("Charset", false, 64),
            ("Description", false, 2048),
            ("Default collation", false, 64),
            ("Maxlen", true, 10),
        ],
        ShowCommand::ProcessList => &[
            ("Id", true, 21),
            ("User", false, 32),
            ("Host", false, 261),
            ("db", false, 64),
            ("Command", false, 16),
            ("Time", true, 7),
            ("State", false, 64),
            ("Info", false, 65_535),
        ],
    }
}

fn text(title: &str, characters: u32) -> OutputColumn {
    column(title, FieldType::VarString, characters.saturating_mul(4), true)
}

fn number(title: &str, length: u32) -> OutputColumn {
    column(title, FieldType::LongLong, length, false)
}

fn column(title: &str, field: FieldType, length: u32, character: bool) -> OutputColumn {
    OutputColumn {
        name: title.to_owned(),
        org_name: String::new(),
        table: String::new(),
        org_table: String::new(),
        schema: String::new(),
        field,
        length,
        flags: 0,
        decimals: 0,
        character,
    }
}
