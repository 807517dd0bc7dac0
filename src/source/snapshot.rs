//! Consistent reading of the source: several connections that see the same moment.
//!
//! `START TRANSACTION WITH CONSISTENT SNAPSHOT` fixes what one connection sees. That N of them see the same, and which
//! GTIDs that is, follows when `gtid_executed` is the same before the first of them and after the last: no commit came
//! between, so none can be in one and not in another. MariaDB is asked otherwise: each of its snapshots knows its own place
//! in the binary log, and that of all connections must be one. The caller holds commits for those milliseconds; when the two
//! sets differ, someone wrote past Bascule and the snapshot must be thrown away ([`Snapshot::position`] is `None`).
//!
//! Values are read in the text protocol, which is MySQL's own exact text for every type but FLOAT: that is printed with
//! six digits, so it is read as the equal DOUBLE. Multiplying by one rather than adding zero keeps negative zero.

use bytes::Bytes;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::chunks::{ChunkKey, KeyRange};
use super::inspect::Family;
use super::lent::LentRows;
use super::login::Session;
use super::rows::TextRows;
use super::{SourceError, backticks, inspect};
use crate::config::Source;
use crate::position::GtidSet;
use crate::schema::{Bound, Catalogue, Column, ColumnType, Range, Table, TableName};
use crate::wire::text_row::TextRow;

/// Connections that are ready to open a snapshot. Connecting is slow; opening is not.
pub struct Prepared {
    family: Family,
    control: Conn,
    readers: Vec<Reader>,
}

/// Connections that see the same moment, if `position` says so.
pub struct Snapshot {
    /// Executed on the source before the first connection's view was fixed.
    pub before: GtidSet,
    /// Executed after the last one's was.
    pub after: GtidSet,
    pub readers: Vec<Reader>,
    /// Holds every writer while it lives.
    lock: Option<Conn>,
}

/// One connection that reads: of a snapshot, or each query at its own moment.
#[derive(Debug)]
pub struct Reader {
    source: Source,
    session: Session,
}

/// Connects `connections` readers and the connection that reads positions.
///
/// # Errors
/// When the server can't be reached or refuses.
pub async fn prepare(source: &Source, connections: usize) -> Result<Prepared, SourceError> {
    let mut readers = Vec::with_capacity(connections);
    for _ in 0..connections.max(1) {
        readers.push(Reader::connect(source).await?);
    }
    let mut control = inspect::connect(source).await?;
    let family = inspect::family(&mut control).await?;
    Ok(Prepared { family, control, readers })
}

impl Prepared {
    /// Fixes every connection's view. Takes a few milliseconds.
    ///
    /// # Errors
    /// When a connection fails.
    pub async fn open(self) -> Result<Snapshot, SourceError> {
        self.fix(false).await
    }

    /// As [`Prepared::open`] while MySQL itself holds every writer, if the account has the privilege for that (RELOAD, or
    /// FLUSH_TABLES): nothing can be visible then that isn't in the position. The writers go on with
    /// [`Snapshot::release`], or when the snapshot is dropped.
    ///
    /// # Errors
    /// When a connection fails, or when a statement under way keeps MySQL from holding the writers.
    pub async fn open_locked(mut self) -> Result<Snapshot, SourceError> {
        const ACTION: &str = "holding MySQL's writers";
        const NO_PRIVILEGE: [u16; 3] = [1227, 1045, 1142];
        self.control.query_drop("SET SESSION lock_wait_timeout = 1").await.map_err(SourceError::query(ACTION))?;
        match self.control.query_drop("FLUSH TABLES WITH READ LOCK").await.map_err(SourceError::query(ACTION)) {
            Ok(()) => {}
            Err(error) if error.mysql_code().is_some_and(|code| NO_PRIVILEGE.contains(&code)) => {
                tracing::debug!(
                    "the account may not hold MySQL's writers: a commit beside the proxy is noticed by its GTID"
                );
            }
            Err(error) => return Err(error),
        }
        self.fix(true).await
    }

    async fn fix(mut self, locked: bool) -> Result<Snapshot, SourceError> {
        const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
        let family = self.family;
        let mut before = inspect::gtid_executed(&mut self.control).await?;
        let mut opening = tokio::task::JoinSet::new();
        for mut reader in self.readers {
            opening.spawn(async move {
                reader.session.execute(BEGIN).await.map_err(SourceError::session("opening a snapshot"))?;
                let seen = match family {
                    Family::MySql => None,
                    Family::MariaDb => reader.position().await?,
                };
                Ok::<_, SourceError>((reader, seen))
            });
        }
        let mut readers = Vec::with_capacity(opening.len());
        let mut positions = Vec::new();
        while let Some(opened) = opening.join_next().await {
            let opened = opened
                .map_err(|error| SourceError::Unexpected { action: "opening a snapshot", what: error.to_string() })?;
            let (reader, seen) = opened?;
            readers.push(reader);
            positions.extend(seen);
        }
        let mut after = inspect::gtid_executed(&mut self.control).await?;
        if let Some(first) = positions.first().filter(|_| positions.len() == readers.len()) {
            let other = positions.iter().find(|position| *position != first);
            (before, after) = (first.clone(), other.unwrap_or(first).clone());
        }
        Ok(Snapshot { before, after, readers, lock: locked.then_some(self.control) })
    }
}

impl Snapshot {
    /// The transactions that all readers see; `None` when a commit came while the snapshot was opened.
    #[must_use]
    pub fn position(&self) -> Option<&GtidSet> {
        (self.before == self.after).then_some(&self.before)
    }

    /// Lets the writers go on.
    pub async fn release(&mut self) {
        if let Some(mut control) = self.lock.take() {
            // A connection that breaks lets them go too.
            let _ = control.query_drop("UNLOCK TABLES").await;
            let _ = control.disconnect().await;
        }
    }

    /// Ends the views and closes the connections.
    pub async fn close(mut self) {
        self.release().await;
        for reader in self.readers {
            reader.close().await;
        }
    }
}

/// What of a table is read.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    pub table: &'a Table,
    /// Columns to order by, so that both servers agree on the order; empty for MySQL's own order.
    pub order: &'a [&'a Column],
    /// Which rows, along [`Table::cut_along`].
    pub range: &'a Range,
}

impl<'a> Selection<'a> {
    /// Every row of a table in MySQL's own order.
    #[must_use]
    pub const fn all(table: &'a Table) -> Self {
        Self { table, order: &[], range: &Range::EVERYTHING }
    }
}

const READING: &str = "reading a table";
/// A slow target makes the server wait for us: it must not give up. Whole key values take part in sorting.
const SESSION: [&str; 4] = [
    "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = ''",
    "SET SESSION net_write_timeout = 86400, net_read_timeout = 86400, wait_timeout = 604800",
    "SET SESSION max_sort_length = 8192",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
];
/// What one family of servers knows and the other doesn't: no limit to a query's time, and no estimates of yesterday.
const WHERE_KNOWN: [&str; 3] = [
    "SET SESSION max_execution_time = 0",
    "SET SESSION max_statement_time = 0",
    "SET SESSION information_schema_stats_expiry = 0",
];

impl Reader {
    /// A connection that reads each query at its own moment.
    ///
    /// # Errors
    /// When the server can't be reached or refuses.
    pub async fn connect(source: &Source) -> Result<Self, SourceError> {
        const ACTION: &str = "preparing to read";
        const UNKNOWN_VARIABLE: u16 = 1193;
        let mut session = Session::open(source).await.map_err(SourceError::session("connecting to read"))?;
        for statement in SESSION {
            session.execute(statement).await.map_err(SourceError::session(ACTION))?;
        }
        for statement in WHERE_KNOWN {
            match session.execute(statement).await.map_err(SourceError::session(ACTION)) {
                Err(error) if error.mysql_code() != Some(UNKNOWN_VARIABLE) => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(Self { source: source.clone(), session })
    }

    /// A new connection to the same server, which reads each query at its own moment.
    ///
    /// # Errors
    /// As [`Reader::connect`].
    pub async fn another(&self) -> Result<Self, SourceError> {
        Self::connect(&self.source).await
    }

    /// The position of the consistent snapshot that is open here, where the server says it: MariaDB notes the place in its
    /// binary log at which a snapshot was opened, exactly, whoever commits meanwhile.
    async fn position(&mut self) -> Result<Option<GtidSet>, SourceError> {
        const ACTION: &str = "reading the position of a snapshot";
        let rows = self.all(ACTION, "SHOW STATUS LIKE 'binlog_snapshot_%'").await?;
        let text = |cell: &Option<Vec<u8>>| String::from_utf8_lossy(cell.as_deref().unwrap_or_default()).into_owned();
        let value = |wanted: &str| {
            let mut rows = rows.iter().filter_map(|row| Some((text(row.first()?), text(row.get(1)?))));
            rows.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        let (Some(file), Some(position)) = (value("binlog_snapshot_file"), value("binlog_snapshot_position")) else {
            return Ok(None);
        };
        let place = || SourceError::Unexpected { action: ACTION, what: format!("{file} {position}") };
        let number: u64 = position.parse().map_err(|_| place())?;
        let asked = self.first(ACTION, &format!("SELECT BINLOG_GTID_POS({}, {number})", quoted(&file))).await?;
        let cell = asked.and_then(|row| row.into_iter().next().flatten()).ok_or_else(place)?;
        inspect::parse_set(ACTION, &String::from_utf8_lossy(&cell)).map(Some)
    }

    /// Reads a table's rows; the cells come in the order of its columns. Memory stays bounded: the server waits.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn rows(&mut self, selection: Selection<'_>) -> Result<Rows<'_>, SourceError> {
        let rows = self.session.rows(&select(selection)).await.map_err(SourceError::session(READING))?;
        Ok(Rows { rows })
    }

    /// As [`Reader::rows`], but the rows are lent one by one.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn lent(&mut self, selection: Selection<'_>) -> Result<LentRows<'_>, SourceError> {
        self.session.lent(&select(selection)).await.map_err(SourceError::session(READING))
    }

    /// Reads a part of a table's rows by a key, lent one by one.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn chunk(
        &mut self,
        table: &Table,
        key: Option<&ChunkKey>,
        range: &KeyRange,
    ) -> Result<LentRows<'_>, SourceError> {
        let mut sql = select(Selection::all(table));
        if let Some(key) = key.filter(|_| !range.is_whole()) {
            sql.push_str(&key.selection(range));
        }
        self.session.lent(&sql).await.map_err(SourceError::session(READING))
    }

    /// A query's first row.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn first(
        &mut self,
        action: &'static str,
        sql: &str,
    ) -> Result<Option<Vec<Option<Vec<u8>>>>, SourceError> {
        self.session.first(sql).await.map_err(SourceError::session(action))
    }

    /// All rows of a query that has few of them.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn all(&mut self, action: &'static str, sql: &str) -> Result<Vec<Vec<Option<Vec<u8>>>>, SourceError> {
        self.session.all(sql).await.map_err(SourceError::session(action))
    }

    /// InnoDB's estimate of a table's rows, for progress.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn estimated_rows(&mut self, table: &Table) -> Result<u64, SourceError> {
        let sql = format!("SELECT table_rows FROM information_schema.tables WHERE {}", named(&table.name));
        self.number("estimating a table", &sql).await.map(Option::unwrap_or_default)
    }

    /// Names of a database's tables with MySQL's estimates of their rows and of the bytes of a row.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn sizes(&mut self, database: &str) -> Result<Vec<(String, u64, u64)>, SourceError> {
        let sql = format!(
            "SELECT table_name, table_rows, avg_row_length FROM information_schema.tables \
             WHERE table_type = 'BASE TABLE' AND table_schema = {}",
            quoted(database)
        );
        let rows = self.all("estimating tables", &sql).await?;
        let text = |cell: Option<&Option<Vec<u8>>>| {
            cell.and_then(Option::as_deref).map(|cell| String::from_utf8_lossy(cell).into_owned()).unwrap_or_default()
        };
        let number = |cell| text(cell).parse().unwrap_or(0);
        Ok(rows.iter().map(|row| (text(row.first()), number(row.get(1)), number(row.get(2)))).collect())
    }

    /// The last value of `column` in the next `rows` rows above a bound, in the column's order; `None` when there are
    /// fewer rows.
    ///
    /// # Errors
    /// When the query fails, or the column has no order that is the same in PostgreSQL.
    pub async fn bound(
        &mut self,
        table: &Table,
        column: &Column,
        (above, rows): (Option<&Bound>, u64),
    ) -> Result<Option<Bound>, SourceError> {
        const ACTION: &str = "cutting a table";
        let name = backticks(&column.name);
        let range = Range { above: above.cloned(), upto: None };
        let sql = format!(
            "SELECT {name} FROM {}.{}{} ORDER BY {name} LIMIT 1 OFFSET {}",
            backticks(&table.name.database),
            backticks(&table.name.table),
            range.condition(&name, Bound::for_source),
            rows.saturating_sub(1)
        );
        let Some(row) = self.first(ACTION, &sql).await? else {
            return Ok(None);
        };
        let value = row.first().and_then(Option::as_deref);
        let bound = value.and_then(|value| Bound::of_source(&column.column_type, value));
        let unordered = || SourceError::Unexpected { action: ACTION, what: format!("no order for {}", column.name) };
        bound.map(Some).ok_or_else(unordered)
    }

    /// The AUTO_INCREMENT value that MySQL would hand out next, now (not at the snapshot's moment).
    ///
    /// # Errors
    /// When the query fails.
    pub async fn auto_increment(&mut self, table: &Table) -> Result<Option<u64>, SourceError> {
        let sql = format!("SELECT auto_increment FROM information_schema.tables WHERE {}", named(&table.name));
        self.number("reading AUTO_INCREMENT", &sql).await
    }

    /// The tables of `databases` as MySQL defines them now (not at the snapshot's moment: definitions have no snapshot).
    ///
    /// # Errors
    /// As [`inspect::catalogue`].
    pub async fn catalogue(&mut self, databases: &[String]) -> Result<Catalogue, SourceError> {
        let mut conn = inspect::connect(&self.source).await?;
        let catalogue = inspect::catalogue(&mut conn, databases).await;
        if let Err(error) = conn.disconnect().await {
            tracing::debug!(%error, "closing an inspecting connection");
        }
        catalogue
    }

    /// Ends the view and closes the connection.
    pub async fn close(self) {
        if let Err(error) = self.session.quit().await {
            tracing::debug!(%error, "closing a reading connection");
        }
    }

    async fn number(&mut self, action: &'static str, sql: &str) -> Result<Option<u64>, SourceError> {
        let row = self.first(action, sql).await?;
        let cell = row.and_then(|row| row.into_iter().next().flatten());
        Ok(cell.and_then(|cell| String::from_utf8(cell).ok()).and_then(|text| text.parse().ok()))
    }
}

/// A table's row of information_schema.
fn named(name: &TableName) -> String {
    format!("table_schema = {} AND table_name = {}", quoted(&name.database), quoted(&name.table))
}

/// A text as a literal of MySQL, whatever the mode of the session: its bytes.
pub(super) fn quoted(text: &str) -> String {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("_utf8mb4 X'{hex}'")
}

/// Rows as they arrive.
pub struct Rows<'a> {
    rows: TextRows<'a>,
}

impl Rows<'_> {
    /// The next row.
    ///
    /// # Errors
    /// When the query or its connection fails.
    pub async fn next(&mut self) -> Result<Option<SourceRow>, SourceError> {
        const MALFORMED: super::login::LoginError = super::login::LoginError::Protocol("a row");
        let Some(payload) = self.rows.whole().await.map_err(SourceError::session(READING))? else { return Ok(None) };
        let mut cells = Vec::with_capacity(self.rows.columns());
        let mut row = TextRow::new(&payload);
        for _ in 0..self.rows.columns() {
            let cell = row.cell().map_err(|_| SourceError::session(READING)(MALFORMED))?;
            cells.push(cell.map(|cell| payload.slice_ref(cell)));
        }
        Ok(Some(SourceRow(cells)))
    }
}

/// One row of MySQL's text values.
pub struct SourceRow(Vec<Option<Bytes>>);

impl SourceRow {
    /// The cell's text or bytes; `None` for NULL.
    #[must_use]
    pub fn cell(&self, index: usize) -> Option<&[u8]> {
        self.0.get(index)?.as_deref()
    }
}

fn select(selection: Selection<'_>) -> String {
    let table = selection.table;
    let columns: Vec<String> = table.columns.iter().map(expression).collect();
    let mut sql = format!(
        "SELECT /*!40001 SQL_NO_CACHE */ {} FROM {}.{}",
        columns.join(", "),
        backticks(&table.name.database),
        backticks(&table.name.table)
    );
    if let Some(column) = table.cut_along() {
        sql.push_str(&selection.range.condition(&backticks(&column.name), Bound::for_source));
    }
    if !selection.order.is_empty() {
        let order: Vec<String> = selection.order.iter().map(|column| order_expression(column)).collect();
        sql.push_str(" ORDER BY ");
        sql.push_str(&order.join(", "));
    }
    sql
}

fn expression(column: &Column) -> String {
    let name = backticks(&column.name);
    match column.column_type {
        ColumnType::Float { .. } => format!("{name} * 1e0"),
        _ => name,
    }
}

/// Character data in the order of its UTF-8 bytes, which is PostgreSQL's `"C"`; everything else has one order only.
fn order_expression(column: &Column) -> String {
    let name = backticks(&column.name);
    if crate::schema::types::is_character(&column.column_type) {
        format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)")
    } else {
        name
    }
}
