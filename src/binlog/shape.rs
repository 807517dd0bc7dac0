//! A table's rows with their meaning: the table map's packing and the catalogue's types together.

use std::borrow::Cow;

use crate::schema::{Column, ColumnType, Table, charset, types};

use super::BinlogError;
use super::cell::{self, Form, is_decodable, length_bytes};
use super::rows::{Image, Packed};
use super::table_map::{TableMap, WireColumn, code};

/// Cells of a row in the order of the table's columns; `None` for NULL. What the snapshot reads.
pub type Cells<'e> = Vec<Option<Cow<'e, [u8]>>>;

/// How the rows of one table map are read as rows of one table.
#[derive(Clone, Debug)]
pub struct Shape {
    columns: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    name: String,
    form: Form,
    /// Bytes of the length in front of a value.
    prefix: usize,
    /// The server computes it; an image may leave it out.
    generated: bool,
}

impl Shape {
    /// Brings both descriptions together.
    ///
    /// # Errors
    /// [`BinlogError::Refused`] in words for the operator when they don't agree, or when a type isn't carried.
    pub fn new(map: &TableMap, table: &Table) -> Result<Self, BinlogError> {
        if map.columns.len() != table.columns.len() {
            return Err(BinlogError::Refused(format!(
                "the binary log has {} columns for it and the catalogue {}",
                map.columns.len(),
                table.columns.len()
            )));
        }
        let part = |(column, wire): (&Column, &WireColumn)| {
            let form = form(column, *wire, table)?;
            let generated = column.generated.is_some();
            Ok(Part { name: column.name.clone(), form, prefix: length_bytes(*wire), generated })
        };
        let columns = table.columns.iter().zip(&map.columns).map(part).collect::<Result<_, BinlogError>>()?;
        Ok(Self { columns })
    }

    /// The cells of an image. `before` is the image in front of it, which changes to JSON documents refer to.
    ///
    /// # Errors
    /// [`BinlogError`]; `Refused` when the image isn't whole.
    pub fn cells<'e>(&self, image: &Image<'e>, before: Option<&Image<'e>>) -> Result<Cells<'e>, BinlogError> {
        (0..self.columns.len()).map(|index| self.cell(index, image, before)).collect()
    }

    /// One cell of an image, by its column's place in the table.
    ///
    /// # Errors
    /// As [`Shape::cells`], for this column.
    pub fn cell<'e>(
        &self,
        index: usize,
        image: &Image<'e>,
        before: Option<&Image<'e>>,
    ) -> Result<Option<Cow<'e, [u8]>>, BinlogError> {
        const NO_COLUMN: BinlogError = BinlogError::Malformed("an image with fewer columns than its table");
        let (Some(part), Some(packed)) = (self.columns.get(index), image.cells.get(index)) else {
            return Err(NO_COLUMN);
        };
        Ok(match packed {
            Packed::Null => None,
            Packed::Value(value) => Some(cell::text(&part.form, part.strip(value)?)?),
            Packed::Changes(changes) => {
                let old = before.and_then(|before| before.cells.get(index));
                let Some(Packed::Value(old)) = old else {
                    return Err(BinlogError::Malformed("changes to a document that isn't there"));
                };
                Some(Cow::Owned(cell::changed_document(part.strip(old)?, part.strip(changes)?)?))
            }
            Packed::Absent if part.generated => None,
            Packed::Absent => {
                return Err(BinlogError::Refused(format!(
                    "the binary log leaves out column {}: a session wrote with binlog_row_image other than FULL",
                    part.name
                )));
            }
        })
    }
}

impl Shape {
    /// A value as it's packed, without its length in front; `None` for NULL and for what isn't there.
    #[must_use]
    pub fn packed<'e>(&self, index: usize, image: &Image<'e>) -> Option<&'e [u8]> {
        match (self.columns.get(index)?, image.cells.get(index)?) {
            (part, Packed::Value(value)) => part.strip(value).ok(),
            (_, Packed::Null | Packed::Absent | Packed::Changes(_)) => None,
        }
    }
}

impl Part {
    fn strip<'e>(&self, value: &'e [u8]) -> Result<&'e [u8], BinlogError> {
        value.get(self.prefix..).ok_or(BinlogError::Malformed("a value without its length"))
    }
}

/// The form of a column whose packing fits its type.
fn form(column: &Column, wire: WireColumn, table: &Table) -> Result<Form, BinlogError> {
    let unfit = || {
        BinlogError::Refused(format!(
            "the binary log has another type for column {} ({}) than {}",
            column.name, wire.code, column.type_text
        ))
    };
    let integer = |expected: u8, unsigned: bool| {
        let fits = wire.code == expected && wire.unsigned.is_none_or(|told| told == unsigned);
        if fits { Ok(Form::Integer { unsigned }) } else { Err(unfit()) }
    };
    let timed = |expected: u8, fraction: u8, form: Form| {
        if wire.code == expected && wire.meta == u16::from(fraction) { Ok(form) } else { Err(unfit()) }
    };
    let plain = |expected: &[u8], form: Form| if expected.contains(&wire.code) { Ok(form) } else { Err(unfit()) };
    let [high, low] = wire.meta.to_be_bytes();
    const BLOBS: [u8; 4] = [code::BLOB, code::TINY_BLOB, code::MEDIUM_BLOB, code::LONG_BLOB];
    match &column.column_type {
        ColumnType::TinyInt { unsigned, .. } => integer(code::TINY, *unsigned),
        ColumnType::SmallInt { unsigned } => integer(code::SHORT, *unsigned),
        ColumnType::MediumInt { unsigned } => integer(code::INT24, *unsigned),
        ColumnType::Int { unsigned } => integer(code::LONG, *unsigned),
        ColumnType::BigInt { unsigned } => integer(code::LONGLONG, *unsigned),
        ColumnType::Decimal { precision, scale, .. } if (high, low) == (*precision, *scale) => {
            plain(&[code::NEWDECIMAL], Form::Decimal { precision: high, scale: low })
        }
        ColumnType::Float { .. } => plain(&[code::FLOAT], Form::Float),
        ColumnType::Double { .. } => plain(&[code::DOUBLE], Form::Double),
        ColumnType::Bit { bits } if u16::from(high) * 8 + u16::from(low) == u16::from(*bits) => {
            plain(&[code::BIT], Form::Bit)
        }
        ColumnType::Year => plain(&[code::YEAR], Form::Year),
        ColumnType::Date => plain(&[code::DATE], Form::Date),
        ColumnType::Time { fraction } => timed(code::TIME2, *fraction, Form::Time { digits: wire.meta }),
        ColumnType::DateTime { fraction } => timed(code::DATETIME2, *fraction, Form::DateTime { digits: wire.meta }),
        ColumnType::Timestamp { fraction } => timed(code::TIMESTAMP2, *fraction, Form::Timestamp { digits: wire.meta }),
        ColumnType::Char { .. } => plain(&[code::STRING], characters(column, table)?),
        ColumnType::VarChar { .. } => plain(&[code::VARCHAR, code::VAR_STRING], characters(column, table)?),
        ColumnType::TinyText | ColumnType::Text | ColumnType::MediumText | ColumnType::LongText => {
            plain(&BLOBS, characters(column, table)?)
        }
        ColumnType::Binary { length } => plain(&[code::STRING], Form::Padded { length: *length as usize }),
        ColumnType::VarBinary { .. } => plain(&[code::VARCHAR, code::VAR_STRING], Form::Bytes),
        ColumnType::TinyBlob | ColumnType::Blob | ColumnType::MediumBlob | ColumnType::LongBlob => {
            plain(&BLOBS, Form::Bytes)
        }
        ColumnType::Enum { labels } => plain(&[code::ENUM], Form::Enum { labels: labels.clone() }),
        ColumnType::Set { labels } => plain(&[code::SET], Form::Set { labels: labels.clone() }),
        ColumnType::Json => plain(&[code::JSON], Form::Json),
        ColumnType::Geometry { .. } => plain(&[code::GEOMETRY], Form::Bytes),
        ColumnType::Decimal { .. } | ColumnType::Bit { .. } | ColumnType::Unsupported { .. } => Err(unfit()),
    }
}

/// The character set of a column, if text in it can be turned into UTF-8.
fn characters(column: &Column, table: &Table) -> Result<Form, BinlogError> {
    let name = column.charset.as_deref().unwrap_or(&table.charset);
    match charset::find(name).filter(|set| is_decodable(set)) {
        Some(set) => Ok(Form::Characters { set }),
        None => Err(BinlogError::Refused(format!(
            "column {} has character set {name}, which the binary log's lane doesn't carry: convert it to utf8mb4",
            column.name
        ))),
    }
}

/// Columns whose values in the binary log can't be carried, each as a sentence.
#[must_use]
pub fn uncarried(table: &Table) -> Vec<String> {
    let text = table.columns.iter().filter(|column| {
        types::is_character(&column.column_type)
            && !matches!(column.column_type, ColumnType::Enum { .. } | ColumnType::Set { .. })
    });
    let refused = text.filter_map(|column| characters(column, table).err());
    let refused = refused.map(|error| format!("{}: {error}", table.name));
    refused.chain(table.columns.iter().filter_map(|column| foreign_form(column, table))).collect()
}

/// Columns that MariaDB stores in a form of its own; it says so in comments behind the type.
fn foreign_form(column: &Column, table: &Table) -> Option<String> {
    let what = if column.type_text.contains("COMPRESSED") {
        "is COMPRESSED, which the binary log's lane doesn't carry: MODIFY it without"
    } else if column.type_text.contains("mariadb-5.3") {
        "has values in the form of MariaDB 5.3, which the binary log's lane doesn't carry: ALTER TABLE … FORCE"
    } else {
        return None;
    };
    Some(format!("{}: column {} {what}", table.name, column.name))
}
