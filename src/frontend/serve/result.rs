//! Where the rows of a statement go: nowhere, into memory (few), or straight on to the client.

use super::channel::Channel;
use super::error::MysqlError;
use crate::sql::plan::OutputColumn;
use crate::target::Row;
use crate::wire::cell::{self, CellFormat};
use crate::wire::constants::column_flags;
use crate::wire::resultset;
use crate::wire::{FieldType, StatusFlags};

/// Rows that a write or an expression may return to be looked at here.
const KEPT_LIMIT: usize = 1_000_000;

/// Which of the two row protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Text,
    Binary,
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
        }
    }

    /// Sends the definitions if they haven't been sent.
    pub(super) fn start(&mut self) {
        if self.started {
            return;
        }
        self.started = true;
        self.channel.put_columns(self.columns, self.collation, self.status);
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

    fn put_row<'r>(&mut self, cell: impl Fn(usize) -> Option<&'r [u8]>) -> Result<(), MysqlError> {
        let Self { channel, formats, protocol, .. } = self;
        let encoded = resultset::frame(&mut channel.out, &mut channel.sequence, |out| match protocol {
            Protocol::Text => cell::text_row(out, formats, cell),
            Protocol::Binary => cell::binary_row(out, formats, cell),
        });
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
                client.channel.flush_if_large().await.map_err(|_| SinkError::Client)
            }
        }
    }
}
