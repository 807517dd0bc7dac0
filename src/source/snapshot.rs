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

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, QueryResult, Row, TextProtocol, Value};

use super::inspect::Family;
use super::{SourceError, backticks, inspect};
use crate::config::Source;
use crate::position::GtidSet;
use crate::schema::{Bound, Catalogue, Column, ColumnType, Range, Table};

/// Connections that are ready to open a snapshot. Connecting is slow; opening is not.
pub struct Prepared {
    family: Family,
    control: Conn,
    readers: Vec<Conn>,
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

/// One connection of a snapshot.
pub struct Reader {
    conn: Conn,
}

/// Connects `connections` readers and the connection that reads positions.
///
/// # Errors
/// When the server can't be reached or refuses.
pub async fn prepare(source: &Source, connections: usize) -> Result<Prepared, SourceError> {
    // A slow target makes the server wait for us: it must not give up. Whole key values take part in sorting.
    const SESSION: [&str; 3] = [
        "SET SESSION net_write_timeout = 86400, net_read_timeout = 86400, wait_timeout = 604800",
        "SET SESSION max_sort_length = 8192",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ];
    let mut readers = Vec::with_capacity(connections);
    for _ in 0..connections.max(1) {
        let mut conn = inspect::connect(source).await?;
        for statement in SESSION {
            conn.query_drop(statement).await.map_err(SourceError::query("preparing a snapshot"))?;
        }
        inspect::without_limit(&mut conn).await?;
        readers.push(conn);
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
        for mut conn in self.readers {
            opening.spawn(async move {
                conn.query_drop(BEGIN).await.map_err(SourceError::query("opening a snapshot"))?;
                let seen = match family {
                    Family::MySql => None,
                    Family::MariaDb => inspect::snapshot_position(&mut conn).await?,
                };
                Ok::<_, SourceError>((Reader { conn }, seen))
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

impl Reader {
    /// Reads a table's rows; the cells come in the order of its columns. Memory stays bounded: the server waits.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn rows(&mut self, selection: Selection<'_>) -> Result<Rows<'_>, SourceError> {
        let result = self.conn.query_iter(select(selection)).await.map_err(SourceError::query(READING))?;
        Ok(Rows { result })
    }

    /// InnoDB's estimate of a table's rows, for progress.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn estimated_rows(&mut self, table: &Table) -> Result<u64, SourceError> {
        const SQL: &str = "SELECT table_rows FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
        let name = (&table.name.database, &table.name.table);
        let rows: Option<Option<u64>> =
            self.conn.exec_first(SQL, name).await.map_err(SourceError::query("estimating a table"))?;
        Ok(rows.flatten().unwrap_or(0))
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
        let found: Option<Row> = self.conn.query_first(sql).await.map_err(SourceError::query(ACTION))?;
        let Some(row) = found.map(SourceRow) else {
            return Ok(None);
        };
        let bound = row.cell(0).and_then(|value| Bound::of_source(&column.column_type, value));
        let unordered = || SourceError::Unexpected { action: ACTION, what: format!("no order for {}", column.name) };
        bound.map(Some).ok_or_else(unordered)
    }

    /// The AUTO_INCREMENT value that MySQL would hand out next, now (not at the snapshot's moment).
    ///
    /// # Errors
    /// When the query fails.
    pub async fn auto_increment(&mut self, table: &Table) -> Result<Option<u64>, SourceError> {
        inspect::auto_increment(&mut self.conn, &table.name).await
    }

    /// The tables of `databases` as MySQL defines them now (not at the snapshot's moment: definitions have no snapshot).
    ///
    /// # Errors
    /// As [`inspect::catalogue`].
    pub async fn catalogue(&mut self, databases: &[String]) -> Result<Catalogue, SourceError> {
        inspect::catalogue(&mut self.conn, databases).await
    }

    /// Ends the view and closes the connection.
    pub async fn close(self) {
        if let Err(error) = self.conn.disconnect().await {
            tracing::debug!(%error, "closing a snapshot connection");
        }
    }
}

const READING: &str = "reading a table";

/// Rows as they arrive.
pub struct Rows<'a> {
    result: QueryResult<'a, 'static, TextProtocol>,
}

impl Rows<'_> {
    /// The next row.
    ///
    /// # Errors
    /// When the query or its connection fails.
    pub async fn next(&mut self) -> Result<Option<SourceRow>, SourceError> {
        Ok(self.result.next().await.map_err(SourceError::query(READING))?.map(SourceRow))
    }
}

/// One row of MySQL's text values.
pub struct SourceRow(Row);

impl SourceRow {
    /// The cell's text or bytes; `None` for NULL.
    #[must_use]
    pub fn cell(&self, index: usize) -> Option<&[u8]> {
        match self.0.as_ref(index) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
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
