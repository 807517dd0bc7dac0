//! SQL values as JSON scalars, each of the kind that MySQL makes of its type.

use crate::schema::{ColumnType, quote};
use crate::value::Value;
use crate::value::json::{MARK, NEGATIVE_ZERO};
use crate::wire::FieldType;

use super::super::expression::{Body, Expression, Lowering, cast};
use super::super::plan::{ParameterSource, SqlError};
use super::super::temporal;
use super::super::types::{Carrier, Class, Type};

impl Lowering<'_> {
    /// PostgreSQL's jsonb of a SQL value; SQL's NULL stays NULL.
    pub(in crate::sql) fn json_scalar(&mut self, value: &Expression) -> Result<String, SqlError> {
        if let Body::Condition(sql) = &value.body {
            return Ok(format!("to_jsonb({sql})"));
        }
        if let (Some(Value::Int(number)), true) = (value.constant(), value.ty == Type::truth()) {
            return Ok(format!("to_jsonb({})", *number != 0));
        }
        match &value.body {
            Body::Parameter(source) if value.ty.class == Class::Open => {
                let source = ParameterSource::JsonOf(Box::new(source.clone()));
                Ok(self.parameter(&source, Carrier::Json.oid()))
            }
            Body::Parameter(_) | Body::Sql(_) | Body::Condition(_) => {
                if crate::sql::geometry::is_shape(&value.ty) {
                    let sql = self.own(value)?;
                    return Ok(format!("\"mysql\".geometry_as_json({sql})::jsonb"));
                }
                if value.ty.class == Class::Bytes {
                    let sql = self.own(value)?;
                    return Ok(format!("\"mysql\".json_of_bytes({sql}, {})", opaque_type(value)));
                }
                if value.ty.carrier == Carrier::TimestampTz {
                    let sql = self.render(value, Carrier::Timestamp)?;
                    return scalar_sql(&sql, &Type { carrier: Carrier::Timestamp, ..value.ty.clone() });
                }
                let sql = self.own(value)?;
                scalar_sql(&sql, &value.ty)
            }
        }
    }

    /// As [`Self::json_scalar`], with JSON's null for SQL's NULL.
    pub(super) fn json_element(&mut self, value: &Expression) -> Result<String, SqlError> {
        let sql = self.json_scalar(value)?;
        Ok(if value.nullable { format!("COALESCE({sql}, 'null'::jsonb)") } else { sql })
    }
}

/// jsonb of PostgreSQL text that has the type's carrier.
pub(in crate::sql) fn scalar_sql(sql: &str, ty: &Type) -> Result<String, SqlError> {
    let marked =
        |letter: char, text: String| format!("to_jsonb({} || {text})", quote::literal(&format!("{MARK}{letter}")));
    Ok(match ty.class {
        Class::Json => sql.to_owned(),
        Class::Null => "NULL::jsonb".to_owned(),
        Class::Integer if ty.field == FieldType::Bit => {
            format!("\"mysql\".json_of_bit({sql}, {})", ty.length.div_ceil(8).max(1))
        }
        Class::Integer if ty.unsigned || ty.field == FieldType::Year => format!("to_jsonb(round(({sql})::numeric, 2))"),
        Class::Integer if ty.carrier == Carrier::Numeric => format!("to_jsonb(trunc({sql}))"),
        Class::Integer => format!("to_jsonb({sql})"),
        Class::Decimal => format!("to_jsonb(round({sql}, {}))", u32::from(ty.decimals) + 3),
        Class::Real => format!("\"mysql\".json_of_double({})", cast(sql, ty, Carrier::Float8)?),
        Class::Text | Class::Open => format!("\"mysql\".json_of_text({})", cast(sql, ty, Carrier::Text)?),
        Class::Bytes => format!("\"mysql\".json_of_bytes({sql}, {})", field_type(ty)),
        Class::Date => marked('D', cast(sql, ty, Carrier::Text)?),
        Class::Time => marked('T', cast(sql, &Type { decimals: 6, ..ty.clone() }, Carrier::Text)?),
        Class::DateTime => {
            let letter = if ty.field == FieldType::Timestamp { 'S' } else { 'M' };
            marked(letter, cast(sql, &Type { decimals: 6, ..ty.clone() }, Carrier::Text)?)
        }
    })
}

/// MySQL's number of the type, as it shows in `base64:type…`.
fn opaque_type(value: &Expression) -> u32 {
    match value.origin.as_ref().and_then(|origin| origin.column()).map(|column| &column.column_type) {
        Some(ColumnType::TinyBlob) => 249,
        Some(ColumnType::MediumBlob) => 250,
        Some(ColumnType::LongBlob) => 251,
        _other => field_type(&value.ty),
    }
}

fn field_type(ty: &Type) -> u32 {
    match ty.field {
        FieldType::String => 254,
        FieldType::Blob => 252,
        FieldType::LongBlob => 251,
        _varying => 15,
    }
}

/// A value of the client or the session as the text of a JSON scalar in the carrier's form.
pub(in crate::sql) fn scalar_value(value: &Value) -> Result<Value, SqlError> {
    let string = |text: &str| {
        let quoted = serde_json::to_string(text);
        quoted.map_err(|_| SqlError::unsupported("this text in JSON"))
    };
    let marked = |letter: char, text: &str| string(&format!("{MARK}{letter}{text}"));
    let double = |number: f64| {
        if number == 0.0 && number.is_sign_negative() {
            return NEGATIVE_ZERO.to_owned();
        }
        let shown = number.to_string();
        if shown.contains('.') { shown } else { format!("{shown}.0") }
    };
    Ok(Value::Text(match value {
        Value::Null => return Ok(Value::Null),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => format!("{number}.00"),
        Value::Float(number) => double(f64::from(*number)),
        Value::Double(number) => double(*number),
        Value::Decimal(digits) if digits.contains('.') => format!("{digits}000"),
        Value::Decimal(digits) => format!("{digits}.000"),
        Value::Text(text) if text.contains('\0') => {
            marked('N', &text.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}"))?
        }
        Value::Text(text) if text.starts_with(MARK) => marked('s', text)?,
        Value::Text(text) => string(text)?,
        Value::Bytes(bytes) => marked('B', &format!("15:{}", base64(bytes)))?,
        Value::Date(date) => marked('D', &temporal::date_text(*date))?,
        Value::DateTime(date, clock) => marked('M', &six_digits(&temporal::datetime_text(*date, *clock)))?,
        Value::Time { negative, clock } => marked('T', &six_digits(&temporal::time_text(*negative, *clock)))?,
    }))
}

/// Times in JSON have six digits behind the second.
fn six_digits(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<6}"),
        None => format!("{text}.000000"),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for (number, group) in bytes.chunks(3).enumerate() {
        // MySQL breaks the lines after 76 digits.
        if number > 0 && number.is_multiple_of(19) {
            out.push('\n');
        }
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * place) & 63).copied().unwrap_or(b'A');
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_data_is_base64() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"A"), "QQ==");
        assert_eq!(base64(b"AB"), "QUI=");
        assert_eq!(base64(b"ABC"), "QUJD");
    }

    #[test]
    fn values_keep_their_kind() {
        let text = |value| scalar_value(&value).ok();
        assert_eq!(text(Value::UInt(5)), Some(Value::Text("5.00".to_owned())));
        assert_eq!(text(Value::Decimal("1.5".to_owned())), Some(Value::Text("1.5000".to_owned())));
        assert_eq!(text(Value::Double(1e20)), Some(Value::Text("100000000000000000000.0".to_owned())));
        assert_eq!(text(Value::Text("a\"b".to_owned())), Some(Value::Text("\"a\\\"b\"".to_owned())));
    }
}
