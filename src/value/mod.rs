//! One cell and its conversions: exact, or refused with a reason. Pure.

pub mod json;
pub mod text;

use serde::{Deserialize, Serialize};

/// A MySQL value on its way between a client, the spool and PostgreSQL.
///
/// Numbers that a machine type can't hold exactly stay text; text is UTF-8; everything else is bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    UInt(u64),
    /// FLOAT as a binary parameter.
    Float(f32),
    /// DOUBLE, or a literal with an exponent.
    Double(f64),
    /// An exact number as decimal digits: `-12.30`.
    Decimal(String),
    /// Character data.
    Text(String),
    /// Binary data, or character data whose charset isn't known.
    Bytes(Vec<u8>),
    /// A calendar date; zero and partial dates are possible.
    Date(Date),
    /// A date and time of day without zone.
    DateTime(Date, Clock),
    /// A duration of up to 838:59:59.
    Time {
        /// Below zero.
        negative: bool,
        /// Hours may exceed a day.
        clock: Clock,
    },
}

/// A MySQL date; `0000-00-00` and `2024-00-00` are legal in MySQL and not in PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Date {
    /// 0 to 9999.
    pub year: u16,
    /// 0 to 12.
    pub month: u8,
    /// 0 to 31.
    pub day: u8,
}

/// Hours, minutes, seconds and microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Clock {
    /// Up to 23 in a day, up to 838 in a TIME.
    pub hours: u32,
    /// 0 to 59.
    pub minutes: u8,
    /// 0 to 59.
    pub seconds: u8,
    /// 0 to 999,999.
    pub micros: u32,
}
