//! Where the rows of a statement go: nowhere, into memory (few), or straight on to the client.

use bytes::BytesMut;

use super::channel::Channel;
use super::cursor::Spool;
use super::error::MysqlError;
use crate::sql::plan::OutputColumn;
use crate::target::Row;
use crate::wire::cell::{self, CellFormat};
use crate::wire::constants::column_flags;
use crate::wire::resultset;
use crate::wire::{FieldType, StatusFlags};

/// Rows that a write or an expression may return to be looked at here.
const KEPT_LIMIT: usize = 1_000_000;

/// What a column's flags tell of its table.
const TABLE_FLAGS: u16 = column_flags::PRI_KEY
    | column_flags::UNIQUE_KEY
    | column_flags::MULTIPLE_KEY
    | column_flags::PART_KEY
    | column_flags::AUTO_INCREMENT
    | column_flags::ON_UPDATE_NOW
    | column_flags::TIMESTAMP;

/// Which of the two row protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Text,
    Binary,
    /// Binary rows that a cursor keeps for fetches.
    Cursor,
}

/// Where rows go.
pub(super) enum Sink<'a> {
    Nothing,
    Keep(&'a mut Vec<Row>),
    Client(ClientRows<'a>),
}

/// Why a row wasn't taken.
pub(super) enum SinkError {
    /// The client's socket failed.
    Client,
    Refused(MysqlError),
}

/// A result on its way to the client. The column definitions go out before the first row, or at the end when there
/// is none, so that an error before the first row is a plain ERR.
pub(super) struct ClientRows<'a> {
    pub(super) channel: &'a mut Channel,
    pub(super) columns: &'a [OutputColumn],
    pub(super) collation: u16,
    pub(super) status: StatusFlags,
    pub(super) protocol: Protocol,
    formats: Vec<CellFormat>,
    types: Vec<u32>,
    pub(super) rows: u64,
    /// How many columns behind the client's it doesn't see, and the last row's cells of them.
    pub(super) hidden: usize,
    pub(super) last: Vec<Option<Vec<u8>>>,
    started: bool,
    /// Where a cursor's rows go.
    spool: Option<Box<Spool>>,
}

/// What is left of a result whose rows are all there.
pub(super) struct Ended {
    pub(super) rows: u64,
    pub(super) spool: Option<Box<Spool>>,
}

impl<'a> ClientRows<'a> {
    pub(super) fn new(
        channel: &'a mut Channel,
        columns: &'a [OutputColumn],
        collation: u16,
        status: StatusFlags,
        protocol: Protocol,
    ) -> Self {
        Self {
            channel,
            columns,
            collation,
            status,
            protocol,
            formats: Vec::new(),
            types: Vec::new(),
            rows: 0,
            hidden: 0,
            last: Vec::new(),
            started: false,
            spool: (protocol == Protocol::Cursor).then(Box::default),
        }
    }

    /// Sends the definitions if they haven't been sent.
    pub(super) fn start(&mut self) {
        if self.started {
            return;
        }
        self.started = true;
        // A cursor's definitions follow when the result is there.
        if self.spool.is_none() {
            self.channel.put_columns(self.columns, self.collation, self.status);
        }
        let oid = |index: usize| self.types.get(index).copied().unwrap_or(0);
        self.formats = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let format = CellFormat::new(column.field, column.length, column.decimals, oid(index));
                if column.flags & column_flags::ZEROFILL != 0 { format.zero_filled(column.length) } else { format }
            })
            .collect();
    }

    /// Appends one row whose cells `cell` gives.
    pub(super) fn put<'r>(&mut self, cell: impl Fn(usize) -> Option<&'r [u8]>) -> Result<(), MysqlError> {
        self.start();
        let Self { channel, columns, .. } = self;
        if let Some(charset) = channel.results {
            let convert = |(index, column): (usize, &OutputColumn)| {
                let text = cell(index).and_then(|bytes| std::str::from_utf8(bytes).ok());
                let is_text = column.character || column.field == FieldType::Json;
                text.filter(|text| is_text && !text.is_ascii()).map(|text| charset.encode(text))
            };
            let converted: Vec<Option<Vec<u8>>> = columns.iter().enumerate().map(convert).collect();
            if converted.iter().any(Option::is_some) {
                return self.put_row(|index| converted.get(index).and_then(Option::as_deref).or_else(|| cell(index)));
            }
        }
        self.put_row(cell)
    }

    /// All rows are there.
    pub(super) fn end(mut self) -> Ended {
        self.start();
        if self.spool.is_some() {
            self.channel.put_count(self.columns.len());
            // MySQL's cursors read from a table that has no keys and fills nothing in.
            let plain = |column: &OutputColumn| OutputColumn { flags: column.flags & !TABLE_FLAGS, ..column.clone() };
            let columns: Vec<OutputColumn> = self.columns.iter().map(plain).collect();
            self.channel.put_definitions(&columns, self.collation);
        }
        Ended { rows: self.rows, spool: self.spool }
    }

    /// Lets go of memory: to the client, or to the cursor's file.
    pub(super) async fn relieve(&mut self) -> Result<(), SinkError> {
        match &mut self.spool {
            Some(spool) => spool.spill().await.map_err(SinkError::Refused),
            None => self.channel.flush_if_large().await.map_err(|_| SinkError::Client),
        }
    }

    fn put_row<'r>(&mut self, cell: impl Fn(usize) -> Option<&'r [u8]>) -> Result<(), MysqlError> {
        let Self { channel, formats, protocol, spool, .. } = self;
        let encoded = if let Some(spool) = spool {
            let mut row = BytesMut::new();
            let encoded = cell::binary_row(&mut row, formats, cell);
            spool.push(&row);
            encoded
        } else {
            resultset::frame(&mut channel.out, &mut channel.sequence, |out| match protocol {
                Protocol::Text => cell::text_row(out, formats, cell),
                Protocol::Binary | Protocol::Cursor => cell::binary_row(out, formats, cell),
            })
        };
        self.rows += 1;
        encoded.map_err(|error| {
            let name = self.columns.get(error.column).map(|column| column.name.as_str()).unwrap_or_default();
            MysqlError::new(1105, "HY000", format!("The value of column '{name}' can't be shown in its MySQL type"))
        })
    }
}

impl Sink<'_> {
    /// True once something was sent that can't be taken back.
    pub(super) const fn has_started(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Keep(rows) => !rows.is_empty(),
            Self::Client(client) if client.spool.is_some() => client.rows > 0,
            Self::Client(client) => client.started,
        }
    }

    /// PostgreSQL's types of the columns to come.
    pub(super) fn columns(&mut self, types: &[u32]) {
        if let Self::Client(client) = self {
            client.types = types.to_vec();
        }
    }

    pub(super) async fn row(&mut self, row: Row) -> Result<(), SinkError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Keep(rows) if rows.len() >= KEPT_LIMIT => {
                Err(SinkError::Refused(MysqlError::unsupported("a write that returns this many rows")))
            }
            Self::Keep(rows) => {
                rows.push(row);
                Ok(())
            }
            Self::Client(client) => {
                client.put(|index| row.get(index)).map_err(SinkError::Refused)?;
                let own = client.columns.len();
                client.last = (own..own + client.hidden).map(|at| row.get(at).map(<[u8]>::to_vec)).collect();
                client.relieve().await
            }
        }
    }
}
