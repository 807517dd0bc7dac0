//! The records of the spool and their bytes.
//!
//! A transaction is an [`Record::Intent`] before its commit is forwarded and an [`Record::Outcome`] after the answer.
//! The intent's identity is the sequence number of its record, so a record never carries an id that could be used
//! twice. The coding is our own and small: numbers are little-endian, texts and lists are preceded by their length.
//! Floating-point values travel as their bits, because a repeated write must be the same to the last bit.
//! Decoding checks every length and never panics: a record that passed its checksum and still can't be read is an
//! error with a name.

use std::sync::Arc;

use crate::change::{Affected, CapturedStatement, Inexact, StatementContext, WriteAnswer};
use crate::position::{Gtid, GtidSet};
use crate::schema::TableName;
use crate::value::{Clock, Date, Value};

use super::PendingWrite;

/// One entry of the spool.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Record {
    /// A transaction that may be committed from here on.
    Intent(Intent),
    /// What became of an intent.
    Outcome {
        /// Sequence number of the intent; 0 when there was none.
        intent: u64,
        result: Outcome,
    },
    /// MySQL had executed all of these when this was written; what isn't known by then came another way.
    Executed(GtidSet),
    /// A new process opened the spool: intents before this without an outcome will never get one.
    Restarted,
    /// These MySQL connections are gone, and MySQL has executed what an [`Record::Executed`] before this says.
    Gone { connections: Vec<u64> },
    /// Transactions were lost.
    Lost { reason: String },
}

/// A transaction before its commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Intent {
    /// MySQL's connection id.
    pub(super) connection: u64,
    /// What MySQL has already answered.
    pub(super) statements: Vec<CapturedStatement>,
    /// The statement that will be forwarded and commits by itself.
    pub(super) pending: Option<PendingWrite>,
    pub(super) inexact: Option<Inexact>,
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// MySQL committed it under these numbers: one, unless a single command committed several times.
    Committed {
        gtids: Vec<Gtid>,
        /// The answer to the pending statement.
        answer: Option<WriteAnswer>,
        /// Statements that the intent doesn't hold.
        more: Vec<CapturedStatement>,
        inexact: Option<Inexact>,
    },
    /// Rolled back, or nothing was written to MySQL's binary log.
    Nothing,
    /// The connection broke before the answer.
    Unknown { reason: String },
}

/// Bytes that aren't a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a record of this spool format")]
pub(super) struct Unreadable;

impl Record {
    /// The record as bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Self::Intent(intent) => {
                out.byte(1);
                out.number(intent.connection);
                out.statements(&intent.statements);
                out.option(intent.pending.as_ref(), |out, pending| {
                    out.text(&pending.text);
                    out.list(&pending.parameters, Writer::value);
                    out.context(&pending.context);
                    out.signed(pending.time_micros);
                    out.flag(pending.time_exact);
                });
                out.option(intent.inexact.as_ref(), Writer::inexact);
            }
            Self::Outcome { intent, result } => {
                out.byte(2);
                out.number(*intent);
                out.outcome(result);
            }
            Self::Executed(set) => {
                out.byte(3);
                out.text(&set.to_string());
            }
            Self::Restarted => out.byte(4),
            Self::Gone { connections } => {
                out.byte(5);
                out.list(connections, |out, id| out.number(*id));
            }
            Self::Lost { reason } => {
                out.byte(6);
                out.text(reason);
            }
        }
        out.bytes
    }

    /// Reads a record; every byte must belong to it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut from = Reader { left: bytes, context: None };
        let record = match from.byte()? {
            1 => Self::Intent(Intent {
                connection: from.number()?,
                statements: from.list(Reader::statement)?,
                pending: from.option(|from| {
                    Ok(PendingWrite {
                        text: from.text()?,
                        parameters: from.list(Reader::value)?,
                        context: from.context()?,
                        time_micros: from.signed()?,
                        time_exact: from.flag()?,
                    })
                })?,
                inexact: from.option(Reader::inexact)?,
            }),
            2 => Self::Outcome { intent: from.number()?, result: from.outcome()? },
            3 => Self::Executed(from.text()?.parse().map_err(|_| Unreadable)?),
            4 => Self::Restarted,
            5 => Self::Gone { connections: from.list(Reader::number)? },
            6 => Self::Lost { reason: from.text()? },
            _ => return Err(Unreadable),
        };
        if from.left.is_empty() { Ok(record) } else { Err(Unreadable) }
    }
}

/// Appends to a buffer. A context that is the same as the one before is written as one byte.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    context: Option<Arc<StatementContext>>,
}

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    fn number(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn signed(&mut self, number: i64) {
        self.number(number.cast_unsigned());
    }

    fn blob(&mut self, blob: &[u8]) {
        self.number(blob.len() as u64);
        self.bytes.extend_from_slice(blob);
    }

    fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    fn list<T>(&mut self, list: &[T], each: impl Fn(&mut Self, &T)) {
        self.number(list.len() as u64);
        list.iter().for_each(|item| each(self, item));
    }

    fn option<T>(&mut self, value: Option<&T>, write: impl Fn(&mut Self, &T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn statements(&mut self, statements: &[CapturedStatement]) {
        self.list(statements, |out, statement| {
            out.text(&statement.text);
            out.list(&statement.parameters, Self::value);
            out.context(&statement.context);
            out.signed(statement.time_micros);
            out.flag(statement.time_exact);
            out.answer(&statement.answer);
        });
    }

    fn answer(&mut self, answer: &WriteAnswer) {
        self.number(answer.affected_rows);
        self.number(answer.insert_id);
        self.option(answer.matched_rows.as_ref(), |out, rows| out.number(*rows));
        self.number(u64::from(answer.warnings));
    }

    fn context(&mut self, context: &Arc<StatementContext>) {
        if self.context.as_ref().is_some_and(|last| Arc::ptr_eq(last, context) || last == context) {
            return self.flag(true);
        }
        self.flag(false);
        self.option(context.database.as_ref(), |out, name| out.text(name));
        self.text(&context.sql_mode);
        self.text(&context.time_zone);
        self.text(&context.isolation);
        self.number(context.auto_increment_increment);
        self.flag(context.foreign_key_checks);
        self.text(&context.collation);
        self.text(&context.user);
        self.number(context.last_insert_id);
        self.flag(context.found_rows);
        self.context = Some(Arc::clone(context));
    }

    fn inexact(&mut self, inexact: &Inexact) {
        self.text(&inexact.reason);
        let tables = match &inexact.tables {
            Affected::All => None,
            Affected::Tables(tables) => Some(tables),
        };
        self.option(tables, |out, tables| {
            out.list(tables, |out, name| {
                out.text(&name.database);
                out.text(&name.table);
            });
        });
    }

    fn outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Committed { gtids, answer, more, inexact } => {
                self.byte(1);
                self.list(gtids, |out, gtid| out.text(&gtid.to_string()));
                self.option(answer.as_ref(), Self::answer);
                self.statements(more);
                self.option(inexact.as_ref(), Self::inexact);
            }
            Outcome::Nothing => self.byte(2),
            Outcome::Unknown { reason } => {
                self.byte(3);
                self.text(reason);
            }
        }
    }

    fn date(&mut self, date: Date) {
        self.bytes.extend_from_slice(&date.year.to_le_bytes());
        self.byte(date.month);
        self.byte(date.day);
    }

    fn clock(&mut self, clock: Clock) {
        self.bytes.extend_from_slice(&clock.hours.to_le_bytes());
        self.byte(clock.minutes);
        self.byte(clock.seconds);
        self.bytes.extend_from_slice(&clock.micros.to_le_bytes());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.byte(0),
            Value::Int(number) => {
                self.byte(1);
                self.signed(*number);
            }
            Value::UInt(number) => {
                self.byte(2);
                self.number(*number);
            }
            Value::Float(number) => {
                self.byte(3);
                self.bytes.extend_from_slice(&number.to_bits().to_le_bytes());
            }
            Value::Double(number) => {
                self.byte(4);
                self.number(number.to_bits());
            }
            Value::Decimal(digits) => {
                self.byte(5);
                self.text(digits);
            }
            Value::Text(text) => {
                self.byte(6);
                self.text(text);
            }
            Value::Bytes(bytes) => {
                self.byte(7);
                self.blob(bytes);
            }
            Value::Date(date) => {
                self.byte(8);
                self.date(*date);
            }
            Value::DateTime(date, clock) => {
                self.byte(9);
                self.date(*date);
                self.clock(*clock);
            }
            Value::Time { negative, clock } => {
                self.byte(10);
                self.flag(*negative);
                self.clock(*clock);
            }
        }
    }
}

/// Takes from a slice; "not enough left" is an error, never a panic.
struct Reader<'a> {
    left: &'a [u8],
    context: Option<Arc<StatementContext>>,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (taken, left) = self.left.split_first_chunk::<N>().ok_or(Unreadable)?;
        self.left = left;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        Ok(self.take::<1>()?[0])
    }

    fn flag(&mut self) -> Result<bool, Unreadable> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Unreadable),
        }
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn signed(&mut self) -> Result<i64, Unreadable> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    fn blob(&mut self) -> Result<Vec<u8>, Unreadable> {
        let length = usize::try_from(self.number()?).map_err(|_| Unreadable)?;
        let (taken, left) = self.left.split_at_checked(length).ok_or(Unreadable)?;
        self.left = left;
        Ok(taken.to_vec())
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        String::from_utf8(self.blob()?).map_err(|_| Unreadable)
    }

    fn list<T>(&mut self, each: impl Fn(&mut Self) -> Result<T, Unreadable>) -> Result<Vec<T>, Unreadable> {
        let length = self.number()?;
        // Every item takes at least a byte, so a damaged length can't ask for more memory than the record has.
        if length > self.left.len() as u64 {
            return Err(Unreadable);
        }
        (0..length).map(|_| each(self)).collect()
    }

    fn option<T>(&mut self, read: impl Fn(&mut Self) -> Result<T, Unreadable>) -> Result<Option<T>, Unreadable> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    fn statement(&mut self) -> Result<CapturedStatement, Unreadable> {
        Ok(CapturedStatement {
            text: self.text()?,
            parameters: self.list(Self::value)?,
            context: self.context()?,
            time_micros: self.signed()?,
            time_exact: self.flag()?,
            answer: self.answer()?,
        })
    }

    fn answer(&mut self) -> Result<WriteAnswer, Unreadable> {
        Ok(WriteAnswer {
            affected_rows: self.number()?,
            insert_id: self.number()?,
            matched_rows: self.option(Self::number)?,
            warnings: u16::try_from(self.number()?).map_err(|_| Unreadable)?,
        })
    }

    fn context(&mut self) -> Result<Arc<StatementContext>, Unreadable> {
        if self.flag()? {
            return self.context.clone().ok_or(Unreadable);
        }
        let context = Arc::new(StatementContext {
            database: self.option(Self::text)?,
            sql_mode: self.text()?,
            time_zone: self.text()?,
            isolation: self.text()?,
            auto_increment_increment: self.number()?,
            foreign_key_checks: self.flag()?,
            collation: self.text()?,
            user: self.text()?,
            last_insert_id: self.number()?,
            found_rows: self.flag()?,
        });
        self.context = Some(Arc::clone(&context));
        Ok(context)
    }

    fn inexact(&mut self) -> Result<Inexact, Unreadable> {
        let reason = self.text()?;
        let tables =
            self.option(|from| from.list(|from| Ok(TableName { database: from.text()?, table: from.text()? })))?;
        Ok(Inexact { reason, tables: tables.map_or(Affected::All, Affected::Tables) })
    }

    fn outcome(&mut self) -> Result<Outcome, Unreadable> {
        Ok(match self.byte()? {
            1 => Outcome::Committed {
                gtids: self.list(|from| from.text()?.parse().map_err(|_| Unreadable))?,
                answer: self.option(Self::answer)?,
                more: self.list(Self::statement)?,
                inexact: self.option(Self::inexact)?,
            },
            2 => Outcome::Nothing,
            3 => Outcome::Unknown { reason: self.text()? },
            _ => return Err(Unreadable),
        })
    }

    fn date(&mut self) -> Result<Date, Unreadable> {
        Ok(Date { year: u16::from_le_bytes(self.take()?), month: self.byte()?, day: self.byte()? })
    }

    fn clock(&mut self) -> Result<Clock, Unreadable> {
        Ok(Clock {
            hours: u32::from_le_bytes(self.take()?),
            minutes: self.byte()?,
            seconds: self.byte()?,
            micros: u32::from_le_bytes(self.take()?),
        })
    }

    fn value(&mut self) -> Result<Value, Unreadable> {
        Ok(match self.byte()? {
            0 => Value::Null,
            1 => Value::Int(self.signed()?),
            2 => Value::UInt(self.number()?),
            3 => Value::Float(f32::from_bits(u32::from_le_bytes(self.take()?))),
            4 => Value::Double(f64::from_bits(self.number()?)),
            5 => Value::Decimal(self.text()?),
            6 => Value::Text(self.text()?),
            7 => Value::Bytes(self.blob()?),
            8 => Value::Date(self.date()?),
            9 => Value::DateTime(self.date()?, self.clock()?),
            10 => Value::Time { negative: self.flag()?, clock: self.clock()? },
            _ => return Err(Unreadable),
        })
    }
}
