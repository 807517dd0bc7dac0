//! Cells of MySQL's binary protocol in PostgreSQL's binary form. Numbers go from bits to bits; what comes as bytes (text,
//! decimals, documents) is what the text protocol has, and goes the same way.

use bytes::{BufMut as _, BytesMut};

use super::{Encoding, ValueRefusal, display, numeric, put_date, put_interval, put_moment};
use crate::wire::FieldType;
use crate::wire::binary_row::{Column, Length};
use crate::wire::temporal;

/// Appends the binary form of one cell, without its length.
///
/// # Errors
/// The reason why PostgreSQL can't hold it; `Malformed` also when MySQL's type isn't one that the column can have.
pub(super) fn encode(encoding: Encoding, column: Column, cell: &[u8], out: &mut BytesMut) -> Result<(), ValueRefusal> {
    let out_of_range = |_| ValueRefusal::OutOfRange;
    match (encoding, column.length()) {
        (Encoding::SmallInt, _) => out.put_i16(i16::try_from(integer(column, cell)?).map_err(out_of_range)?),
        (Encoding::Integer, _) => out.put_i32(i32::try_from(integer(column, cell)?).map_err(out_of_range)?),
        (Encoding::BigInt, _) => out.put_i64(i64::try_from(integer(column, cell)?).map_err(out_of_range)?),
        (Encoding::Numeric, Length::Fixed(_)) => numeric::put(integer(column, cell)?.to_string().as_bytes(), out)?,
        (Encoding::Real, _) => out.put_f32(real(column, cell)?),
        (Encoding::Double, _) => out.put_f64(double(column, cell)?),
        (Encoding::Date, Length::Byte) => {
            put_date(temporal::moment(cell).map_err(|_| ValueRefusal::Malformed)?.0, out)?
        }
        (Encoding::Moment, Length::Byte) => {
            let (date, clock) = temporal::moment(cell).map_err(|_| ValueRefusal::Malformed)?;
            put_moment(date, clock, out)?;
        }
        (Encoding::Interval, Length::Byte) => {
            let (negative, clock) = temporal::time(cell).map_err(|_| ValueRefusal::Malformed)?;
            put_interval(negative, clock, out);
        }
        (
            Encoding::Numeric
            | Encoding::Bits
            | Encoding::WideBits
            | Encoding::Json
            | Encoding::Text
            | Encoding::Bytes
            | Encoding::None,
            Length::Counted,
        ) => encoding.encode(cell, out)?,
        (_, Length::Fixed(_) | Length::Byte | Length::Counted) => return Err(ValueRefusal::Malformed),
    }
    Ok(())
}

/// Every integer of MySQL.
fn integer(column: Column, cell: &[u8]) -> Result<i128, ValueRefusal> {
    let whole = matches!(
        column.field,
        FieldType::Tiny | FieldType::Short | FieldType::Year | FieldType::Long | FieldType::Int24 | FieldType::LongLong
    );
    let negative = !column.unsigned && cell.last().is_some_and(|highest| highest & 0x80 != 0);
    let mut bytes = [if negative { 0xff } else { 0 }; 16];
    match bytes.get_mut(..cell.len()) {
        Some(place) if whole => place.copy_from_slice(cell),
        Some(_) | None => return Err(ValueRefusal::Malformed),
    }
    Ok(i128::from_le_bytes(bytes))
}

fn double(column: Column, cell: &[u8]) -> Result<f64, ValueRefusal> {
    let bytes = cell.try_into().ok().filter(|_| column.field == FieldType::Double);
    bytes.map(f64::from_le_bytes).ok_or(ValueRefusal::Malformed)
}

/// A FLOAT, or the equal DOUBLE.
fn real(column: Column, cell: &[u8]) -> Result<f32, ValueRefusal> {
    if column.field == FieldType::Float {
        return cell.try_into().map(f32::from_le_bytes).map_err(|_| ValueRefusal::Malformed);
    }
    super::narrow(double(column, cell)?)
}

/// A cell for a message.
pub(super) fn shown(column: Column, cell: &[u8]) -> String {
    let number = || integer(column, cell).ok().map(|number| number.to_string());
    let moment = || {
        let (date, clock) = temporal::moment(cell).ok()?;
        let day = format!("{:04}-{:02}-{:02}", date.year, date.month, date.day);
        if matches!(column.field, FieldType::Date | FieldType::NewDate) {
            return Some(day);
        }
        Some(format!("{day} {:02}:{:02}:{:02}.{:06}", clock.hours, clock.minutes, clock.seconds, clock.micros))
    };
    let time = || {
        let (negative, clock) = temporal::time(cell).ok()?;
        let sign = if negative { "-" } else { "" };
        Some(format!("{sign}{:02}:{:02}:{:02}.{:06}", clock.hours, clock.minutes, clock.seconds, clock.micros))
    };
    let text = match (column.length(), column.field) {
        (Length::Byte, FieldType::Time) => time(),
        (Length::Byte, _) => moment(),
        (Length::Fixed(_), FieldType::Double) => double(column, cell).ok().map(|number| number.to_string()),
        (Length::Fixed(_), FieldType::Float) => real(column, cell).ok().map(|number| number.to_string()),
        (Length::Fixed(_), _) => number(),
        (Length::Counted, _) => None,
    };
    text.unwrap_or_else(|| display(cell).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: Encoding, field: FieldType, unsigned: bool, cell: &[u8]) -> Result<Vec<u8>, ValueRefusal> {
        let mut out = BytesMut::new();
        encode(encoding, Column { field, unsigned }, cell, &mut out).map(|()| out.to_vec())
    }

    #[test]
    fn integers_keep_their_whole_range() {
        let all = u64::MAX.to_le_bytes();
        assert_eq!(encoded(Encoding::SmallInt, FieldType::Tiny, false, &[0xff]), Ok(vec![0xff, 0xff]));
        assert_eq!(encoded(Encoding::SmallInt, FieldType::Tiny, true, &[0xff]), Ok(vec![0, 0xff]));
        assert_eq!(
            encoded(Encoding::Integer, FieldType::Int24, false, &[0, 0, 0x80, 0xff]),
            Ok(vec![0xff, 0x80, 0, 0])
        );
        assert_eq!(encoded(Encoding::BigInt, FieldType::LongLong, false, &all), Ok(vec![0xff; 8]));
        assert_eq!(encoded(Encoding::BigInt, FieldType::LongLong, true, &all), Err(ValueRefusal::OutOfRange));
        let mut expected = BytesMut::new();
        numeric::put(b"18446744073709551615", &mut expected).expect("digits");
        assert_eq!(encoded(Encoding::Numeric, FieldType::LongLong, true, &all), Ok(expected.to_vec()));
        assert_eq!(encoded(Encoding::Integer, FieldType::Double, false, &all), Err(ValueRefusal::Malformed));
    }

    #[test]
    fn floats_keep_their_bits_and_nothing_is_narrowed() {
        let third = 1.0_f64 / 3.0;
        let bytes = |value: f64| value.to_le_bytes();
        assert_eq!(
            encoded(Encoding::Double, FieldType::Double, false, &bytes(third)),
            Ok(third.to_be_bytes().to_vec())
        );
        assert_eq!(
            encoded(Encoding::Real, FieldType::Float, false, &0.1_f32.to_le_bytes()),
            Ok(0.1_f32.to_be_bytes().to_vec())
        );
        assert_eq!(
            encoded(Encoding::Real, FieldType::Double, false, &bytes(0.1_f32.into())),
            Ok(0.1_f32.to_be_bytes().to_vec())
        );
        assert_eq!(encoded(Encoding::Real, FieldType::Double, false, &bytes(third)), Err(ValueRefusal::OutOfRange));
    }

    #[test]
    fn moments_are_those_of_the_text_protocol() {
        let column = FieldType::DateTime;
        let day = [0xe8, 7, 2, 29];
        assert_eq!(encoded(Encoding::Date, FieldType::Date, false, &[]), Ok(i32::MIN.to_be_bytes().to_vec()));
        assert_eq!(encoded(Encoding::Moment, column, false, &[]), Ok(i64::MIN.to_be_bytes().to_vec()));
        assert_eq!(encoded(Encoding::Date, FieldType::Date, false, &[0xe8, 7, 2, 0]), Err(ValueRefusal::PartialDate));
        let mut out = BytesMut::new();
        Encoding::Moment.encode(b"2024-02-29 01:02:03.000004", &mut out).expect("a moment");
        let cell = [&day[..], &[1, 2, 3, 4, 0, 0, 0]].concat();
        assert_eq!(encoded(Encoding::Moment, column, false, &cell), Ok(out.to_vec()));
        let mut out = BytesMut::new();
        Encoding::Interval.encode(b"-26:00:01", &mut out).expect("a time");
        let cell = [1, 1, 0, 0, 0, 2, 0, 1];
        assert_eq!(encoded(Encoding::Interval, FieldType::Time, false, &cell), Ok(out.to_vec()));
        assert_eq!(encoded(Encoding::Moment, FieldType::VarString, false, b""), Err(ValueRefusal::Malformed));
    }

    #[test]
    fn keys_are_shown_as_people_write_them() {
        let shown = |field, unsigned, cell: &[u8]| shown(Column { field, unsigned }, cell);
        assert_eq!(shown(FieldType::Long, false, &[0xfe, 0xff, 0xff, 0xff]), "-2");
        assert_eq!(shown(FieldType::Date, false, &[0xe8, 7, 2, 29]), "2024-02-29");
        assert_eq!(shown(FieldType::VarString, false, b"a"), "a");
        assert_eq!(shown(FieldType::Time, false, &[1, 1, 0, 0, 0, 2, 0, 1]), "-26:00:01.000000");
    }
}
