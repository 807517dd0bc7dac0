//! LOAD DATA LOCAL INFILE: the client is asked for its file, whose rows are stored as they come, by the INSERT
//! statements that a client would write for them; so values are converted, counted and warned of as those do.
//!
//! # Memory
//! One packet of the file and the rows of one statement are held, however long the file is. A row that is longer than
//! a packet may be ends the statement.
//!
//! # All or nothing
//! Under autocommit the statements are one transaction of their own, inside a transaction they follow a savepoint: an
//! error, or a client that is gone in the middle, undoes all of them. After an error the rest of the file is still
//! read, since the client sends it before it looks for an answer.
//!
//! # LOCAL means IGNORE
//! MySQL can't stop a client that sends, so LOCAL makes errors of values and duplicates warnings; with REPLACE it
//! doesn't.

use std::time::Duration;

use super::backend::{Effect, Failure};
use super::channel::ReadError;
use super::charset::{self, Charset};
use super::error::MysqlError;
use super::result::Sink;
use super::session::Session;
use super::state::Warning;
use super::write;
use crate::schema::types::is_character;
use crate::schema::{Column, ColumnDefault, ColumnType, Table};
use crate::sql::load::{Field, Load, OnDuplicate, Row, Splitter, Target};
use crate::sql::plan::{Known, Plan, VariableKind, WritePlan};
use crate::value::Value;
use crate::wire::packet::MAX_PAYLOAD;
use crate::wire::{Capabilities, condition, resultset};

/// Rows of one INSERT, at most.
const ROWS: usize = 200;
/// Values of one INSERT, at most: PostgreSQL takes 65,535.
const VALUES: usize = 20_000;
/// Bytes of one INSERT's values, about.
const BYTES: usize = 1 << 20;
/// The savepoint inside a transaction; no client can write this name.
const SAVEPOINT: &str = "\u{10ffff}load";

/// One LOAD DATA under way.
struct Loading<'l> {
    load: &'l Load,
    table: std::sync::Arc<Table>,
    targets: Vec<Target>,
    charset: &'static Charset,
    binary: bool,
    replace: bool,
    /// Rows of one INSERT.
    together: usize,
    rows: Vec<Row>,
    bytes: usize,
    /// Rows before those.
    done: u64,
    copied: u64,
    deleted: u64,
    first_id: Option<u64>,
    last: Vec<Field>,
    planned: bool,
}

impl Session {
    pub(super) async fn load(&mut self, load: &Load) -> Result<(), Failure> {
        let mut loading = self.prepare_load(load)?;
        let insert = self.insert_plan(&loading, 1, &vec![Value::Null; loading.targets.len()])?;
        self.check_branch()?;
        self.check_table_locks(&insert.tables)?;
        self.check_access(&insert.tables)?;
        let own = !self.backend.in_transaction() && self.autocommit();
        if own {
            self.begin_alone();
        } else {
            self.savepoint(SAVEPOINT).await?;
        }
        // From here on the client sends its file, whatever happens.
        self.channel.put(|out| {
            out.extend_from_slice(&[0xfb]);
            out.extend_from_slice(load.file.as_bytes());
        });
        let gone = |_| Failure::fatal(MysqlError::new(1158, "08S01", "Got an error reading communication packets"));
        self.channel.flush().await.map_err(gone)?;
        let stored = self.receive(&mut loading).await;
        let ended = match stored {
            Ok(()) if own => self.commit_alone().await,
            Ok(()) => self.release(SAVEPOINT).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = ended {
            if own {
                self.backend.rollback_quietly().await;
            } else if self.backend.in_transaction() && !failure.ends_connection {
                // Not ROLLBACK TO of the client's: what that warns of isn't said here.
                let grip = self.grip();
                self.backend.rollback_to(grip.call(), SAVEPOINT).await?;
                self.release(SAVEPOINT).await?;
            }
            return Err(failure);
        }
        self.loaded(&loading);
        Ok(())
    }

    /// What can be known before the file is asked for.
    fn prepare_load<'l>(&self, load: &'l Load) -> Result<Loading<'l>, MysqlError> {
        let enabled = self.serving.defaults.global("local_infile").flatten().is_some_and(|value| value == "ON");
        if load.local && !(enabled && self.channel.capabilities.contains(Capabilities::LOCAL_FILES)) {
            let text = "Loading local data is disabled; this must be enabled on both the client and server sides";
            return Err(MysqlError::new(3948, "42000", text));
        }
        let catalogue = self.catalogue();
        let name = &load.table;
        let Some(table) = catalogue.table(&name.database, &name.table) else {
            if catalogue.database(&name.database).is_none() {
                return Err(MysqlError::unknown_database(&name.database));
            }
            if catalogue.view(&name.database, &name.table).is_some() {
                return Err(MysqlError::unsupported("LOAD DATA into a view"));
            }
            return Err(MysqlError::unknown_table(&name.database, &name.table));
        };
        let targets = load.into_table(table)?;
        if !load.local {
            let text =
                "The MySQL server is running with the --secure-file-priv option so it cannot execute this statement";
            return Err(MysqlError::new(1290, "HY000", text));
        }
        let default = self.state.variables.text(&self.serving.defaults, "character_set_database").to_owned();
        let charset = charset::known(load.charset.as_deref().unwrap_or(&default))?;
        let binary = load.charset.as_deref() == Some("binary");
        let plain = load.set.is_empty() && targets.iter().all(|target| matches!(target, Target::Column(_)));
        Ok(Loading {
            load,
            table: std::sync::Arc::clone(table),
            together: if plain { ROWS.min(VALUES / targets.len().max(1)).max(1) } else { 1 },
            targets,
            charset,
            binary,
            replace: load.on_duplicate == OnDuplicate::Replace,
            rows: Vec::new(),
            bytes: 0,
            done: 0,
            copied: 0,
            deleted: 0,
            first_id: None,
            last: Vec::new(),
            planned: false,
        })
    }

    /// The plan of the INSERT of so many rows. Only expressions of SET depend on the values.
    fn insert_plan(&self, loading: &Loading<'_>, rows: usize, values: &[Value]) -> Result<WritePlan, MysqlError> {
        let (text, taken) = loading.load.insert(&loading.targets, rows, loading.replace);
        let known = if loading.load.set.is_empty() {
            Known::Nothing
        } else {
            let values: Vec<Value> = taken.iter().filter_map(|at| values.get(*at).cloned()).collect();
            Known::of(&values)
        };
        match &*self.plan_for(&text, &self.catalogue(), known)? {
            Plan::Write(write) => Ok(write.clone()),
            Plan::Query(_) | Plan::Ddl(_) | Plan::Session(_) => Err(MysqlError::malformed()),
        }
    }

    /// Reads the file to its end and stores its rows.
    async fn receive(&mut self, loading: &mut Loading<'_>) -> Result<(), Failure> {
        let mut splitter = Splitter::new(loading.load.format.clone(), loading.targets.len(), loading.load.skip);
        let mut failed = None;
        let patience = self.state.variables.text(&self.serving.defaults, "net_read_timeout").parse().unwrap_or(30);
        let limit = self.serving.config.listen.max_allowed_packet.max(MAX_PAYLOAD);
        loop {
            let read = tokio::time::timeout(Duration::from_secs(patience), self.channel.packet(limit)).await;
            let piece = match read {
                Ok(Ok(packet)) => packet.payload,
                Ok(Err(ReadError::Io(_) | ReadError::TooLarge(_))) | Err(_) => {
                    let error = MysqlError::new(1158, "08S01", "Got an error reading communication packets");
                    return Err(Failure::fatal(error));
                }
            };
            let over = piece.is_empty();
            if failed.is_none() {
                splitter.push(&piece);
                failed = self.take_rows(loading, &mut splitter, (over, limit)).await.err();
            }
            if self.peer.kill.is_cancelled() || failed.as_ref().is_some_and(|failure: &Failure| failure.ends_connection)
            {
                return Err(failed.unwrap_or_else(|| Failure::fatal(MysqlError::interrupted())));
            }
            if over {
                return failed.map_or(Ok(()), Err);
            }
        }
    }

    /// Stores the rows that are whole.
    async fn take_rows(
        &mut self,
        loading: &mut Loading<'_>,
        splitter: &mut Splitter,
        (over, limit): (bool, usize),
    ) -> Result<(), Failure> {
        while let Some(row) = splitter.row() {
            loading.bytes += row.fields.iter().map(|field| field.bytes.len() + 16).sum::<usize>();
            loading.rows.push(row);
            if loading.rows.len() >= loading.together || loading.bytes >= BYTES {
                self.store_rows(loading).await?;
            }
        }
        if splitter.pending() > limit {
            let text = "Got a packet bigger than 'max_allowed_packet' bytes";
            return Err(MysqlError::new(1153, "08S01", text).into());
        }
        if over && !loading.rows.is_empty() {
            self.store_rows(loading).await?;
        }
        Ok(())
    }

    /// One INSERT.
    async fn store_rows(&mut self, loading: &mut Loading<'_>) -> Result<(), Failure> {
        let rows = std::mem::take(&mut loading.rows);
        loading.bytes = 0;
        let mut values = Vec::with_capacity(rows.len() * loading.targets.len());
        let mut said = Said::default();
        for (at, row) in rows.iter().enumerate() {
            for (position, target) in loading.targets.iter().enumerate() {
                values.push(loading.value(row, (at, position), target, &mut said)?);
            }
            if row.cut {
                said.lines.push((
                    at,
                    1262,
                    format!(
                        "Row {} was truncated; it contained more data than there were input columns",
                        loading.number(at)
                    ),
                ));
            }
        }
        if rows.len() == 1 && !loading.load.set.is_empty() {
            let single: Vec<Value> = values.clone();
            let plan = self.insert_plan(loading, 1, &single)?;
            let (_, taken) = loading.load.insert(&loading.targets, 1, loading.replace);
            let values: Vec<Value> = taken.iter().filter_map(|at| single.get(*at).cloned()).collect();
            self.run_insert(loading, &plan, (&rows, &values), said).await?;
        } else {
            let columns = |(at, _): &(usize, Value)| {
                matches!(loading.targets.get(at % loading.targets.len().max(1)), Some(Target::Column(_)))
            };
            let stored: Vec<Value> = values.into_iter().enumerate().filter(columns).map(|(_, value)| value).collect();
            let plan = self.insert_plan(loading, rows.len(), &[])?;
            self.run_insert(loading, &plan, (&rows, &stored), said).await?;
        }
        loading.done += rows.len() as u64;
        if let Some(last) = rows.into_iter().next_back() {
            loading.last = last.fields;
        }
        Ok(())
    }

    async fn run_insert(
        &mut self,
        loading: &mut Loading<'_>,
        plan: &WritePlan,
        (rows, values): (&[Row], &[Value]),
        said: Said,
    ) -> Result<(), Failure> {
        let known = self.state.warnings.len();
        let catalogue = self.catalogue();
        let statement = self.bind(plan.sql.as_str(), &plan.parameters, &catalogue, values);
        let raised = self.state.warnings.split_off(known.min(self.state.warnings.len()));
        let mut failed = statement.as_ref().err().map(|failure| failure.error.message.clone());
        if let Some((row, code, message)) = said.first_error(plan.strict) {
            // What is said of a row comes behind the errors of its own values and of earlier rows.
            let earlier = failed.take().and_then(|text| row_of(&text)).is_some_and(|failed| failed <= row);
            if !earlier {
                return Err(MysqlError::new(code, condition::sqlstate(code), message).into());
            }
        }
        let mut statement = statement.map_err(|failure| loading.placed(Failure { unbound: false, ..failure }))?;
        for warning in said.merged(raised, loading.done) {
            self.state.warn(warning.level, warning.code, warning.message);
        }
        if !std::mem::replace(&mut loading.planned, true) {
            self.state.warn_all(plan.warnings.clone());
        }
        statement.effect = Effect::Write;
        let grip = self.grip_for(plan.tells_strict());
        let mut kept = Vec::new();
        let performed = self.backend.perform(grip.call(), &statement, &mut Sink::Keep(&mut kept)).await;
        let mut raised = self.backend.take_raised();
        for condition in &mut raised.kept {
            condition.message = placed(&condition.message, loading.done);
        }
        self.state.absorb(raised);
        let tag = performed.map_err(|failure| loading.placed(failure))?;
        let counts = write::Counts { found_rows: false, warnings: 0, told_id: None };
        let written = write::written(plan, tag, &kept, counts);
        let count = rows.len() as u64;
        if loading.replace {
            loading.copied += count;
            loading.deleted += written.affected.saturating_sub(count);
        } else {
            loading.copied += written.affected;
        }
        loading.first_id = loading.first_id.or(written.last_insert_id);
        Ok(())
    }

    /// Variables have what the last row said; the OK tells the counts.
    fn loaded(&mut self, loading: &Loading<'_>) {
        for (at, target) in loading.targets.iter().enumerate() {
            let Target::Variable(name) = target else { continue };
            if loading.done == 0 {
                continue;
            }
            let value = match loading.last.get(at) {
                Some(field) if !field.null => loading.text(&field.bytes).unwrap_or(Value::Null),
                Some(_) | None => Value::Null,
            };
            let kind = VariableKind::of_value(
                &Value::Text(String::new()),
                self.state.variables.text(&self.serving.defaults, "collation_connection"),
            );
            if let Err(error) = self.state.set_user_variable(&self.serving.defaults, name, value, Some(kind)) {
                tracing::debug!(%error, "a variable of LOAD DATA isn't set");
            }
        }
        if let Some(id) = loading.first_id {
            self.state.last_insert_id = id;
        }
        let affected = loading.copied + loading.deleted;
        self.state.row_count = i64::try_from(affected).unwrap_or(i64::MAX);
        let skipped = loading.done.saturating_sub(loading.copied);
        let info = format!(
            "Records: {}  Deleted: {}  Skipped: {skipped}  Warnings: {}",
            loading.done,
            loading.deleted,
            self.state.warned()
        );
        let ok = resultset::Ok {
            affected_rows: affected,
            status: self.status(),
            warnings: self.state.warning_count(),
            info,
            ..resultset::Ok::default()
        };
        self.channel.put_ok(&ok);
    }
}

/// What is said of a statement's rows besides their values.
#[derive(Debug, Default)]
struct Said {
    /// The row among the statement's, number and text.
    lines: Vec<(usize, u16, String)>,
    /// The same for columns that got NULL and can't hold it, in order: INSERT warns of each of them in its own words.
    nulls: Vec<(u16, String)>,
}

impl Said {
    /// The first of them under strict mode, with its row among the statement's, from 1.
    fn first_error(&self, strict: bool) -> Option<(u64, u16, String)> {
        let first = self.lines.iter().filter(|_| strict).min_by_key(|(row, _, _)| *row);
        first.map(|(row, code, message)| (*row as u64 + 1, *code, message.clone()))
    }

    /// The warnings of binding the values and these, by rows.
    fn merged(self, raised: Vec<Warning>, before: u64) -> Vec<Warning> {
        let mut nulls = self.nulls.into_iter();
        let mut all: Vec<(u64, Warning)> = Vec::new();
        let mut row = before;
        for mut warning in raised {
            if warning.code == 1048
                && let Some((code, message)) = nulls.next()
            {
                warning.code = code;
                warning.message = message;
                row = row_of(&warning.message).unwrap_or(row);
            } else {
                warning.message = placed(&warning.message, before);
                row = row_of(&warning.message).unwrap_or(row);
            }
            all.push((row, warning));
        }
        let lines = self.lines.into_iter();
        all.extend(lines.map(|(at, code, message)| {
            (before + at as u64 + 1, Warning { level: "Warning", code, message, state: None })
        }));
        all.sort_by_key(|(row, _)| *row);
        all.into_iter().map(|(_, warning)| warning).collect()
    }
}

/// MySQL's empty value of a column that has a default, which isn't it.
fn zero(column: &Column) -> Result<Value, MysqlError> {
    if is_character(&column.column_type) {
        return Ok(Value::Text(String::new()));
    }
    match column.column_type {
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Decimal { .. }
        | ColumnType::Float { .. }
        | ColumnType::Double { .. } => Ok(Value::Int(0)),
        _ => Err(MysqlError::unsupported("LOAD DATA of a row without a column of this type that has a default")),
    }
}

/// The row that a message names: at its end, or at its beginning.
fn row_of(message: &str) -> Option<u64> {
    let end = message.rsplit_once("at row ").and_then(|(_, number)| number.parse().ok());
    end.or_else(|| message.strip_prefix("Row ")?.split(' ').next()?.parse().ok())
}

/// The message with the row's number in the file.
fn placed(message: &str, before: u64) -> String {
    match message.rsplit_once("at row ") {
        Some((text, number)) => match number.parse::<u64>() {
            Ok(row) => format!("{text}at row {}", row + before),
            Err(_) => message.to_owned(),
        },
        None => message.to_owned(),
    }
}

impl Loading<'_> {
    /// The number of a row of the statement in the file.
    const fn number(&self, at: usize) -> u64 {
        self.done + at as u64 + 1
    }

    fn placed(&self, failure: Failure) -> Failure {
        let message = placed(&failure.error.message, self.done);
        Failure { error: MysqlError { message, ..failure.error }, ..failure }
    }

    /// A field as text; whatever it's for, it must be text of the file's character set.
    fn text(&self, bytes: &[u8]) -> Result<Value, MysqlError> {
        if self.binary {
            return Ok(Value::Bytes(bytes.to_vec()));
        }
        if !bytes.is_ascii()
            && let Some(decoded) = self.charset.decode(bytes)
        {
            return Ok(Value::Text(decoded));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(broken) => {
                let good = String::from_utf8_lossy(bytes.get(..broken.valid_up_to()).unwrap_or_default());
                let text = format!("Invalid {} character string: '{good}'", self.charset.name);
                Err(MysqlError::new(1300, "HY000", text))
            }
        }
    }

    /// What a field gives its column.
    fn value(
        &self,
        row: &Row,
        (at, position): (usize, usize),
        target: &Target,
        said: &mut Said,
    ) -> Result<Value, MysqlError> {
        let field = row.fields.get(position);
        let Target::Column(name) = target else {
            return field.filter(|field| !field.null).map_or(Ok(Value::Null), |field| self.text(&field.bytes));
        };
        let Some(column) = self.table.column(name) else { return Ok(Value::Null) };
        match field {
            Some(field) if !field.null => self.stored(column, &field.bytes),
            Some(_) if column.nullable || column.auto_increment => Ok(Value::Null),
            Some(_) => {
                let row = self.number(at);
                let text = format!(
                    "Column set to default value; NULL supplied to NOT NULL column '{}' at row {row}",
                    column.name
                );
                self.refuse_now(column)?;
                said.nulls.push((1263, text));
                Ok(Value::Null)
            }
            None => {
                let text = format!("Row {} doesn't contain data for all columns", self.number(at));
                self.refuse_now(column)?;
                if column.nullable && column.default != ColumnDefault::Null {
                    said.lines.push((at, 1261, text));
                    return zero(column);
                }
                if column.nullable || column.auto_increment {
                    said.lines.push((at, 1261, text));
                } else {
                    said.nulls.push((1261, text));
                }
                Ok(Value::Null)
            }
        }
    }

    /// MySQL stores the present time there.
    fn refuse_now(&self, column: &Column) -> Result<(), MysqlError> {
        if matches!(column.column_type, ColumnType::Timestamp { .. }) && !column.nullable {
            return Err(MysqlError::unsupported("LOAD DATA of NULL into a TIMESTAMP that can't be NULL"));
        }
        Ok(())
    }

    fn stored(&self, column: &Column, bytes: &[u8]) -> Result<Value, MysqlError> {
        let text = self.text(bytes)?;
        Ok(match column.column_type {
            ColumnType::Binary { .. }
            | ColumnType::VarBinary { .. }
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
            | ColumnType::Geometry { .. }
            | ColumnType::Bit { .. } => Value::Bytes(bytes.to_vec()),
            _ => text,
        })
    }
}
