//! Rows in PostgreSQL's binary COPY format, made from MySQL's rows in the binary protocol; and single values, from their texts.
//!
//! Every value is either encoded exactly or refused by name: nothing is rounded, padded, cut or replaced. Decimals go
//! from digits to digits, never through a float. As text a FLOAT must arrive as the equal DOUBLE, because MySQL prints a
//! FLOAT with six digits only.
//!
//! A zero date is `-infinity`, as everywhere in Bascule: it sorts below every other date on both servers.
//!
//! A row comes as MySQL's packet has it and is encoded cell by cell from there. A large row isn't in memory as a whole: its
//! texts and bytes, which PostgreSQL takes as they are, go through in pieces ([`TextCheck`]).
//!
//! What PostgreSQL can't hold: partial and impossible dates, year 0 and a time of day on a zero date; NUL in character
//! data and in the names of JSON members.

mod binary;
mod numeric;
#[cfg(test)]
mod tests;

use bytes::{BufMut as _, BytesMut};

use crate::schema::{ColumnType, Table, TableName};
use crate::value::json::Problem;
use crate::value::{Clock, Date, text};
use crate::wire::binary_row::{BinaryRow, Column};

/// What begins a binary COPY: signature, no flags, no header extension.
pub const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What ends it.
pub const TRAILER: &[u8] = &[0xff, 0xff];

/// Why PostgreSQL can't hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueRefusal {
    #[error("a partial date, or a zero date with a time of day")]
    PartialDate,
    #[error("a date that isn't in PostgreSQL's calendar")]
    Date,
    #[error("a NUL character in text")]
    NulInText,
    #[error("text that isn't UTF-8")]
    NotUtf8,
    #[error("a NUL character in the name of a JSON member")]
    NulInJson,
    #[error("a number out of its type's range")]
    OutOfRange,
    #[error("text that isn't a value of its type")]
    Malformed,
    #[error("a value of more than one gigabyte")]
    TooLarge,
}

/// A value that can't be carried, with the place where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} of the row with key ({key}) holds {reason}, which PostgreSQL can't store")]
pub struct Refusal {
    pub table: TableName,
    pub column: String,
    /// The row's primary key, values separated by commas; or the row's number when there is no key.
    pub key: String,
    pub reason: ValueRefusal,
}

/// PostgreSQL's least number of days or microseconds stands for `-infinity`.
const ZERO_DATE: Date = Date { year: 0, month: 0, day: 0 };

/// Why a row isn't encoded.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    #[error("a row of {0} has other cells than its table has columns")]
    Malformed(TableName),
}

/// Encodes the rows of one table. Cells come in the order of the table's columns.
#[derive(Debug)]
pub struct RowEncoder {
    name: TableName,
    columns: Vec<(String, Encoding)>,
    /// Positions of the primary key's columns.
    key: Vec<usize>,
    rows: u64,
}

impl RowEncoder {
    /// An encoder for rows of `table`.
    #[must_use]
    pub fn new(table: &Table) -> Self {
        let position = |name: &str| table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
        let parts = table.primary_key().map_or(&[][..], |key| key.parts.as_slice());
        let encoding = |column: &crate::schema::Column| (column.name.clone(), Encoding::of(&column.column_type));
        Self {
            name: table.name.clone(),
            columns: table.columns.iter().map(encoding).collect(),
            key: parts.iter().filter_map(|part| position(part.column.as_deref()?)).collect(),
            rows: 0,
        }
    }

    /// Appends one row of MySQL's binary protocol, whose `columns` are those of the answer, to `out`.
    ///
    /// # Errors
    /// [`RowError`] for the first value that PostgreSQL can't hold; what was appended of the row must not be sent.
    pub fn row(&mut self, columns: &[Column], payload: &[u8], out: &mut BytesMut) -> Result<(), RowError> {
        let malformed = || RowError::Malformed(self.name.clone());
        if columns.len() != self.columns.len() {
            return Err(malformed());
        }
        let mut row = BinaryRow::new(payload, columns.len()).map_err(|_| malformed())?;
        self.begin_row(out);
        for (index, column) in columns.iter().enumerate() {
            let Some(cell) = row.cell(*column).map_err(|_| RowError::Malformed(self.name.clone()))? else {
                out.put_i32(-1);
                continue;
            };
            self.put(index, *column, cell, out)
                .map_err(|reason| self.refusal(index, reason, self.key_of(columns, payload)))?;
        }
        if row.is_empty() { Ok(()) } else { Err(RowError::Malformed(self.name.clone())) }
    }

    /// Begins a row whose cells follow one by one.
    pub fn begin_row(&mut self, out: &mut BytesMut) {
        self.rows += 1;
        out.put_i16(i16::try_from(self.columns.len()).expect("MySQL tables have at most 4096 columns"));
    }

    /// The columns' encodings, in their order.
    pub fn encodings(&self) -> impl ExactSizeIterator<Item = Encoding> + use<> {
        self.columns.iter().map(|(_, encoding)| *encoding).collect::<Vec<_>>().into_iter()
    }

    /// Whether the cells of a column tell which row it is.
    #[must_use]
    pub fn is_key(&self, index: usize) -> bool {
        self.key.contains(&index)
    }

    /// Appends the cell of a column with its length.
    ///
    /// # Errors
    /// The reason why PostgreSQL can't hold it.
    pub fn put(&self, index: usize, column: Column, cell: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
        let encoding = self.columns.get(index).map_or(Encoding::None, |(_, encoding)| *encoding);
        if cell.len() >= LIMIT {
            return Err(ValueRefusal::TooLarge);
        }
        let start = out.len();
        out.put_i32(0);
        binary::encode(encoding, column, cell, out)?;
        let length = i32::try_from(out.len() - start - 4).expect("values are limited to a gigabyte");
        if let Some(prefix) = out.get_mut(start..start + 4) {
            prefix.copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    /// The refusal of a column's value in the row that was begun last; `key` is that row's key as far as it's known.
    #[must_use]
    pub fn refusal(&self, index: usize, reason: ValueRefusal, key: Option<Vec<String>>) -> Box<Refusal> {
        let column = self.columns.get(index).map(|(name, _)| name.clone()).unwrap_or_default();
        let key = match key {
            Some(parts) if !parts.is_empty() => parts.join(", "),
            Some(_) => format!("row {} of a table without a primary key", self.rows),
            None => format!("row {} of those read together", self.rows),
        };
        Box::new(Refusal { table: self.name.clone(), column, key, reason })
    }

    /// The texts of a row's key.
    fn key_of(&self, columns: &[Column], payload: &[u8]) -> Option<Vec<String>> {
        let mut row = BinaryRow::new(payload, columns.len()).ok()?;
        let mut texts = vec![String::new(); self.key.len()];
        for (index, column) in columns.iter().enumerate() {
            let cell = row.cell(*column).ok()?;
            for (_, text) in self.key.iter().zip(&mut texts).filter(|(place, _)| **place == index) {
                *text = cell.map_or("NULL".to_owned(), |cell| binary::shown(*column, cell));
            }
        }
        Some(texts)
    }
}

/// A cell of MySQL's binary protocol for a message.
pub(crate) fn shown(column: Column, cell: &[u8]) -> String {
    binary::shown(column, cell)
}

/// A value for a message: text when it is text, else hexadecimal, and never long.
pub(crate) fn display(value: &[u8]) -> std::borrow::Cow<'_, str> {
    const LIMIT: usize = 64;
    match std::str::from_utf8(value) {
        Ok(text) if text.chars().count() <= LIMIT && !text.contains('\0') => text.into(),
        Ok(text) if !text.contains('\0') => format!("{}…", text.chars().take(LIMIT).collect::<String>()).into(),
        _ => {
            let shown = value.iter().take(LIMIT).map(|byte| format!("{byte:02x}")).collect::<String>();
            let more = if value.len() > LIMIT { "…" } else { "" };
            format!("0x{shown}{more}").into()
        }
    }
}

/// How a column's text becomes PostgreSQL's binary value; the same type as [`crate::schema::types::pg_type`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    SmallInt,
    Integer,
    BigInt,
    Numeric,
    /// BIT of up to 63 bits.
    Bits,
    /// BIT(64).
    WideBits,
    Real,
    Double,
    Date,
    Moment,
    Interval,
    Json,
    /// As it comes, if it's text that PostgreSQL can hold.
    Text,
    /// As it comes.
    Bytes,
    /// A type that isn't carried.
    None,
}

impl Encoding {
    /// The encoding of a type.
    #[must_use]
    pub const fn of(column_type: &ColumnType) -> Self {
        match column_type {
            ColumnType::TinyInt { .. } | ColumnType::SmallInt { unsigned: false } | ColumnType::Year => Self::SmallInt,
            ColumnType::SmallInt { unsigned: true }
            | ColumnType::MediumInt { .. }
            | ColumnType::Int { unsigned: false } => Self::Integer,
            ColumnType::Int { unsigned: true } | ColumnType::BigInt { unsigned: false } => Self::BigInt,
            ColumnType::BigInt { unsigned: true } | ColumnType::Decimal { .. } => Self::Numeric,
            ColumnType::Bit { bits } if *bits < 64 => Self::Bits,
            ColumnType::Bit { .. } => Self::WideBits,
            ColumnType::Float { .. } => Self::Real,
            ColumnType::Double { .. } => Self::Double,
            ColumnType::Date => Self::Date,
            ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => Self::Moment,
            ColumnType::Time { .. } => Self::Interval,
            ColumnType::Json => Self::Json,
            ColumnType::Char { .. }
            | ColumnType::VarChar { .. }
            | ColumnType::TinyText
            | ColumnType::Text
            | ColumnType::MediumText
            | ColumnType::LongText
            | ColumnType::Enum { .. }
            | ColumnType::Set { .. } => Self::Text,
            ColumnType::Binary { .. }
            | ColumnType::VarBinary { .. }
            | ColumnType::TinyBlob
            | ColumnType::Blob
            | ColumnType::MediumBlob
            | ColumnType::LongBlob
            | ColumnType::Geometry { .. } => Self::Bytes,
            ColumnType::Unsupported { .. } => Self::None,
        }
    }

    /// Appends the binary form of one value, without its length.
    ///
    /// # Errors
    /// The reason why PostgreSQL can't hold it.
    pub fn encode(self, value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
        if value.len() >= LIMIT {
            return Err(ValueRefusal::TooLarge);
        }
        match self {
            Self::SmallInt => {
                out.put_i16(i16::try_from(integer(value)?).map_err(|_| ValueRefusal::OutOfRange)?);
            }
            Self::Integer => out.put_i32(i32::try_from(integer(value)?).map_err(|_| ValueRefusal::OutOfRange)?),
            Self::BigInt => out.put_i64(integer(value)?),
            Self::Numeric => numeric::put(value, out)?,
            Self::Bits => {
                let number = bit_number(value).ok_or(ValueRefusal::Malformed)?;
                out.put_i64(i64::try_from(number).map_err(|_| ValueRefusal::OutOfRange)?);
            }
            Self::WideBits => {
                let number = bit_number(value).ok_or(ValueRefusal::Malformed)?;
                numeric::put(number.to_string().as_bytes(), out)?;
            }
            Self::Real => out.put_f32(float(value)?),
            Self::Double => out.put_f64(ascii(value)?.parse().map_err(|_| ValueRefusal::Malformed)?),
            Self::Date => put_date(text::date(value).ok_or(ValueRefusal::Malformed)?, out)?,
            Self::Moment => {
                let (date, clock) = text::date_time(value).ok_or(ValueRefusal::Malformed)?;
                put_moment(date, clock, out)?;
            }
            Self::Interval => {
                let (negative, clock) = text::time(value).ok_or(ValueRefusal::Malformed)?;
                put_interval(negative, clock, out);
            }
            Self::Json => {
                out.put_u8(1);
                out.put_slice(document(value)?.as_bytes());
            }
            Self::Text => {
                TextCheck::default().whole(value)?;
                out.put_slice(value);
            }
            Self::Bytes => out.put_slice(value),
            Self::None => return Err(ValueRefusal::Malformed),
        }
        Ok(())
    }
}

/// Appends the binary form of one value of a type, without its length.
///
/// # Errors
/// The reason why PostgreSQL can't hold it.
pub fn encode(column_type: &ColumnType, value: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    Encoding::of(column_type).encode(value, out)
}

/// PostgreSQL holds no value of a gigabyte.
pub const LIMIT: usize = 1 << 30;

/// Looks over a text that comes in pieces: it must be UTF-8 without NUL. A piece may end within a character.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextCheck {
    /// The beginning of a character whose rest is still to come.
    begun: [u8; 4],
    length: usize,
}

impl TextCheck {
    /// The next piece.
    ///
    /// # Errors
    /// Why PostgreSQL can't hold the text.
    pub fn piece(&mut self, piece: &[u8]) -> Result<(), ValueRefusal> {
        if memchr::memchr(0, piece).is_some() {
            return Err(ValueRefusal::NulInText);
        }
        let mut rest = piece;
        while self.length > 0
            && let Some((first, after)) = rest.split_first()
        {
            let place = self.begun.get_mut(self.length).ok_or(ValueRefusal::NotUtf8)?;
            *place = *first;
            self.length += 1;
            rest = after;
            match std::str::from_utf8(self.begun.get(..self.length).unwrap_or_default()) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(ValueRefusal::NotUtf8),
            }
        }
        if let Err(error) = std::str::from_utf8(rest) {
            let begun = rest.get(error.valid_up_to()..).unwrap_or_default();
            let place = self.begun.get_mut(..begun.len()).ok_or(ValueRefusal::NotUtf8)?;
            if error.error_len().is_some() {
                return Err(ValueRefusal::NotUtf8);
            }
            place.copy_from_slice(begun);
            self.length = begun.len();
        }
        Ok(())
    }

    /// The end of the text.
    ///
    /// # Errors
    /// When it ends within a character.
    pub const fn end(self) -> Result<(), ValueRefusal> {
        if self.length == 0 { Ok(()) } else { Err(ValueRefusal::NotUtf8) }
    }

    fn whole(mut self, text: &[u8]) -> Result<(), ValueRefusal> {
        self.piece(text)?;
        self.end()
    }
}

fn ascii(value: &[u8]) -> Result<&str, ValueRefusal> {
    std::str::from_utf8(value).map_err(|_| ValueRefusal::Malformed)
}

/// `[-]ddd`, with every value of 64 bits and sign.
fn integer(value: &[u8]) -> Result<i64, ValueRefusal> {
    let (negative, digits) = match value.split_first() {
        Some((b'-', digits)) => (true, digits),
        _ => (false, value),
    };
    if digits.is_empty() {
        return Err(ValueRefusal::Malformed);
    }
    // Counted below zero, where there's one more value.
    let mut number = 0_i64;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return Err(ValueRefusal::Malformed);
        }
        let next = number.checked_mul(10).and_then(|number| number.checked_sub(i64::from(byte - b'0')));
        number = next.ok_or(ValueRefusal::OutOfRange)?;
    }
    if negative { Ok(number) } else { number.checked_neg().ok_or(ValueRefusal::OutOfRange) }
}

/// The number that the big-endian bytes of a BIT value spell.
pub(crate) fn bit_number(value: &[u8]) -> Option<u64> {
    (value.len() <= 8).then(|| value.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
}

fn float(value: &[u8]) -> Result<f32, ValueRefusal> {
    narrow(ascii(value)?.parse().map_err(|_| ValueRefusal::Malformed)?)
}

/// The FLOAT that a DOUBLE equals.
fn narrow(wide: f64) -> Result<f32, ValueRefusal> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be exact just below")]
    let narrow = wide as f32;
    if f64::from(narrow) == wide { Ok(narrow) } else { Err(ValueRefusal::OutOfRange) }
}

fn put_date(date: Date, out: &mut BytesMut) -> Result<(), ValueRefusal> {
    out.put_i32(if date == ZERO_DATE { i32::MIN } else { days(date)? });
    Ok(())
}

fn put_moment(date: Date, clock: Clock, out: &mut BytesMut) -> Result<(), ValueRefusal> {
    const DAY: i64 = 86_400_000_000;
    let zero = date == ZERO_DATE && clock.total_micros() == 0;
    out.put_i64(if zero { i64::MIN } else { i64::from(days(date)?) * DAY + clock.total_micros() });
    Ok(())
}

fn put_interval(negative: bool, clock: Clock, out: &mut BytesMut) {
    let micros = clock.total_micros();
    out.put_i64(if negative { -micros } else { micros });
    // No days and no months: a TIME is hours, however many.
    out.put_i64(0);
}

fn days(date: Date) -> Result<i32, ValueRefusal> {
    if date.month == 0 || date.day == 0 {
        return Err(ValueRefusal::PartialDate);
    }
    date.days_since_2000().ok_or(ValueRefusal::Date)
}

/// A document in the form that jsonb carries.
///
/// # Errors
/// The reason why PostgreSQL can't hold it.
pub fn document(value: &[u8]) -> Result<String, ValueRefusal> {
    let text = std::str::from_utf8(value).map_err(|_| ValueRefusal::NotUtf8)?;
    crate::value::json::carried(text, crate::value::json::Writer::Mysql).map_err(|problem| match problem {
        Problem::Uncarried(_) => ValueRefusal::NulInJson,
        Problem::Syntax(..) | Problem::Depth => ValueRefusal::Malformed,
    })
}
