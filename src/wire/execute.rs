//! COM_STMT_EXECUTE: parameter values in the binary protocol. Bounded by the packet, never panics on input.

use std::collections::BTreeMap;

use super::constants::FieldType;
use super::reader::{Malformed, Reader};
use super::temporal;
use crate::value::Value;

/// A parameter's type as the client bound it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ParameterType {
    pub field: FieldType,
    pub unsigned: bool,
}

/// What is known of a statement before a client executes it.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Number of `?`.
    pub parameters: usize,
    /// Types of an earlier execution; empty before the first.
    pub types: &'a [ParameterType],
    /// Data of COM_STMT_SEND_LONG_DATA by parameter.
    pub long_data: &'a BTreeMap<u16, Vec<u8>>,
    /// The client may send query attributes (`CLIENT_QUERY_ATTRIBUTES`).
    pub query_attributes: bool,
}

impl Known<'_> {
    /// Whether the packet tells the number of its parameters: under CLIENT_QUERY_ATTRIBUTES always when the statement
    /// has some, and otherwise when a flag says so (MySQL's manual, COM_STMT_EXECUTE). Connector/Python sends the
    /// number without the flag.
    fn is_counted(&self, flags: u8) -> bool {
        self.query_attributes && (self.parameters > 0 || flags & PARAMETER_COUNT_AVAILABLE != 0)
    }
}

/// A decoded COM_STMT_EXECUTE.
#[derive(Clone, Debug, PartialEq)]
pub struct Execute {
    pub statement: u32,
    /// Cursor flags as sent, without the bit that announces a parameter count.
    pub cursor: u8,
    /// One value for each `?`.
    pub values: Vec<Value>,
    /// Types for the next execution.
    pub types: Vec<ParameterType>,
}

/// Flag byte: a parameter count follows, so that query attributes can be told apart.
const PARAMETER_COUNT_AVAILABLE: u8 = 0x08;
/// Most parameters of a statement; the protocol counts them in 16 bits.
const PARAMETER_LIMIT: u64 = 65_535;

/// The statement id of a COM_STMT_EXECUTE, CLOSE, RESET, FETCH or SEND_LONG_DATA payload.
///
/// # Errors
/// [`Malformed`] when the payload is too short.
pub fn statement_id(payload: &[u8]) -> Result<u32, Malformed> {
    let mut reader = Reader::new(payload);
    reader.u8()?;
    reader.u32()
}

/// Decodes a whole payload, command byte included.
///
/// # Errors
/// [`Malformed`] when it ends early, binds a type that doesn't exist, or binds none before the first execution.
pub fn decode(payload: &[u8], known: Known<'_>) -> Result<Execute, Malformed> {
    let mut reader = Reader::new(payload);
    reader.u8()?;
    let statement = reader.u32()?;
    let flags = reader.u8()?;
    reader.u32()?;
    let counted = known.is_counted(flags);
    let cursor = flags & !PARAMETER_COUNT_AVAILABLE;
    if known.parameters == 0 && !counted {
        return Ok(Execute { statement, cursor, values: Vec::new(), types: Vec::new() });
    }
    let count = if counted { reader.lenenc()? } else { known.parameters as u64 };
    if count > PARAMETER_LIMIT || count < known.parameters as u64 {
        return Err(Malformed);
    }
    if count == 0 {
        return Ok(Execute { statement, cursor, values: Vec::new(), types: Vec::new() });
    }
    let count = usize::try_from(count).map_err(|_| Malformed)?;
    let nulls = reader.take(count.div_ceil(8))?;
    let mut types = bound_types(&mut reader, count, known)?;
    let mut values = Vec::with_capacity(count);
    for (index, bound) in types.iter().enumerate() {
        let is_null = nulls.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1);
        let long = u16::try_from(index).ok().and_then(|index| known.long_data.get(&index));
        values.push(match long {
            _ if is_null => Value::Null,
            Some(data) => bytes_value(bound.field, data),
            None => value(&mut reader, *bound)?,
        });
    }
    // What follows the statement's own parameters are query attributes; nothing here reads them.
    values.truncate(known.parameters);
    types.truncate(known.parameters);
    Ok(Execute { statement, cursor, values, types })
}

/// The types that a COM_STMT_EXECUTE binds, or those of the last execution when it binds none. Only the front of the
/// payload is needed, before the values; `known.long_data` isn't looked at.
///
/// # Errors
/// [`Malformed`] as in [`decode`].
pub fn types(payload: &[u8], known: Known<'_>) -> Result<Vec<ParameterType>, Malformed> {
    let mut reader = Reader::new(payload);
    reader.take(5)?;
    let flags = reader.u8()?;
    reader.u32()?;
    let counted = known.is_counted(flags);
    let count = if counted { reader.lenenc()? } else { known.parameters as u64 };
    if count == 0 || count > PARAMETER_LIMIT || count < known.parameters as u64 {
        return if count == 0 { Ok(Vec::new()) } else { Err(Malformed) };
    }
    let count = usize::try_from(count).map_err(|_| Malformed)?;
    reader.take(count.div_ceil(8))?;
    let mut types = bound_types(&mut reader, count, known)?;
    types.truncate(known.parameters);
    Ok(types)
}

/// The types in the packet, or those of the last execution.
fn bound_types(reader: &mut Reader<'_>, count: usize, known: Known<'_>) -> Result<Vec<ParameterType>, Malformed> {
    if reader.u8()? != 1 {
        return if known.types.len() == count { Ok(known.types.to_vec()) } else { Err(Malformed) };
    }
    let mut types = Vec::with_capacity(count);
    for _ in 0..count {
        let field = FieldType::from_byte(reader.u8()?).ok_or(Malformed)?;
        let unsigned = reader.u8()? & 0x80 != 0;
        if known.query_attributes {
            reader.lenenc_bytes()?;
        }
        types.push(ParameterType { field, unsigned });
    }
    Ok(types)
}

fn value(reader: &mut Reader<'_>, bound: ParameterType) -> Result<Value, Malformed> {
    let ParameterType { field, unsigned } = bound;
    Ok(match field {
        FieldType::Null => Value::Null,
        FieldType::Tiny => {
            let byte = reader.u8()?;
            if unsigned { Value::UInt(byte.into()) } else { Value::Int(i8::from_le_bytes([byte]).into()) }
        }
        FieldType::Short | FieldType::Year => {
            let short = reader.u16()?;
            if unsigned {
                Value::UInt(short.into())
            } else {
                Value::Int(i16::from_le_bytes(short.to_le_bytes()).into())
            }
        }
        FieldType::Long | FieldType::Int24 => {
            let long = reader.u32()?;
            if unsigned { Value::UInt(long.into()) } else { Value::Int(i32::from_le_bytes(long.to_le_bytes()).into()) }
        }
        FieldType::LongLong => {
            let long = reader.u64()?;
            if unsigned { Value::UInt(long) } else { Value::Int(i64::from_le_bytes(long.to_le_bytes())) }
        }
        FieldType::Float => Value::Float(f32::from_bits(reader.u32()?)),
        FieldType::Double => Value::Double(f64::from_bits(reader.u64()?)),
        FieldType::Date | FieldType::NewDate => Value::Date(temporal::moment(counted(reader)?)?.0),
        FieldType::DateTime | FieldType::Timestamp => {
            let (date, clock) = temporal::moment(counted(reader)?)?;
            Value::DateTime(date, clock)
        }
        FieldType::Time => {
            let (negative, clock) = temporal::time(counted(reader)?)?;
            Value::Time { negative, clock }
        }
        FieldType::Decimal
        | FieldType::NewDecimal
        | FieldType::VarChar
        | FieldType::VarString
        | FieldType::String
        | FieldType::Enum
        | FieldType::Set
        | FieldType::Json
        | FieldType::Bit
        | FieldType::TinyBlob
        | FieldType::MediumBlob
        | FieldType::LongBlob
        | FieldType::Blob
        | FieldType::Vector
        | FieldType::Geometry => bytes_value(field, reader.lenenc_bytes()?),
    })
}

/// Strings in UTF-8 become text, whatever type the driver chose for them, unless it said that they're binary.
fn bytes_value(field: FieldType, bytes: &[u8]) -> Value {
    let binary = matches!(
        field,
        FieldType::Bit
            | FieldType::TinyBlob
            | FieldType::MediumBlob
            | FieldType::LongBlob
            | FieldType::Blob
            | FieldType::Vector
            | FieldType::Geometry
    );
    match std::str::from_utf8(bytes) {
        Ok(text) if matches!(field, FieldType::Decimal | FieldType::NewDecimal) => Value::Decimal(text.to_owned()),
        Ok(text) if !binary => Value::Text(text.to_owned()),
        _ => Value::Bytes(bytes.to_vec()),
    }
}

/// The bytes behind their number.
fn counted<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let length = reader.u8()?;
    reader.take(length.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Clock, Date};

    const NO_DATA: &BTreeMap<u16, Vec<u8>> = &BTreeMap::new();

    fn known(parameters: usize) -> Known<'static> {
        Known { parameters, types: &[], long_data: NO_DATA, query_attributes: false }
    }

    /// Five parameters: -1 (TINY), NULL, "hé" (VAR_STRING), 2024-02-29 01:02:03.000004, -26:00:00.
    fn sample() -> Vec<u8> {
        let mut payload = vec![0x17, 7, 0, 0, 0, 0, 1, 0, 0, 0, 0b0_0010, 1];
        payload.extend([1, 0, 8, 0x80, 253, 0, 12, 0, 11, 0]);
        payload.push(0xff);
        payload.extend([3, b'h', 0xc3, 0xa9]);
        payload.extend([11, 0xe8, 7, 2, 29, 1, 2, 3, 4, 0, 0, 0]);
        payload.extend([8, 1, 1, 0, 0, 0, 2, 0, 0]);
        payload
    }

    #[test]
    fn a_number_of_parameters_without_its_flag_is_read() {
        // As Connector/Python sends it: two TINY parameters without names, flags 0.
        let payload = [0x17, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 1, 0x80, 0, 1, 0x80, 0, 1, 2];
        let known = Known { query_attributes: true, ..known(2) };
        let execute = decode(&payload, known).expect("well formed");
        assert_eq!(execute.values, [Value::UInt(1), Value::UInt(2)]);
        assert_eq!(types(&payload, known).map(|types| types.len()), Ok(2));
    }

    #[test]
    fn values_of_every_shape_are_read() {
        let execute = decode(&sample(), known(5)).expect("well formed");
        let date = Date { year: 2024, month: 2, day: 29 };
        assert_eq!(execute.statement, 7);
        assert_eq!(
            execute.values,
            [
                Value::Int(-1),
                Value::Null,
                Value::Text("hé".to_owned()),
                Value::DateTime(date, Clock { hours: 1, minutes: 2, seconds: 3, micros: 4 }),
                Value::Time { negative: true, clock: Clock { hours: 26, ..Clock::default() } },
            ]
        );
    }

    #[test]
    fn types_of_the_first_execution_serve_the_next() {
        let types = [ParameterType { field: FieldType::Long, unsigned: true }];
        let payload = [0x17, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        let again = Known { types: &types, ..known(1) };
        assert_eq!(decode(&payload, again).expect("well formed").values, [Value::UInt(u64::from(u32::MAX))]);
        assert_eq!(decode(&payload, known(1)), Err(Malformed), "nothing was bound before");
    }

    #[test]
    fn long_data_takes_the_place_of_a_value() {
        let long = BTreeMap::from([(0u16, b"\xff\x00".to_vec())]);
        let payload = [0x17, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 252, 0, 3, 0, 5, 0, 0, 0];
        let execute = decode(&payload, Known { long_data: &long, ..known(2) }).expect("well formed");
        assert_eq!(execute.values, [Value::Bytes(vec![0xff, 0]), Value::Int(5)]);
    }

    #[test]
    fn query_attributes_are_read_over() {
        let mut payload = vec![0x17, 1, 0, 0, 0, 8, 1, 0, 0, 0, 2, 0, 1];
        payload.extend([1, 0, 0, 254, 0, 2, b'q', b'a', 9, 1, b'v']);
        let execute = decode(&payload, Known { query_attributes: true, ..known(1) }).expect("well formed");
        assert_eq!((execute.values, execute.types.len(), execute.cursor), (vec![Value::Int(9)], 1, 0));
    }

    #[test]
    fn cut_or_changed_anywhere_nothing_panics() {
        let whole = sample();
        for cut in 0..whole.len() {
            assert_eq!(decode(&whole[..cut], known(5)), Err(Malformed), "cut at {cut}");
            for byte in 0..=255 {
                let mut changed = whole.clone();
                changed[cut] = byte;
                let _ = decode(&changed, known(5));
                let _ = decode(&changed, Known { query_attributes: true, ..known(5) });
            }
        }
    }
}
